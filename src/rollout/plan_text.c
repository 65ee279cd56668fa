#include "plan_int.h"

#include "sluice/core/json.h"

static json_t *write_migrations(const struct sl_migration_set *set)
{
	json_t *list = json_array();

	for (size_t i = 0; i < set->len; i++)
		(void)json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s}", "kind",
				sl_migration_kind_name(set->at[i].kind), "key", set->at[i].key,
				"path", set->at[i].path, "sha256", set->at[i].sha256));
	return list;
}

static json_t *write_parts(const struct sl_plan_request *request)
{
	json_t *list = json_array();

	for (size_t i = 0; i < request->parts_len; i++) {
		const struct sl_plan_part *part = &request->parts[i];

		(void)json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s, s:o}", "folder", part->folder, "layout",
				part->layout, "ledger", part->ledger, "selector", part->selector,
				"migrations", write_migrations(&part->set)));
	}
	return list;
}

static json_t *write_targets(const struct sl_plan_environment *environment)
{
	json_t *list = json_array();

	for (size_t i = 0; i < environment->targets_len; i++) {
		const struct sl_plan_target *target = &environment->targets[i];

		(void)json_array_append_new(list,
			json_pack("{s:I, s:s, s:s, s:s, s:I}", "part", (json_int_t)target->part,
				"name", target->name, "engine", sl_dialect_name(target->dialect),
				"risk", sl_risk_name(target->risk), "rows",
				(json_int_t)target->rows));
	}
	return list;
}

static json_t *write_flow(const struct sl_plan_environment *environment)
{
	const struct sl_approval_flow *flow = &environment->flow;
	size_t len = environment->mode < SL_MODE_GATE ? 0 : flow->len;
	json_t *list = json_array();

	for (size_t i = 0; i < len; i++)
		(void)json_array_append_new(list,
			json_pack("{s:s, s:I}", "role", flow->steps[i].role, "count",
				(json_int_t)flow->steps[i].count));
	return list;
}

const char *sl_rollout_write_plan(const struct sl_plan_request *request,
	const struct sl_plan_environment *environment, struct sl_arena *arena)
{
	sl_auto_json json_t *plan = json_pack("{s:s, s:s, s:o, s:o, s:o}", "commit",
		request->commit, "mode", sl_mode_name(environment->mode), "parts",
		write_parts(request), "targets", write_targets(environment), "approvals",
		write_flow(environment));
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(PLAN_TEXT_MAX);

	sl_json_canonical(plan, &text);
	return sl_arena_strdup(arena, sl_buf_str(&text));
}

/* --- and back ------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key, struct sl_arena *arena)
{
	return sl_arena_strdup(arena, sl_json_str(object, key, ""));
}

static bool read_migrations(const json_t *list, struct sl_arena *arena,
	struct sl_migration_set *out)
{
	struct sl_migration *at = sl_arena_calloc(arena, json_array_size(list) + 1, sizeof(*at));

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		if (!sl_migration_kind_parse(&at[i].kind, sl_json_str(item, "kind", "")))
			return false;
		at[i].key = text_of(item, "key", arena);
		at[i].name = "";
		at[i].path = text_of(item, "path", arena);
		at[i].sha256 = text_of(item, "sha256", arena);
	}
	*out = (struct sl_migration_set){ at, json_array_size(list) };
	return true;
}

static bool read_parts(const json_t *list, struct sl_arena *arena, struct sl_stage_plan *out)
{
	struct sl_plan_part *parts = sl_arena_calloc(arena, json_array_size(list) + 1,
		sizeof(*parts));

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		parts[i].folder = text_of(item, "folder", arena);
		parts[i].layout = text_of(item, "layout", arena);
		parts[i].ledger = text_of(item, "ledger", arena);
		parts[i].selector = text_of(item, "selector", arena);
		if (!read_migrations(json_object_get(item, "migrations"), arena, &parts[i].set))
			return false;
	}
	out->parts = parts;
	out->parts_len = json_array_size(list);
	return true;
}

static bool read_targets(const json_t *list, struct sl_arena *arena, struct sl_stage_plan *out)
{
	struct sl_plan_target *targets = sl_arena_calloc(arena, json_array_size(list) + 1,
		sizeof(*targets));

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		targets[i].part = (size_t)sl_json_i64(item, "part", -1);
		targets[i].name = text_of(item, "name", arena);
		targets[i].rows = sl_json_i64(item, "rows", -1);
		if (targets[i].part >= out->parts_len ||
			!sl_dialect_parse(&targets[i].dialect, sl_json_str(item, "engine", "")) ||
			!sl_risk_parse(&targets[i].risk, sl_json_str(item, "risk", "")))
			return false;
	}
	out->targets = targets;
	out->targets_len = json_array_size(list);
	return true;
}

static bool read_flow(const json_t *list, struct sl_arena *arena, struct sl_stage_plan *out)
{
	struct sl_approval_step *steps = sl_arena_calloc(arena, json_array_size(list) + 1,
		sizeof(*steps));

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		int64_t count = sl_json_i64(item, "count", 0);

		if (count < 1 || count > UINT16_MAX)
			return false;
		steps[i].role = text_of(item, "role", arena);
		steps[i].count = (unsigned)count;
	}
	out->flow = (struct sl_approval_flow){ steps, json_array_size(list) };
	return true;
}

enum sl_code sl_rollout_read_plan(const char *plan, struct sl_arena *arena,
	struct sl_stage_plan *out, struct sl_error *err)
{
	sl_auto_json json_t *json = NULL;
	struct sl_stage_plan read = { 0 };
	enum sl_code code = sl_json_load(&json, plan, strlen(plan), PLAN_TEXT_MAX, "a stage's plan",
		err);

	if (code != SL_OK)
		return sl_error_wrap(err, code, "the store");
	read.commit = text_of(json, "commit", arena);
	if (!sl_mode_parse(&read.mode, sl_json_str(json, "mode", "apply")) ||
		!read_parts(json_object_get(json, "parts"), arena, &read) ||
		!read_targets(json_object_get(json, "targets"), arena, &read) ||
		!read_flow(json_object_get(json, "approvals"), arena, &read))
		return sl_error_set(err, SL_EINTERNAL, "the store: a stage's plan makes no sense");
	*out = read;
	return SL_OK;
}
