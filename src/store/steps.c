#include "batch_int.h"

#include <inttypes.h>
#include <string.h>

/* The column by which a row says which change it belongs to, where its writing concerns the change.
 */
static const struct column *change_column(const struct table *table)
{
	static const struct table *const concerned[] = { &store_person_table, &store_file_table,
		&store_review_table, &store_waiver_table, &store_stage_table, &store_approval_table,
		&store_task_table, &store_elsewhere_table };

	for (size_t i = 0; i < sizeof(concerned) / sizeof(concerned[0]); i++) {
		if (concerned[i] == table)
			return store_table_column(table, "change_id");
	}
	return NULL;
}

/* Wake-ups and revisions that a written row brings. */
static void touch_row(struct sl_batch *batch, const struct table *table, const void *record,
	int64_t id)
{
	const struct column *change = change_column(table);

	if (table == &store_change_table)
		store_batch_touch_change(batch, id);
	else if (change)
		store_batch_touch_change(batch, store_column_number(change, record));
	if (table == &store_stage_table)
		store_batch_touch(batch, SL_OBJECT_STAGE, id);
	if (table == &store_task_table)
		store_batch_touch(batch, SL_OBJECT_TASK, id);
}

enum sl_code store_batch_lock(struct sl_batch *batch, struct tx *tx, const struct table *table,
	int64_t id, void **out, struct sl_error *err)
{
	const struct column *change = change_column(table);
	void *row = NULL;
	enum sl_code code = SL_OK;

	if (change)
		code = store_tx_by_id(tx, table, id, batch->arena, &row, err);
	if (code == SL_OK && change)
		code = store_tx_lock(tx, &store_change_table, store_column_number(change, row),
			batch->arena, &row, err);
	return code == SL_OK ? store_tx_lock(tx, table, id, batch->arena, out, err) : code;
}

enum sl_code store_batch_insert(struct sl_batch *batch, struct tx *tx, const struct table *table,
	const void *record, int64_t *id, struct sl_error *err)
{
	void *row = store_record_copy(table, record, batch->arena);
	enum sl_code code;

	for (size_t i = 0; i < table->len; i++) {
		const struct column *column = &table->columns[i];

		if (column->kind == COLUMN_REF)
			store_column_set_number(column, row,
				store_batch_resolve(batch, store_column_number(column, row)));
	}
	code = store_tx_ops(tx)->insert(tx, table, row, id, err);
	if (code == SL_OK && *id > 0)
		touch_row(batch, table, row, *id);
	return code;
}

static enum sl_code taken(const struct table *table, struct sl_error *err)
{
	return sl_error_set(err, SL_ECONFLICT, "%s: there is one already", table->name);
}

static enum sl_code insert_new(struct sl_batch *batch, struct tx *tx, const struct step *step,
	int64_t *id, struct sl_error *err)
{
	enum sl_code code = store_batch_insert(batch, tx, step->table, step->record, id, err);

	if (code == SL_OK && *id == 0)
		code = taken(step->table, err);
	if (code == SL_OK && step->ticket != 0)
		batch->ids.at[-step->ticket - 1] = *id;
	return code;
}

enum sl_code store_step_insert(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	int64_t id;

	return insert_new(batch, tx, step, &id, err);
}

#define SETS_MAX 18

/* The named columns of the record as sets; ends with an empty one. */
static void make_sets(const struct sl_batch *batch, const struct step *step,
	struct set sets[SETS_MAX])
{
	size_t n = 0;

	memset(sets, 0, SETS_MAX * sizeof(*sets));
	for (; step->columns[n]; n++) {
		const struct column *column = store_table_column(step->table, step->columns[n]);

		sets[n].column = column->name;
		if (column->kind == COLUMN_TEXT)
			sets[n].text = store_column_text(column, step->record);
		else
			sets[n].number = store_column_number(column, step->record);
		if (column->kind == COLUMN_REF)
			sets[n].number = store_batch_resolve(batch, sets[n].number);
	}
}

/* A sentence says what is so already: whoever read the change before has missed nothing. */
static bool only_wait(const struct step *step)
{
	return strcmp(step->columns[0], "wait") == 0;
}

enum sl_code store_step_update(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	int64_t id = store_batch_resolve(batch, step->id);
	struct set sets[SETS_MAX];
	void *row = NULL;
	enum sl_code code = SL_OK;

	make_sets(batch, step, sets);
	if (!only_wait(step))
		code = store_batch_lock(batch, tx, step->table, id, &row, err);
	if (code == SL_OK)
		code = store_tx_set(tx, step->table, id, sets, err);
	if (code == SL_OK && row)
		touch_row(batch, step->table, row, id);
	return code;
}

enum sl_code store_step_expect(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	const struct sl_change *expected = step->record;
	const struct sl_change *now;
	void *row = NULL;
	enum sl_code code = store_tx_lock(tx, &store_change_table, step->id, batch->arena, &row,
		err);

	if (code != SL_OK)
		return code;
	now = row;
	if (now->revision != expected->revision)
		return sl_error_set(err, SL_ECONFLICT,
			"change %" PRId64 ": changed since it was read", now->id);
	return SL_OK;
}

enum sl_code store_step_expect_task(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	const struct sl_task *expected = step->record;
	const struct sl_task *now;
	void *row = NULL;
	enum sl_code code = store_tx_lock(tx, &store_task_table, step->id, batch->arena, &row, err);

	if (code != SL_OK)
		return code;
	now = row;
	if (now->state != SL_TASK_RUNNING || now->lease_epoch != expected->lease_epoch)
		return sl_error_set(err, SL_ECONFLICT,
			"task %" PRId64 ": another worker has taken it over", now->id);
	return SL_OK;
}

enum sl_code store_step_expect_lease(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	const struct lease_row *expected = step->record;
	struct query query = { .table = &store_lease_table,
		.filters = { { .column = "name", .text = expected->name },
			{ .column = "epoch", .number = expected->epoch } },
		.lock = LOCK_ROWS };
	void *row = NULL;
	enum sl_code code = store_tx_first(tx, &query, batch->arena, &row, err);

	if (code == SL_OK && !row)
		code = sl_error_set(err, SL_ECONFLICT, "%s: another replica has taken it over",
			expected->name);
	return code;
}

enum sl_code store_step_put_project(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	const struct sl_project_record *project = step->record;
	struct query where = { .table = &store_project_table,
		.filters = { { .column = "name", .text = project->name } } };
	const struct set sets[] = { { .column = "head", .text = project->head },
		{ .column = "settled", .number = project->settled },
		{ .column = "seen_at", .number = project->seen_at }, { 0 } };
	size_t changed = 0;
	int64_t id = 0;
	enum sl_code code = store_tx_ops(tx)->update(tx, &where, sets, &changed, err);

	if (code == SL_OK && changed == 0)
		code = store_batch_insert(batch, tx, &store_project_table, project, &id, err);
	if (code == SL_OK && changed == 0 && id == 0) /* another process added it meanwhile */
		code = store_tx_ops(tx)->update(tx, &where, sets, &changed, err);
	if (code == SL_OK && store_tx_ops(tx)->tell)
		store_tx_ops(tx)->tell(tx, SL_NEWS_PROJECT, project->name);
	return code;
}

enum sl_code store_step_put_person(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	const struct sl_change_person *person = step->record;
	int64_t change_id = store_batch_resolve(batch, person->change_id);
	struct query where = { .table = &store_person_table,
		.filters = { { .column = "change_id", .number = change_id },
			{ .column = "user", .text = person->user } } };
	const struct set sets[] = { { .column = "pushed", .number = 1 }, { 0 } };
	size_t changed = 0;
	int64_t id = 0;
	enum sl_code code = store_batch_insert(batch, tx, &store_person_table, person, &id, err);

	if (code != SL_OK || id != 0 || !person->pushed)
		return code;
	store_batch_touch_change(batch, change_id);
	return store_tx_ops(tx)->update(tx, &where, sets, &changed, err);
}

enum sl_code store_step_raise_epoch(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	const struct epoch_row *epoch = step->record;
	struct query where = { .table = &store_epoch_table,
		.filters = { { .column = "name", .text = epoch->name },
			{ .column = "value", .compare = BELOW, .number = epoch->value } } };
	const struct set sets[] = { { .column = "value", .number = epoch->value }, { 0 } };
	size_t changed = 0;
	int64_t id = 0;
	enum sl_code code = store_batch_insert(batch, tx, &store_epoch_table, epoch, &id, err);

	if (code == SL_OK && id == 0)
		code = store_tx_ops(tx)->update(tx, &where, sets, &changed, err);
	return code;
}

enum sl_code store_step_set_files(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	int64_t change_id = store_batch_resolve(batch, step->id);
	struct query where = { .table = &store_file_table,
		.filters = { { .column = "change_id", .number = change_id } } };
	const struct sl_change_file *files = step->more;
	enum sl_code code = store_tx_ops(tx)->remove(tx, &where, err);

	for (size_t i = 0; i < step->more_len && code == SL_OK; i++) {
		struct sl_change_file file = files[i];
		int64_t id;

		file.change_id = change_id;
		code = store_batch_insert(batch, tx, &store_file_table, &file, &id, err);
	}
	if (code == SL_OK)
		store_batch_touch_change(batch, change_id);
	return code;
}

enum sl_code store_step_add_review(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	const struct sl_finding_record *findings = step->more;
	int64_t review_id = 0;
	enum sl_code code = insert_new(batch, tx, step, &review_id, err);

	for (size_t i = 0; i < step->more_len && code == SL_OK; i++) {
		struct sl_finding_record finding = findings[i];
		int64_t id;

		finding.review_id = review_id;
		code = store_batch_insert(batch, tx, &store_finding_table, &finding, &id, err);
	}
	return code;
}

/* The stage, which must still be waiting: what it did already cannot be planned away. */
static enum sl_code waiting_stage(struct sl_batch *batch, struct tx *tx, int64_t id,
	struct sl_error *err)
{
	const struct sl_stage *stage;
	void *row = NULL;
	enum sl_code code = store_batch_lock(batch, tx, &store_stage_table, id, &row, err);

	if (code != SL_OK)
		return code;
	stage = row;
	if (stage->state != SL_STAGE_WAITING)
		return sl_error_set(err, SL_ECONFLICT, "stage %s: is %s, not waiting",
			stage->environment, sl_stage_state_name(stage->state));
	store_batch_touch_change(batch, stage->change_id);
	return SL_OK;
}

enum sl_code store_step_drop_tasks(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	int64_t id = store_batch_resolve(batch, step->id);
	struct query where = { .table = &store_task_table,
		.filters = { { .column = "stage_id", .number = id } } };
	enum sl_code code = waiting_stage(batch, tx, id, err);

	return code == SL_OK ? store_tx_ops(tx)->remove(tx, &where, err) : code;
}

enum sl_code store_step_drop_stage(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	int64_t id = store_batch_resolve(batch, step->id);
	struct query approvals = { .table = &store_approval_table,
		.filters = { { .column = "stage_id", .number = id } } };
	struct query stage = { .table = &store_stage_table,
		.filters = { { .column = "id", .number = id } } };
	enum sl_code code = waiting_stage(batch, tx, id, err);

	if (code == SL_OK)
		code = store_tx_ops(tx)->remove(tx, &approvals, err);
	return code == SL_OK ? store_tx_ops(tx)->remove(tx, &stage, err) : code;
}

enum sl_code store_step_add_approval(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	struct sl_approval *approval = step->record;
	const struct sl_stage *stage;
	void *row = NULL;
	int64_t id = 0;
	enum sl_code code = store_batch_lock(batch, tx, &store_stage_table,
		store_batch_resolve(batch, approval->stage_id), &row, err);

	if (code != SL_OK)
		return code;
	stage = row;
	if (strcmp(stage->digest, approval->digest) != 0)
		return sl_error_set(err, SL_ECONFLICT,
			"stage %s: the plan changed since it was looked at", stage->environment);
	approval->change_id = stage->change_id;
	code = store_batch_insert(batch, tx, &store_approval_table, approval, &id, err);
	if (code == SL_OK && id == 0)
		return sl_error_set(err, SL_ECONFLICT, "stage %s: %s has approved it already",
			stage->environment, approval->by);
	if (code == SL_OK)
		batch->ids.at[-step->ticket - 1] = id;
	return code;
}

enum sl_code store_step_revoke(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	const struct sl_approval *revoked = step->record;
	const struct sl_approval *approval;
	const struct set sets[] = { { .column = "revoked_by", .text = revoked->revoked_by },
		{ .column = "revoked_at", .number = revoked->revoked_at }, { 0 } };
	void *row = NULL;
	enum sl_code code = store_batch_lock(batch, tx, &store_approval_table, step->id, &row, err);

	if (code != SL_OK)
		return code;
	approval = row;
	if (approval->revoked_at != 0)
		return sl_error_set(err, SL_ECONFLICT,
			"approval %" PRId64 ": was revoked by %s already", approval->id,
			approval->revoked_by);
	store_batch_touch_change(batch, approval->change_id);
	return store_tx_set(tx, &store_approval_table, step->id, sets, err);
}

enum sl_code store_step_put_elsewhere(struct sl_batch *batch, struct tx *tx,
	const struct step *step, struct sl_error *err)
{
	static const char *const columns[] = { "applied", "done", "total", "tool", "files",
		"sentence", "before", "after", "seen_at", NULL };
	const struct sl_elsewhere_record *seen = step->record;
	const struct step named = { .table = &store_elsewhere_table,
		.record = step->record,
		.columns = columns };
	struct query where = { .table = &store_elsewhere_table,
		.filters = { { .column = "stage_id", .number = seen->stage_id },
			{ .column = "target", .text = seen->target } } };
	struct set sets[SETS_MAX];
	size_t changed = 0;
	int64_t id = 0;
	enum sl_code code = store_batch_insert(batch, tx, &store_elsewhere_table, seen, &id, err);

	if (code != SL_OK || id != 0)
		return code;
	make_sets(batch, &named, sets);
	store_batch_touch_change(batch, seen->change_id);
	return store_tx_ops(tx)->update(tx, &where, sets, &changed, err);
}

enum sl_code store_step_end_run(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	static const char *const columns[] = { "outcome", "detail", "steps_done", "steps_total",
		"before", "after", "ended_at", NULL };
	const struct sl_run *run = step->record;
	const struct step named = { .table = &store_run_table,
		.record = step->record,
		.columns = columns };
	struct query where = { .table = &store_run_table,
		.filters = { { .column = "run", .text = run->id } } };
	struct set sets[SETS_MAX];
	size_t changed = 0;
	enum sl_code code;

	make_sets(batch, &named, sets);
	code = store_tx_ops(tx)->update(tx, &where, sets, &changed, err);
	if (code == SL_OK && changed == 0)
		code = sl_error_set(err, SL_ENOTFOUND, "run %s: there is none", run->id);
	return code;
}

enum sl_code store_step_put_step(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	const struct sl_step *done = step->record;
	struct query where = { .table = &store_step_table,
		.filters = { { .column = "run", .text = done->run_id },
			{ .column = "number", .number = done->number } } };
	const struct set sets[] = { { .column = "rows", .number = done->rows },
		{ .column = "ended_at", .number = done->ended_at },
		{ .column = "error", .text = done->error }, { 0 } };
	size_t changed = 0;
	int64_t id = 0;
	enum sl_code code = store_batch_insert(batch, tx, &store_step_table, done, &id, err);

	if (code == SL_OK && id == 0)
		code = store_tx_ops(tx)->update(tx, &where, sets, &changed, err);
	return code;
}

static enum sl_code add_content(struct sl_batch *batch, struct tx *tx, const char *hash,
	const struct sl_snapshot_object *object, struct sl_error *err)
{
	struct object_row body = { object->hash, object->body };
	struct content_row place = { hash, object->key, object->hash };
	int64_t id = 0;
	enum sl_code code = store_batch_insert(batch, tx, &store_object_table, &body, &id, err);

	if (code == SL_OK)
		code = store_batch_insert(batch, tx, &store_content_table, &place, &id, err);
	return code;
}

enum sl_code store_step_add_snapshot(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	const struct sl_snapshot_record *snapshot = step->record;
	const struct sl_snapshot_object *objects = step->more;
	struct query known = { .table = &store_snapshot_table,
		.filters = { { .column = "hash", .text = snapshot->hash } } };
	void *before = NULL;
	int64_t id = 0;
	enum sl_code code = store_tx_first(tx, &known, batch->arena, &before, err);

	if (code == SL_OK)
		code = insert_new(batch, tx, step, &id, err);
	for (size_t i = 0; !before && i < step->more_len && code == SL_OK; i++)
		code = add_content(batch, tx, snapshot->hash, &objects[i], err);
	return code;
}

enum sl_code store_step_put_drift(struct sl_batch *batch, struct tx *tx, const struct step *step,
	struct sl_error *err)
{
	static const char *const columns[] = { "revision", "state", "base", "origin", "based_at",
		"live", "before", "since", "objects", "summary", "checked_at", "tried_at",
		"asked_at", "note", "base_run", "live_run", NULL };
	const struct sl_drift_record *read = step->record;
	struct sl_drift_record next = *read; /* a step may be taken twice */
	const struct step named = { .table = &store_drift_table,
		.record = &next,
		.columns = columns };
	struct query where = { .table = &store_drift_table,
		.filters = { { .column = "target", .text = read->target },
			{ .column = "revision", .number = read->revision } } };
	struct set sets[SETS_MAX];
	size_t changed = 0;
	int64_t id = 0;
	enum sl_code code;

	next.revision++;
	if (read->revision == 0) {
		code = store_batch_insert(batch, tx, &store_drift_table, &next, &id, err);
		changed = id != 0;
	} else {
		make_sets(batch, &named, sets);
		code = store_tx_ops(tx)->update(tx, &where, sets, &changed, err);
	}
	if (code == SL_OK && changed == 0)
		code = sl_error_set(err, SL_ECONFLICT, "drift of %s: changed since it was read",
			read->target);
	return code;
}
