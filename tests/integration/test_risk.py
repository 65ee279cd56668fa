"""The risk rules of the demo, one change for each: what it takes to be approved, on either engine."""

import pathlib
import re

import pytest

from harness.postgres import Postgres
from harness.wait import wait_until
from harness.workspace import Workspace


@pytest.fixture(params=["sqlite", "postgres"])
def workspace(request, sluice, tmp_workspace):
    """The demo, and two thousand prices that the planner knows of."""
    databases = None
    if request.param == "postgres":
        databases = {name: Postgres.create() for name in ("dev", "prod")}
    made = Workspace(sluice, databases)
    price = "public.price" if databases else "price"  # the tests' role is called as the ledger's schema
    for database in made.targets.values():
        database.execute(f"CREATE TABLE {price} (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL)")
        database.execute(f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO {price} SELECT i, 100 FROM n")
        if databases:
            database.execute(f"ANALYZE {price}")
    yield made.start()
    made.close()
    for database in (databases or {}).values():
        database.drop()


@pytest.mark.parametrize(
    ("sql", "risk"),
    [
        ("CREATE TABLE visitor (id INTEGER PRIMARY KEY);\n", "high"),
        ("UPDATE price SET cents = 90 WHERE id <= 10;\n", "moderate"),
        ("UPDATE price SET cents = 90 WHERE cents = 100;\n", "high"),
    ],
    ids=["ddl", "few rows", "many rows"],
)
def test_prod_ranks_by_kind_and_rows_and_dev_is_low(workspace, sql, risk):
    work = workspace.repository
    work.branch("change/x")
    work.commit({"migrations/V2__x.sql": sql}, "x")
    answer = work.push("change/x")
    assert f"risk {risk}" in answer
    stages = {stage["environment"]: stage for stage in workspace.change(1)["stages"]}
    assert (stages["dev"]["risk"], stages["dev"]["steps"]) == ("low", [])
    assert stages["prod"]["risk"] == risk
    assert [(step["role"], step["count"]) for step in stages["prod"]["steps"]] == [("dba", 1)]
    work.push("change/x:main")
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")


def test_what_cannot_be_known_is_high(workspace):
    work = workspace.repository
    work.branch("change/x")
    work.commit({"migrations/V2__x.sql": "CREATE TABLE fresh (id INTEGER PRIMARY KEY);\nUPDATE fresh SET id = id + 1 WHERE id > 0;\n"}, "x")
    work.push("change/x")
    assert workspace.stage(1, "prod")["risk"] == "high"


@pytest.mark.parametrize("workspace", ["postgres"], indirect=True)
def test_what_nobody_can_see_is_high_everywhere_and_never_green(workspace):
    work = workspace.repository
    work.branch("change/x")
    work.commit({"migrations/V2__x.sql": "DO $$ BEGIN DROP TABLE price; END $$;\n"}, "x")
    answer = work.push("change/x")
    assert "NOT REVIEWED: 1 warning in 1 migration, risk high" in answer
    assert "not reviewed: what the statement does (do) cannot be seen" in answer
    assert {stage["environment"]: stage["risk"] for stage in workspace.change(1)["stages"]} == {"dev": "high", "prod": "high"}
    work.git("fetch", "-q", "origin", "refs/notes/sluice:refs/notes/sluice")
    note = work.git("notes", "--ref", "sluice", "show", "HEAD")
    assert "sluice/review: neutral" in note


def test_a_file_of_many_statements_is_weighed_within_memory(workspace):
    work = workspace.repository
    work.branch("change/x")
    work.commit({"migrations/V2__x.sql": "INSERT INTO price VALUES (1, 1);\n" * 60_000}, "x")
    work.push("change/x")
    workspace.wait_change(1, lambda change: change["stages"], 60)
    assert workspace.stage(1, "prod")["risk"] == "high"
    status = pathlib.Path(f"/proc/{workspace.daemon.process.pid}/status").read_text()
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    roomy = b"__asan_init" in (binary := pathlib.Path(workspace.sluice.path).read_bytes()) or b"__tsan_init" in binary
    assert int(peak) < (1024 if roomy else 128) * 1024


@pytest.fixture
def alone(sluice, tmp_workspace):
    """The demo, where rows alone decide: ten prices in dev, two thousand in prod."""
    made = Workspace(sluice)
    for name, rows in (("dev", 10), ("prod", 2000)):
        made.targets[name].execute("CREATE TABLE price (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL)")
        made.targets[name].execute(f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO price SELECT i, 100 FROM n")
    made.configure(r"\nrisk:[^\n]*\n(  - [^\n]*\n)+", "\nrisk:\n  - {level: low, when: \"affected_rows < 1000\"}\n  - {level: moderate, when: \"affected_rows >= 1000\"}\n")
    yield made.start()
    made.close()


@pytest.mark.parametrize("gone", [None, "prod", "dev"])
def test_each_target_is_weighed_by_its_own_rows(alone, gone):
    if gone:
        alone.targets[gone].path.rename(alone.root / "elsewhere.db")
    work = alone.repository
    work.branch("change/x")
    work.commit({"migrations/V2__x.sql": "UPDATE price SET cents = 90 WHERE cents >= 100;\n"}, "x")
    work.push("change/x")
    alone.wait_change(1, lambda change: len(change["stages"]) == 2)
    expected = {"dev": "low", "prod": "moderate"} | ({gone: "high"} if gone else {})
    assert {stage["environment"]: stage["risk"] for stage in alone.change(1)["stages"]} == expected
