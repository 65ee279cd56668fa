"""Snapshots, differences and replay against a real PostgreSQL: what the server says of a schema, what a
replay of its statements says, and what the snapshot's text makes again are the same."""

import pathlib

import pytest
from harness.postgres import Postgres

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
