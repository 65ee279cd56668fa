/*
 * MySQL and MariaDB: stored programs written without DELIMITER.  Blocks are counted from the words
 * that open them where a statement of the body can begin, so that IF(), REPEAT() and columns called
 * `end` do not count.
 */
#include "boundary.h"

enum thing { THING_NONE, THING_PROGRAM, THING_TRIGGER, THING_EVENT, THING_BLOCK };

enum block { BLOCK_PLAIN, BLOCK_REPEAT, BLOCK_CASE_EXPRESSION };

/* Between CREATE and the kind of thing: OR REPLACE, DEFINER = user@host, AGGREGATE, SQL SECURITY …
 */
static void first_words(struct sl_boundary *b, const struct sl_token *token, const char *text)
{
	if (b->words == 1) {
		b->create = sl_token_is(token, text, "create");
		b->before = sl_token_is(token, text, "begin") ? SL_SEEN_BEGIN : SL_SEEN_OTHER;
		return;
	}
	if (b->words == 2 && b->before == SL_SEEN_BEGIN && sl_token_is(token, text, "not")) {
		b->thing = THING_BLOCK;
		b->body = true;
		b->began = true;
		b->blocks = 1;
		return;
	}
	if (!b->create || b->words > 12)
		return;
	if (sl_token_is(token, text, "procedure") || sl_token_is(token, text, "function"))
		b->thing = THING_PROGRAM;
	else if (sl_token_is(token, text, "trigger"))
		b->thing = THING_TRIGGER;
	else if (sl_token_is(token, text, "event"))
		b->thing = THING_EVENT;
	else if (sl_token_is(token, text, "table") || sl_token_is(token, text, "view") ||
		sl_token_is(token, text, "index") || sl_token_is(token, text, "database"))
		b->create = false;
	b->body = b->thing != THING_NONE;
}

static bool begins_block(const struct sl_token *token, const char *text)
{
	static const char *const words[] = { "begin", "if", "case", "loop", "while", "for" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (sl_token_is(token, text, words[i]))
			return true;
	}
	return false;
}

static void open_block(struct sl_boundary *b, enum block kind)
{
	if (b->blocks < SL_BLOCKS_MAX)
		b->kinds[b->blocks] = (unsigned char)kind;
	b->blocks++;
}

static enum block innermost(const struct sl_boundary *b)
{
	if (b->blocks == 0 || b->blocks > SL_BLOCKS_MAX)
		return BLOCK_PLAIN;
	return (enum block)b->kinds[b->blocks - 1];
}

static bool closes(const struct sl_boundary *b, bool at_statement)
{
	switch (innermost(b)) {
	case BLOCK_CASE_EXPRESSION:
		return true;
	case BLOCK_REPEAT:
		return at_statement || b->until;
	default:
		return at_statement;
	}
}

/* A program's body begins behind its parameters; the other things say where. */
static bool before_body(struct sl_boundary *b, const struct sl_token *token, const char *text)
{
	if (b->began)
		return false;
	if ((b->thing == THING_TRIGGER && sl_token_is(token, text, "row")) ||
		(b->thing == THING_EVENT && sl_token_is(token, text, "do"))) {
		b->began = true;
		b->at_statement = true;
	}
	return true;
}

/* A body that is one plain statement has begun: nothing opens a block any more. */
static bool plain_statement(struct sl_boundary *b, const struct sl_token *token, const char *text)
{
	static const char *const words[] = { "return", "select", "insert", "update", "delete",
		"replace", "call", "with" };
	bool type = b->before == SL_SEEN_AS;

	b->before = sl_token_is(token, text, "returns") ? SL_SEEN_AS : SL_SEEN_OTHER;
	if (sl_token_is(token, text, "set") && !type)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (sl_token_is(token, text, words[i]))
			return true;
	}
	return false;
}

/* Between a program's parameters and its body stand characteristics, behind a trigger's ROW perhaps
 * FOLLOWS or PRECEDES another: there any word may still open the body. */
static bool before_statement(struct sl_boundary *b, const struct sl_token *token, const char *text,
	bool at_statement)
{
	if (b->blocks > 0 || b->plain)
		return at_statement;
	if (b->thing == THING_TRIGGER && b->before == SL_SEEN_FROM) {
		b->before = SL_SEEN_OTHER;
		b->at_statement = true;
		return false;
	}
	if (b->thing == THING_TRIGGER && at_statement &&
		(sl_token_is(token, text, "follows") || sl_token_is(token, text, "precedes"))) {
		b->before = SL_SEEN_FROM;
		return false;
	}
	b->plain = plain_statement(b, token, text);
	return at_statement || (b->thing == THING_PROGRAM && !b->plain);
}

static void begin_or_expression(struct sl_boundary *b, const struct sl_token *token,
	const char *text, bool at_statement)
{
	if (sl_token_is(token, text, "declare") && at_statement) {
		b->declared = true;
	} else if (sl_token_is(token, text, "handler") && b->declared) {
		b->handler = true;
	} else if (b->handler && sl_token_is(token, text, "begin")) {
		open_block(b, BLOCK_PLAIN);
		b->at_statement = true;
	} else if (sl_token_is(token, text, "case")) {
		open_block(b, BLOCK_CASE_EXPRESSION);
	} else if (sl_token_is(token, text, "until")) {
		b->until = true;
	} else if (innermost(b) != BLOCK_CASE_EXPRESSION &&
		(sl_token_is(token, text, "then") || sl_token_is(token, text, "else") ||
			(sl_token_is(token, text, "do") && !at_statement))) {
		b->at_statement = true;
	}
}

static void body_word(struct sl_boundary *b, const struct sl_token *token, const char *text)
{
	bool at_statement = b->at_statement, after_end = b->after_end, may_open;

	b->at_statement = b->thing == THING_BLOCK && sl_token_is(token, text, "atomic");
	b->after_end = false;
	if (before_body(b, token, text))
		return;
	may_open = before_statement(b, token, text, at_statement);
	if (after_end && (begins_block(token, text) || sl_token_is(token, text, "repeat")))
		return;
	if (b->blocks > 0 && sl_token_is(token, text, "end") && closes(b, at_statement)) {
		b->after_end = innermost(b) != BLOCK_CASE_EXPRESSION;
		b->until = false;
		b->blocks--;
	} else if (may_open && sl_token_is(token, text, "repeat")) {
		open_block(b, BLOCK_REPEAT);
		b->at_statement = true;
	} else if (may_open && begins_block(token, text)) {
		open_block(b, BLOCK_PLAIN);
		b->at_statement = sl_token_is(token, text, "begin") ||
			sl_token_is(token, text, "loop");
	} else {
		begin_or_expression(b, token, text, at_statement);
	}
}

static bool semicolon(struct sl_boundary *b)
{
	if (b->blocks == 0)
		return !b->custom_delimiter;
	b->at_statement = true;
	b->after_end = false;
	b->declared = false;
	b->handler = false;
	return false;
}

static bool punctuation(struct sl_boundary *b, char c)
{
	if (c == ';')
		return semicolon(b);
	if (c == '(') {
		b->parens++;
	} else if (c == ')' && b->parens > 0) {
		b->parens--;
		if (b->parens == 0 && b->thing == THING_PROGRAM)
			b->began = true;
	}
	b->at_statement = c == ':' && b->body;
	b->after_end = false;
	return false;
}

bool sl_boundary_feed_mysql(struct sl_boundary *b, const struct sl_token *token, const char *text)
{
	switch (token->kind) {
	case SL_TOKEN_DELIMITER:
		return true;
	case SL_TOKEN_WORD:
		b->words++;
		if (b->body)
			body_word(b, token, text);
		else
			first_words(b, token, text);
		return false;
	case SL_TOKEN_PUNCTUATION:
		return punctuation(b, text[token->at]);
	case SL_TOKEN_MARK:
		return false;
	default:
		b->at_statement = b->body && b->before == SL_SEEN_FROM;
		if (b->at_statement)
			b->before = SL_SEEN_OTHER;
		b->after_end = false;
		return false;
	}
}
