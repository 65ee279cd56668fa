"""What `sluice migrate` does where others hold locks, where statements take long, and on servers that it cannot
work on: poolers that share sessions, standbys, read-only ones."""

import contextlib
import json
import os
import pwd
import shutil
import sqlite3
import subprocess

import psycopg2
import pytest
from harness.cluster import Cluster, account, make_folder
from harness.files import write
from harness.port import free_port
from harness.postgres import Postgres
from harness.wait import wait_until


@contextlib.contextmanager
def holding(pg, sql, application="billing"):
    """Somebody's open transaction."""
    connection = psycopg2.connect(host=pg.host, port=pg.port, user=pg.user, dbname=pg.name, application_name=application)
    connection.cursor().execute(sql)
    try:
        yield connection
    finally:
        connection.close()


def start(sluice, *arguments):
    return subprocess.Popen([sluice.path, "migrate", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class TestWaiting:
    @pytest.fixture
    def orders(self, pg):
        pg.execute("CREATE TABLE orders (id int PRIMARY KEY, mail text); INSERT INTO orders VALUES (1, 'ana@example.com')")
        return pg

    @pytest.fixture
    def ready(self, sluice, orders, folder):
        write(folder, {"V1__made_before.sql": "SELECT 1;\n"})
        sluice.ok("baseline", "--url", orders.url, "--dir", folder, "--to", "1", "--reason", "it was there")
        return orders

    def test_who_holds_the_lock_is_named_without_a_value_of_theirs(self, sluice, ready, folder):
        write(folder, {"V2__column.sql": "CREATE TABLE t (a int);\nALTER TABLE orders ADD COLUMN paid boolean;\n"})
        with holding(ready, "UPDATE orders SET mail = 'secret@example.com' WHERE id = 1") as holder:
            out = sluice.run("migrate", "--url", ready.url, "--dir", folder, "--lock-timeout", "2s", "--lock-tries", "1")
            pid = holder.get_backend_pid()
        assert out.status == 6, out.err
        assert out.err.count("\n") == 1
        assert "V2__column.sql:2: " in out.err
        assert f"AccessExclusiveLock on orders, held by process {pid} ({ready.user}, billing, from 127.0.0.1, idle in transaction for " in out.err
        assert "update orders" in out.err
        assert "RowExclusiveLock" in out.err
        assert "0 of 2 statements are applied" in out.err
        assert "secret" not in out.err
        assert ready.value("SELECT to_regclass('t')") is None

    @pytest.mark.parametrize("words", [("--dry-run",), ()])
    @pytest.mark.parametrize("files", [{}, {"V2__t.sql": "CREATE TABLE t (a int);\n"}], ids=["nothing", "pending"])
    def test_who_locks_the_ledger_is_not_waited_for_longer_than_that(self, sluice, ready, folder, files, words):
        write(folder, files)
        with holding(ready, "LOCK TABLE sluice.migration") as holder:
            out = sluice.run("migrate", "--url", ready.url, "--dir", folder, "--lock-timeout", "500ms", "--lock-wait", "1s", *words, timeout=30)
            pid = holder.get_backend_pid()
        assert out.status == 6, out.err
        assert f"AccessShareLock on sluice.migration, held by process {pid} ({ready.user}, billing, " in out.err
        assert sluice.run("migrate", "--url", ready.url, "--dir", folder, *words).status == 0

    def test_json_lists_them(self, sluice, ready, folder):
        write(folder, {"V2__column.sql": "ALTER TABLE orders ADD COLUMN paid boolean;\n"})
        with holding(ready, "SELECT * FROM orders") as holder:
            out = sluice.run("migrate", "--url", ready.url, "--dir", folder, "--lock-timeout", "2s", "--lock-tries", "1", "--output", "json")
            pid = holder.get_backend_pid()
        (blocker,) = json.loads(out.out)["targets"][0]["blockers"]
        assert (blocker["session"], blocker["application"], blocker["what"]) == (str(pid), "billing", "select orders")
        assert (blocker["wants"], blocker["holds"], blocker["object"]) == ("AccessExclusiveLock", "AccessShareLock", "orders")
        assert blocker["held_us"] > 0

    def test_only_the_step_that_did_not_get_its_lock_is_tried_again(self, sluice, ready, folder):
        write(folder, {
            "V2__before.sql": "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n",
            "V3__parts.sql": "CREATE TYPE mood AS ENUM ('ok');\nINSERT INTO t VALUES (2);\nALTER TYPE mood ADD VALUE 'sad';\nINSERT INTO t VALUES (3);\nALTER TABLE orders ADD COLUMN paid boolean;\n",
            "V4__after.sql": "INSERT INTO t VALUES (4);\n",
        })
        with holding(ready, "SELECT * FROM orders") as holder:
            process = start(sluice, "--url", ready.url, "--dir", folder, "--lock-timeout", "300ms")
            began = ready.value("SELECT epoch FROM sluice.fence")
            wait_until(lambda: ready.value("SELECT epoch FROM sluice.fence") >= began + 3, what="the third attempt")
            assert ready.value("SELECT done FROM sluice.migration WHERE version = '3'") == 3
            holder.rollback()
            _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert ready.rows("SELECT a FROM t ORDER BY a") == [(1,), (2,), (3,), (4,)]

    def test_an_index_built_concurrently_waits_as_long_as_it_takes(self, sluice, ready, folder):
        write(folder, {"V2__index.sql": "CREATE INDEX CONCURRENTLY orders_mail ON orders (mail);\n"})
        with holding(ready, "UPDATE orders SET mail = 'x'") as holder:
            process = start(sluice, "--url", ready.url, "--dir", folder, "--lock-timeout", "200ms", "--statement-timeout", "400ms")
            waits = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock' AND query_start < now() - interval '1 second' AND datname = current_database()"
            wait_until(lambda: ready.value(waits) == 1, what="an index that has waited for a second")
            holder.rollback()
            _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert ready.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_mail'::regclass")

    def test_one_whose_file_says_how_long_leaves_no_ruin(self, sluice, ready, folder):
        write(folder, {"V2__index.sql": "SET lock_timeout = '200ms';\nCREATE INDEX CONCURRENTLY orders_mail ON orders (mail);\n"})
        with holding(ready, "UPDATE orders SET mail = 'x'"):
            out = sluice.run("migrate", "--url", ready.url, "--dir", folder, "--lock-wait", "0")
        assert out.status in (6, 9), out.err
        sluice.ok("migrate", "--url", ready.url, "--dir", folder)
        assert ready.rows("SELECT indisvalid FROM pg_index WHERE indrelid = 'orders'::regclass AND NOT indisprimary") == [(True,)]

    def test_a_statement_that_runs_too_long_fails_and_leaves_nothing(self, sluice, pg, folder):
        write(folder, {"V1__slow.sql": "CREATE TABLE t (a int);\nSELECT pg_sleep(60);\n"})
        out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--statement-timeout", "200ms")
        assert out.status == 8
        assert "V1__slow.sql:2: canceling statement due to statement timeout" in out.err
        assert "--statement-timeout" in out.err
        assert pg.value("SELECT to_regclass('t')") is None

    def test_a_deadlock_is_tried_again(self, sluice, ready, folder):
        ready.execute("CREATE TABLE public.lines (id int); INSERT INTO public.lines VALUES (1)")
        write(folder, {"V2__both.sql": "UPDATE orders SET mail = 'y';\nUPDATE lines SET id = 2;\n"})
        with holding(ready, "SET deadlock_timeout = '60s'; UPDATE public.lines SET id = 3") as holder:
            process = start(sluice, "--url", ready.url, "--dir", folder, "--lock-timeout", "0")
            wait_until(lambda: ready.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"), what="the wait")
            holder.cursor().execute("UPDATE orders SET mail = 'z'")
            holder.commit()
            _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert ready.value("SELECT mail FROM orders") == "y"


SEEN = "INSERT INTO seen VALUES ('{name}', current_setting('lock_timeout'), current_setting('statement_timeout'));\n"


class TestWhoseBound:
    def seen(self, sluice, url, pg, folder, *arguments):
        write(folder, {"V1__a.sql": "CREATE TABLE seen (name text, lock text, statement text);\n" + SEEN.format(name="default")})
        sluice.ok("migrate", "--url", url, "--dir", folder, *arguments)
        return {name: (lock, statement) for name, lock, statement in pg.rows("SELECT * FROM seen")}

    def test_ours_where_nobody_says_anything(self, sluice, pg, folder):
        assert self.seen(sluice, pg.url, pg, folder) == {"default": ("3s", "1h")}

    def test_the_options(self, sluice, pg, folder):
        assert self.seen(sluice, pg.url, pg, folder, "--lock-timeout", "0", "--statement-timeout", "90s") == {"default": ("0", "90s")}

    def test_a_bound_of_the_login_stays_unless_an_option_says_otherwise(self, sluice, pg, folder):
        role = f"r_{pg.name}"
        pg.execute(f"CREATE ROLE {role} LOGIN SUPERUSER; ALTER ROLE {role} SET lock_timeout = '7s'")
        try:
            assert self.seen(sluice, pg.url.replace(f"{pg.user}@", f"{role}@"), pg, folder) == {"default": ("7s", "1h")}
            write(folder, {"V2__b.sql": SEEN.format(name="option")})
            sluice.ok("migrate", "--url", pg.url.replace(f"{pg.user}@", f"{role}@"), "--dir", folder, "--lock-timeout", "1s")
            assert pg.rows("SELECT lock FROM seen WHERE name = 'option'") == [("1s",)]
        finally:
            pg.execute(f"REASSIGN OWNED BY {role} TO {pg.user}; DROP OWNED BY {role}; DROP ROLE {role}")

    def test_a_file_has_the_last_word_to_its_end(self, sluice, pg, folder):
        write(folder, {
            "V2__own.sql": "SET lock_timeout = '11s';\nCREATE TYPE mood AS ENUM ('ok');\nALTER TYPE mood ADD VALUE 'sad';\n" + SEEN.format(name="later segment") + "VACUUM seen;\n" + SEEN.format(name="behind one alone"),
            "V3__local.sql": "SET LOCAL statement_timeout = '13s';\n" + SEEN.format(name="local"),
            "V4__next.sql": SEEN.format(name="next file"),
        })
        assert self.seen(sluice, pg.url, pg, folder) == {
            "default": ("3s", "1h"),
            "later segment": ("11s", "1h"),
            "behind one alone": ("11s", "1h"),
            "local": ("3s", "13s"),
            "next file": ("3s", "1h"),
        }

    @pytest.mark.parametrize("option", ["--lock-timeout", "--statement-timeout", "--lock-wait"])
    def test_what_is_no_duration_is_status_2(self, sluice, pg, folder, option):
        write(folder, {"V1__a.sql": "SELECT 1;\n"})
        out = sluice.run("migrate", "--url", pg.url, "--dir", folder, option, "soon")
        assert out.status == 2
        assert f"{option}: 'soon' is no duration" in out.err


class TestSqlite:
    @pytest.mark.parametrize("mode", ["delete", "wal"])
    def test_the_process_that_writes_is_named(self, sluice, folder, mode):
        writer = sqlite3.connect("dev.db", isolation_level=None)
        writer.execute(f"PRAGMA journal_mode = {mode}")
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        write(folder, {"V2__b.sql": "INSERT INTO t VALUES (1);\n"})
        writer.execute("BEGIN IMMEDIATE")
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--lock-timeout", "200ms", "--lock-wait", "0")
        assert out.status == 6, out.err
        assert "database is locked" in out.err
        assert f"process {os.getpid()} ({pwd.getpwuid(os.getuid()).pw_name}, " in out.err
        writer.execute("COMMIT")
        writer.close()
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)


class Pooler:
    """PgBouncer in front of the test server."""

    def __init__(self, mode, pg):
        self.folder = make_folder()
        self.port = free_port()
        (self.folder / "users.txt").write_text(f'"{pg.user}" ""\n')
        (self.folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={pg.host} port={pg.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\n"
            f"unix_socket_dir =\nauth_type = trust\nauth_file = {self.folder}/users.txt\npool_mode = {mode}\n"
            f"logfile = {self.folder}/log\n"
        )
        self.process = subprocess.Popen(
            [*account(), shutil.which("pgbouncer", path="/usr/sbin:/usr/bin"), "-q", self.folder / "pgbouncer.ini"],
            cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.url = f"postgres://{pg.user}@127.0.0.1:{self.port}/{pg.name}"
        wait_until(lambda: self.answers(pg), what="the pooler")

    def answers(self, pg):
        with contextlib.suppress(psycopg2.OperationalError):
            psycopg2.connect(host="127.0.0.1", port=self.port, user=pg.user, dbname=pg.name).close()
            return True
        return False

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class TestServers:
    @pytest.fixture
    def pooler(self, request, pg):
        pooler = Pooler(request.param, pg)
        yield pooler
        pooler.close()

    @pytest.mark.parametrize("pooler", ["transaction"], indirect=True)
    def test_a_pooler_that_shares_sessions_is_refused_and_keeps_no_setting_of_ours(self, sluice, pooler, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
        for command in (("migrate", "--dir", folder), ("snapshot",)):
            out = sluice.run(*command, "--url", pooler.url)
            assert out.status == 6, (command, out.err)
            assert "pooler" in out.err
            assert "session mode" in out.err
        assert pg.value("SELECT to_regclass('t')") is None
        connection = psycopg2.connect(host="127.0.0.1", port=pooler.port, user=pg.user, dbname=pg.name)
        cursor = connection.cursor()
        for name, value in (("default_transaction_read_only", "off"), ("lock_timeout", "0"), ("client_connection_check_interval", "0")):
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == (value,)
        connection.close()

    @pytest.mark.parametrize("pooler", ["session"], indirect=True)
    def test_a_pooler_that_keeps_sessions_apart_is_good_enough(self, sluice, pooler, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n", "V2__b.sql": "CREATE INDEX CONCURRENTLY t_a ON t (a);\n"})
        sluice.ok("migrate", "--url", pooler.url, "--dir", folder)
        assert "nothing to do" in sluice.ok("migrate", "--url", pooler.url, "--dir", folder)
        assert pg.value("SELECT count(*) FROM t") == 1

    def test_a_standby_is_refused_and_can_be_read(self, sluice, folder):
        primary = Cluster.make()
        try:
            primary.ask("CREATE TABLE t (a int)")
            standby = primary.standby()
            try:
                write(folder, {"V1__a.sql": "CREATE TABLE u (a int);\n"})
                out = sluice.run("migrate", "--url", standby.url("postgres"), "--dir", folder)
                assert out.status == 6, out.err
                assert "the server is a standby; name the primary" in out.err
                wait_until(lambda: "create table public.t" in sluice.run("snapshot", "--url", standby.url("postgres")).out, what="the copied table")
            finally:
                standby.remove()
        finally:
            primary.remove()

    def test_a_database_that_only_reads_is_refused(self, sluice, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
        Postgres("postgres").execute(f"ALTER DATABASE {pg.name} SET default_transaction_read_only = on")
        out = sluice.run("migrate", "--url", pg.url, "--dir", folder)
        assert out.status == 6
        assert "read only (default_transaction_read_only)" in out.err


class TestScopesSideBySide:
    """Two scopes of one ledger whose transactions are open at the same moment."""

    OTHERS_ROW = (
        "INSERT INTO sluice.migration (scope, kind, version, seq, name, path, sha256, tokens_sha256, state, done, total, run, actor, reason, at)"
        " SELECT 'other', 'version', '1', max(seq) + 1, '', 'V1.sql', '', '', 'applied', 1, 1, '', '', '', now() FROM sluice.migration"
    )

    @pytest.fixture
    def ready(self, sluice, pg, folder):
        write(folder, {"V1__one.sql": "CREATE TABLE one (id int PRIMARY KEY);\n"})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
        return pg

    def test_neither_fails_nor_waits_for_the_other(self, sluice, ready, folder):
        write(folder, {"V2__two.sql": "CREATE TABLE two (id int PRIMARY KEY);\n"})
        with holding(ready, self.OTHERS_ROW) as other:
            sluice.ok("migrate", "--url", ready.url, "--dir", folder, "--lock-wait", "0s")
            other.commit()
        assert ready.rows("SELECT scope, version FROM sluice.migration ORDER BY seq, scope") == [("default", "1"), ("default", "2"), ("other", "1")]

    def test_a_ledger_that_still_numbers_all_scopes_in_one_row_is_mended_by_the_next_run(self, sluice, ready, folder):
        ready.execute("ALTER TABLE sluice.migration ADD CONSTRAINT migration_seq_key UNIQUE (seq)")
        write(folder, {"V2__two.sql": "CREATE TABLE two (id int PRIMARY KEY);\n"})
        sluice.ok("migrate", "--url", ready.url, "--dir", folder)
        write(folder, {"V3__three.sql": "CREATE TABLE three (id int PRIMARY KEY);\n"})
        with holding(ready, self.OTHERS_ROW) as other:
            sluice.ok("migrate", "--url", ready.url, "--dir", folder, "--lock-wait", "0s")
            other.commit()
