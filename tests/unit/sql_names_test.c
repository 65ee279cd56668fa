/* Which words SQLite never takes for a name, asked of its own list of keywords and its own parser.
 */
#include "sluice/sql/statement.h"

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"

#include <sqlite3.h>
#include <string.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LIMIT 4096

/* Where a name may stand; the keyword goes between the two parts. */
static const char *const names_stand[][2] = {
	{ "ALTER TABLE customers ADD COLUMN ", " INTEGER" },
	{ "ALTER TABLE customers ADD ", " (id)" },
	{ "ALTER TABLE customers RENAME TO ", "" },
	{ "ALTER TABLE customers RENAME COLUMN id TO ", "" },
	{ "CREATE TABLE x (", " INTEGER)" },
	{ "CREATE TABLE x (a INTEGER, CONSTRAINT ", " CHECK (1))" },
	{ "CREATE INDEX IF NOT EXISTS ", " ON customers (id)" },
	{ "CREATE VIEW IF NOT EXISTS ", " AS SELECT 1" },
	{ "DELETE FROM customers AS ", " WHERE 0" },
};

static bool sqlite_parses(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	bool parses = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK ||
		!strstr(sqlite3_errmsg(db), "syntax error");

	(void)sqlite3_finalize(stmt);
	return parses;
}

static bool we_parse(const char *sql)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_sql_input input = { .dialect = SL_DIALECT_SQLITE,
		.text = sql,
		.len = strlen(sql) };

	return sl_facts_statement(sl_sql_parse(arena, &input))->status != SL_SQL_SYNTAX_ERROR;
}

static void the_words_that_cannot_be_names_are_those_of_the_engine(void **state)
{
	sqlite3 *db = NULL;
	size_t refused = 0, wrong = 0;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE customers (id INTEGER)", NULL, NULL, NULL),
		SQLITE_OK);
	for (size_t i = 0; i < sizeof(names_stand) / sizeof(names_stand[0]); i++) {
		for (int k = 0; k < sqlite3_keyword_count(); k++) {
			sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LIMIT);
			const char *word;
			int len;
			bool parses;

			assert_int_equal(sqlite3_keyword_name(k, &word, &len), SQLITE_OK);
			sl_buf_addf(&sql, "%s%.*s%s", names_stand[i][0], len, word,
				names_stand[i][1]);
			parses = sqlite_parses(db, sl_buf_str(&sql));
			refused += !parses;
			if (we_parse(sl_buf_str(&sql)) == parses)
				continue;
			print_message("%s: SQLite %s it\n", sl_buf_str(&sql),
				parses ? "takes" : "refuses");
			wrong++;
		}
	}
	(void)sqlite3_close(db);
	assert_true(refused > 300);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_that_cannot_be_names_are_those_of_the_engine),
	};

	return cmocka_run_group_tests_name("sql_names", tests, NULL, NULL);
}
