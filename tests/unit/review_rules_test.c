/*
 * testdata/review/RULE.ENGINE.sql: cases for one rule.
 *
 *	-- param: KEY=VALUE, -- off: OTHER_RULE     settings, at the top
 *	-- schema, or -- schema unknown             the schema before, as SQL
 *	-- hit[ N]: WHAT                            a file with N (1) findings of the rule
 *	-- near miss: WHAT                          a file with none
 */
#include "sluice/review/review.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/schema/replay.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROOT "testdata/review"

struct table {
	const char *file;
	const struct sl_rule *rule;
	enum sl_dialect dialect;
	struct sl_rule_settings *settings;
	const struct sl_catalog *base;
	size_t hits, misses, wrong;
};

/* A section: its head line, and the text up to the next head. */
struct section {
	const char *head; /* behind "-- " */
	size_t head_len;
	const char *text;
	size_t len;
};

static char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	struct sl_buf buf = SL_BUF_INIT(1u << 20);
	char chunk[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		sl_buf_add(&buf, chunk, n);
	(void)fclose(f);
	*len = buf.len;
	return sl_buf_take(&buf);
}

static bool is_head(const char *line)
{
	static const char *const heads[] = { "-- param:", "-- off:", "-- schema\n",
		"-- schema unknown\n", "-- hit:", "-- hit ", "-- near miss:" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		if (sl_str_starts(line, heads[i]))
			return true;
	}
	return false;
}

static bool next_section(const char **rest, struct section *out)
{
	const char *line = *rest;
	const char *end;

	if (*line == '\0')
		return false;
	assert_true(is_head(line));
	end = strchr(line, '\n');
	assert_non_null(end);
	out->head = line + 3;
	out->head_len = (size_t)(end - out->head);
	out->text = end + 1;
	for (line = out->text; *line != '\0' && !is_head(line);) {
		end = strchr(line, '\n');
		line = end ? end + 1 : line + strlen(line);
	}
	out->len = (size_t)(line - out->text);
	*rest = line;
	return true;
}

static size_t findings_of(const struct table *table, const struct sl_report *report)
{
	size_t n = 0;

	for (size_t f = 0; f < report->file_count; f++) {
		for (size_t i = 0; i < report->files[f].finding_count; i++)
			n += report->files[f].findings[i].rule == table->rule;
	}
	return n;
}

static void print_findings(const struct sl_report *report)
{
	for (size_t i = 0; i < report->files[0].finding_count; i++) {
		const struct sl_finding *finding = &report->files[0].findings[i];

		print_message("    %u:%u %s: %s\n", finding->line, finding->column,
			finding->rule->id, finding->message);
	}
}

/* A finding stands where the statement does, and its fix parses. */
static bool places_are_sane(const struct sl_report *report)
{
	for (size_t i = 0; i < report->files[0].finding_count; i++) {
		const struct sl_finding *f = &report->files[0].findings[i];

		if (f->line > 0 &&
			(f->column == 0 || f->end_line < f->line ||
				(f->end_line == f->line && f->end_column < f->column)))
			return false;
		if (f->message[0] == '\0' || f->suggestion[0] == '\0' ||
			strlen(f->fingerprint) != 32)
			return false;
	}
	return true;
}

/* A near miss that the engine would refuse proves nothing. */
static bool is_parsed(const struct table *table, const struct sl_report *report)
{
	const struct sl_rule *syntax = sl_rule_find("syntax-error");

	for (size_t i = 0; i < report->files[0].finding_count; i++) {
		if (report->files[0].findings[i].rule == syntax &&
			!sl_str_eq(table->rule->id, "migration-empty"))
			return false;
	}
	return true;
}

static void run_case(struct table *table, const struct section *section, size_t expected)
{
	struct sl_arena *arena = sl_arena_new();
	const struct sl_migration migration = {
		.kind = SL_MIGRATION_VERSION,
		.key = "1",
		.name = "case",
		.path = "1_case.sql",
		.sha256 = "",
		.sql = section->text,
		.sql_len = section->len,
		.first_line = 1,
	};
	const struct sl_review_input input = {
		.dialect = table->dialect,
		.base = table->base,
		.set = { &migration, 1 },
		.settings = table->settings,
	};
	struct sl_report report;
	size_t found;

	sl_review_run(&report, arena, &input);
	found = findings_of(table, &report);
	if (found != expected || !places_are_sane(&report) ||
		(expected == 0 && !is_parsed(table, &report))) {
		print_message("%s: %.*s: %zu findings, not %zu\n", table->file,
			(int)section->head_len, section->head, found, expected);
		print_findings(&report);
		table->wrong++;
	}
	sl_report_done(&report);
	sl_arena_free(arena);
}

static void read_setting(const struct table *table, const struct section *section)
{
	struct sl_error err = SL_ERROR_INIT;
	char *text = sl_xstrndup(section->head, section->head_len);
	char *value = strchr(text, ':') + 2;
	char *equals = strchr(value, '=');

	if (sl_str_starts(text, "off:")) {
		assert_int_equal(sl_rule_settings_severity(table->settings, value, "off", &err),
			SL_OK);
	} else {
		assert_non_null(equals);
		*equals = '\0';
		assert_int_equal(sl_rule_settings_param(table->settings, table->rule->id, value,
					 equals + 1, &err),
			SL_OK);
	}
	free(text);
}

static void run_section(struct table *table, const struct section *section)
{
	struct sl_error err = SL_ERROR_INIT;

	if (sl_str_starts(section->head, "param:") || sl_str_starts(section->head, "off:")) {
		read_setting(table, section);
	} else if (sl_str_starts(section->head, "schema\n")) {
		if (sl_catalog_from_sql(&table->base, table->dialect, 0, section->text,
			    section->len, &err) != SL_OK)
			fail_msg("%s: schema: %s", table->file, err.msg);
	} else if (sl_str_starts(section->head, "hit")) {
		table->hits++;
		run_case(table, section,
			section->head[3] == ' ' ? (size_t)(section->head[4] - '0') : 1);
	} else if (sl_str_starts(section->head, "near miss")) {
		table->misses++;
		run_case(table, section, 0);
	}
}

/* RULE.ENGINE.sql */
static void table_init(struct table *table, const char *name)
{
	char *rule = sl_xstrdup(name);
	char *engine = strchr(rule, '.');

	assert_non_null(engine);
	*engine++ = '\0';
	*strchr(engine, '.') = '\0';
	*table = (struct table){ .file = name, .settings = sl_rule_settings_new() };
	table->rule = sl_rule_find(rule);
	assert_non_null(table->rule);
	assert_true(sl_dialect_parse(&table->dialect, engine));
	free(rule);
}

static size_t run_table(const char *name)
{
	char *path = sl_xasprintf("%s/%s", ROOT, name);
	struct section section;
	struct table table;
	size_t len;
	char *text = slurp(path, &len);
	const char *rest = text;

	table_init(&table, name);
	while (next_section(&rest, &section))
		run_section(&table, &section);
	if (table.hits < 3 || table.misses < 5) {
		print_message("%s: %zu hits and %zu near misses are too few\n", name, table.hits,
			table.misses);
		table.wrong++;
	}
	sl_catalog_unref(table.base);
	sl_rule_settings_free(table.settings);
	free(text);
	free(path);
	return table.wrong;
}

static int is_table(const struct dirent *entry)
{
	return sl_str_ends(entry->d_name, ".sql");
}

static void every_rule_hits_and_misses_as_its_table_says(void **state)
{
	struct dirent **names;
	int n = scandir(ROOT, &names, is_table, alphasort);
	size_t wrong = 0;

	(void)state;
	assert_true(n > 30);
	for (int i = 0; i < n; i++) {
		wrong += run_table(names[i]->d_name);
		free(names[i]);
	}
	free(names);
	assert_int_equal(wrong, 0);
}

/* Those that look at the folder and what has run elsewhere are tried in review_test.c. */
static bool is_about_files(const char *rule)
{
	return sl_str_starts(rule, "migration-") && !sl_str_eq(rule, "migration-empty");
}

static void every_rule_has_a_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sl_rule_count(); i++) {
		const char *rule = sl_rule_at(i)->id;
		bool found = is_about_files(rule);

		for (int dialect = 0; dialect < SL_DIALECT_COUNT && !found; dialect++) {
			sl_autofree char *path = sl_xasprintf("%s/%s.%s.sql", ROOT, rule,
				sl_dialect_name((enum sl_dialect)dialect));

			found = access(path, R_OK) == 0;
		}
		if (!found)
			fail_msg("%s: no table", rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_hits_and_misses_as_its_table_says),
		cmocka_unit_test(every_rule_has_a_table),
	};

	return cmocka_run_group_tests_name("review rules", tests, NULL, NULL);
}
