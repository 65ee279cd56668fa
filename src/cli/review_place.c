#include "review_place.h"

#include "sluice/core/str.h"
#include "sluice/git/worktree.h"
#include "sluice/sys/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Without a '/' at its end; NULL where the working folder cannot be read. */
static const char *find_root(struct sl_arena *arena)
{
	sl_auto(sl_git_worktree_close_p) struct sl_git_worktree *tree = NULL;
	char real[PATH_MAX];

	if (sl_git_worktree_open(&tree, ".", NULL) == SL_OK)
		return realpath(sl_git_worktree_root(tree), real) ? sl_arena_strdup(arena, real) :
								    NULL;
	return getcwd(real, sizeof(real)) ? sl_arena_strdup(arena, real) : NULL;
}

/* Links are followed to the file's folder, not from the file itself: its name is its version. */
static const char *place_of(const char *path, const char *root, struct sl_arena *arena)
{
	const char *slash = strrchr(path, '/');
	const char *folder = slash ? sl_arena_strndup(arena, path, (size_t)(slash - path) + 1) :
				     ".";
	size_t len = strlen(root);
	char real[PATH_MAX];
	const char *inner;

	if (!sl_file_exists(path) || !realpath(folder, real) || !sl_str_starts(real, root) ||
		(real[len] != '/' && real[len] != '\0'))
		return path;
	inner = real + len + (real[len] == '/');
	path = slash ? slash + 1 : path;
	return inner[0] == '\0' ? path : sl_path_join(arena, inner, path);
}

const struct sl_report *review_place(const struct sl_report *report, struct sl_arena *arena)
{
	struct sl_report *out = sl_arena_calloc(arena, 1, sizeof(*out));
	struct sl_file_report *files = sl_arena_calloc(arena, report->file_count + 1,
		sizeof(*files));
	const char *root = find_root(arena);

	*out = *report;
	out->files = files;
	for (size_t i = 0; i < report->file_count; i++) {
		files[i] = report->files[i];
		if (root)
			files[i].path = place_of(files[i].path, root, arena);
	}
	return out;
}
