/*
 * What a backend of the store can do: rows of the tables of store/table.h, and transactions.  The
 * store's meaning (moves, claims, batches) is made of these, once for all backends.
 *
 * Threads: at most one writing transaction at a time, the store sees to it; readers come from any
 * thread and see the last commit.  A transaction belongs to the thread that began it.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "sluice/core/error.h"
#include "table.h"

enum compare {
	IS,
	IS_NOT,
	BELOW,
	AT_MOST,
	ABOVE,
	ONE_OF /* number is a mask over the values of a word */
};

struct filter {
	const char *column; /* or "id" */
	enum compare compare;
	int64_t number; /* unless text is set */
	const char *text;
};

#define FILTERS_MAX 6

struct query {
	const struct table *table;
	struct filter
		filters[FILTERS_MAX]; /* all must hold; ends with the first without a column */
	const char *order; /* a column; NULL: id */
	bool descending;
	unsigned limit; /* 0: none */
	const char *without; /* this column is not read: it stays "" or 0 */
};

struct rows {
	void *at; /* an array of the table's records */
	size_t len;
};

/* One column's new value. */
struct set {
	const char *column;
	int64_t number; /* unless text is set */
	const char *text;
	bool add; /* number is added to what is there */
};

struct backend; /* begins with a struct backend_head */
struct tx; /* begins with a struct tx_head */

struct backend_ops {
	void (*free)(struct backend *backend);

	enum sl_code (
		*begin)(struct backend *backend, bool write, struct tx **out, struct sl_error *err);
	/* Ends the transaction in any case; when it fails nothing is kept. */
	enum sl_code (*commit)(struct tx *tx, struct sl_error *err);
	void (*rollback)(struct tx *tx);

	/* One mark at a time: undo goes back to it, both forget it. */
	enum sl_code (*mark)(struct tx *tx, struct sl_error *err);
	enum sl_code (*keep)(struct tx *tx, struct sl_error *err);
	void (*undo)(struct tx *tx);

	/* *id is 0 when a key is taken: nothing was inserted. */
	enum sl_code (*insert)(struct tx *tx, const struct table *table, const void *record,
		int64_t *id, struct sl_error *err);
	/* Of the query only the table and the filters count. */
	enum sl_code (*update)(struct tx *tx, const struct query *where, const struct set *sets,
		size_t *changed, struct sl_error *err);
	enum sl_code (*remove)(struct tx *tx, const struct query *where, struct sl_error *err);
	enum sl_code (*select)(struct tx *tx, const struct query *query, struct sl_arena *arena,
		struct rows *out, struct sl_error *err);
};

struct backend_head {
	const struct backend_ops *ops;
};

struct tx_head {
	const struct backend_ops *ops;
};

#endif
