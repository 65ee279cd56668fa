/* What a replay keeps in memory, and that what it gave back was nobody's. */
#include "replay_int.h"
#include "sluice/core/arena.h"
#include "sluice/schema/replay.h"
#include "sluice/schema/snapshot.h"
#include "sluice/sql/statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Each pair leaves the table as it was; all of them together are many times the room. */
#define PAIRS 30000
#define ROOM  ((size_t)10 * 1024 * 1024)

struct bench {
	struct sl_arena *arena;
	struct sl_replay *replay;
	size_t most; /* bytes that the replay had at once */
};

static const struct sl_catalog *empty(enum sl_dialect dialect)
{
	struct sl_catalog_builder *builder = sl_catalog_builder_new(dialect, 0);
	const struct sl_catalog *out = NULL;

	assert_int_equal(sl_catalog_finish(&out, builder, NULL), SL_OK);
	sl_catalog_builder_free(builder);
	return out;
}

static int begin(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	const struct sl_catalog *base = empty(SL_DIALECT_SQLITE);

	assert_non_null(bench);
	bench->arena = sl_arena_new();
	bench->replay = sl_replay_new(base);
	sl_catalog_unref(base);
	*state = bench;
	return 0;
}

static int end(void **state)
{
	struct bench *bench = *state;

	sl_replay_free(bench->replay);
	sl_arena_free(bench->arena);
	free(bench);
	return 0;
}

static size_t held(const struct bench *bench)
{
	return sl_arena_used(sl_keeping(bench->replay));
}

static struct sl_replay_step run(struct bench *bench, const char *sql)
{
	const struct sl_sql_input input = { .dialect = SL_DIALECT_SQLITE,
		.text = sql,
		.len = strlen(sql) };
	struct sl_replay_step step;

	sl_replay_statement(bench->replay, sl_sql_parse(bench->arena, &input), sql, input.len,
		&step);
	sl_arena_clear(bench->arena);
	if (held(bench) > bench->most)
		bench->most = held(bench);
	return step;
}

static void run_pairs(struct bench *bench)
{
	for (int i = 0; i < PAIRS; i++) {
		run(bench, "ALTER TABLE t ADD COLUMN more TEXT NOT NULL DEFAULT 'nothing yet'");
		run(bench, "ALTER TABLE t DROP COLUMN more");
	}
}

static void hash_now(const struct bench *bench, char out[SL_SHA256_HEX])
{
	sl_snapshot_hash(sl_replay_catalog(bench->replay), out);
}

static void the_catalogues_that_nobody_keeps_are_given_back(void **state)
{
	struct bench *bench = *state;
	char before[SL_SHA256_HEX], after[SL_SHA256_HEX];

	run(bench, "CREATE TABLE t (a INT PRIMARY KEY, b TEXT)");
	hash_now(bench, before);
	run_pairs(bench);
	hash_now(bench, after);
	assert_in_range(bench->most, 1, ROOM);
	assert_string_equal(before, after);
}

static void nodes_of_former_trees_serve_again(void **state)
{
	struct bench *bench = *state;
	char sql[64];
	size_t tree;

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(sql, sizeof(sql), "CREATE TABLE t%d (a INT)", i);
		run(bench, sql);
	}
	run(bench, "CREATE TABLE last (a INT)");
	run(bench, "DROP TABLE last");
	tree = held(bench);
	run(bench, "DROP TABLE t500"); /* a path of ten nodes, and makes nothing new */
	run(bench, "DROP TABLE t501");
	assert_in_range(held(bench) - tree, 0, 512);
}

static void a_catalogue_that_is_kept_outlives_what_came_after_it(void **state)
{
	struct bench *bench = *state;
	const struct sl_catalog *kept;
	char before[SL_SHA256_HEX], after[SL_SHA256_HEX];

	run(bench, "CREATE TABLE t (a INT PRIMARY KEY, b TEXT REFERENCES u (c))");
	run(bench, "CREATE INDEX t_b ON t (b)");
	kept = sl_catalog_ref(sl_replay_catalog(bench->replay));
	sl_snapshot_hash(kept, before);
	run(bench, "DROP INDEX t_b");
	run_pairs(bench);
	sl_snapshot_hash(kept, after);
	assert_string_equal(before, after);
	assert_non_null(sl_catalog_index_owner(kept, "", "t_b", NULL));
	assert_null(sl_catalog_index_owner(sl_replay_catalog(bench->replay), "", "t_b", NULL));
	sl_catalog_unref(kept);
}

static void before_and_after_of_a_statement_are_both_whole(void **state)
{
	struct bench *bench = *state;
	struct sl_replay_step step = run(bench, "CREATE TABLE t (a INT)");

	assert_null(sl_catalog_table(step.before, "", "t"));
	assert_non_null(sl_catalog_table(step.after, "", "t"));
	step = run(bench, "ALTER TABLE t ADD COLUMN b INT");
	assert_int_equal(sl_catalog_table(step.before, "", "t")->columns.len, 1);
	assert_int_equal(sl_catalog_table(step.after, "", "t")->columns.len, 2);
	step = run(bench, "DROP TABLE t");
	assert_int_equal(sl_catalog_table(step.before, "", "t")->columns.len, 2);
	assert_null(sl_catalog_table(step.after, "", "t"));
}

static void a_long_transaction_is_taken_back_whole(void **state)
{
	struct bench *bench = *state;
	char before[SL_SHA256_HEX], after[SL_SHA256_HEX];

	run(bench, "CREATE TABLE t (a INT PRIMARY KEY, b TEXT)");
	hash_now(bench, before);
	run(bench, "BEGIN");
	run(bench, "CREATE TABLE u (a INT)");
	run_pairs(bench);
	run(bench, "DROP TABLE t");
	assert_null(sl_catalog_table(sl_replay_catalog(bench->replay), "", "t"));
	run(bench, "ROLLBACK");
	hash_now(bench, after);
	assert_string_equal(before, after);
	assert_null(sl_catalog_table(sl_replay_catalog(bench->replay), "", "u"));
	run(bench, "ALTER TABLE t ADD COLUMN c INT");
	assert_int_equal(sl_catalog_table(sl_replay_catalog(bench->replay), "", "t")->columns.len,
		3);
}

static void transactions_one_after_the_other_do_not_add_up(void **state)
{
	struct bench *bench = *state;

	run(bench, "CREATE TABLE t (a INT PRIMARY KEY, b TEXT)");
	for (int i = 0; i < 3; i++) {
		run(bench, "BEGIN");
		run_pairs(bench);
		run(bench, i == 1 ? "ROLLBACK" : "COMMIT");
		run(bench, "SELECT 1");
		assert_null(bench->replay->pool->base);
		assert_int_equal(atomic_load(&bench->replay->pool->refs), 1);
	}
	assert_in_range(bench->most, 1, ROOM);
}

/* A name for each kind, as a broken script could leave them. */
static void objects_of_one_name_are_told_apart_by_their_kind(void **state)
{
	static const enum sl_entity_kind kinds[] = { SL_ENTITY_TYPE, SL_ENTITY_SEQUENCE,
		SL_ENTITY_TABLE, SL_ENTITY_VIEW };
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_POSTGRES, 0);
	const struct sl_catalog *catalog = NULL, *less;
	struct sl_arena *arena = sl_arena_new();
	struct sl_catalog work;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct sl_entity *entity = sl_entity_new(arena, kinds[i]);

		entity->schema = "public";
		entity->name = "one";
		sl_catalog_add(builder, entity);
	}
	assert_int_equal(sl_catalog_finish(&catalog, builder, NULL), SL_OK);
	work = *catalog;
	sl_catalog_remove(&work, sl_catalog_relation(&work, "public", "one"));
	less = &work;
	for (size_t i = 0; i < 4; i++) {
		const struct sl_entity *found = sl_catalog_find(catalog, kinds[i], "public", "one",
			"");

		assert_non_null(found);
		assert_int_equal(found->kind, kinds[i]);
		found = sl_catalog_find(less, kinds[i], "public", "one", "");
		assert_int_equal(found != NULL, kinds[i] != SL_ENTITY_TABLE);
	}
	assert_int_equal(sl_catalog_relation(less, NULL, "one")->kind, SL_ENTITY_VIEW);
	sl_catalog_builder_free(builder);
	sl_catalog_unref(catalog);
	sl_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_catalogues_that_nobody_keeps_are_given_back,
			begin, end),
		cmocka_unit_test_setup_teardown(nodes_of_former_trees_serve_again, begin, end),
		cmocka_unit_test_setup_teardown(
			a_catalogue_that_is_kept_outlives_what_came_after_it, begin, end),
		cmocka_unit_test_setup_teardown(before_and_after_of_a_statement_are_both_whole,
			begin, end),
		cmocka_unit_test_setup_teardown(a_long_transaction_is_taken_back_whole, begin, end),
		cmocka_unit_test_setup_teardown(transactions_one_after_the_other_do_not_add_up,
			begin, end),
		cmocka_unit_test(objects_of_one_name_are_told_apart_by_their_kind),
	};

	return cmocka_run_group_tests_name("schema_memory", tests, NULL, NULL);
}
