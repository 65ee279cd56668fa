/* What is on the project's branch and in nobody's change: found at its first sight, or pushed
 * directly. */
#include "project_int.h"

#include "sluice/core/str.h"

static enum sl_code open_implicit(struct pass *pass, struct draft *draft, struct sl_error *err)
{
	enum sl_code code;

	draft->change.project = pass->project->name;
	draft->change.state = SL_CHANGE_MERGED;
	draft->change.merged_at = pass->now;
	draft->change.content = sl_draft_content(pass, draft);
	(void)sl_draft_add_pushers(pass, draft);
	code = sl_draft_add_committers(pass, draft, err);
	if (draft->change.kind == SL_CHANGE_INITIAL)
		draft->change.title = "initial";
	return code == SL_OK ? sl_draft_finish(pass, draft, err) : code;
}

/* Whether every target that the folder's entry takes has it settled. */
static bool settled_everywhere(struct pass *pass, const struct folder *folder,
	const struct sl_migration *migration)
{
	struct target_list targets = { 0 };
	bool settled = true;

	if (sl_entry_targets(&targets, pass->arena, pass->world, folder->entry, NULL) != SL_OK)
		return false;
	for (size_t i = 0; settled && i < targets.len; i++) {
		const struct sl_target *target = &pass->world->workspace->targets[targets.at[i]];
		struct observation *seen = sl_observation_get(pass->control, target->name);

		settled = sl_observation_knows(seen, folder->entry->ledger, migration->kind,
				  migration->key) != NULL;
		sl_observation_unref(pass->control, seen);
	}
	return settled;
}

/* All of the branch that some target has not settled. */
static void add_unsettled(struct pass *pass, struct draft *draft)
{
	sl_draft_room(pass, draft);
	for (size_t i = 0; i < draft->folders.len; i++) {
		const struct folder *folder = &draft->folders.at[i];

		for (size_t k = 0; k < folder->layout.set.len; k++) {
			const struct sl_migration *migration = &folder->layout.set.at[k];

			if (!settled_everywhere(pass, folder, migration))
				sl_draft_add_file(pass, draft, folder, migration->path);
		}
	}
}

enum sl_code sl_project_first_sight(struct pass *pass, struct sl_error *err)
{
	struct draft draft = { .change = { .kind = SL_CHANGE_INITIAL,
				       .branch = pass->project->branch,
				       .head = pass->head,
				       .base = "",
				       .author = "" },
		.known_head = "",
		.folders = pass->main };
	struct claims claims;
	enum sl_code code = sl_claims_read(pass, &claims, err);

	if (code != SL_OK)
		return code;
	add_unsettled(pass, &draft);
	sl_draft_keep_own(pass, &draft, &claims); /* a first sight that did not come to its end */
	return draft.files_len == 0 ? SL_OK : open_implicit(pass, &draft, err);
}

enum sl_code sl_project_direct(struct pass *pass, struct sl_error *err)
{
	static const struct sl_change_file_list none = { 0 };
	struct draft draft = { .change = { .kind = SL_CHANGE_DIRECT,
				       .branch = pass->project->branch,
				       .head = pass->head,
				       .base = pass->since,
				       .author = "",
				       .held = sl_pass_holds(pass),
				       .hold_by = "sluice",
				       .hold_reason = "pushed to the branch without a change" },
		.known_head = "",
		.folders = pass->main };
	struct claims claims;
	enum sl_code code;

	if (pass->head[0] == '\0')
		return SL_OK;
	code = sl_draft_bring(pass, &draft, pass->since, &none, err);
	if (code == SL_ENOTFOUND) { /* the old head is gone: as at the first sight */
		draft.change.base = "";
		add_unsettled(pass, &draft);
		code = SL_OK;
	}
	if (code == SL_OK)
		code = sl_claims_read(pass, &claims, err);
	if (code != SL_OK)
		return code;
	sl_draft_keep_own(pass, &draft, &claims);
	if (draft.files_len == 0 || !sl_project_second_look(pass))
		return SL_OK;
	return open_implicit(pass, &draft, err);
}
