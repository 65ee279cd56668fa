/*
 * MySQL and MariaDB: which statements stand alone, and which objects tell what became of one.
 *
 * Nearly every DDL statement commits by itself and is atomic by itself, so its effect is proved by
 * the text of what it names (SHOW CREATE ..) before and after.  Measured on MariaDB 10.11:
 * TRUNCATE, EXCHANGE PARTITION and a swap by RENAME leave that text as it was; there InnoDB's own
 * ids decide.
 */
#include "plan_mysql.h"

#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/sql/statement.h"
#include "sluice/sql/token.h"

/* Names of one DROP or RENAME, at most. */
#define OBJECTS_MAX 64

struct objects {
	SL_VEC(struct probe_object);
};

struct reader {
	const struct mysql_plan *plan;
	const struct sl_statement_text *text;
	struct sl_lexer lexer;
	struct sl_token token;
	bool more;
};

static bool next(struct reader *r)
{
	r->more = sl_lexer_next_code(&r->lexer, &r->token);
	return r->more;
}

static bool is(const struct reader *r, const char *word)
{
	return r->more && sl_token_is(&r->token, r->text->text, word);
}

static bool is_char(const struct reader *r, char c)
{
	return r->more && sl_token_is_char(&r->token, r->text->text, c);
}

static void begin(struct reader *r, const struct mysql_plan *plan,
	const struct sl_statement_text *text)
{
	*r = (struct reader){ .plan = plan, .text = text };
	sl_lexer_init(&r->lexer, plan->dialect, text->text, text->len);
	(void)next(r);
}

static bool has_word(const struct mysql_plan *plan, const struct sl_statement_text *text,
	const char *word)
{
	struct reader r;

	for (begin(&r, plan, text); r.more; (void)next(&r))
		if (is(&r, word))
			return true;
	return false;
}

static const char *name_at(const struct reader *r)
{
	return sl_arena_strdup(r->plan->arena,
		sl_token_name(r->plan->arena, r->plan->dialect, &r->token, r->text->text));
}

/* a or s.a at the token; what follows is the next token. */
static bool read_name(struct reader *r, struct objects *objects, enum sl_sql_object kind)
{
	struct probe_object *object;

	if (!r->more || (r->token.kind != SL_TOKEN_WORD && r->token.kind != SL_TOKEN_NAME) ||
		objects->len == OBJECTS_MAX)
		return false;
	object = sl_vec_add_in(r->plan->arena, objects);
	*object = (struct probe_object){ kind, r->plan->use, name_at(r) };
	if (!next(r) || !is_char(r, '.') || !next(r))
		return true;
	object->schema = object->name;
	object->name = name_at(r);
	(void)next(r);
	return true;
}

/* DROP TABLE [IF EXISTS] a, s.b; RENAME TABLE a TO b, c TO d. */
static bool read_list(struct reader *r, struct objects *objects, enum sl_sql_object kind)
{
	while (r->more && !is(r, "table") && !is(r, "tables") && !is(r, "view"))
		(void)next(r);
	(void)next(r);
	while (is(r, "if") || is(r, "exists"))
		(void)next(r);
	do {
		if (!read_name(r, objects, kind))
			return false;
		if (is(r, "to")) {
			(void)next(r);
			if (!read_name(r, objects, kind))
				return false;
		}
	} while (is_char(r, ',') && next(r));
	return objects->len > 0;
}

/* CREATE INDEX i ON t, DROP INDEX i ON t: the table's text shows it. */
static bool read_index_table(struct reader *r, struct objects *objects)
{
	while (r->more && !is(r, "on"))
		(void)next(r);
	(void)next(r);
	return read_name(r, objects, SL_SQL_OBJECT_TABLE);
}

static bool read_one(const struct mysql_plan *plan, struct objects *objects,
	const struct sl_facts *facts, enum sl_sql_object kind)
{
	const struct sl_fact_object *fact = facts->object.len > 0 ? &facts->object.at[0] : NULL;

	if (!fact || fact->name[0] == '\0')
		return false;
	*sl_vec_add_in(plan->arena, objects) = (struct probe_object){ kind,
		fact->schema[0] != '\0' ? sl_arena_strdup(plan->arena, fact->schema) : plan->use,
		sl_arena_strdup(plan->arena, fact->name) };
	return true;
}

static bool named_twice(const struct objects *objects)
{
	for (size_t i = 0; i < objects->len; i++)
		for (size_t k = i + 1; k < objects->len; k++)
			if (sl_str_eq(objects->at[i].name, objects->at[k].name) &&
				sl_str_eq(objects->at[i].schema, objects->at[k].schema))
				return true;
	return false;
}

/* Whether the statement may change its objects and leave their text. */
static bool keeps_text(const struct mysql_plan *plan, const struct sl_statement_text *text,
	const struct sl_fact_statement *fact, const struct objects *objects)
{
	static const char *const words[] = { "exchange", "truncate", "discard", "import" };

	if (fact->verb == SL_SQL_VERB_TRUNCATE ||
		(fact->verb == SL_SQL_VERB_RENAME && named_twice(objects)))
		return true;
	if (fact->object != SL_SQL_OBJECT_TABLE)
		return false;
	for (size_t i = 0; fact->verb == SL_SQL_VERB_ALTER && i < sizeof(words) / sizeof(words[0]);
		i++)
		if (has_word(plan, text, words[i]))
			return true;
	return fact->verb == SL_SQL_VERB_CREATE && fact->or_replace;
}

static bool has_text(const struct sl_fact_statement *fact)
{
	switch (fact->object) {
	case SL_SQL_OBJECT_TABLE:
	case SL_SQL_OBJECT_VIEW:
	case SL_SQL_OBJECT_INDEX:
	case SL_SQL_OBJECT_TRIGGER:
	case SL_SQL_OBJECT_FUNCTION:
	case SL_SQL_OBJECT_PROCEDURE:
	case SL_SQL_OBJECT_EVENT:
		return true;
	case SL_SQL_OBJECT_SEQUENCE: /* its text does not show where it stands */
		return fact->verb != SL_SQL_VERB_ALTER;
	default:
		return false;
	}
}

static void probe_objects(struct step *step, const struct mysql_plan *plan,
	const struct sl_statement_text *text, const struct sl_facts *facts)
{
	const struct sl_fact_statement *fact = sl_facts_statement(facts);
	struct objects objects = { 0 };
	struct reader r;
	bool known;

	begin(&r, plan, text);
	if (fact->object == SL_SQL_OBJECT_INDEX)
		known = read_index_table(&r, &objects);
	else if (fact->verb == SL_SQL_VERB_RENAME ||
		(fact->verb == SL_SQL_VERB_DROP &&
			(fact->object == SL_SQL_OBJECT_TABLE ||
				fact->object == SL_SQL_OBJECT_VIEW)))
		known = read_list(&r, &objects, fact->object);
	else
		known = read_one(plan, &objects, facts, fact->object);
	if (!known)
		return;
	step->probe = PROBE_OBJECTS;
	step->objects = objects.at;
	step->objects_len = (unsigned)objects.len;
	step->same_text = keeps_text(plan, text, fact, &objects);
	step->makes = fact->verb == SL_SQL_VERB_CREATE && fact->object != SL_SQL_OBJECT_INDEX;
	step->drops = fact->verb == SL_SQL_VERB_DROP && fact->object != SL_SQL_OBJECT_INDEX;
	step->if_exists = fact->if_exists;
}

static void probe_database(struct step *step, const struct mysql_plan *plan,
	const struct sl_facts *facts)
{
	const struct sl_fact_statement *fact = sl_facts_statement(facts);
	struct objects objects = { 0 };

	if (fact->verb == SL_SQL_VERB_ALTER) {
		step->probe = PROBE_REPEAT;
	} else if (read_one(plan, &objects, facts, SL_SQL_OBJECT_DATABASE)) {
		step->probe = fact->verb == SL_SQL_VERB_CREATE ? PROBE_DATABASE_MADE :
								 PROBE_DATABASE_DROPPED;
		step->object = objects.at[0].name;
	}
}

/* Accounts are told only by whether they must be there. */
static void probe_account(struct step *step, const struct sl_fact_statement *fact)
{
	if (fact->if_exists || fact->if_not_exists || fact->or_replace)
		step->probe = PROBE_REPEAT;
}

/* What the server does once more without another effect: caches, replication, old logs. */
static void probe_server(struct step *step, const struct reader *first)
{
	static const char *const words[] = { "cache", "load", "start", "stop", "change", "purge" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is(first, words[i]))
			step->probe = PROBE_REPEAT;
}

void apply_plan_mysql_probe(struct step *step, const struct mysql_plan *plan,
	const struct sl_statement_text *text, const struct sl_facts *facts)
{
	const struct sl_fact_statement *fact = sl_facts_statement(facts);
	struct reader first;

	begin(&first, plan, text);
	if (is(&first, "set")) /* SET STATEMENT .. FOR: its own words do not tell what it names */
		return;
	switch (fact->verb) {
	case SL_SQL_VERB_CREATE:
	case SL_SQL_VERB_ALTER:
	case SL_SQL_VERB_DROP:
	case SL_SQL_VERB_RENAME:
	case SL_SQL_VERB_TRUNCATE:
		if (has_text(fact))
			probe_objects(step, plan, text, facts);
		else if (fact->object == SL_SQL_OBJECT_DATABASE)
			probe_database(step, plan, facts);
		else if (fact->object == SL_SQL_OBJECT_ROLE)
			probe_account(step, fact);
		break;
	case SL_SQL_VERB_GRANT:
	case SL_SQL_VERB_ANALYZE:
	case SL_SQL_VERB_OPTIMIZE:
	case SL_SQL_VERB_CHECK:
	case SL_SQL_VERB_REPAIR:
	case SL_SQL_VERB_FLUSH:
		step->probe = PROBE_REPEAT;
		break;
	case SL_SQL_VERB_OTHER:
		probe_server(step, &first);
		break;
	default:
		break;
	}
}

enum step_class apply_plan_mysql_class(const struct sl_fact_statement *fact)
{
	if (fact->tx == SL_SQL_TX_IMPLICIT_COMMIT || fact->tx == SL_SQL_TX_DEPENDS)
		return STEP_ALONE;
	if (fact->kind == SL_SQL_KIND_SESSION)
		return STEP_SESSION;
	return STEP_IN;
}

const char *apply_plan_mysql_use(const struct mysql_plan *plan,
	const struct sl_statement_text *text)
{
	struct reader r;

	begin(&r, plan, text);
	return next(&r) && (r.token.kind == SL_TOKEN_WORD || r.token.kind == SL_TOKEN_NAME) ?
		name_at(&r) :
		plan->use;
}

const char *apply_plan_mysql_refused(const struct mysql_plan *plan,
	const struct sl_statement_text *text, const struct sl_fact_statement *fact)
{
	static const char *const locks = "the statement would lock the ledger out";
	struct reader r;

	if (fact->verb == SL_SQL_VERB_FLUSH)
		return has_word(plan, text, "lock") || has_word(plan, text, "export") ? locks :
											NULL;
	if (fact->kind != SL_SQL_KIND_UTILITY)
		return NULL;
	begin(&r, plan, text);
	if (is(&r, "backup"))
		return locks;
	if (is(&r, "shutdown") || is(&r, "restart"))
		return "the statement would stop the server that the ledger is on";
	if (is(&r, "clone") && has_word(plan, text, "instance"))
		return "the statement would replace the server that the ledger is on";
	return NULL;
}

void apply_plan_mysql_written(struct step *step, const struct mysql_plan *plan,
	const struct sl_facts *facts)
{
	struct objects objects = { 0 };

	if (read_one(plan, &objects, facts, SL_SQL_OBJECT_TABLE)) {
		step->objects = objects.at;
		step->objects_len = 1;
	}
}
