#include "reader.h"

#include <string.h>

static const enum sl_sql_verb transaction_verbs[] = {
	[TRANS_STMT_BEGIN] = SL_SQL_VERB_BEGIN,
	[TRANS_STMT_START] = SL_SQL_VERB_BEGIN,
	[TRANS_STMT_COMMIT] = SL_SQL_VERB_COMMIT,
	[TRANS_STMT_ROLLBACK] = SL_SQL_VERB_ROLLBACK,
	[TRANS_STMT_SAVEPOINT] = SL_SQL_VERB_SAVEPOINT,
	[TRANS_STMT_RELEASE] = SL_SQL_VERB_RELEASE,
	[TRANS_STMT_ROLLBACK_TO] = SL_SQL_VERB_ROLLBACK_TO,
	[TRANS_STMT_PREPARE] = SL_SQL_VERB_PREPARE_TRANSACTION,
	[TRANS_STMT_COMMIT_PREPARED] = SL_SQL_VERB_PREPARE_TRANSACTION,
	[TRANS_STMT_ROLLBACK_PREPARED] = SL_SQL_VERB_PREPARE_TRANSACTION,
};

void pg_read_transaction(struct pg_reader *reader, const void *node)
{
	const TransactionStmt *stmt = PG(TransactionStmt, node);

	reader->statement->verb = transaction_verbs[stmt->kind];
	reader->statement->tx_text = "it begins or ends a transaction";
}

/* ---- settings ---- */

/* The value as written: what follows the = or TO behind the name. */
static const char *value_text(struct pg_reader *reader)
{
	size_t n = pg_tokens(reader);

	for (size_t i = 1; i < n; i++) {
		if (pg_is(reader, i, "to") || reader->text[pg_begin(reader, i)] == '=')
			return pg_text(reader, i + 1, n);
	}
	return "";
}

static const char *lower_copy(struct pg_reader *reader, const char *name)
{
	char *out = sl_arena_strdup(reader->arena, name ? name : "");

	for (char *p = out; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	return out;
}

/* SET TRANSACTION and the like: the text behind the words. */
static const char *multi_text(struct pg_reader *reader)
{
	size_t n = pg_tokens(reader), at = pg_find(reader, 0, n, "transaction");

	return at == PG_NO_TOKEN ? "" : pg_text(reader, at + 1, n);
}

static void read_value(struct pg_reader *reader, struct sl_fact_setting *row,
	const VariableSetStmt *set)
{
	row->name = lower_copy(reader, set->name);
	row->reset = set->kind == VAR_RESET || set->kind == VAR_RESET_ALL ||
		set->kind == VAR_SET_DEFAULT;
	row->constant = true;
	row->len = reader->len;
	if (set->kind == VAR_SET_MULTI)
		row->value = multi_text(reader);
	else if (!row->reset)
		row->value = value_text(reader);
	if (!row->reset && set->kind == VAR_SET_VALUE && (!row->value || row->value[0] == '\0')) {
		/* SET TIME ZONE x, SET NAMES x, SET ROLE x: the last word. */
		size_t n = pg_tokens(reader);

		row->value = pg_text(reader, n - 1, n);
	}
	for (int i = 0; i < pg_len(set->args); i++)
		row->constant = row->constant &&
			(pg_is_constant(pg_nth(set->args, i)) || set->kind == VAR_SET_MULTI);
}

static const struct sl_fact_setting *add_setting(struct pg_reader *reader,
	const VariableSetStmt *set, const char *scope)
{
	struct sl_fact_setting *row = sl_fact_add(reader->arena, reader->facts, setting);

	read_value(reader, row, set);
	row->scope = scope;
	return row;
}

static bool is_read_only(struct pg_reader *reader, const struct sl_fact_setting *row)
{
	size_t n = pg_tokens(reader), read = pg_find(reader, 0, n, "read");

	if (strcmp(row->name, "default_transaction_read_only") == 0 ||
		strcmp(row->name, "transaction_read_only") == 0)
		return !row->reset && pg_find(reader, 0, n, "off") == PG_NO_TOKEN &&
			pg_find(reader, 0, n, "false") == PG_NO_TOKEN;
	return read != PG_NO_TOKEN && pg_is(reader, read + 1, "only");
}

static enum sl_sql_session session_of(struct pg_reader *reader, const VariableSetStmt *set,
	const struct sl_fact_setting *row)
{
	if (set->kind == VAR_RESET_ALL)
		return SL_SQL_SESSION_RESET;
	if (strcmp(row->name, "session_authorization") == 0)
		return SL_SQL_SESSION_IDENTITY;
	if (is_read_only(reader, row))
		return SL_SQL_SESSION_READ_ONLY;
	if (set->is_local || strcmp(row->name, "transaction") == 0)
		return SL_SQL_SESSION_LOCAL;
	if (strcmp(row->name, "role") == 0)
		return SL_SQL_SESSION_ROLE;
	return row->constant ? SL_SQL_SESSION_CONSTANT : SL_SQL_SESSION_STATE;
}

void pg_read_set(struct pg_reader *reader, const void *node)
{
	const VariableSetStmt *set = PG(VariableSetStmt, node);
	const struct sl_fact_setting *row;

	if (pg_tag(node) == T_ConstraintsSetStmt) {
		reader->statement->session = SL_SQL_SESSION_LOCAL;
		reader->statement->session_text = "constraints";
		return;
	}
	row = add_setting(reader, set, set->is_local ? "local" : "session");
	reader->statement->verb = set->kind == VAR_RESET || set->kind == VAR_RESET_ALL ?
		SL_SQL_VERB_RESET :
		SL_SQL_VERB_SET;
	reader->statement->session = session_of(reader, set, row);
	reader->statement->session_text = row->name;
}

void pg_read_alter_system(struct pg_reader *reader, const void *node)
{
	(void)add_setting(reader, PG(AlterSystemStmt, node)->setstmt, "global");
	reader->statement->tx_text = "ALTER SYSTEM";
}

void pg_read_alter_role_set(struct pg_reader *reader, const void *node)
{
	const AlterRoleSetStmt *alter = PG(AlterRoleSetStmt, node);

	(void)pg_add_plain(reader, SL_SQL_ROLE_ALTERED, SL_SQL_OBJECT_ROLE,
		pg_role_name(reader, alter->role));
	(void)add_setting(reader, alter->setstmt, "role");
}

void pg_read_alter_database_set(struct pg_reader *reader, const void *node)
{
	const AlterDatabaseSetStmt *alter = PG(AlterDatabaseSetStmt, node);

	(void)pg_add_plain(reader, SL_SQL_ROLE_ALTERED, SL_SQL_OBJECT_DATABASE, alter->dbname);
	(void)add_setting(reader, alter->setstmt, "database");
}

void pg_read_discard(struct pg_reader *reader, const void *node)
{
	if (PG(DiscardStmt, node)->target == DISCARD_ALL) {
		reader->statement->tx = SL_SQL_TX_NEVER;
		reader->statement->tx_text = "DISCARD ALL";
	}
	reader->statement->session = SL_SQL_SESSION_RESET;
}

/* ---- what else a session holds ---- */

void pg_read_lock(struct pg_reader *reader, const void *node)
{
	const LockStmt *lock = PG(LockStmt, node);

	for (int i = 0; i < pg_len(lock->relations); i++)
		(void)pg_add_relation(reader, SL_SQL_ROLE_LOCKED, SL_SQL_OBJECT_TABLE,
			PG(RangeVar, pg_nth(lock->relations, i)));
	reader->statement->session = SL_SQL_SESSION_LOCAL;
}

void pg_read_prepare(struct pg_reader *reader, const void *node)
{
	struct sl_fact_statement *statement = reader->statement;

	switch (pg_tag(node)) {
	case T_PrepareStmt:
		statement->session = SL_SQL_SESSION_STATE;
		statement->session_text = pg_copy(reader, PG(PrepareStmt, node)->name);
		reader->level = 2;
		pg_read_dml(reader, PG(PrepareStmt, node)->query, pg_tokens(reader),
			pg_tokens(reader));
		break;
	case T_ExecuteStmt:
		statement->uses_session = true;
		statement->calls = true;
		statement->writes = true;
		pg_walk_list(reader, PG(ExecuteStmt, node)->params, SL_SQL_CLAUSE_QUERY);
		break;
	case T_ListenStmt:
		statement->session = SL_SQL_SESSION_STATE;
		statement->session_text = pg_copy(reader, PG(ListenStmt, node)->conditionname);
		break;
	case T_LoadStmt:
		statement->session = SL_SQL_SESSION_STATE;
		statement->session_text = pg_copy(reader, PG(LoadStmt, node)->filename);
		break;
	default:
		statement->uses_session = true;
		break;
	}
}

void pg_read_cursor(struct pg_reader *reader, const void *node)
{
	const DeclareCursorStmt *declare = PG(DeclareCursorStmt, node);

	if (pg_tag(node) != T_DeclareCursorStmt) {
		reader->statement->uses_session = true;
		return;
	}
	reader->statement->session = declare->options & CURSOR_OPT_HOLD ? SL_SQL_SESSION_STATE :
									  SL_SQL_SESSION_LOCAL;
	reader->statement->session_text = pg_copy(reader, declare->portalname);
	pg_walk(reader, declare->query, SL_SQL_CLAUSE_QUERY);
}

void pg_read_explain(struct pg_reader *reader, const void *node)
{
	const ExplainStmt *explain = PG(ExplainStmt, node);
	struct sl_fact_statement saved = *reader->statement;
	bool analyze = pg_option_flag(reader, explain->options, "analyze");
	bool writes;

	/* Only ANALYZE runs what is explained. */
	reader->level = analyze ? 0 : 2;
	pg_read_statement(reader, explain->query);
	writes = analyze && reader->statement->writes;
	*reader->statement = saved;
	reader->statement->writes = writes;
}
