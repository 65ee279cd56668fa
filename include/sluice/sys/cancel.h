/*
 * A cancel token: a flag, a deadline on the monotonic clock, and perhaps a parent whose asking and
 * deadline count too.  Everything that may take long carries one and gives up when it says so.
 *
 * Threading: asking and checking from any thread; sl_cancel_ask() also from a signal handler.
 * Lifetime: the clock and the parent must outlive the token.  A NULL token never cancels.
 */
#ifndef SLUICE_SYS_CANCEL_H
#define SLUICE_SYS_CANCEL_H

#include "sluice/core/cleanup.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"

#include <stdbool.h>

struct sl_cancel;

/* timeout_us from now; 0 means no deadline of its own.  parent may be NULL. */
struct sl_cancel *sl_cancel_new(const struct sl_clock *clock, const struct sl_cancel *parent,
	int64_t timeout_us) __attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL. */
void sl_cancel_free(struct sl_cancel *cancel);
SL_DEFINE_CLEANUP(struct sl_cancel, sl_cancel_free);

void sl_cancel_ask(struct sl_cancel *cancel);

/* Whether somebody asked (here or above); the deadline does not count. */
bool sl_cancel_asked(const struct sl_cancel *cancel);

/* SL_OK, SL_ECANCELED when asked, SL_ETIMEOUT when the deadline passed; what names the operation:
 * "clone: canceled", "clone: the deadline passed". */
enum sl_code sl_cancel_check(const struct sl_cancel *cancel, const char *what,
	struct sl_error *err);

/* Microseconds to the nearest deadline, INT64_MAX without one, 0 when passed or asked. */
int64_t sl_cancel_left_us(const struct sl_cancel *cancel);

/* The same in milliseconds for poll(), rounded up, -1 without a deadline. */
int sl_cancel_left_ms(const struct sl_cancel *cancel);

/* Polls in slices of at most this, so that asking is noticed soon. */
#define SL_CANCEL_SLICE_MS 100

/* How long one poll() may last: at most a slice, less when the deadline is nearer. */
int sl_cancel_slice_ms(const struct sl_cancel *cancel);

#endif
