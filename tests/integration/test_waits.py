"""A task that waits for somebody's lock says so while it waits, and does not wait for ever with nobody told."""

import psycopg2
import pytest

from harness.postgres import Postgres
from harness.workspace import SAFE, Workspace, columns


@pytest.fixture
def databases():
    made = {name: Postgres.create() for name in ("dev", "prod")}
    yield made
    for database in made.values():
        database.drop()


@pytest.fixture
def start(sluice, tmp_workspace, databases):
    made = []

    def start(give_up):
        workspace = Workspace(sluice, databases=databases)
        made.append(workspace)
        workspace.configure(r"- \{name: dev\}", f"- {{name: dev, lock_timeout: 2s, lock_give_up: {give_up}}}")
        return workspace.start()

    yield start
    for workspace in made:
        workspace.close()


@pytest.fixture
def holder(databases):
    dev = databases["dev"]
    connection = psycopg2.connect(host=dev.host, port=dev.port, user=dev.user, dbname=dev.name, application_name="billing")
    yield connection
    connection.close()


def release(workspace):
    work = workspace.repository
    work.branch("change/discount")
    work.commit({"migrations/V2__discount.sql": SAFE}, "a discount")
    work.push("change/discount")
    work.push("change/discount:main")


def test_the_sentence_says_for_what_and_whom_it_waits_while_it_waits_and_which_attempt_it_is(start, holder, databases):
    workspace = start("4h")
    holder.cursor().execute("LOCK TABLE orders IN ACCESS SHARE MODE")
    release(workspace)
    change = workspace.wait_awaited(1, "running on dev, waits for a lock: ")
    assert "AccessExclusiveLock on orders, held by process" in change["waits_for"] and "billing" in change["waits_for"]
    workspace.wait_awaited(1, ", attempt 2")
    assert "attempt" in workspace.ok("status")
    holder.rollback()
    stage = workspace.wait_stage(1, "dev", "done", timeout=60)
    assert "lock" not in stage["tasks"][0]["sentence"] and "discount" in columns(databases["dev"], "orders")


def test_a_lock_that_does_not_come_is_given_up_and_told_and_a_person_tries_again(start, holder, databases):
    workspace = start("1s")
    holder.cursor().execute("LOCK TABLE orders IN ACCESS SHARE MODE")
    release(workspace)
    stage = workspace.wait_stage(1, "dev", "failed", timeout=60)
    (task,) = stage["tasks"]
    assert "held by" in task["detail"] and "given up after" in task["detail"] and f"`sluice retry {task['id']}`" in task["detail"]
    assert any(event["kind"] == "task.failed" for event in workspace.change(1)["events"])
    assert "discount" not in columns(databases["dev"], "orders")
    holder.rollback()
    workspace.ok("retry", task["id"], who="dana")
    workspace.wait_stage(1, "dev", "done", timeout=60)
    assert "discount" in columns(databases["dev"], "orders")


def test_since_when_a_lock_is_met_counts_on_over_starts_of_the_daemon(start, holder):
    workspace = start("4h")
    holder.cursor().execute("LOCK TABLE orders IN ACCESS SHARE MODE")
    release(workspace)
    since, tries = "SELECT max(blocked_at) FROM task", "SELECT max(attempts) FROM task"
    workspace.wait_change(1, lambda change: workspace.ask_store(since))
    met = workspace.ask_store(since)
    for _ in range(2):
        workspace.stop()
        tried = workspace.ask_store(tries)
        workspace.start()
        workspace.wait_change(1, lambda change, tried=tried: workspace.ask_store(tries) > tried + 1, timeout=60)
        assert workspace.ask_store(since) == met
