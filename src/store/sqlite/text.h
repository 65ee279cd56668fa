/* The SQL of the store's four statements, made from tables and queries; the values are parameters,
 * numbered in the order in which they are bound. */
#ifndef STORE_SQLITE_TEXT_H
#define STORE_SQLITE_TEXT_H

#include "sluice/core/buf.h"

#include "backend.h"

#define SQL_TEXT_MAX 4096

void store_text_insert(struct sl_buf *out, const struct table *table);
void store_text_update(struct sl_buf *out, const struct query *where, const struct set *sets);
void store_text_remove(struct sl_buf *out, const struct query *where);

/* Columns: id, then those of the table. */
void store_text_select(struct sl_buf *out, const struct query *query);

#endif
