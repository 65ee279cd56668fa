#include "history_int.h"

#include "sluice/core/escape.h"
#include "sluice/core/map.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/layout.h"
#include "sluice/schema/catalog.h"

#include <string.h>

/* The highest version that is settled, or NULL. */
static const char *highest_settled(const struct run *run)
{
	const char *highest = NULL;

	for (size_t i = 0; i < run->ledger.entries_len; i++) {
		const struct entry *entry = &run->ledger.entries[i];

		if (entry->kind != SL_MIGRATION_VERSION || entry->state == SL_LEDGER_PARTIAL)
			continue;
		if (!highest || sl_version_compare(entry->key, highest) > 0)
			highest = entry->key;
	}
	return highest;
}

static bool wanted(const struct sl_apply_request *request, const struct sl_migration *m)
{
	if (request->to &&
		(m->kind != SL_MIGRATION_VERSION || sl_version_compare(m->key, request->to) > 0))
		return false;
	if (!request->only)
		return true;
	for (size_t i = 0; i < request->only_len; i++)
		if (request->only[i]->kind == m->kind && sl_str_eq(request->only[i]->key, m->key) &&
			sl_str_eq(request->only[i]->sha256, m->sha256))
			return true;
	return false;
}

static enum sl_code make_plan(struct run *run, struct plan *plan, const struct sl_migration *m)
{
	struct sl_place where = { 0, 0 };
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_dialect dialect = run->conn ? sl_conn_dialect(run->conn) : /* what the server is */
					      run->request->target->url.dialect;
	struct plan_input input = { m, dialect, run->plans.version };
	enum sl_code code = apply_plan_make(plan, run->arena, &input, &where, &cause);

	if (code == SL_OK)
		return SL_OK;
	run->result->path = m->path;
	run->result->line = where.line;
	run->result->column = where.column;
	return apply_fail(run, SL_OUTCOME_FAILED_CLEAN, code, "%s", cause.msg);
}

/* The files are gone through before the lock and under it; what they say stays the same. */
static enum sl_code plan_of(struct run *run, struct plan *out, const struct sl_migration *m)
{
	const struct sl_migration_set *set = run->request->set;
	int version = run->conn ? sl_conn_version(run->conn) : 0;
	const struct plan **slot;
	struct plan *plan;
	enum sl_code code;

	if (!run->plans.at || run->plans.version != version)
		run->plans.at = sl_arena_calloc(run->arena, set->len + 1, sizeof(*run->plans.at));
	run->plans.version = version;
	slot = &run->plans.at[m - set->at];
	if (!*slot) {
		plan = sl_arena_calloc(run->arena, 1, sizeof(*plan));
		code = make_plan(run, plan, m);
		if (code != SL_OK)
			return code;
		*slot = plan;
	}
	*out = **slot;
	return SL_OK;
}

/* Other bytes and the same statements are only a notice. */
static enum sl_code check_unedited(struct run *run, const struct sl_migration *m,
	const struct entry *entry)
{
	struct plan plan;
	enum sl_code code;

	if (sl_str_eq(m->sha256, entry->sha256))
		return SL_OK;
	if (entry->state == SL_LEDGER_SKIPPED || entry->state == SL_LEDGER_BASELINE)
		return SL_OK;
	code = plan_of(run, &plan, m);
	if (code != SL_OK && entry->tokens_sha256[0] != '\0')
		return code;
	if (code == SL_OK && sl_str_eq(plan.tokens_sha256, entry->tokens_sha256)) {
		apply_notice(run, "%s: blanks or comments were edited after it was applied",
			m->path);
		return SL_OK;
	}
	run->result->path = m->path;
	run->result->line = 0;
	return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
		"%s: was edited after it was applied (%.12s then, %.12s now); put the old content "
		"back and write a new migration",
		m->path, entry->sha256, m->sha256);
}

/* A mended file goes on only where all that ran stands unchanged. */
static enum sl_code check_prefix(struct run *run, const struct plan *plan,
	const struct entry *entry)
{
	char hex[SL_SHA256_HEX];

	if (plan->len < entry->done)
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"%s: %u of its statements are applied, and it has only %u now; put them "
			"back",
			plan->migration->path, entry->done, plan->len);
	for (unsigned i = 0; i < entry->done; i++) {
		const struct step *step = &plan->steps[i];
		const struct entry_step *ran = apply_ledger_step(&run->ledger,
			plan->migration->kind, plan->migration->key, i + 1);

		if ((!ran && step->class == STEP_SESSION) ||
			(ran && sl_str_eq(ran->sha256, sl_hex(step->hash, SL_SHA256_SIZE, hex))))
			continue;
		run->result->path = plan->migration->path;
		run->result->line = step->line;
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"%s: statement %u is applied and was changed since; put it back (statements "
			"from %u on may be mended)",
			apply_place(run, plan, step), i + 1, entry->done + 1);
	}
	return SL_OK;
}

static enum sl_code check_order(struct run *run, const struct sl_migration *m, const char *highest)
{
	if (run->request->order == SL_APPLY_ANY_ORDER || m->kind != SL_MIGRATION_VERSION ||
		!highest || sl_version_compare(m->key, highest) > 0)
		return SL_OK;
	run->result->path = m->path;
	return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
		"%s: version %s comes after %s, which is applied; give it a higher version, or run "
		"it with --out-of-order",
		m->path, m->key, highest);
}

static void add_pending(struct run *run, const struct plan *plan)
{
	struct plan *at = sl_vec_reserve_in(run->arena, run->pending.at, run->pending.len,
		&run->pending.cap, sizeof(*at));
	struct sl_apply_migration *results = sl_vec_reserve_in(run->arena, run->pending.results,
		run->pending.len, &run->pending.results_cap, sizeof(*results));

	run->pending.at = at;
	run->pending.results = results;
	at[run->pending.len] = *plan;
	results[run->pending.len] = (struct sl_apply_migration){ .migration = plan->migration,
		.did = SL_APPLY_WOULD_RUN,
		.total = plan->len };
	run->pending.len++;
}

bool apply_settled(const struct sl_migration *m, const struct entry *entry)
{
	if (!entry || entry->state == SL_LEDGER_PARTIAL)
		return false;
	if (m->kind != SL_MIGRATION_REPEATABLE || entry->state == SL_LEDGER_SKIPPED)
		return true;
	return sl_str_eq(m->sha256, entry->sha256);
}

static enum sl_code consider(struct run *run, const struct sl_migration *m, const char *highest)
{
	const struct entry *entry = apply_ledger_find(&run->ledger, m->kind, m->key);
	struct plan plan;
	enum sl_code code;

	if (apply_settled(m, entry))
		return check_unedited(run, m, entry);
	if (!wanted(run->request, m))
		return SL_OK;
	code = entry && entry->state == SL_LEDGER_PARTIAL ? SL_OK : check_order(run, m, highest);
	if (code == SL_OK)
		code = plan_of(run, &plan, m);
	if (code == SL_OK && entry && entry->state == SL_LEDGER_PARTIAL)
		code = check_prefix(run, &plan, entry);
	if (code == SL_OK && entry && m->kind == SL_MIGRATION_REPEATABLE &&
		entry->state != SL_LEDGER_PARTIAL &&
		sl_str_eq(plan.tokens_sha256, entry->tokens_sha256))
		return SL_OK;
	if (code == SL_OK)
		add_pending(run, &plan);
	return code;
}

static const struct sl_migration *find_version(const struct sl_migration_set *set, const char *key)
{
	for (size_t i = 0; i < set->len; i++)
		if (set->at[i].kind == SL_MIGRATION_VERSION &&
			sl_version_compare(set->at[i].key, key) == 0)
			return &set->at[i];
	return NULL;
}

static enum sl_code check_to(struct run *run)
{
	const struct sl_apply_request *request = run->request;
	const char **keys, *near;
	size_t len = 0;

	if (!request->to || find_version(request->set, request->to))
		return SL_OK;
	keys = sl_arena_calloc(run->arena, request->set->len + 1, sizeof(*keys));
	for (size_t i = 0; i < request->set->len; i++)
		if (request->set->at[i].kind == SL_MIGRATION_VERSION)
			keys[len++] = request->set->at[i].key;
	near = sl_nearest(request->to, keys, len);
	return apply_fail(run, SL_OUTCOME_FAILED_CLEAN, SL_EINVAL,
		"version %s: the folder has no such migration%s%s%s", request->to,
		near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* Rows whose files are gone are no error: the ledger remembers them. */
static void note_missing(struct run *run)
{
	const struct sl_migration_set *set = run->request->set;
	struct sl_map *files sl_auto(sl_map_free_p) = sl_map_new();
	size_t missing = 0;
	const char *one = "";

	for (size_t i = 0; i < set->len; i++)
		(void)sl_map_put(files,
			sl_arena_printf(run->arena, "%d %s", (int)set->at[i].kind, set->at[i].key),
			run);
	for (size_t i = 0; i < run->ledger.entries_len; i++) {
		const struct entry *entry = &run->ledger.entries[i];

		if (sl_map_get(files,
			    sl_arena_printf(run->arena, "%d %s", (int)entry->kind, entry->key)))
			continue;
		missing++;
		one = entry->path;
	}
	if (missing == 1)
		apply_notice(run, "%s is applied and is not in the folder any more", one);
	else if (missing > 1)
		apply_notice(run, "%zu applied files are not in the folder any more, %s among them",
			missing, one);
}

enum sl_code apply_reconcile(struct run *run)
{
	const char *highest = highest_settled(run);
	enum sl_code code = check_to(run);

	memset(&run->pending, 0, sizeof(run->pending));
	for (size_t i = 0; code == SL_OK && i < run->request->set->len; i++)
		code = consider(run, &run->request->set->at[i], highest);
	if (code == SL_OK && run->ledger.exists && !run->request->only)
		note_missing(run);
	return code;
}

/* --- what forbids to begin ------------------------------------------------------------------- */

static enum sl_code check_fence(struct run *run)
{
	const struct ledger *ledger = &run->ledger;

	if (run->installation[0] != '\0' && ledger->installation[0] != '\0' &&
		!sl_str_eq(run->installation, ledger->installation))
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"it belongs to another Sluice installation (%.8s); if that one is gone, say "
			"`sluice target adopt`",
			ledger->installation);
	for (size_t i = 0; i < ledger->open_len; i++) {
		if (run->installation[0] != '\0' || ledger->open[i].installation[0] == '\0')
			continue;
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"run %.8s of a daemon (installation %.8s) is open; let it end, or say `sluice "
			"target adopt`",
			ledger->open[i].id, ledger->open[i].installation);
	}
	return SL_OK;
}

/* The file of an SQLite database changes its number easily (a restored backup): the configured name
 * and the id in the ledger are what counts there. */
static enum sl_code check_identity(struct run *run)
{
	const struct ledger *ledger = &run->ledger;
	const char *expected = run->request->database_id ? run->request->database_id : "";
	bool same = sl_str_eq(ledger->server, run->identity.server) &&
		sl_str_eq(ledger->database, run->identity.database);

	if (expected[0] != '\0' && !sl_str_eq(expected, ledger->database_id))
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"it is another database than before (%.8s, expected %.8s); if that is right, "
			"say `sluice target adopt`",
			ledger->database_id, expected);
	if (same)
		return SL_OK;
	if (expected[0] != '\0' && apply_ledger_locks(&run->ledger))
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"it has moved to another server or name, or is a copy (%s, before %s); say "
			"`sluice target adopt` once",
			run->identity.database, ledger->database);
	run->moved = true;
	run->give_id = expected[0] == '\0';
	if (run->give_id)
		apply_notice(run,
			"this database is a copy (its ledger was begun in another one): "
			"it keeps the history and gets an id of its own");
	return SL_OK;
}

const char *apply_command_options(const struct run *run)
{
	const struct sl_apply_request *request = run->request;
	bool usual = sl_str_eq(run->ledger.scope, SL_LEDGER_DEFAULT);

	return sl_arena_printf(run->arena, "--url %s --dir %s%s%s%s%s",
		sl_shell_word(run->arena, request->target->url.text),
		sl_shell_word(run->arena, request->dir_name ? request->dir_name : "."),
		request->layout ? " --layout " : "", request->layout ? request->layout : "",
		usual ? "" : " --ledger ",
		usual ? "" : sl_shell_word(run->arena, run->ledger.scope));
}

const char *apply_baseline_command(const struct run *run)
{
	const struct sl_migration_set *set = run->request->set;
	const char *last = NULL;

	for (size_t i = 0; i < set->len; i++)
		if (set->at[i].kind == SL_MIGRATION_VERSION)
			last = set->at[i].key;
	return sl_arena_printf(run->arena, "sluice baseline %s%s%s", apply_command_options(run),
		last ? " --to " : "", last ? last : "");
}

const char *apply_resolve_command(const struct run *run, const struct sl_migration *m,
	unsigned statement)
{
	const char *of = statement > 0 ? "" : "file-";

	if (run->installation[0] != '\0')
		return sl_arena_printf(run->arena,
			"`sluice resolve TASK --%sapplied` or `--%snot-applied`", of, of);
	return sl_arena_printf(run->arena,
		"`sluice migrate %s --resolve %s --reason TEXT%s`, or =%snot-applied",
		apply_command_options(run),
		sl_shell_word(run->arena, sl_arena_printf(run->arena, "%s=%sapplied", m->key, of)),
		statement > 0 ? sl_arena_printf(run->arena, " --statement %u", statement) : "", of);
}

static enum sl_code check_empty(struct run *run)
{
	const struct sl_catalog *catalog sl_auto(sl_catalog_unref_p) = NULL;
	struct sl_error cause = SL_ERROR_INIT;
	enum sl_code code = apply_check_history(run);

	if (code != SL_OK)
		return code;
	code = sl_conn_introspect(run->conn, &catalog, &cause);
	if (code != SL_OK)
		return apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s", cause.msg);
	if (sl_catalog_empty(catalog)) {
		sl_catalog_unref(run->empty);
		run->empty = sl_steal(catalog);
		return SL_OK;
	}
	code = apply_read(run);
	if (code != SL_OK)
		return code;
	if (run->ledger.exists) {
		run->try_after_us = SL_SECOND_US;
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_EBUSY,
			"another attempt has just made the ledger");
	}
	return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
		"it is not empty and has no ledger; say its version, or `none`: %s",
		apply_baseline_command(run));
}

enum sl_code apply_check(struct run *run, bool must_be_empty)
{
	enum sl_code code;

	if (!run->ledger.exists)
		return must_be_empty ? check_empty(run) : SL_OK;
	code = check_fence(run);
	if (code == SL_OK)
		code = check_identity(run);
	return code == SL_OK && must_be_empty ? apply_check_history(run) : code;
}
