#include "target.h"

#include "sluice/config/secret.h"
#include "sluice/core/str.h"
#include "sluice/sys/file.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SECRET_MAX 4096

/* The password is copied into the call's arena, which is never written anywhere. */
static enum sl_code resolve_password(const char **out, struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_secret struct sl_buf secret = SL_BUF_INIT(SECRET_MAX);
	const char *reference = sl_cli_value(cli, "password");
	enum sl_code code;

	*out = NULL;
	if (!reference)
		return SL_OK;
	if (!sl_secret_is_reference(reference))
		return sl_error_set(err, SL_EINVAL,
			"--password: takes env:NAME or file:/PATH, never the password itself");
	code = sl_secret_resolve(reference, &secret, err);
	if (code == SL_ENOTFOUND)
		sl_cli_exit(cli, 2);
	if (code == SL_OK)
		*out = sl_arena_strdup(sl_cli_arena(cli), sl_buf_str(&secret));
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "--password");
}

enum sl_code sl_cli_target(struct sl_conn_spec *out, struct sl_cli *cli, const char *url,
	struct sl_error *err)
{
	enum sl_code code;

	*out = (struct sl_conn_spec){ .clock = sl_cli_clock(cli), .cancel = sl_cli_cancel(cli) };
	code = sl_engine_url_parse(&out->url, sl_cli_arena(cli), url, err);
	if (code != SL_OK)
		return code;
	return resolve_password(&out->password, cli, err);
}

const char *sl_cli_target_remedy(enum sl_code code)
{
	if (code == SL_EUNAVAIL)
		return "; is it running, and are host, port and name in the URL right?";
	if (code == SL_EDENIED)
		return "; are the user of the URL, its rights and its password (--password env:NAME or "
		       "file:/PATH) right?";
	return "";
}

enum sl_code sl_cli_target_failed(struct sl_error *err, enum sl_code code,
	const struct sl_conn_spec *spec)
{
	char was[SL_ERROR_MSG_MAX];
	const char *remedy = sl_cli_target_remedy(code);

	if (remedy[0] == '\0' || spec->url.dialect == SL_DIALECT_SQLITE)
		return code;
	(void)snprintf(was, sizeof(was), "%s", err->msg);
	return sl_error_set(err, code, "%s%s", was, remedy);
}

void sl_cli_migrations_done(struct sl_cli_migrations *migrations)
{
	sl_cli_folder_done(&migrations->files);
}

static enum sl_code wanted_layout(enum sl_layout_kind *out, const struct sl_cli *cli,
	struct sl_error *err)
{
	const char *names[SL_LAYOUT_KIND_COUNT], *near;
	const char *name = sl_cli_value(cli, "layout");

	*out = SL_LAYOUT_AUTO;
	if (!name || sl_layout_kind_parse(out, name))
		return SL_OK;
	for (int i = 0; i < SL_LAYOUT_KIND_COUNT; i++)
		names[i] = sl_layout_kind_name((enum sl_layout_kind)i);
	near = sl_nearest(name, names, SL_LAYOUT_KIND_COUNT);
	return sl_error_set(err, SL_EINVAL, "--layout: '%.40s' is none that is known%s%s%s", name,
		near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static void note_problems(struct sl_cli *cli, const struct sl_layout *layout)
{
	for (size_t i = 0; i < layout->problem_count; i++) {
		const struct sl_layout_problem *problem = &layout->problems[i];

		if (problem->severity < SL_SEVERITY_ERROR)
			sl_cli_note(cli, "%s%s%s", problem->path,
				problem->path[0] != '\0' ? ": " : "", problem->message);
	}
}

enum sl_code sl_cli_migrations(struct sl_cli_migrations *out, struct sl_cli *cli,
	enum sl_dialect dialect, struct sl_error *err)
{
	const char *dir = sl_cli_value(cli, "dir");
	enum sl_layout_kind kind;
	enum sl_code code = wanted_layout(&kind, cli, err);

	if (code != SL_OK)
		return code;
	if (!dir)
		return sl_error_set(err, SL_EINVAL,
			"which folder? say it with --dir (for instance --dir migrations)");
	code = sl_cli_folder_read(&out->files, sl_cli_arena(cli), dir, true, err);
	if (code == SL_ENOTFOUND)
		return sl_error_set(err, SL_EINVAL, "--dir: %s: there is no such folder", dir);
	if (code != SL_OK && !sl_file_is_folder(dir))
		return sl_error_set(err, SL_EINVAL,
			"--dir: %s: it is a file; name the folder that it is in", dir);
	if (code != SL_OK)
		return code;
	out->files.shown = dir;
	sl_cli_folder_tell(cli, &out->files);
	sl_layout_read(&out->layout, sl_cli_arena(cli), kind, dialect, out->files.at,
		out->files.len);
	note_problems(cli, &out->layout);
	code = sl_layout_check(&out->layout, err);
	if (code != SL_OK)
		return sl_error_wrap(err, code, "%s", dir);
	if (out->layout.set.len == 0)
		sl_cli_note(cli, "%s: there is no migration in it", dir);
	return SL_OK;
}

const char *sl_cli_actor(struct sl_cli *cli)
{
	struct passwd entry, *found = NULL;
	char text[4096];

	if (getpwuid_r(getuid(), &entry, text, sizeof(text), &found) == 0 && found)
		return sl_arena_printf(sl_cli_arena(cli), "cli:%s", found->pw_name);
	return sl_arena_printf(sl_cli_arena(cli), "cli:%u", (unsigned)getuid());
}
