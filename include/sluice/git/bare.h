/*
 * A bare repository that Sluice itself writes: the one of `sluice init --demo`, and the one that
 * receives what `sluice change open` and the pages make.  The daemon reads it through a mirror like
 * any other origin, so there is one corridor.
 *
 * Commits wait for each other, whichever process makes them, up to 10 s: SL_ETIMEOUT then.  A lock
 * of Git's that does not go away meanwhile was left by a killed process, and is removed.
 */
#ifndef SLUICE_GIT_BARE_H
#define SLUICE_GIT_BARE_H

#include "sluice/git.h"

/* Makes a bare repository whose HEAD is branch; SL_ECONFLICT when path holds one already, or
 * anything else.  It is there whole or not at all. */
enum sl_code sl_git_bare_init(const char *path, const char *branch, struct sl_error *err)
	__attribute__((warn_unused_result));

/* SL_ENOTFOUND when path is not a repository.  The caller owns *out. */
enum sl_code sl_git_bare_open(struct sl_repo **out, const char *path,
	const struct sl_git_limits *limits, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
