#include "reader.h"

#include <string.h>

/* OR REPLACE, OR IGNORE …: the word in lower case. */
static const char *or_word(struct lite_reader *reader)
{
	static const char *const words[] = { "rollback", "abort", "fail", "ignore", "replace" };

	if (!lite_take(reader, "or"))
		return "";
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (lite_take(reader, words[i]))
			return words[i];
	}
	lite_fail(reader);
	return "";
}

static struct sl_fact_dml *add_dml(struct lite_reader *reader, enum sl_sql_verb verb)
{
	struct sl_fact_dml *dml = sl_fact_add(reader->arena, reader->facts, dml);

	dml->verb = verb;
	dml->level = reader->level;
	dml->rows = -1;
	if (reader->level < 2)
		reader->statement->writes = true;
	return dml;
}

/* The table that is written, with its alias and INDEXED BY. */
static void read_target(struct lite_reader *reader, struct sl_fact_dml *dml)
{
	size_t from = reader->pos;
	struct sl_fact_object *object = lite_object(reader, SL_SQL_ROLE_WRITTEN,
		SL_SQL_OBJECT_TABLE);

	if (lite_take(reader, "as"))
		object->alias = lite_name(reader);
	else if (lite_at_name(reader) && !lite_at(reader, "indexed") && !lite_at(reader, "with"))
		lite_fail(reader);
	dml->schema = object->schema;
	dml->table_name = object->name;
	dml->alias = object->alias ? object->alias : "";
	dml->target = lite_text(reader, from, reader->pos);
	if (lite_take(reader, "not")) {
		lite_expect(reader, "indexed");
	} else if (lite_take(reader, "indexed")) {
		lite_expect(reader, "by");
		(void)lite_name(reader);
	}
}

static size_t find(const struct lite_reader *reader, size_t from, const char *word)
{
	return sl_tokens_find(&reader->tokens, from, reader->end, word);
}

/* WHERE, RETURNING and LIMIT of an UPDATE or DELETE whose clauses begin at `from`. */
static void read_clauses(struct lite_reader *reader, struct sl_fact_dml *dml, size_t from)
{
	static const char *const ends[] = { "returning", "order", "limit", NULL };
	size_t index = reader->facts->dml.len - 1;
	size_t where = find(reader, from, "where"), limit = find(reader, from, "limit");
	size_t refs, calls, objects, end;

	dml->has_returning = find(reader, from, "returning") != SL_NO_TOKEN;
	dml->has_limit = limit != SL_NO_TOKEN;
	if (dml->has_limit)
		dml->limit_text = lite_text(reader, limit + 1, reader->end);
	if (where == SL_NO_TOKEN)
		return;
	end = lite_first_of(reader, where, reader->end, ends);
	dml->has_where = true;
	dml->where_text = lite_text(reader, where + 1, end);
	refs = reader->facts->column_ref.len;
	calls = reader->facts->call.len;
	objects = reader->facts->object.len;
	lite_scan(reader, where + 1, end, SL_SQL_CLAUSE_WHERE);
	reader->facts->dml.at[index].where_constant = refs == reader->facts->column_ref.len &&
		calls == reader->facts->call.len && objects == reader->facts->object.len;
	if (end == where + 1) {
		reader->pos = end;
		lite_fail(reader);
	}
}

static void scan_rest(struct lite_reader *reader, size_t from)
{
	static const char *const ends[] = { "returning", "order", "limit", NULL };
	size_t at = lite_first_of(reader, from, reader->end, ends);

	lite_scan(reader, at, reader->end, SL_SQL_CLAUSE_QUERY);
}

static void read_delete(struct lite_reader *reader, struct sl_fact_dml *dml)
{
	size_t from;

	lite_expect(reader, "from");
	read_target(reader, dml);
	from = reader->pos;
	if (from < reader->end && !lite_at(reader, "where") && !lite_at(reader, "returning") &&
		!lite_at(reader, "order") && !lite_at(reader, "limit"))
		lite_fail(reader);
	read_clauses(reader, dml, from);
	scan_rest(reader, from);
}

/* The columns before each = of a SET, (a, b) = included. */
static struct sl_names set_columns(struct lite_reader *reader, size_t from, size_t to)
{
	struct {
		SL_VEC(const char *);
	} names = { NULL, 0, 0 };

	while (from < to) {
		size_t i = from;
		size_t behind = sl_tokens_is_char(&reader->tokens, i, '(') ?
			sl_tokens_behind(&reader->tokens, i) :
			i + 1;

		for (; i < behind; i++) {
			const struct sl_token *token = sl_tokens_at(&reader->tokens, i);

			if (token->kind == SL_TOKEN_WORD || token->kind == SL_TOKEN_NAME)
				*sl_vec_add_in(reader->arena, &names) = sl_token_name(reader->arena,
					SL_DIALECT_SQLITE, token, reader->tokens.text);
		}
		from = sl_tokens_element_end(&reader->tokens, from) + 1;
	}
	return (struct sl_names){ .at = names.at, .len = names.len };
}

/* What each column is set to, and what FROM joins. */
static void scan_set(struct lite_reader *reader, size_t from, size_t to)
{
	while (from < to) {
		size_t end = sl_tokens_element_end(&reader->tokens, from);
		size_t value = from;

		while (value < end &&
			!sl_token_is_char(sl_tokens_at(&reader->tokens, value), reader->tokens.text,
				'='))
			value = sl_tokens_behind(&reader->tokens, value);
		lite_scan(reader, value + 1, end < to ? end : to, SL_SQL_CLAUSE_SET);
		from = end + 1;
	}
}

static size_t find_from(const struct lite_reader *reader, size_t from, size_t to)
{
	size_t at = sl_tokens_find(&reader->tokens, from, to, "from");

	while (at != SL_NO_TOKEN && sl_tokens_is(&reader->tokens, at - 1, "distinct"))
		at = sl_tokens_find(&reader->tokens, at + 1, to, "from");
	return at;
}

static void read_update(struct lite_reader *reader, struct sl_fact_dml *dml)
{
	static const char *const ends[] = { "where", "returning", "order", "limit", NULL };
	size_t set, clauses, from;

	dml->on_conflict = or_word(reader);
	read_target(reader, dml);
	lite_expect(reader, "set");
	if (reader->failed)
		return;
	set = reader->pos;
	clauses = lite_first_of(reader, set, reader->end, ends);
	from = find_from(reader, set, clauses);
	dml->has_join = from != SL_NO_TOKEN;
	if (dml->has_join)
		dml->from_text = lite_text(reader, from + 1, clauses);
	dml->columns = set_columns(reader, set, dml->has_join ? from : clauses);
	if (!lite_at_name(reader) && !lite_at_char(reader, '('))
		lite_fail(reader);
	read_clauses(reader, dml, clauses);
	scan_set(reader, set, dml->has_join ? from : clauses);
	if (dml->has_join)
		lite_scan(reader, from, clauses, SL_SQL_CLAUSE_QUERY);
	scan_rest(reader, clauses);
}

/* How many rows VALUES has: the parentheses on its level. */
static int64_t value_rows(const struct lite_reader *reader, size_t from, size_t to)
{
	int64_t n = 0;

	while (from < to && sl_tokens_is_char(&reader->tokens, from, '(')) {
		n++;
		from = sl_tokens_behind(&reader->tokens, from);
		if (!sl_tokens_is_char(&reader->tokens, from, ','))
			break;
		from++;
	}
	return n;
}

static void read_source(struct lite_reader *reader, struct sl_fact_dml *dml, size_t to)
{
	if (lite_at(reader, "default")) {
		dml->source = "default values";
		dml->rows = 1;
	} else if (lite_at(reader, "values")) {
		dml->source = "values";
		dml->rows = value_rows(reader, reader->pos + 1, to);
		if (dml->rows == 0)
			lite_fail(reader);
	} else if (lite_at(reader, "select") || lite_at(reader, "with")) {
		dml->source = "select";
	} else {
		lite_fail(reader);
	}
}

/* ON CONFLICT of an INSERT … SELECT follows a WHERE true, so ON here is never a join's. */
static size_t find_conflict(const struct lite_reader *reader, size_t from)
{
	size_t at = find(reader, from, "on");

	while (at != SL_NO_TOKEN && !sl_tokens_is(&reader->tokens, at + 1, "conflict"))
		at = find(reader, at + 1, "on");
	return at == SL_NO_TOKEN ? reader->end : at;
}

static void read_insert(struct lite_reader *reader, struct sl_fact_dml *dml)
{
	static const char *const ends[] = { "returning", NULL };
	size_t conflict, returning, source;

	if (dml->verb == SL_SQL_VERB_INSERT)
		dml->on_conflict = or_word(reader);
	lite_expect(reader, "into");
	read_target(reader, dml);
	if (lite_at_char(reader, '('))
		dml->columns = lite_name_list(reader);
	if (reader->failed)
		return;
	source = reader->pos;
	conflict = find_conflict(reader, source);
	returning = lite_first_of(reader, source, reader->end, ends);
	read_source(reader, dml, conflict < returning ? conflict : returning);
	if (conflict < reader->end)
		dml->on_conflict = find(reader, conflict, "update") == SL_NO_TOKEN ? "nothing" :
										     "update";
	dml->has_returning = returning < reader->end;
	lite_scan(reader, source, conflict < returning ? conflict : returning, SL_SQL_CLAUSE_QUERY);
	if (conflict < returning)
		lite_scan(reader, conflict + 2, returning, SL_SQL_CLAUSE_SET);
	lite_scan(reader, returning, reader->end, SL_SQL_CLAUSE_QUERY);
}

void lite_dml(struct lite_reader *reader, const char *with)
{
	size_t from = reader->pos;
	struct sl_fact_dml *dml = add_dml(reader, SL_SQL_VERB_INSERT);
	size_t index = reader->facts->dml.len - 1;

	dml->with_text = with;
	dml->at = sl_tokens_begin(&reader->tokens, from);
	dml->len = sl_tokens_end(&reader->tokens, reader->end) - dml->at;
	if (lite_take(reader, "delete")) {
		dml->verb = SL_SQL_VERB_DELETE;
		read_delete(reader, dml);
	} else if (lite_take(reader, "update")) {
		dml->verb = SL_SQL_VERB_UPDATE;
		read_update(reader, dml);
	} else {
		if (lite_take(reader, "replace"))
			dml->verb = SL_SQL_VERB_REPLACE;
		else
			lite_expect(reader, "insert");
		read_insert(reader, dml);
	}
	if (reader->level == 0)
		reader->statement->verb = reader->facts->dml.at[index].verb;
	if (!reader->failed)
		reader->pos = reader->end;
}
