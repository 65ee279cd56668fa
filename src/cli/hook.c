/*
 * `hook install` and `hook receive`: what post-receive of a bare repository runs.
 *
 * receive never refuses a push and never keeps anybody waiting: whatever goes wrong is one line,
 * the status is always 0, and after four seconds it leaves the review to go on by itself.
 */
#include "cli_int.h"
#include "client.h"

#include "sluice/core/cleanup.h"
#include "sluice/core/escape.h"
#include "sluice/forge/hook.h"
#include "sluice/net.h"
#include "sluice/sys/file.h"
#include "sluice/sys/oserror.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GIVE_UP_US   (4 * SL_SECOND_US)
#define UPDATES_MAX  (1u << 20)
#define ANSWER_MAX   (1u << 20)
#define TERMINAL_MAX (4u * SL_HOOK_LINE_MAX + 16)

/* --- receive --------------------------------------------------------------------------------- */

static enum sl_code read_updates(struct sl_buf *out, struct sl_error *err)
{
	char chunk[8192];
	ssize_t got;

	while ((got = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		sl_buf_add(out, chunk, (size_t)got);
	if (got < 0)
		return sl_os_error(err, errno, "standard input: read");
	if (!sl_buf_ok(out))
		return sl_error_set(err, SL_ELIMIT, "standard input: more than %u bytes",
			UPDATES_MAX);
	return SL_OK;
}

/* Git starts hooks in the bare repository and names it in GIT_DIR, too. */
static enum sl_code find_repository(struct sl_cli *cli, const char **out, struct sl_error *err)
{
	char path[PATH_MAX];
	const char *named = sl_cli_env(cli, "GIT_DIR");

	if (realpath(named != NULL ? named : ".", path) == NULL)
		return sl_os_error(err, errno, "%s: find", named != NULL ? named : ".");
	*out = sl_arena_strdup(sl_cli_arena(cli), path);
	return SL_OK;
}

static enum sl_code read_push(struct sl_cli *cli, struct sl_hook_request *push,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf updates = SL_BUF_INIT(UPDATES_MAX);
	const char *user = sl_cli_env(cli, "SLUICE_USER");
	enum sl_code code = read_updates(&updates, err);

	*push = (struct sl_hook_request){
		.user = user != NULL ? user : "",
		.wait_ms = SL_HOOK_WAIT_MS,
	};
	if (code == SL_OK)
		code = sl_hook_updates_decode(sl_cli_arena(cli), sl_buf_str(&updates), updates.len,
			push, err);
	return code == SL_OK ? find_repository(cli, &push->repository, err) : code;
}

static enum sl_code send_push(struct sl_cli *cli, const struct sl_hook_request *push,
	struct sl_net_answer *answer, struct sl_error *err)
{
	const char *token = sl_cli_env(cli, "SLUICE_TOKEN");
	struct sl_net_header headers[2] = { { "Content-Type", "text/plain" } };
	sl_auto_buf struct sl_buf body = SL_BUF_INIT(SL_HOOK_BODY_MAX);
	struct sl_net_request request = {
		.method = "POST",
		.url = "http://localhost" SL_HOOK_ROUTE,
		.headers = headers,
		.n_headers = 1,
		.total_us = GIVE_UP_US,
		.answer_max = ANSWER_MAX,
	};
	enum sl_code code = sl_client_socket(cli, &request.unix_socket, err);

	if (code == SL_OK)
		code = sl_hook_request_encode(push, &body, err);
	if (code != SL_OK)
		return code;
	if (token != NULL)
		headers[request.n_headers++] = (struct sl_net_header){ "Authorization",
			sl_arena_printf(sl_cli_arena(cli), "Bearer %s", token) };
	request.body = sl_buf_str(&body);
	request.body_len = body.len;
	return sl_net_call(&request, sl_cli_cancel(cli), sl_cli_arena(cli), answer, err);
}

static void print_line(struct sl_cli *cli, const char *line)
{
	sl_auto_buf struct sl_buf safe = SL_BUF_INIT(TERMINAL_MAX);

	sl_escape_terminal(&safe, line, strlen(line));
	sl_cli_print(cli, "%s\n", sl_buf_str(&safe));
}

static enum sl_code print_answer(struct sl_cli *cli, const struct sl_net_answer *answer,
	struct sl_error *err)
{
	struct sl_hook_answer said;
	enum sl_code code;

	if (answer->status != 200)
		return sl_error_set(err, SL_EUNAVAIL, "the daemon answered with status %u",
			answer->status);
	code = sl_hook_answer_decode(sl_cli_arena(cli), answer->body, answer->body_len, &said, err);
	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < said.n_lines; i++)
		print_line(cli, said.lines[i]);
	if (said.n_lines == 0 && said.done == SL_HOOK_LATER)
		print_line(cli, "sluice: still reviewing, see `sluice change list`");
	return SL_OK;
}

static enum sl_code receive(struct sl_cli *cli, struct sl_error *err)
{
	struct sl_error why = SL_ERROR_INIT;
	struct sl_hook_request push;
	struct sl_net_answer answer;
	enum sl_code code = read_push(cli, &push, &why);

	(void)err;
	if (code == SL_OK && push.n_refs == 0)
		return SL_OK;
	if (code == SL_OK)
		code = send_push(cli, &push, &answer, &why);
	if (code == SL_OK)
		code = print_answer(cli, &answer, &why);
	if (code == SL_ETIMEOUT)
		print_line(cli, "sluice: still reviewing, see `sluice change list`");
	else if (code != SL_OK)
		sl_cli_print(cli,
			"sluice: no review now (%s); the push stands, and polling will see it\n",
			why.msg);
	return SL_OK;
}

/* --- install --------------------------------------------------------------------------------- */

static enum sl_code own_path(char path[PATH_MAX], struct sl_error *err)
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (len < 0)
		return sl_os_error(err, errno, "/proc/self/exe: read");
	path[len] = '\0';
	return SL_OK;
}

static enum sl_code find_socket(struct sl_cli *cli, const char **out, struct sl_error *err)
{
	char folder[PATH_MAX];
	enum sl_code code = sl_client_socket(cli, out, err);

	if (code != SL_OK || (*out)[0] == '/')
		return code;
	if (getcwd(folder, sizeof(folder)) == NULL)
		return sl_os_error(err, errno, "the working folder: read");
	*out = sl_path_join(sl_cli_arena(cli), folder, *out);
	return SL_OK;
}

static enum sl_code install(struct sl_cli *cli, struct sl_error *err)
{
	char binary[PATH_MAX], repository[PATH_MAX];
	const char *named = sl_cli_arg(cli, 0), *socket;
	enum sl_code code = own_path(binary, err);

	if (code == SL_OK && realpath(named, repository) == NULL) {
		sl_cli_exit(cli, 2);
		return errno == ENOENT ?
			sl_error_set(err, SL_ENOTFOUND,
				"%s: there is no such folder; name the bare repository that "
				"people push to",
				named) :
			sl_os_error(err, errno, "%s: find", named);
	}
	if (code == SL_OK)
		code = find_socket(cli, &socket, err);
	if (code == SL_OK)
		code = sl_hook_install(repository, binary, socket, err);
	if (code == SL_OK && sl_cli_json(cli)) {
		sl_auto_json json_t *done = json_pack("{s:s, s:s}", "repository", repository,
			"socket", socket);

		sl_client_print_json(cli, done);
	} else if (code == SL_OK) {
		sl_cli_note(cli, "%s: hooks/post-receive tells the daemon at %s of every push",
			repository, socket);
	}
	return code;
}

static const struct sl_command rows[] = {
	{ "hook install", SL_CLI_START, "make a bare repository tell the daemon of pushes", "REPO",
		NULL, 1, 1, install },
	{ "hook receive", SL_CLI_START, "what the installed hook runs", "", NULL, 0, 0, receive },
};

const struct sl_command_list sl_commands_hook = { rows, sizeof(rows) / sizeof(rows[0]) };
