#include "postgres_int.h"

#include "sluice/core/buf.h"
#include "sluice/core/json.h"
#include "sluice/core/str.h"

#include <inttypes.h>

/* The deepest plan that is looked into. */
#define PLAN_DEPTH 200

#define PLAN_MAX ((size_t)16 << 20)

static double plan_rows(const json_t *node)
{
	const json_t *rows = json_object_get(node, "Plan Rows");

	return json_is_number(rows) ? json_number_value(rows) : 0;
}

/* A ModifyTable node says 0 of itself: what it is fed is what it touches. */
static double touched(const json_t *node, unsigned depth)
{
	bool modifies = sl_str_eq(sl_json_str(node, "Node Type", ""), "ModifyTable");
	double sum = 0;
	size_t i;
	json_t *child;

	if (depth > PLAN_DEPTH)
		return 0;
	json_array_foreach(json_object_get(node, "Plans"), i, child) {
		const char *relation = sl_json_str(child, "Parent Relationship", "");

		if (modifies && !sl_str_eq(relation, "InitPlan") && !sl_str_eq(relation, "SubPlan"))
			sum += plan_rows(child);
		sum += touched(child, depth + 1);
	}
	return sum;
}

static void read_plan(struct sl_estimate *out, const char *text)
{
	json_t *plan sl_auto(sl_json_decref_p) = NULL;
	const json_t *root;
	double rows;

	if (sl_json_load(&plan, text, strlen(text), PLAN_MAX, "plan", NULL) != SL_OK)
		return;
	root = json_object_get(json_array_get(plan, 0), "Plan");
	if (!root)
		return;
	rows = touched(root, 0);
	out->kind = SL_ESTIMATE_PLANNER;
	out->rows = rows < 9e18 ? (int64_t)rows : INT64_MAX;
}

enum sl_code sl_pg_estimate(struct sl_conn *base, const char *sql, size_t len, int64_t limit_us,
	struct sl_estimate *out, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };
	char *text = sl_arena_alloc(arena, len + 128);
	int head;
	enum sl_code code;

	*out = (struct sl_estimate){ .kind = SL_ESTIMATE_UNKNOWN };
	head = snprintf(text, 128,
		"SET LOCAL statement_timeout = %" PRId64 "; EXPLAIN (FORMAT JSON) ",
		limit_us / 1000 > 0 ? limit_us / 1000 : 1);
	memcpy(text + head, sql, len);
	text[(size_t)head + len] = '\0';
	code = sl_pg_query(base, NULL, NULL, "BEGIN", err);
	if (code == SL_OK)
		code = sl_pg_query(base, &rows, arena, text, err);
	if (code == SL_OK && rows.len > 0)
		read_plan(out, sl_rows_cell(&rows, 0, 0));
	if (sl_conn_tx_state(base) == SL_TX_LOST || code == SL_ECANCELED || code == SL_ETIMEOUT)
		return code;
	sl_conn_rollback(base);
	return SL_OK;
}
