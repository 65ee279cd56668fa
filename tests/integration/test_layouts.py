"""Folders of other tools, read as they are: one change of each walks to dev and prod."""

import pytest

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
