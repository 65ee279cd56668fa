/* The migrations of one entry of a project, as a commit has them. */
#ifndef SLUICE_CONTROL_FOLDER_H
#define SLUICE_CONTROL_FOLDER_H

#include "sluice/control/world.h"
#include "sluice/git.h"
#include "sluice/layout.h"

/* An entry is read once for each dialect of its targets: files may be chosen by engine. */
struct folder {
	const struct sl_migrations_entry *entry;
	enum sl_dialect dialect;
	struct sl_layout layout;
	const struct sl_layout_file *files; /* paths in the folder */
	const char *const *blobs; /* beside files */
	size_t files_len;
};

struct folder_list {
	const struct folder *at;
	size_t len;
};

/* Whose folders, and when.  commit "": empty ones. */
struct folder_place {
	struct sl_repo *repo;
	const struct sl_world *world;
	const struct sl_project *project;
	const char *commit;
};

/* SL_EINVAL when a folder's file cannot be read at all. */
enum sl_code sl_folders_read(struct folder_list *out, struct sl_arena *arena,
	const struct folder_place *place, struct sl_error *err) __attribute__((warn_unused_result));

/* One entry as one dialect sees it. */
enum sl_code sl_folder_read(struct folder *out, struct sl_arena *arena, struct sl_repo *repo,
	const struct sl_world *world, const char *commit, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Index in files, or files_len. */
size_t sl_folder_file(const struct folder *folder, const char *path);

/* The migration that came from the path, or NULL. */
const struct sl_migration *sl_folder_migration(const struct folder *folder, const char *path);

/* The targets that the entry's selector takes, by dialect; indices in the workspace. */
struct target_list {
	const size_t *at;
	size_t len;
};

enum sl_code sl_entry_targets(struct target_list *out, struct sl_arena *arena,
	const struct sl_world *world, const struct sl_migrations_entry *entry, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
