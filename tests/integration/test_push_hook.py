"""The push hook as people meet it: `git push` into a bare repository, with a daemon that answers, stalls or is gone."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import pytest

ANSWER = "sluice-hook 1\nline change 7 orders: 1 error\nline   V2__x.sql:1 no primary key\ndone reviewed\n"


class FakeDaemon:
    """Listens on a Unix socket and answers every request with one text, or never."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.answer, self.status, self.requests, self.kept = ANSWER, 200, [], []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.requests.append(self.read(peer))
            if self.answer is None:
                self.kept.append(peer)
                continue
            body = self.answer.encode()
            peer.sendall(f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            peer.close()

    @staticmethod
    def read(peer):
        data = b""
        while b"\r\n\r\n" not in data:
            data += peer.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        while len(body) < length:
            body += peer.recv(65536)
        return head.decode(), body.decode()

    def close(self):
        self.listener.close()
        for peer in self.kept:
            peer.close()


@pytest.fixture
def place():
    """Short, because the path of a socket may have 107 bytes."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-hook-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def daemon(place):
    running = FakeDaemon(place / "s.sock")
    yield running
    running.close()


class Repository:
    """A bare repository with the hook, and a clone to push from."""

    def __init__(self, sluice, place):
        self.bare, self.work, self.socket = place / "shop.git", place / "work", place / "s.sock"
        self.env = {**os.environ, "HOME": str(place), "GIT_CONFIG_NOSYSTEM": "1"}
        self.git("init", "-q", "--bare", "-b", "main", self.bare)
        self.git("init", "-q", "-b", "main", self.work)
        sluice.ok("hook", "install", self.bare, "--socket", self.socket)
        (self.work / "V1__a.sql").write_text("SELECT 1;\n")
        self.git("-C", self.work, "add", ".")
        self.git("-C", self.work, "-c", "user.name=Ana", "-c", "user.email=ana@example.com", "commit", "-qm", "first")

    def git(self, *argv, **env):
        done = subprocess.run(["git", *map(str, argv)], env={**self.env, **env}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done

    def push(self, refspec="main:change/a", **env):
        """The remote: lines of a push, which must succeed."""
        said = self.git("-C", self.work, "push", self.bare, refspec, **env).stderr
        return [line[len("remote: ") :].rstrip() for line in said.splitlines() if line.startswith("remote: ")]

    def head(self):
        return self.git("-C", self.work, "rev-parse", "HEAD").stdout.strip()


@pytest.fixture
def repository(sluice, place):
    return Repository(sluice, place)


def test_a_push_is_answered_with_the_review(daemon, repository):
    assert repository.push() == ["change 7 orders: 1 error", "  V2__x.sql:1 no primary key"]


def test_the_daemon_is_told_what_was_pushed(daemon, repository):
    repository.push(SLUICE_USER="ana", SLUICE_TOKEN="s3cret")
    head, body = daemon.requests[0]
    assert head.startswith("POST /hook/push HTTP/1.1\r\n")
    assert "Authorization: Bearer s3cret" in head
    lines = body.splitlines()
    assert lines[0] == "sluice-hook 1"
    assert f"repository {repository.bare}" in lines and "user ana" in lines
    assert f"ref {'0' * 40} {repository.head()} refs/heads/change/a" in lines


def test_a_stopped_daemon_costs_one_line(repository):
    (line,) = repository.push()
    assert "no review now" in line and "nobody listens" in line


def test_a_daemon_that_stalls_is_left_after_four_seconds(daemon, repository):
    daemon.answer = None
    before = time.monotonic()
    (line,) = repository.push()
    assert 3.5 < time.monotonic() - before < 6
    assert "still reviewing" in line


@pytest.mark.parametrize("status, answer", [(200, "<html>"), (200, "sluice-hook 1\nline cut"), (500, ANSWER), (200, "")])
def test_an_answer_that_makes_no_sense_costs_one_line(daemon, repository, status, answer):
    daemon.status, daemon.answer = status, answer
    (line,) = repository.push()
    assert "the push stands" in line


def test_escapes_of_an_answer_do_not_reach_the_terminal(daemon, repository):
    daemon.answer = "sluice-hook 1\nline \x1b[31mred\ndone reviewed\n"
    (line,) = repository.push()
    assert "\x1b[31m" not in line and "red" in line


def test_notes_and_tags_are_nothing_to_review(daemon, repository):
    assert repository.push("HEAD:refs/notes/sluice") == []
    assert repository.push("HEAD:refs/tags/v1") == []
    assert daemon.requests == []


def test_the_hook_survives_a_folder_with_blanks_and_quotes(sluice, place):
    odd = place / "it's a place"
    odd.mkdir()
    running = FakeDaemon(odd / "s.sock")
    assert len(Repository(sluice, odd).push()) == 2
    running.close()


def test_installing_again_is_fine_and_a_foreign_hook_is_kept(sluice, repository):
    hook = repository.bare / "hooks" / "post-receive"
    sluice.ok("hook", "install", repository.bare, "--socket", repository.socket)
    hook.write_text("#!/bin/sh\necho mine\n")
    refused = sluice.run("hook", "install", repository.bare, "--socket", repository.socket)
    assert refused.status == 6 and "hook receive --socket" in refused.err
    assert hook.read_text() == "#!/bin/sh\necho mine\n"


def test_what_is_no_repository_gets_no_hook(sluice, place):
    assert sluice.run("hook", "install", place / "nowhere").status == 2
    assert sluice.run("hook", "install", place, "--socket", place / "s.sock").status == 5
