#include "store_int.h"

#include <inttypes.h>
#include <stdio.h>

enum sl_code store_tx_select(struct tx *tx, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err)
{
	return store_tx_ops(tx)->select(tx, query, arena, out, err);
}

enum sl_code store_tx_first(struct tx *tx, const struct query *query, struct sl_arena *arena,
	void **out, struct sl_error *err)
{
	struct query one = *query;
	struct rows rows;
	enum sl_code code;

	one.limit = 1;
	code = store_tx_select(tx, &one, arena, &rows, err);
	if (code == SL_OK)
		*out = rows.len > 0 ? rows.at : NULL;
	return code;
}

static enum sl_code by_id(struct tx *tx, struct query *query, struct sl_arena *arena, void **out,
	struct sl_error *err)
{
	enum sl_code code = store_tx_first(tx, query, arena, out, err);

	if (code == SL_OK && !*out)
		code = sl_error_set(err, SL_ENOTFOUND, "%s %" PRId64 ": there is none",
			query->table->name, query->filters[0].number);
	return code;
}

enum sl_code store_tx_by_id(struct tx *tx, const struct table *table, int64_t id,
	struct sl_arena *arena, void **out, struct sl_error *err)
{
	struct query query = { .table = table, .filters = { { .column = "id", .number = id } } };

	return by_id(tx, &query, arena, out, err);
}

enum sl_code store_tx_lock(struct tx *tx, const struct table *table, int64_t id,
	struct sl_arena *arena, void **out, struct sl_error *err)
{
	struct query query = { .table = table,
		.filters = { { .column = "id", .number = id } },
		.lock = LOCK_ROWS };

	return by_id(tx, &query, arena, out, err);
}

void store_tx_tell(struct tx *tx, enum sl_news news, int64_t id)
{
	char key[24];

	if (!store_tx_ops(tx)->tell)
		return;
	(void)snprintf(key, sizeof(key), "%" PRId64, id);
	store_tx_ops(tx)->tell(tx, news, key);
}

enum sl_code store_tx_set(struct tx *tx, const struct table *table, int64_t id,
	const struct set *sets, struct sl_error *err)
{
	struct query where = { .table = table, .filters = { { .column = "id", .number = id } } };
	size_t changed = 0;
	enum sl_code code = store_tx_ops(tx)->update(tx, &where, sets, &changed, err);

	if (code == SL_OK && changed == 0)
		code = sl_error_set(err, SL_ENOTFOUND, "%s %" PRId64 ": there is none", table->name,
			id);
	return code;
}

enum sl_code store_select(struct sl_store *store, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err)
{
	struct tx *tx = NULL;
	enum sl_code code = store_begin(store, &tx, err);

	if (code != SL_OK)
		return code;
	code = store_tx_select(tx, query, arena, out, err);
	store_tx_ops(tx)->rollback(tx);
	return code;
}

struct set_job {
	const struct table *table;
	int64_t id;
	const struct set *sets;
};

static enum sl_code run_set(struct tx *tx, void *arg, struct sl_error *err)
{
	const struct set_job *job = arg;

	return store_tx_set(tx, job->table, job->id, job->sets, err);
}

enum sl_code store_set(struct sl_store *store, const struct table *table, int64_t id,
	const struct set *sets, struct sl_error *err)
{
	struct set_job job = { table, id, sets };

	return store_write(store, run_set, &job, err);
}
