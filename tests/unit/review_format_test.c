#include "review_bench.h"

static void the_json_has_the_shape_of_the_contract(void **state)
{
	struct bench *bench = *state;
	json_t *json;
	json_t *file;
	json_t *finding;

	(void)review(bench, "SELECT 1;\nCREATE INDEX i ON orders (note);\n");
	json = sl_report_json(&bench->report);
	file = json_array_get(json_object_get(json, "files"), 0);
	finding = json_array_get(json_object_get(file, "findings"), 0);
	assert_int_equal(sl_json_i64(json, "version", 0), 1);
	assert_string_equal(sl_json_str(file, "path", ""), "1_a.sql");
	assert_string_equal(sl_json_str(file, "engine", ""), "postgres");
	assert_int_equal(sl_json_i64(file, "statements", 0), 2);
	assert_int_equal(sl_json_i64(file, "omitted", -1), 0);
	assert_true(json_is_array(json_object_get(file, "skipped")));
	assert_string_equal(sl_json_str(finding, "rule", ""), "index-create-concurrently");
	assert_string_equal(sl_json_str(finding, "severity", ""), "error");
	assert_int_equal(sl_json_i64(finding, "line", 0), 2);
	assert_int_equal(sl_json_i64(finding, "column", 0), 1);
	assert_int_equal(sl_json_i64(finding, "end_line", 0), 2);
	assert_int_equal(sl_json_i64(finding, "end_column", 0), 32);
	assert_int_equal(sl_json_i64(finding, "statement", 0), 2);
	assert_string_equal(sl_json_str(finding, "fix", ""),
		"CREATE INDEX CONCURRENTLY i ON orders (note)");
	assert_false(sl_json_bool(finding, "waived", true));
	assert_int_equal(sl_json_i64(json_object_get(json, "summary"), "error", 0), 1);
	json_decref(json);
}

static void a_finding_about_a_whole_file_has_no_line_in_json(void **state)
{
	struct bench *bench = *state;
	json_t *json;
	json_t *finding;

	(void)review(bench, "-- nothing\n");
	json = sl_report_json(&bench->report);
	finding = json_array_get(
		json_object_get(json_array_get(json_object_get(json, "files"), 0), "findings"), 0);
	assert_string_equal(sl_json_str(finding, "rule", ""), "migration-empty");
	assert_null(json_object_get(finding, "line"));
	assert_null(json_object_get(finding, "statement"));
	json_decref(json);
}

static void the_text_shows_the_line_and_marks_the_place(void **state)
{
	struct bench *bench = *state;
	struct sl_buf out = SL_BUF_INIT(1u << 16);

	(void)review(bench, "SELECT 1;\n\tTRUNCATE orders;\n");
	sl_report_text(&bench->report, false, &out);
	assert_string_equal(sl_buf_str(&out),
		"1_a.sql:2:11: error: all rows of orders are lost, without its DELETE triggers, "
		"while nobody can read it [truncate-disallow]\n"
		"     2 |  TRUNCATE orders;\n"
		"       |           ^^^^^^\n"
		"       = DELETE in batches, with a WHERE\n"
		"1 error in 1 migration\n");
	sl_buf_done(&out);
}

static void the_text_has_colour_only_when_asked(void **state)
{
	struct bench *bench = *state;
	struct sl_buf out = SL_BUF_INIT(1u << 16);

	(void)review(bench, "TRUNCATE orders;\n");
	sl_report_text(&bench->report, true, &out);
	assert_non_null(strchr(sl_buf_str(&out), '\x1b'));
	sl_buf_done(&out);
}

static void names_are_inert_in_every_form(void **state)
{
	static const char sql[] = "TRUNCATE \"@all <img src=x> | [a](b)\x1b[2J\xe2\x80\xae\";";
	struct bench *bench = *state;
	const struct sl_catalog *base = bench->input.base;
	const struct sl_report_frame frame = { .change = 7, .url = "https://sluice.example.com" };
	struct sl_buf markdown = SL_BUF_INIT(1u << 16);
	struct sl_buf text = SL_BUF_INIT(1u << 16);

	bench->input.base = NULL;
	(void)review(bench, sql);
	bench->input.base = base;
	sl_report_markdown(&bench->report, &frame, &markdown);
	sl_report_text(&bench->report, false, &text);
	sl_report_hook(&bench->report, 10, &text);
	assert_null(strstr(sl_buf_str(&markdown), "<img"));
	assert_null(strstr(sl_buf_str(&markdown), "](b)"));
	assert_null(strchr(sl_buf_str(&text), '\x1b'));
	assert_null(strchr(sl_buf_str(&markdown), '\x1b'));
	assert_null(strstr(sl_buf_str(&markdown), "\xe2\x80\xae"));
	assert_non_null(strstr(sl_buf_str(&markdown), "<!-- sluice:review v1 change=7 -->"));
	assert_non_null(strstr(sl_buf_str(&markdown),
		"(https://sluice.example.com/rules/truncate-disallow)"));
	sl_buf_done(&markdown);
	sl_buf_done(&text);
}

static void hook_lines_fit_a_terminal(void **state)
{
	struct bench *bench = *state;
	struct sl_buf out = SL_BUF_INIT(1u << 16);
	const char *line;

	bench->input.set.len = 0;
	bench_add(bench, "1",
		"a/very/long/path/to/a/folder/of/migrations/with/a/very/long/name/of/a/file.sql",
		"TRUNCATE orders; DELETE FROM orders;");
	bench_run(bench);
	sl_report_hook(&bench->report, 1, &out);
	assert_non_null(strstr(sl_buf_str(&out), "and 1 more\n2 errors in 1 migration\n"));
	for (line = sl_buf_str(&out); *line; line = strchr(line, '\n') + 1)
		assert_true(strchr(line, '\n') - line <= 92);
	sl_buf_done(&out);
}

static void a_comment_stays_short(void **state)
{
	struct bench *bench = *state;
	const struct sl_report_frame frame = { .head = "9f3c1e2", .base = "main@41ab9c0" };
	struct sl_buf sql = SL_BUF_INIT(1u << 16);
	struct sl_buf out = SL_BUF_INIT(1u << 16);
	size_t lines = 0;

	for (int i = 0; i < 40; i++)
		sl_buf_adds(&sql, "TRUNCATE orders;\n");
	(void)review(bench, sl_buf_str(&sql));
	sl_report_markdown(&bench->report, &frame, &out);
	for (const char *p = sl_buf_str(&out); *p; p++)
		lines += *p == '\n';
	assert_true(lines <= 25);
	assert_non_null(strstr(sl_buf_str(&out),
		"### ❌ Sluice: 40 errors in 1 migration — merge blocked\n`9f3c1e2` against "
		"`main@41ab9c0`\n"));
	assert_non_null(strstr(sl_buf_str(&out), "and 25 more"));
	sl_buf_done(&sql);
	sl_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(the_json_has_the_shape_of_the_contract),
		BENCH_TEST(a_finding_about_a_whole_file_has_no_line_in_json),
		BENCH_TEST(the_text_shows_the_line_and_marks_the_place),
		BENCH_TEST(the_text_has_colour_only_when_asked),
		BENCH_TEST(names_are_inert_in_every_form),
		BENCH_TEST(hook_lines_fit_a_terminal),
		BENCH_TEST(a_comment_stays_short),
	};

	return cmocka_run_group_tests_name("review formats", tests, NULL, NULL);
}
