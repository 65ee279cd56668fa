/* The command line: options, commands of two words, exit statuses. */
#include "call.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WORDS_MAX 16

/* --- parsing --------------------------------------------------------------------------------- */

static enum sl_code nothing(struct sl_cli *cli, struct sl_error *err)
{
	(void)cli;
	(void)err;
	return SL_OK;
}

static const struct sl_cli_option options[] = {
	{ "engine", 'e', "E", "the engine", false },
	{ "only", 0, "RULE", "a rule", true },
	{ "fix", 'f', NULL, "mend", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_command command = { "probe", SL_CLI_REVIEW, "a probe", "[PATH..]", options,
	0, 2, nothing };

struct bench {
	struct sl_cli cli;
	struct sl_error err;
};

static int setup(void **state)
{
	struct bench *bench = sl_xcalloc(1, sizeof(*bench));

	bench->cli.command = &command;
	bench->cli.arena = sl_arena_new();
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	sl_arena_free(bench->cli.arena);
	free(bench);
	return 0;
}

/* Parses a line of words parted by single blanks. */
static enum sl_code parse(struct bench *bench, const char *line)
{
	char *argv[WORDS_MAX];
	char *words = sl_arena_strdup(bench->cli.arena, line);
	char *save = NULL;
	int argc = 0;

	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	bench->cli.n_given = 0;
	bench->cli.n_args = 0;
	return sl_cli_parse(&bench->cli, argc, argv, &bench->err);
}

static void a_value_stands_behind_its_option_in_three_ways(void **state)
{
	struct bench *bench = *state;
	const char *const lines[] = { "--engine postgres", "--engine=postgres", "-e postgres",
		"-epostgres" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(parse(bench, lines[i]), SL_OK);
		assert_string_equal(sl_cli_value(&bench->cli, "engine"), "postgres");
		assert_int_equal(sl_cli_arg_count(&bench->cli), 0);
	}
}

static void arguments_and_options_mix_until_two_dashes(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(parse(bench, "a --fix b"), SL_OK);
	assert_true(sl_cli_has(&bench->cli, "fix"));
	assert_string_equal(sl_cli_arg(&bench->cli, 1), "b");
	assert_int_equal(parse(bench, "-- --fix -"), SL_OK);
	assert_false(sl_cli_has(&bench->cli, "fix"));
	assert_string_equal(sl_cli_arg(&bench->cli, 0), "--fix");
	assert_string_equal(sl_cli_arg(&bench->cli, 1), "-");
	assert_null(sl_cli_arg(&bench->cli, 2));
}

static void a_repeated_option_keeps_every_value_in_order(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(parse(bench, "--only a --only=b --only c"), SL_OK);
	assert_string_equal(sl_cli_value_at(&bench->cli, "only", 0), "a");
	assert_string_equal(sl_cli_value_at(&bench->cli, "only", 2), "c");
	assert_null(sl_cli_value_at(&bench->cli, "only", 3));
	assert_string_equal(sl_cli_value(&bench->cli, "only"), "c");
}

static void assert_refused(struct bench *bench, const char *line, const char *words)
{
	assert_int_equal(parse(bench, line), SL_EINVAL);
	if (!strstr(bench->err.msg, words))
		fail_msg("'%s' says '%s', not '%s'", line, bench->err.msg, words);
}

static void an_unknown_option_is_refused_with_the_nearest_known_one(void **state)
{
	struct bench *bench = *state;

	assert_refused(bench, "--engin x", "unknown option --engin, did you mean --engine?");
	assert_refused(bench, "--sokcet x", "did you mean --socket?");
	assert_refused(bench, "--zzzzzzzz", "see sluice probe -h");
	assert_refused(bench, "-x", "unknown option -x");
	assert_refused(bench, "-fx", "unknown option -fx");
}

static void an_option_given_twice_is_refused_unless_it_repeats(void **state)
{
	struct bench *bench = *state;

	assert_refused(bench, "--engine a --engine b", "--engine is given twice");
	assert_refused(bench, "-e a --engine=a", "--engine is given twice");
}

static void a_value_that_is_missing_or_too_much_is_refused(void **state)
{
	struct bench *bench = *state;

	assert_refused(bench, "--engine", "--engine needs a value (E)");
	assert_refused(bench, "-e", "-e needs a value (E)");
	assert_refused(bench, "--fix=yes", "--fix takes no value");
	assert_refused(bench, "--output xml", "--output is table or json, not 'xml'");
}

static void too_many_arguments_are_refused_with_the_usage(void **state)
{
	struct bench *bench = *state;

	assert_refused(bench, "a b c", "unexpected 'c', usage: sluice probe [PATH..]");
	assert_int_equal(parse(bench, "a b c -h"), SL_OK);
}

static void a_number_is_whole_and_within_its_range(void **state)
{
	struct bench *bench = *state;
	int64_t number = 50;

	assert_int_equal(parse(bench, ""), SL_OK);
	assert_int_equal(sl_cli_number(&bench->cli, "engine", 1, 9, &number, &bench->err), SL_OK);
	assert_int_equal(number, 50);
	assert_int_equal(parse(bench, "--engine 7"), SL_OK);
	assert_int_equal(sl_cli_number(&bench->cli, "engine", 1, 9, &number, &bench->err), SL_OK);
	assert_int_equal(number, 7);
	assert_int_equal(parse(bench, "--engine 10"), SL_OK);
	assert_int_equal(sl_cli_number(&bench->cli, "engine", 1, 9, &number, &bench->err),
		SL_EINVAL);
	assert_int_equal(number, 7);
}

/* --- the whole program ----------------------------------------------------------------------- */

static enum sl_code fail_as_told(struct sl_cli *cli, struct sl_error *err)
{
	int64_t code = 0;
	enum sl_code ok = sl_cli_number(cli, "code", 0, SL_CODE_COUNT - 1, &code, err);

	if (ok != SL_OK || code == SL_OK)
		return ok;
	return sl_error_set(err, (enum sl_code)code, "it\x1b[2Jfailed\nso");
}

static enum sl_code set_status(struct sl_cli *cli, struct sl_error *err)
{
	sl_cli_exit(cli, 1);
	return sl_error_set(err, SL_ECONFLICT, "differences");
}

static const struct sl_cli_option code_options[] = {
	{ "code", 0, "N", "the code to end with", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_command extra[] = {
	{ "fail", SL_CLI_OPERATE, "fails as told", "", code_options, 0, 0, fail_as_told },
	{ "pair one", SL_CLI_OPERATE, "the first of a pair", "", NULL, 0, 0, nothing },
	{ "pair two", SL_CLI_OPERATE, "the second of a pair", "", NULL, 0, 0, set_status },
};

/* Runs the program with the words of a line; what it says on stderr is in said. */
static int run(const char *line, char *said, size_t size)
{
	struct bench bench = { .cli = { .arena = sl_arena_new() } };
	char *argv[WORDS_MAX] = { NULL };
	char *words = sl_arena_printf(bench.cli.arena, "sluice %s", line);
	char *save = NULL;
	int argc = 0;
	int status;
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO);
	size_t len;

	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
	status = sl_cli_main(argc, argv, extra, sizeof(extra) / sizeof(extra[0]));
	(void)fflush(stderr);
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	(void)close(kept);
	rewind(file);
	len = fread(said, 1, size - 1, file);
	said[len] = '\0';
	(void)fclose(file);
	sl_arena_free(bench.cli.arena);
	return status;
}

static void each_code_has_the_exit_status_of_the_contract(void **state)
{
	static const struct {
		enum sl_code code;
		int status;
	} want[] = { { SL_OK, 0 }, { SL_EINVAL, 2 }, { SL_EUNAUTH, 4 }, { SL_EDENIED, 4 },
		{ SL_ENOTFOUND, 5 }, { SL_ECONFLICT, 6 }, { SL_EUNAVAIL, 3 }, { SL_ETIMEOUT, 7 },
		{ SL_EHUMAN, 9 }, { SL_EINTERNAL, 10 } };

	char said[2000];
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		(void)snprintf(line, sizeof(line), "fail --code %d", (int)want[i].code);
		assert_int_equal(run(line, said, sizeof(said)), want[i].status);
	}
}

static void an_error_is_one_line_whatever_its_names_hold(void **state)
{
	char said[2000];

	(void)state;
	(void)run("fail --code 1", said, sizeof(said));
	assert_true(sl_str_starts(said, "sluice: it"));
	assert_null(strchr(said, '\x1b'));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void the_status_that_a_command_sets_wins(void **state)
{
	char said[2000];

	(void)state;
	assert_int_equal(run("pair two", said, sizeof(said)), 1);
	assert_string_equal(said, "sluice: differences\n");
}

static void a_command_of_two_words_is_found_and_its_first_word_lists_them(void **state)
{
	char said[2000];

	(void)state;
	assert_int_equal(run("pair one", said, sizeof(said)), 0);
	assert_string_equal(said, "");
	assert_int_equal(run("pair", said, sizeof(said)), 2);
	assert_non_null(strstr(said, "sluice pair one"));
	assert_non_null(strstr(said, "sluice pair two"));
	assert_int_equal(run("pair three", said, sizeof(said)), 2);
}

static void an_unknown_command_is_refused_with_the_nearest_known_one(void **state)
{
	char said[2000];

	(void)state;
	assert_int_equal(run("aprove 1", said, sizeof(said)), 2);
	assert_string_equal(said, "sluice: unknown command 'aprove', did you mean 'approve'?\n");
	assert_int_equal(run("zzzzzzzzzz", said, sizeof(said)), 2);
	assert_non_null(strstr(said, "see sluice -h"));
	assert_int_equal(run("--config a.yaml pair one", said, sizeof(said)), 2);
	assert_non_null(strstr(said, "options stand behind the command"));
}

static void help_never_runs_the_command(void **state)
{
	char said[2000];

	(void)state;
	assert_int_equal(run("pair two -h", said, sizeof(said)), 0);
	assert_int_equal(run("help pair two", said, sizeof(said)), 0);
	assert_string_equal(said, "");
}

static void without_a_daemon_its_commands_say_how_to_start_one(void **state)
{
	char said[2000];

	(void)state;
	assert_int_equal(run("status --socket /nonexistent/sluice.sock", said, sizeof(said)), 3);
	assert_non_null(strstr(said, "/nonexistent/sluice.sock"));
	assert_non_null(strstr(said, "sluice serve"));
	assert_int_equal(run("approve x --socket /nonexistent/sluice.sock", said, sizeof(said)), 2);
	assert_non_null(strstr(said, "'x' is not the number of a change"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_value_stands_behind_its_option_in_three_ways),
		TEST(arguments_and_options_mix_until_two_dashes),
		TEST(a_repeated_option_keeps_every_value_in_order),
		TEST(an_unknown_option_is_refused_with_the_nearest_known_one),
		TEST(an_option_given_twice_is_refused_unless_it_repeats),
		TEST(a_value_that_is_missing_or_too_much_is_refused),
		TEST(too_many_arguments_are_refused_with_the_usage),
		TEST(a_number_is_whole_and_within_its_range),
		cmocka_unit_test(each_code_has_the_exit_status_of_the_contract),
		cmocka_unit_test(an_error_is_one_line_whatever_its_names_hold),
		cmocka_unit_test(the_status_that_a_command_sets_wins),
		cmocka_unit_test(a_command_of_two_words_is_found_and_its_first_word_lists_them),
		cmocka_unit_test(an_unknown_command_is_refused_with_the_nearest_known_one),
		cmocka_unit_test(help_never_runs_the_command),
		cmocka_unit_test(without_a_daemon_its_commands_say_how_to_start_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
