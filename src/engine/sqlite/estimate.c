#include "sqlite_int.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/sql/token.h"
#include "sluice/sys/cancel.h"

#include <stdint.h>

/* Places of the words that matter, all outside parentheses; SIZE_MAX: not there. */
struct shape {
	size_t verb, verb_end; /* of INSERT, UPDATE, DELETE, REPLACE */
	char kind; /* 'i' 'u' 'd', 0: none of them */
	size_t set, from, from_end, where, body, tail;
};

static bool word(const struct sl_token *token, const char *sql, const char *text)
{
	return token->kind == SL_TOKEN_WORD && sl_token_is(token, sql, text);
}

static void see_verb(struct shape *shape, const struct sl_token *token, const char *sql)
{
	static const struct {
		const char *word;
		char kind;
	} verbs[] = { { "insert", 'i' }, { "replace", 'i' }, { "update", 'u' }, { "delete", 'd' } };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (word(token, sql, verbs[i].word)) {
			shape->kind = verbs[i].kind;
			shape->verb = token->at;
			shape->verb_end = token->at + token->len;
		}
}

static void first(size_t *place, size_t at)
{
	if (*place == SIZE_MAX)
		*place = at;
}

static void see_word(struct shape *shape, const struct sl_token *token, const char *sql)
{
	size_t end = token->at + token->len;

	if (word(token, sql, "set"))
		first(&shape->set, token->at);
	if (word(token, sql, "from") && shape->from == SIZE_MAX) {
		shape->from = token->at;
		shape->from_end = end;
	}
	if (word(token, sql, "where"))
		first(&shape->where, token->at);
	if (word(token, sql, "values") || word(token, sql, "select") || word(token, sql, "with"))
		first(&shape->body, token->at);
	if (word(token, sql, "returning"))
		first(&shape->tail, token->at);
}

static struct shape shape_of(const char *sql, size_t len)
{
	struct shape shape = { .set = SIZE_MAX,
		.from = SIZE_MAX,
		.from_end = SIZE_MAX,
		.where = SIZE_MAX,
		.body = SIZE_MAX,
		.tail = SIZE_MAX };
	struct sl_lexer lexer;
	struct sl_token token, before = { .kind = SL_TOKEN_END };
	unsigned depth = 0;

	sl_lexer_init(&lexer, SL_DIALECT_SQLITE, sql, len);
	while (sl_lexer_next_code(&lexer, &token)) {
		if (sl_token_is_char(&token, sql, '('))
			depth++;
		else if (sl_token_is_char(&token, sql, ')') && depth > 0)
			depth--;
		else if (depth == 0 && shape.kind == 0)
			see_verb(&shape, &token, sql);
		else if (depth == 0)
			see_word(&shape, &token, sql);
		if (depth == 0 && shape.kind == 'i' && word(&token, sql, "conflict") &&
			word(&before, sql, "on"))
			first(&shape.tail, before.at);
		before = token;
	}
	if (shape.tail == SIZE_MAX)
		shape.tail = len;
	return shape;
}

static size_t past_or(const char *sql, size_t len, size_t at)
{
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, SL_DIALECT_SQLITE, sql + at, len - at);
	if (!sl_lexer_next_code(&lexer, &token) || !word(&token, sql + at, "or"))
		return at;
	return sl_lexer_next_code(&lexer, &token) ? at + token.at + token.len : len;
}

/* The SELECT that counts the rows which the statement would touch; false: not that kind. */
static bool write_count(struct sl_buf *out, const char *sql, size_t len)
{
	struct shape s = shape_of(sql, len);

	if (s.kind == 0)
		return false;
	sl_buf_add(out, sql, s.verb);
	sl_buf_adds(out, "SELECT count(*) FROM ");
	if (s.kind == 'd') {
		if (s.from == SIZE_MAX)
			return false;
		sl_buf_add(out, sql + s.from_end, s.tail - s.from_end);
	} else if (s.kind == 'i') {
		if (s.body == SIZE_MAX || s.body > s.tail)
			return false;
		sl_buf_adds(out, "(");
		sl_buf_add(out, sql + s.body, s.tail - s.body);
		sl_buf_adds(out, ")");
	} else {
		size_t table = past_or(sql, len, s.verb_end);
		size_t where = s.where == SIZE_MAX ? s.tail : s.where;

		if (s.set == SIZE_MAX || s.set < table)
			return false;
		sl_buf_add(out, sql + table, s.set - table);
		if (s.from != SIZE_MAX && s.from_end < where) {
			sl_buf_adds(out, ", ");
			sl_buf_add(out, sql + s.from_end, where - s.from_end);
		}
		if (s.where != SIZE_MAX)
			sl_buf_add(out, sql + s.where, s.tail - s.where);
	}
	return sl_buf_ok(out);
}

enum sl_code sl_sqlite_estimate(struct sl_conn *base, const char *sql, size_t len, int64_t limit_us,
	struct sl_estimate *out, struct sl_error *err)
{
	struct sqlite_conn *conn = sl_sqlite(base);
	sl_auto_buf struct sl_buf count = SL_BUF_INIT(len + 64);
	sqlite3_stmt *stmt = NULL;

	*out = (struct sl_estimate){ .kind = SL_ESTIMATE_UNKNOWN };
	if (!write_count(&count, sql, len) || len > INT32_MAX)
		return SL_OK;
	conn->limit_at = sl_clock_mono(base->clock) + limit_us;
	if (sqlite3_prepare_v2(conn->db, count.data, -1, &stmt, NULL) == SQLITE_OK && stmt &&
		sqlite3_stmt_readonly(stmt) && sqlite3_step(stmt) == SQLITE_ROW) {
		out->kind = SL_ESTIMATE_EXACT;
		out->rows = sqlite3_column_int64(stmt, 0);
	}
	(void)sqlite3_finalize(stmt);
	conn->limit_at = 0;
	return sl_cancel_check(base->cancel, "row estimate", err);
}
