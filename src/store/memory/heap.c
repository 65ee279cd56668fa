#include "memory/heap.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define KEY_TEXT_MAX (1u << 20)

void store_heap_init(struct heap *heap, const struct table *table)
{
	assert(table->keys_len <= HEAP_KEYS_MAX);
	*heap = (struct heap){ .table = table };
	for (size_t i = 0; i < table->keys_len; i++)
		heap->keys[i] = sl_map_new();
}

void store_heap_done(struct heap *heap)
{
	for (size_t i = 0; i < heap->rows.len; i++)
		free(heap->rows.at[i].record);
	sl_vec_done(&heap->rows);
	for (size_t i = 0; i < HEAP_KEYS_MAX; i++)
		sl_map_free(heap->keys[i]);
}

void *store_heap_pack(const struct table *table, const void *record)
{
	size_t size = table->size;
	char *block;
	char *text;

	for (size_t i = 0; i < table->len; i++) {
		if (table->columns[i].kind == COLUMN_TEXT)
			size += strlen(store_column_text(&table->columns[i], record)) + 1;
	}
	block = sl_xcalloc(1, size);
	memcpy(block, record, table->size);
	text = block + table->size;
	for (size_t i = 0; i < table->len; i++) {
		const struct column *column = &table->columns[i];
		size_t len;

		if (column->kind != COLUMN_TEXT)
			continue;
		len = strlen(store_column_text(column, record)) + 1;
		memcpy(text, store_column_text(column, record), len);
		store_column_set_text(column, block, text);
		text += len;
	}
	return block;
}

size_t store_heap_at(const struct heap *heap, int64_t id)
{
	size_t low = 0;
	size_t high = heap->rows.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (heap->rows.at[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_value(struct sl_buf *out, const struct column *column, const void *record)
{
	if (column->kind == COLUMN_TEXT)
		sl_buf_adds(out, store_column_text(column, record));
	else
		sl_buf_addf(out, "%" PRId64, store_column_number(column, record));
	sl_buf_addc(out, '\x1f');
}

/* The key's text of a record; false when the key does not count this row. */
static bool key_text(const struct table *table, const struct key *key, const void *record,
	struct sl_buf *out)
{
	if (key->where_zero &&
		store_column_number(store_table_column(table, key->where_zero), record) != 0)
		return false;
	for (size_t i = 0; i < KEY_COLUMNS_MAX && key->columns[i]; i++)
		add_value(out, store_table_column(table, key->columns[i]), record);
	return true;
}

bool store_heap_taken(const struct heap *heap, const void *record)
{
	for (size_t i = 0; i < heap->table->keys_len; i++) {
		sl_auto_buf struct sl_buf text = SL_BUF_INIT(KEY_TEXT_MAX);

		if (key_text(heap->table, &heap->table->keys[i], record, &text) &&
			sl_map_get(heap->keys[i], sl_buf_str(&text)))
			return true;
	}
	return false;
}

/* Ids as the maps' values: they count from 1, so none is NULL. */
static void *id_value(int64_t id)
{
	return (void *)(uintptr_t)id;
}

static void set_keys(struct heap *heap, const void *record, int64_t id, bool there)
{
	for (size_t i = 0; i < heap->table->keys_len; i++) {
		sl_auto_buf struct sl_buf text = SL_BUF_INIT(KEY_TEXT_MAX);

		if (!key_text(heap->table, &heap->table->keys[i], record, &text))
			continue;
		if (there)
			(void)sl_map_put(heap->keys[i], sl_buf_str(&text), id_value(id));
		else
			(void)sl_map_remove(heap->keys[i], sl_buf_str(&text));
	}
}

/* Makes room for the id at index i, or closes it. */
static void open_row(struct heap *heap, size_t i, int64_t id)
{
	(void)sl_vec_add(&heap->rows);
	memmove(&heap->rows.at[i + 1], &heap->rows.at[i],
		(heap->rows.len - 1 - i) * sizeof(*heap->rows.at));
	heap->rows.at[i] = (struct stored){ id, NULL };
}

static void close_row(struct heap *heap, size_t i)
{
	memmove(&heap->rows.at[i], &heap->rows.at[i + 1],
		(heap->rows.len - 1 - i) * sizeof(*heap->rows.at));
	heap->rows.len--;
}

void *store_heap_put(struct heap *heap, int64_t id, void *record)
{
	size_t i = store_heap_at(heap, id);
	bool there = i < heap->rows.len && heap->rows.at[i].id == id;
	void *old = there ? heap->rows.at[i].record : NULL;

	if (old)
		set_keys(heap, old, id, false);
	if (!there && record)
		open_row(heap, i, id);
	if (record) {
		heap->rows.at[i].record = record;
		set_keys(heap, record, id, true);
	} else if (there) {
		close_row(heap, i);
	}
	return old;
}

static bool compares(const struct filter *filter, int order)
{
	switch (filter->compare) {
	case IS:
		return order == 0;
	case IS_NOT:
		return order != 0;
	case BELOW:
		return order < 0;
	case AT_MOST:
		return order <= 0;
	case ABOVE:
		return order > 0;
	case ONE_OF:
	case AMONG:
		break;
	}
	return false;
}

static bool is_among(const struct id_list *ids, int64_t id)
{
	for (size_t i = 0; i < ids->len; i++) {
		if (ids->at[i] == id)
			return true;
	}
	return false;
}

static int order_of(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static bool matches(const struct table *table, const struct filter *filter,
	const struct stored *row)
{
	const struct column *column;
	int64_t number;

	if (strcmp(filter->column, "id") == 0)
		return filter->compare == AMONG ?
			is_among(&filter->ids, row->id) :
			compares(filter, order_of(row->id, filter->number));
	column = store_table_column(table, filter->column);
	if (filter->compare == AMONG)
		return is_among(&filter->ids, store_column_number(column, row->record));
	if (filter->text)
		return compares(filter,
			strcmp(store_column_text(column, row->record), filter->text));
	number = store_column_number(column, row->record);
	if (filter->compare == ONE_OF)
		return filter->number >> number & 1;
	return compares(filter, order_of(number, filter->number));
}

bool store_heap_matches(const struct query *query, const struct stored *row)
{
	for (size_t i = 0; i < FILTERS_MAX && query->filters[i].column; i++) {
		if (!matches(query->table, &query->filters[i], row))
			return false;
	}
	return true;
}

static const struct filter *equality(const struct query *query, const char *column)
{
	for (size_t i = 0; i < FILTERS_MAX && query->filters[i].column; i++) {
		if (query->filters[i].compare == IS &&
			strcmp(query->filters[i].column, column) == 0)
			return &query->filters[i];
	}
	return NULL;
}

/* The key's text as the filters give it; false when they do not name all its columns. */
static bool wanted_key(const struct query *query, const struct key *key, struct sl_buf *out)
{
	if (key->where_zero)
		return false;
	for (size_t i = 0; i < KEY_COLUMNS_MAX && key->columns[i]; i++) {
		const struct filter *filter = equality(query, key->columns[i]);

		if (!filter)
			return false;
		if (filter->text)
			sl_buf_addf(out, "%s\x1f", filter->text);
		else
			sl_buf_addf(out, "%" PRId64 "\x1f", filter->number);
	}
	return true;
}

/* The index of the row with the id when it matches, else the number of rows. */
static size_t matching(const struct heap *heap, const struct query *query, int64_t id)
{
	size_t i = store_heap_at(heap, id);

	if (i < heap->rows.len && heap->rows.at[i].id == id &&
		store_heap_matches(query, &heap->rows.at[i]))
		return i;
	return heap->rows.len;
}

bool store_heap_single(const struct heap *heap, const struct query *query, size_t *out)
{
	const struct filter *id = equality(query, "id");

	if (id) {
		*out = matching(heap, query, id->number);
		return true;
	}
	for (size_t i = 0; i < heap->table->keys_len; i++) {
		sl_auto_buf struct sl_buf text = SL_BUF_INIT(KEY_TEXT_MAX);
		void *value;

		if (!wanted_key(query, &heap->table->keys[i], &text))
			continue;
		value = sl_map_get(heap->keys[i], sl_buf_str(&text));
		*out = matching(heap, query, (int64_t)(uintptr_t)value);
		return true;
	}
	return false;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct query *query = arg;
	const struct stored *left = a;
	const struct stored *right = b;
	int order = 0;

	if (query->order) {
		const struct column *column = store_table_column(query->table, query->order);

		order = column->kind == COLUMN_TEXT ?
			strcmp(store_column_text(column, left->record),
				store_column_text(column, right->record)) :
			order_of(store_column_number(column, left->record),
				store_column_number(column, right->record));
	}
	if (order == 0)
		order = order_of(left->id, right->id);
	return query->descending ? -order : order;
}

static void copy_out(const struct query *query, const struct stored *rows, size_t len,
	struct sl_arena *arena, struct rows *out)
{
	const struct table *table = query->table;
	char *at = sl_arena_calloc(arena, len > 0 ? len : 1, table->size);

	for (size_t i = 0; i < len; i++) {
		char *record = at + i * table->size;

		memcpy(record, store_record_copy(table, rows[i].record, arena), table->size);
		store_record_set_id(table, record, rows[i].id);
		if (query->without)
			store_column_set_text(store_table_column(table, query->without), record,
				"");
	}
	*out = (struct rows){ .at = at, .len = len };
}

/* Whether no later row has the same value of the column; of a text. */
static bool is_newest(const struct heap *heap, const struct query *query, size_t at)
{
	const struct column *column;

	if (!query->newest_of)
		return true;
	column = store_table_column(query->table, query->newest_of);
	for (size_t i = at + 1; i < heap->rows.len; i++) {
		if (strcmp(store_column_text(column, heap->rows.at[i].record),
			    store_column_text(column, heap->rows.at[at].record)) == 0)
			return false;
	}
	return true;
}

void store_heap_select(const struct heap *heap, const struct query *query, struct sl_arena *arena,
	struct rows *out)
{
	struct {
		SL_VEC(struct stored);
	} found = { 0 };
	struct query order = *query;
	size_t single;

	if (store_heap_single(heap, query, &single)) {
		copy_out(query, heap->rows.at + single, single < heap->rows.len ? 1 : 0, arena,
			out);
		return;
	}
	for (size_t i = 0; i < heap->rows.len; i++) {
		if (store_heap_matches(query, &heap->rows.at[i]) && is_newest(heap, query, i))
			*sl_vec_add(&found) = heap->rows.at[i];
	}
	if (found.len > 1)
		qsort_r(found.at, found.len, sizeof(*found.at), compare_rows, &order);
	if (query->limit > 0 && found.len > query->limit)
		found.len = query->limit;
	copy_out(query, found.at, found.len, arena, out);
	sl_vec_done(&found);
}
