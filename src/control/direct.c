/* What is on the project's branch and in nobody's change: found at its first sight, or pushed
 * directly. */
#include "ending.h"
#include "project_int.h"
#include "settled.h"

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

/* All of the branch that some target has not settled. */
static void add_unsettled(struct pass *pass, struct draft *draft)
{
	sl_draft_room(pass, draft, 0);
	for (size_t i = 0; i < draft->folders.len; i++) {
		const struct folder *folder = &draft->folders.at[i];
		struct settled_list targets;

		sl_settled_read(pass, folder, &targets);
		for (size_t k = 0; k < folder->layout.set.len; k++) {
			if (!sl_settled_everywhere(pass, folder, &targets, k))
				sl_draft_add_file(pass, draft, folder,
					folder->layout.set.at[k].path);
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

/* Whose file it was; 0: no other change's. */
static int64_t left_by(const struct left_list *left, const struct sl_change_file *row)
{
	for (size_t i = 0; i < left->files.len; i++) {
		if (sl_str_eq(left->files.at[i].folder, row->folder) &&
			sl_str_eq(left->files.at[i].path, row->path))
			return left->files.at[i].change_id;
	}
	return 0;
}

/* Who had a hand in what was left has one in what becomes of it. */
static void take_over(struct pass *pass, struct draft *draft, const struct left_list *left)
{
	int64_t last = 0;
	bool taken = false, only = true;

	for (size_t i = 0; i < draft->files_len; i++) {
		int64_t by = left_by(left, &draft->files[i].row);

		taken = taken || by != 0;
		if (sl_file_is_gone(&draft->files[i].row))
			continue;
		only = only && by != 0;
		last = by;
	}
	if (!taken)
		return;
	draft->left_by = only ? last : 0;
	draft->change.title = left->change.title;
	draft->change.author = left->change.author;
	sl_draft_add_people(pass, draft, left->people.at, left->people.len);
}

static enum sl_code bring_direct(struct pass *pass, struct draft *draft,
	const struct left_list *left, struct sl_error *err)
{
	const struct sl_change_file_list files = { left->files.at, left->files.len };
	struct claims claims;
	enum sl_code code = sl_draft_bring(pass, draft, pass->since, &files, err);

	if (code == SL_ENOTFOUND) { /* the old head is gone: as at the first sight */
		draft->change.base = "";
		add_unsettled(pass, draft);
		code = SL_OK;
	}
	if (code == SL_OK)
		code = sl_claims_read(pass, &claims, err);
	if (code == SL_OK)
		sl_draft_keep_own(pass, draft, &claims);
	return code;
}

enum sl_code sl_project_direct(struct pass *pass, struct sl_error *err)
{
	struct draft draft = { .change = { .kind = SL_CHANGE_DIRECT,
				       .branch = pass->project->branch,
				       .head = pass->head,
				       .base = pass->since,
				       .author = "" },
		.known_head = "",
		.folders = pass->main };
	struct left_list left;
	enum sl_code code;

	if (pass->head[0] == '\0')
		return SL_OK;
	code = sl_project_left(pass, &left, err);
	if (code != SL_OK || (left.files.len == 0 && sl_str_eq(pass->since, pass->head)))
		return code;
	code = bring_direct(pass, &draft, &left, err);
	if (code != SL_OK || draft.files_len == 0 || !sl_project_second_look(pass))
		return code;
	take_over(pass, &draft, &left);
	return open_implicit(pass, &draft, err);
}
