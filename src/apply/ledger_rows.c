/* The rows of `migration` and `step`, and the statements that write them over and over: prepared
 * once a session where the engine profits. */
#include "apply_int.h"

#include "sluice/core/str.h"

#include <inttypes.h>

/* Columns of a migration's row that are given as values, but for seq. */
#define ENTRY_VALUES 13
#define ENTRY_SEQ    "$14"

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

	apply_ledger_values(ledger, &values, ledger->scope, sl_migration_kind_name(m->kind), m->key,
		m->name, m->path, m->sha256, entry->tokens_sha256,
		sl_ledger_state_name(entry->state), entry->run, entry->actor, entry->reason, NULL);
	sl_buf_addf(&values, ", %u, %u", entry->done, entry->total);
	if (ledger->prepared)
		sl_buf_addf(sql, "EXECUTE " PREPARED_ENTRY "(%s, %" PRId64 ")", sl_buf_str(&values),
			++ledger->newest);
	else
		add_entry(ledger, sql, sl_buf_str(&values),
			sl_arena_printf(ledger->arena,
				"(SELECT n FROM (SELECT coalesce(max(seq), 0) + 1 AS n FROM "
				"%smigration) AS newest)",
				ledger->prefix),
			entry->first);
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

/* One statement for any number of rows: their differing columns are arrays. */
static void add_steps_prepared(const struct ledger *ledger, struct sl_buf *sql,
	const struct steps_write *steps)
{
	char hex[SL_SHA256_HEX];

	sl_buf_adds(sql, "EXECUTE " PREPARED_STEPS "(");
	apply_ledger_values(ledger, sql, ledger->scope,
		sl_migration_kind_name(steps->migration->kind), steps->migration->key, steps->run,
		NULL);
	sl_buf_adds(sql, ", '{");
	for (size_t i = 0; i < steps->len; i++)
		sl_buf_addf(sql, "%s%s", i > 0 ? "," : "",
			sl_hex(steps->at[i].hash, SL_SHA256_SIZE, hex));
	sl_buf_adds(sql, "}', '{");
	for (size_t i = 0; i < steps->len; i++)
		sl_buf_addf(sql, "%s%u", i > 0 ? "," : "", steps->at[i].number);
	sl_buf_adds(sql, "}', '{");
	for (size_t i = 0; i < steps->len; i++)
		sl_buf_addf(sql, "%s%" PRId64, i > 0 ? "," : "", steps->rows[i]);
	sl_buf_adds(sql, "}'); ");
}

#define STEP_COLUMNS "(scope, kind, version, run, sha256, state, was, statement, affected, at)"

void apply_ledger_put_steps(const struct ledger *ledger, struct sl_buf *sql,
	const struct steps_write *steps)
{
	char hex[SL_SHA256_HEX];

	if (steps->len == 0)
		return;
	if (ledger->prepared) {
		add_steps_prepared(ledger, sql, steps);
		return;
	}
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

enum sl_code apply_ledger_prepare(struct ledger *ledger, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
	sl_auto_buf struct sl_buf values = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_rows rows = { 0 };
	enum sl_code code;

	if (ledger->prepared)
		return SL_OK;
	for (unsigned i = 1; i <= ENTRY_VALUES; i++)
		sl_buf_addf(&values, "%s$%u", i > 1 ? ", " : "", i);
	sl_buf_adds(&sql, "PREPARE " PREPARED_GUARD " AS ");
	apply_ledger_guard(ledger, &sql, "$1");
	sl_buf_adds(&sql, "; PREPARE " PREPARED_ENTRY " AS ");
	add_entry(ledger, &sql, sl_buf_str(&values), ENTRY_SEQ, false);
	sl_buf_addf(&sql,
		"; PREPARE " PREPARED_STEPS " AS INSERT INTO %sstep " STEP_COLUMNS
		" SELECT $1, $2, $3, $4, s.sha256, 'done', '', s.statement, s.affected, %s "
		"FROM ROWS FROM (pg_catalog.unnest($5::text[]), pg_catalog.unnest($6::integer[]), "
		"pg_catalog.unnest($7::bigint[])) AS s (sha256, statement, affected); "
		"SELECT coalesce(pg_catalog.max(seq), 0) FROM %smigration",
		ledger->prefix, apply_ledger_now(ledger), ledger->prefix);
	code = sl_conn_query(ledger->conn, &rows, ledger->arena, sl_buf_str(&sql), err);
	if (code == SL_OK &&
		!sl_parse_i64(sl_rows_cell(&rows, 0, 0), INT64_MIN, INT64_MAX, &ledger->newest))
		code = sl_error_set(err, SL_EINTERNAL, "the ledger's rows have no numbers");
	ledger->prepared = code == SL_OK;
	return code;
}
