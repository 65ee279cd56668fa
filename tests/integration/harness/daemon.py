"""Daemons that tests start, watch and kill."""

import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile

from .program import environment
from .wait import wait_until


class Daemon:
    """A process with its output in a log file."""

    def __init__(self, argv, cwd=None, env=None):
        handle, name = tempfile.mkstemp(prefix="daemon-", suffix=".log", dir=cwd)
        self.log = pathlib.Path(name)
        with open(handle, "wb") as log:
            self.process = subprocess.Popen(
                [os.fspath(word) for word in argv],
                cwd=cwd,
                env=environment(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def log_contains(self, text: str) -> bool:
        return text in self.log.read_text(errors="replace")

    def wait_for_log(self, text: str, timeout=20.0):
        """Until the log holds text; a daemon that ends before it is an error with its log."""
        wait_until(lambda: self.log_contains(text) or not self.running, timeout, f"{text!r} in the log")
        assert self.log_contains(text), f"the daemon ended with {self.process.returncode}:\n{self.log.read_text(errors='replace')}"

    def stop(self, number=signal.SIGTERM, timeout=20.0) -> int:
        """Sends a signal and waits for the end: its status, or the signal that ended it, negative."""
        if self.running:
            self.process.send_signal(number)
        return self.process.wait(timeout)

    def kill(self):
        """As a power cut would: it and all its children, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)


class Daemons:
    def __init__(self):
        self.started = []

    def start(self, argv, cwd=None, env=None) -> Daemon:
        daemon = Daemon(argv, cwd, env)
        self.started.append(daemon)
        return daemon

    def kill_all(self):
        for daemon in self.started:
            daemon.kill()
