/*
 * elsewhere: what a team's own tool says that it did in a target.
 *
 * Where Sluice reviews and asks for approvals and somebody else applies, the history that their
 * tool keeps in the target is the only witness.  It is read over a session that only reads: no
 * ledger is made, no lock is taken, nothing is written.  Which tools are known is said at
 * sl_apply_adopt_history(); what their rows mean is the same here.
 *
 * Threading and lifetime: a call works on its own session; results live in the caller's arena.
 */
#ifndef SLUICE_APPLY_ELSEWHERE_H
#define SLUICE_APPLY_ELSEWHERE_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/engine.h"
#include "sluice/model/migration.h"

#include <stddef.h>

enum sl_elsewhere_state {
	SL_ELSEWHERE_APPLIED,
	SL_ELSEWHERE_FAILED, /* dirty, begun and not ended, ended badly: never taken as applied */
	SL_ELSEWHERE_UNDONE, /* rolled back */
	SL_ELSEWHERE_EDITED, /* what ran had another content than the file has */
	SL_ELSEWHERE_ABSENT, /* it is not in the history */
	SL_ELSEWHERE_STATE_COUNT
};

/* One file in a tool's history. */
struct sl_elsewhere_file {
	enum sl_elsewhere_state state;
	const char *at; /* "2026-11-28 03:40:12", by the tool's own clock; "" it keeps none */
	const char *by; /* the login that ran it; "" it keeps none */
};

struct sl_elsewhere {
	const char *tool, *table; /* "Flyway", "public.flyway_schema_history"; "" there is none */
	const char *mend; /* how a failed migration is settled with the tool; "" */
	const char *trouble; /* why the history cannot be read for these files; "" it can */
	const struct sl_elsewhere_file *files; /* beside those of the set */
};

/* layout: of the set, by name; or NULL.  A history that cannot be read, or none, is no failure:
 * every file is absent then.  SL_EUNAVAIL when the target cannot be reached. */
enum sl_code sl_apply_elsewhere(const struct sl_conn_spec *target,
	const struct sl_migration_set *set, const char *layout, struct sl_elsewhere *out,
	struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 4, 5)));

#endif
