#include "reader.h"

#include <string.h>

#define D(verb, object, read)                                                                   \
	{                                                                                       \
		SL_SQL_KIND_DDL, SL_SQL_VERB_##verb, SL_SQL_OBJECT_##object, SL_SQL_TX_IN, read \
	}
#define K(kind, verb, object, tx, read)                                                         \
	{                                                                                       \
		SL_SQL_KIND_##kind, SL_SQL_VERB_##verb, SL_SQL_OBJECT_##object, SL_SQL_TX_##tx, \
			read                                                                    \
	}

/* What each statement is before its reader has looked at it.  A reader of NULL: nothing more is
 * read. */
static const struct row {
	enum sl_sql_kind kind;
	enum sl_sql_verb verb;
	enum sl_sql_object object;
	enum sl_sql_tx tx;
	void (*read)(struct pg_reader *reader, const void *node);
} rows[] = {
	[T_InsertStmt] = K(DML, INSERT, TABLE, IN, NULL),
	[T_DeleteStmt] = K(DML, DELETE, TABLE, IN, NULL),
	[T_UpdateStmt] = K(DML, UPDATE, TABLE, IN, NULL),
	[T_MergeStmt] = K(DML, MERGE, TABLE, IN, NULL),
	[T_SelectStmt] = K(QUERY, SELECT, NONE, IN, pg_read_select),
	[T_CopyStmt] = K(COPY, COPY, TABLE, IN, pg_read_copy),
	[T_TruncateStmt] = K(DDL, TRUNCATE, TABLE, IN, pg_read_truncate),

	[T_CreateStmt] = D(CREATE, TABLE, pg_read_create_table),
	[T_CreateForeignTableStmt] = D(CREATE, FOREIGN_TABLE, pg_read_foreign_table),
	[T_CreateTableAsStmt] = D(CREATE, TABLE, pg_read_create_table_as),
	[T_AlterTableStmt] = D(ALTER, TABLE, pg_read_alter_table),
	[T_AlterTableMoveAllStmt] = D(ALTER, TABLESPACE, pg_read_named),
	[T_IndexStmt] = D(CREATE, INDEX, pg_read_index),
	[T_ViewStmt] = D(CREATE, VIEW, pg_read_view),
	[T_RefreshMatViewStmt] = K(UTILITY, REFRESH, MATVIEW, IN, pg_read_refresh),
	[T_CreateSeqStmt] = D(CREATE, SEQUENCE, pg_read_create_sequence),
	[T_AlterSeqStmt] = D(ALTER, SEQUENCE, pg_read_alter_sequence),
	[T_CreateStatsStmt] = D(CREATE, STATISTICS, pg_read_statistics),
	[T_AlterStatsStmt] = D(ALTER, STATISTICS, pg_read_named),
	[T_CreateSchemaStmt] = D(CREATE, SCHEMA, pg_read_schema),

	[T_DropStmt] = D(DROP, NONE, pg_read_drop),
	[T_RenameStmt] = D(RENAME, NONE, pg_read_rename),
	[T_AlterObjectSchemaStmt] = D(ALTER, NONE, pg_read_set_schema),
	[T_AlterOwnerStmt] = D(ALTER, NONE, pg_read_owner),
	[T_AlterObjectDependsStmt] = D(ALTER, NONE, pg_read_depends),
	[T_CommentStmt] = D(COMMENT, NONE, pg_read_comment),
	[T_SecLabelStmt] = D(LABEL, NONE, pg_read_label),

	[T_CreateEnumStmt] = D(CREATE, TYPE, pg_read_enum),
	[T_AlterEnumStmt] = D(ALTER, TYPE, pg_read_alter_enum),
	[T_CompositeTypeStmt] = D(CREATE, TYPE, pg_read_composite),
	[T_CreateRangeStmt] = D(CREATE, TYPE, pg_read_range),
	[T_AlterTypeStmt] = D(ALTER, TYPE, pg_read_named),
	[T_DefineStmt] = D(CREATE, NONE, pg_read_define),
	[T_CreateDomainStmt] = D(CREATE, DOMAIN, pg_read_domain),
	[T_AlterDomainStmt] = D(ALTER, DOMAIN, pg_read_alter_domain),

	[T_CreateFunctionStmt] = D(CREATE, FUNCTION, pg_read_function),
	[T_AlterFunctionStmt] = D(ALTER, FUNCTION, pg_read_alter_function),
	[T_DoStmt] = K(BLOCK, DO, NONE, IN, pg_read_do),
	[T_CallStmt] = K(BLOCK, CALL, PROCEDURE, DEPENDS, pg_read_call),
	[T_CreateTrigStmt] = D(CREATE, TRIGGER, pg_read_trigger),
	[T_CreatePolicyStmt] = D(CREATE, POLICY, pg_read_policy),
	[T_AlterPolicyStmt] = D(ALTER, POLICY, pg_read_alter_policy),
	[T_RuleStmt] = D(CREATE, RULE, pg_read_rule),
	[T_CreateEventTrigStmt] = D(CREATE, EVENT_TRIGGER, pg_read_named),
	[T_AlterEventTrigStmt] = D(ALTER, EVENT_TRIGGER, pg_read_named),

	[T_CreatedbStmt] = K(DDL, CREATE, DATABASE, NEVER, pg_read_named),
	[T_DropdbStmt] = K(DDL, DROP, DATABASE, NEVER, pg_read_named),
	[T_AlterDatabaseStmt] = D(ALTER, DATABASE, pg_read_database),
	[T_AlterDatabaseRefreshCollStmt] = D(ALTER, DATABASE, pg_read_named),
	[T_AlterDatabaseSetStmt] = D(ALTER, DATABASE, pg_read_alter_database_set),
	[T_AlterSystemStmt] = K(DDL, ALTER, SYSTEM, NEVER, pg_read_alter_system),
	[T_CreateTableSpaceStmt] = K(DDL, CREATE, TABLESPACE, NEVER, pg_read_named),
	[T_DropTableSpaceStmt] = K(DDL, DROP, TABLESPACE, NEVER, pg_read_named),
	[T_AlterTableSpaceOptionsStmt] = D(ALTER, TABLESPACE, pg_read_named),

	[T_CreateExtensionStmt] = D(CREATE, EXTENSION, pg_read_named),
	[T_AlterExtensionStmt] = D(ALTER, EXTENSION, pg_read_named),
	[T_AlterExtensionContentsStmt] = D(ALTER, EXTENSION, pg_read_named),
	[T_CreateFdwStmt] = D(CREATE, FOREIGN_WRAPPER, pg_read_named),
	[T_AlterFdwStmt] = D(ALTER, FOREIGN_WRAPPER, pg_read_named),
	[T_CreateForeignServerStmt] = D(CREATE, FOREIGN_SERVER, pg_read_named),
	[T_AlterForeignServerStmt] = D(ALTER, FOREIGN_SERVER, pg_read_named),
	[T_CreateUserMappingStmt] = D(CREATE, USER_MAPPING, pg_read_named),
	[T_AlterUserMappingStmt] = D(ALTER, USER_MAPPING, pg_read_named),
	[T_DropUserMappingStmt] = D(DROP, USER_MAPPING, pg_read_named),
	[T_ImportForeignSchemaStmt] = D(IMPORT, SCHEMA, pg_read_import),
	[T_CreatePLangStmt] = D(CREATE, LANGUAGE, pg_read_named),
	[T_CreateConversionStmt] = D(CREATE, CONVERSION, pg_read_named),
	[T_CreateCastStmt] = D(CREATE, CAST, pg_read_composed),
	[T_CreateTransformStmt] = D(CREATE, TRANSFORM, pg_read_composed),
	[T_CreateOpClassStmt] = D(CREATE, OPERATOR_CLASS, pg_read_named),
	[T_CreateOpFamilyStmt] = D(CREATE, OPERATOR_FAMILY, pg_read_named),
	[T_AlterOpFamilyStmt] = D(ALTER, OPERATOR_FAMILY, pg_read_named),
	[T_AlterOperatorStmt] = D(ALTER, OPERATOR, pg_read_named),
	[T_AlterCollationStmt] = D(ALTER, COLLATION, pg_read_named),
	[T_AlterTSDictionaryStmt] = D(ALTER, TEXT_SEARCH, pg_read_named),
	[T_AlterTSConfigurationStmt] = D(ALTER, TEXT_SEARCH, pg_read_named),
	[T_CreateAmStmt] = D(CREATE, ACCESS_METHOD, pg_read_named),
	[T_CreatePublicationStmt] = D(CREATE, PUBLICATION, pg_read_named),
	[T_AlterPublicationStmt] = D(ALTER, PUBLICATION, pg_read_named),
	[T_CreateSubscriptionStmt] = K(DDL, CREATE, SUBSCRIPTION, NEVER, pg_read_named),
	[T_AlterSubscriptionStmt] = K(DDL, ALTER, SUBSCRIPTION, DEPENDS, pg_read_named),
	[T_DropSubscriptionStmt] = K(DDL, DROP, SUBSCRIPTION, DEPENDS, pg_read_named),

	[T_CreateRoleStmt] = K(DCL, CREATE, ROLE, IN, pg_read_named),
	[T_AlterRoleStmt] = K(DCL, ALTER, ROLE, IN, pg_read_named),
	[T_AlterRoleSetStmt] = K(DCL, ALTER, ROLE, IN, pg_read_alter_role_set),
	[T_DropRoleStmt] = K(DCL, DROP, ROLE, IN, pg_read_named),
	[T_GrantStmt] = K(DCL, GRANT, NONE, IN, pg_read_grant),
	[T_GrantRoleStmt] = K(DCL, GRANT, ROLE, IN, pg_read_grant_role),
	[T_AlterDefaultPrivilegesStmt] = K(DCL, ALTER, DEFAULT_PRIVILEGES, IN,
		pg_read_default_privileges),
	[T_ReassignOwnedStmt] = K(DCL, REASSIGN, NONE, IN, pg_read_owned),
	[T_DropOwnedStmt] = K(DDL, DROP_OWNED, NONE, IN, pg_read_owned),

	[T_TransactionStmt] = K(TRANSACTION, BEGIN, NONE, CONTROL, pg_read_transaction),
	[T_VariableSetStmt] = K(SESSION, SET, SETTING, IN, pg_read_set),
	[T_ConstraintsSetStmt] = K(SESSION, SET, CONSTRAINT, IN, pg_read_set),
	[T_VariableShowStmt] = K(QUERY, SHOW, SETTING, IN, NULL),
	[T_DiscardStmt] = K(SESSION, DISCARD, NONE, IN, pg_read_discard),
	[T_LockStmt] = K(SESSION, LOCK, TABLE, IN, pg_read_lock),
	[T_PrepareStmt] = K(SESSION, PREPARE, NONE, IN, pg_read_prepare),
	[T_ExecuteStmt] = K(BLOCK, EXECUTE, NONE, IN, pg_read_prepare),
	[T_DeallocateStmt] = K(SESSION, DEALLOCATE, NONE, IN, pg_read_prepare),
	[T_ListenStmt] = K(SESSION, LISTEN, NONE, IN, pg_read_prepare),
	[T_UnlistenStmt] = K(SESSION, UNLISTEN, NONE, IN, NULL),
	[T_NotifyStmt] = K(UTILITY, NOTIFY, NONE, IN, NULL),
	[T_LoadStmt] = K(SESSION, LOAD, NONE, IN, pg_read_prepare),
	[T_DeclareCursorStmt] = K(SESSION, CURSOR, NONE, IN, pg_read_cursor),
	[T_FetchStmt] = K(SESSION, CURSOR, NONE, IN, pg_read_cursor),
	[T_ClosePortalStmt] = K(SESSION, CURSOR, NONE, IN, pg_read_cursor),
	[T_ExplainStmt] = K(QUERY, EXPLAIN, NONE, IN, pg_read_explain),

	[T_VacuumStmt] = K(UTILITY, VACUUM, NONE, IN, pg_read_vacuum),
	[T_ReindexStmt] = K(UTILITY, REINDEX, NONE, IN, pg_read_reindex),
	[T_ClusterStmt] = K(UTILITY, CLUSTER, TABLE, IN, pg_read_cluster),
	[T_CheckPointStmt] = K(UTILITY, CHECKPOINT, NONE, IN, NULL),
};

static bool is_dml(const void *node)
{
	switch (pg_tag(node)) {
	case T_InsertStmt:
	case T_UpdateStmt:
	case T_DeleteStmt:
	case T_MergeStmt:
		return true;
	default:
		return false;
	}
}

void pg_read_statement(struct pg_reader *reader, const void *node)
{
	NodeTag tag = pg_tag(node);
	const struct row *row = (size_t)tag < sizeof(rows) / sizeof(rows[0]) && rows[tag].verb ?
		&rows[tag] :
		NULL;

	if (!row) {
		reader->statement->status = SL_SQL_OPAQUE;
		reader->statement->status_text = "a statement that this version does not know";
		return;
	}
	reader->statement->kind = row->kind;
	reader->statement->verb = row->verb;
	reader->statement->object = row->object;
	reader->statement->tx = row->tx;
	if (is_dml(node))
		pg_read_dml(reader, node, 0, pg_tokens(reader));
	else if (row->read)
		row->read(reader, node);
}
