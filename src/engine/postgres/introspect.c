#include "read.h"

#include "sluice/core/json.h"
#include "sluice/core/str.h"

#include <assert.h>

/* How often a structure that changed while it was read is read again. */
#define TRIES 3

enum sl_code sl_pg_rows(struct sl_pg_read *read, struct sl_rows *rows, const char *file)
{
	const char *sql = sl_pg_catalog_query(file);

	assert(sql);
	*rows = (struct sl_rows){ 0 };
	return sl_pg_query(read->conn, rows, read->arena, sql, read->err);
}

const char *sl_pg_text(const struct sl_rows *rows, size_t row, size_t column)
{
	const char *cell = sl_rows_cell(rows, row, column);

	return cell ? cell : "";
}

bool sl_pg_true(const struct sl_rows *rows, size_t row, size_t column)
{
	return sl_str_eq(sl_pg_text(rows, row, column), "t");
}

int64_t sl_pg_number(const struct sl_rows *rows, size_t row, size_t column, int64_t fallback)
{
	int64_t value = fallback;

	if (!sl_parse_i64(sl_pg_text(rows, row, column), INT64_MIN, INT64_MAX, &value))
		return fallback;
	return value;
}

const char *sl_pg_normal(struct sl_pg_read *read, const struct sl_rows *rows, size_t row,
	size_t column)
{
	const char *cell = sl_rows_cell(rows, row, column);

	return cell ? sl_sql_normal(read->arena, SL_DIALECT_POSTGRES, cell, strlen(cell)) : NULL;
}

struct sl_names sl_pg_names(struct sl_pg_read *read, const char *json)
{
	json_t *list sl_auto(sl_json_decref_p) = NULL;
	struct sl_names names = { 0 };
	const char **at;
	size_t i;
	json_t *name;

	if (json[0] == '\0' ||
		sl_json_load(&list, json, strlen(json), SL_QUERY_MAX_BYTES, "names", NULL) != SL_OK)
		return names;
	at = sl_arena_calloc(read->arena, json_array_size(list) + 1, sizeof(*at));
	json_array_foreach(list, i, name)
		at[i] = json_is_string(name) ?
			sl_arena_strdup(read->arena, json_string_value(name)) :
			"";
	names.at = at;
	names.len = json_array_size(list);
	return names;
}

void sl_pg_span(const struct sl_rows *rows, const char *oid, size_t *first, size_t *end)
{
	size_t at = *end;
	int64_t wanted = 0;

	if (!sl_parse_i64(oid, 0, UINT32_MAX, &wanted))
		wanted = INT64_MAX;
	while (at < rows->len && sl_pg_number(rows, at, 0, 0) < wanted)
		at++;
	*first = at;
	while (at < rows->len && sl_str_eq(sl_pg_text(rows, at, 0), oid))
		at++;
	*end = at;
}

static enum sl_code read_all(struct sl_pg_read *read)
{
	struct sl_rows rows;
	enum sl_code code = sl_pg_rows(read, &rows, "database.sql");

	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < rows.len; i++)
		sl_catalog_add_property(read->builder, sl_pg_text(&rows, i, 0),
			sl_pg_text(&rows, i, 1));
	code = sl_pg_read_relations(read);
	if (code == SL_OK)
		code = sl_pg_read_types(read);
	if (code == SL_OK)
		code = sl_pg_read_code(read);
	if (code == SL_OK)
		code = sl_pg_read_rest(read);
	return code;
}

static enum sl_code read_path(struct sl_pg_read *read)
{
	struct sl_rows rows;
	const char **at;
	enum sl_code code = sl_pg_rows(read, &rows, "path.sql");

	if (code != SL_OK || rows.len == 0)
		return code;
	at = sl_arena_calloc(read->arena, rows.len, sizeof(*at));
	for (size_t i = 0; i < rows.len; i++)
		at[i] = sl_pg_text(&rows, i, 0);
	sl_catalog_set_search_path(read->builder, (struct sl_names){ at, rows.len });
	return SL_OK;
}

static enum sl_code read_once(struct sl_pg_read *read, bool *changed)
{
	struct sl_rows before, after;
	enum sl_code code = sl_pg_query(read->conn, NULL, NULL,
		"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", read->err);

	if (code != SL_OK)
		return code;
	code = sl_pg_rows(read, &before, "fingerprint.sql");
	if (code == SL_OK)
		code = read_path(read);
	if (code == SL_OK)
		code = sl_pg_query(read->conn, NULL, NULL,
			"SET LOCAL search_path = ''; SET LOCAL quote_all_identifiers = off; "
			"SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; "
			"SET LOCAL bytea_output = 'hex'; SET LOCAL TimeZone = 'UTC'; "
			"SET LOCAL standard_conforming_strings = on; "
			"SET LOCAL extra_float_digits = 1; SET LOCAL xmloption = 'content'",
			read->err);
	if (code == SL_OK)
		code = read_all(read);
	sl_conn_rollback(read->conn);
	if (code == SL_OK)
		code = sl_pg_rows(read, &after, "fingerprint.sql");
	if (code == SL_OK)
		*changed = !sl_str_eq(sl_pg_text(&before, 0, 0), sl_pg_text(&after, 0, 0));
	return code;
}

enum sl_code sl_pg_introspect(struct sl_conn *conn, const struct sl_catalog **out,
	struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();

	for (unsigned i = 0; i < TRIES; i++) {
		struct sl_catalog_builder *builder sl_auto(
			sl_catalog_builder_free_p) = sl_catalog_builder_new(SL_DIALECT_POSTGRES,
			conn->version);
		struct sl_pg_read read = { conn, arena, builder, err };
		bool changed = false;
		enum sl_code code = read_once(&read, &changed);

		if (code != SL_OK)
			return code;
		if (!changed)
			return sl_catalog_finish(out, builder, err);
		sl_arena_clear(arena);
	}
	return sl_error_set(err, SL_EBUSY, "the structure changes while it is read");
}
