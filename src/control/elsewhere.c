/* Stages that are left to the team's own tool: what its history, or our ledger where its pipeline
 * calls `sluice migrate`, says of them. */
#include "elsewhere.h"

#include "drift_elsewhere.h"
#include "folder.h"

#include "sluice/apply/elsewhere.h"
#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/schema/snapshot.h"

#include <stdlib.h>
#include <string.h>

#define PAGE        200
#define MERGED_PAGE 1000
#define FETCH_US    (10 * SL_SECOND_US)

/* --- what is known -------------------------------------------------------------------------- */

static const struct sl_elsewhere_record *record_of(const struct sl_change_view *view,
	int64_t stage_id, const char *target)
{
	for (size_t i = 0; i < view->elsewhere_len; i++) {
		if (view->elsewhere[i].stage_id == stage_id &&
			sl_str_eq(view->elsewhere[i].target, target))
			return &view->elsewhere[i];
	}
	return NULL;
}

static bool is_configured(const struct sl_world *world, const char *target)
{
	return sl_workspace_target(world->workspace, target) < world->workspace->targets_len;
}

/* Why nothing can be seen of the target, or what was seen last. */
static const char *pending_text(struct sl_control *control, const struct sl_elsewhere_record *known,
	const char *target, struct sl_arena *arena)
{
	struct observation *seen = sl_observation_get(control, target);
	const char *text = known ? known->sentence :
				   sl_arena_printf(arena, "not yet applied on %s", target);

	if (seen && seen->trouble)
		text = sl_arena_printf(arena, "%s cannot be looked at: %s", target, seen->trouble);
	sl_observation_unref(control, seen);
	return text;
}

static const char *seen_text(const struct sl_elsewhere_record *last, size_t n,
	struct sl_arena *arena)
{
	if (!last)
		return "none of its targets is in the configuration any more";
	if (n == 1)
		return last->sentence;
	return sl_arena_printf(arena, "applied by %s on %zu targets", last->tool, n);
}

void sl_elsewhere_gate(const struct elsewhere_place *place, const struct sl_stage_plan *plan,
	struct sl_arena *arena, struct sl_stage_gate *gate)
{
	const int64_t stage_id = place->change->stages[place->stage].id;
	const struct sl_elsewhere_record *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < plan->targets_len && !gate->pending; i++) {
		const char *target = plan->targets[i].name;
		const struct sl_elsewhere_record *known = record_of(place->change, stage_id,
			target);

		if (known && known->applied) {
			n += known != last;
			last = known;
		} else if (is_configured(place->world, target)) {
			gate->pending = pending_text(place->control, known, target, arena);
		}
	}
	if (!gate->pending)
		gate->seen = seen_text(last, n, arena);
}

void sl_elsewhere_skip(const struct elsewhere_place *place, const struct sl_stage_plan *plan,
	const char *sentence, struct sl_batch *batch)
{
	const struct sl_stage *stage = &place->change->stages[place->stage];

	for (size_t i = 0; i < plan->targets_len; i++) {
		const struct sl_elsewhere_record *known = record_of(place->change, stage->id,
			plan->targets[i].name);
		struct sl_elsewhere_record record = { .stage_id = stage->id,
			.change_id = stage->change_id,
			.target = plan->targets[i].name,
			.files = "",
			.before = "",
			.after = "" };

		if (known && known->applied)
			continue;
		if (known)
			record = *known;
		record.tool = SL_ELSEWHERE_SKIP;
		record.sentence = sentence;
		record.seen_at = sl_control_now(place->control);
		sl_batch_put_elsewhere(batch, &record);
	}
}

static void queue_stage(struct sl_control *control, const struct sl_world *world,
	const struct sl_change_view *change, const struct sl_stage *stage)
{
	const int64_t since = sl_control_now(control) - world->poll_us;
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_stage_plan plan;

	if (sl_rollout_read_plan(stage->plan, arena, &plan, NULL) != SL_OK)
		return;
	for (size_t i = 0; i < plan.targets_len; i++) {
		const char *target = plan.targets[i].name;
		const struct sl_elsewhere_record *known = record_of(change, stage->id, target);

		if (!known || (!known->applied && sl_observation_is_old(control, target, since)))
			sl_control_queue_add(control, SL_WORK_OBSERVE, target, 0);
	}
}

void sl_elsewhere_queue(struct sl_control *control, const struct sl_world *world,
	const struct sl_rollout_view *view)
{
	for (size_t i = 0; i < view->change->stages_len; i++) {
		if (view->change->stages[i].state == SL_STAGE_LEFT && view->gates[i].pending)
			queue_stage(control, world, view->change, &view->change->stages[i]);
	}
}

/* --- what the histories say ----------------------------------------------------------------- */

struct paths {
	SL_VEC(const struct sl_migration *);
};

/* One stage on the target, being looked at. */
struct looking {
	struct elsewhere_look *look;
	struct sl_arena *arena;
	struct sl_stage stage;
	struct sl_stage_plan plan;
	struct sl_change_view change;
	const struct sl_elsewhere_record *known; /* what was seen before, or NULL */
	struct sl_repo *repo; /* owned, or NULL */
	struct paths applied; /* all of them */
	const char *files; /* their paths, a line each, behind a line end */
	struct paths fresh; /* those that were not known */
	unsigned total;
	const char *tool, *at, *by; /* of the last that was applied; "" */
	const char *open; /* the first that is not applied, in a sentence; NULL: none */
	bool failed;
};

static const char *line_of(struct looking *l, const struct sl_plan_part *part,
	const struct sl_migration *file)
{
	return sl_arena_printf(l->arena, "\n%s/%s\n", part->folder, file->path);
}

static void count_applied(struct looking *l, const struct sl_plan_part *part,
	const struct sl_migration *file)
{
	const char *line = line_of(l, part, file);

	l->files = sl_arena_printf(l->arena, "%s%s", l->files,
		l->applied.len > 0 ? line + 1 : line);
	*sl_vec_add_in(l->arena, &l->applied) = file;
	if (!l->known || !strstr(l->known->files, line))
		*sl_vec_add_in(l->arena, &l->fresh) = file;
}

/* The ledger's word on the file; false: it has none. */
static bool ask_ledger(struct looking *l, const struct sl_plan_part *part,
	const struct sl_migration *file)
{
	const struct sl_ledger *ledger = l->look->ledger;
	char iso[SL_TIME_ISO_MAX];

	for (size_t i = 0; i < ledger->migrations_len; i++) {
		const struct sl_ledger_migration *row = &ledger->migrations[i];

		if (row->kind != file->kind || row->state == SL_LEDGER_PARTIAL ||
			!sl_str_eq(row->key, file->key) || !sl_str_eq(row->scope, part->ledger) ||
			(row->kind == SL_MIGRATION_REPEATABLE &&
				!sl_str_eq(row->sha256, file->sha256)))
			continue;
		count_applied(l, part, file);
		l->tool = row->state == SL_LEDGER_APPLIED ?
			"sluice migrate" :
			sl_arena_printf(l->arena, "sluice (%s)", sl_ledger_state_name(row->state));
		l->at = sl_arena_strdup(l->arena, sl_time_iso(row->at, iso));
		l->by = row->actor;
		return true;
	}
	return false;
}

static const char *open_text(struct looking *l, const struct sl_elsewhere *history,
	const struct sl_migration *file, enum sl_elsewhere_state state)
{
	const char *target = l->look->target->name;

	switch (state) {
	case SL_ELSEWHERE_FAILED:
		return sl_arena_printf(l->arena, "%s has %s as failed or unfinished on %s; %s",
			history->tool, file->path, target, history->mend);
	case SL_ELSEWHERE_UNDONE:
		return sl_arena_printf(l->arena, "%s rolled %s back on %s", history->tool,
			file->path, target);
	case SL_ELSEWHERE_EDITED:
		return sl_arena_printf(l->arena,
			"%s applied %s on %s with another content than was approved", history->tool,
			file->path, target);
	case SL_ELSEWHERE_APPLIED:
	case SL_ELSEWHERE_ABSENT:
	case SL_ELSEWHERE_STATE_COUNT:
		break;
	}
	if (history->trouble[0] != '\0')
		return sl_arena_printf(l->arena, "%s is not known to be applied on %s: %s",
			file->path, target, history->trouble);
	return sl_arena_printf(l->arena, "%s is not yet applied on %s", file->path, target);
}

static void ask_history(struct looking *l, const struct sl_elsewhere *history,
	const struct sl_plan_part *part, const struct sl_migration *file,
	const struct sl_elsewhere_file *row)
{
	if (row->state == SL_ELSEWHERE_APPLIED) {
		count_applied(l, part, file);
		l->tool = history->tool;
		l->at = row->at;
		l->by = row->by;
		return;
	}
	if (!l->open || (row->state != SL_ELSEWHERE_ABSENT && !l->failed))
		l->open = open_text(l, history, file, row->state);
	l->failed = l->failed || row->state != SL_ELSEWHERE_ABSENT;
}

static const struct sl_migration *planned_in(const struct folder *folder,
	const struct sl_migration *planned, size_t *index)
{
	const struct sl_migration_set *set = &folder->layout.set;

	for (*index = 0; *index < set->len; (*index)++) {
		const struct sl_migration *file = &set->at[*index];

		if (sl_str_eq(file->path, planned->path) &&
			sl_str_eq(file->sha256, planned->sha256))
			return file;
	}
	return NULL;
}

static enum sl_code read_folder(struct looking *l, const struct sl_plan_part *part,
	struct folder *folder, struct sl_error *err)
{
	struct sl_control *control = l->look->control;
	const struct sl_workspace *workspace = l->look->world->workspace;
	struct sl_migrations_entry *entry = sl_arena_alloc(l->arena, sizeof(*entry));
	size_t project = sl_workspace_project(workspace, l->change.change.project);
	enum sl_code code = SL_OK;

	if (project == workspace->projects_len)
		return sl_error_set(err, SL_EUNAVAIL, "project %s is not in the configuration",
			l->change.change.project);
	if (!l->repo)
		code = sl_control_open_at(control, l->look->world, &workspace->projects[project],
			&(struct repo_moment){ l->plan.commit, FETCH_US }, &l->repo, err);
	*entry = (struct sl_migrations_entry){ .path = part->folder,
		.layout = part->layout,
		.ledger = part->ledger,
		.targets = part->selector };
	*folder = (struct folder){ .entry = entry, .dialect = l->look->target->dialect };
	return code == SL_OK ?
		sl_folder_read(folder, l->arena, l->repo, l->look->world, l->plan.commit, err) :
		code;
}

static enum sl_code look_at_part(struct looking *l, const struct sl_plan_part *part,
	struct sl_error *err)
{
	struct sl_elsewhere history;
	struct sl_conn_spec spec;
	struct folder folder = { .entry = NULL };
	enum sl_code code = read_folder(l, part, &folder, err);

	if (code == SL_OK)
		code = sl_control_target_spec(l->look->control, l->look->world, l->look->target,
			l->arena, &spec, err);
	if (code != SL_OK)
		return code;
	spec.cancel = l->look->cancel;
	code = sl_apply_elsewhere(&spec, &folder.layout.set, part->layout, &history, l->arena, err);
	spec.password = NULL;
	for (size_t i = 0; code == SL_OK && i < part->set.len; i++) {
		size_t at;
		const struct sl_migration *file = planned_in(&folder, &part->set.at[i], &at);

		if (!file)
			return sl_error_set(err, SL_ECONFLICT,
				"%s is not at commit %.7s as it was planned", part->set.at[i].path,
				l->plan.commit);
		l->total++;
		if (!ask_ledger(l, part, file))
			ask_history(l, &history, part, file, &history.files[at]);
	}
	return code;
}

/* --- what is kept of it --------------------------------------------------------------------- */

static const char *sentence_of(struct looking *l)
{
	if (l->open && l->applied.len > 0)
		return sl_arena_printf(l->arena, "%s (%zu of %u are)", l->open, l->applied.len,
			l->total);
	if (l->open)
		return l->open;
	return sl_arena_printf(l->arena, "applied by %s%s%s%s%s%s", l->tool,
		l->at[0] != '\0' ? " at " : "", l->at, l->by[0] != '\0' ? " (" : "", l->by,
		l->by[0] != '\0' ? ")" : "");
}

static enum sl_code newest_snapshot(struct looking *l, const char **out, struct sl_error *err)
{
	struct sl_snapshot_list list = { 0 };
	enum sl_code code = sl_store_snapshots(l->look->control->doors.store, l->look->target->name,
		(struct sl_page){ .limit = 1 }, l->arena, &list, err);

	*out = list.len > 0 ? list.at[0].hash : "";
	return code;
}

/* The tool did something since: the structure that it left is meant to be there, and is history
 * like those around our own runs. */
static enum sl_code keep_work(struct looking *l, struct sl_elsewhere_record *record,
	struct sl_batch *batch, struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *after = NULL;
	struct sl_control *control = l->look->control;
	struct elsewhere_work work = { .target = l->look->target,
		.tool = l->tool,
		.change_id = l->stage.change_id,
		.files = l->fresh.at,
		.files_len = l->fresh.len };
	char *hash = sl_arena_alloc(l->arena, SL_SHA256_HEX);
	struct sl_conn_spec spec;
	enum sl_code code = sl_control_target_spec(control, l->look->world, l->look->target,
		l->arena, &spec, err);

	spec.cancel = l->look->cancel;
	if (code == SL_OK)
		code = sl_apply_snapshot(&spec, &after, err);
	spec.password = NULL;
	if (code == SL_OK && record->before[0] == '\0')
		code = newest_snapshot(l, &record->before, err);
	if (code != SL_OK)
		return code;
	work.after = after;
	code = sl_drift_carry_elsewhere(control, &work, batch, l->arena, err);
	sl_control_keep_snapshot(control, batch, l->look->target->name, after, "");
	sl_snapshot_hash(after, hash);
	record->after = hash;
	return code;
}

static void tell(struct looking *l, const char *sentence, struct sl_batch *batch)
{
	const bool applied = !l->open;

	if (!applied && !l->failed && l->fresh.len == 0)
		return;
	sl_control_tell(l->look->control, l->look->world, batch,
		&(struct telling){ .kind = applied ? "elsewhere.applied" :
				l->failed          ? "elsewhere.failed" :
						     "elsewhere.partial",
			.change_id = l->stage.change_id,
			.environment = l->stage.environment,
			.target = l->look->target->name,
			.by = applied || !l->failed ? l->tool : "sluice",
			.text = applied ? sl_arena_printf(l->arena, "%s: %s", l->look->target->name,
						  sentence) :
					  sentence });
}

static enum sl_code keep(struct looking *l, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct elsewhere_look *look = l->look;
	const char *sentence = sentence_of(l);
	struct sl_elsewhere_record record = { .stage_id = l->stage.id,
		.change_id = l->stage.change_id,
		.target = look->target->name,
		.applied = !l->open,
		.done = (unsigned)l->applied.len,
		.total = l->total,
		.tool = l->tool,
		.files = l->files,
		.sentence = sentence,
		.before = l->known ? l->known->before : "",
		.after = l->known ? l->known->after : "",
		.seen_at = sl_control_now(look->control) };
	enum sl_code code = SL_OK;

	look->awaited = look->awaited || l->open;
	if (l->known && sl_str_eq(l->known->sentence, sentence) && l->fresh.len == 0)
		return SL_OK;
	if (l->fresh.len > 0)
		code = keep_work(l, &record, batch, err);
	sl_batch_expect(batch, l->change.change.id, l->change.change.revision);
	sl_batch_put_elsewhere(batch, &record);
	tell(l, sentence, batch);
	if (code == SL_OK)
		code = sl_store_commit(look->control->doors.store, batch, err);
	if (code != SL_OK)
		return code;
	look->news = look->news || l->fresh.len > 0;
	if (l->fresh.len > 0)
		sl_control_queue_add(look->control, SL_WORK_DRIFT, look->target->name, 0);
	sl_control_queue_change(look->control, l->stage.change_id, 0);
	sl_control_queue_add(look->control, SL_WORK_PROJECT, l->change.change.project, 0);
	return SL_OK;
}

/* --- which stages --------------------------------------------------------------------------- */

static bool concerns(const struct looking *l)
{
	const bool over = l->plan.mode == SL_MODE_GATE &&
		l->change.change.state != SL_CHANGE_MERGED;

	return !over && !(l->known && l->known->applied);
}

static bool has_target(const struct looking *l)
{
	for (size_t i = 0; i < l->plan.targets_len; i++) {
		if (sl_str_eq(l->plan.targets[i].name, l->look->target->name))
			return true;
	}
	return false;
}

static enum sl_code look_at_stage(struct looking *l, struct sl_error *err)
{
	struct elsewhere_look *look = l->look;
	enum sl_code code = sl_rollout_read_plan(l->stage.plan, l->arena, &l->plan, err);

	if (code != SL_OK || !(look->modes & SL_STATE_BIT(l->plan.mode)) || !has_target(l))
		return code;
	code = sl_store_change_view(look->control->doors.store, l->stage.change_id, l->arena,
		&l->change, err);
	if (code != SL_OK)
		return code;
	l->known = record_of(&l->change, l->stage.id, look->target->name);
	if (!concerns(l))
		return SL_OK;
	l->tool = l->at = l->by = l->files = "";
	for (size_t i = 0; code == SL_OK && i < l->plan.targets_len; i++) {
		if (sl_str_eq(l->plan.targets[i].name, look->target->name))
			code = look_at_part(l, &l->plan.parts[l->plan.targets[i].part], err);
	}
	return code == SL_OK ? keep(l, err) : code;
}

/* A stage that cannot be looked at now keeps none of the others from it. */
static enum sl_code look_at_each(struct elsewhere_look *look, const struct sl_stage_list *stages,
	struct sl_error *err)
{
	enum sl_code code = SL_OK;

	/* as they were merged: what came first was applied first */
	for (size_t i = 0; i < stages->len && code == SL_OK; i++) {
		sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
		struct sl_error why = SL_ERROR_INIT;
		struct looking l = { .look = look, .arena = arena, .stage = stages->at[i] };

		if (i > 0 && stages->at[i - 1].id == stages->at[i].id)
			continue;
		code = look_at_stage(&l, &why);
		sl_repo_close(l.repo);
		if (code == SL_OK)
			continue;
		look->awaited = true;
		if (code == SL_ECANCELED)
			return sl_error_set(err, code, "%s", why.msg);
		if (code != SL_EBUSY && code != SL_ECONFLICT)
			sl_log(SL_LOG_WARNING, "elsewhere.not_read", "target", look->target->name,
				"error", why.msg, NULL);
		code = SL_OK;
	}
	return code;
}

struct left_stages {
	SL_VEC(struct sl_stage);
};

struct merged_ids {
	SL_VEC(int64_t);
};

/* Those of changes that are under way: however many others stay left for good, each is looked at.
 */
static enum sl_code read_awaited(struct sl_control *control, struct left_stages *out,
	struct sl_arena *arena, struct sl_error *err)
{
	struct sl_change_query query = { .states = SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = MERGED_PAGE } };
	struct merged_ids ids = { 0 };
	struct sl_change_list merged = { 0 };
	struct sl_stage_list stages = { 0 };
	enum sl_code code;

	do {
		code = sl_store_changes(control->doors.store, &query, arena, &merged, err);
		for (size_t i = 0; code == SL_OK && i < merged.len; i++)
			query.page.before = *sl_vec_add_in(arena, &ids) = merged.at[i].id;
	} while (code == SL_OK && merged.len == MERGED_PAGE);
	if (code == SL_OK)
		code = sl_store_stages_among(control->doors.store,
			&(struct sl_stages_among){ ids.at, ids.len, SL_STATE_BIT(SL_STAGE_LEFT) },
			arena, &stages, err);
	for (size_t i = 0; code == SL_OK && i < stages.len; i++)
		*sl_vec_add_in(arena, out) = stages.at[i];
	return code;
}

/* Of those that stay left the newest: they may explain a difference, and nothing waits for them. */
static enum sl_code read_newest(struct sl_control *control, struct left_stages *out,
	struct sl_arena *arena, struct sl_error *err)
{
	const struct sl_stage_query query = { .states = SL_STATE_BIT(SL_STAGE_LEFT),
		.page = { .limit = PAGE } };
	struct sl_stage_list stages = { 0 };
	enum sl_code code = sl_store_stages(control->doors.store, &query, arena, &stages, err);

	for (size_t i = 0; code == SL_OK && i < stages.len; i++)
		*sl_vec_add_in(arena, out) = stages.at[i];
	return code;
}

static int by_id(const void *a, const void *b)
{
	const struct sl_stage *x = a;
	const struct sl_stage *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

enum sl_code sl_elsewhere_look(struct elsewhere_look *look, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct left_stages stages = { 0 };
	enum sl_code code = read_awaited(look->control, &stages, arena, err);

	look->awaited = look->news = false;
	if (code == SL_OK && look->modes != SL_STATE_BIT(SL_MODE_GATE))
		code = read_newest(look->control, &stages, arena, err);
	if (code == SL_OK && stages.len > 0)
		qsort(stages.at, stages.len, sizeof(*stages.at), by_id);
	return code == SL_OK ?
		look_at_each(look, &(struct sl_stage_list){ stages.at, stages.len }, err) :
		code;
}
