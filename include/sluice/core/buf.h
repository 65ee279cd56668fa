/*
 * A growing string with a maximum.  The first failed addition makes the buffer stick at its
 * present content: callers add freely and check sl_buf_ok() once, at the end.
 */
#ifndef SLUICE_CORE_BUF_H
#define SLUICE_CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct sl_buf {
	char *data; /* owned; terminated once anything was added */
	size_t len;
	size_t cap;
	size_t max; /* bytes, the terminator not counted */
	bool full; /* an addition was refused */
};

#define SL_BUF_INIT(limit)     \
	{                      \
		.max = (limit) \
	}

void sl_buf_done(struct sl_buf *buf);
bool sl_buf_ok(const struct sl_buf *buf);

/* Borrowed; "" while empty; valid until the next addition. */
const char *sl_buf_str(const struct sl_buf *buf);

void sl_buf_add(struct sl_buf *buf, const char *data, size_t len);
/* s is terminated. */
void sl_buf_adds(struct sl_buf *buf, const char *s);
void sl_buf_addc(struct sl_buf *buf, char c);
void sl_buf_addf(struct sl_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Empties it, keeps the storage, forgets a refused addition. */
void sl_buf_clear(struct sl_buf *buf);

/* The text, owned by the caller (free()); the buffer is empty after.  Never NULL. */
char *sl_buf_take(struct sl_buf *buf) __attribute__((returns_nonnull, warn_unused_result));

#define sl_auto_buf __attribute__((cleanup(sl_buf_done)))

#endif
