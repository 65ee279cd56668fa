"""The daemon applies a long change to two databases of a server that dies, that loses its sessions, and is killed itself:
from a printed seed.  Everything settles by itself, ran exactly once, and the history has every attempt."""

import copy
import random
import time
from collections import Counter
from types import SimpleNamespace

import pytest
from harness.shapes import SERVERS
from harness.trial import LONG, Rules, seed_of
from harness.wait import wait_until
from harness.workspace import Workspace

BLOWS = 4


class Life:
    """A demo workspace whose first file the databases have, and one change with all the others."""

    def __init__(self, sluice, server, first, shapes, dice):
        self.server, self.dice, self.hits, self.told = server, dice, Counter(), []
        self.engines = {}
        for name in ("dev", "prod"):
            self.engines[name] = copy.copy(server)
            self.engines[name].begin_anew(f"{name}{dice.randrange(1 << 40)}")
        self.space = Workspace(sluice, {name: SimpleNamespace(url=engine.url()) for name, engine in self.engines.items()})
        self.space.configure(r"risk:.*", 'risk: [{level: low, when: "true"}]\napprovals: {low: []}\nreview: {preset: none}\n')
        certain = [shape for shape in shapes if not any(one.asks for one in shape)]
        self.rules = {name: Rules(engine, first, certain, start=2) for name, engine in self.engines.items()}
        self.push()

    def push(self):
        work = self.space.repository
        work.branch("change/many")
        work.commit({f"migrations/{name}": text for name, text in self.rules["dev"].texts().items()}, "many files")
        work.git("push", "-q", "origin", "change/many")
        work.git("push", "-q", "origin", "change/many:main")

    def changes(self) -> list:
        done = self.space.run("change", "list", "--output", "json")
        return done.json()["changes"] if done.status == 0 else []

    def is_done(self) -> bool:
        changes = self.changes()
        return bool(changes) and all(change["state"] == "done" for change in changes)

    def at_work(self) -> bool:
        return "1 run at work" in self.space.run("status").out

    # --- faults ------------------------------------------------------------------------------------

    def session_ended(self):
        for engine in self.engines.values():
            for session in engine.sessions():
                engine.end(session)

    def server_killed(self):
        self.server.restart()

    def daemon_killed(self):
        """What it leaves is looked at before the next one comes."""
        self.space.kill()
        for rules in self.rules.values():
            rules.check()
        self.space.start(settled=False)

    def wait_for(self, condition, timeout, what):
        try:
            wait_until(condition, timeout, what)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.told} {self.changes()}\n{self.space.daemon.log.read_text()[-3000:]}") from None

    def fall(self):
        self.wait_for(lambda: self.at_work() or self.is_done(), 90, "a run at work")
        time.sleep(self.dice.uniform(0.0, 0.3))  # the moment itself is what is random here
        fault = self.dice.choice([self.session_ended, self.server_killed, self.daemon_killed])
        self.hits[fault.__name__] += self.at_work()
        self.told.append(fault.__name__)
        fault()

    # --- the end -----------------------------------------------------------------------------------

    def check_history(self):
        """Every attempt that reached a target is there, and the last one did it."""
        runs = self.space.json("history", "--limit", "500")["history"]
        for name, engine in self.engines.items():
            of_target = [run for run in runs if run["target"] == name]
            reached = {run for (run,) in engine.ask(f"SELECT id FROM {engine.ledger}run WHERE installation <> ''")}
            assert reached <= {run["run"] for run in of_target}, f"attempts on {name} that the history lacks"
            assert of_target[0]["outcome"] == "applied" and not [run for run in of_target if run["outcome"] == "running"], of_target

    def live(self):
        self.space.start(settled=False)
        for _ in range(BLOWS):
            if not self.is_done():
                self.fall()
        self.wait_for(self.is_done, 120, "the end of the change")
        self.check_history()
        self.space.stop()
        for rules in self.rules.values():
            rules.check()
            assert rules.is_done() and not rules.found.doubts
            assert not any(is_open for _, is_open in rules.found.runs)
            assert not rules.engine.broken()
        dev, prod = (self.space.sluice.ok("snapshot", "--url", engine.url()).splitlines()[0].split("sha256 ")[1] for engine in self.engines.values())
        assert dev == prod

    def close(self):
        self.space.close()


@pytest.mark.timeout(3600 if LONG else 300)
@pytest.mark.parametrize("name", SERVERS)
def test_whatever_falls_on_the_daemon_and_its_targets_everything_settles(sluice, tmp_workspace, record_property, name):
    seed = seed_of(f"{name}, the daemon")
    dice, hits = random.Random(seed), Counter()
    make, first, shapes = SERVERS[name]
    server = make()
    try:
        for _ in range(20 if LONG else 1):
            life = Life(sluice, server, first, shapes, dice)
            try:
                life.live()
            finally:
                life.close()
            hits += life.hits
    finally:
        server.close()
    record_property("told", f"seed {seed}: faults while a run was at work: " + ", ".join(f"{n} {what}" for what, n in sorted(hits.items())))
    assert hits.total() >= 1
