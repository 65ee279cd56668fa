#include "sluice/expr/expr.h"

#include "check.h"
#include "sluice/core/alloc.h"
#include "sluice/core/escape.h"
#include "sluice/core/utf8.h"

#include <assert.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>
#include <strings.h>

#define SQL_MAX   ((size_t)64 * 1024)
#define VALUE_MAX (1024 * 1024) /* bytes of a text, bound or made */
#define STEPS_MAX 100 /* calls of the progress handler */
#define STEP_SIZE 1000 /* virtual machine instructions between two of them */
#define VARS_MAX  500

struct sl_expr {
	pthread_mutex_t lock; /* of the connection */
	sqlite3 *db;
	sqlite3_stmt *stmt;
	unsigned steps;
	enum sl_expr_type *types;
	bool *used;
	size_t n_vars;
};

void sl_expr_free(struct sl_expr *expr)
{
	if (!expr)
		return;
	(void)sqlite3_finalize(expr->stmt);
	(void)sqlite3_close(expr->db);
	(void)pthread_mutex_destroy(&expr->lock);
	free(expr->types);
	free(expr->used);
	free(expr);
}

static int authorize(void *ctx, int action, const char *first, const char *second,
	const char *database, const char *trigger)
{
	(void)ctx;
	(void)database;
	(void)trigger;
	if (action == SQLITE_SELECT)
		return SQLITE_OK;
	if (action == SQLITE_FUNCTION && second && check_function_is_listed(second))
		return SQLITE_OK;
	if (action == SQLITE_READ && first && strncasecmp(first, "sqlite_", 7) != 0)
		return SQLITE_OK;
	return SQLITE_DENY;
}

static int count_steps(void *ctx)
{
	struct sl_expr *expr = ctx;

	return ++expr->steps > STEPS_MAX;
}

static void lock_down(struct sl_expr *expr)
{
	sqlite3 *db = expr->db;

	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	(void)sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, (int)SQL_MAX);
	(void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
	(void)sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 25000);
	(void)sqlite3_set_authorizer(db, authorize, NULL);
	sqlite3_progress_handler(db, STEP_SIZE, count_steps, expr);
}

static enum sl_code open_db(struct sl_expr *expr, struct sl_error *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(":memory:", &expr->db, flags, NULL) != SQLITE_OK)
		return sl_error_set(err, SL_EINTERNAL, "expression: SQLite does not open: %s",
			sqlite3_errmsg(expr->db));
	lock_down(expr);
	return SL_OK;
}

/* WITH v(a, b) AS (SELECT ?, ?) SELECT (EXPR) FROM v */
static void frame(struct sl_buf *sql, const struct sl_expr_var *vars, size_t n_vars,
	const char *text)
{
	sl_buf_adds(sql, "WITH v(");
	for (size_t i = 0; i < n_vars; i++) {
		sl_buf_adds(sql, i > 0 ? "," : "");
		sl_escape_ident(sql, vars[i].name, '"');
	}
	sl_buf_adds(sql, n_vars > 0 ? ") AS (SELECT " : "x) AS (SELECT 0");
	for (size_t i = 0; i < n_vars; i++)
		sl_buf_addf(sql, "%s?%zu", i > 0 ? "," : "", i + 1);
	sl_buf_addf(sql, ") SELECT (%s) FROM v", text);
}

static enum sl_code prepare(struct sl_expr *expr, const struct sl_buf *sql, struct sl_error *err)
{
	if (!sl_buf_ok(sql))
		return sl_error_set(err, SL_ELIMIT, "expression: too long with its variables");
	if (sqlite3_prepare_v3(expr->db, sql->data, (int)sql->len, SQLITE_PREPARE_PERSISTENT,
		    &expr->stmt, NULL) != SQLITE_OK)
		return sl_error_set(err, SL_EINVAL, "expression: %s", sqlite3_errmsg(expr->db));
	assert(sqlite3_stmt_readonly(expr->stmt));
	return SL_OK;
}

static enum sl_code check_text(const char *text, size_t n_vars, struct sl_error *err)
{
	size_t len = strlen(text);

	if (len > SL_EXPR_MAX)
		return sl_error_set(err, SL_ELIMIT, "expression: longer than %d bytes",
			SL_EXPR_MAX);
	if (n_vars > VARS_MAX)
		return sl_error_set(err, SL_ELIMIT, "expression: more than %d variables", VARS_MAX);
	if (sl_utf8_valid_prefix(text, len) != len)
		return sl_error_set(err, SL_EINVAL, "expression: not UTF-8");
	return SL_OK;
}

static struct sl_expr *expr_new(const struct sl_expr_var *vars, size_t n_vars)
{
	struct sl_expr *expr = sl_xcalloc(1, sizeof(*expr));

	(void)pthread_mutex_init(&expr->lock, NULL);
	expr->n_vars = n_vars;
	expr->types = sl_xcalloc(n_vars + 1, sizeof(*expr->types));
	expr->used = sl_xcalloc(n_vars + 1, sizeof(*expr->used));
	for (size_t i = 0; i < n_vars; i++)
		expr->types[i] = vars[i].type;
	return expr;
}

enum sl_code sl_expr_new(struct sl_expr **out, const char *text, const struct sl_expr_var *vars,
	size_t n_vars, struct sl_error *err)
{
	sl_auto(sl_expr_free_p) struct sl_expr *expr = expr_new(vars, n_vars);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto_buf struct sl_buf checked = SL_BUF_INIT(SQL_MAX);
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SQL_MAX);
	const struct check check = { .arena = arena,
		.vars = vars,
		.n_vars = n_vars,
		.out = &checked,
		.used = expr->used };
	enum sl_code code = check_text(text, n_vars, err);

	if (code == SL_OK)
		code = check_expr(&check, text, err);
	if (code == SL_OK)
		code = open_db(expr, err);
	if (code != SL_OK)
		return code;
	frame(&sql, vars, n_vars, sl_buf_str(&checked));
	code = prepare(expr, &sql, err);
	if (code != SL_OK)
		return code;
	*out = sl_steal(expr);
	return SL_OK;
}

static int bind_value(sqlite3_stmt *stmt, int at, enum sl_expr_type type,
	const struct sl_expr_value *value)
{
	if (value->null || (type == SL_EXPR_TEXT && !value->text))
		return sqlite3_bind_null(stmt, at);
	switch (type) {
	case SL_EXPR_TEXT:
		return sqlite3_bind_text(stmt, at, value->text, -1, SQLITE_STATIC);
	case SL_EXPR_INT:
		return sqlite3_bind_int64(stmt, at, value->integer);
	case SL_EXPR_REAL:
		return sqlite3_bind_double(stmt, at, value->real);
	case SL_EXPR_BOOL:
		return sqlite3_bind_int(stmt, at, value->truth);
	case SL_EXPR_TYPE_COUNT:
		break;
	}
	return SQLITE_MISUSE;
}

static enum sl_code translate(struct sl_expr *expr, int status, struct sl_error *err)
{
	if (status == SQLITE_INTERRUPT)
		return sl_error_set(err, SL_ELIMIT, "expression: takes too many steps");
	if (status == SQLITE_TOOBIG)
		return sl_error_set(err, SL_ELIMIT, "expression: a text above %d bytes", VALUE_MAX);
	return sl_error_set(err, SL_EINVAL, "expression: %s", sqlite3_errmsg(expr->db));
}

static enum sl_code evaluate(struct sl_expr *expr, const struct sl_expr_value *values,
	enum sl_truth *out, struct sl_error *err)
{
	int status;

	expr->steps = 0;
	for (size_t i = 0; i < expr->n_vars; i++) {
		status = bind_value(expr->stmt, (int)i + 1, expr->types[i], &values[i]);
		if (status != SQLITE_OK)
			return translate(expr, status, err);
	}
	status = sqlite3_step(expr->stmt);
	if (status != SQLITE_ROW)
		return translate(expr, status, err);
	if (sqlite3_column_type(expr->stmt, 0) == SQLITE_NULL)
		*out = SL_NULL;
	else
		*out = sqlite3_column_int64(expr->stmt, 0) != 0 ? SL_TRUE : SL_FALSE;
	return SL_OK;
}

enum sl_code sl_expr_eval(struct sl_expr *expr, const struct sl_expr_value *values,
	enum sl_truth *out, struct sl_error *err)
{
	enum sl_code code;

	(void)pthread_mutex_lock(&expr->lock);
	code = evaluate(expr, values, out, err);
	(void)sqlite3_reset(expr->stmt);
	(void)sqlite3_clear_bindings(expr->stmt);
	(void)pthread_mutex_unlock(&expr->lock);
	return code;
}

bool sl_expr_uses(const struct sl_expr *expr, size_t i)
{
	assert(i < expr->n_vars);
	return expr->used[i];
}
