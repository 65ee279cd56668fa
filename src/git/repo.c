/* The door: checks arguments once for every kind of repository, then hands on. */
#include "repo_int.h"

#include "sluice/core/str.h"

#include <string.h>
#include <strings.h>

void sl_git_limits_default(struct sl_git_limits *limits)
{
	if (limits->refs == 0)
		limits->refs = 20000;
	if (limits->files == 0)
		limits->files = 50000;
	if (limits->commits == 0)
		limits->commits = 10000;
	if (limits->blob_bytes == 0)
		limits->blob_bytes = INT64_C(64) << 20;
	if (limits->fetch_bytes == 0)
		limits->fetch_bytes = INT64_C(4) << 30;
}

bool sl_git_id_ok(const char *text)
{
	return strlen(text) == SL_GIT_ID_SIZE - 1 &&
		strspn(text, "0123456789abcdef") == SL_GIT_ID_SIZE - 1;
}

static bool part_ok(const char *part, size_t len)
{
	if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && memcmp(part, "..", 2) == 0))
		return false;
	return !(len == 4 && strncasecmp(part, ".git", 4) == 0);
}

bool sl_git_path_ok(const char *path)
{
	if (strlen(path) > SL_GIT_PATH_MAX)
		return false;
	for (const char *s = path; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	for (const char *part = path;;) {
		size_t len = strcspn(part, "/");

		if (!part_ok(part, len))
			return false;
		if (part[len] == '\0')
			return true;
		part += len + 1;
	}
}

/* gitcheckref: the rules of `git check-ref-format refs/heads/NAME`. */
bool sl_git_branch_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 250 || name[0] == '-' || name[0] == '/' || name[len - 1] == '/' ||
		name[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= ' ' || strchr("\177~^:?*[\\", name[i]) != NULL)
			return false;
	if (strstr(name, "..") || strstr(name, "@{") || strstr(name, "//") || strstr(name, "/.") ||
		strstr(name, ".lock/") || name[0] == '.')
		return false;
	return !sl_str_ends(name, ".lock");
}

static enum sl_code bad_id(const struct sl_repo *repo, const char *id, struct sl_error *err)
{
	return sl_error_set(err, SL_EINVAL, "repository %s: \"%.60s\" is not a commit id",
		repo->name, id);
}

static enum sl_code check_place(const struct sl_repo *repo, const char *commit, const char *path,
	struct sl_error *err)
{
	if (!sl_git_id_ok(commit))
		return bad_id(repo, commit, err);
	if (path[0] != '\0' && !sl_git_path_ok(path))
		return sl_error_set(err, SL_EINVAL,
			"repository %s: \"%.200s\" is not a path inside it", repo->name, path);
	return SL_OK;
}

void sl_repo_close(struct sl_repo *repo)
{
	if (repo != NULL && repo->ops->close != NULL)
		repo->ops->close(repo);
}

const char *sl_repo_name(const struct sl_repo *repo)
{
	return repo->name;
}

enum sl_code sl_repo_fetch(struct sl_repo *repo, const struct sl_cancel *cancel,
	struct sl_error *err)
{
	return repo->ops->fetch != NULL ? repo->ops->fetch(repo, cancel, err) : SL_OK;
}

enum sl_code sl_repo_branches(struct sl_repo *repo, struct sl_arena *arena, const char *glob,
	struct sl_git_refs *out, struct sl_error *err)
{
	return repo->ops->branches(repo, arena, glob, out, err);
}

enum sl_code sl_repo_resolve(struct sl_repo *repo, const char *branch, char out[SL_GIT_ID_SIZE],
	struct sl_error *err)
{
	if (!sl_git_id_ok(branch) && !sl_git_branch_ok(branch))
		return sl_error_set(err, SL_EINVAL,
			"repository %s: \"%.200s\" is not the name of a branch", repo->name,
			branch);
	return repo->ops->resolve(repo, branch, out, err);
}

enum sl_code sl_repo_merge_base(struct sl_repo *repo, const char *a, const char *b,
	char out[SL_GIT_ID_SIZE], struct sl_error *err)
{
	if (!sl_git_id_ok(a) || !sl_git_id_ok(b))
		return bad_id(repo, sl_git_id_ok(a) ? b : a, err);
	return repo->ops->merge_base(repo, a, b, out, err);
}

enum sl_code sl_repo_is_ancestor(struct sl_repo *repo, const char *ancestor, const char *descendant,
	bool *out, struct sl_error *err)
{
	if (!sl_git_id_ok(ancestor) || !sl_git_id_ok(descendant))
		return bad_id(repo, sl_git_id_ok(ancestor) ? descendant : ancestor, err);
	return repo->ops->is_ancestor(repo, ancestor, descendant, out, err);
}

enum sl_code sl_repo_commits(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_range *range, struct sl_git_commits *out, struct sl_error *err)
{
	struct sl_git_range bounded = *range;

	if (!sl_git_id_ok(range->until))
		return bad_id(repo, range->until, err);
	if (range->since != NULL && !sl_git_id_ok(range->since))
		return bad_id(repo, range->since, err);
	if (range->max == 0 || range->max > repo->limits.commits)
		bounded.max = repo->limits.commits;
	return repo->ops->commits(repo, arena, &bounded, out, err);
}

enum sl_code sl_repo_files(struct sl_repo *repo, struct sl_arena *arena, const char *commit,
	const char *folder, struct sl_git_files *out, struct sl_error *err)
{
	struct sl_git_place place = { commit, folder != NULL ? folder : "" };
	enum sl_code code = check_place(repo, commit, place.path, err);

	return code != SL_OK ? code : repo->ops->files(repo, arena, &place, out, err);
}

enum sl_code sl_repo_diff(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_span *span, struct sl_git_deltas *out, struct sl_error *err)
{
	struct sl_git_span whole = *span;
	enum sl_code code;

	if (whole.folder == NULL)
		whole.folder = "";
	code = check_place(repo, whole.to, whole.folder, err);
	if (code != SL_OK)
		return code;
	if (whole.from != NULL && !sl_git_id_ok(whole.from))
		return bad_id(repo, whole.from, err);
	return repo->ops->diff(repo, arena, &whole, out, err);
}

enum sl_code sl_repo_blob(struct sl_repo *repo, struct sl_arena *arena, const char *blob,
	int64_t max, struct sl_git_blob *out, struct sl_error *err)
{
	if (!sl_git_id_ok(blob))
		return bad_id(repo, blob, err);
	if (max == 0 || max > repo->limits.blob_bytes)
		max = repo->limits.blob_bytes;
	return repo->ops->blob(repo, arena, blob, max, out, err);
}

enum sl_code sl_repo_read(struct sl_repo *repo, struct sl_arena *arena, const char *commit,
	const char *path, struct sl_git_blob *out, struct sl_error *err)
{
	struct sl_git_place place = { commit, path };
	char blob[SL_GIT_ID_SIZE];
	enum sl_code code = check_place(repo, commit, path, err);

	if (code == SL_OK)
		code = repo->ops->lookup(repo, &place, blob, err);
	if (code != SL_OK)
		return code;
	code = sl_repo_blob(repo, arena, blob, 0, out, err);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s", path);
}

enum sl_code sl_repo_note_write(struct sl_repo *repo, const char *commit, const char *text,
	int64_t at, const struct sl_cancel *cancel, struct sl_error *err)
{
	struct sl_git_note_text note = { commit, text, at };

	if (!sl_git_id_ok(commit))
		return bad_id(repo, commit, err);
	return repo->ops->note_write(repo, &note, cancel, err);
}

enum sl_code sl_repo_note_read(struct sl_repo *repo, struct sl_arena *arena, const char *commit,
	const char **out, struct sl_error *err)
{
	if (!sl_git_id_ok(commit))
		return bad_id(repo, commit, err);
	return repo->ops->note_read(repo, arena, commit, out, err);
}

enum sl_code sl_repo_commit(struct sl_repo *repo, const struct sl_git_new_commit *commit,
	char out[SL_GIT_ID_SIZE], struct sl_error *err)
{
	if (repo->ops->commit == NULL)
		return sl_error_set(err, SL_EINVAL,
			"repository %s: commit: only a repository that Sluice owns takes commits",
			repo->name);
	if (!sl_git_branch_ok(commit->branch))
		return sl_error_set(err, SL_EINVAL,
			"repository %s: \"%.200s\" is not the name of a branch", repo->name,
			commit->branch);
	for (size_t i = 0; i < commit->n_files; i++)
		if (!sl_git_path_ok(commit->files[i].path))
			return sl_error_set(err, SL_EINVAL,
				"repository %s: \"%.200s\" is not a path inside it", repo->name,
				commit->files[i].path);
	return repo->ops->commit(repo, commit, out, err);
}
