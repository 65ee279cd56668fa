"""Two people with a token each: neither can act as the other, whatever the environment, headers or cookies say."""

import http.client
import json
import re
import socket
import subprocess

import pytest

from harness.workspace import SAFE, Workspace, columns


def address_of(workspace) -> str:
    return re.findall(r"url=http://(\S+)", workspace.daemon.log.read_text())[-1]


class Caller:
    """HTTP without the program under test, over its socket or over TCP."""

    def __init__(self, workspace, way):
        self.workspace, self.way = workspace, way

    def _connection(self):
        if self.way == "socket":
            connection = http.client.HTTPConnection("localhost", timeout=20)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(self.workspace.root / "sluice.sock"))
            return connection
        return http.client.HTTPConnection(address_of(self.workspace), timeout=20)

    def call(self, method, path, body=None, **headers):
        connection = self._connection()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=json.dumps(body) if body is not None else None, headers=sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def who(self, **headers):
        status, text = self.call("GET", "/api/whoami", **headers)
        return json.loads(text)["whoami"]["user"] if status == 200 else status


@pytest.fixture
def workspace(sluice, tmp_workspace):
    """ana's change waits at prod for dana's approval."""
    made = Workspace(sluice).start()
    made.repository.branch("change/discount")
    made.repository.commit({"migrations/V2__discount.sql": SAFE}, "orders get a discount")
    made.repository.push("change/discount")
    made.repository.push("change/discount:main")
    made.wait_awaited(1, "approvals (dba)")
    yield made
    made.close()


def run(workspace, *words, **env):
    return workspace.sluice.run(*words, env={"SLUICE_CONFIG": workspace.config, **env})


def is_waiting(workspace) -> bool:
    return workspace.stage(1, "prod")["state"] == "waiting" and "discount" not in columns(workspace.targets["prod"], "orders")


def refusals(workspace) -> list:
    return [(row["by"], row["via"], row["action"]) for row in workspace.json("audit")["audit"] if row["refused"]]


def test_no_environment_makes_anas_token_danas(workspace):
    ana, dana = workspace.token("ana"), workspace.token("dana")
    for env in (
        {"SLUICE_TOKEN": ana},
        {"SLUICE_TOKEN": ana, "SLUICE_USER": "dana"},
        {"SLUICE_TOKEN": ana, "SLUICE_USER": "dana", "USER": "dana", "LOGNAME": "dana", "SUDO_USER": "dana"},
        {"SLUICE_TOKEN": ana, "GIT_AUTHOR_EMAIL": "dana@example.com", "GIT_COMMITTER_EMAIL": "dana@example.com"},
        {"SLUICE_TOKEN": ana, "SLUICE_TOKEN_DANA": dana, "DANA_TOKEN": dana},
    ):
        refused = run(workspace, "approve", 1, **env)
        assert refused.status == 4, (env, refused)
        assert "ana" in refused.err
        assert run(workspace, "whoami", **env).out == "ana (by token)\n"
    assert is_waiting(workspace)
    assert refusals(workspace) == [("ana", "token", "change.approve")] * 5


def test_a_name_without_a_token_is_nobody(workspace):
    for env in ({"SLUICE_USER": "dana"}, {"SLUICE_USER": "dana", "SLUICE_TOKEN": ""}, {"SLUICE_TOKEN": ""}, {}):
        refused = run(workspace, "approve", 1, **env)
        assert refused.status == 4, (env, refused)
        assert refused.err.count("\n") == 1
    assert is_waiting(workspace)
    assert all(by not in ("ana", "dana") for by, _, _ in refusals(workspace))


@pytest.mark.parametrize("way", ["socket", "tcp"])
def test_no_header_beside_a_token_changes_who_asks(workspace, way):
    caller = Caller(workspace, way)
    ana, dana = workspace.token("ana"), workspace.token("dana")
    session = log_in(workspace, "dana")
    for headers in (
        {"X_Sluice_User": "dana"},
        {"Cookie": f"sluice={session}"},
        {"X_Sluice_User": "dana", "Cookie": f"sluice={session}", "X_Forwarded_User": "dana", "Remote_User": "dana"},
        {"X_Authorization": f"Bearer {dana}", "Proxy_Authorization": f"Bearer {dana}"},
    ):
        assert caller.who(Authorization=f"Bearer {ana}", **headers) == "ana"
        status, text = caller.call("POST", "/api/changes/1/approve", {"environment": "prod", "user": "dana", "by": "dana", "token": dana}, Authorization=f"Bearer {ana}", **headers)
        assert status == 403, (headers, text)
    assert is_waiting(workspace)
    assert refusals(workspace) == [("ana", "token", "change.approve")] * 4


@pytest.mark.parametrize("way", ["socket", "tcp"])
def test_a_false_token_is_nobody_and_never_the_account(workspace, way):
    caller = Caller(workspace, way)
    ana = workspace.token("ana")
    for value in (f"Bearer {ana}x", f"Bearer {ana[:-1]}", "Bearer ", "Bearer dana", f"Basic {ana}", "Bearer file:" + str(workspace.root / "dana.token")):
        assert caller.who(Authorization=value) == 401, value
        status, _ = caller.call("POST", "/api/changes/1/approve", {}, Authorization=value)
        assert status == 401
    assert is_waiting(workspace)


def test_over_tcp_nobody_reads_or_acts_and_strangers_leave_no_audit(workspace):
    caller = Caller(workspace, "tcp")
    for path in ("/api/changes", "/api/changes/1", "/api/history", "/api/audit", "/changes/1", "/targets/dev"):
        status, text = caller.call("GET", path, X_Sluice_User="dana")
        assert status == 401, path
        assert "discount" not in text
    for path in ("/api/changes/1/approve", "/api/changes/1/hold", "/api/tasks/1/retry", "/api/login-link", "/hook/push"):
        status, _ = caller.call("POST", path, {"reason": "x"}, X_Sluice_User="dana")
        assert status == 401, path
    assert is_waiting(workspace)
    assert refusals(workspace) == []


def log_in(workspace, who) -> str:
    """A session, as a browser gets one."""
    code = workspace.ok("login", who=who).strip().split("code=")[1]
    connection = http.client.HTTPConnection(address_of(workspace), timeout=20)
    connection.request("POST", "/login", body=f"code={code}", headers={"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    assert answer.status == 303
    return answer.headers["Set-Cookie"].split(";")[0].removeprefix("sluice=")


def test_a_session_acts_by_forms_alone(workspace):
    caller = Caller(workspace, "tcp")
    session = log_in(workspace, "dana")
    assert caller.who(Cookie=f"sluice={session}") == "dana"
    status, _ = caller.call("POST", "/api/changes/1/approve", {}, Cookie=f"sluice={session}")
    assert status == 401
    tampered = session[:-1] + ("0" if session[-1] != "0" else "1")
    assert caller.who(Cookie=f"sluice={tampered}") == 401
    assert is_waiting(workspace)


def test_a_listed_account_speaks_for_others_but_not_over_a_token(workspace):
    account = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
    workspace.stop()
    workspace.configure(r"server:\n", f"server:\n  assert_users: [{account}]\n")
    workspace.start()
    assert run(workspace, "whoami", SLUICE_USER="dana").out == "dana (by socket)\n"
    assert run(workspace, "whoami", SLUICE_USER="nobody-known").status == 4
    assert run(workspace, "whoami", SLUICE_USER="dana", SLUICE_TOKEN=workspace.token("ana")).out == "ana (by token)\n"
    assert Caller(workspace, "tcp").who(X_Sluice_User="dana") == 401
    assert is_waiting(workspace)


def test_danas_own_token_is_what_it_takes(workspace):
    assert run(workspace, "approve", 1, SLUICE_TOKEN=workspace.token("dana"), SLUICE_USER="ana").status == 0
    workspace.wait_change(1, "done")
    granted = [(row["by"], row["via"]) for row in workspace.json("audit")["audit"] if row["action"] == "change.approve" and not row["refused"]]
    assert granted == [("dana", "token")]
