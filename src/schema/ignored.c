#include "sluice/schema/catalog.h"

#include "sluice/core/str.h"
#include "tree.h"

/* Tables, and schemas, that migration tools keep their history in; compared without case. */
static const char *const histories[] = { "flyway_schema_history", "schema_migrations",
	"goose_db_version", "goose_db_version_id_seq", "atlas_schema_revisions",
	"databasechangelog", "databasechangeloglock", "__diesel_schema_migrations",
	"_prisma_migrations", "_sqlx_migrations" };

static const char *const postgres_schemas[] = { "sluice", "sqitch", "atlas_schema_revisions",
	"pg_catalog", "information_schema", "pg_toast" };

static bool among(const char *name, const char *const *names, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (sl_name_compare(true, names[i], name) == 0)
			return true;
	}
	return false;
}

bool sl_schema_ignored(enum sl_dialect dialect, const char *schema, const char *name)
{
	if (dialect == SL_DIALECT_POSTGRES &&
		among(schema, postgres_schemas,
			sizeof(postgres_schemas) / sizeof(postgres_schemas[0])))
		return true;
	if (dialect == SL_DIALECT_SQLITE && sl_str_starts(name, "sqlite_"))
		return true;
	return sl_str_starts(name, "_sluice_") ||
		among(name, histories, sizeof(histories) / sizeof(histories[0]));
}
