#include "reader.h"

/* ---- indexes ---- */

static const char *dotted_list(struct pg_reader *reader, const List *names)
{
	const char *schema, *name = pg_qualified(reader, names, &schema);

	return name[0] == '\0' ? "" : pg_dotted(reader, schema, name);
}

/* The key's expression: its tokens up to what follows expressions, the outer parentheses gone. */
static const char *expression_text(struct pg_reader *reader, size_t from)
{
	if (pg_is_char(reader, from, '('))
		return pg_inside(reader, from);
	for (size_t i = from; i < pg_element_end(reader, from); i++) {
		if (pg_is_char(reader, i, '('))
			return pg_text(reader, from, pg_behind(reader, i));
	}
	return pg_text(reader, from, pg_element_end(reader, from));
}

static const char *opclass_text(struct pg_reader *reader, const IndexElem *element, size_t from)
{
	const char *name = dotted_list(reader, element->opclass);
	size_t first;

	if (pg_len(element->opclassopts) == 0)
		return name;
	first = pg_token_at(reader, PG(DefElem, pg_nth(element->opclassopts, 0))->location);
	return first > from ?
		sl_arena_printf(reader->arena, "%s (%s)", name, pg_inside(reader, first - 1)) :
		name;
}

static const char *order_name(SortByDir order)
{
	return order == SORTBY_ASC ? "asc" : order == SORTBY_DESC ? "desc" : "";
}

static const char *nulls_name(SortByNulls nulls)
{
	return nulls == SORTBY_NULLS_FIRST ? "first" : nulls == SORTBY_NULLS_LAST ? "last" : "";
}

static void read_key(struct pg_reader *reader, const IndexElem *element, int ordinal, size_t from)
{
	struct sl_fact_index_key *key = sl_fact_add(reader->arena, reader->facts, index_key);

	key->ordinal = ordinal;
	key->column_name = pg_copy(reader, element->name);
	key->expression = element->expr ? expression_text(reader, from) : "";
	key->collation = dotted_list(reader, element->collation);
	key->opclass = opclass_text(reader, element, from);
	key->direction = order_name(element->ordering);
	key->nulls = nulls_name(element->nulls_ordering);
	key->at = pg_begin(reader, from);
	key->len = pg_end(reader, pg_element_end(reader, from)) - key->at;
	pg_walk(reader, element->expr, SL_SQL_CLAUSE_INDEX);
}

static struct sl_names element_names(struct pg_reader *reader, const List *elements)
{
	int n = pg_len(elements);
	const char **at = n > 0 ? sl_arena_calloc(reader->arena, (size_t)n, sizeof(*at)) : NULL;

	for (int i = 0; i < n; i++)
		at[i] = pg_copy(reader, PG(IndexElem, pg_nth(elements, i))->name);
	return (struct sl_names){ .at = at, .len = (size_t)n };
}

static void read_keys(struct pg_reader *reader, const IndexStmt *index, size_t open)
{
	size_t from = open + 1;

	for (int i = 0; i < pg_len(index->indexParams); i++) {
		read_key(reader, PG(IndexElem, pg_nth(index->indexParams, i)), i + 1, from);
		from = pg_element_end(reader, from) + 1;
	}
}

static void read_index_tail(struct pg_reader *reader, struct sl_fact_index_def *row,
	const IndexStmt *index, size_t behind)
{
	size_t n = pg_tokens(reader);
	size_t with = pg_find(reader, behind, n, "with");
	size_t where = pg_find(reader, behind, n, "where");

	row->include = element_names(reader, index->indexIncludingParams);
	row->options = with == PG_NO_TOKEN ? "" : pg_inside(reader, with + 1);
	row->tablespace = pg_copy(reader, index->tableSpace);
	if (index->whereClause && where != PG_NO_TOKEN)
		row->where_text = pg_text(reader, where + 1, n);
}

/* The index's name stands before ON. */
static void place_index(struct pg_reader *reader, struct sl_fact_object *object, size_t table)
{
	size_t on = table;
	const struct sl_token *name;

	while (on > 1 && !pg_is(reader, on, "on"))
		on--;
	name = pg_token(reader, on - 1);
	if (object->name[0] == '\0')
		return;
	object->at = name->at;
	object->len = name->len;
	object->quoted = name->kind == SL_TOKEN_NAME;
}

void pg_read_index(struct pg_reader *reader, const void *node)
{
	const IndexStmt *index = PG(IndexStmt, node);
	struct sl_fact_object *object = pg_add_object(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_INDEX);
	struct sl_fact_index_def *row = sl_fact_add(reader->arena, reader->facts, index_def);
	size_t table = pg_token_at(reader, index->relation->location);
	size_t open = pg_find_char(reader, table, pg_tokens(reader), '(');

	object->name = pg_copy(reader, index->idxname);
	object->schema = pg_copy(reader,
		index->relation->schemaname ? index->relation->schemaname : reader->schema);
	object->if_not_exists = index->if_not_exists;
	object->of_schema = object->schema;
	object->of_table = pg_copy(reader, index->relation->relname);
	place_index(reader, object, table);
	row->name = object->name;
	row->quoted = object->quoted;
	row->schema = object->schema;
	row->table_schema = object->schema;
	row->table_name = object->of_table;
	row->only = !index->relation->inh;
	row->is_unique = index->unique;
	row->concurrently = index->concurrent;
	row->if_not_exists = index->if_not_exists;
	row->nulls_not_distinct = index->nulls_not_distinct;
	/* The grammar fills in btree where nothing is said. */
	if (pg_find(reader, table, open, "using") != PG_NO_TOKEN)
		row->method = pg_copy(reader, index->accessMethod);
	row->columns = element_names(reader, index->indexParams);
	row->len = reader->len;
	read_index_tail(reader, row, index, pg_behind(reader, open));
	reader->statement->if_not_exists = index->if_not_exists;
	reader->statement->concurrently = index->concurrent;
	if (index->concurrent) {
		reader->statement->tx = SL_SQL_TX_NEVER;
		reader->statement->tx_text = "CREATE INDEX CONCURRENTLY";
	}
	(void)pg_add_relation(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_TABLE, index->relation);
	read_keys(reader, index, open);
	pg_walk(reader, index->whereClause, SL_SQL_CLAUSE_WHERE);
}

/* ---- views ---- */

/* The query between AS and WITH … CHECK OPTION. */
static const char *view_query(struct pg_reader *reader, const ViewStmt *view)
{
	size_t end = pg_tokens(reader);
	size_t as = pg_find(reader, pg_token_at(reader, view->view->location), end, "as");

	if (as == PG_NO_TOKEN)
		return "";
	if (view->withCheckOption != NO_CHECK_OPTION) {
		end -= 3;
		while (end > as && !pg_is(reader, end, "with"))
			end--;
	}
	return pg_text(reader, as + 1, end);
}

static const char *check_option_name(ViewCheckOption option)
{
	return option == LOCAL_CHECK_OPTION     ? "local" :
		option == CASCADED_CHECK_OPTION ? "cascaded" :
						  "";
}

void pg_read_view(struct pg_reader *reader, const void *node)
{
	const ViewStmt *stmt = PG(ViewStmt, node);
	struct sl_fact_object *object = pg_add_relation(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_VIEW, stmt->view);
	struct sl_fact_view_def *view = sl_fact_add(reader->arena, reader->facts, view_def);
	size_t name = pg_token_at(reader, stmt->view->location);
	size_t as = pg_find(reader, name, pg_tokens(reader), "as");
	size_t with = pg_find(reader, name, as, "with");

	object->or_replace = stmt->replace;
	view->schema = object->schema;
	view->name = object->name;
	view->temporary = object->temporary;
	view->or_replace = stmt->replace;
	view->recursive = pg_find(reader, 0, name, "recursive") != PG_NO_TOKEN;
	view->columns = pg_names(reader, stmt->aliases);
	view->query = view_query(reader, stmt);
	view->options = with == PG_NO_TOKEN ? "" : pg_inside(reader, with + 1);
	view->check_option = check_option_name(stmt->withCheckOption);
	view->len = reader->len;
	reader->statement->or_replace = stmt->replace;
	reader->statement->temporary = object->temporary;
	if (object->temporary) {
		reader->statement->session = SL_SQL_SESSION_STATE;
		reader->statement->session_text = object->name;
	}
	pg_walk(reader, stmt->query, SL_SQL_CLAUSE_QUERY);
}

void pg_read_refresh(struct pg_reader *reader, const void *node)
{
	const RefreshMatViewStmt *refresh = PG(RefreshMatViewStmt, node);

	(void)pg_add_relation(reader, SL_SQL_ROLE_MAINTAINED, SL_SQL_OBJECT_MATVIEW,
		refresh->relation);
	reader->statement->concurrently = refresh->concurrent;
}

/* ---- sequences ---- */

static const char *limit_text(struct pg_reader *reader, const List *options, const char *name)
{
	const DefElem *option = pg_option(options, name);

	if (!option)
		return "";
	return option->arg ? pg_option_text(reader, option) : "no";
}

static const char *yes_text(struct pg_reader *reader, const List *options, const char *name)
{
	const DefElem *option = pg_option(options, name);

	if (!option)
		return "";
	return pg_option_flag(reader, options, name) ? "yes" : "no";
}

static void read_sequence(struct pg_reader *reader, const struct sl_fact_object *object,
	const List *options)
{
	struct sl_fact_sequence_def *row = sl_fact_add(reader->arena, reader->facts, sequence_def);
	const DefElem *owner = pg_option(options, "owned_by");
	const DefElem *restart = pg_option(options, "restart");

	row->schema = object->schema;
	row->name = object->name;
	row->type = pg_option_text(reader, pg_option(options, "as"));
	row->start = pg_option_text(reader, pg_option(options, "start"));
	row->increment = pg_option_text(reader, pg_option(options, "increment"));
	row->minimum = limit_text(reader, options, "minvalue");
	row->maximum = limit_text(reader, options, "maxvalue");
	row->cache = pg_option_text(reader, pg_option(options, "cache"));
	row->cycle = yes_text(reader, options, "cycle");
	if (restart)
		row->restart = restart->arg ? pg_option_text(reader, restart) : "yes";
	row->has_owned_by = owner != NULL;
	row->len = reader->len;
	if (owner && pg_tag(owner->arg) == T_List) {
		sl_auto_buf struct sl_buf out = SL_BUF_INIT(1024);
		const List *names = PG(List, owner->arg);

		for (int i = 0; i < pg_len(names); i++) {
			const char *part = pg_copy(reader, pg_string(pg_nth(names, i)));

			sl_buf_adds(&out, i > 0 ? "." : "");
			sl_buf_adds(&out, pg_dotted(reader, "", part));
		}
		row->owned_by = pg_len(names) > 1 ? pg_copy(reader, sl_buf_str(&out)) : "";
	}
}

void pg_read_create_sequence(struct pg_reader *reader, const void *node)
{
	const CreateSeqStmt *create = PG(CreateSeqStmt, node);
	struct sl_fact_object *object = pg_add_relation(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_SEQUENCE, create->sequence);

	object->if_not_exists = create->if_not_exists;
	reader->statement->if_not_exists = create->if_not_exists;
	if (object->temporary) {
		reader->statement->temporary = true;
		reader->statement->session = SL_SQL_SESSION_STATE;
		reader->statement->session_text = object->name;
	}
	read_sequence(reader, object, create->options);
}

void pg_read_alter_sequence(struct pg_reader *reader, const void *node)
{
	const AlterSeqStmt *alter = PG(AlterSeqStmt, node);
	struct sl_fact_object *object = pg_add_relation(reader, SL_SQL_ROLE_ALTERED,
		SL_SQL_OBJECT_SEQUENCE, alter->sequence);

	object->if_exists = alter->missing_ok;
	reader->statement->if_exists = alter->missing_ok;
	read_sequence(reader, object, alter->options);
}

/* ---- extended statistics ---- */

void pg_read_statistics(struct pg_reader *reader, const void *node)
{
	const CreateStatsStmt *create = PG(CreateStatsStmt, node);
	struct sl_fact_object *object = pg_add_named(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_STATISTICS, create->defnames);

	object->if_not_exists = create->if_not_exists;
	reader->statement->if_not_exists = create->if_not_exists;
	for (int i = 0; i < pg_len(create->relations); i++)
		(void)pg_add_relation(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_TABLE,
			PG(RangeVar, pg_nth(create->relations, i)));
	for (int i = 0; i < pg_len(create->exprs); i++)
		pg_walk(reader, PG(StatsElem, pg_nth(create->exprs, i))->expr, SL_SQL_CLAUSE_OTHER);
}
