#include "review_config.h"

#include "sluice/control/world.h"
#include "sluice/core/str.h"
#include "sluice/git/worktree.h"
#include "sluice/sys/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "sluice.yaml"

void review_config_done(struct review_config *config)
{
	sl_config_unref(config->rules);
	sl_config_unref(config->targets);
}

/* The work tree in which the review takes place. */
struct place {
	struct sl_cli *cli;
	struct sl_git_worktree *git;
	struct sl_repo *repo;
	const char *root;
	char base[SL_GIT_ID_SIZE];
	char head[SL_GIT_ID_SIZE];
};

static const char *below_root(const struct place *place, const char *path)
{
	size_t len = strlen(place->root);

	return sl_str_starts(path, place->root) && path[len] == '/' ? path + len + 1 : NULL;
}

/* The path from the root as it is written, links not followed; NULL for one that leads elsewhere,
 * or has steps upwards. */
static const char *as_written(const struct place *place, const char *path)
{
	char here[PATH_MAX];

	while (sl_str_starts(path, "./"))
		path += 2;
	if (path[0] != '/') {
		if (!getcwd(here, sizeof(here)))
			return NULL;
		path = sl_path_join(sl_cli_arena(place->cli), here, path);
	}
	return strstr(path, "/../") ? NULL : below_root(place, path);
}

static const char *as_found(const struct place *place, const char *path)
{
	char real[PATH_MAX];

	return realpath(path, real) ?
		below_root(place, sl_arena_strdup(sl_cli_arena(place->cli), real)) :
		NULL;
}

/* NULL when the commit has no such regular file. */
static const struct sl_git_blob *at(const struct place *place, const char *commit, const char *path)
{
	struct sl_git_blob *blob = sl_arena_alloc(sl_cli_arena(place->cli), sizeof(*blob));

	if (!path ||
		sl_repo_read(place->repo, sl_cli_arena(place->cli), commit, path, blob, NULL) !=
			SL_OK)
		return NULL;
	return blob;
}

static bool is_equal(const struct sl_git_blob *a, const struct sl_git_blob *b)
{
	return a && b && a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static enum sl_code load(struct sl_config **out, const char *path, struct sl_error *err)
{
	return sl_config_load(out, sl_world_options(), path, NULL, err);
}

static enum sl_code load_both(struct review_config *out, const char *path, struct sl_error *err)
{
	enum sl_code code = path ? load(&out->rules, path, err) : SL_OK;

	out->targets = code == SL_OK && out->rules ? sl_config_ref(out->rules) : NULL;
	return code;
}

/* A file of the merge base that is wrong would stop its own mending. */
static enum sl_code load_old(struct review_config *out, const struct place *place, const char *path,
	const struct sl_git_blob *old)
{
	const struct sl_config_text text = { path, old->data, old->len };
	struct sl_error err = SL_ERROR_INIT;

	if (sl_config_parse(&out->rules, sl_world_options(), &text, NULL, &err) != SL_OK) {
		sl_cli_note(place->cli,
			"%s: this branch changes it, and as the merge base %.7s has it it is wrong "
			"(%s); the built-in rules count",
			path, place->base, err.msg);
		return SL_OK;
	}
	out->targets = sl_config_ref(out->rules);
	sl_cli_note(place->cli,
		"%s: this branch changes it; what counts is the file as the merge base %.7s has it",
		path, place->base);
	return SL_OK;
}

/* The first of the file's names that the commit has; NULL: none. */
static const struct sl_git_blob *first_at(const struct place *place, const char *commit,
	const char *const names[2], const char **name)
{
	const struct sl_git_blob *blob = NULL;

	for (size_t i = 0; !blob && i < 2; i++) {
		blob = at(place, commit, names[i]);
		*name = blob ? names[i] : NULL;
	}
	return blob;
}

/* What commits since the merge base did to the file; path NULL: no file is named or there. */
static enum sl_code load_against_base(struct review_config *out, const struct place *place,
	const char *path, struct sl_error *err)
{
	/* Links may be new, so the file counts by what it is called before what it is. */
	const char *const names[2] = { as_written(place, path ? path : NAME),
		path ? as_found(place, path) : NAME };
	const char *name;
	const struct sl_git_blob *old = first_at(place, place->base, names, &name);

	if (old)
		return path && is_equal(old, at(place, place->head, name)) ?
			load_both(out, path, err) :
			load_old(out, place, name, old);
	if (!path || !first_at(place, place->head, names, &name))
		return load_both(out, path, err);
	sl_cli_note(place->cli,
		"%s: this branch adds it; until it is merged the built-in rules count", name);
	return load(&out->targets, path, err);
}

/* Against what is reviewed; false: against nothing. */
static enum sl_code find_base(struct place *place, bool *out, struct sl_error *err)
{
	const struct sl_cli *cli = place->cli;
	enum sl_code code = SL_OK;

	*out = !sl_cli_has(cli, "all") && (sl_cli_arg_count(cli) == 0 || sl_cli_value(cli, "base"));
	if (*out)
		code = sl_git_worktree_base(place->git, sl_cli_value(cli, "base"), place->base,
			err);
	if (*out && code == SL_OK)
		code = sl_git_worktree_base(place->git, "HEAD", place->head, err);
	return code;
}

enum sl_code review_config_read(struct review_config *out, struct sl_cli *cli, struct sl_error *err)
{
	sl_auto(sl_git_worktree_close_p) struct sl_git_worktree *git = NULL;
	struct place place = { .cli = cli };
	const char *path = sl_cli_config_path(cli);
	bool against_base = false;
	enum sl_code code;

	/* Files by themselves need no repository, and its library takes time to start. */
	if (sl_cli_arg_count(cli) > 0 && !sl_cli_value(cli, "base"))
		return load_both(out, path, err);
	code = sl_git_worktree_open(&git, ".", err);
	if (code != SL_OK)
		return code == SL_ENOTFOUND ? load_both(out, path, err) : code;
	place.git = git;
	place.repo = sl_git_worktree_repo(git);
	place.root = sl_git_worktree_root(git);
	code = find_base(&place, &against_base, err);
	if (code != SL_OK)
		return code;
	if (!path && sl_file_exists(sl_path_join(sl_cli_arena(cli), place.root, NAME)))
		path = sl_path_join(sl_cli_arena(cli), place.root, NAME);
	return against_base ? load_against_base(out, &place, path, err) : load_both(out, path, err);
}
