#include "folder.h"

#include "sluice/core/str.h"
#include "sluice/sys/file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

static bool is_read(const char *name)
{
	return sl_str_ends(name, ".sql") || sl_str_ends(name, ".sql.conf") ||
		sl_str_ends(name, "metadata.toml") || sl_str_ends(name, "migration_lock.toml");
}

static bool is_left_out(const char *name)
{
	return name[0] == '.' || sl_str_eq(name, "node_modules");
}

static enum sl_code read_below(struct sl_cli_folder *out, struct sl_arena *arena, const char *root,
	const char *inner, unsigned depth, struct sl_error *err);

static enum sl_code read_entry(struct sl_cli_folder *out, struct sl_arena *arena, const char *root,
	const char *inner, unsigned depth, struct sl_error *err)
{
	const char *path = sl_path_join(arena, root, inner);

	/* Git does not follow a link to a folder either, and it may lead in a circle. */
	if (sl_file_is_folder(path))
		return depth == 0 || sl_file_is_link(path) ?
			SL_OK :
			read_below(out, arena, root, inner, depth - 1, err);
	if (out->len >= FILES_MAX)
		return sl_error_set(err, SL_ELIMIT, "%s: more than %d files", root, FILES_MAX);
	if (is_read(inner) && sl_file_exists(path) && !sl_file_is_regular(path))
		return sl_error_set(err, SL_EINVAL,
			"%s: it is no regular file; put the migration's text there, or take it away",
			path);
	if (is_read(inner))
		return sl_cli_folder_add(out, path, inner, SL_LAYOUT_FILE_LIMIT, err);
	*sl_vec_add(out) = (struct sl_layout_file){ .path = inner, .data = "", .len = 0 };
	return SL_OK;
}

static enum sl_code read_below(struct sl_cli_folder *out, struct sl_arena *arena, const char *root,
	const char *inner, unsigned depth, struct sl_error *err)
{
	const char *path = inner[0] ? sl_path_join(arena, root, inner) : root;
	struct sl_names names;
	enum sl_code code = sl_folder_list(&names, arena, path, ENTRIES_MAX, err);

	for (size_t i = 0; code == SL_OK && i < names.len; i++) {
		if (is_left_out(names.at[i]))
			continue;
		code = read_entry(out, arena, root,
			inner[0] ? sl_path_join(arena, inner, names.at[i]) : names.at[i], depth,
			err);
	}
	return code;
}

enum sl_code sl_cli_folder_read(struct sl_cli_folder *out, struct sl_arena *arena, const char *path,
	bool deep, struct sl_error *err)
{
	return read_below(out, arena, path, "", deep ? DEPTH_MAX : 0, err);
}
