#include "request.h"

#include "sluice/policy/role.h"

void sl_request_open(struct request *request, struct sl_control *control, const struct sl_ask *ask)
{
	request->control = control;
	request->world = sl_control_world(control);
	request->arena = sl_arena_new();
	request->ask = ask;
}

void sl_request_audit(const struct request *request, struct sl_batch *batch, bool refused,
	const char *detail)
{
	sl_batch_audit(batch,
		&(struct sl_audit){ .at = sl_control_now(request->control),
			.change_id = request->change_id,
			.by = request->ask->who.user[0] ? request->ask->who.user :
							  request->ask->who.account,
			.via = request->ask->who.via,
			.action = request->action,
			.object = request->object,
			.detail = detail,
			.refused = refused });
}

enum sl_code sl_request_close(struct request *request, enum sl_code code,
	const struct sl_error *err)
{
	if (code != SL_OK && err) {
		sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

		sl_request_audit(request, batch, true, err->msg);
		(void)!sl_store_commit(request->control->doors.store, batch, NULL);
	}
	sl_arena_free(request->arena);
	sl_world_unref(request->world);
	return code;
}

enum sl_code sl_request_may(const struct request *request, enum sl_verb verb, struct sl_error *err)
{
	if (request->ask->who.user[0] == '\0')
		return sl_error_set(err, SL_EUNAUTH,
			"nobody known is asking: set SLUICE_TOKEN, or ask for a login link");
	return sl_policy_may(request->world->workspace, request->ask->who.user, verb, err);
}

enum sl_code sl_request_word(struct request *request, const char *target, const char *scope,
	struct sl_conn_spec *spec, struct sl_apply_word *out, struct sl_error *err)
{
	const struct ledger_place place = { request->world, request->arena, target, scope };
	enum sl_code code = sl_control_target_word(request->control, &place, spec, out, err);

	if (code != SL_OK)
		return code;
	out->actor = request->ask->who.user;
	out->reason = request->ask->reason;
	return SL_OK;
}
