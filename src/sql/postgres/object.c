#include "reader.h"

#include <string.h>

/* Names of a list of objects stand one behind another: each gets its own place. */
static void place_in_list(struct pg_reader *reader, struct sl_fact_object *object, size_t from)
{
	size_t to = pg_element_end(reader, from), last;

	while (to > from + 1 &&
		(pg_is(reader, to - 1, "cascade") || pg_is(reader, to - 1, "restrict")))
		to--;
	last = pg_find_char(reader, from, to, '(');
	if (last == PG_NO_TOKEN)
		last = pg_find(reader, from, to, "on");
	if (last == PG_NO_TOKEN)
		last = to;
	object->at = pg_begin(reader, from);
	object->len = pg_end(reader, last) - object->at;
	object->quoted = last > from && pg_token(reader, last - 1)->kind == SL_TOKEN_NAME;
}

static size_t words_of(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == ' ';
	return n;
}

/* First token of the list behind DROP KIND [CONCURRENTLY] [IF EXISTS]. */
static size_t drop_list(struct pg_reader *reader, const DropStmt *drop)
{
	size_t from = drop->missing_ok ? pg_find(reader, 0, 8, "exists") : PG_NO_TOKEN;

	if (from != PG_NO_TOKEN)
		return from + 1;
	from = 1 + words_of(sl_sql_object_name(reader->statement->object));
	if (drop->removeType == OBJECT_TSPARSER || drop->removeType == OBJECT_TSDICTIONARY ||
		drop->removeType == OBJECT_TSTEMPLATE || drop->removeType == OBJECT_TSCONFIGURATION)
		from++;
	return from + (drop->concurrent ? 1 : 0);
}

void pg_read_drop(struct pg_reader *reader, const void *node)
{
	const DropStmt *drop = PG(DropStmt, node);
	size_t from;

	reader->statement->object = pg_object_kind(drop->removeType);
	reader->statement->if_exists = drop->missing_ok;
	reader->statement->cascade = drop->behavior == DROP_CASCADE;
	reader->statement->concurrently = drop->concurrent;
	if (drop->concurrent) {
		reader->statement->tx = SL_SQL_TX_NEVER;
		reader->statement->tx_text = "DROP INDEX CONCURRENTLY";
	}
	from = drop_list(reader, drop);
	for (int i = 0; i < pg_len(drop->objects); i++) {
		struct sl_fact_object *object = pg_add_any(reader, SL_SQL_ROLE_DROPPED,
			drop->removeType, pg_nth(drop->objects, i));

		object->if_exists = drop->missing_ok;
		object->cascade = drop->behavior == DROP_CASCADE;
		place_in_list(reader, object, from);
		from = pg_element_end(reader, from) + 1;
	}
}

void pg_read_schema(struct pg_reader *reader, const void *node)
{
	const CreateSchemaStmt *create = PG(CreateSchemaStmt, node);
	struct sl_fact_object *object = pg_add_plain(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_SCHEMA, create->schemaname);
	struct sl_fact_statement saved;

	if (object->name[0] == '\0')
		object->name = pg_role_name(reader, create->authrole);
	object->if_not_exists = create->if_not_exists;
	reader->statement->if_not_exists = create->if_not_exists;
	saved = *reader->statement;
	reader->schema = object->name;
	for (int i = 0; i < pg_len(create->schemaElts); i++)
		pg_read_statement(reader, pg_nth(create->schemaElts, i));
	*reader->statement = saved;
	reader->schema = NULL;
}

/* ---- renaming ---- */

static enum sl_sql_action rename_action(ObjectType type)
{
	switch (type) {
	case OBJECT_COLUMN:
		return SL_SQL_ACTION_RENAME_COLUMN;
	case OBJECT_ATTRIBUTE:
		return SL_SQL_ACTION_RENAME_ATTRIBUTE;
	case OBJECT_TABCONSTRAINT:
	case OBJECT_DOMCONSTRAINT:
		return SL_SQL_ACTION_RENAME_CONSTRAINT;
	default:
		return SL_SQL_ACTION_RENAME;
	}
}

/* A column, attribute or constraint: the relation is altered. */
static struct sl_fact_object *renamed_part(struct pg_reader *reader, const RenameStmt *rename)
{
	if (rename->renameType == OBJECT_TABCONSTRAINT)
		return pg_add_relation(reader, SL_SQL_ROLE_ALTERED, SL_SQL_OBJECT_TABLE,
			rename->relation);
	if (rename->renameType == OBJECT_DOMCONSTRAINT)
		return pg_add_any(reader, SL_SQL_ROLE_ALTERED, OBJECT_DOMAIN, rename->object);
	return pg_add_relation(reader, SL_SQL_ROLE_ALTERED, pg_object_kind(rename->relationType),
		rename->relation);
}

/* Triggers, rules and policies are named by their table and subname. */
static struct sl_fact_object *renamed_whole(struct pg_reader *reader, const RenameStmt *rename)
{
	enum sl_sql_object kind = pg_object_kind(rename->renameType);
	struct sl_fact_object *object;
	const char *schema, *table;

	if (kind != SL_SQL_OBJECT_TRIGGER && kind != SL_SQL_OBJECT_RULE &&
		kind != SL_SQL_OBJECT_POLICY) {
		if (rename->relation)
			return pg_add_relation(reader, SL_SQL_ROLE_RENAMED, kind, rename->relation);
		if (rename->object)
			return pg_add_any(reader, SL_SQL_ROLE_RENAMED, rename->renameType,
				rename->object);
		return pg_add_plain(reader, SL_SQL_ROLE_RENAMED, kind, rename->subname);
	}
	object = pg_add_relation(reader, SL_SQL_ROLE_RENAMED, kind, rename->relation);
	schema = object->schema;
	table = object->name;
	object->name = pg_copy(reader, rename->subname);
	object->schema = "";
	object->of_schema = schema;
	object->of_table = table;
	pg_find_object(reader, object);
	return object;
}

void pg_read_rename(struct pg_reader *reader, const void *node)
{
	const RenameStmt *rename = PG(RenameStmt, node);
	enum sl_sql_action kind = rename_action(rename->renameType);
	struct sl_fact_object *object;
	struct sl_fact_action *action = pg_add_action(reader, kind);

	action->new_name = pg_copy(reader, rename->newname);
	action->if_exists = rename->missing_ok;
	action->cascade = rename->behavior == DROP_CASCADE;
	if (kind == SL_SQL_ACTION_RENAME) {
		object = renamed_whole(reader, rename);
		object->new_name = action->new_name;
		action->name = object->name;
	} else {
		object = renamed_part(reader, rename);
		action->name = pg_copy(reader, rename->subname);
	}
	object->if_exists = rename->missing_ok;
	reader->statement->if_exists = rename->missing_ok;
	reader->statement->object = object->kind;
}

static struct sl_fact_object *relation_or_any(struct pg_reader *reader, enum sl_sql_role role,
	ObjectType type, const RangeVar *relation, const void *object)
{
	if (relation)
		return pg_add_relation(reader, role, pg_object_kind(type), relation);
	return pg_add_any(reader, role, type, object);
}

void pg_read_set_schema(struct pg_reader *reader, const void *node)
{
	const AlterObjectSchemaStmt *alter = PG(AlterObjectSchemaStmt, node);
	struct sl_fact_action *action = pg_add_action(reader, SL_SQL_ACTION_SET_SCHEMA);
	struct sl_fact_object *object = relation_or_any(reader, SL_SQL_ROLE_RENAMED,
		alter->objectType, alter->relation, alter->object);

	object->new_schema = pg_copy(reader, alter->newschema);
	object->if_exists = alter->missing_ok;
	action->name = object->name;
	action->new_name = object->new_schema;
	reader->statement->if_exists = alter->missing_ok;
	reader->statement->object = object->kind;
}

void pg_read_owner(struct pg_reader *reader, const void *node)
{
	const AlterOwnerStmt *alter = PG(AlterOwnerStmt, node);
	struct sl_fact_action *action = pg_add_action(reader, SL_SQL_ACTION_OWNER);
	struct sl_fact_object *object = relation_or_any(reader, SL_SQL_ROLE_ALTERED,
		alter->objectType, alter->relation, alter->object);

	action->name = object->name;
	action->new_name = pg_role_name(reader, alter->newowner);
	reader->statement->object = object->kind;
}

void pg_read_depends(struct pg_reader *reader, const void *node)
{
	const AlterObjectDependsStmt *alter = PG(AlterObjectDependsStmt, node);
	struct sl_fact_action *action = pg_add_action(reader, SL_SQL_ACTION_DEPENDS);
	struct sl_fact_object *object = relation_or_any(reader, SL_SQL_ROLE_ALTERED,
		alter->objectType, alter->relation, alter->object);

	action->name = object->name;
	action->new_name = pg_copy(reader, pg_string(alter->extname));
	reader->statement->object = object->kind;
}

/* ---- comments and labels ---- */

void pg_read_comment(struct pg_reader *reader, const void *node)
{
	const CommentStmt *comment = PG(CommentStmt, node);
	struct sl_fact_comment_def *row = sl_fact_add(reader->arena, reader->facts, comment_def);

	(void)pg_add_any(reader, SL_SQL_ROLE_COMMENTED, comment->objtype, comment->object);
	row->text = pg_copy(reader, comment->comment);
	row->removed = row->text[0] == '\0';
	row->len = reader->len;
	reader->statement->object = pg_object_kind(comment->objtype);
}

void pg_read_label(struct pg_reader *reader, const void *node)
{
	const SecLabelStmt *label = PG(SecLabelStmt, node);

	(void)pg_add_any(reader, SL_SQL_ROLE_ALTERED, label->objtype, label->object);
	reader->statement->object = pg_object_kind(label->objtype);
}
