/* Keys, constraints and other lines of CREATE TABLE. */
#include "read.h"

#include "sluice/core/str.h"

#include <string.h>

/* --- keys ----------------------------------------------------------------------------------- */

/* `a`(10) DESC, or (expression) DESC, up to a comma. */
static void read_part(struct sl_index_part *part, const struct sl_my_tokens *t, size_t i,
	size_t end)
{
	size_t last = end;

	*part = (struct sl_index_part){ .collation = "", .extra = "" };
	if (last > i + 1 && (sl_my_is(t, last - 1, "desc") || sl_my_is(t, last - 1, "asc"))) {
		part->descending = sl_my_is(t, last - 1, "desc");
		last--;
	}
	if (sl_my_is_char(t, i, '(')) {
		part->expression = sl_my_text(t, i + 1, last - 1);
		return;
	}
	part->column = sl_my_name(t, i);
	if (last > i + 1)
		part->extra = sl_my_text(t, i + 1, last);
}

static struct sl_index_parts read_parts(const struct sl_my_tokens *t, size_t open)
{
	size_t end = sl_my_close(t, open) - 1, len = 0;
	struct sl_index_part *parts = sl_arena_calloc(t->read->arena, end - open + 1,
		sizeof(*parts));

	for (size_t i = open + 1; i < end;) {
		size_t stop = sl_my_find(t, i, ',');

		read_part(&parts[len++], t, i, stop);
		i = stop + 1;
	}
	return (struct sl_index_parts){ parts, len };
}

/* USING, COMMENT and what else follows the brackets. */
static void read_index_options(struct sl_index *index, const struct sl_my_tokens *t, size_t i,
	size_t end)
{
	size_t rest = i;

	while (rest < end) {
		if (sl_my_is(t, rest, "using") && index->method[0] == '\0') {
			index->method = sl_str_eq(sl_my_text(t, rest + 1, rest + 2), "HASH") ?
				"hash" :
				"btree";
			rest += 2;
		} else if (sl_my_is(t, rest, "comment")) {
			index->comment = sl_my_string(t, rest + 1);
			rest += 2;
		} else {
			const char *word = sl_my_text(t, rest, rest + 1);

			index->extra = index->extra[0] == '\0' ?
				word :
				sl_arena_printf(t->read->arena, "%s %s", index->extra, word);
			rest++;
		}
	}
}

static bool plain_parts(const struct sl_index_parts *parts)
{
	for (size_t i = 0; i < parts->len; i++)
		if (!parts->at[i].column || parts->at[i].extra[0] != '\0' ||
			parts->at[i].descending)
			return false;
	return true;
}

/* A constraint has a list of columns; a key with prefixes or options is kept as it is printed. */
static void read_primary(struct sl_my_lines *lines, const struct sl_my_tokens *t, size_t open,
	size_t end)
{
	struct sl_constraint *key = &lines->constraints[lines->constraint_len++];
	struct sl_index_parts parts = read_parts(t, open);
	size_t close = sl_my_close(t, open);

	*key = (struct sl_constraint){ .kind = SL_CONSTRAINT_PRIMARY };
	key->columns = sl_my_names(t, open);
	if (!plain_parts(&parts) || close < end)
		key->extra = sl_my_text(t, open, end);
}

/* [UNIQUE | FULLTEXT | SPATIAL] KEY `name` (parts) options */
static void read_key(struct sl_my_lines *lines, const struct sl_my_tokens *t, size_t first,
	size_t key, size_t end)
{
	struct sl_index *index = &lines->indexes[lines->index_len++];
	size_t open = key + 2;

	*index = (struct sl_index){ .method = "",
		.extra = "",
		.comment = "",
		.name = sl_my_name(t, key + 1) };
	index->unique = sl_my_is(t, first, "unique");
	if (sl_my_is(t, first, "fulltext"))
		index->method = "fulltext";
	if (sl_my_is(t, first, "spatial"))
		index->method = "spatial";
	while (open < end && !sl_my_is_char(t, open, '('))
		open++;
	index->parts = read_parts(t, open);
	if (open > key + 2) /* MySQL prints USING before the brackets of no engine of today */
		read_index_options(index, t, key + 2, open);
	read_index_options(index, t, sl_my_close(t, open), end);
}

/* --- constraints ---------------------------------------------------------------------------- */

static const struct {
	const char *words;
	enum sl_fk_action action;
} actions[] = {
	{ "CASCADE", SL_FK_CASCADE },
	{ "SET NULL", SL_FK_SET_NULL },
	{ "SET DEFAULT", SL_FK_SET_DEFAULT },
	{ "NO ACTION", SL_FK_NO_ACTION }, /* RESTRICT, the default, is the same and not printed */
	{ "RESTRICT", SL_FK_NO_ACTION },
};

/* ON DELETE action at i; behind it. */
static size_t read_action(struct sl_constraint *key, const struct sl_my_tokens *t, size_t i,
	size_t end)
{
	bool deleted = sl_my_is(t, i + 1, "delete");

	for (size_t row = 0; row < sizeof(actions) / sizeof(actions[0]); row++) {
		size_t words = strchr(actions[row].words, ' ') ? 2 : 1;

		if (i + 2 + words > end ||
			!sl_str_eq(sl_my_text(t, i + 2, i + 2 + words), actions[row].words))
			continue;
		if (deleted)
			key->on_delete = actions[row].action;
		else
			key->on_update = actions[row].action;
		return i + 2 + words;
	}
	return i;
}

/* FOREIGN KEY (a) REFERENCES [`db`.]`t` (b) [MATCH ..] [ON ..]; i is at FOREIGN. */
static bool read_foreign(struct sl_constraint *key, const struct sl_my_tokens *t, size_t i,
	size_t end)
{
	size_t rest;

	key->kind = SL_CONSTRAINT_FOREIGN;
	key->columns = sl_my_names(t, i + 2);
	i = sl_my_close(t, i + 2) + 1;
	key->ref_schema = "";
	if (sl_my_is_char(t, i + 1, '.')) {
		const char *database = sl_my_name(t, i);

		key->ref_schema = sl_str_eq(database, t->read->database) ? "" : database;
		i += 2;
	}
	key->ref_table = sl_my_name(t, i);
	key->ref_columns = sl_my_names(t, i + 1);
	rest = sl_my_close(t, i + 1);
	while (rest < end && sl_my_is(t, rest, "on")) {
		size_t next = read_action(key, t, rest, end);

		if (next == rest)
			return false;
		rest = next;
	}
	if (rest < end)
		key->extra = sl_my_text(t, rest, end);
	return true;
}

/* CHECK (expression) [NOT ENFORCED]; i is at CHECK. */
static bool read_check(struct sl_constraint *key, const struct sl_my_tokens *t, size_t i,
	size_t end)
{
	size_t close = sl_my_close(t, i + 1);

	key->kind = SL_CONSTRAINT_CHECK;
	key->expression = sl_my_text(t, i + 2, close - 1);
	key->not_enforced = sl_my_is(t, close, "not") && sl_my_is(t, close + 1, "enforced");
	return close == end || key->not_enforced;
}

static bool read_constraint(struct sl_my_lines *lines, const struct sl_my_tokens *t, size_t first,
	size_t end)
{
	struct sl_constraint key = { .name = sl_my_name(t, first + 1) };
	bool understood = false;

	if (sl_my_is(t, first + 2, "foreign") && sl_my_is_char(t, first + 4, '('))
		understood = read_foreign(&key, t, first + 2, end);
	else if (sl_my_is(t, first + 2, "check") && sl_my_is_char(t, first + 3, '('))
		understood = read_check(&key, t, first + 2, end);
	if (understood)
		lines->constraints[lines->constraint_len++] = key;
	return understood;
}

void sl_my_read_line(struct sl_my_lines *lines, const struct sl_my_tokens *t, size_t first,
	size_t end)
{
	if (sl_my_is(t, first, "primary") && sl_my_is_char(t, first + 2, '('))
		read_primary(lines, t, first + 2, end);
	else if (sl_my_is(t, first, "key"))
		read_key(lines, t, first, first, end);
	else if (sl_my_is(t, first + 1, "key") &&
		(sl_my_is(t, first, "unique") || sl_my_is(t, first, "fulltext") ||
			sl_my_is(t, first, "spatial")))
		read_key(lines, t, first, first + 1, end);
	else if (!sl_my_is(t, first, "constraint") || !read_constraint(lines, t, first, end))
		lines->clauses[lines->clause_len++] = sl_my_text(t, first, end);
}
