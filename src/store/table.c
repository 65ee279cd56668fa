#include "table.h"

#include <assert.h>
#include <string.h>

const struct column *store_table_column(const struct table *table, const char *name)
{
	size_t i = 0;

	while (i < table->len && strcmp(table->columns[i].name, name) != 0)
		i++;
	assert(i < table->len);
	return &table->columns[i];
}

static const char *field(const struct column *column, const void *record)
{
	return (const char *)record + column->offset;
}

int64_t store_column_number(const struct column *column, const void *record)
{
	int64_t number = 0;
	unsigned small = 0;
	bool flag = false;

	switch (column->kind) {
	case COLUMN_INT:
	case COLUMN_REF:
		memcpy(&number, field(column, record), sizeof(number));
		break;
	case COLUMN_UINT:
	case COLUMN_WORD:
		memcpy(&small, field(column, record), sizeof(small));
		number = small;
		break;
	case COLUMN_BOOL:
		memcpy(&flag, field(column, record), sizeof(flag));
		number = flag;
		break;
	case COLUMN_TEXT:
		assert(!"a text is no number");
	}
	return number;
}

void store_column_set_number(const struct column *column, void *record, int64_t value)
{
	char *at = (char *)record + column->offset;
	unsigned small = (unsigned)value;
	bool flag = value != 0;

	switch (column->kind) {
	case COLUMN_INT:
	case COLUMN_REF:
		memcpy(at, &value, sizeof(value));
		break;
	case COLUMN_UINT:
	case COLUMN_WORD:
		memcpy(at, &small, sizeof(small));
		break;
	case COLUMN_BOOL:
		memcpy(at, &flag, sizeof(flag));
		break;
	case COLUMN_TEXT:
		assert(!"a text is no number");
	}
}

const char *store_column_text(const struct column *column, const void *record)
{
	const char *text;

	memcpy(&text, field(column, record), sizeof(text));
	return text ? text : "";
}

void store_column_set_text(const struct column *column, void *record, const char *value)
{
	memcpy((char *)record + column->offset, &value, sizeof(value));
}

int64_t store_record_id(const struct table *table, const void *record)
{
	int64_t id = 0;

	if (table->id_offset != TABLE_WITHOUT_ID)
		memcpy(&id, (const char *)record + table->id_offset, sizeof(id));
	return id;
}

void store_record_set_id(const struct table *table, void *record, int64_t id)
{
	if (table->id_offset != TABLE_WITHOUT_ID)
		memcpy((char *)record + table->id_offset, &id, sizeof(id));
}

void *store_record_copy(const struct table *table, const void *record, struct sl_arena *arena)
{
	void *copy = sl_arena_alloc(arena, table->size);

	memcpy(copy, record, table->size);
	for (size_t i = 0; i < table->len; i++) {
		const struct column *column = &table->columns[i];

		if (column->kind == COLUMN_TEXT)
			store_column_set_text(column, copy,
				sl_arena_strdup(arena, store_column_text(column, record)));
	}
	return copy;
}
