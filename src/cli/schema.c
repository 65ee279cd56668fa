#include "cli_int.h"
#include "target.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/schema/diff.h"
#include "sluice/schema/replay.h"
#include "sluice/schema/snapshot.h"
#include "sluice/sys/file.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)256 << 20)

static const struct sl_cli_option snapshot_options[] = {
	{ "url", 'u', "URL", "the database", false },
	SL_CLI_OPTION_PASSWORD,
	{ "format", 0, "sql|json", "statements that make the schema anew, or one document", false },
	{ NULL, 0, NULL, NULL, false },
};

static enum sl_code wrong_format(const char *format, const char *known, struct sl_error *err)
{
	return sl_error_set(err, SL_EINVAL, "--format: '%.40s' is none of %s", format, known);
}

static enum sl_code not_read(struct sl_cli *cli, struct sl_error *err, enum sl_code code,
	const struct sl_conn_spec *spec)
{
	char was[SL_ERROR_MSG_MAX];

	if (code != SL_EBUSY)
		return sl_cli_target_failed(err, code, spec);
	sl_cli_exit(cli, 6);
	(void)snprintf(was, sizeof(was), "%s", err->msg);
	return sl_error_set(err, code, "%s; somebody is at work there: run it again later", was);
}

static enum sl_code run_snapshot(struct sl_cli *cli, struct sl_error *err)
{
	const struct sl_catalog *catalog sl_auto(sl_catalog_unref_p) = NULL;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(TEXT_MAX);
	const char *url = sl_cli_value(cli, "url"), *format = sl_cli_value(cli, "format");
	struct sl_conn_spec spec;
	enum sl_code code;

	format = format ? format : (sl_cli_json(cli) ? "json" : "sql");
	if (!sl_str_eq(format, "sql") && !sl_str_eq(format, "json"))
		return wrong_format(format, "sql and json", err);
	if (!url)
		return sl_error_set(err, SL_EINVAL, "which database? say it with --url");
	code = sl_cli_target(&spec, cli, url, err);
	if (code != SL_OK)
		return code;
	code = sl_apply_snapshot(&spec, &catalog, err);
	if (code != SL_OK)
		return not_read(cli, err, code, &spec);
	if (sl_str_eq(format, "json"))
		sl_snapshot_document(catalog, &text);
	else
		sl_snapshot_sql(catalog, &text);
	if (!sl_buf_ok(&text))
		return sl_error_set(err, SL_ELIMIT, "%s: the snapshot has more than %zu bytes", url,
			TEXT_MAX);
	sl_cli_write(cli, sl_buf_str(&text), text.len);
	return SL_OK;
}

static const struct sl_cli_option diff_options[] = {
	SL_CLI_OPTION_PASSWORD,
	{ "engine", 0, "ENGINE", "of a .sql file: postgres, sqlite, mysql, mariadb", false },
	{ "format", 0, "text|json|migration",
		"the differences, or a draft of the statements that lead from the first to the second",
		false },
	{ NULL, 0, NULL, NULL, false },
};

static bool is_url(const char *text)
{
	return sl_str_starts(text, "sqlite:") || strstr(text, "://") != NULL;
}

/* A .sql file has no engine of its own: the option's, or the other side's. */
static enum sl_code dialect_of(enum sl_dialect *out, struct sl_cli *cli, const char *other,
	struct sl_error *err)
{
	const char *name = sl_cli_value(cli, "engine");
	struct sl_engine_url url;

	if (name)
		return sl_dialect_parse(out, name) ?
			SL_OK :
			sl_error_set(err, SL_EINVAL,
				"--engine: '%.40s' is none of postgres, "
				"sqlite, mysql, mariadb",
				name);
	if (!is_url(other))
		return sl_error_set(err, SL_EINVAL,
			"which engine is the .sql file for? say it with --engine");
	if (sl_engine_url_parse(&url, sl_cli_arena(cli), other, err) != SL_OK)
		return SL_EINVAL;
	*out = url.dialect;
	return SL_OK;
}

static enum sl_code load_file(const struct sl_catalog **out, struct sl_cli *cli, const char *path,
	const char *other, struct sl_error *err)
{
	sl_autofree char *text = NULL;
	enum sl_dialect dialect = SL_DIALECT_COUNT;
	size_t len;
	enum sl_code code = sl_file_read(&text, &len, path, TEXT_MAX, err);

	if (code == SL_ENOTFOUND)
		return sl_error_set(err, SL_EINVAL, "%s: there is no such file", path);
	if (code != SL_OK)
		return code;
	if (len > 0 && text[0] == '{') {
		code = sl_snapshot_load(out, text, len, NULL, err);
		return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s", path);
	}
	code = dialect_of(&dialect, cli, other, err);
	if (code != SL_OK)
		return code;
	code = sl_catalog_from_sql(out, dialect, 0, text, len, err);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s", path);
}

static enum sl_code load_side(const struct sl_catalog **out, struct sl_cli *cli, const char *side,
	const char *other, struct sl_error *err)
{
	struct sl_conn_spec spec;
	enum sl_code code;

	if (!is_url(side))
		return load_file(out, cli, side, other, err);
	code = sl_cli_target(&spec, cli, side, err);
	if (code != SL_OK)
		return code;
	code = sl_apply_snapshot(&spec, out, err);
	return code == SL_OK ? code : not_read(cli, err, code, &spec);
}

static void print_diff(struct sl_cli *cli, const struct sl_diff *diff, const char *format,
	const struct sl_catalog *from, const struct sl_catalog *to)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(TEXT_MAX);

	if (sl_str_eq(format, "json"))
		sl_diff_json(diff, &text);
	else if (sl_str_eq(format, "migration"))
		sl_diff_migration(diff, from, to, &text);
	else
		sl_diff_text(diff, &text);
	if (text.len > 0 && text.data[text.len - 1] != '\n')
		sl_buf_addc(&text, '\n');
	sl_cli_write(cli, sl_buf_str(&text), text.len);
}

static enum sl_code run_diff(struct sl_cli *cli, struct sl_error *err)
{
	const struct sl_catalog *from sl_auto(sl_catalog_unref_p) = NULL;
	const struct sl_catalog *to sl_auto(sl_catalog_unref_p) = NULL;
	const char *format = sl_cli_value(cli, "format");
	const char *a = sl_cli_arg(cli, 0), *b = sl_cli_arg(cli, 1);
	struct sl_diff diff;
	enum sl_code code;

	format = format ? format : (sl_cli_json(cli) ? "json" : "text");
	if (!sl_str_eq(format, "text") && !sl_str_eq(format, "json") &&
		!sl_str_eq(format, "migration"))
		return wrong_format(format, "text, json and migration", err);
	code = load_side(&from, cli, a, b, err);
	if (code == SL_OK)
		code = load_side(&to, cli, b, a, err);
	if (code != SL_OK)
		return code;
	assert(from && to);
	if (sl_catalog_dialect(from) != sl_catalog_dialect(to))
		return sl_error_set(err, SL_EINVAL,
			"%s is %s and %s is %s: they cannot be compared", a,
			sl_dialect_name(sl_catalog_dialect(from)), b,
			sl_dialect_name(sl_catalog_dialect(to)));
	sl_diff_make(&diff, sl_cli_arena(cli), from, to);
	print_diff(cli, &diff, format, from, to);
	if (diff.incomplete)
		sl_cli_note(cli, "not every kind of object can be compared: see `sluice snapshot`");
	sl_cli_exit(cli, diff.same ? 0 : 1);
	return SL_OK;
}

static const struct sl_command rows[] = {
	{ "snapshot", SL_CLI_INSPECT, "the schema of a database, normalised", "", snapshot_options,
		0, 0, run_snapshot },
	{ "diff", SL_CLI_INSPECT, "the structural difference of two databases or files", "A B",
		diff_options, 2, 2, run_diff },
};

const struct sl_command_list sl_commands_schema = { rows, sizeof(rows) / sizeof(rows[0]) };
