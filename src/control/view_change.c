/* Views of changes: the list, one with all that hangs on it, and what needs somebody. */
#include "sluice/control/people.h"

#include "elsewhere.h"
#include "folder.h"
#include "stages.h"
#include "view_int.h"

#include "sluice/core/str.h"
#include "sluice/git.h"
#include "sluice/policy/workspace.h"
#include "sluice/rollout/moves.h"

#include <string.h>

#define SOURCE_FETCH_US (5 * SL_SECOND_US) /* somebody waits for the page */
#define LINES_MAX       2000

static const char *verdict_word(const struct sl_review_record *review)
{
	if (review->errors > 0)
		return "error";
	return review->warnings > 0 ? "warning" : "ok";
}

static json_t *review_row(struct sl_arena *arena, const struct sl_review_record *review)
{
	json_t *row = json_object();

	sl_view_set(row, "verdict", verdict_word(review));
	sl_view_set(row, "verdict_text",
		review->errors + review->warnings == 0 ?
			"review passed" :
			sl_arena_printf(arena, "%u error%s, %u warning%s", review->errors,
				review->errors == 1 ? "" : "s", review->warnings,
				review->warnings == 1 ? "" : "s"));
	sl_view_set_i64(row, "errors", review->errors);
	sl_view_set_i64(row, "warnings", review->warnings);
	sl_view_set_i64(row, "notices", review->notices);
	sl_view_set(row, "risk", sl_risk_name(review->risk));
	sl_view_set(row, "head", review->head);
	sl_view_set(row, "head_short", sl_arena_strndup(arena, review->head, 7));
	sl_view_set_time(row, "at", review->at);
	return row;
}

static json_t *change_row(struct sl_arena *arena, const struct sl_change *change)
{
	json_t *row = json_object();

	sl_view_set_i64(row, "id", change->id);
	sl_view_set(row, "project", change->project);
	sl_view_set(row, "kind", sl_change_kind_name(change->kind));
	sl_view_set(row, "state", sl_change_state_name(change->state));
	sl_view_set(row, "branch", change->branch);
	sl_view_set(row, "title", change->title);
	sl_view_set(row, "head", change->head);
	sl_view_set(row, "head_short", sl_arena_strndup(arena, change->head, 7));
	sl_view_set(row, "author", change->author);
	(void)json_object_set_new(row, "held",
		json_boolean(change->held && !sl_rollout_is_over(change->state)));
	sl_view_set(row, "hold_reason", change->hold_reason);
	sl_view_set(row, "hold_by", change->hold_by);
	sl_view_set_time(row, "opened_at", change->opened_at);
	sl_view_set_time(row, "merged_at", change->merged_at);
	sl_view_set_time(row, "ended_at", change->ended_at);
	return row;
}

static enum sl_code add_review(struct sl_control *control, struct sl_arena *arena,
	const struct sl_change *change, json_t *row, struct sl_error *err)
{
	struct sl_review_record review;
	enum sl_code code;

	if (change->review_id == 0)
		return SL_OK;
	code = sl_store_review(control->doors.store, change->review_id, arena, &review, err);
	if (code == SL_OK)
		(void)json_object_set_new(row, "review", review_row(arena, &review));
	return code;
}

static void add_wait(const struct staged *staged, json_t *row)
{
	sl_auto_buf struct sl_buf wait = SL_BUF_INIT(1000);

	if (staged->view.change.state == SL_CHANGE_MERGED)
		sl_rollout_waits_for(&staged->rollout, &wait);
	sl_view_set(row, "waits_for",
		staged->view.change.state == SL_CHANGE_OPEN ? staged->view.change.wait :
							      sl_buf_str(&wait));
}

/* --- the list ------------------------------------------------------------------------------- */

/* Rows of a list in the making; everything is read for all of them at once. */
struct listing {
	struct sl_arena *arena;
	const struct sl_change_list *changes;
	json_t **rows; /* borrowed from the array that is made */
};

static int64_t *ids_of(struct sl_arena *arena, const struct sl_change_list *changes,
	bool merged_only, bool reviews, size_t *n)
{
	int64_t *ids = sl_arena_calloc(arena, changes->len + 1, sizeof(*ids));

	*n = 0;
	for (size_t i = 0; i < changes->len; i++) {
		const struct sl_change *change = &changes->at[i];

		if (merged_only && change->state != SL_CHANGE_MERGED)
			continue;
		if (!reviews || change->review_id != 0)
			ids[(*n)++] = reviews ? change->review_id : change->id;
	}
	return ids;
}

static enum sl_code add_reviews(struct sl_control *control, struct listing *listing,
	struct sl_error *err)
{
	size_t n;
	int64_t *ids = ids_of(listing->arena, listing->changes, false, true, &n);
	struct sl_review_list reviews = { 0 };
	enum sl_code code = n > 0 ? sl_store_reviews_among(control->doors.store, ids, n,
					    listing->arena, &reviews, err) :
				    SL_OK;

	for (size_t i = 0; i < listing->changes->len; i++) {
		for (size_t k = 0; k < reviews.len; k++) {
			if (reviews.at[k].id == listing->changes->at[i].review_id)
				(void)json_object_set_new(listing->rows[i], "review",
					review_row(listing->arena, &reviews.at[k]));
		}
	}
	return code;
}

/* Merged ones say what they wait for now. */
static enum sl_code add_waits(struct sl_control *control, const struct sl_world *world,
	struct listing *listing, struct sl_error *err)
{
	size_t n;
	size_t next = 0;
	int64_t *ids = ids_of(listing->arena, listing->changes, true, false, &n);
	struct staged *staged = NULL;
	enum sl_code code = n > 0 ?
		sl_staged_read_all(control, world, &(struct change_ids){ ids, n }, listing->arena,
			&staged, err) :
		SL_OK;

	for (size_t i = 0; code == SL_OK && next < n; i++) {
		if (listing->changes->at[i].state == SL_CHANGE_MERGED)
			add_wait(&staged[next++], listing->rows[i]);
	}
	return code;
}

static enum sl_code list_rows(struct sl_control *control, const struct sl_world *world,
	const struct sl_change_list *changes, json_t **out, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto_json json_t *rows = json_array();
	struct listing listing = { .arena = arena,
		.changes = changes,
		.rows = sl_arena_calloc(arena, changes->len + 1, sizeof(json_t *)) };
	enum sl_code code;

	for (size_t i = 0; i < changes->len; i++) {
		listing.rows[i] = change_row(arena, &changes->at[i]);
		sl_view_set(listing.rows[i], "waits_for", changes->at[i].wait);
		(void)json_array_append_new(rows, listing.rows[i]);
	}
	code = add_reviews(control, &listing, err);
	if (code == SL_OK)
		code = add_waits(control, world, &listing, err);
	if (code == SL_OK)
		*out = json_incref(rows);
	return code;
}

enum sl_code sl_view_changes(struct sl_control *control, int64_t before, unsigned limit,
	json_t **out, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_change_query query = { .page = { .before = before,
						       .limit = limit ? limit : 50 } };
	sl_auto_json json_t *rows = NULL;
	struct sl_change_list changes;
	enum sl_code code = sl_store_changes(control->doors.store, &query, arena, &changes, err);

	if (code == SL_OK)
		code = list_rows(control, world, &changes, &rows, err);
	if (code != SL_OK)
		return code;
	*out = json_pack("{s:O}", "changes", rows);
	if (changes.len == query.page.limit)
		sl_view_set_i64(*out, "next", changes.at[changes.len - 1].id);
	return SL_OK;
}

/* --- stages and tasks ----------------------------------------------------------------------- */

static json_t *task_row(const struct staged *staged, const struct sl_task *task)
{
	sl_auto_buf struct sl_buf wait = SL_BUF_INIT(1000);
	json_t *row = json_object();

	sl_rollout_task_waits_for(&staged->rollout, task, &wait);
	sl_view_set_i64(row, "id", task->id);
	sl_view_set(row, "target", task->target);
	sl_view_set(row, "environment", task->environment);
	sl_view_set(row, "folder", task->folder);
	sl_view_set(row, "state", sl_task_state_name(task->state));
	sl_view_set(row, "outcome", task->ended_at > 0 ? sl_outcome_name(task->outcome) : "");
	sl_view_set(row, "waits_for", sl_buf_str(&wait));
	sl_view_set(row, "detail", task->detail);
	sl_view_set(row, "sentence", wait.len > 0 ? sl_buf_str(&wait) : task->detail);
	sl_view_set_i64(row, "attempts", task->attempts);
	sl_view_set_time(row, "ended_at", task->ended_at);
	(void)json_object_set_new(row, "retryable",
		json_boolean(task->state == SL_TASK_FAILED || task->state == SL_TASK_BLOCKED ||
			task->state == SL_TASK_CANCELED));
	return row;
}

static json_t *step_rows(const struct staged *staged, size_t stage)
{
	const struct sl_approval_flow *flow = &staged->flows[stage];
	const struct sl_approval_state *state = &staged->approvals[stage];
	json_t *rows = json_array();

	for (size_t i = 0; i < flow->len; i++) {
		json_t *row = json_object();
		json_t *by = json_array();
		bool satisfied = state->satisfied || i < state->step;

		for (size_t k = 0; k < staged->view.approvals_len; k++) {
			const struct sl_approval *approval = &staged->view.approvals[k];

			if (approval->stage_id == staged->view.stages[stage].id &&
				approval->revoked_at == 0 &&
				sl_str_eq(approval->digest, staged->view.stages[stage].digest) &&
				sl_str_eq(approval->role, flow->steps[i].role))
				(void)json_array_append_new(by, json_string(approval->by));
		}
		sl_view_set(row, "role", flow->steps[i].role);
		sl_view_set_i64(row, "count", flow->steps[i].count);
		sl_view_set_i64(row, "have",
			satisfied ? flow->steps[i].count : (i == state->step ? state->have : 0));
		(void)json_object_set_new(row, "satisfied", json_boolean(satisfied));
		(void)json_object_set_new(row, "by", by);
		(void)json_array_append_new(rows, row);
	}
	return rows;
}

/* Who skipped the stage, and why. */
static const char *skipped_text(const struct staged *staged, int64_t stage_id)
{
	for (size_t i = 0; i < staged->view.elsewhere_len; i++) {
		const struct sl_elsewhere_record *said = &staged->view.elsewhere[i];

		if (said->stage_id == stage_id && sl_str_eq(said->tool, SL_ELSEWHERE_SKIP))
			return said->sentence;
	}
	return "skipped";
}

/* What a stage that was left says instead of having done anything. */
static const char *left_text(const struct staged *staged, size_t i, struct sl_arena *arena)
{
	const struct sl_stage_gate *gate = &staged->rollout.gates[i];

	if (staged->view.stages[i].state == SL_STAGE_ELSEWHERE)
		return gate->seen ? gate->seen : "applied by the team's own tool";
	if (staged->view.stages[i].state == SL_STAGE_SKIPPED)
		return skipped_text(staged, staged->view.stages[i].id);
	if (staged->view.stages[i].state != SL_STAGE_LEFT)
		return "";
	if (gate->mode == SL_MODE_OBSERVE)
		return "not applied: observe mode";
	if (gate->mode == SL_MODE_REVIEW)
		return "not applied: review mode";
	return gate->pending ?
		sl_arena_printf(arena, "left to the team's own tool: %s", gate->pending) :
		"left to the team's own tool: applied";
}

/* What others were seen to have done of it, by target. */
static json_t *elsewhere_rows(const struct staged *staged, int64_t stage_id)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < staged->view.elsewhere_len; i++) {
		const struct sl_elsewhere_record *seen = &staged->view.elsewhere[i];
		json_t *row = json_object();

		if (seen->stage_id != stage_id) {
			json_decref(row);
			continue;
		}
		sl_view_set(row, "target", seen->target);
		(void)json_object_set_new(row, "applied", json_boolean(seen->applied));
		sl_view_set_i64(row, "done", seen->done);
		sl_view_set_i64(row, "total", seen->total);
		sl_view_set(row, "tool", seen->tool);
		sl_view_set(row, "sentence", seen->sentence);
		sl_view_set_time(row, "seen_at", seen->seen_at);
		(void)json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *stage_row(const struct staged *staged, size_t i, struct sl_arena *arena)
{
	const struct sl_stage *stage = &staged->view.stages[i];
	sl_auto_buf struct sl_buf wait = SL_BUF_INIT(1000);
	const bool waits = stage->state == SL_STAGE_WAITING &&
		!sl_rollout_is_over(staged->view.change.state);
	json_t *row = json_object();
	json_t *tasks = json_array();

	if (waits)
		sl_rollout_stage_waits_for(&staged->rollout, stage, &wait);
	sl_view_set_i64(row, "id", stage->id);
	sl_view_set(row, "environment", stage->environment);
	sl_view_set(row, "state", sl_stage_state_name(stage->state));
	sl_view_set(row, "risk", sl_risk_name(stage->risk));
	sl_view_set(row, "digest", stage->digest);
	sl_view_set(row, "waits_for", sl_buf_str(&wait));
	sl_view_set(row, "mode", sl_mode_name(staged->rollout.gates[i].mode));
	sl_view_set(row, "left", left_text(staged, i, arena));
	(void)json_object_set_new(row, "elsewhere", elsewhere_rows(staged, stage->id));
	(void)json_object_set_new(row, "seen_applied",
		json_boolean(staged->rollout.gates[i].mode == SL_MODE_GATE &&
			!staged->rollout.gates[i].pending));
	(void)json_object_set_new(row, "skippable", json_boolean(sl_staged_skippable(staged, i)));
	(void)json_object_set_new(row, "approvable",
		json_boolean(waits && !staged->approvals[i].satisfied));
	(void)json_object_set_new(row, "steps", step_rows(staged, i));
	for (size_t k = 0; k < staged->view.tasks_len; k++) {
		if (staged->view.tasks[k].stage_id == stage->id)
			(void)json_array_append_new(tasks,
				task_row(staged, &staged->view.tasks[k]));
	}
	(void)json_object_set_new(row, "tasks", tasks);
	return row;
}

/* --- files with their findings --------------------------------------------------------------- */

/* What a change's lines are shown with. */
struct remarks {
	struct sl_finding_list findings;
	const struct sl_waiver *waivers;
	size_t waivers_len;
	int64_t now;
};

/* The waiver that holds; NULL where a comment in the file accepts the finding. */
static const struct sl_waiver *waiver_of(const struct remarks *remarks,
	const struct sl_finding_record *finding)
{
	const struct sl_waiver *found = NULL;

	for (size_t i = 0; finding->waived && i < remarks->waivers_len; i++) {
		const struct sl_waiver *waiver = &remarks->waivers[i];

		if (sl_str_eq(waiver->fingerprint, finding->fingerprint) &&
			(waiver->until == 0 || waiver->until > remarks->now))
			found = waiver;
	}
	return found;
}

static json_t *finding_row(const struct remarks *remarks, const struct sl_finding_record *finding)
{
	const struct sl_waiver *waiver = waiver_of(remarks, finding);
	json_t *row = json_object();

	sl_view_set(row, "rule", finding->rule);
	sl_view_set(row, "severity", sl_severity_name(finding->severity));
	sl_view_set_i64(row, "line", finding->line);
	sl_view_set(row, "message", finding->message);
	sl_view_set(row, "fingerprint", finding->fingerprint);
	(void)json_object_set_new(row, "waived", json_boolean(finding->waived));
	sl_view_set(row, "waived_by", waiver ? waiver->by : "");
	sl_view_set(row, "waived_reason", waiver ? waiver->reason : "");
	sl_view_set_time(row, "waived_until", waiver ? waiver->until : 0);
	return row;
}

static json_t *findings_at(const struct remarks *remarks, const char *path, unsigned line)
{
	const struct sl_finding_list *findings = &remarks->findings;
	json_t *rows = json_array();

	for (size_t i = 0; i < findings->len; i++) {
		if (findings->at[i].line == line && sl_str_eq(findings->at[i].path, path))
			(void)json_array_append_new(rows, finding_row(remarks, &findings->at[i]));
	}
	return rows;
}

static json_t *line_rows(struct sl_arena *arena, const char *text, const struct remarks *remarks,
	const char *path)
{
	json_t *rows = json_array();

	for (unsigned n = 1; *text != '\0' && n <= LINES_MAX; n++) {
		size_t len = strcspn(text, "\n");
		json_t *row = json_object();
		json_t *found = findings_at(remarks, path, n);

		sl_view_set_i64(row, "n", n);
		sl_view_set(row, "text", sl_arena_strndup(arena, text, len));
		(void)json_object_set_new(row, "findings", found);
		(void)json_array_append_new(rows, row);
		text += len + (text[len] == '\n');
	}
	return rows;
}

struct file_source {
	struct sl_control *control;
	struct sl_arena *arena;
	struct sl_repo *repo; /* owned; NULL when it cannot be opened */
	int64_t most;
};

static void open_source(struct file_source *source, const struct sl_world *world,
	const struct sl_change *change)
{
	size_t project = sl_workspace_project(world->workspace, change->project);

	source->most = world->migration_bytes;
	if (project < world->workspace->projects_len &&
		sl_control_open_at(source->control, world, &world->workspace->projects[project],
			&(struct repo_moment){ change->head, SOURCE_FETCH_US }, &source->repo,
			NULL) != SL_OK)
		source->repo = NULL;
}

static json_t *file_row(struct file_source *source, const struct sl_change_file *file,
	const struct remarks *remarks)
{
	json_t *row = json_object();
	struct sl_git_blob blob = { 0 };
	const char *path = file->folder[0] ?
		sl_arena_printf(source->arena, "%s/%s", file->folder, file->path) :
		file->path;

	sl_view_set(row, "path", path);
	sl_view_set(row, "key", file->key);
	sl_view_set(row, "sha256", file->sha256);
	(void)json_object_set_new(row, "gone", json_boolean(sl_file_is_gone(file)));
	(void)json_object_set_new(row, "whole", findings_at(remarks, path, 0));
	if (source->repo && !sl_file_is_gone(file) &&
		sl_repo_blob(source->repo, source->arena, file->blob, source->most, &blob, NULL) ==
			SL_OK)
		(void)json_object_set_new(row, "lines",
			line_rows(source->arena, blob.data, remarks, path));
	return row;
}

/* An error of environments that are only observed: the review names one of them. */
static bool would_be_blocked(const struct sl_finding_record *finding)
{
	return finding->environment[0] != '\0' && finding->severity == SL_SEVERITY_ERROR &&
		!finding->waived;
}

static void add_observed(const struct sl_finding_list *findings, json_t *view)
{
	json_t *review = json_object_get(view, "review");
	int64_t n = 0;

	for (size_t i = 0; i < findings->len; i++)
		n += would_be_blocked(&findings->at[i]);
	if (review && n > 0)
		sl_view_set_i64(review, "would_block", n);
}

static enum sl_code add_files(struct sl_control *control, const struct sl_world *world,
	const struct staged *staged, json_t *view, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct file_source source = { .control = control, .arena = arena };
	struct remarks remarks = { .waivers = staged->view.waivers,
		.waivers_len = staged->view.waivers_len,
		.now = sl_control_now(control) };
	json_t *rows = json_array();
	enum sl_code code = SL_OK;

	(void)json_object_set_new(view, "files", rows);
	if (staged->view.change.review_id != 0)
		code = sl_store_findings(control->doors.store, staged->view.change.review_id, arena,
			&remarks.findings, err);
	if (code != SL_OK)
		return code;
	add_observed(&remarks.findings, view);
	open_source(&source, world, &staged->view.change);
	for (size_t i = 0; i < staged->view.files_len; i++)
		(void)json_array_append_new(rows,
			file_row(&source, &staged->view.files[i], &remarks));
	sl_repo_close(source.repo);
	return SL_OK;
}

static enum sl_code add_events(struct sl_control *control, int64_t change_id, json_t *view,
	struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_log_query query = { .change_id = change_id, .page = { .limit = 200 } };
	json_t *rows = json_array();
	struct sl_event_list events;
	enum sl_code code = sl_store_events(control->doors.store, &query, arena, &events, err);

	(void)json_object_set_new(view, "events", rows);
	for (size_t i = 0; code == SL_OK && i < events.len; i++)
		(void)json_array_append_new(rows, sl_view_event(&events.at[i]));
	return code;
}

json_t *sl_view_staged(const struct staged *staged, struct sl_arena *arena)
{
	json_t *view = change_row(arena, &staged->view.change);
	json_t *stages = json_array();

	add_wait(staged, view);
	for (size_t i = 0; i < staged->view.stages_len; i++)
		(void)json_array_append_new(stages, stage_row(staged, i, arena));
	(void)json_object_set_new(view, "stages", stages);
	return view;
}

enum sl_code sl_view_change(struct sl_control *control, int64_t id, json_t **out,
	struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto_json json_t *view = NULL;
	struct staged staged;
	enum sl_code code = sl_staged_read(control, world, id, arena, &staged, err);

	if (code != SL_OK)
		return code;
	view = sl_view_staged(&staged, arena);
	(void)json_object_set_new(view, "holdable",
		json_boolean(
			!staged.view.change.held && !sl_rollout_is_over(staged.view.change.state)));
	code = add_review(control, arena, &staged.view.change, view, err);
	if (code == SL_OK)
		code = add_files(control, world, &staged, view, err);
	if (code == SL_OK)
		code = add_events(control, id, view, err);
	if (code == SL_OK)
		*out = json_pack("{s:O}", "change", view);
	return code;
}

/* --- what needs somebody --------------------------------------------------------------------- */

static void tally(json_t *rules, const char *rule)
{
	json_int_t n = json_integer_value(json_object_get(rules, rule));

	(void)json_object_set_new(rules, rule, json_integer(n + 1));
}

/* By rule, of the newest changes, whatever became of them. */
static enum sl_code would_block(struct sl_control *control, json_t *rules, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_change_query query = { .page = { .limit = 200 } };
	struct sl_change_list changes;
	enum sl_code code = sl_store_changes(control->doors.store, &query, arena, &changes, err);

	for (size_t i = 0; code == SL_OK && i < changes.len; i++) {
		struct sl_finding_list findings = { 0 };

		if (changes.at[i].review_id != 0)
			code = sl_store_findings(control->doors.store, changes.at[i].review_id,
				arena, &findings, err);
		for (size_t k = 0; k < findings.len; k++) {
			if (would_be_blocked(&findings.at[k]))
				tally(rules, findings.at[k].rule);
		}
	}
	return code;
}

static bool observes(const struct sl_workspace *workspace)
{
	for (size_t i = 0; i < workspace->projects_len; i++) {
		for (size_t k = 0; k < workspace->environments_len; k++) {
			if (sl_project_mode(workspace, &workspace->projects[i], k) ==
				SL_MODE_OBSERVE)
				return true;
		}
	}
	return false;
}

enum sl_code sl_view_status(struct sl_control *control, json_t **out, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_change_query query = { .states = SL_STATE_BIT(SL_CHANGE_OPEN) |
			SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = 200 } };
	sl_auto_json json_t *rows = NULL;
	sl_auto_json json_t *status = NULL;
	sl_auto_json json_t *rules = json_object();
	struct sl_change_list changes;
	enum sl_code code = sl_store_changes(control->doors.store, &query, arena, &changes, err);

	if (code == SL_OK)
		code = list_rows(control, world, &changes, &rows, err);
	if (code == SL_OK && observes(world->workspace))
		code = would_block(control, rules, err);
	if (code != SL_OK)
		return code;
	status = json_pack("{s:O, s:I, s:I, s:I, s:O}", "changes", rows, "open",
		(json_int_t)json_array_size(rows), "running",
		(json_int_t)sl_control_running(control), "targets",
		(json_int_t)world->workspace->targets_len, "would_block", rules);
	code = sl_view_add_drifted(control, world, arena, status, err);
	if (code == SL_OK)
		*out = json_pack("{s:O}", "status", status);
	return code;
}
