"""Snapshots and differences of MariaDB: what the server prints of a schema is kept whole, and made again by the
snapshot's text; and connections with TLS, to servers that stop, and without a login."""

import json
import os
import pathlib
import signal
import subprocess
import uuid

import pytest
from harness.mariadb import MariaDB, Server
from harness.wait import wait_until

MYSQL = "SLUICE_TEST_MYSQLD" in os.environ  # in MariaDB's place
EVERY = (pathlib.Path(__file__).resolve().parents[2] / "testdata/schema" / ("mysql" if MYSQL else "mariadb") / "every.sql").read_text()


@pytest.fixture
def other():
    database = MariaDB.create()
    yield database
    database.drop()


def snapshot(sluice, url):
    return json.loads(sluice.ok("snapshot", "--url", url, "--format", "json"))


class TestSnapshot:
    def test_the_snapshot_as_sql_makes_the_same_schema_again(self, sluice, tmp_workspace, mariadb, other):
        mariadb.script(EVERY)
        text = sluice.ok("snapshot", "--url", mariadb.url)
        assert "-- incomplete" not in text
        other.script(text)
        out = sluice.run("diff", mariadb.url, other.url)
        assert (out.status, out.out, out.err) == (0, "", "")
        assert snapshot(sluice, mariadb.url)["hash"] == snapshot(sluice, other.url)["hash"]
        assert sluice.ok("snapshot", "--url", other.url) == text

    def test_a_dump_of_another_tool_makes_it_again_too(self, sluice, tmp_workspace, mariadb, other):
        """mysqldump, which writes the sequence of a default with the database that it comes from."""
        mariadb.script(EVERY)
        command = ["mysqldump", "--no-defaults", "-S", mariadb.socket, "-u", mariadb.user, "--no-data", "--routines", "--events", mariadb.name]
        other.script(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        changed = sluice.run("diff", mariadb.url, other.url, "--format", "json").json()["differences"]
        assert [(each["name"], each["part_name"]) for each in changed] == ([] if MYSQL else [("child", "id")]), changed

    def test_rows_and_counters_do_not_change_it(self, sluice, tmp_workspace, mariadb):
        mariadb.script(EVERY)
        before = snapshot(sluice, mariadb.url)["hash"]
        mariadb.script(f"SET foreign_key_checks = 0; INSERT INTO parent (`select`) VALUES ('a'), ('b'); SELECT {'1' if MYSQL else 'nextval(numbers)'};"
                       "INSERT INTO auto_in_a_key (a) VALUES (1), (2); ANALYZE TABLE parent; ALTER TABLE auto_in_a_key AUTO_INCREMENT = 900")
        assert snapshot(sluice, mariadb.url)["hash"] == before

    def test_the_ledger_and_history_tables_are_left_out(self, sluice, tmp_workspace, mariadb):
        before = snapshot(sluice, mariadb.url)["hash"]
        mariadb.script("CREATE TABLE _sluice_run (a int); CREATE TABLE flyway_schema_history (a int); CREATE TABLE schema_migrations (a int)")
        assert snapshot(sluice, mariadb.url)["hash"] == before

    def test_what_is_not_kept_is_named(self, sluice, tmp_workspace, mariadb):
        mariadb.script(f"CREATE PROCEDURE p() SELECT 1; ALTER DATABASE {mariadb.name} COLLATE latin1_bin;"
                       "SET NAMES latin1; CREATE VIEW v AS SELECT _utf8mb4 x'c3a4' AS x, 'ä' AS y")
        assert snapshot(sluice, mariadb.url)["incomplete"] == [
            "character set of view v (latin1)",
            f"database collation of procedure p ({'utf8mb4_0900_ai_ci' if MYSQL else 'utf8mb4_general_ci'})",
        ]
        out = sluice.run("diff", mariadb.url, mariadb.url)
        assert out.status == 0
        assert "not every kind of object can be compared" in out.err


CHANGES = [
    ("CREATE TABLE added (a int)", ("added", "table", "added", "", "")),
    ("DROP TABLE aria", ("removed", "table", "aria", "", "")),
    ("ALTER TABLE parent MODIFY `select` varchar(30) NOT NULL DEFAULT ''", ("changed", "table", "parent", "column", "select")),
    ("ALTER TABLE parent ADD added int FIRST", ("added", "table", "parent", "column", "added")),
    ("ALTER TABLE child DROP FOREIGN KEY child_other", ("removed", "table", "child", "constraint", "child_other")),
    ("ALTER TABLE child DROP CONSTRAINT `odd ``name`", ("removed", "table", "child", "constraint", "odd `name")),
    ("ALTER TABLE columns_of_all_kinds ALTER KEY prefix IGNORED", ("changed", "table", "columns_of_all_kinds", "index", "prefix")),
    ("ALTER TABLE by_hash COALESCE PARTITION 1", ("changed", "table", "by_hash", "property", "partition_by")),
    ("ALTER TABLE aria COMMENT='new'", ("changed", "table", "aria", "property", "comment")),
    ("ALTER TABLE periods DROP KEY one, DROP PERIOD FOR valid", ("changed", "table", "periods", "property", "clauses")),
    ("CREATE OR REPLACE VIEW a_second AS SELECT 1 AS x", ("changed", "view", "a_second", "property", "definition")),
    ("ALTER SEQUENCE plain CACHE 7", ("changed", "sequence", "plain", "property", "cache")),
    ("CREATE OR REPLACE TRIGGER a_other AFTER DELETE ON child FOR EACH ROW SET @c = 1", ("changed", "trigger", "a_other", "property", "definition")),
    ("ALTER PROCEDURE both_kinds SQL SECURITY INVOKER", ("changed", "routine", "both_kinds", "property", "definition")),
    ("ALTER EVENT nightly COMMENT 'f'", ("changed", "plain", "nightly", "property", "definition")),
    ("SET sql_mode = ''; CREATE OR REPLACE FUNCTION both_kinds(a int) RETURNS varchar(20) DETERMINISTIC RETURN 'ä'", ("changed", "routine", "both_kinds", "property", "session")),
]
CHANGES_MYSQL = [
    *(change for change in CHANGES if change[1][2] in ("added", "parent", "child", "by_hash", "a_second", "nightly") or "ALTER PROCEDURE" in change[0]),
    ("DROP TABLE plain_old", ("removed", "table", "plain_old", "", "")),
    ("ALTER TABLE child ALTER CHECK asleep ENFORCED", ("changed", "table", "child", "constraint", "asleep")),
    ("ALTER TABLE columns_of_all_kinds ALTER INDEX prefix INVISIBLE", ("changed", "table", "columns_of_all_kinds", "index", "prefix")),
    ("ALTER TABLE columns_of_all_kinds DROP KEY by_expression, ADD KEY by_expression ((a + s))", ("changed", "table", "columns_of_all_kinds", "index", "by_expression")),
    ("ALTER TABLE columns_of_all_kinds ALTER COLUMN n SET VISIBLE", ("changed", "table", "columns_of_all_kinds", "column", "n")),
    ("ALTER TABLE columns_of_all_kinds ALTER COLUMN m SET DEFAULT (json_array())", ("changed", "table", "columns_of_all_kinds", "column", "m")),
    ("ALTER TABLE with_hidden_key ADD COLUMN b int, ALGORITHM = INSTANT", ("added", "table", "with_hidden_key", "column", "b")),
    ("ALTER TABLE with_hidden_key COLLATE utf8mb4_bin", ("changed", "table", "with_hidden_key", "property", "extra")),
    ("DROP TRIGGER a_other; CREATE TRIGGER a_other AFTER DELETE ON child FOR EACH ROW SET @c = 1", ("changed", "trigger", "a_other", "property", "definition")),
    ("SET sql_mode = ''; DROP FUNCTION both_kinds; CREATE FUNCTION both_kinds(a int) RETURNS varchar(20) DETERMINISTIC RETURN 'ä'", ("changed", "routine", "both_kinds", "property", "session")),
]
CHANGES_HERE = CHANGES_MYSQL if MYSQL else CHANGES


class TestDifference:
    @pytest.mark.parametrize("change, expected", CHANGES_HERE, ids=[change[:40] for change, _ in CHANGES_HERE])
    def test_each_kind_of_change_is_shown(self, sluice, tmp_workspace, mariadb, change, expected):
        mariadb.script(EVERY)
        before = pathlib.Path("before.json")
        before.write_text(sluice.ok("snapshot", "--url", mariadb.url, "--format", "json"))
        mariadb.script(change)
        out = sluice.run("diff", before, mariadb.url, "--format", "json")
        assert out.status == 1
        rows = [(each["change"], each.get("kind"), each.get("name"), each.get("part", ""), each.get("part_name", "")) for each in out.json()["differences"]]
        assert expected in rows, rows

    def test_a_draft_leads_from_one_to_the_other(self, sluice, tmp_workspace, mariadb, other):
        mariadb.script("CREATE TABLE t (a int PRIMARY KEY, b int); CREATE TABLE gone (a int)")
        other.script("CREATE TABLE t (a int PRIMARY KEY, b int, `key` varchar(9) NOT NULL DEFAULT 'x', KEY kb (b));"
                     "CREATE TABLE n (a int AUTO_INCREMENT, KEY (a), b int, CONSTRAINT fk FOREIGN KEY (b) REFERENCES t (a)) COMMENT='c;'")
        mariadb.script(sluice.run("diff", mariadb.url, other.url, "--format", "migration").out)
        out = sluice.run("diff", mariadb.url, other.url)
        assert (out.status, out.out) == (0, "")


class TestLogin:
    @pytest.fixture
    def login(self, mariadb):
        name = f"u_{uuid.uuid4().hex[:8]}"
        mariadb.script(f"CREATE USER {name}")
        yield name
        mariadb.script(f"DROP USER {name}")

    def test_one_that_does_not_see_everything_is_told_what_it_lacks(self, sluice, tmp_workspace, mariadb, login):
        mariadb.script(EVERY)
        mariadb.script(f"GRANT SELECT ON {mariadb.name}.* TO {login}")
        out = sluice.run("snapshot", "--url", mariadb.url_of(login))
        assert out.status == 4
        assert f"GRANT SHOW VIEW, TRIGGER, EVENT, EXECUTE ON `{mariadb.name}`.* TO it" in out.err

    def test_one_that_does_sees_the_same(self, sluice, tmp_workspace, mariadb, login):
        mariadb.script(EVERY)
        pattern = mariadb.name.replace("_", "\\\\_").replace("\\\\", "\\")
        mariadb.script(f"GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON `{pattern}`.* TO {login}")
        assert "its text is not shown to this login" in sluice.ok("snapshot", "--url", mariadb.url_of(login))
        mariadb.script(f"GRANT {'SHOW_ROUTINE ON *.*' if MYSQL else 'SELECT ON mysql.proc'} TO {login}")
        assert snapshot(sluice, mariadb.url_of(login))["hash"] == snapshot(sluice, mariadb.url)["hash"]

    def test_rights_of_a_role_count(self, sluice, tmp_workspace, mariadb, login):
        mariadb.script(f"CREATE ROLE r{login}; GRANT ALL ON {mariadb.name}.* TO r{login}; GRANT r{login} TO {login};"
                       f"SET DEFAULT ROLE r{login} {'TO' if MYSQL else 'FOR'} {login}; CREATE TABLE t (a int)")
        try:
            assert "create table `t`" in sluice.ok("snapshot", "--url", mariadb.url_of(login))
        finally:
            mariadb.script(f"DROP ROLE r{login}")

    def test_the_password_comes_from_a_secret(self, sluice, tmp_workspace, mariadb, login):
        mariadb.script(f"ALTER USER {login} IDENTIFIED BY 's;e''cret'; GRANT ALL ON {mariadb.name}.* TO {login}")
        arguments = ("snapshot", "--url", mariadb.url_of(login))
        out = sluice.run(*arguments)
        assert out.status == 4
        assert "Access denied" in out.err
        assert sluice.run(*arguments, "--password", "env:SECRET", env={"SECRET": "s;e'cret"}).status == 0

    def test_a_password_is_taken_on_every_way_to_the_server(self, sluice, tmp_workspace, mariadb, login):
        mariadb.script(f"ALTER USER {login} IDENTIFIED BY 's;e''cret'; GRANT ALL ON {mariadb.name}.* TO {login}")
        loopback, socket = mariadb.url_of(login), f"mysql://{login}@/{mariadb.name}?host={mariadb.socket}"
        for url in (loopback, f"{loopback}?sslmode=disable", socket, *([f"{loopback}?sslmode=require"] if MYSQL else [])):
            mariadb.script("FLUSH PRIVILEGES")  # MySQL forgets that it has seen the password
            out = sluice.run("snapshot", "--url", url, "--password", "env:SECRET", env={"SECRET": "s;e'cret"})
            assert out.status == 0, (url, out.err)

    def test_the_password_comes_from_the_clients_own_file(self, sluice, tmp_workspace, mariadb, login):
        mariadb.script(f"ALTER USER {login} IDENTIFIED BY 'a b#c'; GRANT ALL ON {mariadb.name}.* TO {login}")
        file = pathlib.Path.home() / ".my.cnf"
        file.write_text("# mine\n[mysqld]\npassword=other\n[client]\nssl-verify-server-cert\npassword = \"a b#c\"\n")
        arguments = ("snapshot", "--url", mariadb.url_of(login))
        assert sluice.run(*arguments).status == 0
        file.chmod(0o666)
        assert sluice.run(*arguments).status != 0

    def test_a_database_that_is_not_there_is_unreachable(self, sluice, tmp_workspace, mariadb):
        out = sluice.run("snapshot", "--url", mariadb.url.replace(mariadb.name, "no_such"))
        assert out.status == 3
        assert "Unknown database" in out.err


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("mariadb"))
    server.start()
    server.script("CREATE USER guest@'%' REQUIRE SSL; CREATE DATABASE shop; GRANT ALL ON shop.* TO guest@'%'; CREATE TABLE shop.t (a int)")
    yield server
    server.kill()


class TestTls:
    def test_a_certificate_that_is_known_and_names_the_host_is_taken(self, sluice, tmp_workspace, server):
        url = server.url("localhost", f"?sslmode=verify-full&sslrootcert={server.folder}/server.pem")
        assert "create table `t`" in sluice.ok("snapshot", "--url", url)

    def test_one_of_another_name_is_refused(self, sluice, tmp_workspace, server):
        url = server.url("127.0.0.1", f"?sslmode=verify-full&sslrootcert={server.folder}/server.pem")
        out = sluice.run("snapshot", "--url", url)
        assert out.status == 3
        assert "certificate" in out.err

    def test_one_that_nobody_vouches_for_is_refused(self, sluice, tmp_workspace, server):
        for more in ("", f"&sslrootcert={server.folder}/stranger.pem"):
            out = sluice.run("snapshot", "--url", server.url("localhost", f"?sslmode=verify-full{more}"))
            assert out.status == 3
            assert "certificate" in out.err

    def test_encryption_alone_is_taken_where_the_url_says_so(self, sluice, tmp_workspace, server):
        assert sluice.run("snapshot", "--url", server.url("127.0.0.1", "?sslmode=require")).status == 0
        assert sluice.run("snapshot", "--url", server.url("127.0.0.1", "?sslmode=disable")).status == 4

    def test_a_server_without_it_is_refused_where_it_is_asked_for(self, sluice, tmp_workspace, mariadb):
        for mode in ("verify-full",) if MYSQL else ("require", "verify-full"):  # MySQL makes itself a certificate
            out = sluice.run("snapshot", "--url", f"{mariadb.url}?sslmode={mode}")
            assert out.status == 3
            assert "TLS" in out.err


class TestServerThatStops:
    def test_one_that_is_stopped_is_given_up_and_one_that_came_back_is_read(self, sluice, tmp_workspace, server):
        url = server.url("127.0.0.1", "?sslmode=require")
        server.signal(signal.SIGSTOP)
        out = sluice.run("snapshot", "--url", url)
        assert out.status == 3
        assert "in time" in out.err
        server.kill()
        out = sluice.run("snapshot", "--url", url)
        assert out.status == 3
        server.start()
        assert "create table `t`" in sluice.ok("snapshot", "--url", url)


# What servers were seen to have set for all their sessions.
SETTINGS = ["autocommit = 0", "sql_select_limit = 1", "sql_select_limit = 0", "sql_safe_updates = 1", "max_join_size = 1", "innodb_default_row_format = compact", "group_concat_max_len = 4"]


class TestSettings:
    """On a server of one's own: what is set here holds for everybody."""

    def test_modes_of_the_server_do_not_change_a_snapshot(self, sluice, tmp_workspace, server, mariadb):
        server.script("CREATE DATABASE every; GRANT ALL ON every.* TO guest@'%'; GRANT " + ("SHOW_ROUTINE ON *.*" if MYSQL else "SELECT ON mysql.proc") + " TO guest@'%'; USE every;\n" + EVERY)
        url = server.url("127.0.0.1", "?sslmode=require").replace("/shop", "/every")
        before = snapshot(sluice, url)["hash"]
        server.script("SET GLOBAL init_connect = 'SET sql_mode = ''ANSI_QUOTES,NO_BACKSLASH_ESCAPES'', sql_quote_show_create = 0, lock_wait_timeout = 1'")
        assert snapshot(sluice, url)["hash"] == before
        server.script("SET GLOBAL init_connect = ''")

    @pytest.mark.parametrize("setting", SETTINGS)
    def test_settings_of_a_server_do_not_reach_the_ledger(self, sluice, tmp_workspace, server, setting):
        url = server.url("127.0.0.1", "?sslmode=require").replace("/shop", "/odd")
        name, value = setting.split(" = ")
        pathlib.Path("m").mkdir()
        pathlib.Path("m/V1__a.sql").write_text("CREATE TABLE a (id int PRIMARY KEY, n int) ENGINE = InnoDB;\nINSERT INTO a VALUES (1, 0), (2, 0);\nALTER TABLE a ADD m int;\n")
        pathlib.Path("m/V2__b.sql").write_text("UPDATE a SET n = n + 1 WHERE id > 0;\nCREATE VIEW v AS SELECT id FROM a;\n")
        before = server.script(f"DROP DATABASE IF EXISTS odd; CREATE DATABASE odd; GRANT ALL ON odd.* TO guest@'%'; SELECT @@GLOBAL.{name}").strip()
        server.script(f"SET GLOBAL {setting}")
        try:
            first, again, shown = sluice.run("migrate", "--url", url, "--dir", "m"), sluice.run("migrate", "--url", url, "--dir", "m"), sluice.run("snapshot", "--url", url)
        finally:
            server.script(f"SET SESSION sql_safe_updates = 0, GLOBAL {name} = {before if before.isdigit() else repr(before)}")
        rows = server.script("SELECT group_concat(n) FROM odd.a; SELECT concat(count(*), ' of ', sum(done)) FROM odd._sluice_migration WHERE state = 'applied'; DROP DATABASE odd")
        assert (first.status, again.status, shown.status, rows.split("\n")[:2]) == (0, 0, 0, ["1,1", "2 of 5"]), (first, again, shown, rows)
        assert "not taken" not in first.err + first.out, first

    def test_a_server_whose_transactions_only_read_is_refused(self, sluice, tmp_workspace, server):
        name = "transaction_read_only" if MYSQL else "tx_read_only"
        pathlib.Path("m").mkdir()
        pathlib.Path("m/V1__a.sql").write_text("CREATE TABLE never (a int);\n")
        server.script(f"SET GLOBAL {name} = ON")
        try:
            out = sluice.run("migrate", "--url", server.url("127.0.0.1", "?sslmode=require"), "--dir", "m")
        finally:
            server.script(f"SET SESSION {name} = OFF; SET GLOBAL {name} = OFF")
        assert out.status == 6, out
        assert f"the server only reads ({name} is ON)" in out.err

    def test_a_server_that_only_reads_takes_no_migration_and_shows_its_schema(self, sluice, tmp_workspace, server):
        url = server.url("127.0.0.1", "?sslmode=require")
        pathlib.Path("m").mkdir()
        pathlib.Path("m/V1__a.sql").write_text("CREATE TABLE never (a int);\n")
        server.script("SET GLOBAL read_only = ON")
        out = sluice.run("migrate", "--url", url, "--dir", "m")
        assert out.status == 6, out
        assert "the server only reads (read_only is ON)" in out.err
        assert "create table `t`" in sluice.ok("snapshot", "--url", url)
        server.script("SET GLOBAL read_only = OFF")


def test_a_database_is_locked_whatever_letters_its_name_is_written_in(sluice, tmp_workspace, tmp_path_factory):
    """Where names are the same in small and capital letters."""
    server = Server(tmp_path_factory.mktemp("folding"), ["--lower-case-table-names=1"])
    server.start()
    try:
        server.script("CREATE USER guest@'%'; CREATE DATABASE shop; GRANT ALL ON shop.* TO guest@'%'")
        pathlib.Path("m").mkdir()
        pathlib.Path("m/V1__a.sql").write_text("CREATE TABLE t (a int);\n")
        url, mark = server.url("127.0.0.1", "?sslmode=disable"), pathlib.Path("paused")
        environment = {**os.environ, "SLUICE_TEST_PAUSE_AT": "locked", "SLUICE_TEST_PAUSE_FILE": str(mark)}
        first = subprocess.Popen([sluice.path, "migrate", "--url", url, "--dir", "m"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_until(lambda: mark.exists() or first.poll() is not None, what="the first run with its lock")
        other = sluice.run("migrate", "--url", url.replace("/shop", "/SHOP"), "--dir", "m", "--lock-wait", "0")
        first.kill()
        first.communicate()
        assert (other.status, "locked by the session" in other.err) == (6, True), other
        sluice.ok("migrate", "--url", url.replace("/shop", "/SHOP"), "--dir", "m")
        sluice.ok("migrate", "--url", url, "--dir", "m")
        assert server.script("SELECT done, epoch FROM shop._sluice_migration, shop._sluice_fence").split() == ["1", "1"]
    finally:
        server.kill()


def test_a_server_with_a_long_place_is_one_still(sluice, tmp_workspace, tmp_path_factory):
    folder = tmp_path_factory.mktemp("deep")
    data = folder / ("d" * 120) / ("e" * 120)
    data.mkdir(parents=True)
    server = Server(folder, data=data / "data")
    server.start()
    try:
        server.script("CREATE USER guest@'%'; CREATE DATABASE shop; GRANT ALL ON shop.* TO guest@'%'")
        pathlib.Path("m").mkdir()
        for version in (1, 2):
            pathlib.Path(f"m/V{version}__a.sql").write_text(f"CREATE TABLE t{version} (a int);\n")
            sluice.ok("migrate", "--url", server.url("127.0.0.1", "?sslmode=disable"), "--dir", "m")
        assert server.script("SELECT count(*), length(min(server)) <= 255 FROM shop._sluice_identity").split() == ["1", "1"]
    finally:
        server.kill()


class TestWords:
    @pytest.mark.parametrize("scheme", ["mysql", "mariadb"])
    def test_what_only_mariadb_runs_is_run_there_whatever_the_url_is_called(self, sluice, tmp_workspace, mariadb, scheme):
        pathlib.Path("m").mkdir()
        pathlib.Path("m/V1__a.sql").write_text("CREATE TABLE t (a int);\n/*M!100100 INSERT INTO t VALUES (1) */;\nINSERT INTO t VALUES (2);\n")
        sluice.ok("migrate", "--url", mariadb.url.replace("mysql:", f"{scheme}:"), "--dir", "m")
        assert mariadb.value("SELECT group_concat(a ORDER BY a) FROM t") == ("2" if MYSQL else "1,2")

    @pytest.mark.parametrize("scheme", ["mysql", "mariadb"])
    @pytest.mark.parametrize("mark", ["M!", "!"])
    def test_the_first_line_of_a_dump_is_a_comment(self, sluice, tmp_workspace, mariadb, scheme, mark):
        pathlib.Path("m").mkdir()
        pathlib.Path("m/V1__a.sql").write_text(f"/*{mark}999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n\nCREATE TABLE t (a int);\n")
        sluice.ok("migrate", "--url", mariadb.url.replace("mysql:", f"{scheme}:"), "--dir", "m")
        assert mariadb.value("SHOW TABLES LIKE 't'") == "t"

    def test_a_value_that_is_cut_out_of_a_message_takes_nothing_else_with_it(self, sluice, tmp_workspace, mariadb):
        pathlib.Path("m").mkdir()
        pathlib.Path("m/V1__a.sql").write_text("CREATE TABLE t (a int PRIMARY KEY);\nINSERT INTO t VALUES (7), (7);\n")
        out = sluice.run("migrate", "--url", mariadb.url, "--dir", "m")
        assert (out.status, "PRIMARY' (1062)" in out.err, "'7'" in out.err) == (8, True, False), out.err


class TestReview:
    @pytest.mark.parametrize("engine", ["mysql", "mariadb"])
    def test_a_statement_is_not_reviewed_and_never_green(self, sluice, tmp_workspace, mariadb, engine):
        pathlib.Path("V1__a.sql").write_text("CREATE TABLE t (a int);\n")
        out = sluice.run("review", "--engine", engine, "--format", "json", "V1__a.sql")
        assert out.status == 1, out.err
        assert [finding["rule"] for finding in out.json()["files"][0]["findings"] if finding["severity"] == "error"] == ["statement-not-reviewed"]

    def test_a_snapshot_is_taken_as_the_schema_of_a_review(self, sluice, tmp_workspace, mariadb):
        mariadb.script(EVERY)
        pathlib.Path("schema.json").write_text(sluice.ok("snapshot", "--url", mariadb.url, "--format", "json"))
        pathlib.Path("V1__a.sql").write_text("DROP TABLE parent;\n")
        out = sluice.run("review", "--schema", "schema.json", "--format", "json", "V1__a.sql")
        assert (out.status, out.json()["files"][0]["engine"]) == (1, "mysql" if MYSQL else "mariadb"), out.err
