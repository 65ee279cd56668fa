"""What every row is given: the program, the probes, a folder, sizes, and servers when it asks for them."""

import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PSQL = "/usr/lib/postgresql/15/bin/psql"
PG_DUMP = "/usr/lib/postgresql/15/bin/pg_dump"
CORE = max(os.sched_getaffinity(0))  # where what may use one core runs

sys.path.insert(0, str(ROOT / "tests/integration"))


class Bench:
    def __init__(self, build, folder, smoke, rounds):
        self.build, self.folder, self.smoke = build, folder, smoke
        self.rounds = 1 if smoke else rounds
        self.sluice = build / "sluice"
        self._servers = None

    def size(self, full, small):
        return small if self.smoke else full

    def probe(self, name):
        return self.build / f"bench/{name}_probe"

    def place(self, name) -> pathlib.Path:
        """A new folder."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        return folder

    # --- servers --------------------------------------------------------------------------------

    def servers(self):
        """PostgreSQL and MariaDB of tests/servers, their own unless the environment names some."""
        if "SLUICE_TEST_PG_HOST" not in os.environ:
            told = subprocess.run([ROOT / "tests/servers", "start"], check=True, capture_output=True, text=True).stdout
            for line in told.splitlines():
                for word in shlex.split(line)[1:]:
                    name, _, value = word.partition("=")
                    os.environ[name] = value
            self._servers = os.environ["SLUICE_TEST_SERVERS"]
        return self

    def close(self):
        if self._servers:
            subprocess.run([ROOT / "tests/servers", "stop", self._servers], check=False)

    def database(self):
        """A fresh PostgreSQL database."""
        from harness.postgres import Postgres

        self.servers()
        return Postgres.create()

    def conninfo(self, database) -> str:
        return f"host={database.host} port={database.port} user={database.user} dbname={database.name}"

    def durable(self, on):
        """Whether PostgreSQL waits for the disk; tests/servers says it does not."""
        self.setting(on, "fsync", "full_page_writes", "synchronous_commit")

    def setting(self, on, *names):
        from harness.postgres import Postgres

        self.servers()
        server = Postgres("postgres")
        for name in names:
            server.execute(f"ALTER SYSTEM SET {name} = {'on' if on else 'off'}")
        server.execute("SELECT pg_reload_conf()")
