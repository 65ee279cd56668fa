"""Several daemons on one store, each with a folder, a socket and an address of its own."""

import os
import signal

from .daemon import Daemon
from .wait import wait_until


class Replica:
    def __init__(self, workspace, number):
        self.workspace = workspace
        self.home = workspace.home / f"replica{number}"
        self.home.mkdir()
        self.config = self.home / "sluice.yaml"
        self.socket = self.home / "s"
        self.daemon = None
        self.frozen = False

    def write_config(self):
        text = self.workspace.config.read_text()
        for pattern, value in (("socket", self.socket), ("data", self.home / "data")):
            lines = [f"  {pattern}: {value}" if line.startswith(f"  {pattern}: ") else line for line in text.split("\n")]
            text = "\n".join(lines)
        self.config.write_text(text)

    def start(self, wait=True):
        self.write_config()
        self.daemon = Daemon([self.workspace.sluice.path, "serve", "-c", self.config], cwd=self.home)
        if wait:
            self.daemon.wait_for_log("listening", timeout=60)
            wait_until(lambda: self.run("status").status == 0, 60, "an answer to status")
        return self

    @property
    def running(self) -> bool:
        return bool(self.daemon) and self.daemon.running and not self.frozen

    @property
    def address(self) -> str:
        """Of its pages."""
        return self.daemon.log.read_text().split("listening url=")[1].split()[0].strip('"')

    @property
    def log(self) -> str:
        return self.daemon.log.read_text(errors="replace")

    def kill(self):
        self.thaw()
        self.daemon.kill()

    def freeze(self):
        os.kill(self.daemon.process.pid, signal.SIGSTOP)
        self.frozen = True

    def thaw(self):
        if self.frozen:
            os.kill(self.daemon.process.pid, signal.SIGCONT)
        self.frozen = False

    def run(self, *words, who=None):
        token = self.workspace.token(who) if who else None
        return self.workspace.sluice.run(*words, env={"SLUICE_CONFIG": self.config, "SLUICE_TOKEN": token})

    def ok(self, *words, who=None) -> str:
        done = self.run(*words, who=who)
        assert done.status == 0, f"sluice {' '.join(map(str, words))}: {done.status}\n{done.out}{done.err}\n{self.log[-3000:]}"
        return done.out

    def change(self, number) -> dict:
        done = self.run("change", "show", number, "--output", "json")
        return done.json()["change"] if done.status == 0 else {}

    def wait_change(self, number, what, timeout=60.0) -> dict:
        def holds():
            change = self.change(number)
            return change if change and (change["state"] == what if isinstance(what, str) else what(change)) else None

        try:
            return wait_until(holds, timeout, f"{what} of change {number}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.change(number)}\n{self.log[-3000:]}") from None


class Replicas:
    """Over a workspace whose store is shared; lease is short, so that tests need not wait."""

    def __init__(self, workspace, count=3, lease="2s"):
        self.workspace = workspace
        workspace.configure(r"poll: 100ms", f"poll: 100ms\n  lease: {lease}")
        self.all = [Replica(workspace, number) for number in range(count)]

    def __getitem__(self, number) -> Replica:
        return self.all[number]

    def start(self):
        for replica in self.all:
            replica.start(wait=False)
        for replica in self.all:
            replica.daemon.wait_for_log("listening", timeout=60)
            wait_until(lambda one=replica: one.run("status").status == 0, 60, "an answer to status")
        wait_until(self.workspace.seen, 60, "the first sight of the branch")
        return self

    def owner(self, name="project/shop"):
        """Who works on the project."""
        holder = self.workspace.ask_store(f"SELECT coalesce((SELECT holder FROM lease WHERE name = '{name}'), '')")
        return self.by_holder(holder)

    def by_holder(self, holder):
        return next((one for one in self.all if one.daemon and holder.split(":")[1:2] == [str(one.daemon.process.pid)]), None)

    def worker(self, target):
        """Who has a task of the target at work."""
        return self.by_holder(
            self.workspace.ask_store(f"SELECT coalesce((SELECT lease_by FROM task WHERE target = '{target}' AND state = 'running'), '')")
        )

    def logs(self) -> str:
        return "\n".join(f"--- {one.home.name}\n{one.log[-4000:]}" for one in self.all if one.daemon)

    def close(self):
        for replica in self.all:
            if replica.daemon:
                replica.kill()
