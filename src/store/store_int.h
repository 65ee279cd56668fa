/* What the files of the store share: the store's own shape, and its one way to write. */
#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H

#include "sluice/store/store.h"

#include "backend.h"
#include "writer.h"

struct sl_store {
	struct backend *backend; /* owned */
	struct writer writer;
	char installation[SL_ID_SIZE];
	void (*woken)(void *ctx, enum sl_object object, int64_t id);
	void *woken_ctx;
};

enum sl_code store_backend_open(struct backend **out, const struct sl_store_options *options,
	enum backend_use use, struct sl_error *err) __attribute__((warn_unused_result));

/* Nothing where there is one process. */
void store_tx_tell(struct tx *tx, enum sl_news news, int64_t id);

static inline const struct backend_ops *store_tx_ops(struct tx *tx)
{
	return ((const struct tx_head *)(const void *)tx)->ops;
}

/* A reading transaction: ended by rollback. */
enum sl_code store_begin(struct sl_store *store, struct tx **out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Runs it in a writing transaction, alone or with others; durable on SL_OK. */
enum sl_code store_write(struct sl_store *store,
	enum sl_code (*run)(struct tx *tx, void *arg, struct sl_error *err), void *arg,
	struct sl_error *err) __attribute__((warn_unused_result));

/* All rows of a query, or its first one: *out is NULL when there is none. */
enum sl_code store_tx_select(struct tx *tx, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code store_tx_first(struct tx *tx, const struct query *query, struct sl_arena *arena,
	void **out, struct sl_error *err) __attribute__((warn_unused_result));

/* The row with the id; SL_ENOTFOUND, naming the table, when there is none. */
enum sl_code store_tx_by_id(struct tx *tx, const struct table *table, int64_t id,
	struct sl_arena *arena, void **out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The same, kept from other writers to the end. */
enum sl_code store_tx_lock(struct tx *tx, const struct table *table, int64_t id,
	struct sl_arena *arena, void **out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Sets columns of the row with the id; SL_ENOTFOUND when there is none. */
enum sl_code store_tx_set(struct tx *tx, const struct table *table, int64_t id,
	const struct set *sets, struct sl_error *err) __attribute__((warn_unused_result));

/* A reading transaction of its own around one query. */
enum sl_code store_select(struct sl_store *store, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Sets the columns of one row in a write of its own. */
enum sl_code store_set(struct sl_store *store, const struct table *table, int64_t id,
	const struct set *sets, struct sl_error *err) __attribute__((warn_unused_result));

#endif
