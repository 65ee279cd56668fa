"""sluice doctor: a healthy set-up, and for each check a broken one that it names with its remedy."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

import pytest

from harness.daemon import Daemon
from harness.disk import Disk
from harness.fake_postgres import FakePostgres
from harness.port import free_port
from harness.wait import wait_until
from harness.workspace import Sqlite

FILES = {"migrations/V1__hit.sql": "CREATE TABLE hit (id INTEGER NOT NULL);\n", "migrations/V2__two.sql": "INSERT INTO hit (id) VALUES (2);\n"}
HEAD = """\
server: {{listen: "{listen}", socket: {root}/sluice.sock, data: {root}/data{server}}}
store: "sqlite:{root}/data/store.db"
users:
  - {{name: ana, email: ana@example.com, unix: ana}}
  - {{name: dana, email: dana@example.com, unix: dana}}
  - {{name: eve, email: eve@example.com, unix: eve}}
roles: {roles}
environments: [{{name: dev}}, {{name: prod}}]
targets:
{targets}
projects:
  - name: shop
    repository: {repository}
    migrations: [{{path: {path}, layout: {layout}, targets: "app = 'shop'"{entry}}}]
risk: [{{level: high, when: "true"}}]
approvals: {{high: [{{role: dba, count: 1}}]}}
{more}"""


class Setup:
    """A bare repository with two migrations, and a sluice.yaml."""

    def __init__(self, sluice):
        self.sluice = sluice
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="sluice-d-"))
        self.root.chmod(0o755)
        self.bare, self.work = self.root / "shop.git", self.root / "work"
        (self.root / "data").mkdir()
        self.config = self.root / "sluice.yaml"
        self.daemon = None
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.bare], check=True)
        subprocess.run(["git", "clone", "-q", self.bare, self.work], check=True, capture_output=True)
        self.git("config", "user.name", "Ana")
        self.git("config", "user.email", "ana@example.com")
        self.git("checkout", "-q", "-B", "main")
        self.commit(FILES)
        self.settings = {"listen": "127.0.0.1:0", "server": "", "roles": "{dba: [dana, eve]}", "path": "migrations", "layout": "flyway", "entry": "", "more": ""}
        self.settings["repository"] = f"{{path: {self.bare}, branch: main}}"
        self.targets = {}
        self.database("dev")
        self.write()
        sluice.ok("hook", "install", self.bare, "-c", self.config)

    def close(self):
        if self.daemon:
            self.daemon.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    def git(self, *words):
        subprocess.run(["git", *words], cwd=self.work, check=True, capture_output=True)

    def commit(self, files):
        for path, text in files.items():
            (self.work / path).parent.mkdir(parents=True, exist_ok=True)
            (self.work / path).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "migrations")
        self.git("push", "-q", "origin", "main")

    def database(self, name, environment="dev") -> Sqlite:
        made = Sqlite(self.root / f"{name}.db")
        made.path.touch()
        self.target(name, made.url, environment)
        return made

    def target(self, name, url, environment="dev", more=""):
        self.targets[name] = f'  - {{name: {name}, environment: {environment}, url: "{url}", labels: {{app: shop}}{more}}}'

    def write(self, **settings):
        self.settings.update(settings)
        self.config.write_text(HEAD.format(root=self.root, targets="\n".join(self.targets.values()), **self.settings))

    def run(self, *words, **options):
        return self.sluice.run("doctor", "-c", self.config, *words, **options)

    def checks(self, *words, **options) -> list:
        done = self.run("--output", "json", *words, **options)
        assert done.err == "" and done.out, done.err
        checks = done.json()["checks"]
        assert done.status == int(any(line["result"] == "fail" for line in checks))
        return checks

    def wrong(self, *words, **options) -> list:
        """(check, result, object: text; remedy) of what is not ok."""
        return [(line["check"], line["result"], f"{line['object']}: {line['text']}; {line['remedy']}") for line in self.checks(*words, **options) if line["result"] != "ok"]

    def only(self, check, result, *parts, **options) -> str:
        """Nothing else is wrong, and the line holds the parts."""
        lines = self.wrong(**options)
        assert [line[:2] for line in lines] == [(check, result)], lines
        for part in parts:
            assert part in lines[0][2], lines[0][2]
        return lines[0][2]

    def serve(self):
        self.daemon = Daemon([self.sluice.path, "serve", "-c", self.config], cwd=self.root)
        self.daemon.wait_for_log("listening")


@pytest.fixture
def setup(sluice, tmp_workspace):
    made = Setup(sluice)
    yield made
    made.close()


@pytest.fixture
def login(pg):
    """A PostgreSQL role without any right on the database, and a database of that role's."""
    name = f"poor_{uuid.uuid4().hex[:12]}"
    pg.execute(f"CREATE ROLE {name} LOGIN")
    pg.execute(f"REVOKE CREATE ON DATABASE {pg.name} FROM PUBLIC")
    yield name
    pg.execute(f"REASSIGN OWNED BY {name} TO {pg.user}; DROP OWNED BY {name}")
    pg.execute(f"DROP ROLE {name}")


def url_as(pg, login) -> str:
    return f"postgres://{login}@{pg.host}:{pg.port}/{pg.name}"


@pytest.fixture
def account(mariadb):
    """A MariaDB account that may do nothing but read the database's name."""
    name = f"poor_{uuid.uuid4().hex[:12]}"
    mariadb.script(f"CREATE USER {name}@'%'; GRANT SELECT ON {mariadb.name}.* TO {name}@'%'")
    yield name
    mariadb.script(f"DROP USER {name}@'%'")


# --- healthy ---------------------------------------------------------------------------------------------


def test_a_healthy_setup_on_every_engine_has_nothing_to_look_at(setup, pg, login, mariadb):
    pg.execute(f"GRANT CREATE ON DATABASE {pg.name} TO {login}; GRANT CREATE ON SCHEMA public TO {login}")
    setup.target("pg", url_as(pg, login), "prod")
    setup.target("maria", mariadb.url, "prod")
    setup.write()
    done = setup.run()
    assert done.status == 0 and "0 to look at, 0 wrong" in done.out, done.out
    checks = {line["check"] for line in setup.checks()}
    listed = {line.split()[0] for line in setup.sluice.ok("doctor", "--list").splitlines()}
    assert listed - checks == {"secrets", "login", "routes"}
    assert setup.run("--quiet").out == ""


def test_nothing_is_changed_by_looking(setup):
    before = sorted((path, path.stat().st_mtime_ns) for path in setup.root.rglob("*"))
    setup.checks()
    assert sorted((path, path.stat().st_mtime_ns) for path in setup.root.rglob("*")) == before


def test_a_broken_configuration_is_said_with_all_its_problems(setup):
    setup.config.write_text("servr: {}\nenvironmnts: []\n")
    done = setup.run()
    assert done.status == 2
    assert "did you mean 'server'" in done.err and "did you mean 'environments'" in done.err


# --- this machine ----------------------------------------------------------------------------------------


def test_a_secret_that_is_not_there_is_named(setup, pg, login):
    pg.execute(f"GRANT CREATE ON DATABASE {pg.name} TO {login}; GRANT CREATE ON SCHEMA public TO {login}")
    setup.target("pg", url_as(pg, login), more=", password: env:NO_SUCH_SECRET")
    setup.write()
    lines = setup.wrong()
    assert [line[:2] for line in lines] == [("secrets", "fail"), ("target", "fail")]
    assert "NO_SUCH_SECRET" in lines[0][2] and "set it where the daemon is started" in lines[0][2]
    assert setup.wrong(env={"NO_SUCH_SECRET": "word"}) == []


def test_what_only_the_unit_is_given_is_no_fault_outside_of_it(setup, pg, login):
    pg.execute(f"GRANT CREATE ON DATABASE {pg.name} TO {login}; GRANT CREATE ON SCHEMA public TO {login}")
    setup.target("pg", url_as(pg, login), more=", password: systemd:PG")
    setup.write()
    lines = setup.wrong()
    assert [line[:2] for line in lines] == [("secrets", "warn"), ("target", "warn")]
    assert "CREDENTIALS_DIRECTORY=" in lines[0][2] and "not looked at" in lines[1][2]
    given = {"CREDENTIALS_DIRECTORY": setup.root}
    lines = setup.wrong(env=given)
    assert [line[:2] for line in lines] == [("secrets", "fail"), ("target", "fail")] and "LoadCredential=" in lines[0][2]
    (setup.root / "PG").write_text("word")
    assert setup.wrong(env=given) == []


def test_a_file_of_secrets_that_everybody_can_read_is_named(setup, pg, login):
    pg.execute(f"GRANT CREATE ON DATABASE {pg.name} TO {login}; GRANT CREATE ON SCHEMA public TO {login}")
    secret = setup.root / "word"
    secret.write_text("word")
    secret.chmod(0o644)
    setup.target("pg", url_as(pg, login), more=f", password: file:{secret}")
    setup.write()
    setup.only("secrets", "warn", "every account", f"chmod o= {secret}")
    secret.chmod(0o600)
    assert setup.wrong() == []


def test_a_data_folder_that_is_a_file_is_named(setup):
    (setup.root / "data").rmdir()
    (setup.root / "data").touch()
    lines = setup.wrong()
    assert ("data", "fail") in [line[:2] for line in lines]
    assert "mkdir -p" in lines[0][2]


def test_a_full_disk_is_named(setup):
    disk = Disk(setup.root / "small", size="3m")
    try:
        setup.config.write_text(setup.config.read_text().replace(f"data: {setup.root}/data", f"data: {disk.path}"))
        done = subprocess.run(disk.inside(setup.sluice.path, "doctor", "-c", setup.config, "--quiet"), capture_output=True, text=True, check=False)
        assert done.returncode == 1 and done.stdout.startswith("fail  data") and "make room" in done.stdout, done.stdout + done.stderr
    finally:
        disk.close()


def test_a_database_and_a_store_that_cannot_be_written_are_named(setup):
    disk = Disk(setup.root / "small", size="3m")
    try:
        subprocess.run(disk.inside("sqlite3", disk.path / "a.db", "PRAGMA user_version = 0"), check=True)
        subprocess.run(disk.inside("touch", disk.path / "a.db"), check=True)
        setup.target("dev", f"sqlite:{disk.path}/a.db")
        setup.write()
        assert disk.remount("ro")
        done = subprocess.run(disk.inside(setup.sluice.path, "doctor", "-c", setup.config, "--quiet"), capture_output=True, text=True, check=False)
        assert done.returncode == 1 and done.stdout.startswith("fail  grants"), done.stdout + done.stderr
        assert f"{disk.path}/a.db cannot be written" in done.stdout
    finally:
        disk.close()


def test_a_store_of_a_newer_version_and_one_of_something_else_are_named(setup):
    store = Sqlite(setup.root / "data/store.db")
    store.execute("CREATE TABLE other (x)")
    setup.only("store", "fail", "something else", "name a file of its own")
    store.execute("PRAGMA application_id = 1397506885")
    store.execute("PRAGMA user_version = 900")
    setup.only("store", "fail", "schema 900", "start the newer version")


def test_a_store_with_a_second_name_is_named(setup):
    store = Sqlite(setup.root / "data/store.db")
    store.execute("PRAGMA application_id = 1397506885")
    (setup.root / "link.db").hardlink_to(store.path)
    line = setup.only("store", "fail", "has another name too (a hard link)")
    subprocess.run(line.split(", or: ")[1], shell=True, check=True)
    assert setup.wrong() == []
    assert store.path.stat().st_nlink == 1


def test_a_store_on_a_server_is_looked_at(setup, pg, login):
    text = setup.config.read_text()
    setup.config.write_text(text.replace(f"sqlite:{setup.root}/data/store.db", url_as(pg, login)))
    line = setup.only("store", "fail", "may not make its schema", f'GRANT CREATE ON DATABASE "{pg.name}" TO "{login}";')
    pg.execute(line.split("; ", 1)[1])
    assert setup.wrong() == []
    assert pg.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'sluice_store'") == []
    pg.execute("CREATE SCHEMA sluice_store CREATE TABLE schema_version (version bigint)")
    pg.execute(f"INSERT INTO sluice_store.schema_version VALUES (900); GRANT USAGE ON SCHEMA sluice_store TO {login}; GRANT SELECT ON sluice_store.schema_version TO {login}")
    setup.only("store", "fail", "schema 900", "start the newer version")
    port = free_port()
    setup.config.write_text(text.replace(f"sqlite:{setup.root}/data/store.db", f"postgres://deploy@127.0.0.1:{port}/store"))
    setup.only("store", "fail", "start its server")


def test_a_socket_without_its_folder_or_group_is_named(setup):
    text = setup.config.read_text()
    setup.config.write_text(text.replace(f"socket: {setup.root}/sluice.sock", f"socket: {setup.root}/run/sluice.sock"))
    lines = setup.wrong()
    assert [line[:2] for line in lines] == [("socket", "fail"), ("hook", "warn")]
    assert f"mkdir -p {setup.root}/run" in lines[0][2] and "another program or socket" in lines[1][2]
    setup.write(server=", socket_group: nosuchgroup")
    setup.only("socket", "fail", "there is no group nosuchgroup", "groupadd nosuchgroup")


def test_a_path_that_cannot_be_a_socket_is_named(setup):
    path = setup.root / "sluice.sock"
    path.touch()
    setup.only("socket", "fail", "a file that is no socket is there", "take that file away")
    path.unlink()
    setup.config.write_text(setup.config.read_text().replace(f"socket: {path}", f"socket: {setup.root}/{'s' * 120}"))
    lines = setup.wrong()
    assert [line[:2] for line in lines] == [("socket", "fail"), ("hook", "warn")]
    assert "1 to 107 bytes" in lines[0][2] and "server.socket" in lines[0][2]


def as_other(setup, *words) -> str:
    """What doctor says under an account that may not do everything."""
    other = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
    return subprocess.run([*other, setup.sluice.path, "doctor", "-c", setup.config, "--quiet", *words], capture_output=True, text=True, check=False).stdout


def test_what_another_account_left_in_the_data_folder_is_named(setup):
    data = setup.root / "data"
    (data / "mirrors").mkdir()
    if os.geteuid() == 0:
        for path in (data, data / "mirrors"):
            os.chown(path, 65534, 65534)
    for name in ("session.key", "mirrors/shop.writer"):
        (data / name).touch(mode=0o000)
        (line,) = [line for line in as_other(setup).splitlines() if line.startswith("fail  data ")]
        assert f"{data}/{name} belongs to another account" in line
        command = line.rpartition("as root: ")[2]
        assert command == f"chown -R --reference={data} {data}"
        subprocess.run(command, shell=True, check=True)
        assert (data / name).owner() == data.owner()
        (data / name).chmod(0o600)
    assert "  data " not in as_other(setup)


def test_a_store_that_is_a_target_too_is_named_and_gets_no_baseline(setup):
    setup.serve()
    setup.daemon.stop()
    setup.config.write_text(setup.config.read_text().replace(f"sqlite:{setup.root}/dev.db", f"sqlite:{setup.root}/data/store.db"))
    setup.only("store", "fail", "is the database of the target dev too", "a file of its own")


def test_a_repository_that_cannot_take_the_notes_of_reviews_is_named(setup):
    for folder in ("refs", "objects"):
        (setup.bare / folder).chmod(0o555)
        assert f"warn  repository  shop: {setup.bare} cannot be written by this account" in as_other(setup)
        (setup.bare / folder).chmod(0o777)
    setup.write(repository=f"{{path: {setup.work}, branch: main}}")
    setup.only("repository", "warn", "is a work tree", f"git clone --bare {setup.work} {setup.work}.git")


def test_an_address_that_somebody_has_is_named(setup):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        setup.write(listen=f"127.0.0.1:{taken.getsockname()[1]}")
        setup.only("listen", "fail", "server.listen")


def test_a_running_daemon_is_told_from_one_with_another_configuration(setup):
    port = free_port()
    setup.write(listen=f"127.0.0.1:{port}")
    setup.serve()
    assert setup.wrong() == []
    lines = {line["check"]: line["text"] for line in setup.checks()}
    pid = setup.daemon.process.pid
    assert lines["store"] == f"open in process {pid}" and lines["daemon"] == f"process {pid} answers" and lines["listen"] == "is the daemon's"
    setup.config.write_text(setup.config.read_text().replace(f"socket: {setup.root}/sluice.sock", f"socket: {setup.root}/other.sock"))
    lines = {line["check"]: line for line in setup.checks()}
    assert lines["daemon"]["result"] == "warn" and f"process {pid} has the store open" in lines["daemon"]["text"]
    assert lines["listen"]["result"] == "fail"


def test_a_daemon_that_works_with_another_file_is_named_until_it_reloads(setup):
    account = pwd.getpwuid(os.getuid()).pw_name
    setup.config.write_text(setup.config.read_text().replace("unix: ana}", f"unix: {account}}}"))
    setup.serve()
    assert setup.wrong() == []
    setup.database("second")
    text = setup.config.read_text()
    setup.config.write_text(text.replace(setup.targets["dev"], "\n".join(setup.targets.values())))
    setup.only("daemon", "warn", "other targets than this file names", f"kill -HUP {setup.daemon.process.pid}")
    setup.daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: setup.wrong() == [], what="a daemon that agrees")


# --- repositories ----------------------------------------------------------------------------------------


def test_a_repository_that_is_not_there_and_a_branch_that_is_not_are_named(setup):
    setup.write(repository=f"{{path: {setup.root}/none.git, branch: main}}")
    setup.only("repository", "fail", "none.git", "mend the project's repository")
    setup.write(repository=f"{{path: {setup.bare}, branch: trunk}}")
    setup.only("repository", "fail", "has no branch trunk", "push it")


def test_a_repository_on_a_host_that_hangs_is_named_and_leaves_nothing(setup):
    silent = FakePostgres(silent=True)
    folder = setup.root / "tmp"
    folder.mkdir()
    try:
        setup.write(repository=f"{{path: 'http://127.0.0.1:{silent.port}/shop.git', branch: main}}")
        (line,) = setup.wrong("--timeout", "1", env={"TMPDIR": folder})
        assert line[:2] == ("repository", "fail") and "127.0.0.1" in line[2] and "--timeout" in line[2]
        assert list(folder.iterdir()) == []
    finally:
        silent.close()


def test_a_folder_that_is_not_there_and_one_that_cannot_be_read_are_named(setup):
    setup.write(path="db/none")
    setup.only("folders", "fail", "shop db/none", "mend `path`")
    setup.write(path="migrations")
    setup.commit({"migrations/V02__again.sql": "SELECT 1;\n"})
    assert {line[:2] for line in setup.wrong()} == {("folders", "fail")}


def test_a_missing_foreign_stale_or_sleeping_hook_is_named_with_the_command(setup):
    hook = setup.bare / "hooks/post-receive"
    command = f"sluice hook install {setup.bare} -c {setup.config}"
    good = hook.read_text()
    hook.write_text(good.replace("sluice.sock", "old.sock"))
    setup.only("hook", "warn", "another program or socket", command)
    hook.write_text("#!/bin/sh\nexit 0\n")
    setup.only("hook", "warn", "did not write", command)
    hook.write_text(good)
    hook.chmod(0o644)
    setup.only("hook", "warn", "not executable", command)
    hook.unlink()
    setup.only("hook", "warn", "polling", command)


# --- databases -------------------------------------------------------------------------------------------


def test_a_database_that_is_not_there_is_named(setup):
    setup.target("dev", f"sqlite:{setup.root}/none.db")
    setup.write()
    setup.only("target", "fail", "none.db", "a new database is an empty file")
    port = free_port()
    for scheme in ("postgres", "mysql"):
        setup.target("dev", f"{scheme}://deploy@127.0.0.1:{port}/shop")
        setup.write()
        setup.only("target", "fail", "start the server")


def test_a_login_that_is_refused_is_named(setup, mariadb):
    mariadb.script(f"CREATE USER locked_{mariadb.name}@'%' IDENTIFIED BY 'word'")
    try:
        setup.target("dev", mariadb.url_of(f"locked_{mariadb.name}"))
        setup.write()
        setup.only("target", "fail", "`password` of the target")
    finally:
        mariadb.script(f"DROP USER locked_{mariadb.name}@'%'")


def test_a_host_that_hangs_costs_its_own_time_only(setup):
    slow = [FakePostgres(silent=True) for _ in range(4)]
    try:
        for i, server in enumerate(slow):
            setup.target(f"slow{i}", server.url)
        setup.write()
        started = time.monotonic()
        lines = setup.wrong("--timeout", "2")
        took = time.monotonic() - started
        assert [line[:2] for line in lines] == [("target", "fail")] * 4
        assert took < 7.5, f"one after the other: {took} s"
    finally:
        for server in slow:
            server.close()


def test_a_server_that_only_reads_is_named(setup, pg, login):
    pg.execute(f"GRANT CREATE ON DATABASE {pg.name} TO {login}; GRANT CREATE ON SCHEMA public TO {login}")
    pg.execute(f"ALTER ROLE {login} SET default_transaction_read_only = on")
    setup.target("dev", url_as(pg, login))
    setup.write()
    setup.only("target", "fail", "read only", "mend the target's url")


def test_a_standby_is_named(setup):
    standby = FakePostgres(answers=[("pg_is_in_recovery", ("1", "t", "on"))])
    try:
        setup.target("dev", standby.url)
        setup.write()
        setup.only("target", "fail", "standby; name the primary")
    finally:
        standby.close()


def test_a_pooler_that_shares_sessions_is_named(setup):
    pooler = FakePostgres(answers=[("pg_backend_pid", ("4711", "f", "off"))])
    try:
        setup.target("dev", pooler.url)
        setup.write()
        setup.only("target", "fail", "pool")
    finally:
        pooler.close()


def test_a_server_that_is_too_old_is_named(setup):
    old = FakePostgres(version="9.6.24")
    try:
        setup.target("dev", old.url)
        setup.write()
        setup.only("target", "fail", "older than PostgreSQL 12.0", "upgrade the server")
    finally:
        old.close()


RIGHTS = ("shop", "deploy", "f", "f", "f", None, None, "public", "t")


def test_a_wire_that_others_can_read_and_a_clock_that_is_wrong_are_named(setup):
    late = str(int((time.time() - 3600) * 1000000))
    far = FakePostgres(answers=[("inet_client_addr", ("f", None, late)), ("has_database_privilege", RIGHTS), ("system_identifier", ("1", "1/shop", "deploy"))])
    try:
        setup.target("dev", far.url)
        setup.write()
        lines = {check: (result, text) for check, result, text in setup.wrong()}
        assert lines["encryption"][0] == "warn" and "not encrypted" in lines["encryption"][1] and "sslmode" in lines["encryption"][1]
        assert lines["clock"][0] == "warn" and "behind" in lines["clock"][1] and "time server" in lines["clock"][1]
        assert lines["grants"][0] == "fail" and "GRANT CREATE ON DATABASE shop TO deploy;" in lines["grants"][1]
    finally:
        far.close()


def grants_of(setup) -> list:
    return [line["remedy"] for line in setup.checks() if line["check"] == "grants" and line["result"] != "ok"]


def migrate(setup, url):
    return setup.sluice.run("migrate", "--url", url, "--dir", setup.work / "migrations")


def test_the_grants_of_postgres_are_complete(setup, pg, login):
    url = url_as(pg, login)
    setup.target("dev", url)
    setup.write()
    assert migrate(setup, url).status != 0
    grants = grants_of(setup)
    assert grants == [f"GRANT CREATE ON DATABASE {pg.name} TO {login};", f"GRANT USAGE, CREATE ON SCHEMA public TO {login};"]
    for grant in grants:
        pg.execute(grant)
    assert setup.wrong() == []
    done = migrate(setup, url)
    assert done.status == 0 and pg.rows("SELECT id FROM hit") == [(2,)], done.err


def test_the_grants_on_a_ledger_that_another_role_made_are_complete(setup, pg, login):
    owner = f"owner_{pg.name}"
    pg.execute(f"CREATE ROLE {owner} LOGIN SUPERUSER")
    try:
        assert migrate(setup, url_as(pg, owner)).status == 0
        setup.commit({"migrations/V3__three.sql": "CREATE TABLE three (id INTEGER NOT NULL);\n"})
        url = url_as(pg, login)
        setup.target("dev", url)
        setup.write()
        assert migrate(setup, url).status != 0
        grants = grants_of(setup)
        assert len(grants) == 3 and "IN SCHEMA sluice" in grants[1]
        for grant in grants:
            pg.execute(grant)
        assert setup.wrong() == []
        done = migrate(setup, url)
        assert done.status == 0 and pg.rows("SELECT id FROM three") == [], done.err
    finally:
        pg.execute(f"REASSIGN OWNED BY {owner} TO {pg.user}; DROP OWNED BY {owner}")
        pg.execute(f"DROP ROLE {owner}")


def test_the_grants_of_mariadb_are_complete(setup, mariadb, account):
    url = mariadb.url_of(account)
    setup.target("dev", url)
    setup.write()
    assert migrate(setup, url).status != 0
    grants = grants_of(setup)
    advised = f"GRANT PROCESS ON *.* TO '{account}'@'%';" + (f" GRANT SELECT ON performance_schema.* TO '{account}'@'%';" if mariadb.is_mysql else "")
    assert f"ON `{mariadb.name}`.* TO '{account}'@'%';" in grants[0] and grants[1:] == [advised]
    mariadb.script(grants[0])
    setup.only("grants", "warn", "TRUNCATE", grants[1])
    done = migrate(setup, url)
    assert done.status == 0 and mariadb.rows("SELECT id FROM hit") == [("2",)], done.err
    mariadb.script(advised)
    assert setup.wrong() == []


def test_a_login_that_is_called_like_the_ledgers_schema_is_named(setup, pg):
    setup.target("dev", pg.url)
    setup.write()
    setup.only("login", "warn", "lands in there", "use a login of another name")


# --- ledgers ---------------------------------------------------------------------------------------------


def test_a_database_with_tables_and_no_ledger_gets_its_baseline_command(setup):
    database = setup.database("dev")
    database.execute("CREATE TABLE hit (id INTEGER NOT NULL)")
    setup.write()
    line = setup.only("ledger", "fail", "not empty", "in a clone of")
    command = line[line.index("sluice baseline") :].replace("'", "").split()
    assert command[-2:] == ["--to", "2"]
    setup.sluice.ok(*command[1:], cwd=setup.work)
    assert setup.wrong() == []


def test_a_history_of_another_tool_gets_its_adopt_command(setup):
    database = setup.database("dev")
    database.execute("CREATE TABLE schema_migrations (version VARCHAR(128) PRIMARY KEY)")
    database.execute("INSERT INTO schema_migrations VALUES ('1')")
    setup.write()
    setup.only("ledger", "fail", "dbmate", f"sluice target adopt dev -c {setup.config}, once the daemon runs")
    setup.write(entry=", history: adopt")
    assert setup.wrong() == []


def test_where_another_tool_applies_its_history_is_as_it_should_be(setup, mariadb, account):
    database = setup.database("dev")
    database.execute("CREATE TABLE schema_migrations (version VARCHAR(128) PRIMARY KEY)")
    database.execute("INSERT INTO schema_migrations VALUES ('1')")
    setup.write()
    assert [line[:2] for line in setup.wrong()] == [("ledger", "fail")]
    text = setup.config.read_text().replace("{name: dev}", "{name: dev, mode: gate}")
    setup.config.write_text(text)
    assert setup.wrong() == []
    setup.config.write_text(text.replace(setup.targets["dev"], setup.targets["dev"].replace(database.url, mariadb.url_of(account))))
    setup.only("grants", "warn", "once the mode is apply", "GRANT CREATE")


def test_a_history_that_is_not_read_gets_a_baseline_command(setup):
    database = setup.database("dev")
    database.execute(
        "CREATE TABLE DATABASECHANGELOG (ID VARCHAR(255) NOT NULL, AUTHOR VARCHAR(255) NOT NULL, FILENAME VARCHAR(255) NOT NULL, DATEEXECUTED DATETIME NOT NULL,"
        " ORDEREXECUTED INT NOT NULL, EXECTYPE VARCHAR(10) NOT NULL, MD5SUM VARCHAR(35))"
    )
    setup.write()
    setup.only("ledger", "fail", "Liquibase", "which is not read", "sluice baseline --url")


def test_a_ledger_of_another_installation_gets_its_adopt_command(setup):
    database = setup.database("dev")
    assert migrate(setup, database.url).status == 0
    assert setup.wrong() == []
    database.execute("UPDATE _sluice_fence SET installation = 'abcdefabcdefabcdefabcdefabcdefab'")
    setup.only("ledger", "fail", "belongs to installation abcdefab", "sluice target adopt dev")


def test_one_database_in_two_environments_is_wrong_and_in_one_is_not(setup):
    setup.target("again", Sqlite(setup.root / "dev.db").url, "dev")
    setup.write()
    assert setup.wrong() == []
    setup.target("again", Sqlite(setup.root / "dev.db").url, "prod")
    setup.write()
    setup.only("identity", "fail", "dev, again", "two environments have one database")


def test_a_copy_of_a_database_is_told(setup):
    database = setup.database("dev")
    assert migrate(setup, database.url).status == 0
    shutil.copy(database.path, setup.root / "copy.db")
    setup.target("copy", f"sqlite:{setup.root}/copy.db", "prod")
    setup.write()
    setup.only("identity", "warn", "one is a copy of the other")


# --- people and routes -----------------------------------------------------------------------------------


def test_a_role_that_nobody_has_and_one_that_only_the_author_has_are_named(setup):
    setup.write(roles="{dba: []}")
    done = setup.run()
    assert done.status == 2 and "needs 1 of the role dba, which 0 people have" in done.err
    setup.write(roles="{dba: [dana]}")
    setup.only("roles", "warn", "a change by dana", "roles: dba")


def test_a_route_whose_host_has_no_address_is_named(setup):
    route = "routes:\n  - {{name: ops, kind: webhook, url: {}}}\n"
    setup.write(more=route.format("https://no-such-host.invalid/in"))
    setup.only("routes", "fail", "no-such-host.invalid", "mend the route's url")
    setup.write(more=route.format("http://127.0.0.1:9/in"))
    assert setup.wrong() == []
    setup.write(more=route.format("env:NO_SUCH_URL"))
    assert [line[:2] for line in setup.wrong()] == [("secrets", "fail"), ("routes", "fail")]


# --- init ------------------------------------------------------------------------------------------------


def test_init_ends_in_doctor(setup):
    setup.config.unlink()
    done = setup.sluice.run("init", "--repo", setup.bare, f"--target=dev=sqlite:{setup.root}/dev.db", "--listen", "127.0.0.1:0", "-c", setup.config, cwd=setup.root)
    assert done.status == 0, done.err
    assert "ok    target      shop-dev: SQLite" in done.out and "warn  hook" in done.out
    assert done.out.index("wrong\n") < done.out.index("next:\n")
