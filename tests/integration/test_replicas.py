"""Three daemons on one PostgreSQL store: any of them serves, one at a time works, and work outlives its worker."""

import urllib.error
import urllib.parse
import urllib.request

import pytest
from harness.postgres import Postgres
from harness.replicas import Replicas
from harness.wait import wait_until
from harness.workspace import SAFE, Workspace, columns, ledger

LONG = """CREATE TABLE journey (n INTEGER NOT NULL);
INSERT INTO journey (n) VALUES (1);
SELECT pg_sleep(4);
INSERT INTO journey (n) VALUES (2);
"""


class Shared:
    def __init__(self, sluice):
        self.store = Postgres.create()
        self.databases = {name: Postgres.create() for name in ("dev", "prod")}
        self.workspace = Workspace(sluice, self.databases, self.store)
        self.replicas = Replicas(self.workspace)

    def close(self):
        self.replicas.close()
        self.workspace.close()
        for database in (self.store, *self.databases.values()):
            database.drop()


@pytest.fixture
def shared(sluice, tmp_workspace):
    made = Shared(sluice)
    yield made
    made.close()


def others(replicas, one) -> list:
    return [each for each in replicas.all if each is not one]


def bring_in(workspace, name, sql):
    """A change that is merged as soon as it is there, without any hook."""
    work = workspace.repository
    (workspace.root / "repo.git/hooks/post-receive").unlink(missing_ok=True)
    work.branch(f"change/{name}")
    work.commit({f"migrations/V2__{name}.sql": sql}, name)
    work.git("push", "-q", "origin", f"change/{name}")
    work.git("push", "-q", "origin", f"change/{name}:main")


def post(url, fields):
    """The answer's status, and its cookie."""

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    request = urllib.request.Request(url, data=urllib.parse.urlencode(fields).encode(), method="POST")
    try:
        answer = urllib.request.build_opener(NoRedirect).open(request, timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.headers.get("Set-Cookie", "")


def test_any_replica_takes_pushes_and_approvals_and_one_works_on_the_repository(shared):
    replicas = shared.replicas.start()
    workspace = shared.workspace
    ids = {(one.home / "data/installation").read_text().strip() for one in replicas.all}
    assert ids == {workspace.ask_store("SELECT value FROM meta WHERE key = 'installation'")}
    owner = wait_until(replicas.owner, what="somebody who works on the project")
    assert sum("project.ours project=shop" in one.log for one in replicas.all) == 1

    # The hook speaks to one that does not work on the repository, and hears the review all the same.
    asked = others(replicas, owner)[0]
    workspace.sluice.ok("hook", "install", workspace.root / "repo.git", "--socket", asked.socket)
    workspace.repository.branch("change/discount")
    workspace.repository.commit({"migrations/V2__discount.sql": SAFE}, "orders get a discount")
    assert "PASSED" in workspace.repository.push("change/discount")
    workspace.repository.push("change/discount:main")

    approver = others(replicas, owner)[1]
    approver.wait_change(1, lambda change: "waiting for 1 of 1 approvals (dba)" in change["waits_for"])
    approver.ok("approve", 1, who="dana")
    owner.wait_change(1, "done")
    for database in shared.databases.values():
        assert ledger(database) == [("1", "applied"), ("2", "applied")]
        assert "discount" in columns(database, "orders")


def test_a_login_link_works_once_on_any_replica_and_its_session_on_all(shared):
    replicas = shared.replicas.start()
    link = urllib.parse.urlparse(replicas[0].ok("login", who="dana").strip())
    code = urllib.parse.parse_qs(link.query)["code"][0]
    status, cookie = post(f"{replicas[1].address}/login", {"code": code})
    assert status in (302, 303), status
    assert post(f"{replicas[2].address}/login", {"code": code})[0] == 401
    for one in replicas.all:
        request = urllib.request.Request(f"{one.address}/changes", headers={"Cookie": cookie.split(";")[0]})
        page = urllib.request.urlopen(request, timeout=20).read().decode()
        assert "dana" in page


@pytest.mark.parametrize("way", ["killed", "frozen"])
def test_the_work_of_a_lost_replica_is_taken_over_and_nothing_is_done_twice(shared, way):
    workspace = shared.workspace
    workspace.configure(r"risk:", "review: {preset: none}\nrisk:")
    replicas = shared.replicas.start()
    bring_in(workspace, "journey", LONG)
    worker = wait_until(lambda: replicas.worker("dev"), 60, "a task at work")
    owner = replicas.owner()
    wait_until(lambda: shared.databases["dev"].value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(4)%' AND state = 'active' AND pid <> pg_backend_pid()"), 60, "the long statement")
    if way == "killed":
        worker.kill()
    else:
        worker.freeze()
    # Its lease ends, and another one proves what it did and goes on.
    taken = "SELECT count(*) FROM task WHERE target = 'dev' AND (lease_epoch > 1 OR state <> 'running')"
    wait_until(lambda: workspace.ask_store(taken) == 1, 60, "a takeover")
    worker.thaw()
    alive = others(replicas, worker)[0]
    alive.wait_change(1, lambda change: "waiting for 1 of 1 approvals (dba)" in change["waits_for"])
    dev = shared.databases["dev"]
    assert dev.rows("SELECT n, count(*) FROM journey GROUP BY n ORDER BY n") == [(1, 1), (2, 1)]
    assert ledger(dev) == [("1", "applied"), ("2", "applied")]
    if owner is worker:
        assert replicas.owner() is not None
    alive.ok("approve", 1, who="dana")
    alive.wait_change(1, "done")
    assert shared.databases["prod"].rows("SELECT n, count(*) FROM journey GROUP BY n ORDER BY n") == [(1, 1), (2, 1)]
    assert workspace.ask_store("SELECT count(*) FROM task WHERE state <> 'done'") == 0


def test_a_replica_that_stops_gives_its_repositories_away_at_once(shared):
    replicas = shared.replicas
    shared.workspace.configure(r"lease: 2s", "lease: 10m")
    replicas.start()
    owner = wait_until(replicas.owner, what="somebody who works on the project")
    assert owner.daemon.stop() == 0
    wait_until(lambda: replicas.owner() not in (None, owner), 30, "another one who works on it")


def test_a_change_without_a_repository_is_worked_on_by_replicas_that_share_one(shared):
    replicas, workspace = shared.replicas, shared.workspace
    workspace.configure(r"(server:\n)", f"server:\n  own_repository: {workspace.home}/own.git\n")
    replicas.start()
    file = workspace.home / "note.sql"
    file.write_text("CREATE TABLE note (id INTEGER PRIMARY KEY);\n")
    assert replicas[2].ok("change", "open", file, "--targets", "environment = 'dev'", "--title", "notes", who="ana") == "change 1 opened\n"
    assert replicas[0].change(1)["review"]["errors"] == 0
    replicas[1].ok("change", "merge", 1, who="dana")
    replicas[0].wait_change(1, "done")
    assert columns(shared.databases["dev"], "note") == ["id"]


def test_a_password_that_is_not_there_is_named_and_the_store_is_not_asked(sluice, shared):
    workspace = shared.workspace
    workspace.configure(r"store: ", "store_password: env:NOT_THERE\nstore: ")
    refused = sluice.run("serve", "-c", workspace.config)
    assert refused.status == 2 and "store_password" in refused.err and "NOT_THERE" in refused.err, refused
