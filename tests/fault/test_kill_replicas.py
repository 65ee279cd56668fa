"""Three replicas on one store, killed and frozen in turn while changes come in: no task twice, none lost.

SLUICE_TEST_LONG=1 goes on for five minutes; SLUICE_TEST_SEED chooses another life."""

import os
import random
import time

import pytest
from harness.postgres import Postgres
from harness.replicas import Replicas
from harness.wait import wait_until
from harness.workspace import Sqlite, Workspace, ledger

LONG = os.environ.get("SLUICE_TEST_LONG") == "1"
SECONDS = 300 if LONG else 12
CHANGES = 100 if LONG else 6
LEASE = 2.0
FIRST = 3

# Not idempotent, and long enough that a kill finds it at work.
FILE = """CREATE TABLE t{n} (id INTEGER PRIMARY KEY, note VARCHAR(20));
INSERT INTO t{n} (id) WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000) SELECT x FROM c;
INSERT INTO log (n) VALUES ({n});
UPDATE t{n} SET note = 'x';
INSERT INTO log (n) VALUES (-{n});
"""


def branch(n) -> str:
    """Sorted like the versions: of branches that are first seen together, the first one has the files that both have."""
    return f"t{n:03}"


class Trial:
    """Two environments on both engines, no approvals, a shared store."""

    def __init__(self, sluice):
        self.store, self.canary = Postgres.create(), Postgres.create()
        self.space = Workspace(sluice, None, self.store)
        self.extra = [Sqlite(self.space.root / f"extra{i}.db") for i in range(3)]
        rows = "".join(f'  - {{name: extra{i}, environment: dev, url: "{one.url}", labels: {{app: shop}}}}\n' for i, one in enumerate(self.extra))
        rows += f'  - {{name: canary, environment: dev, url: "{self.canary.url}", labels: {{app: shop}}}}\n'
        self.space.configure(r"(targets:\n)", f"targets:\n{rows}")
        self.space.configure(r"risk:.*", 'risk: [{level: low, when: "true"}]\napprovals: {low: []}\nreview: {preset: none}\n')
        (self.space.root / "repo.git/hooks/post-receive").unlink()
        for database in (*self.extra, self.canary):
            sluice.ok("migrate", "--quiet", "--url", database.url, "--dir", self.space.repository.folder / "migrations")
        self.replicas = Replicas(self.space, lease=f"{LEASE:.0f}s")
        self.pushed = 0
        self.push({"migrations/V2__log.sql": "CREATE TABLE log (n INTEGER NOT NULL);\n"}, "log")

    @property
    def databases(self) -> dict:
        return {**self.space.targets, "canary": self.canary, **{f"extra{i}": one for i, one in enumerate(self.extra)}}

    def push(self, files, name):
        work = self.space.repository
        work.branch(f"change/{name}", "main")
        work.commit(files, name)
        work.git("branch", "-f", "main", f"change/{name}")
        work.git("push", "-q", "origin", f"change/{name}")
        work.git("push", "-q", "origin", "main")
        self.pushed += 1

    def push_next(self):
        n = self.pushed + FIRST - 1
        self.push({f"migrations/V{n}__t{n}.sql": FILE.format(n=n)}, branch(n))

    def is_done(self) -> bool:
        return self.space.ask_store("SELECT count(*) FROM change WHERE state = 'done'") == self.pushed

    def pick(self, dice):
        """Every other time one that has a task at work, where there is one within a second."""
        until = time.monotonic() + dice.choice([0, 1])
        while time.monotonic() < until:
            holder = self.space.ask_store("SELECT coalesce((SELECT lease_by FROM task WHERE state = 'running' ORDER BY id LIMIT 1), '')")
            if found := self.replicas.by_holder(holder):
                return found
        return dice.choice(self.replicas.all)

    def hurt(self, dice) -> str:
        """One replica is killed and started again, or stands still for longer than its lease."""
        victim = self.pick(dice)
        at_work = self.space.ask_store(f"SELECT count(*) FROM task WHERE state = 'running' AND lease_by LIKE '%:{victim.daemon.process.pid}:%'") > 0
        way = dice.choice(["killed", "frozen"])
        if way == "killed":
            victim.kill()
            time.sleep(dice.uniform(0.0, 1.0))  # how long it is away is what is random here
            victim.start(wait=False)
        else:
            victim.freeze()
            time.sleep(LEASE * dice.uniform(1.2, 1.8))  # longer than the lease: its work is another's by then
            victim.thaw()
        return f"{way}{'*' if at_work else ''}"

    def check(self):
        versions = [str(n) for n in range(1, self.pushed + 2)]
        numbers = range(FIRST, self.pushed + 2)
        for name, database in self.databases.items():
            counts = dict(database.rows("SELECT n, count(*) FROM log GROUP BY n"))
            assert counts == {sign * n: 1 for n in numbers for sign in (1, -1)}, f"effects on {name}"
            assert sorted(ledger(database), key=lambda row: int(row[0])) == [(version, "applied") for version in versions], f"ledger of {name}"
        assert self.space.ask_store("SELECT count(*) FROM task WHERE state <> 'done'") == 0
        assert self.space.ask_store("SELECT count(*) FROM task") == self.pushed * len(self.databases)
        assert self.space.ask_store("SELECT count(*) FROM change") == self.pushed

    def told(self) -> str:
        """What is not done, for whoever reads a failure."""
        store = self.store
        changes = store.rows("SELECT id, kind, state, branch, held, hold_reason, wait FROM sluice_store.change WHERE state <> 'done' ORDER BY id")
        tasks = store.rows("SELECT id, change_id, target, state, wait, detail, attempts, lease_by FROM sluice_store.task WHERE state <> 'done' ORDER BY id")
        known = dict(store.rows("SELECT branch, count(*) FROM sluice_store.change GROUP BY branch"))
        wanted = {"change/log": 1, **{f"change/{branch(n)}": 1 for n in range(FIRST, self.pushed + 2)}}
        odd = {branch: known.get(branch, 0) for branch in {*known, *wanted} if known.get(branch) != wanted.get(branch)}
        return "\n".join(map(str, [f"{self.pushed} pushed; not one change each: {odd}", *changes, *tasks[:20], *store.rows("SELECT * FROM sluice_store.lease")]))

    def close(self):
        self.replicas.close()
        self.space.close()
        self.store.drop()
        self.canary.drop()


@pytest.fixture
def trial(sluice, tmp_workspace):
    made = Trial(sluice)
    yield made
    made.close()


@pytest.mark.timeout(1200)
def test_replicas_killed_and_frozen_in_turn_lose_no_task_and_do_none_twice(trial):
    seed = int(os.environ.get("SLUICE_TEST_SEED", "20261128"))
    dice = random.Random(seed)
    print(f"seed {seed}: {SECONDS} s")
    trial.replicas.start()
    begun = time.monotonic()
    told = []
    while time.monotonic() - begun < SECONDS:
        due = 1 + int((time.monotonic() - begun) / SECONDS * CHANGES)
        while trial.pushed < due:
            trial.push_next()
        told.append(trial.hurt(dice))
    while trial.pushed < CHANGES:
        trial.push_next()
    print(f"seed {seed}: {len(told)} blows, * while it had a task at work: {' '.join(told)}")
    try:
        wait_until(trial.is_done, 240 if LONG else 90, "the end of every change")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{trial.told()}\n{trial.replicas.logs()}") from None
    trial.check()
