/* A fresh store of every backend for each test, and the ways to fill it. */
#ifndef TESTS_UNIT_STORE_WORLD_H
#define TESTS_UNIT_STORE_WORLD_H

#include "sluice/store/batch.h"
#include "sluice/store/read.h"
#include "sluice/store/store.h"
#include "sluice/store/work.h"

#include "unit/pg_database.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DIGEST "d1"

/* The first argument of the program. */
extern const char *backend;

struct world {
	char *folder, *url;
	struct sl_store *store;
	struct sl_arena *arena;
	struct sl_error err;
	struct sl_rand_seeded random;
};

static inline void open_store(struct world *world)
{
	struct sl_store_options options = { .url = world->url,
		.data_folder = world->folder,
		.rand = &world->random.rand };

	if (sl_store_open(&world->store, &options, &world->err) != SL_OK)
		fail_msg("%s", world->err.msg);
}

/* One for all tests of the program; each begins without the store's schema in it. */
static char *group_database;

static inline int drop_group_database(void **state)
{
	(void)state;
	if (group_database)
		pg_database_drop(group_database);
	free(group_database);
	return 0;
}

static inline int setup(void **state)
{
	struct world *world = sl_xcalloc(1, sizeof(*world));
	const char *tmp = getenv("TMPDIR");

	world->folder = sl_xasprintf("%s/store-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(world->folder));
	world->arena = sl_arena_new();
	sl_rand_seed(&world->random, 7);
	if (sl_str_eq(backend, "postgres")) {
		if (!group_database)
			group_database = pg_database_new();
		world->url = sl_xstrdup(group_database);
	}
	if (sl_str_eq(backend, "sqlite"))
		world->url = sl_xasprintf("sqlite:%s/store.db", world->folder);
	if (sl_str_eq(backend, "memory"))
		world->url = sl_xstrdup("memory:");
	open_store(world);
	*state = world;
	return 0;
}

static inline int teardown(void **state)
{
	struct world *world = *state;

	sl_store_free(world->store);
	sl_arena_free(world->arena);
	assert_int_equal(sl_tree_remove(world->folder, NULL), SL_OK);
	if (sl_str_eq(backend, "postgres"))
		pg_do(world->url, "DROP SCHEMA sluice_store CASCADE");
	free(world->url);
	free(world->folder);
	free(world);
	return 0;
}

#define assert_ok(world, call)                            \
	do {                                              \
		if ((call) != SL_OK)                      \
			fail_msg("%s", (world)->err.msg); \
	} while (0)

static inline void commit(struct world *world, struct sl_batch *batch)
{
	assert_ok(world, sl_store_commit(world->store, batch, &world->err));
}

/* A merged change with one stage and one waiting task on each of the targets. */
struct planned {
	int64_t change, stage, tasks[4];
};

static inline struct planned plan(struct world *world, const char *const *targets, size_t n)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	struct planned ids = { 0 };
	int64_t change = sl_batch_add_change(batch,
		&(struct sl_change){ .project = "shop",
			.kind = SL_CHANGE_BRANCH,
			.state = SL_CHANGE_MERGED,
			.branch = "change/orders",
			.title = "orders",
			.opened_at = 1 });
	int64_t stage = sl_batch_add_stage(batch,
		&(struct sl_stage){ .change_id = change,
			.environment = "prod",
			.state = SL_STAGE_WAITING,
			.digest = DIGEST,
			.risk = SL_RISK_HIGH,
			.plan = "{}" });

	for (size_t i = 0; i < n; i++)
		ids.tasks[i] = sl_batch_add_task(batch,
			&(struct sl_task){ .stage_id = stage,
				.change_id = change,
				.environment = "prod",
				.target = targets[i],
				.folder = "db",
				.state = SL_TASK_WAITING });
	commit(world, batch);
	ids.change = sl_batch_id(batch, change);
	ids.stage = sl_batch_id(batch, stage);
	for (size_t i = 0; i < n; i++)
		ids.tasks[i] = sl_batch_id(batch, ids.tasks[i]);
	return ids;
}

static const char *const orders[] = { "orders-prod" };

static inline enum sl_code move_task(struct world *world, int64_t id, enum sl_task_state from,
	enum sl_task_state to)
{
	struct sl_move move = { .object = SL_OBJECT_TASK,
		.id = id,
		.from = (int)from,
		.to = (int)to,
		.at = 1000 };

	return sl_store_apply(world->store, &move, 1, &world->err);
}

static inline struct sl_task read_task(struct world *world, int64_t id)
{
	struct sl_task task = { 0 };

	assert_ok(world, sl_store_task(world->store, id, world->arena, &task, &world->err));
	return task;
}

static inline bool claim(struct world *world, int64_t now, struct sl_task *task)
{
	struct sl_claim wanted = { .replica = "r1", .now = now, .lease_us = 100 };
	bool found = false;

	assert_ok(world,
		sl_store_task_claim(world->store, &wanted, world->arena, task, &found,
			&world->err));
	return found;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
