#include "postgres/rows.h"

#include "postgres/bytes.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "text.h"

#include <assert.h>
#include <string.h>

/* A statement being made: its text, and its parameters in the same order. */
struct making {
	struct sl_buf sql;
	struct params params;
};

static void begin(struct making *making)
{
	making->sql = (struct sl_buf)SL_BUF_INIT(SQL_TEXT_MAX);
	making->params.len = 0;
	making->params.arena = sl_arena_new();
}

static void end(struct making *making)
{
	sl_buf_done(&making->sql);
	sl_arena_free(making->params.arena);
}

/* PostgreSQL numbers its parameters; no other question mark stands in the store's texts. */
static const char *numbered(struct making *making)
{
	struct sl_buf out = SL_BUF_INIT(2 * SQL_TEXT_MAX);
	const char *text = sl_buf_str(&making->sql);
	int n = 0;

	assert(sl_buf_ok(&making->sql));
	for (size_t len; *text != '\0'; text += len + 1) {
		len = strcspn(text, "?");
		sl_buf_add(&out, text, len);
		if (text[len] == '\0')
			break;
		sl_buf_addf(&out, "$%d", ++n);
	}
	assert(sl_buf_ok(&out) && n == making->params.len);
	sl_buf_done(&making->sql);
	making->sql = out;
	return sl_buf_str(&making->sql);
}

/* --- parameters ------------------------------------------------------------------------------- */

static void add_value(struct params *params, const struct column *column, int64_t number)
{
	if (column->kind == COLUMN_WORD)
		store_params_text(params, column->word->name((int)number));
	else if (column->kind == COLUMN_REF && number == 0)
		store_params_text(params, NULL);
	else
		store_params_number(params, number);
}

static void add_record(struct params *params, const struct table *table, const void *record)
{
	for (size_t i = 0; i < table->len; i++) {
		const struct column *column = &table->columns[i];

		if (column->kind == COLUMN_TEXT)
			store_params_text(params, store_column_text(column, record));
		else
			add_value(params, column, store_column_number(column, record));
	}
}

static void add_mask(struct params *params, const struct column *column, int64_t mask)
{
	for (int value = 0; mask >> value != 0; value++) {
		if (mask >> value & 1)
			add_value(params, column, value);
	}
}

/* What is missing is the last one again. */
static void add_ids(struct params *params, const struct id_list *ids)
{
	for (size_t i = 0; i < AMONG_MAX; i++)
		store_params_number(params, ids->at[i < ids->len ? i : ids->len - 1]);
}

static void add_filters(struct params *params, const struct query *query)
{
	for (size_t i = 0; i < FILTERS_MAX && query->filters[i].column; i++) {
		const struct filter *filter = &query->filters[i];

		if (filter->compare == AMONG)
			add_ids(params, &filter->ids);
		else if (strcmp(filter->column, "id") == 0)
			store_params_number(params, filter->number);
		else if (filter->text)
			store_params_text(params, filter->text);
		else if (filter->compare == ONE_OF)
			add_mask(params, store_table_column(query->table, filter->column),
				filter->number);
		else
			add_value(params, store_table_column(query->table, filter->column),
				filter->number);
	}
}

/* --- statements ------------------------------------------------------------------------------- */

static enum sl_code ask(struct making *making, struct link *link, const char *what, PGresult **out,
	struct sl_error *err)
{
	const char *sql = numbered(making);
	enum sl_code code = store_link_query(link, sql, &making->params, what, out, err);

	end(making);
	return code;
}

static bool read_number(const PGresult *result, int row, int column, int64_t *out)
{
	*out = 0;
	return PQgetisnull(result, row, column) ||
		sl_parse_i64(PQgetvalue(result, row, column), INT64_MIN, INT64_MAX, out);
}

enum sl_code store_pg_insert(struct link *link, const struct table *table, const void *record,
	int64_t *id, struct sl_error *err)
{
	store_auto_result PGresult *result = NULL;
	struct making making;
	enum sl_code code;

	begin(&making);
	store_text_insert(&making.sql, table);
	sl_buf_adds(&making.sql, " RETURNING id");
	add_record(&making.params, table, record);
	code = ask(&making, link, table->name, &result, err);
	*id = 0;
	if (code == SL_OK && PQntuples(result) > 0 && !read_number(result, 0, 0, id))
		code = sl_error_set(err, SL_EINTERNAL, "store: %s: an id is no number",
			table->name);
	return code;
}

enum sl_code store_pg_load(struct link *link, const struct table *table, const void *record,
	int64_t id, struct sl_error *err)
{
	store_auto_result PGresult *result = NULL;
	struct making making;

	begin(&making);
	store_text_load(&making.sql, table);
	store_params_number(&making.params, id);
	add_record(&making.params, table, record);
	return ask(&making, link, table->name, &result, err);
}

enum sl_code store_pg_update(struct link *link, const struct query *where, const struct set *sets,
	size_t *changed, struct sl_error *err)
{
	store_auto_result PGresult *result = NULL;
	struct making making;
	int64_t count = 0;
	enum sl_code code;

	begin(&making);
	store_text_update(&making.sql, where, sets);
	for (size_t i = 0; sets[i].column; i++) {
		const struct column *column = store_table_column(where->table, sets[i].column);

		if (column->kind == COLUMN_TEXT)
			store_params_text(&making.params, sets[i].text ? sets[i].text : "");
		else
			add_value(&making.params, column, sets[i].number);
	}
	add_filters(&making.params, where);
	code = ask(&making, link, where->table->name, &result, err);
	if (code == SL_OK && sl_parse_i64(PQcmdTuples(result), 0, INT64_MAX, &count))
		*changed = (size_t)count;
	return code;
}

enum sl_code store_pg_remove(struct link *link, const struct query *where, struct sl_error *err)
{
	store_auto_result PGresult *result = NULL;
	struct making making;

	begin(&making);
	store_text_remove(&making.sql, where);
	add_filters(&making.params, where);
	return ask(&making, link, where->table->name, &result, err);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool read_cell(const PGresult *result, int row, int at, const struct column *column,
	struct sl_arena *arena, void *record)
{
	const char *text = PQgetvalue(result, row, at);
	int64_t number;
	int word = 0;

	if (column->kind == COLUMN_TEXT) {
		store_column_set_text(column, record, store_bytes_decode(arena, text));
		return true;
	}
	if (column->kind == COLUMN_WORD) {
		/* A name that this version does not know can only come from a newer one. */
		if (column->word->parse(&word, text))
			store_column_set_number(column, record, word);
		return true;
	}
	if (!read_number(result, row, at, &number))
		return false;
	store_column_set_number(column, record, number);
	return true;
}

static bool read_row(const PGresult *result, int row, const struct table *table,
	struct sl_arena *arena, void *record)
{
	int64_t id;
	bool good = read_number(result, row, 0, &id);

	store_record_set_id(table, record, id);
	for (size_t i = 0; i < table->len && good; i++)
		good = read_cell(result, row, (int)i + 1, &table->columns[i], arena, record);
	return good;
}

enum sl_code store_pg_select(struct link *link, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err)
{
	store_auto_result PGresult *result = NULL;
	const struct table *table = query->table;
	struct making making;
	size_t len;
	char *at;
	int64_t *ids = NULL;
	enum sl_code code;

	begin(&making);
	store_text_select(&making.sql, query);
	add_filters(&making.params, query);
	if (query->limit > 0)
		store_params_number(&making.params, query->limit);
	code = ask(&making, link, table->name, &result, err);
	if (code != SL_OK)
		return code;
	len = (size_t)PQntuples(result);
	at = sl_arena_calloc(arena, len + 1, table->size);
	if (query->with_ids)
		ids = sl_arena_calloc(arena, len + 1, sizeof(*ids));
	for (size_t i = 0; i < len; i++) {
		if (ids)
			(void)read_number(result, (int)i, 0, &ids[i]);
		if (!read_row(result, (int)i, table, arena, at + i * table->size))
			return sl_error_set(err, SL_EINTERNAL, "store: %s: a value is no number",
				table->name);
	}
	*out = (struct rows){ at, len, ids };
	return SL_OK;
}
