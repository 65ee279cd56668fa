/* View of a commit: the changes whose migrations it holds, and how far each is. */
#include "sluice/control/people.h"

#include "inside.h"
#include "stages.h"
#include "view_int.h"

#include "sluice/core/map.h"
#include "sluice/core/str.h"
#include "sluice/git.h"
#include "sluice/policy/workspace.h"

#include <assert.h>
#include <string.h>

#define CHANGES_MAX 1000
#define PREFIX_MIN  7

struct looking {
	struct sl_control *control;
	const struct sl_world *world;
	struct sl_arena *arena;
	const struct sl_project *project;
	struct sl_repo *repo; /* owned by the caller; of the project */
	char commit[SL_GIT_ID_SIZE];
	struct sl_map *blobs; /* owned: folder/path to blob at the commit */
	struct sl_map *folders; /* owned: those that blobs has */
};

/* --- which commit ---------------------------------------------------------------------------- */

/* As Git writes ids: its commands take either case.  False where it is none, nor begins one. */
static bool read_prefix(const char *text, char out[SL_GIT_ID_SIZE])
{
	size_t len = strlen(text);

	if (len < PREFIX_MIN || len >= SL_GIT_ID_SIZE ||
		strspn(text, "0123456789abcdefABCDEF") != len)
		return false;
	for (size_t i = 0; i <= len; i++)
		out[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a' : text[i]);
	return true;
}

/* The commit that begins like this on one of the branches. */
static enum sl_code find_prefix(struct looking *l, const char *prefix, struct sl_error *err)
{
	struct sl_git_refs refs;
	enum sl_code code = sl_repo_branches(l->repo, l->arena, NULL, &refs, err);

	for (size_t i = 0; code == SL_OK && i < refs.len; i++) {
		const struct sl_git_range range = { .until = refs.at[i].commit };
		struct sl_git_commits commits;

		code = sl_repo_commits(l->repo, l->arena, &range, &commits, err);
		for (size_t k = 0; code == SL_OK && k < commits.len; k++) {
			if (!sl_str_starts(commits.at[k].id, prefix))
				continue;
			if (l->commit[0] != '\0' && !sl_str_eq(l->commit, commits.at[k].id))
				return sl_error_set(err, SL_EINVAL,
					"commit %s: several begin like this; give more of it",
					prefix);
			memcpy(l->commit, commits.at[k].id, SL_GIT_ID_SIZE);
		}
	}
	if (code == SL_OK && l->commit[0] == '\0')
		return sl_error_set(err, SL_ENOTFOUND, "commit %s: unknown", prefix);
	return code;
}

/* In the first project that has it. */
static enum sl_code find_commit(struct looking *l, const char *text, struct sl_error *err)
{
	const struct sl_workspace *workspace = l->world->workspace;
	enum sl_code code;

	for (size_t i = 0; i < workspace->projects_len; i++) {
		struct sl_repo *repo = NULL;

		l->project = &workspace->projects[i];
		l->commit[0] = '\0';
		if (l->control->doors.open_repo(l->control->doors.ctx, l->world, l->project, &repo,
			    NULL) != SL_OK)
			continue;
		sl_repo_close(l->repo);
		l->repo = repo;
		code = sl_git_id_ok(text) ? sl_repo_resolve(repo, text, l->commit, err) :
					    find_prefix(l, text, err);
		if (code != SL_ENOTFOUND)
			return code;
	}
	return sl_error_set(err, SL_ENOTFOUND, "commit %s: no project has it (yet); was it pushed?",
		text);
}

/* --- which changes --------------------------------------------------------------------------- */

static const char *joined(const struct looking *l, const char *folder, const char *path)
{
	return folder[0] ? sl_arena_printf(l->arena, "%s/%s", folder, path) : path;
}

static enum sl_code read_folder(struct looking *l, const char *folder, struct sl_error *err)
{
	struct sl_git_files files;
	enum sl_code code;

	if (sl_map_get(l->folders, folder))
		return SL_OK;
	code = sl_repo_files(l->repo, l->arena, l->commit, folder, &files, err);
	for (size_t i = 0; code == SL_OK && i < files.len; i++)
		(void)sl_map_put(l->blobs, files.at[i].path, (void *)(uintptr_t)files.at[i].blob);
	if (code == SL_OK)
		(void)sl_map_put(l->folders, folder, l);
	return code;
}

/* Whether the commit has one of its files as the change has it. */
static enum sl_code holds(struct looking *l, const struct sl_change *change, bool *out,
	struct sl_error *err)
{
	struct sl_change_file_list files;
	enum sl_code code = sl_store_change_files(l->control->doors.store, change->id, l->arena,
		&files, err);

	*out = sl_str_eq(change->head, l->commit);
	for (size_t i = 0; code == SL_OK && !*out && i < files.len; i++) {
		code = read_folder(l, files.at[i].folder, err);
		*out = code == SL_OK && !sl_file_is_gone(&files.at[i]) &&
			sl_str_eq(sl_map_get(l->blobs,
					  joined(l, files.at[i].folder, files.at[i].path)),
				files.at[i].blob);
	}
	return code;
}

static enum sl_code add_change(struct looking *l, int64_t id, json_t *rows, struct sl_error *err)
{
	struct staged *staged = sl_arena_alloc(l->arena, sizeof(*staged));
	enum sl_code code = sl_staged_read(l->control, l->world, id, l->arena, staged, err);

	if (code == SL_OK)
		(void)json_array_append_new(rows, sl_view_staged(staged, l->arena));
	return code;
}

/* On the project's branch and worked off: no change of it is still to come. */
static enum sl_code is_worked_off(struct looking *l, bool *out, struct sl_error *err)
{
	struct sl_project_record known;
	enum sl_code code = sl_store_project(l->control->doors.store, l->project->name, l->arena,
		&known, err);

	*out = false;
	if (code == SL_ENOTFOUND)
		return SL_OK;
	if (code != SL_OK || !known.settled || known.head[0] == '\0')
		return code;
	code = sl_repo_is_ancestor(l->repo, l->commit, known.head, out, err);
	return code == SL_ENOTFOUND ? SL_OK : code;
}

static enum sl_code add_changes(struct looking *l, json_t *rows, struct sl_error *err)
{
	const struct sl_change_query query = { .project = l->project->name,
		.states = SL_STATE_BIT(SL_CHANGE_OPEN) | SL_STATE_BIT(SL_CHANGE_MERGED) |
			SL_STATE_BIT(SL_CHANGE_DONE) | SL_STATE_BIT(SL_CHANGE_NOTHING),
		.page = { .limit = CHANGES_MAX } };
	struct sl_change_list changes;
	enum sl_code code = sl_store_changes(l->control->doors.store, &query, l->arena, &changes,
		err);

	for (size_t i = 0; code == SL_OK && i < changes.len; i++) {
		bool held = false;

		code = holds(l, &changes.at[i], &held, err);
		if (code == SL_OK && held)
			code = add_change(l, changes.at[i].id, rows, err);
	}
	return code;
}

static enum sl_code make(struct looking *l, const char *text, json_t **out, struct sl_error *err)
{
	sl_auto_json json_t *rows = json_array();
	bool worked_off = false;
	enum sl_code code = find_commit(l, text, err);

	assert(code != SL_OK || l->project);
	if (code == SL_OK)
		code = is_worked_off(l, &worked_off, err);
	if (code == SL_OK)
		code = add_changes(l, rows, err);
	if (code == SL_OK)
		*out = json_pack("{s:{s:s, s:s, s:b, s:O}}", "commit", "id", l->commit, "project",
			l->project->name, "worked_off", worked_off, "changes", rows);
	return code;
}

static enum sl_code check_environment(const struct looking *l, const char *name,
	struct sl_error *err)
{
	const struct sl_workspace *workspace = l->world->workspace;

	for (size_t i = 0; i < workspace->environments_len; i++) {
		if (sl_str_eq(workspace->environments[i].name, name))
			return SL_OK;
	}
	return sl_control_no_environment(l->world, name, err);
}

enum sl_code sl_view_commit(struct sl_control *control, const char *commit, const char *environment,
	json_t **out, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct looking l = { .control = control, .world = world, .arena = arena };
	char id[SL_GIT_ID_SIZE];
	enum sl_code code;

	if (!read_prefix(commit, id))
		return sl_error_set(err, SL_EINVAL,
			"commit '%.50s': an id is %d to 40 hexadecimal digits", commit, PREFIX_MIN);
	if (environment) {
		code = check_environment(&l, environment, err);
		if (code != SL_OK)
			return code;
	}
	l.blobs = sl_map_new();
	l.folders = sl_map_new();
	code = make(&l, id, out, err);
	sl_map_free(l.blobs);
	sl_map_free(l.folders);
	sl_repo_close(l.repo);
	return code;
}
