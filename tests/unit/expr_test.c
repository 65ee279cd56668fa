#include "sluice/core/buf.h"
#include "sluice/expr/expr.h"
#include "sluice/expr/regex.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

static const char *const environments[] = { "dev", "staging", "prod" };
static const char *const kinds[] = { "ddl", "dml" };

static const struct sl_expr_var vars[] = {
	{ .name = "environment", .type = SL_EXPR_TEXT, .known = environments, .n_known = 3 },
	{ .name = "kind", .type = SL_EXPR_TEXT, .known = kinds, .n_known = 2 },
	{ .name = "affected_rows", .type = SL_EXPR_INT },
	{ .name = "share", .type = SL_EXPR_REAL },
	{ .name = "online", .type = SL_EXPR_BOOL },
	{ .name = "region", .type = SL_EXPR_TEXT },
	{ .name = "order", .type = SL_EXPR_TEXT },
};

#define N_VARS (sizeof(vars) / sizeof(vars[0]))

/* prod, ddl, 1000 rows, 0.5, online, no region, order 'a'. */
static const struct sl_expr_value values[N_VARS] = {
	{ .text = "prod" },
	{ .text = "ddl" },
	{ .integer = 1000 },
	{ .real = 0.5 },
	{ .truth = true },
	{ .null = true },
	{ .text = "a" },
};

struct row {
	const char *text;
	enum sl_truth truth;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sl_auto(sl_expr_free_p) struct sl_expr *expr = NULL;
		struct sl_error err = SL_ERROR_INIT;
		enum sl_truth truth = SL_TRUTH_COUNT;

		if (sl_expr_new(&expr, rows[i].text, vars, N_VARS, &err) != SL_OK)
			fail_msg("%s: %s", rows[i].text, err.msg);
		if (sl_expr_eval(expr, values, &truth, &err) != SL_OK)
			fail_msg("%s: %s", rows[i].text, err.msg);
		if (truth != rows[i].truth)
			fail_msg("%s gives %d", rows[i].text, (int)truth);
	}
}

static void conditions_say_what_sql_says(void **state)
{
	static const struct row rows[] = {
		{ "environment = 'prod' and kind = 'ddl'", SL_TRUE },
		{ "environment = 'prod' and kind = 'dml' and affected_rows < 1000", SL_FALSE },
		{ "true", SL_TRUE },
		{ "not true or false", SL_FALSE },
		{ "not (true and false)", SL_TRUE },
		{ "true or false and false", SL_TRUE },
		{ "not environment = 'dev'", SL_TRUE },
		{ "ENVIRONMENT <> 'dev'", SL_TRUE },
		{ "environment in ('dev', 'staging')", SL_FALSE },
		{ "environment not in ('dev', 'staging')", SL_TRUE },
		{ "affected_rows between 1 and 1000 and online", SL_TRUE },
		{ "affected_rows not between 1 and 999", SL_TRUE },
		{ "order like 'A%'", SL_TRUE },
		{ "\"order\" not like 'b_'", SL_TRUE },
		{ "affected_rows + 1 * 2 = 1002", SL_TRUE },
		{ "affected_rows / 3 % 2 = 1", SL_TRUE },
		{ "share * 2 >= 1", SL_TRUE },
		{ "- affected_rows - -1 = -999", SL_TRUE },
		{ "lower(environment) || '-' || kind = 'prod-ddl'", SL_TRUE },
		{ "length(trim('  x ')) = 1", SL_TRUE },
		{ "max(affected_rows, 5, 2000) = 2000", SL_TRUE },
		{ "coalesce(region, 'eu') = 'eu'", SL_TRUE },
		{ "iif(online, 1, 2) = 1", SL_TRUE },
		{ "case environment when 'dev' then 1 when 'prod' then 2 else 3 end = 2", SL_TRUE },
		{ "case when affected_rows > 5 then online end", SL_TRUE },
		{ "case when affected_rows < 5 then online end is null", SL_TRUE },
		{ "'it''s' = 'it' || '''' || 's'", SL_TRUE },
		{ "1 < 1.5", SL_TRUE },
		{ "online = true", SL_TRUE },
		{ "online is not false", SL_TRUE },
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void a_missing_label_is_null_and_neither_true_nor_false(void **state)
{
	static const struct row rows[] = {
		{ "region = 'eu'", SL_NULL },
		{ "region <> 'eu'", SL_NULL },
		{ "region in ('eu', 'us')", SL_NULL },
		{ "not region = 'eu'", SL_NULL },
		{ "region = 'eu' or true", SL_TRUE },
		{ "region = 'eu' and false", SL_FALSE },
		{ "region is null", SL_TRUE },
		{ "region is not null", SL_FALSE },
		{ "null", SL_NULL },
		{ "affected_rows / 0 > 1", SL_NULL },
	};

	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void what_cannot_be_meant_is_refused_with_its_column(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "", "column 1: a value is missing at the end" },
		{ "   ", "column 4: a value is missing at the end" },
		{ "enviroment = 'prod'",
			"column 1: unknown name 'enviroment', did you mean 'environment'?" },
		{ "true and zzzz", "column 10: unknown name 'zzzz'" },
		{ "environment = 'pord'",
			"column 15: there is no environment 'pord', did you mean 'prod'?" },
		{ "'xyz' = kind", "column 1: there is no kind 'xyz'" },
		{ "environment in ('dev', 'stagin')",
			"column 24: there is no environment 'stagin', did you mean 'staging'?" },
		{ "case environment when 'pord' then true end",
			"column 23: there is no environment 'pord', did you mean 'prod'?" },
		{ "environment = 3", "column 15: a text is compared with a number" },
		{ "affected_rows = '3'", "column 17: a number is compared with a text" },
		{ "affected_rows < environment", "column 17: a number is compared with a text" },
		{ "online = 1", "column 10: a truth value is compared with a number" },
		{ "affected_rows between 1 and 'x'",
			"column 29: a number is compared with a text" },
		{ "1 < affected_rows < 5", "column 21: a truth value is compared with a number" },
		{ "affected_rows", "column 1: a number where a truth value belongs" },
		{ "environment and true", "column 1: a text where a truth value belongs" },
		{ "not 3", "column 5: a number where a truth value belongs" },
		{ "online + 1 = 2", "column 1: a truth value where a number belongs" },
		{ "affected_rows || 'x' = 'y'", "column 1: a number where a text belongs" },
		{ "affected_rows like '1%'", "column 1: a number where a text belongs" },
		{ "lower(3) = 'x'", "column 7: a number where a text belongs" },
		{ "coalesce(environment, 3) = 'x'", "column 23: a number where a text belongs" },
		{ "length(environment, 'x') = 1", "column 1: length takes 1 arguments" },
		{ "coalesce(environment) = 'dev'",
			"column 1: coalesce takes at least 2 arguments" },
		{ "lenght(environment) = 1",
			"column 1: no function 'lenght', did you mean 'length'?" },
		{ "random() > 1", "column 1: no function 'random'" },
		{ "load_extension('x') = 1", "column 1: no function 'load_extension'" },
		{ "true; drop table v", "column 5: ';' has no place here" },
		{ "(true", "column 6: ')' is missing at the end" },
		{ "true)", "column 5: ')' has no place here" },
		{ "(select true)", "column 2: 'select' has no place in an expression" },
		{ "WITH x AS (VALUES (1)) SELECT 1",
			"column 1: 'WITH' has no place in an expression" },
		{ "exists (select 1)", "column 1: no function 'exists'" },
		{ "environment in (select 'x')",
			"column 17: 'select' has no place in an expression" },
		{ "environment = \"prod\"", "column 15: unknown name 'prod'" },
		{ "x'00' = 'a'", "column 1: unknown name 'x'" },
		{ "true -- or not", "column 6: a comment has no place here" },
		{ "true /* x */", "column 6: a comment has no place here" },
		{ "environment = 'prod", "column 15: a text without its end" },
		{ "\"order = 'a'", "column 1: a quoted name without its end" },
		{ "affected_rows > 1e5", "column 17: not a number" },
		{ "affected_rows > 12345678901234567890", "column 17: a number above 18 digits" },
		{ "affected_rows = ?1", "column 17: '?' has no place here" },
		{ "order collate nocase = 'a'", "column 7: 'collate' has no place here" },
		{ "order = '\xc3\xa9' \xe2\x82\xac",
			"column 13: '\xe2\x82\xac' has no place here" },
		{ "environment not 'x'", "column 17: in, like or between is missing before 'x'" },
		{ "case environment end", "column 18: when is missing before 'end'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sl_auto(sl_expr_free_p) struct sl_expr *expr = NULL;
		struct sl_error err = SL_ERROR_INIT;

		if (sl_expr_new(&expr, rows[i].text, vars, N_VARS, &err) != SL_EINVAL)
			fail_msg("%s is accepted", rows[i].text);
		assert_string_equal(err.msg, rows[i].message);
	}
}

static enum sl_code compile(const char *text, struct sl_error *err)
{
	sl_auto(sl_expr_free_p) struct sl_expr *expr = NULL;

	return sl_expr_new(&expr, text, vars, N_VARS, err);
}

static void long_and_deep_expressions_are_refused(void **state)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(100000);
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++)
		sl_buf_addc(&text, '(');
	assert_int_equal(compile(sl_buf_str(&text), &err), SL_ELIMIT);
	sl_buf_clear(&text);
	for (int i = 0; i < 900; i++)
		sl_buf_adds(&text, "not ");
	assert_int_equal(compile(sl_buf_str(&text), &err), SL_ELIMIT);
	sl_buf_clear(&text);
	for (int i = 0; i < 3000; i++)
		sl_buf_addc(&text, '-');
	assert_int_equal(compile(sl_buf_str(&text), &err), SL_EINVAL);
	sl_buf_clear(&text);
	for (int i = 0; i < 1000; i++)
		sl_buf_adds(&text, "true or ");
	assert_int_equal(compile(sl_buf_str(&text), &err), SL_ELIMIT);
	assert_string_equal(err.msg, "expression: longer than 4096 bytes");
	assert_int_equal(compile("order = '\xff'", &err), SL_EINVAL);
}

static void a_wide_expression_still_works(void **state)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(5000);
	struct row row = { .truth = SL_TRUE };

	(void)state;
	sl_buf_adds(&text, "affected_rows in (1000");
	for (int i = 0; i < 900; i++)
		sl_buf_addf(&text, ",%d", i % 10);
	sl_buf_adds(&text, ")");
	row.text = sl_buf_str(&text);
	check_rows(&row, 1);
}

static void a_text_that_grows_without_end_is_stopped(void **state)
{
	sl_auto(sl_expr_free_p) struct sl_expr *expr = NULL;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(5000);
	struct sl_error err = SL_ERROR_INIT;
	enum sl_truth truth = SL_NULL;

	(void)state;
	for (int i = 0; i < 8; i++)
		sl_buf_adds(&text, "replace(");
	sl_buf_adds(&text, "order");
	for (int i = 0; i < 8; i++)
		sl_buf_adds(&text, ",'a','aaaaaaaaaa')");
	sl_buf_adds(&text, " = 'x'");
	assert_int_equal(sl_expr_new(&expr, sl_buf_str(&text), vars, N_VARS, &err), SL_OK);
	assert_int_equal(sl_expr_eval(expr, values, &truth, &err), SL_ELIMIT);
}

static void an_expression_knows_which_variables_it_uses(void **state)
{
	sl_auto(sl_expr_free_p) struct sl_expr *expr = NULL;

	(void)state;
	assert_int_equal(sl_expr_new(&expr, "Kind = 'ddl' or online", vars, N_VARS, NULL), SL_OK);
	assert_false(sl_expr_uses(expr, 0));
	assert_true(sl_expr_uses(expr, 1));
	assert_true(sl_expr_uses(expr, 4));
}

static void no_variables_are_fine(void **state)
{
	sl_auto(sl_expr_free_p) struct sl_expr *expr = NULL;
	enum sl_truth truth = SL_NULL;

	(void)state;
	assert_int_equal(sl_expr_new(&expr, "1 < 2", NULL, 0, NULL), SL_OK);
	assert_int_equal(sl_expr_eval(expr, NULL, &truth, NULL), SL_OK);
	assert_int_equal(truth, SL_TRUE);
}

static void a_failed_evaluation_does_not_spoil_the_next(void **state)
{
	static const struct sl_expr_var number = { .name = "n", .type = SL_EXPR_INT };
	sl_auto(sl_expr_free_p) struct sl_expr *expr = NULL;
	struct sl_expr_value value = { .integer = INT64_MIN };
	struct sl_error err = SL_ERROR_INIT;
	enum sl_truth truth = SL_NULL;

	(void)state;
	assert_int_equal(sl_expr_new(&expr, "abs(n) > 3", &number, 1, &err), SL_OK);
	assert_int_equal(sl_expr_eval(expr, &value, &truth, &err), SL_EINVAL);
	assert_string_equal(err.msg, "expression: integer overflow");
	value.integer = -4;
	assert_int_equal(sl_expr_eval(expr, &value, &truth, &err), SL_OK);
	assert_int_equal(truth, SL_TRUE);
}

static void *evaluate_often(void *ctx)
{
	enum sl_truth truth = SL_NULL;

	for (int i = 0; i < 500; i++) {
		assert_int_equal(sl_expr_eval(ctx, values, &truth, NULL), SL_OK);
		assert_int_equal(truth, SL_TRUE);
	}
	return NULL;
}

static void threads_take_turns_with_one_expression(void **state)
{
	sl_auto(sl_expr_free_p) struct sl_expr *expr = NULL;
	pthread_t threads[4];

	(void)state;
	assert_int_equal(sl_expr_new(&expr, "environment = 'prod'", vars, N_VARS, NULL), SL_OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, evaluate_often, expr), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static bool matches(const char *pattern, const char *subject)
{
	sl_auto(sl_regex_free_p) struct sl_regex *regex = NULL;
	struct sl_error err = SL_ERROR_INIT;
	bool found = false;

	if (sl_regex_new(&regex, pattern, &err) != SL_OK)
		fail_msg("%s", err.msg);
	if (sl_regex_match(regex, subject, strlen(subject), &found, &err) != SL_OK)
		fail_msg("%s", err.msg);
	return found;
}

static void patterns_match_anywhere_unless_anchored(void **state)
{
	(void)state;
	assert_true(matches("[a-z]+", "X1y"));
	assert_true(matches("^[a-z][a-z0-9_]*$", "orders_2"));
	assert_false(matches("^[a-z][a-z0-9_]*$", "Orders"));
	assert_false(matches("^[a-z]+$", "orders\n"));
	assert_true(matches("^.$", "\xc3\xa9"));
	assert_true(matches("", ""));
}

static void a_wrong_pattern_is_refused_with_its_column(void **state)
{
	struct sl_regex *regex = NULL;
	struct sl_error err = SL_ERROR_INIT;
	char deep[200];

	(void)state;
	assert_int_equal(sl_regex_new(&regex, "\xc3\xa9(a", &err), SL_EINVAL);
	assert_string_equal(err.msg, "regular expression: column 4: missing closing parenthesis");
	assert_int_equal(sl_regex_new(&regex, "\\C", &err), SL_EINVAL);
	memset(deep, '(', 100);
	memset(deep + 100, ')', 99);
	deep[199] = '\0';
	assert_int_equal(sl_regex_new(&regex, deep, &err), SL_EINVAL);
}

static void a_pattern_that_explodes_is_stopped(void **state)
{
	sl_auto(sl_regex_free_p) struct sl_regex *regex = NULL;
	struct sl_error err = SL_ERROR_INIT;
	bool found = false;
	char subject[64];

	(void)state;
	memset(subject, 'a', sizeof(subject));
	subject[63] = 'b';
	assert_int_equal(sl_regex_new(&regex, "^(a+)+$", &err), SL_OK);
	assert_int_equal(sl_regex_match(regex, subject, sizeof(subject), &found, &err), SL_ELIMIT);
	assert_int_equal(sl_regex_match(regex, "\xff", 1, &found, &err), SL_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_say_what_sql_says),
		cmocka_unit_test(a_missing_label_is_null_and_neither_true_nor_false),
		cmocka_unit_test(what_cannot_be_meant_is_refused_with_its_column),
		cmocka_unit_test(long_and_deep_expressions_are_refused),
		cmocka_unit_test(a_wide_expression_still_works),
		cmocka_unit_test(a_text_that_grows_without_end_is_stopped),
		cmocka_unit_test(an_expression_knows_which_variables_it_uses),
		cmocka_unit_test(no_variables_are_fine),
		cmocka_unit_test(a_failed_evaluation_does_not_spoil_the_next),
		cmocka_unit_test(threads_take_turns_with_one_expression),
		cmocka_unit_test(patterns_match_anywhere_unless_anchored),
		cmocka_unit_test(a_wrong_pattern_is_refused_with_its_column),
		cmocka_unit_test(a_pattern_that_explodes_is_stopped),
	};

	return cmocka_run_group_tests_name("expr", tests, NULL, NULL);
}
