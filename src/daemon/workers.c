/* Control's work on threads: a lane for each kind of waiting, a scheduler for what is due later. */
#include "daemon.h"

#include "sluice/core/alloc.h"
#include "sluice/core/log.h"
#include "sluice/core/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 400

static const size_t lane_of[SL_WORK_COUNT] = {
	[SL_WORK_PROJECT] = 0, /* fetches and reviews */
	[SL_WORK_CHANGE] = 1, /* the store only */
	[SL_WORK_SWEEP] = 1,
	[SL_WORK_OBSERVE] = 2, /* waits for targets */
	[SL_WORK_DRIFT] = 2,
	[SL_WORK_RUN] = 3, /* works on them */
	[SL_WORK_DELIVER] = 4, /* waits for the network */
};

/* How long one piece of work may take; a run ends when its statements do. */
static const int64_t timeout_of[SL_WORK_COUNT] = {
	[SL_WORK_PROJECT] = 300 * SL_SECOND_US,
	[SL_WORK_CHANGE] = 60 * SL_SECOND_US,
	[SL_WORK_SWEEP] = 60 * SL_SECOND_US,
	[SL_WORK_OBSERVE] = 60 * SL_SECOND_US,
	[SL_WORK_DRIFT] = 60 * SL_SECOND_US,
	[SL_WORK_RUN] = 0,
	[SL_WORK_DELIVER] = 300 * SL_SECOND_US,
};

struct job {
	struct daemon *daemon;
	enum sl_work work;
	char key[KEY_MAX];
};

static void job_run(void *ctx, struct sl_cancel *cancel)
{
	struct job *job = ctx;

	(void)sl_control_do(job->daemon->control, job->work, job->key, cancel, NULL);
}

/* "run/orders-prod" */
static void name_of(enum sl_work work, const char *key, char out[KEY_MAX])
{
	(void)snprintf(out, KEY_MAX, "%s/%s", sl_work_name(work), key);
}

static void when_due(void *ctx, const char *name);

/* Work that the pool has no room for is due again in a second. */
static void submit(struct daemon *daemon, enum sl_work work, const char *key)
{
	struct job *job = sl_xcalloc(1, sizeof(*job));
	struct sl_error err = SL_ERROR_INIT;
	char name[KEY_MAX];

	job->daemon = daemon;
	job->work = work;
	(void)snprintf(job->key, sizeof(job->key), "%s", key);
	name_of(work, key, name);
	if (sl_pool_submit(daemon->pool, lane_of[work],
		    &(struct sl_job){ .key = name,
			    .run = job_run,
			    .done = free,
			    .ctx = job,
			    .timeout_us = timeout_of[work] },
		    &err) != SL_EBUSY)
		return;
	sl_log(SL_LOG_WARNING, "queue.full", "work", name, "error", err.msg, NULL);
	sl_sched_at(daemon->sched, name, sl_clock_wall(sl_clock_system()) + SL_SECOND_US, when_due,
		daemon);
}

static void when_due(void *ctx, const char *name)
{
	const char *slash = strchr(name, '/');

	for (int work = 0; work < SL_WORK_COUNT; work++) {
		const char *prefix = sl_work_name((enum sl_work)work);

		if (strlen(prefix) == (size_t)(slash - name) && sl_str_starts(name, prefix))
			submit(ctx, (enum sl_work)work, slash + 1);
	}
}

static void add(void *ctx, enum sl_work work, const char *key, int64_t due)
{
	struct daemon *daemon = ctx;
	char name[KEY_MAX];

	if (due <= sl_clock_wall(sl_clock_system())) {
		submit(daemon, work, key);
		return;
	}
	name_of(work, key, name);
	sl_sched_at(daemon->sched, name, due, when_due, daemon);
}

struct sl_control_queue sl_daemon_queue(struct daemon *daemon)
{
	return (struct sl_control_queue){ .add = add, .ctx = daemon };
}

enum sl_code sl_daemon_workers(struct daemon *daemon, struct sl_error *err)
{
	const struct sl_pool_lane lanes[] = {
		{ "sluice-project", daemon->world->workers, 10000 },
		{ "sluice-change", 2, 10000 },
		{ "sluice-observe", 2, 10000 },
		{ "sluice-run", daemon->world->apply_workers, 10000 },
		{ "sluice-deliver", 1, 16 },
	};
	enum sl_code code = sl_pool_new(&daemon->pool, sl_clock_system(), lanes,
		sizeof(lanes) / sizeof(lanes[0]), err);

	if (code != SL_OK)
		return code;
	daemon->sched = sl_sched_new(sl_clock_system());
	return sl_sched_start(daemon->sched, err);
}
