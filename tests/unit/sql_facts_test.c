#include "sql_facts.h"

#include "sluice/core/alloc.h"
#include "sluice/core/cleanup.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define FOLDER "testdata/sql/facts"
#define LIMIT  ((size_t)4 << 20)

/* NULL when there is no such file. */
static char *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text;

	if (!file)
		return NULL;
	text = sl_xcalloc(1, LIMIT);
	*len = fread(text, 1, LIMIT - 1, file);
	(void)fclose(file);
	return text;
}

static void write_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void add_file(struct sl_buf *out, enum sl_dialect dialect, const char *text, size_t len)
{
	struct sl_splitter_options options = { .dialect = dialect };
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = sl_splitter_new(&options, text,
		len);
	struct sl_statement_text statement;

	while (sl_splitter_next(splitter, &statement, NULL) == SL_OK &&
		statement.kind != SL_TEXT_END) {
		sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
		const struct sl_facts *facts = sl_sql_parse_statement(arena, dialect, 0,
			&statement);

		facts_add(out, facts, statement.text);
		sl_buf_addc(out, '\n');
	}
}

static void check_file(enum sl_dialect dialect, const char *path)
{
	sl_auto_buf struct sl_buf got = SL_BUF_INIT(LIMIT);
	sl_auto_buf struct sl_buf beside = SL_BUF_INIT(4096);
	size_t len = 0, expected_len = 0;
	sl_autofree char *text = read_file(path, &len);
	sl_autofree char *expected = NULL;

	assert_non_null(text);
	add_file(&got, dialect, text, len);
	sl_buf_addf(&beside, "%.*s.expected", (int)(strlen(path) - 4), path);
	if (getenv("SLUICE_WRITE_EXPECTED"))
		write_file(sl_buf_str(&beside), sl_buf_str(&got), got.len);
	expected = read_file(sl_buf_str(&beside), &expected_len);
	if (!expected)
		fail_msg("%s is missing", sl_buf_str(&beside));
	if (strcmp(sl_buf_str(&got), expected) != 0)
		print_message("%s\n", path);
	assert_string_equal(sl_buf_str(&got), expected);
}

static size_t check_folder(enum sl_dialect dialect)
{
	sl_auto_buf struct sl_buf folder = SL_BUF_INIT(4096);
	struct dirent **entries;
	int n;
	size_t files = 0;

	sl_buf_addf(&folder, "%s/%s", FOLDER, sl_dialect_name(dialect));
	n = scandir(sl_buf_str(&folder), &entries, NULL, alphasort);
	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		sl_auto_buf struct sl_buf path = SL_BUF_INIT(4096);
		const char *name = entries[i]->d_name;

		if (strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".sql") == 0) {
			sl_buf_addf(&path, "%s/%s", sl_buf_str(&folder), name);
			check_file(dialect, sl_buf_str(&path));
			files++;
		}
		free(entries[i]);
	}
	free(entries);
	return files;
}

static void the_facts_of_every_file_are_as_written_beside_it(void **state)
{
	(void)state;
	for (int dialect = 0; dialect < SL_DIALECT_COUNT; dialect++)
		assert_true(check_folder((enum sl_dialect)dialect) > 0);
}

/* ---- what is too much, too new, or nothing ---- */

static enum sl_sql_status status_of(enum sl_dialect dialect, int version, const char *text,
	size_t len)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_sql_input input = { .dialect = dialect,
		.version = version,
		.text = text,
		.len = len };
	const struct sl_facts *facts = sl_sql_parse(arena, &input);
	const struct sl_fact_statement *statement = sl_facts_statement(facts);

	if (statement->status != SL_SQL_PARSED && statement->status != SL_SQL_EMPTY)
		assert_true(statement->status_text[0] != '\0');
	assert_true(statement->status_at <= (int64_t)len);
	return statement->status;
}

static enum sl_sql_status status_text(enum sl_dialect dialect, const char *text)
{
	return status_of(dialect, 0, text, strlen(text));
}

/* `before`, then n times `part`, then `middle`, then n times `close`. */
static void add_nested(struct sl_buf *out, const char *part, const char *middle, const char *close,
	int n)
{
	sl_buf_adds(out, "SELECT ");
	for (int i = 0; i < n; i++)
		sl_buf_adds(out, part);
	sl_buf_adds(out, middle);
	for (int i = 0; i < n; i++)
		sl_buf_adds(out, close);
}

static enum sl_sql_status nested(enum sl_dialect dialect, const char *part, const char *middle,
	const char *close, int n)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LIMIT);

	add_nested(&sql, part, middle, close, n);
	assert_true(sl_buf_ok(&sql));
	return status_of(dialect, 0, sl_buf_str(&sql), sql.len);
}

static void what_is_nested_too_deeply_is_said_to_be_so(void **state)
{
	(void)state;
	for (int dialect = SL_DIALECT_POSTGRES; dialect <= SL_DIALECT_SQLITE; dialect++) {
		enum sl_dialect d = (enum sl_dialect)dialect;

		assert_int_equal(nested(d, "NOT ", "a", "", 5000), SL_SQL_TOO_DEEP);
		assert_int_equal(nested(d, "NOT ", "a", "", 500), SL_SQL_PARSED);
		assert_int_equal(nested(d, "(SELECT ", "1", ")", 5000), SL_SQL_TOO_DEEP);
		assert_int_equal(nested(d, "f(", "1", ")", 5000), SL_SQL_TOO_DEEP);
	}
}

static void a_long_chain_of_operators_is_not_deep(void **state)
{
	(void)state;
	assert_int_equal(nested(SL_DIALECT_POSTGRES, "a + ", "a", "", 100000), SL_SQL_PARSED);
	assert_int_equal(nested(SL_DIALECT_POSTGRES, "a AND ", "a", "", 100000), SL_SQL_PARSED);
	assert_int_equal(nested(SL_DIALECT_POSTGRES, "1 UNION ALL SELECT ", "1", "", 20000),
		SL_SQL_PARSED);
	assert_int_equal(nested(SL_DIALECT_SQLITE, "a || ", "a", "", 100000), SL_SQL_PARSED);
}

static void parentheses_without_end_harm_nobody(void **state)
{
	(void)state;
	for (int dialect = 0; dialect < SL_DIALECT_COUNT; dialect++) {
		enum sl_dialect d = (enum sl_dialect)dialect;

		assert_int_not_equal(nested(d, "(", "1", ")", 100000), SL_SQL_PARSED);
		assert_int_not_equal(nested(d, "(", "1", "", 400000), SL_SQL_PARSED);
		assert_int_not_equal(nested(d, "CASE WHEN ", "1", "", 50000), SL_SQL_EMPTY);
	}
}

static void a_statement_over_the_window_is_opaque_but_says_what_it_is(void **state)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	size_t len = (size_t)8 << 20;
	sl_autofree char *text = sl_xcalloc(1, len + 1);
	struct sl_sql_input input = { .text = text, .len = len };

	(void)state;
	memset(text, 'x', len);
	memcpy(text, "INSERT INTO big VALUES ('", 25);
	for (int dialect = 0; dialect < SL_DIALECT_COUNT; dialect++) {
		const struct sl_facts *facts;

		input.dialect = (enum sl_dialect)dialect;
		facts = sl_sql_parse(arena, &input);
		assert_int_equal(sl_facts_statement(facts)->status, SL_SQL_OPAQUE);
		assert_int_equal(sl_facts_statement(facts)->verb, SL_SQL_VERB_INSERT);
		assert_string_equal(facts->object.at[0].name, "big");
	}
}

static void syntax_newer_than_the_grammar_is_opaque_where_the_version_is_known(void **state)
{
	static const char sql[] = "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a) VIRTUAL)";

	(void)state;
	assert_int_equal(status_of(SL_DIALECT_POSTGRES, 180000, sql, sizeof(sql) - 1),
		SL_SQL_OPAQUE);
	assert_int_equal(status_of(SL_DIALECT_POSTGRES, 150004, sql, sizeof(sql) - 1),
		SL_SQL_SYNTAX_ERROR);
	assert_int_equal(status_of(SL_DIALECT_POSTGRES, 0, sql, sizeof(sql) - 1),
		SL_SQL_SYNTAX_ERROR);
}

static void nothing_but_comments_is_empty(void **state)
{
	(void)state;
	assert_int_equal(status_text(SL_DIALECT_POSTGRES, ""), SL_SQL_EMPTY);
	assert_int_equal(status_text(SL_DIALECT_POSTGRES, " -- x\n/* y */ "), SL_SQL_EMPTY);
	assert_int_equal(status_text(SL_DIALECT_SQLITE, "/* y */"), SL_SQL_EMPTY);
}

static void several_statements_in_one_text_are_a_block(void **state)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_sql_input input = { .dialect = SL_DIALECT_POSTGRES,
		.text = "CREATE TABLE a (b int); VACUUM c",
		.len = 32 };
	const struct sl_facts *facts = sl_sql_parse(arena, &input);

	(void)state;
	assert_int_equal(sl_facts_statement(facts)->kind, SL_SQL_KIND_BLOCK);
	assert_int_equal(sl_facts_statement(facts)->tx, SL_SQL_TX_NEVER);
	assert_int_equal(facts->object.len, 2);
}

/* Cut anywhere, a statement is parsed or refused, and never anything else. */
static void a_statement_cut_anywhere_is_parsed_or_refused(void **state)
{
	static const char *const statements[] = {
		"CREATE TABLE s.t (id int PRIMARY KEY, n numeric(1,2) DEFAULT (f('a')) CHECK (n > 0), UNIQUE (n)) WITH (x = 1)",
		"CREATE UNIQUE INDEX i ON s.t USING btree (lower(a) COLLATE \"C\" DESC, b) WHERE c IS NOT NULL",
		"WITH w AS (DELETE FROM a WHERE b RETURNING *) UPDATE t SET (a, b) = (1, 2) FROM w WHERE t.x = w.x RETURNING *",
		"CREATE TRIGGER t AFTER UPDATE OF a, b ON x FOR EACH ROW WHEN new.a > 1 BEGIN UPDATE y SET z = 1 WHERE q; DELETE FROM r; END",
		"INSERT INTO t AS x (a, b) VALUES (1, 2), (3, 4) ON CONFLICT (a) DO UPDATE SET b = 1 WHERE c RETURNING d",
		"ALTER TABLE t ADD COLUMN a int DEFAULT 5 REFERENCES u (b) ON DELETE SET NULL",
		"CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql SET search_path = a, b AS $$ SELECT 1 $$",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		size_t len = strlen(statements[i]);

		for (size_t n = 1; n <= len; n++) {
			for (int dialect = 0; dialect < SL_DIALECT_COUNT; dialect++)
				(void)status_of((enum sl_dialect)dialect, 0, statements[i], n);
		}
		assert_true(status_text(SL_DIALECT_POSTGRES, statements[i]) == SL_SQL_PARSED ||
			status_text(SL_DIALECT_SQLITE, statements[i]) == SL_SQL_PARSED);
	}
}

static void the_declaration_of_the_facts_is_complete_and_speaks_sql(void **state)
{
	size_t n, columns;
	const struct sl_fact_table *tables = sl_fact_tables(&n);

	(void)state;
	assert_string_equal(tables[0].name, "statement");
	for (size_t i = 0; i < n; i++) {
		const struct sl_fact_column *at = tables[i].columns(&columns);

		assert_true(tables[i].doc[0] != '\0' && columns > 0);
		assert_int_equal(at[columns - 1].type, SL_FACT_TYPE_SPAN);
		for (size_t j = 0; j < columns; j++)
			assert_true(at[j].doc[0] != '\0' && at[j].offset < tables[i].row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_nested_too_deeply_is_said_to_be_so),
		cmocka_unit_test(a_long_chain_of_operators_is_not_deep),
		cmocka_unit_test(parentheses_without_end_harm_nobody),
		cmocka_unit_test(a_statement_over_the_window_is_opaque_but_says_what_it_is),
		cmocka_unit_test(
			syntax_newer_than_the_grammar_is_opaque_where_the_version_is_known),
		cmocka_unit_test(nothing_but_comments_is_empty),
		cmocka_unit_test(several_statements_in_one_text_are_a_block),
		cmocka_unit_test(a_statement_cut_anywhere_is_parsed_or_refused),
		cmocka_unit_test(the_declaration_of_the_facts_is_complete_and_speaks_sql),
		cmocka_unit_test(the_facts_of_every_file_are_as_written_beside_it),
	};

	return cmocka_run_group_tests_name("sql_facts", tests, NULL, NULL);
}
