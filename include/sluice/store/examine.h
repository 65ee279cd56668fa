/*
 * A store looked at from outside, without opening it: nothing is made, migrated or locked.
 */
#ifndef SLUICE_STORE_EXAMINE_H
#define SLUICE_STORE_EXAMINE_H

#include "sluice/core/error.h"
#include "sluice/store/store.h"

#include <stdbool.h>

struct sl_store_facts {
	bool embedded; /* a file; false: a server, or memory */
	const char *path; /* of the file, inside the URL */
	bool exists;
	bool may_be_made; /* a server's that is not there yet: the login may make it */
	bool ours; /* made by Sluice, or empty */
	bool linked; /* the file has another name, a hard link */
	int version, known; /* of the schema: the file's, and what this build makes */
	long holder; /* process that has it open, 0: none */
};

/* url, password and clock of the options count.  What cannot be reached or read is an error with
 * the store's name. */
enum sl_code sl_store_examine(const struct sl_store_options *options, struct sl_store_facts *out,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

#endif
