"""A store that is full: how soon people see their lists."""

import contextlib
import sqlite3
import time
import urllib.request

from measuring.measure import Failed, Row, rounds

from .daemon import cpu_of, wait

BAR = 50.0  # ms
TIMES = 10  # a round

NEWEST = "SELECT id FROM {0}change ORDER BY id DESC LIMIT 50"
UNDER_WAY = "SELECT id FROM {0}change WHERE state IN ('open', 'merged')"
ROWS_OF = (
    "SELECT * FROM {0}change WHERE id IN ({1})",
    "SELECT * FROM {0}stage WHERE change_id IN ({1})",
    "SELECT * FROM {0}task WHERE change_id IN ({1})",
    "SELECT id, change_id, head, errors, warnings, notices, risk FROM {0}review WHERE change_id IN ({1})",
)


@contextlib.contextmanager
def connected(workspace):
    """(cursor, where the tables are), on a session that stays open."""
    from harness.postgres import Postgres

    postgres = isinstance(workspace.store, Postgres)
    with contextlib.closing(workspace.store.connect() if postgres else sqlite3.connect(workspace.store.path)) as session:
        yield session.cursor(), "sluice_store." if postgres else ""


def bare(cursor, place, which):
    """Reads the rows, and does nothing with them."""
    for sql in ROWS_OF:
        cursor.execute(sql.format(place, which.format(place)))
        if not cursor.fetchall():
            raise Failed(f"no row: {sql}")


def each(act) -> float:
    """Milliseconds that it takes, the mean of some."""
    begin = time.perf_counter()
    for _ in range(TIMES):
        act()
    return (time.perf_counter() - begin) / TIMES * 1000


def is_idle(pid) -> bool:
    before = cpu_of(pid)
    time.sleep(0.3)  # what it uses in that time is what is asked
    return cpu_of(pid) - before < 3


def measured(bench, workspace, kind, sizes) -> list:
    from harness.many import address

    request = urllib.request.Request(f"{address(workspace)}/changes", headers={"Authorization": f"Bearer {workspace.token('ana')}"})

    def page():
        with urllib.request.urlopen(request, timeout=60) as answer:
            if b"change number" not in answer.read():
                raise Failed("a list page without changes")

    wait(lambda: is_idle(workspace.daemon.process.pid), 120, "an idle daemon")
    with connected(workspace) as (cursor, place):
        listed = rounds(bench.rounds, lambda: each(page), lambda: each(lambda: bare(cursor, place, NEWEST)))
        status = rounds(bench.rounds, lambda: each(lambda: workspace.ok("status")), lambda: each(lambda: bare(cursor, place, UNDER_WAY)))
    against = "a bare query of the same rows"
    return [
        Row(f"the list page of {sizes}, {kind} store", *listed, against, "ms", BAR, "most"),
        Row(f"`sluice status`, the same, with its own process, {kind} store", *status, against, "ms", BAR, "most"),
    ]


def many(bench):
    from harness.many import crowded
    from harness.program import Program

    changes, targets, under_way = bench.size(1_000, 20), bench.size(1_000, 10), bench.size(150, 5)
    lines = []
    for kind in ("SQLite", "PostgreSQL"):
        store = bench.database() if kind == "PostgreSQL" else None
        workspace = crowded(Program(bench.sluice), store, changes, targets, under_way)
        try:
            lines += measured(bench, workspace, kind, f"{changes:,} changes and {targets:,} targets")
        finally:
            workspace.close()
            if store:
                store.drop()
    return lines


ROWS = {"store-many": many}
