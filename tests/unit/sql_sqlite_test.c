/*
 * The facts of SQLite against SQLite itself: each statement is run in memory, and its own catalogue
 * and authorizer say what it did.  Statements are made at random from a printed seed.
 */
#include "sql_make.h"

#include "sluice/core/arena.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/map.h"
#include "sluice/sql/statement.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "uncompared.h"
#include <sqlite3.h>
#include <stdio.h>
#include <strings.h>

#define SEED   20260202
#define ROUNDS 5000
#define LIMIT  ((size_t)1 << 20)

static const char base[] =
	"CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT, total REAL, customer INT);"
	"CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT UNIQUE, note TEXT);"
	"CREATE TABLE lines (a INT, b INT, c TEXT, PRIMARY KEY (a, b));"
	"CREATE INDEX lines_c ON lines (c); CREATE INDEX lines_b ON lines (b);"
	"CREATE VIEW seen AS SELECT id, note FROM orders;"
	"CREATE TRIGGER noted AFTER DELETE ON customers BEGIN SELECT 1; END;";

struct check {
	sqlite3 *db;
	const char *sql;
	const struct sl_facts *facts;
	struct sl_map *tables, *columns, *functions, *written, *updated; /* asked the authorizer */
	size_t missing;
};

static void complain(struct check *check, const char *what, const char *name)
{
	print_message("%s \"%s\" differs in: %s\n", what, name ? name : "", check->sql);
	check->missing++;
}

/* ---- the catalogue ---- */

static sqlite3_stmt *query(struct check *check, const char *sql, const char *name)
{
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(sqlite3_prepare_v2(check->db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_bind_text(stmt, 1, name, -1, SQLITE_TRANSIENT), SQLITE_OK);
	return stmt;
}

static const char *text(sqlite3_stmt *stmt, int column)
{
	const unsigned char *value = sqlite3_column_text(stmt, column);

	return value ? (const char *)value : "";
}

static const struct sl_fact_column_def *find_column(const struct check *check, const char *name)
{
	for (size_t i = 0; i < check->facts->column_def.len; i++) {
		if (strcasecmp(check->facts->column_def.at[i].name, name) == 0)
			return &check->facts->column_def.at[i];
	}
	return NULL;
}

static bool in_primary_key(const struct check *check, const char *name)
{
	for (size_t i = 0; i < check->facts->constraint_def.len; i++) {
		const struct sl_fact_constraint_def *row = &check->facts->constraint_def.at[i];

		for (size_t j = 0; j < row->columns.len; j++) {
			if (row->kind == SL_SQL_CONSTRAINT_PRIMARY_KEY &&
				strcasecmp(row->columns.at[j], name) == 0)
				return true;
		}
	}
	return false;
}

static void check_column(struct check *check, sqlite3_stmt *row)
{
	const char *name = text(row, 0);
	const struct sl_fact_column_def *column = find_column(check, name);
	int hidden = sqlite3_column_int(row, 5);
	const char *generated = hidden == 2 ? "virtual" : hidden == 3 ? "stored" : "";

	if (!column) {
		complain(check, "column", name);
		return;
	}
	if (strcmp(column->type, text(row, 1)) != 0)
		complain(check, "type", column->type);
	if (column->not_null != (sqlite3_column_int(row, 2) != 0))
		complain(check, "not null", name);
	if (hidden == 0 && strcmp(column->default_text, text(row, 3)) != 0)
		complain(check, "default", column->default_text);
	if (in_primary_key(check, name) != (sqlite3_column_int(row, 4) > 0))
		complain(check, "primary key", name);
	if (strcmp(column->generated, generated) != 0)
		complain(check, "generated", name);
}

static void check_columns(struct check *check, const char *table)
{
	sqlite3_stmt *stmt = query(check,
		"SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?)",
		table);
	size_t n = 0;

	while (sqlite3_step(stmt) == SQLITE_ROW) {
		check_column(check, stmt);
		n++;
	}
	if (n != check->facts->column_def.len)
		complain(check, "columns of", table);
	(void)sqlite3_finalize(stmt);
}

static size_t count_constraints(const struct check *check, enum sl_sql_constraint kind)
{
	size_t n = 0;

	for (size_t i = 0; i < check->facts->constraint_def.len; i++)
		n += check->facts->constraint_def.at[i].kind == kind;
	return n;
}

static bool has_foreign_key(const struct check *check, sqlite3_stmt *row)
{
	for (size_t i = 0; i < check->facts->constraint_def.len; i++) {
		const struct sl_fact_constraint_def *fk = &check->facts->constraint_def.at[i];
		size_t seq = (size_t)sqlite3_column_int(row, 1);

		if (fk->kind == SL_SQL_CONSTRAINT_FOREIGN_KEY && seq < fk->columns.len &&
			strcasecmp(fk->ref_table, text(row, 2)) == 0 &&
			strcasecmp(fk->columns.at[seq], text(row, 3)) == 0 &&
			(fk->ref_columns.len == 0 ||
				strcasecmp(fk->ref_columns.at[seq], text(row, 4)) == 0) &&
			strcasecmp(fk->on_update, text(row, 5)) == 0 &&
			strcasecmp(fk->on_delete, text(row, 6)) == 0)
			return true;
	}
	return false;
}

static void check_foreign_keys(struct check *check, const char *table)
{
	sqlite3_stmt *stmt = query(check,
		"SELECT id, seq, \"table\", \"from\", \"to\", on_update, on_delete "
		"FROM pragma_foreign_key_list(?)",
		table);
	size_t n = 0;

	while (sqlite3_step(stmt) == SQLITE_ROW) {
		if (!has_foreign_key(check, stmt))
			complain(check, "foreign key to", text(stmt, 2));
		n += sqlite3_column_int(stmt, 1) == 0;
	}
	if (n != count_constraints(check, SL_SQL_CONSTRAINT_FOREIGN_KEY))
		complain(check, "foreign keys of", table);
	(void)sqlite3_finalize(stmt);
}

static void check_table(struct check *check)
{
	const struct sl_fact_table_def *table = check->facts->table_def.at;
	sqlite3_stmt *stmt = query(check, "SELECT wr, strict FROM pragma_table_list WHERE name = ?",
		table->name);

	if (table->query[0] != '\0') {
		(void)sqlite3_finalize(stmt);
		return;
	}
	if (sqlite3_step(stmt) != SQLITE_ROW)
		complain(check, "table", table->name);
	else if (table->without_rowid != (sqlite3_column_int(stmt, 0) != 0) ||
		table->strict != (sqlite3_column_int(stmt, 1) != 0))
		complain(check, "options of", table->name);
	(void)sqlite3_finalize(stmt);
	check_columns(check, table->name);
	check_foreign_keys(check, table->name);
}

static void check_key(struct check *check, const struct sl_fact_index_key *key, sqlite3_stmt *row)
{
	if (strcasecmp(key->column_name, text(row, 0)) != 0)
		complain(check, "index column", key->column_name);
	if ((strcmp(key->direction, "desc") == 0) != (sqlite3_column_int(row, 1) != 0))
		complain(check, "index order", key->column_name);
	if (key->collation[0] != '\0' && strcasecmp(key->collation, text(row, 2)) != 0)
		complain(check, "index collation", key->collation);
}

static void check_index(struct check *check)
{
	const struct sl_fact_index_def *index = check->facts->index_def.at;
	sqlite3_stmt *stmt = query(check,
		"SELECT name, \"desc\", coll FROM pragma_index_xinfo(?) WHERE key = 1",
		index->name);
	size_t n = 0;

	while (sqlite3_step(stmt) == SQLITE_ROW && n < check->facts->index_key.len)
		check_key(check, &check->facts->index_key.at[n++], stmt);
	if (n != check->facts->index_key.len || n != index->columns.len)
		complain(check, "keys of", index->name);
	(void)sqlite3_finalize(stmt);
	stmt = query(check,
		"SELECT l.\"unique\", l.partial, m.tbl_name FROM sqlite_schema m, "
		"pragma_index_list(m.tbl_name) l WHERE l.name = m.name AND m.name = ?",
		index->name);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	if (index->is_unique != (sqlite3_column_int(stmt, 0) != 0) ||
		(index->where_text[0] != '\0') != (sqlite3_column_int(stmt, 1) != 0) ||
		strcasecmp(index->table_name, text(stmt, 2)) != 0)
		complain(check, "index", index->name);
	(void)sqlite3_finalize(stmt);
}

static bool has_object(struct check *check, const char *type, const char *name)
{
	sqlite3_stmt *stmt = query(check,
		"SELECT 1 FROM (SELECT * FROM sqlite_schema UNION ALL SELECT * FROM "
		"sqlite_temp_schema) WHERE name = ?1 COLLATE NOCASE AND type = ?2",
		name);
	bool found;

	(void)sqlite3_bind_text(stmt, 2, type, -1, SQLITE_STATIC);
	found = sqlite3_step(stmt) == SQLITE_ROW;
	(void)sqlite3_finalize(stmt);
	return found;
}

static void check_trigger(struct check *check)
{
	const struct sl_fact_trigger_def *trigger = check->facts->trigger_def.at;
	sqlite3_stmt *stmt = query(check,
		"SELECT tbl_name FROM (SELECT * FROM sqlite_schema UNION ALL SELECT * FROM "
		"sqlite_temp_schema) WHERE name = ?",
		trigger->name);

	if (sqlite3_step(stmt) != SQLITE_ROW || strcasecmp(text(stmt, 0), trigger->table_name) != 0)
		complain(check, "trigger", trigger->name);
	(void)sqlite3_finalize(stmt);
}

static void check_view(struct check *check)
{
	const struct sl_fact_view_def *view = check->facts->view_def.at;
	sqlite3_stmt *stmt = query(check, "SELECT name FROM pragma_table_info(?)", view->name);
	size_t n = 0;

	while (sqlite3_step(stmt) == SQLITE_ROW) {
		if (n < view->columns.len && strcmp(view->columns.at[n], text(stmt, 0)) != 0)
			complain(check, "view's column", view->columns.at[n]);
		n++;
	}
	/* A view of what is not there is made, and has no columns yet. */
	if (n > 0 && view->columns.len > 0 && view->columns.len != n)
		complain(check, "view", view->name);
	(void)sqlite3_finalize(stmt);
}

static bool table_has_column(struct check *check, const char *table, const char *name)
{
	sqlite3_stmt *stmt = query(check,
		"SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ?2 COLLATE NOCASE", table);
	bool found;

	(void)sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
	found = sqlite3_step(stmt) == SQLITE_ROW;
	(void)sqlite3_finalize(stmt);
	return found;
}

static void check_action(struct check *check)
{
	const struct sl_fact_action *action = check->facts->action.at;
	const char *table = check->facts->object.at[0].name;

	switch (action->kind) {
	case SL_SQL_ACTION_RENAME:
		if (has_object(check, "table", table) ||
			!has_object(check, "table", action->new_name))
			complain(check, "renamed table", table);
		break;
	case SL_SQL_ACTION_RENAME_COLUMN:
		if (!table_has_column(check, table, action->new_name))
			complain(check, "renamed column", action->new_name);
		break;
	case SL_SQL_ACTION_ADD_COLUMN:
		if (!table_has_column(check, table, action->name) ||
			strcmp(action->name, check->facts->column_def.at[0].name) != 0)
			complain(check, "added column", action->name);
		break;
	default:
		if (action->kind != SL_SQL_ACTION_DROP_COLUMN ||
			table_has_column(check, table, action->name))
			complain(check, "dropped column", action->name);
		break;
	}
}

static void check_drop(struct check *check)
{
	const struct sl_fact_object *object = check->facts->object.at;

	if (object->role != SL_SQL_ROLE_DROPPED ||
		has_object(check, sl_sql_object_name(object->kind), object->name))
		complain(check, "dropped", object->name);
}

static void check_ddl(struct check *check)
{
	const struct sl_fact_statement *statement = sl_facts_statement(check->facts);

	if (statement->verb == SL_SQL_VERB_DROP)
		check_drop(check);
	else if (check->facts->action.len > 0)
		check_action(check);
	else if (check->facts->index_def.len > 0)
		check_index(check);
	else if (check->facts->trigger_def.len > 0)
		check_trigger(check);
	else if (check->facts->view_def.len > 0)
		check_view(check);
	else if (check->facts->table_def.len > 0)
		check_table(check);
	else
		complain(check, "definition", statement->tag);
}

/* ---- the authorizer ---- */

static void note(struct sl_map *map, const char *name)
{
	static char here;

	if (name)
		(void)sl_map_put(map, name, &here);
}

static int authorize(void *ctx, int action, const char *a, const char *b, const char *database,
	const char *trigger)
{
	struct check *check = ctx;

	(void)database;
	(void)trigger; /* the name of the WITH that a table is read in, too */
	if (a && strncmp(a, "sqlite_", 7) == 0)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_READ:
		note(check->tables, a);
		note(check->columns, b);
		break;
	case SQLITE_FUNCTION:
		note(check->functions, b);
		break;
	case SQLITE_INSERT:
	case SQLITE_DELETE:
		note(check->written, a);
		break;
	case SQLITE_UPDATE:
		note(check->written, a);
		note(check->updated, b);
		break;
	default:
		break;
	}
	return SQLITE_OK;
}

static bool is_read(const struct check *check, const char *name)
{
	for (size_t i = 0; i < check->facts->object.len; i++) {
		if (strcasecmp(check->facts->object.at[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool is_named(const struct check *check, const char *column)
{
	for (size_t i = 0; i < check->facts->column_ref.len; i++) {
		const char *name = check->facts->column_ref.at[i].name;

		if (strcasecmp(name, column) == 0 || strcmp(name, "*") == 0)
			return true;
	}
	return false;
}

static bool is_called(const struct check *check, const char *function)
{
	for (size_t i = 0; i < check->facts->call.len; i++) {
		if (strcasecmp(check->facts->call.at[i].name, function) == 0)
			return true;
	}
	return strcmp(function, "like") == 0 || strcmp(function, "glob") == 0 ||
		strcmp(function, "->>") == 0;
}

/* UPDATE … FROM and a NATURAL JOIN ask for columns that nobody has written. */
static bool asks_unwritten(const struct check *check)
{
	return (check->facts->dml.len > 0 && check->facts->dml.at[0].has_join) ||
		strstr(check->sql, "NATURAL");
}

static void check_asked(struct check *check)
{
	bool unwritten = asks_unwritten(check);

	for (size_t i = 0; i < sl_map_len(check->tables); i++) {
		/* A table that is a function is a call to us. */
		if (!is_read(check, sl_map_key_at(check->tables, i)) &&
			!is_called(check, sl_map_key_at(check->tables, i)))
			complain(check, "table read", sl_map_key_at(check->tables, i));
	}
	for (size_t i = 0; i < sl_map_len(check->columns); i++) {
		const char *name = sl_map_key_at(check->columns, i);

		if (name[0] != '\0' && strcmp(name, "ROWID") != 0 && !unwritten &&
			!is_named(check, name))
			complain(check, "column read", name);
	}
	for (size_t i = 0; i < sl_map_len(check->functions); i++) {
		if (!is_called(check, sl_map_key_at(check->functions, i)))
			complain(check, "function called", sl_map_key_at(check->functions, i));
	}
}

/* What the facts say is read must have been asked for, too. */
static void check_not_more(struct check *check)
{
	for (size_t i = 0; i < check->facts->object.len; i++) {
		const struct sl_fact_object *object = &check->facts->object.at[i];
		bool read = object->role == SL_SQL_ROLE_READ;

		if (read && !sl_map_get(check->tables, object->name))
			complain(check, "table not read", object->name);
		if (!read && !sl_map_get(check->written, object->name))
			complain(check, "table not written", object->name);
	}
	for (size_t i = 0; i < check->facts->call.len; i++) {
		const char *name = check->facts->call.at[i].name;

		if (!sl_map_get(check->functions, name) && !sl_map_get(check->tables, name))
			complain(check, "function not called", name);
	}
}

static void check_dml(struct check *check)
{
	const struct sl_fact_dml *dml = check->facts->dml.at;
	bool upsert = check->facts->dml.len > 0 && strcmp(dml->on_conflict, "update") == 0;

	check_asked(check);
	check_not_more(check);
	if (check->facts->dml.len != (sl_map_len(check->written) > 0))
		complain(check, "command", "");
	if (check->facts->dml.len == 0 || upsert)
		return;
	for (size_t i = 0; i < sl_map_len(check->updated); i++) {
		const char *name = sl_map_key_at(check->updated, i);

		if (!sl_names_has(&dml->columns, name) && strcmp(name, "ROWID") != 0)
			complain(check, "column set", name);
	}
	if (dml->verb == SL_SQL_VERB_UPDATE && dml->columns.len == 0)
		complain(check, "columns set", dml->table_name);
}

/* ---- statements ---- */

static bool is_syntax_error(const char *message)
{
	return strstr(message, "syntax error") || strstr(message, "incomplete input") ||
		strstr(message, "unrecognized token");
}

static void open_base(struct check *check)
{
	assert_int_equal(sqlite3_open(":memory:", &check->db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(check->db, base, NULL, NULL, NULL), SQLITE_OK);
	check->tables = sl_map_new();
	check->columns = sl_map_new();
	check->functions = sl_map_new();
	check->written = sl_map_new();
	check->updated = sl_map_new();
}

static void close_base(struct check *check)
{
	(void)sqlite3_close(check->db);
	sl_map_free(check->tables);
	sl_map_free(check->columns);
	sl_map_free(check->functions);
	sl_map_free(check->written);
	sl_map_free(check->updated);
}

static void check_against_catalogue(struct check *check, sqlite3_stmt *stmt)
{
	enum sl_sql_kind kind = sl_facts_statement(check->facts)->kind;

	(void)sqlite3_set_authorizer(check->db, NULL, NULL);
	if (kind == SL_SQL_KIND_DML || kind == SL_SQL_KIND_QUERY) {
		check_dml(check);
	} else if (kind == SL_SQL_KIND_DDL) {
		int rc = sqlite3_step(stmt);

		if (rc == SQLITE_DONE || rc == SQLITE_ROW)
			check_ddl(check);
	}
}

struct counts {
	size_t compared, refused, errors, missing;
	struct sl_map *uncompared;
};

static void check_statement(const char *sql, size_t len, struct counts *counts)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_sql_input input = { .dialect = SL_DIALECT_SQLITE, .text = sql, .len = len };
	struct check check = { .sql = sql, .facts = sl_sql_parse(arena, &input) };
	enum sl_sql_status status = sl_facts_statement(check.facts)->status;
	sqlite3_stmt *stmt = NULL;

	open_base(&check);
	(void)sqlite3_set_authorizer(check.db, authorize, &check);
	if (sqlite3_prepare_v2(check.db, sql, (int)len, &stmt, NULL) == SQLITE_OK) {
		counts->compared++;
		if (status == SL_SQL_PARSED)
			check_against_catalogue(&check, stmt);
		else
			complain(&check, "status", sl_facts_statement(check.facts)->status_text);
	} else if (is_syntax_error(sqlite3_errmsg(check.db))) {
		counts->refused++;
		uncompared_add(counts->uncompared, sql, len, sqlite3_errmsg(check.db));
	} else {
		counts->errors++;
		uncompared_add(counts->uncompared, sql, len, sqlite3_errmsg(check.db));
		if (status == SL_SQL_SYNTAX_ERROR)
			complain(&check, "status", sl_facts_statement(check.facts)->status_text);
	}
	(void)sqlite3_finalize(stmt);
	close_base(&check);
	counts->missing += check.missing;
}

static const struct make_rule rules[] = {
	{ "statement",
		MAKE("<create_table>", "<create_table>", "<create_table>", "<index>", "<view>",
			"<trigger>", "<alter>", "<drop>", "<insert>", "<update>", "<delete>",
			"<select>", "<select>", "<with>") },
	{ "new", MAKE("fresh", "\"Q x\"", "[br x]", "`tick`", "größe", "main.fresh", "'str'") },
	{ "col", MAKE("c1", "\"c 2\"", "[c3]", "`c4`", "c5", "value", "key", "desc_", "first") },
	{ "coltype",
		MAKE("INT", "integer", "TEXT", "VARCHAR(20)", "NUMERIC (12, 2)", "double precision",
			"blob", "\"quoted type\"", "ANY", "unsigned big int", "real", "DATE") },
	{ "literal",
		MAKE("1", "'x, y'", "NULL", "-5", "1.5e3", "x'00ff'", "'it''s'", ".5", "true", "+7",
			"0x1F") },
	{ "const",
		MAKE("1", "(<literal>)", "abs(-1)", "1 + 2 * 3", "length('a)b')",
			"CASE 1 WHEN 1 THEN 2 END", "coalesce(1, 2)", "'a' || 'b'", "NOT 1",
			"CAST('1' AS INT)", "1 IN (1, 2)", "1 BETWEEN 0 AND 2") },
	{ "colcon",
		MAKE(" NOT NULL", " NULL", " DEFAULT <literal>", " DEFAULT (<const>)", " UNIQUE",
			" CHECK (<const>)", " REFERENCES customers", " NOT NULL ON CONFLICT FAIL",
			" REFERENCES customers (id) ON DELETE CASCADE ON UPDATE SET NULL MATCH FULL DEFERRABLE INITIALLY DEFERRED",
			" COLLATE NOCASE", " CONSTRAINT named CHECK (<const>)",
			" DEFAULT CURRENT_TIMESTAMP", " UNIQUE ON CONFLICT REPLACE",
			" CONSTRAINT nn NOT NULL", " DEFAULT word",
			" REFERENCES lines (a) NOT DEFERRABLE INITIALLY IMMEDIATE ON DELETE SET DEFAULT") },
	{ "gen",
		MAKE(" GENERATED ALWAYS AS (<const>) STORED", " AS (<const>)",
			" GENERATED ALWAYS AS (<const>) VIRTUAL", " AS (<const>) STORED") },
	{ "tabcon",
		MAKE(", UNIQUE (k1, k2)", ", CHECK (k1 > 0 AND k2 < 5)", " CHECK (k1) UNIQUE (k2)",
			", CONSTRAINT named UNIQUE (k2 DESC) ON CONFLICT IGNORE",
			", FOREIGN KEY (k1, k2) REFERENCES lines (a, b) ON UPDATE NO ACTION",
			", FOREIGN KEY (k1) REFERENCES customers ON DELETE RESTRICT",
			", CONSTRAINT c CHECK (length(k2) > 1), UNIQUE (k1 COLLATE NOCASE)") },
	{ "keycon",
		MAKE(" PRIMARY KEY", " INTEGER PRIMARY KEY AUTOINCREMENT",
			" INTEGER PRIMARY KEY DESC", " INT NOT NULL", "",
			" INT PRIMARY KEY ON CONFLICT ABORT") },
	{ "columns",
		MAKE("k1<keycon>, k2 TEXT",
			"k1<keycon>, k2 INT<colcon?>, <col> <coltype><colcon?><colcon?>",
			"k1 INT, k2 <coltype><colcon?>, c9 <coltype><gen?>, c8<colcon?>",
			"k1, k2, <col><colcon?>") },
	{ "options", MAKE(" STRICT", " WITHOUT ROWID", " WITHOUT ROWID, STRICT") },
	{ "ine", MAKE(" IF NOT EXISTS") },
	{ "temp", MAKE(" TEMP", " TEMPORARY") },
	{ "create_table",
		MAKE("CREATE TABLE<ine?> <new> (<columns><tabcon?><tabcon?>)<options?>",
			"CREATE TABLE <new> (<columns>, PRIMARY KEY (k2, k1))<options?>",
			"CREATE<temp?> TABLE fresh AS <select>",
			"CREATE<temp> TABLE fresh (<columns><tabcon?>)") },
	{ "key",
		MAKE("note", "total DESC", "note COLLATE NOCASE ASC", "lower(note)", "id + total",
			"(customer)", "\"note\"", "[total]", "abs(id) DESC") },
	{ "index",
		MAKE("CREATE INDEX<ine?> fresh ON orders (<key+>)",
			"CREATE UNIQUE INDEX main.fresh ON orders (<key+>) WHERE total > 5 AND note IS NOT NULL",
			"CREATE INDEX \"Q x\" ON \"orders\" (<key+>) WHERE id IN (1, 2)") },
	{ "view",
		MAKE("CREATE VIEW<ine?> <new> AS <select>",
			"CREATE VIEW fresh (x) AS SELECT <expr> FROM orders o",
			"CREATE<temp> VIEW fresh (x, \"y z\") AS SELECT 1, note FROM orders") },
	{ "when",
		MAKE(" WHEN new.id > 1 AND old.note IS NULL",
			" WHEN (SELECT count(*) FROM lines) > 1") },
	{ "body",
		MAKE("SELECT 1;",
			"UPDATE lines SET b = CASE WHEN new.id > 1 THEN 1 ELSE 2 END WHERE a = new.id;",
			"DELETE FROM lines WHERE c = 'x; END;';",
			"INSERT INTO lines VALUES (1, 2, new.note);",
			"INSERT OR IGNORE INTO customers (name) SELECT note FROM orders; SELECT RAISE(ABORT, 'no');",
			"REPLACE INTO customers (id, name) VALUES (new.id, 'a'); DELETE FROM lines;") },
	{ "trigger",
		MAKE("CREATE TRIGGER<ine?> <new> AFTER UPDATE OF note, total ON orders<when?> BEGIN <body> END",
			"CREATE<temp> TRIGGER fresh BEFORE UPDATE ON orders FOR EACH ROW<when?> BEGIN <body><body> END",
			"CREATE TRIGGER fresh INSTEAD OF INSERT ON seen BEGIN <body> END",
			"CREATE TRIGGER main.fresh INSERT ON orders BEGIN <body> END") },
	{ "alter",
		MAKE("ALTER TABLE orders RENAME TO <renamed>",
			"ALTER TABLE main.orders RENAME COLUMN total TO <col>",
			"ALTER TABLE orders RENAME customer TO <col>",
			"ALTER TABLE orders ADD COLUMN <col> <coltype><colcon?>",
			"ALTER TABLE lines ADD <col>", "ALTER TABLE orders DROP COLUMN total",
			"ALTER TABLE \"orders\" DROP customer") },
	{ "renamed", MAKE("fresh", "\"Q x\"", "[br x]") },
	{ "drop",
		MAKE("DROP TABLE orders", "DROP TABLE IF EXISTS main.lines", "DROP VIEW seen",
			"DROP INDEX lines_c", "DROP INDEX IF EXISTS \"lines_b\"",
			"DROP TRIGGER noted", "DROP TRIGGER IF EXISTS main.noted") },
	{ "call",
		MAKE("lower(<expr>)", "count(*)", "coalesce(<expr>, 1)",
			"replace(note, 'a', <expr>)", "random()", "max(<expr>, 2)",
			"substr(note, 1, 2)", "iif(<expr>, 1, 2)", "printf('%d', <expr>)",
			"count(DISTINCT <expr>)", "current_timestamp",
			"sum(<expr>) OVER (PARTITION BY note ORDER BY <expr> ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
			"group_concat(note, ', ') FILTER (WHERE <expr>)", "left_('x')") },
	{ "expr",
		MAKE("<literal>", "id", "note", "total", "o.customer", "main.o.note", "\"total\"",
			"[id]", "<call>", "<expr> + <expr>", "<expr> = <expr>", "<expr> AND <expr>",
			"NOT <expr>", "(<expr> OR <expr>)", "<expr> IS NOT NULL", "<expr> NOTNULL",
			"<expr> IN (<expr>, 2)", "<expr> NOT BETWEEN 1 AND <expr>",
			"CASE WHEN <expr> THEN <expr> ELSE <expr> END",
			"CASE <expr> WHEN 1 THEN <expr> END", "CAST(<expr> AS VARCHAR(5))",
			"EXISTS (<sub>)", "(<sub>)", "<expr> IN (<sub>)",
			"<expr> NOT LIKE 'x%' ESCAPE '\\'", "<expr> IS DISTINCT FROM <expr>",
			"<expr> COLLATE NOCASE", "note ->> '$.a'", "- <expr>", "<expr> || <expr>",
			"<expr> IN lines_q", "(<expr>, 1) = (<expr>, 2)", "<expr> ISNULL") },
	{ "sub",
		MAKE("SELECT 1", "SELECT name FROM customers",
			"SELECT c.name FROM customers c WHERE c.id = o.id",
			"SELECT max(a) FROM lines AS l, customers WHERE l.b > 1",
			"SELECT b FROM main.lines", "VALUES (1)",
			"SELECT count(*) FROM (SELECT a FROM lines) s",
			"WITH q (z) AS (SELECT a FROM lines) SELECT z FROM q") },
	{ "target", MAKE("<expr>", "<expr> AS alias", "<expr> alias", "*", "o.*") },
	{ "from",
		MAKE("orders o", "orders AS o", "main.orders o",
			"orders o JOIN customers c ON c.name = note",
			"orders o LEFT OUTER JOIN lines ON lines.a = o.id AND b > 1",
			"orders o, (SELECT a, b FROM lines) AS s", "orders o NATURAL JOIN lines",
			"orders o CROSS JOIN customers cc", "(orders o JOIN lines USING (a))",
			"orders o, json_each('[1]') j", "orders o INDEXED BY nope",
			"orders o NOT INDEXED",
			"(SELECT id, note, total, customer FROM orders) o") },
	{ "where", MAKE(" WHERE <expr>") },
	{ "tail",
		MAKE(" ORDER BY <expr> DESC NULLS LAST", " GROUP BY <expr> HAVING <expr>",
			" LIMIT 5 OFFSET 2", " ORDER BY 1 LIMIT 3", " GROUP BY note, <expr>",
			" WINDOW win AS (ORDER BY id)") },
	{ "select",
		MAKE("SELECT <target> FROM <from>", "SELECT <target+> FROM <from><where?><tail?>",
			"SELECT DISTINCT <expr> FROM <from><where?>",
			"SELECT <expr> FROM <from> UNION ALL SELECT note FROM customers",
			"VALUES (1, 2), (3, 4)",
			"SELECT note FROM orders o EXCEPT SELECT <expr> FROM <from>") },
	{ "returning", MAKE(" RETURNING *", " RETURNING id, <plain> AS x") },
	{ "plain", MAKE("note", "id + 1", "lower(note)") },
	{ "conflict",
		MAKE(" ON CONFLICT DO NOTHING",
			" ON CONFLICT (id) DO UPDATE SET note = excluded.note, total = total + 1 WHERE excluded.id > 5",
			" ON CONFLICT (id) WHERE id > 1 DO NOTHING") },
	{ "or", MAKE(" OR REPLACE", " OR IGNORE", " OR ABORT", " OR FAIL", " OR ROLLBACK") },
	{ "insert",
		MAKE("INSERT<or?> INTO orders (id, note) VALUES (<const>, <literal>), (2, lower('X'))<conflict?><returning?>",
			"INSERT INTO main.orders AS tgt (note) SELECT <expr> FROM <from> WHERE true<conflict?>",
			"REPLACE INTO orders DEFAULT VALUES",
			"INSERT INTO orders SELECT * FROM orders o<returning?>",
			"INSERT INTO orders (\"id\", [note]) VALUES (1, 2)") },
	{ "update",
		MAKE("UPDATE<or?> orders AS o SET note = <expr><where?>",
			"UPDATE orders AS o SET (note, total) = (<expr>, <expr>), customer = 5<where?><ret2?>",
			"UPDATE orders AS o SET total = <expr> FROM customers AS c, lines WHERE c.id = o.id AND <expr>",
			"UPDATE main.orders AS o NOT INDEXED SET \"note\" = 'x', [total] = <expr>") },
	{ "ret2", MAKE(" RETURNING id, note", " RETURNING *") },
	{ "delete",
		MAKE("DELETE FROM orders AS o<where?>",
			"DELETE FROM main.orders AS o WHERE <expr><ret2?>", "DELETE FROM lines",
			"DELETE FROM lines WHERE a IN (<sub2>)<ret3?>") },
	{ "ret3", MAKE(" RETURNING a + b") },
	{ "sub2",
		MAKE("SELECT id FROM customers",
			"SELECT o.id FROM orders o WHERE o.note = lines.c") },
	{ "with",
		MAKE("WITH w AS (<select>) SELECT * FROM w",
			"WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) INSERT INTO lines (a) SELECT n FROM r",
			"WITH w AS MATERIALIZED (SELECT id FROM customers), v AS (SELECT id FROM w) DELETE FROM orders WHERE id IN (SELECT id FROM v)",
			"WITH w AS (SELECT 1 AS one) UPDATE orders SET note = (SELECT one FROM w)") },
	{ NULL, NULL },
};

static void the_facts_of_statements_at_random_are_those_of_the_catalogue(void **state)
{
	struct sl_rand_seeded seeded;
	struct make make = { .rules = rules, .rand = &seeded.rand };
	struct counts counts = { .uncompared = sl_map_new() };

	(void)state;
	sl_rand_seed(&seeded, SEED);
	for (int i = 0; i < ROUNDS && counts.missing < 10; i++) {
		sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LIMIT);

		make_statement(&make, &sql, "statement");
		check_statement(sl_buf_str(&sql), sql.len, &counts);
	}
	print_message("seed %d: %zu of %d statements compared, %zu refused as syntax errors, "
		      "%zu by SQLite for other reasons\n",
		SEED, counts.compared, ROUNDS, counts.refused, counts.errors);
	uncompared_print(counts.uncompared, "not compared, since SQLite refuses them");
	assert_int_equal(counts.missing, 0);
	assert_true(counts.compared > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_facts_of_statements_at_random_are_those_of_the_catalogue),
	};

	return cmocka_run_group_tests_name("sql_sqlite", tests, NULL, NULL);
}
