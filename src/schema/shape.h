/*
 * shape: the fields of the catalogue's structs as rows of tables.  Copying, canonical JSON and
 * reading it back walk the rows, so that a field is declared once.
 */
#ifndef SLUICE_SCHEMA_SHAPE_H
#define SLUICE_SCHEMA_SHAPE_H

#include "texts.h"

#include "sluice/core/arena.h"
#include "sluice/core/buf.h"
#include "sluice/core/json.h"
#include "sluice/schema/catalog.h"

enum field_type {
	FIELD_TEXT, /* NULL is "", left out when "" */
	FIELD_OPTIONAL, /* left out when NULL */
	FIELD_BOOL, /* left out when false */
	FIELD_INT,
	FIELD_ENUM, /* left out when the first, unless always */
	FIELD_NAMES, /* left out when empty */
	FIELD_LIST /* of structs with their own shape; left out when empty */
};

struct shape;

struct field {
	const char *key;
	size_t offset;
	enum field_type type;
	bool beside; /* copied, never written */
	bool always; /* written even when it is the first word */
	const char *const *words; /* of an enum, NULL-terminated */
	const struct shape *of; /* of a list */
};

/* Rows are in the order of their keys: the JSON is canonical as written. */
struct shape {
	size_t size;
	const struct field *fields;
	size_t len;
};

const struct shape *sl_shape_of(enum sl_entity_kind kind);
extern const struct shape sl_shape_column, sl_shape_constraint, sl_shape_index;

/* Every field of from into to, deeply. */
void sl_shape_copy(const struct shape *shape, struct texts *texts, const void *from, void *to);

/* {"key":value,...} */
void sl_shape_write(const struct shape *shape, const void *from, struct sl_buf *out);

/* SL_EINVAL for unknown keys and wrong types; to is zeroed memory. */
enum sl_code sl_shape_read(const struct shape *shape, struct sl_arena *arena, const json_t *from,
	void *to, struct sl_error *err) __attribute__((warn_unused_result));

/* The field's value for people, or NULL when it is left out. */
const char *sl_shape_text(struct sl_arena *arena, const struct field *field, const void *from);

/* A JSON string; bytes that are no UTF-8 become U+FFFD. */
void sl_shape_write_text(const char *text, struct sl_buf *out);

#endif
