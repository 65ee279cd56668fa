#include "apply_int.h"

#include "sluice/core/map.h"
#include "sluice/core/str.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static const char *const state_names[] = {
	[SL_LEDGER_APPLIED] = "applied",
	[SL_LEDGER_PARTIAL] = "partial",
	[SL_LEDGER_SKIPPED] = "skipped",
	[SL_LEDGER_ADOPTED] = "adopted",
	[SL_LEDGER_BASELINE] = "baseline",
};

_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == SL_LEDGER_STATE_COUNT,
	"a state has no name");

const char *sl_ledger_state_name(enum sl_ledger_state state)
{
	return state_names[state];
}

static bool parse_state(enum sl_ledger_state *out, const char *name)
{
	for (size_t i = 0; i < SL_LEDGER_STATE_COUNT; i++)
		if (sl_str_eq(name, state_names[i])) {
			*out = (enum sl_ledger_state)i;
			return true;
		}
	return false;
}

bool sl_apply_scope_valid(const char *scope)
{
	size_t len = strlen(scope);

	return len > 0 && len <= 63 &&
		strspn(scope, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static int64_t number(const char *text)
{
	int64_t value = 0;

	if (!text || !sl_parse_i64(text, INT64_MIN, INT64_MAX, &value))
		return 0;
	return value;
}

static unsigned count(const char *text)
{
	int64_t value = number(text);

	return value >= 0 && value <= UINT32_MAX ? (unsigned)value : 0;
}

static enum sl_code read_head(struct ledger *ledger, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	const char *p = ledger->prefix;
	struct sl_rows rows = { 0 };
	enum sl_code code;

	sl_buf_addf(&sql,
		"SELECT i.format, i.database_id, i.server, i.place, f.installation, f.epoch "
		"FROM %sidentity AS i LEFT JOIN %sfence AS f ON f.scope = ",
		p, p);
	sl_conn_literal(ledger->conn, &sql, ledger->scope);
	code = sl_conn_query(ledger->conn, &rows, ledger->arena, sl_buf_str(&sql), err);
	if (code != SL_OK && apply_ledger_says_missing(sl_conn_server_error(ledger->conn)))
		return SL_OK;
	if (code != SL_OK)
		return code;
	if (rows.len == 0 && apply_ledger_half_made(ledger))
		return SL_OK;
	if (rows.len != 1)
		return sl_error_set(err, SL_EHUMAN,
			"the ledger holds %zu identities where there must be one; it was changed by "
			"hand",
			rows.len);
	if (count(sl_rows_cell(&rows, 0, 0)) > LEDGER_FORMAT)
		return sl_error_set(err, SL_ECONFLICT,
			"the ledger was written by a newer Sluice (format %s); use that version",
			sl_rows_cell(&rows, 0, 0));
	ledger->exists = true;
	ledger->database_id = sl_rows_cell(&rows, 0, 1);
	ledger->server = sl_rows_cell(&rows, 0, 2);
	ledger->database = sl_rows_cell(&rows, 0, 3);
	ledger->installation = sl_rows_cell(&rows, 0, 4);
	if (!ledger->installation)
		ledger->installation = "";
	ledger->epoch = number(sl_rows_cell(&rows, 0, 5));
	return SL_OK;
}

static const char *map_key(struct sl_arena *arena, enum sl_migration_kind kind, const char *key)
{
	return sl_arena_printf(arena, "%d %s", (int)kind, key);
}

#define SELECT_ENTRIES                                                                      \
	"SELECT kind, version, name, path, sha256, tokens_sha256, state, done, total, run " \
	"FROM %smigration WHERE scope = "

static enum sl_code take_entries(struct ledger *ledger, const struct sl_rows *rows,
	struct sl_error *err)
{
	struct entry *at = sl_arena_calloc(ledger->arena, rows->len + 1, sizeof(*at));

	ledger->by_key = sl_map_new();
	for (size_t i = 0; i < rows->len; i++) {
		at[i] = (struct entry){ .key = sl_rows_cell(rows, i, 1),
			.name = sl_rows_cell(rows, i, 2),
			.path = sl_rows_cell(rows, i, 3),
			.sha256 = sl_rows_cell(rows, i, 4),
			.tokens_sha256 = sl_rows_cell(rows, i, 5),
			.done = count(sl_rows_cell(rows, i, 7)),
			.total = count(sl_rows_cell(rows, i, 8)),
			.run = sl_rows_cell(rows, i, 9) };
		if (!sl_migration_kind_parse(&at[i].kind, sl_rows_cell(rows, i, 0)) ||
			!parse_state(&at[i].state, sl_rows_cell(rows, i, 6)))
			return sl_error_set(err, SL_EHUMAN,
				"the ledger's row of %s cannot be read: kind '%s', state '%s'",
				at[i].key, sl_rows_cell(rows, i, 0), sl_rows_cell(rows, i, 6));
		(void)sl_map_put(ledger->by_key, map_key(ledger->arena, at[i].kind, at[i].key),
			&at[i]);
	}
	ledger->entries = at;
	ledger->entries_len = rows->len;
	return SL_OK;
}

static enum sl_code read_entries(struct ledger *ledger, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_rows rows = { 0 };
	enum sl_code code;

	sl_buf_addf(&sql, SELECT_ENTRIES, ledger->prefix);
	sl_conn_literal(ledger->conn, &sql, ledger->scope);
	sl_buf_adds(&sql, " ORDER BY seq");
	code = sl_conn_query(ledger->conn, &rows, ledger->arena, sl_buf_str(&sql), err);
	return code == SL_OK ? take_entries(ledger, &rows, err) : code;
}

static bool any_partial(const struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->entries_len; i++)
		if (ledger->entries[i].state == SL_LEDGER_PARTIAL)
			return true;
	return false;
}

static enum sl_code read_steps(struct ledger *ledger, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	const char *p = ledger->prefix;
	struct sl_rows rows = { 0 };
	struct entry_step *at;
	enum sl_code code;

	if (!any_partial(ledger))
		return SL_OK;
	sl_buf_addf(&sql,
		"SELECT s.kind, s.version, s.statement, s.sha256, s.was, s.state "
		"FROM %sstep AS s JOIN %smigration AS m ON m.scope = s.scope AND m.kind = s.kind "
		"AND m.version = s.version WHERE m.state = 'partial' AND s.scope = ",
		p, p);
	sl_conn_literal(ledger->conn, &sql, ledger->scope);
	code = sl_conn_query(ledger->conn, &rows, ledger->arena, sl_buf_str(&sql), err);
	if (code != SL_OK)
		return code;
	at = sl_arena_calloc(ledger->arena, rows.len + 1, sizeof(*at));
	for (size_t i = 0; i < rows.len; i++) {
		at[i] = (struct entry_step){ .key = sl_rows_cell(&rows, i, 1),
			.statement = count(sl_rows_cell(&rows, i, 2)),
			.sha256 = sl_rows_cell(&rows, i, 3),
			.before = sl_rows_cell(&rows, i, 4),
			.started = sl_str_eq(sl_rows_cell(&rows, i, 5), "started") };
		if (!sl_migration_kind_parse(&at[i].kind, sl_rows_cell(&rows, i, 0)))
			return sl_error_set(err, SL_EHUMAN,
				"the ledger's steps of %s cannot be read", at[i].key);
	}
	ledger->steps = at;
	ledger->steps_len = rows.len;
	return SL_OK;
}

#define SELECT_OPEN "SELECT id, installation FROM %srun WHERE ended_at IS NULL AND scope = "

static void take_open(struct ledger *ledger, const struct sl_rows *rows)
{
	struct open_run *at = sl_arena_calloc(ledger->arena, rows->len + 1, sizeof(*at));

	for (size_t i = 0; i < rows->len; i++)
		at[i] = (struct open_run){ sl_rows_cell(rows, i, 0), sl_rows_cell(rows, i, 1) };
	ledger->open = at;
	ledger->open_len = rows->len;
}

static enum sl_code read_open(struct ledger *ledger, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_rows rows = { 0 };
	enum sl_code code;

	sl_buf_addf(&sql, SELECT_OPEN, ledger->prefix);
	sl_conn_literal(ledger->conn, &sql, ledger->scope);
	code = sl_conn_query(ledger->conn, &rows, ledger->arena, sl_buf_str(&sql), err);
	if (code == SL_OK)
		take_open(ledger, &rows);
	return code;
}

void apply_ledger_done(struct ledger *ledger)
{
	sl_map_free(ledger->by_key);
	ledger->by_key = NULL;
}

static enum sl_code read_all(struct ledger *ledger, struct sl_error *err)
{
	bool exists;
	enum sl_code code = apply_ledger_exists(ledger, &exists, err);

	if (code == SL_OK && exists)
		code = read_head(ledger, err);
	if (code != SL_OK || !ledger->exists)
		return code;
	code = read_entries(ledger, err);
	if (code == SL_OK)
		code = read_steps(ledger, err);
	return code == SL_OK ? read_open(ledger, err) : code;
}

static void forget(struct ledger *ledger)
{
	apply_ledger_done(ledger);
	*ledger = (struct ledger){ .conn = ledger->conn,
		.arena = ledger->arena,
		.clock = ledger->clock,
		.scope = ledger->scope,
		.prefix = ledger->prefix,
		.prepared = ledger->prepared,
		.newest = ledger->newest,
		.database_id = "",
		.server = "",
		.database = "",
		.installation = "" };
}

const char *apply_ledger_look(const struct ledger *ledger)
{
	const char *p = ledger->prefix, *scope = ledger->scope;

	assert(sl_apply_scope_valid(scope)); /* so that it needs no escapes */
	return sl_arena_printf(ledger->arena,
		"SELECT format, database_id FROM %sidentity; " SELECT_ENTRIES "'%s'; " SELECT_OPEN
		"'%s'",
		p, p, scope, p, scope);
}

bool apply_ledger_looked(struct ledger *ledger, const struct sl_rows answers[LEDGER_LOOK_ANSWERS])
{
	forget(ledger);
	if (answers[0].len != 1 || count(sl_rows_cell(&answers[0], 0, 0)) > LEDGER_FORMAT ||
		take_entries(ledger, &answers[1], NULL) != SL_OK || any_partial(ledger))
		return false;
	take_open(ledger, &answers[2]);
	ledger->exists = true;
	ledger->database_id = sl_rows_cell(&answers[0], 0, 1);
	return true;
}

/* SQLite reads in one transaction; elsewhere what counts is read under the lock. */
enum sl_code apply_ledger_read(struct ledger *ledger, struct sl_error *err)
{
	bool snapshot = sl_conn_dialect(ledger->conn) == SL_DIALECT_SQLITE;
	enum sl_code code;

	forget(ledger);
	code = snapshot ? sl_conn_begin(ledger->conn, false, err) : SL_OK;
	if (code == SL_OK)
		code = read_all(ledger, err);
	if (snapshot)
		sl_conn_rollback(ledger->conn);
	return code;
}

const struct entry *apply_ledger_find(const struct ledger *ledger, enum sl_migration_kind kind,
	const char *key)
{
	return ledger->by_key ? sl_map_get(ledger->by_key, map_key(ledger->arena, kind, key)) :
				NULL;
}

const struct entry_step *apply_ledger_step(const struct ledger *ledger, enum sl_migration_kind kind,
	const char *key, unsigned statement)
{
	for (size_t i = 0; i < ledger->steps_len; i++) {
		const struct entry_step *step = &ledger->steps[i];

		if (step->kind == kind && step->statement == statement && sl_str_eq(step->key, key))
			return step;
	}
	return NULL;
}

static enum sl_code too_much(struct sl_error *err)
{
	return sl_error_set(err, SL_ELIMIT, "ledger: more than %zu bytes to write at once",
		LEDGER_SQL_MAX);
}

/* What is to be written, behind the way back to the login role. */
static enum sl_code gather(const struct ledger *ledger, const struct sl_buf *sql,
	struct sl_buf *all, struct sl_error *err)
{
	if (sl_conn_dialect(ledger->conn) == SL_DIALECT_POSTGRES)
		sl_buf_adds(all, "SET LOCAL ROLE NONE; ");
	sl_buf_add(all, sl_buf_str(sql), sql->len);
	if (!sl_buf_ok(sql) || !sl_buf_ok(all))
		return too_much(err);
	return SL_OK;
}

enum sl_code apply_ledger_write(struct ledger *ledger, const struct sl_buf *sql,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf all = SL_BUF_INIT(LEDGER_SQL_MAX);
	enum sl_code code = gather(ledger, sql, &all, err);

	return code == SL_OK ? sl_conn_query(ledger->conn, NULL, NULL, sl_buf_str(&all), err) :
			       code;
}

enum sl_code apply_ledger_write_commit(struct ledger *ledger, const struct sl_buf *sql,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf all = SL_BUF_INIT(LEDGER_SQL_MAX);
	enum sl_code code = gather(ledger, sql, &all, err);

	return code == SL_OK ? sl_conn_query_commit(ledger->conn, sl_buf_str(&all), err) : code;
}

void apply_ledger_values(const struct ledger *ledger, struct sl_buf *sql, ...)
{
	va_list ap;
	const char *text;
	bool first = true;

	va_start(ap, sql);
	while ((text = va_arg(ap, const char *))) {
		if (!first)
			sl_buf_adds(sql, ", ");
		first = false;
		sl_conn_literal(ledger->conn, sql, text);
	}
	va_end(ap);
}

/* What is asked in one message, for servers that are far away. */
struct fence_look {
	const char *before, *after; /* what is sent with it; "" none */
	const char *lock; /* SQL that says whether the session has its lock, or NULL */
	int64_t epoch; /* out */
	bool locked; /* out, where it was asked */
};

static enum sl_code read_fence(struct ledger *ledger, struct fence_look *look, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };
	enum sl_code code;

	sl_buf_addf(&sql, "%sSELECT epoch, %s FROM %sfence WHERE scope = ", look->before,
		look->lock ? look->lock : "NULL", ledger->prefix);
	sl_conn_literal(ledger->conn, &sql, ledger->scope);
	sl_buf_adds(&sql, apply_ledger_share(ledger));
	if (look->after[0] != '\0')
		sl_buf_addf(&sql, "; %s", look->after);
	if (!sl_buf_ok(&sql))
		return too_much(err);
	code = sl_conn_query(ledger->conn, &rows, arena, sl_buf_str(&sql), err);
	if (code != SL_OK)
		return code;
	look->epoch = rows.len > 0 ? number(sl_rows_cell(&rows, 0, 0)) : 0;
	look->locked = look->lock && rows.len > 0 && number(sl_rows_cell(&rows, 0, 1)) == 1;
	return SL_OK;
}

static enum sl_code compare_epoch(int64_t now, int64_t epoch, struct sl_error *err)
{
	if (now == epoch)
		return SL_OK;
	return sl_error_set(err, SL_ECONFLICT,
		"another attempt has taken over (fence at epoch %" PRId64 ", ours is %" PRId64 ")",
		now, epoch);
}

enum sl_code apply_ledger_begin(struct ledger *ledger, int64_t epoch, struct sl_error *err)
{
	struct fence_look look = { .before = apply_ledger_begin_text(ledger), .after = "" };
	enum sl_code code = look.before[0] != '\0' ? SL_OK : sl_conn_begin(ledger->conn, true, err);

	if (code == SL_OK)
		code = read_fence(ledger, &look, err);
	return code == SL_OK ? compare_epoch(look.epoch, epoch, err) : code;
}

enum sl_code apply_ledger_begin_with(struct ledger *ledger, int64_t epoch, const struct sl_buf *sql,
	enum lock_seen *lock, struct sl_error *err)
{
	sl_auto_buf struct sl_buf all = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct fence_look look = { .before = apply_ledger_begin_text(ledger) };
	enum sl_code code = gather(ledger, sql, &all, err);

	if (code == SL_OK && look.before[0] == '\0')
		code = sl_conn_begin(ledger->conn, true, err);
	if (code != SL_OK)
		return code;
	look.after = sl_buf_str(&all);
	look.lock = sl_conn_lock_sql(ledger->conn, ledger->scope, ledger->arena);
	code = read_fence(ledger, &look, err);
	if (code == SL_OK)
		code = compare_epoch(look.epoch, epoch, err);
	if (code == SL_OK)
		*lock = !look.lock ? LOCK_NOT_ASKED : look.locked ? LOCK_HELD : LOCK_GONE;
	return code;
}

void apply_ledger_add_guard(const struct ledger *ledger, struct sl_buf *sql, const char *epoch)
{
	sl_buf_addf(sql, "SELECT 1 / (epoch = %s)::integer FROM %sfence WHERE scope = ", epoch,
		ledger->prefix);
	sl_conn_literal(ledger->conn, sql, ledger->scope);
	sl_buf_adds(sql, apply_ledger_share(ledger));
}

void apply_ledger_begin_texts(const struct ledger *ledger, int64_t epoch,
	struct sl_exec out[LEDGER_BEGIN_TEXTS])
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	const char *begin = apply_ledger_begin_text(ledger), *guard,
		   *number = sl_arena_printf(ledger->arena, "%" PRId64, epoch);

	if (ledger->prepared) {
		apply_ledger_begin_prepared(ledger, number, out);
		return;
	}
	apply_ledger_add_guard(ledger, &sql, number);
	guard = sl_arena_strdup(ledger->arena, sl_buf_str(&sql));
	out[0] = (struct sl_exec){ .sql = begin, .len = strcspn(begin, ";") };
	out[1] = (struct sl_exec){ .sql = guard, .len = strlen(guard) };
}

bool apply_ledger_says_overtaken(const struct sl_server_error *error)
{
	return strcmp(error->code, "22012") == 0; /* division by zero */
}

bool apply_ledger_says_unprepared(const struct sl_server_error *error)
{
	return strcmp(error->code, "26000") == 0;
}

/* Older ledgers number the migrations of all scopes in one row, so that of two scopes that are at
 * work at once one waits for the other and fails.  Only an owner can change that. */
static const char *mending(const struct ledger *ledger)
{
	if (sl_conn_dialect(ledger->conn) != SL_DIALECT_POSTGRES)
		return "";
	return "DO $sluice$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_constraint AS c "
	       "JOIN pg_catalog.pg_class AS t ON t.oid = c.conrelid "
	       "WHERE c.conname = 'migration_seq_key' "
	       "AND c.conrelid = 'sluice.migration'::pg_catalog.regclass "
	       "AND pg_catalog.pg_has_role(t.relowner, 'USAGE')) THEN "
	       "ALTER TABLE sluice.migration DROP CONSTRAINT migration_seq_key; "
	       "END IF; END $sluice$; ";
}

enum sl_code apply_ledger_raise(struct ledger *ledger, const char *installation, int64_t epoch,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct fence_look look = { .before = "", .after = "" };
	enum sl_code code = read_fence(ledger, &look, err);

	if (code == SL_OK)
		code = compare_epoch(look.epoch, ledger->epoch, err);
	if (code != SL_OK)
		return code;
	sl_buf_addf(&sql, "%sINSERT INTO %sfence (scope, installation, epoch, since) VALUES (",
		mending(ledger), ledger->prefix);
	apply_ledger_values(ledger, &sql, ledger->scope, installation, NULL);
	sl_buf_addf(&sql, ", %" PRId64 ", %s)", epoch, apply_ledger_now(ledger));
	apply_ledger_replace(ledger, &sql, "scope", "installation epoch since");
	return apply_ledger_write(ledger, &sql, err);
}
