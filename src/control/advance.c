/* What a merged change calls for now: moves, until there are none. */
#include "elsewhere.h"
#include "stages.h"

#include "sluice/core/str.h"
#include "sluice/rollout/moves.h"

#define ROUNDS_MAX 64

static const char *environment_of(const struct staged *staged, const struct sl_move *move,
	const char **target)
{
	*target = "";
	if (move->object == SL_OBJECT_STAGE) {
		for (size_t i = 0; i < staged->view.stages_len; i++) {
			if (staged->view.stages[i].id == move->id)
				return staged->view.stages[i].environment;
		}
	}
	if (move->object == SL_OBJECT_TASK) {
		for (size_t i = 0; i < staged->view.tasks_len; i++) {
			if (staged->view.tasks[i].id != move->id)
				continue;
			*target = staged->view.tasks[i].target;
			return staged->view.tasks[i].environment;
		}
	}
	return "";
}

static enum sl_code commit_moves(struct sl_control *control, const struct sl_world *world,
	const struct staged *staged, const struct sl_move_list *moves, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	sl_batch_expect(batch, staged->view.change.id, staged->view.change.revision);
	for (size_t i = 0; i < moves->len; i++) {
		const struct sl_move *move = &moves->at[i];
		struct telling telling = { .change_id = staged->view.change.id };
		enum sl_code code = sl_rollout_check(move, err);

		if (code != SL_OK)
			return code;
		sl_batch_move(batch, move);
		if (!move->event)
			continue;
		telling.kind = move->event->kind;
		telling.by = move->event->by;
		telling.text = move->event->text;
		telling.environment = environment_of(staged, move, &telling.target);
		sl_control_tell_routes(control, world, batch, &telling);
	}
	return sl_store_commit(control->doors.store, batch, err);
}

static void queue_ready(struct sl_control *control, const struct staged *staged)
{
	for (size_t i = 0; i < staged->view.tasks_len; i++) {
		if (staged->view.tasks[i].state == SL_TASK_READY)
			sl_control_queue_add(control, SL_WORK_RUN, staged->view.tasks[i].target,
				staged->view.tasks[i].due_at);
	}
}

/* A stage that awaits approvals tells the routes once: when its sentence changes. */
static enum sl_code write_waits(struct sl_control *control, const struct sl_world *world,
	const struct staged *staged, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	bool any = false;

	for (size_t i = 0; i < staged->view.stages_len; i++) {
		const struct sl_stage *stage = &staged->view.stages[i];
		sl_auto_buf struct sl_buf wait = SL_BUF_INIT(1000);

		if (stage->state == SL_STAGE_WAITING)
			sl_rollout_stage_waits_for(&staged->rollout, stage, &wait);
		if (sl_str_eq(sl_buf_str(&wait), stage->wait))
			continue;
		any = true;
		sl_batch_wait(batch, SL_OBJECT_STAGE, stage->id, sl_buf_str(&wait));
		if (wait.len == 0 || staged->rollout.gates[i].open)
			continue;
		sl_control_tell(control, world, batch,
			&(struct telling){ .kind = "change.waiting",
				.change_id = staged->view.change.id,
				.environment = stage->environment,
				.target = "",
				.by = "sluice",
				.text = sl_buf_str(&wait) });
	}
	return any ? sl_store_commit(control->doors.store, batch, err) : SL_OK;
}

/* One round: *more says whether another may find something. */
static enum sl_code round_of(struct sl_control *control, const struct sl_world *world,
	int64_t change_id, bool *more, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_move_list moves;
	struct staged staged;
	int64_t due;
	enum sl_code code = sl_staged_read(control, world, change_id, arena, &staged, err);

	*more = false;
	if (code != SL_OK || staged.view.change.state != SL_CHANGE_MERGED)
		return code;
	sl_rollout_next(&staged.rollout, arena, &moves);
	if (moves.len > 0) {
		code = commit_moves(control, world, &staged, &moves, err);
		*more = code == SL_OK || code == SL_ECONFLICT;
		return code == SL_ECONFLICT ? SL_OK : code;
	}
	queue_ready(control, &staged);
	sl_elsewhere_queue(control, world, &staged.rollout);
	due = sl_rollout_due(&staged.rollout);
	if (due > staged.rollout.now) /* what was due and did not move waits for something else */
		sl_control_queue_change(control, change_id, due);
	code = write_waits(control, world, &staged, err);
	return code == SL_ECONFLICT ? SL_OK : code;
}

enum sl_code sl_control_advance(struct sl_control *control, int64_t change_id, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	enum sl_code code = SL_OK;
	bool more = true;

	for (unsigned round = 0; code == SL_OK && more && round < ROUNDS_MAX; round++)
		code = round_of(control, world, change_id, &more, err);
	if (code == SL_ENOTFOUND)
		return SL_OK;
	return code;
}
