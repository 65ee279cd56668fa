/* `sluice backup` and `sluice restore`: the store as one file, and back into any kind of store. */
#include "cli_int.h"

#include "sluice/config/secret.h"
#include "sluice/control/world.h"
#include "sluice/core/json.h"
#include "sluice/core/str.h"
#include "sluice/store/backup.h"
#include "sluice/sys/file.h"

#include <inttypes.h>
#include <string.h>

#define EXIT_DIFFERENCES 1

/* The store that is meant, and the configuration that names it. */
struct place {
	const struct sl_world *world; /* owned, or NULL */
	struct sl_store_options options;
};

static void place_done(struct place *place)
{
	sl_world_unref(place->world);
}

/* The store of --store, else the configuration's. */
static enum sl_code find_store(struct sl_cli *cli, struct place *out, struct sl_error *err)
{
	const char *url = sl_cli_value(cli, "store");
	const char *path = sl_cli_config_path(cli);
	enum sl_code code;

	out->options = (struct sl_store_options){ .url = url,
		.password = sl_cli_value(cli, "store-password"),
		.rand = sl_cli_rand(cli),
		.clock = sl_cli_clock(cli) };
	if (url && sl_url_has_password(url))
		return sl_error_set(err, SL_EINVAL,
			"--store holds a password: take it out and name it in --store-password "
			"(env:NAME, file:/path)");
	if (url)
		return SL_OK;
	if (!path)
		return sl_error_set(err, SL_EINVAL,
			"no store: give --store URL, or -c FILE of the configuration that names it");
	code = sl_world_load(&out->world, path, NULL, err);
	if (code == SL_ENOTFOUND)
		sl_cli_exit(cli, 2);
	if (code != SL_OK)
		return code;
	out->options.url = out->world->store;
	out->options.password = out->world->store_password;
	return SL_OK;
}

/* One line for people, one object for programs. */
static void tell(struct sl_cli *cli, const char *verb, const char *file,
	const struct sl_store_copy *copy)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(64u << 10);
	sl_auto_json json_t *json = NULL;

	if (!sl_cli_json(cli)) {
		sl_cli_print(cli, "%s: %s: %" PRIu64 " tables, %" PRIu64 " rows%s\n", file, verb,
			copy->tables, copy->rows,
			copy->recorded ? "; every count and hash is as recorded" : "");
		return;
	}
	json = json_pack("{s:{s:s, s:I, s:I, s:b}}", verb, "file", file, "tables",
		(json_int_t)copy->tables, "rows", (json_int_t)copy->rows, "recorded",
		copy->recorded);
	sl_json_pretty(json, &text);
	sl_buf_addc(&text, '\n');
	sl_cli_write(cli, sl_buf_str(&text), text.len);
}

/* What is wrong with a file that the command line names ends with 2. */
static enum sl_code check_target_folder(struct sl_cli *cli, const char *file, struct sl_error *err)
{
	const char *slash = strrchr(file, '/');
	const char *folder = slash ?
		sl_arena_strndup(sl_cli_arena(cli), file, (size_t)(slash - file) + 1) :
		".";

	if (sl_file_is_folder(folder))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL,
		"%s: there is no folder %s: make it, or name another file", file, folder);
}

static enum sl_code check_source(const char *file, struct sl_error *err)
{
	if (sl_file_is_regular(file))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL, "%s: %s: name the file of a backup or of a store", file,
		sl_file_exists(file) ? "it is no regular file" : "there is no such file");
}

static enum sl_code run_backup(struct sl_cli *cli, struct sl_error *err)
{
	const char *file = sl_cli_arg(cli, 0);
	struct place place = { 0 };
	struct sl_store_copy copy;
	enum sl_code code = check_target_folder(cli, file, err);

	if (code == SL_OK)
		code = find_store(cli, &place, err);
	if (code == SL_OK)
		code = sl_store_backup(&place.options, file, &copy, err);
	if (code == SL_OK)
		tell(cli, "kept", file, &copy);
	place_done(&place);
	return code;
}

static enum sl_code verify(struct sl_cli *cli, const char *file, struct sl_error *err)
{
	struct sl_store_copy copy;
	enum sl_code code = sl_store_verify(file, &copy, err);

	if (code == SL_EINVAL)
		sl_cli_exit(cli, EXIT_DIFFERENCES);
	if (code != SL_OK)
		return code;
	if (!copy.recorded) {
		sl_cli_exit(cli, EXIT_DIFFERENCES);
		return sl_error_set(err, SL_EINVAL,
			"%s: is a store and no backup: it says nothing of what it should hold",
			file);
	}
	tell(cli, "good", file, &copy);
	return SL_OK;
}

static enum sl_code run_restore(struct sl_cli *cli, struct sl_error *err)
{
	const char *file = sl_cli_arg(cli, 0);
	struct place place = { 0 };
	struct sl_store_copy copy;
	enum sl_code code = check_source(file, err);

	if (code != SL_OK)
		return code;
	if (sl_cli_has(cli, "verify"))
		return verify(cli, file, err);
	code = find_store(cli, &place, err);
	if (code == SL_OK)
		code = sl_store_restore(file, &place.options, sl_cli_has(cli, "replace"), &copy,
			err);
	if (code == SL_OK)
		tell(cli, "restored", file, &copy);
	place_done(&place);
	return code;
}

static const struct sl_cli_option backup_options[] = {
	{ .name = "store", .value = "URL", .doc = "the store (that of the configuration)" },
	{ .name = "store-password",
		.value = "SECRET",
		.doc = "its password: env:NAME, file:/path" },
	{ 0 },
};

static const struct sl_cli_option restore_options[] = {
	{ .name = "verify", .doc = "change nothing: compare the file with what it recorded" },
	{ .name = "replace", .doc = "lose what the store has" },
	{ .name = "store", .value = "URL", .doc = "the store to fill (that of the configuration)" },
	{ .name = "store-password",
		.value = "SECRET",
		.doc = "its password: env:NAME, file:/path" },
	{ 0 },
};

static const struct sl_command rows[] = {
	{ "backup", SL_CLI_OPERATE, "the store as one file, while the daemon works", "FILE",
		backup_options, 1, 1, run_backup },
	{ "restore", SL_CLI_OPERATE, "a backup, or a SQLite store, into a store of any kind",
		"FILE", restore_options, 1, 1, run_restore },
};

const struct sl_command_list sl_commands_backup = { rows, sizeof(rows) / sizeof(rows[0]) };
