/*
 * The repository that Sluice owns: changes of people who have none.  It is one more project, called
 * `sluice`.  Each change is a folder of its own, in which a file .targets holds the selector.
 */
#ifndef SLUICE_CONTROL_OWN_H
#define SLUICE_CONTROL_OWN_H

#include "sluice/control/world.h"
#include "sluice/git.h"

#define SL_OWN_PROJECT "sluice"
#define SL_OWN_BRANCH  "main"
#define SL_OWN_LEDGER  "own"
#define SL_OWN_TARGETS ".targets"

/* A migrations entry for each folder that the commit ("" none) has. */
enum sl_code sl_own_entries(struct sl_arena *arena, struct sl_repo *repo, const char *commit,
	const struct sl_migrations_entry **out, size_t *len, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
