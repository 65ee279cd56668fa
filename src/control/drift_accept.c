/* What people say about a drift: that it is right as it is, or that somebody should look now. */
#include "drift.h"
#include "request.h"

#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"

#include <string.h>

#define HASH_LEAST 8 /* digits that name a structure */

static enum sl_code check_target(const struct request *request, const char *target,
	struct sl_error *err)
{
	const struct sl_workspace *workspace = request->world->workspace;

	if (sl_workspace_target(workspace, target) < workspace->targets_len)
		return SL_OK;
	return sl_control_no_target(request->world, target, err);
}

/* What is accepted is what was shown, nothing newer. */
static enum sl_code check_shown(const struct sl_drift_record *row, const char *live,
	struct sl_error *err)
{
	if (row->state != SL_DRIFT_FOUND)
		return sl_error_set(err, SL_ECONFLICT,
			"%s has not drifted: there is nothing to accept", row->target);
	if (strlen(live) < HASH_LEAST)
		return sl_error_set(err, SL_EINVAL,
			"say which structure is accepted: at least %d digits of its hash, as `sluice "
			"drift %s` shows it",
			HASH_LEAST, row->target);
	if (!sl_str_starts(row->live, live))
		return sl_error_set(err, SL_ECONFLICT,
			"the drift of %s is another one than %.10s, which was shown: it is %.10s "
			"now; look at it first",
			row->target, live, row->live);
	return SL_OK;
}

static void remember(struct request *request, struct sl_batch *batch,
	const struct sl_drift_record *row)
{
	const struct sl_workspace *workspace = request->world->workspace;
	const struct sl_target
		*target = &workspace->targets[sl_workspace_target(workspace, row->target)];
	const char *what = sl_arena_printf(request->arena, "%s (%.10s, %s)", request->ask->reason,
		row->live, row->summary);

	sl_request_audit(request, batch, false, what);
	sl_batch_event(batch,
		&(struct sl_event){ .at = sl_control_now(request->control),
			.kind = "drift.accepted",
			.target = row->target,
			.by = request->ask->who.user,
			.text = sl_arena_printf(request->arena, "the drift of %s was accepted: %s",
				row->target, what) });
	sl_control_tell(request->control, request->world, batch,
		&(struct telling){ .kind = "drift.gone",
			.environment = workspace->environments[target->environment].name,
			.target = row->target,
			.by = request->ask->who.user,
			.text = sl_arena_printf(request->arena,
				"the drift of %s is gone: %s accepted it: %s", row->target,
				request->ask->who.user, request->ask->reason) });
}

static enum sl_code accept_once(struct request *request, const char *target, const char *live,
	struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_control *control = request->control;
	struct sl_drift_record row;
	enum sl_code code = sl_store_drift(control->doors.store, target, request->arena, &row, err);

	if (code == SL_OK)
		code = check_shown(&row, live, err);
	if (code != SL_OK)
		return code;
	remember(request, batch, &row);
	row.base = row.live;
	row.base_run = row.live_run;
	row.origin = sl_arena_printf(request->arena, "accepted by %s: %s", request->ask->who.user,
		request->ask->reason);
	row.based_at = sl_control_now(control);
	row.state = SL_DRIFT_NONE;
	row.since = 0;
	row.objects = 0;
	row.summary = "";
	row.asked_at = row.tried_at + 1; /* what came since it was shown is found at once */
	sl_batch_put_drift(batch, &row);
	return sl_store_commit(control->doors.store, batch, err);
}

static enum sl_code accept_shown(struct request *request, const char *target, const char *live,
	struct sl_error *err)
{
	struct sl_drift_record row;
	enum sl_code code = SL_ECONFLICT;

	/* A conflict is an answer, or a comparison's write in between: then what it saw counts. */
	for (unsigned i = 0; code == SL_ECONFLICT && i < SL_DRIFT_ROUNDS; i++) {
		code = accept_once(request, target, live, err);
		if (code == SL_ECONFLICT &&
			(sl_store_drift(request->control->doors.store, target, request->arena, &row,
				 NULL) != SL_OK ||
				check_shown(&row, live, NULL) != SL_OK))
			break;
	}
	return code;
}

enum sl_code sl_control_accept_drift(struct sl_control *control, const struct sl_ask *ask,
	const char *target, const char *live, struct sl_error *err)
{
	struct request request = { .action = "drift.accept" };
	enum sl_code code;

	sl_request_open(&request, control, ask);
	request.object = sl_arena_printf(request.arena, "target %s", target);
	code = sl_request_may(&request, SL_VERB_ACCEPT, err);
	if (code == SL_OK)
		code = check_target(&request, target, err);
	if (code == SL_OK && ask->reason[strspn(ask->reason, " \t\r\n")] == '\0')
		code = sl_error_set(err, SL_EINVAL,
			"say why the drift of %s is right: a reason is kept with it", target);
	if (code == SL_OK)
		code = accept_shown(&request, target, live ? live : "", err);
	if (code == SL_OK)
		code = sl_control_wake_blocked(control, target, ask->who.user, err);
	if (code == SL_OK)
		sl_control_queue_add(control, SL_WORK_DRIFT, target, 0);
	return sl_request_close(&request, code, err);
}

enum sl_code sl_control_check_drift(struct sl_control *control, const struct sl_ask *ask,
	const char *target, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	const struct request request = { .world = world };
	enum sl_code code = check_target(&request, target, err);

	if (code == SL_OK && ask->who.user[0] == '\0')
		code = sl_error_set(err, SL_EUNAUTH,
			"nobody known is asking: set SLUICE_TOKEN, or ask for a login link");
	return code == SL_OK ? sl_drift_ask(control, target, err) : code;
}
