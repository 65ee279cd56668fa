"""What the target's ledger says of a structure that nobody expected: runs explain their own work, and nothing else."""

import concurrent.futures
import contextlib
import json

import pytest

from harness.drift import BY_HAND, checked_again, drift, events, make, propose, wait_drift
from harness.mariadb import MariaDB
from harness.postgres import Postgres
from harness.wait import wait_until

V2 = {"migrations/V2__note.sql": "CREATE TABLE note (id INTEGER PRIMARY KEY);\n"}
TAG = "CREATE TABLE tag (id INTEGER PRIMARY KEY);\n"
NAME = "ALTER TABLE tag ADD COLUMN name VARCHAR(40);\n"
LABEL = "CREATE TABLE label (id INTEGER PRIMARY KEY);\n"
DATABASES = {"sqlite": None, "postgres": Postgres, "mariadb": MariaDB}


@pytest.fixture(params=list(DATABASES))
def databases(request):
    kind = DATABASES[request.param]
    made = {name: kind.create() for name in ("dev", "prod")} if kind else None
    yield made
    for database in (made or {}).values():
        database.drop()


class Place:
    """A workspace of which nothing is compared unasked."""

    def __init__(self, sluice, databases, hold=False, store=None):
        self.sluice = sluice
        self.workspace = make(sluice, databases, every="1h", store=store)
        if hold:
            self.workspace.configure(r"drift: \{every", "drift: {before_run: hold, every")
        self.dev = self.workspace.targets["dev"]
        self.numbers = {}

    def start(self):
        self.workspace.start()
        for name in ("dev", "prod"):
            checked_again(self.workspace, name)
        return self

    def by_hand(self, sql=BY_HAND):
        if isinstance(self.dev, Postgres):
            sql = f"SET search_path = public; {sql}"
        (self.dev.script if isinstance(self.dev, MariaDB) else self.dev.execute)(sql)

    def migrate(self, *files, scope="more", status=0):
        """A run of `sluice migrate` in a ledger of its own."""
        folder = self.workspace.home / scope
        folder.mkdir(exist_ok=True)
        for sql in files:
            self.numbers[scope] = self.numbers.get(scope, 0) + 1
            (folder / f"V{self.numbers[scope]}__more.sql").write_text(sql)
        done = self.sluice.run("migrate", "--url", self.dev.url, "--dir", folder, "--ledger", scope, timeout=60)
        assert done.status == status, done.err

    def merge(self, files=None, held=False):
        """A change, as far as people have a say in it."""
        workspace, read = self.workspace, not isinstance(self.dev, MariaDB)
        propose(workspace, files or V2)
        if held or not read:
            workspace.wait_change(1, lambda change: change["held"])
            workspace.ok("resume", 1, "--reason", "it is as it should be", who="dana")
        if not read:
            workspace.wait_awaited(1, "approvals (dba)")
            workspace.ok("approve", 1, who="dana")

    def in_ledger(self, sql):
        """RUN is its table of runs."""
        prefix = "sluice." if isinstance(self.dev, Postgres) else "_sluice_"
        self.by_hand(sql.replace("RUN", f"{prefix}run"))

    def look(self):
        checked_again(self.workspace)
        return drift(self.workspace)

    def shown(self) -> list:
        """(change, name) of what has drifted."""
        return [(each["change"], each["name"]) for each in self.look()["differences"]]

    def has_not_drifted(self):
        now = self.look()
        assert (now["state"], now["differences"], now["base"]) == ("none", [], now["live"])

    def accept(self):
        self.workspace.ok("drift", "accept", "dev", "--reason", "it may stay", who="dana")

    @property
    def events(self) -> list:
        return events(self.workspace)


@pytest.fixture
def place(sluice, tmp_workspace, databases):
    made = Place(sluice, databases).start()
    yield made
    made.workspace.close()


@pytest.fixture(params=["tell", "hold"])
def run_place(request, sluice, tmp_workspace, databases):
    made = Place(sluice, databases, hold=request.param == "hold").start()
    made.holds = request.param == "hold"
    yield made
    made.workspace.close()


def waits_for_locks(database, n):
    sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid IN (1, 2) AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    wait_until(lambda: database.value(sql) == n, what="runs that wait")


# --- a comparison ----------------------------------------------------------------------------------


def test_runs_one_after_the_other_are_no_drift(place):
    place.migrate(TAG)
    place.migrate(NAME)
    place.migrate(LABEL, scope="others")
    place.has_not_drifted()
    assert place.events == []


@pytest.mark.parametrize("first", ["hand", "run"])
def test_what_somebody_changed_between_two_comparisons_is_told_from_a_run_beside_it(place, first):
    if first == "hand":
        place.by_hand()
    place.migrate(TAG)
    if first == "run":
        place.by_hand()
    assert place.shown() == [("changed", "orders")]
    assert drift(place.workspace)["summary"] == "1 column added"
    assert place.events == ["drift.found"]
    place.by_hand("ALTER TABLE orders DROP COLUMN by_hand")
    place.has_not_drifted()
    assert place.events == ["drift.found", "drift.gone"]


def test_somebodys_hand_between_two_runs_is_drift(place):
    place.migrate(TAG)
    place.by_hand()
    place.migrate(LABEL)
    assert place.shown() == [("changed", "orders")]


def test_somebodys_hand_between_two_runs_on_one_table_is_not_taken_for_theirs(place):
    place.migrate(TAG)
    place.by_hand()
    place.migrate(NAME)
    assert ("changed", "orders") in place.shown()


def test_a_run_on_a_target_that_has_drifted_adds_nothing_to_the_drift(place):
    place.by_hand()
    assert place.shown() == [("changed", "orders")]
    place.migrate(TAG)
    place.migrate(NAME)
    assert place.shown() == [("changed", "orders")]
    assert place.events == ["drift.found"], "it is the same drift"
    place.migrate(LABEL)
    place.by_hand("CREATE TABLE another (id INTEGER)")
    assert place.shown() == [("added", "another"), ("changed", "orders")]
    assert place.events == ["drift.found", "drift.changed"]
    place.by_hand("DROP TABLE another")
    place.by_hand("ALTER TABLE orders DROP COLUMN by_hand")
    place.has_not_drifted()


def test_somebody_who_changes_what_a_run_has_made_is_found(place):
    place.migrate(TAG)
    place.by_hand("ALTER TABLE tag ADD COLUMN by_hand INTEGER")
    assert place.look()["state"] == "found"
    place.by_hand("ALTER TABLE tag DROP COLUMN by_hand")
    place.has_not_drifted()


def test_somebody_who_undoes_or_repeats_what_a_run_did_is_found(place):
    place.migrate(TAG)
    place.has_not_drifted()
    place.by_hand("DROP TABLE tag")
    assert place.shown() == [("removed", "tag")]
    place.accept()
    place.has_not_drifted()
    place.by_hand(TAG)
    assert place.shown() == [("added", "tag")], "the run is not followed twice"


def test_somebody_who_undoes_a_run_before_the_next_one_is_found(place):
    place.migrate(TAG)
    place.by_hand("DROP TABLE tag")
    place.migrate(LABEL)
    assert place.look()["state"] == "found"
    assert place.events == ["drift.found"]


def test_what_was_accepted_stays_and_runs_around_it_are_followed(place):
    place.by_hand()
    assert place.look()["state"] == "found"
    place.migrate(TAG)  # no comparison has seen it
    place.accept()
    place.has_not_drifted()
    place.by_hand("CREATE TABLE another (id INTEGER)")
    place.migrate(LABEL)
    place.look()
    place.accept()
    place.migrate(NAME)
    place.has_not_drifted()


def test_somebody_who_takes_back_what_was_accepted_is_found(place):
    place.migrate(TAG)
    place.by_hand("ALTER TABLE tag ADD COLUMN by_hand INTEGER")
    assert place.look()["state"] == "found"
    place.by_hand("ALTER TABLE tag DROP COLUMN by_hand")  # no comparison has seen it
    place.accept()
    assert place.shown() == [("changed", "tag")], "the run before it does not explain that"


def test_a_run_that_failed_in_the_middle_is_no_drift(place):
    place.migrate(TAG, "CREATE TABLE half (id INTEGER PRIMARY KEY);\nSELECT nothing FROM nowhere;\n", status=8)
    place.has_not_drifted()
    place.by_hand()
    assert place.shown() == [("changed", "orders")]


def test_what_a_run_left_whose_end_nobody_saw_may_be_anybodys(place):
    place.migrate(TAG)
    place.in_ledger("UPDATE RUN SET outcome = 'interrupted', after_hash = '' WHERE scope = 'more'")
    place.migrate(LABEL)
    assert place.shown() == [("added", "tag")]


def test_a_run_that_is_in_the_ledger_no_more_explains_nothing(place):
    place.migrate(TAG)
    place.has_not_drifted()
    place.by_hand()
    place.migrate(LABEL)
    place.in_ledger("DELETE FROM RUN WHERE before_hash IN (SELECT before_hash FROM (SELECT before_hash FROM RUN WHERE scope = 'more' ORDER BY epoch LIMIT 1) AS first)")
    assert sorted(place.shown()) == [("added", "label"), ("changed", "orders")]


@pytest.mark.parametrize("hours", [-26, 26])
def test_the_targets_clock_may_be_another_one(place, hours):
    place.migrate(TAG)
    place.has_not_drifted()
    place.migrate(LABEL)
    span = hours * 3600
    moved = f"+ interval '{span} seconds'" if isinstance(place.dev, Postgres) else f"+ {span * 1000000}"
    place.in_ledger(f"UPDATE RUN SET started_at = started_at {moved}, ended_at = ended_at {moved}")
    place.has_not_drifted()
    place.by_hand("DROP TABLE label")
    place.look()
    place.accept()
    place.by_hand(LABEL)
    assert place.shown() == [("added", "label")]


@pytest.mark.parametrize("end", ["", ", outcome = 'interrupted', after_hash = ''"], ids=["ended", "cut off"])
def test_a_run_of_a_store_that_was_lost_is_no_drift(place, end):
    """It was under way when the store was lost, and ends behind the new one's first look."""
    place.workspace.stop()
    place.workspace.lose_store()
    place.start()
    place.migrate(TAG)
    (ours,) = place.workspace.root.rglob("installation")
    place.in_ledger(f"UPDATE RUN SET installation = '{ours.read_text().strip()}'{end} WHERE scope = 'more'")
    place.has_not_drifted()
    assert place.events == []
    place.by_hand()
    assert place.shown() == [("changed", "orders")]


@pytest.mark.parametrize("ends", ["first", "last"])
def test_runs_of_two_ledgers_at_once_are_no_drift(sluice, tmp_workspace, pg, ends):
    """One that waits for somebody begins first; it ends before or behind the other one."""
    place = Place(sluice, {"dev": pg, "prod": pg})
    place.workspace.configure(r"  - \{name: prod, environment: prod[^\n]*\n", "")
    try:
        place.workspace.start(settled=False)
        wait_until(lambda: place.look()["base"], what="the first look")
        first = "CREATE TABLE tag (id INTEGER PRIMARY KEY);\nSELECT pg_advisory_xact_lock(1);\n"
        second = "CREATE TABLE label (id INTEGER PRIMARY KEY);\nSELECT pg_advisory_xact_lock(2);\n"
        with contextlib.closing(pg.connect()) as one, contextlib.closing(pg.connect()) as two, concurrent.futures.ThreadPoolExecutor() as pool:
            one.cursor().execute("SELECT pg_advisory_lock(1)")
            two.cursor().execute("SELECT pg_advisory_lock(2)")
            runs = [(one, pool.submit(place.migrate, first)), (two, None)]
            waits_for_locks(pg, 1)
            runs[1] = (two, pool.submit(place.migrate, second, scope="others"))
            waits_for_locks(pg, 2)
            for held, run in runs if ends == "first" else reversed(runs):
                held.cursor().execute("SELECT pg_advisory_unlock_all()")
                run.result()
        place.has_not_drifted()
        assert place.events == []
        place.by_hand()
        assert place.shown() == [("changed", "orders")]
    finally:
        place.workspace.close()


def test_a_mark_is_taken_away_though_nobody_knows_what_was_meant_to_be_there(place):
    place.migrate(TAG)
    place.workspace.stop()
    place.workspace.lose_store()
    place.by_hand()
    place.start()
    assert place.look()["summary"] == "it is not as the last run left it"
    place.workspace.stop()
    place.workspace.change_store("UPDATE drift SET before = live WHERE target = 'dev'")
    place.workspace.start()
    now = place.look()
    assert (now["state"], now["reached"]) == ("found", True)
    assert place.workspace.ask_store("SELECT before FROM drift WHERE target = 'dev'") == ""
    assert place.events == ["drift.found"]


# --- a run of the daemon ---------------------------------------------------------------------------


def test_the_daemons_run_after_others_has_found_no_drift(run_place):
    run_place.migrate(TAG)
    run_place.migrate(NAME)
    run_place.merge()
    (task,) = run_place.workspace.wait_stage(1, "dev", "done")["tasks"]
    assert (task["attempts"], task["detail"]) == (1, "dev: applied 1 migration")
    run_place.has_not_drifted()
    assert run_place.events == []


@pytest.mark.parametrize("when", ["before", "seen before", "after"])
def test_what_somebody_changed_around_others_run_is_all_that_the_daemons_run_tells(run_place, when):
    if when != "after":
        run_place.by_hand()
    if when == "seen before":
        run_place.look()
    run_place.migrate(TAG)
    if when == "after":
        run_place.by_hand()
    run_place.merge()
    told = "drifted (1 column added)"
    if run_place.holds:
        run_place.workspace.wait_change(1, lambda change: told in json.dumps(change["stages"]))
    else:
        run_place.workspace.wait_stage(1, "dev", "done")
        assert "had drifted before: 1 column added" in run_place.workspace.history("dev")[0]["detail"]
    wait_drift(run_place.workspace, "found")
    assert run_place.shown() == [("changed", "orders")]
    assert run_place.events == ["drift.found"]
    run_place.by_hand("ALTER TABLE orders DROP COLUMN by_hand")
    run_place.workspace.wait_stage(1, "dev", "done", timeout=90)
    run_place.has_not_drifted()


def test_others_run_behind_the_daemons_own_on_a_drifted_target_is_followed(place):
    place.by_hand()
    place.look()
    place.merge()
    place.workspace.wait_stage(1, "dev", "done")
    place.migrate(TAG)
    assert place.shown() == [("changed", "orders")]
    assert place.events == ["drift.found"]


def test_a_run_that_failed_without_effect_keeps_what_it_has_followed(place):
    place.migrate(TAG)
    place.merge({"migrations/V2__note.sql": "SELECT nothing FROM nowhere;\nCREATE TABLE note (id INTEGER PRIMARY KEY);\n"}, held=True)
    place.workspace.wait_stage(1, "dev", "failed")
    place.has_not_drifted()
    place.by_hand()
    assert place.shown() == [("changed", "orders")]
    assert place.events == ["drift.found"]
