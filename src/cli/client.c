#include "client.h"

#include "sluice/control/world.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/net.h"
#include "sluice/sys/cancel.h"

#include <string.h>

#define ANSWER_MAX (16u << 20)

enum sl_code sl_client_socket(struct sl_cli *cli, const char **out, struct sl_error *err)
{
	const char *config = sl_cli_config_path(cli);
	const struct sl_world *world;
	enum sl_code code;

	*out = sl_cli_value(cli, "socket");
	if (!*out)
		*out = sl_cli_env(cli, "SLUICE_SOCKET");
	if (*out)
		return SL_OK;
	if (!config) {
		*out = "/run/sluice/sluice.sock";
		return SL_OK;
	}
	code = sl_world_load(&world, config, NULL, err);
	if (code == SL_ENOTFOUND)
		sl_cli_exit(cli, 2);
	if (code != SL_OK)
		return code;
	*out = sl_arena_strdup(sl_cli_arena(cli), world->socket);
	sl_world_unref(world);
	return SL_OK;
}

/* The code whose name the daemon sent; what is unknown is a bug of one of us. */
static enum sl_code code_named(const char *name)
{
	for (int i = 1; i < SL_CODE_COUNT; i++) {
		if (sl_str_eq(sl_code_name((enum sl_code)i), name))
			return (enum sl_code)i;
	}
	return SL_EINTERNAL;
}

static enum sl_code refused(const struct sl_net_answer *answer, struct sl_error *err)
{
	sl_auto_json json_t *body = NULL;
	const json_t *error;

	if (sl_json_load(&body, answer->body, answer->body_len, ANSWER_MAX, "answer", NULL) !=
		SL_OK)
		return sl_error_set(err, sl_net_status_code(answer->status),
			"the daemon answered %u", answer->status);
	error = json_object_get(body, "error");
	return sl_error_set(err, code_named(sl_json_str(error, "code", "")), "%s",
		sl_json_str(error, "message", "the daemon gave no reason"));
}

static enum sl_code unreachable(const char *where, struct sl_error *err)
{
	const struct sl_error cause = *err;

	return sl_error_set(err, SL_EUNAVAIL,
		"no daemon answers at %s (%s): start it with `sluice serve`, or say where it is with "
		"--socket or --server",
		where, cause.msg);
}

static enum sl_code unanswered(const char *where, struct sl_error *err)
{
	const struct sl_error cause = *err;

	return sl_error_set(err, SL_EUNKNOWN,
		"the daemon at %s gave no answer (%s): it may have been done; look, and say it again "
		"where it was not",
		where, cause.msg);
}

static enum sl_code send(struct sl_cli *cli, const struct sl_net_request *request,
	const char *where, json_t **out, struct sl_error *err)
{
	struct sl_net_answer answer;
	enum sl_code code = sl_net_call(request, sl_cli_cancel(cli), sl_cli_arena(cli), &answer,
		err);

	if (code == SL_EUNAVAIL || code == SL_ENOTFOUND)
		return unreachable(where, err);
	if (code == SL_EUNKNOWN)
		return unanswered(where, err);
	if (code != SL_OK)
		return code;
	if (sl_net_status_code(answer.status) != SL_OK)
		return refused(&answer, err);
	return sl_json_load(out, answer.body, answer.body_len, ANSWER_MAX, "answer", err);
}

static const char *address(struct sl_cli *cli, const char *server, const char *path)
{
	size_t len = server ? strlen(server) : 0;

	if (!server)
		return sl_arena_printf(sl_cli_arena(cli), "http://localhost%s", path);
	while (len > 0 && server[len - 1] == '/')
		len--;
	return sl_arena_printf(sl_cli_arena(cli), "%.*s%s", (int)len, server, path);
}

/* Who asks: a token says it alone; without one the daemon looks at the account, and believes
 * SLUICE_USER of the accounts that it was told to believe. */
static size_t add_identity(struct sl_cli *cli, struct sl_net_header *headers, size_t n)
{
	const char *token = sl_cli_env(cli, "SLUICE_TOKEN");
	const char *user = sl_cli_env(cli, "SLUICE_USER");

	if (token)
		headers[n++] = (struct sl_net_header){ "Authorization",
			sl_arena_printf(sl_cli_arena(cli), "Bearer %s", token) };
	else if (user)
		headers[n++] = (struct sl_net_header){ "X-Sluice-User", user };
	return n;
}

enum sl_code sl_client_call(struct sl_cli *cli, const char *path, const json_t *body, json_t **out,
	struct sl_error *err)
{
	const char *server = sl_cli_value(cli, "server");
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(16u << 20);
	struct sl_net_header headers[2] = { { "Content-Type", "application/json" } };
	struct sl_net_request request = { .headers = headers,
		.allow_private = true,
		.answer_max = ANSWER_MAX };
	const char *where = server;
	enum sl_code code = SL_OK;

	if (!server) {
		code = sl_client_socket(cli, &request.unix_socket, err);
		where = request.unix_socket;
	}
	if (code != SL_OK)
		return code;
	if (body)
		sl_json_canonical(body, &text);
	request.method = body ? "POST" : "GET";
	request.body = body ? sl_buf_str(&text) : NULL;
	request.body_len = text.len;
	request.url = address(cli, server, path);
	request.n_headers = add_identity(cli, headers, 1);
	return send(cli, &request, where, out, err);
}

void sl_client_print_json(struct sl_cli *cli, const json_t *answer)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(ANSWER_MAX);

	sl_json_pretty(answer, &text);
	sl_cli_write(cli, sl_buf_str(&text), text.len);
	sl_cli_print(cli, "\n");
}

enum sl_code sl_client_show(struct sl_cli *cli, const char *path, json_t **out, bool *printed,
	struct sl_error *err)
{
	enum sl_code code = sl_client_call(cli, path, NULL, out, err);

	*printed = false;
	if (code != SL_OK || !sl_cli_json(cli))
		return code;
	sl_client_print_json(cli, *out);
	*printed = true;
	return SL_OK;
}

const char *sl_client_text(struct sl_cli *cli, const json_t *object, const char *key)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(64u << 10);
	const char *given = sl_json_str(object, key, "");

	sl_escape_terminal(&text, given, strlen(given));
	return sl_arena_strdup(sl_cli_arena(cli), sl_buf_str(&text));
}
