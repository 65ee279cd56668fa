#include "reader.h"

#include "../chars.h"

#include <string.h>

void lite_fail(struct lite_reader *reader)
{
	const struct sl_token *token = sl_tokens_at(&reader->tokens, reader->pos);

	if (reader->failed)
		return;
	reader->failed = true;
	reader->failed_at = reader->pos;
	if (reader->pos >= reader->tokens.list.len)
		reader->failed_text = "incomplete input";
	else
		reader->failed_text = sl_arena_printf(reader->arena, "near \"%.*s\": syntax error",
			(int)(token->len < 100 ? token->len : 100),
			reader->tokens.text + token->at);
	reader->pos = reader->end;
}

void lite_expect(struct lite_reader *reader, const char *word)
{
	if (!lite_take(reader, word))
		lite_fail(reader);
}

void lite_expect_char(struct lite_reader *reader, char c)
{
	if (!lite_take_char(reader, c))
		lite_fail(reader);
}

void lite_expect_end(struct lite_reader *reader)
{
	if (reader->pos < reader->end)
		lite_fail(reader);
}

/* Keywords that the grammar of SQLite 3.40 never takes for a name without quotes. */
static const char *const reserved[] = { "add", "all", "alter", "and", "as", "autoincrement",
	"between", "case", "check", "collate", "commit", "constraint", "create", "default",
	"deferrable", "delete", "distinct", "drop", "else", "escape", "except", "exists", "foreign",
	"from", "group", "having", "in", "index", "insert", "intersect", "into", "is", "isnull",
	"join", "limit", "not", "nothing", "notnull", "null", "on", "or", "order", "primary",
	"references", "returning", "select", "set", "table", "then", "to", "transaction", "union",
	"unique", "update", "using", "values", "when", "where" };

/* Of the token's letters, any case, against a word in lower case. */
static int compare(const char *letters, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char a = (unsigned char)sl_char_lower(letters[i]);
		unsigned char b = (unsigned char)word[i];

		if (a != b)
			return a < b ? -1 : 1;
	}
	return word[len] == '\0' ? 0 : -1;
}

bool lite_is_word_of(const struct lite_reader *reader, size_t index, const char *const *words,
	size_t n)
{
	const struct sl_token *token = sl_tokens_at(&reader->tokens, index);
	size_t low = 0, high = n;

	if (token->kind != SL_TOKEN_WORD)
		return false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(reader->tokens.text + token->at, token->len, words[middle]);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

bool lite_at_name(const struct lite_reader *reader)
{
	enum sl_token_kind kind = sl_tokens_at(&reader->tokens, reader->pos)->kind;

	if (reader->pos >= reader->end)
		return false;
	if (kind == SL_TOKEN_WORD)
		return !lite_is_word_of(reader, reader->pos, reserved,
			sizeof(reserved) / sizeof(reserved[0]));
	return kind == SL_TOKEN_NAME || kind == SL_TOKEN_STRING;
}

const char *lite_name(struct lite_reader *reader)
{
	const struct sl_token *token = sl_tokens_at(&reader->tokens, reader->pos);

	if (!lite_at_name(reader)) {
		lite_fail(reader);
		return "";
	}
	reader->pos++;
	return sl_token_name(reader->arena, SL_DIALECT_SQLITE, token, reader->tokens.text);
}

const char *lite_text(const struct lite_reader *reader, size_t from, size_t to)
{
	return sl_tokens_text(&reader->tokens, from, to);
}

struct sl_names lite_name_list(struct lite_reader *reader)
{
	struct {
		SL_VEC(const char *);
	} names = { NULL, 0, 0 };

	size_t close = sl_tokens_behind(&reader->tokens, reader->pos) - 1;

	if (!lite_take_char(reader, '('))
		return (struct sl_names){ .at = NULL, .len = 0 };
	while (!reader->failed) {
		const char *name = lite_name(reader);

		*sl_vec_add_in(reader->arena, &names) = name;
		reader->pos = sl_tokens_element_end(&reader->tokens, reader->pos);
		if (!lite_take_char(reader, ','))
			break;
	}
	if (reader->pos != close)
		lite_fail(reader);
	lite_expect_char(reader, ')');
	return (struct sl_names){ .at = names.at, .len = names.len };
}

const char *lite_parenthesised(struct lite_reader *reader)
{
	size_t open = reader->pos, behind = sl_tokens_behind(&reader->tokens, open);
	const char *text = sl_tokens_inside(&reader->tokens, open);

	if (!lite_at_char(reader, '(') || behind > reader->end ||
		!sl_tokens_is_char(&reader->tokens, behind - 1, ')')) {
		lite_fail(reader);
		return "";
	}
	reader->pos = behind;
	return text;
}

bool lite_if_exists(struct lite_reader *reader)
{
	if (!lite_at(reader, "if") || !sl_tokens_is(&reader->tokens, reader->pos + 1, "exists"))
		return false;
	reader->pos += 2;
	return true;
}

bool lite_if_not_exists(struct lite_reader *reader)
{
	if (!lite_at(reader, "if") || !sl_tokens_is(&reader->tokens, reader->pos + 1, "not"))
		return false;
	reader->pos += 2;
	lite_expect(reader, "exists");
	return true;
}

struct sl_fact_object *lite_object(struct lite_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind)
{
	struct sl_fact_object *object = sl_fact_add(reader->arena, reader->facts, object);
	size_t from = reader->pos;

	object->role = role;
	object->kind = kind;
	object->schema = "";
	object->name = lite_name(reader);
	if (lite_take_char(reader, '.')) {
		object->schema = object->name;
		object->name = lite_name(reader);
	}
	object->at = sl_tokens_begin(&reader->tokens, from);
	object->len = sl_tokens_end(&reader->tokens, reader->pos) - object->at;
	object->quoted = reader->pos > from &&
		sl_tokens_at(&reader->tokens, reader->pos - 1)->kind != SL_TOKEN_WORD;
	object->temporary = strcmp(object->schema, "temp") == 0;
	return object;
}
