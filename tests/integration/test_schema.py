"""Snapshots, differences and replay against a real PostgreSQL, and SQLite's snapshot: what the server says of a schema, what a
replay of its statements says, and what the snapshot's text makes again are the same."""

import contextlib
import pathlib
import sqlite3
import subprocess
import uuid

import pytest
from harness.fake_postgres import FakePostgres
from harness.postgres import Postgres
from harness.wait import wait_until

TESTDATA = pathlib.Path(__file__).resolve().parents[2] / "testdata"
SCRIPTS = TESTDATA / "schema" / "postgres"


def run(database, script):
    """One statement at a time: some cannot run in a transaction."""
    for statement in script.read_text().split(";\n"):
        if statement.strip():
            database.execute(statement)


@pytest.fixture
def other():
    database = Postgres.create()
    yield database
    database.drop()


def test_a_replay_ends_with_the_schema_that_the_server_has(sluice, tmp_workspace, pg):
    script = SCRIPTS / "equal.sql"
    run(pg, script)
    out = sluice.run("diff", "--engine", "postgres", script, pg.url)
    assert (out.status, out.out) == (0, ""), out.out + out.err


@pytest.mark.parametrize("name", ["equal.sql", "parts.sql"])
def test_the_snapshot_as_sql_makes_the_same_schema_again(sluice, tmp_workspace, pg, other, name):
    run(pg, SCRIPTS / name)
    other.execute(sluice.ok("snapshot", "--url", pg.url))
    out = sluice.run("diff", pg.url, other.url)
    assert (out.status, out.out) == (0, ""), out.out + out.err


def test_one_of_every_kind_is_read_as_it_is_written_down(sluice, tmp_workspace, pg):
    run(pg, TESTDATA / "snapshot" / "postgres.sql")
    assert sluice.ok("snapshot", "--url", pg.url) == (TESTDATA / "snapshot" / "postgres.snapshot.sql").read_text()


def test_one_of_every_kind_in_sqlite_is_read_as_it_is_written_down(sluice, tmp_workspace):
    with contextlib.closing(sqlite3.connect("every.db")) as database:
        database.executescript((TESTDATA / "snapshot" / "sqlite.sql").read_text())
    assert sluice.ok("snapshot", "--url", "sqlite:every.db") == (TESTDATA / "snapshot" / "sqlite.snapshot.sql").read_text()


def test_the_document_names_the_objects_by_their_hash(sluice, tmp_workspace, pg, other):
    run(pg, SCRIPTS / "equal.sql")
    other.execute(sluice.ok("snapshot", "--url", pg.url))
    documents = [sluice.run("snapshot", "--url", url, "--format", "json").json() for url in (pg.url, other.url)]
    assert documents[0]["hash"] == documents[1]["hash"]
    assert [each["hash"] for each in documents[0]["objects"]] == [each["hash"] for each in documents[1]["objects"]]


def test_a_difference_is_status_1_and_each_part_has_a_row(sluice, tmp_workspace, pg, other):
    pg.execute("CREATE TABLE t (id int PRIMARY KEY, a text)")
    other.execute("CREATE TABLE t (id bigint PRIMARY KEY); CREATE INDEX t_id ON t (id)")
    out = sluice.run("diff", pg.url, other.url, "--format", "json")
    assert out.status == 1
    rows = {(each["change"], each["part"], each["part_name"]) for each in out.json()["differences"]}
    assert rows == {("changed", "column", "id"), ("removed", "column", "a"), ("added", "index", "t_id")}


def test_a_structure_that_changes_while_it_is_read_is_read_again(sluice, pg):
    pg.execute("CREATE TABLE t (a int CHECK (a > 0)); CREATE TABLE u (a int)")
    with contextlib.closing(pg.connect()) as holder:
        holder.cursor().execute("BEGIN; LOCK TABLE t; ALTER TABLE u ADD COLUMN b int; DROP TABLE t; CREATE TABLE t (c int)")
        process = subprocess.Popen([sluice.path, "snapshot", "--url", pg.url], stdout=subprocess.PIPE, text=True)
        wait_until(lambda: pg.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"), what="the wait")
        holder.cursor().execute("COMMIT")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "create table public.t (\n    c integer\n);\ncreate table public.u (\n    a integer,\n    b integer\n);" in out


def test_what_may_not_be_read_is_named_and_nothing_is_printed(sluice, pg):
    role = f"r_{uuid.uuid4().hex[:12]}"
    pg.execute(f"CREATE ROLE {role} LOGIN; REVOKE SELECT ON pg_policy FROM PUBLIC; CREATE TABLE t (a int)")
    try:
        out = sluice.run("snapshot", "--url", pg.url.replace(pg.user, role, 1))
    finally:
        pg.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert (out.status, out.out) == (4, "")
    assert "permission denied for table pg_policy" in out.err


def test_a_server_that_answers_less_than_it_was_asked_is_an_error(sluice):
    server = FakePostgres()
    try:
        out = sluice.run("snapshot", "--url", server.url)
    finally:
        server.close()
    assert (out.status, out.out) == (2, ""), out.err
    assert "20 questions about the structure, 1 answers" in out.err


def test_a_table_that_is_being_altered_does_not_hold_up_a_snapshot(sluice, pg):
    pg.execute("CREATE TABLE t (id serial PRIMARY KEY, a int DEFAULT 1 UNIQUE, b int REFERENCES t); CREATE INDEX i ON t (b, a)")
    with contextlib.closing(pg.connect()) as holder:
        holder.cursor().execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        out = sluice.run("snapshot", "--url", pg.url, timeout=20)
    assert out.status == 0, out.err
    assert "a integer default 1" in out.out
