#include "sluice/store/read.h"

#include "store_int.h"

/* One part of a view: the rows of a table that belong to the change. */
struct part {
	const struct table *table;
	const char *order;
	struct rows rows;
};

static enum sl_code read_part(struct tx *tx, struct part *part, int64_t change_id,
	struct sl_arena *arena, struct sl_error *err)
{
	struct query query = { .table = part->table,
		.filters = { { .column = "change_id", .number = change_id } },
		.order = part->order };

	return store_tx_select(tx, &query, arena, &part->rows, err);
}

/* Joins the parts; the first failure ends it. */
static enum sl_code read_view(struct tx *tx, int64_t id, struct sl_arena *arena,
	struct sl_change_view *out, struct sl_error *err)
{
	struct part parts[] = { { &store_person_table, NULL, { 0 } },
		{ &store_file_table, NULL, { 0 } }, { &store_waiver_table, NULL, { 0 } },
		{ &store_stage_table, "position", { 0 } }, { &store_task_table, NULL, { 0 } },
		{ &store_approval_table, NULL, { 0 } } };
	void *change = NULL;
	enum sl_code code = store_tx_by_id(tx, &store_change_table, id, arena, &change, err);

	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && code == SL_OK; i++)
		code = read_part(tx, &parts[i], id, arena, err);
	if (code != SL_OK)
		return code;
	*out = (struct sl_change_view){
		.change = *(const struct sl_change *)change,
		.people = parts[0].rows.at,
		.people_len = parts[0].rows.len,
		.files = parts[1].rows.at,
		.files_len = parts[1].rows.len,
		.waivers = parts[2].rows.at,
		.waivers_len = parts[2].rows.len,
		.stages = parts[3].rows.at,
		.stages_len = parts[3].rows.len,
		.tasks = parts[4].rows.at,
		.tasks_len = parts[4].rows.len,
		.approvals = parts[5].rows.at,
		.approvals_len = parts[5].rows.len,
	};
	return SL_OK;
}

enum sl_code sl_store_change_view(struct sl_store *store, int64_t id, struct sl_arena *arena,
	struct sl_change_view *out, struct sl_error *err)
{
	struct tx *tx = NULL;
	enum sl_code code = store_begin(store, &tx, err);

	if (code != SL_OK)
		return code;
	code = read_view(tx, id, arena, out, err);
	store_tx_ops(tx)->rollback(tx);
	return code;
}

/* The places of a content with the bodies that stand there. */
static enum sl_code read_objects(struct tx *tx, const struct rows *places, struct sl_arena *arena,
	struct sl_snapshot_object *objects, struct sl_error *err)
{
	const struct content_row *rows = places->at;

	for (size_t i = 0; i < places->len; i++) {
		struct query query = { .table = &store_object_table,
			.filters = { { .column = "hash", .text = rows[i].object } } };
		void *object = NULL;
		enum sl_code code = store_tx_first(tx, &query, arena, &object, err);

		if (code != SL_OK)
			return code;
		if (!object)
			return sl_error_set(err, SL_EINTERNAL, "snapshot %s: %s is missing",
				rows[i].hash, rows[i].key);
		objects[i] = (struct sl_snapshot_object){ .key = rows[i].key,
			.hash = rows[i].object,
			.body = ((const struct object_row *)object)->body };
	}
	return SL_OK;
}

static enum sl_code read_content(struct tx *tx, const char *hash, struct sl_arena *arena,
	struct sl_snapshot_object_list *out, struct sl_error *err)
{
	struct query known = { .table = &store_snapshot_table,
		.filters = { { .column = "hash", .text = hash } } };
	struct query content = { .table = &store_content_table,
		.filters = { { .column = "hash", .text = hash } } };
	struct sl_snapshot_object *objects;
	struct rows places;
	void *snapshot = NULL;
	enum sl_code code = store_tx_first(tx, &known, arena, &snapshot, err);

	if (code == SL_OK && !snapshot)
		return sl_error_set(err, SL_ENOTFOUND, "snapshot %s: there is none", hash);
	if (code == SL_OK)
		code = store_tx_select(tx, &content, arena, &places, err);
	if (code != SL_OK)
		return code;
	objects = sl_arena_calloc(arena, places.len + 1, sizeof(*objects));
	code = read_objects(tx, &places, arena, objects, err);
	if (code != SL_OK)
		return code;
	out->at = objects;
	out->len = places.len;
	return SL_OK;
}

enum sl_code sl_store_snapshot_objects(struct sl_store *store, const char *hash,
	struct sl_arena *arena, struct sl_snapshot_object_list *out, struct sl_error *err)
{
	struct tx *tx = NULL;
	enum sl_code code = store_begin(store, &tx, err);

	if (code != SL_OK)
		return code;
	code = read_content(tx, hash, arena, out, err);
	store_tx_ops(tx)->rollback(tx);
	return code;
}
