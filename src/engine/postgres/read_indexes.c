#include "read_parts.h"

#include "sluice/core/buf.h"
#include "sluice/core/json.h"
#include "sluice/core/str.h"

/* Bits of pg_index.indoption. */
enum { DESCENDING = 1, NULLS_FIRST = 2 };

/* One element of the JSON list: [column, expression, collation, operator class, bits, is a key]. */
enum { PART_COLUMN, PART_EXPRESSION, PART_COLLATION, PART_CLASS, PART_BITS, PART_IS_KEY };

static const char *item(struct sl_pg_read *read, const json_t *part, size_t i)
{
	const json_t *text = json_array_get(part, i);

	return json_is_string(text) ? sl_arena_strdup(read->arena, json_string_value(text)) : NULL;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static struct sl_index_part key_of(struct sl_pg_read *read, const json_t *part)
{
	int64_t bits = json_integer_value(json_array_get(part, PART_BITS));
	bool descending = (bits & DESCENDING) != 0, first = (bits & NULLS_FIRST) != 0;
	const char *expression = item(read, part, PART_EXPRESSION);
	const char *class = or_empty(item(read, part, PART_CLASS));
	const char *nulls = "";

	if (first != descending)
		nulls = first ? "nulls first" : "nulls last";
	return (struct sl_index_part){ .column = item(read, part, PART_COLUMN),
		.expression = expression ? sl_sql_normal(read->arena, SL_DIALECT_POSTGRES,
						   expression, strlen(expression)) :
					   NULL,
		.collation = or_empty(item(read, part, PART_COLLATION)),
		.extra = class[0] != '\0' && nulls[0] != '\0' ?
			sl_arena_printf(read->arena, "%s %s", class, nulls) :
			(class[0] != '\0' ? class : nulls),
		.descending = descending };
}

static void set_parts(struct sl_pg_read *read, struct sl_index *index, const char *json)
{
	json_t *list sl_auto(sl_json_decref_p) = NULL;
	struct sl_index_part *parts;
	const char **include;
	size_t i;
	json_t *part;

	if (json[0] == '\0' ||
		sl_json_load(&list, json, strlen(json), SL_QUERY_MAX_BYTES, "index", NULL) != SL_OK)
		return;
	parts = sl_arena_calloc(read->arena, json_array_size(list) + 1, sizeof(*parts));
	include = sl_arena_calloc(read->arena, json_array_size(list) + 1, sizeof(*include));
	index->parts.at = parts;
	index->include.at = include;
	json_array_foreach(list, i, part) {
		if (json_is_true(json_array_get(part, PART_IS_KEY)))
			parts[index->parts.len++] = key_of(read, part);
		else
			include[index->include.len++] = or_empty(item(read, part, PART_COLUMN));
	}
}

static const char *index_extra(struct sl_pg_read *read, const char *options, bool nulls)
{
	if (!nulls)
		return options;
	return options[0] == '\0' ? "nulls not distinct" :
				    sl_arena_printf(read->arena, "nulls not distinct %s", options);
}

struct sl_indexes sl_pg_indexes(struct sl_pg_read *read, const struct sl_rows *rows, size_t first,
	size_t end)
{
	struct sl_indexes indexes = { .len = end - first };
	struct sl_index *at = sl_arena_calloc(read->arena, indexes.len + 1, sizeof(*at));

	indexes.at = at;
	for (size_t i = 0; i < indexes.len; i++) {
		size_t row = first + i;

		at[i] = (struct sl_index){ .name = sl_pg_text(rows, row, SL_PG_INDEX_NAME),
			.method = sl_pg_text(rows, row, SL_PG_INDEX_METHOD),
			.unique = sl_pg_true(rows, row, SL_PG_INDEX_UNIQUE),
			.invalid = !sl_pg_true(rows, row, SL_PG_INDEX_VALID),
			.predicate = sl_pg_normal(read, rows, row, SL_PG_INDEX_PREDICATE),
			.extra = index_extra(read,
				or_empty(sl_pg_normal(read, rows, row, SL_PG_INDEX_OPTIONS)),
				sl_pg_true(rows, row, SL_PG_INDEX_NULLS)),
			.comment = sl_pg_text(rows, row, SL_PG_INDEX_COMMENT) };
		set_parts(read, &at[i], sl_pg_text(rows, row, SL_PG_INDEX_KEYS));
	}
	return indexes;
}
