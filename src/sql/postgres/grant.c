#include "reader.h"

static struct sl_names privilege_names(struct pg_reader *reader, const List *privileges)
{
	int n = pg_len(privileges);
	const char **at = sl_arena_calloc(reader->arena, n > 0 ? (size_t)n : 1, sizeof(*at));

	if (n == 0) {
		at[0] = "all";
		return (struct sl_names){ .at = at, .len = 1 };
	}
	for (int i = 0; i < n; i++)
		at[i] = pg_copy(reader, PG(AccessPriv, pg_nth(privileges, i))->priv_name);
	return (struct sl_names){ .at = at, .len = (size_t)n };
}

static struct sl_fact_privilege *add_privilege(struct pg_reader *reader, bool is_grant,
	const List *grantees)
{
	struct sl_fact_privilege *row = sl_fact_add(reader->arena, reader->facts, privilege);

	row->revoke = !is_grant;
	row->grantees = pg_role_names(reader, grantees);
	row->len = reader->len;
	reader->statement->verb = is_grant ? SL_SQL_VERB_GRANT : SL_SQL_VERB_REVOKE;
	return row;
}

static void read_objects(struct pg_reader *reader, struct sl_fact_privilege *row,
	const GrantStmt *grant)
{
	if (grant->targtype == ACL_TARGET_ALL_IN_SCHEMA) {
		for (int i = 0; i < pg_len(grant->objects); i++)
			(void)pg_add_any(reader, SL_SQL_ROLE_GRANTED, OBJECT_SCHEMA,
				pg_nth(grant->objects, i));
		if (pg_len(grant->objects) > 0)
			row->all_in_schema = pg_copy(reader, pg_string(pg_nth(grant->objects, 0)));
		return;
	}
	for (int i = 0; i < pg_len(grant->objects); i++)
		(void)pg_add_any(reader, SL_SQL_ROLE_GRANTED, grant->objtype,
			pg_nth(grant->objects, i));
}

void pg_read_grant(struct pg_reader *reader, const void *node)
{
	const GrantStmt *grant = PG(GrantStmt, node);
	struct sl_fact_privilege *row = add_privilege(reader, grant->is_grant, grant->grantees);

	row->privileges = privilege_names(reader, grant->privileges);
	row->kind = pg_object_kind(grant->objtype);
	row->with_grant = grant->grant_option;
	reader->statement->object = row->kind;
	reader->statement->cascade = grant->behavior == DROP_CASCADE;
	read_objects(reader, row, grant);
}

void pg_read_grant_role(struct pg_reader *reader, const void *node)
{
	const GrantRoleStmt *grant = PG(GrantRoleStmt, node);
	struct sl_fact_privilege *row = add_privilege(reader, grant->is_grant,
		grant->grantee_roles);

	row->privileges = pg_role_names(reader, grant->granted_roles);
	row->kind = SL_SQL_OBJECT_ROLE;
	row->with_grant = grant->admin_opt;
	reader->statement->object = SL_SQL_OBJECT_ROLE;
}

void pg_read_default_privileges(struct pg_reader *reader, const void *node)
{
	const AlterDefaultPrivilegesStmt *alter = PG(AlterDefaultPrivilegesStmt, node);
	struct sl_fact_privilege *row = add_privilege(reader, alter->action->is_grant,
		alter->action->grantees);

	row->privileges = privilege_names(reader, alter->action->privileges);
	row->kind = pg_object_kind(alter->action->objtype);
	row->with_grant = alter->action->grant_option;
	reader->statement->verb = SL_SQL_VERB_ALTER;
	reader->statement->object = SL_SQL_OBJECT_DEFAULT_PRIVILEGES;
}
