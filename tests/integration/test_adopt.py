"""What another tool applied is taken over on a word, shown before, recorded, and never run again."""

import contextlib
import re
import shlex
import sqlite3
import subprocess

import pytest

from harness.history import TOOLS, Dbmate, Diesel, Flyway, GolangMigrate, Goose, Maria, Prisma, Sqlx
from harness.workspace import Sqlite, ledger


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, tmp_workspace):
    if request.param == "postgres":
        yield request.getfixturevalue("pg")
    else:
        made = Sqlite(tmp_workspace / "app.db")
        made.path.touch()
        yield made


@pytest.fixture
def maria(tmp_workspace):
    made = Maria.create()
    yield made
    made.drop()


@pytest.fixture
def folder(tmp_workspace):
    made = tmp_workspace / "migrations"
    made.mkdir()
    return made


def hits(database) -> list:
    """Every effect of the four migrations, each as often as it happened."""
    return [row[0] for row in database.rows("SELECT id FROM hit ORDER BY id")]


def states(database) -> list:
    if isinstance(database, Maria):
        return [row[0] for row in database.rows("SELECT state FROM _sluice_migration ORDER BY seq")]
    return [state for _, state in ledger(database)]


def has_ledger(database) -> bool:
    if isinstance(database, Maria):
        return bool(database.rows("SHOW TABLES LIKE '\\_sluice%'"))
    if isinstance(database, Sqlite):
        return bool(database.rows("SELECT 1 FROM sqlite_schema WHERE name LIKE '\\_sluice%' ESCAPE '\\'"))
    return bool(database.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'sluice'"))


def migrate(sluice, database, folder, *more):
    return sluice.run("migrate", "--url", database.url, "--dir", folder, *more)


def adopt(sluice, database, folder, *more):
    return migrate(sluice, database, folder, "--adopt", *more)


# --- the seven tools --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TOOLS)
def test_what_a_tool_applied_is_adopted_and_only_the_next_migration_runs(sluice, database, folder, kind):
    adopt_and_go_on(sluice, database, folder, kind(database))


@pytest.mark.parametrize("kind", TOOLS)
def test_what_a_tool_applied_on_mariadb_is_adopted_and_only_the_next_migration_runs(sluice, maria, folder, kind):
    adopt_and_go_on(sluice, maria, folder, kind(maria))


def adopt_and_go_on(sluice, database, folder, tool):
    tool.write(folder)
    tool.run()
    refused = migrate(sluice, database, folder)
    assert refused.status == 6 and f"the history of {tool.name} (" in refused.err and hits(database) == [2, 3]
    shown = adopt(sluice, database, folder, "--dry-run")
    assert shown.status == 0 and "3 files would be adopted, 1 pending" in shown.out and not has_ledger(database)
    for number in (1, 2, 3):
        assert f"{tool.path(number)}  applied" in shown.out
    command = shlex.split(re.search(r"do it with: sluice (.*)", refused.err).group(1))
    done = sluice.run(*command, "--reason", "moving in")
    assert done.status == 0 and "3 files adopted, 1 pending" in done.out, done.err
    assert states(database) == ["adopted"] * 3 and hits(database) == [2, 3]
    again = adopt(sluice, database, folder)
    assert again.status == 0 and "0 files adopted, 1 pending, 3 known before" in again.out
    next_one = migrate(sluice, database, folder)
    assert next_one.status == 0 and "applied 1 migration" in next_one.out, next_one.err
    assert hits(database) == [2, 3, 4]
    assert "nothing to do" in migrate(sluice, database, folder).out and hits(database) == [2, 3, 4]


def test_the_ledger_remembers_who_adopted_what_from_where_and_why(sluice, database, folder):
    tool = Flyway(database)
    tool.write(folder)
    tool.run()
    assert adopt(sluice, database, folder, "--reason", "moving in").status == 0
    prefix = "_sluice_" if isinstance(database, Sqlite) else "sluice."
    for actor, reason in database.rows(f"SELECT actor, reason FROM {prefix}migration"):
        assert actor.startswith("cli:")
        assert re.fullmatch(r"Flyway: (public\.)?flyway_schema_history: moving in", reason)


def test_programs_read_an_adoption_as_json(sluice, database, folder):
    tool = Goose(database)
    tool.write(folder)
    tool.run()
    (row,) = adopt(sluice, database, folder, "--format", "json", "--dry-run").json()["adoptions"]
    assert row["tool"] == "goose" and row["table"].endswith("goose_db_version") and row["dry_run"] is True
    assert row["adopted"] == [tool.path(number) for number in (1, 2, 3)] and row["pending"] == [tool.path(4)]


# --- bad states: named, with the remedy; nothing is written -------------------------------------------


def flyway_failed(tool):
    tool.insert(4, success=False)


def flyway_edited(tool):
    tool.database.execute("UPDATE flyway_schema_history SET checksum = 12345 WHERE version = '2'")


def flyway_beyond(tool):
    tool.row("'9'", "nine", "SQL", "V9__nine.sql", 1)


def golang_dirty(tool):
    tool.sql("UPDATE schema_migrations SET dirty = {true}")


def golang_beyond(tool):
    tool.database.execute("UPDATE schema_migrations SET version = 9")


def golang_two_rows(tool):
    tool.sql("INSERT INTO schema_migrations (version, dirty) VALUES (2, {false})")


def goose_rolled_back_below(tool):
    tool.insert(2, applied=False)


def dbmate_gap(tool):
    tool.database.execute(f"DELETE FROM schema_migrations WHERE version = '{tool.version(2)}'")


def dbmate_beyond(tool):
    tool.database.execute("INSERT INTO schema_migrations (version) VALUES ('20250101000000')")


def dbmate_words(tool):
    tool.database.execute("INSERT INTO schema_migrations (version) VALUES ('later')")


def diesel_beyond(tool):
    tool.database.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('20250101000000')")


def prisma_unfinished(tool):
    tool.insert(4, finished=False)


def prisma_edited(tool):
    tool.database.execute(f"UPDATE _prisma_migrations SET checksum = '{'0' * 64}' WHERE migration_name = '{tool.folder(2)}'")


def prisma_rolled_back_below(tool):
    tool.database.execute(f"UPDATE _prisma_migrations SET rolled_back_at = current_timestamp WHERE migration_name = '{tool.folder(2)}'")


def sqlx_failed(tool):
    tool.insert(4, success=False)


def sqlx_edited(tool):
    other = "x'00'" if tool.engine == "sqlite" else "decode('00', 'hex')"
    tool.database.execute(f"UPDATE _sqlx_migrations SET checksum = {other} WHERE version = 20240102120000")


BAD = [
    (Flyway, flyway_failed, "V4__four.sql: Flyway has it as failed or unfinished; mend the database, then run `flyway repair`"),
    (Flyway, flyway_edited, "V2__two.sql: it was edited after Flyway applied it"),
    (Flyway, flyway_beyond, "V9__nine.sql is applied and has no file in the folder"),
    (GolangMigrate, golang_dirty, "000003_three.up.sql: golang-migrate has it as failed or unfinished; mend the database, then say its version with `migrate force VERSION`"),
    (GolangMigrate, golang_beyond, "9 is applied and has no file in the folder"),
    (GolangMigrate, golang_two_rows, "it has 2 rows where golang-migrate keeps one"),
    (Goose, goose_rolled_back_below, "00002_two.sql: goose rolled it back, although 3 is applied"),
    (Dbmate, dbmate_gap, "20240102120000_two.sql: dbmate did not apply it, although 20240103120000 is applied"),
    (Dbmate, dbmate_beyond, "20250101000000 is applied and has no file in the folder"),
    (Dbmate, dbmate_words, "'later' is no version that a file can have"),
    (Diesel, diesel_beyond, "20250101000000 is applied and has no file in the folder"),
    (Prisma, prisma_unfinished, "20240104120000_four/migration.sql: Prisma has it as failed or unfinished; mend the database, then run `prisma migrate resolve`"),
    (Prisma, prisma_edited, "20240102120000_two/migration.sql: it was edited after Prisma applied it"),
    (Prisma, prisma_rolled_back_below, "20240102120000_two/migration.sql: Prisma rolled it back, although 20240103120000 is applied"),
    (Sqlx, sqlx_failed, "20240104120000_four.sql: sqlx has it as failed or unfinished; mend the database, then delete the row"),
    (Sqlx, sqlx_edited, "20240102120000_two.sql: it was edited after sqlx applied it"),
]


@pytest.mark.parametrize(("kind", "spoil", "told"), BAD, ids=[spoil.__name__ for _, spoil, _ in BAD])
def test_a_bad_state_is_named_and_nothing_is_adopted(sluice, database, folder, kind, spoil, told):
    tool = kind(database)
    tool.write(folder)
    tool.run()
    spoil(tool)
    done = adopt(sluice, database, folder)
    assert done.status == 6 and told in done.err, done.err
    assert not has_ledger(database)
    assert migrate(sluice, database, folder).status == 6 and hits(database) == [2, 3]


ON_MARIADB = [case for case in BAD if case[1] in (flyway_failed, flyway_edited, golang_dirty, goose_rolled_back_below, dbmate_gap, prisma_unfinished, sqlx_failed)]


@pytest.mark.parametrize(("kind", "spoil", "told"), ON_MARIADB, ids=[spoil.__name__ for _, spoil, _ in ON_MARIADB])
def test_a_bad_state_on_mariadb_is_named_and_nothing_is_adopted(sluice, maria, folder, kind, spoil, told):
    tool = kind(maria)
    tool.write(folder)
    tool.run()
    spoil(tool)
    done = adopt(sluice, maria, folder)
    assert done.status == 6 and told in done.err, done.err
    assert not has_ledger(maria) and hits(maria) == [2, 3]


def test_every_bad_state_is_told_when_there_are_several(sluice, database, folder):
    tool = Flyway(database)
    tool.write(folder)
    tool.run()
    flyway_failed(tool)
    flyway_edited(tool)
    done = adopt(sluice, database, folder)
    assert done.status == 6 and "V4__four.sql: Flyway has it" in done.err and "V2__two.sql: it was edited" in done.err and "(and 1 more)" in done.err


# --- states that look bad and are not ----------------------------------------------------------------


def harmless_goose(tool):
    tool.insert(3, applied=False)
    tool.database.execute("DELETE FROM hit WHERE id = 3")


def harmless_prisma(tool):
    tool.insert(4, finished=False, rolled_back=True)


def harmless_prisma_second_try(tool):
    tool.database.execute("DELETE FROM _prisma_migrations WHERE migration_name LIKE '%three'")
    tool.insert(3, finished=False, rolled_back=True)
    tool.insert(3)


def harmless_flyway_undone(tool):
    tool.row("'3'", "three", "UNDO_SQL", "U3__three.sql", 1)
    tool.database.execute("DELETE FROM hit WHERE id = 3")


def harmless_flyway_schema(tool):
    tool.database.execute("UPDATE flyway_schema_history SET installed_rank = installed_rank + 10")
    tool.database.execute(
        "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, installed_by, execution_time, success)"
        f" VALUES (0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', 'app', 'app', 0, {tool.truth(True)})"
    )


def harmless_flyway_baseline(tool):
    tool.database.execute("DELETE FROM flyway_schema_history WHERE version IN ('1', '2')")
    tool.row("'2'", "<< Flyway Baseline >>", "BASELINE", "<< Flyway Baseline >>", "NULL")


def harmless_prisma_old_checksum(tool):
    """Prisma wrote small bytes as one digit once."""
    for name, checksum in tool.database.rows("SELECT migration_name, checksum FROM _prisma_migrations"):
        short = "".join(f"{byte:x}" for byte in bytes.fromhex(checksum))
        tool.database.execute(f"UPDATE _prisma_migrations SET checksum = '{short}' WHERE migration_name = '{name}'")


HARMLESS = [
    (Goose, harmless_goose, 2),
    (Prisma, harmless_prisma, 3),
    (Prisma, harmless_prisma_second_try, 3),
    (Prisma, harmless_prisma_old_checksum, 3),
    (Flyway, harmless_flyway_undone, 2),
    (Flyway, harmless_flyway_schema, 3),
    (Flyway, harmless_flyway_baseline, 3),
]


@pytest.mark.parametrize(("kind", "change", "adopted"), HARMLESS, ids=[change.__name__ for _, change, _ in HARMLESS])
def test_what_is_harmless_does_not_stop_an_adoption(sluice, database, folder, kind, change, adopted):
    tool = kind(database)
    tool.write(folder)
    tool.run()
    change(tool)
    done = adopt(sluice, database, folder)
    assert done.status == 0 and f"{adopted} files adopted, {4 - adopted} pending" in done.out, done.err
    assert migrate(sluice, database, folder).status == 0
    assert hits(database) == [2, 3, 4]


def test_a_history_without_a_row_is_none(sluice, database, folder):
    tool = GolangMigrate(database)
    tool.write(folder)
    tool.make_table()
    assert migrate(sluice, database, folder).status == 0
    assert hits(database) == [2, 3, 4]


def test_old_files_that_were_thrown_away_are_told_and_no_obstacle(sluice, database, folder):
    tool = Dbmate(database)
    tool.write(folder)
    tool.run()
    (folder / tool.path(1)).unlink()
    done = adopt(sluice, database, folder)
    assert done.status == 0 and f"{tool.version(1)} is applied and has no file in the folder" in done.err and "2 files adopted" in done.out
    assert migrate(sluice, database, folder).status == 0 and hits(database) == [2, 3, 4]


def test_a_gap_may_stay_pending_and_runs_out_of_order(sluice, database, folder):
    tool = Dbmate(database)
    tool.write(folder)
    tool.run()
    dbmate_gap(tool)
    database.execute("DELETE FROM hit WHERE id = 2")
    assert adopt(sluice, database, folder, "--out-of-order").status == 0
    assert migrate(sluice, database, folder).status == 6
    assert migrate(sluice, database, folder, "--out-of-order").status == 0 and hits(database) == [2, 3, 4]


def test_flyways_repeatable_files_run_again_only_when_they_changed(sluice, database, folder):
    tool = Flyway(database)
    tool.write(folder)
    tool.run(4)
    for name in ("same", "other"):
        (folder / f"R__{name}.sql").write_text(f"INSERT INTO hit (id) VALUES ({len(name)});\n")
        tool.row("NULL", name, "SQL", f"R__{name}.sql", tool.checksum((folder / f"R__{name}.sql").read_text()))
    (folder / "R__other.sql").write_text("INSERT INTO hit (id) VALUES (77);\n")
    done = adopt(sluice, database, folder)
    assert done.status == 0 and "5 files adopted, 1 pending" in done.out, done.err
    assert migrate(sluice, database, folder).status == 0 and hits(database) == [2, 3, 4, 77]


def test_line_ends_of_the_other_kind_are_no_edit(sluice, database, folder):
    for kind in (Flyway, Prisma):
        tool = kind(database)
        tool.write(folder)
        tool.run() if kind is Flyway else [tool.make_table(), *map(tool.insert, (1, 2, 3))]
        for path in (tool.path(1), tool.path(2)):
            (folder / path).write_bytes((folder / path).read_bytes().replace(b"\n", b"\r\n"))
        done = adopt(sluice, database, folder, "--layout", tool.layout, "--dry-run")
        assert done.status == 0 and "3 files would be adopted" in done.out, done.err
        for path in tool.files():
            (folder / path).unlink()


def test_files_that_could_not_run_here_are_adopted_all_the_same(sluice, database, folder):
    tool = GolangMigrate(database)
    tool.write(folder)
    tool.run()
    (folder / tool.path(2)).write_text("BEGIN;\nINSERT INTO hit (id) VALUES (2);\nCOMMIT;\n")
    assert adopt(sluice, database, folder).status == 0
    assert migrate(sluice, database, folder).status == 0 and hits(database) == [2, 3, 4]


# --- which history is meant --------------------------------------------------------------------------


def test_the_two_kinds_of_schema_migrations_are_told_apart(sluice, tmp_workspace, database, folder):
    golang, dbmate = GolangMigrate(database), Dbmate(database)
    golang.write(folder)
    dbmate.run()
    assert "the history of dbmate (" in migrate(sluice, database, folder).err
    database.execute("DROP TABLE schema_migrations")
    golang.make_table()
    golang.insert(3)
    assert "the history of golang-migrate (" in migrate(sluice, database, folder).err


def test_a_third_kind_of_schema_migrations_is_refused_with_its_columns(sluice, database, folder):
    GolangMigrate(database).write(folder)
    database.execute("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp)")
    for done in (migrate(sluice, database, folder), adopt(sluice, database, folder)):
        assert done.status == 6 and "(version, inserted_at) is the history of no tool that is known" in done.err
    assert not has_ledger(database)


def test_of_several_histories_the_layout_says_which_is_meant(sluice, database, folder):
    flyway, goose = Flyway(database), Goose(database)
    goose.write(folder)
    goose.run()
    flyway.make_table()
    flyway.insert(1)
    done = adopt(sluice, database, folder)
    assert done.status == 0 and "the history of goose (" in done.out and "3 files adopted" in done.out


def test_several_histories_of_which_none_goes_with_the_layout_are_refused(sluice, database, folder):
    (folder / "1_hit.sql").write_text("CREATE TABLE hit (id INTEGER);\n")
    for kind in (Flyway, Goose):
        kind(database).make_table()
    done = adopt(sluice, database, folder)
    assert done.status == 6 and "flyway_schema_history" in done.err and "goose_db_version" in done.err


def test_plain_files_adopt_what_another_tool_applied_by_their_versions(sluice, database, folder):
    tool = GolangMigrate(database)
    tool.run()
    for number, (name, sql) in enumerate([("hit", "CREATE TABLE hit (id INTEGER);"), ("two", "SELECT 2;"), ("three", "SELECT 3;")], 1):
        (folder / f"{number}_{name}.sql").write_text(sql)
    done = adopt(sluice, database, folder)
    assert done.status == 0 and "3 files adopted, 0 pending" in done.out


UNREAD = {
    "Liquibase": [
        "CREATE TABLE databasechangelog (id VARCHAR(255) NOT NULL, author VARCHAR(255) NOT NULL, filename VARCHAR(255) NOT NULL, dateexecuted TIMESTAMP NOT NULL,"
        " orderexecuted INT NOT NULL, exectype VARCHAR(10) NOT NULL, md5sum VARCHAR(35))"
    ],
    "Atlas": ["CREATE TABLE atlas_schema_revisions (version VARCHAR(255) PRIMARY KEY, description VARCHAR(255) NOT NULL, applied BIGINT NOT NULL, total BIGINT NOT NULL)"],
    "Drizzle": ["CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric)"],
}

UNREAD_IN_SCHEMAS = {
    "sqitch": ["CREATE SCHEMA sqitch", "CREATE TABLE sqitch.changes (change_id TEXT PRIMARY KEY, script_hash TEXT, change TEXT NOT NULL, project TEXT NOT NULL)"],
    "Atlas": ["CREATE SCHEMA atlas_schema_revisions", "CREATE TABLE atlas_schema_revisions.atlas_schema_revisions (version VARCHAR(255) PRIMARY KEY, applied BIGINT)"],
    "Supabase": ["CREATE SCHEMA supabase_migrations", "CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY, statements text[], name text)"],
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_history_that_is_not_read_is_refused_by_name(sluice, database, folder, name):
    refuse_unread(sluice, database, folder, name, UNREAD[name])


@pytest.mark.parametrize("name", UNREAD_IN_SCHEMAS)
def test_a_history_in_a_schema_of_its_own_is_refused_by_name(sluice, pg, tmp_workspace, folder, name):
    refuse_unread(sluice, pg, folder, name, UNREAD_IN_SCHEMAS[name])


def refuse_unread(sluice, database, folder, name, ddl):
    (folder / "1_hit.sql").write_text("CREATE TABLE hit (id INTEGER);\n")
    for statement in ddl:
        database.execute(statement)
    done = migrate(sluice, database, folder)
    assert done.status == 6 and f"the history of {name} (" in done.err and "which is not read" in done.err
    assert re.search(r"sluice baseline --url \S+ --dir \S+ --layout \S+ --to 1", done.err)
    done = adopt(sluice, database, folder)
    assert done.status == 6 and f"the history of {name} (" in done.err and not has_ledger(database)


def test_a_table_called_changes_is_anybodys(sluice, pg, tmp_workspace, folder):
    (folder / "1_hit.sql").write_text("CREATE TABLE hit (id INTEGER);\n")
    pg.execute("CREATE TABLE changes (change_id TEXT, script_hash TEXT)")
    assert "it is not empty and has no ledger" in migrate(sluice, pg, folder).err


def test_the_same_table_in_two_schemas_is_that_of_the_search_path(sluice, pg, tmp_workspace, folder):
    tool = Flyway(pg)
    tool.write(folder)
    tool.run()
    pg.execute("CREATE SCHEMA tenant")
    pg.execute("CREATE TABLE tenant.flyway_schema_history (LIKE public.flyway_schema_history)")
    done = adopt(sluice, pg, folder)
    assert done.status == 0 and "(public.flyway_schema_history)" in done.out and "3 files adopted" in done.out


# --- afterwards --------------------------------------------------------------------------------------


def test_nothing_to_adopt_is_told(sluice, database, folder):
    (folder / "1_hit.sql").write_text("CREATE TABLE hit (id INTEGER);\n")
    done = adopt(sluice, database, folder)
    assert done.status == 5 and "there is nothing to adopt" in done.err and not has_ledger(database)


def test_a_tool_that_went_on_after_the_adoption_is_noticed_before_anything_runs_twice(sluice, database, folder):
    tool = Prisma(database)
    tool.write(folder)
    tool.run()
    assert adopt(sluice, database, folder).status == 0
    database.execute("INSERT INTO hit (id) VALUES (4)")
    tool.insert(4)
    done = migrate(sluice, database, folder)
    assert done.status == 6 and tool.path(4) in done.err and "--adopt" in done.err and hits(database) == [2, 3, 4]
    assert adopt(sluice, database, folder).status == 0
    assert "nothing to do" in migrate(sluice, database, folder).out and hits(database) == [2, 3, 4]


def test_a_ledger_that_began_with_a_baseline_is_not_asked_about_a_history(sluice, database, folder):
    tool = Goose(database)
    tool.write(folder)
    tool.run()
    assert sluice.run("baseline", "--url", database.url, "--dir", folder, "--to", "3").status == 0
    assert migrate(sluice, database, folder).status == 0 and hits(database) == [2, 3, 4]


def test_several_databases_are_adopted_each_by_itself(sluice, tmp_workspace, folder):
    good, bad = Sqlite(tmp_workspace / "good.db"), Sqlite(tmp_workspace / "bad.db")
    for made in (good, bad):
        tool = Sqlx(made)
        tool.write(folder)
        tool.run()
    sqlx_failed(Sqlx(bad))
    done = sluice.run("migrate", "--url", bad.url, "--url", good.url, "--dir", folder, "--adopt")
    assert done.status == 6 and "20240104120000_four.sql" in done.err and "good.db: 3 files adopted" in done.out
    assert has_ledger(good) and not has_ledger(bad)


def test_a_missing_file_is_not_made_for_an_adoption(sluice, tmp_workspace, folder):
    (folder / "1_hit.sql").write_text("CREATE TABLE hit (id INTEGER);\n")
    assert sluice.run("migrate", "--url", "sqlite:no.db", "--dir", folder, "--adopt").status == 3
    assert not (tmp_workspace / "no.db").exists()


def test_a_database_that_another_one_writes_to_is_adopted_whole_or_not_at_all(sluice, tmp_workspace, folder):
    made = Sqlite(tmp_workspace / "app.db")
    tool = Flyway(made)
    tool.write(folder)
    tool.run()
    with contextlib.closing(sqlite3.connect(made.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = adopt(sluice, made, folder)
        assert done.status == 6 and "locked" in done.err, done.err
        other.execute("ROLLBACK")
    assert not has_ledger(made)
    assert adopt(sluice, made, folder).status == 0 and [state for _, state in ledger(made)] == ["adopted"] * 3


def test_two_adoptions_at_once_record_everything_once(sluice, database, folder):
    tool = Goose(database)
    tool.write(folder)
    tool.run()
    words = [sluice.path, "migrate", "--url", database.url, "--dir", folder, "--adopt"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for each in both:
        each.communicate(timeout=60)
    assert 0 in [each.returncode for each in both] and {each.returncode for each in both} <= {0, 6}
    assert [state for _, state in ledger(database)] == ["adopted"] * 3 and hits(database) == [2, 3]


def test_a_history_that_the_login_may_not_read_is_said(sluice, pg, tmp_workspace, folder):
    tool = Flyway(pg)
    tool.write(folder)
    tool.run()
    role = f"r_{pg.name}"
    pg.execute(f"CREATE ROLE {role} LOGIN")
    try:
        done = sluice.run("migrate", "--url", f"postgres://{role}@{pg.host}:{pg.port}/{pg.name}", "--dir", folder, "--adopt")
        assert done.status == 4 and "public.flyway_schema_history" in done.err and "permission denied" in done.err, done.err
    finally:
        pg.execute(f"DROP ROLE {role}")


# --- baseline ----------------------------------------------------------------------------------------


def test_a_baseline_says_which_files_will_not_run(sluice, database, folder):
    tool = Flyway(database)
    tool.write(folder)
    tool.run(3)
    database.execute("DROP TABLE flyway_schema_history")
    refused = migrate(sluice, database, folder)
    assert refused.status == 6 and re.search(r"sluice baseline --url \S+ --dir \S+ --layout \S+ --to 4", refused.err)
    done = sluice.run("baseline", "--url", database.url, "--dir", folder, "--to", "3", "--reason", "was there")
    assert done.status == 0 and "baseline at 3: 3 files will not run" in done.out
    prefix = "_sluice_" if isinstance(database, Sqlite) else "sluice."
    assert database.rows(f"SELECT DISTINCT state, reason FROM {prefix}migration") == [("baseline", "was there")]
    assert migrate(sluice, database, folder).status == 0 and hits(database) == [2, 3, 4]


def test_the_command_that_a_refusal_names_runs_as_it_is_printed(sluice, tmp_workspace):
    folder = tmp_workspace / "it's $(touch struck)"
    folder.mkdir()
    (folder / "1_hit.sql").write_text("CREATE TABLE hit (id INTEGER);\n")
    (folder / "atlas.sum").touch()  # only read when --layout says plain
    database = Sqlite(folder / "app's.db")
    database.execute("CREATE TABLE old (id INTEGER)")
    refused = sluice.run("migrate", "--url", database.url, "--dir", folder, "--layout", "plain")
    command = refused.err.partition("sluice baseline ")[2]
    subprocess.run(f'"$SLUICE" baseline {command}', shell=True, check=True, cwd=tmp_workspace, env={"SLUICE": sluice.path})
    assert sluice.run("migrate", "--url", database.url, "--dir", folder, "--layout", "plain").status == 0
    assert not (tmp_workspace / "struck").exists()


def test_a_baseline_at_none_begins_a_folder_in_a_database_of_others(sluice, database, folder):
    tool = Goose(database)
    tool.run(3)
    (folder / "1_own.sql").write_text("CREATE TABLE own (id INTEGER);\n")
    assert migrate(sluice, database, folder).status == 6
    done = sluice.run("baseline", "--url", database.url, "--dir", folder, "--to", "none", "--reason", "goose is another team's")
    assert done.status == 0 and "baseline at none: 0 files will not run" in done.out and ledger(database) == []
    assert migrate(sluice, database, folder).status == 0 and ledger(database) == [("1", "applied")]
    done = sluice.run("baseline", "--url", database.url, "--dir", folder, "--to", "none")
    assert done.status == 6 and "has begun already" in done.err


def test_a_second_folder_is_not_held_against_the_history_of_the_first(sluice, database, folder, tmp_workspace):
    tool = Goose(database)
    tool.write(folder)
    tool.run()
    other = tmp_workspace / "other"
    other.mkdir()
    (other / "1_other.sql").write_text("CREATE TABLE other (id INTEGER);\n")
    assert adopt(sluice, database, folder).status == 0
    done = migrate(sluice, database, other, "--ledger", "other")
    assert done.status == 0 and ledger(database, "other") == [("1", "applied")], done.err
    assert migrate(sluice, database, folder).status == 0 and hits(database) == [2, 3, 4]


def test_a_baseline_is_refused_where_the_ledger_has_begun_or_the_version_is_no_file(sluice, database, folder):
    tool = Flyway(database)
    tool.write(folder)
    wrong = sluice.run("baseline", "--url", database.url, "--dir", folder, "--to", "7")
    assert wrong.status == 2 and "version 7" in wrong.err and not has_ledger(database)
    assert sluice.run("baseline", "--url", database.url, "--dir", folder).status == 2
    assert migrate(sluice, database, folder).status == 0
    done = sluice.run("baseline", "--url", database.url, "--dir", folder, "--to", "3")
    assert done.status == 6 and "the ledger knows it already" in done.err
