#include "reader.h"

#include <string.h>

static void never(struct pg_reader *reader, const char *text)
{
	reader->statement->tx = SL_SQL_TX_NEVER;
	reader->statement->tx_text = text;
}

void pg_read_vacuum(struct pg_reader *reader, const void *node)
{
	const VacuumStmt *vacuum = PG(VacuumStmt, node);

	for (int i = 0; i < pg_len(vacuum->rels); i++)
		(void)pg_add_relation(reader, SL_SQL_ROLE_MAINTAINED, SL_SQL_OBJECT_RELATION,
			PG(VacuumRelation, pg_nth(vacuum->rels, i))->relation);
	reader->statement->verb = vacuum->is_vacuumcmd ? SL_SQL_VERB_VACUUM : SL_SQL_VERB_ANALYZE;
	if (vacuum->is_vacuumcmd)
		never(reader, "VACUUM");
}

void pg_read_reindex(struct pg_reader *reader, const void *node)
{
	const ReindexStmt *reindex = PG(ReindexStmt, node);
	bool index = reindex->kind == REINDEX_OBJECT_INDEX;

	reader->statement->object = index ? SL_SQL_OBJECT_INDEX : SL_SQL_OBJECT_TABLE;
	reader->statement->concurrently = pg_option_flag(reader, reindex->params, "concurrently");
	if (reindex->relation) {
		(void)pg_add_relation(reader, SL_SQL_ROLE_MAINTAINED, reader->statement->object,
			reindex->relation);
		reader->statement->tx = SL_SQL_TX_DEPENDS;
		reader->statement->tx_text = "REINDEX of a partitioned relation";
	} else {
		bool schema = reindex->kind == REINDEX_OBJECT_SCHEMA;

		reader->statement->object = schema ? SL_SQL_OBJECT_SCHEMA : SL_SQL_OBJECT_DATABASE;
		(void)pg_add_plain(reader, SL_SQL_ROLE_MAINTAINED, reader->statement->object,
			reindex->name);
		never(reader, "REINDEX of a schema or database");
	}
	if (reader->statement->concurrently)
		never(reader, "REINDEX CONCURRENTLY");
}

void pg_read_cluster(struct pg_reader *reader, const void *node)
{
	const ClusterStmt *cluster = PG(ClusterStmt, node);

	if (cluster->relation) {
		(void)pg_add_relation(reader, SL_SQL_ROLE_MAINTAINED, SL_SQL_OBJECT_TABLE,
			cluster->relation);
		reader->statement->tx = SL_SQL_TX_DEPENDS;
		reader->statement->tx_text = "CLUSTER of a partitioned table";
	} else {
		never(reader, "CLUSTER without a table");
	}
}

void pg_read_database(struct pg_reader *reader, const void *node)
{
	const AlterDatabaseStmt *alter = PG(AlterDatabaseStmt, node);

	(void)pg_add_plain(reader, SL_SQL_ROLE_ALTERED, SL_SQL_OBJECT_DATABASE, alter->dbname);
	if (pg_option(alter->options, "tablespace"))
		never(reader, "ALTER DATABASE SET TABLESPACE");
}

/* ---- objects that are named by their types, servers, roles ---- */

static void add_composed(struct pg_reader *reader, const char *name)
{
	struct sl_fact_object *object = pg_add_object(reader, SL_SQL_ROLE_CREATED,
		reader->statement->object);

	object->name = name;
	object->len = reader->len;
}

void pg_read_composed(struct pg_reader *reader, const void *node)
{
	const char *first, *second;

	if (pg_tag(node) == T_CreateCastStmt) {
		first = pg_type_text(reader, PG(CreateCastStmt, node)->sourcetype);
		second = pg_type_text(reader, PG(CreateCastStmt, node)->targettype);
		add_composed(reader, sl_arena_printf(reader->arena, "%s as %s", first, second));
	} else {
		first = pg_type_text(reader, PG(CreateTransformStmt, node)->type_name);
		second = pg_copy(reader, PG(CreateTransformStmt, node)->lang);
		add_composed(reader,
			sl_arena_printf(reader->arena, "%s language %s", first, second));
		reader->statement->or_replace = PG(CreateTransformStmt, node)->replace;
	}
}

void pg_read_import(struct pg_reader *reader, const void *node)
{
	const ImportForeignSchemaStmt *import = PG(ImportForeignSchemaStmt, node);

	(void)pg_add_plain(reader, SL_SQL_ROLE_ALTERED, SL_SQL_OBJECT_SCHEMA, import->local_schema);
	(void)pg_add_plain(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_FOREIGN_SERVER,
		import->server_name);
	for (int i = 0; i < pg_len(import->table_list); i++)
		(void)pg_add_relation(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_FOREIGN_TABLE,
			PG(RangeVar, pg_nth(import->table_list, i)));
}

void pg_read_owned(struct pg_reader *reader, const void *node)
{
	bool drop = pg_tag(node) == T_DropOwnedStmt;
	struct sl_names roles = pg_role_names(reader,
		drop ? PG(DropOwnedStmt, node)->roles : PG(ReassignOwnedStmt, node)->roles);

	for (size_t i = 0; i < roles.len; i++)
		(void)pg_add_plain(reader, SL_SQL_ROLE_ALTERED, SL_SQL_OBJECT_ROLE, roles.at[i]);
	reader->statement->cascade = drop && PG(DropOwnedStmt, node)->behavior == DROP_CASCADE;
}

/* ---- statements of which the name is all that is read ---- */

/* Only statements whose object is one plain name. */
struct named {
	const char *name;
	const List *list;
	const RoleSpec *role;
	bool if_exists, if_not_exists, cascade;
};

static struct named named_created(const void *node)
{
	switch (pg_tag(node)) {
	case T_CreatedbStmt:
		return (struct named){ .name = PG(CreatedbStmt, node)->dbname };
	case T_CreateTableSpaceStmt:
		return (struct named){ .name = PG(CreateTableSpaceStmt, node)->tablespacename };
	case T_CreateExtensionStmt:
		return (struct named){ .name = PG(CreateExtensionStmt, node)->extname,
			.if_not_exists = PG(CreateExtensionStmt, node)->if_not_exists };
	case T_CreateFdwStmt:
		return (struct named){ .name = PG(CreateFdwStmt, node)->fdwname };
	case T_CreateForeignServerStmt:
		return (struct named){ .name = PG(CreateForeignServerStmt, node)->servername,
			.if_not_exists = PG(CreateForeignServerStmt, node)->if_not_exists };
	case T_CreateUserMappingStmt:
		return (struct named){ .role = PG(CreateUserMappingStmt, node)->user,
			.if_not_exists = PG(CreateUserMappingStmt, node)->if_not_exists };
	case T_CreateEventTrigStmt:
		return (struct named){ .name = PG(CreateEventTrigStmt, node)->trigname };
	case T_CreatePLangStmt:
		return (struct named){ .name = PG(CreatePLangStmt, node)->plname };
	case T_CreateRoleStmt:
		return (struct named){ .name = PG(CreateRoleStmt, node)->role };
	case T_CreateConversionStmt:
		return (struct named){ .list = PG(CreateConversionStmt, node)->conversion_name };
	case T_CreateOpClassStmt:
		return (struct named){ .list = PG(CreateOpClassStmt, node)->opclassname };
	case T_CreateOpFamilyStmt:
		return (struct named){ .list = PG(CreateOpFamilyStmt, node)->opfamilyname };
	case T_CreateAmStmt:
		return (struct named){ .name = PG(CreateAmStmt, node)->amname };
	case T_CreatePublicationStmt:
		return (struct named){ .name = PG(CreatePublicationStmt, node)->pubname };
	case T_CreateSubscriptionStmt:
		return (struct named){ .name = PG(CreateSubscriptionStmt, node)->subname };
	default:
		return (struct named){ .name = NULL };
	}
}

static struct named named_dropped(const void *node)
{
	switch (pg_tag(node)) {
	case T_DropdbStmt:
		return (struct named){ .name = PG(DropdbStmt, node)->dbname,
			.if_exists = PG(DropdbStmt, node)->missing_ok };
	case T_DropTableSpaceStmt:
		return (struct named){ .name = PG(DropTableSpaceStmt, node)->tablespacename,
			.if_exists = PG(DropTableSpaceStmt, node)->missing_ok };
	case T_DropUserMappingStmt:
		return (struct named){ .role = PG(DropUserMappingStmt, node)->user,
			.if_exists = PG(DropUserMappingStmt, node)->missing_ok };
	case T_DropSubscriptionStmt:
		return (struct named){ .name = PG(DropSubscriptionStmt, node)->subname,
			.if_exists = PG(DropSubscriptionStmt, node)->missing_ok,
			.cascade = PG(DropSubscriptionStmt, node)->behavior == DROP_CASCADE };
	default:
		return (struct named){ .name = NULL };
	}
}

static struct named named_altered(const void *node)
{
	switch (pg_tag(node)) {
	case T_AlterDatabaseRefreshCollStmt:
		return (struct named){ .name = PG(AlterDatabaseRefreshCollStmt, node)->dbname };
	case T_AlterTableSpaceOptionsStmt:
		return (struct named){
			.name = PG(AlterTableSpaceOptionsStmt, node)->tablespacename
		};
	case T_AlterTableMoveAllStmt:
		return (struct named){
			.name = PG(AlterTableMoveAllStmt, node)->orig_tablespacename
		};
	case T_AlterExtensionStmt:
		return (struct named){ .name = PG(AlterExtensionStmt, node)->extname };
	case T_AlterExtensionContentsStmt:
		return (struct named){ .name = PG(AlterExtensionContentsStmt, node)->extname };
	case T_AlterFdwStmt:
		return (struct named){ .name = PG(AlterFdwStmt, node)->fdwname };
	case T_AlterForeignServerStmt:
		return (struct named){ .name = PG(AlterForeignServerStmt, node)->servername };
	case T_AlterUserMappingStmt:
		return (struct named){ .role = PG(AlterUserMappingStmt, node)->user };
	case T_AlterEventTrigStmt:
		return (struct named){ .name = PG(AlterEventTrigStmt, node)->trigname };
	case T_AlterRoleStmt:
		return (struct named){ .role = PG(AlterRoleStmt, node)->role };
	case T_AlterOpFamilyStmt:
		return (struct named){ .list = PG(AlterOpFamilyStmt, node)->opfamilyname };
	case T_AlterOperatorStmt:
		return (struct named){ .list = PG(AlterOperatorStmt, node)->opername->objname };
	case T_AlterTypeStmt:
		return (struct named){ .list = PG(AlterTypeStmt, node)->typeName };
	case T_AlterCollationStmt:
		return (struct named){ .list = PG(AlterCollationStmt, node)->collname };
	case T_AlterTSDictionaryStmt:
		return (struct named){ .list = PG(AlterTSDictionaryStmt, node)->dictname };
	case T_AlterTSConfigurationStmt:
		return (struct named){ .list = PG(AlterTSConfigurationStmt, node)->cfgname };
	case T_AlterPublicationStmt:
		return (struct named){ .name = PG(AlterPublicationStmt, node)->pubname };
	case T_AlterSubscriptionStmt:
		return (struct named){ .name = PG(AlterSubscriptionStmt, node)->subname };
	case T_AlterStatsStmt:
		return (struct named){ .list = PG(AlterStatsStmt, node)->defnames,
			.if_exists = PG(AlterStatsStmt, node)->missing_ok };
	default:
		return (struct named){ .name = NULL };
	}
}

static void add_named(struct pg_reader *reader, enum sl_sql_role role, const struct named *named)
{
	enum sl_sql_object kind = reader->statement->object;
	struct sl_fact_object *object;

	if (named->list)
		object = pg_add_named(reader, role, kind, named->list);
	else if (named->role)
		object = pg_add_plain(reader, role, kind, pg_role_name(reader, named->role));
	else if (named->name)
		object = pg_add_plain(reader, role, kind, named->name);
	else
		return;
	object->if_exists = named->if_exists;
	object->if_not_exists = named->if_not_exists;
	object->cascade = named->cascade;
	reader->statement->if_exists = named->if_exists;
	reader->statement->if_not_exists = named->if_not_exists;
	reader->statement->cascade = named->cascade;
}

static void drop_roles(struct pg_reader *reader, const DropRoleStmt *drop)
{
	reader->statement->if_exists = drop->missing_ok;
	for (int i = 0; i < pg_len(drop->roles); i++) {
		const char *name = pg_role_name(reader, PG(RoleSpec, pg_nth(drop->roles, i)));

		pg_add_plain(reader, SL_SQL_ROLE_DROPPED, SL_SQL_OBJECT_ROLE, name)
			->if_exists = drop->missing_ok;
	}
}

/* Why some of them stand outside transactions. */
static void read_transaction_class(struct pg_reader *reader, const void *node)
{
	switch (pg_tag(node)) {
	case T_CreateSubscriptionStmt:
		if (pg_option(PG(CreateSubscriptionStmt, node)->options, "connect") &&
			!pg_option_flag(reader, PG(CreateSubscriptionStmt, node)->options,
				"connect"))
			reader->statement->tx = SL_SQL_TX_IN;
		else
			reader->statement->tx_text = "CREATE SUBSCRIPTION makes a slot";
		break;
	case T_DropSubscriptionStmt:
		reader->statement->tx_text = "DROP SUBSCRIPTION drops a slot";
		break;
	case T_AlterSubscriptionStmt:
		reader->statement->tx_text = "ALTER SUBSCRIPTION may refresh";
		break;
	default:
		if (reader->statement->tx == SL_SQL_TX_NEVER)
			reader->statement->tx_text = "it works on the whole cluster";
		break;
	}
}

void pg_read_named(struct pg_reader *reader, const void *node)
{
	struct named named = { .name = NULL };

	if (pg_tag(node) == T_DropRoleStmt) {
		drop_roles(reader, PG(DropRoleStmt, node));
		return;
	}
	switch (reader->statement->verb) {
	case SL_SQL_VERB_CREATE:
		named = named_created(node);
		add_named(reader, SL_SQL_ROLE_CREATED, &named);
		break;
	case SL_SQL_VERB_DROP:
		named = named_dropped(node);
		add_named(reader, SL_SQL_ROLE_DROPPED, &named);
		break;
	case SL_SQL_VERB_ALTER:
		named = named_altered(node);
		add_named(reader, SL_SQL_ROLE_ALTERED, &named);
		break;
	default:
		break;
	}
	read_transaction_class(reader, node);
}
