/*
 * What a backend of the store can do: rows of the tables of store/table.h, and transactions.  The
 * store's meaning (moves, claims, batches) is made of these, once for all backends.
 *
 * Threads: readers come from any thread and see the last commit.  Of a backend with one writer the
 * store begins at most one writing transaction at a time; the others let writers, also those of
 * other processes, go side by side, each seeing what was committed before its statement, and keep
 * them apart by locks.  A transaction belongs to the thread that began it.
 *
 * SL_EBUSY: the transaction lost against another one, or its connection broke before the commit;
 * nothing of it is kept, and it is to be run again.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "sluice/store/store.h"

#include "sluice/core/clock.h"
#include "sluice/core/error.h"
#include "table.h"

enum compare {
	IS,
	IS_NOT,
	BELOW,
	AT_MOST,
	ABOVE,
	ONE_OF, /* number is a mask over the values of a word */
	AMONG /* one of the ids; of a reference, or "id" */
};

/* At most so many at once: what is more is asked for in parts. */
#define AMONG_MAX 64

struct id_list {
	const int64_t *at;
	size_t len; /* 1 to AMONG_MAX */
};

struct filter {
	const char *column; /* or "id" */
	enum compare compare;
	int64_t number; /* unless text is set */
	const char *text;
	struct id_list ids; /* AMONG */
};

#define FILTERS_MAX 6

/* Kept from other writers to the end of the transaction.  Rows that a write is decided from are
 * read so; a change is locked before what belongs to it, so that two writers never wait for each
 * other.
 */
enum lock {
	LOCK_NONE,
	LOCK_ROWS,
	LOCK_FREE_ROWS /* rows that another writer has locked are passed over */
};

struct query {
	const struct table *table;
	struct filter
		filters[FILTERS_MAX]; /* all must hold; ends with the first without a column */
	const char *order; /* a column; NULL: id */
	bool descending;
	unsigned limit; /* 0: none */
	const char *without; /* this column is not read: it stays "" or 0 */
	enum lock lock; /* in a writing transaction */
	const char *newest_of; /* only the row with the highest id for each value of this column */
	bool with_ids; /* of the rows, for tables whose records have none */
};

struct rows {
	void *at; /* an array of the table's records */
	size_t len;
	int64_t *ids; /* of each, where the query asked for them */
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

/* Who hears of other processes' commits, on a thread of the backend. */
struct ears {
	void (*hear)(void *ctx, enum sl_news news, const char *key);
	void *ctx;
};

struct backend_ops {
	void (*free)(struct backend *backend);

	enum sl_code (
		*begin)(struct backend *backend, bool write, struct tx **out, struct sl_error *err);
	/* Ends the transaction in any case; when it fails nothing is kept. */
	enum sl_code (*commit)(struct tx *tx, struct sl_error *err);
	void (*rollback)(struct tx *tx);

	/* One mark at a time: undo goes back to it, both forget it.  NULL in a shared one, whose
	 * transactions hold one job each. */
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

	/* *got: nobody else has this name until the end of the transaction.  NULL: there is one
	 * writer. */
	enum sl_code (*guard)(struct tx *tx, const char *name, bool *got, struct sl_error *err);
	/* Other processes hear of it after the commit.  NULL: there are none. */
	void (*tell)(struct tx *tx, enum sl_news news, const char *key);
	void (*listen)(struct backend *backend, const struct ears *ears);

	/* For a restore: from now on references are looked at by the commit; a row with its id;
	 * then, the ids that are given go on behind those that came in. */
	enum sl_code (*defer)(struct tx *tx, struct sl_error *err);
	enum sl_code (*load)(struct tx *tx, const struct table *table, const void *record,
		int64_t id, struct sl_error *err);
	enum sl_code (*loaded)(struct tx *tx, const struct table *table, struct sl_error *err);
};

enum backend_use {
	BACKEND_SERVE, /* made or migrated when needed */
	BACKEND_READ, /* as it is, beside whoever serves it */
	BACKEND_FILL, /* as BACKEND_SERVE, while nobody serves it */
	BACKEND_FILE /* a file that does not exist yet, of one piece when it is closed */
};

struct backend_place {
	const char *url; /* whole, holds no secret */
	const char *where; /* behind the scheme */
	const char *password; /* reference to a secret, or NULL */
	const struct sl_clock *clock;
	enum backend_use use;
};

struct backend_head {
	const struct backend_ops *ops;
	bool shared; /* several processes may serve it, and writers go side by side */
};

struct tx_head {
	const struct backend_ops *ops;
};

#endif
