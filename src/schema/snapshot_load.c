#include "sluice/schema/snapshot.h"

#include "catalog_int.h"
#include "shape.h"

#include "sluice/core/json.h"
#include "sluice/core/vec.h"

#define ENTITY_MAX ((size_t)64 * 1024 * 1024)

struct loading {
	struct sl_catalog_builder *builder;
	const struct sl_entity_source *source; /* or NULL: definitions stand in the entries */
	struct sl_arena *scratch;
};

static enum sl_code bad(const char *what, struct sl_error *err)
{
	return sl_error_set(err, SL_EINVAL, "snapshot: %s", what);
}

static enum sl_code read_names(struct sl_names *out, struct sl_arena *arena, const json_t *list,
	struct sl_error *err)
{
	size_t len = json_array_size(list);
	const char **names = sl_arena_calloc(arena, len + 1, sizeof(*names));

	for (size_t i = 0; i < len; i++) {
		names[i] = json_string_value(json_array_get(list, i));
		if (!names[i])
			return bad("a list of names holds something else", err);
	}
	out->at = names;
	out->len = len;
	return SL_OK;
}

/* The object's JSON: inside a document borrowed, from a source loaded into *owned. */
static enum sl_code definition_of(const struct loading *loading, const json_t *entry,
	json_t **owned, const json_t **out, struct sl_error *err)
{
	enum sl_code code;
	const char *text;
	size_t len;

	if (!loading->source) {
		*out = json_object_get(entry, "definition");
		return SL_OK;
	}
	code = loading->source->get(loading->source->ctx, sl_json_str(entry, "hash", ""), &text,
		&len, err);
	if (code == SL_OK)
		code = sl_json_load(owned, text, len, ENTITY_MAX, "snapshot", err);
	*out = *owned;
	return code;
}

static void set_estimates(struct sl_entity *entity, const json_t *entry)
{
	struct sl_table *table = (struct sl_table *)(void *)entity;

	if (entity->kind != SL_ENTITY_TABLE)
		return;
	table->rows = sl_json_i64(entry, "rows", -1);
	table->bytes = sl_json_i64(entry, "bytes", -1);
}

/* What was read is written again to verify the hash, which it then keeps. */
static enum sl_code load_entry(const struct loading *loading, const json_t *entry,
	struct sl_error *err)
{
	struct sl_arena *arena = sl_catalog_builder_arena(loading->builder);
	sl_auto_json json_t *owned = NULL;
	const json_t *json = NULL;
	enum sl_entity_kind kind;
	struct sl_entity *entity;
	char hash[SL_SHA256_HEX];
	enum sl_code code;

	if (!sl_entity_kind_parse(&kind, sl_json_str(entry, "kind", "")))
		return bad("an object is of no known kind", err);
	code = definition_of(loading, entry, &owned, &json, err);
	if (code != SL_OK)
		return code;
	entity = sl_entity_new(arena, kind);
	code = sl_shape_read(sl_shape_of(kind), arena, json, entity, err);
	if (code != SL_OK)
		return code;
	if (entity->kind != kind)
		return bad("an object is of another kind than its entry says", err);
	sl_catalog_adopt(loading->builder, entity);
	sl_entity_hash(entity, hash);
	if (strcmp(sl_json_str(entry, "hash", ""), hash) != 0)
		return bad("an object's text does not have the hash that names it", err);
	set_estimates(entity, entry);
	return SL_OK;
}

static enum sl_code load_entries(const struct loading *loading, const json_t *manifest,
	struct sl_error *err)
{
	const json_t *entries = json_object_get(manifest, "objects");

	if (!json_is_array(entries))
		return bad("it has no list of objects", err);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		enum sl_code code = load_entry(loading, json_array_get(entries, i), err);

		if (code != SL_OK)
			return code;
	}
	return SL_OK;
}

static enum sl_code load_rest(const struct loading *loading, const json_t *manifest,
	struct sl_error *err)
{
	struct sl_names path = { NULL, 0 }, incomplete = { NULL, 0 };
	json_t *properties = json_object_get(manifest, "properties");
	enum sl_code code = read_names(&path, loading->scratch,
		json_object_get(manifest, "search_path"), err);

	if (code == SL_OK)
		code = read_names(&incomplete, loading->scratch,
			json_object_get(manifest, "incomplete"), err);
	if (code != SL_OK)
		return code;
	sl_catalog_set_search_path(loading->builder, path);
	for (size_t i = 0; i < incomplete.len; i++)
		sl_catalog_add_incomplete(loading->builder, incomplete.at[i]);
	for (void *it = json_object_iter(properties); it;
		it = json_object_iter_next(properties, it)) {
		const char *value = json_string_value(json_object_iter_value(it));

		if (!value)
			return bad("a property is no text", err);
		sl_catalog_add_property(loading->builder, json_object_iter_key(it), value);
	}
	return SL_OK;
}

static enum sl_code finish(const struct sl_catalog **out, struct sl_catalog_builder *builder,
	const char *hash, struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = NULL;
	char actual[SL_SHA256_HEX];
	enum sl_code code = sl_catalog_finish(&catalog, builder, err);

	if (code != SL_OK)
		return code;
	sl_snapshot_hash(catalog, actual);
	if (strcmp(hash, actual) != 0)
		return bad("its content does not have the hash that it states", err);
	*out = sl_steal(catalog);
	return SL_OK;
}

enum sl_code sl_snapshot_load(const struct sl_catalog **out, const char *text, size_t len,
	const struct sl_entity_source *source, struct sl_error *err)
{
	sl_auto_json json_t *manifest = NULL;
	sl_auto(sl_catalog_builder_free_p) struct sl_catalog_builder *builder = NULL;
	sl_auto(sl_arena_free_p) struct sl_arena *scratch = sl_arena_new();
	struct loading loading = { .source = source, .scratch = scratch };
	enum sl_dialect dialect;
	int format;
	enum sl_code code = sl_json_load(&manifest, text, len, SL_SNAPSHOT_MAX, "snapshot", err);

	if (code != SL_OK)
		return code;
	format = (int)sl_json_i64(manifest, "version", 0);
	if (format < 1 || format > SL_SNAPSHOT_FORMAT ||
		!sl_dialect_parse(&dialect, sl_json_str(manifest, "dialect", "")))
		return bad("not written by this version of Sluice", err);
	builder = sl_catalog_builder_new(dialect, (int)sl_json_i64(manifest, "engine_version", 0));
	sl_catalog_builder_set_format(builder, format);
	loading.builder = builder;
	code = load_entries(&loading, manifest, err);
	if (code == SL_OK)
		code = load_rest(&loading, manifest, err);
	if (code != SL_OK)
		return code;
	return finish(out, builder, sl_json_str(manifest, "hash", ""), err);
}
