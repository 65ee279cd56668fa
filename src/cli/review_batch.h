/* What `sluice review` is asked to look at: folders and files on disk become batches, each a set of
 * migrations that is reviewed as one change. */
#ifndef SLUICE_CLI_REVIEW_BATCH_H
#define SLUICE_CLI_REVIEW_BATCH_H

#include "folder.h"
#include "review_stream.h"

#include "sluice/core/buf.h"
#include "sluice/review/review.h"

/* How the command line narrows it. */
struct batch_wish {
	enum sl_layout_kind layout;
	enum sl_dialect dialect; /* SL_DIALECT_COUNT: find out */
	const char *base; /* --base, or NULL */
	bool all;
	const char *spool; /* the folder for what is too large for memory */
};

struct batch {
	enum sl_dialect dialect;
	bool whole; /* the set begins with the folder's first migration */
	struct sl_layout layout;
	struct sl_review_input input; /* set, parts, problems, known */
};

struct batches {
	SL_VEC(struct batch);

	struct {
		SL_VEC(struct sl_cli_folder);
	} files; /* what the sets point into */

	struct {
		SL_VEC(char *);
	} texts; /* owned */

	struct {
		SL_VEC(struct stream *);
	} streams; /* owned */

	struct {
		SL_VEC(const char *);
	} left_out; /* folders with SQL that is no migration of any layout */

	struct {
		SL_VEC(const char *);
	} empty; /* named folders without a migration */
};

void batches_done(struct batches *batches);

/* The text of a migration that is not in memory, for sl_review_run(); ctx: the batches. */
const struct sl_sql_source *batches_stream(void *ctx, const struct sl_migration *migration);

/* Whether all that was streamed could be read. */
enum sl_code batches_check(const struct batches *batches, struct sl_error *err)
	__attribute__((warn_unused_result));

#define auto_batches __attribute__((cleanup(batches_done)))

/* What is named: folders, files, "-".  SL_ENOTFOUND for a path that is not there; SL_EINVAL when
 * the engine is not known. */
enum sl_code batches_of_paths(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const char *const *paths, size_t n, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The migrations of the work tree around the working folder that were added or changed since the
 * merge base, of those below one of the paths (none: all); their files are named from its root. */
enum sl_code batches_of_worktree(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const char *const *paths, size_t n, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Goes to the root of the work tree around the working folder, if there is one: from here on paths
 * are read, and named, from there. */
enum sl_code batches_enter_root(struct sl_error *err) __attribute__((warn_unused_result));

/* For review_worktree.c: reads the folder as one batch, its files named by shown/INNER; false in
 * *recognised, and no batch, when no migration was seen in it. */
struct batch_folder {
	const char *path; /* on disk */
	const char *shown; /* before the files' names in the report; "" for none */
};

enum sl_code batch_of_folder(struct batches *out, struct sl_arena *arena,
	const struct batch_wish *wish, const struct batch_folder *folder, bool *recognised,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The folder in which a migration file's siblings stand: above up.sql or migration.sql, and above
 * an engine's name. */
const char *batch_folder_of(struct sl_arena *arena, const char *path);

#endif
