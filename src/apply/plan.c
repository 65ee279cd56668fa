#include "apply_int.h"
#include "plan_mysql.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/core/utf8.h"
#include "sluice/core/vec.h"
#include "sluice/sql/statement.h"
#include "sluice/sql/token.h"

#include <stdio.h>
#include <string.h>

struct steps {
	SL_VEC(struct step);
};

/* What is being planned, for the functions below. */
struct planning {
	struct sl_arena *arena;
	struct sl_arena *scratch; /* cleared after each statement */
	const struct sl_migration *migration;
	enum sl_dialect dialect;
	int version;
	const char *use; /* MySQL: the database that the last USE led to */
	struct sl_place *where;
	struct sl_error *err;
};

static bool is_mysql(const struct planning *p)
{
	return p->dialect == SL_DIALECT_MYSQL || p->dialect == SL_DIALECT_MARIADB;
}

static struct mysql_plan mysql_of(const struct planning *p)
{
	return (struct mysql_plan){ p->arena, p->dialect, p->use };
}

static enum sl_code refuse(struct planning *p, struct sl_place at, const char *why,
	const char *remedy)
{
	*p->where = at;
	return sl_error_set(p->err, SL_EINVAL, "%s:%u: %s%s%s", p->migration->path, at.line, why,
		remedy[0] != '\0' ? "; " : "", remedy);
}

static enum sl_code refuse_session(struct planning *p, const struct sl_fact_statement *fact,
	struct sl_place at)
{
	switch (fact->session) {
	case SL_SQL_SESSION_IDENTITY:
		return refuse(p, at, "SET SESSION AUTHORIZATION would write the ledger as another",
			"use SET ROLE, or a target that logs in as that role");
	case SL_SQL_SESSION_READ_ONLY:
		return refuse(p, at,
			"the statement changes the transaction's characteristics, in which the "
			"ledger is written too",
			"take it out");
	case SL_SQL_SESSION_AUTOCOMMIT:
		return refuse(p, at, "autocommit belongs to Sluice", "take the statement out");
	case SL_SQL_SESSION_LOCK:
		return refuse(p, at, "LOCK TABLES would lock the ledger out",
			"take it out (mysqldump --skip-add-locks writes none)");
	case SL_SQL_SESSION_RESET:
		if (fact->verb == SL_SQL_VERB_DISCARD)
			return refuse(p, at, "DISCARD ALL gives the ledger's lock away",
				"use RESET ALL");
		return SL_OK;
	case SL_SQL_SESSION_NONE:
	case SL_SQL_SESSION_LOCAL:
	case SL_SQL_SESSION_CONSTANT:
	case SL_SQL_SESSION_STATE:
	case SL_SQL_SESSION_ROLE:
	case SL_SQL_SESSION_COUNT:
		break;
	}
	return SL_OK;
}

/* Flyway would write a value there; sent as it stands it could be taken for one. */
static enum sl_code refuse_placeholder(struct planning *p, const struct sl_statement_text *text)
{
	size_t at = p->migration->placeholders ?
		sl_sql_placeholder(p->dialect, text->text, text->len) :
		text->len;

	if (at == text->len)
		return SL_OK;
	return refuse(p, sl_statement_place(text, at),
		"${...} is a placeholder, which Flyway fills in and Sluice does not",
		"write the value, or say placeholderReplacement=false in a .conf beside the file "
		"where it is meant as it stands");
}

/* What no migration may hold. */
static enum sl_code refuse_statement(struct planning *p, const struct sl_statement_text *text,
	const struct sl_fact_statement *fact)
{
	char why[160];

	if (text->kind == SL_TEXT_COMMAND)
		return refuse(p, text->start, "a command of the client program, not SQL",
			"take the line out");
	if (text->unterminated) {
		(void)snprintf(why, sizeof(why), "%s without an end", text->unterminated);
		return refuse(p, text->unterminated_at, why, "");
	}
	if (refuse_placeholder(p, text) != SL_OK)
		return SL_EINVAL;
	if (fact->tx == SL_SQL_TX_CONTROL)
		return refuse(p, text->start,
			"transaction control inside a migration: Sluice begins and commits",
			"take the statement out");
	if (is_mysql(p)) {
		struct mysql_plan plan = mysql_of(p);
		const char *refused = apply_plan_mysql_refused(&plan, text, fact);

		if (refused)
			return refuse(p, text->start, refused, "take it out");
	}
	return refuse_session(p, fact, text->start);
}

static enum step_class class_of(const struct planning *p, const struct sl_fact_statement *fact)
{
	if (is_mysql(p))
		return apply_plan_mysql_class(fact);
	switch (fact->tx) {
	case SL_SQL_TX_POINT:
		return STEP_POINT;
	case SL_SQL_TX_NEVER:
		return STEP_ALONE;
	case SL_SQL_TX_DEPENDS:
		return p->migration->no_transaction ? STEP_ALONE : STEP_IN;
	case SL_SQL_TX_BEFORE:
		return STEP_SESSION;
	case SL_SQL_TX_IN:
	case SL_SQL_TX_IMPLICIT_COMMIT:
	case SL_SQL_TX_CONTROL:
	case SL_SQL_TX_COUNT:
		break;
	}
	return STEP_IN;
}

static const char *quoted_name(struct sl_arena *arena, const char *schema, const char *name)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(4096);

	if (schema[0] != '\0') {
		sl_escape_ident(&text, schema, '"');
		sl_buf_addc(&text, '.');
	}
	sl_escape_ident(&text, name, '"');
	return sl_arena_strdup(arena, sl_buf_str(&text));
}

static void probe_index(struct planning *p, struct step *step, const struct sl_facts *facts)
{
	const struct sl_fact_statement *fact = sl_facts_statement(facts);

	if (fact->verb == SL_SQL_VERB_CREATE && facts->index_def.len == 1) {
		const struct sl_fact_index_def *index = &facts->index_def.at[0];

		step->probe = PROBE_INDEX_MADE;
		step->object = sl_arena_strdup(p->arena, index->name);
		step->table = quoted_name(p->arena, index->table_schema, index->table_name);
	}
	if (fact->verb == SL_SQL_VERB_DROP) {
		const struct sl_fact_object *index = sl_facts_object(facts, SL_SQL_ROLE_DROPPED,
			SL_SQL_OBJECT_INDEX);

		if (!index)
			return;
		step->probe = PROBE_INDEX_DROPPED;
		step->object = quoted_name(p->arena, index->schema, index->name);
	}
}

static void probe_database(struct planning *p, struct step *step, const struct sl_facts *facts)
{
	const struct sl_fact_statement *fact = sl_facts_statement(facts);
	bool made = fact->verb == SL_SQL_VERB_CREATE;
	const struct sl_fact_object *database = sl_facts_object(facts,
		made ? SL_SQL_ROLE_CREATED : SL_SQL_ROLE_DROPPED, SL_SQL_OBJECT_DATABASE);

	if (!database || (!made && fact->verb != SL_SQL_VERB_DROP))
		return;
	step->probe = made ? PROBE_DATABASE_MADE : PROBE_DATABASE_DROPPED;
	step->object = sl_arena_strdup(p->arena, database->name);
}

static void set_probe(struct planning *p, struct step *step, const struct sl_statement_text *text,
	const struct sl_facts *facts)
{
	const struct sl_fact_statement *fact = sl_facts_statement(facts);

	if (is_mysql(p)) {
		struct mysql_plan plan = mysql_of(p);

		apply_plan_mysql_probe(step, &plan, text, facts);
		return;
	}
	switch (fact->verb) {
	case SL_SQL_VERB_VACUUM:
	case SL_SQL_VERB_ANALYZE:
	case SL_SQL_VERB_REINDEX:
	case SL_SQL_VERB_CLUSTER:
	case SL_SQL_VERB_CHECKPOINT:
	case SL_SQL_VERB_PRAGMA:
		step->probe = PROBE_REPEAT;
		return;
	default:
		break;
	}
	if (fact->object == SL_SQL_OBJECT_SYSTEM)
		step->probe = PROBE_REPEAT;
	if (fact->object == SL_SQL_OBJECT_INDEX)
		probe_index(p, step, facts);
	if (fact->object == SL_SQL_OBJECT_DATABASE)
		probe_database(p, step, facts);
}

static void hash_tokens(const struct planning *p, struct step *step)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(2 * step->exec.len + 64);
	struct sl_sha256 *sha sl_auto(sl_sha256_free_p) = sl_sha256_new();

	sl_sql_normalise(&text, p->dialect, step->exec.sql, step->exec.len);
	sl_sha256_add(sha, sl_buf_str(&text), text.len);
	sl_sha256_end(sha, step->hash);
}

/* What a PRAGMA foreign_keys sets; enforcement that is only asked about stays as it is. */
static enum keys keys_set(const struct sl_statement_text *text)
{
	static const char *const off[] = { "off", "false", "no" };
	struct sl_lexer lexer;
	struct sl_token token, last = { .kind = SL_TOKEN_END };
	bool named = false, valued = false;

	sl_lexer_init(&lexer, SL_DIALECT_SQLITE, text->text, text->len);
	while (sl_lexer_next_code(&lexer, &token)) {
		valued = valued || sl_token_is_char(&token, text->text, '=') ||
			sl_token_is_char(&token, text->text, '(');
		named = named || sl_token_is(&token, text->text, "foreign_keys");
		if (!sl_token_is_char(&token, text->text, ')'))
			last = token;
	}
	if (!named || !valued)
		return KEYS_AS_THEY_ARE;
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (sl_token_is(&last, text->text, off[i]))
			return KEYS_OFF;
	return last.len == 1 && text->text[last.at] == '0' ? KEYS_OFF : KEYS_ON;
}

/* What a session must still hold when a file goes on in another one. */
static void set_mysql(struct planning *p, struct step *step, const struct sl_statement_text *text,
	const struct sl_facts *facts)
{
	const struct sl_fact_statement *fact = sl_facts_statement(facts);
	struct mysql_plan plan = mysql_of(p);

	step->variables = fact->uses_session ||
		(fact->verb == SL_SQL_VERB_SET && fact->session == SL_SQL_SESSION_STATE);
	step->keeps_state = step->keeps_state && !step->variables;
	step->several = step->class == STEP_ALONE && fact->kind == SL_SQL_KIND_BLOCK &&
		(fact->verb == SL_SQL_VERB_CALL || fact->verb == SL_SQL_VERB_BEGIN);
	step->inserts = fact->verb == SL_SQL_VERB_INSERT || fact->verb == SL_SQL_VERB_REPLACE;
	if (step->class == STEP_IN && step->dml)
		apply_plan_mysql_written(step, &plan, facts);
	if (fact->verb == SL_SQL_VERB_USE)
		p->use = apply_plan_mysql_use(&plan, text);
}

/* What is not parsed might do anything to the session; MySQL's verbs are enough to tell. */
static bool dirties(const struct planning *p, const struct sl_fact_statement *fact)
{
	return fact->calls || (!is_mysql(p) && fact->status != SL_SQL_PARSED) ||
		(fact->session != SL_SQL_SESSION_NONE && fact->session != SL_SQL_SESSION_LOCAL);
}

/* SET lock_timeout, and the function that does the same. */
static bool sets_limits(const struct sl_facts *facts)
{
	static const char *const names[] = { "lock_timeout", "statement_timeout" };

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		for (size_t i = 0; i < facts->setting.len; i++)
			if (sl_str_eq(facts->setting.at[i].name, names[k]) &&
				sl_str_eq(facts->setting.at[i].scope, "session"))
				return true;
		for (size_t i = 0; i < facts->call.len; i++)
			if (sl_str_eq(facts->call.at[i].name, "set_config") &&
				sl_str_eq(facts->call.at[i].first, names[k]))
				return true;
	}
	return false;
}

static enum sl_code add_step(struct planning *p, struct plan *plan, struct steps *steps,
	const struct sl_statement_text *text)
{
	const struct sl_facts *facts = sl_sql_parse_statement(p->scratch, p->dialect, p->version,
		text);
	const struct sl_fact_statement *fact = sl_facts_statement(facts);
	enum sl_code code = refuse_statement(p, text, fact);
	struct step *step;

	if (code != SL_OK)
		return code;
	step = sl_vec_add_in(p->arena, steps);
	step->exec = (struct sl_exec){ .sql = text->text,
		.len = text->len,
		.copy_data = text->copy_data,
		.copy_len = text->copy_len };
	step->number = text->number;
	step->line = text->start.line;
	step->column = text->start.column;
	step->object = step->table = "";
	step->class = class_of(p, fact);
	step->why = step->class == STEP_IN ? "" : sl_arena_strdup(p->arena, fact->tx_text);
	step->keeps_constant = fact->session == SL_SQL_SESSION_CONSTANT ||
		fact->session == SL_SQL_SESSION_ROLE;
	step->keeps_state = fact->session == SL_SQL_SESSION_STATE;
	step->dml = fact->kind == SL_SQL_KIND_DML;
	step->concurrent = fact->concurrently;
	step->copies = fact->verb == SL_SQL_VERB_COPY;
	step->sets_limits = sets_limits(facts);
	if (fact->verb == SL_SQL_VERB_PRAGMA)
		step->keys = keys_set(text);
	if (step->class == STEP_ALONE)
		set_probe(p, step, text, facts);
	if (is_mysql(p))
		set_mysql(p, step, text, facts);
	hash_tokens(p, step);
	plan->dirties_session = plan->dirties_session || dirties(p, fact);
	return SL_OK;
}

static enum sl_code check_text(struct planning *p)
{
	const struct sl_migration *m = p->migration;

	if (m->sql_len == 0) /* a plan that is read back has the file's hash, not its text */
		return SL_OK;
	if (sl_utf8_valid_prefix(m->sql, m->sql_len) != m->sql_len ||
		memchr(m->sql, '\0', m->sql_len))
		return refuse(p, (struct sl_place){ m->first_line, 1 },
			"the file is not UTF-8 text", "save it as UTF-8");
	return SL_OK;
}

static void end_hash(struct plan *plan)
{
	struct sl_sha256 *sha sl_auto(sl_sha256_free_p) = sl_sha256_new();

	for (unsigned i = 0; i < plan->len; i++)
		sl_sha256_add(sha, plan->steps[i].hash, SL_SHA256_SIZE);
	sl_sha256_end_hex(sha, plan->tokens_sha256);
}

enum sl_code apply_plan_make(struct plan *out, struct sl_arena *arena,
	const struct plan_input *input, struct sl_place *where, struct sl_error *err)
{
	const struct sl_migration *m = input->migration;
	struct sl_arena *scratch sl_auto(sl_arena_free_p) = sl_arena_new();
	struct sl_splitter_options options = { .dialect = input->dialect,
		.max_text = m->sql_len + 1,
		.first_line = m->first_line,
		.statement_blocks = m->statement_blocks };
	struct sl_splitter *splitter sl_auto(
		sl_splitter_free_p) = sl_splitter_new(&options, m->sql, m->sql_len);
	struct planning p = { arena, scratch, m, input->dialect, input->version, "", where, err };
	struct plan plan = { .migration = m };
	struct steps steps = { 0 };
	enum sl_code code = check_text(&p);

	while (code == SL_OK) {
		struct sl_statement_text text;

		code = sl_splitter_next(splitter, &text, err);
		if (code != SL_OK || text.kind == SL_TEXT_END)
			break;
		code = add_step(&p, &plan, &steps, &text);
		sl_arena_clear(scratch);
	}
	if (code != SL_OK)
		return code;
	plan.steps = steps.at;
	plan.len = (unsigned)steps.len;
	end_hash(&plan);
	*out = plan;
	return SL_OK;
}

unsigned apply_plan_segment_end(const struct plan *plan, unsigned first)
{
	unsigned end = first;

	if (plan->steps[first].class == STEP_ALONE || plan->steps[first].class == STEP_SESSION)
		return first + 1;
	while (end < plan->len &&
		(plan->steps[end].class == STEP_IN || plan->steps[end].class == STEP_POINT)) {
		if (plan->steps[end++].class == STEP_POINT || plan->migration->no_transaction)
			break;
	}
	return end;
}

const char *apply_place(const struct run *run, const struct plan *plan, const struct step *step)
{
	return sl_arena_printf(run->arena, "%s:%u", plan->migration->path, step->line);
}
