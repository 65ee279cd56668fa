/* Views: the store as JSON, for the API, the pages and the commands alike. */
#include "sluice/control/people.h"

#include "drift.h"
#include "elsewhere.h"
#include "stages.h"
#include "view_int.h"

#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/schema/diff.h"
#include "sluice/schema/snapshot.h"

#include <string.h>

#define HISTORY_LIMIT 50 /* rows, unless somebody says another number */

void sl_view_set(json_t *object, const char *key, const char *text)
{
	json_t *value = json_string(text);

	(void)json_object_set_new(object, key, value ? value : json_string("(not valid UTF-8)"));
}

void sl_view_set_i64(json_t *object, const char *key, int64_t value)
{
	(void)json_object_set_new(object, key, json_integer(value));
}

void sl_view_set_time(json_t *object, const char *key, int64_t at)
{
	char text[SL_TIME_ISO_MAX];

	sl_view_set(object, key, at > 0 ? sl_time_iso(at, text) : "");
}

json_t *sl_view_event(const struct sl_event *event)
{
	json_t *row = json_object();

	sl_view_set_time(row, "at", event->at);
	sl_view_set(row, "kind", event->kind);
	sl_view_set(row, "by", event->by);
	sl_view_set(row, "target", event->target);
	sl_view_set(row, "text", event->text);
	return row;
}

static const char *shorten(struct sl_arena *arena, const char *hash, size_t len)
{
	return sl_arena_strndup(arena, hash, strnlen(hash, len));
}

/* --- runs and snapshots ------------------------------------------------------------------------
 */

static json_t *run_row(struct sl_arena *arena, const struct sl_run *run)
{
	json_t *row = json_object();

	sl_view_set(row, "run", run->id);
	sl_view_set_i64(row, "change", run->change_id);
	sl_view_set_i64(row, "task", run->task_id);
	sl_view_set(row, "target", run->target);
	sl_view_set(row, "environment", run->environment);
	sl_view_set(row, "outcome", run->ended_at > 0 ? sl_outcome_name(run->outcome) : "running");
	sl_view_set(row, "detail", run->detail);
	sl_view_set_i64(row, "steps_done", run->steps_done);
	sl_view_set_i64(row, "steps_total", run->steps_total);
	sl_view_set(row, "before", run->before);
	sl_view_set(row, "after", run->after);
	sl_view_set(row, "before_short", shorten(arena, run->before, 10));
	sl_view_set(row, "after_short", shorten(arena, run->after, 10));
	sl_view_set_time(row, "started_at", run->started_at);
	sl_view_set_time(row, "ended_at", run->ended_at);
	return row;
}

/* In the same words, what another's tool did of a change. */
static json_t *elsewhere_row(const struct sl_world *world, struct sl_arena *arena,
	const struct sl_elsewhere_record *seen)
{
	const struct sl_workspace *workspace = world->workspace;
	size_t at = sl_workspace_target(workspace, seen->target);
	const struct sl_run as_run = { .id = "",
		.target = seen->target,
		.environment = at < workspace->targets_len ?
			workspace->environments[workspace->targets[at].environment].name :
			"",
		.change_id = seen->change_id,
		.detail = seen->sentence,
		.before = seen->before,
		.after = seen->after,
		.started_at = seen->seen_at,
		.ended_at = seen->seen_at };
	json_t *row = run_row(arena, &as_run);

	sl_view_set(row, "outcome",
		sl_str_eq(seen->tool, SL_ELSEWHERE_SKIP) ? "skipped" : "elsewhere");
	sl_view_set(row, "tool", seen->tool);
	return row;
}

/* Runs of ours and work of others, the newest first. */
static json_t *merged_history(const struct sl_world *world, struct sl_arena *arena,
	const struct sl_run_list *runs, const struct sl_elsewhere_list *others, size_t limit)
{
	json_t *rows = json_array();
	size_t k = 0;

	for (size_t i = 0; json_array_size(rows) < limit && (i < runs->len || k < others->len);) {
		if (k < others->len && others->at[k].tool[0] == '\0') {
			k++;
		} else if (i == runs->len ||
			(k < others->len && others->at[k].seen_at > runs->at[i].started_at)) {
			(void)json_array_append_new(rows,
				elsewhere_row(world, arena, &others->at[k++]));
		} else {
			(void)json_array_append_new(rows, run_row(arena, &runs->at[i++]));
		}
	}
	return rows;
}

static enum sl_code runs_of(struct sl_control *control, const char *target, unsigned limit,
	struct sl_arena *arena, json_t **out, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	const struct sl_run_query query = { .target = target, .limit = limit };
	struct sl_run_list runs;
	struct sl_elsewhere_list others;
	enum sl_code code = sl_store_runs(control->doors.store, &query, arena, &runs, err);

	if (code == SL_OK)
		code = sl_store_elsewhere(control->doors.store, target, limit, arena, &others, err);
	if (code == SL_OK)
		*out = merged_history(world, arena, &runs, &others, limit ? limit : HISTORY_LIMIT);
	return code;
}

static bool is_target(const struct sl_world *world, const char *name)
{
	return sl_workspace_target(world->workspace, name) < world->workspace->targets_len;
}

enum sl_code sl_view_history(struct sl_control *control, const char *target, unsigned limit,
	json_t **out, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	json_t *runs;
	enum sl_code code = runs_of(control, target, limit, arena, &runs, err);

	if (code != SL_OK)
		return code;
	/* One that left the configuration keeps its history. */
	if (target && json_array_size(runs) == 0 && !is_target(world, target)) {
		json_decref(runs);
		return sl_control_no_target(world, target, err);
	}
	*out = json_pack("{s:o}", "history", runs);
	return SL_OK;
}

static enum sl_code snapshots_of(struct sl_control *control, const char *target,
	struct sl_arena *arena, json_t *view, struct sl_error *err)
{
	json_t *rows = json_array();
	struct sl_snapshot_list list;
	enum sl_code code = sl_store_snapshots(control->doors.store, target,
		(struct sl_page){ .limit = 200 }, arena, &list, err);

	(void)json_object_set_new(view, "snapshots", rows);
	for (size_t i = 0; code == SL_OK && i < list.len; i++) {
		json_t *row = json_object();

		sl_view_set(row, "hash", list.at[i].hash);
		sl_view_set(row, "short", shorten(arena, list.at[i].hash, 10));
		sl_view_set(row, "run", list.at[i].run_id);
		sl_view_set_time(row, "at", list.at[i].at);
		(void)json_array_append_new(rows, row);
	}
	if (code == SL_OK && list.len > 0) {
		const struct sl_catalog *catalog;
		sl_auto_buf struct sl_buf sql = SL_BUF_INIT(4u << 20);

		code = sl_control_load_snapshot(control, list.at[0].hash, &catalog, err);
		if (code == SL_OK) {
			sl_snapshot_sql(catalog, &sql);
			sl_view_set(view, "schema", sl_buf_str(&sql));
			sl_catalog_unref(catalog);
		}
	}
	return code;
}

static enum sl_code events_of(struct sl_control *control, const char *target,
	struct sl_arena *arena, json_t *view, struct sl_error *err)
{
	const struct sl_log_query query = { .target = target, .page = { .limit = 50 } };
	json_t *rows = json_array();
	struct sl_event_list events = { 0 };
	enum sl_code code = sl_store_events(control->doors.store, &query, arena, &events, err);

	(void)json_object_set_new(view, "events", rows);
	for (size_t i = 0; i < events.len; i++)
		(void)json_array_append_new(rows, sl_view_event(&events.at[i]));
	return code;
}

/* --- targets -------------------------------------------------------------------------------- */

static json_t *target_row(const struct sl_world *world, const struct sl_target *target)
{
	json_t *row = json_object();
	json_t *labels = json_array();

	sl_view_set(row, "name", target->name);
	sl_view_set(row, "environment", world->workspace->environments[target->environment].name);
	sl_view_set(row, "engine", sl_dialect_name(target->dialect));
	sl_view_set(row, "url", target->url);
	for (size_t i = 0; i < target->labels_len; i++) {
		json_t *label = json_object();

		sl_view_set(label, "key", target->labels[i].key);
		sl_view_set(label, "value", target->labels[i].value);
		(void)json_array_append_new(labels, label);
	}
	(void)json_object_set_new(row, "labels", labels);
	return row;
}

static void add_last_run(struct sl_arena *arena, const struct sl_run *last, json_t *row)
{
	json_t *run = run_row(arena, last);

	sl_view_set_time(run, "at", last->started_at);
	(void)json_object_set_new(row, "last_run", run);
}

enum sl_code sl_view_targets(struct sl_control *control, json_t **out, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto_json json_t *rows = json_array();
	sl_auto(sl_map_free_p) struct sl_map *drifts = sl_map_new();
	struct sl_run_list runs = { 0 };
	enum sl_code code = sl_drift_by_target(control, arena, drifts, err);

	if (code == SL_OK)
		code = sl_store_last_runs(control->doors.store, arena, &runs, err);
	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < world->workspace->targets_len; i++) {
		const struct sl_target *target = &world->workspace->targets[i];
		json_t *row = target_row(world, target);

		(void)json_object_set_new(row, "drift",
			sl_view_drift_row(arena, sl_map_get(drifts, target->name)));
		(void)json_array_append_new(rows, row);
	}
	for (size_t i = 0; i < runs.len; i++) {
		size_t at = sl_workspace_target(world->workspace, runs.at[i].target);

		if (at < world->workspace->targets_len)
			add_last_run(arena, &runs.at[i], json_array_get(rows, at));
	}
	*out = json_pack("{s:O}", "targets", rows);
	return SL_OK;
}

enum sl_code sl_view_target(struct sl_control *control, const char *name, json_t **out,
	struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	size_t index = sl_workspace_target(world->workspace, name);
	sl_auto_json json_t *view = NULL;
	json_t *runs;
	enum sl_code code;

	if (index == world->workspace->targets_len)
		return sl_control_no_target(world, name, err);
	view = target_row(world, &world->workspace->targets[index]);
	code = runs_of(control, name, 100, arena, &runs, err);
	if (code == SL_OK) {
		(void)json_object_set_new(view, "history", runs);
		code = snapshots_of(control, name, arena, view, err);
	}
	if (code == SL_OK)
		code = sl_view_add_drift(control, arena, name, view, err);
	if (code == SL_OK)
		code = events_of(control, name, arena, view, err);
	if (code == SL_OK)
		*out = json_pack("{s:O}", "target", view);
	return code;
}

/* --- differences ----------------------------------------------------------------------------- */

static const char *line_kind(const char *line)
{
	line += strspn(line, " ");
	if (*line == '+')
		return "added";
	if (*line == '-')
		return "removed";
	return *line == '~' ? "changed" : "same";
}

json_t *sl_view_lines(struct sl_arena *arena, const char *text)
{
	json_t *lines = json_array();

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		const char *line = sl_arena_strndup(arena, text, len);
		json_t *row = json_object();

		sl_view_set(row, "kind", line_kind(line));
		sl_view_set(row, "text", line);
		(void)json_array_append_new(lines, row);
		text += len + (text[len] == '\n');
	}
	return lines;
}

static json_t *diff_view(struct sl_arena *arena, const struct sl_catalog *from,
	const struct sl_catalog *to)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(4u << 20);
	sl_auto_buf struct sl_buf summary = SL_BUF_INIT(1000);
	json_t *view = json_object();
	struct sl_diff diff;

	sl_diff_make(&diff, arena, from, to);
	sl_diff_text(&diff, &text);
	sl_diff_summary(&diff, &summary);
	sl_view_set(view, "summary", sl_buf_str(&summary));
	(void)json_object_set_new(view, "same", json_boolean(diff.same));
	(void)json_object_set_new(view, "incomplete", json_boolean(diff.incomplete));
	(void)json_object_set_new(view, "lines",
		diff.same ? json_array() : sl_view_lines(arena, sl_buf_str(&text)));
	return view;
}

enum sl_code sl_view_diff(struct sl_control *control, const char *target, const char *from,
	const char *to, json_t **out, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *old = NULL;
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *new = NULL;
	json_t *view;
	enum sl_code code = sl_control_load_snapshot(control, from, &old, err);

	if (code == SL_OK)
		code = sl_control_load_snapshot(control, to, &new, err);
	if (code != SL_OK)
		return code;
	view = diff_view(arena, old, new);
	sl_view_set(view, "target", target);
	sl_view_set(view, "from", from);
	sl_view_set(view, "to", to);
	sl_view_set(view, "from_short", shorten(arena, from, 10));
	sl_view_set(view, "to_short", shorten(arena, to, 10));
	*out = json_pack("{s:o}", "diff", view);
	return SL_OK;
}

/* --- audit ------------------------------------------------------------------------------------ */

enum sl_code sl_view_audit(struct sl_control *control, int64_t before, unsigned limit, json_t **out,
	struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_log_query query = { .page = { .before = before, .limit = limit } };
	struct sl_audit_list list;
	json_t *rows;
	enum sl_code code = sl_store_audit(control->doors.store, &query, arena, &list, err);

	if (code != SL_OK)
		return code;
	rows = json_array();
	for (size_t i = 0; i < list.len; i++) {
		json_t *row = json_object();

		sl_view_set_i64(row, "id", list.at[i].id);
		sl_view_set_time(row, "at", list.at[i].at);
		sl_view_set(row, "by", list.at[i].by);
		sl_view_set(row, "via", list.at[i].via);
		sl_view_set(row, "action", list.at[i].action);
		sl_view_set(row, "object", list.at[i].object);
		sl_view_set(row, "detail", list.at[i].detail);
		(void)json_object_set_new(row, "refused", json_boolean(list.at[i].refused));
		(void)json_array_append_new(rows, row);
	}
	*out = json_pack("{s:o}", "audit", rows);
	return SL_OK;
}
