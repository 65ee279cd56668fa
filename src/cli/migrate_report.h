/* What `sluice migrate` did to each database, for people and for programs. */
#ifndef SLUICE_CLI_MIGRATE_REPORT_H
#define SLUICE_CLI_MIGRATE_REPORT_H

#include "migrate_events.h"

#include "sluice/apply.h"
#include "sluice/cli.h"
#include "sluice/core/vec.h"

struct migrated {
	struct sl_cli *cli;
	const char *url;
	struct sl_arena *arena; /* owned: of its own thread */
	struct migrate_teller teller;
	struct sl_apply_request request;
	struct sl_apply_result result;
	struct sl_error err;
	struct sl_limits limits;
	int64_t lock_wait_us;
	unsigned lock_tries; /* attempts at a lock of somebody else's */
};

struct migrations {
	SL_VEC(struct migrated);
	int64_t jobs;
};

void migrations_done(struct migrations *all);

#define auto_migrations __attribute__((cleanup(migrations_done)))

/* Prints, and sets the exit status to the gravest of all. */
enum sl_code migrate_report(const struct migrations *all, struct sl_cli *cli, struct sl_error *err);

#endif
