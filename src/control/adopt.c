/* A target that another installation wrote to last, or that has moved, becomes ours by a person's
 * word. */
#include "folder.h"
#include "request.h"

#include "sluice/core/str.h"
#include "sluice/rollout/moves.h"

/* Each scope of its ledger that has a fence, or the default one. */
static enum sl_code adopt_scopes(struct request *request, const char *target, struct sl_error *err)
{
	struct sl_conn_spec spec;
	struct sl_apply_word word;
	struct sl_ledger ledger;
	enum sl_code code = sl_request_word(request, target, SL_LEDGER_DEFAULT, &spec, &word, err);

	if (code == SL_OK)
		code = sl_apply_history(&spec, NULL, &ledger, request->arena, err);
	if (code == SL_OK && !ledger.exists)
		return sl_error_set(err, SL_ECONFLICT,
			"%s has no ledger: there is nothing to adopt", target);
	if (code == SL_OK)
		code = sl_apply_adopt(&word, err);
	for (size_t i = 0; code == SL_OK && i < ledger.migrations_len; i++) {
		const char *scope = ledger.migrations[i].scope;
		bool done = sl_str_eq(scope, SL_LEDGER_DEFAULT);

		for (size_t k = 0; !done && k < i; k++)
			done = sl_str_eq(ledger.migrations[k].scope, scope);
		if (done)
			continue;
		code = sl_request_word(request, target, scope, &spec, &word, err);
		if (code == SL_OK)
			code = sl_apply_adopt(&word, err);
	}
	return code;
}

/* What was blocked there is tried at once. */
static enum sl_code wake_blocked(struct request *request, const char *target, struct sl_error *err)
{
	struct sl_control *control = request->control;
	const struct sl_task_query query = { .target = target,
		.states = SL_STATE_BIT(SL_TASK_BLOCKED) };
	struct sl_task_list tasks;
	enum sl_code code = sl_store_tasks(control->doors.store, &query, request->arena, &tasks,
		err);

	for (size_t i = 0; code == SL_OK && i < tasks.len; i++) {
		const struct sl_task_order given = { .verb = SL_VERB_RETRY,
			.by = request->ask->who.user,
			.now = sl_control_now(control) };
		struct sl_move move;

		code = sl_rollout_order(&tasks.at[i], &given, request->arena, &move, err);
		if (code == SL_OK)
			code = sl_store_apply(control->doors.store, &move, 1, err);
		if (code == SL_ECONFLICT) /* it is being tried */
			code = SL_OK;
		sl_control_queue_change(control, tasks.at[i].change_id, 0);
	}
	return code;
}

static enum sl_code remember(struct request *request, const char *target, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	sl_request_audit(request, batch, false, request->ask->reason);
	sl_control_tell(request->control, request->world, batch,
		&(struct telling){ .kind = "target.adopted",
			.environment = "",
			.target = target,
			.by = request->ask->who.user,
			.text = sl_arena_printf(request->arena, "%s was adopted", target) });
	return sl_store_commit(request->control->doors.store, batch, err);
}

enum sl_code sl_control_adopt(struct sl_control *control, const struct sl_ask *ask,
	const char *target, struct sl_error *err)
{
	struct request request = { .action = "target.adopt" };
	enum sl_code code;

	sl_request_open(&request, control, ask);
	request.object = sl_arena_printf(request.arena, "target %s", target);
	code = sl_request_may(&request, SL_VERB_ADOPT, err);
	if (code == SL_OK)
		code = adopt_scopes(&request, target, err);
	if (code == SL_OK)
		code = remember(&request, target, err);
	if (code == SL_OK)
		code = wake_blocked(&request, target, err);
	if (code == SL_OK)
		sl_control_queue_add(control, SL_WORK_OBSERVE, target, 0);
	return sl_request_close(&request, code, err);
}
