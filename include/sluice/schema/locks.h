/*
 * locks: what a statement will lock, from its facts and a step of the replay, before it runs.
 *
 * PostgreSQL's rows were measured on version 15 (pg_locks inside the statement's own transaction);
 * a test compares them with a live server again.  SQLite has one lock for the whole database.  Of
 * MySQL and MariaDB, which have no grammar here, only what the first words of a statement prove is
 * told, and there may always be more.  What cannot be seen (a DO block, a CALL) is unknown, never
 * "none".
 *
 * Relations that the replay itself made are left out: nobody else knows them yet.  A partitioned
 * table's partitions, and a table's heirs, are locked like their parent and are not listed; what is
 * read or written anew of them is told of the parent.
 *
 * Pure: no input or output, any thread.
 */
#ifndef SLUICE_SCHEMA_LOCKS_H
#define SLUICE_SCHEMA_LOCKS_H

#include <stdbool.h>
#include <stddef.h>

struct sl_arena;
struct sl_facts;
struct sl_replay_step;

/* From the weakest up. */
enum sl_lock_mode {
	SL_LOCK_NONE,
	SL_LOCK_ACCESS_SHARE,
	SL_LOCK_ROW_SHARE,
	SL_LOCK_ROW_EXCLUSIVE,
	SL_LOCK_SHARE_UPDATE_EXCLUSIVE,
	SL_LOCK_SHARE,
	SL_LOCK_SHARE_ROW_EXCLUSIVE,
	SL_LOCK_EXCLUSIVE,
	SL_LOCK_ACCESS_EXCLUSIVE,
	SL_LOCK_WRITER, /* SQLite: the only writer of the database */
	SL_LOCK_ROWS, /* MySQL: rows that it writes, and a share in the table's metadata */
	SL_LOCK_METADATA, /* MySQL: the table's metadata alone, at its start or end or all along */
	SL_LOCK_MODE_COUNT
};

/* "ACCESS EXCLUSIVE". */
const char *sl_lock_mode_name(enum sl_lock_mode mode);

/* "reads and writes", "writes", "other schema changes", "nothing"; for MySQL a longer one. */
const char *sl_lock_blocks(enum sl_lock_mode mode);

struct sl_lock_need {
	enum sl_lock_mode mode;
	const char *schema, *name; /* of the relation; "" and "": the database */
	bool rewrites; /* all its rows are written anew under the lock */
	bool scans; /* all its rows are read under the lock */
};

struct sl_lock_needs {
	const struct sl_lock_need *at; /* in the arena, a row a relation */
	size_t len;
	bool unknown; /* it may lock more than is listed */
};

/* step: what sl_replay_statement() said of the same statement; text is the statement's own. */
void sl_lock_needs(struct sl_lock_needs *out, struct sl_arena *arena, const struct sl_facts *facts,
	const struct sl_replay_step *step, const char *text, size_t len) __attribute__((nonnull));

#endif
