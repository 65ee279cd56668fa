/* What a relation consists of, from the answers that came before the relations'. */
#ifndef SLUICE_ENGINE_POSTGRES_READ_PARTS_H
#define SLUICE_ENGINE_POSTGRES_READ_PARTS_H

#include "read.h"

/* `span` and `columns` are rows of the answer that the function is called after, and of the
 * columns'. */
struct sl_columns sl_pg_columns(struct sl_pg_read *read, const struct sl_pg_span *span);
struct sl_constraints sl_pg_constraints(struct sl_pg_read *read, const struct sl_pg_span *span,
	const struct sl_pg_span *columns);
struct sl_indexes sl_pg_indexes(struct sl_pg_read *read, const struct sl_pg_span *span,
	const struct sl_pg_span *columns);

/* The name of the relation's column of that number, NULL when there is none. */
const char *sl_pg_column_name(const struct sl_pg_read *read, const struct sl_pg_span *columns,
	int64_t number);

/* The names for an array or a vector of numbers. */
struct sl_names sl_pg_column_names(struct sl_pg_read *read, const struct sl_pg_span *columns,
	const char *numbers);

/* Both with a blank between, or the one that is not empty. */
const char *sl_pg_spaced(struct sl_pg_read *read, const char *a, const char *b);

#endif
