/* Parts of the catalogue as readable SQL: shared by the snapshot's text and by differences. */
#ifndef SLUICE_SCHEMA_RENDER_H
#define SLUICE_SCHEMA_RENDER_H

#include "sluice/core/buf.h"
#include "sluice/schema/catalog.h"

/* The name, in quotes where it needs them. */
void sl_render_name(struct sl_buf *out, enum sl_dialect dialect, const char *name);

/* schema.name; the name alone where there is no schema. */
void sl_render_qualified(struct sl_buf *out, enum sl_dialect dialect, const char *schema,
	const char *name);

/* "(a, b)" */
void sl_render_names(struct sl_buf *out, enum sl_dialect dialect, const struct sl_names *names);

/* 'text'; MySQL: as it is read without NO_BACKSLASH_ESCAPES. */
void sl_render_string(struct sl_buf *out, enum sl_dialect dialect, const char *text);

/* Without the name: "text not null default 'x'". */
void sl_render_column(struct sl_buf *out, enum sl_dialect dialect, const struct sl_column *column);

/* As CREATE TABLE and ADD COLUMN take it: without the storage, which PostgreSQL before 16 takes in
 * an ALTER only. */
void sl_render_new_column(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_column *column);

/* ALTER TABLE ... SET STORAGE where it is not as usual. */
void sl_render_storage(struct sl_buf *out, enum sl_dialect dialect, const struct sl_entity *table,
	const struct sl_column *column);

/* Without the name: "foreign key (a) references b (id) on delete cascade". */
void sl_render_constraint(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_constraint *constraint);

/* "unique using btree (a, lower(b) desc) where c > 0", without name and table. */
void sl_render_index(struct sl_buf *out, enum sl_dialect dialect, const struct sl_index *index);

/* The whole statement, with its terminator and a line end. */
void sl_render_create_index(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_entity *owner, const struct sl_index *index);

/* Whether the constraint is added after all tables stand: foreign keys, and those that are not
 * valid, which CREATE TABLE would make valid. */
bool sl_render_later(enum sl_dialect dialect, const struct sl_constraint *constraint);

/* Whether indexes stand inside CREATE TABLE: MySQL wants the key of an AUTO_INCREMENT there. */
bool sl_render_indexes_inside(enum sl_dialect dialect, const struct sl_entity *owner);

/* "unique key a (b)": a line of CREATE TABLE. */
void sl_render_key(struct sl_buf *out, enum sl_dialect dialect, const struct sl_index *index);

/* What makes the object, without indexes, comments and later constraints: terminated by a line end.
 */
void sl_render_entity(struct sl_buf *out, enum sl_dialect dialect, const struct sl_entity *entity);

/* What follows once the whole schema stands. */
void sl_render_also(struct sl_buf *out, const struct sl_entity *entity);

/* COMMENT ON statements of the object and its parts; nothing where the dialect has none. */
void sl_render_comments(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_entity *entity);

/* ALTER TABLE ... ADD [CONSTRAINT ...] ...; */
void sl_render_add_constraint(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_entity *table, const struct sl_constraint *constraint);

#endif
