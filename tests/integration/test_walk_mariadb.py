"""The walk on MariaDB: its statements are not reviewed yet, so a person reads them, and nothing of it is ever green by itself."""

import pytest

from harness.mariadb import MariaDB
from harness.workspace import SAFE, Workspace

MIGRATION = "migrations/V2__discount.sql"
TWO = SAFE + "CREATE INDEX orders_discount ON orders (discount);\nUPDATE orders SET discount = discount + 5;\n"


@pytest.fixture(params=["sqlite", "postgres"])
def workspace(request, sluice, tmp_workspace):
    """A demo workspace over either store, its daemon running."""
    databases = {name: MariaDB.create() for name in ("dev", "prod")}
    made = Workspace(sluice, databases, request.param)
    yield made.start()
    made.close()
    for database in databases.values():
        database.drop()


def discounts(database):
    """None while there is no such column."""
    columns = database.rows("SELECT column_name FROM information_schema.columns WHERE table_schema = database() AND table_name = 'orders'")
    return database.rows("SELECT id, discount FROM orders ORDER BY id") if ("discount",) in columns else None


def test_a_change_walks_through_every_gate(workspace):
    work = workspace.repository
    work.branch("change/discount")
    work.commit({MIGRATION: TWO}, "orders get a discount")
    answer = work.push("change/discount")
    assert "BLOCKED: 3 errors in 1 migration, risk high" in answer and "not reviewed" in answer
    workspace.wait_change(1, lambda change: change.get("review", {}).get("errors") == 3)

    assert workspace.run("waive", 1, "statement-not-reviewed", "--reason", "read", who="ana").status == 4
    workspace.ok("waive", 1, "statement-not-reviewed", "--reason", "read by dana", who="dana")
    work.git("switch", "-q", "main")
    work.git("merge", "-q", "--ff-only", "change/discount")
    work.push("main")
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    assert {stage["environment"]: stage["risk"] for stage in workspace.change(1)["stages"]} == {"dev": "high", "prod": "high"}
    assert workspace.run("approve", 1, who="ana").status == 4
    workspace.ok("approve", 1, "--environment", "dev", who="dana")
    workspace.wait_stage(1, "dev", "done")
    dev, prod = workspace.targets["dev"], workspace.targets["prod"]
    assert discounts(dev) == [("1", "5"), ("2", "5"), ("3", "5")]
    assert discounts(prod) is None

    workspace.ok("approve", 1, "--environment", "prod", who="dana")
    workspace.wait_change(1, "done")
    assert discounts(prod) == [("1", "5"), ("2", "5"), ("3", "5")]
    runs = workspace.history()
    assert [(run["target"], run["outcome"], run["steps_done"]) for run in runs] == [("prod", "applied", 3), ("dev", "applied", 3)]
    assert runs[0]["after"] == runs[1]["after"] and runs[0]["before"] != runs[0]["after"]
    shown = workspace.ok("history", "--diff", "--target", "prod")
    assert "discount" in shown and "orders_discount" in shown
    assert "_sluice" not in shown


def test_a_stage_that_failed_at_k_of_n_goes_on_there_when_the_file_is_mended(workspace):
    work = workspace.repository
    work.branch("change/discount")
    work.commit({MIGRATION: SAFE + "ALTER TABLE orders DROP COLUMN nothing;\nUPDATE orders SET discount = discount + 5;\n"}, "orders get a discount")
    work.push("change/discount")
    workspace.wait_change(1, lambda change: change.get("review", {}).get("errors"))
    workspace.ok("waive", 1, "statement-not-reviewed", "--reason", "read by dana", who="dana")
    work.git("switch", "-q", "main")
    work.git("merge", "-q", "--ff-only", "change/discount")
    work.push("main")
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    workspace.ok("approve", 1, who="dana")
    change = workspace.wait_change(1, lambda change: "1 of 3 statements are applied" in change["waits_for"])
    assert "V2__discount.sql:2" in change["waits_for"]
    assert discounts(workspace.targets["dev"]) == [("1", "0"), ("2", "0"), ("3", "0")]
    assert discounts(workspace.targets["prod"]) is None
