"""A call fails as it does on a broken or full disk, or is the last one before a power cut: nothing is said to be done that
is not, nothing half is taken for a whole, and the same command, once more, does it.

Which calls is drawn from a printed seed; SLUICE_TEST_LONG=1 takes every one."""

import random

import pytest
from harness.deeds import DEEDS, ON_SERVERS, Backup, Deed, InitDemo, InitRepo, OfStore
from harness.faulty import Faulty
from harness.trial import LONG, seed_of
from harness.workspace import SAFE, Workspace

SHARE = 8  # of the calls, of each deed
ERRORS = ["EIO", "ENOSPC", "EIO+", "ENOSPC+"]
DEATHS = ["cut", "half"]
CAUSES = ["I/O error", "Input/output error", "is full", "No space left", "unable to open database file", "readonly database"]
CAUSES += ["target OID for the reference doesn't exist"]  # libgit2, of an object that it could not write


@pytest.fixture(scope="module")
def lived(sluice, tmp_path_factory):
    """The store of a daemon that took a change to its end, and a backup of it."""
    folder = tmp_path_factory.mktemp("lived")
    workspace = Workspace(sluice).start()
    try:
        work = workspace.repository
        work.branch("change/discount")
        work.commit({"migrations/V2__discount.sql": SAFE})
        work.git("push", "-q", "origin", "change/discount", "change/discount:main")
        workspace.wait_awaited(1, "approvals (dba)")
        workspace.ok("approve", 1, who="dana")
        workspace.wait_change(1, "done")
        workspace.stop()
        (folder / "store.db").write_bytes((workspace.root / "store.db").read_bytes())
        sluice.ok("backup", folder / "backup.db", "--store", f"sqlite:{folder}/store.db")
    finally:
        workspace.close()
    return folder


@pytest.fixture(params=DEEDS, ids=lambda kind: kind.__name__)
def kind(request) -> type[Deed]:
    if not issubclass(request.param, OfStore):
        return request.param
    folder = request.getfixturevalue("lived")
    return type(request.param.__name__, (request.param,), {"lived": folder / "store.db", "backup": folder / "backup.db"})


class Trial:
    """One deed after the other, each with a fault of its own."""

    def __init__(self, sluice, folder, kind):
        self.sluice, self.folder, self.kind, self.n = sluice, folder, kind, 0
        self.faulty = Faulty(folder)

    def deed(self) -> Deed:
        self.n += 1
        return self.kind(self.sluice, self.folder / str(self.n))

    def calls(self, kind, path="") -> int:
        deed = self.deed()
        count = self.faulty.count(lambda: deed.run(self.faulty.env), kind, path)
        assert deed.is_whole()
        deed.close()
        return count

    def plans(self, dice, whats, kinds=("sync", "write", "name"), share=SHARE) -> list:
        """(kind, number, what), of everything that could happen."""
        every = [(kind, number, what) for kind in kinds for number in range(1, self.calls(kind) + 1) for what in whats]
        return every if LONG else dice.sample(every, min(share, len(every)))

    def run(self, plan, path=""):
        deed = self.deed()
        self.faulty.plan(*plan, path)
        done = deed.run(self.faulty.env)
        self.faulty.mend()
        return deed, done


def check_told(done):
    """One line that says what and why; never a usage error, never a bug of ours."""
    assert done.status in (3, 8, 9), done
    lines = [line for line in done.err.splitlines() if line.startswith("sluice: ")]
    assert len(lines) == 1 and any(cause in lines[0] for cause in CAUSES), done


@pytest.mark.timeout(7200 if LONG else 300)
def test_a_call_that_fails_is_told_and_the_command_repeated_does_it(sluice, tmp_workspace, kind, record_property):
    seed = seed_of(kind.__name__)
    trial = Trial(sluice, tmp_workspace, kind)
    told = 0
    for plan in trial.plans(random.Random(seed), ERRORS):
        deed, done = trial.run(plan)
        try:
            if done.status == 0:
                assert deed.is_whole(), done
            else:
                told += 1
                check_told(done)
                deed.check()
                if plan[0] != "name" or not plan[2].endswith("+"):  # else nothing can be removed
                    deed.check_tidy()
            deed.again()
        except AssertionError as error:
            raise AssertionError(f"{kind.__name__} {plan}: {error}") from error
        deed.close()
    record_property("told", f"seed {seed}: {trial.n} runs, {told} failed")
    assert told > 0


def live_through_deaths(trial, kind, *which) -> str:
    seed = seed_of(kind.__name__)
    for plan in trial.plans(random.Random(seed), DEATHS, *which):
        deed, done = trial.run(plan)
        try:
            assert done.status == -9, done
            deed.check()
            deed.again()
        except AssertionError as error:
            raise AssertionError(f"{kind.__name__} {plan}: {error}") from error
        deed.close()
    return f"seed {seed}: {trial.n} runs"


@pytest.mark.timeout(7200 if LONG else 300)
def test_cut_off_at_a_call_nothing_half_is_taken_for_a_whole_and_the_command_repeated_does_it(sluice, tmp_workspace, kind, record_property):
    record_property("told", live_through_deaths(Trial(sluice, tmp_workspace, kind), kind))


@pytest.mark.timeout(7200 if LONG else 300)
@pytest.mark.parametrize("kind", ON_SERVERS, indirect=True, ids=lambda kind: kind.__name__)
def test_cut_off_while_something_is_sent_nothing_half_is_there_and_the_command_repeated_does_it(sluice, tmp_workspace, kind, record_property):
    record_property("told", live_through_deaths(Trial(sluice, tmp_workspace, kind), kind, ["send"], SHARE // 2))


@pytest.mark.parametrize("kind", [Backup, InitDemo, InitRepo], indirect=True, ids=lambda kind: kind.__name__)
def test_what_is_not_on_the_disk_is_not_said_to_be_there(sluice, tmp_workspace, kind):
    """Of the file that the command is for, each sync counts."""
    trial = Trial(sluice, tmp_workspace, kind)
    calls = trial.calls("sync", kind.output)
    assert calls > 0
    for number in range(1, calls + 1):
        deed, done = trial.run(("sync", number, "EIO"), kind.output)
        assert done.status == 3, f"sync {number}: {done}"
        deed.check_tidy()
        deed.again()
        deed.close()


@pytest.mark.parametrize("calls", ["write", "sync"])
def test_a_backup_is_verified_without_a_write(sluice, tmp_workspace, lived, calls):
    faulty = Faulty(tmp_workspace)
    backup = tmp_workspace / "backup.db"
    backup.write_bytes((lived / "backup.db").read_bytes())
    assert faulty.count(lambda: sluice.ok("restore", "--verify", backup, env=faulty.env), calls) == 0
    assert not list(tmp_workspace.glob("backup.db?*"))
