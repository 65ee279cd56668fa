"""A PostgreSQL store whose server is somewhere else: reached over TLS, and away for a while under a daemon at work."""

import subprocess
import urllib.error
import urllib.request

import pytest
from harness.cluster import Cluster, account
from harness.postgres import Postgres
from harness.wait import wait_until
from harness.workspace import SAFE, Workspace, columns, ledger

SECRET = "correct-horse-7"
NAME = "store.example.com"

LONG = """CREATE TABLE journey (n INTEGER NOT NULL);
INSERT INTO journey (n) VALUES (1);
SELECT pg_sleep(4);
INSERT INTO journey (n) VALUES (2);
"""


class StoreServer:
    """A server of the test's own with one database in it, the store."""

    def __init__(self, cluster):
        self.cluster = cluster
        cluster.ask("CREATE DATABASE kept")
        self.database = Postgres("kept")
        self.database.host, self.database.port, self.database.user = "127.0.0.1", cluster.port, "sluice"


def certificate(folder, name, host):
    """name.pem, which vouches for itself, and name.key."""
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={host}"]
    words += ["-addext", f"subjectAltName=DNS:{host}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
    subprocess.run(words, check=True, capture_output=True)
    if account():
        subprocess.run(["chown", f"{account()[2]}:", folder / f"{name}.key"], check=True)
    return folder / f"{name}.pem"


@pytest.fixture(scope="module")
def tls():
    """Takes keeper over TLS only, and with a password."""
    cluster = Cluster.make()
    try:
        for name, host in (("server", NAME), ("stranger", NAME)):
            certificate(cluster.folder, name, host)
        cluster.ask(f"CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '{SECRET}'")
        for name, value in (("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")):
            cluster.ask(f"ALTER SYSTEM SET {name} = '{cluster.folder}/{value}'")
        cluster.ask("ALTER SYSTEM SET ssl = on")
        rules = cluster.data / "pg_hba.conf"
        rules.write_text(f"hostssl all keeper all scram-sha-256\nhost all keeper all reject\n{rules.read_text()}")
        cluster.ask("SELECT pg_reload_conf()")
        wait_until(lambda: cluster.ask("SHOW ssl") == [("on",)], what="TLS")
        yield StoreServer(cluster)
    finally:
        cluster.remove()


class Encrypted:
    """A workspace whose store is asked for over TLS by a name that is not this machine's."""

    def __init__(self, sluice, server):
        self.server = server
        self.password = None
        self.space = Workspace(sluice, None, server.database)
        self.password = self.space.home / "password"
        self.password.write_text(SECRET + "\n")
        self.space.configure(r"store: ", f"store_password: file:{self.password}\nstore: ")

    def use(self, options, host=NAME):
        url = f"postgres://keeper@{host}:{self.server.cluster.port}/kept?hostaddr=127.0.0.1{options}"
        self.space.configure(r"store: [^\n]+", f'store: "{url}"')

    def refusal(self):
        done = self.space.run("serve")
        assert SECRET not in done.out + done.err
        return done


@pytest.fixture
def encrypted(sluice, tmp_workspace, tls):
    made = Encrypted(sluice, tls)
    yield made
    made.space.close()


def test_a_store_is_kept_over_verified_tls_with_a_password_that_nothing_shows(encrypted, tls):
    space = encrypted.space
    encrypted.use(f"&sslrootcert={tls.cluster.folder}/server.pem")
    space.start()
    sessions = "SELECT count(*), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'keeper'"
    ((all_of_them, over_tls),) = tls.cluster.ask(sessions)
    assert all_of_them == over_tls > 0
    shown = [space.ok("config", "show"), space.ok("status"), space.daemon.log.read_text(), space.run("doctor").out]
    assert not [text for text in shown if SECRET in text]


def test_a_server_whose_certificate_nobody_vouches_for_is_no_store(encrypted, tls):
    for options in ("", "&sslmode=verify-full", f"&sslrootcert={tls.cluster.folder}/stranger.pem"):
        encrypted.use(options)
        refused = encrypted.refusal()
        assert refused.status == 3, refused
        assert "/kept" in refused.err and "certificate verify failed" in refused.err and "(sslrootcert=FILE)" in refused.err, refused
        assert refused.err.count("\n") == 1, refused


def test_a_server_with_a_certificate_of_another_name_is_no_store(encrypted, tls):
    encrypted.use(f"&sslrootcert={tls.cluster.folder}/server.pem", host="other.example.com")
    refused = encrypted.refusal()
    assert refused.status == 3 and "other.example.com" in refused.err and NAME in refused.err, refused


def test_a_list_of_servers_is_verified_though_the_first_is_this_machine(encrypted, tls):
    url = f"postgres://keeper@127.0.0.1:{tls.cluster.port},{NAME}:{tls.cluster.port}/kept?hostaddr=127.0.0.1,127.0.0.1"
    encrypted.space.configure(r"store: [^\n]+", f'store: "{url}"')
    refused = encrypted.refusal()
    assert refused.status == 3 and "certificate verify failed" in refused.err, refused


def test_a_server_that_the_environment_names_is_verified_too(encrypted, tls, monkeypatch):
    encrypted.space.configure(r"store: [^\n]+", f'store: "postgres://keeper@:{tls.cluster.port}/kept"')
    monkeypatch.setenv("PGHOST", NAME)
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    refused = encrypted.refusal()
    assert refused.status == 3 and "certificate verify failed" in refused.err, refused


def test_a_service_is_no_place_of_a_store(encrypted):
    encrypted.space.configure(r"store: [^\n]+", 'store: "postgres:///kept?service=elsewhere"')
    refused = encrypted.refusal()
    assert refused.status == 2 and "service" in refused.err and "name the server" in refused.err, refused


def test_a_wrong_password_is_refused_and_not_shown(encrypted, tls):
    encrypted.use(f"&sslrootcert={tls.cluster.folder}/server.pem")
    encrypted.password.write_text("wrong-horse-8\n")
    refused = encrypted.refusal()
    assert refused.status == 3 and "password authentication failed" in refused.err, refused
    assert "wrong-horse" not in refused.out + refused.err


# --- away for a while --------------------------------------------------------------------------------


class Away:
    """A workspace with a change at work on dev, and a store server that goes away under it."""

    def __init__(self, sluice):
        self.server = StoreServer(Cluster.make())
        self.databases = {name: Postgres.create() for name in ("dev", "prod")}
        self.space = Workspace(sluice, self.databases, self.server.database)
        self.space.configure(r"risk:", "review: {preset: none}\nrisk:")
        self.space.configure(r"poll: 100ms", "poll: 100ms\n  lease: 2s")
        self.space.start()
        self.address = self.space.daemon.log.read_text().split("listening url=")[1].split()[0].strip('"')

    def close(self):
        self.space.close()
        self.server.cluster.remove()
        for database in self.databases.values():
            database.drop()

    def bring_in(self):
        """Until its long statement is at work."""
        work = self.space.repository
        work.branch("change/journey")
        work.commit({"migrations/V2__journey.sql": LONG}, "a journey")
        work.push("change/journey")
        work.push("change/journey:main")
        wait_until(self.is_travelling, 60, "the long statement")

    def is_travelling(self) -> bool:
        at_work = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(4)%' AND state = 'active' AND pid <> pg_backend_pid()"
        return self.databases["dev"].value(at_work) == 1

    def ask(self, path):
        """The status and the text of an answer."""
        request = urllib.request.Request(f"{self.address}{path}", headers={"Authorization": f"Bearer {self.space.token('ana')}"})
        try:
            answer = urllib.request.urlopen(request, timeout=40)
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, answer.read().decode()


@pytest.fixture
def away(sluice, tmp_workspace):
    made = Away(sluice)
    yield made
    made.close()


def check_refusals(away):
    for path in ("/api/changes", "/changes", "/changes/1", "/metrics", "/readyz"):
        status, text = away.ask(path)
        assert status == 503 and "store" in text, (path, status, text)
    assert away.ask("/healthz")[0] == 200
    for words in (("status",), ("change", "list"), ("approve", 1)):
        refused = away.space.run(*words, who="dana")
        assert refused.status == 3 and "store" in refused.err and "kept" in refused.err, refused


@pytest.mark.parametrize("moment", ["while a statement runs", "until the statement has ended"])
@pytest.mark.parametrize("way", ["stopped", "killed"])
def test_a_store_that_is_away_stops_nothing_for_good_and_nothing_is_done_twice(away, way, moment):
    space, server = away.space, away.server.cluster
    away.bring_in()
    (server.kill if way == "killed" else server.stop)()
    check_refusals(away)
    if moment == "until the statement has ended":
        wait_until(lambda: not away.is_travelling(), 60, "the end of the long statement")
    server.start()
    space.wait_awaited(1, "waiting for 1 of 1 approvals (dba)", 90)
    assert away.ask("/readyz") == (200, "ready\n")
    dev, prod = away.databases["dev"], away.databases["prod"]
    once = [(1, 1), (2, 1)]
    assert dev.rows("SELECT n, count(*) FROM journey GROUP BY n ORDER BY n") == once
    space.ok("approve", 1, who="dana")
    space.wait_change(1, "done", 90)
    for database in (dev, prod):
        assert database.rows("SELECT n, count(*) FROM journey GROUP BY n ORDER BY n") == once
        assert ledger(database) == [("1", "applied"), ("2", "applied")]
    assert space.ask_store("SELECT count(*) FROM task WHERE state <> 'done'") == 0
    for name in ("dev", "prod"):
        assert [run["outcome"] for run in space.history(name) if run["outcome"] != "unknown"] == ["applied"]
    assert space.ask_store("SELECT count(*) FROM run WHERE outcome = 'running'") == 0


def test_a_daemon_finds_its_store_again_and_takes_what_is_pushed_then(away):
    space, server = away.space, away.server.cluster
    pid = space.daemon.process.pid
    for way in (server.kill, server.stop):
        way()
        wait_until(lambda: away.ask("/readyz")[0] == 503, what="a daemon that says its store is away")
        server.start()
    wait_until(lambda: away.ask("/readyz")[0] == 200, 60, "a daemon that is ready again")
    work = space.repository
    work.branch("change/discount")
    work.commit({"migrations/V2__discount.sql": SAFE}, "orders get a discount")
    assert "PASSED" in work.push("change/discount")
    work.push("change/discount:main")
    space.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    assert "discount" in columns(away.databases["dev"], "orders")
    assert space.daemon.running and space.daemon.process.pid == pid
