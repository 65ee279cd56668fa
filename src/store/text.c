#include "text.h"

#include "sluice/core/escape.h"

#include <string.h>

static void name(struct sl_buf *out, const char *text)
{
	sl_escape_ident(out, text, '"');
}

static void separate(struct sl_buf *out, size_t i, const char *separator)
{
	if (i > 0)
		sl_buf_adds(out, separator);
}

/* A word's mask becomes one parameter for each of its bits. */
static void one_of(struct sl_buf *out, int64_t mask)
{
	sl_buf_adds(out, " IN (");
	for (size_t n = 0; mask != 0; mask &= mask - 1, n++)
		sl_buf_adds(out, n > 0 ? ", ?" : "?");
	sl_buf_adds(out, ")");
}

/* Always as many, so that there is one statement for every number. */
static void among(struct sl_buf *out)
{
	sl_buf_adds(out, " IN (");
	for (size_t i = 0; i < AMONG_MAX; i++)
		sl_buf_adds(out, i > 0 ? ", ?" : "?");
	sl_buf_adds(out, ")");
}

static void condition(struct sl_buf *out, const struct filter *filter)
{
	static const char *const operators[] = {
		[IS] = " = ?",
		[IS_NOT] = " <> ?",
		[BELOW] = " < ?",
		[AT_MOST] = " <= ?",
		[ABOVE] = " > ?",
	};

	name(out, filter->column);
	if (filter->compare == AMONG)
		among(out);
	else if (filter->compare == ONE_OF)
		one_of(out, filter->number);
	else
		sl_buf_adds(out, operators[filter->compare]);
}

static void conditions(struct sl_buf *out, const struct query *query)
{
	for (size_t i = 0; i < FILTERS_MAX && query->filters[i].column; i++) {
		sl_buf_adds(out, i == 0 ? " WHERE " : " AND ");
		condition(out, &query->filters[i]);
	}
}

/* Up to and with the values. */
static void insert_into(struct sl_buf *out, const struct table *table, bool with_id)
{
	sl_buf_adds(out, "INSERT INTO ");
	name(out, table->name);
	sl_buf_adds(out, with_id ? " (id, " : " (");
	for (size_t i = 0; i < table->len; i++) {
		separate(out, i, ", ");
		name(out, table->columns[i].name);
	}
	sl_buf_adds(out, with_id ? ") VALUES (?, " : ") VALUES (");
	for (size_t i = 0; i < table->len; i++)
		sl_buf_adds(out, i > 0 ? ", ?" : "?");
	sl_buf_adds(out, ")");
}

void store_text_insert(struct sl_buf *out, const struct table *table)
{
	insert_into(out, table, false);
	sl_buf_adds(out, " ON CONFLICT DO NOTHING");
}

void store_text_load(struct sl_buf *out, const struct table *table)
{
	insert_into(out, table, true);
}

void store_text_update(struct sl_buf *out, const struct query *where, const struct set *sets)
{
	sl_buf_adds(out, "UPDATE ");
	name(out, where->table->name);
	sl_buf_adds(out, " SET ");
	for (size_t i = 0; sets[i].column; i++) {
		separate(out, i, ", ");
		name(out, sets[i].column);
		sl_buf_adds(out, " = ");
		if (sets[i].add) {
			name(out, sets[i].column);
			sl_buf_adds(out, " + ");
		}
		sl_buf_adds(out, "?");
	}
	conditions(out, where);
}

void store_text_remove(struct sl_buf *out, const struct query *where)
{
	sl_buf_adds(out, "DELETE FROM ");
	name(out, where->table->name);
	conditions(out, where);
}

/* A column that is left out reads as nothing, so that the places of the others stay. */
static void column(struct sl_buf *out, const struct query *query, const char *column)
{
	sl_buf_adds(out, ", ");
	if (query->without && strcmp(query->without, column) == 0)
		sl_buf_adds(out, "''");
	else
		name(out, column);
}

static void newest(struct sl_buf *out, const struct query *query)
{
	if (!query->newest_of)
		return;
	sl_buf_adds(out, query->filters[0].column ? " AND" : " WHERE");
	sl_buf_adds(out, " id IN (SELECT max(id) FROM ");
	name(out, query->table->name);
	sl_buf_adds(out, " GROUP BY ");
	name(out, query->newest_of);
	sl_buf_adds(out, ")");
}

void store_text_select(struct sl_buf *out, const struct query *query)
{
	static const char *const locks[] = {
		[LOCK_NONE] = "",
		[LOCK_ROWS] = " FOR NO KEY UPDATE",
		[LOCK_FREE_ROWS] = " FOR NO KEY UPDATE SKIP LOCKED",
	};
	const char *direction = query->descending ? " DESC" : "";

	sl_buf_adds(out, "SELECT id");
	for (size_t i = 0; i < query->table->len; i++)
		column(out, query, query->table->columns[i].name);
	sl_buf_adds(out, " FROM ");
	name(out, query->table->name);
	conditions(out, query);
	newest(out, query);
	sl_buf_adds(out, " ORDER BY ");
	if (query->order) {
		name(out, query->order);
		sl_buf_addf(out, "%s, ", direction);
	}
	sl_buf_addf(out, "id%s", direction);
	if (query->limit > 0)
		sl_buf_adds(out, " LIMIT ?");
	sl_buf_adds(out, locks[query->lock]);
}
