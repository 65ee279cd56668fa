#include "sluice/sql/token.h"

#include "chars.h"

#include <string.h>

bool sl_token_spells(const struct sl_token *token, const char *text, const char *word)
{
	const char *p = text + token->at;

	for (size_t i = 0; i < token->len; i++) {
		if (word[i] != sl_char_lower(p[i]))
			return false;
	}
	return true;
}

static const char *folded(struct sl_arena *arena, enum sl_dialect dialect, const char *s,
	size_t len)
{
	char *name = sl_arena_strndup(arena, s, len);

	if (dialect == SL_DIALECT_POSTGRES) {
		for (size_t i = 0; i < len; i++)
			name[i] = sl_char_lower(name[i]);
	}
	return name;
}

/* Between the quotes, doubled ones made single. */
static const char *unquoted(struct sl_arena *arena, const char *s, size_t len, char quote)
{
	char *out = sl_arena_alloc(arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		out[n++] = s[i];
		if (s[i] == quote && i + 1 < len && s[i + 1] == quote)
			i++;
	}
	out[n] = '\0';
	return out;
}

/* Cuts the first and the last byte, the last only where the token has its end. */
static const char *inside(struct sl_arena *arena, const struct sl_token *token, const char *text,
	size_t prefix)
{
	const char *s = text + token->at + prefix;
	size_t len = token->len - prefix;
	char quote = s[0] == '[' ? ']' : s[0];
	size_t cut = token->broken ? 1 : 2;

	return unquoted(arena, s + 1, len > cut ? len - cut : 0, quote);
}

const char *sl_token_name(struct sl_arena *arena, enum sl_dialect dialect,
	const struct sl_token *token, const char *text)
{
	const char *s = text + token->at;

	if (token->kind != SL_TOKEN_NAME && token->kind != SL_TOKEN_STRING)
		return folded(arena, dialect, s, token->len);
	if (token->len > 2 && s[1] == '&')
		return inside(arena, token, text, 2);
	return inside(arena, token, text, 0);
}

static char escaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	default:
		return c;
	}
}

static const char *unescaped(struct sl_arena *arena, const char *s, size_t len, char quote)
{
	char *out = sl_arena_alloc(arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 1 < len) {
			out[n++] = escaped(s[++i]);
			continue;
		}
		out[n++] = s[i];
		if (s[i] == quote && i + 1 < len && s[i + 1] == quote)
			i++;
	}
	out[n] = '\0';
	return out;
}

static const char *dollar_body(struct sl_arena *arena, const struct sl_token *token, const char *s)
{
	const char *second = memchr(s + 1, '$', token->len - 1);
	size_t tag = second ? (size_t)(second - s) + 1 : token->len;
	size_t end = token->broken ? 0 : tag;

	if (token->len < tag + end)
		return "";
	return sl_arena_strndup(arena, s + tag, token->len - tag - end);
}

const char *sl_token_string(struct sl_arena *arena, enum sl_dialect dialect,
	const struct sl_token *token, const char *text)
{
	const char *s = text + token->at;
	bool mysql = dialect == SL_DIALECT_MYSQL || dialect == SL_DIALECT_MARIADB;
	size_t cut = token->broken ? 1 : 2;

	if (s[0] == '$')
		return dollar_body(arena, token, s);
	if (s[0] == '\'' && !mysql)
		return inside(arena, token, text, 0);
	if (mysql && (s[0] == '\'' || s[0] == '"'))
		return unescaped(arena, s + 1, token->len > cut ? token->len - cut : 0, s[0]);
	if (sl_char_lower(s[0]) == 'e' && dialect == SL_DIALECT_POSTGRES)
		return unescaped(arena, s + 2, token->len > cut + 1 ? token->len - cut - 1 : 0,
			'\'');
	return sl_arena_strndup(arena, s, token->len);
}

size_t sl_sql_placeholder(enum sl_dialect dialect, const char *text, size_t len)
{
	const char *hit = memmem(text, len, "${", 2);
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, dialect, text, len);
	while (hit && sl_lexer_next(&lexer, &token)) {
		size_t end = token.at + token.len;

		if (end <= (size_t)(hit - text))
			continue;
		if (token.kind != SL_TOKEN_COMMENT)
			return (size_t)(hit - text);
		hit = memmem(text + end, len - end, "${", 2);
	}
	return len;
}

void sl_sql_normalise(struct sl_buf *out, enum sl_dialect dialect, const char *text, size_t len)
{
	struct sl_lexer lexer;
	struct sl_token token;
	bool first = true;

	sl_lexer_init(&lexer, dialect, text, len);
	while (sl_lexer_next(&lexer, &token)) {
		if (token.kind == SL_TOKEN_COMMENT)
			continue;
		if (!first)
			sl_buf_addc(out, ' ');
		sl_buf_add(out, text + token.at, token.len);
		first = false;
	}
}
