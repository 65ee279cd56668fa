#include "correct_int.h"
#include "history_int.h"

#include "sluice/core/str.h"
#include "sluice/core/vec.h"

struct adopting {
	const struct sl_adopt_wish *wish;
	struct sl_adoption *out;
	struct sl_arena *arena;
	const struct history *history;
};

struct files {
	SL_VEC(const struct sl_migration *);
};

static bool is_settled(const struct ledger *ledger, const struct sl_migration *m)
{
	const struct entry *entry = apply_ledger_find(ledger, m->kind, m->key);

	return entry && entry->state != SL_LEDGER_PARTIAL;
}

/* What the ledger has settled already is not touched. */
static void divide(struct sl_adoption *out, struct sl_arena *arena,
	const struct history_meaning *meaning, const struct ledger *ledger)
{
	struct files records = { 0 }, pending = { 0 };

	for (size_t i = 0; i < meaning->applied_len; i++) {
		if (is_settled(ledger, meaning->applied[i]))
			out->known++;
		else
			*sl_vec_add_in(arena, &records) = meaning->applied[i];
	}
	for (size_t i = 0; i < meaning->pending_len; i++)
		if (!is_settled(ledger, meaning->pending[i]))
			*sl_vec_add_in(arena, &pending) = meaning->pending[i];
	out->records = records.at;
	out->records_len = records.len;
	out->pending = pending.at;
	out->pending_len = pending.len;
}

static enum sl_code refuse(const struct sl_adoption *out, const struct history *history,
	struct sl_error *err)
{
	if (out->problems_len == 1)
		return sl_error_set(err, SL_ECONFLICT, "the history of %s (%s): %s",
			history->tool->name, history->shown, out->problems[0]);
	return sl_error_set(err, SL_ECONFLICT, "the history of %s (%s): %s (and %zu more)",
		history->tool->name, history->shown, out->problems[0], out->problems_len - 1);
}

static enum sl_code read_meaning(struct adopting *a, const struct ledger *ledger,
	struct sl_error *err)
{
	struct history *history = sl_arena_alloc(a->arena, sizeof(*history));
	struct history_meaning meaning;
	struct sl_adoption *out = a->out;
	enum sl_code code = apply_history_read(history, ledger->conn, a->arena, a->wish->layout,
		err);

	*out = (struct sl_adoption){ .tool = "", .table = "" };
	if (code != SL_OK)
		return code;
	if (!history->tool)
		return sl_error_set(err, SL_ENOTFOUND,
			"there is no history of another tool: there is nothing to adopt");
	out->tool = history->tool->name;
	out->table = history->shown;
	if (!history->tool->select)
		return sl_error_set(err, SL_ECONFLICT,
			"the history of %s (%s) is not read; say which version it is at with `sluice "
			"baseline`",
			out->tool, out->table);
	apply_history_weigh(&meaning, a->arena, history, a->wish->set, a->wish->order);
	divide(out, a->arena, &meaning, ledger);
	out->problems = meaning.problems.at;
	out->problems_len = meaning.problems.len;
	out->notices = meaning.notices.at;
	out->notices_len = meaning.notices.len;
	a->history = history;
	return out->problems_len > 0 ? refuse(out, history, err) : SL_OK;
}

/* Once more under the lock: what is written is what is true then. */
static enum sl_code write_history(struct correction *c, struct sl_buf *sql, struct sl_error *err)
{
	struct adopting *a = c->ctx;
	const char *given = c->word->reason ? c->word->reason : "";
	const char *reason;
	enum sl_code code = read_meaning(a, &c->run->ledger, err);

	reason = code == SL_OK ? sl_arena_printf(a->arena, "%s: %s%s%s", a->out->tool,
					 a->out->table, given[0] != '\0' ? ": " : "", given) :
				 "";
	for (size_t i = 0; code == SL_OK && i < a->out->records_len; i++)
		code = apply_correct_put(c, sql, a->out->records[i], SL_LEDGER_ADOPTED, reason,
			err);
	return code;
}

static enum sl_code look_first(struct adopting *a, const struct sl_apply_word *word,
	struct sl_error *err)
{
	struct sl_conn *conn sl_auto(sl_conn_close_p) = NULL;
	struct ledger ledger;
	enum sl_code code = apply_open_for_reading(&conn, word->target, err);

	if (code != SL_OK)
		return code;
	ledger = apply_ledger_over(word->target, word->scope, a->arena);
	ledger.conn = conn;
	code = apply_ledger_read(&ledger, err);
	if (code == SL_OK)
		code = read_meaning(a, &ledger, err);
	apply_ledger_done(&ledger);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s", word->target->url.text);
}

enum sl_code sl_apply_adopt_history(const struct sl_apply_word *word,
	const struct sl_adopt_wish *wish, struct sl_adoption *out, struct sl_arena *arena,
	struct sl_error *err)
{
	struct adopting a = { .wish = wish, .out = out, .arena = arena };
	struct correction c = { .word = word, .set = wish->set, .ctx = &a, .write = write_history };
	enum sl_code code = look_first(&a, word, err);

	if (code != SL_OK || wish->dry_run || out->records_len == 0)
		return code;
	return apply_correct(&c, false, err);
}
