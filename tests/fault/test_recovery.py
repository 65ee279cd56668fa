"""What stands in the daemon's way is gone again: it goes on by itself, without a start."""

import contextlib
import socket
import sqlite3
import time

import pytest
from harness.daemon import Daemon
from harness.postgres import Postgres
from harness.receiver import Receiver
from harness.wait import wait_until
from harness.workspace import SAFE, Workspace


@pytest.fixture
def space(sluice, tmp_workspace):
    made = Workspace(sluice)
    yield made
    made.close()


def merge(space):
    work = space.repository
    work.branch("change/discount")
    work.commit({"migrations/V2__discount.sql": SAFE})
    work.git("push", "-q", "origin", "change/discount", "change/discount:main")


@pytest.mark.parametrize("lost", ["refs/heads/", "refs/notes/", "objects/", ".pack", ".idx"])
def test_a_mirror_whose_files_a_bad_disk_emptied_is_fetched_again(space, lost):
    space.start()
    work = space.repository
    work.branch("change/discount")
    work.commit({"migrations/V2__discount.sql": SAFE})
    work.push("change/discount")
    emptied = [path for path in (space.root / "data" / "mirrors").rglob("*") if path.is_file() and lost in str(path)]
    for path in emptied:
        path.unlink()  # it may be mapped
        path.write_bytes(b"")
    assert emptied
    work.git("push", "-q", "origin", "change/discount:main")
    space.wait_stage(1, "dev", "done")


def test_a_data_folder_that_somebody_removed_is_made_again(space):
    space.start()
    (space.root / "data").rename(space.root / "removed")
    merge(space)
    space.wait_stage(1, "dev", "done")


def test_an_origin_that_was_away_is_followed_again(space):
    space.start()
    (space.root / "repo.git").rename(space.root / "away.git")
    space.daemon.wait_for_log("work.failed")
    (space.root / "away.git").rename(space.root / "repo.git")
    merge(space)
    space.wait_stage(1, "dev", "done")


def test_a_target_that_was_away_is_applied_to_when_it_is_back(space):
    space.start()
    away = space.targets["dev"].path.rename(space.root / "away.db")
    merge(space)
    change = space.wait_change(1, lambda change: " since " in change["waits_for"])
    assert str(space.targets["dev"].path) in change["waits_for"] and not space.targets["dev"].path.exists(), change["waits_for"]
    away.rename(space.targets["dev"].path)
    space.wait_stage(1, "dev", "done")


def test_a_lock_that_is_met_when_a_target_is_back_is_not_given_up_for_the_time_that_it_was_away(space):
    space.configure(r"- \{name: dev\}", "- {name: dev, lock_timeout: 100ms, lock_give_up: 3s}")
    space.start()
    dev = space.targets["dev"]
    away = dev.path.rename(space.root / "away.db")
    merge(space)
    space.wait_change(1, lambda change: "does not exist" in change["waits_for"])
    task = "SELECT max(blocked_at) FROM task"
    since = space.ask_store(task)
    wait_until(lambda: time.time() * 1_000_000 > since + 4_000_000, what="longer than a lock is waited for")
    with contextlib.closing(sqlite3.connect(away, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        away.rename(dev.path)
        change = space.wait_change(1, lambda change: "lock" in change["waits_for"] or change["stages"][0]["state"] == "failed")
        assert change["stages"][0]["state"] == "running" and space.ask_store(task) > since, change["waits_for"]
        holder.execute("ROLLBACK")
    space.wait_stage(1, "dev", "done")


def test_a_targets_password_that_could_not_be_read_is_read_when_it_is_there(sluice, tmp_workspace, pg):
    prod = Postgres.create()
    space = Workspace(sluice, {"dev": pg, "prod": prod})
    secret = space.root / "dev.password"
    try:
        space.configure(r"- \{name: dev, environment", f'- {{name: dev, password: "file:{secret}", environment')
        secret.write_text("of no matter here")
        space.start()
        secret.unlink()
        merge(space)
        space.wait_change(1, lambda change: str(secret) in change["waits_for"])
        secret.write_text("of no matter here")
        space.wait_stage(1, "dev", "done")
    finally:
        space.close()
        prod.drop()


def test_a_message_is_delivered_when_the_secrets_of_its_route_are_there(space):
    receiver = Receiver()
    url = space.root / "route.url"
    space.configure("environments:", f'routes:\n  - {{name: ops, kind: webhook, url: "file:{url}"}}\nenvironments:')
    url.write_text(receiver.url)
    try:
        space.start()
        url.unlink()
        merge(space)
        wait_until(lambda: space.ask_store("SELECT count(*) FROM outbox WHERE attempts > 0"), 30, "an attempt")
        assert not receiver.got
        url.write_text(receiver.url)
        wait_until(lambda: "change.opened" in receiver.events(), 60, "the message")
    finally:
        receiver.close()


@pytest.mark.parametrize("way", ["socket", "http"])
def test_connections_that_took_every_descriptor_stop_nothing_for_good(space, way):
    space.daemon = Daemon(["prlimit", "--nofile=70", space.sluice.path, "serve", "-c", space.config], cwd=space.home)
    space.daemon.wait_for_log("listening")
    wait_until(space.seen)
    port = int(space.daemon.log.read_text().split("http://127.0.0.1:")[1].split()[0])
    with contextlib.ExitStack() as held:
        for _ in range(100):
            if way == "http":
                held.enter_context(socket.create_connection(("127.0.0.1", port)))
            else:
                one = held.enter_context(socket.socket(socket.AF_UNIX))
                one.setblocking(False)
                one.connect(str(space.root / "sluice.sock"))
        merge(space)
        space.daemon.wait_for_log("Too many open files")
    space.wait_stage(1, "dev", "done")


def test_a_lock_that_a_killed_merge_left_in_the_repository_of_our_own_stops_nobody(space):
    space.start()
    file = space.home / "totals.sql"
    file.write_text("CREATE TABLE totals (id INTEGER PRIMARY KEY);\n")
    space.ok("change", "open", file, "--targets", "app = 'shop'", who="ana")
    (space.root / "data" / "own.git" / "refs" / "heads" / "main.lock").touch()
    space.ok("change", "merge", 1, who="ana")
    space.wait_stage(1, "dev", "done")
