"""A demo workspace with its daemon: pushed to as ana or dana, looked at through the commands."""

import contextlib
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile

from .daemon import Daemon
from .postgres import Postgres
from .program import environment
from .wait import wait_until

SAFE = "ALTER TABLE orders ADD COLUMN discount INTEGER NOT NULL DEFAULT 0;\n"
RISKY = "ALTER TABLE orders ADD COLUMN discount INTEGER NOT NULL;\n"


class Sqlite:
    """A database file, asked without the program under test."""

    def __init__(self, path):
        self.path = path
        self.url = f"sqlite:{path}"

    def rows(self, sql, values=()) -> list:
        with contextlib.closing(sqlite3.connect(self.path, timeout=10)) as connection:
            return connection.execute(sql, values).fetchall()

    def execute(self, sql):
        with contextlib.closing(sqlite3.connect(self.path, timeout=10)) as connection, connection:
            connection.execute(sql)

    def value(self, sql):
        ((value, *_),) = self.rows(sql)
        return value


class Repository:
    """A clone that somebody works in."""

    def __init__(self, workspace, folder, origin):
        self.workspace, self.folder = workspace, folder
        subprocess.run(["git", "clone", "-q", origin, folder], check=True, capture_output=True)
        self.act_as("ana")

    def act_as(self, name):
        """Whose name stands in commits from now on."""
        self.git("config", "user.name", name.capitalize())
        self.git("config", "user.email", f"{name}@example.com")

    def git(self, *words, env=None) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env=environment({"GIT_TERMINAL_PROMPT": "0", **(env or {})}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"git {' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def head(self, name="HEAD") -> str:
        return self.git("rev-parse", name).strip()

    def branch(self, name, base="main"):
        self.git("switch", "-q", "-c", name, base)

    def commit(self, files, message="a migration"):
        """Writes the files (None deletes one) and commits them."""
        for path, text in files.items():
            at = self.folder / path
            at.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                at.unlink()
            else:
                at.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def push(self, *refs, who="ana") -> str:
        """What the push was answered: the remote: lines, without that word."""
        out = self.git("push", "-q", "origin", *refs, env={"SLUICE_TOKEN": self.workspace.token(who)})
        return "\n".join(line[8:].rstrip() for line in out.splitlines() if line.startswith("remote: "))


    def note(self, commit="HEAD") -> str:
        """What Sluice has noted on the commit at the origin; "" nothing."""
        if "refs/notes/sluice" not in self.git("ls-remote", "origin"):
            return ""
        self.git("fetch", "-q", "origin", "+refs/notes/sluice:refs/notes/sluice")
        return self.git("notes", "--ref=sluice", "show", commit)


class Workspace:
    """sluice init --demo in a folder of its own, and a daemon over it.

    store: a Postgres that keeps its data, "postgres" for one of its own, or "sqlite"; None: what SLUICE_TEST_STORE says, or "sqlite"."""

    def __init__(self, sluice, databases=None, store=None):
        self.sluice = sluice
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="sluice-w-"))
        self.root = self.home / "demo"
        self.daemon = None
        urls = [f"--{name}={database.url}" for name, database in (databases or {}).items()]
        sluice.ok("init", "--quiet", "--demo", self.root, "--listen", "127.0.0.1:0", *urls)
        self.targets = databases or {name: Sqlite(self.root / f"{name}.db") for name in ("dev", "prod")}
        self.config = self.root / "sluice.yaml"
        self.configure(r"poll: \S+", "poll: 100ms")
        kind = store or os.environ.get("SLUICE_TEST_STORE", "sqlite")
        self.own = Postgres.create() if kind == "postgres" else None
        self.store = self.own or (Sqlite(self.root / "store.db") if kind == "sqlite" else store)
        if isinstance(self.store, Postgres):
            self.configure(r"store: \S+", f'store: "{self.store.url}"')
        self.repository = Repository(self, self.home / "work", self.root / "repo.git")

    def close(self):
        if self.daemon:
            self.daemon.kill()
        if self.own:
            self.own.drop()
        shutil.rmtree(self.home, ignore_errors=True)

    def configure(self, pattern, text):
        """Replaces what the pattern finds in sluice.yaml; it must be there."""
        changed, n = re.subn(pattern, lambda _: text, self.config.read_text(), flags=re.S)
        assert n > 0, f"{pattern} is not in {self.config}"
        self.config.write_text(changed)

    # --- the daemon -----------------------------------------------------------------------------

    def start(self, settled=True, env=None):
        """settled: waits until the branch was seen for the first time, so that what follows is news."""
        self.daemon = Daemon([self.sluice.path, "serve", "-c", self.config], cwd=self.home, env=env)
        try:
            self.daemon.wait_for_log("listening")
            wait_until(lambda: self.run("status").status == 0, what="an answer to status")
            if settled:
                wait_until(self.seen, what="the first sight of the branch")
        except BaseException:
            self.close()
            raise
        return self

    def seen(self) -> bool:
        return self.ask_store("SELECT count(*) FROM project WHERE name = 'shop' AND settled = 1") == 1

    def ask_store(self, sql):
        """One value, read beside the daemon."""
        return self.store_rows(sql)[0][0]

    def store_rows(self, sql) -> list:
        if isinstance(self.store, Postgres):
            return self.store.rows(f"SET search_path = sluice_store; {sql}")
        with contextlib.closing(sqlite3.connect(f"file:{self.store.path}?mode=ro", uri=True, timeout=10)) as store:
            return store.execute(sql).fetchall()

    def change_store(self, *statements):
        """Behind the daemon's back."""
        for sql in statements:
            self.store.execute(f"SET search_path = sluice_store; {sql}" if isinstance(self.store, Postgres) else sql)

    def lose_store(self):
        """The daemon is stopped."""
        if isinstance(self.store, Postgres):
            self.store.execute("DROP SCHEMA sluice_store CASCADE")
        for path in self.root.glob("store.db*"):
            path.unlink()

    def stop(self):
        assert self.daemon.stop() == 0, self.daemon.log.read_text()
        self.daemon = None

    def kill(self):
        self.daemon.kill()
        self.daemon = None

    # --- people and commands --------------------------------------------------------------------

    def token(self, who) -> str:
        return (self.root / f"{who}.token").read_text().strip()

    def run(self, *words, who=None):
        env = {"SLUICE_CONFIG": self.config, "SLUICE_TOKEN": self.token(who) if who else None}
        return self.sluice.run(*words, env=env)

    def ok(self, *words, who=None) -> str:
        done = self.run(*words, who=who)
        assert done.status == 0, f"sluice {' '.join(map(str, words))}: {done.status}\n{done.out}{done.err}"
        return done.out

    def json(self, *words, who=None):
        done = self.run(*words, "--output", "json", who=who)
        assert done.status == 0, f"sluice {' '.join(map(str, words))}: {done.status}\n{done.out}{done.err}"
        return done.json()

    # --- what there is --------------------------------------------------------------------------

    def changes(self) -> list:
        return self.json("change", "list")["changes"]

    def change(self, number=1) -> dict:
        """As it is now; what was just pushed may still be on its way."""
        return self.wait_change(number, lambda change: True)

    def history(self, target=None) -> list:
        return self.json("history", *(["--target", target] if target else []))["history"]

    def stage(self, number, environment) -> dict:
        """As it is now, once there is a plan."""
        change = self.wait_change(number, lambda change: any(stage["environment"] == environment for stage in change["stages"]))
        return next(stage for stage in change["stages"] if stage["environment"] == environment)

    def wait_change(self, number, what, timeout=30.0) -> dict:
        """Until what, a function of the change or the name of its state, holds."""
        last = {}

        def holds():
            done = self.run("change", "show", number, "--output", "json")
            last["change"] = done.json()["change"] if done.status == 0 else {"missing": done.err}
            if "missing" in last["change"]:
                return None
            good = last["change"]["state"] == what if isinstance(what, str) else what(last["change"])
            return last["change"] if good else None

        try:
            return wait_until(holds, timeout, f"{what} of change {number}")
        except AssertionError as error:
            log = self.daemon.log.read_text(errors="replace")[-3000:] if self.daemon else "(no daemon)"
            short = {key: value for key, value in last["change"].items() if key != "files"}
            raise AssertionError(f"{error}: {short}\n{log}") from None

    def wait_stage(self, number, environment, state, timeout=30.0) -> dict:
        def holds(change):
            return any(stage["environment"] == environment and stage["state"] == state for stage in change["stages"])

        change = self.wait_change(number, holds, timeout)
        return next(stage for stage in change["stages"] if stage["environment"] == environment)

    def wait_awaited(self, number, sentence, timeout=30.0) -> dict:
        return self.wait_change(number, lambda change: sentence in change["waits_for"], timeout)


def columns(database, table) -> list:
    """The names of a table's columns, on either engine."""
    if isinstance(database, Sqlite):
        return [row[1] for row in database.rows(f"PRAGMA table_info({table})")]
    return [
        row[0]
        for row in database.rows("SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position", (table,))
    ]


def ledger(database, scope="default") -> list:
    """(version, state) of what the ledger has, in order of the versions."""
    table = "_sluice_migration" if isinstance(database, Sqlite) else "sluice.migration"
    return sorted(database.rows(f"SELECT version, state FROM {table} WHERE scope = '{scope}'"))


def fence(database, scope="default") -> tuple:
    """(installation, epoch)."""
    table = "_sluice_fence" if isinstance(database, Sqlite) else "sluice.fence"
    ((installation, epoch),) = database.rows(f"SELECT installation, epoch FROM {table} WHERE scope = '{scope}'")
    return installation, epoch
