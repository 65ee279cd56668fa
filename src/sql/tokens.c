#include "tokens.h"

const struct sl_token sl_tokens_none = { .kind = SL_TOKEN_END };

void sl_tokens_lex(struct sl_tokens *tokens, enum sl_dialect dialect)
{
	struct sl_lexer lexer;
	struct sl_token token;

	struct {
		SL_VEC(struct sl_token);
	} list = { 0 };

	sl_lexer_init(&lexer, dialect, tokens->text, tokens->text_len);
	while (sl_lexer_next_code(&lexer, &token))
		*sl_vec_add_in(tokens->arena, &list) = token;
	tokens->list.at = list.at;
	tokens->list.len = list.len;
	tokens->lexed = true;
}

struct sl_tokens sl_tokens_of(struct sl_arena *arena, const struct sl_sql_input *input)
{
	return (struct sl_tokens){ .arena = arena,
		.text = input->text,
		.text_len = input->len,
		.lexed = input->tokens != NULL,
		.list = { input->tokens, input->tokens_len } };
}

size_t sl_tokens_find_byte(const struct sl_tokens *tokens, size_t at)
{
	size_t low = 0, high = tokens->list.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tokens->list.at[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void sl_token_reader_init(struct sl_token_reader *reader, enum sl_dialect dialect,
	const struct sl_statement_text *statement)
{
	*reader = (struct sl_token_reader){ .at = statement->tokens };
	if (reader->at)
		reader->end = reader->at + statement->tokens_len;
	else
		sl_lexer_init(&reader->lexer, dialect, statement->text, statement->len);
}

bool sl_token_reader_next(struct sl_token_reader *reader, struct sl_token *out)
{
	if (!reader->at)
		return sl_lexer_next_code(&reader->lexer, out);
	if (reader->at == reader->end)
		return false;
	*out = *reader->at++;
	return true;
}

static int nesting(const struct sl_tokens *tokens, size_t index)
{
	const struct sl_token *token = sl_tokens_at(tokens, index);

	if (token->kind != SL_TOKEN_PUNCTUATION)
		return 0;
	switch (tokens->text[token->at]) {
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

size_t sl_tokens_behind(const struct sl_tokens *tokens, size_t index)
{
	size_t n = tokens->list.len;
	int depth = 0;

	for (size_t i = index; i < n; i++) {
		depth += nesting(tokens, i);
		if (depth <= 0)
			return i + 1;
	}
	return n;
}

size_t sl_tokens_find(const struct sl_tokens *tokens, size_t from, size_t to, const char *word)
{
	int depth = 0;

	for (size_t i = from; i < to && i < tokens->list.len; i++) {
		if (depth == 0 && sl_tokens_is(tokens, i, word))
			return i;
		depth += nesting(tokens, i);
	}
	return SL_NO_TOKEN;
}

size_t sl_tokens_find_char(const struct sl_tokens *tokens, size_t from, size_t to, char c)
{
	int depth = 0;

	for (size_t i = from; i < to && i < tokens->list.len; i++) {
		if (depth == 0 && sl_tokens_is_char(tokens, i, c))
			return i;
		depth += nesting(tokens, i);
	}
	return SL_NO_TOKEN;
}

size_t sl_tokens_element_end(const struct sl_tokens *tokens, size_t index)
{
	size_t n = tokens->list.len;
	int depth = 0;

	for (size_t i = index; i < n; i++) {
		int step = nesting(tokens, i);

		if (depth == 0 && (step < 0 || sl_tokens_is_char(tokens, i, ',')))
			return i;
		depth += step;
	}
	return n;
}

size_t sl_tokens_begin(const struct sl_tokens *tokens, size_t index)
{
	return index < tokens->list.len ? tokens->list.at[index].at : tokens->text_len;
}

size_t sl_tokens_end(const struct sl_tokens *tokens, size_t to)
{
	size_t n = tokens->list.len;

	if (to > n)
		to = n;
	return to == 0 ? 0 : tokens->list.at[to - 1].at + tokens->list.at[to - 1].len;
}

const char *sl_tokens_text(const struct sl_tokens *tokens, size_t from, size_t to)
{
	size_t at, end;

	if (from == SL_NO_TOKEN || from >= to)
		return "";
	at = sl_tokens_begin(tokens, from);
	end = sl_tokens_end(tokens, to);
	return end > at ? sl_arena_strndup(tokens->arena, tokens->text + at, end - at) : "";
}

const char *sl_tokens_inside(const struct sl_tokens *tokens, size_t index)
{
	if (!sl_tokens_is_char(tokens, index, '('))
		return "";
	return sl_tokens_text(tokens, index + 1, sl_tokens_behind(tokens, index) - 1);
}
