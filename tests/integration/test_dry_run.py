"""`sluice migrate --dry-run`: what would run, in which transactions, and what it would lock.  The locks that it
expects are compared with those that a live server takes."""

import json
import pathlib

import pytest
from harness.files import write

STRUCTURE = """
CREATE TYPE mood AS ENUM ('a');
CREATE DOMAIN dom AS int;
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, a int, b text, nn int NOT NULL, u int, s text,
  CONSTRAINT ckv CHECK (nn > 0) NOT VALID, CONSTRAINT fkold FOREIGN KEY (u) REFERENCES p);
CREATE TABLE td (d dom);
CREATE INDEX ia ON t (a);
CREATE UNIQUE INDEX un ON t (nn);
CREATE TABLE inh (id int, x int);
CREATE TABLE pt (k int) PARTITION BY RANGE (k);
CREATE TABLE pt1 PARTITION OF pt FOR VALUES FROM (0) TO (10);
CREATE TABLE ptn (k int);
CREATE SEQUENCE sq;
CREATE VIEW v AS SELECT id, a FROM t;
CREATE MATERIALIZED VIEW mv AS SELECT id FROM p;
CREATE UNIQUE INDEX mvu ON mv (id);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE POLICY pol ON t USING (true);
CREATE RULE rl AS ON INSERT TO inh DO ALSO NOTHING;
"""

STATEMENTS = """
ALTER TABLE t ADD COLUMN x int
ALTER TABLE t ADD COLUMN x int REFERENCES p(id)
ALTER TABLE t ADD COLUMN x timestamptz DEFAULT clock_timestamp()
ALTER TABLE t DROP COLUMN u
ALTER TABLE t ALTER COLUMN u TYPE bigint
ALTER TABLE t ALTER COLUMN s SET NOT NULL
ALTER TABLE t ALTER COLUMN nn DROP NOT NULL
ALTER TABLE t ALTER COLUMN b SET DEFAULT 'x'
ALTER TABLE t ALTER COLUMN b SET STATISTICS 100
ALTER TABLE t ALTER COLUMN b SET STORAGE EXTERNAL
ALTER TABLE t ADD CONSTRAINT ck CHECK (nn > 0)
ALTER TABLE t ADD CONSTRAINT ck CHECK (nn > 0) NOT VALID
ALTER TABLE t VALIDATE CONSTRAINT ckv
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES p(id)
ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES p(id) NOT VALID
ALTER TABLE t ADD CONSTRAINT uq UNIQUE (a)
ALTER TABLE t DROP CONSTRAINT ckv
ALTER TABLE t DROP CONSTRAINT fkold
ALTER TABLE t RENAME COLUMN b TO z
ALTER TABLE t RENAME TO t2
ALTER TABLE t SET (fillfactor = 70)
ALTER TABLE t CLUSTER ON ia
ALTER TABLE t ENABLE TRIGGER trg
ALTER TABLE t DISABLE TRIGGER ALL
ALTER TABLE t ENABLE ROW LEVEL SECURITY
ALTER TABLE t REPLICA IDENTITY FULL
ALTER TABLE inh SET UNLOGGED
ALTER TABLE inh DISABLE RULE rl
ALTER INDEX ia RENAME TO ia2
ALTER VIEW v RENAME TO v2
ALTER TABLE pt ATTACH PARTITION ptn FOR VALUES FROM (10) TO (20)
ALTER TABLE pt DETACH PARTITION pt1
ALTER SEQUENCE sq RESTART
ALTER DOMAIN dom ADD CONSTRAINT dc CHECK (value > 0)
ALTER DOMAIN dom ADD CONSTRAINT dc CHECK (value > 0) NOT VALID
ALTER DOMAIN dom SET NOT NULL
ALTER TYPE mood ADD VALUE 'z'
CREATE TABLE n (id int)
CREATE TABLE n (id int REFERENCES p(id))
CREATE TABLE n () INHERITS (inh)
CREATE TABLE n PARTITION OF pt FOR VALUES FROM (10) TO (20)
CREATE TABLE n AS SELECT * FROM t
CREATE INDEX x ON t (b)
CREATE UNIQUE INDEX x ON t (id, a)
CREATE INDEX x ON ONLY pt (k)
CREATE VIEW v3 AS SELECT * FROM t
CREATE OR REPLACE VIEW v AS SELECT id, a FROM t
CREATE MATERIALIZED VIEW mv3 AS SELECT * FROM t
CREATE TRIGGER trg2 BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
ALTER TRIGGER trg ON t RENAME TO trg9
DROP TRIGGER trg ON t
CREATE POLICY pol2 ON t USING (true)
ALTER POLICY pol ON t USING (false)
DROP POLICY pol ON t
DROP RULE rl ON inh
CREATE STATISTICS st ON a, nn FROM t
DROP INDEX ia
DROP TABLE pt1
DROP TABLE t CASCADE
DROP TABLE p CASCADE
DROP VIEW v
DROP MATERIALIZED VIEW mv
REINDEX INDEX ia
REINDEX TABLE t
CLUSTER t USING ia
ANALYZE t
REFRESH MATERIALIZED VIEW mv
REFRESH MATERIALIZED VIEW CONCURRENTLY mv
TRUNCATE inh
TRUNCATE p CASCADE
COMMENT ON TABLE t IS 'x'
COMMENT ON COLUMN t.a IS 'x'
GRANT SELECT ON t TO public
LOCK TABLE t
LOCK TABLE t IN SHARE MODE
LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE
LOCK TABLE t IN ROW SHARE MODE
INSERT INTO inh VALUES (1, 2)
UPDATE t SET a = 1 WHERE id = 1
DELETE FROM inh
SELECT * FROM t FOR UPDATE
SELECT * FROM t
""".strip().splitlines()

STRENGTH = ["AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"]


def dry(sluice, url, folder):
    (target,) = json.loads(sluice.ok("migrate", "--url", url, "--dir", folder, "--dry-run", "--output", "json"))["targets"]
    return target["migrations"]


def taken(cursor, statement):
    """The strongest lock on each relation that was there before, weaker than reading left out."""
    cursor.execute("SELECT c.oid FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')")
    there = {oid for (oid,) in cursor.fetchall()}
    cursor.execute("BEGIN")
    try:
        cursor.execute("SELECT oid, relname FROM pg_class")
        names = dict(cursor.fetchall())
        cursor.execute(statement)
        cursor.execute("SELECT relation, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'")
        found = {}
        for oid, mode in cursor.fetchall():
            if oid in there and STRENGTH.index(mode) > max(0, STRENGTH.index(found.get(names[oid], "AccessShareLock"))):
                found[names[oid]] = mode
        return found
    finally:
        cursor.execute("ROLLBACK")


def test_the_locks_expected_are_those_that_the_server_takes(sluice, pg, tmp_workspace):
    folder = write(tmp_workspace / "migrations", {"V1__base.sql": STRUCTURE})
    sluice.ok("migrate", "--url", pg.url, "--dir", folder)
    connection = pg.connect()
    cursor = connection.cursor()
    cursor.execute("SET search_path = public")
    wrong = []
    for statement in STATEMENTS:
        write(folder, {"V2__one.sql": f"{statement};\n"})
        ((segment,),) = (m["segments"] for m in dry(sluice, pg.url, folder))
        expected = {lock["table"].removeprefix("public."): lock["mode"] for lock in segment["locks"]}
        expected = {table: mode.title().replace(" ", "") + "Lock" for table, mode in expected.items() if mode != "ACCESS SHARE"}
        actual = taken(cursor, statement)
        if expected != actual:
            wrong.append(f"{statement}: expected {expected}, taken {actual}")
    connection.close()
    assert not wrong, "\n".join(wrong)


class TestSegments:
    FILE = (
        "CREATE TABLE n (id int REFERENCES p);\nALTER TYPE mood ADD VALUE 'b';\nUPDATE t SET a = 1;\n"
        "CREATE INDEX CONCURRENTLY t_b ON t (b);\nALTER TABLE t ADD COLUMN x timestamptz DEFAULT clock_timestamp();\nDO $$ BEGIN PERFORM 1; END $$;\n"
    )

    def test_what_shares_a_transaction_and_what_cannot_have_one(self, sluice, pg, tmp_workspace):
        folder = write(tmp_workspace / "migrations", {"V1__base.sql": STRUCTURE})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
        write(folder, {"V2__parts.sql": self.FILE})
        (migration,) = dry(sluice, pg.url, folder)
        segments = migration["segments"]
        assert [(s["runs"], s["first"], s["last"], s["why"]) for s in segments] == [
            ("transaction", 1, 2, "ALTER TYPE ADD VALUE"),
            ("transaction", 3, 3, ""),
            ("alone", 4, 4, "CREATE INDEX CONCURRENTLY"),
            ("transaction", 5, 6, ""),
        ]
        assert [s["may_lock_more"] for s in segments] == [False, False, False, True]
        (lock,) = segments[3]["locks"]
        assert (lock["table"], lock["mode"], lock["blocks"], lock["rewrites"], lock["line"]) == ("public.t", "ACCESS EXCLUSIVE", "reads and writes", True, 5)
        assert pg.value("SELECT count(*) FROM sluice.migration") == 1
        assert pg.value("SELECT to_regclass('n')") is None

    def test_people_read_it(self, sluice, pg, tmp_workspace):
        folder = write(tmp_workspace / "migrations", {"V1__base.sql": STRUCTURE})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
        write(folder, {"V2__parts.sql": self.FILE})
        out = sluice.ok("migrate", "--url", pg.url, "--dir", folder, "--dry-run")
        assert "V2__parts.sql  pending, 6 statements" in out
        assert "1-2    one transaction (ALTER TYPE ADD VALUE)" in out
        assert "line 1: SHARE ROW EXCLUSIVE on public.p, blocks writes" in out
        assert "4      alone, in no transaction (CREATE INDEX CONCURRENTLY)" in out
        assert "line 5: ACCESS EXCLUSIVE on public.t, blocks reads and writes, rewrites it" in out
        assert "may lock more than can be told from here" in out

    def test_an_index_of_sqlite_reads_its_table_under_the_one_lock(self, sluice, tmp_workspace):
        folder = write(tmp_workspace / "migrations", {"V1__a.sql": "CREATE TABLE t (a);\n"})
        sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder)
        write(folder, {"V2__i.sql": "CREATE INDEX i ON t (a);\n"})
        out = sluice.ok("migrate", "--url", "sqlite:dev.db", "--dir", folder, "--dry-run")
        assert "line 1: WRITER on the database, blocks writes\n" in out
        assert "line 1: WRITER on t, blocks writes, reads all of it\n" in out

    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            ("ALTER TABLE pt ADD CHECK (k >= 0)", "ACCESS EXCLUSIVE on public.pt, blocks reads and writes, reads all of it"),
            ("ALTER TABLE pt ALTER COLUMN n TYPE bigint", "ACCESS EXCLUSIVE on public.pt, blocks reads and writes, rewrites it"),
            ("ALTER TABLE ptt ADD x int DEFAULT random()", "ACCESS EXCLUSIVE on public.ptt, blocks reads and writes, rewrites it"),
            ("ALTER TABLE inh ALTER COLUMN x SET NOT NULL", "ACCESS EXCLUSIVE on public.inh, blocks reads and writes, reads all of it"),
        ],
    )
    def test_what_is_read_of_partitions_and_heirs_is_told_of_their_parent(self, sluice, pg, tmp_workspace, statement, told):
        more = (
            "ALTER TABLE pt ADD n int;\nCREATE TABLE heir () INHERITS (inh);\nCREATE TABLE ptt (k int) PARTITION BY RANGE (k);\n"
            "CREATE TABLE ptt1 PARTITION OF ptt FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (k);\nCREATE TABLE ptt11 PARTITION OF ptt1 DEFAULT;\n"
        )
        folder = write(tmp_workspace / "migrations", {"V1__base.sql": STRUCTURE + more})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
        write(folder, {"V2__one.sql": f"{statement};\n"})
        out = sluice.ok("migrate", "--url", pg.url, "--dir", folder, "--dry-run")
        assert [line for line in out.splitlines() if " on " in line] == [f"           line 1: {told}"]

    def test_it_waits_no_longer_than_a_statement_would_for_somebodys_lock(self, sluice, pg, tmp_workspace):
        folder = write(tmp_workspace / "migrations", {"V1__base.sql": STRUCTURE})
        sluice.ok("migrate", "--url", pg.url, "--dir", folder)
        write(folder, {"V2__one.sql": "ALTER TABLE t ADD x int;\n"})
        with pg.connect() as connection, connection.cursor() as cursor:
            cursor.execute("LOCK TABLE v IN ACCESS EXCLUSIVE MODE")
            out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--dry-run", "--lock-timeout", "200ms", timeout=30)
            assert out.status == 0 and "its structure was not read (canceling statement due to lock timeout" in out.err
            assert "line 1: ACCESS EXCLUSIVE on t, blocks reads and writes" in out.out
            out = sluice.run("snapshot", "--url", pg.url, timeout=30)
            assert out.status == 6 and "lock timeout (55P03); somebody is at work there" in out.err

    def test_a_file_that_stands_half_way_shows_only_the_rest(self, sluice, pg, tmp_workspace):
        folder = write(tmp_workspace / "migrations", {"V1__half.sql": "CREATE TABLE t (a int);\nVACUUM t;\nSELECT 1 / 0;\n"})
        assert sluice.run("migrate", "--url", pg.url, "--dir", folder).status == 8
        (migration,) = dry(sluice, pg.url, folder)
        assert [(s["first"], s["last"]) for s in migration["segments"]] == [(3, 3)]

    def test_a_database_that_is_not_there_yet_is_not_made_for_this(self, sluice, tmp_workspace):
        folder = write(tmp_workspace / "migrations", {"V1__a.sql": "CREATE TABLE t (a);\nCREATE INDEX i ON t (a);\nVACUUM;\n"})
        (migration,) = dry(sluice, "sqlite:dev.db", folder)
        assert [(s["runs"], [lock["mode"] for lock in s["locks"]]) for s in migration["segments"]] == [("transaction", ["WRITER"]), ("alone", [])]
        assert not pathlib.Path("dev.db").exists()

    @pytest.mark.parametrize("statement", ["COMMIT", "SET SESSION AUTHORIZATION postgres", "DISCARD ALL"])
    def test_what_is_refused_is_refused_here_too(self, sluice, pg, tmp_workspace, statement):
        folder = write(tmp_workspace / "migrations", {"V1__a.sql": f"CREATE TABLE t (a int);\n{statement};\n"})
        out = sluice.run("migrate", "--url", pg.url, "--dir", folder, "--dry-run")
        assert out.status == 2
        assert "V1__a.sql:2: " in out.err
