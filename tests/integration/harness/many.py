"""A store that has seen many changes go by, on many targets; made by writing its rows, since walking takes too long."""

import json
import sqlite3

from .postgres import Postgres
from .workspace import SAFE, Workspace


def rows(plan, changes, targets, in_flight):
    """(table, columns, row) of a store that has seen these changes go by; each ran on two targets."""
    half = targets // 2
    report = json.dumps({"lines": "x" * 4000, "verdict": "ok"})
    for n in range(1, changes + 1):
        state = "merged" if n > changes - in_flight else "done"
        yield "review", "id, change_id, head, errors, warnings, notices, risk, report, at, took_us", (n, n, "b" * 40, 0, 1, 0, "high", report, n, 1)
        yield (
            "change",
            "id, revision, project, kind, state, branch, title, head, base, author, content, held, hold_reason, hold_by, wait, opened_at, merged_at, ended_at, review_id",
            (n, 1, "shop", "branch", state, f"change/c{n}", f"change number {n}", "b" * 40, "", "ana", "c", 0, "", "", "", n, n, 0 if state == "merged" else n, n),
        )
        for k, (environment, target) in enumerate((("dev", f"t{n % (half)}"), ("prod", f"t{half + n % (half)}"))):
            done = state == "done" or environment == "dev"
            stage = 2 * n + k
            yield (
                "stage",
                "id, change_id, environment, position, state, digest, risk, plan, wait, created_at, started_at, ended_at",
                (stage, n, environment, k, "done" if done else "waiting", "d", "high", plan, "", n, n, n if done else 0),
            )
            yield (
                "task",
                "id, stage_id, change_id, environment, target, folder, state, wait, detail, outcome, due_at, attempts, lease_epoch, lease_by, lease_until, cancel_asked, started_at, ended_at, blocked_at",
                (stage, stage, n, environment, target, "migrations", "done" if done else "waiting", "", "", "applied", 0, 1, 1, "", 0, 0, n, n, 0),
            )
            if done:
                yield (
                    "run",
                    "id, run, task_id, target, environment, change_id, outcome, detail, steps_done, steps_total, before, after, started_at, ended_at",
                    (stage, f"{stage:032x}", stage, target, environment, n, "applied", "", 1, 1, "x", "y", n, n),
                )


def fill(workspace, values_of):
    """Parents come after their children where they refer to each other: references are looked at in the end."""
    postgres = isinstance(workspace.store, Postgres)
    sqls = {}
    for table, columns, values in values_of:
        sqls.setdefault((table, columns), []).append(values)
    if postgres:
        connection = workspace.store.connect()
        connection.autocommit = False
        cursor = connection.cursor()
        cursor.execute("SET search_path = sluice_store; SET CONSTRAINTS ALL DEFERRED")
        for (table, columns), values in sqls.items():
            mark = ", ".join(["%s"] * len(values[0]))
            cursor.executemany(f'INSERT INTO {table} ({columns}) VALUES ({mark})', values)
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('sluice_store.{table}', 'id'), 100000)")
        connection.commit()
        cursor.execute("ANALYZE")
        connection.commit()
        connection.close()
        return
    with sqlite3.connect(workspace.store.path) as connection:
        for (table, columns), values in sqls.items():
            mark = ", ".join(["?"] * len(values[0]))
            connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({mark})", values)


def empty(workspace):
    tables = ("event", "audit", "outbox", "inbox", "finding", "waiver", "approval", "file", "person", "step", "run", "task", "stage")
    sql = ["UPDATE {0}change SET review_id = NULL", *(f"DELETE FROM {{0}}{table}" for table in (*tables, "review", "change"))]
    for each in sql:
        workspace.store.execute(each.format("sluice_store." if isinstance(workspace.store, Postgres) else ""))


def crowded(sluice, store, changes, targets, in_flight) -> Workspace:
    """A workspace of these sizes, its daemon at work; in_flight: changes that are merged and wait for approvals in prod."""
    made = Workspace(sluice, None, store)
    names = "".join(
        f'  - {{name: t{n}, environment: {"dev" if n < targets // 2 else "prod"}, url: "sqlite:{made.root}/nowhere/t{n}.db", labels: {{app: many}}}}\n'
        for n in range(targets)
    )
    made.configure(r"(targets:\n)", f"targets:\n{names}")
    made.configure(r"poll: \S+", "poll: 1h")
    made.start()
    # A plan as Sluice writes it, of a change that went the way.
    made.repository.branch("change/one")
    made.repository.commit({"migrations/V2__one.sql": SAFE})
    made.repository.push("change/one")
    made.repository.push("change/one:main")
    made.wait_awaited(1, "waiting for 1 of 1 approvals (dba)")
    plan = made.ask_store("SELECT plan FROM stage WHERE environment = 'prod'")
    made.ok("approve", 1, who="dana")
    made.wait_change(1, "done")
    made.stop()
    empty(made)
    fill(made, rows(plan, changes, targets, in_flight))
    return made.start(settled=False)


def address(workspace) -> str:
    return workspace.daemon.log.read_text().split("listening url=")[1].split()[0].strip('"')
