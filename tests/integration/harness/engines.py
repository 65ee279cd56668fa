"""Databases of a test's own that may be hurt: each can say what it holds, who is at work in it, and go down like a
machine whose plug was pulled.  They are asked with psycopg2, mariadb and sqlite3, never through the program."""

import contextlib
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
from collections import Counter

from .cluster import USER, Cluster
from .disk import Disk
from .mariadb import Server
from .wait import wait_until


class Engine:
    ledger = "_sluice_"
    port = None
    commit = b""  # what a connection carries when the program commits

    def begin_anew(self, name):
        """An empty database of that name."""
        raise NotImplementedError

    def url(self, port=None) -> str:
        raise NotImplementedError

    def words(self, *command) -> list:
        """The command line that runs the command where the database can be reached."""
        return list(map(str, command))

    def ask(self, sql) -> list:
        raise NotImplementedError

    def ask_all(self, asks) -> list:
        return [self.ask(sql) for sql in asks]

    def shapes(self) -> Counter:
        """Tables, columns and whatever else a schema has, by a name for each; the ledger's tables as "ledger:name"."""
        raise NotImplementedError

    def sessions(self) -> list:
        return []

    def quiet(self):
        """Until nothing of the program's is at work in the server any more."""
        wait_until(lambda: not self.sessions(), 90, "the end of the program's sessions")

    def broken(self) -> list:
        """What a statement that was cut off left behind, and nobody put away."""
        raise NotImplementedError

    def close(self):
        raise NotImplementedError


class PostgresServer(Engine):
    ledger = "sluice."
    commit = b"COMMIT\0"

    def __init__(self):
        self.cluster = Cluster.make()
        self.port = self.cluster.port

    def begin_anew(self, name):
        self.name = name
        self.cluster.ask(f"CREATE DATABASE {name}")

    def url(self, port=None):
        return self.cluster.url(self.name, port)

    def ask(self, sql):
        return self.cluster.ask(sql, self.name)

    def shapes(self):
        rows = self.ask(
            "SELECT 'table:' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " UNION ALL SELECT 'column:' || relname || '.' || attname FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped"
            " UNION ALL SELECT 'index:' || relname FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid"
            " WHERE relnamespace = 'public'::regnamespace AND indisvalid"
            " UNION ALL SELECT 'ledger:' || relname FROM pg_class WHERE relnamespace = to_regnamespace('sluice') AND relkind = 'r'"
            " UNION ALL SELECT 'label:' || typname || '.' || enumlabel FROM pg_enum JOIN pg_type AS t ON t.oid = enumtypid"
        )
        return Counter(what for (what,) in rows)

    def sessions(self):
        return [pid for (pid,) in self.ask("SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'sluice/%' AND datname = current_database()")]

    def end(self, session):
        self.ask(f"SELECT pg_terminate_backend({session})")

    def restart(self):
        self.cluster.kill()
        self.cluster.start()

    def broken(self) -> list:
        return self.ask("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")

    def close(self):
        self.cluster.remove()


BREAK = "-----"


def value_of(cell):
    if cell == "NULL":
        return None
    return int(cell) if cell.lstrip("-").isdigit() else cell


class MariadbServer(Engine):
    commit = b"COMMIT AND NO CHAIN NO RELEASE"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-mariadb.", dir="/tmp"))
        self.server = Server(self.folder)
        self.server.start()
        self.server.script(f"CREATE USER {USER}@'%'; GRANT ALL PRIVILEGES ON *.* TO {USER}@'%' WITH GRANT OPTION")
        self.port = self.server.port

    def begin_anew(self, name):
        self.name = name
        self.server.script(f"CREATE DATABASE {name}")

    def url(self, port=None):
        return f"mysql://{USER}@127.0.0.1:{port or self.port}/{self.name}"

    def ask(self, sql):
        (rows,) = self.ask_all([sql])
        return rows

    def ask_all(self, asks):
        """In one call of the client, which costs more than the answer."""
        out = self.server.script(f"USE {self.name}; SELECT '{BREAK}'; " + f"; SELECT '{BREAK}'; ".join(asks))
        return [[tuple(map(value_of, line.split("\t"))) for line in part.splitlines()] for part in out.split(f"{BREAK}\n")[1:]]

    def shapes(self):
        rows = self.ask(
            "SELECT concat(if(table_name LIKE '@_sluice@_%' ESCAPE '@', 'ledger:', 'table:'), table_name) FROM information_schema.tables WHERE table_schema = database()"
            " UNION ALL SELECT concat('column:', table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = database()"
            " UNION ALL SELECT concat('index:', index_name) FROM information_schema.statistics WHERE table_schema = database() AND seq_in_index = 1"
            " UNION ALL SELECT concat('routine:', routine_name) FROM information_schema.routines WHERE routine_schema = database()"
        )
        return Counter(what for (what,) in rows)

    def sessions(self):
        return [pid for (pid,) in self.ask(f"SELECT id FROM information_schema.processlist WHERE user = '{USER}'")]

    def end(self, session):
        with contextlib.suppress(subprocess.CalledProcessError):  # it may have gone by itself
            self.ask(f"KILL CONNECTION {session}")

    def restart(self):
        self.server.kill()
        self.server.start()

    def broken(self) -> list:
        return [path.name for path in (self.server.data / self.name).glob("#sql*")]

    def close(self):
        self.server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class SqliteFile(Engine):
    """On a small disk of its own.  It is always looked at in a copy: whoever opens a file that was left in the middle of
    a commit repairs it, and that is for the program to do."""

    def __init__(self, folder, journal):
        self.disk = Disk(folder / "disk", size="4m")
        self.copy = folder / "copy.db"
        self.journal = journal

    def begin_anew(self, name):
        for path in self.disk.seen.glob("*.db*"):
            path.unlink()
        self.name = f"{name}.db"
        subprocess.run(self.words("sqlite3", self.path, f"PRAGMA journal_mode = {self.journal}"), check=True, capture_output=True)

    @property
    def path(self):
        return self.disk.path / self.name

    def url(self, port=None):
        return f"sqlite:{self.path}"

    def words(self, *command):
        return self.disk.inside(*command)

    def ask(self, sql):
        for suffix in ("", "-journal", "-wal", "-shm"):
            to = pathlib.Path(f"{self.copy}{suffix}")
            to.unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                if suffix != "-shm":
                    shutil.copyfile(self.disk.seen / f"{self.name}{suffix}", to)
        with contextlib.closing(sqlite3.connect(self.copy)) as connection:
            connection.create_function("concat", -1, lambda *parts: "".join(map(str, parts)))
            return connection.execute(sql).fetchall()

    def shapes(self):
        rows = self.ask(
            "SELECT iif(name LIKE '@_sluice@_%' ESCAPE '@', 'ledger', type) || ':' || name FROM sqlite_schema WHERE name NOT LIKE 'sqlite@_%' ESCAPE '@'"
            " UNION ALL SELECT 'column:' || s.name || '.' || c.name FROM sqlite_schema AS s, pragma_table_info(s.name) AS c WHERE s.type = 'table'"
        )
        return Counter(what for (what,) in rows)

    def size(self) -> int:
        return (self.disk.seen / self.name).stat().st_size

    def is_hot(self) -> bool:
        """Whether it was left in the middle of a commit."""
        with contextlib.suppress(FileNotFoundError):
            return (self.disk.seen / f"{self.name}-journal").stat().st_size > 0
        return False

    def broken(self) -> list:
        return [row for row in self.ask("PRAGMA integrity_check") if row != ("ok",)]

    def close(self):
        self.disk.close()
