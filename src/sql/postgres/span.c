#include "reader.h"

static const struct sl_tokens *tokens_of(struct pg_reader *reader)
{
	sl_tokens_need(&reader->tokens, SL_DIALECT_POSTGRES);
	return &reader->tokens;
}

size_t pg_tokens(struct pg_reader *reader)
{
	return tokens_of(reader)->list.len;
}

size_t pg_token_at(struct pg_reader *reader, int location)
{
	return sl_tokens_find_byte(tokens_of(reader), location < 0 ? 0 : (size_t)location);
}

const struct sl_token *pg_token(struct pg_reader *reader, size_t index)
{
	return sl_tokens_at(tokens_of(reader), index);
}

bool pg_is(struct pg_reader *reader, size_t index, const char *word)
{
	return sl_tokens_is(tokens_of(reader), index, word);
}

bool pg_is_char(struct pg_reader *reader, size_t index, char c)
{
	return sl_tokens_is_char(tokens_of(reader), index, c);
}

size_t pg_behind(struct pg_reader *reader, size_t index)
{
	return sl_tokens_behind(tokens_of(reader), index);
}

size_t pg_find(struct pg_reader *reader, size_t from, size_t to, const char *word)
{
	return sl_tokens_find(tokens_of(reader), from, to, word);
}

size_t pg_find_char(struct pg_reader *reader, size_t from, size_t to, char c)
{
	return sl_tokens_find_char(tokens_of(reader), from, to, c);
}

size_t pg_element_end(struct pg_reader *reader, size_t index)
{
	return sl_tokens_element_end(tokens_of(reader), index);
}

size_t pg_begin(struct pg_reader *reader, size_t index)
{
	return sl_tokens_begin(tokens_of(reader), index);
}

size_t pg_end(struct pg_reader *reader, size_t to)
{
	return sl_tokens_end(tokens_of(reader), to);
}

const char *pg_text(struct pg_reader *reader, size_t from, size_t to)
{
	return sl_tokens_text(tokens_of(reader), from, to);
}

const char *pg_inside(struct pg_reader *reader, size_t index)
{
	return sl_tokens_inside(tokens_of(reader), index);
}
