#include "read.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PRINTED_MAX ((size_t)64 << 20)

struct sl_my_tokens sl_my_tokens(struct sl_my_read *read, const char *text)
{
	struct sl_my_tokens t = { .read = read, .text = text };
	struct sl_token *at = NULL;
	size_t cap = 0;
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, read->conn->base.dialect, text, strlen(text));
	while (sl_lexer_next_code(&lexer, &token)) {
		at = sl_vec_reserve_in(read->arena, at, t.len, &cap, sizeof(*at));
		at[t.len++] = token;
	}
	t.at = at;
	return t;
}

bool sl_my_is(const struct sl_my_tokens *t, size_t i, const char *word)
{
	return i < t->len && sl_token_is(&t->at[i], t->text, word);
}

bool sl_my_is_char(const struct sl_my_tokens *t, size_t i, char c)
{
	return i < t->len && sl_token_is_char(&t->at[i], t->text, c);
}

bool sl_my_is_name(const struct sl_my_tokens *t, size_t i)
{
	return i < t->len && t->at[i].kind == SL_TOKEN_NAME;
}

const char *sl_my_name(const struct sl_my_tokens *t, size_t i)
{
	if (i >= t->len)
		return "";
	return sl_token_name(t->read->arena, t->read->conn->base.dialect, &t->at[i], t->text);
}

const char *sl_my_string(const struct sl_my_tokens *t, size_t i)
{
	if (i >= t->len || t->at[i].kind != SL_TOKEN_STRING)
		return "";
	return sl_token_string(t->read->arena, t->read->conn->base.dialect, &t->at[i], t->text);
}

static bool is_own_database(const struct sl_my_tokens *t, size_t i, size_t end)
{
	return i + 2 < end && sl_my_is_name(t, i) && sl_my_is_char(t, i + 1, '.') &&
		sl_my_is_name(t, i + 2) && sl_str_eq(sl_my_name(t, i), t->read->database);
}

const char *sl_my_text(const struct sl_my_tokens *t, size_t first, size_t end)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(PRINTED_MAX);

	for (size_t i = first; i < end && i < t->len; i++) {
		const struct sl_token *token = &t->at[i];

		if (i > first && token->at > t->at[i - 1].at + t->at[i - 1].len)
			sl_buf_addc(&out, ' ');
		if (is_own_database(t, i, end)) {
			i += 2;
			token = &t->at[i];
		}
		sl_buf_add(&out, t->text + token->at, token->len);
	}
	return sl_arena_strdup(t->read->arena, sl_buf_str(&out));
}

size_t sl_my_find(const struct sl_my_tokens *t, size_t i, char c)
{
	for (; i < t->len; i++) {
		if (sl_my_is_char(t, i, c) || sl_my_is_char(t, i, ')'))
			return i;
		if (sl_my_is_char(t, i, '('))
			i = sl_my_close(t, i) - 1;
	}
	return t->len;
}

size_t sl_my_close(const struct sl_my_tokens *t, size_t i)
{
	size_t depth = 0;

	for (; i < t->len; i++) {
		if (sl_my_is_char(t, i, '('))
			depth++;
		else if (sl_my_is_char(t, i, ')') && --depth == 0)
			return i + 1;
	}
	return t->len;
}

struct sl_names sl_my_names(const struct sl_my_tokens *t, size_t i)
{
	size_t end = sl_my_close(t, i);
	const char **at = sl_arena_calloc(t->read->arena, end - i + 1, sizeof(*at));
	struct sl_names names = { at, 0 };

	for (; i < end; i++)
		if (sl_my_is_name(t, i))
			at[names.len++] = sl_my_name(t, i);
	return names;
}

void sl_my_incomplete(struct sl_my_read *read, const char *fmt, ...)
{
	char text[SL_ERROR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sl_catalog_add_incomplete(read->builder, text);
}
