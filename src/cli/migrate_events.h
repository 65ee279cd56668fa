/*
 * What goes on while `sluice migrate` works: for programs a stream of JSON, one object a line
 * (docs/migrate-events.md), for people a bar on a terminal.  Several databases tell theirs at once:
 * each call takes the lock.
 */
#ifndef SLUICE_CLI_MIGRATE_EVENTS_H
#define SLUICE_CLI_MIGRATE_EVENTS_H

#include "progress.h"

#include "sluice/apply.h"
#include "sluice/cli.h"

#include <pthread.h>

struct migrate_events {
	struct sl_cli *cli;
	bool json; /* the stream is wanted */
	struct progress progress;
	pthread_mutex_t lock;
	size_t databases, ended;
};

/* One database's part. */
struct migrate_teller {
	struct migrate_events *events;
	const char *url;
	char path[256]; /* of the file that is under way, "" none */
	const char *phase; /* the last one told */
	unsigned total, done; /* statements of this attempt */
	struct sl_apply_journal journal;
};

void migrate_events_begin(struct migrate_events *events, struct sl_cli *cli, size_t databases);

/* The bar goes; the stream has its last line from migrate_report(). */
void migrate_events_end(struct migrate_events *events);

/* Points the request's journal and progress at the teller, which must stay where it is. */
void migrate_tell(struct migrate_teller *teller, struct migrate_events *events, const char *url,
	struct sl_apply_request *request);

/* It will be tried again in wait_us. */
void migrate_tell_blocked(struct migrate_teller *teller, const struct sl_apply_result *result,
	int64_t wait_us);
void migrate_tell_ended(struct migrate_teller *teller, const struct sl_apply_result *result);

/* "applied", "undone", "pending". */
const char *migrate_did_name(enum sl_apply_did did);

#endif
