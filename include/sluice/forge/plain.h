/*
 * Plain Git as a host: each `change/` branch is a change, the review is a Git note, and merging is
 * pushing the files to the project's branch.
 *
 * The second half is pure: what the content of the two branches says about a change.  Content is
 * any text that is equal exactly when two files are equal (a blob id, a SHA-256), the same kind on
 * both sides.  Decides nothing about what stands in the store.
 */
#ifndef SLUICE_FORGE_PLAIN_H
#define SLUICE_FORGE_PLAIN_H

#include "sluice/forge.h"

#include <stdbool.h>

struct sl_repo; /* sluice/git.h */

/* The glob of the branches that are changes. */
#define SL_PLAIN_CHANGES "change/**"

/* repo is borrowed and must outlive *out; whoever calls has fetched it. */
enum sl_code sl_forge_plain_new(struct sl_forge **out, struct sl_repo *repo, struct sl_error *err)
	__attribute__((warn_unused_result));

/* --- merge by content ------------------------------------------------------------------------ */

/* A migration file that a change brings: added or modified between its base and its last head. */
struct sl_plain_file {
	const char *path;
	const char *content; /* at the last head */
	const char *base; /* at the merge base; NULL when it was not there */
	const char *branch; /* on the project's branch now; NULL when it is not there */
};

enum sl_plain_merge {
	SL_PLAIN_OPEN, /* nothing of it is on the branch */
	SL_PLAIN_PART, /* some files are there; `files` lists those that are missing */
	SL_PLAIN_MERGED, /* every file is there with equal path and content */
	SL_PLAIN_SUPERSEDED, /* `files` lists those that are there with other content */
	SL_PLAIN_MERGE_COUNT
};

struct sl_plain_merge_result {
	enum sl_plain_merge state;
	const char *const *files; /* paths, in the order of the input; in the arena */
	size_t n_files;
};

/* A file counts as there with other content when it differs from the last head and is not as it was
 * at the merge base either.  Superseded wins over part.  A change without files is open. */
struct sl_plain_merge_result sl_plain_merge_state(struct sl_arena *arena,
	const struct sl_plain_file *files, size_t n);

/* A file as one change's last head has it. */
struct sl_plain_claim {
	int64_t change_id;
	int64_t first_seen; /* when the change was first pushed, wall microseconds */
	const char *path;
	const char *content;
};

/* The change to which a file of the project's branch belongs: of those whose last head has it with
 * equal path and content the one pushed first (then the lower id); 0 when there is none: the file
 * was pushed directly. */
int64_t sl_plain_claimant(const struct sl_plain_claim *claims, size_t n, const char *path,
	const char *content);

#endif
