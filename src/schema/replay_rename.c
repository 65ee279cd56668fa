/* A new name goes wherever the old one was used, as the engines do it: PostgreSQL keeps what it
 * parsed and prints it with the new name, SQLite rewrites the texts. */
#include "dependents.h"
#include "render.h"
#include "replay_int.h"

#include "sluice/core/str.h"
#include "sluice/sql/token.h"

struct renaming {
	struct sl_replay *replay;
	const char *from, *to;
	const char *table; /* of a column: where its qualifier may be; NULL: a relation */
	bool qualified_only; /* the bare name may be another table's column */
};

static bool names_it(const struct renaming *renaming, const char *sql, const struct sl_token *token,
	const char *name)
{
	bool fold = sl_fold_parts(renaming->replay->work.dialect);
	const char *found;

	if (token->kind != SL_TOKEN_WORD && token->kind != SL_TOKEN_NAME)
		return false;
	found = sl_token_name(renaming->replay->scratch, renaming->replay->work.dialect, token,
		sql);
	return sl_name_compare(fold, found, name) == 0;
}

/* What stands before the dot in front of the token, or NULL. */
static const struct sl_token *qualifier(const struct sl_token *before, const char *sql)
{
	return before[1].len > 0 && sl_token_is_char(&before[1], sql, '.') ? &before[0] : NULL;
}

static bool is_use(const struct renaming *renaming, const char *sql, const struct sl_token *before,
	const struct sl_token *token)
{
	const struct sl_token *prefix = qualifier(before, sql);

	if (!names_it(renaming, sql, token, renaming->from))
		return false;
	if (!renaming->table)
		return true;
	if (!prefix)
		return !renaming->qualified_only;
	return names_it(renaming, sql, prefix, renaming->table) ||
		names_it(renaming, sql, prefix, "new") || names_it(renaming, sql, prefix, "old");
}

/* The text with the name replaced, kept; the same pointer when it is not used. */
static const char *rewritten(const struct renaming *renaming, const char *sql)
{
	struct sl_replay *replay = renaming->replay;
	sl_auto_buf struct sl_buf out = SL_BUF_INIT((size_t)64 * 1024 * 1024);
	struct sl_token before[2] = { { .len = 0 }, { .len = 0 } }, token;
	struct sl_lexer lexer;
	size_t copied = 0;

	sl_lexer_init(&lexer, replay->work.dialect, sql, strlen(sql));
	while (sl_lexer_next_code(&lexer, &token)) {
		if (is_use(renaming, sql, before, &token)) {
			sl_buf_add(&out, sql + copied, token.at - copied);
			sl_render_name(&out, replay->work.dialect, renaming->to);
			copied = token.at + token.len;
		}
		before[0] = before[1];
		before[1] = token;
	}
	if (copied == 0)
		return sl_keep(replay, sql);
	sl_buf_adds(&out, sql + copied);
	return sl_keep_sql(replay, sl_buf_str(&out));
}

static const char *rewritten_or_null(const struct renaming *renaming, const char *sql)
{
	return sql ? rewritten(renaming, sql) : NULL;
}

static struct sl_names renamed_names(const struct renaming *renaming, const struct sl_names *names)
{
	struct sl_replay *replay = renaming->replay;
	const char **at;
	struct sl_names out = *names;

	if (!sl_names_have(replay, names, renaming->from))
		return out;
	at = sl_list_copy(sl_keeping(replay), names->at, names->len, sizeof(*at));
	for (size_t i = 0; i < names->len; i++) {
		if (sl_same_part(&replay->work, at[i], renaming->from))
			at[i] = renaming->to;
	}
	out.at = at;
	return out;
}

static void rename_in_constraints(const struct renaming *renaming, struct sl_table *table)
{
	struct sl_constraints old = table->constraints;

	table->constraints = (struct sl_constraints){ NULL, 0 };
	for (size_t i = 0; i < old.len; i++) {
		struct sl_constraint constraint = old.at[i];

		constraint.columns = renamed_names(renaming, &constraint.columns);
		constraint.expression = rewritten_or_null(renaming, constraint.expression);
		if (sl_refers_to(&renaming->replay->work, &constraint, &table->id))
			constraint.ref_columns = renamed_names(renaming, &constraint.ref_columns);
		sl_table_add_constraint(renaming->replay, table, &constraint);
	}
}

static struct sl_index_parts renamed_parts(const struct renaming *renaming,
	const struct sl_index_parts *parts)
{
	struct sl_replay *replay = renaming->replay;
	struct sl_index_part *at = sl_list_copy(sl_keeping(replay), parts->at, parts->len,
		sizeof(*at));

	for (size_t i = 0; i < parts->len; i++) {
		if (at[i].column && sl_same_part(&replay->work, at[i].column, renaming->from))
			at[i].column = renaming->to;
		at[i].expression = rewritten_or_null(renaming, at[i].expression);
	}
	return (struct sl_index_parts){ at, parts->len };
}

static void rename_in_indexes(const struct renaming *renaming, struct sl_table *table)
{
	struct sl_index *at = sl_list_copy(sl_keeping(renaming->replay), table->indexes.at,
		table->indexes.len, sizeof(*at));

	for (size_t i = 0; i < table->indexes.len; i++) {
		at[i].parts = renamed_parts(renaming, &at[i].parts);
		at[i].include = renamed_names(renaming, &at[i].include);
		at[i].predicate = rewritten_or_null(renaming, at[i].predicate);
	}
	table->indexes.at = at;
}

static void rename_in_columns(const struct renaming *renaming, struct sl_table *table)
{
	struct sl_column *at = sl_list_copy(sl_keeping(renaming->replay), table->columns.at,
		table->columns.len, sizeof(*at));

	for (size_t i = 0; i < table->columns.len; i++) {
		if (sl_same_part(&renaming->replay->work, at[i].name, renaming->from))
			at[i].name = renaming->to;
		at[i].generated_sql = rewritten_or_null(renaming, at[i].generated_sql);
	}
	table->columns.at = at;
}

/* Foreign keys of other tables that refer to the column. */
static void rename_in_references(const struct renaming *renaming, const struct sl_entity *to)
{
	struct sl_replay *replay = renaming->replay;
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, SL_ENTITY_TABLE);
	const struct sl_entity *other;

	while ((other = sl_catalog_next(&it))) {
		const struct sl_constraints *constraints = &sl_as_table(other)->constraints;
		struct sl_table *copy = NULL;

		if (sl_tree_compare(sl_fold_entities(replay->work.dialect), other, to) == 0)
			continue;
		for (size_t i = 0; i < constraints->len; i++) {
			struct sl_constraint constraint = constraints->at[i];

			if (!sl_refers_to(&replay->work, &constraint, to) ||
				!sl_names_have(replay, &constraint.ref_columns, renaming->from))
				continue;
			if (!copy)
				copy = sl_table_edit(replay, other);
			constraint.ref_columns = renamed_names(renaming, &constraint.ref_columns);
			sl_table_set_constraint(replay, copy, i, &constraint);
		}
		if (copy)
			sl_catalog_put(&replay->work, &copy->id);
	}
}

/* Another table that the text names has a column of that name too. */
static bool ambiguous(const struct renaming *renaming, const struct sl_table *table,
	const char *sql)
{
	struct sl_replay *replay = renaming->replay;
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, SL_ENTITY_TABLE);
	const struct sl_entity *other;

	while ((other = sl_catalog_next(&it))) {
		if (sl_column_at(replay, sl_as_table(other), renaming->from) <
				sl_as_table(other)->columns.len &&
			sl_tree_compare(sl_fold_entities(replay->work.dialect), other,
				&table->id) != 0 &&
			sl_sql_mentions(replay->work.dialect, sql, other->name))
			return true;
	}
	return false;
}

static void rename_in_reads(const struct renaming *renaming, struct sl_view *view,
	const struct sl_entity *relation, const struct sl_entity *moved)
{
	struct sl_replay *replay = renaming->replay;
	bool fold = sl_fold_entities(replay->work.dialect);
	struct sl_reference *at = sl_list_copy(sl_keeping(replay), view->reads.at, view->reads.len,
		sizeof(*at));

	for (size_t i = 0; i < view->reads.len; i++) {
		if (sl_name_compare(fold, at[i].name, relation->name) != 0 ||
			sl_name_compare(fold, at[i].schema, relation->schema) != 0)
			continue;
		if (moved) {
			at[i].schema = moved->schema;
			at[i].name = moved->name;
		} else if (at[i].column &&
			sl_same_part(&replay->work, at[i].column, renaming->from)) {
			at[i].column = renaming->to;
		}
	}
	view->reads.at = at;
}

/* moved: the relation's new identity, or NULL when a column of it is renamed. */
static void rename_in_views(struct renaming *renaming, const struct sl_entity *relation,
	const struct sl_entity *moved)
{
	struct sl_replay *replay = renaming->replay;
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, SL_ENTITY_VIEW);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		struct sl_view *view;

		if (entity == relation ||
			!sl_view_reads(&replay->work, sl_as_view(entity), relation, NULL))
			continue;
		view = sl_entity_edit(sl_keeping(replay), entity);
		rename_in_reads(renaming, view, relation, moved);
		if (sl_is_sqlite(replay)) {
			renaming->qualified_only = !moved && relation->kind == SL_ENTITY_TABLE &&
				ambiguous(renaming, sl_as_table(relation), view->definition);
			view->definition = rewritten(renaming, view->definition);
		}
		sl_catalog_put(&replay->work, &view->id);
	}
}

static void rename_in_triggers(struct renaming *renaming, const struct sl_entity *relation,
	const struct sl_entity *moved)
{
	struct sl_replay *replay = renaming->replay;
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, SL_ENTITY_TRIGGER);
	bool fold = sl_fold_entities(replay->work.dialect);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		bool own = sl_name_compare(fold, entity->detail, relation->name) == 0 &&
			sl_name_compare(fold, entity->schema, relation->schema) == 0;
		struct sl_trigger *trigger;
		const char *text = sl_as_trigger(entity)->definition;

		if (!own && !sl_sql_mentions(replay->work.dialect, text, relation->name))
			continue;
		trigger = sl_entity_edit(sl_keeping(replay), entity);
		if (own && moved) {
			sl_catalog_remove(&replay->work, entity);
			trigger->id.schema = moved->schema;
			trigger->id.detail = moved->name;
		}
		renaming->qualified_only = !moved && relation->kind == SL_ENTITY_TABLE &&
			ambiguous(renaming, sl_as_table(relation), text);
		if (sl_is_sqlite(replay) || own)
			trigger->definition = rewritten(renaming, text);
		sl_catalog_put(&replay->work, &trigger->id);
	}
}

void sl_rename_column(struct sl_replay *replay, struct sl_table *table, const char *from,
	const char *to)
{
	struct renaming renaming = { replay, from, to, table->id.name, false };

	rename_in_references(&renaming, &table->id);
	rename_in_views(&renaming, &table->id, NULL);
	rename_in_triggers(&renaming, &table->id, NULL);
	renaming.qualified_only = false;
	rename_in_columns(&renaming, table);
	rename_in_constraints(&renaming, table);
	rename_in_indexes(&renaming, table);
}

static void move_references(struct sl_replay *replay, const struct sl_entity *from,
	const struct sl_entity *to)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, SL_ENTITY_TABLE);
	const struct sl_entity *other;

	while ((other = sl_catalog_next(&it))) {
		const struct sl_constraints *constraints = &sl_as_table(other)->constraints;
		struct sl_table *copy = NULL;

		if (sl_tree_compare(sl_fold_entities(replay->work.dialect), other, from) == 0)
			continue;
		for (size_t i = 0; i < constraints->len; i++) {
			struct sl_constraint constraint = constraints->at[i];

			if (!sl_refers_to(&replay->work, &constraint, from))
				continue;
			if (!copy)
				copy = sl_table_edit(replay, other);
			constraint.ref_schema = to->schema;
			constraint.ref_table = to->name;
			sl_table_set_constraint(replay, copy, i, &constraint);
		}
		if (copy)
			sl_catalog_put(&replay->work, &copy->id);
	}
}

static void move_children(struct sl_replay *replay, const struct sl_entity *from,
	const struct sl_entity *to)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, SL_ENTITY_TABLE);
	const char *old = sl_arena_printf(replay->scratch, "%s.%s", from->schema, from->name);
	const char *new = sl_arena_printf(sl_keeping(replay), "%s.%s", to->schema, to->name);
	const struct sl_entity *child;

	while (sl_is_postgres(replay) && (child = sl_catalog_next(&it))) {
		const struct sl_table *table = sl_as_table(child);
		bool partition = table->partition_of && sl_str_eq(table->partition_of, old);
		size_t i = 0;
		struct sl_table *copy;

		while (i < table->inherits.len && !sl_str_eq(table->inherits.at[i], old))
			i++;
		if (!partition && i == table->inherits.len)
			continue;
		copy = sl_table_edit(replay, child);
		if (partition) {
			copy->partition_of = new;
		} else {
			const char **at = sl_list_copy(sl_keeping(replay), table->inherits.at,
				table->inherits.len, sizeof(*at));

			at[i] = new;
			copy->inherits.at = at;
		}
		sl_catalog_put(&replay->work, &copy->id);
	}
}

static void move_sequences(struct sl_replay *replay, const struct sl_entity *from,
	const struct sl_entity *to)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(&replay->work, SL_ENTITY_SEQUENCE);
	const char *old = sl_arena_printf(replay->scratch, "%s.%s.", from->schema, from->name);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		const char *owned = sl_as_sequence(entity)->owned_by;
		struct sl_sequence *copy;

		if (!owned || !sl_str_starts(owned, old))
			continue;
		copy = sl_entity_edit(sl_keeping(replay), entity);
		copy->owned_by = sl_arena_printf(sl_keeping(replay), "%s.%s.%s", to->schema,
			to->name, owned + strlen(old));
		sl_catalog_put(&replay->work, &copy->id);
	}
}

void sl_rename_relation(struct sl_replay *replay, const struct sl_entity *relation,
	const char *schema, const char *name)
{
	const struct sl_entity moved = { relation->kind, schema, name, "" };
	struct renaming renaming = { replay, relation->name, name, NULL, false };

	rename_in_views(&renaming, relation, &moved);
	rename_in_triggers(&renaming, relation, &moved);
	if (relation->kind != SL_ENTITY_TABLE)
		return;
	move_references(replay, relation, &moved);
	move_children(replay, relation, &moved);
	move_sequences(replay, relation, &moved);
}

/* References of the table to itself. */
void sl_rename_self(struct sl_replay *replay, struct sl_table *table, const char *schema,
	const char *name)
{
	struct sl_constraints old = table->constraints;

	table->constraints = (struct sl_constraints){ NULL, 0 };
	for (size_t i = 0; i < old.len; i++) {
		struct sl_constraint constraint = old.at[i];

		if (sl_refers_to(&replay->work, &constraint, &table->id)) {
			constraint.ref_schema = schema;
			constraint.ref_table = name;
		}
		sl_table_add_constraint(replay, table, &constraint);
	}
}
