/* The files of a migrations folder on disk, for the layout room. */
#ifndef SLUICE_CLI_FOLDER_H
#define SLUICE_CLI_FOLDER_H

#include "sluice/cli.h"
#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/core/vec.h"
#include "sluice/layout.h"

#include <stdbool.h>

/* Symbolic links that were met: the first one's name in the folder, and how many there are. */
struct sl_cli_links {
	const char *first;
	size_t len;
};

struct sl_cli_folder {
	SL_VEC(struct sl_layout_file); /* data owned; paths in the arena, relative to the folder */
	struct sl_cli_links followed; /* migrations that stand elsewhere in the folder */
	struct sl_cli_links left_out; /* that lead to folders */
	const char *shown; /* the folder as notices name it; "" or ".": not at all; NULL: no notices
			    */
};

void sl_cli_folder_done(struct sl_cli_folder *folder);

/* Reads the folder, which may be a link itself, and, with deep, those below it; hidden ones,
 * node_modules and links to folders are left out, of files that no layout reads only the names are
 * kept.  A migration that is a link out of the folder is SL_EINVAL: who may write the folder must
 * not be able to have another file read.  A file above max bytes is SL_ELIMIT, a folder that is not
 * there SL_ENOTFOUND. */
enum sl_code sl_cli_folder_read(struct sl_cli_folder *out, struct sl_arena *arena, const char *path,
	bool deep, struct sl_error *err) __attribute__((warn_unused_result));

/* Adds one file under a name of the caller's. */
enum sl_code sl_cli_folder_add(struct sl_cli_folder *out, const char *path, const char *name,
	size_t max, struct sl_error *err) __attribute__((warn_unused_result));

/* Notices of links that were met. */
void sl_cli_folder_tell(struct sl_cli *cli, const struct sl_cli_folder *folder);

#define sl_auto_cli_folder __attribute__((cleanup(sl_cli_folder_done)))

#endif
