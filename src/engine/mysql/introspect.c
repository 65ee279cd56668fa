/*
 * The structure of the session's own database: one query lists the objects, their printed
 * definitions come in batches of several statements a message, so that 1,500 tables take a handful
 * of round trips, and the list is read again at the end: where it changed meanwhile, all is read
 * once more.
 */
#include "grants.h"
#include "read.h"
#include "stream.h"

#include "sluice/core/buf.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"

#include <string.h>

/* How often a structure that changed while it was read is read again. */
#define TRIES 3

/* Statements of one message. */
#define BATCH 200

/* How long a statement that is changing an object is waited for, in seconds. */
#define LOCK_WAIT "10"

#define SQL_MAX ((size_t)1 << 20)

/* Columns of the list. */
enum { LIST_KIND, LIST_NAME, LIST_TYPE, LIST_TIME, LIST_ROWS, LIST_BYTES };

static const char list_query[] =
	"SELECT 'relation', table_name, table_type, CAST(create_time AS CHAR), table_rows, "
	"data_length + index_length FROM information_schema.tables WHERE table_schema = DATABASE() "
	"UNION ALL SELECT 'routine', routine_name, routine_type, CAST(last_altered AS CHAR), NULL, "
	"NULL FROM information_schema.routines WHERE routine_schema = DATABASE() "
	"UNION ALL SELECT 'event', event_name, 'EVENT', CAST(last_altered AS CHAR), NULL, NULL "
	"FROM information_schema.events WHERE event_schema = DATABASE() "
	"UNION ALL SELECT 'trigger', trigger_name, CONCAT(event_object_table, action_order), "
	"CAST(created AS CHAR), NULL, NULL FROM information_schema.triggers "
	"WHERE trigger_schema = DATABASE() ORDER BY 1, 2, 3";

static const char trigger_query[] =
	"SELECT trigger_name, event_object_table, action_timing, event_manipulation, "
	"action_statement, definer, sql_mode, character_set_client, collation_connection, "
	"database_collation FROM information_schema.triggers WHERE trigger_schema = DATABASE() "
	"ORDER BY event_object_table, action_timing, event_manipulation, action_order";

static const char property_query[] =
	"SELECT default_character_set_name, default_collation_name FROM information_schema.schemata "
	"WHERE schema_name = DATABASE()";

/* --- what is asked for ---------------------------------------------------------------------- */

struct item {
	const char *show; /* what SHOW CREATE takes */
	const char *name;
	int64_t rows, bytes;
};

struct reading {
	struct sl_my_read read; /* its arena is emptied after each object */
	struct sl_arena *arena; /* of the whole */
	struct sl_rows list;
	struct item *items;
	size_t len, at; /* items, and the one whose answer comes next */
};

/* NULL: left out; "": no kind that is known. */
static const char *show_word(const char *kind, const char *type)
{
	static const struct {
		const char *kind, *type, *show;
	} words[] = {
		{ "relation", "BASE TABLE", "TABLE" },
		{ "relation", "SYSTEM VERSIONED", "TABLE" },
		{ "relation", "VIEW", "VIEW" },
		{ "relation", "SEQUENCE", "SEQUENCE" },
		{ "relation", "TEMPORARY", NULL },
		{ "relation", "LOCAL TEMPORARY", NULL },
		{ "relation", "TEMPORARY SEQUENCE", NULL },
		{ "routine", "PROCEDURE", "PROCEDURE" },
		{ "routine", "FUNCTION", "FUNCTION" },
		{ "routine", "PACKAGE", "PACKAGE" },
		{ "routine", "PACKAGE BODY", "PACKAGE BODY" },
		{ "event", "EVENT", "EVENT" },
	};

	if (sl_str_eq(kind, "trigger"))
		return NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (sl_str_eq(kind, words[i].kind) && sl_str_eq(type, words[i].type))
			return words[i].show;
	return "";
}

static int64_t number(const struct sl_rows *rows, size_t row, size_t column)
{
	const char *cell = sl_rows_cell(rows, row, column);
	int64_t value = -1;

	return cell && sl_parse_i64(cell, 0, INT64_MAX, &value) ? value : -1;
}

static void choose(struct reading *reading)
{
	const struct sl_rows *list = &reading->list;

	reading->items = sl_arena_calloc(reading->arena, list->len + 1, sizeof(*reading->items));
	for (size_t i = 0; i < list->len; i++) {
		const char *name = sl_rows_cell(list, i, LIST_NAME);
		const char *type = sl_rows_cell(list, i, LIST_TYPE);
		const char *show = show_word(sl_rows_cell(list, i, LIST_KIND), type);

		if (!show ||
			(sl_str_eq(sl_rows_cell(list, i, LIST_KIND), "relation") &&
				sl_schema_ignored(reading->read.conn->base.dialect, "", name)))
			continue;
		if (show[0] == '\0') {
			sl_my_incomplete(&reading->read, "%s %s", type, name);
			continue;
		}
		reading->items[reading->len++] = (struct item){ show, name,
			number(list, i, LIST_ROWS), number(list, i, LIST_BYTES) };
	}
}

/* --- answers -------------------------------------------------------------------------------- */

static void take_one(void *ctx, const struct sl_rows *rows)
{
	struct reading *reading = ctx;
	struct sl_my_read *read = &reading->read;
	const struct item *item = &reading->items[reading->at++];

	if (sl_str_eq(item->show, "TABLE"))
		sl_my_read_table(read, item->name, sl_rows_cell(rows, 0, 1), item->rows,
			item->bytes);
	else if (sl_str_eq(item->show, "VIEW"))
		sl_my_read_view(read, item->name, rows);
	else if (sl_str_eq(item->show, "SEQUENCE"))
		sl_my_read_sequence(read, item->name, rows);
	else if (sl_str_eq(item->show, "EVENT"))
		sl_my_read_event(read, item->name, rows);
	else
		sl_my_read_routine(read, item->show, item->name, rows);
	sl_arena_clear(read->arena);
}

static enum sl_code read_batch(struct reading *reading, size_t first, size_t end,
	struct sl_error *err)
{
	struct sl_arena *answers sl_auto(sl_arena_free_p) = sl_arena_new();
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SQL_MAX);
	struct sl_row_sink sink = { .arena = answers };
	struct sl_my_stream stream = { .conn = reading->read.conn,
		.sink = &sink,
		.each = take_one,
		.ctx = reading };

	for (size_t i = first; i < end; i++) {
		sl_buf_addf(&sql, "%sSHOW CREATE %s ", i > first ? ";" : "",
			reading->items[i].show);
		sl_escape_ident(&sql, reading->items[i].name, '`');
	}
	stream.sql = sl_buf_str(&sql);
	stream.len = sql.len;
	return sl_my_stream_run(&stream, err);
}

static enum sl_code read_items(struct reading *reading, struct sl_error *err)
{
	enum sl_code code = sl_my_several(reading->read.conn, true, err);

	for (size_t i = 0; code == SL_OK && i < reading->len; i += BATCH)
		code = read_batch(reading, i, i + BATCH < reading->len ? i + BATCH : reading->len,
			err);
	if (code == SL_OK)
		return sl_my_several(reading->read.conn, false, err);
	if (reading->read.conn->my && sl_my_several(reading->read.conn, false, NULL) != SL_OK)
		sl_my_give_up(reading->read.conn);
	return code;
}

/* --- the whole ------------------------------------------------------------------------------ */

static enum sl_code read_properties(struct reading *reading, struct sl_error *err)
{
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_my_query(&reading->read.conn->base, &rows, reading->arena,
		property_query, err);

	if (code != SL_OK)
		return code;
	if (rows.len != 1)
		return sl_error_set(err, SL_EUNAVAIL, "the database %s is not there any more",
			reading->read.database);
	sl_catalog_add_property(reading->read.builder, "default_character_set",
		sl_rows_cell(&rows, 0, 0));
	sl_catalog_add_property(reading->read.builder, "default_collation",
		sl_rows_cell(&rows, 0, 1));
	reading->read.collation = sl_rows_cell(&rows, 0, 1);
	return SL_OK;
}

static enum sl_code read_triggers(struct reading *reading, struct sl_error *err)
{
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_my_query(&reading->read.conn->base, &rows, reading->arena,
		trigger_query, err);

	if (code == SL_OK)
		sl_my_read_triggers(&reading->read, &rows);
	return code;
}

static bool same_list(const struct sl_rows *a, const struct sl_rows *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		for (size_t column = LIST_KIND; column <= LIST_TIME; column++) {
			const char *was = sl_rows_cell(a, i, column);
			const char *is = sl_rows_cell(b, i, column);

			if (!sl_str_eq(was ? was : "", is ? is : ""))
				return false;
		}
	return true;
}

/* Something that was listed was dropped before its turn came. */
static bool is_gone(const struct sl_server_error *error)
{
	static const char *const numbers[] = { "1146", "1305", "1539", "1347", "4089" };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (sl_str_eq(error->code, numbers[i]))
			return true;
	return false;
}

static enum sl_code read_once(struct reading *reading, bool *changed, struct sl_error *err)
{
	struct sl_conn *base = &reading->read.conn->base;
	struct sl_rows after = { 0 };
	enum sl_code code = read_properties(reading, err);

	if (code == SL_OK)
		code = sl_my_query(base, &reading->list, reading->arena, list_query, err);
	if (code != SL_OK)
		return code;
	choose(reading);
	code = read_items(reading, err);
	*changed = code != SL_OK && is_gone(&base->server);
	if (code == SL_OK)
		code = read_triggers(reading, err);
	if (code == SL_OK)
		code = sl_my_query(base, &after, reading->arena, list_query, err);
	if (code == SL_OK)
		*changed = !same_list(&reading->list, &after);
	return *changed ? SL_OK : code;
}

static enum sl_code read_until_still(const struct sl_catalog **out, struct my_conn *conn,
	struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_arena *scratch sl_auto(sl_arena_free_p) = sl_arena_new();

	for (unsigned i = 0; i < TRIES; i++) {
		struct sl_catalog_builder *builder sl_auto(
			sl_catalog_builder_free_p) = sl_catalog_builder_new(conn->base.dialect,
			conn->base.version);
		struct reading reading = { .read = { conn, scratch, builder, conn->database, "" },
			.arena = arena };
		bool changed = false;
		enum sl_code code = read_once(&reading, &changed, err);

		if (code != SL_OK)
			return code;
		if (!changed)
			return sl_catalog_finish(out, builder, err);
		sl_arena_clear(arena);
		sl_arena_clear(scratch);
	}
	return sl_error_set(err, SL_EBUSY, "the structure changes while it is read");
}

/* Settings that change what the server prints, and how to put them back. */
static enum sl_code put_aside(struct my_conn *conn, struct sl_rows *kept, struct sl_arena *arena,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SQL_MAX);
	enum sl_code code = sl_my_query(&conn->base, kept, arena,
		"SELECT @@SESSION.sql_mode, @@SESSION.lock_wait_timeout, "
		"@@SESSION.sql_quote_show_create, @@SESSION.character_set_results, DATABASE()",
		err);

	if (code != SL_OK)
		return code;
	sl_buf_adds(&sql, "USE ");
	sl_escape_ident(&sql, conn->database, '`');
	sl_buf_adds(&sql,
		"; SET SESSION sql_mode = '', SESSION lock_wait_timeout = " LOCK_WAIT
		", SESSION sql_quote_show_create = 1, SESSION character_set_results = utf8mb4");
	return sl_my_query(&conn->base, NULL, NULL, sl_buf_str(&sql), err);
}

static enum sl_code bring_back(struct my_conn *conn, const struct sl_rows *kept,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SQL_MAX);
	const char *charset = sl_rows_cell(kept, 0, 3), *database = sl_rows_cell(kept, 0, 4);

	sl_buf_adds(&sql, "SET SESSION sql_mode = ");
	sl_my_literal(&conn->base, &sql, sl_rows_cell(kept, 0, 0));
	sl_buf_addf(&sql,
		", SESSION lock_wait_timeout = %s, SESSION sql_quote_show_create = %s, "
		"SESSION character_set_results = %s",
		sl_rows_cell(kept, 0, 1), sl_rows_cell(kept, 0, 2), charset ? charset : "NULL");
	if (database) {
		sl_buf_adds(&sql, "; USE ");
		sl_escape_ident(&sql, database, '`');
	}
	return sl_my_query(&conn->base, NULL, NULL, sl_buf_str(&sql), err);
}

enum sl_code sl_my_introspect(struct sl_conn *base, const struct sl_catalog **out,
	struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct my_conn *conn = sl_my(base);
	const struct sl_catalog *made sl_auto(sl_catalog_unref_p) = NULL;
	struct sl_my_read grants = { .conn = conn, .arena = arena, .database = conn->database };
	struct sl_rows kept = { 0 };
	enum sl_code code = put_aside(conn, &kept, arena, err);

	if (code != SL_OK)
		return code;
	code = sl_my_check_grants(&grants, err);
	if (code == SL_OK)
		code = read_until_still(&made, conn, err);
	if (code == SL_OK)
		code = bring_back(conn, &kept, err);
	else if (bring_back(conn, &kept, NULL) != SL_OK)
		sl_my_give_up(conn);
	if (code == SL_OK)
		*out = sl_steal(made);
	return code;
}
