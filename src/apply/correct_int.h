/* A correction of the ledger: a person's word, written under the lock in one transaction. */
#ifndef SLUICE_APPLY_CORRECT_INT_H
#define SLUICE_APPLY_CORRECT_INT_H

#include "apply_int.h"

/* What a correction adds to its transaction. */
struct correction {
	struct run *run;
	const struct sl_apply_word *word;
	const struct sl_migration_set *set;
	const struct sl_migration *migration;
	const char *to;
	size_t count;
	void *ctx; /* of write */
	enum sl_code (*write)(struct correction *c, struct sl_buf *sql, struct sl_error *err);
};

/* adopts: whoever wrote to the target last is no obstacle. */
enum sl_code apply_correct(struct correction *c, bool adopts, struct sl_error *err);

/* Adds the row of one file. */
enum sl_code apply_correct_put(struct correction *c, struct sl_buf *sql,
	const struct sl_migration *migration, enum sl_ledger_state state, const char *reason,
	struct sl_error *err);

#endif
