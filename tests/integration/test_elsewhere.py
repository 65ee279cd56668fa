"""Environments in which the team's own tool applies: its history says what became of a change, and nothing is written there."""

import hashlib

import pytest

from harness.history import STEPS, Flyway, GolangMigrate, Goose, Maria, Sqlx
from harness.wait import wait_until
from harness.workspace import Workspace, columns

NEXT = ("five", "ALTER TABLE hit ADD COLUMN name varchar(9);\n")
LAST = ("six", "CREATE TABLE other (id INTEGER PRIMARY KEY);\n")
POLICY = '  - {level: low, when: "true"}'


@pytest.fixture
def start(sluice, tmp_workspace, monkeypatch):
    """One target, prod, that a tool has migrated up to its fourth file; its daemon, in the given mode."""
    made = []
    monkeypatch.setattr("harness.history.STEPS", [*STEPS, NEXT, LAST])

    def start(kind, database=None, mode="gate", drift="0s", more="", prepare=None, user=None):
        workspace = Workspace(sluice)
        made.append(workspace)
        database = database or workspace.targets["prod"]
        if database is workspace.targets["prod"]:
            database.path.write_bytes(b"")
        workspace.configure(r"  - \{name: dev, environment: dev[^\n]*\n", "")
        workspace.configure(r"  - \{name: dev\}\n", "")
        workspace.configure(r"- \{name: prod\}", f"- {{name: prod, mode: {mode}, drift: {{every: {drift}}}}}")
        workspace.configure(r'url: "sqlite:[^"]*prod.db"', f'url: "{database.url_of(user) if user else database.url}"')
        workspace.configure(r"\{path: migrations,", f"{{path: db, {more}")
        workspace.configure(r"  - \{level: high, when: \"environment = 'prod' and kind = 'ddl'\"\}", POLICY)
        tool = kind(database)
        tool.run(4)
        if prepare:
            prepare(tool)
        work = workspace.repository
        files = {f"db/{path}": text for path, text in tool.files().items()}
        work.commit({"migrations/V1__shop.sql": None, **{path: text for path, text in files.items() if "five" not in path and "six" not in path}}, "as it was")
        work.push("main")
        return workspace.start(), tool

    yield start
    for workspace in made:
        workspace.close()


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database(request):
    if request.param == "sqlite":
        return None
    return request.getfixturevalue({"postgres": "pg", "mariadb": "maria"}[request.param])


@pytest.fixture
def maria():
    made = Maria.create()
    yield made
    made.drop()


def merge(workspace, tool, *numbers):
    work = workspace.repository
    work.branch("change/more")
    work.commit({f"db/{tool.path(number)}": tool.text(number) for number in numbers}, "more")
    work.push("change/more")
    work.push("change/more:main")
    if isinstance(tool.database, Maria):  # its SQL is not reviewed yet: a person has to look
        workspace.wait_awaited(1, "held")
        for rule in {finding["rule"] for file in workspace.change(1)["files"] for finding in file["whole"] + [f for line in file["lines"] for f in line["findings"]]}:
            workspace.ok("waive", 1, rule, "--reason", "looked at", who="dana")
        workspace.wait_awaited(1, "approvals (dba)")
        workspace.ok("approve", 1, who="dana")


def apply(tool, *numbers):
    """What the tool would do."""
    for number in numbers:
        tool.database.execute([*STEPS, NEXT, LAST][number - 1][1])
        tool.insert(number)


def stage(workspace):
    return workspace.stage(1, "prod")


def note(workspace) -> str:
    return workspace.repository.note("change/more")


def ours(database) -> int:
    """Tables of Sluice in it."""
    if hasattr(database, "path"):
        return database.value("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%sluice%'")
    return database.value(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name LIKE '%sluice%'"
        if isinstance(database, Maria)
        else "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'sluice'"
    )


@pytest.mark.parametrize("kind", [Flyway, Goose, GolangMigrate, Sqlx])
def test_a_change_is_done_when_the_tools_history_says_that_it_ran(start, database, kind):
    workspace, tool = start(kind, database)
    assert workspace.changes() == []  # what the history has is settled
    merge(workspace, tool, 5)
    workspace.wait_awaited(1, f"waiting for the team's own tool in prod: {tool.path(5)} is not yet applied on prod")
    assert workspace.change(1)["state"] == "merged" and stage(workspace)["state"] == "left"
    apply(tool, 5)
    change = workspace.wait_change(1, "done", timeout=60)
    prod = stage(workspace)
    assert prod["state"] == "elsewhere" and prod["tasks"] == [] and prod["left"].startswith(f"applied by {tool.name}")
    (seen,) = prod["elsewhere"]
    assert (seen["target"], seen["applied"], seen["done"], seen["total"], seen["tool"]) == ("prod", True, 1, 1, tool.name)
    assert "applied by the team's own tool" in [event["text"] for event in change["events"]]
    assert any(event["text"].startswith(f"stage prod: applied by {tool.name}") for event in workspace.change(1)["events"])
    (run,) = workspace.history("prod")
    assert (run["outcome"], run["change"], run["steps_done"], run["tool"]) == ("elsewhere", 1, 0, tool.name)
    assert run["before"] and run["after"] and run["before"] != run["after"]
    assert f"applied by {tool.name}" in workspace.ok("history") and f"applied by {tool.name}" in workspace.ok("change", "show", 1)
    head = workspace.repository.head("change/more")
    assert workspace.run("wait", "--commit", head, "--environment", "prod").status == 0
    assert ours(tool.database) == 0
    workspace.stop()
    workspace.start()
    assert stage(workspace)["left"] == prod["left"]


def test_who_and_when_is_what_the_tool_wrote(start):
    workspace, tool = start(Flyway)
    merge(workspace, tool, 5)
    workspace.wait_stage(1, "prod", "left")
    tool.database.execute(
        "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by, installed_on, execution_time, success)"
        f" VALUES (5, '5', 'five', 'SQL', '{tool.path(5)}', {tool.checksum(tool.text(5))}, 'deploy', '2026-02-03 04:05:06.789', 7, 1)"
    )
    workspace.wait_change(1, "done", timeout=60)
    assert stage(workspace)["left"] == "applied by Flyway at 2026-02-03 04:05:06 (deploy)"
    lines = wait_until(lambda: "sluice/applied" in note(workspace) and note(workspace), what="who applied it, in the note").splitlines()
    assert lines[0] == "sluice/review: passed"
    assert lines[2:4] == ["sluice/applied: prod, prod: applied by Flyway at 2026-02-03 04:05:06 (deploy)", ""]


def test_the_note_says_who_applied_it_though_the_daemon_died_before_it_was_written(start):
    workspace, tool = start(Flyway)
    merge(workspace, tool, 5)
    workspace.wait_stage(1, "prod", "left")
    lock = workspace.root / "repo.git/refs/notes/sluice.lock"
    lock.write_text("")
    apply(tool, 5)
    workspace.wait_change(1, "done", timeout=60)
    workspace.daemon.wait_for_log("publish.failed")
    workspace.kill()
    lock.unlink()
    assert "sluice/applied" not in note(workspace)
    workspace.start()
    wait_until(lambda: "sluice/applied: prod, prod: applied by Flyway at " in note(workspace), 90, "who applied it, in the note")  # a lease may have to end


@pytest.mark.parametrize("kind", [Flyway, Goose])
def test_what_ran_in_part_says_what_is_missing(start, database, kind):
    workspace, tool = start(kind, database)
    merge(workspace, tool, 5, 6)
    workspace.wait_awaited(1, f"{tool.path(5)} is not yet applied on prod")
    apply(tool, 5)
    workspace.wait_awaited(1, f"{tool.path(6)} is not yet applied on prod (1 of 2 are)", timeout=60)
    (seen,) = stage(workspace)["elsewhere"]
    assert (seen["applied"], seen["done"], seen["total"]) == (False, 1, 2)
    apply(tool, 6)
    workspace.wait_change(1, "done", timeout=60)


@pytest.mark.parametrize("kind", [Flyway, Sqlx])
def test_a_failed_row_is_told_and_never_taken_as_applied(start, database, kind):
    workspace, tool = start(kind, database)
    merge(workspace, tool, 5)
    workspace.wait_stage(1, "prod", "left")
    tool.insert(5, success=False)
    change = workspace.wait_awaited(1, f"{tool.name} has {tool.path(5)} as failed or unfinished on prod; mend the database", timeout=60)
    assert change["state"] == "merged" and not stage(workspace)["elsewhere"][0]["applied"]
    assert any(event["kind"] == "elsewhere.failed" for event in workspace.change(1)["events"])
    tool.database.execute(f"DELETE FROM {tool.table} WHERE {'version' if kind is Flyway else 'description'} = '{'5' if kind is Flyway else 'five'}'")
    apply(tool, 5)
    workspace.wait_change(1, "done", timeout=60)


def test_a_dirty_version_is_told_and_never_taken_as_applied(start, database):
    workspace, tool = start(GolangMigrate, database)
    merge(workspace, tool, 5)
    workspace.wait_stage(1, "prod", "left")
    tool.database.execute(f"UPDATE schema_migrations SET version = 5, dirty = {tool.truth(True)}")
    workspace.wait_awaited(1, f"golang-migrate has {tool.path(5)} as failed or unfinished on prod", timeout=60)
    tool.database.execute(NEXT[1])
    tool.database.execute(f"UPDATE schema_migrations SET dirty = {tool.truth(False)}")
    workspace.wait_change(1, "done", timeout=60)


def test_other_content_than_was_approved_is_not_taken_as_applied(start):
    workspace, tool = start(Flyway)
    merge(workspace, tool, 5)
    workspace.wait_stage(1, "prod", "left")
    tool.row("'5'", "five", "SQL", tool.path(5), 12345)
    change = workspace.wait_awaited(1, f"Flyway applied {tool.path(5)} on prod with another content than was approved", timeout=60)
    assert change["state"] == "merged"


def test_nothing_is_written_where_the_tool_applies_whatever_the_configuration_says_of_histories(start):
    workspace, tool = start(Flyway, more="history: adopt,")
    assert workspace.changes() == []
    before = hashlib.sha256(tool.database.path.read_bytes()).hexdigest()
    merge(workspace, tool, 5)
    workspace.wait_awaited(1, "is not yet applied on prod")
    assert hashlib.sha256(tool.database.path.read_bytes()).hexdigest() == before
    assert ours(tool.database) == 0


def test_a_login_that_may_only_read_is_enough(start, pg):
    pg.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    reader = f"reader_{pg.name}"
    pg.execute(f"CREATE ROLE {reader} LOGIN")
    try:
        workspace, tool = start(Flyway, pg, prepare=lambda tool: pg.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"), user=reader)
        merge(workspace, tool, 5)
        workspace.wait_awaited(1, "is not yet applied on prod")
        apply(tool, 5)
        workspace.wait_change(1, "done", timeout=60)
        assert ours(pg) == 0
    finally:
        pg.execute(f"DROP OWNED BY {reader}")
        pg.execute(f"DROP ROLE {reader}")


def test_a_person_ends_a_gate_that_the_tool_never_goes_through(start):
    workspace, tool = start(Flyway)
    merge(workspace, tool, 5)
    workspace.wait_awaited(1, "(if it never will be: sluice skip 1 --environment prod --reason ...)")
    assert workspace.run("skip", 1, "--environment", "prod", "--reason", "mine", who="ana").status == 4
    assert workspace.run("skip", 1, "--environment", "prod", who="dana").status == 2
    assert stage(workspace)["state"] == "left"
    workspace.ok("skip", 1, "--environment", "prod", "--reason", "done by hand", who="dana")
    change = workspace.wait_change(1, "done")
    prod = stage(workspace)
    assert (prod["state"], prod["left"], prod["skippable"]) == ("skipped", "skipped by dana: done by hand", False)
    wait_until(lambda: "sluice/applied: prod, prod: skipped by dana: done by hand\n" in note(workspace), what="who skipped it, in the note")
    (told,) = [event for event in workspace.change(1)["events"] if event["kind"] == "stage.skipped"]
    assert (told["by"], told["text"]) == ("dana", "stage prod: skipped by dana: done by hand")
    assert "through; nothing was applied: it was skipped" in [event["text"] for event in change["events"]]
    (row,) = [row for row in workspace.json("audit")["audit"] if row["action"] == "change.skip" and not row["refused"]]
    assert (row["by"], row["detail"]) == ("dana", "prod: done by hand")
    (run,) = workspace.history("prod")
    assert (run["outcome"], run["change"], run["detail"]) == ("skipped", 1, "skipped by dana: done by hand")
    again = workspace.run("skip", 1, "--environment", "prod", "--reason", "again", who="dana")
    assert again.status != 0 and "stage prod is skipped and waits for no tool" in again.err
    waited = workspace.run("wait", "--commit", workspace.repository.head("change/more"), "--environment", "prod")
    assert waited.status != 0 and "skipped by dana" in waited.out + waited.err


def leave_others(workspace, n):
    """As many changes that are over, each with a stage that stays left, newer than change 1."""
    change, stage = (columns(workspace.store, table)[1:] for table in ("change", "stage"))
    for number in range(2, n + 2):
        values = {"state": "'done'", "branch": f"'over/{number}'", "review_id": "NULL"}
        rest = ", ".join(str(number) if name == "change_id" else name for name in stage)
        workspace.change_store(
            f"INSERT INTO change SELECT {number}, {', '.join(values.get(name, name) for name in change)} FROM change WHERE id = 1",
            f"INSERT INTO stage ({', '.join(stage)}) SELECT {rest} FROM stage WHERE change_id = 1 AND environment = 'prod'",
        )


def test_a_gate_is_looked_at_however_many_later_stages_were_left_for_good(start):
    workspace, tool = start(Flyway)
    merge(workspace, tool, 5)
    workspace.wait_stage(1, "prod", "left")
    workspace.stop()
    leave_others(workspace, 250)
    workspace.start()
    apply(tool, 5)
    workspace.wait_change(1, "done", timeout=60)


# --- drift ------------------------------------------------------------------------------------------------------------


def drift(workspace) -> dict:
    done = workspace.run("drift", "prod", "--output", "json")
    assert done.status in (0, 1), done
    return done.json()["drift"]


def wait_drift(workspace, what) -> dict:
    def holds():
        now = drift(workspace)
        return now if what(now) else None

    try:
        return wait_until(holds, 60, "the drift of prod")
    except AssertionError as error:
        raise AssertionError(f"{error}: {drift(workspace)}") from None


def kinds(workspace) -> list:
    return [event["kind"] for event in workspace.json("target", "show", "prod")["target"]["events"]]


def settled(now) -> bool:
    """Compared since the tool's work became what is meant to be there."""
    return now["state"] == "none" and "applied by Flyway" in now["base_origin"]


@pytest.mark.parametrize("mode", ["gate", "review", "observe"])
def test_what_the_tool_did_of_a_change_is_no_drift_and_becomes_what_is_meant_to_be_there(start, mode):
    workspace, tool = start(Flyway, mode=mode, drift="1s")
    wait_drift(workspace, lambda now: now["state"] == "none")
    merge(workspace, tool, 5)
    workspace.wait_stage(1, "prod", "left")
    apply(tool, 5)
    now = wait_drift(workspace, settled)
    assert now["base_origin"] == "change 1, applied by Flyway"
    tool.database.execute("CREATE TABLE stray (id INTEGER)")
    found = wait_drift(workspace, lambda now: now["state"] == "found")
    assert (found["objects"], "stray" in str(found)) == (1, True)


def test_what_somebody_changed_beside_the_tool_stays_drift(start, database):
    workspace, tool = start(Flyway, database, drift="1s")
    wait_drift(workspace, lambda now: now["state"] == "none")
    merge(workspace, tool, 5, 6)
    workspace.wait_stage(1, "prod", "left")
    tool.database.execute("CREATE TABLE stray (id INTEGER)")
    apply(tool, 5, 6)
    workspace.wait_change(1, "done", timeout=60)
    found = wait_drift(workspace, lambda now: now["state"] == "found" and "applied by Flyway" in now["base_origin"])
    assert found["objects"] == 1
    tool.database.execute("DROP TABLE stray")
    wait_drift(workspace, lambda now: now["state"] == "none")


def test_drift_that_was_there_before_the_tool_ran_stays(start):
    workspace, tool = start(Flyway, drift="1s")
    wait_drift(workspace, lambda now: now["state"] == "none")
    tool.database.execute("CREATE TABLE stray (id INTEGER)")
    wait_drift(workspace, lambda now: now["state"] == "found")
    merge(workspace, tool, 5)
    workspace.wait_stage(1, "prod", "left")
    apply(tool, 5)
    workspace.wait_change(1, "done", timeout=60)
    found = wait_drift(workspace, lambda now: "applied by Flyway" in now["base_origin"] and now["state"] == "found")
    assert found["objects"] == 1
