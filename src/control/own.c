/* Changes without a repository of one's own: written, and merged, in the one that Sluice owns. */
#include "own.h"

#include "request.h"

#include "sluice/core/str.h"
#include "sluice/git/bare.h"
#include "sluice/policy/risk.h"
#include "sluice/policy/workspace.h"
#include "sluice/sys/file.h"

#include <stdio.h>
#include <string.h>

#define SLUG_MAX     40
#define TITLE_MAX    200
#define SELECTOR_MAX 1000
#define VERSION_SIZE 18 /* 20261122090501123 */
#define MOMENT_US    (SL_SECOND_US / 1000)
#define TAKEN_US     (3600 * SL_SECOND_US) /* no clock is set back farther */

/* --- reading it ------------------------------------------------------------------------------ */

static bool is_selector(const char *path)
{
	const char *slash = strchr(path, '/');

	return slash && slash > path && sl_str_eq(slash + 1, SL_OWN_TARGETS);
}

enum sl_code sl_own_entries(struct sl_arena *arena, struct sl_repo *repo, const char *commit,
	const struct sl_migrations_entry **out, size_t *len, struct sl_error *err)
{
	struct sl_git_files files = { 0 };
	enum sl_code code = SL_OK;

	struct {
		SL_VEC(struct sl_migrations_entry);
	} entries = { 0 };

	if (commit[0] != '\0')
		code = sl_repo_files(repo, arena, commit, NULL, &files, err);
	for (size_t i = 0; code == SL_OK && i < files.len; i++) {
		const char *path = files.at[i].path;
		struct sl_git_blob blob;

		if (!is_selector(path))
			continue;
		code = sl_repo_blob(repo, arena, files.at[i].blob, SELECTOR_MAX, &blob, err);
		if (code == SL_OK)
			*sl_vec_add_in(arena, &entries) = (struct sl_migrations_entry){
				.path = sl_arena_strndup(arena, path,
					strlen(path) - strlen("/" SL_OWN_TARGETS)),
				.layout = "plain",
				.ledger = SL_OWN_LEDGER,
				.targets = sl_arena_strndup(arena, blob.data,
					strcspn(blob.data, "\n"))
			};
	}
	*out = entries.at;
	*len = entries.len;
	return code;
}

/* --- opening --------------------------------------------------------------------------------- */

/* "Fix the totals!" becomes "fix-the-totals". */
static const char *slug_of(struct sl_arena *arena, const char *title)
{
	char *slug = sl_arena_alloc(arena, SLUG_MAX + 1);
	size_t len = 0;

	for (; *title != '\0' && len < SLUG_MAX; title++) {
		char c = *title >= 'A' && *title <= 'Z' ? (char)(*title + ('a' - 'A')) : *title;
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (plain)
			slug[len++] = c;
		else if (len > 0 && slug[len - 1] != '-')
			slug[len++] = '-';
	}
	while (len > 0 && slug[len - 1] == '-')
		len--;
	slug[len] = '\0';
	return len > 0 ? slug : "change";
}

/* The moment in UTC, to the millisecond. */
static void version_of(int64_t now, char out[VERSION_SIZE])
{
	char iso[SL_TIME_ISO_MAX];
	char digits[15];
	size_t n = 0;

	for (const char *c = sl_time_iso(now, iso); *c != '\0' && n < sizeof(digits) - 1; c++) {
		if (*c >= '0' && *c <= '9')
			digits[n++] = *c;
	}
	digits[n] = '\0';
	(void)snprintf(out, VERSION_SIZE, "%.14s%03u", digits, (unsigned)(now / 1000 % 1000));
}

/* Two changes with one version would be one migration that was edited; so each moment is taken
 * once, whichever replica is asked. */
static enum sl_code take_version(struct request *request, char out[VERSION_SIZE],
	struct sl_error *err)
{
	int64_t moment = sl_control_now(request->control);
	struct sl_store_first first = { .value = request->ask->who.user };
	enum sl_code code;

	moment -= moment % MOMENT_US;
	do {
		version_of(moment, out);
		first.key = sl_store_meta_until(request->arena, moment + TAKEN_US,
			sl_arena_printf(request->arena, "version/%s", out));
		code = sl_store_first_meta(request->control->doors.store, &first, request->arena,
			err);
		moment += MOMENT_US;
	} while (code == SL_OK && !first.fresh);
	return code;
}

static enum sl_code open_own(const struct sl_world *world, struct sl_repo **out,
	struct sl_error *err)
{
	const struct sl_git_limits limits = { .blob_bytes = world->migration_bytes };
	const char *path;
	enum sl_code code = SL_OK;

	if (!world->own)
		return sl_error_set(err, SL_ECONFLICT,
			"a project of yours is called " SL_OWN_PROJECT
			", the name of the one for such changes: call it otherwise");
	path = world->own->repository;
	if (!sl_file_is_folder(path))
		code = sl_git_bare_init(path, SL_OWN_BRANCH, err);
	if (code == SL_ECONFLICT) /* somebody else has made it at this moment */
		code = SL_OK;
	return code == SL_OK ? sl_git_bare_open(out, path, &limits, err) : code;
}

static enum sl_code check_opening(struct request *request, const struct sl_opening *opening,
	struct sl_error *err)
{
	sl_auto(sl_policy_free_p) struct sl_policy *policy = NULL;
	struct sl_selection selection;
	enum sl_code code;

	if (opening->sql[strspn(opening->sql, " \t\r\n")] == '\0')
		return sl_error_set(err, SL_EINVAL,
			"the file is empty: a change needs a statement");
	if ((int64_t)strlen(opening->sql) > request->world->migration_bytes)
		return sl_error_set(err, SL_ELIMIT, "the file is larger than %lld bytes",
			(long long)request->world->migration_bytes);
	if (strlen(opening->targets) > SELECTOR_MAX || strchr(opening->targets, '\n'))
		return sl_error_set(err, SL_EINVAL, "a selector is one line of at most %d bytes",
			SELECTOR_MAX);
	code = sl_policy_new(&policy, request->world->workspace, err);
	if (code == SL_OK)
		code = sl_policy_select(policy, opening->targets, request->arena, &selection, err);
	if (code == SL_OK && selection.len == 0)
		return sl_error_set(err, SL_EINVAL, "no target has %s: see `sluice target list`",
			opening->targets);
	return code;
}

static const char *email_of(const struct request *request)
{
	const struct sl_workspace *workspace = request->world->workspace;
	size_t user = sl_workspace_user(workspace, request->ask->who.user);

	return user < workspace->users_len && workspace->users[user].email[0] ?
		workspace->users[user].email :
		request->ask->who.user;
}

/* The branch and the folder are called alike. */
static enum sl_code commit_opening(struct request *request, const struct sl_opening *opening,
	const char **name, char head[SL_GIT_ID_SIZE], struct sl_error *err)
{
	sl_auto(sl_repo_close_p) struct sl_repo *repo = NULL;
	struct sl_arena *arena = request->arena;
	const int64_t now = sl_control_now(request->control);
	const char *slug = slug_of(arena, opening->title);
	struct sl_git_new_file files[2];
	struct sl_git_new_commit commit = { .files = files,
		.n_files = 2,
		.author_name = request->ask->who.user,
		.author_email = email_of(request),
		.message = sl_arena_strndup(arena, opening->title,
			strnlen(opening->title, TITLE_MAX)),
		.at = now };
	char version[VERSION_SIZE];
	char main_head[SL_GIT_ID_SIZE];
	enum sl_code code = open_own(request->world, &repo, err);

	if (code == SL_OK)
		code = take_version(request, version, err);
	if (code != SL_OK)
		return code;
	*name = sl_arena_printf(arena, "%s-%s", slug, version);
	commit.branch = sl_arena_printf(arena, "change/%s", *name);
	files[0] = (struct sl_git_new_file){ sl_arena_printf(arena, "%s/%s_%s.sql", *name, version,
						     slug),
		opening->sql, strlen(opening->sql) };
	files[1] = (struct sl_git_new_file){ sl_arena_printf(arena, "%s/" SL_OWN_TARGETS, *name),
		opening->targets, strlen(opening->targets) };
	if (sl_repo_resolve(repo, SL_OWN_BRANCH, main_head, NULL) == SL_OK)
		commit.base = main_head;
	if (sl_repo_resolve(repo, commit.branch, head, NULL) == SL_OK)
		return sl_error_set(err, SL_ECONFLICT, "%s was opened at this moment: try again",
			*name);
	return sl_repo_commit(repo, &commit, head, err);
}

static enum sl_code remember(struct request *request, const char *text, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	sl_request_audit(request, batch, false, text);
	return sl_store_commit(request->control->doors.store, batch, err);
}

enum sl_code sl_control_open_change(struct sl_control *control, const struct sl_ask *ask,
	const struct sl_opening *opening, struct sl_arena *arena, struct sl_opened *out,
	struct sl_error *err)
{
	struct request request = { .action = "change.open", .object = "change" };
	const char *name = "";
	char id[SL_GIT_ID_SIZE] = "";
	enum sl_code code;

	sl_request_open(&request, control, ask);
	code = sl_request_may(&request, SL_VERB_OPEN, err);
	if (code == SL_OK)
		code = check_opening(&request, opening, err);
	if (code == SL_OK)
		code = commit_opening(&request, opening, &name, id, err);
	if (code == SL_OK) {
		out->branch = sl_arena_printf(arena, "change/%s", name);
		out->head = sl_arena_strdup(arena, id);
		request.object = out->branch;
		code = sl_control_keep_push(control, SL_OWN_PROJECT, &ask->who, out->branch, id,
			err);
	}
	if (code == SL_OK)
		code = remember(&request, opening->targets, err);
	if (code == SL_OK)
		sl_control_poke_project(control, SL_OWN_PROJECT);
	return sl_request_close(&request, code, err);
}

enum sl_code sl_control_opened(struct sl_control *control, const char *branch, const char *head,
	int64_t *id, struct sl_error *err)
{
	const struct sl_change_query query = { .project = SL_OWN_PROJECT,
		.branch = branch,
		.page = { .limit = 1 } };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_change_list found;
	enum sl_code code = sl_store_changes(control->doors.store, &query, arena, &found, err);

	*id = 0;
	if (code == SL_OK && found.len > 0 && found.at[0].review_id != 0 &&
		sl_str_eq(found.at[0].head, head))
		*id = found.at[0].id;
	return code;
}

/* --- merging --------------------------------------------------------------------------------- */

/* The change's folder as its head has it, put on the main branch. */
static enum sl_code commit_merge(struct request *request, const struct sl_change *change,
	struct sl_error *err)
{
	sl_auto(sl_repo_close_p) struct sl_repo *repo = NULL;
	const char *folder = change->branch + strlen("change/");
	struct sl_git_new_file *files;
	struct sl_git_files listed;
	struct sl_git_new_commit commit = { .branch = SL_OWN_BRANCH,
		.author_name = request->ask->who.user,
		.author_email = email_of(request),
		.message = sl_arena_printf(request->arena, "merge %s", change->branch),
		.at = sl_control_now(request->control) };
	char id[SL_GIT_ID_SIZE];
	enum sl_code code = open_own(request->world, &repo, err);

	if (code == SL_OK)
		code = sl_repo_files(repo, request->arena, change->head, folder, &listed, err);
	if (code != SL_OK)
		return code;
	files = sl_arena_calloc(request->arena, listed.len + 1, sizeof(*files));
	for (size_t i = 0; code == SL_OK && i < listed.len; i++) {
		struct sl_git_blob blob;

		code = sl_repo_blob(repo, request->arena, listed.at[i].blob, 0, &blob, err);
		if (code == SL_OK)
			files[i] = (struct sl_git_new_file){ listed.at[i].path, blob.data,
				blob.len };
	}
	commit.files = files;
	commit.n_files = listed.len;
	return code == SL_OK ? sl_repo_commit(repo, &commit, id, err) : code;
}

static enum sl_code check_merge(const struct sl_change *change, struct sl_error *err)
{
	if (!sl_str_eq(change->project, SL_OWN_PROJECT))
		return sl_error_set(err, SL_EINVAL,
			"change %lld is of project %s: merge it with Git, by pushing %s to its "
			"branch",
			(long long)change->id, change->project, change->branch);
	if (change->state != SL_CHANGE_OPEN)
		return sl_error_set(err, SL_ECONFLICT,
			"change %lld is %s: only an open one is merged", (long long)change->id,
			sl_change_state_name(change->state));
	return SL_OK;
}

enum sl_code sl_control_merge(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, struct sl_error *err)
{
	struct request request = { .action = "change.merge", .change_id = change_id };
	struct sl_change change;
	enum sl_code code;

	sl_request_open(&request, control, ask);
	request.object = sl_arena_printf(request.arena, "change %lld", (long long)change_id);
	code = sl_store_change(control->doors.store, change_id, request.arena, &change, err);
	if (code == SL_OK)
		code = sl_request_may(&request, SL_VERB_OPEN, err);
	if (code == SL_OK)
		code = check_merge(&change, err);
	if (code == SL_OK)
		code = commit_merge(&request, &change, err);
	if (code == SL_OK)
		code = remember(&request, change.branch, err);
	if (code == SL_OK)
		sl_control_poke_project(control, SL_OWN_PROJECT);
	return sl_request_close(&request, code, err);
}
