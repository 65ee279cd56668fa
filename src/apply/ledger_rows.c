/* The rows of `migration` and `step`, and what is said over and over where the engine profits from
 * preparing it once a session. */
#include "apply_int.h"

#include "sluice/core/str.h"

#include <inttypes.h>
#include <string.h>

static void add_entry(const struct ledger *ledger, struct sl_buf *sql, const char *values,
	const char *seq, bool first)
{
	sl_buf_addf(sql,
		"INSERT INTO %smigration (scope, kind, version, name, path, sha256, tokens_sha256, "
		"state, run, actor, reason, done, total, at, seq) VALUES (%s, %s, %s)",
		ledger->prefix, values, apply_ledger_now(ledger), seq);
	if (first)
		return;
	apply_ledger_replace(ledger, sql, "scope, kind, version",
		"name path sha256 tokens_sha256 state run actor reason done total at seq");
}

void apply_ledger_put(struct ledger *ledger, struct sl_buf *sql, const struct entry_write *entry)
{
	sl_auto_buf struct sl_buf values = SL_BUF_INIT(LEDGER_SQL_MAX);
	const struct sl_migration *m = entry->migration;
	const char *seq;

	apply_ledger_values(ledger, &values, ledger->scope, sl_migration_kind_name(m->kind), m->key,
		m->name, m->path, m->sha256, entry->tokens_sha256,
		sl_ledger_state_name(entry->state), entry->run, entry->actor, entry->reason, NULL);
	sl_buf_addf(&values, ", %u, %u", entry->done, entry->total);
	if (ledger->prepared)
		seq = sl_arena_printf(ledger->arena, "%" PRId64, ++ledger->newest);
	else
		seq = sl_arena_printf(ledger->arena,
			"(SELECT n FROM (SELECT coalesce(max(seq), 0) + 1 AS n FROM %smigration) "
			"AS newest)",
			ledger->prefix);
	add_entry(ledger, sql, sl_buf_str(&values), seq, entry->first);
	sl_buf_adds(sql, "; ");
}

void apply_ledger_put_progress(const struct ledger *ledger, struct sl_buf *sql,
	const struct entry_write *entry)
{
	sl_buf_addf(sql, "UPDATE %smigration SET state = '%s', done = %u, at = %s WHERE scope = ",
		ledger->prefix, sl_ledger_state_name(entry->state), entry->done,
		apply_ledger_now(ledger));
	sl_conn_literal(ledger->conn, sql, ledger->scope);
	sl_buf_addf(sql,
		" AND kind = '%s' AND version = ", sl_migration_kind_name(entry->migration->kind));
	sl_conn_literal(ledger->conn, sql, entry->migration->key);
	sl_buf_adds(sql, "; ");
}

#define STEP_COLUMNS "(scope, kind, version, run, sha256, state, was, statement, affected, at)"

void apply_ledger_put_steps(const struct ledger *ledger, struct sl_buf *sql,
	const struct steps_write *steps)
{
	char hex[SL_SHA256_HEX];

	if (steps->len == 0)
		return;
	sl_buf_addf(sql, "INSERT INTO %sstep " STEP_COLUMNS " VALUES ", ledger->prefix);
	for (size_t i = 0; i < steps->len; i++) {
		sl_buf_adds(sql, i > 0 ? ", (" : "(");
		apply_ledger_values(ledger, sql, ledger->scope,
			sl_migration_kind_name(steps->migration->kind), steps->migration->key,
			steps->run, sl_hex(steps->at[i].hash, SL_SHA256_SIZE, hex), "done", "",
			NULL);
		sl_buf_addf(sql, ", %u, %" PRId64 ", %s)", steps->at[i].number, steps->rows[i],
			apply_ledger_now(ledger));
	}
	sl_buf_adds(sql, "; ");
}

/* --- prepared -------------------------------------------------------------------------------- */

/* Names that no migration uses.  They go with the session, or with DEALLOCATE ALL. */
#define PREPARED_BEGIN  "_sluice_begin"
#define PREPARED_GUARD  "_sluice_fence_is_ours"
#define PREPARED_LOGIN  "_sluice_login_role"
#define PREPARED_ROWS   "_sluice_put_rows"
#define PREPARED_COMMIT "_sluice_COMMIT"

/* Values of the rows: the migration's, but for the moment, and the steps' columns that differ, as
 * arrays. */
#define ENTRY_VALUES "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13"
#define ENTRY_SEQ    "$14"
#define STEP_VALUES  "$1, $2, $3, $9"
#define STEP_ARRAYS \
	"pg_catalog.unnest($15::text[]), pg_catalog.unnest($16::integer[]), pg_catalog.unnest($17::bigint[])"
#define PREPARED_ROWS_SIZE 17

static enum sl_code prepare_all(const struct ledger *ledger, struct sl_error *err)
{
	sl_auto_buf struct sl_buf guard = SL_BUF_INIT(LEDGER_SQL_MAX);
	sl_auto_buf struct sl_buf put = SL_BUF_INIT(LEDGER_SQL_MAX);

	apply_ledger_add_guard(ledger, &guard, "$1");
	sl_buf_addf(&put,
		"WITH steps AS (INSERT INTO %sstep " STEP_COLUMNS " SELECT " STEP_VALUES
		", s.sha256, 'done', '', s.statement, s.affected, %s "
		"FROM ROWS FROM (" STEP_ARRAYS ") AS s (sha256, statement, affected)) ",
		ledger->prefix, apply_ledger_now(ledger));
	add_entry(ledger, &put, ENTRY_VALUES, ENTRY_SEQ, true);

	const struct sl_prepared all[] = {
		{ PREPARED_BEGIN, apply_ledger_begin_text(ledger) },
		{ PREPARED_GUARD, sl_buf_str(&guard) },
		{ PREPARED_LOGIN, "SET LOCAL ROLE NONE" },
		{ PREPARED_ROWS, sl_buf_str(&put) },
		{ PREPARED_COMMIT, "COMMIT" },
	};
	return sl_conn_prepare(ledger->conn, all, sizeof(all) / sizeof(all[0]), err);
}

enum sl_code apply_ledger_prepare(struct ledger *ledger, struct sl_error *err)
{
	const char *newest = sl_arena_printf(ledger->arena,
		"SELECT coalesce(pg_catalog.max(seq), 0) FROM %smigration", ledger->prefix);
	struct sl_rows rows = { 0 };
	enum sl_code code;

	if (ledger->prepared)
		return SL_OK;
	code = prepare_all(ledger, err);
	if (code == SL_OK)
		code = sl_conn_query(ledger->conn, &rows, ledger->arena, newest, err);
	if (code == SL_OK &&
		!sl_parse_i64(sl_rows_cell(&rows, 0, 0), INT64_MIN, INT64_MAX, &ledger->newest))
		code = sl_error_set(err, SL_EINTERNAL, "the ledger's rows have no numbers");
	ledger->prepared = code == SL_OK;
	return code;
}

void apply_ledger_begin_prepared(const struct ledger *ledger, const char *epoch,
	struct sl_exec out[LEDGER_BEGIN_TEXTS])
{
	const char **value = sl_arena_alloc(ledger->arena, sizeof(*value));

	*value = epoch;
	out[0] = (struct sl_exec){ .prepared = PREPARED_BEGIN };
	out[1] = (struct sl_exec){ .prepared = PREPARED_GUARD, .values = value, .values_len = 1 };
}

static void add_hash(struct sl_buf *out, const struct steps_write *steps, size_t i)
{
	char hex[SL_SHA256_HEX];

	sl_buf_adds(out, sl_hex(steps->at[i].hash, SL_SHA256_SIZE, hex));
}

static void add_number(struct sl_buf *out, const struct steps_write *steps, size_t i)
{
	sl_buf_addf(out, "%u", steps->at[i].number);
}

static void add_rows(struct sl_buf *out, const struct steps_write *steps, size_t i)
{
	sl_buf_addf(out, "%" PRId64, steps->rows[i]);
}

/* One column of all steps as an array; NULL: too large. */
static const char *column_of(const struct ledger *ledger, const struct steps_write *steps,
	void (*add)(struct sl_buf *out, const struct steps_write *steps, size_t i))
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(LEDGER_SQL_MAX);

	sl_buf_adds(&text, "{");
	for (size_t i = 0; i < steps->len; i++) {
		if (i > 0)
			sl_buf_adds(&text, ",");
		add(&text, steps, i);
	}
	sl_buf_adds(&text, "}");
	return sl_buf_ok(&text) ? sl_arena_strdup(ledger->arena, sl_buf_str(&text)) : NULL;
}

static const char *decimal(const struct ledger *ledger, int64_t number)
{
	return sl_arena_printf(ledger->arena, "%" PRId64, number);
}

bool apply_ledger_end_prepared(struct ledger *ledger, const struct entry_write *entry,
	const struct steps_write *steps, struct sl_exec out[LEDGER_END_TEXTS])
{
	const struct sl_migration *m = entry->migration;
	const char *const values[PREPARED_ROWS_SIZE] = { ledger->scope,
		sl_migration_kind_name(m->kind), m->key, m->name, m->path, m->sha256,
		entry->tokens_sha256, sl_ledger_state_name(entry->state), entry->run, entry->actor,
		entry->reason, decimal(ledger, entry->done), decimal(ledger, entry->total),
		decimal(ledger, ++ledger->newest), column_of(ledger, steps, add_hash),
		column_of(ledger, steps, add_number), column_of(ledger, steps, add_rows) };
	const char **kept = sl_arena_alloc(ledger->arena, sizeof(values));

	memcpy(kept, values, sizeof(values));
	out[0] = (struct sl_exec){ .prepared = PREPARED_LOGIN };
	out[1] = (struct sl_exec){ .prepared = PREPARED_ROWS,
		.values = kept,
		.values_len = PREPARED_ROWS_SIZE };
	out[2] = (struct sl_exec){ .prepared = PREPARED_COMMIT, .commits = true };
	return values[14] && values[15] && values[16];
}
