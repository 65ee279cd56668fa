/* The catalogue's inside, for the files of this room. */
#ifndef SLUICE_SCHEMA_CATALOG_INT_H
#define SLUICE_SCHEMA_CATALOG_INT_H

#include "texts.h"
#include "trie.h"

#include "sluice/core/arena.h"
#include "sluice/core/hash.h"
#include "sluice/schema/catalog.h"

#include <stdatomic.h>

/* Memory of one catalogue, or of those that one replay makes. */
struct pool {
	atomic_uint refs;
	struct sl_arena *arena;
	struct nodes nodes; /* in the arena */
	struct texts texts; /* likewise */
	uint64_t first_edition; /* of nodes of this pool */
	const struct sl_catalog *base; /* referenced: what its catalogues share; or NULL */
};

struct property {
	const char *key, *value;
};

struct sl_catalog {
	struct pool *pool;
	enum sl_dialect dialect;
	int version;
	int format; /* of the snapshot that it is, see older.h; what was read now is of the newest
		     */
	uint64_t edition; /* of its latest node, once it is shown */
	const struct node *root; /* entities in order */
	const struct trie *names; /* the same by name */
	const struct trie *indexes; /* struct index_name: who holds it; not for MySQL */
	const struct node *links; /* struct link: who stands on a table */
	struct sl_names search_path;
	const struct property *properties; /* sorted by key */
	size_t properties_len;
	struct sl_names incomplete;
	bool uncertain;
	bool temporary; /* something is in the session's own schema, or was */
};

/* An index's or backing constraint's name in its schema's name space; kind 0, detail "". */
struct index_name {
	struct sl_entity id;
	enum sl_entity_kind owner_kind;
	const char *owner;
};

/* A table that refers to another, inherits from it or is a partition of it, or a sequence that
 * belongs to it: found by the other's schema and name.  kind 0; detail: the dependent's kind and
 * names. */
struct link {
	struct sl_entity id;
	struct sl_entity dependent;
};

/* Of what is written now.  2 holds what 1 lost: see older.c, and docs/design/snapshots.md. */
#define SL_SNAPSHOT_FORMAT 2

/* How a snapshot's hash is made: begun, then each of its objects in order, as the format has it;
 * the caller ends it. */
struct sl_sha256 *sl_snapshot_hash_begin(const struct sl_catalog *catalog, int format);
void sl_snapshot_hash_entity(struct sl_sha256 *sha, const struct sl_entity *entity);

/* Stands before every entity that a catalogue owns. */
struct remembered {
	atomic_int state; /* REMEMBERED_* */
	unsigned char hash[SL_SHA256_SIZE];
} __attribute__((aligned(16)));

enum { REMEMBERED_NOTHING, REMEMBERED_WRITING, REMEMBERED_HASH };

struct pool *sl_catalog_pool_new(const struct sl_catalog *base);
void sl_catalog_pool_unref(struct pool *pool);

/* Whether names of entities, and of what is inside them, compare without regard to case. */
bool sl_fold_entities(enum sl_dialect dialect);
bool sl_fold_parts(enum sl_dialect dialect);
bool sl_same_part(const struct sl_catalog *catalog, const char *a, const char *b);

static inline bool sl_is_mysql(enum sl_dialect dialect)
{
	return dialect == SL_DIALECT_MYSQL || dialect == SL_DIALECT_MARIADB;
}

/* Whether the name, written bare, would be another name or a keyword. */
bool sl_name_needs_quotes(enum sl_dialect dialect, const char *name);

/* Where temporary objects are kept. */
const char *sl_temp_schema(enum sl_dialect dialect);
bool sl_schema_is_main(enum sl_dialect dialect, const char *schema);

/* As sl_catalog_table(), for any kind. */
const struct sl_entity *sl_catalog_look_up(const struct sl_catalog *catalog,
	enum sl_entity_kind kind, const char *schema, const char *name, const char *detail);

/* As sl_catalog_relation(), in exactly this schema. */
const struct sl_entity *sl_catalog_relation_in(const struct sl_catalog *catalog, const char *schema,
	const char *name);

/* Of a table or view, else NULL. */
const struct sl_indexes *sl_entity_indexes(const struct sl_entity *entity);

/* Constraints and indexes have no order of their own; this one keeps equal tables equal. */
int sl_constraint_compare(const struct sl_constraint *a, const struct sl_constraint *b);
int sl_index_compare(const struct sl_index *a, const struct sl_index *b);

/* Zeroed memory for an entity of the kind, with its hash still unknown. */
void *sl_entity_new(struct sl_arena *arena, enum sl_entity_kind kind);

/* A shallow copy that may be changed: text and lists are shared with the old one. */
void *sl_entity_edit(struct sl_arena *arena, const struct sl_entity *entity);

/* Index names of a table or view, and names of keys that an index bears too; none for MySQL. */
void sl_each_index_name(const struct sl_catalog *catalog, const struct sl_entity *owner,
	void (*visit)(void *ctx, const struct sl_entity *owner, const char *name), void *ctx);

/* In exactly this schema; or NULL. */
const struct index_name *sl_index_name_find(const struct sl_catalog *catalog, const char *schema,
	const char *name);

void sl_each_link(const struct sl_entity *entity, struct sl_arena *arena,
	void (*visit)(void *ctx, struct link *link), void *ctx);

/* The dependents of the table, as they are in the catalogue now:
 *
 *	struct sl_catalog_iter it = sl_links_of(catalog, table);
 *	while ((entity = sl_next_dependent(catalog, &it, table))) ... */
struct sl_catalog_iter sl_links_of(const struct sl_catalog *catalog, const struct sl_entity *table);
const struct sl_entity *sl_next_dependent(const struct sl_catalog *catalog,
	struct sl_catalog_iter *it, const struct sl_entity *table);

/* An entity of the builder's own arena, not copied. */
struct sl_arena *sl_catalog_builder_arena(struct sl_catalog_builder *builder);
void sl_catalog_adopt(struct sl_catalog_builder *builder, struct sl_entity *entity);
void sl_catalog_builder_set_format(struct sl_catalog_builder *builder, int format);

/* Changes in place, while the catalogue is still its maker's own. */
void sl_catalog_put(struct sl_catalog *catalog, const struct sl_entity *entity);
void sl_catalog_remove(struct sl_catalog *catalog, const struct sl_entity *entity);
void sl_catalog_put_property(struct sl_catalog *catalog, const char *key, const char *value);

/* All that an empty catalogue is to hold: entities sorted and different.  Where two claim one index
 * name, it is the first's, or that of the one which has it in `like`. */
void sl_catalog_fill(struct sl_catalog *catalog, const struct sl_entity *const *entities,
	size_t len, const struct sl_catalog *like);

/* condense.c: the same catalogue in a pool of its own, which the caller owns, and which keeps
 * another catalogue too (NULL: none). */
struct sl_catalog *sl_catalog_condensed(const struct sl_catalog *catalog,
	const struct sl_catalog *keep);

#endif
