/* What is done to a parent happens to its partitions and heirs too. */
#include "replay_int.h"

#include "sluice/core/str.h"

struct family {
	struct sl_replay *replay;
	const char *parent; /* "schema.table" */
};

static bool is_child(const struct family *family, const struct sl_entity *entity)
{
	const struct sl_table *table;

	if (entity->kind != SL_ENTITY_TABLE)
		return false;
	table = sl_as_table(entity);
	if (table->partition_of && sl_str_eq(table->partition_of, family->parent))
		return true;
	for (size_t i = 0; i < table->inherits.len; i++) {
		if (sl_str_eq(table->inherits.at[i], family->parent))
			return true;
	}
	return false;
}

static struct family family_of(struct sl_replay *replay, const struct sl_entity *parent)
{
	return (struct family){ replay,
		sl_arena_join(replay->scratch, parent->schema, ".", parent->name, NULL) };
}

static bool goes_down(const struct sl_replay *replay, const struct sl_fact_action *action,
	const struct sl_table *child)
{
	const struct sl_fact_constraint_def *def;

	switch (action->kind) {
	case SL_SQL_ACTION_ADD_COLUMN:
	case SL_SQL_ACTION_DROP_COLUMN:
	case SL_SQL_ACTION_RENAME_COLUMN:
	case SL_SQL_ACTION_ALTER_TYPE:
	case SL_SQL_ACTION_SET_DEFAULT:
	case SL_SQL_ACTION_DROP_DEFAULT:
	case SL_SQL_ACTION_SET_NOT_NULL:
	case SL_SQL_ACTION_DROP_NOT_NULL:
	case SL_SQL_ACTION_VALIDATE_CONSTRAINT:
	case SL_SQL_ACTION_DROP_CONSTRAINT:
	case SL_SQL_ACTION_RENAME_CONSTRAINT:
		return true;
	case SL_SQL_ACTION_ADD_CONSTRAINT:
		if (action->constraint_row < 0)
			return false;
		def = &replay->facts->constraint_def.at[action->constraint_row];
		return child->partition_of ||
			(def->kind == SL_SQL_CONSTRAINT_CHECK && !def->no_inherit);
	default:
		return false;
	}
}

/* A key of a partition is an index of its own, named after the partition. */
static void apply_down(struct sl_replay *replay, struct sl_table *child,
	const struct sl_fact_action *action)
{
	struct sl_fact_constraint_def def;

	if (action->kind != SL_SQL_ACTION_ADD_CONSTRAINT) {
		sl_replay_action(replay, child, action);
		return;
	}
	def = replay->facts->constraint_def.at[action->constraint_row];
	if (def.kind == SL_SQL_CONSTRAINT_PRIMARY_KEY || def.kind == SL_SQL_CONSTRAINT_UNIQUE)
		def.name = "";
	sl_constraint_apply(replay, child, &def, true);
}

/* The effects are implied, and what is wrong was told of the parent. */
static void only_implied(struct sl_replay *replay, size_t effects, size_t problems)
{
	for (size_t i = effects; i < replay->effects.len; i++)
		replay->effects.at[i].implied = true;
	replay->problems.len = problems;
}

void sl_replay_children_alter(struct sl_replay *replay, const struct sl_entity *parent)
{
	struct family family = family_of(replay, parent);
	struct sl_catalog_iter it = sl_links_of(&replay->work, parent);
	const struct sl_entity *entity;

	while ((entity = sl_next_dependent(&replay->work, &it, parent))) {
		size_t effects = replay->effects.len, problems = replay->problems.len;
		struct sl_table *child;

		if (!is_child(&family, entity))
			continue;
		child = sl_table_edit(replay, entity);
		for (size_t i = 0; i < replay->facts->action.len; i++) {
			const struct sl_fact_action *action = &replay->facts->action.at[i];

			replay->action = i;
			if (goes_down(replay, action, child))
				apply_down(replay, child, action);
		}
		only_implied(replay, effects, problems);
		sl_catalog_put(&replay->work, &child->id);
		sl_replay_children_alter(replay, &child->id);
	}
	replay->action = 0;
}

static struct sl_names index_columns(struct sl_replay *replay, const struct sl_index *index)
{
	const char **at = sl_arena_calloc(replay->scratch, index->parts.len + 1, sizeof(*at));

	for (size_t i = 0; i < index->parts.len; i++)
		at[i] = index->parts.at[i].column ?
			index->parts.at[i].column :
			sl_expression_label(replay, index->parts.at[i].expression);
	return (struct sl_names){ at, index->parts.len };
}

void sl_replay_children_index(struct sl_replay *replay, const struct sl_entity *parent,
	const struct sl_index *index)
{
	struct family family = family_of(replay, parent);
	struct sl_catalog_iter it = sl_links_of(&replay->work, parent);
	struct sl_names columns = index_columns(replay, index);
	const struct sl_entity *entity;

	while ((entity = sl_next_dependent(&replay->work, &it, parent))) {
		struct sl_index own = *index;
		struct sl_table *child;

		if (!is_child(&family, entity) || !sl_as_table(entity)->partition_of)
			continue;
		child = sl_table_edit(replay, entity);
		own.name = sl_chosen_name(replay, child, &columns, "idx");
		sl_table_add_index(replay, &child->indexes, &own);
		sl_catalog_put(&replay->work, &child->id);
		sl_effect_add(replay, SL_EFFECT_INDEX_ADDED, &child->id, own.name)->implied = true;
		sl_replay_children_index(replay, &child->id, &own);
	}
}
