#include "elsewhere.h"
#include "inside.h"

#include "sluice/config/secret.h"
#include "sluice/core/alloc.h"
#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/schema/snapshot.h"
#include "sluice/sys/cancel.h"

#include <stdlib.h>

#define CONNECT_US (5 * SL_SECOND_US)

enum sl_code sl_control_target_spec(struct sl_control *control, const struct sl_world *world,
	const struct sl_target *target, struct sl_arena *arena, struct sl_conn_spec *out,
	struct sl_error *err)
{
	sl_auto_secret struct sl_buf secret = SL_BUF_INIT(4096);
	struct sl_conn_spec spec = { .application = "sluice",
		.connect_timeout_us = CONNECT_US,
		.clock = control->doors.clock,
		.fake = control->doors.fake };
	enum sl_code code = sl_engine_url_parse(&spec.url, arena, target->url, err);

	(void)world;
	if (code == SL_OK && target->password[0] != '\0') {
		code = sl_secret_resolve(target->password, &secret, err);
		if (code == SL_OK)
			spec.password = sl_arena_strndup(arena, sl_buf_str(&secret), secret.len);
	}
	if (code != SL_OK)
		return sl_error_wrap(err, code, "target %s", target->name);
	*out = spec;
	return SL_OK;
}

enum sl_code sl_control_target_word(struct sl_control *control, const struct ledger_place *place,
	struct sl_conn_spec *spec, struct sl_apply_word *out, struct sl_error *err)
{
	const struct sl_workspace *workspace = place->world->workspace;
	size_t index = sl_workspace_target(workspace, place->target);
	int64_t epoch = 0;
	enum sl_code code;

	if (index == workspace->targets_len)
		return sl_control_no_target(place->world, place->target, err);
	code = sl_control_target_spec(control, place->world, &workspace->targets[index],
		place->arena, spec, err);
	if (code == SL_OK)
		code = sl_store_epoch(control->doors.store,
			sl_arena_printf(place->arena, "%s/%s", place->target, place->scope), &epoch,
			err);
	if (code != SL_OK)
		return code;
	*out = (struct sl_apply_word){ .target = spec,
		.scope = place->scope,
		.tool = control->doors.tool,
		.installation = sl_store_installation(control->doors.store),
		.epoch = epoch,
		.clock = control->doors.clock,
		.rand = control->doors.rand };
	return SL_OK;
}

/* --- observations --------------------------------------------------------------------------- */

static void observation_free(struct observation *seen)
{
	sl_catalog_unref(seen->catalog);
	sl_arena_free(seen->arena);
	free(seen);
}

struct observation *sl_observation_get(struct sl_control *control, const char *target)
{
	struct observation *seen;

	(void)pthread_mutex_lock(&control->lock);
	seen = sl_map_get(control->observed, target);
	if (seen)
		seen->refs++;
	(void)pthread_mutex_unlock(&control->lock);
	return seen;
}

void sl_observation_unref(struct sl_control *control, struct observation *seen)
{
	bool last;

	if (!seen)
		return;
	(void)pthread_mutex_lock(&control->lock);
	last = --seen->refs == 0;
	(void)pthread_mutex_unlock(&control->lock);
	if (last)
		observation_free(seen);
}

void sl_observation_stale(struct sl_control *control, const char *target)
{
	struct observation *seen;

	(void)pthread_mutex_lock(&control->lock);
	seen = sl_map_get(control->observed, target);
	if (seen)
		seen->stale = true;
	(void)pthread_mutex_unlock(&control->lock);
}

bool sl_observation_overdue(struct sl_control *control, const char *target, int64_t since)
{
	const struct observation *seen;
	bool overdue;

	(void)pthread_mutex_lock(&control->lock);
	seen = sl_map_get(control->observed, target);
	overdue = !seen || seen->stale || (seen->trouble && seen->at < since);
	(void)pthread_mutex_unlock(&control->lock);
	return overdue;
}

bool sl_observation_is_old(struct sl_control *control, const char *target, int64_t since)
{
	const struct observation *seen;
	bool old;

	(void)pthread_mutex_lock(&control->lock);
	seen = sl_map_get(control->observed, target);
	old = seen && seen->at < since;
	(void)pthread_mutex_unlock(&control->lock);
	return old;
}

static void put(struct sl_control *control, const char *target, struct observation *seen)
{
	struct observation *old;

	(void)pthread_mutex_lock(&control->lock);
	old = sl_map_put(control->observed, target, seen);
	(void)pthread_mutex_unlock(&control->lock);
	sl_observation_unref(control, old);
}

const struct sl_ledger_migration *sl_observation_knows(const struct observation *seen,
	const char *scope, enum sl_migration_kind kind, const char *key)
{
	if (!seen)
		return NULL;
	for (size_t i = 0; i < seen->ledger.migrations_len; i++) {
		const struct sl_ledger_migration *row = &seen->ledger.migrations[i];

		if (row->kind == kind && row->state != SL_LEDGER_PARTIAL &&
			sl_str_eq(row->key, key) && sl_str_eq(row->scope, scope))
			return row;
	}
	return NULL;
}

static enum sl_code look(const struct sl_conn_spec *spec, struct observation *seen,
	struct sl_error *err)
{
	struct sl_apply_ping ping = { 0 };
	enum sl_code code = sl_apply_ping(spec, &ping, seen->arena, err);

	if (code == SL_OK)
		code = sl_apply_history(spec, NULL, &seen->ledger, seen->arena, err);
	if (code == SL_OK)
		code = sl_apply_snapshot(spec, &seen->catalog, err);
	seen->version = ping.version;
	if (seen->catalog)
		sl_snapshot_hash(seen->catalog, seen->hash);
	return code;
}

static enum sl_code keep(struct sl_control *control, const char *target,
	const struct observation *seen, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	enum sl_code code = sl_control_keep_moment(control, batch, target, seen->catalog, arena,
		err);

	return code == SL_OK ? sl_store_commit(control->doors.store, batch, err) : code;
}

/* What is awaited of the team's own tool there; looked for again and again until it was seen.
 * Whether something was: then the structure that was read before is of the past. */
static bool look_elsewhere(struct sl_control *control, const struct sl_world *world,
	const struct sl_target *target, const struct observation *seen, struct sl_cancel *cancel)
{
	const int64_t pause = world->poll_us > SL_ELSEWHERE_LEAST_US ? world->poll_us :
								       SL_ELSEWHERE_LEAST_US;
	struct elsewhere_look look = { .control = control,
		.world = world,
		.target = target,
		.ledger = &seen->ledger,
		.modes = SL_STATE_BIT(SL_MODE_GATE),
		.cancel = cancel };
	struct sl_error err = SL_ERROR_INIT;

	if (sl_elsewhere_look(&look, &err) != SL_OK)
		sl_log(SL_LOG_WARNING, "elsewhere.not_read", "target", target->name, "error",
			err.msg, NULL);
	if (look.news)
		sl_control_queue_add(control, SL_WORK_OBSERVE, target->name, 0);
	else if (look.awaited)
		sl_control_queue_add(control, SL_WORK_OBSERVE, target->name,
			sl_control_now(control) + pause);
	return look.news;
}

enum sl_code sl_control_observe(struct sl_control *control, const char *target,
	struct sl_cancel *cancel, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	size_t index = sl_workspace_target(world->workspace, target);
	struct observation *seen;
	struct sl_conn_spec spec;
	enum sl_code code;

	if (index == world->workspace->targets_len)
		return SL_OK;
	seen = sl_xcalloc(1, sizeof(*seen));
	seen->arena = sl_arena_new();
	seen->refs = 1;
	seen->at = sl_control_now(control);
	code = sl_control_target_spec(control, world, &world->workspace->targets[index],
		seen->arena, &spec, err);
	spec.cancel = cancel;
	if (code == SL_OK)
		code = look(&spec, seen, err);
	if (code == SL_OK &&
		!look_elsewhere(control, world, &world->workspace->targets[index], seen, cancel))
		code = keep(control, target, seen, err);
	else if (code != SL_OK && err)
		seen->trouble = sl_arena_strdup(seen->arena, err->msg);
	spec.password = NULL;
	put(control, target, seen);
	return code;
}
