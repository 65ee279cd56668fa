#include "boundary.h"

void sl_boundary_init(struct sl_boundary *boundary, enum sl_dialect dialect, bool custom_delimiter)
{
	*boundary = (struct sl_boundary){ .dialect = dialect,
		.custom_delimiter = custom_delimiter };
}

static void count_parens(struct sl_boundary *b, char c)
{
	if (c == '(')
		b->parens++;
	else if (c == ')' && b->parens > 0)
		b->parens--;
}

/* ---- PostgreSQL ---- */

static void postgres_first_words(struct sl_boundary *b, const struct sl_token *token,
	const char *text)
{
	if (b->words == 1) {
		b->create = sl_token_is(token, text, "create");
		b->copy = sl_token_is(token, text, "copy");
	} else if (sl_token_is(token, text, "function") || sl_token_is(token, text, "procedure")) {
		b->body = true;
		b->create = false;
	} else {
		b->create = sl_token_is(token, text, "or") || sl_token_is(token, text, "replace");
	}
}

/* BEGIN ATOMIC opens; inside, CASE opens and END closes, unless they are names. */
static enum sl_seen postgres_body_word(struct sl_boundary *b, const struct sl_token *token,
	const char *text)
{
	bool name = b->before == SL_SEEN_DOT || b->before == SL_SEEN_AS;

	if (b->blocks == 0) {
		if (b->before == SL_SEEN_BEGIN && sl_token_is(token, text, "atomic"))
			b->blocks = 1;
		return sl_token_is(token, text, "begin") ? SL_SEEN_BEGIN : SL_SEEN_OTHER;
	}
	if (!name && sl_token_is(token, text, "case"))
		b->blocks++;
	else if (!name && sl_token_is(token, text, "end"))
		b->blocks--;
	return sl_token_is(token, text, "as") ? SL_SEEN_AS : SL_SEEN_OTHER;
}

static enum sl_seen postgres_word(struct sl_boundary *b, const struct sl_token *token,
	const char *text)
{
	b->words++;
	if (b->words == 1 || b->create) {
		postgres_first_words(b, token, text);
		return SL_SEEN_OTHER;
	}
	if (b->body)
		return postgres_body_word(b, token, text);
	if (b->copy && b->parens == 0) {
		if (b->before == SL_SEEN_FROM && sl_token_is(token, text, "stdin"))
			b->from_stdin = true;
		if (sl_token_is(token, text, "from"))
			return SL_SEEN_FROM;
	}
	return SL_SEEN_OTHER;
}

static bool postgres_feed(struct sl_boundary *b, const struct sl_token *token, const char *text)
{
	enum sl_seen seen = SL_SEEN_OTHER;

	if (token->kind == SL_TOKEN_WORD) {
		seen = postgres_word(b, token, text);
	} else if (token->kind == SL_TOKEN_PUNCTUATION) {
		char c = text[token->at];

		count_parens(b, c);
		if (c == ';' && b->parens == 0 && b->blocks == 0)
			return true;
		if (c == '.')
			seen = SL_SEEN_DOT;
	}
	b->before = seen;
	return false;
}

/* ---- SQLite: a trigger ends with ; END ; and everything else with ; ---- */

static void sqlite_word(struct sl_boundary *b, const struct sl_token *token, const char *text)
{
	b->words++;
	if (b->body) {
		b->began = b->began || sl_token_is(token, text, "begin");
		b->tail = b->tail == 1 && sl_token_is(token, text, "end") ? 2 : 0;
	} else if (sl_token_is(token, text, "explain") || sl_token_is(token, text, "query") ||
		sl_token_is(token, text, "plan")) {
		b->words--;
	} else if (b->words == 1) {
		b->create = sl_token_is(token, text, "create");
	} else if (b->create) {
		b->body = sl_token_is(token, text, "trigger");
		b->create = sl_token_is(token, text, "temp") ||
			sl_token_is(token, text, "temporary");
	}
}

static bool sqlite_feed(struct sl_boundary *b, const struct sl_token *token, const char *text)
{
	if (token->kind == SL_TOKEN_WORD) {
		sqlite_word(b, token, text);
	} else if (sl_token_is_char(token, text, ';')) {
		if (!b->body || !b->began || b->tail == 2)
			return true;
		b->tail = 1;
	} else {
		b->tail = 0;
		b->create = false;
	}
	return false;
}

bool sl_boundary_feed(struct sl_boundary *boundary, const struct sl_token *token, const char *text)
{
	switch (boundary->dialect) {
	case SL_DIALECT_POSTGRES:
		return postgres_feed(boundary, token, text);
	case SL_DIALECT_SQLITE:
		return sqlite_feed(boundary, token, text);
	default:
		return sl_boundary_feed_mysql(boundary, token, text);
	}
}

const char *sl_boundary_open(const struct sl_boundary *boundary)
{
	if (boundary->dialect == SL_DIALECT_SQLITE)
		return boundary->began && boundary->tail != 2 ? "trigger" : NULL;
	if (boundary->blocks > 0)
		return boundary->dialect == SL_DIALECT_POSTGRES ? "BEGIN ATOMIC" : "block";
	return boundary->parens > 0 ? "parenthesis" : NULL;
}
