/*
 * Statements by their first words, for dialects without their grammar yet, for statements that are
 * too long to be parsed and for those that a grammar refuses.
 */
#include "facts.h"
#include "sluice/sql/token.h"

#include <string.h>
#include <strings.h>

#define V(word, kind, verb)                                  \
	{                                                    \
		word, SL_SQL_KIND_##kind, SL_SQL_VERB_##verb \
	}

static const struct {
	const char *word;
	enum sl_sql_kind kind;
	enum sl_sql_verb verb;
} verbs[] = {
	V("create", DDL, CREATE),
	V("alter", DDL, ALTER),
	V("drop", DDL, DROP),
	V("rename", DDL, RENAME),
	V("truncate", DDL, TRUNCATE),
	V("comment", DDL, COMMENT),
	V("insert", DML, INSERT),
	V("replace", DML, REPLACE),
	V("update", DML, UPDATE),
	V("delete", DML, DELETE),
	V("merge", DML, MERGE),
	V("load", DML, LOAD),
	V("copy", COPY, COPY),
	V("select", QUERY, SELECT),
	V("values", QUERY, VALUES),
	V("table", QUERY, SELECT),
	V("with", QUERY, SELECT),
	V("explain", QUERY, EXPLAIN),
	V("describe", QUERY, EXPLAIN),
	V("desc", QUERY, EXPLAIN),
	V("show", QUERY, SHOW),
	V("help", QUERY, SHOW),
	V("handler", QUERY, CURSOR),
	V("grant", DCL, GRANT),
	V("revoke", DCL, REVOKE),
	V("reassign", DCL, REASSIGN),
	V("begin", TRANSACTION, BEGIN),
	V("start", TRANSACTION, BEGIN),
	V("commit", TRANSACTION, COMMIT),
	V("end", TRANSACTION, COMMIT),
	V("rollback", TRANSACTION, ROLLBACK),
	V("abort", TRANSACTION, ROLLBACK),
	V("savepoint", TRANSACTION, SAVEPOINT),
	V("release", TRANSACTION, RELEASE),
	V("xa", TRANSACTION, PREPARE_TRANSACTION),
	V("set", SESSION, SET),
	V("reset", SESSION, RESET),
	V("use", SESSION, USE),
	V("pragma", SESSION, PRAGMA),
	V("discard", SESSION, DISCARD),
	V("prepare", SESSION, PREPARE),
	V("deallocate", SESSION, DEALLOCATE),
	V("declare", SESSION, CURSOR),
	V("listen", SESSION, LISTEN),
	V("unlisten", SESSION, UNLISTEN),
	V("attach", SESSION, ATTACH),
	V("detach", SESSION, DETACH),
	V("lock", SESSION, LOCK),
	V("unlock", SESSION, UNLOCK),
	V("execute", BLOCK, EXECUTE),
	V("do", BLOCK, DO),
	V("call", BLOCK, CALL),
	V("notify", UTILITY, NOTIFY),
	V("vacuum", UTILITY, VACUUM),
	V("analyze", UTILITY, ANALYZE),
	V("analyse", UTILITY, ANALYZE),
	V("reindex", UTILITY, REINDEX),
	V("cluster", UTILITY, CLUSTER),
	V("refresh", UTILITY, REFRESH),
	V("checkpoint", UTILITY, CHECKPOINT),
	V("optimize", UTILITY, OPTIMIZE),
	V("repair", UTILITY, REPAIR),
	V("check", UTILITY, CHECK),
	V("checksum", UTILITY, CHECK),
	V("flush", UTILITY, FLUSH),
	V("kill", UTILITY, KILL),
	V("import", UTILITY, OTHER),
	V("install", UTILITY, OTHER),
	V("uninstall", UTILITY, OTHER),
	V("cache", UTILITY, OTHER),
	V("backup", UTILITY, OTHER),
	V("binlog", UTILITY, OTHER),
	V("purge", UTILITY, OTHER),
	V("change", UTILITY, OTHER),
	V("stop", UTILITY, OTHER),
	V("clone", UTILITY, OTHER),
	V("shutdown", UTILITY, OTHER),
	V("restart", UTILITY, OTHER),
};

static const struct {
	const char *word;
	enum sl_sql_object object;
} objects[] = {
	{ "table", SL_SQL_OBJECT_TABLE },
	{ "tables", SL_SQL_OBJECT_TABLE },
	{ "view", SL_SQL_OBJECT_VIEW },
	{ "index", SL_SQL_OBJECT_INDEX },
	{ "sequence", SL_SQL_OBJECT_SEQUENCE },
	{ "type", SL_SQL_OBJECT_TYPE },
	{ "domain", SL_SQL_OBJECT_DOMAIN },
	{ "schema", SL_SQL_OBJECT_SCHEMA },
	{ "database", SL_SQL_OBJECT_DATABASE },
	{ "function", SL_SQL_OBJECT_FUNCTION },
	{ "procedure", SL_SQL_OBJECT_PROCEDURE },
	{ "trigger", SL_SQL_OBJECT_TRIGGER },
	{ "event", SL_SQL_OBJECT_EVENT },
	{ "package", SL_SQL_OBJECT_PACKAGE },
	{ "policy", SL_SQL_OBJECT_POLICY },
	{ "rule", SL_SQL_OBJECT_RULE },
	{ "extension", SL_SQL_OBJECT_EXTENSION },
	{ "role", SL_SQL_OBJECT_ROLE },
	{ "user", SL_SQL_OBJECT_ROLE },
	{ "server", SL_SQL_OBJECT_FOREIGN_SERVER },
	{ "tablespace", SL_SQL_OBJECT_TABLESPACE },
	{ "publication", SL_SQL_OBJECT_PUBLICATION },
	{ "subscription", SL_SQL_OBJECT_SUBSCRIPTION },
	{ "language", SL_SQL_OBJECT_LANGUAGE },
	{ "collation", SL_SQL_OBJECT_COLLATION },
	{ "aggregate", SL_SQL_OBJECT_AGGREGATE },
	{ "system", SL_SQL_OBJECT_SYSTEM },
	{ "instance", SL_SQL_OBJECT_SYSTEM },
};

/* Words between the verb and the object that are looked at, at most. */
#define WORDS_MAX 16

struct words {
	struct sl_arena *arena;
	const struct sl_sql_input *input;
	struct sl_lexer lexer;
	struct sl_token token;
	bool more;
};

static bool next(struct words *words)
{
	words->more = sl_lexer_next_code(&words->lexer, &words->token);
	return words->more;
}

static bool is(const struct words *words, const char *word)
{
	return words->more && sl_token_is(&words->token, words->input->text, word);
}

static bool is_mysql(const struct words *words)
{
	return words->input->dialect == SL_DIALECT_MYSQL ||
		words->input->dialect == SL_DIALECT_MARIADB;
}

static enum sl_sql_role role_of(enum sl_sql_verb verb)
{
	switch (verb) {
	case SL_SQL_VERB_CREATE:
		return SL_SQL_ROLE_CREATED;
	case SL_SQL_VERB_ALTER:
		return SL_SQL_ROLE_ALTERED;
	case SL_SQL_VERB_DROP:
		return SL_SQL_ROLE_DROPPED;
	case SL_SQL_VERB_RENAME:
		return SL_SQL_ROLE_RENAMED;
	default:
		return SL_SQL_ROLE_WRITTEN;
	}
}

/* The name at the token: a, or s.a; of the two, the later is the object's. */
static void read_name(struct words *words, struct sl_facts *facts, enum sl_sql_role role,
	enum sl_sql_object kind)
{
	const char *text = words->input->text;
	enum sl_dialect dialect = words->input->dialect;
	struct sl_fact_object *object;
	size_t at = words->token.at;

	if (!words->more ||
		(words->token.kind != SL_TOKEN_WORD && words->token.kind != SL_TOKEN_NAME))
		return;
	object = sl_fact_add(words->arena, facts, object);
	object->role = role;
	object->kind = kind;
	object->at = at;
	object->schema = "";
	for (;;) {
		object->quoted = words->token.kind == SL_TOKEN_NAME;
		object->name = sl_token_name(words->arena, dialect, &words->token, text);
		object->len = words->token.at + words->token.len - at;
		if (!next(words) || !sl_token_is_char(&words->token, text, '.') || !next(words))
			return;
		object->schema = object->name;
	}
}

static enum sl_sql_object object_at(const struct words *words)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (is(words, objects[i].word))
			return objects[i].object;
	}
	return SL_SQL_OBJECT_NONE;
}

/* What CREATE, ALTER, DROP, RENAME are about, and its name. */
static void read_object(struct words *words, struct sl_facts *facts,
	struct sl_fact_statement *statement)
{
	bool materialized = false;

	for (int i = 0; i < WORDS_MAX && words->more; i++) {
		statement->temporary = statement->temporary || is(words, "temporary") ||
			is(words, "temp");
		statement->or_replace = statement->or_replace || is(words, "replace");
		materialized = materialized || is(words, "materialized");
		statement->object = object_at(words);
		(void)next(words);
		if (statement->object != SL_SQL_OBJECT_NONE)
			break;
	}
	if (statement->object == SL_SQL_OBJECT_VIEW && materialized)
		statement->object = SL_SQL_OBJECT_MATVIEW;
	if (is(words, "concurrently")) {
		statement->concurrently = true;
		(void)next(words);
	}
	if (is(words, "if")) {
		(void)next(words);
		statement->if_not_exists = is(words, "not");
		statement->if_exists = !statement->if_not_exists;
		while (is(words, "not") || is(words, "exists"))
			(void)next(words);
	}
	read_name(words, facts, role_of(statement->verb), statement->object);
}

/* INSERT INTO t, UPDATE t, DELETE FROM t, TRUNCATE TABLE t, COPY t. */
static void read_target(struct words *words, struct sl_facts *facts,
	struct sl_fact_statement *statement)
{
	static const char *const between[] = { "into", "from", "table", "ignore", "low_priority",
		"high_priority", "delayed", "quick", "only" };
	bool skipped = true;

	while (statement->verb == SL_SQL_VERB_LOAD && words->more && !is(words, "table"))
		(void)next(words);
	while (skipped && words->more) {
		skipped = false;
		for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++)
			skipped = skipped || is(words, between[i]);
		if (skipped)
			(void)next(words);
	}
	statement->object = SL_SQL_OBJECT_TABLE;
	statement->writes = true;
	read_name(words, facts, SL_SQL_ROLE_WRITTEN, SL_SQL_OBJECT_TABLE);
}

/* The verb behind the names and queries of a WITH. */
static void read_with(struct words *words, struct sl_facts *facts,
	struct sl_fact_statement *statement)
{
	int depth = 0;

	do {
		const char *text = words->input->text;

		if (sl_token_is_char(&words->token, text, '('))
			depth++;
		else if (sl_token_is_char(&words->token, text, ')'))
			depth--;
		else if (depth == 0 &&
			(is(words, "insert") || is(words, "update") || is(words, "delete") ||
				is(words, "replace")))
			break;
	} while (next(words));
	if (!words->more)
		return;
	statement->kind = SL_SQL_KIND_DML;
	statement->verb = is(words, "insert") ? SL_SQL_VERB_INSERT :
		is(words, "update")           ? SL_SQL_VERB_UPDATE :
		is(words, "delete")           ? SL_SQL_VERB_DELETE :
						SL_SQL_VERB_REPLACE;
	(void)next(words);
	read_target(words, facts, statement);
}

/* MySQL: name, `name`, @@name, @@session.name. */
static bool is_setting(const struct words *words, const char *name)
{
	const char *at = words->input->text + words->token.at;
	size_t len = words->token.len, want = strlen(name);

	while (len > 0 && at[len - 1] == '`')
		len--;
	return words->more && len >= want && strncasecmp(at + len - want, name, want) == 0 &&
		(len == want || strchr("`@.", at[len - want - 1]));
}

/* Sets it, rather than asks for it. */
static bool sets(const struct words *words, const char *name)
{
	struct words then = *words;

	if (!is_setting(words, name) || !next(&then))
		return false;
	return sl_token_is_char(&then.token, then.input->text, '=') ||
		then.input->text[then.token.at] == ':';
}

/* MySQL: what a SET leaves in the session. */
static void read_set(struct words *words, struct sl_fact_statement *statement)
{
	const char *text = words->input->text;

	statement->session = SL_SQL_SESSION_CONSTANT;
	for (size_t i = 0; words->more; i++) {
		bool variable = words->token.kind == SL_TOKEN_PARAMETER &&
			(words->token.len < 2 || text[words->token.at + 1] != '@');

		if (sets(words, "autocommit")) {
			statement->session = SL_SQL_SESSION_AUTOCOMMIT;
			statement->tx = SL_SQL_TX_CONTROL;
		} else if (is(words, "read")) {
			(void)next(words);
			if (is(words, "only"))
				statement->session = SL_SQL_SESSION_READ_ONLY;
		} else if (sets(words, "tx_read_only") || sets(words, "transaction_read_only")) {
			statement->session = SL_SQL_SESSION_READ_ONLY;
		} else if (i < 2 && is(words, "role")) { /* SET DEFAULT ROLE too */
			statement->session = SL_SQL_SESSION_ROLE;
		} else if (variable && i == 0) {
			statement->session = SL_SQL_SESSION_STATE;
		} else if (variable) {
			statement->uses_session = true;
		}
		(void)next(words);
	}
}

static enum sl_sql_session session_of(const struct sl_fact_statement *statement)
{
	switch (statement->verb) {
	case SL_SQL_VERB_PREPARE:
	case SL_SQL_VERB_CURSOR:
	case SL_SQL_VERB_LISTEN:
	case SL_SQL_VERB_ATTACH:
		return SL_SQL_SESSION_STATE;
	case SL_SQL_VERB_USE:
	case SL_SQL_VERB_SET:
		return SL_SQL_SESSION_CONSTANT;
	case SL_SQL_VERB_LOCK:
	case SL_SQL_VERB_UNLOCK:
		return SL_SQL_SESSION_LOCK;
	case SL_SQL_VERB_DISCARD:
	case SL_SQL_VERB_RESET:
		return SL_SQL_SESSION_RESET;
	default:
		return statement->temporary ? SL_SQL_SESSION_STATE : SL_SQL_SESSION_NONE;
	}
}

static enum sl_sql_tx tx_of(const struct words *words, const struct sl_fact_statement *statement)
{
	bool commits = statement->kind == SL_SQL_KIND_DDL || statement->kind == SL_SQL_KIND_DCL ||
		statement->kind == SL_SQL_KIND_UTILITY || statement->verb == SL_SQL_VERB_LOCK ||
		statement->verb == SL_SQL_VERB_UNLOCK;

	if (statement->kind == SL_SQL_KIND_TRANSACTION)
		return SL_SQL_TX_CONTROL;
	if (is_mysql(words) && commits && !statement->temporary)
		return SL_SQL_TX_IMPLICIT_COMMIT;
	if (statement->verb == SL_SQL_VERB_CALL || statement->kind == SL_SQL_KIND_BLOCK)
		return SL_SQL_TX_DEPENDS;
	if (statement->concurrently || statement->verb == SL_SQL_VERB_VACUUM)
		return SL_SQL_TX_NEVER;
	return SL_SQL_TX_IN;
}

static bool is_any(const struct words *words, const char *const *any, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is(words, any[i]))
			return true;
	return false;
}

#define IS_ANY(words, any) is_any(words, any, sizeof(any) / sizeof((any)[0]))

/* Of MySQL and MariaDB: START SLAVE, LOAD INDEX INTO CACHE, RESET MASTER work on the server and
 * commit by themselves. */
static bool is_for_the_server(const struct words *words, const struct sl_fact_statement *statement)
{
	static const char *const others[] = { "slave", "slaves", "replica", "replicas", "all",
		"group_replication" };

	if (!is_mysql(words))
		return false;
	return statement->verb == SL_SQL_VERB_RESET ||
		(statement->verb == SL_SQL_VERB_LOAD && is(words, "index")) ||
		(statement->verb == SL_SQL_VERB_BEGIN && IS_ANY(words, others));
}

/* BEGIN NOT ATOMIC is a block; RENAME and LOCK say TABLE or TABLES behind. */
static void read_second(struct words *words, struct sl_facts *facts,
	struct sl_fact_statement *statement)
{
	if (is_for_the_server(words, statement)) {
		statement->kind = SL_SQL_KIND_UTILITY;
		statement->verb = SL_SQL_VERB_OTHER;
		return;
	}
	switch (statement->kind) {
	case SL_SQL_KIND_DDL:
		if (statement->verb == SL_SQL_VERB_TRUNCATE)
			read_target(words, facts, statement);
		else
			read_object(words, facts, statement);
		break;
	case SL_SQL_KIND_DML:
	case SL_SQL_KIND_COPY:
		read_target(words, facts, statement);
		break;
	case SL_SQL_KIND_TRANSACTION:
		if (is(words, "not"))
			statement->kind = SL_SQL_KIND_BLOCK;
		break;
	case SL_SQL_KIND_BLOCK:
		statement->calls = true;
		statement->writes = true;
		break;
	default:
		break;
	}
}

/* MySQL: user variables and the last id that the session gave out. */
static bool uses_session(const struct sl_sql_input *input)
{
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, input->dialect, input->text, input->len);
	while (sl_lexer_next_code(&lexer, &token)) {
		const char *text = input->text + token.at;

		if (token.kind == SL_TOKEN_PARAMETER && text[0] == '@' && token.len > 1 &&
			text[1] != '@')
			return true;
		if (sl_token_is(&token, input->text, "last_insert_id"))
			return true;
	}
	return false;
}

/* Behind the FOR of SET STATEMENT. */
static void skip_settings(struct words *words)
{
	int depth = 0;

	while (next(words) && (depth > 0 || !is(words, "for"))) {
		depth += sl_token_is_char(&words->token, words->input->text, '(');
		depth -= sl_token_is_char(&words->token, words->input->text, ')');
	}
	(void)next(words);
}

/* MariaDB: SET STATEMENT a = 1, b = 2 FOR .., ANALYZE [FORMAT = JSON] .. run the statement behind
 * them, and it is that one that counts. */
static bool goes_inside(struct words *words)
{
	static const char *const run[] = { "select", "insert", "update", "delete", "replace",
		"with", "format" };
	struct words ahead = *words;

	if (!is_mysql(words) || !next(&ahead))
		return false;
	if (is(words, "set") && is(&ahead, "statement")) {
		skip_settings(&ahead);
	} else if (is(words, "analyze") && IS_ANY(&ahead, run)) {
		for (int i = 0; i < 3 && (i > 0 || is(&ahead, "format")); i++)
			(void)next(&ahead);
	} else {
		return false;
	}
	if (!ahead.more)
		return false;
	*words = ahead;
	return true;
}

/* MariaDB's words of a stored program, outside of one. */
static void read_compound(const struct words *words, struct sl_fact_statement *statement)
{
	static const char *const first[] = { "if", "case", "loop", "repeat", "while", "for" };

	if (!is_mysql(words) || !IS_ANY(words, first))
		return;
	statement->kind = SL_SQL_KIND_BLOCK;
	statement->verb = SL_SQL_VERB_BEGIN;
}

void sl_facts_classify(struct sl_arena *arena, struct sl_facts *facts,
	const struct sl_sql_input *input)
{
	struct sl_fact_statement *statement = &facts->statement.at[0];
	struct words words = { .arena = arena, .input = input };

	sl_lexer_init(&words.lexer, input->dialect, input->text, input->len);
	do {
		(void)next(&words);
	} while (words.more && sl_token_is_char(&words.token, input->text, '('));
	while (goes_inside(&words))
		;
	read_compound(&words, statement);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (is(&words, verbs[i].word)) {
			statement->kind = verbs[i].kind;
			statement->verb = verbs[i].verb;
		}
	}
	if (is(&words, "with")) {
		read_with(&words, facts, statement);
	} else {
		(void)next(&words);
		read_second(&words, facts, statement);
	}
	statement->tx = tx_of(&words, statement);
	statement->session = session_of(statement);
	if (statement->verb == SL_SQL_VERB_SET && is_mysql(&words))
		read_set(&words, statement);
	else if (is_mysql(&words) && statement->kind != SL_SQL_KIND_DDL)
		statement->uses_session = uses_session(input);
}
