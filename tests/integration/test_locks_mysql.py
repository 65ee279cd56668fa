"""What `sluice migrate` does on MySQL and MariaDB where others hold locks, and where statements take long."""

import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading

import pytest
from harness.files import write
from harness.mariadb import Server
from harness.wait import wait_until


@pytest.fixture
def ready(sluice, mariadb, folder):
    mariadb.script("CREATE TABLE orders (id int PRIMARY KEY, mail varchar(100)) ENGINE = InnoDB; INSERT INTO orders VALUES (1, 'ana@example.com'), (2, '')")
    write(folder, {"V1__made_before.sql": "SELECT 1;\n"})
    sluice.ok("baseline", "--url", mariadb.url, "--dir", folder, "--to", "1", "--reason", "it was there")
    return mariadb


@contextlib.contextmanager
def holding(database, sql):
    """Somebody's open transaction."""
    with database.session() as session:
        session.say(f"START TRANSACTION; {sql}")
        yield session


def migrate(sluice, database, folder, *arguments):
    return sluice.run("migrate", "--url", database.url, "--dir", folder, *arguments)


def start(sluice, database, folder, *arguments):
    return subprocess.Popen([sluice.path, "migrate", "--url", database.url, "--dir", folder, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def columns(database):
    return database.value(f"SELECT group_concat(column_name ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = '{database.name}' AND table_name = 'orders'")


def epoch(database):
    return int(database.value("SELECT epoch FROM _sluice_fence"))


ONCE = ("--lock-timeout", "2s", "--lock-tries", "1")
COLUMN = {"V2__column.sql": "INSERT INTO orders VALUES (3, '');\nALTER TABLE orders ADD COLUMN paid boolean;\n"}


class TestWaiting:
    def test_ddl_that_an_open_transaction_keeps_waiting_gives_way_and_proves_that_nothing_happened(self, sluice, ready, folder):
        write(folder, COLUMN)
        with holding(ready, "SELECT count(*) FROM orders"):
            out = migrate(sluice, ready, folder, *ONCE)
        assert out.status == 6, out.err
        assert out.err.count("\n") == 1
        assert "V2__column.sql:2: Lock wait timeout exceeded" in out.err
        assert "1 of 2 statements are applied" in out.err
        assert columns(ready) == "id,mail"
        assert migrate(sluice, ready, folder).status == 0
        assert columns(ready) == "id,mail,paid"
        assert ready.value("SELECT count(*) FROM orders") == "3"

    def test_who_holds_a_row_is_named_without_a_value_of_theirs(self, sluice, ready, folder):
        write(folder, {"V2__rows.sql": "INSERT INTO orders VALUES (3, '');\nUPDATE orders SET mail = 'x' WHERE id = 1;\n"})
        with holding(ready, "UPDATE orders SET mail = 'secret@example.com' WHERE id = 1") as holder:
            out = migrate(sluice, ready, folder, *ONCE)
        assert out.status == 6, out.err
        assert f"row lock on orders, held by process {holder.id} ({ready.user}, " in out.err
        assert "idle in transaction for " in out.err
        assert "0 of 2 statements are applied" in out.err
        assert "secret" not in out.err
        assert ready.value("SELECT count(*) FROM orders") == "2", "the first statement of the transaction stayed"

    @pytest.mark.parametrize("words", [("--dry-run",), ()])
    @pytest.mark.parametrize("files", [{}, {"V2__t.sql": "CREATE TABLE t (a int);\n"}], ids=["nothing", "pending"])
    def test_who_locks_the_ledger_is_not_waited_for_longer_than_that(self, sluice, ready, folder, files, words):
        write(folder, files)
        with ready.session() as holder:
            holder.say("LOCK TABLES _sluice_migration WRITE")
            out = sluice.run("migrate", "--url", ready.url, "--dir", folder, "--lock-timeout", "1s", "--lock-wait", "1s", *words, timeout=30)
        assert out.status == 6, out.err
        assert "Lock wait timeout exceeded" in out.err and out.err.count("\n") == 1
        assert sluice.run("migrate", "--url", ready.url, "--dir", folder, *words).status == 0

    def test_json_lists_them(self, sluice, ready, folder):
        write(folder, {"V2__rows.sql": "DELETE FROM orders WHERE id = 1;\n"})
        with holding(ready, "UPDATE orders SET mail = '' WHERE id = 1") as holder:
            out = migrate(sluice, ready, folder, *ONCE, "--output", "json")
        (blocker,) = json.loads(out.out)["targets"][0]["blockers"]
        assert (blocker["session"], blocker["object"], blocker["guessed"]) == (holder.id, "orders", False)
        assert blocker["state"] == "idle in transaction"
        if ready.is_mysql:
            assert blocker["what"] == "update orders"

    def test_a_guess_is_said_to_be_one(self, sluice, ready, folder):
        if ready.is_mysql:
            return  # it always shows who: TestServers
        write(folder, COLUMN)
        with holding(ready, "SELECT count(*) FROM orders") as holder:
            out = migrate(sluice, ready, folder, *ONCE, "--output", "json")
            other = migrate(sluice, ready, folder, *ONCE)
        blockers = json.loads(out.out)["targets"][0]["blockers"]
        assert [(blocker["session"], blocker["guessed"]) for blocker in blockers] == [(holder.id, True)]
        assert f"a metadata lock, which the server does not show; perhaps held by process {holder.id} ({ready.user}, " in other.err

    def test_a_login_that_may_not_see_others_is_told_what_it_lacks(self, sluice, ready, folder):
        user = f"u{ready.name}"
        ready.script(f"CREATE USER {user} IDENTIFIED BY ''; GRANT ALL ON {ready.name}.* TO {user}")
        try:
            write(folder, COLUMN)
            with holding(ready, "SELECT count(*) FROM orders"):
                out = sluice.run("migrate", "--url", ready.url_of(user), "--dir", folder, *ONCE)
        finally:
            ready.script(f"DROP USER {user}")
        assert out.status == 6, out.err
        assert "who holds the lock is shown only to a login with the privilege PROCESS" in out.err

    def test_only_the_step_that_did_not_get_its_lock_is_tried_again(self, sluice, ready, folder):
        ready.script("CREATE TABLE seen (a int) ENGINE = InnoDB")
        write(folder, {
            "V2__parts.sql": "INSERT INTO seen VALUES (1);\nALTER TABLE seen ADD COLUMN b int;\nINSERT INTO seen (a) VALUES (2);\nALTER TABLE orders ADD COLUMN paid boolean;\nINSERT INTO seen (a) VALUES (3);\n",
            "V3__after.sql": "INSERT INTO seen (a) VALUES (4);\n",
        })
        with holding(ready, "SELECT count(*) FROM orders") as holder:
            process = start(sluice, ready, folder, "--lock-timeout", "1s")
            began = epoch(ready)
            wait_until(lambda: epoch(ready) >= began + 3, what="the third attempt")
            assert ready.value("SELECT done FROM _sluice_migration WHERE version = '2'") == "3"
            holder.say("COMMIT")
            _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert ready.value("SELECT group_concat(a ORDER BY a) FROM seen") == "1,2,3,4"

    def test_a_transaction_that_did_not_get_a_row_is_done_again_as_a_whole(self, sluice, ready, folder):
        write(folder, {"V2__rows.sql": "INSERT INTO orders VALUES (3, '');\nUPDATE orders SET mail = concat(mail, '!') WHERE id IN (1, 3);\n"})
        with holding(ready, "UPDATE orders SET mail = 'new' WHERE id = 1") as holder:
            process = start(sluice, ready, folder, "--lock-timeout", "1s")
            began = epoch(ready)
            wait_until(lambda: epoch(ready) >= began + 2, what="the second attempt")
            holder.say("COMMIT")
            _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert ready.rows("SELECT id, mail FROM orders ORDER BY id") == [("1", "new!"), ("2", ""), ("3", "!")]

    def test_a_deadlock_is_tried_again(self, sluice, ready, folder):
        ready.script("CREATE TABLE prices (id int PRIMARY KEY, n int) ENGINE = InnoDB; INSERT INTO prices VALUES (1, 1)")
        write(folder, {"V2__both.sql": "UPDATE prices SET n = 2 WHERE id = 1;\nUPDATE orders SET mail = 'y' WHERE id = 1;\n"})
        with holding(ready, "UPDATE orders SET mail = 'z'") as holder:
            holder.say("INSERT INTO orders SELECT n + 10, repeat('x', 50) FROM (WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 500) SELECT n FROM t) AS s")
            process = start(sluice, ready, folder, "--lock-timeout", "0")
            waits = f"SELECT count(*) FROM information_schema.processlist WHERE db = '{ready.name}' AND info LIKE 'UPDATE orders%'"
            wait_until(lambda: ready.value(waits) == "1", what="the wait")
            holder.say("UPDATE prices SET n = 3 WHERE id = 1; COMMIT")
            _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert ready.value("SELECT mail FROM orders WHERE id = 1") == "y"
        assert ready.value("SELECT n FROM prices") == "2"


LONG = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 900) SELECT count(*) FROM t AS a, t AS b, t AS c, t AS d"


class TestRunning:
    @pytest.mark.parametrize("statement", [f"INSERT INTO seen {LONG}", f"CREATE TABLE made AS {LONG}"], ids=["rows", "ddl"])
    def test_a_statement_that_runs_too_long_fails_and_leaves_nothing(self, sluice, mariadb, folder, statement):
        write(folder, {"V1__a.sql": "CREATE TABLE seen (a bigint) ENGINE = InnoDB;\n"})
        assert migrate(sluice, mariadb, folder).status == 0
        write(folder, {"V2__slow.sql": f"INSERT INTO seen VALUES (1);\n{statement};\n"})
        out = migrate(sluice, mariadb, folder, "--statement-timeout", "300ms")
        assert out.status == 8, out.err
        assert "V2__slow.sql:2: " in out.err
        assert "it may run longer with --statement-timeout" in out.err
        assert mariadb.value(f"SELECT count(*) FROM information_schema.tables WHERE table_schema = '{mariadb.name}' AND table_name = 'made'") == "0"
        assert mariadb.value("SELECT count(*) FROM seen") == ("1" if statement.startswith("CREATE") else "0")

    def test_a_file_that_says_how_long_has_the_last_word(self, sluice, mariadb, folder):
        own = "SET SESSION max_execution_time = 0" if mariadb.is_mysql else "SET SESSION max_statement_time = 0"
        slow = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 900) SELECT max(sha2(repeat(concat(a.n, b.n), 300), 512)) FROM t AS a, t AS b WHERE b.n < 300"
        write(folder, {"V1__a.sql": "CREATE TABLE seen (a text) ENGINE = InnoDB;\n"})
        assert migrate(sluice, mariadb, folder).status == 0
        write(folder, {"V2__b.sql": f"{own};\nINSERT INTO seen {slow};\n"})
        bound = ("--statement-timeout", "300ms")
        assert migrate(sluice, mariadb, folder, *bound).status == 0
        write(folder, {"V3__c.sql": f"INSERT INTO seen {slow};\n"})
        assert migrate(sluice, mariadb, folder, *bound).status == 8, "the next file's bound is ours again"


class TestWhoseBound:
    def seen(self, sluice, mariadb, folder, *arguments, before=""):
        bounds = "@@SESSION.lock_wait_timeout, @@SESSION.innodb_lock_wait_timeout"
        write(folder, {
            "V1__a.sql": "CREATE TABLE seen (name varchar(20), metadata bigint, inno bigint);\n" + before + f"INSERT INTO seen SELECT 'same file', {bounds};\n",
            "V2__b.sql": f"INSERT INTO seen SELECT 'next file', {bounds};\n",
        })
        assert migrate(sluice, mariadb, folder, *arguments).status == 0
        return {name: (int(metadata), int(inno)) for name, metadata, inno in mariadb.rows("SELECT * FROM seen")}

    def test_ours_where_nobody_says_anything(self, sluice, mariadb, folder):
        assert self.seen(sluice, mariadb, folder) == {"same file": (3, 3), "next file": (3, 3)}

    def test_an_option_is_counted_in_whole_seconds(self, sluice, mariadb, folder):
        assert self.seen(sluice, mariadb, folder, "--lock-timeout", "1200ms") == {"same file": (2, 2), "next file": (2, 2)}

    def test_no_bound_is_a_year(self, sluice, mariadb, folder):
        year = 365 * 24 * 3600
        assert self.seen(sluice, mariadb, folder, "--lock-timeout", "0") == {"same file": (year, year), "next file": (year, year)}

    def test_a_file_has_the_last_word_to_its_end(self, sluice, mariadb, folder):
        before = "SET SESSION lock_wait_timeout = 11, SESSION innodb_lock_wait_timeout = 12;\n"
        assert self.seen(sluice, mariadb, folder, before=before) == {"same file": (11, 12), "next file": (3, 3)}


@pytest.fixture(scope="module")
def own():
    """A server of one's own, whose settings may be changed."""
    folder = pathlib.Path(tempfile.mkdtemp())
    server = Server(folder, ["--performance-schema=ON", "--performance-schema-instrument=wait/lock/metadata/sql/mdl=ON", "--innodb-rollback-on-timeout", "--server-id=7"])
    server.start()
    server.script("CREATE DATABASE shop; CREATE USER guest IDENTIFIED BY ''; GRANT ALL ON shop.* TO guest")
    yield server
    server.kill()
    shutil.rmtree(folder)


class Proxy:
    """Stands before the server and greets with a number of its own, as those do that share sessions."""

    def __init__(self, database):
        self.to = (database.host, database.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = database.url.replace(f":{database.port}/", f":{self.listener.getsockname()[1]}/")
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.to)
                greeting = bytearray(server.recv(65536))
                at = greeting.index(0, 5) + 1  # behind the version
                greeting[at : at + 4] = (0x7FFFFFF).to_bytes(4, "little")
                client.sendall(greeting)
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self.pass_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def pass_on(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)


class TestServers:
    def test_a_proxy_that_shares_sessions_is_refused(self, sluice, mariadb, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
        proxy = Proxy(mariadb)
        try:
            out = sluice.run("migrate", "--url", proxy.url, "--dir", folder)
        finally:
            proxy.listener.close()
        assert out.status == 6, out.err
        assert "a proxy that shares sessions stands in between; connect to the server itself" in out.err

    def test_a_replica_is_refused_with_the_name_of_its_source(self, sluice, own, folder):
        words = ("SOURCE", "REPLICA", "REPLICATION SOURCE", "REPLICATION CLIENT") if own.mysqld else ("MASTER", "SLAVE", "MASTER", "REPLICA MONITOR")
        source, replica, channel, right = words
        own.script(f"GRANT {right} ON *.* TO guest; CHANGE {channel} TO {source}_HOST = '127.0.0.1', {source}_PORT = 1, {source}_USER = 'nobody'; START {replica}")
        try:
            write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
            out = sluice.run("migrate", "--url", own.url("127.0.0.1", "?sslmode=disable"), "--dir", folder)
            assert out.status == 6, out.err
            assert "the server is a replica of 127.0.0.1; name the primary" in out.err
        finally:
            own.script(f"STOP {replica}; RESET {replica} ALL")

    def test_a_wait_that_ends_the_whole_transaction_is_done_again_as_a_whole(self, sluice, own, folder):
        """innodb_rollback_on_timeout."""
        own.script("DROP DATABASE shop; CREATE DATABASE shop; CREATE TABLE shop.orders (id int PRIMARY KEY, n int) ENGINE = InnoDB; INSERT INTO shop.orders VALUES (1, 1)")
        write(folder, {"V1__a.sql": "SELECT 1;\n", "V2__rows.sql": "INSERT INTO orders VALUES (2, 2);\nUPDATE orders SET n = n + 10;\n"})
        url = own.url("127.0.0.1", "?sslmode=disable")
        sluice.ok("baseline", "--url", url, "--dir", folder, "--to", "1", "--reason", "it was there")
        with own.session() as holder:
            holder.say("USE shop; START TRANSACTION; UPDATE orders SET n = 5 WHERE id = 1")
            out = sluice.run("migrate", "--url", url, "--dir", folder, *ONCE)
            assert out.status == 6, out.err
            assert "0 of 2 statements are applied" in out.err
            holder.say("COMMIT")
        sluice.ok("migrate", "--url", url, "--dir", folder)
        assert own.script("SELECT * FROM shop.orders ORDER BY id").split() == ["1", "15", "2", "12"]

    def test_who_holds_a_metadata_lock_is_named_where_the_server_shows_it(self, sluice, own, folder):
        own.script("DROP DATABASE shop; CREATE DATABASE shop; CREATE TABLE shop.orders (id int PRIMARY KEY) ENGINE = InnoDB; GRANT PROCESS ON *.* TO guest; GRANT SELECT ON performance_schema.* TO guest")
        write(folder, {"V1__a.sql": "SELECT 1;\n", "V2__b.sql": "ALTER TABLE orders ADD COLUMN paid boolean;\n"})
        url = own.url("127.0.0.1", "?sslmode=disable")
        sluice.ok("baseline", "--url", url, "--dir", folder, "--to", "1", "--reason", "it was there")
        with own.session() as holder:
            holder.say("START TRANSACTION; SELECT count(*) FROM shop.orders")
            out = sluice.run("migrate", "--url", url, "--dir", folder, *ONCE)
        assert out.status == 6, out.err
        assert f"EXCLUSIVE metadata lock on orders, held by process {holder.id} (root, " in out.err
        assert "SHARED_READ metadata lock" in out.err
        assert "perhaps" not in out.err

    def bound(self, sluice, own, folder, *arguments):
        own.script("DROP DATABASE shop; CREATE DATABASE shop; CREATE TABLE shop.seen (a int, b int)")
        write(folder, {"V1__a.sql": "SELECT 1;\n", "V2__b.sql": "INSERT INTO seen SELECT @@SESSION.lock_wait_timeout, @@SESSION.innodb_lock_wait_timeout;\n"})
        url = own.url("127.0.0.1", "?sslmode=disable")
        sluice.ok("baseline", "--url", url, "--dir", folder, "--to", "1", "--reason", "it was there")
        sluice.ok("migrate", "--url", url, "--dir", folder, *arguments)
        return own.script("SELECT * FROM shop.seen").split()

    def test_a_bound_of_the_server_stays_unless_an_option_says_otherwise(self, sluice, own, folder):
        own.script("SET GLOBAL lock_wait_timeout = 7, GLOBAL innodb_lock_wait_timeout = 8")
        try:
            assert self.bound(sluice, own, folder) == ["7", "8"]
            assert self.bound(sluice, own, folder, "--lock-timeout", "1s") == ["1", "1"]
        finally:
            own.script("SET GLOBAL lock_wait_timeout = DEFAULT, GLOBAL innodb_lock_wait_timeout = DEFAULT")


STRUCTURE = "CREATE TABLE t (id int PRIMARY KEY, a int) ENGINE = InnoDB; CREATE TABLE u (id int PRIMARY KEY, a int) ENGINE = InnoDB; CREATE TABLE v (id int) ENGINE = InnoDB; INSERT INTO t VALUES (1, 1), (2, 2); INSERT INTO u VALUES (1, 1); CREATE VIEW seen AS SELECT id FROM t;"
MADE = [
    ("ALTER TABLE t ADD COLUMN x int", {"t"}),
    ("ALTER TABLE t ADD COLUMN x int, ALGORITHM = INSTANT", {"t"}),
    ("ALTER TABLE t ADD KEY (a), ALGORITHM = INPLACE, LOCK = NONE", {"t"}),
    ("ALTER TABLE `t` COMMENT 'x'", {"t"}),
    ("ALTER TABLE t RENAME TO t2", {"t"}),
    ("CREATE INDEX i ON t (a)", {"t"}),
    ("DROP INDEX u_a ON u", {"u"}),
    ("CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1", {"t"}),
    ("TRUNCATE t", {"t"}),
    ("TRUNCATE TABLE u", {"u"}),
    ("DROP TABLE IF EXISTS t, u", {"t", "u"}),
    ("RENAME TABLE t TO x, u TO t", {"t", "u"}),
    ("OPTIMIZE TABLE t, u", {"t", "u"}),
    ("INSERT INTO t (id) VALUES (9)", set()),
    ("INSERT INTO t (id) SELECT id + 20 FROM u", set()),
    ("REPLACE t VALUES (1, 2)", set()),
    ("UPDATE t SET a = 3 WHERE id = 2", set()),
    ("UPDATE t JOIN u ON u.id = t.id SET t.a = 2", set()),
    ("DELETE FROM u", set()),
    ("CREATE TABLE n (a int)", set()),
]


class TestPrediction:
    @pytest.fixture
    def tables(self, sluice, mariadb, folder):
        mariadb.script(STRUCTURE + "CREATE INDEX u_a ON u (a)")
        write(folder, {"V1__made_before.sql": "SELECT 1;\n"})
        sluice.ok("baseline", "--url", mariadb.url, "--dir", folder, "--to", "1", "--reason", "it was there")
        return mariadb

    def waits_for_a_reader(self, database, statement, table):
        """On the live server; the statement is rolled back or undone with the database."""
        with holding(database, f"SELECT count(*) FROM {table}"):
            command = [*database.client(), "-e", f"SET SESSION lock_wait_timeout = 1; {statement}"]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0 or "Lock wait timeout" in result.stderr, result.stderr
        return result.returncode != 0 or "Lock wait timeout" in result.stdout

    @pytest.mark.parametrize("statement, alone", MADE, ids=[statement[:40] for statement, _ in MADE])
    def test_what_is_told_is_what_the_server_does(self, sluice, tables, folder, statement, alone):
        write(folder, {"V2__one.sql": f"{statement};\n"})
        out = migrate(sluice, tables, folder, "--dry-run", "--output", "json")
        assert out.status == 0, out.err
        (segment,) = [segment for m in json.loads(out.out)["targets"][0]["migrations"] for segment in m.get("segments", ())]
        told = {lock["table"]: lock["mode"] for lock in segment["locks"]}
        assert {table for table, mode in told.items() if mode == "EXCLUSIVE METADATA"} == alone
        assert set(told.values()) <= {"EXCLUSIVE METADATA", "ROWS"}
        assert segment["may_lock_more"]
        for table in ("t", "u", "v"):
            if table in alone or not alone:
                assert self.waits_for_a_reader(tables, statement, table) == (table in alone), table
                tables.script("DROP VIEW seen; DROP TABLE IF EXISTS t, t2, u, v, x, n;" + STRUCTURE + "CREATE INDEX u_a ON u (a)")

    def test_rows_are_told_of_the_table_that_is_written(self, sluice, tables, folder):
        write(folder, {"V2__rows.sql": "SET @a = 1;\nINSERT INTO t (id) SELECT id + 20 FROM u;\nDELETE t FROM t JOIN u ON u.id = t.id;\nUPDATE other.w SET a = 1;\n"})
        out = migrate(sluice, tables, folder, "--dry-run", "--output", "json")
        segments = json.loads(out.out)["targets"][0]["migrations"][-1]["segments"]
        assert [[(lock["table"], lock["mode"], lock["line"]) for lock in segment["locks"]] for segment in segments] == [[], [("t", "ROWS", 2), ("other.w", "ROWS", 4)]]
        assert [segment["may_lock_more"] for segment in segments] == [False, True]
