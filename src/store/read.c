#include "sluice/store/read.h"

#include "sluice/store/work.h"
#include "store_int.h"

#include <inttypes.h>

#define PAGE_DEFAULT 50
#define PAGE_MAX     1000

static unsigned page_limit(unsigned limit)
{
	if (limit == 0)
		return PAGE_DEFAULT;
	return limit < PAGE_MAX ? limit : PAGE_MAX;
}

static void add_filter(struct query *query, struct filter filter)
{
	size_t n = 0;

	while (query->filters[n].column)
		n++;
	query->filters[n] = filter;
}

/* The usual filters: each only when it was asked for. */
static void want_id(struct query *query, const char *column, int64_t id)
{
	if (id != 0)
		add_filter(query, (struct filter){ .column = column, .number = id });
}

static void want_text(struct query *query, const char *column, const char *text)
{
	if (text)
		add_filter(query, (struct filter){ .column = column, .text = text });
}

static void want_states(struct query *query, unsigned states)
{
	if (states != 0)
		add_filter(query,
			(struct filter){ .column = "state", .compare = ONE_OF, .number = states });
}

static void want_page(struct query *query, struct sl_page page)
{
	query->descending = true;
	query->limit = page_limit(page.limit);
	if (page.before != 0)
		add_filter(query,
			(struct filter){ .column = "id", .compare = BELOW, .number = page.before });
}

/* Runs the query into a list of the query's record type. */
#define READ_LIST(store, query, arena, out, err)                                             \
	__extension__({                                                                      \
		struct rows rows_ = { 0 };                                                   \
		enum sl_code code_ = store_select((store), (query), (arena), &rows_, (err)); \
                                                                                             \
		if (code_ == SL_OK) {                                                        \
			(out)->at = rows_.at;                                                \
			(out)->len = rows_.len;                                              \
		}                                                                            \
		code_;                                                                       \
	})

/* Reads the row with the id into *out, a record of the table. */
static enum sl_code read_one(struct sl_store *store, const struct table *table, int64_t id,
	struct sl_arena *arena, void *out, struct sl_error *err)
{
	struct query query = { .table = table, .filters = { { .column = "id", .number = id } } };
	struct rows rows;
	enum sl_code code = store_select(store, &query, arena, &rows, err);

	if (code != SL_OK)
		return code;
	if (rows.len == 0)
		return sl_error_set(err, SL_ENOTFOUND, "%s %" PRId64 ": there is none", table->name,
			id);
	memcpy(out, rows.at, table->size);
	return SL_OK;
}

/* The same by a text of its own. */
static enum sl_code read_named(struct sl_store *store, const struct query *query,
	struct sl_arena *arena, void *out, struct sl_error *err)
{
	struct rows rows;
	enum sl_code code = store_select(store, query, arena, &rows, err);

	if (code != SL_OK)
		return code;
	if (rows.len == 0)
		return sl_error_set(err, SL_ENOTFOUND, "%s %s: there is none", query->table->name,
			query->filters[0].text);
	memcpy(out, rows.at, query->table->size);
	return SL_OK;
}

enum sl_code sl_store_projects(struct sl_store *store, struct sl_arena *arena,
	struct sl_project_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_project_table, .descending = true };

	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_project(struct sl_store *store, const char *name, struct sl_arena *arena,
	struct sl_project_record *out, struct sl_error *err)
{
	struct query query = { .table = &store_project_table,
		.filters = { { .column = "name", .text = name } } };

	return read_named(store, &query, arena, out, err);
}

enum sl_code sl_store_changes(struct sl_store *store, const struct sl_change_query *wanted,
	struct sl_arena *arena, struct sl_change_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_change_table };

	want_text(&query, "project", wanted->project);
	want_text(&query, "branch", wanted->branch);
	want_states(&query, wanted->states);
	want_page(&query, wanted->page);
	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_change(struct sl_store *store, int64_t id, struct sl_arena *arena,
	struct sl_change *out, struct sl_error *err)
{
	return read_one(store, &store_change_table, id, arena, out, err);
}

enum sl_code sl_store_change_files(struct sl_store *store, int64_t change_id,
	struct sl_arena *arena, struct sl_change_file_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_file_table,
		.filters = { { .column = "change_id", .number = change_id } } };

	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_reviews(struct sl_store *store, int64_t change_id, struct sl_arena *arena,
	struct sl_review_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_review_table,
		.filters = { { .column = "change_id", .number = change_id } },
		.descending = true,
		.limit = PAGE_MAX,
		.without = "report" };

	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_review(struct sl_store *store, int64_t id, struct sl_arena *arena,
	struct sl_review_record *out, struct sl_error *err)
{
	return read_one(store, &store_review_table, id, arena, out, err);
}

enum sl_code sl_store_findings(struct sl_store *store, int64_t review_id, struct sl_arena *arena,
	struct sl_finding_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_finding_table,
		.filters = { { .column = "review_id", .number = review_id } } };

	return READ_LIST(store, &query, arena, out, err);
}

static enum sl_code waiver_end(struct sl_store *store, const struct query *query,
	struct sl_arena *arena, int64_t *out, struct sl_error *err)
{
	struct rows rows = { 0 };
	enum sl_code code = store_select(store, query, arena, &rows, err);
	const struct sl_waiver *found = rows.at;

	*out = code == SL_OK && rows.len > 0 ? found->until : 0;
	return code;
}

enum sl_code sl_store_waiver_ends(struct sl_store *store, int64_t now, struct sl_arena *arena,
	int64_t *last, int64_t *next, struct sl_error *err)
{
	const struct query past = { .table = &store_waiver_table,
		.filters = { { .column = "until", .compare = AT_MOST, .number = now },
			{ .column = "until", .compare = ABOVE, .number = 0 } },
		.order = "until",
		.descending = true,
		.limit = 1 };
	const struct query coming = { .table = &store_waiver_table,
		.filters = { { .column = "until", .compare = ABOVE, .number = now } },
		.order = "until",
		.limit = 1 };
	enum sl_code code = waiver_end(store, &past, arena, last, err);

	return code == SL_OK ? waiver_end(store, &coming, arena, next, err) : code;
}

enum sl_code sl_store_stages(struct sl_store *store, const struct sl_stage_query *wanted,
	struct sl_arena *arena, struct sl_stage_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_stage_table };

	want_id(&query, "change_id", wanted->change_id);
	want_states(&query, wanted->states);
	want_page(&query, wanted->page);
	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_stage(struct sl_store *store, int64_t id, struct sl_arena *arena,
	struct sl_stage *out, struct sl_error *err)
{
	return read_one(store, &store_stage_table, id, arena, out, err);
}

enum sl_code sl_store_tasks(struct sl_store *store, const struct sl_task_query *wanted,
	struct sl_arena *arena, struct sl_task_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_task_table };

	want_id(&query, "change_id", wanted->change_id);
	want_id(&query, "stage_id", wanted->stage_id);
	want_text(&query, "target", wanted->target);
	want_states(&query, wanted->states);
	want_page(&query, wanted->page);
	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_task(struct sl_store *store, int64_t id, struct sl_arena *arena,
	struct sl_task *out, struct sl_error *err)
{
	return read_one(store, &store_task_table, id, arena, out, err);
}

enum sl_code sl_store_runs(struct sl_store *store, const struct sl_run_query *wanted,
	struct sl_arena *arena, struct sl_run_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_run_table,
		.order = "started_at",
		.descending = true,
		.limit = page_limit(wanted->limit) };

	want_text(&query, "target", wanted->target);
	want_id(&query, "change_id", wanted->change_id);
	want_id(&query, "task_id", wanted->task_id);
	if (wanted->before != 0)
		add_filter(&query,
			(struct filter){ .column = "started_at",
				.compare = BELOW,
				.number = wanted->before });
	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_elsewhere(struct sl_store *store, const char *target, unsigned limit,
	struct sl_arena *arena, struct sl_elsewhere_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_elsewhere_table,
		.order = "seen_at",
		.descending = true,
		.limit = page_limit(limit) };

	want_text(&query, "target", target);
	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_last_runs(struct sl_store *store, struct sl_arena *arena,
	struct sl_run_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_run_table, .newest_of = "target" };

	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_run(struct sl_store *store, const char *id, struct sl_arena *arena,
	struct sl_run *out, struct sl_error *err)
{
	struct query query = { .table = &store_run_table,
		.filters = { { .column = "run", .text = id } } };

	return read_named(store, &query, arena, out, err);
}

enum sl_code sl_store_steps(struct sl_store *store, const char *run_id, struct sl_arena *arena,
	struct sl_step_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_step_table,
		.filters = { { .column = "run", .text = run_id } },
		.order = "number" };

	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_snapshots(struct sl_store *store, const char *target, struct sl_page page,
	struct sl_arena *arena, struct sl_snapshot_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_snapshot_table };

	want_text(&query, "target", target);
	want_page(&query, page);
	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_drifts(struct sl_store *store, struct sl_arena *arena,
	struct sl_drift_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_drift_table };

	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_drift(struct sl_store *store, const char *target, struct sl_arena *arena,
	struct sl_drift_record *out, struct sl_error *err)
{
	struct query query = { .table = &store_drift_table,
		.filters = { { .column = "target", .text = target } } };
	struct rows rows;
	enum sl_code code = store_select(store, &query, arena, &rows, err);

	if (code != SL_OK)
		return code;
	*out = (struct sl_drift_record){ .target = sl_arena_strdup(arena, target),
		.state = SL_DRIFT_UNKNOWN,
		.base = "",
		.origin = "",
		.live = "",
		.before = "",
		.summary = "",
		.note = "",
		.base_run = "",
		.live_run = "" };
	if (rows.len > 0)
		memcpy(out, rows.at, sizeof(*out));
	return SL_OK;
}

enum sl_code sl_store_events(struct sl_store *store, const struct sl_log_query *wanted,
	struct sl_arena *arena, struct sl_event_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_event_table };

	want_id(&query, "change_id", wanted->change_id);
	want_text(&query, "target", wanted->target);
	want_page(&query, wanted->page);
	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_audit(struct sl_store *store, const struct sl_log_query *wanted,
	struct sl_arena *arena, struct sl_audit_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_audit_table };

	want_id(&query, "change_id", wanted->change_id);
	want_page(&query, wanted->page);
	return READ_LIST(store, &query, arena, out, err);
}

enum sl_code sl_store_outbox(struct sl_store *store, struct sl_page page, struct sl_arena *arena,
	struct sl_message_list *out, struct sl_error *err)
{
	struct query query = { .table = &store_outbox_table };

	want_page(&query, page);
	return READ_LIST(store, &query, arena, out, err);
}
