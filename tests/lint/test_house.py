"""The tree as it stands breaks no rule of the house."""

import collections
import os
import pathlib
import subprocess

import pytest

from rules import CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_the_tree_passes(house, check):
    found = list(CHECKS[check](house, house.code()))
    assert not found, "\n" + "\n".join(map(str, found))


def test_no_name_is_defined_by_two_rooms(house):
    build = pathlib.Path(os.environ.get("SLUICE_BUILD", house.root / "build/check"))
    homes = collections.defaultdict(set)
    for archive in build.glob("src/*/libsluice_*.a"):
        symbols = subprocess.run(["nm", "-P", "-g", "--defined-only", str(archive)], capture_output=True, text=True, check=True)
        for line in symbols.stdout.splitlines():
            if line.startswith("sl_"):
                homes[line.split()[0]].add(archive.parent.name)
    assert homes, f"no room is built in {build}"
    doubled = {name: sorted(rooms) for name, rooms in homes.items() if len(rooms) > 1}
    assert not doubled
