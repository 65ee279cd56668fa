/* One review and all that it needs: a schema with one table, a few files, the report. */
#ifndef SLUICE_TESTS_REVIEW_BENCH_H
#define SLUICE_TESTS_REVIEW_BENCH_H

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
	struct sl_migration migrations[8];
	struct sl_review_input input;
	struct sl_report report;
	bool reported;
};

static inline struct sl_migration migration(const char *key, const char *sql)
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

static inline void bench_add(struct bench *bench, const char *key, const char *path,
	const char *sql)
{
	struct sl_migration *m = &bench->migrations[bench->input.set.len++];

	*m = migration(key, sql);
	m->path = path;
}

static inline void bench_run(struct bench *bench)
{
	if (bench->reported)
		sl_report_done(&bench->report);
	sl_review_run(&bench->report, bench->arena, &bench->input);
	bench->reported = true;
}

/* One file with this SQL, reviewed. */
static inline const struct sl_file_report *review(struct bench *bench, const char *sql)
{
	bench->input.set.len = 0;
	bench_add(bench, "1", "1_a.sql", sql);
	bench_run(bench);
	return &bench->report.files[0];
}

static inline size_t count(const struct sl_file_report *file, const char *rule)
{
	size_t n = 0;

	for (size_t i = 0; i < file->finding_count; i++)
		n += sl_str_eq(file->findings[i].rule->id, rule);
	return n;
}

static inline const struct sl_finding *find(const struct sl_file_report *file, const char *rule)
{
	static const struct sl_finding none = { .message = "" };

	for (size_t i = 0; i < file->finding_count; i++) {
		if (sl_str_eq(file->findings[i].rule->id, rule))
			return &file->findings[i];
	}
	fail_msg("no finding of %s", rule);
	return &none;
}

static inline int bench_setup(void **state)
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

static inline int bench_teardown(void **state)
{
	struct bench *bench = *state;

	if (bench->reported)
		sl_report_done(&bench->report);
	sl_catalog_unref(bench->input.base);
	sl_arena_free(bench->arena);
	free(bench);
	return 0;
}

#define BENCH_TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_setup, bench_teardown)

#endif
