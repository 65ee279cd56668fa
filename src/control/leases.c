/* Which projects are ours: each is worked on by one replica, as long as that lives. */
#include "inside.h"

#include "sluice/core/alloc.h"
#include "sluice/core/log.h"
#include "sluice/store/work.h"

#include <stdlib.h>

#define SWEEPS_PER_LEASE 3

int64_t sl_control_sweep_us(const struct sl_world *world)
{
	int64_t often = world->lease_us / SWEEPS_PER_LEASE;

	return often < SL_SWEEP_US ? often : SL_SWEEP_US;
}

static const char *name_of(struct sl_arena *arena, const char *project)
{
	return sl_arena_printf(arena, "project/%s", project);
}

static int64_t known_epoch(struct sl_control *control, const char *project)
{
	const int64_t *known;
	int64_t epoch;

	(void)pthread_mutex_lock(&control->lock);
	known = sl_map_get(control->leases, project);
	epoch = known ? *known : 0;
	(void)pthread_mutex_unlock(&control->lock);
	return epoch;
}

/* epoch 0: it is ours no longer.  What was remembered of the project from an earlier time of ours
 * is forgotten: another replica went on from there. */
static void note_epoch(struct sl_control *control, const char *project, int64_t epoch)
{
	int64_t *new = NULL;
	int64_t *old;
	char *seen;

	if (epoch != 0) {
		new = sl_xcalloc(1, sizeof(*new));
		*new = epoch;
	}
	(void)pthread_mutex_lock(&control->lock);
	old = new ? sl_map_put(control->leases, project, new) :
		    sl_map_remove(control->leases, project);
	seen = sl_map_remove(control->seen, project);
	(void)pthread_mutex_unlock(&control->lock);
	free(old);
	free(seen);
}

static enum sl_code take(struct sl_control *control, const struct sl_world *world,
	const char *project, bool *ours, int64_t *epoch, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_claim claim = { .replica = control->doors.replica,
		.now = sl_control_now(control),
		.lease_us = world->lease_us };
	const int64_t known = known_epoch(control, project);
	enum sl_code code = sl_store_lease_take(control->doors.store, &claim,
		name_of(arena, project), epoch, ours, err);

	if (code == SL_OK && (*ours ? *epoch : 0) != known) {
		note_epoch(control, project, *ours ? *epoch : 0);
		sl_log(SL_LOG_INFO, *ours ? "project.ours" : "project.lost", "project", project,
			NULL);
	}
	return code;
}

enum sl_code sl_control_own_project(struct sl_control *control, const struct sl_world *world,
	const char *project, bool *ours, int64_t *epoch, struct sl_error *err)
{
	*ours = true;
	*epoch = 0;
	return control->doors.alone ? SL_OK : take(control, world, project, ours, epoch, err);
}

/* The names as they are now: the map changes while they are gone through. */
static size_t copy_names(struct sl_control *control, struct sl_arena *arena, const char ***out)
{
	size_t n;

	(void)pthread_mutex_lock(&control->lock);
	n = sl_map_len(control->leases);
	*out = sl_arena_calloc(arena, n + 1, sizeof(**out));
	for (size_t i = 0; i < n; i++)
		(*out)[i] = sl_arena_strdup(arena, sl_map_key_at(control->leases, i));
	(void)pthread_mutex_unlock(&control->lock);
	return n;
}

void sl_control_renew_projects(struct sl_control *control, const struct sl_world *world)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char **names;
	size_t n = copy_names(control, arena, &names);

	for (size_t i = 0; i < n; i++) {
		int64_t epoch;
		bool ours;

		if (take(control, world, names[i], &ours, &epoch, NULL) != SL_OK)
			return; /* the store is away: the work itself says so */
	}
}

/* At a stop the others need not wait for the leases to end. */
void sl_control_give_projects(struct sl_control *control)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char **names;
	size_t n = copy_names(control, arena, &names);

	for (size_t i = 0; i < n; i++) {
		if (sl_store_lease_give(control->doors.store, name_of(arena, names[i]),
			    known_epoch(control, names[i]), NULL) != SL_OK)
			return;
		(void)!sl_store_tell(control->doors.store, SL_NEWS_PROJECT, names[i], NULL);
	}
}

void sl_control_poke_project(struct sl_control *control, const char *project)
{
	struct sl_error err = SL_ERROR_INIT;

	sl_control_queue_add(control, SL_WORK_PROJECT, project, 0);
	if (sl_store_tell(control->doors.store, SL_NEWS_PROJECT, project, &err) != SL_OK)
		sl_log(SL_LOG_WARNING, "tell.failed", "project", project, "error", err.msg, NULL);
}
