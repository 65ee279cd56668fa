/*
 * A batch: writes that are made together or not at all.
 *
 *	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
 *	int64_t change = sl_batch_add_change(batch, &(struct sl_change){ .project = "shop", ... });
 *	sl_batch_add_person(batch, &(struct sl_change_person){ .change_id = change, ... });
 *	sl_batch_event(batch, &(struct sl_event){ .change_id = change, ... });
 *	code = sl_store_commit(store, batch, err);
 *
 * Building one touches nothing and cannot fail; everything given is copied.  What is added gets its
 * id at the commit: until then it goes by a ticket, a negative number that any later record of the
 * same batch may use in place of an id.  Writes happen in the order they were added.
 *
 * Moves are the only writes of state columns.  A batch that loses a compare-and-set changes nothing
 * and returns SL_ECONFLICT with both states in the message: read again and decide again.
 *
 * A batch belongs to one thread and is committed once.
 */
#ifndef SLUICE_STORE_BATCH_H
#define SLUICE_STORE_BATCH_H

#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"
#include "sluice/model/move.h"
#include "sluice/model/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_batch;
struct sl_store;

struct sl_batch *sl_batch_new(void) __attribute__((returns_nonnull, warn_unused_result));

/* Accepts NULL. */
void sl_batch_free(struct sl_batch *batch);
SL_DEFINE_CLEANUP(struct sl_batch, sl_batch_free);

/* Durable on SL_OK; nothing of it happened otherwise. */
enum sl_code sl_store_commit(struct sl_store *store, struct sl_batch *batch, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The id that a ticket became; after a commit that returned SL_OK. */
int64_t sl_batch_id(const struct sl_batch *batch, int64_t ticket);

/* n moves and nothing else, all or none. */
enum sl_code sl_store_apply(struct sl_store *store, const struct sl_move *moves, size_t n,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The move, with its event, audit and messages. */
void sl_batch_move(struct sl_batch *batch, const struct sl_move *move);

/* The commit holds only while the change has the revision it was read with: what was decided from a
 * view (approvals, a hold, a digest) is made only when nothing of it has changed since. */
void sl_batch_expect(struct sl_batch *batch, int64_t change_id, int64_t revision);

/* The commit holds only while the task is running with this lease epoch, or while the lease of that
 * name (sl_store_lease_take()) has this epoch: what a frozen worker writes late is refused. */
void sl_batch_expect_task(struct sl_batch *batch, int64_t task_id, int64_t epoch);
void sl_batch_expect_lease(struct sl_batch *batch, const char *name, int64_t epoch);

/* Projects, by name: added, or head, settled and seen_at replaced. */
void sl_batch_put_project(struct sl_batch *batch, const struct sl_project_record *project);

/* A change begins in the state it is given (open, or merged for direct and initial ones).  _update
 * replaces title, head, base, author, content, wait and review_id; _hold sets or, with held false,
 * ends it. */
int64_t sl_batch_add_change(struct sl_batch *batch, const struct sl_change *change);
void sl_batch_update_change(struct sl_batch *batch, const struct sl_change *change);
void sl_batch_hold(struct sl_batch *batch, int64_t change_id, bool held, const char *reason,
	const char *by);

/* One row a (change, user): a second one can only raise pushed. */
void sl_batch_add_person(struct sl_batch *batch, const struct sl_change_person *person);

/* The fencing epoch of that name, at least to this: it never goes back. */
void sl_batch_raise_epoch(struct sl_batch *batch, const char *name, int64_t to);

/* All the files of the change, in run order. */
void sl_batch_set_files(struct sl_batch *batch, int64_t change_id,
	const struct sl_change_file *files, size_t n);

/* findings' review_id is filled in.  Does not touch the change's review_id. */
int64_t sl_batch_add_review(struct sl_batch *batch, const struct sl_review_record *review,
	const struct sl_finding_record *findings, size_t n);

int64_t sl_batch_add_waiver(struct sl_batch *batch, const struct sl_waiver *waiver);
void sl_batch_end_waiver(struct sl_batch *batch, int64_t id, int64_t at);

/* A stage begins in the state it is given.  _update replaces digest, risk, plan and wait.  Tasks
 * begin in the state they are given; _drop_tasks removes those of a stage that is still waiting, to
 * plan it anew. */
int64_t sl_batch_add_stage(struct sl_batch *batch, const struct sl_stage *stage);
void sl_batch_update_stage(struct sl_batch *batch, const struct sl_stage *stage);
void sl_batch_drop_stage(struct sl_batch *batch, int64_t id);
int64_t sl_batch_add_task(struct sl_batch *batch, const struct sl_task *task);
void sl_batch_drop_tasks(struct sl_batch *batch, int64_t stage_id);

/* The sentence of a task, stage or change whose state stays. */
void sl_batch_wait(struct sl_batch *batch, enum sl_object object, int64_t id, const char *wait);
void sl_batch_ask_cancel(struct sl_batch *batch, int64_t task_id);

/* SL_ECONFLICT when the stage's digest is another one by now, or the person has approved it. */
int64_t sl_batch_add_approval(struct sl_batch *batch, const struct sl_approval *approval);
void sl_batch_revoke_approval(struct sl_batch *batch, int64_t id, const char *by, int64_t at);

/* A run by its own id; _end_run writes outcome, detail, steps_done, steps_total, before, after and
 * ended_at. _put_step adds the step, or replaces rows, ended_at and error of that number. */
void sl_batch_add_run(struct sl_batch *batch, const struct sl_run *run);
void sl_batch_end_run(struct sl_batch *batch, const struct sl_run *run);
void sl_batch_put_step(struct sl_batch *batch, const struct sl_step *step);

/* That the target had this schema, and its content where the store has not got it yet (the same
 * hash always has the same objects). */
int64_t sl_batch_add_snapshot(struct sl_batch *batch, const struct sl_snapshot_record *snapshot,
	const struct sl_snapshot_object *objects, size_t n);

/* The target's one record: added when its revision is 0, else replaced, one revision further.
 * SL_ECONFLICT when the store's is not at that revision any more: read and decide again. */
void sl_batch_put_drift(struct sl_batch *batch, const struct sl_drift_record *drift);

/* What was seen of the stage on the target: added, or replaced. */
void sl_batch_put_elsewhere(struct sl_batch *batch, const struct sl_elsewhere_record *seen);

void sl_batch_event(struct sl_batch *batch, const struct sl_event *event);
void sl_batch_audit(struct sl_batch *batch, const struct sl_audit *audit);
void sl_batch_message(struct sl_batch *batch, const struct sl_message *message);

#endif
