"""Many databases: a look at each, when there is nothing to do."""

import contextlib
import hashlib
import sqlite3
import time

from measuring import texts
from measuring.measure import Failed, Row, rounds, run

JOBS = 8


def migrate(bench, folder, urls):
    (folder / "urls").write_text("".join(f"{url}\n" for url in urls))
    return run([bench.sluice, "migrate", "--quiet", "--urls", folder / "urls", "--dir", folder / "migrations", "--layout", "flyway", "--jobs", str(JOBS)])


def postgres(bench):
    n = bench.size(200, 5)
    folder = bench.place("noop-postgres")
    texts.migrations(folder / "migrations", bench.size(20, 3))
    databases = []
    with contextlib.ExitStack() as stack:
        for _ in range(n):
            databases.append(bench.database())
            stack.callback(databases[-1].drop)
        urls = [database.url for database in databases]
        migrate(bench, folder, urls)
        (folder / "conninfo").write_text("".join(f"{bench.conninfo(database)}\n" for database in databases))
        bench.setting(False, "autovacuum")
        stack.callback(bench.setting, True, "autovacuum")
        before = next_transaction()
        ours, bare = rounds(bench.rounds, lambda: migrate(bench, folder, urls).wall, lambda: run([bench.probe("connect"), folder / "conninfo", str(JOBS)]).wall)
        if next_transaction() != before:
            raise Failed("a look at databases with nothing to do wrote something: a transaction got a number")
    what = f"no-op check of {n} PostgreSQL databases, {JOBS} at once"
    return [Row(what, ours, bare, "as many threads that connect and ask one query", "s", 1.5, note="nothing was written: no transaction got a number")]


def next_transaction() -> int:
    """The number that the next transaction which writes will get, once the server itself is at rest."""
    from harness.postgres import Postgres

    server = Postgres("postgres")
    until = time.monotonic() + 60
    while server.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'") and time.monotonic() < until:
        time.sleep(0.1)
    return server.value("SELECT txid_snapshot_xmax(txid_current_snapshot())")


def sqlite(bench):
    n = bench.size(1_000, 10)
    folder = bench.place("noop-sqlite")
    texts.migrations(folder / "migrations", bench.size(20, 3))
    paths = [folder / f"{i}.db" for i in range(n)]
    first = paths[0]
    migrate(bench, folder, [f"sqlite:{first}"])
    for path in paths[1:]:
        path.write_bytes(first.read_bytes())
    urls = [f"sqlite:{path}" for path in paths]
    migrate(bench, folder, urls)
    with contextlib.closing(sqlite3.connect(first)) as database:
        assert database.execute("SELECT count(*) FROM _sluice_migration").fetchone()[0] > 0
    before = digest(paths)
    (folder / "paths").write_text("".join(f"{url}\n" for url in urls))
    ours, bare = rounds(bench.rounds, lambda: migrate(bench, folder, urls).wall, lambda: run([bench.probe("connect"), folder / "paths", str(JOBS)]).wall)
    if digest(paths) != before:
        raise Failed("a look at files with nothing to do wrote something")
    return [Row(f"no-op check of {n:,} SQLite files, {JOBS} at once", ours, bare, "as many threads that open and ask one query", "s", 1.0, "most", "nothing was written: the files are the same")]


def digest(paths) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.read_bytes())
    return whole.hexdigest()


ROWS = {"noop-postgres": postgres, "noop-sqlite": sqlite}
