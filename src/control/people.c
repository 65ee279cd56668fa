/* What persons ask for: checked, audited, done. */
#include "elsewhere.h"
#include "request.h"
#include "stages.h"

#include "sluice/core/str.h"
#include "sluice/policy/role.h"
#include "sluice/policy/workspace.h"
#include "sluice/rollout/moves.h"
#include "sluice/rollout/plan.h"

#include <stdlib.h>

/* --- changes -------------------------------------------------------------------------------- */

static enum sl_code about_change(struct request *request, int64_t change_id, const char *action,
	struct staged *staged, struct sl_error *err)
{
	request->action = action;
	request->change_id = change_id;
	request->object = sl_arena_printf(request->arena, "change %lld", (long long)change_id);
	return sl_staged_read(request->control, request->world, change_id, request->arena, staged,
		err);
}

/* A word about a change as a whole; on one that is over it would be kept and do nothing. */
static enum sl_code may_still(const struct request *request, const struct staged *staged,
	enum sl_verb verb, struct sl_error *err)
{
	enum sl_code code = sl_request_may(request, verb, err);

	return code != SL_OK ? code : sl_rollout_check_not_over(&staged->view.change, verb, err);
}

static bool awaits_approval(const struct staged *staged, size_t i)
{
	return staged->view.stages[i].state == SL_STAGE_WAITING && !staged->approvals[i].satisfied;
}

/* The named stage, or the first that awaits approvals. */
static enum sl_code find_stage(const struct staged *staged, const char *environment, size_t *out,
	struct sl_error *err)
{
	for (size_t i = 0; i < staged->view.stages_len; i++) {
		if (environment ? sl_str_eq(staged->view.stages[i].environment, environment) :
				  awaits_approval(staged, i)) {
			*out = i;
			return SL_OK;
		}
	}
	if (environment)
		return sl_control_no_stage(&staged->view, environment, err);
	return sl_error_set(err, SL_ECONFLICT, "change %lld awaits no approval",
		(long long)staged->view.change.id);
}

/* Whose yes counts is policy's to say, stage by stage. */
static enum sl_code may_still_approve(const struct request *request, const struct staged *staged,
	struct sl_error *err)
{
	if (request->ask->who.user[0] == '\0')
		return sl_request_may(request, SL_VERB_APPROVE, err);
	return sl_rollout_check_not_over(&staged->view.change, SL_VERB_APPROVE, err);
}

static enum sl_code check_approval(const struct staged *staged, size_t stage, const char *digest,
	struct sl_error *err)
{
	const struct sl_stage *row = &staged->view.stages[stage];

	if (digest && !sl_str_eq(digest, row->digest))
		return sl_error_set(err, SL_ECONFLICT,
			"the plan for %s has changed since it was shown: look again",
			row->environment);
	if (row->state != SL_STAGE_WAITING)
		return sl_error_set(err, SL_ECONFLICT, "stage %s is %s: it awaits no approval",
			row->environment, sl_stage_state_name(row->state));
	return SL_OK;
}

static enum sl_code approve(struct request *request, const struct staged *staged, size_t stage,
	struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	const struct sl_stage *row = &staged->view.stages[stage];
	const struct sl_approval_case kase = sl_staged_case(staged, stage);
	const char *role;
	const char *text;
	enum sl_code code = sl_policy_may_approve(&kase, request->ask->who.user, &role, err);

	if (code != SL_OK)
		return code;
	sl_batch_expect(batch, staged->view.change.id, staged->view.change.revision);
	(void)sl_batch_add_approval(batch,
		&(struct sl_approval){ .stage_id = row->id,
			.change_id = staged->view.change.id,
			.digest = row->digest,
			.by = request->ask->who.user,
			.role = role,
			.reason = request->ask->reason,
			.at = sl_control_now(request->control) });
	text = sl_arena_printf(request->arena, "approved for %s%s%s", row->environment,
		role[0] ? " as " : "", role);
	sl_request_audit(request, batch, false, text);
	sl_control_tell(request->control, request->world, batch,
		&(struct telling){ .kind = "change.approved",
			.change_id = staged->view.change.id,
			.environment = row->environment,
			.target = "",
			.by = request->ask->who.user,
			.text = text });
	return sl_store_commit(request->control->doors.store, batch, err);
}

enum sl_code sl_control_approve(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, const char *environment, const char *digest, struct sl_error *err)
{
	struct request request = { 0 };
	struct staged staged;
	size_t stage = 0;
	enum sl_code code;

	sl_request_open(&request, control, ask);
	code = about_change(&request, change_id, "change.approve", &staged, err);
	if (code == SL_OK)
		code = may_still_approve(&request, &staged, err);
	if (code == SL_OK)
		code = find_stage(&staged, environment, &stage, err);
	if (code == SL_OK)
		code = check_approval(&staged, stage, digest, err);
	if (code == SL_OK)
		code = approve(&request, &staged, stage, err);
	if (code == SL_OK)
		sl_control_queue_change(control, change_id, 0);
	return sl_request_close(&request, code, err);
}

static const struct sl_approval *own_approval(const struct staged *staged, size_t stage,
	const char *user)
{
	for (size_t i = 0; i < staged->view.approvals_len; i++) {
		const struct sl_approval *approval = &staged->view.approvals[i];

		if (approval->stage_id == staged->view.stages[stage].id &&
			approval->revoked_at == 0 && sl_str_eq(approval->by, user))
			return approval;
	}
	return NULL;
}

static enum sl_code revoke(struct request *request, const struct staged *staged,
	const char *environment, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	const char *user = request->ask->who.user;
	const struct sl_approval *approval = NULL;

	for (size_t i = 0; !approval && i < staged->view.stages_len; i++) {
		if (!environment || sl_str_eq(staged->view.stages[i].environment, environment))
			approval = own_approval(staged, i, user);
	}
	if (!approval)
		return sl_error_set(err, SL_ENOTFOUND, "%s has no approval there to take back",
			user);
	sl_batch_revoke_approval(batch, approval->id, user, sl_control_now(request->control));
	sl_request_audit(request, batch, false, "approval taken back");
	sl_control_tell(request->control, request->world, batch,
		&(struct telling){ .kind = "change.revoked",
			.change_id = staged->view.change.id,
			.environment = environment ? environment : "",
			.target = "",
			.by = user,
			.text = "approval taken back" });
	return sl_store_commit(request->control->doors.store, batch, err);
}

enum sl_code sl_control_revoke(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, const char *environment, struct sl_error *err)
{
	struct request request = { 0 };
	struct staged staged;
	enum sl_code code;

	sl_request_open(&request, control, ask);
	code = about_change(&request, change_id, "change.revoke", &staged, err);
	if (code == SL_OK)
		code = may_still(&request, &staged, SL_VERB_REVOKE, err);
	if (code == SL_OK)
		code = revoke(&request, &staged, environment, err);
	if (code == SL_OK)
		sl_control_queue_change(control, change_id, 0);
	return sl_request_close(&request, code, err);
}

static enum sl_code set_hold(struct request *request, const struct staged *staged, bool held,
	struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	const char *reason = request->ask->reason;
	const char *text = held ? sl_arena_printf(request->arena, "held: %s", reason) : "resumed";

	if (held == staged->view.change.held)
		return sl_error_set(err, SL_ECONFLICT,
			held ? "the change is held already" : "the change is not held");
	if (held && reason[0] == '\0')
		return sl_error_set(err, SL_EINVAL, "a hold needs a reason");
	sl_batch_expect(batch, staged->view.change.id, staged->view.change.revision);
	sl_batch_hold(batch, staged->view.change.id, held, reason, request->ask->who.user);
	sl_request_audit(request, batch, false, text);
	sl_control_tell(request->control, request->world, batch,
		&(struct telling){ .kind = held ? "change.held" : "change.resumed",
			.change_id = staged->view.change.id,
			.environment = "",
			.target = "",
			.by = request->ask->who.user,
			.text = text });
	return sl_store_commit(request->control->doors.store, batch, err);
}

static enum sl_code hold_or_resume(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, bool held, struct sl_error *err)
{
	struct request request = { 0 };
	struct staged staged;
	enum sl_code code;

	sl_request_open(&request, control, ask);
	code = about_change(&request, change_id, held ? "change.hold" : "change.resume", &staged,
		err);
	if (code == SL_OK)
		code = may_still(&request, &staged, held ? SL_VERB_HOLD : SL_VERB_RESUME, err);
	if (code == SL_OK)
		code = set_hold(&request, &staged, held, err);
	if (code == SL_OK)
		sl_control_queue_change(control, change_id, 0);
	return sl_request_close(&request, code, err);
}

enum sl_code sl_control_hold(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, struct sl_error *err)
{
	return hold_or_resume(control, ask, change_id, true, err);
}

enum sl_code sl_control_resume(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, struct sl_error *err)
{
	return hold_or_resume(control, ask, change_id, false, err);
}

/* --- stages that are left to others --------------------------------------------------------- */

static enum sl_code check_skip(const struct request *request, const struct staged *staged,
	size_t stage, struct sl_error *err)
{
	const struct sl_stage *row = &staged->view.stages[stage];

	if (request->ask->reason[0] == '\0')
		return sl_error_set(err, SL_EINVAL, "a skip needs a reason");
	if (!sl_staged_skippable(staged, stage))
		return sl_error_set(err, SL_ECONFLICT,
			"stage %s is %s and waits for no tool of the team: only such a stage is "
			"skipped whole, for others name the task",
			row->environment, sl_stage_state_name(row->state));
	return SL_OK;
}

static enum sl_code skip_stage(struct request *request, const struct staged *staged, size_t stage,
	struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	const struct sl_stage *row = &staged->view.stages[stage];
	const char *text = sl_arena_printf(request->arena, "skipped by %s: %s",
		request->ask->who.user, request->ask->reason);
	const struct sl_move move = { .object = SL_OBJECT_STAGE,
		.id = row->id,
		.from = (int)row->state,
		.to = SL_STAGE_SKIPPED,
		.at = sl_control_now(request->control) };
	struct sl_stage_plan plan;
	enum sl_code code = sl_rollout_read_plan(row->plan, request->arena, &plan, err);

	if (code == SL_OK)
		code = sl_rollout_check(&move, err);
	if (code != SL_OK)
		return code;
	sl_batch_expect(batch, staged->view.change.id, staged->view.change.revision);
	sl_batch_move(batch, &move);
	sl_elsewhere_skip(
		&(struct elsewhere_place){ request->control, request->world, &staged->view, stage },
		&plan, text, batch);
	sl_request_audit(request, batch, false,
		sl_arena_printf(request->arena, "%s: %s", row->environment, request->ask->reason));
	sl_control_tell(request->control, request->world, batch,
		&(struct telling){ .kind = "stage.skipped",
			.change_id = staged->view.change.id,
			.environment = row->environment,
			.target = "",
			.by = request->ask->who.user,
			.text = sl_arena_printf(request->arena, "stage %s: %s", row->environment,
				text) });
	return sl_store_commit(request->control->doors.store, batch, err);
}

enum sl_code sl_control_skip_stage(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, const char *environment, struct sl_error *err)
{
	struct request request = { 0 };
	struct staged staged;
	size_t stage = 0;
	enum sl_code code;

	sl_request_open(&request, control, ask);
	code = about_change(&request, change_id, "change.skip", &staged, err);
	if (code == SL_OK)
		code = sl_request_may(&request, SL_VERB_SKIP, err);
	if (code == SL_OK && !environment)
		code = sl_error_set(err, SL_EINVAL, "say which stage is skipped: --environment");
	if (code == SL_OK)
		code = find_stage(&staged, environment, &stage, err);
	if (code == SL_OK)
		code = check_skip(&request, &staged, stage, err);
	if (code == SL_OK)
		code = skip_stage(&request, &staged, stage, err);
	if (code == SL_OK)
		sl_control_queue_change(control, change_id, 0);
	return sl_request_close(&request, code, err);
}

/* --- waivers -------------------------------------------------------------------------------- */

#define WAIVER_DAYS_MAX 366
#define DAY_US          (24 * 3600 * SL_SECOND_US)

/* A day in the future, to its end; no day: 0, without end. */
static enum sl_code read_until(const struct request *request, const char *until, int64_t *out,
	struct sl_error *err)
{
	const int64_t now = sl_control_now(request->control);

	*out = 0;
	if (!until)
		return SL_OK;
	if (!sl_time_day_end(until, out))
		return sl_error_set(err, SL_EINVAL,
			"a waiver's end '%.20s' is no day: write YYYY-MM-DD", until);
	if (*out <= now)
		return sl_error_set(err, SL_EINVAL, "a waiver until %s would be over already",
			until);
	if (*out > now + WAIVER_DAYS_MAX * DAY_US)
		return sl_error_set(err, SL_EINVAL,
			"a waiver until %s is too long: at most %d days, or none for no end", until,
			WAIVER_DAYS_MAX);
	return SL_OK;
}

static enum sl_code waive(struct request *request, const struct staged *staged,
	const struct sl_waiving *wanted, struct sl_error *err)
{
	const char *finding = wanted->finding;
	const char *until = wanted->until ?
		sl_arena_printf(request->arena, " (until %s)", wanted->until) :
		"";
	int64_t ends_at;
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_finding_list findings;
	size_t n = 0;
	enum sl_code code;

	if (request->ask->reason[0] == '\0')
		return sl_error_set(err, SL_EINVAL, "a waiver needs a reason");
	code = read_until(request, wanted->until, &ends_at, err);
	if (code != SL_OK)
		return code;
	code = sl_store_findings(request->control->doors.store, staged->view.change.review_id,
		request->arena, &findings, err);
	for (size_t i = 0; code == SL_OK && i < findings.len; i++) {
		const struct sl_finding_record *row = &findings.at[i];

		if (row->waived ||
			(!sl_str_eq(row->rule, finding) && !sl_str_eq(row->fingerprint, finding)))
			continue;
		n++;
		(void)sl_batch_add_waiver(batch,
			&(struct sl_waiver){ .change_id = staged->view.change.id,
				.fingerprint = row->fingerprint,
				.rule = row->rule,
				.reason = request->ask->reason,
				.by = request->ask->who.user,
				.at = sl_control_now(request->control),
				.until = ends_at });
	}
	if (code != SL_OK)
		return code;
	if (n == 0)
		return sl_error_set(err, SL_ENOTFOUND, "change %lld has no open finding '%s'",
			(long long)staged->view.change.id, finding);
	sl_request_audit(request, batch, false,
		sl_arena_printf(request->arena, "%zu of %s: %s%s", n, finding, request->ask->reason,
			until));
	sl_control_tell(request->control, request->world, batch,
		&(struct telling){ .kind = "change.waived",
			.change_id = staged->view.change.id,
			.environment = "",
			.target = "",
			.by = request->ask->who.user,
			.text = sl_arena_printf(request->arena, "waived %s: %s%s", finding,
				request->ask->reason, until) });
	return sl_store_commit(request->control->doors.store, batch, err);
}

static void look_again(struct sl_control *control, const char *project)
{
	char *seen;

	(void)pthread_mutex_lock(&control->lock);
	seen = sl_map_remove(control->seen, project);
	(void)pthread_mutex_unlock(&control->lock);
	free(seen);
	sl_control_poke_project(control, project);
}

enum sl_code sl_control_waive(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, const struct sl_waiving *wanted, struct sl_error *err)
{
	struct request request = { 0 };
	struct staged staged;
	enum sl_code code;

	sl_request_open(&request, control, ask);
	code = about_change(&request, change_id, "change.waive", &staged, err);
	if (code == SL_OK)
		code = may_still(&request, &staged, SL_VERB_WAIVE, err);
	if (code == SL_OK)
		code = waive(&request, &staged, wanted, err);
	if (code == SL_OK)
		look_again(control, staged.view.change.project);
	return sl_request_close(&request, code, err);
}

/* --- tasks ---------------------------------------------------------------------------------- */

static enum sl_code about_task(struct request *request, int64_t task_id, const char *action,
	struct sl_task *task, struct sl_error *err)
{
	enum sl_code code;

	request->action = action;
	request->object = sl_arena_printf(request->arena, "task %lld", (long long)task_id);
	code = sl_store_task(request->control->doors.store, task_id, request->arena, task, err);
	if (code != SL_OK)
		return code;
	request->change_id = task->change_id;
	request->object = sl_arena_printf(request->arena, "task %lld on %s", (long long)task_id,
		task->target);
	return SL_OK;
}

static enum sl_code order(struct request *request, const struct sl_task *task,
	const struct sl_task_order *given, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_move move;
	enum sl_code code = sl_rollout_order(task, given, request->arena, &move, err);

	if (code == SL_OK)
		code = sl_rollout_check(&move, err);
	if (code != SL_OK)
		return code;
	move.audit = NULL; /* ours says how it was asked, which rollout cannot know */
	sl_request_audit(request, batch, false, given->reason ? given->reason : "");
	sl_batch_move(batch, &move);
	return sl_store_commit(request->control->doors.store, batch, err);
}

static struct sl_task_order order_of(const struct request *request, enum sl_verb verb)
{
	return (struct sl_task_order){ .verb = verb,
		.reason = request->ask->reason,
		.by = request->ask->who.user,
		.now = sl_control_now(request->control) };
}

enum sl_code sl_control_retry(struct sl_control *control, const struct sl_ask *ask, int64_t task_id,
	struct sl_error *err)
{
	struct request request = { 0 };
	struct sl_task_order given;
	struct sl_task task;
	enum sl_code code;

	sl_request_open(&request, control, ask);
	given = order_of(&request, SL_VERB_RETRY);
	code = about_task(&request, task_id, "task.retry", &task, err);
	if (code == SL_OK)
		code = sl_request_may(&request, SL_VERB_RETRY, err);
	if (code == SL_OK)
		code = order(&request, &task, &given, err);
	if (code == SL_OK)
		sl_control_queue_change(control, task.change_id, 0);
	return sl_request_close(&request, code, err);
}

static enum sl_code ask_running_to_stop(struct request *request, const struct sl_task *task,
	struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	sl_batch_ask_cancel(batch, task->id);
	sl_request_audit(request, batch, false, "before the next statement");
	return sl_store_commit(request->control->doors.store, batch, err);
}

enum sl_code sl_control_cancel(struct sl_control *control, const struct sl_ask *ask,
	int64_t task_id, struct sl_error *err)
{
	struct request request = { 0 };
	struct sl_task_order given;
	struct sl_task task;
	enum sl_code code;

	sl_request_open(&request, control, ask);
	given = order_of(&request, SL_VERB_CANCEL);
	code = about_task(&request, task_id, "task.cancel", &task, err);
	if (code == SL_OK)
		code = sl_request_may(&request, SL_VERB_CANCEL, err);
	if (code == SL_OK)
		code = task.state == SL_TASK_RUNNING ? ask_running_to_stop(&request, &task, err) :
						       order(&request, &task, &given, err);
	if (code == SL_OK)
		sl_control_queue_change(control, task.change_id, 0);
	return sl_request_close(&request, code, err);
}

/* What a word in the ledger needs, from the task. */
struct ledger_work {
	struct sl_stage_plan plan;
	const struct sl_plan_part *part;
	struct sl_conn_spec spec;
	struct sl_apply_word word;
};

static enum sl_code read_part(struct request *request, const struct sl_task *task,
	struct ledger_work *out, struct sl_error *err)
{
	struct sl_stage stage;
	enum sl_code code = sl_store_stage(request->control->doors.store, task->stage_id,
		request->arena, &stage, err);

	if (code == SL_OK)
		code = sl_rollout_read_plan(stage.plan, request->arena, &out->plan, err);
	for (size_t i = 0; code == SL_OK && i < out->plan.targets_len; i++) {
		if (sl_str_eq(out->plan.targets[i].name, task->target) &&
			sl_str_eq(out->plan.parts[out->plan.targets[i].part].folder, task->folder))
			out->part = &out->plan.parts[out->plan.targets[i].part];
	}
	if (code == SL_OK && !out->part)
		code = sl_error_set(err, SL_EINTERNAL, "the plan does not know %s", task->target);
	return code;
}

static enum sl_code prepare_word(struct request *request, const struct sl_task *task,
	struct ledger_work *out, struct sl_error *err)
{
	enum sl_code code = read_part(request, task, out, err);

	if (code != SL_OK)
		return code;
	return sl_request_word(request, task->target, out->part->ledger, &out->spec, &out->word,
		err);
}

static enum sl_code skip_in_ledger(struct request *request, const struct sl_task *task,
	struct sl_error *err)
{
	struct ledger_work work = { 0 };
	enum sl_code code = prepare_word(request, task, &work, err);

	for (size_t i = 0; code == SL_OK && i < work.part->set.len; i++) {
		code = sl_apply_skip(&work.word, &work.part->set.at[i], err);
		if (code == SL_ECONFLICT)
			code = SL_OK; /* settled there already */
	}
	return code;
}

enum sl_code sl_control_skip(struct sl_control *control, const struct sl_ask *ask, int64_t task_id,
	struct sl_error *err)
{
	struct request request = { 0 };
	struct sl_task_order given;
	struct sl_task task;
	struct sl_move move;
	enum sl_code code;

	sl_request_open(&request, control, ask);
	given = order_of(&request, SL_VERB_SKIP);
	code = about_task(&request, task_id, "task.skip", &task, err);
	if (code == SL_OK)
		code = sl_request_may(&request, SL_VERB_SKIP, err);
	if (code == SL_OK && ask->reason[0] == '\0')
		code = sl_error_set(err, SL_EINVAL, "a skip needs a reason");
	if (code == SL_OK) /* before anything is written */
		code = sl_rollout_order(&task, &given, request.arena, &move, err);
	if (code == SL_OK)
		code = skip_in_ledger(&request, &task, err);
	if (code == SL_OK)
		code = order(&request, &task, &given, err);
	if (code == SL_OK)
		sl_control_queue_change(control, task.change_id, 0);
	return sl_request_close(&request, code, err);
}

/* Before the task moves: who asks again finds it written, and the task goes on then. */
static enum sl_code resolve_in_ledger(struct request *request, const struct sl_task *task,
	const struct sl_resolving *wanted, const char **text, struct sl_error *err)
{
	const struct sl_run_query query = { .task_id = task->id, .limit = 1 };
	struct sl_apply_answer answer = { wanted->is, wanted->statement, "" };
	struct ledger_work work = { 0 };
	struct sl_run_list runs;
	enum sl_code code = prepare_word(request, task, &work, err);

	if (code == SL_OK)
		code = sl_store_runs(request->control->doors.store, &query, request->arena, &runs,
			err);
	if (code != SL_OK)
		return code;
	if (runs.len > 0)
		answer.run = runs.at[0].id;
	return sl_apply_resolve(&work.word, &work.part->set, &answer, text, request->arena, err);
}

static enum sl_code resolve(struct request *request, const struct sl_task *task,
	const struct sl_resolving *wanted, json_t **out, struct sl_error *err)
{
	struct sl_task_order given = order_of(request, SL_VERB_RESOLVE);
	const char *text = "";
	struct sl_move move;
	enum sl_code code = sl_rollout_order(task, &given, request->arena, &move, err);

	if (code == SL_OK)
		code = resolve_in_ledger(request, task, wanted, &text, err);
	if (code != SL_OK)
		return code;
	given.reason = sl_arena_printf(request->arena, "%s (%s)", given.reason, text);
	code = order(request, task, &given, err);
	if (code == SL_OK)
		*out = json_pack("{s:s}", "text", text);
	return code;
}

enum sl_code sl_control_resolve(struct sl_control *control, const struct sl_ask *ask,
	int64_t task_id, const struct sl_resolving *wanted, json_t **out, struct sl_error *err)
{
	struct request request = { 0 };
	struct sl_task task;
	enum sl_code code;

	*out = NULL;
	sl_request_open(&request, control, ask);
	code = about_task(&request, task_id, "task.resolve", &task, err);
	if (code == SL_OK)
		code = sl_request_may(&request, SL_VERB_RESOLVE, err);
	if (code == SL_OK && ask->reason[0] == '\0')
		code = sl_error_set(err, SL_EINVAL, "a resolution needs a reason");
	if (code == SL_OK)
		code = resolve(&request, &task, wanted, out, err);
	if (code == SL_OK)
		sl_control_queue_change(control, task.change_id, 0);
	return sl_request_close(&request, code, err);
}
