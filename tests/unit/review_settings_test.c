#include "review_bench.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(a_rule_that_is_off_finds_nothing),
		BENCH_TEST(presets_move_severities),
		BENCH_TEST(wrong_settings_name_what_was_meant),
		BENCH_TEST(a_rule_that_keeps_review_honest_cannot_be_put_off),
		BENCH_TEST(only_the_named_rules_stay_on),
		BENCH_TEST(every_rule_is_documented),
		BENCH_TEST(settings_come_from_the_configuration),
		BENCH_TEST(a_wrong_rule_in_the_configuration_has_its_place),
	};

	return cmocka_run_group_tests_name("review settings", tests, NULL, NULL);
}
