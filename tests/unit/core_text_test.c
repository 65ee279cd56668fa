#include "sluice/core/cleanup.h"
#include "sluice/core/escape.h"
#include "sluice/core/json.h"
#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/core/utf8.h"
#include "sluice/core/yaml.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

static void numbers_are_read_whole_or_not_at_all(void **state)
{
	static const char *const wrong[] = { "", "-", " 1", "1 ", "+1", "0x1", "1.0",
		"9223372036854775808", "-9223372036854775809" };
	int64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sl_parse_i64(wrong[i], INT64_MIN, INT64_MAX, &value));
	assert_false(sl_parse_i64("11", 0, 10, &value));
	assert_int_equal(value, 7);
	assert_true(sl_parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &value));
	assert_true(value == INT64_MIN);
	assert_true(sl_parse_i64("007", 0, 10, &value));
	assert_int_equal(value, 7);
}

static void durations_have_units_from_large_to_small(void **state)
{
	static const char *const wrong[] = { "", "10", "s", "10x", "1m1h", "1h1h", "-1s", "1.5h",
		"10 s", "9223372036854775807d" };
	int64_t us = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sl_parse_duration(wrong[i], &us));
	assert_int_equal(us, 7);
	assert_true(sl_parse_duration("250ms", &us));
	assert_int_equal(us, 250000);
	assert_true(sl_parse_duration("1h30m", &us));
	assert_int_equal(us, INT64_C(5400000000));
	assert_true(sl_parse_duration("0", &us));
	assert_int_equal(us, 0);
}

static void sizes_are_binary(void **state)
{
	int64_t bytes = 7;

	(void)state;
	assert_false(sl_parse_size("64MB", &bytes));
	assert_false(sl_parse_size("MiB", &bytes));
	assert_false(sl_parse_size("9007199254740992KiB", &bytes));
	assert_true(sl_parse_size("64MiB", &bytes));
	assert_int_equal(bytes, 64 * 1024 * 1024);
	assert_true(sl_parse_size("4096", &bytes));
	assert_int_equal(bytes, 4096);
}

static void the_nearest_name_is_found_within_reason(void **state)
{
	static const char *const names[] = { "environments", "targets", "users" };

	(void)state;
	assert_string_equal(sl_nearest("enviroments", names, 3), "environments");
	assert_string_equal(sl_nearest("tragets", names, 3), "targets");
	assert_string_equal(sl_nearest("user", names, 3), "users");
	assert_null(sl_nearest("webhooks", names, 3));
	assert_null(sl_nearest("", names, 3));
}

static void globs_stop_at_slashes_unless_doubled(void **state)
{
	(void)state;
	assert_true(sl_glob_match("db/*.sql", "db/V1__a.sql"));
	assert_false(sl_glob_match("db/*.sql", "db/x/V1__a.sql"));
	assert_true(sl_glob_match("db/**.sql", "db/x/V1__a.sql"));
	assert_true(sl_glob_match("**", "a/b/c"));
	assert_true(sl_glob_match("*", ""));
	assert_false(sl_glob_match("a?c", "a/c"));
	assert_true(sl_glob_match("**/*a*b", "x/y/zaqab"));
	assert_false(sl_glob_match("**/*a*b", "x/ya/b/c"));
	assert_false(sl_glob_match("release/*", "release"));
}

static void a_glob_of_many_stars_ends_soon(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(sl_glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void broken_utf8_is_found_where_it_starts(void **state)
{
	(void)state;
	assert_int_equal(sl_utf8_valid_prefix("h\xc3\xa9!", 4), 4);
	assert_int_equal(sl_utf8_valid_prefix("a\xc0\xaf", 3), 1); /* overlong */
	assert_int_equal(sl_utf8_valid_prefix("\xed\xa0\x80", 3), 0); /* surrogate */
	assert_int_equal(sl_utf8_valid_prefix("\xf4\x90\x80\x80", 4), 0); /* above U+10FFFF */
	assert_int_equal(sl_utf8_valid_prefix("ab\xe2\x82", 4), 2); /* cut */
	assert_int_equal(sl_utf8_valid_prefix("\xe0\x80\xaf", 3), 0); /* overlong */
}

static void code_points_are_counted_and_never_cut(void **state)
{
	const char *text = "a\xe2\x82\xac\xf0\x9f\x98\x80"; /* a, euro, a face */
	size_t size = 0;

	(void)state;
	assert_int_equal(sl_utf8_count(text, 8), 3);
	assert_int_equal(sl_utf8_decode(text + 1, 7, &size), 0x20ac);
	assert_int_equal(size, 3);
	assert_int_equal(sl_utf8_decode("\xff", 1, &size), 0xfffd);
	assert_int_equal(size, 1);
	assert_int_equal(sl_utf8_cut(text, 8, 3), 1);
	assert_int_equal(sl_utf8_cut(text, 8, 4), 4);
	assert_int_equal(sl_utf8_cut(text, 8, 100), 8);
}

static void each_escape_disarms_its_own_language(void **state)
{
	sl_auto_buf struct sl_buf buf = SL_BUF_INIT(1000);

	(void)state;
	sl_escape_html(&buf, "<a href=\"x\">&'");
	assert_string_equal(sl_buf_str(&buf), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
	sl_buf_clear(&buf);
	sl_escape_html(&buf, "\tDROP \xe2\x80\xaetable\xe2\x81\xa9 \x1b[2J\n\xc3\xa9\xe4\xb8\xad");
	assert_string_equal(sl_buf_str(&buf),
		"\tDROP \\u202etable\\u2069 \\u001b[2J\n\xc3\xa9\xe4\xb8\xad");
	sl_buf_clear(&buf);
	sl_escape_url(&buf, "a b/\xc3\xa9~");
	assert_string_equal(sl_buf_str(&buf), "a%20b%2F%C3%A9~");
	sl_buf_clear(&buf);
	sl_escape_ident(&buf, "a\"b", '"');
	sl_escape_ident(&buf, "a`b", '`');
	sl_escape_sql(&buf, "it's");
	assert_string_equal(sl_buf_str(&buf), "\"a\"\"b\"`a``b`'it''s'");
	sl_buf_clear(&buf);
	sl_escape_shell(&buf, "it's $(id)\n`id`");
	sl_escape_shell(&buf, "-rf");
	sl_escape_shell(&buf, "");
	sl_escape_shell(&buf, "postgres://ana@[::1]/shop");
	sl_escape_shell(&buf, ",sqlite:/srv/my-shop_1.db");
	assert_string_equal(sl_buf_str(&buf),
		"'it'\\''s $(id)\n`id`''-rf''''postgres://ana@[::1]/shop',sqlite:/srv/my-shop_1.db");
	sl_buf_clear(&buf);
	sl_escape_roff(&buf, ".so x\n'br \\fB --all");
	assert_string_equal(sl_buf_str(&buf), "\\&.so x \\(aqbr \\(rsfB \\-\\-all");
}

static void markdown_keeps_no_mention_link_or_cell_border(void **state)
{
	sl_auto_buf struct sl_buf buf = SL_BUF_INIT(1000);

	(void)state;
	sl_escape_markdown(&buf, "@all [x](y) a|b\n<b> `c` #1");
	assert_null(strpbrk(sl_buf_str(&buf), "@[](|\n<`"));
	assert_non_null(strstr(sl_buf_str(&buf), "&#64;all"));
}

static void markdown_shows_what_would_turn_the_text_around(void **state)
{
	static const char text[] = "DROP \xe2\x80\xaetable\xe2\x81\xa9\x1b[2J\xc2\x9b\x7f\xc3\xa9";
	sl_auto_buf struct sl_buf buf = SL_BUF_INIT(1000);

	(void)state;
	sl_escape_markdown(&buf, text);
	assert_string_equal(sl_buf_str(&buf),
		"DROP &#92;u202etable&#92;u2069&#92;u001b&#91;2J&#92;u009b&#92;u007f\xc3\xa9");
	sl_buf_clear(&buf);
	sl_escape_code(&buf, text, "`|J");
	assert_string_equal(sl_buf_str(&buf),
		"DROP \\u202etable\\u2069\\u001b[2\\u009b\\u007f\xc3\xa9");
}

static void a_terminal_sees_no_control_bytes(void **state)
{
	/* An escape, a broken byte, a mark that turns the direction, a C1 control. */
	static const char text[] = "ok\x1b[2J\xff!!!\xc2\x9b!";
	static const unsigned char turn[] = { 0xe2, 0x80, 0xae };
	sl_auto_buf struct sl_buf buf = SL_BUF_INIT(1000);
	char mixed[sizeof(text)];

	(void)state;
	memcpy(mixed, text, sizeof(text));
	memcpy(strchr(mixed, '!'), turn, sizeof(turn));
	sl_escape_terminal(&buf, mixed, sizeof(mixed) - 1);
	assert_string_equal(sl_buf_str(&buf), "ok\\x1b[2J\\xff\\xe2\\x80\\xae\\xc2\\x9b!");
}

static void canonical_json_sorts_and_packs(void **state)
{
	sl_auto_json json_t *json = NULL;
	sl_auto_buf struct sl_buf buf = SL_BUF_INIT(1000);
	const char *text = "{\"b\": [1, true], \"a\": \"\xc3\xa9\"}";

	(void)state;
	assert_int_equal(sl_json_load(&json, text, strlen(text), 100, "body", NULL), SL_OK);
	sl_json_canonical(json, &buf);
	assert_string_equal(sl_buf_str(&buf), "{\"a\":\"\xc3\xa9\",\"b\":[1,true]}");
	assert_string_equal(sl_json_str(json, "a", "?"), "\xc3\xa9");
	assert_string_equal(sl_json_str(json, "b", "?"), "?");
	assert_int_equal(sl_json_i64(json, "c", 5), 5);
	assert_true(sl_json_bool(json, "c", true));
}

static enum sl_code load_json(const char *text, struct sl_error *err)
{
	sl_auto_json json_t *json = NULL;

	return sl_json_load(&json, text, strlen(text), 1000, "body", err);
}

static void json_beyond_the_limits_is_refused(void **state)
{
	struct sl_error err = SL_ERROR_INIT;
	char deep[201];

	(void)state;
	assert_int_equal(load_json("{\"a\":1,\"a\":2}", &err), SL_EINVAL);
	assert_int_equal(load_json("\"\xff\"", &err), SL_EINVAL);
	assert_int_equal(load_json("{\"a\":", &err), SL_EINVAL);
	assert_int_equal(memcmp(err.msg, "body:1:", 7), 0);
	memset(deep, '[', 200);
	deep[200] = '\0';
	assert_int_equal(load_json(deep, &err), SL_ELIMIT);
	assert_int_equal(
		load_json("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"",
			&err),
		SL_OK);
}

static const struct sl_yaml *load_yaml(struct sl_arena *arena, const char *text)
{
	const struct sl_yaml *root = NULL;
	struct sl_error err = SL_ERROR_INIT;

	if (sl_yaml_load(&root, arena, "t.yaml", text, strlen(text), &err) != SL_OK)
		fail_msg("%s", err.msg);
	return root;
}

static void yaml_nodes_remember_where_they_stand(void **state)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_yaml *root = load_yaml(arena, "a: 1\nb:\n  - x\n  - {c: \"no\"}\n");
	const struct sl_yaml *b = sl_yaml_get(root, "b");
	const struct sl_yaml *c;

	(void)state;
	assert_int_equal(root->kind, SL_YAML_MAP);
	assert_string_equal(sl_yaml_get(root, "a")->text, "1");
	assert_int_equal(b->kind, SL_YAML_LIST);
	assert_int_equal(b->len, 2);
	c = sl_yaml_get(b->items[1], "c");
	assert_true(c->quoted);
	assert_string_equal(c->text, "no");
	assert_int_equal(c->line, 4);
	assert_int_equal(c->column, 9);
	assert_null(sl_yaml_get(root, "z"));
}

static void an_empty_yaml_document_is_an_empty_map(void **state)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();

	(void)state;
	assert_int_equal(load_yaml(arena, "")->kind, SL_YAML_MAP);
	assert_int_equal(load_yaml(arena, "# only words\n")->kind, SL_YAML_MAP);
}

static void yaml_outside_the_subset_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "a: 1\nb: 2\na: 3\n", "t.yaml:3:1: key 'a' stands twice" },
		{ "a: &x 1\n", "t.yaml:1:4: anchors are not read" },
		{ "a: *x\n", "t.yaml:1:4: aliases are not read" },
		{ "a: !!int 1\n", "t.yaml:1:4: tags are not read" },
		{ "a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document is not read" },
		{ "ok: 1\nb: \xff\n", "t.yaml:2:4: not UTF-8" },
		{ "? [a]\n: 1\n", "t.yaml:1:3: a key must be plain text" },
		{ "a: [1\n", "t.yaml:2:1: did not find expected ',' or ']'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
		const struct sl_yaml *root = NULL;
		struct sl_error err = SL_ERROR_INIT;

		assert_int_equal(sl_yaml_load(&root, arena, "t.yaml", rows[i].text,
					 strlen(rows[i].text), &err),
			SL_EINVAL);
		assert_string_equal(err.msg, rows[i].message);
	}
}

static void deep_yaml_is_refused(void **state)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_yaml *root = NULL;
	char deep[1000];

	(void)state;
	memset(deep, '[', sizeof(deep));
	assert_int_equal(sl_yaml_load(&root, arena, "t", deep, sizeof(deep), NULL), SL_ELIMIT);
}

static int64_t frozen(void *ctx)
{
	(void)ctx;
	return 0;
}

static void a_logged_value_cannot_forge_a_field_or_line(void **state)
{
	const struct sl_clock clock = { .wall_us = frozen, .mono_us = frozen };
	char line[256] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	sl_log_init(SL_LOG_INFO, fds[1], &clock);
	sl_log(SL_LOG_DEBUG, "unseen", NULL);
	sl_log(SL_LOG_INFO, "task.done", "id", "7", "name", "a b=\"c\"\nx", NULL);
	sl_log_init(SL_LOG_INFO, STDERR_FILENO, NULL);
	assert_true(read(fds[0], line, sizeof(line) - 1) > 0);
	assert_string_equal(line,
		"1970-01-01T00:00:00Z info task.done id=7 name=\"a b=\\\"c\\\"\\x0ax\"\n");
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
		cmocka_unit_test(durations_have_units_from_large_to_small),
		cmocka_unit_test(sizes_are_binary),
		cmocka_unit_test(the_nearest_name_is_found_within_reason),
		cmocka_unit_test(globs_stop_at_slashes_unless_doubled),
		cmocka_unit_test(a_glob_of_many_stars_ends_soon),
		cmocka_unit_test(broken_utf8_is_found_where_it_starts),
		cmocka_unit_test(code_points_are_counted_and_never_cut),
		cmocka_unit_test(each_escape_disarms_its_own_language),
		cmocka_unit_test(markdown_keeps_no_mention_link_or_cell_border),
		cmocka_unit_test(markdown_shows_what_would_turn_the_text_around),
		cmocka_unit_test(a_terminal_sees_no_control_bytes),
		cmocka_unit_test(canonical_json_sorts_and_packs),
		cmocka_unit_test(json_beyond_the_limits_is_refused),
		cmocka_unit_test(yaml_nodes_remember_where_they_stand),
		cmocka_unit_test(an_empty_yaml_document_is_an_empty_map),
		cmocka_unit_test(yaml_outside_the_subset_is_refused_with_its_place),
		cmocka_unit_test(deep_yaml_is_refused),
		cmocka_unit_test(a_logged_value_cannot_forge_a_field_or_line),
	};

	return cmocka_run_group_tests_name("core_text", tests, NULL, NULL);
}
