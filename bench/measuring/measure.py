"""Timing commands, in rounds: ours and the baseline take turns, so that a loaded machine slows both."""

import os
import signal
import statistics
import subprocess
import threading
import time
from typing import NamedTuple

MIB = 1 << 20


class Cost(NamedTuple):
    wall: float  # seconds
    cpu: float  # seconds, user and system
    rss: int  # bytes at most


class Failed(Exception):
    """A command that was to be measured did not do its work."""


def run(words, good=(0,), stdin=None, env=None, cwd=None, core=None) -> Cost:
    """One command to its end.  core: the only CPU that it may use."""
    with open(os.devnull, "w") as null, subprocess.Popen(
        [os.fspath(word) for word in words],
        stdin=open(stdin, "rb") if stdin else subprocess.DEVNULL,
        stdout=null,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        preexec_fn=(lambda: os.sched_setaffinity(0, {core})) if core is not None else None,
    ) as child:
        begin = time.monotonic()
        lines = []
        reader = threading.Thread(target=lambda: lines.append(child.stderr.read()))
        reader.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        reader.join()
    if child.returncode not in good:
        raise Failed(f"{' '.join(map(str, words))}: status {child.returncode}: {b''.join(lines).decode(errors='replace')[-400:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


class Sample:
    """What several rounds measured of one thing."""

    def __init__(self, values):
        self.values = list(values)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Half of the distance between the extremes, as a part of the median."""
        return (max(self.values) - min(self.values)) / 2 / self.median if self.median else 0.0


class Row(NamedTuple):
    """One line of the report."""

    what: str
    ours: Sample
    baseline: Sample  # None: the bar is a number of its own
    against: str  # what the baseline is
    unit: str
    bar: float
    of: str = "ratio"  # what the bar limits: ratio, most (ours at most) or least (ours at least)
    note: str = ""

    @property
    def ratio(self):
        """The median of each round's own ratio."""
        if self.baseline is None:
            return None
        return statistics.median(a / b for a, b in zip(self.ours.values, self.baseline.values))

    @property
    def held(self) -> bool:
        if self.of == "ratio":
            return self.ratio <= self.bar
        return self.ours.median >= self.bar if self.of == "least" else self.ours.median <= self.bar


def rounds(count, ours, baseline):
    """(Sample, Sample): each function gives one number; they take turns, after a first turn that is not counted."""
    pairs = [(ours(), baseline()) for _ in range(count + 1)][1:]
    return Sample(a for a, _ in pairs), Sample(b for _, b in pairs)


def memory(pid) -> int:
    """Resident bytes of a process."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def peak_and_maps(words, path) -> tuple:
    """(peak bytes resident, whether the file was ever mapped) of a command that runs to its end."""
    mapped = False
    peak = 0
    with subprocess.Popen([os.fspath(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while child.poll() is None:
            try:
                with open(f"/proc/{child.pid}/maps") as maps:
                    mapped = mapped or os.fspath(path) in maps.read()
                with open(f"/proc/{child.pid}/status") as status:
                    peak = max([peak, *(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))])
            except (FileNotFoundError, ProcessLookupError):
                break
            time.sleep(0.005)
    if child.returncode not in (0, 1):
        raise Failed(f"{' '.join(map(str, words))}: status {child.returncode}")
    return peak, mapped


class Service:
    """A daemon that says when it is ready (sd_notify) and is stopped at the end."""

    def __init__(self, words, folder, core=None):
        import socket

        path = str(folder / "notify")
        if os.path.exists(path):
            os.unlink(path)
        self.log = open(folder / "daemon.log", "wb")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.bind(path)
            told.settimeout(60)
            begin = time.monotonic()
            self.child = subprocess.Popen(
                [os.fspath(word) for word in words],
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "NOTIFY_SOCKET": path},
                cwd=folder,
                preexec_fn=(lambda: os.sched_setaffinity(0, {core})) if core is not None else None,
            )
            try:
                while b"READY=1" not in told.recv(4096):
                    pass
            except TimeoutError:
                self.child.kill()
                raise Failed(f"the daemon was not ready within a minute: {(folder / 'daemon.log').read_text()[-400:]}") from None
            self.ready = time.monotonic() - begin

    @property
    def pid(self) -> int:
        return self.child.pid

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(30)
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
