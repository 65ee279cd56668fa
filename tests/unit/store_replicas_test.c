/* What only the backend of several replicas promises: its schema, its replicas side by side, and a
 * server that goes away at the worst moment. */
#include "unit/pg_database.h"
#include "unit/pg_proxy.h"

#include "sluice/store/batch.h"
#include "sluice/store/read.h"
#include "sluice/store/store.h"
#include "sluice/store/work.h"

#include "migrations.h"
#include "postgres/schema.h"
#include "table.h"

#include "sluice/core/str.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define REPLICAS 3
#define ROUNDS   12

struct world {
	char *url;
	struct sl_arena *arena;
	struct sl_error err;
	struct sl_rand_seeded random;
};

static char *database;

static int make_database(void **state)
{
	(void)state;
	database = pg_database_new();
	return 0;
}

static int drop_database(void **state)
{
	(void)state;
	pg_database_drop(database);
	free(database);
	return 0;
}

static int setup(void **state)
{
	struct world *world = sl_xcalloc(1, sizeof(*world));

	world->url = sl_xstrdup(database);
	world->arena = sl_arena_new();
	sl_rand_seed(&world->random, 7);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	pg_do(database, "DROP SCHEMA IF EXISTS sluice_store CASCADE");
	sl_arena_free(world->arena);
	free(world->url);
	free(world);
	return 0;
}

static enum sl_code try_open(struct world *world, struct sl_store **out)
{
	struct sl_store_options options = { .url = world->url, .rand = &world->random.rand };

	return sl_store_open(out, &options, &world->err);
}

static struct sl_store *must_open(struct world *world)
{
	struct sl_store *store = NULL;

	if (try_open(world, &store) != SL_OK)
		fail_msg("%s", world->err.msg);
	return store;
}

static void refused(struct world *world, enum sl_code code, const char *part)
{
	struct sl_store *store = NULL;

	assert_int_equal(try_open(world, &store), code);
	if (!strstr(world->err.msg, part))
		fail_msg("\"%s\" is not in \"%s\"", part, world->err.msg);
	assert_null(strchr(world->err.msg, '\n'));
}

static enum sl_code add_event(struct sl_store *store, const char *text, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	sl_batch_event(batch, &(struct sl_event){ .kind = "test", .text = text });
	return sl_store_commit(store, batch, err);
}

static int64_t events(void)
{
	return pg_number(database, "SELECT count(*) FROM sluice_store.event");
}

/* --- the schema ------------------------------------------------------------------------------- */

static void the_tables_in_c_are_the_tables_in_postgres(void **state)
{
	struct world *world = *state;

	sl_store_free(must_open(world));
	for (size_t i = 0; i < store_all_tables_len; i++) {
		const struct table *table = store_all_tables[i];

		for (size_t j = 0; j < table->len; j++) {
			const struct column *column = &table->columns[j];
			bool text = column->kind == COLUMN_TEXT || column->kind == COLUMN_WORD;
			sl_autofree char *sql = sl_xasprintf(
				"SELECT count(*) FROM information_schema.columns WHERE "
				"table_schema = 'sluice_store' AND table_name = '%s' AND "
				"column_name = '%s' AND data_type = '%s'",
				table->name, column->name, text ? "text" : "bigint");
			sl_autofree char *reference = sl_xasprintf(
				"SELECT count(*) FROM pg_constraint AS c JOIN pg_attribute AS a "
				"ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE "
				"c.contype = 'f' AND c.conrelid = 'sluice_store.%s'::regclass AND "
				"a.attname = '%s' AND c.condeferrable",
				table->name, column->name);

			if (pg_number(database, sql) != 1)
				fail_msg("%s.%s", table->name, column->name);
			if (column->kind == COLUMN_REF && pg_number(database, reference) != 1)
				fail_msg("%s.%s refers to nothing", table->name, column->name);
		}
	}
	assert_int_equal(pg_number(database,
				 "SELECT count(*) FROM information_schema.columns WHERE "
				 "table_schema = 'sluice_store' AND column_name = 'id'"),
		store_all_tables_len);
	assert_int_equal(pg_number(database, "SELECT version FROM sluice_store.schema_version"),
		store_migrations());
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
	struct world *world = *state;

	sl_store_free(must_open(world));
	pg_do(database, "UPDATE sluice_store.schema_version SET version = 99");
	refused(world, SL_EINVAL, "has schema 99 and this Sluice knows");
	assert_int_equal(pg_number(database, "SELECT version FROM sluice_store.schema_version"),
		99);
}

static void an_older_schema_is_brought_on_with_what_it_holds(void **state)
{
	struct world *world = *state;

	sl_store_free(must_open(world));
	pg_do(database,
		"INSERT INTO sluice_store.meta (key, value) VALUES ('kept', 'yes');"
		"DROP TABLE sluice_store.lease, sluice_store.elsewhere;"
		"ALTER TABLE sluice_store.drift DROP COLUMN base_run, DROP COLUMN live_run;"
		"ALTER TABLE sluice_store.task DROP COLUMN busy; UPDATE sluice_store.schema_version SET version = 2");
	sl_store_free(must_open(world));
	assert_int_equal(pg_number(database, "SELECT version FROM sluice_store.schema_version"),
		store_migrations());
	assert_int_equal(pg_number(database, "SELECT count(*) FROM sluice_store.lease"), 0);
	assert_int_equal(
		pg_number(database, "SELECT count(*) FROM sluice_store.meta WHERE key = 'kept'"),
		1);
}

static void somebody_elses_schema_is_refused(void **state)
{
	struct world *world = *state;

	pg_do(database, "CREATE SCHEMA sluice_store; CREATE TABLE sluice_store.theirs (a int)");
	refused(world, SL_EINVAL, "belongs to something else");
}

static void a_password_in_the_url_is_refused_and_not_repeated(void **state)
{
	struct world *world = *state;

	free(world->url);
	world->url = sl_xstrdup("postgres://sluice:hunter2@127.0.0.1:1/store");
	refused(world, SL_EINVAL, "holds a password");
	assert_null(strstr(world->err.msg, "hunter2"));
}

static void a_server_that_is_not_there_is_unavailable(void **state)
{
	struct world *world = *state;

	free(world->url);
	world->url = sl_xstrdup("postgres://sluice@127.0.0.1:1/store");
	refused(world, SL_EUNAVAIL, "127.0.0.1:1/store: connect:");
}

static void text_that_is_not_utf_8_comes_back_as_it_was(void **state)
{
	static const char *const texts[] = { "plain", "Gr\xfc\337e", "\xff\xfe", "\xf4\x8f\xbc\x80",
		"\xf4\x8f", "über\xf4\x8f\xbf\xbf\xc3" };
	struct world *world = *state;
	sl_auto(sl_store_free_p) struct sl_store *store = must_open(world);
	const struct sl_log_query all = { 0 };
	struct sl_event_list list;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(add_event(store, texts[i], &world->err), SL_OK);
	assert_int_equal(sl_store_events(store, &all, world->arena, &list, &world->err), SL_OK);
	for (size_t i = 0; i < list.len; i++)
		assert_string_equal(list.at[i].text, texts[list.len - 1 - i]);
}

/* --- a server that goes away ------------------------------------------------------------------ */

static void sessions_that_the_server_ended_are_replaced(void **state)
{
	struct world *world = *state;
	sl_auto(sl_store_free_p) struct sl_store *store = must_open(world);

	for (int i = 0; i < 3; i++) {
		pg_do(database,
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
			"current_database() AND pid <> pg_backend_pid()");
		assert_int_equal(add_event(store, "x", &world->err), SL_OK);
	}
	assert_int_equal(events(), 3);
}

static void a_commit_without_an_answer_is_made_once(void **state)
{
	static const enum pg_cut cuts[] = { PG_CUT_BEFORE_COMMIT, PG_CUT_AFTER_COMMIT };
	struct world *world = *state;
	struct pg_proxy proxy;
	struct sl_store *store;

	pg_proxy_start(&proxy);
	free(world->url);
	world->url = pg_proxy_url(&proxy, database);
	store = must_open(world);
	for (int i = 0; i < 6; i++) {
		pg_proxy_drop_all(&proxy);
		atomic_store(&proxy.cut, cuts[i % 2]);
		if (add_event(store, "x", &world->err) != SL_OK)
			fail_msg("%s", world->err.msg);
		assert_int_equal(atomic_load(&proxy.cut), PG_CUT_NOTHING);
		assert_int_equal(events(), i + 1);
	}
	sl_store_free(store);
	pg_proxy_stop(&proxy);
}

static void while_the_server_is_away_nothing_is_kept_and_then_all_goes_on(void **state)
{
	struct world *world = *state;
	struct pg_proxy proxy;
	struct sl_store *store;

	pg_proxy_start(&proxy);
	free(world->url);
	world->url = pg_proxy_url(&proxy, database);
	store = must_open(world);
	atomic_store(&proxy.away, true);
	pg_proxy_drop_all(&proxy);
	assert_int_equal(add_event(store, "x", &world->err), SL_EUNAVAIL);
	assert_int_equal(events(), 0);
	atomic_store(&proxy.away, false);
	assert_int_equal(add_event(store, "x", &world->err), SL_OK);
	assert_int_equal(events(), 1);
	sl_store_free(store);
	pg_proxy_stop(&proxy);
}

/* --- replicas --------------------------------------------------------------------------------- */

struct opening {
	pthread_t thread;
	struct world *world;
	struct sl_store *store;
	struct sl_error err;
	struct sl_rand_seeded random;
};

static void *open_one(void *arg)
{
	struct opening *opening = arg;
	struct sl_store_options options = { .url = opening->world->url,
		.rand = &opening->random.rand };

	(void)!sl_store_open(&opening->store, &options, &opening->err);
	return NULL;
}

static void replicas_that_start_together_make_one_store_with_one_id(void **state)
{
	struct world *world = *state;
	struct opening replicas[REPLICAS] = { 0 };

	for (unsigned i = 0; i < REPLICAS; i++) {
		replicas[i].world = world;
		sl_rand_seed(&replicas[i].random, i + 1);
		assert_int_equal(pthread_create(&replicas[i].thread, NULL, open_one, &replicas[i]),
			0);
	}
	for (size_t i = 0; i < REPLICAS; i++)
		assert_int_equal(pthread_join(replicas[i].thread, NULL), 0);
	for (size_t i = 0; i < REPLICAS; i++) {
		if (!replicas[i].store)
			fail_msg("%s", replicas[i].err.msg);
		assert_string_equal(sl_store_installation(replicas[i].store),
			sl_store_installation(replicas[0].store));
		assert_true(sl_store_is_shared(replicas[i].store));
	}
	for (size_t i = 0; i < REPLICAS; i++)
		sl_store_free(replicas[i].store);
}

/* Looks at the place as often as it can until the store is there: one of the looks falls together
 * with the commit that makes it. */
static void look_until_made(struct link *link)
{
	struct sl_error err = SL_ERROR_INIT;
	int64_t version = -1;

	while (version < 0) {
		if (store_pg_schema_version(link, &version, &err) != SL_OK)
			fail_msg("%s", err.msg);
	}
	assert_int_equal(version, store_migrations());
}

static void a_store_that_is_being_made_is_nobody_elses(void **state)
{
	struct world *world = *state;
	const struct link_place place = { .url = world->url,
		.shown = world->url,
		.clock = sl_clock_system() };

	for (unsigned round = 0; round < ROUNDS; round++) {
		sl_auto(store_link_free_p) struct link *link = NULL;
		struct opening replica = { .world = world };

		sl_rand_seed(&replica.random, round + 1);
		pg_do(database, "DROP SCHEMA IF EXISTS sluice_store CASCADE");
		assert_int_equal(store_link_open(&link, &place, &world->err), SL_OK);
		assert_int_equal(pthread_create(&replica.thread, NULL, open_one, &replica), 0);
		look_until_made(link);
		assert_int_equal(pthread_join(replica.thread, NULL), 0);
		assert_non_null(replica.store);
		sl_store_free(replica.store);
	}
}

#define TASKS   40
#define TARGETS 10

static void plan_tasks(struct world *world, struct sl_store *store)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	for (int i = 0; i < TASKS; i++) {
		int64_t change = sl_batch_add_change(batch,
			&(struct sl_change){ .project = "shop", .state = SL_CHANGE_MERGED });
		int64_t stage = sl_batch_add_stage(batch,
			&(struct sl_stage){ .change_id = change, .environment = "prod" });

		(void)sl_batch_add_task(batch,
			&(struct sl_task){ .stage_id = stage,
				.change_id = change,
				.target = sl_arena_printf(world->arena, "t%d", i % TARGETS),
				.state = SL_TASK_READY });
	}
	assert_int_equal(sl_store_commit(store, batch, &world->err), SL_OK);
}

/* Whose turn a target is; more than one at a time is what must never be. */
struct race {
	struct sl_store *stores[REPLICAS];
	atomic_int at_work[TARGETS];
	atomic_int done[TASKS + 1];
	atomic_int left;
	atomic_int wrong;
};

struct racer {
	struct race *race;
	struct sl_store *store;
	char name[8];
};

static void work_one(struct racer *racer, const struct sl_task *task)
{
	struct race *race = racer->race;
	int64_t target = 0;
	const struct sl_move done = { .object = SL_OBJECT_TASK,
		.id = task->id,
		.from = SL_TASK_RUNNING,
		.to = SL_TASK_DONE,
		.lease_epoch = task->lease_epoch,
		.at = 2000 };

	assert_true(sl_parse_i64(task->target + 1, 0, TARGETS - 1, &target));
	if (atomic_fetch_add(&race->at_work[target], 1) != 0)
		atomic_fetch_add(&race->wrong, 1);
	atomic_fetch_add(&race->done[task->id], 1);
	(void)poll(NULL, 0, 1);
	atomic_fetch_sub(&race->at_work[target], 1);
	if (sl_store_apply(racer->store, &done, 1, NULL) != SL_OK)
		atomic_fetch_add(&race->wrong, 1);
	atomic_fetch_sub(&race->left, 1);
}

static void *race_on(void *arg)
{
	struct racer *racer = arg;
	const struct sl_claim claim = { .replica = racer->name, .now = 1000, .lease_us = 1000000 };

	while (atomic_load(&racer->race->left) > 0) {
		sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
		struct sl_task task;
		bool found = false;

		if (sl_store_task_claim(racer->store, &claim, arena, &task, &found, NULL) != SL_OK)
			atomic_fetch_add(&racer->race->wrong, 1);
		else if (found)
			work_one(racer, &task);
	}
	return NULL;
}

static void replicas_never_work_on_one_target_at_once_nor_on_one_task_twice(void **state)
{
	struct world *world = *state;
	struct race race = { .left = TASKS };
	struct racer racers[2 * REPLICAS];
	pthread_t threads[2 * REPLICAS];

	for (size_t i = 0; i < REPLICAS; i++)
		race.stores[i] = must_open(world);
	plan_tasks(world, race.stores[0]);
	for (unsigned i = 0; i < 2 * REPLICAS; i++) {
		racers[i] = (struct racer){ .race = &race, .store = race.stores[i % REPLICAS] };
		(void)snprintf(racers[i].name, sizeof(racers[i].name), "r%u", i);
		assert_int_equal(pthread_create(&threads[i], NULL, race_on, &racers[i]), 0);
	}
	for (size_t i = 0; i < 2 * REPLICAS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 1; i <= TASKS; i++)
		assert_int_equal(race.done[i], 1);
	assert_int_equal(race.wrong, 0);
	for (size_t i = 0; i < REPLICAS; i++)
		sl_store_free(race.stores[i]);
}

struct heard {
	atomic_int changes, tasks, projects, all;
};

static void note_news(void *ctx, enum sl_news news, const char *key)
{
	struct heard *heard = ctx;

	(void)key;
	if (news == SL_NEWS_CHANGE)
		atomic_fetch_add(&heard->changes, 1);
	if (news == SL_NEWS_TASK)
		atomic_fetch_add(&heard->tasks, 1);
	if (news == SL_NEWS_PROJECT)
		atomic_fetch_add(&heard->projects, 1);
	if (news == SL_NEWS_ALL)
		atomic_fetch_add(&heard->all, 1);
}

static void wait_for(atomic_int *count, int wanted)
{
	for (int i = 0; i < 3000 && atomic_load(count) < wanted; i++)
		(void)poll(NULL, 0, 10);
	assert_int_equal(atomic_load(count), wanted);
}

static void what_one_replica_commits_the_others_hear(void **state)
{
	struct world *world = *state;
	struct sl_store *speaker = must_open(world);
	struct sl_store *other = must_open(world);
	struct heard own = { 0 };
	struct heard heard = { 0 };
	bool fresh;

	sl_store_on_news(speaker, note_news, &own);
	sl_store_on_news(other, note_news, &heard);
	plan_tasks(world, speaker);
	wait_for(&heard.changes, TASKS);
	wait_for(&heard.tasks, TASKS);
	assert_int_equal(
		sl_store_inbox_add(speaker,
			&(struct sl_delivery){ .source = "shop", .key = "1", .body = "{}" }, &fresh,
			&world->err),
		SL_OK);
	wait_for(&heard.projects, 1);
	assert_int_equal(sl_store_tell(other, SL_NEWS_PROJECT, "shop", &world->err), SL_OK);
	wait_for(&own.projects, 1);
	assert_int_equal(own.changes + own.tasks, 0);
	pg_do(database,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
		"current_database() AND pid <> pg_backend_pid()");
	wait_for(&heard.all, 1);
	sl_store_free(speaker);
	sl_store_free(other);
}

static void a_frozen_writer_keeps_nobody_from_its_rows_for_long(void **state)
{
	struct world *world = *state;
	sl_auto(sl_store_free_p) struct sl_store *store = must_open(world);
	PGconn *frozen = PQconnectdb(database);

	assert_int_equal(sl_store_set_meta(store, "k", "old", &world->err), SL_OK);
	PQclear(PQexec(frozen,
		"SET idle_in_transaction_session_timeout = '5s'; BEGIN; "
		"UPDATE sluice_store.meta SET value = 'frozen' WHERE key = 'k'"));
	assert_int_equal(sl_store_set_meta(store, "k", "new", &world->err), SL_OK);
	assert_int_equal(
		pg_number(database,
			"SELECT count(*) FROM sluice_store.meta WHERE key = 'k' AND value = 'new'"),
		1);
	PQfinish(frozen);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_tables_in_c_are_the_tables_in_postgres),
		TEST(a_newer_schema_is_refused_and_left_alone),
		TEST(an_older_schema_is_brought_on_with_what_it_holds),
		TEST(somebody_elses_schema_is_refused),
		TEST(a_password_in_the_url_is_refused_and_not_repeated),
		TEST(a_server_that_is_not_there_is_unavailable),
		TEST(text_that_is_not_utf_8_comes_back_as_it_was),
		TEST(sessions_that_the_server_ended_are_replaced),
		TEST(a_commit_without_an_answer_is_made_once),
		TEST(while_the_server_is_away_nothing_is_kept_and_then_all_goes_on),
		TEST(replicas_that_start_together_make_one_store_with_one_id),
		TEST(a_store_that_is_being_made_is_nobody_elses),
		TEST(replicas_never_work_on_one_target_at_once_nor_on_one_task_twice),
		TEST(what_one_replica_commits_the_others_hear),
		TEST(a_frozen_writer_keeps_nobody_from_its_rows_for_long),
	};

	return cmocka_run_group_tests_name("store_replicas", tests, make_database, drop_database);
}
