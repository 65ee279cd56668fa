#include "execute_int.h"

#include "sluice/core/str.h"

#include <inttypes.h>
#include <string.h>

/* Whether a PRAGMA foreign_keys took effect as it was written. */
static enum sl_code verify_keys(struct file *file, const struct step *step)
{
	struct run *run = file->run;
	struct sl_rows rows = { 0 };
	enum sl_code code;

	file->checks_keys = true;
	code = sl_conn_query(run->conn, &rows, run->arena, "PRAGMA foreign_keys", run->err);
	if (code != SL_OK)
		return apply_ledger_failed(file, code, apply_place(run, file->plan, step),
			run->err);
	if (rows.len == 1 &&
		sl_str_eq(sl_rows_cell(&rows, 0, 0), step->keys == KEYS_OFF ? "0" : "1"))
		return SL_OK;
	return apply_fail(run, apply_failed(file), SL_EINVAL, "%s: the pragma had no effect; %s",
		apply_place(run, file->plan, step), apply_so_far(file));
}

static enum sl_code run_session(struct file *file, unsigned i)
{
	const struct step *step = &file->plan->steps[i];
	int64_t rows = -1;
	enum sl_code code = apply_run_message(file,
		&(struct message){ .first = i, .end = i + 1, .rows = &rows });

	if (code == SL_OK && step->keys != KEYS_AS_THEY_ARE)
		code = verify_keys(file, step);
	return code;
}

/* The row that says that a statement is about to run alone. */
static void put_announcement(struct file *file, struct sl_buf *sql, unsigned i, const char *before)
{
	struct run *run = file->run;
	const struct sl_migration *m = file->plan->migration;
	char hex[SL_SHA256_HEX];

	sl_buf_addf(sql,
		"INSERT INTO %sstep (scope, kind, version, run, sha256, state, was, statement, "
		"at) VALUES (",
		run->ledger.prefix);
	apply_ledger_values(&run->ledger, sql, run->ledger.scope, sl_migration_kind_name(m->kind),
		m->key, run->id, sl_hex(file->plan->steps[i].hash, SL_SHA256_SIZE, hex), "started",
		before, NULL);
	sl_buf_addf(sql, ", %u, %s); ", file->plan->steps[i].number,
		apply_ledger_now(&run->ledger));
}

/* Rows of the ledger in a transaction of their own. */
static enum sl_code journal(struct file *file, const struct sl_buf *sql, const char *what)
{
	struct run *run = file->run;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = apply_ledger_begin_with(&run->ledger, run->epoch, sql, &file->lock,
		&cause);

	return code == SL_OK ? apply_commit(file, what) :
			       apply_ledger_failed(file, code, what, &cause);
}

static enum sl_code announce(struct file *file, unsigned i, const char *before, const char *what)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	enum sl_code code;

	apply_forget_steps(file, &sql);
	put_announcement(file, &sql, i, before);
	apply_put_file(file, &sql, file->done);
	code = journal(file, &sql, what);
	file->has_row = file->has_row || code == SL_OK;
	apply_pause("alone-journaled");
	return code;
}

static void where_step(struct file *file, struct sl_buf *sql, unsigned number)
{
	const struct sl_migration *m = file->plan->migration;

	sl_buf_adds(sql, " WHERE scope = ");
	sl_conn_literal(file->run->conn, sql, file->run->ledger.scope);
	sl_buf_adds(sql, " AND kind = ");
	sl_conn_literal(file->run->conn, sql, sl_migration_kind_name(m->kind));
	sl_buf_adds(sql, " AND version = ");
	sl_conn_literal(file->run->conn, sql, m->key);
	if (number > 0)
		sl_buf_addf(sql, " AND statement = %u", number);
	sl_buf_adds(sql, "; ");
}

static void put_end(struct file *file, struct sl_buf *sql, unsigned i, int64_t rows)
{
	sl_buf_addf(sql, "UPDATE %sstep SET state = 'done', affected = %" PRId64 ", at = %s",
		file->run->ledger.prefix, rows, apply_ledger_now(&file->run->ledger));
	where_step(file, sql, file->plan->steps[i].number);
	apply_put_file(file, sql, apply_journaled_done(file, i + 1));
}

static void take_back(struct file *file, struct sl_buf *sql, unsigned i)
{
	const char *p = file->run->ledger.prefix;

	sl_buf_addf(sql, "DELETE FROM %sstep", p);
	where_step(file, sql, file->plan->steps[i].number);
	if (file->done > 0) {
		apply_put_file(file, sql, file->done);
	} else {
		sl_buf_addf(sql, "DELETE FROM %smigration", p);
		where_step(file, sql, 0);
	}
}

/* The end of a statement that ran alone: its row says done, or is taken back.  next: the one that
 * is announced with the same write, or NULL. */
static enum sl_code settle(struct file *file, unsigned i, bool applied, int64_t rows,
	const char *next)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	const char *what = apply_place(file->run, file->plan, &file->plan->steps[i]);
	enum sl_code code;

	if (applied)
		put_end(file, &sql, i, rows);
	else
		take_back(file, &sql, i);
	if (next)
		put_announcement(file, &sql, i + 1, next);
	code = journal(file, &sql, what);
	if (code == SL_OK)
		file->has_row = applied || file->done > 0;
	if (code == SL_OK && applied) {
		file->done = apply_journaled_done(file, i + 1);
		file->written = file->done == file->plan->len;
	}
	if (code == SL_OK && next)
		file->announced = next;
	return code;
}

enum sl_code apply_settle(struct run *run, struct plan *plan, unsigned done, unsigned statement,
	bool applied)
{
	struct file file = { .run = run, .plan = plan, .done = done };

	return settle(&file, statement - 1, applied, -1, NULL);
}

/* The server said no, or the token did: what remains of it decides the outcome. */
static enum sl_code alone_failed(struct file *file, unsigned i, const char *before)
{
	struct run *run = file->run;
	const struct step *step = &file->plan->steps[i];
	struct sl_error said = *run->err;
	enum sl_outcome outcome = run->outcome;
	enum sl_code code;

	if (sl_conn_tx_state(run->conn) == SL_TX_LOST) {
		run->try_after_us = SL_SECOND_US;
		return apply_fail(run, SL_OUTCOME_UNKNOWN, SL_EUNKNOWN,
			"%s: the connection was lost while it ran; whether it took effect is being "
			"found out",
			apply_place(run, file->plan, step));
	}
	code = apply_probe_failed(run, file->plan, step, before);
	if (code != SL_OK)
		return code;
	code = settle(file, i, false, -1, NULL);
	if (code != SL_OK)
		return code;
	*run->err = said;
	run->outcome = outcome;
	return said.code;
}

static bool set_limits_before(const struct plan *plan, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (plan->steps[k].sets_limits)
			return true;
	return false;
}

/* What runs alone outlives its client, and what runs beside all others waits as long as it takes,
 * unless the file says how long. */
static enum sl_code let_it_last(struct file *file, unsigned i, bool last, struct sl_error *err)
{
	struct run *run = file->run;
	enum sl_code code = sl_conn_outlive(run->conn, last, err);

	if (code != SL_OK || !file->plan->steps[i].concurrent || set_limits_before(file->plan, i))
		return code;
	return last ? apply_unlimit(run, err) : apply_limit(run, err);
}

/* What the next statement's announcement has to hold, where it can go with this one's end; *next
 * stays NULL where it cannot. */
static enum sl_code look_ahead(struct file *file, unsigned i, const char **next)
{
	const struct plan *plan = file->plan;

	*next = NULL;
	if (i + 1 >= plan->len || plan->steps[i + 1].class != STEP_ALONE)
		return SL_OK;
	return apply_probe_before(file->run, &plan->steps[i + 1], next);
}

static enum sl_code end_alone(struct file *file, unsigned i, int64_t rows)
{
	const char *what = apply_place(file->run, file->plan, &file->plan->steps[i]), *next;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = let_it_last(file, i, false, &cause);

	if (code != SL_OK)
		return apply_ledger_failed(file, code, what, &cause);
	code = look_ahead(file, i, &next);
	if (code == SL_OK)
		code = settle(file, i, true, rows, next);
	apply_pause("alone-settled");
	return code == SL_OK ? apply_check_lock(file, file->lock, what) : code;
}

static enum sl_code run_alone(struct file *file, unsigned i)
{
	struct run *run = file->run;
	const struct step *step = &file->plan->steps[i];
	const char *what = apply_place(run, file->plan, step);
	const char *before = file->announced;
	struct sl_error cause = SL_ERROR_INIT;
	int64_t rows = -1;
	enum sl_code code = SL_OK;

	file->announced = NULL;
	if (!before) {
		code = apply_probe_before(run, step, &before);
		if (code == SL_OK)
			code = announce(file, i, before, what);
	}
	if (code != SL_OK)
		return code;
	code = let_it_last(file, i, true, &cause);
	if (code != SL_OK)
		return apply_ledger_failed(file, code, what, &cause);
	apply_progress(run, SL_APPLY_EXECUTE, i, file->plan->len, file->plan->migration->path);
	code = apply_run_message(file,
		&(struct message){ .first = i, .end = i + 1, .rows = &rows });
	if (code != SL_OK)
		return alone_failed(file, i, before);
	apply_pause("alone-done");
	return end_alone(file, i, rows);
}

/* MySQL: variables, and the last id that was given out, go with their session. */
static enum sl_code check_variables(struct file *file)
{
	const struct plan *plan = file->plan;
	bool left = false;

	for (unsigned i = 0; i < file->done; i++)
		left = left || plan->steps[i].variables || plan->steps[i].inserts;
	for (unsigned i = file->done; left && i < plan->len; i++)
		if (plan->steps[i].variables)
			return apply_fail(file->run, SL_OUTCOME_NEEDS_HUMAN, SL_EHUMAN,
				"%s: it may need a variable, or the last id given out, that a "
				"session which is gone held; %s; do the rest by hand, or undo them, "
				"then say so: %s",
				apply_place(file->run, plan, &plan->steps[i]), apply_so_far(file),
				apply_resolve_command(file->run, plan->migration, 0));
	return SL_OK;
}

/* Settings that the statements before left in a session which is gone. */
static enum sl_code restore_session(struct file *file)
{
	struct run *run = file->run;
	const struct plan *plan = file->plan;

	for (unsigned i = 0; i < file->done; i++) {
		const struct step *step = &plan->steps[i];
		struct sl_error cause = SL_ERROR_INIT;
		enum sl_code code;

		if (step->keeps_state)
			return apply_fail(run, SL_OUTCOME_NEEDS_HUMAN, SL_EHUMAN,
				"%s: what it left in its session (a temporary table, a prepared "
				"statement) is gone, and the statements after it cannot go on; %s; "
				"do the rest by hand, or undo them, then say so: %s",
				apply_place(run, plan, step), apply_so_far(file),
				apply_resolve_command(run, plan->migration, 0));
		if (!step->keeps_constant && step->class != STEP_SESSION)
			continue;
		code = sl_conn_exec(run->conn, &step->exec, NULL, &cause);
		if (code != SL_OK)
			return apply_ledger_failed(file, code, apply_place(run, plan, step),
				&cause);
		file->checks_keys = file->checks_keys || step->keys != KEYS_AS_THEY_ARE;
	}
	return SL_OK;
}

/* MySQL: what cannot be undone is journaled like a statement that stands alone, where the file
 * says that it needs no transaction. */
static enum sl_code run_transaction(struct file *file, unsigned first, unsigned end)
{
	const struct plan *plan = file->plan;
	const char *engine = NULL;
	enum sl_code code = apply_check_undoable(file->run, plan, first, end, &engine);

	if (code != SL_OK || !engine)
		return code == SL_OK ? apply_run_segment(file, first, end) : code;
	if (plan->migration->no_transaction)
		return run_alone(file, first);
	return apply_fail(file->run, apply_failed(file), SL_EINVAL,
		"%s: it writes a table of the engine %s, which knows no transactions, so that neither "
		"a failure could be undone nor an interruption proved; convert the table to InnoDB, "
		"or say that the file needs no transaction; %s",
		apply_place(file->run, plan, &plan->steps[first]), engine, apply_so_far(file));
}

static enum sl_code run_file(struct file *file)
{
	const struct plan *plan = file->plan;
	unsigned at = file->done, end;
	enum sl_code code = check_variables(file);

	if (code == SL_OK)
		code = restore_session(file);

	while (code == SL_OK && at < plan->len) {
		end = apply_plan_segment_end(plan, at);
		switch (plan->steps[at].class) {
		case STEP_SESSION:
			code = run_session(file, at);
			break;
		case STEP_ALONE:
			code = run_alone(file, at);
			break;
		case STEP_IN:
		case STEP_POINT:
			code = run_transaction(file, at, end);
			break;
		}
		at = end;
	}
	if (code == SL_OK && !file->written)
		code = apply_run_segment(file, plan->len, plan->len);
	return code;
}

static void note_end(struct file *file, enum sl_code code, unsigned had)
{
	struct sl_apply_migration *result = file->result;

	result->done = file->done;
	file->run->result->done += file->done - had;
	if (code == SL_OK)
		result->did = had == file->plan->len && had > 0 ? SL_APPLY_HAD_RUN : SL_APPLY_DID;
	else
		result->did = file->done > 0 ? SL_APPLY_DID_PART : SL_APPLY_DID_NOTHING;
}

struct file apply_file_at(struct run *run, size_t i)
{
	struct plan *plan = &run->pending.at[i];
	const struct entry *entry = apply_ledger_find(&run->ledger, plan->migration->kind,
		plan->migration->key);
	struct file file = { .run = run,
		.plan = plan,
		.result = &run->pending.results[i],
		.unrecorded = !entry };

	file.written = apply_settled(plan->migration, entry); /* its last statement was in doubt */
	if (file.written)
		file.done = plan->len;
	else if (entry && entry->state == SL_LEDGER_PARTIAL)
		file.done = entry->done;
	return file;
}

enum sl_code apply_execute(struct run *run, size_t i)
{
	struct file file = apply_file_at(run, i);
	const struct plan *plan = file.plan;
	const unsigned had = file.done;
	int64_t started = sl_clock_mono(run->request->clock);
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code;

	if (plan->dirties_session) /* it may take away what is prepared */
		run->ledger.prepared = false;
	code = run_file(&file);
	note_end(&file, code, had);
	file.result->took_us = sl_clock_mono(run->request->clock) - started;
	if (code == SL_OK && plan->dirties_session) {
		code = sl_conn_reset(run->conn, &cause);
		if (code == SL_OK)
			code = apply_limit(run, &cause);
		if (code != SL_OK)
			code = apply_ledger_failed(&file, code, plan->migration->path, &cause);
	}
	return code;
}
