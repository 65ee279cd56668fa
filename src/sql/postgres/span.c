#include "reader.h"

static void lex(struct pg_reader *reader)
{
	struct sl_lexer lexer;
	struct sl_token token;

	reader->lexed = true;
	sl_lexer_init(&lexer, SL_DIALECT_POSTGRES, reader->text, reader->len);
	while (sl_lexer_next_code(&lexer, &token))
		*sl_vec_add_in(reader->arena, &reader->tokens) = token;
}

size_t pg_tokens(struct pg_reader *reader)
{
	if (!reader->lexed)
		lex(reader);
	return reader->tokens.len;
}

size_t pg_token_at(struct pg_reader *reader, int location)
{
	size_t low = 0, high = pg_tokens(reader), at = location < 0 ? 0 : (size_t)location;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (reader->tokens.at[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct sl_token *pg_token(struct pg_reader *reader, size_t index)
{
	static const struct sl_token none = { .kind = SL_TOKEN_END };

	return index < pg_tokens(reader) ? &reader->tokens.at[index] : &none;
}

bool pg_is(struct pg_reader *reader, size_t index, const char *word)
{
	return sl_token_is(pg_token(reader, index), reader->text, word);
}

bool pg_is_char(struct pg_reader *reader, size_t index, char c)
{
	const struct sl_token *token = pg_token(reader, index);

	return token->kind == SL_TOKEN_PUNCTUATION && reader->text[token->at] == c;
}

static int nesting(struct pg_reader *reader, size_t index)
{
	const struct sl_token *token = pg_token(reader, index);

	if (token->kind != SL_TOKEN_PUNCTUATION)
		return 0;
	switch (reader->text[token->at]) {
	case '(':
	case '[':
		return 1;
	case ')':
	case ']':
		return -1;
	default:
		return 0;
	}
}

size_t pg_behind(struct pg_reader *reader, size_t index)
{
	size_t n = pg_tokens(reader);
	int depth = 0;

	for (size_t i = index; i < n; i++) {
		depth += nesting(reader, i);
		if (depth <= 0)
			return i + 1;
	}
	return n;
}

size_t pg_find(struct pg_reader *reader, size_t from, size_t to, const char *word)
{
	int depth = 0;

	for (size_t i = from; i < to && i < pg_tokens(reader); i++) {
		if (depth == 0 && pg_is(reader, i, word))
			return i;
		depth += nesting(reader, i);
	}
	return PG_NO_TOKEN;
}

size_t pg_find_char(struct pg_reader *reader, size_t from, size_t to, char c)
{
	int depth = 0;

	for (size_t i = from; i < to && i < pg_tokens(reader); i++) {
		if (depth == 0 && pg_is_char(reader, i, c))
			return i;
		depth += nesting(reader, i);
	}
	return PG_NO_TOKEN;
}

size_t pg_element_end(struct pg_reader *reader, size_t index)
{
	size_t n = pg_tokens(reader);
	int depth = 0;

	for (size_t i = index; i < n; i++) {
		int step = nesting(reader, i);

		if (depth == 0 && (step < 0 || pg_is_char(reader, i, ',')))
			return i;
		depth += step;
	}
	return n;
}

size_t pg_begin(struct pg_reader *reader, size_t index)
{
	return index < pg_tokens(reader) ? reader->tokens.at[index].at : reader->len;
}

size_t pg_end(struct pg_reader *reader, size_t to)
{
	size_t n = pg_tokens(reader);

	if (to > n)
		to = n;
	return to == 0 ? 0 : reader->tokens.at[to - 1].at + reader->tokens.at[to - 1].len;
}

const char *pg_text(struct pg_reader *reader, size_t from, size_t to)
{
	size_t at, end;

	if (from == PG_NO_TOKEN || from >= to)
		return "";
	at = pg_begin(reader, from);
	end = pg_end(reader, to);
	return end > at ? sl_arena_strndup(reader->arena, reader->text + at, end - at) : "";
}

const char *pg_inside(struct pg_reader *reader, size_t index)
{
	if (!pg_is_char(reader, index, '('))
		return "";
	return pg_text(reader, index + 1, pg_behind(reader, index) - 1);
}
