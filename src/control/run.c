/*
 * One attempt of one task: claimed, applied, and its outcome turned into the task's next state.
 * The ledger in the target is the truth; the store learns of it through the journal.
 */
#include "drift.h"
#include "folder.h"
#include "history.h"
#include "inside.h"

#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/rollout/moves.h"
#include "sluice/rollout/plan.h"
#include "sluice/schema/snapshot.h"
#include "sluice/store/work.h"
#include "sluice/sys/cancel.h"

#include <stdio.h>

struct attempt {
	struct sl_control *control;
	const struct sl_world *world;
	struct sl_arena *arena;
	struct sl_task task;
	struct sl_stage_plan plan;
	const struct sl_plan_part *part;
	const struct sl_target *target;
	struct folder folder;
	bool in_any_order; /* changes of the own repository do not follow one another */
	const struct sl_migration **only;
	size_t only_len;
	struct active_run active;
	char run[SL_ID_SIZE];
	char epoch_name[256];
	int64_t started_at;
	bool begun; /* the store has the run */
	const struct sl_run *proved; /* an earlier one, whose end this one found out; or NULL */
	struct sl_drift_run drift;
	const char *meant; /* hash of the structure that is meant to be there; or NULL, "" */
	char found[SL_SHA256_HEX]; /* the one before the run */
	/* Steps that the store has not got yet: history for people, which may wait a moment. */
	struct sl_batch *steps; /* owned, or NULL */
	unsigned steps_len;
	int64_t steps_kept_at;
	int64_t waits_told_at; /* the task says what it waits for; 0: it does not */
};

#define FETCH_US      (60 * SL_SECOND_US)
#define STEPS_MAX     64
#define STEPS_WAIT_US (200000)
#define WAITS_US      SL_SECOND_US /* how often a wait that goes on is told anew */

/* --- the journal ---------------------------------------------------------------------------- */

static bool must_stop(struct attempt *attempt)
{
	bool stop;

	(void)pthread_mutex_lock(&attempt->control->lock);
	stop = attempt->active.stop || attempt->control->draining;
	(void)pthread_mutex_unlock(&attempt->control->lock);
	return stop;
}

/* Whether the task is ours still, and nobody wants it to stop. */
static enum sl_code check_lease(struct attempt *attempt, struct sl_error *err)
{
	struct sl_task task;
	enum sl_code code = sl_store_task(attempt->control->doors.store, attempt->task.id,
		attempt->arena, &task, err);

	if (code != SL_OK)
		return code;
	if (task.cancel_asked)
		return sl_error_set(err, SL_ECANCELED, "canceled by a person");
	if (task.state != SL_TASK_RUNNING || task.lease_epoch != attempt->task.lease_epoch)
		return sl_error_set(err, SL_ECANCELED, "another worker has taken the task over");
	return SL_OK;
}

static void add_run(const struct attempt *attempt, const struct sl_apply_intent *intent,
	struct sl_batch *batch)
{
	sl_batch_add_run(batch,
		&(struct sl_run){ .id = intent->run,
			.task_id = attempt->task.id,
			.target = attempt->task.target,
			.environment = attempt->task.environment,
			.change_id = attempt->task.change_id,
			.steps_total = intent->steps_total,
			.started_at = attempt->started_at });
}

static enum sl_code keep_intent(struct attempt *attempt, const struct sl_apply_intent *intent,
	struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	enum sl_code code = sl_drift_mark(attempt->control, &attempt->drift, attempt->found, batch,
		attempt->arena, err);

	if (code != SL_OK)
		return code;
	sl_batch_expect_task(batch, attempt->task.id, attempt->task.lease_epoch);
	sl_batch_raise_epoch(batch, attempt->epoch_name, intent->epoch);
	if (!attempt->begun) /* else it goes on in another session */
		add_run(attempt, intent, batch);
	code = sl_store_commit(attempt->control->doors.store, batch, err);
	attempt->begun = attempt->begun || code == SL_OK;
	return code;
}

static enum sl_code on_intent(void *ctx, const struct sl_apply_intent *intent, struct sl_error *err)
{
	struct attempt *attempt = ctx;
	enum sl_code code = check_lease(attempt, err);

	if (code != SL_OK)
		return code;
	code = SL_ECONFLICT; /* the drift's record may be written by a comparison meanwhile */
	for (unsigned i = 0; code == SL_ECONFLICT && i < SL_DRIFT_ROUNDS; i++)
		code = keep_intent(attempt, intent, err);
	return code;
}

static enum sl_code may_go_on(void *ctx, const struct sl_step *next, struct sl_error *err)
{
	struct attempt *attempt = ctx;

	(void)next;
	if (must_stop(attempt))
		return sl_error_set(err, SL_ECANCELED, "Sluice is stopping");
	return check_lease(attempt, err);
}

static enum sl_code keep_steps(struct attempt *attempt, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = attempt->steps;

	attempt->steps = NULL;
	attempt->steps_len = 0;
	attempt->steps_kept_at = sl_clock_mono(attempt->control->doors.clock);
	return batch ? sl_store_commit(attempt->control->doors.store, batch, err) : SL_OK;
}

/* Whoever looks at the task meanwhile shall know; it is no history. */
static void tell_wait(struct attempt *attempt, const char *what)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	sl_batch_expect_task(batch, attempt->task.id, attempt->task.lease_epoch);
	sl_batch_wait(batch, SL_OBJECT_TASK, attempt->task.id, what);
	(void)!sl_store_commit(attempt->control->doors.store, batch, NULL);
}

static void on_waits(void *ctx, const struct sl_step *step, const char *what)
{
	struct attempt *attempt = ctx;
	const int64_t now = sl_clock_mono(attempt->control->doors.clock);

	(void)step;
	if (attempt->waits_told_at != 0 && now - attempt->waits_told_at < WAITS_US)
		return;
	attempt->waits_told_at = now;
	tell_wait(attempt, what);
}

static enum sl_code on_step(void *ctx, const struct sl_step *step, struct sl_error *err)
{
	struct attempt *attempt = ctx;
	const int64_t now = sl_clock_mono(attempt->control->doors.clock);

	if (attempt->waits_told_at != 0)
		tell_wait(attempt, "");
	attempt->waits_told_at = 0;
	if (!attempt->begun)
		return SL_OK;
	if (!attempt->steps) {
		attempt->steps = sl_batch_new();
		sl_batch_expect_task(attempt->steps, attempt->task.id, attempt->task.lease_epoch);
	}
	sl_batch_put_step(attempt->steps, step);
	attempt->steps_len++;
	if (attempt->steps_len < STEPS_MAX && now - attempt->steps_kept_at < STEPS_WAIT_US)
		return SL_OK;
	return keep_steps(attempt, err);
}

static enum sl_code on_snapshot(void *ctx, bool after, const struct sl_catalog *catalog,
	struct sl_error *err)
{
	struct attempt *attempt = ctx;
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	if (!after)
		sl_snapshot_hash(catalog, attempt->found);
	sl_batch_expect_task(batch, attempt->task.id, attempt->task.lease_epoch);
	sl_control_keep_snapshot(attempt->control, batch, attempt->task.target, catalog,
		attempt->run);
	return sl_store_commit(attempt->control->doors.store, batch, err);
}

static enum sl_code meant(void *ctx, const struct sl_ledger *ledger, const struct sl_catalog *live,
	const struct sl_catalog **out, struct sl_error *err)
{
	struct attempt *attempt = ctx;

	return sl_drift_meant(attempt->control, &attempt->drift, ledger, live, out, err);
}

/* --- before --------------------------------------------------------------------------------- */

/* Where an attempt has left its mark, what differs is its own work. */
static enum sl_code read_drift(struct attempt *attempt, struct sl_error *err)
{
	struct sl_drift_record row;
	enum sl_code code = sl_store_drift(attempt->control->doors.store, attempt->task.target,
		attempt->arena, &row, err);

	attempt->drift = (struct sl_drift_run){ .task = &attempt->task,
		.run = attempt->run,
		.arena = attempt->arena };
	if (code == SL_OK && row.before[0] != '\0')
		attempt->meant = "";
	else if (code == SL_OK && row.base[0] != '\0')
		attempt->meant = row.base;
	return code;
}

static enum sl_code read_plan(struct attempt *attempt, struct sl_error *err)
{
	struct sl_stage stage;
	enum sl_code code = sl_store_stage(attempt->control->doors.store, attempt->task.stage_id,
		attempt->arena, &stage, err);

	if (code == SL_OK)
		code = sl_rollout_read_plan(stage.plan, attempt->arena, &attempt->plan, err);
	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < attempt->plan.targets_len; i++) {
		const struct sl_plan_target *target = &attempt->plan.targets[i];

		if (sl_str_eq(target->name, attempt->task.target) &&
			sl_str_eq(attempt->plan.parts[target->part].folder, attempt->task.folder))
			attempt->part = &attempt->plan.parts[target->part];
	}
	if (!attempt->part)
		return sl_error_set(err, SL_EINTERNAL, "the plan of stage %lld does not know %s",
			(long long)stage.id, attempt->task.target);
	return SL_OK;
}

static const struct sl_project *project_of(const struct attempt *attempt,
	const struct sl_change *change)
{
	const struct sl_workspace *workspace = attempt->world->workspace;
	size_t i = sl_workspace_project(workspace, change->project);

	return i < workspace->projects_len ? &workspace->projects[i] : NULL;
}

/* There every change has a folder of its own: the plan says how it is read. */
static const struct sl_migrations_entry *own_entry(struct attempt *attempt)
{
	struct sl_migrations_entry *entry = sl_arena_alloc(attempt->arena, sizeof(*entry));

	*entry = (struct sl_migrations_entry){ .path = attempt->part->folder,
		.layout = attempt->part->layout,
		.ledger = attempt->part->ledger,
		.targets = attempt->part->selector };
	return entry;
}

static enum sl_code find_target(struct attempt *attempt, const struct sl_change *change,
	struct sl_error *err)
{
	const struct sl_workspace *workspace = attempt->world->workspace;
	const struct sl_project *project = project_of(attempt, change);
	size_t i = sl_workspace_target(workspace, attempt->task.target);

	if (i == workspace->targets_len || !project)
		return sl_error_set(err, SL_EUNAVAIL,
			"%s is not in the configuration any more: put it back, or cancel the task",
			project ? attempt->task.target : change->project);
	attempt->target = &workspace->targets[i];
	attempt->folder.dialect = attempt->target->dialect;
	attempt->in_any_order = project == attempt->world->own;
	if (attempt->in_any_order)
		attempt->folder.entry = own_entry(attempt);
	for (size_t k = 0; k < project->migrations_len; k++) {
		if (sl_str_eq(project->migrations[k].path, attempt->task.folder))
			attempt->folder.entry = &project->migrations[k];
	}
	if (!attempt->folder.entry)
		return sl_error_set(err, SL_EUNAVAIL,
			"project %s has no migrations folder %s any more: put it back, or cancel the task",
			project->name, attempt->task.folder);
	return SL_OK;
}

/* The files of the plan as its commit has them: what was approved is what runs. */
static enum sl_code pin(struct attempt *attempt, struct sl_error *err)
{
	const struct sl_migration_set *planned = &attempt->part->set;
	const struct sl_migration_set *found = &attempt->folder.layout.set;

	attempt->only = sl_arena_calloc(attempt->arena, planned->len + 1, sizeof(*attempt->only));
	for (size_t i = 0; i < planned->len; i++) {
		const struct sl_migration *same = NULL;

		for (size_t k = 0; k < found->len; k++) {
			if (sl_str_eq(found->at[k].path, planned->at[i].path) &&
				sl_str_eq(found->at[k].sha256, planned->at[i].sha256))
				same = &found->at[k];
		}
		if (!same)
			return sl_error_set(err, SL_ECONFLICT,
				"%s is not at commit %.7s as it was planned", planned->at[i].path,
				attempt->plan.commit);
		attempt->only[attempt->only_len++] = same;
	}
	return SL_OK;
}

static enum sl_code read_files(struct attempt *attempt, struct sl_error *err)
{
	sl_auto(sl_repo_close_p) struct sl_repo *repo = NULL;
	struct sl_control *control = attempt->control;
	struct sl_change change;
	enum sl_code code = sl_store_change(control->doors.store, attempt->task.change_id,
		attempt->arena, &change, err);

	if (code == SL_OK)
		code = find_target(attempt, &change, err);
	if (code == SL_OK)
		code = sl_control_open_at(control, attempt->world, project_of(attempt, &change),
			&(struct repo_moment){ attempt->plan.commit, FETCH_US }, &repo, err);
	if (code == SL_OK)
		code = sl_folder_read(&attempt->folder, attempt->arena, repo, attempt->world,
			attempt->plan.commit, err);
	return code == SL_OK ? pin(attempt, err) : code;
}

/* --- after ---------------------------------------------------------------------------------- */

static const char *event_of(enum sl_outcome outcome)
{
	switch (outcome) {
	case SL_OUTCOME_NOTHING:
	case SL_OUTCOME_APPLIED:
		return "task.done";
	case SL_OUTCOME_FAILED_CLEAN:
	case SL_OUTCOME_FAILED_PARTIAL:
		return "task.failed";
	case SL_OUTCOME_CANCELED:
		return "task.canceled";
	case SL_OUTCOME_NEEDS_HUMAN:
		return "task.needs_human";
	case SL_OUTCOME_BLOCKED:
	case SL_OUTCOME_UNKNOWN:
	case SL_OUTCOME_COUNT:
		break;
	}
	return NULL;
}

/* A run that a stop of ours ended is no person's cancel: the next start takes it up.  One that
 * stays open in the ledger would keep others out: the next attempt ends it. */
static enum sl_outcome outcome_of(const struct sl_apply_result *result, bool asked)
{
	bool all_done = result->outcome == SL_OUTCOME_APPLIED ||
		result->outcome == SL_OUTCOME_NOTHING;

	if ((result->outcome == SL_OUTCOME_CANCELED && !asked) || (all_done && result->open))
		return SL_OUTCOME_UNKNOWN;
	return result->outcome;
}

/* Whoever waits for a lock keeps others waiting behind it: less often as time goes by. */
static int64_t pause_after(const struct sl_apply_result *result)
{
	return result->code == SL_EBUSY ? 0 : result->try_after_us;
}

static bool met_lock(const struct sl_apply_result *result)
{
	return result->code == SL_EBUSY && result->outcome == SL_OUTCOME_BLOCKED;
}

/* A lock that did not come for so long will not come by itself: a person has to look. */
static bool gives_up(const struct attempt *attempt, const struct sl_apply_result *result)
{
	const struct sl_task *task = &attempt->task;
	int64_t most;

	if (!met_lock(result) || !attempt->target || task->blocked_at == 0 || !task->busy)
		return false;
	most = attempt->world->workspace->environments[attempt->target->environment].give_up_us;
	return most > 0 && sl_control_now(attempt->control) - task->blocked_at >= most;
}

static void give_up(struct attempt *attempt, struct sl_apply_result *result)
{
	char span[SL_TIME_ISO_MAX];

	if (!gives_up(attempt, result))
		return;
	result->outcome = result->done > 0 ? SL_OUTCOME_FAILED_PARTIAL : SL_OUTCOME_FAILED_CLEAN;
	result->text = sl_arena_printf(attempt->arena,
		"%s; given up after %u attempts in %s: end what holds the lock, then `sluice retry "
		"%lld`",
		result->text, attempt->task.attempts,
		sl_time_span(sl_control_now(attempt->control) - attempt->task.blocked_at, span),
		(long long)attempt->task.id);
}

static bool cancel_was_asked(struct attempt *attempt)
{
	struct sl_task task;

	return sl_store_task(attempt->control->doors.store, attempt->task.id, attempt->arena, &task,
		       NULL) == SL_OK &&
		task.cancel_asked;
}

static void end_run(struct attempt *attempt, struct sl_batch *batch,
	const struct sl_apply_result *result, enum sl_outcome outcome)
{
	if (!attempt->begun)
		return;
	sl_batch_end_run(batch,
		&(struct sl_run){ .id = attempt->run,
			.task_id = attempt->task.id,
			.target = attempt->task.target,
			.environment = attempt->task.environment,
			.change_id = attempt->task.change_id,
			.outcome = outcome,
			.detail = result->text,
			.steps_done = result->done,
			.steps_total = result->total,
			.before = result->before_hash,
			.after = result->after_hash,
			.started_at = attempt->started_at,
			.ended_at = sl_control_now(attempt->control) });
}

/* What was not known of an earlier attempt is known now. */
static void end_proved(struct attempt *attempt, struct sl_batch *batch,
	const struct sl_apply_result *result)
{
	struct sl_run run;

	if (!attempt->proved)
		return;
	run = *attempt->proved;
	run.outcome = SL_OUTCOME_APPLIED;
	run.detail = result->text;
	run.steps_done = run.steps_total;
	sl_batch_end_run(batch, &run);
}

/* The task is another's by now; what our run did is history all the same. */
static void end_alone(struct attempt *attempt, const struct sl_apply_result *result,
	enum sl_outcome outcome)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_error err = SL_ERROR_INIT;

	end_run(attempt, batch, result, outcome);
	if (sl_store_commit(attempt->control->doors.store, batch, &err) != SL_OK)
		sl_log(SL_LOG_WARNING, "run.end_lost", "target", attempt->task.target, "error",
			err.msg, NULL);
}

static enum sl_code settle(struct attempt *attempt, const struct sl_apply_result *result,
	struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	enum sl_outcome outcome = outcome_of(result, cancel_was_asked(attempt));
	const char *text = outcome != result->outcome && result->open ?
		sl_arena_printf(attempt->arena, "%s, and its ledger does not say so yet",
			result->text) :
		result->text;
	const struct sl_attempt ended = { .outcome = outcome,
		.detail = text,
		.retry_after_us = pause_after(result),
		.busy = met_lock(result),
		.now = sl_control_now(attempt->control) };
	struct telling telling = { .kind = event_of(outcome),
		.change_id = attempt->task.change_id,
		.environment = attempt->task.environment,
		.target = attempt->task.target,
		.by = "sluice" };
	struct sl_move move;
	enum sl_code code;

	sl_rollout_settle(&attempt->task, &ended, attempt->control->doors.rand, attempt->arena,
		&move);
	code = sl_rollout_check(&move, err);
	if (code != SL_OK)
		return code;
	end_run(attempt, batch, result, outcome);
	end_proved(attempt, batch, result);
	sl_batch_move(batch, &move);
	if (telling.kind) {
		telling.text = text && text[0] ?
			text :
			sl_arena_printf(attempt->arena, "%s: %s", attempt->task.target,
				sl_outcome_name(outcome));
		if (move.event)
			sl_control_tell_routes(attempt->control, attempt->world, batch, &telling);
		else
			sl_control_tell(attempt->control, attempt->world, batch, &telling);
	}
	code = sl_store_commit(attempt->control->doors.store, batch, err);
	if (code == SL_ECONFLICT)
		end_alone(attempt, result, outcome);
	return code;
}

/* --- one attempt ---------------------------------------------------------------------------- */

static void enter(struct attempt *attempt, struct sl_cancel *cancel)
{
	struct sl_control *control = attempt->control;

	attempt->active = (struct active_run){ .task_id = attempt->task.id,
		.epoch = attempt->task.lease_epoch,
		.cancel = cancel };
	(void)pthread_mutex_lock(&control->lock);
	attempt->active.stop = control->draining;
	attempt->active.next = control->runs;
	control->runs = &attempt->active;
	(void)pthread_mutex_unlock(&control->lock);
}

static void leave(struct attempt *attempt)
{
	struct sl_control *control = attempt->control;
	struct active_run **at = &control->runs;

	(void)pthread_mutex_lock(&control->lock);
	while (*at != &attempt->active)
		at = &(*at)->next;
	*at = attempt->active.next;
	(void)pthread_mutex_unlock(&control->lock);
}

static struct sl_limits limits_of(const struct attempt *attempt)
{
	const struct sl_target *target = attempt->target;
	const struct sl_environment *stage = &attempt->world->workspace
						      ->environments[target->environment];

	return sl_apply_limits(target->lock_us >= 0 ? target->lock_us : stage->lock_us,
		target->statement_us >= 0 ? target->statement_us : stage->statement_us);
}

static void apply(struct attempt *attempt, const struct sl_conn_spec *spec, int64_t epoch,
	struct sl_apply_result *result)
{
	struct sl_control *control = attempt->control;
	const struct sl_apply_journal journal = { .intent = on_intent,
		.may_go_on = may_go_on,
		.step = on_step,
		.waits = on_waits,
		.snapshot = on_snapshot,
		.meant = meant,
		.ctx = attempt };
	const struct sl_limits limits = limits_of(attempt);
	const struct sl_environment *environments = attempt->world->workspace->environments;
	const struct sl_apply_request request = { .target = spec,
		.target_name = attempt->task.target,
		.limits = &limits,
		.dir_name = attempt->task.folder,
		.layout = sl_layout_kind_name(attempt->folder.layout.kind),
		.scope = attempt->part->ledger,
		.set = &attempt->folder.layout.set,
		.only = attempt->only,
		.only_len = attempt->only_len,
		.order = attempt->in_any_order ? SL_APPLY_ANY_ORDER : SL_APPLY_IN_ORDER,
		.expected = attempt->meant,
		.hold_drift = environments[attempt->target->environment].drift_hold,
		.run = attempt->run,
		.actor = "sluice",
		.tool = control->doors.tool,
		.installation = sl_store_installation(control->doors.store),
		.epoch = epoch,
		.journal = &journal,
		.clock = control->doors.clock,
		.rand = control->doors.rand };
	struct sl_error err = SL_ERROR_INIT;

	(void)sl_apply_run(&request, result, attempt->arena, &err);
	if (!result->text || result->text[0] == '\0')
		result->text = sl_arena_strdup(attempt->arena, err.msg);
	for (size_t i = 0; i < result->notices_len; i++)
		sl_log(SL_LOG_INFO, "run.notice", "target", attempt->task.target, "text",
			result->notices[i], NULL);
}

/* What kept the attempt from reaching the target: tried again, except where nothing can change. */
static void not_begun(struct sl_apply_result *result, enum sl_code code, const struct sl_error *err,
	struct sl_arena *arena)
{
	*result = (struct sl_apply_result){ .outcome = code == SL_ECONFLICT || code == SL_EINVAL ?
			SL_OUTCOME_FAILED_CLEAN :
			SL_OUTCOME_BLOCKED,
		.code = code,
		.run = "",
		.text = sl_arena_strdup(arena, err->msg),
		.path = "",
		.server_code = "",
		.drift = "" };
}

/* What another tool applied meanwhile, where the configuration says that it counts. */
static enum sl_code adopt_history(struct attempt *attempt, struct sl_apply_result *result)
{
	const struct history_case kase = { .control = attempt->control,
		.world = attempt->world,
		.arena = attempt->arena,
		.folder = &attempt->folder,
		.target = attempt->task.target,
		.actor = "sluice",
		.reason = "history: adopt" };
	struct sl_error err = SL_ERROR_INIT;
	struct sl_adoption adoption;
	enum sl_code code;

	if (!attempt->folder.entry->adopts_history)
		return SL_OK;
	code = sl_history_take(&kase, &adoption, &err);
	if (code == SL_OK || code == SL_ENOTFOUND)
		return SL_OK;
	not_begun(result, code, &err, attempt->arena);
	result->outcome = SL_OUTCOME_BLOCKED;
	return code;
}

static bool is_planned(const struct attempt *attempt, const struct sl_ledger_migration *row)
{
	for (size_t i = 0; i < attempt->only_len; i++)
		if (attempt->only[i]->kind == row->kind &&
			sl_str_eq(attempt->only[i]->key, row->key))
			return true;
	return false;
}

static const struct sl_run *run_of(const struct sl_run_list *runs, const char *id)
{
	for (size_t i = 0; i < runs->len; i++)
		if (sl_str_eq(runs->at[i].id, id))
			return &runs->at[i];
	return NULL;
}

/* Nothing was left to do because an attempt of this task, whose end nobody saw, had done it: that
 * is no `nothing`, and what cannot be told yet is asked again. */
static enum sl_code credit_earlier(struct attempt *attempt, const struct sl_conn_spec *spec,
	struct sl_apply_result *result, struct sl_error *err)
{
	const struct sl_run_query query = { .task_id = attempt->task.id, .limit = 1000 };
	struct sl_run_list runs;
	struct sl_ledger ledger;
	const struct sl_run *last = NULL;
	bool credited = false;
	enum sl_code code;

	if (result->outcome != SL_OUTCOME_NOTHING)
		return SL_OK;
	code = sl_store_runs(attempt->control->doors.store, &query, attempt->arena, &runs, err);
	if (code != SL_OK || runs.len == 0)
		return code;
	code = sl_apply_history(spec, attempt->part->ledger, &ledger, attempt->arena, err);
	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < ledger.migrations_len; i++) {
		if (!is_planned(attempt, &ledger.migrations[i]))
			continue;
		last = run_of(&runs, ledger.migrations[i].run);
		credited = credited || last;
	}
	if (!credited)
		return SL_OK;
	result->outcome = SL_OUTCOME_APPLIED;
	result->text = sl_arena_printf(attempt->arena,
		"%s: an earlier attempt had applied all of it", attempt->task.target);
	/* one that lost its connection behind its last statement is blocked: it did it all the same
	 */
	if (last && (last->outcome == SL_OUTCOME_UNKNOWN || last->outcome == SL_OUTCOME_BLOCKED))
		attempt->proved = last;
	return SL_OK;
}

static enum sl_code work_on(struct attempt *attempt, struct sl_cancel *cancel, struct sl_error *err)
{
	struct sl_apply_result result = { 0 };
	struct sl_error why = SL_ERROR_INIT;
	struct sl_conn_spec spec = { 0 };
	int64_t epoch = 0;
	enum sl_code code = read_plan(attempt, &why);

	if (code == SL_OK)
		code = read_files(attempt, &why);
	if (code == SL_OK)
		code = sl_control_target_spec(attempt->control, attempt->world, attempt->target,
			attempt->arena, &spec, &why);
	(void)snprintf(attempt->epoch_name, sizeof(attempt->epoch_name), "%s/%s",
		attempt->task.target, attempt->part ? attempt->part->ledger : "");
	if (code == SL_OK)
		code = sl_store_epoch(attempt->control->doors.store, attempt->epoch_name, &epoch,
			&why);
	if (code == SL_OK)
		code = read_drift(attempt, &why);
	if (code == SL_OK) {
		spec.cancel = cancel;
		if (adopt_history(attempt, &result) == SL_OK)
			apply(attempt, &spec, epoch, &result);
		code = credit_earlier(attempt, &spec, &result, &why);
	}
	if (code != SL_OK)
		not_begun(&result, code, &why, attempt->arena);
	if (attempt->drift.task &&
		sl_drift_settle(attempt->control, attempt->world, &attempt->drift, &result, &why) !=
			SL_OK)
		sl_log(SL_LOG_WARNING, "drift.not_settled", "target", attempt->task.target, "error",
			why.msg, NULL);
	if (keep_steps(attempt, &why) != SL_OK)
		sl_log(SL_LOG_WARNING, "run.steps_lost", "target", attempt->task.target, "error",
			why.msg, NULL);
	give_up(attempt, &result);
	code = settle(attempt, &result, err);
	sl_apply_result_done(&result);
	sl_drift_run_done(&attempt->drift);
	return code;
}

static bool is_draining(struct sl_control *control)
{
	bool draining;

	(void)pthread_mutex_lock(&control->lock);
	draining = control->draining;
	(void)pthread_mutex_unlock(&control->lock);
	return draining;
}

enum sl_code sl_control_run(struct sl_control *control, struct sl_cancel *cancel,
	struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct attempt attempt = { .control = control,
		.world = world,
		.arena = arena,
		.started_at = sl_control_now(control) };
	const struct sl_claim claim = { .replica = control->doors.replica,
		.now = attempt.started_at,
		.lease_us = world->lease_us };
	bool found = false;
	enum sl_code code = SL_OK;

	if (!is_draining(control))
		code = sl_store_task_claim(control->doors.store, &claim, arena, &attempt.task,
			&found, err);
	if (code != SL_OK || !found)
		return code;
	(void)sl_rand_id(control->doors.rand, attempt.run);
	enter(&attempt, cancel);
	code = work_on(&attempt, cancel, err);
	leave(&attempt);
	sl_observation_stale(control, attempt.task.target);
	sl_control_queue_add(control, SL_WORK_OBSERVE, attempt.task.target, 0);
	sl_control_queue_add(control, SL_WORK_RUN, attempt.task.target, 0);
	sl_control_queue_change(control, attempt.task.change_id, 0);
	/* changes that waited for this target may go on */
	(void)!sl_control_queue_merged(control, NULL);
	return code;
}
