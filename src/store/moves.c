#include "batch_int.h"

#include <inttypes.h>

#define SETS_MAX 14

/* What a move writes, and what it found. */
struct moving {
	const struct table *table;
	const struct sl_move *move;
	const void *row;
	struct set sets[SETS_MAX];
	size_t len;
};

static void set_number(struct moving *moving, const char *column, int64_t number)
{
	moving->sets[moving->len++] = (struct set){ .column = column, .number = number };
}

static void set_text(struct moving *moving, const char *column, const char *text)
{
	moving->sets[moving->len++] = (struct set){ .column = column, .text = text };
}

static const struct table *table_of(enum sl_object object)
{
	switch (object) {
	case SL_OBJECT_CHANGE:
		return &store_change_table;
	case SL_OBJECT_STAGE:
		return &store_stage_table;
	case SL_OBJECT_TASK:
	case SL_OBJECT_COUNT:
		break;
	}
	return &store_task_table;
}

/* The moments and marks that go with a change's new state. */
static void follow_change(struct moving *moving)
{
	switch ((enum sl_change_state)moving->move->to) {
	case SL_CHANGE_MERGED:
		set_number(moving, "merged_at", moving->move->at);
		break;
	case SL_CHANGE_DONE:
	case SL_CHANGE_NOTHING:
	case SL_CHANGE_CLOSED:
	case SL_CHANGE_SUPERSEDED:
		set_number(moving, "ended_at", moving->move->at);
		break;
	case SL_CHANGE_OPEN:
	case SL_CHANGE_STATE_COUNT:
		set_number(moving, "ended_at", 0);
	}
}

static void follow_stage(struct moving *moving)
{
	const struct sl_stage *stage = moving->row;

	switch ((enum sl_stage_state)moving->move->to) {
	case SL_STAGE_RUNNING:
		if (stage->started_at == 0)
			set_number(moving, "started_at", moving->move->at);
		set_number(moving, "ended_at", 0);
		break;
	case SL_STAGE_DONE:
	case SL_STAGE_FAILED:
	case SL_STAGE_NOTHING:
	case SL_STAGE_CANCELED:
	case SL_STAGE_LEFT:
	case SL_STAGE_ELSEWHERE:
	case SL_STAGE_SKIPPED:
		set_number(moving, "ended_at", moving->move->at);
		break;
	case SL_STAGE_WAITING:
	case SL_STAGE_STATE_COUNT:
		set_number(moving, "ended_at", 0);
	}
}

/* Since when every attempt was blocked or unknown; kept while it becomes ready in between. */
static int64_t blocked_since(const struct sl_task *task, const struct sl_move *move)
{
	switch ((enum sl_task_state)move->to) {
	case SL_TASK_BLOCKED:
	case SL_TASK_UNKNOWN:
		return task->blocked_at != 0 && !move->blocked_anew ? task->blocked_at : move->at;
	case SL_TASK_READY:
	case SL_TASK_RUNNING:
		return move->from == SL_TASK_BLOCKED || move->from == SL_TASK_UNKNOWN ?
			task->blocked_at :
			0;
	case SL_TASK_WAITING:
	case SL_TASK_DONE:
	case SL_TASK_FAILED:
	case SL_TASK_NEEDS_HUMAN:
	case SL_TASK_SKIPPED:
	case SL_TASK_CANCELED:
	case SL_TASK_STATE_COUNT:
		break;
	}
	return 0;
}

static void follow_task(struct moving *moving)
{
	const struct sl_move *move = moving->move;

	set_number(moving, "due_at", move->due_at);
	set_number(moving, "blocked_at", blocked_since(moving->row, move));
	set_number(moving, "cancel_asked", false);
	if (move->from == SL_TASK_RUNNING) {
		set_number(moving, "ended_at", move->at);
		set_text(moving, "lease_by", "");
		set_number(moving, "lease_until", 0);
	}
	if (move->has_outcome)
		set_number(moving, "outcome", (int64_t)move->outcome);
	/* An attempt that was cut off, by a stop of the daemon too, does not tell. */
	if (move->has_outcome && move->outcome != SL_OUTCOME_UNKNOWN)
		set_number(moving, "busy", move->busy);
	if (move->detail)
		set_text(moving, "detail", move->detail);
}

static const char *state_name(const struct table *table, int64_t state)
{
	return store_table_column(table, "state")->word->name((int)state);
}

/* Why the compare-and-set cannot be made, or SL_OK. */
static enum sl_code compare(const struct moving *moving, struct sl_error *err)
{
	const struct sl_move *move = moving->move;
	int64_t state = store_column_number(store_table_column(moving->table, "state"),
		moving->row);

	if (state != move->from)
		return sl_error_set(err, SL_ECONFLICT,
			"%s %" PRId64 ": is %s by now, not %s, and was not made %s",
			moving->table->name, move->id, state_name(moving->table, state),
			state_name(moving->table, move->from), state_name(moving->table, move->to));
	if (move->lease_epoch != 0 && moving->table == &store_task_table &&
		((const struct sl_task *)moving->row)->lease_epoch != move->lease_epoch)
		return sl_error_set(err, SL_ECONFLICT,
			"task %" PRId64 ": another worker has taken it over", move->id);
	return SL_OK;
}

static int64_t change_of(const struct moving *moving)
{
	if (moving->table == &store_change_table)
		return store_record_id(moving->table, moving->row);
	return store_column_number(store_table_column(moving->table, "change_id"), moving->row);
}

static enum sl_code set_states(const struct moving *moving, struct tx *tx, int64_t id,
	struct sl_error *err)
{
	struct query where = { .table = moving->table,
		.filters = { { .column = "id", .number = id },
			{ .column = "state", .number = moving->move->from } } };
	size_t changed = 0;
	enum sl_code code = store_tx_ops(tx)->update(tx, &where, moving->sets, &changed, err);

	if (code == SL_OK && changed == 0)
		code = sl_error_set(err, SL_ECONFLICT, "%s %" PRId64 ": moved meanwhile",
			moving->table->name, id);
	return code;
}

enum sl_code store_step_move(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	struct moving moving = { .move = step->record };
	const struct sl_move *move = moving.move;
	int64_t id = store_batch_resolve(batch, move->id);
	void *row = NULL;
	enum sl_code code;

	moving.table = table_of(move->object);
	code = store_batch_lock(batch, tx, moving.table, id, &row, err);
	if (code != SL_OK)
		return code;
	moving.row = row;
	code = compare(&moving, err);
	if (code != SL_OK)
		return code;
	set_number(&moving, "state", move->to);
	set_text(&moving, "wait", move->wait);
	if (moving.table == &store_change_table)
		follow_change(&moving);
	else if (moving.table == &store_stage_table)
		follow_stage(&moving);
	else
		follow_task(&moving);
	code = set_states(&moving, tx, id, err);
	if (code != SL_OK)
		return code;
	store_batch_touch(batch, move->object, id);
	store_batch_touch_change(batch, change_of(&moving));
	return SL_OK;
}
