"""Messages to a route: signed, delivered at least once, also over a kill and after failures."""

import hashlib
import hmac
import json
import time

import pytest

from harness.receiver import Receiver
from harness.wait import wait_until
from harness.workspace import SAFE, Workspace

SECRET = "the-key-that-both-sides-know"


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def workspace(sluice, tmp_workspace, receiver):
    made = Workspace(sluice)
    (made.root / "hook.secret").write_text(SECRET + "\n")
    made.configure(r"server:\n", "server:\n  url: https://sluice.example.com/\n")
    with made.config.open("a") as config:
        config.write(f"routes:\n  - {{name: ops, kind: webhook, url: '{receiver.url}', secret: 'file:{made.root}/hook.secret'}}\n")
    yield made.start()
    made.close()


def push(workspace):
    workspace.repository.branch("change/discount")
    workspace.repository.commit({"migrations/V2__discount.sql": SAFE}, "orders get a discount")
    workspace.repository.push("change/discount")


def is_signed(headers, body) -> bool:
    """As docs tell a receiver to check: the age, then HMAC-SHA-256 over "SECONDS.BODY"."""
    fields = dict(part.split("=", 1) for part in headers["X-Sluice-Signature"].split(","))
    want = hmac.new(SECRET.encode(), fields["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return abs(time.time() - int(fields["t"])) < 120 and hmac.compare_digest(want, fields["v1"])


def test_each_event_is_told_once_and_signed(workspace, receiver):
    push(workspace)
    workspace.repository.push("change/discount:main")
    workspace.wait_awaited(1, "approvals (dba)")
    workspace.ok("approve", 1, who="dana")
    workspace.wait_change(1, "done")
    wait_until(lambda: "change.done" in receiver.events(), what="the last event")
    assert all(is_signed(headers, body) for headers, body in receiver.got)
    assert len(set(receiver.ids())) == len(receiver.ids())
    assert {"change.opened", "review.passed", "change.merged", "change.waiting", "change.approved", "task.done"} <= set(receiver.events())
    for headers, body in receiver.got:
        told = json.loads(body)
        assert headers["Content-Type"] == "application/json"
        assert SECRET not in body.decode()
        assert told["event"] == headers["X-Sluice-Event"] and told["change"] == 1, told
        assert told["url"] == "https://sluice.example.com/changes/1"


def test_a_message_whose_answer_a_kill_took_is_delivered_once_more(workspace, receiver):
    receiver.answer = lambda n: None if n == 1 else 200
    push(workspace)
    wait_until(lambda: receiver.got, what="the first delivery")
    workspace.kill()
    receiver.release.set()
    first = receiver.ids()[0]
    assert receiver.ids().count(first) == 1
    workspace.start()
    wait_until(lambda: receiver.ids().count(first) == 2, timeout=90, what="the same message again")
    bodies = [body for headers, body in receiver.got if headers["X-Sluice-Delivery"] == first]
    assert bodies[0] == bodies[1]
    assert all(is_signed(headers, body) for headers, body in receiver.got)


def test_a_receiver_that_fails_gets_it_when_it_has_recovered(workspace, receiver):
    receiver.answer = lambda n: 500 if n <= 3 else 200
    push(workspace)
    wait_until(lambda: len(receiver.got) > 3, timeout=60, what="more tries than failures")
    failed = set(receiver.ids()[:3])
    wait_until(lambda: all(receiver.ids().count(each) >= 2 for each in failed), timeout=60, what="what failed, again")
    wait_until(lambda: {"change.opened", "review.passed"} <= {receiver.events()[n] for n in range(3, len(receiver.got))}, timeout=60, what="every event after the recovery")


def test_a_receiver_that_is_away_stops_nothing(workspace, receiver):
    receiver.server.shutdown()
    receiver.server.server_close()
    push(workspace)
    workspace.repository.push("change/discount:main")
    workspace.wait_awaited(1, "approvals (dba)")
    workspace.wait_stage(1, "dev", "done")
