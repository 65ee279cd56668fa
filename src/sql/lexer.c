#include "lexer.h"

#include "chars.h"

#include <string.h>

static const enum sl_token_kind open_kinds[SL_OPEN_COUNT] = {
	[SL_OPEN_LINE_COMMENT] = SL_TOKEN_COMMENT,
	[SL_OPEN_BLOCK_COMMENT] = SL_TOKEN_COMMENT,
	[SL_OPEN_QUOTE] = SL_TOKEN_STRING,
	[SL_OPEN_ESCAPE_QUOTE] = SL_TOKEN_STRING,
	[SL_OPEN_DOUBLE_QUOTE] = SL_TOKEN_NAME,
	[SL_OPEN_ESCAPE_DOUBLE_QUOTE] = SL_TOKEN_STRING,
	[SL_OPEN_BACKTICK] = SL_TOKEN_NAME,
	[SL_OPEN_BRACKET] = SL_TOKEN_NAME,
	[SL_OPEN_DOLLAR] = SL_TOKEN_STRING,
	[SL_OPEN_WORD] = SL_TOKEN_WORD,
	[SL_OPEN_NUMBER] = SL_TOKEN_NUMBER,
	[SL_OPEN_LINE] = SL_TOKEN_COMMAND,
};

static const char *const open_names[SL_OPEN_COUNT] = {
	[SL_OPEN_NONE] = "statement",
	[SL_OPEN_LINE_COMMENT] = "comment",
	[SL_OPEN_BLOCK_COMMENT] = "comment",
	[SL_OPEN_QUOTE] = "string",
	[SL_OPEN_ESCAPE_QUOTE] = "string",
	[SL_OPEN_DOUBLE_QUOTE] = "quoted name",
	[SL_OPEN_ESCAPE_DOUBLE_QUOTE] = "string",
	[SL_OPEN_BACKTICK] = "quoted name",
	[SL_OPEN_BRACKET] = "quoted name",
	[SL_OPEN_DOLLAR] = "dollar-quoted string",
	[SL_OPEN_WORD] = "word",
	[SL_OPEN_NUMBER] = "number",
	[SL_OPEN_LINE] = "command",
};

const char *sl_open_name(int open)
{
	return open_names[open];
}

static bool is_mysql(const struct sl_lexer *lexer)
{
	return lexer->dialect == SL_DIALECT_MYSQL || lexer->dialect == SL_DIALECT_MARIADB;
}

/* The byte at pos + ahead, NUL behind the end. */
static char peek(const struct sl_lexer *lexer, size_t ahead)
{
	return lexer->len - lexer->pos > ahead ? lexer->text[lexer->pos + ahead] : '\0';
}

/* ---- what may be open: each takes what it can, and says whether its end was reached ---- */

static bool take_line(struct sl_lexer *lexer)
{
	bool cr = lexer->dialect == SL_DIALECT_POSTGRES;

	while (lexer->pos < lexer->len) {
		char c = lexer->text[lexer->pos];

		if (c == '\n' || (c == '\r' && cr))
			return true;
		lexer->pos++;
	}
	return false;
}

static bool take_block_comment(struct sl_lexer *lexer)
{
	bool nests = lexer->dialect == SL_DIALECT_POSTGRES;

	while (lexer->pos + 1 < lexer->len) {
		const char *p = lexer->text + lexer->pos;

		if (p[0] == '*' && p[1] == '/') {
			lexer->pos += 2;
			if (--lexer->depth == 0)
				return true;
		} else if (nests && p[0] == '/' && p[1] == '*') {
			lexer->pos += 2;
			lexer->depth++;
		} else {
			lexer->pos++;
		}
	}
	return false;
}

/* Behind the opening quote; a doubled quote is one, as is what follows a backslash. */
static bool take_quoted(struct sl_lexer *lexer, char quote, bool backslash)
{
	while (lexer->pos < lexer->len) {
		char c = lexer->text[lexer->pos];
		bool last = lexer->pos + 1 == lexer->len;

		if (c == '\\' && backslash) {
			if (last)
				return false;
			lexer->pos += 2;
		} else if (c != quote) {
			lexer->pos++;
		} else if (last && lexer->more_follows) {
			return false;
		} else if (peek(lexer, 1) == quote && quote != ']') {
			lexer->pos += 2;
		} else {
			lexer->pos++;
			return true;
		}
	}
	return false;
}

static bool take_dollar(struct sl_lexer *lexer, const char *tag)
{
	while (lexer->pos < lexer->len) {
		const char *p = lexer->text + lexer->pos;
		size_t left = lexer->len - lexer->pos;
		const char *found = memchr(p, '$', left);

		if (!found) {
			lexer->pos = lexer->len;
			return false;
		}
		lexer->pos += (size_t)(found - p);
		left -= (size_t)(found - p);
		if (left < lexer->tag_len)
			return false;
		if (memcmp(found, tag, lexer->tag_len) == 0) {
			lexer->pos += lexer->tag_len;
			return true;
		}
		lexer->pos++;
	}
	return false;
}

static bool at_delimiter(const struct sl_lexer *lexer)
{
	size_t len;

	if (!lexer->delimiter)
		return false;
	len = strlen(lexer->delimiter);
	return lexer->len - lexer->pos >= len &&
		memcmp(lexer->text + lexer->pos, lexer->delimiter, len) == 0;
}

static bool take_word(struct sl_lexer *lexer)
{
	if (!lexer->delimiter) {
		const char *text = lexer->text;
		size_t pos = lexer->pos, len = lexer->len;

		while (pos < len && sl_char_is(text[pos], SL_CHAR_WORD))
			pos++;
		lexer->pos = pos;
		return pos < len;
	}
	while (lexer->pos < lexer->len) {
		if (!sl_char_is(lexer->text[lexer->pos], SL_CHAR_WORD) || at_delimiter(lexer))
			return true;
		lexer->pos++;
	}
	return false;
}

static bool take_digits(struct sl_lexer *lexer)
{
	while (lexer->pos < lexer->len) {
		if (!sl_char_is(lexer->text[lexer->pos], SL_CHAR_DIGIT))
			return true;
		lexer->pos++;
	}
	return false;
}

static bool take_open(struct sl_lexer *lexer, const char *tag)
{
	switch (lexer->open) {
	case SL_OPEN_LINE_COMMENT:
	case SL_OPEN_LINE:
		return take_line(lexer);
	case SL_OPEN_BLOCK_COMMENT:
		return take_block_comment(lexer);
	case SL_OPEN_QUOTE:
		return take_quoted(lexer, '\'', false);
	case SL_OPEN_ESCAPE_QUOTE:
		return take_quoted(lexer, '\'', true);
	case SL_OPEN_DOUBLE_QUOTE:
		return take_quoted(lexer, '"', false);
	case SL_OPEN_ESCAPE_DOUBLE_QUOTE:
		return take_quoted(lexer, '"', true);
	case SL_OPEN_BACKTICK:
		return take_quoted(lexer, '`', false);
	case SL_OPEN_BRACKET:
		return take_quoted(lexer, ']', false);
	case SL_OPEN_DOLLAR:
		return take_dollar(lexer, tag);
	case SL_OPEN_WORD:
		return take_word(lexer);
	default:
		return take_digits(lexer);
	}
}

/* Lines, words and numbers may end with the text; SQLite lets a comment do so too. */
static bool may_end_open(const struct sl_lexer *lexer)
{
	switch (lexer->open) {
	case SL_OPEN_LINE_COMMENT:
	case SL_OPEN_LINE:
	case SL_OPEN_WORD:
	case SL_OPEN_NUMBER:
		return true;
	case SL_OPEN_BLOCK_COMMENT:
		return lexer->dialect == SL_DIALECT_SQLITE;
	default:
		return false;
	}
}

/* Goes on with what is open, from the lexer's place; out->at is set. */
static enum sl_step go_on(struct sl_lexer *lexer, struct sl_token *out, const char *tag)
{
	out->kind = open_kinds[lexer->open];
	out->broken = false;
	if (take_open(lexer, tag)) {
		lexer->open = SL_OPEN_NONE;
	} else if (!lexer->more_follows) {
		out->broken = !may_end_open(lexer);
		lexer->pos = lexer->len;
		if (!out->broken)
			lexer->open = SL_OPEN_NONE;
	}
	out->len = lexer->pos - out->at;
	if (lexer->more_follows && lexer->open && out->len == 0)
		return SL_STEP_MORE;
	return SL_STEP_TOKEN;
}

/* ---- beginnings ---- */

static enum sl_step begin(struct sl_lexer *lexer, struct sl_token *out, enum sl_open open,
	size_t prefix)
{
	lexer->open = (int)open;
	lexer->pos += prefix;
	return go_on(lexer, out, NULL);
}

static enum sl_step whole(struct sl_lexer *lexer, struct sl_token *out, enum sl_token_kind kind,
	size_t len)
{
	lexer->pos += len;
	out->kind = kind;
	out->broken = false;
	out->len = len;
	return SL_STEP_TOKEN;
}

/* Length of the tag that begins here with both its dollars, or 0. */
static size_t dollar_tag(const struct sl_lexer *lexer)
{
	size_t n = 1;

	if (peek(lexer, 1) != '$' && !sl_char_is(peek(lexer, 1), SL_CHAR_WORD_START))
		return 0;
	while (n < SL_TAG_MAX && sl_char_is(peek(lexer, n), SL_CHAR_WORD_START | SL_CHAR_DIGIT))
		n++;
	return n < SL_TAG_MAX && peek(lexer, n) == '$' ? n + 1 : 0;
}

static enum sl_step parameter(struct sl_lexer *lexer, struct sl_token *out, size_t n)
{
	while (sl_char_is(peek(lexer, n), SL_CHAR_WORD) ||
		(peek(lexer, n) == '.' && is_mysql(lexer)))
		n++;
	return whole(lexer, out, SL_TOKEN_PARAMETER, n);
}

static enum sl_step dollar(struct sl_lexer *lexer, struct sl_token *out)
{
	size_t len = lexer->dialect == SL_DIALECT_POSTGRES ? dollar_tag(lexer) : 0;
	const char *tag = lexer->text + lexer->pos;

	if (len > 0) {
		if (lexer->tag)
			memcpy(lexer->tag, tag, len);
		lexer->tag_len = len;
		lexer->open = SL_OPEN_DOLLAR;
		lexer->pos += len;
		return go_on(lexer, out, tag);
	}
	if (is_mysql(lexer))
		return begin(lexer, out, SL_OPEN_WORD, 1);
	if (lexer->dialect == SL_DIALECT_SQLITE)
		return parameter(lexer, out, 1);
	if (sl_char_is(peek(lexer, 1), SL_CHAR_DIGIT)) {
		size_t n = 1;

		while (sl_char_is(peek(lexer, n), SL_CHAR_DIGIT))
			n++;
		return whole(lexer, out, SL_TOKEN_PARAMETER, n);
	}
	return whole(lexer, out, SL_TOKEN_BAD, 1);
}

/* A quote behind n bytes of prefix. */
static enum sl_step quote(struct sl_lexer *lexer, struct sl_token *out, size_t n, bool escapes)
{
	return begin(lexer, out, escapes ? SL_OPEN_ESCAPE_QUOTE : SL_OPEN_QUOTE, n + 1);
}

/* Half of all tokens: nearly always its end is in sight. */
static enum sl_step plain_word(struct sl_lexer *lexer, struct sl_token *out)
{
	size_t n = 1, left = lexer->len - lexer->pos;
	const char *text = lexer->text + lexer->pos;

	if (lexer->delimiter)
		return begin(lexer, out, SL_OPEN_WORD, 1);
	while (n < left && sl_char_is(text[n], SL_CHAR_WORD))
		n++;
	if (n == left && lexer->more_follows)
		return begin(lexer, out, SL_OPEN_WORD, n);
	return whole(lexer, out, SL_TOKEN_WORD, n);
}

static enum sl_step word(struct sl_lexer *lexer, struct sl_token *out)
{
	char c = sl_char_lower(peek(lexer, 0));
	bool postgres = lexer->dialect == SL_DIALECT_POSTGRES;

	if (peek(lexer, 1) == '\'') {
		if (c == 'x' || ((c == 'b' || c == 'n') && lexer->dialect != SL_DIALECT_SQLITE))
			return quote(lexer, out, 1,
				c == 'n' && is_mysql(lexer) && !lexer->no_backslash_escapes);
		if (c == 'e' && postgres)
			return quote(lexer, out, 1, true);
	}
	if (postgres && c == 'u' && peek(lexer, 1) == '&') {
		if (peek(lexer, 2) == '\'')
			return quote(lexer, out, 2, false);
		if (peek(lexer, 2) == '"')
			return begin(lexer, out, SL_OPEN_DOUBLE_QUOTE, 3);
	}
	return plain_word(lexer, out);
}

/* Digits, a point, an exponent; 0x1f.  MySQL's names may begin with digits. */
static enum sl_step number(struct sl_lexer *lexer, struct sl_token *out)
{
	size_t n = 0;
	char c;

	if (peek(lexer, 0) == '0' && sl_char_lower(peek(lexer, 1)) == 'x') {
		while (sl_char_is(peek(lexer, n), SL_CHAR_WORD) && n < SL_LOOKAHEAD / 2)
			n++;
		return whole(lexer, out, SL_TOKEN_NUMBER, n);
	}
	while (sl_char_is(peek(lexer, n), SL_CHAR_DIGIT) && n < SL_LOOKAHEAD / 2)
		n++;
	if (n == SL_LOOKAHEAD / 2)
		return begin(lexer, out, SL_OPEN_NUMBER, n);
	if (peek(lexer, n) == '.' && peek(lexer, n + 1) != '.') {
		n++;
		while (sl_char_is(peek(lexer, n), SL_CHAR_DIGIT) && n < SL_LOOKAHEAD / 2)
			n++;
	}
	c = peek(lexer, n + 1);
	if (sl_char_lower(peek(lexer, n)) == 'e' &&
		(sl_char_is(c, SL_CHAR_DIGIT) ||
			((c == '+' || c == '-') && sl_char_is(peek(lexer, n + 2), SL_CHAR_DIGIT))))
		return begin(lexer, out, SL_OPEN_NUMBER, n + 2);
	if (is_mysql(lexer) && sl_char_is(peek(lexer, n), SL_CHAR_WORD))
		return begin(lexer, out, SL_OPEN_WORD, n);
	return whole(lexer, out, SL_TOKEN_NUMBER, n);
}

/* MySQL: what only servers of a version run.  For 999999, which no server has, it is a comment: the
 * first line of dumps hides a command of the client program there. */
static enum sl_step block_comment(struct sl_lexer *lexer, struct sl_token *out)
{
	size_t n = peek(lexer, 2) == 'M' && lexer->dialect == SL_DIALECT_MARIADB ? 3 : 2;

	if (is_mysql(lexer) && peek(lexer, n) == '!') {
		size_t version = ++n;

		while (sl_char_is(peek(lexer, n), SL_CHAR_DIGIT) && n < 16)
			n++;
		if (n < version + 6 || peek(lexer, version) != '9') {
			lexer->in_executable = true;
			return whole(lexer, out, SL_TOKEN_MARK, n);
		}
	}
	lexer->depth = 1;
	return begin(lexer, out, SL_OPEN_BLOCK_COMMENT, 2);
}

/* Whether a comment begins at pos + n. */
static bool comment_at(const struct sl_lexer *lexer, size_t n)
{
	char a = peek(lexer, n), b = peek(lexer, n + 1);

	return (a == '-' && b == '-') || (a == '/' && b == '*');
}

static enum sl_step operator_run(struct sl_lexer *lexer, struct sl_token *out)
{
	size_t n = 1;

	while (n < SL_LOOKAHEAD / 2 && sl_char_is(peek(lexer, n), SL_CHAR_OPERATOR) &&
		!comment_at(lexer, n))
		n++;
	return whole(lexer, out, SL_TOKEN_OPERATOR, n);
}

/* SQLite and MySQL: the longest operator that they know. */
static enum sl_step operator_known(struct sl_lexer *lexer, struct sl_token *out)
{
	static const char *const known[] = { "<=>", "->>", "->", "||", "&&", "<<", ">>",
		"<=", ">=", "<>", "!=", "==" };

	if (!sl_char_is(peek(lexer, 1), SL_CHAR_OPERATOR))
		return whole(lexer, out, SL_TOKEN_OPERATOR, 1);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t len = strlen(known[i]);

		if (lexer->len - lexer->pos >= len &&
			memcmp(lexer->text + lexer->pos, known[i], len) == 0)
			return whole(lexer, out, SL_TOKEN_OPERATOR, len);
	}
	return whole(lexer, out, SL_TOKEN_OPERATOR, 1);
}

static bool line_comment_here(const struct sl_lexer *lexer)
{
	char c = peek(lexer, 2);

	if (peek(lexer, 0) == '#')
		return is_mysql(lexer);
	if (peek(lexer, 0) != '-' || peek(lexer, 1) != '-')
		return false;
	return !is_mysql(lexer) || (unsigned char)c <= ' ';
}

static enum sl_step other_operator(struct sl_lexer *lexer, struct sl_token *out)
{
	char c = peek(lexer, 0);

	switch (lexer->dialect) {
	case SL_DIALECT_POSTGRES:
		if (c == '`')
			return whole(lexer, out, SL_TOKEN_BAD, 1);
		return operator_run(lexer, out);
	case SL_DIALECT_SQLITE:
		if (c == '?' || c == '@' || c == '#')
			return parameter(lexer, out, 1);
		break;
	default:
		if (c == '@')
			return parameter(lexer, out, peek(lexer, 1) == '@' ? 2 : 1);
		if (c == '?')
			return whole(lexer, out, SL_TOKEN_PARAMETER, 1);
		break;
	}
	if (c == '`')
		return begin(lexer, out, SL_OPEN_BACKTICK, 1);
	return operator_known(lexer, out);
}

static enum sl_step operator_or_comment(struct sl_lexer *lexer, struct sl_token *out)
{
	if (line_comment_here(lexer))
		return begin(lexer, out, SL_OPEN_LINE_COMMENT, 1);
	if (peek(lexer, 0) == '/' && peek(lexer, 1) == '*')
		return block_comment(lexer, out);
	if (lexer->in_executable && peek(lexer, 0) == '*' && peek(lexer, 1) == '/') {
		lexer->in_executable = false;
		return whole(lexer, out, SL_TOKEN_MARK, 2);
	}
	return other_operator(lexer, out);
}

static enum sl_step punctuation(struct sl_lexer *lexer, struct sl_token *out)
{
	char c = peek(lexer, 0), d = peek(lexer, 1);

	if (c == '[' && lexer->dialect == SL_DIALECT_SQLITE)
		return begin(lexer, out, SL_OPEN_BRACKET, 1);
	if (c == '.' && sl_char_is(d, SL_CHAR_DIGIT) && lexer->dialect != SL_DIALECT_MYSQL &&
		lexer->dialect != SL_DIALECT_MARIADB)
		return number(lexer, out);
	if (c == ':' && (d == ':' || d == '=') && lexer->dialect != SL_DIALECT_SQLITE)
		return whole(lexer, out, SL_TOKEN_OPERATOR, 2);
	if (c == ':' && lexer->dialect == SL_DIALECT_SQLITE && sl_char_is(d, SL_CHAR_WORD))
		return parameter(lexer, out, 1);
	return whole(lexer, out, SL_TOKEN_PUNCTUATION, 1);
}

static enum sl_step backslash(struct sl_lexer *lexer, struct sl_token *out)
{
	if (lexer->dialect == SL_DIALECT_SQLITE)
		return whole(lexer, out, SL_TOKEN_BAD, 1);
	if (is_mysql(lexer) && sl_char_lower(peek(lexer, 1)) == 'g')
		return whole(lexer, out, SL_TOKEN_DELIMITER, 2);
	return begin(lexer, out, SL_OPEN_LINE, 1);
}

static enum sl_step begin_token(struct sl_lexer *lexer, struct sl_token *out)
{
	char c = lexer->text[lexer->pos];

	if (at_delimiter(lexer))
		return whole(lexer, out, SL_TOKEN_DELIMITER, strlen(lexer->delimiter));
	if (sl_char_is(c, SL_CHAR_WORD_START))
		return word(lexer, out);
	if (sl_char_is(c, SL_CHAR_DIGIT))
		return number(lexer, out);
	if (sl_char_is(c, SL_CHAR_PUNCTUATION))
		return punctuation(lexer, out);
	if (sl_char_is(c, SL_CHAR_OPERATOR))
		return operator_or_comment(lexer, out);
	if (c == '\'')
		return quote(lexer, out, 0, is_mysql(lexer) && !lexer->no_backslash_escapes);
	if (c == '"' && is_mysql(lexer) && !lexer->ansi_quotes)
		return begin(lexer, out, SL_OPEN_ESCAPE_DOUBLE_QUOTE, 1);
	if (c == '"')
		return begin(lexer, out, SL_OPEN_DOUBLE_QUOTE, 1);
	if (c == '$')
		return dollar(lexer, out);
	if (c == '\\')
		return backslash(lexer, out);
	return whole(lexer, out, SL_TOKEN_BAD, 1);
}

static void skip_blanks(struct sl_lexer *lexer)
{
	while (lexer->pos < lexer->len && sl_char_is(lexer->text[lexer->pos], SL_CHAR_SPACE))
		lexer->pos++;
}

enum sl_step sl_lexer_step(struct sl_lexer *lexer, struct sl_token *out)
{
	if (lexer->open) {
		out->at = lexer->pos;
		if (lexer->pos == lexer->len && lexer->more_follows)
			return SL_STEP_MORE;
		return go_on(lexer, out, lexer->tag);
	}
	skip_blanks(lexer);
	if (lexer->more_follows && lexer->len - lexer->pos < SL_LOOKAHEAD)
		return SL_STEP_MORE;
	out->at = lexer->pos;
	out->len = 0;
	out->kind = SL_TOKEN_END;
	out->broken = false;
	if (lexer->pos == lexer->len)
		return SL_STEP_END;
	return begin_token(lexer, out);
}

enum sl_step sl_lexer_line(struct sl_lexer *lexer, struct sl_token *out)
{
	out->at = lexer->pos;
	return begin(lexer, out, SL_OPEN_LINE, 0);
}

void sl_lexer_init(struct sl_lexer *lexer, enum sl_dialect dialect, const char *text, size_t len)
{
	*lexer = (struct sl_lexer){ .text = text, .len = len, .dialect = dialect };
}

bool sl_lexer_next(struct sl_lexer *lexer, struct sl_token *out)
{
	bool found = sl_lexer_step(lexer, out) == SL_STEP_TOKEN;

	lexer->open = SL_OPEN_NONE;
	return found;
}

bool sl_lexer_next_code(struct sl_lexer *lexer, struct sl_token *out)
{
	bool found = sl_lexer_next(lexer, out);

	while (found && (out->kind == SL_TOKEN_COMMENT || out->kind == SL_TOKEN_MARK))
		found = sl_lexer_next(lexer, out);
	return found;
}
