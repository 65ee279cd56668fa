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

/* Runs of `sluice migrate` since the row was based, each where the one before it ended, in whatever
 * format they took their hashes: the last of them, where they lead to what is there; else NULL. */
enum sl_code sl_drift_follow(struct sl_control *control, const struct sl_drift_record *row,
	const struct sl_ledger *ledger, const struct sl_catalog *live,
	const struct sl_ledger_run **last, struct sl_error *err)
	__attribute__((warn_unused_result));

/* A comparison is wanted now: durable, and queued. */
enum sl_code sl_drift_ask(struct sl_control *control, const char *target, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The record before a run and after it.  A run marks the record before its first effect with the
 * structure that it found, so that whatever becomes of it and of us, its own work is told from
 * other people's. */
struct sl_drift_run {
	const char *target, *environment;
	const char *run; /* id */
	int64_t change_id;
	char before[SL_SHA256_HEX]; /* as the record has it after the mark; "" not marked */
	bool own; /* this attempt made the mark */
};

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
