/*
 * One statement through libpg_query.  Its parse tree is read in place, inside the memory context
 * that it was made in, and nothing of it outlives that.
 */
#include "reader.h"

#include "sluice/core/utf8.h"

#include <string.h>

/* The parser's positions count code points from 1. */
static size_t byte_of(const char *text, size_t len, int position)
{
	size_t at = 0;

	for (int i = 1; i < position && at < len; i++) {
		size_t size;

		(void)sl_utf8_decode(text + at, len - at, &size);
		at += size;
	}
	return at;
}

static bool is_about_size(const char *message)
{
	return strstr(message, "memory exhausted") || strstr(message, "stack depth limit");
}

static void read_error(struct pg_reader *reader, const struct sl_sql_input *input,
	const PgQueryError *error)
{
	const char *message = sl_arena_strdup(reader->arena, error->message ? error->message : "");
	size_t at = byte_of(input->text, input->len, error->cursorpos);
	bool newer = input->version / 10000 > PG_GRAMMAR;

	if (is_about_size(message))
		sl_facts_refuse(reader->facts, SL_SQL_TOO_DEEP, at,
			"nested too deeply for the parser");
	else if (newer)
		sl_facts_refuse(reader->facts, SL_SQL_OPAQUE, at,
			sl_arena_printf(reader->arena,
				"the grammar of PostgreSQL %d does not know it, version %d may: %s",
				PG_GRAMMAR, input->version / 10000, message));
	else
		sl_facts_refuse(reader->facts, SL_SQL_SYNTAX_ERROR, at, message);
	sl_facts_classify(reader->arena, reader->facts, input);
}

/* Several statements in one text: what they touch is read, but together they are a block. */
static void read_block(struct pg_reader *reader, const List *tree)
{
	struct sl_fact_statement block = *reader->statement;

	block.kind = SL_SQL_KIND_BLOCK;
	for (int i = 0; i < pg_len(tree); i++) {
		pg_read_statement(reader, PG(RawStmt, pg_nth(tree, i))->stmt);
		block.writes = block.writes || reader->statement->writes;
		if (reader->statement->tx != SL_SQL_TX_IN && block.tx == SL_SQL_TX_IN) {
			block.tx = reader->statement->tx;
			block.tx_text = reader->statement->tx_text;
		}
		if (reader->statement->session > block.session) {
			block.session = reader->statement->session;
			block.session_text = reader->statement->session_text;
		}
	}
	block.calls = true;
	*reader->statement = block;
}

static void read_tree(struct pg_reader *reader, const List *tree)
{
	int n = pg_len(tree);

	if (n == 0)
		sl_facts_refuse(reader->facts, SL_SQL_EMPTY, 0, "");
	else if (n == 1)
		pg_read_statement(reader, PG(RawStmt, pg_nth(tree, 0))->stmt);
	else
		read_block(reader, tree);
	if (reader->too_deep) {
		struct sl_fact_statement known = *reader->statement;

		sl_facts_refuse(reader->facts, SL_SQL_TOO_DEEP, 0, "");
		*reader->statement = known;
		reader->statement->status = SL_SQL_TOO_DEEP;
		reader->statement->status_text = sl_arena_printf(reader->arena,
			"nested deeper than %d levels", SL_SQL_DEPTH_MAX);
	}
}

const struct sl_facts *sl_postgres_facts(struct sl_arena *arena, const struct sl_sql_input *input)
{
	char *text = sl_arena_strndup(arena, input->text, input->len);
	struct sl_facts *facts = sl_facts_new(arena, input->len);
	struct pg_reader reader = { .arena = arena,
		.facts = facts,
		.statement = &facts->statement.at[0],
		.text = text,
		.len = input->len,
		.tokens = sl_tokens_of(arena, input) };
	MemoryContext context = pg_query_enter_memory_context();
	PgQueryInternalParsetreeAndError result = pg_query_raw_parse(text);

	if (result.error) {
		read_error(&reader, input, result.error);
		pg_query_free_error(result.error);
	} else {
		read_tree(&reader, result.tree);
	}
	free(result.stderr_buffer);
	pg_query_exit_memory_context(context);
	sl_facts_finish(arena, facts);
	return facts;
}
