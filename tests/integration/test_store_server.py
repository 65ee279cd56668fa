"""A PostgreSQL store whose server is somewhere else: reached over TLS."""

import subprocess

import pytest
from harness.cluster import Cluster, account
from harness.postgres import Postgres
from harness.wait import wait_until
from harness.workspace import Workspace

SECRET = "correct-horse-7"
NAME = "store.example.com"


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


def test_a_wrong_password_is_refused_and_not_shown(encrypted, tls):
    encrypted.use(f"&sslrootcert={tls.cluster.folder}/server.pem")
    encrypted.password.write_text("wrong-horse-8\n")
    refused = encrypted.refusal()
    assert refused.status == 3 and "password authentication failed" in refused.err, refused
    assert "wrong-horse" not in refused.out + refused.err
