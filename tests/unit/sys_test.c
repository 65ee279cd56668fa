/* Cancel tokens, the pool, the scheduler, signals and service notification. */
#include "sluice/core/alloc.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/notify.h"
#include "sluice/sys/oserror.h"
#include "sluice/sys/pool.h"
#include "sluice/sys/sched.h"
#include "sluice/sys/signals.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A clock that stands until a test moves it. */
struct hand_clock {
	struct sl_clock clock;
	atomic_llong now;
};

static int64_t hand_now(void *ctx)
{
	return atomic_load(&((struct hand_clock *)ctx)->now);
}

static void hand_clock_init(struct hand_clock *hand)
{
	hand->clock = (struct sl_clock){ .wall_us = hand_now, .mono_us = hand_now, .ctx = hand };
	atomic_init(&hand->now, 1000);
}

static void a_token_times_out_at_its_deadline(void **state)
{
	struct hand_clock hand;
	sl_auto(sl_cancel_free_p) struct sl_cancel *cancel = NULL;
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	hand_clock_init(&hand);
	cancel = sl_cancel_new(&hand.clock, NULL, 5500);
	assert_int_equal(sl_cancel_check(cancel, "fetch", &err), SL_OK);
	assert_int_equal(sl_cancel_left_ms(cancel), 6);
	hand.now += 5499;
	assert_int_equal(sl_cancel_left_ms(cancel), 1);
	hand.now += 1;
	assert_int_equal(sl_cancel_check(cancel, "fetch", &err), SL_ETIMEOUT);
	assert_string_equal(err.msg, "fetch: the deadline passed");
	assert_false(sl_cancel_asked(cancel));
}

static void a_child_obeys_its_parent(void **state)
{
	struct hand_clock hand;
	sl_auto(sl_cancel_free_p) struct sl_cancel *parent = NULL;
	sl_auto(sl_cancel_free_p) struct sl_cancel *child = NULL;

	(void)state;
	hand_clock_init(&hand);
	parent = sl_cancel_new(&hand.clock, NULL, 1000);
	child = sl_cancel_new(&hand.clock, parent, 900000);
	assert_int_equal(sl_cancel_left_us(child), 1000);
	sl_cancel_ask(parent);
	assert_int_equal(sl_cancel_check(child, "x", NULL), SL_ECANCELED);
	assert_int_equal(sl_cancel_left_us(child), 0);
}

static void a_child_does_not_cancel_its_parent(void **state)
{
	sl_auto(sl_cancel_free_p) struct sl_cancel *parent = sl_cancel_new(sl_clock_system(), NULL,
		0);
	sl_auto(sl_cancel_free_p) struct sl_cancel *child = sl_cancel_new(sl_clock_system(), parent,
		0);

	(void)state;
	sl_cancel_ask(child);
	assert_int_equal(sl_cancel_check(parent, "x", NULL), SL_OK);
	assert_int_equal(sl_cancel_left_ms(parent), -1);
	assert_int_equal(sl_cancel_slice_ms(parent), SL_CANCEL_SLICE_MS);
}

static void no_token_never_cancels(void **state)
{
	(void)state;
	assert_int_equal(sl_cancel_check(NULL, "x", NULL), SL_OK);
	assert_int_equal(sl_cancel_left_ms(NULL), -1);
}

/* What the jobs of a test share. */
struct bench {
	sem_t started;
	sem_t go;
	atomic_int ran;
	atomic_int ended;
	atomic_int at_once;
	atomic_int most_at_once;
	atomic_int canceled;
};

static void bench_init(struct bench *bench)
{
	*bench = (struct bench){ 0 };
	assert_int_equal(sem_init(&bench->started, 0, 0), 0);
	assert_int_equal(sem_init(&bench->go, 0, 0), 0);
}

/* Says that it started and waits for leave. */
static void gated(void *ctx, struct sl_cancel *cancel)
{
	struct bench *bench = ctx;
	int now = atomic_fetch_add(&bench->at_once, 1) + 1;

	(void)cancel;
	if (now > atomic_load(&bench->most_at_once))
		atomic_store(&bench->most_at_once, now);
	(void)sem_post(&bench->started);
	(void)sem_wait(&bench->go);
	atomic_fetch_sub(&bench->at_once, 1);
	atomic_fetch_add(&bench->ran, 1);
}

static void until_canceled(void *ctx, struct sl_cancel *cancel)
{
	struct bench *bench = ctx;

	(void)sem_post(&bench->started);
	while (sl_cancel_check(cancel, "job", NULL) == SL_OK)
		(void)poll(NULL, 0, 1);
	atomic_fetch_add(&bench->canceled, 1);
}

static void count_end(void *ctx)
{
	struct bench *bench = ctx;

	atomic_fetch_add(&bench->ended, 1);
}

static struct sl_pool *pool_new(const struct sl_pool_lane *lanes, size_t n)
{
	struct sl_pool *pool = NULL;

	assert_int_equal(sl_pool_new(&pool, sl_clock_system(), lanes, n, NULL), SL_OK);
	return pool;
}

static enum sl_code submit(struct sl_pool *pool, size_t lane, const char *key, struct bench *bench)
{
	const struct sl_job job = { .key = key, .run = gated, .done = count_end, .ctx = bench };

	return sl_pool_submit(pool, lane, &job, NULL);
}

#define SOON (10 * SL_SECOND_US)

static void one_key_never_runs_twice_at_once(void **state)
{
	static const struct sl_pool_lane lanes[] = { { "cheap", 3, 100 }, { "slow", 2, 100 } };
	sl_auto(sl_pool_free_p) struct sl_pool *pool = pool_new(lanes, 2);
	struct bench bench;

	(void)state;
	bench_init(&bench);
	assert_int_equal(submit(pool, 0, "shop", &bench), SL_OK);
	assert_int_equal(sem_wait(&bench.started), 0);
	assert_int_equal(submit(pool, 0, "shop", &bench), SL_OK);
	assert_int_equal(submit(pool, 1, "shop", &bench), SL_OK);
	for (int i = 0; i < 3; i++)
		(void)sem_post(&bench.go);
	assert_true(sl_pool_join(pool, SOON));
	assert_int_equal(bench.ran, 3);
	assert_int_equal(bench.most_at_once, 1);
}

static void a_waiting_key_is_joined_not_queued_again(void **state)
{
	static const struct sl_pool_lane lanes[] = { { "cheap", 1, 100 } };
	sl_auto(sl_pool_free_p) struct sl_pool *pool = pool_new(lanes, 1);
	struct sl_pool_stats stats;
	struct bench bench;

	(void)state;
	bench_init(&bench);
	assert_int_equal(submit(pool, 0, "busy", &bench), SL_OK);
	assert_int_equal(sem_wait(&bench.started), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(submit(pool, 0, "shop", &bench), SL_OK);
	sl_pool_stats(pool, 0, &stats);
	assert_int_equal(stats.waiting, 1);
	assert_int_equal(stats.joined, 4);
	assert_int_equal(bench.ended, 4);
	(void)sem_post(&bench.go);
	(void)sem_post(&bench.go);
	assert_true(sl_pool_join(pool, SOON));
	assert_int_equal(bench.ran, 2);
	assert_int_equal(bench.ended, 6);
}

static void a_full_queue_says_busy(void **state)
{
	static const struct sl_pool_lane lanes[] = { { "cheap", 1, 1 } };
	sl_auto(sl_pool_free_p) struct sl_pool *pool = pool_new(lanes, 1);
	struct sl_error err = SL_ERROR_INIT;
	struct bench bench;
	const struct sl_job third = { .key = "c", .run = gated, .ctx = &bench };

	(void)state;
	bench_init(&bench);
	assert_int_equal(submit(pool, 0, "a", &bench), SL_OK);
	assert_int_equal(sem_wait(&bench.started), 0);
	assert_int_equal(submit(pool, 0, "b", &bench), SL_OK);
	assert_int_equal(sl_pool_submit(pool, 0, &third, &err), SL_EBUSY);
	assert_string_equal(err.msg, "pool cheap: 1 jobs wait already");
	(void)sem_post(&bench.go);
	(void)sem_post(&bench.go);
	assert_true(sl_pool_join(pool, SOON));
}

static void a_full_lane_leaves_the_others_free(void **state)
{
	static const struct sl_pool_lane lanes[] = { { "slow", 1, 10 }, { "hook", 1, 10 } };
	sl_auto(sl_pool_free_p) struct sl_pool *pool = pool_new(lanes, 2);
	struct bench slow;
	struct bench hook;

	(void)state;
	bench_init(&slow);
	bench_init(&hook);
	assert_int_equal(submit(pool, 0, "target", &slow), SL_OK);
	assert_int_equal(sem_wait(&slow.started), 0);
	(void)sem_post(&hook.go);
	assert_int_equal(submit(pool, 1, "repository", &hook), SL_OK);
	assert_int_equal(sem_wait(&hook.started), 0);
	(void)sem_post(&slow.go);
	assert_true(sl_pool_join(pool, SOON));
	assert_int_equal(hook.ran, 1);
}

static void closing_drops_what_waits_and_lets_the_rest_finish(void **state)
{
	static const struct sl_pool_lane lanes[] = { { "cheap", 1, 10 } };
	sl_auto(sl_pool_free_p) struct sl_pool *pool = pool_new(lanes, 1);
	struct bench bench;

	(void)state;
	bench_init(&bench);
	assert_int_equal(submit(pool, 0, "a", &bench), SL_OK);
	assert_int_equal(sem_wait(&bench.started), 0);
	assert_int_equal(submit(pool, 0, "b", &bench), SL_OK);
	sl_pool_close(pool);
	assert_int_equal(bench.ended, 1);
	assert_int_equal(submit(pool, 0, "c", &bench), SL_ECANCELED);
	assert_false(sl_pool_join(pool, 1000));
	(void)sem_post(&bench.go);
	assert_true(sl_pool_join(pool, SOON));
	assert_int_equal(bench.ran, 1);
	assert_int_equal(bench.ended, 3);
}

static void cancelling_reaches_the_running_jobs(void **state)
{
	static const struct sl_pool_lane lanes[] = { { "slow", 2, 10 } };
	sl_auto(sl_pool_free_p) struct sl_pool *pool = pool_new(lanes, 1);
	struct bench bench;
	struct sl_job job = { .key = "a", .run = until_canceled, .ctx = &bench };

	(void)state;
	bench_init(&bench);
	assert_int_equal(sl_pool_submit(pool, 0, &job, NULL), SL_OK);
	job.key = "b";
	assert_int_equal(sl_pool_submit(pool, 0, &job, NULL), SL_OK);
	assert_int_equal(sem_wait(&bench.started), 0);
	assert_int_equal(sem_wait(&bench.started), 0);
	sl_pool_cancel(pool);
	assert_true(sl_pool_join(pool, SOON));
	assert_int_equal(bench.canceled, 2);
}

static void a_job_has_its_own_deadline(void **state)
{
	static const struct sl_pool_lane lanes[] = { { "slow", 1, 10 } };
	sl_auto(sl_pool_free_p) struct sl_pool *pool = pool_new(lanes, 1);
	struct bench bench;
	const struct sl_job job = { .key = "a",
		.run = until_canceled,
		.ctx = &bench,
		.timeout_us = 5000 };

	(void)state;
	bench_init(&bench);
	assert_int_equal(sl_pool_submit(pool, 0, &job, NULL), SL_OK);
	assert_true(sl_pool_join(pool, SOON));
	assert_int_equal(bench.canceled, 1);
}

static void many_threads_submit_and_nothing_is_lost(void **state)
{
	static const struct sl_pool_lane lanes[] = { { "cheap", 4, 1000 } };
	sl_auto(sl_pool_free_p) struct sl_pool *pool = pool_new(lanes, 1);
	struct bench bench;
	char key[16];

	(void)state;
	bench_init(&bench);
	for (int i = 0; i < 500; i++) {
		(void)sem_post(&bench.go);
		(void)snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(submit(pool, 0, key, &bench), SL_OK);
	}
	assert_true(sl_pool_join(pool, SOON));
	assert_int_equal(bench.ran, 500);
	assert_int_equal(bench.ended, 500);
	assert_true(bench.most_at_once <= 4);
}

struct trace {
	char text[64];
	struct sl_sched *sched;
};

static void note(void *ctx, const char *key)
{
	struct trace *trace = ctx;
	size_t len = strlen(trace->text);

	(void)snprintf(trace->text + len, sizeof(trace->text) - len, "%s ", key);
}

static void due_entries_run_in_the_order_of_their_times(void **state)
{
	struct hand_clock hand;
	sl_auto(sl_sched_free_p) struct sl_sched *sched = NULL;
	struct trace trace = { 0 };

	(void)state;
	hand_clock_init(&hand);
	sched = sl_sched_new(&hand.clock);
	sl_sched_at(sched, "late", 4000, note, &trace);
	sl_sched_at(sched, "b", 2000, note, &trace);
	sl_sched_at(sched, "a", 2000, note, &trace);
	sl_sched_at(sched, "first", 1500, note, &trace);
	assert_int_equal(sl_sched_run_due(sched), 0);
	assert_int_equal(sl_sched_next(sched), 1500);
	hand.now = 3000;
	assert_int_equal(sl_sched_run_due(sched), 3);
	assert_string_equal(trace.text, "first a b ");
	assert_int_equal(sl_sched_len(sched), 1);
}

static void the_earlier_time_of_a_key_wins(void **state)
{
	struct hand_clock hand;
	sl_auto(sl_sched_free_p) struct sl_sched *sched = NULL;
	struct trace trace = { 0 };

	(void)state;
	hand_clock_init(&hand);
	sched = sl_sched_new(&hand.clock);
	sl_sched_at(sched, "k", 5000, note, &trace);
	sl_sched_at(sched, "k", 2000, note, &trace);
	sl_sched_at(sched, "k", 9000, note, &trace);
	hand.now = 10000;
	assert_int_equal(sl_sched_run_due(sched), 1);
	assert_int_equal(sl_sched_len(sched), 0);
}

static void a_removed_key_does_not_run(void **state)
{
	struct hand_clock hand;
	sl_auto(sl_sched_free_p) struct sl_sched *sched = NULL;
	struct trace trace = { 0 };
	char key[12];

	(void)state;
	hand_clock_init(&hand);
	sched = sl_sched_new(&hand.clock);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		sl_sched_at(sched, key, 100 - i, note, &trace);
	}
	for (int i = 0; i < 98; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		sl_sched_remove(sched, key);
	}
	sl_sched_remove(sched, "absent");
	assert_int_equal(sl_sched_run_due(sched), 2);
	assert_string_equal(trace.text, "99 98 ");
}

static void again(void *ctx, const char *key)
{
	struct trace *trace = ctx;

	note(trace, key);
	sl_sched_at(trace->sched, key, 0, again, trace);
}

static void an_entry_that_comes_back_waits_for_the_next_call(void **state)
{
	struct hand_clock hand;
	sl_auto(sl_sched_free_p) struct sl_sched *sched = NULL;
	struct trace trace = { 0 };

	(void)state;
	hand_clock_init(&hand);
	sched = sl_sched_new(&hand.clock);
	trace.sched = sched;
	sl_sched_at(sched, "k", 0, again, &trace);
	assert_int_equal(sl_sched_run_due(sched), 1);
	assert_int_equal(sl_sched_run_due(sched), 1);
	assert_string_equal(trace.text, "k k ");
}

static void post(void *ctx, const char *key)
{
	(void)key;
	(void)sem_post(ctx);
}

static void the_thread_runs_what_is_due(void **state)
{
	sl_auto(sl_sched_free_p) struct sl_sched *sched = sl_sched_new(sl_clock_system());
	sem_t ran;

	(void)state;
	assert_int_equal(sem_init(&ran, 0, 0), 0);
	assert_int_equal(sl_sched_start(sched, NULL), SL_OK);
	sl_sched_at(sched, "now", 0, post, &ran);
	sl_sched_at(sched, "soon", sl_clock_wall(sl_clock_system()) + 20000, post, &ran);
	assert_int_equal(sem_wait(&ran), 0);
	assert_int_equal(sem_wait(&ran), 0);
	sl_sched_stop(sched);
	assert_int_equal(sl_sched_len(sched), 0);
}

static void signals_arrive_as_messages(void **state)
{
	struct sl_error err = SL_ERROR_INIT;
	int signo = -1;
	int fd = -1;

	(void)state;
	assert_int_equal(sl_signals_open(&fd, &err), SL_OK);
	assert_int_equal(sl_signals_wait(fd, 0, &signo, &err), SL_OK);
	assert_int_equal(signo, 0);
	(void)kill(getpid(), SIGHUP);
	assert_int_equal(sl_signals_wait(fd, 10000, &signo, &err), SL_OK);
	assert_int_equal(signo, SIGHUP);
	(void)close(fd);
}

static void the_service_manager_gets_one_datagram(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char text[64] = "";
	char name[64];

	(void)state;
	(void)snprintf(name, sizeof(name), "@sluice-test-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&address,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
		0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_int_equal(sl_service_notify("READY=1", NULL), SL_OK);
	assert_true(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
	assert_string_equal(text, "READY=1");
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	assert_int_equal(sl_service_notify("READY=1", NULL), SL_OK);
	(void)close(fd);
}

static void the_watchdog_is_for_this_process_only(void **state)
{
	char pid[16];

	(void)state;
	assert_int_equal(sl_service_watchdog_us(), 0);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(setenv("WATCHDOG_USEC", "3000000", 1), 0);
	assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
	assert_int_equal(sl_service_watchdog_us(), 3000000);
	assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
	assert_int_equal(sl_service_watchdog_us(), 0);
}

static void an_errno_says_what_to_do_and_why(void **state)
{
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	assert_int_equal(sl_os_error(&err, ENOENT, "%s: open", "a.sql"), SL_ENOTFOUND);
	assert_string_equal(err.msg, "a.sql: open: No such file or directory");
	assert_int_equal(sl_os_code(ENOSPC), SL_EUNAVAIL);
	assert_int_equal(sl_os_code(EIO), SL_EUNAVAIL);
	assert_int_equal(sl_os_code(ECONNREFUSED), SL_EUNAVAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_times_out_at_its_deadline),
		cmocka_unit_test(a_child_obeys_its_parent),
		cmocka_unit_test(a_child_does_not_cancel_its_parent),
		cmocka_unit_test(no_token_never_cancels),
		cmocka_unit_test(one_key_never_runs_twice_at_once),
		cmocka_unit_test(a_waiting_key_is_joined_not_queued_again),
		cmocka_unit_test(a_full_queue_says_busy),
		cmocka_unit_test(a_full_lane_leaves_the_others_free),
		cmocka_unit_test(closing_drops_what_waits_and_lets_the_rest_finish),
		cmocka_unit_test(cancelling_reaches_the_running_jobs),
		cmocka_unit_test(a_job_has_its_own_deadline),
		cmocka_unit_test(many_threads_submit_and_nothing_is_lost),
		cmocka_unit_test(due_entries_run_in_the_order_of_their_times),
		cmocka_unit_test(the_earlier_time_of_a_key_wins),
		cmocka_unit_test(a_removed_key_does_not_run),
		cmocka_unit_test(an_entry_that_comes_back_waits_for_the_next_call),
		cmocka_unit_test(the_thread_runs_what_is_due),
		cmocka_unit_test(signals_arrive_as_messages),
		cmocka_unit_test(the_service_manager_gets_one_datagram),
		cmocka_unit_test(the_watchdog_is_for_this_process_only),
		cmocka_unit_test(an_errno_says_what_to_do_and_why),
	};

	return cmocka_run_group_tests_name("sys", tests, NULL, NULL);
}
