/* Views of drift: what is known of each target, and of one what differs, object by object. */
#include "sluice/control/people.h"

#include "drift.h"
#include "view_int.h"

#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/schema/snapshot.h"

#include <string.h>

#define TEXT_MAX  (4u << 20)
#define SHORT_LEN 10

json_t *sl_view_drift_row(struct sl_arena *arena, const struct sl_drift_record *record)
{
	static const struct sl_drift_record none = { .state = SL_DRIFT_UNKNOWN,
		.base = "",
		.live = "",
		.origin = "",
		.summary = "",
		.note = "not compared yet" };
	const struct sl_drift_record *row = record && record->revision > 0 ? record : &none;
	json_t *out = json_object();

	sl_view_set(out, "state", sl_drift_name(row->state));
	sl_view_set(out, "summary", row->summary);
	sl_view_set_i64(out, "objects", row->objects);
	sl_view_set_time(out, "since", row->since);
	sl_view_set_time(out, "checked_at", row->checked_at);
	sl_view_set_time(out, "tried_at", row->tried_at);
	(void)json_object_set_new(out, "reached",
		json_boolean(row->tried_at > 0 && row->checked_at >= row->tried_at));
	(void)json_object_set_new(out, "asked", json_boolean(row->asked_at > row->tried_at));
	sl_view_set(out, "note", row->note);
	sl_view_set(out, "base", row->base);
	sl_view_set(out, "base_short", sl_arena_strndup(arena, row->base, SHORT_LEN));
	sl_view_set(out, "base_origin", row->origin);
	sl_view_set_time(out, "base_at", row->based_at);
	sl_view_set(out, "live", row->live);
	sl_view_set(out, "live_short", sl_arena_strndup(arena, row->live, SHORT_LEN));
	(void)json_object_set_new(out, "found", json_boolean(row->state == SL_DRIFT_FOUND));
	return out;
}

/* --- what differs ---------------------------------------------------------------------------- */

struct differing {
	struct sl_arena *arena;
	enum sl_dialect dialect;
	json_t *rows;
};

static void set_sql(const struct differing *differing, json_t *row, const char *key,
	const struct sl_entity *entity)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(TEXT_MAX);

	if (entity)
		sl_entity_sql(differing->dialect, entity, &sql);
	sl_view_set(row, key, sl_buf_str(&sql));
}

/* All differences of one object; of the database itself where there is none. */
static void add_object(const struct differing *differing, const struct sl_difference *at, size_t n)
{
	const struct sl_diff part = { .at = at, .len = n };
	const struct sl_entity *entity = at->to ? at->to : at->from;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(TEXT_MAX);
	const bool whole = entity && at->part[0] == '\0';
	json_t *row = json_object();
	json_t *lines;

	sl_diff_text(&part, &text);
	lines = sl_view_lines(differing->arena, sl_buf_str(&text));
	sl_view_set(row, "change",
		sl_difference_kind_name(whole ? at->kind : SL_DIFFERENCE_CHANGED));
	sl_view_set(row, "kind", entity ? sl_entity_kind_name(entity->kind) : "database");
	sl_view_set(row, "schema", entity ? entity->schema : "");
	sl_view_set(row, "name", entity ? entity->name : "");
	sl_view_set(row, "object",
		entity ? sl_json_str(json_array_get(lines, 0), "text", "") + strlen("+ ") :
			 "database");
	set_sql(differing, row, "was", at->from);
	set_sql(differing, row, "now", at->to);
	(void)json_object_set_new(row, "lines", lines);
	(void)json_array_append_new(differing->rows, row);
}

static const struct sl_entity *object_of(const struct sl_difference *difference)
{
	return difference->to ? difference->to : difference->from;
}

static void add_objects(const struct differing *differing, const struct sl_diff *diff)
{
	for (size_t i = 0, n; i < diff->len; i += n) {
		for (n = 1; i + n < diff->len &&
			object_of(&diff->at[i + n]) == object_of(&diff->at[i]);)
			n++;
		add_object(differing, &diff->at[i], n);
	}
}

enum sl_code sl_view_add_drift(struct sl_control *control, struct sl_arena *arena,
	const char *target, json_t *view, struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *base = NULL;
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *live = NULL;
	struct differing differing = { .arena = arena, .rows = json_array() };
	struct sl_drift_record row;
	struct sl_diff diff;
	json_t *drift;
	enum sl_code code = sl_store_drift(control->doors.store, target, arena, &row, err);

	drift = sl_view_drift_row(arena, code == SL_OK ? &row : NULL);
	(void)json_object_set_new(view, "drift", drift);
	(void)json_object_set_new(drift, "differences", differing.rows);
	if (code != SL_OK || row.state != SL_DRIFT_FOUND)
		return code;
	code = sl_control_load_snapshot(control, row.base, &base, err);
	if (code == SL_OK)
		code = sl_control_load_snapshot(control, row.live, &live, err);
	if (code == SL_ENOTFOUND) {
		sl_view_set(drift, "note", "the store does not have the snapshot to compare with");
		return SL_OK;
	}
	if (code != SL_OK)
		return code;
	differing.dialect = sl_catalog_dialect(live);
	sl_diff_make(&diff, arena, base, live);
	add_objects(&differing, &diff);
	(void)json_object_set_new(drift, "incomplete", json_boolean(diff.incomplete));
	return SL_OK;
}

/* --- the views ------------------------------------------------------------------------------- */

static void set_target(json_t *row, const struct sl_world *world, const struct sl_target *target)
{
	sl_view_set(row, "target", target->name);
	sl_view_set(row, "environment", world->workspace->environments[target->environment].name);
}

enum sl_code sl_view_drifts(struct sl_control *control, json_t **out, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_map_free_p) struct sl_map *rows = sl_map_new();
	enum sl_code code = sl_drift_by_target(control, arena, rows, err);
	json_t *list;

	if (code != SL_OK)
		return code;
	list = json_array();
	for (size_t i = 0; i < world->workspace->targets_len; i++) {
		const struct sl_target *target = &world->workspace->targets[i];
		json_t *row = sl_view_drift_row(arena, sl_map_get(rows, target->name));

		set_target(row, world, target);
		(void)json_array_append_new(list, row);
	}
	*out = json_pack("{s:o}", "drift", list);
	return SL_OK;
}

enum sl_code sl_view_drift(struct sl_control *control, const char *target, json_t **out,
	struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const size_t index = sl_workspace_target(world->workspace, target);
	sl_auto_json json_t *view = json_object();
	enum sl_code code;

	if (index == world->workspace->targets_len)
		return sl_control_no_target(world, target, err);
	code = sl_view_add_drift(control, arena, target, view, err);
	set_target(json_object_get(view, "drift"), world, &world->workspace->targets[index]);
	if (code == SL_OK)
		*out = json_incref(view);
	return code;
}

enum sl_code sl_view_add_drifted(struct sl_control *control, const struct sl_world *world,
	struct sl_arena *arena, json_t *status, struct sl_error *err)
{
	sl_auto(sl_map_free_p) struct sl_map *rows = sl_map_new();
	json_t *drifted = json_array();
	json_int_t unknown = 0;
	enum sl_code code = sl_drift_by_target(control, arena, rows, err);

	for (size_t i = 0; i < world->workspace->targets_len; i++) {
		const struct sl_target *target = &world->workspace->targets[i];
		const struct sl_drift_record *record = sl_map_get(rows, target->name);
		json_t *row;

		unknown += !record || record->state == SL_DRIFT_UNKNOWN;
		if (!record || record->state != SL_DRIFT_FOUND)
			continue;
		row = sl_view_drift_row(arena, record);
		set_target(row, world, target);
		(void)json_array_append_new(drifted, row);
	}
	sl_view_set_i64(status, "drifted", (int64_t)json_array_size(drifted));
	sl_view_set_i64(status, "drift_unknown", unknown);
	(void)json_object_set_new(status, "drift", drifted);
	return code;
}
