"""How far Sluice goes in an environment: observe, review, gate, apply, alone and mixed, through the daemon."""

import pytest

from harness.wait import wait_until
from harness.workspace import RISKY, SAFE, Workspace, columns, ledger

V2 = "migrations/V2__discount.sql"
RULE = "column-disallow-not-null-without-default"


@pytest.fixture
def start(sluice, tmp_workspace):
    """A demo with these modes, its daemon running."""
    made = []

    def start(dev="apply", prod="apply", project=""):
        workspace = Workspace(sluice)
        made.append(workspace)
        workspace.configure(r"- \{name: dev\}", f"- {{name: dev, mode: {dev}}}")
        workspace.configure(r"- \{name: prod\}", f"- {{name: prod, mode: {prod}}}")
        if project:
            workspace.configure(r"    migrations: \[", f"    modes: {project}\n    migrations: [")
        return workspace.start()

    yield start
    for workspace in made:
        workspace.close()


def propose(workspace, sql) -> str:
    work = workspace.repository
    work.branch("change/discount")
    work.commit({V2: sql}, "a discount")
    return work.push("change/discount")


def note(workspace) -> str:
    work = workspace.repository
    work.git("fetch", "-q", "origin", "refs/notes/sluice:refs/notes/sluice")
    return work.git("notes", "--ref", "sluice", "show", "HEAD")


def states(workspace) -> dict:
    return {stage["environment"]: stage["state"] for stage in workspace.change(1)["stages"]}


def texts(workspace) -> list:
    return [event["text"] for event in workspace.change(1)["events"]]


def wait(workspace, environment):
    return workspace.run("wait", "--commit", workspace.repository.head("change/discount"), "--environment", environment)


def test_observe_says_what_would_be_blocked_and_blocks_and_applies_nothing(start):
    workspace = start("observe", "observe")
    answer = propose(workspace, RISKY)
    assert "NEUTRAL: would be blocked: observe mode (1 error in 1 migration), risk high" in answer
    assert RULE in answer
    assert "BLOCKED" not in answer
    told = note(workspace)
    assert "sluice/review: neutral" in told
    assert "would be blocked: observe mode" in told
    assert "merge blocked" not in told
    workspace.repository.push("change/discount:main")
    change = workspace.wait_change(1, "done")
    assert not change["held"]
    assert (change["review"]["errors"], change["review"]["would_block"]) == (0, 1)
    assert [(stage["state"], stage["tasks"], stage["steps"]) for stage in change["stages"]] == [("left", [], []), ("left", [], [])]
    assert {stage["left"] for stage in change["stages"]} == {"not applied: observe mode"}
    assert "stage prod: not applied, observe mode" in texts(workspace)
    assert not [text for text in texts(workspace) if "nothing" in text and "was applied" not in text]
    assert workspace.history() == []
    assert "discount" not in columns(workspace.targets["dev"], "orders")
    assert workspace.json("status")["status"]["would_block"] == {RULE: 1}
    assert RULE in workspace.ok("status")


def test_observe_without_objections_stays_neutral(start):
    workspace = start("observe", "observe")
    answer = propose(workspace, SAFE)
    assert "NEUTRAL: " in answer and "; observe mode, risk" in answer
    assert "would be blocked" not in answer
    assert "sluice/review: neutral" in note(workspace)
    assert workspace.json("status")["status"]["would_block"] == {}


def test_review_turns_red_and_holds_nothing(start):
    workspace = start("review", "review")
    assert "BLOCKED: 1 error" in propose(workspace, RISKY)
    assert "sluice/review: blocked" in note(workspace)
    workspace.repository.push("change/discount:main")
    change = workspace.wait_change(1, "done")
    assert (change["held"], change["review"]["errors"]) == (False, 1)
    assert {stage["left"] for stage in change["stages"]} == {"not applied: review mode"}
    waited = wait(workspace, "prod")
    assert waited.status == 9, waited
    assert "not applied: review mode" in waited.err
    assert workspace.history() == []


def test_gate_asks_for_approvals_and_sees_what_the_teams_tool_applied(start, sluice):
    workspace = start("apply", "gate")
    assert "risk high" in propose(workspace, SAFE)
    workspace.repository.push("change/discount:main")
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    assert states(workspace) == {"dev": "done", "prod": "waiting"}
    workspace.ok("approve", 1, who="dana")
    workspace.wait_awaited(1, "waiting for the team's own tool in prod: V2__discount.sql is not yet applied on prod")
    prod = workspace.stage(1, "prod")
    assert (prod["state"], prod["tasks"], prod["left"]) == ("left", [], "left to the team's own tool: V2__discount.sql is not yet applied on prod")
    assert "stage prod: left to the team's own tool" in texts(workspace)
    assert "not yet applied" in workspace.ok("change", "show", 1)
    assert ledger(workspace.targets["prod"]) == [("1", "applied")]
    assert [run["target"] for run in workspace.history()] == ["dev"]
    workspace.repository.git("switch", "-q", "change/discount")
    sluice.ok("migrate", "--url", workspace.targets["prod"].url, "--dir", workspace.repository.folder / "migrations")
    workspace.wait_change(1, "done", timeout=60)
    prod = workspace.stage(1, "prod")
    assert prod["state"] == "elsewhere" and prod["left"].startswith("applied by sluice migrate at ")
    assert "applied everywhere, in part by the team's own tool" in texts(workspace)
    assert wait(workspace, "prod").status == 0
    (seen,) = [run["detail"] for run in workspace.history() if run["outcome"] == "elsewhere"]
    wait_until(lambda: f"\nsluice/applied: prod, prod: {seen}\n" in workspace.repository.note(), what="who applied it, in the note")


def test_behind_a_gate_the_next_environment_waits_until_it_was_seen_applied(start, sluice):
    workspace = start("gate", "apply")
    propose(workspace, SAFE)
    workspace.repository.push("change/discount:main")
    workspace.wait_awaited(1, "waiting for the team's own tool in dev: V2__discount.sql is not yet applied on dev")
    assert states(workspace) == {"dev": "left", "prod": "waiting"}
    workspace.ok("approve", 1, "--environment", "prod", who="dana")
    workspace.wait_awaited(1, "waiting for the team's own tool in dev: V2__discount.sql is not yet applied on dev")
    assert ledger(workspace.targets["prod"]) == [("1", "applied")]
    workspace.repository.git("switch", "-q", "change/discount")
    sluice.ok("migrate", "--url", workspace.targets["dev"].url, "--dir", workspace.repository.folder / "migrations")
    workspace.wait_change(1, "done", timeout=60)
    assert states(workspace) == {"dev": "elsewhere", "prod": "done"}
    assert ledger(workspace.targets["prod"]) == [("1", "applied"), ("2", "applied")]


def test_gate_holds_what_was_merged_red(start):
    workspace = start("observe", "gate")
    assert "BLOCKED: 1 error" in propose(workspace, RISKY)
    workspace.repository.push("change/discount:main")
    workspace.wait_awaited(1, "held: merged with 1 error in its review")
    assert workspace.stage(1, "prod")["state"] == "waiting"


def test_a_project_has_a_mode_of_its_own_in_an_environment(start):
    workspace = start("apply", "apply", project="{prod: observe}")
    propose(workspace, SAFE)
    workspace.repository.push("change/discount:main")
    workspace.wait_change(1, "done")
    assert states(workspace) == {"dev": "done", "prod": "left"}
    assert {stage["environment"]: stage["mode"] for stage in workspace.change(1)["stages"]} == {"dev": "apply", "prod": "observe"}
    assert "discount" in columns(workspace.targets["dev"], "orders")
    assert "discount" not in columns(workspace.targets["prod"], "orders")
    assert "applied as far as the modes of its environments go" in texts(workspace)
