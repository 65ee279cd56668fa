/*
 * Who keeps a session waiting.  A wait for rows is told by InnoDB.  A wait for a metadata lock is
 * told by performance_schema (MySQL has it on, MariaDB off) or by MariaDB's plugin
 * metadata_lock_info; where a server has neither, all that can be named is who might have it: the
 * open transactions and statements of the database, said to be just that.
 */
#include "mysql_int.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"

#include <inttypes.h>
#include <string.h>

#define BLOCKERS_MAX 20

/* Columns of every source: session, its lock, the lock that is wanted, on what.  The number of
 * the session that waits comes behind. */
static const char rows_mysql[] =
	"SELECT DISTINCT coalesce(bt.processlist_id, 0) AS id, "
	"concat(b.lock_mode, ' row lock') AS holds, concat(r.lock_mode, ' row lock') AS wants, "
	"r.object_name AS object FROM performance_schema.threads AS rt "
	"JOIN performance_schema.data_lock_waits AS w ON w.requesting_thread_id = rt.thread_id "
	"JOIN performance_schema.data_locks AS r ON r.engine_lock_id = w.requesting_engine_lock_id "
	"JOIN performance_schema.data_locks AS b ON b.engine_lock_id = w.blocking_engine_lock_id "
	"LEFT JOIN performance_schema.threads AS bt ON bt.thread_id = w.blocking_thread_id "
	"WHERE rt.processlist_id = ";

static const char rows_mariadb[] =
	"SELECT DISTINCT bt.trx_mysql_thread_id AS id, concat(b.lock_mode, ' row lock') AS holds, "
	"concat(r.lock_mode, ' row lock') AS wants, "
	"replace(substring_index(r.lock_table, '`.`', -1), '`', '') AS object "
	"FROM information_schema.innodb_trx AS rt "
	"JOIN information_schema.innodb_lock_waits AS w ON w.requesting_trx_id = rt.trx_id "
	"JOIN information_schema.innodb_trx AS bt ON bt.trx_id = w.blocking_trx_id "
	"LEFT JOIN information_schema.innodb_locks AS r ON r.lock_id = w.requested_lock_id "
	"LEFT JOIN information_schema.innodb_locks AS b ON b.lock_id = w.blocking_lock_id "
	"WHERE rt.trx_mysql_thread_id = ";

/* Which modes exclude each other; one who waits for EXCLUSIVE keeps all the later ones waiting. */
static const char metadata[] =
	"SELECT DISTINCT coalesce(ht.processlist_id, 0) AS id, "
	"concat(h.lock_type, ' metadata lock') AS holds, "
	"concat(w.lock_type, ' metadata lock') AS wants, "
	"coalesce(w.object_name, lower(w.object_type)) AS object "
	"FROM performance_schema.threads AS wt "
	"JOIN performance_schema.metadata_locks AS w ON w.owner_thread_id = wt.thread_id "
	"AND w.lock_status = 'PENDING' "
	"JOIN performance_schema.metadata_locks AS h ON h.owner_thread_id <> w.owner_thread_id "
	"AND h.object_type = w.object_type AND h.object_schema <=> w.object_schema "
	"AND h.object_name <=> w.object_name AND (h.lock_status = 'GRANTED' OR "
	"(h.lock_type = 'EXCLUSIVE' AND w.lock_type <> 'EXCLUSIVE')) AND ("
	"w.lock_type = 'EXCLUSIVE' OR h.lock_type IN ('EXCLUSIVE', 'SHARED_NO_READ_WRITE') "
	"OR (w.lock_type = 'SHARED_NO_READ_WRITE' AND "
	"h.lock_type NOT IN ('SHARED', 'SHARED_HIGH_PRIO')) "
	"OR (w.lock_type IN ('SHARED_UPGRADABLE', 'SHARED_NO_WRITE') AND "
	"h.lock_type IN ('SHARED_UPGRADABLE', 'SHARED_NO_WRITE')) "
	"OR (w.lock_type = 'SHARED_NO_WRITE' AND h.lock_type = 'SHARED_WRITE') "
	"OR (w.lock_type = 'SHARED_WRITE' AND h.lock_type IN ('SHARED_NO_WRITE', 'SHARED_READ_ONLY')) "
	"OR (w.lock_type = 'INTENTION_EXCLUSIVE' AND h.lock_type = 'SHARED') "
	"OR h.lock_type LIKE 'BACKUP_FTWRL%' OR h.lock_type LIKE 'BACKUP_WAIT%') "
	"LEFT JOIN performance_schema.threads AS ht ON ht.thread_id = h.owner_thread_id "
	"WHERE wt.processlist_id = ";

/* It lists what is held, not what is waited for: locks of others on tables that the waiting
 * statement names. */
static const char plugin[] =
	"SELECT DISTINCT h.thread_id AS id, "
	"concat(replace(h.lock_mode, 'MDL_', ''), ' metadata lock') AS holds, "
	"'metadata lock' AS wants, h.table_name AS object "
	"FROM information_schema.processlist AS w JOIN information_schema.metadata_lock_info AS h "
	"ON h.table_schema = w.db AND locate(h.table_name, w.info) > 0 AND h.thread_id <> w.id "
	"WHERE h.lock_type = 'Table metadata lock' AND h.thread_id <> CONNECTION_ID() AND w.id = ";

static const char anybody[] =
	"SELECT o.id, '' AS holds, 'a metadata lock' AS wants, '' AS object "
	"FROM information_schema.processlist AS w JOIN information_schema.processlist AS o "
	"ON o.id NOT IN (w.id, CONNECTION_ID()) AND (o.db = w.db OR o.db IS NULL) "
	"AND coalesce(o.state, '') NOT LIKE 'Waiting for %lock' "
	"AND (o.command IN ('Query', 'Execute') OR o.id IN "
	"(SELECT trx_mysql_thread_id FROM information_schema.innodb_trx)) WHERE w.id = ";

/* Start times of transactions are those of the server's own zone. */
static const char sessions_head[] =
	"SELECT b.id, coalesce(p.user, ''), coalesce(p.host, ''), "
	"CASE WHEN p.id IS NULL THEN '' WHEN p.command <> 'Sleep' THEN 'active' "
	"WHEN t.id IS NULL THEN 'idle' ELSE 'idle in transaction' END, coalesce(p.info, ''), "
	"coalesce(b.holds, ''), coalesce(b.wants, ''), coalesce(b.object, ''), "
	"coalesce(timestampdiff(SECOND, t.started, "
	"convert_tz(now(), @@SESSION.time_zone, 'SYSTEM')), p.time, 0) AS age FROM (";
static const char sessions_tail[] =
	") AS b LEFT JOIN information_schema.processlist AS p ON p.id = b.id LEFT JOIN "
	"(SELECT trx_mysql_thread_id AS id, min(trx_started) AS started "
	"FROM information_schema.innodb_trx GROUP BY trx_mysql_thread_id) AS t ON t.id = b.id "
	"ORDER BY age DESC, b.id";

struct asking {
	struct sl_conn *base;
	const char *waiting; /* number of the session */
	struct sl_arena *arena;
};

static enum sl_code denied(struct sl_error *err)
{
	return sl_error_set(err, SL_EDENIED,
		"who holds the lock is shown only to a login with the privilege PROCESS (and, on MySQL, "
		"SELECT ON performance_schema.*)");
}

static enum sl_code ask(const struct asking *a, const char *source, struct sl_rows *rows,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(8192);
	enum sl_code code;

	sl_buf_adds(&sql, sessions_head);
	sl_buf_adds(&sql, source);
	sl_buf_adds(&sql, a->waiting);
	sl_buf_adds(&sql, sessions_tail);
	code = sl_my_query(a->base, rows, a->arena, sl_buf_str(&sql), err);
	return code == SL_EDENIED ? denied(err) : code;
}

/* Whether the session waits for something that is not InnoDB's. */
static bool waits(const struct asking *a)
{
	struct sl_rows rows = { 0 };
	const char *sql = sl_arena_printf(a->arena,
		"SELECT 1 FROM information_schema.processlist WHERE id = %s AND state LIKE 'Waiting for %%'",
		a->waiting);

	return sl_my_query(a->base, &rows, a->arena, sql, NULL) == SL_OK && rows.len > 0;
}

/* The surest source that knows anything; one that a server does not have is no failure. */
static enum sl_code ask_all(const struct asking *a, struct sl_rows *rows, bool *guessed,
	struct sl_error *err)
{
	bool mariadb = a->base->dialect == SL_DIALECT_MARIADB;
	enum sl_code code = ask(a, mariadb ? rows_mariadb : rows_mysql, rows, err);

	if (code != SL_OK || rows->len > 0 || !waits(a))
		return code;
	code = ask(a, metadata, rows, NULL);
	if (mariadb && (code != SL_OK || rows->len == 0))
		code = ask(a, plugin, rows, NULL);
	if (code == SL_OK && rows->len > 0)
		return SL_OK;
	*guessed = true;
	return ask(a, anybody, rows, err);
}

/* "10.0.0.5:4711" without the port. */
static const char *address(struct sl_arena *arena, const char *host)
{
	const char *colon = strrchr(host, ':');

	return colon ? sl_arena_strndup(arena, host, (size_t)(colon - host)) : host;
}

/* What performance_schema knows beside: the program, and the last statement of one that is idle. */
static void add_statement(const struct asking *a, struct sl_lock_holder *holder)
{
	struct sl_rows rows = { 0 };
	const char *sql = sl_arena_printf(a->arena,
		"SELECT coalesce((SELECT c.attr_value FROM performance_schema.session_connect_attrs AS c "
		"WHERE c.processlist_id = t.processlist_id AND c.attr_name = 'program_name' LIMIT 1), ''), "
		"coalesce((SELECT s.sql_text FROM performance_schema.events_statements_current AS s "
		"WHERE s.thread_id = t.thread_id ORDER BY s.event_id LIMIT 1), '') "
		"FROM performance_schema.threads AS t WHERE t.processlist_id = %s",
		holder->session);

	if (sl_my_query(a->base, &rows, a->arena, sql, NULL) != SL_OK || rows.len == 0)
		return;
	holder->application = sl_rows_cell(&rows, 0, 0);
	if (holder->what[0] == '\0' && sl_rows_cell(&rows, 0, 1)[0] != '\0')
		holder->what = sl_statement_head(a->arena, a->base->dialect,
			sl_rows_cell(&rows, 0, 1));
}

static struct sl_lock_holder holder_of(const struct asking *a, const struct sl_rows *rows, size_t i,
	bool guessed)
{
	const char *info = sl_rows_cell(rows, i, 4);
	struct sl_lock_holder holder = { .session = sl_rows_cell(rows, i, 0),
		.user = sl_rows_cell(rows, i, 1),
		.application = "",
		.address = address(a->arena, sl_rows_cell(rows, i, 2)),
		.state = sl_rows_cell(rows, i, 3),
		.what = info[0] != '\0' ? sl_statement_head(a->arena, a->base->dialect, info) : "",
		.holds = sl_rows_cell(rows, i, 5),
		.wants = sl_rows_cell(rows, i, 6),
		.object = sl_rows_cell(rows, i, 7),
		.guessed = guessed };
	int64_t age = 0;

	if (sl_parse_i64(sl_rows_cell(rows, i, 8), 1, INT64_MAX / SL_SECOND_US, &age))
		holder.held_us = age * SL_SECOND_US;
	add_statement(a, &holder);
	return holder;
}

enum sl_code sl_my_blockers(struct sl_conn *base, const struct sl_conn *blocked,
	const struct sl_lock_holder **out, size_t *len, struct sl_arena *arena,
	struct sl_error *err)
{
	const struct my_conn *waiting = (const struct my_conn *)(const void *)blocked;
	const struct asking a = { base, sl_arena_printf(arena, "%" PRIu64, waiting->where->id),
		arena };
	struct sl_lock_holder *at;
	struct sl_rows rows = { 0 };
	bool guessed = false;
	size_t n = 0;
	enum sl_code code = ask_all(&a, &rows, &guessed, err);

	if (code != SL_OK)
		return code;
	at = sl_arena_calloc(arena, BLOCKERS_MAX, sizeof(*at));
	for (size_t i = 0; i < rows.len && n < BLOCKERS_MAX; i++)
		if (n == 0 || !sl_str_eq(at[n - 1].session, sl_rows_cell(&rows, i, 0)))
			at[n++] = holder_of(&a, &rows, i, guessed);
	*out = at;
	*len = n;
	return SL_OK;
}
