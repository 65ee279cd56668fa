/* A repository on disk, read through libgit2: what mirrors, own bare repositories and work trees
 * have in common. */
#ifndef SLUICE_GIT_REAL_H
#define SLUICE_GIT_REAL_H

#include "lib.h"

struct sl_git_real {
	struct sl_repo base; /* first: ops receive it */
	git_repository *git; /* owned */
	char *name; /* owned */
	bool missed; /* reading did not find what should be there, or was kept from it */
};

static inline struct sl_git_real *sl_git_real(struct sl_repo *repo)
{
	return (struct sl_git_real *)(void *)repo;
}

/* Takes git over, with the limits' defaults filled in; name is copied. */
void sl_git_real_init(struct sl_git_real *real, const struct sl_repo_ops *ops, git_repository *git,
	const char *name, const struct sl_git_limits *limits);
void sl_git_real_done(struct sl_git_real *real);

/* Opens a bare repository at a path. */
enum sl_code sl_git_real_open(git_repository **out, const char *path, struct sl_error *err);

/* The operations that every repository on disk shares. */
enum sl_code sl_git_real_branches(struct sl_repo *repo, struct sl_arena *arena, const char *glob,
	struct sl_git_refs *out, struct sl_error *err);
enum sl_code sl_git_real_resolve(struct sl_repo *repo, const char *branch, char *out,
	struct sl_error *err);
enum sl_code sl_git_real_merge_base(struct sl_repo *repo, const char *a, const char *b, char *out,
	struct sl_error *err);
enum sl_code sl_git_real_is_ancestor(struct sl_repo *repo, const char *ancestor,
	const char *descendant, bool *out, struct sl_error *err);
enum sl_code sl_git_real_commits(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_range *range, struct sl_git_commits *out, struct sl_error *err);
enum sl_code sl_git_real_files(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_place *folder, struct sl_git_files *out, struct sl_error *err);
enum sl_code sl_git_real_diff(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_span *span, struct sl_git_deltas *out, struct sl_error *err);
enum sl_code sl_git_real_blob(struct sl_repo *repo, struct sl_arena *arena, const char *blob,
	int64_t max, struct sl_git_blob *out, struct sl_error *err);
enum sl_code sl_git_real_lookup(struct sl_repo *repo, const struct sl_git_place *file, char *blob,
	struct sl_error *err);
enum sl_code sl_git_real_note_read(struct sl_repo *repo, struct sl_arena *arena, const char *commit,
	const char **out, struct sl_error *err);

#define SL_GIT_REAL_OPS                                                                       \
	.branches = sl_git_real_branches, .resolve = sl_git_real_resolve,                     \
	.merge_base = sl_git_real_merge_base, .is_ancestor = sl_git_real_is_ancestor,         \
	.commits = sl_git_real_commits, .files = sl_git_real_files, .diff = sl_git_real_diff, \
	.blob = sl_git_real_blob, .lookup = sl_git_real_lookup, .note_read = sl_git_real_note_read

/* The note alone, in this repository's refs/notes/sluice; *changed is false when the commit has
 * this very text already. */
#define SL_GIT_NOTES_REF "refs/notes/sluice"
enum sl_code sl_git_real_note_set(struct sl_git_real *real, const struct sl_git_note_text *note,
	bool *changed, struct sl_error *err);

/* Appends the deltas of a diff between regular files; prefix goes before each path. */
enum sl_code sl_git_real_deltas(const struct sl_git_real *real, struct sl_arena *arena,
	git_diff *diff, const char *prefix, struct sl_git_deltas *out, struct sl_error *err);

#endif
