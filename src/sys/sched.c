#include "sluice/sys/sched.h"

#include "sluice/core/alloc.h"
#include "sluice/core/map.h"
#include "sluice/core/vec.h"
#include "sluice/sys/oserror.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NAP_MS 1000 /* a wall clock that jumps is noticed within this */

struct entry {
	char *key; /* owned */
	int64_t due;
	sl_sched_fn fn;
	void *ctx;
	size_t at; /* place in the heap */
};

struct sl_sched {
	const struct sl_clock *clock;
	pthread_mutex_t lock;
	struct sl_map *by_key; /* key -> entry */

	struct {
		SL_VEC(struct entry *);
	} heap;

	pthread_t thread;
	bool running;
	atomic_bool stopping;
	int wake; /* eventfd, -1 before the thread */
};

struct sl_sched *sl_sched_new(const struct sl_clock *clock)
{
	struct sl_sched *sched = sl_xcalloc(1, sizeof(*sched));

	sched->clock = clock;
	sched->by_key = sl_map_new();
	sched->wake = -1;
	(void)pthread_mutex_init(&sched->lock, NULL);
	return sched;
}

static void entry_free(struct entry *entry)
{
	free(entry->key);
	free(entry);
}

static bool before(const struct entry *a, const struct entry *b)
{
	return a->due != b->due ? a->due < b->due : strcmp(a->key, b->key) < 0;
}

static void place(struct sl_sched *sched, struct entry *entry, size_t at)
{
	sched->heap.at[at] = entry;
	entry->at = at;
}

static void sift_up(struct sl_sched *sched, struct entry *entry, size_t at)
{
	while (at > 0) {
		struct entry *above = sched->heap.at[(at - 1) / 2];

		if (!before(entry, above))
			break;
		place(sched, above, at);
		at = (at - 1) / 2;
	}
	place(sched, entry, at);
}

static void sift_down(struct sl_sched *sched, struct entry *entry, size_t at)
{
	size_t child;

	while ((child = 2 * at + 1) < sched->heap.len) {
		if (child + 1 < sched->heap.len &&
			before(sched->heap.at[child + 1], sched->heap.at[child]))
			child++;
		if (!before(sched->heap.at[child], entry))
			break;
		place(sched, sched->heap.at[child], at);
		at = child;
	}
	place(sched, entry, at);
}

/* Out of the heap and the map; the caller frees it. */
static void unlink_entry(struct sl_sched *sched, struct entry *entry)
{
	struct entry *last = sched->heap.at[--sched->heap.len];
	size_t at = entry->at;

	(void)sl_map_remove(sched->by_key, entry->key);
	if (last == entry)
		return;
	sift_up(sched, last, at);
	sift_down(sched, last, last->at);
}

static void wake(const struct sl_sched *sched)
{
	uint64_t one = 1;

	/* It fails only when the counter is full, and then the thread wakes anyway. */
	if (sched->running && write(sched->wake, &one, sizeof(one)) < 0)
		return;
}

void sl_sched_at(struct sl_sched *sched, const char *key, int64_t wall_us, sl_sched_fn fn,
	void *ctx)
{
	struct entry *entry;

	(void)pthread_mutex_lock(&sched->lock);
	entry = sl_map_get(sched->by_key, key);
	if (!entry) {
		entry = sl_xcalloc(1, sizeof(*entry));
		entry->key = sl_xstrdup(key);
		entry->due = INT64_MAX;
		entry->at = sched->heap.len;
		*sl_vec_add(&sched->heap) = entry;
		(void)sl_map_put(sched->by_key, key, entry);
		entry->fn = fn;
		entry->ctx = ctx;
	}
	if (wall_us < entry->due) {
		entry->due = wall_us;
		entry->fn = fn;
		entry->ctx = ctx;
		sift_up(sched, entry, entry->at);
		if (entry->at == 0)
			wake(sched);
	}
	(void)pthread_mutex_unlock(&sched->lock);
}

void sl_sched_remove(struct sl_sched *sched, const char *key)
{
	struct entry *entry;

	(void)pthread_mutex_lock(&sched->lock);
	entry = sl_map_get(sched->by_key, key);
	if (entry) {
		unlink_entry(sched, entry);
		entry_free(entry);
	}
	(void)pthread_mutex_unlock(&sched->lock);
}

size_t sl_sched_run_due(struct sl_sched *sched)
{
	struct {
		SL_VEC(struct entry *);
	} due = { 0 };

	int64_t now = sl_clock_wall(sched->clock);
	size_t n;

	(void)pthread_mutex_lock(&sched->lock);
	while (sched->heap.len > 0 && sched->heap.at[0]->due <= now) {
		struct entry *entry = sched->heap.at[0];

		unlink_entry(sched, entry);
		*sl_vec_add(&due) = entry;
	}
	(void)pthread_mutex_unlock(&sched->lock);
	for (size_t i = 0; i < due.len; i++) {
		due.at[i]->fn(due.at[i]->ctx, due.at[i]->key);
		entry_free(due.at[i]);
	}
	n = due.len;
	sl_vec_done(&due);
	return n;
}

int64_t sl_sched_next(struct sl_sched *sched)
{
	int64_t due;

	(void)pthread_mutex_lock(&sched->lock);
	due = sched->heap.len > 0 ? sched->heap.at[0]->due : INT64_MAX;
	(void)pthread_mutex_unlock(&sched->lock);
	return due;
}

size_t sl_sched_len(struct sl_sched *sched)
{
	size_t len;

	(void)pthread_mutex_lock(&sched->lock);
	len = sched->heap.len;
	(void)pthread_mutex_unlock(&sched->lock);
	return len;
}

static int nap_ms(struct sl_sched *sched)
{
	int64_t next = sl_sched_next(sched);
	int64_t left;

	if (next == INT64_MAX)
		return NAP_MS;
	left = next - sl_clock_wall(sched->clock);
	if (left <= 0)
		return 0;
	left = left / 1000 + 1;
	return left > NAP_MS ? NAP_MS : (int)left;
}

static void *loop(void *ctx)
{
	struct sl_sched *sched = ctx;
	struct pollfd fd = { .fd = sched->wake, .events = POLLIN };

	(void)pthread_setname_np(pthread_self(), "sched");
	while (!atomic_load(&sched->stopping)) {
		uint64_t count;

		(void)sl_sched_run_due(sched);
		if (poll(&fd, 1, nap_ms(sched)) > 0 && read(fd.fd, &count, sizeof(count)) < 0)
			continue;
	}
	return NULL;
}

enum sl_code sl_sched_start(struct sl_sched *sched, struct sl_error *err)
{
	sigset_t all;
	sigset_t old;
	int failed;

	sched->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (sched->wake < 0)
		return sl_os_error(err, errno, "scheduler: eventfd");
	atomic_store(&sched->stopping, false);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(&sched->thread, NULL, loop, sched);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_mutex_lock(&sched->lock);
	sched->running = failed == 0;
	(void)pthread_mutex_unlock(&sched->lock);
	if (failed == 0)
		return SL_OK;
	(void)close(sched->wake);
	return sl_os_error(err, failed, "scheduler: start of its thread");
}

void sl_sched_stop(struct sl_sched *sched)
{
	bool running;

	(void)pthread_mutex_lock(&sched->lock);
	running = sched->running;
	atomic_store(&sched->stopping, true);
	wake(sched);
	sched->running = false;
	(void)pthread_mutex_unlock(&sched->lock);
	if (!running)
		return;
	(void)pthread_join(sched->thread, NULL);
	(void)close(sched->wake);
}

void sl_sched_free(struct sl_sched *sched)
{
	if (!sched)
		return;
	sl_sched_stop(sched);
	for (size_t i = 0; i < sched->heap.len; i++)
		entry_free(sched->heap.at[i]);
	sl_vec_done(&sched->heap);
	sl_map_free(sched->by_key);
	(void)pthread_mutex_destroy(&sched->lock);
	free(sched);
}
