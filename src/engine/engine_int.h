/* What a driver fills in, and what all drivers share. */
#ifndef SLUICE_ENGINE_INT_H
#define SLUICE_ENGINE_INT_H

#include "sluice/engine.h"

/* The first member of every driver's own session. */
struct sl_conn {
	const struct sl_driver *driver;
	enum sl_dialect dialect;
	int version;
	struct sl_server_error server;
	const struct sl_clock *clock;
	struct sl_cancel *cancel;
	struct sl_watch watch;
	bool pooled;
	const char *remark; /* a constant, or NULL */
};

/* A row per engine; each function as engine.h describes the one of its name. */
struct sl_driver {
	enum sl_code (
		*open)(struct sl_conn **out, const struct sl_conn_spec *spec, struct sl_error *err);
	void (*close)(struct sl_conn *conn);
	enum sl_tx_state (*tx_state)(const struct sl_conn *conn);
	enum sl_code (*exec)(struct sl_conn *conn, const struct sl_exec *exec, int64_t *rows,
		struct sl_error *err);
	enum sl_code (*query)(struct sl_conn *conn, struct sl_rows *out, struct sl_arena *arena,
		const char *sql, struct sl_error *err);
	void (*literal)(const struct sl_conn *conn, struct sl_buf *out, const char *text);
	enum sl_code (*begin)(struct sl_conn *conn, bool write, struct sl_error *err);
	enum sl_code (*commit)(struct sl_conn *conn, struct sl_error *err);
	void (*rollback)(struct sl_conn *conn);
	enum sl_code (*lock)(struct sl_conn *conn, const char *scope, bool *got,
		const char **holder, struct sl_arena *arena, struct sl_error *err);
	enum sl_code (*lock_held)(struct sl_conn *conn, const char *scope, bool *held,
		struct sl_error *err);
	enum sl_code (*outlive)(struct sl_conn *conn, bool outlive, struct sl_error *err);
	enum sl_code (*reset)(struct sl_conn *conn, struct sl_error *err);
	void (*interrupt)(struct sl_conn *conn);
	bool (*alive)(struct sl_conn *conn);
	enum sl_code (*identity)(struct sl_conn *conn, struct sl_engine_identity *out,
		struct sl_arena *arena, struct sl_error *err);
	enum sl_code (*session)(struct sl_conn *conn, const char **out, struct sl_arena *arena,
		struct sl_error *err);
	enum sl_code (*look)(struct sl_conn *conn, const char *session, struct sl_session *out,
		struct sl_arena *arena, struct sl_error *err);
	enum sl_code (*fingerprint)(struct sl_conn *conn, const struct sl_engine_object *object,
		struct sl_fingerprint *out, struct sl_arena *arena, struct sl_error *err);
	enum sl_code (*introspect)(struct sl_conn *conn, const struct sl_catalog **out,
		struct sl_error *err);
	enum sl_code (*estimate)(struct sl_conn *conn, const char *sql, size_t len,
		int64_t limit_us, struct sl_estimate *out, struct sl_error *err);
	/* Those that follow may be NULL: the engine has no such thing. */
	enum sl_code (
		*limit)(struct sl_conn *conn, const struct sl_limits *limits, struct sl_error *err);
	enum sl_code (*blockers)(struct sl_conn *conn, const struct sl_conn *blocked,
		const struct sl_lock_holder **out, size_t *len, struct sl_arena *arena,
		struct sl_error *err);
	enum sl_code (*prepare)(struct sl_conn *conn, const struct sl_prepared *all, size_t len,
		struct sl_error *err);
	enum sl_code (*send_all)(struct sl_conn *conn, const struct sl_exec *all, size_t len,
		struct sl_error *err);
	enum sl_code (*take_all)(struct sl_conn *conn, size_t len, int64_t *rows, size_t *done,
		struct sl_error *err);
	const char *(*lock_sql)(struct sl_conn *conn, const char *scope, struct sl_arena *arena);
	enum sl_code (*query_commit)(struct sl_conn *conn, const char *sql, struct sl_error *err);
};

extern const struct sl_driver sl_driver_postgres, sl_driver_sqlite, sl_driver_mysql, sl_driver_fake;

/* As sl_engine_prepare(). */
void sl_sqlite_prepare(void);

/* Where a database of a fake world lives; the sqlite driver opens it when vfs says "memdb". */
enum sl_code sl_sqlite_open_in(struct sl_conn **out, const struct sl_conn_spec *spec,
	const char *vfs, struct sl_error *err) __attribute__((warn_unused_result));

/* For engines where nothing outlives its client: no name, and nobody is there. */
enum sl_code sl_engine_no_session(struct sl_conn *conn, const char **out, struct sl_arena *arena,
	struct sl_error *err);
enum sl_code sl_engine_nobody(struct sl_conn *conn, const char *session, struct sl_session *out,
	struct sl_arena *arena, struct sl_error *err);

/* The first words of a statement, before any value. */
const char *sl_engine_shown(struct sl_arena *arena, const char *statement);

/* For engines whose DDL is in a transaction. */
enum sl_code sl_engine_no_fingerprint(struct sl_conn *conn, const struct sl_engine_object *object,
	struct sl_fingerprint *out, struct sl_arena *arena, struct sl_error *err);

/* "update orders" of a statement's text, which may be cut off: its verb and its first object. */
const char *sl_statement_head(struct sl_arena *arena, enum sl_dialect dialect, const char *sql);

/* Gathers a result row by row in an arena. */
struct sl_row_sink {
	struct sl_arena *arena;
	const char **cells;
	size_t len, cap; /* cells */
	size_t columns, bytes;
};

/* Forgets what is in it, and has room for an answer whose size is known. */
void sl_row_sink_begin(struct sl_row_sink *sink, size_t columns, size_t rows);

/* False once SL_QUERY_MAX_BYTES is passed.  text NULL: null. */
bool sl_row_sink_add(struct sl_row_sink *sink, const char *text, size_t len)
	__attribute__((warn_unused_result));
void sl_row_sink_end(const struct sl_row_sink *sink, struct sl_rows *out);

/* Code points in the first `bytes` bytes of sql, plus one. */
size_t sl_position_of_byte(const char *sql, size_t len, size_t bytes);

#endif
