"""A daemon over databases that another tool migrated: adopted by the configuration, or by a person's word."""

import pytest

from harness.history import Flyway, Goose, Sqlx
from harness.workspace import Workspace, ledger


@pytest.fixture
def workspace(sluice, tmp_workspace):
    made = Workspace(sluice)
    for database in made.targets.values():
        database.path.write_bytes(b"")
    yield made
    made.close()


def set_up(workspace, kind, upto=3, more=""):
    """The folder db of that tool, and both databases as it left them."""
    workspace.configure(r"\{path: migrations,", f"{{path: db, {more}")
    tools = {name: kind(database) for name, database in workspace.targets.items()}
    for tool in tools.values():
        tool.run(upto)
    work = workspace.repository
    work.commit({"migrations/V1__shop.sql": None, **{f"db/{path}": text for path, text in tools["dev"].files().items()}}, "as it was")
    work.push("main")
    return tools


def hits(database) -> list:
    return [row[0] for row in database.rows("SELECT id FROM hit ORDER BY id")]


@pytest.mark.parametrize("kind", [Flyway, Goose, Sqlx])
def test_the_configurations_word_settles_what_was_applied_and_the_rest_is_the_initial_change(workspace, kind):
    tools = set_up(workspace, kind, more="history: adopt,")
    workspace.start()
    workspace.wait_awaited(1, "approvals (dba)")
    change = workspace.change(1)
    assert change["kind"] == "initial" and [file["path"] for file in change["files"]] == [f"db/{tools['dev'].path(4)}"]
    for database in workspace.targets.values():
        assert [state for _, state in ledger(database)][:3] == ["adopted"] * 3
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    for database in workspace.targets.values():
        assert hits(database) == [2, 3, 4] and [state for _, state in ledger(database)][3] == "applied"
    audit = [row for row in workspace.json("audit", who="dana")["audit"] if row["action"] == "target.adopt"]
    assert len(audit) == 2 and all(f"3 files of the history of {tools['dev'].name}" in row["detail"] for row in audit)
    workspace.stop()
    workspace.start()
    assert len(workspace.changes()) == 1


def test_where_everything_is_applied_already_no_change_is_made_up(workspace):
    set_up(workspace, Flyway, upto=4, more="history: adopt,")
    workspace.start()
    assert workspace.changes() == []
    assert [state for _, state in ledger(workspace.targets["prod"])] == ["adopted"] * 4


def test_without_a_word_nothing_runs_until_a_dba_says_it(workspace):
    tools = set_up(workspace, Flyway)
    workspace.start()
    workspace.wait_awaited(1, "sluice target adopt dev")
    assert hits(workspace.targets["dev"]) == [2, 3]
    assert workspace.run("target", "adopt", "dev", who="ana").status == 4
    shown = workspace.ok("target", "adopt", "dev", "--dry-run", who="dana")
    assert "the history of Flyway (flyway_schema_history)" in shown and f"{tools['dev'].path(3)}  would be adopted" in shown and f"{tools['dev'].path(4)}  pending" in shown
    assert not workspace.targets["dev"].rows("SELECT 1 FROM sqlite_schema WHERE name LIKE '%sluice_migration'")
    answer = workspace.json("target", "adopt", "dev", "--reason", "moving in", who="dana")
    assert answer["histories"][0]["adopted"] == [tools["dev"].path(number) for number in (1, 2, 3)]
    workspace.wait_stage(1, "dev", "done")
    assert hits(workspace.targets["dev"]) == [2, 3, 4]
    assert workspace.targets["dev"].rows("SELECT DISTINCT actor, reason FROM _sluice_migration WHERE state = 'adopted'") == [
        ("dana", "Flyway: flyway_schema_history: moving in")
    ]
    workspace.wait_awaited(1, "approvals (dba)")
    workspace.ok("approve", 1, who="dana")
    workspace.wait_awaited(1, "sluice target adopt prod")
    assert "adopted" in workspace.ok("target", "adopt", "prod", who="dana")
    workspace.wait_change(1, "done")
    assert hits(workspace.targets["prod"]) == [2, 3, 4]


def test_a_bad_state_blocks_with_its_remedy_and_goes_on_when_it_is_mended(workspace):
    tools = set_up(workspace, Flyway, more="history: adopt,")
    tools["dev"].insert(4, success=False)
    workspace.start()
    change = workspace.wait_awaited(1, "Flyway has it as failed or unfinished")
    assert "flyway repair" in change["waits_for"] and hits(workspace.targets["dev"]) == [2, 3]
    workspace.targets["dev"].execute("DELETE FROM flyway_schema_history WHERE success = 0")
    (task,) = workspace.stage(1, "dev")["tasks"]
    workspace.ok("retry", task["id"], who="dana")
    workspace.wait_stage(1, "dev", "done")
    assert hits(workspace.targets["dev"]) == [2, 3, 4]


def test_what_the_tool_applied_after_the_adoption_is_adopted_too(workspace):
    tools = set_up(workspace, Goose, upto=2, more="history: adopt,")
    workspace.start()
    workspace.wait_stage(1, "dev", "done")
    workspace.targets["prod"].execute("INSERT INTO hit (id) VALUES (3)")
    tools["prod"].insert(3)
    workspace.wait_awaited(1, "approvals (dba)")
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    assert hits(workspace.targets["prod"]) == [2, 3, 4]
    assert [state for _, state in ledger(workspace.targets["prod"])] == ["adopted", "adopted", "adopted", "applied"]


def test_a_target_that_was_out_of_reach_at_first_is_adopted_before_it_runs(workspace):
    tools = set_up(workspace, Flyway, more="history: adopt,")
    away = workspace.targets["prod"].path.with_suffix(".away")
    workspace.targets["prod"].path.rename(away)
    workspace.start()
    workspace.wait_stage(1, "dev", "done")
    assert len(workspace.change(1)["files"]) == 4
    away.rename(workspace.targets["prod"].path)
    workspace.wait_awaited(1, "approvals (dba)")
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    assert hits(workspace.targets["prod"]) == [2, 3, 4] and len(tools) == 2
    assert [state for _, state in ledger(workspace.targets["prod"])] == ["adopted"] * 3 + ["applied"]


def test_a_postgres_target_is_adopted_by_the_configurations_word(sluice, tmp_workspace, pg):
    workspace = Workspace(sluice)
    try:
        tool = Sqlx(pg)
        tool.run(3)
        workspace.configure(r"  - \{name: dev, environment: dev[^\n]*\n", "")
        workspace.configure(r"  - \{name: dev\}\n", "")
        workspace.configure(r'url: "sqlite:[^"]*prod.db"', f'url: "{pg.url}"')
        workspace.configure(r"\{path: migrations,", "{path: db, history: adopt,")
        work = workspace.repository
        work.commit({"migrations/V1__shop.sql": None, **{f"db/{path}": text for path, text in tool.files().items()}}, "as it was")
        work.push("main")
        workspace.start()
        workspace.wait_awaited(1, "approvals (dba)")
        workspace.ok("approve", 1, who="dana")
        workspace.wait_change(1, "done")
        assert hits(pg) == [2, 3, 4] and [state for _, state in ledger(pg)] == ["adopted"] * 3 + ["applied"]
    finally:
        workspace.close()


def test_a_target_with_neither_ledger_nor_history_has_nothing_to_adopt(workspace):
    workspace.start()
    done = workspace.run("target", "adopt", "prod", who="dana")
    assert done.status == 6 and "there is nothing to adopt" in done.err
