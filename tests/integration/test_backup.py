"""A backup is one file, taken while the daemon works; a restore brings it into any kind of store, or changes nothing."""

import sqlite3

import pytest
from harness.postgres import Postgres
from harness.workspace import SAFE, Workspace, ledger

PHONE = "ALTER TABLE customer ADD COLUMN phone VARCHAR(40);\n"


def go_through(workspace, number, name, sql):
    """A change from its branch to the end."""
    work = workspace.repository
    work.branch(f"change/{name}", "main")
    work.commit({f"migrations/V{number + 1}__{name}.sql": sql}, name)
    work.git("branch", "-f", "main", f"change/{name}")
    work.push(f"change/{name}")
    work.push("main")
    workspace.wait_awaited(number, "approvals (dba)")
    workspace.ok("approve", number, who="dana")
    workspace.wait_change(number, "done")


def use_store(workspace, url):
    workspace.configure(r"store: [^\n]+", f'store: "{url}"')


@pytest.fixture(params=["sqlite", "postgres"])
def workspace(request, sluice, tmp_workspace):
    """On either store, with a change that went all the way; the daemon runs."""
    made = Workspace(sluice, None, request.param).start()
    go_through(made, 1, "discount", SAFE)
    yield made
    made.close()


@pytest.fixture
def backup(workspace):
    file = workspace.home / "backup.db"
    assert "every count and hash is as recorded" in workspace.ok("backup", file)
    return file


def value(file, sql):
    with sqlite3.connect(file) as connection:
        return connection.execute(sql).fetchone()[0]


def test_a_backup_is_a_verified_file_that_sqlite3_reads(workspace, backup):
    assert [path.name for path in workspace.home.glob("backup.db*")] == ["backup.db"]
    assert value(backup, "SELECT state FROM change") == "done"
    assert value(backup, "SELECT count(*) FROM run") == 2
    assert value(backup, "SELECT count(*) FROM meta WHERE key LIKE 'session%' OR key LIKE 'login.%'") == 0
    assert value(backup, "SELECT count(*) FROM pragma_foreign_key_check") == 0
    assert "good" in workspace.ok("restore", "--verify", backup)
    again = workspace.run("backup", backup)
    assert again.status == 6 and "name another file" in again.err, again


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_was_restored_goes_on_where_it_was(workspace, backup, kind):
    workspace.stop()
    fresh = Postgres.create() if kind == "postgres" else None
    use_store(workspace, fresh.url if fresh else f"sqlite:{workspace.root}/fresh.db")
    restored = workspace.json("restore", backup)["restored"]
    assert restored["rows"] > 0 and restored["recorded"]
    workspace.start(settled=False)
    assert [(change["id"], change["state"]) for change in workspace.changes()] == [(1, "done")]
    assert workspace.ok("history", "--diff", "--target", "prod").count("discount") > 0
    go_through(workspace, 2, "phone", PHONE)
    assert len(workspace.changes()) == 2
    for database in workspace.targets.values():
        assert ledger(database) == [("1", "applied"), ("2", "applied"), ("3", "applied")]
    workspace.kill()
    if fresh:
        fresh.drop()


def test_a_sqlite_store_moves_to_postgresql_in_one_command(sluice, tmp_workspace, pg):
    workspace = Workspace(sluice, None, "sqlite").start()
    try:
        go_through(workspace, 1, "discount", SAFE)
        before = workspace.change(1)
        workspace.stop()
        use_store(workspace, pg.url)
        assert "restored" in workspace.ok("restore", workspace.root / "store.db")
        workspace.start(settled=False)
        assert workspace.change(1) == before
        go_through(workspace, 2, "phone", PHONE)
    finally:
        workspace.close()


def test_a_store_that_is_served_or_holds_something_is_not_filled(workspace, backup):
    served = workspace.run("restore", "--replace", backup)
    assert served.status == 6, served
    assert f"process {workspace.daemon.process.pid}" in served.err or "stop every replica first" in served.err
    workspace.stop()
    full = workspace.run("restore", backup)
    assert full.status == 6 and "--replace" in full.err, full
    workspace.ok("restore", "--replace", backup)
    workspace.start(settled=False)
    assert workspace.change(1)["state"] == "done"


def test_a_damaged_backup_is_refused_and_changes_nothing(workspace, backup):
    with sqlite3.connect(backup) as connection:
        connection.execute("UPDATE event SET text = text || '!' WHERE id = (SELECT min(id) FROM event)")
    refused = workspace.run("restore", "--verify", backup)
    assert refused.status == 1 and "the content of table event is not what was recorded" in refused.err, refused
    workspace.stop()
    events = workspace.ask_store("SELECT count(*) FROM event")
    refused = workspace.run("restore", "--replace", backup)
    assert refused.status == 2 and "table event" in refused.err, refused
    assert workspace.ask_store("SELECT count(*) FROM event") == events
    with sqlite3.connect(backup) as connection:
        connection.execute("DELETE FROM event")
    assert "table event has 0 rows" in workspace.run("restore", "--verify", backup).err


def test_a_backup_of_an_older_version_is_a_store_that_a_start_brings_on(sluice, tmp_workspace):
    space = Workspace(sluice, None, "sqlite").start()
    try:
        go_through(space, 1, "discount", SAFE)
        old = space.home / "old.db"
        space.ok("backup", old)
        space.stop()
        with sqlite3.connect(old) as connection:
            connection.executescript("ALTER TABLE task DROP COLUMN busy; ALTER TABLE drift DROP COLUMN base_run; ALTER TABLE drift DROP COLUMN live_run; PRAGMA user_version = 4")
        said = space.run("restore", "--verify", old)
        assert (said.status, said.err) == (1, f"sluice: store {old}: is of an older version: start the daemon once with it as `store`, a backup with a copy of it\n")
        old.rename(space.root / "copy.db")
        use_store(space, f"sqlite:{space.root}/copy.db")
        space.store.path = space.root / "copy.db"
        space.start()
        assert space.change(1)["state"] == "done"
        space.ok("backup", space.home / "new.db")
        space.ok("restore", "--verify", space.home / "new.db")
    finally:
        space.close()


def test_what_is_no_backup_is_said_in_one_line(sluice, tmp_workspace):
    (tmp_workspace / "text").write_text("not a database at all, but long enough to be looked at as one, as one may think\n" * 20)
    for words, status, part in (
        (("restore", "--verify", "text"), 1, "file is not a database"),
        (("restore", "--verify", "nowhere"), 2, "there is no such file"),
        (("restore", "--verify", "."), 2, "no regular file"),
        (("backup", "nowhere/x", "--store", "sqlite:nowhere.db"), 2, "there is no folder nowhere/"),
        (("backup", "x", "--store", "sqlite:nowhere.db"), 5, "there is no such file"),
        (("backup", "x", "--store", "postgres://u:hunter2@h/d"), 2, "holds a password"),
        (("backup", "x"), 2, "no store"),
        (("restore", "text", "--store", "sqlite:new.db"), 2, "file is not a database"),
    ):
        done = sluice.run(*words, cwd=tmp_workspace)
        assert done.status == status and part in done.err, (words, done)
        assert done.err.count("\n") == 1 and "hunter2" not in done.err
    assert not (tmp_workspace / "x").exists() and not (tmp_workspace / "x.partial").exists()
