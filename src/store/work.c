#include "sluice/store/work.h"

#include "store_int.h"

#include <inttypes.h>

#define READY_SEEN_MAX 1000 /* ready tasks that one claim looks at */

/* What keeps a target from a task of another change; an older one goes first besides. */
#define BUSY                                                             \
	(SL_STATE_BIT(SL_TASK_RUNNING) | SL_STATE_BIT(SL_TASK_UNKNOWN) | \
		SL_STATE_BIT(SL_TASK_NEEDS_HUMAN))
#define AHEAD (SL_STATE_BIT(SL_TASK_READY) | SL_STATE_BIT(SL_TASK_BLOCKED))

struct task_claim {
	const struct sl_claim *claim;
	struct sl_arena *arena;
	struct sl_task *out;
	bool found;
};

/* The task as it is now, kept from other claims, or NULL: a claim of another process looks at it,
 * or has taken it.  Tasks of one target are claimed by one at a time. */
static enum sl_code hold_candidate(struct tx *tx, const struct task_claim *job, int64_t id,
	const char *target, struct sl_task **out, struct sl_error *err)
{
	struct query ready = { .table = &store_task_table,
		.filters = { { .column = "id", .number = id },
			{ .column = "state", .number = SL_TASK_READY },
			{ .column = "due_at", .compare = AT_MOST, .number = job->claim->now } },
		.lock = LOCK_FREE_ROWS };
	bool got = true;
	void *row = NULL;
	enum sl_code code = SL_OK;

	if (store_tx_ops(tx)->guard) {
		code = store_tx_ops(tx)->guard(tx, target, &got, err);
		if (code == SL_OK && got)
			code = store_tx_first(tx, &ready, job->arena, &row, err);
		*out = row;
	}
	return code;
}

/* What it did last is to be proved before anything else happens to its target. */
static bool is_unproved(const struct sl_task *task)
{
	return task->ended_at != 0 && task->outcome == SL_OUTCOME_UNKNOWN;
}

/* Whether another task stands between this one and its target. */
static enum sl_code is_free(struct tx *tx, const struct sl_task *task, struct sl_arena *arena,
	bool *out, struct sl_error *err)
{
	struct query busy = { .table = &store_task_table,
		.filters = { { .column = "target", .text = task->target },
			{ .column = "state", .compare = ONE_OF, .number = BUSY },
			{ .column = "id", .compare = IS_NOT, .number = task->id } } };
	struct query ahead = { .table = &store_task_table,
		.filters = { { .column = "target", .text = task->target },
			{ .column = "state", .compare = ONE_OF, .number = AHEAD },
			{ .column = "id", .compare = BELOW, .number = task->id } } };
	struct query unproved = { .table = &store_task_table,
		.filters = { { .column = "target", .text = task->target },
			{ .column = "state", .number = SL_TASK_READY },
			{ .column = "outcome", .number = SL_OUTCOME_UNKNOWN },
			{ .column = "ended_at", .compare = ABOVE, .number = 0 } } };
	void *other = NULL;
	enum sl_code code = store_tx_first(tx, &busy, arena, &other, err);

	if (code == SL_OK && !other && !is_unproved(task))
		code = store_tx_first(tx, &ahead, arena, &other, err);
	if (code == SL_OK && !other && !is_unproved(task))
		code = store_tx_first(tx, &unproved, arena, &other, err);
	*out = !other;
	return code;
}

static enum sl_code take_task(struct tx *tx, const struct task_claim *job, struct sl_task *task,
	struct sl_error *err)
{
	const struct sl_claim *claim = job->claim;
	struct sl_task taken = *task;

	taken.state = SL_TASK_RUNNING;
	taken.lease_by = sl_arena_strdup(job->arena, claim->replica);
	taken.lease_until = claim->now + claim->lease_us;
	taken.lease_epoch++;
	taken.attempts++;
	taken.started_at = claim->now;
	taken.ended_at = 0;
	taken.wait = "";
	*task = taken;
	return store_tx_set(tx, &store_task_table, taken.id,
		(const struct set[]){ { .column = "state", .number = taken.state },
			{ .column = "lease_by", .text = taken.lease_by },
			{ .column = "lease_until", .number = taken.lease_until },
			{ .column = "lease_epoch", .number = taken.lease_epoch },
			{ .column = "attempts", .number = taken.attempts },
			{ .column = "started_at", .number = taken.started_at },
			{ .column = "ended_at", .number = 0 }, { .column = "wait", .text = "" },
			{ 0 } },
		err);
}

static enum sl_code claim_task(struct tx *tx, void *arg, struct sl_error *err)
{
	struct task_claim *job = arg;
	struct query ready = { .table = &store_task_table,
		.filters = { { .column = "state", .number = SL_TASK_READY },
			{ .column = "due_at", .compare = AT_MOST, .number = job->claim->now } },
		.limit = READY_SEEN_MAX };
	struct rows rows;
	enum sl_code code = store_tx_select(tx, &ready, job->arena, &rows, err);
	struct sl_task *tasks = rows.at;

	job->found = false;
	for (size_t i = 0; code == SL_OK && i < rows.len && !job->found; i++) {
		struct sl_task *task = &tasks[i];

		code = hold_candidate(tx, job, task->id, task->target, &task, err);
		if (code == SL_OK && task)
			code = is_free(tx, task, job->arena, &job->found, err);
		if (code == SL_OK && job->found) {
			code = take_task(tx, job, task, err);
			*job->out = *task;
		}
	}
	return code;
}

enum sl_code sl_store_task_claim(struct sl_store *store, const struct sl_claim *claim,
	struct sl_arena *arena, struct sl_task *out, bool *found, struct sl_error *err)
{
	struct sl_task task;
	struct task_claim job = { .claim = claim, .arena = arena, .out = &task };
	enum sl_code code = store_write(store, claim_task, &job, err);

	if (code != SL_OK)
		return code;
	*found = job.found;
	if (job.found)
		*out = task;
	return SL_OK;
}

struct renewal {
	int64_t id, epoch, until;
};

static enum sl_code renew_task(struct tx *tx, void *arg, struct sl_error *err)
{
	const struct renewal *renewal = arg;
	struct query where = { .table = &store_task_table,
		.filters = { { .column = "id", .number = renewal->id },
			{ .column = "state", .number = SL_TASK_RUNNING },
			{ .column = "lease_epoch", .number = renewal->epoch } } };
	const struct set sets[] = { { .column = "lease_until", .number = renewal->until }, { 0 } };
	size_t changed = 0;
	enum sl_code code = store_tx_ops(tx)->update(tx, &where, sets, &changed, err);

	if (code == SL_OK && changed == 0)
		code = sl_error_set(err, SL_ECONFLICT,
			"task %" PRId64 ": another worker has taken it over", renewal->id);
	return code;
}

enum sl_code sl_store_task_renew(struct sl_store *store, int64_t id, int64_t epoch, int64_t until,
	struct sl_error *err)
{
	struct renewal renewal = { id, epoch, until };

	return store_write(store, renew_task, &renewal, err);
}

enum sl_code sl_store_tasks_expired(struct sl_store *store, int64_t now, struct sl_arena *arena,
	struct sl_task_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_task_table,
		.filters = { { .column = "state", .number = SL_TASK_RUNNING },
			{ .column = "lease_until", .compare = AT_MOST, .number = now } } };
	struct rows rows;
	enum sl_code code = store_select(store, &query, arena, &rows, err);

	if (code == SL_OK)
		*out = (struct sl_task_list){ rows.at, rows.len };
	return code;
}

/* The lowest value of a column over the rows that the query selects, when below *out. */
static enum sl_code earliest(struct sl_store *store, const struct query *query,
	struct sl_arena *arena, int64_t *out, struct sl_error *err)
{
	struct rows rows;
	enum sl_code code = store_select(store, query, arena, &rows, err);

	if (code == SL_OK && rows.len > 0) {
		int64_t at = store_column_number(store_table_column(query->table, query->order),
			rows.at);

		if (*out == 0 || at < *out)
			*out = at > 0 ? at : 1;
	}
	return code;
}

enum sl_code sl_store_next_due(struct sl_store *store, int64_t *out, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct query waiting[] = {
		{ .table = &store_task_table,
			.filters = { { .column = "state",
				.compare = ONE_OF,
				.number = AHEAD | SL_STATE_BIT(SL_TASK_UNKNOWN) } },
			.order = "due_at",
			.limit = 1 },
		{ .table = &store_task_table,
			.filters = { { .column = "state", .number = SL_TASK_RUNNING } },
			.order = "lease_until",
			.limit = 1 },
		{ .table = &store_outbox_table,
			.filters = { { .column = "done_at", .number = 0 } },
			.order = "due_at",
			.limit = 1 },
	};
	int64_t due = 0;
	enum sl_code code = SL_OK;

	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]) && code == SL_OK; i++)
		code = earliest(store, &waiting[i], arena, &due, err);
	if (code == SL_OK)
		*out = due;
	return code;
}

struct intake {
	const struct sl_delivery *delivery;
	int64_t id;
};

static enum sl_code take_in(struct tx *tx, void *arg, struct sl_error *err)
{
	struct intake *intake = arg;

	if (store_tx_ops(tx)->tell)
		store_tx_ops(tx)->tell(tx, SL_NEWS_PROJECT, intake->delivery->source);
	return store_tx_ops(tx)->insert(tx, &store_inbox_table, intake->delivery, &intake->id, err);
}

enum sl_code sl_store_inbox_add(struct sl_store *store, const struct sl_delivery *delivery,
	bool *fresh, struct sl_error *err)
{
	struct intake intake = { delivery, 0 };
	enum sl_code code = store_write(store, take_in, &intake, err);

	if (code == SL_OK)
		*fresh = intake.id != 0;
	return code;
}

enum sl_code sl_store_inbox(struct sl_store *store, unsigned limit, struct sl_arena *arena,
	struct sl_delivery_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_inbox_table,
		.filters = { { .column = "done_at", .number = 0 } },
		.limit = limit };
	struct rows rows;
	enum sl_code code = store_select(store, &query, arena, &rows, err);

	if (code == SL_OK)
		*out = (struct sl_delivery_list){ rows.at, rows.len };
	return code;
}

enum sl_code sl_store_inbox_done(struct sl_store *store, int64_t id, int64_t at,
	struct sl_error *err)
{
	const struct set sets[] = { { .column = "done_at", .number = at }, { 0 } };

	return store_set(store, &store_inbox_table, id, sets, err);
}

struct message_claim {
	const struct sl_claim *claim;
	unsigned limit;
	struct sl_arena *arena;
	struct rows rows;
};

static enum sl_code claim_messages(struct tx *tx, void *arg, struct sl_error *err)
{
	struct message_claim *job = arg;
	const struct sl_claim *claim = job->claim;
	struct query due = { .table = &store_outbox_table,
		.filters = { { .column = "done_at", .number = 0 },
			{ .column = "due_at", .compare = AT_MOST, .number = claim->now } },
		.limit = job->limit,
		.lock = LOCK_FREE_ROWS };
	enum sl_code code = store_tx_select(tx, &due, job->arena, &job->rows, err);
	struct sl_message *messages = job->rows.at;

	for (size_t i = 0; code == SL_OK && i < job->rows.len; i++) {
		messages[i].attempts++;
		messages[i].due_at = claim->now + claim->lease_us;
		code = store_tx_set(tx, &store_outbox_table, messages[i].id,
			(const struct set[]){
				{ .column = "attempts", .number = messages[i].attempts },
				{ .column = "due_at", .number = messages[i].due_at }, { 0 } },
			err);
	}
	return code;
}

enum sl_code sl_store_outbox_claim(struct sl_store *store, const struct sl_claim *claim,
	unsigned limit, struct sl_arena *arena, struct sl_message_list *out, struct sl_error *err)
{
	struct message_claim job = { .claim = claim, .limit = limit, .arena = arena };
	enum sl_code code = store_write(store, claim_messages, &job, err);

	if (code == SL_OK)
		*out = (struct sl_message_list){ job.rows.at, job.rows.len };
	return code;
}

enum sl_code sl_store_outbox_ack(struct sl_store *store, int64_t id, int64_t at,
	struct sl_error *err)
{
	const struct set sets[] = { { .column = "done_at", .number = at },
		{ .column = "error", .text = "" }, { 0 } };

	return store_set(store, &store_outbox_table, id, sets, err);
}

enum sl_code sl_store_outbox_fail(struct sl_store *store, const struct sl_outbox_failure *failure,
	struct sl_error *err)
{
	const struct set sets[] = { { .column = "due_at", .number = failure->due_at },
		{ .column = "done_at", .number = failure->due_at == 0 ? failure->at : 0 },
		{ .column = "error", .text = failure->error }, { 0 } };

	return store_set(store, &store_outbox_table, failure->id, sets, err);
}
