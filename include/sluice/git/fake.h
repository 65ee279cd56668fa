/*
 * A repository in memory for tests and simulation: an origin that a script changes, and behind
 * sl_repo_fake_repo() the view of it as of the last fetch.  Ids are hashes of the content, so that
 * a run repeats itself.  Same rules as git.h; what the view has not fetched, it does not know.
 */
#ifndef SLUICE_GIT_FAKE_H
#define SLUICE_GIT_FAKE_H

#include "sluice/git.h"

struct sl_repo_fake;

struct sl_repo_fake *sl_repo_fake_new(const char *name)
	__attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL; the repository dies with it, sl_repo_close() on it does nothing. */
void sl_repo_fake_free(struct sl_repo_fake *fake);
SL_DEFINE_CLEANUP(struct sl_repo_fake, sl_repo_fake_free);

struct sl_repo *sl_repo_fake_repo(struct sl_repo_fake *fake);

/* Commits at the origin; as sl_repo_commit(). */
enum sl_code sl_repo_fake_commit(struct sl_repo_fake *fake, const struct sl_git_new_commit *commit,
	char out[SL_GIT_ID_SIZE], struct sl_error *err) __attribute__((warn_unused_result));

/* Merges branch `from` into `into` at the origin: a commit of both with into's files and the files
 * that `from` changed since their merge base.  squash: with one parent. */
enum sl_code sl_repo_fake_merge(struct sl_repo_fake *fake, const char *into, const char *from,
	bool squash, int64_t at, struct sl_error *err) __attribute__((warn_unused_result));

/* Points a branch of the origin at a commit, making it, or deletes it when commit is NULL. */
void sl_repo_fake_set_branch(struct sl_repo_fake *fake, const char *branch, const char *commit);

/* The next n calls of sl_repo_fetch and sl_repo_note_write fail with code. */
void sl_repo_fake_fail(struct sl_repo_fake *fake, enum sl_code code, unsigned n);

/* How often sl_repo_fetch was called. */
unsigned sl_repo_fake_fetches(const struct sl_repo_fake *fake);

#endif
