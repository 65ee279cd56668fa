#include "shape.h"

#include <assert.h>

/* clang-format off */
#define ROW(owner, member, form, ...) \
	{ .key = #member, .offset = offsetof(struct owner, member), .type = (form), __VA_ARGS__ }
#define ID(owner, part) \
	{ .key = #part, .type = FIELD_TEXT, \
		.offset = offsetof(struct owner, id) + offsetof(struct sl_entity, part) }
#define KIND(owner) \
	{ .key = "kind", .type = FIELD_ENUM, .words = entity_words, .always = true, \
		.offset = offsetof(struct owner, id) + offsetof(struct sl_entity, kind) }
#define WHAT(owner, table) \
	{ .key = "what", .type = FIELD_ENUM, .words = (table), \
		.offset = offsetof(struct owner, kind) }
#define SHAPE(owner, rows) \
	{ .size = sizeof(struct owner), .fields = (rows), .len = sizeof(rows) / sizeof((rows)[0]) }
/* clang-format on */

static const char *const generated_words[] = { "none", "stored", "virtual", NULL };
static const char *const identity_words[] = { "none", "always", "by default", "auto", NULL };
static const char *const constraint_words[] = { "primary key", "unique", "foreign key", "check",
	"exclude", NULL };
static const char *const action_words[] = { "no action", "restrict", "cascade", "set null",
	"set default", NULL };
static const char *const table_words[] = { "table", "partitioned", "foreign", "virtual", NULL };
static const char *const type_words[] = { "enum", "domain", "composite", "range", "other", NULL };
static const char *const routine_words[] = { "function", "procedure", "aggregate", NULL };
static const char *const entity_words[] = { "schema", "extension", "type", "sequence", "table",
	"view", "routine", "trigger", "plain", NULL };

static const struct field column_fields[] = {
	ROW(sl_column, collation, FIELD_TEXT),
	ROW(sl_column, collation_schema, FIELD_TEXT),
	ROW(sl_column, comment, FIELD_TEXT),
	ROW(sl_column, default_sql, FIELD_OPTIONAL),
	ROW(sl_column, extra, FIELD_TEXT),
	ROW(sl_column, generated, FIELD_ENUM, .words = generated_words),
	ROW(sl_column, generated_sql, FIELD_OPTIONAL),
	ROW(sl_column, identity, FIELD_ENUM, .words = identity_words),
	ROW(sl_column, name, FIELD_TEXT),
	ROW(sl_column, not_null, FIELD_BOOL),
	ROW(sl_column, type, FIELD_TEXT),
};
const struct shape sl_shape_column = SHAPE(sl_column, column_fields);

static const struct field constraint_fields[] = {
	ROW(sl_constraint, columns, FIELD_NAMES),
	ROW(sl_constraint, comment, FIELD_TEXT),
	ROW(sl_constraint, deferrable, FIELD_BOOL),
	ROW(sl_constraint, expression, FIELD_OPTIONAL),
	ROW(sl_constraint, extra, FIELD_TEXT),
	ROW(sl_constraint, initially_deferred, FIELD_BOOL),
	ROW(sl_constraint, kind, FIELD_ENUM, .words = constraint_words),
	ROW(sl_constraint, name, FIELD_TEXT),
	ROW(sl_constraint, no_inherit, FIELD_BOOL),
	ROW(sl_constraint, not_enforced, FIELD_BOOL),
	ROW(sl_constraint, not_valid, FIELD_BOOL),
	ROW(sl_constraint, of_column, FIELD_TEXT, .beside = true),
	ROW(sl_constraint, on_delete, FIELD_ENUM, .words = action_words),
	ROW(sl_constraint, on_update, FIELD_ENUM, .words = action_words),
	ROW(sl_constraint, ref_columns, FIELD_NAMES),
	ROW(sl_constraint, ref_schema, FIELD_TEXT),
	ROW(sl_constraint, ref_table, FIELD_TEXT),
	ROW(sl_constraint, set_columns, FIELD_NAMES),
};
const struct shape sl_shape_constraint = SHAPE(sl_constraint, constraint_fields);

static const struct field part_fields[] = {
	ROW(sl_index_part, collation, FIELD_TEXT),
	ROW(sl_index_part, collation_schema, FIELD_TEXT),
	ROW(sl_index_part, column, FIELD_OPTIONAL),
	ROW(sl_index_part, descending, FIELD_BOOL),
	ROW(sl_index_part, expression, FIELD_OPTIONAL),
	ROW(sl_index_part, extra, FIELD_TEXT),
	ROW(sl_index_part, operators, FIELD_TEXT),
};
static const struct shape part_shape = SHAPE(sl_index_part, part_fields);

static const struct field index_fields[] = {
	ROW(sl_index, comment, FIELD_TEXT),
	ROW(sl_index, extra, FIELD_TEXT),
	ROW(sl_index, include, FIELD_NAMES),
	ROW(sl_index, invalid, FIELD_BOOL),
	ROW(sl_index, method, FIELD_TEXT),
	ROW(sl_index, name, FIELD_TEXT),
	ROW(sl_index, parts, FIELD_LIST, .of = &part_shape),
	ROW(sl_index, predicate, FIELD_OPTIONAL),
	ROW(sl_index, unique, FIELD_BOOL),
};
const struct shape sl_shape_index = SHAPE(sl_index, index_fields);

static const struct field reference_fields[] = {
	ROW(sl_reference, column, FIELD_OPTIONAL),
	ROW(sl_reference, name, FIELD_TEXT),
	ROW(sl_reference, schema, FIELD_TEXT),
};
static const struct shape reference_shape = SHAPE(sl_reference, reference_fields);

static const struct field table_fields[] = {
	ROW(sl_table, also, FIELD_NAMES),
	ROW(sl_table, bytes, FIELD_INT, .beside = true),
	ROW(sl_table, clauses, FIELD_NAMES),
	ROW(sl_table, columns, FIELD_LIST, .of = &sl_shape_column),
	ROW(sl_table, comment, FIELD_TEXT),
	ROW(sl_table, constraints, FIELD_LIST, .of = &sl_shape_constraint),
	ID(sl_table, detail),
	ROW(sl_table, extra, FIELD_TEXT),
	ROW(sl_table, force_row_security, FIELD_BOOL),
	ROW(sl_table, fresh, FIELD_BOOL, .beside = true),
	ROW(sl_table, indexes, FIELD_LIST, .of = &sl_shape_index),
	ROW(sl_table, inherits, FIELD_NAMES),
	KIND(sl_table),
	ID(sl_table, name),
	ROW(sl_table, partial, FIELD_BOOL, .beside = true),
	ROW(sl_table, partition_bound, FIELD_OPTIONAL),
	ROW(sl_table, partition_by, FIELD_OPTIONAL),
	ROW(sl_table, partition_of, FIELD_OPTIONAL),
	ROW(sl_table, row_security, FIELD_BOOL),
	ROW(sl_table, rows, FIELD_INT, .beside = true),
	ID(sl_table, schema),
	ROW(sl_table, strict, FIELD_BOOL),
	ROW(sl_table, temporary, FIELD_BOOL, .beside = true),
	ROW(sl_table, unlogged, FIELD_BOOL),
	WHAT(sl_table, table_words),
	ROW(sl_table, without_rowid, FIELD_BOOL),
};

static const struct field view_fields[] = {
	ROW(sl_view, also, FIELD_NAMES),
	ROW(sl_view, columns, FIELD_NAMES, .beside = true),
	ROW(sl_view, comment, FIELD_TEXT),
	ROW(sl_view, definition, FIELD_TEXT),
	ID(sl_view, detail),
	ROW(sl_view, extra, FIELD_TEXT),
	ROW(sl_view, indexes, FIELD_LIST, .of = &sl_shape_index),
	KIND(sl_view),
	ROW(sl_view, materialised, FIELD_BOOL),
	ID(sl_view, name),
	ROW(sl_view, reads, FIELD_LIST, .of = &reference_shape, .beside = true),
	ROW(sl_view, reads_known, FIELD_BOOL, .beside = true),
	ID(sl_view, schema),
	ROW(sl_view, session, FIELD_TEXT),
	ROW(sl_view, temporary, FIELD_BOOL, .beside = true),
};

static const struct field sequence_fields[] = {
	ROW(sl_sequence, cache, FIELD_INT),
	ROW(sl_sequence, comment, FIELD_TEXT),
	ROW(sl_sequence, cycle, FIELD_BOOL),
	ID(sl_sequence, detail),
	ROW(sl_sequence, increment, FIELD_INT),
	KIND(sl_sequence),
	ROW(sl_sequence, max, FIELD_INT),
	ROW(sl_sequence, min, FIELD_INT),
	ID(sl_sequence, name),
	ROW(sl_sequence, owned_by, FIELD_OPTIONAL),
	ID(sl_sequence, schema),
	ROW(sl_sequence, start, FIELD_INT),
	ROW(sl_sequence, type, FIELD_TEXT),
};

static const struct field type_fields[] = {
	ROW(sl_type, also, FIELD_NAMES),
	ROW(sl_type, attributes, FIELD_LIST, .of = &sl_shape_column),
	ROW(sl_type, base, FIELD_OPTIONAL),
	ROW(sl_type, checks, FIELD_LIST, .of = &sl_shape_constraint),
	ROW(sl_type, comment, FIELD_TEXT),
	ROW(sl_type, default_sql, FIELD_OPTIONAL),
	ROW(sl_type, definition, FIELD_OPTIONAL),
	ID(sl_type, detail),
	ROW(sl_type, extra, FIELD_TEXT),
	KIND(sl_type),
	ROW(sl_type, labels, FIELD_NAMES),
	ID(sl_type, name),
	ROW(sl_type, not_null, FIELD_BOOL),
	ID(sl_type, schema),
	WHAT(sl_type, type_words),
};

static const struct field routine_fields[] = {
	ROW(sl_routine, comment, FIELD_TEXT),
	ROW(sl_routine, definition, FIELD_TEXT),
	ID(sl_routine, detail),
	KIND(sl_routine),
	ID(sl_routine, name),
	ID(sl_routine, schema),
	ROW(sl_routine, session, FIELD_TEXT),
	WHAT(sl_routine, routine_words),
};

static const struct field trigger_fields[] = {
	ROW(sl_trigger, comment, FIELD_TEXT),
	ROW(sl_trigger, definition, FIELD_TEXT),
	ID(sl_trigger, detail),
	ROW(sl_trigger, enabled, FIELD_TEXT),
	KIND(sl_trigger),
	ID(sl_trigger, name),
	ID(sl_trigger, schema),
	ROW(sl_trigger, session, FIELD_TEXT),
};

static const struct field extension_fields[] = {
	ID(sl_extension, detail),
	ROW(sl_extension, in_schema, FIELD_TEXT),
	KIND(sl_extension),
	ID(sl_extension, name),
	ID(sl_extension, schema),
	ROW(sl_extension, version, FIELD_TEXT),
};

static const struct field schema_fields[] = {
	ROW(sl_schema, comment, FIELD_TEXT),
	ID(sl_schema, detail),
	KIND(sl_schema),
	ID(sl_schema, name),
	ID(sl_schema, schema),
};

static const struct field plain_fields[] = {
	ROW(sl_plain, also, FIELD_NAMES),
	ROW(sl_plain, definition, FIELD_TEXT),
	ID(sl_plain, detail),
	KIND(sl_plain),
	ID(sl_plain, name),
	ID(sl_plain, schema),
	ROW(sl_plain, session, FIELD_TEXT),
};

static const struct shape entity_shapes[] = {
	[SL_ENTITY_SCHEMA] = SHAPE(sl_schema, schema_fields),
	[SL_ENTITY_EXTENSION] = SHAPE(sl_extension, extension_fields),
	[SL_ENTITY_TYPE] = SHAPE(sl_type, type_fields),
	[SL_ENTITY_SEQUENCE] = SHAPE(sl_sequence, sequence_fields),
	[SL_ENTITY_TABLE] = SHAPE(sl_table, table_fields),
	[SL_ENTITY_VIEW] = SHAPE(sl_view, view_fields),
	[SL_ENTITY_ROUTINE] = SHAPE(sl_routine, routine_fields),
	[SL_ENTITY_TRIGGER] = SHAPE(sl_trigger, trigger_fields),
	[SL_ENTITY_PLAIN] = SHAPE(sl_plain, plain_fields),
};

_Static_assert(sizeof(entity_shapes) / sizeof(entity_shapes[0]) == SL_ENTITY_KIND_COUNT,
	"entity without a shape");

const struct shape *sl_shape_of(enum sl_entity_kind kind)
{
	assert((unsigned)kind < SL_ENTITY_KIND_COUNT);
	return &entity_shapes[kind];
}

const char *sl_entity_kind_name(enum sl_entity_kind kind)
{
	assert((unsigned)kind < SL_ENTITY_KIND_COUNT);
	return entity_words[kind];
}

bool sl_entity_kind_parse(enum sl_entity_kind *out, const char *name)
{
	for (unsigned i = 0; i < SL_ENTITY_KIND_COUNT; i++) {
		if (strcmp(entity_words[i], name) == 0) {
			*out = (enum sl_entity_kind)i;
			return true;
		}
	}
	return false;
}

const char *sl_constraint_kind_name(enum sl_constraint_kind kind)
{
	assert((unsigned)kind < SL_CONSTRAINT_KIND_COUNT);
	return constraint_words[kind];
}

const char *sl_fk_action_name(enum sl_fk_action action)
{
	assert((unsigned)action < SL_FK_ACTION_COUNT);
	return action_words[action];
}
