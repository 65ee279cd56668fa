#include "read_parts.h"

#include "sluice/core/json.h"
#include "sluice/core/str.h"

enum {
	I_OID,
	I_NAME,
	I_METHOD,
	I_UNIQUE,
	I_VALID,
	I_PREDICATE,
	I_OPTIONS,
	I_NULLS,
	I_COLUMNS, /* 0: an expression */
	I_KEY_COLUMNS, /* how many of them are the key's */
	I_BITS,
	I_EXPRESSIONS,
	I_SPECIALS, /* null, or a list of texts for each part, see the query */
	I_COMMENT
};

/* Bits of pg_index.indoption. */
enum { DESCENDING = 1, NULLS_FIRST = 2 };

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* What differs from the column's collation and the type's operator class: rare. */
static json_t *specials_of(const struct sl_rows *rows, size_t row)
{
	const char *text = sl_pg_text(rows, row, I_SPECIALS);
	json_t *list = NULL;

	if (text[0] == '\0' ||
		sl_json_load(&list, text, strlen(text), SL_QUERY_MAX_BYTES, "index", NULL) != SL_OK)
		return NULL;
	return list;
}

static const char *special(struct sl_pg_read *read, const json_t *specials, size_t part, size_t i)
{
	const json_t *text = json_array_get(json_array_get(specials, part), i);

	return json_is_string(text) ? sl_arena_strdup(read->arena, json_string_value(text)) : "";
}

static struct sl_index_part part_of(struct sl_pg_read *read, const json_t *specials, size_t i,
	int64_t bits)
{
	bool descending = (bits & DESCENDING) != 0, first = (bits & NULLS_FIRST) != 0;
	const char *nulls = "";

	if (first != descending)
		nulls = first ? "nulls first" : "nulls last";
	return (struct sl_index_part){ .collation = special(read, specials, i, 0),
		.collation_schema = special(read, specials, i, 2),
		.operators = special(read, specials, i, 3),
		.extra = sl_pg_spaced(read, special(read, specials, i, 1), nulls),
		.descending = descending };
}

static void set_parts(struct sl_pg_read *read, const struct sl_rows *rows, size_t row,
	const struct sl_pg_span *columns, struct sl_index *index)
{
	json_t *specials sl_auto(sl_json_decref_p) = specials_of(rows, row);
	struct sl_names expressions = sl_pg_names(read, sl_pg_text(rows, row, I_EXPRESSIONS));
	const char *numbers = sl_pg_text(rows, row, I_COLUMNS);
	const char *all_bits = sl_pg_text(rows, row, I_BITS);
	size_t len = (size_t)sl_pg_number(rows, row, I_KEY_COLUMNS, 0), expression = 0;
	struct sl_index_part *parts = sl_arena_calloc(read->arena, len + 1, sizeof(*parts));
	int64_t number, bits = 0;

	index->parts.at = parts;
	while (index->parts.len < len && sl_pg_next_number(&numbers, &number)) {
		struct sl_index_part *part = &parts[index->parts.len];

		(void)sl_pg_next_number(&all_bits, &bits);
		*part = part_of(read, specials, index->parts.len++, bits);
		if (number != 0)
			part->column = sl_pg_column_name(read, columns, number);
		else if (expression < expressions.len)
			part->expression = sl_sql_normal(read->arena, SL_DIALECT_POSTGRES,
				expressions.at[expression], strlen(expressions.at[expression]));
		expression += number == 0;
	}
	index->include = sl_pg_column_names(read, columns, numbers);
}

static const char *extra_of(struct sl_pg_read *read, const struct sl_rows *rows, size_t row)
{
	return sl_pg_spaced(read, sl_pg_true(rows, row, I_NULLS) ? "nulls not distinct" : "",
		or_empty(sl_pg_normal(read, rows, row, I_OPTIONS)));
}

struct sl_indexes sl_pg_indexes(struct sl_pg_read *read, const struct sl_pg_span *span,
	const struct sl_pg_span *columns)
{
	const struct sl_rows *rows = &read->answers[SL_PG_INDEXES];
	struct sl_indexes indexes = { .len = span->end - span->first };
	struct sl_index *at = sl_arena_calloc(read->arena, indexes.len + 1, sizeof(*at));

	indexes.at = at;
	for (size_t i = 0; i < indexes.len; i++) {
		size_t row = span->first + i;

		at[i] = (struct sl_index){ .name = sl_pg_text(rows, row, I_NAME),
			.method = sl_pg_text(rows, row, I_METHOD),
			.unique = sl_pg_true(rows, row, I_UNIQUE),
			.invalid = !sl_pg_true(rows, row, I_VALID),
			.predicate = sl_pg_normal(read, rows, row, I_PREDICATE),
			.extra = extra_of(read, rows, row),
			.comment = sl_pg_text(rows, row, I_COMMENT) };
		set_parts(read, rows, row, columns, &at[i]);
	}
	return indexes;
}
