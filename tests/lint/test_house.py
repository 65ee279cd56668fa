"""The tree as it stands breaks no rule of the house."""

import pytest

from rules import CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_the_tree_passes(house, check):
    found = list(CHECKS[check](house, house.code()))
    assert not found, "\n" + "\n".join(map(str, found))
