/* From branches to drafts: each change branch is opened, or followed to its new head. */
#include "project_int.h"

#include "sluice/core/str.h"

/* Folders to which the change brings nothing are no matter of its review. */
static void keep_folders(struct pass *pass, struct draft *draft)
{
	struct folder *kept = sl_arena_calloc(pass->arena, draft->folders.len + 1, sizeof(*kept));
	size_t n = 0;

	for (size_t i = 0; i < draft->folders.len; i++) {
		const char *path = draft->folders.at[i].entry->path;
		bool brings = draft->files_len == 0;

		for (size_t k = 0; k < draft->files_len; k++)
			brings = brings || sl_str_eq(draft->files[k].row.folder, path);
		if (brings)
			kept[n++] = draft->folders.at[i];
	}
	draft->folders = (struct folder_list){ kept, n };
}

enum sl_code sl_draft_finish(struct pass *pass, struct draft *draft, struct sl_error *err)
{
	enum sl_code code;

	keep_folders(pass, draft);
	code = sl_draft_review(pass, draft, err);
	if (code == SL_OK && draft->change.id == 0 && draft->change.kind == SL_CHANGE_DIRECT)
		sl_draft_hold_direct(pass, draft);
	if (code == SL_OK)
		code = sl_draft_plan(pass, draft, err);
	if (code == SL_OK)
		code = sl_draft_write(pass, draft, err);
	return code;
}

/* Where the branch left the project's branch.  A head that is on that already, or took it in, says
 * what it brought only against the branch as it was before this pass; a base known from before
 * stays when that is too late as well. */
static enum sl_code base_of(struct pass *pass, const char *head, const struct sl_change *known,
	const char **out, struct sl_error *err)
{
	char *base = sl_arena_alloc(pass->arena, SL_GIT_ID_SIZE);
	enum sl_code code;

	*out = "";
	if (pass->head[0] == '\0')
		return SL_OK;
	code = sl_repo_merge_base(pass->repo, pass->head, head, base, err);
	if (code == SL_OK && sl_str_eq(base, head) && pass->since[0] != '\0')
		code = sl_repo_merge_base(pass->repo, pass->since, head, base, err);
	if (code == SL_OK)
		*out = known && sl_str_eq(base, head) ? known->base : base;
	return code == SL_ENOTFOUND ? SL_OK : code;
}

/* A waiver that was given since, or that has ended since. */
static bool waived_since(const struct sl_change_view *view, int64_t reviewed_at, int64_t now)
{
	for (size_t i = 0; i < view->waivers_len; i++) {
		const struct sl_waiver *waiver = &view->waivers[i];

		if (waiver->at > reviewed_at ||
			(waiver->until > reviewed_at && waiver->until <= now))
			return true;
	}
	return false;
}

/* Whether the change's review still counts every waiver as it stands now. */
static enum sl_code knows_waivers(struct pass *pass, const struct sl_change *change, bool *out,
	struct sl_error *err)
{
	struct sl_change_view view;
	struct sl_review_record review;
	enum sl_code code = sl_store_review(pass->control->doors.store, change->review_id,
		pass->arena, &review, err);

	if (code == SL_OK)
		code = sl_store_change_view(pass->control->doors.store, change->id, pass->arena,
			&view, err);
	if (code == SL_OK)
		*out = !waived_since(&view, review.at, pass->now);
	return code;
}

/* Whether the review in the store still says what a new one would. */
static enum sl_code is_current(struct pass *pass, const struct sl_change *known,
	const struct draft *draft, bool *out, struct sl_error *err)
{
	*out = false;
	if (known->review_id == 0 || !sl_str_eq(known->head, draft->change.head) ||
		!sl_str_eq(known->content, draft->change.content) ||
		(!sl_str_eq(pass->since, pass->head) && !draft->merged))
		return SL_OK;
	return knows_waivers(pass, known, out, err);
}

/* Whether the project's branch has all of it by now. */
static bool is_merged(const struct pass *pass, const struct draft *draft)
{
	bool merged = draft->files_len > 0;

	for (size_t i = 0; merged && i < draft->files_len; i++) {
		const char *blob = sl_main_content(pass, &draft->files[i].row);

		merged = blob && sl_str_eq(blob, draft->files[i].row.blob);
	}
	return merged;
}

static enum sl_code read_files(struct pass *pass, struct draft *draft, const struct claims *claims,
	const struct sl_change *known, struct sl_error *err)
{
	struct sl_change_file_list before = { 0 };
	enum sl_code code = SL_OK;

	if (known)
		code = sl_store_change_files(pass->control->doors.store, known->id, pass->arena,
			&before, err);
	if (code == SL_OK)
		code = base_of(pass, draft->change.head, known, &draft->change.base, err);
	if (code == SL_OK)
		code = sl_pass_folders(pass, draft->change.head, &draft->folders, err);
	if (code == SL_OK)
		code = sl_draft_bring(pass, draft, draft->change.base, &before, err);
	if (code != SL_OK)
		return code;
	sl_draft_keep_own(pass, draft, claims);
	if (pass->since[0] != '\0')
		code = sl_draft_leave_out(pass, draft, pass->since, &before, err);
	draft->change.content = sl_draft_content(pass, draft);
	draft->merged = is_merged(pass, draft);
	return code;
}

static struct draft draft_of(const struct pass *pass, const struct sl_forge_change *branch,
	const struct sl_change *known)
{
	struct draft draft = { .change = { .kind = SL_CHANGE_BRANCH, .state = SL_CHANGE_OPEN },
		.known_head = known ? known->head : "" };

	if (known)
		draft.change = *known;
	draft.change.project = pass->project->name;
	draft.change.branch = branch->branch;
	draft.change.head = branch->head;
	draft.change.title = branch->title;
	draft.change.author = known ? known->author : branch->author;
	return draft;
}

static enum sl_code follow_branch(struct pass *pass, const struct sl_forge_change *branch,
	const struct claims *claims, const struct sl_change *known, struct sl_error *err)
{
	struct draft draft = draft_of(pass, branch, known);
	bool pushed = sl_draft_add_pushers(pass, &draft);
	bool current = false;
	enum sl_code code = read_files(pass, &draft, claims, known, err);

	if (code == SL_OK && known && !pushed)
		code = is_current(pass, known, &draft, &current, err);
	if (code != SL_OK || current || (draft.files_len == 0 && !known))
		return code;
	code = sl_draft_add_committers(pass, &draft, err);
	return code == SL_OK ? sl_draft_finish(pass, &draft, err) : code;
}

/* The branch's newest change.  One that ended stands for its head for good, but a branch that was
 * deleted and pushed again begins anew. */
static enum sl_code find_known(struct pass *pass, const struct sl_forge_change *branch,
	const struct sl_change **known, bool *over, struct sl_error *err)
{
	const struct sl_change_query query = { .project = pass->project->name,
		.branch = branch->branch,
		.page = { .limit = 1 } };
	struct sl_change_list found;
	enum sl_code code = sl_store_changes(pass->control->doors.store, &query, pass->arena,
		&found, err);

	*known = NULL;
	*over = false;
	if (code != SL_OK || found.len == 0 || found.at[0].state == SL_CHANGE_CLOSED)
		return code;
	if (found.at[0].state == SL_CHANGE_OPEN)
		*known = &found.at[0];
	else
		*over = sl_str_eq(found.at[0].head, branch->head);
	return SL_OK;
}

static enum sl_code work_branch(struct pass *pass, const struct sl_forge_change *branch,
	struct sl_error *err)
{
	const struct sl_change *known;
	struct claims claims;
	bool over;
	enum sl_code code = find_known(pass, branch, &known, &over, err);

	if (code == SL_OK && !over)
		code = sl_claims_read(pass, &claims, err);
	if (code == SL_OK && !over)
		code = follow_branch(pass, branch, &claims, known, err);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "branch %s", branch->branch);
}

enum sl_code sl_project_branches(struct pass *pass, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < pass->open.len; i++)
		code = work_branch(pass, &pass->open.at[i], err);
	return code;
}

/* --- released by a waiver --------------------------------------------------------------------- */

static void add_stored_files(struct pass *pass, struct draft *draft,
	const struct sl_change_file_list *files)
{
	sl_draft_room(pass, draft, files->len);
	for (size_t i = 0; i < files->len; i++) {
		for (size_t k = 0; k < draft->folders.len; k++) {
			const struct folder *folder = &draft->folders.at[k];

			if (!sl_str_eq(folder->entry->path, files->at[i].folder))
				continue;
			if (sl_file_is_gone(&files->at[i]))
				sl_draft_add_gone(draft, folder, &files->at[i]);
			else
				sl_draft_add_file(pass, draft, folder, files->at[i].path);
		}
	}
}

static enum sl_code review_again(struct pass *pass, const struct sl_change *change,
	struct sl_error *err)
{
	struct draft draft = { .change = *change, .known_head = change->head };
	struct sl_change_file_list files;
	enum sl_code code = sl_store_change_files(pass->control->doors.store, change->id,
		pass->arena, &files, err);

	if (code == SL_OK)
		code = sl_pass_folders(pass, change->head, &draft.folders, err);
	if (code != SL_OK)
		return code;
	add_stored_files(pass, &draft, &files);
	code = sl_draft_review(pass, &draft, err);
	return code == SL_OK ? sl_draft_write_review(pass, &draft, err) : code;
}

enum sl_code sl_project_waived(struct pass *pass, struct sl_error *err)
{
	const struct sl_change_query query = { .project = pass->project->name,
		.states = SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = 1000 } };
	struct sl_change_list merged;
	enum sl_code code = sl_store_changes(pass->control->doors.store, &query, pass->arena,
		&merged, err);

	for (size_t i = 0; code == SL_OK && i < merged.len; i++) {
		const struct sl_change *change = &merged.at[i];
		bool current = true;

		if (!change->held || change->review_id == 0)
			continue;
		code = knows_waivers(pass, change, &current, err);
		if (code == SL_OK && !current)
			code = review_again(pass, change, err);
	}
	return code;
}
