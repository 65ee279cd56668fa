#include "read_parts.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"

/* Answers that are walked side by side, all sorted by the relation's oid. */
struct relations {
	struct sl_rows tables, columns, constraints, indexes, parents, reads;

	struct {
		size_t first, end;
	} column, constraint, index, parent, read;
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
	T_VIEW
};

enum {
	C_OID,
	C_NAME,
	C_TYPE,
	C_COLLATION,
	C_DEFAULT,
	C_GENERATED,
	C_IDENTITY,
	C_NOT_NULL,
	C_STORAGE,
	C_COMPRESSION,
	C_COMMENT
};

enum {
	K_OID,
	K_KIND,
	K_NAME,
	K_COLUMNS,
	K_EXPR,
	K_DEF,
	K_REF_SCHEMA,
	K_REF_TABLE,
	K_REF_COLUMNS,
	K_UPDATE,
	K_DELETE,
	K_MATCH,
	K_VALID,
	K_DEFERRABLE,
	K_DEFERRED,
	K_NO_INHERIT,
	K_INCLUDE,
	K_NULLS,
	K_COMMENT
};

static enum sl_identity identity_of(const char *mark)
{
	if (mark[0] == 'a')
		return SL_IDENTITY_ALWAYS;
	return mark[0] == 'd' ? SL_IDENTITY_BY_DEFAULT : SL_IDENTITY_NONE;
}

static const char *spaced(struct sl_pg_read *read, const char *a, const char *b)
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

static struct sl_columns columns_of(struct sl_pg_read *read, struct relations *all, const char *oid)
{
	const struct sl_rows *rows = &all->columns;
	struct sl_column *at;
	struct sl_columns columns;

	sl_pg_span(rows, oid, &all->column.first, &all->column.end);
	columns.len = all->column.end - all->column.first;
	columns.at = at = sl_arena_calloc(read->arena, columns.len + 1, sizeof(*at));
	for (size_t i = 0; i < columns.len; i++) {
		size_t row = all->column.first + i;
		bool generated = sl_str_eq(sl_pg_text(rows, row, C_GENERATED), "s");
		const char *storage = sl_pg_text(rows, row, C_STORAGE);
		const char *compression = sl_pg_text(rows, row, C_COMPRESSION);
		const char *expression = sl_pg_normal(read, rows, row, C_DEFAULT);

		at[i] = (struct sl_column){ .name = sl_pg_text(rows, row, C_NAME),
			.type = sl_type_normal(read->arena, SL_DIALECT_POSTGRES,
				sl_pg_text(rows, row, C_TYPE)),
			.collation = sl_pg_text(rows, row, C_COLLATION),
			.default_sql = generated ? NULL : expression,
			.generated_sql = generated ? expression : NULL,
			.generated = generated ? SL_GENERATED_STORED : SL_GENERATED_NONE,
			.identity = identity_of(sl_pg_text(rows, row, C_IDENTITY)),
			.not_null = sl_pg_true(rows, row, C_NOT_NULL),
			.comment = sl_pg_text(rows, row, C_COMMENT) };
		if (storage[0] != '\0')
			storage = sl_arena_printf(read->arena, "storage %s", storage);
		if (compression[0] != '\0')
			compression = sl_arena_printf(read->arena, "compression %s", compression);
		at[i].extra = spaced(read, storage, compression);
	}
	return columns;
}

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

static const char *constraint_extra(struct sl_pg_read *read, const struct sl_rows *rows, size_t row)
{
	struct sl_names include = sl_pg_names(read, sl_pg_text(rows, row, K_INCLUDE));
	const char *text = "";

	if (sl_str_eq(sl_pg_text(rows, row, K_MATCH), "f"))
		text = "match full";
	if (sl_pg_true(rows, row, K_NULLS))
		text = "nulls not distinct";
	if (include.len > 0) {
		sl_auto_buf struct sl_buf list = SL_BUF_INIT(64 * 1024);

		for (size_t i = 0; i < include.len; i++)
			sl_buf_addf(&list, "%s%s", i > 0 ? ", " : "", include.at[i]);
		text = spaced(read, text,
			sl_arena_printf(read->arena, "include (%s)", sl_buf_str(&list)));
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

static struct sl_constraints constraints_of(struct sl_pg_read *read, struct relations *all,
	const char *oid)
{
	const struct sl_rows *rows = &all->constraints;
	struct sl_constraint *at;
	struct sl_constraints constraints;

	sl_pg_span(rows, oid, &all->constraint.first, &all->constraint.end);
	constraints.len = all->constraint.end - all->constraint.first;
	constraints.at = at = sl_arena_calloc(read->arena, constraints.len + 1, sizeof(*at));
	for (size_t i = 0; i < constraints.len; i++) {
		size_t row = all->constraint.first + i;
		enum sl_constraint_kind kind = kind_of(sl_pg_text(rows, row, K_KIND)[0]);

		at[i] = (struct sl_constraint){ .kind = kind,
			.name = sl_pg_text(rows, row, K_NAME),
			.columns = sl_pg_names(read, sl_pg_text(rows, row, K_COLUMNS)),
			.expression = constraint_text(read, rows, row, kind),
			.ref_schema = sl_pg_text(rows, row, K_REF_SCHEMA),
			.ref_table = sl_pg_text(rows, row, K_REF_TABLE),
			.ref_columns = sl_pg_names(read, sl_pg_text(rows, row, K_REF_COLUMNS)),
			.on_update = action_of(sl_pg_text(rows, row, K_UPDATE)[0]),
			.on_delete = action_of(sl_pg_text(rows, row, K_DELETE)[0]),
			.extra = constraint_extra(read, rows, row),
			.comment = sl_pg_text(rows, row, K_COMMENT),
			.not_valid = !sl_pg_true(rows, row, K_VALID),
			.deferrable = sl_pg_true(rows, row, K_DEFERRABLE),
			.initially_deferred = sl_pg_true(rows, row, K_DEFERRED),
			.no_inherit = sl_pg_true(rows, row, K_NO_INHERIT) };
	}
	return constraints;
}

static struct sl_indexes indexes_of(struct sl_pg_read *read, struct relations *all, const char *oid)
{
	sl_pg_span(&all->indexes, oid, &all->index.first, &all->index.end);
	return sl_pg_indexes(read, &all->indexes, all->index.first, all->index.end);
}

static enum sl_table_kind table_kind(char mark)
{
	if (mark == 'p')
		return SL_TABLE_PARTITIONED;
	return mark == 'f' ? SL_TABLE_FOREIGN : SL_TABLE_PLAIN;
}

static struct sl_names parents_of(struct sl_pg_read *read, struct relations *all, const char *oid)
{
	struct sl_names names;
	const char **at;

	sl_pg_span(&all->parents, oid, &all->parent.first, &all->parent.end);
	names.len = all->parent.end - all->parent.first;
	names.at = at = sl_arena_calloc(read->arena, names.len + 1, sizeof(*at));
	for (size_t i = 0; i < names.len; i++)
		at[i] = sl_pg_text(&all->parents, all->parent.first + i, 1);
	return names;
}

static void add_table(struct sl_pg_read *read, struct relations *all, size_t row)
{
	const struct sl_rows *rows = &all->tables;
	const char *oid = sl_pg_text(rows, row, T_OID);
	const char *method = sl_pg_text(rows, row, T_METHOD);
	struct sl_table table = { .id = { .kind = SL_ENTITY_TABLE,
					  .schema = sl_pg_text(rows, row, T_SCHEMA),
					  .name = sl_pg_text(rows, row, T_NAME),
					  .detail = "" },
		.kind = table_kind(sl_pg_text(rows, row, T_KIND)[0]),
		.columns = columns_of(read, all, oid),
		.constraints = constraints_of(read, all, oid),
		.indexes = indexes_of(read, all, oid),
		.partition_by = sl_pg_normal(read, rows, row, T_PART_KEY),
		.partition_bound = sl_pg_normal(read, rows, row, T_BOUND),
		.comment = sl_pg_text(rows, row, T_COMMENT),
		.unlogged = sl_str_eq(sl_pg_text(rows, row, T_PERSISTENCE), "u"),
		.temporary = sl_str_eq(sl_pg_text(rows, row, T_PERSISTENCE), "t"),
		.row_security = sl_pg_true(rows, row, T_ROW_SECURITY),
		.force_row_security = sl_pg_true(rows, row, T_FORCE),
		.rows = sl_pg_number(rows, row, T_TUPLES, -1),
		.bytes = sl_pg_number(rows, row, T_BYTES, -1) };
	struct sl_names parents = parents_of(read, all, oid);

	if (table.partition_bound && parents.len == 1)
		table.partition_of = parents.at[0];
	else
		table.inherits = parents;
	if (method[0] != '\0')
		method = sl_arena_printf(read->arena, "using %s", method);
	table.extra = spaced(read, method, options_of(read, rows, row));
	sl_catalog_add(read->builder, &table.id);
}

static void add_view(struct sl_pg_read *read, struct relations *all, size_t row)
{
	const struct sl_rows *rows = &all->tables;
	const char *oid = sl_pg_text(rows, row, T_OID);
	struct sl_columns columns = columns_of(read, all, oid);
	const char **names = sl_arena_calloc(read->arena, columns.len + 1, sizeof(*names));
	struct sl_view view = { .id = { .kind = SL_ENTITY_VIEW,
					.schema = sl_pg_text(rows, row, T_SCHEMA),
					.name = sl_pg_text(rows, row, T_NAME),
					.detail = "" },
		.definition = sl_pg_normal(read, rows, row, T_VIEW),
		.extra = options_of(read, rows, row),
		.comment = sl_pg_text(rows, row, T_COMMENT),
		.indexes = indexes_of(read, all, oid),
		.materialised = sl_str_eq(sl_pg_text(rows, row, T_KIND), "m"),
		.temporary = sl_str_eq(sl_pg_text(rows, row, T_PERSISTENCE), "t"),
		.reads_known = true };
	struct sl_reference *reads;

	for (size_t i = 0; i < columns.len; i++)
		names[i] = columns.at[i].name;
	view.columns = (struct sl_names){ names, columns.len };
	sl_pg_span(&all->reads, oid, &all->read.first, &all->read.end);
	view.reads.len = all->read.end - all->read.first;
	view.reads.at = reads = sl_arena_calloc(read->arena, view.reads.len + 1, sizeof(*reads));
	for (size_t i = 0; i < view.reads.len; i++) {
		size_t at = all->read.first + i;

		reads[i] = (struct sl_reference){ sl_pg_text(&all->reads, at, 1),
			sl_pg_text(&all->reads, at, 2), sl_rows_cell(&all->reads, at, 3) };
	}
	sl_catalog_add(read->builder, &view.id);
}

static enum sl_code ask_all(struct sl_pg_read *read, struct relations *all)
{
	const struct {
		struct sl_rows *rows;
		const char *file;
	} queries[] = {
		{ &all->tables, "tables.sql" },
		{ &all->columns, "columns.sql" },
		{ &all->constraints, "constraints.sql" },
		{ &all->indexes, "indexes.sql" },
		{ &all->parents, "parents.sql" },
		{ &all->reads, "reads.sql" },
	};
	enum sl_code code = SL_OK;

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]) && code == SL_OK; i++)
		code = sl_pg_rows(read, queries[i].rows, queries[i].file);
	return code;
}

enum sl_code sl_pg_read_relations(struct sl_pg_read *read)
{
	struct relations all = { .column = { 0, 0 } };
	enum sl_code code = ask_all(read, &all);

	if (code != SL_OK)
		return code;
	for (size_t row = 0; row < all.tables.len; row++) {
		char kind = sl_pg_text(&all.tables, row, T_KIND)[0];

		if (kind == 'v' || kind == 'm')
			add_view(read, &all, row);
		else
			add_table(read, &all, row);
	}
	return SL_OK;
}
