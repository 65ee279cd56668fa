#include "memory/memory.h"

#include "memory/heap.h"

#include "sluice/core/alloc.h"
#include "sluice/core/vec.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What a row was before the transaction wrote it. */
struct before {
	struct heap *heap;
	int64_t id;
	void *record; /* owned; NULL: it was not there */
};

struct backend {
	struct backend_head head;
	pthread_rwlock_t lock;
	struct heap *heaps; /* in the order of store_all_tables */

	struct {
		SL_VEC(struct before);
	} log; /* of the writing transaction */

	size_t marked; /* length of the log at the mark */
};

struct tx {
	struct tx_head head;
	struct backend *backend;
};

static void backend_free(struct backend *backend)
{
	for (size_t i = 0; i < store_all_tables_len; i++)
		store_heap_done(&backend->heaps[i]);
	sl_vec_done(&backend->log);
	(void)pthread_rwlock_destroy(&backend->lock);
	free(backend->heaps);
	free(backend);
}

static struct heap *heap_of(struct backend *backend, const struct table *table)
{
	size_t i = 0;

	while (store_all_tables[i] != table)
		i++;
	return &backend->heaps[i];
}

static const struct backend_ops memory_ops;

static enum sl_code begin(struct backend *backend, bool write, struct tx **out,
	struct sl_error *err)
{
	struct tx *tx = sl_xcalloc(1, sizeof(*tx));

	(void)err;
	if (write)
		(void)pthread_rwlock_wrlock(&backend->lock);
	else
		(void)pthread_rwlock_rdlock(&backend->lock);
	tx->head.ops = &memory_ops;
	tx->backend = backend;
	*out = tx;
	return SL_OK;
}

static void end(struct tx *tx)
{
	(void)pthread_rwlock_unlock(&tx->backend->lock);
	free(tx);
}

/* Puts rows back until the log has this length. */
static void unwind(struct backend *backend, size_t len)
{
	while (backend->log.len > len) {
		struct before *last = &backend->log.at[--backend->log.len];

		free(store_heap_put(last->heap, last->id, last->record));
	}
}

static void rollback(struct tx *tx)
{
	unwind(tx->backend, 0);
	end(tx);
}

static enum sl_code commit(struct tx *tx, struct sl_error *err)
{
	struct backend *backend = tx->backend;

	(void)err;
	for (size_t i = 0; i < backend->log.len; i++)
		free(backend->log.at[i].record);
	backend->log.len = 0;
	end(tx);
	return SL_OK;
}

static enum sl_code mark(struct tx *tx, struct sl_error *err)
{
	(void)err;
	tx->backend->marked = tx->backend->log.len;
	return SL_OK;
}

static enum sl_code keep(struct tx *tx, struct sl_error *err)
{
	(void)tx;
	(void)err;
	return SL_OK;
}

static void undo(struct tx *tx)
{
	unwind(tx->backend, tx->backend->marked);
}

/* Writes a row, or takes it away, so that it can be undone. */
static void put(struct backend *backend, struct heap *heap, int64_t id, void *record)
{
	void *old = store_heap_put(heap, id, record);

	*sl_vec_add(&backend->log) = (struct before){ heap, id, old };
}

static bool is_there(struct backend *backend, const struct table *table, int64_t id)
{
	const struct heap *heap = heap_of(backend, table);
	size_t i = store_heap_at(heap, id);

	return i < heap->rows.len && heap->rows.at[i].id == id;
}

static enum sl_code check_refs(struct backend *backend, const struct table *table,
	const void *record, struct sl_error *err)
{
	for (size_t i = 0; i < table->len; i++) {
		const struct column *column = &table->columns[i];
		int64_t id;

		if (column->kind != COLUMN_REF)
			continue;
		id = store_column_number(column, record);
		if (id != 0 && !is_there(backend, column->refs, id))
			return sl_error_set(err, SL_ENOTFOUND,
				"store: %s: the record that it belongs to does not exist",
				table->name);
	}
	return SL_OK;
}

static enum sl_code insert(struct tx *tx, const struct table *table, const void *record,
	int64_t *id, struct sl_error *err)
{
	struct heap *heap = heap_of(tx->backend, table);
	enum sl_code code;

	*id = 0;
	if (store_heap_taken(heap, record))
		return SL_OK;
	code = check_refs(tx->backend, table, record, err);
	if (code != SL_OK)
		return code;
	*id = ++heap->last_id;
	put(tx->backend, heap, *id, store_heap_pack(table, record));
	return SL_OK;
}

static void set_column(const struct table *table, const struct set *set, void *record)
{
	const struct column *column = store_table_column(table, set->column);

	if (column->kind == COLUMN_TEXT)
		store_column_set_text(column, record, set->text ? set->text : "");
	else
		store_column_set_number(column, record,
			set->number + (set->add ? store_column_number(column, record) : 0));
}

static enum sl_code update_row(struct backend *backend, struct heap *heap, size_t i,
	const struct set *sets, struct sl_error *err)
{
	const struct stored *row = &heap->rows.at[i];
	sl_autofree void *changed = sl_xcalloc(1, heap->table->size);
	enum sl_code code;

	memcpy(changed, row->record, heap->table->size);
	for (; sets->column; sets++)
		set_column(heap->table, sets, changed);
	code = check_refs(backend, heap->table, changed, err);
	if (code == SL_OK)
		put(backend, heap, row->id, store_heap_pack(heap->table, changed));
	return code;
}

static enum sl_code update(struct tx *tx, const struct query *where, const struct set *sets,
	size_t *changed, struct sl_error *err)
{
	struct heap *heap = heap_of(tx->backend, where->table);
	size_t first = 0;
	size_t end_at = heap->rows.len;
	enum sl_code code = SL_OK;

	*changed = 0;
	if (store_heap_single(heap, where, &first))
		end_at = first < heap->rows.len ? first + 1 : first;
	for (size_t i = first; i < end_at && code == SL_OK; i++) {
		if (!store_heap_matches(where, &heap->rows.at[i]))
			continue;
		code = update_row(tx->backend, heap, i, sets, err);
		(*changed)++;
	}
	return code;
}

static enum sl_code remove_rows(struct tx *tx, const struct query *where, struct sl_error *err)
{
	struct heap *heap = heap_of(tx->backend, where->table);

	(void)err;
	for (size_t i = heap->rows.len; i > 0; i--) {
		if (store_heap_matches(where, &heap->rows.at[i - 1]))
			put(tx->backend, heap, heap->rows.at[i - 1].id, NULL);
	}
	return SL_OK;
}

static enum sl_code select_rows(struct tx *tx, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err)
{
	(void)err;
	store_heap_select(heap_of(tx->backend, query->table), query, arena, out);
	return SL_OK;
}

static const struct backend_ops memory_ops = {
	.free = backend_free,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.mark = mark,
	.keep = keep,
	.undo = undo,
	.insert = insert,
	.update = update,
	.remove = remove_rows,
	.select = select_rows,
};

enum sl_code store_memory_backend_open(struct backend **out, const struct backend_place *place,
	struct sl_error *err)
{
	struct backend *backend = sl_xcalloc(1, sizeof(*backend));

	(void)place;
	(void)err;
	backend->head.ops = &memory_ops;
	(void)pthread_rwlock_init(&backend->lock, NULL);
	backend->heaps = sl_xcalloc(store_all_tables_len, sizeof(*backend->heaps));
	for (size_t i = 0; i < store_all_tables_len; i++)
		store_heap_init(&backend->heaps[i], store_all_tables[i]);
	*out = backend;
	return SL_OK;
}
