#include "reader.h"

#include <string.h>

/* ---- pragmas ---- */

/* What a PRAGMA with a value is to transactions and the session; others are as the last row. */
static const struct pragma {
	const char *name;
	enum sl_sql_tx tx;
	enum sl_sql_session session;
	const char *text;
} pragmas[] = {
	{ "foreign_keys", SL_SQL_TX_BEFORE, SL_SQL_SESSION_CONSTANT,
		"PRAGMA foreign_keys does nothing inside a transaction" },
	{ "journal_mode", SL_SQL_TX_NEVER, SL_SQL_SESSION_CONSTANT, "PRAGMA journal_mode" },
	{ "synchronous", SL_SQL_TX_NEVER, SL_SQL_SESSION_CONSTANT, "PRAGMA synchronous" },
	{ "wal_checkpoint", SL_SQL_TX_NEVER, SL_SQL_SESSION_NONE, "PRAGMA wal_checkpoint" },
	{ "incremental_vacuum", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "optimize", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "user_version", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "application_id", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "schema_version", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "encoding", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "page_size", SL_SQL_TX_IN, SL_SQL_SESSION_CONSTANT, "" },
	{ "auto_vacuum", SL_SQL_TX_IN, SL_SQL_SESSION_CONSTANT, "" },
	{ "defer_foreign_keys", SL_SQL_TX_IN, SL_SQL_SESSION_LOCAL, "" },
	{ "query_only", SL_SQL_TX_IN, SL_SQL_SESSION_READ_ONLY, "" },
	{ "foreign_key_check", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "foreign_key_list", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "integrity_check", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "quick_check", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "index_info", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "index_list", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "index_xinfo", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "table_info", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "table_xinfo", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ "table_list", SL_SQL_TX_IN, SL_SQL_SESSION_NONE, "" },
	{ NULL, SL_SQL_TX_IN, SL_SQL_SESSION_CONSTANT, "" },
};

static const struct pragma *find_pragma(const char *name)
{
	const struct pragma *pragma = pragmas;

	while (pragma->name && strcmp(pragma->name, name) != 0)
		pragma++;
	return pragma;
}

static const char *lower_name(struct lite_reader *reader)
{
	char *name = sl_arena_strdup(reader->arena, lite_name(reader));

	for (char *p = name; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	return name;
}

void lite_pragma(struct lite_reader *reader)
{
	struct sl_fact_setting *row = sl_fact_add(reader->arena, reader->facts, setting);
	const struct pragma *pragma;

	row->scope = "session";
	row->name = lower_name(reader);
	if (lite_take_char(reader, '.'))
		row->name = lower_name(reader);
	row->constant = true;
	row->len = reader->tokens.text_len;
	if (lite_at_char(reader, '(')) {
		row->value = lite_parenthesised(reader);
	} else if (lite_take_char(reader, '=')) {
		row->value = lite_text(reader, reader->pos, reader->end);
		if (reader->pos == reader->end)
			lite_fail(reader);
		reader->pos = reader->end;
	}
	pragma = find_pragma(row->name);
	if (row->value) {
		reader->statement->tx = pragma->tx;
		reader->statement->tx_text = pragma->text;
		reader->statement->session = pragma->session;
		reader->statement->session_text = row->name;
	} else if (strcmp(row->name, "wal_checkpoint") == 0) {
		reader->statement->tx = pragma->tx;
		reader->statement->tx_text = pragma->text;
	} else {
		reader->statement->kind = SL_SQL_KIND_QUERY;
	}
}

/* ---- the small ones ---- */

static void read_rest(struct lite_reader *reader)
{
	reader->pos = reader->end;
}

static void read_transaction(struct lite_reader *reader)
{
	struct sl_fact_statement *statement = reader->statement;

	statement->tx = SL_SQL_TX_CONTROL;
	statement->tx_text = "it begins or ends a transaction";
	if (statement->verb == SL_SQL_VERB_ROLLBACK) {
		(void)lite_take(reader, "transaction");
		if (lite_at(reader, "to"))
			statement->verb = SL_SQL_VERB_ROLLBACK_TO;
	}
	read_rest(reader);
}

static void read_attach(struct lite_reader *reader)
{
	size_t as;

	if (reader->statement->verb == SL_SQL_VERB_DETACH) {
		reader->statement->tx = SL_SQL_TX_NEVER;
		reader->statement->tx_text = "DETACH";
	}
	as = sl_tokens_find(&reader->tokens, reader->pos, reader->end, "as");
	if (as != SL_NO_TOKEN)
		reader->pos = as + 1;
	else
		(void)lite_take(reader, "database");
	reader->statement->session = SL_SQL_SESSION_STATE;
	reader->statement->session_text = lite_name(reader);
	read_rest(reader);
}

static void read_vacuum(struct lite_reader *reader)
{
	reader->statement->tx = SL_SQL_TX_NEVER;
	reader->statement->tx_text = "VACUUM";
	read_rest(reader);
}

static void read_maintenance(struct lite_reader *reader)
{
	if (reader->pos < reader->end)
		(void)lite_object(reader, SL_SQL_ROLE_MAINTAINED, SL_SQL_OBJECT_RELATION);
}

static void read_select(struct lite_reader *reader)
{
	lite_scan(reader, reader->pos - 1, reader->end, SL_SQL_CLAUSE_QUERY);
	reader->statement->calls = reader->facts->call.len > 0 &&
		sl_tokens_find(&reader->tokens, reader->pos, reader->end, "from") == SL_NO_TOKEN;
	read_rest(reader);
}

static void read_dml(struct lite_reader *reader)
{
	reader->pos--;
	lite_dml(reader, "");
}

static void read_statement(struct lite_reader *reader);

static void read_with(struct lite_reader *reader)
{
	const char *with;

	reader->pos--;
	with = lite_with(reader);
	if (lite_at(reader, "select") || lite_at(reader, "values")) {
		reader->pos++;
		read_select(reader);
		return;
	}
	reader->statement->kind = SL_SQL_KIND_DML;
	reader->statement->object = SL_SQL_OBJECT_TABLE;
	lite_dml(reader, with);
}

/* Nothing of what is explained happens. */
static void read_explain(struct lite_reader *reader)
{
	struct sl_fact_statement saved = *reader->statement;

	if (lite_take(reader, "query"))
		lite_expect(reader, "plan");
	reader->level = 2;
	if (!reader->failed)
		read_statement(reader);
	*reader->statement = saved;
}

static const struct row {
	const char *word;
	enum sl_sql_kind kind;
	enum sl_sql_verb verb;
	enum sl_sql_object object;
	void (*read)(struct lite_reader *reader);
} rows[] = {
	{ "create", SL_SQL_KIND_DDL, SL_SQL_VERB_CREATE, SL_SQL_OBJECT_NONE, lite_create },
	{ "alter", SL_SQL_KIND_DDL, SL_SQL_VERB_ALTER, SL_SQL_OBJECT_TABLE, lite_alter },
	{ "drop", SL_SQL_KIND_DDL, SL_SQL_VERB_DROP, SL_SQL_OBJECT_NONE, lite_drop },
	{ "insert", SL_SQL_KIND_DML, SL_SQL_VERB_INSERT, SL_SQL_OBJECT_TABLE, read_dml },
	{ "replace", SL_SQL_KIND_DML, SL_SQL_VERB_REPLACE, SL_SQL_OBJECT_TABLE, read_dml },
	{ "update", SL_SQL_KIND_DML, SL_SQL_VERB_UPDATE, SL_SQL_OBJECT_TABLE, read_dml },
	{ "delete", SL_SQL_KIND_DML, SL_SQL_VERB_DELETE, SL_SQL_OBJECT_TABLE, read_dml },
	{ "select", SL_SQL_KIND_QUERY, SL_SQL_VERB_SELECT, SL_SQL_OBJECT_NONE, read_select },
	{ "values", SL_SQL_KIND_QUERY, SL_SQL_VERB_VALUES, SL_SQL_OBJECT_NONE, read_select },
	{ "with", SL_SQL_KIND_QUERY, SL_SQL_VERB_SELECT, SL_SQL_OBJECT_NONE, read_with },
	{ "explain", SL_SQL_KIND_QUERY, SL_SQL_VERB_EXPLAIN, SL_SQL_OBJECT_NONE, read_explain },
	{ "pragma", SL_SQL_KIND_SESSION, SL_SQL_VERB_PRAGMA, SL_SQL_OBJECT_SETTING, lite_pragma },
	{ "attach", SL_SQL_KIND_SESSION, SL_SQL_VERB_ATTACH, SL_SQL_OBJECT_NONE, read_attach },
	{ "detach", SL_SQL_KIND_SESSION, SL_SQL_VERB_DETACH, SL_SQL_OBJECT_NONE, read_attach },
	{ "vacuum", SL_SQL_KIND_UTILITY, SL_SQL_VERB_VACUUM, SL_SQL_OBJECT_NONE, read_vacuum },
	{ "reindex", SL_SQL_KIND_UTILITY, SL_SQL_VERB_REINDEX, SL_SQL_OBJECT_NONE,
		read_maintenance },
	{ "analyze", SL_SQL_KIND_UTILITY, SL_SQL_VERB_ANALYZE, SL_SQL_OBJECT_NONE,
		read_maintenance },
	{ "begin", SL_SQL_KIND_TRANSACTION, SL_SQL_VERB_BEGIN, SL_SQL_OBJECT_NONE,
		read_transaction },
	{ "commit", SL_SQL_KIND_TRANSACTION, SL_SQL_VERB_COMMIT, SL_SQL_OBJECT_NONE,
		read_transaction },
	{ "end", SL_SQL_KIND_TRANSACTION, SL_SQL_VERB_COMMIT, SL_SQL_OBJECT_NONE,
		read_transaction },
	{ "rollback", SL_SQL_KIND_TRANSACTION, SL_SQL_VERB_ROLLBACK, SL_SQL_OBJECT_NONE,
		read_transaction },
	{ "savepoint", SL_SQL_KIND_TRANSACTION, SL_SQL_VERB_SAVEPOINT, SL_SQL_OBJECT_NONE,
		read_transaction },
	{ "release", SL_SQL_KIND_TRANSACTION, SL_SQL_VERB_RELEASE, SL_SQL_OBJECT_NONE,
		read_transaction },
};

static void read_statement(struct lite_reader *reader)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!lite_take(reader, rows[i].word))
			continue;
		reader->statement->kind = rows[i].kind;
		reader->statement->verb = rows[i].verb;
		reader->statement->object = rows[i].object;
		rows[i].read(reader);
		return;
	}
	lite_fail(reader);
}

/* ---- what no statement may have ---- */

/* How deep parentheses and chains of NOT nest; unbalanced ones and broken tokens are errors. */
static void check_tokens(struct lite_reader *reader, unsigned *depth)
{
	unsigned open = 0, nots = 0;

	*depth = 0;
	for (size_t i = 0; i < reader->end; i++) {
		const struct sl_token *token = sl_tokens_at(&reader->tokens, i);
		bool mark = token->kind == SL_TOKEN_PUNCTUATION;
		char c = mark ? reader->tokens.text[token->at] : '\0';

		reader->pos = i;
		if (sl_tokens_is(&reader->tokens, i, "not"))
			nots++;
		else if (c != '(')
			nots = 0;
		if (c == '(')
			open++;
		if (c == ')' && open-- == 0) {
			lite_fail(reader);
			return;
		}
		if (token->broken || token->kind == SL_TOKEN_BAD) {
			lite_fail(reader);
			reader->failed_text = sl_arena_printf(reader->arena,
				"unrecognized token: \"%.*s\"",
				(int)(token->len < 100 ? token->len : 100),
				reader->tokens.text + token->at);
			return;
		}
		if (open + nots > *depth)
			*depth = open + nots;
	}
	reader->pos = reader->end;
	if (open > 0)
		lite_fail(reader);
	reader->pos = 0;
}

static void refuse(struct lite_reader *reader, const struct sl_sql_input *input,
	enum sl_sql_status status, size_t at, const char *text)
{
	sl_facts_refuse(reader->facts, status, at, text);
	sl_facts_classify(reader->arena, reader->facts, input);
}

const struct sl_facts *sl_sqlite_facts(struct sl_arena *arena, const struct sl_sql_input *input)
{
	struct sl_facts *facts = sl_facts_new(arena, input->len);
	struct lite_reader reader = { .arena = arena,
		.facts = facts,
		.statement = &facts->statement.at[0],
		.tokens = sl_tokens_of(arena, input) };
	unsigned depth;

	sl_tokens_need(&reader.tokens, SL_DIALECT_SQLITE);
	reader.end = reader.tokens.list.len;
	check_tokens(&reader, &depth);
	if (reader.tokens.list.len == 0) {
		sl_facts_refuse(facts, SL_SQL_EMPTY, 0, "");
	} else if (!reader.failed && depth > SL_SQL_DEPTH_MAX) {
		refuse(&reader, input, SL_SQL_TOO_DEEP, 0,
			sl_arena_printf(arena, "nested deeper than %d levels", SL_SQL_DEPTH_MAX));
	} else {
		if (!reader.failed)
			read_statement(&reader);
		lite_expect_end(&reader);
		if (reader.failed)
			refuse(&reader, input, SL_SQL_SYNTAX_ERROR,
				sl_tokens_begin(&reader.tokens, reader.failed_at),
				reader.failed_text);
	}
	sl_facts_finish(arena, facts);
	return facts;
}
