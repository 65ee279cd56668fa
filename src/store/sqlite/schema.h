/* The store's numbered migrations, from schemas/store/. */
#ifndef STORE_SQLITE_SCHEMA_H
#define STORE_SQLITE_SCHEMA_H

#include "sqlite/conn.h"

/* The text of the file of that base name, or NULL: embedded by the build. */
const char *store_schema_file(const char *name);

/* Brings a new or older store to this build's version; SL_EINVAL for a newer one, or for a database
 * that is none of ours. */
enum sl_code store_schema_migrate(struct conn *conn, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
