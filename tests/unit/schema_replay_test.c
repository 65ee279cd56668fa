/* Replays the files of testdata/schema/ on an empty catalogue: NAME.sql is what runs, NAME.effects
 * what the replay says of each statement.  For SQLite the real library runs the same statements,
 * and what it keeps of them must make the catalogue that the replay ended with. */
#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/schema/diff.h"
#include "sluice/schema/replay.h"
#include "sluice/schema/snapshot.h"
#include "sluice/sql/statement.h"

#include <sqlite3.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)1 << 20)

static const struct sl_catalog *empty(enum sl_dialect dialect)
{
	struct sl_catalog_builder *builder = sl_catalog_builder_new(dialect, 0);
	const struct sl_catalog *catalog = NULL;

	assert_int_equal(sl_catalog_finish(&catalog, builder, NULL), SL_OK);
	sl_catalog_builder_free(builder);
	return catalog;
}

static void read_file(const char *path, struct sl_buf *out)
{
	char piece[4096];
	FILE *file = fopen(path, "r");
	size_t got;

	if (!file)
		return;
	while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
		sl_buf_add(out, piece, got);
	assert_int_equal(fclose(file), 0);
}

/* For who changed what a replay says, and has read the difference. */
static void write_file(const char *path, const struct sl_buf *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(sl_buf_str(text), 1, text->len, file), text->len);
	assert_int_equal(fclose(file), 0);
}

static void print_entity(struct sl_buf *out, const struct sl_entity *entity)
{
	if (!entity)
		return;
	sl_buf_addf(out, " %s ", sl_entity_kind_name(entity->kind));
	if (*entity->schema)
		sl_buf_addf(out, "%s.", entity->schema);
	sl_buf_adds(out, entity->name);
	if (*entity->detail)
		sl_buf_addf(out, "(%s)", entity->detail);
}

static void print_effect(struct sl_buf *out, const struct sl_effect *effect)
{
	sl_buf_adds(out, sl_effect_kind_name(effect->kind));
	print_entity(out, effect->entity);
	if (*effect->part)
		sl_buf_addf(out, " %s", effect->part);
	if (effect->was)
		sl_buf_addf(out, " was %s", effect->was);
	if (effect->now)
		sl_buf_addf(out, " now %s", effect->now);
	sl_buf_adds(out, effect->fresh ? " (fresh)" : "");
	sl_buf_adds(out, effect->implied ? " (implied)" : "");
	sl_buf_adds(out, effect->rewrites ? " (rewrites)" : "");
	sl_buf_adds(out, effect->scans ? " (scans)" : "");
	sl_buf_adds(out, effect->concurrently ? " (concurrently)" : "");
	sl_buf_adds(out, effect->not_valid ? " (not valid)" : "");
	sl_buf_addc(out, '\n');
}

static void print_step(struct sl_buf *out, unsigned number, const struct sl_replay_step *step)
{
	for (size_t i = 0; i < step->effects_len; i++) {
		sl_buf_addf(out, "%u ", number);
		print_effect(out, &step->effects[i]);
	}
	for (size_t i = 0; i < step->problems_len; i++)
		sl_buf_addf(out, "%u %s %s: %s\n", number, step->problems[i].refuses ? "!!" : "!",
			sl_problem_kind_name(step->problems[i].kind), step->problems[i].message);
}

/* What each statement did, and the replay, which the caller frees. */
static struct sl_replay *replayed(enum sl_dialect dialect, const struct sl_buf *sql,
	struct sl_buf *out)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *base = empty(dialect);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_splitter_options options = { .dialect = dialect };
	struct sl_replay *replay = sl_replay_new(base);
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = sl_splitter_new(&options,
		sl_buf_str(sql), sql->len);
	struct sl_statement_text text;

	for (;;) {
		struct sl_replay_step step;

		assert_int_equal(sl_splitter_next(splitter, &text, NULL), SL_OK);
		if (text.kind == SL_TEXT_END)
			break;
		sl_replay_statement(replay, sl_sql_parse_statement(arena, dialect, 0, &text),
			text.text, text.len, &step);
		print_step(out, text.number, &step);
		sl_arena_clear(arena);
	}
	return replay;
}

static void print_difference(const struct sl_catalog *from, const struct sl_catalog *to)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(FILE_MAX);
	struct sl_diff diff;

	sl_diff_make(&diff, arena, from, to);
	sl_diff_text(&diff, &text);
	(void)fputs(sl_buf_str(&text), stderr);
}

/* What SQLite keeps of its objects, as introspection reads it. */
static void kept_by_sqlite(sqlite3 *db, struct sl_buf *out)
{
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	if (sqlite3_column_int(stmt, 0) != 0)
		sl_buf_addf(out, "PRAGMA user_version = %d;\n", sqlite3_column_int(stmt, 0));
	sqlite3_finalize(stmt);

	assert_int_equal(sqlite3_prepare_v2(db,
				 "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY "
				 "type = 'trigger', type = 'view', type = 'index', rowid",
				 -1, &stmt, NULL),
		SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		sl_buf_adds(out, (const char *)sqlite3_column_text(stmt, 0));
		sl_buf_adds(out, "\n;\n");
	}
	sqlite3_finalize(stmt);
}

static bool sqlite_agrees(const char *path, const struct sl_buf *sql,
	const struct sl_replay *replay)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *real = NULL;
	sl_auto_buf struct sl_buf kept = SL_BUF_INIT(FILE_MAX);
	char mine[SL_SHA256_HEX], theirs[SL_SHA256_HEX];
	struct sl_error err = SL_ERROR_INIT;
	char *message = NULL;
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	if (sqlite3_exec(db, sl_buf_str(sql), NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: SQLite itself refuses it: %s", path, message);
	kept_by_sqlite(db, &kept);
	sqlite3_close(db);
	if (sl_catalog_from_sql(&real, SL_DIALECT_SQLITE, 0, sl_buf_str(&kept), kept.len, &err) !=
		SL_OK)
		fail_msg("%s: %s", path, err.msg);
	sl_snapshot_hash(sl_replay_catalog(replay), mine);
	sl_snapshot_hash(real, theirs);
	if (strcmp(mine, theirs) == 0)
		return true;
	(void)fprintf(stderr, "%s: from SQLite's own catalogue to the replay's:\n", path);
	print_difference(real, sl_replay_catalog(replay));
	return false;
}

/* Scripts that SQLite would refuse are told by their name: they cannot be compared. */
static bool refused(const char *path)
{
	return strstr(path, "refused") != NULL;
}

static unsigned check_file(enum sl_dialect dialect, const char *path)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(FILE_MAX), got = SL_BUF_INIT(FILE_MAX);
	sl_auto_buf struct sl_buf want = SL_BUF_INIT(FILE_MAX);
	sl_auto(sl_replay_free_p) struct sl_replay *replay = NULL;
	char expected[512];
	unsigned wrong = 0;

	read_file(path, &sql);
	(void)snprintf(expected, sizeof(expected), "%.*seffects", (int)(strlen(path) - 3), path);
	read_file(expected, &want);
	replay = replayed(dialect, &sql, &got);
	if (strcmp(sl_buf_str(&got), sl_buf_str(&want)) != 0) {
		(void)fprintf(stderr, "%s: the replay says\n%s", path, sl_buf_str(&got));
		if (getenv("SLUICE_WRITE_EXPECTED"))
			write_file(expected, &got);
		wrong++;
	}
	if (dialect == SL_DIALECT_SQLITE && !refused(path) && !sqlite_agrees(path, &sql, replay))
		wrong++;
	return wrong;
}

static void check_folder(enum sl_dialect dialect, const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned wrong = 0, files = 0;
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		char path[512];

		if (len < 4 || strcmp(entry->d_name + len - 4, ".sql") != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		wrong += check_file(dialect, path);
		files++;
	}
	assert_int_equal(closedir(dir), 0);
	assert_true(files > 0);
	assert_int_equal(wrong, 0);
}

static void each_sqlite_file_has_the_effects_that_are_written_beside_it(void **state)
{
	(void)state;
	check_folder(SL_DIALECT_SQLITE, "testdata/schema/sqlite");
}

static void each_postgres_file_has_the_effects_that_are_written_beside_it(void **state)
{
	(void)state;
	check_folder(SL_DIALECT_POSTGRES, "testdata/schema/postgres");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sqlite_file_has_the_effects_that_are_written_beside_it),
		cmocka_unit_test(each_postgres_file_has_the_effects_that_are_written_beside_it),
	};

	return cmocka_run_group_tests_name("schema_replay", tests, NULL, NULL);
}
