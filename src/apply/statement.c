#include "execute_int.h"

#include "sluice/core/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* Code points of a statement that people are shown. */
#define HEAD_MAX 200

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

enum sl_outcome apply_failed(const struct file *file)
{
	return file->done > 0 ? SL_OUTCOME_FAILED_PARTIAL : SL_OUTCOME_FAILED_CLEAN;
}

/* "after 2 of 5 statements" for a file that stands half way. */
const char *apply_so_far(const struct file *file)
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
			next->path, next->line, apply_so_far(file));
	return apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s:%u: stopped before it (%s): %s",
		next->path, next->line, err.msg, apply_so_far(file));
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
			"%s: canceled, nothing of it remains; %s", at, apply_so_far(file));
	case SL_EBUSY:
		return apply_fail(run, SL_OUTCOME_BLOCKED, code,
			"%s: %s%s; nothing of it remains, %s", at, cause->msg,
			apply_blocked_by(run), apply_so_far(file));
	default:
		if (sl_conn_tx_state(run->conn) == SL_TX_LOST) {
			run->try_after_us = SL_SECOND_US;
			return apply_fail(run, SL_OUTCOME_BLOCKED, SL_EUNAVAIL,
				"%s: %s; nothing of the open transaction remains, %s", at,
				cause->msg, apply_so_far(file));
		}
		if (code == SL_ETIMEOUT || strstr(cause->msg, "statement timeout"))
			return apply_fail(run, apply_failed(file), code,
				"%s: %s: it may run longer with --statement-timeout, the target's "
				"statement_timeout, or a SET in the file; nothing of it remains, %s",
				at, cause->msg, apply_so_far(file));
		/* A full or read-only disk, a server without room: not the statement's fault. */
		return apply_fail(run,
			code == SL_EUNAVAIL ? SL_OUTCOME_BLOCKED : apply_failed(file), code,
			"%s: %s; nothing of it remains, %s", at, cause->msg, apply_so_far(file));
	}
}

static unsigned head_len(const struct message *message)
{
	return message->begins ? LEDGER_BEGIN_TEXTS : 0;
}

unsigned apply_message_len(const struct message *message)
{
	return head_len(message) + message->end - message->first;
}

void apply_put_message(const struct file *file, const struct message *message, struct sl_exec *out)
{
	const struct run *run = file->run;

	if (message->begins)
		apply_ledger_begin_texts(&run->ledger, run->epoch, out);
	out += head_len(message);
	for (unsigned i = message->first; i < message->end; i++)
		*out++ = file->plan->steps[i].exec;
}

static enum sl_code overtaken(const struct run *run, struct sl_error *err)
{
	return sl_error_set(err, SL_ECONFLICT,
		"another attempt has taken over (the fence is not at epoch %" PRId64 " any more)",
		run->epoch);
}

/* What was sent with the end of the file before only has its answers taken. */
static enum sl_code exchange(struct file *file, const struct message *message, int64_t *rows,
	size_t *ended, struct sl_error *err)
{
	struct run *run = file->run;
	unsigned len = apply_message_len(message);
	struct sl_exec *all;

	if (run->ahead) {
		assert(run->ahead == file->plan && message->begins);
		run->ahead = NULL;
		return sl_conn_take_all(run->conn, len, rows, ended, err);
	}
	all = sl_arena_calloc(run->arena, len, sizeof(*all));
	apply_put_message(file, message, all);
	return sl_conn_exec_all(run->conn, all, len, rows, ended, err);
}

/* *done: how many statements of the file ended well, -1 where their transaction did not begin. */
static enum sl_code send(struct file *file, const struct message *message, int *done,
	struct sl_error *err)
{
	struct run *run = file->run;
	unsigned len = message->end - message->first, head = head_len(message);
	int64_t *rows;
	size_t ended;
	enum sl_code code;

	*done = 0;
	if (head + len == 1)
		return sl_conn_exec(run->conn, &file->plan->steps[message->first].exec,
			message->rows, err);
	rows = sl_arena_calloc(run->arena, head + len, sizeof(*rows));
	code = exchange(file, message, rows, &ended, err);
	memcpy(message->rows, rows + head, len * sizeof(*rows));
	*done = ended < head ? -1 : (int)(ended - head);
	if (code != SL_OK || head == 0 || rows[head - 1] == 1)
		return code;
	*done = -1;
	return overtaken(run, err);
}

/* The one that failed: the last where all had ended well, and the end of their message failed. */
static const struct step *failed_step(const struct file *file, const struct message *message,
	int done)
{
	const struct step *first = &file->plan->steps[message->first];
	const int last = (int)(message->end - message->first) - 1;

	return first + (done < 0 ? 0 : done > last ? last : done);
}

static enum sl_code not_begun(struct file *file, const struct step *step, enum sl_code code,
	const struct sl_error *cause)
{
	struct run *run = file->run;
	struct sl_error fence = SL_ERROR_INIT;

	if (apply_ledger_says_overtaken(sl_conn_server_error(run->conn))) {
		code = overtaken(run, &fence);
		cause = &fence;
	}
	return apply_ledger_failed(file, code, apply_place(run, file->plan, step), cause);
}

enum sl_code apply_run_message(struct file *file, const struct message *message)
{
	struct run *run = file->run;
	const struct step *step = &file->plan->steps[message->first];
	struct sl_step record = step_record(file, step);
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = may_go_on(file, &record);
	int done;

	if (code != SL_OK)
		return code;
	tell_step(run, &record);
	run->watch.len = 0;
	run->watch.step = &record;
	code = send(file, message, &done, &cause);
	run->watch.step = NULL;
	if (code != SL_OK) {
		step = failed_step(file, message, done);
		point_at(file, step);
		record.error = cause.msg;
	}
	record.rows = message->rows[0];
	record.ended_at = sl_clock_wall(run->request->clock);
	tell_step(run, &record);
	if (code == SL_OK)
		return SL_OK;
	sl_conn_rollback(run->conn);
	return done < 0 ? not_begun(file, step, code, &cause) :
			  statement_failed(file, step, code, &cause);
}
