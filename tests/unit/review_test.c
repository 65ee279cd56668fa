#include "sluice/review/format.h"
#include "sluice/review/review.h"

#include "sluice/core/str.h"
#include "sluice/schema/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char schema_sql[] = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);";

/* Everything that one review needs, and its report. */
struct bench {
	struct sl_arena *arena;
	struct sl_migration migrations[4];
	struct sl_review_input input;
	struct sl_report report;
	bool reported;
};

static struct sl_migration migration(const char *key, const char *sql)
{
	return (struct sl_migration){
		.kind = SL_MIGRATION_VERSION,
		.key = key,
		.name = "",
		.path = sql,
		.sha256 = SHA_A,
		.sql = sql,
		.sql_len = strlen(sql),
		.first_line = 1,
	};
}

static void bench_add(struct bench *bench, const char *key, const char *path, const char *sql)
{
	struct sl_migration *m = &bench->migrations[bench->input.set.len++];

	*m = migration(key, sql);
	m->path = path;
}

static void bench_run(struct bench *bench)
{
	if (bench->reported)
		sl_report_done(&bench->report);
	sl_review_run(&bench->report, bench->arena, &bench->input);
	bench->reported = true;
}

/* One file with this SQL, reviewed. */
static const struct sl_file_report *review(struct bench *bench, const char *sql)
{
	bench->input.set.len = 0;
	bench_add(bench, "1", "1_a.sql", sql);
	bench_run(bench);
	return &bench->report.files[0];
}

static size_t count(const struct sl_file_report *file, const char *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < file->finding_count; i++)
		n += sl_str_eq(file->findings[i].rule->id, rule);
	return n;
}

static const struct sl_finding *find(const struct sl_file_report *file, const char *rule)
{
	for (size_t i = 0; i < file->finding_count; i++) {
		if (sl_str_eq(file->findings[i].rule->id, rule))
			return &file->findings[i];
	}
	fail_msg("no finding of %s", rule);
	return NULL;
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct sl_error err = SL_ERROR_INIT;

	bench->arena = sl_arena_new();
	bench->input.dialect = SL_DIALECT_POSTGRES;
	bench->input.set.at = bench->migrations;
	if (sl_catalog_from_sql(&bench->input.base, SL_DIALECT_POSTGRES, 0, schema_sql,
		    sizeof(schema_sql) - 1, &err) != SL_OK)
		fail_msg("%s", err.msg);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	if (bench->reported)
		sl_report_done(&bench->report);
	sl_catalog_unref(bench->input.base);
	sl_arena_free(bench->arena);
	free(bench);
	return 0;
}

/* --- history -----------------------------------------------------------------------------------
 */

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

	bench_add(bench, "1", "1_a.sql", "SELECT '1';");
	bench_add(bench, "1.1", "1.1_a.sql", "SELECT 1;");
	bench_add(bench, "11", "11_a.sql", "SELECT 1;");
	bench_add(bench, "1", "R__1.sql", "SELECT 1;");
	bench->migrations[3].kind = SL_MIGRATION_REPEATABLE;
	bench_run(bench);
	assert_int_equal(bench->report.highest, SL_SEVERITY_OFF);
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

/* --- the walk ----------------------------------------------------------------------------------
 */

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

static void each_statement_has_a_summary(void **state)
{
	struct bench *bench = *state;
	const struct sl_file_report *file = review(bench,
		"UPDATE orders SET note = 'a' WHERE id = 1; CREATE INDEX "
		"CONCURRENTLY i ON orders (note);");

	assert_int_equal(file->statement_count, 2);
	assert_int_equal(file->statements[0].kind, SL_SQL_KIND_DML);
	assert_string_equal(file->statements[0].table, "orders");
	assert_true(file->statements[0].writes);
	assert_int_equal(file->statements[1].kind, SL_SQL_KIND_DDL);
	assert_string_equal(file->statements[1].table, "orders");
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

/* --- acceptance --------------------------------------------------------------------------------
 */

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

/* --- settings ----------------------------------------------------------------------------------
 */

static void a_rule_that_is_off_finds_nothing(void **state)
{
	struct bench *bench = *state;
	struct sl_rule_settings *settings = sl_rule_settings_new();

	assert_int_equal(sl_rule_settings_severity(settings, "truncate-disallow", "off", NULL),
		SL_OK);
	bench->input.settings = settings;
	assert_int_equal(review(bench, "TRUNCATE orders;")->finding_count, 0);
	sl_rule_settings_free(settings);
}

static void presets_move_severities(void **state)
{
	struct sl_rule_settings *settings = sl_rule_settings_new();
	const struct sl_rule *naming = sl_rule_find("naming-table");
	const struct sl_rule *syntax = sl_rule_find("syntax-error");

	(void)state;
	assert_int_equal(sl_rule_settings_of(settings, naming), SL_SEVERITY_WARNING);
	assert_int_equal(sl_rule_settings_preset(settings, "strict", NULL), SL_OK);
	assert_int_equal(sl_rule_settings_of(settings, naming), SL_SEVERITY_ERROR);
	assert_int_equal(sl_rule_settings_preset(settings, "none", NULL), SL_OK);
	assert_int_equal(sl_rule_settings_of(settings, naming), SL_SEVERITY_OFF);
	assert_int_equal(sl_rule_settings_of(settings, syntax), SL_SEVERITY_ERROR);
	assert_int_equal(sl_rule_settings_preset(settings, "lax", NULL), SL_EINVAL);
	sl_rule_settings_free(settings);
}

static void wrong_settings_name_what_was_meant(void **state)
{
	static const struct {
		const char *rule, *key, *value, *message;
	} table[] = {
		{ "naming-tabel", "format", "a",
			"unknown rule 'naming-tabel', did you mean 'naming-table'?" },
		{ "naming-table", "formt", "a",
			"naming-table: unknown parameter 'formt', did you mean 'format'?" },
		{ "truncate-disallow", "format", "a",
			"truncate-disallow has no parameter 'format'" },
		{ "naming-table", "max_length", "-1",
			"naming-table.max_length: '-1' is no whole number from 0 to 1000000" },
		{ "where-require-update-delete", "allow_limit", "yes",
			"where-require-update-delete.allow_limit: 'yes' is neither true nor false" },
	};
	struct sl_rule_settings *settings = sl_rule_settings_new();

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sl_error err = SL_ERROR_INIT;

		assert_int_equal(sl_rule_settings_param(settings, table[i].rule, table[i].key,
					 table[i].value, &err),
			SL_EINVAL);
		assert_string_equal(err.msg, table[i].message);
	}
	sl_rule_settings_free(settings);
}

static void a_rule_that_keeps_review_honest_cannot_be_put_off(void **state)
{
	struct sl_rule_settings *settings = sl_rule_settings_new();
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	assert_int_equal(sl_rule_settings_severity(settings, "syntax-error", "off", &err),
		SL_EINVAL);
	assert_string_equal(err.msg, "syntax-error cannot be put off");
	sl_rule_settings_free(settings);
}

static void only_the_named_rules_stay_on(void **state)
{
	struct bench *bench = *state;
	struct sl_rule_settings *settings = sl_rule_settings_new();

	assert_int_equal(sl_rule_settings_only(settings, "truncate-disallow", NULL), SL_OK);
	bench->input.settings = settings;
	(void)review(bench, "TRUNCATE orders; DELETE FROM orders; SELEC 1;");
	assert_int_equal(bench->report.files[0].finding_count, 2);
	assert_int_equal(sl_rule_settings_only(settings, "truncate", NULL), SL_EINVAL);
	sl_rule_settings_free(settings);
}

static void every_rule_is_documented(void **state)
{
	(void)state;
	assert_true(sl_rule_count() >= 20);
	for (size_t i = 0; i < sl_rule_count(); i++) {
		const struct sl_rule *rule = sl_rule_at(i);

		assert_ptr_equal(sl_rule_find(rule->id), rule);
		assert_true(rule->title[0] && rule->why[0] && rule->instead[0]);
		assert_true(rule->dialects != 0);
		for (const char *p = rule->id; *p; p++)
			assert_true((*p >= 'a' && *p <= 'z') || *p == '-');
	}
}

static void settings_come_from_the_configuration(void **state)
{
	static const char yaml[] =
		"review:\n"
		"  preset: strict\n"
		"  rules:\n"
		"    truncate-disallow: notice\n"
		"    naming-table: {severity: warning, max_length: 10}\n"
		"    column-type-allow-list: {types: [bigint, 'numeric(12,2)']}\n";
	const struct sl_option_table *const tables[] = { &sl_review_options };
	const struct sl_option_set set = { tables, 1 };
	const struct sl_config_text text = { "sluice.yaml", yaml, sizeof(yaml) - 1 };
	struct sl_rule_settings *settings = sl_rule_settings_new();
	struct sl_error err = SL_ERROR_INIT;
	struct sl_config *config = NULL;

	(void)state;
	if (sl_config_parse(&config, &set, &text, NULL, &err) != SL_OK)
		fail_msg("%s", err.msg);
	assert_int_equal(
		sl_rule_settings_load(settings, config, sl_config_at(config, "review"), &err),
		SL_OK);
	assert_int_equal(sl_rule_settings_of(settings, sl_rule_find("truncate-disallow")),
		SL_SEVERITY_NOTICE);
	assert_int_equal(sl_rule_settings_of(settings, sl_rule_find("naming-table")),
		SL_SEVERITY_WARNING);
	assert_int_equal(sl_rule_settings_of(settings, sl_rule_find("naming-column")),
		SL_SEVERITY_ERROR);
	sl_config_unref(config);
	sl_rule_settings_free(settings);
}

static void a_wrong_rule_in_the_configuration_has_its_place(void **state)
{
	static const char yaml[] = "review:\n  rules:\n    naming-tabel: error\n";
	const struct sl_option_table *const tables[] = { &sl_review_options };
	const struct sl_option_set set = { tables, 1 };
	const struct sl_config_text text = { "sluice.yaml", yaml, sizeof(yaml) - 1 };
	struct sl_error err = SL_ERROR_INIT;
	struct sl_config *config = NULL;

	(void)state;
	assert_int_equal(sl_config_parse(&config, &set, &text, NULL, &err), SL_EINVAL);
	assert_non_null(strstr(err.msg, "sluice.yaml:3:"));
	assert_non_null(strstr(err.msg, "did you mean 'naming-table'?"));
}

/* --- forms -------------------------------------------------------------------------------------
 */

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
	static const char sql[] = "TRUNCATE \"@all <img src=x> | [a](b)\x1b[2J\";";
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

static void a_folder_that_makes_its_tables_begins_empty(void **state)
{
	struct bench *bench = *state;

	bench_add(bench, "1", "1_a.sql", "CREATE TABLE a (id bigint PRIMARY KEY);");
	assert_true(sl_review_begins_empty(SL_DIALECT_POSTGRES, 0, bench->input.set));
	bench->input.set.len = 0;
	bench_add(bench, "1", "1_a.sql", "ALTER TABLE a ADD COLUMN b int;");
	assert_false(sl_review_begins_empty(SL_DIALECT_POSTGRES, 0, bench->input.set));
	bench->input.set.len = 0;
	assert_false(sl_review_begins_empty(SL_DIALECT_POSTGRES, 0, bench->input.set));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_version_given_twice_is_found_in_both_files),
		TEST(a_version_given_three_times_is_found_three_times),
		TEST(a_new_file_with_an_old_ones_version_is_found),
		TEST(near_misses_of_a_doubled_version_are_silent),
		TEST(an_edited_applied_file_is_found),
		TEST(near_misses_of_an_edited_file_are_silent),
		TEST(a_repeatable_may_change),
		TEST(a_version_before_the_last_applied_one_is_found),
		TEST(near_misses_of_the_order_are_silent),
		TEST(a_file_that_cannot_be_read_is_a_finding_of_its_own),
		TEST(earlier_files_are_replayed_and_not_reviewed),
		TEST(what_an_earlier_file_of_the_change_made_is_new_too),
		TEST(without_a_schema_unknown_names_are_no_mistake_and_the_report_says_so),
		TEST(lines_count_from_the_section_s_first_line),
		TEST(each_statement_has_a_summary),
		TEST(a_statement_that_was_not_understood_is_never_green),
		TEST(findings_beyond_the_cap_are_counted_with_their_severity),
		TEST(an_accepted_finding_is_listed_and_not_counted),
		TEST(a_comment_accepts_nothing_in_another_statement),
		TEST(a_statement_that_cannot_be_parsed_cannot_be_accepted),
		TEST(a_waiver_accepts_by_fingerprint),
		TEST(fingerprints_differ_by_ordinal_rule_key_and_statement),
		TEST(a_fingerprint_does_not_know_path_line_or_comments),
		TEST(a_rule_that_is_off_finds_nothing),
		TEST(presets_move_severities),
		TEST(wrong_settings_name_what_was_meant),
		TEST(a_rule_that_keeps_review_honest_cannot_be_put_off),
		TEST(only_the_named_rules_stay_on),
		TEST(every_rule_is_documented),
		TEST(settings_come_from_the_configuration),
		TEST(a_wrong_rule_in_the_configuration_has_its_place),
		TEST(the_json_has_the_shape_of_the_contract),
		TEST(a_finding_about_a_whole_file_has_no_line_in_json),
		TEST(the_text_shows_the_line_and_marks_the_place),
		TEST(the_text_has_colour_only_when_asked),
		TEST(names_are_inert_in_every_form),
		TEST(hook_lines_fit_a_terminal),
		TEST(a_comment_stays_short),
		TEST(reports_add_up),
		TEST(a_folder_that_makes_its_tables_begins_empty),
	};

	return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
