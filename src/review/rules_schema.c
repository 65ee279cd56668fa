/* Rules about the shape and the names of tables, columns and indexes. */
#include "look.h"

#include "sluice/core/str.h"
#include "sluice/core/utf8.h"
#include "sluice/sql/token.h"

#include <string.h>
#include <strings.h>

/* --- primary keys -------------------------------------------------------------------------- */

static bool facts_say_key(const struct sl_facts *facts)
{
	for (size_t i = 0; i < facts->constraint_def.len; i++) {
		if (facts->constraint_def.at[i].kind == SL_SQL_CONSTRAINT_PRIMARY_KEY)
			return true;
	}
	return false;
}

/* A partition has its parent's key; a foreign or virtual table cannot have one. */
static bool needs_no_key(const struct sl_fact_table_def *def)
{
	return def->temporary || def->is_foreign || def->is_virtual || def->partition_of[0] != '\0';
}

static void created_without_key(const struct rule_run *run, const struct sl_fact_table_def *def)
{
	const struct sl_fact_object *object;
	const struct sl_table *table;

	if (needs_no_key(def) || facts_say_key(run->facts) ||
		(def->if_not_exists && look_relation(run, def->schema, def->name).table))
		return;
	table = sl_catalog_table(run->step->after, def->schema, def->name);
	if ((table && sl_table_primary(table)) || rule_matches(run, "exempt", def->name))
		return;
	object = sl_facts_object(run->facts, SL_SQL_ROLE_CREATED, SL_SQL_OBJECT_TABLE);
	rule_hit(run,
		&(struct rule_hit){
			.at = object ? object->at : 0,
			.len = object ? object->len : 0,
			.schema = table ? table->id.schema : def->schema,
			.name = def->name,
			.message = sl_arena_printf(run->arena, "%s has no primary key",
				look_name(run, def->schema, def->name)),
		});
}

static void dropped_key(const struct rule_run *run)
{
	struct look look;

	for (size_t i = 0; i < run->step->effects_len; i++) {
		const struct sl_effect *effect = &run->step->effects[i];

		if (effect->kind != SL_EFFECT_CONSTRAINT_DROPPED || !effect->was ||
			!sl_str_eq(effect->was, sl_constraint_kind_name(SL_CONSTRAINT_PRIMARY)) ||
			!look_altered(run, &look))
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.schema = look.schema,
				.name = look.name,
				.message = sl_arena_printf(run->arena, "%s loses its primary key",
					look_name(run, look.schema, look.name)),
			});
	}
}

void rule_primary_key(const struct rule_run *run)
{
	for (size_t i = 0; i < run->facts->table_def.len; i++)
		created_without_key(run, &run->facts->table_def.at[i]);
	dropped_key(run);
}

/* A later statement of the change may have added the key, or dropped the table. */
bool stands_primary_key(const struct change *change, const struct sl_catalog *after,
	const struct rule_hit *hit)
{
	const struct sl_table *table = sl_catalog_table(after, hit->schema, hit->name);

	(void)change;
	return table && !sl_table_primary(table);
}

/* --- NOT NULL ------------------------------------------------------------------------------ */

static bool fills_itself(const struct sl_fact_column_def *def)
{
	bool has_value = def->has_default && strcasecmp(def->default_text, "null") != 0;

	return has_value || def->generated[0] || def->identity[0] || def->serial ||
		def->autoincrement;
}

void rule_not_null(const struct rule_run *run)
{
	struct look look;

	if (!look_altered(run, &look) || look_is_new(&look))
		return;
	for (size_t i = 0; i < run->facts->action.len; i++) {
		const struct sl_fact_action *action = &run->facts->action.at[i];
		const struct sl_fact_column_def *def;

		if (action->kind != SL_SQL_ACTION_ADD_COLUMN || action->column_row < 0)
			continue;
		def = &run->facts->column_def.at[action->column_row];
		if (!def->not_null || fills_itself(def))
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.at = def->at,
				.len = def->len,
				.schema = look.schema,
				.name = look.name,
				.part = def->name,
				.message = sl_arena_printf(run->arena,
					"fails when %s has a row: %s is NOT NULL and has no "
					"default",
					look_name(run, look.schema, look.name), def->name),
			});
	}
}

/* --- types --------------------------------------------------------------------------------- */

/* The entry as the engine prints it: read like a column of that type, so that int8 is bigint. */
static const char *type_printed(const struct rule_run *run, const char *entry)
{
	const char *text = sl_arena_printf(run->arena, "CREATE TABLE t (c %s)", entry);
	const struct sl_sql_input input = {
		.dialect = run->input->dialect,
		.version = run->input->version,
		.text = text,
		.len = strlen(text),
	};
	const struct sl_facts *facts = sl_sql_parse(run->arena, &input);

	return facts->column_def.len == 1 ? facts->column_def.at[0].type : entry;
}

/* "timestamp(3) with time zone" without its modifier. */
static const char *type_base(const struct rule_run *run, const char *type)
{
	const char *open = strchr(type, '(');
	const char *close = open ? strchr(open, ')') : NULL;

	if (!close)
		return type;
	return sl_arena_printf(run->arena, "%.*s%s", (int)(open - type), type, close + 1);
}

/* An entry with modifiers allows exactly that type, one without allows any. */
static bool type_is(const struct rule_run *run, const char *entry,
	const struct sl_fact_column_def *def)
{
	const char *allowed = type_printed(run, entry);

	if (strcasecmp(allowed, def->type) == 0)
		return true;
	return !strchr(entry, '(') && strcasecmp(allowed, type_base(run, def->type)) == 0;
}

static bool type_is_allowed(const struct rule_run *run, const struct sl_names *list,
	const struct sl_fact_column_def *def)
{
	for (size_t i = 0; i < list->len; i++) {
		if (type_is(run, list->at[i], def))
			return true;
	}
	return false;
}

void rule_type_list(const struct rule_run *run)
{
	const struct sl_names list = rule_list(run, "types");

	if (list.len == 0)
		return;
	for (size_t i = 0; i < run->facts->column_def.len; i++) {
		const struct sl_fact_column_def *def = &run->facts->column_def.at[i];

		if (type_is_allowed(run, &list, def))
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.at = def->at,
				.len = def->len,
				.schema = def->schema,
				.name = def->table_name,
				.part = def->name,
				.message = sl_arena_printf(run->arena,
					"%s.%s is %s, which is not one of the allowed types",
					look_name(run, def->schema, def->table_name), def->name,
					def->type[0] ? def->type : "of no type"),
				.suggestion = sl_arena_printf(run->arena, "use one of %s",
					rule_text(run, "types")),
			});
	}
}

/* --- names --------------------------------------------------------------------------------- */

/* A name that the statement gives to something. */
struct given {
	const char *what; /* "table" */
	const char *schema, *table; /* where it is */
	const char *name;
	size_t at, len; /* bytes of the statement */
	bool by_token; /* it is the token there */
};

static size_t token_len(const struct rule_run *run, size_t at)
{
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, run->input->dialect, run->statement->text + at,
		run->statement->len - at);
	return sl_lexer_next_code(&lexer, &token) ? token.len : 0;
}

/* Bytes are never fewer than characters. */
static size_t characters(const char *name, size_t most)
{
	size_t bytes = strlen(name);

	return bytes > most ? sl_utf8_count(name, bytes) : bytes;
}

static void name_check(const struct rule_run *run, struct given given)
{
	const char *name = given.name;
	size_t most = rule_number(run, "max_length");
	size_t length = characters(name, most);
	bool longer = most > 0 && length > most;
	const char *message;

	if (name[0] == '\0' || (!longer && rule_matches(run, "format", name)))
		return;
	message = longer ?
		sl_arena_printf(run->arena, "the %s name %s has %zu characters, more than %zu",
			given.what, name, length, most) :
		sl_arena_printf(run->arena, "the %s name %s does not match %s", given.what, name,
			rule_text(run, "format"));
	rule_hit(run,
		&(struct rule_hit){
			.at = given.at,
			.len = given.by_token ? token_len(run, given.at) : given.len,
			.schema = given.schema,
			.name = given.table,
			.part = name,
			.message = message,
		});
}

static bool is_table(enum sl_sql_object kind)
{
	return kind == SL_SQL_OBJECT_TABLE || kind == SL_SQL_OBJECT_FOREIGN_TABLE ||
		kind == SL_SQL_OBJECT_VIRTUAL_TABLE;
}

void rule_name_table(const struct rule_run *run)
{
	for (size_t i = 0; i < run->facts->object.len; i++) {
		const struct sl_fact_object *object = &run->facts->object.at[i];

		if (!is_table(object->kind))
			continue;
		if (object->role == SL_SQL_ROLE_CREATED)
			name_check(run,
				(struct given){ "table", object->schema, object->name, object->name,
					object->at, object->len, false });
		else if (object->role == SL_SQL_ROLE_RENAMED)
			name_check(run,
				(struct given){ "table", object->schema, object->new_name,
					object->new_name, 0, 0, false });
	}
}

static bool is_new_column(const struct rule_run *run, size_t row)
{
	for (size_t i = 0; i < run->facts->action.len; i++) {
		const struct sl_fact_action *action = &run->facts->action.at[i];

		if (action->column_row == (int64_t)row)
			return action->kind == SL_SQL_ACTION_ADD_COLUMN;
	}
	return true;
}

void rule_name_column(const struct rule_run *run)
{
	for (size_t i = 0; i < run->facts->column_def.len; i++) {
		const struct sl_fact_column_def *def = &run->facts->column_def.at[i];

		if (is_new_column(run, i))
			name_check(run,
				(struct given){ .what = "column",
					.schema = def->schema,
					.table = def->table_name,
					.name = def->name,
					.at = (size_t)def->name_at,
					.by_token = true });
	}
	for (size_t i = 0; i < run->facts->action.len; i++) {
		const struct sl_fact_action *action = &run->facts->action.at[i];
		struct look look;

		if (action->kind == SL_SQL_ACTION_RENAME_COLUMN && look_altered(run, &look))
			name_check(run,
				(struct given){ "column", look.schema, look.name, action->new_name,
					action->at, action->len, false });
	}
}

void rule_name_index(const struct rule_run *run)
{
	for (size_t i = 0; i < run->facts->index_def.len; i++) {
		const struct sl_fact_index_def *def = &run->facts->index_def.at[i];
		const struct sl_fact_object *object = sl_facts_object(run->facts,
			SL_SQL_ROLE_CREATED, SL_SQL_OBJECT_INDEX);

		name_check(run,
			(struct given){ "index", def->table_schema, def->table_name, def->name,
				object ? object->at : 0, object ? object->len : 0, false });
	}
	for (size_t i = 0; i < run->facts->object.len; i++) {
		const struct sl_fact_object *object = &run->facts->object.at[i];

		if (object->kind == SL_SQL_OBJECT_INDEX && object->role == SL_SQL_ROLE_RENAMED)
			name_check(run,
				(struct given){ "index", object->schema, object->new_name,
					object->new_name, 0, 0, false });
	}
}
