/*
 * Folders under testdata/layouts/KIND/CASE, each beside the file CASE.expect: a first line
 * "read KIND DIALECT", then what the folder is read as.
 */
#include "sluice/layout.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROOT "testdata/layouts"

struct files {
	SL_VEC(struct sl_layout_file);
};

struct cases {
	SL_VEC(char *);
};

/* nftw() has no context of its own. */
static struct sl_arena *arena;
static struct files files;
static struct cases cases;
static size_t base_len;

static char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	struct sl_buf buf = SL_BUF_INIT(1u << 20);
	char chunk[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		sl_buf_add(&buf, chunk, n);
	(void)fclose(f);
	if (len)
		*len = buf.len;
	return sl_buf_take(&buf);
}

static int add_file(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	struct sl_layout_file *file;

	(void)st;
	(void)ftw;
	if (flag != FTW_F)
		return 0;
	file = sl_vec_add(&files);
	file->path = sl_arena_strdup(arena, path + base_len + 1);
	file->data = slurp(path, &file->len);
	return 0;
}

static int add_case(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (flag == FTW_F && sl_str_ends(path, ".expect"))
		*sl_vec_add(&cases) = sl_xstrdup(path);
	return 0;
}

static void load(const char *folder)
{
	base_len = strlen(folder);
	assert_int_equal(nftw(folder, add_file, 8, FTW_PHYS), 0);
}

static void unload(void)
{
	for (size_t i = 0; i < files.len; i++)
		free((void *)(uintptr_t)files.at[i].data);
	sl_vec_done(&files);
}

static void print_migration(struct sl_buf *out, const struct sl_migration *m)
{
	sl_buf_addf(out, "%s %s \"%s\" %s:%u %zu bytes", sl_migration_kind_name(m->kind), m->key,
		m->name, m->path, m->first_line, m->sql_len);
	if (m->down)
		sl_buf_addf(out, ", down %zu bytes", m->down_len);
	if (m->no_transaction)
		sl_buf_adds(out, ", no transaction");
	if (m->statement_blocks)
		sl_buf_adds(out, ", blocks");
	sl_buf_addc(out, '\n');
}

static void print_layout(struct sl_buf *out, const struct sl_layout *layout)
{
	sl_buf_addf(out, "layout %s\n", sl_layout_kind_name(layout->kind));
	for (size_t i = 0; i < layout->set.len; i++)
		print_migration(out, &layout->set.at[i]);
	for (size_t i = 0; i < layout->problem_count; i++) {
		const struct sl_layout_problem *p = &layout->problems[i];

		sl_buf_addf(out, "%s %s:%u %s; %s\n", sl_severity_name(p->severity),
			p->path[0] ? p->path : ".", p->line, p->message, p->remedy);
	}
}

static void check_case(const char *expect_path)
{
	struct sl_buf out = SL_BUF_INIT(1u << 20);
	char *expected = slurp(expect_path, NULL);
	char *folder = sl_xstrndup(expect_path, strlen(expect_path) - strlen(".expect"));
	enum sl_dialect dialect = SL_DIALECT_COUNT;
	enum sl_layout_kind kind = SL_LAYOUT_AUTO;
	struct sl_layout layout;
	char *end = strchr(expected, '\n');
	char *space;

	assert_non_null(end);
	sl_buf_add(&out, expected, (size_t)(end - expected) + 1);
	*end = '\0';
	assert_true(sl_str_starts(expected, "read "));
	space = strchr(expected + 5, ' ');
	assert_non_null(space);
	*space = '\0';
	assert_true(sl_layout_kind_parse(&kind, expected + 5));
	assert_true(sl_str_eq(space + 1, "any") || sl_dialect_parse(&dialect, space + 1));
	*space = ' ';
	*end = '\n';
	/* a suffix tells the readings of one folder apart */
	if (strchr(folder, '@'))
		*strchr(folder, '@') = '\0';
	load(folder);
	sl_layout_read(&layout, arena, kind, dialect, files.at, files.len);
	print_layout(&out, &layout);
	if (!sl_str_eq(sl_buf_str(&out), expected))
		print_message("%s is now\n%s", expect_path, sl_buf_str(&out));
	assert_string_equal(sl_buf_str(&out), expected);
	unload();
	free(folder);
	free(expected);
	sl_buf_done(&out);
}

static void every_folder_reads_as_the_file_beside_it_says(void **state)
{
	(void)state;
	assert_int_equal(nftw(ROOT, add_case, 8, FTW_PHYS), 0);
	assert_true(cases.len >= 20);
	for (size_t i = 0; i < cases.len; i++) {
		check_case(cases.at[i]);
		free(cases.at[i]);
	}
	sl_vec_done(&cases);
}

static void an_up_section_is_what_stands_between_the_lines(void **state)
{
	const char text[] = "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n";
	const struct sl_layout_file file = { "1_a.sql", text, sizeof(text) - 1 };
	struct sl_layout layout;

	(void)state;
	sl_layout_read(&layout, arena, SL_LAYOUT_AUTO, SL_DIALECT_SQLITE, &file, 1);
	assert_int_equal(layout.set.len, 1);
	assert_int_equal(layout.set.at[0].sql_len, strlen("SELECT 1;\n"));
	assert_memory_equal(layout.set.at[0].sql, "SELECT 1;\n", strlen("SELECT 1;\n"));
	assert_memory_equal(layout.set.at[0].down, "SELECT 2;\n", strlen("SELECT 2;\n"));
	assert_int_equal(layout.set.at[0].first_line, 2);
}

static void the_hash_is_of_the_whole_file(void **state)
{
	const struct sl_layout_file file = { "1_a.sql", "abc", 3 };
	struct sl_layout layout;

	(void)state;
	sl_layout_read(&layout, arena, SL_LAYOUT_PLAIN, SL_DIALECT_COUNT, &file, 1);
	assert_string_equal(layout.set.at[0].sha256,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void a_folder_without_errors_passes_the_check(void **state)
{
	const struct sl_layout_file seed[] = { { "1_a.sql", "SELECT 1", 8 },
		{ "seed.sql", "SELECT 1", 8 } };
	struct sl_layout layout;

	(void)state;
	sl_layout_read(&layout, arena, SL_LAYOUT_AUTO, SL_DIALECT_SQLITE, seed, 2);
	assert_int_equal(layout.problem_count, 1);
	assert_int_equal(sl_layout_check(&layout, NULL), SL_OK);
}

static void the_check_names_the_first_file_its_remedy_and_the_count_of_the_rest(void **state)
{
	const struct sl_layout_file doubled[] = { { "1_a.sql", "SELECT 1", 8 },
		{ "01_b.sql", "SELECT 1", 8 }, { "2_c.sql", "\xff\xfe", 2 } };
	struct sl_error err = SL_ERROR_INIT;
	struct sl_layout layout;

	(void)state;
	sl_layout_read(&layout, arena, SL_LAYOUT_AUTO, SL_DIALECT_SQLITE, doubled, 3);
	assert_int_equal(sl_layout_check(&layout, &err), SL_EINVAL);
	assert_string_equal(err.msg,
		"1_a.sql: version 1 is also that of 01_b.sql; "
		"give one of them another name (and 1 more)");
}

static void an_empty_folder_has_no_problem_and_no_migration(void **state)
{
	struct sl_layout layout;

	(void)state;
	sl_layout_read(&layout, arena, SL_LAYOUT_AUTO, SL_DIALECT_SQLITE, NULL, 0);
	assert_int_equal(layout.set.len, 0);
	assert_int_equal(layout.problem_count, 0);
}

static void a_path_longer_than_the_store_keeps_is_refused(void **state)
{
	char path[SL_PATH_LIMIT + 10];
	struct sl_layout_file file = { path, "SELECT 1", 8 };
	struct sl_layout layout;

	(void)state;
	memset(path, '1', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	sl_layout_read(&layout, arena, SL_LAYOUT_PLAIN, SL_DIALECT_SQLITE, &file, 1);
	assert_int_equal(layout.set.len, 0);
	assert_int_equal(layout.problems[0].kind, SL_LAYOUT_BAD_NAME);
}

static void a_name_that_is_not_text_is_refused_and_shown_escaped(void **state)
{
	struct sl_layout_file file = { "1_\xff.sql", "SELECT 1", 8 };
	struct sl_layout layout;

	(void)state;
	sl_layout_read(&layout, arena, SL_LAYOUT_PLAIN, SL_DIALECT_SQLITE, &file, 1);
	assert_int_equal(layout.set.len, 0);
	assert_int_equal(layout.problems[0].kind, SL_LAYOUT_BAD_NAME);
	assert_null(strchr(layout.problems[0].path, '\xff'));
}

static void a_file_by_itself_is_a_migration_whatever_its_name(void **state)
{
	const struct sl_layout_file file = { "fixes/cleanup.sql", "SELECT 1", 8 };
	struct sl_layout layout;

	(void)state;
	sl_layout_read_single(&layout, arena, SL_DIALECT_SQLITE, &file);
	assert_int_equal(layout.problem_count, 0);
	assert_int_equal(layout.set.len, 1);
	assert_int_equal(layout.set.at[0].kind, SL_MIGRATION_ID);
	assert_string_equal(layout.set.at[0].key, "cleanup.sql");
	assert_string_equal(layout.set.at[0].path, "fixes/cleanup.sql");
}

static void a_file_by_itself_keeps_its_sections(void **state)
{
	const char text[] = "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n";
	const struct sl_layout_file file = { "cleanup.sql", text, sizeof(text) - 1 };
	struct sl_layout layout;

	(void)state;
	sl_layout_read_single(&layout, arena, SL_DIALECT_SQLITE, &file);
	assert_int_equal(layout.set.at[0].sql_len, strlen("SELECT 1;\n"));
}

/* Scans the text in pieces of at most `most` bytes. */
static bool scan(struct sl_layout *out, const char *text, size_t len, size_t most)
{
	sl_auto(sl_layout_scan_free_p) struct sl_layout_scan *scan = sl_layout_scan_new();

	while (len > 0) {
		size_t room;
		char *at = sl_layout_scan_room(scan, &room);
		size_t n = len < most ? len : most;

		n = n < room ? n : room;
		memcpy(at, text, n);
		sl_layout_scan_took(scan, n);
		text += n;
		len -= n;
	}
	return sl_layout_scan_end(out, arena, SL_DIALECT_POSTGRES, "1_a.sql", scan);
}

static void must_be_alike(const struct sl_layout *a, const struct sl_layout *b)
{
	assert_int_equal(a->set.len, b->set.len);
	assert_int_equal(a->problem_count, b->problem_count);
	for (size_t i = 0; i < a->problem_count; i++) {
		assert_string_equal(a->problems[i].message, b->problems[i].message);
		assert_int_equal(a->problems[i].line, b->problems[i].line);
	}
	for (size_t i = 0; i < a->set.len; i++) {
		const struct sl_migration *x = &a->set.at[i], *y = &b->set.at[i];

		assert_null(y->sql);
		assert_int_equal(x->sql_len, y->sql_len);
		assert_string_equal(x->key, y->key);
		assert_string_equal(x->sha256, y->sha256);
		assert_int_equal(x->no_transaction, y->no_transaction);
		assert_int_equal(x->first_line, y->first_line);
	}
}

static void a_file_in_pieces_reads_as_the_whole_of_it(void **state)
{
#define FILE_OF(text)                             \
	{                                         \
		"1_a.sql", text, sizeof(text) - 1 \
	}
	static const struct sl_layout_file texts[] = {
		FILE_OF("SELECT 1;\n"),
		FILE_OF("\xef\xbb\xbfSELECT 'd\xc3\xa9j\xc3\xa0 \xe2\x82\xac \xf0\x9f\x90\x98';\n"),
		FILE_OF("-- atlas:txmode none\nSELECT 1;\n"),
		FILE_OF("SELECT 1;\n\n'\xff' \xc3\n"),
		FILE_OF("SELECT 1;\n\n\xe2\x82"),
		FILE_OF("SELECT 1;\n\nSELECT '\0';\n\xff\n"),
	};
#undef FILE_OF

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sl_layout whole, pieces;

		sl_layout_read_single(&whole, arena, SL_DIALECT_POSTGRES, &texts[i]);
		for (size_t most = 1; most <= texts[i].len; most++) {
			assert_true(scan(&pieces, texts[i].data, texts[i].len, most));
			must_be_alike(&whole, &pieces);
		}
	}
}

static void a_file_larger_than_a_piece_has_one_hash_and_counts_its_lines(void **state)
{
	const size_t len = 300000;
	char *text = sl_arena_alloc(arena, len);
	const struct sl_layout_file file = { "1_a.sql", text, len };
	struct sl_layout whole, pieces;

	(void)state;
	for (size_t i = 0; i < len; i++)
		text[i] = "SELECT '\xc3\xa9';\n"[i % 13];
	for (size_t i = 0; i < 2; i++) {
		sl_layout_read_single(&whole, arena, SL_DIALECT_POSTGRES, &file);
		assert_true(scan(&pieces, text, len, 65537));
		must_be_alike(&whole, &pieces);
		assert_int_equal(whole.problem_count, i);
		text[200000] = '\xff';
	}
}

static void a_file_with_sections_or_without_a_statement_is_not_read_in_pieces(void **state)
{
	static const char *const texts[] = { "-- +goose Up\nSELECT 1;\n",
		"-- migrate:up\nSELECT 1;\n", "-- nothing\n", "" };
	struct sl_layout layout;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(scan(&layout, texts[i], strlen(texts[i]), 7));
}

static void a_path_may_name_its_engine(void **state)
{
	(void)state;
	assert_int_equal(sl_layout_path_dialect("db/postgresql/1_a.sql"), SL_DIALECT_POSTGRES);
	assert_int_equal(sl_layout_path_dialect("db/1_a.sqlite.sql"), SL_DIALECT_SQLITE);
	assert_int_equal(sl_layout_path_dialect("mysqlish/1_a.sql"), SL_DIALECT_COUNT);
}

static void versions_have_one_canonical_spelling(void **state)
{
	static const char *const table[][2] = { { "1", "1" }, { "01", "1" }, { "1.0", "1" },
		{ "1.0.0", "1" }, { "1.0.1", "1.0.1" }, { "0", "0" }, { "000", "0" },
		{ "0.0", "0" }, { "0.1", "0.1" }, { "1-2_3", "1.2.3" }, { "10", "10" },
		{ "2026-01-31_120000", "2026.1.31.120000" }, { "1.00.2", "1.0.2" } };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_string_equal(sl_version_canonical(arena, table[i][0], strlen(table[i][0])),
			table[i][1]);
}

static void what_is_no_version_has_no_spelling(void **state)
{
	static const char *const table[] = { "", ".", "1.", ".1", "1..2", "v1", "1a", "1 2" };
	char longer[SL_KEY_LIMIT + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_null(sl_version_canonical(arena, table[i], strlen(table[i])));
	memset(longer, '1', sizeof(longer));
	assert_null(sl_version_canonical(arena, longer, sizeof(longer)));
}

static void versions_compare_part_by_part_as_numbers(void **state)
{
	(void)state;
	assert_true(sl_version_compare("2", "10") < 0);
	assert_true(sl_version_compare("1.2", "1.10") < 0);
	assert_true(sl_version_compare("1.1", "1") > 0);
	assert_true(sl_version_compare("99999999999999999999", "100000000000000000000") < 0);
	assert_int_equal(sl_version_compare("1.0", "01"), 0);
	assert_int_equal(sl_version_compare("1_2", "1.2.0"), 0);
}

static void every_layout_reads_back_from_its_name(void **state)
{
	enum sl_layout_kind back;

	(void)state;
	for (int i = 0; i < SL_LAYOUT_KIND_COUNT; i++) {
		assert_true(
			sl_layout_kind_parse(&back, sl_layout_kind_name((enum sl_layout_kind)i)));
		assert_int_equal(back, i);
	}
	assert_false(sl_layout_kind_parse(&back, "flyweight"));
}

static int setup(void **state)
{
	(void)state;
	arena = sl_arena_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sl_arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_folder_reads_as_the_file_beside_it_says),
		cmocka_unit_test(an_up_section_is_what_stands_between_the_lines),
		cmocka_unit_test(the_hash_is_of_the_whole_file),
		cmocka_unit_test(a_folder_without_errors_passes_the_check),
		cmocka_unit_test(
			the_check_names_the_first_file_its_remedy_and_the_count_of_the_rest),
		cmocka_unit_test(an_empty_folder_has_no_problem_and_no_migration),
		cmocka_unit_test(a_path_longer_than_the_store_keeps_is_refused),
		cmocka_unit_test(a_name_that_is_not_text_is_refused_and_shown_escaped),
		cmocka_unit_test(a_file_by_itself_is_a_migration_whatever_its_name),
		cmocka_unit_test(a_file_by_itself_keeps_its_sections),
		cmocka_unit_test(a_file_in_pieces_reads_as_the_whole_of_it),
		cmocka_unit_test(a_file_larger_than_a_piece_has_one_hash_and_counts_its_lines),
		cmocka_unit_test(a_file_with_sections_or_without_a_statement_is_not_read_in_pieces),
		cmocka_unit_test(a_path_may_name_its_engine),
		cmocka_unit_test(versions_have_one_canonical_spelling),
		cmocka_unit_test(what_is_no_version_has_no_spelling),
		cmocka_unit_test(versions_compare_part_by_part_as_numbers),
		cmocka_unit_test(every_layout_reads_back_from_its_name),
	};

	return cmocka_run_group_tests_name("layout", tests, setup, teardown);
}
