"""kill -9 of `sluice migrate` at every named point: nothing runs twice, nothing is lost, and the next run
goes on by itself.  The effects are counted with psql, mariadb and sqlite3, from migrations that are not idempotent."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import threading

import pytest

from harness.wait import wait_until

# Each point, and how often it is reached: the kill falls on every one of these times.
POINTS = {
    "connected": 1,
    "locked": 1,
    "before-intent": 1,
    "before-begun": 1,
    "begun": 1,
    "segment-begun": 5,
    "statement-done": 6,
    "before-ledger-rows": 5,
    "before-commit": 7,
    "after-commit": 7,
    "alone-journaled": 1,
    "alone-done": 1,
    "alone-settled": 1,
    "before-finish": 1,
    "finished": 1,
}

# There CREATE TABLE commits by itself: it stands alone too.
POINTS_MARIADB = POINTS | {"statement-done": 5, "before-commit": 9, "after-commit": 9, "alone-journaled": 2, "alone-done": 2, "alone-settled": 2}

TURNS = [
    pytest.param(engine, point, turn, id=f"{engine}-{point}-{turn}")
    for engine, points in {"sqlite": POINTS, "postgres": POINTS, "mariadb": POINTS_MARIADB}.items()
    for point, times in points.items()
    for turn in range(1, times + 1)
]


class Sqlite:
    alone = "VACUUM"

    def __init__(self, folder):
        self.path = folder / "orders.db"
        self.url = f"sqlite:{self.path}"
        self.ledger = "_sluice_"

    def ask(self, sql):
        return subprocess.run(["sqlite3", self.path, sql], check=True, capture_output=True, text=True).stdout.strip()


class Server:
    alone = "CREATE INDEX CONCURRENTLY t_a ON t (a)"

    def __init__(self, database):
        self.database = database
        self.url = database.url
        self.ledger = "sluice."

    def ask(self, sql):
        psql = pathlib.Path(os.environ["SLUICE_TEST_PG_BIN"]) / "psql"
        return subprocess.run([psql, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", sql], check=True, capture_output=True, text=True).stdout.strip()


class MariadbServer:
    alone = "CREATE INDEX t_a ON t (a)"

    def __init__(self, database):
        self.database = database
        self.url = database.url
        self.ledger = "_sluice_"

    def ask(self, sql):
        return self.database.script(sql).strip().replace("\t", "|")


def make_target(engine, request, workspace):
    if engine == "sqlite":
        return Sqlite(workspace)
    if engine == "postgres":
        return Server(request.getfixturevalue("pg"))
    return MariadbServer(request.getfixturevalue("mariadb"))


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def target(request, tmp_workspace):
    return make_target(request.param, request, tmp_workspace)


def write(folder, files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def orders(folder, alone):
    """Five segments, six statements in them and one that cannot run in a transaction."""
    return write(
        folder / "migrations",
        {
            "V1__make.sql": "CREATE TABLE t (a INTEGER);\nINSERT INTO t SELECT count(*) + 1 FROM t;\n",
            "V2__grow.sql": f"INSERT INTO t SELECT count(*) + 1 FROM t;\n{alone};\nINSERT INTO t SELECT count(*) + 1 FROM t;\n",
            "V3__more.sql": "INSERT INTO t SELECT count(*) + 1 FROM t;\n",
            "V4__last.sql": "INSERT INTO t SELECT count(*) + 1 FROM t;\n",
        },
    )


def start(sluice, url, folder, env=None):
    return subprocess.Popen(
        [sluice.path, "migrate", "--url", url, "--dir", str(folder)],
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_at(sluice, target, folder, point, workspace):
    """Stops the program at the point and kills it there; says whether it came by at all."""
    mark = workspace / "paused"
    process = start(sluice, target.url, folder, {"SLUICE_TEST_PAUSE_AT": point, "SLUICE_TEST_PAUSE_FILE": str(mark)})
    wait_until(lambda: mark.exists() or process.poll() is not None, what=f"the point {point}")
    came_by = process.poll() is None
    process.kill()
    process.communicate()
    return came_by


def check_everything_once(sluice, target, folder):
    sluice.ok("migrate", "--url", target.url, "--dir", folder)
    assert target.ask("SELECT count(*), min(a), max(a), count(DISTINCT a) FROM t") == "5|1|5|5"
    assert target.ask(f"SELECT count(*) FROM {target.ledger}migration WHERE state = 'applied'") == "4"
    assert target.ask(f"SELECT count(*) FROM {target.ledger}step WHERE state = 'started'") == "0"
    assert target.ask(f"SELECT count(*) FROM {target.ledger}run WHERE ended_at IS NULL") == "0"
    again = sluice.ok("migrate", "--url", target.url, "--dir", folder)
    assert "nothing to do" in again


@pytest.mark.parametrize(("engine", "point", "turn"), TURNS)
def test_killed_at_a_point_the_next_run_goes_on(sluice, request, tmp_workspace, engine, point, turn):
    target = make_target(engine, request, tmp_workspace)
    folder = orders(tmp_workspace, target.alone)
    assert kill_at(sluice, target, folder, f"{point}:{turn}", tmp_workspace), f"{point} was not reached {turn} times"
    check_everything_once(sluice, target, folder)


def test_killed_twice_in_a_row_it_still_ends_well(sluice, target, tmp_workspace):
    folder = orders(tmp_workspace, target.alone)
    for point in ("before-commit:2", "segment-begun:1", "alone-journaled:1", "after-commit:2"):
        kill_at(sluice, target, folder, point, tmp_workspace)
        (tmp_workspace / "paused").unlink(missing_ok=True)
    check_everything_once(sluice, target, folder)


def test_a_file_whose_last_statement_is_found_done_is_done(sluice, target, tmp_workspace):
    folder = write(tmp_workspace / "migrations", {"V1__make.sql": "CREATE TABLE t (a INTEGER);\n", "V2__alone.sql": f"INSERT INTO t VALUES (1);\n{target.alone};\n"})
    sluice.ok("migrate", "--url", target.url, "--dir", folder, "--to", "1")
    assert kill_at(sluice, target, folder, "alone-done", tmp_workspace)
    write(folder, {"V3__after.sql": "INSERT INTO t SELECT count(*) + 1 FROM t;\n"})
    out = sluice.run("migrate", "--url", target.url, "--dir", folder)
    assert out.status == 0, out.err
    assert "V2" in out.out and "V3" in out.out
    assert target.ask("SELECT count(*), max(a) FROM t") == "2|2"
    assert target.ask(f"SELECT count(*) FROM {target.ledger}migration WHERE state = 'applied'") == "3"


def activity(pg, text):
    """Sessions of ours that are at a statement with this text."""
    return pg.rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'sluice/%%' AND state = 'active' AND query LIKE %s", (f"%{text}%",))


def test_killed_while_a_statement_runs_nothing_of_it_stays(sluice, pg, tmp_workspace):
    folder = write(tmp_workspace / "migrations", {"V1__slow.sql": "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\nSELECT pg_sleep(60);\n"})
    process = start(sluice, pg.url, folder)
    wait_until(lambda: activity(pg, "pg_sleep"), what="the slow statement")
    process.kill()
    process.communicate()
    write(folder, {"V1__slow.sql": "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n"})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)  # waits for the orphan, which notices within seconds
    assert pg.value("SELECT count(*) FROM t") == 1


INDEX = {
    "V1__make.sql": "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n",
    "V2__index.sql": "INSERT INTO t VALUES (2);\nCREATE INDEX CONCURRENTLY t_a ON t (a);\nINSERT INTO t VALUES (3);\n",
}


@contextlib.contextmanager
def waiting_index(sluice, pg, folder):
    """A run whose CREATE INDEX CONCURRENTLY waits for a transaction of somebody else."""
    sluice.ok("migrate", "--url", pg.url, "--dir", folder, "--to", "1")
    blocker = pg.connect()
    blocker.autocommit = False
    blocker.cursor().execute("UPDATE t SET a = a")
    process = start(sluice, pg.url, folder)
    wait_until(lambda: activity(pg, "CREATE INDEX"), what="the index being built")
    try:
        yield process, blocker
    finally:
        process.kill()
        process.communicate()
        blocker.close()


def test_an_index_that_outlives_its_client_is_adopted(sluice, pg, tmp_workspace):
    folder = write(tmp_workspace / "migrations", INDEX)
    with waiting_index(sluice, pg, folder) as (process, blocker):
        process.kill()
        process.communicate()
        early = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--lock-wait", "100ms")
        assert early.status == 9
        assert "still at work" in early.err
        blocker.rollback()
        out = sluice.run("migrate", "--url", pg.url, "--dir", folder)
    assert out.status == 0, out.err
    assert "found done" in out.err
    assert pg.value("SELECT count(*) FROM t") == 3
    assert pg.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass")


def test_an_invalid_index_of_ours_is_dropped_and_built_again(sluice, pg, tmp_workspace):
    folder = write(tmp_workspace / "migrations", INDEX)
    with waiting_index(sluice, pg, folder) as (process, blocker):
        process.kill()
        process.communicate()
        ((pid,),) = activity(pg, "CREATE INDEX")
        pg.value("SELECT pg_terminate_backend(%s)", (pid,))
        wait_until(lambda: not activity(pg, "CREATE INDEX"), what="the end of the backend")
        assert not pg.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass")
        blocker.rollback()
        out = sluice.run("migrate", "--url", pg.url, "--dir", folder)
    assert out.status == 0, out.err
    assert "invalid index public.t_a" in out.err
    assert pg.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass")
    assert pg.value("SELECT count(*) FROM t") == 3


def test_a_backend_that_dies_under_an_index_is_survived_in_the_same_run(sluice, pg, tmp_workspace):
    folder = write(tmp_workspace / "migrations", INDEX)
    with waiting_index(sluice, pg, folder) as (process, blocker):
        ((pid,),) = activity(pg, "CREATE INDEX")
        pg.value("SELECT pg_terminate_backend(%s)", (pid,))
        blocker.rollback()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert pg.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass")
    assert pg.value("SELECT count(*) FROM t") == 3


class CuttingProxy:
    """Forwards one connection after the other; cuts the client off once it has forwarded the n-th COMMIT."""

    def __init__(self, host, port, cut_at):
        self.upstream = (host, port)
        self.left = cut_at
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                upstream = socket.create_connection(self.upstream)
                threading.Thread(target=self.forward, args=(client, upstream, True), daemon=True).start()
                threading.Thread(target=self.forward, args=(upstream, client, False), daemon=True).start()

    def forward(self, source, sink, from_client):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if from_client and b"COMMIT\0" in data:
                    self.left -= 1
                    if self.left == 0:
                        source.shutdown(socket.SHUT_RDWR)
                        source.close()
                        sink.sendall(data)
                        return
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.server.close()


@pytest.mark.parametrize("commit", range(1, 9))
def test_a_commit_whose_answer_is_lost_is_proved(sluice, pg, tmp_workspace, commit):
    target = Server(pg)
    folder = orders(tmp_workspace, target.alone)
    proxy = CuttingProxy(pg.host, pg.port, commit)
    url = f"postgres://{pg.user}@127.0.0.1:{proxy.port}/{pg.name}"
    try:
        out = sluice.run("migrate", "--url", url, "--dir", folder)
    finally:
        proxy.close()
    assert out.status in (0, 3, 6, 9), out.err
    check_everything_once(sluice, target, folder)


def test_two_runs_at_once_apply_everything_once(sluice, target, tmp_workspace):
    folder = orders(tmp_workspace, target.alone)
    both = [start(sluice, target.url, folder) for _ in range(2)]
    for process in both:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    check_everything_once(sluice, target, folder)


def test_interrupted_by_ctrl_c_the_open_file_is_undone(sluice, pg, tmp_workspace):
    folder = write(tmp_workspace / "migrations", {"V1__slow.sql": "CREATE TABLE t (a int);\nSELECT pg_sleep(60);\n"})
    process = start(sluice, pg.url, folder)
    wait_until(lambda: activity(pg, "pg_sleep"), what="the slow statement")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "canceled" in err
    assert pg.value("SELECT count(*) FROM pg_class WHERE relname = 't'") == 0
    assert pg.value("SELECT outcome FROM sluice.run") == "canceled"
