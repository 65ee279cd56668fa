#include "sluice/cli.h"

#include "call.h"
#include "cli_int.h"
#include "help.h"

#include "sluice/core/cleanup.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_rows(struct catalogue *all, const struct sl_command *rows, size_t n)
{
	for (size_t i = 0; i < n && all->len < SL_CLI_COMMANDS_MAX; i++)
		all->at[all->len++] = &rows[i];
}

static void catalogue_fill(struct catalogue *all, const struct sl_command *extra, size_t n_extra)
{
	const struct sl_command_list *const lists[] = { &sl_commands_init, &sl_commands_config,
		&sl_commands_hook, &sl_commands_review, &sl_commands_migrate, &sl_commands_change,
		&sl_commands_status, &sl_commands_wait, &sl_commands_schema, &sl_commands_targets,
		&sl_commands_drift, &sl_commands_backup, &sl_commands_manual,
		&sl_commands_completion, &sl_commands_doctor, &sl_commands_misc };

	add_rows(all, extra, n_extra);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		add_rows(all, lists[i]->rows, lists[i]->len);
}

/* The command of the first one or two words; *used says how many.  NULL when there is none. */
static const struct sl_command *find(const struct catalogue *all, int argc, char **argv, int *used)
{
	char two[64];

	if (argc >= 2) {
		(void)snprintf(two, sizeof(two), "%s %s", argv[0], argv[1]);
		for (size_t i = 0; i < all->len; i++) {
			if (sl_str_eq(all->at[i]->name, two)) {
				*used = 2;
				return all->at[i];
			}
		}
	}
	for (size_t i = 0; i < all->len; i++) {
		if (sl_str_eq(all->at[i]->name, argv[0])) {
			*used = 1;
			return all->at[i];
		}
	}
	return NULL;
}

/* Lists "change list", "change show", ... for "change"; false when it begins no command. */
static bool help_group(const struct catalogue *all, const char *word)
{
	size_t len = strlen(word);
	bool any = false;

	for (size_t i = 0; i < all->len; i++) {
		const char *name = all->at[i]->name;

		if (strncmp(name, word, len) != 0 || name[len] != ' ')
			continue;
		if (!any)
			(void)fprintf(stderr, "sluice: %s needs to know what:\n", word);
		(void)fprintf(stderr, "  sluice %-18s %s\n", name, all->at[i]->summary);
		any = true;
	}
	return any;
}

/* next: the word behind it, NULL none. */
static int unknown_command(const struct catalogue *all, const char *word, const char *next)
{
	const char *names[SL_CLI_COMMANDS_MAX];
	const char *near = NULL;
	char two[64];

	for (size_t i = 0; i < all->len; i++)
		names[i] = all->at[i]->name;
	(void)snprintf(two, sizeof(two), "%.30s %.30s", word, next ? next : "");
	if (next && next[0] != '-')
		near = sl_nearest(two, names, all->len);
	if (near && strchr(near, ' '))
		word = two;
	else if (help_group(all, word))
		return 2;
	else
		near = sl_nearest(word, names, all->len);
	if (word[0] == '-')
		(void)fprintf(stderr,
			"sluice: options stand behind the command: sluice COMMAND %s, see sluice -h\n",
			word);
	else if (near)
		(void)fprintf(stderr, "sluice: unknown command '%s', did you mean '%s'?\n", word,
			near);
	else
		(void)fprintf(stderr, "sluice: unknown command '%s', see sluice -h\n", word);
	return 2;
}

/* Asked by the signal handler; one call runs in a process. */
static struct sl_cancel *running;
static volatile sig_atomic_t stopped_by;

static void on_signal(int number)
{
	stopped_by = number;
	sl_cancel_ask(running);
}

static void catch_signals(struct sl_cancel *cancel)
{
	struct sigaction action = { .sa_handler = on_signal };

	running = cancel;
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
}

/* A listing that did not reach the disk or the reader must not end with status 0. */
static enum sl_code flush(struct sl_error *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return SL_OK;
	if (errno == EPIPE)
		return SL_OK;
	return sl_error_set(err, SL_EUNAVAIL, "stdout: the output could not be written");
}

/* One line, whatever the names in it hold. */
static void complain(const struct sl_error *err)
{
	sl_auto_buf struct sl_buf line = SL_BUF_INIT(8u * SL_ERROR_MSG_MAX);

	sl_escape_terminal(&line, err->msg, strlen(err->msg));
	(void)fprintf(stderr, "sluice: %s\n", sl_buf_str(&line));
}

static int finish(const struct sl_cli *cli, enum sl_code code, const struct sl_error *err)
{
	if (code != SL_OK)
		complain(err);
	if (stopped_by != 0 && code != SL_OK)
		return 128 + (int)stopped_by;
	if (cli->status > 0 || (cli->status == 0 && code == SL_OK))
		return cli->status;
	return sl_code_exit_status(code);
}

/* What is opened later must not take the number of a stream that whoever started us closed. */
static void keep_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
	}
}

static int run(const struct catalogue *all, const struct sl_command *command, int argc, char **argv)
{
	struct sl_error err = SL_ERROR_INIT;
	struct sl_cli cli = { .command = command, .all = all, .status = -1 };
	enum sl_code code;
	int status;

	cli.arena = sl_arena_new();
	cli.cancel = sl_cancel_new(sl_clock_system(), NULL, 0);
	catch_signals(cli.cancel);
	code = sl_cli_parse(&cli, argc, argv, &err);
	if (code == SL_OK && sl_cli_has(&cli, "help"))
		sl_cli_help_one(stdout, command);
	else if (code == SL_OK)
		code = command->run(&cli, &err);
	if (code == SL_OK)
		code = flush(&err);
	status = finish(&cli, code, &err);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	sl_cancel_free(cli.cancel);
	sl_arena_free(cli.arena);
	return status;
}

int sl_cli_go_on(const struct sl_cli *cli, const char *name, int argc, char **argv)
{
	char *words[] = { sl_arena_strdup(cli->arena, name), NULL };
	int used;
	const struct sl_command *command = find(cli->all, 1, words, &used);

	return command ? run(cli->all, command, argc, argv) : -1;
}

static int overview(const struct catalogue *all)
{
	int used;
	char status[] = "status";
	char brief[] = "--brief";
	char *words[] = { status, brief, NULL };

	(void)run(all, find(all, 1, words, &used), 1, words + 1);
	sl_cli_help_all(stdout, all->at, all->len);
	return fflush(stdout) == 0 ? 0 : 3;
}

/* `sluice help`, `sluice help change list` */
static int help(const struct catalogue *all, int argc, char **argv)
{
	const struct sl_command *command;
	int used;

	if (argc == 0) {
		sl_cli_help_all(stdout, all->at, all->len);
	} else {
		command = find(all, argc, argv, &used);
		if (!command)
			return unknown_command(all, argv[0], argc > 1 ? argv[1] : NULL);
		sl_cli_help_one(stdout, command);
	}
	return fflush(stdout) == 0 ? 0 : 3;
}

int sl_cli_main(int argc, char **argv, const struct sl_command *extra, size_t n_extra)
{
	struct catalogue all = { .len = 0 };
	const struct sl_command *command;
	char version[] = "version";
	int used = 1;

	keep_streams();
	catalogue_fill(&all, extra, n_extra);
	if (argc < 2)
		return overview(&all);
	if (sl_str_eq(argv[1], "--version"))
		argv[1] = version;
	if (sl_str_eq(argv[1], "-h") || sl_str_eq(argv[1], "--help") || sl_str_eq(argv[1], "help"))
		return help(&all, argc - 2, argv + 2);
	command = find(&all, argc - 1, argv + 1, &used);
	if (!command)
		return unknown_command(&all, argv[1], argc > 2 ? argv[2] : NULL);
	return run(&all, command, argc - 1 - used, argv + 1 + used);
}
