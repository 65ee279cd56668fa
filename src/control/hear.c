/* What other replicas write calls for work here too: whoever is quicker does it, the others find it
 * done.  Whatever is missed, the sweep finds. */
#include "inside.h"

#include "sluice/core/log.h"
#include "sluice/core/str.h"

/* Ready ones are claimed by any replica; after one was worked on, its target is another. */
static void hear_task(struct sl_control *control, int64_t id)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_task task;

	if (sl_store_task(control->doors.store, id, arena, &task, NULL) != SL_OK)
		return;
	if (task.state == SL_TASK_READY) {
		sl_control_queue_add(control, SL_WORK_RUN, task.target, task.due_at);
	} else if (task.ended_at != 0 && task.state != SL_TASK_RUNNING) {
		sl_observation_stale(control, task.target);
		sl_control_queue_add(control, SL_WORK_OBSERVE, task.target, 0);
	}
}

/* Who waits for a review looks again. */
static void hear_project(struct sl_control *control, const char *project)
{
	(void)pthread_mutex_lock(&control->lock);
	(void)pthread_cond_broadcast(&control->reconciled);
	(void)pthread_mutex_unlock(&control->lock);
	sl_control_queue_add(control, SL_WORK_PROJECT, project, 0);
}

static void hear_all(struct sl_control *control)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	struct sl_error err = SL_ERROR_INIT;

	sl_control_queue_world(control, world);
	if (sl_control_queue_merged(control, &err) != SL_OK)
		sl_log(SL_LOG_WARNING, "hear.failed", "error", err.msg, NULL);
	sl_control_queue_add(control, SL_WORK_DELIVER, "", 0);
}

void sl_control_hear(struct sl_control *control, enum sl_news news, const char *key)
{
	int64_t id = 0;

	switch (news) {
	case SL_NEWS_CHANGE:
		if (sl_parse_i64(key, 1, INT64_MAX, &id))
			sl_control_queue_change(control, id, 0);
		break;
	case SL_NEWS_TASK:
		if (sl_parse_i64(key, 1, INT64_MAX, &id))
			hear_task(control, id);
		break;
	case SL_NEWS_PROJECT:
		hear_project(control, key);
		break;
	case SL_NEWS_ALL:
	case SL_NEWS_COUNT:
		hear_all(control);
	}
}
