#include "fuzz.h"

#include "sluice/sql/split.h"

#include <stdlib.h>
#include <string.h>

/* Hands out the text in pieces, as a file or a pipe would. */
struct pieces {
	const char *text;
	size_t len;
	size_t at;
	size_t size;
};

static enum sl_code read_piece(void *ctx, char *buf, size_t size, size_t *got, struct sl_error *err)
{
	struct pieces *pieces = ctx;
	size_t len = pieces->len - pieces->at;

	(void)err;
	if (len > pieces->size)
		len = pieces->size;
	if (len > size)
		len = size;
	memcpy(buf, pieces->text + pieces->at, len);
	pieces->at += len;
	*got = len;
	return SL_OK;
}

/* The tokens that come with a statement are those of its text. */
static void compare_tokens(enum sl_dialect dialect, const struct sl_statement_text *a)
{
	struct sl_lexer lexer;
	struct sl_token token;
	size_t n = 0;

	if (!a->tokens)
		return;
	sl_lexer_init(&lexer, dialect, a->text, a->len);
	for (; sl_lexer_next_code(&lexer, &token); n++) {
		if (n == a->tokens_len || a->tokens[n].kind != token.kind ||
			a->tokens[n].at != token.at || a->tokens[n].len != token.len ||
			a->tokens[n].broken != token.broken)
			abort();
	}
	if (n != a->tokens_len)
		abort();
}

/* Whole or in pieces, the statements are the same and none overlaps the one before. */
static void compare(const struct sl_splitter_options *options, const char *text, size_t len,
	size_t size)
{
	struct pieces pieces = { .text = text, .len = len, .size = size };
	struct sl_sql_source source = { .read = read_piece, .ctx = &pieces };
	struct sl_splitter *whole = sl_splitter_new(options, text, len);
	struct sl_splitter *split = sl_splitter_new_source(options, &source);
	struct sl_statement_text a = { 0 };
	struct sl_statement_text b = { 0 };
	size_t end = 0;

	do {
		if (sl_splitter_next(whole, &a, NULL) != sl_splitter_next(split, &b, NULL))
			abort();
		if (a.kind != b.kind || a.len != b.len || a.full_len != b.full_len)
			abort();
		if (a.kind == SL_TEXT_END)
			break;
		if (a.offset < end || a.offset + a.full_len > len ||
			memcmp(a.text, b.text, a.len) != 0)
			abort();
		compare_tokens(options->dialect, &a);
		compare_tokens(options->dialect, &b);
		end = a.offset + a.full_len;
	} while (true);
	sl_splitter_free(whole);
	sl_splitter_free(split);
}

/* The first byte chooses the dialect and the size of the pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_splitter_options options = { .max_text = 256 };

	if (size == 0)
		return 0;
	options.dialect = (enum sl_dialect)(data[0] % SL_DIALECT_COUNT);
	options.statement_blocks = (data[0] & 0x40) != 0;
	compare(&options, (const char *)data + 1, size - 1, 1 + data[0] % 7u);
	return 0;
}
