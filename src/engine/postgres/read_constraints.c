#include "read_parts.h"

#include "sluice/core/buf.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"

enum {
	K_OID,
	K_KIND,
	K_NAME,
	K_COLUMNS,
	K_EXPR,
	K_DEF,
	K_REF_SCHEMA,
	K_REF_TABLE,
	K_REF_OID,
	K_REF_COLUMNS,
	K_UPDATE,
	K_DELETE,
	K_MATCH,
	K_VALID,
	K_DEFERRABLE,
	K_DEFERRED,
	K_NO_INHERIT,
	K_INDEX_COLUMNS, /* null where they are the key's */
	K_KEY_COLUMNS, /* how many of them are */
	K_NULLS,
	K_COMMENT,
	K_SET_COLUMNS
};

static enum sl_constraint_kind kind_of(char mark)
{
	switch (mark) {
	case 'p':
		return SL_CONSTRAINT_PRIMARY;
	case 'u':
		return SL_CONSTRAINT_UNIQUE;
	case 'f':
		return SL_CONSTRAINT_FOREIGN;
	case 'x':
		return SL_CONSTRAINT_EXCLUDE;
	default:
		return SL_CONSTRAINT_CHECK;
	}
}

static enum sl_fk_action action_of(char mark)
{
	switch (mark) {
	case 'r':
		return SL_FK_RESTRICT;
	case 'c':
		return SL_FK_CASCADE;
	case 'n':
		return SL_FK_SET_NULL;
	case 'd':
		return SL_FK_SET_DEFAULT;
	default:
		return SL_FK_NO_ACTION;
	}
}

static struct sl_names include_of(struct sl_pg_read *read, const struct sl_rows *rows, size_t row,
	const struct sl_pg_span *columns)
{
	struct sl_names names = sl_pg_column_names(read, columns,
		sl_pg_text(rows, row, K_INDEX_COLUMNS));
	size_t keys = (size_t)sl_pg_number(rows, row, K_KEY_COLUMNS, 0);

	if (names.len <= keys)
		return (struct sl_names){ .len = 0 };
	return (struct sl_names){ names.at + keys, names.len - keys };
}

static const char *extra_of(struct sl_pg_read *read, const struct sl_rows *rows, size_t row,
	const struct sl_pg_span *columns)
{
	struct sl_names include = include_of(read, rows, row, columns);
	const char *text = "";

	if (sl_str_eq(sl_pg_text(rows, row, K_MATCH), "f"))
		text = "match full";
	if (sl_pg_true(rows, row, K_NULLS))
		text = "nulls not distinct";
	if (include.len > 0) {
		sl_auto_buf struct sl_buf list = SL_BUF_INIT(64 * 1024);

		for (size_t i = 0; i < include.len; i++) {
			sl_buf_adds(&list, i > 0 ? ", " : "");
			sl_escape_ident(&list, include.at[i], '"');
		}
		text = sl_pg_spaced(read, text,
			sl_arena_printf(read->arena, "include (%s)",
				sl_sql_normal(read->arena, SL_DIALECT_POSTGRES, sl_buf_str(&list),
					list.len)));
	}
	return text;
}

/* Of an exclusion: what pg_get_constraintdef() prints behind the word. */
static const char *constraint_text(struct sl_pg_read *read, const struct sl_rows *rows, size_t row,
	enum sl_constraint_kind kind)
{
	const char *def = sl_pg_text(rows, row, K_DEF);

	if (kind == SL_CONSTRAINT_CHECK)
		return sl_pg_normal(read, rows, row, K_EXPR);
	if (kind == SL_CONSTRAINT_EXCLUDE && sl_str_starts(def, "EXCLUDE "))
		return sl_sql_normal(read->arena, SL_DIALECT_POSTGRES, def + strlen("EXCLUDE "),
			strlen(def + strlen("EXCLUDE ")));
	return NULL;
}

/* Any relation's columns: all of them are sorted by it. */
static struct sl_pg_span columns_of(const struct sl_pg_read *read, int64_t oid)
{
	const struct sl_rows *rows = &read->answers[SL_PG_COLUMNS];
	struct sl_pg_span span = { 0, rows->len };

	while (span.first < span.end) {
		size_t middle = span.first + (span.end - span.first) / 2;

		if (sl_pg_number(rows, middle, 0, 0) < oid)
			span.first = middle + 1;
		else
			span.end = middle;
	}
	while (span.end < rows->len && sl_pg_number(rows, span.end, 0, 0) == oid)
		span.end++;
	return span;
}

static struct sl_names ref_columns_of(struct sl_pg_read *read, const struct sl_rows *rows,
	size_t row)
{
	struct sl_pg_span columns;

	if (!sl_rows_cell(rows, row, K_REF_OID))
		return (struct sl_names){ .len = 0 };
	columns = columns_of(read, sl_pg_number(rows, row, K_REF_OID, 0));
	return sl_pg_column_names(read, &columns, sl_pg_text(rows, row, K_REF_COLUMNS));
}

static struct sl_constraint constraint_of(struct sl_pg_read *read, const struct sl_rows *rows,
	size_t row, const struct sl_pg_span *columns)
{
	enum sl_constraint_kind kind = kind_of(sl_pg_text(rows, row, K_KIND)[0]);

	return (struct sl_constraint){ .kind = kind,
		.name = sl_pg_text(rows, row, K_NAME),
		.columns = sl_pg_column_names(read, columns, sl_pg_text(rows, row, K_COLUMNS)),
		.expression = constraint_text(read, rows, row, kind),
		.ref_schema = sl_pg_text(rows, row, K_REF_SCHEMA),
		.ref_table = sl_pg_text(rows, row, K_REF_TABLE),
		.ref_columns = ref_columns_of(read, rows, row),
		.on_update = action_of(sl_pg_text(rows, row, K_UPDATE)[0]),
		.on_delete = action_of(sl_pg_text(rows, row, K_DELETE)[0]),
		.set_columns = sl_pg_column_names(read, columns,
			sl_pg_text(rows, row, K_SET_COLUMNS)),
		.extra = extra_of(read, rows, row, columns),
		.comment = sl_pg_text(rows, row, K_COMMENT),
		.not_valid = !sl_pg_true(rows, row, K_VALID),
		.deferrable = sl_pg_true(rows, row, K_DEFERRABLE),
		.initially_deferred = sl_pg_true(rows, row, K_DEFERRED),
		.no_inherit = sl_pg_true(rows, row, K_NO_INHERIT) };
}

struct sl_constraints sl_pg_constraints(struct sl_pg_read *read, const struct sl_pg_span *span,
	const struct sl_pg_span *columns)
{
	struct sl_constraints constraints = { .len = span->end - span->first };
	struct sl_constraint *at = sl_arena_calloc(read->arena, constraints.len + 1, sizeof(*at));

	constraints.at = at;
	for (size_t i = 0; i < constraints.len; i++)
		at[i] = constraint_of(read, &read->answers[SL_PG_CONSTRAINTS], span->first + i,
			columns);
	return constraints;
}
