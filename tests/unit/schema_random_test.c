/* Random DDL from a printed seed, run by the real SQLite and replayed: what SQLite accepts the
 * replay must accept, and end with the catalogue that SQLite's own texts make. */
#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/rand.h"
#include "sluice/schema/diff.h"
#include "sluice/schema/replay.h"
#include "sluice/schema/snapshot.h"
#include "sluice/sql/statement.h"

#include <sqlite3.h>

#include <stdio.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TEXT_MAX ((size_t)1 << 20)

/* % letters are names out of small sets: %t table, %c column, %i index, %v view, %g trigger; %y a
 * type with constraints, %e an expression over a column. */
static const char *const templates[] = {
	"CREATE TABLE %t (%c %y, %c %y, %c %y)",
	"CREATE TABLE %t (%c INTEGER PRIMARY KEY, %c %y, CHECK (%e))",
	"CREATE TABLE IF NOT EXISTS %t (%c %y, %c %y, UNIQUE (%c), FOREIGN KEY (%c) REFERENCES %t (%c))",
	"CREATE TABLE %t (%c TEXT, %c INT AS (%e) STORED, PRIMARY KEY (%c)) WITHOUT ROWID",
	"DROP TABLE %t",
	"DROP TABLE IF EXISTS %t",
	"ALTER TABLE %t ADD COLUMN %c %y",
	"ALTER TABLE %t ADD %c INT DEFAULT 0 CHECK (%e)",
	"ALTER TABLE %t ADD COLUMN %c INT REFERENCES %t (%c)",
	"ALTER TABLE %t DROP COLUMN %c",
	"ALTER TABLE %t RENAME COLUMN %c TO %c",
	"ALTER TABLE %t RENAME %c TO Other",
	"ALTER TABLE %t RENAME TO %t",
	"CREATE INDEX %i ON %t (%c)",
	"CREATE UNIQUE INDEX %i ON %t (%c DESC, %c COLLATE NOCASE) WHERE %e",
	"CREATE INDEX IF NOT EXISTS %i ON %t (lower(%c))",
	"DROP INDEX %i",
	"CREATE VIEW %v AS SELECT %c FROM %t",
	"CREATE VIEW %v AS SELECT a.%c, b.%c AS x FROM %t a JOIN %t b ON a.%c = b.%c",
	"DROP VIEW %v",
	"CREATE TRIGGER %g AFTER UPDATE OF %c ON %t BEGIN UPDATE %t SET %c = new.%c; END",
	"CREATE TRIGGER %g BEFORE INSERT ON %t WHEN new.%c > 0 BEGIN DELETE FROM %t WHERE %c = 1; END",
	"DROP TRIGGER %g",
};

static const char *const types[] = { "TEXT", "INT NOT NULL DEFAULT 1", "varchar ( 10 )", "REAL", "",
	"TEXT COLLATE NOCASE", "INT DEFAULT (1 + 2)", "INTEGER UNIQUE", "BLOB DEFAULT x'00'",
	"TEXT DEFAULT 'it''s'", "INT CHECK (1)" };

static const char *const expressions[] = { "%c > 0", "%c IS NOT NULL AND %c <> ''", "(%c)",
	"length(%c) < 9", "%c + 1" };

static void fill(struct sl_buf *out, struct sl_rand_seeded *seeded, const char *template)
{
	for (const char *c = template; *c; c++) {
		uint64_t n = sl_rand_below(&seeded->rand, 5);

		if (*c != '%') {
			sl_buf_addc(out, *c);
			continue;
		}
		c++;
		if (*c == 'y')
			sl_buf_adds(out,
				types[sl_rand_below(&seeded->rand,
					sizeof(types) / sizeof(types[0]))]);
		else if (*c == 'e')
			fill(out, seeded, expressions[n]);
		else
			sl_buf_addf(out, "%c%u", *c == 'c' && n == 4 ? 'C' : *c,
				(unsigned)(*c == 't' ? n % 3 : n));
	}
}

struct script {
	uint64_t seed;
	sqlite3 *db;
	struct sl_replay *replay;
	struct sl_arena *arena;
	struct sl_buf text; /* what SQLite accepted */
	unsigned accepted;
};

static void replay_one(struct script *script, const struct sl_buf *sql)
{
	struct sl_sql_input input = { .dialect = SL_DIALECT_SQLITE,
		.text = sl_buf_str(sql),
		.len = sql->len };
	const struct sl_facts *facts = sl_sql_parse(script->arena, &input);
	struct sl_replay_step step;

	sl_replay_statement(script->replay, facts, input.text, input.len, &step);
	for (size_t i = 0; i < step.problems_len; i++) {
		if (step.problems[i].refuses)
			fail_msg("seed %llu: SQLite accepts, the replay says: %s\n%s",
				(unsigned long long)script->seed, step.problems[i].message,
				sl_buf_str(&script->text));
	}
	assert_false(sl_catalog_uncertain(step.after));
	sl_arena_clear(script->arena);
}

static void run_one(struct script *script, struct sl_rand_seeded *seeded)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(TEXT_MAX);
	uint64_t which = sl_rand_below(&seeded->rand, sizeof(templates) / sizeof(templates[0]));

	fill(&sql, seeded, templates[which]);
	if (sqlite3_exec(script->db, sl_buf_str(&sql), NULL, NULL, NULL) != SQLITE_OK)
		return;
	script->accepted++;
	sl_buf_addf(&script->text, "%s;\n", sl_buf_str(&sql));
	replay_one(script, &sql);
}

/* The catalogue that SQLite's own texts make. */
static const struct sl_catalog *introspected(const struct script *script, sqlite3 *db)
{
	sl_auto_buf struct sl_buf kept = SL_BUF_INIT(TEXT_MAX);
	const struct sl_catalog *catalog = NULL;
	struct sl_error err = SL_ERROR_INIT;
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(
		sqlite3_prepare_v2(db,
			"SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type = "
			"'trigger', type = 'view', type = 'index', rowid",
			-1, &stmt, NULL),
		SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		sl_buf_addf(&kept, "%s\n;\n", (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	if (sl_catalog_from_sql(&catalog, SL_DIALECT_SQLITE, 0, sl_buf_str(&kept), kept.len,
		    &err) != SL_OK)
		fail_msg("seed %llu: %s", (unsigned long long)script->seed, err.msg);
	return catalog;
}

static void must_be_same(const struct script *script, const char *what,
	const struct sl_catalog *from, const struct sl_catalog *to)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(TEXT_MAX);
	struct sl_diff diff;

	sl_diff_make(&diff, script->arena, from, to);
	if (diff.same)
		return;
	sl_diff_text(&diff, &text);
	(void)fprintf(stderr, "seed %llu:\n%sfrom SQLite to %s:\n%s",
		(unsigned long long)script->seed, sl_buf_str(&script->text), what,
		sl_buf_str(&text));
	fail();
}

/* The snapshot's text makes the same schema again. */
static void compare_restored(const struct script *script, const struct sl_catalog *real)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(TEXT_MAX);
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *restored = NULL;
	char *message = NULL;
	sqlite3 *db = NULL;

	sl_snapshot_sql(real, &text);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	if (sqlite3_exec(db, sl_buf_str(&text), NULL, NULL, &message) != SQLITE_OK)
		fail_msg("seed %llu: %s in\n%s", (unsigned long long)script->seed, message,
			sl_buf_str(&text));
	restored = introspected(script, db);
	sqlite3_close(db);
	must_be_same(script, "the restored one", real, restored);
}

static void compare(const struct script *script)
{
	sl_auto(sl_catalog_unref_p)
		const struct sl_catalog *real = introspected(script, script->db);

	must_be_same(script, "the replay", real, sl_replay_catalog(script->replay));
	compare_restored(script, real);
}

static unsigned run_script(uint64_t seed)
{
	const struct sl_catalog *empty = NULL;
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_SQLITE, 0);
	struct script script = { .seed = seed, .text = SL_BUF_INIT(TEXT_MAX) };
	struct sl_rand_seeded seeded;

	assert_int_equal(sl_catalog_finish(&empty, builder, NULL), SL_OK);
	sl_catalog_builder_free(builder);
	script.replay = sl_replay_new(empty);
	script.arena = sl_arena_new();
	assert_int_equal(sqlite3_open(":memory:", &script.db), SQLITE_OK);
	sl_rand_seed(&seeded, seed);
	for (unsigned i = 0; i < 60; i++)
		run_one(&script, &seeded);
	compare(&script);
	sqlite3_close(script.db);
	sl_buf_done(&script.text);
	sl_arena_free(script.arena);
	sl_replay_free(script.replay);
	sl_catalog_unref(empty);
	return script.accepted;
}

static void a_replay_of_random_ddl_ends_where_sqlite_ends_and_can_be_restored(void **state)
{
	unsigned accepted = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++)
		accepted += run_script(seed);
	assert_true(accepted > 2000);
}

static void an_older_catalogue_is_not_disturbed_by_later_statements(void **state)
{
	static const char *const statements[] = { "CREATE TABLE t (a INT, b INT)",
		"CREATE INDEX t_a ON t (a)", "ALTER TABLE t RENAME COLUMN a TO c",
		"ALTER TABLE t ADD COLUMN d TEXT", "ALTER TABLE t RENAME TO u", "DROP TABLE u" };

	enum { STEPS = sizeof(statements) / sizeof(statements[0]) };

	char hashes[STEPS][SL_SHA256_HEX];
	const struct sl_catalog *kept[STEPS], *empty = NULL;
	struct sl_catalog_builder *builder = sl_catalog_builder_new(SL_DIALECT_SQLITE, 0);
	struct sl_replay *replay;
	struct sl_arena *arena = sl_arena_new();

	(void)state;
	assert_int_equal(sl_catalog_finish(&empty, builder, NULL), SL_OK);
	sl_catalog_builder_free(builder);
	replay = sl_replay_new(empty);
	sl_catalog_unref(empty);
	for (size_t i = 0; i < STEPS; i++) {
		struct sl_sql_input input = { .dialect = SL_DIALECT_SQLITE,
			.text = statements[i],
			.len = strlen(statements[i]) };
		struct sl_replay_step step;

		sl_replay_statement(replay, sl_sql_parse(arena, &input), input.text, input.len,
			&step);
		assert_ptr_not_equal(step.before, step.after);
		kept[i] = sl_catalog_ref(step.after);
		sl_snapshot_hash(kept[i], hashes[i]);
	}
	sl_replay_free(replay);
	sl_arena_free(arena);
	for (size_t i = 0; i < STEPS; i++) {
		char again[SL_SHA256_HEX];

		sl_snapshot_hash(kept[i], again);
		assert_string_equal(again, hashes[i]);
		sl_catalog_unref(kept[i]);
	}
	assert_string_not_equal(hashes[0], hashes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replay_of_random_ddl_ends_where_sqlite_ends_and_can_be_restored),
		cmocka_unit_test(an_older_catalogue_is_not_disturbed_by_later_statements),
	};

	return cmocka_run_group_tests_name("schema_random", tests, NULL, NULL);
}
