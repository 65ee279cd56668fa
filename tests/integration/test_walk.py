"""One change through every gate: pushed, reviewed, mended, merged, applied to dev, held at prod, approved, applied."""

import pytest

from harness.postgres import Postgres
from harness.workspace import RISKY, SAFE, Workspace, columns, ledger

MIGRATION = "migrations/V2__discount.sql"


@pytest.fixture(params=["sqlite-sqlite", "sqlite-postgres", "postgres-sqlite", "postgres-postgres"])
def workspace(request, sluice, tmp_workspace):
    """A demo workspace on each pair of store and engine, its daemon running."""
    store, engine = request.param.split("-")
    databases = {name: Postgres.create() for name in ("dev", "prod")} if engine == "postgres" else None
    made = Workspace(sluice, databases, store)
    yield made.start()
    made.close()
    for database in (databases or {}).values():
        database.drop()


def applied_to(workspace):
    return [name for name, database in workspace.targets.items() if "discount" in columns(database, "orders")]


def propose(workspace, way):
    """A risky migration is pushed, then the mended one; returns the change's number."""
    work = workspace.repository
    work.branch("change/discount")
    work.commit({MIGRATION: RISKY}, "orders get a discount")
    if way == "stopped":
        workspace.stop()
    answer = work.push("change/discount")
    if way in ("hook", "squash", "rebase"):
        assert "BLOCKED: 1 error in 1 migration, risk high" in answer
        assert "V2__discount.sql:1" in answer
    if way != "stopped":
        workspace.wait_change(1, lambda change: change.get("review", {}).get("errors") == 1)
        assert applied_to(workspace) == []
    work.commit({MIGRATION: SAFE}, "orders get a discount")
    answer = work.push("change/discount")
    if way in ("hook", "squash", "rebase"):
        assert "PASSED" in answer
    if way != "stopped":
        change = workspace.wait_change(1, lambda change: change.get("review", {}).get("errors") == 0)
        assert change["state"] == "open"
    return 1


def merge(workspace, way):
    work = workspace.repository
    work.git("switch", "-q", "main")
    if way == "squash":
        work.git("merge", "-q", "--squash", "change/discount")
        work.git("commit", "-q", "-m", "the discount, squashed")
    elif way == "rebase":
        work.commit({"README": "another commit of main\n"}, "readme")
        work.git("switch", "-q", "-c", "rebased", "change/discount")
        work.git("rebase", "-q", "main")
        work.git("switch", "-q", "main")
        work.git("merge", "-q", "--ff-only", "rebased")
    else:
        work.git("merge", "-q", "--ff-only", "change/discount")
    work.push("main")
    if way in ("squash", "rebase"):
        assert work.head("main") != work.head("change/discount")
    if way == "stopped":
        workspace.start()


@pytest.mark.parametrize("way", ["hook", "polling", "stopped", "squash", "rebase"])
def test_a_change_walks_through_every_gate(workspace, way):
    if way == "polling":
        (workspace.root / "repo.git/hooks/post-receive").unlink()
    number = propose(workspace, way)
    merge(workspace, way)
    workspace.wait_awaited(number, "waiting for 1 of 1 approvals (dba)")
    workspace.wait_stage(number, "dev", "done")
    assert applied_to(workspace) == ["dev"]

    refused = workspace.run("approve", number, who="ana")
    assert refused.status == 4, refused
    assert "ana" in refused.err
    assert workspace.run("approve", number).status == 4
    assert applied_to(workspace) == ["dev"]

    workspace.ok("approve", number, who="dana")
    change = workspace.wait_change(number, "done")
    assert applied_to(workspace) == ["dev", "prod"]
    for database in workspace.targets.values():
        assert ledger(database) == [("1", "applied"), ("2", "applied")]
        assert database.value("SELECT count(*) FROM orders") == 3

    runs = workspace.history()
    assert [(run["target"], run["outcome"], run["steps_done"]) for run in runs] == [("prod", "applied", 1), ("dev", "applied", 1)]
    for run in runs:
        assert run["before"] and run["after"] and run["before"] != run["after"]
    assert runs[0]["after"] == runs[1]["after"]
    shown = workspace.ok("history", "--diff", "--target", "prod")
    assert "discount" in shown
    assert len(workspace.changes()) == 1
    told = [event["kind"] for event in change["events"]]
    assert told.count("task.done") == 2 and told.count("change.approved") == 1 and told.count("change.merged") == 1
    refusals = [row for row in workspace.json("audit")["audit"] if row["refused"]]
    assert [(row["by"], row["action"]) for row in refusals if row["by"] == "ana"] == [("ana", "change.approve")]
