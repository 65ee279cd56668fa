"""Applying a folder, and the schema as text."""

import contextlib
import os
import sqlite3
import subprocess
import uuid

from measuring import texts
from measuring.bench import PG_DUMP, PSQL
from measuring.measure import Failed, Row, rounds, run


def folder_of(bench, name):
    """(folder with migrations/, script with a transaction for each file, number of files)."""
    n = bench.size(500, 5)
    folder = bench.place(name)
    script = folder / "all.sql"
    script.write_text(texts.migrations(folder / "migrations", n))
    return folder, script, n


def migrate(bench, folder, url):
    return run([bench.sluice, "migrate", "--quiet", "--url", url, "--dir", folder / "migrations", "--layout", "flyway"]).wall


def in_postgres(bench, work):
    """work(database), whose tables were counted."""
    database = bench.database()
    try:
        took = work(database)
        made = database.value("SELECT count(*) FROM pg_class WHERE relname ~ '^item_[0-9]+$'")
        if made != bench.size(500, 5):
            raise Failed(f"{made} tables are there instead of {bench.size(500, 5)}")
    finally:
        database.drop()
    return took


def postgres_on(bench, name, how):
    folder, script, n = folder_of(bench, name)

    def psql(database):
        return run([PSQL, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script, bench.conninfo(database)]).wall

    ours, theirs = rounds(bench.rounds, lambda: in_postgres(bench, lambda one: migrate(bench, folder, one.url)), lambda: in_postgres(bench, psql))
    return [Row(f"apply {n} migrations to PostgreSQL, {how}", ours, theirs, "psql's own binary, one session", "s", 1.1)]


def postgres(bench):
    return postgres_on(bench, "apply-postgres", "which does not wait for its disk")


def postgres_durable(bench):
    bench.durable(True)
    try:
        return postgres_on(bench, "apply-postgres-durable", "which waits for its disk (fsync)")
    finally:
        bench.durable(False)


def sqlite(bench):
    folder, script, n = folder_of(bench, "apply-sqlite")

    def fresh():
        path = folder / f"{uuid.uuid4().hex}.db"
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = WAL")
        return path

    def shell():
        return run(["sqlite3", "-bail", fresh()], stdin=script).wall

    ours, theirs = rounds(bench.rounds, lambda: migrate(bench, folder, f"sqlite:{fresh()}"), shell)
    return [Row(f"apply {n} migrations to a SQLite file (WAL, durable)", ours, theirs, "sqlite3, one session", "s", 1.1)]


def mariadb(bench):
    bench.servers()
    folder, script, n = folder_of(bench, "apply-mariadb")
    socket, user = os.environ["SLUICE_TEST_MARIADB_SOCKET"], os.environ["SLUICE_TEST_MARIADB_USER"]
    client = ["mariadb", "--no-defaults", "--socket", socket, "--user", user]
    where = f"mysql://{user}@{os.environ['SLUICE_TEST_MARIADB_HOST']}:{os.environ['SLUICE_TEST_MARIADB_PORT']}"

    def in_fresh(work):
        name = f"b_{uuid.uuid4().hex[:12]}"
        subprocess.run([*client, "-e", f"CREATE DATABASE {name}"], check=True)
        try:
            return work(name)
        finally:
            subprocess.run([*client, "-e", f"DROP DATABASE {name}"], check=True)

    try:
        in_fresh(lambda name: migrate(bench, folder, f"{where}/{name}"))
    except Failed as failure:
        if "not available" not in str(failure):
            raise
        return [f"apply {n} migrations to MariaDB: not available yet"]
    ours, theirs = rounds(
        bench.rounds,
        lambda: in_fresh(lambda name: migrate(bench, folder, f"{where}/{name}")),
        lambda: in_fresh(lambda name: run([*client, name], stdin=script).wall),
    )
    return [Row(f"apply {n} migrations to MariaDB, which does not wait for its disk", ours, theirs, "mariadb, one session", "s", 1.6)]


def snapshot(bench):
    n = bench.size(1_500, 30)
    folder = bench.place("snapshot-postgres")
    (folder / "tables.sql").write_text(texts.tables(n))
    database = bench.database()
    try:
        run([PSQL, "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", folder / "tables.sql", bench.conninfo(database)])
        database.execute("VACUUM ANALYZE")
        ours, theirs = rounds(
            bench.rounds,
            lambda: run([bench.sluice, "snapshot", "--url", database.url]).wall,
            lambda: run([PG_DUMP, "--schema-only", "--no-sync", "-d", bench.conninfo(database)]).wall,
        )
    finally:
        database.drop()
    return [Row(f"snapshot of {n:,} PostgreSQL tables", ours, theirs, "pg_dump --schema-only", "s", 0.4)]


def snapshot_sqlite(bench):
    n = bench.size(1_500, 30)
    file = bench.place("snapshot-sqlite") / "tables.db"
    # After each ALTER, SQLite reads the whole schema again.
    script = "\n".join(line for line in texts.tables(n).splitlines() if not line.startswith("ALTER"))
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.executescript(f"BEGIN; {script} COMMIT")
    ours, theirs = rounds(
        bench.rounds,
        lambda: run([bench.sluice, "snapshot", "--url", f"sqlite:{file}"]).cpu,
        lambda: run(["sqlite3", file, ".schema"]).cpu,
    )
    return [Row(f"snapshot of {n:,} SQLite tables, CPU time", ours, theirs, "sqlite3's .schema, which only prints", "s", 3)]


ROWS = {
    "apply-postgres": postgres,
    "apply-postgres-durable": postgres_durable,
    "apply-sqlite": sqlite,
    "apply-mariadb": mariadb,
    "snapshot-postgres": snapshot,
    "snapshot-sqlite": snapshot_sqlite,
}
