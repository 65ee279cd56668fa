#include "dependents.h"

#include "catalog_int.h"

#include "sluice/sql/token.h"

static bool same_name(const struct sl_catalog *catalog, const char *a, const char *b)
{
	return sl_name_compare(sl_fold_entities(catalog->dialect), a, b) == 0;
}

static bool token_names(struct sl_arena *arena, enum sl_dialect dialect, const char *sql,
	const struct sl_token *token, const char *name)
{
	bool fold = sl_fold_parts(dialect);

	if (token->kind != SL_TOKEN_WORD && token->kind != SL_TOKEN_NAME)
		return false;
	return sl_name_compare(fold, sl_token_name(arena, dialect, token, sql), name) == 0;
}

bool sl_sql_mentions(enum sl_dialect dialect, const char *sql, const char *name)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_lexer lexer;
	struct sl_token token;

	sl_lexer_init(&lexer, dialect, sql, strlen(sql));
	while (sl_lexer_next_code(&lexer, &token)) {
		if (token_names(arena, dialect, sql, &token, name))
			return true;
	}
	return false;
}

bool sl_view_reads(const struct sl_catalog *catalog, const struct sl_view *view,
	const struct sl_entity *relation, const char *column)
{
	for (size_t i = 0; view->reads_known && i < view->reads.len; i++) {
		const struct sl_reference *read = &view->reads.at[i];

		if (!same_name(catalog, read->schema, relation->schema) ||
			!same_name(catalog, read->name, relation->name))
			continue;
		if (!column ||
			(read->column &&
				(strcmp(read->column, "*") == 0 ||
					sl_same_part(catalog, read->column, column))))
			return true;
		if (!read->column)
			return sl_sql_mentions(catalog->dialect, view->definition, column);
	}
	if (view->reads_known ||
		!sl_sql_mentions(catalog->dialect, view->definition, relation->name))
		return false;
	return !column || sl_sql_mentions(catalog->dialect, view->definition, column);
}

bool sl_refers_to(const struct sl_catalog *catalog, const struct sl_constraint *constraint,
	const struct sl_entity *table)
{
	return constraint->kind == SL_CONSTRAINT_FOREIGN &&
		same_name(catalog, constraint->ref_schema, table->schema) &&
		same_name(catalog, constraint->ref_table, table->name);
}
