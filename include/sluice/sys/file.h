/*
 * Files and folders.  Reading has a maximum; writing is whole or not at all and survives a power
 * cut; a lock file says who holds it.  Messages: "PATH: operation: cause".
 */
#ifndef SLUICE_SYS_FILE_H
#define SLUICE_SYS_FILE_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/core/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The whole file, owned by the caller (free()), terminated behind len bytes.  SL_ELIMIT above max
 * bytes, SL_ENOTFOUND, SL_EDENIED; a folder is SL_EINVAL. */
enum sl_code sl_file_read(char **out, size_t *len, const char *path, size_t max,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Writes beside path, syncs, renames over it, syncs the folder: readers see the old or the new. */
enum sl_code sl_file_write(const char *path, const void *data, size_t len, mode_t mode,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Gives a whole file its name, in the same folder; SL_ECONFLICT when that is taken by now.  Where
 * it fails the name is not there. */
enum sl_code sl_file_give_name(const char *file, const char *name, struct sl_error *err)
	__attribute__((warn_unused_result));

/* A new file in the folder that has no name and is gone when *out is closed; readable and writable.
 */
enum sl_code sl_file_nameless(int *out, const char *folder, struct sl_error *err)
	__attribute__((warn_unused_result));

bool sl_file_exists(const char *path);
bool sl_file_is_folder(const char *path);
bool sl_file_is_regular(const char *path); /* links followed; neither device, pipe nor socket */
bool sl_file_is_link(const char *path); /* a symbolic one, wherever it leads */

/* "DIR/NAME" in the arena, one slash between. */
char *sl_path_join(struct sl_arena *arena, const char *dir, const char *name)
	__attribute__((returns_nonnull, warn_unused_result));

/* Makes the folder and those above it; SL_OK when it is there. */
enum sl_code sl_folder_make(const char *path, mode_t mode, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Removes a file or a folder with all in it, following no symbolic link; SL_OK when absent. */
enum sl_code sl_tree_remove(const char *path, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Names in the folder without "." and "..", sorted by bytes, in the arena; SL_ELIMIT above max. */
enum sl_code sl_folder_list(struct sl_names *out, struct sl_arena *arena, const char *path,
	size_t max, struct sl_error *err) __attribute__((warn_unused_result));

struct sl_lock;

/* An exclusive lock on the file path, made when absent; the kernel drops it when the process ends.
 * SL_ECONFLICT names the process that holds it: "PATH: locked by process 1234". */
enum sl_code sl_lock_take(struct sl_lock **out, const char *path, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Gives it back; the file stays.  Accepts NULL. */
void sl_lock_free(struct sl_lock *lock);
SL_DEFINE_CLEANUP(struct sl_lock, sl_lock_free);

#endif
