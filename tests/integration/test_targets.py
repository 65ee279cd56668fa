"""Several targets chosen by a label: one of three fails, and only that one is touched again."""

import pytest

from harness.workspace import Sqlite, Workspace, columns, ledger

V2 = "migrations/V2__mark.sql"
MARK = "ALTER TABLE orders ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;\nUPDATE orders SET mark = mark + 1;\n"
SHOPS = ("east", "north", "west")


@pytest.fixture
def workspace(sluice, tmp_workspace):
    """dev, three shops in prod, and an archive after them."""
    made = Workspace(sluice)
    rows = "".join(f'  - {{name: {name}, environment: prod, url: "sqlite:{made.root}/{name}.db", labels: {{app: shop}}}}\n' for name in SHOPS)
    rows += f'  - {{name: archive, environment: archive, url: "sqlite:{made.root}/archive.db", labels: {{app: shop}}}}\n'
    made.configure(r"  - \{name: prod, environment: prod[^\n]*\n", rows)
    made.configure(r"  - \{name: prod\}\n", "  - {name: prod}\n  - {name: archive}\n")
    for name in (*SHOPS, "archive"):
        made.targets[name] = Sqlite(made.root / f"{name}.db")
        (made.root / f"{name}.db").write_bytes((made.root / "prod.db").read_bytes())
    del made.targets["prod"]
    yield made.start()
    made.close()


def roll_out(workspace):
    """Merged and approved; north has another table than the rest, so that it fails there."""
    workspace.targets["north"].execute("ALTER TABLE orders ADD COLUMN mark TEXT")
    work = workspace.repository
    work.branch("change/mark")
    work.commit({V2: MARK}, "orders are marked")
    work.push("change/mark")
    work.git("switch", "-q", "main")
    work.git("merge", "-q", "--ff-only", "change/mark")
    work.push("main")
    workspace.wait_change(1, "merged")
    if workspace.change(1)["held"]:
        workspace.ok("resume", 1, "--reason", "only north differs", who="dana")
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    workspace.ok("approve", 1, who="dana")
    stage = workspace.wait_stage(1, "prod", "failed")
    return {task["target"]: task for task in stage["tasks"]}


def test_the_report_says_which_target_failed_and_later_stages_do_not_start(workspace):
    tasks = roll_out(workspace)
    assert {name: task["state"] for name, task in tasks.items()} == {"east": "done", "north": "failed", "west": "done"}
    assert "V2__mark.sql:1" in tasks["north"]["detail"]
    assert "mark" in tasks["north"]["detail"]
    change = workspace.change(1)
    assert "north" in change["waits_for"]
    assert workspace.stage(1, "archive")["state"] == "waiting"
    assert columns(workspace.targets["archive"], "orders")[-1] == "total_cents"
    status = workspace.ok("status")
    assert "north" in status


def test_a_retry_touches_only_the_target_that_was_mended(workspace):
    tasks = roll_out(workspace)
    workspace.targets["north"].execute("ALTER TABLE orders DROP COLUMN mark")
    assert workspace.run("retry", tasks["north"]["id"], who="ana").status == 4
    workspace.ok("retry", tasks["north"]["id"], who="dana")
    workspace.wait_change(1, "done")
    for name in SHOPS:
        assert workspace.targets[name].rows("SELECT DISTINCT mark FROM orders") == [(1,)]
    runs = [run["target"] for run in workspace.history()]
    assert runs.count("east") == runs.count("west") == 1
    assert workspace.run("retry", tasks["east"]["id"], who="dana").status == 6
    assert workspace.targets["archive"].rows("SELECT DISTINCT mark FROM orders") == [(1,)]


def test_a_skip_needs_a_reason_and_is_written_to_the_ledger(workspace):
    tasks = roll_out(workspace)
    number = tasks["north"]["id"]
    assert workspace.run("skip", number, who="dana").status == 2
    assert workspace.run("skip", number, "--reason", "closes on friday", who="ana").status == 4
    assert workspace.run("skip", tasks["east"]["id"], "--reason", "done already", who="dana").status == 6
    workspace.ok("skip", number, "--reason", "closes on friday", who="dana")
    workspace.wait_stage(1, "prod", "done")
    assert ledger(workspace.targets["north"]) == [("1", "applied"), ("2", "skipped")]
    assert workspace.targets["north"].rows("SELECT actor, reason FROM _sluice_migration WHERE version = '2'") == [("dana", "closes on friday")]
    assert ledger(workspace.targets["east"]) == [("1", "applied"), ("2", "applied")]
    assert workspace.targets["east"].rows("SELECT DISTINCT mark FROM orders") == [(1,)]
