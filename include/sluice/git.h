/*
 * git: a repository as Sluice sees it: branches, commits, the files of a folder at a commit, notes.
 *
 * `struct sl_repo` is the one door for everybody above.  Behind it stands a bare mirror of an
 * origin (git/mirror.h), a bare repository that Sluice owns (git/bare.h), or memory (git/fake.h),
 * so that a simulation needs no libgit2.  The room never has a work tree to write to, never starts
 * a shell or another program, and never follows submodules; git/worktree.h reads one, for
 * `sluice review`.
 *
 * Threading: one worker at a time per repository object; different objects are independent.
 * Lifetime: lists and texts live in the arena that is passed in.
 * Failures: SL_ENOTFOUND when a branch, commit or path is not there; SL_ELIMIT above a limit;
 * SL_ETIMEOUT, SL_ECANCELED when the token says so; SL_EUNAVAIL when the origin could not be
 * reached; SL_EDENIED when it refused us.  Messages name the repository by its name and the origin
 * without credentials.
 *
 * Commit, tree and blob ids are 40 lower-case hex digits and a terminator (SHA-1 repositories;
 * others are refused when opened).  Paths are relative, '/' between parts, never leading.
 */
#ifndef SLUICE_GIT_H
#define SLUICE_GIT_H

#include "sluice/core/arena.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_GIT_ID_SIZE 41

struct sl_cancel; /* sluice/sys/cancel.h */
struct sl_repo;

/* Checked before memory is taken.  Zero means the default beside it. */
struct sl_git_limits {
	size_t refs; /* branches of the origin: 20,000 */
	size_t files; /* files of one folder at one commit: 50,000 */
	size_t commits; /* of one listing: 10,000; the rest is left out */
	int64_t blob_bytes; /* one file: 64 MiB */
	int64_t fetch_bytes; /* one fetch: 4 GiB */
};

struct sl_git_ref {
	const char *name; /* without refs/heads/: "main", "change/orders" */
	const char *commit;
};

struct sl_git_refs {
	const struct sl_git_ref *at;
	size_t len;
};

struct sl_git_commit {
	const char *id;
	const char *author_name, *author_email;
	const char *committer_email;
	const char *subject; /* first line of the message */
	int64_t at; /* committer's time, wall microseconds */
};

struct sl_git_commits {
	const struct sl_git_commit *at;
	size_t len;
};

struct sl_git_file {
	const char *path; /* from the root of the repository */
	const char *blob;
	int64_t size;
};

struct sl_git_files {
	const struct sl_git_file *at;
	size_t len;
};

enum sl_git_delta_kind { SL_GIT_ADDED, SL_GIT_MODIFIED, SL_GIT_DELETED, SL_GIT_DELTA_KIND_COUNT };

/* Which commits: those that `until` has and `since` has not. */
struct sl_git_range {
	const char *since; /* NULL: from the beginning */
	const char *until;
	size_t max; /* 0: the limit */
	/* Only commits in which one of these files differs from every parent; NULL: all. */
	const char *const *touching;
	size_t touching_len;
};

/* What to compare: a folder at two commits. */
struct sl_git_span {
	const char *from; /* NULL: nothing, so that every file is added */
	const char *to;
	const char *folder; /* NULL or "": the whole tree */
};

/* A rename is a deletion and an addition. */
struct sl_git_delta {
	enum sl_git_delta_kind kind;
	const char *path; /* from the root of the repository */
	const char *old_blob; /* "" when added */
	const char *new_blob; /* "" when deleted, or when the file is not in Git yet */
};

struct sl_git_deltas {
	const struct sl_git_delta *at;
	size_t len;
};

struct sl_git_blob {
	const char *data; /* terminated, beside len */
	size_t len;
};

/* A file of a commit to be made; data NULL deletes the path. */
struct sl_git_new_file {
	const char *path;
	const char *data;
	size_t len;
};

struct sl_git_new_commit {
	const char *branch; /* moved or made; "change/orders" */
	const char *base; /* commit, or branch, on which a branch that is not there yet starts;
			   * NULL: a new branch has no parent.  Ignored when the branch exists */
	const struct sl_git_new_file *files;
	size_t n_files;
	const char *author_name, *author_email;
	const char *message;
	int64_t at; /* wall microseconds */
};

/* Whether text is a commit id as above. */
bool sl_git_id_ok(const char *text);

/* Accepts NULL. */
void sl_repo_close(struct sl_repo *repo);
SL_DEFINE_CLEANUP(struct sl_repo, sl_repo_close);

/* The name that it was opened with, for messages.  Borrowed. */
const char *sl_repo_name(const struct sl_repo *repo);

/* Brings branches and notes up to date with the origin; branches that went away there go away
 * here.  Ends with SL_ETIMEOUT or SL_ECANCELED soon after cancel (not NULL) says so, whatever the
 * peer does; the branches are then as before.  Where there is no origin it does nothing. */
enum sl_code sl_repo_fetch(struct sl_repo *repo, const struct sl_cancel *cancel,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Branches whose name matches the glob (core/str.h), or all when it is NULL; sorted by name. */
enum sl_code sl_repo_branches(struct sl_repo *repo, struct sl_arena *arena, const char *glob,
	struct sl_git_refs *out, struct sl_error *err) __attribute__((warn_unused_result));

/* The commit of a branch (without refs/heads/), or a commit id that is there itself. */
enum sl_code sl_repo_resolve(struct sl_repo *repo, const char *branch, char out[SL_GIT_ID_SIZE],
	struct sl_error *err) __attribute__((warn_unused_result));

/* The best common ancestor; SL_ENOTFOUND when the two have none. */
enum sl_code sl_repo_merge_base(struct sl_repo *repo, const char *a, const char *b,
	char out[SL_GIT_ID_SIZE], struct sl_error *err) __attribute__((warn_unused_result));

/* A commit counts as its own ancestor. */
enum sl_code sl_repo_is_ancestor(struct sl_repo *repo, const char *ancestor, const char *descendant,
	bool *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Newest first. */
enum sl_code sl_repo_commits(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_range *range, struct sl_git_commits *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Regular files under folder (NULL or "": the whole tree) at a commit, with those in sub-folders,
 * sorted by path; symbolic links and submodules are left out.  A folder that is not there is an
 * empty list. */
enum sl_code sl_repo_files(struct sl_repo *repo, struct sl_arena *arena, const char *commit,
	const char *folder, struct sl_git_files *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Regular files that differ, sorted by path. */
enum sl_code sl_repo_diff(struct sl_repo *repo, struct sl_arena *arena,
	const struct sl_git_span *span, struct sl_git_deltas *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* A file by its blob id; SL_ELIMIT, before it is read, when it is larger than max (0: the limit).
 */
enum sl_code sl_repo_blob(struct sl_repo *repo, struct sl_arena *arena, const char *blob,
	int64_t max, struct sl_git_blob *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* A file by its path at a commit; SL_ELIMIT above the limit. */
enum sl_code sl_repo_read(struct sl_repo *repo, struct sl_arena *arena, const char *commit,
	const char *path, struct sl_git_blob *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Sets the note of a commit in refs/notes/sluice, replacing the one that is there, here and at the
 * origin (by a push, which needs no hook there and moves no branch).  Two installations that write
 * at once are resolved by fetching and trying again; SL_ECONFLICT after the third time. */
enum sl_code sl_repo_note_write(struct sl_repo *repo, const char *commit, const char *text,
	int64_t at, const struct sl_cancel *cancel, struct sl_error *err)
	__attribute__((warn_unused_result));

/* SL_ENOTFOUND when the commit has none. */
enum sl_code sl_repo_note_read(struct sl_repo *repo, struct sl_arena *arena, const char *commit,
	const char **out, struct sl_error *err) __attribute__((warn_unused_result));

/* Makes a commit and moves its branch to it, by compare-and-set: SL_ECONFLICT when the branch moved
 * meanwhile.  SL_EINVAL in a mirror: there the origin is the truth. */
enum sl_code sl_repo_commit(struct sl_repo *repo, const struct sl_git_new_commit *commit,
	char out[SL_GIT_ID_SIZE], struct sl_error *err) __attribute__((warn_unused_result));

#endif
