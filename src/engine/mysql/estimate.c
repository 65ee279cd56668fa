/*
 * Rows that a statement would touch, by the planner: the product of the rows of the tables that one
 * query level joins, the sum over the parts of a UNION, at most a LIMIT that ends the statement.
 * For UPDATE and DELETE that is what is looked at rather than what is found there.  A list of
 * VALUES is counted.
 */
#include "mysql_int.h"

#include "sluice/core/str.h"
#include "sluice/sql/token.h"

#include "stream.h"

#include <string.h>

/* Columns of EXPLAIN that both servers have first; the others are found from the end. */
enum { PLAN_LEVEL, PLAN_TYPE };

#define MYSQL_COLUMNS 12 /* with partitions and filtered */

static const char *cell(const struct sl_rows *rows, size_t row, size_t column)
{
	return sl_rows_cell(rows, row, column) ? sl_rows_cell(rows, row, column) : "";
}

static bool is_level_of_ours(const char *type)
{
	static const char *const types[] = { "SIMPLE", "PRIMARY", "UNION", "UPDATE", "DELETE" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (sl_str_eq(type, types[i]))
			return true;
	return false;
}

static int64_t times(int64_t a, int64_t b)
{
	return b != 0 && a > INT64_MAX / b ? INT64_MAX : a * b;
}

/* The rows of one line; 1 where a query reads no table, 0 where it can find nothing. */
static int64_t line_rows(const struct sl_rows *plan, size_t row)
{
	size_t rows = plan->columns >= MYSQL_COLUMNS ? plan->columns - 3 : plan->columns - 2;
	int64_t n = 1;

	if (strstr(cell(plan, row, plan->columns - 1), "Impossible") ||
		strstr(cell(plan, row, plan->columns - 1), "no matching row"))
		return 0;
	return sl_parse_i64(cell(plan, row, rows), 0, INT64_MAX, &n) ? n : 1;
}

/* False when the plan is none of a query. */
static bool sum_of_levels(const struct sl_rows *plan, int64_t *out)
{
	bool found = false;
	int64_t sum = 0;

	for (size_t row = 0; row < plan->len;) {
		const char *level = cell(plan, row, PLAN_LEVEL);
		int64_t product = 1;
		bool ours = false;

		/* MySQL has the table that is inserted into on the query's level, first */
		for (; row < plan->len && sl_str_eq(cell(plan, row, PLAN_LEVEL), level); row++) {
			ours = ours || is_level_of_ours(cell(plan, row, PLAN_TYPE));
			product = times(product, line_rows(plan, row));
		}
		if (ours)
			sum = sum > INT64_MAX - product ? INT64_MAX : sum + product;
		found = found || ours;
	}
	*out = sum;
	return found;
}

/* Brackets at the outermost level behind VALUES; 1 for INSERT ... SET. */
static int64_t listed_rows(enum sl_dialect dialect, const char *sql, size_t len)
{
	bool values = false;
	int64_t depth = 0, n = 0;
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, dialect, sql, len);
	while (sl_lexer_next_code(&lexer, &token)) {
		if (depth == 0 && !values && sl_token_is(&token, sql, "set"))
			return 1;
		if (depth == 0 && values && (token.kind == SL_TOKEN_WORD) &&
			!sl_token_is(&token, sql, "row"))
			break;
		values = values ||
			(depth == 0 &&
				(sl_token_is(&token, sql, "values") ||
					sl_token_is(&token, sql, "value")));
		if (sl_token_is_char(&token, sql, '(') && depth++ == 0 && values)
			n++;
		if (sl_token_is_char(&token, sql, ')'))
			depth--;
	}
	return n;
}

/* The number of a LIMIT at the very end; INT64_MAX without one. */
static int64_t final_limit(enum sl_dialect dialect, const char *sql, size_t len)
{
	struct sl_lexer lexer;
	struct sl_token token;
	int64_t limit = INT64_MAX;
	bool word = false;

	sl_lexer_init(&lexer, dialect, sql, len);
	while (sl_lexer_next_code(&lexer, &token)) {
		char number[24] = "";

		if (word && token.len < sizeof(number))
			memcpy(number, sql + token.at, token.len);
		if (!sl_parse_i64(number, 0, INT64_MAX, &limit))
			limit = INT64_MAX;
		word = sl_token_is(&token, sql, "limit");
	}
	return limit;
}

static void read_plan(struct sl_estimate *out, const struct sl_rows *plan, enum sl_dialect dialect,
	const char *sql, size_t len)
{
	int64_t limit = final_limit(dialect, sql, len), rows;

	if (plan->len == 0 || plan->columns < 10)
		return;
	if (sum_of_levels(plan, &rows)) {
		out->kind = SL_ESTIMATE_PLANNER;
		out->rows = rows < limit ? rows : limit;
		return;
	}
	rows = listed_rows(dialect, sql, len);
	if (rows > 0) {
		out->kind = SL_ESTIMATE_EXACT;
		out->rows = rows;
	}
}

/* As one statement, whatever is in it.  The format is said: MySQL 9 has another one as its default.
 */
static enum sl_code explain(struct sl_conn *base, struct sl_rows *plan, struct sl_arena *arena,
	const char *sql, size_t len, struct sl_error *err)
{
	static const char word[] = "EXPLAIN FORMAT = TRADITIONAL ";
	struct sl_row_sink sink = { .arena = arena };
	char *text = sl_arena_alloc(arena, sizeof(word) + len);
	struct sl_my_stream stream = { .conn = sl_my(base),
		.sql = text,
		.len = sizeof(word) - 1 + len,
		.sink = &sink };
	enum sl_code code;

	memcpy(text, word, sizeof(word) - 1);
	memcpy(text + sizeof(word) - 1, sql, len);
	code = sl_my_stream_run(&stream, err);
	if (code == SL_OK)
		sl_row_sink_end(&sink, plan);
	return code;
}

/* In a transaction that is rolled back, since planning may call a function. */
enum sl_code sl_my_estimate(struct sl_conn *base, const char *sql, size_t len, int64_t limit_us,
	struct sl_estimate *out, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct my_conn *conn = sl_my(base);
	struct sl_rows plan = { 0 };
	enum sl_code code;

	*out = (struct sl_estimate){ .kind = SL_ESTIMATE_UNKNOWN };
	code = sl_conn_begin(base, true, err);
	if (code != SL_OK)
		return code;
	conn->limit_at = sl_clock_mono(base->clock) + limit_us;
	code = explain(base, &plan, arena, sql, len, err);
	conn->limit_at = 0;
	if (code == SL_OK)
		read_plan(out, &plan, base->dialect, sql, len);
	if (sl_conn_tx_state(base) == SL_TX_LOST || code == SL_ECANCELED || code == SL_ETIMEOUT)
		return code;
	sl_conn_rollback(base);
	return SL_OK;
}
