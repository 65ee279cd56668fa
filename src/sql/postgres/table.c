#include "reader.h"

static const char *on_commit_name(OnCommitAction action)
{
	switch (action) {
	case ONCOMMIT_PRESERVE_ROWS:
		return "preserve rows";
	case ONCOMMIT_DELETE_ROWS:
		return "delete rows";
	case ONCOMMIT_DROP:
		return "drop";
	default:
		return "";
	}
}

/* A temporary table outlives the transaction unless it is dropped with it. */
static void note_temporary(struct pg_reader *reader, const char *name, OnCommitAction action)
{
	reader->statement->temporary = true;
	reader->statement->session = action == ONCOMMIT_DROP ? SL_SQL_SESSION_LOCAL :
							       SL_SQL_SESSION_STATE;
	reader->statement->session_text = name;
}

static const char *relation_text(struct pg_reader *reader, const RangeVar *relation)
{
	return pg_dotted(reader, pg_copy(reader, relation->schemaname),
		pg_copy(reader, relation->relname));
}

static void read_inherits(struct pg_reader *reader, struct sl_fact_table_def *table,
	const List *parents)
{
	int n = pg_len(parents);
	const char **at = n > 0 ? sl_arena_calloc(reader->arena, (size_t)n, sizeof(*at)) : NULL;

	for (int i = 0; i < n; i++) {
		const RangeVar *parent = PG(RangeVar, pg_nth(parents, i));

		at[i] = relation_text(reader, parent);
		(void)pg_add_relation(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_TABLE, parent);
	}
	table->inherits = (struct sl_names){ .at = at, .len = (size_t)n };
}

/* FOR VALUES IN (…), FROM (…) TO (…), WITH (…), or DEFAULT, behind the parent. */
static const char *bound_text(struct pg_reader *reader, size_t from)
{
	size_t n = pg_tokens(reader), word = pg_find(reader, from, n, "for"), end;

	if (word == PG_NO_TOKEN)
		return pg_find(reader, from, n, "default") == PG_NO_TOKEN ? "" : "DEFAULT";
	end = pg_behind(reader, word + 3);
	if (pg_is(reader, end, "to"))
		end = pg_behind(reader, end + 1);
	return pg_text(reader, word, end);
}

static void read_partition_of(struct pg_reader *reader, struct sl_fact_table_def *table,
	const List *parents)
{
	const RangeVar *parent = PG(RangeVar, pg_nth(parents, 0));
	const struct sl_fact_object *object = pg_add_relation(reader, SL_SQL_ROLE_REFERENCED,
		SL_SQL_OBJECT_TABLE, parent);

	table->partition_of = object->name;
	table->partition_of_schema = object->schema;
	table->bound = bound_text(reader, pg_token_at(reader, parent->location));
}

static void read_partition_by(struct pg_reader *reader, struct sl_fact_table_def *table,
	const PartitionSpec *spec)
{
	size_t word = pg_token_at(reader, spec->location);

	table->partition_by = sl_arena_printf(reader->arena, "%s (%s)",
		pg_copy(reader, spec->strategy), pg_inside(reader, word + 3));
	for (int i = 0; i < pg_len(spec->partParams); i++)
		pg_walk(reader, PG(PartitionElem, pg_nth(spec->partParams, i))->expr,
			SL_SQL_CLAUSE_PARTITION);
}

/* Storage parameters and the like: what stands in the parentheses around the first option. */
static const char *options_text(struct pg_reader *reader, const List *options)
{
	size_t first;

	if (pg_len(options) == 0)
		return "";
	first = pg_token_at(reader, PG(DefElem, pg_nth(options, 0))->location);
	return first > 0 ? pg_inside(reader, first - 1) : "";
}

static const struct {
	bits32 bit;
	const char *name;
} like_options[] = {
	{ CREATE_TABLE_LIKE_COMMENTS, "comments" },
	{ CREATE_TABLE_LIKE_COMPRESSION, "compression" },
	{ CREATE_TABLE_LIKE_CONSTRAINTS, "constraints" },
	{ CREATE_TABLE_LIKE_DEFAULTS, "defaults" },
	{ CREATE_TABLE_LIKE_GENERATED, "generated" },
	{ CREATE_TABLE_LIKE_IDENTITY, "identity" },
	{ CREATE_TABLE_LIKE_INDEXES, "indexes" },
	{ CREATE_TABLE_LIKE_STATISTICS, "statistics" },
	{ CREATE_TABLE_LIKE_STORAGE, "storage" },
};

static const char *like_text(struct pg_reader *reader, bits32 options)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(256);

	if (options == CREATE_TABLE_LIKE_ALL)
		return "all";
	for (size_t i = 0; i < sizeof(like_options) / sizeof(like_options[0]); i++) {
		if (!(options & like_options[i].bit))
			continue;
		sl_buf_adds(&out, out.len > 0 ? "," : "");
		sl_buf_adds(&out, like_options[i].name);
	}
	return pg_copy(reader, sl_buf_str(&out));
}

/* The columns of a primary key that stands by itself are NOT NULL too. */
static void key_not_null(struct pg_reader *reader, int64_t constraint, size_t first_column)
{
	const struct sl_fact_constraint_def *row = &reader->facts->constraint_def.at[constraint];

	if (row->kind != SL_SQL_CONSTRAINT_PRIMARY_KEY)
		return;
	for (size_t i = first_column; i < reader->facts->column_def.len; i++) {
		struct sl_fact_column_def *column = &reader->facts->column_def.at[i];

		column->not_null = column->not_null || sl_names_has(&row->columns, column->name);
	}
}

/* Room for as many names as there are elements; filled by read_like(). */
struct likes {
	const char **tables, **options;
	size_t len;
};

static void read_like(struct pg_reader *reader, struct likes *likes, const TableLikeClause *like)
{
	(void)pg_add_relation(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_TABLE, like->relation);
	likes->tables[likes->len] = relation_text(reader, like->relation);
	likes->options[likes->len] = like_text(reader, like->options);
	likes->len++;
}

static void read_elements(struct pg_reader *reader, struct sl_fact_table_def *table,
	const List *elements)
{
	struct sl_fact_object owner = { .schema = table->schema, .name = table->name };
	size_t n = (size_t)pg_len(elements), first = reader->facts->column_def.len;
	struct likes likes = { 0 };

	for (int i = 0; i < pg_len(elements); i++) {
		const void *element = pg_nth(elements, i);

		if (pg_tag(element) == T_ColumnDef) {
			(void)pg_read_column(reader, PG(ColumnDef, element), &owner);
		} else if (pg_tag(element) == T_Constraint) {
			key_not_null(reader,
				pg_read_constraint(reader, PG(Constraint, element), &owner), first);
		} else if (pg_tag(element) == T_TableLikeClause) {
			if (!likes.tables) {
				likes.tables = sl_arena_calloc(reader->arena, n, sizeof(char *));
				likes.options = sl_arena_calloc(reader->arena, n, sizeof(char *));
			}
			read_like(reader, &likes, PG(TableLikeClause, element));
		}
	}
	table->like_tables = (struct sl_names){ .at = likes.tables, .len = likes.len };
	table->like_options = (struct sl_names){ .at = likes.options, .len = likes.len };
}

static struct sl_fact_table_def *add_table(struct pg_reader *reader, const RangeVar *relation,
	enum sl_sql_object kind, bool if_not_exists)
{
	struct sl_fact_object *object = pg_add_relation(reader, SL_SQL_ROLE_CREATED, kind,
		relation);
	struct sl_fact_table_def *table = sl_fact_add(reader->arena, reader->facts, table_def);

	object->if_not_exists = if_not_exists;
	table->schema = object->schema;
	table->name = object->name;
	table->temporary = object->temporary;
	table->unlogged = relation->relpersistence == 'u';
	table->if_not_exists = if_not_exists;
	table->len = reader->len;
	reader->statement->if_not_exists = if_not_exists;
	return table;
}

static struct sl_fact_table_def *read_create(struct pg_reader *reader, const CreateStmt *create,
	enum sl_sql_object kind)
{
	struct sl_fact_table_def *table = add_table(reader, create->relation, kind,
		create->if_not_exists);

	if (table->temporary)
		note_temporary(reader, table->name, create->oncommit);
	table->on_commit = on_commit_name(create->oncommit);
	table->tablespace = pg_copy(reader, create->tablespacename);
	table->access_method = pg_copy(reader, create->accessMethod);
	table->of_type = pg_type_text(reader, create->ofTypename);
	table->options = options_text(reader, create->options);
	read_elements(reader, table, create->tableElts);
	if (create->partbound && pg_len(create->inhRelations) > 0)
		read_partition_of(reader, table, create->inhRelations);
	else
		read_inherits(reader, table, create->inhRelations);
	if (create->partspec)
		read_partition_by(reader, table, create->partspec);
	return table;
}

void pg_read_create_table(struct pg_reader *reader, const void *node)
{
	(void)read_create(reader, PG(CreateStmt, node), SL_SQL_OBJECT_TABLE);
}

void pg_read_foreign_table(struct pg_reader *reader, const void *node)
{
	const CreateForeignTableStmt *create = PG(CreateForeignTableStmt, node);
	struct sl_fact_table_def *table = read_create(reader, &create->base,
		SL_SQL_OBJECT_FOREIGN_TABLE);

	table->is_foreign = true;
	table->module = pg_copy(reader, create->servername);
	table->options = options_text(reader, create->options);
}

/* ---- tables that a query fills ---- */

/* The query between AS and WITH [NO] DATA. */
static const char *query_text(struct pg_reader *reader, const RangeVar *relation)
{
	size_t end = pg_tokens(reader);
	size_t as = pg_find(reader, pg_token_at(reader, relation->location), end, "as");

	if (as == PG_NO_TOKEN)
		return "";
	if (end > 2 && pg_is(reader, end - 1, "data")) {
		if (pg_is(reader, end - 2, "with"))
			end -= 2;
		else if (end > 3 && pg_is(reader, end - 2, "no") && pg_is(reader, end - 3, "with"))
			end -= 3;
	}
	return pg_text(reader, as + 1, end);
}

static void read_matview(struct pg_reader *reader, const CreateTableAsStmt *create)
{
	struct sl_fact_object *object = pg_add_relation(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_MATVIEW, create->into->rel);
	struct sl_fact_view_def *view = sl_fact_add(reader->arena, reader->facts, view_def);

	reader->statement->object = SL_SQL_OBJECT_MATVIEW;
	object->if_not_exists = create->if_not_exists;
	view->schema = object->schema;
	view->name = object->name;
	view->materialized = true;
	view->if_not_exists = create->if_not_exists;
	view->no_data = create->into->skipData;
	view->columns = pg_names(reader, create->into->colNames);
	view->query = query_text(reader, create->into->rel);
	view->options = options_text(reader, create->into->options);
	view->len = reader->len;
}

void pg_read_into(struct pg_reader *reader, const IntoClause *into)
{
	struct sl_fact_table_def *table = add_table(reader, into->rel, SL_SQL_OBJECT_TABLE, false);

	if (table->temporary)
		note_temporary(reader, table->name, into->onCommit);
	table->query_columns = pg_names(reader, into->colNames);
	table->no_data = into->skipData;
	table->on_commit = on_commit_name(into->onCommit);
	table->tablespace = pg_copy(reader, into->tableSpaceName);
	table->access_method = pg_copy(reader, into->accessMethod);
	table->options = options_text(reader, into->options);
	table->query = query_text(reader, into->rel);
}

void pg_read_create_table_as(struct pg_reader *reader, const void *node)
{
	const CreateTableAsStmt *create = PG(CreateTableAsStmt, node);

	reader->statement->if_not_exists = create->if_not_exists;
	if (create->objtype == OBJECT_MATVIEW) {
		read_matview(reader, create);
	} else {
		pg_read_into(reader, create->into);
		reader->facts->table_def.at[0].if_not_exists = create->if_not_exists;
		reader->facts->object.at[0].if_not_exists = create->if_not_exists;
	}
	reader->statement->if_not_exists = create->if_not_exists;
	if (pg_tag(create->query) == T_ExecuteStmt)
		reader->statement->uses_session = true;
	else
		pg_walk(reader, create->query, SL_SQL_CLAUSE_QUERY);
}
