#include "read.h"

#include "sluice/core/buf.h"
#include "sluice/core/json.h"
#include "sluice/core/str.h"

#include <assert.h>

#include "stream.h"

/* How often a structure that changed while it was read is read again. */
#define TRIES 3

#define ASKED_MAX ((size_t)64 * 1024)

/* Compiling the queries costs more than running them: the server takes the size of its catalogue
 * for the size of the work. */
#define SETTINGS                                                              \
	"SET LOCAL search_path = ''; SET LOCAL quote_all_identifiers = off; " \
	"SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; " \
	"SET LOCAL bytea_output = 'hex'; SET LOCAL TimeZone = 'UTC'; "        \
	"SET LOCAL standard_conforming_strings = on; "                        \
	"SET LOCAL extra_float_digits = 1; SET LOCAL xmloption = 'content'; " \
	"SET LOCAL jit = off"

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

const char *sl_pg_type(struct sl_pg_read *read, const char *text)
{
	char *known = sl_map_get(read->types, text);

	if (!known) {
		known = sl_arena_strdup(read->arena,
			sl_type_normal(read->arena, SL_DIALECT_POSTGRES, text));
		(void)sl_map_put(read->types, text, known);
	}
	return known;
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

bool sl_pg_next_number(const char **text, int64_t *number)
{
	const char *c = *text + strcspn(*text, "-0123456789");
	bool negative = *c == '-';

	if (*c == '\0')
		return false;
	*number = 0;
	for (c += negative; *c >= '0' && *c <= '9'; c++)
		*number = *number * 10 + (*c - '0');
	if (negative)
		*number = -*number;
	*text = c;
	return true;
}

void sl_pg_walk(const struct sl_rows *rows, const char *oid, struct sl_pg_span *span)
{
	size_t at = span->end;
	int64_t wanted = 0;

	if (!sl_parse_i64(oid, 0, UINT32_MAX, &wanted))
		wanted = INT64_MAX;
	while (at < rows->len && sl_pg_number(rows, at, 0, 0) < wanted)
		at++;
	span->first = at;
	while (at < rows->len && sl_str_eq(sl_pg_text(rows, at, 0), oid))
		at++;
	span->end = at;
}

void sl_pg_add_properties(struct sl_pg_read *read, const struct sl_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++)
		sl_catalog_add_property(read->builder, sl_pg_text(rows, i, 0),
			sl_pg_text(rows, i, 1));
}

void sl_pg_add_path(struct sl_pg_read *read, const struct sl_rows *rows)
{
	const char **at = sl_arena_calloc(read->arena, rows->len + 1, sizeof(*at));

	for (size_t i = 0; i < rows->len; i++)
		at[i] = sl_pg_text(rows, i, 0);
	if (rows->len > 0)
		sl_catalog_set_search_path(read->builder, (struct sl_names){ at, rows->len });
}

/* Columns of kinds.sql, from 1. */
enum kind { ALWAYS, RELATIONS, VIEWS, TRIGGERS, SEQUENCES, ROUTINES, TYPES, PLAIN };

static const struct {
	const char *before; /* statements without rows that come first, or NULL */
	const char *file; /* of catalog/ */
	void (*use)(struct sl_pg_read *read, const struct sl_rows *rows); /* NULL: used later */
	enum kind kind; /* without which it has no answer */
} questions[SL_PG_ANSWER_COUNT] = {
	[SL_PG_BEFORE] = { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "fingerprint.sql",
		NULL, ALWAYS },
	[SL_PG_PATH] = { NULL, "path.sql", sl_pg_add_path, ALWAYS },
	[SL_PG_KINDS] = { SETTINGS, "kinds.sql", NULL, ALWAYS },
	[SL_PG_COLUMNS] = { NULL, "columns.sql", NULL, RELATIONS },
	[SL_PG_CONSTRAINTS] = { NULL, "constraints.sql", NULL, RELATIONS },
	[SL_PG_INDEXES] = { NULL, "indexes.sql", NULL, RELATIONS },
	[SL_PG_PARENTS] = { NULL, "parents.sql", NULL, RELATIONS },
	[SL_PG_READS] = { NULL, "reads.sql", NULL, VIEWS },
	[SL_PG_ALSO] = { NULL, "also.sql", NULL, RELATIONS },
	[SL_PG_RELATIONS] = { NULL, "relations.sql", sl_pg_add_relations, RELATIONS },
	[SL_PG_DATABASE] = { NULL, "database.sql", sl_pg_add_properties, ALWAYS },
	[SL_PG_DOMAIN_CHECKS] = { NULL, "domain_checks.sql", NULL, TYPES },
	[SL_PG_ATTRIBUTES] = { NULL, "attributes.sql", NULL, TYPES },
	[SL_PG_TYPES] = { NULL, "types.sql", sl_pg_add_types, TYPES },
	[SL_PG_ROUTINES] = { NULL, "routines.sql", sl_pg_add_routines, ROUTINES },
	[SL_PG_TRIGGERS] = { NULL, "triggers.sql", sl_pg_add_triggers, TRIGGERS },
	[SL_PG_SCHEMAS] = { NULL, "schemas.sql", sl_pg_add_schemas, ALWAYS },
	[SL_PG_EXTENSIONS] = { NULL, "extensions.sql", sl_pg_add_extensions, ALWAYS },
	[SL_PG_SEQUENCES] = { NULL, "sequences.sql", sl_pg_add_sequences, SEQUENCES },
	[SL_PG_PLAIN] = { NULL, "plain.sql", sl_pg_add_plain, PLAIN },
	[SL_PG_MISSING] = { NULL, "missing.sql", sl_pg_add_missing, ALWAYS },
	[SL_PG_AFTER] = { "ROLLBACK", "fingerprint.sql", NULL, ALWAYS },
};

static void add_statement(struct sl_buf *out, const char *sql)
{
	sl_buf_adds(out, sql);
	sl_buf_adds(out, ";\n");
}

static bool may_answer(const struct sl_pg_read *read, enum kind kind)
{
	return kind == ALWAYS || sl_pg_true(&read->answers[SL_PG_KINDS], 0, kind - 1);
}

/* One text for the questions first..end. */
static void gather(struct sl_pg_read *read, enum sl_pg_answer first, enum sl_pg_answer end,
	struct sl_buf *out)
{
	read->asked_len = read->answered = 0;
	for (enum sl_pg_answer i = first; i < end; i++) {
		const char *sql = sl_pg_catalog_query(questions[i].file);

		assert(sql);
		if (!may_answer(read, questions[i].kind))
			continue;
		if (questions[i].before)
			add_statement(out, questions[i].before);
		add_statement(out, sql);
		read->asked[read->asked_len++] = i;
	}
	assert(sl_buf_ok(out));
}

static void use_answer(void *ctx, const struct sl_rows *rows)
{
	struct sl_pg_read *read = ctx;
	size_t i = read->answered++;

	if (i >= read->asked_len)
		return;
	read->answers[read->asked[i]] = *rows;
	if (questions[read->asked[i]].use)
		questions[read->asked[i]].use(read, rows);
}

static enum sl_code ask(struct sl_pg_read *read, struct sl_conn *conn, enum sl_pg_answer first,
	enum sl_pg_answer end, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(ASKED_MAX);
	struct sl_row_sink sink = { .arena = read->arena };
	struct sl_pg_stream stream = { .conn = sl_pg(conn),
		.sink = &sink,
		.each = use_answer,
		.ctx = read,
		.rows = -1 };
	enum sl_code code;

	gather(read, first, end, &sql);
	stream.sql = sl_buf_str(&sql);
	stream.len = sql.len;
	code = sl_pg_stream_run(&stream, err);
	if (code == SL_OK && read->answered != read->asked_len)
		code = sl_error_set(err, SL_EINVAL,
			"%zu questions about the structure, %zu answers", read->asked_len,
			read->answered);
	return code;
}

static enum sl_code read_once(struct sl_pg_read *read, struct sl_conn *conn, bool *changed,
	struct sl_error *err)
{
	const struct sl_rows *before = &read->answers[SL_PG_BEFORE];
	const struct sl_rows *after = &read->answers[SL_PG_AFTER];
	enum sl_code code = ask(read, conn, SL_PG_BEFORE, SL_PG_KINDS + 1, err);

	if (code == SL_OK)
		code = ask(read, conn, SL_PG_KINDS + 1, SL_PG_ANSWER_COUNT, err);
	if (code != SL_OK) {
		sl_conn_rollback(conn);
		return code;
	}
	*changed = !sl_str_eq(sl_pg_text(before, 0, 0), sl_pg_text(after, 0, 0));
	return SL_OK;
}

/* A function that prints definitions met what somebody has dropped since: internal_error. */
static bool is_gone(const struct sl_conn *conn)
{
	return sl_str_eq(conn->server.code, "XX000");
}

enum sl_code sl_pg_introspect(struct sl_conn *conn, const struct sl_catalog **out,
	struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	enum sl_code code = SL_OK;

	for (unsigned i = 0; i < TRIES; i++) {
		struct sl_map *types sl_auto(sl_map_free_p) = sl_map_new();
		struct sl_catalog_builder *builder sl_auto(
			sl_catalog_builder_free_p) = sl_catalog_builder_new(SL_DIALECT_POSTGRES,
			conn->version);
		struct sl_pg_read read = { .arena = arena, .builder = builder, .types = types };
		bool changed = false;

		code = read_once(&read, conn, &changed, err);
		if (code == SL_OK && !changed)
			return sl_catalog_finish(out, builder, err);
		if (code != SL_OK && !is_gone(conn))
			return code;
		sl_arena_clear(arena);
	}
	if (code != SL_OK)
		return code;
	return sl_error_set(err, SL_EBUSY, "the structure changes while it is read");
}
