"""Faults drawn from a printed seed fall on `sluice migrate` while it works.  After each the ledger says exactly what is
there, at the end everything ran exactly once, and nobody but the one whose turn it was wrote a row.

SLUICE_TEST_SEED repeats a life, SLUICE_TEST_LONG=1 takes a longer one."""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from typing import NamedTuple

from .wait import wait_until

LONG = os.environ.get("SLUICE_TEST_LONG") == "1"
FILES = 8


class Statement(NamedTuple):
    """{n} is the file's number and {i} the statement's."""

    sql: str
    leaves: tuple = ()  # as Engine.holds() names it, "-" before what it takes away
    half: tuple = ()  # of these what it may leave when it is cut off
    asks: bool = False  # where it is cut off, only a person can say what became of it
    by_hand: str = ""  # what a person would send instead

    def of(self, n, i):
        leaves, half = (tuple(what.format(n=n, i=i) for what in names) for names in (self.leaves, self.half))
        return Statement(self.sql.format(n=n, i=i), leaves, half, self.asks, self.by_hand.format(n=n, i=i))


def statement(sql, *leaves, **more):
    return Statement(sql, leaves, **more)


COUNT = statement("INSERT INTO log (file, number) VALUES ({n}, {i})", "log:{n}:{i}")
BEGIN = statement("INSERT INTO counter (file, n) VALUES ({n}, 1)", "counter:{n}")
RAISE = statement("UPDATE counter SET n = n + 1 WHERE file = {n}", "counter:{n}")


# What a trial asks of a ledger, with the prefix of its tables.
LEDGER = [
    "SELECT epoch FROM {p}fence",
    "SELECT version, done, state FROM {p}migration",
    "SELECT s.version, s.statement, s.state, coalesce(r.epoch, 0) FROM {p}step AS s LEFT JOIN {p}run AS r ON r.id = s.run",
    "SELECT epoch, CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END FROM {p}run",
]


class Found(NamedTuple):
    """What there is after a blow."""

    holds: Counter  # how often each thing is there that a statement can leave
    epoch: int | None = None
    settled: dict = {}  # of each file that was begun how many of its statements are done, and its state
    steps: list = []  # file, statement, state, epoch of its run
    runs: list = []  # epoch, whether it is open

    @property
    def doubts(self) -> set:
        return {(n, number) for n, number, state, _ in self.steps if state == "started"}


def asks_of(tables) -> list:
    """The questions about rows, as far as their tables are there."""
    asks = ["SELECT concat('log:', file, ':', number), count(*) FROM log GROUP BY file, number"] if "log" in tables else []
    asks += ["SELECT concat('counter:', file), n FROM counter"] if "counter" in tables else []
    for name in tables:
        if re.fullmatch(r"d\d+", name):
            asks.append(f"SELECT 'old:{name}', count(*) FROM {name} WHERE id < 10")
            asks.append(f"SELECT 'kept:{name}', count(*) FROM {name} WHERE id >= 10")
        if re.fullmatch(r"g\d+", name):
            asks.append(f"SELECT 'big:{name}', count(*) FROM {name}")
        if re.fullmatch(r"x\d+", name):
            asks.append(f"SELECT 'swapped:{name}', count(*) FROM {name} WHERE mark = 'y'")
    return asks


def seed_of(test) -> int:
    seed = int(os.environ.get("SLUICE_TEST_SEED") or random.SystemRandom().randrange(1 << 31))
    print(f"SLUICE_TEST_SEED={seed} {test}")
    return seed


class Relay:
    """Stands between the program and the server and cuts them apart at one message: before the server has it, or when
    it has and the answer is still to come."""

    def __init__(self, port):
        self.upstream = ("127.0.0.1", port)
        self.arm(0, b"", False)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, at, mark, delivers):
        """At the at-th message with the mark in it; 0 is never."""
        self.left, self.mark, self.delivers = at, mark, delivers

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
                if from_client and self.mark in data and self.is_due():
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

    def close(self):
        self.server.close()


class Rules:
    """What must be true of a database to which files with these shapes are applied, also half way."""

    def __init__(self, engine, first, shapes, start=1):
        self.engine = engine
        numbers = range(start + 1, start + 1 + FILES)
        all_shapes = {start: first, **{n: shapes[n % len(shapes)] for n in numbers}}
        self.files = {n: [one.of(n, i) for i, one in enumerate(shape, 1)] for n, shape in all_shapes.items()}
        self.forget()

    def forget(self):
        """What was seen of the database before."""
        self.epoch, self.kept, self.found = 0, set(), Found(Counter())

    def texts(self) -> dict:
        return {f"V{n}__file.sql": "".join(f"{one.sql};\n" for one in statements) for n, statements in self.files.items()}

    # --- what is known -----------------------------------------------------------------------------

    def look(self) -> "Found":
        shapes, p = self.engine.shapes(), self.engine.ledger
        tables = [name for kind, name in (what.split(":", 1) for what in shapes) if kind == "table"]
        held = self.engine.ask_all([" UNION ALL ".join(asks_of(tables))])[0] if asks_of(tables) else []
        rows = self.engine.ask_all([ask.format(p=p) for ask in LEDGER]) if sum(what.startswith("ledger:") for what in shapes) == 5 else [[]]
        holds = Counter({**shapes, **dict(held)})
        if not rows[0]:  # tables that hold nothing are no ledger yet
            return Found(holds)
        ((epoch,),), files, steps, runs = rows
        settled = {int(version): (done, state) for version, done, state in files}
        return Found(holds, epoch, settled, [(int(version), *rest) for version, *rest in steps], runs)

    def is_done(self) -> bool:
        return all(self.found.settled.get(n, (0, ""))[1] == "applied" for n in self.files)

    def left_by(self, n, reached, half=()) -> Counter:
        """What the first so many statements of a file leave behind, and half of another one."""
        left = Counter({what.lstrip("-"): 0 for one in self.files[n] for what in one.leaves})
        for what in [what for one in self.files[n][:reached] for what in one.leaves] + list(half):
            left[what.lstrip("-")] += -1 if what.startswith("-") else 1
        return left

    def is_left(self, n, reached, holds, half=()) -> bool:
        wanted = self.left_by(n, reached, half)
        return {what: holds[what] for what in wanted} == wanted

    def may_be_left(self, n, number, holds) -> bool:
        """By a statement in doubt."""
        return self.is_left(n, number, holds) or self.is_left(n, number - 1, holds, self.files[n][number - 1].half)

    # --- invariants --------------------------------------------------------------------------------

    def check(self):
        self.engine.quiet()
        self.found = found = self.look()
        if found.epoch is None:
            assert not any(found.holds[what] for n in self.files for what in self.left_by(n, 0)), "something ran, and there is no ledger"
            return
        assert len(found.doubts) <= 1, f"several statements in doubt: {found.doubts}"
        for n, statements in self.files.items():
            reached, state = found.settled.get(n, (0, ""))
            assert n not in found.settled or (state == "applied") == (reached == len(statements)), f"file {n} is {state} at {reached}"
            self.check_file(n, reached, {number for file, number in found.doubts if file == n}, found.holds)
        unfinished = [n for n in self.files if found.settled.get(n, (0, ""))[1] != "applied"]
        assert not unfinished or not any(n > unfinished[0] for n in found.settled), "out of order"
        self.check_writers(found)
        self.check_kept(found.holds)

    def check_file(self, n, reached, doubts, holds):
        assert all(number > reached for number in doubts), f"file {n} is at {reached}, and {doubts} in doubt"
        if not self.is_left(n, reached, holds) and not any(self.may_be_left(n, number, holds) for number in doubts):
            wanted = self.left_by(n, reached)
            found = {what: holds[what] for what in wanted}
            raise AssertionError(f"file {n} is at {reached}, {doubts or 'nothing'} in doubt, and there is {found}, not {dict(wanted)}")

    def check_writers(self, found):
        """A row was written by whoever had raised the fence, one after the other, and only the last may still be at it."""
        assert found.epoch >= self.epoch, "the fence went back"
        self.epoch = found.epoch
        runs = sorted(found.runs)
        assert len({number for number, _ in runs}) == len(runs) and runs[-1][0] <= found.epoch, f"{runs} at {found.epoch}"
        assert not any(is_open for _, is_open in runs[:-1]), "an attempt stayed open"
        writers = [writer for _, _, _, writer in sorted(found.steps)]
        assert 0 not in writers and writers == sorted(writers), f"one that was overtaken wrote a row: {writers}"

    def check_kept(self, holds):
        """An application writes into each table that was emptied; emptied twice, that is gone."""
        for name in self.kept:
            assert holds[f"kept:{name}"] == 1, f"{name} was emptied twice"
        for what, n in holds.items():
            table = what.removeprefix("kept:")
            number = re.sub(r"\D", "", table)
            if what.startswith("kept:") and n == 0 and holds[f"old:{table}"] == 0 and holds[f"log:{number}:3"] == 1:
                self.engine.ask(f"INSERT INTO {table} (id) VALUES (99)")
                self.kept.add(table)


class Trial(Rules):
    """One engine, one folder of files with the shapes, and what has fallen on them so far."""

    options = ()  # of `sluice migrate`
    patience = "20s"
    elsewhere = ()  # what makes a program one of another machine, as far as locks go
    commit_takes = 0.002  # seconds, at most

    def __init__(self, sluice, engine, folder, first, shapes, dice):
        super().__init__(engine, first, shapes)
        self.sluice, self.folder, self.dice = sluice, folder, dice
        self.told, self.hits, self.people, self.generation = [], Counter(), Counter(), 0
        folder.mkdir()
        for name, text in self.texts().items():
            (folder / name).write_text(text)
        self.begin_anew()

    def begin_anew(self):
        self.engine.begin_anew(f"shop{self.generation}")
        self.generation += 1
        self.forget()

    def faults(self) -> list:
        return [self.killed, self.killed_in_commit, self.overtaken]

    # --- faults ------------------------------------------------------------------------------------

    def start(self, *before, port=None, env=None):
        words = [*before, self.sluice.path, "migrate", "--url", self.engine.url(port), "--dir", self.folder, "--lock-wait", self.patience, *self.options]
        return subprocess.Popen(self.engine.words(*words), env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def moment(self, most=0.4):
        time.sleep(self.dice.uniform(0.02, most))  # the moment itself is what is random here

    def killed(self):
        process = self.start()
        self.moment()
        hit = process.poll() is None
        process.kill()
        return process, hit

    def killed_in_commit(self):
        """Held before a COMMIT, let go, and killed some microseconds later."""
        mark = self.folder.parent / "paused"
        mark.unlink(missing_ok=True)
        process = self.start(env={"SLUICE_TEST_PAUSE_AT": f"before-commit:{self.dice.randint(1, 12)}", "SLUICE_TEST_PAUSE_FILE": str(mark)})
        wait_until(lambda: mark.exists() or process.poll() is not None, 60, "the commit")
        hit = process.poll() is None
        process.send_signal(signal.SIGCONT)
        until = time.perf_counter() + self.dice.uniform(0, self.commit_takes)
        while time.perf_counter() < until:
            pass
        process.kill()
        return process, hit

    def overtaken(self):
        """Stopped, robbed of its session, overtaken by another one, and let go on."""
        process = self.start()
        self.moment()
        process.send_signal(signal.SIGSTOP)
        hit = process.poll() is None
        for session in self.engine.sessions():
            self.engine.end(session)
        other = self.start(*self.elsewhere)
        _, err = other.communicate(timeout=180)
        process.send_signal(signal.SIGCONT)
        assert self.is_explained(other.returncode, err), f"an end that no fault explains: {other.returncode} {err}"
        return process, hit

    def fall(self):
        fault = self.dice.choice(self.faults())
        process, hit = fault()
        _, err = process.communicate(timeout=180)
        self.hits[fault.__name__] += hit
        self.told.append(f"{fault.__name__}: status {process.returncode} {err.strip()}")
        assert self.is_explained(process.returncode, err), "an end that no fault explains"
        self.check()
        self.ask_people(err)

    def is_explained(self, status, err) -> bool:
        return status in (-signal.SIGKILL, 0, 3, 6, 9)

    # --- a person's word ---------------------------------------------------------------------------

    def ask_people(self, err):
        """Where the program asks for a person's word, one looks, does the rest by hand where that is due, and says so."""
        place = re.search(r"V(\d+)__file\.sql:\d+: .* --resolve", err)
        if not place:
            return
        n = int(place[1])
        statements, (reached, _) = self.files[n], self.found.settled[n]
        begun = next((number for file, number in self.found.doubts if file == n), None)
        assert any(one.asks for one in statements[reached:]), f"nobody needs to be asked about file {n} at {reached}"
        if begun:
            return self.say(n, "applied" if self.is_left(n, begun, self.found.holds) else "not-applied", "--statement", str(begun))
        for one in statements[reached:]:
            self.engine.ask(one.by_hand or one.sql)
        return self.say(n, "file-applied")

    def say(self, n, word, *more):
        self.people[word] += 1
        self.told.append(f"resolve {n}={word}")
        self.sluice_ok("--resolve", f"{n}={word}", "--reason", "looked", *more)
        self.check()

    # --- the end -----------------------------------------------------------------------------------

    def sluice_run(self, *words):
        command = self.engine.words(self.sluice.path, "migrate", "--url", self.engine.url(), "--dir", self.folder, *words)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)

    def sluice_ok(self, *words) -> str:
        done = self.sluice_run(*words)
        assert done.returncode == 0, f"{words}: status {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def finish(self):
        done = self.sluice_run()
        while done.returncode == 9:
            before = self.people.total()
            self.ask_people(done.stderr)
            assert self.people.total() > before, done.stderr
            done = self.sluice_run()
        assert done.returncode == 0, done.stderr
        self.check()
        assert self.is_done() and not self.found.doubts
        assert not any(is_open for _, is_open in self.found.runs)
        assert "nothing to do" in self.sluice_ok()
        self.engine.quiet()
        assert not self.engine.broken()

    def live(self, blows):
        """So many blows, on as many databases as they take to be finished."""
        try:
            for _ in range(blows):
                if self.is_done():
                    self.finish()
                    self.begin_anew()
                self.fall()
            self.finish()
        except BaseException:
            print("\n".join(self.told[-6:]))
            raise
        assert self.hits.total() >= blows // 2, f"only {self.hits.total()} of {blows} fell on a run at work"

    def story(self) -> str:
        said = f", a person was asked {self.people.total()} times" if self.people else ""
        hits = ", ".join(f"{n} {name}" for name, n in sorted(self.hits.items()))
        return f"{len(self.told) - self.people.total()} faults, of them on a run at work: {hits}; {self.generation} databases{said}"

    def close(self):
        self.engine.close()


class ServerTrial(Trial):
    """A server beside the program: its session may be ended, it may die, the line may be cut."""

    def __init__(self, sluice, engine, *rest):
        self.relay = Relay(engine.port)
        super().__init__(sluice, engine, *rest)

    def faults(self):
        return [*super().faults(), self.session_ended, self.server_killed, self.commit_lost, self.answer_lost, self.line_cut]

    def session_ended(self):
        process = self.start()
        self.moment()
        sessions = self.engine.sessions()
        for session in sessions:
            self.engine.end(session)
        return process, bool(sessions)

    def server_killed(self):
        process = self.start()
        self.moment()
        hit = process.poll() is None
        self.engine.restart()
        return process, hit

    def commit_lost(self):
        return self.cut(self.engine.commit, 12, False)

    def answer_lost(self):
        return self.cut(self.engine.commit, 12, True)

    def line_cut(self):
        """At any message, also one that sends a statement."""
        return self.cut(b"", 150, self.dice.random() < 0.7)

    def cut(self, mark, most, delivers):
        self.relay.arm(self.dice.randint(1, most), mark, delivers)
        process = self.start(port=self.relay.port)
        process.wait(180)
        hit = self.relay.left <= 0
        self.relay.arm(0, b"", False)
        return process, hit

    def close(self):
        self.relay.close()
        super().close()


class FileTrial(Trial):
    """A file beside the program: somebody else may hold it, and the disk may be full or not take what is written."""

    patience = "2s"
    elsewhere = ("unshare", "--net")
    hot = 0
    commit_takes = 0.0004
    options = ("--lock-timeout", "100ms")

    def faults(self):
        return [*super().faults(), self.killed_in_commit, self.held, self.disk_full, self.write_failed, self.killed_by_a_write]

    def held(self):
        """By another writer, before or while it works."""
        writer = subprocess.Popen(self.engine.words("sqlite3", self.engine.path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        early = self.dice.random() < 0.5
        process = None if early else self.start()
        if process:
            self.moment(0.1)
        writer.stdin.write(f".timeout 20000\nBEGIN {self.dice.choice(['IMMEDIATE', 'EXCLUSIVE'])};\nSELECT 'held';\n")
        writer.stdin.flush()
        writer.stdout.readline()
        process = process or self.start()
        self.moment()
        hit = process.poll() is None
        writer.communicate("COMMIT;\n")
        return process, hit

    def disk_full(self):
        self.engine.disk.fill(left=self.dice.randint(0, 400_000))
        process = self.start()
        process.wait(180)
        self.engine.disk.free()
        return process, process.returncode != 0

    def limited(self, *before):
        """No file may grow beyond a size that lies close before it."""
        size = self.engine.size() + self.dice.randint(0, 300_000)
        process = self.start(*before, "prlimit", f"--fsize={size}")
        process.wait(180)
        return process, process.returncode != 0

    def write_failed(self):
        return self.limited("env", "--ignore-signal=XFSZ")

    def killed_by_a_write(self):
        return self.limited("env", "--default-signal=XFSZ")

    def is_explained(self, status, err):
        """A statement for which there is no room has failed."""
        return super().is_explained(status, err) or status == -signal.SIGXFSZ or (status == 8 and re.search("disk is full|disk I/O error", err))

    def check(self):
        self.hot += self.engine.is_hot()
        super().check()

    def story(self):
        return f"{super().story()}, {self.hot} times left in the middle of a commit"
