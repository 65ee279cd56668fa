"""A PostgreSQL server that belongs to one test: it may be killed, cut off, copied."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import psycopg2

from .port import free_port
from .wait import wait_until

USER = "sluice"


def account() -> list:
    """PostgreSQL refuses to run as root: then it runs as an account without rights."""
    if os.getuid() != 0:
        return []
    name = "postgres" if subprocess.run(["getent", "passwd", "postgres"], capture_output=True, check=False).returncode == 0 else "nobody"
    group = subprocess.run(["id", "-g", name], capture_output=True, check=True, text=True).stdout.strip()
    return ["setpriv", "--reuid", name, "--regid", group, "--clear-groups", "env", "HOME=/nonexistent"]


def make_folder() -> pathlib.Path:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-cluster.", dir="/tmp"))
    if os.getuid() == 0:
        subprocess.run(["chown", f"{account()[2]}:", folder], check=True)
    return folder


def run_unprivileged(*argv):
    done = subprocess.run([*account(), *map(str, argv)], check=False, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"{argv[0]}: {done.stderr}"


class Cluster:
    def __init__(self, settings=""):
        self.bin = pathlib.Path(os.environ["SLUICE_TEST_PG_BIN"])
        self.folder = make_folder()
        self.data = self.folder / "pg"
        self.port = free_port()
        self.settings = settings
        self.process = None

    @classmethod
    def make(cls, settings=""):
        cluster = cls(settings)
        run_unprivileged(cluster.bin / "initdb", "-D", cluster.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        cluster.configure()
        cluster.start()
        return cluster

    def standby(self):
        """A copy that follows this one."""
        copy = Cluster(self.settings)
        run_unprivileged(self.bin / "pg_basebackup", "-D", copy.data, "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", self.url("postgres"))
        copy.configure()
        copy.start()
        return copy

    def configure(self):
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{self.folder}'\n"
                f"shared_buffers = 16MB\nmax_connections = 50\nfsync = off\n{self.settings}\n"
            )

    def start(self):
        """As a child of the test, which hears of its end even where nobody else does."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*account(), self.bin / "postgres", "-D", self.data], cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self.answers, 60, "the server")

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        with contextlib.suppress(psycopg2.OperationalError):
            self.ask("SELECT 1")
            return True
        return False

    def kill(self):
        """As the kernel would: no process of the server gets a word in.  Stopped first, so that it makes no new ones."""
        postmaster = self.process.pid
        os.kill(postmaster, signal.SIGSTOP)
        children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in [postmaster, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(30)
        wait_until(lambda: not any(is_alive(int(pid)) for pid in children), 30, "the end of the server")

    def stop(self):
        """As an upgrade would: every session is told."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    def remove(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database, port=None) -> str:
        return f"postgres://{USER}@127.0.0.1:{port or self.port}/{database}"

    def ask(self, sql, database="postgres") -> list:
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user=USER, dbname=database)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


def is_alive(pid) -> bool:
    """Not a zombie that its parent has not heard of yet."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
