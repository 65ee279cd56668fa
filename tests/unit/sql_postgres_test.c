/*
 * The facts of PostgreSQL against libpg_query's own output of the same parse, as JSON: what the
 * tree holds must be in the facts, at the same byte, and nothing else.  Statements are made at
 * random from a printed seed, and read from the tables of facts.
 */
#include "sql_make.h"

#include "sluice/core/alloc.h"
#include "sluice/core/cleanup.h"
#include "sluice/sql/statement.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "uncompared.h"
#include <dirent.h>
#include <jansson.h>
#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>

#define FOLDER "testdata/sql/facts/postgres"
#define SEED   20260101
#define ROUNDS 5000
#define LIMIT  ((size_t)1 << 20)

/* What one tree holds. */
struct found {
	size_t relations, columns, calls, value_calls, column_defs, constraints, commands;
	size_t missing; /* things without their fact */
	bool ignore_columns; /* below something whose columns are no facts */
	const struct sl_facts *facts;
	const char *sql;
	json_t *ctes;
};

static void complain(struct found *found, const char *what, const char *name, size_t at)
{
	print_message("%s %s at %zu has no fact in: %s\n", what, name, at, found->sql);
	found->missing++;
}

static const char *text_of(const json_t *node, const char *key)
{
	const char *text = json_string_value(json_object_get(node, key));

	return text ? text : "";
}

static size_t number_of(const json_t *node, const char *key)
{
	return (size_t)json_integer_value(json_object_get(node, key));
}

static bool has_object(const struct found *found, const char *schema, const char *name, size_t at)
{
	for (size_t i = 0; i < found->facts->object.len; i++) {
		const struct sl_fact_object *object = &found->facts->object.at[i];

		if (object->at == at && strcmp(object->name, name) == 0 &&
			(strcmp(object->schema, schema) == 0 || schema[0] == '\0'))
			return true;
		if (strcmp(object->of_table, name) == 0)
			return true;
	}
	return false;
}

static void visit_relation(struct found *found, const json_t *node)
{
	const char *name = text_of(node, "relname");
	size_t at = number_of(node, "location");

	if (!json_object_get(node, "schemaname") && json_object_get(found->ctes, name))
		return;
	found->relations++;
	if (!has_object(found, text_of(node, "schemaname"), name, at))
		complain(found, "relation", name, at);
}

static void visit_column(struct found *found, const json_t *node)
{
	size_t at = number_of(node, "location");

	if (found->ignore_columns)
		return;
	found->columns++;
	if (json_integer_value(json_object_get(node, "location")) < 0)
		return; /* the star of TABLE t is not written */
	for (size_t i = 0; i < found->facts->column_ref.len; i++) {
		if (found->facts->column_ref.at[i].at == at)
			return;
	}
	complain(found, "column", "", at);
}

static void visit_call(struct found *found, const json_t *node)
{
	const json_t *names = json_object_get(node, "funcname");
	const json_t *last = json_array_get(names, json_array_size(names) - 1);
	const char *name = text_of(json_object_get(last, "String"), "sval");
	size_t at = number_of(node, "location");

	found->calls++;
	for (size_t i = 0; i < found->facts->call.len; i++) {
		const struct sl_fact_call *call = &found->facts->call.at[i];

		if (call->at == at && strcmp(call->name, name) == 0 &&
			(size_t)call->args == json_array_size(json_object_get(node, "args")))
			return;
	}
	complain(found, "call", name, at);
}

static bool is_nullable(const json_t *def)
{
	const json_t *constraints = json_object_get(def, "constraints");

	for (size_t i = 0; i < json_array_size(constraints); i++) {
		const char *kind = text_of(
			json_object_get(json_array_get(constraints, i), "Constraint"), "contype");

		if (strcmp(kind, "CONSTR_NOTNULL") == 0 || strcmp(kind, "CONSTR_PRIMARY") == 0 ||
			strcmp(kind, "CONSTR_IDENTITY") == 0)
			return false;
	}
	return true;
}

static void visit_column_def(struct found *found, const json_t *node)
{
	const char *name = text_of(node, "colname");

	found->column_defs++;
	for (size_t i = 0; i < found->facts->column_def.len; i++) {
		const struct sl_fact_column_def *column = &found->facts->column_def.at[i];

		if (strcmp(column->name, name) != 0 ||
			(column->at != number_of(node, "location") && name[0] != '\0'))
			continue;
		if (!is_nullable(node) && !column->not_null)
			complain(found, "not null of", name, column->at);
		return;
	}
	if (name[0] != '\0')
		complain(found, "column definition", name, number_of(node, "location"));
}

static int constraint_kind(const char *contype)
{
	static const struct {
		const char *contype;
		int kind;
	} kinds[] = {
		{ "CONSTR_CHECK", SL_SQL_CONSTRAINT_CHECK },
		{ "CONSTR_PRIMARY", SL_SQL_CONSTRAINT_PRIMARY_KEY },
		{ "CONSTR_UNIQUE", SL_SQL_CONSTRAINT_UNIQUE },
		{ "CONSTR_FOREIGN", SL_SQL_CONSTRAINT_FOREIGN_KEY },
		{ "CONSTR_EXCLUSION", SL_SQL_CONSTRAINT_EXCLUDE },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].contype, contype) == 0)
			return kinds[i].kind;
	}
	return -1;
}

static void visit_constraint(struct found *found, const json_t *node)
{
	int kind = constraint_kind(text_of(node, "contype"));
	size_t at = number_of(node, "location");

	/* ALTER CONSTRAINT defines none, and its node has no place. */
	if (kind < 0 || !json_object_get(node, "location"))
		return;
	found->constraints++;
	for (size_t i = 0; i < found->facts->constraint_def.len; i++) {
		const struct sl_fact_constraint_def *row = &found->facts->constraint_def.at[i];

		if (row->at != at)
			continue;
		if ((int)row->kind != kind || strcmp(row->name, text_of(node, "conname")) != 0 ||
			row->not_valid != json_is_true(json_object_get(node, "skip_validation")) ||
			strcmp(row->ref_table,
				text_of(json_object_get(node, "pktable"), "relname")) != 0)
			complain(found, "constraint's kind or name", row->name, at);
		if (kind == SL_SQL_CONSTRAINT_CHECK && row->expression[0] == '\0')
			complain(found, "check's expression", row->name, at);
		return;
	}
	complain(found, "constraint", text_of(node, "conname"), at);
}

static void visit_dml(struct found *found, const json_t *node, int verb)
{
	const json_t *relation = json_object_get(node, "relation");
	bool has_where = json_object_get(node, "whereClause") != NULL;

	for (size_t i = 0; i < found->facts->dml.len; i++) {
		const struct sl_fact_dml *dml = &found->facts->dml.at[i];

		if ((int)dml->verb != verb ||
			strcmp(dml->table_name, text_of(relation, "relname")) != 0)
			continue;
		if (verb == SL_SQL_VERB_MERGE || dml->has_where == has_where) {
			if (dml->has_where && dml->level < 2 && dml->where_text[0] == '\0')
				complain(found, "where text", dml->table_name, dml->at);
			return;
		}
	}
	complain(found, "command on", text_of(relation, "relname"), 0);
}

static void visit_index(struct found *found, const json_t *node)
{
	const struct sl_fact_index_def *row = found->facts->index_def.at;

	if (found->facts->index_def.len != 1 || strcmp(row->name, text_of(node, "idxname")) != 0 ||
		row->is_unique != json_is_true(json_object_get(node, "unique")) ||
		row->concurrently != json_is_true(json_object_get(node, "concurrent")) ||
		row->if_not_exists != json_is_true(json_object_get(node, "if_not_exists")) ||
		row->columns.len != json_array_size(json_object_get(node, "indexParams")) ||
		(row->where_text[0] != '\0') != (json_object_get(node, "whereClause") != NULL))
		complain(found, "index", text_of(node, "idxname"), 0);
}

static void visit_drop(struct found *found, const json_t *node)
{
	size_t n = json_array_size(json_object_get(node, "objects")), dropped = 0;
	bool cascade = strcmp(text_of(node, "behavior"), "DROP_CASCADE") == 0;
	bool if_exists = json_is_true(json_object_get(node, "missing_ok"));

	for (size_t i = 0; i < found->facts->object.len; i++) {
		const struct sl_fact_object *object = &found->facts->object.at[i];

		dropped += object->role == SL_SQL_ROLE_DROPPED && object->cascade == cascade &&
			object->if_exists == if_exists && object->name[0] != '\0' &&
			object->len > 0;
	}
	if (dropped != n)
		complain(found, "dropped object", text_of(node, "removeType"), 0);
}

static void visit_alter(struct found *found, const json_t *node)
{
	const json_t *cmds = json_object_get(node, "cmds");

	found->commands = json_array_size(cmds);
	for (size_t i = 0; i < found->commands && i < found->facts->action.len; i++) {
		const json_t *cmd = json_object_get(json_array_get(cmds, i), "AlterTableCmd");
		const struct sl_fact_action *action = &found->facts->action.at[i];

		if (json_object_get(cmd, "name") && strcmp(action->name, text_of(cmd, "name")) != 0)
			complain(found, "action on", text_of(cmd, "name"), action->at);
		if (action->kind == SL_SQL_ACTION_OTHER)
			complain(found, "action", text_of(cmd, "subtype"), action->at);
	}
	if (found->commands != found->facts->action.len)
		complain(found, "actions", "all", found->facts->action.len);
}

static const struct {
	const char *type;
	int verb;
	int object; /* -1: any */
} verbs[] = {
	{ "CreateStmt", SL_SQL_VERB_CREATE, SL_SQL_OBJECT_TABLE },
	{ "IndexStmt", SL_SQL_VERB_CREATE, SL_SQL_OBJECT_INDEX },
	{ "ViewStmt", SL_SQL_VERB_CREATE, SL_SQL_OBJECT_VIEW },
	{ "AlterTableStmt", SL_SQL_VERB_ALTER, -1 },
	{ "DropStmt", SL_SQL_VERB_DROP, -1 },
	{ "RenameStmt", SL_SQL_VERB_RENAME, -1 },
	{ "TruncateStmt", SL_SQL_VERB_TRUNCATE, SL_SQL_OBJECT_TABLE },
	{ "InsertStmt", SL_SQL_VERB_INSERT, SL_SQL_OBJECT_TABLE },
	{ "UpdateStmt", SL_SQL_VERB_UPDATE, SL_SQL_OBJECT_TABLE },
	{ "DeleteStmt", SL_SQL_VERB_DELETE, SL_SQL_OBJECT_TABLE },
	{ "MergeStmt", SL_SQL_VERB_MERGE, SL_SQL_OBJECT_TABLE },
	{ "CreateSeqStmt", SL_SQL_VERB_CREATE, SL_SQL_OBJECT_SEQUENCE },
	{ "CreateEnumStmt", SL_SQL_VERB_CREATE, SL_SQL_OBJECT_TYPE },
	{ "CreateTrigStmt", SL_SQL_VERB_CREATE, SL_SQL_OBJECT_TRIGGER },
	{ "CommentStmt", SL_SQL_VERB_COMMENT, -1 },
	{ "CreateFunctionStmt", SL_SQL_VERB_CREATE, -1 },
};

static void check_verb(struct found *found, const json_t *stmt)
{
	const struct sl_fact_statement *row = sl_facts_statement(found->facts);

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!json_object_get(stmt, verbs[i].type))
			continue;
		if ((int)row->verb != verbs[i].verb ||
			(verbs[i].object >= 0 && (int)row->object != verbs[i].object))
			complain(found, "verb of", verbs[i].type, 0);
	}
}

static void visit(struct found *found, const char *key, const json_t *node);

static void collect_ctes(struct found *found, const json_t *node)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_array(node)) {
		json_array_foreach(node, i, value)
			collect_ctes(found, value);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)node, key, value) {
		if (strcmp(key, "ctename") == 0)
			json_object_set_new(found->ctes, json_string_value(value), json_true());
		collect_ctes(found, value);
	}
}

/* By the name of the message: a wrapped node's own, an embedded one's as its fields say. */
static void visit_named(struct found *found, const char *key, const json_t *node)
{
	static const struct {
		const char *key;
		int verb;
	} commands[] = {
		{ "InsertStmt", SL_SQL_VERB_INSERT },
		{ "UpdateStmt", SL_SQL_VERB_UPDATE },
		{ "DeleteStmt", SL_SQL_VERB_DELETE },
		{ "MergeStmt", SL_SQL_VERB_MERGE },
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(key, commands[i].key) == 0)
			visit_dml(found, node, commands[i].verb);
	}
	if (json_object_get(node, "relname"))
		visit_relation(found, node);
	else if (strcmp(key, "ColumnRef") == 0)
		visit_column(found, node);
	else if (strcmp(key, "FuncCall") == 0 || strcmp(key, "funccall") == 0)
		visit_call(found, node);
	else if (strcmp(key, "SQLValueFunction") == 0)
		found->value_calls++;
	else if (strcmp(key, "ColumnDef") == 0)
		visit_column_def(found, node);
	else if (strcmp(key, "Constraint") == 0)
		visit_constraint(found, node);
	else if (strcmp(key, "IndexStmt") == 0)
		visit_index(found, node);
	else if (strcmp(key, "DropStmt") == 0)
		visit_drop(found, node);
	else if (strcmp(key, "AlterTableStmt") == 0)
		visit_alter(found, node);
}

/* Type modifiers, options, partition bounds and the values of SET look like columns and are none.
 */
static bool holds_no_columns(const char *key)
{
	return strcmp(key, "typmods") == 0 || strcmp(key, "DefElem") == 0 ||
		strcmp(key, "VariableSetStmt") == 0 || strcmp(key, "partbound") == 0 ||
		strcmp(key, "bound") == 0;
}

static void visit(struct found *found, const char *key, const json_t *node)
{
	bool ignore = found->ignore_columns;
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_array(node)) {
		json_array_foreach(node, i, value)
			visit(found, key, value);
		return;
	}
	if (!json_is_object(node))
		return;
	found->ignore_columns = ignore || holds_no_columns(key);
	visit_named(found, key, node);
	json_object_foreach((json_t *)(uintptr_t)node, name, value)
		visit(found, name, value);
	found->ignore_columns = ignore;
}

static void check_counts(struct found *found)
{
	const struct sl_facts *facts = found->facts;

	if (facts->column_ref.len != found->columns)
		complain(found, "column count", "", facts->column_ref.len);
	if (facts->call.len != found->calls + found->value_calls)
		complain(found, "call count", "", facts->call.len);
	if (facts->column_def.len != found->column_defs)
		complain(found, "column definition count", "", facts->column_def.len);
	if (facts->constraint_def.len != found->constraints)
		complain(found, "constraint count", "", facts->constraint_def.len);
}

/* True when libpg_query parses it; then the facts must agree. */
static bool check_statement(const char *sql, size_t len, size_t *missing, struct sl_map *uncompared)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char *text = sl_arena_strndup(arena, sql, len);
	PgQueryParseResult parsed = pg_query_parse(text);
	struct sl_sql_input input = { .dialect = SL_DIALECT_POSTGRES, .text = sql, .len = len };
	struct found found = { .sql = text, .ctes = json_object() };
	bool ok = parsed.error == NULL;

	found.facts = sl_sql_parse(arena, &input);
	assert_int_equal(ok, sl_facts_statement(found.facts)->status == SL_SQL_PARSED);
	if (ok) {
		json_t *tree = json_loads(parsed.parse_tree, 0, NULL);
		const json_t *stmts = json_object_get(tree, "stmts");
		const json_t *stmt = json_object_get(json_array_get(stmts, 0), "stmt");

		assert_int_equal(json_array_size(stmts), 1);
		check_verb(&found, stmt);
		collect_ctes(&found, stmt);
		visit(&found, "stmt", stmt);
		check_counts(&found);
		json_decref(tree);
	} else {
		uncompared_add(uncompared, sql, len, parsed.error->message);
	}
	json_decref(found.ctes);
	pg_query_free_parse_result(parsed);
	*missing += found.missing;
	return ok;
}

/* ---- statements at random ---- */

static const struct make_rule rules[] = {
	{ "statement",
		MAKE("<create_table>", "<create_table>", "<alter_table>", "<alter_table>",
			"<index>", "<view>", "<select>", "<insert>", "<update>", "<delete>",
			"<drop>", "<rename>", "<other>", "<with_dml>", "<merge>") },
	{ "name",
		MAKE("a", "b1", "\"Q x\"", "orders", "customer_id", "größe", "\"se\"\"lect\"",
			"value", "key") },
	{ "table", MAKE("<name>", "s.<name>", "\"S\".<name>", "t_<name2>") },
	{ "name2", MAKE("one", "two", "three") },
	{ "type",
		MAKE("int", "bigint", "text", "varchar(20)", "numeric(12,2)", "timestamptz",
			"timestamp(3) without time zone", "s.mood", "text[]", "int4[3][]",
			"interval day to second(3)", "char(5)", "uuid", "double precision",
			"bit varying(7)", "jsonb", "\"char\"", "time with time zone",
			"float(20)") },
	{ "literal",
		MAKE("1", "'x, y'", "NULL", "true", "-5", "$$a;b$$", "'{}'::jsonb", "1.5e3",
			"E'\\n'", "DATE '2024-01-01'", "B'101'") },
	{ "columnref", MAKE("<name>", "t.<name>", "s.t.<name>") },
	{ "call",
		MAKE("now()", "lower(<expr>)", "s.f(<expr>, <expr>)", "count(*)",
			"coalesce(<expr>, <expr>)", "nextval('q')", "greatest(<expr>, 1)",
			"count(DISTINCT <expr>) FILTER (WHERE <expr>)",
			"sum(<expr>) OVER (PARTITION BY <expr> ORDER BY <expr>)",
			"extract(epoch from <expr>)", "substring(<expr> from 1 for 2)",
			"trim(<expr>)", "current_timestamp", "position('a' in <expr>)") },
	{ "expr",
		MAKE("<literal>", "<columnref>", "<call>", "<expr> + <expr>", "<expr> = <expr>",
			"<expr> AND <expr>", "NOT <expr>", "(<expr> OR <expr>)",
			"<expr> IS NOT NULL", "<expr> IN (<expr>, <expr>)",
			"<expr> BETWEEN 1 AND 2", "CASE WHEN <expr> THEN <expr> ELSE <expr> END",
			"CASE <expr> WHEN 1 THEN <expr> END", "(<expr>)::text",
			"CAST(<expr> AS <type>)", "ARRAY[<expr>, <expr>]", "(<expr>)[1]",
			"EXISTS (<select>)", "(<select>)", "<expr> IN (<select>)",
			"<expr> LIKE 'x%'", "ROW(<expr>, <expr>)", "<expr> IS DISTINCT FROM <expr>",
			"<expr> COLLATE \"C\"", "<expr> ->> 'a'", "<expr> = ANY (<expr>)",
			"(<expr>).f", "<expr> AT TIME ZONE 'UTC'", "NULLIF(<expr>, <expr>)") },
	{ "target", MAKE("<expr>", "<expr> AS <name>", "*", "t.*") },
	{ "source",
		MAKE("<table>", "<table> AS x", "ONLY <table>", "(<select>) AS sub",
			"<source> JOIN <table> j ON <expr>", "<source> LEFT JOIN <table> USING (k)",
			"generate_series(1, <expr>) g", "LATERAL (<select>) l",
			"<source> CROSS JOIN <table>", "<table> TABLESAMPLE system (<literal>)") },
	{ "where", MAKE(" WHERE <expr>") },
	{ "group",
		MAKE(" GROUP BY <expr>", " GROUP BY <expr> HAVING <expr>",
			" GROUP BY ROLLUP (<expr>, <expr>)") },
	{ "order",
		MAKE(" ORDER BY <expr> DESC NULLS LAST", " ORDER BY 1 LIMIT <expr>",
			" LIMIT 5 OFFSET <expr>", " FOR UPDATE") },
	{ "select",
		MAKE("SELECT 1", "SELECT <target+>", "SELECT <target+> FROM <source+><where?>",
			"SELECT DISTINCT <target+> FROM <source+><where?><group?><order?>",
			"<select> UNION ALL <select>", "VALUES (<expr>, <expr>), (1, 2)",
			"WITH w AS (<select>) SELECT <target> FROM w, <source>",
			"WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT * FROM r",
			"TABLE <table>") },
	{ "returning", MAKE(" RETURNING <target+>") },
	{ "columns", MAKE(" (a, b)", " (\"Q x\", value)") },
	{ "conflict",
		MAKE(" ON CONFLICT DO NOTHING",
			" ON CONFLICT (a, lower(b)) WHERE <expr> DO UPDATE SET a = <expr>, (b, c) = (<expr>, <expr>) WHERE <expr>",
			" ON CONFLICT ON CONSTRAINT k DO UPDATE SET b = excluded.b") },
	{ "insert",
		MAKE("INSERT INTO <table><columns?> VALUES (<expr>, <expr>), (DEFAULT, <expr>)<conflict?><returning?>",
			"INSERT INTO <table> AS tgt<columns?> <select><conflict?><returning?>",
			"INSERT INTO <table> DEFAULT VALUES<returning?>",
			"INSERT INTO <table> (a) OVERRIDING SYSTEM VALUE SELECT <expr>") },
	{ "update",
		MAKE("UPDATE <table> SET a = <expr><where?><returning?>",
			"UPDATE ONLY <table> AS x SET a = <expr>, (b, c) = (<select>), d = DEFAULT<where?>",
			"UPDATE <table> SET a = <expr> FROM <source+><where?><returning?>",
			"UPDATE <table> x SET a[1] = <expr> WHERE CURRENT OF cur") },
	{ "delete",
		MAKE("DELETE FROM <table><where?><returning?>",
			"DELETE FROM ONLY <table> AS x USING <source+><where?>") },
	{ "dml", MAKE("<delete>", "<insert>", "<update>") },
	{ "with_dml",
		MAKE("WITH w AS (<dml>) SELECT * FROM w",
			"WITH w AS (<select>), v AS NOT MATERIALIZED (<select>) <dml>",
			"WITH w AS (<dml>), v (x) AS (<dml>) <dml>") },
	{ "merge",
		MAKE("MERGE INTO <table> AS tgt USING <table> AS src ON <expr> WHEN MATCHED AND <expr> THEN UPDATE SET a = <expr> WHEN NOT MATCHED THEN INSERT (a) VALUES (<expr>)",
			"MERGE INTO <table> USING (<select>) AS src ON <expr> WHEN MATCHED THEN DELETE") },
	{ "colcon",
		MAKE(" NOT NULL", " NULL", " DEFAULT <literal>", " DEFAULT (<expr>)", " UNIQUE",
			" PRIMARY KEY", " CHECK (<expr>)", " REFERENCES <table>",
			" REFERENCES <table> (a) ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE",
			" CONSTRAINT <name> CHECK (<expr>) NO INHERIT", " COLLATE \"C\"",
			" GENERATED ALWAYS AS IDENTITY",
			" GENERATED BY DEFAULT AS IDENTITY (START 5)",
			" GENERATED ALWAYS AS (<expr>) STORED", " CONSTRAINT n NOT NULL",
			" DEFAULT now()") },
	{ "column",
		MAKE("<name> <type>", "<name> <type><colcon>", "<name> <type><colcon><colcon>",
			"<name> serial") },
	{ "tabcon",
		MAKE("PRIMARY KEY (a, b)", "UNIQUE (a) INCLUDE (b)", "CHECK (<expr>)",
			"CONSTRAINT <name> UNIQUE (a, b) DEFERRABLE INITIALLY DEFERRED",
			"CONSTRAINT <name> FOREIGN KEY (a, b) REFERENCES <table> (c, d) MATCH FULL",
			"EXCLUDE USING gist (<name> WITH =, (<expr>) WITH &&) WHERE (<expr>)",
			"FOREIGN KEY (a) REFERENCES <table> ON DELETE SET DEFAULT") },
	{ "element",
		MAKE("<column>", "<column>", "<tabcon>", "LIKE <table> INCLUDING ALL",
			"LIKE <table> INCLUDING DEFAULTS EXCLUDING INDEXES") },
	{ "tail",
		MAKE(" INHERITS (<table>, s.parent)", " PARTITION BY RANGE (a, (<expr>))",
			" WITH (fillfactor = 50)", " TABLESPACE x",
			" PARTITION BY LIST (lower(a))") },
	{ "ine", MAKE("IF NOT EXISTS ") },
	{ "ie", MAKE("IF EXISTS ") },
	{ "create_table",
		MAKE("CREATE TABLE <ine?><table> (<element+>)<tail?>",
			"CREATE TABLE <ine?><table> (<element+>, <element+>)",
			"CREATE UNLOGGED TABLE <table> (<column+>)",
			"CREATE TEMP TABLE <name> (<column+>) ON COMMIT DROP",
			"CREATE TABLE <table> AS <select>",
			"CREATE TABLE <table> PARTITION OF <table> FOR VALUES FROM (1) TO (MAXVALUE)",
			"CREATE TABLE <table> PARTITION OF <table> FOR VALUES IN ('a', 'b')",
			"CREATE TABLE <table> PARTITION OF <table> FOR VALUES WITH (MODULUS 3, REMAINDER 1)",
			"CREATE MATERIALIZED VIEW <ine?><table> AS <select>") },
	{ "action",
		MAKE("ADD COLUMN <ine?><column>", "ADD <column>", "DROP COLUMN <ie?><name> CASCADE",
			"DROP <name>", "ALTER <name> TYPE <type>",
			"ALTER COLUMN <name> SET DATA TYPE <type> COLLATE \"C\" USING <expr>",
			"ALTER <name> SET DEFAULT <expr>", "ALTER <name> DROP DEFAULT",
			"ALTER <name> SET NOT NULL", "ALTER <name> DROP NOT NULL", "ADD <tabcon>",
			"ADD CONSTRAINT <name> CHECK (<expr>) NOT VALID",
			"DROP CONSTRAINT <ie?><name>", "VALIDATE CONSTRAINT <name>",
			"ALTER <name> SET STATISTICS 100", "ALTER <name> SET (n_distinct = 5)",
			"ALTER <name> SET STORAGE PLAIN", "ALTER <name> DROP EXPRESSION IF EXISTS",
			"ALTER <name> ADD GENERATED ALWAYS AS IDENTITY",
			"ALTER <name> DROP IDENTITY",
			"ALTER <name> SET GENERATED BY DEFAULT SET START 5",
			"ENABLE ROW LEVEL SECURITY", "DISABLE TRIGGER <name>", "SET LOGGED",
			"SET (autovacuum_enabled = false, toast.x = 1)", "RESET (fillfactor)",
			"OWNER TO bob", "INHERIT <table>", "NO INHERIT <table>", "SET TABLESPACE x",
			"CLUSTER ON <name>", "REPLICA IDENTITY USING INDEX <name>",
			"ADD CONSTRAINT <name> PRIMARY KEY USING INDEX <name>", "OF s.typ",
			"ALTER CONSTRAINT <name> DEFERRABLE") },
	{ "alter_table",
		MAKE("ALTER TABLE <ie?><table> <action+>", "ALTER TABLE ONLY <table> <action+>",
			"ALTER TABLE <table> ATTACH PARTITION <table> FOR VALUES IN (1)",
			"ALTER TABLE <table> DETACH PARTITION <table> CONCURRENTLY",
			"ALTER VIEW <table> ALTER a SET DEFAULT <expr>",
			"ALTER FOREIGN TABLE <table> ADD <column>") },
	{ "key",
		MAKE("<name>", "<name> DESC", "lower(<expr>)", "(<expr>) text_ops NULLS FIRST",
			"<name> COLLATE \"C\" ASC") },
	{ "index",
		MAKE("CREATE INDEX <table2> ON <table> (<key+>)",
			"CREATE UNIQUE INDEX CONCURRENTLY <ine2> ON ONLY <table> USING btree (<key+>) INCLUDE (c)<where?>",
			"CREATE INDEX ON <table> USING gin (<key+>) WITH (fastupdate = off)<where?>",
			"CREATE UNIQUE INDEX i ON <table> (<key+>) NULLS NOT DISTINCT TABLESPACE x<where?>") },
	{ "table2", MAKE("i", "IF NOT EXISTS \"I x\"") },
	{ "ine2", MAKE("IF NOT EXISTS i", "i") },
	{ "view",
		MAKE("CREATE VIEW <table> AS <select>",
			"CREATE OR REPLACE VIEW <table> (x, y) AS <select> WITH CHECK OPTION",
			"CREATE RECURSIVE VIEW v (n) AS SELECT <expr>",
			"CREATE TEMP VIEW <name> AS <select>") },
	{ "behavior", MAKE(" CASCADE", " RESTRICT") },
	{ "drop",
		MAKE("DROP TABLE <ie?><table+><behavior?>", "DROP VIEW <ie?><table+>",
			"DROP INDEX CONCURRENTLY <ie?><table>", "DROP INDEX <table+><behavior?>",
			"DROP TYPE <ie?><table+>", "DROP DOMAIN <table>",
			"DROP SCHEMA <ie?><name+>",
			"DROP FUNCTION <ie?>s.f(int, text), g<behavior?>", "DROP SEQUENCE <table+>",
			"DROP TRIGGER <ie?><name> ON <table>",
			"DROP POLICY <name> ON <table><behavior?>", "DROP EXTENSION <ie?><name+>",
			"DROP MATERIALIZED VIEW <table+>", "DROP RULE <name> ON <table>",
			"DROP COLLATION <table>", "DROP AGGREGATE s.f(int)",
			"DROP OPERATOR + (int, int)", "DROP CAST (int AS text)",
			"DROP TEXT SEARCH PARSER <table>", "DROP STATISTICS <table>",
			"DROP FOREIGN TABLE <ie?><table>", "DROP PUBLICATION <name>",
			"DROP EVENT TRIGGER <name>") },
	{ "rename",
		MAKE("ALTER TABLE <ie?><table> RENAME TO <name>",
			"ALTER TABLE <table> RENAME COLUMN <name> TO <name>",
			"ALTER TABLE <table> RENAME CONSTRAINT <name> TO <name>",
			"ALTER INDEX <table> RENAME TO <name>",
			"ALTER VIEW <table> RENAME TO <name>",
			"ALTER SEQUENCE <table> RENAME TO <name>",
			"ALTER TYPE <table> RENAME TO <name>",
			"ALTER FUNCTION f(int) RENAME TO <name>",
			"ALTER SCHEMA <name> RENAME TO <name>",
			"ALTER TRIGGER <name> ON <table> RENAME TO <name>") },
	{ "other",
		MAKE("TRUNCATE <table+> CASCADE", "COMMENT ON TABLE <table> IS <comment>",
			"COMMENT ON COLUMN <table>.c IS <comment>",
			"CREATE SEQUENCE <ine?><table> START 5 OWNED BY <table>.c",
			"CREATE TYPE <table> AS ENUM ('a', 'b')",
			"CREATE TYPE <table> AS (<name> <type>, z <type>)",
			"CREATE DOMAIN <table> AS <type> CHECK (<expr>)",
			"GRANT SELECT ON <table+> TO bob", "LOCK TABLE <table+> IN SHARE MODE",
			"ANALYZE <table+>", "VACUUM <table+>",
			"CREATE TRIGGER <name> BEFORE UPDATE OF a ON <table> FOR EACH ROW WHEN (<expr>) EXECUTE FUNCTION s.f()",
			"CREATE POLICY <name> ON <table> USING (<expr>) WITH CHECK (<expr>)",
			"CREATE RULE <name> AS ON UPDATE TO <table> WHERE <expr> DO INSTEAD <delete>",
			"CREATE FUNCTION s.f(a int, b text DEFAULT 'x') RETURNS TABLE (c int) LANGUAGE sql AS $$ SELECT 1; $$",
			"CREATE STATISTICS <table> ON a, (<expr>) FROM <table>",
			"REFRESH MATERIALIZED VIEW <table>",
			"COPY <table> (a) FROM STDIN WHERE <expr>", "COPY (<select>) TO STDOUT",
			"EXPLAIN ANALYZE <dml>", "CREATE TABLE <table> (LIKE <table>)",
			"SET search_path = a, b", "DECLARE c CURSOR FOR <select>",
			"CALL s.p(<expr>)", "REINDEX TABLE <table>") },
	{ "comment", MAKE("'x'", "NULL") },
	{ NULL, NULL },
};

static void the_facts_of_statements_at_random_are_those_of_the_parser(void **state)
{
	struct sl_rand_seeded seeded;
	struct make make = { .rules = rules, .rand = &seeded.rand };
	struct sl_map *uncompared = sl_map_new();
	size_t parsed = 0, missing = 0;

	(void)state;
	sl_rand_seed(&seeded, SEED);
	for (int i = 0; i < ROUNDS && missing < 10; i++) {
		sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LIMIT);

		make_statement(&make, &sql, "statement");
		parsed += check_statement(sl_buf_str(&sql), sql.len, &missing, uncompared);
	}
	print_message("seed %d: %zu of %d statements compared\n", SEED, parsed, ROUNDS);
	uncompared_print(uncompared, "not compared, since the parser refuses them");
	assert_int_equal(missing, 0);
	assert_true(parsed > 2000);
}

static size_t check_file(const char *path, size_t *missing, struct sl_map *uncompared)
{
	struct sl_splitter_options options = { .dialect = SL_DIALECT_POSTGRES };
	sl_autofree char *text = sl_xcalloc(1, LIMIT);
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = NULL;
	struct sl_statement_text statement;
	FILE *file = fopen(path, "rb");
	size_t len, n = 0;

	assert_non_null(file);
	len = fread(text, 1, LIMIT, file);
	(void)fclose(file);
	splitter = sl_splitter_new(&options, text, len);
	while (sl_splitter_next(splitter, &statement, NULL) == SL_OK &&
		statement.kind != SL_TEXT_END) {
		if (statement.kind == SL_TEXT_SQL && statement.copy_data == 0)
			n += check_statement(statement.text, statement.len, missing, uncompared);
	}
	return n;
}

static void the_facts_of_the_corpus_are_those_of_the_parser(void **state)
{
	static const char *const files[] = { "alter", "dml", "other", "tables" };
	struct sl_map *uncompared = sl_map_new();
	size_t n = 0, missing = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		sl_auto_buf struct sl_buf path = SL_BUF_INIT(4096);

		sl_buf_addf(&path, FOLDER "/%s.sql", files[i]);
		n += check_file(sl_buf_str(&path), &missing, uncompared);
	}
	uncompared_print(uncompared, "not compared, since the parser refuses them");
	assert_true(n > 100);
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_facts_of_statements_at_random_are_those_of_the_parser),
		cmocka_unit_test(the_facts_of_the_corpus_are_those_of_the_parser),
	};

	return cmocka_run_group_tests_name("sql_postgres", tests, NULL, NULL);
}
