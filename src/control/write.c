/* The draft into the store, in one batch; then what was found goes to where the developer is. */
#include "project_int.h"

#include "sluice/core/str.h"

static const struct sl_stage *known_stage(const struct sl_change_view *view,
	const char *environment)
{
	for (size_t i = 0; i < view->stages_len; i++) {
		if (sl_str_eq(view->stages[i].environment, environment))
			return &view->stages[i];
	}
	return NULL;
}

static bool still_planned(const struct draft *draft, const char *environment)
{
	for (size_t i = 0; i < draft->plan.len; i++) {
		if (sl_str_eq(draft->plan.stages[i].stage.environment, environment))
			return true;
	}
	return false;
}

static void write_stage(struct sl_batch *batch, const struct sl_planned_stage *planned,
	const struct sl_stage *known, int64_t change)
{
	struct sl_stage stage = planned->stage;
	int64_t id;

	stage.change_id = change;
	if (known) {
		stage.id = id = known->id;
		sl_batch_drop_tasks(batch, id);
		sl_batch_update_stage(batch, &stage);
	} else {
		id = sl_batch_add_stage(batch, &stage);
	}
	for (size_t i = 0; i < planned->tasks_len; i++) {
		struct sl_task task = planned->tasks[i];

		task.stage_id = id;
		task.change_id = change;
		(void)sl_batch_add_task(batch, &task);
	}
}

static void write_stages(struct sl_batch *batch, const struct draft *draft,
	const struct sl_change_view *view, int64_t change)
{
	for (size_t i = 0; i < draft->plan.len; i++) {
		const struct sl_planned_stage *planned = &draft->plan.stages[i];

		write_stage(batch, planned, known_stage(view, planned->stage.environment), change);
	}
	for (size_t i = 0; i < view->stages_len; i++) {
		if (still_planned(draft, view->stages[i].environment))
			continue;
		sl_batch_drop_tasks(batch, view->stages[i].id);
		sl_batch_drop_stage(batch, view->stages[i].id);
	}
}

static void write_people(struct sl_batch *batch, const struct draft *draft, int64_t change)
{
	for (size_t i = 0; i < draft->people.len; i++) {
		struct sl_change_person person = draft->people.at[i];

		person.change_id = change;
		sl_batch_add_person(batch, &person);
	}
}

static void write_files(struct pass *pass, struct sl_batch *batch, const struct draft *draft,
	int64_t change)
{
	struct sl_change_file *rows = sl_arena_calloc(pass->arena, draft->files_len + 1,
		sizeof(*rows));

	for (size_t i = 0; i < draft->files_len; i++) {
		rows[i] = draft->files[i].row;
		rows[i].change_id = change;
	}
	sl_batch_set_files(batch, change, rows, draft->files_len);
}

static void tell_change(struct pass *pass, struct sl_batch *batch, const struct draft *draft,
	int64_t change)
{
	sl_control_tell(pass->control, pass->world, batch,
		&(struct telling){ .kind = draft->change.id == 0 ? "change.opened" :
								   "change.updated",
			.change_id = change,
			.environment = "",
			.target = "",
			.by = draft->change.author[0] ? draft->change.author : "sluice",
			.text = sl_arena_printf(pass->arena, "%s at %.7s", draft->change.title,
				draft->change.head) });
}

/* The same head reviewed again with the same result is no news. */
static void tell(struct pass *pass, struct sl_batch *batch, const struct draft *draft,
	const struct sl_change_view *view, int64_t change)
{
	struct sl_review_record old = { 0 };
	bool same_head = sl_str_eq(draft->known_head, draft->change.head);

	if (!same_head)
		tell_change(pass, batch, draft, change);
	if (same_head && view->change.review_id != 0 &&
		sl_store_review(pass->control->doors.store, view->change.review_id, pass->arena,
			&old, NULL) == SL_OK &&
		old.errors == draft->review.errors && old.warnings == draft->review.warnings &&
		old.risk == draft->review.risk)
		return;
	sl_control_tell(pass->control, pass->world, batch,
		&(struct telling){ .kind = draft->red ? "review.failed" : "review.passed",
			.change_id = change,
			.environment = "",
			.target = "",
			.by = "sluice",
			.text = sl_arena_printf(pass->arena, "reviewed: %s; risk %s",
				draft->verdict, sl_risk_name(draft->review.risk)) });
}

/* Everything of the draft as records; the change's id, or its ticket. */
static int64_t put_records(struct pass *pass, struct sl_batch *batch, struct draft *draft,
	const struct sl_change_view *view)
{
	int64_t change = draft->change.id;
	struct sl_change row;

	if (change != 0) {
		sl_batch_expect(batch, change, draft->change.revision);
	} else {
		draft->change.opened_at = pass->now;
		change = sl_batch_add_change(batch, &draft->change);
	}
	write_people(batch, draft, change);
	write_files(pass, batch, draft, change);
	draft->review.change_id = change;
	tell(pass, batch, draft, view, change);
	draft->change.review_id = sl_batch_add_review(batch, &draft->review, draft->findings.at,
		draft->findings.len);
	write_stages(batch, draft, view, change);
	row = draft->change;
	row.id = change;
	sl_batch_update_change(batch, &row);
	return change;
}

enum sl_code sl_draft_write(struct pass *pass, struct draft *draft, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_change_view view = { 0 };
	int64_t change;
	enum sl_code code = SL_OK;

	if (draft->change.id != 0)
		code = sl_store_change_view(pass->control->doors.store, draft->change.id,
			pass->arena, &view, err);
	if (code != SL_OK)
		return code;
	change = put_records(pass, batch, draft, &view);
	code = sl_pass_commit(pass, batch, err);
	if (code != SL_OK)
		return code;
	draft->change.id = change < 0 ? sl_batch_id(batch, change) : change;
	sl_draft_publish(pass, draft);
	if (draft->change.state == SL_CHANGE_MERGED)
		sl_control_queue_change(pass->control, draft->change.id, 0);
	return SL_OK;
}

/* A hold that the review set ends with what it objected to; one that a person set, or that files
 * which were pushed directly mean, does not. */
static void release(struct pass *pass, struct sl_batch *batch, const struct draft *draft)
{
	const struct sl_change *change = &draft->change;

	const bool direct = change->kind == SL_CHANGE_DIRECT && sl_draft_brings(draft);

	if (draft->holds > 0 || direct || !sl_str_eq(change->hold_by, "sluice"))
		return;
	sl_batch_hold(batch, change->id, false, "", "sluice");
	sl_control_tell(pass->control, pass->world, batch,
		&(struct telling){ .kind = "change.resumed",
			.change_id = change->id,
			.environment = "",
			.target = "",
			.by = "sluice",
			.text = "resumed: the review objects to nothing any more" });
}

enum sl_code sl_draft_write_review(struct pass *pass, struct draft *draft, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_change_view view;
	enum sl_code code = sl_store_change_view(pass->control->doors.store, draft->change.id,
		pass->arena, &view, err);

	if (code != SL_OK)
		return code;
	sl_batch_expect(batch, draft->change.id, draft->change.revision);
	draft->review.change_id = draft->change.id;
	for (size_t i = 0; i < view.stages_len; i++) { /* as it was planned */
		if (view.stages[i].risk > draft->review.risk)
			draft->review.risk = view.stages[i].risk;
	}
	tell(pass, batch, draft, &view, draft->change.id);
	draft->change.review_id = sl_batch_add_review(batch, &draft->review, draft->findings.at,
		draft->findings.len);
	sl_batch_update_change(batch, &draft->change);
	release(pass, batch, draft);
	code = sl_pass_commit(pass, batch, err);
	if (code != SL_OK)
		return code;
	sl_draft_publish(pass, draft);
	sl_control_queue_change(pass->control, draft->change.id, 0);
	return SL_OK;
}
