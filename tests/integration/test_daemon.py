"""The daemon: reload, stop, one store for one daemon, what it is asked by machines."""

import contextlib
import http.client
import re
import signal
import socket

import pytest

from harness.postgres import Postgres
from harness.wait import wait_until
from harness.workspace import Workspace, ledger

KEY = 8617


@pytest.fixture
def workspace(sluice, tmp_workspace):
    made = Workspace(sluice)
    yield made.start()
    made.close()


@pytest.fixture
def on_file(sluice, tmp_workspace):
    """Its store is a file, whatever the others' is."""
    made = Workspace(sluice, store="sqlite")
    yield made.start()
    made.close()


@pytest.fixture
def on_postgres(sluice, tmp_workspace):
    databases = {name: Postgres.create() for name in ("dev", "prod")}
    made = Workspace(sluice, databases)
    yield made.start()
    made.close()
    for database in databases.values():
        database.drop()


def whoami(workspace, token):
    return workspace.sluice.run("whoami", env={"SLUICE_CONFIG": workspace.config, "SLUICE_TOKEN": token})


def reload(workspace, text):
    before = workspace.daemon.log.read_text().count(text)
    workspace.daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: workspace.daemon.log.read_text().count(text) > before, what=f"{text!r} in the log")


# --- reload ------------------------------------------------------------------------------------


def test_a_good_file_takes_effect_at_sighup(workspace):
    token = "slu_carols-own-token-of-32-bytes"
    (workspace.root / "carol.token").write_text(token)
    assert whoami(workspace, token).status == 4
    workspace.configure(r"users:\n", f"users:\n  - {{name: carol, token: 'file:{workspace.root}/carol.token'}}\n")
    reload(workspace, " reloaded ")
    assert whoami(workspace, token).out == "carol (by token)\n"
    assert whoami(workspace, workspace.token("dana")).out == "dana (by token)\n"
    workspace.configure(r"  - \{name: carol[^\n]*\n", "")
    reload(workspace, " reloaded ")
    assert whoami(workspace, token).status == 4


BAD = {
    "an unknown key": (r"users:\n", "usrs:\n", "usrs"),
    "broken YAML": (r"users:\n", "users: [\n", "sluice.yaml:"),
    "a missing secret": (r"ana\.token", "gone.token", "gone.token"),
    "an unknown role's member": (r"dba: \[dana\]", "dba: [danna]", "dana"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_changes_nothing_and_says_so(workspace, what):
    pattern, text, word = BAD[what]
    good = workspace.config.read_text()
    workspace.configure(pattern, text)
    reload(workspace, "reload.refused")
    (line,) = [line for line in workspace.daemon.log.read_text().splitlines() if "reload.refused" in line]
    assert word in line and "nothing changed" in line
    for who in ("ana", "dana"):
        done = workspace.sluice.run("whoami", "--socket", workspace.root / "sluice.sock", env={"SLUICE_TOKEN": workspace.token(who)})
        assert done.out == f"{who} (by token)\n"
    workspace.config.write_text(good)
    reload(workspace, " reloaded ")


def test_what_only_a_start_can_change_is_said(workspace):
    workspace.configure(r"socket: \S+", f"socket: {workspace.root}/other.sock")
    reload(workspace, "reload.later")
    assert "server.socket" in workspace.daemon.log.read_text()
    assert not (workspace.root / "other.sock").exists()
    assert workspace.sluice.run("status", "--socket", workspace.root / "sluice.sock").status == 0


# --- the socket's file ---------------------------------------------------------------------------


class OverSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket, on one connection for as long as it lasts."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def status(self) -> int:
        self.request("GET", "/healthz")
        answer = self.getresponse()
        answer.read()
        return answer.status


def test_a_socket_that_somebody_removed_is_made_anew(workspace):
    path = workspace.root / "sluice.sock"
    before = path.stat()
    connection = OverSocket(path)
    assert connection.status() == 200
    for _ in range(3):
        path.unlink()
        wait_until(lambda: workspace.run("status").status == 0, what="an answer over a new socket")
        after = path.stat()
        assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
        assert connection.status() == 200, "who was connected stays so"
    assert workspace.daemon.log.read_text().count("socket.made_anew") == 3
    workspace.stop()
    assert not path.exists()


def test_a_socket_of_somebody_else_at_the_path_is_left_alone(workspace):
    path = workspace.root / "sluice.sock"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        other.settimeout(20)
        there = path.stat().st_ino
        for _ in range(3):
            other.accept()[0].close()  # it asks whether anybody is there
        workspace.daemon.wait_for_log("socket.lost")
        assert path.stat().st_ino == there
        assert workspace.daemon.log.read_text().count("socket.lost") == 1
    wait_until(lambda: workspace.run("status").status == 0, what="its own socket, when nobody listens there any more")
    path.unlink()
    path.write_text("a file")
    workspace.daemon.wait_for_log("a file that is no socket is there")
    workspace.stop()
    assert path.read_text() == "a file"


# --- one store, one daemon ---------------------------------------------------------------------


def test_a_second_daemon_on_one_store_is_refused_with_the_pid_of_the_first(on_file):
    done = on_file.run("serve")
    assert done.status == 6, done
    assert str(on_file.daemon.process.pid) in done.err
    assert done.err.count("\n") == 1
    assert on_file.run("status").status == 0


def serve_on(workspace, store):
    """A second daemon that shares nothing but the store, by another name."""
    text = workspace.config.read_text().replace(f"{workspace.root}/store.db", str(store)).replace("/sluice.sock", "/other.sock")
    other = workspace.root / "other.yaml"
    other.write_text(re.sub(r"data: \S+", f"data: {workspace.root}/other", text))
    return workspace.sluice.run("serve", "-c", other, timeout=10)


def test_a_store_behind_a_link_is_that_store(on_file):
    (on_file.root / "link.db").symlink_to(on_file.root / "store.db")
    done = serve_on(on_file, on_file.root / "link.db")
    assert (done.status, str(on_file.daemon.process.pid) in done.err) == (6, True), done


def test_a_store_with_a_second_name_is_refused_until_it_is_a_file_of_its_own(on_file):
    folder = on_file.root / "elsewhere"
    folder.mkdir()
    (folder / "link.db").hardlink_to(on_file.root / "store.db")
    done = serve_on(on_file, folder / "link.db")
    assert (done.status, done.err.count("\n")) == (6, 1), done
    assert on_file.run("status").status == 0, "the first one goes on"
    on_file.stop()
    refused = on_file.run("serve")
    assert refused.status == 6 and "has 2 names" in refused.err, refused
    (folder / "link.db").unlink()
    on_file.start()
    assert on_file.changes() == []


def test_a_daemon_that_was_killed_leaves_no_lock_behind(workspace):
    workspace.kill()
    workspace.start()
    assert workspace.run("status").status == 0


def test_a_port_in_use_is_said_and_leaves_no_socket(workspace, sluice, tmp_path):
    port = re.findall(r"url=http://127\.0\.0\.1:(\d+)", workspace.daemon.log.read_text())[-1]
    config = tmp_path / "sluice.yaml"
    config.write_text(f"server: {{listen: '127.0.0.1:{port}', socket: {tmp_path}/s, data: {tmp_path}/data}}\nstore: sqlite:{tmp_path}/store.db\n")
    done = sluice.run("serve", "-c", config)
    assert done.status == 3, done
    assert port in done.err and "server.listen" in done.err and done.err.count("\n") == 1
    assert not (tmp_path / "s").exists()


# --- stopping ----------------------------------------------------------------------------------

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'"


@contextlib.contextmanager
def lock_held(database):
    """While held, a statement that wants it is at hand and stays so."""
    connection = database.connect()
    connection.cursor().execute(f"SELECT pg_advisory_lock({KEY})")
    try:
        yield connection
    finally:
        connection.close()


def merge_slow(workspace):
    """Two files: the first one's only statement wants the lock."""
    work = workspace.repository
    work.branch("change/slow")
    work.commit(
        {
            "migrations/V2__slow.sql": f"INSERT INTO customer (id, email, name) SELECT 100, 'slow', 'slow' FROM (SELECT pg_advisory_xact_lock({KEY})) l;\n",
            "migrations/V3__next.sql": "INSERT INTO customer (id, email, name) VALUES (101, 'next', 'next');\n",
        },
        "slow",
    )
    work.push("change/slow")
    work.push("change/slow:main")


def customers(database):
    return [name for (name,) in database.rows("SELECT name FROM customer WHERE id >= 100 ORDER BY id")]


def test_sigterm_finishes_the_statement_at_hand_and_the_next_start_goes_on(on_postgres):
    workspace, dev = on_postgres, on_postgres.targets["dev"]
    with lock_held(dev):
        merge_slow(workspace)
        wait_until(lambda: dev.value(WAITING) == 1, what="the statement at hand")
        daemon = workspace.daemon
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for_log("stopping")
        assert daemon.running
        assert dev.value(WAITING) == 1
    assert daemon.process.wait(30) == 0
    assert customers(dev) == ["slow"]
    assert ledger(dev) == [("1", "applied"), ("2", "applied")]
    assert not (workspace.root / "sluice.sock").exists()
    workspace.start()
    workspace.wait_stage(1, "dev", "done")
    assert customers(dev) == ["slow", "next"]
    assert ledger(dev) == [("1", "applied"), ("2", "applied"), ("3", "applied")]


def test_a_second_sigterm_cancels_the_statement_at_hand(on_postgres):
    workspace, dev = on_postgres, on_postgres.targets["dev"]
    with lock_held(dev):
        merge_slow(workspace)
        wait_until(lambda: dev.value(WAITING) == 1, what="the statement at hand")
        daemon = workspace.daemon
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for_log("stopping")
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(30) == 0
        assert dev.value(WAITING) == 0
        assert customers(dev) == []
    workspace.start()
    workspace.wait_stage(1, "dev", "done")
    assert customers(dev) == ["slow", "next"]
    assert ledger(dev) == [("1", "applied"), ("2", "applied"), ("3", "applied")]


def test_an_idle_daemon_leaves_at_once(workspace):
    assert workspace.daemon.stop(signal.SIGINT) == 0
    assert workspace.daemon.log_contains("stopped")
    assert not (workspace.root / "sluice.sock").exists()


# --- what machines ask ---------------------------------------------------------------------------


def fetch(workspace, path):
    address = re.findall(r"url=http://(\S+)", workspace.daemon.log.read_text())[-1]
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_health_readiness_and_metrics_are_for_machines(workspace):
    assert fetch(workspace, "/healthz") == (200, "ok\n")
    assert wait_until(lambda: fetch(workspace, "/readyz")[0] == 200, what="readiness")
    status, text = fetch(workspace, "/metrics")
    assert status == 200
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) \S+ .+|[a-z_]+(\{.*\})? -?[0-9.]+", line), line
    assert "sluice_targets 2\n" in text


def test_systemd_is_told_when_the_daemon_is_ready_and_when_it_stops(sluice, tmp_workspace, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.bind(str(tmp_workspace / "notify"))
        notices.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_workspace / "notify"))
        made = Workspace(sluice)
        try:
            made.start()
            assert notices.recv(1000).decode().startswith("READY=1")
            made.stop()
            assert notices.recv(1000).decode().startswith("STOPPING=1")
        finally:
            made.close()
