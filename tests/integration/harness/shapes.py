"""The kinds of files that a trial applies: what each statement is, and what it leaves behind.  None is idempotent."""

import os

from .engines import MariadbServer, PostgresServer
from .trial import BEGIN, COUNT, RAISE, statement

POSTGRES_FIRST = [
    statement("CREATE TABLE log (file int NOT NULL, number int NOT NULL)", "table:log"),
    statement("CREATE TABLE counter (file int PRIMARY KEY, n int NOT NULL)", "table:counter"),
]
POSTGRES_SLOW = COUNT._replace(sql="INSERT INTO log (file, number) SELECT {n}, {i} FROM (SELECT pg_sleep(0.07)) AS s")
POSTGRES = [
    [BEGIN, statement("CREATE TABLE a{n} (id int)", "table:a{n}"), POSTGRES_SLOW, RAISE, statement("ALTER TABLE a{n} ADD COLUMN b int", "column:a{n}.b"), COUNT],
    [COUNT, statement("CREATE TYPE m{n} AS ENUM ('x')", "label:m{n}.x"), statement("ALTER TYPE m{n} ADD VALUE 'y'", "label:m{n}.y"), POSTGRES_SLOW, BEGIN, RAISE],
    [
        BEGIN,
        POSTGRES_SLOW,
        statement("CREATE INDEX CONCURRENTLY log_{n} ON log (file)", "index:log_{n}"),
        RAISE,
        statement("DROP INDEX CONCURRENTLY log_{n}", "-index:log_{n}"),
        POSTGRES_SLOW,
        RAISE,
    ],
    [COUNT, statement("VACUUM log"), POSTGRES_SLOW, BEGIN, statement("VACUUM log"), RAISE, COUNT],
]

MARIADB_FIRST = [
    statement("CREATE TABLE log (file INT NOT NULL, number INT NOT NULL)", "table:log"),
    statement("CREATE TABLE counter (file INT PRIMARY KEY, n INT NOT NULL)", "table:counter"),
    statement("CREATE PROCEDURE bump(f INT, i INT) INSERT INTO log (file, number) SELECT f, i FROM (SELECT SLEEP(0.05)) AS s", "routine:bump"),
]
MARIADB_SLOW = COUNT._replace(sql="INSERT INTO log (file, number) SELECT {n}, {i} FROM (SELECT SLEEP(0.04)) AS s")
MARIADB_REPLACE = statement("CREATE OR REPLACE TABLE s{n} AS SELECT SLEEP(0.05) AS u", "column:s{n}.u", "-column:s{n}.t", half=("-table:s{n}", "-column:s{n}.t"))
MYSQL_REPLACE = statement("ALTER TABLE s{n} ADD COLUMN u INT, DROP COLUMN t, ALGORITHM = COPY", "column:s{n}.u", "-column:s{n}.t")
MARIADB = [
    [
        statement("CREATE TABLE a{n} (id INT)", "table:a{n}"),
        BEGIN,
        statement("ALTER TABLE a{n} ADD COLUMN b INT", "column:a{n}.b"),
        RAISE,
        MARIADB_SLOW,
        statement("CREATE INDEX i{n} ON a{n} (b)", "index:i{n}"),
        RAISE,
    ],
    [
        statement("CREATE TABLE x{n} (mark CHAR(1) PRIMARY KEY)", "table:x{n}"),
        statement("CREATE TABLE y{n} (mark CHAR(1) PRIMARY KEY)", "table:y{n}"),
        statement("INSERT INTO x{n} VALUES ('x')"),
        statement("INSERT INTO y{n} VALUES ('y')"),
        MARIADB_SLOW,
        statement("RENAME TABLE x{n} TO z{n}, y{n} TO x{n}, z{n} TO y{n}", "swapped:x{n}"),
        COUNT,
    ],
    [
        statement("CREATE TABLE d{n} (id INT)", "table:d{n}"),
        statement("INSERT INTO d{n} VALUES (1)", "old:d{n}"),
        MARIADB_SLOW,
        statement("TRUNCATE TABLE d{n}", "-old:d{n}"),
        MARIADB_SLOW,
        COUNT,
    ],
    [
        statement("CREATE TABLE s{n} AS SELECT SLEEP(0.05) AS s", "table:s{n}"),
        COUNT,
        statement("ALTER TABLE s{n} ADD COLUMN t INT, ALGORITHM = COPY", "column:s{n}.t"),
        MYSQL_REPLACE if "SLUICE_TEST_MYSQLD" in os.environ else MARIADB_REPLACE,
        statement("DROP TABLE s{n}", "-table:s{n}", "-column:s{n}.u"),
        COUNT,
    ],
    [BEGIN, RAISE, statement("CALL bump({n}, {i})", "log:{n}:{i}", asks=True)],
    [
        statement("SET @v = {n}"),
        statement("CREATE TABLE v{n} (id INT)", "table:v{n}"),
        MARIADB_SLOW,
        statement("ALTER TABLE v{n} ADD COLUMN b INT", "column:v{n}.b"),
        statement("INSERT INTO log (file, number) VALUES (@v, {i})", "log:{n}:{i}", asks=True, by_hand="INSERT INTO log (file, number) VALUES ({n}, {i})"),
    ],
]

SQLITE_FIRST = [
    statement("CREATE TABLE log (file INT NOT NULL, number INT NOT NULL)", "table:log"),
    statement("CREATE TABLE counter (file INT PRIMARY KEY, n INT NOT NULL)", "table:counter"),
]
SQLITE_SLOW = COUNT._replace(
    sql="INSERT INTO log (file, number) SELECT {n}, {i} FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 100000) SELECT count(*) FROM c)"
)
SQLITE = [
    [BEGIN, statement("CREATE TABLE a{n} (id INT)", "table:a{n}"), SQLITE_SLOW, RAISE, statement("ALTER TABLE a{n} ADD COLUMN b INT", "column:a{n}.b"), COUNT],
    [statement("CREATE TABLE g{n} (data BLOB)", "table:g{n}"), COUNT, statement("INSERT INTO g{n} VALUES (zeroblob(150000))", "big:g{n}"), SQLITE_SLOW, BEGIN],
    [BEGIN, SQLITE_SLOW, statement("VACUUM"), RAISE, statement("CREATE INDEX i{n} ON log (file)", "index:i{n}"), statement("VACUUM"), RAISE],
]

# What makes a server, the first file on it, and the kinds of the others.
SERVERS = {"postgres": (PostgresServer, POSTGRES_FIRST, POSTGRES), "mariadb": (MariadbServer, MARIADB_FIRST, MARIADB)}
