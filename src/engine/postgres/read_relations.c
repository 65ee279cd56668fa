#include "read_parts.h"

#include "sluice/core/str.h"

/* What is walked beside the relations, all of it sorted by the relation's oid. */
struct beside {
	struct sl_pg_span column, constraint, index, parent, read, also;
};

enum {
	T_OID,
	T_KIND,
	T_SCHEMA,
	T_NAME,
	T_PERSISTENCE,
	T_OPTIONS,
	T_METHOD,
	T_PART_KEY,
	T_BOUND,
	T_ROW_SECURITY,
	T_FORCE,
	T_TUPLES,
	T_BYTES,
	T_COMMENT,
	T_VIEW,
	T_SERVER
};

const char *sl_pg_spaced(struct sl_pg_read *read, const char *a, const char *b)
{
	if (a[0] == '\0' || b[0] == '\0')
		return a[0] != '\0' ? a : b;
	return sl_arena_printf(read->arena, "%s %s", a, b);
}

/* "with (fillfactor = 70)", or "". */
static const char *options_of(struct sl_pg_read *read, const struct sl_rows *rows, size_t row)
{
	const char *options = sl_pg_normal(read, rows, row, T_OPTIONS);

	return options ? options : "";
}

static enum sl_table_kind table_kind(char mark)
{
	if (mark == 'p')
		return SL_TABLE_PARTITIONED;
	return mark == 'f' ? SL_TABLE_FOREIGN : SL_TABLE_PLAIN;
}

/* The second column of the answer's rows. */
static struct sl_names texts_of(struct sl_pg_read *read, enum sl_pg_answer answer,
	const struct sl_pg_span *span)
{
	const struct sl_rows *rows = &read->answers[answer];
	struct sl_names names = { .len = span->end - span->first };
	const char **at = sl_arena_calloc(read->arena, names.len + 1, sizeof(*at));

	names.at = at;
	for (size_t i = 0; i < names.len; i++)
		at[i] = sl_pg_text(rows, span->first + i, 1);
	return names;
}

static void add_table(struct sl_pg_read *read, const struct sl_rows *rows, size_t row,
	const struct beside *beside)
{
	const char *method = sl_pg_text(rows, row, T_METHOD);
	struct sl_table table = { .id = { .kind = SL_ENTITY_TABLE,
					  .schema = sl_pg_text(rows, row, T_SCHEMA),
					  .name = sl_pg_text(rows, row, T_NAME),
					  .detail = "" },
		.kind = table_kind(sl_pg_text(rows, row, T_KIND)[0]),
		.columns = sl_pg_columns(read, &beside->column),
		.constraints = sl_pg_constraints(read, &beside->constraint, &beside->column),
		.indexes = sl_pg_indexes(read, &beside->index, &beside->column),
		.also = texts_of(read, SL_PG_ALSO, &beside->also),
		.partition_by = sl_pg_normal(read, rows, row, T_PART_KEY),
		.partition_bound = sl_pg_normal(read, rows, row, T_BOUND),
		.comment = sl_pg_text(rows, row, T_COMMENT),
		.unlogged = sl_str_eq(sl_pg_text(rows, row, T_PERSISTENCE), "u"),
		.temporary = sl_str_eq(sl_pg_text(rows, row, T_PERSISTENCE), "t"),
		.row_security = sl_pg_true(rows, row, T_ROW_SECURITY),
		.force_row_security = sl_pg_true(rows, row, T_FORCE),
		.rows = sl_pg_number(rows, row, T_TUPLES, -1),
		.bytes = sl_pg_number(rows, row, T_BYTES, -1) };
	struct sl_names parents = texts_of(read, SL_PG_PARENTS, &beside->parent);

	if (table.partition_bound && parents.len == 1)
		table.partition_of = parents.at[0];
	else
		table.inherits = parents;
	if (method[0] != '\0')
		method = sl_arena_printf(read->arena, "using %s", method);
	table.extra = sl_pg_spaced(read, method, options_of(read, rows, row));
	if (table.kind == SL_TABLE_FOREIGN)
		table.extra = sl_pg_text(rows, row, T_SERVER);
	sl_catalog_add(read->builder, &table.id);
}

static struct sl_names names_of(struct sl_pg_read *read, const struct sl_pg_span *span)
{
	struct sl_columns columns = sl_pg_columns(read, span);
	const char **at = sl_arena_calloc(read->arena, columns.len + 1, sizeof(*at));

	for (size_t i = 0; i < columns.len; i++)
		at[i] = columns.at[i].name;
	return (struct sl_names){ at, columns.len };
}

static struct sl_references reads_of(struct sl_pg_read *read, const struct sl_pg_span *span)
{
	const struct sl_rows *rows = &read->answers[SL_PG_READS];
	struct sl_references reads = { .len = span->end - span->first };
	struct sl_reference *at = sl_arena_calloc(read->arena, reads.len + 1, sizeof(*at));

	reads.at = at;
	for (size_t i = 0; i < reads.len; i++) {
		size_t row = span->first + i;

		at[i] = (struct sl_reference){ sl_pg_text(rows, row, 1), sl_pg_text(rows, row, 2),
			sl_rows_cell(rows, row, 3) };
	}
	return reads;
}

static void add_view(struct sl_pg_read *read, const struct sl_rows *rows, size_t row,
	const struct beside *beside)
{
	struct sl_view view = { .id = { .kind = SL_ENTITY_VIEW,
					.schema = sl_pg_text(rows, row, T_SCHEMA),
					.name = sl_pg_text(rows, row, T_NAME),
					.detail = "" },
		.columns = names_of(read, &beside->column),
		.definition = sl_pg_normal(read, rows, row, T_VIEW),
		.extra = options_of(read, rows, row),
		.comment = sl_pg_text(rows, row, T_COMMENT),
		.indexes = sl_pg_indexes(read, &beside->index, &beside->column),
		.also = texts_of(read, SL_PG_ALSO, &beside->also),
		.reads = reads_of(read, &beside->read),
		.materialised = sl_str_eq(sl_pg_text(rows, row, T_KIND), "m"),
		.temporary = sl_str_eq(sl_pg_text(rows, row, T_PERSISTENCE), "t"),
		.reads_known = true };

	sl_catalog_add(read->builder, &view.id);
}

static void walk(struct sl_pg_read *read, const char *oid, struct beside *beside)
{
	sl_pg_walk(&read->answers[SL_PG_COLUMNS], oid, &beside->column);
	sl_pg_walk(&read->answers[SL_PG_CONSTRAINTS], oid, &beside->constraint);
	sl_pg_walk(&read->answers[SL_PG_INDEXES], oid, &beside->index);
	sl_pg_walk(&read->answers[SL_PG_PARENTS], oid, &beside->parent);
	sl_pg_walk(&read->answers[SL_PG_READS], oid, &beside->read);
	sl_pg_walk(&read->answers[SL_PG_ALSO], oid, &beside->also);
}

void sl_pg_add_relations(struct sl_pg_read *read, const struct sl_rows *rows)
{
	struct beside beside = { .column = { 0, 0 } };

	for (size_t row = 0; row < rows->len; row++) {
		char kind = sl_pg_text(rows, row, T_KIND)[0];

		walk(read, sl_pg_text(rows, row, T_OID), &beside);
		if (kind == 'v' || kind == 'm')
			add_view(read, rows, row, &beside);
		else
			add_table(read, rows, row, &beside);
	}
}
