/* Columns and options of CREATE TABLE, as SHOW prints it. */
#include "read.h"

#include "sluice/core/str.h"

#include <string.h>

/* Words that go with the type. */
static bool goes_with_type(const struct sl_my_tokens *t, size_t i)
{
	static const char *const words[] = { "unsigned", "zerofill", "signed", "compressed" };

	for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
		if (sl_my_is(t, i, words[w]))
			return true;
	return false;
}

/* Words that begin something new. */
static bool begins_attribute(const struct sl_my_tokens *t, size_t i)
{
	static const char *const words[] = { "default", "on", "auto_increment", "comment",
		"invisible", "check", "generated", "not", "storage", "column_format", "srid",
		"ref_system_id", "references", "visible", "without", "with", "collate",
		"engine_attribute", "secondary_engine_attribute" };

	for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
		if (sl_my_is(t, i, words[w]))
			return true;
	return false;
}

/* MySQL prints the character set of a column beside its collation, which implies it, when a
 * statement once named it: two columns that are the same would differ. */
static bool is_implied(const struct sl_my_tokens *t, size_t i, size_t end)
{
	return t->read->conn->base.dialect == SL_DIALECT_MYSQL && i < end &&
		sl_my_is(t, i, "collate");
}

/* "varchar(20) character set latin1": behind it. */
static size_t read_type(struct sl_column *column, const struct sl_my_tokens *t, size_t i,
	size_t end)
{
	size_t first = i++, last;

	if (sl_my_is_char(t, i, '('))
		i = sl_my_close(t, i);
	while (i < end && goes_with_type(t, i))
		i++;
	last = i;
	if (i + 2 < end && sl_my_is(t, i, "character") && sl_my_is(t, i + 1, "set"))
		i += 3;
	column->type = sl_type_normal(t->read->arena, t->read->conn->base.dialect,
		sl_my_text(t, first, is_implied(t, i, end) ? last : i));
	if (i + 1 < end && sl_my_is(t, i, "collate")) {
		column->collation = sl_my_text(t, i + 1, i + 2);
		i += 2;
	}
	return i;
}

static void add_extra(struct sl_column *column, const struct sl_my_tokens *t, size_t first,
	size_t end)
{
	const char *text = sl_my_text(t, first, end);

	column->extra = column->extra[0] == '\0' ?
		text :
		sl_arena_printf(t->read->arena, "%s %s", column->extra, text);
}

/* Up to the next attribute; the first token always belongs to it. */
static size_t expression_end(const struct sl_my_tokens *t, size_t i, size_t end)
{
	size_t first = i;

	while (i < end && (i == first || !begins_attribute(t, i)))
		i = sl_my_is_char(t, i, '(') ? sl_my_close(t, i) : i + 1;
	return i;
}

/* GENERATED ALWAYS AS (expression) VIRTUAL, or AS ROW START. */
static size_t read_generated(struct sl_column *column, const struct sl_my_tokens *t, size_t i,
	size_t end)
{
	size_t close;

	if (!sl_my_is_char(t, i + 3, '(')) {
		size_t stop = i + 5 < end ? i + 5 : end;

		add_extra(column, t, i, stop);
		return stop;
	}
	close = sl_my_close(t, i + 3);
	column->generated_sql = sl_my_text(t, i + 4, close - 1);
	column->generated = sl_my_is(t, close, "virtual") ? SL_GENERATED_VIRTUAL :
							    SL_GENERATED_STORED;
	return close + 1;
}

/* One attribute at i; behind it. */
static size_t read_attribute(struct sl_column *column, const struct sl_my_tokens *t, size_t i,
	size_t end)
{
	size_t stop;

	if (sl_my_is(t, i, "not") && sl_my_is(t, i + 1, "null")) {
		column->not_null = true;
		return i + 2;
	}
	if (sl_my_is(t, i, "null"))
		return i + 1;
	if (sl_my_is(t, i, "default")) {
		stop = expression_end(t, i + 1, end);
		column->default_sql = sl_my_text(t, i + 1, stop);
		return stop;
	}
	if (sl_my_is(t, i, "generated"))
		return read_generated(column, t, i, end);
	if (sl_my_is(t, i, "auto_increment")) {
		column->identity = SL_IDENTITY_AUTO;
		return i + 1;
	}
	if (sl_my_is(t, i, "comment")) {
		column->comment = sl_my_string(t, i + 1);
		return i + 2;
	}
	stop = expression_end(t, i, end);
	add_extra(column, t, i, stop);
	return stop;
}

static bool may_lack_default(const struct sl_column *column)
{
	static const char *const types[] = { "text", "blob", "json", "geometry", "point",
		"linestring", "polygon", "multi" };

	if (column->not_null || column->generated_sql || column->extra[0] != '\0' ||
		column->identity != SL_IDENTITY_NONE)
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strstr(column->type, types[i]))
			return true;
	return false;
}

static void read_column(struct sl_column *column, const char *table, const struct sl_my_tokens *t,
	size_t i, size_t end)
{
	*column = (struct sl_column){ .name = sl_my_name(t, i),
		.collation = "",
		.extra = "",
		.comment = "" };
	i = read_type(column, t, i + 1, end);
	while (i < end)
		i = read_attribute(column, t, i, end);
	if (!column->default_sql && !may_lack_default(column))
		sl_my_incomplete(t->read, "column %s of %s: may be null and has lost its default",
			column->name, table);
	if (column->default_sql && !column->not_null && sl_str_eq(column->default_sql, "NULL"))
		column->default_sql = NULL; /* as if nothing were said */
}

/* --- options -------------------------------------------------------------------------------- */

/* Engines that reach other servers, whose options may hold a password. */
static bool keeps_secrets(const char *engine)
{
	static const char *const engines[] = { "FEDERATED", "SPIDER", "CONNECT" };

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (sl_str_eq(engine, engines[i]))
			return true;
	return false;
}

/* [first, end) without the counter and the comment. */
static const char *options_text(struct sl_table *table, const struct sl_my_tokens *t, size_t i,
	size_t end)
{
	const char *out = "";

	while (i < end) {
		size_t first = i++;

		while (i < end && (sl_my_is_char(t, i, '=') || sl_my_is_char(t, i - 1, '=')))
			i = sl_my_is_char(t, i, '(') ? sl_my_close(t, i) : i + 1;
		if (sl_my_is(t, first, "auto_increment"))
			continue;
		if (sl_my_is(t, first, "comment")) {
			table->comment = sl_my_string(t, first + 2);
			continue;
		}
		out = sl_arena_printf(t->read->arena, "%s%s%s", out, out[0] != '\0' ? " " : "",
			sl_my_text(t, first, i));
	}
	return out;
}

static void read_options(struct sl_table *table, const struct sl_my_tokens *t, size_t i)
{
	size_t end = i;
	const char *engine = "";

	while (end < t->len && !(sl_my_is(t, end, "partition") && sl_my_is(t, end + 1, "by")))
		end++;
	if (end < t->len) {
		table->kind = SL_TABLE_PARTITIONED;
		table->partition_by = sl_my_text(t, end + 2, t->len);
	}
	for (size_t word = i; word < end && engine[0] == '\0'; word++)
		if (sl_my_is(t, word, "engine"))
			engine = sl_my_text(t, word + 2, word + 3);
	table->extra = options_text(table, t, i, end);
	if (keeps_secrets(engine)) {
		table->extra = sl_arena_printf(t->read->arena, "ENGINE=%s", engine);
		table->comment = "";
		sl_my_incomplete(t->read, "options of table %s, which may hold a password (%s)",
			table->id.name, engine);
	}
}

/* How many lines the brackets at `open` hold. */
static size_t count_lines(const struct sl_my_tokens *t, size_t open)
{
	size_t n = 1;

	for (size_t i = sl_my_find(t, open + 1, ','); sl_my_is_char(t, i, ',');
		i = sl_my_find(t, i + 1, ','))
		n++;
	return n;
}

void sl_my_read_table(struct sl_my_read *read, const char *name, const char *printed, int64_t rows,
	int64_t bytes)
{
	struct sl_my_tokens t = sl_my_tokens(read, printed);
	struct sl_table table = { .id = { SL_ENTITY_TABLE, "", name, "" },
		.rows = rows,
		.bytes = bytes };
	struct sl_column *columns;
	struct sl_my_lines lines = { .index_len = 0 };
	size_t open = 0, i, n;

	while (open < t.len && !sl_my_is_char(&t, open, '('))
		open++;
	n = count_lines(&t, open);
	columns = sl_arena_calloc(read->arena, n, sizeof(*columns));
	lines.indexes = sl_arena_calloc(read->arena, n, sizeof(*lines.indexes));
	lines.constraints = sl_arena_calloc(read->arena, n, sizeof(*lines.constraints));
	lines.clauses = sl_arena_calloc(read->arena, n, sizeof(*lines.clauses));
	for (i = open + 1; i < t.len;) {
		size_t end = sl_my_find(&t, i, ',');

		if (sl_my_is_name(&t, i))
			read_column(&columns[table.columns.len++], name, &t, i, end);
		else
			sl_my_read_line(&lines, &t, i, end);
		i = end + 1;
		if (sl_my_is_char(&t, end, ')'))
			break;
	}
	table.columns.at = columns;
	table.indexes = (struct sl_indexes){ lines.indexes, lines.index_len };
	table.constraints = (struct sl_constraints){ lines.constraints, lines.constraint_len };
	table.clauses = (struct sl_names){ lines.clauses, lines.clause_len };
	read_options(&table, &t, i);
	sl_catalog_add(read->builder, &table.id);
}
