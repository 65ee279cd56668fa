#include "apply_int.h"

#include "sluice/core/str.h"
#include "sluice/core/utf8.h"

#include <inttypes.h>
#include <string.h>

/* Code points of a statement that people are shown. */
#define HEAD_MAX 200

/* One file on its way. */
struct file {
	struct run *run;
	const struct plan *plan;
	struct sl_apply_migration *result;
	unsigned done; /* statements with durable effect, from the first */
	bool checks_keys; /* SQLite: enforcement was switched, so it is checked by hand */
	bool written; /* the ledger says applied */
	const char
		*announced; /* what was seen before the next step, whose row is written; or NULL */
};

static unsigned journaled_done(const struct file *file, unsigned end)
{
	for (unsigned i = end; i < file->plan->len; i++)
		if (file->plan->steps[i].class != STEP_SESSION)
			return end;
	return file->plan->len;
}

static const char *head_of(struct run *run, const struct step *step)
{
	size_t len = step->exec.len < 4 * (size_t)HEAD_MAX ? step->exec.len : 4 * (size_t)HEAD_MAX;

	len = sl_utf8_cut(step->exec.sql, step->exec.len, len);
	while (sl_utf8_count(step->exec.sql, len) > HEAD_MAX)
		len = sl_utf8_cut(step->exec.sql, len, len - 1);
	return sl_arena_strndup(run->arena, step->exec.sql, len);
}

static struct sl_step step_record(struct file *file, const struct step *step)
{
	struct run *run = file->run;

	return (struct sl_step){ .run_id = run->id,
		.number = ++run->number,
		.migration = file->plan->migration->key,
		.path = file->plan->migration->path,
		.statement = step->number,
		.line = step->line,
		.sql_head = head_of(run, step),
		.rows = -1,
		.started_at = sl_clock_wall(run->request->clock),
		.error = "" };
}

static void tell_step(struct run *run, const struct sl_step *record)
{
	const struct sl_apply_journal *journal = run->request->journal;
	struct sl_error err = SL_ERROR_INIT;

	if (journal && journal->step && journal->step(journal->ctx, record, &err) != SL_OK)
		apply_notice(run, "the journal missed a step: %s", err.msg);
}

static enum sl_outcome failed(const struct file *file)
{
	return file->done > 0 ? SL_OUTCOME_FAILED_PARTIAL : SL_OUTCOME_FAILED_CLEAN;
}

/* "after 2 of 5 statements" for a file that stands half way. */
static const char *so_far(const struct file *file)
{
	return sl_arena_printf(file->run->arena, "%u of %u statements are applied", file->done,
		file->plan->len);
}

static enum sl_code may_go_on(struct file *file, const struct sl_step *next)
{
	struct run *run = file->run;
	const struct sl_apply_journal *journal = run->request->journal;
	struct sl_error err = SL_ERROR_INIT;
	enum sl_code code;

	if (!journal || !journal->may_go_on)
		return SL_OK;
	code = journal->may_go_on(journal->ctx, next, &err);
	if (code == SL_OK)
		return SL_OK;
	if (code == SL_ECANCELED)
		return apply_fail(run, SL_OUTCOME_CANCELED, code, "%s:%u: stopped before it: %s",
			next->path, next->line, so_far(file));
	return apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s:%u: stopped before it (%s): %s",
		next->path, next->line, err.msg, so_far(file));
}

static void point_at(struct file *file, const struct step *step)
{
	const struct sl_server_error *server = sl_conn_server_error(file->run->conn);
	struct sl_apply_result *result = file->run->result;
	size_t column = step->column;
	unsigned line = step->line;
	const char *s = step->exec.sql, *end = s + step->exec.len;

	for (size_t at = 1; at < server->position && s < end; at++) {
		size_t size = 1;

		(void)sl_utf8_decode(s, (size_t)(end - s), &size);
		column++;
		if (*s == '\n') {
			line++;
			column = 1;
		}
		s += size;
	}
	result->path = file->plan->migration->path;
	result->line = line;
	result->column = (unsigned)column;
	result->server_code = sl_arena_strdup(file->run->arena, server->code);
}

/* What a statement's failure means; its transaction, if it had one, is rolled back already. */
static enum sl_code statement_failed(struct file *file, const struct step *step, enum sl_code code,
	const struct sl_error *cause)
{
	struct run *run = file->run;
	const char *at = sl_arena_printf(run->arena, "%s:%u", file->plan->migration->path,
		run->result->line > 0 ? run->result->line : step->line);

	switch (code) {
	case SL_ECANCELED:
		return apply_fail(run, SL_OUTCOME_CANCELED, code,
			"%s: canceled, nothing of it remains; %s", at, so_far(file));
	case SL_EBUSY:
		return apply_fail(run, SL_OUTCOME_BLOCKED, code,
			"%s: %s%s; nothing of it remains, %s", at, cause->msg,
			apply_blocked_by(run), so_far(file));
	default:
		if (sl_conn_tx_state(run->conn) == SL_TX_LOST) {
			run->try_after_us = SL_SECOND_US;
			return apply_fail(run, SL_OUTCOME_BLOCKED, SL_EUNAVAIL,
				"%s: %s; nothing of the open transaction remains, %s", at,
				cause->msg, so_far(file));
		}
		if (code == SL_ETIMEOUT || strstr(cause->msg, "statement timeout"))
			return apply_fail(run, failed(file), code,
				"%s: %s: it may run longer with --statement-timeout, the target's "
				"statement_timeout, or a SET in the file; nothing of it remains, %s",
				at, cause->msg, so_far(file));
		/* A full or read-only disk, a server without room: not the statement's fault. */
		return apply_fail(run, code == SL_EUNAVAIL ? SL_OUTCOME_BLOCKED : failed(file),
			code, "%s: %s; nothing of it remains, %s", at, cause->msg, so_far(file));
	}
}

static enum sl_code run_statement(struct file *file, const struct step *step, int64_t *rows)
{
	struct run *run = file->run;
	struct sl_step record = step_record(file, step);
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = may_go_on(file, &record);

	if (code != SL_OK)
		return code;
	tell_step(run, &record);
	run->watch.len = 0;
	run->watch.step = &record;
	code = sl_conn_exec(run->conn, &step->exec, rows, &cause);
	run->watch.step = NULL;
	if (code != SL_OK) {
		point_at(file, step);
		record.error = cause.msg;
	}
	record.rows = *rows;
	record.ended_at = sl_clock_wall(run->request->clock);
	tell_step(run, &record);
	if (code != SL_OK) {
		sl_conn_rollback(run->conn);
		return statement_failed(file, step, code, &cause);
	}
	return SL_OK;
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
		return apply_fail(run, failed(file), SL_EINVAL,
			"%s: %" PRId64 " rows touched where at most %" PRId64
			" were agreed on; rolled back, %s",
			apply_place(run, file->plan, step), rows, run->request->max_rows,
			so_far(file));
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

static void put_steps(struct file *file, struct sl_buf *sql, unsigned first, unsigned end,
	const int64_t *rows)
{
	const struct ledger *ledger = &file->run->ledger;
	const struct sl_migration *m = file->plan->migration;
	char hex[SL_SHA256_HEX];

	if (first == end)
		return;
	sl_buf_addf(sql,
		"INSERT INTO %sstep (scope, kind, version, run, sha256, state, was, statement, affected, "
		"at) "
		"VALUES ",
		file->run->ledger.prefix);
	for (unsigned i = first; i < end; i++) {
		(void)sl_hex(file->plan->steps[i].hash, SL_SHA256_SIZE, hex);
		sl_buf_adds(sql, i > first ? ", (" : "(");
		apply_ledger_values(ledger, sql, ledger->scope, sl_migration_kind_name(m->kind),
			m->key, file->run->id, hex, "done", "", NULL);
		sl_buf_addf(sql, ", %u, %" PRId64 ", %s)", file->plan->steps[i].number,
			rows[i - first], apply_ledger_now(ledger));
	}
	sl_buf_adds(sql, "; ");
}

/* A repeatable file that runs again begins a new count. */
static void forget_steps(struct file *file, struct sl_buf *sql)
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

static void put_entry(struct file *file, struct sl_buf *sql, unsigned done)
{
	struct run *run = file->run;
	bool complete = done == file->plan->len;

	apply_ledger_put(&run->ledger, sql,
		&(struct entry_write){ .migration = file->plan->migration,
			.state = complete ? SL_LEDGER_APPLIED : SL_LEDGER_PARTIAL,
			.done = done,
			.total = file->plan->len,
			.tokens_sha256 = file->plan->tokens_sha256,
			.run = run->id,
			.actor = run->request->actor ? run->request->actor : "",
			.reason = "" });
}

/* A failure of our own words to the target, outside the users' statements. */
static enum sl_code ledger_failed(struct file *file, enum sl_code code, const char *what,
	const struct sl_error *cause)
{
	struct run *run = file->run;

	sl_conn_rollback(run->conn);
	if (code == SL_EBUSY)
		return apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s: %s%s; %s", what, cause->msg,
			apply_blocked_by(run), so_far(file));
	if (code == SL_ECONFLICT) {
		run->try_after_us = SL_SECOND_US;
		return apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s: %s; %s", what, cause->msg,
			so_far(file));
	}
	if (code == SL_ECANCELED)
		return apply_fail(run, SL_OUTCOME_CANCELED, code, "%s: canceled; %s", what,
			so_far(file));
	if (sl_conn_tx_state(run->conn) == SL_TX_LOST) {
		run->try_after_us = SL_SECOND_US;
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_EUNAVAIL, "%s: %s; %s", what,
			cause->msg, so_far(file));
	}
	return apply_fail(run, code == SL_EUNAVAIL ? SL_OUTCOME_BLOCKED : failed(file), code,
		"%s: %s; rolled back, %s", what, cause->msg, so_far(file));
}

static enum sl_code commit(struct file *file, const char *what)
{
	struct run *run = file->run;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code;

	apply_pause("before-commit");
	code = sl_conn_commit(run->conn, &cause);
	if (code == SL_OK) {
		apply_pause("after-commit");
		return SL_OK;
	}
	if (code == SL_EUNKNOWN) {
		run->try_after_us = SL_SECOND_US;
		return apply_fail(run, SL_OUTCOME_UNKNOWN, code, "%s: %s", what, cause.msg);
	}
	return ledger_failed(file, code, what, &cause);
}

static enum sl_code begin(struct file *file, const char *what)
{
	struct run *run = file->run;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = apply_ledger_begin(&run->ledger, run->epoch, &cause);

	return code == SL_OK ? SL_OK : ledger_failed(file, code, what, &cause);
}

/* Statements can give the session's lock away (pg_advisory_unlock_all). */
static enum sl_code check_lock(struct file *file, const char *what)
{
	struct sl_error cause = SL_ERROR_INIT;
	bool held = true;
	enum sl_code code = sl_conn_lock_held(file->run->conn, file->run->ledger.scope, &held,
		&cause);

	if (code != SL_OK)
		return ledger_failed(file, code, what, &cause);
	if (!held)
		return apply_fail(file->run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"%s: the session has lost its lock (a statement gave it away, or a pooler "
			"shares sessions); %s",
			what, so_far(file));
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
		return ledger_failed(file, code, what, &cause);
	if (after <= before)
		return SL_OK;
	sl_conn_rollback(run->conn);
	return apply_fail(run, failed(file), SL_EINVAL,
		"%s: %zu rows would point to nothing (foreign_key_check); rolled back, %s", what,
		after - before, so_far(file));
}

static enum sl_code write_segment(struct file *file, unsigned first, unsigned end,
	const int64_t *rows, const char *what)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code;

	forget_steps(file, &sql);
	put_steps(file, &sql, first, end, rows);
	put_entry(file, &sql, journaled_done(file, end));
	apply_pause("before-ledger-rows");
	code = apply_ledger_write(&file->run->ledger, &sql, &cause);
	return code == SL_OK ? SL_OK : ledger_failed(file, code, what, &cause);
}

/* Statements first..end and their ledger rows in one transaction; both may be equal. */
static enum sl_code run_segment(struct file *file, unsigned first, unsigned end)
{
	struct run *run = file->run;
	const struct plan *plan = file->plan;
	int64_t *rows = sl_arena_calloc(run->arena, end - first + 1, sizeof(*rows));
	const char *what = first < end ? apply_place(run, plan, &plan->steps[first]) :
					 plan->migration->path;
	struct sl_error cause = SL_ERROR_INIT;
	size_t violations = 0;
	enum sl_code code = begin(file, what);

	if (code == SL_OK && (plan->dirties_session || sl_conn_pooled(run->conn)))
		code = check_lock(file, what);
	if (code == SL_OK && file->checks_keys &&
		count_violations(run, &violations, &cause) != SL_OK)
		code = ledger_failed(file, cause.code, what, &cause);
	apply_pause("segment-begun");
	for (unsigned i = first; code == SL_OK && i < end; i++) {
		apply_progress(run, SL_APPLY_EXECUTE, i, plan->len, plan->migration->path);
		code = run_statement(file, &plan->steps[i], &rows[i - first]);
		if (code == SL_OK)
			code = check_statement(file, &plan->steps[i], rows[i - first]);
		apply_pause("statement-done");
	}
	if (code == SL_OK)
		code = check_keys(file, violations, what);
	if (code == SL_OK)
		code = write_segment(file, first, end, rows, what);
	if (code == SL_OK)
		code = commit(file, what);
	if (sl_conn_tx_state(run->conn) == SL_TX_OPEN)
		sl_conn_rollback(run->conn);
	if (code == SL_OK) {
		file->done = journaled_done(file, end);
		file->written = file->done == plan->len;
	}
	return code;
}

/* Whether a PRAGMA foreign_keys took effect as it was written. */
static enum sl_code verify_keys(struct file *file, const struct step *step)
{
	struct run *run = file->run;
	struct sl_rows rows = { 0 };
	enum sl_code code;

	file->checks_keys = true;
	code = sl_conn_query(run->conn, &rows, run->arena, "PRAGMA foreign_keys", run->err);
	if (code != SL_OK)
		return ledger_failed(file, code, apply_place(run, file->plan, step), run->err);
	if (rows.len == 1 &&
		sl_str_eq(sl_rows_cell(&rows, 0, 0), step->keys == KEYS_OFF ? "0" : "1"))
		return SL_OK;
	return apply_fail(run, failed(file), SL_EINVAL, "%s: the pragma had no effect; %s",
		apply_place(run, file->plan, step), so_far(file));
}

static enum sl_code run_session(struct file *file, unsigned i)
{
	const struct step *step = &file->plan->steps[i];
	int64_t rows = -1;
	enum sl_code code = run_statement(file, step, &rows);

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

static enum sl_code announce(struct file *file, unsigned i, const char *before, const char *what)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct run *run = file->run;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = begin(file, what);

	if (code != SL_OK)
		return code;
	forget_steps(file, &sql);
	put_announcement(file, &sql, i, before);
	put_entry(file, &sql, file->done);
	code = apply_ledger_write(&run->ledger, &sql, &cause);
	if (code != SL_OK)
		return ledger_failed(file, code, what, &cause);
	code = commit(file, what);
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
	put_entry(file, sql, journaled_done(file, i + 1));
}

static void take_back(struct file *file, struct sl_buf *sql, unsigned i)
{
	const char *p = file->run->ledger.prefix;

	sl_buf_addf(sql, "DELETE FROM %sstep", p);
	where_step(file, sql, file->plan->steps[i].number);
	if (file->done > 0) {
		put_entry(file, sql, file->done);
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
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = begin(file, what);

	if (code != SL_OK)
		return code;
	if (applied)
		put_end(file, &sql, i, rows);
	else
		take_back(file, &sql, i);
	if (next)
		put_announcement(file, &sql, i + 1, next);
	code = apply_ledger_write(&file->run->ledger, &sql, &cause);
	if (code != SL_OK)
		return ledger_failed(file, code, what, &cause);
	code = commit(file, what);
	if (code == SL_OK && applied) {
		file->done = journaled_done(file, i + 1);
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
	code = apply_probe_failed(run, step, before);
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
		return ledger_failed(file, code, what, &cause);
	code = look_ahead(file, i, &next);
	if (code == SL_OK)
		code = settle(file, i, true, rows, next);
	apply_pause("alone-settled");
	return code == SL_OK ? check_lock(file, what) : code;
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
		return ledger_failed(file, code, what, &cause);
	apply_progress(run, SL_APPLY_EXECUTE, i, file->plan->len, file->plan->migration->path);
	code = run_statement(file, step, &rows);
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
				"session which is gone held; %s",
				apply_place(file->run, plan, &plan->steps[i]), so_far(file));
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
				"do the rest by hand, then say `sluice resolve`",
				apply_place(run, plan, step), so_far(file));
		if (!step->keeps_constant && step->class != STEP_SESSION)
			continue;
		code = sl_conn_exec(run->conn, &step->exec, NULL, &cause);
		if (code != SL_OK)
			return ledger_failed(file, code, apply_place(run, plan, step), &cause);
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
		return code == SL_OK ? run_segment(file, first, end) : code;
	if (plan->migration->no_transaction)
		return run_alone(file, first);
	return apply_fail(file->run, failed(file), SL_EINVAL,
		"%s: it writes a table of the engine %s, which knows no transactions, so that neither "
		"a failure could be undone nor an interruption proved; convert the table to InnoDB, "
		"or say that the file needs no transaction; %s",
		apply_place(file->run, plan, &plan->steps[first]), engine, so_far(file));
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
		code = run_segment(file, plan->len, plan->len);
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

enum sl_code apply_execute(struct run *run, size_t i)
{
	struct plan *plan = &run->pending.at[i];
	const struct entry *entry = apply_ledger_find(&run->ledger, plan->migration->kind,
		plan->migration->key);
	struct file file = { .run = run, .plan = plan, .result = &run->pending.results[i] };
	int64_t started = sl_clock_mono(run->request->clock);
	struct sl_error cause = SL_ERROR_INIT;
	unsigned had;
	enum sl_code code;

	file.written = apply_settled(plan->migration, entry); /* its last statement was in doubt */
	if (file.written)
		file.done = plan->len;
	else if (entry && entry->state == SL_LEDGER_PARTIAL)
		file.done = entry->done;
	had = file.done;
	code = run_file(&file);
	note_end(&file, code, had);
	file.result->took_us = sl_clock_mono(run->request->clock) - started;
	if (code == SL_OK && plan->dirties_session) {
		code = sl_conn_reset(run->conn, &cause);
		if (code == SL_OK)
			code = apply_limit(run, &cause);
		if (code != SL_OK)
			code = ledger_failed(&file, code, plan->migration->path, &cause);
	}
	return code;
}
