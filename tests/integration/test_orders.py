"""What people may say to a task at work or in doubt: cancel before its next statement, and resolve."""

import pytest

from harness.postgres import Postgres
from harness.wait import wait_until
from harness.workspace import Workspace, ledger

KEY = 8618
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'"
SLOW = f"""CREATE TABLE visit (id integer PRIMARY KEY);
INSERT INTO visit SELECT 1 FROM (SELECT pg_advisory_xact_lock({KEY})) l;
INSERT INTO visit VALUES (2);
"""
# The temporary table is gone with its session, and nobody can say what the rest would have done with it.
DOUBT = """CREATE TEMPORARY TABLE kept (id integer);
INSERT INTO kept VALUES (1);
CREATE INDEX CONCURRENTLY orders_total ON orders (total_cents);
INSERT INTO nowhere SELECT id FROM kept;
"""


@pytest.fixture
def workspace(sluice, tmp_workspace):
    databases = {name: Postgres.create() for name in ("dev", "prod")}
    made = Workspace(sluice, databases)
    yield made.start()
    made.close()
    for database in databases.values():
        database.drop()


def merge(workspace, sql):
    work = workspace.repository
    work.branch("change/x")
    work.commit({"migrations/V2__x.sql": sql}, "x")
    work.push("change/x")
    work.push("change/x:main")
    workspace.wait_change(1, "merged")
    if workspace.change(1)["held"]:
        workspace.ok("resume", 1, "--reason", "looked at", who="dana")


def task_on(workspace, environment) -> dict:
    (task,) = workspace.stage(1, environment)["tasks"]
    return task


def actions(workspace) -> list:
    return [(row["by"], row["action"]) for row in workspace.json("audit")["audit"] if not row["refused"]]


def test_a_task_stops_before_its_next_statement_and_is_retried_whole(workspace):
    dev = workspace.targets["dev"]
    holder = dev.connect()
    holder.cursor().execute(f"SELECT pg_advisory_lock({KEY})")
    try:
        merge(workspace, SLOW)
        wait_until(lambda: dev.value(WAITING) == 1, what="the statement at hand")
        number = task_on(workspace, "dev")["id"]
        assert workspace.run("cancel", number, who="ana").status == 4
        assert workspace.run("resolve", number, "--applied", "--reason", "x", who="dana").status == 6
        workspace.ok("cancel", number, who="dana")
        workspace.wait_awaited(1, "asked to stop before the next statement")
        assert dev.value(WAITING) == 1
    finally:
        holder.close()
    workspace.wait_stage(1, "dev", "canceled")
    assert dev.value("SELECT to_regclass('public.visit')") is None
    assert ledger(dev) == [("1", "applied")]
    assert workspace.stage(1, "prod")["state"] == "waiting"
    assert workspace.history("dev")[0]["outcome"] == "canceled"
    workspace.ok("retry", number, who="dana")
    workspace.wait_stage(1, "dev", "done")
    assert dev.rows("SELECT id FROM visit ORDER BY id") == [(1,), (2,)]
    assert ("dana", "task.cancel") in actions(workspace)


@pytest.fixture
def doubt(workspace):
    """A task whose file lost its session three statements in; its number."""
    merge(workspace, DOUBT)
    workspace.wait_stage(1, "dev", "failed")
    number = task_on(workspace, "dev")["id"]
    workspace.ok("retry", number, who="dana")
    workspace.wait_awaited(1, "needs a human")
    return number


def test_a_task_in_doubt_takes_a_permitted_persons_word_and_reason(workspace, doubt):
    assert "`sluice resolve TASK --file-applied` or `--file-not-applied`" in workspace.change(1)["waits_for"]
    assert workspace.stage(1, "prod")["state"] == "waiting"
    assert workspace.run("resolve", doubt, "--file-applied", who="dana").status == 2
    assert workspace.run("resolve", doubt, "--applied", "--file-applied", "--reason", "x", who="dana").status == 2
    assert workspace.run("resolve", doubt, "--file-applied", "--reason", "x", who="ana").status == 4
    none = workspace.run("resolve", doubt, "--applied", "--reason", "x", who="dana")
    assert none.status == 6 and "no statement of it is in doubt, 3 of 4 are applied" in none.err
    said = workspace.ok("resolve", doubt, "--file-applied", "--reason", "the copy was made by hand", who="dana")
    assert said == f"task {doubt} resolved: V2__x.sql: all of it is applied\n"
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    dev = workspace.targets["dev"]
    assert workspace.stage(1, "dev")["state"] == "done"
    assert ledger(dev) == [("1", "applied"), ("2", "applied")]
    assert dev.rows("SELECT actor, reason FROM sluice.migration WHERE version = '2'") == [("dana", "the copy was made by hand")]
    assert dev.value("SELECT detail FROM sluice.run WHERE outcome = 'resolved'") == "version 2: file-applied: the copy was made by hand"
    assert ("dana", "task.resolve") in actions(workspace)
    assert "the copy was made by hand (V2__x.sql: all of it is applied)" in [row["detail"] for row in workspace.json("audit")["audit"]]


def test_a_file_that_was_undone_by_hand_runs_from_its_beginning(workspace, doubt):
    dev = workspace.targets["dev"]
    dev.execute("DROP INDEX orders_total; CREATE TABLE public.nowhere (id integer)")
    workspace.ok("resolve", doubt, "--file-not-applied", "--reason", "dropped the index", who="dana")
    workspace.wait_stage(1, "dev", "done")
    assert dev.rows("SELECT id FROM public.nowhere") == [(1,)]
    assert ledger(dev) == [("1", "applied"), ("2", "applied")]


def test_a_task_that_is_said_not_to_be_done_is_never_run_twice(workspace, doubt):
    workspace.ok("resolve", doubt, "--not-applied", "--reason", "looked at it", who="dana")
    wait_until(lambda: len(workspace.history("dev")) == 3, what="one more attempt")
    workspace.wait_awaited(1, "needs a human")
    dev = workspace.targets["dev"]
    assert ledger(dev) == [("1", "applied"), ("2", "partial")]
    assert dev.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'orders_total'") == 1
