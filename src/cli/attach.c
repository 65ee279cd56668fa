#include "attach.h"
#include "adopt.h"
#include "target.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/forge/hook.h"
#include "sluice/sys/file.h"
#include "sluice/sys/sock.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USUAL_PORT "127.0.0.1:8617"
#define YAML_MAX   ((size_t)1 << 20)

/* --- places ---------------------------------------------------------------------------------- */

static enum sl_code absolute(struct attach *a, const char *path, const char **out,
	struct sl_error *err)
{
	char here[PATH_MAX];

	*out = path;
	if (path[0] == '/')
		return SL_OK;
	if (!getcwd(here, sizeof(here)))
		return sl_error_set(err, SL_EUNAVAIL, "the working folder cannot be read");
	while (sl_str_starts(path, "./"))
		path += 2;
	*out = sl_path_join(a->arena, here, path);
	return SL_OK;
}

static enum sl_code find_places(struct attach *a, struct sl_error *err)
{
	const char *config = sl_cli_value(a->cli, "config");
	const char *data = sl_cli_value(a->cli, "data");
	const char *slash;
	enum sl_code code = absolute(a, config ? config : "sluice.yaml", &a->config, err);

	if (code == SL_OK && sl_file_exists(a->config))
		return sl_error_set(err, SL_ECONFLICT,
			"%s is there already and is not written over; name another file with -c",
			a->config);
	if (code != SL_OK)
		return code;
	slash = strrchr(a->config, '/');
	if (data)
		return absolute(a, data, &a->data, err);
	a->data = sl_path_join(a->arena,
		slash == a->config ?
			"/" :
			sl_arena_strndup(a->arena, a->config, (size_t)(slash - a->config)),
		"sluice-data");
	return SL_OK;
}

/* It may stand in a work tree, whose Git shall not see it. */
static enum sl_code make_data(struct attach *a, struct sl_error *err)
{
	const char *ignore = sl_path_join(a->arena, a->data, ".gitignore");
	enum sl_code code;

	a->data_is_new = !sl_file_exists(a->data);
	code = sl_folder_make(a->data, 0700, err);
	if (code != SL_OK || sl_file_exists(ignore))
		return code;
	return sl_file_write(ignore, "*\n", 2, 0600, err);
}

static enum sl_code find_address(struct attach *a, struct sl_error *err)
{
	uint16_t port;
	int fd = -1;
	enum sl_code code;

	a->listen = sl_cli_value(a->cli, "listen");
	if (a->listen)
		return SL_OK;
	code = sl_listen_tcp(&fd, USUAL_PORT, &port, NULL);
	if (code != SL_OK)
		code = sl_listen_tcp(&fd, "127.0.0.1:0", &port, err);
	if (code != SL_OK)
		return code;
	(void)close(fd);
	a->listen = sl_arena_printf(a->arena, "127.0.0.1:%u", port);
	return SL_OK;
}

/* --- people ---------------------------------------------------------------------------------- */

static enum sl_code add_approver(struct attach *a, const char *text, struct sl_error *err)
{
	size_t len = strcspn(text, "= ");
	const char *email = text + len + strspn(text + len, "= ");

	if (len == 0 || (email[0] != '\0' && !strchr(email, '@')))
		return sl_error_set(err, SL_EINVAL,
			"--approver: '%.80s' is no ACCOUNT or ACCOUNT=E-MAIL", text);
	*sl_vec_add_in(a->arena, &a->people) = (struct attach_person){
		.name = sl_arena_strndup(a->arena, text, len),
		.email = email,
	};
	return SL_OK;
}

static enum sl_code find_people(struct attach *a, struct sl_error *err)
{
	const char *email = sl_cli_value(a->cli, "email"), *text;
	enum sl_code code = SL_OK;

	if (!email)
		email = sl_cli_env(a->cli, "GIT_AUTHOR_EMAIL");
	*sl_vec_add_in(a->arena, &a->people) = (struct attach_person){
		.name = sl_cli_actor(a->cli) + strlen("cli:"),
		.email = email ? email : "",
	};
	for (size_t i = 0; code == SL_OK && (text = sl_cli_value_at(a->cli, "approver", i)); i++)
		code = add_approver(a, text, err);
	if (code != SL_OK || a->people.len > 1 || a->alone)
		return code;
	text = attach_ask(a->cli,
		"Who else approves changes? Nobody approves their own. ACCOUNT [E-MAIL] (empty: "
		"later):");
	return text ? add_approver(a, text, err) : SL_OK;
}

/* --- what is decided ------------------------------------------------------------------------- */

static bool any_in(const struct attach *a, enum attach_state state)
{
	for (size_t i = 0; i < a->targets.len; i++)
		if (a->targets.at[i].state == state)
			return true;
	return false;
}

/* Without a word nothing is taken over; with one, what cannot be is said before a file is there. */
static enum sl_code decide(struct attach *a, struct sl_error *err)
{
	a->adopt = sl_cli_has(a->cli, "adopt");
	if (!a->adopt && any_in(a, ATTACH_HISTORY))
		a->adopt = attach_ask_yes(a->cli,
			"Shall what the other tool applied count as applied, so that it never runs "
			"again?");
	for (size_t i = 0; a->adopt && i < a->targets.len; i++)
		if (a->targets.at[i].state == ATTACH_REFUSED && !a->targets.at[i].baseline)
			return sl_error_set(err, SL_ECONFLICT,
				"%s: %s; then say it again, or leave --adopt out",
				a->targets.at[i].name, a->targets.at[i].why);
	return SL_OK;
}

/* --- writing --------------------------------------------------------------------------------- */

static enum sl_code write_baselines(const struct attach *a, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < a->targets.len; i++) {
		const struct attach_target *target = &a->targets.at[i];
		const struct sl_apply_word word = { .target = &target->spec,
			.actor = sl_cli_actor(a->cli),
			.reason = "sluice init",
			.tool = SL_CLI_TOOL,
			.clock = sl_cli_clock(a->cli),
			.rand = sl_cli_rand(a->cli) };
		size_t count = 0;

		if (!target->baseline)
			continue;
		code = sl_apply_baseline(&word, &target->set, target->baseline, &count, err);
		if (code == SL_ENOTFOUND)
			sl_cli_exit(a->cli, 2);
		if (code == SL_OK && !sl_cli_json(a->cli))
			sl_cli_print(a->cli, "%s: baseline at %s, %zu will not run\n", target->name,
				target->baseline, count);
	}
	return code;
}

static enum sl_code install_hook(const struct attach *a, struct sl_error *err)
{
	char binary[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", binary, sizeof(binary) - 1);

	if (!sl_cli_has(a->cli, "hook"))
		return SL_OK;
	if (!a->bare)
		return sl_error_set(err, SL_EINVAL,
			"--hook: only a bare repository of this machine can have one");
	if (len <= 0)
		return sl_error_set(err, SL_EUNAVAIL, "/proc/self/exe cannot be read");
	binary[len] = '\0';
	return sl_hook_install(a->origin, binary, sl_path_join(a->arena, a->data, "sluice.sock"),
		err);
}

/* The configuration comes last: where it is, all that it names is there. */
static enum sl_code write_all(const struct attach *a, struct sl_error *err)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(YAML_MAX);
	enum sl_code code = write_baselines(a, err);

	attach_yaml(a, &text);
	if (code == SL_OK && !sl_buf_ok(&text))
		return sl_error_set(err, SL_ELIMIT, "%s: larger than %zu bytes", a->config,
			YAML_MAX);
	if (code == SL_OK)
		code = install_hook(a, err);
	if (code != SL_OK)
		return code;
	code = sl_file_write(a->config, sl_buf_str(&text), text.len, 0600, err);
	if (code != SL_OK)
		(void)unlink(a->config);
	return code;
}

/* --- the steps -------------------------------------------------------------------------------- */

static enum sl_code gather(struct attach *a, struct sl_error *err)
{
	enum sl_code code = find_places(a, err);

	if (code == SL_OK)
		code = attach_origin(a, err);
	if (code == SL_OK)
		code = attach_targets_name(a, err);
	if (code == SL_OK)
		code = make_data(a, err);
	if (code == SL_OK)
		code = attach_repository(a, err);
	if (code == SL_OK)
		code = attach_folder(a, err);
	if (code == SL_OK)
		code = attach_targets_look(a, err);
	if (code != SL_OK)
		return code;
	attach_show(a);
	code = decide(a, err);
	if (code == SL_OK)
		code = find_people(a, err);
	return code == SL_OK ? find_address(a, err) : code;
}

enum sl_code sl_attach(struct sl_cli *cli, const char *given, struct sl_error *err)
{
	struct attach a = { .cli = cli,
		.arena = sl_cli_arena(cli),
		.given = given,
		.alone = sl_cli_has(cli, "alone") };
	enum sl_code code = gather(&a, err);

	if (code == SL_OK)
		code = write_all(&a, err);
	if (code == SL_OK)
		attach_say_next(&a);
	sl_repo_close(a.repo);
	if (code != SL_OK && a.data_is_new)
		(void)!sl_tree_remove(a.data, NULL);
	return code;
}
