/* One table from a transaction to another, and what it amounts to. */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "backend.h"

#include "sluice/core/hash.h"

/* Of one table: what a backup records of it. */
struct amount {
	uint64_t rows;
	char sha256[SL_SHA256_HEX];
};

/* Reads the table in the order of its ids; to NULL: only reads. */
enum sl_code store_copy_table(struct tx *from, struct tx *to, const struct table *table,
	struct amount *out, struct sl_error *err) __attribute__((warn_unused_result));

/* What a backup writes down about its tables, as facts of its own. */
enum sl_code store_copy_record(struct tx *tx, const struct table *table,
	const struct amount *amount, struct sl_error *err) __attribute__((warn_unused_result));

/* *recorded is false when the file says nothing of the table. */
enum sl_code store_copy_recorded(struct tx *tx, const struct table *table, struct amount *out,
	bool *recorded, struct sl_error *err) __attribute__((warn_unused_result));

#endif
