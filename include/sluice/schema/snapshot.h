/*
 * snapshot: a catalogue as bytes.  Each object is one canonical JSON text (sorted keys, UTF-8,
 * whole numbers only) named by its SHA-256; the snapshot is a list of (kind, schema, name, detail,
 * hash), and its own hash is the SHA-256 over that list in order: a Merkle tree of height one.
 * Equal structure gives equal bytes, whatever the order of building, the host or the estimates
 * beside the structure.  The store keeps each object once, by its hash; a fleet of equal tenants
 * costs one.
 *
 * The hash stands for the structure and for the format, which says how much a snapshot holds.  A
 * snapshot of an older format is read as it is; differences and what is carried over are made in
 * the oldest format at hand, so that what it could not hold is no difference.
 *
 * Temporary objects are never part of a snapshot.  Engine version, search path, estimates and the
 * list of what is missing (incomplete) stand in the manifest beside the hash and do not change it.
 */
#ifndef SLUICE_SCHEMA_SNAPSHOT_H
#define SLUICE_SCHEMA_SNAPSHOT_H

#include "sluice/core/buf.h"
#include "sluice/core/hash.h"
#include "sluice/schema/catalog.h"

/* Most bytes of a manifest or document that is read. */
#define SL_SNAPSHOT_MAX ((size_t)256 * 1024 * 1024)

/* The snapshot's hash; objects' hashes are computed once and remembered. */
void sl_snapshot_hash(const struct sl_catalog *catalog, char out[SL_SHA256_HEX])
	__attribute__((nonnull));

/* The format in which the hash is the snapshot's: its own, or an earlier version's.  0 for none,
 * and for "". */
int sl_snapshot_format(const struct sl_catalog *catalog, const char *hash) __attribute__((nonnull));

/* Whether an object differs between the two that the format shows as the same. */
bool sl_snapshot_hides(const struct sl_catalog *a, const struct sl_catalog *b, int format)
	__attribute__((nonnull));

/* Whether the hash is the snapshot's, in its own format or as an earlier version would have taken
 * it. False for "". */
bool sl_snapshot_is(const struct sl_catalog *catalog, const char *hash) __attribute__((nonnull));

/* The object's hash; the object must be a catalogue's own. */
void sl_entity_hash(const struct sl_entity *entity, char out[SL_SHA256_HEX])
	__attribute__((nonnull));

/* Appends the object's canonical JSON. */
void sl_entity_json(const struct sl_entity *entity, struct sl_buf *out) __attribute__((nonnull));

/* Appends the manifest: {"dialect","hash","incomplete","objects":[{"hash","kind","name",...}],
 * "properties","search_path","version","engine_version"}. */
void sl_snapshot_manifest(const struct sl_catalog *catalog, struct sl_buf *out)
	__attribute__((nonnull));

/* Appends the whole as one JSON document: the manifest with each object's text inside. */
void sl_snapshot_document(const struct sl_catalog *catalog, struct sl_buf *out)
	__attribute__((nonnull));

/* Appends SQL that makes the schema anew: a header comment, then the objects in an order in which
 * they can be created (foreign keys last), deterministic.  Restorable as far as the definitions
 * are; what is incomplete is said in comments. */
void sl_snapshot_sql(const struct sl_catalog *catalog, struct sl_buf *out) __attribute__((nonnull));

/* Appends the SQL of one object as sl_snapshot_sql() writes it, with its indexes, constraints and
 * comments. */
void sl_entity_sql(enum sl_dialect dialect, const struct sl_entity *entity, struct sl_buf *out)
	__attribute__((nonnull));

/* What base becomes when something led from before to after: objects that differ between these two
 * are as after has them, all others as base has them.  With base equal to before the answer equals
 * after.  All three of one database; the answer is of their oldest format; the caller owns one
 * reference. */
const struct sl_catalog *sl_snapshot_carry(const struct sl_catalog *base,
	const struct sl_catalog *before, const struct sl_catalog *after)
	__attribute__((nonnull, returns_nonnull, warn_unused_result));

/* The structure that has this hash and each of whose objects is as a has it or as b has it, where
 * few enough differ to try them all; else NULL.  The hash proves it, object by object.  The caller
 * owns one reference. */
const struct sl_catalog *sl_snapshot_between(const struct sl_catalog *a, const struct sl_catalog *b,
	const char *hash) __attribute__((nonnull, warn_unused_result));

/* Where the text of an object comes from, by its hash.  *text is borrowed until the next call. */
struct sl_entity_source {
	enum sl_code (*get)(void *ctx, const char *hash, const char **text, size_t *len,
		struct sl_error *err);
	void *ctx;
};

/* From a manifest and the objects' source, or from a document (source NULL).  Hashes are verified.
 * The caller owns one reference.  SL_EINVAL for anything that was not written by the above. */
enum sl_code sl_snapshot_load(const struct sl_catalog **out, const char *text, size_t len,
	const struct sl_entity_source *source, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2)));

#endif
