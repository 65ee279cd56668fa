/*
 * The worker pool.  It has lanes, each with its own threads and its own bounded queue, so that slow
 * work (applying) never starves cheap work (fetching, reviewing) and the push hook has a worker
 * that is always free for it.  Jobs have a key (a repository, a target): over all lanes one key
 * never runs twice at the same time, and a key that waits in a lane already is not queued again:
 * a job must read the state of the world when it runs, not when it was submitted.
 *
 * Threading: all functions from any thread, sl_pool_submit() also from a job; sl_pool_join() and
 * sl_pool_free() not from a job.
 * Failures: a full queue is SL_EBUSY; a job handles its own errors.
 */
#ifndef SLUICE_SYS_POOL_H
#define SLUICE_SYS_POOL_H

#include "sluice/core/cleanup.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"

#include <stdbool.h>
#include <stddef.h>

struct sl_cancel;
struct sl_pool;

struct sl_pool_lane {
	const char *name; /* at most 15 bytes: the threads' name */
	unsigned threads; /* at least 1 */
	size_t queue_max;
};

struct sl_job {
	const char *key; /* copied */
	/* On a thread of the lane.  cancel is the job's own token under the pool's. */
	void (*run)(void *ctx, struct sl_cancel *cancel);
	/* Called exactly once with ctx: after run, or instead of it when the job was joined to a
	 * waiting one, refused or dropped at closing.  May be NULL. */
	void (*done)(void *ctx);
	void *ctx;
	int64_t timeout_us; /* deadline of the job's token from its start; 0: none */
};

/* Starts the threads (signals blocked in them).  The lanes' names are copied. */
enum sl_code sl_pool_new(struct sl_pool **out, const struct sl_clock *clock,
	const struct sl_pool_lane *lanes, size_t n_lanes, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Closes, cancels, waits for the running jobs.  Accepts NULL. */
void sl_pool_free(struct sl_pool *pool);
SL_DEFINE_CLEANUP(struct sl_pool, sl_pool_free);

/* SL_OK also when the key waits in the lane already; SL_EBUSY when its queue is full; SL_ECANCELED
 * when the pool is closed. */
enum sl_code sl_pool_submit(struct sl_pool *pool, size_t lane, const struct sl_job *job,
	struct sl_error *err);

/* Takes no more jobs and drops the waiting ones; the running ones go on. */
void sl_pool_close(struct sl_pool *pool);

/* Asks the running jobs, and all later ones, to give up. */
void sl_pool_cancel(struct sl_pool *pool);

/* Waits until nothing runs and nothing waits; false when timeout_us passed before (0: no limit). */
bool sl_pool_join(struct sl_pool *pool, int64_t timeout_us);

struct sl_pool_stats {
	size_t waiting;
	size_t running;
	uint64_t finished;
	uint64_t joined; /* not queued because the key waited already */
};

void sl_pool_stats(struct sl_pool *pool, size_t lane, struct sl_pool_stats *out);

#endif
