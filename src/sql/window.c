#include "window.h"

#include "sluice/core/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Bytes asked of a source at once. */
#define PIECE ((size_t)64 * 1024)

void sl_window_init(struct sl_window *window, const struct sl_splitter_options *options)
{
	window->max = options->max_text ? options->max_text : SL_STATEMENT_WINDOW;
	window->marker.place.line = options->first_line ? options->first_line : 1;
	window->marker.place.column = 1;
	sl_lexer_init(&window->lexer, options->dialect, "", 0);
}

static void skip_byte_order_mark(struct sl_window *window)
{
	if (window->lexer.len >= 3 && memcmp(window->lexer.text, "\xef\xbb\xbf", 3) == 0) {
		window->lexer.pos = 3;
		window->marker.offset = 3;
	}
}

void sl_window_use_memory(struct sl_window *window, const char *text, size_t len)
{
	window->lexer.text = text;
	window->lexer.len = len;
	skip_byte_order_mark(window);
}

void sl_window_use_source(struct sl_window *window, const struct sl_sql_source *source)
{
	window->source = *source;
	window->cap = PIECE;
	window->buf = sl_xcalloc(1, window->cap);
	window->lexer.text = window->buf;
	window->lexer.more_follows = true;
	window->lexer.tag = window->tag;
}

void sl_window_done(struct sl_window *window)
{
	free(window->buf);
	window->buf = NULL;
}

const char *sl_window_at(const struct sl_window *window, size_t offset)
{
	size_t index = offset - window->base;

	if (window->dropped > 0 && index >= window->max)
		index = index >= window->max + window->dropped ? index - window->dropped :
								 window->max;
	return window->lexer.text + index;
}

struct sl_place sl_window_place(struct sl_window *window, size_t offset)
{
	struct sl_marker *marker = &window->marker;

	if (offset > marker->offset)
		sl_marker_advance(marker, sl_window_at(window, marker->offset),
			offset - marker->offset);
	return marker->place;
}

static void forget_before(struct sl_window *window, size_t from)
{
	struct sl_lexer *lexer = &window->lexer;

	if (from == 0)
		return;
	window->base = sl_window_offset(window, from);
	window->dropped = 0;
	memmove(window->buf, window->buf + from, lexer->len - from);
	lexer->len -= from;
	lexer->pos -= from;
}

/* Of a statement that is longer than may be kept, what the lexer is done with. */
static void drop_middle(struct sl_window *window)
{
	struct sl_lexer *lexer = &window->lexer;
	size_t n;

	if (lexer->pos <= window->max)
		return;
	n = lexer->pos - window->max;
	memmove(window->buf + window->max, window->buf + lexer->pos, lexer->len - lexer->pos);
	window->dropped += n;
	lexer->pos = window->max;
	lexer->len -= n;
}

static void make_room(struct sl_window *window, size_t keep)
{
	struct sl_lexer *lexer = &window->lexer;
	size_t need;

	(void)sl_window_place(window, sl_window_offset(window, lexer->pos));
	forget_before(window, keep == SL_NOWHERE ? lexer->pos : keep - window->base);
	if (keep != SL_NOWHERE)
		drop_middle(window);
	need = lexer->len + PIECE;
	if (need > window->cap) {
		window->cap = need > window->cap * 2 ? need : window->cap * 2;
		window->buf = sl_xrealloc(window->buf, window->cap);
		lexer->text = window->buf;
	}
}

enum sl_code sl_window_refill(struct sl_window *window, size_t keep, struct sl_error *err)
{
	struct sl_lexer *lexer = &window->lexer;
	size_t got = 0;
	enum sl_code code;

	make_room(window, keep);
	code = window->source.read(window->source.ctx, window->buf + lexer->len,
		window->cap - lexer->len, &got, err);
	if (code != SL_OK)
		return code;
	lexer->len += got;
	lexer->more_follows = got > 0;
	if (window->base == 0 && lexer->pos == 0)
		skip_byte_order_mark(window);
	return SL_OK;
}
