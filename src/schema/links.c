/* Who stands on a table, kept beside the catalogue so that nobody has to look through all tables.
 */
#include "catalog_int.h"

#include <assert.h>

struct linking {
	struct sl_arena *arena;
	const struct sl_entity *dependent;
	void (*visit)(void *ctx, struct link *link);
	void *ctx;
};

static void link_to(const struct linking *linking, const char *schema, const char *name)
{
	const struct sl_entity *dependent = linking->dependent;
	const char kind[] = { (char)('0' + dependent->kind), '\0' };
	struct link *link = sl_arena_calloc(linking->arena, 1, sizeof(*link));

	_Static_assert(SL_ENTITY_KIND_COUNT <= 10, "a digit each");
	link->id.schema = schema;
	link->id.name = name;
	link->id.detail = sl_arena_join(linking->arena, kind, dependent->schema, ".",
		dependent->name, NULL);
	link->dependent = *dependent;
	linking->visit(linking->ctx, link);
}

/* "schema.table", and what follows a second dot is not looked at. */
static void link_to_written(const struct linking *linking, const char *written)
{
	const char *dot = strchr(written, '.');
	const char *end = dot ? strchr(dot + 1, '.') : NULL;

	if (!dot)
		return;
	link_to(linking, sl_arena_strndup(linking->arena, written, (size_t)(dot - written)),
		end ? sl_arena_strndup(linking->arena, dot + 1, (size_t)(end - dot - 1)) : dot + 1);
}

static void link_table(const struct linking *linking, const struct sl_table *table)
{
	for (size_t i = 0; i < table->constraints.len; i++) {
		const struct sl_constraint *constraint = &table->constraints.at[i];

		if (constraint->kind == SL_CONSTRAINT_FOREIGN)
			link_to(linking, constraint->ref_schema, constraint->ref_table);
	}
	for (size_t i = 0; i < table->inherits.len; i++)
		link_to_written(linking, table->inherits.at[i]);
	if (table->partition_of)
		link_to_written(linking, table->partition_of);
}

void sl_each_link(const struct sl_entity *entity, struct sl_arena *arena,
	void (*visit)(void *ctx, struct link *link), void *ctx)
{
	const struct linking linking = { arena, entity, visit, ctx };

	if (entity->kind == SL_ENTITY_TABLE)
		link_table(&linking, sl_as_table(entity));
	else if (entity->kind == SL_ENTITY_SEQUENCE && sl_as_sequence(entity)->owned_by)
		link_to_written(&linking, sl_as_sequence(entity)->owned_by);
}

/* Positions the walk before the first entry that is not smaller than the key. */
static struct sl_catalog_iter lower_bound(const struct node *node, bool fold,
	const struct sl_entity *key)
{
	struct sl_catalog_iter it = { .kind = -1 };

	while (node) {
		if (sl_tree_compare(fold, node->entity, key) < 0) {
			node = node->right;
			continue;
		}
		assert(it.depth < sizeof(it.stack) / sizeof(it.stack[0]));
		it.stack[it.depth++] = node;
		node = node->left;
	}
	return it;
}

struct sl_catalog_iter sl_links_of(const struct sl_catalog *catalog, const struct sl_entity *table)
{
	const struct sl_entity key = { .schema = table->schema, .name = table->name, .detail = "" };

	return lower_bound(catalog->links, sl_fold_entities(catalog->dialect), &key);
}

const struct sl_entity *sl_next_dependent(const struct sl_catalog *catalog,
	struct sl_catalog_iter *it, const struct sl_entity *table)
{
	bool fold = sl_fold_entities(catalog->dialect);
	const struct sl_entity *entry;

	while ((entry = sl_catalog_next(it))) {
		const struct link *link = (const struct link *)(const void *)entry;
		const struct sl_entity *found;

		if (sl_name_compare(fold, entry->schema, table->schema) != 0 ||
			sl_name_compare(fold, entry->name, table->name) != 0)
			return NULL;
		found = sl_catalog_find(catalog, link->dependent.kind, link->dependent.schema,
			link->dependent.name, link->dependent.detail);
		if (found)
			return found;
	}
	return NULL;
}
