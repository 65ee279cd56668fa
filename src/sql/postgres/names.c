#include "../chars.h"
#include "reader.h"

#include <string.h>

const char *pg_copy(struct pg_reader *reader, const char *text)
{
	return text && text[0] != '\0' ? sl_arena_strdup(reader->arena, text) : "";
}

struct sl_names pg_names(struct pg_reader *reader, const List *list)
{
	int n = pg_len(list);
	const char **at = n > 0 ? sl_arena_calloc(reader->arena, (size_t)n, sizeof(*at)) : NULL;

	for (int i = 0; i < n; i++)
		at[i] = pg_copy(reader, pg_string(pg_nth(list, i)));
	return (struct sl_names){ .at = at, .len = (size_t)n };
}

const char *pg_qualified(struct pg_reader *reader, const List *names, const char **schema)
{
	int n = pg_len(names);

	*schema = n > 1 ? pg_copy(reader, pg_string(pg_nth(names, n - 2))) : "";
	return n > 0 ? pg_copy(reader, pg_string(pg_nth(names, n - 1))) : "";
}

static bool needs_quotes(const char *name)
{
	if (!sl_char_is(name[0], SL_CHAR_WORD_START))
		return true;
	for (const char *p = name; *p; p++) {
		if (!sl_char_is(*p, SL_CHAR_WORD) || (*p >= 'A' && *p <= 'Z'))
			return true;
	}
	return false;
}

static const char *quoted(struct pg_reader *reader, const char *name)
{
	char *out, *p;

	if (!needs_quotes(name))
		return name;
	out = sl_arena_alloc(reader->arena, strlen(name) * 2 + 3);
	p = out;
	*p++ = '"';
	for (; *name; name++) {
		if (*name == '"')
			*p++ = '"';
		*p++ = *name;
	}
	*p++ = '"';
	*p = '\0';
	return out;
}

const char *pg_dotted(struct pg_reader *reader, const char *schema, const char *name)
{
	if (!schema || schema[0] == '\0')
		return quoted(reader, name);
	return sl_arena_printf(reader->arena, "%s.%s", quoted(reader, schema),
		quoted(reader, name));
}

struct sl_fact_object *pg_add_object(struct pg_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind)
{
	struct sl_fact_object *object = sl_fact_add(reader->arena, reader->facts, object);

	object->role = role;
	object->kind = kind;
	return object;
}

/* Length of the quoted or plain name at p, 0 when there is none. */
static size_t name_part(const char *p, const char *end)
{
	const char *q = p;

	if (q < end && *q == '"') {
		for (q++; q < end; q++) {
			if (*q == '"' && (q + 1 == end || q[1] != '"'))
				return (size_t)(q + 1 - p);
			q += *q == '"';
		}
		return (size_t)(end - p);
	}
	while (q < end && sl_char_is(*q, SL_CHAR_WORD))
		q++;
	return (size_t)(q - p);
}

static void place_object(struct pg_reader *reader, struct sl_fact_object *object, int location)
{
	const char *end = reader->text + reader->len;
	const char *p, *last;

	if (location < 0 || (size_t)location >= reader->len)
		return;
	p = reader->text + location;
	for (;;) {
		last = p;
		p += name_part(p, end);
		if (p + 1 >= end || *p != '.')
			break;
		p++;
	}
	object->at = (size_t)location;
	object->len = (size_t)(p - reader->text) - (size_t)location;
	object->quoted = last < end && *last == '"';
}

struct sl_fact_object *pg_add_relation(struct pg_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind, const RangeVar *relation)
{
	struct sl_fact_object *object = pg_add_object(reader, role, kind);

	if (!relation)
		return object;
	object->database = pg_copy(reader, relation->catalogname);
	object->schema = pg_copy(reader, relation->schemaname);
	object->name = pg_copy(reader, relation->relname);
	object->temporary = relation->relpersistence == 't' ||
		strncmp(object->schema, "pg_temp", 7) == 0;
	object->only = !relation->inh && kind != SL_SQL_OBJECT_TYPE;
	if (role == SL_SQL_ROLE_CREATED && object->schema[0] == '\0' && !object->temporary)
		object->schema = pg_copy(reader, reader->schema);
	if (relation->alias)
		object->alias = pg_copy(reader, relation->alias->aliasname);
	place_object(reader, object, relation->location);
	return object;
}

/* How far behind the verb a name is looked for: long lists of names find no place. */
#define NAME_TOKENS 200

void pg_find_object(struct pg_reader *reader, struct sl_fact_object *object)
{
	for (size_t i = 1; i < pg_tokens(reader) && i < NAME_TOKENS && object->name; i++) {
		const struct sl_token *token = pg_token(reader, i);
		const char *name;

		if (token->kind != SL_TOKEN_WORD && token->kind != SL_TOKEN_NAME)
			continue;
		name = sl_token_name(reader->arena, SL_DIALECT_POSTGRES, token, reader->text);
		if (strcmp(name, object->name) != 0)
			continue;
		object->at = token->at;
		object->len = token->len;
		object->quoted = token->kind == SL_TOKEN_NAME;
		return;
	}
}

struct sl_fact_object *pg_add_named(struct pg_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind, const List *names)
{
	struct sl_fact_object *object = pg_add_object(reader, role, kind);

	object->name = pg_qualified(reader, names, &object->schema);
	pg_find_object(reader, object);
	return object;
}

struct sl_fact_object *pg_add_plain(struct pg_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind, const char *name)
{
	struct sl_fact_object *object = pg_add_object(reader, role, kind);

	object->name = pg_copy(reader, name);
	pg_find_object(reader, object);
	return object;
}

static const enum sl_sql_object kinds[] = {
	[OBJECT_ACCESS_METHOD] = SL_SQL_OBJECT_ACCESS_METHOD,
	[OBJECT_AGGREGATE] = SL_SQL_OBJECT_AGGREGATE,
	[OBJECT_AMOP] = SL_SQL_OBJECT_OPERATOR,
	[OBJECT_AMPROC] = SL_SQL_OBJECT_FUNCTION,
	[OBJECT_ATTRIBUTE] = SL_SQL_OBJECT_COLUMN,
	[OBJECT_CAST] = SL_SQL_OBJECT_CAST,
	[OBJECT_COLUMN] = SL_SQL_OBJECT_COLUMN,
	[OBJECT_COLLATION] = SL_SQL_OBJECT_COLLATION,
	[OBJECT_CONVERSION] = SL_SQL_OBJECT_CONVERSION,
	[OBJECT_DATABASE] = SL_SQL_OBJECT_DATABASE,
	[OBJECT_DEFAULT] = SL_SQL_OBJECT_COLUMN,
	[OBJECT_DEFACL] = SL_SQL_OBJECT_DEFAULT_PRIVILEGES,
	[OBJECT_DOMAIN] = SL_SQL_OBJECT_DOMAIN,
	[OBJECT_DOMCONSTRAINT] = SL_SQL_OBJECT_CONSTRAINT,
	[OBJECT_EVENT_TRIGGER] = SL_SQL_OBJECT_EVENT_TRIGGER,
	[OBJECT_EXTENSION] = SL_SQL_OBJECT_EXTENSION,
	[OBJECT_FDW] = SL_SQL_OBJECT_FOREIGN_WRAPPER,
	[OBJECT_FOREIGN_SERVER] = SL_SQL_OBJECT_FOREIGN_SERVER,
	[OBJECT_FOREIGN_TABLE] = SL_SQL_OBJECT_FOREIGN_TABLE,
	[OBJECT_FUNCTION] = SL_SQL_OBJECT_FUNCTION,
	[OBJECT_INDEX] = SL_SQL_OBJECT_INDEX,
	[OBJECT_LANGUAGE] = SL_SQL_OBJECT_LANGUAGE,
	[OBJECT_LARGEOBJECT] = SL_SQL_OBJECT_LARGE_OBJECT,
	[OBJECT_MATVIEW] = SL_SQL_OBJECT_MATVIEW,
	[OBJECT_OPCLASS] = SL_SQL_OBJECT_OPERATOR_CLASS,
	[OBJECT_OPERATOR] = SL_SQL_OBJECT_OPERATOR,
	[OBJECT_OPFAMILY] = SL_SQL_OBJECT_OPERATOR_FAMILY,
	[OBJECT_PARAMETER_ACL] = SL_SQL_OBJECT_SETTING,
	[OBJECT_POLICY] = SL_SQL_OBJECT_POLICY,
	[OBJECT_PROCEDURE] = SL_SQL_OBJECT_PROCEDURE,
	[OBJECT_PUBLICATION] = SL_SQL_OBJECT_PUBLICATION,
	[OBJECT_PUBLICATION_NAMESPACE] = SL_SQL_OBJECT_PUBLICATION,
	[OBJECT_PUBLICATION_REL] = SL_SQL_OBJECT_PUBLICATION,
	[OBJECT_ROLE] = SL_SQL_OBJECT_ROLE,
	[OBJECT_ROUTINE] = SL_SQL_OBJECT_ROUTINE,
	[OBJECT_RULE] = SL_SQL_OBJECT_RULE,
	[OBJECT_SCHEMA] = SL_SQL_OBJECT_SCHEMA,
	[OBJECT_SEQUENCE] = SL_SQL_OBJECT_SEQUENCE,
	[OBJECT_SUBSCRIPTION] = SL_SQL_OBJECT_SUBSCRIPTION,
	[OBJECT_STATISTIC_EXT] = SL_SQL_OBJECT_STATISTICS,
	[OBJECT_TABCONSTRAINT] = SL_SQL_OBJECT_CONSTRAINT,
	[OBJECT_TABLE] = SL_SQL_OBJECT_TABLE,
	[OBJECT_TABLESPACE] = SL_SQL_OBJECT_TABLESPACE,
	[OBJECT_TRANSFORM] = SL_SQL_OBJECT_TRANSFORM,
	[OBJECT_TRIGGER] = SL_SQL_OBJECT_TRIGGER,
	[OBJECT_TSCONFIGURATION] = SL_SQL_OBJECT_TEXT_SEARCH,
	[OBJECT_TSDICTIONARY] = SL_SQL_OBJECT_TEXT_SEARCH,
	[OBJECT_TSPARSER] = SL_SQL_OBJECT_TEXT_SEARCH,
	[OBJECT_TSTEMPLATE] = SL_SQL_OBJECT_TEXT_SEARCH,
	[OBJECT_TYPE] = SL_SQL_OBJECT_TYPE,
	[OBJECT_USER_MAPPING] = SL_SQL_OBJECT_USER_MAPPING,
	[OBJECT_VIEW] = SL_SQL_OBJECT_VIEW,
};

enum sl_sql_object pg_object_kind(ObjectType type)
{
	return (size_t)type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[type] : SL_SQL_OBJECT_NONE;
}

/* table.name: a column, constraint, trigger, rule or policy and what it belongs to. */
static void part_of_table(struct pg_reader *reader, struct sl_fact_object *object, const List *list)
{
	int n = pg_len(list);
	const void *first = n > 0 ? pg_nth(list, 0) : NULL;

	object->schema = "";
	object->name = n > 0 ? pg_copy(reader, pg_string(pg_nth(list, n - 1))) : "";
	if (pg_tag(first) == T_TypeName) {
		object->of_table = pg_qualified(reader, PG(TypeName, first)->names,
			&object->of_schema);
		return;
	}
	object->of_table = n > 1 ? pg_copy(reader, pg_string(pg_nth(list, n - 2))) : "";
	object->of_schema = n > 2 ? pg_copy(reader, pg_string(pg_nth(list, n - 3))) : "";
}

static bool is_part_of_table(ObjectType type)
{
	return type == OBJECT_COLUMN || type == OBJECT_TABCONSTRAINT ||
		type == OBJECT_DOMCONSTRAINT || type == OBJECT_TRIGGER || type == OBJECT_RULE ||
		type == OBJECT_POLICY || type == OBJECT_ATTRIBUTE;
}

static void routine(struct pg_reader *reader, struct sl_fact_object *object,
	const ObjectWithArgs *with)
{
	sl_auto_buf struct sl_buf args = SL_BUF_INIT(65536);
	int n = pg_len(with->objargs);

	object->name = pg_qualified(reader, with->objname, &object->schema);
	for (int i = 0; i < n; i++) {
		const void *type = pg_nth(with->objargs, i);

		sl_buf_adds(&args, i > 0 ? ", " : "");
		sl_buf_adds(&args, type ? pg_type_text(reader, PG(TypeName, type)) : "none");
	}
	object->args = with->args_unspecified ? "*" : pg_copy(reader, sl_buf_str(&args));
}

static void named_by_list(struct pg_reader *reader, struct sl_fact_object *object, ObjectType type,
	const List *list)
{
	const void *first = pg_len(list) > 0 ? pg_nth(list, 0) : NULL;

	if (is_part_of_table(type)) {
		part_of_table(reader, object, list);
	} else if (type == OBJECT_CAST && pg_len(list) == 2) {
		object->name = sl_arena_printf(reader->arena, "%s as %s",
			pg_type_text(reader, PG(TypeName, first)),
			pg_type_text(reader, PG(TypeName, pg_nth(list, 1))));
	} else if (pg_tag(first) == T_TypeName) {
		object->name = pg_type_text(reader, PG(TypeName, first));
	} else {
		object->name = pg_qualified(reader, list, &object->schema);
		if (type == OBJECT_OPCLASS || type == OBJECT_OPFAMILY)
			object->schema = pg_len(list) > 2 ? object->schema : "";
	}
}

struct sl_fact_object *pg_add_any(struct pg_reader *reader, enum sl_sql_role role, ObjectType type,
	const void *node)
{
	enum sl_sql_object kind = pg_object_kind(type);
	struct sl_fact_object *object;

	if (pg_tag(node) == T_RangeVar)
		return pg_add_relation(reader, role, kind, PG(RangeVar, node));
	object = pg_add_object(reader, role, kind);
	switch (pg_tag(node)) {
	case T_String:
		object->name = pg_copy(reader, pg_string(node));
		break;
	case T_List:
		named_by_list(reader, object, type, PG(List, node));
		break;
	case T_TypeName:
		object->name = pg_qualified(reader, PG(TypeName, node)->names, &object->schema);
		break;
	case T_ObjectWithArgs:
		routine(reader, object, PG(ObjectWithArgs, node));
		break;
	case T_RoleSpec:
		object->name = pg_role_name(reader, PG(RoleSpec, node));
		break;
	default:
		return object;
	}
	pg_find_object(reader, object);
	return object;
}

const char *pg_role_name(struct pg_reader *reader, const RoleSpec *role)
{
	if (!role)
		return "";
	switch (role->roletype) {
	case ROLESPEC_CSTRING:
		return pg_copy(reader, role->rolename);
	case ROLESPEC_PUBLIC:
		return "public";
	case ROLESPEC_SESSION_USER:
		return "session_user";
	default:
		return "current_user";
	}
}

struct sl_names pg_role_names(struct pg_reader *reader, const List *roles)
{
	int n = pg_len(roles);
	const char **at = n > 0 ? sl_arena_calloc(reader->arena, (size_t)n, sizeof(*at)) : NULL;

	for (int i = 0; i < n; i++) {
		const void *role = pg_nth(roles, i);

		if (pg_tag(role) == T_AccessPriv)
			at[i] = pg_copy(reader, PG(AccessPriv, role)->priv_name);
		else
			at[i] = pg_role_name(reader, PG(RoleSpec, role));
	}
	return (struct sl_names){ .at = at, .len = (size_t)n };
}

const DefElem *pg_option(const List *options, const char *name)
{
	for (int i = 0; i < pg_len(options); i++) {
		const DefElem *option = PG(DefElem, pg_nth(options, i));

		if (strcmp(option->defname, name) == 0)
			return option;
	}
	return NULL;
}

const char *pg_option_text(struct pg_reader *reader, const DefElem *option)
{
	const void *arg = option ? option->arg : NULL;
	const char *schema, *name;

	switch (pg_tag(arg)) {
	case T_String:
		return pg_copy(reader, pg_string(arg));
	case T_Integer:
		return sl_arena_printf(reader->arena, "%d", PG(Integer, arg)->ival);
	case T_Float:
		return pg_copy(reader, PG(Float, arg)->fval);
	case T_Boolean:
		return PG(Boolean, arg)->boolval ? "true" : "false";
	case T_TypeName:
		return pg_type_text(reader, PG(TypeName, arg));
	case T_List:
		name = pg_qualified(reader, PG(List, arg), &schema);
		return pg_dotted(reader, schema, name);
	case T_RoleSpec:
		return pg_role_name(reader, PG(RoleSpec, arg));
	default:
		return "";
	}
}

bool pg_option_flag(struct pg_reader *reader, const List *options, const char *name)
{
	const DefElem *option = pg_option(options, name);
	const char *value;

	if (!option)
		return false;
	value = pg_option_text(reader, option);
	return strcmp(value, "false") != 0 && strcmp(value, "off") != 0 && strcmp(value, "0") != 0;
}
