/* What stands behind a struct sl_repo: one table of operations per kind.  repo.c has checked the
 * arguments (ids, paths, branch names, limits filled in) before an operation sees them. */
#ifndef SLUICE_GIT_REPO_INT_H
#define SLUICE_GIT_REPO_INT_H

#include "sluice/git.h"

#define SL_GIT_PATH_MAX  1024
#define SL_GIT_DEPTH_MAX 64

struct sl_repo {
	const struct sl_repo_ops *ops;
	const char *name; /* for messages; owned by whoever embeds */
	struct sl_git_limits limits;
};

/* A path at a commit. */
struct sl_git_place {
	const char *commit;
	const char *path; /* "" is the root */
};

struct sl_git_note_text {
	const char *commit, *text;
	int64_t at;
};

/* NULL where a kind has nothing to do. */
struct sl_repo_ops {
	void (*close)(struct sl_repo *repo);
	enum sl_code (
		*fetch)(struct sl_repo *repo, const struct sl_cancel *cancel, struct sl_error *err);
	enum sl_code (*branches)(struct sl_repo *repo, struct sl_arena *arena, const char *glob,
		struct sl_git_refs *out, struct sl_error *err);
	enum sl_code (*resolve)(struct sl_repo *repo, const char *branch, char *out,
		struct sl_error *err);
	enum sl_code (*merge_base)(struct sl_repo *repo, const char *a, const char *b, char *out,
		struct sl_error *err);
	enum sl_code (*is_ancestor)(struct sl_repo *repo, const char *ancestor,
		const char *descendant, bool *out, struct sl_error *err);
	enum sl_code (*commits)(struct sl_repo *repo, struct sl_arena *arena,
		const struct sl_git_range *range, struct sl_git_commits *out, struct sl_error *err);
	enum sl_code (*files)(struct sl_repo *repo, struct sl_arena *arena,
		const struct sl_git_place *folder, struct sl_git_files *out, struct sl_error *err);
	enum sl_code (*diff)(struct sl_repo *repo, struct sl_arena *arena,
		const struct sl_git_span *span, struct sl_git_deltas *out, struct sl_error *err);
	enum sl_code (*blob)(struct sl_repo *repo, struct sl_arena *arena, const char *blob,
		int64_t max, struct sl_git_blob *out, struct sl_error *err);
	enum sl_code (*lookup)(struct sl_repo *repo, const struct sl_git_place *file, char *blob,
		struct sl_error *err);
	enum sl_code (*note_write)(struct sl_repo *repo, const struct sl_git_note_text *note,
		const struct sl_cancel *cancel, struct sl_error *err);
	enum sl_code (*note_read)(struct sl_repo *repo, struct sl_arena *arena, const char *commit,
		const char **out, struct sl_error *err);
	enum sl_code (*commit)(struct sl_repo *repo, const struct sl_git_new_commit *commit,
		char *out, struct sl_error *err);
};

/* Fills in what is zero. */
void sl_git_limits_default(struct sl_git_limits *limits);

/* Relative, no empty, "." or ".." part, no ".git" part, no NUL or control byte, not too long. */
bool sl_git_path_ok(const char *path);

/* What Git itself allows as the name of a branch. */
bool sl_git_branch_ok(const char *name);

#endif
