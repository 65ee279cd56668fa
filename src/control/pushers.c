/* The people of a change: who pushed it, by the hook's word, and whose names its commits carry. */
#include "project_int.h"

#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"

#include <string.h>

#define TITLE_MAX   200
#define COMMITS_MAX 1000

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

void sl_draft_add_people(struct pass *pass, struct draft *draft,
	const struct sl_change_person *people, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_person(pass, draft, people[i].user, people[i].pushed);
}

struct push {
	const char *branch, *head, *user;
};

static bool read_push(struct pass *pass, const struct sl_delivery *delivery, struct push *out)
{
	sl_auto_json json_t *body = NULL;

	if (sl_json_load(&body, delivery->body, strlen(delivery->body), 4096, "push", NULL) !=
		SL_OK)
		return false;
	*out = (struct push){ sl_arena_strdup(pass->arena, sl_json_str(body, "branch", "")),
		sl_arena_strdup(pass->arena, sl_json_str(body, "head", "")),
		sl_arena_strdup(pass->arena, sl_json_str(body, "user", "")) };
	return true;
}

bool sl_draft_add_pushers(struct pass *pass, struct draft *draft)
{
	bool any = false;

	for (size_t i = 0; i < pass->pushes.len; i++) {
		struct push push;

		if (!read_push(pass, &pass->pushes.at[i], &push) ||
			!sl_str_eq(push.branch, draft->change.branch))
			continue;
		any = true;
		if (push.user[0] == '\0')
			continue;
		add_person(pass, draft, push.user, true);
		draft->change.author = push.user;
	}
	return any;
}

static const char *const *paths_of(struct pass *pass, const struct draft *draft)
{
	const char **paths = sl_arena_calloc(pass->arena, draft->files_len + 1, sizeof(*paths));

	for (size_t i = 0; i < draft->files_len; i++) {
		const struct sl_change_file *row = &draft->files[i].row;

		paths[i] = row->folder[0] ?
			sl_arena_printf(pass->arena, "%s/%s", row->folder, row->path) :
			row->path;
	}
	return paths;
}

enum sl_code sl_draft_add_committers(struct pass *pass, struct draft *draft, struct sl_error *err)
{
	const struct sl_git_range range = { .since = draft->change.base[0] ? draft->change.base :
									     NULL,
		.until = draft->change.head,
		.max = COMMITS_MAX,
		.touching = paths_of(pass, draft),
		.touching_len = draft->files_len };
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

/* --- pushes that are told of late ------------------------------------------------------------- */

static enum sl_code name_pusher(struct pass *pass, const struct sl_change *change, const char *user,
	struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_change row = *change;
	enum sl_code code;

	row.author = user;
	sl_batch_expect(batch, change->id, change->revision);
	sl_batch_add_person(batch,
		&(struct sl_change_person){ .change_id = change->id,
			.user = user,
			.pushed = true });
	sl_batch_update_change(batch, &row);
	code = sl_pass_commit(pass, batch, err);
	if (code == SL_OK)
		sl_control_queue_change(pass->control, change->id, 0);
	return code;
}

/* Of an open change its next draft takes care. */
static enum sl_code late_push(struct pass *pass, const struct push *push, struct sl_error *err)
{
	const struct sl_change_query query = { .project = pass->project->name,
		.branch = push->branch,
		.page = { .limit = 1 } };
	struct sl_change_list found;
	enum sl_code code = sl_store_changes(pass->control->doors.store, &query, pass->arena,
		&found, err);

	if (code != SL_OK || found.len == 0 || found.at[0].state == SL_CHANGE_OPEN ||
		!sl_str_eq(found.at[0].head, push->head))
		return code;
	return name_pusher(pass, &found.at[0], push->user, err);
}

enum sl_code sl_project_late_pushes(struct pass *pass, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < pass->pushes.len; i++) {
		struct push push;

		if (read_push(pass, &pass->pushes.at[i], &push) && push.user[0] != '\0')
			code = late_push(pass, &push, err);
	}
	return code;
}
