"""Fixtures of the integration tests; what they build on is in harness/."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness.mariadb import MariaDB  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.program import Program  # noqa: E402


@pytest.fixture(scope="session")
def sluice():
    """The program under test: SLUICE_BIN, which tests/run sets."""
    binary = os.environ.get("SLUICE_BIN")
    assert binary, "SLUICE_BIN names no program: use tests/run, or set it"
    return Program(binary)


@pytest.fixture
def tmp_workspace(tmp_path, monkeypatch):
    """An empty folder to work in, and an environment in which nobody's own configuration is seen."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in [name for name in os.environ if name.startswith(("SLUICE_", "PG", "GIT_")) and not name.startswith(("SLUICE_TEST_", "SLUICE_BIN", "SLUICE_BUILD"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    monkeypatch.chdir(workspace)
    return workspace


@pytest.fixture
def folder(tmp_workspace):
    """Where the migrations of a test go."""
    return tmp_workspace / "migrations"


@pytest.fixture
def pg():
    """A fresh database on the PostgreSQL that tests/run started."""
    database = Postgres.create()
    yield database
    database.drop()


@pytest.fixture
def mariadb():
    """A fresh database on the MariaDB that tests/run started."""
    database = MariaDB.create()
    yield database
    database.drop()


@pytest.fixture
def daemons():
    """daemons.start(argv, cwd=...) starts one; whatever still runs at the end is killed."""
    from harness.daemon import Daemons

    running = Daemons()
    yield running
    running.kill_all()
