#include "look.h"

#include "sluice/core/str.h"
#include "sluice/sql/token.h"

#include <string.h>

struct look look_relation(const struct rule_run *run, const char *schema, const char *name)
{
	const struct sl_catalog *before = run->step->before;
	struct look look = { .schema = schema, .name = name };

	look.table = sl_catalog_table(before, schema, name);
	if (look.table) {
		look.schema = look.table->id.schema;
		look.name = look.table->id.name;
		look.made = look.table->temporary;
	} else {
		look.view = sl_catalog_view(before, schema, name);
		if (look.view) {
			look.schema = look.view->id.schema;
			look.name = look.view->id.name;
		}
	}
	look.made |= change_made_table(run->change, look.schema, look.name);
	look.missing = !look.table && !look.view && !sl_catalog_uncertain(before);
	return look;
}

static bool altered(const struct rule_run *run, struct look *out)
{
	for (size_t i = 0; i < run->facts->object.len; i++) {
		const struct sl_fact_object *object = &run->facts->object.at[i];

		if (object->role != SL_SQL_ROLE_ALTERED && object->role != SL_SQL_ROLE_RENAMED)
			continue;
		*out = look_relation(run, object->schema, object->name);
		return true;
	}
	return false;
}

bool look_altered(const struct rule_run *run, struct look *out)
{
	struct looked *looked = run->looked;

	if (!looked->asked) {
		looked->found = altered(run, &looked->look);
		looked->asked = true;
	}
	if (looked->found)
		*out = looked->look;
	return looked->found;
}

const char *look_name(const struct rule_run *run, const char *schema, const char *name)
{
	if (schema[0] == '\0' || sl_str_eq(schema, "public") || sl_str_eq(schema, "main"))
		return sl_arena_strdup(run->arena, name);
	return sl_arena_printf(run->arena, "%s.%s", schema, name);
}

const struct sl_effect *look_effect(const struct rule_run *run, enum sl_effect_kind kind,
	const char *part)
{
	for (size_t i = 0; i < run->step->effects_len; i++) {
		const struct sl_effect *effect = &run->step->effects[i];

		if (effect->kind == kind && (!part || sl_str_eq(effect->part, part)))
			return effect;
	}
	return NULL;
}

const char *look_patch(const struct rule_run *run, size_t at, const char *insert)
{
	const struct sl_statement_text *statement = run->statement;

	return sl_arena_printf(run->arena, "%.*s%s%.*s", (int)at, statement->text, insert,
		(int)(statement->len - at), statement->text + at);
}

size_t look_after_word(const struct rule_run *run, const char *word)
{
	struct sl_token_reader tokens;
	struct sl_token token;

	sl_token_reader_init(&tokens, run->input->dialect, run->statement);
	while (sl_token_reader_next(&tokens, &token)) {
		if (sl_token_is(&token, run->statement->text, word))
			return token.at + token.len;
	}
	return 0;
}
