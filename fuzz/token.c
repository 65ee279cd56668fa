/* The lexer; the first byte chooses the dialect and its settings. */
#include "fuzz.h"

#include "sluice/sql/token.h"

#include <assert.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (c & 0x80) != 0 || c == '\0';
}

static void init(struct sl_lexer *lexer, uint8_t choice, const char *text, size_t len)
{
	sl_lexer_init(lexer, (enum sl_dialect)(choice % SL_DIALECT_COUNT), text, len);
	lexer->ansi_quotes = (choice & 0x40) != 0;
	lexer->no_backslash_escapes = (choice & 0x80) != 0;
}

/* Tokens follow one another, hold at least a byte, and leave out nothing but blanks. */
static void check_tokens(uint8_t choice, const char *text, size_t len)
{
	struct sl_arena *arena = sl_arena_new();
	struct sl_lexer lexer;
	struct sl_token token;
	size_t end = 0;

	init(&lexer, choice, text, len);
	while (sl_lexer_next(&lexer, &token)) {
		assert(token.kind > SL_TOKEN_END && token.kind < SL_TOKEN_KIND_COUNT);
		assert(token.at >= end && token.len > 0 && token.len <= len - token.at);
		assert(!token.broken || token.at + token.len == len);
		for (size_t i = end; i < token.at; i++)
			assert(is_blank(text[i]));
		if (token.kind == SL_TOKEN_NAME || token.kind == SL_TOKEN_WORD)
			assert(strlen(sl_token_name(arena, lexer.dialect, &token, text)) <= len);
		if (token.kind == SL_TOKEN_STRING)
			(void)sl_token_string(arena, lexer.dialect, &token, text);
		end = token.at + token.len;
	}
	assert(token.kind == SL_TOKEN_END);
	for (size_t i = end; i < len; i++)
		assert(is_blank(text[i]));
	sl_arena_free(arena);
}

/* What a fingerprint is made of is the same whatever the comments say: blanked, they change
 * nothing. Not so in MySQL, where "--" begins a comment only before a blank. */
static void check_comments(uint8_t choice, const char *text, size_t len)
{
	enum sl_dialect dialect = (enum sl_dialect)(choice % SL_DIALECT_COUNT);
	sl_auto_buf struct sl_buf one = SL_BUF_INIT((size_t)64 << 20);
	sl_auto_buf struct sl_buf two = SL_BUF_INIT((size_t)64 << 20);
	struct sl_arena *arena = sl_arena_new();
	char *bare = sl_arena_strndup(arena, text, len);
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, dialect, text, len);
	while (sl_lexer_next(&lexer, &token)) {
		if (token.kind == SL_TOKEN_COMMENT)
			memset(bare + token.at, ' ', token.len);
	}
	sl_sql_normalise(&one, dialect, text, len);
	sl_sql_normalise(&two, dialect, bare, len);
	assert(one.len == two.len && memcmp(sl_buf_str(&one), sl_buf_str(&two), one.len) == 0);
	sl_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	enum sl_dialect dialect;

	if (size == 0)
		return 0;
	dialect = (enum sl_dialect)(data[0] % SL_DIALECT_COUNT);
	check_tokens(data[0], text, size - 1);
	if (dialect == SL_DIALECT_POSTGRES || dialect == SL_DIALECT_SQLITE) {
		if (!memchr(text, '\0', size - 1))
			check_comments(data[0], text, size - 1);
	}
	return 0;
}
