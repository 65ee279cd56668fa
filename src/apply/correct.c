#include "correct_int.h"

#include "sluice/core/str.h"
#include "sluice/layout.h"

#include <assert.h>

enum sl_code apply_correct_put(struct correction *c, struct sl_buf *sql,
	const struct sl_migration *migration, enum sl_ledger_state state, const char *reason,
	struct sl_error *err)
{
	struct plan_input input = { migration, sl_conn_dialect(c->run->conn),
		sl_conn_version(c->run->conn) };
	struct sl_place where;
	struct plan plan;
	enum sl_code code = apply_plan_make(&plan, c->run->arena, &input, &where, err);

	if (code != SL_OK && state == SL_LEDGER_APPLIED)
		return code;
	if (code != SL_OK) /* what will not run need not be fit to run */
		plan = (struct plan){ .migration = migration };
	apply_ledger_put(&c->run->ledger, sql,
		&(struct entry_write){ .migration = migration,
			.state = state,
			.done = state == SL_LEDGER_SKIPPED ? 0 : plan.len,
			.total = plan.len,
			.tokens_sha256 = plan.tokens_sha256,
			.run = "",
			.actor = c->word->actor ? c->word->actor : "",
			.reason = reason ? reason : "" });
	c->count++;
	return SL_OK;
}

static enum sl_code put(struct correction *c, struct sl_buf *sql, const struct sl_migration *m,
	enum sl_ledger_state state, struct sl_error *err)
{
	return apply_correct_put(c, sql, m, state, c->word->reason, err);
}

static enum sl_code write_correction(struct correction *c, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct run *run = c->run;
	const char *owner = run->installation[0] != '\0' ? run->installation :
							   run->ledger.installation;
	enum sl_code code = sl_conn_begin(run->conn, true, err);

	if (code == SL_OK && !run->ledger.exists)
		code = apply_ledger_make(&run->ledger, err);
	if (code == SL_OK)
		code = apply_ledger_raise(&run->ledger, owner, run->epoch, err);
	if (code == SL_OK) {
		apply_put_identity(run, &sql);
		code = c->write(c, &sql, err);
	}
	if (code == SL_OK && sql.len > 0)
		code = apply_ledger_write(&run->ledger, &sql, err);
	apply_pause("before-corrected");
	if (code == SL_OK)
		code = sl_conn_commit(run->conn, err);
	if (code == SL_OK) {
		apply_pause("corrected");
		return SL_OK;
	}
	sl_conn_rollback(run->conn);
	return code;
}

enum sl_code apply_correct(struct correction *c, bool adopts, struct sl_error *err)
{
	const struct sl_apply_word *word = c->word;
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_apply_result result = { .database_id = "" };
	struct sl_migration_set none = { NULL, 0 };
	struct sl_apply_request request = { .target = word->target,
		.scope = word->scope,
		.set = c->set ? c->set : &none,
		.epoch = word->epoch,
		.clock = word->clock,
		.rand = word->rand };
	struct sl_error own = SL_ERROR_INIT;
	char id[SL_ID_SIZE];
	struct run run = { .request = &request,
		.result = &result,
		.arena = arena,
		.name = word->target->url.text,
		.id = sl_rand_id(word->rand, id),
		.installation = word->installation && !adopts ? word->installation : "",
		.err = err ? err : &own };
	enum sl_code code;

	run.ledger = apply_ledger_over(word->target, word->scope, arena);
	if (!sl_apply_scope_valid(run.ledger.scope))
		return sl_error_set(err, SL_EINVAL, "ledger '%.63s': only a-z, 0-9, '_' and '-'",
			run.ledger.scope);
	c->run = &run;
	code = apply_connect(&run);
	if (code == SL_OK)
		code = apply_take_lock(&run);
	if (code == SL_OK)
		code = apply_read(&run);
	if (code == SL_OK && adopts)
		run.ledger.open_len = 0;
	if (code == SL_OK)
		code = apply_identify(&run, false);
	if (code == SL_OK && adopts && word->installation)
		run.installation = word->installation;
	if (code == SL_OK) {
		code = write_correction(c, run.err);
		if (code != SL_OK)
			(void)sl_error_wrap(run.err, code, "%s", run.name);
	}
	apply_watch_end(&run);
	apply_ledger_done(&run.ledger);
	sl_conn_close(run.conn);
	c->run = NULL;
	return code;
}

static enum sl_code write_baseline(struct correction *c, struct sl_buf *sql, struct sl_error *err)
{
	enum sl_code code = SL_OK;
	bool found = !c->to;

	if (c->to && c->to[0] == '\0') { /* nothing of the folder was run: only the ledger begins */
		if (c->run->ledger.entries_len > 0)
			return sl_error_set(err, SL_ECONFLICT,
				"the ledger has begun already; a baseline comes before the first run");
		return SL_OK;
	}
	for (size_t i = 0; i < c->set->len && !found; i++)
		found = c->set->at[i].kind == SL_MIGRATION_VERSION &&
			sl_version_compare(c->set->at[i].key, c->to) == 0;
	if (!found)
		return sl_error_set(err, SL_ENOTFOUND,
			"version %s: the folder has no such migration; `none` says that nothing of "
			"it is there",
			c->to);
	for (size_t i = 0; code == SL_OK && i < c->set->len; i++) {
		const struct sl_migration *m = &c->set->at[i];

		if (c->to &&
			(m->kind != SL_MIGRATION_VERSION || sl_version_compare(m->key, c->to) > 0))
			continue;
		if (apply_ledger_find(&c->run->ledger, m->kind, m->key))
			return sl_error_set(err, SL_ECONFLICT,
				"%s: the ledger knows it already; a baseline comes before the first "
				"run",
				m->path);
		code = put(c, sql, m, SL_LEDGER_BASELINE, err);
	}
	return code;
}

enum sl_code sl_apply_baseline(const struct sl_apply_word *word, const struct sl_migration_set *set,
	const char *to, size_t *count, struct sl_error *err)
{
	struct correction c = { .word = word, .set = set, .to = to, .write = write_baseline };
	enum sl_code code = apply_correct(&c, false, err);

	if (code == SL_OK && count)
		*count = c.count;
	return code;
}

static enum sl_code write_skip(struct correction *c, struct sl_buf *sql, struct sl_error *err)
{
	const struct entry *entry = apply_ledger_find(&c->run->ledger, c->migration->kind,
		c->migration->key);

	if (entry && entry->state == SL_LEDGER_SKIPPED)
		return SL_OK;
	if (entry)
		return sl_error_set(err, SL_ECONFLICT,
			"%s: the ledger says %s; it cannot be skipped", c->migration->path,
			sl_ledger_state_name(entry->state));
	return put(c, sql, c->migration, SL_LEDGER_SKIPPED, err);
}

enum sl_code sl_apply_skip(const struct sl_apply_word *word, const struct sl_migration *migration,
	struct sl_error *err)
{
	struct correction c = { .word = word, .migration = migration, .write = write_skip };

	return apply_correct(&c, false, err);
}

static enum sl_code write_adoption(struct correction *c, struct sl_buf *sql, struct sl_error *err)
{
	const struct ledger *ledger = &c->run->ledger;

	(void)err;
	sl_buf_addf(sql,
		"UPDATE %srun SET ended_at = %s, outcome = 'interrupted' "
		"WHERE ended_at IS NULL AND scope = ",
		c->run->ledger.prefix, apply_ledger_now(ledger));
	sl_conn_literal(c->run->conn, sql, ledger->scope);
	sl_buf_adds(sql, apply_ledger_any(ledger));
	return SL_OK;
}

enum sl_code sl_apply_adopt(const struct sl_apply_word *word, struct sl_error *err)
{
	struct correction c = { .word = word, .write = write_adoption };

	return apply_correct(&c, true, err);
}
