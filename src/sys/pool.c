#include "sluice/sys/pool.h"

#include "sluice/core/alloc.h"
#include "sluice/core/map.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/oserror.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#define NAME_SIZE 16 /* what the kernel keeps of a thread's name */

struct item {
	struct item *next;
	char *key; /* owned */
	struct sl_job job;
};

struct lane {
	struct sl_pool *pool;
	char name[NAME_SIZE];
	pthread_cond_t work;
	struct item *first;
	struct item **end;
	struct sl_map *waiting; /* key -> item */
	size_t queue_max;
	struct sl_pool_stats stats;
	pthread_t *threads;
	size_t n_threads; /* started */
};

struct sl_pool {
	const struct sl_clock *clock;
	struct sl_cancel *cancel;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct sl_map *running; /* key -> item, over all lanes */
	size_t n_waiting;
	bool closed;
	struct lane *lanes;
	size_t n_lanes;
};

static void item_end(struct item *item)
{
	if (item->job.done)
		item->job.done(item->job.ctx);
	free(item->key);
	free(item);
}

/* The first waiting item whose key runs nowhere, unlinked; NULL when there is none. */
static struct item *take(struct lane *lane)
{
	for (struct item **at = &lane->first; *at; at = &(*at)->next) {
		struct item *item = *at;

		if (sl_map_get(lane->pool->running, item->key))
			continue;
		*at = item->next;
		if (!item->next)
			lane->end = at;
		item->next = NULL;
		(void)sl_map_remove(lane->waiting, item->key);
		lane->stats.waiting--;
		lane->pool->n_waiting--;
		return item;
	}
	return NULL;
}

static void run(struct lane *lane, struct item *item)
{
	struct sl_pool *pool = lane->pool;
	sl_auto(sl_cancel_free_p) struct sl_cancel *cancel = sl_cancel_new(pool->clock,
		pool->cancel, item->job.timeout_us);

	item->job.run(item->job.ctx, cancel);
	if (item->job.done)
		item->job.done(item->job.ctx);
}

static void wake_all(struct sl_pool *pool)
{
	for (size_t i = 0; i < pool->n_lanes; i++)
		(void)pthread_cond_broadcast(&pool->lanes[i].work);
	(void)pthread_cond_broadcast(&pool->idle);
}

static void *work(void *ctx)
{
	struct lane *lane = ctx;
	struct sl_pool *pool = lane->pool;

	(void)pthread_setname_np(pthread_self(), lane->name);
	(void)pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct item *item = take(lane);

		if (!item && pool->closed)
			break;
		if (!item) {
			(void)pthread_cond_wait(&lane->work, &pool->lock);
			continue;
		}
		(void)sl_map_put(pool->running, item->key, item);
		lane->stats.running++;
		(void)pthread_mutex_unlock(&pool->lock);
		run(lane, item);
		(void)pthread_mutex_lock(&pool->lock);
		lane->stats.running--;
		lane->stats.finished++;
		(void)sl_map_remove(pool->running, item->key);
		free(item->key);
		free(item);
		/* The key may be awaited in any lane. */
		wake_all(pool);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static enum sl_code start_threads(struct lane *lane, unsigned n, struct sl_error *err)
{
	sigset_t all;
	sigset_t before;
	int failed = 0;

	assert(n > 0);
	lane->threads = sl_xcalloc(n, sizeof(*lane->threads));
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (lane->n_threads < n && failed == 0) {
		failed = pthread_create(&lane->threads[lane->n_threads], NULL, work, lane);
		lane->n_threads += failed == 0;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed != 0)
		return sl_os_error(err, failed, "pool %s: start of a thread", lane->name);
	return SL_OK;
}

static void lane_init(struct lane *lane, struct sl_pool *pool, const struct sl_pool_lane *row)
{
	lane->pool = pool;
	(void)snprintf(lane->name, sizeof(lane->name), "%s", row->name);
	(void)pthread_cond_init(&lane->work, NULL);
	lane->end = &lane->first;
	lane->waiting = sl_map_new();
	lane->queue_max = row->queue_max;
}

enum sl_code sl_pool_new(struct sl_pool **out, const struct sl_clock *clock,
	const struct sl_pool_lane *lanes, size_t n_lanes, struct sl_error *err)
{
	sl_auto(sl_pool_free_p) struct sl_pool *pool = sl_xcalloc(1, sizeof(*pool));
	pthread_condattr_t attr;

	pool->clock = clock;
	pool->cancel = sl_cancel_new(clock, NULL, 0);
	pool->running = sl_map_new();
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&pool->idle, &attr);
	(void)pthread_condattr_destroy(&attr);
	pool->lanes = sl_xcalloc(n_lanes, sizeof(*pool->lanes));
	for (size_t i = 0; i < n_lanes; i++)
		lane_init(&pool->lanes[i], pool, &lanes[i]);
	pool->n_lanes = n_lanes;
	for (size_t i = 0; i < n_lanes; i++) {
		enum sl_code code = start_threads(&pool->lanes[i], lanes[i].threads, err);

		if (code != SL_OK)
			return code;
	}
	*out = sl_steal(pool);
	return SL_OK;
}

/* Takes the whole queue; the caller ends the items without the lock. */
static struct item *empty(struct lane *lane)
{
	struct item *items = lane->first;

	for (struct item *item = items; item; item = item->next)
		(void)sl_map_remove(lane->waiting, item->key);
	lane->first = NULL;
	lane->end = &lane->first;
	lane->pool->n_waiting -= lane->stats.waiting;
	lane->stats.waiting = 0;
	return items;
}

void sl_pool_close(struct sl_pool *pool)
{
	for (size_t i = 0; i < pool->n_lanes; i++) {
		struct item *dropped;

		(void)pthread_mutex_lock(&pool->lock);
		pool->closed = true;
		dropped = empty(&pool->lanes[i]);
		(void)pthread_mutex_unlock(&pool->lock);
		while (dropped) {
			struct item *next = dropped->next;

			item_end(dropped);
			dropped = next;
		}
	}
	(void)pthread_mutex_lock(&pool->lock);
	wake_all(pool);
	(void)pthread_mutex_unlock(&pool->lock);
}

void sl_pool_cancel(struct sl_pool *pool)
{
	sl_cancel_ask(pool->cancel);
}

static struct timespec deadline_after(int64_t timeout_us)
{
	int64_t at = 0;

	if (__builtin_add_overflow(sl_clock_mono(sl_clock_system()), timeout_us, &at))
		at = INT64_MAX;
	return (struct timespec){ .tv_sec = (time_t)(at / SL_SECOND_US),
		.tv_nsec = (long)(at % SL_SECOND_US) * 1000 };
}

bool sl_pool_join(struct sl_pool *pool, int64_t timeout_us)
{
	struct timespec until = deadline_after(timeout_us);
	int failed = 0;
	bool idle;

	(void)pthread_mutex_lock(&pool->lock);
	while (failed == 0 && (pool->n_waiting > 0 || sl_map_len(pool->running) > 0)) {
		if (timeout_us > 0)
			failed = pthread_cond_timedwait(&pool->idle, &pool->lock, &until);
		else
			failed = pthread_cond_wait(&pool->idle, &pool->lock);
	}
	idle = pool->n_waiting == 0 && sl_map_len(pool->running) == 0;
	(void)pthread_mutex_unlock(&pool->lock);
	return idle;
}

void sl_pool_free(struct sl_pool *pool)
{
	if (!pool)
		return;
	sl_pool_close(pool);
	sl_pool_cancel(pool);
	for (size_t i = 0; i < pool->n_lanes; i++) {
		struct lane *lane = &pool->lanes[i];

		for (size_t t = 0; t < lane->n_threads; t++)
			(void)pthread_join(lane->threads[t], NULL);
	}
	for (size_t i = 0; i < pool->n_lanes; i++) {
		(void)pthread_cond_destroy(&pool->lanes[i].work);
		sl_map_free(pool->lanes[i].waiting);
		free(pool->lanes[i].threads);
	}
	free(pool->lanes);
	sl_map_free(pool->running);
	sl_cancel_free(pool->cancel);
	(void)pthread_cond_destroy(&pool->idle);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* Under the lock.  *taken says whether item is in the queue now. */
static enum sl_code enqueue(struct lane *lane, struct item *item, bool *taken, struct sl_error *err)
{
	if (lane->pool->closed)
		return sl_error_set(err, SL_ECANCELED, "pool %s: closed", lane->name);
	if (sl_map_get(lane->waiting, item->key)) {
		lane->stats.joined++;
		return SL_OK;
	}
	if (lane->stats.waiting >= lane->queue_max)
		return sl_error_set(err, SL_EBUSY, "pool %s: %zu jobs wait already", lane->name,
			lane->stats.waiting);
	*lane->end = item;
	lane->end = &item->next;
	(void)sl_map_put(lane->waiting, item->key, item);
	lane->stats.waiting++;
	lane->pool->n_waiting++;
	(void)pthread_cond_signal(&lane->work);
	*taken = true;
	return SL_OK;
}

enum sl_code sl_pool_submit(struct sl_pool *pool, size_t lane, const struct sl_job *job,
	struct sl_error *err)
{
	struct item *item = sl_xcalloc(1, sizeof(*item));
	bool taken = false;
	enum sl_code code;

	assert(lane < pool->n_lanes);
	item->job = *job;
	item->key = sl_xstrdup(job->key);
	(void)pthread_mutex_lock(&pool->lock);
	code = enqueue(&pool->lanes[lane], item, &taken, err);
	(void)pthread_mutex_unlock(&pool->lock);
	if (!taken)
		item_end(item);
	return code;
}

void sl_pool_stats(struct sl_pool *pool, size_t lane, struct sl_pool_stats *out)
{
	assert(lane < pool->n_lanes);
	(void)pthread_mutex_lock(&pool->lock);
	*out = pool->lanes[lane].stats;
	(void)pthread_mutex_unlock(&pool->lock);
}
