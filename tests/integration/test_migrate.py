"""`sluice migrate`, `baseline`, `snapshot` and `diff` as people call them, on SQLite and PostgreSQL."""

import json
import os
import pathlib
import sqlite3
import subprocess

import pytest
from harness.files import write
from harness.postgres import Postgres
from harness.wait import wait_until


def ask(path, sql):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


class TestSqlite:
    def test_applies_once_and_then_has_nothing_to_do(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n", "V2__b.sql": "INSERT INTO t VALUES (1);\n"})
        assert "applied 2 migrations" in sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", "migrations")
        assert "nothing to do" in sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", "migrations")
        assert ask("dev.db", "SELECT count(*) FROM t") == [(1,)]

    def test_no_file_is_made_when_nothing_runs(self, sluice, folder):
        write(folder, {})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--dry-run")
        assert not pathlib.Path("dev.db").exists()
        assert sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", "nowhere").status == 2
        assert not pathlib.Path("dev.db").exists()

    def test_a_failed_statement_is_status_8_and_names_the_line(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n\nINSERT INTO nope VALUES (1);\n"})
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert out.status == 8
        assert "V1__a.sql:3: no such table: nope" in out.err
        assert out.err.count("\n") == 1

    def test_a_mended_file_goes_on_and_says_k_of_n(self, sluice, folder):
        start = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE t (a);\nINSERT INTO t VALUES (1);\n"
        write(folder, {"001_a.sql": start + "INSERT INTO nope VALUES (1);\n-- +goose Down\nDROP TABLE t;\n"})
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert out.status == 8
        assert "2 of 3 statements are applied" in out.err
        write(folder, {"001_a.sql": start + "INSERT INTO t VALUES (2);\n-- +goose Down\nDROP TABLE t;\n"})
        assert "3 of 3" in sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert ask("dev.db", "SELECT a FROM t") == [(1,), (2,)]

    @pytest.mark.parametrize(
        ("files", "status", "words"),
        [
            ({"V1__a.sql": "CREATE TABLE t (a);\nCOMMIT;\n"}, 2, "V1__a.sql:2: transaction control"),
            ({"V1__a.sql": "SELECT 'open;\n"}, 2, "V1__a.sql:1: string without an end"),
            ({"V1__a.sql": "SELECT 1;\n", "V01__b.sql": "SELECT 1;\n"}, 2, "V01__b.sql"),
            ({"V1__a.sql": "\x00"}, 2, "V1__a.sql"),
        ],
    )
    def test_a_wrong_file_is_status_2_and_nothing_runs(self, sluice, folder, files, status, words):
        write(folder, files)
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert out.status == status, out.err
        assert words in out.err
        assert not pathlib.Path("dev.db").exists() or ask("dev.db", "SELECT count(*) FROM sqlite_schema") == [(0,)]

    def test_what_is_no_database_is_status_3(self, sluice, folder, tmp_workspace):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        (tmp_workspace / "text.db").write_text("this is a text that is long enough to be no database at all")
        for url in (f"sqlite:{tmp_workspace}", "sqlite:text.db", "sqlite:no/such/folder/x.db"):
            out = sluice.run("migrate", "--url", url, "--dir", folder)
            assert out.status == 3, (url, out.err)
            assert url in out.err

    def test_an_edited_applied_file_is_status_6(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        write(folder, {"V1__a.sql": "CREATE TABLE t (a, b);\n"})
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert out.status == 6
        assert "edited after it was applied" in out.err

    def test_the_command_of_the_message_is_the_baseline_that_helps(self, sluice, folder):
        connection = sqlite3.connect("dev.db")
        connection.execute("CREATE TABLE t (a)")
        connection.close()
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n", "V2__b.sql": "INSERT INTO t VALUES (2);\n"})
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert out.status == 6
        command = out.err[out.err.index("sluice baseline") :].strip().replace("--to 2", "--to 1")
        subprocess.run(command, shell=True, check=True, env={**os.environ, "PATH": f"{pathlib.Path(sluice.path).parent}:{os.environ['PATH']}"})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert ask("dev.db", "SELECT a FROM t") == [(2,)]

    def test_that_nothing_of_the_folder_is_there_is_one_of_the_answers(self, sluice, folder):
        connection = sqlite3.connect("dev.db")
        connection.execute("CREATE TABLE of_somebody (a)")
        connection.close()
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert out.status == 6 and "say its version, or `none`: sluice baseline" in out.err
        out = sluice.run("baseline", "--url", "sqlite:dev.db", "--dir", folder, "--to", "0")
        assert out.status == 2 and "`none` says that nothing of it is there" in out.err
        sluice.ok("baseline", "--url", "sqlite:dev.db", "--dir", folder, "--to", "none")
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert ask("dev.db", "SELECT count(*) FROM t") == [(0,)]

    def test_skip_and_resolve_are_remembered_with_their_reason(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n", "V2__b.sql": "INSERT INTO nope VALUES (1);\n"})
        assert sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder).status == 8
        assert sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--skip", "2").status == 2
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--skip", "2", "--reason", "never meant for this one")
        assert "nothing to do" in sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert ask("dev.db", "SELECT state, reason FROM _sluice_migration WHERE version = '2'") == [("skipped", "never meant for this one")]
        assert sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--resolve", "1=applied", "--reason", "x").status == 5

    def test_several_databases_give_a_line_each_and_the_gravest_status(self, sluice, folder, tmp_workspace):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        (tmp_workspace / "bad.db").write_text("this is a text that is long enough to be no database at all")
        urls = "\n".join(f"sqlite:{name}.db" for name in ("one", "two", "bad", "three"))
        out = sluice.run("migrate", "--urls", "-", "--dir", folder, "--jobs", "3", stdin=urls)
        assert out.status == 3
        assert [line.split(":")[1] for line in out.out.splitlines()] == ["one.db", "two.db", "three.db"]
        assert "sqlite:bad.db" in out.err
        assert "1 of 4 databases" in out.err
        for name in ("one", "two", "three"):
            assert ask(f"{name}.db", "SELECT count(*) FROM t") == [(0,)]

    def test_a_list_of_databases_may_have_blanks_comments_and_line_ends_of_any_kind(self, sluice, folder, tmp_workspace):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        out = sluice.run("migrate", "--urls", "-", "--dir", folder, stdin="sqlite:one.db \t\r\n \r\n  # sqlite:no.db\n\t sqlite:two.db")
        assert out.status == 0, out.err
        assert sorted(path.name for path in tmp_workspace.glob("*.db*")) == ["one.db", "two.db"]
        (tmp_workspace / "list").write_bytes(b"sqlite:one.db\n\0sqlite:two.db\n")
        assert sluice.run("migrate", "--urls", "list", "--dir", folder).status == 2

    def test_json_says_all_of_it(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n", "V2__b.sql": "INSERT INTO t VALUES (1), (2);\nINSERT INTO nope VALUES (1);\n"})
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--output", "json")
        assert out.status == 8
        (target,) = json.loads(out.out)["targets"]
        assert target["outcome"] == "failed_clean"
        assert (target["error"]["path"], target["error"]["line"]) == ("V2__b.sql", 2)
        assert [(m["key"], m["did"], m["done"], m["total"]) for m in target["migrations"]] == [("1", "applied", 1, 1), ("2", "undone", 0, 2)]

    def test_a_row_that_a_file_writes_for_itself_is_a_failure(self, sluice, folder):
        row = "'default', 'version', '1', 1, 'a', 'a', '', '', 'skipped', 0, 0, '', '', '', 0"
        write(folder, {"V1__a.sql": f"CREATE TABLE t (a);\nINSERT INTO _sluice_migration VALUES ({row});\n"})
        out = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        assert out.status == 8, out.err
        assert "UNIQUE constraint failed: _sluice_migration" in out.err
        assert ask("dev.db", "SELECT (SELECT count(*) FROM _sluice_migration), (SELECT count(*) FROM sqlite_schema WHERE name = 't')") == [(0, 0)]

    def test_a_memory_limit_in_a_file_does_not_bound_the_process(self, sluice, folder):
        many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000)"
        text = f"CREATE TABLE t (a);\nINSERT INTO t {many} SELECT hex(randomblob(100)) FROM n ORDER BY 1;\n"
        write(folder, {"V1__a.sql": "PRAGMA hard_heap_limit = 200000;\n", "V2__b.sql": text})
        assert "applied 2 migrations" in sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)

    def test_two_ledgers_in_one_database_do_not_meet(self, sluice, folder, tmp_workspace):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        other = write(tmp_workspace / "other", {"V1__a.sql": "CREATE TABLE u (a);\n"})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", other, "--ledger", "other")
        assert ask("dev.db", "SELECT scope, version FROM _sluice_migration ORDER BY 1") == [("default", "1"), ("other", "1")]

    def test_a_copy_keeps_its_history_and_gets_an_id_of_its_own(self, sluice, folder, tmp_workspace):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        (tmp_workspace / "copy.db").write_bytes((tmp_workspace / "dev.db").read_bytes())
        write(folder, {"V2__b.sql": "INSERT INTO t VALUES (1);\n"})
        out = sluice.run("migrate", "--url", "sqlite:copy.db", "--dir", folder)
        assert out.status == 0
        assert "copy" in out.err
        assert ask("copy.db", "SELECT database_id FROM _sluice_identity") != ask("dev.db", "SELECT database_id FROM _sluice_identity")

    def test_a_password_never_stands_on_the_command_line(self, sluice, folder):
        write(folder, {})
        for arguments in (["--url", "postgres://ana:hunter2@127.0.0.1/x"], ["--url", "sqlite:a.db", "--password", "hunter2"]):
            out = sluice.run("migrate", *arguments, "--dir", folder)
            assert out.status == 2
            assert "hunter2" not in out.err + out.out

    def test_differences_are_status_1(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a INTEGER);\n", "V2__b.sql": "CREATE INDEX t_a ON t (a);\n"})
        sluice.ok("migrate", "--url", "sqlite:one.db", "--dir", folder)
        sluice.ok("migrate", "--url", "sqlite:two.db", "--dir", folder, "--to", "1")
        assert sluice.run("diff", "sqlite:one.db", "sqlite:one.db").status == 0
        out = sluice.run("diff", "sqlite:two.db", "sqlite:one.db")
        assert out.status == 1
        assert "t_a" in out.out
        pathlib.Path("one.json").write_text(sluice.ok("snapshot", "--url", "sqlite:one.db", "--format", "json"))
        assert sluice.run("diff", "one.json", "sqlite:one.db").status == 0
        pathlib.Path("one.sql").write_text(sluice.ok("snapshot", "--url", "sqlite:one.db"))
        assert sluice.run("diff", "one.sql", "sqlite:one.db").status == 0

    def test_a_read_only_disk_is_said_and_harms_nothing(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a);\n"})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        write(folder, {"V2__b.sql": "INSERT INTO t VALUES (1);\n"})
        ask("dev.db", "PRAGMA journal_mode = delete")
        out = sluice.run("migrate", "--url", "sqlite:/proc/version", "--dir", folder)
        assert out.status == 3
        assert "/proc/version" in out.err


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_workspace):
    return "sqlite:dev.db" if request.param == "sqlite" else request.getfixturevalue("pg").url


class TestBadInput:
    def test_a_statement_of_8_mb_runs(self, sluice, folder, url):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a text);\nINSERT INTO t VALUES ('" + "x" * 8_000_000 + "');\n"})
        assert "2 of 2" in sluice.ok("migrate", "--url", url, "--dir", folder)

    def test_deep_nesting_is_an_ordinary_end(self, sluice, folder, url):
        write(folder, {"V1__a.sql": "CREATE TABLE t AS SELECT " + "NOT " * 5000 + "true AS a;\n"})
        out = sluice.run("migrate", "--url", url, "--dir", folder)
        assert out.status == (8 if url.startswith("sqlite") else 0), out.err

    def test_a_mysql_url_without_a_database_is_refused(self, sluice, folder):
        write(folder, {})
        out = sluice.run("migrate", "--url", "mysql://u@h", "--dir", folder)
        assert out.status == 2
        assert "name the database" in out.err


class TestPostgres:
    def migrate(self, sluice, pg, folder, *more):
        return sluice.run("migrate", "--url", pg.url, "--dir", folder, *more)

    def test_order_is_kept_around_what_cannot_run_in_a_transaction(self, sluice, pg, folder):
        write(
            folder,
            {
                "V1__a.sql": "CREATE TYPE mood AS ENUM ('ok');\nCREATE TABLE t (a int, m mood);\n",
                "V2__b.sql": "INSERT INTO t VALUES (1);\nCREATE INDEX CONCURRENTLY t_a ON t (a);\n"
                "ALTER TYPE mood ADD VALUE 'sad';\nINSERT INTO t VALUES (2, 'sad');\nSELECT 'DROP DATABASE x';\n",
            },
        )
        assert self.migrate(sluice, pg, folder).status == 0
        assert pg.rows("SELECT a, m::text FROM t ORDER BY a") == [(1, None), (2, "sad")]
        assert pg.value("SELECT done FROM sluice.migration WHERE version = '2'") == 5

    def test_copy_data_is_loaded(self, sluice, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a text);\nCOPY t FROM STDIN;\nsemi;colon\n\\N\n\\.\nINSERT INTO t VALUES ('after');\n"})
        assert self.migrate(sluice, pg, folder).status == 0
        assert pg.rows("SELECT a FROM t") == [("semi;colon",), (None,), ("after",)]

    def test_the_servers_position_becomes_line_and_column(self, sluice, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\nSELECT 'ä',\n  nope\nFROM t;\n"})
        out = self.migrate(sluice, pg, folder, "--output", "json")
        assert out.status == 8
        error = out.json()["targets"][0]["error"]
        assert (error["line"], error["column"], error["server_code"]) == (3, 3, "42703")

    def test_row_values_stay_out_of_messages(self, sluice, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a text PRIMARY KEY);\nINSERT INTO t VALUES ('s3cret');\nINSERT INTO t VALUES ('s3cret');\n"})
        out = self.migrate(sluice, pg, folder)
        assert out.status == 8
        assert "s3cret" not in out.err
        write(folder, {"V1__a.sql": "SELECT 's3cret'::int;\n"})
        assert "s3cret" not in self.migrate(sluice, pg, folder).err

    def test_a_deferred_constraint_fails_at_the_commit_and_leaves_nothing(self, sluice, pg, folder):
        write(
            folder,
            {
                "V1__a.sql": "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n",
                "V2__b.sql": "CREATE TABLE u (a int);\nINSERT INTO c VALUES (1);\n",
            },
        )
        out = self.migrate(sluice, pg, folder)
        assert out.status == 8
        assert "c_p_fkey" in out.err
        assert pg.value("SELECT to_regclass('u')") is None

    def test_role_and_settings_of_a_file_end_with_it(self, sluice, pg, folder):
        role = f"r_{pg.name}"
        pg.execute(f"CREATE ROLE {role}")
        try:
            write(
                folder,
                {
                    "V1__a.sql": f"CREATE SCHEMA s AUTHORIZATION {role};\n",
                    "V2__b.sql": f"SET ROLE {role};\nSET search_path = s;\nCREATE TABLE t (a int);\n",
                    "V3__c.sql": "CREATE TABLE t (a int);\n",
                },
            )
            out = self.migrate(sluice, pg, folder)
            assert out.status == 0, out.err
            assert pg.value("SELECT tableowner FROM pg_tables WHERE schemaname = 's' AND tablename = 't'") == role
            assert pg.value("SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename = 't'") == pg.user
        finally:
            pg.execute(f"DROP OWNED BY {role} CASCADE")
            pg.execute(f"DROP ROLE {role}")

    @pytest.mark.parametrize(
        "statement",
        ["SET SESSION AUTHORIZATION DEFAULT", "SET TRANSACTION READ ONLY", "DISCARD ALL", "BEGIN", "\\connect other", "PREPARE TRANSACTION 'x'"],
    )
    def test_what_would_break_the_ledger_is_refused_before_anything_runs(self, sluice, pg, folder, statement):
        write(folder, {"V1__a.sql": f"CREATE TABLE t (a int);\n{statement};\n"})
        out = self.migrate(sluice, pg, folder)
        assert out.status == 2, out.err
        assert "V1__a.sql:2" in out.err
        assert pg.value("SELECT to_regclass('t')") is None
        assert pg.value("SELECT to_regnamespace('sluice')") is None

    def test_a_statement_that_gives_the_lock_away_is_noticed(self, sluice, pg, folder):
        write(
            folder,
            {"V1__a.sql": "CREATE TABLE t (a int);\nSELECT pg_advisory_unlock_all();\nCREATE INDEX CONCURRENTLY t_a ON t (a);\nINSERT INTO t VALUES (1);\n"},
        )
        out = self.migrate(sluice, pg, folder, "--lock-wait", "0")
        assert out.status == 6
        assert "lost its lock" in out.err

    def test_a_session_that_cannot_be_resumed_needs_a_human(self, sluice, pg, folder):
        text = "CREATE TEMP TABLE x (a int);\nCREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY t_a ON t (a);\nINSERT INTO t SELECT a FROM "
        write(folder, {"V1__a.sql": text + "nope;\n"})
        out = self.migrate(sluice, pg, folder)
        assert out.status == 8
        assert "3 of 4" in out.err
        write(folder, {"V1__a.sql": text + "x;\n"})
        out = self.migrate(sluice, pg, folder)
        assert out.status == 9
        assert "temporary table" in out.err and "--resolve 1=file-applied --reason" in out.err
        sluice.ok("migrate", "--url", pg.url, "--dir", folder, "--resolve", "1=file-applied", "--reason", "done by hand")
        assert "nothing to do" in sluice.ok("migrate", "--url", pg.url, "--dir", folder)

    def test_a_held_lock_is_status_6_and_says_who_has_it(self, sluice, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
        write(folder, {"V2__b.sql": "SELECT pg_sleep(30);\n"})
        holder = subprocess.Popen([sluice.path, "migrate", "--url", pg.url, "--dir", str(folder)], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            wait_until(lambda: pg.rows("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%%pg_sleep(30)%%' AND state = 'active' AND pid <> pg_backend_pid()"), what="the holder")
            out = self.migrate(sluice, pg, folder, "--lock-wait", "200ms")
            assert out.status == 6
            assert "locked by the session with pid" in out.err
        finally:
            holder.terminate()
            holder.communicate()

    def test_more_rows_than_agreed_on_are_rolled_back(self, sluice, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\nINSERT INTO t SELECT generate_series(1, 100);\n"})
        out = self.migrate(sluice, pg, folder, "--max-rows", "99")
        assert out.status == 8
        assert "100 rows touched where at most 99" in out.err
        assert pg.value("SELECT to_regclass('t')") is None

    def test_an_unreachable_server_is_status_3(self, sluice, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
        for url in ("postgres://x@127.0.0.1:1/x", "postgres://x@name.invalid/x", "postgres://x@/x?host=/nowhere"):
            out = sluice.run("migrate", "--url", url, "--dir", folder)
            assert out.status == 3, (url, out.err)

    def test_a_socket_and_a_role_named_like_the_ledger_work(self, sluice, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n", "V2__b.sql": "CREATE TABLE u (a int);\n"})
        socket = os.environ["SLUICE_TEST_PG_SOCKET"]
        url = f"postgres://{pg.user}@:{pg.port}/{pg.name}?host={socket}"
        sluice.ok("migrate", "--url", url, "--dir", folder, "--to", "1")
        sluice.ok("migrate", "--url", url, "--dir", folder)
        assert pg.rows("SELECT schemaname FROM pg_tables WHERE tablename IN ('t', 'u')") == [("public",), ("public",)]

    def test_a_template_copy_keeps_the_history_and_gets_its_own_id(self, sluice, pg, folder):
        write(folder, {"V1__a.sql": "CREATE TABLE t (a int);\n"})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
        copy = Postgres(f"{pg.name}_copy")
        Postgres("postgres").execute(f"CREATE DATABASE {copy.name} TEMPLATE {pg.name}")
        try:
            write(folder, {"V2__b.sql": "INSERT INTO t VALUES (1);\n"})
            sluice.ok("migrate", "--url", copy.url, "--dir", folder)
            assert copy.value("SELECT count(*) FROM t") == 1
            assert copy.value("SELECT database_id FROM sluice.identity") != pg.value("SELECT database_id FROM sluice.identity")
        finally:
            copy.drop()


EVERY_KIND = """
CREATE SCHEMA s;
CREATE TYPE s.mood AS ENUM ('ok', 'so ''so''');
CREATE DOMAIN s.positive AS int DEFAULT 1 NOT NULL CONSTRAINT above CHECK (VALUE > 0);
CREATE TYPE s.pair AS (a int, b text COLLATE "C");
CREATE TYPE s.span AS RANGE (subtype = int);
CREATE SEQUENCE s.counter AS smallint INCREMENT 2 MAXVALUE 99 CYCLE;
CREATE TABLE s.t (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    n serial UNIQUE,
    mail varchar(20) COLLATE "C" NOT NULL DEFAULT 'x;y',
    at timestamptz DEFAULT now(),
    twice int GENERATED ALWAYS AS (id::int * 2) STORED,
    m s.mood, p s.positive,
    EXCLUDE USING btree (n WITH =)
);
ALTER TABLE s.t ADD CONSTRAINT mail_ok CHECK (mail <> '') NOT VALID;
CREATE TABLE s."Odd ""name"" x" (a int REFERENCES s.t ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED) WITH (fillfactor = 70);
CREATE UNLOGGED TABLE s.u (LIKE s.t INCLUDING ALL);
CREATE TABLE s.part (at date NOT NULL, v int) PARTITION BY RANGE (at);
CREATE TABLE s.part_1 PARTITION OF s.part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE s.child (c int) INHERITS (s."Odd ""name"" x");
CREATE INDEX t_expr ON s.t USING btree (lower(mail) DESC NULLS LAST, id) INCLUDE (m) WHERE n > 3;
CREATE UNIQUE INDEX t_pattern ON s.t (mail text_pattern_ops);
CREATE VIEW s.v WITH (security_barrier) AS SELECT id, mail FROM s.t WHERE n > 1;
CREATE MATERIALIZED VIEW s.mv AS SELECT count(*) AS c FROM s.v;
CREATE UNIQUE INDEX mv_c ON s.mv (c);
CREATE FUNCTION s.f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a + 1; SELECT a; END;
CREATE FUNCTION s.trg() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE PROCEDURE s.proc() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE s.total (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE TRIGGER before_t BEFORE INSERT OR UPDATE OF mail ON s.t FOR EACH ROW WHEN (NEW.n > 0) EXECUTE FUNCTION s.trg();
ALTER TABLE s.t DISABLE TRIGGER before_t;
ALTER TABLE s.t ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON s.t FOR SELECT USING (n > 0);
CREATE RULE quiet AS ON DELETE TO s.u DO INSTEAD NOTHING;
CREATE STATISTICS s.stats (dependencies) ON n, mail FROM s.t;
COMMENT ON TABLE s.t IS 'the table';
COMMENT ON COLUMN s.t.mail IS 'the mail';
COMMENT ON FUNCTION s.f IS 'the function';
"""


class TestSnapshot:
    def test_the_same_schema_gives_the_same_bytes_in_another_database(self, sluice, pg):
        other = Postgres.create()
        try:
            other.execute("CREATE TABLE gone (a int); DROP TABLE gone")
            for database in (pg, other):
                database.execute(EVERY_KIND)
            other.execute("INSERT INTO s.t (mail) VALUES ('a'); ANALYZE")
            first = sluice.ok("snapshot", "--url", pg.url, "--format", "json")
            assert json.loads(first)["hash"] == json.loads(sluice.ok("snapshot", "--url", other.url, "--format", "json"))["hash"]
            assert sluice.run("diff", pg.url, other.url).status == 0
        finally:
            other.drop()

    def test_what_a_snapshot_makes_anew_has_the_same_snapshot(self, sluice, pg):
        pg.execute(EVERY_KIND)
        made = Postgres.create()
        try:
            made.execute(sluice.ok("snapshot", "--url", pg.url))
            out = sluice.run("diff", pg.url, made.url)
            assert out.status == 0, out.out
        finally:
            made.drop()

    @pytest.mark.parametrize(
        ("sql", "word"),
        [
            ("ALTER TABLE s.t ADD COLUMN extra int", "extra"),
            ("ALTER TABLE s.t ALTER COLUMN mail DROP NOT NULL", "mail"),
            ("ALTER TABLE s.t ALTER COLUMN at TYPE timestamp", "at"),
            ("ALTER TABLE s.t VALIDATE CONSTRAINT mail_ok", "mail_ok"),
            ("DROP INDEX s.t_expr", "t_expr"),
            ("CREATE OR REPLACE VIEW s.v AS SELECT id, mail FROM s.t", "v"),
            ("ALTER TYPE s.mood ADD VALUE 'sad'", "mood"),
            ("ALTER TABLE s.t ENABLE TRIGGER before_t", "before_t"),
            ("DROP POLICY mine ON s.t", "mine"),
            ("CREATE OR REPLACE PROCEDURE s.proc() LANGUAGE sql AS 'SELECT 2'", "proc"),
            ("ALTER SEQUENCE s.counter INCREMENT 3", "counter"),
            ("COMMENT ON TABLE s.t IS 'another'", "t"),
            ("ALTER DOMAIN s.positive DROP CONSTRAINT above", "positive"),
            ("DROP STATISTICS s.stats", "stats"),
            ("DROP RULE quiet ON s.u", "quiet"),
        ],
    )
    def test_a_change_by_hand_is_seen(self, sluice, pg, tmp_workspace, sql, word):
        pg.execute(EVERY_KIND)
        (tmp_workspace / "before.json").write_text(sluice.ok("snapshot", "--url", pg.url, "--format", "json"))
        pg.execute(sql)
        out = sluice.run("diff", "before.json", pg.url)
        assert out.status == 1, out.err
        assert word in out.out

    def test_rows_sequences_and_statistics_are_no_change(self, sluice, pg, tmp_workspace):
        pg.execute(EVERY_KIND)
        (tmp_workspace / "before.json").write_text(sluice.ok("snapshot", "--url", pg.url, "--format", "json"))
        pg.execute("INSERT INTO s.t (mail) SELECT 'm' || i FROM generate_series(1, 100) AS i; SELECT nextval('s.counter'); ANALYZE; REFRESH MATERIALIZED VIEW s.mv")
        assert sluice.run("diff", "before.json", pg.url).status == 0

    def test_a_kind_that_is_not_read_makes_it_incomplete(self, sluice, pg):
        pg.execute("CREATE OPERATOR FAMILY public.mine USING btree")
        document = json.loads(sluice.ok("snapshot", "--url", pg.url, "--format", "json"))
        assert document["incomplete"] == ["1 operator families"]

    def test_the_ledger_and_extensions_members_are_left_out(self, sluice, pg, tmp_workspace):
        migrations = write(tmp_workspace / "m", {"V1__a.sql": "CREATE TABLE t (a int);\n"})
        sluice.ok("migrate", "--url", pg.url, "--dir", migrations)
        names = [each["name"] for each in json.loads(sluice.ok("snapshot", "--url", pg.url, "--format", "json"))["objects"]]
        assert "t" in names
        assert "sluice" not in names
        assert "migration" not in names


@pytest.mark.parametrize(
    ("second", "more"),
    [("SELECT 1;\n", ["--to", "9"]), ("INSERT INTO t VALUES (1);\nCOMMIT;\n", [])],
    ids=["unknown version", "transaction control"],
)
def test_what_is_refused_before_anything_runs_leaves_no_new_file(sluice, tmp_workspace, second, more):
    write(tmp_workspace / "m", {"V1__a.sql": "CREATE TABLE t (id INTEGER PRIMARY KEY);\n", "V2__b.sql": second})
    refused = sluice.run("migrate", "--url", "sqlite:new.db", "--dir", "m", *more)
    assert (refused.status, list(tmp_workspace.glob("new.db*"))) == (2, []), refused.err
