"""Origins that stall or are not there keep nobody else waiting."""

import socket

import pytest

from harness.wait import wait_until
from harness.workspace import SAFE, Workspace


@pytest.fixture
def stalled():
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def workspace(sluice, tmp_workspace):
    made = Workspace(sluice)
    yield made
    made.close()


def add_project(workspace, name, url):
    workspace.configure(
        r"projects:\n",
        f"projects:\n  - name: {name}\n    repository: {{path: \"{url}\", branch: main}}\n    migrations: [{{path: migrations, ledger: {name}, targets: \"app = 'shop'\"}}]\n",
    )


def test_a_stalled_origin_does_not_keep_a_push_to_another_waiting(workspace, stalled):
    add_project(workspace, "stalled", f"http://127.0.0.1:{stalled}/shop.git")
    workspace.start()
    work = workspace.repository
    work.branch("change/discount")
    work.commit({"migrations/V2__discount.sql": SAFE})
    assert "PASSED" in work.push("change/discount")
    workspace.stop()


def test_an_origin_that_is_not_there_is_named_in_the_log(workspace):
    add_project(workspace, "gone", f"file://{workspace.home}/gone.git")
    workspace.start()
    wait_until(lambda: workspace.daemon.log_contains("project gone"), what="a word about the origin")
    work = workspace.repository
    work.branch("change/discount")
    work.commit({"migrations/V2__discount.sql": SAFE})
    assert "PASSED" in work.push("change/discount")
