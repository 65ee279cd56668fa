/*
 * The embedded backend: one SQLite file in WAL mode with full syncs, one connection that writes and
 * a pool of those that read.  `PATH.lock` beside the file keeps a second process out.
 */
#ifndef STORE_SQLITE_SQLITE_H
#define STORE_SQLITE_SQLITE_H

#include "backend.h"

enum sl_code store_sqlite_backend_open(struct backend **out, const struct backend_place *place,
	struct sl_error *err) __attribute__((warn_unused_result));

/* How many numbered migrations this build has. */
int store_sqlite_schema_version(void);

/* Owned.  Beside the file itself, whatever link led to it. */
char *store_sqlite_lock_path(const char *path);

#endif
