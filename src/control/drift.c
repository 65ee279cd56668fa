/* The scheduled look at a target: its live structure against the one that is meant to be there.
 * Nothing is ever healed by it. */
#include "drift.h"
#include "elsewhere.h"

#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/schema/snapshot.h"
#include "sluice/sys/cancel.h"

#include <string.h>

#define SPREAD_US   (60 * SL_SECOND_US) /* over which a start spreads what is overdue */
#define BUSY_US     (5 * SL_SECOND_US)
#define STALE_US    (SL_SECOND_US / 10)
#define LOOK_MAX_US (60 * SL_SECOND_US) /* how long one may take */
#define SUMMARY_MAX 300

/* States of a task whose effect on its target is not known for certain. */
#define AT_WORK                                                          \
	(SL_STATE_BIT(SL_TASK_RUNNING) | SL_STATE_BIT(SL_TASK_UNKNOWN) | \
		SL_STATE_BIT(SL_TASK_NEEDS_HUMAN))

/* --- when ----------------------------------------------------------------------------------- */

/* From 0 up to span, the same for the same name and moment. */
static int64_t scatter(const char *name, int64_t moment, int64_t span)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(1000);
	unsigned char mac[SL_SHA256_SIZE];
	uint64_t number;

	if (span <= 0)
		return 0;
	sl_buf_addf(&text, "%lld", (long long)moment);
	sl_hmac_sha256(name, strlen(name), sl_buf_str(&text), text.len, mac);
	memcpy(&number, mac, sizeof(number));
	return (int64_t)(number % (uint64_t)span);
}

int64_t sl_drift_due(const struct sl_control *control, const struct sl_world *world,
	const struct sl_target *target, const struct sl_drift_record *row)
{
	const int64_t every = world->workspace->environments[target->environment].drift_every_us;
	const int64_t spread = every < SPREAD_US ? every : SPREAD_US;
	int64_t due, first;

	if (row->asked_at > row->tried_at)
		return 1;
	if (every <= 0)
		return 0;
	due = row->tried_at + every - every / 10 + scatter(target->name, row->tried_at, every / 5);
	first = control->started_at + scatter(target->name, 0, spread);
	/* The clock was set back: what lies ahead was not tried. */
	return due > first && row->tried_at <= sl_control_now(control) ? due : first;
}

enum sl_code sl_drift_ask(struct sl_control *control, const char *target, struct sl_error *err)
{
	enum sl_code code = SL_ECONFLICT;

	for (unsigned i = 0; code == SL_ECONFLICT && i < SL_DRIFT_ROUNDS; i++) {
		sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
		sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
		struct sl_drift_record row;

		code = sl_store_drift(control->doors.store, target, arena, &row, err);
		if (code != SL_OK)
			return code;
		row.asked_at = sl_control_now(control);
		if (row.asked_at <= row.tried_at)
			row.asked_at = row.tried_at + 1;
		sl_batch_put_drift(batch, &row);
		code = sl_store_commit(control->doors.store, batch, err);
	}
	if (code == SL_OK)
		sl_control_queue_add(control, SL_WORK_DRIFT, target, 0);
	return code;
}

enum sl_code sl_drift_by_target(struct sl_control *control, struct sl_arena *arena,
	struct sl_map *out, struct sl_error *err)
{
	struct sl_drift_list rows = { 0 };
	enum sl_code code = sl_store_drifts(control->doors.store, arena, &rows, err);

	for (size_t i = 0; code == SL_OK && i < rows.len; i++) {
		struct sl_drift_record *copy = sl_arena_alloc(arena, sizeof(*copy));

		*copy = rows.at[i];
		(void)sl_map_put(out, copy->target, copy);
	}
	return code;
}

enum sl_code sl_drift_sweep(struct sl_control *control, int64_t since, struct sl_error *err)
{
	static const struct sl_drift_record none;
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_map_free_p) struct sl_map *rows = sl_map_new();
	enum sl_code code = sl_drift_by_target(control, arena, rows, err);

	for (size_t i = 0; code == SL_OK && i < world->workspace->targets_len; i++) {
		const struct sl_target *target = &world->workspace->targets[i];
		const struct sl_drift_record *row = sl_map_get(rows, target->name);
		int64_t due = sl_drift_due(control, world, target, row ? row : &none);

		if (due > 0 && due <= since)
			sl_control_queue_add(control, SL_WORK_DRIFT, target->name, 0);
	}
	return code;
}

/* --- one comparison ------------------------------------------------------------------------- */

struct look {
	struct sl_control *control;
	const struct sl_world *world;
	const struct sl_target *target;
	struct sl_arena *arena;
	struct sl_batch *batch;
	struct sl_drift_record was, row; /* as it was read; as it will be written */
	const struct sl_catalog *live; /* a reference, or NULL */
	const struct sl_catalog *meant; /* a reference: what row.base is since; or NULL, as in the
					 * store */
	char hash[SL_SHA256_HEX]; /* of live */
	struct sl_ledger ledger;
	int64_t now;
	bool told; /* only runs have changed what was told last */
	int64_t again; /* when to look again, unless the schedule says; 0 */
};

unsigned sl_drift_objects(const struct sl_diff *diff)
{
	const void *last = NULL;
	bool properties = false;
	unsigned n = 0;

	for (size_t i = 0; i < diff->len; i++) {
		const struct sl_entity *entity = diff->at[i].to ? diff->at[i].to : diff->at[i].from;

		properties = properties || !entity;
		n += entity && entity != last;
		last = entity;
	}
	return n + properties;
}

static void rebase(struct look *look, const char *hash, const char *origin)
{
	look->row.base = sl_arena_strdup(look->arena, hash);
	look->row.origin = origin;
	look->row.based_at = look->now;
	look->row.base_run = sl_drift_newest(&look->ledger);
}

/* Takes the reference. */
static void rebase_on(struct look *look, const struct sl_catalog *meant, const char *origin)
{
	char hash[SL_SHA256_HEX];

	sl_control_keep_snapshot(look->control, look->batch, "", meant, "");
	sl_snapshot_hash(meant, hash);
	rebase(look, hash, origin);
	look->meant = meant;
}

/* The end of a run was not seen: what is there now is what it left.  Where the store has lost what
 * was there before it, the base stays as it is. */
static enum sl_code settle_mark(struct look *look, struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *base = NULL;
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *before = NULL;
	const char *origin = "a run whose end was not seen";
	enum sl_code code = SL_OK;

	look->told = sl_str_eq(look->row.live, look->row.before);
	if (look->row.base[0] == '\0' || sl_str_eq(look->row.base, look->row.before)) {
		rebase(look, look->hash, origin);
	} else {
		code = sl_control_load_snapshot(look->control, look->row.base, &base, err);
		if (code == SL_OK)
			code = sl_control_load_snapshot(look->control, look->row.before, &before,
				err);
		if (code == SL_OK)
			rebase_on(look, sl_snapshot_carry(base, before, look->live), origin);
		else if (code != SL_ENOTFOUND)
			return code;
	}
	look->row.before = "";
	return SL_OK;
}

/* Without a base the newest run in the ledger says what is meant to be there, or nobody does. */
static void find_base(struct look *look)
{
	const char *left = sl_ledger_left(&look->ledger);

	if (left[0] != '\0')
		rebase(look, left,
			sl_arena_printf(look->arena, "run %.8s in the ledger",
				look->ledger.runs[0].id));
	else
		rebase(look, look->hash, "first seen");
}

/* What runs have done since is meant to be there too. */
static enum sl_code follow_runs(struct look *look, struct sl_error *err)
{
	struct sl_drift_led led;
	enum sl_code code = sl_drift_follow(look->control, &look->row, &look->ledger, look->live,
		&led, err);

	if (code != SL_OK)
		return code;
	look->told = led.told;
	if (led.meant)
		rebase_on(look, led.meant, sl_drift_origin(look->arena, led.last));
	return SL_OK;
}

static const char *incomplete_text(struct look *look)
{
	const struct sl_names missing = sl_catalog_incomplete(look->live);

	return sl_arena_printf(look->arena, "not everything can be seen: %s%s", missing.at[0],
		missing.len > 1 ? ", and more" : "");
}

static void say_same(struct look *look)
{
	const bool complete = sl_catalog_incomplete(look->live).len == 0;

	look->row.state = complete ? SL_DRIFT_NONE : SL_DRIFT_UNKNOWN;
	look->row.note = complete ? "" : incomplete_text(look);
	look->row.since = 0;
	look->row.objects = 0;
	look->row.summary = "";
}

static void say_found(struct look *look, unsigned objects, const char *summary)
{
	look->row.state = SL_DRIFT_FOUND;
	look->row.note = "";
	look->row.objects = objects;
	look->row.summary = sl_arena_strdup(look->arena, summary);
	if (look->row.since == 0)
		look->row.since = look->now;
}

static enum sl_code compare(struct look *look, struct sl_error *err)
{
	sl_auto_buf struct sl_buf summary = SL_BUF_INIT(SUMMARY_MAX);
	struct sl_diff diff;
	enum sl_code code = SL_OK;

	if (sl_str_eq(look->row.base, look->hash)) {
		say_same(look);
		return SL_OK;
	}
	if (!look->meant)
		code = sl_control_load_snapshot(look->control, look->row.base, &look->meant, err);
	if (code == SL_ENOTFOUND) { /* the store was lost since */
		say_found(look, 0, "it is not as the last run left it");
		return SL_OK;
	}
	if (code != SL_OK)
		return code;
	sl_diff_make(&diff, look->arena, look->meant, look->live);
	sl_diff_summary(&diff, &summary);
	if (diff.same)
		say_same(look);
	else
		say_found(look, sl_drift_objects(&diff), sl_buf_str(&summary));
	return SL_OK;
}

static enum sl_code judge(struct look *look, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	sl_snapshot_hash(look->live, look->hash);
	if (look->row.before[0] != '\0')
		code = settle_mark(look, err);
	else if (look->row.base[0] == '\0')
		find_base(look);
	else
		code = follow_runs(look, err);
	/* The same structure, as an earlier version took its hash: it is told as we do from now on.
	 */
	if (code == SL_OK && sl_snapshot_is(look->live, look->row.base)) {
		look->row.base = sl_arena_strdup(look->arena, look->hash);
		look->row.base_run = sl_drift_newest(&look->ledger);
	}
	if (code == SL_OK)
		code = compare(look, err);
	look->row.live = look->hash;
	look->row.live_run = sl_drift_newest(&look->ledger);
	look->row.checked_at = look->now;
	return code;
}

/* --- what came of it ------------------------------------------------------------------------ */

static void tell(struct look *look, const char *kind, const char *text)
{
	sl_control_tell(look->control, look->world, look->batch,
		&(struct telling){ .kind = kind,
			.environment = look->world->workspace
					       ->environments[look->target->environment]
					       .name,
			.target = look->target->name,
			.by = "sluice",
			.text = text });
}

/* Once each, not at every comparison. */
static void tell_news(struct look *look)
{
	const bool was = look->was.state == SL_DRIFT_FOUND, is = look->row.state == SL_DRIFT_FOUND;
	const char *name = look->target->name;

	if (is && !was)
		tell(look, "drift.found",
			sl_arena_printf(look->arena, "%s has drifted: %s", name,
				look->row.summary));
	else if (is && !look->told && !sl_snapshot_is(look->live, look->was.live))
		tell(look, "drift.changed",
			sl_arena_printf(look->arena, "the drift of %s is another one now: %s", name,
				look->row.summary));
	else if (was && !is)
		tell(look, "drift.gone",
			sl_arena_printf(look->arena, "the drift of %s is gone", name));
}

/* SL_ECONFLICT: somebody else has written, a run perhaps, and what was seen is of the past. */
static enum sl_code keep(struct look *look, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	look->row.tried_at = look->now > look->was.asked_at ? look->now : look->was.asked_at;
	if (look->live) {
		tell_news(look);
		code = sl_control_keep_moment(look->control, look->batch, look->target->name,
			look->live, look->arena, err);
	}
	if (code != SL_OK)
		return code;
	sl_batch_put_drift(look->batch, &look->row);
	return sl_store_commit(look->control->doors.store, look->batch, err);
}

/* A target that could not be seen has not drifted: what was known stays, and why stands beside it.
 */
static enum sl_code keep_failure(struct look *look, enum sl_code code, struct sl_error *err)
{
	if (code == SL_ECANCELED)
		return code;
	sl_catalog_unref(look->live);
	look->live = NULL;
	look->row = look->was;
	look->row.note = sl_arena_strdup(look->arena, err->msg);
	(void)!keep(look, NULL);
	return code;
}

/* --- the job -------------------------------------------------------------------------------- */

static enum sl_code at_work(struct look *look, bool *out, struct sl_error *err)
{
	const struct sl_task_query query = { .target = look->target->name,
		.states = AT_WORK,
		.page = { .limit = 1 } };
	struct sl_task_list tasks = { 0 };
	enum sl_code code = sl_store_tasks(look->control->doors.store, &query, look->arena, &tasks,
		err);

	*out = tasks.len > 0;
	return code;
}

/* Whether a run is open, or has ended while the structure was looked at.  What the target's clock
 * has far ahead ended before somebody set it back. */
static bool has_busy_run(const struct sl_ledger *ledger)
{
	for (size_t i = 0; i < ledger->runs_len; i++) {
		const struct sl_ledger_run *run = &ledger->runs[i];

		if (run->open ||
			(run->ended_at >= ledger->since &&
				run->ended_at - ledger->since < LOOK_MAX_US))
			return true;
	}
	return false;
}

/* Why there is nothing to compare yet: said, and tried again soon. */
static enum sl_code put_off(struct look *look, const char *note, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	enum sl_code code = SL_OK;

	if (!sl_str_eq(look->was.note, note)) {
		look->row = look->was;
		look->row.note = note;
		sl_batch_put_drift(batch, &look->row);
		code = sl_store_commit(look->control->doors.store, batch, err);
	}
	look->again = look->now + BUSY_US;
	return code == SL_ECONFLICT ? SL_OK : code;
}

static enum sl_code see(struct look *look, struct sl_cancel *cancel, struct sl_error *err)
{
	struct sl_conn_spec spec;
	enum sl_code code = sl_control_target_spec(look->control, look->world, look->target,
		look->arena, &spec, err);

	if (code != SL_OK)
		return code;
	spec.cancel = cancel;
	return sl_apply_live(&spec, &look->live, &look->ledger, look->arena, err);
}

/* What differs may be the work of the team's own tool on a change: then it is meant to be there,
 * and all is looked at once more. */
static enum sl_code explain(struct look *look, struct sl_cancel *cancel, struct sl_error *err)
{
	struct elsewhere_look elsewhere = { .control = look->control,
		.world = look->world,
		.target = look->target,
		.ledger = &look->ledger,
		.modes = SL_STATE_BIT(SL_MODE_OBSERVE) | SL_STATE_BIT(SL_MODE_REVIEW) |
			SL_STATE_BIT(SL_MODE_GATE),
		.cancel = cancel };
	enum sl_code code;

	if (look->row.state != SL_DRIFT_FOUND)
		return SL_OK;
	code = sl_elsewhere_look(&elsewhere, err);
	if (code == SL_OK && elsewhere.news)
		return sl_error_set(err, SL_ECONFLICT, "%s: others have applied a change",
			look->target->name);
	return code;
}

static enum sl_code look_at(struct look *look, struct sl_cancel *cancel, struct sl_error *err)
{
	bool busy = false;
	enum sl_code code = at_work(look, &busy, err);

	if (code != SL_OK)
		return code;
	if (busy)
		return put_off(look, "a run is at work, or its outcome is not known yet", err);
	code = see(look, cancel, err);
	if (code == SL_OK && has_busy_run(&look->ledger))
		return put_off(look, "a run is open in the target's ledger, or has just ended",
			err);
	if (code == SL_OK)
		code = judge(look, err);
	if (code == SL_OK)
		code = explain(look, cancel, err);
	if (code == SL_ECONFLICT)
		return code;
	if (code != SL_OK)
		return keep_failure(look, code, err);
	code = keep(look, err);
	if (code == SL_OK && look->was.state == SL_DRIFT_FOUND && look->row.state != SL_DRIFT_FOUND)
		code = sl_control_wake_blocked(look->control, look->target->name, "sluice", err);
	return code;
}

static enum sl_code look_when_due(struct look *look, struct sl_cancel *cancel, struct sl_error *err)
{
	struct sl_control *control = look->control;
	const char *name = look->target->name;
	int64_t due;
	enum sl_code code = sl_store_drift(control->doors.store, name, look->arena, &look->was,
		err);

	if (code != SL_OK)
		return code;
	look->row = look->was;
	due = sl_drift_due(control, look->world, look->target, &look->was);
	if (due > 0 && due <= look->now) {
		code = look_at(look, cancel, err);
		look->row.tried_at = look->now > look->was.asked_at ? look->now :
								      look->was.asked_at;
		due = sl_drift_due(control, look->world, look->target, &look->row);
	}
	if (code == SL_ECONFLICT) { /* stale: a run came in between, or a person's word */
		look->again = look->now + STALE_US;
		code = SL_OK;
	}
	if (due > 0 || look->again > 0)
		sl_control_queue_add(control, SL_WORK_DRIFT, name, look->again ? look->again : due);
	return code;
}

enum sl_code sl_control_drift(struct sl_control *control, const char *target,
	struct sl_cancel *cancel, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	const size_t index = sl_workspace_target(world->workspace, target);
	struct look look = { .control = control,
		.world = world,
		.arena = arena,
		.batch = batch,
		.now = sl_control_now(control) };
	enum sl_code code;

	if (index == world->workspace->targets_len)
		return SL_OK;
	look.target = &world->workspace->targets[index];
	code = look_when_due(&look, cancel, err);
	sl_catalog_unref(look.live);
	sl_catalog_unref(look.meant);
	return code;
}
