/* What only the embedded backend promises: its file, its owner, its schema. */
#include "sluice/store/batch.h"
#include "sluice/store/read.h"
#include "sluice/store/store.h"

#include "sqlite/sqlite.h"
#include "table.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/sys/file.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct world {
	char *folder, *path, *url;
	struct sl_error err;
	struct sl_rand_seeded random;
};

static int setup(void **state)
{
	struct world *world = sl_xcalloc(1, sizeof(*world));
	const char *tmp = getenv("TMPDIR");

	world->folder = sl_xasprintf("%s/store-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(world->folder));
	world->path = sl_xasprintf("%s/store.db", world->folder);
	world->url = sl_xasprintf("sqlite:%s", world->path);
	sl_rand_seed(&world->random, 7);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	assert_int_equal(sl_tree_remove(world->folder, NULL), SL_OK);
	free(world->folder);
	free(world->path);
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

static int64_t number(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	int64_t value = -1;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	if (sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	(void)sqlite3_close(db);
	return value;
}

static void execute(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

static void a_file_is_made_for_its_owner_only_and_reopens(void **state)
{
	struct world *world = *state;
	char id[SL_ID_SIZE];
	struct stat about;
	struct sl_store *store = must_open(world);

	memcpy(id, sl_store_installation(store), SL_ID_SIZE);
	sl_store_free(store);
	assert_int_equal(stat(world->path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	assert_int_equal(number(world->path, "PRAGMA user_version"), store_sqlite_schema_version());
	store = must_open(world);
	assert_string_equal(sl_store_installation(store), id);
	sl_store_free(store);
}

static void the_tables_in_c_are_the_tables_in_sql(void **state)
{
	struct world *world = *state;

	sl_store_free(must_open(world));
	for (size_t i = 0; i < store_all_tables_len; i++) {
		const struct table *table = store_all_tables[i];
		sl_autofree char *count = sl_xasprintf(
			"SELECT count(*) FROM pragma_table_info('%s')", table->name);

		assert_int_equal(number(world->path, count), table->len + 1);
		for (size_t j = 0; j < table->len; j++) {
			sl_autofree char *sql = sl_xasprintf(
				"SELECT count(*) FROM pragma_table_info('%s') WHERE name = '%s' "
				"AND type = '%s'",
				table->name, table->columns[j].name,
				table->columns[j].kind == COLUMN_TEXT ||
						table->columns[j].kind == COLUMN_WORD ?
					"TEXT" :
					"INTEGER");

			if (number(world->path, sql) != 1)
				fail_msg("%s.%s", table->name, table->columns[j].name);
		}
	}
	assert_int_equal(number(world->path,
				 "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name "
				 "NOT LIKE 'sqlite_%'"),
		store_all_tables_len);
}

static void a_newer_schema_is_refused(void **state)
{
	struct world *world = *state;

	sl_store_free(must_open(world));
	execute(world->path, "PRAGMA user_version = 99");
	refused(world, SL_EINVAL, "has schema 99 and this Sluice knows 6");
	assert_int_equal(number(world->path, "PRAGMA user_version"), 99);
}

static void somebody_elses_database_is_refused(void **state)
{
	struct world *world = *state;

	execute(world->path, "CREATE TABLE theirs (a)");
	refused(world, SL_EINVAL, "is a database of something else");
	assert_int_equal(number(world->path, "SELECT count(*) FROM theirs"), 0);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	static const char text[] =
		"Dear diary, this is not a database but a text of some length, "
		"so that nobody takes it for an empty file.  It goes on a little.";
	struct world *world = *state;

	assert_int_equal(sl_file_write(world->path, text, sizeof(text), 0600, NULL), SL_OK);
	refused(world, SL_EINVAL, "file is not a database");
}

static void a_folder_is_refused(void **state)
{
	struct world *world = *state;

	assert_int_equal(sl_folder_make(world->path, 0700, NULL), SL_OK);
	refused(world, SL_EINVAL, "is a folder, not a file");
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	struct world *world = *state;

	free(world->url);
	world->url = sl_xasprintf("sqlite:%s/nowhere/store.db", world->folder);
	refused(world, SL_ENOTFOUND, "nowhere/store.db");
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
	struct world *world = *state;
	sl_autofree char *inside = sl_xasprintf("sqlite:%s/store.db", world->path);

	assert_int_equal(sl_file_write(world->path, "x", 1, 0600, NULL), SL_OK);
	free(world->url);
	world->url = sl_steal(inside);
	refused(world, SL_EINVAL, "store.db: cannot be written");
}

static void another_kind_of_store_is_not_available(void **state)
{
	struct world *world = *state;

	free(world->url);
	world->url = sl_xstrdup("mysql://db1/sluice");
	refused(world, SL_EINVAL, "begin it with sqlite: or postgres://");
}

static void a_second_process_is_refused_with_the_pid_of_the_first(void **state)
{
	struct world *world = *state;
	struct sl_store *store = must_open(world);
	char part[64];
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		struct sl_store *second = NULL;
		enum sl_code code = try_open(world, &second);

		(void)snprintf(part, sizeof(part), "process %ld", (long)getppid());
		_exit(code == SL_ECONFLICT && strstr(world->err.msg, part) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	sl_store_free(store);
	sl_store_free(must_open(world));
}

static enum sl_code fill(struct sl_store *store, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	sl_autofree char *body = sl_xcalloc(1, 100001);

	memset(body, 'x', 100000);
	sl_batch_event(batch, &(struct sl_event){ .kind = "big", .text = body });
	return sl_store_commit(store, batch, err);
}

/* A limit on the size of files stands for a disk that is full. */
static void a_full_disk_loses_nothing_that_was_promised(void **state)
{
	struct world *world = *state;
	struct sl_store *store = must_open(world);
	struct rlimit old, small;
	enum sl_code code = SL_OK;
	int64_t kept = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 2u << 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while ((code = fill(store, &world->err)) == SL_OK)
		kept++;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(code, SL_EUNAVAIL);
	assert_int_equal(fill(store, &world->err), SL_OK);
	sl_store_free(store);
	assert_int_equal(number(world->path, "SELECT count(*) FROM event"), kept + 1);
}

/* The child tells how far it came, through a pipe, after each commit that returned. */
static void what_a_killed_process_was_told_is_there(void **state)
{
	struct world *world = *state;
	int ends[2];
	unsigned char last = 0;
	unsigned char told;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		struct sl_store *store = must_open(world);

		for (unsigned char i = 1; i < 255; i++) {
			if (fill(store, NULL) != SL_OK || write(ends[1], &i, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	(void)close(ends[1]);
	while (last < 20 && read(ends[0], &told, 1) == 1)
		last = told;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	while (read(ends[0], &told, 1) == 1)
		last = told;
	(void)close(ends[0]);
	sl_store_free(must_open(world));
	assert_in_range(number(world->path, "SELECT count(*) FROM event"), last, last + 1);
	assert_int_equal(number(world->path,
				 "SELECT count(*) FROM pragma_integrity_check "
				 "WHERE integrity_check = 'ok'"),
		1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_made_for_its_owner_only_and_reopens),
		TEST(the_tables_in_c_are_the_tables_in_sql),
		TEST(a_newer_schema_is_refused),
		TEST(somebody_elses_database_is_refused),
		TEST(a_file_that_is_no_database_is_refused),
		TEST(a_folder_is_refused),
		TEST(a_folder_that_is_not_there_is_named),
		TEST(a_place_that_cannot_be_written_is_named),
		TEST(another_kind_of_store_is_not_available),
		TEST(a_second_process_is_refused_with_the_pid_of_the_first),
		TEST(a_full_disk_loses_nothing_that_was_promised),
		TEST(what_a_killed_process_was_told_is_there),
	};

	return cmocka_run_group_tests_name("store_sqlite", tests, NULL, NULL);
}
