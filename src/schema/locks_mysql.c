/*
 * Measured on MariaDB 10.11 and MySQL 9.7 (the same on 8.0 and 8.4), and compared with a live
 * server by a test: each of these waits for everybody who reads the table in an open transaction.
 * For how long the lock is then kept depends on the algorithm, which the servers choose by
 * versions, columns and settings.
 */
#include "locks_mysql.h"

#include "sluice/core/arena.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/sql/statement.h"
#include "sluice/sql/token.h"

/* Names of one statement that are told, at most. */
#define NAMES_MAX 64

struct reader {
	struct sl_arena *arena;
	enum sl_dialect dialect;
	const char *text;
	struct sl_lexer lexer;
	struct sl_token token;
	bool more;
	struct sl_lock_names names;
};

static bool next(struct reader *r)
{
	r->more = sl_lexer_next_code(&r->lexer, &r->token);
	return r->more;
}

static bool is(const struct reader *r, const char *word)
{
	return r->more && sl_token_is(&r->token, r->text, word);
}

static bool is_char(const struct reader *r, char c)
{
	return r->more && sl_token_is_char(&r->token, r->text, c);
}

static void skip_past(struct reader *r, const char *word, const char *or_word)
{
	while (r->more && !is(r, word) && !is(r, or_word))
		(void)next(r);
	(void)next(r);
}

static bool is_one_of(const struct reader *r, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is(r, words[i]))
			return true;
	return false;
}

static void skip(struct reader *r, const char *const *words, size_t n)
{
	while (is_one_of(r, words, n))
		(void)next(r);
}

static bool is_name(const struct reader *r)
{
	return r->more && (r->token.kind == SL_TOKEN_WORD || r->token.kind == SL_TOKEN_NAME);
}

/* a or s.a at the token; what follows is the next token. */
static void read_name(struct reader *r, enum sl_lock_mode mode)
{
	const char *schema = "", *name;

	if (!is_name(r) || r->names.len == NAMES_MAX)
		return;
	name = sl_token_name(r->arena, r->dialect, &r->token, r->text);
	if (next(r) && is_char(r, '.') && next(r) && is_name(r)) {
		schema = name;
		name = sl_token_name(r->arena, r->dialect, &r->token, r->text);
		(void)next(r);
	}
	*sl_vec_add_in(r->arena,
		&r->names) = (struct sl_lock_need){ .mode = mode, .schema = schema, .name = name };
}

/* a, b; a TO x, b TO y, where only the names before TO are there already. */
static void read_list(struct reader *r)
{
	static const char *const before[] = { "if", "exists" };

	skip(r, before, sizeof(before) / sizeof(before[0]));
	do {
		read_name(r, SL_LOCK_METADATA);
		while (r->more && !is_char(r, ','))
			(void)next(r);
	} while (is_char(r, ',') && next(r));
}

static void read_one(struct reader *r)
{
	static const char *const before[] = { "if", "not", "exists" };

	skip(r, before, sizeof(before) / sizeof(before[0]));
	read_name(r, SL_LOCK_METADATA);
}

static void read_ddl(struct reader *r, const struct sl_fact_statement *fact)
{
	bool makes = fact->verb == SL_SQL_VERB_CREATE;

	switch (fact->object) {
	case SL_SQL_OBJECT_TABLE:
	case SL_SQL_OBJECT_VIEW:
		if (makes && !fact->or_replace)
			return;
		skip_past(r, fact->object == SL_SQL_OBJECT_VIEW ? "view" : "table", "tables");
		if (fact->verb == SL_SQL_VERB_DROP || fact->verb == SL_SQL_VERB_RENAME)
			read_list(r);
		else
			read_one(r);
		return;
	case SL_SQL_OBJECT_INDEX:
	case SL_SQL_OBJECT_TRIGGER:
		if (fact->object == SL_SQL_OBJECT_TRIGGER && !makes)
			return; /* whose it is, is not in the statement */
		skip_past(r, "on", "on");
		read_name(r, SL_LOCK_METADATA);
		return;
	default:
		return;
	}
}

/* UPDATE a AS x, b or a x JOIN b: before SET several tables are named. */
static bool has_join(struct reader *r)
{
	bool several = false;

	while (r->more && !is(r, "set") && !is(r, "where") && !is(r, "values") && !is(r, "value") &&
		!is(r, "select") && !is_char(r, '(')) {
		several = several || is_char(r, ',') || is(r, "join") || is(r, "straight_join") ||
			is(r, "using");
		(void)next(r);
	}
	return several;
}

static void read_dml(struct reader *r)
{
	static const char *const before[] = { "into", "from", "ignore", "low_priority",
		"high_priority", "delayed", "quick" };

	(void)next(r);
	skip(r, before, sizeof(before) / sizeof(before[0]));
	read_name(r, SL_LOCK_ROWS);
	/* DELETE a, b FROM ..; UPDATE a x JOIN b ..: names of aliases, or of what is only read */
	if (is_char(r, ',') || is_char(r, '.') || is(r, "from") || has_join(r))
		r->names.len = 0;
}

struct sl_lock_names sl_mysql_lock_names(struct sl_arena *arena, enum sl_dialect dialect,
	const struct sl_fact_statement *fact, const char *text, size_t len)
{
	struct reader r = { .arena = arena, .dialect = dialect, .text = text };

	sl_lexer_init(&r.lexer, dialect, text, len);
	(void)next(&r);
	switch (fact->verb) {
	case SL_SQL_VERB_CREATE:
	case SL_SQL_VERB_ALTER:
	case SL_SQL_VERB_DROP:
	case SL_SQL_VERB_RENAME:
		if (!fact->temporary)
			read_ddl(&r, fact);
		break;
	case SL_SQL_VERB_TRUNCATE:
		(void)next(&r);
		if (is(&r, "table"))
			(void)next(&r);
		read_name(&r, SL_LOCK_METADATA);
		break;
	case SL_SQL_VERB_OPTIMIZE:
		skip_past(&r, "table", "tables");
		read_list(&r);
		break;
	case SL_SQL_VERB_INSERT:
	case SL_SQL_VERB_REPLACE:
	case SL_SQL_VERB_UPDATE:
	case SL_SQL_VERB_DELETE:
		if (!is(&r, "with"))
			read_dml(&r);
		break;
	default:
		break;
	}
	return r.names;
}
