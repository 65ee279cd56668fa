"""Sluice's own data is lost in the middle of a rollout: it is built anew from the targets, and nothing runs twice."""

import shutil

import pytest

from harness.postgres import Postgres
from harness.wait import wait_until
from harness.workspace import Workspace, fence, ledger

V2 = "migrations/V2__more.sql"
MORE = "INSERT INTO orders (id, customer_id, total_cents) SELECT max(id) + 1, 1, 100 FROM orders;\n"


@pytest.fixture(params=["sqlite", "postgres"])
def workspace(request, sluice, tmp_workspace):
    databases = None
    if request.param == "postgres":
        databases = {name: Postgres.create() for name in ("dev", "prod")}
    made = Workspace(sluice, databases)
    yield made.start()
    made.close()
    for database in (databases or {}).values():
        database.drop()


def orders(workspace):
    return {name: database.value("SELECT count(*) FROM orders") for name, database in workspace.targets.items()}


def merge_to_dev(workspace):
    """A migration that counts how often it ran is applied to dev; prod waits."""
    work = workspace.repository
    work.branch("change/more")
    work.commit({V2: MORE}, "more orders")
    work.push("change/more")
    work.git("switch", "-q", "main")
    work.git("merge", "-q", "--ff-only", "change/more")
    work.push("main")
    workspace.wait_awaited(1, "approvals (dba)")
    assert orders(workspace) == {"dev": 4, "prod": 3}


@pytest.mark.parametrize("stop", ["stop", "kill"])
def test_a_lost_store_is_rebuilt_from_the_targets_and_nothing_runs_again(workspace, stop):
    merge_to_dev(workspace)
    installation, epoch = fence(workspace.targets["dev"])
    getattr(workspace, stop)()
    workspace.lose_store()
    workspace.start()
    change = workspace.wait_awaited(1, "approvals (dba)")
    assert (change["kind"], change["title"]) == ("initial", "initial")
    assert [file["path"] for file in change["files"]] == [V2]
    assert [stage["environment"] for stage in workspace.change(1)["stages"]] == ["prod"]
    assert orders(workspace) == {"dev": 4, "prod": 3}
    assert workspace.run("approve", 1, who="ana").status == 4
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    assert orders(workspace) == {"dev": 4, "prod": 4}
    assert fence(workspace.targets["dev"]) == (installation, epoch)
    again, risen = fence(workspace.targets["prod"])
    assert again == installation
    work = workspace.repository
    work.branch("change/again")
    work.commit({"migrations/V3__more.sql": MORE}, "more still")
    work.push("change/again", "change/again:main")
    workspace.wait_stage(2, "dev", "done")
    workspace.ok("approve", 2, who="dana")
    workspace.wait_change(2, "done")
    assert orders(workspace) == {"dev": 5, "prod": 5}
    assert fence(workspace.targets["dev"]) > (installation, epoch)
    assert fence(workspace.targets["prod"]) > (installation, risen)
    assert len(workspace.changes()) == 2


def test_a_lost_store_with_nothing_pending_makes_no_change(workspace):
    merge_to_dev(workspace)
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    workspace.stop()
    workspace.lose_store()
    workspace.start()
    work = workspace.repository
    work.branch("change/again")
    work.commit({"migrations/V3__more.sql": MORE}, "more still")
    work.push("change/again")
    change = workspace.wait_change(1, "open")
    assert [file["path"] for file in change["files"]] == ["migrations/V3__more.sql"]
    assert len(workspace.changes()) == 1
    assert orders(workspace) == {"dev": 4, "prod": 4}


def test_another_installation_is_refused_until_a_dba_adopts_the_target(workspace):
    merge_to_dev(workspace)
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    before = {name: fence(database) for name, database in workspace.targets.items()}
    workspace.stop()
    workspace.lose_store()
    shutil.rmtree(workspace.root / "data")
    workspace.start()
    work = workspace.repository
    work.branch("change/again")
    work.commit({"migrations/V3__more.sql": MORE}, "more still")
    work.push("change/again", "change/again:main")
    change = workspace.wait_awaited(1, "belongs to another Sluice installation")
    assert "sluice target adopt" in change["waits_for"]
    assert orders(workspace) == {"dev": 4, "prod": 4}
    assert fence(workspace.targets["dev"]) == before["dev"]

    assert workspace.run("target", "adopt", "dev").status == 4
    assert workspace.run("target", "adopt", "dev", who="ana").status == 4
    assert workspace.run("target", "adopt", "nowhere", who="dana").status == 5
    workspace.ok("target", "adopt", "dev", "--reason", "the old machine burned", who="dana")
    workspace.wait_stage(1, "dev", "done")
    assert orders(workspace) == {"dev": 5, "prod": 4}
    assert fence(workspace.targets["dev"])[0] != before["dev"][0]
    assert fence(workspace.targets["dev"])[1] > before["dev"][1]
    workspace.ok("approve", 1, who="dana")
    workspace.wait_awaited(1, "belongs to another Sluice installation")
    workspace.ok("target", "adopt", "prod", who="dana")
    workspace.wait_change(1, "done")
    assert orders(workspace) == {"dev": 5, "prod": 5}
    assert ledger(workspace.targets["prod"]) == [("1", "applied"), ("2", "applied"), ("3", "applied")]
    audit = [row for row in workspace.json("audit")["audit"] if row["action"] == "target.adopt"]
    assert [(row["by"], row["object"], row["refused"]) for row in audit if not row["refused"]] == [
        ("dana", "target prod", False),
        ("dana", "target dev", False),
    ]


def test_a_target_that_is_away_at_the_first_sight_asks_nobody_for_the_others(sluice, tmp_workspace):
    space = Workspace(sluice)
    try:
        dev = space.targets["dev"].path
        away = dev.with_name("away.db")
        dev.rename(away)
        space.start()
        first = wait_until(lambda: space.changes(), what="the initial change")
        assert [change["kind"] for change in first] == ["initial"]
        assert [stage["environment"] for stage in space.change()["stages"]] == ["dev"]
        away.rename(dev)
        space.wait_change(1, "nothing")
    finally:
        space.close()
