/* libgit2 itself: initialised once, its errors in our form. */
#ifndef SLUICE_GIT_LIB_H
#define SLUICE_GIT_LIB_H

#include "repo_int.h"

#include <git2.h>

/* When first needed; thread-safe. */
void sl_git_lib_init(void);

/* The last error of libgit2 on this thread, as "repository NAME: WHAT: cause".  Returns the code
 * that rc (negative) stands for. */
enum sl_code sl_git_fail(int rc, const char *name, const char *what, struct sl_error *err);

/* text is checked already. */
git_oid sl_git_oid(const char *text);
char *sl_git_oid_text(const git_oid *oid, char out[SL_GIT_ID_SIZE]);
const char *sl_git_oid_in(struct sl_arena *arena, const git_oid *oid);

/* Defines FN_p(T **) for scope cleanup of libgit2's objects. */
#define SL_GIT_CLEANUP(type, fn)                  \
	static inline void sl_##fn##_p(type **pp) \
	{                                         \
		if (*pp != NULL)                  \
			fn(*pp);                  \
	}                                         \
	_Static_assert(1, "force a semicolon")

SL_GIT_CLEANUP(git_blob, git_blob_free);
SL_GIT_CLEANUP(git_branch_iterator, git_branch_iterator_free);
SL_GIT_CLEANUP(git_commit, git_commit_free);
SL_GIT_CLEANUP(git_config, git_config_free);
SL_GIT_CLEANUP(git_diff, git_diff_free);
SL_GIT_CLEANUP(git_note, git_note_free);
SL_GIT_CLEANUP(git_object, git_object_free);
SL_GIT_CLEANUP(git_odb, git_odb_free);
SL_GIT_CLEANUP(git_reference, git_reference_free);
SL_GIT_CLEANUP(git_remote, git_remote_free);
SL_GIT_CLEANUP(git_repository, git_repository_free);
SL_GIT_CLEANUP(git_revwalk, git_revwalk_free);
SL_GIT_CLEANUP(git_signature, git_signature_free);
SL_GIT_CLEANUP(git_tree, git_tree_free);
SL_GIT_CLEANUP(git_tree_entry, git_tree_entry_free);

#define sl_auto_git(fn) sl_auto(sl_##fn##_p)

#endif
