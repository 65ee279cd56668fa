"""A file of five statements whose third fails, or is at work when `sluice migrate` is killed: what the next
`sluice migrate` does and says, on each engine.  Each file counts in n what ran, and none of it may run twice."""

import os
import signal
import subprocess

import pytest
from harness.history import engine_of
from harness.wait import wait_until
from harness.workspace import Sqlite

FIRST = ["CREATE TABLE n (a INT)", "INSERT INTO n VALUES (1)"]
LAST = ["INSERT INTO n SELECT count(*) + 1 FROM n", "INSERT INTO n SELECT count(*) + 1 FROM n"]
GOOD = "INSERT INTO n SELECT count(*) + 1 FROM n"
BAD = "INSERT INTO nowhere VALUES (1)"


class Cell:
    """A database, a folder with one file of five statements, and what they did."""

    def __init__(self, sluice, database, folder):
        self.sluice, self.database, self.folder, self.engine = sluice, database, folder, engine_of(database)
        folder.mkdir()

    def write(self, third, first=(), name="V1__five.sql", head=""):
        (self.folder / name).write_text(head + "".join(f"{statement};\n" for statement in [*(first or FIRST), third, *LAST]))

    def run(self, *words):
        return self.sluice.run("migrate", "--url", self.database.url, "--dir", self.folder, *words)

    def start(self):
        words = [self.sluice.path, "migrate", "--url", self.database.url, "--dir", self.folder]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ask(self, sql) -> list:
        return [tuple(int(cell) if str(cell).isdigit() else cell for cell in row) for row in self.database.rows(sql)]

    def numbers(self) -> list:
        return [a for (a,) in self.ask("SELECT a FROM n ORDER BY a")]

    def ledger(self) -> list:
        table = "sluice.migration" if self.engine == "postgres" else "_sluice_migration"
        return self.ask(f"SELECT state, done, total FROM {table}")

    def killed_at(self, text):
        """kill -9 while the server is at a statement with this text; it is at it still."""
        process = self.start()
        wait_until(lambda: self.at_work(text), what=f"{text} at work")
        process.send_signal(signal.SIGKILL)
        process.communicate()

    def at_work(self, text):
        if self.engine == "postgres":
            return self.database.rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE %s", (f"{text}%",))
        return self.database.rows(f"SELECT id FROM information_schema.processlist WHERE db = '{self.database.name}' AND info LIKE '{text}%'")


def make(name, sluice, request, workspace):
    database = Sqlite(workspace / "cell.db") if name == "sqlite" else request.getfixturevalue(name)
    return Cell(sluice, database, workspace / "migrations")


@pytest.fixture(params=["postgres", "mariadb", "sqlite"])
def cell(request, sluice, tmp_workspace):
    return make({"postgres": "pg"}.get(request.param, request.param), sluice, request, tmp_workspace)


@pytest.fixture
def postgres(request, sluice, tmp_workspace):
    return make("pg", sluice, request, tmp_workspace)


@pytest.fixture
def maria(request, sluice, tmp_workspace):
    return make("mariadb", sluice, request, tmp_workspace)


def check_all_once(cell, out):
    assert out.status == 0, out.err
    assert "5 of 5" in out.out
    assert cell.numbers() == [1, 2, 3, 4]
    assert cell.ledger() == [("applied", 5, 5)]
    assert "nothing to do" in cell.run().out


# --- the third statement fails ---------------------------------------------------------------------


def test_failed_it_names_the_line_and_how_far_it_came_and_the_mended_file_applies(cell):
    """Where a file is one transaction nothing stays of it; where DDL commits by itself the first does, and DML with it not."""
    cell.write(BAD)
    out = cell.run()
    stays = 1 if cell.engine == "mariadb" else 0
    assert out.status == 8, out
    assert "V1__five.sql:3" in out.err and f"{stays} of 5 statements are applied" in out.err
    assert cell.ledger() == ([("partial", 1, 5)] if stays else [])
    cell.write(GOOD)
    check_all_once(cell, cell.run())


def test_failed_behind_two_that_commit_by_themselves_the_mended_file_goes_on_at_the_third(maria):
    first = [*FIRST[:1], "CREATE INDEX n_a ON n (a)"]
    maria.write(BAD, first)
    out = maria.run()
    assert out.status == 8 and "V1__five.sql:3" in out.err and "2 of 5 statements are applied" in out.err
    maria.write("INSERT INTO n VALUES (1), (2)", first)
    check_all_once(maria, maria.run())


def test_failed_in_a_file_without_a_transaction_the_mended_file_goes_on_at_the_third(cell):
    head = "-- +goose NO TRANSACTION\n-- +goose Up\n"
    cell.write(BAD, name="1_five.sql", head=head)
    out = cell.run()
    assert out.status == 8 and "1_five.sql:5" in out.err and "2 of 5 statements are applied" in out.err
    assert cell.ledger() == [("partial", 2, 5)] and cell.numbers() == [1]
    cell.write(GOOD, name="1_five.sql", head=head)
    check_all_once(cell, cell.run())


# --- killed while the third is at work -------------------------------------------------------------


def test_killed_in_a_transaction_on_postgres_all_of_it_is_undone_and_applies_once_the_orphan_is_gone(postgres):
    postgres.write("INSERT INTO n SELECT count(*) + 1 FROM n, pg_sleep(3)")
    postgres.killed_at("INSERT INTO n SELECT")
    assert postgres.at_work("INSERT INTO n SELECT"), "the orphan was to be at work still"
    out = postgres.run()
    assert "locked by" in out.err and "waiting" in out.err
    check_all_once(postgres, out)


def test_killed_in_dml_on_mariadb_only_that_is_undone_and_applies_once_the_orphan_is_gone(maria):
    maria.write("INSERT INTO n SELECT count(*) + 1 FROM n, (SELECT SLEEP(3)) AS s")
    maria.killed_at("INSERT INTO n SELECT")
    assert maria.at_work("INSERT INTO n SELECT"), "the orphan was to be at work still"
    assert maria.ledger() == [("partial", 1, 5)]
    out = maria.run()
    assert "waiting" in out.err
    check_all_once(maria, out)


def test_killed_in_ddl_on_mariadb_what_the_server_finished_is_adopted(maria):
    """The server completes it for the dead client; a second time, it would fail, or count its rows twice."""
    maria.write("CREATE TABLE slow AS SELECT SLEEP(3) AS a")
    maria.killed_at("CREATE TABLE slow")
    out = maria.run()
    assert out.status == 0, out.err
    assert "still at work" in out.err and "CREATE TABLE slow" in out.err
    assert "V1__five.sql:3: found done by an attempt that was cut off" in out.err
    assert maria.numbers() == [1, 2, 3]
    assert maria.ledger() == [("applied", 5, 5)]


def test_killed_in_a_call_on_mariadb_a_person_is_asked_and_what_follows_it_runs(maria):
    """What it did cannot be seen from its text.  The word that it is applied is said of that statement alone."""
    maria.write("CALL p()", [FIRST[0], "CREATE PROCEDURE p() INSERT INTO n SELECT count(*) + 1 FROM n, (SELECT SLEEP(2)) AS s"])
    maria.killed_at("INSERT INTO n SELECT")  # which the server shows in place of the CALL
    out = maria.run()
    assert out.status == 9, out
    assert "still at work" in out.err
    assert "V1__five.sql:3: statement 3 of 5" in out.err and "cannot be proved" in out.err and "--resolve 1=applied" in out.err
    assert maria.numbers() == [1], "the server completes it for the dead client"
    maria.sluice.ok("migrate", "--url", maria.database.url, "--dir", maria.folder, "--resolve", "1=applied", "--reason", "looked")
    assert maria.ledger() == [("partial", 3, 5)]
    assert maria.run().status == 0
    assert maria.numbers() == [1, 2, 3] and maria.ledger() == [("applied", 5, 5)]


def test_killed_in_an_index_on_postgres_it_is_awaited_and_adopted(postgres):
    postgres.write("CREATE INDEX CONCURRENTLY n_a ON n (a)")
    blocker = postgres.database.connect()
    blocker.set_session(isolation_level="REPEATABLE READ", autocommit=False)
    blocker.cursor().execute("SELECT 1")  # an index is waited for by all that see the table as it was
    process = postgres.start()
    wait_until(lambda: postgres.at_work("CREATE INDEX"), what="the index at work")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    early = postgres.run("--lock-wait", "0")
    assert early.status == 9 and "still at work" in early.err
    blocker.rollback()
    out = postgres.run()
    assert "V1__five.sql:3: found done by an attempt that was cut off" in out.err
    assert out.status == 0 and postgres.numbers() == [1, 2, 3]
    assert postgres.ledger() == [("applied", 5, 5)]


def test_killed_on_a_file_all_of_it_is_undone_and_applies(request, sluice, tmp_workspace):
    cell = make("sqlite", sluice, request, tmp_workspace)
    mark = tmp_workspace / "paused"
    cell.write(GOOD)
    process = subprocess.Popen(
        [sluice.path, "migrate", "--url", cell.database.url, "--dir", cell.folder],
        env={**os.environ, "SLUICE_TEST_PAUSE_AT": "statement-done:3", "SLUICE_TEST_PAUSE_FILE": str(mark)},
        stderr=subprocess.PIPE,
    )
    wait_until(mark.exists, what="the third statement")
    process.kill()
    process.communicate()
    check_all_once(cell, cell.run())
