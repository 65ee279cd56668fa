/* The inside of a batch: a list of steps, each a function over its own copy of what was given. */
#ifndef STORE_BATCH_INT_H
#define STORE_BATCH_INT_H

#include "sluice/store/batch.h"

#include "store_int.h"

#include "sluice/core/vec.h"

struct step {
	enum sl_code (*run)(struct sl_batch *batch, struct tx *tx, const struct step *step,
		struct sl_error *err);
	const struct table *table;
	void *record; /* copied into the batch's arena */
	int64_t id; /* of the row, or a ticket */
	int64_t ticket; /* which the new row's id belongs to; 0: none */
	const char *const *columns; /* that an update writes; ends with NULL */
	const void *more; /* an array beside the record */
	size_t more_len;
	struct step *next;
};

struct touched {
	enum sl_object object;
	int64_t id;
};

struct sl_batch {
	struct sl_arena *arena; /* owned */
	struct step *first, *last;

	struct {
		SL_VEC(int64_t);
	} ids; /* by ticket: that of -1 first; 0 until committed */

	struct {
		SL_VEC(struct touched);
	} touched; /* what wake-ups are owed for, without doubles */

	struct {
		SL_VEC(int64_t);
	} changes; /* whose revision rises, without doubles */
};

/* A new last step, in the batch's arena. */
struct step *store_batch_step(struct sl_batch *batch,
	enum sl_code (*run)(struct sl_batch *batch, struct tx *tx, const struct step *step,
		struct sl_error *err)) __attribute__((returns_nonnull));

/* The id behind a ticket, or the id itself. */
int64_t store_batch_resolve(const struct sl_batch *batch, int64_t id);
void store_batch_touch(struct sl_batch *batch, enum sl_object object, int64_t id);
void store_batch_touch_change(struct sl_batch *batch, int64_t change_id);

/* Inserts a copy of the record with its tickets resolved; *id is 0 when a key is taken. */
enum sl_code store_batch_insert(struct sl_batch *batch, struct tx *tx, const struct table *table,
	const void *record, int64_t *id, struct sl_error *err) __attribute__((warn_unused_result));

/* The row with the id, and before it its change, kept from other writers to the end. */
enum sl_code store_batch_lock(struct sl_batch *batch, struct tx *tx, const struct table *table,
	int64_t id, void **out, struct sl_error *err) __attribute__((warn_unused_result));

/* The steps. */
enum sl_code store_step_move(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_expect(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_expect_task(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_expect_lease(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_insert(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_update(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_put_project(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_put_person(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_raise_epoch(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_set_files(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_add_review(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_drop_tasks(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_drop_stage(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_add_approval(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_revoke(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_put_elsewhere(struct sl_batch *batch, struct tx *tx,
	const struct step *step, struct sl_error *err);
enum sl_code store_step_end_run(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_put_step(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_add_snapshot(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);
enum sl_code store_step_put_drift(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err);

#endif
