import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from house import House  # noqa: E402


@pytest.fixture(scope="session")
def house():
    return House(HERE.parents[1])
