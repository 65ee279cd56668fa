#include "fuzz.h"

#include "sluice/core/arena.h"
#include "sluice/sql/statement.h"

#include <stdlib.h>
#include <string.h>

static void check_text(const char *row, const struct sl_fact_column *column)
{
	const char *text;

	memcpy(&text, row + column->offset, sizeof(text));
	if (!text || strlen(text) > (size_t)1 << 30)
		abort();
}

static void check_span(const char *row, const struct sl_fact_column *column, size_t size)
{
	size_t at, len;

	memcpy(&at, row + column->offset, sizeof(at));
	memcpy(&len, row + column->offset + sizeof(at), sizeof(len));
	if (at > size || len > size - at)
		abort();
}

static void check_row(const struct sl_fact_table *table, const char *row, size_t size)
{
	size_t n;
	const struct sl_fact_column *columns = table->columns(&n);

	for (size_t i = 0; i < n; i++) {
		if (columns[i].type == SL_FACT_TYPE_TEXT)
			check_text(row, &columns[i]);
		else if (columns[i].type == SL_FACT_TYPE_SPAN)
			check_span(row, &columns[i], size);
	}
}

/* Whatever the text is: text is never NULL and every span lies in the statement. */
static void check_facts(const struct sl_facts *facts, size_t size)
{
	size_t n;
	const struct sl_fact_table *tables = sl_fact_tables(&n);

	for (size_t i = 0; i < n; i++) {
		struct {
			char *at;
			size_t len, cap;
		} list;

		memcpy(&list, (const char *)facts + tables[i].list, sizeof(list));
		for (size_t j = 0; j < list.len; j++)
			check_row(&tables[i], list.at + j * tables[i].row, size);
	}
}

/* The first byte chooses the dialect. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_arena *arena;
	struct sl_sql_input input;

	if (size < 2 || memchr(data + 1, '\0', size - 1))
		return 0;
	arena = sl_arena_new();
	input = (struct sl_sql_input){ .dialect = (enum sl_dialect)(data[0] % SL_DIALECT_COUNT),
		.text = (const char *)data + 1,
		.len = size - 1 };
	check_facts(sl_sql_parse(arena, &input), input.len);
	sl_arena_free(arena);
	return 0;
}
