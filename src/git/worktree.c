/* The work tree around a path, for `sluice review`. */
#include "sluice/git/worktree.h"

#include "real.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/file.h"

#include <stdlib.h>
#include <string.h>

struct sl_git_worktree {
	struct sl_git_real real;
	char *root; /* owned */
};

static enum sl_code no_note(struct sl_repo *repo, const struct sl_git_note_text *note,
	const struct sl_cancel *cancel, struct sl_error *err)
{
	(void)note;
	(void)cancel;
	return sl_error_set(err, SL_EINVAL, "repository %s: note: a work tree is only read",
		repo->name);
}

static const struct sl_repo_ops worktree_ops = {
	SL_GIT_REAL_OPS,
	.note_write = no_note,
};

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (sl_file_is_folder(path))
		return sl_xstrdup(path);
	if (slash == NULL)
		return sl_xstrdup(".");
	return sl_xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

enum sl_code sl_git_worktree_open(struct sl_git_worktree **out, const char *path,
	struct sl_error *err)
{
	sl_autofree char *folder = folder_of(path);
	git_repository *git = NULL;
	struct sl_git_worktree *tree;
	size_t len;
	int rc;

	sl_git_lib_init();
	rc = git_repository_open_ext(&git, folder, GIT_REPOSITORY_OPEN_CROSS_FS, NULL);
	if (rc == GIT_ENOTFOUND || (rc == 0 && git_repository_workdir(git) == NULL)) {
		git_repository_free(git);
		return sl_error_set(err, SL_ENOTFOUND, "%s: not inside a Git work tree", path);
	}
	if (rc < 0)
		return sl_git_fail(rc, path, "open", err);
	tree = sl_xcalloc(1, sizeof(*tree));
	tree->root = sl_xstrdup(git_repository_workdir(git));
	len = strlen(tree->root);
	if (len > 1 && tree->root[len - 1] == '/')
		tree->root[len - 1] = '\0';
	sl_git_real_init(&tree->real, &worktree_ops, git, tree->root, NULL);
	*out = tree;
	return SL_OK;
}

void sl_git_worktree_close(struct sl_git_worktree *tree)
{
	if (tree == NULL)
		return;
	sl_git_real_done(&tree->real);
	free(tree->root);
	free(tree);
}

const char *sl_git_worktree_root(const struct sl_git_worktree *tree)
{
	return tree->root;
}

struct sl_repo *sl_git_worktree_repo(struct sl_git_worktree *tree)
{
	return &tree->real.base;
}

static bool find_commit(git_oid *out, git_repository *git, const char *ref)
{
	sl_auto_git(git_object_free) git_object *object = NULL;
	sl_auto_git(git_object_free) git_object *commit = NULL;

	if (git_revparse_single(&object, git, ref) < 0 ||
		git_object_peel(&commit, object, GIT_OBJECT_COMMIT) < 0)
		return false;
	*out = *git_object_id(commit);
	return true;
}

static bool find_default(git_oid *out, git_repository *git)
{
	static const char *const refs[] = { "refs/remotes/origin/HEAD", "refs/remotes/origin/main",
		"refs/remotes/origin/master", "refs/heads/main", "refs/heads/master" };

	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
		if (find_commit(out, git, refs[i]))
			return true;
	return false;
}

/* As pipelines clone unless they are told otherwise. */
static enum sl_code shallow(const struct sl_git_worktree *tree, struct sl_error *err)
{
	return sl_error_set(err, SL_ENOTFOUND,
		"%s: the clone is shallow, and the commit to compare with is not in it; clone all of "
		"it (fetch-depth: 0, GIT_DEPTH: 0), or git fetch --unshallow origin "
		"'+refs/heads/*:refs/remotes/origin/*'",
		tree->root);
}

static enum sl_code find_ends(struct sl_git_worktree *tree, const char *ref, git_oid *head,
	git_oid *other, struct sl_error *err)
{
	git_repository *git = tree->real.git;

	if (!find_commit(head, git, "HEAD"))
		return sl_error_set(err, SL_ENOTFOUND,
			"%s: no commit yet, so nothing to compare with; name the files or use --all",
			tree->root);
	if (ref != NULL ? find_commit(other, git, ref) : find_default(other, git))
		return SL_OK;
	if (git_repository_is_shallow(git) == 1)
		return shallow(tree, err);
	if (ref != NULL)
		return sl_error_set(err, SL_ENOTFOUND, "%s: --base %s: no such commit", tree->root,
			ref);
	return sl_error_set(err, SL_ENOTFOUND,
		"%s: no origin/HEAD, main or master to compare with; name one with --base",
		tree->root);
}

enum sl_code sl_git_worktree_base(struct sl_git_worktree *tree, const char *ref,
	char out[SL_GIT_ID_SIZE], struct sl_error *err)
{
	git_repository *git = tree->real.git;
	git_oid head, other, base;
	enum sl_code code = find_ends(tree, ref, &head, &other, err);
	int rc;

	if (code != SL_OK)
		return code;
	rc = git_merge_base(&base, git, &head, &other);
	if (rc < 0 && git_repository_is_shallow(git) == 1)
		return shallow(tree, err);
	if (rc == GIT_ENOTFOUND)
		return sl_error_set(err, SL_ENOTFOUND,
			"%s: HEAD and %s have no common ancestor; name another with --base",
			tree->root, ref != NULL ? ref : "the main branch");
	if (rc < 0)
		return sl_git_fail(rc, tree->root, "merge base", err);
	sl_git_oid_text(&base, out);
	return SL_OK;
}

enum sl_code sl_git_worktree_changed(struct sl_git_worktree *tree, struct sl_arena *arena,
	const char *base, const char *folder, struct sl_git_deltas *out, struct sl_error *err)
{
	sl_auto_git(git_commit_free) git_commit *commit = NULL;
	sl_auto_git(git_tree_free) git_tree *root = NULL;
	sl_auto_git(git_diff_free) git_diff *diff = NULL;
	git_diff_options options;
	char *prefix = sl_arena_strdup(arena, folder != NULL ? folder : "");
	git_oid oid;
	int rc;

	if (!sl_git_id_ok(base) || (prefix[0] != '\0' && !sl_git_path_ok(prefix)))
		return sl_error_set(err, SL_EINVAL, "%s: \"%.200s\" is not a commit and a folder",
			tree->root, prefix);
	oid = sl_git_oid(base);
	rc = git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags = GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS |
		GIT_DIFF_SKIP_BINARY_CHECK | GIT_DIFF_DISABLE_PATHSPEC_MATCH;
	options.ignore_submodules = GIT_SUBMODULE_IGNORE_ALL;
	if (prefix[0] != '\0')
		options.pathspec = (git_strarray){ &prefix, 1 };
	if (rc == 0)
		rc = git_commit_lookup(&commit, tree->real.git, &oid);
	if (rc == 0)
		rc = git_commit_tree(&root, commit);
	if (rc == 0)
		rc = git_diff_tree_to_workdir_with_index(&diff, tree->real.git, root, &options);
	if (rc < 0)
		return sl_git_fail(rc, tree->root, "compare the work tree", err);
	return sl_git_real_deltas(&tree->real, arena, diff, "", out, err);
}
