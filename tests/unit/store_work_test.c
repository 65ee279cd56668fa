/* What every backend of the store promises to those who take work from it, from many threads.  The
 * first argument names the backend; sqlite is the default. */
#include "unit/store_world.h"

#include <pthread.h>

const char *backend = "sqlite";

/* --- claims --------------------------------------------------------------------------------- */

static void a_target_has_one_task_at_work_and_the_oldest_first(void **state)
{
	struct world *world = *state;
	struct planned old = plan(world, orders, 1);
	struct planned young = plan(world, orders, 1);
	struct sl_task task;

	assert_ok(world, move_task(world, young.tasks[0], SL_TASK_WAITING, SL_TASK_READY));
	assert_ok(world, move_task(world, old.tasks[0], SL_TASK_WAITING, SL_TASK_READY));
	assert_true(claim(world, 10, &task));
	assert_int_equal(task.id, old.tasks[0]);
	assert_int_equal(task.attempts, 1);
	assert_int_equal(read_task(world, task.id).state, SL_TASK_RUNNING);
	assert_false(claim(world, 11, &task));
	assert_ok(world, move_task(world, old.tasks[0], SL_TASK_RUNNING, SL_TASK_UNKNOWN));
	assert_false(claim(world, 12, &task));
	assert_ok(world, move_task(world, old.tasks[0], SL_TASK_UNKNOWN, SL_TASK_DONE));
	assert_true(claim(world, 13, &task));
	assert_int_equal(task.id, young.tasks[0]);
}

static void an_unproved_outcome_goes_before_everything_else_on_its_target(void **state)
{
	struct world *world = *state;
	struct planned old = plan(world, orders, 1);
	struct planned young = plan(world, orders, 1);
	struct sl_move lost = { .object = SL_OBJECT_TASK,
		.id = young.tasks[0],
		.from = SL_TASK_RUNNING,
		.to = SL_TASK_UNKNOWN,
		.at = 11,
		.has_outcome = true,
		.outcome = SL_OUTCOME_UNKNOWN };
	struct sl_task task;

	assert_ok(world, move_task(world, young.tasks[0], SL_TASK_WAITING, SL_TASK_READY));
	assert_true(claim(world, 10, &task));
	assert_ok(world, sl_store_apply(world->store, &lost, 1, &world->err));
	assert_ok(world, move_task(world, old.tasks[0], SL_TASK_WAITING, SL_TASK_READY));
	lost = (struct sl_move){ .object = SL_OBJECT_TASK,
		.id = young.tasks[0],
		.from = SL_TASK_UNKNOWN,
		.to = SL_TASK_READY,
		.due_at = 50 };
	assert_ok(world, sl_store_apply(world->store, &lost, 1, &world->err));
	assert_false(claim(world, 20, &task));
	assert_true(claim(world, 50, &task));
	assert_int_equal(task.id, young.tasks[0]);
}

static void targets_are_worked_on_side_by_side_and_not_before_they_are_due(void **state)
{
	static const char *const two[] = { "a", "b" };
	struct world *world = *state;
	struct planned ids = plan(world, two, 2);
	struct sl_move later = { .object = SL_OBJECT_TASK,
		.id = ids.tasks[1],
		.from = SL_TASK_WAITING,
		.to = SL_TASK_READY,
		.due_at = 50 };
	struct sl_task task;
	int64_t due = 0;

	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_WAITING, SL_TASK_READY));
	assert_ok(world, sl_store_apply(world->store, &later, 1, &world->err));
	assert_true(claim(world, 10, &task));
	assert_string_equal(task.target, "a");
	assert_false(claim(world, 49, &task));
	assert_ok(world, sl_store_next_due(world->store, &due, &world->err));
	assert_int_equal(due, 50);
	assert_true(claim(world, 50, &task));
	assert_string_equal(task.target, "b");
}

static void a_lease_is_renewed_by_its_holder_only_and_found_when_it_ends(void **state)
{
	struct world *world = *state;
	struct planned ids = plan(world, orders, 1);
	struct sl_task_list expired;
	struct sl_task task;

	assert_ok(world, move_task(world, ids.tasks[0], SL_TASK_WAITING, SL_TASK_READY));
	assert_true(claim(world, 10, &task));
	assert_ok(world,
		sl_store_task_renew(world->store, task.id, task.lease_epoch, 500, &world->err));
	assert_int_equal(
		sl_store_task_renew(world->store, task.id, task.lease_epoch - 1, 900, &world->err),
		SL_ECONFLICT);
	assert_ok(world,
		sl_store_tasks_expired(world->store, 499, world->arena, &expired, &world->err));
	assert_int_equal(expired.len, 0);
	assert_ok(world,
		sl_store_tasks_expired(world->store, 500, world->arena, &expired, &world->err));
	assert_int_equal(expired.len, 1);
	assert_string_equal(expired.at[0].lease_by, "r1");
}

/* --- inbox and outbox ----------------------------------------------------------------------- */

static void a_delivery_counts_once(void **state)
{
	struct world *world = *state;
	struct sl_delivery delivery = { .source = "gitlab", .key = "k1", .body = "{}", .at = 3 };
	struct sl_delivery_list open;
	bool fresh = false;

	assert_ok(world, sl_store_inbox_add(world->store, &delivery, &fresh, &world->err));
	assert_true(fresh);
	assert_ok(world, sl_store_inbox_add(world->store, &delivery, &fresh, &world->err));
	assert_false(fresh);
	delivery.source = "gitea";
	assert_ok(world, sl_store_inbox_add(world->store, &delivery, &fresh, &world->err));
	assert_true(fresh);
	assert_ok(world, sl_store_inbox(world->store, 10, world->arena, &open, &world->err));
	assert_int_equal(open.len, 2);
	assert_ok(world, sl_store_inbox_done(world->store, open.at[0].id, 4, &world->err));
	assert_ok(world, sl_store_inbox(world->store, 10, world->arena, &open, &world->err));
	assert_int_equal(open.len, 1);
	assert_string_equal(open.at[0].source, "gitea");
}

static struct sl_message_list claim_messages(struct world *world, int64_t now)
{
	struct sl_claim wanted = { .replica = "r1", .now = now, .lease_us = 100 };
	struct sl_message_list messages;

	assert_ok(world,
		sl_store_outbox_claim(world->store, &wanted, 10, world->arena, &messages,
			&world->err));
	return messages;
}

static void a_message_is_delivered_again_after_its_lease_until_acknowledged(void **state)
{
	struct world *world = *state;
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_message_list messages;

	sl_batch_message(batch, &(struct sl_message){ .route = "ops", .body = "{}", .due_at = 10 });
	commit(world, batch);
	assert_int_equal(claim_messages(world, 9).len, 0);
	messages = claim_messages(world, 10);
	assert_int_equal(messages.len, 1);
	assert_int_equal(messages.at[0].attempts, 1);
	assert_int_equal(claim_messages(world, 109).len, 0);
	messages = claim_messages(world, 110);
	assert_int_equal(messages.len, 1);
	assert_int_equal(messages.at[0].attempts, 2);
	assert_ok(world, sl_store_outbox_ack(world->store, messages.at[0].id, 120, &world->err));
	assert_int_equal(claim_messages(world, 1000).len, 0);
}

static void a_failed_message_waits_and_is_given_up_when_told(void **state)
{
	struct world *world = *state;
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct sl_outbox_failure failure = { .error = "503", .due_at = 700, .at = 20 };
	struct sl_message_list messages;

	sl_batch_message(batch, &(struct sl_message){ .route = "ops", .due_at = 10 });
	commit(world, batch);
	failure.id = claim_messages(world, 10).at[0].id;
	assert_ok(world, sl_store_outbox_fail(world->store, &failure, &world->err));
	assert_int_equal(claim_messages(world, 699).len, 0);
	assert_int_equal(claim_messages(world, 700).len, 1);
	failure.due_at = 0;
	assert_ok(world, sl_store_outbox_fail(world->store, &failure, &world->err));
	assert_int_equal(claim_messages(world, 9999).len, 0);
	assert_ok(world,
		sl_store_outbox(world->store, (struct sl_page){ 0 }, world->arena, &messages,
			&world->err));
	assert_string_equal(messages.at[0].error, "503");
	assert_int_equal(messages.at[0].done_at, 20);
}

/* --- threads -------------------------------------------------------------------------------- */

#define THREADS 8
#define EACH    25

struct writer {
	struct world *world;
	int number;
	unsigned fresh;
};

/* Two threads send each delivery. */
static void *write_inbox(void *arg)
{
	struct writer *writer = arg;

	for (int i = 0; i < EACH; i++) {
		char key[32];
		bool fresh = false;

		(void)snprintf(key, sizeof(key), "%d-%d", writer->number / 2, i);
		if (sl_store_inbox_add(writer->world->store,
			    &(struct sl_delivery){ .source = "s", .key = key }, &fresh,
			    NULL) == SL_OK)
			writer->fresh += fresh;
	}
	return NULL;
}

static void deliveries_from_many_threads_each_count_once(void **state)
{
	struct world *world = *state;
	struct writer writers[THREADS];
	pthread_t threads[THREADS];
	struct sl_delivery_list open;
	unsigned fresh = 0;

	for (int i = 0; i < THREADS; i++) {
		writers[i] = (struct writer){ world, i, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, write_inbox, &writers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		fresh += writers[i].fresh;
	}
	assert_int_equal(fresh, THREADS / 2 * EACH);
	assert_ok(world, sl_store_inbox(world->store, 0, world->arena, &open, &world->err));
	assert_int_equal(open.len, fresh);
}

static void *claim_all(void *arg)
{
	struct writer *writer = arg;
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_claim wanted = { .replica = "r", .now = 10, .lease_us = 100 };
	struct sl_task task;
	bool found = true;

	while (found &&
		sl_store_task_claim(writer->world->store, &wanted, arena, &task, &found, NULL) ==
			SL_OK)
		writer->fresh += found;
	return NULL;
}

static void no_task_is_claimed_twice(void **state)
{
	static const char *const four[] = { "a", "b", "c", "d" };
	struct world *world = *state;
	struct planned ids = plan(world, four, 4);
	struct writer writers[THREADS];
	pthread_t threads[THREADS];
	unsigned claimed = 0;

	for (size_t i = 0; i < 4; i++)
		assert_ok(world, move_task(world, ids.tasks[i], SL_TASK_WAITING, SL_TASK_READY));
	for (int i = 0; i < THREADS; i++) {
		writers[i] = (struct writer){ world, i, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, claim_all, &writers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		claimed += writers[i].fresh;
	}
	assert_int_equal(claimed, 4);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_target_has_one_task_at_work_and_the_oldest_first),
		TEST(an_unproved_outcome_goes_before_everything_else_on_its_target),
		TEST(targets_are_worked_on_side_by_side_and_not_before_they_are_due),
		TEST(a_lease_is_renewed_by_its_holder_only_and_found_when_it_ends),
		TEST(a_delivery_counts_once),
		TEST(a_message_is_delivered_again_after_its_lease_until_acknowledged),
		TEST(a_failed_message_waits_and_is_given_up_when_told),
		TEST(deliveries_from_many_threads_each_count_once),
		TEST(no_task_is_claimed_twice),
	};

	if (argc > 1)
		backend = argv[1];
	return cmocka_run_group_tests_name(backend, tests, NULL, drop_group_database);
}
