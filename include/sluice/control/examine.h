/*
 * A project's repository looked at as the daemon would, from outside of it: the mirrors of the data
 * folder are left alone.  A repository of this machine is read in place; another one is fetched
 * into a folder of its own that is removed again.
 */
#ifndef SLUICE_CONTROL_EXAMINE_H
#define SLUICE_CONTROL_EXAMINE_H

#include "sluice/control/world.h"
#include "sluice/layout.h"

struct sl_cancel;

/* One migrations entry, as one engine reads it. */
struct sl_examined_folder {
	const struct sl_migrations_entry *entry; /* borrowed from the world */
	const size_t *targets; /* indices in the workspace that the entry takes */
	size_t targets_len;
	size_t files; /* in the folder at the branch's head */
	struct sl_layout layout; /* its texts are not kept: names, keys and problems are */
};

/* How far one came: each is only true where those before are. */
struct sl_examined_project {
	bool reached;
	bool has_branch;
	const char *bare; /* absolute path of a bare repository of this machine, or NULL */
	const char *root; /* of a work tree of this machine, or NULL */
	const struct sl_examined_folder *folders;
	size_t folders_len;
};

/* *out, in the arena, is filled as far as one came, also on failure.  The own repository of Sluice
 * that nobody has used yet is SL_OK and not reached. */
enum sl_code sl_control_examine_project(const struct sl_world *world,
	const struct sl_project *project, const struct sl_cancel *cancel,
	struct sl_examined_project *out, struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
