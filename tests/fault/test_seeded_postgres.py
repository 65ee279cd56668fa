"""Faults drawn from a printed seed fall on `sluice migrate` while it works on a PostgreSQL of the test's own: the
program killed, its backend terminated, the server killed and started again, the connection cut while a COMMIT is on its
way there or back.  After each fault the ledger says exactly what is there; at the end everything ran exactly once.

SLUICE_TEST_SEED repeats one, SLUICE_TEST_LONG=1 takes many more."""

import contextlib
import os
import random
import socket
import subprocess
import threading
import time

import pytest
from harness.cluster import USER, Cluster
from harness.wait import wait_until

FILES = 8
FAULTS = 250 if os.environ.get("SLUICE_TEST_LONG") == "1" else 16
DATABASE = "shop"

# Statements of a file by their numbers; those that are counted insert a row with the file and their number.
COUNT = "INSERT INTO log (file, number) VALUES ({n}, {i})"
SLOW = "INSERT INTO log (file, number) SELECT {n}, {i} FROM (SELECT pg_sleep(0.04)) AS s"


def shapes(n):
    """The kinds of files there are: one transaction, a point within, something alone, several transactions."""
    return [
        [COUNT, f"CREATE TABLE a{n} (id int)", SLOW, COUNT],
        [COUNT, f"CREATE TYPE m{n} AS ENUM ('x')", f"ALTER TYPE m{n} ADD VALUE 'y'", SLOW, COUNT],
        [SLOW, f"CREATE INDEX CONCURRENTLY log_{n} ON log (file)", COUNT, f"DROP INDEX CONCURRENTLY log_{n}", SLOW],
        [COUNT, "VACUUM log", SLOW, "VACUUM log", COUNT],
    ]


def statements(n):
    return [text.format(n=n, i=i) for i, text in enumerate(shapes(n)[n % 4], 1)]


def counted(n):
    return {i for i, text in enumerate(shapes(n)[n % 4], 1) if text in (COUNT, SLOW)}


class Relay:
    """Stands between the program and the server and cuts them apart at one COMMIT: before the server has it, or when
    it has and the answer is still to come."""

    def __init__(self, port):
        self.upstream = ("127.0.0.1", port)
        self.left, self.delivers = 0, False
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, at, delivers):
        self.left, self.delivers = at, delivers

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                try:
                    upstream = socket.create_connection(self.upstream)
                except OSError:
                    client.close()
                    continue
                threading.Thread(target=self.forward, args=(client, upstream, True), daemon=True).start()
                threading.Thread(target=self.forward, args=(upstream, client, False), daemon=True).start()

    def forward(self, source, sink, from_client):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if from_client and b"COMMIT\0" in data and self.is_due():
                    source.shutdown(socket.SHUT_RDWR)
                    if self.delivers:
                        sink.sendall(data)
                    else:
                        sink.shutdown(socket.SHUT_RDWR)
                    return
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def is_due(self):
        self.left -= 1
        return self.left == 0


class Trial:
    def __init__(self, sluice, folder, dice):
        self.sluice, self.folder, self.dice = sluice, folder, dice
        self.cluster = Cluster.make()
        self.relay = Relay(self.cluster.port)
        self.told, self.hits, self.epoch = [], 0, 0
        folder.mkdir()
        self.begin_anew(0)

    def begin_anew(self, generation):
        """An empty database; the first file makes the log."""
        self.database = f"{DATABASE}{generation}"
        self.cluster.ask(f"CREATE DATABASE {self.database}")
        self.epoch = 0
        (self.folder / "V1__log.sql").write_text("CREATE TABLE log (file int NOT NULL, number int NOT NULL);\n")
        for n in range(2, FILES + 2):
            (self.folder / f"V{n}__file.sql").write_text("".join(f"{text};\n" for text in statements(n)))

    def start(self, port):
        url = f"postgres://{USER}@127.0.0.1:{port}/{self.database}"
        return subprocess.Popen(
            [self.sluice.path, "migrate", "--url", url, "--dir", self.folder, "--lock-wait", "20s"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def ask(self, sql):
        return self.cluster.ask(sql, self.database)

    def backends(self):
        return [pid for (pid,) in self.ask("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'sluice/%' AND datname = current_database()")]

    # --- faults ------------------------------------------------------------------------------------

    def moment(self):
        time.sleep(self.dice.uniform(0.02, 0.4))  # the moment itself is what is random here

    def program_killed(self):
        process = self.start(self.cluster.port)
        self.moment()
        hit = process.poll() is None
        process.kill()
        return process, hit

    def backend_terminated(self):
        process = self.start(self.cluster.port)
        self.moment()
        pids = self.backends()
        for pid in pids:
            self.ask(f"SELECT pg_terminate_backend({pid})")
        return process, bool(pids)

    def server_killed(self):
        process = self.start(self.cluster.port)
        self.moment()
        hit = process.poll() is None
        self.cluster.kill()
        self.cluster.start()
        return process, hit

    def commit_lost(self):
        return self.cut(False)

    def answer_lost(self):
        return self.cut(True)

    def cut(self, delivers):
        self.relay.arm(self.dice.randint(1, 12), delivers)
        process = self.start(self.relay.port)
        return process, True

    def fall(self):
        fault = self.dice.choice([self.program_killed, self.backend_terminated, self.server_killed, self.commit_lost, self.answer_lost])
        process, hit = fault()
        _, err = process.communicate(timeout=120)
        self.relay.arm(0, False)
        self.hits += hit
        self.told.append(f"{fault.__name__}: status {process.returncode} {err.strip()}")
        assert process.returncode in (-9, 0, 3, 6, 9), "an end that no fault explains"

    # --- invariants --------------------------------------------------------------------------------

    def quiet(self):
        """Until nothing of ours is at work in the server any more."""
        wait_until(lambda: not self.backends(), 60, "the end of our sessions")

    def check(self):
        self.quiet()
        ((there,),) = self.ask("SELECT to_regclass('sluice.migration') IS NOT NULL")
        if not there:
            assert self.ask("SELECT to_regclass('public.log')") == [(None,)]
            return
        done = {int(version): (n, state) for version, n, state in self.ask("SELECT version, done, state FROM sluice.migration")}
        ((log,),) = self.ask("SELECT to_regclass('public.log') IS NOT NULL")
        assert log == (1 in done and done[1][0] == 1)
        rows = self.ask("SELECT file, number FROM public.log") if log else []
        assert len(rows) == len(set(rows)), f"twice: {sorted(rows)}"
        for n in range(2, FILES + 2):
            reached = done.get(n, (0, ""))[0]
            assert {i for file, i in rows if file == n} == {i for i in counted(n) if i <= reached}, f"file {n} is at {reached}"
            assert n not in done or (done[n][1] == "applied") == (reached == len(statements(n)))
        unfinished = [n for n in range(1, FILES + 2) if done.get(n, (0, ""))[1] != "applied"]
        assert not unfinished or not any(n in done for n in range(unfinished[0] + 1, FILES + 2)), "out of order"
        ((epoch,),) = self.ask("SELECT epoch FROM sluice.fence")
        assert epoch >= self.epoch, "the fence went back"
        self.epoch = epoch

    def is_done(self):
        return self.ask("SELECT to_regclass('sluice.migration') IS NOT NULL") == [(True,)] and self.ask(
            f"SELECT count(*) = {FILES + 1} FROM sluice.migration WHERE state = 'applied'"
        ) == [(True,)]

    def finish(self):
        url = self.cluster.url(self.database)
        self.sluice.ok("migrate", "--url", url, "--dir", self.folder, timeout=120)
        self.check()
        assert self.is_done()
        assert self.ask("SELECT count(*) FROM sluice.step WHERE state = 'started'") == [(0,)]
        assert self.ask("SELECT count(*) FROM sluice.run WHERE ended_at IS NULL") == [(0,)]
        assert self.ask("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
        assert "nothing to do" in self.sluice.ok("migrate", "--url", url, "--dir", self.folder)

    def close(self):
        self.relay.server.close()
        self.cluster.remove()


@pytest.mark.timeout(7200 if FAULTS > 100 else 600)
def test_whatever_falls_on_a_run_everything_runs_exactly_once(sluice, tmp_workspace, record_property):
    seed = int(os.environ.get("SLUICE_TEST_SEED") or random.SystemRandom().randrange(1 << 31))
    print(f"SLUICE_TEST_SEED={seed}")
    trial = Trial(sluice, tmp_workspace / "migrations", random.Random(seed))
    try:
        generation = 0
        for _ in range(FAULTS):
            if trial.is_done():
                trial.finish()
                generation += 1
                trial.begin_anew(generation)
            trial.fall()
            trial.check()
        trial.finish()
    except BaseException:
        print("\n".join(trial.told[-5:]))
        raise
    finally:
        trial.close()
    record_property("told", f"seed {seed}: {FAULTS} faults, {trial.hits} of them while it worked, {generation + 1} databases")
    assert trial.hits >= FAULTS // 2, f"only {trial.hits} of {FAULTS} fell on a run at work"
