#include "lexer.h"

#include "sluice/core/str.h"
#include "sluice/core/utf8.h"

#include <strings.h>

static const char *const signs[] = { "<>", "<=", ">=", "!=", "==", "||", "=", "<", ">", "(", ")",
	",", "+", "-", "*", "/", "%" };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool token_is_sign(const struct token *token, const char *sign)
{
	return token->kind == TOKEN_SIGN && sl_str_eq(token->text, sign);
}

bool token_is_word(const struct token *token, const char *word)
{
	return token->kind == TOKEN_NAME && strcasecmp(token->text, word) == 0;
}

static void take(struct lexer *lexer, struct token *out, enum token_kind kind, size_t len)
{
	out->kind = kind;
	out->text = sl_arena_strndup(lexer->arena, lexer->at, len);
	lexer->at += len;
}

/* Between quotes, a doubled one standing for itself. */
static enum sl_code take_quoted(struct lexer *lexer, struct token *out, struct sl_error *err)
{
	char quote = *lexer->at++;
	char *text = sl_arena_alloc(lexer->arena, strlen(lexer->at) + 1);
	size_t len = 0;

	for (;; lexer->at++) {
		if (*lexer->at == '\0')
			return sl_error_set(err, SL_EINVAL, "column %zu: %s without its end",
				out->column, quote == '"' ? "a quoted name" : "a text");
		if (*lexer->at == quote && *++lexer->at != quote)
			break;
		text[len++] = *lexer->at;
	}
	out->kind = quote == '"' ? TOKEN_QUOTED : TOKEN_TEXT;
	out->text = text;
	return SL_OK;
}

#define DIGITS_MAX 18 /* fits an int64_t */

static enum sl_code take_number(struct lexer *lexer, struct token *out, struct sl_error *err)
{
	size_t len = strspn(lexer->at, "0123456789");
	bool real = lexer->at[len] == '.' && is_digit(lexer->at[len + 1]);

	if (len > DIGITS_MAX)
		return sl_error_set(err, SL_EINVAL, "column %zu: a number above %d digits",
			out->column, DIGITS_MAX);
	if (real)
		len += 1 + strspn(lexer->at + len + 1, "0123456789");
	if (is_letter(lexer->at[len]) || lexer->at[len] == '.')
		return sl_error_set(err, SL_EINVAL, "column %zu: not a number", out->column);
	take(lexer, out, real ? TOKEN_REAL : TOKEN_INT, len);
	return SL_OK;
}

static enum sl_code take_sign(struct lexer *lexer, struct token *out, struct sl_error *err)
{
	size_t size = 0;

	if (sl_str_starts(lexer->at, "--") || sl_str_starts(lexer->at, "/*"))
		return sl_error_set(err, SL_EINVAL, "column %zu: a comment has no place here",
			out->column);
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (sl_str_starts(lexer->at, signs[i])) {
			take(lexer, out, TOKEN_SIGN, strlen(signs[i]));
			return SL_OK;
		}
	}
	(void)sl_utf8_decode(lexer->at, strlen(lexer->at), &size);
	return sl_error_set(err, SL_EINVAL, "column %zu: '%.*s' has no place here", out->column,
		(int)size, lexer->at);
}

enum sl_code lexer_next(struct lexer *lexer, struct token *out, struct sl_error *err)
{
	lexer->at += strspn(lexer->at, " \t\r\n");
	*out = (struct token){ .kind = TOKEN_END, .text = "" };
	out->column = sl_utf8_count(lexer->start, (size_t)(lexer->at - lexer->start)) + 1;
	if (*lexer->at == '\0')
		return SL_OK;
	if (*lexer->at == '\'' || *lexer->at == '"')
		return take_quoted(lexer, out, err);
	if (is_digit(*lexer->at))
		return take_number(lexer, out, err);
	if (is_letter(*lexer->at)) {
		size_t len = 0;

		while (is_letter(lexer->at[len]) || is_digit(lexer->at[len]))
			len++;
		take(lexer, out, TOKEN_NAME, len);
		return SL_OK;
	}
	return take_sign(lexer, out, err);
}
