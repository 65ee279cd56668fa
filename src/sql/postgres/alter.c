#include "reader.h"

static const struct {
	enum sl_sql_action kind;
	const char *text;
} actions[] = {
	[AT_AddColumn] = { SL_SQL_ACTION_ADD_COLUMN, "" },
	[AT_ColumnDefault] = { SL_SQL_ACTION_SET_DEFAULT, "" },
	[AT_DropNotNull] = { SL_SQL_ACTION_DROP_NOT_NULL, "" },
	[AT_SetNotNull] = { SL_SQL_ACTION_SET_NOT_NULL, "" },
	[AT_DropExpression] = { SL_SQL_ACTION_DROP_EXPRESSION, "" },
	[AT_SetStatistics] = { SL_SQL_ACTION_SET_STATISTICS, "" },
	[AT_SetOptions] = { SL_SQL_ACTION_SET_OPTIONS, "" },
	[AT_ResetOptions] = { SL_SQL_ACTION_RESET_OPTIONS, "" },
	[AT_SetStorage] = { SL_SQL_ACTION_SET_STORAGE, "" },
	[AT_SetCompression] = { SL_SQL_ACTION_SET_COMPRESSION, "" },
	[AT_DropColumn] = { SL_SQL_ACTION_DROP_COLUMN, "" },
	[AT_AddConstraint] = { SL_SQL_ACTION_ADD_CONSTRAINT, "" },
	[AT_AlterConstraint] = { SL_SQL_ACTION_ALTER_CONSTRAINT, "" },
	[AT_ValidateConstraint] = { SL_SQL_ACTION_VALIDATE_CONSTRAINT, "" },
	[AT_DropConstraint] = { SL_SQL_ACTION_DROP_CONSTRAINT, "" },
	[AT_AlterColumnType] = { SL_SQL_ACTION_ALTER_TYPE, "" },
	[AT_AlterColumnGenericOptions] = { SL_SQL_ACTION_SET_OPTIONS, "" },
	[AT_ChangeOwner] = { SL_SQL_ACTION_OWNER, "" },
	[AT_ClusterOn] = { SL_SQL_ACTION_CLUSTER_ON, "" },
	[AT_DropCluster] = { SL_SQL_ACTION_NO_CLUSTER, "" },
	[AT_SetLogged] = { SL_SQL_ACTION_SET_LOGGED, "" },
	[AT_SetUnLogged] = { SL_SQL_ACTION_SET_UNLOGGED, "" },
	[AT_SetAccessMethod] = { SL_SQL_ACTION_SET_ACCESS_METHOD, "" },
	[AT_SetTableSpace] = { SL_SQL_ACTION_SET_TABLESPACE, "" },
	[AT_SetRelOptions] = { SL_SQL_ACTION_SET_OPTIONS, "" },
	[AT_ResetRelOptions] = { SL_SQL_ACTION_RESET_OPTIONS, "" },
	[AT_EnableTrig] = { SL_SQL_ACTION_ENABLE_TRIGGER, "" },
	[AT_EnableAlwaysTrig] = { SL_SQL_ACTION_ENABLE_TRIGGER, "always" },
	[AT_EnableReplicaTrig] = { SL_SQL_ACTION_ENABLE_TRIGGER, "replica" },
	[AT_DisableTrig] = { SL_SQL_ACTION_DISABLE_TRIGGER, "" },
	[AT_EnableTrigAll] = { SL_SQL_ACTION_ENABLE_TRIGGER, "all" },
	[AT_DisableTrigAll] = { SL_SQL_ACTION_DISABLE_TRIGGER, "all" },
	[AT_EnableTrigUser] = { SL_SQL_ACTION_ENABLE_TRIGGER, "user" },
	[AT_DisableTrigUser] = { SL_SQL_ACTION_DISABLE_TRIGGER, "user" },
	[AT_EnableRule] = { SL_SQL_ACTION_ENABLE_RULE, "" },
	[AT_EnableAlwaysRule] = { SL_SQL_ACTION_ENABLE_RULE, "always" },
	[AT_EnableReplicaRule] = { SL_SQL_ACTION_ENABLE_RULE, "replica" },
	[AT_DisableRule] = { SL_SQL_ACTION_DISABLE_RULE, "" },
	[AT_AddInherit] = { SL_SQL_ACTION_INHERIT, "" },
	[AT_DropInherit] = { SL_SQL_ACTION_NO_INHERIT, "" },
	[AT_AddOf] = { SL_SQL_ACTION_OF_TYPE, "" },
	[AT_DropOf] = { SL_SQL_ACTION_NOT_OF, "" },
	[AT_ReplicaIdentity] = { SL_SQL_ACTION_REPLICA_IDENTITY, "" },
	[AT_EnableRowSecurity] = { SL_SQL_ACTION_ENABLE_RLS, "" },
	[AT_DisableRowSecurity] = { SL_SQL_ACTION_DISABLE_RLS, "" },
	[AT_ForceRowSecurity] = { SL_SQL_ACTION_FORCE_RLS, "" },
	[AT_NoForceRowSecurity] = { SL_SQL_ACTION_NO_FORCE_RLS, "" },
	[AT_GenericOptions] = { SL_SQL_ACTION_SET_OPTIONS, "" },
	[AT_AttachPartition] = { SL_SQL_ACTION_ATTACH_PARTITION, "" },
	[AT_DetachPartition] = { SL_SQL_ACTION_DETACH_PARTITION, "" },
	[AT_DetachPartitionFinalize] = { SL_SQL_ACTION_FINALIZE_PARTITION, "" },
	[AT_AddIdentity] = { SL_SQL_ACTION_ADD_IDENTITY, "" },
	[AT_SetIdentity] = { SL_SQL_ACTION_SET_IDENTITY, "" },
	[AT_DropIdentity] = { SL_SQL_ACTION_DROP_IDENTITY, "" },
};

struct sl_fact_action *pg_add_action(struct pg_reader *reader, enum sl_sql_action kind)
{
	struct sl_fact_action *action = sl_fact_add(reader->arena, reader->facts, action);

	action->kind = kind;
	action->column_row = -1;
	action->constraint_row = -1;
	action->object_row = -1;
	action->len = reader->len;
	return action;
}

/* The step's tokens, and the table that it belongs to. */
struct step {
	const AlterTableCmd *cmd;
	size_t from, to;
	const struct sl_fact_object *table;
};

static const char *text_behind(struct pg_reader *reader, const struct step *step, const char *word)
{
	size_t i = pg_find(reader, step->from, step->to, word);

	return i == PG_NO_TOKEN ? "" : pg_text(reader, i + 1, step->to);
}

/* What stands in the step's first parentheses. */
static const char *parenthesised(struct pg_reader *reader, const struct step *step)
{
	size_t open = pg_find_char(reader, step->from, step->to, '(');

	return open == PG_NO_TOKEN ? "" : pg_inside(reader, open);
}

static void read_new_type(struct pg_reader *reader, struct sl_fact_action *action,
	const struct step *step)
{
	const ColumnDef *def = PG(ColumnDef, step->cmd->def);
	struct sl_fact_column_def *column = sl_fact_add(reader->arena, reader->facts, column_def);
	const char *schema;

	action->column_row = (int64_t)reader->facts->column_def.len - 1;
	action->text = def->raw_default ? text_behind(reader, step, "using") : "";
	column->schema = step->table->schema;
	column->table_name = step->table->name;
	column->name = action->name;
	column->ordinal = 1;
	column->at = pg_begin(reader, step->from);
	column->len = pg_end(reader, step->to) - column->at;
	column->name_at = (int64_t)column->at;
	pg_column_type(reader, column, def->typeName);
	if (def->collClause) {
		const char *collation = pg_qualified(reader, def->collClause->collname, &schema);

		column->collation = pg_dotted(reader, schema, collation);
	}
	pg_walk(reader, def->raw_default, SL_SQL_CLAUSE_USING);
}

static void read_default(struct pg_reader *reader, struct sl_fact_action *action,
	const struct step *step)
{
	if (!step->cmd->def) {
		action->kind = SL_SQL_ACTION_DROP_DEFAULT;
		return;
	}
	action->text = text_behind(reader, step, "default");
	pg_walk(reader, step->cmd->def, SL_SQL_CLAUSE_DEFAULT);
}

static void read_partition(struct pg_reader *reader, struct sl_fact_action *action,
	const struct step *step)
{
	const PartitionCmd *cmd = PG(PartitionCmd, step->cmd->def);
	size_t name = pg_token_at(reader, cmd->name->location);
	size_t bound = pg_find(reader, name, step->to, "for");

	(void)pg_add_relation(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_TABLE, cmd->name);
	action->object_row = (int64_t)reader->facts->object.len - 1;
	action->name = pg_copy(reader, cmd->name->relname);
	if (action->kind == SL_SQL_ACTION_ATTACH_PARTITION)
		action->text = bound == PG_NO_TOKEN ? "DEFAULT" : pg_text(reader, bound, step->to);
	action->concurrently = cmd->concurrent;
	if (cmd->concurrent) {
		reader->statement->concurrently = true;
		reader->statement->tx = SL_SQL_TX_NEVER;
		reader->statement->tx_text = "DETACH PARTITION CONCURRENTLY";
	}
}

static void read_identity(struct pg_reader *reader, struct sl_fact_action *action,
	const struct step *step)
{
	bool always = pg_find(reader, step->from, step->to, "always") != PG_NO_TOKEN;
	bool by_default = pg_find(reader, step->from, step->to, "default") != PG_NO_TOKEN;

	action->text = always ? "always" : by_default ? "by default" : "";
}

static void read_parent(struct pg_reader *reader, struct sl_fact_action *action,
	const struct step *step)
{
	const RangeVar *parent = PG(RangeVar, step->cmd->def);

	(void)pg_add_relation(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_TABLE, parent);
	action->object_row = (int64_t)reader->facts->object.len - 1;
	action->name = pg_copy(reader, parent->relname);
}

/* SET STORAGE x, SET STATISTICS 5: the last word. */
static const char *last_word(struct pg_reader *reader, const struct step *step)
{
	return pg_text(reader, step->to - 1, step->to);
}

static void read_kind(struct pg_reader *reader, struct sl_fact_action *action,
	const struct step *step)
{
	const AlterTableCmd *cmd = step->cmd;

	switch (cmd->subtype) {
	case AT_AddColumn:
		action->column_row = pg_read_column(reader, PG(ColumnDef, cmd->def), step->table);
		action->name = pg_copy(reader, PG(ColumnDef, cmd->def)->colname);
		action->if_not_exists = cmd->missing_ok;
		reader->facts->column_def.at[action->column_row].if_not_exists = cmd->missing_ok;
		break;
	case AT_AlterColumnType:
		read_new_type(reader, action, step);
		break;
	case AT_ColumnDefault:
		read_default(reader, action, step);
		break;
	case AT_AddConstraint:
		action->constraint_row = pg_read_constraint(reader, PG(Constraint, cmd->def),
			step->table);
		action->name = pg_copy(reader, PG(Constraint, cmd->def)->conname);
		break;
	case AT_AlterConstraint:
		action->name = pg_copy(reader, PG(Constraint, cmd->def)->conname);
		break;
	case AT_AttachPartition:
	case AT_DetachPartition:
	case AT_DetachPartitionFinalize:
		read_partition(reader, action, step);
		break;
	case AT_AddIdentity:
	case AT_SetIdentity:
		read_identity(reader, action, step);
		break;
	case AT_AddInherit:
	case AT_DropInherit:
		read_parent(reader, action, step);
		break;
	case AT_ChangeOwner:
		action->new_name = pg_role_name(reader, cmd->newowner);
		break;
	case AT_SetTableSpace:
	case AT_SetAccessMethod:
		action->new_name = action->name;
		break;
	case AT_SetStorage:
	case AT_SetCompression:
	case AT_SetStatistics:
		action->text = last_word(reader, step);
		break;
	case AT_ReplicaIdentity:
		action->text = text_behind(reader, step, "identity");
		break;
	case AT_AddOf:
		action->new_name = pg_type_text(reader, PG(TypeName, cmd->def));
		break;
	default:
		if (action->kind == SL_SQL_ACTION_SET_OPTIONS ||
			action->kind == SL_SQL_ACTION_RESET_OPTIONS)
			action->text = parenthesised(reader, step);
		break;
	}
}

static void read_step(struct pg_reader *reader, const struct step *step)
{
	const AlterTableCmd *cmd = step->cmd;
	bool known = (size_t)cmd->subtype < sizeof(actions) / sizeof(actions[0]);
	struct sl_fact_action *action = pg_add_action(reader,
		known ? actions[cmd->subtype].kind : SL_SQL_ACTION_OTHER);

	action->name = pg_copy(reader, cmd->name);
	action->text = known ? actions[cmd->subtype].text : "";
	action->if_exists = cmd->missing_ok && cmd->subtype != AT_AddColumn;
	action->cascade = cmd->behavior == DROP_CASCADE;
	action->at = pg_begin(reader, step->from);
	action->len = pg_end(reader, step->to) - action->at;
	if (action->cascade)
		reader->statement->cascade = true;
	if (action->kind == SL_SQL_ACTION_OTHER)
		action->text = pg_text(reader, step->from, step->to);
	read_kind(reader, action, step);
}

void pg_read_alter_table(struct pg_reader *reader, const void *node)
{
	const AlterTableStmt *alter = PG(AlterTableStmt, node);
	struct sl_fact_object *object = pg_add_relation(reader, SL_SQL_ROLE_ALTERED,
		pg_object_kind(alter->objtype), alter->relation);
	struct sl_fact_object table = *object;
	size_t from;

	object->if_exists = alter->missing_ok;
	reader->statement->object = table.kind;
	reader->statement->if_exists = alter->missing_ok;
	from = pg_token_at(reader, (int)(table.at + table.len));
	if (reader->text[pg_begin(reader, from)] == '*' || pg_is_char(reader, from, ')'))
		from++;
	for (int i = 0; i < pg_len(alter->cmds); i++) {
		struct step step = { .cmd = PG(AlterTableCmd, pg_nth(alter->cmds, i)),
			.from = from,
			.to = pg_element_end(reader, from),
			.table = &table };

		read_step(reader, &step);
		from = step.to + 1;
	}
}
