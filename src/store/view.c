#include "sluice/store/read.h"

#include "sluice/core/vec.h"

#include "store_int.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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
		{ &store_approval_table, NULL, { 0 } }, { &store_elsewhere_table, NULL, { 0 } } };
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
		.elsewhere = parts[6].rows.at,
		.elsewhere_len = parts[6].rows.len,
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

/* --- many at once ----------------------------------------------------------------------------- */

/* Several views being read: the sorted ids, and where each one's view is. */
struct many {
	struct tx *tx;
	struct sl_arena *arena;

	struct place {
		int64_t id;
		struct sl_change_view *view;
	} * places;

	size_t n; /* at most AMONG_MAX */
	int64_t ids[AMONG_MAX];
};

static int by_id(const void *a, const void *b)
{
	const struct place *left = a;
	const struct place *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static struct sl_change_view *view_of(const struct many *many, int64_t id)
{
	const struct place wanted = { id, NULL };
	const struct place *found = bsearch(&wanted, many->places, many->n, sizeof(wanted), by_id);

	return found ? found->view : NULL;
}

static enum sl_code select_among(const struct many *many, const struct table *table,
	const char *column, const char *order, struct rows *out, struct sl_error *err)
{
	struct query query = { .table = table,
		.filters = { { .column = column,
			.compare = AMONG,
			.ids = { many->ids, many->n } } },
		.order = order };

	return store_tx_select(many->tx, &query, many->arena, out, err);
}

static enum sl_code read_changes(const struct many *many, struct sl_error *err)
{
	struct rows rows = { 0 };
	const struct sl_change *changes;
	enum sl_code code = select_among(many, &store_change_table, "id", NULL, &rows, err);

	changes = rows.at;
	for (size_t i = 0; i < rows.len; i++) {
		struct sl_change_view *view = view_of(many, changes[i].id);

		if (view)
			view->change = changes[i];
	}
	for (size_t i = 0; code == SL_OK && i < many->n; i++) {
		if (many->places[i].view->change.id == 0)
			code = sl_error_set(err, SL_ENOTFOUND, "change %" PRId64 ": there is none",
				many->places[i].id);
	}
	return code;
}

/* Where a view keeps a part: its rows, and their number. */
struct part_slot {
	const struct table *table;
	const char *order;
	size_t at, len; /* offsets in the view */
};

static const void **rows_slot(struct sl_change_view *view, const struct part_slot *part)
{
	return (const void **)(void *)((char *)view + part->at);
}

static size_t *len_slot(struct sl_change_view *view, const struct part_slot *part)
{
	return (size_t *)(void *)((char *)view + part->len);
}

/* Each change's rows behind one another, in the order in which they came. */
static enum sl_code read_part_of_all(const struct many *many, const struct part_slot *part,
	struct sl_error *err)
{
	const struct table *table = part->table;
	const struct column *change = store_table_column(table, "change_id");
	struct rows rows = { 0 };
	enum sl_code code = select_among(many, table, "change_id", part->order, &rows, err);
	const char *at = rows.at;

	for (size_t i = 0; i < rows.len; i++)
		(*len_slot(view_of(many, store_column_number(change, at + i * table->size)),
			part))++;
	for (size_t i = 0; i < many->n; i++) {
		struct sl_change_view *view = many->places[i].view;

		*rows_slot(view, part) = sl_arena_calloc(many->arena, *len_slot(view, part) + 1,
			table->size);
		*len_slot(view, part) = 0;
	}
	for (size_t i = 0; i < rows.len; i++) {
		const char *row = at + i * table->size;
		struct sl_change_view *view = view_of(many, store_column_number(change, row));
		char *to;

		memcpy(&to, rows_slot(view, part), sizeof(to));
		memcpy(to + (*len_slot(view, part))++ * table->size, row, table->size);
	}
	return code;
}

#define PART(name, order)                                           \
	{                                                           \
		NULL, order, offsetof(struct sl_change_view, name), \
			offsetof(struct sl_change_view, name##_len) \
	}

static enum sl_code read_some(struct many *many, struct sl_error *err)
{
	struct part_slot parts[] = { PART(people, NULL), PART(files, NULL), PART(waivers, NULL),
		PART(stages, "position"), PART(tasks, NULL), PART(approvals, NULL),
		PART(elsewhere, NULL) };
	static const struct table *const tables[] = { &store_person_table, &store_file_table,
		&store_waiver_table, &store_stage_table, &store_task_table, &store_approval_table,
		&store_elsewhere_table };
	enum sl_code code = read_changes(many, err);

	for (size_t i = 0; code == SL_OK && i < sizeof(parts) / sizeof(parts[0]); i++) {
		parts[i].table = tables[i];
		code = read_part_of_all(many, &parts[i], err);
	}
	return code;
}

enum sl_code sl_store_change_views(struct sl_store *store, const int64_t *ids, size_t n,
	struct sl_arena *arena, struct sl_change_view *out, struct sl_error *err)
{
	struct many many = { .arena = arena };
	enum sl_code code = store_begin(store, &many.tx, err);

	if (code != SL_OK)
		return code;
	memset(out, 0, n * sizeof(*out));
	many.places = sl_arena_calloc(arena, AMONG_MAX, sizeof(*many.places));
	for (size_t done = 0; code == SL_OK && done < n; done += many.n) {
		many.n = n - done < AMONG_MAX ? n - done : AMONG_MAX;
		for (size_t i = 0; i < many.n; i++) {
			many.places[i] = (struct place){ ids[done + i], &out[done + i] };
			many.ids[i] = ids[done + i];
		}
		qsort(many.places, many.n, sizeof(*many.places), by_id);
		code = read_some(&many, err);
	}
	store_tx_ops(many.tx)->rollback(many.tx);
	return code;
}

enum sl_code sl_store_reviews_among(struct sl_store *store, const int64_t *ids, size_t n,
	struct sl_arena *arena, struct sl_review_list *out, struct sl_error *err)
{
	struct sl_review_record *all = sl_arena_calloc(arena, n + 1, sizeof(*all));
	size_t len = 0;
	enum sl_code code = SL_OK;

	for (size_t done = 0; code == SL_OK && done < n; done += AMONG_MAX) {
		struct query query = { .table = &store_review_table,
			.filters = { { .column = "id",
				.compare = AMONG,
				.ids = { ids + done,
					n - done < AMONG_MAX ? n - done : AMONG_MAX } } },
			.without = "report" };
		struct rows rows = { 0 };

		code = store_select(store, &query, arena, &rows, err);
		if (rows.len > 0)
			memcpy(all + len, rows.at, rows.len * sizeof(*all));
		len += rows.len;
	}
	if (code == SL_OK)
		*out = (struct sl_review_list){ all, len };
	return code;
}

enum sl_code sl_store_stages_among(struct sl_store *store, const struct sl_stages_among *wanted,
	struct sl_arena *arena, struct sl_stage_list *out, struct sl_error *err)
{
	const size_t n = wanted->n;

	struct {
		SL_VEC(struct sl_stage);
	} all = { 0 };
	enum sl_code code = SL_OK;

	for (size_t done = 0; code == SL_OK && done < n; done += AMONG_MAX) {
		struct query query = {
			.table = &store_stage_table,
			.filters = { { .column = "change_id",
					     .compare = AMONG,
					     .ids = { wanted->change_ids + done,
						     n - done < AMONG_MAX ? n - done :
									    AMONG_MAX } },
				{ .column = "state", .compare = ONE_OF, .number = wanted->states } }
		};
		struct rows rows = { 0 };
		const struct sl_stage *stages;

		code = store_select(store, &query, arena, &rows, err);
		stages = rows.at;
		for (size_t i = 0; i < rows.len; i++)
			*sl_vec_add_in(arena, &all) = stages[i];
	}
	if (code == SL_OK)
		*out = (struct sl_stage_list){ all.at, all.len };
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
