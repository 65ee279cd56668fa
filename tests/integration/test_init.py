"""sluice init: a repository and databases that were there before, from nothing to a walked change."""

import contextlib
import os
import pathlib
import pty
import re
import shutil
import sqlite3
import subprocess
import tempfile

import pytest

from harness.daemon import Daemon
from harness.history import TOOLS, Dbmate, Flyway, Goose, Sqlx
from harness.program import environment
from harness.wait import wait_until
from harness.workspace import Sqlite, ledger

FIVE = ("five", "INSERT INTO hit (id) VALUES (5);\n")


class Home:
    """A bare repository, two databases, and a folder in which init is called."""

    def __init__(self, sluice):
        self.sluice = sluice
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="sluice-i-"))
        self.bare = self.root / "shop.git"
        self.work = self.root / "work"
        self.daemon = None
        self.databases = {name: Sqlite(self.root / f"{name}.db") for name in ("dev", "prod")}
        for database in self.databases.values():
            database.path.touch()
        self.config = self.root / "sluice.yaml"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.bare], check=True)
        subprocess.run(["git", "clone", "-q", self.bare, self.work], check=True, capture_output=True)
        self.git("config", "user.name", "Ana")
        self.git("config", "user.email", "ana@example.com")
        self.git("checkout", "-q", "-B", "main")

    def close(self):
        if self.daemon:
            self.daemon.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    def git(self, *words):
        done = subprocess.run(["git", *words], cwd=self.work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def commit(self, files, message="migrations", push=("main",)):
        for path, text in files.items():
            (self.work / path).parent.mkdir(parents=True, exist_ok=True)
            (self.work / path).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        self.git("push", "-q", "origin", *push)

    def init(self, *more, targets=("dev", "prod"), repo=None):
        words = [f"--target={self.databases[name].url}" for name in targets]
        return self.sluice.run("init", "--repo", repo or self.bare, *words, "--listen", "127.0.0.1:0", *more, cwd=self.root)

    def serve(self):
        text = self.config.read_text()
        assert self.sluice.run("config", "check", self.config).status == 0, text
        self.config.write_text(text.replace("server:\n", "server:\n  poll: 100ms\n"))
        self.daemon = Daemon([self.sluice.path, "serve", "-c", self.config], cwd=self.root)
        self.daemon.wait_for_log("listening")
        wait_until(self.seen, what="the first sight of the branch")

    def seen(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.root}/sluice-data/store.db?mode=ro", uri=True, timeout=10)) as store:
            return store.execute("SELECT count(*) FROM project WHERE settled").fetchone()[0] >= 1

    def json(self, *words):
        done = self.sluice.run(*words, "--output", "json", "-c", self.config)
        assert done.status == 0, done.err
        return done.json()

    def changes(self):
        return {change["id"]: change for change in self.json("change", "list")["changes"]}

    def wait_done(self, number):
        wait_until(lambda: self.changes().get(number, {}).get("state") == "done", 30, f"the end of change {number}")


@pytest.fixture
def home(sluice, tmp_workspace):
    made = Home(sluice)
    yield made
    made.close()


def hits(database) -> list:
    return [row[0] for row in database.rows("SELECT id FROM hit ORDER BY id")]


def is_clean(home):
    return not home.config.exists() and not (home.root / "sluice-data").exists()


# --- from zero to a walked change ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", TOOLS)
def test_a_repository_of_each_tool_is_attached_and_a_change_walks(home, kind):
    tools = [kind(database) for database in home.databases.values()]
    for tool in tools:
        tool.run(3)
    home.commit({f"db/migrations/{path}": text for path, text in tools[0].files().items()})
    done = home.init("--adopt", "--alone")
    assert done.status == 0, done.err
    assert f"branch main: db/migrations, layout {tools[0].layout}, 4 migrations" in done.out
    assert done.out.count(f"{tools[0].name} applied 3 of 4 ({tools[0].table}), 1 pending") == 2
    home.serve()
    home.wait_done(1)
    change = home.json("change", "show", 1)["change"]
    assert change["kind"] == "initial" and [file["path"] for file in change["files"]] == [f"db/migrations/{tools[0].path(4)}"]
    path, text = tools[0].file(5, *FIVE)
    home.git("switch", "-q", "-c", "change/five")
    home.commit({f"db/migrations/{path}": text}, "five", push=("change/five", "change/five:main"))
    home.wait_done(2)
    for database in home.databases.values():
        assert hits(database) == [2, 3, 4, 5]
        assert sorted(state for _, state in ledger(database)) == ["adopted"] * 3 + ["applied"] * 2


def test_plain_files_and_empty_databases_need_no_word(home):
    home.commit({"migrations/1_hit.sql": "CREATE TABLE hit (id INTEGER NOT NULL);\n", "migrations/2_two.sql": "INSERT INTO hit (id) VALUES (2);\n"})
    done = home.init("--alone")
    assert done.status == 0 and done.out.count("empty, 2 pending") == 2, done.err
    assert "history:" not in home.config.read_text()
    home.serve()
    home.wait_done(1)
    assert [hits(database) for database in home.databases.values()] == [[2], [2]]


def test_a_set_per_engine_is_one_folder_for_both_engines(home, pg):
    home.databases["prod"] = pg
    for name, kind in (("sqlite", "INTEGER"), ("postgresql", "bigint")):
        home.commit({f"server/migrations/{name}/1_hit.sql": f"CREATE TABLE hit (id {kind} NOT NULL);\n"}, name)
    done = home.init("--alone")
    assert done.status == 0 and "server/migrations, layout plain, 1 migration\n" in done.out, done.err
    home.serve()
    home.wait_done(1)
    assert pg.value("SELECT data_type FROM information_schema.columns WHERE table_name = 'hit'") == "bigint"
    assert home.databases["dev"].value("SELECT type FROM pragma_table_info('hit')") == "INTEGER"


def test_a_work_tree_is_attached_by_any_folder_in_it_and_stays_clean(home):
    home.commit({"migrations/1_hit.sql": "CREATE TABLE hit (id INTEGER NOT NULL);\n"})
    done = home.sluice.run("init", "--repo", "migrations", "--target", home.databases["dev"].url, "--alone", cwd=home.work)
    assert done.status == 0 and f"{home.work}, branch main: migrations" in done.out, done.err
    assert home.git("status", "--short").split() == ["??", "sluice.yaml"]


# --- what was found decides what is written ------------------------------------------------------------


def test_without_the_word_nothing_is_taken_over_and_the_file_says_how(home):
    tool = Flyway(home.databases["prod"])
    tool.run(3)
    home.commit({f"sql/{path}": text for path, text in tool.files().items()})
    done = home.init(targets=("prod",))
    assert done.status == 0 and "nothing runs there until you say `sluice target adopt shop-prod`" in done.out
    assert "history: ask" in home.config.read_text()
    assert ledger_is_missing(home.databases["prod"])


def ledger_is_missing(database) -> bool:
    return not database.rows("SELECT 1 FROM sqlite_schema WHERE name = '_sluice_migration'")


def test_a_history_in_a_bad_state_is_told_before_anything_is_written(home):
    tool = Flyway(home.databases["prod"])
    tool.run(3)
    tool.insert(4, success=False)
    home.commit({f"sql/{path}": text for path, text in tool.files().items()})
    done = home.init("--adopt", targets=("prod",))
    assert done.status == 6 and "V4__four.sql: Flyway has it as failed or unfinished" in done.err and "flyway repair" in done.err
    assert is_clean(home)


def test_the_table_of_sqlx_tells_its_files_from_plain_ones(home):
    tool = Sqlx(home.databases["prod"])
    tool.run(3)
    home.commit({f"migrations/{path}": text for path, text in tool.files().items()})
    assert "layout sqlx, 4 migrations" in home.init("--adopt", targets=("prod",)).out
    assert "layout: sqlx" in home.config.read_text()


def test_tables_without_a_history_get_the_exact_baseline_to_run(home):
    tool = Dbmate(home.databases["prod"])
    tool.run(3)
    home.databases["prod"].execute("DROP TABLE schema_migrations")
    home.commit({f"db/{path}": text for path, text in tool.files().items()})
    done = home.init(targets=("prod",))
    assert done.status == 0 and re.search(r"sluice baseline --url sqlite:\S+ --dir \S*db --layout dbmate --to 20240104120000", done.out)


def test_a_baseline_can_be_said_at_once(home):
    tools = [Goose(database) for database in home.databases.values()]
    for tool in tools:
        tool.run(3)
        tool.database.execute("DROP TABLE goose_db_version")
    home.commit({f"db/{path}": text for path, text in tools[0].files().items()})
    done = home.init("--baseline", "dev=3", "--baseline", "prod=2", "--alone")
    assert done.status == 0 and "shop-dev: baseline at 3, 3 will not run" in done.out, done.err
    assert [state for _, state in ledger(home.databases["prod"])] == ["baseline", "baseline"]
    home.databases["prod"].execute("DELETE FROM hit WHERE id = 3")
    home.serve()
    home.wait_done(1)
    assert [hits(database) for database in home.databases.values()] == [[2, 3, 4], [2, 3, 4]]


def test_a_baseline_at_no_version_of_the_folder_leaves_nothing_behind(home):
    tool = Goose(home.databases["prod"])
    tool.run(3)
    tool.database.execute("DROP TABLE goose_db_version")
    home.commit({f"db/{path}": text for path, text in tool.files().items()})
    done = home.init("--baseline", "9", targets=("prod",))
    assert done.status == 2 and "version 9" in done.err and is_clean(home)


def test_environments_are_named_by_their_word_their_place_or_the_address(home):
    home.commit({"migrations/1_hit.sql": "CREATE TABLE hit (id INTEGER NOT NULL);\n"})
    urls = []
    for name in ("a", "b", "c"):
        database = home.root / f"{name}.db"
        database.touch()
        urls.append(f"sqlite:{database}")

    def named(*targets):
        home.config.unlink(missing_ok=True)
        words = [f"--target={target}" for target in targets]
        done = home.sluice.run("init", "--repo", home.bare, *words, cwd=home.root)
        assert done.status == 0, done.err
        return re.findall(r'^    environment: "(.*)"', home.config.read_text(), flags=re.M)

    assert named(urls[0]) == ["prod"]
    assert named(*urls) == ["dev", "staging", "prod"]
    assert named(f"blue={urls[0]}", urls[1]) == ["blue", "prod"]
    assert named(home.databases["prod"].url, home.databases["dev"].url) == ["prod", "dev"]
    assert named(f"prod={urls[0]}", f"prod={urls[1]}") == ["prod", "prod"]
    assert 'name: "shop-prod-2"' in home.config.read_text()


def test_secrets_are_references_in_the_file(home, pg):
    home.commit({"migrations/1_hit.sql": "CREATE TABLE hit (id INTEGER NOT NULL);\n"})
    words = ("init", "--repo", home.bare, "--target", pg.url, "--password", "prod=env:SHOP_PROD")
    done = home.sluice.run(*words, cwd=home.root)
    assert done.status == 2 and "SHOP_PROD" in done.err and is_clean(home)
    done = home.sluice.run(*words, cwd=home.root, env={"SHOP_PROD": "s3cret-word"})
    assert done.status == 0, done.err
    text = home.config.read_text()
    assert 'password: "env:SHOP_PROD"' in text and "s3cret-word" not in text + done.out + done.err
    done = home.sluice.run("init", "--repo", home.bare, "--target", pg.url, "--password", "s3cret-word", "-c", "other.yaml", cwd=home.root)
    assert done.status == 2 and "s3cret-word" not in done.err


def test_people_are_the_account_that_asks_and_those_who_are_named(home):
    home.commit({"migrations/1_hit.sql": "CREATE TABLE hit (id INTEGER NOT NULL);\n"})
    done = home.init("--approver", "dana=dana@example.com", "--email", "ana@example.com")
    assert done.status == 0 and "You are the only one" not in done.out
    text = home.config.read_text()
    assert '{name: "dana", unix: "dana", email: "dana@example.com"}' in text and 'email: "ana@example.com"' in text
    assert "high: [{role: dba, count: 1}]" in text
    home.serve()
    wait_until(lambda: "waiting for 1 of 1 approvals (dba)" in home.changes().get(1, {}).get("waits_for", ""), what="the approval")


def test_the_hook_is_installed_only_when_told(home):
    home.commit({"migrations/1_hit.sql": "CREATE TABLE hit (id INTEGER NOT NULL);\n"})
    hook = home.bare / "hooks" / "post-receive"
    assert home.init().status == 0 and not hook.exists()
    home.config.unlink()
    assert home.init("--hook").status == 0 and hook.exists()


def test_programs_read_what_was_found_as_json(home):
    tool = Flyway(home.databases["prod"])
    tool.run(3)
    home.commit({f"sql/{path}": text for path, text in tool.files().items()})
    found = home.init("--output", "json").json()
    assert found["layout"] == "flyway" and found["folder"] == "sql" and found["adopt"] is False and found["configuration"] == str(home.config)
    assert [(row["name"], row["state"], row["tool"], row["applied"], row["pending"]) for row in found["targets"]] == [
        ("shop-dev", "empty", "", 0, 4),
        ("shop-prod", "history", "Flyway", 3, 1),
    ]


# --- refusals: one line, and nothing is left behind ----------------------------------------------------


def test_a_file_that_is_there_is_never_written_over(home):
    home.commit({"migrations/1_hit.sql": "SELECT 1;\n"})
    home.config.write_text("mine\n")
    done = home.init()
    assert done.status == 6 and "is not written over" in done.err and home.config.read_text() == "mine\n"


def test_several_folders_are_listed_and_one_can_be_named(home):
    home.commit({"a/migrations/1_hit.sql": "SELECT 1;\n", "b/migrations/V1__hit.sql": "SELECT 1;\n"})
    done = home.init()
    assert done.status == 2 and "a/migrations (plain), b/migrations (flyway); say which one with --dir" in done.err and is_clean(home)
    assert "b/migrations, layout flyway" in home.init("--dir", "b/migrations").out


def test_folders_of_tests_and_examples_stand_back(home):
    home.commit({"migrations/1_hit.sql": "SELECT 1;\n", "tests/migrations/1_hit.sql": "SELECT 1;\n", "vendor/x/migrations/V1__x.sql": "SELECT 1;\n"})
    assert ": migrations, layout plain" in home.init().out


UNREAD = {
    "sqitch": {"sqitch.plan": "%syntax-version=1.0.0\n", "deploy/users.sql": "SELECT 1;\n"},
    "liquibase": {"db/changelog.sql": "--liquibase formatted sql\n--changeset ana:1\nSELECT 1;\n", "db/db.changelog-master.xml": "<databaseChangeLog/>\n"},
    "liquibase in SQL alone": {"db/orders.sql": "\n--  Liquibase formatted SQL\n--changeset ana:1\nSELECT 1;\n"},
    "liquibase in XML alone": {"src/changelog.xml": "<databaseChangeLog/>\n"},
    "atlas": {"migrations/20240101000000_a.sql": "SELECT 1;\n", "migrations/atlas.sum": "h1:x\n"},
    "drizzle": {"drizzle/0000_a.sql": "SELECT 1;\n", "drizzle/meta/_journal.json": "{}\n"},
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_layout_that_is_not_read_is_refused_by_name(home, name):
    home.commit(UNREAD[name])
    done = home.init()
    assert done.status == 2 and f"a folder of {name.split()[0]} cannot be read yet" in done.err, done.err
    assert is_clean(home)


def test_what_is_missing_is_said_and_nothing_is_left_behind(home, sluice):
    assert home.init().status == 2 and is_clean(home)
    home.commit({"README.md": "nothing here\n"})
    done = home.init()
    assert done.status == 2 and "say which one with --dir" in done.err and is_clean(home)
    home.commit({"migrations/1_hit.sql": "SELECT 1;\n"})
    done = sluice.run("init", "--repo", home.bare, cwd=home.root)
    assert done.status == 2 and "--target" in done.err and is_clean(home)
    done = sluice.run("init", "--repo", home.root / "nowhere", "--target", home.databases["dev"].url, cwd=home.root)
    assert done.status == 2 and "there is no such folder" in done.err and is_clean(home)
    done = sluice.run("init", "--repo", home.bare, "--target", "sqlite:no.db", cwd=home.root)
    assert done.status == 3 and "no.db" in done.err and is_clean(home)
    done = home.init("--branch", "trunk")
    assert done.status == 2 and "no branch trunk" in done.err and is_clean(home)


# --- at a terminal --------------------------------------------------------------------------------------


def converse(home, words, answers):
    """Runs init at a terminal; each answer is given to the question that holds its key."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([home.sluice.path, *map(str, words)], cwd=home.root, env=environment(None), stdin=follower, stdout=follower, stderr=follower, close_fds=True)
    os.close(follower)
    text, asked = "", []
    with contextlib.suppress(OSError):  # the end of a terminal is an error to read
        while chunk := os.read(leader, 4096):
            text += chunk.decode()
            for key, answer in answers.items():
                if key in text and key not in asked:
                    asked.append(key)
                    os.write(leader, f"{answer}\n".encode())
    os.close(leader)
    return process.wait(20), text, asked


def test_at_a_terminal_each_question_is_asked_once(home):
    tool = Flyway(home.databases["prod"])
    tool.run(3)
    home.commit({f"sql/{path}": text for path, text in tool.files().items()})
    answers = {"Which repository?": home.bare, "Which database?": home.databases["prod"].url, "never runs again?": "y", "Who else approves": "dana dana@example.com"}
    status, text, asked = converse(home, ["init"], answers)
    assert status == 0 and asked == list(answers), text
    assert all(text.count(question) == 1 for question in answers)
    written = home.config.read_text()
    assert "history: adopt" in written and '"dana@example.com"' in written
