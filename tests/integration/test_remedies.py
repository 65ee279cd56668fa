"""What a new user meets first: each mistake is one line with the object, the cause and what to do."""

import pytest
from harness.files import write
from harness.workspace import SAFE, Workspace

NO_FILE = "nope.yaml: there is no such file; name another with -c, or let `sluice init` make one"


@pytest.fixture
def here(tmp_workspace):
    write(tmp_workspace / "m", {"V1__a.sql": "CREATE TABLE t (a INTEGER PRIMARY KEY);\n"})
    (tmp_workspace / "empty").mkdir()
    return tmp_workspace


@pytest.mark.parametrize(
    "words, status, said",
    [
        (["snapshot", "--url", "sqlite:no.db"], 3, "no.db does not exist; name a file that does, or let `sluice migrate` make it"),
        (["diff", "sqlite:no.db", "sqlite:no.db"], 3, "no.db does not exist; name a file that does, or let `sluice migrate` make it"),
        (["migrate", "--url", "sqlite:no/a.db", "--dir", "m"], 3, "no/a.db cannot be made: its folder is not there, or may not be written; mend that and"),
        (["migrate", "--url", "app.db", "--dir", "m"], 2, "database URL app.db: begin it with sqlite:, postgres:// or mysql://"),
        (["migrate", "--url", "ana:secret@db/app", "--dir", "m"], 2, "database URL: begin it with sqlite:, postgres:// or mysql://"),
        (["migrate", "--url", "sqlite:a.db", "--dir", "m/V1__a.sql"], 2, "--dir: m/V1__a.sql: it is a file; name the folder that it is in"),
        (["snapshot", "--url", "postgres://ana@127.0.0.1:1/app"], 3, "Connection refused; is it running, and are host, port and name in the URL right?"),
        (["status", "-c", "nope.yaml"], 2, NO_FILE),
        (["serve", "-c", "nope.yaml"], 2, NO_FILE),
        (["config", "check", "nope.yaml"], 2, NO_FILE),
        (["hook", "install", "nope.git"], 2, "nope.git: there is no such folder; name the bare repository that people push to"),
        (["change", "shwo", "1"], 2, "unknown command 'change shwo', did you mean 'change show'?"),
        (["version", "x"], 2, "unexpected 'x', usage: sluice version\n"),
    ],
)
def test_a_mistake_is_one_line_with_its_remedy(sluice, here, words, status, said):
    done = sluice.run(*words)
    assert (done.status, done.out, done.err.count("\n")) == (status, "", 1), done
    assert done.err.startswith("sluice: ") and said in done.err and "secret" not in done.err


def test_a_folder_without_a_migration_is_not_simply_green(sluice, here):
    done = sluice.run("review", "--engine", "sqlite", "empty", "m")
    assert (done.status, done.err) == (0, "empty: there is no migration in it\n")


def test_a_login_that_may_not_is_told_what_to_look_at(sluice, here, pg):
    role = f"{pg.name}_reader"
    pg.execute(f"CREATE ROLE {role} LOGIN")
    try:
        done = sluice.run("migrate", "--url", pg.url_of(role), "--dir", "m")
    finally:
        pg.execute(f"DROP ROLE {role}")
    remedy = "; are the user of the URL, its rights and its password (--password env:NAME or file:/PATH) right?"
    assert done.status == 4 and f"permission denied for database {pg.name} (42501){remedy}" in done.err


def test_names_that_nobody_knows_come_with_those_that_are_known(sluice, tmp_workspace):
    made = Workspace(sluice, store="sqlite")
    try:
        made.start()
        made.repository.branch("change/discount")
        made.repository.commit({"migrations/V2__discount.sql": SAFE}, "orders get a discount")
        made.repository.push("change/discount")
        made.wait_change(1, "open")
        for words, said in (
            (["wait", "--commit", made.repository.head(), "--environment", "prdo"], "environment prdo: unknown; did you mean prod?"),
            (["wait", "--commit", made.repository.head(), "--environment", "elsewhere"], "environment elsewhere: unknown; there is dev, prod"),
            (["drift", "pord"], "there is no target pord in the configuration; did you mean prod?"),
            (["history", "--target", "nowhere"], "there is no target nowhere in the configuration; there is dev, prod"),
            (["approve", "1", "--environment", "pord"], "change 1 has no stage pord; did you mean prod?"),
        ):
            done = made.run(*words, who="dana")
            assert done.status == 5 and said in done.err, done
        second = sluice.run("serve", "-c", made.config)
        assert second.status == 6 and "another Sluice works with it" in second.err and "locked by process" in second.err
        assert "stop that one, or name another store" in second.err and second.err.count("\n") == 1
    finally:
        made.close()


def test_a_schema_of_the_ledgers_name_that_is_somebody_elses_is_said_to_be(sluice, pg, folder):
    pg.execute("CREATE SCHEMA sluice; CREATE TABLE sluice.run (id int)")
    folder.mkdir()
    (folder / "V1__a.sql").write_text("CREATE TABLE t (a int);\n")
    out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--lock-wait", "0")
    assert out.status == 9, out
    assert "holds tables of somebody else" in out.err
    assert pg.value("SELECT to_regclass('t')") is None
