/* A run and the drift of its target: what it did itself is never drift, and what others did before
 * it does not vanish in it. */
#include "drift.h"

#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/schema/snapshot.h"

#include <stdio.h>

enum sl_code sl_drift_meant(struct sl_control *control, struct sl_drift_run *run,
	const struct sl_ledger *ledger, const struct sl_catalog *live,
	const struct sl_catalog **out, struct sl_error *err)
{
	struct sl_drift_record row;
	struct sl_drift_led led;
	enum sl_code code = sl_store_drift(control->doors.store, run->task->target, run->arena,
		&row, err);

	if (code == SL_OK)
		code = sl_drift_follow(control, &row, ledger, live, &led, err);
	if (code != SL_OK)
		return code;
	if (!led.meant)
		return sl_control_load_snapshot(control, row.base, out, err);
	sl_drift_run_done(run);
	run->led = led.meant;
	run->led_from = row.base;
	run->led_by = sl_drift_origin(run->arena, led.last);
	run->led_run = sl_drift_newest(ledger);
	run->led_told = led.told;
	*out = sl_catalog_ref(led.meant);
	return SL_OK;
}

void sl_drift_run_done(struct sl_drift_run *run)
{
	sl_catalog_unref(run->led);
	run->led = NULL;
}

static void put_led(struct sl_control *control, const struct sl_drift_run *run,
	struct sl_drift_record *row, const char *found, struct sl_batch *batch,
	struct sl_arena *arena)
{
	char hash[SL_SHA256_HEX];

	sl_snapshot_hash(run->led, hash);
	sl_control_keep_snapshot(control, batch, "", run->led, "");
	row->base = sl_arena_strdup(arena, hash);
	row->origin = run->led_by;
	row->based_at = sl_control_now(control);
	row->base_run = run->led_run;
	if (run->led_told) {
		row->live = found;
		row->live_run = run->led_run;
	}
}

enum sl_code sl_drift_mark(struct sl_control *control, struct sl_drift_run *run, const char *found,
	struct sl_batch *batch, struct sl_arena *arena, struct sl_error *err)
{
	struct sl_drift_record row;
	enum sl_code code = sl_store_drift(control->doors.store, run->task->target, arena, &row,
		err);

	if (code != SL_OK)
		return code;
	run->own = run->own || row.before[0] == '\0';
	if (run->led && row.before[0] == '\0' && sl_str_eq(row.base, run->led_from))
		put_led(control, run, &row, found, batch, arena);
	if (row.before[0] == '\0')
		row.before = found;
	(void)snprintf(run->before, sizeof(run->before), "%s", row.before);
	sl_batch_put_drift(batch, &row);
	return SL_OK;
}

struct settling {
	struct sl_control *control;
	const struct sl_world *world;
	const struct sl_drift_run *run;
	const struct sl_apply_result *result;
	struct sl_arena *arena;
	struct sl_batch *batch;
	struct sl_drift_record row;
	bool look; /* a comparison is wanted */
};

static const char *origin(const struct settling *settling)
{
	return sl_arena_printf(settling->arena, "run %.8s of change %lld", settling->run->run,
		(long long)settling->run->task->change_id);
}

/* What the base is after the run: the run's own snapshot, unless others had changed something. */
static enum sl_code new_base(struct settling *settling, char hash[SL_SHA256_HEX],
	struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *base = NULL;
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *before = NULL;
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *carried = NULL;
	struct sl_control *control = settling->control;
	const struct sl_drift_record *row = &settling->row;
	enum sl_code code;

	(void)snprintf(hash, SL_SHA256_HEX, "%s", settling->result->after_hash);
	if (row->base[0] == '\0' || sl_str_eq(row->base, row->before))
		return SL_OK;
	code = sl_control_load_snapshot(control, row->base, &base, err);
	if (code == SL_OK)
		code = sl_control_load_snapshot(control, row->before, &before, err);
	if (code == SL_ENOTFOUND) /* the store was lost: nothing is known of what others did */
		return SL_OK;
	if (code != SL_OK)
		return code;
	carried = sl_snapshot_carry(base, before, settling->result->after);
	sl_snapshot_hash(carried, hash);
	if (sl_snapshot_is(settling->result->after, hash))
		(void)snprintf(hash, SL_SHA256_HEX, "%s", settling->result->after_hash);
	else
		sl_control_keep_snapshot(control, settling->batch, "", carried, "");
	return SL_OK;
}

static void tell_gone(struct settling *settling)
{
	sl_control_tell(settling->control, settling->world, settling->batch,
		&(struct telling){ .kind = "drift.gone",
			.environment = settling->run->task->environment,
			.target = settling->run->task->target,
			.by = "sluice",
			.text = sl_arena_printf(settling->arena, "the drift of %s is gone: %s",
				settling->run->task->target, settling->row.origin) });
}

static enum sl_code take_snapshot(struct settling *settling, struct sl_error *err)
{
	struct sl_drift_record *row = &settling->row;
	char hash[SL_SHA256_HEX];
	enum sl_code code = new_base(settling, hash, err);

	if (code != SL_OK)
		return code;
	row->base = sl_arena_strdup(settling->arena, hash);
	row->origin = origin(settling);
	row->based_at = sl_control_now(settling->control);
	row->base_run = settling->run->run;
	if (sl_str_eq(row->live, row->before)) { /* what it found was known: so is what it left */
		row->live = settling->result->after_hash;
		row->live_run = settling->run->run;
	}
	row->before = "";
	if (!sl_str_eq(hash, settling->result->after_hash)) {
		settling->look = true;
		return SL_OK;
	}
	if (row->state == SL_DRIFT_FOUND)
		tell_gone(settling);
	row->state = sl_catalog_incomplete(settling->result->after).len > 0 ? SL_DRIFT_UNKNOWN :
									      SL_DRIFT_NONE;
	row->live = row->base;
	row->live_run = row->base_run;
	row->since = 0;
	row->objects = 0;
	row->summary = "";
	settling->look = row->state == SL_DRIFT_UNKNOWN;
	return SL_OK;
}

/* Proved to have had no effect, by the attempt that made the mark. */
static bool without_effect(const struct sl_drift_run *run, const struct sl_apply_result *result)
{
	const bool proved = result->outcome == SL_OUTCOME_FAILED_CLEAN ||
		result->outcome == SL_OUTCOME_CANCELED || result->outcome == SL_OUTCOME_BLOCKED;

	return run->own && proved && result->done == 0;
}

/* Unless another attempt has taken the task over, and the mark with it. */
static void take_mark_away(struct settling *settling)
{
	sl_batch_expect_task(settling->batch, settling->run->task->id,
		settling->run->task->lease_epoch);
	settling->row.before = "";
}

static enum sl_code settle_once(struct settling *settling, struct sl_error *err)
{
	const struct sl_drift_run *run = settling->run;
	struct sl_drift_record *row = &settling->row;
	enum sl_code code = sl_store_drift(settling->control->doors.store, run->task->target,
		settling->arena, row, err);

	if (code != SL_OK)
		return code;
	settling->look = settling->result->drift && settling->result->drift[0] != '\0';
	if (run->before[0] != '\0' && !sl_str_eq(run->before, row->before))
		return SL_OK; /* another worker has taken over */
	if (run->before[0] != '\0' && settling->result->after_hash[0] != '\0')
		code = take_snapshot(settling, err);
	else if (run->before[0] != '\0' && without_effect(run, settling->result))
		take_mark_away(settling);
	settling->look = settling->look || row->before[0] != '\0';
	if (settling->look)
		row->asked_at = row->tried_at + 1;
	if (code != SL_OK || (!settling->look && run->before[0] == '\0'))
		return code;
	sl_batch_put_drift(settling->batch, row);
	return sl_store_commit(settling->control->doors.store, settling->batch, err);
}

enum sl_code sl_drift_settle(struct sl_control *control, const struct sl_world *world,
	const struct sl_drift_run *run, const struct sl_apply_result *result, struct sl_error *err)
{
	enum sl_code code = SL_ECONFLICT;
	bool look = false;

	for (unsigned i = 0; code == SL_ECONFLICT && i < SL_DRIFT_ROUNDS; i++) {
		sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
		sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
		struct settling settling = { .control = control,
			.world = world,
			.run = run,
			.result = result,
			.arena = arena,
			.batch = batch };

		code = settle_once(&settling, err);
		look = settling.look;
	}
	if (look)
		sl_control_queue_add(control, SL_WORK_DRIFT, run->task->target, 0);
	return code;
}
