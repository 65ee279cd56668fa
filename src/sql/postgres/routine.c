#include "reader.h"

#include <string.h>

/* Types of the arguments that callers give. */
static const char *input_types(struct pg_reader *reader, const List *parameters)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(65536);

	for (int i = 0; i < pg_len(parameters); i++) {
		const FunctionParameter *parameter = PG(FunctionParameter, pg_nth(parameters, i));

		if (parameter->mode == FUNC_PARAM_OUT || parameter->mode == FUNC_PARAM_TABLE)
			continue;
		sl_buf_adds(&out, out.len > 0 ? ", " : "");
		sl_buf_adds(&out, pg_type_text(reader, parameter->argType));
	}
	return pg_copy(reader, sl_buf_str(&out));
}

/* RETURNS up to the first option or body. */
static const char *returns_text(struct pg_reader *reader, size_t behind_args)
{
	static const char *const ends[] = { "as", "language", "immutable", "stable", "volatile",
		"strict", "called", "security", "external", "leakproof", "not", "window", "cost",
		"rows", "support", "parallel", "set", "transform", "return", "begin" };
	size_t n = pg_tokens(reader), word = behind_args, end = n;

	if (!pg_is(reader, word, "returns"))
		return "";
	if (pg_is(reader, word + 1, "null"))
		return "";
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t at = pg_find(reader, word + 1, end, ends[i]);

		if (at != PG_NO_TOKEN)
			end = at;
	}
	/* RETURNS int RETURNS NULL ON NULL INPUT */
	for (size_t at = word + 2; at < end; at++) {
		if (pg_is(reader, at, "returns"))
			end = at;
	}
	return pg_text(reader, word + 1, end);
}

static void read_sql_body(struct pg_reader *reader, struct sl_fact_routine_def *routine,
	size_t behind_args)
{
	size_t n = pg_tokens(reader), at = pg_find(reader, behind_args, n, "begin");

	if (at == PG_NO_TOKEN)
		at = pg_find(reader, behind_args, n, "return");
	routine->sql_body = true;
	if (routine->language == NULL)
		routine->language = "sql";
	if (at == PG_NO_TOKEN)
		return;
	routine->body = pg_text(reader, at, n);
	routine->body_at = (int64_t)pg_begin(reader, at);
}

/* The text's place: the string behind AS, where its quotes end. */
static int64_t body_place(struct pg_reader *reader, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct sl_token *token = pg_token(reader, i);
		const char *text = reader->text + token->at, *end;

		if (token->kind != SL_TOKEN_STRING)
			continue;
		if (text[0] == '$') {
			end = memchr(text + 1, '$', token->len - 1);
			return (int64_t)token->at + (end ? end - text + 1 : 1);
		}
		return (int64_t)token->at + (text[0] == '\'' ? 1 : 2);
	}
	return 0;
}

static void read_body(struct pg_reader *reader, struct sl_fact_routine_def *routine,
	const DefElem *as)
{
	const void *body = as->arg;
	size_t word = pg_token_at(reader, as->location);

	if (pg_tag(body) == T_List)
		body = pg_len(PG(List, body)) > 0 ? pg_nth(PG(List, body), 0) : NULL;
	routine->body = pg_copy(reader, pg_string(body));
	routine->body_at = body_place(reader, word, pg_tokens(reader));
}

static const char *lower_text(struct pg_reader *reader, const DefElem *option)
{
	char *out = sl_arena_strdup(reader->arena, pg_option_text(reader, option));

	for (char *p = out; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	return out;
}

static void read_options(struct pg_reader *reader, struct sl_fact_routine_def *routine,
	const List *options)
{
	for (int i = 0; i < pg_len(options); i++) {
		const DefElem *option = PG(DefElem, pg_nth(options, i));

		if (strcmp(option->defname, "language") == 0)
			routine->language = lower_text(reader, option);
		else if (strcmp(option->defname, "volatility") == 0)
			routine->volatility = pg_option_text(reader, option);
		else if (strcmp(option->defname, "security") == 0)
			routine->security_definer = pg_option_flag(reader, options, "security");
		else if (strcmp(option->defname, "strict") == 0)
			routine->strict = pg_option_flag(reader, options, "strict");
		else if (strcmp(option->defname, "as") == 0)
			read_body(reader, routine, option);
		else if (strcmp(option->defname, "set") == 0 &&
			pg_tag(option->arg) == T_VariableSetStmt &&
			PG(VariableSetStmt, option->arg)->name &&
			strcmp(PG(VariableSetStmt, option->arg)->name, "search_path") == 0)
			routine->set_search_path = "yes";
	}
}

/* SET search_path = a, b up to the next option. */
static const char *search_path_text(struct pg_reader *reader)
{
	size_t n = pg_tokens(reader), at = pg_find(reader, 0, n, "search_path"), to;

	if (at == PG_NO_TOKEN)
		return "";
	to = at + 3;
	while (pg_is_char(reader, to, ','))
		to += 2;
	return pg_text(reader, at + 2, to);
}

static size_t argument_list(struct pg_reader *reader)
{
	return pg_find_char(reader, 0, pg_tokens(reader), '(');
}

/* A body in SQL-standard form is parsed with its statement. */
static void walk_sql_body(struct pg_reader *reader, const void *node)
{
	int level = reader->level;
	struct sl_fact_statement saved = *reader->statement;

	reader->level = 2;
	if (pg_tag(node) == T_List) {
		for (int i = 0; i < pg_len(PG(List, node)); i++)
			walk_sql_body(reader, pg_nth(PG(List, node), i));
	} else if (pg_tag(node) == T_ReturnStmt) {
		pg_walk(reader, PG(ReturnStmt, node)->returnval, SL_SQL_CLAUSE_QUERY);
	} else {
		pg_read_dml(reader, node, pg_tokens(reader), pg_tokens(reader));
	}
	reader->level = level;
	*reader->statement = saved;
}

void pg_read_function(struct pg_reader *reader, const void *node)
{
	const CreateFunctionStmt *create = PG(CreateFunctionStmt, node);
	struct sl_fact_object *object = pg_add_named(reader, SL_SQL_ROLE_CREATED,
		create->is_procedure ? SL_SQL_OBJECT_PROCEDURE : SL_SQL_OBJECT_FUNCTION,
		create->funcname);
	struct sl_fact_routine_def *routine = sl_fact_add(reader->arena, reader->facts,
		routine_def);
	size_t open = argument_list(reader);

	object->or_replace = create->replace;
	object->args = input_types(reader, create->parameters);
	reader->statement->object = object->kind;
	reader->statement->or_replace = create->replace;
	routine->schema = object->schema;
	routine->name = object->name;
	routine->kind = create->is_procedure ? "procedure" : "function";
	routine->args = object->args;
	routine->args_text = pg_inside(reader, open);
	routine->returns = returns_text(reader, pg_behind(reader, open));
	routine->or_replace = create->replace;
	routine->len = reader->len;
	read_options(reader, routine, create->options);
	if (routine->set_search_path)
		routine->set_search_path = search_path_text(reader);
	if (create->sql_body) {
		read_sql_body(reader, routine, pg_behind(reader, open));
		walk_sql_body(reader, create->sql_body);
	}
}

void pg_read_alter_function(struct pg_reader *reader, const void *node)
{
	const AlterFunctionStmt *alter = PG(AlterFunctionStmt, node);
	struct sl_fact_action *action;
	size_t open = argument_list(reader);

	(void)pg_add_any(reader, SL_SQL_ROLE_ALTERED, alter->objtype, alter->func);
	reader->statement->object = pg_object_kind(alter->objtype);
	action = pg_add_action(reader, SL_SQL_ACTION_OTHER);
	action->text = open == PG_NO_TOKEN ?
		"" :
		pg_text(reader, pg_behind(reader, open), pg_tokens(reader));
}

/* Code that ends transactions cannot run in one. */
static bool ends_transactions(struct pg_reader *reader, const char *body)
{
	struct sl_lexer lexer;
	struct sl_token token;

	(void)reader;
	sl_lexer_init(&lexer, SL_DIALECT_POSTGRES, body, strlen(body));
	while (sl_lexer_next_code(&lexer, &token)) {
		if (sl_token_is(&token, body, "commit") || sl_token_is(&token, body, "rollback"))
			return true;
	}
	return false;
}

void pg_read_do(struct pg_reader *reader, const void *node)
{
	const DoStmt *stmt = PG(DoStmt, node);
	struct sl_fact_routine_def *routine = sl_fact_add(reader->arena, reader->facts,
		routine_def);

	routine->kind = "do";
	routine->language = "plpgsql";
	routine->len = reader->len;
	read_options(reader, routine, stmt->args);
	reader->statement->calls = true;
	reader->statement->writes = true;
	if (routine->body && ends_transactions(reader, routine->body)) {
		reader->statement->tx = SL_SQL_TX_DEPENDS;
		reader->statement->tx_text = "a DO block that commits";
	}
}

void pg_read_call(struct pg_reader *reader, const void *node)
{
	const CallStmt *stmt = PG(CallStmt, node);
	const char *schema, *name = pg_qualified(reader, stmt->funccall->funcname, &schema);
	struct sl_fact_object *object = pg_add_plain(reader, SL_SQL_ROLE_READ,
		SL_SQL_OBJECT_PROCEDURE, name);

	object->schema = schema;
	reader->statement->calls = true;
	reader->statement->writes = true;
	reader->statement->tx = SL_SQL_TX_DEPENDS;
	reader->statement->tx_text = "a procedure may commit";
	pg_walk(reader, stmt->funccall, SL_SQL_CLAUSE_QUERY);
}

/* ---- triggers, policies, rules: what belongs to a table ---- */

static struct sl_fact_object *add_of_table(struct pg_reader *reader, enum sl_sql_role role,
	enum sl_sql_object kind, const char *name, const RangeVar *relation)
{
	struct sl_fact_object *object = pg_add_plain(reader, role, kind, name);

	if (relation) {
		object->of_schema = pg_copy(reader, relation->schemaname);
		object->of_table = pg_copy(reader, relation->relname);
		(void)pg_add_relation(reader, SL_SQL_ROLE_REFERENCED, SL_SQL_OBJECT_RELATION,
			relation);
	}
	return &reader->facts->object.at[reader->facts->object.len - (relation ? 2 : 1)];
}

static struct sl_names trigger_events(struct pg_reader *reader, int events)
{
	const char **at = sl_arena_calloc(reader->arena, 4, sizeof(*at));
	size_t n = 0;

	if (events & TRIGGER_TYPE_INSERT)
		at[n++] = "insert";
	if (events & TRIGGER_TYPE_UPDATE)
		at[n++] = "update";
	if (events & TRIGGER_TYPE_DELETE)
		at[n++] = "delete";
	if (events & TRIGGER_TYPE_TRUNCATE)
		at[n++] = "truncate";
	return (struct sl_names){ .at = at, .len = n };
}

static const char *trigger_timing(int timing)
{
	return timing & TRIGGER_TYPE_BEFORE   ? "before" :
		timing & TRIGGER_TYPE_INSTEAD ? "instead of" :
						"after";
}

static const char *inside_behind(struct pg_reader *reader, size_t from, const char *word)
{
	size_t at = pg_find(reader, from, pg_tokens(reader), word);

	return at == PG_NO_TOKEN ? "" : pg_inside(reader, at + 1);
}

void pg_read_trigger(struct pg_reader *reader, const void *node)
{
	const CreateTrigStmt *create = PG(CreateTrigStmt, node);
	struct sl_fact_object *object = add_of_table(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_TRIGGER, create->trigname, create->relation);
	struct sl_fact_trigger_def *trigger = sl_fact_add(reader->arena, reader->facts,
		trigger_def);
	const char *schema, *function = pg_qualified(reader, create->funcname, &schema);

	object->or_replace = create->replace;
	reader->statement->or_replace = create->replace;
	trigger->schema = object->of_schema;
	trigger->name = object->name;
	trigger->table_schema = object->of_schema;
	trigger->table_name = object->of_table;
	trigger->timing = trigger_timing(create->timing);
	trigger->events = trigger_events(reader, create->events);
	trigger->columns = pg_names(reader, create->columns);
	trigger->for_each_row = create->row;
	trigger->is_constraint = create->isconstraint;
	trigger->is_deferrable = create->deferrable;
	trigger->is_deferred = create->initdeferred;
	trigger->or_replace = create->replace;
	trigger->function = pg_dotted(reader, schema, function);
	trigger->len = reader->len;
	if (create->whenClause)
		trigger->when_text = inside_behind(reader,
			pg_token_at(reader, create->relation->location), "when");
	pg_walk(reader, create->whenClause, SL_SQL_CLAUSE_WHERE);
}

static void read_policy(struct pg_reader *reader, struct sl_fact_policy_def *policy,
	const RangeVar *table)
{
	size_t from = pg_token_at(reader, table->location);

	policy->schema = pg_copy(reader, table->schemaname);
	policy->table_name = pg_copy(reader, table->relname);
	policy->using_text = inside_behind(reader, from, "using");
	policy->check_text = inside_behind(reader, from, "check");
	policy->len = reader->len;
}

void pg_read_policy(struct pg_reader *reader, const void *node)
{
	const CreatePolicyStmt *create = PG(CreatePolicyStmt, node);
	struct sl_fact_object *object = add_of_table(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_POLICY, create->policy_name, create->table);
	struct sl_fact_policy_def *policy = sl_fact_add(reader->arena, reader->facts, policy_def);

	policy->kind = "policy";
	policy->name = object->name;
	policy->command = pg_copy(reader, create->cmd_name);
	policy->restrictive = !create->permissive;
	policy->roles = pg_role_names(reader, create->roles);
	read_policy(reader, policy, create->table);
	pg_walk(reader, create->qual, SL_SQL_CLAUSE_WHERE);
	pg_walk(reader, create->with_check, SL_SQL_CLAUSE_CHECK);
}

void pg_read_alter_policy(struct pg_reader *reader, const void *node)
{
	const AlterPolicyStmt *alter = PG(AlterPolicyStmt, node);
	struct sl_fact_object *object = add_of_table(reader, SL_SQL_ROLE_ALTERED,
		SL_SQL_OBJECT_POLICY, alter->policy_name, alter->table);
	struct sl_fact_policy_def *policy = sl_fact_add(reader->arena, reader->facts, policy_def);

	policy->kind = "policy";
	policy->name = object->name;
	policy->roles = pg_role_names(reader, alter->roles);
	read_policy(reader, policy, alter->table);
	pg_walk(reader, alter->qual, SL_SQL_CLAUSE_WHERE);
	pg_walk(reader, alter->with_check, SL_SQL_CLAUSE_CHECK);
}

static const char *event_name(CmdType event)
{
	switch (event) {
	case CMD_SELECT:
		return "select";
	case CMD_INSERT:
		return "insert";
	case CMD_UPDATE:
		return "update";
	case CMD_DELETE:
		return "delete";
	default:
		return "";
	}
}

void pg_read_rule(struct pg_reader *reader, const void *node)
{
	const RuleStmt *create = PG(RuleStmt, node);
	struct sl_fact_object *object = add_of_table(reader, SL_SQL_ROLE_CREATED,
		SL_SQL_OBJECT_RULE, create->rulename, create->relation);
	struct sl_fact_policy_def *rule = sl_fact_add(reader->arena, reader->facts, policy_def);
	size_t from = pg_token_at(reader, create->relation->location), n = pg_tokens(reader);
	size_t where = pg_find(reader, from, n, "where"), act = pg_find(reader, from, n, "do");

	object->or_replace = create->replace;
	reader->statement->or_replace = create->replace;
	rule->kind = "rule";
	rule->name = object->name;
	rule->schema = object->of_schema;
	rule->table_name = object->of_table;
	rule->command = event_name(create->event);
	rule->instead = create->instead;
	rule->or_replace = create->replace;
	rule->len = reader->len;
	if (create->whereClause && where < act)
		rule->using_text = pg_text(reader, where + 1, act);
	pg_walk(reader, create->whereClause, SL_SQL_CLAUSE_WHERE);
	for (int i = 0; i < pg_len(create->actions); i++)
		walk_sql_body(reader, pg_nth(create->actions, i));
}
