/* Which migrations of a Git work tree are new. */
#include "review_batch.h"

#include "sluice/core/hash.h"
#include "sluice/core/map.h"
#include "sluice/core/str.h"
#include "sluice/git/worktree.h"
#include "sluice/sys/file.h"
#include "sluice/sys/oserror.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tree {
	struct sl_git_worktree *git;
	struct sl_arena *arena;
	const struct batch_wish *wish;
	const char *root;
	char base[SL_GIT_ID_SIZE];
	struct sl_git_deltas deltas;
	struct sl_map *by_path; /* path from the root: its delta, of what is there */
	struct sl_map *gone; /* the same of what is not */
	struct sl_map *folders; /* with a changed file, from the root */
};

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return len == 0 || (sl_str_starts(path, folder) && (path[len] == '/' || path[len] == '\0'));
}

/* The path from the root of something named in the working folder. */
static const char *from_root(const struct tree *tree, const char *path)
{
	char real[PATH_MAX];

	if (!realpath(path, real) || !is_below(real, tree->root))
		return NULL;
	return real[strlen(tree->root)] == '\0' ?
		"" :
		sl_arena_strdup(tree->arena, real + strlen(tree->root) + 1);
}

static bool is_wanted(const struct tree *tree, const char *path, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *folder = from_root(tree, paths[i]);

		if (folder && is_below(path, folder))
			return true;
	}
	return n == 0;
}

static const char *folder_of(const struct tree *tree, const char *path)
{
	const char *folder = batch_folder_of(tree->arena, path);

	return sl_str_eq(folder, ".") ? "" : folder;
}

static void note_deltas(struct tree *tree, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < tree->deltas.len; i++) {
		const struct sl_git_delta *delta = &tree->deltas.at[i];

		if (!sl_str_ends(delta->path, ".sql") || !is_wanted(tree, delta->path, paths, n))
			continue;
		(void)sl_map_put(delta->kind == SL_GIT_DELETED ? tree->gone : tree->by_path,
			delta->path, (void *)(uintptr_t)delta);
		(void)sl_map_put(tree->folders, folder_of(tree, delta->path), tree);
	}
}

/* --- what is gone --------------------------------------------------------------------------- */

/* The folder as the merge base has it, its files named from there. */
static enum sl_code read_old(struct tree *tree, const char *folder, const struct batch *batch,
	struct sl_layout *out, struct sl_error *err)
{
	struct sl_repo *repo = sl_git_worktree_repo(tree->git);
	const size_t skip = folder[0] ? strlen(folder) + 1 : 0;
	struct sl_layout_file *files;
	struct sl_git_files listed = { 0 };
	enum sl_code code = sl_repo_files(repo, tree->arena, tree->base, folder, &listed, err);

	if (code != SL_OK)
		return code;
	files = sl_arena_calloc(tree->arena, listed.len + 1, sizeof(*files));
	for (size_t i = 0; code == SL_OK && i < listed.len; i++) {
		struct sl_git_blob blob = { 0 };

		code = sl_repo_blob(repo, tree->arena, listed.at[i].blob, SL_LAYOUT_FILE_LIMIT,
			&blob, err);
		if (code == SL_OK)
			files[i] = (struct sl_layout_file){ listed.at[i].path + skip, blob.data,
				blob.len };
	}
	if (code != SL_OK)
		return sl_error_wrap(err, code, "%s at the merge base", folder[0] ? folder : ".");
	sl_layout_read(out, tree->arena,
		batch->layout.kind == SL_LAYOUT_AUTO ? tree->wish->layout : batch->layout.kind,
		batch->dialect, files, listed.len);
	return SL_OK;
}

static bool has_any(const struct tree *tree, const struct sl_map *paths, const char *folder)
{
	for (size_t i = 0; i < sl_map_len(paths); i++) {
		if (sl_str_eq(folder_of(tree, sl_map_key_at(paths, i)), folder))
			return true;
	}
	return false;
}

/* Migrations of the merge base whose files the work tree has no more. */
static enum sl_code find_gone(struct batch *batch, struct tree *tree, const char *folder,
	struct sl_error *err)
{
	struct sl_review_gone *gone;
	struct sl_layout old = { 0 };
	size_t len = 0;
	enum sl_code code;

	if (!has_any(tree, tree->gone, folder))
		return SL_OK;
	code = read_old(tree, folder, batch, &old, err);
	if (code != SL_OK)
		return code;
	gone = sl_arena_calloc(tree->arena, old.set.len + 1, sizeof(*gone));
	for (size_t i = 0; i < old.set.len; i++) {
		const struct sl_migration *m = &old.set.at[i];
		const char *path = folder[0] ? sl_path_join(tree->arena, folder, m->path) : m->path;

		if (sl_map_get(tree->gone, path))
			gone[len++] = (struct sl_review_gone){ m->kind, m->key, m->sha256, path,
				NULL };
	}
	batch->input.gone = gone;
	batch->input.gone_count = len;
	return SL_OK;
}

/* What the file was at the merge base. */
static enum sl_code old_hash(const struct tree *tree, const struct sl_git_delta *delta,
	const char **out, struct sl_error *err)
{
	struct sl_git_blob blob;
	char hex[SL_SHA256_HEX];
	enum sl_code code = sl_repo_blob(sl_git_worktree_repo(tree->git), tree->arena,
		delta->old_blob, 0, &blob, err);

	if (code != SL_OK)
		return code;
	sl_sha256_hex(blob.data, blob.len, hex);
	*out = sl_arena_strdup(tree->arena, hex);
	return SL_OK;
}

/* New are the changed ones; all that is not new stands on the base, and so does the old content of
 * what was changed. */
static enum sl_code batch_divide(struct batch *batch, const struct tree *tree, struct sl_error *err)
{
	const struct sl_migration_set set = batch->input.set;
	enum sl_review_part *parts = sl_arena_calloc(tree->arena, set.len + 1, sizeof(*parts));
	struct sl_review_known *known = sl_arena_calloc(tree->arena,
		set.len + batch->input.gone_count + 1, sizeof(*known));
	const char *where = tree->wish->base ?
		sl_arena_printf(tree->arena, "on %s", tree->wish->base) :
		"on the branch that this one left";
	size_t len = 0;

	for (size_t i = 0; i < set.len; i++) {
		const struct sl_migration *m = &set.at[i];
		const struct sl_git_delta *delta = sl_map_get(tree->by_path, m->path);
		enum sl_code code = SL_OK;

		parts[i] = delta ? SL_REVIEW_NEW : SL_REVIEW_EARLIER;
		if (delta && delta->kind == SL_GIT_ADDED)
			continue;
		known[len] = (struct sl_review_known){ m->kind, m->key, m->sha256, where };
		if (delta)
			code = old_hash(tree, delta, &known[len].sha256, err);
		if (code != SL_OK)
			return code;
		len++;
	}
	for (size_t i = 0; i < batch->input.gone_count; i++) {
		const struct sl_review_gone *gone = &batch->input.gone[i];

		known[len++] = (struct sl_review_known){ gone->kind, gone->key, gone->sha256,
			where };
	}
	batch->input.separate = false;
	batch->input.parts = parts;
	batch->input.known = known;
	batch->input.known_count = len;
	return SL_OK;
}

/* Problems of files that this change did not touch are not its own. */
static void keep_own_problems(struct batch *batch, const struct tree *tree)
{
	struct sl_layout_problem *kept = sl_arena_calloc(tree->arena,
		batch->input.problem_count + 1, sizeof(*kept));
	size_t len = 0;

	for (size_t i = 0; i < batch->input.problem_count; i++) {
		const struct sl_layout_problem *problem = &batch->input.problems[i];

		if (sl_map_get(tree->by_path, problem->path))
			kept[len++] = *problem;
	}
	batch->input.problems = kept;
	batch->input.problem_count = len;
}

/* No migration of the folder is there any more. */
static enum sl_code empty_add(struct batches *out, struct tree *tree, const char *folder,
	struct sl_error *err)
{
	struct batch batch = { .dialect = tree->wish->dialect };
	enum sl_code code = find_gone(&batch, tree, folder, err);

	if (code == SL_OK && batch.input.gone_count > 0)
		*sl_vec_add(out) = batch;
	return code;
}

static enum sl_code folder_add(struct batches *out, struct tree *tree, const char *folder,
	struct sl_error *err)
{
	const struct batch_folder on_disk = {
		.path = folder[0] ? sl_path_join(tree->arena, tree->root, folder) : tree->root,
		.shown = folder,
	};
	size_t before = out->len;
	bool recognised;
	enum sl_code code;

	if (!sl_file_is_folder(on_disk.path))
		return empty_add(out, tree, folder, err);
	code = batch_of_folder(out, tree->arena, tree->wish, &on_disk, &recognised, err);
	if (code == SL_OK && !recognised && has_any(tree, tree->by_path, folder))
		*sl_vec_add(&out->left_out) = on_disk.shown;
	if (code == SL_OK && !recognised)
		return empty_add(out, tree, folder, err);
	if (code != SL_OK || out->len == before)
		return code;
	code = find_gone(&out->at[before], tree, folder, err);
	if (code == SL_OK)
		code = batch_divide(&out->at[before], tree, err);
	if (code == SL_OK)
		keep_own_problems(&out->at[before], tree);
	return code;
}

static enum sl_code tree_read(struct batches *out, struct tree *tree, const char *const *paths,
	size_t n, struct sl_error *err)
{
	enum sl_code code = sl_git_worktree_base(tree->git, tree->wish->base, tree->base, err);

	if (code == SL_OK)
		code = sl_git_worktree_changed(tree->git, tree->arena, tree->base, "",
			&tree->deltas, err);
	if (code != SL_OK)
		return code;
	note_deltas(tree, paths, n);
	for (size_t i = 0; code == SL_OK && i < sl_map_len(tree->folders); i++)
		code = folder_add(out, tree,
			sl_arena_strdup(tree->arena, sl_map_key_at(tree->folders, i)), err);
	return code;
}

enum sl_code batches_of_worktree(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const char *const *paths, size_t n, struct sl_error *err)
{
	sl_auto(sl_git_worktree_close_p) struct sl_git_worktree *git = NULL;
	sl_auto(sl_map_free_p) struct sl_map *by_path = sl_map_new();
	sl_auto(sl_map_free_p) struct sl_map *gone = sl_map_new();
	sl_auto(sl_map_free_p) struct sl_map *folders = sl_map_new();
	struct tree tree = { .arena = arena,
		.wish = wish,
		.by_path = by_path,
		.gone = gone,
		.folders = folders };
	enum sl_code code = sl_git_worktree_open(&git, ".", err);

	if (code == SL_ENOTFOUND)
		return sl_error_set(err, SL_EINVAL,
			"no PATH was given, and this is no Git work tree; name files or a folder");
	if (code != SL_OK)
		return code;
	tree.git = git;
	tree.root = sl_git_worktree_root(git);
	return tree_read(out, &tree, paths, n, err);
}

enum sl_code batches_enter_root(struct sl_error *err)
{
	sl_auto(sl_git_worktree_close_p) struct sl_git_worktree *git = NULL;
	enum sl_code code = sl_git_worktree_open(&git, ".", err);

	if (code == SL_ENOTFOUND)
		return SL_OK;
	if (code == SL_OK && chdir(sl_git_worktree_root(git)) != 0)
		return sl_os_error(err, errno, "%s: enter", sl_git_worktree_root(git));
	return code;
}
