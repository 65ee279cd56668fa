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
	const struct sl_table *table; /* whose column it is; NULL: a relation's own name */
	bool statement; /* the text is a view or trigger: other tables may have that column too */
	bool rows; /* new and old are rows of the table */
};

struct words {
	SL_VEC(struct sl_token);
	const char *sql;
};

static bool is_name(const struct sl_token *token)
{
	return token->kind == SL_TOKEN_WORD || token->kind == SL_TOKEN_NAME;
}

static const char *name_of(const struct renaming *renaming, const struct words *words, size_t i)
{
	return sl_token_name(renaming->replay->scratch, renaming->replay->work.dialect,
		&words->at[i], words->sql);
}

static bool names_it(const struct renaming *renaming, const struct words *words, size_t i,
	const char *name)
{
	return is_name(&words->at[i]) &&
		sl_name_compare(sl_fold_parts(renaming->replay->work.dialect),
			name_of(renaming, words, i), name) == 0;
}

/* Whether the qualifier, the word at q, is an alias that the text gives to the table: "orders o",
 * "orders as o". */
static bool is_alias(const struct renaming *renaming, const struct words *words, size_t q)
{
	const char *alias = name_of(renaming, words, q);

	for (size_t i = 0; i + 1 < words->len; i++) {
		size_t next = i + 1;

		if (!names_it(renaming, words, i, renaming->table->id.name))
			continue;
		if (sl_token_is(&words->at[next], words->sql, "as"))
			next++;
		if (next < words->len && names_it(renaming, words, next, alias))
			return true;
	}
	return false;
}

/* Whether the i-th word is the name: a column's only without a qualifier (where that is clear) or
 * with the table's. */
static bool is_use(const struct renaming *renaming, const struct words *words, size_t i, bool bare)
{
	bool qualified = i >= 2 && sl_token_is_char(&words->at[i - 1], words->sql, '.');

	if (!names_it(renaming, words, i, renaming->from) ||
		(i > 0 && sl_token_is(&words->at[i - 1], words->sql, "as")))
		return false;
	if (!renaming->table)
		return true;
	if (!qualified)
		return bare;
	return names_it(renaming, words, i - 2, renaming->table->id.name) ||
		is_alias(renaming, words, i - 2) ||
		(renaming->rows &&
			(names_it(renaming, words, i - 2, "new") ||
				names_it(renaming, words, i - 2, "old")));
}

static bool has_column(const struct renaming *renaming, const char *table)
{
	const struct sl_table *other = sl_catalog_table(&renaming->replay->work, "", table);

	return other && sl_column_at(renaming->replay, other, renaming->from) < other->columns.len;
}

/* In one statement of the text, the bare name is the table's column when the statement names the
 * table, and no other that has such a column. */
static bool bare_is_ours(const struct renaming *renaming, const struct words *words, size_t first,
	size_t end)
{
	bool named = false;

	if (!renaming->statement)
		return true;
	for (size_t i = first; i < end; i++) {
		if (!is_name(&words->at[i]))
			continue;
		if (names_it(renaming, words, i, renaming->table->id.name))
			named = true;
		else if (has_column(renaming, name_of(renaming, words, i)))
			return false;
	}
	return named;
}

static size_t statement_end(const struct words *words, size_t i)
{
	while (i < words->len && !sl_token_is_char(&words->at[i], words->sql, ';') &&
		!sl_token_is(&words->at[i], words->sql, "begin"))
		i++;
	return i < words->len ? i + 1 : i;
}

static size_t rewrite_statement(const struct renaming *renaming, const struct words *words,
	size_t first, struct sl_buf *out)
{
	size_t end = statement_end(words, first);
	bool bare = !renaming->table || bare_is_ours(renaming, words, first, end);

	for (size_t i = first; i < end; i++) {
		const struct sl_token *token = &words->at[i];
		size_t gap = i > 0 ? words->at[i - 1].at + words->at[i - 1].len : 0;

		sl_buf_add(out, words->sql + gap, token->at - gap);
		if (is_use(renaming, words, i, bare))
			sl_render_name(out, renaming->replay->work.dialect, renaming->to);
		else
			sl_buf_add(out, words->sql + token->at, token->len);
	}
	return end;
}

/* The text with the name replaced, normalised and kept. */
static const char *rewritten(const struct renaming *renaming, const char *sql)
{
	struct sl_replay *replay = renaming->replay;
	sl_auto_buf struct sl_buf out = SL_BUF_INIT((size_t)64 * 1024 * 1024);
	struct words words = { .sql = sql };
	struct sl_token token;
	struct sl_lexer lexer;
	const char *kept;

	sl_lexer_init(&lexer, replay->work.dialect, sql, strlen(sql));
	while (sl_lexer_next_code(&lexer, &token))
		*sl_vec_add_in(replay->scratch, &words) = token;
	for (size_t i = 0; i < words.len;)
		i = rewrite_statement(renaming, &words, i, &out);
	kept = sl_keep_sql(replay, sl_buf_str(&out));
	return kept ? kept : "";
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
		if (sl_same_part(&renaming->replay->work, constraint.of_column, renaming->from))
			constraint.of_column = renaming->to;
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
	struct sl_catalog_iter it = sl_links_of(&replay->work, to);
	const struct sl_entity *other;

	while ((other = sl_next_dependent(&replay->work, &it, to))) {
		const struct sl_constraints *constraints;
		struct sl_table *copy = NULL;

		if (other->kind != SL_ENTITY_TABLE ||
			sl_tree_compare(sl_fold_entities(replay->work.dialect), other, to) == 0)
			continue;
		constraints = &sl_as_table(other)->constraints;
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
		if (sl_is_sqlite(replay))
			view->definition = rewritten(renaming, view->definition);
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
		renaming->rows = own;
		if (sl_is_sqlite(replay) || own)
			trigger->definition = rewritten(renaming, text);
		sl_catalog_put(&replay->work, &trigger->id);
	}
}

/* The sequences of the column. */
static void rename_in_owners(const struct renaming *renaming)
{
	struct sl_replay *replay = renaming->replay;
	const struct sl_entity *table = &renaming->table->id;
	struct sl_catalog_iter it = sl_links_of(&replay->work, table);
	const char *old = sl_arena_printf(replay->scratch, "%s.%s.%s", table->schema, table->name,
		renaming->from);
	const struct sl_entity *entity;

	while ((entity = sl_next_dependent(&replay->work, &it, table))) {
		struct sl_sequence *copy;

		if (entity->kind != SL_ENTITY_SEQUENCE ||
			!sl_str_eq(sl_as_sequence(entity)->owned_by, old))
			continue;
		copy = sl_entity_edit(sl_keeping(replay), entity);
		copy->owned_by = sl_arena_printf(sl_keeping(replay), "%s.%s.%s", table->schema,
			table->name, renaming->to);
		sl_catalog_put(&replay->work, &copy->id);
	}
}

void sl_rename_column(struct sl_replay *replay, struct sl_table *table, const char *from,
	const char *to)
{
	struct renaming renaming = { .replay = replay,
		.from = from,
		.to = to,
		.table = table,
		.statement = true };

	rename_in_references(&renaming, &table->id);
	rename_in_owners(&renaming);
	rename_in_views(&renaming, &table->id, NULL);
	rename_in_triggers(&renaming, &table->id, NULL);
	renaming.statement = false;
	rename_in_columns(&renaming, table);
	rename_in_constraints(&renaming, table);
	rename_in_indexes(&renaming, table);
}

static void move_references(struct sl_replay *replay, const struct sl_entity *from,
	const struct sl_entity *to)
{
	struct sl_catalog_iter it = sl_links_of(&replay->work, from);
	const struct sl_entity *other;

	while ((other = sl_next_dependent(&replay->work, &it, from))) {
		const struct sl_constraints *constraints;
		struct sl_table *copy = NULL;

		if (other->kind != SL_ENTITY_TABLE ||
			sl_tree_compare(sl_fold_entities(replay->work.dialect), other, from) == 0)
			continue;
		constraints = &sl_as_table(other)->constraints;
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
	struct sl_catalog_iter it = sl_links_of(&replay->work, from);
	const char *old = sl_arena_printf(replay->scratch, "%s.%s", from->schema, from->name);
	const char *new = sl_arena_printf(sl_keeping(replay), "%s.%s", to->schema, to->name);
	const struct sl_entity *child;

	while ((child = sl_next_dependent(&replay->work, &it, from))) {
		const struct sl_table *table;
		struct sl_table *copy;
		bool partition;
		size_t i = 0;

		if (child->kind != SL_ENTITY_TABLE)
			continue;
		table = sl_as_table(child);
		partition = table->partition_of && sl_str_eq(table->partition_of, old);
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

/* A table's own sequences go with it into another schema, and the defaults that use them follow. */
static void move_sequences(struct sl_replay *replay, const struct sl_entity *from,
	const struct sl_entity *to)
{
	struct sl_catalog_iter it = sl_links_of(&replay->work, from);
	const char *old = sl_arena_printf(replay->scratch, "%s.%s.", from->schema, from->name);
	const struct sl_entity *entity;

	while ((entity = sl_next_dependent(&replay->work, &it, from))) {
		const char *owned = entity->kind == SL_ENTITY_SEQUENCE ?
			sl_as_sequence(entity)->owned_by :
			NULL;
		struct sl_sequence *copy;

		if (!owned || !sl_str_starts(owned, old))
			continue;
		copy = sl_entity_edit(sl_keeping(replay), entity);
		copy->owned_by = sl_arena_printf(sl_keeping(replay), "%s.%s.%s", to->schema,
			to->name, owned + strlen(old));
		copy->id.schema = to->schema;
		sl_catalog_remove(&replay->work, entity);
		sl_catalog_put(&replay->work, &copy->id);
	}
}

void sl_rename_relation(struct sl_replay *replay, const struct sl_entity *relation,
	const char *schema, const char *name)
{
	const struct sl_entity moved = { relation->kind, schema, name, "" };
	struct renaming renaming = { .replay = replay, .from = relation->name, .to = name };

	rename_in_views(&renaming, relation, &moved);
	rename_in_triggers(&renaming, relation, &moved);
	if (relation->kind != SL_ENTITY_TABLE)
		return;
	move_references(replay, relation, &moved);
	move_children(replay, relation, &moved);
	move_sequences(replay, relation, &moved);
}

/* nextval() of a sequence that moved to the schema with the table. */
static void move_defaults(struct sl_replay *replay, struct sl_table *table, const char *schema)
{
	struct sl_catalog_iter it = sl_links_of(&replay->work, &table->id);
	const struct sl_entity *entity;

	while ((entity = sl_next_dependent(&replay->work, &it, &table->id))) {
		const struct sl_entity moved = { SL_ENTITY_SEQUENCE, schema, entity->name, "" };
		const char *old = sl_next_value(replay, entity);

		for (size_t i = 0; entity->kind == SL_ENTITY_SEQUENCE && i < table->columns.len;
			i++) {
			struct sl_column column = table->columns.at[i];

			if (!column.default_sql || !sl_str_eq(column.default_sql, old))
				continue;
			column.default_sql = sl_next_value(replay, &moved);
			sl_table_set_column(replay, table, i, &column);
		}
	}
}

/* References of the table to itself, and to what goes with it; before the others are moved. */
void sl_rename_self(struct sl_replay *replay, struct sl_table *table, const char *schema,
	const char *name)
{
	struct sl_constraints old = table->constraints;

	if (sl_is_postgres(replay))
		move_defaults(replay, table, schema);
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
