"""Commands that leave something behind, each in a folder of its own: what must be there in the end, and what is never
taken for it half way."""

import contextlib
import shutil
import sqlite3
import subprocess

from .files import write
from .history import Flyway
from .postgres import Postgres
from .program import Result
from .workspace import Sqlite, ledger


class Deed:
    """A command, to be run once with a fault and then again without one."""

    repeats = (0,)  # how the same command may end where the first one did everything
    output = ""  # part of the paths of what it makes, where a sync that fails must be told
    words = ()

    def __init__(self, sluice, folder):
        self.sluice, self.folder = sluice, folder
        self.folder.mkdir()
        self.prepare()

    def prepare(self):
        raise NotImplementedError

    def run(self, env=None) -> Result:
        return self.sluice.run(*self.words, env=env, cwd=self.folder)

    def is_whole(self) -> bool:
        raise NotImplementedError

    def check(self):
        """Nothing that is there looks whole and is not."""

    def check_tidy(self):
        """After a failure that could be told, nothing half is left."""

    def again(self):
        was_whole = self.is_whole()
        done = self.run()
        assert done.status in (self.repeats if was_whole else (0,)), f"{'whole already' if was_whole else 'again'}: {done}"
        assert self.is_whole(), done

    def close(self):
        shutil.rmtree(self.folder)


# --- databases ---------------------------------------------------------------------------------------

COUNT = "INSERT INTO t SELECT count(*) + 1 FROM t;\n"
FILES = {"V1__make.sql": f"CREATE TABLE t (a INTEGER);\n{COUNT}", "V2__grow.sql": f"{COUNT}VACUUM;\n{COUNT}", "V3__more.sql": COUNT, "V4__last.sql": COUNT}
ROWS = {"1": [0, 0, 1], "2": [0, 1, 1, 2], "3": [0, 1], "4": [0, 1]}  # after so many statements


class Migrate(Deed):
    journal = "delete"

    def prepare(self):
        self.database = Sqlite(self.folder / "app.db")
        self.database.execute(f"PRAGMA journal_mode = {self.journal}")
        write(self.folder / "migrations", FILES)
        self.words = ("migrate", "--url", self.database.url, "--dir", "migrations")

    def settled(self) -> dict:
        with contextlib.suppress(sqlite3.OperationalError):
            return dict(self.database.rows("SELECT version, done FROM _sluice_migration"))
        return {}

    def numbers(self) -> list:
        if not self.database.rows("SELECT 1 FROM sqlite_schema WHERE name = 't'"):
            return []
        return [a for (a,) in self.database.rows("SELECT a FROM t ORDER BY a")]

    def is_whole(self) -> bool:
        return self.settled() == {version: len(rows) - 1 for version, rows in ROWS.items()} and self.numbers() == [1, 2, 3, 4, 5]

    def check(self):
        ran = sum(ROWS[version][done] for version, done in self.settled().items())
        assert self.numbers() == list(range(1, ran + 1)), f"{self.settled()} and {self.numbers()}"
        assert self.database.rows("PRAGMA integrity_check") == [("ok",)]

    def again(self):
        super().again()
        assert self.database.rows("SELECT count(*) FROM _sluice_run WHERE ended_at IS NULL") == [(0,)]
        assert self.database.rows("SELECT count(*) FROM _sluice_step WHERE state = 'started'") == [(0,)]


class MigrateWal(Migrate):
    journal = "wal"


class Words(Deed):
    """What is said of a database that another tool migrated: of its three files all, or none."""

    state = ""

    def make(self):
        return Sqlite(self.folder / "app.db")

    def prepare(self):
        self.database = self.make()
        tool = Flyway(self.database)
        tool.write(self.folder / "migrations")
        tool.run(3)
        self.history()
        self.words = (*self.words, "--url", self.database.url, "--dir", "migrations")

    def history(self):
        pass

    def states(self) -> list:
        with contextlib.suppress(Exception):  # of two engines: there is no ledger yet
            return [state for _, state in ledger(self.database)]
        return []

    def hits(self) -> list:
        return [row[0] for row in self.database.rows("SELECT id FROM hit ORDER BY id")]

    def check(self):
        states = self.states()
        assert states in ([], [self.state] * 3) and self.hits() == [2, 3], states

    def is_whole(self) -> bool:
        return self.states() == [self.state] * 3 and self.hits() == [2, 3]

    def again(self):
        """And from there the fourth runs."""
        super().again()
        self.sluice.ok("migrate", "--url", self.database.url, "--dir", self.folder / "migrations")
        assert self.states() == [self.state] * 3 + ["applied"] and self.hits() == [2, 3, 4]


class Adopt(Words):
    state, words = "adopted", ("migrate", "--adopt")


class Baseline(Words):
    state, words, repeats = "baseline", ("baseline", "--to", "3"), (0, 6)

    def history(self):
        self.database.execute("DROP TABLE flyway_schema_history")


# --- the store ---------------------------------------------------------------------------------------


def contents(store) -> dict:
    """What counts as a store's content, by table; {} where there is no store."""
    if not store.path.exists():
        return {}
    tables = [name for (name,) in store.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
    return {name: store.rows(f"SELECT * FROM {name} ORDER BY 1") for name in tables if name not in ("meta", "lease")}


def is_empty(content) -> bool:
    return not any(content.values())


class OfStore(Deed):
    """With a copy of a store that has a life behind it (`lived`) and a backup of it (`backup`)."""

    lived = backup = None

    def copy(self, file, name) -> Sqlite:
        shutil.copyfile(file, self.folder / name)
        return Sqlite(self.folder / name)


class Backup(OfStore):
    repeats, output = (6,), "kept.db"
    words = ("backup", "kept.db", "--store", "sqlite:store.db")

    def prepare(self):
        self.store = self.copy(self.lived, "store.db")
        self.wanted = contents(self.store)
        self.kept = Sqlite(self.folder / "kept.db")

    def is_whole(self) -> bool:
        return self.sluice.run("restore", "--verify", self.kept.path).status == 0 and contents(self.kept) == self.wanted

    def check(self):
        assert contents(self.store) == self.wanted
        assert not self.kept.path.exists() or self.is_whole(), "half a backup has the name of a whole one"
        partial = self.folder / "kept.db.partial"
        if partial.exists() and not self.kept.path.exists():
            told = self.sluice.run("restore", "--verify", partial)
            assert told.status != 0 or contents(Sqlite(partial)) == self.wanted, told

    def check_tidy(self):
        assert not self.kept.path.exists() or self.is_whole()


class Restore(OfStore):
    repeats = (6,)
    words = ("restore", "backup.db", "--store", "sqlite:store.db")

    def prepare(self):
        self.wanted = contents(self.copy(self.backup, "backup.db"))
        self.store = Sqlite(self.folder / "store.db")

    def is_whole(self) -> bool:
        return contents(self.store) == self.wanted

    def check(self):
        found = contents(self.store)
        assert is_empty(found) or found == self.wanted, "half a store"
        assert contents(Sqlite(self.folder / "backup.db")) == self.wanted


class Replace(Restore):
    """Over a store that has something."""

    repeats = (0,)
    words = (*Restore.words, "--replace")

    def prepare(self):
        super().prepare()
        self.store = self.copy(self.lived, "store.db")
        self.store.execute("UPDATE event SET text = 'of before'")
        self.before = contents(self.store)

    def check(self):
        assert contents(self.store) in (self.before, self.wanted), "half a store"


# --- on a server: what is sent there is what may be cut off --------------------------------------------


class OnServer(Words):
    def make(self):
        return Postgres.create()

    def close(self):
        super().close()
        self.database.drop()


class AdoptOnServer(OnServer, Adopt):
    pass


class BaselineOnServer(OnServer, Baseline):
    pass


class Move(Restore):
    """A SQLite store to PostgreSQL."""

    def prepare(self):
        self.database = Postgres.create()
        self.wanted = {name: len(rows) for name, rows in contents(self.copy(self.backup, "backup.db")).items()}
        self.words = ("restore", "backup.db", "--store", self.database.url)

    def found(self) -> dict:
        """How many rows each table has."""
        there = {name for (name,) in self.database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'sluice_store'")}
        return {name: self.database.value(f"SELECT count(*) FROM sluice_store.{name}") for name in self.wanted if name in there}

    def is_whole(self) -> bool:
        return self.found() == self.wanted

    def check(self):
        found = self.found()
        assert is_empty(found) or found == self.wanted, "half a store"

    def close(self):
        super().close()
        self.database.drop()


# --- beginnings --------------------------------------------------------------------------------------


def git(*words, cwd) -> str:
    return subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True, text=True).stdout


class InitDemo(Deed):
    repeats, output = (6,), "sluice.yaml"
    words = ("init", "--quiet", "--demo", "demo", "--listen", "127.0.0.1:0")

    def prepare(self):
        self.root = self.folder / "demo"
        self.config = self.root / "sluice.yaml"

    def is_whole(self) -> bool:
        if not self.config.exists():
            return False
        assert self.sluice.run("config", "check", self.config).status == 0
        assert git("ls-tree", "-r", "--name-only", "main", cwd=self.root / "repo.git") == "migrations/V1__shop.sql\n"
        assert (self.root / "repo.git/hooks/post-receive").stat().st_size > 0
        assert all((self.root / f"{who}.token").stat().st_size > 30 for who in ("ana", "dana"))
        return all(ledger(Sqlite(self.root / f"{name}.db")) == [("1", "applied")] for name in ("dev", "prod"))

    def check(self):
        assert not self.config.exists() or self.is_whole(), "half a workspace has a configuration"

    def check_tidy(self):
        assert not self.root.exists() or not list(self.root.iterdir()), list(self.root.iterdir())

    def again(self):
        """What was killed half way is never written over; it says what to do."""
        if self.root.exists() and not self.is_whole() and list(self.root.iterdir()):
            refused = self.run()
            assert refused.status == 6 and "was not finished" in refused.err and "remove it" in refused.err, refused
            shutil.rmtree(self.root)
        super().again()


class InitRepo(Deed):
    repeats, output = (6,), "sluice.yaml"

    def prepare(self):
        self.bare, work = self.folder / "shop.git", self.folder / "work"
        git("init", "-q", "--bare", "-b", "main", self.bare, cwd=self.folder)
        git("clone", "-q", self.bare, work, cwd=self.folder)
        write(work / "migrations", {"V1__one.sql": "CREATE TABLE one (a INTEGER);\n", "V2__two.sql": "CREATE TABLE two (a INTEGER);\n"})
        git("add", "-A", cwd=work)
        git("-c", "user.name=Ana", "-c", "user.email=ana@example.com", "commit", "-q", "-m", "two", cwd=work)
        git("push", "-q", "origin", "HEAD:main", cwd=work)
        self.targets = {name: Sqlite(self.folder / f"{name}.db") for name in ("dev", "prod")}
        self.targets["dev"].path.touch()
        self.targets["prod"].execute("CREATE TABLE one (a INTEGER)")
        self.config = self.folder / "sluice.yaml"
        urls = [f"--target={name}={target.url}" for name, target in self.targets.items()]
        self.words = ("init", "--repo", self.bare, *urls, "--baseline", "prod=1", "--hook", "--alone", "--listen", "127.0.0.1:0")

    def is_whole(self) -> bool:
        if not self.config.exists():
            return False
        assert self.sluice.run("config", "check", self.config).status == 0
        assert (self.bare / "hooks/post-receive").stat().st_size > 0
        return ledger(self.targets["prod"]) == [("1", "baseline")] and (self.folder / "sluice-data").is_dir()

    def check(self):
        assert not self.config.exists() or self.is_whole(), "a configuration is there, and what belongs to it is not"

    def check_tidy(self):
        assert not self.config.exists() and not (self.folder / "sluice-data").exists()


ON_SERVERS = [AdoptOnServer, BaselineOnServer, Move]
DEEDS = [Migrate, MigrateWal, Adopt, Baseline, Backup, Restore, Replace, InitDemo, InitRepo]
