/* Which configuration a review goes by. */
#ifndef SLUICE_CLI_REVIEW_CONFIG_H
#define SLUICE_CLI_REVIEW_CONFIG_H

#include "sluice/cli.h"
#include "sluice/config/snapshot.h"

struct review_config {
	struct sl_config *rules; /* owned; NULL: the built-in ones */
	struct sl_config *targets; /* owned; what says the engine, NULL: nothing */
};

void review_config_done(struct review_config *config);

#define auto_review_config __attribute__((cleanup(review_config_done)))

/* The file that sl_cli_config_path() names; where no PATH is given, else that at the root of the
 * work tree.
 *
 * A branch that is reviewed must not soften its own review: against a merge base (no PATH, or
 * --base) a file that commits since then have changed counts as the merge base has it, and one that
 * they added is read for the engine only.  A notice says so.  What merely stands on disk, changed
 * or new, is the caller's own and counts. */
enum sl_code review_config_read(struct review_config *out, struct sl_cli *cli, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
