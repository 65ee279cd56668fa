/* From branches to drafts: which changes there are, what they bring, and who pushed it. */
#include "project_int.h"

#include "sluice/core/hash.h"
#include "sluice/core/str.h"
#include "sluice/forge/plain.h"
#include "sluice/policy/workspace.h"

#include <string.h>

#define TITLE_MAX 200

/* --- files ---------------------------------------------------------------------------------- */

static bool has_file(const struct draft *draft, const struct folder *folder, const char *path)
{
	for (size_t i = 0; i < draft->files_len; i++) {
		if (sl_str_eq(draft->files[i].row.path, path) &&
			sl_str_eq(draft->files[i].row.folder, folder->entry->path))
			return true;
	}
	return false;
}

static void add_file(struct pass *pass, struct draft *draft, const struct folder *folder,
	const char *path, const char *base_blob)
{
	const struct sl_migration *migration = sl_folder_migration(folder, path);
	size_t at = sl_folder_file(folder, path);
	struct draft_file *file;
	char *sha256;

	if (at == folder->files_len || has_file(draft, folder, path))
		return;
	sha256 = sl_arena_alloc(pass->arena, SL_SHA256_HEX);
	sl_sha256_hex(folder->files[at].data, folder->files[at].len, sha256);
	file = &draft->files[draft->files_len++];
	*file = (struct draft_file){ .folder = folder,
		.migration = migration,
		.base_blob = base_blob };
	file->row = (struct sl_change_file){ .folder = folder->entry->path,
		.path = folder->files[at].path,
		.kind = migration ? migration->kind : SL_MIGRATION_VERSION,
		.key = migration ? migration->key : "",
		.sha256 = sha256,
		.blob = folder->blobs[at] };
}

static const struct sl_git_delta *delta_of(const struct sl_git_deltas *deltas,
	const struct folder *folder, const char *path)
{
	size_t skip = strlen(folder->entry->path);

	for (size_t i = 0; i < deltas->len; i++) {
		const char *there = deltas->at[i].path + (skip ? skip + 1 : 0);

		if (deltas->at[i].kind != SL_GIT_DELETED && sl_str_eq(there, path))
			return &deltas->at[i];
	}
	return NULL;
}

static const char *old_blob(const struct sl_git_delta *delta)
{
	return delta->old_blob[0] == '\0' ? NULL : delta->old_blob;
}

/* In run order, then files that could not be read as migrations. */
static void add_changed(struct pass *pass, struct draft *draft, const struct folder *folder,
	const struct sl_git_deltas *deltas)
{
	const struct sl_git_delta *delta;

	for (size_t i = 0; i < folder->layout.set.len; i++) {
		delta = delta_of(deltas, folder, folder->layout.set.at[i].path);
		if (delta)
			add_file(pass, draft, folder, folder->layout.set.at[i].path,
				old_blob(delta));
	}
	for (size_t i = 0; i < folder->layout.problem_count; i++) {
		const struct sl_layout_problem *problem = &folder->layout.problems[i];

		delta = delta_of(deltas, folder, problem->path);
		if (delta && problem->severity == SL_SEVERITY_ERROR)
			add_file(pass, draft, folder, problem->path, old_blob(delta));
	}
}

static void room_for_files(struct pass *pass, struct draft *draft)
{
	size_t most = 0;

	for (size_t i = 0; i < draft->folders.len; i++)
		most += draft->folders.at[i].files_len;
	draft->files = sl_arena_calloc(pass->arena, most + 1, sizeof(*draft->files));
	draft->files_len = 0;
}

/* Everything that differs between two commits; from NULL: all of it. */
static enum sl_code add_difference(struct pass *pass, struct draft *draft, const char *from,
	const char *to, struct sl_error *err)
{
	room_for_files(pass, draft);
	for (size_t i = 0; i < draft->folders.len; i++) {
		const struct folder *folder = &draft->folders.at[i];
		const struct sl_git_span span = { from, to, folder->entry->path };
		struct sl_git_deltas deltas;
		enum sl_code code = sl_repo_diff(pass->repo, pass->arena, &span, &deltas, err);

		if (code != SL_OK)
			return code;
		add_changed(pass, draft, folder, &deltas);
	}
	return SL_OK;
}

static const char *content_of(struct pass *pass, const struct draft *draft)
{
	char *out = sl_arena_alloc(pass->arena, SL_SHA256_HEX);
	struct sl_sha256 *sha = sl_sha256_new();

	for (size_t i = 0; i < draft->files_len; i++) {
		sl_sha256_add_str(sha, draft->files[i].row.path);
		sl_sha256_add_str(sha, draft->files[i].row.sha256);
	}
	sl_sha256_end_hex(sha, out);
	sl_sha256_free(sha);
	return out;
}

/* --- people --------------------------------------------------------------------------------- */

static void add_person(struct pass *pass, struct draft *draft, const char *user, bool pushed)
{
	for (size_t i = 0; i < draft->people.len; i++) {
		if (sl_str_eq(draft->people.at[i].user, user)) {
			draft->people.at[i].pushed = draft->people.at[i].pushed || pushed;
			return;
		}
	}
	*sl_vec_add_in(pass->arena, &draft->people) = (struct sl_change_person){ .user = user,
		.pushed = pushed };
}

static void add_email(struct pass *pass, struct draft *draft, const char *email)
{
	const struct sl_workspace *workspace = pass->world->workspace;
	size_t user = sl_workspace_user_by_email(workspace, email);

	if (email[0] == '\0')
		return;
	add_person(pass, draft, user < workspace->users_len ? workspace->users[user].name : email,
		false);
}

/* Who pushed heads of the branch, by the hook's word; the last one is shown as the author. */
static bool add_pushers(struct pass *pass, struct draft *draft, const char *branch)
{
	bool any = false;

	for (size_t i = 0; i < pass->pushes.len; i++) {
		const struct sl_delivery *push = &pass->pushes.at[i];
		sl_auto_json json_t *body = NULL;
		const char *user;

		if (sl_json_load(&body, push->body, strlen(push->body), 4096, "push", NULL) !=
				SL_OK ||
			!sl_str_eq(sl_json_str(body, "branch", ""), branch))
			continue;
		any = true;
		user = sl_json_str(body, "user", "");
		if (user[0] == '\0')
			continue;
		user = sl_arena_strdup(pass->arena, user);
		add_person(pass, draft, user, true);
		draft->change.author = user;
	}
	return any;
}

static enum sl_code add_committers(struct pass *pass, struct draft *draft, const char *since,
	const char *until, struct sl_error *err)
{
	const struct sl_git_range range = { since, until, 1000 };
	struct sl_git_commits commits;
	enum sl_code code = sl_repo_commits(pass->repo, pass->arena, &range, &commits, err);

	for (size_t i = 0; code == SL_OK && i < commits.len; i++) {
		add_email(pass, draft, commits.at[i].author_email);
		add_email(pass, draft, commits.at[i].committer_email);
	}
	if (code == SL_OK && commits.len > 0)
		draft->change.title = sl_arena_strndup(pass->arena, commits.at[0].subject,
			strnlen(commits.at[0].subject, TITLE_MAX));
	return code;
}

/* --- drafts --------------------------------------------------------------------------------- */

static enum sl_code finish_draft(struct pass *pass, struct draft *draft, struct sl_error *err)
{
	enum sl_code code;

	draft->change.content = content_of(pass, draft);
	code = sl_draft_review(pass, draft, err);
	if (code == SL_OK)
		code = sl_draft_plan(pass, draft, err);
	if (code == SL_OK)
		code = sl_draft_write(pass, draft, err);
	return code;
}

/* Where the branch left the project's branch: as that was before this pass, so that a branch
 * pushed and merged unseen still shows what it brought; a base known from before stays when the
 * branch has been merged since. */
static enum sl_code base_of(struct pass *pass, const char *head, const struct sl_change *known,
	const char *since, const char **out, struct sl_error *err)
{
	char *base = sl_arena_alloc(pass->arena, SL_GIT_ID_SIZE);
	enum sl_code code;

	*out = "";
	if (pass->head[0] == '\0')
		return SL_OK;
	code = sl_repo_merge_base(pass->repo, pass->head, head, base, err);
	if (code == SL_OK && sl_str_eq(base, head)) {
		if (known) {
			*out = sl_arena_strdup(pass->arena, known->base);
			return SL_OK;
		}
		if (since[0] != '\0')
			code = sl_repo_merge_base(pass->repo, since, head, base, err);
	}
	if (code == SL_OK)
		*out = base;
	return code == SL_ENOTFOUND ? SL_OK : code;
}

static bool waived_since(const struct sl_change_view *view, int64_t reviewed_at)
{
	for (size_t i = 0; i < view->waivers_len; i++) {
		if (view->waivers[i].at > reviewed_at || view->waivers[i].until > reviewed_at)
			return true;
	}
	return false;
}

/* Whether the review in the store still says what a new one would. */
static enum sl_code is_current(struct pass *pass, const struct sl_change *known, const char *head,
	const char *since, bool *out, struct sl_error *err)
{
	struct sl_change_view view;
	struct sl_review_record review;
	enum sl_code code;

	*out = false;
	if (known->review_id == 0 || !sl_str_eq(known->head, head) || !sl_str_eq(since, pass->head))
		return SL_OK;
	code = sl_store_review(pass->control->doors.store, known->review_id, pass->arena, &review,
		err);
	if (code == SL_OK)
		code = sl_store_change_view(pass->control->doors.store, known->id, pass->arena,
			&view, err);
	if (code == SL_OK)
		*out = !waived_since(&view, review.at);
	return code;
}

static enum sl_code follow_branch(struct pass *pass, const struct sl_forge_change *branch,
	const struct sl_change *known, const char *since, struct sl_error *err)
{
	struct draft draft = { .change = { .kind = SL_CHANGE_BRANCH, .state = SL_CHANGE_OPEN },
		.known_head = known ? known->head : "" };
	bool pushed;
	bool current = false;
	enum sl_code code;

	if (known)
		draft.change = *known;
	draft.change.project = pass->project->name;
	draft.change.branch = branch->branch;
	draft.change.head = branch->head;
	draft.change.title = branch->title;
	draft.change.author = known ? known->author : branch->author;
	pushed = add_pushers(pass, &draft, branch->branch);
	if (known && !pushed) {
		code = is_current(pass, known, branch->head, since, &current, err);
		if (code != SL_OK || current)
			return code;
	}
	code = base_of(pass, branch->head, known, since, &draft.change.base, err);
	if (code == SL_OK)
		code = sl_folders_read(&draft.folders, pass->arena, pass->repo, pass->world,
			pass->project, branch->head, err);
	if (code == SL_OK)
		code = add_difference(pass, &draft, draft.change.base[0] ? draft.change.base : NULL,
			branch->head, err);
	if (code != SL_OK || (draft.files_len == 0 && !known))
		return code;
	code = add_committers(pass, &draft, draft.change.base[0] ? draft.change.base : NULL,
		branch->head, err);
	return code == SL_OK ? finish_draft(pass, &draft, err) : code;
}

static const struct sl_change *known_by_branch(const struct sl_change_list *open,
	const char *branch)
{
	for (size_t i = 0; i < open->len; i++) {
		if (sl_str_eq(open->at[i].branch, branch))
			return &open->at[i];
	}
	return NULL;
}

enum sl_code sl_project_branches(struct pass *pass, const char *since, struct sl_error *err)
{
	const struct sl_change_query query = { .project = pass->project->name,
		.states = SL_STATE_BIT(SL_CHANGE_OPEN),
		.page = { .limit = 1000 } };
	struct sl_change_list open;
	enum sl_code code = sl_store_changes(pass->control->doors.store, &query, pass->arena, &open,
		err);

	for (size_t i = 0; code == SL_OK && i < pass->open.len; i++) {
		const struct sl_forge_change *branch = &pass->open.at[i];

		code = follow_branch(pass, branch, known_by_branch(&open, branch->branch), since,
			err);
		if (code != SL_OK)
			return sl_error_wrap(err, code, "branch %s", branch->branch);
	}
	return code;
}

/* --- what is on the project's branch and in nobody's change ----------------------------------- */

static enum sl_code open_implicit(struct pass *pass, struct draft *draft, const char *since,
	struct sl_error *err)
{
	enum sl_code code;

	draft->change.project = pass->project->name;
	draft->change.state = SL_CHANGE_MERGED;
	draft->change.branch = pass->project->branch;
	draft->change.head = pass->head;
	draft->change.base = since ? since : "";
	draft->change.author = "";
	draft->change.merged_at = pass->now;
	(void)add_pushers(pass, draft, pass->project->branch);
	code = add_committers(pass, draft, since, pass->head, err);
	if (draft->change.kind == SL_CHANGE_INITIAL)
		draft->change.title = "initial";
	return code == SL_OK ? finish_draft(pass, draft, err) : code;
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

enum sl_code sl_project_first_sight(struct pass *pass, struct sl_error *err)
{
	struct draft draft = { .change = { .kind = SL_CHANGE_INITIAL },
		.known_head = "",
		.folders = pass->main };

	room_for_files(pass, &draft);
	for (size_t i = 0; i < draft.folders.len; i++) {
		const struct folder *folder = &draft.folders.at[i];

		for (size_t k = 0; k < folder->layout.set.len; k++) {
			const struct sl_migration *migration = &folder->layout.set.at[k];

			if (!settled_everywhere(pass, folder, migration))
				add_file(pass, &draft, folder, migration->path, NULL);
		}
	}
	return draft.files_len == 0 ? SL_OK : open_implicit(pass, &draft, NULL, err);
}

struct claims {
	SL_VEC(struct sl_plain_claim);
};

/* Every file that any change of the project brought or will bring. */
static enum sl_code read_claims(struct pass *pass, struct claims *out, struct sl_error *err)
{
	const struct sl_change_query query = { .project = pass->project->name,
		.states = SL_STATE_BIT(SL_CHANGE_OPEN) | SL_STATE_BIT(SL_CHANGE_MERGED) |
			SL_STATE_BIT(SL_CHANGE_DONE) | SL_STATE_BIT(SL_CHANGE_NOTHING),
		.page = { .limit = 1000 } };
	struct sl_change_list changes;
	enum sl_code code = sl_store_changes(pass->control->doors.store, &query, pass->arena,
		&changes, err);

	for (size_t i = 0; code == SL_OK && i < changes.len; i++) {
		struct sl_change_file_list files;

		code = sl_store_change_files(pass->control->doors.store, changes.at[i].id,
			pass->arena, &files, err);
		for (size_t k = 0; code == SL_OK && k < files.len; k++)
			*sl_vec_add_in(pass->arena,
				out) = (struct sl_plain_claim){ .change_id = changes.at[i].id,
				.first_seen = changes.at[i].opened_at,
				.path = sl_arena_printf(pass->arena, "%s/%s", files.at[k].folder,
					files.at[k].path),
				.content = files.at[k].blob };
	}
	return code;
}

/* Leaves out what a change claims. */
static void keep_unclaimed(struct pass *pass, struct draft *draft, const struct claims *claims)
{
	size_t kept = 0;

	for (size_t i = 0; i < draft->files_len; i++) {
		const struct sl_change_file *row = &draft->files[i].row;
		const char *path = sl_arena_printf(pass->arena, "%s/%s", row->folder, row->path);

		if (sl_plain_claimant(claims->at, claims->len, path, row->blob) == 0)
			draft->files[kept++] = draft->files[i];
	}
	draft->files_len = kept;
}

enum sl_code sl_project_direct(struct pass *pass, const char *since, struct sl_error *err)
{
	struct draft draft = { .change = { .kind = SL_CHANGE_DIRECT,
				       .held = true,
				       .hold_by = "sluice",
				       .hold_reason = "pushed to the branch without a change" },
		.known_head = "",
		.folders = pass->main };
	const char *from = since[0] != '\0' ? since : NULL;
	struct claims claims = { 0 };
	enum sl_code code;

	if (pass->head[0] == '\0')
		return SL_OK;
	code = add_difference(pass, &draft, from, pass->head, err);
	if (code == SL_ENOTFOUND) { /* the old head is gone: everything is looked at */
		from = NULL;
		code = add_difference(pass, &draft, NULL, pass->head, err);
	}
	if (code == SL_OK)
		code = read_claims(pass, &claims, err);
	if (code != SL_OK)
		return code;
	keep_unclaimed(pass, &draft, &claims);
	return draft.files_len == 0 ? SL_OK : open_implicit(pass, &draft, from, err);
}
