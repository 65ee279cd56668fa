"""Fetches from real servers: git http-backend behind TLS, sshd, and peers that never answer."""

import base64
import http.server
import os
import pathlib
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import pytest

from harness.port import free_port
from harness.wait import wait_until

TOKEN = "t0ken-of-a-test"
BACKEND = "/usr/lib/git-core/git-http-backend"
SLACK = 2.0  # seconds that an end at a deadline may take beyond it


def run(*argv, **options):
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


class Probe:
    """The test's own small program around a mirror, and what it printed."""

    def __init__(self, folder):
        self.path = pathlib.Path(os.environ["SLUICE_BUILD"]) / "tests" / "git_probe"
        self.folder = folder

    def start(self, url, **keys):
        keys.setdefault("deadline_ms", 20000)
        argv = [self.path, self.folder, url, *(f"{key}={value}" for key, value in keys.items())]
        return subprocess.Popen(list(map(str, argv)), stdout=subprocess.PIPE, text=True)

    @staticmethod
    def end(process):
        out, _ = process.communicate(timeout=60)
        lines = [line.split(" ", 1) for line in out.splitlines()]
        answer = {key: value for key, value in lines if key != "branch"}
        answer["branches"] = dict(value.split(" ") for key, value in lines if key == "branch")
        return answer

    def fetch(self, url, **keys):
        return self.end(self.start(url, **keys))


@pytest.fixture
def place():
    """A folder that the account of the SSH server can enter, too."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-transport-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def probe(place):
    return Probe(place / "data")


@pytest.fixture
def origin(place):
    """A bare repository with one commit on main."""
    path = place / "git" / "shop.git"
    work = place / "work"
    env = {**os.environ, "HOME": str(place), "GIT_CONFIG_NOSYSTEM": "1"}
    run("git", "init", "-q", "--bare", "-b", "main", path, env=env)
    run("git", "-C", path, "config", "http.receivepack", "true", env=env)
    run("git", "init", "-q", "-b", "main", work, env=env)
    (work / "V1__a.sql").write_text("CREATE TABLE a (id int);\n")
    (work / "large.bin").write_bytes(os.urandom(3 << 20))
    run("git", "-C", work, "add", ".", env=env)
    run("git", "-C", work, "-c", "user.name=Ana", "-c", "user.email=ana@example.com", "commit", "-qm", "first", env=env)
    run("git", "-C", work, "push", "-q", path, "main", "main:change/a", env=env)
    return path


def tip(origin):
    return run("git", "-c", "safe.directory=*", "-C", origin, "rev-parse", "refs/heads/main")


def note(origin, commit):
    return run("git", "-c", "safe.directory=*", "-C", origin, "notes", "--ref=sluice", "show", commit)


# --- HTTPS ------------------------------------------------------------------------------------------------------------


class GitHandler(http.server.BaseHTTPRequestHandler):
    """CGI around git http-backend; server.token, when set, is asked for."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if self.path.startswith("/moved/"):
            return self.plain(302, {"Location": self.path.replace("/moved/", "/", 1)})
        if self.path.startswith("/away/"):
            return self.plain(302, {"Location": "https://127.0.0.1:1" + self.path})
        if self.path.startswith("/page/"):
            return self.plain(200, {"Content-Type": "text/html"}, b"<html>")
        expected = "Basic " + base64.b64encode(f"git:{self.server.token}".encode()).decode()
        if self.server.token and self.headers.get("Authorization") != expected:
            return self.plain(401, {"WWW-Authenticate": "Basic realm=git"})
        return self.backend(body)

    do_GET = do_POST = answer

    def plain(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def backend(self, body):
        path, _, query = self.path.partition("?")
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.server.root),
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": "git",
        }
        done = subprocess.run([BACKEND], input=body, env=env, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        status = int(headers.pop("Status", "200").split()[0])
        self.server.served.append(path)
        if self.server.stalls and path.endswith("/git-upload-pack"):
            return self.half(headers, content)
        return self.plain(status, headers, content)

    def half(self, headers, content):
        """Half of a pack, and then nothing until the test ends."""
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        self.server.halfway.set()
        self.server.ended.wait(60)


class GitServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, root, context=None):
        super().__init__(("127.0.0.1", 0), GitHandler)
        self.root, self.token, self.served = root, None, []
        self.stalls, self.halfway, self.ended = False, threading.Event(), threading.Event()
        scheme = "http"
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass


@pytest.fixture
def ca(place):
    """A certificate that is its own authority, for 127.0.0.1."""
    key, cert = place / "tls.key", place / "tls.crt"
    run(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
        *("-subj", "/CN=sluice test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context


@pytest.fixture
def https(origin, ca):
    server = GitServer(origin.parent, ca[1])
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()


def test_a_fetch_over_tls_brings_the_branches(probe, https, ca, origin):
    answer = probe.fetch(f"{https.url}/shop.git", ca=ca[0])
    assert answer["code"] == "ok", answer
    assert answer["branches"] == {"main": tip(origin), "change/a": tip(origin)}


def test_a_second_fetch_brings_only_what_is_new(probe, https, ca, origin):
    assert probe.fetch(f"{https.url}/shop.git", ca=ca[0])["code"] == "ok"
    run("git", "-C", origin, "update-ref", "-d", "refs/heads/change/a")
    https.served.clear()
    assert list(probe.fetch(f"{https.url}/shop.git", ca=ca[0])["branches"]) == ["main"]
    assert https.served == ["/shop.git/info/refs"]


def test_a_certificate_that_nobody_vouches_for_is_refused(probe, https):
    answer = probe.fetch(f"{https.url}/shop.git")
    assert answer["code"] == "unavailable" and "certificate" in answer["message"], answer


def test_a_token_opens_and_is_never_shown(probe, https, ca):
    https.token = TOKEN
    url = f"{https.url}/shop.git"
    assert probe.fetch(url, ca=ca[0], token=TOKEN)["code"] == "ok"
    missing = probe.fetch(url, ca=ca[0])
    wrong = probe.fetch(url, ca=ca[0], token="wr0ng")
    assert missing["code"] == wrong["code"] == "denied", (missing, wrong)
    assert "is missing" in missing["message"] and "is refused" in wrong["message"]
    assert "wr0ng" not in wrong["message"]


def test_a_note_is_pushed_over_tls(probe, https, ca, origin):
    commit = tip(origin)
    answer = probe.fetch(f"{https.url}/shop.git", ca=ca[0], note_on=commit, note="reviewed")
    assert answer["code"] == "ok", answer
    assert note(origin, commit) == "reviewed"


def test_a_repository_that_is_not_there_is_not_found(probe, https, ca):
    assert probe.fetch(f"{https.url}/other.git", ca=ca[0])["code"] == "not_found"


def test_a_page_is_no_repository(probe, https, ca):
    answer = probe.fetch(f"{https.url}/page/shop.git", ca=ca[0])
    assert answer["code"] == "unavailable" and "not of a Git server" in answer["message"]


def test_a_redirect_on_the_same_host_is_followed(probe, https, ca, origin):
    answer = probe.fetch(f"{https.url}/moved/shop.git", ca=ca[0])
    assert answer["code"] == "ok" and answer["branches"]["main"] == tip(origin), answer


def test_a_redirect_to_another_host_gets_no_token(probe, https, ca):
    answer = probe.fetch(f"{https.url}/away/shop.git", ca=ca[0], token=TOKEN)
    assert answer["code"] != "ok" and TOKEN not in answer["message"]


def test_http_without_tls_works(probe, origin):
    server = GitServer(origin.parent)
    assert probe.fetch(f"{server.url}/shop.git")["code"] == "ok"
    server.shutdown()
    server.server_close()


# --- peers that never answer ------------------------------------------------------------------------------------------


class Silent:
    """Accepts, says what it was told to say, and nothing more."""

    def __init__(self, greeting=b""):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.kept, self.greeting = [], greeting
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            peer.sendall(self.greeting)
            self.kept.append(peer)

    def close(self):
        self.listener.close()
        for peer in self.kept:
            peer.close()


HALF_A_LIST = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n"
    b"Content-Length: 5000\r\n\r\n001e# service=git-upload-pack\n0000"
)
SILENCES = {
    "https": ("https://127.0.0.1:{port}/shop.git", b""),
    "http": ("http://127.0.0.1:{port}/shop.git", b""),
    "http-in-the-middle": ("http://127.0.0.1:{port}/shop.git", HALF_A_LIST),
    "ssh": ("ssh://git@127.0.0.1:{port}/shop.git", b""),
    "ssh-after-the-greeting": ("ssh://git@127.0.0.1:{port}/shop.git", b"SSH-2.0-OpenSSH_9.2\r\n"),
}


@pytest.mark.parametrize("name", SILENCES)
def test_a_stalled_fetch_ends_at_its_deadline(probe, name):
    url, greeting = SILENCES[name]
    peer = Silent(greeting)
    before = time.monotonic()
    answer = probe.fetch(url.format(port=peer.port), deadline_ms=1000)
    took = time.monotonic() - before
    peer.close()
    assert answer["code"] == "timeout", answer
    assert 0.9 < took < 1 + SLACK


@pytest.mark.parametrize("name", SILENCES)
def test_a_stalled_fetch_can_be_canceled(probe, name):
    url, greeting = SILENCES[name]
    peer = Silent(greeting)
    process = probe.start(url.format(port=peer.port))
    wait_until(lambda: peer.kept, what="the connection")
    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    answer = probe.end(process)
    peer.close()
    assert answer["code"] == "canceled", answer
    assert time.monotonic() - before < SLACK


def test_a_pack_that_stalls_halfway_ends_at_the_deadline(probe, https, ca, origin):
    https.stalls = True
    answer = probe.fetch(f"{https.url}/shop.git", ca=ca[0], deadline_ms=2000)
    assert https.halfway.is_set() and answer["code"] == "timeout", answer
    assert answer["branches"] == {}
    https.stalls = False
    assert probe.fetch(f"{https.url}/shop.git", ca=ca[0])["branches"]["main"] == tip(origin)


def test_what_a_killed_fetch_leaves_is_swept_at_the_next_start(probe, https, ca, origin):
    def left():
        return [path for path in probe.folder.rglob("*") if "_git2_" in path.name or path.suffix == ".lock"]

    https.stalls = True
    process = probe.start(f"{https.url}/shop.git", ca=ca[0])
    assert https.halfway.wait(30)
    wait_until(left, what="a temporary file")
    process.kill()
    process.communicate()
    https.stalls = False
    answer = probe.fetch(f"{https.url}/shop.git", ca=ca[0])
    assert int(answer["swept"]) > 0 and answer["branches"]["main"] == tip(origin), answer
    assert left() == []


# --- SSH --------------------------------------------------------------------------------------------------------------


class Sshd:
    """An sshd of our own on loopback, unprivileged; under root it runs as postgres, who has a shell."""

    def __init__(self, place, command=None):
        self.folder = place / "sshd"
        self.folder.mkdir()
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        for name in ("host", "user", "stranger"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name)
        self.port = free_port()
        shutil.copy(self.folder / "user.pub", self.folder / "authorized")
        self.known = self.write("known", f"[127.0.0.1]:{self.port} " + (self.folder / "host.pub").read_text())
        config = self.write("config", self.config(command))
        prefix = []
        if os.geteuid() == 0:
            for path in [place / "git", self.folder]:
                run("chown", "-R", self.user, path)
            prefix = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--reset-env"]
        self.process = subprocess.Popen([*prefix, "/usr/sbin/sshd", "-D", "-e", "-f", str(config)], stderr=open(self.folder / "log", "wb"))
        wait_until(self.listens, what="sshd")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def config(self, command):
        return "\n".join(
            [
                f"ListenAddress 127.0.0.1:{self.port}",
                f"HostKey {self.folder}/host",
                f"AuthorizedKeysFile {self.folder}/authorized",
                f"PidFile {self.folder}/pid",
                "UsePAM no",
                "StrictModes no",
                "PasswordAuthentication no",
                *([f"ForceCommand {command}"] if command else []),
                "",
            ]
        )

    def listens(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with socket.socket() as peer:
            return peer.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, path):
        return f"ssh://{self.user}@127.0.0.1:{self.port}{path}"

    def keys(self, **changes):
        return {"key": self.folder / "user", "known": self.known, **changes}

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture
def sshd(place, origin):
    server = Sshd(place)
    yield server
    server.stop()


def test_a_fetch_over_ssh_brings_the_branches(probe, sshd, origin):
    answer = probe.fetch(sshd.url(origin), **sshd.keys())
    assert answer["code"] == "ok", (answer, (sshd.folder / "log").read_text())
    assert answer["branches"] == {"main": tip(origin), "change/a": tip(origin)}


def test_a_note_is_pushed_over_ssh(probe, sshd, origin):
    commit = tip(origin)
    answer = probe.fetch(sshd.url(origin), **sshd.keys(), note_on=commit, note="reviewed")
    assert answer["code"] == "ok", answer
    assert note(origin, commit) == "reviewed"


def test_a_host_that_is_not_known_is_refused_with_the_remedy(probe, sshd, origin, place):
    nobody = place / "nobody"
    nobody.write_text("")
    answer = probe.fetch(sshd.url(origin), **sshd.keys(known=nobody))
    assert answer["code"] == "denied" and f"ssh-keyscan -p {sshd.port}" in answer["message"], answer


def test_a_host_with_another_key_is_refused(probe, sshd, origin, place):
    other = place / "other"
    other.write_text(f"[127.0.0.1]:{sshd.port} " + (sshd.folder / "stranger.pub").read_text())
    answer = probe.fetch(sshd.url(origin), **sshd.keys(known=other))
    assert answer["code"] == "denied" and "another" in answer["message"], answer


def test_a_key_that_the_server_does_not_know_is_refused(probe, sshd, origin):
    answer = probe.fetch(sshd.url(origin), **sshd.keys(key=sshd.folder / "stranger"))
    assert answer["code"] == "denied" and "log in" in answer["message"], answer


def test_a_key_file_that_is_not_there_is_named(probe, sshd, origin):
    answer = probe.fetch(sshd.url(origin), **sshd.keys(key="/nowhere/key"))
    assert answer["code"] == "denied" and "/nowhere/key is not there" in answer["message"], answer


def test_a_repository_that_ssh_does_not_find_is_named_by_the_server(probe, sshd):
    answer = probe.fetch(sshd.url("/nowhere.git"), **sshd.keys())
    assert answer["code"] == "not_found" and "nowhere.git" in answer["message"], answer


@pytest.fixture
def mute(place, origin):
    """Logs in and starts the service, which then never speaks."""
    server = Sshd(place, command="/bin/cat")
    yield server
    server.stop()


def test_a_service_that_stalls_behind_the_login_ends_at_the_deadline(probe, mute, origin):
    before = time.monotonic()
    answer = probe.fetch(mute.url(origin), **mute.keys(), deadline_ms=2500)
    assert answer["code"] == "timeout", answer
    assert time.monotonic() - before < 2.5 + SLACK
