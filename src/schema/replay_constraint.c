/* Constraints from their facts. */
#include "render.h"
#include "replay_int.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"

static enum sl_constraint_kind kind_of(enum sl_sql_constraint kind)
{
	switch (kind) {
	case SL_SQL_CONSTRAINT_PRIMARY_KEY:
		return SL_CONSTRAINT_PRIMARY;
	case SL_SQL_CONSTRAINT_UNIQUE:
		return SL_CONSTRAINT_UNIQUE;
	case SL_SQL_CONSTRAINT_FOREIGN_KEY:
		return SL_CONSTRAINT_FOREIGN;
	case SL_SQL_CONSTRAINT_EXCLUDE:
		return SL_CONSTRAINT_EXCLUDE;
	case SL_SQL_CONSTRAINT_CHECK:
	case SL_SQL_CONSTRAINT_NOT_NULL:
	case SL_SQL_CONSTRAINT_COUNT:
		break;
	}
	return SL_CONSTRAINT_CHECK;
}

static enum sl_fk_action action_of(const char *text)
{
	for (unsigned i = 0; *text && i < SL_FK_ACTION_COUNT; i++) {
		if (sl_str_eq(sl_fk_action_name((enum sl_fk_action)i), text))
			return (enum sl_fk_action)i;
	}
	return SL_FK_NO_ACTION;
}

/* The columns as the table spells them; those that it does not have are a problem. */
static struct sl_names columns_of(struct sl_replay *replay, const struct sl_table *table,
	const struct sl_names *names)
{
	const char **at = sl_arena_calloc(sl_keeping(replay), names->len + 1, sizeof(*at));
	struct sl_names columns = { at, names->len };

	for (size_t i = 0; i < names->len; i++) {
		size_t place = sl_column_at(replay, table, names->at[i]);
		struct about about = { SL_ENTITY_TABLE, table->id.schema, table->id.name,
			names->at[i] };

		if (place < table->columns.len) {
			at[i] = table->columns.at[place].name;
			continue;
		}
		at[i] = sl_keep(replay, names->at[i]);
		if (!table->partial)
			sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_COLUMN, &about,
				"table %s has no column %s",
				sl_spoken(replay, table->id.schema, table->id.name), names->at[i]);
	}
	return columns;
}

static void check_ref_columns(struct sl_replay *replay, const struct sl_table *target,
	const struct sl_names *columns)
{
	(void)columns_of(replay, target, columns);
}

static bool is_itself(const struct sl_replay *replay, const struct sl_table *table,
	const char *schema, const char *name)
{
	bool fold = sl_fold_entities(replay->work.dialect);

	return sl_name_compare(fold, table->id.name, name) == 0 &&
		(!*schema || sl_name_compare(fold, table->id.schema, schema) == 0 ||
			sl_schema_is_main(replay->work.dialect, schema));
}

/* SQLite takes a reference to a table that does not exist, and keeps the names as they are written;
 * PostgreSQL resolves them. */
static void refer(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_constraint_def *def, struct sl_constraint *constraint)
{
	const struct sl_entity *target;
	const struct sl_constraint *key;

	if (sl_is_sqlite(replay)) {
		target = sl_catalog_relation(&replay->work, table->id.schema, def->ref_table);
		constraint->ref_schema = table->id.schema;
		constraint->ref_table = sl_keep(replay, def->ref_table);
		constraint->ref_columns = sl_keep_names(replay, &def->ref_columns);
		return;
	}
	target = is_itself(replay, table, def->ref_schema, def->ref_table) ?
		&table->id :
		sl_relation_needed(replay, def->ref_schema, def->ref_table, false);
	constraint->ref_schema = target ? target->schema : sl_keep(replay, def->ref_schema);
	constraint->ref_table = target ? target->name : sl_keep(replay, def->ref_table);
	constraint->ref_columns = sl_keep_names(replay, &def->ref_columns);
	if (!target || target->kind != SL_ENTITY_TABLE)
		return;
	key = sl_table_primary(sl_as_table(target));
	if (def->ref_columns.len > 0)
		check_ref_columns(replay, sl_as_table(target), &def->ref_columns);
	else if (key)
		constraint->ref_columns = key->columns;
}

static const char *extra_of(struct sl_replay *replay, const struct sl_fact_constraint_def *def)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(65536);

	if (def->nulls_not_distinct)
		sl_buf_adds(&out, "nulls not distinct");
	if (sl_str_eq(def->match_type, "full") || sl_str_eq(def->match_type, "partial"))
		sl_buf_addf(&out, "match %s", def->match_type);
	for (size_t i = 0; i < def->include.len; i++) {
		sl_buf_adds(&out, i > 0 ? ", " : out.len > 0 ? " include (" : "include (");
		sl_render_name(&out, replay->work.dialect, def->include.at[i]);
	}
	if (def->include.len > 0)
		sl_buf_addc(&out, ')');
	if (*def->on_conflict)
		sl_buf_addf(&out, "on conflict %s", def->on_conflict);
	return sl_keep(replay, sl_buf_str(&out));
}

/* The one column that a check reads, as PostgreSQL names the check after it. */
static struct sl_names checked_column(struct sl_replay *replay,
	const struct sl_fact_constraint_def *def)
{
	const char **at = sl_arena_calloc(replay->scratch, 1, sizeof(*at));
	struct sl_names names = { at, 0 };

	for (size_t i = 0; i < replay->facts->column_ref.len; i++) {
		const struct sl_fact_column_ref *ref = &replay->facts->column_ref.at[i];

		if (ref->at < def->at || ref->at >= def->at + def->len)
			continue;
		if (names.len > 0 && !sl_str_eq(at[0], ref->name))
			return (struct sl_names){ at, 0 };
		at[0] = ref->name;
		names.len = 1;
	}
	return names;
}

/* "using gist (room with =, ...)": the first key, where the facts know no columns. */
static struct sl_names excluded_columns(struct sl_replay *replay,
	const struct sl_fact_constraint_def *def, const char *expression)
{
	const char **at = sl_arena_calloc(replay->scratch, 1, sizeof(*at));
	const char *open = expression ? strchr(expression, '(') : NULL;
	size_t len = open ? strcspn(open + 1, " (") : 0;

	if (def->columns.len > 0 || len == 0)
		return def->columns;
	at[0] = sl_arena_strndup(replay->scratch, open + 1, len);
	return (struct sl_names){ at, 1 };
}

static const char *name_of(struct sl_replay *replay, const struct sl_table *table,
	const struct sl_fact_constraint_def *def, const struct sl_constraint *constraint)
{
	static const char *const labels[] = { "pkey", "key", "fkey", "check", "excl" };
	struct sl_names columns = constraint->columns;

	_Static_assert(sizeof(labels) / sizeof(labels[0]) == SL_CONSTRAINT_KIND_COUNT, "labels");
	if (*def->name || !sl_is_postgres(replay))
		return sl_keep(replay, def->name);
	if (*def->using_index)
		return sl_keep(replay, def->using_index);
	if (constraint->kind == SL_CONSTRAINT_PRIMARY)
		columns.len = 0;
	if (constraint->kind == SL_CONSTRAINT_CHECK)
		columns = checked_column(replay, def);
	if (constraint->kind == SL_CONSTRAINT_EXCLUDE)
		columns = excluded_columns(replay, def, constraint->expression);
	return sl_chosen_name(replay, table, &columns, labels[constraint->kind]);
}

/* ADD CONSTRAINT ... USING INDEX: the index becomes the constraint's. */
static void take_index(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_constraint_def *def, struct sl_constraint *constraint)
{
	size_t place = sl_index_at(replay, &table->indexes, def->using_index);
	struct about about = { SL_ENTITY_TABLE, table->id.schema, table->id.name,
		def->using_index };
	const struct sl_index *index;
	const char **columns;

	if (place == table->indexes.len) {
		sl_problem_unless_uncertain(replay, SL_PROBLEM_UNKNOWN_INDEX, &about,
			"table %s has no index %s",
			sl_spoken(replay, table->id.schema, table->id.name), def->using_index);
		return;
	}
	index = &table->indexes.at[place];
	columns = sl_arena_calloc(sl_keeping(replay), index->parts.len + 1, sizeof(*columns));
	for (size_t i = 0; i < index->parts.len; i++)
		columns[i] = index->parts.at[i].column ? index->parts.at[i].column : "";
	constraint->columns = (struct sl_names){ columns, index->parts.len };
	sl_table_remove_index(replay, &table->indexes, place);
}

/* The columns of a primary key are not null; SQLite says so of none but those of strict types. */
static void key_columns_not_null(struct sl_replay *replay, struct sl_table *table,
	const struct sl_constraint *key, bool altering)
{
	for (size_t i = 0; i < key->columns.len; i++) {
		size_t place = sl_column_at(replay, table, key->columns.at[i]);
		struct sl_column column;

		if (place == table->columns.len || table->columns.at[place].not_null)
			continue;
		column = table->columns.at[place];
		column.not_null = true;
		sl_table_set_column(replay, table, place, &column);
		if (altering) {
			struct sl_effect *effect = sl_effect_add(replay, SL_EFFECT_COLUMN_NOT_NULL,
				&table->id, column.name);

			effect->implied = true;
			effect->scans = true;
		}
	}
}

static bool refuse_double(struct sl_replay *replay, const struct sl_table *table,
	const struct sl_constraint *constraint)
{
	struct about about = { SL_ENTITY_TABLE, table->id.schema, table->id.name,
		constraint->name };

	if (constraint->kind == SL_CONSTRAINT_PRIMARY && sl_table_primary(table)) {
		sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_CONSTRAINT, &about,
			"table %s has a primary key already",
			sl_spoken(replay, table->id.schema, table->id.name));
		return true;
	}
	if (!*constraint->name || sl_is_sqlite(replay) ||
		sl_constraint_at(replay, table, constraint->name) == table->constraints.len)
		return false;
	sl_problem_unless_uncertain(replay, SL_PROBLEM_DUPLICATE_CONSTRAINT, &about,
		"table %s has a constraint %s already",
		sl_spoken(replay, table->id.schema, table->id.name), constraint->name);
	return true;
}

void sl_constraint_apply(struct sl_replay *replay, struct sl_table *table,
	const struct sl_fact_constraint_def *def, bool altering)
{
	struct sl_constraint constraint = { .kind = kind_of(def->kind),
		.ref_schema = "",
		.ref_table = "",
		.on_update = action_of(def->on_update),
		.on_delete = action_of(def->on_delete),
		.comment = "",
		.of_column = sl_keep(replay, def->column_name),
		.not_valid = def->not_valid && altering,
		.deferrable = def->is_deferrable,
		.initially_deferred = def->is_deferred,
		.no_inherit = def->no_inherit };
	struct sl_effect *effect;

	if (def->kind == SL_SQL_CONSTRAINT_NOT_NULL)
		return;
	if (constraint.kind != SL_CONSTRAINT_CHECK && constraint.kind != SL_CONSTRAINT_EXCLUDE)
		constraint.columns = columns_of(replay, table, &def->columns);
	constraint.extra = extra_of(replay, def);
	if (constraint.kind == SL_CONSTRAINT_CHECK)
		constraint.expression = sl_keep_sql(replay, def->expression);
	if (constraint.kind == SL_CONSTRAINT_EXCLUDE)
		constraint.expression = sl_keep_sql(replay, def->expression);
	if (constraint.kind == SL_CONSTRAINT_FOREIGN)
		refer(replay, table, def, &constraint);
	if (*def->using_index)
		take_index(replay, table, def, &constraint);
	constraint.name = name_of(replay, table, def, &constraint);
	if (refuse_double(replay, table, &constraint))
		return;
	sl_table_add_constraint(replay, table, &constraint);
	if (constraint.kind == SL_CONSTRAINT_PRIMARY && !sl_is_sqlite(replay))
		key_columns_not_null(replay, table, &constraint, altering);
	if (!altering)
		return;
	effect = sl_effect_add(replay, SL_EFFECT_CONSTRAINT_ADDED, &table->id, constraint.name);
	effect->now = sl_constraint_kind_name(constraint.kind);
	effect->not_valid = def->not_valid;
	effect->scans = !def->not_valid && !*def->using_index;
}
