"""What `sluice migrate` sends to PostgreSQL at once: a file's statements share a message, the ledger's rows travel with
the COMMIT, and all that is said of a single statement stays true."""

import contextlib
import json
import signal
import socket
import struct
import subprocess
import threading

import psycopg2
import pytest
from harness.files import write
from harness.wait import wait_until


class Counter:
    """Forwards to the server and counts what has to be answered in the first session, since a second one may look on:
    simple queries and the ends of pipelines."""

    def __init__(self, pg):
        self.upstream = (pg.host, pg.port)
        self.asked = 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgres://{pg.user}@127.0.0.1:{self.server.getsockname()[1]}/{pg.name}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        counts = True
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                upstream = socket.create_connection(self.upstream)
                threading.Thread(target=self.forward, args=(client, upstream, counts), daemon=True).start()
                counts = False
                threading.Thread(target=self.forward, args=(upstream, client, False), daemon=True).start()

    def count(self, pending, started):
        """The rest of a message that has not come whole yet, and whether the session has begun."""
        while len(pending) >= (5 if started else 8):
            skip = 1 if started else 0
            (size,) = struct.unpack(">I", pending[skip : skip + 4])
            if len(pending) < size + skip:
                break
            self.asked += started and pending[:1] in (b"Q", b"S")
            started = started or struct.unpack(">I", pending[4:8])[0] == 3 << 16
            pending = pending[size + skip :]
        return pending, started

    def forward(self, source, sink, counts):
        pending, started = b"", False
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if counts:
                    pending, started = self.count(pending + data, started)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Cutter(Counter):
    """Cuts each session off behind the answer with this tag, before the server says that it is ready for more."""

    def __init__(self, pg, tag):
        self.tag = b"C" + struct.pack(">I", len(tag) + 5) + tag + b"\0"
        super().__init__(pg)

    def forward(self, source, sink, counts):
        came = b""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                came += data
                at = came.find(self.tag)
                sink.sendall(data if at < 0 else data[: len(data) - len(came) + at + len(self.tag)])
                if at >= 0:  # its process is gone before the client hears, and with it the lock
                    source.shutdown(socket.SHUT_WR)
                    while source.recv(65536):
                        pass
                    break
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def messages_for(sluice, pg, folder, statements):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n" + "INSERT INTO t VALUES (1);\n" * statements})
    counter = Counter(pg)
    sluice.ok("migrate", "--url", counter.url, "--dir", folder)
    counter.server.close()
    assert pg.value("SELECT count(*) FROM t") == statements
    pg.execute("DROP TABLE t; DROP SCHEMA sluice CASCADE")
    return counter.asked


def test_more_statements_of_a_file_take_no_more_messages(sluice, pg, folder):
    assert messages_for(sluice, pg, folder, 40) == messages_for(sluice, pg, folder, 2)


def test_a_file_more_takes_one_message_more(sluice, pg, folder):
    first = messages_for(sluice, pg, folder, 2)
    write(folder, {"V2__b.sql": "CREATE TABLE u (a int);\nINSERT INTO u VALUES (1);\n"})
    assert messages_for(sluice, pg, folder, 2) == first + 1


def test_a_look_with_nothing_to_do_takes_one_message(sluice, pg, folder):
    write(folder, {f"V{n}__t.sql": f"CREATE TABLE t{n} (a int);\n" for n in (1, 2)})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    counter = Counter(pg)
    assert "nothing to do" in sluice.ok("migrate", "--url", counter.url, "--dir", folder)
    counter.server.close()
    assert counter.asked == 1


def test_a_session_begins_the_same_whether_there_is_a_ledger_or_not(sluice, pg, folder):
    assert pg.user == "sluice"  # like the ledger's schema, which must not become the first of the path
    for n in (1, 2):
        write(folder, {f"V{n}__t.sql": f"CREATE TABLE public.t{n} AS SELECT current_setting('client_connection_check_interval') AS a, current_setting('search_path') AS b;\n"})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
        assert pg.rows(f"SELECT a, b FROM t{n}") == [("5s", "public")]


def test_the_rows_of_each_statement_are_in_the_ledger(sluice, pg, folder):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1), (2), (3);\nUPDATE t SET a = 4 WHERE a > 1;\nDELETE FROM t WHERE a = 9;\n"})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    assert pg.rows("SELECT statement, affected FROM sluice.step ORDER BY statement") == [(1, -1), (2, 3), (3, 2), (4, 0)]


def test_files_are_numbered_in_their_order_however_their_rows_are_written(sluice, pg, folder):
    bodies = ["SELECT 1;", "SELECT 1;", "DO 'BEGIN END';", "SELECT 1;", "SELECT 1;"]
    for upto in (3, 5):
        write(folder, {f"V{n}__a.sql": body + "\n" for n, body in enumerate(bodies[:upto], 1)})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    assert pg.rows("SELECT version, seq FROM sluice.migration ORDER BY seq") == [(str(n), n) for n in range(1, 6)]


def test_the_failing_statement_is_named_and_nothing_of_its_message_stays(sluice, pg, folder):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n\nINSERT INTO\n  nope VALUES (1);\nCREATE TABLE u (a int);\n"})
    out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--output", "json")
    error = json.loads(out.out)["targets"][0]["error"]
    assert out.status == 8
    assert (error["line"], error["column"], error["server_code"]) == (5, 3, "42P01")
    assert "0 of 4 statements are applied" in error["message"]
    assert pg.rows("SELECT to_regclass('t'), to_regclass('u')") == [(None, None)]
    assert pg.value("SELECT count(*) FROM sluice.migration") == 0


def test_data_for_copy_stands_between_messages(sluice, pg, folder):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\nCOPY t FROM STDIN;\n2\n\\.\nINSERT INTO t VALUES (3);\nCOPY t TO STDOUT;\nINSERT INTO t VALUES (4);\n"})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    assert pg.rows("SELECT a FROM t ORDER BY a") == [(1,), (2,), (3,), (4,)]
    assert pg.rows("SELECT affected FROM sluice.step ORDER BY statement")[2] == (1,)


def test_nothing_of_a_message_runs_once_another_attempt_has_taken_over(sluice, pg, folder):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\nUPDATE sluice.fence SET epoch = epoch + 1;\n", "V2__b.sql": "CREATE TABLE u (a int);\n"})
    out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--lock-wait", "0")
    assert out.status == 6
    assert "V2__b.sql:1: another attempt has taken over" in out.err
    assert pg.value("SELECT to_regclass('u')") is None
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    assert pg.value("SELECT count(*) FROM u") == 0


def test_without_the_row_of_the_fence_nothing_is_committed(sluice, pg, folder):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\nDELETE FROM sluice.fence;\n", "V2__b.sql": "CREATE TABLE u (a int);\n"})
    out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--lock-wait", "0")
    assert out.status == 6
    assert "V2__b.sql:1: another attempt has taken over" in out.err
    assert pg.rows("SELECT to_regclass('t')::text, to_regclass('u')::text") == [("t", None)]


def test_a_file_that_fails_at_its_commit_takes_along_what_was_sent_behind_it(sluice, pg, folder):
    pg.execute("CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
    write(folder, {"V1__a.sql": "INSERT INTO c VALUES (1);\n"})
    sluice.ok("baseline", "--url", pg.url, "--dir", folder, "--to", "1", "--reason", "it was there")
    write(folder, {"V2__a.sql": "CREATE TABLE t (a int);\n", "V3__b.sql": "INSERT INTO c VALUES (2);\n", "V4__c.sql": "CREATE TABLE u (a int);\n"})
    out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--output", "json")
    target = json.loads(out.out)["targets"][0]
    assert (out.status, target["error"]["server_code"] or "23503") == (8, "23503")
    assert "V3__b.sql:1: " in target["error"]["message"] and "rolled back, 0 of 1 statements are applied" in target["error"]["message"]
    assert pg.rows("SELECT to_regclass('t')::text, to_regclass('u')::text, (SELECT count(*) FROM c)") == [("t", None, 0)]
    write(folder, {"V3__b.sql": "INSERT INTO p VALUES (2);\nINSERT INTO c VALUES (2);\n"})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    assert pg.rows("SELECT to_regclass('u')::text, (SELECT count(*) FROM c)") == [("u", 1)]


def test_a_file_that_fails_leaves_the_one_applied_that_was_sent_in_front_of_it(sluice, pg, folder):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n", "V2__b.sql": "INSERT INTO t VALUES (1);\nINSERT INTO\n  nope VALUES (1);\n", "V3__c.sql": "CREATE TABLE u (a int);\n"})
    out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--output", "json")
    target = json.loads(out.out)["targets"][0]
    assert (out.status, target["error"]["line"], target["error"]["column"]) == (8, 3, 3)
    assert "V2__b.sql:3: " in target["error"]["message"]
    assert pg.rows("SELECT version, state FROM sluice.migration") == [("1", "applied")]
    assert pg.rows("SELECT (SELECT count(*) FROM t), to_regclass('u')") == [(0, None)]


def test_more_rows_than_agreed_on_are_found_before_their_commit_is_sent(sluice, pg, folder):
    files = {f"V{n}__t.sql": f"CREATE TABLE t{n} (a int);\nINSERT INTO t{n} SELECT generate_series(1, {rows});\n" for n, rows in ((1, 3), (2, 4))}
    write(folder, files)
    out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--max-rows", "3")
    assert out.status == 8 and "V2__t.sql:2: 4 rows touched where at most 3 were agreed on; rolled back" in out.err
    assert pg.rows("SELECT (SELECT count(*) FROM t1), to_regclass('t2')") == [(3, None)]


def test_what_a_trigger_takes_away_from_the_session_is_done_without(sluice, pg, folder):
    pg.execute("CREATE FUNCTION forget() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DEALLOCATE ALL''; END'")
    pg.execute("CREATE EVENT TRIGGER forgetful ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION forget()")
    write(folder, {"V1__a.sql": "SELECT 1;\n"})
    sluice.ok("baseline", "--url", pg.url, "--dir", folder, "--to", "1", "--reason", "it was there")
    write(folder, {f"V{n}__t.sql": f"CREATE TABLE t{n} (a int);\nINSERT INTO t{n} VALUES (1);\n" for n in (2, 3)})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    assert pg.rows("SELECT (SELECT count(*) FROM t2), (SELECT count(*) FROM t3)") == [(1, 1)]
    assert pg.value("SELECT count(*) FROM sluice.step") == 4


@pytest.mark.parametrize("before", ["", "INSERT INTO t VALUES (1);\n"])
def test_a_parameter_is_the_statements_fault_and_not_the_connections(sluice, pg, folder, before):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n", "V2__b.sql": before + "INSERT INTO t VALUES ($1);\n"})
    out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--output", "json")
    target = json.loads(out.out)["targets"][0]
    assert (out.status, target["outcome"]) == (8, "failed_clean")
    assert f"V2__b.sql:{2 if before else 1}: there is no value for $1" in target["error"]["message"]


def test_what_failed_before_its_session_was_lost_is_not_said_of_what_fails_in_the_next_one(sluice, pg, folder):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n", "V2__b.sql": "SELECT 1;\nSELECT pg_catalog.pg_sleep(60);\n"})
    counter = Counter(pg)
    process = subprocess.Popen([sluice.path, "migrate", "--url", counter.url, "--dir", folder, "--lock-wait", "0", "--output", "json"], stdout=subprocess.PIPE, text=True)
    sleeps = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%%pg_sleep(60)%%' AND pid <> pg_backend_pid()"
    wait_until(lambda: pg.rows(sleeps), what="the slow statement")
    counter.server.shutdown(socket.SHUT_RDWR)
    counter.server.close()
    pg.execute(f"SELECT pg_terminate_backend(pid) FROM ({sleeps}) AS s")
    out, _ = process.communicate(timeout=60)
    error = json.loads(out)["targets"][0]["error"]
    assert process.returncode == 3
    assert (error["server_code"], error["line"]) == ("", 0) and "failed: Connection refused" in error["message"]


def test_a_session_that_is_ended_again_and_again_leaves_the_place_where_it_was(sluice, pg, folder):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n", "V2__b.sql": "SELECT 1;\nINSERT INTO t VALUES (1);\n"})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder, "--to", "1")
    pg.execute("CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN new; END'")
    pg.execute("CREATE TRIGGER leaving BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION leave()")
    out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--lock-wait", "20s", "--output", "json")
    error = json.loads(out.out)["targets"][0]["error"]
    assert "V2__b.sql:2: terminating connection due to administrator command" in error["message"]
    assert (error["path"], error["line"], error["server_code"]) == ("V2__b.sql", 2, "57P01")


def test_a_session_that_is_lost_behind_the_last_answer_of_a_file_is_lost_at_its_last_statement(sluice, pg, folder):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n\nINSERT INTO t SELECT generate_series(1, 777);\n"})
    cutter = Cutter(pg, b"INSERT 0 777")
    out = sluice.run("migrate", "--url", cutter.url, "--dir", folder, "--lock-wait", "20s", "--output", "json")
    cutter.server.close()
    error = json.loads(out.out)["targets"][0]["error"]
    assert (out.status, error["path"], error["line"], error["column"]) == (3, "V1__a.sql", 3, 1)
    assert "V1__a.sql:3: the connection was lost" in error["message"]
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    assert pg.value("SELECT count(*) FROM t") == 777


def test_a_file_that_ran_again_since_nothing_was_prepared_fails_for_its_own_reason(sluice, pg, folder):
    pg.execute("CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
    pg.execute("CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DEALLOCATE ALL''; RETURN NULL; END'")
    pg.execute("CREATE TABLE t (a int); CREATE CONSTRAINT TRIGGER forgetful AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION forget()")
    write(folder, {"V1__a.sql": "SELECT 1;\n"})
    sluice.ok("baseline", "--url", pg.url, "--dir", folder, "--to", "1", "--reason", "it was there")
    write(folder, {"V2__b.sql": "SELECT 1;\n", "V3__c.sql": "INSERT INTO t VALUES (1), (1);\n", "V4__d.sql": "\n\nINSERT INTO c VALUES (2);\n"})
    out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--output", "json")
    error = json.loads(out.out)["targets"][0]["error"]
    assert out.status == 8 and "V4__d.sql:3: " in error["message"]
    assert (error["path"], error["server_code"]) == ("", "")
    assert pg.value("SELECT count(*) FROM t") == 2


@pytest.fixture(params=["first", "behind another"])
def blocked(request, sluice, pg, folder):
    """A run whose second statement of four waits for a transaction of somebody else; its file is the first, or was sent
    with the end of the one before."""
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    holder = psycopg2.connect(host=pg.host, port=pg.port, user=pg.user, dbname=pg.name)
    holder.cursor().execute("LOCK TABLE t")
    if request.param != "first":
        write(folder, {"V1.5__before.sql": "CREATE TABLE before (a int);\n"})
    write(folder, {"V2__b.sql": "CREATE TABLE u (a int);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nINSERT INTO u VALUES (1);\n"})
    process = subprocess.Popen([sluice.path, "migrate", "--url", pg.url, "--dir", folder, "--lock-timeout", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: pg.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass") == 1, what="the wait for the table")
    if request.param != "first":
        assert pg.value("SELECT count(*) FROM sluice.migration WHERE version = '1.5' AND state = 'applied'") == 1
    yield process, holder
    process.kill()
    process.communicate()
    holder.close()


def check_once(sluice, pg, folder):
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    assert pg.rows("SELECT a FROM t ORDER BY a") == [(1,), (2,)]
    assert pg.value("SELECT count(*) FROM u") == 1
    assert pg.value("SELECT count(*) FROM sluice.step WHERE version = '2'") == 4


def test_killed_while_statements_wait_behind_the_one_that_runs_nothing_of_them_stays(sluice, pg, folder, blocked):
    process, holder = blocked
    process.kill()
    process.communicate()
    holder.rollback()
    check_once(sluice, pg, folder)


def test_interrupted_in_the_middle_of_a_message_all_of_it_is_undone(sluice, pg, folder, blocked):
    process, holder = blocked
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "V2__b.sql:2: canceled, nothing of it remains" in err
    assert pg.value("SELECT to_regclass('u')") is None
    holder.rollback()
    check_once(sluice, pg, folder)


def test_the_backend_that_dies_in_the_middle_of_a_message_leaves_nothing_and_the_run_goes_on(sluice, pg, folder, blocked):
    process, holder = blocked
    pg.value("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = 't'::regclass")
    holder.rollback()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    check_once(sluice, pg, folder)


def test_who_is_in_the_way_of_a_files_end_is_named_and_not_who_was_before(sluice, pg, folder):
    write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    write(folder, {"V2__b.sql": "INSERT INTO t VALUES (1);\n"})
    with contextlib.closing(pg.connect()) as holder, contextlib.closing(psycopg2.connect(host=pg.host, port=pg.port, user=pg.user, dbname=pg.name, application_name="next")) as other:
        holder.cursor().execute("BEGIN; LOCK TABLE t")
        process = subprocess.Popen([sluice.path, "migrate", "--url", pg.url, "--dir", folder, "--lock-timeout", "2s", "--lock-wait", "0"], stderr=subprocess.PIPE, text=True)
        looked = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'sluice/%' AND query LIKE '%pg_blocking_pids%' AND state = 'idle'"
        wait_until(lambda: pg.rows(looked), what="a look at who is in the way")
        other.cursor().execute("LOCK TABLE sluice.step IN SHARE MODE")
        holder.cursor().execute("ROLLBACK")
        _, err = process.communicate(timeout=60)
    assert process.returncode == 6 and "canceling statement due to lock timeout" in err
    assert "(sluice, next, " in err
