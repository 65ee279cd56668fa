#include "reader.h"

/* The command's own tokens [from, to), behind its WITH. */
struct command {
	size_t from, to;
};

static const char *between(struct pg_reader *reader, size_t from, size_t to)
{
	return from == PG_NO_TOKEN ? "" : pg_text(reader, from, to);
}

/* First of the words in [from, to), else `to`. */
static size_t first_of(struct pg_reader *reader, size_t from, size_t to, const char *const *words)
{
	size_t first = to;

	for (; *words; words++) {
		size_t at = pg_find(reader, from, first, *words);

		if (at != PG_NO_TOKEN)
			first = at;
	}
	return first;
}

static bool is_command(struct pg_reader *reader, size_t index)
{
	return pg_is(reader, index, "insert") || pg_is(reader, index, "update") ||
		pg_is(reader, index, "delete") || pg_is(reader, index, "merge");
}

/* Goes behind the WITH, whose text it gives. */
static const char *skip_with(struct pg_reader *reader, struct command *command)
{
	size_t from = command->from;

	if (!pg_is(reader, from, "with"))
		return "";
	while (command->from < command->to && !is_command(reader, command->from))
		command->from = pg_behind(reader, command->from);
	return pg_text(reader, from, command->from);
}

static struct sl_fact_dml *add_dml(struct pg_reader *reader, enum sl_sql_verb verb,
	const RangeVar *relation)
{
	const struct sl_fact_object *object = pg_add_relation(reader, SL_SQL_ROLE_WRITTEN,
		SL_SQL_OBJECT_TABLE, relation);
	struct sl_fact_dml *dml = sl_fact_add(reader->arena, reader->facts, dml);

	dml->verb = verb;
	dml->level = reader->level;
	dml->schema = object->schema;
	dml->table_name = object->name;
	dml->alias = object->alias;
	dml->rows = -1;
	reader->statement->writes = reader->statement->writes || reader->level < 2;
	return dml;
}

/* The row may move while expressions are walked: it is found again by its index. */
static struct sl_fact_dml *row_at(struct pg_reader *reader, size_t index)
{
	return &reader->facts->dml.at[index];
}

static void place(struct pg_reader *reader, struct sl_fact_dml *dml, struct command command)
{
	dml->at = pg_begin(reader, command.from);
	dml->len = pg_end(reader, command.to) - dml->at;
}

static struct sl_names target_names(struct pg_reader *reader, const List *targets)
{
	int n = pg_len(targets);
	const char **at = n > 0 ? sl_arena_calloc(reader->arena, (size_t)n, sizeof(*at)) : NULL;

	for (int i = 0; i < n; i++)
		at[i] = pg_copy(reader, PG(ResTarget, pg_nth(targets, i))->name);
	return (struct sl_names){ .at = at, .len = (size_t)n };
}

/* Walks the condition; whether it names no column, calls nothing and asks no table. */
static bool walk_condition(struct pg_reader *reader, const void *node)
{
	size_t refs = reader->facts->column_ref.len, calls = reader->facts->call.len,
	       objects = reader->facts->object.len;

	pg_walk(reader, node, SL_SQL_CLAUSE_WHERE);
	return node && pg_tag(node) != T_CurrentOfExpr && refs == reader->facts->column_ref.len &&
		calls == reader->facts->call.len && objects == reader->facts->object.len;
}

static const char *const behind_where[] = { "returning", NULL };
static const char *const behind_from[] = { "where", "returning", NULL };

static void where_of(struct pg_reader *reader, struct sl_fact_dml *dml, struct command command)
{
	size_t where = pg_find(reader, command.from, command.to, "where");

	dml->has_where = true;
	if (where != PG_NO_TOKEN)
		dml->where_text = between(reader, where + 1,
			first_of(reader, where, command.to, behind_where));
}

static void read_delete(struct pg_reader *reader, const DeleteStmt *node, struct command command,
	const char *with)
{
	static const char *const ends[] = { "using", "where", "returning", NULL };
	struct sl_fact_dml *dml = add_dml(reader, SL_SQL_VERB_DELETE, node->relation);
	size_t index = reader->facts->dml.len - 1;
	size_t target_end = first_of(reader, command.from + 2, command.to, ends);
	bool constant;

	place(reader, dml, command);
	dml->with_text = with;
	dml->target = between(reader, command.from + 2, target_end);
	dml->has_join = pg_len(node->usingClause) > 0;
	if (dml->has_join)
		dml->from_text = between(reader, target_end + 1,
			first_of(reader, target_end, command.to, behind_from));
	dml->has_returning = pg_len(node->returningList) > 0;
	if (node->whereClause)
		where_of(reader, dml, command);
	pg_walk_list(reader, node->usingClause, SL_SQL_CLAUSE_QUERY);
	constant = walk_condition(reader, node->whereClause);
	row_at(reader, index)->where_constant = constant;
	pg_walk_list(reader, node->returningList, SL_SQL_CLAUSE_QUERY);
}

/* FROM of an UPDATE: not the one of IS DISTINCT FROM. */
static size_t find_from(struct pg_reader *reader, struct command command)
{
	size_t at = pg_find(reader, command.from, command.to, "from");

	while (at != PG_NO_TOKEN && pg_is(reader, at - 1, "distinct"))
		at = pg_find(reader, at + 1, command.to, "from");
	return at;
}

static void read_update(struct pg_reader *reader, const UpdateStmt *node, struct command command,
	const char *with)
{
	struct sl_fact_dml *dml = add_dml(reader, SL_SQL_VERB_UPDATE, node->relation);
	size_t index = reader->facts->dml.len - 1;
	size_t set = pg_find(reader, command.from + 2, command.to, "set");
	bool constant;

	place(reader, dml, command);
	dml->with_text = with;
	dml->target = between(reader, command.from + 1, set);
	dml->columns = target_names(reader, node->targetList);
	dml->has_join = pg_len(node->fromClause) > 0;
	if (dml->has_join) {
		size_t from = find_from(reader, command);

		if (from != PG_NO_TOKEN)
			dml->from_text = between(reader, from + 1,
				first_of(reader, from + 1, command.to, behind_from));
	}
	dml->has_returning = pg_len(node->returningList) > 0;
	if (node->whereClause)
		where_of(reader, dml, command);
	pg_walk_list(reader, node->targetList, SL_SQL_CLAUSE_SET);
	pg_walk_list(reader, node->fromClause, SL_SQL_CLAUSE_QUERY);
	constant = walk_condition(reader, node->whereClause);
	row_at(reader, index)->where_constant = constant;
	pg_walk_list(reader, node->returningList, SL_SQL_CLAUSE_QUERY);
}

static void source_of(struct sl_fact_dml *dml, const void *query)
{
	const SelectStmt *select = PG(SelectStmt, query);

	if (!query) {
		dml->source = "default values";
		dml->rows = 1;
	} else if (pg_len(select->valuesLists) > 0 && select->op == SETOP_NONE) {
		dml->source = "values";
		dml->rows = pg_len(select->valuesLists);
	} else {
		dml->source = "select";
	}
}

static void walk_conflict(struct pg_reader *reader, const OnConflictClause *conflict)
{
	if (!conflict)
		return;
	if (conflict->infer) {
		pg_walk_list(reader, conflict->infer->indexElems, SL_SQL_CLAUSE_INDEX);
		pg_walk(reader, conflict->infer->whereClause, SL_SQL_CLAUSE_WHERE);
	}
	pg_walk_list(reader, conflict->targetList, SL_SQL_CLAUSE_SET);
	pg_walk(reader, conflict->whereClause, SL_SQL_CLAUSE_WHERE);
}

static void read_insert(struct pg_reader *reader, const InsertStmt *node, struct command command,
	const char *with)
{
	struct sl_fact_dml *dml = add_dml(reader, SL_SQL_VERB_INSERT, node->relation);
	static const char *const ends[] = { "default", "values", "select", "with", "table",
		"overriding", NULL };
	size_t name = command.from + 2;
	size_t end = first_of(reader, name, command.to, ends);
	size_t columns = pg_find_char(reader, name, end, '(');

	place(reader, dml, command);
	dml->with_text = with;
	dml->target = between(reader, name, columns == PG_NO_TOKEN ? end : columns);
	dml->columns = target_names(reader, node->cols);
	dml->has_returning = pg_len(node->returningList) > 0;
	source_of(dml, node->selectStmt);
	if (node->onConflictClause)
		dml->on_conflict = node->onConflictClause->action == ONCONFLICT_NOTHING ?
			"nothing" :
			"update";
	pg_walk(reader, node->selectStmt, SL_SQL_CLAUSE_QUERY);
	walk_conflict(reader, node->onConflictClause);
	pg_walk_list(reader, node->returningList, SL_SQL_CLAUSE_QUERY);
}

static void read_merge(struct pg_reader *reader, const MergeStmt *node, struct command command,
	const char *with)
{
	static const char *const ends[] = { "when", NULL };
	struct sl_fact_dml *dml = add_dml(reader, SL_SQL_VERB_MERGE, node->relation);
	size_t index = reader->facts->dml.len - 1;
	size_t using = pg_find(reader, command.from, command.to, "using");
	size_t on = pg_find(reader, using, command.to, "on");
	bool constant;

	place(reader, dml, command);
	dml->with_text = with;
	dml->target = between(reader, command.from + 2, using);
	dml->has_join = true;
	dml->has_where = true;
	if (using != PG_NO_TOKEN && on != PG_NO_TOKEN) {
		dml->from_text = between(reader, using + 1, on);
		dml->where_text = between(reader, on + 1, first_of(reader, on, command.to, ends));
	}
	pg_walk(reader, node->sourceRelation, SL_SQL_CLAUSE_QUERY);
	constant = walk_condition(reader, node->joinCondition);
	row_at(reader, index)->where_constant = constant;
	for (int i = 0; i < pg_len(node->mergeWhenClauses); i++) {
		const MergeWhenClause *when = PG(MergeWhenClause,
			pg_nth(node->mergeWhenClauses, i));

		pg_walk(reader, when->condition, SL_SQL_CLAUSE_WHERE);
		pg_walk_list(reader, when->targetList, SL_SQL_CLAUSE_SET);
		pg_walk_list(reader, when->values, SL_SQL_CLAUSE_SET);
	}
}

static const WithClause *with_of(const void *node)
{
	switch (pg_tag(node)) {
	case T_InsertStmt:
		return PG(InsertStmt, node)->withClause;
	case T_UpdateStmt:
		return PG(UpdateStmt, node)->withClause;
	case T_DeleteStmt:
		return PG(DeleteStmt, node)->withClause;
	case T_MergeStmt:
		return PG(MergeStmt, node)->withClause;
	default:
		return NULL;
	}
}

void pg_read_dml(struct pg_reader *reader, const void *node, size_t from, size_t to)
{
	struct command command = { .from = from, .to = to };
	size_t ctes = reader->ctes.len;
	const char *with;

	/* Behind an EXPLAIN. */
	while (command.from < to && !is_command(reader, command.from) &&
		!pg_is(reader, command.from, "with"))
		command.from = pg_behind(reader, command.from);
	with = skip_with(reader, &command);
	pg_walk_with(reader, with_of(node));
	switch (pg_tag(node)) {
	case T_InsertStmt:
		read_insert(reader, PG(InsertStmt, node), command, with);
		break;
	case T_UpdateStmt:
		read_update(reader, PG(UpdateStmt, node), command, with);
		break;
	case T_DeleteStmt:
		read_delete(reader, PG(DeleteStmt, node), command, with);
		break;
	case T_MergeStmt:
		read_merge(reader, PG(MergeStmt, node), command, with);
		break;
	default:
		pg_walk(reader, node, SL_SQL_CLAUSE_QUERY);
		break;
	}
	reader->ctes.len = ctes;
}

void pg_read_select(struct pg_reader *reader, const void *node)
{
	const SelectStmt *select = PG(SelectStmt, node);

	if (select->intoClause) {
		reader->statement->kind = SL_SQL_KIND_DDL;
		reader->statement->verb = SL_SQL_VERB_SELECT_INTO;
		reader->statement->object = SL_SQL_OBJECT_TABLE;
	} else if (pg_len(select->valuesLists) > 0) {
		reader->statement->verb = SL_SQL_VERB_VALUES;
	}
	pg_walk(reader, node, SL_SQL_CLAUSE_QUERY);
	if (reader->statement->writes)
		reader->statement->kind = SL_SQL_KIND_DML;
	reader->statement->calls = pg_len(select->fromClause) == 0 && reader->facts->call.len > 0;
}

void pg_read_truncate(struct pg_reader *reader, const void *node)
{
	const TruncateStmt *truncate = PG(TruncateStmt, node);

	for (int i = 0; i < pg_len(truncate->relations); i++) {
		struct sl_fact_object *object = pg_add_relation(reader, SL_SQL_ROLE_WRITTEN,
			SL_SQL_OBJECT_TABLE, PG(RangeVar, pg_nth(truncate->relations, i)));

		object->cascade = truncate->behavior == DROP_CASCADE;
	}
	reader->statement->writes = true;
	reader->statement->cascade = truncate->behavior == DROP_CASCADE;
}

void pg_read_copy(struct pg_reader *reader, const void *node)
{
	const CopyStmt *copy = PG(CopyStmt, node);
	struct sl_fact_dml *dml;
	size_t where;

	if (!copy->is_from) {
		if (copy->relation)
			(void)pg_add_relation(reader, SL_SQL_ROLE_READ, SL_SQL_OBJECT_RELATION,
				copy->relation);
		if (pg_tag(copy->query) == T_SelectStmt)
			pg_walk(reader, copy->query, SL_SQL_CLAUSE_QUERY);
		else if (copy->query)
			pg_read_dml(reader, copy->query, 2, pg_behind(reader, 1) - 1);
		return;
	}
	dml = add_dml(reader, SL_SQL_VERB_COPY, copy->relation);
	where = pg_find(reader, 0, pg_tokens(reader), "where");
	dml->len = reader->len;
	dml->columns = pg_names(reader, copy->attlist);
	dml->has_where = copy->whereClause != NULL;
	if (dml->has_where && where != PG_NO_TOKEN)
		dml->where_text = pg_text(reader, where + 1, pg_tokens(reader));
	pg_walk(reader, copy->whereClause, SL_SQL_CLAUSE_WHERE);
}
