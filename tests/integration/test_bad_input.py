"""What people do wrong and what disks and networks do: one clear line, the right status, nothing lost, no secret shown."""

import contextlib
import os
import pathlib
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading

import pytest
from harness.daemon import Daemon
from harness.disk import Disk
from harness.postgres import Postgres
from harness.program import Program
from harness.wait import wait_until
from harness.workspace import SAFE, Workspace, columns, ledger

TABLE = "CREATE TABLE t (a INTEGER PRIMARY KEY);\n"
SECRET = "hunter2-in-the-clear"


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def said(result, status, *words) -> str:
    """The only line on standard error; it has the words, and the status is right."""
    assert result.status == status, result
    assert result.err.count("\n") == 1, result.err
    assert result.err.startswith("sluice: "), result.err
    for word in words:
        assert str(word) in result.err, result.err
    return result.err


def ask(path, sql):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def folder(tmp_workspace):
    return tmp_workspace / "m"


@pytest.fixture
def disk(tmp_path):
    made = Disk(tmp_path / "disk")
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_workspace):
    """(url, count): an empty database, and the rows of a table in it, asked without the program."""
    if request.param == "sqlite":
        yield f"sqlite:{tmp_workspace}/dev.db", lambda table: ask(tmp_workspace / "dev.db", f"SELECT count(*) FROM {table}")[0][0]
        return
    made = Postgres.create()
    yield made.url, lambda table: made.value(f"SELECT count(*) FROM {table}")
    made.drop()


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"V1__a.sql": TABLE, "V2__b.sql": b"SELECT 'caf\xe9';\n"}, ["V2__b.sql:1", "not UTF-8", "save the file as UTF-8"]),
        ({"V1__a.sql": TABLE, "V2__b.sql": b"SELECT 1;\0\n"}, ["V2__b.sql", "NUL"]),
        ({"V1__a.sql": TABLE, "V01.0__b.sql": "SELECT 1;\n"}, ["V1__a.sql", "V01.0__b.sql"]),
    ],
    ids=["not-utf8", "nul", "version-twice"],
)
def test_a_wrong_file_stops_all_of_them_on_both_engines(sluice, folder, database, files, words):
    url, count = database
    write(folder, files)
    said(sluice.run("migrate", "--url", url, "--dir", folder), 2, *words)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {name: text if isinstance(text, bytes) else text.encode() for name, text in files.items()}
    with pytest.raises(Exception, match="no such table|does not exist"):
        count("t")


def test_files_without_a_statement_are_told_at_review_and_applied_as_nothing(sluice, folder, database):
    url, _ = database
    write(folder, {"V1__empty.sql": "", "V2__words.sql": "-- later\n/* or never */\n", "V3__bom.sql": b"\xef\xbb\xbf"})
    engine = url.split(":")[0]
    review = sluice.run("review", "--engine", engine, "--format", "json", folder)
    assert review.status == 0
    assert review.json()["summary"] == {"error": 0, "warning": 0, "notice": 3}
    sluice.ok("migrate", "--url", url, "--dir", folder)
    (target,) = sluice.run("migrate", "--url", url, "--dir", folder, "--output", "json").json()["targets"]
    assert target["outcome"] == "nothing"


def test_a_mark_at_the_begin_and_carriage_returns_are_no_part_of_the_sql(sluice, folder, database):
    url, count = database
    write(folder, {"V1__a.sql": b"\xef\xbb\xbfCREATE TABLE t (a INTEGER PRIMARY KEY);\r\n\r\nINSERT INTO t VALUES (1);\r\nINSERT INTO nope VALUES (1);\r\n"})
    said(sluice.run("migrate", "--url", url, "--dir", folder), 8, "V1__a.sql:4:", "nope")
    write(folder, {"V1__a.sql": b"\xef\xbb\xbfCREATE TABLE t (a INTEGER PRIMARY KEY);\r\n\r\nINSERT INTO t VALUES (1);\r\n"})
    sluice.ok("migrate", "--url", url, "--dir", folder)
    assert count("t") == 1
    review = sluice.run("review", "--engine", url.split(":")[0], folder)
    assert (review.status, review.out) == (0, "nothing to object to in 1 migration\n")


def test_deep_nesting_is_told_and_either_runs_or_fails_whole(sluice, folder, database):
    url, count = database
    write(folder, {"V1__a.sql": TABLE + "INSERT INTO t SELECT 1 WHERE " + "NOT " * 5000 + "(1 = 1);\n"})
    review = sluice.run("review", "--engine", url.split(":")[0], "--format", "json", folder)
    assert review.status in (0, 1)
    assert "statement-not-reviewed" in [finding["rule"] for finding in review.json()["files"][0]["findings"]]
    result = sluice.run("migrate", "--url", url, "--dir", folder)
    if result.status == 0:
        assert count("t") == 1
        return
    said(result, 8, "V1__a.sql:2", "nothing of it remains")
    with pytest.raises(Exception, match="no such table|does not exist"):
        count("t")


def test_a_statement_of_8_mb_is_applied_and_reviewed_within_memory(sluice, folder, database):
    url, count = database
    rows = ",\n".join(f"({i}, 'a text that fills the row of this table')" for i in range(170_000))
    write(folder, {"V1__a.sql": f"CREATE TABLE big (a INTEGER PRIMARY KEY, b VARCHAR(99));\nINSERT INTO big VALUES {rows};\n"})
    assert (folder / "V1__a.sql").stat().st_size > 8_000_000
    limited = Program("/usr/bin/prlimit")
    roomy = b"__asan_init" in pathlib.Path(sluice.path).read_bytes()  # a sanitizer maps far more than it uses
    review = limited.run("--as=unlimited" if roomy else "--as=400000000", sluice.path, "review", "--engine", url.split(":")[0], "--format", "json", folder)
    assert review.status in (0, 1), review.err
    (file,) = review.json()["files"]
    assert [(finding["rule"], finding["line"]) for finding in file["findings"]] == [("statement-not-reviewed", 2)]
    assert "longer than" in file["findings"][0]["message"]
    done = limited.run("--as=unlimited" if roomy else "--as=1000000000", sluice.path, "migrate", "--url", url, "--dir", folder)
    assert done.status == 0, done.err
    assert count("big") == 170_000


# --- folders and names -------------------------------------------------------------------------


def test_a_folder_that_is_not_there_or_is_a_file_is_said(sluice, folder):
    for name in ("nowhere", "file"):
        write(folder, {"file": "x"})
        said(sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder / name), 2, folder / name)
    said(sluice.run("review", "--engine", "sqlite", folder / "nowhere"), 2, folder / "nowhere")
    assert not pathlib.Path("dev.db").exists()


def test_a_pipe_with_the_name_of_a_migration_is_no_empty_migration(sluice, folder):
    write(folder, {"V1__a.sql": TABLE})
    os.mkfifo(folder / "V2__b.sql")
    for command in (["migrate", "--url", "sqlite:dev.db", "--dir", folder], ["review", "--engine", "sqlite", folder]):
        said(sluice.run(*command, timeout=10), 2, "V2__b.sql", "no regular file")


def test_a_folder_without_a_migration_is_told_since_it_may_be_the_wrong_one(sluice, folder):
    write(folder, {"README.md": "soon\n"})
    done = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder)
    assert done.status == 0 and "nothing to do" in done.out and f"{folder}: there is no migration in it" in done.err


def test_links_that_go_in_a_circle_do_not_take_the_reader_along(sluice, folder):
    write(folder, {"V1__a.sql": TABLE})
    write(folder / "inner", {"readme": "x"})
    for name, to in (("self", "."), ("inner/up", ".."), ("inner/again", "../inner"), ("one", "two"), ("two", "one")):
        (folder / name).symlink_to(to)
    assert sluice.run("review", "--engine", "sqlite", folder, timeout=10).status == 0
    assert "applied 1 migration" in sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder, timeout=10)
    for name, to in (("V2__b.sql", "V3__c.sql"), ("V3__c.sql", "V2__b.sql")):
        (folder / name).symlink_to(to)
    for words in (("review", "--engine", "sqlite", folder), ("migrate", "--url", "sqlite:dev.db", "--dir", folder)):
        said(sluice.run(*words), 2, "V2__b.sql", "symbolic links")
    assert ask("dev.db", "SELECT version FROM _sluice_migration") == [("1",)]


@pytest.mark.parametrize("words", [("review", "--engine", "sqlite"), ("migrate", "--url", "sqlite:dev.db", "--dir")], ids=["review", "migrate"])
def test_a_link_out_of_the_folder_is_never_read(sluice, folder, tmp_path, words):
    write(tmp_path / "elsewhere", {"secret.sql": "SELECT 'nobody sees this';\n"})
    write(folder, {"V1__a.sql": TABLE})
    for to in (tmp_path / "elsewhere/secret.sql", "../../elsewhere/secret.sql"):
        (folder / "V2__b.sql").symlink_to(to)
        done = sluice.run(*words, folder)
        said(done, 2, "V2__b.sql", "a symbolic link out of the folder")
        assert "nobody" not in done.out + done.err and not pathlib.Path("dev.db").exists()
        (folder / "V2__b.sql").unlink()


def test_links_inside_the_folder_are_read_with_a_notice_and_the_folder_may_be_one(sluice, folder):
    write(folder / "..data", {"V1__a.sql": TABLE, "V2__b.sql": "CREATE TABLE u (id integer PRIMARY KEY);\n"})
    for name in ("V1__a.sql", "V2__b.sql"):
        (folder / name).symlink_to(f"..data/{name}")
    (folder / "more").symlink_to("..data")
    pathlib.Path("link").symlink_to(folder)
    done = sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", "link")
    assert done.status == 0 and "applied 2 migrations" in done.out
    assert "link/V1__a.sql and 1 more: read through a symbolic link" in done.err
    assert "link/more: left out, a symbolic link to a folder is not followed" in done.err
    reviewed = sluice.run("review", "--engine", "sqlite", "link")
    assert reviewed.status == 0 and "link/V1__a.sql and 1 more: read through a symbolic link" in reviewed.err


def test_more_files_than_anybody_has_are_refused_and_many_are_read(sluice, folder):
    folder.mkdir()
    for i in range(1, 3001):
        (folder / f"V{i}__x.sql").write_text("INSERT INTO t VALUES (1);\n")
    assert "3000 migrations would run" in sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--dry-run")
    for i in range(50_000):
        (folder / f"x{i}").touch()
    for words in (("review", "--engine", "sqlite", folder), ("migrate", "--url", "sqlite:dev.db", "--dir", folder)):
        said(sluice.run(*words), 2, folder, "more than 50000 files")


EVIL = "ev\x1b[31mil\n+ table fake\u009b1m\u202e"


def on_a_terminal(sluice, *words) -> str:
    """What the command shows where standard output is a terminal."""
    done = subprocess.run(["script", "-qec", shlex.join([sluice.path, *map(str, words)]), "/dev/null"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout.replace("\r\n", "\n")


def test_names_of_objects_are_inert_wherever_they_are_listed(sluice, folder):
    with contextlib.closing(sqlite3.connect("evil.db")) as database:
        database.execute(f'CREATE TABLE "{EVIL}" ("{EVIL}" integer PRIMARY KEY)')
    sqlite3.connect("empty.db").close()
    write(folder, {"V1__a.sql": TABLE})
    shutil.copy("evil.db", f"{EVIL}.db")
    lists = [("diff", "sqlite:empty.db", "sqlite:evil.db"), ("baseline", "--url", f"sqlite:{EVIL}.db", "--dir", folder, "--to", "1")]
    texts = [result.out + result.err for result in (sluice.run(*words) for words in lists)]
    shown = [on_a_terminal(sluice, "snapshot", "--url", "sqlite:evil.db", "--format", form) for form in ("sql", "json")]
    for text in texts + shown:
        assert "ev\\x1b[31mil" in text or "ev\\u001B[31mil" in text, text
        assert not set("\x1b\u009b\u202e") & set(text), text
    assert all("\n+ table fake" not in text for text in texts)


def test_a_snapshot_that_is_written_to_a_file_keeps_every_byte_of_a_name(sluice, tmp_workspace):
    with contextlib.closing(sqlite3.connect("evil.db")) as database:
        database.execute(f'CREATE TABLE "{EVIL}" (a integer)')
    with contextlib.closing(sqlite3.connect("again.db")) as database:
        database.executescript(sluice.ok("snapshot", "--url", "sqlite:evil.db"))
    assert ask("again.db", "SELECT name FROM sqlite_schema") == [(EVIL,)]


def test_names_with_control_characters_are_inert_on_the_terminal(sluice, folder):
    folder.mkdir()
    write(folder, {"V1__a\n\x1b[31mb\x07.sql": "SELECT nope;\n"})
    for words in (("review", "--engine", "sqlite", folder), ("migrate", "--url", "sqlite:dev.db", "--dir", folder), ("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--dry-run")):
        result = sluice.run(*words)
        shown = result.out + result.err
        assert not set(shown) & {"\x1b", "\x07"}, shown
        assert "\n\x1b" not in shown and "V1__a\n" not in shown
    (folder / "V1__a\n\x1b[31mb\x07.sql").unlink()
    (pathlib.Path(os.fsdecode(bytes(folder) + b"/V2__\xff.sql"))).write_text("SELECT 1;\n")
    said(sluice.run("migrate", "--url", "sqlite:dev.db", "--dir", folder), 2, "V2__\\xff.sql", "not UTF-8", "rename")
    review = sluice.run("review", "--engine", "sqlite", folder)
    assert review.status == 1
    assert "V2__\\xff.sql" in review.out
    assert sluice.run("review", "--engine", "sqlite", "--format", "json", folder).json()["summary"]["error"] == 1


# --- secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"postgres://ana:{SECRET}@127.0.0.1/x",
        f"postgres://ana@127.0.0.1/x?password={SECRET}",
        f"postgres://ana@127.0.0.1/x?sslpassword={SECRET}",
        f"postgres://ana:{SECRET}@127.0.0.1:none/x",
        f"oracle://ana:{SECRET}@127.0.0.1/x",
        f"mysql://ana:{SECRET}@127.0.0.1/x",
    ],
)
def test_a_password_in_a_url_is_refused_and_never_shown(sluice, folder, url):
    write(folder, {"V1__a.sql": TABLE})
    for words in (
        ("migrate", "--url", url, "--dir", folder),
        ("migrate", "--urls", "-", "--dir", folder),
        ("snapshot", "--url", url),
        ("diff", url, "sqlite:dev.db"),
        ("baseline", "--url", url, "--dir", folder, "--to", "1", "--reason", "x"),
        ("review", "--engine", "postgres", "--schema", url, folder),
    ):
        result = sluice.run(*words, stdin=url + "\n")
        assert result.status == 2, (words, result)
        assert result.err.count("\n") == 1, result.err
        assert SECRET not in result.out + result.err


def test_a_missing_secret_names_its_reference(sluice, folder, pg):
    write(folder, {"V1__a.sql": TABLE})
    for reference in ("env:NOT_SET_ANYWHERE", "file:/nowhere/secret"):
        result = sluice.run("migrate", "--url", pg.url, "--password", reference, "--dir", folder)
        said(result, 2, reference.split(":")[1])
    assert pg.value("SELECT to_regclass('t')") is None


# --- targets -----------------------------------------------------------------------------------


def test_what_cannot_be_opened_is_status_3_for_every_command(sluice, folder, tmp_workspace):
    write(folder, {"V1__a.sql": TABLE})
    (tmp_workspace / "junk.db").write_bytes(os.urandom(5000))
    junk = (tmp_workspace / "junk.db").read_bytes()
    for url in ("sqlite:junk.db", f"sqlite:{tmp_workspace}", "sqlite:no/folder/x.db", "postgres://ana@127.0.0.1:1/x"):
        for words in (("migrate", "--url", url, "--dir", folder), ("snapshot", "--url", url), ("diff", url, url)):
            said(sluice.run(*words), 3, url.split(":", 1)[1])
    assert (tmp_workspace / "junk.db").read_bytes() == junk
    assert not (tmp_workspace / "no").exists()


def test_a_read_only_disk_is_said_and_changes_nothing(sluice, folder, disk):
    write(folder, {"V1__a.sql": TABLE})
    write(disk.seen / "m", {"V1__a.sql": TABLE})
    inside = Program(disk.inside()[0])

    def run(*words):
        return inside.run(*disk.inside(sluice.path, *words)[1:])

    assert run("migrate", "--url", f"sqlite:{disk.path}/dev.db", "--dir", disk.path / "m").status == 0
    write(disk.seen / "m", {"V2__b.sql": "INSERT INTO t VALUES (1);\n"})
    before = (disk.seen / "dev.db").read_bytes()
    assert disk.remount("ro")
    said(run("migrate", "--url", f"sqlite:{disk.path}/dev.db", "--dir", disk.path / "m"), 3, f"{disk.path}/dev.db", "run the same command again")
    said(run("migrate", "--url", f"sqlite:{disk.path}/new.db", "--dir", disk.path / "m"), 3, f"{disk.path}/new.db")
    assert run("review", "--engine", "sqlite", disk.path / "m").status == 0
    assert run("snapshot", "--url", f"sqlite:{disk.path}/dev.db").status == 0
    assert (disk.seen / "dev.db").read_bytes() == before
    assert disk.remount("rw")
    assert run("migrate", "--url", f"sqlite:{disk.path}/dev.db", "--dir", disk.path / "m").status == 0
    assert disk.ask("dev.db", "SELECT a FROM t") == [(1,)]


@pytest.mark.parametrize("rows", [60, 2000], ids=["at-the-commit", "in-the-statement"])
def test_a_full_disk_is_said_and_the_same_command_goes_on_when_there_is_room(sluice, folder, disk, rows):
    data = f"INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i, hex(zeroblob(5000)) FROM n;\n"
    write(folder, {"V1__a.sql": "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);\n"})
    inside = Program(disk.inside()[0])
    words = disk.inside(sluice.path, "migrate", "--url", f"sqlite:{disk.path}/dev.db", "--dir", folder)[1:]
    assert inside.run(*words).status == 0
    write(folder, {"V2__b.sql": data})
    disk.fill(left=100_000)
    result = inside.run(*words)
    assert result.status in (3, 8), result
    said(result, result.status, "V2__b.sql", "disk is full", "run the same command again")
    assert disk.ask("dev.db", "SELECT version, state FROM _sluice_migration") == [("1", "applied")]
    assert disk.ask("dev.db", "SELECT count(*) FROM t") == [(0,)]
    disk.free()
    assert disk.remount("size=60m")
    assert inside.run(*words).status == 0
    assert disk.ask("dev.db", "SELECT count(*) FROM t") == [(rows,)]


# --- signals and streams -----------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_rolls_the_statement_back_and_is_the_status(sluice, folder, pg, number):
    write(folder, {"V1__a.sql": TABLE, "V2__b.sql": "INSERT INTO t VALUES (1);\nSELECT pg_sleep(60);\n"})
    with subprocess.Popen([sluice.path, "migrate", "--url", pg.url, "--dir", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: pg.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"), what="the sleeping statement")
            process.send_signal(number)
            _, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 128 + number
    assert err.count("\n") == 1 and "V2__b.sql:2" in err and "canceled" in err
    assert pg.value("SELECT count(*) FROM t") == 0
    write(folder, {"V2__b.sql": "INSERT INTO t VALUES (1);\n"})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    assert pg.value("SELECT count(*) FROM t") == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-", "| true"])
def test_closed_streams_never_reach_the_database(sluice, folder, database, closed):
    url, count = database
    write(folder, {"V1__a.sql": TABLE, "V2__b.sql": "INSERT INTO t VALUES (1);\n"})
    subprocess.run(["sh", "-c", f'"$0" migrate --url "$1" --dir "$2" {closed}', sluice.path, url, folder], check=False, timeout=60, capture_output=True)
    assert count("t") == 1
    assert "nothing to do" in sluice.ok("migrate", "--url", url, "--dir", folder)


def test_output_that_nobody_got_is_no_success(sluice, folder):
    write(folder, {"V1__a.sql": TABLE})
    for words in ("rules list", "review --engine sqlite m", "migrate --url sqlite:dev.db --dir m", "migrate --url sqlite:dev.db --dir m --format json"):
        result = subprocess.run(["sh", "-c", f'"$0" {words} >/dev/full', sluice.path], check=False, capture_output=True, text=True)
        assert result.returncode != 0, words
        assert result.stderr.count("\n") == 1 and "stdout" in result.stderr
    assert ask("dev.db", "SELECT count(*) FROM t") == [(0,)]


def test_neither_home_nor_a_folder_for_temporary_files_is_needed(sluice, folder, database):
    url, count = database
    write(folder, {"V1__a.sql": TABLE})
    env = {"HOME": "/proc/nowhere", "TMPDIR": "/nowhere"}
    assert sluice.run("review", "--engine", "sqlite", folder, env=env).status == 0
    assert sluice.run("migrate", "--url", url, "--dir", folder, env=env).status == 0
    assert count("t") == 0


# --- the daemon --------------------------------------------------------------------------------


@pytest.fixture
def workspace(sluice, tmp_workspace):
    made = Workspace(sluice)
    yield made
    made.close()


@pytest.fixture
def on_file(sluice, tmp_workspace):
    """Its store is a file, whatever the others' is."""
    made = Workspace(sluice, store="sqlite")
    yield made
    made.close()


def merge(workspace, files, number=1):
    """A change branch that is pushed and merged; prod waits for an approval."""
    work = workspace.repository
    work.branch(f"change/c{number}")
    work.commit(files)
    answer = work.push(f"change/c{number}")
    work.git("switch", "-q", "main")
    work.git("merge", "-q", "--ff-only", f"change/c{number}")
    work.push("main")
    return answer


def wait_for_look(workspace):
    """Until the daemon knows its targets and the project's branch: before that, it is a first start without them."""
    wait_until(lambda: workspace.ask_store("SELECT count(DISTINCT target) FROM snapshot") == 2 and workspace.ask_store("SELECT count(*) FROM project"), what="the first look")


class Relay:
    """A port that leads to PostgreSQL while it is open."""

    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as held:
            self.port = held.getsockname()[1]
        self.listener = None
        self.pairs = []

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listener.accept()
                server = socket.create_connection((os.environ["SLUICE_TEST_PG_HOST"], int(os.environ["SLUICE_TEST_PG_PORT"])))
                self.pairs += [peer, server]
                for one, other in ((peer, server), (server, peer)):
                    threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    @staticmethod
    def _copy(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def close(self):
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        for each in self.pairs:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Behind(Postgres):
    """A database whose address is the relay's."""

    relay = None

    @property
    def url(self):
        return super().url if self.relay is None else f"postgres://{self.user}@127.0.0.1:{self.relay.port}/{self.name}"


def test_an_unreachable_target_blocks_its_task_and_goes_on_by_itself(sluice, tmp_workspace):
    databases = {"dev": Behind.create(), "prod": Postgres.create()}
    databases["dev"] = dev = Behind(databases["dev"].name)
    made = Workspace(sluice, databases)
    dev.relay = relay = Relay()
    relay.open()
    try:
        made.configure(rf"postgres://[^\"]*/{dev.name}", dev.url)
        made.start()
        wait_for_look(made)
        relay.close()
        merge(made, {"migrations/V2__b.sql": SAFE})
        change = made.wait_change(1, lambda change: "next try" in change["waits_for"])
        assert change["waits_for"].startswith("dev: ") and " since " in change["waits_for"]
        assert str(relay.port) in change["waits_for"]
        assert "next try" in made.ok("status")
        assert made.stage(1, "dev")["tasks"][0]["state"] == "blocked"
        relay.open()
        made.wait_stage(1, "dev", "done", timeout=60)
        dev.relay = None
        assert "discount" in columns(dev, "orders")
    finally:
        made.close()
        relay.close()
        dev.relay = None
        for database in databases.values():
            database.drop()


def test_a_target_that_is_a_folder_is_said_and_goes_on_when_it_is_a_database(workspace):
    dev = workspace.root / "dev.db"
    workspace.start()
    wait_for_look(workspace)
    dev.rename(workspace.root / "kept.db")
    dev.mkdir()
    merge(workspace, {"migrations/V2__b.sql": SAFE})
    change = workspace.wait_change(1, lambda change: "is a folder" in change["waits_for"])
    assert " since " in change["waits_for"] and "next try" in change["waits_for"]
    dev.rmdir()
    (workspace.root / "kept.db").rename(dev)
    workspace.wait_stage(1, "dev", "done", timeout=60)
    assert ledger(workspace.targets["dev"]) == [("1", "applied"), ("2", "applied")]


@pytest.mark.parametrize("what", ["missing", "folder", "file"])
def test_a_path_that_is_no_repository_is_said_and_other_projects_go_on(workspace, what):
    path = workspace.root / "elsewhere"
    if what == "folder":
        write(path, {"readme": "x"})
    if what == "file":
        path.write_text("x")
    workspace.configure(
        "projects:\n",
        f"projects:\n  - name: other\n    repository: {{path: {path}, branch: main}}\n    migrations: [{{path: db, ledger: other, targets: \"app = 'shop'\"}}]\n",
    )
    workspace.start()
    workspace.daemon.wait_for_log("project other")
    merge(workspace, {"migrations/V2__b.sql": SAFE})
    workspace.wait_stage(1, "dev", "done")
    assert workspace.daemon.running
    (line,) = [line for line in workspace.daemon.log.read_text().splitlines() if "project other" in line]
    assert str(path) in line, "told once, with its path"
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    subprocess.run(["git", "clone", "-q", "--bare", workspace.root / "repo.git", path], check=True)
    workspace.daemon.wait_for_log("work.mended work=project key=other")


def test_a_missing_secret_blocks_its_target_until_it_is_there(sluice, tmp_workspace):
    databases = {name: Postgres.create() for name in ("dev", "prod")}
    made = Workspace(sluice, databases)
    secret = made.root / "dev.secret"
    try:
        made.configure(rf"(?<=/{databases['dev'].name}\")", f', password: "file:{secret}"')
        secret.write_text(SECRET)
        made.start()
        wait_for_look(made)
        secret.unlink()
        merge(made, {"migrations/V2__b.sql": SAFE})
        change = made.wait_change(1, lambda change: str(secret) in change["waits_for"])
        assert "next try" in change["waits_for"]
        secret.write_text(SECRET)
        made.wait_stage(1, "dev", "done", timeout=60)
        assert SECRET not in made.daemon.log.read_text() + made.ok("change", "show", 1) + made.ok("audit")
    finally:
        made.close()
        for database in databases.values():
            database.drop()


def test_wrong_files_are_answered_at_the_push_and_never_applied(workspace):
    workspace.start()
    work = workspace.repository
    work.branch("change/bad")
    (work.folder / "migrations/V2__latin.sql").write_bytes(b"SELECT 'caf\xe9';\n")
    (work.folder / "migrations/V3__nul.sql").write_bytes(b"SELECT 1;\0\n")
    work.commit({"migrations/V4__empty.sql": "", "migrations/V5__a.sql": SAFE, "migrations/V05__b.sql": "SELECT 1;\n"})
    answer = work.push("change/bad")
    assert "BLOCKED" in answer
    for name in ("V2__latin.sql", "V3__nul.sql", "V05__b.sql"):
        assert name in answer, answer
    work.git("switch", "-q", "main")
    work.git("merge", "-q", "--ff-only", "change/bad")
    work.push("main")
    workspace.wait_change(1, lambda change: change["held"])
    assert ledger(workspace.targets["dev"]) == [("1", "applied")]
    assert workspace.daemon.running


def test_a_store_of_a_newer_version_is_left_alone(on_file):
    on_file.start()
    on_file.stop()
    store = on_file.root / "store.db"
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA user_version = 999")
    before = store.read_bytes()
    said(on_file.sluice.run("serve", "-c", on_file.config), 2, store, "999", "newer version")
    assert store.read_bytes() == before
    assert not (on_file.root / "sluice.sock").exists()


@pytest.mark.parametrize("what", ["junk", "folder", "no folder"])
def test_a_store_that_cannot_be_one_is_left_alone(on_file, what):
    store = on_file.root / "mine.db"
    if what == "junk":
        store.write_bytes(b"this is the only copy of my letters, and no database at all\n" * 100)
    if what == "folder":
        store.mkdir()
    if what == "no folder":
        store = on_file.root / "no/folder/store.db"
    before = store.read_bytes() if store.is_file() else None
    on_file.configure(r"store: sqlite:\S+", f"store: sqlite:{store}")
    said(on_file.sluice.run("serve", "-c", on_file.config), 2, store)
    assert (store.read_bytes() if store.is_file() else None) == before


@pytest.mark.parametrize("path", ["/tmp/" + "x" * 120 + ".sock", "/nowhere/at/all/sluice.sock"])
def test_a_socket_that_cannot_be_made_is_said(workspace, path):
    workspace.configure(r"socket: \S+", f"socket: {path}")
    said(workspace.sluice.run("serve", "-c", workspace.config), 2, path)


def test_the_daemon_needs_no_home_and_no_folder_for_temporary_files(workspace):
    workspace.daemon = Daemon([workspace.sluice.path, "serve", "-c", workspace.config], cwd=workspace.home, env={"HOME": "/proc/nowhere", "TMPDIR": "/nowhere"})
    workspace.daemon.wait_for_log("listening")
    merge(workspace, {"migrations/V2__b.sql": SAFE})
    workspace.wait_stage(1, "dev", "done")


class OnDisk:
    """A demo workspace with its store, its mirror and its dev target on the disk."""

    def __init__(self, workspace, disk):
        self.workspace, self.disk = workspace, disk
        shutil.copy(workspace.root / "dev.db", disk.seen / "dev.db")
        (workspace.root / "dev.db").unlink()
        for name in ("dev.db", "store.db", "data"):
            workspace.configure(rf"{workspace.root}/{name}", str(disk.path / name))

    def start(self):
        self.workspace.daemon = Daemon(self.disk.inside(self.workspace.sluice.path, "serve", "-c", self.workspace.config))
        self.workspace.daemon.wait_for_log("listening")

    def ledger(self):
        return sorted(self.disk.ask("dev.db", "SELECT version, state FROM _sluice_migration"))


def test_store_and_target_on_a_full_disk_go_on_when_there_is_room(on_file, disk):
    on = OnDisk(on_file, disk)
    on.start()
    wait_until(lambda: len(disk.ask("store.db", "SELECT DISTINCT target FROM snapshot")) == 2 and disk.ask("store.db", "SELECT 1 FROM project"), what="the first look")
    disk.fill()
    merge(on_file, {"migrations/V2__b.sql": SAFE})
    on_file.daemon.wait_for_log("work.failed")
    assert on_file.daemon.running
    assert on.ledger() == [("1", "applied")]
    disk.free()
    on_file.wait_stage(1, "dev", "done", timeout=60)
    assert on.ledger() == [("1", "applied"), ("2", "applied")]


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_target_on_a_disk_that_fails_blocks_its_task_until_that_is_mended(workspace, disk, how):
    shutil.copy(workspace.root / "dev.db", disk.seen / "dev.db")
    workspace.configure(rf"{workspace.root}/dev.db", str(disk.path / "dev.db"))
    workspace.daemon = Daemon(disk.inside(workspace.sluice.path, "serve", "-c", workspace.config))
    workspace.daemon.wait_for_log("listening")
    wait_for_look(workspace)
    if how == "full":
        disk.fill(left=200_000)
    else:
        wait_until(lambda: disk.remount("ro"), what="a moment in which nobody writes")
    rows = "INSERT INTO customer (id, email, name) WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 600) SELECT i, hex(zeroblob(900)), 'x' FROM n;\n"
    merge(workspace, {"migrations/V2__b.sql": rows})
    cause = "disk is full" if how == "full" else "readonly database"
    change = workspace.wait_change(1, lambda change: cause in change["waits_for"])
    assert " since " in change["waits_for"] and "next try" in change["waits_for"]
    assert disk.ask("dev.db?mode=ro&immutable=1", "SELECT count(*) AS n FROM customer WHERE id >= 10") == [(0,)]
    if how == "full":
        disk.free()
    else:
        assert disk.remount("rw")
    workspace.wait_stage(1, "dev", "done", timeout=60)
    assert disk.ask("dev.db", "SELECT count(*) FROM customer WHERE id >= 10") == [(591,)]


def test_a_store_on_a_read_only_disk_is_said_at_the_start(on_file, disk):
    on = OnDisk(on_file, disk)
    assert disk.remount("ro")
    result = Program(disk.inside()[0]).run(*disk.inside(on_file.sluice.path, "serve", "-c", on_file.config)[1:])
    assert result.status in (2, 3, 4), result
    said(result, result.status, disk.path, "ead-only")
    assert disk.remount("rw")
    on.start()
    merge(on_file, {"migrations/V2__b.sql": SAFE})
    on_file.wait_stage(1, "dev", "done")
