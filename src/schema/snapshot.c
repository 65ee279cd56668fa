#include "sluice/schema/snapshot.h"

#include "catalog_int.h"
#include "older.h"
#include "shape.h"

#include "sluice/core/json.h"
#include "sluice/core/str.h"

#include <assert.h>
#include <stdio.h>

#define ENTITY_MAX ((size_t)64 * 1024 * 1024)

static struct remembered *remembered_of(const struct sl_entity *entity)
{
	uintptr_t at = (uintptr_t)entity - sizeof(struct remembered);
	struct remembered *remembered;

	memcpy(&remembered, &at, sizeof(remembered));
	return remembered;
}

static void compute_hash(const struct sl_entity *entity, unsigned char out[SL_SHA256_SIZE])
{
	sl_auto_buf struct sl_buf json = SL_BUF_INIT(ENTITY_MAX);
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = sl_sha256_new();

	sl_shape_write(sl_shape_of(entity->kind), entity, &json);
	sl_sha256_add(sha, sl_buf_str(&json), json.len);
	sl_sha256_end(sha, out);
}

/* Two threads may compute it at once; one of them keeps it. */
static void entity_hash(const struct sl_entity *entity, unsigned char out[SL_SHA256_SIZE])
{
	struct remembered *remembered = remembered_of(entity);
	int nothing = REMEMBERED_NOTHING;

	if (atomic_load_explicit(&remembered->state, memory_order_acquire) == REMEMBERED_HASH) {
		memcpy(out, remembered->hash, SL_SHA256_SIZE);
		return;
	}
	compute_hash(entity, out);
	if (atomic_compare_exchange_strong(&remembered->state, &nothing, REMEMBERED_WRITING)) {
		memcpy(remembered->hash, out, SL_SHA256_SIZE);
		atomic_store_explicit(&remembered->state, REMEMBERED_HASH, memory_order_release);
	}
}

void sl_entity_hash(const struct sl_entity *entity, char out[SL_SHA256_HEX])
{
	unsigned char hash[SL_SHA256_SIZE];

	entity_hash(entity, hash);
	sl_hex(hash, sizeof(hash), out);
}

void sl_entity_json(const struct sl_entity *entity, struct sl_buf *out)
{
	sl_shape_write(sl_shape_of(entity->kind), entity, out);
}

struct sl_sha256 *sl_snapshot_hash_begin(const struct sl_catalog *catalog, int format)
{
	struct sl_sha256 *sha = sl_sha256_new();
	char first[40];

	(void)snprintf(first, sizeof(first), "sluice snapshot %d", format);
	sl_sha256_add_str(sha, first);
	sl_sha256_add_str(sha, sl_dialect_name(catalog->dialect));
	for (size_t i = 0; i < catalog->properties_len; i++) {
		sl_sha256_add_str(sha, catalog->properties[i].key);
		sl_sha256_add_str(sha, catalog->properties[i].value);
	}
	return sha;
}

void sl_snapshot_hash_entity(struct sl_sha256 *sha, const struct sl_entity *entity)
{
	unsigned char hash[SL_SHA256_SIZE];

	entity_hash(entity, hash);
	sl_sha256_add_str(sha, sl_entity_kind_name(entity->kind));
	sl_sha256_add_str(sha, entity->schema);
	sl_sha256_add_str(sha, entity->name);
	sl_sha256_add_str(sha, entity->detail);
	sl_sha256_add(sha, hash, sizeof(hash));
}

static void hash_in_format(const struct sl_catalog *catalog, int format, char out[SL_SHA256_HEX])
{
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = sl_snapshot_hash_begin(catalog, format);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_catalog_iter it = sl_catalog_each(catalog);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		if (!sl_entity_temporary(entity))
			entity = sl_entity_older(arena, entity, format);
		if (entity && !sl_entity_temporary(entity))
			sl_snapshot_hash_entity(sha, entity);
	}
	sl_sha256_end_hex(sha, out);
}

void sl_snapshot_hash(const struct sl_catalog *catalog, char out[SL_SHA256_HEX])
{
	hash_in_format(catalog, catalog->format, out);
}

int sl_snapshot_format(const struct sl_catalog *catalog, const char *hash)
{
	char own[SL_SHA256_HEX];

	for (int format = catalog->format; format >= 1 && *hash; format--) {
		hash_in_format(catalog, format, own);
		if (strcmp(own, hash) == 0)
			return format;
	}
	return 0;
}

bool sl_snapshot_is(const struct sl_catalog *catalog, const char *hash)
{
	return sl_snapshot_format(catalog, hash) != 0;
}

static bool alike(struct sl_arena *arena, const struct sl_entity *a, const struct sl_entity *b,
	int format)
{
	unsigned char x[SL_SHA256_SIZE], y[SL_SHA256_SIZE];

	a = a ? sl_entity_older(arena, a, format) : NULL;
	b = b ? sl_entity_older(arena, b, format) : NULL;
	if (!a || !b)
		return a == b;
	entity_hash(a, x);
	entity_hash(b, y);
	return memcmp(x, y, sizeof(x)) == 0;
}

bool sl_snapshot_hides(const struct sl_catalog *a, const struct sl_catalog *b, int format)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_catalog *const sides[] = { a, b, a };
	const int both = sl_oldest(a->format, b->format);

	for (size_t i = 0; i < 2 && format < both; i++) {
		struct sl_catalog_iter it = sl_catalog_each(sides[i]);
		const struct sl_entity *one, *other;

		while ((one = sl_catalog_next(&it))) {
			other = sl_catalog_find(sides[i + 1], one->kind, one->schema, one->name,
				one->detail);
			if (!sl_entity_temporary(one) && alike(arena, one, other, format) &&
				!alike(arena, one, other, both))
				return true;
		}
	}
	return false;
}

static void write_names(const struct sl_names *names, struct sl_buf *out)
{
	sl_buf_addc(out, '[');
	for (size_t i = 0; i < names->len; i++) {
		if (i > 0)
			sl_buf_addc(out, ',');
		sl_shape_write_text(names->at[i], out);
	}
	sl_buf_addc(out, ']');
}

static void write_key(struct sl_buf *out, const char *key)
{
	sl_buf_addf(out, "\"%s\":", key);
}

static void write_pair(struct sl_buf *out, const char *key, const char *value)
{
	if (!*value)
		return;
	sl_buf_addc(out, ',');
	write_key(out, key);
	sl_shape_write_text(value, out);
}

/* Estimates stand beside the structure. */
static void write_estimates(const struct sl_entity *entity, struct sl_buf *out)
{
	const struct sl_table *table;

	if (entity->kind != SL_ENTITY_TABLE)
		return;
	table = sl_as_table(entity);
	if (table->rows >= 0)
		sl_buf_addf(out, ",\"rows\":%lld", (long long)table->rows);
}

static void write_bytes(const struct sl_entity *entity, struct sl_buf *out)
{
	if (entity->kind == SL_ENTITY_TABLE && sl_as_table(entity)->bytes >= 0)
		sl_buf_addf(out, "\"bytes\":%lld,", (long long)sl_as_table(entity)->bytes);
}

static void write_entry(const struct sl_entity *entity, bool whole, struct sl_buf *out)
{
	unsigned char hash[SL_SHA256_SIZE];
	char hex[SL_SHA256_HEX];

	entity_hash(entity, hash);
	sl_buf_addc(out, '{');
	write_bytes(entity, out);
	if (whole) {
		write_key(out, "definition");
		sl_shape_write(sl_shape_of(entity->kind), entity, out);
		sl_buf_addc(out, ',');
	} else if (*entity->detail) {
		write_key(out, "detail");
		sl_shape_write_text(entity->detail, out);
		sl_buf_addc(out, ',');
	}
	sl_buf_addf(out, "\"hash\":\"%s\",", sl_hex(hash, sizeof(hash), hex));
	write_key(out, "kind");
	sl_shape_write_text(sl_entity_kind_name(entity->kind), out);
	write_pair(out, "name", entity->name);
	write_estimates(entity, out);
	write_pair(out, "schema", entity->schema);
	sl_buf_addc(out, '}');
}

static void write_entries(const struct sl_catalog *catalog, bool whole, struct sl_buf *out)
{
	struct sl_catalog_iter it = sl_catalog_each(catalog);
	const struct sl_entity *entity;
	bool first = true;

	sl_buf_addc(out, '[');
	while ((entity = sl_catalog_next(&it))) {
		if (sl_entity_temporary(entity))
			continue;
		if (!first)
			sl_buf_addc(out, ',');
		first = false;
		write_entry(entity, whole, out);
	}
	sl_buf_addc(out, ']');
}

static void write_properties(const struct sl_catalog *catalog, struct sl_buf *out)
{
	sl_buf_addc(out, '{');
	for (size_t i = 0; i < catalog->properties_len; i++) {
		if (i > 0)
			sl_buf_addc(out, ',');
		sl_shape_write_text(catalog->properties[i].key, out);
		sl_buf_addc(out, ':');
		sl_shape_write_text(catalog->properties[i].value, out);
	}
	sl_buf_addc(out, '}');
}

static void write_snapshot(const struct sl_catalog *catalog, bool whole, struct sl_buf *out)
{
	char hash[SL_SHA256_HEX];

	sl_snapshot_hash(catalog, hash);
	sl_buf_addf(out,
		"{\"dialect\":\"%s\",\"engine_version\":%d,\"hash\":\"%s\",\"incomplete\":",
		sl_dialect_name(catalog->dialect), catalog->version, hash);
	write_names(&catalog->incomplete, out);
	sl_buf_adds(out, ",\"objects\":");
	write_entries(catalog, whole, out);
	sl_buf_adds(out, ",\"properties\":");
	write_properties(catalog, out);
	sl_buf_adds(out, ",\"search_path\":");
	write_names(&catalog->search_path, out);
	sl_buf_addf(out, ",\"version\":%d}", catalog->format);
}

void sl_snapshot_manifest(const struct sl_catalog *catalog, struct sl_buf *out)
{
	write_snapshot(catalog, false, out);
}

void sl_snapshot_document(const struct sl_catalog *catalog, struct sl_buf *out)
{
	write_snapshot(catalog, true, out);
}
