#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/rand.h"
#include "sluice/sql/split.h"
#include "sluice/sql/token.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define FOLDER "testdata/sql/split"
#define LIMIT  ((size_t)1 << 20)

/* A source that hands out the text in pieces of at most `piece` bytes. */
struct feed {
	const char *text;
	size_t len, pos, piece;
};

static enum sl_code feed_read(void *ctx, char *buf, size_t size, size_t *got, struct sl_error *err)
{
	struct feed *feed = ctx;
	size_t n = feed->len - feed->pos;

	(void)err;
	if (n > size)
		n = size;
	if (n > feed->piece)
		n = feed->piece;
	memcpy(buf, feed->text + feed->pos, n);
	feed->pos += n;
	*got = n;
	return SL_OK;
}

static void add_statement(struct sl_buf *out, const struct sl_statement_text *s)
{
	static const char *const kinds[] = { "end", "sql", "command" };

	if (s->kind != SL_TEXT_END) {
		sl_buf_addf(out, "== %u %s %u:%u-%u:%u", s->number, kinds[s->kind], s->start.line,
			s->start.column, s->end.line, s->end.column);
		sl_buf_adds(out, s->terminated || s->kind != SL_TEXT_SQL ? "" : " open");
		sl_buf_adds(out, s->oversized ? " oversized" : "");
		if (s->copy_data)
			sl_buf_addf(out, " copy %zu+%zu", s->copy_data, s->copy_len);
		if (s->unterminated)
			sl_buf_addf(out, " unterminated %s at %u:%u", s->unterminated,
				s->unterminated_at.line, s->unterminated_at.column);
		sl_buf_addc(out, '\n');
	}
	for (size_t i = 0; i < s->comments_len; i++)
		sl_buf_addf(out, "-- %u:%u-%u%s %s\n", s->comments[i].at.line,
			s->comments[i].at.column, s->comments[i].end_line,
			s->comments[i].leading ? " leading" : "", s->comments[i].text);
	sl_buf_add(out, s->text, s->len);
	if (s->len > 0)
		sl_buf_addc(out, '\n');
}

/* What is handed on instead of lexing again is what lexing again finds. */
static void check_tokens(enum sl_dialect dialect, const struct sl_statement_text *s)
{
	struct sl_lexer lexer;
	struct sl_token token;
	size_t n = 0;

	if (!s->tokens)
		return;
	sl_lexer_init(&lexer, dialect, s->text, s->len);
	for (; sl_lexer_next_code(&lexer, &token); n++) {
		assert_true(n < s->tokens_len);
		assert_int_equal(s->tokens[n].kind, token.kind);
		assert_int_equal(s->tokens[n].at, token.at);
		assert_int_equal(s->tokens[n].len, token.len);
		assert_int_equal(s->tokens[n].broken, token.broken);
	}
	assert_int_equal(n, s->tokens_len);
}

static void split_all(struct sl_buf *out, enum sl_dialect dialect, struct sl_splitter *splitter)
{
	struct sl_statement_text statement;
	struct sl_error err = SL_ERROR_INIT;

	do {
		assert_int_equal(sl_splitter_next(splitter, &statement, &err), SL_OK);
		check_tokens(dialect, &statement);
		add_statement(out, &statement);
	} while (statement.kind != SL_TEXT_END);
}

static void split_memory(struct sl_buf *out, const struct sl_splitter_options *options,
	const char *text, size_t len)
{
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = sl_splitter_new(options, text,
		len);

	split_all(out, options->dialect, splitter);
}

static void split_pieces(struct sl_buf *out, const struct sl_splitter_options *options,
	struct feed *feed)
{
	struct sl_sql_source source = { .read = feed_read, .ctx = feed };
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = sl_splitter_new_source(options,
		&source);

	split_all(out, options->dialect, splitter);
}

/* NULL when there is no such file. */
static char *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text = sl_xcalloc(1, LIMIT);

	if (!file) {
		free(text);
		return NULL;
	}
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

static void check_same_in_pieces(const struct sl_splitter_options *options, const char *text,
	size_t len, const char *expected)
{
	static const size_t pieces[] = { 1, 7, 1000, 65536 };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct feed feed = { .text = text, .len = len, .piece = pieces[i] };
		sl_auto_buf struct sl_buf got = SL_BUF_INIT(LIMIT);

		split_pieces(&got, options, &feed);
		assert_string_equal(sl_buf_str(&got), expected);
	}
}

static void check_file(enum sl_dialect dialect, const char *path)
{
	struct sl_splitter_options options = { .dialect = dialect,
		.statement_blocks = strstr(path, "goose") != NULL };
	sl_auto_buf struct sl_buf got = SL_BUF_INIT(LIMIT);
	sl_auto_buf struct sl_buf beside = SL_BUF_INIT(4096);
	size_t len = 0, expected_len = 0;
	sl_autofree char *text = read_file(path, &len);
	sl_autofree char *expected = NULL;

	assert_non_null(text);
	split_memory(&got, &options, text, len);
	sl_buf_addf(&beside, "%.*s.expected", (int)(strlen(path) - 4), path);
	if (getenv("SLUICE_WRITE_EXPECTED"))
		write_file(sl_buf_str(&beside), sl_buf_str(&got), got.len);
	expected = read_file(sl_buf_str(&beside), &expected_len);
	if (!expected)
		fail_msg("%s is missing", sl_buf_str(&beside));
	if (strcmp(sl_buf_str(&got), expected) != 0)
		print_message("%s\n", path);
	assert_string_equal(sl_buf_str(&got), expected);
	check_same_in_pieces(&options, text, len, expected);
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

static void every_file_splits_as_written_beside_it_whole_and_in_pieces(void **state)
{
	(void)state;
	for (int dialect = 0; dialect < SL_DIALECT_COUNT; dialect++)
		assert_true(check_folder((enum sl_dialect)dialect) > 0);
}

static void a_statement_over_the_window_is_read_to_its_end_in_bounded_memory(void **state)
{
	struct sl_splitter_options options = { .dialect = SL_DIALECT_POSTGRES };
	size_t len = (size_t)8 << 20;
	sl_autofree char *text = sl_xcalloc(1, len + 64);
	struct feed feed = { .text = text, .piece = 65536 };
	struct sl_sql_source source = { .read = feed_read, .ctx = &feed };
	struct sl_statement_text s;
	struct sl_error err = SL_ERROR_INIT;
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = NULL;

	(void)state;
	memcpy(text, "INSERT INTO t VALUES ('", 23);
	for (size_t i = 23; i < len; i++)
		text[i] = i % 80 == 0 ? ';' : 'x';
	memcpy(text + len, "'); -- end\nSELECT 2;", 20);
	feed.len = len + 20;
	splitter = sl_splitter_new_source(&options, &source);
	assert_int_equal(sl_splitter_next(splitter, &s, &err), SL_OK);
	assert_true(s.oversized && s.terminated && !s.unterminated);
	assert_int_equal(s.len, SL_STATEMENT_WINDOW);
	assert_int_equal(s.full_len, len + 2);
	assert_int_equal(s.end.column, len + 3);
	assert_int_equal(s.comments_len, 1);
	assert_memory_equal(s.text, text, s.len);
	assert_int_equal(sl_splitter_next(splitter, &s, &err), SL_OK);
	assert_int_equal(s.len, 8);
	assert_memory_equal(s.text, "SELECT 2", 8);
	assert_int_equal(s.start.line, 2);
	assert_int_equal(s.offset, len + 11);
}

static void the_whole_statement_is_handed_out_when_the_caller_has_room(void **state)
{
	struct sl_splitter_options options = { .dialect = SL_DIALECT_SQLITE,
		.max_text = (size_t)64 << 20 };
	size_t len = (size_t)3 << 20;
	sl_autofree char *text = sl_xcalloc(1, len + 1);
	struct feed feed = { .text = text, .len = len, .piece = 5000 };
	struct sl_sql_source source = { .read = feed_read, .ctx = &feed };
	struct sl_statement_text s;
	struct sl_error err = SL_ERROR_INIT;
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = NULL;

	(void)state;
	memset(text, '1', len);
	memcpy(text, "SELECT ", 7);
	splitter = sl_splitter_new_source(&options, &source);
	assert_int_equal(sl_splitter_next(splitter, &s, &err), SL_OK);
	assert_int_equal(s.len, len);
	assert_false(s.oversized);
	assert_memory_equal(s.text, text, len);
}

static void the_data_of_a_long_copy_does_not_stay_in_memory(void **state)
{
	struct sl_splitter_options options = { .dialect = SL_DIALECT_POSTGRES };
	size_t len = (size_t)4 << 20;
	sl_autofree char *text = sl_xcalloc(1, len + 64);
	struct feed feed = { .text = text, .piece = 60000 };
	struct sl_sql_source source = { .read = feed_read, .ctx = &feed };
	struct sl_statement_text s;
	struct sl_error err = SL_ERROR_INIT;
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = NULL;

	(void)state;
	memset(text, 'a', len);
	memcpy(text, "COPY t FROM STDIN;\n", 19);
	for (size_t i = 100; i < len; i += 100)
		text[i] = '\n';
	memcpy(text + len, "\n\\.\nSELECT 3;", 13);
	feed.len = len + 13;
	splitter = sl_splitter_new_source(&options, &source);
	assert_int_equal(sl_splitter_next(splitter, &s, &err), SL_OK);
	assert_true(s.oversized);
	assert_int_equal(s.copy_data, 19);
	assert_int_equal(s.copy_len, len + 1 - 19);
	assert_int_equal(sl_splitter_next(splitter, &s, &err), SL_OK);
	assert_memory_equal(s.text, "SELECT 3", 8);
}

static enum sl_code failing_read(void *ctx, char *buf, size_t size, size_t *got,
	struct sl_error *err)
{
	(void)ctx;
	(void)buf;
	(void)size;
	(void)got;
	return sl_error_set(err, SL_EUNAVAIL, "file x: read: broken");
}

static void a_failing_source_is_the_only_failure(void **state)
{
	struct sl_splitter_options options = { .dialect = SL_DIALECT_SQLITE };
	struct sl_sql_source source = { .read = failing_read };
	struct sl_statement_text s;
	struct sl_error err = SL_ERROR_INIT;
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = sl_splitter_new_source(&options,
		&source);

	(void)state;
	assert_int_equal(sl_splitter_next(splitter, &s, &err), SL_EUNAVAIL);
	assert_string_equal(err.msg, "file x: read: broken");
}

static void a_place_in_a_statement_counts_code_points_from_where_the_file_says(void **state)
{
	struct sl_splitter_options options = { .dialect = SL_DIALECT_SQLITE, .first_line = 40 };
	static const char text[] = "\xef\xbb\xbf  SELECT 'é',\r\n\t\"ü\" x;";
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = sl_splitter_new(&options, text,
		sizeof(text) - 1);
	struct sl_statement_text s;
	struct sl_place place;

	(void)state;
	assert_int_equal(sl_splitter_next(splitter, &s, NULL), SL_OK);
	assert_int_equal(s.start.line, 40);
	assert_int_equal(s.start.column, 3);
	place = sl_statement_place(&s, (size_t)(strchr(s.text, 'x') - s.text));
	assert_int_equal(place.line, 41);
	assert_int_equal(place.column, 6);
	assert_int_equal(s.end.line, 41);
	assert_int_equal(s.end.column, 7);
}

static void comments_beyond_the_cap_are_counted(void **state)
{
	struct sl_splitter_options options = { .dialect = SL_DIALECT_POSTGRES };
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(LIMIT);
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = NULL;
	struct sl_statement_text s;

	(void)state;
	for (int i = 0; i < SL_COMMENTS_MAX + 7; i++)
		sl_buf_adds(&text, "-- x\n");
	sl_buf_adds(&text, "SELECT 1;");
	splitter = sl_splitter_new(&options, text.data, text.len);
	assert_int_equal(sl_splitter_next(splitter, &s, NULL), SL_OK);
	assert_int_equal(s.comments_len, SL_COMMENTS_MAX);
	assert_int_equal(s.comments_omitted, 7);
	assert_int_equal(s.start.line, SL_COMMENTS_MAX + 8);
}

/* Any bytes: the same statements whole and in pieces, every byte of text from the input. */
static void random_bytes_split_alike_whole_and_in_pieces(void **state)
{
	static const char *const parts[] = { "'", "\"", "`", "$$", "$a$", "$", "--", "/*", "*/",
		"/*!", "999999", "\\", ";", "(", ")", "[", "]", "\n", "\r\n", " ", "begin",
		"atomic", "end", "case", "create", "function", "procedure", "trigger",
		"delimiter //", "//", "copy t from stdin", "\\.", "\xc3\xa9", "\xff", "E'", "U&'",
		"x", "1.5e+", ".5", "#", "-", "@@a", ":=", "if", "then", "loop", "repeat",
		"for each row", "\\g" };
	struct sl_rand_seeded seeded;
	const struct sl_rand *rand = &seeded.rand;

	(void)state;
	sl_rand_seed(&seeded, 42);
	for (int round = 0; round < 3000; round++) {
		struct sl_splitter_options options = { .dialect = (enum sl_dialect)(round % 4),
			.max_text = round % 3 == 0 ? 40 : 0,
			.statement_blocks = round % 5 == 0 };
		sl_auto_buf struct sl_buf text = SL_BUF_INIT(LIMIT);
		sl_auto_buf struct sl_buf whole = SL_BUF_INIT(LIMIT * 8);

		for (uint64_t i = sl_rand_below(rand, 40); i > 0; i--) {
			sl_buf_adds(&text,
				parts[sl_rand_below(rand, sizeof(parts) / sizeof(parts[0]))]);
			if (sl_rand_below(rand, 3) == 0)
				sl_buf_addc(&text, ' ');
		}
		split_memory(&whole, &options, sl_buf_str(&text), text.len);
		check_same_in_pieces(&options, sl_buf_str(&text), text.len, sl_buf_str(&whole));
	}
}

static void normalised_text_has_no_comments_and_single_blanks(void **state)
{
	static const char text[] = "SELECT /* a */ 'x  y' -- b\n\n,  \"Q\"::int";
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(LIMIT);

	(void)state;
	sl_sql_normalise(&out, SL_DIALECT_POSTGRES, text, sizeof(text) - 1);
	assert_string_equal(sl_buf_str(&out), "SELECT 'x  y' , \"Q\" :: int");
}

/* One byte after the other, as the header says it. */
static struct sl_place counted(const char *text, size_t len)
{
	struct sl_place place = { .line = 1, .column = 1 };

	for (size_t i = 0; i < len; i++) {
		bool feed = text[i] == '\n' && i > 0 && text[i - 1] == '\r';

		if (feed)
			continue;
		if (text[i] == '\n' || text[i] == '\r')
			place = (struct sl_place){ .line = place.line + 1, .column = 1 };
		else
			place.column += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	return place;
}

static void places_count_lines_and_code_points_wherever_they_stand(void **state)
{
	static const char *const parts[] = { "a", "bcd", "\n", "\r", "\r\n", "\t", "\xc3\xa9",
		"\xe2\x82\xac", "twelve bytes", "\x0f", "\x10", "\x7f" };
	struct sl_rand_seeded seeded;
	const struct sl_rand *rand = &seeded.rand;

	(void)state;
	sl_rand_seed(&seeded, 7);
	for (int round = 0; round < 300; round++) {
		sl_auto_buf struct sl_buf text = SL_BUF_INIT(LIMIT);
		struct sl_statement_text statement = { .start = { 1, 1 } };

		for (int i = 0; i < 20; i++)
			sl_buf_adds(&text,
				parts[sl_rand_below(rand, sizeof(parts) / sizeof(parts[0]))]);
		statement.text = sl_buf_str(&text);
		statement.len = text.len;
		for (size_t at = 0; at <= text.len; at++) {
			struct sl_place want = counted(statement.text, at);
			struct sl_place got = sl_statement_place(&statement, at);

			assert_int_equal(got.line, want.line);
			assert_int_equal(got.column, want.column);
		}
	}
}

/* The first statement of the text; what it points to is the splitter's. */
static struct sl_statement_text first(struct sl_splitter **splitter,
	const struct sl_splitter_options *options, const char *text)
{
	struct sl_statement_text out;

	*splitter = sl_splitter_new(options, text, strlen(text));
	assert_int_equal(sl_splitter_next(*splitter, &out, NULL), SL_OK);
	return out;
}

static size_t kept(enum sl_dialect dialect, const char *text)
{
	const struct sl_splitter_options options = { .dialect = dialect, .max_text = 40 };
	struct sl_splitter *splitter;
	const struct sl_statement_text statement = first(&splitter, &options, text);
	size_t n = statement.tokens ? statement.tokens_len : 0;

	check_tokens(dialect, &statement);
	sl_splitter_free(splitter);
	return n;
}

static void a_statement_brings_its_tokens(void **state)
{
	(void)state;
	assert_int_equal(kept(SL_DIALECT_POSTGRES, "SELECT /* a */ 1; SELECT 2"), 2);
	assert_int_equal(kept(SL_DIALECT_SQLITE, "SELECT 'a;b', x -- c\n"), 4);
}

static void tokens_that_the_text_alone_would_not_have_are_not_kept(void **state)
{
	(void)state;
	assert_int_equal(kept(SL_DIALECT_MYSQL, "SELECT 1 --; SELECT 2"), 0);
	assert_int_equal(kept(SL_DIALECT_POSTGRES, "COPY t FROM STDIN;\n1\n\\.\n"), 0);
	assert_int_equal(kept(SL_DIALECT_POSTGRES, "SELECT 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12"),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_splits_as_written_beside_it_whole_and_in_pieces),
		cmocka_unit_test(a_statement_over_the_window_is_read_to_its_end_in_bounded_memory),
		cmocka_unit_test(the_whole_statement_is_handed_out_when_the_caller_has_room),
		cmocka_unit_test(the_data_of_a_long_copy_does_not_stay_in_memory),
		cmocka_unit_test(a_failing_source_is_the_only_failure),
		cmocka_unit_test(
			a_place_in_a_statement_counts_code_points_from_where_the_file_says),
		cmocka_unit_test(comments_beyond_the_cap_are_counted),
		cmocka_unit_test(random_bytes_split_alike_whole_and_in_pieces),
		cmocka_unit_test(places_count_lines_and_code_points_wherever_they_stand),
		cmocka_unit_test(a_statement_brings_its_tokens),
		cmocka_unit_test(tokens_that_the_text_alone_would_not_have_are_not_kept),
		cmocka_unit_test(normalised_text_has_no_comments_and_single_blanks),
	};

	return cmocka_run_group_tests_name("sql_split", tests, NULL, NULL);
}
