#include "facts.h"

#include <string.h>

/* Too long to be parsed: the head says what it is. */
static const struct sl_facts *oversized(struct sl_arena *arena, const struct sl_sql_input *input)
{
	struct sl_facts *facts = sl_facts_new(arena, input->len);

	sl_facts_classify(arena, facts, input);
	facts->statement.at[0].status = SL_SQL_OPAQUE;
	facts->statement.at[0].status_text = sl_arena_printf(arena, "longer than %zu bytes",
		SL_STATEMENT_WINDOW);
	sl_facts_finish(arena, facts);
	return facts;
}

static const struct sl_facts *not_reviewed(struct sl_arena *arena, const struct sl_sql_input *input)
{
	struct sl_facts *facts = sl_facts_new(arena, input->len);

	sl_facts_classify(arena, facts, input);
	facts->statement.at[0].status = SL_SQL_NOT_REVIEWED;
	facts->statement.at[0].status_text = "this version has no grammar of the dialect";
	sl_facts_finish(arena, facts);
	return facts;
}

const struct sl_facts *sl_sql_parse(struct sl_arena *arena, const struct sl_sql_input *input)
{
	if (input->oversized || input->len > SL_STATEMENT_WINDOW)
		return oversized(arena, input);
	switch (input->dialect) {
	case SL_DIALECT_POSTGRES:
		return sl_postgres_facts(arena, input);
	case SL_DIALECT_SQLITE:
		return sl_sqlite_facts(arena, input);
	default:
		return not_reviewed(arena, input);
	}
}

static const struct sl_facts *command(struct sl_arena *arena,
	const struct sl_statement_text *statement)
{
	struct sl_facts *facts = sl_facts_new(arena, statement->len);

	facts->statement.at[0].kind = SL_SQL_KIND_COMMAND;
	facts->statement.at[0].status = SL_SQL_OPAQUE;
	facts->statement.at[0].status_text = "a command of a client program, not SQL";
	sl_facts_finish(arena, facts);
	return facts;
}

/* Without the terminator and the data behind it. */
static size_t copy_head(const struct sl_statement_text *statement)
{
	size_t len = statement->copy_data < statement->len ? statement->copy_data : statement->len;
	const char *semicolon = memchr(statement->text, ';', len);

	while (semicolon && len > 0 && statement->text[len - 1] != ';')
		len--;
	return len > 0 && semicolon ? len - 1 : len;
}

const struct sl_facts *sl_sql_parse_statement(struct sl_arena *arena, enum sl_dialect dialect,
	int version, const struct sl_statement_text *statement)
{
	struct sl_sql_input input = { .dialect = dialect,
		.version = version,
		.text = statement->text,
		.len = statement->len,
		.oversized = statement->oversized,
		.tokens = statement->tokens,
		.tokens_len = statement->tokens_len };

	if (statement->kind == SL_TEXT_COMMAND)
		return command(arena, statement);
	if (statement->copy_data > 0) {
		input.len = copy_head(statement);
		input.oversized = false;
	}
	return sl_sql_parse(arena, &input);
}
