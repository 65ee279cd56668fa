"""Folders of other tools, read as they are: one change of each walks to dev and prod."""

import sqlite3

import pytest

from harness.files import write
from harness.workspace import Workspace, columns, ledger

FIRST = "CREATE TABLE visitor (id INTEGER PRIMARY KEY);\n"
SECOND = "ALTER TABLE visitor ADD COLUMN name TEXT;\n"
DOWN = "DROP TABLE visitor;\n"

LAYOUTS = {
    "golang-migrate": (
        {"000001_visitor.up.sql": FIRST, "000001_visitor.down.sql": DOWN},
        {"000002_name.up.sql": SECOND, "000002_name.down.sql": "ALTER TABLE visitor DROP COLUMN name;\n"},
    ),
    "goose": (
        {"00001_visitor.sql": f"-- +goose Up\n{FIRST}-- +goose Down\n{DOWN}"},
        {"00002_name.sql": f"-- +goose Up\n-- +goose StatementBegin\n{SECOND}-- +goose StatementEnd\n"},
    ),
    "dbmate": (
        {"20240101000000_visitor.sql": f"-- migrate:up\n{FIRST}\n-- migrate:down\n{DOWN}"},
        {"20240102000000_name.sql": f"-- migrate:up\n{SECOND}\n-- migrate:down\n"},
    ),
    "diesel": (
        {"2024-01-01-000000_visitor/up.sql": FIRST, "2024-01-01-000000_visitor/down.sql": DOWN},
        {"2024-01-02-000000_name/up.sql": SECOND, "2024-01-02-000000_name/down.sql": "ALTER TABLE visitor DROP COLUMN name;\n"},
    ),
    "prisma": (
        {"migration_lock.toml": 'provider = "sqlite"\n', "20240101000000_visitor/migration.sql": FIRST},
        {"20240102000000_name/migration.sql": SECOND},
    ),
    "sqlx": (
        {"20240101000000_visitor.up.sql": "-- no-transaction\n" + FIRST, "20240101000000_visitor.down.sql": DOWN},
        {"20240102000000_name.up.sql": SECOND, "20240102000000_name.down.sql": "ALTER TABLE visitor DROP COLUMN name;\n"},
    ),
    "plain": ({"1_visitor.sql": FIRST}, {"2_name.sql": SECOND}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_change_walks_in_the_layout_that_the_repository_has(sluice, tmp_workspace, layout):
    workspace = Workspace(sluice)
    try:
        walk(workspace, layout)
    finally:
        workspace.close()


def walk(workspace, layout):
    first, second = ({f"db/{path}": text for path, text in files.items()} for files in LAYOUTS[layout])
    for database in workspace.targets.values():
        database.path.write_bytes(b"")
    workspace.configure(r"\{path: migrations,", "{path: db,")
    work = workspace.repository
    work.commit(first, "the first table")
    work.push("main")
    workspace.start()
    workspace.wait_awaited(1, "approvals (dba)")
    workspace.ok("approve", 1, who="dana")
    assert workspace.wait_change(1, "done")["kind"] == "initial"
    work.branch("change/name")
    work.commit(second, "visitors have names")
    assert "in 1 migration" in work.push("change/name")
    work.push("change/name:main")
    workspace.wait_awaited(2, "waiting for 1 of 1 approvals (dba)")
    workspace.ok("approve", 2, who="dana")
    workspace.wait_change(2, "done")
    for database in workspace.targets.values():
        assert columns(database, "visitor") == ["id", "name"]
        assert [state for _, state in ledger(database)] == ["applied", "applied"]


class TestFlywaysPlaceholders:
    FILE = "CREATE TABLE t (a text);\n-- ${comment}\nINSERT INTO t\n  VALUES ('${value}');\n"

    @pytest.fixture
    def folder(self, tmp_workspace):
        return write(tmp_workspace / "migrations", {"V1__t.sql": self.FILE})

    def test_what_flyway_would_fill_in_is_never_run_as_it_stands(self, sluice, folder):
        for more in ((), ("--dry-run",)):
            out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder, *more)
            assert out.status == 2
            assert "V1__t.sql:4: ${...} is a placeholder" in out.err and "placeholderReplacement=false" in out.err

    def test_the_review_says_so_first(self, sluice, folder):
        for path in (folder, folder / "V1__t.sql"):
            out = sluice.run("review", "--engine", "sqlite", path)
            assert out.status == 1
            assert "V1__t.sql:4:12: error: ${...} is a placeholder" in out.out and "[syntax-error]" in out.out

    def test_a_file_that_means_it_says_so_beside_it_as_for_flyway(self, sluice, folder):
        write(folder, {"V1__t.sql.conf": "placeholderReplacement=false\n"})
        assert sluice.run("review", "--engine", "sqlite", folder, "--only", "syntax-error").status == 0
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert sqlite3.connect("dev.db").execute("SELECT a FROM t").fetchall() == [("${value}",)]

    def test_what_has_run_already_is_no_obstacle(self, sluice, folder):
        with sqlite3.connect("dev.db") as connection:
            connection.execute("CREATE TABLE t (a text)")
        sluice.ok("baseline", "--url", "sqlite:dev.db", "--dir", folder, "--to", "1")
        write(folder, {"V2__u.sql": "CREATE TABLE u (a text);\n"})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)

    def test_other_layouts_have_none(self, sluice, tmp_workspace):
        folder = write(tmp_workspace / "migrations", {"1_t.sql": self.FILE})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)


@pytest.mark.parametrize("name", ["V2__name.SQL", "000002_name.up.Sql"])
def test_a_file_whose_name_ends_in_sql_of_another_case_is_told(sluice, tmp_workspace, name):
    first = "V1__visitor.sql" if name[0] == "V" else "000001_visitor.up.sql"
    folder = tmp_workspace / "migrations"
    folder.mkdir()
    write(folder, {first: FIRST, name: SECOND})
    out = sluice.run("migrate", "--url", f"sqlite:{tmp_workspace}/shop.db", "--dir", folder)
    assert out.status == 0, out
    assert f"{name}: not run: its name ends in {name[-4:]}, not in .sql" in out.err
