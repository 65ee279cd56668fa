#include "drift.h"
#include "inside.h"

#include "sluice/core/alloc.h"
#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/rollout/moves.h"
#include "sluice/store/work.h"
#include "sluice/sys/cancel.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TELL_AGAIN_US (60 * SL_SECOND_US)

static const char *const work_names[] = {
	[SL_WORK_PROJECT] = "project",
	[SL_WORK_OBSERVE] = "observe",
	[SL_WORK_DRIFT] = "drift",
	[SL_WORK_CHANGE] = "change",
	[SL_WORK_RUN] = "run",
	[SL_WORK_DELIVER] = "deliver",
	[SL_WORK_SWEEP] = "sweep",
};

_Static_assert(sizeof(work_names) / sizeof(work_names[0]) == SL_WORK_COUNT, "work has no name");

const char *sl_work_name(enum sl_work work)
{
	return work_names[work];
}

int64_t sl_control_now(const struct sl_control *control)
{
	return sl_clock_wall(control->doors.clock);
}

void sl_control_queue_add(struct sl_control *control, enum sl_work work, const char *key,
	int64_t due)
{
	control->doors.queue.add(control->doors.queue.ctx, work, key, due);
}

void sl_control_queue_change(struct sl_control *control, int64_t change_id, int64_t due)
{
	char key[24];

	(void)snprintf(key, sizeof(key), "%lld", (long long)change_id);
	sl_control_queue_add(control, SL_WORK_CHANGE, key, due);
}

struct sl_control *sl_control_new(const struct sl_control_doors *doors,
	const struct sl_world *world)
{
	struct sl_control *control = sl_xcalloc(1, sizeof(*control));
	pthread_condattr_t attr;

	control->doors = *doors;
	control->started_at = sl_clock_wall(doors->clock);
	control->world = sl_world_ref(world);
	control->observed = sl_map_new();
	control->seen = sl_map_new();
	control->looked = sl_map_new();
	control->failing = sl_map_new();
	control->leases = sl_map_new();
	(void)pthread_mutex_init(&control->opening, NULL);
	(void)pthread_mutex_init(&control->fetching, NULL);
	control->leaving = sl_cancel_new(doors->clock, NULL, 0);
	(void)pthread_mutex_init(&control->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&control->reconciled, &attr);
	(void)pthread_condattr_destroy(&attr);
	return control;
}

void sl_control_free(struct sl_control *control)
{
	if (!control)
		return;
	assert(!control->runs);
	sl_control_give_projects(control);
	for (size_t i = 0; i < sl_map_len(control->observed); i++)
		sl_observation_unref(control, sl_map_value_at(control->observed, i));
	for (size_t i = 0; i < sl_map_len(control->seen); i++)
		free(sl_map_value_at(control->seen, i));
	for (size_t i = 0; i < sl_map_len(control->looked); i++)
		free(sl_map_value_at(control->looked, i));
	for (size_t i = 0; i < sl_map_len(control->failing); i++)
		free(sl_map_value_at(control->failing, i));
	sl_map_free(control->observed);
	sl_map_free(control->seen);
	sl_map_free(control->looked);
	for (size_t i = 0; i < sl_map_len(control->leases); i++)
		free(sl_map_value_at(control->leases, i));
	sl_map_free(control->failing);
	sl_map_free(control->leases);
	(void)pthread_mutex_destroy(&control->fetching);
	(void)pthread_mutex_destroy(&control->opening);
	sl_world_unref(control->world);
	sl_cancel_free(control->leaving);
	(void)pthread_cond_destroy(&control->reconciled);
	(void)pthread_mutex_destroy(&control->lock);
	free(control);
}

const struct sl_world *sl_control_world(struct sl_control *control)
{
	const struct sl_world *world;

	(void)pthread_mutex_lock(&control->lock);
	world = sl_world_ref(control->world);
	(void)pthread_mutex_unlock(&control->lock);
	return world;
}

/* Every project is looked at again, whether its branches moved or not. */
static void forget_seen(struct sl_control *control)
{
	for (size_t i = 0; i < sl_map_len(control->seen); i++)
		free(sl_map_value_at(control->seen, i));
	sl_map_free(control->seen);
	control->seen = sl_map_new();
}

void sl_control_queue_world(struct sl_control *control, const struct sl_world *world)
{
	for (size_t i = 0; i < world->workspace->targets_len; i++) {
		sl_control_queue_add(control, SL_WORK_OBSERVE, world->workspace->targets[i].name,
			0);
		sl_control_queue_add(control, SL_WORK_DRIFT, world->workspace->targets[i].name, 0);
	}
	for (size_t i = 0; i < world->workspace->projects_len; i++)
		sl_control_queue_add(control, SL_WORK_PROJECT, world->workspace->projects[i].name,
			0);
}

void sl_control_reload(struct sl_control *control, const struct sl_world *world)
{
	const struct sl_world *old;

	(void)pthread_mutex_lock(&control->lock);
	old = control->world;
	control->world = sl_world_ref(world);
	forget_seen(control);
	(void)pthread_mutex_unlock(&control->lock);
	sl_world_unref(old);
	sl_control_queue_world(control, world);
}

enum sl_code sl_control_queue_merged(struct sl_control *control, struct sl_error *err)
{
	const struct sl_change_query query = { .states = SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = 1000 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_change_list changes;
	enum sl_code code = sl_store_changes(control->doors.store, &query, arena, &changes, err);

	for (size_t i = 0; code == SL_OK && i < changes.len; i++)
		sl_control_queue_change(control, changes.at[i].id, 0);
	return code;
}

/* Runs that nobody will end. */
static enum sl_code end_runs(struct sl_control *control, const struct sl_task *task,
	struct sl_arena *arena, struct sl_batch *batch, struct sl_error *err)
{
	const struct sl_run_query query = { .task_id = task->id, .limit = 1000 };
	struct sl_run_list runs = { 0 };
	enum sl_code code = sl_store_runs(control->doors.store, &query, arena, &runs, err);

	for (size_t i = 0; i < runs.len; i++) {
		struct sl_run run = runs.at[i];

		if (run.ended_at != 0)
			continue;
		run.outcome = SL_OUTCOME_UNKNOWN;
		run.detail = "the worker was lost";
		run.ended_at = sl_control_now(control);
		sl_batch_end_run(batch, &run);
	}
	return code;
}

/* A process that died left its task running: what it did is proved by the next attempt. */
static enum sl_code disown_task(struct sl_control *control, const struct sl_task *task,
	struct sl_error *err)
{
	const struct sl_attempt attempt = { .outcome = SL_OUTCOME_UNKNOWN,
		.detail = "the worker was lost; the next attempt proves what it did",
		.retry_after_us = 1,
		.now = sl_control_now(control) };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_move move;
	enum sl_code code = end_runs(control, task, arena, batch, err);

	if (code != SL_OK)
		return code;
	sl_rollout_settle(task, &attempt, control->doors.rand, arena, &move);
	sl_batch_move(batch, &move);
	code = sl_store_commit(control->doors.store, batch, err);
	return code == SL_ECONFLICT ? SL_OK : code;
}

static enum sl_code disown(struct sl_control *control, const struct sl_task_list *tasks,
	struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < tasks->len; i++) {
		code = disown_task(control, &tasks->at[i], err);
		sl_control_queue_change(control, tasks->at[i].change_id, 0);
	}
	return code;
}

static enum sl_code take_over(struct sl_control *control, struct sl_error *err)
{
	const struct sl_task_query running = { .states = SL_STATE_BIT(SL_TASK_RUNNING),
		.page = { .limit = 1000 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_task_list tasks;
	enum sl_code code;

	if (!control->doors.alone)
		return SL_OK;
	code = sl_store_tasks(control->doors.store, &running, arena, &tasks, err);
	return code == SL_OK ? disown(control, &tasks, err) : code;
}

enum sl_code sl_control_start(struct sl_control *control, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	enum sl_code code = take_over(control, err);

	if (code == SL_OK)
		code = sl_control_queue_merged(control, err);
	sl_control_queue_world(control, world);
	for (size_t i = 0; i < world->workspace->targets_len; i++)
		sl_control_queue_add(control, SL_WORK_RUN, world->workspace->targets[i].name, 0);
	sl_control_queue_add(control, SL_WORK_DELIVER, "", 0);
	sl_control_queue_add(control, SL_WORK_SWEEP, "", 0);
	return code;
}

#define RENEW_MAX 256

struct lease {
	int64_t task_id, epoch;
};

static size_t copy_leases(struct sl_control *control, struct lease *out)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&control->lock);
	for (struct active_run *run = control->runs; run && n < RENEW_MAX; run = run->next)
		out[n++] = (struct lease){ run->task_id, run->epoch };
	(void)pthread_mutex_unlock(&control->lock);
	return n;
}

static void stop_run(struct sl_control *control, int64_t task_id)
{
	(void)pthread_mutex_lock(&control->lock);
	for (struct active_run *run = control->runs; run; run = run->next)
		run->stop = run->stop || run->task_id == task_id;
	(void)pthread_mutex_unlock(&control->lock);
}

/* Keeps what runs here ours; a lease that was lost all the same stops its run. */
static void renew_runs(struct sl_control *control, const struct sl_world *world)
{
	const int64_t until = sl_control_now(control) + world->lease_us;
	struct lease leases[RENEW_MAX];
	size_t n = copy_leases(control, leases);

	for (size_t i = 0; i < n; i++) {
		if (sl_store_task_renew(control->doors.store, leases[i].task_id, leases[i].epoch,
			    until, NULL) == SL_ECONFLICT)
			stop_run(control, leases[i].task_id);
	}
}

/* When a project was last worked on by us; a hint that was lost is made up for by the sweep. */
static void note_look(struct sl_control *control, const char *project)
{
	int64_t *at = sl_xcalloc(1, sizeof(*at));

	*at = sl_control_now(control);
	(void)pthread_mutex_lock(&control->lock);
	at = sl_map_put(control->looked, project, at);
	(void)pthread_mutex_unlock(&control->lock);
	free(at);
}

static bool project_overdue(struct sl_control *control, const char *project, int64_t since)
{
	const int64_t *at;
	bool overdue;

	(void)pthread_mutex_lock(&control->lock);
	at = sl_map_get(control->looked, project);
	overdue = !at || *at < since;
	(void)pthread_mutex_unlock(&control->lock);
	return overdue;
}

static void queue_overdue(struct sl_control *control, int64_t now)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	const struct sl_workspace *workspace = world->workspace;

	for (size_t i = 0; i < workspace->projects_len; i++) {
		if (project_overdue(control, workspace->projects[i].name,
			    now - world->poll_us - SL_SWEEP_US))
			sl_control_queue_add(control, SL_WORK_PROJECT, workspace->projects[i].name,
				0);
	}
	for (size_t i = 0; i < workspace->targets_len; i++) {
		const char *name = workspace->targets[i].name;

		if (sl_observation_overdue(control, name, now - world->poll_us))
			sl_control_queue_add(control, SL_WORK_OBSERVE, name, 0);
	}
}

enum sl_code sl_control_sweep(struct sl_control *control, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const int64_t now = sl_control_now(control);
	struct sl_task_list tasks;
	enum sl_code code;

	renew_runs(control, world);
	sl_control_renew_projects(control, world);
	code = sl_store_tasks_expired(control->doors.store, now, arena, &tasks, err);
	if (code == SL_OK)
		code = disown(control, &tasks, err);
	if (code == SL_OK)
		code = sl_control_queue_merged(control, err);
	if (code == SL_OK)
		code = sl_store_sweep_meta(control->doors.store, now, err);
	queue_overdue(control, now);
	if (code == SL_OK)
		code = sl_drift_sweep(control, now - SL_SWEEP_US, err);
	sl_control_queue_add(control, SL_WORK_DELIVER, "", 0);
	sl_control_queue_add(control, SL_WORK_SWEEP, "", now + sl_control_sweep_us(world));
	return code;
}

struct failing {
	enum sl_code code;
	int64_t told_at;
	char msg[SL_ERROR_MSG_MAX];
};

/* A failure that repeats is told once; one that says it in other words, once a minute. */
static bool is_news(const struct failing *old, const struct failing *now)
{
	return !old || old->code != now->code ||
		(!sl_str_eq(old->msg, now->msg) && now->told_at - old->told_at > TELL_AGAIN_US);
}

static void tell_failure(struct sl_control *control, enum sl_work work, const char *key,
	const struct sl_error *err)
{
	sl_autofree char *name = sl_xasprintf("%s %s", work_names[work], key);
	struct failing *now = sl_xcalloc(1, sizeof(*now));
	bool news;

	now->code = err->code;
	now->told_at = sl_control_now(control);
	memcpy(now->msg, err->msg, sizeof(now->msg));
	(void)pthread_mutex_lock(&control->lock);
	news = is_news(sl_map_get(control->failing, name), now);
	free(news ? sl_map_put(control->failing, name, now) : now);
	(void)pthread_mutex_unlock(&control->lock);
	if (news)
		sl_log(SL_LOG_WARNING, "work.failed", "work", work_names[work], "key", key, "code",
			sl_code_name(err->code), "error", err->msg, NULL);
}

static void tell_success(struct sl_control *control, enum sl_work work, const char *key)
{
	sl_autofree char *name = sl_xasprintf("%s %s", work_names[work], key);
	sl_autofree struct failing *old = NULL;

	(void)pthread_mutex_lock(&control->lock);
	old = sl_map_remove(control->failing, name);
	(void)pthread_mutex_unlock(&control->lock);
	if (old)
		sl_log(SL_LOG_INFO, "work.mended", "work", work_names[work], "key", key, NULL);
}

static int64_t change_id_of(const char *key)
{
	int64_t id = 0;

	return sl_parse_i64(key, 1, INT64_MAX, &id) ? id : 0;
}

static enum sl_code dispatch(struct sl_control *control, enum sl_work work, const char *key,
	struct sl_cancel *cancel, struct sl_error *err)
{
	switch (work) {
	case SL_WORK_PROJECT:
		note_look(control, key);
		return sl_control_project(control, key, cancel, err);
	case SL_WORK_OBSERVE:
		return sl_control_observe(control, key, cancel, err);
	case SL_WORK_DRIFT:
		return sl_control_drift(control, key, cancel, err);
	case SL_WORK_CHANGE:
		return sl_control_advance(control, change_id_of(key), err);
	case SL_WORK_RUN:
		return sl_control_run(control, cancel, err);
	case SL_WORK_DELIVER:
		return sl_control_deliver(control, cancel, err);
	case SL_WORK_SWEEP:
		return sl_control_sweep(control, err);
	case SL_WORK_COUNT:
		break;
	}
	assert(false);
	return SL_EINTERNAL;
}

enum sl_code sl_control_do(struct sl_control *control, enum sl_work work, const char *key,
	struct sl_cancel *cancel, struct sl_error *err)
{
	struct sl_error own = SL_ERROR_INIT;
	struct sl_error *at = err ? err : &own;
	enum sl_code code = dispatch(control, work, key, cancel, at);

	if (code == SL_OK)
		tell_success(control, work, key);
	else if (code != SL_ECANCELED)
		tell_failure(control, work, key, at);
	return code;
}

void sl_control_drain(struct sl_control *control)
{
	(void)pthread_mutex_lock(&control->lock);
	control->draining = true;
	sl_cancel_ask(control->leaving);
	for (struct active_run *run = control->runs; run; run = run->next)
		run->stop = true;
	(void)pthread_mutex_unlock(&control->lock);
}

void sl_control_cancel_runs(struct sl_control *control)
{
	(void)pthread_mutex_lock(&control->lock);
	for (struct active_run *run = control->runs; run; run = run->next)
		sl_cancel_ask(run->cancel);
	(void)pthread_mutex_unlock(&control->lock);
}

size_t sl_control_running(struct sl_control *control)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&control->lock);
	for (struct active_run *run = control->runs; run; run = run->next)
		n++;
	(void)pthread_mutex_unlock(&control->lock);
	return n;
}
