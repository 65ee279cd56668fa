/* The store's migrations, on PostgreSQL: in a schema of their own. */
#ifndef STORE_POSTGRES_SCHEMA_H
#define STORE_POSTGRES_SCHEMA_H

#include "postgres/link.h"

#include "sluice/core/buf.h"

/* Brings a new or older store to this build's version, one process at a time; SL_EINVAL for a newer
 * one, a schema that is none of ours, and a database that is not UTF-8. */
enum sl_code store_pg_schema_migrate(struct link *link, struct sl_error *err)
	__attribute__((warn_unused_result));

/* As it is: SL_EINVAL when it is not of this build's version. */
enum sl_code store_pg_schema_check(struct link *link, struct sl_error *err)
	__attribute__((warn_unused_result));

/* A migration in PostgreSQL's words.  What it relies on, tests keep: one column a line, and only
 * the words of schemas/store/. */
void store_pg_schema_translate(const char *sql, struct sl_buf *out);

/* Reads only; -1: there is no store; SL_EINVAL where a schema of that name has something else in
 * it. */
enum sl_code store_pg_schema_version(struct link *link, int64_t *out, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
