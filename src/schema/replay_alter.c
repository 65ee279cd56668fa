/* ALTER TABLE, action by action. */
#include "replay_int.h"

#include "dependents.h"

#include "sluice/core/str.h"

static struct about about_part(const struct sl_table *table, const char *part)
{
	return (struct about){ SL_ENTITY_TABLE, table->id.schema, table->id.name, part };
}

static const char *spoken(struct sl_replay *replay, const struct sl_table *table)
{
	return sl_spoken(replay, table->id.schema, table->id.name);
}

/* The place of the column, or false: forgiven, told, or the table is not fully known. */
static bool column_needed(struct sl_replay *replay, const struct sl_table *table, const char *name,
	bool forgiven, size_t *place)
{
	struct about about = about_part(table, name);

	*place = sl_column_at(replay, table, name);
	if (*place < table->columns.len)
		return true;
	if (!forgiven && !table->partial)
		sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_COLUMN, &about,
			"table %s has no column %s", spoken(replay, table), name);
	return false;
}

static bool add_rewrites(const struct sl_replay *replay, const struct sl_fact_column_def *def)
{
	if (!sl_is_postgres(replay))
		return false;
	if (def->serial || *def->identity || sl_str_eq(def->generated, "stored"))
		return true;
	if (replay->work.version > 0 && replay->work.version < 110000)
		return def->has_default;
	return def->has_default && def->default_volatile;
}

/* Constraints that are written with the column, not by themselves. */
static void add_column_constraints(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action, const struct sl_fact_column_def *def)
{
	for (size_t i = 0; i < replay->facts->constraint_def.len; i++) {
		const struct sl_fact_constraint_def *row = &replay->facts->constraint_def.at[i];

		if (row->at >= action->at && row->at < action->at + action->len &&
			sl_str_eq(row->column_name, def->name))
			sl_constraint_apply(replay, table, row, true);
	}
}

static void add_column(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	const struct sl_fact_column_def *def;
	struct sl_column column;
	struct sl_effect *effect;
	struct about about;

	if (action->column_row < 0)
		return;
	def = &replay->facts->column_def.at[action->column_row];
	about = about_part(table, def->name);
	if (sl_column_at(replay, table, def->name) < table->columns.len) {
		if (!action->if_not_exists)
			sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_COLUMN, &about,
				"table %s has a column %s already", spoken(replay, table),
				def->name);
		return;
	}
	column = sl_column_from(replay, def, table);
	sl_table_add_column(replay, table, &column);
	effect = sl_effect_add(replay, SL_EFFECT_COLUMN_ADDED, &table->id, column.name);
	effect->now = column.type;
	effect->rewrites = add_rewrites(replay, def);
	effect->scans = effect->rewrites;
	add_column_constraints(replay, table, action, def);
}

static void drop_column(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	struct sl_effect *effect;
	size_t place;

	if (!column_needed(replay, table, action->name, action->if_exists, &place)) {
		if (table->partial)
			sl_effect_add(replay, SL_EFFECT_COLUMN_DROPPED, &table->id, action->name);
		return;
	}
	effect = sl_effect_add(replay, SL_EFFECT_COLUMN_DROPPED, &table->id, action->name);
	effect->was = table->columns.at[place].type;
	effect->rewrites = sl_is_sqlite(replay);
	sl_release_column(replay, table, table->columns.at[place].name,
		action->cascade || replay->statement->cascade);
	sl_table_remove_column(replay, table, place);
}

static void rename_column(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	struct about about = about_part(table, action->new_name);
	struct sl_effect *effect;
	size_t place;
	bool known = column_needed(replay, table, action->name, action->if_exists, &place);

	if (!known && !table->partial)
		return;
	if (!sl_same_part(&replay->work, action->name, action->new_name) &&
		sl_column_at(replay, table, action->new_name) < table->columns.len) {
		sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_COLUMN, &about,
			"table %s has a column %s already", spoken(replay, table),
			action->new_name);
		return;
	}
	effect = sl_effect_add(replay, SL_EFFECT_COLUMN_RENAMED, &table->id, action->name);
	effect->now = sl_keep(replay, action->new_name);
	if (known)
		sl_rename_column(replay, table, table->columns.at[place].name, effect->now);
}

static void alter_type(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	const struct sl_fact_column_def *def;
	struct sl_column column;
	struct sl_effect *effect;
	size_t place;
	bool known;

	if (action->column_row < 0)
		return;
	def = &replay->facts->column_def.at[action->column_row];
	known = column_needed(replay, table, action->name, false, &place);
	if (!known && !table->partial)
		return;
	effect = sl_effect_add(replay, SL_EFFECT_COLUMN_TYPE, &table->id, action->name);
	effect->now = sl_column_from(replay, def, table).type;
	effect->rewrites = true;
	if (!known)
		return;
	column = table->columns.at[place];
	sl_hold_column(replay, table, column.name);
	effect->was = column.type;
	effect->rewrites = *action->text != '\0' || sl_type_change_rewrites(column.type, def->type);
	effect->scans = effect->rewrites;
	column.type = effect->now;
	column.collation = sl_keep_collation(replay, def->collation, &column.collation_schema);
	sl_table_set_column(replay, table, place, &column);
}

static void set_default(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	bool set = action->kind == SL_SQL_ACTION_SET_DEFAULT;
	struct sl_effect *effect;
	struct sl_column column;
	size_t place;
	bool known = column_needed(replay, table, action->name, false, &place);

	if (!known && !table->partial)
		return;
	effect = sl_effect_add(replay, SL_EFFECT_COLUMN_DEFAULT, &table->id, action->name);
	effect->now = set ? sl_keep_sql(replay, action->text) : NULL;
	if (!known)
		return;
	column = table->columns.at[place];
	effect->now = set ? sl_default_sql(replay, action->text, column.type) : NULL;
	effect->was = column.default_sql;
	column.default_sql = effect->now;
	sl_table_set_column(replay, table, place, &column);
}

/* PostgreSQL 12 and later believe a valid check that says the same. */
static bool check_says_not_null(struct sl_replay *replay, const struct sl_table *table,
	const char *column)
{
	const char *wanted = sl_arena_printf(replay->scratch, "%s is not null", column);

	if (replay->work.version > 0 && replay->work.version < 120000)
		return false;
	for (size_t i = 0; i < table->constraints.len; i++) {
		const struct sl_constraint *constraint = &table->constraints.at[i];

		if (constraint->kind == SL_CONSTRAINT_CHECK && !constraint->not_valid &&
			constraint->expression &&
			sl_name_compare(true, constraint->expression, wanted) == 0)
			return true;
	}
	return false;
}

static void set_not_null(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	bool set = action->kind == SL_SQL_ACTION_SET_NOT_NULL;
	struct sl_effect *effect;
	struct sl_column column;
	size_t place;
	bool known = column_needed(replay, table, action->name, false, &place);

	if (!known && !table->partial)
		return;
	if (known && table->columns.at[place].not_null == set)
		return;
	effect = sl_effect_add(replay, set ? SL_EFFECT_COLUMN_NOT_NULL : SL_EFFECT_COLUMN_NULLABLE,
		&table->id, action->name);
	effect->scans = set && !check_says_not_null(replay, table, action->name);
	if (!known)
		return;
	column = table->columns.at[place];
	column.not_null = set;
	sl_table_set_column(replay, table, place, &column);
}

static void alter_column(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	struct sl_column column;
	size_t place;
	bool known = column_needed(replay, table, action->name, action->if_exists, &place);

	if (!known)
		return;
	column = table->columns.at[place];
	if (action->kind == SL_SQL_ACTION_DROP_EXPRESSION) {
		column.generated_sql = NULL;
		column.generated = SL_GENERATED_NONE;
	} else if (action->kind == SL_SQL_ACTION_DROP_IDENTITY) {
		column.identity = SL_IDENTITY_NONE;
	} else if (sl_str_eq(action->text, "always")) {
		column.identity = SL_IDENTITY_ALWAYS;
	} else if (sl_str_eq(action->text, "by default")) {
		column.identity = SL_IDENTITY_BY_DEFAULT;
	}
	sl_table_set_column(replay, table, place, &column);
	sl_effect_add(replay, SL_EFFECT_COLUMN_ALTERED, &table->id, column.name)
		->now = sl_sql_action_name(action->kind);
}

static void add_constraint(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	if (action->constraint_row >= 0)
		sl_constraint_apply(replay, table,
			&replay->facts->constraint_def.at[action->constraint_row], true);
}

static bool constraint_needed(struct sl_replay *replay, const struct sl_table *table,
	const struct sl_fact_action *action, size_t *place)
{
	struct about about = about_part(table, action->name);

	*place = sl_constraint_at(replay, table, action->name);
	if (*place < table->constraints.len)
		return true;
	if (!action->if_exists && !table->partial)
		sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_CONSTRAINT, &about,
			"table %s has no constraint %s", spoken(replay, table), action->name);
	return false;
}

/* Foreign keys stand on a key: PostgreSQL refuses to drop it under them. */
static void release_key(struct sl_replay *replay, struct sl_table *table,
	const struct sl_constraint *key, bool cascade)
{
	struct sl_catalog_iter it = sl_links_of(&replay->work, &table->id);
	struct about about = about_part(table, key->name);
	const struct sl_entity *other;

	if (key->kind != SL_CONSTRAINT_PRIMARY && key->kind != SL_CONSTRAINT_UNIQUE)
		return;
	while ((other = sl_next_dependent(&replay->work, &it, &table->id))) {
		static const struct sl_constraints none = { NULL, 0 };
		const struct sl_constraints *constraints = other->kind == SL_ENTITY_TABLE ?
			&sl_as_table(other)->constraints :
			&none;

		for (size_t i = 0; i < constraints->len && !cascade; i++) {
			const struct sl_constraint *foreign = &constraints->at[i];
			struct sl_problem *problem;

			if (!sl_refers_to(&replay->work, foreign, &table->id) ||
				!sl_same_names(replay, &foreign->ref_columns, &key->columns))
				continue;
			problem = sl_problem_add(replay, SL_PROBLEM_STILL_USED, &about,
				"constraint %s is still used by table %s, %s", key->name,
				sl_spoken(replay, other->schema, other->name), foreign->name);
			problem->dependent = other;
			problem->dependent_part = foreign->name;
		}
	}
}

static void drop_constraint(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	struct sl_effect *effect;
	size_t place;

	if (!constraint_needed(replay, table, action, &place)) {
		if (table->partial)
			sl_effect_add(replay, SL_EFFECT_CONSTRAINT_DROPPED, &table->id,
				action->name);
		return;
	}
	effect = sl_effect_add(replay, SL_EFFECT_CONSTRAINT_DROPPED, &table->id, action->name);
	effect->was = sl_constraint_kind_name(table->constraints.at[place].kind);
	release_key(replay, table, &table->constraints.at[place],
		action->cascade || replay->statement->cascade);
	sl_table_remove_constraint(replay, table, place);
}

static void validate_constraint(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	struct sl_constraint constraint;
	struct sl_effect *effect;
	size_t place;
	bool known = constraint_needed(replay, table, action, &place);

	if (!known && !table->partial)
		return;
	effect = sl_effect_add(replay, SL_EFFECT_CONSTRAINT_VALIDATED, &table->id, action->name);
	effect->scans = !known || table->constraints.at[place].not_valid;
	if (!known)
		return;
	constraint = table->constraints.at[place];
	constraint.not_valid = false;
	sl_table_set_constraint(replay, table, place, &constraint);
}

static void rename_constraint(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	struct sl_constraint constraint;
	size_t place;

	if (!constraint_needed(replay, table, action, &place))
		return;
	constraint = table->constraints.at[place];
	constraint.name = sl_keep(replay, action->new_name);
	sl_table_set_constraint(replay, table, place, &constraint);
	sl_effect_add(replay, SL_EFFECT_CONSTRAINT_RENAMED, &table->id, action->name)
		->now = constraint.name;
}

static void alter_constraint(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	struct sl_constraint constraint;
	size_t place;

	if (!constraint_needed(replay, table, action, &place))
		return;
	constraint = table->constraints.at[place];
	constraint.initially_deferred = strstr(action->text, "initially deferred") != NULL;
	constraint.deferrable = constraint.initially_deferred ||
		(strstr(action->text, "deferrable") && !strstr(action->text, "not deferrable"));
	sl_table_set_constraint(replay, table, place, &constraint);
	sl_effect_add(replay, SL_EFFECT_ALTERED, &table->id, action->name)
		->now = sl_sql_action_name(action->kind);
}

static void set_flag(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	struct sl_effect *effect;

	switch (action->kind) {
	case SL_SQL_ACTION_SET_LOGGED:
	case SL_SQL_ACTION_SET_UNLOGGED:
		table->unlogged = action->kind == SL_SQL_ACTION_SET_UNLOGGED;
		break;
	case SL_SQL_ACTION_ENABLE_RLS:
	case SL_SQL_ACTION_DISABLE_RLS:
		table->row_security = action->kind == SL_SQL_ACTION_ENABLE_RLS;
		break;
	case SL_SQL_ACTION_FORCE_RLS:
	case SL_SQL_ACTION_NO_FORCE_RLS:
		table->force_row_security = action->kind == SL_SQL_ACTION_FORCE_RLS;
		break;
	default:
		break;
	}
	effect = sl_effect_add(replay, SL_EFFECT_ALTERED, &table->id, action->name);
	effect->now = sl_sql_action_name(action->kind);
	effect->rewrites = action->kind == SL_SQL_ACTION_SET_LOGGED ||
		action->kind == SL_SQL_ACTION_SET_UNLOGGED ||
		action->kind == SL_SQL_ACTION_SET_TABLESPACE ||
		action->kind == SL_SQL_ACTION_SET_ACCESS_METHOD;
}

static void set_trigger(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	const struct sl_entity *found = sl_catalog_find(&replay->work, SL_ENTITY_TRIGGER,
		table->id.schema, action->name, table->id.name);
	struct sl_trigger *trigger;

	set_flag(replay, table, action);
	if (!found)
		return;
	trigger = sl_entity_edit(sl_keeping(replay), found);
	trigger->enabled = action->kind == SL_SQL_ACTION_DISABLE_TRIGGER ?
		"disabled" :
		sl_keep(replay, action->text);
	sl_catalog_put(&replay->work, &trigger->id);
}

static const struct sl_entity *action_relation(struct sl_replay *replay,
	const struct sl_fact_action *action)
{
	const struct sl_fact_object *object;

	if (action->object_row < 0)
		return NULL;
	object = &replay->facts->object.at[action->object_row];
	return sl_relation_needed(replay, object->schema, object->name, false);
}

static const char *qualified(struct sl_replay *replay, const struct sl_entity *entity)
{
	return sl_arena_printf(sl_keeping(replay), "%s.%s", entity->schema, entity->name);
}

static void attach(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	bool in = action->kind == SL_SQL_ACTION_ATTACH_PARTITION;
	const struct sl_entity *found = action_relation(replay, action);
	struct sl_table *partition;

	set_flag(replay, table, action);
	if (!found || found->kind != SL_ENTITY_TABLE)
		return;
	partition = sl_table_edit(replay, found);
	partition->partition_of = in ? qualified(replay, &table->id) : NULL;
	partition->partition_bound = in ? sl_keep_sql(replay, action->text) : NULL;
	sl_catalog_put(&replay->work, &partition->id);
}

static void inherit(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	const struct sl_entity *parent = action_relation(replay, action);
	const char *name = parent ? qualified(replay, parent) : NULL;
	const struct sl_names *old = &table->inherits;
	const char **names;
	size_t n = 0;

	set_flag(replay, table, action);
	if (!parent)
		return;
	names = sl_arena_calloc(sl_keeping(replay), old->len + 1, sizeof(*names));
	for (size_t i = 0; i < old->len; i++) {
		if (!sl_str_eq(old->at[i], name))
			names[n++] = old->at[i];
	}
	if (action->kind == SL_SQL_ACTION_INHERIT)
		names[n++] = name;
	table->inherits = (struct sl_names){ names, n };
}

static void move_table(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	bool rename = action->kind == SL_SQL_ACTION_RENAME;
	const char *schema = rename ? table->id.schema : sl_keep(replay, action->new_name);
	const char *name = rename ? sl_keep(replay, action->new_name) : table->id.name;
	struct about about = { SL_ENTITY_TABLE, schema, name, NULL };
	struct sl_effect *effect;
	const struct sl_entity *there = sl_catalog_find(&replay->work, SL_ENTITY_TABLE, schema,
		name, "");

	if (!there)
		there = sl_catalog_find(&replay->work, SL_ENTITY_VIEW, schema, name, "");
	if (there) {
		sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_OBJECT, &about,
			"there is a %s %s already", sl_entity_kind_name(there->kind),
			sl_spoken(replay, schema, name));
		return;
	}
	effect = sl_effect_add(replay, SL_EFFECT_RENAMED, &table->id, "");
	effect->was = rename ? table->id.name : table->id.schema;
	effect->now = rename ? name : schema;
	sl_rename_self(replay, table, schema, name);
	sl_rename_relation(replay, &table->id, schema, name);
	sl_catalog_remove(&replay->work, &table->id);
	table->id.schema = schema;
	table->id.name = name;
}

typedef void (*action_fn)(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action);

/* Actions without a row change nothing that is compared: owner, statistics, clustering, replicas.
 */
static const action_fn actions[SL_SQL_ACTION_COUNT] = {
	[SL_SQL_ACTION_ADD_COLUMN] = add_column,
	[SL_SQL_ACTION_DROP_COLUMN] = drop_column,
	[SL_SQL_ACTION_RENAME_COLUMN] = rename_column,
	[SL_SQL_ACTION_ALTER_TYPE] = alter_type,
	[SL_SQL_ACTION_SET_DEFAULT] = set_default,
	[SL_SQL_ACTION_DROP_DEFAULT] = set_default,
	[SL_SQL_ACTION_SET_NOT_NULL] = set_not_null,
	[SL_SQL_ACTION_DROP_NOT_NULL] = set_not_null,
	[SL_SQL_ACTION_DROP_EXPRESSION] = alter_column,
	[SL_SQL_ACTION_ADD_IDENTITY] = alter_column,
	[SL_SQL_ACTION_SET_IDENTITY] = alter_column,
	[SL_SQL_ACTION_DROP_IDENTITY] = alter_column,
	[SL_SQL_ACTION_ADD_CONSTRAINT] = add_constraint,
	[SL_SQL_ACTION_ALTER_CONSTRAINT] = alter_constraint,
	[SL_SQL_ACTION_VALIDATE_CONSTRAINT] = validate_constraint,
	[SL_SQL_ACTION_DROP_CONSTRAINT] = drop_constraint,
	[SL_SQL_ACTION_RENAME_CONSTRAINT] = rename_constraint,
	[SL_SQL_ACTION_RENAME] = move_table,
	[SL_SQL_ACTION_SET_SCHEMA] = move_table,
	[SL_SQL_ACTION_ENABLE_TRIGGER] = set_trigger,
	[SL_SQL_ACTION_DISABLE_TRIGGER] = set_trigger,
	[SL_SQL_ACTION_INHERIT] = inherit,
	[SL_SQL_ACTION_NO_INHERIT] = inherit,
	[SL_SQL_ACTION_ATTACH_PARTITION] = attach,
	[SL_SQL_ACTION_DETACH_PARTITION] = attach,
};

void sl_replay_action(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_action *action)
{
	action_fn apply = actions[action->kind];

	if (apply)
		apply(replay, table, action);
	else
		set_flag(replay, table, action);
}

/* Base name and modifiers: "character varying(20)" is "character varying" and 20. */
struct split_type {
	const char *base;
	size_t base_len;
	int64_t mods[2];
	size_t mods_len;
};

static struct split_type split(const char *type)
{
	const char *open = strchr(type, '(');
	struct split_type out = { type, open ? (size_t)(open - type) : strlen(type), { 0, 0 }, 0 };

	for (const char *c = open; c && *c && *c != ')' && out.mods_len < 2; out.mods_len++) {
		for (c++; *c >= '0' && *c <= '9' && out.mods[out.mods_len] < 100000; c++)
			out.mods[out.mods_len] = out.mods[out.mods_len] * 10 + (*c - '0');
		while (*c && *c != ',' && *c != ')')
			c++;
	}
	return out;
}

static bool is_base(const struct split_type *type, const char *name)
{
	return type->base_len == strlen(name) && memcmp(type->base, name, type->base_len) == 0;
}

/* src/backend/commands/tablecmds.c of PostgreSQL: ATColumnChangeRequiresRewrite() lets those pass
 * whose cast is binary-coercible, or whose length coercion is known to change nothing. */
bool sl_type_change_rewrites(const char *from, const char *to)
{
	struct split_type a = split(from), b = split(to);
	bool text_like = is_base(&a, "character varying") || is_base(&a, "text");

	if (sl_str_eq(from, to))
		return false;
	if (strchr(from, '[') || strchr(to, '['))
		return true;
	if (text_like && (is_base(&b, "text") || is_base(&b, "character varying")))
		return b.mods_len > 0 && (a.mods_len == 0 || b.mods[0] < a.mods[0]);
	if (is_base(&a, "cidr") && is_base(&b, "inet"))
		return false;
	if (a.base_len != b.base_len || memcmp(a.base, b.base, a.base_len) != 0)
		return true;
	if (is_base(&a, "numeric"))
		return b.mods_len > 0 &&
			(a.mods_len == 0 || b.mods[0] < a.mods[0] || b.mods[1] != a.mods[1]);
	if (is_base(&a, "bit varying") || strncmp(a.base, "time", 4) == 0 ||
		strncmp(a.base, "interval", 8) == 0)
		return b.mods_len > 0 && (a.mods_len == 0 || b.mods[0] < a.mods[0]);
	return true;
}
