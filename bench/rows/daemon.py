"""The daemon: start, memory, intake, and how soon a merge runs."""

import contextlib
import datetime
import http.client
import os
import socket
import sqlite3
import statistics
import subprocess
import threading
import time

from measuring.bench import CORE, PSQL
from measuring.measure import MIB, Failed, Row, Sample, Service, memory, rounds, run

SENDERS = 16
RATE = 500.0  # deliveries a second that must come in

HEAD = """server: {{listen: "127.0.0.1:0", socket: {folder}/s.sock, data: {folder}/data, poll: {poll}}}
store: sqlite:{folder}/store.db
environments: [{{name: dev}}, {{name: prod}}]
"""


def config_of(folder, targets, projects, poll="2s"):
    """A workspace of so many SQLite targets, and of a project for each of those repositories."""
    apps = min(targets, len(projects))
    lines = [HEAD.format(folder=folder, poll=poll), "targets:\n"]
    for i in range(targets):
        environment = "prod" if i % 2 else "dev"
        lines.append(f'  - {{name: t{i}, environment: {environment}, url: "sqlite:{folder}/t{i}.db", labels: {{app: a{i % apps}}}}}\n')
    lines.append("projects:\n")
    for i, repository in enumerate(projects):
        lines.append(f"  - {{name: p{i}, repository: {{path: {repository}, branch: main}}, migrations: [{{path: migrations, ledger: p{i}, targets: \"app = 'a{i % apps}'\"}}]}}\n")
    path = folder / "sluice.yaml"
    path.write_text("".join(lines))
    return path


def git(folder, *words):
    env = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "HOME": os.fspath(folder)}
    who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *words], cwd=folder, env=env, check=True, capture_output=True)


def repository(folder):
    """A bare repository with one migration on main."""
    work = folder / "work"
    (work / "migrations").mkdir(parents=True)
    (work / "migrations/V1__one.sql").write_text("CREATE TABLE one (id INTEGER PRIMARY KEY);\n")
    git(work, "init", "-q")
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "one")
    git(folder, "clone", "-q", "--bare", work, "first.git")
    return folder / "first.git"


def repositories(folder, n):
    first = repository(folder)
    copies = [folder / f"r{i}.git" for i in range(n)]
    for copy in copies:
        subprocess.run(["cp", "-a", first, copy], check=True)
    return copies


def serve(bench, config, core=None):
    return Service([bench.sluice, "serve", "-c", config], config.parent, core)


def start(bench):
    n = bench.size(1_000, 20)
    folder = bench.place("start")
    config = config_of(folder, n, repositories(folder, 1), poll="1h")

    def to_ready():
        with serve(bench, config) as service:
            return service.ready * 1000

    def bare():
        return run([bench.sluice, "version"]).wall * 1000

    ours, version = rounds(bench.rounds, to_ready, bare)
    times = bench.size(50, 2)
    binary = [PSQL, "--version"]

    def many(words):
        return sum(run(words).cpu for _ in range(times)) / times * 1000

    own, psql = rounds(bench.rounds, lambda: many([bench.sluice, "version"]), lambda: many(binary))
    return [
        Row(f"start to ready with {n:,} targets", ours, version, "`sluice version`", "ms", 100.0, "most"),
        Row("`sluice version`, CPU time", own, psql, "`psql --version` of the real binary", "ms", 1.2),
    ]


def settled(folder) -> int:
    """How many projects were looked at to their end."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/store.db?mode=ro", uri=True, timeout=10)) as store:
        return store.execute("SELECT count(*) FROM project WHERE settled").fetchone()[0]


def idle(bench, n, bar):
    folder = bench.place(f"idle-{n}")
    config = config_of(folder, min(n, 20), repositories(folder, n))
    with serve(bench, config) as service:
        at_start = memory(service.pid) / MIB
        wait(lambda: settled(folder) == n, 900, f"the first sight of {n} repositories")
        looked = cpu_of(service.pid)
        wait(lambda: cpu_of(service.pid) > looked, 30, "another poll")
        values = Sample([memory(service.pid) / MIB])
    return [Row(f"idle memory with {n:,} polled repositories", values, Sample([at_start]), "its own at the start", "MiB", bar, "most")]


def idle_few(bench):
    return idle(bench, bench.size(10, 2), 24.0)


def idle_many(bench):
    return idle(bench, bench.size(1_000, 5), 64.0)


def cpu_of(pid) -> int:
    with open(f"/proc/{pid}/stat") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))


def wait(condition, seconds, what):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise Failed(f"{what} did not come within {seconds} s")
        time.sleep(0.02)


class Local(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(os.fspath(self.path))


def push_body(place, i):
    return f"sluice-hook 1\nrepository {place}\nwait-ms 0\nref {0:040x} {i + 1:040x} refs/heads/change/c{i}\n"


def deliver(path, place, numbers, times, due=None):
    """Pushes with these numbers, one after the other.  due: when each is to leave; one that leaves late has waited since."""
    connection = Local(path)
    for i in numbers:
        begin = due(i) if due else time.monotonic()
        time.sleep(max(0.0, begin - time.monotonic()))
        connection.request("POST", "/hook/push", push_body(place, i), {"Content-Type": "text/plain"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise Failed(f"a push was answered {answer.status}")
        times.append(time.monotonic() - begin)
    connection.close()


def flood(path, place, first, n, rate=None):
    """How long each of n pushes took, from senders that share them: as fast as they go, or at a rate a second."""
    times, begin = [], time.monotonic()
    due = (lambda i: begin + (i - first) / rate) if rate else None
    threads = [threading.Thread(target=deliver, args=(path, place, range(first + sender, first + n, SENDERS), times, due)) for sender in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(times) != n:
        raise Failed(f"{len(times)} of {n} pushes were answered")
    return times


def intake(bench):
    n = bench.size(3_000, 32)
    folder = bench.place("intake")
    place = repositories(folder, 1)[0]
    config = config_of(folder, 2, [place], poll="1h")
    rates, late, commits = [], [], []
    with serve(bench, config, CORE):
        wait(lambda: settled(folder) == 1, 60, "the first sight")
        for turn in range(bench.rounds):
            first, begin = 2 * n * turn, time.monotonic()
            flood(folder / "s.sock", place, first, n)
            rates.append(n / (time.monotonic() - begin))
            late.append(statistics.quantiles(flood(folder / "s.sock", place, first + n, n, RATE), n=100)[98] * 1000)
            commits.append(commits_a_second(folder / f"alone-{turn}.db", bench.size(500, 10)))
    baseline = Sample(commits)
    note = "the push hook's socket, the only intake there is: signed webhooks of a host are not there yet"
    return [
        Row(f"intake of {n:,} pushes by {SENDERS} senders as fast as they go, one core, each durable before its answer", Sample(rates), baseline, "commits of SQLite alone, one by one", "/s", RATE, "least", note),
        Row(f"{RATE:g} pushes a second: answered after, 99 of 100", Sample(late), Sample(1000 / rate for rate in commits), "one commit", "ms", 25.0, "most"),
    ]


def commits_a_second(path, n) -> float:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE delivery (id INTEGER PRIMARY KEY, body TEXT)")
        begin = time.monotonic()
        for i in range(n):
            database.execute("INSERT INTO delivery (body) VALUES (?)", (push_body("/srv/git/shop.git", i),))
        return n / (time.monotonic() - begin)


def merge(bench):
    """From `git push` of the merge to the first statement, by the target's own clock, which is this machine's."""
    from harness.program import Program
    from harness.workspace import Workspace

    databases = {name: bench.database() for name in ("dev", "prod")}
    workspace = Workspace(Program(bench.sluice), databases)
    try:
        workspace.configure(r"poll: \S+", "poll: 1h")
        workspace.start()
        seen = [merged(workspace, databases["dev"], i) for i in range(bench.rounds + 1)][1:]
        alone = [client(bench, databases["dev"]) for _ in seen]
    finally:
        workspace.close()
        for database in databases.values():
            database.drop()
    note = "a push over the hook, polling off; `git push` itself is in it"
    return [Row("merge to the first statement sent", Sample(seen), Sample(alone), "psql sending one", "s", 1.0, "most", note)]


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def merged(workspace, database, i) -> float:
    name = f"merge{i}"
    workspace.repository.git("switch", "-q", "-C", f"change/{name}", "main")
    workspace.repository.commit({f"migrations/V{100 + i}__{name}.sql": f"CREATE TABLE {name} (id bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());\nINSERT INTO {name} (id) VALUES (1);\n"})
    workspace.repository.push(f"change/{name}")
    workspace.repository.git("switch", "-q", "main")
    workspace.repository.git("merge", "-q", f"change/{name}")
    begin = now()
    workspace.repository.push("main")
    there = f"SELECT count(*) FROM pg_class WHERE relname = '{name}'"
    wait(lambda: database.value(there) == 1, 60, f"the table of {name}")
    return (database.value(f"SELECT at FROM {name}") - begin).total_seconds()


def client(bench, database) -> float:
    begin = now()
    run([PSQL, "-X", "-q", "-c", "CREATE TABLE IF NOT EXISTS alone (at timestamptz); TRUNCATE alone; INSERT INTO alone VALUES (clock_timestamp())", bench.conninfo(database)])
    return (database.value("SELECT at FROM alone") - begin).total_seconds()


ROWS = {"start": start, "idle-few": idle_few, "idle-many": idle_many, "intake": intake, "merge": merge}
