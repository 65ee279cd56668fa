"""`sluice wait`: CI waits at the daemon until what a commit holds is applied; and `sluice migrate` and the daemon
share one ledger, whoever comes first."""

import json
import subprocess

import pytest
from harness.postgres import Postgres
from harness.program import environment
from harness.wait import wait_until
from harness.workspace import SAFE, Workspace, columns, ledger

MIGRATION = "migrations/V2__discount.sql"


@pytest.fixture
def workspace(sluice, tmp_workspace):
    made = Workspace(sluice)
    yield made
    made.close()


def wait_in_background(workspace, *words):
    """The command while it runs; its stderr is read as it comes."""
    env = environment({"SLUICE_CONFIG": workspace.config})
    return subprocess.Popen([workspace.sluice.path, "wait", *map(str, words)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def merge(workspace, sql=SAFE, way="ff", path=MIGRATION):
    """A change is pushed and merged; returns the commit that main has then."""
    work = workspace.repository
    work.branch("change/discount")
    work.commit({path: sql}, "orders get a discount")
    work.push("change/discount")
    workspace.wait_change(1, lambda change: "review" in change)
    work.git("switch", "-q", "main")
    if way == "squash":
        work.git("merge", "-q", "--squash", "change/discount")
        work.git("commit", "-q", "-m", "squashed")
    elif way == "merge":
        work.git("merge", "-q", "--no-ff", "-m", "merged", "change/discount")
    else:
        work.git("merge", "-q", "--ff-only", "change/discount")
    work.push("main")
    return work.head("main")


class TestWait:
    @pytest.mark.parametrize("way", ["ff", "squash", "merge"])
    def test_it_ends_when_the_commit_is_applied_there(self, workspace, way):
        workspace.start()
        commit = merge(workspace, way=way)
        out = workspace.run("wait", "--commit", commit, "--environment", "dev", "--timeout", "50s")
        assert (out.status, out.out) == (0, f"commit {commit[:10]}: applied in dev\n"), out.err
        assert "discount" in columns(workspace.targets["dev"], "orders")

    @pytest.mark.parametrize("digits", [40, 8])
    def test_the_digits_of_a_commit_may_be_capital(self, workspace, digits):
        workspace.start()
        commit = merge(workspace)
        out = workspace.run("wait", "--commit", commit[:digits].upper(), "--environment", "dev", "--timeout", "50s")
        assert (out.status, out.out) == (0, f"commit {commit[:10]}: applied in dev\n"), out.err

    def test_an_approval_is_waited_for_and_said_once(self, workspace):
        workspace.start()
        commit = merge(workspace)
        with wait_in_background(workspace, "--commit", commit[:8], "--environment", "prod", "--timeout", "90s") as process:
            workspace.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
            lines = [process.stderr.readline()]
            while "approvals (dba)" not in lines[-1]:
                lines.append(process.stderr.readline())
            workspace.ok("approve", 1, who="dana")
            out, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
        assert out == f"commit {commit[:10]}: applied in prod\n"
        told = [line for line in [*lines, *err.splitlines()] if "approvals (dba)" in line]
        assert len(told) == 1, lines
        assert "change 1 (orders get a discount)" in told[0]

    def test_the_time_passes_7(self, workspace):
        workspace.start()
        commit = merge(workspace)
        workspace.wait_awaited(1, "approvals (dba)")
        out = workspace.run("wait", "--commit", commit, "--environment", "prod", "--timeout", "300ms")
        assert out.status == 7
        assert "waiting for 1 of 1 approvals (dba)" in out.err

    def test_a_failure_is_8_in_the_environment_and_in_those_behind_it(self, workspace):
        workspace.start()
        workspace.targets["dev"].execute("ALTER TABLE orders ADD COLUMN discount INTEGER")
        commit = merge(workspace)
        for name in ("dev", "prod"):
            out = workspace.run("wait", "--commit", commit, "--environment", name, "--timeout", "50s")
            assert out.status == 8, out.err
            assert "failed in dev" in out.err
            assert "duplicate column name: discount" in out.err

    def test_a_hold_needs_somebody_9(self, workspace):
        workspace.start()
        commit = merge(workspace)
        workspace.wait_awaited(1, "approvals (dba)")
        workspace.ok("hold", 1, "--reason", "not on a Friday", who="dana")
        out = workspace.run("wait", "--commit", commit, "--environment", "prod", "--timeout", "50s")
        assert out.status == 9, out.err
        assert "held by dana: not on a Friday" in out.err

    def test_a_commit_without_migrations_has_nothing_to_do(self, workspace):
        workspace.start()
        work = workspace.repository
        work.commit({"README": "no migration\n"}, "readme")
        work.push("main")
        out = workspace.run("wait", "--commit", work.head(), "--environment", "prod", "--timeout", "50s")
        assert out.status == 0, out.err
        assert "nothing to do in prod" in out.out

    def test_a_branch_that_is_not_merged_is_waited_for(self, workspace):
        workspace.start()
        work = workspace.repository
        work.branch("change/discount")
        work.commit({MIGRATION: SAFE}, "orders get a discount")
        work.push("change/discount")
        out = workspace.run("wait", "--commit", work.head(), "--environment", "dev", "--timeout", "500ms")
        assert out.status == 7, out.err
        assert "not merged yet" in out.err or "not on its project's branch yet" in out.err

    @pytest.mark.parametrize(
        ("words", "status", "said"),
        [
            (("--commit", "0123456", "--environment", "dev", "--timeout", "300ms"), 5, "commit 0123456"),
            (("--commit", "f" * 40, "--environment", "dev", "--timeout", "0"), 5, "no project has it"),
            (("--commit", "012345", "--environment", "dev"), 2, "7 to 40 hexadecimal digits"),
            (("--commit", "main", "--environment", "dev"), 2, "hexadecimal digits"),
            (("--commit", "0123456", "--environment", "prd"), 5, "did you mean prod?"),
            (("--environment", "dev"), 2, "--commit"),
            (("--commit", "0123456"), 2, "--environment"),
            (("--commit", "0123456", "--environment", "dev", "--timeout", "soon"), 2, "no duration"),
        ],
    )
    def test_what_is_unknown_or_wrong_is_said(self, workspace, words, status, said):
        workspace.start()
        out = workspace.run("wait", *words)
        assert out.status == status, out.err
        assert said in out.err
        assert out.err.splitlines()[-1].startswith("sluice: ")

    def test_without_a_daemon_it_is_3(self, workspace):
        assert workspace.run("wait", "--commit", "0123456", "--environment", "dev").status == 3

    def test_a_daemon_that_is_started_anew_is_waited_for(self, workspace):
        workspace.start()
        commit = merge(workspace)
        workspace.wait_awaited(1, "approvals (dba)")
        with wait_in_background(workspace, "--commit", commit, "--environment", "prod", "--timeout", "90s") as process:
            assert "approvals (dba)" in process.stderr.readline()
            workspace.stop()
            assert "does not answer" in process.stderr.readline()
            workspace.start()
            workspace.ok("approve", 1, who="dana")
            out, err = process.communicate(timeout=90)
        assert process.returncode == 0, err

    def test_json_has_the_changes(self, workspace):
        workspace.start()
        commit = merge(workspace)
        out = workspace.run("wait", "--commit", commit, "--environment", "dev", "--timeout", "50s", "--output", "json")
        assert out.status == 0, out.err
        answer = json.loads(out.out)["commit"]
        assert (answer["id"], answer["environment"], answer["outcome"], answer["worked_off"]) == (commit, "dev", "applied", True)
        assert [(change["id"], change["head"]) for change in answer["changes"]] == [(1, commit)]


class TestOneLedger:
    @pytest.fixture(params=["sqlite", "postgres"])
    def either(self, request, sluice, tmp_workspace):
        databases = {name: Postgres.create() for name in ("dev", "prod")} if request.param == "postgres" else None
        made = Workspace(sluice, databases)
        yield made
        made.close()
        for database in (databases or {}).values():
            database.drop()

    def migrate(self, workspace, name):
        return workspace.sluice.run("migrate", "--url", workspace.targets[name].url, "--dir", workspace.repository.folder / "migrations", "--lock-wait", "0")

    def test_what_migrate_applied_the_daemon_does_not_apply_again(self, either):
        work = either.repository
        work.branch("change/discount")
        work.commit({MIGRATION: SAFE}, "orders get a discount")
        for name in ("dev", "prod"):
            out = self.migrate(either, name)
            assert out.status == 0, out.err
        either.start()
        work.push("change/discount")
        assert either.wait_change(1, lambda change: "review" in change)["review"]["errors"] == 0
        work.push("change/discount:main")
        out = either.run("wait", "--commit", work.head(), "--environment", "dev", "--timeout", "50s")
        assert out.status == 0, out.err
        either.wait_awaited(1, "approvals (dba)")
        either.ok("approve", 1, who="dana")
        out = either.run("wait", "--commit", work.head(), "--environment", "prod", "--timeout", "50s")
        assert out.status == 0, out.err
        assert either.history() == []
        for database in either.targets.values():
            assert ledger(database) == [("1", "applied"), ("2", "applied")]

    def test_what_the_daemon_applied_migrate_does_not_apply_again(self, either):
        either.start()
        commit = merge(either)
        either.wait_awaited(1, "approvals (dba)")
        either.ok("approve", 1, who="dana")
        assert either.run("wait", "--commit", commit, "--environment", "prod", "--timeout", "50s").status == 0
        for name in ("dev", "prod"):
            out = self.migrate(either, name)
            assert out.status == 0, out.err
            assert "nothing to do" in out.out

    def test_migrate_gives_way_while_a_run_of_the_daemon_is_open(self, either, monkeypatch):
        mark = either.home / "paused"
        monkeypatch.setenv("SLUICE_TEST_PAUSE_AT", "begun")
        monkeypatch.setenv("SLUICE_TEST_PAUSE_FILE", str(mark))
        either.start()
        monkeypatch.delenv("SLUICE_TEST_PAUSE_AT")
        monkeypatch.delenv("SLUICE_TEST_PAUSE_FILE")
        work = either.repository
        work.commit({MIGRATION: SAFE}, "orders get a discount")
        work.branch("change/discount")
        work.git("push", "-q", "origin", "change/discount", env={"SLUICE_TOKEN": either.token("ana")})
        either.wait_change(1, lambda change: "review" in change)
        work.git("push", "-q", "origin", "change/discount:main", env={"SLUICE_TOKEN": either.token("ana")})
        wait_until(mark.exists, timeout=60, what="a run of the daemon that has begun")
        held = self.migrate(either, "dev")
        assert held.status == 6, held.err
        either.kill()
        wait_until(lambda: "of a daemon" in self.migrate(either, "dev").err, timeout=30, what="the lock of the dead daemon going")
        out = self.migrate(either, "dev")
        assert out.status == 6
        assert "is open; let it end" in out.err
        assert "discount" not in columns(either.targets["dev"], "orders")
        either.start()
        out = either.run("wait", "--commit", work.head(), "--environment", "dev", "--timeout", "50s")
        assert out.status == 0, out.err
        assert ledger(either.targets["dev"]) == [("1", "applied"), ("2", "applied")]
