/* The files of a migrations folder on disk, for the layout room. */
#ifndef SLUICE_CLI_FOLDER_H
#define SLUICE_CLI_FOLDER_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/core/vec.h"
#include "sluice/layout.h"

#include <stdbool.h>

struct sl_cli_folder {
	SL_VEC(struct sl_layout_file); /* data owned; paths in the arena, relative to the folder */
};

void sl_cli_folder_done(struct sl_cli_folder *folder);

/* Reads the folder and, with deep, those below it; hidden ones and node_modules are left out, of
 * files that no layout reads only the names are kept.  A file above max bytes is SL_ELIMIT, a
 * folder that is not there SL_ENOTFOUND. */
enum sl_code sl_cli_folder_read(struct sl_cli_folder *out, struct sl_arena *arena, const char *path,
	bool deep, struct sl_error *err) __attribute__((warn_unused_result));

/* Adds one file under a name of the caller's. */
enum sl_code sl_cli_folder_add(struct sl_cli_folder *out, const char *path, const char *name,
	size_t max, struct sl_error *err) __attribute__((warn_unused_result));

#define sl_auto_cli_folder __attribute__((cleanup(sl_cli_folder_done)))

#endif
