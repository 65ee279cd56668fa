#include "reader.h"

#include <string.h>

/* What an element belongs to, and its constraint's name that was read before it. */
struct element {
	const struct sl_fact_object *table;
	const char *name;
	size_t from; /* token of CONSTRAINT, or of the constraint */
};

static const char *conflict_word(struct lite_reader *reader)
{
	static const char *const words[] = { "rollback", "abort", "fail", "ignore", "replace" };

	if (!lite_at(reader, "on") || !sl_tokens_is(&reader->tokens, reader->pos + 1, "conflict"))
		return "";
	reader->pos += 2;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (lite_take(reader, words[i]))
			return words[i];
	}
	lite_fail(reader);
	return "";
}

static struct sl_fact_constraint_def *add_constraint(struct lite_reader *reader,
	enum sl_sql_constraint kind, const struct element *element)
{
	struct sl_fact_constraint_def *row = sl_fact_add(reader->arena, reader->facts,
		constraint_def);

	row->kind = kind;
	row->schema = element->table->schema;
	row->table_name = element->table->name;
	row->name = element->name;
	row->at = sl_tokens_begin(&reader->tokens, element->from);
	return row;
}

static void end_constraint(const struct lite_reader *reader, struct sl_fact_constraint_def *row)
{
	row->len = sl_tokens_end(&reader->tokens, reader->pos) - row->at;
}

/* ---- foreign keys ---- */

static const char *fk_action(struct lite_reader *reader)
{
	if (lite_take(reader, "cascade"))
		return "cascade";
	if (lite_take(reader, "restrict"))
		return "restrict";
	if (lite_take(reader, "no")) {
		lite_expect(reader, "action");
		return "no action";
	}
	lite_expect(reader, "set");
	if (lite_take(reader, "null"))
		return "set null";
	lite_expect(reader, "default");
	return "set default";
}

static bool fk_clause(struct lite_reader *reader, struct sl_fact_constraint_def *row)
{
	if (lite_take(reader, "match")) {
		const char *name = lite_name(reader);

		row->match_type = strcasecmp(name, "full") == 0 ? "full" :
			strcasecmp(name, "partial") == 0        ? "partial" :
								  "simple";
		return true;
	}
	if (!lite_take(reader, "on"))
		return false;
	if (lite_take(reader, "delete")) {
		row->on_delete = fk_action(reader);
	} else {
		lite_expect(reader, "update");
		row->on_update = fk_action(reader);
	}
	return true;
}

static void deferrable(struct lite_reader *reader, struct sl_fact_constraint_def *row)
{
	bool not = lite_at(reader, "not") &&
		sl_tokens_is(&reader->tokens, reader->pos + 1, "deferrable");

	reader->pos += not ;
	if (!lite_take(reader, "deferrable"))
		return;
	row->is_deferrable = !not ;
	if (!lite_take(reader, "initially"))
		return;
	if (lite_take(reader, "deferred"))
		row->is_deferred = !not ;
	else
		lite_expect(reader, "immediate");
}

/* From REFERENCES on. */
static void references(struct lite_reader *reader, struct sl_fact_constraint_def *row)
{
	struct sl_fact_object *object;

	lite_expect(reader, "references");
	object = lite_object(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_TABLE);
	row->ref_schema = object->schema;
	row->ref_table = object->name;
	row->on_delete = "no action";
	row->on_update = "no action";
	row->match_type = "simple";
	if (lite_at_char(reader, '('))
		row->ref_columns = lite_name_list(reader);
	while (fk_clause(reader, row))
		continue;
	deferrable(reader, row);
}

/* ---- columns ---- */

static struct sl_names one_name(struct lite_reader *reader, const char *name)
{
	const char **at = sl_arena_calloc(reader->arena, 1, sizeof(*at));

	at[0] = name;
	return (struct sl_names){ .at = at, .len = 1 };
}

/* A literal, a signed number, a word, or an expression in parentheses. */
static void column_default(struct lite_reader *reader, struct sl_fact_column_def *column)
{
	size_t from = reader->pos, calls = reader->facts->call.len;

	column->has_default = true;
	if (lite_at_char(reader, '(')) {
		column->default_text = lite_parenthesised(reader);
		column->default_constant = reader->pos == from + 3 &&
			sl_tokens_at(&reader->tokens, from + 1)->kind != SL_TOKEN_WORD;
		lite_scan(reader, from + 1, reader->pos - 1, SL_SQL_CLAUSE_DEFAULT);
	} else {
		reader->pos += lite_at_char(reader, '-') || lite_at_char(reader, '+');
		if (reader->pos >= reader->end)
			lite_fail(reader);
		reader->pos++;
		column->default_text = lite_text(reader, from, reader->pos);
		column->default_constant = true;
		if (sl_tokens_at(&reader->tokens, from)->kind == SL_TOKEN_WORD &&
			strncasecmp(column->default_text, "current_", 8) == 0) {
			column->default_constant = false;
			lite_scan(reader, from, reader->pos, SL_SQL_CLAUSE_DEFAULT);
		}
	}
	for (size_t i = calls; i < reader->facts->call.len; i++)
		column->default_volatile = column->default_volatile ||
			reader->facts->call.at[i].is_volatile;
}

static void generated(struct lite_reader *reader, struct sl_fact_column_def *column)
{
	size_t open;

	if (lite_take(reader, "generated"))
		lite_expect(reader, "always");
	lite_expect(reader, "as");
	open = reader->pos;
	column->generated_text = lite_parenthesised(reader);
	column->generated = lite_take(reader, "stored") ? "stored" : "virtual";
	(void)lite_take(reader, "virtual");
	if (!reader->failed)
		lite_scan(reader, open + 1, sl_tokens_behind(&reader->tokens, open) - 1,
			SL_SQL_CLAUSE_GENERATED);
}

static void column_primary_key(struct lite_reader *reader, struct sl_fact_column_def *column,
	const struct element *element)
{
	struct sl_fact_constraint_def *row = add_constraint(reader, SL_SQL_CONSTRAINT_PRIMARY_KEY,
		element);

	lite_expect(reader, "key");
	if (!lite_take(reader, "asc"))
		reader->key_descends = lite_take(reader, "desc");
	row->on_conflict = conflict_word(reader);
	row->column_name = column->name;
	row->columns = one_name(reader, column->name);
	column->autoincrement = lite_take(reader, "autoincrement");
	column->primary_key = true;
	end_constraint(reader, row);
}

static void column_check(struct lite_reader *reader, struct sl_fact_column_def *column,
	const struct element *element)
{
	struct sl_fact_constraint_def *row = add_constraint(reader, SL_SQL_CONSTRAINT_CHECK,
		element);
	size_t open = reader->pos;

	row->expression = lite_parenthesised(reader);
	row->column_name = column ? column->name : "";
	end_constraint(reader, row);
	if (!reader->failed)
		lite_scan(reader, open + 1, reader->pos - 1, SL_SQL_CLAUSE_CHECK);
	(void)conflict_word(reader);
}

static void column_unique(struct lite_reader *reader, struct sl_fact_column_def *column,
	const struct element *element)
{
	struct sl_fact_constraint_def *row = add_constraint(reader, SL_SQL_CONSTRAINT_UNIQUE,
		element);

	row->column_name = column->name;
	row->columns = one_name(reader, column->name);
	row->on_conflict = conflict_word(reader);
	column->is_unique = true;
	end_constraint(reader, row);
}

static void column_references(struct lite_reader *reader, struct sl_fact_column_def *column,
	const struct element *element)
{
	struct sl_fact_constraint_def *row = add_constraint(reader, SL_SQL_CONSTRAINT_FOREIGN_KEY,
		element);

	row->column_name = column->name;
	row->columns = one_name(reader, column->name);
	references(reader, row);
	end_constraint(reader, row);
}

/* One constraint of a column; false when the next token begins none. */
static bool column_constraint(struct lite_reader *reader, struct sl_fact_column_def *column,
	const struct sl_fact_object *table)
{
	struct element element = { .table = table, .name = "", .from = reader->pos };

	if (lite_take(reader, "constraint"))
		element.name = lite_name(reader);
	if (lite_take(reader, "primary")) {
		column_primary_key(reader, column, &element);
	} else if (lite_take(reader, "not")) {
		lite_expect(reader, "null");
		column->not_null = true;
		column->not_null_name = element.name;
		(void)conflict_word(reader);
	} else if (lite_take(reader, "null")) {
		column->null_written = true;
		(void)conflict_word(reader);
	} else if (lite_take(reader, "unique")) {
		column_unique(reader, column, &element);
	} else if (lite_take(reader, "check")) {
		column_check(reader, column, &element);
	} else if (lite_take(reader, "default")) {
		column_default(reader, column);
	} else if (lite_take(reader, "collate")) {
		column->collation = lite_name(reader);
	} else if (lite_at(reader, "references")) {
		column_references(reader, column, &element);
	} else if (lite_at(reader, "generated") || lite_at(reader, "as")) {
		generated(reader, column);
	} else {
		return element.name[0] != '\0';
	}
	return true;
}

static bool begins_constraint(const struct lite_reader *reader)
{
	static const char *const words[] = { "constraint", "primary", "not", "null", "unique",
		"check", "default", "collate", "references", "generated", "as" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (lite_at(reader, words[i]))
			return true;
	}
	return false;
}

/* SQLite prints its six standard types in capitals, a quoted one without its quotes, and all others
 * as they are written. */
static const char *type_text(struct lite_reader *reader, size_t from, size_t to)
{
	static const char *const standard[] = { "ANY", "BLOB", "INT", "INTEGER", "REAL", "TEXT" };
	const char *text = lite_text(reader, from, to);

	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++) {
		if (strcasecmp(standard[i], text) == 0)
			return standard[i];
	}
	if (to > from && sl_tokens_at(&reader->tokens, from)->kind != SL_TOKEN_WORD)
		return sl_token_name(reader->arena, SL_DIALECT_SQLITE,
			sl_tokens_at(&reader->tokens, from), reader->tokens.text);
	return text;
}

static struct sl_names type_modifiers(struct lite_reader *reader)
{
	struct {
		SL_VEC(const char *);
	} mods = { NULL, 0, 0 };

	size_t close = sl_tokens_behind(&reader->tokens, reader->pos) - 1;

	reader->pos++;
	while (reader->pos < close) {
		size_t end = sl_tokens_element_end(&reader->tokens, reader->pos);

		*sl_vec_add_in(reader->arena, &mods) = lite_text(reader, reader->pos, end);
		reader->pos = end + 1;
	}
	reader->pos = close + 1;
	return (struct sl_names){ .at = mods.at, .len = mods.len };
}

static void column_type(struct lite_reader *reader, struct sl_fact_column_def *column)
{
	size_t from = reader->pos;

	while (lite_at_name(reader) && !begins_constraint(reader))
		reader->pos++;
	column->type_at = (int64_t)sl_tokens_begin(&reader->tokens, from);
	column->type_name = type_text(reader, from, reader->pos);
	if (reader->pos > from && lite_at_char(reader, '('))
		column->type_mods = type_modifiers(reader);
	column->type = type_text(reader, from, reader->pos);
}

static int64_t next_ordinal(const struct lite_reader *reader)
{
	size_t n = reader->facts->column_def.len;

	return n > 0 ? reader->facts->column_def.at[n - 1].ordinal + 1 : 1;
}

void lite_column(struct lite_reader *reader, const struct sl_fact_object *table)
{
	size_t from = reader->pos;
	int64_t ordinal = next_ordinal(reader);
	struct sl_fact_column_def *column = sl_fact_add(reader->arena, reader->facts, column_def);

	column->schema = table->schema;
	column->table_name = table->name;
	column->ordinal = ordinal;
	column->quoted = sl_tokens_at(&reader->tokens, from)->kind != SL_TOKEN_WORD;
	column->name = lite_name(reader);
	column->at = sl_tokens_begin(&reader->tokens, from);
	column->name_at = (int64_t)column->at;
	column_type(reader, column);
	while (!reader->failed && column_constraint(reader, column, table))
		continue;
	column->len = sl_tokens_end(&reader->tokens, reader->pos) - column->at;
}

/* ---- tables ---- */

static void table_key(struct lite_reader *reader, enum sl_sql_constraint kind,
	const struct element *element)
{
	struct sl_fact_constraint_def *row = add_constraint(reader, kind, element);

	if (kind == SL_SQL_CONSTRAINT_PRIMARY_KEY)
		lite_expect(reader, "key");
	if (!lite_at_char(reader, '('))
		lite_fail(reader);
	row->columns = lite_name_list(reader);
	row->on_conflict = conflict_word(reader);
	end_constraint(reader, row);
}

static void table_foreign_key(struct lite_reader *reader, const struct element *element)
{
	struct sl_fact_constraint_def *row = add_constraint(reader, SL_SQL_CONSTRAINT_FOREIGN_KEY,
		element);

	lite_expect(reader, "key");
	row->columns = lite_name_list(reader);
	references(reader, row);
	end_constraint(reader, row);
}

static bool table_constraint(struct lite_reader *reader, const struct sl_fact_object *table)
{
	struct element element = { .table = table, .name = "", .from = reader->pos };

	if (lite_take(reader, "constraint"))
		element.name = lite_name(reader);
	if (lite_take(reader, "primary"))
		table_key(reader, SL_SQL_CONSTRAINT_PRIMARY_KEY, &element);
	else if (lite_take(reader, "unique"))
		table_key(reader, SL_SQL_CONSTRAINT_UNIQUE, &element);
	else if (lite_take(reader, "check"))
		column_check(reader, NULL, &element);
	else if (lite_take(reader, "foreign"))
		table_foreign_key(reader, &element);
	else
		return element.name[0] != '\0';
	return true;
}

/* ( columns, then constraints, whose commas SQLite lets go missing ) */
static void table_body(struct lite_reader *reader, const struct sl_fact_object *table)
{
	bool constraints = false;

	lite_expect_char(reader, '(');
	while (!reader->failed && !lite_at_char(reader, ')')) {
		if (table_constraint(reader, table))
			constraints = true;
		else if (constraints)
			lite_fail(reader);
		else
			lite_column(reader, table);
		if (lite_take_char(reader, ',') ? lite_at_char(reader, ')') :
						  !constraints && !lite_at_char(reader, ')'))
			lite_fail(reader);
	}
	if (reader->facts->column_def.len == 0)
		lite_fail(reader);
	lite_expect_char(reader, ')');
}

static void table_options(struct lite_reader *reader, struct sl_fact_table_def *row)
{
	while (reader->pos < reader->end && !reader->failed) {
		if (lite_take(reader, "without")) {
			lite_expect(reader, "rowid");
			row->without_rowid = true;
		} else {
			lite_expect(reader, "strict");
			row->strict = true;
		}
		if (reader->pos < reader->end)
			lite_expect_char(reader, ',');
	}
}

/* INTEGER PRIMARY KEY of one column is the rowid itself. */
static bool is_rowid(const struct lite_reader *reader, const struct sl_fact_constraint_def *key,
	const struct sl_fact_column_def *column)
{
	return key->columns.len == 1 && strcmp(column->type, "INTEGER") == 0 &&
		!reader->key_descends;
}

/* The key of a table without rowid is NOT NULL, and in a strict table where it is not the rowid. */
static void key_not_null(struct lite_reader *reader, const struct sl_fact_table_def *table)
{
	for (size_t i = 0; i < reader->facts->constraint_def.len; i++) {
		const struct sl_fact_constraint_def *row = &reader->facts->constraint_def.at[i];

		for (size_t j = 0; j < reader->facts->column_def.len; j++) {
			struct sl_fact_column_def *column = &reader->facts->column_def.at[j];

			if (row->kind == SL_SQL_CONSTRAINT_PRIMARY_KEY &&
				sl_names_has(&row->columns, column->name) &&
				(table->without_rowid || !is_rowid(reader, row, column)))
				column->not_null = true;
		}
	}
}

void lite_create_table(struct lite_reader *reader, bool temporary)
{
	bool if_not_exists = lite_if_not_exists(reader);
	struct sl_fact_object *object = lite_object(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_TABLE);
	struct sl_fact_object table;
	struct sl_fact_table_def *row = sl_fact_add(reader->arena, reader->facts, table_def);

	object->if_not_exists = if_not_exists;
	object->temporary = object->temporary || temporary;
	table = *object;
	reader->statement->if_not_exists = if_not_exists;
	reader->statement->temporary = table.temporary;
	row->schema = table.schema;
	row->name = table.name;
	row->temporary = table.temporary;
	row->if_not_exists = if_not_exists;
	row->len = reader->tokens.text_len;
	if (lite_take(reader, "as")) {
		row->query = lite_text(reader, reader->pos, reader->end);
		if (!lite_at(reader, "select") && !lite_at(reader, "with") &&
			!lite_at(reader, "values"))
			lite_fail(reader);
		lite_scan(reader, reader->pos, reader->end, SL_SQL_CLAUSE_QUERY);
		reader->pos = reader->end;
		return;
	}
	table_body(reader, &table);
	table_options(reader, row);
	if (row->without_rowid || row->strict)
		key_not_null(reader, row);
}
