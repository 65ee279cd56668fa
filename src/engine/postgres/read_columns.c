#include "read_parts.h"

#include "sluice/core/str.h"

enum {
	C_OID,
	C_NUMBER,
	C_NAME,
	C_TYPE,
	C_COLLATION,
	C_DEFAULT,
	C_GENERATED,
	C_IDENTITY,
	C_NOT_NULL,
	C_STORAGE,
	C_COMPRESSION,
	C_COMMENT,
	C_COLLATION_SCHEMA
};

static enum sl_identity identity_of(const char *mark)
{
	if (mark[0] == 'a')
		return SL_IDENTITY_ALWAYS;
	return mark[0] == 'd' ? SL_IDENTITY_BY_DEFAULT : SL_IDENTITY_NONE;
}

static const char *extra_of(struct sl_pg_read *read, const struct sl_rows *rows, size_t row)
{
	const char *storage = sl_pg_text(rows, row, C_STORAGE);
	const char *compression = sl_pg_text(rows, row, C_COMPRESSION);

	if (storage[0] != '\0')
		storage = sl_arena_printf(read->arena, "storage %s", storage);
	if (compression[0] != '\0')
		compression = sl_arena_printf(read->arena, "compression %s", compression);
	return sl_pg_spaced(read, storage, compression);
}

static struct sl_column column_of(struct sl_pg_read *read, const struct sl_rows *rows, size_t row)
{
	bool generated = sl_str_eq(sl_pg_text(rows, row, C_GENERATED), "s");
	const char *expression = sl_pg_normal(read, rows, row, C_DEFAULT);

	return (struct sl_column){ .name = sl_pg_text(rows, row, C_NAME),
		.type = sl_pg_type(read, sl_pg_text(rows, row, C_TYPE)),
		.collation = sl_pg_text(rows, row, C_COLLATION),
		.collation_schema = sl_pg_text(rows, row, C_COLLATION_SCHEMA),
		.default_sql = generated ? NULL : expression,
		.generated_sql = generated ? expression : NULL,
		.generated = generated ? SL_GENERATED_STORED : SL_GENERATED_NONE,
		.identity = identity_of(sl_pg_text(rows, row, C_IDENTITY)),
		.not_null = sl_pg_true(rows, row, C_NOT_NULL),
		.extra = extra_of(read, rows, row),
		.comment = sl_pg_text(rows, row, C_COMMENT) };
}

struct sl_columns sl_pg_columns(struct sl_pg_read *read, const struct sl_pg_span *span)
{
	struct sl_columns columns = { .len = span->end - span->first };
	struct sl_column *at = sl_arena_calloc(read->arena, columns.len + 1, sizeof(*at));

	columns.at = at;
	for (size_t i = 0; i < columns.len; i++)
		at[i] = column_of(read, &read->answers[SL_PG_COLUMNS], span->first + i);
	return columns;
}

/* Numbers ascend, with gaps where columns were dropped: a column stands at its number's place or
 * before. */
const char *sl_pg_column_name(const struct sl_pg_read *read, const struct sl_pg_span *columns,
	int64_t number)
{
	const struct sl_rows *rows = &read->answers[SL_PG_COLUMNS];
	size_t row = columns->end;

	if (number > 0 && (size_t)number < columns->end - columns->first)
		row = columns->first + (size_t)number;
	while (row > columns->first) {
		int64_t found = sl_pg_number(rows, --row, C_NUMBER, 0);

		if (found == number)
			return sl_pg_text(rows, row, C_NAME);
		if (found < number)
			break;
	}
	return NULL;
}

struct sl_names sl_pg_column_names(struct sl_pg_read *read, const struct sl_pg_span *columns,
	const char *numbers)
{
	struct sl_names names = { .len = 0 };
	const char **at;
	size_t most = 0;
	int64_t number;

	for (const char *c = numbers; sl_pg_next_number(&c, &number);)
		most++;
	names.at = at = sl_arena_calloc(read->arena, most + 1, sizeof(*at));
	while (sl_pg_next_number(&numbers, &number)) {
		const char *name = sl_pg_column_name(read, columns, number);

		if (name)
			at[names.len++] = name;
	}
	return names;
}
