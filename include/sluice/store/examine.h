/*
 * A store looked at from outside, without opening it: nothing is made, migrated or locked.
 */
#ifndef SLUICE_STORE_EXAMINE_H
#define SLUICE_STORE_EXAMINE_H

#include "sluice/core/error.h"

#include <stdbool.h>

struct sl_store_facts {
	bool embedded; /* false: the URL names a server, and the rest is empty */
	const char *path; /* inside the URL */
	bool exists;
	bool ours; /* made by Sluice, or empty */
	int version, known; /* of the schema: the file's, and what this build makes */
	long holder; /* process that has it open, 0: none */
};

/* What cannot be read is SL_EDENIED and the like, with the file's name. */
enum sl_code sl_store_examine(const char *url, struct sl_store_facts *out, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2)));

#endif
