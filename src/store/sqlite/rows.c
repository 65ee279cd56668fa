#include "sqlite/rows.h"

#include "sluice/core/vec.h"
#include "text.h"

#include <assert.h>
#include <string.h>

/* A statement being bound: parameters are numbered from 1. */
struct binding {
	sqlite3_stmt *statement;
	int next;
};

static void bind_text(struct binding *binding, const char *text)
{
	(void)sqlite3_bind_text64(binding->statement, binding->next++, text, strlen(text),
		SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_number(struct binding *binding, int64_t number)
{
	(void)sqlite3_bind_int64(binding->statement, binding->next++, number);
}

static void bind_value(struct binding *binding, const struct column *column, int64_t number)
{
	if (column->kind == COLUMN_WORD)
		bind_text(binding, column->word->name((int)number));
	else if (column->kind == COLUMN_REF && number == 0)
		(void)sqlite3_bind_null(binding->statement, binding->next++);
	else
		bind_number(binding, number);
}

static void bind_mask(struct binding *binding, const struct column *column, int64_t mask)
{
	for (int value = 0; mask >> value != 0; value++) {
		if (mask >> value & 1)
			bind_value(binding, column, value);
	}
}

/* What is missing is the last one again. */
static void bind_ids(struct binding *binding, const struct id_list *ids)
{
	for (size_t i = 0; i < AMONG_MAX; i++)
		bind_number(binding, ids->at[i < ids->len ? i : ids->len - 1]);
}

static void bind_filters(struct binding *binding, const struct query *query)
{
	for (size_t i = 0; i < FILTERS_MAX && query->filters[i].column; i++) {
		const struct filter *filter = &query->filters[i];

		if (filter->compare == AMONG)
			bind_ids(binding, &filter->ids);
		else if (strcmp(filter->column, "id") == 0)
			bind_number(binding, filter->number);
		else if (filter->text)
			bind_text(binding, filter->text);
		else if (filter->compare == ONE_OF)
			bind_mask(binding, store_table_column(query->table, filter->column),
				filter->number);
		else
			bind_value(binding, store_table_column(query->table, filter->column),
				filter->number);
	}
}

static enum sl_code prepare(struct conn *conn, const struct sl_buf *sql, struct binding *out,
	struct sl_error *err)
{
	assert(sl_buf_ok(sql));
	out->next = 1;
	return store_conn_prepare(conn, sl_buf_str(sql), &out->statement, err);
}

/* Runs a statement that gives no rows. */
static enum sl_code finish(struct conn *conn, struct binding *binding, const char *what,
	struct sl_error *err)
{
	enum sl_code code = SL_OK;

	if (sqlite3_step(binding->statement) != SQLITE_DONE)
		code = store_conn_error(conn, what, err);
	store_conn_reset(binding->statement);
	return code;
}

static void bind_record(struct binding *binding, const struct table *table, const void *record)
{
	for (size_t i = 0; i < table->len; i++) {
		const struct column *column = &table->columns[i];

		if (column->kind == COLUMN_TEXT)
			bind_text(binding, store_column_text(column, record));
		else
			bind_value(binding, column, store_column_number(column, record));
	}
}

enum sl_code store_rows_insert(struct conn *conn, const struct table *table, const void *record,
	int64_t *id, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SQL_TEXT_MAX);
	struct binding binding;
	enum sl_code code;

	store_text_insert(&sql, table);
	code = prepare(conn, &sql, &binding, err);
	if (code != SL_OK)
		return code;
	bind_record(&binding, table, record);
	code = finish(conn, &binding, table->name, err);
	if (code == SL_OK)
		*id = sqlite3_changes(conn->db) > 0 ? sqlite3_last_insert_rowid(conn->db) : 0;
	return code;
}

enum sl_code store_rows_load(struct conn *conn, const struct table *table, const void *record,
	int64_t id, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SQL_TEXT_MAX);
	struct binding binding;
	enum sl_code code;

	store_text_load(&sql, table);
	code = prepare(conn, &sql, &binding, err);
	if (code != SL_OK)
		return code;
	bind_number(&binding, id);
	bind_record(&binding, table, record);
	return finish(conn, &binding, table->name, err);
}

enum sl_code store_rows_update(struct conn *conn, const struct query *where, const struct set *sets,
	size_t *changed, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SQL_TEXT_MAX);
	struct binding binding;
	enum sl_code code;

	store_text_update(&sql, where, sets);
	code = prepare(conn, &sql, &binding, err);
	if (code != SL_OK)
		return code;
	for (size_t i = 0; sets[i].column; i++) {
		const struct column *column = store_table_column(where->table, sets[i].column);

		if (column->kind == COLUMN_TEXT)
			bind_text(&binding, sets[i].text ? sets[i].text : "");
		else
			bind_value(&binding, column, sets[i].number);
	}
	bind_filters(&binding, where);
	code = finish(conn, &binding, where->table->name, err);
	if (code == SL_OK)
		*changed = (size_t)sqlite3_changes(conn->db);
	return code;
}

enum sl_code store_rows_remove(struct conn *conn, const struct query *where, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SQL_TEXT_MAX);
	struct binding binding;
	enum sl_code code;

	store_text_remove(&sql, where);
	code = prepare(conn, &sql, &binding, err);
	if (code != SL_OK)
		return code;
	bind_filters(&binding, where);
	return finish(conn, &binding, where->table->name, err);
}

static const char *text_at(sqlite3_stmt *statement, int i, struct sl_arena *arena)
{
	const char *text = (const char *)sqlite3_column_text(statement, i);
	int len = sqlite3_column_bytes(statement, i);

	return text ? sl_arena_strndup(arena, text, (size_t)len) : "";
}

static void read_word(sqlite3_stmt *statement, int i, const struct column *column, void *record)
{
	const char *name = (const char *)sqlite3_column_text(statement, i);
	int value = 0;

	/* A name that this version does not know can only come from a newer one, which the schema's
	 * number keeps out. */
	if (name && column->word->parse(&value, name))
		store_column_set_number(column, record, value);
}

static void read_row(sqlite3_stmt *statement, const struct table *table, struct sl_arena *arena,
	void *record)
{
	store_record_set_id(table, record, sqlite3_column_int64(statement, 0));
	for (size_t i = 0; i < table->len; i++) {
		const struct column *column = &table->columns[i];
		int at = (int)i + 1;

		if (column->kind == COLUMN_TEXT)
			store_column_set_text(column, record, text_at(statement, at, arena));
		else if (column->kind == COLUMN_WORD)
			read_word(statement, at, column, record);
		else
			store_column_set_number(column, record,
				sqlite3_column_int64(statement, at));
	}
}

static enum sl_code read_rows(struct conn *conn, struct binding *binding, const struct query *query,
	struct sl_arena *arena, struct rows *out, struct sl_error *err)
{
	const struct table *table = query->table;
	enum sl_code code = SL_OK;
	int64_t *ids = NULL;
	size_t ids_cap = 0;
	char *at = NULL;
	size_t len = 0;
	size_t cap = 0;
	int rc;

	while ((rc = sqlite3_step(binding->statement)) == SQLITE_ROW) {
		at = sl_vec_reserve_in(arena, at, len, &cap, table->size);
		memset(at + len * table->size, 0, table->size);
		read_row(binding->statement, table, arena, at + len * table->size);
		if (query->with_ids) {
			ids = sl_vec_reserve_in(arena, ids, len, &ids_cap, sizeof(*ids));
			ids[len] = sqlite3_column_int64(binding->statement, 0);
		}
		len++;
	}
	if (rc != SQLITE_DONE)
		code = store_conn_error(conn, table->name, err);
	store_conn_reset(binding->statement);
	*out = (struct rows){ at, len, ids };
	return code;
}

enum sl_code store_rows_select(struct conn *conn, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SQL_TEXT_MAX);
	struct query plain = *query;
	struct binding binding;
	enum sl_code code;

	plain.lock = LOCK_NONE; /* there is one writer, and all is its own */
	store_text_select(&sql, &plain);
	code = prepare(conn, &sql, &binding, err);
	if (code != SL_OK)
		return code;
	bind_filters(&binding, query);
	if (query->limit > 0)
		bind_number(&binding, query->limit);
	return read_rows(conn, &binding, query, arena, out, err);
}
