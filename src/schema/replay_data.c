/* Statements that read and write rows: they change nothing, but what they name must be there. */
#include "replay_int.h"

#include "sluice/core/str.h"

static void check_object(struct sl_replay *replay, const struct sl_fact_object *object)
{
	if (object->role == SL_SQL_ROLE_READ || object->role == SL_SQL_ROLE_WRITTEN) {
		if (sl_is_relation_kind(object->kind) && !*object->database)
			(void)sl_relation_needed(replay, object->schema, object->name,
				object->if_exists);
	}
}

static void check_columns(struct sl_replay *replay, const struct sl_fact_dml *dml)
{
	const struct sl_table *table;

	if (dml->level > 1 || sl_out_of_sight(replay, dml->schema, dml->table_name))
		return;
	table = sl_catalog_table(&replay->work, dml->schema, dml->table_name);
	for (size_t i = 0; table && i < dml->columns.len; i++) {
		const char *name = dml->columns.at[i];
		bool rowid = sl_is_sqlite(replay) && !table->without_rowid &&
			(sl_name_compare(true, name, "rowid") == 0 ||
				sl_name_compare(true, name, "oid") == 0 ||
				sl_name_compare(true, name, "_rowid_") == 0);

		if (!rowid)
			(void)sl_known_column(replay, &table->id, name);
	}
}

void sl_replay_data(struct sl_replay *replay)
{
	for (size_t i = 0; i < replay->facts->object.len; i++)
		check_object(replay, &replay->facts->object.at[i]);
	for (size_t i = 0; i < replay->facts->dml.len; i++)
		check_columns(replay, &replay->facts->dml.at[i]);
}
