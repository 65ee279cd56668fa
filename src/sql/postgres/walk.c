#include "reader.h"

#include <string.h>

/* Up to this depth chains are walked from the left, so that rows come in the order of the text. */
#define RECURSION (SL_SQL_DEPTH_MAX / 2)

/* ---- functions ---- */

/* Functions of PostgreSQL that answer the same within a statement; all others count as volatile. */
static const char *const steady[] = { "abs", "age", "array_agg", "array_append", "array_length",
	"array_to_string", "ascii", "avg", "bool_and", "bool_or", "btrim", "ceil", "ceiling",
	"char_length", "chr", "concat", "concat_ws", "convert_from", "convert_to", "count",
	"current_database", "current_schema", "current_setting", "date_part", "date_trunc",
	"decode", "encode", "exp", "extract", "floor", "format", "int4range", "int8range",
	"json_agg", "json_array_elements", "json_build_array", "json_build_object", "jsonb_agg",
	"jsonb_array_elements", "jsonb_build_array", "jsonb_build_object", "jsonb_set", "left",
	"length", "ln", "lower", "lpad", "ltrim", "make_date", "make_interval", "make_timestamp",
	"max", "md5", "min", "mod", "now", "numrange", "octet_length", "overlay", "position",
	"power", "range_agg", "regexp_matches", "regexp_replace", "repeat", "replace", "reverse",
	"right", "round", "row_number", "row_to_json", "rpad", "rtrim", "sha256", "sign",
	"split_part", "sqrt", "statement_timestamp", "string_agg", "string_to_array", "strpos",
	"substr", "substring", "sum", "timezone", "to_char", "to_date", "to_json", "to_jsonb",
	"to_number", "to_timestamp", "to_tsvector", "transaction_timestamp", "translate", "trunc",
	"tsrange", "tstzrange", "unnest", "upper" };

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_volatile(const char *schema, const char *name)
{
	if (schema[0] != '\0' && strcmp(schema, "pg_catalog") != 0)
		return true;
	return !bsearch(&name, steady, sizeof(steady) / sizeof(steady[0]), sizeof(steady[0]),
		compare);
}

static const char *string_constant(const void *node)
{
	if (pg_tag(node) == T_TypeCast)
		node = PG(TypeCast, node)->arg;
	if (pg_tag(node) != T_A_Const || PG(A_Const, node)->isnull)
		return "";
	return PG(A_Const, node)->val.node.type == T_String ? PG(A_Const, node)->val.sval.sval : "";
}

/* What some functions do to the session. */
static void note_session(struct pg_reader *reader, const struct sl_fact_call *call,
	const FuncCall *node)
{
	struct sl_fact_statement *statement = reader->statement;

	if (call->clause == SL_SQL_CLAUSE_DEFAULT || call->clause == SL_SQL_CLAUSE_CHECK)
		return;
	if (strcmp(call->name, "currval") == 0 || strcmp(call->name, "lastval") == 0) {
		statement->uses_session = true;
	} else if (strcmp(call->name, "set_config") == 0 && pg_len(node->args) == 3) {
		const void *local = pg_nth(node->args, 2);
		bool is_local = pg_tag(local) == T_A_Const &&
			PG(A_Const, local)->val.node.type == T_Boolean &&
			PG(A_Const, local)->val.boolval.boolval;

		statement->session = is_local ? SL_SQL_SESSION_LOCAL : SL_SQL_SESSION_CONSTANT;
		statement->session_text = call->first;
	} else if (strncmp(call->name, "pg_advisory_lock", 16) == 0) {
		statement->session = SL_SQL_SESSION_STATE;
		statement->session_text = "advisory lock";
	}
}

static void walk_call(struct pg_reader *reader, const FuncCall *node, enum sl_sql_clause clause)
{
	struct sl_fact_call *call = sl_fact_add(reader->arena, reader->facts, call);
	int n = pg_len(node->args);

	call->name = pg_qualified(reader, node->funcname, &call->schema);
	call->clause = clause;
	call->is_volatile = is_volatile(call->schema, call->name);
	call->args = n;
	call->first = n > 0 ? pg_copy(reader, string_constant(pg_nth(node->args, 0))) : "";
	if (node->location >= 0) {
		call->at = (size_t)node->location;
		call->len = strlen(call->name) +
			(call->schema[0] == '\0' ? 0 : strlen(call->schema) + 1);
	}
	note_session(reader, call, node);
	pg_walk_list(reader, node->args, clause);
	pg_walk_list(reader, node->agg_order, clause);
	pg_walk(reader, node->agg_filter, clause);
	pg_walk(reader, node->over, clause);
}

static void walk_value_function(struct pg_reader *reader, const SQLValueFunction *node,
	enum sl_sql_clause clause)
{
	static const char *const names[] = { "current_date", "current_time", "current_time",
		"current_timestamp", "current_timestamp", "localtime", "localtime",
		"localtimestamp", "localtimestamp", "current_role", "current_user", "user",
		"session_user", "current_catalog", "current_schema" };
	struct sl_fact_call *call = sl_fact_add(reader->arena, reader->facts, call);

	call->name = (size_t)node->op < sizeof(names) / sizeof(names[0]) ? names[node->op] : "";
	call->clause = clause;
	if (node->location >= 0) {
		call->at = (size_t)node->location;
		call->len = strlen(call->name);
	}
}

/* ---- columns ---- */

static const char *field(struct pg_reader *reader, const void *node)
{
	return pg_tag(node) == T_A_Star ? "*" : pg_copy(reader, pg_string(node));
}

static void walk_column(struct pg_reader *reader, const ColumnRef *node, enum sl_sql_clause clause)
{
	struct sl_fact_column_ref *ref = sl_fact_add(reader->arena, reader->facts, column_ref);
	int n = pg_len(node->fields);

	ref->name = n > 0 ? field(reader, pg_nth(node->fields, n - 1)) : "";
	ref->qualifier = n > 1 ? field(reader, pg_nth(node->fields, n - 2)) : "";
	ref->schema = n > 2 ? field(reader, pg_nth(node->fields, n - 3)) : "";
	ref->clause = clause;
	if (node->location >= 0) {
		ref->at = (size_t)node->location;
		ref->len = strlen(ref->name) + (n > 1 ? strlen(ref->qualifier) + 1 : 0) +
			(n > 2 ? strlen(ref->schema) + 1 : 0);
	}
}

/* ---- queries ---- */

static bool is_cte(const struct pg_reader *reader, const RangeVar *relation)
{
	if (relation->schemaname)
		return false;
	for (size_t i = 0; i < reader->ctes.len; i++) {
		if (strcmp(reader->ctes.at[i], relation->relname) == 0)
			return true;
	}
	return false;
}

static void walk_relation(struct pg_reader *reader, const RangeVar *relation)
{
	if (!is_cte(reader, relation))
		(void)pg_add_relation(reader, SL_SQL_ROLE_READ, SL_SQL_OBJECT_RELATION, relation);
}

static void walk_cte(struct pg_reader *reader, const CommonTableExpr *cte)
{
	int level = reader->level;

	if (pg_tag(cte->ctequery) == T_SelectStmt) {
		pg_walk(reader, cte->ctequery, SL_SQL_CLAUSE_QUERY);
	} else {
		size_t name = pg_token_at(reader, cte->location);
		size_t as = pg_find(reader, name, pg_tokens(reader), "as");
		size_t open = pg_find_char(reader, as, pg_tokens(reader), '(');

		reader->level = level > 0 ? level : 1;
		pg_read_dml(reader, cte->ctequery, open + 1, pg_behind(reader, open) - 1);
		reader->level = level;
	}
}

void pg_walk_with(struct pg_reader *reader, const WithClause *with)
{
	int n = with ? pg_len(with->ctes) : 0;

	for (int i = 0; i < n; i++) {
		const CommonTableExpr *cte = PG(CommonTableExpr, pg_nth(with->ctes, i));

		if (with->recursive)
			*sl_vec_add_in(reader->arena, &reader->ctes) = pg_copy(reader,
				cte->ctename);
		walk_cte(reader, cte);
		if (!with->recursive)
			*sl_vec_add_in(reader->arena, &reader->ctes) = pg_copy(reader,
				cte->ctename);
	}
}

static void walk_select(struct pg_reader *reader, const SelectStmt *node)
{
	size_t ctes = reader->ctes.len;

	pg_walk_with(reader, node->withClause);
	pg_walk_list(reader, node->distinctClause, SL_SQL_CLAUSE_QUERY);
	if (node->intoClause)
		pg_read_into(reader, node->intoClause);
	pg_walk_list(reader, node->targetList, SL_SQL_CLAUSE_QUERY);
	pg_walk_list(reader, node->fromClause, SL_SQL_CLAUSE_QUERY);
	pg_walk(reader, node->whereClause, SL_SQL_CLAUSE_WHERE);
	pg_walk_list(reader, node->groupClause, SL_SQL_CLAUSE_QUERY);
	pg_walk(reader, node->havingClause, SL_SQL_CLAUSE_QUERY);
	pg_walk_list(reader, node->windowClause, SL_SQL_CLAUSE_QUERY);
	pg_walk_list(reader, node->valuesLists, SL_SQL_CLAUSE_QUERY);
	pg_walk_list(reader, node->sortClause, SL_SQL_CLAUSE_QUERY);
	pg_walk(reader, node->limitOffset, SL_SQL_CLAUSE_QUERY);
	pg_walk(reader, node->limitCount, SL_SQL_CLAUSE_QUERY);
	if (reader->depth < RECURSION) {
		pg_walk(reader, node->larg, SL_SQL_CLAUSE_QUERY);
		pg_walk(reader, node->rarg, SL_SQL_CLAUSE_QUERY);
	}
	reader->ctes.len = ctes;
}

/* A chain of UNIONs leans to the left, as operators do. */
static void walk_union(struct pg_reader *reader, const SelectStmt *node)
{
	walk_select(reader, node);
	while (reader->depth >= RECURSION && node->larg) {
		pg_walk(reader, node->rarg, SL_SQL_CLAUSE_QUERY);
		node = node->larg;
		walk_select(reader, node);
	}
}

static void walk_join(struct pg_reader *reader, const JoinExpr *node)
{
	pg_walk(reader, node->larg, SL_SQL_CLAUSE_QUERY);
	pg_walk(reader, node->rarg, SL_SQL_CLAUSE_QUERY);
	pg_walk(reader, node->quals, SL_SQL_CLAUSE_QUERY);
}

static void walk_table_function(struct pg_reader *reader, const RangeTableFunc *node)
{
	pg_walk(reader, node->docexpr, SL_SQL_CLAUSE_QUERY);
	pg_walk(reader, node->rowexpr, SL_SQL_CLAUSE_QUERY);
	for (int i = 0; i < pg_len(node->columns); i++) {
		const RangeTableFuncCol *column = PG(RangeTableFuncCol, pg_nth(node->columns, i));

		pg_walk(reader, column->colexpr, SL_SQL_CLAUSE_QUERY);
		pg_walk(reader, column->coldefexpr, SL_SQL_CLAUSE_QUERY);
	}
}

/* True when it was one of FROM's. */
static bool walk_from(struct pg_reader *reader, const void *node)
{
	switch (pg_tag(node)) {
	case T_RangeVar:
		walk_relation(reader, PG(RangeVar, node));
		return true;
	case T_JoinExpr:
		walk_join(reader, PG(JoinExpr, node));
		return true;
	case T_RangeSubselect:
		pg_walk(reader, PG(RangeSubselect, node)->subquery, SL_SQL_CLAUSE_QUERY);
		return true;
	case T_RangeFunction:
		pg_walk_list(reader, PG(RangeFunction, node)->functions, SL_SQL_CLAUSE_QUERY);
		return true;
	case T_RangeTableFunc:
		walk_table_function(reader, PG(RangeTableFunc, node));
		return true;
	case T_RangeTableSample:
		pg_walk(reader, PG(RangeTableSample, node)->relation, SL_SQL_CLAUSE_QUERY);
		pg_walk_list(reader, PG(RangeTableSample, node)->args, SL_SQL_CLAUSE_QUERY);
		return true;
	case T_SelectStmt:
		walk_union(reader, PG(SelectStmt, node));
		return true;
	default:
		return false;
	}
}

/* ---- expressions ---- */

static void walk_case(struct pg_reader *reader, const CaseExpr *node, enum sl_sql_clause clause)
{
	pg_walk(reader, node->arg, clause);
	for (int i = 0; i < pg_len(node->args); i++) {
		const CaseWhen *when = PG(CaseWhen, pg_nth(node->args, i));

		pg_walk(reader, when->expr, clause);
		pg_walk(reader, when->result, clause);
	}
	pg_walk(reader, node->defresult, clause);
}

static void walk_xml(struct pg_reader *reader, const XmlExpr *node, enum sl_sql_clause clause)
{
	pg_walk_list(reader, node->named_args, clause);
	pg_walk_list(reader, node->args, clause);
}

static void walk_window(struct pg_reader *reader, const WindowDef *node, enum sl_sql_clause clause)
{
	pg_walk_list(reader, node->partitionClause, clause);
	pg_walk_list(reader, node->orderClause, clause);
	pg_walk(reader, node->startOffset, clause);
	pg_walk(reader, node->endOffset, clause);
}

/* Nodes with one expression below; sets *below, false when it is another. */
static bool one_below(const void *node, const void **below)
{
	switch (pg_tag(node)) {
	case T_TypeCast:
		*below = PG(TypeCast, node)->arg;
		return true;
	case T_CollateClause:
		*below = PG(CollateClause, node)->arg;
		return true;
	case T_ResTarget:
		*below = PG(ResTarget, node)->val;
		return true;
	case T_NullTest:
		*below = PG(NullTest, node)->arg;
		return true;
	case T_BooleanTest:
		*below = PG(BooleanTest, node)->arg;
		return true;
	case T_SortBy:
		*below = PG(SortBy, node)->node;
		return true;
	case T_NamedArgExpr:
		*below = PG(NamedArgExpr, node)->arg;
		return true;
	case T_MultiAssignRef:
		*below = PG(MultiAssignRef, node)->source;
		return true;
	case T_XmlSerialize:
		*below = PG(XmlSerialize, node)->expr;
		return true;
	case T_IndexElem:
		*below = PG(IndexElem, node)->expr;
		return true;
	default:
		return false;
	}
}

/* Nodes with one list below. */
static const List *list_below(const void *node)
{
	switch (pg_tag(node)) {
	case T_BoolExpr:
		return PG(BoolExpr, node)->args;
	case T_CoalesceExpr:
		return PG(CoalesceExpr, node)->args;
	case T_MinMaxExpr:
		return PG(MinMaxExpr, node)->args;
	case T_RowExpr:
		return PG(RowExpr, node)->args;
	case T_A_ArrayExpr:
		return PG(A_ArrayExpr, node)->elements;
	case T_GroupingFunc:
		return PG(GroupingFunc, node)->args;
	case T_GroupingSet:
		return PG(GroupingSet, node)->content;
	case T_List:
		return PG(List, node);
	default:
		return NULL;
	}
}

static void walk_leaf(struct pg_reader *reader, const void *node, enum sl_sql_clause clause)
{
	switch (pg_tag(node)) {
	case T_ColumnRef:
		walk_column(reader, PG(ColumnRef, node), clause);
		break;
	case T_FuncCall:
		walk_call(reader, PG(FuncCall, node), clause);
		break;
	case T_SQLValueFunction:
		walk_value_function(reader, PG(SQLValueFunction, node), clause);
		break;
	case T_SubLink:
		pg_walk(reader, PG(SubLink, node)->testexpr, clause);
		pg_walk(reader, PG(SubLink, node)->subselect, clause);
		break;
	case T_CaseExpr:
		walk_case(reader, PG(CaseExpr, node), clause);
		break;
	case T_A_Indirection:
		pg_walk(reader, PG(A_Indirection, node)->arg, clause);
		pg_walk_list(reader, PG(A_Indirection, node)->indirection, clause);
		break;
	case T_A_Indices:
		pg_walk(reader, PG(A_Indices, node)->lidx, clause);
		pg_walk(reader, PG(A_Indices, node)->uidx, clause);
		break;
	case T_WindowDef:
		walk_window(reader, PG(WindowDef, node), clause);
		break;
	case T_XmlExpr:
		walk_xml(reader, PG(XmlExpr, node), clause);
		break;
	default:
		break;
	}
}

/* Chains of operators lean to the left.  Long ones are walked from the right, not recursed into. */
static const void *walk_operators(struct pg_reader *reader, const void *node,
	enum sl_sql_clause clause)
{
	while (pg_tag(node) == T_A_Expr) {
		const A_Expr *expr = PG(A_Expr, node);

		if (reader->depth < RECURSION) {
			pg_walk(reader, expr->lexpr, clause);
			node = expr->rexpr;
		} else {
			pg_walk(reader, expr->rexpr, clause);
			node = expr->lexpr;
		}
	}
	return node;
}

void pg_walk(struct pg_reader *reader, const void *node, enum sl_sql_clause clause)
{
	const void *below;
	const List *list;

	if (!node || reader->too_deep)
		return;
	if (reader->depth == SL_SQL_DEPTH_MAX) {
		reader->too_deep = true;
		return;
	}
	reader->depth++;
	node = walk_operators(reader, node, clause);
	list = list_below(node);
	if (list)
		pg_walk_list(reader, list, clause);
	else if (one_below(node, &below))
		pg_walk(reader, below, clause);
	else if (!walk_from(reader, node))
		walk_leaf(reader, node, clause);
	reader->depth--;
}

void pg_walk_list(struct pg_reader *reader, const List *list, enum sl_sql_clause clause)
{
	for (int i = 0; i < pg_len(list); i++)
		pg_walk(reader, pg_nth(list, i), clause);
}

bool pg_is_constant(const void *node)
{
	while (pg_tag(node) == T_TypeCast || pg_tag(node) == T_A_Expr) {
		if (pg_tag(node) == T_TypeCast) {
			node = PG(TypeCast, node)->arg;
		} else {
			if (PG(A_Expr, node)->lexpr)
				return false;
			node = PG(A_Expr, node)->rexpr;
		}
	}
	return pg_tag(node) == T_A_Const;
}
