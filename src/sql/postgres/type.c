#include "reader.h"

static struct sl_fact_type_def *add_type(struct pg_reader *reader,
	const struct sl_fact_object *object, const char *kind)
{
	struct sl_fact_type_def *type = sl_fact_add(reader->arena, reader->facts, type_def);

	type->schema = object->schema;
	type->name = object->name;
	type->kind = kind;
	type->len = reader->len;
	return type;
}

void pg_read_enum(struct pg_reader *reader, const void *node)
{
	const CreateEnumStmt *create = PG(CreateEnumStmt, node);
	const struct sl_fact_object *object = pg_add_named(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_TYPE, create->typeName);

	add_type(reader, object, "enum")->labels = pg_names(reader, create->vals);
}

void pg_read_alter_enum(struct pg_reader *reader, const void *node)
{
	const AlterEnumStmt *alter = PG(AlterEnumStmt, node);
	struct sl_fact_action *action;

	(void)pg_add_named(reader, SL_SQL_ROLE_ALTERED, SL_SQL_OBJECT_TYPE, alter->typeName);
	action = pg_add_action(reader,
		alter->oldVal ? SL_SQL_ACTION_RENAME_VALUE : SL_SQL_ACTION_ADD_VALUE);
	action->new_name = pg_copy(reader, alter->newVal);
	action->name = pg_copy(reader, alter->oldVal ? alter->oldVal : alter->newValNeighbor);
	action->if_not_exists = alter->skipIfNewValExists;
	if (!alter->oldVal && alter->newValNeighbor)
		action->text = alter->newValIsAfter ? "after" : "before";
	if (!alter->oldVal) {
		reader->statement->tx = SL_SQL_TX_POINT;
		reader->statement->tx_text = "ALTER TYPE ADD VALUE";
		reader->statement->if_not_exists = alter->skipIfNewValExists;
	}
}

void pg_read_composite(struct pg_reader *reader, const void *node)
{
	const CompositeTypeStmt *create = PG(CompositeTypeStmt, node);
	struct sl_fact_object object = *pg_add_relation(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_TYPE, create->typevar);

	(void)add_type(reader, &object, "composite");
	for (int i = 0; i < pg_len(create->coldeflist); i++)
		(void)pg_read_column(reader, PG(ColumnDef, pg_nth(create->coldeflist, i)), &object);
}

/* What stands in the statement's first parentheses behind the word. */
static const char *inside_behind(struct pg_reader *reader, const char *word)
{
	size_t n = pg_tokens(reader), at = pg_find(reader, 0, n, word), open;

	open = at == PG_NO_TOKEN ? at : pg_find_char(reader, at, n, '(');
	return open == PG_NO_TOKEN ? "" : pg_inside(reader, open);
}

void pg_read_range(struct pg_reader *reader, const void *node)
{
	const CreateRangeStmt *create = PG(CreateRangeStmt, node);
	const struct sl_fact_object *object = pg_add_named(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_TYPE, create->typeName);

	add_type(reader, object, "range")->options = inside_behind(reader, "range");
}

void pg_read_define(struct pg_reader *reader, const void *node)
{
	const DefineStmt *define = PG(DefineStmt, node);
	struct sl_fact_object *object = pg_add_named(reader, SL_SQL_ROLE_CREATED,
		pg_object_kind(define->kind), define->defnames);

	object->if_not_exists = define->if_not_exists;
	object->or_replace = define->replace;
	reader->statement->object = object->kind;
	reader->statement->if_not_exists = define->if_not_exists;
	reader->statement->or_replace = define->replace;
	if (define->kind == OBJECT_TYPE)
		add_type(reader, object, pg_len(define->definition) > 0 ? "base" : "shell")
			->options = inside_behind(reader, "type");
}

/* ---- domains ---- */

static void domain_default(struct pg_reader *reader, struct sl_fact_type_def *type,
	const CreateDomainStmt *create, int i)
{
	const Constraint *def = PG(Constraint, pg_nth(create->constraints, i));
	size_t from = pg_token_at(reader, def->location), to = pg_tokens(reader);

	if (i + 1 < pg_len(create->constraints))
		to = pg_token_at(reader,
			PG(Constraint, pg_nth(create->constraints, i + 1))->location);
	type->default_text = pg_text(reader, from + 1, to);
	pg_walk(reader, def->raw_expr, SL_SQL_CLAUSE_DEFAULT);
}

void pg_read_domain(struct pg_reader *reader, const void *node)
{
	const CreateDomainStmt *create = PG(CreateDomainStmt, node);
	struct sl_fact_object object = *pg_add_named(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_DOMAIN, create->domainname);
	struct sl_fact_type_def *type = add_type(reader, &object, "domain");
	const char *schema, *collation;

	type->base = pg_type_text(reader, create->typeName);
	if (create->collClause) {
		collation = pg_qualified(reader, create->collClause->collname, &schema);
		type->collation = pg_dotted(reader, schema, collation);
	}
	for (int i = 0; i < pg_len(create->constraints); i++) {
		const Constraint *def = PG(Constraint, pg_nth(create->constraints, i));

		if (def->contype == CONSTR_DEFAULT)
			domain_default(reader, type, create, i);
		else if (def->contype == CONSTR_NOTNULL)
			type->not_null = true;
		else if (def->contype == CONSTR_CHECK)
			(void)pg_read_constraint(reader, def, &object);
	}
}

static enum sl_sql_action domain_action(const AlterDomainStmt *alter)
{
	switch (alter->subtype) {
	case 'T':
		return alter->def ? SL_SQL_ACTION_SET_DEFAULT : SL_SQL_ACTION_DROP_DEFAULT;
	case 'N':
		return SL_SQL_ACTION_DROP_NOT_NULL;
	case 'O':
		return SL_SQL_ACTION_SET_NOT_NULL;
	case 'C':
		return SL_SQL_ACTION_ADD_CONSTRAINT;
	case 'X':
		return SL_SQL_ACTION_DROP_CONSTRAINT;
	case 'V':
		return SL_SQL_ACTION_VALIDATE_CONSTRAINT;
	default:
		return SL_SQL_ACTION_OTHER;
	}
}

void pg_read_alter_domain(struct pg_reader *reader, const void *node)
{
	const AlterDomainStmt *alter = PG(AlterDomainStmt, node);
	struct sl_fact_object object = *pg_add_named(reader, SL_SQL_ROLE_ALTERED,
		SL_SQL_OBJECT_DOMAIN, alter->typeName);
	struct sl_fact_action *action = pg_add_action(reader, domain_action(alter));
	size_t n = pg_tokens(reader), word;

	action->name = pg_copy(reader, alter->name);
	action->if_exists = alter->missing_ok;
	action->cascade = alter->behavior == DROP_CASCADE;
	if (action->kind == SL_SQL_ACTION_ADD_CONSTRAINT) {
		action->constraint_row = pg_read_constraint(reader, PG(Constraint, alter->def),
			&object);
		action->name = pg_copy(reader, PG(Constraint, alter->def)->conname);
	} else if (action->kind == SL_SQL_ACTION_SET_DEFAULT) {
		word = pg_find(reader, 3, n, "default");
		action->text = word == PG_NO_TOKEN ? "" : pg_text(reader, word + 1, n);
		pg_walk(reader, alter->def, SL_SQL_CLAUSE_DEFAULT);
	}
}
