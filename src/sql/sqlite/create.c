#include "reader.h"

#include <string.h>

/* ---- indexes ---- */

/* The column's name where [from, to) is one name, perhaps in parentheses; else "". */
static const char *plain_column(struct lite_reader *reader, size_t from, size_t to)
{
	const struct sl_token *token;

	while (to > from + 2 && sl_tokens_is_char(&reader->tokens, from, '(') &&
		sl_tokens_behind(&reader->tokens, from) == to) {
		from++;
		to--;
	}
	token = sl_tokens_at(&reader->tokens, from);
	if (to != from + 1 ||
		(token->kind != SL_TOKEN_WORD && token->kind != SL_TOKEN_NAME &&
			token->kind != SL_TOKEN_STRING))
		return "";
	return sl_token_name(reader->arena, SL_DIALECT_SQLITE, token, reader->tokens.text);
}

/* a, a COLLATE x DESC, lower(a): a plain column when it is one name before what may follow. */
static void index_key(struct lite_reader *reader, int ordinal)
{
	static const char *const ends[] = { "collate", "asc", "desc", "nulls", NULL };
	struct sl_fact_index_key *key = sl_fact_add(reader->arena, reader->facts, index_key);
	size_t from = reader->pos, end = sl_tokens_element_end(&reader->tokens, from);
	size_t tail = lite_first_of(reader, from, end, ends);

	key->ordinal = ordinal;
	key->at = sl_tokens_begin(&reader->tokens, from);
	key->len = sl_tokens_end(&reader->tokens, end) - key->at;
	if (tail == from)
		lite_fail(reader);
	key->column_name = plain_column(reader, from, tail);
	if (key->column_name[0] == '\0')
		key->expression = lite_text(reader, from, tail);
	reader->pos = tail;
	if (lite_take(reader, "collate"))
		key->collation = lite_name(reader);
	if (lite_take(reader, "asc"))
		key->direction = "asc";
	else if (lite_take(reader, "desc"))
		key->direction = "desc";
	if (lite_take(reader, "nulls")) {
		key->nulls = lite_at(reader, "first") ? "first" : "last";
		reader->pos++;
	}
	if (reader->pos != end)
		lite_fail(reader);
	lite_scan(reader, from, tail, SL_SQL_CLAUSE_INDEX);
}

static struct sl_names key_columns(struct lite_reader *reader)
{
	size_t n = reader->facts->index_key.len;
	const char **at = sl_arena_calloc(reader->arena, n ? n : 1, sizeof(*at));

	for (size_t i = 0; i < n; i++)
		at[i] = reader->facts->index_key.at[i].column_name ?
			reader->facts->index_key.at[i].column_name :
			"";
	return (struct sl_names){ .at = at, .len = n };
}

static void index_keys(struct lite_reader *reader)
{
	int ordinal = 1;

	lite_expect_char(reader, '(');
	do {
		index_key(reader, ordinal++);
	} while (!reader->failed && lite_take_char(reader, ','));
	lite_expect_char(reader, ')');
}

static void create_index(struct lite_reader *reader, bool is_unique)
{
	bool if_not_exists = lite_if_not_exists(reader);
	struct sl_fact_object *object = lite_object(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_INDEX);
	struct sl_fact_index_def *row = sl_fact_add(reader->arena, reader->facts, index_def);
	size_t from;

	object->if_not_exists = if_not_exists;
	row->schema = object->schema;
	row->name = object->name;
	row->quoted = object->quoted;
	row->is_unique = is_unique;
	row->if_not_exists = if_not_exists;
	row->len = reader->tokens.text_len;
	reader->statement->if_not_exists = if_not_exists;
	lite_expect(reader, "on");
	from = reader->pos;
	row->table_name = lite_name(reader);
	row->table_schema = row->schema;
	object->of_schema = row->schema;
	object->of_table = row->table_name;
	reader->pos = reader->failed ? reader->pos : from;
	(void)lite_object(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_TABLE);
	index_keys(reader);
	row->columns = key_columns(reader);
	if (lite_take(reader, "where")) {
		row->where_text = lite_text(reader, reader->pos, reader->end);
		lite_scan(reader, reader->pos, reader->end, SL_SQL_CLAUSE_WHERE);
		reader->pos = reader->end;
	}
}

/* ---- views ---- */

static void create_view(struct lite_reader *reader, bool temporary)
{
	bool if_not_exists = lite_if_not_exists(reader);
	struct sl_fact_object *object = lite_object(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_VIEW);
	struct sl_fact_view_def *row = sl_fact_add(reader->arena, reader->facts, view_def);

	object->if_not_exists = if_not_exists;
	object->temporary = object->temporary || temporary;
	reader->statement->temporary = object->temporary;
	reader->statement->if_not_exists = if_not_exists;
	row->schema = object->schema;
	row->name = object->name;
	row->temporary = object->temporary;
	row->if_not_exists = if_not_exists;
	row->columns = lite_name_list(reader);
	row->len = reader->tokens.text_len;
	lite_expect(reader, "as");
	if (!lite_at(reader, "select") && !lite_at(reader, "with") && !lite_at(reader, "values"))
		lite_fail(reader);
	row->query = lite_text(reader, reader->pos, reader->end);
	lite_scan(reader, reader->pos, reader->end, SL_SQL_CLAUSE_QUERY);
	reader->pos = reader->end;
}

/* ---- triggers ---- */

static const char *trigger_timing(struct lite_reader *reader)
{
	if (lite_take(reader, "after"))
		return "after";
	if (lite_take(reader, "instead")) {
		lite_expect(reader, "of");
		return "instead of";
	}
	(void)lite_take(reader, "before");
	return "before";
}

/* UPDATE OF a, b: names without parentheses. */
static struct sl_names update_columns(struct lite_reader *reader)
{
	struct {
		SL_VEC(const char *);
	} names = { NULL, 0, 0 };

	do {
		const char *name = lite_name(reader);

		*sl_vec_add_in(reader->arena, &names) = name;
	} while (!reader->failed && lite_take_char(reader, ','));
	return (struct sl_names){ .at = names.at, .len = names.len };
}

static void trigger_event(struct lite_reader *reader, struct sl_fact_trigger_def *row)
{
	const char **at = sl_arena_calloc(reader->arena, 1, sizeof(*at));

	if (lite_take(reader, "delete")) {
		at[0] = "delete";
	} else if (lite_take(reader, "insert")) {
		at[0] = "insert";
	} else {
		lite_expect(reader, "update");
		at[0] = "update";
		if (lite_take(reader, "of"))
			row->columns = update_columns(reader);
	}
	row->events = (struct sl_names){ .at = at, .len = 1 };
}

/* One statement of a trigger's body, which ends before `end`. */
static void body_statement(struct lite_reader *reader, size_t end)
{
	size_t outer = reader->end, ctes = reader->ctes.len;
	int level = reader->level;
	const char *with;

	reader->end = end;
	reader->level = 2;
	with = lite_with(reader);
	if (lite_at(reader, "select") || lite_at(reader, "values")) {
		lite_scan(reader, reader->pos, end, SL_SQL_CLAUSE_QUERY);
		reader->pos = end;
	} else {
		lite_dml(reader, with);
	}
	reader->level = level;
	reader->end = outer;
	reader->ctes.len = ctes;
}

static size_t statement_end(const struct lite_reader *reader)
{
	size_t i = reader->pos;

	while (i < reader->end && !sl_tokens_is_char(&reader->tokens, i, ';'))
		i++;
	return i;
}

static void trigger_body(struct lite_reader *reader)
{
	lite_expect(reader, "begin");
	do {
		body_statement(reader, statement_end(reader));
		lite_expect_char(reader, ';');
	} while (!reader->failed && !lite_at(reader, "end"));
	lite_expect(reader, "end");
}

static void create_trigger(struct lite_reader *reader, bool temporary)
{
	bool if_not_exists = lite_if_not_exists(reader);
	struct sl_fact_object *object = lite_object(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_TRIGGER);
	size_t index = reader->facts->object.len - 1, from;
	struct sl_fact_trigger_def *row = sl_fact_add(reader->arena, reader->facts, trigger_def);

	object->if_not_exists = if_not_exists;
	object->temporary = object->temporary || temporary;
	reader->statement->temporary = object->temporary;
	reader->statement->if_not_exists = if_not_exists;
	row->schema = object->schema;
	row->name = object->name;
	row->temporary = object->temporary;
	row->if_not_exists = if_not_exists;
	row->for_each_row = true;
	row->len = reader->tokens.text_len;
	row->timing = trigger_timing(reader);
	trigger_event(reader, row);
	lite_expect(reader, "on");
	object = lite_object(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_RELATION);
	row->table_schema = object->schema;
	row->table_name = object->name;
	reader->facts->object.at[index].of_schema = row->table_schema;
	reader->facts->object.at[index].of_table = row->table_name;
	if (lite_take(reader, "for")) {
		lite_expect(reader, "each");
		lite_expect(reader, "row");
	}
	if (lite_take(reader, "when")) {
		from = reader->pos;
		reader->pos = sl_tokens_find(&reader->tokens, from, reader->end, "begin");
		if (reader->pos == SL_NO_TOKEN)
			reader->pos = reader->end;
		row->when_text = lite_text(reader, from, reader->pos);
		lite_scan(reader, from, reader->pos, SL_SQL_CLAUSE_WHERE);
	}
	row->body = lite_text(reader, reader->pos, reader->end);
	trigger_body(reader);
}

/* ---- virtual tables ---- */

static void create_virtual_table(struct lite_reader *reader)
{
	bool if_not_exists = lite_if_not_exists(reader);
	struct sl_fact_object *object = lite_object(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_VIRTUAL_TABLE);
	struct sl_fact_table_def *row = sl_fact_add(reader->arena, reader->facts, table_def);

	object->if_not_exists = if_not_exists;
	reader->statement->if_not_exists = if_not_exists;
	reader->statement->object = SL_SQL_OBJECT_VIRTUAL_TABLE;
	row->schema = object->schema;
	row->name = object->name;
	row->is_virtual = true;
	row->if_not_exists = if_not_exists;
	row->len = reader->tokens.text_len;
	lite_expect(reader, "using");
	row->module = lite_name(reader);
	if (lite_at_char(reader, '('))
		row->arguments = lite_parenthesised(reader);
}

void lite_create(struct lite_reader *reader)
{
	bool temporary = lite_take(reader, "temp") || lite_take(reader, "temporary");
	bool is_unique = !temporary && lite_take(reader, "unique");

	if (is_unique || (!temporary && lite_at(reader, "index"))) {
		reader->statement->object = SL_SQL_OBJECT_INDEX;
		lite_expect(reader, "index");
		create_index(reader, is_unique);
	} else if (lite_take(reader, "table")) {
		reader->statement->object = SL_SQL_OBJECT_TABLE;
		lite_create_table(reader, temporary);
	} else if (lite_take(reader, "view")) {
		reader->statement->object = SL_SQL_OBJECT_VIEW;
		create_view(reader, temporary);
	} else if (lite_take(reader, "trigger")) {
		reader->statement->object = SL_SQL_OBJECT_TRIGGER;
		create_trigger(reader, temporary);
	} else if (!temporary && lite_take(reader, "virtual")) {
		lite_expect(reader, "table");
		create_virtual_table(reader);
	} else {
		lite_fail(reader);
	}
	if (reader->statement->temporary)
		reader->statement->session = SL_SQL_SESSION_STATE;
}
