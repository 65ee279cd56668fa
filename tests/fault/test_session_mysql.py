"""MariaDB and MySQL: statements that commit what is open around them, lock more than their table, or do several things, and
what a file that holds one may count on.  Effects are counted with the mariadb client."""

import os

import pytest

MYSQL = "SLUICE_TEST_MYSQLD" in os.environ  # in MariaDB's place
mariadb_only = pytest.mark.skipif(MYSQL, reason="MariaDB's own words")


@pytest.fixture
def apply(sluice, mariadb, tmp_workspace):
    folder = tmp_workspace / "migrations"

    def run(text, *words, name="V1__a.sql"):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        return sluice.run("migrate", "--url", mariadb.url, "--dir", folder, *words, timeout=60)

    return run


def numbers(mariadb):
    """What the table of numbers holds; nothing while it is not there."""
    there = mariadb.value(f"SELECT count(*) FROM information_schema.tables WHERE table_schema = '{mariadb.name}' AND table_name = 'n'")
    return [int(row[0]) for row in mariadb.rows("SELECT a FROM n ORDER BY a")] if there == "1" else []


NUMBERS = "CREATE TABLE n (a INT);\nINSERT INTO n VALUES (1);\n"

LOCKS = ["LOCK INSTANCE FOR BACKUP", "UNLOCK INSTANCE"] if MYSQL else ["BACKUP LOCK n", "BACKUP UNLOCK", "BACKUP STAGE START", "BACKUP STAGE END"]


@pytest.mark.parametrize("statement", [*LOCKS, "LOCK TABLES n WRITE", "FLUSH TABLES WITH READ LOCK", "FLUSH TABLES n FOR EXPORT"])
def test_a_lock_on_more_than_its_rows_is_refused_before_anything_runs(apply, mariadb, statement):
    out = apply(f"{NUMBERS}{statement};\nINSERT INTO n VALUES (2);\n")
    assert (out.status, numbers(mariadb)) == (2, []), out
    assert "V1__a.sql:3: " in out.err and "would lock the ledger out; take it out" in out.err
    assert ("--skip-add-locks" in out.err) == ("LOCK TABLES" in statement or "INSTANCE" in statement)


@pytest.mark.parametrize("statement", ["SHUTDOWN", "RESTART", "CLONE INSTANCE FROM 'a'@'b':3306 IDENTIFIED BY 'c'"])
def test_the_end_of_the_server_is_refused_before_anything_runs(apply, mariadb, statement):
    out = apply(f"{NUMBERS}{statement};\n")
    assert (out.status, numbers(mariadb)) == (2, []), out
    assert "V1__a.sql:3: " in out.err and "the server that the ledger is on; take it out" in out.err


SOUND = ["LOAD INDEX INTO CACHE n", "CACHE INDEX n IN default", "CHECKSUM TABLE n", "FLUSH TABLES n", "FLUSH STATUS", "PURGE BINARY LOGS BEFORE '2000-01-01'"]


@pytest.mark.parametrize("statement", [*SOUND, *([] if MYSQL else ["RESET QUERY CACHE", "ANALYZE SELECT a FROM n", "STOP ALL SLAVES", "GET DIAGNOSTICS @n = NUMBER"])])
def test_what_commits_by_itself_is_applied_between_others(apply, mariadb, statement):
    out = apply(f"{NUMBERS}{statement};\nINSERT INTO n VALUES (2);\n")
    assert (out.status, numbers(mariadb)) == (0, [1, 2]), out


FAILING = ["INSTALL PLUGIN nothing SONAME 'nothing.so'", "UNINSTALL PLUGIN nothing", "CACHE INDEX n IN nothing"]


@pytest.mark.parametrize("statement", FAILING)
def test_what_a_failing_statement_has_committed_does_not_run_twice(apply, mariadb, statement):
    out = apply(f"{NUMBERS}INSERT INTO n VALUES (2);\n{statement};\nINSERT INTO n VALUES (3);\n")
    assert (out.status, numbers(mariadb)) == (8, [1, 2]), out
    assert "V1__a.sql:4: " in out.err and "3 of 5 statements are applied" in out.err
    out = apply(f"{NUMBERS}INSERT INTO n VALUES (2);\nINSERT INTO n VALUES (3);\n")
    assert (out.status, numbers(mariadb)) == (0, [1, 2, 3]), out


@mariadb_only
@pytest.mark.parametrize("statement", ["SET STATEMENT max_statement_time = 9 FOR INSERT INTO n VALUES (2)", "ANALYZE INSERT INTO n VALUES (2)"])
def test_a_statement_inside_another_runs_once(apply, mariadb, statement):
    out = apply(f"{NUMBERS}{statement};\nALTER TABLE n DROP COLUMN nothing;\n")
    assert (out.status, numbers(mariadb)) == (8, [1, 2]), out
    assert "3 of 4 statements are applied" in out.err
    out = apply(f"{NUMBERS}{statement};\nALTER TABLE n ADD COLUMN b INT;\n")
    assert (out.status, numbers(mariadb)) == (0, [1, 2]), out


@mariadb_only
def test_ddl_inside_another_statement_runs_once(apply, mariadb):
    text = NUMBERS + "SET STATEMENT foreign_key_checks = OFF FOR CREATE TABLE m (a INT);\nINSERT INTO {} VALUES (2);\n"
    out = apply(text.format("nothing"))
    assert (out.status, numbers(mariadb)) == (8, [1]), out
    assert "3 of 4 statements are applied" in out.err
    out = apply(text.format("n"))
    assert (out.status, numbers(mariadb)) == (0, [1, 2]), out


PROCEDURE = "CREATE PROCEDURE p() BEGIN INSERT INTO n VALUES (2); {}; END;\n"
CALLS = [PROCEDURE.format("SIGNAL SQLSTATE '45000'") + "CALL p();\n"]
BLOCKS = ["BEGIN NOT ATOMIC INSERT INTO n VALUES (2); SIGNAL SQLSTATE '45000'; END;\n", "DELIMITER //\nIF 1 = 1 THEN INSERT INTO n VALUES (2); SIGNAL SQLSTATE '45000'; END IF//\n"]


@pytest.mark.parametrize("text", [*CALLS, *([] if MYSQL else BLOCKS)])
def test_what_failed_half_way_through_several_statements_is_a_persons_to_say(apply, mariadb, text):
    out = apply(NUMBERS + text)
    assert (out.status, numbers(mariadb)) == (9, [1, 2]), out
    assert "each of its statements commits by itself" in out.err and "--resolve 1=" in out.err
    out = apply(NUMBERS + text)
    assert (out.status, numbers(mariadb)) == (9, [1, 2]), out
    apply(NUMBERS + text, "--resolve", "1=applied", "--reason", "looked")
    out = apply(NUMBERS + text)
    assert (out.status, numbers(mariadb)) == (0, [1, 2]), out


def test_a_call_that_met_a_lock_is_not_tried_again(apply, mariadb):
    assert apply("CREATE TABLE busy (a INT) ENGINE = InnoDB;\nINSERT INTO busy VALUES (1);\n", name="V0__busy.sql").status == 0
    text = NUMBERS + PROCEDURE.format("UPDATE busy SET a = 2") + "CALL p();\n"
    with mariadb.session() as session:
        session.say("BEGIN; UPDATE busy SET a = 3")
        out = apply(text, "--lock-timeout", "1s", "--lock-wait", "10s")
    assert (out.status, numbers(mariadb)) == (9, [1, 2]), out
