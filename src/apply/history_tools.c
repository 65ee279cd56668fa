/*
 * The tools whose history is known, from their documented tables:
 *
 *	Flyway          documentation.red-gate.com/fd, "Flyway schema history table"
 *	golang-migrate  github.com/golang-migrate/migrate, database/DRIVER: ensureVersionTable
 *	goose           github.com/pressly/goose, internal/dialects: CreateTable
 *	dbmate          github.com/amacneil/dbmate, pkg/driver: CreateMigrationsTable
 *	Diesel          docs.diesel.rs, migration setup; diesel/src/migration
 *	Prisma          prisma.io/docs, "About migration histories"
 *	sqlx            docs.rs/sqlx, migrate; sqlx-DRIVER/src/migrate.rs
 */
#include "history_int.h"

#include "sluice/core/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char bom[] = "\xef\xbb\xbf";

/* Engines write truth as t, 1 or true. */
static bool is_true(const char *cell)
{
	return cell && strchr("tT1yY", cell[0]) && cell[0] != '\0';
}

static const char *text(const char *cell)
{
	return cell ? cell : "";
}

/* --- Flyway --------------------------------------------------------------------------------- */

static void flyway(struct history_row *out, struct sl_arena *arena, const struct sl_rows *rows,
	size_t row)
{
	const char *type = text(sl_rows_cell(rows, row, 3));

	(void)arena;
	out->version = sl_rows_cell(rows, row, 0);
	out->name = text(sl_rows_cell(rows, row, 1));
	out->checksum = sl_rows_cell(rows, row, 2);
	out->verdict = HISTORY_APPLIED;
	if (!is_true(sl_rows_cell(rows, row, 4)))
		out->verdict = HISTORY_FAILED;
	else if (sl_str_eq(type, "BASELINE") || sl_str_eq(type, "SQL_BASELINE"))
		out->verdict = HISTORY_UP_TO;
	else if (sl_str_starts(type, "UNDO_") || sl_str_eq(type, "DELETE"))
		out->verdict = HISTORY_UNDONE;
	else if (sl_str_eq(type, "SCHEMA"))
		out->verdict = HISTORY_NOTHING;
}

/* CRC-32 of the lines without their ends, so that line ends do not count. */
static bool same_lines(const char *checksum, const struct sl_migration *m)
{
	int64_t expected = 0;
	uint32_t crc = 0;
	size_t start = 0;

	if (!sl_parse_i64(checksum, INT32_MIN, INT32_MAX, &expected))
		return false;
	for (size_t i = 0; i <= m->sql_len; i++) {
		if (i < m->sql_len && m->sql[i] != '\n' && m->sql[i] != '\r')
			continue;
		crc = sl_crc32(crc, m->sql + start, i - start);
		start = i + 1;
	}
	return (uint32_t)(int32_t)expected == crc;
}

/* --- golang-migrate, goose ------------------------------------------------------------------ */

static void golang_migrate(struct history_row *out, struct sl_arena *arena,
	const struct sl_rows *rows, size_t row)
{
	(void)arena;
	out->version = text(sl_rows_cell(rows, row, 0));
	out->name = out->version;
	out->verdict = is_true(sl_rows_cell(rows, row, 1)) ? HISTORY_FAILED : HISTORY_UP_TO;
	out->is_file = true;
}

/* Its first row, version 0, says that the table is there. */
static void goose(struct history_row *out, struct sl_arena *arena, const struct sl_rows *rows,
	size_t row)
{
	(void)arena;
	out->version = text(sl_rows_cell(rows, row, 0));
	out->name = out->version;
	out->verdict = is_true(sl_rows_cell(rows, row, 1)) ? HISTORY_APPLIED : HISTORY_UNDONE;
	if (sl_str_eq(out->version, "0"))
		out->verdict = HISTORY_NOTHING;
}

/* --- dbmate, Diesel: what is there is applied ----------------------------------------------- */

static void version_only(struct history_row *out, struct sl_arena *arena,
	const struct sl_rows *rows, size_t row)
{
	(void)arena;
	out->version = text(sl_rows_cell(rows, row, 0));
	out->name = out->version;
	out->verdict = HISTORY_APPLIED;
}

/* --- Prisma --------------------------------------------------------------------------------- */

static void prisma(struct history_row *out, struct sl_arena *arena, const struct sl_rows *rows,
	size_t row)
{
	const char *name = text(sl_rows_cell(rows, row, 0));

	out->version = sl_arena_strndup(arena, name, strspn(name, "0123456789"));
	out->name = name;
	out->checksum = sl_rows_cell(rows, row, 1);
	out->verdict = HISTORY_APPLIED;
	if (sl_rows_cell(rows, row, 3))
		out->verdict = HISTORY_UNDONE;
	else if (!sl_rows_cell(rows, row, 2))
		out->verdict = HISTORY_FAILED;
}

/* Old versions of Prisma wrote a byte below 16 as one digit. */
static void without_padding(const char *hex, char *out)
{
	for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		if (hex[0] != '0')
			*out++ = hex[0];
		*out++ = hex[1];
	}
	*out = '\0';
}

/* The text with line ends of the other kind: Git changes them on its way. */
static const char *other_ends(struct sl_arena *arena, const struct sl_migration *m, bool crlf,
	size_t *len)
{
	char *out = sl_arena_alloc(arena, 2 * m->sql_len + 1);

	*len = 0;
	for (size_t i = 0; i < m->sql_len; i++) {
		if (m->sql[i] == '\r' && i + 1 < m->sql_len && m->sql[i + 1] == '\n')
			continue;
		if (m->sql[i] == '\n' && crlf)
			out[(*len)++] = '\r';
		out[(*len)++] = m->sql[i];
	}
	return out;
}

static bool is_hex(const char *checksum, const char *hex)
{
	char plain[SL_SHA256_HEX];

	without_padding(hex, plain);
	return sl_str_eq(checksum, hex) || sl_str_eq(checksum, plain);
}

static bool same_sha256(const char *checksum, const struct sl_migration *m)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	char hex[SL_SHA256_HEX];

	if (is_hex(checksum, m->sha256))
		return true;
	for (int crlf = 0; crlf < 2; crlf++) {
		size_t len;
		const char *other = other_ends(arena, m, crlf, &len);

		sl_sha256_hex(other, len, hex);
		if (is_hex(checksum, hex))
			return true;
	}
	return false;
}

/* --- sqlx ----------------------------------------------------------------------------------- */

static void sqlx(struct history_row *out, struct sl_arena *arena, const struct sl_rows *rows,
	size_t row)
{
	out->version = text(sl_rows_cell(rows, row, 0));
	out->name = sl_arena_printf(arena, "%s %s", out->version, text(sl_rows_cell(rows, row, 1)));
	out->verdict = is_true(sl_rows_cell(rows, row, 2)) ? HISTORY_APPLIED : HISTORY_FAILED;
	out->checksum = sl_rows_cell(rows, row, 3);
}

/* Of the file's bytes; a byte order mark is one of them, and stands before what runs. */
static bool same_sha384(const char *checksum, const struct sl_migration *m)
{
	char with[SL_SHA384_HEX], without[SL_SHA384_HEX];

	sl_sha384_hex("", 0, m->sql, m->sql_len, without);
	sl_sha384_hex(bom, sizeof(bom) - 1, m->sql, m->sql_len, with);
	return sl_str_eq(checksum, without) || sl_str_eq(checksum, with);
}

/* --- the table ------------------------------------------------------------------------------ */

/* Of tables with one name the narrower description comes first. */
const struct history_tool apply_history_tools[] = {
	{ .name = "Flyway",
		.layout = "flyway",
		.table = "flyway_schema_history",
		.columns = { "installed_rank", "version", "script", "success" },
		.select = "version, script, checksum, type, success",
		.order = "installed_rank",
		.at = "installed_on",
		.by = "installed_by",
		.read = flyway,
		.same = same_lines,
		.mend = "mend the database, then run `flyway repair`" },
	{ .name = "golang-migrate",
		.layout = "golang-migrate",
		.table = "schema_migrations",
		.columns = { "version", "dirty" },
		.width = 2,
		.select = "version, dirty",
		.order = "version",
		.read = golang_migrate,
		.mend = "mend the database, then say its version with `migrate force VERSION`" },
	{ .name = "Supabase",
		.layout = "supabase",
		.schema = "supabase_migrations",
		.table = "schema_migrations",
		.columns = { "version" } },
	{ .name = "dbmate",
		.layout = "dbmate",
		.table = "schema_migrations",
		.columns = { "version" },
		.width = 1,
		.select = "version",
		.order = "version",
		.read = version_only },
	{ .name = "goose",
		.layout = "goose",
		.table = "goose_db_version",
		.columns = { "id", "version_id", "is_applied" },
		.select = "version_id, is_applied",
		.order = "id",
		.at = "tstamp",
		.read = goose },
	{ .name = "Diesel",
		.layout = "diesel",
		.table = "__diesel_schema_migrations",
		.columns = { "version", "run_on" },
		.select = "version",
		.order = "version",
		.at = "run_on",
		.read = version_only },
	{ .name = "Prisma",
		.layout = "prisma",
		.table = "_prisma_migrations",
		.columns = { "migration_name", "checksum", "finished_at", "rolled_back_at" },
		.select = "migration_name, checksum, finished_at, rolled_back_at",
		.order = "CASE WHEN rolled_back_at IS NULL THEN 1 ELSE 0 END, "
			 "CASE WHEN finished_at IS NULL THEN 1 ELSE 0 END, started_at",
		.at = "finished_at",
		.read = prisma,
		.same = same_sha256,
		.mend = "mend the database, then run `prisma migrate resolve`" },
	{ .name = "sqlx",
		.layout = "sqlx",
		.table = "_sqlx_migrations",
		.columns = { "version", "description", "success", "checksum" },
		.select = "version, description, success",
		.bytes = "checksum",
		.order = "version",
		.at = "installed_on",
		.read = sqlx,
		.same = same_sha384,
		.mend = "mend the database, then delete the row where the migration had no effect, or "
			"set success where it had" },
	{ .name = "Atlas",
		.layout = "atlas",
		.table = "atlas_schema_revisions",
		.columns = { "version" } },
	{ .name = "Liquibase",
		.layout = "liquibase",
		.table = "databasechangelog",
		.columns = { "id", "author", "filename" } },
	{ .name = "sqitch",
		.layout = "sqitch",
		.schema = "sqitch",
		.table = "changes",
		.columns = { "change_id", "script_hash" } },
	{ .name = "Drizzle",
		.layout = "drizzle",
		.table = "__drizzle_migrations",
		.columns = { "hash", "created_at" } },
};

const size_t apply_history_tools_len = sizeof(apply_history_tools) / sizeof(apply_history_tools[0]);
