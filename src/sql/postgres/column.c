#include "reader.h"

/* ---- constraints ---- */

/* A constraint whose tokens are [from, to). */
struct place {
	size_t from, to;
};

static const char *action_name(char action)
{
	switch (action) {
	case FKCONSTR_ACTION_RESTRICT:
		return "restrict";
	case FKCONSTR_ACTION_CASCADE:
		return "cascade";
	case FKCONSTR_ACTION_SETNULL:
		return "set null";
	case FKCONSTR_ACTION_SETDEFAULT:
		return "set default";
	default:
		return "no action";
	}
}

static const char *match_name(char match)
{
	switch (match) {
	case FKCONSTR_MATCH_FULL:
		return "full";
	case FKCONSTR_MATCH_PARTIAL:
		return "partial";
	default:
		return "simple";
	}
}

static void read_foreign_key(struct pg_reader *reader, struct sl_fact_constraint_def *row,
	const Constraint *def)
{
	const struct sl_fact_object *object = pg_add_relation(reader, SL_SQL_ROLE_REFERENCED,
		SL_SQL_OBJECT_TABLE, def->pktable);

	row->kind = SL_SQL_CONSTRAINT_FOREIGN_KEY;
	row->columns = pg_names(reader, def->fk_attrs);
	row->ref_schema = object->schema;
	row->ref_table = object->name;
	row->ref_columns = pg_names(reader, def->pk_attrs);
	row->on_delete = action_name(def->fk_del_action);
	row->on_update = action_name(def->fk_upd_action);
	row->match_type = match_name(def->fk_matchtype);
}

static void read_exclusion(struct pg_reader *reader, struct sl_fact_constraint_def *row,
	const Constraint *def, struct place place)
{
	size_t word = pg_find(reader, place.from, place.to, "exclude");
	size_t where = pg_find(reader, place.from, place.to, "where");

	row->kind = SL_SQL_CONSTRAINT_EXCLUDE;
	row->method = pg_copy(reader, def->access_method);
	row->expression = word == PG_NO_TOKEN ? "" : pg_text(reader, word + 1, place.to);
	row->where_text = where == PG_NO_TOKEN ? "" : pg_inside(reader, where + 1);
	for (int i = 0; i < pg_len(def->exclusions); i++)
		pg_walk_list(reader, PG(List, pg_nth(def->exclusions, i)), SL_SQL_CLAUSE_INDEX);
	pg_walk(reader, def->where_clause, SL_SQL_CLAUSE_INDEX);
}

static void read_kind(struct pg_reader *reader, struct sl_fact_constraint_def *row,
	const Constraint *def, struct place place)
{
	size_t check;

	switch (def->contype) {
	case CONSTR_CHECK:
		check = pg_find(reader, place.from, place.to, "check");
		row->kind = SL_SQL_CONSTRAINT_CHECK;
		row->expression = check == PG_NO_TOKEN ? "" : pg_inside(reader, check + 1);
		pg_walk(reader, def->raw_expr, SL_SQL_CLAUSE_CHECK);
		break;
	case CONSTR_PRIMARY:
	case CONSTR_UNIQUE:
		row->kind = def->contype == CONSTR_PRIMARY ? SL_SQL_CONSTRAINT_PRIMARY_KEY :
							     SL_SQL_CONSTRAINT_UNIQUE;
		row->columns = pg_names(reader, def->keys);
		row->include = pg_names(reader, def->including);
		row->using_index = pg_copy(reader, def->indexname);
		row->nulls_not_distinct = def->nulls_not_distinct;
		break;
	case CONSTR_FOREIGN:
		read_foreign_key(reader, row, def);
		break;
	case CONSTR_EXCLUSION:
		read_exclusion(reader, row, def, place);
		break;
	default:
		row->kind = SL_SQL_CONSTRAINT_NOT_NULL;
		break;
	}
}

static struct sl_fact_constraint_def *add_constraint(struct pg_reader *reader,
	const Constraint *def, const struct sl_fact_object *table, struct place place)
{
	struct sl_fact_constraint_def *row = sl_fact_add(reader->arena, reader->facts,
		constraint_def);

	row->schema = table->schema;
	row->table_name = table->name;
	row->name = pg_copy(reader, def->conname);
	row->is_deferrable = def->deferrable;
	row->is_deferred = def->initdeferred;
	row->not_valid = def->skip_validation;
	row->no_inherit = def->is_no_inherit;
	row->at = pg_begin(reader, place.from);
	row->len = pg_end(reader, place.to) - row->at;
	read_kind(reader, row, def, place);
	return row;
}

int64_t pg_read_constraint(struct pg_reader *reader, const Constraint *def,
	const struct sl_fact_object *table)
{
	struct sl_fact_object owner = *table;
	size_t from = pg_token_at(reader, def->location);
	struct place place = { .from = from, .to = pg_element_end(reader, from) };

	(void)add_constraint(reader, def, &owner, place);
	return (int64_t)reader->facts->constraint_def.len - 1;
}

/* ---- columns ---- */

static bool any_volatile(const struct pg_reader *reader, size_t from)
{
	for (size_t i = from; i < reader->facts->call.len; i++) {
		if (reader->facts->call.at[i].is_volatile)
			return true;
	}
	return false;
}

static void read_default(struct pg_reader *reader, struct sl_fact_column_def *column,
	const Constraint *def, struct place place)
{
	size_t word = pg_find(reader, place.from, place.to, "default");
	size_t calls = reader->facts->call.len;

	column->has_default = true;
	column->default_text = word == PG_NO_TOKEN ? "" : pg_text(reader, word + 1, place.to);
	column->default_constant = pg_is_constant(def->raw_expr);
	pg_walk(reader, def->raw_expr, SL_SQL_CLAUSE_DEFAULT);
	column->default_volatile = any_volatile(reader, calls);
}

static void read_generated(struct pg_reader *reader, struct sl_fact_column_def *column,
	const Constraint *def, struct place place)
{
	size_t as = pg_find(reader, place.from, place.to, "as");

	column->generated = "stored";
	column->generated_text = as == PG_NO_TOKEN ? "" : pg_inside(reader, as + 1);
	pg_walk(reader, def->raw_expr, SL_SQL_CLAUSE_GENERATED);
}

static void read_identity(struct pg_reader *reader, struct sl_fact_column_def *column,
	const Constraint *def, struct place place)
{
	size_t word = pg_find(reader, place.from, place.to, "identity");

	column->identity = def->generated_when == 'a' ? "always" : "by default";
	column->identity_options = word == PG_NO_TOKEN ? "" : pg_inside(reader, word + 1);
	column->not_null = true;
}

/* A key, check or foreign key that stands with a column. */
static void read_with_column(struct pg_reader *reader, struct sl_fact_column_def *column,
	const Constraint *def, struct place place)
{
	struct sl_fact_object table = { .schema = column->schema, .name = column->table_name };
	struct sl_fact_constraint_def *row = add_constraint(reader, def, &table, place);

	row->column_name = column->name;
	if (def->contype != CONSTR_CHECK) {
		const char **one = sl_arena_calloc(reader->arena, 1, sizeof(*one));

		one[0] = column->name;
		row->columns = (struct sl_names){ .at = one, .len = 1 };
	}
	column->primary_key = column->primary_key || def->contype == CONSTR_PRIMARY;
	column->not_null = column->not_null || def->contype == CONSTR_PRIMARY;
	column->is_unique = column->is_unique || def->contype == CONSTR_UNIQUE;
}

static struct sl_fact_constraint_def *last_constraint(struct pg_reader *reader, size_t from)
{
	size_t n = reader->facts->constraint_def.len;

	return n > from ? &reader->facts->constraint_def.at[n - 1] : NULL;
}

static void read_column_constraint(struct pg_reader *reader, struct sl_fact_column_def *column,
	const Constraint *def, struct place place, struct sl_fact_constraint_def *before)
{
	switch (def->contype) {
	case CONSTR_NULL:
		column->null_written = true;
		break;
	case CONSTR_NOTNULL:
		column->not_null = true;
		column->not_null_name = pg_copy(reader, def->conname);
		break;
	case CONSTR_DEFAULT:
		read_default(reader, column, def, place);
		break;
	case CONSTR_IDENTITY:
		read_identity(reader, column, def, place);
		break;
	case CONSTR_GENERATED:
		read_generated(reader, column, def, place);
		break;
	case CONSTR_ATTR_DEFERRABLE:
	case CONSTR_ATTR_DEFERRED:
		if (before) {
			before->is_deferrable = true;
			before->is_deferred = before->is_deferred ||
				def->contype == CONSTR_ATTR_DEFERRED;
		}
		break;
	case CONSTR_ATTR_NOT_DEFERRABLE:
	case CONSTR_ATTR_IMMEDIATE:
		break;
	default:
		read_with_column(reader, column, def, place);
		break;
	}
}

/* A constraint goes up to the next one, the collation, or the column's end. */
static size_t constraint_end(struct pg_reader *reader, const ColumnDef *def, int i, size_t end)
{
	int from = PG(Constraint, pg_nth(def->constraints, i))->location;
	int next = i + 1 < pg_len(def->constraints) ?
		PG(Constraint, pg_nth(def->constraints, i + 1))->location :
		-1;

	if (def->collClause && def->collClause->location > from &&
		(next < 0 || def->collClause->location < next))
		next = def->collClause->location;
	return next < 0 ? end : pg_token_at(reader, next);
}

static void read_constraints(struct pg_reader *reader, struct sl_fact_column_def *column,
	const ColumnDef *def, size_t end)
{
	size_t first = reader->facts->constraint_def.len;

	for (int i = 0; i < pg_len(def->constraints); i++) {
		const Constraint *constraint = PG(Constraint, pg_nth(def->constraints, i));
		struct place place = { .from = pg_token_at(reader, constraint->location),
			.to = constraint_end(reader, def, i, end) };

		read_column_constraint(reader, column, constraint, place,
			last_constraint(reader, first));
	}
}

/* Ordinals count within a table of the statement. */
static int64_t next_ordinal(const struct pg_reader *reader, const struct sl_fact_object *table)
{
	size_t n = reader->facts->column_def.len;
	const struct sl_fact_column_def *last = n > 0 ? &reader->facts->column_def.at[n - 1] : NULL;

	return last && last->table_name == table->name ? last->ordinal + 1 : 1;
}

int64_t pg_read_column(struct pg_reader *reader, const ColumnDef *def,
	const struct sl_fact_object *table)
{
	size_t name = pg_token_at(reader, def->location);
	size_t end = pg_element_end(reader, name);
	const char *schema;
	int64_t ordinal = next_ordinal(reader, table);
	struct sl_fact_column_def *column = sl_fact_add(reader->arena, reader->facts, column_def);

	column->schema = table->schema;
	column->table_name = table->name;
	column->ordinal = ordinal;
	column->name = pg_copy(reader, def->colname);
	column->quoted = pg_token(reader, name)->kind == SL_TOKEN_NAME;
	column->at = pg_begin(reader, name);
	column->len = pg_end(reader, end) - column->at;
	column->name_at = (int64_t)column->at;
	pg_column_type(reader, column, def->typeName);
	column->compression = pg_copy(reader, def->compression);
	if (def->collClause) {
		const char *collation = pg_qualified(reader, def->collClause->collname, &schema);

		column->collation = pg_dotted(reader, schema, collation);
	}
	read_constraints(reader, column, def, end);
	return (int64_t)reader->facts->column_def.len - 1;
}
