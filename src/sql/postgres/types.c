#include "reader.h"

#include <string.h>

/* What the grammar or people write, what the engine prints; %s is the place of modifiers. */
static const struct {
	const char *written;
	const char *printed;
} types[] = {
	{ "int4", "integer" },
	{ "int", "integer" },
	{ "int8", "bigint" },
	{ "int2", "smallint" },
	{ "bool", "boolean" },
	{ "float4", "real" },
	{ "float8", "double precision" },
	{ "varchar", "character varying%s" },
	{ "bpchar", "character%s" },
	{ "varbit", "bit varying%s" },
	{ "timestamp", "timestamp%s without time zone" },
	{ "timestamptz", "timestamp%s with time zone" },
	{ "time", "time%s without time zone" },
	{ "timetz", "time%s with time zone" },
	{ "interval", "interval%s" },
	{ "serial", "integer" },
	{ "serial4", "integer" },
	{ "bigserial", "bigint" },
	{ "serial8", "bigint" },
	{ "smallserial", "smallint" },
	{ "serial2", "smallint" },
};

static const char *printed_type(const char *written)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].written[0] == written[0] && strcmp(types[i].written, written) == 0)
			return types[i].printed;
	}
	return NULL;
}

static bool is_serial(const char *name)
{
	static const char *const serials[] = { "serial", "serial4", "bigserial", "serial8",
		"smallserial", "serial2" };

	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
		if (strcmp(serials[i], name) == 0)
			return true;
	}
	return false;
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
	for (int i = 0; i < pg_len(mods); i++) {
		sl_buf_adds(&out, i == 0 ? "(" : ",");
		sl_buf_adds(&out, mod_text(reader, pg_nth(mods, i)));
	}
	if (pg_len(mods) > 0)
		sl_buf_addc(&out, ')');
	/* A bare character is character(1), and so it is in the tree. */
	return pg_copy(reader, sl_buf_str(&out));
}

/* Where the modifiers stand inside the name: timestamp(3) with time zone. */
static void add_printed(struct sl_buf *out, const char *printed, const char *mods)
{
	const char *place = strstr(printed, "%s");

	if (!place) {
		sl_buf_adds(out, printed);
		sl_buf_adds(out, mods);
		return;
	}
	sl_buf_add(out, printed, (size_t)(place - printed));
	sl_buf_adds(out, mods);
	sl_buf_adds(out, place + 2);
}

static bool is_system(const char *schema)
{
	return schema[0] == '\0' || strcmp(schema, "pg_catalog") == 0;
}

const char *pg_type_text(struct pg_reader *reader, const TypeName *type)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(8192);
	const char *schema, *name, *printed, *mods;

	if (!type)
		return "";
	name = pg_qualified(reader, type->names, &schema);
	mods = mods_text(reader, name, type->typmods);
	printed = is_system(schema) ? printed_type(name) : NULL;
	if (type->setof)
		sl_buf_adds(&out, "SETOF ");
	if (printed) {
		add_printed(&out, printed, mods);
	} else {
		bool internal = is_system(schema) && strcmp(name, "char") == 0;

		sl_buf_adds(&out,
			internal ? "\"char\"" :
				   pg_dotted(reader, is_system(schema) ? "" : schema, name));
		sl_buf_adds(&out, mods);
	}
	if (type->pct_type)
		sl_buf_adds(&out, "%TYPE");
	if (pg_len(type->arrayBounds) > 0)
		sl_buf_adds(&out, "[]");
	return pg_copy(reader, sl_buf_str(&out));
}

void pg_column_type(struct pg_reader *reader, struct sl_fact_column_def *column,
	const TypeName *type)
{
	const char *name, *printed;

	if (!type)
		return;
	column->type = pg_type_text(reader, type);
	name = pg_qualified(reader, type->names, &column->type_schema);
	printed = is_system(column->type_schema) ? printed_type(name) : NULL;
	column->type_name = name;
	if (printed) {
		sl_auto_buf struct sl_buf plain = SL_BUF_INIT(256);

		add_printed(&plain, printed, "");
		column->type_name = pg_copy(reader, sl_buf_str(&plain));
	}
	if (strcmp(column->type_schema, "pg_catalog") == 0)
		column->type_schema = "";
	column->type_mods = type_mods(reader, type->typmods);
	column->type_dims = pg_len(type->arrayBounds);
	column->serial = pg_len(type->names) == 1 && is_serial(name);
	column->not_null = column->not_null || column->serial;
	column->type_at = type->location;
}
