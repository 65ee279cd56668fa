"""What holds for every command: data on request, and a name that nobody knows is status 5."""

import datetime
import time

import pytest

from harness.workspace import RISKY, SAFE, Workspace


@pytest.fixture
def workspace(sluice, tmp_workspace):
    made = Workspace(sluice)
    yield made.start()
    made.close()


def propose(workspace, sql=SAFE):
    work = workspace.repository
    work.branch("change/discount")
    work.commit({"migrations/V2__discount.sql": sql}, "orders get a discount")
    work.push("change/discount")


def test_what_people_do_is_answered_as_data_when_asked(workspace):
    propose(workspace)
    workspace.repository.push("change/discount:main")
    workspace.wait_awaited(1, "approvals (dba)")
    # Held, so that the change is not done before its approval is taken back.
    for words in (("hold", 1, "--reason", "lunch"), ("approve", 1), ("revoke", 1), ("resume", 1)):
        assert workspace.json(*words, who="dana") == {"result": "done", "change": 1}, words
    adopted = workspace.json("target", "adopt", "dev", who="dana")
    assert (adopted["result"], adopted["target"], adopted["histories"]) == ("done", "dev", [])
    assert workspace.json("login", who="dana")["user"] == "dana"


def test_commands_without_a_daemon_answer_as_data_too(sluice, tmp_workspace):
    root = tmp_workspace / "demo"
    made = sluice.run("init", "--demo", root, "--output", "json").json()
    assert made == {"workspace": str(root), "configuration": f"{root}/sluice.yaml"}
    assert list(sluice.run("version", "--output", "json").json()) == ["version"]
    config = root / "sluice.yaml"
    assert sluice.run("config", "check", config, "--output", "json").json() == {"file": str(config), "problems": []}
    config.write_text("usrs: []\n")
    bad = sluice.run("config", "check", config, "--output", "json")
    assert bad.status == 2
    (problem,) = bad.json()["problems"]
    assert "sluice.yaml:1:1" in problem and "users" in problem
    hook = sluice.run("hook", "install", root / "repo.git", "--socket", root / "s", "--output", "json")
    assert hook.json() == {"repository": f"{root}/repo.git", "socket": f"{root}/s"}


@pytest.mark.parametrize("files", [1, 30])
def test_a_folder_with_something_in_it_becomes_no_demo(sluice, tmp_workspace, files):
    root = tmp_workspace / "used"
    root.mkdir()
    for n in range(files):
        (root / f"{n}.txt").write_text("mine")
    done = sluice.run("init", "--demo", root)
    assert done.status == 6, done
    assert "is not empty: name a folder" in done.err
    assert len(list(root.iterdir())) == files


def test_a_target_that_nobody_knows_has_no_history(workspace):
    done = workspace.run("history", "--target", "nowhere")
    assert done.status == 5, done
    assert "there is no target nowhere" in done.err
    assert workspace.history("prod") == []


def test_a_waiver_stands_in_the_timeline_with_its_person_and_reason(workspace):
    propose(workspace, RISKY)
    workspace.ok("waive", 1, "column-disallow-not-null-without-default", "--reason", "no orders yet", who="dana")
    told = {event["kind"]: event for event in workspace.change(1)["events"]}
    assert told["change.waived"]["by"] == "dana"
    workspace.wait_change(1, lambda change: "waived by dana: no orders yet" in workspace.ok("change", "show", 1))
    (finding,) = [each for line in workspace.change(1)["files"][0]["lines"] for each in line["findings"] if each["waived"]]
    assert (finding["waived_by"], finding["waived_reason"], finding["waived_until"]) == ("dana", "no orders yet", "")
    assert told["change.waived"]["text"] == "waived column-disallow-not-null-without-default: no orders yet"


RULE = "column-disallow-not-null-without-default"


def test_help_says_a_long_value_whole(sluice):
    assert "--resolve VERSION=applied|not-applied|file-applied|file-not-applied " in sluice.ok("migrate", "-h")


def day(days) -> str:
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%d")


def waived(workspace) -> list:
    return [each for line in workspace.change(1)["files"][0]["lines"] for each in line["findings"] if each["waived"]]


@pytest.mark.parametrize("until, why", [("soon", "is no day: write YYYY-MM-DD"), ("2027-02-30", "is no day"), (day(-1), "would be over already"), (day(400), "is too long: at most 366 days")])
def test_a_waivers_end_is_a_day_in_the_future_within_a_year(workspace, until, why):
    propose(workspace, RISKY)
    refused = workspace.run("waive", 1, RULE, "--reason", "no orders yet", "--until", until, who="dana")
    assert refused.status == 2 and why in refused.err
    assert workspace.ask_store("SELECT count(*) FROM waiver") == 0


def test_a_waiver_that_has_ended_counts_no_more_though_no_branch_moved(workspace):
    propose(workspace, RISKY)
    before = workspace.change(1)["review"]["errors"]
    workspace.ok("waive", 1, RULE, "--reason", "no orders yet", "--until", day(30), who="dana")
    workspace.wait_change(1, lambda change: waived(workspace))
    (finding,) = waived(workspace)
    assert finding["waived_until"] == f"{day(30)}T23:59:59Z"
    assert f"until {day(30)}T23:59:59Z" in workspace.ok("change", "show", 1)
    assert f"waived {RULE}: no orders yet (until {day(30)})" in [event["text"] for event in workspace.change(1)["events"]]
    assert workspace.change(1)["review"]["errors"] == before - 1
    reviews = workspace.ask_store("SELECT count(*) FROM review WHERE change_id = 1")
    workspace.repository.branch("change/other")
    workspace.repository.commit({"migrations/V3__other.sql": "CREATE TABLE other (id INTEGER PRIMARY KEY);\n"}, "other")
    workspace.repository.push("change/other")
    workspace.wait_change(2, "open")
    assert workspace.ask_store("SELECT count(*) FROM review WHERE change_id = 1") == reviews  # not at every pass before
    workspace.change_store(f"UPDATE waiver SET until = {time.time_ns() // 1000}")
    workspace.wait_change(1, lambda change: not waived(workspace))
    assert workspace.change(1)["review"]["errors"] == before
    assert workspace.ask_store("SELECT count(*) FROM review WHERE change_id = 1") == reviews + 1


def test_a_waiver_ends_at_its_moment_though_branches_are_looked_at_seldom(workspace):
    workspace.configure(r"poll: \S+", "poll: 1h")
    workspace.stop()
    workspace.start()
    propose(workspace, RISKY)
    workspace.ok("waive", 1, RULE, "--reason", "no orders yet", "--until", day(30), who="dana")
    workspace.wait_change(1, lambda change: waived(workspace))
    for seconds in (4, 40):  # more where the machine took so long that it was over before
        ends = time.time() + seconds
        workspace.change_store(f"UPDATE waiver SET until = {int(ends * 1e6)}")
        workspace.stop()
        workspace.start(settled=False)
        if waived(workspace) and time.time() < ends:
            break
    workspace.wait_change(1, lambda change: not waived(workspace), timeout=seconds + 20)
    assert time.time() >= ends
    assert workspace.change(1)["review"]["verdict"] == "error"


def test_a_failure_names_its_file_and_line_once(workspace):
    workspace.targets["dev"].execute("ALTER TABLE orders ADD COLUMN discount INTEGER")
    propose(workspace)
    workspace.repository.push("change/discount:main")
    workspace.wait_stage(1, "dev", "failed")
    change = workspace.change(1)
    told = [change["waits_for"], *(event["text"] for event in change["events"]), workspace.history("dev")[0]["detail"]]
    assert any("V2__discount.sql:1: " in text for text in told)
    for text in told:
        assert text.count("V2__discount.sql:1") <= 1, text
    assert change["waits_for"].startswith("stage dev failed on dev: V2__discount.sql:1: ")
