/* Branches and commits of a repository on disk. */
#include "real.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sl_git_real_init(struct sl_git_real *real, const struct sl_repo_ops *ops, git_repository *git,
	const char *name, const struct sl_git_limits *limits)
{
	real->git = git;
	real->name = sl_xstrdup(name);
	real->base = (struct sl_repo){ .ops = ops, .name = real->name };
	if (limits != NULL)
		real->base.limits = *limits;
	sl_git_limits_default(&real->base.limits);
}

void sl_git_real_done(struct sl_git_real *real)
{
	git_repository_free(real->git);
	free(real->name);
}

enum sl_code sl_git_real_open(git_repository **out, const char *path, struct sl_error *err)
{
	int rc;

	sl_git_lib_init();
	rc = git_repository_open_ext(out, path,
		GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, NULL);
	return rc < 0 ? sl_git_fail(rc, path, "open", err) : SL_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct sl_git_ref *left = a, *right = b;

	return strcmp(left->name, right->name);
}

enum sl_code sl_git_real_branches(struct sl_repo *repo, struct sl_arena *arena, const char *glob,
	struct sl_git_refs *out, struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	sl_auto_git(git_branch_iterator_free) git_branch_iterator *iterator = NULL;

	struct {
		SL_VEC(struct sl_git_ref);
	} found = { 0 };

	git_branch_t type;
	int rc = git_branch_iterator_new(&iterator, real->git, GIT_BRANCH_LOCAL);

	while (rc == 0) {
		sl_auto_git(git_reference_free) git_reference *ref = NULL;
		const char *name;

		rc = git_branch_next(&ref, &type, iterator);
		if (rc != 0 || git_reference_type(ref) != GIT_REFERENCE_DIRECT)
			continue;
		name = git_reference_shorthand(ref);
		if (glob != NULL && !sl_glob_match(glob, name))
			continue;
		if (found.len == repo->limits.refs)
			return sl_error_set(err, SL_ELIMIT, "repository %s: more than %zu branches",
				repo->name, repo->limits.refs);
		*sl_vec_add_in(arena, &found) = (struct sl_git_ref){
			sl_arena_strdup(arena, name),
			sl_git_oid_in(arena, git_reference_target(ref)),
		};
	}
	if (rc != GIT_ITEROVER)
		return sl_git_fail(rc, repo->name, "list branches", err);
	if (found.len > 1)
		qsort(found.at, found.len, sizeof(*found.at), by_name);
	*out = (struct sl_git_refs){ found.at, found.len };
	return SL_OK;
}

static enum sl_code commit_there(struct sl_git_real *real, const char *id, struct sl_error *err)
{
	sl_auto_git(git_commit_free) git_commit *commit = NULL;
	git_oid oid = sl_git_oid(id);
	int rc = git_commit_lookup(&commit, real->git, &oid);

	if (rc == GIT_ENOTFOUND)
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no commit %s", real->name,
			id);
	return rc < 0 ? sl_git_fail(rc, real->name, "read a commit", err) : SL_OK;
}

enum sl_code sl_git_real_resolve(struct sl_repo *repo, const char *branch, char *out,
	struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	char name[300];
	git_oid oid;
	int rc;

	if (sl_git_id_ok(branch)) {
		enum sl_code code = commit_there(real, branch, err);

		if (code == SL_OK)
			memcpy(out, branch, SL_GIT_ID_SIZE);
		return code;
	}
	(void)snprintf(name, sizeof(name), "refs/heads/%s", branch);
	rc = git_reference_name_to_id(&oid, real->git, name);
	if (rc == GIT_ENOTFOUND)
		return sl_error_set(err, SL_ENOTFOUND, "repository %s: no branch %s", repo->name,
			branch);
	if (rc < 0)
		return sl_git_fail(rc, repo->name, "resolve a branch", err);
	sl_git_oid_text(&oid, out);
	return SL_OK;
}

enum sl_code sl_git_real_merge_base(struct sl_repo *repo, const char *a, const char *b, char *out,
	struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	git_oid left = sl_git_oid(a), right = sl_git_oid(b), base;
	int rc = git_merge_base(&base, real->git, &left, &right);

	if (rc == GIT_ENOTFOUND)
		return sl_error_set(err, SL_ENOTFOUND,
			"repository %s: %.12s and %.12s have no common ancestor", repo->name, a, b);
	if (rc < 0)
		return sl_git_fail(rc, repo->name, "merge base", err);
	sl_git_oid_text(&base, out);
	return SL_OK;
}

enum sl_code sl_git_real_is_ancestor(struct sl_repo *repo, const char *ancestor,
	const char *descendant, bool *out, struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	git_oid old = sl_git_oid(ancestor), young = sl_git_oid(descendant);
	enum sl_code code = commit_there(real, ancestor, err);
	int rc;

	if (code == SL_OK)
		code = commit_there(real, descendant, err);
	if (code != SL_OK)
		return code;
	rc = git_oid_equal(&old, &young) ? 1 : git_graph_descendant_of(real->git, &young, &old);
	if (rc < 0)
		return sl_git_fail(rc, repo->name, "compare commits", err);
	*out = rc == 1;
	return SL_OK;
}

static const char *text_in(struct sl_arena *arena, const char *text)
{
	return sl_arena_strdup(arena, text != NULL ? text : "");
}

static enum sl_code read_commit(struct sl_git_real *real, struct sl_arena *arena,
	const git_oid *oid, struct sl_git_commit *out, struct sl_error *err)
{
	sl_auto_git(git_commit_free) git_commit *commit = NULL;
	int rc = git_commit_lookup(&commit, real->git, oid);

	if (rc < 0)
		return sl_git_fail(rc, real->name, "read a commit", err);
	*out = (struct sl_git_commit){
		.id = sl_git_oid_in(arena, oid),
		.author_name = text_in(arena, git_commit_author(commit)->name),
		.author_email = text_in(arena, git_commit_author(commit)->email),
		.committer_email = text_in(arena, git_commit_committer(commit)->email),
		.subject = text_in(arena, git_commit_summary(commit)),
		.at = git_commit_time(commit) * INT64_C(1000000),
	};
	return SL_OK;
}

/* Whether the path leads to the same in both trees; NULL is an empty one. */
static bool same_at(const git_tree *a, const git_tree *b, const char *path)
{
	sl_auto_git(git_tree_entry_free) git_tree_entry *left = NULL;
	sl_auto_git(git_tree_entry_free) git_tree_entry *right = NULL;

	if (a != NULL && git_tree_entry_bypath(&left, a, path) != 0)
		left = NULL;
	if (b != NULL && git_tree_entry_bypath(&right, b, path) != 0)
		right = NULL;
	if (left == NULL || right == NULL)
		return left == right;
	return git_oid_equal(git_tree_entry_id(left), git_tree_entry_id(right)) != 0;
}

static bool same_all(const git_tree *a, const git_tree *b, const struct sl_git_range *range)
{
	for (size_t i = 0; i < range->touching_len; i++)
		if (!same_at(a, b, range->touching[i]))
			return false;
	return true;
}

static enum sl_code touches(struct sl_git_real *real, const git_oid *oid,
	const struct sl_git_range *range, bool *out, struct sl_error *err)
{
	sl_auto_git(git_commit_free) git_commit *commit = NULL;
	sl_auto_git(git_tree_free) git_tree *tree = NULL;
	int rc = git_commit_lookup(&commit, real->git, oid);

	if (rc == 0)
		rc = git_commit_tree(&tree, commit);
	if (rc < 0)
		return sl_git_fail(rc, real->name, "read a commit", err);
	*out = git_commit_parentcount(commit) > 0 || !same_all(tree, NULL, range);
	for (unsigned i = 0; *out && i < git_commit_parentcount(commit); i++) {
		sl_auto_git(git_commit_free) git_commit *parent = NULL;
		sl_auto_git(git_tree_free) git_tree *before = NULL;

		rc = git_commit_parent(&parent, commit, i);
		if (rc == 0)
			rc = git_commit_tree(&before, parent);
		if (rc < 0)
			return sl_git_fail(rc, real->name, "read a parent", err);
		*out = !same_all(tree, before, range);
	}
	return SL_OK;
}

enum sl_code sl_git_real_commits(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_range *range, struct sl_git_commits *out, struct sl_error *err)
{
	struct sl_git_real *real = sl_git_real(repo);
	sl_auto_git(git_revwalk_free) git_revwalk *walk = NULL;

	struct {
		SL_VEC(struct sl_git_commit);
	} found = { 0 };

	git_oid oid = sl_git_oid(range->until);
	size_t walked = 0;
	int rc = git_revwalk_new(&walk, real->git);

	/* Any sorting would walk the whole history first; unsorted is newest first. */
	if (rc == 0)
		rc = git_revwalk_push(walk, &oid);
	if (rc == 0 && range->since != NULL) {
		oid = sl_git_oid(range->since);
		rc = git_revwalk_hide(walk, &oid);
	}
	while (rc == 0 && found.len < range->max && walked++ < repo->limits.commits) {
		struct sl_git_commit commit = { 0 };
		bool wanted = true;
		enum sl_code code = SL_OK;

		rc = git_revwalk_next(&oid, walk);
		if (rc != 0)
			continue;
		if (range->touching != NULL)
			code = touches(real, &oid, range, &wanted, err);
		if (code == SL_OK && wanted)
			code = read_commit(real, arena, &oid, &commit, err);
		if (code != SL_OK)
			return code;
		if (wanted)
			*sl_vec_add_in(arena, &found) = commit;
	}
	real->missed = real->missed || (rc < 0 && rc != GIT_ITEROVER);
	if (rc < 0 && rc != GIT_ITEROVER)
		return sl_git_fail(rc, repo->name, "list commits", err);
	*out = (struct sl_git_commits){ found.at, found.len };
	return SL_OK;
}
