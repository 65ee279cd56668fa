"""A statement whose end nobody saw and whose effect cannot be proved: a person says what it did, and the file goes on
behind it or with it, never with another one.  Kills come from outside, also in the middle of the person's word."""

import os
import subprocess

import pytest
from harness.daemon import Daemon
from harness.mariadb import MariaDB
from harness.postgres import Postgres
from harness.wait import wait_until
from harness.workspace import Workspace

DETACH = """INSERT INTO ran VALUES (1);
ALTER TABLE whole DETACH PARTITION part CONCURRENTLY;
INSERT INTO ran VALUES (3);
INSERT INTO ran VALUES (4);
"""
CALL = """CREATE TABLE made (a INT);
CALL p();
ALTER TABLE made ADD COLUMN b INT;
INSERT INTO ran VALUES (4);
"""
REVOKE = """CREATE TABLE made (a INT);
REVOKE SELECT ON {name}.ran FROM {name}@localhost;
ALTER TABLE made ADD COLUMN b INT;
INSERT INTO ran VALUES (4);
"""


def write(folder, text):
    folder.mkdir()
    (folder / "V1__x.sql").write_text(text)
    return folder


def watched(point, mark):
    mark.unlink(missing_ok=True)
    return {"SLUICE_TEST_PAUSE_AT": point, "SLUICE_TEST_PAUSE_FILE": str(mark)}


def answered(run):
    """What the word was answered once the session of whoever asked is gone from the server."""
    last = {}

    def holds():
        last["out"] = run()
        return "locked by" not in last["out"].err

    wait_until(holds, 60, "the lock")
    return last["out"]


class Doubt:
    """A file of four statements, with `sluice migrate` killed around the second one."""

    def __init__(self, sluice, database, folder):
        self.sluice, self.database, self.folder, self.mark = sluice, database, folder, folder.parent / "paused"
        self.ledger = "_sluice_" if isinstance(database, MariaDB) else "sluice."
        self.sessions = (
            f"SELECT count(*) FROM information_schema.processlist WHERE db = '{database.name}' AND id <> CONNECTION_ID()"
            if isinstance(database, MariaDB)
            else "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        self.words = ["migrate", "--url", database.url, "--dir", str(folder)]

    def killed_at(self, point, *words):
        process = subprocess.Popen([self.sluice.path, *self.words, *words], env={**os.environ, **watched(point, self.mark)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_until(lambda: self.mark.exists() or process.poll() is not None, timeout=60, what=f"the point {point}")
        assert process.poll() is None, process.communicate()
        process.kill()
        process.communicate()

    def asked(self):
        out = self.sluice.run(*self.words)
        assert out.status == 9 and "V1__x.sql:2: statement 2 of 4" in out.err and "cannot be proved" in out.err, out
        wait_until(lambda: int(self.database.value(self.sessions)) == 0, 60, "the end of its session")
        return self

    def say(self, word) -> str:
        return self.sluice.ok(*self.words, "--resolve", f"1={word}", "--reason", "looked", "--statement", "2")

    def entry(self):
        ((state, done, total),) = self.database.rows(f"SELECT state, done, total FROM {self.ledger}migration")
        return state, int(done), int(total)

    def ran(self) -> list:
        return [int(a) for (a,) in self.database.rows("SELECT a FROM ran ORDER BY a")]

    def answers(self) -> list:
        return self.database.rows(f"SELECT actor <> '', detail FROM {self.ledger}run WHERE outcome = 'resolved'")


def partitioned(pg):
    pg.execute("SET search_path = public; CREATE TABLE ran (a int); CREATE TABLE whole (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF whole FOR VALUES IN (1)")


def baseline(sluice, url, folder):
    sluice.ok("baseline", "--url", url, "--dir", folder, "--to", "none", "--reason", "made before")


@pytest.mark.parametrize(("point", "word"), [("alone-done", "applied"), ("alone-journaled", "not-applied")])
def test_on_postgres_a_file_goes_on_behind_or_with_the_statement_that_a_person_answered_for(sluice, pg, tmp_workspace, point, word):
    partitioned(pg)
    folder = write(tmp_workspace / "migrations", DETACH)
    baseline(sluice, pg.url, folder)
    doubt = Doubt(sluice, pg, folder)
    doubt.killed_at(point)
    doubt.asked().say(word)
    assert doubt.entry() == ("partial", 2 if word == "applied" else 1, 4) and doubt.ran() == [1]
    sluice.ok(*doubt.words)
    assert doubt.entry() == ("applied", 4, 4) and doubt.ran() == [1, 3, 4]
    assert pg.value("SELECT count(*) FROM pg_inherits") == 0
    assert doubt.answers() == [(True, f"version 1: {word}, statement 2 of 4: looked")]


@pytest.fixture
def maria(sluice, mariadb, tmp_workspace):
    """Its procedure counts how often it ran; another account may read."""
    mariadb.script("CREATE TABLE ran (a INT); CREATE PROCEDURE p() INSERT INTO ran VALUES (2)")
    mariadb.script(f"CREATE USER {mariadb.name}@localhost; GRANT SELECT ON {mariadb.name}.ran TO {mariadb.name}@localhost")
    yield mariadb
    mariadb.script(f"DROP USER {mariadb.name}@localhost")


@pytest.mark.parametrize(("point", "word"), [("alone-done:2", "applied"), ("alone-settled", "not-applied")])
@pytest.mark.parametrize("text", [CALL, REVOKE], ids=["call", "revoke"])
def test_on_mariadb_a_file_goes_on_behind_or_with_the_statement_that_a_person_answered_for(sluice, maria, tmp_workspace, text, point, word):
    """The second one is announced with the first one's end, and ran when it stopped at its own."""
    folder = write(tmp_workspace / "migrations", text.format(name=maria.name))
    baseline(sluice, maria.url, folder)
    doubt = Doubt(sluice, maria, folder)
    doubt.killed_at(point)
    doubt.asked().say(word)
    assert doubt.entry() == ("partial", 2 if word == "applied" else 1, 4)
    sluice.ok(*doubt.words)
    assert doubt.entry() == ("applied", 4, 4)
    assert doubt.ran() == ([2, 4] if text is CALL else [4])
    assert "nothing to do" in sluice.ok(*doubt.words)


@pytest.mark.parametrize("point", ["before-corrected", "corrected"])
@pytest.mark.parametrize("word", ["applied", "not-applied", "file-applied"])
def test_a_word_that_was_cut_off_is_said_again_and_counts_once(sluice, maria, tmp_workspace, word, point):
    folder = write(tmp_workspace / "migrations", CALL)
    baseline(sluice, maria.url, folder)
    doubt = Doubt(sluice, maria, folder)
    doubt.killed_at("alone-settled" if word == "not-applied" else "alone-done:2")
    doubt.asked()
    statement = [] if word == "file-applied" else ["--statement", "2"]
    doubt.killed_at(point, "--resolve", f"1={word}", "--reason", "looked", *statement)
    again = answered(lambda: sluice.run(*doubt.words, "--resolve", f"1={word}", "--reason", "looked", *statement))
    assert again.status == 0 and ("has said so already" in again.out) == (point == "corrected")
    assert len(doubt.answers()) == 1
    sluice.run(*doubt.words)
    assert doubt.entry() == ("applied", 4, 4)
    assert doubt.ran() == ([2] if word == "file-applied" else [2, 4])


# --- the daemon --------------------------------------------------------------------------------------


class Space:
    """A demo workspace without approvals whose daemon died around the second statement of a change on dev, and asks."""

    def __init__(self, sluice, databases, text, prepare, point):
        self.space = Workspace(sluice, databases)
        self.mark = self.space.home / "paused"
        self.space.configure(r"risk:.*", 'risk: [{level: low, when: "true"}]\napprovals: {low: []}\nreview: {preset: none}\n')
        for database in databases.values():
            prepare(database)
        self.space.start()
        self.start(point)
        work = self.space.repository
        work.branch("change/x")
        work.commit({"migrations/V2__x.sql": text})
        work.git("push", "-q", "origin", "change/x")
        work.git("push", "-q", "origin", "change/x:main")
        wait_until(lambda: self.mark.exists() or self.space.ask_store("SELECT count(*) FROM change WHERE held = 1"), 60, "the merge")
        with self.told("resume", "1", "--reason", "looked at"):
            self.killed()
        self.space.start(settled=False)
        self.space.wait_awaited(1, "needs a human")
        (task,) = self.space.stage(1, "dev")["tasks"]
        self.number = task["id"]

    def start(self, point):
        self.space.stop()
        self.space.daemon = Daemon([self.space.sluice.path, "serve", "-c", self.space.config], cwd=self.space.home, env=watched(point, self.mark))
        self.space.daemon.wait_for_log("listening")

    def killed(self):
        wait_until(self.mark.exists, 60, "the point")
        self.space.kill()

    def told(self, *words):
        """By dana, whose answer may not come: the daemon stops where it is to be killed."""
        env = {**os.environ, "SLUICE_CONFIG": str(self.space.config), "SLUICE_TOKEN": self.space.token("dana")}
        return subprocess.Popen([self.space.sluice.path, *words], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def resolve(self, word):
        return answered(lambda: self.space.run("resolve", self.number, f"--{word}", "--statement", "2", "--reason", "looked", who="dana"))


@pytest.fixture
def asking(sluice, tmp_workspace):
    made, databases = [], {}

    def make(kind, text, prepare, point):
        databases.update({name: kind.create() for name in ("dev", "prod")})
        made.append(Space(sluice, databases, text, prepare, point))
        return made[-1]

    yield make
    for one in made:
        one.space.close()
    for database in databases.values():
        database.drop()


def applied_once(asking, ran):
    """By itself: dev goes on, and prod, where nothing was cut off, runs all of it."""
    asking.space.wait_change(1, "done", timeout=60)
    for database in asking.space.targets.values():
        assert [int(a) for (a,) in database.rows("SELECT a FROM ran ORDER BY a")] == ran
    (dev, prod) = (asking.space.history(name)[0] for name in ("dev", "prod"))
    assert (dev["outcome"], dev["steps_done"]) == ("applied", 2) and (prod["outcome"], prod["steps_done"]) == ("applied", 4)
    rows = [row for row in asking.space.json("audit")["audit"] if row["action"] == "task.resolve" and not row["refused"]]
    assert [(row["by"], row["detail"]) for row in rows] == [("dana", "looked (V2__x.sql: statement 2 of 4 took effect; it goes on at statement 3)")]


def test_the_daemon_goes_on_behind_what_a_person_answered_for_on_postgres(asking):
    asking = asking(Postgres, DETACH, partitioned, "alone-done")
    assert "`sluice resolve TASK --applied` or `--not-applied`" in asking.space.change(1)["waits_for"]
    third = asking.space.run("resolve", asking.number, "--applied", "--statement", "3", "--reason", "x", who="dana")
    assert third.status == 6 and "statement 2 of 4 is in doubt, not 3" in third.err
    said = asking.resolve("applied")
    assert said.out == f"task {asking.number} resolved: V2__x.sql: statement 2 of 4 took effect; it goes on at statement 3\n", said
    applied_once(asking, [1, 3, 4])


def procedure(database):
    database.script("CREATE TABLE ran (a INT); CREATE PROCEDURE p() INSERT INTO ran VALUES (2)")


def test_the_daemon_goes_on_behind_what_a_person_answered_for_on_mariadb(asking):
    asking = asking(MariaDB, CALL, procedure, "alone-done:2")
    assert asking.resolve("applied").status == 0
    applied_once(asking, [2, 4])


@pytest.mark.parametrize("point", ["before-corrected", "corrected"])
def test_a_daemon_that_was_killed_in_the_middle_of_a_word_is_told_again(asking, point):
    asking = asking(Postgres, DETACH, partitioned, "alone-done")
    asking.start(point)
    with asking.told("resolve", str(asking.number), "--applied", "--reason", "looked") as person:
        asking.killed()
    assert person.returncode == 9, "nobody can say whether it was written"
    asking.space.start(settled=False)
    assert "needs a human" in asking.space.change(1)["waits_for"]
    if point == "corrected":
        denied = asking.resolve("not-applied")
        assert denied.status == 6 and "dana has said otherwise" in denied.err
    said = asking.resolve("applied")
    assert ("has said so already" in said.out) == (point == "corrected"), said
    asking.space.wait_change(1, "done", timeout=60)
    assert asking.space.targets["dev"].rows("SELECT a FROM ran ORDER BY a") == [(1,), (3,), (4,)]
    assert asking.space.targets["dev"].value("SELECT count(*) FROM sluice.run WHERE outcome = 'resolved'") == 1
