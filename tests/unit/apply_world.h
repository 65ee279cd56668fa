/* A world of one fake database, files made of text, and runs over them, for the tests of apply. */
#ifndef SLUICE_TESTS_APPLY_WORLD_H
#define SLUICE_TESTS_APPLY_WORLD_H

#include "sluice/apply.h"
#include "sluice/core/hash.h"
#include "sluice/core/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILES_MAX 8

/* What the script of the fake world does: the n-th operation of a kind gets a fate. */
struct plot {
	enum sl_fake_point point;
	enum sl_fake_fate fate;
	unsigned after;
	const char *sql; /* only statements that hold this text count; or NULL */
};

struct world {
	struct sl_arena *arena;
	struct sl_fake_world *fake;
	struct plot plot;
	struct sl_rand_seeded rand;
	struct sl_conn_spec spec;
	struct sl_migration files[FILES_MAX];
	struct sl_migration_set set;
	struct sl_apply_request request;
	struct sl_apply_result result;
	struct sl_error err;
};

static inline enum sl_fake_fate scripted(void *ctx, const char *database, enum sl_fake_point point,
	const char *sql, size_t len)
{
	struct plot *plot = ctx;

	(void)database;
	if (plot->fate == SL_FAKE_GOES_WELL || point != plot->point)
		return SL_FAKE_GOES_WELL;
	if (plot->sql && !memmem(sql, len, plot->sql, strlen(plot->sql)))
		return SL_FAKE_GOES_WELL;
	if (plot->after > 0) {
		plot->after--;
		return SL_FAKE_GOES_WELL;
	}
	if (plot->fate != SL_FAKE_FAILS && plot->fate != SL_FAKE_UNREACHABLE) {
		enum sl_fake_fate fate = plot->fate;

		plot->fate = SL_FAKE_GOES_WELL;
		return fate;
	}
	return plot->fate;
}

static inline int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct sl_fake_script script = { scripted, NULL };

	assert_non_null(w);
	script.ctx = &w->plot;
	w->plot.fate = SL_FAKE_GOES_WELL;
	w->arena = sl_arena_new();
	w->fake = sl_fake_world_new(&script);
	sl_rand_seed(&w->rand, 42);
	w->spec = (struct sl_conn_spec){ .clock = sl_clock_system(), .fake = w->fake };
	assert_int_equal(sl_engine_url_parse(&w->spec.url, w->arena, "sqlite:orders.db", NULL),
		SL_OK);
	w->set.at = w->files;
	w->request = (struct sl_apply_request){ .target = &w->spec,
		.target_name = "orders",
		.set = &w->set,
		.actor = "test",
		.clock = sl_clock_system(),
		.rand = &w->rand.rand };
	*state = w;
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *w = *state;

	sl_apply_result_done(&w->result);
	sl_fake_world_free(w->fake);
	sl_arena_free(w->arena);
	free(w);
	return 0;
}

static inline struct sl_migration *file_of(struct world *w, size_t i, const char *key,
	const char *sql)
{
	struct sl_migration *m = &w->files[i];
	char hash[SL_SHA256_HEX];

	sl_sha256_hex(sql, strlen(sql), hash);
	*m = (struct sl_migration){ .kind = SL_MIGRATION_VERSION,
		.key = key,
		.name = "test",
		.path = sl_arena_printf(w->arena, "V%s__test.sql", key),
		.sha256 = sl_arena_strdup(w->arena, hash),
		.sql = sql,
		.sql_len = strlen(sql),
		.first_line = 1 };
	if (w->set.len <= i)
		w->set.len = i + 1;
	return m;
}

static inline enum sl_code run(struct world *w)
{
	sl_apply_result_done(&w->result);
	w->err = (struct sl_error)SL_ERROR_INIT;
	return sl_apply_run(&w->request, &w->result, w->arena, &w->err);
}

static inline void must_apply(struct world *w)
{
	if (run(w) != SL_OK || w->result.outcome != SL_OUTCOME_APPLIED)
		fail_msg("%s: %s", sl_outcome_name(w->result.outcome), w->result.text);
}

static inline const char *value(struct world *w, const char *sql)
{
	struct plot kept = w->plot;
	struct sl_conn *conn = NULL;
	struct sl_rows rows = { 0 };
	struct sl_error err = SL_ERROR_INIT;

	w->plot.fate = SL_FAKE_GOES_WELL;
	if (sl_conn_open(&conn, &w->spec, &err) != SL_OK ||
		sl_conn_query(conn, &rows, w->arena, sql, &err) != SL_OK)
		fail_msg("%s: %s", sql, err.msg);
	sl_conn_close(conn);
	w->plot = kept;
	return rows.len > 0 ? sl_rows_cell(&rows, 0, 0) : NULL;
}

static inline void expect(struct world *w, enum sl_outcome outcome, enum sl_code code,
	const char *text)
{
	if (w->result.outcome != outcome || w->result.code != code || !strstr(w->result.text, text))
		fail_msg("%s, %s: %s", sl_outcome_name(w->result.outcome),
			sl_code_name(w->result.code), w->result.text);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
