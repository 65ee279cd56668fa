/* What every backend of the store promises of its records and moves.  The first argument names the
 * backend; sqlite is the default. */
#include "unit/store_world.h"

const char *backend = "sqlite";

/* --- batches -------------------------------------------------------------------------------- */

static void what_one_batch_adds_refers_to_itself_by_tickets(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	struct sl_change_view view;

	assert_ok(world,
		sl_store_change_view(world->store, ids.change, world->arena, &view, &world->err));
	assert_string_equal(view.change.project, "shop");
	assert_int_equal(view.stages_len, 1);
	assert_int_equal(view.stages[0].change_id, ids.change);
	assert_int_equal(view.tasks_len, 1);
	assert_int_equal(view.tasks[0].stage_id, ids.stage);
	assert_string_equal(view.tasks[0].target, "orders-prod");
	assert_string_equal(view.tasks[0].wait, "");
}

static void a_batch_that_fails_in_the_middle_leaves_nothing(void **state)
{
	struct world *world = *state;
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_change_list changes;
	struct sl_event_list events;

	(void)sl_batch_add_change(batch, &(struct sl_change){ .project = "shop" });
	sl_batch_event(batch, &(struct sl_event){ .kind = "change.opened" });
	(void)sl_batch_add_waiver(batch, &(struct sl_waiver){ .change_id = 99 });
	assert_int_equal(sl_store_commit(world->store, batch, &world->err), SL_ENOTFOUND);
	assert_ok(world,
		sl_store_changes(world->store, &(struct sl_change_query){ 0 }, world->arena,
			&changes, &world->err));
	assert_ok(world,
		sl_store_events(world->store, &(struct sl_log_query){ 0 }, world->arena, &events,
			&world->err));
	assert_int_equal(changes.len, 0);
	assert_int_equal(events.len, 0);
}

static void a_person_who_pushed_stays_one_who_pushed(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_change_view view;

	sl_batch_add_person(batch, &(struct sl_change_person){ ids.change, "ana", false });
	sl_batch_add_person(batch, &(struct sl_change_person){ ids.change, "ana", true });
	sl_batch_add_person(batch, &(struct sl_change_person){ ids.change, "ana", false });
	commit(world, batch);
	assert_ok(world,
		sl_store_change_view(world->store, ids.change, world->arena, &view, &world->err));
	assert_int_equal(view.people_len, 1);
	assert_true(view.people[0].pushed);
}

static void files_are_replaced_as_a_whole_and_keep_their_order(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	sl_auto(sl_batch_free_p) struct sl_batch *first = sl_batch_new();
	sl_auto(sl_batch_free_p) struct sl_batch *second = sl_batch_new();
	const struct sl_change_file two[] = { { .path = "V2__b.sql", .key = "2" },
		{ .path = "V1__a.sql", .key = "1" } };
	struct sl_change_file_list files;

	sl_batch_set_files(first, ids.change, two, 1);
	sl_batch_set_files(second, ids.change, two, 2);
	commit(world, first);
	commit(world, second);
	assert_ok(world,
		sl_store_change_files(world->store, ids.change, world->arena, &files, &world->err));
	assert_int_equal(files.len, 2);
	assert_string_equal(files.at[0].key, "2");
	assert_string_equal(files.at[1].path, "V1__a.sql");
}

static void what_was_decided_from_an_old_view_is_refused(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	sl_auto(sl_batch_free_p) struct sl_batch *hold = sl_batch_new();
	sl_auto(sl_batch_free_p) struct sl_batch *start = sl_batch_new();
	struct sl_change change;

	assert_ok(world,
		sl_store_change(world->store, ids.change, world->arena, &change, &world->err));
	sl_batch_hold(hold, ids.change, true, "month end", "dana");
	commit(world, hold);
	sl_batch_expect(start, ids.change, change.revision);
	sl_batch_move(start,
		&(struct sl_move){ .object = SL_OBJECT_STAGE,
			.id = ids.stage,
			.from = SL_STAGE_WAITING,
			.to = SL_STAGE_RUNNING });
	assert_int_equal(sl_store_commit(world->store, start, &world->err), SL_ECONFLICT);
	assert_ok(world,
		sl_store_change(world->store, ids.change, world->arena, &change, &world->err));
	assert_true(change.held);
	assert_string_equal(change.hold_by, "dana");
}

static void a_sentence_does_not_disturb_who_reads(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_change before, after;

	assert_ok(world,
		sl_store_change(world->store, ids.change, world->arena, &before, &world->err));
	sl_batch_wait(batch, SL_OBJECT_CHANGE, ids.change, "waiting for stage dev");
	commit(world, batch);
	assert_ok(world,
		sl_store_change(world->store, ids.change, world->arena, &after, &world->err));
	assert_string_equal(after.wait, "waiting for stage dev");
	assert_int_equal(before.revision, after.revision);
}

/* --- moves ---------------------------------------------------------------------------------- */

static void a_move_that_lost_names_both_states(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);

	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_WAITING, SL_TASK_READY));
	assert_int_equal(move_task(world, ids.tasks[0], SL_TASK_WAITING, SL_TASK_SKIPPED),
		SL_ECONFLICT);
	assert_string_equal(world->err.msg,
		"task 1: is ready by now, not waiting, and was not made skipped");
}

static void moves_are_made_together_or_not_at_all(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	const struct sl_move moves[] = {
		{ .object = SL_OBJECT_STAGE,
			.id = ids.stage,
			.from = SL_STAGE_WAITING,
			.to = SL_STAGE_RUNNING },
		{ .object = SL_OBJECT_TASK,
			.id = ids.tasks[0],
			.from = SL_TASK_BLOCKED,
			.to = SL_TASK_READY },
	};
	struct sl_stage stage;

	assert_int_equal(sl_store_apply(world->store, moves, 2, &world->err), SL_ECONFLICT);
	assert_ok(world,
		sl_store_stage(world->store, ids.stage, world->arena, &stage, &world->err));
	assert_int_equal(stage.state, SL_STAGE_WAITING);
}

static void a_move_brings_its_event_audit_and_messages(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	struct sl_event event = { .at = 5, .change_id = ids.change, .kind = "stage.started" };
	struct sl_audit audit = { .at = 5, .by = "dana", .action = "stage.start" };
	struct sl_message message = { .route = "ops", .kind = "stage.started", .due_at = 5 };
	struct sl_move move = { .object = SL_OBJECT_STAGE,
		.id = ids.stage,
		.from = SL_STAGE_WAITING,
		.to = SL_STAGE_RUNNING,
		.at = 5,
		.event = &event,
		.audit = &audit,
		.outbox = &message,
		.outbox_len = 1 };
	struct sl_log_query query = { .change_id = ids.change };
	struct sl_event_list events;
	struct sl_audit_list audits;
	struct sl_message_list messages;
	struct sl_stage stage;

	assert_ok(world, sl_store_apply(world->store, &move, 1, &world->err));
	assert_ok(world, sl_store_events(world->store, &query, world->arena, &events, &world->err));
	assert_ok(world,
		sl_store_audit(world->store, &(struct sl_log_query){ 0 }, world->arena, &audits,
			&world->err));
	assert_ok(world,
		sl_store_outbox(world->store, (struct sl_page){ 0 }, world->arena, &messages,
			&world->err));
	assert_ok(world,
		sl_store_stage(world->store, ids.stage, world->arena, &stage, &world->err));
	assert_int_equal(events.len, 1);
	assert_string_equal(events.at[0].kind, "stage.started");
	assert_int_equal(audits.len, 1);
	assert_int_equal(messages.len, 1);
	assert_int_equal(stage.started_at, 5);
}

static void a_worker_that_lost_its_lease_moves_nothing(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	struct sl_task task;
	struct sl_move late = { .object = SL_OBJECT_TASK,
		.id = ids.tasks[0],
		.from = SL_TASK_RUNNING,
		.to = SL_TASK_DONE,
		.lease_epoch = 1 };

	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_WAITING, SL_TASK_READY));
	assert_true(claim(world, 10, &task));
	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_RUNNING, SL_TASK_READY));
	assert_true(claim(world, 20, &task));
	assert_int_equal(task.lease_epoch, 2);
	assert_int_equal(sl_store_apply(world->store, &late, 1, &world->err), SL_ECONFLICT);
	late.lease_epoch = 2;
	assert_ok(world, sl_store_apply(world->store, &late, 1, &world->err));
}

static void blocked_counts_from_the_first_attempt_that_was(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	struct sl_move block = { .object = SL_OBJECT_TASK,
		.id = ids.tasks[0],
		.from = SL_TASK_RUNNING,
		.to = SL_TASK_BLOCKED,
		.at = 500 };
	struct sl_task task;

	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_WAITING, SL_TASK_READY));
	assert_true(claim(world, 10, &task));
	assert_ok(world, sl_store_apply(world->store, &block, 1, &world->err));
	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_BLOCKED, SL_TASK_READY));
	assert_true(claim(world, 600, &task));
	block.at = 700;
	assert_ok(world, sl_store_apply(world->store, &block, 1, &world->err));
	assert_int_equal(read_task(world, ids.tasks[0]).blocked_at, 500);
	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_BLOCKED, SL_TASK_READY));
	assert_true(claim(world, 800, &task));
	block.at = 900;
	block.blocked_anew = true;
	block.has_outcome = true;
	block.outcome = SL_OUTCOME_BLOCKED;
	block.busy = true;
	assert_ok(world, sl_store_apply(world->store, &block, 1, &world->err));
	assert_int_equal(read_task(world, ids.tasks[0]).blocked_at, 900);
	assert_true(read_task(world, ids.tasks[0]).busy);
	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_BLOCKED, SL_TASK_READY));
	assert_true(claim(world, 1000, &task));
	block.to = SL_TASK_UNKNOWN;
	block.outcome = SL_OUTCOME_UNKNOWN;
	block.busy = block.blocked_anew = false;
	assert_ok(world, sl_store_apply(world->store, &block, 1, &world->err));
	assert_true(read_task(world, ids.tasks[0]).busy);
	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_UNKNOWN, SL_TASK_READY));
	assert_true(claim(world, 1100, &task));
	block.to = SL_TASK_BLOCKED;
	block.outcome = SL_OUTCOME_BLOCKED;
	assert_ok(world, sl_store_apply(world->store, &block, 1, &world->err));
	assert_false(read_task(world, ids.tasks[0]).busy);
	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_BLOCKED, SL_TASK_SKIPPED));
	assert_int_equal(read_task(world, ids.tasks[0]).blocked_at, 0);
}

struct woken {
	size_t n;
	enum sl_object last;
	struct sl_store *store;
};

static void note_wake(void *ctx, enum sl_object object, int64_t id)
{
	struct woken *woken = ctx;
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_task task;

	woken->n++;
	woken->last = object;
	if (object == SL_OBJECT_TASK) {
		assert_int_equal(sl_store_task(woken->store, id, arena, &task, NULL), SL_OK);
		assert_int_equal(task.state, SL_TASK_READY);
	}
}

static void who_is_woken_finds_the_move_made(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	struct woken woken = { .store = world->store };

	sl_store_on_commit(world->store, note_wake, &woken);
	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_WAITING, SL_TASK_READY));
	assert_int_equal(woken.n, 2);
	assert_int_equal(move_task(world, ids.tasks[0], SL_TASK_WAITING, SL_TASK_READY),
		SL_ECONFLICT);
	assert_int_equal(woken.n, 2);
}

/* --- approvals ------------------------------------------------------------------------------ */

static enum sl_code approve(struct world *world, int64_t stage, const char *by, const char *digest,
	int64_t *id)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	int64_t ticket = sl_batch_add_approval(batch,
		&(struct sl_approval){ .stage_id = stage, .by = by, .digest = digest });
	enum sl_code code = sl_store_commit(world->store, batch, &world->err);

	if (code == SL_OK && id)
		*id = sl_batch_id(batch, ticket);
	return code;
}

static void an_approval_of_another_digest_is_refused(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);

	assert_int_equal(approve(world, ids.stage, "dana", "d0", NULL), SL_ECONFLICT);
	assert_string_equal(world->err.msg, "stage prod: the plan changed since it was looked at");
}

static void a_person_approves_a_digest_once_and_again_after_revoking(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	sl_auto(sl_batch_free_p) struct sl_batch *revoke = sl_batch_new();
	sl_auto(sl_batch_free_p) struct sl_batch *again = sl_batch_new();
	int64_t id = 0;

	assert_ok(world, approve(world, ids.stage, "dana", DIGEST, &id));
	assert_int_equal(approve(world, ids.stage, "dana", DIGEST, NULL), SL_ECONFLICT);
	sl_batch_revoke_approval(revoke, id, "dana", 9);
	commit(world, revoke);
	sl_batch_revoke_approval(again, id, "dana", 10);
	assert_int_equal(sl_store_commit(world->store, again, &world->err), SL_ECONFLICT);
	assert_ok(world, approve(world, ids.stage, "dana", DIGEST, NULL));
}

/* --- history -------------------------------------------------------------------------------- */

static void a_run_and_its_steps_read_back(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	sl_auto(sl_batch_free_p) struct sl_batch *begin = sl_batch_new();
	sl_auto(sl_batch_free_p) struct sl_batch *end = sl_batch_new();
	struct sl_run run = { .id = "aa",
		.task_id = ids.tasks[0],
		.change_id = ids.change,
		.target = "orders-prod",
		.steps_total = 1,
		.started_at = 5 };
	struct sl_step step = { .run_id = "aa", .number = 1, .sql_head = "CREATE", .rows = -1 };
	struct sl_run_query query = { .target = "orders-prod" };
	struct sl_run_list runs;
	struct sl_step_list steps;

	sl_batch_add_run(begin, &run);
	sl_batch_put_step(begin, &step);
	commit(world, begin);
	step.rows = 3;
	step.ended_at = 9;
	run.outcome = SL_OUTCOME_APPLIED;
	run.steps_done = 1;
	run.after = "h2";
	run.ended_at = 10;
	sl_batch_put_step(end, &step);
	sl_batch_end_run(end, &run);
	commit(world, end);
	assert_ok(world, sl_store_runs(world->store, &query, world->arena, &runs, &world->err));
	assert_int_equal(runs.len, 1);
	assert_string_equal(runs.at[0].id, "aa");
	assert_int_equal(runs.at[0].outcome, SL_OUTCOME_APPLIED);
	assert_string_equal(runs.at[0].after, "h2");
	assert_ok(world, sl_store_steps(world->store, "aa", world->arena, &steps, &world->err));
	assert_int_equal(steps.len, 1);
	assert_int_equal(steps.at[0].rows, 3);
	assert_int_equal(steps.at[0].ended_at, 9);
}

static void snapshots_share_their_content(void **state)
{
	struct world *world = *state;
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	const struct sl_snapshot_object objects[] = { { "table a", "h1", "{\"a\":1}" },
		{ "table b", "h2", "{\"b\":1}" } };
	struct sl_snapshot_record snapshot = { .target = "dev", .hash = "s1", .at = 5 };
	struct sl_snapshot_list list;
	struct sl_snapshot_object_list content;

	(void)sl_batch_add_snapshot(batch, &snapshot, objects, 2);
	snapshot.target = "prod";
	(void)sl_batch_add_snapshot(batch, &snapshot, objects, 2);
	snapshot.hash = "s2";
	(void)sl_batch_add_snapshot(batch, &snapshot, objects + 1, 1);
	commit(world, batch);
	assert_ok(world,
		sl_store_snapshots(world->store, "prod", (struct sl_page){ 0 }, world->arena, &list,
			&world->err));
	assert_int_equal(list.len, 2);
	assert_string_equal(list.at[0].hash, "s2");
	assert_ok(world,
		sl_store_snapshot_objects(world->store, "s1", world->arena, &content, &world->err));
	assert_int_equal(content.len, 2);
	assert_string_equal(content.at[0].key, "table a");
	assert_string_equal(content.at[1].body, "{\"b\":1}");
	assert_int_equal(
		sl_store_snapshot_objects(world->store, "s3", world->arena, &content, &world->err),
		SL_ENOTFOUND);
}

static void lists_come_newest_first_in_pages(void **state)
{
	struct world *world = *state;
	struct sl_change_query query = { .project = "shop", .page = { .limit = 2 } };
	struct sl_change_list list;

	for (int i = 0; i < 5; i++)
		(void)plan(world, orders, 1);
	assert_ok(world, sl_store_changes(world->store, &query, world->arena, &list, &world->err));
	assert_int_equal(list.len, 2);
	assert_int_equal(list.at[0].id, 5);
	query.page.before = list.at[1].id;
	assert_ok(world, sl_store_changes(world->store, &query, world->arena, &list, &world->err));
	assert_int_equal(list.at[0].id, 3);
	query = (struct sl_change_query){ .states = SL_STATE_BIT(SL_CHANGE_OPEN) };
	assert_ok(world, sl_store_changes(world->store, &query, world->arena, &list, &world->err));
	assert_int_equal(list.len, 0);
	query.states |= SL_STATE_BIT(SL_CHANGE_MERGED);
	assert_ok(world, sl_store_changes(world->store, &query, world->arena, &list, &world->err));
	assert_int_equal(list.len, 5);
}

static void a_review_keeps_its_findings_in_order(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	const struct sl_finding_record findings[] = {
		{ .rule = "column-drop", .severity = SL_SEVERITY_ERROR, .line = 7 },
		{ .rule = "naming-table", .severity = SL_SEVERITY_NOTICE, .line = 2 },
	};
	int64_t ticket = sl_batch_add_review(batch,
		&(struct sl_review_record){ .change_id = ids.change, .errors = 1, .report = "{}" },
		findings, 2);
	struct sl_finding_list list;
	struct sl_review_list reviews;
	struct sl_review_record review;

	sl_batch_update_change(batch,
		&(struct sl_change){ .id = ids.change, .head = "c0ffee", .review_id = ticket });
	commit(world, batch);
	assert_ok(world,
		sl_store_findings(world->store, sl_batch_id(batch, ticket), world->arena, &list,
			&world->err));
	assert_int_equal(list.len, 2);
	assert_string_equal(list.at[0].rule, "column-drop");
	assert_int_equal(list.at[1].severity, SL_SEVERITY_NOTICE);
	assert_ok(world,
		sl_store_reviews(world->store, ids.change, world->arena, &reviews, &world->err));
	assert_string_equal(reviews.at[0].report, "");
	assert_ok(world,
		sl_store_review(world->store, sl_batch_id(batch, ticket), world->arena, &review,
			&world->err));
	assert_string_equal(review.report, "{}");
}

static void a_stage_at_work_cannot_be_planned_away(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	struct sl_move start = { .object = SL_OBJECT_STAGE,
		.id = ids.stage,
		.from = SL_STAGE_WAITING,
		.to = SL_STAGE_RUNNING };
	sl_auto(sl_batch_free_p) struct sl_batch *early = sl_batch_new();
	sl_auto(sl_batch_free_p) struct sl_batch *late = sl_batch_new();
	struct planned other = plan(world, orders, 1);
	struct sl_change_view view;

	sl_batch_drop_stage(early, other.stage);
	commit(world, early);
	assert_ok(world,
		sl_store_change_view(world->store, other.change, world->arena, &view, &world->err));
	assert_int_equal(view.stages_len + view.tasks_len, 0);
	assert_ok(world, sl_store_apply(world->store, &start, 1, &world->err));
	sl_batch_drop_tasks(late, ids.stage);
	assert_int_equal(sl_store_commit(world->store, late, &world->err), SL_ECONFLICT);
}

/* --- small facts ---------------------------------------------------------------------------- */

static void put_drift(struct world *world, const struct sl_drift_record *row, enum sl_code expected)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	sl_batch_put_drift(batch, row);
	assert_int_equal(sl_store_commit(world->store, batch, &world->err), expected);
}

static void a_record_of_drift_is_written_only_over_the_one_that_was_read(void **state)
{
	struct world *world = *state;
	struct sl_drift_record row, stale;
	struct sl_drift_list all;

	assert_ok(world, sl_store_drift(world->store, "dev", world->arena, &row, &world->err));
	assert_int_equal(row.revision, 0);
	assert_int_equal(row.state, SL_DRIFT_UNKNOWN);
	stale = row;
	row.state = SL_DRIFT_FOUND;
	row.base = "aa";
	row.live = "bb";
	row.objects = 3;
	row.since = 7;
	row.base_run = "r1";
	row.live_run = "r2";
	put_drift(world, &row, SL_OK);
	put_drift(world, &stale, SL_ECONFLICT);
	assert_ok(world, sl_store_drift(world->store, "dev", world->arena, &row, &world->err));
	assert_int_equal(row.revision, 1);
	assert_int_equal(row.state, SL_DRIFT_FOUND);
	assert_string_equal(row.live, "bb");
	assert_int_equal(row.objects, 3);
	stale = row;
	row.live_run = SL_DRIFT_NO_RUN;
	row.note = "not reached";
	put_drift(world, &row, SL_OK);
	put_drift(world, &stale, SL_ECONFLICT);
	assert_ok(world, sl_store_drifts(world->store, world->arena, &all, &world->err));
	assert_int_equal(all.len, 1);
	assert_int_equal(all.at[0].revision, 2);
	assert_int_equal(all.at[0].since, 7);
	assert_string_equal(all.at[0].note, "not reached");
	assert_string_equal(all.at[0].base_run, "r1");
	assert_string_equal(all.at[0].live_run, SL_DRIFT_NO_RUN);
}

static void an_epoch_never_goes_back(void **state)
{
	struct world *world = *state;
	sl_auto(sl_batch_free_p) struct sl_batch *up = sl_batch_new();
	sl_auto(sl_batch_free_p) struct sl_batch *down = sl_batch_new();
	int64_t epoch = -1;

	assert_ok(world, sl_store_epoch(world->store, "prod/default", &epoch, &world->err));
	assert_int_equal(epoch, 0);
	sl_batch_raise_epoch(up, "prod/default", 7);
	sl_batch_raise_epoch(down, "prod/default", 3);
	commit(world, up);
	commit(world, down);
	assert_ok(world, sl_store_epoch(world->store, "prod/default", &epoch, &world->err));
	assert_int_equal(epoch, 7);
}

static void a_fact_is_replaced_and_an_absent_one_is_none(void **state)
{
	struct world *world = *state;
	const char *value = "x";

	assert_ok(world, sl_store_meta(world->store, "k", world->arena, &value, &world->err));
	assert_null(value);
	assert_ok(world, sl_store_set_meta(world->store, "k", "1", &world->err));
	assert_ok(world, sl_store_set_meta(world->store, "k", "2", &world->err));
	assert_ok(world, sl_store_meta(world->store, "k", world->arena, &value, &world->err));
	assert_string_equal(value, "2");
}

static const char *meta(struct world *world, const char *key)
{
	const char *value;

	assert_ok(world, sl_store_meta(world->store, key, world->arena, &value, &world->err));
	return value;
}

static void what_is_kept_for_a_while_is_forgotten_when_that_is_over(void **state)
{
	struct world *world = *state;
	const char *soon = sl_store_meta_until(world->arena, 1000, "login.a");
	const char *late = sl_store_meta_until(world->arena, 20000, "login.b");

	assert_ok(world, sl_store_set_meta(world->store, "k", "1", &world->err));
	assert_ok(world, sl_store_set_meta(world->store, soon, "used", &world->err));
	assert_ok(world, sl_store_set_meta(world->store, late, "used", &world->err));
	assert_ok(world, sl_store_sweep_meta(world->store, 999, &world->err));
	assert_string_equal(meta(world, soon), "used");
	assert_ok(world, sl_store_sweep_meta(world->store, 1000, &world->err));
	assert_null(meta(world, soon));
	assert_string_equal(meta(world, late), "used");
	assert_string_equal(meta(world, "k"), "1");
}

static void a_project_is_put_by_name(void **state)
{
	struct world *world = *state;
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_project_record project = { .name = "shop", .head = "a", .first_seen_at = 3 };

	sl_batch_put_project(batch, &project);
	project.head = "b";
	project.settled = true;
	project.first_seen_at = 9;
	sl_batch_put_project(batch, &project);
	commit(world, batch);
	assert_ok(world,
		sl_store_project(world->store, "shop", world->arena, &project, &world->err));
	assert_string_equal(project.head, "b");
	assert_true(project.settled);
	assert_int_equal(project.first_seen_at, 3);
	assert_int_equal(sl_store_project(world->store, "crm", world->arena, &project, &world->err),
		SL_ENOTFOUND);
	assert_string_equal(world->err.msg, "project crm: there is none");
}

static void a_new_store_takes_the_installation_of_its_data_folder(void **state)
{
	struct world *world = *state;
	char id[SL_ID_SIZE];
	sl_autofree char *file = sl_xasprintf("%s/store.db", world->folder);

	memcpy(id, sl_store_installation(world->store), SL_ID_SIZE);
	sl_store_free(world->store);
	assert_int_equal(sl_tree_remove(file, NULL), SL_OK);
	open_store(world);
	assert_string_equal(sl_store_installation(world->store), id);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(what_one_batch_adds_refers_to_itself_by_tickets),
		TEST(a_batch_that_fails_in_the_middle_leaves_nothing),
		TEST(a_person_who_pushed_stays_one_who_pushed),
		TEST(files_are_replaced_as_a_whole_and_keep_their_order),
		TEST(what_was_decided_from_an_old_view_is_refused),
		TEST(a_sentence_does_not_disturb_who_reads),
		TEST(a_move_that_lost_names_both_states),
		TEST(moves_are_made_together_or_not_at_all),
		TEST(a_move_brings_its_event_audit_and_messages),
		TEST(a_worker_that_lost_its_lease_moves_nothing),
		TEST(blocked_counts_from_the_first_attempt_that_was),
		TEST(who_is_woken_finds_the_move_made),
		TEST(an_approval_of_another_digest_is_refused),
		TEST(a_person_approves_a_digest_once_and_again_after_revoking),
		TEST(a_run_and_its_steps_read_back),
		TEST(snapshots_share_their_content),
		TEST(lists_come_newest_first_in_pages),
		TEST(a_review_keeps_its_findings_in_order),
		TEST(a_stage_at_work_cannot_be_planned_away),
		TEST(an_epoch_never_goes_back),
		TEST(a_record_of_drift_is_written_only_over_the_one_that_was_read),
		TEST(a_fact_is_replaced_and_an_absent_one_is_none),
		TEST(what_is_kept_for_a_while_is_forgotten_when_that_is_over),
		TEST(a_project_is_put_by_name),
		TEST(a_new_store_takes_the_installation_of_its_data_folder),
	};

	if (argc > 1)
		backend = argv[1];
	return cmocka_run_group_tests_name(backend, tests, NULL, drop_group_database);
}
