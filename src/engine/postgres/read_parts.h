/* Indexes of a relation, from the rows of the query in read_relations.c. */
#ifndef SLUICE_ENGINE_POSTGRES_READ_PARTS_H
#define SLUICE_ENGINE_POSTGRES_READ_PARTS_H

#include "read.h"

enum {
	SL_PG_INDEX_OID,
	SL_PG_INDEX_NAME,
	SL_PG_INDEX_METHOD,
	SL_PG_INDEX_UNIQUE,
	SL_PG_INDEX_VALID,
	SL_PG_INDEX_PREDICATE,
	SL_PG_INDEX_OPTIONS,
	SL_PG_INDEX_NULLS,
	SL_PG_INDEX_KEYS, /* JSON: [[column, expression, collation, class, bits, is a key], ...] */
	SL_PG_INDEX_COMMENT
};

struct sl_indexes sl_pg_indexes(struct sl_pg_read *read, const struct sl_rows *rows, size_t first,
	size_t end);

#endif
