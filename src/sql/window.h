/*
 * The part of the input that the splitter holds.  Over memory that is all of it.  Over a source the
 * window begins at or before the current statement and grows up to `max` bytes and a piece; of a
 * longer statement its head of `max` bytes stays, and what lies between that and the lexer's place
 * goes: `dropped` counts it.  Tokens are given by index in the window, everything that has to
 * outlive the next token by offset in the input.
 */
#ifndef SLUICE_SRC_SQL_WINDOW_H
#define SLUICE_SRC_SQL_WINDOW_H

#include "lexer.h"
#include "place.h"

#define SL_NOWHERE ((size_t)-1)

struct sl_window {
	struct sl_sql_source source;
	char *buf; /* owned; NULL over memory */
	size_t cap;
	size_t max;
	size_t base; /* offset of the window's first byte */
	size_t dropped;
	struct sl_lexer lexer;
	struct sl_marker marker; /* never before the base, never beyond the lexer */
	char tag[SL_TAG_MAX];
};

void sl_window_init(struct sl_window *window, const struct sl_splitter_options *options);
void sl_window_use_memory(struct sl_window *window, const char *text, size_t len);
void sl_window_use_source(struct sl_window *window, const struct sl_sql_source *source);
void sl_window_done(struct sl_window *window);

static inline size_t sl_window_offset(const struct sl_window *window, size_t index)
{
	return window->base + index + (index >= window->max ? window->dropped : 0);
}

/* Where the byte is kept now. */
const char *sl_window_at(const struct sl_window *window, size_t offset);

/* Moves the marker there: offsets may only grow. */
struct sl_place sl_window_place(struct sl_window *window, size_t offset);

/* Reads on.  Keeps what stands from the offset on (SL_NOWHERE: nothing before the lexer). */
enum sl_code sl_window_refill(struct sl_window *window, size_t keep, struct sl_error *err);

#endif
