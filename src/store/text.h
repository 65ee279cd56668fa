/* The SQL of the store's statements, made from tables and queries, the same for every backend that
 * speaks SQL; each value is a parameter, a `?`, and no other question mark stands in the text. */
#ifndef STORE_TEXT_H
#define STORE_TEXT_H

#include "sluice/core/buf.h"

#include "backend.h"

#define SQL_TEXT_MAX 4096

void store_text_insert(struct sl_buf *out, const struct table *table);
void store_text_update(struct sl_buf *out, const struct query *where, const struct set *sets);
void store_text_remove(struct sl_buf *out, const struct query *where);

/* The row with its id, which comes before the columns. */
void store_text_load(struct sl_buf *out, const struct table *table);

/* Columns: id, then those of the table. */
void store_text_select(struct sl_buf *out, const struct query *query);

#endif
