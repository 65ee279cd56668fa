"""`sluice change open` and `change merge`: a change without a repository of one's own walks like any other."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.workspace import Workspace, columns, ledger

NOTE = "ALTER TABLE orders ADD COLUMN note TEXT;\n"


@pytest.fixture
def workspace(sluice, tmp_workspace):
    made = Workspace(sluice)
    yield made.start()
    made.close()


def write(tmp_workspace, name, sql):
    path = tmp_workspace / name
    path.write_text(sql)
    return path


def test_an_opened_change_is_reviewed_merged_approved_and_applied(workspace, tmp_workspace):
    path = write(tmp_workspace, "note.sql", NOTE)
    out = workspace.ok("change", "open", path, "--targets", "app = 'shop'", "--title", "Orders get a note", who="ana")
    assert out == "change 1 opened\n"
    change = workspace.change(1)
    assert (change["project"], change["state"], change["author"], change["title"]) == ("sluice", "open", "ana", "Orders get a note")
    assert change["review"]["errors"] == 0
    assert [stage["environment"] for stage in change["stages"]] == ["dev", "prod"]
    assert columns(workspace.targets["dev"], "orders")[-1] == "total_cents"
    workspace.ok("change", "merge", 1, who="ana")
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    assert columns(workspace.targets["dev"], "orders")[-1] == "note"
    assert columns(workspace.targets["prod"], "orders")[-1] == "total_cents"
    assert workspace.run("approve", 1, who="ana").status == 4
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    assert columns(workspace.targets["prod"], "orders")[-1] == "note"
    assert [state for _, state in ledger(workspace.targets["prod"], "own")] == ["applied"]


def test_a_selector_takes_only_its_targets(workspace, tmp_workspace):
    path = write(tmp_workspace, "note.sql", NOTE)
    workspace.ok("change", "open", path, "--targets", "environment = 'dev'", who="ana")
    assert [stage["environment"] for stage in workspace.change(1)["stages"]] == ["dev"]
    workspace.ok("change", "merge", 1, who="ana")
    workspace.wait_change(1, "done")
    assert columns(workspace.targets["prod"], "orders")[-1] == "total_cents"


def test_opened_changes_do_not_wait_for_one_another(workspace, tmp_workspace):
    """The later one goes first: that is no version out of order."""
    first = write(tmp_workspace, "first.sql", NOTE)
    second = write(tmp_workspace, "second.sql", "CREATE TABLE visitor (id INTEGER PRIMARY KEY);\n")
    workspace.ok("change", "open", first, "--targets", "environment = 'dev'", who="ana")
    workspace.ok("change", "open", second, "--targets", "environment = 'dev'", who="dana")
    workspace.ok("change", "merge", 2, who="dana")
    workspace.wait_change(2, "done")
    workspace.ok("change", "merge", 1, who="ana")
    workspace.wait_change(1, "done")
    assert [state for _, state in ledger(workspace.targets["dev"], "own")] == ["applied", "applied"]
    assert len(workspace.changes()) == 2


def test_what_is_opened_and_merged_at_the_same_moment_is_all_there(workspace, tmp_workspace):
    numbers = range(1, 9)

    def open_one(n):
        path = write(tmp_workspace, f"t{n}.sql", f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY);\n")
        return workspace.run("change", "open", path, "--targets", "environment = 'dev'", who="ana")

    with ThreadPoolExecutor(len(numbers)) as people:
        assert [done.status for done in people.map(open_one, numbers)] == [0] * len(numbers)
        merged = list(people.map(lambda n: workspace.run("change", "merge", n, who="ana"), numbers))
    assert [done.status for done in merged] == [0] * len(numbers), merged
    for n in numbers:
        workspace.wait_change(n, "done")


def test_an_opened_change_that_is_merged_red_is_held(workspace, tmp_workspace):
    path = write(tmp_workspace, "visitor.sql", "CREATE TABLE visitor (name TEXT);\n")
    workspace.ok("change", "open", path, "--targets", "environment = 'dev'", who="ana")
    workspace.ok("change", "merge", 1, who="ana")
    workspace.wait_awaited(1, "held: merged with 1 error")
    assert columns(workspace.targets["dev"], "visitor") == []


def test_an_opened_change_survives_a_restart(workspace, tmp_workspace):
    path = write(tmp_workspace, "note.sql", NOTE)
    workspace.ok("change", "open", path, "--targets", "app = 'shop'", who="ana")
    workspace.kill()
    workspace.start()
    workspace.ok("change", "merge", 1, who="ana")
    workspace.wait_stage(1, "dev", "done")


@pytest.mark.parametrize(
    ("words", "who", "status", "said"),
    [
        (["--targets", "app = 'shop'"], None, 4, "SLUICE_TOKEN"),
        (["--targets", "app = 'nowhere'"], "ana", 2, "there is no app 'nowhere'"),
        (["--targets", "app = 'shop' and environment = 'dev' and target = 'prod'"], "ana", 2, "no target has"),
        (["--targets", "app = "], "ana", 2, "app ="),
        ([], "ana", 2, "--targets"),
    ],
)
def test_what_cannot_be_opened_says_why(workspace, tmp_workspace, words, who, status, said):
    path = write(tmp_workspace, "note.sql", NOTE)
    done = workspace.run("change", "open", path, *words, who=who)
    assert done.status == status, done
    assert said in done.err
    assert workspace.changes() == []


def test_an_empty_file_and_a_missing_one_open_nothing(workspace, tmp_workspace):
    empty = write(tmp_workspace, "empty.sql", " \n")
    assert workspace.run("change", "open", empty, "--targets", "app = 'shop'", who="ana").status == 2
    assert workspace.run("change", "open", tmp_workspace / "none.sql", "--targets", "app = 'shop'", who="ana").status == 2
    assert workspace.changes() == []


def test_a_change_of_a_repository_is_merged_there(workspace):
    work = workspace.repository
    work.branch("change/note")
    work.commit({"migrations/V2__note.sql": NOTE})
    work.push("change/note")
    done = workspace.run("change", "merge", 1, who="ana")
    assert done.status == 2
    assert "merge it with Git" in done.err
    assert workspace.run("change", "merge", 7, who="ana").status == 5
