"""What becomes of changes on plain Git: merged by content, in part, superseded, pushed directly, held, closed."""

import pathlib
import re
import shutil
import tempfile
import time
import urllib.request

import pytest

from harness.wait import wait_until
from harness.workspace import RISKY, SAFE, Repository, Workspace, columns, ledger

V2 = "migrations/V2__discount.sql"
V3 = "migrations/V3__note.sql"
NOTE = "ALTER TABLE orders ADD COLUMN note TEXT;\n"


@pytest.fixture
def workspace(sluice, tmp_workspace):
    made = Workspace(sluice)
    yield made.start()
    made.close()


@pytest.fixture
def work(workspace):
    return workspace.repository


def propose(work, branch, files, base="main", who="ana"):
    """Pushes a new branch with one commit; what the push was answered."""
    work.branch(branch, base)
    work.commit(files, f"what {branch} brings")
    return work.push(branch, who=who)


def merge(work, *words, who="ana"):
    work.git("switch", "-q", "main")
    work.git("merge", "-q", *words)
    work.push("main", who=who)


def page(workspace, path) -> str:
    at = re.findall(r"url=(\S+)", workspace.daemon.log.read_text())[-1]
    request = urllib.request.Request(at + path, headers={"Authorization": f"Bearer {workspace.token('dana')}"})
    return urllib.request.urlopen(request, timeout=20).read().decode()


def states(workspace):
    return {change["id"]: change["state"] for change in workspace.changes()}


def test_a_change_that_is_merged_in_part_stays_open_and_says_what_is_missing(workspace, work):
    propose(work, "change/two", {V2: SAFE, V3: NOTE})
    work.git("switch", "-q", "main")
    work.commit({V2: SAFE}, "half of it")
    work.push("main")
    change = workspace.wait_awaited(1, "merged in part, not on main yet: V3__note.sql")
    assert change["state"] == "open"
    assert "discount" not in columns(workspace.targets["dev"], "orders")
    work.commit({V3: NOTE}, "the other half")
    work.push("main")
    workspace.wait_stage(1, "dev", "done")
    assert columns(workspace.targets["dev"], "orders")[-2:] == ["discount", "note"]
    assert len(workspace.changes()) == 1


def test_a_part_that_came_by_a_real_merge_still_belongs_to_its_change(workspace, work):
    work.branch("change/two")
    work.commit({V2: SAFE}, "the first half")
    work.commit({V3: NOTE}, "the second half")
    work.push("change/two")
    merge(work, "--ff-only", "change/two~1")
    workspace.wait_awaited(1, "not on main yet: V3__note.sql")
    work.git("switch", "-q", "change/two")
    work.commit({"README": "a new head\n"}, "readme")
    work.push("change/two")
    workspace.wait_change(1, lambda change: change["head"] == work.head())
    assert [file["path"] for file in workspace.change(1)["files"]] == [V2, V3]
    merge(work, "--ff-only", "change/two")
    workspace.wait_stage(1, "dev", "done")
    assert len(workspace.changes()) == 1


def test_other_content_on_the_branch_supersedes_a_change_and_is_held_as_a_direct_one(workspace, work):
    propose(work, "change/discount", {V2: SAFE})
    work.git("switch", "-q", "main")
    work.commit({V2: SAFE.replace("INTEGER", "BIGINT")}, "another discount")
    work.push("main")
    change = workspace.wait_change(1, "superseded")
    assert any("V2__discount.sql has other content on main" in event["text"] for event in change["events"])
    direct = workspace.wait_change(2, "merged")
    assert (direct["kind"], direct["held"]) == ("direct", True)
    assert "discount" not in columns(workspace.targets["dev"], "orders")


def test_a_direct_push_is_held_until_a_dba_resumes_it_and_then_needs_its_approvals(workspace, work):
    work.commit({V2: SAFE}, "straight to main")
    answer = work.push("main")
    assert "held" in answer, answer
    workspace.wait_awaited(1, "held: pushed to the branch without a change")
    change = workspace.wait_change(1, lambda change: change["author"] == "ana")
    assert (change["kind"], change["held"]) == ("direct", True)
    assert workspace.run("resume", 1, who="ana").status == 4
    assert "discount" not in columns(workspace.targets["dev"], "orders")
    workspace.ok("resume", 1, "--reason", "looked at it", who="dana")
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    assert "discount" in columns(workspace.targets["dev"], "orders")
    assert "discount" not in columns(workspace.targets["prod"], "orders")
    assert workspace.run("approve", 1, who="ana").status == 4
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    assert "discount" in columns(workspace.targets["prod"], "orders")


def test_equal_files_on_two_branches_belong_to_the_change_that_was_pushed_first(workspace, work):
    propose(work, "change/first", {V2: SAFE})
    workspace.wait_change(1, lambda change: "review" in change)
    propose(work, "change/second", {V2: SAFE, V3: NOTE})
    second = workspace.wait_change(2, lambda change: "review" in change)
    assert [file["path"] for file in second["files"]] == [V3]
    merge(work, "--no-ff", "-m", "both", "change/second")
    for number in (1, 2):
        workspace.wait_stage(number, "dev", "done")
    assert ledger(workspace.targets["dev"]) == [("1", "applied"), ("2", "applied"), ("3", "applied")]
    workspace.wait_awaited(1, "approvals")
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    assert columns(workspace.targets["prod"], "orders")[-1] == "discount"


def test_a_change_built_on_another_brings_only_its_own_files(workspace, work):
    propose(work, "change/below", {V2: SAFE})
    answer = propose(work, "change/above", {V3: "UPDATE orders SET discount = 5 WHERE id = 1;\n"}, base="change/below")
    assert "in 1 migration" in answer
    assert [file["path"] for file in workspace.change(2)["files"]] == [V3]


def test_what_a_closed_change_claimed_falls_to_the_next(workspace, work):
    propose(work, "change/first", {V2: SAFE})
    propose(work, "change/second", {V2: SAFE, V3: NOTE})
    workspace.wait_change(2, lambda change: "review" in change)
    work.push(":change/first")
    workspace.wait_change(1, "closed")
    workspace.wait_change(2, lambda change: [file["path"] for file in change["files"]] == [V2, V3])


def test_a_branch_deleted_unmerged_closes_its_change(workspace, work):
    propose(work, "change/discount", {V2: SAFE})
    work.push(":change/discount")
    change = workspace.wait_change(1, "closed")
    assert change["events"][0]["text"] == "the branch was deleted"
    assert workspace.history() == []


def test_a_branch_pushed_again_after_it_was_deleted_is_a_new_change(workspace, work):
    propose(work, "change/discount", {V2: SAFE})
    work.push(":change/discount")
    workspace.wait_change(1, "closed")
    work.push("change/discount")
    workspace.wait_change(2, "open")


def test_a_change_merged_red_is_held_until_somebody_resumes_it(workspace, work):
    propose(work, "change/discount", {V2: RISKY})
    merge(work, "--ff-only", "change/discount")
    change = workspace.wait_awaited(1, "held: merged with 1 error in its review")
    assert change["state"] == "merged"
    assert workspace.history() == []
    workspace.ok("resume", 1, "--reason", "the table is empty", who="dana")
    workspace.wait_stage(1, "dev", "failed")


def test_a_waiver_of_its_errors_releases_a_change_that_was_merged_red(workspace, work):
    propose(work, "change/customers", {V2: "CREATE TABLE visitor (name TEXT);\n"})
    finding = next(finding for finding in workspace.change(1)["files"][0]["lines"][0]["findings"])
    assert (finding["rule"], finding["severity"]) == ("table-require-primary-key", "error")
    merge(work, "--ff-only", "change/customers")
    workspace.wait_awaited(1, "held: merged with 1 error")
    assert workspace.run("waive", 1, "table-require-primary-key", "--reason", "mine", who="ana").status == 4
    workspace.ok("waive", 1, "table-require-primary-key", "--reason", "a log", who="dana")
    change = workspace.wait_stage(1, "dev", "done")
    change = workspace.change(1)
    assert not change["held"]
    assert change["review"]["errors"] == 0
    assert columns(workspace.targets["dev"], "visitor") == ["name"]


def test_a_hold_of_a_person_is_not_ended_by_a_waiver(workspace, work):
    propose(work, "change/customers", {V2: "CREATE TABLE visitor (name TEXT);\n"})
    workspace.ok("hold", 1, "--reason", "month end", who="dana")
    merge(work, "--ff-only", "change/customers")
    workspace.wait_change(1, "merged")
    workspace.ok("waive", 1, "table-require-primary-key", "--reason", "a log", who="dana")
    workspace.wait_change(1, lambda change: change["review"]["errors"] == 0)
    change = workspace.wait_awaited(1, "held by dana: month end")
    assert workspace.history() == []
    assert change["held"]


def test_a_change_that_nobody_is_known_to_have_pushed_needs_one_approval_more(workspace, work):
    workspace.stop()
    (workspace.root / "repo.git/hooks/post-receive").unlink()
    (workspace.root / "dora.token").write_text("slu_a-token-of-dora\n")
    workspace.configure(r"roles:", f'  - {{name: dora, email: dora@example.com, token: "file:{workspace.root}/dora.token"}}\nroles:')
    workspace.configure(r"dba: \[dana\]", "dba: [dana, dora]")
    workspace.start()
    work.git("config", "user.email", "stranger@elsewhere.example")
    propose(work, "change/discount", {V2: SAFE})
    merge(work, "--ff-only", "change/discount")
    workspace.wait_awaited(1, "waiting for 2 of 2 approvals (dba)")
    workspace.ok("approve", 1, who="dana")
    assert workspace.run("approve", 1, who="dana").status == 6
    workspace.wait_awaited(1, "waiting for 1 of 2 approvals (dba)")
    workspace.ok("approve", 1, who="dora")
    workspace.wait_change(1, "done")


def test_a_token_says_who_pushed_whatever_the_environment_says(workspace, work):
    work.act_as("dana")
    work.branch("change/discount")
    work.commit({V2: SAFE})
    work.git("push", "-q", "origin", "change/discount", env={"SLUICE_TOKEN": workspace.token("ana"), "SLUICE_USER": "dana"})
    change = workspace.wait_change(1, "open")
    assert change["author"] == "ana"


def test_a_force_push_changes_head_and_review(workspace, work):
    assert "BLOCKED" in propose(work, "change/discount", {V2: RISKY})
    first = workspace.change(1)
    work.git("reset", "-q", "--hard", "main")
    work.commit({V2: SAFE}, "begun anew")
    assert "PASSED" in work.push("+change/discount")
    change = workspace.wait_change(1, lambda change: change["head"] == work.head())
    assert change["review"]["errors"] == 0
    assert change["title"] == "begun anew"
    assert change["stages"][1]["digest"] != first["stages"][1]["digest"]


def test_other_content_voids_an_approval(workspace, work):
    propose(work, "change/discount", {V2: SAFE})
    workspace.ok("approve", 1, "--environment", "prod", who="dana")
    work.commit({V2: SAFE.replace("INTEGER", "BIGINT")})
    work.push("change/discount")
    merge(work, "--ff-only", "change/discount")
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    assert workspace.history("prod") == []


def test_a_rebase_with_the_same_content_keeps_an_approval(workspace, work):
    propose(work, "change/discount", {V2: SAFE})
    workspace.ok("approve", 1, "--environment", "prod", who="dana")
    work.git("switch", "-q", "main")
    work.commit({"README": "another commit\n"}, "readme")
    work.push("main")
    work.git("switch", "-q", "change/discount")
    work.git("rebase", "-q", "main")
    work.push("+change/discount")
    merge(work, "--ff-only", "change/discount")
    workspace.wait_change(1, "done")


def test_a_hold_stops_a_change_between_two_stages(workspace, work):
    propose(work, "change/discount", {V2: SAFE})
    workspace.ok("approve", 1, "--environment", "prod", who="dana")
    assert workspace.run("hold", 1, who="ana").status == 2
    workspace.ok("hold", 1, "--reason", "month end", who="ana")
    merge(work, "--ff-only", "change/discount")
    workspace.wait_awaited(1, "held by ana: month end")
    assert workspace.history() == []
    workspace.ok("resume", 1, who="dana")
    workspace.wait_change(1, "done")


def test_a_hold_set_after_dev_keeps_prod_waiting(workspace, work):
    propose(work, "change/discount", {V2: SAFE})
    merge(work, "--ff-only", "change/discount")
    workspace.wait_stage(1, "dev", "done")
    workspace.ok("hold", 1, "--reason", "month end", who="dana")
    workspace.ok("approve", 1, who="dana")
    workspace.wait_awaited(1, "held by dana: month end")
    assert workspace.history("prod") == []
    workspace.ok("resume", 1, who="dana")
    workspace.wait_change(1, "done")


def test_a_push_to_a_repository_that_is_not_ours_is_ignored(workspace, work):
    other = workspace.home / "other.git"
    shutil.copytree(workspace.root / "repo.git", other)
    clone = Repository(workspace, workspace.home / "elsewhere", other)
    answer = propose(clone, "change/discount", {V2: SAFE})
    assert "change 1" not in answer
    propose(work, "change/note", {V3: NOTE})
    assert [(change["id"], change["branch"]) for change in workspace.changes()] == [(1, "change/note")]


def test_a_squashed_branch_that_stays_does_not_come_again(workspace, work):
    propose(work, "change/discount", {V2: SAFE})
    work.git("switch", "-q", "main")
    work.git("merge", "-q", "--squash", "change/discount")
    work.git("commit", "-q", "-m", "squashed")
    work.push("main")
    workspace.wait_stage(1, "dev", "done")
    propose(work, "change/note", {V3: NOTE})
    workspace.wait_change(2, "open")
    assert [change["branch"] for change in workspace.changes()] == ["change/note", "change/discount"]


def test_a_branch_into_which_main_was_merged_brings_only_its_own_files(workspace, work):
    propose(work, "change/note", {V3: NOTE})
    propose(work, "change/discount", {V2: SAFE})
    merge(work, "--ff-only", "change/discount")
    workspace.wait_stage(2, "dev", "done")
    work.git("switch", "-q", "change/note")
    work.git("merge", "-q", "main", "-m", "up to date")
    work.push("change/note", "change/note:main")
    change = workspace.wait_stage(1, "dev", "done")
    change = workspace.change(1)
    assert [file["path"] for file in change["files"]] == [V3]
    assert len(workspace.changes()) == 2


def test_a_branch_without_migrations_is_no_change(workspace, work):
    assert propose(work, "change/readme", {"README": "hello\n"}) == ""
    propose(work, "change/note", {V3: NOTE})
    assert [change["branch"] for change in workspace.changes()] == ["change/note"]


def test_the_review_is_kept_as_a_note_of_the_commit(workspace, work):
    propose(work, "change/discount", {V2: RISKY})
    workspace.wait_change(1, "open")
    text = wait_until(lambda: work.note("change/discount"), what="a note")
    assert text.startswith("sluice/review: blocked")
    assert "V2__discount.sql" in text


V1 = "migrations/V1__shop.sql"


def removed(change) -> list:
    return [(file["path"], file["gone"], finding["rule"], finding["message"]) for file in change["files"] for finding in file["whole"]]


def take_away(work, branch):
    work.branch(branch)
    work.git("rm", "-q", V1)
    work.git("commit", "-q", "-m", "tidy up")
    return work.push(branch)


GONE = (V1, True, "migration-removed-applied", "version 1 is applied on dev, and its file is gone")


def test_a_branch_that_only_deletes_an_applied_migration_is_a_red_change(workspace, work):
    answer = take_away(work, "change/tidy")
    assert "BLOCKED" in answer and GONE[3] in answer
    assert removed(workspace.wait_change(1, "open")) == [GONE]
    assert "BLOCKED" in take_away(work, "change/too"), "another branch that does the same"
    merge(work, "--ff-only", "change/tidy")
    workspace.wait_change(1, "merged")
    workspace.wait_change(2, "merged")
    assert [change["held"] for change in workspace.changes()] == [True, True]


def merge_deletion(workspace, work):
    """Merged red: held, and told wherever a change is."""
    take_away(work, "change/tidy")
    merge(work, "--ff-only", "change/tidy")
    return workspace.wait_awaited(1, "held: merged with 1 error in its review")


def test_a_merged_deletion_is_held_for_its_error_and_shown_everywhere(workspace, work):
    change = merge_deletion(workspace, work)
    assert (change["state"], change["held"], change["stages"], removed(change)) == ("merged", True, [], [GONE])
    assert "held: merged with 1 error in its review" in workspace.ok("status")
    shown = page(workspace, "/changes/1")
    assert "Held by sluice: merged with 1 error in its review" in shown and "migration-removed-applied" in shown
    assert "held by sluice: merged with 1 error in its review" in page(workspace, "/changes")
    assert work.note("change/tidy").startswith("sluice/review: blocked") and GONE[3] in work.note("change/tidy")
    waited = workspace.run("wait", "--commit", work.head(), "--environment", "prod", "--timeout", "20s")
    assert (waited.status, "held by sluice: merged with 1 error in its review" in waited.err) == (9, True), waited.err
    kinds = [event["kind"] for event in change["events"]]
    assert "change.held" in kinds and "change.nothing" not in kinds


def test_a_merged_deletion_is_released_by_a_waiver(workspace, work):
    merge_deletion(workspace, work)
    assert workspace.run("waive", 1, "migration-removed-applied", "--reason", "mine", who="ana").status == 4
    workspace.ok("waive", 1, "migration-removed-applied", "--reason", "squashed", who="dana")
    change = workspace.wait_change(1, "nothing")
    assert (change["held"], change["review"]["errors"], removed(change)) == (False, 0, [GONE])
    wait_until(lambda: work.note("change/tidy").startswith("sluice/review: passed"), what="the note of the waiver")


def test_a_merged_deletion_is_released_by_a_person(workspace, work):
    merge_deletion(workspace, work)
    assert workspace.run("resume", 1, who="ana").status == 4
    workspace.ok("resume", 1, "--reason", "it is in the archive", who="dana")
    assert not workspace.wait_change(1, "nothing")["held"]


def test_a_merged_deletion_is_overtaken_when_the_file_is_back(workspace, work):
    text = (work.folder / V1).read_text()
    merge_deletion(workspace, work)
    propose(work, "change/back", {V1: text})
    merge(work, "--ff-only", "change/back")
    assert workspace.wait_change(1, "superseded")["events"][0]["text"] == "what it deleted is there again"
    workspace.wait_stage(2, "dev", "nothing")


def test_a_merged_deletion_that_no_target_has_applied_is_not_held(workspace, work):
    work.branch("change/two")
    work.commit({V2: SAFE}, "one comes")
    work.push("change/two")
    workspace.ok("hold", 1, "--reason", "not yet", who="dana")
    merge(work, "--ff-only", "change/two")
    workspace.wait_change(1, "merged")
    work.branch("change/never")
    work.git("rm", "-q", V2)
    work.git("commit", "-q", "-m", "one goes")
    assert "PASSED" in work.push("change/never")
    merge(work, "--ff-only", "change/never")
    assert not workspace.wait_change(2, "nothing")["held"]


def test_a_deletion_is_waived_and_what_comes_with_it_goes_on(workspace, work):
    work.branch("change/two")
    work.git("rm", "-q", V1)
    work.commit({V2: SAFE}, "one goes, one comes")
    work.push("change/two")
    merge(work, "--ff-only", "change/two")
    assert workspace.wait_change(1, "merged")["held"]
    workspace.ok("waive", 1, "migration-removed-applied", "--reason", "squashed", who="dana")
    workspace.wait_stage(1, "dev", "done")
    assert "discount" in columns(workspace.targets["dev"], "orders")
    assert removed(workspace.change(1)) == [GONE], "the waived finding is still told"


def delete_directly(work, path):
    work.git("rm", "-q", path)
    work.git("commit", "-q", "-m", "straight to main")
    return work.push("main")


def test_a_direct_deletion_of_what_is_applied_is_held_until_its_error_is_waived(workspace, work):
    delete_directly(work, V1)
    direct = workspace.wait_awaited(1, "held: pushed with 1 error in its review")
    assert (direct["kind"], direct["held"], removed(direct)) == ("direct", True, [GONE])
    workspace.ok("waive", 1, "migration-removed-applied", "--reason", "squashed", who="dana")
    direct = workspace.wait_change(1, "nothing")
    assert (direct["held"], removed(direct)) == (False, [GONE])


def test_a_direct_deletion_without_an_error_holds_nothing(workspace, work):
    workspace.configure(r"risk:", "review:\n  rules: {migration-removed-applied: warning}\nrisk:")
    workspace.stop()
    workspace.start()
    delete_directly(work, V1)
    direct = workspace.wait_change(1, "nothing")
    assert (direct["kind"], direct["held"], removed(direct)) == ("direct", False, [GONE])


def test_a_file_that_the_branch_restores_is_no_part_of_its_change(workspace, work):
    text = (work.folder / V1).read_text()
    work.branch("change/two")
    work.git("rm", "-q", V1)
    work.commit({V2: SAFE}, "one goes, one comes")
    work.push("change/two")
    assert [file["path"] for file in workspace.wait_change(1, "open")["files"]] == [V2, V1]
    work.commit({V1: text}, "back again")
    work.push("change/two")
    change = workspace.wait_change(1, lambda change: change["head"] == work.head())
    assert ([file["path"] for file in change["files"]], removed(change)) == ([V2], [])


def test_an_applied_migration_with_another_version_is_an_error(workspace, work):
    work.branch("change/renumber")
    work.git("mv", V1, "migrations/V7__shop.sql")
    work.git("commit", "-q", "-m", "renumber")
    assert "BLOCKED" in work.push("change/renumber")
    found = removed(workspace.wait_change(1, "open"))
    assert (*GONE[:3], GONE[3] + "; its content is version 7 now, which would run again there") in found


def test_an_applied_migration_with_another_name_is_a_notice(workspace, work):
    work.branch("change/rename")
    work.git("mv", V1, "migrations/V1__orders.sql")
    work.git("commit", "-q", "-m", "rename")
    assert "PASSED" in work.push("change/rename")
    message = "renamed from V1__shop.sql; it is version 1 as before"
    assert removed(workspace.wait_change(1, "open")) == [("migrations/V1__orders.sql", False, "migration-renamed", message)]


# --- what the branch does not have any more, and what nobody has -----------------------------------

TAKEN = "what it brought was taken away again: "


def delete(work, *paths):
    """On the project's branch, directly."""
    work.git("switch", "-q", "main")
    work.commit(dict.fromkeys(paths), "away again")
    work.push("main")


def assert_too_late(workspace, number, why):
    """Every word about the change as a whole is a conflict that says what it is; but first, who may say it."""
    for words in (["approve"], ["revoke"], ["hold", "--reason", "wait"], ["resume", "--reason", "do it"], ["waive", "any", "--reason", "fine"]):
        done = workspace.run(words[0], number, *words[1:], who="dana")
        assert (done.status, done.err) == (6, f"sluice: change {number}: too late to {words[0]}: {why}\n"), words
    assert workspace.run("resume", number, who="ana").status == 4
    assert workspace.run("approve", number).status == 4


def is_over(workspace, number, text):
    """Superseded with that sentence, and nobody's word starts it any more."""
    change = workspace.wait_change(number, "superseded")
    assert change["events"][0]["text"] == text
    assert not change["held"] and not any(stage["approvable"] or stage["waits_for"] for stage in change["stages"])
    assert_too_late(workspace, number, "it is superseded, the project's branch went on without it; 'sluice change list' shows what came instead")
    assert workspace.change(number)["events"] == change["events"]
    assert [run for run in workspace.history() if run["change"] == number] == []
    return change


def everybody(workspace, work) -> dict:
    """What becomes of each file of the project's branch: that it is applied everywhere, or the live change that has it."""
    homes = {}
    for path in work.git("ls-tree", "-r", "--name-only", "origin/main", "migrations").split():
        version = re.search(r"V(\d+)__", path)[1]
        if all((version, "applied") in ledger(target) for target in workspace.targets.values()):
            homes[path] = "applied"
    for listed in workspace.changes():
        if listed["state"] in ("open", "merged"):
            homes |= {file["path"]: listed["id"] for file in workspace.change(listed["id"])["files"] if not file["gone"]}
    return homes


def merge_red(workspace, work, files, branch="change/two"):
    propose(work, branch, files)
    merge(work, "--ff-only", branch)
    return workspace.wait_awaited(1, "held: merged with")


def test_a_held_change_whose_files_are_deleted_on_the_branch_is_over(workspace, work):
    merge_red(workspace, work, {V2: RISKY})
    work.git("revert", "--no-edit", "HEAD")
    work.push("main")
    is_over(workspace, 1, TAKEN + "V2__discount.sql")
    workspace.wait_change(2, "nothing")
    assert everybody(workspace, work) == {V1: "applied"}
    work.git("revert", "--no-edit", "HEAD")
    work.push("main")
    assert workspace.wait_change(3, "merged")["held"]
    assert everybody(workspace, work) == {V1: "applied", V2: 3}


@pytest.fixture
def gated(workspace):
    """Dev waits for an approval as well."""
    workspace.configure(r"low: \[\]", "low: [{role: dba, count: 1}]")
    workspace.stop()
    return workspace.start()


def test_a_change_that_waits_for_its_first_approval_is_over_when_its_file_is_deleted(gated, work):
    propose(work, "change/discount", {V2: SAFE})
    merge(work, "--ff-only", "change/discount")
    gated.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    delete(work, V2)
    is_over(gated, 1, TAKEN + "V2__discount.sql")
    assert ledger(gated.targets["dev"]) == [("1", "applied")]


def test_a_change_that_waits_for_its_first_approval_is_overtaken_by_a_fix(gated, work):
    propose(work, "change/discount", {V2: SAFE})
    merge(work, "--ff-only", "change/discount")
    gated.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    work.commit({V2: SAFE.replace("INTEGER", "BIGINT")}, "mended")
    work.push("main")
    is_over(gated, 1, "V2__discount.sql has other content on main")
    assert everybody(gated, work) == {V1: "applied", V2: 2}


def test_a_repeatable_file_that_the_next_change_brings_anew_ends_nothing(gated, work):
    view, text = "migrations/R__names.sql", "DROP VIEW IF EXISTS names;\nCREATE VIEW names AS SELECT id{} FROM orders;\n"
    for number, files in enumerate(({V2: SAFE, view: text.format("")}, {V3: NOTE, view: text.format(", note")}), 1):
        propose(work, f"change/{number}", files)
        merge(work, "--ff-only", f"change/{number}")
        gated.wait_change(number, "merged")
    assert gated.change(1)["state"] == "merged"
    for number in (1, 2):
        gated.ok("approve", number, "--environment", "dev", who="dana")
        gated.wait_stage(number, "dev", "done")
    assert columns(gated.targets["dev"], "names") == ["id", "note"]


def test_a_deletion_ends_no_change_that_has_begun(workspace, work):
    propose(work, "change/two", {V2: SAFE, V3: NOTE})
    merge(work, "--ff-only", "change/two")
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    assert columns(workspace.targets["dev"], "orders")[-2:] == ["discount", "note"]
    delete(work, V2)
    workspace.wait_awaited(2, "held: pushed with 1 error in its review")
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    assert columns(workspace.targets["prod"], "orders")[-2:] == ["discount", "note"]


def test_a_deletion_ends_no_change_that_somebody_else_has_applied(workspace, work, sluice):
    merge_red(workspace, work, {V2: SAFE, V3: "CREATE TABLE visitor (name TEXT);\n"})
    sluice.ok("migrate", "--url", workspace.targets["dev"].url, "--dir", work.folder / "migrations", timeout=60)
    delete(work, V2)
    workspace.wait_awaited(2, "held: pushed with 1 error in its review")
    assert workspace.change(1)["state"] == "merged"
    workspace.ok("resume", 1, "--reason", "it is applied", who="dana")
    workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")


def test_a_waiver_that_comes_with_the_deletion_starts_nothing(workspace, work):
    merge_red(workspace, work, {V2: "CREATE TABLE visitor (name TEXT);\n"})
    workspace.kill()
    delete(work, V2)
    workspace.change_store(
        'INSERT INTO waiver (change_id, fingerprint, rule, reason, "by", at, until)'
        f" SELECT 1, fingerprint, rule, 'a log', 'dana', {time.time_ns() // 1000}, 0 FROM finding WHERE rule = 'table-require-primary-key'"
    )
    workspace.start(settled=False)
    is_over(workspace, 1, TAKEN + "V2__discount.sql")


BOTH = {V2: RISKY, V3: NOTE}


def test_when_one_of_two_files_is_deleted_the_other_is_held_anew(workspace, work):
    merge_red(workspace, work, BOTH)
    delete(work, V2)
    is_over(workspace, 1, TAKEN + "V2__discount.sql")
    direct = workspace.wait_awaited(2, "held: left on the branch by change 1")
    assert [(file["path"], file["gone"]) for file in direct["files"]] == [(V3, False), (V2, True)]
    assert everybody(workspace, work) == {V1: "applied", V3: 2}
    workspace.ok("resume", 2, "--reason", "it may come", who="dana")
    workspace.wait_stage(2, "dev", "done")
    assert ledger(workspace.targets["dev"]) == [("1", "applied"), ("3", "applied")]


def test_a_direct_fix_of_one_file_takes_the_others_along_in_order(workspace, work):
    merge_red(workspace, work, {**BOTH, "migrations/V4__later.sql": "CREATE TABLE later (id INTEGER PRIMARY KEY);\n"})
    work.commit({V3: NOTE.replace("note", "remark"), V2: SAFE}, "mended")
    work.push("main", who="dana")
    is_over(workspace, 1, "V2__discount.sql, V3__note.sql has other content on main")
    direct = workspace.wait_awaited(2, "held: pushed to the branch without a change")
    assert [file["path"] for file in direct["files"]] == [V2, V3, "migrations/V4__later.sql"]
    assert everybody(workspace, work) == {V1: "applied", V2: 2, V3: 2, "migrations/V4__later.sql": 2}
    assert workspace.run("resume", 2, "--reason", "fine", who="ana").status == 4
    workspace.ok("resume", 2, "--reason", "fine", who="dana")
    workspace.wait_stage(2, "dev", "done")
    assert columns(workspace.targets["dev"], "orders")[-2:] == ["discount", "remark"]


def test_who_wrote_what_is_left_may_not_approve_it(workspace, work):
    (workspace.root / "dora.token").write_text("slu_a-token-of-dora\n")
    workspace.configure(r"roles:", f'  - {{name: dora, email: dora@example.com, token: "file:{workspace.root}/dora.token"}}\nroles:')
    workspace.configure(r"dba: \[dana\]", "dba: [dana, dora]")
    workspace.stop()
    workspace.start()
    work.act_as("dora")
    propose(work, "change/two", BOTH, who="dora")
    merge(work, "--ff-only", "change/two", who="dora")
    workspace.wait_awaited(1, "held: merged with")
    work.act_as("ana")
    work.commit({V2: SAFE}, "mended")
    work.push("main")
    workspace.wait_awaited(2, "held: pushed to the branch without a change")
    assert workspace.run("approve", 2, "--environment", "prod", who="dora").status == 4
    workspace.ok("approve", 2, "--environment", "prod", who="dana")


def test_a_fix_that_comes_by_a_branch_leaves_the_others_held(workspace, work):
    merge_red(workspace, work, BOTH)
    propose(work, "change/fix", {V2: SAFE})
    merge(work, "--ff-only", "change/fix")
    is_over(workspace, 1, "V2__discount.sql has other content on main")
    workspace.wait_awaited(2, "held: merged with 1 error in its review")
    workspace.ok("resume", 2, "--reason", "nobody has the old one", who="dana")
    workspace.wait_stage(2, "dev", "done")
    left = workspace.wait_awaited(3, "held: left on the branch by change 1")
    assert ([file["path"] for file in left["files"]], left["title"], left["author"]) == ([V3], "what change/two brings", "ana")
    workspace.ok("approve", 2, who="dana")
    workspace.wait_change(2, "done")
    assert everybody(workspace, work) == {V1: "applied", V2: "applied", V3: 3}


def test_what_a_closed_change_had_brought_in_part_is_held(workspace, work):
    propose(work, "change/two", {V2: SAFE, V3: NOTE})
    work.git("switch", "-q", "main")
    work.commit({V2: SAFE}, "half of it")
    work.push("main")
    workspace.wait_awaited(1, "merged in part")
    work.push(":change/two")
    workspace.wait_change(1, "closed")
    assert_too_late(workspace, 1, "it is closed, its branch was deleted; push the branch again, and another change begins")
    left = workspace.wait_awaited(2, "held: left on the branch by change 1")
    assert (left["kind"], [file["path"] for file in left["files"]]) == ("direct", [V2])
    assert everybody(workspace, work) == {V1: "applied", V2: 2}


def migrate(workspace, sluice, target, files):
    """Somebody's sluice migrate, from a folder of these and what everybody has."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            (pathlib.Path(folder) / pathlib.Path(path).name).write_text(text)
        sluice.ok("migrate", "--url", workspace.targets[target].url, "--dir", folder, timeout=60)


def direct_files(workspace) -> list:
    """What direct changes bring, all of them, in the order in which they came."""
    return [file["path"] for row in reversed(workspace.changes()) if row["kind"] == "direct" for file in workspace.change(row["id"])["files"]]


LATER = {"migrations/V4__later.sql": "CREATE TABLE later (id INTEGER PRIMARY KEY);\n"}


@pytest.mark.parametrize(("applied", "files"), [(("dev", "prod"), []), (("dev",), [V2])])
def test_what_a_closed_change_left_is_held_until_every_target_has_it(workspace, work, sluice, applied, files):
    propose(work, "change/two", {V2: SAFE, V3: NOTE})
    work.git("switch", "-q", "main")
    work.commit({V2: SAFE}, "half of it")
    work.push("main")
    workspace.wait_awaited(1, "merged in part")
    for target in applied:
        migrate(workspace, sluice, target, {V1: (work.folder / V1).read_text(), V2: SAFE})
    work.push(":change/two")
    workspace.wait_change(1, "closed")
    work.commit(LATER, "one more")
    work.push("main")
    wait_until(lambda: direct_files(workspace)[-1:] == [*LATER], what="a later direct change")
    assert direct_files(workspace) == [*files, *LATER]


@pytest.mark.parametrize(("text", "files"), [(NOTE, [V2]), (NOTE + "-- another one\n", [V2, V3])])
def test_what_a_superseded_change_left_is_held_where_other_content_was_applied(workspace, work, sluice, text, files):
    merge_red(workspace, work, BOTH)
    for target in workspace.targets:
        migrate(workspace, sluice, target, {V1: (work.folder / V1).read_text(), V3: text})
    work.commit({V2: SAFE}, "mended")
    work.push("main")
    is_over(workspace, 1, "V2__discount.sql has other content on main")
    direct = workspace.wait_awaited(2, "held: pushed to the branch without a change")
    assert [file["path"] for file in direct["files"]] == files


def test_what_a_killed_daemon_left_between_two_changes_is_found_by_the_next(workspace, work):
    merge_red(workspace, work, BOTH)
    work.commit({V2: SAFE}, "mended")
    workspace.stop()
    work.git("push", "-q", "origin", "main")
    workspace.change_store(f"UPDATE change SET state = 'superseded', held = 0, ended_at = {time.time_ns() // 1000} WHERE id = 1")
    workspace.start(settled=False)
    workspace.wait_change(2, lambda change: change["held"])
    assert everybody(workspace, work) == {V1: "applied", V2: 2, V3: 2}
