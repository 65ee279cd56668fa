/*
 * What a target says of itself before anything is run on it: who answers, how it was reached, what
 * the login lacks, and what was done there before.  Facts only: what they mean is for the caller.
 *
 * Nothing is written.  The session is opened as a run would open it, so that a standby, a server
 * that only reads and a proxy that shares sessions are refused with the same words.
 */
#ifndef SLUICE_APPLY_EXAMINE_H
#define SLUICE_APPLY_EXAMINE_H

#include "sluice/apply.h"

struct sl_ledger_owner {
	const char *scope, *installation;
};

/* Statements, complete, one GRANT each; in the arena. */
struct sl_grants {
	const char *const *at;
	size_t len;
};

/* Text is never NULL, "" where there is nothing. */
struct sl_examination {
	enum sl_dialect dialect; /* MariaDB told from MySQL */
	int version, oldest; /* oldest: the first version that is supported */
	struct sl_engine_identity identity;
	bool local; /* the server saw us come from its own machine */
	const char *cipher; /* "" the connection is not encrypted */
	int64_t ahead_us; /* the target's clock before ours; half the round trip is its error */
	struct sl_grants needed; /* without these the ledger cannot be kept */
	struct sl_grants advised; /* without these some runs need a person, or fail */
	const char *advised_for; /* what is lost without them, one clause */
	const char *read_only; /* SQLite: the file or folder that may not be written */
	bool namesake; /* PostgreSQL: the login is called like the ledger's schema */
	bool ledger;
	const char *database_id;
	const struct sl_ledger_owner *owners; /* of the scopes that belong to an installation */
	size_t owners_len;
	/* Where there is no ledger and nothing is needed: */
	const char *tool, *table; /* whose history is there */
	bool adoptable; /* that history can be read */
	const char *trouble; /* why histories or structure could not be told, one sentence */
	bool empty;
};

/* SL_EUNAVAIL, SL_EDENIED, SL_ECONFLICT as sl_conn_open() has them. */
enum sl_code sl_apply_examine(const struct sl_conn_spec *target, struct sl_examination *out,
	struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 3)));

#endif
