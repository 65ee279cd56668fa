/* The guard of conditions and selectors: whatever passes it touches nothing but its row. */
#include "fuzz.h"

#include "sluice/core/arena.h"
#include "sluice/expr/expr.h"

#include <assert.h>
#include <sqlite3.h>
#include <string.h>
#include <strings.h>

static const char *const environments[] = { "dev", "prod" };

static const struct sl_expr_var vars[] = {
	{ "environment", SL_EXPR_TEXT, environments, 2 },
	{ "kind", SL_EXPR_TEXT, NULL, 0 },
	{ "affected_rows", SL_EXPR_INT, NULL, 0 },
	{ "share", SL_EXPR_REAL, NULL, 0 },
	{ "reviewed", SL_EXPR_BOOL, NULL, 0 },
};

#define N_VARS (sizeof(vars) / sizeof(vars[0]))

static const struct sl_expr_value rows[][N_VARS] = {
	{ { .text = "prod" }, { .text = "ddl" }, { .integer = 7 }, { .real = 0.5 },
		{ .truth = true } },
	{ { .text = "dev" }, { .text = "" }, { .integer = -1 }, { .real = -1e300 },
		{ .truth = false } },
	{ { .null = true }, { .null = true }, { .null = true }, { .null = true },
		{ .null = true } },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* The functions that the door lists. */
static bool is_listed(const char *name)
{
	static const char *const names[] = { "abs", "coalesce", "ifnull", "nullif", "iif", "length",
		"lower", "upper", "trim", "replace", "substr", "instr", "min", "max", "round",
		"like" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static int selects;

/* Reads of the row and listed functions; one SELECT for the row, one for the expression. */
static int watch(void *ctx, int action, const char *first, const char *second, const char *database,
	const char *trigger)
{
	(void)ctx;
	(void)database;
	(void)trigger;
	if (action == SQLITE_SELECT)
		assert(++selects <= 2);
	else if (action == SQLITE_FUNCTION)
		assert(second && is_listed(second));
	else
		assert(action == SQLITE_READ && first &&
			(first[0] == '\0' || strcmp(first, "v") == 0));
	return SQLITE_OK;
}

/* The text as it was written, in a SQLite without a guard, which a watcher looks at. */
static void check_touch(struct sl_arena *arena, const char *text)
{
	const char *sql = sl_arena_printf(arena,
		"WITH v(environment,kind,affected_rows,share,reviewed) AS "
		"(SELECT ?1,?2,?3,?4,?5) SELECT (%s) FROM v",
		text);
	const char *tail = NULL;
	sqlite3_stmt *stmt = NULL;
	static sqlite3 *db;

	if (!db)
		assert(sqlite3_open(":memory:", &db) == SQLITE_OK);
	selects = 0;
	(void)sqlite3_set_authorizer(db, watch, NULL);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, &tail) == SQLITE_OK) {
		assert(tail[0] == '\0' && sqlite3_stmt_readonly(stmt));
		assert(sqlite3_bind_parameter_count(stmt) == (int)N_VARS);
	}
	(void)sqlite3_finalize(stmt);
}

/* The same row gives the same answer, and a variable that is not used has no part in it. */
static void check_answers(struct sl_expr *expr)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		struct sl_expr_value row[N_VARS];
		enum sl_truth one = SL_TRUTH_COUNT;
		enum sl_truth two = SL_TRUTH_COUNT;

		for (size_t j = 0; j < N_VARS; j++)
			row[j] = rows[sl_expr_uses(expr, j) ? i : (i + 1) % N_ROWS][j];
		assert(sl_expr_eval(expr, rows[i], &one, NULL) ==
			sl_expr_eval(expr, row, &two, NULL));
		assert(one == two);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_arena *arena = sl_arena_new();
	const char *text = sl_arena_strndup(arena, (const char *)data, size);
	struct sl_error err = SL_ERROR_INIT;
	struct sl_expr *expr = NULL;

	if (memchr(data, '\0', size) == NULL) {
		if (sl_expr_new(&expr, text, vars, N_VARS, &err) == SL_OK) {
			check_touch(arena, text);
			check_answers(expr);
		} else {
			assert(err.msg[0] != '\0');
		}
	}
	sl_expr_free(expr);
	sl_arena_free(arena);
	return 0;
}
