#include "mysql_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/hash.h"
#include "sluice/core/str.h"
#include "sluice/sql/token.h"

#include "stream.h"

#include <inttypes.h>
#include <string.h>

static enum sl_tx_state tx_state(const struct sl_conn *base)
{
	const struct my_conn *conn = (const struct my_conn *)(const void *)base;

	if (!conn->my)
		return SL_TX_LOST;
	return conn->my->server_status & SERVER_STATUS_IN_TRANS ? SL_TX_OPEN : SL_TX_IDLE;
}

static void close_session(struct sl_conn *base)
{
	struct my_conn *conn = sl_my(base);

	if (conn->my)
		mysql_close(conn->my);
	sl_my_where_drop(conn->where);
	free(conn->database);
	free(conn);
}

/* --- statements ----------------------------------------------------------------------------- */

/* Only for these the server's count is one of rows that the statement wrote: an ALTER TABLE that
 * copies tells how many it copied. */
static bool counts_rows(const struct my_conn *conn, const char *sql, size_t len)
{
	static const char *const words[] = { "insert", "update", "delete", "replace", "with",
		"load", "call" };
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, conn->base.dialect, sql, len);
	if (!sl_lexer_next_code(&lexer, &token))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (sl_token_is(&token, sql, words[i]))
			return true;
	return false;
}

static enum sl_code exec(struct sl_conn *base, const struct sl_exec *statement, int64_t *rows,
	struct sl_error *err)
{
	struct my_conn *conn = sl_my(base);
	struct sl_my_stream stream = { .conn = conn, .sql = statement->sql, .len = statement->len };
	enum sl_code code;

	sl_my_bound(conn);
	code = sl_my_bound_end(conn, statement, sl_my_stream_run(&stream, err), err);
	if (code == SL_OK)
		*rows = counts_rows(conn, statement->sql, statement->len) ? stream.rows : -1;
	return code;
}

/* Up to the next semicolon outside quotes.  Our own SQL: no comments, no stored programs; text in
 * it is written by sl_my_literal(). */
static size_t statement_len(const char *sql)
{
	char quote = '\0';
	size_t i = 0;

	for (; sql[i] != '\0' && (quote != '\0' || sql[i] != ';'); i++) {
		if (quote != '\0')
			quote = sql[i] == quote ? '\0' : quote;
		else if (sql[i] == '\'' || sql[i] == '`')
			quote = sql[i];
	}
	return i;
}

static const char *behind(const char *sql, size_t len)
{
	sql += len;
	return *sql == ';' ? sql + 1 + strspn(sql + 1, " \n\t") : sql;
}

static enum sl_code one_by_one(struct sl_my_stream *stream, const char *sql, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	while (code == SL_OK && *sql != '\0') {
		stream->sql = sql;
		stream->len = statement_len(sql);
		sql = behind(sql, stream->len);
		code = sl_my_stream_run(stream, err);
	}
	return code;
}

#define BLOCK_BEGIN "BEGIN NOT ATOMIC "
#define BLOCK_END   "; END"

/* Without the last semicolon and the blanks behind it. */
static size_t without_end(const char *sql)
{
	size_t len = strlen(sql);

	while (len > 0 && strchr("; \n\t", sql[len - 1]))
		len--;
	return len;
}

/* MariaDB takes several as the block of a stored program, of which the first failure is the end. */
static enum sl_code as_block(struct sl_my_stream *stream, const char *sql, struct sl_error *err)
{
	sl_auto_buf struct sl_buf block = SL_BUF_INIT(stream->conn->packet_max);

	sl_buf_adds(&block, BLOCK_BEGIN);
	sl_buf_add(&block, sql, without_end(sql));
	sl_buf_adds(&block, BLOCK_END);
	stream->sql = sl_buf_str(&block);
	stream->len = block.len;
	return sl_my_stream_run(stream, err);
}

/* What a block sets in its session (sql_mode) may end with it, and USE is none of its words: only
 * what writes in a transaction goes as one. */
static bool makes_block(const struct my_conn *conn, const char *sql)
{
	return conn->base.dialect == SL_DIALECT_MARIADB &&
		*behind(sql, statement_len(sql)) != '\0' &&
		(tx_state(&conn->base) == SL_TX_OPEN || sl_str_starts(sql, "START TRANSACTION")) &&
		strlen(sql) + sizeof(BLOCK_BEGIN BLOCK_END) < conn->packet_max;
}

/* The server is not allowed to take several statements in one message, so that a migration's one
 * is one for the server too. */
static enum sl_code query(struct sl_my_stream *stream, struct sl_rows *out, const char *sql,
	struct sl_error *err)
{
	struct sl_row_sink *sink = stream->sink;
	enum sl_code code = makes_block(stream->conn, sql) ? as_block(stream, sql, err) :
							     one_by_one(stream, sql, err);

	if (code == SL_OK && out)
		sl_row_sink_end(sink, out);
	return code;
}

enum sl_code sl_my_query(struct sl_conn *base, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err)
{
	struct sl_row_sink sink = { .arena = arena };
	struct sl_my_stream stream = { .conn = sl_my(base), .sink = arena ? &sink : NULL };

	return query(&stream, out, sql, err);
}

enum sl_code sl_my_show(struct sl_conn *base, struct sl_rows *out, struct sl_arena *arena,
	const char *sql, struct sl_error *err)
{
	struct sl_row_sink sink = { .arena = arena };
	struct sl_my_stream stream = { .conn = sl_my(base), .sink = &sink, .shows = true };

	return query(&stream, out, sql, err);
}

/* Plain text means the same under every sql_mode and character set; anything else goes as bytes. */
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~' || *text == '\'' || *text == '\\')
			return false;
	return true;
}

void sl_my_literal(const struct sl_conn *base, struct sl_buf *out, const char *text)
{
	(void)base;
	if (is_plain(text)) {
		sl_buf_addf(out, "'%s'", text);
		return;
	}
	sl_buf_adds(out, "_utf8mb4 x'");
	for (; *text != '\0'; text++)
		sl_buf_addf(out, "%02x", (unsigned)(unsigned char)*text);
	sl_buf_addc(out, '\'');
}

/* --- open ----------------------------------------------------------------------------------- */

/* "10.11.19-MariaDB-…" and "8.0.36" become 101119 and 80036. */
static int version_number(const char *text)
{
	int parts[3] = { 0 };

	for (size_t i = 0; i < 3; i++) {
		while (*text >= '0' && *text <= '9' && parts[i] < 1000)
			parts[i] = parts[i] * 10 + (*text++ - '0');
		if (*text != '.')
			break;
		text++;
	}
	return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

static void learn_version(struct my_conn *conn, const char *text)
{
	if (sl_str_starts(text, "5.5.5-")) /* what MariaDB says to old replicas */
		text += strlen("5.5.5-");
	conn->base.version = version_number(text);
	conn->base.dialect = strstr(text, "MariaDB") ? SL_DIALECT_MARIADB : SL_DIALECT_MYSQL;
}

/* A proxy that shares sessions hands out ids of its own: neither lock nor cancel would be ours. */
static enum sl_code learn_server(struct my_conn *conn, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };
	int64_t id = 0, packet = 0;
	enum sl_code code = sl_my_query(&conn->base, &rows, arena,
		"SELECT VERSION(), CONNECTION_ID(), @@max_allowed_packet, "
		"IF(@@lower_case_table_names = 0, DATABASE(), LOWER(DATABASE()))",
		err);

	if (code != SL_OK)
		return code;
	if (rows.len != 1 || !sl_rows_cell(&rows, 0, 0))
		return sl_error_set(err, SL_EUNAVAIL,
			"connect: the server does not say what it is");
	learn_version(conn, sl_rows_cell(&rows, 0, 0));
	if (sl_parse_i64(sl_rows_cell(&rows, 0, 2), 1024, INT64_MAX, &packet))
		conn->packet_max = (size_t)packet;
	if (!sl_parse_i64(sl_rows_cell(&rows, 0, 1), 1, INT64_MAX, &id) ||
		(uint32_t)id != (uint32_t)mysql_thread_id(conn->my))
		return sl_error_set(err, SL_ECONFLICT,
			"connect: a proxy that shares sessions stands in between; connect to the "
			"server itself");
	conn->where->id = (uint64_t)id;
	if (sl_rows_cell(&rows, 0, 3))
		conn->database = sl_xstrdup(sl_rows_cell(&rows, 0, 3));
	return SL_OK;
}

/* What a server may have set for all its sessions.  Without autocommit a first look at the ledger
 * would decide what every later one sees; the other two cut off or refuse what we ask. */
#define SESSION                                                                                   \
	"SET SESSION wait_timeout = 28800, SESSION autocommit = 1, SESSION sql_big_selects = 1, " \
	"SESSION sql_select_limit = 18446744073709551615"

enum sl_code sl_my_prepare(struct my_conn *conn, struct sl_error *err)
{
	return sl_my_query(&conn->base, NULL, NULL,
		conn->read_only ? SESSION "; SET SESSION TRANSACTION READ ONLY" : SESSION, err);
}

static bool is_on(const char *value)
{
	return value && !sl_str_eq(value, "OFF") && !sl_str_eq(value, "0");
}

/* Columns of the answer that both servers have at the same place. */
enum { REPLICA_SOURCE = 1, REPLICA_IO = 10, REPLICA_SQL = 11 };

/* Without the privilege to ask, nothing is known and nothing refused. */
static enum sl_code check_replica(struct my_conn *conn, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };
	const char *io, *applier;
	bool new_word = conn->base.dialect == SL_DIALECT_MYSQL && conn->base.version >= 80022;
	enum sl_code code = sl_my_query(&conn->base, &rows, arena,
		new_word ? "SHOW REPLICA STATUS" : "SHOW SLAVE STATUS", NULL);

	if (code != SL_OK || rows.len == 0 || rows.columns <= REPLICA_SQL)
		return sl_conn_tx_state(&conn->base) == SL_TX_LOST ?
			sl_my_error(conn, NULL, 0, err) :
			SL_OK;
	io = sl_rows_cell(&rows, 0, REPLICA_IO);
	applier = sl_rows_cell(&rows, 0, REPLICA_SQL);
	if ((!io || sl_str_eq(io, "No")) && (!applier || sl_str_eq(applier, "No")))
		return SL_OK; /* promoted */
	return sl_error_set(err, SL_ECONFLICT,
		"connect: the server is a replica of %s; name the primary",
		sl_rows_cell(&rows, 0, REPLICA_SOURCE) ? sl_rows_cell(&rows, 0, REPLICA_SOURCE) :
							 "another");
}

/* A cluster's nodes have session locks of their own each. */
static enum sl_code check_galera(struct my_conn *conn, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_my_query(&conn->base, &rows, arena,
		"SHOW GLOBAL STATUS LIKE 'wsrep_ready'", err);

	if (code != SL_OK)
		return code;
	if (rows.len > 0 && !is_on(sl_rows_cell(&rows, 0, 1)))
		return sl_error_set(err, SL_ECONFLICT,
			"connect: the Galera node is cut off from its cluster (wsrep_ready is %s); "
			"name a node that is part of it",
			sl_rows_cell(&rows, 0, 1));
	conn->base
		.remark = "a node of a Galera cluster: the lock that keeps two runs apart is this "
			  "node's alone, so whoever migrates has to name the same node";
	return SL_OK;
}

/* A server that only reads is a replica or an old primary: never worked on. */
static enum sl_code check_role(struct my_conn *conn, struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_my_query(&conn->base, &rows, arena,
		"SHOW GLOBAL VARIABLES WHERE Variable_name IN "
		"('read_only', 'super_read_only', 'innodb_read_only', 'tx_read_only', "
		"'transaction_read_only', 'wsrep_on')",
		err);
	bool galera = false;

	for (size_t i = 0; code == SL_OK && i < rows.len; i++)
		if (sl_str_eq(sl_rows_cell(&rows, i, 0), "wsrep_on"))
			galera = is_on(sl_rows_cell(&rows, i, 1));
		else if (is_on(sl_rows_cell(&rows, i, 1)))
			return sl_error_set(err, SL_ECONFLICT,
				"connect: the server only reads (%s is %s); name the primary",
				sl_rows_cell(&rows, i, 0), sl_rows_cell(&rows, i, 1));
	if (code == SL_OK && galera)
		code = check_galera(conn, err);
	return code == SL_OK ? check_replica(conn, err) : code;
}

static enum sl_code open_session(struct sl_conn **out, const struct sl_conn_spec *spec,
	struct sl_error *err)
{
	struct my_conn *conn = sl_xcalloc(1, sizeof(*conn));
	enum sl_code code;

	conn->base = (struct sl_conn){ .driver = &sl_driver_mysql,
		.dialect = spec->url.dialect,
		.clock = spec->clock,
		.cancel = spec->cancel };
	conn->where = sl_my_where_new(spec);
	conn->read_only = spec->read_only;
	conn->packet_max = (size_t)1 << 20;
	code = sl_my_connect(&conn->my, conn->where, spec, err);
	if (code == SL_OK)
		code = sl_my_prepare(conn, err);
	if (code == SL_OK)
		code = learn_server(conn, err);
	if (code == SL_OK && !spec->read_only)
		code = check_role(conn, err);
	if (code != SL_OK)
		close_session(&conn->base);
	else
		*out = &conn->base;
	return code;
}

/* --- transactions --------------------------------------------------------------------------- */

static enum sl_code begin(struct sl_conn *base, bool write, struct sl_error *err)
{
	return sl_my_query(base, NULL, NULL,
		write ? "START TRANSACTION READ WRITE" :
			"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
		err);
}

static enum sl_code commit(struct sl_conn *base, struct sl_error *err)
{
	static const char sql[] = "COMMIT AND NO CHAIN NO RELEASE";
	struct sl_my_stream stream = { .conn = sl_my(base),
		.sql = sql,
		.len = sizeof(sql) - 1,
		.uncancelable = true };
	enum sl_tx_state before = tx_state(base);
	enum sl_code code;

	if (before == SL_TX_IDLE)
		return sl_error_set(err, SL_EUNKNOWN,
			"commit: the transaction had ended before: a statement in it commits by "
			"itself");
	code = sl_my_stream_run(&stream, err);
	if (before == SL_TX_OPEN && tx_state(base) == SL_TX_LOST)
		return sl_error_set(err, SL_EUNKNOWN,
			"commit: the connection was lost before the answer");
	return code;
}

static void rollback(struct sl_conn *base)
{
	static const char sql[] = "ROLLBACK AND NO CHAIN NO RELEASE";
	struct my_conn *conn = sl_my(base);
	struct sl_my_stream stream = { .conn = conn,
		.sql = sql,
		.len = sizeof(sql) - 1,
		.uncancelable = true };
	const struct sl_server_error kept = base->server;

	if (tx_state(base) != SL_TX_OPEN)
		return;
	if (sl_my_stream_run(&stream, NULL) != SL_OK)
		sl_my_give_up(conn);
	base->server = kept;
}

/* --- the rest ------------------------------------------------------------------------------- */

/* DDL always outlives its client, DML in a transaction never does: there is nothing to set. */
static enum sl_code outlive(struct sl_conn *base, bool outlives, struct sl_error *err)
{
	(void)base;
	(void)outlives;
	(void)err;
	return SL_OK;
}

static void interrupt(struct sl_conn *base)
{
	if (sl_my(base)->running)
		sl_my_ask_cancel(sl_my(base));
}

static bool alive(struct sl_conn *base)
{
	return tx_state(base) != SL_TX_LOST && sl_my_query(base, NULL, NULL, "DO 0", NULL) == SL_OK;
}

static const char *variable(const struct sl_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->len; i++)
		if (sl_str_eq(sl_rows_cell(rows, i, 0), name))
			return sl_rows_cell(rows, i, 1) ? sl_rows_cell(rows, i, 1) : "";
	return "";
}

/* What the ledger keeps of a server's place; of a longer one it keeps a hash. */
#define SERVER_MAX 255

/* MySQL has an id of its own; MariaDB, which has none that is kept, is told by its place. */
static enum sl_code identity(struct sl_conn *base, struct sl_engine_identity *out,
	struct sl_arena *arena, struct sl_error *err)
{
	struct sl_rows rows = { 0 }, who = { 0 };
	enum sl_code code = sl_my_query(base, &rows, arena,
		"SHOW GLOBAL VARIABLES WHERE Variable_name IN "
		"('server_uuid', 'hostname', 'port', 'datadir')",
		err);

	if (code == SL_OK)
		code = sl_my_query(base, &who, arena, "SELECT DATABASE(), CURRENT_USER()", err);
	if (code != SL_OK)
		return code;
	out->server = variable(&rows, "server_uuid");
	if (out->server[0] == '\0')
		out->server = sl_arena_printf(arena, "%s:%s%s", variable(&rows, "hostname"),
			variable(&rows, "port"), variable(&rows, "datadir"));
	if (strlen(out->server) > SERVER_MAX) {
		char hex[SL_SHA256_HEX];
		struct sl_sha256 *sha sl_auto(sl_sha256_free_p) = sl_sha256_new();

		sl_sha256_add_str(sha, out->server);
		sl_sha256_end_hex(sha, hex);
		out->server = sl_arena_strdup(arena, hex);
	}
	out->database = sl_rows_cell(&who, 0, 0) ? sl_rows_cell(&who, 0, 0) : "";
	out->login = sl_rows_cell(&who, 0, 1);
	return SL_OK;
}

const struct sl_driver sl_driver_mysql = {
	.open = open_session,
	.close = close_session,
	.tx_state = tx_state,
	.exec = exec,
	.query = sl_my_query,
	.literal = sl_my_literal,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.lock = sl_my_lock,
	.lock_held = sl_my_lock_held,
	.lock_sql = sl_my_lock_sql,
	.outlive = outlive,
	.reset = sl_my_reset,
	.interrupt = interrupt,
	.alive = alive,
	.identity = identity,
	.session = sl_my_session,
	.look = sl_my_look,
	.fingerprint = sl_my_fingerprint,
	.introspect = sl_my_introspect,
	.estimate = sl_my_estimate,
	.limit = sl_my_limit,
	.blockers = sl_my_blockers,
};
