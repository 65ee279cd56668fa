"""`sluice review --schema URL`: migrations against what a database has and what was applied there."""

import hashlib
import pathlib

import pytest
from harness.history import Flyway, engine_of
from harness.workspace import Sqlite
from test_review import findings_of, git, write

SHOP = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n"
GOOD = "ALTER TABLE orders ADD COLUMN paid int;\n"
BAD = "ALTER TABLE orders DROP COLUMN absent;\n"


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database(request, tmp_workspace):
    """An empty one."""
    if request.param != "sqlite":
        return request.getfixturevalue({"postgres": "pg", "mariadb": "mariadb"}[request.param])
    made = Sqlite(tmp_workspace / "live.db")
    made.path.write_bytes(b"")
    return made


def review(sluice, database, *words):
    return sluice.run("review", "--schema", database.url, "--format", "json", *words)


def files_of(result) -> list:
    return [file["path"] for file in result.json()["files"]]


def understood(database) -> bool:
    """Whether the review follows its SQL; MariaDB's it reads as it is."""
    return not database.url.startswith("mysql")


def test_what_the_ledger_has_is_in_the_schema_and_the_rest_is_reviewed_on_it(sluice, database, folder):
    write(folder, V1__shop=SHOP)
    sluice.ok("migrate", "--url", database.url, "--dir", folder)
    write(folder, V2__paid=GOOD, V3__absent=BAD)
    result = review(sluice, database, folder)
    assert [pathlib.Path(path).name for path in files_of(result)] == ["V2__paid.sql", "V3__absent.sql"]
    assert f"1 migration is applied on {database.url} already, and not reviewed" in result.err
    if understood(database):
        (found,) = [finding for finding in findings_of(result) if finding[1] == "statement-walk-through"]
        assert found[0].endswith("V3__absent.sql") and "absent" in found[3]
    assert {file["engine"] for file in result.json()["files"]} == {"mariadb" if not understood(database) else database.url.split(":")[0]}
    (folder / "V3__absent.sql").unlink()
    sluice.ok("migrate", "--url", database.url, "--dir", folder)
    done = sluice.run("review", "--schema", database.url, folder)
    assert (done.status, done.out) == (0, "nothing to object to in 0 migrations\n")


def test_an_edited_one_is_found_and_another_ledger_is_not_looked_at(sluice, database, folder):
    write(folder, V1__shop=SHOP)
    sluice.ok("migrate", "--url", database.url, "--dir", folder)
    write(folder, V1__shop=SHOP + "-- edited\n")

    def edited(*words):
        return [finding[3] for finding in findings_of(review(sluice, database, *words, folder)) if finding[1] == "migration-edited"]

    (said,) = edited()
    assert f"applied on {database.url}" in said
    assert edited("--ledger", "other") == []


def test_a_database_is_only_read(sluice, database, folder):
    write(folder, V1__shop=SHOP)
    if isinstance(database, Sqlite):
        before = hashlib.sha256(database.path.read_bytes()).hexdigest()
    result = review(sluice, database, folder)
    assert files_of(result) == [f"{folder}/V1__shop.sql"] and "walk-through" not in str(findings_of(result))
    if isinstance(database, Sqlite):
        assert hashlib.sha256(database.path.read_bytes()).hexdigest() == before
        assert sorted(path.name for path in database.path.parent.iterdir()) == ["live.db", "migrations"]
    else:
        assert "CREATE" not in sluice.ok("snapshot", "--url", database.url)
        place = "'sluice'" if understood(database) else "database()"
        assert database.value(f"SELECT count(*) FROM information_schema.tables WHERE table_schema = {place}") in (0, "0")


@pytest.fixture
def repository(tmp_workspace):
    """Its first migration is on main."""
    git("init", "-q", "-b", "main", ".", cwd=tmp_workspace)
    write(tmp_workspace / "db", V1__shop=SHOP)
    git("add", "db", cwd=tmp_workspace)
    git("commit", "-q", "-m", "init", cwd=tmp_workspace)
    return tmp_workspace


@pytest.mark.parametrize("state", ["empty", "without a ledger", "with a ledger"])
def test_what_the_branch_adds_stands_on_what_is_there_or_comes_first(sluice, database, repository, state):
    if state == "with a ledger":
        sluice.ok("migrate", "--url", database.url, "--dir", "db")
    elif state == "without a ledger":
        (database.script if hasattr(database, "script") else database.execute)(SHOP)
    write(repository / "db", V2__paid=GOOD)
    result = review(sluice, database)
    assert files_of(result) == ["db/V2__paid.sql"]
    assert [finding for finding in findings_of(result) if finding[1] == "statement-walk-through"] == []


def test_a_deleted_migration_that_has_run_there_is_an_error(sluice, database, repository):
    sluice.ok("migrate", "--url", database.url, "--dir", "db")
    (repository / "db" / "V1__shop.sql").unlink()
    result = review(sluice, database)
    assert (result.status, findings_of(result)) == (
        1,
        [("db/V1__shop.sql", "migration-removed-applied", "error", f"version 1 is applied on {database.url}, and its file is gone")],
    )


def test_what_another_tool_has_applied_is_not_reviewed(sluice, tmp_workspace, folder):
    live = Sqlite(tmp_workspace / "live.db")
    tool = Flyway(live)
    tool.run(3)
    tool.write(folder)
    assert engine_of(live) == "sqlite"
    assert files_of(review(sluice, live, folder)) == [f"{folder}/{tool.path(4)}"]


@pytest.mark.parametrize(
    ("url", "words", "status", "said"),
    [
        ("sqlite:absent.db", [], 3, "absent.db does not exist"),
        ("postgres://ana@127.0.0.1:1/shop", [], 3, "is it running"),
        ("postgres://ana:secret@127.0.0.1:1/shop", [], 2, "--schema: "),
        ("oracle://there/shop", [], 2, "--schema: "),
        ("sqlite:live.db", ["--engine", "postgres"], 2, "--engine: postgres, but --schema is a database of sqlite"),
        ("sqlite:live.db", ["--password", "secret"], 2, "--password: takes env:NAME or file:/PATH"),
    ],
)
def test_a_database_that_cannot_be_read_is_one_line_and_says_why(sluice, tmp_workspace, url, words, status, said):
    (tmp_workspace / "live.db").write_bytes(b"")
    write(tmp_workspace, change="SELECT 1;\n")
    result = sluice.run("review", "--schema", url, *words, "change.sql")
    assert (result.status, result.out, len(result.err.strip().split("\n"))) == (status, "", 1), result
    assert said in result.err and "secret@" not in result.err and not (tmp_workspace / "absent.db").exists()
