#include "sqlite_int.h"

#include "sluice/core/buf.h"
#include "sluice/schema/catalog.h"
#include "sluice/schema/replay.h"

/* The most text of CREATE statements that is read. */
#define SCHEMA_MAX ((size_t)64 << 20)

/* Tables first, then what stands on them, each in the order of its making.  Shadow tables belong to
 * their virtual table. */
static const char schema_query[] =
	"SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' "
	"ESCAPE '\\' AND tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' "
	"AND type = 'shadow') "
	"ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, "
	"rowid";

/* Those that are not as in every new database. */
static const char property_query[] =
	"SELECT 'application_id', application_id FROM pragma_application_id "
	"WHERE application_id <> 0 "
	"UNION ALL SELECT 'auto_vacuum', auto_vacuum FROM pragma_auto_vacuum WHERE auto_vacuum <> 0 "
	"UNION ALL SELECT 'encoding', encoding FROM pragma_encoding WHERE encoding <> 'UTF-8' "
	"UNION ALL SELECT 'user_version', user_version FROM pragma_user_version "
	"WHERE user_version <> 0";

/* Keys whose order the replay does not keep. */
static const char missing_query[] =
	"SELECT count(DISTINCT l.name) || ' keys in descending order' FROM pragma_table_list AS t, "
	"pragma_index_list(t.name, 'main') AS l, pragma_index_xinfo(l.name, 'main') AS x "
	"WHERE t.schema = 'main' AND t.type = 'table' AND l.origin IN ('pk', 'u') AND x.key = 1 "
	"AND x.\"desc\" = 1 HAVING count(*) > 0";

static enum sl_code read_schema(struct sl_conn *conn, struct sl_rows *objects,
	struct sl_rows *properties, struct sl_arena *arena, struct sl_error *err)
{
	enum sl_code code;

	if (sl_conn_tx_state(conn) == SL_TX_OPEN) {
		code = sl_sqlite_query(conn, objects, arena, schema_query, err);
		return code == SL_OK ?
			sl_sqlite_query(conn, properties, arena, property_query, err) :
			code;
	}
	code = sl_sqlite_query(conn, NULL, NULL, "BEGIN", err);
	if (code != SL_OK)
		return code;
	code = sl_sqlite_query(conn, objects, arena, schema_query, err);
	if (code == SL_OK)
		code = sl_sqlite_query(conn, properties, arena, property_query, err);
	sl_conn_rollback(conn);
	return code;
}

static enum sl_code replayed(const struct sl_catalog **out, const struct sl_rows *objects,
	int version, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(SCHEMA_MAX);

	for (size_t i = 0; i < objects->len; i++) {
		sl_buf_adds(&sql, sl_rows_cell(objects, i, 0));
		sl_buf_adds(&sql, "\n;\n");
	}
	if (!sl_buf_ok(&sql))
		return sl_error_set(err, SL_ELIMIT, "the schema has more than %zu bytes of text",
			SCHEMA_MAX);
	return sl_catalog_from_sql(out, SL_DIALECT_SQLITE, version, sl_buf_str(&sql), sql.len, err);
}

enum sl_code sl_sqlite_introspect(struct sl_conn *conn, const struct sl_catalog **out,
	struct sl_error *err)
{
	struct sl_arena *arena sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_catalog_builder *builder sl_auto(sl_catalog_builder_free_p) = NULL;
	const struct sl_catalog *made sl_auto(sl_catalog_unref_p) = NULL;
	struct sl_rows objects = { 0 }, properties = { 0 }, keys = { 0 };
	struct sl_catalog_iter it;
	struct sl_names missing;
	enum sl_code code = read_schema(conn, &objects, &properties, arena, err);

	if (code == SL_OK)
		code = sl_sqlite_query(conn, &keys, arena, missing_query, err);
	if (code == SL_OK)
		code = replayed(&made, &objects, conn->version, err);
	if (code != SL_OK)
		return code;
	builder = sl_catalog_builder_new(SL_DIALECT_SQLITE, conn->version);
	it = sl_catalog_each(made);
	for (const struct sl_entity *entity; (entity = sl_catalog_next(&it));)
		sl_catalog_add(builder, entity);
	for (size_t i = 0; i < properties.len; i++)
		sl_catalog_add_property(builder, sl_rows_cell(&properties, i, 0),
			sl_rows_cell(&properties, i, 1));
	for (size_t i = 0; i < keys.len; i++)
		sl_catalog_add_incomplete(builder, sl_rows_cell(&keys, i, 0));
	missing = sl_catalog_incomplete(made);
	for (size_t i = 0; i < missing.len; i++)
		sl_catalog_add_incomplete(builder, missing.at[i]);
	return sl_catalog_finish(out, builder, err);
}
