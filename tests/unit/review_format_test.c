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
	sl_report_github(&bench->report, &text);
	sl_report_junit(&bench->report, &text);
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

static void a_github_workflow_gets_one_command_a_finding(void **state)
{
	struct bench *bench = *state;
	struct sl_buf out = SL_BUF_INIT(1u << 16);

	bench->input.set.len = 0;
	bench_add(bench, "1", "db/50%,a:b.sql",
		"SELECT 1;\nALTER TABLE orders\n  ADD COLUMN a text NOT NULL;\nTRUNCATE orders;\n"
		"-- sluice:allow truncate-disallow planned\nTRUNCATE orders;\n");
	bench_add(bench, "2", "db/2.sql", "-- nothing\n");
	bench_run(bench);
	sl_report_github(&bench->report, &out);
	assert_string_equal(sl_buf_str(&out),
		"::error file=db/50%25%2Ca%3Ab.sql,line=3,endLine=3,col=14,"
		"title=column-disallow-not-null-without-default::fails when orders has a row: a is NOT "
		"NULL and has no default; give it a DEFAULT, or add it nullable, fill it, and set NOT "
		"NULL later\n"
		"::error file=db/50%25%2Ca%3Ab.sql,line=4,endLine=4,col=10,title=truncate-disallow::all "
		"rows of orders are lost, without its DELETE triggers, while nobody can read it; DELETE "
		"in batches, with a WHERE\n"
		"::notice file=db/2.sql,line=1,endLine=1,title=migration-empty::no statement in the "
		"file; add the statements, or remove the file\n"
		"2 errors, 1 notice in 2 migrations\n");
	sl_buf_done(&out);
}

static void gitlab_gets_its_code_quality_report(void **state)
{
	struct bench *bench = *state;
	sl_auto_json json_t *json = NULL;
	struct sl_buf out = SL_BUF_INIT(1u << 16);

	bench->input.set.len = 0;
	bench_add(bench, "1", "db/1_a.sql",
		"SELECT 1;\nTRUNCATE orders;\n-- sluice:allow truncate-disallow planned\n"
		"TRUNCATE orders;\n");
	bench_add(bench, "2", "db/2_b.sql", "-- nothing\n");
	bench_run(bench);
	json = sl_report_codequality(&bench->report);
	sl_json_canonical(json, &out);
	assert_string_equal(sl_buf_str(&out),
		"[{\"check_name\":\"truncate-disallow\",\"description\":\"all rows of orders are "
		"lost, without its DELETE triggers, while nobody can read it; DELETE in batches, with a "
		"WHERE\",\"fingerprint\":\"93d8db51388b4ed3aaa43df2be8048ed\",\"location\":{"
		"\"lines\":{\"begin\":2,\"end\":2},\"path\":\"db/1_a.sql\"},\"severity\":"
		"\"critical\"},{\"check_name\":\"migration-empty\",\"description\":\"no statement "
		"in the file; add the statements, or remove the file\",\"fingerprint\":"
		"\"ead66ea372254b3fa523581abc852008\",\"location\":{\"lines\":{\"begin\":1,"
		"\"end\":1},\"path\":\"db/2_b.sql\"},\"severity\":\"info\"}]");
	sl_buf_done(&out);
}

static const char *text_at(json_t *json, const char *key, size_t i, const char *inner)
{
	return sl_json_str(json_array_get(json_object_get(json, key), i), inner, "");
}

static void code_scanning_gets_rules_places_and_what_is_accepted(void **state)
{
	struct bench *bench = *state;
	sl_auto_json json_t *json = NULL;
	json_t *run, *result, *place;

	bench->input.set.len = 0;
	bench_add(bench, "1", "db/a b.sql",
		"SELECT 1;\nTRUNCATE orders;\n-- sluice:allow truncate-disallow planned\n"
		"TRUNCATE orders;\n");
	bench_add(bench, "2", "db/2_b.sql", "-- nothing\n");
	bench_run(bench);
	json = sl_report_sarif(&bench->report, "1.2.3");
	assert_string_equal(sl_json_str(json, "version", ""), "2.1.0");
	run = json_array_get(json_object_get(json, "runs"), 0);
	assert_string_equal(text_at(run, "results", 0, "ruleId"), "truncate-disallow");
	assert_string_equal(text_at(run, "results", 2, "level"), "note");
	result = json_array_get(json_object_get(run, "results"), 1);
	assert_int_equal(sl_json_i64(result, "ruleIndex", -1), 0);
	assert_string_equal(text_at(result, "suppressions", 0, "justification"), "planned");
	assert_null(json_object_get(json_array_get(json_object_get(run, "results"), 0),
		"suppressions"));
	place = json_object_get(json_array_get(json_object_get(result, "locations"), 0),
		"physicalLocation");
	assert_string_equal(sl_json_str(json_object_get(place, "artifactLocation"), "uri", ""),
		"db/a%20b.sql");
	assert_int_equal(sl_json_i64(json_object_get(place, "region"), "startLine", 0), 4);
	assert_int_equal(sl_json_i64(json_object_get(place, "region"), "endColumn", 0), 16);
	assert_int_equal(json_array_size(json_object_get(
				 json_object_get(json_object_get(run, "tool"), "driver"), "rules")),
		2);
}

static void junit_has_a_case_for_each_finding_and_one_that_passes_where_there_is_none(void **state)
{
	struct bench *bench = *state;
	struct sl_buf out = SL_BUF_INIT(1u << 16);

	bench->input.set.len = 0;
	bench_add(bench, "1", "db/<a>.sql", "SELECT 1;\nTRUNCATE orders;\n");
	bench_add(bench, "2", "db/2_b.sql", "SELECT 1;\n");
	bench_run(bench);
	sl_report_junit(&bench->report, &out);
	assert_string_equal(sl_buf_str(&out),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"sluice review\" tests=\"2\" failures=\"1\">\n"
		"  <testsuite name=\"db/&lt;a&gt;.sql\" tests=\"1\" failures=\"1\">\n"
		"    <testcase classname=\"db/&lt;a&gt;.sql\" file=\"db/&lt;a&gt;.sql\" "
		"name=\"truncate-disallow at db/&lt;a&gt;.sql:2:10\">\n"
		"      <failure type=\"error\" message=\"all rows of orders are lost, without its "
		"DELETE triggers, while nobody can read it\">db/&lt;a&gt;.sql:2:10: error: all rows of "
		"orders are lost, without its DELETE triggers, while nobody can read it\n"
		"= DELETE in batches, with a WHERE</failure>\n"
		"    </testcase>\n"
		"  </testsuite>\n"
		"  <testsuite name=\"db/2_b.sql\" tests=\"1\" failures=\"0\">\n"
		"    <testcase classname=\"db/2_b.sql\" file=\"db/2_b.sql\" name=\"review\"/>\n"
		"  </testsuite>\n"
		"</testsuites>\n");
	sl_buf_done(&out);
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
		BENCH_TEST(a_github_workflow_gets_one_command_a_finding),
		BENCH_TEST(gitlab_gets_its_code_quality_report),
		BENCH_TEST(code_scanning_gets_rules_places_and_what_is_accepted),
		BENCH_TEST(
			junit_has_a_case_for_each_finding_and_one_that_passes_where_there_is_none),
		BENCH_TEST(hook_lines_fit_a_terminal),
		BENCH_TEST(a_comment_stays_short),
	};

	return cmocka_run_group_tests_name("review formats", tests, NULL, NULL);
}
