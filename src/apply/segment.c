#include "execute_int.h"

#include <inttypes.h>

/* How much of a file is sent at once. */
#define MESSAGE_MAX ((size_t)1 << 20)

unsigned apply_journaled_done(const struct file *file, unsigned end)
{
	for (unsigned i = end; i < file->plan->len; i++)
		if (file->plan->steps[i].class != STEP_SESSION)
			return end;
	return file->plan->len;
}

/* A statement that left its transaction, or touched more rows than were agreed on. */
static enum sl_code check_statement(struct file *file, const struct step *step, int64_t rows)
{
	struct run *run = file->run;

	if (sl_conn_tx_state(run->conn) != SL_TX_OPEN)
		return apply_fail(run, SL_OUTCOME_NEEDS_HUMAN, SL_EHUMAN,
			"%s: the statement ended the transaction around it; what it left behind "
			"has to be looked at",
			apply_place(run, file->plan, step));
	if (run->request->max_rows > 0 && step->dml && rows > run->request->max_rows) {
		sl_conn_rollback(run->conn);
		return apply_fail(run, apply_failed(file), SL_EINVAL,
			"%s: %" PRId64 " rows touched where at most %" PRId64
			" were agreed on; rolled back, %s",
			apply_place(run, file->plan, step), rows, run->request->max_rows,
			apply_so_far(file));
	}
	return SL_OK;
}

static enum sl_code count_violations(struct run *run, size_t *count, struct sl_error *err)
{
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_conn_query(run->conn, &rows, run->arena, "PRAGMA foreign_key_check",
		err);

	*count = rows.len;
	return code;
}

void apply_forget_steps(struct file *file, struct sl_buf *sql)
{
	const struct ledger *ledger = &file->run->ledger;
	const struct sl_migration *m = file->plan->migration;

	if (m->kind != SL_MIGRATION_REPEATABLE || file->done > 0)
		return;
	sl_buf_addf(sql, "DELETE FROM %sstep WHERE scope = ", file->run->ledger.prefix);
	sl_conn_literal(file->run->conn, sql, ledger->scope);
	sl_buf_adds(sql, " AND kind = 'repeatable' AND version = ");
	sl_conn_literal(file->run->conn, sql, m->key);
	sl_buf_adds(sql, "; ");
}

static struct entry_write entry_of(const struct file *file, unsigned done)
{
	const struct run *run = file->run;
	bool complete = done == file->plan->len;

	return (struct entry_write){ .migration = file->plan->migration,
		.state = complete ? SL_LEDGER_APPLIED : SL_LEDGER_PARTIAL,
		.done = done,
		.total = file->plan->len,
		.tokens_sha256 = file->plan->tokens_sha256,
		.run = run->id,
		.actor = run->request->actor ? run->request->actor : "",
		.reason = "",
		.first = file->unrecorded };
}

void apply_put_file(struct file *file, struct sl_buf *sql, unsigned done)
{
	const struct entry_write entry = entry_of(file, done);
	struct ledger *ledger = &file->run->ledger;

	if (file->has_row)
		apply_ledger_put_progress(ledger, sql, &entry);
	else
		apply_ledger_put(ledger, sql, &entry);
	file->unrecorded = false;
}

/* A failure of our own words to the target, outside the users' statements. */
enum sl_code apply_ledger_failed(struct file *file, enum sl_code code, const char *what,
	const struct sl_error *cause)
{
	struct run *run = file->run;

	sl_conn_rollback(run->conn);
	if (code == SL_EBUSY)
		return apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s: %s%s; %s", what, cause->msg,
			apply_blocked_by(run), apply_so_far(file));
	if (code == SL_ECONFLICT) {
		run->try_after_us = SL_SECOND_US;
		return apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s: %s; %s", what, cause->msg,
			apply_so_far(file));
	}
	if (code == SL_ECANCELED)
		return apply_fail(run, SL_OUTCOME_CANCELED, code, "%s: canceled; %s", what,
			apply_so_far(file));
	if (sl_conn_tx_state(run->conn) == SL_TX_LOST) {
		run->try_after_us = SL_SECOND_US;
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_EUNAVAIL, "%s: %s; %s", what,
			cause->msg, apply_so_far(file));
	}
	return apply_fail(run, code == SL_EUNAVAIL ? SL_OUTCOME_BLOCKED : apply_failed(file), code,
		"%s: %s; rolled back, %s", what, cause->msg, apply_so_far(file));
}

static enum sl_code committed(struct file *file, enum sl_code code, const char *what,
	const struct sl_error *cause)
{
	struct run *run = file->run;

	if (code == SL_OK) {
		apply_pause("after-commit");
		return SL_OK;
	}
	if (code == SL_EUNKNOWN) {
		run->try_after_us = SL_SECOND_US;
		return apply_fail(run, SL_OUTCOME_UNKNOWN, code, "%s: %s", what, cause->msg);
	}
	return apply_ledger_failed(file, code, what, cause);
}

enum sl_code apply_commit(struct file *file, const char *what)
{
	struct run *run = file->run;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code;

	apply_pause("before-commit");
	code = sl_conn_commit(run->conn, &cause);
	return committed(file, code, what, &cause);
}

enum sl_code apply_begin(struct file *file, const char *what)
{
	struct run *run = file->run;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = apply_ledger_begin(&run->ledger, run->epoch, &cause);

	return code == SL_OK ? SL_OK : apply_ledger_failed(file, code, what, &cause);
}

/* Statements can give the session's lock away (pg_advisory_unlock_all). */
enum sl_code apply_check_lock(struct file *file, enum lock_seen seen, const char *what)
{
	struct sl_error cause = SL_ERROR_INIT;
	bool held = seen == LOCK_HELD;
	enum sl_code code = seen == LOCK_NOT_ASKED ?
		sl_conn_lock_held(file->run->conn, file->run->ledger.scope, &held, &cause) :
		SL_OK;

	if (code != SL_OK)
		return apply_ledger_failed(file, code, what, &cause);
	if (!held)
		return apply_fail(file->run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"%s: the session has lost its lock (a statement gave it away, or a pooler "
			"shares sessions); %s",
			what, apply_so_far(file));
	return SL_OK;
}

static enum sl_code check_keys(struct file *file, size_t before, const char *what)
{
	struct run *run = file->run;
	struct sl_error cause = SL_ERROR_INIT;
	size_t after = 0;
	enum sl_code code;

	if (!file->checks_keys)
		return SL_OK;
	code = count_violations(run, &after, &cause);
	if (code != SL_OK)
		return apply_ledger_failed(file, code, what, &cause);
	if (after <= before)
		return SL_OK;
	sl_conn_rollback(run->conn);
	return apply_fail(run, apply_failed(file), SL_EINVAL,
		"%s: %zu rows would point to nothing (foreign_key_check); rolled back, %s", what,
		after - before, apply_so_far(file));
}

/* Whether the transaction begins in the message of its first statement: nothing has to be looked at
 * in between. */
static bool begins_with(const struct file *file, unsigned first, unsigned end)
{
	const struct sl_conn *conn = file->run->conn;

	return sl_conn_pipelines(conn) && !sl_conn_pooled(conn) && !file->plan->dirties_session &&
		first < end && !file->plan->steps[first].copies;
}

/* A transaction that stands before its first statement does. */
static enum sl_code begin_segment(struct file *file, const char *what, size_t *violations)
{
	struct run *run = file->run;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = apply_begin(file, what);

	if (code == SL_OK && (file->plan->dirties_session || sl_conn_pooled(run->conn)))
		code = apply_check_lock(file, LOCK_NOT_ASKED, what);
	if (code == SL_OK && file->checks_keys &&
		count_violations(run, violations, &cause) != SL_OK)
		code = apply_ledger_failed(file, cause.code, what, &cause);
	return code;
}

/* Whether nothing has to be known of a statement before the next one is sent. */
static bool needs_no_answer(const struct run *run, const struct step *step)
{
	return !run->request->journal && !step->copies &&
		(run->request->max_rows == 0 || !step->dml);
}

/* What is sent at once from steps[first] on. */
static unsigned message_end(const struct file *file, unsigned first, unsigned end)
{
	const struct step *steps = file->plan->steps;
	size_t bytes = steps[first].exec.len;
	unsigned at = first + 1;

	while (at < end && needs_no_answer(file->run, &steps[at - 1]) && !steps[at].copies) {
		bytes += steps[at].exec.len;
		if (bytes > MESSAGE_MAX)
			break;
		at++;
	}
	return at;
}

static enum sl_code run_messages(struct file *file, unsigned first, unsigned end, bool begins,
	int64_t *rows)
{
	const struct plan *plan = file->plan;
	struct message message = { .end = first };
	enum sl_code code = SL_OK;

	while (code == SL_OK && message.end < end) {
		message.begins = begins && message.end == first;
		message.first = message.end;
		message.end = begins ? message_end(file, message.first, end) : message.first + 1;
		message.rows = &rows[message.first - first];
		apply_progress(file->run, SL_APPLY_EXECUTE, message.first, plan->len,
			plan->migration->path);
		code = apply_run_message(file, &message);
		for (unsigned i = message.first; i < message.end; i++) {
			if (code == SL_OK)
				code = check_statement(file, &plan->steps[i], rows[i - first]);
			apply_pause("statement-done");
		}
	}
	return code;
}

/* The ledger rows of a segment and its COMMIT. */
static enum sl_code end_part(struct file *file, const struct steps_write *steps, unsigned end,
	const char *what)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct ledger *ledger = &file->run->ledger;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code;

	apply_forget_steps(file, &sql);
	apply_ledger_put_steps(ledger, &sql, steps);
	apply_put_file(file, &sql, apply_journaled_done(file, end));
	apply_pause("before-ledger-rows");
	if (sl_conn_pipelines(file->run->conn)) {
		apply_pause("before-commit");
		code = apply_ledger_write_commit(ledger, &sql, &cause);
		return committed(file, code, what, &cause);
	}
	code = apply_ledger_write(ledger, &sql, &cause);
	return code == SL_OK ? apply_commit(file, what) :
			       apply_ledger_failed(file, code, what, &cause);
}

/* Whether the segment is all of a file of which the ledger has nothing yet, so that its rows are
 * those that are prepared. */
static bool is_whole(const struct file *file, unsigned first, unsigned end)
{
	return file->run->ledger.prepared && !file->plainly && file->unrecorded && first == 0 &&
		file->plan->migration->kind != SL_MIGRATION_REPEATABLE &&
		apply_journaled_done(file, end) == file->plan->len;
}

/* The first message of the file behind this one, where nobody has to know that this one committed
 * before it is sent. */
static bool next_message(const struct file *file, struct file *next, struct message *message)
{
	struct run *run = file->run;
	const size_t i = (size_t)(file->plan - run->pending.at) + 1;
	unsigned end;

	if (run->request->journal || i >= run->pending.len)
		return false;
	*next = apply_file_at(run, i);
	if (next->done > 0 || next->written || next->plan->len == 0 ||
		(next->plan->steps[0].class != STEP_IN && next->plan->steps[0].class != STEP_POINT))
		return false;
	end = apply_plan_segment_end(next->plan, 0);
	if (!begins_with(next, 0, end))
		return false;
	*message = (struct message){ .end = message_end(next, 0, end), .begins = true };
	return true;
}

/* The same of a whole file.  The first statements of the next one are on their way behind it then:
 * they run while what became of this one is looked at, and end in a transaction of their own. */
static enum sl_code end_file(struct file *file, const struct steps_write *steps, const char *what)
{
	struct run *run = file->run;
	const struct entry_write entry = entry_of(file, file->plan->len);
	struct sl_error cause = SL_ERROR_INIT;
	struct message message = { 0 };
	struct file next = { 0 };
	bool goes_on = next_message(file, &next, &message);
	size_t len = LEDGER_END_TEXTS + (goes_on ? apply_message_len(&message) : 0), done;
	struct sl_exec *all = sl_arena_calloc(run->arena, len, sizeof(*all));
	int64_t rows[LEDGER_END_TEXTS];
	enum sl_code code = SL_OK;

	if (!apply_ledger_end_prepared(&run->ledger, &entry, steps, all))
		code = sl_error_set(&cause, SL_ELIMIT, "the ledger's rows are too large");
	if (goes_on)
		apply_put_message(&next, &message, all + LEDGER_END_TEXTS);
	apply_pause("before-ledger-rows");
	apply_pause("before-commit");
	if (code == SL_OK)
		code = sl_conn_send_all(run->conn, all, len, &cause);
	if (code == SL_OK)
		code = sl_conn_take_all(run->conn, LEDGER_END_TEXTS, rows, &done, &cause);
	if (code == SL_OK && goes_on)
		run->ahead = next.plan;
	return committed(file, code, what, &cause);
}

static enum sl_code end_segment(struct file *file, unsigned first, unsigned end,
	const int64_t *rows, const char *what)
{
	const struct steps_write steps = { .migration = file->plan->migration,
		.run = file->run->id,
		.at = &file->plan->steps[first],
		.rows = rows,
		.len = end - first };

	return is_whole(file, first, end) ? end_file(file, &steps, what) :
					    end_part(file, &steps, end, what);
}

/* In a transaction that may have begun; it is over behind this. */
static enum sl_code try_segment(struct file *file, unsigned first, unsigned end, const char *what)
{
	struct run *run = file->run;
	int64_t *rows = sl_arena_calloc(run->arena, end - first + 1, sizeof(*rows));
	struct sl_error cause = SL_ERROR_INIT;
	bool begins = begins_with(file, first, end);
	size_t violations = 0;
	enum sl_code code = SL_OK;

	if (!begins)
		code = begin_segment(file, what, &violations);
	else if (!file->plainly && apply_ledger_prepare(&run->ledger, &cause) != SL_OK)
		code = apply_ledger_failed(file, cause.code, what, &cause);
	apply_pause("segment-begun");
	if (code == SL_OK)
		code = run_messages(file, first, end, begins, rows);
	if (code == SL_OK)
		code = check_keys(file, violations, what);
	run->watch.len = 0; /* whom a statement waited for is not in the way of its rows */
	if (code == SL_OK)
		code = end_segment(file, first, end, rows, what);
	if (sl_conn_tx_state(run->conn) == SL_TX_OPEN)
		sl_conn_rollback(run->conn);
	return code;
}

enum sl_code apply_run_segment(struct file *file, unsigned first, unsigned end)
{
	struct run *run = file->run;
	const struct plan *plan = file->plan;
	const char *what = first < end ? apply_place(run, plan, &plan->steps[first]) :
					 plan->migration->path;
	enum sl_code code = try_segment(file, first, end, what);

	/* A trigger's DEALLOCATE ALL: all was rolled back, and runs again without them. */
	if (code != SL_OK && run->ledger.prepared &&
		apply_ledger_says_unprepared(sl_conn_server_error(run->conn)) &&
		sl_conn_tx_state(run->conn) == SL_TX_IDLE) {
		run->ledger.prepared = false;
		file->plainly = true;
		apply_forget_place(run);
		code = try_segment(file, first, end, what);
	}
	if (code == SL_OK) {
		file->has_row = true;
		file->done = apply_journaled_done(file, end);
		file->written = file->done == plan->len;
	}
	return code;
}
