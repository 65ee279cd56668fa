"""Databases as other migration tools leave them: their folders and their history tables.

The tables are written here from each tool's own sources or documentation:
  Flyway          flyway-core, createMetaDataTable.sql of its PostgreSQL, MySQL and SQLite support
  golang-migrate  database/postgres and database/sqlite, ensureVersionTable
  goose           internal/dialect/dialectquery, CreateTable
  dbmate          pkg/driver/postgres and sqlite, CreateMigrationsTable
  Diesel          diesel/src/migration, the setup of __diesel_schema_migrations
  Prisma          schema-engine's flavours, create_migrations_table
  sqlx            sqlx-postgres and sqlx-sqlite, migrate.rs
"""

import hashlib
import zlib

from .mariadb import MariaDB
from .workspace import Sqlite

STEPS = [
    ("hit", "CREATE TABLE hit (id INTEGER NOT NULL);\n"),
    ("two", "INSERT INTO hit (id) VALUES (2);\n"),
    ("three", "INSERT INTO hit (id) VALUES (3);\n"),
    ("four", "INSERT INTO hit (id) VALUES (4);\n"),
]


class Maria(MariaDB):
    """A MariaDB database that answers as the others do."""

    def execute(self, sql):
        self.script(f"{sql};")

    def rows(self, sql) -> list:
        return [tuple(int(cell) if cell.isdigit() else cell for cell in row) for row in super().rows(sql)]

    def value(self, sql):
        ((value, *_),) = self.rows(sql)
        return value


def engine_of(database) -> str:
    if isinstance(database, Sqlite):
        return "sqlite"
    return "mariadb" if isinstance(database, MariaDB) else "postgres"


class Tool:
    """A tool's folder of four migrations, and its table."""

    def __init__(self, database):
        self.database = database
        self.engine = engine_of(database)

    def files(self) -> dict:
        return dict(self.file(number, name, sql) for number, (name, sql) in enumerate(STEPS, 1))

    def path(self, number) -> str:
        return self.file(number, *STEPS[number - 1])[0]

    def text(self, number) -> str:
        return self.file(number, *STEPS[number - 1])[1]

    def write(self, folder):
        for path, text in self.files().items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    def run(self, upto=3):
        """What the tool would have done: the first migrations, and its table with a row of each."""
        for _, sql in STEPS[:upto]:
            self.database.execute(sql)
        self.make_table()
        for number in range(1, upto + 1):
            self.insert(number)

    def make_table(self):
        for statement in self.ddl[self.engine]:
            self.database.execute(statement)

    def truth(self, value) -> str:
        return str(bool(value)).lower() if self.engine == "postgres" else str(int(bool(value)))

    def sql(self, text, **values):
        self.database.execute(text.format(**values, true=self.truth(True), false=self.truth(False)))


class Flyway(Tool):
    name, layout, table = "Flyway", "flyway", "flyway_schema_history"
    ddl = {
        "sqlite": [
            "CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL PRIMARY KEY, version VARCHAR(50), description VARCHAR(200) NOT NULL,"
            " type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INT, installed_by VARCHAR(100) NOT NULL,"
            " installed_on TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), execution_time INT NOT NULL, success BOOLEAN NOT NULL)",
            "CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success)",
        ],
        "postgres": [
            "CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL, version VARCHAR(50), description VARCHAR(200) NOT NULL,"
            " type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INTEGER, installed_by VARCHAR(100) NOT NULL,"
            " installed_on TIMESTAMP NOT NULL DEFAULT now(), execution_time INTEGER NOT NULL, success BOOLEAN NOT NULL)",
            "ALTER TABLE flyway_schema_history ADD CONSTRAINT flyway_schema_history_pk PRIMARY KEY (installed_rank)",
            "CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success)",
        ],
        "mariadb": [
            "CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL, version VARCHAR(50), description VARCHAR(200) NOT NULL,"
            " type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, checksum INT, installed_by VARCHAR(100) NOT NULL,"
            " installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, execution_time INT NOT NULL, success BOOL NOT NULL, PRIMARY KEY (installed_rank))",
            "CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success)",
        ],
    }

    def file(self, number, name, sql):
        return f"V{number}__{name}.sql", sql

    @staticmethod
    def checksum(text) -> int:
        crc = 0
        for line in text.replace("\r\n", "\n").split("\n"):
            crc = zlib.crc32(line.encode(), crc)
        return crc - (1 << 32) if crc >= 1 << 31 else crc

    def insert(self, number, kind="SQL", success=True):
        self.row(f"'{number}'", STEPS[number - 1][0], kind, self.path(number), self.checksum(self.text(number)), success)

    def row(self, version, description, kind, script, checksum, success=True):
        rank = self.database.value("SELECT coalesce(max(installed_rank), 0) + 1 FROM flyway_schema_history")
        self.database.execute(
            "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)"
            f" VALUES ({rank}, {version}, '{description}', '{kind}', '{script}', {checksum}, 'app', 7, {self.truth(success)})"
        )


class GolangMigrate(Tool):
    name, layout, table = "golang-migrate", "golang-migrate", "schema_migrations"
    ddl = {
        "sqlite": ["CREATE TABLE schema_migrations (version uint64, dirty bool)", "CREATE UNIQUE INDEX version_unique ON schema_migrations (version)"],
        "postgres": ["CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)"],
        "mariadb": ["CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)"],
    }

    def file(self, number, name, sql):
        return f"{number:06}_{name}.up.sql", sql

    def insert(self, number):
        self.database.execute("DELETE FROM schema_migrations")
        self.sql("INSERT INTO schema_migrations (version, dirty) VALUES ({number}, {false})", number=number)


class Goose(Tool):
    name, layout, table = "goose", "goose", "goose_db_version"
    ddl = {
        "sqlite": [
            "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL,"
            " tstamp TIMESTAMP DEFAULT (datetime('now')))",
            "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)",
        ],
        "postgres": [
            "CREATE TABLE goose_db_version (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, version_id bigint NOT NULL,"
            " is_applied boolean NOT NULL, tstamp timestamp NOT NULL DEFAULT now())",
            "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true)",
        ],
        "mariadb": [
            "CREATE TABLE goose_db_version (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, version_id bigint NOT NULL,"
            " is_applied boolean NOT NULL, tstamp timestamp NULL DEFAULT now())",
            "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true)",
        ],
    }

    def file(self, number, name, sql):
        return f"{number:05}_{name}.sql", f"-- +goose Up\n{sql}-- +goose Down\nSELECT 1;\n"

    def insert(self, number, applied=True):
        self.sql("INSERT INTO goose_db_version (version_id, is_applied) VALUES ({number}, {applied})", number=number, applied=self.truth(applied))


class Dbmate(Tool):
    name, layout, table = "dbmate", "dbmate", "schema_migrations"
    ddl = {
        "sqlite": ["CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) PRIMARY KEY)"],
        "postgres": ["CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) PRIMARY KEY)"],
        "mariadb": ["CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) PRIMARY KEY)"],
    }

    def version(self, number):
        return f"2024010{number}120000"

    def file(self, number, name, sql):
        return f"{self.version(number)}_{name}.sql", f"-- migrate:up\n{sql}\n-- migrate:down\n"

    def insert(self, number):
        self.database.execute(f"INSERT INTO schema_migrations (version) VALUES ('{self.version(number)}')")


class Diesel(Tool):
    name, layout, table = "Diesel", "diesel", "__diesel_schema_migrations"
    ddl = {
        engine: [
            "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)"
        ]
        for engine in ("sqlite", "postgres", "mariadb")
    }

    def file(self, number, name, sql):
        return f"2024-01-0{number}-120000_{name}/up.sql", sql

    def insert(self, number):
        self.database.execute(f"INSERT INTO __diesel_schema_migrations (version) VALUES ('2024010{number}120000')")


class Prisma(Tool):
    name, layout, table = "Prisma", "prisma", "_prisma_migrations"
    ddl = {
        "sqlite": [
            'CREATE TABLE "_prisma_migrations" ("id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME,'
            ' "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME, "started_at" DATETIME NOT NULL DEFAULT current_timestamp,'
            ' "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0)'
        ],
        "postgres": [
            "CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,"
            " migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(),"
            " applied_steps_count INTEGER NOT NULL DEFAULT 0)"
        ],
        "mariadb": [
            "CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at DATETIME(3),"
            " migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at DATETIME(3), started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),"
            " applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0)"
        ],
    }

    def folder(self, number):
        return f"2024010{number}120000_{STEPS[number - 1][0]}"

    def file(self, number, name, sql):
        return f"2024010{number}120000_{name}/migration.sql", sql

    def files(self):
        provider = {"sqlite": "sqlite", "postgres": "postgresql", "mariadb": "mysql"}[self.engine]
        return {**super().files(), "migration_lock.toml": f'provider = "{provider}"\n'}

    def insert(self, number, finished=True, rolled_back=False, checksum=None):
        self.database.execute(
            "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, rolled_back_at, applied_steps_count)"
            f" VALUES ('id-{self.count()}', '{checksum or hashlib.sha256(self.text(number).encode()).hexdigest()}',"
            f" {'current_timestamp' if finished else 'NULL'}, '{self.folder(number)}', {'current_timestamp' if rolled_back else 'NULL'}, 1)"
        )

    def count(self):
        return self.database.value("SELECT count(*) FROM _prisma_migrations")


class Sqlx(Tool):
    name, layout, table = "sqlx", "sqlx", "_sqlx_migrations"
    ddl = {
        "sqlite": [
            "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,"
            " installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)"
        ],
        "postgres": [
            "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,"
            " installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)"
        ],
        "mariadb": [
            "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,"
            " installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)"
        ],
    }

    def file(self, number, name, sql):
        return f"2024010{number}120000_{name}.sql", sql

    def insert(self, number, success=True):
        digest = hashlib.sha384(self.text(number).encode()).hexdigest()
        binary = f"decode('{digest}', 'hex')" if self.engine == "postgres" else f"x'{digest}'"
        self.database.execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)"
            f" VALUES (2024010{number}120000, '{STEPS[number - 1][0]}', {self.truth(success)}, {binary}, 1000)"
        )


TOOLS = [Flyway, GolangMigrate, Goose, Dbmate, Diesel, Prisma, Sqlx]
