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
	struct sl_git_deltas deltas;
	struct sl_map *by_path; /* path from the root: its delta */
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

		if (delta->kind == SL_GIT_DELETED || !sl_str_ends(delta->path, ".sql") ||
			!is_wanted(tree, delta->path, paths, n))
			continue;
		(void)sl_map_put(tree->by_path, delta->path, (void *)(uintptr_t)delta);
		(void)sl_map_put(tree->folders, folder_of(tree, delta->path), tree);
	}
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
	struct sl_review_known *known = sl_arena_calloc(tree->arena, set.len + 1, sizeof(*known));
	size_t len = 0;

	for (size_t i = 0; i < set.len; i++) {
		const struct sl_migration *m = &set.at[i];
		const struct sl_git_delta *delta = sl_map_get(tree->by_path, m->path);
		enum sl_code code = SL_OK;

		parts[i] = delta ? SL_REVIEW_NEW : SL_REVIEW_EARLIER;
		if (delta && delta->kind == SL_GIT_ADDED)
			continue;
		known[len] = (struct sl_review_known){ m->kind, m->key, m->sha256,
			tree->wish->base ? sl_arena_printf(tree->arena, "on %s", tree->wish->base) :
					   "on the branch that this one left" };
		if (delta)
			code = old_hash(tree, delta, &known[len].sha256, err);
		if (code != SL_OK)
			return code;
		len++;
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

static enum sl_code folder_add(struct batches *out, const struct tree *tree, const char *folder,
	struct sl_error *err)
{
	const struct batch_folder on_disk = {
		.path = folder[0] ? sl_path_join(tree->arena, tree->root, folder) : tree->root,
		.shown = folder,
	};
	size_t before = out->len;
	bool recognised;
	enum sl_code code = batch_of_folder(out, tree->arena, tree->wish, &on_disk, &recognised,
		err);

	if (code == SL_OK && !recognised)
		*sl_vec_add(&out->left_out) = on_disk.shown;
	if (code != SL_OK || out->len == before)
		return code;
	code = batch_divide(&out->at[before], tree, err);
	if (code == SL_OK)
		keep_own_problems(&out->at[before], tree);
	return code;
}

static enum sl_code tree_read(struct batches *out, struct tree *tree, const char *const *paths,
	size_t n, struct sl_error *err)
{
	char base[SL_GIT_ID_SIZE];
	enum sl_code code = sl_git_worktree_base(tree->git, tree->wish->base, base, err);

	if (code == SL_OK)
		code = sl_git_worktree_changed(tree->git, tree->arena, base, "", &tree->deltas,
			err);
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
	sl_auto(sl_map_free_p) struct sl_map *folders = sl_map_new();
	struct tree tree = { .arena = arena, .wish = wish, .by_path = by_path, .folders = folders };
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
