/*
 * A bare mirror of an origin, under <data folder>/mirrors/<name>.git.
 *
 * Origins are absolute paths and file:// (bare or not), https:// and http:// (through our own
 * client, never libgit2's), ssh:// and user@host:path (public key against a known_hosts file; keys
 * must be ed25519 or ecdsa).  A repository of another Unix user is read like any other: the origin
 * comes from our configuration, not from where a shell happens to stand.
 *
 * One writer at a time, whichever process: fetching and writing notes wait for each other, on the
 * lock file <name>.writer beside the mirror.  Locks that a full disk or a killed process left in it
 * are therefore nobody's, and are removed where they stand in a writer's way; the rest of what a
 * killed process leaves is swept by sl_git_mirrors_sweep().
 *
 * A mirror is a copy.  One that is damaged, so that a fetch fails or that reading has missed
 * something (<name>.git.missed says so, from the close of that mirror on), is made anew by a fetch.
 */
#ifndef SLUICE_GIT_MIRROR_H
#define SLUICE_GIT_MIRROR_H

#include "sluice/git.h"

/* Everything is copied.  NULL where it does not apply. */
struct sl_git_origin {
	const char *url; /* without a password: SL_EINVAL otherwise */
	const char *token_user; /* HTTP: name that goes with the token; NULL: "git" */
	const char *token; /* HTTP: secret text; wiped when the mirror is closed */
	const char *ca_file; /* HTTPS: trusted instead of the system's */
	const char *ssh_key; /* path of the private key; NULL: ~/.ssh/id_ed25519 */
	const char *known_hosts; /* path; NULL: ~/.ssh/known_hosts */
};

/* Opens the mirror, making it when it is not there; does not talk to the origin.  name is made of
 * letters, digits, '.', '_' and '-', and does not begin with '.'.  The caller owns *out. */
enum sl_code sl_git_mirror_open(struct sl_repo **out, const char *data_folder, const char *name,
	const struct sl_git_origin *origin, const struct sl_git_limits *limits,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Removes what a killed process left, lock and temporary files and half a new mirror, from every
 * one under the data folder that nobody writes to, and from nowhere else.  *removed (may be NULL)
 * counts. */
enum sl_code sl_git_mirrors_sweep(const char *data_folder, unsigned *removed, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
