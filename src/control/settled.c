#include "settled.h"

#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"

/* Where others apply, their tool's history says what is settled, and nothing is written there. */
static const struct sl_elsewhere_file *others_history(struct pass *pass,
	const struct folder *folder, const struct sl_target *target)
{
	struct sl_elsewhere history;
	struct sl_conn_spec spec;

	if (sl_project_mode(pass->world->workspace, pass->project, target->environment) ==
			SL_MODE_APPLY ||
		target->dialect != folder->dialect ||
		sl_control_target_spec(pass->control, pass->world, target, pass->arena, &spec,
			NULL) != SL_OK)
		return NULL;
	spec.cancel = pass->cancel;
	if (sl_apply_elsewhere(&spec, &folder->layout.set, sl_layout_kind_name(folder->layout.kind),
		    &history, pass->arena, NULL) != SL_OK)
		return NULL;
	return history.files;
}

void sl_settled_read(struct pass *pass, const struct folder *folder, struct settled_list *out)
{
	struct target_list targets = { 0 };
	struct settled *at;

	*out = (struct settled_list){ 0 };
	if (sl_entry_targets(&targets, pass->arena, pass->world, folder->entry, NULL) != SL_OK)
		return;
	at = sl_arena_calloc(pass->arena, targets.len + 1, sizeof(*at));
	for (size_t i = 0; i < targets.len; i++) {
		at[i].target = &pass->world->workspace->targets[targets.at[i]];
		at[i].history = others_history(pass, folder, at[i].target);
	}
	*out = (struct settled_list){ at, targets.len };
}

static bool in_history(const struct settled *row, size_t at)
{
	return row->history && row->history[at].state == SL_ELSEWHERE_APPLIED;
}

bool sl_settled_everywhere(struct pass *pass, const struct folder *folder,
	const struct settled_list *targets, size_t at)
{
	const struct sl_migration *migration = &folder->layout.set.at[at];
	bool settled = targets->at != NULL;

	for (size_t i = 0; settled && i < targets->len; i++) {
		struct observation *seen = sl_observation_get(pass->control,
			targets->at[i].target->name);

		settled = sl_observation_knows(seen, folder->entry->ledger, migration->kind,
				  migration->key) ||
			in_history(&targets->at[i], at);
		sl_observation_unref(pass->control, seen);
	}
	return settled;
}

void sl_settled_look(struct pass *pass, const char *target)
{
	if (sl_observation_is_old(pass->control, target, pass->now))
		(void)sl_control_observe(pass->control, target, pass->cancel, NULL);
}

static bool has_alike(struct pass *pass, const struct folder *folder, const struct settled *row,
	size_t at)
{
	const struct sl_migration *migration = &folder->layout.set.at[at];
	const struct sl_ledger_migration *known;
	struct observation *seen;
	bool alike;

	sl_settled_look(pass, row->target->name);
	seen = sl_observation_get(pass->control, row->target->name);
	known = sl_observation_knows(seen, folder->entry->ledger, migration->kind, migration->key);
	alike = known ? known->sha256[0] == '\0' || sl_str_eq(known->sha256, migration->sha256) :
			in_history(row, at);
	sl_observation_unref(pass->control, seen);
	return alike;
}

bool sl_settled_alike(struct pass *pass, const struct folder *folder,
	const struct settled_list *targets, size_t at)
{
	bool alike = true, any = false;

	for (size_t i = 0; alike && i < targets->len; i++) {
		if (targets->at[i].target->dialect != folder->dialect)
			continue;
		any = true;
		alike = has_alike(pass, folder, &targets->at[i], at);
	}
	return any && alike;
}
