"""MariaDB, where DDL commits by itself: what the next run does about a statement whose end nobody saw.  Kills come
from outside, effects are counted with the mariadb client, from migrations that are not idempotent."""

import contextlib
import os
import subprocess

import pytest

from harness.wait import wait_until

ROWS = 800  # each costs the copying ALTER some milliseconds of hashing, so that it takes two seconds and more
SLOW = "ALTER TABLE big ADD COLUMN n INT DEFAULT (length(sha2(repeat(a, 500000), 512))), ALGORITHM = COPY"


def write(folder, files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def start(sluice, url, folder, env=None):
    return subprocess.Popen([sluice.path, "migrate", "--url", url, "--dir", str(folder)], env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def running(mariadb, text):
    """Connections that are at a statement with this text, on this test's database."""
    return [int(row[0]) for row in mariadb.rows(f"SELECT id FROM information_schema.processlist WHERE db = '{mariadb.name}' AND info LIKE '{text}%'")]


def kill_at(sluice, url, folder, point, workspace):
    mark = workspace / "paused"
    mark.unlink(missing_ok=True)
    process = start(sluice, url, folder, {"SLUICE_TEST_PAUSE_AT": point, "SLUICE_TEST_PAUSE_FILE": str(mark)})
    wait_until(lambda: mark.exists() or process.poll() is not None, what=f"the point {point}")
    assert process.poll() is None, process.communicate()
    process.kill()
    process.communicate()


def five(third):
    """Five statements; the last one must not run twice."""
    return f"CREATE TABLE t (a INT) ENGINE = InnoDB;\nCREATE INDEX t_a ON t (a);\n{third};\nALTER TABLE t ADD COLUMN c INT;\nINSERT INTO t (a) SELECT count(*) + 1 FROM t;\n"


def state(mariadb):
    return mariadb.rows("SELECT version, state, done, total FROM _sluice_migration ORDER BY seq")


def test_a_statement_that_fails_leaves_k_of_n_and_a_mended_file_goes_on_there(sluice, mariadb, tmp_workspace):
    folder = write(tmp_workspace / "migrations", {"V1__five.sql": five("ALTER TABLE t DROP COLUMN nothing")})
    out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder)
    assert out.status == 8
    assert "V1__five.sql:3" in out.err and "2 of 5 statements are applied" in out.err
    assert state(mariadb) == [("1", "partial", "2", "5")]
    write(folder, {"V1__five.sql": five("ALTER TABLE t ADD COLUMN b INT")})
    sluice.ok("migrate", "--url", mariadb.url, "--dir", folder)
    assert state(mariadb) == [("1", "applied", "5", "5")]
    assert mariadb.rows("SELECT a, b, c FROM t") == [("1", "NULL", "NULL")]


def test_what_was_applied_may_not_be_edited_when_a_file_is_mended(sluice, mariadb, tmp_workspace):
    folder = write(tmp_workspace / "migrations", {"V1__five.sql": five("ALTER TABLE t DROP COLUMN nothing")})
    assert sluice.run("migrate", "--url", mariadb.url, "--dir", folder).status == 8
    write(folder, {"V1__five.sql": five("ALTER TABLE t ADD COLUMN b INT").replace("t_a", "t_b", 1)})
    out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder)
    assert out.status == 6
    assert "statement 2 is applied and was changed since" in out.err


@contextlib.contextmanager
def slow_alter(sluice, mariadb, folder):
    """A run whose copying ALTER takes some seconds, and is at it."""
    mariadb.script(f"CREATE TABLE big (a INT) ENGINE = InnoDB; INSERT INTO big SELECT seq FROM (WITH RECURSIVE s (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM s WHERE seq < {ROWS}) SELECT seq FROM s) AS numbers")
    sluice.ok("baseline", "--url", mariadb.url, "--dir", folder, "--to", "1", "--reason", "made by hand")
    process = start(sluice, mariadb.url, folder)
    wait_until(lambda: running(mariadb, "ALTER TABLE big"), what="the ALTER at work")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


ALTER = {
    "V1__big.sql": "CREATE TABLE big (a INT);\n",
    "V2__alter.sql": f"INSERT INTO big (a) VALUES (-1);\n{SLOW};\nINSERT INTO big (a) SELECT -2 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM big WHERE a = -3);\n",
}


def test_an_alter_that_outlives_its_client_is_awaited_and_adopted(sluice, mariadb, tmp_workspace):
    folder = write(tmp_workspace / "migrations", ALTER)
    with slow_alter(sluice, mariadb, folder) as process:
        process.kill()
        process.communicate()
        early = sluice.run("migrate", "--url", mariadb.url, "--dir", folder, "--lock-wait", "0")
        assert running(mariadb, "ALTER TABLE big"), "the ALTER was to take longer"
        assert early.status == 9, early
        assert "still at work" in early.err and "ALTER TABLE big" in early.err
        assert "run the same command again" in early.err
        out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder)
    assert out.status == 0, out.err
    assert "found done" in out.err
    assert mariadb.value("SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND table_name = 'big'") == "2"
    assert mariadb.value("SELECT count(*) FROM big WHERE a < 0") == "2"
    assert state(mariadb)[-1] == ("2", "applied", "3", "3")


def test_an_alter_whose_connection_is_killed_has_no_effect_and_runs_again_by_itself(sluice, mariadb, tmp_workspace):
    folder = write(tmp_workspace / "migrations", ALTER)
    with slow_alter(sluice, mariadb, folder) as process:
        for connection in running(mariadb, "ALTER TABLE big"):
            mariadb.script(f"KILL CONNECTION {connection}")
        _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert mariadb.value("SELECT count(*) FROM big WHERE a < 0") == "2"
    assert mariadb.value("SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND table_name = 'big'") == "2"


@pytest.mark.skipif("SLUICE_TEST_MYSQLD" in os.environ, reason="MySQL has no CREATE OR REPLACE TABLE")
def test_a_table_that_was_to_be_replaced_and_is_gone_is_made_again(sluice, mariadb, tmp_workspace):
    """CREATE OR REPLACE drops the old table first; cut off there, neither of the two is left."""
    folder = write(tmp_workspace / "migrations", {"V1__a.sql": "CREATE TABLE u (a INT);\n", "V2__b.sql": "CREATE OR REPLACE TABLE u AS SELECT SLEEP(60) AS b;\nDROP TABLE u;\n"})
    process = start(sluice, mariadb.url, folder)
    try:
        (first,) = wait_until(lambda: running(mariadb, "CREATE OR REPLACE"), what="the statement at work")
        wait_until(lambda: mariadb.value(f"SELECT state FROM information_schema.processlist WHERE id = {first}") == "User sleep", what="the end of the old table")
        mariadb.script(f"KILL CONNECTION {first}")
        again = wait_until(lambda: [one for one in running(mariadb, "CREATE OR REPLACE") if one != first], what="the statement at work again")
        mariadb.script(f"KILL QUERY {again[0]}")
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert "V2__b.sql:1" in err and "found done" not in err
    assert state(mariadb) == [("1", "applied", "1", "1")]


def test_a_run_that_is_stopped_cancels_its_alter_and_goes_on_later(sluice, mariadb, tmp_workspace):
    folder = write(tmp_workspace / "migrations", ALTER)
    with slow_alter(sluice, mariadb, folder) as process:
        process.terminate()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 128 + 15, err
        assert "1 of 3 statements are applied" in err
        assert not running(mariadb, "ALTER TABLE big")
    sluice.ok("migrate", "--url", mariadb.url, "--dir", folder)
    assert mariadb.value("SELECT count(*) FROM big WHERE a < 0") == "2"


# A statement, what was there before, and the question that tells its effect from none.
ALONE = {
    "create table": ("CREATE TABLE u (a INT)", "", "SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name = 'u'", "1"),
    "drop tables": ("DROP TABLE u, v", "CREATE TABLE u (a INT); CREATE TABLE v (a INT)", "SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name IN ('u', 'v')", "0"),
    "rename": ("RENAME TABLE u TO v", "CREATE TABLE u (a INT)", "SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND table_name IN ('u', 'v')", "v"),
    "swap": (
        "RENAME TABLE u TO w, v TO u, w TO v",
        "CREATE TABLE u (a INT); CREATE TABLE v (a INT); INSERT INTO u VALUES (1)",
        "SELECT count(*) FROM v",
        "1",
    ),
    "truncate": ("TRUNCATE TABLE u", "CREATE TABLE u (a INT); INSERT INTO u VALUES (1)", "SELECT count(*) FROM u", "0"),
    "exchange": (
        "ALTER TABLE u EXCHANGE PARTITION p WITH TABLE v",
        "CREATE TABLE u (a INT) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (10)); CREATE TABLE v (a INT); INSERT INTO v VALUES (1)",
        "SELECT count(*) FROM u",
        "1",
    ),
    "view": ("CREATE VIEW u AS SELECT 1 AS a", "", "SELECT a FROM u", "1"),
    "procedure": ("CREATE PROCEDURE u() SELECT 1", "", "SELECT count(*) FROM information_schema.routines WHERE routine_schema = database()", "1"),
    "trigger": ("CREATE TRIGGER u BEFORE INSERT ON v FOR EACH ROW SET NEW.a = 1", "CREATE TABLE v (a INT)", "SELECT count(*) FROM information_schema.triggers WHERE trigger_schema = database()", "1"),
    "event": ("CREATE EVENT u ON SCHEDULE EVERY 1 DAY DO DELETE FROM v", "CREATE TABLE v (a INT)", "SELECT count(*) FROM information_schema.events WHERE event_schema = database()", "1"),
    "add index": ("ALTER TABLE u ADD INDEX u_a (a)", "CREATE TABLE u (a INT)", "SELECT count(*) FROM information_schema.statistics WHERE table_schema = database() AND table_name = 'u'", "1"),
    "drop index": ("DROP INDEX u_a ON u", "CREATE TABLE u (a INT, INDEX u_a (a))", "SELECT count(*) FROM information_schema.statistics WHERE table_schema = database() AND table_name = 'u'", "0"),
}


@pytest.mark.parametrize("point", ["alone-journaled", "alone-done"])
@pytest.mark.parametrize("name", ALONE)
def test_what_became_of_each_kind_of_statement_is_proved(sluice, mariadb, tmp_workspace, name, point):
    """Killed before and after the statement: the second run repeats it, or finds it done, and says so."""
    statement, before, question, answer = ALONE[name]
    folder = write(tmp_workspace / "migrations", {"V1__x.sql": "CREATE TABLE n (a INT);\n"})
    sluice.ok("migrate", "--url", mariadb.url, "--dir", folder)
    mariadb.script(before or "SELECT 1")
    write(folder, {"V2__y.sql": f"{statement};\nINSERT INTO n VALUES (1);\n"})
    kill_at(sluice, mariadb.url, folder, point, tmp_workspace)
    out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder)
    assert out.status == 0, out
    assert ("found done" in out.err) == (point == "alone-done")
    assert mariadb.value(question) == answer
    assert mariadb.value("SELECT count(*) FROM n") == "1"


def test_what_cannot_be_proved_is_a_persons_to_say(sluice, mariadb, tmp_workspace):
    mariadb.script("CREATE PROCEDURE p() INSERT INTO n VALUES (1)")
    folder = write(tmp_workspace / "migrations", {"V1__x.sql": "CREATE TABLE n (a INT);\n", "V2__y.sql": "CALL p();\nINSERT INTO n VALUES (2);\n"})
    sluice.ok("baseline", "--url", mariadb.url, "--dir", folder, "--to", "1", "--reason", "made by hand")
    mariadb.script("CREATE TABLE n (a INT)")
    kill_at(sluice, mariadb.url, folder, "alone-done", tmp_workspace)
    out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder)
    assert out.status == 9, out
    assert "V2__y.sql:1" in out.err and "resolve" in out.err
    assert mariadb.value("SELECT count(*) FROM n") == "1"
    said = sluice.ok("migrate", "--url", mariadb.url, "--dir", folder, "--resolve", "2=applied", "--reason", "looked")
    assert "V2__y.sql: statement 1 of 2 took effect; it goes on at statement 2" in said
    sluice.ok("migrate", "--url", mariadb.url, "--dir", folder)
    assert mariadb.rows("SELECT a FROM n ORDER BY a") == [("1",), ("2",)]


def test_a_table_that_knows_no_transactions_is_refused_unless_the_file_says_so(sluice, mariadb, tmp_workspace):
    folder = write(tmp_workspace / "migrations", {"1_a.sql": "-- +goose Up\nCREATE TABLE m (a INT) ENGINE = MyISAM;\nINSERT INTO m VALUES (1);\n"})
    out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder)
    assert out.status == 8, out
    assert "MyISAM" in out.err and "InnoDB" in out.err
    assert mariadb.value("SELECT count(*) FROM m") == "0"
    write(folder, {"1_a.sql": "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE TABLE m (a INT) ENGINE = MyISAM;\nINSERT INTO m VALUES (1);\n"})
    sluice.ok("migrate", "--url", mariadb.url, "--dir", folder)
    assert mariadb.value("SELECT count(*) FROM m") == "1"


def test_variables_of_a_session_that_is_gone_are_a_persons_business(sluice, mariadb, tmp_workspace):
    folder = write(
        tmp_workspace / "migrations",
        {"V1__x.sql": "CREATE TABLE n (a INT);\nSET @x = 5;\nALTER TABLE n ADD COLUMN b INT;\nINSERT INTO n (a) VALUES (@x);\n"},
    )
    kill_at(sluice, mariadb.url, folder, "alone-settled:2", tmp_workspace)
    out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder)
    assert out.status == 9, out
    assert "V1__x.sql:4" in out.err
    assert mariadb.value("SELECT count(*) FROM n") == "0"


def test_settings_are_set_again_where_a_file_goes_on(sluice, mariadb, tmp_workspace):
    other = f"{mariadb.name}_b"
    folder = write(
        tmp_workspace / "migrations",
        {
            "V1__x.sql": f"CREATE DATABASE {other};\nUSE {other};\nSET SESSION sql_mode = 'ANSI_QUOTES';\nCREATE TABLE n (a INT);\nALTER TABLE n ADD COLUMN b INT;\nINSERT INTO \"n\" (a) VALUES (1);\n",
            "V2__y.sql": "CREATE TABLE here (a INT);\n",
        },
    )
    try:
        kill_at(sluice, mariadb.url, folder, "alone-done:3", tmp_workspace)
        out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder)
        assert out.status == 0, out
        assert "found done" in out.err
        assert mariadb.value(f"SELECT count(*) FROM {other}.n") == "1"
        assert mariadb.value("SELECT count(*) FROM here") == "0"
    finally:
        mariadb.script(f"DROP DATABASE IF EXISTS {other}")


@pytest.mark.parametrize(
    "statement",
    ["START TRANSACTION", "COMMIT", "SET autocommit = 0", "SET @@session.`autocommit` = 0", "SET sql_mode = '', unique_checks = 1, time_zone = '+00:00', sql_notes = 1, AUTOCOMMIT := 0", "SET @@tx_read_only = 1", "LOCK TABLES t WRITE", "SET SESSION TRANSACTION READ ONLY", "FLUSH TABLES WITH READ LOCK", "XA BEGIN 'a'"],
)
def test_what_would_lock_the_ledger_out_is_refused_before_anything_runs(sluice, mariadb, tmp_workspace, statement):
    folder = write(tmp_workspace / "migrations", {"V1__x.sql": f"CREATE TABLE t (a INT);\n{statement};\n"})
    out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder)
    assert out.status == 2, out
    assert "V1__x.sql:2" in out.err
    assert mariadb.rows("SHOW TABLES") == []


def test_a_statement_that_gives_the_lock_away_ends_the_attempt_behind_it(sluice, mariadb, tmp_workspace):
    text = "CREATE TABLE t AS SELECT RELEASE_ALL_LOCKS() AS a;\nCREATE TABLE u (a INT);\n"
    folder = write(tmp_workspace / "migrations", {"V1__lock.sql": text})
    out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder, "--lock-wait", "0")
    assert out.status == 6 and "the session has lost its lock" in out.err and "1 of 2 statements are applied" in out.err, (out.status, out.err)
    assert state(mariadb) == [("1", "partial", "1", "2")]
    assert mariadb.rows("SHOW TABLES LIKE 'u'") == []
    sluice.ok("migrate", "--url", mariadb.url, "--dir", folder)
    assert state(mariadb) == [("1", "applied", "2", "2")]


def test_the_last_of_many_tables_is_looked_at_too(sluice, mariadb, tmp_workspace):
    makes = "".join(f"CREATE TABLE t{i} (a INT) ENGINE = {'MyISAM' if i == 69 else 'InnoDB'};\n" for i in range(70))
    writes = "".join(f"INSERT INTO t{i} VALUES ({k});\n" for i in range(70) for k in range(2))
    folder = write(tmp_workspace / "migrations", {"V1__tables.sql": makes, "V2__rows.sql": writes})
    out = sluice.run("migrate", "--url", mariadb.url, "--dir", folder)
    assert out.status == 8 and "it writes a table of the engine MyISAM" in out.err, (out.status, out.err)
    mariadb.script("ALTER TABLE t69 ENGINE = InnoDB")
    sluice.ok("migrate", "--url", mariadb.url, "--dir", folder)
    assert state(mariadb) == [("1", "applied", "70", "70"), ("2", "applied", "140", "140")]
