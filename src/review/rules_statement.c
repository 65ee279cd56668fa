/* Rules about a statement as such: whether it can be read, and whether it will run. */
#include "look.h"

#include "sluice/core/str.h"
#include "sluice/core/utf8.h"
#include "sluice/sql/token.h"

#include <string.h>

static size_t placeholder_of(const struct rule_run *run)
{
	const struct sl_statement_text *text = run->statement;

	return run->migration->placeholders ?
		sl_sql_placeholder(run->input->dialect, text->text, text->len) :
		text->len;
}

void rule_syntax_error(const struct rule_run *run)
{
	const struct sl_fact_statement *s = sl_facts_statement(run->facts);
	const size_t placeholder = placeholder_of(run);

	if (placeholder < run->statement->len)
		rule_hit(run,
			&(struct rule_hit){
				.at = placeholder,
				.len = 2,
				.message = "${...} is a placeholder, which Flyway fills in and "
					   "Sluice does not",
				.suggestion =
					"write the value, or say placeholderReplacement=false "
					"in a .conf beside the file where it is meant as it "
					"stands",
			});
	else if (run->statement->kind == SL_TEXT_COMMAND)
		rule_hit(run,
			&(struct rule_hit){
				.message = "a command of the client, which no server understands",
				.suggestion = "take it out of the file",
			});
	else if (run->statement->unterminated)
		rule_hit(run,
			&(struct rule_hit){
				.message = sl_arena_printf(run->arena,
					"a %s that begins on line %u never ends",
					run->statement->unterminated,
					run->statement->unterminated_at.line),
			});
	else if (s->status == SL_SQL_SYNTAX_ERROR)
		rule_hit(run,
			&(struct rule_hit){
				.at = s->status_at > 0 ? (size_t)s->status_at : 0,
				.len = 1,
				.message = sl_arena_strdup(run->arena, s->status_text),
			});
}

/* A function that is called for what it does is common, and its name is there to be read. */
static void rule_unseen_effect(const struct rule_run *run, const struct sl_fact_statement *s)
{
	const struct sl_effect *effect = look_effect(run, SL_EFFECT_OPAQUE, NULL);

	if (sl_sql_is_unseen(s))
		rule_hit(run,
			&(struct rule_hit){
				.message = sl_arena_printf(run->arena,
					"not reviewed: what the statement does (%s) cannot be "
					"seen",
					s->tag),
				.most = SL_SEVERITY_WARNING,
			});
	else if (effect && s->kind == SL_SQL_KIND_QUERY)
		rule_hit(run,
			&(struct rule_hit){
				.message = sl_arena_printf(run->arena, "not reviewed: %s",
					effect->now),
				.most = SL_SEVERITY_NOTICE,
			});
}

/* A dialect without a grammar is never green; what is too deep or too large for the parser is
 * shown, and runs as it stands. */
void rule_not_reviewed(const struct rule_run *run)
{
	const struct sl_fact_statement *s = sl_facts_statement(run->facts);
	const char *dialect = sl_dialect_name(run->input->dialect);

	if (run->statement->kind == SL_TEXT_COMMAND)
		return;
	if (s->status == SL_SQL_NOT_REVIEWED)
		rule_hit(run,
			&(struct rule_hit){
				.message = sl_arena_printf(run->arena,
					"not reviewed: statements of %s are split, not understood, "
					"yet",
					dialect),
			});
	else if (s->status == SL_SQL_OPAQUE || s->status == SL_SQL_TOO_DEEP)
		rule_hit(run,
			&(struct rule_hit){
				.message = sl_arena_printf(run->arena, "not reviewed: %s",
					s->status_text[0] ? s->status_text :
							    sl_sql_status_name(s->status)),
				.most = s->status == SL_SQL_OPAQUE ? SL_SEVERITY_NOTICE :
								     SL_SEVERITY_WARNING,
			});
	else if (s->status == SL_SQL_PARSED)
		rule_unseen_effect(run, s);
}

/* Where the statement names the object of the problem. */
static const struct sl_fact_object *object_of(const struct rule_run *run, const char *name)
{
	for (size_t i = 0; i < run->facts->object.len; i++) {
		if (sl_str_eq(run->facts->object.at[i].name, name))
			return &run->facts->object.at[i];
	}
	return NULL;
}

static const struct sl_fact_action *action_of(const struct rule_run *run, const char *part)
{
	for (size_t i = 0; part[0] && i < run->facts->action.len; i++) {
		if (sl_str_eq(run->facts->action.at[i].name, part))
			return &run->facts->action.at[i];
	}
	return NULL;
}

void rule_walk_through(const struct rule_run *run)
{
	for (size_t i = 0; i < run->step->problems_len; i++) {
		const struct sl_problem *problem = &run->step->problems[i];
		const struct sl_fact_action *action = action_of(run, problem->part);
		const struct sl_fact_object *object = object_of(run, problem->name);

		rule_hit(run,
			&(struct rule_hit){
				.at = action   ? action->at :
					object ? object->at :
						 0,
				.len = action  ? action->len :
					object ? object->len :
						 0,
				.schema = problem->schema,
				.name = problem->name,
				.part = problem->part,
				.message = sl_arena_strdup(run->arena, problem->message),
				.most = problem->refuses ? SL_SEVERITY_OFF : SL_SEVERITY_WARNING,
			});
	}
}

void rule_transaction(const struct rule_run *run)
{
	const struct sl_fact_statement *s = sl_facts_statement(run->facts);

	if (s->tx != SL_SQL_TX_CONTROL)
		return;
	rule_hit(run,
		&(struct rule_hit){
			.message = sl_arena_printf(run->arena,
				"%s: the file already runs in a transaction of its own", s->tag),
		});
}

/* PostgreSQL cuts at 63 bytes without an error, MySQL and MariaDB refuse more than 64 characters.
 */
static size_t identifier_limit(const struct rule_run *run, const char *name, size_t *length)
{
	bool bytes = run->input->dialect == SL_DIALECT_POSTGRES;

	*length = bytes ? strlen(name) : sl_utf8_count(name, strlen(name));
	return bytes ? 63 : 64;
}

void rule_identifier_length(const struct rule_run *run)
{
	const char *text = run->statement->text;
	struct sl_token_reader tokens;
	struct sl_token token;

	sl_token_reader_init(&tokens, run->input->dialect, run->statement);
	while (sl_token_reader_next(&tokens, &token)) {
		const char *name;
		size_t length;
		size_t limit;

		if ((token.kind != SL_TOKEN_WORD && token.kind != SL_TOKEN_NAME) || token.len <= 63)
			continue;
		name = sl_token_name(run->arena, run->input->dialect, &token, text);
		limit = identifier_limit(run, name, &length);
		if (length <= limit)
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.at = token.at,
				.len = token.len,
				.part = name,
				.message = sl_arena_printf(run->arena,
					"the name %s has %zu %s, more than the %zu that are kept",
					name, length,
					run->input->dialect == SL_DIALECT_POSTGRES ? "bytes" :
										     "characters",
					limit),
			});
	}
}
