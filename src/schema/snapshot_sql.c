/* The snapshot as SQL that can be run: what others stand on comes first. */
#include "sluice/schema/snapshot.h"

#include "catalog_int.h"
#include "dependents.h"
#include "render.h"

#include "sluice/core/escape.h"
#include "sluice/core/map.h"

#include <string.h>

struct writer {
	const struct sl_catalog *catalog;
	struct sl_buf *out;
	struct sl_map *done; /* "schema.name" of relations that stand */
	struct sl_arena *arena;
};

static const char *full_name(const struct writer *writer, const struct sl_entity *entity)
{
	return sl_arena_printf(writer->arena, "%s.%s", entity->schema, entity->name);
}

static bool parents_stand(const struct writer *writer, const struct sl_table *table)
{
	if (table->partition_of && !sl_map_get(writer->done, table->partition_of))
		return false;
	for (size_t i = 0; i < table->inherits.len; i++) {
		if (!sl_map_get(writer->done, table->inherits.at[i]))
			return false;
	}
	return true;
}

/* A view that is read by this one and does not stand yet. */
static bool views_stand(const struct writer *writer, const struct sl_view *view)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(writer->catalog, SL_ENTITY_VIEW);
	const struct sl_entity *other;

	while ((other = sl_catalog_next(&it))) {
		if (other != &view->id && !sl_map_get(writer->done, full_name(writer, other)) &&
			sl_view_reads(writer->catalog, view, other, NULL))
			return false;
	}
	return true;
}

static bool stands_on_what_is_there(const struct writer *writer, const struct sl_entity *entity)
{
	if (entity->kind == SL_ENTITY_TABLE)
		return parents_stand(writer, sl_as_table(entity));
	if (entity->kind == SL_ENTITY_VIEW)
		return views_stand(writer, sl_as_view(entity));
	return true;
}

/* Goes over the kind until a pass adds nothing; what is left then stands in a circle, or on what
 * the snapshot does not hold, and comes in the order of names. */
static void write_kind(struct writer *writer, enum sl_entity_kind kind)
{
	bool progress = true, force = false;

	while (progress || !force) {
		struct sl_catalog_iter it = sl_catalog_each_kind(writer->catalog, kind);
		const struct sl_entity *entity;

		force = !progress;
		progress = false;
		while ((entity = sl_catalog_next(&it))) {
			const char *key = sl_arena_printf(writer->arena, "%s.%s%s%s",
				entity->schema, entity->name, *entity->detail ? " " : "",
				entity->detail);

			if (sl_entity_temporary(entity) || sl_map_get(writer->done, key) ||
				(!force && !stands_on_what_is_there(writer, entity)))
				continue;
			sl_map_put(writer->done, key, writer->done);
			sl_render_entity(writer->out, writer->catalog->dialect, entity);
			progress = true;
		}
	}
}

static bool parent_has_index(const struct writer *writer, const struct sl_entity *owner,
	const struct sl_index *index)
{
	const char *of = owner->kind == SL_ENTITY_TABLE ? sl_as_table(owner)->partition_of : NULL;
	const char *dot = of ? strchr(of, '.') : NULL;
	const struct sl_table *parent;
	sl_auto_buf struct sl_buf mine = SL_BUF_INIT(1 << 20), theirs = SL_BUF_INIT(1 << 20);

	if (!dot)
		return false;
	parent = sl_catalog_table(writer->catalog,
		sl_arena_strndup(writer->arena, of, (size_t)(dot - of)), dot + 1);
	sl_render_index(&mine, writer->catalog->dialect, index);
	for (size_t i = 0; parent && i < parent->indexes.len; i++) {
		sl_buf_clear(&theirs);
		sl_render_index(&theirs, writer->catalog->dialect, &parent->indexes.at[i]);
		if (strcmp(sl_buf_str(&mine), sl_buf_str(&theirs)) == 0)
			return true;
	}
	return false;
}

static void write_indexes(struct writer *writer)
{
	struct sl_catalog_iter it = sl_catalog_each(writer->catalog);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		const struct sl_indexes *indexes = sl_entity_indexes(entity);

		if (sl_entity_temporary(entity) ||
			sl_render_indexes_inside(writer->catalog->dialect, entity))
			continue;
		for (size_t i = 0; indexes && i < indexes->len; i++) {
			if (!parent_has_index(writer, entity, &indexes->at[i]))
				sl_render_create_index(writer->out, writer->catalog->dialect,
					entity, &indexes->at[i]);
		}
	}
}

static void write_later_constraints(struct writer *writer)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(writer->catalog, SL_ENTITY_TABLE);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		const struct sl_table *table = sl_as_table(entity);

		for (size_t i = 0; i < table->constraints.len; i++) {
			if (sl_render_later(writer->catalog->dialect, &table->constraints.at[i]) &&
				!table->temporary && !table->partition_of)
				sl_render_add_constraint(writer->out, writer->catalog->dialect,
					entity, &table->constraints.at[i]);
		}
	}
}

static void write_owners_of_sequences(struct writer *writer)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(writer->catalog, SL_ENTITY_SEQUENCE);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		if (!sl_as_sequence(entity)->owned_by)
			continue;
		sl_buf_adds(writer->out, "alter sequence ");
		sl_render_qualified(writer->out, writer->catalog->dialect, entity->schema,
			entity->name);
		sl_buf_addf(writer->out, " owned by %s;\n", sl_as_sequence(entity)->owned_by);
	}
}

/* A comment ends with its line, so nothing in it may. */
static void write_remark(struct sl_buf *out, const char *key, const char *value)
{
	sl_buf_addf(out, "-- %s: ", key);
	sl_escape_terminal(out, value, strlen(value));
	sl_buf_addc(out, '\n');
}

static void write_head(const struct writer *writer)
{
	const struct sl_catalog *catalog = writer->catalog;
	char hash[SL_SHA256_HEX];

	sl_snapshot_hash(catalog, hash);
	sl_buf_addf(writer->out, "-- Sluice snapshot of a %s schema, sha256 %s\n",
		sl_dialect_name(catalog->dialect), hash);
	for (size_t i = 0; i < catalog->incomplete.len; i++)
		write_remark(writer->out, "incomplete", catalog->incomplete.at[i]);
	for (size_t i = 0; i < catalog->properties_len; i++)
		write_remark(writer->out, catalog->properties[i].key, catalog->properties[i].value);
	if (catalog->dialect == SL_DIALECT_POSTGRES)
		sl_buf_adds(writer->out,
			"set check_function_bodies = off;\nset search_path = '';\n");
	if (sl_is_mysql(catalog->dialect))
		sl_buf_adds(writer->out,
			"set names utf8mb4;\nset sql_mode = '', foreign_key_checks = 0;\n");
}

void sl_snapshot_sql(const struct sl_catalog *catalog, struct sl_buf *out)
{
	static const enum sl_entity_kind first[] = { SL_ENTITY_SCHEMA, SL_ENTITY_EXTENSION,
		SL_ENTITY_TYPE, SL_ENTITY_SEQUENCE, SL_ENTITY_ROUTINE, SL_ENTITY_TABLE,
		SL_ENTITY_VIEW };
	sl_auto(sl_map_free_p) struct sl_map *done = sl_map_new();
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct writer writer = { catalog, out, done, arena };
	struct sl_catalog_iter it = sl_catalog_each(catalog);
	const struct sl_entity *entity;

	write_head(&writer);
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		write_kind(&writer, first[i]);
	write_owners_of_sequences(&writer);
	write_indexes(&writer);
	write_later_constraints(&writer);
	write_kind(&writer, SL_ENTITY_TRIGGER);
	write_kind(&writer, SL_ENTITY_PLAIN);
	while ((entity = sl_catalog_next(&it)))
		sl_render_comments(out, catalog->dialect, entity);
}

void sl_entity_sql(enum sl_dialect dialect, const struct sl_entity *entity, struct sl_buf *out)
{
	const struct sl_indexes *indexes = sl_entity_indexes(entity);

	sl_render_entity(out, dialect, entity);
	for (size_t i = 0; indexes && i < indexes->len; i++)
		sl_render_create_index(out, dialect, entity, &indexes->at[i]);
	if (entity->kind == SL_ENTITY_TABLE) {
		const struct sl_constraints *constraints = &sl_as_table(entity)->constraints;

		for (size_t i = 0; i < constraints->len; i++) {
			if (sl_render_later(dialect, &constraints->at[i]))
				sl_render_add_constraint(out, dialect, entity, &constraints->at[i]);
		}
	}
	sl_render_comments(out, dialect, entity);
}
