#include "reader.h"

#include <string.h>

static struct sl_fact_action *add_action(struct lite_reader *reader, enum sl_sql_action kind,
	size_t from)
{
	struct sl_fact_action *action = sl_fact_add(reader->arena, reader->facts, action);

	action->kind = kind;
	action->column_row = -1;
	action->constraint_row = -1;
	action->object_row = -1;
	action->at = sl_tokens_begin(&reader->tokens, from);
	action->len = sl_tokens_end(&reader->tokens, reader->end) - action->at;
	return action;
}

static void rename_table_or_column(struct lite_reader *reader, struct sl_fact_object *table,
	size_t from)
{
	struct sl_fact_action *action = add_action(reader, SL_SQL_ACTION_RENAME_COLUMN, from);

	reader->statement->verb = SL_SQL_VERB_RENAME;
	if (lite_take(reader, "to")) {
		action->kind = SL_SQL_ACTION_RENAME;
		action->name = table->name;
		action->new_name = lite_name(reader);
		table->role = SL_SQL_ROLE_RENAMED;
		table->new_name = action->new_name;
		return;
	}
	(void)lite_take(reader, "column");
	action->name = lite_name(reader);
	lite_expect(reader, "to");
	action->new_name = lite_name(reader);
}

static void add_column(struct lite_reader *reader, const struct sl_fact_object *table, size_t from)
{
	struct sl_fact_object owner = *table;
	struct sl_fact_action *action = add_action(reader, SL_SQL_ACTION_ADD_COLUMN, from);

	(void)lite_take(reader, "column");
	lite_column(reader, &owner);
	action->column_row = (int64_t)reader->facts->column_def.len - 1;
	action->name = reader->facts->column_def.at[action->column_row].name;
}

void lite_alter(struct lite_reader *reader)
{
	struct sl_fact_object *table;
	size_t from;

	lite_expect(reader, "table");
	table = lite_object(reader, SL_SQL_ROLE_ALTERED, SL_SQL_OBJECT_TABLE);
	from = reader->pos;
	reader->statement->object = SL_SQL_OBJECT_TABLE;
	if (lite_take(reader, "rename")) {
		rename_table_or_column(reader, table, from);
	} else if (lite_take(reader, "add")) {
		add_column(reader, table, from);
	} else if (lite_take(reader, "drop")) {
		(void)lite_take(reader, "column");
		add_action(reader, SL_SQL_ACTION_DROP_COLUMN, from)->name = lite_name(reader);
	} else {
		lite_fail(reader);
	}
}

void lite_drop(struct lite_reader *reader)
{
	static const struct {
		const char *word;
		enum sl_sql_object kind;
	} kinds[] = {
		{ "table", SL_SQL_OBJECT_TABLE },
		{ "view", SL_SQL_OBJECT_VIEW },
		{ "index", SL_SQL_OBJECT_INDEX },
		{ "trigger", SL_SQL_OBJECT_TRIGGER },
	};

	bool if_exists;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!lite_take(reader, kinds[i].word))
			continue;
		reader->statement->object = kinds[i].kind;
		if_exists = lite_if_exists(reader);
		reader->statement->if_exists = if_exists;
		lite_object(reader, SL_SQL_ROLE_DROPPED, kinds[i].kind)->if_exists = if_exists;
		return;
	}
	lite_fail(reader);
}
