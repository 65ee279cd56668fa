/* What the statements of the change have done so far: the tables and columns that it made itself
 * (nobody reads or fills them yet), under their present names, and the tables whose rows it copied.
 */
#ifndef SLUICE_REVIEW_CHANGE_H
#define SLUICE_REVIEW_CHANGE_H

#include "sluice/core/cleanup.h"
#include "sluice/schema/replay.h"
#include "sluice/sql/statement.h"

#include <stdbool.h>

struct change;

struct change *change_new(enum sl_dialect dialect)
	__attribute__((returns_nonnull, warn_unused_result));
void change_free(struct change *change);
SL_DEFINE_CLEANUP(struct change, change_free);

/* After the rules have seen the statement. */
void change_add(struct change *change, const struct sl_facts *facts,
	const struct sl_replay_step *step);

/* What was made so far is in use from here on. */
void change_forget(struct change *change);

enum sl_dialect change_dialect(const struct change *change);

/* By the names that the catalogue keeps. */
bool change_made_table(const struct change *change, const char *schema, const char *table);
bool change_made_column(const struct change *change, const char *schema, const char *table,
	const char *column);
bool change_copied(const struct change *change, const char *schema, const char *table);

#endif
