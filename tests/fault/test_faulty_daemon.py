"""The daemon's calls fail as on a broken or full disk, or one is the last before a power cut: at its start, while a change
is applied, and while a person says something.  What was answered is recorded, whole; what was not can be said again.

Which calls is drawn from a printed seed; SLUICE_TEST_LONG=1 draws more."""

import random

import pytest
from harness.daemon import Daemon
from harness.faulty import Faulty
from harness.trial import LONG, seed_of
from harness.wait import wait_until
from harness.workspace import RISKY, Workspace, fence, ledger

KINDS = ["sync", "write", "name", "any"]
WHATS = ["EIO", "ENOSPC", "EIO+", "ENOSPC+", "cut", "half"]
RULE = "column-disallow-not-null-without-default"


@pytest.fixture
def make(sluice, tmp_workspace):
    made = []

    def one() -> Workspace:
        made.append(Workspace(sluice))
        return made[-1]

    yield one
    for workspace in made:
        workspace.close()


def start(workspace, faulty):
    """Until it listens, or has ended."""
    workspace.daemon = Daemon([workspace.sluice.path, "serve", "-c", workspace.config], cwd=workspace.home, env=faulty.env)
    wait_until(lambda: workspace.daemon.log_contains("listening") or not workspace.daemon.running, 30, "the daemon")


def start_again(workspace):
    """After a power cut, or one that ended by itself, where it has ended at all."""
    if not workspace.daemon.running:
        workspace.start(settled=False)


def check_end(daemon):
    """Why it ended stands in one line, unless it was killed."""
    if daemon.running or daemon.process.returncode == -9:
        return
    text = daemon.log.read_text()
    assert daemon.process.returncode == 3, text
    assert len([line for line in text.splitlines() if line.startswith("sluice: ")]) == 1, text


def check_installation(workspace):
    kept = (workspace.root / "data" / "installation").read_text().strip()
    assert kept == workspace.ask_store("SELECT value FROM meta WHERE key = 'installation'") and len(kept) == 32


def calls_of_a_start(workspace, faulty) -> int:
    faulty.plan("any", 0, "none", str(workspace.root))
    start(workspace, faulty)
    workspace.stop()
    faulty.mend()
    return int(faulty.file.with_name("faulty.count").read_text())


@pytest.mark.timeout(3600 if LONG else 300)
def test_a_start_on_a_failing_disk_is_refused_in_one_line_and_the_next_one_goes_on(make, tmp_workspace, record_property):
    seed = seed_of("a start")
    dice, faulty, told = random.Random(seed), Faulty(tmp_workspace), []
    calls = calls_of_a_start(make(), faulty)
    for _ in range(60 if LONG else 6):
        workspace = make()
        kind = dice.choice(KINDS)
        plan = (kind, dice.randint(1, calls if kind == "any" else calls // 3), dice.choice(WHATS))
        faulty.plan(*plan, str(workspace.root))
        start(workspace, faulty)
        told.append(f"{plan}: {workspace.daemon.process.poll()}")
        print(told[-1])
        check_end(workspace.daemon)
        faulty.mend()
        start_again(workspace)
        wait_until(workspace.seen, 60, f"the first sight after {plan}")
        workspace.stop()
        check_installation(workspace)
        workspace.close()
    record_property("told", f"seed {seed}: {calls} calls; {'; '.join(told)}")


# --- a change on its way -----------------------------------------------------------------------------

FILE = "CREATE TABLE t{n} (a INTEGER);\nINSERT INTO t{n} SELECT count(*) + 1 FROM t{n};\nINSERT INTO log (n) VALUES ({n});\n"
FILES = {"migrations/V2__log.sql": "CREATE TABLE log (n INTEGER);\n", **{f"migrations/V{n}__t{n}.sql": FILE.format(n=n) for n in (3, 4, 5)}}
HURT = ["I/O error", "Input/output error", "is full", "No space left", "unable to open", "readonly database", "failed"]
VERSIONS = [(str(n), "applied") for n in range(1, 6)]


def check_once(workspace):
    for name, database in workspace.targets.items():
        assert ledger(database) == VERSIONS, name
        assert sorted(database.rows("SELECT n FROM log")) == [(3,), (4,), (5,)], name
        assert database.rows("SELECT count(*) FROM _sluice_run WHERE ended_at IS NULL") == [(0,)], name
        assert workspace.history(name)[0]["outcome"] == "applied", workspace.history(name)
        assert workspace.ask_store(f"SELECT count(*) FROM event WHERE kind = 'task.done' AND target = '{name}'") == 1
    assert workspace.ask_store("PRAGMA integrity_check") == "ok"


def is_hurt(workspace) -> bool:
    """What work failed of is in the log; what a task waits for, in the status."""
    told = workspace.daemon.log.read_text(errors="replace") + workspace.run("status").out
    return any(word in told for word in HURT)


def walk(workspace, faulty, plan):
    workspace.configure(r"risk:.*", 'risk: [{level: low, when: "true"}]\napprovals: {low: []}\nreview: {preset: none}\n')
    workspace.start(env=faulty.env)
    work = workspace.repository
    work.branch("change/many")
    work.commit(FILES, "many")
    faulty.plan(*plan)
    work.git("push", "-q", "origin", "change/many", "change/many:main")
    if plan[2] in ("cut", "half") or plan[2].endswith("+"):
        wait_until(lambda: not workspace.daemon.running or is_hurt(workspace) or is_done(workspace), 60, "the fault")
    else:
        wait_until(lambda: not workspace.daemon.running or is_done(workspace), 60, "the end of the change")
    was_running = workspace.daemon.running
    check_end(workspace.daemon)
    faulty.mend()
    start_again(workspace)
    workspace.wait_change(1, "done", timeout=90)
    check_once(workspace)
    return was_running


def is_done(workspace) -> bool:
    done = workspace.run("change", "list", "--output", "json")
    changes = done.json()["changes"] if done.status == 0 else []
    return bool(changes) and changes[0]["state"] == "done"


@pytest.mark.timeout(3600 if LONG else 300)
def test_a_change_is_applied_once_whatever_calls_fail_meanwhile(make, tmp_workspace, record_property):
    seed = seed_of("a change")
    dice, faulty, told = random.Random(seed), Faulty(tmp_workspace), []
    for _ in range(60 if LONG else 5):
        plan = (dice.choice(KINDS), dice.randint(1, 150), dice.choice(WHATS), dice.choice(["store.db", "dev.db", "prod.db", ""]))
        workspace = make()
        print(plan)
        told.append(f"{plan}{'' if walk(workspace, faulty, plan) else ' ended it'}")
        workspace.close()
    record_property("told", f"seed {seed}: {'; '.join(told)}")


# --- what people say ---------------------------------------------------------------------------------


class Word:
    """One that is said once more where it was not answered with yes: whole it is, or not there."""

    action = event = ""
    words = ()

    def __init__(self, workspace):
        self.workspace = workspace

    def say(self):
        return self.workspace.run(*self.words, who="dana")

    def holds(self) -> bool:
        """Whether what was said is so now."""
        raise NotImplementedError

    def told(self) -> tuple:
        """How often it stands in the audit and among the events; both are written with what they tell of."""
        audit = self.workspace.ask_store(f"SELECT count(*) FROM audit WHERE action = '{self.action}' AND refused = 0")
        return audit, self.workspace.ask_store(f"SELECT count(*) FROM event WHERE kind = '{self.event}'") if self.event else audit


class Waive(Word):
    action, event, words = "change.waive", "change.waived", ("waive", 1, RULE, "--reason", "no orders yet")

    def holds(self):
        return self.workspace.ask_store("SELECT count(*) FROM waiver") > 0


class Hold(Word):
    action, event, words = "change.hold", "change.held", ("hold", 1, "--reason", "lunch")

    def holds(self):
        return self.workspace.ask_store("SELECT held FROM change WHERE id = 1") == 1


class Accept(Word):
    action, event, words = "drift.accept", "drift.accepted", ("drift", "accept", "dev", "--reason", "the vendor's hotfix")

    def holds(self):
        done = self.workspace.run("drift", "dev", "--output", "json")
        return done.status == 0 and "accepted by dana" in done.json()["drift"]["base_origin"]


class Take(Word):
    """A target that another installation wrote to."""

    action, words = "target.adopt", ("target", "adopt", "prod", "--reason", "moved")

    def holds(self):
        own = self.workspace.ask_store("SELECT value FROM meta WHERE key = 'installation'")
        return fence(self.workspace.targets["prod"])[0] == own and self.told()[0] > 0


def set_up(workspace, faulty):
    """A finding, a drift and a foreign target."""
    workspace.configure(r"environments:", "drift: {every: 200ms}\nenvironments:")
    workspace.start(env=faulty.env)
    work = workspace.repository
    work.branch("change/discount")
    work.commit({"migrations/V2__discount.sql": RISKY})
    work.push("change/discount")
    workspace.targets["dev"].execute("ALTER TABLE orders ADD COLUMN by_hand INTEGER")
    workspace.targets["prod"].execute(f"UPDATE _sluice_fence SET installation = '{'ab' * 16}'")
    wait_until(lambda: "drifted: dev" in workspace.run("status").out, 30, "the drift")
    workspace.wait_change(1, lambda change: change["files"])


@pytest.mark.timeout(3600 if LONG else 300)
@pytest.mark.parametrize("kind", [Waive, Hold, Accept, Take], ids=lambda kind: kind.__name__)
def test_a_word_that_was_answered_is_recorded_and_one_that_was_not_can_be_said_again(make, tmp_workspace, record_property, kind):
    seed = seed_of(kind.__name__)
    dice, faulty, told = random.Random(seed), Faulty(tmp_workspace), []
    for _ in range(20 if LONG else 2):
        workspace = make()
        set_up(workspace, faulty)
        word = kind(workspace)
        plan = ("any", dice.randint(1, 30), dice.choice(["EIO", "ENOSPC", "cut", "half"]), dice.choice([".db", ""]))
        print(plan)
        faulty.plan(*plan)
        done = word.say()
        workspace.kill()  # what was answered must be on the disk
        faulty.mend()
        told.append(f"{plan}: {done.status}")
        assert done.status in (0, 3, 9), done  # 9: nobody knows
        workspace.start(settled=False)
        counts = word.told()
        assert counts[0] == counts[1], "half a record"
        if done.status == 0:
            assert counts[0] == 1
            wait_until(word.holds, 30, f"what was said, after {plan}")
        else:
            again = word.say()
            assert again.status == 0 or (counts[0] == 1 and again.status in (5, 6)), again  # it is so already
            wait_until(word.holds, 30, f"what was said again, after {plan}")
            counts = word.told()
            assert counts[0] == counts[1] and counts[0] in (1, 2), counts
        workspace.close()
    record_property("told", f"seed {seed}: {'; '.join(told)}")
