/*
 * What a query or an expression names, found by its tokens: FROM lists are parsed, elsewhere words
 * are columns, functions before a parenthesis, or keywords.
 */
#include "reader.h"

#include <string.h>

/* Words that are never columns in an expression. */
static const char *const keywords[] = { "all", "and", "as", "asc", "between", "by", "case", "cast",
	"check", "collate", "conflict", "create", "cross", "current_date", "current_time",
	"current_timestamp", "default", "delete", "desc", "distinct", "do", "else", "end", "escape",
	"except", "exists", "filter", "following", "from", "full", "glob", "group", "groups",
	"having", "in", "indexed", "inner", "insert", "intersect", "into", "is", "isnull", "join",
	"left", "like", "limit", "match", "materialized", "natural", "not", "nothing", "notnull",
	"null", "nulls", "offset", "on", "or", "order", "outer", "over", "partition", "preceding",
	"range", "recursive", "regexp", "replace", "returning", "right", "rows", "select", "set",
	"then", "unbounded", "union", "update", "using", "values", "when", "where", "window",
	"with" };

static bool is_keyword(const struct lite_reader *reader, size_t index)
{
	return lite_is_word_of(reader, index, keywords, sizeof(keywords) / sizeof(keywords[0]));
}

static bool is(const struct lite_reader *reader, size_t index, const char *word)
{
	return sl_tokens_is(&reader->tokens, index, word);
}

static bool is_char(const struct lite_reader *reader, size_t index, char c)
{
	return sl_tokens_is_char(&reader->tokens, index, c);
}

static bool is_one_of(const struct lite_reader *reader, size_t index, const char *const *words)
{
	for (; *words; words++) {
		if (is(reader, index, *words))
			return true;
	}
	return false;
}

size_t lite_first_of(const struct lite_reader *reader, size_t from, size_t to,
	const char *const *words)
{
	int depth = 0;

	for (size_t i = from; i < to; i++) {
		if (is_char(reader, i, '('))
			depth++;
		else if (is_char(reader, i, ')'))
			depth--;
		else if (depth == 0 && is_one_of(reader, i, words))
			return i;
	}
	return to;
}

/* ---- expressions ---- */

static bool is_operand(const struct lite_reader *reader, size_t index)
{
	const struct sl_token *token = sl_tokens_at(&reader->tokens, index);

	switch (token->kind) {
	case SL_TOKEN_WORD:
		return !is_keyword(reader, index) || is(reader, index, "end") ||
			is(reader, index, "null");
	case SL_TOKEN_NAME:
	case SL_TOKEN_STRING:
	case SL_TOKEN_NUMBER:
	case SL_TOKEN_PARAMETER:
		return true;
	default:
		return is_char(reader, index, ')');
	}
}

static bool is_name(const struct lite_reader *reader, size_t index)
{
	enum sl_token_kind kind = sl_tokens_at(&reader->tokens, index)->kind;

	return kind == SL_TOKEN_NAME || (kind == SL_TOKEN_WORD && !is_keyword(reader, index));
}

static const char *name_at(const struct lite_reader *reader, size_t index)
{
	const struct sl_token *token = sl_tokens_at(&reader->tokens, index);

	return sl_token_name(reader->arena, SL_DIALECT_SQLITE, token, reader->tokens.text);
}

/* Functions that answer differently each time, or change something. */
static bool is_volatile(const char *name)
{
	static const char *const names[] = { "random", "randomblob", "changes", "total_changes",
		"last_insert_rowid", "load_extension", "writefile", "readfile", "edit" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static int64_t argument_count(const struct lite_reader *reader, size_t open)
{
	size_t close = sl_tokens_behind(&reader->tokens, open) - 1, from = open + 1;
	int64_t n = 0;

	if (from >= close)
		return 0;
	for (;;) {
		n++;
		from = sl_tokens_element_end(&reader->tokens, from);
		if (from >= close)
			return n;
		from++;
	}
}

static void add_call(struct lite_reader *reader, size_t index, enum sl_sql_clause clause)
{
	struct sl_fact_call *call = sl_fact_add(reader->arena, reader->facts, call);
	const struct sl_token *token = sl_tokens_at(&reader->tokens, index);
	const struct sl_token *first = sl_tokens_at(&reader->tokens, index + 2);

	call->name = name_at(reader, index);
	call->clause = clause;
	call->is_volatile = is_volatile(call->name);
	call->at = token->at;
	call->len = token->len;
	if (!is_char(reader, index + 1, '('))
		return;
	call->args = argument_count(reader, index + 1);
	if (first->kind == SL_TOKEN_STRING)
		call->first = sl_token_string(reader->arena, SL_DIALECT_SQLITE, first,
			reader->tokens.text);
	if (strcasecmp(call->name, "last_insert_rowid") == 0 ||
		strcasecmp(call->name, "changes") == 0)
		reader->statement->uses_session = reader->level < 2;
}

/* [[schema .] table .] column: the token behind it. */
static size_t add_column(struct lite_reader *reader, size_t index, enum sl_sql_clause clause)
{
	struct sl_fact_column_ref *ref = sl_fact_add(reader->arena, reader->facts, column_ref);
	size_t last = index;

	ref->name = name_at(reader, index);
	ref->qualifier = "";
	ref->schema = "";
	while (is_char(reader, last + 1, '.') && last < index + 4) {
		const struct sl_token *next = sl_tokens_at(&reader->tokens, last + 2);
		bool star = next->kind == SL_TOKEN_OPERATOR;

		ref->schema = ref->qualifier;
		ref->qualifier = ref->name;
		ref->name = star ? "*" : name_at(reader, last + 2);
		last += 2;
	}
	ref->clause = clause;
	ref->at = sl_tokens_begin(&reader->tokens, index);
	ref->len = sl_tokens_end(&reader->tokens, last + 1) - ref->at;
	return last + 1;
}

static void add_star(struct lite_reader *reader, size_t index, enum sl_sql_clause clause)
{
	struct sl_fact_column_ref *ref = sl_fact_add(reader->arena, reader->facts, column_ref);

	ref->name = "*";
	ref->clause = clause;
	ref->at = sl_tokens_begin(&reader->tokens, index);
	ref->len = 1;
}

/* A star that is no multiplication: behind SELECT, DISTINCT, ALL or a comma. */
static bool is_star(const struct lite_reader *reader, size_t from, size_t index)
{
	const struct sl_token *token = sl_tokens_at(&reader->tokens, index);

	if (token->kind != SL_TOKEN_OPERATOR || token->len != 1 ||
		reader->tokens.text[token->at] != '*')
		return false;
	return index == from || is(reader, index - 1, "select") ||
		is_char(reader, index - 1, ',') || is(reader, index - 1, "returning") ||
		is(reader, index - 1, "all");
}

/* ---- FROM ---- */

static bool is_cte(const struct lite_reader *reader, const char *name)
{
	for (size_t i = 0; i < reader->ctes.len; i++) {
		if (strcasecmp(reader->ctes.at[i], name) == 0)
			return true;
	}
	return false;
}

static void add_table(struct lite_reader *reader, size_t index, size_t last)
{
	bool qualified = last > index;
	const char *name = name_at(reader, last);
	struct sl_fact_object *object;

	if (!qualified && is_cte(reader, name))
		return;
	object = sl_fact_add(reader->arena, reader->facts, object);
	object->role = SL_SQL_ROLE_READ;
	object->kind = SL_SQL_OBJECT_RELATION;
	object->schema = qualified ? name_at(reader, index) : "";
	object->name = name;
	object->quoted = sl_tokens_at(&reader->tokens, last)->kind != SL_TOKEN_WORD;
	object->at = sl_tokens_begin(&reader->tokens, index);
	object->len = sl_tokens_end(&reader->tokens, last + 1) - object->at;
	if (is(reader, last + 1, "as"))
		last++;
	if (is_name(reader, last + 1))
		object->alias = name_at(reader, last + 1);
}

/* Words that end a FROM list. */
static const char *const behind_from[] = { "where", "group", "having", "window", "order", "limit",
	"union", "intersect", "except", "returning", "set", NULL };

static const char *const behind_on[] = { "join", "left", "right", "full", "inner", "cross",
	"natural", "where", "group", "having", "window", "order", "limit", "union", "intersect",
	"except", "returning", "set", NULL };

static size_t scan_on(struct lite_reader *reader, size_t index, size_t to)
{
	size_t end = lite_first_of(reader, index, to, behind_on);
	size_t comma = sl_tokens_find_char(&reader->tokens, index, end, ',');

	if (comma != SL_NO_TOKEN)
		end = comma;
	lite_scan(reader, index, end, SL_SQL_CLAUSE_QUERY);
	return end;
}

static void scan_from(struct lite_reader *reader, size_t from, size_t to);

/* One table, function, subquery or join in parentheses: the token behind it and its alias. */
static size_t scan_source(struct lite_reader *reader, size_t index)
{
	size_t last = index;

	if (is_char(reader, index, '(')) {
		size_t behind = sl_tokens_behind(&reader->tokens, index);

		if (is(reader, index + 1, "select") || is(reader, index + 1, "with") ||
			is(reader, index + 1, "values"))
			lite_scan(reader, index + 1, behind - 1, SL_SQL_CLAUSE_QUERY);
		else
			scan_from(reader, index + 1, behind - 1);
		last = behind - 1;
	} else {
		if (is_char(reader, index + 1, '.'))
			last += 2;
		if (is_char(reader, last + 1, '(')) {
			size_t behind = sl_tokens_behind(&reader->tokens, last + 1);

			add_call(reader, last, SL_SQL_CLAUSE_QUERY);
			lite_scan(reader, last + 2, behind - 1, SL_SQL_CLAUSE_QUERY);
			last = behind - 1;
		} else {
			add_table(reader, index, last);
		}
	}
	if (is(reader, last + 1, "as"))
		last++;
	return is_name(reader, last + 1) ? last + 2 : last + 1;
}

/* A list of sources with their joins, [from, to). */
static void scan_from(struct lite_reader *reader, size_t from, size_t to)
{
	bool source = true;

	for (size_t i = from; i < to;) {
		if (source) {
			i = scan_source(reader, i);
			source = false;
		} else if (is_char(reader, i, ',') || is(reader, i, "join")) {
			source = true;
			i++;
		} else if (is(reader, i, "on")) {
			i = scan_on(reader, i + 1, to);
		} else if (is(reader, i, "using") || is_char(reader, i, '(')) {
			i = sl_tokens_behind(&reader->tokens, i + is(reader, i, "using"));
		} else {
			i++;
		}
	}
}

/* ---- all of it ---- */

/* IS [NOT] DISTINCT FROM is no FROM. */
static bool begins_from(const struct lite_reader *reader, size_t index)
{
	return is(reader, index, "from") && !is(reader, index - 1, "distinct");
}

/* Words whose next words or parentheses name no column; the token behind them. */
static size_t skip_special(const struct lite_reader *reader, size_t index)
{
	if (is(reader, index, "collate"))
		return index + 2;
	if (is(reader, index, "raise"))
		return sl_tokens_behind(&reader->tokens, index + 1);
	if (is(reader, index, "nulls") || is(reader, index, "indexed"))
		return index + (is(reader, index, "indexed") ? 3 : 2);
	if (is(reader, index, "current") && is(reader, index + 1, "row"))
		return index + 2;
	return index;
}

/* Behind AS: an alias, the type of a CAST, or the body of a WITH. */
static size_t skip_as(const struct lite_reader *reader, size_t index, size_t to)
{
	if (is(reader, index + 1, "materialized") || is(reader, index + 1, "not") ||
		is_char(reader, index + 1, '('))
		return index + 1;
	for (index += 2; index < to; index++) {
		if (!is_name(reader, index) && !is_char(reader, index, '('))
			break;
		if (is_char(reader, index, '('))
			index = sl_tokens_behind(&reader->tokens, index) - 1;
	}
	return index;
}

/* The clause behind the word, where it begins one. */
static enum sl_sql_clause clause_at(const struct lite_reader *reader, size_t index,
	enum sl_sql_clause outer, enum sl_sql_clause now)
{
	if (is(reader, index, "where"))
		return SL_SQL_CLAUSE_WHERE;
	for (size_t i = 1; behind_from[i]; i++) {
		if (is(reader, index, behind_from[i]))
			return outer;
	}
	return now;
}

static bool is_time_word(const struct lite_reader *reader, size_t index)
{
	return is(reader, index, "current_timestamp") || is(reader, index, "current_date") ||
		is(reader, index, "current_time");
}

/* One word or name that is not special; the token behind it. */
static size_t scan_name(struct lite_reader *reader, size_t from, size_t index,
	enum sl_sql_clause clause)
{
	if (is_char(reader, index + 1, '(') && !is(reader, index + 1, "in")) {
		if (!is(reader, index, "cast"))
			add_call(reader, index, clause);
		return index + 1;
	}
	if (index > from && is_operand(reader, index - 1))
		return index + 1; /* an alias without AS */
	if ((is(reader, index, "true") || is(reader, index, "false")) &&
		!is_char(reader, index + 1, '.'))
		return index + 1;
	return add_column(reader, index, clause);
}

void lite_scan(struct lite_reader *reader, size_t from, size_t to, enum sl_sql_clause clause)
{
	enum sl_sql_clause outer = clause;
	size_t ctes = reader->ctes.len, pos = reader->pos;
	size_t i = from;

	if (is(reader, i, "with") && to > i) {
		reader->pos = i;
		(void)lite_with(reader);
		i = reader->pos;
		reader->pos = pos;
	}
	while (i < to) {
		size_t behind = skip_special(reader, i);

		if (behind > i) {
			i = behind;
		} else if (begins_from(reader, i)) {
			size_t end = lite_first_of(reader, i + 1, to, behind_from);

			scan_from(reader, i + 1, end);
			i = end;
		} else if (is(reader, i, "as")) {
			i = skip_as(reader, i, to);
		} else if (is_char(reader, i, '(') &&
			(is(reader, i + 1, "select") || is(reader, i + 1, "with"))) {
			behind = sl_tokens_behind(&reader->tokens, i);
			lite_scan(reader, i + 1, behind - 1, SL_SQL_CLAUSE_QUERY);
			i = behind;
		} else if (is_time_word(reader, i)) {
			add_call(reader, i++, clause);
		} else if (is_name(reader, i) ||
			(is(reader, i, "replace") && is_char(reader, i + 1, '('))) {
			i = scan_name(reader, from, i, clause);
		} else {
			if (is_star(reader, from, i))
				add_star(reader, i, clause);
			clause = clause_at(reader, i, outer, clause);
			i++;
		}
	}
	reader->ctes.len = ctes;
}

const char *lite_with(struct lite_reader *reader)
{
	size_t from = reader->pos;
	bool recursive;

	if (!lite_take(reader, "with"))
		return "";
	recursive = lite_take(reader, "recursive");
	do {
		const char *name = lite_name(reader);
		size_t open;

		if (recursive)
			*sl_vec_add_in(reader->arena, &reader->ctes) = name;
		if (lite_at_char(reader, '('))
			(void)lite_name_list(reader);
		lite_expect(reader, "as");
		(void)lite_take(reader, "not");
		(void)lite_take(reader, "materialized");
		open = reader->pos;
		(void)lite_parenthesised(reader);
		if (!reader->failed)
			lite_scan(reader, open + 1, reader->pos - 1, SL_SQL_CLAUSE_QUERY);
		if (!recursive)
			*sl_vec_add_in(reader->arena, &reader->ctes) = name;
	} while (!reader->failed && lite_take_char(reader, ','));
	return lite_text(reader, from, reader->pos);
}
