#include "sluice/control/examine.h"

#include "folder.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/git/bare.h"
#include "sluice/git/mirror.h"
#include "sluice/git/worktree.h"
#include "sluice/sys/file.h"
#include "sluice/sys/oserror.h"

#include <errno.h>
#include <stdlib.h>

/* A repository that is open in one of three ways. */
struct place {
	struct sl_git_worktree *tree; /* owned, or NULL */
	struct sl_repo *owned; /* or NULL */
	struct sl_repo *repo;
	char *folder; /* of our own, removed at the end; or NULL */
};

static void place_done(struct place *place)
{
	sl_repo_close(place->owned);
	sl_git_worktree_close(place->tree);
	if (place->folder)
		(void)!sl_tree_remove(place->folder, NULL);
	free(place->folder);
}

static enum sl_code open_here(struct place *place, const char *path,
	const struct sl_git_limits *limits, struct sl_examined_project *out, struct sl_arena *arena,
	struct sl_error *err)
{
	enum sl_code code;

	if (sl_file_is_folder(sl_path_join(arena, path, "objects"))) {
		code = sl_git_bare_open(&place->owned, path, limits, err);
		place->repo = place->owned;
		out->bare = path;
		return code;
	}
	code = sl_git_worktree_open(&place->tree, path, err);
	if (code != SL_OK)
		return code;
	place->repo = sl_git_worktree_repo(place->tree);
	out->root = sl_arena_strdup(arena, sl_git_worktree_root(place->tree));
	return SL_OK;
}

static enum sl_code fetch_aside(struct place *place, const struct sl_project *project,
	const struct sl_git_limits *limits, const struct sl_cancel *cancel, struct sl_error *err)
{
	const struct sl_git_origin origin = { .url = project->repository };
	const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
	enum sl_code code;

	place->folder = sl_xasprintf("%s/sluice-look.XXXXXX", base && base[0] ? base : "/tmp");
	if (!mkdtemp(place->folder)) {
		code = sl_os_error(err, errno, "%s: make", place->folder);
		free(place->folder);
		place->folder = NULL;
		return code;
	}
	code = sl_git_mirror_open(&place->owned, place->folder, project->name, &origin, limits,
		err);
	place->repo = place->owned;
	return code == SL_OK ? sl_repo_fetch(place->repo, cancel, err) : code;
}

static enum sl_code read_entry(const struct folder_place *place,
	const struct sl_migrations_entry *entry, struct sl_examined_folder *out,
	struct sl_arena *arena, struct sl_error *err)
{
	const struct sl_workspace *workspace = place->world->workspace;
	struct target_list targets = { 0 };
	struct folder folder = { .entry = entry, .dialect = SL_DIALECT_COUNT };
	enum sl_code code = sl_entry_targets(&targets, arena, place->world, entry, err);

	if (code == SL_OK && targets.len > 0)
		folder.dialect = workspace->targets[targets.at[0]].dialect;
	if (code == SL_OK)
		code = sl_folder_read(&folder, arena, place->repo, place->world, place->commit,
			err);
	*out = (struct sl_examined_folder){ .entry = entry,
		.targets = targets.at,
		.targets_len = targets.len,
		.files = folder.files_len,
		.layout = folder.layout };
	return code;
}

static enum sl_code read_folders(struct folder_place place, struct sl_examined_project *out,
	struct sl_arena *arena, struct sl_error *err)
{
	const struct sl_project *project = place.project;
	struct sl_examined_folder *folders;
	char head[SL_GIT_ID_SIZE];
	enum sl_code code = sl_repo_resolve(place.repo, project->branch, head, err);

	if (code != SL_OK)
		return code;
	place.commit = head;
	out->has_branch = true;
	folders = sl_arena_calloc(arena, project->migrations_len + 1, sizeof(*folders));
	out->folders = folders;
	for (size_t i = 0; code == SL_OK && i < project->migrations_len; i++) {
		code = read_entry(&place, &project->migrations[i], &folders[i], arena, err);
		out->folders_len += code == SL_OK;
	}
	return code;
}

enum sl_code sl_control_examine_project(const struct sl_world *world,
	const struct sl_project *project, const struct sl_cancel *cancel,
	struct sl_examined_project *out, struct sl_arena *arena, struct sl_error *err)
{
	const struct sl_git_limits limits = { .blob_bytes = world->migration_bytes };
	const char *path = project->repository;
	struct place place = { 0 };
	enum sl_code code;

	*out = (struct sl_examined_project){ 0 };
	if (sl_str_starts(path, "file://"))
		path += sizeof("file://") - 1;
	if (project == world->own && !sl_file_exists(path))
		return SL_OK;
	if (path[0] == '/' && sl_file_is_folder(path))
		code = open_here(&place, path, &limits, out, arena, err);
	else
		code = fetch_aside(&place, project, &limits, cancel, err);
	out->reached = code == SL_OK;
	if (code == SL_OK && project != world->own)
		code = read_folders((struct folder_place){ place.repo, world, project, "" }, out,
			arena, err);
	place_done(&place);
	return code;
}
