/* The store's migrations, on SQLite. */
#ifndef STORE_SQLITE_SCHEMA_H
#define STORE_SQLITE_SCHEMA_H

#include "sqlite/conn.h"

/* Brings a new or older store to this build's version; SL_EINVAL for a newer one, or for a database
 * that is none of ours. */
enum sl_code store_schema_migrate(struct conn *conn, struct sl_error *err)
	__attribute__((warn_unused_result));

/* As it is: SL_EINVAL when it is not of this build's version, or none of ours. */
enum sl_code store_schema_check(struct conn *conn, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
