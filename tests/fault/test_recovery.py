"""What stands in the daemon's way is gone again: it goes on by itself, without a start."""

import pytest
from harness.workspace import SAFE, Workspace


@pytest.fixture
def space(sluice, tmp_workspace):
    made = Workspace(sluice)
    yield made
    made.close()


@pytest.mark.parametrize("lost", ["refs/heads/", "refs/notes/", "objects/", ".pack", ".idx"])
def test_a_mirror_whose_files_a_bad_disk_emptied_is_fetched_again(space, lost):
    space.start()
    work = space.repository
    work.branch("change/discount")
    work.commit({"migrations/V2__discount.sql": SAFE})
    work.push("change/discount")
    emptied = [path for path in (space.root / "data" / "mirrors").rglob("*") if path.is_file() and lost in str(path)]
    for path in emptied:
        path.unlink()  # it may be mapped
        path.write_bytes(b"")
    assert emptied
    work.git("push", "-q", "origin", "change/discount:main")
    space.wait_stage(1, "dev", "done")
