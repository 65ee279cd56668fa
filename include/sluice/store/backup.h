/*
 * Copies of a whole store: a backup is one file, a SQLite store like any other, whatever the store
 * it was taken from; so a restore moves it into any kind of store, and sqlite3 can read it.
 *
 * A backup is one moment of the store, taken beside the daemons that serve it, and records how many
 * rows each table has and their SHA-256.  A restore is one transaction: whole, and equal to what
 * was recorded, or nothing.  What sessions are signed with stays out: after a restore people log in
 * again.
 *
 * Each call opens and closes what it works on.
 */
#ifndef SLUICE_STORE_BACKUP_H
#define SLUICE_STORE_BACKUP_H

#include "sluice/core/error.h"
#include "sluice/store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct sl_store_copy {
	uint64_t tables, rows;
	bool recorded; /* it was compared with what the file says of itself; a plain store says
			  nothing */
};

/* SL_ECONFLICT when the file exists: nothing is ever written over.  Durable on SL_OK; otherwise the
 * file is not there. */
enum sl_code sl_store_backup(const struct sl_store_options *from, const char *file,
	struct sl_store_copy *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Fills a store, new or empty, from a backup or a SQLite store.  replace: what it has is lost.
 * SL_ECONFLICT when it has something, or a daemon works with it; SL_EINVAL when the file is not
 * what it says it is. */
enum sl_code sl_store_restore(const char *file, const struct sl_store_options *to, bool replace,
	struct sl_store_copy *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Reads all of the file and compares it with what it recorded: SL_EINVAL names the first table that
 * differs. */
enum sl_code sl_store_verify(const char *file, struct sl_store_copy *out, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
