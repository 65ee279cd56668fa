"""The daemon killed again and again while a long change walks through three environments."""

import contextlib
import os
import random
import signal
import sqlite3
import time
from types import SimpleNamespace

import pytest
from harness.cluster import Cluster
from harness.daemon import Daemon
from harness.postgres import Postgres
from harness.wait import wait_until
from harness.workspace import SAFE, Sqlite, Workspace, ledger

FILES = 200
KILLS = 50
HITS = 30

# Long enough that a kill finds it at work; a second execution would show in the table log.
FILE = """CREATE TABLE t{n} (id INTEGER PRIMARY KEY, note VARCHAR(20));
INSERT INTO t{n} (id) WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 10000) SELECT x FROM c;
INSERT INTO log (n) VALUES ({n});
"""

STAGING = r"""  - {name: dev}
  - {name: staging}"""


class Trial:
    """Three environments without approvals; dev and prod are SQLite files, staging is PostgreSQL."""

    def __init__(self, sluice):
        self.staging = Postgres.create()
        self.space = Workspace(sluice)
        self.space.configure(r"  - \{name: dev\}", STAGING)
        self.space.configure(
            r"(targets:\n)",
            f"targets:\n  - {{name: staging, environment: staging, url: \"{self.staging.url}\", labels: {{app: shop}}}}\n",
        )
        self.space.configure(r"risk:.*", 'risk: [{level: low, when: "true"}]\napprovals: {low: []}\nreview: {preset: none}\n')
        sluice.ok("migrate", "--quiet", "--url", self.staging.url, "--dir", self.space.repository.folder / "migrations")
        files = {f"migrations/V{n}__t{n}.sql": FILE.format(n=n) for n in range(3, FILES + 2)}
        files["migrations/V2__log.sql"] = "CREATE TABLE log (n INTEGER NOT NULL);\nINSERT INTO log (n) VALUES (2);\n"
        work = self.space.repository
        work.branch("change/many")
        work.commit(files, "many tables")
        work.git("push", "-q", "origin", "change/many")
        work.git("push", "-q", "origin", "change/many:main")

    @property
    def databases(self) -> dict:
        return {"dev": self.space.targets["dev"], "staging": self.staging, "prod": self.space.targets["prod"]}

    def running_tasks(self) -> int:
        """What the store of the dead daemon says was at work; read from a copy, so that nothing is disturbed."""
        copy = self.space.home / "store-copy.db"
        for suffix in ("", "-wal"):
            source = self.space.root / f"store.db{suffix}"
            with contextlib.suppress(FileNotFoundError):
                copy.with_name(copy.name + suffix).write_bytes(source.read_bytes())
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            ((n,),) = connection.execute("SELECT count(*) FROM task WHERE state = 'running'").fetchall()
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                copy.with_name(copy.name + suffix).unlink()
        return n

    def is_done(self) -> bool:
        done = self.space.run("change", "list", "--output", "json")
        changes = done.json()["changes"] if done.status == 0 else []
        return bool(changes) and all(change["state"] == "done" for change in changes)

    def hashes(self) -> dict:
        return {
            name: self.space.sluice.ok("snapshot", "--url", database.url).splitlines()[0].split("sha256 ")[1]
            for name, database in self.databases.items()
        }

    def check_once(self):
        for name, database in self.databases.items():
            counts = database.rows("SELECT n, count(*) FROM log GROUP BY n ORDER BY n")
            assert counts == [(n, 1) for n in range(2, FILES + 2)], f"effects on {name}"
            versions = ledger(database)
            assert sorted(int(version) for version, _ in versions) == list(range(1, FILES + 2)), f"ledger of {name}"
            assert {state for _, state in versions} == {"applied"}, f"ledger of {name}"

    def close(self):
        self.space.close()
        self.staging.drop()


@pytest.fixture
def trial(sluice, tmp_workspace):
    trials = []

    def make():
        trials.append(Trial(sluice))
        return trials[-1]

    yield make
    for one in trials:
        one.close()


def kill_at_a_random_moment(trial, dice) -> bool:
    """Whether a task was running; three kills of four wait until one is, the others may come at any time."""
    trial.space.start(settled=False)
    if dice.random() < 0.75:
        wait_until(lambda: "1 run at work" in trial.space.run("status").out or trial.is_done(), 60, "a run at work")
    time.sleep(dice.uniform(0.0, 0.2))  # the moment itself is what is random here
    trial.space.kill()
    return trial.running_tasks() > 0


@pytest.mark.timeout(900)
def test_a_daemon_killed_fifty_times_applies_every_file_exactly_once(trial, record_property):
    seed = int(os.environ.get("SLUICE_TEST_SEED", "20261122"))
    dice = random.Random(seed)
    killed = trial()
    hits = sum(kill_at_a_random_moment(killed, dice) for _ in range(KILLS))
    killed.space.start(settled=False)
    wait_until(killed.is_done, 300, "the end of the change")
    killed.space.stop()
    record_property("told", f"seed {seed}: {KILLS} kills, {hits} of them while a task ran")
    killed.check_once()
    assert hits >= HITS, f"only {hits} of {KILLS} kills hit a running task"

    quiet = trial()
    quiet.space.start(settled=False)
    wait_until(quiet.is_done, 300, "the end of the change")
    quiet.space.stop()
    quiet.check_once()
    assert killed.hashes() == quiet.hashes()


class Paused:
    """A daemon that stops at a point of its first run; nobody needs to approve."""

    def __init__(self, sluice, folder, point, databases=None):
        self.space = Workspace(sluice, databases)
        self.space.configure(r"risk:.*", 'risk: [{level: low, when: "true"}]\napprovals: {low: []}\n')
        self.space.start().stop()
        mark = folder / "paused"
        env = {"SLUICE_TEST_PAUSE_AT": point, "SLUICE_TEST_PAUSE_FILE": str(mark)}
        self.space.daemon = Daemon([sluice.path, "serve", "-c", self.space.config], cwd=self.space.home, env=env)
        work = self.space.repository
        work.branch("change/discount")
        work.commit({"migrations/V2__discount.sql": SAFE})
        work.git("push", "-q", "origin", "change/discount")
        work.git("push", "-q", "origin", "change/discount:main")
        wait_until(mark.exists, 60, f"the point {point}")

    def check_done(self):
        self.space.wait_change(1, "done", timeout=60)
        assert [(run["target"], run["outcome"], run["steps_done"]) for run in self.space.history()] == [("prod", "applied", 1), ("dev", "applied", 1)]


@pytest.fixture
def paused(sluice, tmp_workspace):
    made = []

    def make(*words):
        made.append(Paused(sluice, tmp_workspace, *words))
        return made[-1]

    yield make
    for one in made:
        one.space.close()


@pytest.mark.parametrize("point", ["after-commit", "before-finish", "finished"])
def test_an_attempt_that_was_killed_behind_its_last_statement_is_history_as_applied(paused, point):
    killed = paused(point)
    killed.space.kill()
    killed.space.start()
    killed.check_done()


def test_an_attempt_whose_connection_is_lost_before_it_says_its_end_does_not_stay_open(paused, pg):
    prod = Postgres.create()
    try:
        lost = paused("before-finish", {"dev": pg, "prod": prod})
        pg.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'sluice/%%'")
        os.kill(lost.space.daemon.process.pid, signal.SIGCONT)
        lost.check_done()
        assert pg.value("SELECT count(*) FROM sluice.run WHERE ended_at IS NULL") == 0
    finally:
        prod.drop()


def test_an_attempt_whose_server_is_gone_behind_its_last_statement_is_history_as_applied(paused):
    cluster = Cluster.make()
    try:
        for name in ("dev", "prod"):
            cluster.ask(f"CREATE DATABASE {name}")
        lost = paused("after-commit", {name: SimpleNamespace(url=cluster.url(name)) for name in ("dev", "prod")})
        assert cluster.ask("SELECT version FROM sluice.migration WHERE state = 'applied' ORDER BY seq", "dev") == [("1",), ("2",)]
        cluster.kill()
        os.kill(lost.space.daemon.process.pid, signal.SIGCONT)
        wait_until(lambda: lost.space.history("dev")[0]["outcome"] != "running", 60, "the end of the attempt")
        cluster.start()
        lost.check_done()
    finally:
        cluster.remove()
