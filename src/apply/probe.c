#include "apply_int.h"

#include "sluice/core/str.h"

#include <string.h>

/*
 * What became of a statement that ran outside a transaction.  Whoever asks holds the session lock,
 * so the session that sent it has ended and nothing is under way any more.
 */

/* Indexes of a table: oid, validity, qualified name. */
static enum sl_code indexes_of(struct run *run, const char *table, struct sl_rows *rows,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);

	sl_buf_adds(&sql,
		"SELECT i.indexrelid, i.indisvalid, pg_catalog.quote_ident(n.nspname) || '.' || "
		"pg_catalog.quote_ident(c.relname), c.relname FROM pg_catalog.pg_index AS i "
		"JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid "
		"JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace "
		"WHERE i.indrelid = pg_catalog.to_regclass(");
	sl_conn_literal(run->conn, &sql, table);
	sl_buf_adds(&sql, ") ORDER BY i.indexrelid");
	return sl_conn_query(run->conn, rows, run->arena, sl_buf_str(&sql), err);
}

static enum sl_code ask_failed(struct run *run, enum sl_code code, const struct sl_error *cause)
{
	run->try_after_us = SL_SECOND_US;
	return apply_fail(run, SL_OUTCOME_UNKNOWN, SL_EUNKNOWN,
		"whether a statement took effect cannot be asked (%s: %s)", sl_code_name(code),
		cause->msg);
}

enum sl_code apply_probe_before(struct run *run, const struct step *step, const char **before)
{
	sl_auto_buf struct sl_buf list = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_error cause = SL_ERROR_INIT;
	struct sl_rows rows = { 0 };
	enum sl_code code;

	*before = "";
	if (step->probe == PROBE_OBJECTS) {
		code = apply_objects_before(run, step, before, &cause);
		return code == SL_OK ? SL_OK :
				       apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s", cause.msg);
	}
	if (step->probe != PROBE_INDEX_MADE)
		return SL_OK;
	code = indexes_of(run, step->table, &rows, &cause);
	if (code != SL_OK)
		return apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s", cause.msg);
	for (size_t i = 0; i < rows.len; i++)
		sl_buf_addf(&list, " %s ", sl_rows_cell(&rows, i, 0));
	*before = sl_arena_strdup(run->arena, sl_buf_str(&list));
	return SL_OK;
}

static enum sl_code drop_rest(struct run *run, const char *name, struct sl_error *err)
{
	const char *sql = sl_arena_printf(run->arena, "DROP INDEX CONCURRENTLY IF EXISTS %s", name);

	return sl_conn_query(run->conn, NULL, NULL, sql, err);
}

/* The index that is there now and was not before is this statement's, if there is just one and it
 * has the name; an invalid one is what an abort leaves behind. */
static enum sl_code probe_index(struct run *run, const struct step *step, const char *before,
	enum verdict *verdict)
{
	struct sl_error cause = SL_ERROR_INIT;
	struct sl_rows rows = { 0 };
	size_t found = 0, row = 0;
	enum sl_code code = indexes_of(run, step->table, &rows, &cause);

	if (code != SL_OK)
		return ask_failed(run, code, &cause);
	for (size_t i = 0; i < rows.len; i++) {
		const char *mark = sl_arena_printf(run->arena, " %s ", sl_rows_cell(&rows, i, 0));

		if (strstr(before, mark) ||
			(step->object[0] != '\0' &&
				!sl_str_eq(step->object, sl_rows_cell(&rows, i, 3))))
			continue;
		found++;
		row = i;
	}
	*verdict = found == 0 ? NOT_APPLIED : CANNOT_SAY;
	if (found != 1)
		return SL_OK;
	*verdict = APPLIED;
	if (sl_str_eq(sl_rows_cell(&rows, row, 1), "t"))
		return SL_OK;
	*verdict = NOT_APPLIED;
	code = drop_rest(run, sl_rows_cell(&rows, row, 2), &cause);
	if (code != SL_OK)
		return ask_failed(run, code, &cause);
	apply_notice(run, "the invalid index %s, left by an attempt that was cut off, was dropped",
		sl_rows_cell(&rows, row, 2));
	return SL_OK;
}

/* Whether a query of ours has a row. */
static enum sl_code any_row(struct run *run, const char *head, const char *name, const char *tail,
	bool *any)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_error cause = SL_ERROR_INIT;
	struct sl_rows rows = { 0 };
	enum sl_code code;

	sl_buf_adds(&sql, head);
	sl_conn_literal(run->conn, &sql, name);
	sl_buf_adds(&sql, tail);
	code = sl_conn_query(run->conn, &rows, run->arena, sl_buf_str(&sql), &cause);
	*any = rows.len > 0;
	return code == SL_OK ? SL_OK : ask_failed(run, code, &cause);
}

static enum sl_code probe_objects(struct run *run, const struct step *step, const char *before,
	enum verdict *verdict)
{
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = apply_objects_probe(run, step, before, verdict, &cause);

	return code == SL_OK ? SL_OK : ask_failed(run, code, &cause);
}

static enum sl_code probe(struct run *run, const struct step *step, const char *before,
	enum verdict *verdict)
{
	bool there = false;
	enum sl_code code = SL_OK;

	*verdict = CANNOT_SAY;
	switch (step->probe) {
	case PROBE_NOT:
		break;
	case PROBE_REPEAT:
		*verdict = NOT_APPLIED;
		break;
	case PROBE_OBJECTS:
		return probe_objects(run, step, before, verdict);
	case PROBE_INDEX_MADE:
		return probe_index(run, step, before, verdict);
	case PROBE_INDEX_DROPPED:
		code = any_row(run, "SELECT 1 WHERE pg_catalog.to_regclass(", step->object,
			") IS NOT NULL", &there);
		*verdict = there ? NOT_APPLIED : APPLIED;
		break;
	case PROBE_DATABASE_MADE:
	case PROBE_DATABASE_DROPPED:
		code = any_row(run,
			sl_conn_dialect(run->conn) == SL_DIALECT_POSTGRES ?
				"SELECT 1 FROM pg_catalog.pg_database WHERE datname = " :
				"SELECT 1 FROM information_schema.schemata WHERE schema_name = ",
			step->object, "", &there);
		*verdict = there == (step->probe == PROBE_DATABASE_MADE) ? APPLIED : NOT_APPLIED;
		break;
	}
	return code;
}

static enum sl_code ask_human(struct run *run, const struct plan *plan, const struct step *step,
	const char *why)
{
	run->result->path = plan->migration->path;
	run->result->line = step->line;
	return apply_fail(run, SL_OUTCOME_NEEDS_HUMAN, SL_EHUMAN,
		"%s: statement %u of %u %s; look at the target, then say what you found: %s",
		apply_place(run, plan, step), step->number, plan->len, why,
		apply_resolve_command(run, plan->migration, step->number));
}

/* A server that refuses a statement outside a transaction leaves nothing of it, but for what the
 * probes know better, and for what ran several. */
enum sl_code apply_probe_failed(struct run *run, const struct plan *plan, const struct step *step,
	const char *before)
{
	enum verdict verdict = NOT_APPLIED;
	enum sl_code code = SL_OK;

	if (step->several)
		return apply_fail(run, SL_OUTCOME_NEEDS_HUMAN, SL_EHUMAN,
			"%s: the statement failed (%s), and each of its statements commits by "
			"itself, so that some may have taken effect; look at the target, then say "
			"what you found: %s",
			apply_place(run, plan, step), sl_conn_server_error(run->conn)->message,
			apply_resolve_command(run, plan->migration, step->number));
	if (step->probe == PROBE_INDEX_MADE || step->probe == PROBE_OBJECTS) {
		struct sl_error said = *run->err;

		sl_conn_set_cancel(run->conn, NULL);
		code = probe(run, step, before, &verdict);
		sl_conn_set_cancel(run->conn, run->request->target->cancel);
		if (code == SL_OK)
			*run->err = said;
	}
	if (code == SL_OK && verdict != NOT_APPLIED)
		return apply_fail(run, SL_OUTCOME_NEEDS_HUMAN, SL_EHUMAN,
			"%s: the statement failed, and yet %s; look at the target, then say what "
			"you found: %s",
			apply_place(run, plan, step),
			step->probe == PROBE_OBJECTS ? "something that it names is another now" :
						       "an index of that name is there now",
			apply_resolve_command(run, plan->migration, step->number));
	return code;
}

static const struct entry_step *started_step(const struct run *run, const struct plan *plan)
{
	for (size_t i = 0; i < run->ledger.steps_len; i++) {
		const struct entry_step *step = &run->ledger.steps[i];

		if (step->started && step->kind == plan->migration->kind &&
			sl_str_eq(step->key, plan->migration->key))
			return step;
	}
	return NULL;
}

/* The lock says that the session has ended, unless its own statements gave the lock away. */
static enum sl_code await(struct run *run, const struct plan *plan, const struct step *step,
	const char *before)
{
	struct sl_error cause = SL_ERROR_INIT;
	const char *doing = NULL;
	enum sl_code code;

	if (step->probe != PROBE_OBJECTS)
		return SL_OK;
	code = apply_objects_awaited(run, before, &doing, &cause);
	if (code != SL_OK)
		return ask_failed(run, code, &cause);
	if (!doing)
		return SL_OK;
	run->try_after_us = SL_SECOND_US;
	return apply_fail(run, SL_OUTCOME_UNKNOWN, SL_EUNKNOWN,
		"%s: the statement of an earlier attempt is still at work: %s",
		apply_place(run, plan, step), doing);
}

enum sl_code apply_probe_started(struct run *run, struct plan *plan)
{
	const struct entry_step *begun = started_step(run, plan);
	const struct entry *entry = apply_ledger_find(&run->ledger, plan->migration->kind,
		plan->migration->key);
	const struct step *step;
	enum verdict verdict = CANNOT_SAY;
	char hex[SL_SHA256_HEX];
	enum sl_code code;

	if (!begun || !entry)
		return SL_OK;
	if (begun->statement == 0 || begun->statement > plan->len)
		return apply_fail(run, SL_OUTCOME_NEEDS_HUMAN, SL_EHUMAN,
			"%s: statement %u was begun and never seen to end, and the file has only %u",
			plan->migration->path, begun->statement, plan->len);
	step = &plan->steps[begun->statement - 1];
	if (!sl_str_eq(begun->sha256, sl_hex(step->hash, SL_SHA256_SIZE, hex)))
		return ask_human(run, plan, step,
			"was changed after it was begun and never seen to end");
	code = await(run, plan, step, begun->before);
	if (code == SL_OK)
		code = probe(run, step, begun->before, &verdict);
	if (code != SL_OK)
		return code;
	if (verdict == CANNOT_SAY)
		return ask_human(run, plan, step,
			"was begun and never seen to end, and its effect cannot be proved");
	if (verdict == APPLIED)
		apply_notice(run, "%s: found done by an attempt that was cut off",
			apply_place(run, plan, step));
	if (verdict == HALF_APPLIED)
		apply_notice(run,
			"%s: an attempt that was cut off has dropped what it replaces; it is made again",
			apply_place(run, plan, step));
	return apply_settle(run, plan, entry->done, begun->statement, verdict == APPLIED);
}
