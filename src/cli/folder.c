#include "folder.h"

#include "sluice/core/str.h"
#include "sluice/sys/file.h"
#include "sluice/sys/oserror.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILES_MAX   50000
#define ENTRIES_MAX 100000
#define DEPTH_MAX   16

void sl_cli_folder_done(struct sl_cli_folder *folder)
{
	/* data of a name alone is static */
	for (size_t i = 0; i < folder->len; i++) {
		if (folder->at[i].len > 0)
			free((void *)(uintptr_t)folder->at[i].data);
	}
	sl_vec_done(folder);
}

enum sl_code sl_cli_folder_add(struct sl_cli_folder *out, const char *path, const char *name,
	size_t max, struct sl_error *err)
{
	struct sl_layout_file *file;
	char *data;
	size_t len;
	enum sl_code code = sl_file_read(&data, &len, path, max, err);

	if (code != SL_OK)
		return code;
	if (len == 0) {
		free(data);
		data = NULL;
	}
	file = sl_vec_add(out);
	*file = (struct sl_layout_file){ .path = name, .data = data ? data : "", .len = len };
	return SL_OK;
}

/* .SQL too, which no layout runs: it has to be told. */
static bool is_read(const char *name)
{
	size_t len = strlen(name);

	return (len > 4 && strcasecmp(name + len - 4, ".sql") == 0) ||
		sl_str_ends(name, ".sql.conf") || sl_str_ends(name, "metadata.toml") ||
		sl_str_ends(name, "migration_lock.toml");
}

static bool is_left_out(const char *name)
{
	return name[0] == '.' || sl_str_eq(name, "node_modules");
}

/* One reading of a folder. */
struct reading {
	struct sl_cli_folder *out;
	struct sl_arena *arena;
	const char *root;
};

static void met(struct sl_cli_links *links, const char *inner)
{
	if (links->len++ == 0)
		links->first = inner;
}

/* Where the link leads, which has to be in the folder. */
static enum sl_code resolve(const struct reading *r, const char *path, const char *inner,
	const char **out, struct sl_error *err)
{
	char root[PATH_MAX];
	char to[PATH_MAX];
	size_t len;

	if (!realpath(path, to) || !realpath(r->root, root))
		return sl_os_error(err, errno, "%s: follow the link", path);
	len = sl_str_eq(root, "/") ? 0 : strlen(root);
	if (strncmp(to, root, len) != 0 || to[len] != '/')
		return sl_error_set(err, SL_EINVAL,
			"%s: it is a symbolic link out of the folder, and none is followed; put "
			"the migration's text there, or take it away",
			path);
	met(&r->out->followed, inner);
	*out = sl_arena_strdup(r->arena, to);
	return SL_OK;
}

static enum sl_code read_file(const struct reading *r, const char *path, const char *inner,
	struct sl_error *err)
{
	enum sl_code code = SL_OK;

	if (!is_read(inner)) {
		*sl_vec_add(r->out) = (struct sl_layout_file){ inner, "", 0 };
		return SL_OK;
	}
	if (sl_file_is_link(path))
		code = resolve(r, path, inner, &path, err);
	if (code == SL_OK && sl_file_exists(path) && !sl_file_is_regular(path))
		return sl_error_set(err, SL_EINVAL,
			"%s: it is no regular file; put the migration's text there, or take it away",
			path);
	return code == SL_OK ? sl_cli_folder_add(r->out, path, inner, SL_LAYOUT_FILE_LIMIT, err) :
			       code;
}

static enum sl_code read_below(const struct reading *r, const char *inner, unsigned depth,
	struct sl_error *err);

static enum sl_code read_entry(const struct reading *r, const char *inner, unsigned depth,
	struct sl_error *err)
{
	const char *path = sl_path_join(r->arena, r->root, inner);

	if (!sl_file_is_folder(path)) {
		if (r->out->len >= FILES_MAX)
			return sl_error_set(err, SL_ELIMIT, "%s: more than %d files", r->root,
				FILES_MAX);
		return read_file(r, path, inner, err);
	}
	if (depth == 0)
		return SL_OK;
	if (!sl_file_is_link(path))
		return read_below(r, inner, depth - 1, err);
	/* Git does not follow it either, and it may lead in a circle. */
	met(&r->out->left_out, inner);
	return SL_OK;
}

static enum sl_code read_below(const struct reading *r, const char *inner, unsigned depth,
	struct sl_error *err)
{
	const char *path = inner[0] ? sl_path_join(r->arena, r->root, inner) : r->root;
	struct sl_names names;
	enum sl_code code = sl_folder_list(&names, r->arena, path, ENTRIES_MAX, err);

	for (size_t i = 0; code == SL_OK && i < names.len; i++) {
		if (is_left_out(names.at[i]))
			continue;
		code = read_entry(r,
			inner[0] ? sl_path_join(r->arena, inner, names.at[i]) : names.at[i], depth,
			err);
	}
	return code;
}

enum sl_code sl_cli_folder_read(struct sl_cli_folder *out, struct sl_arena *arena, const char *path,
	bool deep, struct sl_error *err)
{
	const struct reading reading = { out, arena, path };

	return read_below(&reading, "", deep ? DEPTH_MAX : 0, err);
}

static void tell(struct sl_cli *cli, const struct sl_cli_folder *folder,
	const struct sl_cli_links *links, const char *what)
{
	const char *name = links->first;

	if (links->len == 0 || !folder->shown)
		return;
	if (folder->shown[0] && !sl_str_eq(folder->shown, "."))
		name = sl_path_join(sl_cli_arena(cli), folder->shown, name);
	if (links->len == 1)
		sl_cli_note(cli, "%s: %s", name, what);
	else
		sl_cli_note(cli, "%s and %zu more: %s", name, links->len - 1, what);
}

void sl_cli_folder_tell(struct sl_cli *cli, const struct sl_cli_folder *folder)
{
	tell(cli, folder, &folder->followed,
		"read through a symbolic link; the daemon, which reads Git, leaves links out");
	tell(cli, folder, &folder->left_out,
		"left out, a symbolic link to a folder is not followed");
}
