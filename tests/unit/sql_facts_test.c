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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_facts_of_every_file_are_as_written_beside_it),
	};

	return cmocka_run_group_tests_name("sql_facts", tests, NULL, NULL);
}
