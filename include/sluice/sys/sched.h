/*
 * The due-time scheduler: a cache of (key, wall time, callback), rebuilt at start from the rows
 * that hold the due times.  One entry a key; the earlier due time wins.
 *
 * Threading: all functions from any thread.  Callbacks run without a lock held, on the thread that
 * calls sl_sched_run_due() or on the scheduler's own after sl_sched_start(); they should only
 * submit to a pool.  A simulation never starts the thread: it moves its clock and calls
 * sl_sched_run_due().
 */
#ifndef SLUICE_SYS_SCHED_H
#define SLUICE_SYS_SCHED_H

#include "sluice/core/cleanup.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"

#include <stddef.h>

struct sl_sched;

typedef void (*sl_sched_fn)(void *ctx, const char *key);

struct sl_sched *sl_sched_new(const struct sl_clock *clock)
	__attribute__((returns_nonnull, warn_unused_result));

/* Stops the thread; entries that are left are forgotten.  Accepts NULL. */
void sl_sched_free(struct sl_sched *sched);
SL_DEFINE_CLEANUP(struct sl_sched, sl_sched_free);

/* key is copied, ctx borrowed until it ran or was removed.  When key is there already, the entry
 * with the earlier due time stays. */
void sl_sched_at(struct sl_sched *sched, const char *key, int64_t wall_us, sl_sched_fn fn,
	void *ctx);

/* Forgets key; nothing when it is absent.  A callback that started already goes on. */
void sl_sched_remove(struct sl_sched *sched, const char *key);

/* Runs what is due by the clock, earliest first and by key among equals; how many ran.  Entries
 * that callbacks add for now wait for the next call. */
size_t sl_sched_run_due(struct sl_sched *sched);

/* The nearest due time, INT64_MAX when empty. */
int64_t sl_sched_next(struct sl_sched *sched);
size_t sl_sched_len(struct sl_sched *sched);

/* Starts the thread that runs due entries; a clock that jumps is noticed within a second. */
enum sl_code sl_sched_start(struct sl_sched *sched, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Waits for the callback at hand and ends the thread; may be started again. */
void sl_sched_stop(struct sl_sched *sched);

#endif
