#include "reader.h"

#include <string.h>

/* What the grammar or people write, what the engine prints, with the place of modifiers where they
 * stand inside, and what it prints without any. */
static const struct type_row {
	const char *written;
	const char *plain;
	const char *printed; /* NULL: modifiers follow the plain name */
	bool serial;
} types[] = {
	{ "int4", "integer", NULL, false },
	{ "int", "integer", NULL, false },
	{ "int8", "bigint", NULL, false },
	{ "int2", "smallint", NULL, false },
	{ "bool", "boolean", NULL, false },
	{ "float4", "real", NULL, false },
	{ "float8", "double precision", NULL, false },
	{ "varchar", "character varying", NULL, false },
	{ "bpchar", "character", NULL, false },
	{ "varbit", "bit varying", NULL, false },
	{ "timestamp", "timestamp without time zone", "timestamp%s without time zone", false },
	{ "timestamptz", "timestamp with time zone", "timestamp%s with time zone", false },
	{ "time", "time without time zone", "time%s without time zone", false },
	{ "timetz", "time with time zone", "time%s with time zone", false },
	{ "interval", "interval", NULL, false },
	{ "serial", "integer", NULL, true },
	{ "serial4", "integer", NULL, true },
	{ "bigserial", "bigint", NULL, true },
	{ "serial8", "bigint", NULL, true },
	{ "smallserial", "smallint", NULL, true },
	{ "serial2", "smallint", NULL, true },
};

/* NULL for those that are printed as they are written. */
static const struct type_row *type_row(const char *written)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].written[0] == written[0] && strcmp(types[i].written, written) == 0)
			return &types[i];
	}
	return NULL;
}

/* Fields of interval as the grammar numbers them (utils/datetime.h), least first. */
static const struct {
	int mask;
	const char *printed;
} intervals[] = {
	{ 1 << 2, " year" },
	{ 1 << 1, " month" },
	{ 1 << 3, " day" },
	{ 1 << 10, " hour" },
	{ 1 << 11, " minute" },
	{ 1 << 12, " second" },
	{ 1 << 2 | 1 << 1, " year to month" },
	{ 1 << 3 | 1 << 10, " day to hour" },
	{ 1 << 3 | 1 << 10 | 1 << 11, " day to minute" },
	{ 1 << 3 | 1 << 10 | 1 << 11 | 1 << 12, " day to second" },
	{ 1 << 10 | 1 << 11, " hour to minute" },
	{ 1 << 10 | 1 << 11 | 1 << 12, " hour to second" },
	{ 1 << 11 | 1 << 12, " minute to second" },
};

static const char *mod_text(struct pg_reader *reader, const void *node)
{
	const A_Const *value;

	if (pg_tag(node) == T_ColumnRef) {
		const List *fields = PG(ColumnRef, node)->fields;

		return pg_len(fields) > 0 ? pg_copy(reader, pg_string(pg_nth(fields, 0))) : "";
	}
	if (pg_tag(node) != T_A_Const)
		return "";
	value = PG(A_Const, node);
	switch (value->isnull ? T_Invalid : value->val.node.type) {
	case T_Integer:
		return sl_arena_printf(reader->arena, "%d", value->val.ival.ival);
	case T_Float:
		return pg_copy(reader, value->val.fval.fval);
	case T_String:
		return sl_arena_printf(reader->arena, "'%s'", value->val.sval.sval);
	default:
		return "";
	}
}

static struct sl_names type_mods(struct pg_reader *reader, const List *mods)
{
	int n = pg_len(mods);
	const char **at = n > 0 ? sl_arena_calloc(reader->arena, (size_t)n, sizeof(*at)) : NULL;

	for (int i = 0; i < n; i++)
		at[i] = mod_text(reader, pg_nth(mods, i));
	return (struct sl_names){ .at = at, .len = (size_t)n };
}

static int mod_number(const void *node)
{
	const A_Const *value = PG(A_Const, node);

	return pg_tag(node) == T_A_Const && !value->isnull && value->val.node.type == T_Integer ?
		value->val.ival.ival :
		-1;
}

static const char *interval_mods(struct pg_reader *reader, const List *mods)
{
	const char *fields = "";
	int mask = pg_len(mods) > 0 ? mod_number(pg_nth(mods, 0)) : -1;

	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		if (intervals[i].mask == mask)
			fields = intervals[i].printed;
	}
	if (pg_len(mods) < 2)
		return fields;
	return sl_arena_printf(reader->arena, "%s(%s)", fields, mod_text(reader, pg_nth(mods, 1)));
}

/* "(12,2)", or "" without modifiers. */
static const char *mods_text(struct pg_reader *reader, const char *name, const List *mods)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(4096);

	if (strcmp(name, "interval") == 0)
		return interval_mods(reader, mods);
	if (pg_len(mods) == 0)
		return "";
	for (int i = 0; i < pg_len(mods); i++) {
		sl_buf_adds(&out, i == 0 ? "(" : ",");
		sl_buf_adds(&out, mod_text(reader, pg_nth(mods, i)));
	}
	sl_buf_addc(&out, ')');
	/* A bare character is character(1), and so it is in the tree. */
	return pg_copy(reader, sl_buf_str(&out));
}

/* Modifiers may stand inside the name: timestamp(3) with time zone. */
static const char *with_mods(struct pg_reader *reader, const struct type_row *row, const char *mods)
{
	const char *place = row->printed && mods[0] ? strstr(row->printed, "%s") : NULL;

	if (!mods[0])
		return row->plain;
	if (!place)
		return sl_arena_join(reader->arena, row->plain, mods, NULL);
	return sl_arena_join(reader->arena,
		sl_arena_strndup(reader->arena, row->printed, (size_t)(place - row->printed)), mods,
		place + 2, NULL);
}

static bool is_system(const char *schema)
{
	return schema[0] == '\0' || strcmp(schema, "pg_catalog") == 0;
}

/* A type's name as it is written, and the engine's row for it or NULL. */
struct named_type {
	const char *schema, *name;
	const struct type_row *row;
};

static struct named_type named_type(struct pg_reader *reader, const TypeName *type)
{
	struct named_type named = { .row = NULL };

	named.name = pg_qualified(reader, type->names, &named.schema);
	if (is_system(named.schema))
		named.row = type_row(named.name);
	return named;
}

static const char *printed_name(struct pg_reader *reader, const struct named_type *named)
{
	bool system = is_system(named->schema);

	if (system && strcmp(named->name, "char") == 0)
		return "\"char\"";
	return pg_dotted(reader, system ? "" : named->schema, named->name);
}

static const char *type_text(struct pg_reader *reader, const TypeName *type,
	const struct named_type *named)
{
	const char *mods = mods_text(reader, named->name, type->typmods);
	const char *text = named->row ? with_mods(reader, named->row, mods) :
					printed_name(reader, named);

	if (!named->row && mods[0])
		text = sl_arena_join(reader->arena, text, mods, NULL);
	if (!type->setof && !type->pct_type && pg_len(type->arrayBounds) == 0)
		return text;
	return sl_arena_join(reader->arena, type->setof ? "SETOF " : "", text,
		type->pct_type ? "%TYPE" : "", pg_len(type->arrayBounds) > 0 ? "[]" : "", NULL);
}

const char *pg_type_text(struct pg_reader *reader, const TypeName *type)
{
	struct named_type named;

	if (!type)
		return "";
	named = named_type(reader, type);
	return type_text(reader, type, &named);
}

void pg_column_type(struct pg_reader *reader, struct sl_fact_column_def *column,
	const TypeName *type)
{
	struct named_type named;

	if (!type)
		return;
	named = named_type(reader, type);
	column->type = type_text(reader, type, &named);
	column->type_name = named.row ? named.row->plain : named.name;
	column->type_schema = strcmp(named.schema, "pg_catalog") == 0 ? "" : named.schema;
	column->type_mods = type_mods(reader, type->typmods);
	column->type_dims = pg_len(type->arrayBounds);
	column->serial = pg_len(type->names) == 1 && named.row && named.row->serial;
	column->not_null = column->not_null || column->serial;
	column->type_at = type->location;
}
