#include "batch_int.h"

#include "sluice/core/alloc.h"

#include <assert.h>
#include <stdlib.h>

struct sl_batch *sl_batch_new(void)
{
	struct sl_batch *batch = sl_xcalloc(1, sizeof(*batch));

	batch->arena = sl_arena_new();
	return batch;
}

void sl_batch_free(struct sl_batch *batch)
{
	if (!batch)
		return;
	sl_vec_done(&batch->ids);
	sl_vec_done(&batch->touched);
	sl_vec_done(&batch->changes);
	sl_arena_free(batch->arena);
	free(batch);
}

int64_t store_batch_resolve(const struct sl_batch *batch, int64_t id)
{
	if (id >= 0)
		return id;
	assert((size_t)-id <= batch->ids.len);
	return batch->ids.at[-id - 1];
}

int64_t sl_batch_id(const struct sl_batch *batch, int64_t ticket)
{
	return store_batch_resolve(batch, ticket);
}

void store_batch_touch(struct sl_batch *batch, enum sl_object object, int64_t id)
{
	for (size_t i = 0; i < batch->touched.len; i++) {
		if (batch->touched.at[i].object == object && batch->touched.at[i].id == id)
			return;
	}
	*sl_vec_add(&batch->touched) = (struct touched){ object, id };
}

void store_batch_touch_change(struct sl_batch *batch, int64_t change_id)
{
	for (size_t i = 0; i < batch->changes.len; i++) {
		if (batch->changes.at[i] == change_id)
			return;
	}
	*sl_vec_add(&batch->changes) = change_id;
	store_batch_touch(batch, SL_OBJECT_CHANGE, change_id);
}

struct step *store_batch_step(struct sl_batch *batch,
	enum sl_code (*run)(struct sl_batch *batch, struct tx *tx, const struct step *step,
		struct sl_error *err))
{
	struct step *step = sl_arena_alloc(batch->arena, sizeof(*step));

	step->run = run;
	if (batch->last)
		batch->last->next = step;
	else
		batch->first = step;
	batch->last = step;
	return step;
}

static enum sl_code raise_revisions(struct sl_batch *batch, struct tx *tx, struct sl_error *err)
{
	const struct set sets[] = { { .column = "revision", .number = 1, .add = true }, { 0 } };
	enum sl_code code = SL_OK;

	for (size_t i = 0; i < batch->changes.len && code == SL_OK; i++)
		code = store_tx_set(tx, &store_change_table, batch->changes.at[i], sets, err);
	return code;
}

static void tell_touched(const struct sl_batch *batch, struct tx *tx)
{
	for (size_t i = 0; i < batch->touched.len; i++) {
		if (batch->touched.at[i].object == SL_OBJECT_CHANGE)
			store_tx_tell(tx, SL_NEWS_CHANGE, batch->touched.at[i].id);
		else if (batch->touched.at[i].object == SL_OBJECT_TASK)
			store_tx_tell(tx, SL_NEWS_TASK, batch->touched.at[i].id);
	}
}

/* As it was built: a transaction that lost is run again. */
static void forget_run(struct sl_batch *batch)
{
	batch->touched.len = 0;
	batch->changes.len = 0;
	for (size_t i = 0; i < batch->ids.len; i++)
		batch->ids.at[i] = 0;
}

static enum sl_code run_batch(struct tx *tx, void *arg, struct sl_error *err)
{
	struct sl_batch *batch = arg;
	enum sl_code code = SL_OK;

	forget_run(batch);
	for (const struct step *step = batch->first; step && code == SL_OK; step = step->next)
		code = step->run(batch, tx, step, err);
	if (code == SL_OK)
		code = raise_revisions(batch, tx, err);
	if (code == SL_OK)
		tell_touched(batch, tx);
	return code;
}

enum sl_code sl_store_commit(struct sl_store *store, struct sl_batch *batch, struct sl_error *err)
{
	enum sl_code code = store_write(store, run_batch, batch, err);

	if (code != SL_OK || !store->woken)
		return code;
	for (size_t i = 0; i < batch->touched.len; i++)
		store->woken(store->woken_ctx, batch->touched.at[i].object,
			batch->touched.at[i].id);
	return code;
}

enum sl_code sl_store_apply(struct sl_store *store, const struct sl_move *moves, size_t n,
	struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	for (size_t i = 0; i < n; i++)
		sl_batch_move(batch, &moves[i]);
	return sl_store_commit(store, batch, err);
}

/* --- what can be added ---------------------------------------------------------------------- */

static struct step *step_with(struct sl_batch *batch,
	enum sl_code (*run)(struct sl_batch *batch, struct tx *tx, const struct step *step,
		struct sl_error *err),
	const struct table *table, const void *record)
{
	struct step *step = store_batch_step(batch, run);

	step->table = table;
	step->record = store_record_copy(table, record, batch->arena);
	step->id = store_record_id(table, record);
	return step;
}

static int64_t with_ticket(struct sl_batch *batch, struct step *step)
{
	*sl_vec_add(&batch->ids) = 0;
	step->ticket = -(int64_t)batch->ids.len;
	return step->ticket;
}

static int64_t add(struct sl_batch *batch, const struct table *table, const void *record)
{
	return with_ticket(batch, step_with(batch, store_step_insert, table, record));
}

static void update(struct sl_batch *batch, const struct table *table, const void *record,
	const char *const *columns)
{
	step_with(batch, store_step_update, table, record)->columns = columns;
}

/* Copies of n records, one behind the other. */
static void *copy_all(struct sl_batch *batch, const struct table *table, const void *records,
	size_t n)
{
	char *copies = sl_arena_calloc(batch->arena, n > 0 ? n : 1, table->size);

	for (size_t i = 0; i < n; i++)
		memcpy(copies + i * table->size,
			store_record_copy(table, (const char *)records + i * table->size,
				batch->arena),
			table->size);
	return copies;
}

void sl_batch_move(struct sl_batch *batch, const struct sl_move *move)
{
	struct step *step = store_batch_step(batch, store_step_move);
	struct sl_move *copy = sl_arena_alloc(batch->arena, sizeof(*copy));

	*copy = *move;
	copy->wait = sl_arena_strdup(batch->arena, move->wait ? move->wait : "");
	copy->detail = move->detail ? sl_arena_strdup(batch->arena, move->detail) : NULL;
	step->record = copy;
	if (move->event)
		sl_batch_event(batch, move->event);
	if (move->audit)
		sl_batch_audit(batch, move->audit);
	for (size_t i = 0; i < move->outbox_len; i++)
		sl_batch_message(batch, &move->outbox[i]);
}

void sl_batch_expect(struct sl_batch *batch, int64_t change_id, int64_t revision)
{
	struct sl_change expected = { .id = change_id, .revision = revision };

	(void)step_with(batch, store_step_expect, &store_change_table, &expected);
}

void sl_batch_expect_task(struct sl_batch *batch, int64_t task_id, int64_t epoch)
{
	struct sl_task expected = { .id = task_id, .lease_epoch = epoch };

	(void)step_with(batch, store_step_expect_task, &store_task_table, &expected);
}

void sl_batch_expect_lease(struct sl_batch *batch, const char *name, int64_t epoch)
{
	(void)step_with(batch, store_step_expect_lease, &store_lease_table,
		&(struct lease_row){ .name = name, .holder = "", .epoch = epoch });
}

void sl_batch_put_project(struct sl_batch *batch, const struct sl_project_record *project)
{
	(void)step_with(batch, store_step_put_project, &store_project_table, project);
}

int64_t sl_batch_add_change(struct sl_batch *batch, const struct sl_change *change)
{
	return add(batch, &store_change_table, change);
}

void sl_batch_update_change(struct sl_batch *batch, const struct sl_change *change)
{
	static const char *const columns[] = { "title", "head", "base", "author", "content", "wait",
		"review_id", NULL };

	update(batch, &store_change_table, change, columns);
}

void sl_batch_hold(struct sl_batch *batch, int64_t change_id, bool held, const char *reason,
	const char *by)
{
	static const char *const columns[] = { "held", "hold_reason", "hold_by", NULL };
	struct sl_change change = { .id = change_id,
		.held = held,
		.hold_reason = held ? reason : "",
		.hold_by = held ? by : "" };

	update(batch, &store_change_table, &change, columns);
}

void sl_batch_add_person(struct sl_batch *batch, const struct sl_change_person *person)
{
	(void)step_with(batch, store_step_put_person, &store_person_table, person);
}

void sl_batch_raise_epoch(struct sl_batch *batch, const char *name, int64_t to)
{
	(void)step_with(batch, store_step_raise_epoch, &store_epoch_table,
		&(struct epoch_row){ name, to });
}

void sl_batch_set_files(struct sl_batch *batch, int64_t change_id,
	const struct sl_change_file *files, size_t n)
{
	struct step *step = store_batch_step(batch, store_step_set_files);

	step->id = change_id;
	step->more = copy_all(batch, &store_file_table, files, n);
	step->more_len = n;
}

int64_t sl_batch_add_review(struct sl_batch *batch, const struct sl_review_record *review,
	const struct sl_finding_record *findings, size_t n)
{
	struct step *step = step_with(batch, store_step_add_review, &store_review_table, review);

	step->more = copy_all(batch, &store_finding_table, findings, n);
	step->more_len = n;
	return with_ticket(batch, step);
}

int64_t sl_batch_add_waiver(struct sl_batch *batch, const struct sl_waiver *waiver)
{
	return add(batch, &store_waiver_table, waiver);
}

void sl_batch_end_waiver(struct sl_batch *batch, int64_t id, int64_t at)
{
	static const char *const columns[] = { "until", NULL };

	update(batch, &store_waiver_table, &(struct sl_waiver){ .id = id, .until = at }, columns);
}

int64_t sl_batch_add_stage(struct sl_batch *batch, const struct sl_stage *stage)
{
	return add(batch, &store_stage_table, stage);
}

void sl_batch_update_stage(struct sl_batch *batch, const struct sl_stage *stage)
{
	static const char *const columns[] = { "digest", "risk", "plan", "wait", NULL };

	update(batch, &store_stage_table, stage, columns);
}

void sl_batch_drop_stage(struct sl_batch *batch, int64_t id)
{
	sl_batch_drop_tasks(batch, id);
	store_batch_step(batch, store_step_drop_stage)->id = id;
}

int64_t sl_batch_add_task(struct sl_batch *batch, const struct sl_task *task)
{
	return add(batch, &store_task_table, task);
}

void sl_batch_drop_tasks(struct sl_batch *batch, int64_t stage_id)
{
	store_batch_step(batch, store_step_drop_tasks)->id = stage_id;
}

void sl_batch_wait(struct sl_batch *batch, enum sl_object object, int64_t id, const char *wait)
{
	static const char *const columns[] = { "wait", NULL };

	switch (object) {
	case SL_OBJECT_CHANGE:
		update(batch, &store_change_table, &(struct sl_change){ .id = id, .wait = wait },
			columns);
		break;
	case SL_OBJECT_STAGE:
		update(batch, &store_stage_table, &(struct sl_stage){ .id = id, .wait = wait },
			columns);
		break;
	case SL_OBJECT_TASK:
		update(batch, &store_task_table, &(struct sl_task){ .id = id, .wait = wait },
			columns);
		break;
	case SL_OBJECT_COUNT:
		assert(!"no object");
	}
}

void sl_batch_ask_cancel(struct sl_batch *batch, int64_t task_id)
{
	static const char *const columns[] = { "cancel_asked", NULL };

	update(batch, &store_task_table, &(struct sl_task){ .id = task_id, .cancel_asked = true },
		columns);
}

int64_t sl_batch_add_approval(struct sl_batch *batch, const struct sl_approval *approval)
{
	return with_ticket(batch,
		step_with(batch, store_step_add_approval, &store_approval_table, approval));
}

void sl_batch_revoke_approval(struct sl_batch *batch, int64_t id, const char *by, int64_t at)
{
	struct sl_approval approval = { .id = id, .revoked_by = by, .revoked_at = at };

	(void)step_with(batch, store_step_revoke, &store_approval_table, &approval);
}

void sl_batch_add_run(struct sl_batch *batch, const struct sl_run *run)
{
	(void)step_with(batch, store_step_insert, &store_run_table, run);
}

void sl_batch_end_run(struct sl_batch *batch, const struct sl_run *run)
{
	(void)step_with(batch, store_step_end_run, &store_run_table, run);
}

void sl_batch_put_step(struct sl_batch *batch, const struct sl_step *step)
{
	(void)step_with(batch, store_step_put_step, &store_step_table, step);
}

int64_t sl_batch_add_snapshot(struct sl_batch *batch, const struct sl_snapshot_record *snapshot,
	const struct sl_snapshot_object *objects, size_t n)
{
	struct step *step = step_with(batch, store_step_add_snapshot, &store_snapshot_table,
		snapshot);
	struct sl_snapshot_object *copies = sl_arena_calloc(batch->arena, n > 0 ? n : 1,
		sizeof(*copies));

	for (size_t i = 0; i < n; i++)
		copies[i] = (struct sl_snapshot_object){
			.key = sl_arena_strdup(batch->arena, objects[i].key),
			.hash = sl_arena_strdup(batch->arena, objects[i].hash),
			.body = sl_arena_strdup(batch->arena, objects[i].body),
		};
	step->more = copies;
	step->more_len = n;
	return with_ticket(batch, step);
}

void sl_batch_put_drift(struct sl_batch *batch, const struct sl_drift_record *drift)
{
	(void)step_with(batch, store_step_put_drift, &store_drift_table, drift);
}

void sl_batch_put_elsewhere(struct sl_batch *batch, const struct sl_elsewhere_record *seen)
{
	(void)step_with(batch, store_step_put_elsewhere, &store_elsewhere_table, seen);
}

void sl_batch_event(struct sl_batch *batch, const struct sl_event *event)
{
	(void)step_with(batch, store_step_insert, &store_event_table, event);
}

void sl_batch_audit(struct sl_batch *batch, const struct sl_audit *audit)
{
	(void)step_with(batch, store_step_insert, &store_audit_table, audit);
}

void sl_batch_message(struct sl_batch *batch, const struct sl_message *message)
{
	(void)step_with(batch, store_step_insert, &store_outbox_table, message);
}
