#include "attach.h"

#include "sluice/core/str.h"
#include "sluice/git/mirror.h"
#include "sluice/git/worktree.h"
#include "sluice/sys/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool is_url(const char *text)
{
	const char *colon = strchr(text, ':');

	return strstr(text, "://") || (colon && !sl_file_exists(text) && !strchr(text, ' '));
}

/* A folder of this machine: a work tree from its root, or a bare repository. */
static enum sl_code place_folder(struct attach *a, const char *given, struct sl_error *err)
{
	sl_auto(sl_git_worktree_close_p) struct sl_git_worktree *tree = NULL;
	char real[PATH_MAX];
	enum sl_code code;

	if (!realpath(given, real))
		return sl_error_set(err, SL_EINVAL, "--repo: %s: there is no such folder", given);
	code = sl_git_worktree_open(&tree, real, err);
	if (code == SL_OK) {
		a->root = sl_arena_strdup(a->arena, sl_git_worktree_root(tree));
		a->origin = a->root;
		return SL_OK;
	}
	if (code != SL_ENOTFOUND)
		return code;
	if (!sl_file_exists(sl_path_join(a->arena, real, "HEAD")))
		return sl_error_set(err, SL_EINVAL, "--repo: %s is no Git repository", given);
	a->bare = true;
	a->origin = sl_arena_strdup(a->arena, real);
	return SL_OK;
}

/* "shop" of https://git.example.com/acme/shop.git, in the letters that a name may have. */
static const char *name_of(struct attach *a)
{
	size_t len = strlen(a->origin);
	const char *start;
	char *out;

	while (len > 1 && a->origin[len - 1] == '/')
		len--;
	if (len > 4 && memcmp(a->origin + len - 4, ".git", 4) == 0)
		len -= 4;
	for (start = a->origin + len; start > a->origin && !strchr("/:", start[-1]);)
		start--;
	out = sl_arena_strndup(a->arena, start, (size_t)(a->origin + len - start));
	for (char *s = out; *s != '\0'; s++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", *s))
			*s = '-';
	if (strlen(out) > 40)
		out[40] = '\0';
	return out[0] != '\0' && !strchr("-_", out[0]) ? out : "project";
}

static enum sl_code find_branch(struct attach *a, struct sl_error *err)
{
	static const char *const usual[] = { "main", "master", "trunk" };
	const char *wanted = sl_cli_value(a->cli, "branch");
	struct sl_git_refs refs;
	enum sl_code code;

	if (wanted) {
		a->branch = wanted;
		code = sl_repo_resolve(a->repo, wanted, a->head, err);
		return code == SL_ENOTFOUND ?
			sl_error_set(err, SL_EINVAL, "--branch: the repository has no branch %s",
				wanted) :
			code;
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		a->branch = usual[i];
		code = sl_repo_resolve(a->repo, a->branch, a->head, err);
		if (code != SL_ENOTFOUND)
			return code;
	}
	code = sl_repo_branches(a->repo, a->arena, NULL, &refs, err);
	if (code == SL_OK && refs.len != 1)
		return sl_error_set(err, SL_EINVAL,
			refs.len == 0 ? "the repository has no commit yet: make the first one" :
					"which branch are changes merged to? say it with --branch");
	if (code != SL_OK)
		return code;
	a->branch = refs.at[0].name;
	return sl_repo_resolve(a->repo, a->branch, a->head, err);
}

enum sl_code attach_origin(struct attach *a, struct sl_error *err)
{
	const char *given = a->given;
	enum sl_code code = SL_OK;

	if (is_url(given))
		a->origin = given;
	else
		code = place_folder(a, given, err);
	if (code != SL_OK)
		return code;
	a->project = sl_cli_value(a->cli, "name");
	if (!a->project)
		a->project = name_of(a);
	return SL_OK;
}

enum sl_code attach_repository(struct attach *a, struct sl_error *err)
{
	const struct sl_git_origin origin = { .url = a->origin };
	enum sl_code code = sl_git_mirrors_sweep(a->data, NULL, err);

	if (code == SL_OK)
		code = sl_git_mirror_open(&a->repo, a->data, a->project, &origin, NULL, err);
	if (code == SL_OK)
		code = sl_repo_fetch(a->repo, sl_cli_cancel(a->cli), err);
	return code == SL_OK ? find_branch(a, err) : code;
}
