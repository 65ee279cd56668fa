"""Databases on the MariaDB server that tests/run started, and servers of one's own, asked through the mariadb
client and never through the program under test."""

import os
import pathlib
import signal
import subprocess
import time
import uuid

from .port import free_port

SBIN = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


class Session:
    """Somebody's session: what it is told is done when `say` returns, and its transaction stays open."""

    def __init__(self, command):
        self.process = subprocess.Popen([*command, "--unbuffered"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        (self.id,) = self.say("SELECT CONNECTION_ID()")

    def begin(self, sql):
        self.process.stdin.write(f"{sql};\n\\! echo said\n")
        self.process.stdin.flush()

    def end(self) -> list:
        lines = []
        while (line := self.process.stdout.readline().rstrip("\n")) != "said":
            assert self.process.poll() is None, lines
            lines.append(line)
        return lines

    def say(self, sql) -> list:
        self.begin(sql)
        return self.end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


class MariaDB:
    """Another server may stand in its place (SLUICE_TEST_MYSQLD): is_mysql."""

    def __init__(self, name, socket_path=None):
        self.host = os.environ["SLUICE_TEST_MARIADB_HOST"]
        self.port = int(os.environ["SLUICE_TEST_MARIADB_PORT"])
        self.user = os.environ["SLUICE_TEST_MARIADB_USER"]
        self.socket = socket_path or os.environ["SLUICE_TEST_MARIADB_SOCKET"]
        self.name = name

    @classmethod
    def create(cls):
        database = cls(f"t_{uuid.uuid4().hex[:12]}")
        cls("mysql").script(f"CREATE DATABASE {database.name}")
        return database

    def drop(self):
        MariaDB("mysql").script(f"DROP DATABASE IF EXISTS {self.name}")

    @property
    def url(self) -> str:
        return self.url_of(self.user)

    def url_of(self, user) -> str:
        return f"mysql://{user}@{self.host}:{self.port}/{self.name}"

    @property
    def is_mysql(self) -> bool:
        return "MariaDB" not in self.value("SELECT VERSION()")

    def client(self, user=None) -> list:
        return ["mariadb", "--no-defaults", "--default-character-set=utf8mb4", "-S", self.socket, "-u", user or self.user, "-N", "-r", self.name]

    def session(self) -> Session:
        return Session(self.client())

    def script(self, sql) -> str:
        """What the client makes of the text, DELIMITER included; rows as tabs and lines."""
        result = subprocess.run(self.client(), input=sql, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def rows(self, sql) -> list:
        return [tuple(line.split("\t")) for line in self.script(sql).splitlines()]

    def value(self, sql) -> str:
        return self.script(sql).rstrip("\n")


class Server:
    """A mariadbd of one's own, with TLS; or the server that stands in its place."""

    def __init__(self, folder: pathlib.Path, options=(), data="data"):
        self.folder = folder
        self.data = folder / data
        self.socket = str(folder / "sock")
        self.process = None
        self.port = free_port()
        self.certificate("server", "localhost")
        self.certificate("stranger", "localhost")
        (folder / "tmp").mkdir()
        user = [f"--tmpdir={folder}/tmp", *(["--user=root"] if os.geteuid() == 0 else [])]
        self.mysqld = os.environ.get("SLUICE_TEST_MYSQLD")
        if self.mysqld:
            self.call([self.mysqld, "--no-defaults", f"--datadir={self.data}", "--initialize-insecure", *options, *user])
            options = ["--mysqlx=OFF", "--secure-file-priv=", *options]
        else:
            self.call(["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db", "--auth-root-authentication-method=normal", *user])
            options = ["--innodb-log-file-size=8M", *options]
        self.command = [self.mysqld or "mariadbd", "--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}", "--bind-address=127.0.0.1", f"--port={self.port}"]
        self.command += [f"--ssl-cert={folder}/server.pem", f"--ssl-key={folder}/server.key", *options, *user]

    def call(self, command):
        subprocess.run(command, env=SBIN, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def certificate(self, name, host):
        out = self.folder / name
        self.call(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={host}"]
            + ["-addext", f"subjectAltName=DNS:{host}", "-keyout", f"{out}.key", "-out", f"{out}.pem"]
        )

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(self.command, env=SBIN, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        ping = ["mariadb-admin", "--no-defaults", "-S", self.socket, "-u", "root", "ping"]
        while subprocess.run(ping, capture_output=True, check=False).returncode:
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()

    def client(self) -> list:
        return ["mariadb", "--no-defaults", "-S", self.socket, "-u", "root", "-N"]

    def session(self) -> Session:
        return Session(self.client())

    def script(self, sql):
        return subprocess.run(self.client(), input=sql, capture_output=True, text=True, check=True).stdout

    def url(self, host, parameters="") -> str:
        return f"mysql://guest@{host}:{self.port}/shop{parameters}"
