#include "read.h"

#include "sluice/core/str.h"

void sl_pg_add_schemas(struct sl_pg_read *read, const struct sl_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		struct sl_schema schema = { .id = { .kind = SL_ENTITY_SCHEMA,
						    .schema = "",
						    .name = sl_pg_text(rows, i, 0),
						    .detail = "" },
			.comment = sl_pg_text(rows, i, 1) };

		sl_catalog_add(read->builder, &schema.id);
	}
}

void sl_pg_add_extensions(struct sl_pg_read *read, const struct sl_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		struct sl_extension extension = { .id = { .kind = SL_ENTITY_EXTENSION,
							  .schema = "",
							  .name = sl_pg_text(rows, i, 0),
							  .detail = "" },
			.version = sl_pg_text(rows, i, 1),
			.in_schema = sl_pg_text(rows, i, 2) };

		sl_catalog_add(read->builder, &extension.id);
	}
}

enum {
	Y_OID,
	Y_KIND,
	Y_SCHEMA,
	Y_NAME,
	Y_LABELS,
	Y_BASE,
	Y_DEFAULT,
	Y_NOT_NULL,
	Y_RELATION,
	Y_COMMENT,
	Y_EXTRA,
	Y_ALSO
};

static enum sl_type_kind type_kind(char mark)
{
	switch (mark) {
	case 'e':
		return SL_TYPE_ENUM;
	case 'd':
		return SL_TYPE_DOMAIN;
	case 'c':
		return SL_TYPE_COMPOSITE;
	case 'r':
		return SL_TYPE_RANGE;
	default:
		return SL_TYPE_OTHER;
	}
}

/* Checks of domains and attributes of composite types, walked beside the types. */
struct beside {
	struct sl_pg_span check, attribute;
};

static struct sl_constraints checks_of(struct sl_pg_read *read, struct sl_pg_span *span,
	const char *oid)
{
	const struct sl_rows *rows = &read->answers[SL_PG_DOMAIN_CHECKS];
	struct sl_constraints checks;
	struct sl_constraint *at;

	sl_pg_walk(rows, oid, span);
	checks.len = span->end - span->first;
	checks.at = at = sl_arena_calloc(read->arena, checks.len + 1, sizeof(*at));
	for (size_t i = 0; i < checks.len; i++) {
		size_t row = span->first + i;

		at[i] = (struct sl_constraint){ .kind = SL_CONSTRAINT_CHECK,
			.name = sl_pg_text(rows, row, 1),
			.expression = sl_pg_normal(read, rows, row, 2),
			.not_valid = !sl_pg_true(rows, row, 3) };
	}
	return checks;
}

static struct sl_columns attributes_of(struct sl_pg_read *read, struct sl_pg_span *span,
	const char *relation)
{
	const struct sl_rows *rows = &read->answers[SL_PG_ATTRIBUTES];
	struct sl_columns attributes;
	struct sl_column *at;

	sl_pg_walk(rows, relation, span);
	attributes.len = span->end - span->first;
	attributes.at = at = sl_arena_calloc(read->arena, attributes.len + 1, sizeof(*at));
	for (size_t i = 0; i < attributes.len; i++) {
		size_t row = span->first + i;

		at[i] = (struct sl_column){ .name = sl_pg_text(rows, row, 1),
			.type = sl_pg_type(read, sl_pg_text(rows, row, 2)),
			.collation = sl_pg_text(rows, row, 3),
			.collation_schema = sl_pg_text(rows, row, 4) };
	}
	return attributes;
}

static void add_type(struct sl_pg_read *read, const struct sl_rows *rows, size_t i,
	struct beside *beside)
{
	struct sl_type type = { .id = { .kind = SL_ENTITY_TYPE,
					.schema = sl_pg_text(rows, i, Y_SCHEMA),
					.name = sl_pg_text(rows, i, Y_NAME),
					.detail = "" },
		.kind = type_kind(sl_pg_text(rows, i, Y_KIND)[0]),
		.labels = sl_pg_names(read, sl_pg_text(rows, i, Y_LABELS)),
		.base = sl_rows_cell(rows, i, Y_BASE),
		.default_sql = sl_pg_normal(read, rows, i, Y_DEFAULT),
		.not_null = sl_pg_true(rows, i, Y_NOT_NULL),
		.extra = sl_pg_text(rows, i, Y_EXTRA),
		.also = sl_pg_names(read, sl_pg_text(rows, i, Y_ALSO)),
		.comment = sl_pg_text(rows, i, Y_COMMENT) };

	if (type.kind == SL_TYPE_DOMAIN)
		type.checks = checks_of(read, &beside->check, sl_pg_text(rows, i, Y_OID));
	if (type.kind == SL_TYPE_COMPOSITE)
		type.attributes = attributes_of(read, &beside->attribute,
			sl_pg_text(rows, i, Y_RELATION));
	if (type.kind == SL_TYPE_OTHER)
		sl_catalog_add_incomplete(read->builder,
			sl_arena_printf(read->arena, "base type %s.%s", type.id.schema,
				type.id.name));
	sl_catalog_add(read->builder, &type.id);
}

void sl_pg_add_types(struct sl_pg_read *read, const struct sl_rows *rows)
{
	struct beside beside = { .check = { 0, 0 } };

	for (size_t i = 0; i < rows->len; i++)
		add_type(read, rows, i, &beside);
}

enum {
	Q_SCHEMA,
	Q_NAME,
	Q_TYPE,
	Q_START,
	Q_INCREMENT,
	Q_MIN,
	Q_MAX,
	Q_CACHE,
	Q_CYCLE,
	Q_TABLE_SCHEMA,
	Q_TABLE,
	Q_COLUMN,
	Q_COMMENT
};

void sl_pg_add_sequences(struct sl_pg_read *read, const struct sl_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		const char *schema = sl_pg_text(rows, i, Q_TABLE_SCHEMA);
		const char *table = sl_pg_text(rows, i, Q_TABLE);
		struct sl_sequence sequence = { .id = { .kind = SL_ENTITY_SEQUENCE,
							.schema = sl_pg_text(rows, i, Q_SCHEMA),
							.name = sl_pg_text(rows, i, Q_NAME),
							.detail = "" },
			.type = sl_pg_text(rows, i, Q_TYPE),
			.start = sl_pg_number(rows, i, Q_START, 1),
			.increment = sl_pg_number(rows, i, Q_INCREMENT, 1),
			.min = sl_pg_number(rows, i, Q_MIN, 0),
			.max = sl_pg_number(rows, i, Q_MAX, 0),
			.cache = sl_pg_number(rows, i, Q_CACHE, 1),
			.cycle = sl_pg_true(rows, i, Q_CYCLE),
			.comment = sl_pg_text(rows, i, Q_COMMENT) };

		if (table[0] != '\0' && sl_schema_ignored(SL_DIALECT_POSTGRES, schema, table))
			continue;
		if (table[0] != '\0')
			sequence.owned_by = sl_arena_printf(read->arena, "%s.%s.%s", schema, table,
				sl_pg_text(rows, i, Q_COLUMN));
		sl_catalog_add(read->builder, &sequence.id);
	}
}

void sl_pg_add_routines(struct sl_pg_read *read, const struct sl_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		const char *kind = sl_pg_text(rows, i, 0);
		struct sl_routine routine = { .id = { .kind = SL_ENTITY_ROUTINE,
						      .schema = sl_pg_text(rows, i, 1),
						      .name = sl_pg_text(rows, i, 2),
						      .detail = sl_pg_text(rows, i, 3) },
			.kind = SL_ROUTINE_FUNCTION,
			.definition = sl_pg_text(rows, i, 4),
			.comment = sl_pg_text(rows, i, 5) };

		if (kind[0] == 'p')
			routine.kind = SL_ROUTINE_PROCEDURE;
		if (kind[0] == 'a')
			routine.kind = SL_ROUTINE_AGGREGATE;
		sl_catalog_add(read->builder, &routine.id);
	}
}

static const char *firing(char mark)
{
	switch (mark) {
	case 'D':
		return "disabled";
	case 'R':
		return "replica";
	case 'A':
		return "always";
	default:
		return "";
	}
}

void sl_pg_add_triggers(struct sl_pg_read *read, const struct sl_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		struct sl_trigger trigger = { .id = { .kind = SL_ENTITY_TRIGGER,
						      .schema = sl_pg_text(rows, i, 0),
						      .name = sl_pg_text(rows, i, 1),
						      .detail = sl_pg_text(rows, i, 2) },
			.definition = sl_pg_normal(read, rows, i, 3),
			.enabled = firing(sl_pg_text(rows, i, 4)[0]),
			.comment = sl_pg_text(rows, i, 5) };

		if (!sl_schema_ignored(SL_DIALECT_POSTGRES, trigger.id.schema, trigger.id.detail))
			sl_catalog_add(read->builder, &trigger.id);
	}
}

void sl_pg_add_plain(struct sl_pg_read *read, const struct sl_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		struct sl_plain plain = { .id = { .kind = SL_ENTITY_PLAIN,
						  .schema = sl_pg_text(rows, i, 0),
						  .name = sl_pg_text(rows, i, 1),
						  .detail = sl_pg_text(rows, i, 2) },
			.definition = sl_pg_normal(read, rows, i, 3),
			.also = sl_pg_names(read, sl_pg_text(rows, i, 4)) };

		sl_catalog_add(read->builder, &plain.id);
	}
}

void sl_pg_add_missing(struct sl_pg_read *read, const struct sl_rows *rows)
{
	for (size_t i = 0; i < rows->len; i++)
		sl_catalog_add_incomplete(read->builder,
			sl_arena_printf(read->arena, "%s %s", sl_pg_text(rows, i, 0),
				sl_pg_text(rows, i, 1)));
}
