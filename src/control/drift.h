/* What is known of the targets' drift, as the files of this room share it. */
#ifndef SLUICE_CONTROL_DRIFT_H
#define SLUICE_CONTROL_DRIFT_H

#include "inside.h"

#include "sluice/schema/diff.h"

/* How often a write is decided anew when somebody else has written meanwhile. */
#define SL_DRIFT_ROUNDS 5

/* When the target is to be compared; 0: not unasked. */
int64_t sl_drift_due(const struct sl_control *control, const struct sl_world *world,
	const struct sl_target *target, const struct sl_drift_record *row);

/* Fills out with a struct sl_drift_record of each target that has one; they live in the arena. */
enum sl_code sl_drift_by_target(struct sl_control *control, struct sl_arena *arena,
	struct sl_map *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Queues what has been due since then and was not done: a hint was lost, or another replica died.
 */
enum sl_code sl_drift_sweep(struct sl_control *control, int64_t since, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Objects that differ, each once. */
unsigned sl_drift_objects(const struct sl_diff *diff);

/* To where runs have led that a record did not account for. */
struct sl_drift_led {
	const struct sl_catalog *meant; /* what is meant to be there now: a reference; NULL: no run
					 * has changed that */
	const struct sl_ledger_run *last; /* of them, in the ledger; NULL */
	bool told; /* they alone made what is there of what the last comparison saw */
};

/* Carries over to the base what the ledger's runs since did, of `sluice migrate` or anybody's,
 * object by object, in whatever format they took their hashes; what others did between them is not
 * theirs.  What cannot be proved is not carried. */
enum sl_code sl_drift_follow(struct sl_control *control, const struct sl_drift_record *row,
	const struct sl_ledger *ledger, const struct sl_catalog *live, struct sl_drift_led *out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* How a base that such a run has left is said to have come. */
const char *sl_drift_origin(struct sl_arena *arena, const struct sl_ledger_run *run);

/* The run that ended last, as a record names it. */
const char *sl_drift_newest(const struct sl_ledger *ledger);

/* A comparison is wanted now: durable, and queued. */
enum sl_code sl_drift_ask(struct sl_control *control, const char *target, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The record before a run and after it.  A run marks the record before its first effect with the
 * structure that it found, so that whatever becomes of it and of us, its own work is told from
 * other people's. */
struct sl_drift_run {
	const struct sl_task *task; /* NULL: there is no run */
	const char *run; /* id */
	struct sl_arena *arena; /* of the run */
	char before[SL_SHA256_HEX]; /* as the record has it after the mark; "" not marked */
	bool own; /* this attempt made the mark */
	/* Where others' runs have led from a base meanwhile, what is meant to be there since: owned
	 * (sl_drift_run_done()), or NULL. */
	const struct sl_catalog *led;
	const char *led_from, *led_by, *led_run;
	bool led_told; /* they alone made what the run found of what the last comparison saw */
};

/* The structure that is meant to be there while the run is at the target, which has live and the
 * runs of the ledger; it becomes the base with the mark.  *out: a reference.  SL_ENOTFOUND: the
 * store has lost it. */
enum sl_code sl_drift_meant(struct sl_control *control, struct sl_drift_run *run,
	const struct sl_ledger *ledger, const struct sl_catalog *live,
	const struct sl_catalog **out, struct sl_error *err) __attribute__((warn_unused_result));

void sl_drift_run_done(struct sl_drift_run *run);

/* Adds the mark to the batch that makes the run's intent durable; found: the structure before it,
 * "" unknown. */
enum sl_code sl_drift_mark(struct sl_control *control, struct sl_drift_run *run, const char *found,
	struct sl_batch *batch, struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result));

/* What the run left is meant to be there from now on, with what others had changed still counted as
 * theirs. */
enum sl_code sl_drift_settle(struct sl_control *control, const struct sl_world *world,
	const struct sl_drift_run *run, const struct sl_apply_result *result, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
