#include "catalog_int.h"
#include "shape.h"

#include "sluice/core/alloc.h"
#include "sluice/core/vec.h"

#include <assert.h>

struct entity_list {
	SL_VEC(const struct sl_entity *);
};

struct sl_catalog_builder {
	struct pool *pool; /* handed to the catalogue at the end */
	struct sl_catalog *catalog;
	struct entity_list entities;

	struct {
		SL_VEC(const char *);
	} incomplete;
};

static struct sl_names default_path(enum sl_dialect dialect)
{
	static const char *const public_schema[] = { "public" };
	static const char *const none[] = { "" };
	struct sl_names path = { dialect == SL_DIALECT_POSTGRES ? public_schema : none, 1 };

	return path;
}

struct sl_catalog_builder *sl_catalog_builder_new(enum sl_dialect dialect, int version)
{
	struct sl_catalog_builder *builder = sl_xcalloc(1, sizeof(*builder));

	builder->pool = sl_catalog_pool_new(NULL);
	builder->catalog = sl_arena_calloc(builder->pool->arena, 1, sizeof(*builder->catalog));
	builder->catalog->pool = builder->pool;
	builder->catalog->dialect = dialect;
	builder->catalog->version = version;
	builder->catalog->format = SL_SNAPSHOT_FORMAT;
	builder->catalog->search_path = default_path(dialect);
	return builder;
}

void sl_catalog_builder_free(struct sl_catalog_builder *builder)
{
	if (!builder)
		return;
	if (builder->pool)
		sl_catalog_pool_unref(builder->pool);
	sl_vec_done(&builder->entities);
	sl_vec_done(&builder->incomplete);
	free(builder);
}

static bool left_out(enum sl_dialect dialect, const struct sl_entity *entity)
{
	const char *schema = entity->schema ? entity->schema : "";

	switch (entity->kind) {
	case SL_ENTITY_SCHEMA:
		return sl_schema_ignored(dialect, entity->name, "");
	case SL_ENTITY_TRIGGER:
		return sl_schema_ignored(dialect, schema, entity->detail ? entity->detail : "");
	case SL_ENTITY_SEQUENCE:
	case SL_ENTITY_TABLE:
	case SL_ENTITY_VIEW:
		return sl_schema_ignored(dialect, schema, entity->name);
	case SL_ENTITY_EXTENSION: /* every database has it, and no dump says so */
		return strcmp(entity->name, "plpgsql") == 0;
	case SL_ENTITY_TYPE:
	case SL_ENTITY_ROUTINE:
	case SL_ENTITY_PLAIN:
	case SL_ENTITY_KIND_COUNT:
		break;
	}
	return sl_schema_ignored(dialect, schema, "");
}

static int compare_constraints(const void *a, const void *b)
{
	return sl_constraint_compare(a, b);
}

static int compare_indexes(const void *a, const void *b)
{
	return sl_index_compare(a, b);
}

/* Which columns an expression reads is not part of a constraint, and its place in the list neither.
 */
static void sort_parts(struct sl_arena *arena, struct sl_entity *entity)
{
	struct sl_table *table = (struct sl_table *)(void *)entity;
	struct sl_constraint *constraints;
	struct sl_index *indexes;

	if (entity->kind != SL_ENTITY_TABLE)
		return;
	constraints = sl_arena_calloc(arena, table->constraints.len + 1, sizeof(*constraints));
	for (size_t i = 0; i < table->constraints.len; i++) {
		constraints[i] = table->constraints.at[i];
		if (constraints[i].expression)
			constraints[i].columns.len = 0;
	}
	qsort(constraints, table->constraints.len, sizeof(*constraints), compare_constraints);
	table->constraints.at = constraints;
	indexes = sl_arena_calloc(arena, table->indexes.len + 1, sizeof(*indexes));
	for (size_t i = 0; i < table->indexes.len; i++)
		indexes[i] = table->indexes.at[i];
	qsort(indexes, table->indexes.len, sizeof(*indexes), compare_indexes);
	table->indexes.at = indexes;
}

struct sl_arena *sl_catalog_builder_arena(struct sl_catalog_builder *builder)
{
	return builder->pool->arena;
}

void sl_catalog_builder_set_format(struct sl_catalog_builder *builder, int format)
{
	builder->catalog->format = format;
}

void sl_catalog_adopt(struct sl_catalog_builder *builder, struct sl_entity *entity)
{
	sort_parts(builder->pool->arena, entity);
	*sl_vec_add(&builder->entities) = entity;
}

void sl_catalog_add(struct sl_catalog_builder *builder, const struct sl_entity *entity)
{
	struct sl_entity *copy;

	if (left_out(builder->catalog->dialect, entity))
		return;
	copy = sl_entity_new(builder->pool->arena, entity->kind);
	sl_shape_copy(sl_shape_of(entity->kind), &builder->pool->texts, entity, copy);
	sl_catalog_adopt(builder, copy);
}

static struct sl_names copy_names(struct sl_arena *arena, const char *const *at, size_t len)
{
	const char **copy = sl_arena_calloc(arena, len + 1, sizeof(*copy));
	struct sl_names names = { copy, len };

	for (size_t i = 0; i < len; i++)
		copy[i] = sl_arena_strdup(arena, at[i]);
	return names;
}

void sl_catalog_set_search_path(struct sl_catalog_builder *builder, struct sl_names schemas)
{
	builder->catalog->search_path = copy_names(builder->pool->arena, schemas.at, schemas.len);
}

void sl_catalog_add_property(struct sl_catalog_builder *builder, const char *key, const char *value)
{
	sl_catalog_put_property(builder->catalog, key, value);
}

void sl_catalog_set_uncertain(struct sl_catalog_builder *builder)
{
	builder->catalog->uncertain = true;
}

void sl_catalog_add_incomplete(struct sl_catalog_builder *builder, const char *what)
{
	*sl_vec_add(&builder->incomplete) = sl_arena_strdup(builder->pool->arena, what);
}

static int compare(const void *a, const void *b, void *fold)
{
	const struct sl_entity *x, *y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return sl_tree_compare(fold != NULL, x, y);
}

static int compare_text(const void *a, const void *b)
{
	const char *x, *y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return strcmp(x, y);
}

/* Sorted, equal ones side by side. */
static void sort(const struct sl_entity **at, size_t len, bool fold)
{
	static int folds;

	if (len > 0)
		qsort_r(at, len, sizeof(*at), compare, fold ? &folds : NULL);
}

static enum sl_code refuse_doubles(const struct entity_list *entities, bool fold,
	struct sl_error *err)
{
	for (size_t i = 1; i < entities->len; i++) {
		const struct sl_entity *entity = entities->at[i];

		if (sl_tree_compare(fold, entities->at[i - 1], entity) == 0)
			return sl_error_set(err, SL_EINVAL, "catalogue: two entries for %s %s%s%s",
				sl_entity_kind_name(entity->kind), entity->schema,
				*entity->schema ? "." : "", entity->name);
	}
	return SL_OK;
}

enum sl_code sl_catalog_finish(const struct sl_catalog **out, struct sl_catalog_builder *builder,
	struct sl_error *err)
{
	struct sl_catalog *catalog = builder->catalog;
	struct entity_list *entities = &builder->entities;
	bool fold = sl_fold_entities(catalog->dialect);
	enum sl_code code;

	assert(builder->pool);
	sort(entities->at, entities->len, fold);
	code = refuse_doubles(entities, fold, err);
	if (code != SL_OK)
		return code;
	if (builder->incomplete.len > 0)
		qsort(builder->incomplete.at, builder->incomplete.len,
			sizeof(*builder->incomplete.at), compare_text);
	catalog->incomplete = copy_names(builder->pool->arena, builder->incomplete.at,
		builder->incomplete.len);
	sl_catalog_fill(catalog, entities->at, entities->len, NULL);
	catalog->edition = builder->pool->nodes.edition;
	builder->pool = NULL;
	*out = catalog;
	return SL_OK;
}
