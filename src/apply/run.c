#include "apply_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/schema/catalog.h"
#include "sluice/schema/snapshot.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How often an attempt whose connection was lost goes on in a new session. */
#define PASSES_MAX 3

/* What a run that was canceled may take to write down its end. */
#define LAST_WORDS_US (10 * SL_SECOND_US)

static const char *const phase_names[] = {
	[SL_APPLY_CONNECT] = "connect",
	[SL_APPLY_LOCK] = "lock",
	[SL_APPLY_RECONCILE] = "reconcile",
	[SL_APPLY_CHECK] = "check",
	[SL_APPLY_SNAPSHOT_BEFORE] = "snapshot before",
	[SL_APPLY_EXECUTE] = "execute",
	[SL_APPLY_VERIFY] = "verify",
	[SL_APPLY_SNAPSHOT_AFTER] = "snapshot after",
};

_Static_assert(sizeof(phase_names) / sizeof(phase_names[0]) == SL_APPLY_PHASE_COUNT,
	"a phase has no name");

const char *sl_apply_phase_name(enum sl_apply_phase phase)
{
	return phase_names[phase];
}

void apply_notice(struct run *run, const char *fmt, ...)
{
	char text[SL_ERROR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < run->notices.len; i++)
		if (sl_str_eq(run->notices.at[i], text)) /* the files are gone through again */
			return;
	run->notices.at = sl_vec_reserve_in(run->arena, run->notices.at, run->notices.len,
		&run->notices.cap, sizeof(*run->notices.at));
	run->notices.at[run->notices.len++] = sl_arena_strdup(run->arena, text);
}

void apply_progress(const struct run *run, enum sl_apply_phase phase, unsigned done, unsigned total,
	const char *what)
{
	if (run->request->progress)
		run->request->progress(run->request->progress_ctx, phase, done, total, what);
}

enum sl_code apply_fail(struct run *run, enum sl_outcome outcome, enum sl_code code,
	const char *fmt, ...)
{
	char text[SL_ERROR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	run->outcome = outcome;
	return sl_error_set(run->err, code, "%s: %s", run->name, text);
}

void apply_forget_place(struct run *run)
{
	struct sl_apply_result *result = run->result;

	result->path = result->server_code = "";
	result->line = result->column = 0;
}

/* A failure before anything was begun: nothing to prove, try again. */
static enum sl_code not_begun(struct run *run, enum sl_code code, const struct sl_error *cause)
{
	enum sl_outcome outcome = code == SL_ECANCELED ? SL_OUTCOME_CANCELED : SL_OUTCOME_BLOCKED;

	if (code == SL_EHUMAN)
		outcome = SL_OUTCOME_NEEDS_HUMAN;
	if (code == SL_EBUSY)
		return apply_fail(run, outcome, code, "%s%s", cause->msg, apply_blocked_by(run));
	if (run->try_after_us == 0 && (sl_code_retryable(code) || code == SL_ETIMEOUT))
		run->try_after_us = 5 * SL_SECOND_US;
	return apply_fail(run, outcome, code, "%s", cause->msg);
}

/* The first words have no bound of the session's yet.  Where they meet a lock, or all takes that
 * long, they are left out: what is asked next has one, and says who is in the way. */
static enum sl_code open_with_first_words(struct run *run, struct sl_conn_spec spec,
	struct sl_error *err)
{
	const int64_t lock_us = apply_lock_us(run);
	struct sl_cancel *patience sl_auto(sl_cancel_free_p) = sl_cancel_new(run->request->clock,
		spec.cancel, lock_us > 0 ? lock_us + SL_SECOND_US : 0);
	enum sl_code code;

	spec.first = &run->first;
	spec.cancel = patience;
	code = sl_conn_open(&run->conn, &spec, err);
	if (code == SL_OK)
		sl_conn_set_cancel(run->conn, run->request->target->cancel);
	if (code != SL_ETIMEOUT)
		return code;
	run->first.sql = NULL;
	spec.first = NULL;
	spec.cancel = run->request->target->cancel;
	return sl_conn_open(&run->conn, &spec, err);
}

enum sl_code apply_connect(struct run *run)
{
	struct sl_conn_spec spec = *run->request->target;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code;

	apply_progress(run, SL_APPLY_CONNECT, 0, 0, run->name);
	run->limited = false;
	spec.application = sl_arena_printf(run->arena, "sluice/%s", run->id);
	code = run->first.sql ? open_with_first_words(run, spec, &cause) :
				sl_conn_open(&run->conn, &spec, &cause);
	if (code != SL_OK)
		return not_begun(run, code, &cause);
	if (sl_conn_remark(run->conn))
		apply_notice(run, "%s", sl_conn_remark(run->conn));
	apply_pause("connected");
	run->ledger.conn = run->conn;
	run->ledger.prepared = false;
	run->session = NULL;
	return SL_OK;
}

static enum sl_code limit(struct run *run)
{
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = run->limited ? SL_OK : apply_limit(run, &cause);

	run->limited = code == SL_OK;
	return code == SL_OK ? SL_OK : not_begun(run, code, &cause);
}

enum sl_code apply_read(struct run *run)
{
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = limit(run);

	if (code != SL_OK)
		return code;
	code = apply_ledger_read(&run->ledger, &cause);
	return code == SL_OK ? SL_OK : not_begun(run, code, &cause);
}

static bool has_started_step(const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->steps_len; i++)
		if (ledger->steps[i].started)
			return true;
	return false;
}

enum sl_code apply_take_lock(struct run *run)
{
	struct sl_error cause = SL_ERROR_INIT;
	const char *holder = "";
	bool got = false;
	enum sl_code code;

	apply_progress(run, SL_APPLY_LOCK, 0, 0, run->name);
	code = sl_conn_lock(run->conn, run->ledger.scope, &got, &holder, run->arena, &cause);
	if (code != SL_OK)
		return not_begun(run, code, &cause);
	apply_pause("locked");
	if (got)
		return limit(run);
	run->try_after_us = SL_SECOND_US;
	if (has_started_step(&run->ledger))
		return apply_fail(run, SL_OUTCOME_UNKNOWN, SL_EUNKNOWN,
			"a statement of an earlier attempt is still at work in %s", holder);
	return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT, "locked by %s", holder);
}

static enum sl_code take_snapshot(struct run *run, bool after)
{
	const struct sl_apply_journal *journal = run->request->journal;
	const struct sl_catalog **slot = after ? &run->result->after : &run->result->before;
	char *hash = after ? run->result->after_hash : run->result->before_hash;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code;

	if (run->request->skip_snapshots || *slot)
		return SL_OK;
	apply_progress(run, after ? SL_APPLY_SNAPSHOT_AFTER : SL_APPLY_SNAPSHOT_BEFORE, 0, 0,
		run->name);
	if (!after && run->empty)
		*slot = sl_steal(run->empty);
	code = *slot ? SL_OK : sl_conn_introspect(run->conn, slot, &cause);
	if (code != SL_OK && after) {
		if (code != SL_ECANCELED)
			apply_notice(run, "the snapshot after the run was not taken: %s",
				cause.msg);
		return SL_OK;
	}
	if (code != SL_OK)
		return not_begun(run, code, &cause);
	sl_snapshot_hash(*slot, hash);
	if (journal && journal->snapshot &&
		journal->snapshot(journal->ctx, after, *slot, &cause) != SL_OK)
		apply_notice(run, "the journal did not take the snapshot: %s", cause.msg);
	return SL_OK;
}

/* Store first, target second: whoever finds the target's row finds the intent too. */
static enum sl_code tell_intent(struct run *run)
{
	const struct sl_apply_journal *journal = run->request->journal;
	const struct sl_migration **list;
	struct sl_apply_intent intent = { .run = run->id,
		.epoch = run->epoch,
		.database_id = run->result->database_id,
		.pending_len = run->pending.len };
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code;

	apply_pause("before-intent");
	if (!journal || !journal->intent)
		return SL_OK;
	list = sl_arena_calloc(run->arena, run->pending.len + 1, sizeof(*list));
	for (size_t i = 0; i < run->pending.len; i++) {
		list[i] = run->pending.at[i].migration;
		intent.steps_total += run->pending.at[i].len;
	}
	intent.pending = list;
	code = journal->intent(journal->ctx, &intent, &cause);
	apply_pause("after-intent");
	return code == SL_OK ? SL_OK : not_begun(run, code, &cause);
}

void apply_put_identity(struct run *run, struct sl_buf *sql)
{
	const char *p = run->ledger.prefix;

	if (run->ledger.exists && !run->moved)
		return;
	if (run->ledger.exists)
		sl_buf_addf(sql, "DELETE FROM %sidentity%s; ", p, apply_ledger_any(&run->ledger));
	sl_buf_addf(sql,
		"INSERT INTO %sidentity (database_id, server, place, format, since) VALUES (", p);
	apply_ledger_values(&run->ledger, sql, run->result->database_id, run->identity.server,
		run->identity.database, NULL);
	sl_buf_addf(sql, ", %d, %s); ", LEDGER_FORMAT, apply_ledger_now(&run->ledger));
}

static void put_run(struct run *run, struct sl_buf *sql)
{
	const struct sl_apply_request *request = run->request;
	const char *p = run->ledger.prefix;
	const char *now = apply_ledger_now(&run->ledger);

	sl_buf_addf(sql,
		"UPDATE %srun SET outcome = 'interrupted', ended_at = %s WHERE ended_at IS NULL "
		"AND scope = ",
		p, now);
	sl_conn_literal(run->conn, sql, run->ledger.scope);
	sl_buf_addf(sql,
		"%s; INSERT INTO %srun (id, scope, installation, actor, tool, before_hash, epoch, "
		"started_at) VALUES (",
		apply_ledger_any(&run->ledger), p);
	apply_ledger_values(&run->ledger, sql, run->id, run->ledger.scope, run->installation,
		request->actor ? request->actor : "", request->tool ? request->tool : "sluice",
		run->result->before_hash, NULL);
	sl_buf_addf(sql, ", %" PRId64 ", %s)", run->epoch, now);
	apply_ledger_replace(&run->ledger, sql, "id", "epoch outcome ended_at");
}

static enum sl_code write_beginning(struct run *run, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	bool none = !run->ledger.exists;
	const char *owner = run->installation[0] != '\0' ? run->installation :
							   run->ledger.installation;
	enum sl_code code = sl_conn_begin(run->conn, true, err);

	if (code == SL_OK && none)
		code = apply_ledger_make(&run->ledger, err);
	if (code == SL_OK)
		code = apply_ledger_raise(&run->ledger, owner, run->epoch, err);
	if (code != SL_OK)
		return code;
	apply_put_identity(run, &sql);
	put_run(run, &sql);
	code = apply_ledger_write(&run->ledger, &sql, err);
	apply_pause("before-begun");
	return code == SL_OK ? sl_conn_commit(run->conn, err) : code;
}

/* The ledger where there is none, the fence raised, the run's row: one transaction. */
static enum sl_code begin_run(struct run *run)
{
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = write_beginning(run, &cause);

	if (code == SL_OK) {
		run->began = true;
		run->result->run = run->id;
		run->result->epoch = run->epoch;
		apply_pause("begun");
		return SL_OK;
	}
	sl_conn_rollback(run->conn);
	run->try_after_us = SL_SECOND_US;
	return not_begun(run, code == SL_EUNKNOWN ? SL_EUNAVAIL : code, &cause);
}

enum sl_code apply_identify(struct run *run, bool must_be_empty)
{
	struct sl_error cause = SL_ERROR_INIT;
	char id[SL_ID_SIZE];
	enum sl_code code = sl_conn_identity(run->conn, &run->identity, run->arena, &cause);

	if (code != SL_OK)
		return not_begun(run, code, &cause);
	code = apply_check(run, must_be_empty);
	if (code != SL_OK)
		return code;
	run->result->database_id = run->ledger.exists && !run->give_id ?
		run->ledger.database_id :
		sl_arena_strdup(run->arena, sl_rand_id(run->request->rand, id));
	run->epoch = (run->request->epoch > run->ledger.epoch ? run->request->epoch :
								run->ledger.epoch) +
		1;
	return SL_OK;
}

/* Statements that an attempt which died began outside a transaction. */
static enum sl_code settle_started(struct run *run)
{
	enum sl_code code = SL_OK;

	if (!has_started_step(&run->ledger))
		return SL_OK;
	for (size_t i = 0; code == SL_OK && i < run->pending.len; i++)
		code = apply_probe_started(run, &run->pending.at[i]);
	if (code != SL_OK)
		return code;
	return apply_read(run);
}

/* The list of the first pass is the result's; later passes write their news into it. */
static void keep_results(struct run *run)
{
	struct sl_apply_result *result = run->result;

	if (run->kept)
		return;
	run->kept = run->pending.results;
	result->migrations = run->kept;
	result->migrations_len = run->pending.len;
	for (size_t i = 0; i < run->pending.len; i++) {
		const struct plan *plan = &run->pending.at[i];
		const struct entry *entry = apply_ledger_find(&run->ledger, plan->migration->kind,
			plan->migration->key);

		result->total += plan->len;
		if (entry &&
			(entry->state == SL_LEDGER_PARTIAL ||
				apply_settled(plan->migration, entry)))
			result->total -= entry->done;
	}
}

static const struct sl_apply_migration *news_of(const struct run *run, const struct sl_migration *m)
{
	for (size_t i = 0; i < run->pending.len; i++)
		if (run->pending.at[i].migration == m)
			return &run->pending.results[i];
	return NULL;
}

/* What is not pending any more in a later pass turned out to be done by the one before. */
static void merge_results(struct run *run)
{
	for (size_t i = 0; run->kept != run->pending.results && i < run->result->migrations_len;
		i++) {
		const struct sl_apply_migration *news = news_of(run, run->kept[i].migration);

		if (news) {
			run->kept[i] = *news;
		} else {
			run->result->done += run->kept[i].total - run->kept[i].done;
			run->kept[i].done = run->kept[i].total;
			run->kept[i].did = SL_APPLY_DID;
		}
	}
}

static enum sl_code execute_all(struct run *run)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < run->pending.len; i++)
		code = apply_execute(run, i);
	return code;
}

static enum sl_code verify(struct run *run)
{
	enum sl_code code;

	apply_progress(run, SL_APPLY_VERIFY, 0, 0, run->name);
	code = apply_read(run);
	for (size_t i = 0; code == SL_OK && i < run->pending.len; i++) {
		const struct sl_migration *m = run->pending.at[i].migration;
		const struct entry *entry = apply_ledger_find(&run->ledger, m->kind, m->key);

		if (!entry || entry->state != SL_LEDGER_APPLIED)
			return apply_fail(run, SL_OUTCOME_NEEDS_HUMAN, SL_EHUMAN,
				"%s: it ran, and the ledger does not say so; was the ledger "
				"restored or changed by hand?",
				m->path);
	}
	return code;
}

static bool has_open_run(const struct run *run)
{
	for (size_t i = 0; i < run->ledger.open_len; i++)
		if (sl_str_eq(run->ledger.open[i].installation, run->installation))
			return true;
	return false;
}

static enum sl_code write_open_ends(struct run *run)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	enum sl_code code = sl_conn_begin(run->conn, true, NULL);

	sl_buf_addf(&sql,
		"UPDATE %srun SET outcome = 'interrupted', ended_at = %s WHERE ended_at IS NULL "
		"AND installation = ",
		run->ledger.prefix, apply_ledger_now(&run->ledger));
	sl_conn_literal(run->conn, &sql, run->installation);
	sl_buf_adds(&sql, " AND scope = ");
	sl_conn_literal(run->conn, &sql, run->ledger.scope);
	sl_buf_adds(&sql, apply_ledger_any(&run->ledger));
	if (code == SL_OK)
		code = apply_ledger_write(&run->ledger, &sql, NULL);
	if (code == SL_OK)
		code = sl_conn_commit(run->conn, NULL);
	if (code != SL_OK)
		sl_conn_rollback(run->conn);
	return code;
}

/* A run of ours that was killed after its last statement would stay open for ever. */
static void end_open_runs(struct run *run)
{
	bool got = false;

	if (run->request->dry_run || !has_open_run(run))
		return;
	run->result->open = sl_conn_lock(run->conn, run->ledger.scope, &got, NULL, run->arena,
				    NULL) != SL_OK ||
		!got || write_open_ends(run) != SL_OK;
}

static enum sl_code nothing_to_do(struct run *run)
{
	run->result->database_id = run->ledger.database_id;
	run->outcome = SL_OUTCOME_NOTHING;
	if (!run->began)
		end_open_runs(run);
	return SL_OK;
}

/* Where no lock kept others out, what they did until the fence was raised is seen only now; what
 * they try from here on fails. */
static enum sl_code reconcile_again(struct run *run)
{
	enum sl_code code;

	if (apply_ledger_locks(&run->ledger))
		return SL_OK;
	code = apply_read(run);
	return code == SL_OK ? apply_reconcile(run) : code;
}

/* Everything before the first word to the target, under the lock. */
static enum sl_code get_ready(struct run *run)
{
	enum sl_code code = take_snapshot(run, false);

	if (code == SL_OK)
		code = apply_check_drift(run);
	if (code == SL_OK)
		code = tell_intent(run);
	if (code == SL_OK)
		code = begin_run(run);
	return code == SL_OK ? reconcile_again(run) : code;
}

static enum sl_code work(struct run *run)
{
	enum sl_code code = settle_started(run);

	keep_results(run);
	if (code == SL_OK)
		code = execute_all(run);
	if (code == SL_OK)
		code = verify(run);
	if (code == SL_OK)
		code = take_snapshot(run, true);
	if (code == SL_OK)
		run->outcome = SL_OUTCOME_APPLIED;
	return code;
}

static enum sl_code read_and_reconcile(struct run *run)
{
	enum sl_code code;

	apply_progress(run, SL_APPLY_RECONCILE, 0, 0, run->name);
	code = apply_read(run);
	return code == SL_OK ? apply_reconcile(run) : code;
}

/* A run reads all of it once more under its lock. */
static void ask_for_look(struct run *run)
{
	run->first = (struct sl_first_words){ .arena = run->arena,
		.answers = run->answers,
		.len = LEDGER_LOOK_ANSWERS };
	if (run->request->target->url.dialect == SL_DIALECT_POSTGRES && !run->request->dry_run)
		run->first.sql = apply_ledger_look(&run->ledger);
}

static enum sl_code look_and_reconcile(struct run *run)
{
	if (!run->first.answered || !apply_ledger_looked(&run->ledger, run->answers))
		return read_and_reconcile(run);
	apply_progress(run, SL_APPLY_RECONCILE, 0, 0, run->name);
	return apply_reconcile(run);
}

static enum sl_code say_what_would_run(struct run *run)
{
	enum sl_code code = apply_identify(run, true);

	if (code == SL_OK)
		apply_preview(run);
	keep_results(run);
	run->outcome = code == SL_OK ? SL_OUTCOME_NOTHING : run->outcome;
	return code;
}

/* One way through the phases in one session. */
static enum sl_code pass(struct run *run)
{
	enum sl_code code;

	ask_for_look(run);
	code = apply_connect(run);
	if (code == SL_OK)
		code = look_and_reconcile(run);
	if (code != SL_OK || run->pending.len == 0)
		return code == SL_OK ? nothing_to_do(run) : code;
	if (run->request->dry_run)
		return say_what_would_run(run);
	code = apply_take_lock(run);
	if (code == SL_OK)
		code = read_and_reconcile(run);
	if (code != SL_OK || run->pending.len == 0)
		return code == SL_OK ? nothing_to_do(run) : code;
	apply_progress(run, SL_APPLY_CHECK, 0, 0, run->name);
	code = apply_identify(run, true);
	if (code == SL_OK)
		code = get_ready(run);
	if (code != SL_OK || run->pending.len == 0)
		return code == SL_OK ? nothing_to_do(run) : code;
	return work(run);
}

/* The run's row gets its end; in a session of its own where the old one is no use any more. */
static void close_run(struct run *run, enum sl_code code)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_cancel *cancel sl_auto(
		sl_cancel_free_p) = sl_cancel_new(run->request->clock, NULL, LAST_WORDS_US);
	struct sl_conn_spec spec = *run->request->target;
	struct sl_conn *conn sl_auto(sl_conn_close_p) = NULL;
	struct sl_error cause = SL_ERROR_INIT;

	if (!run->began)
		return;
	run->result->open = true;
	if (run->outcome == SL_OUTCOME_UNKNOWN)
		return;
	apply_pause("before-finish");
	if (run->conn && sl_conn_tx_state(run->conn) == SL_TX_IDLE) {
		conn = sl_steal(run->conn);
		sl_conn_set_cancel(conn, cancel);
	} else {
		sl_conn_close(sl_steal(run->conn));
		spec.cancel = cancel;
		if (sl_conn_open(&conn, &spec, &cause) != SL_OK)
			return;
	}
	run->ledger.conn = conn;
	sl_buf_addf(&sql, "UPDATE %srun SET ended_at = %s, outcome = ", run->ledger.prefix,
		apply_ledger_now(&run->ledger));
	sl_conn_literal(conn, &sql, sl_outcome_name(run->outcome));
	sl_buf_adds(&sql, ", detail = ");
	sl_conn_literal(conn, &sql, code == SL_OK ? "" : run->err->msg);
	sl_buf_adds(&sql, ", after_hash = ");
	sl_conn_literal(conn, &sql, run->result->after_hash);
	sl_buf_adds(&sql, " WHERE id = ");
	sl_conn_literal(conn, &sql, run->id);
	if (sl_conn_begin(conn, true, &cause) != SL_OK ||
		apply_ledger_write(&run->ledger, &sql, &cause) != SL_OK ||
		sl_conn_commit(conn, &cause) != SL_OK)
		apply_notice(run, "the run's end is not in the ledger: %s", cause.msg);
	else
		run->result->open = false;
	apply_pause("finished");
}

/* Whether the attempt goes on in a new session: its connection was lost, and nobody asked to stop.
 */
static bool goes_on(const struct run *run, enum sl_code code)
{
	bool lost = !run->conn || sl_conn_tx_state(run->conn) == SL_TX_LOST;

	return run->began && lost && (code == SL_EUNAVAIL || code == SL_EUNKNOWN) &&
		sl_cancel_check(run->request->target->cancel, "", NULL) == SL_OK;
}

static enum sl_code passes(struct run *run)
{
	enum sl_code code = SL_OK;

	for (unsigned i = 0; i < PASSES_MAX; i++) {
		code = pass(run);
		if (run->kept)
			merge_results(run);
		if (i + 1 == PASSES_MAX || !goes_on(run, code))
			break;
		apply_notice(run, "the connection was lost; the attempt went on in a new one");
		apply_forget_place(run);
		sl_conn_close(sl_steal(run->conn));
	}
	if (code == SL_OK && run->outcome == SL_OUTCOME_NOTHING && run->began && run->kept)
		run->outcome = SL_OUTCOME_APPLIED; /* what was unknown turned out to be done */
	if (code != SL_OK && run->result->done > 0 && run->conn &&
		sl_conn_tx_state(run->conn) == SL_TX_IDLE)
		(void)take_snapshot(run, true);
	return code;
}

/* A file that is yet to be made: nothing to connect to, and everything is pending. */
static bool would_make_file(const struct sl_apply_request *request)
{
	const struct sl_conn_spec *target = request->target;

	return target->create && !target->fake && target->url.dialect == SL_DIALECT_SQLITE &&
		!sl_file_exists(target->url.path);
}

/* What is refused before anything runs leaves no empty file behind. */
static enum sl_code passes_in_new_file(struct run *run)
{
	enum sl_code code = apply_reconcile(run);

	if (code == SL_OK && run->pending.len > 0 && !run->request->dry_run)
		return passes(run);
	if (code == SL_OK)
		run->outcome = SL_OUTCOME_NOTHING;
	if (code == SL_OK && run->request->dry_run)
		apply_preview(run);
	keep_results(run);
	return code;
}

static const char *sentence(struct run *run, enum sl_code code)
{
	const struct sl_apply_result *result = run->result;

	if (code != SL_OK)
		return sl_arena_strdup(run->arena, run->err->msg);
	if (run->outcome == SL_OUTCOME_APPLIED)
		return sl_arena_printf(run->arena, "%s: applied %zu %s%s%s", run->name,
			result->migrations_len,
			result->migrations_len == 1 ? "migration" : "migrations",
			result->drift[0] ? "; the schema had drifted before: " : "", result->drift);
	if (run->pending.len > 0)
		return sl_arena_printf(run->arena, "%s: %zu %s would run", run->name,
			run->pending.len, run->pending.len == 1 ? "migration" : "migrations");
	return sl_arena_printf(run->arena, "%s: nothing to do", run->name);
}

static void fill_result(struct run *run, enum sl_code code)
{
	struct sl_apply_result *result = run->result;

	result->outcome = run->outcome;
	result->code = code;
	result->text = sentence(run, code);
	result->try_after_us = run->try_after_us;
	result->notices = run->notices.at;
	result->notices_len = run->notices.len;
}

static enum sl_code check_request(const struct run *run, struct sl_error *err)
{
	const struct sl_apply_request *request = run->request;

	assert(request->target && request->set && request->clock && request->rand);
	if (!sl_apply_scope_valid(run->ledger.scope))
		return sl_error_set(err, SL_EINVAL,
			"ledger '%.63s': only a-z, 0-9, '_' and '-', at most 63 of them",
			run->ledger.scope);
	return SL_OK;
}

enum sl_code sl_apply_run(const struct sl_apply_request *request, struct sl_apply_result *result,
	struct sl_arena *arena, struct sl_error *err)
{
	int64_t started = sl_clock_mono(request->clock);
	struct sl_error own = SL_ERROR_INIT;
	char id[SL_ID_SIZE];
	struct run run = { .request = request,
		.result = result,
		.arena = arena,
		.name = request->target_name ? request->target_name : request->target->url.text,
		.installation = request->installation ? request->installation : "",
		.outcome = SL_OUTCOME_FAILED_CLEAN,
		.err = err ? err : &own };
	enum sl_code code;

	*result = (struct sl_apply_result){ .run = "", .database_id = "", .text = "", .drift = "" };
	apply_forget_place(&run);
	run.id = sl_arena_strdup(arena,
		request->run ? request->run : sl_rand_id(request->rand, id));
	run.ledger = apply_ledger_over(request->target, request->scope, arena);
	code = check_request(&run, run.err);
	if (code == SL_OK)
		code = would_make_file(request) ? passes_in_new_file(&run) : passes(&run);
	apply_watch_end(&run);
	close_run(&run, code);
	fill_result(&run, code);
	if (request->journal && request->journal->finished)
		request->journal->finished(request->journal->ctx, result);
	apply_ledger_done(&run.ledger);
	sl_catalog_unref(run.empty);
	sl_conn_close(run.conn);
	result->took_us = sl_clock_mono(request->clock) - started;
	return code;
}

void sl_apply_result_done(struct sl_apply_result *result)
{
	sl_catalog_unref(result->before);
	sl_catalog_unref(result->after);
	result->before = result->after = NULL;
}
