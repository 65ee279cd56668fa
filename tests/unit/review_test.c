#include "review_bench.h"

/* --- history ------------------------------------------------------------------------------- */

static void a_version_given_twice_is_found_in_both_files(void **state)
{
	struct bench *bench = *state;

	bench_add(bench, "1", "1_a.sql", "SELECT 1;");
	bench_add(bench, "1", "01_b.sql", "SELECT 1;");
	bench_run(bench);
	assert_string_equal(find(&bench->report.files[0], "migration-duplicate-version")->message,
		"version 1 is also that of 01_b.sql");
	assert_int_equal(count(&bench->report.files[1], "migration-duplicate-version"), 1);
}

static void a_version_given_three_times_is_found_three_times(void **state)
{
	struct bench *bench = *state;

	bench_add(bench, "1", "1_a.sql", "SELECT 1;");
	bench_add(bench, "1", "01_b.sql", "SELECT 1;");
	bench_add(bench, "1", "1.0_c.sql", "SELECT 1;");
	bench_run(bench);
	assert_int_equal(bench->report.counts[SL_SEVERITY_ERROR], 3);
}

static void a_new_file_with_an_old_ones_version_is_found(void **state)
{
	static const enum sl_review_part parts[] = { SL_REVIEW_APPLIED, SL_REVIEW_NEW };
	struct bench *bench = *state;

	bench_add(bench, "7", "7_a.sql", "SELECT 1;");
	bench_add(bench, "7", "7.0_b.sql", "SELECT 1;");
	bench->input.parts = parts;
	bench_run(bench);
	assert_int_equal(bench->report.file_count, 1);
	assert_int_equal(count(&bench->report.files[0], "migration-duplicate-version"), 1);
}

static void near_misses_of_a_doubled_version_are_silent(void **state)
{
	struct bench *bench = *state;

	bench_add(bench, "0.1", "0.1_a.sql", "SELECT 1;");
	bench_add(bench, "1", "1_a.sql", "SELECT '1';");
	bench_add(bench, "1", "R__1.sql", "SELECT 1;");
	bench->migrations[2].kind = SL_MIGRATION_REPEATABLE;
	bench_add(bench, "1", "ana:1", "SELECT 1;");
	bench->migrations[3].kind = SL_MIGRATION_ID;
	bench_add(bench, "1.0.1", "1.0.1_a.sql", "SELECT 1;");
	bench_add(bench, "1.1", "1.1_a.sql", "SELECT 1; -- V1");
	bench_add(bench, "11", "11_a.sql", "SELECT 1;");
	bench_run(bench);
	for (size_t i = 0; i < bench->report.file_count; i++)
		assert_int_equal(count(&bench->report.files[i], "migration-duplicate-version"), 0);
}

static void an_edited_applied_file_is_found(void **state)
{
	static const struct sl_review_known known[] = { { SL_MIGRATION_VERSION, "1", SHA_B,
		"applied on shop-prod" } };
	struct bench *bench = *state;

	bench->input.known = known;
	bench->input.known_count = 1;
	assert_string_equal(find(review(bench, "SELECT 1;"), "migration-edited")->message,
		"version 1 is applied on shop-prod with other content, and will not run again");
	assert_int_equal(bench->report.highest, SL_SEVERITY_ERROR);
}

static void one_target_with_other_content_is_enough(void **state)
{
	static const struct sl_review_known known[] = {
		{ SL_MIGRATION_VERSION, "1", SHA_A, "applied on dev" },
		{ SL_MIGRATION_VERSION, "1", SHA_B, "applied on shop-prod" },
	};
	struct bench *bench = *state;

	bench->input.known = known;
	bench->input.known_count = 2;
	assert_string_equal(find(review(bench, "SELECT 1;"), "migration-edited")->message,
		"version 1 is applied on shop-prod with other content, and will not run again");
}

static void an_edited_file_with_an_id_is_found(void **state)
{
	static const struct sl_review_known known[] = {
		{ SL_MIGRATION_VERSION, "ana:1", SHA_A, "applied on dev" },
		{ SL_MIGRATION_ID, "ana:1", SHA_B, "applied on dev" },
	};
	struct bench *bench = *state;

	bench->input.known = known;
	bench->input.known_count = 2;
	bench_add(bench, "ana:1", "changes.sql", "SELECT 1;");
	bench->migrations[0].kind = SL_MIGRATION_ID;
	bench_run(bench);
	assert_int_equal(count(&bench->report.files[0], "migration-edited"), 1);
}

static void near_misses_of_an_edited_file_are_silent(void **state)
{
	static const struct sl_review_known known[] = {
		{ SL_MIGRATION_VERSION, "1", SHA_A, "applied on dev" },
		{ SL_MIGRATION_VERSION, "1", "", "applied on old" },
		{ SL_MIGRATION_REPEATABLE, "1", SHA_B, "applied on dev" },
		{ SL_MIGRATION_ID, "1", SHA_B, "applied on dev" },
		{ SL_MIGRATION_VERSION, "0.1", SHA_B, "applied on dev" },
	};
	struct bench *bench = *state;

	bench->input.known = known;
	bench->input.known_count = 5;
	assert_int_equal(count(review(bench, "SELECT 1;"), "migration-edited"), 0);
}

/* A review of one file beside what is gone. */
static const struct sl_report *review_gone(struct bench *bench, const struct sl_review_gone *gone)
{
	bench->input.gone = gone;
	bench->input.gone_count = 1;
	(void)review(bench, "SELECT 1;");
	return &bench->report;
}

static void an_applied_file_that_is_gone_is_an_error(void **state)
{
	static const struct sl_review_gone gone = { SL_MIGRATION_VERSION, "2", SHA_B, "2_b.sql",
		"applied on shop-prod" };
	const struct sl_report *report = review_gone(*state, &gone);

	assert_int_equal(report->file_count, 2);
	assert_string_equal(report->files[1].path, "2_b.sql");
	assert_string_equal(find(&report->files[1], "migration-removed-applied")->message,
		"version 2 is applied on shop-prod, and its file is gone");
	assert_int_equal(report->highest, SL_SEVERITY_ERROR);
}

static void a_file_that_is_gone_and_ran_nowhere_is_a_warning(void **state)
{
	static const struct sl_review_gone gone = { SL_MIGRATION_VERSION, "2", SHA_B, "2_b.sql",
		NULL };
	const struct sl_report *report = review_gone(*state, &gone);

	assert_string_equal(find(&report->files[1], "migration-removed")->message,
		"version 2: its file is gone");
	assert_int_equal(report->highest, SL_SEVERITY_WARNING);
}

static void the_same_content_under_another_version_is_told(void **state)
{
	static const struct sl_review_gone gone = { SL_MIGRATION_VERSION, "2", SHA_A, "2_b.sql",
		"applied on shop-prod" };
	const struct sl_report *report = review_gone(*state, &gone);

	assert_string_equal(find(&report->files[1], "migration-removed-applied")->message,
		"version 2 is applied on shop-prod, and its file is gone; its content is version 1 "
		"now, which would run again there");
}

static void another_name_for_the_same_version_is_a_notice_at_the_new_file(void **state)
{
	static const struct sl_review_gone gone = { SL_MIGRATION_VERSION, "1", SHA_A, "1_old.sql",
		"applied on shop-prod" };
	const struct sl_report *report = review_gone(*state, &gone);

	assert_int_equal(report->file_count, 1);
	assert_string_equal(find(&report->files[0], "migration-renamed")->message,
		"renamed from 1_old.sql; it is version 1 as before");
	assert_int_equal(report->highest, SL_SEVERITY_NOTICE);
}

static void a_repeatable_that_is_gone_is_at_most_a_warning(void **state)
{
	static const struct sl_review_gone gone = { SL_MIGRATION_REPEATABLE, "views", SHA_B,
		"R__views.sql", "applied on shop-prod" };

	assert_int_equal(review_gone(*state, &gone)->highest, SL_SEVERITY_WARNING);
}

static void a_rule_that_is_off_leaves_no_trace_of_what_is_gone(void **state)
{
	static const struct sl_review_gone gone = { SL_MIGRATION_VERSION, "2", SHA_B, "2_b.sql",
		NULL };
	sl_auto(sl_rule_settings_free_p) struct sl_rule_settings *off = sl_rule_settings_new();
	struct bench *bench = *state;

	assert_int_equal(sl_rule_settings_severity(off, "migration-removed", "off", NULL), SL_OK);
	bench->input.settings = off;
	assert_int_equal(review_gone(bench, &gone)->file_count, 1);
}

static void what_is_gone_has_a_fingerprint_that_outlives_its_path(void **state)
{
	static const struct sl_review_gone one = { SL_MIGRATION_VERSION, "2", SHA_B, "2_b.sql",
		"applied on dev" };
	static const struct sl_review_gone other = { SL_MIGRATION_VERSION, "2", SHA_B, "2_c.sql",
		"applied on prod" };
	const char *first = review_gone(*state, &one)->files[1].findings[0].fingerprint;

	assert_string_equal(first, review_gone(*state, &other)->files[1].findings[0].fingerprint);
}

static void a_repeatable_may_change(void **state)
{
	static const struct sl_review_known known[] = { { SL_MIGRATION_REPEATABLE, "views", SHA_B,
		"applied on dev" } };
	struct bench *bench = *state;

	bench->input.known = known;
	bench->input.known_count = 1;
	bench_add(bench, "views", "R__views.sql", "SELECT 1;");
	bench->migrations[0].kind = SL_MIGRATION_REPEATABLE;
	bench_run(bench);
	assert_int_equal(bench->report.highest, SL_SEVERITY_OFF);
}

static void a_version_before_the_last_applied_one_is_found(void **state)
{
	static const struct sl_review_known known[] = {
		{ SL_MIGRATION_VERSION, "9", SHA_B, "applied on dev" },
		{ SL_MIGRATION_VERSION, "10", SHA_B, "applied on shop-prod" },
	};
	static const char *const keys[] = { "1", "9.1", "9.99.9" };
	struct bench *bench = *state;

	bench->input.known = known;
	bench->input.known_count = 2;
	for (size_t i = 0; i < 3; i++) {
		bench->input.set.len = 0;
		bench_add(bench, keys[i], "a.sql", "SELECT 1;");
		bench_run(bench);
		assert_int_equal(count(&bench->report.files[0], "migration-out-of-order"), 1);
	}
	assert_string_equal(find(&bench->report.files[0], "migration-out-of-order")->message,
		"version 9.99.9 comes before 10, which is applied on shop-prod");
}

static void near_misses_of_the_order_are_silent(void **state)
{
	static const struct sl_review_known known[] = {
		{ SL_MIGRATION_VERSION, "9", SHA_A, "applied on dev" },
		{ SL_MIGRATION_REPEATABLE, "99", SHA_B, "applied on dev" },
		{ SL_MIGRATION_ID, "99", SHA_B, "applied on dev" },
	};
	static const char *const keys[] = { "9", "9.1", "10", "11.0.1", "100" };
	struct bench *bench = *state;

	bench->input.known = known;
	bench->input.known_count = 3;
	for (size_t i = 0; i < 5; i++) {
		bench->input.set.len = 0;
		bench_add(bench, keys[i], "a.sql", "SELECT 1;");
		bench_run(bench);
		assert_int_equal(count(&bench->report.files[0], "migration-out-of-order"), 0);
	}
}

static void a_move_to_another_schema_says_where_the_table_is(void **state)
{
	struct bench *bench = *state;

	assert_string_equal(
		find(review(bench, "ALTER TABLE orders SET SCHEMA crm;"), "table-rename")->message,
		"code that still says orders fails once it is crm.orders");
}

static void a_file_that_cannot_be_read_is_a_finding_of_its_own(void **state)
{
	static const struct sl_layout_problem problems[] = {
		{ SL_LAYOUT_UNREADABLE, SL_SEVERITY_ERROR, "2_b.sql", 3, "not UTF-8", "mend it" },
		{ SL_LAYOUT_IGNORED, SL_SEVERITY_WARNING, "seed.sql", 0, "not run", "rename it" },
		{ SL_LAYOUT_EMPTY, SL_SEVERITY_NOTICE, "1_a.sql", 0, "empty", "fill it" },
	};
	struct bench *bench = *state;

	bench->input.problems = problems;
	bench->input.problem_count = 3;
	(void)review(bench, "SELECT 1;");
	assert_int_equal(bench->report.file_count, 3);
	assert_int_equal(find(&bench->report.files[1], "migration-unreadable")->line, 3);
	assert_int_equal(bench->report.counts[SL_SEVERITY_ERROR], 1);
	assert_int_equal(bench->report.counts[SL_SEVERITY_WARNING], 1);
	assert_int_equal(bench->report.counts[SL_SEVERITY_NOTICE], 0);
}

/* --- the walk ------------------------------------------------------------------------------ */

static void earlier_files_are_replayed_and_not_reviewed(void **state)
{
	static const enum sl_review_part parts[] = { SL_REVIEW_EARLIER, SL_REVIEW_NEW };
	struct bench *bench = *state;

	bench_add(bench, "1", "1_a.sql", "CREATE TABLE lines (a int);");
	bench_add(bench, "2", "2_b.sql", "CREATE INDEX lines_a ON lines (a);");
	bench->input.parts = parts;
	bench_run(bench);
	assert_int_equal(bench->report.file_count, 1);
	assert_int_equal(count(&bench->report.files[0], "statement-walk-through"), 0);
	assert_int_equal(count(&bench->report.files[0], "index-create-concurrently"), 1);
}

static void what_an_earlier_file_of_the_change_made_is_new_too(void **state)
{
	struct bench *bench = *state;

	bench_add(bench, "1", "1_a.sql", "CREATE TABLE lines (a int PRIMARY KEY);");
	bench_add(bench, "2", "2_b.sql", "CREATE INDEX lines_a ON lines (a);");
	bench_run(bench);
	assert_int_equal(bench->report.highest, SL_SEVERITY_OFF);
}

static void what_an_edited_file_made_is_in_use(void **state)
{
	static const struct sl_review_known known[] = { { SL_MIGRATION_VERSION, "1", SHA_B,
		"applied on dev" } };
	struct bench *bench = *state;

	bench->input.known = known;
	bench->input.known_count = 1;
	bench_add(bench, "1", "1_a.sql", "CREATE TABLE lines (a int PRIMARY KEY);");
	bench_add(bench, "2", "2_b.sql", "CREATE INDEX lines_a ON lines (a);");
	bench_run(bench);
	assert_int_equal(count(&bench->report.files[1], "index-create-concurrently"), 1);
}

static void what_a_separate_file_made_is_in_use(void **state)
{
	struct bench *bench = *state;

	bench_add(bench, "1", "1_a.sql", "CREATE TABLE lines (a int PRIMARY KEY);");
	bench_add(bench, "2", "2_b.sql", "CREATE INDEX lines_a ON lines (a);");
	bench->input.separate = true;
	bench_run(bench);
	assert_int_equal(count(&bench->report.files[1], "index-create-concurrently"), 1);
}

static void without_a_schema_unknown_names_are_no_mistake_and_the_report_says_so(void **state)
{
	struct bench *bench = *state;
	const struct sl_catalog *base = bench->input.base;
	const struct sl_file_report *file;

	bench->input.base = NULL;
	file = review(bench, "ALTER TABLE nobody_knows ADD COLUMN a int;");
	bench->input.base = base;
	assert_int_equal(count(file, "statement-walk-through"), 0);
	assert_int_equal(file->skipped_count, 1);
	assert_string_equal(file->skipped[0].rule->id, "statement-walk-through");
}

static void lines_count_from_the_section_s_first_line(void **state)
{
	struct bench *bench = *state;
	const struct sl_finding *finding;

	bench_add(bench, "1", "1_a.sql", "SELECT 1;\n  TRUNCATE orders;\n");
	bench->migrations[0].first_line = 5;
	bench_run(bench);
	finding = find(&bench->report.files[0], "truncate-disallow");
	assert_int_equal(finding->line, 6);
	assert_int_equal(finding->column, 12);
	assert_int_equal(finding->end_column, 18);
	assert_int_equal(finding->statement, 2);
}

static void the_statements_of_a_file_are_counted(void **state)
{
	const struct sl_file_report *file = review(*state,
		"UPDATE orders SET note = 'a' WHERE id = 1; CREATE INDEX "
		"CONCURRENTLY i ON orders (note);");

	assert_int_equal(file->statement_count, 2);
}

static void a_statement_that_was_not_understood_is_never_green(void **state)
{
	struct bench *bench = *state;

	bench->input.dialect = SL_DIALECT_MARIADB;
	sl_catalog_unref(bench->input.base);
	bench->input.base = NULL;
	(void)review(bench, "ALTER TABLE orders ADD COLUMN a int;");
	assert_false(bench->report.reviewed);
	assert_int_equal(bench->report.highest, SL_SEVERITY_ERROR);
}

static void findings_beyond_the_cap_are_counted_with_their_severity(void **state)
{
	struct bench *bench = *state;
	struct sl_buf sql = SL_BUF_INIT(1u << 20);
	const struct sl_file_report *file;

	for (int i = 0; i < SL_REVIEW_FINDINGS_MAX + 7; i++)
		sl_buf_adds(&sql, "DELETE FROM orders;\n");
	file = review(bench, sl_buf_str(&sql));
	assert_int_equal(file->finding_count, SL_REVIEW_FINDINGS_MAX);
	assert_int_equal(file->omitted, 7);
	assert_int_equal(bench->report.counts[SL_SEVERITY_ERROR], SL_REVIEW_FINDINGS_MAX + 7);
	sl_buf_done(&sql);
}

/* --- acceptance ---------------------------------------------------------------------------- */

static void an_accepted_finding_is_listed_and_not_counted(void **state)
{
	struct bench *bench = *state;
	const struct sl_file_report *file = review(bench,
		"-- sluice:allow truncate-disallow nobody reads it yet\nTRUNCATE orders;");

	assert_string_equal(find(file, "truncate-disallow")->waived, "nobody reads it yet");
	assert_int_equal(bench->report.waived, 1);
	assert_int_equal(bench->report.highest, SL_SEVERITY_OFF);
}

static void a_comment_accepts_nothing_in_another_statement(void **state)
{
	struct bench *bench = *state;

	(void)review(bench,
		"-- sluice:allow truncate-disallow we know\nTRUNCATE orders;\n"
		"TRUNCATE orders;");
	assert_int_equal(bench->report.counts[SL_SEVERITY_ERROR], 1);
}

static void a_statement_that_cannot_be_parsed_cannot_be_accepted(void **state)
{
	struct bench *bench = *state;

	(void)review(bench, "-- sluice:allow syntax-error we know\nSELEC 1;");
	assert_int_equal(bench->report.counts[SL_SEVERITY_ERROR], 1);
	assert_int_equal(bench->report.counts[SL_SEVERITY_WARNING], 1);
}

static void a_waiver_accepts_by_fingerprint(void **state)
{
	struct bench *bench = *state;
	struct sl_review_waiver waiver = { "", "agreed with finance", "dana" };

	waiver.fingerprint = find(review(bench, "TRUNCATE orders;"), "truncate-disallow")
				     ->fingerprint;
	bench->input.waivers = &waiver;
	bench->input.waiver_count = 1;
	(void)review(bench, "-- a comment\nTRUNCATE\n\torders;");
	assert_int_equal(bench->report.waived, 1);
	assert_string_equal(find(&bench->report.files[0], "truncate-disallow")->waived,
		"agreed with finance (dana)");
}

static void fingerprints_differ_by_ordinal_rule_key_and_statement(void **state)
{
	struct bench *bench = *state;
	const struct sl_file_report *file;
	const char *first;

	file = review(bench, "TRUNCATE orders; TRUNCATE orders;");
	first = file->findings[0].fingerprint;
	assert_string_not_equal(first, file->findings[1].fingerprint);
	bench->migrations[0].key = "2";
	bench_run(bench);
	assert_string_not_equal(first, bench->report.files[0].findings[0].fingerprint);
	file = review(bench, "TRUNCATE TABLE orders;");
	assert_string_not_equal(first, file->findings[0].fingerprint);
}

static void a_fingerprint_does_not_know_path_line_or_comments(void **state)
{
	struct bench *bench = *state;
	const char *before = find(review(bench, "TRUNCATE orders;"), "truncate-disallow")
				     ->fingerprint;

	bench->input.set.len = 0;
	bench_add(bench, "1", "elsewhere/0001_b.sql",
		"SELECT 1;\n\n/* a */ TRUNCATE /* b */ orders;");
	bench_run(bench);
	assert_string_equal(before,
		find(&bench->report.files[0], "truncate-disallow")->fingerprint);
}

static void reports_add_up(void **state)
{
	struct bench *bench = *state;
	struct sl_report sum = { .reviewed = true };

	(void)review(bench, "TRUNCATE orders;");
	sl_report_add(&sum, bench->arena, &bench->report);
	sl_report_add(&sum, bench->arena, &bench->report);
	assert_int_equal(sum.file_count, 2);
	assert_int_equal(sum.counts[SL_SEVERITY_ERROR], 2);
	assert_int_equal(sum.highest, SL_SEVERITY_ERROR);
	sl_report_done(&sum);
}

/* Verdicts are remembered, of a few names. */
static void each_name_is_judged_by_itself_however_many_there_are(void **state)
{
	struct bench *bench = *state;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(1 << 20);
	const struct sl_file_report *file;

	sl_buf_adds(&text, "CREATE TABLE wide (id bigint PRIMARY KEY");
	for (int i = 0; i < 200; i++)
		sl_buf_addf(&text, ", good_%d int, \"Bad_%d\" int", i, i);
	sl_buf_adds(&text, "); CREATE TABLE wider (id bigint PRIMARY KEY");
	for (int i = 0; i < 200; i++)
		sl_buf_addf(&text, ", \"Bad_%d\" int, good_%d int", i, i);
	sl_buf_adds(&text, ");");
	file = review(bench, sl_buf_str(&text));
	assert_int_equal(count(file, "naming-column"), 400);
	assert_int_equal(file->finding_count, 400);
	for (size_t i = 0; i < file->finding_count; i++)
		assert_non_null(strstr(file->findings[i].message, " Bad_"));
}

/* Whether it was reviewed as one that begins with an empty database. */
static bool begins_empty(struct bench *bench)
{
	bench->input.base = NULL;
	bench->input.may_begin_empty = true;
	bench_run(bench);
	return bench->report.after != NULL;
}

static void a_folder_that_makes_its_tables_begins_empty(void **state)
{
	struct bench *bench = *state;
	const struct sl_catalog *base = bench->input.base;

	bench_add(bench, "1", "1_a.sql", "CREATE TABLE a (id bigint PRIMARY KEY);");
	bench_add(bench, "2", "2_b.sql", "ALTER TABLE b ADD COLUMN c int;");
	assert_true(begins_empty(bench));
	bench->input.set.len = 0;
	bench_add(bench, "1", "1_a.sql",
		"CREATE TABLE b (id int); ALTER TABLE a ADD COLUMN b int;");
	bench_add(bench, "2", "2_b.sql", "ALTER TABLE b ADD COLUMN c int;");
	assert_false(begins_empty(bench));
	assert_int_equal(bench->report.file_count, 2);
	assert_int_equal(bench->report.files[0].statement_count, 2);
	assert_int_equal(bench->report.files[0].finding_count,
		count(&bench->report.files[0], "table-require-primary-key"));
	bench->input.set.len = 0;
	assert_false(begins_empty(bench));
	bench->input.base = base;
}

/* One that was put before them is not walked first, yet asked first. */
static void a_folder_begins_with_its_first_file_whatever_is_new(void **state)
{
	static const enum sl_review_part parts[] = { SL_REVIEW_NEW, SL_REVIEW_EARLIER };
	struct bench *bench = *state;
	const struct sl_catalog *base = bench->input.base;

	bench->input.parts = parts;
	bench_add(bench, "1", "1_a.sql", "CREATE TABLE a (id bigint PRIMARY KEY);");
	bench_add(bench, "2", "2_b.sql", "ALTER TABLE b ADD COLUMN c int;");
	assert_true(begins_empty(bench));
	bench->input.set.len = 0;
	bench_add(bench, "1", "1_a.sql", "ALTER TABLE b ADD COLUMN c int;");
	bench_add(bench, "2", "2_b.sql", "CREATE TABLE b (id bigint PRIMARY KEY);");
	assert_false(begins_empty(bench));
	bench->input.parts = NULL;
	bench->input.base = base;
}

/* What is beyond its first thousand statements says nothing about the beginning. */
static void only_the_head_of_the_first_file_is_asked(void **state)
{
	struct bench *bench = *state;
	const struct sl_catalog *base = bench->input.base;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(1 << 20);

	sl_buf_adds(&text, "CREATE TABLE a (id int);");
	for (size_t i = 0; i < 998; i++)
		sl_buf_adds(&text, "SELECT 1;");
	sl_buf_adds(&text, "DROP TABLE nothing;");
	bench_add(bench, "1", "1_a.sql", sl_buf_str(&text));
	assert_false(begins_empty(bench));
	sl_buf_clear(&text);
	sl_buf_adds(&text, "CREATE TABLE a (id int);");
	for (size_t i = 0; i < 999; i++)
		sl_buf_adds(&text, "SELECT 1;");
	sl_buf_adds(&text, "DROP TABLE nothing;");
	bench->input.set.len = 0;
	bench_add(bench, "1", "1_a.sql", sl_buf_str(&text));
	assert_true(begins_empty(bench));
	bench->input.base = base;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(a_version_given_twice_is_found_in_both_files),
		BENCH_TEST(a_version_given_three_times_is_found_three_times),
		BENCH_TEST(a_new_file_with_an_old_ones_version_is_found),
		BENCH_TEST(near_misses_of_a_doubled_version_are_silent),
		BENCH_TEST(an_edited_applied_file_is_found),
		BENCH_TEST(one_target_with_other_content_is_enough),
		BENCH_TEST(an_edited_file_with_an_id_is_found),
		BENCH_TEST(near_misses_of_an_edited_file_are_silent),
		BENCH_TEST(an_applied_file_that_is_gone_is_an_error),
		BENCH_TEST(a_file_that_is_gone_and_ran_nowhere_is_a_warning),
		BENCH_TEST(the_same_content_under_another_version_is_told),
		BENCH_TEST(another_name_for_the_same_version_is_a_notice_at_the_new_file),
		BENCH_TEST(a_repeatable_that_is_gone_is_at_most_a_warning),
		BENCH_TEST(a_rule_that_is_off_leaves_no_trace_of_what_is_gone),
		BENCH_TEST(what_is_gone_has_a_fingerprint_that_outlives_its_path),
		BENCH_TEST(a_repeatable_may_change),
		BENCH_TEST(a_version_before_the_last_applied_one_is_found),
		BENCH_TEST(near_misses_of_the_order_are_silent),
		BENCH_TEST(a_move_to_another_schema_says_where_the_table_is),
		BENCH_TEST(a_file_that_cannot_be_read_is_a_finding_of_its_own),
		BENCH_TEST(earlier_files_are_replayed_and_not_reviewed),
		BENCH_TEST(what_an_earlier_file_of_the_change_made_is_new_too),
		BENCH_TEST(what_an_edited_file_made_is_in_use),
		BENCH_TEST(what_a_separate_file_made_is_in_use),
		BENCH_TEST(without_a_schema_unknown_names_are_no_mistake_and_the_report_says_so),
		BENCH_TEST(lines_count_from_the_section_s_first_line),
		BENCH_TEST(the_statements_of_a_file_are_counted),
		BENCH_TEST(a_statement_that_was_not_understood_is_never_green),
		BENCH_TEST(findings_beyond_the_cap_are_counted_with_their_severity),
		BENCH_TEST(an_accepted_finding_is_listed_and_not_counted),
		BENCH_TEST(a_comment_accepts_nothing_in_another_statement),
		BENCH_TEST(a_statement_that_cannot_be_parsed_cannot_be_accepted),
		BENCH_TEST(a_waiver_accepts_by_fingerprint),
		BENCH_TEST(fingerprints_differ_by_ordinal_rule_key_and_statement),
		BENCH_TEST(a_fingerprint_does_not_know_path_line_or_comments),
		BENCH_TEST(reports_add_up),
		BENCH_TEST(each_name_is_judged_by_itself_however_many_there_are),
		BENCH_TEST(a_folder_that_makes_its_tables_begins_empty),
		BENCH_TEST(a_folder_begins_with_its_first_file_whatever_is_new),
		BENCH_TEST(only_the_head_of_the_first_file_is_asked),
	};

	return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
