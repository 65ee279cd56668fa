/* A person's answer where nobody could prove what a statement did: which file it is about, what
 * becomes of its rows, and the row that remembers who said so and why. */
#include "correct_int.h"

#include "sluice/core/str.h"
#include "sluice/core/utf8.h"

#include <inttypes.h>
#include <string.h>

/* Columns of the run's detail hold at least this. */
#define DETAIL_MAX 3900

#define RESOLVED "resolved"

struct answering {
	struct correction *c;
	const struct sl_apply_answer *answer;
	struct sl_arena *arena; /* of the text */
	const char **text;
	struct sl_buf *sql;
	struct sl_error *err;

	const struct sl_migration *m;
	const struct entry *entry; /* NULL: the ledger does not know it */
	const struct entry_step *doubt; /* begun, and not seen to end; or NULL */
	/* The newest row of `run`, when it is an answer: nothing was tried since. */
	const char *by, *detail;
};

static struct ledger *ledger_of(const struct answering *a)
{
	return &a->c->run->ledger;
}

/* --- which file ------------------------------------------------------------------------------ */

static const struct entry_step *doubt_of(const struct ledger *ledger, const struct sl_migration *m)
{
	for (size_t i = 0; i < ledger->steps_len; i++) {
		const struct entry_step *step = &ledger->steps[i];

		if (step->started && step->kind == m->kind && sl_str_eq(step->key, m->key))
			return step;
	}
	return NULL;
}

static void choose(struct answering *a)
{
	const struct sl_migration_set *set = a->c->set;

	for (size_t i = 0; i < set->len && !a->doubt; i++) {
		const struct sl_migration *m = &set->at[i];
		const struct entry *entry = apply_ledger_find(ledger_of(a), m->kind, m->key);

		if (!entry || entry->state != SL_LEDGER_PARTIAL)
			continue;
		a->doubt = doubt_of(ledger_of(a), m);
		if (!a->doubt && a->m)
			continue;
		a->m = m;
		a->entry = entry;
	}
}

static const struct sl_migration *first_unsettled(const struct answering *a)
{
	const struct sl_migration_set *set = a->c->set;

	for (size_t i = 0; i < set->len; i++) {
		const struct sl_migration *m = &set->at[i];

		if (!apply_settled(m, apply_ledger_find(ledger_of(a), m->kind, m->key)))
			return m;
	}
	return NULL;
}

/* --- what was said before -------------------------------------------------------------------- */

static enum sl_code read_last(struct answering *a)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	const struct ledger *ledger = ledger_of(a);
	struct sl_rows rows = { 0 };
	enum sl_code code;

	sl_buf_addf(&sql,
		"SELECT outcome, actor, detail FROM %srun WHERE scope = ", ledger->prefix);
	sl_conn_literal(ledger->conn, &sql, ledger->scope);
	sl_buf_adds(&sql, " ORDER BY epoch DESC LIMIT 1");
	code = sl_conn_query(ledger->conn, &rows, ledger->arena, sl_buf_str(&sql), a->err);
	if (code != SL_OK || rows.len == 0 || !sl_str_eq(sl_rows_cell(&rows, 0, 0), RESOLVED))
		return code;
	a->by = sl_rows_cell(&rows, 0, 1);
	a->detail = sl_rows_cell(&rows, 0, 2);
	return SL_OK;
}

/* How an answer begins in the row that remembers it. */
static const char *head(const struct answering *a, const struct sl_migration *m,
	enum sl_resolution is)
{
	return sl_arena_printf(ledger_of(a)->arena, "%s %s: %s", sl_migration_kind_name(m->kind),
		m->key, sl_resolution_name(is));
}

/* Whether the last answer says this of the file. */
static bool was_said(const struct answering *a, const struct sl_migration *m, enum sl_resolution is)
{
	const char *begin;
	size_t len;

	if (!a->detail)
		return false;
	begin = head(a, m, is);
	len = strlen(begin);
	return strncmp(a->detail, begin, len) == 0 && strchr(",:", a->detail[len]) != NULL;
}

static bool was_said_again(const struct answering *a, const struct sl_migration *m)
{
	const char *about = sl_arena_printf(ledger_of(a)->arena, ", statement %u of ",
		a->answer->statement);

	return was_said(a, m, a->answer->is) &&
		(a->answer->statement == 0 || strstr(a->detail, about) != NULL);
}

/* A word about one statement against the other. */
static bool is_denied(const struct answering *a, const struct sl_migration *m)
{
	return (a->answer->is == SL_RESOLVED_APPLIED && was_said(a, m, SL_RESOLVED_NOT_APPLIED)) ||
		(a->answer->is == SL_RESOLVED_NOT_APPLIED && was_said(a, m, SL_RESOLVED_APPLIED));
}

static enum sl_code say_denied(const struct answering *a)
{
	return sl_error_set(a->err, SL_ECONFLICT,
		"%s has said otherwise, and nothing was tried since (%.300s)", a->by, a->detail);
}

static enum sl_code say_again(struct answering *a, const struct sl_migration *m)
{
	*a->text = sl_arena_printf(a->arena,
		"%s: %s has said so already; it goes on as the ledger "
		"says",
		m->path, a->by);
	return SL_OK;
}

/* --- what becomes of the rows ---------------------------------------------------------------- */

static void where_file(struct answering *a)
{
	const struct ledger *ledger = ledger_of(a);

	sl_buf_adds(a->sql, " WHERE scope = ");
	sl_conn_literal(ledger->conn, a->sql, ledger->scope);
	sl_buf_adds(a->sql, " AND kind = ");
	sl_conn_literal(ledger->conn, a->sql, sl_migration_kind_name(a->m->kind));
	sl_buf_adds(a->sql, " AND version = ");
	sl_conn_literal(ledger->conn, a->sql, a->m->key);
}

static void remember(struct answering *a)
{
	const struct sl_apply_word *word = a->c->word;
	const struct ledger *ledger = ledger_of(a);
	const struct run *run = a->c->run;
	const char *now = apply_ledger_now(ledger);
	const char *about = a->doubt ? sl_arena_printf(ledger->arena, ", statement %u of %u",
					       a->doubt->statement, a->entry->total) :
				       "";
	const char *detail = sl_arena_printf(ledger->arena, "%s%s: %s",
		head(a, a->m, a->answer->is), about, word->reason ? word->reason : "");
	size_t len = strlen(detail);

	if (len > DETAIL_MAX)
		detail = sl_arena_strndup(ledger->arena, detail,
			sl_utf8_cut(detail, len, DETAIL_MAX));
	sl_buf_addf(a->sql,
		"INSERT INTO %srun (id, scope, installation, actor, tool, outcome, detail, epoch, "
		"started_at, ended_at) VALUES (",
		ledger->prefix);
	apply_ledger_values(ledger, a->sql, run->id, ledger->scope, run->installation,
		word->actor ? word->actor : "", word->tool ? word->tool : "sluice", RESOLVED,
		detail, NULL);
	sl_buf_addf(a->sql, ", %" PRId64 ", %s, %s); ", run->epoch, now, now);
}

/* The row of the file as the attempt wrote it, with another state. */
static void put_entry(struct answering *a, enum sl_ledger_state state, unsigned done)
{
	const struct entry *entry = a->entry;
	const struct sl_apply_word *word = a->c->word;
	const struct sl_migration as_it_ran = { .kind = entry->kind,
		.key = entry->key,
		.name = entry->name,
		.path = entry->path,
		.sha256 = entry->sha256 };

	apply_ledger_put(ledger_of(a), a->sql,
		&(struct entry_write){ .migration = &as_it_ran,
			.state = state,
			.done = done,
			.total = entry->total,
			.tokens_sha256 = entry->tokens_sha256,
			.run = entry->run,
			.actor = word->actor ? word->actor : "",
			.reason = word->reason ? word->reason : "" });
}

/* A file that was mended meanwhile may have more statements than the attempt knew. */
static bool is_as_it_ran(const struct answering *a)
{
	return a->entry && sl_str_eq(a->entry->sha256, a->m->sha256);
}

static void take_statement(struct answering *a)
{
	unsigned k = a->doubt->statement, n = a->entry->total;
	bool last = k == n && is_as_it_ran(a);

	sl_buf_addf(a->sql, "UPDATE %sstep SET state = 'done'", ledger_of(a)->prefix);
	where_file(a);
	sl_buf_addf(a->sql, " AND statement = %u; ", k);
	put_entry(a, last ? SL_LEDGER_APPLIED : SL_LEDGER_PARTIAL, k);
	*a->text = last ?
		sl_arena_printf(a->arena, "%s: statement %u of %u took effect; the file is applied",
			a->m->path, k, n) :
		sl_arena_printf(a->arena,
			"%s: statement %u of %u took effect; it goes on at statement %u",
			a->m->path, k, n, k + 1);
}

static void forget_file(struct answering *a)
{
	sl_buf_addf(a->sql, "DELETE FROM %sstep", ledger_of(a)->prefix);
	where_file(a);
	sl_buf_addf(a->sql, "; DELETE FROM %smigration", ledger_of(a)->prefix);
	where_file(a);
	sl_buf_adds(a->sql, "; ");
}

static void forget_statement(struct answering *a)
{
	if (!a->doubt) {
		*a->text = sl_arena_printf(a->arena,
			"%s: no statement of it is in doubt; it goes on at statement %u",
			a->m->path, a->entry->done + 1);
		return;
	}
	*a->text = sl_arena_printf(a->arena, "%s: statement %u of %u had no effect; it runs again",
		a->m->path, a->doubt->statement, a->entry->total);
	if (a->entry->done == 0) {
		forget_file(a);
		return;
	}
	sl_buf_addf(a->sql, "DELETE FROM %sstep", ledger_of(a)->prefix);
	where_file(a);
	sl_buf_adds(a->sql, " AND state = 'started'; ");
}

/* The attempt that began it stays the one that did it. */
static enum sl_code take_file(struct answering *a)
{
	enum sl_code code = SL_OK;

	sl_buf_addf(a->sql, "UPDATE %sstep SET state = 'done'", ledger_of(a)->prefix);
	where_file(a);
	sl_buf_adds(a->sql, "; ");
	if (is_as_it_ran(a)) {
		put_entry(a, SL_LEDGER_APPLIED, a->entry->total);
	} else {
		code = apply_correct_put(a->c, a->sql, a->m, SL_LEDGER_APPLIED, a->c->word->reason,
			a->err);
		sl_buf_addf(a->sql, "UPDATE %smigration SET run = ", ledger_of(a)->prefix);
		sl_conn_literal(ledger_of(a)->conn, a->sql,
			a->entry ? a->entry->run : a->answer->run);
		where_file(a);
		sl_buf_adds(a->sql, "; ");
	}
	*a->text = sl_arena_printf(a->arena, "%s: all of it is applied", a->m->path);
	return code;
}

static enum sl_code say_nothing_in_doubt(const struct answering *a)
{
	return sl_error_set(a->err, SL_ECONFLICT,
		"%s: no statement of it is in doubt, %u of %u are applied; say file-applied when "
		"the rest was done by hand, not-applied when it is to go on behind them",
		a->m->path, a->entry->done, a->entry->total);
}

static enum sl_code answer_partial(struct answering *a)
{
	const struct sl_apply_answer *answer = a->answer;

	if (a->doubt && answer->statement != 0 && answer->statement != a->doubt->statement)
		return sl_error_set(a->err, SL_ECONFLICT,
			"%s: statement %u of %u is in doubt, not %u", a->m->path,
			a->doubt->statement, a->entry->total, answer->statement);
	if (!a->doubt && is_denied(a, a->m))
		return say_denied(a);
	if (!a->doubt && was_said_again(a, a->m))
		return say_again(a, a->m);
	if (!a->doubt && (answer->is == SL_RESOLVED_APPLIED || answer->statement != 0))
		return say_nothing_in_doubt(a);
	remember(a);
	switch (answer->is) {
	case SL_RESOLVED_APPLIED:
		take_statement(a);
		break;
	case SL_RESOLVED_NOT_APPLIED:
		forget_statement(a);
		break;
	case SL_RESOLVED_FILE_APPLIED:
		return take_file(a);
	case SL_RESOLVED_FILE_NOT_APPLIED:
		forget_file(a);
		*a->text = sl_arena_printf(a->arena,
			"%s: nothing of it is there; it runs from its beginning", a->m->path);
		break;
	case SL_RESOLUTION_COUNT:
		break;
	}
	return SL_OK;
}

/* --- what the ledger has nothing open about ----------------------------------------------------
 */

/* An attempt stopped before it wrote of the file, or somebody has settled it in the ledger since.
 */
static enum sl_code answer_unknown(struct answering *a)
{
	a->m = first_unsettled(a);
	if (!a->m &&
		(a->answer->is == SL_RESOLVED_APPLIED ||
			a->answer->is == SL_RESOLVED_FILE_APPLIED)) {
		*a->text = sl_arena_strdup(a->arena, "the ledger has all of it as settled");
		return SL_OK;
	}
	if (!a->m)
		return sl_error_set(a->err, SL_ECONFLICT,
			"the ledger has all of it as settled: say file-applied");
	if (a->answer->is == SL_RESOLVED_APPLIED || a->answer->statement != 0)
		return sl_error_set(a->err, SL_ECONFLICT,
			"%s: the ledger has no statement of it; say file-applied when all of it is "
			"there, not-applied when it is to run",
			a->m->path);
	remember(a);
	if (a->answer->is == SL_RESOLVED_FILE_APPLIED)
		return take_file(a);
	*a->text = sl_arena_printf(a->arena, "%s: it runs from its beginning", a->m->path);
	return SL_OK;
}

static enum sl_code answer_settled(struct answering *a)
{
	const struct sl_migration_set *set = a->c->set;

	for (size_t i = 0; i < set->len; i++) {
		const struct sl_migration *m = &set->at[i];

		if (was_said_again(a, m))
			return say_again(a, m);
		for (int is = 0; is < SL_RESOLUTION_COUNT; is++)
			if (was_said(a, m, (enum sl_resolution)is))
				return say_denied(a);
	}
	if (a->answer->run)
		return answer_unknown(a);
	return sl_error_set(a->err, SL_ENOTFOUND, "%s: the ledger has nothing open about it",
		set->len > 0 ? set->at[0].path : "");
}

static enum sl_code write_answer(struct correction *c, struct sl_buf *sql, struct sl_error *err)
{
	struct answering *a = c->ctx;
	enum sl_code code;

	a->c = c;
	a->sql = sql;
	a->err = err;
	code = read_last(a);
	if (code != SL_OK)
		return code;
	choose(a);
	return a->m ? answer_partial(a) : answer_settled(a);
}

enum sl_code sl_apply_resolve(const struct sl_apply_word *word, const struct sl_migration_set *set,
	const struct sl_apply_answer *answer, const char **text, struct sl_arena *arena,
	struct sl_error *err)
{
	struct answering answering = { .answer = answer, .arena = arena, .text = text };
	struct correction c = { .word = word,
		.set = set,
		.ctx = &answering,
		.write = write_answer };

	return apply_correct(&c, false, err);
}
