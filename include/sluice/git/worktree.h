/*
 * The work tree around a path, read for `sluice review` without a daemon: what changed on disk
 * since the merge base, committed or not.  Nothing is written, no hook or filter of the repository
 * runs, and its index is not refreshed.
 */
#ifndef SLUICE_GIT_WORKTREE_H
#define SLUICE_GIT_WORKTREE_H

#include "sluice/git.h"

struct sl_git_worktree;

/* SL_ENOTFOUND when no folder from path upwards is a work tree.  The caller owns *out. */
enum sl_code sl_git_worktree_open(struct sl_git_worktree **out, const char *path,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Accepts NULL. */
void sl_git_worktree_close(struct sl_git_worktree *tree);
SL_DEFINE_CLEANUP(struct sl_git_worktree, sl_git_worktree_close);

/* Absolute, without a trailing '/'.  Borrowed. */
const char *sl_git_worktree_root(const struct sl_git_worktree *tree);

/* Its repository, for files as they are at a commit.  Borrowed. */
struct sl_repo *sl_git_worktree_repo(struct sl_git_worktree *tree);

/* The merge base of HEAD and ref.  ref NULL: the first that is there of the branch that origin/HEAD
 * names, origin/main, origin/master, main, master.  A base equal to HEAD is fine.  SL_ENOTFOUND,
 * with the remedy --base, when there is none; also before the first commit. */
enum sl_code sl_git_worktree_base(struct sl_git_worktree *tree, const char *ref,
	char out[SL_GIT_ID_SIZE], struct sl_error *err) __attribute__((warn_unused_result));

/* Files under folder ("" or NULL: all) that differ on disk from the commit base: added (untracked
 * ones too, ignored ones not), modified, deleted.  new_blob is "" where Git did not have to
 * compute it: the content stands on disk. */
enum sl_code sl_git_worktree_changed(struct sl_git_worktree *tree, struct sl_arena *arena,
	const char *base, const char *folder, struct sl_git_deltas *out, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
