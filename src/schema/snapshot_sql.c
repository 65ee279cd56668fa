/* The snapshot as SQL that can be run: what others stand on comes first. */
#include "sluice/schema/snapshot.h"

#include "catalog_int.h"
#include "dependents.h"
#include "render.h"

#include "sluice/core/escape.h"
#include "sluice/core/map.h"
#include "sluice/core/vec.h"

#include <ctype.h>

#define TEXT_MAX ((size_t)64 << 20)

#include <string.h>

struct writer {
	const struct sl_catalog *catalog;
	struct sl_buf *out;
	struct sl_map *pending; /* "schema.name" of what does not stand yet */
	struct sl_arena *arena;
	struct sl_buf text; /* of the object at hand */

	struct {
		SL_VEC(const struct sl_entity *);
	} waiting; /* in order; NULL once written */
};

/* --- what stands on what -------------------------------------------------------------------- */

static const char *full_name(const struct writer *writer, const struct sl_entity *entity)
{
	return sl_arena_printf(writer->arena, "%s.%s", entity->schema, entity->name);
}

static bool parents_stand(const struct writer *writer, const struct sl_table *table)
{
	if (table->partition_of && sl_map_get(writer->pending, table->partition_of))
		return false;
	for (size_t i = 0; i < table->inherits.len; i++) {
		if (sl_map_get(writer->pending, table->inherits.at[i]))
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
		if (other != &view->id && sl_map_get(writer->pending, full_name(writer, other)) &&
			sl_view_reads(writer->catalog, view, other, NULL))
			return false;
	}
	return true;
}

/* A name as it stands in SQL, in quotes or bare: into *name; what follows it, or NULL. */
static const char *take_name(struct sl_buf *name, const char *c)
{
	sl_buf_clear(name);
	if (*c != '"') {
		for (; isalnum((unsigned char)*c) || (unsigned char)*c >= 0x80 ||
			(*c && strchr("_$", *c));
			c++)
			sl_buf_addc(name, *c);
		return name->len > 0 ? c : NULL;
	}
	for (c++; *c && (*c != '"' || c[1] == '"'); c++) {
		c += *c == '"';
		sl_buf_addc(name, *c);
	}
	return *c ? c + 1 : NULL;
}

/* PostgreSQL prints every name with its schema: "a.b" that does not stand yet, in a string too, is
 * waited for.  The object's own name is no such mention. */
static bool mentions_pending(const struct writer *writer, const char *text, size_t len,
	const char *own)
{
	sl_auto_buf struct sl_buf name = SL_BUF_INIT(TEXT_MAX), pair = SL_BUF_INIT(TEXT_MAX);
	const char *c = text, *end = text + len;

	while (c < end) {
		const char *after = take_name(&name, c);

		if (!after) {
			c++;
			continue;
		}
		c = after;
		if (*c != '.')
			continue;
		sl_buf_clear(&pair);
		sl_buf_addf(&pair, "%s.", sl_buf_str(&name));
		if (!take_name(&name, c + 1))
			continue;
		sl_buf_adds(&pair, sl_buf_str(&name));
		if (strcmp(sl_buf_str(&pair), own) != 0 &&
			sl_map_get(writer->pending, sl_buf_str(&pair)))
			return true;
	}
	return false;
}

/* The body of a routine is only text, unless it is SQL's own. */
static size_t checked_length(const struct sl_entity *entity, const char *text, size_t len)
{
	const char *body = entity->kind == SL_ENTITY_ROUTINE ? strstr(text, "\nAS ") : NULL;

	return body ? (size_t)(body - text) : len;
}

static bool stands_on_what_is_there(struct writer *writer, const struct sl_entity *entity)
{
	const char *text = sl_buf_str(&writer->text);

	if (entity->kind == SL_ENTITY_TABLE && !parents_stand(writer, sl_as_table(entity)))
		return false;
	if (writer->catalog->dialect == SL_DIALECT_POSTGRES)
		return !mentions_pending(writer, text,
			checked_length(entity, text, writer->text.len), full_name(writer, entity));
	return entity->kind != SL_ENTITY_VIEW || views_stand(writer, sl_as_view(entity));
}

/* --- the objects ---------------------------------------------------------------------------- */

static bool write_one(struct writer *writer, size_t i, bool force)
{
	const struct sl_entity *entity = writer->waiting.at[i];

	sl_buf_clear(&writer->text);
	sl_render_entity(&writer->text, writer->catalog->dialect, entity);
	if (!force && !stands_on_what_is_there(writer, entity))
		return false;
	sl_buf_add(writer->out, sl_buf_str(&writer->text), writer->text.len);
	sl_map_remove(writer->pending, full_name(writer, entity));
	writer->waiting.at[i] = NULL;
	return true;
}

/* Goes over them until a pass adds nothing.  What is left then stands in a circle: its first one is
 * written all the same. */
static void write_waiting(struct writer *writer)
{
	bool progress = true, force = false, left = true;

	while (left) {
		force = !progress;
		progress = left = false;
		for (size_t i = 0; i < writer->waiting.len; i++) {
			if (!writer->waiting.at[i])
				continue;
			if (!write_one(writer, i, force)) {
				left = true;
				continue;
			}
			progress = true;
			force = false;
		}
	}
	writer->waiting.len = 0;
}

/* detail: of plain objects, which; NULL: all that were not named. */
static void wait_for(struct writer *writer, enum sl_entity_kind kind, const char *detail)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(writer->catalog, kind);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		if (sl_entity_temporary(entity) || (detail && strcmp(detail, entity->detail) != 0))
			continue;
		*sl_vec_add(&writer->waiting) = entity;
		sl_map_put(writer->pending, full_name(writer, entity), writer);
	}
}

/* Plain objects that others are made with; the rest stand on tables. */
static const char *const early[] = { "collation", "foreign data wrapper", "server",
	"text search dictionary", "text search configuration" };
static const char cast[] = "cast";

static bool is_early(const struct sl_entity *entity)
{
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
		if (strcmp(entity->detail, early[i]) == 0)
			return true;
	}
	return strcmp(entity->detail, cast) == 0;
}

static void write_first(struct writer *writer)
{
	static const enum sl_entity_kind kinds[] = { SL_ENTITY_TYPE, SL_ENTITY_SEQUENCE,
		SL_ENTITY_ROUTINE, SL_ENTITY_TABLE, SL_ENTITY_VIEW };

	wait_for(writer, SL_ENTITY_SCHEMA, NULL);
	write_waiting(writer);
	wait_for(writer, SL_ENTITY_EXTENSION, NULL);
	write_waiting(writer);
	for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++)
		wait_for(writer, SL_ENTITY_PLAIN, early[i]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i] == SL_ENTITY_TABLE)
			wait_for(writer, SL_ENTITY_PLAIN, cast);
		wait_for(writer, kinds[i], NULL);
	}
	write_waiting(writer);
}

static bool is_event_trigger(const struct sl_entity *entity)
{
	return strcmp(entity->detail, "event trigger") == 0;
}

static void write_last(struct writer *writer, enum sl_entity_kind kind)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(writer->catalog, kind);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		if (kind == SL_ENTITY_TRIGGER || (!is_early(entity) && !is_event_trigger(entity)))
			sl_render_entity(writer->out, writer->catalog->dialect, entity);
	}
}

/* They would fire for all that is made after them. */
static void write_event_triggers(struct writer *writer)
{
	struct sl_catalog_iter it = sl_catalog_each_kind(writer->catalog, SL_ENTITY_PLAIN);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		if (!is_event_trigger(entity))
			continue;
		sl_render_entity(writer->out, writer->catalog->dialect, entity);
		sl_render_also(writer->out, entity);
	}
}

static void write_comments(struct writer *writer)
{
	struct sl_catalog_iter it = sl_catalog_each(writer->catalog);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it)))
		sl_render_comments(writer->out, writer->catalog->dialect, entity);
	it = sl_catalog_each(writer->catalog);
	while ((entity = sl_catalog_next(&it))) {
		if (entity->kind != SL_ENTITY_PLAIN || !is_event_trigger(entity))
			sl_render_also(writer->out, entity);
	}
}

/* How many tables it is a partition below. */
static int depth_of(const struct writer *writer, const struct sl_entity *entity)
{
	int depth = 0;

	while (entity && entity->kind == SL_ENTITY_TABLE && sl_as_table(entity)->partition_of) {
		const char *of = sl_as_table(entity)->partition_of, *dot = strchr(of, '.');
		const struct sl_table *parent = !dot ?
			NULL :
			sl_catalog_table(writer->catalog,
				sl_arena_strndup(writer->arena, of, (size_t)(dot - of)), dot + 1);

		entity = parent ? &parent->id : NULL;
		depth++;
	}
	return depth;
}

static void write_indexes_of(const struct writer *writer, const struct sl_entity *entity)
{
	const struct sl_indexes *indexes = sl_entity_indexes(entity);

	if (sl_render_indexes_inside(writer->catalog->dialect, entity))
		return;
	for (size_t i = 0; indexes && i < indexes->len; i++)
		sl_render_create_index(writer->out, writer->catalog->dialect, entity,
			&indexes->at[i]);
}

static void write_constraints_of(const struct writer *writer, const struct sl_entity *entity)
{
	const struct sl_constraints *constraints;

	if (entity->kind != SL_ENTITY_TABLE)
		return;
	constraints = &sl_as_table(entity)->constraints;
	for (size_t i = 0; i < constraints->len; i++) {
		if (sl_render_later(writer->catalog->dialect, &constraints->at[i]))
			sl_render_add_constraint(writer->out, writer->catalog->dialect, entity,
				&constraints->at[i]);
	}
}

/* Partitions before what they are partitions of, which then finds theirs, by the names that they
 * have, instead of making its own. */
static void write_deepest_first(const struct writer *writer,
	void (*write)(const struct writer *writer, const struct sl_entity *entity))
{
	struct sl_catalog_iter it = sl_catalog_each(writer->catalog);
	const struct sl_entity *entity;
	int deepest = 0;

	while ((entity = sl_catalog_next(&it))) {
		int depth = depth_of(writer, entity);

		deepest = depth > deepest ? depth : deepest;
	}
	for (int depth = deepest; depth >= 0; depth--) {
		it = sl_catalog_each(writer->catalog);
		while ((entity = sl_catalog_next(&it))) {
			if (!sl_entity_temporary(entity) && depth_of(writer, entity) == depth)
				write(writer, entity);
		}
	}
}

/* "schema.table.column", any of which may have dots of its own: the table that there is decides. */
static void write_owner(const struct writer *writer, const char *owner)
{
	enum sl_dialect dialect = writer->catalog->dialect;

	for (const char *dot = strchr(owner, '.'); dot; dot = strchr(dot + 1, '.')) {
		const char *schema = sl_arena_strndup(writer->arena, owner, (size_t)(dot - owner));

		for (const char *last = strchr(dot + 1, '.'); last; last = strchr(last + 1, '.')) {
			const char *name = sl_arena_strndup(writer->arena, dot + 1,
				(size_t)(last - dot - 1));
			const struct sl_table *table = sl_catalog_table(writer->catalog, schema,
				name);

			if (!table || !sl_table_column(writer->catalog, table, last + 1))
				continue;
			sl_render_qualified(writer->out, dialect, schema, name);
			sl_buf_addc(writer->out, '.');
			sl_render_name(writer->out, dialect, last + 1);
			return;
		}
	}
	sl_buf_adds(writer->out, owner);
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
		sl_buf_adds(writer->out, " owned by ");
		write_owner(writer, sl_as_sequence(entity)->owned_by);
		sl_buf_adds(writer->out, ";\n");
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
			"-- without owners, privileges, roles, tablespaces and settings\n"
			"set check_function_bodies = off;\nset search_path = '';\n");
	if (sl_is_mysql(catalog->dialect))
		sl_buf_adds(writer->out,
			"set names utf8mb4;\nset sql_mode = '', foreign_key_checks = 0;\n");
}

void sl_snapshot_sql(const struct sl_catalog *catalog, struct sl_buf *out)
{
	sl_auto(sl_map_free_p) struct sl_map *pending = sl_map_new();
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct writer writer = { .catalog = catalog,
		.out = out,
		.pending = pending,
		.arena = arena,
		.text = SL_BUF_INIT(TEXT_MAX) };

	write_head(&writer);
	write_first(&writer);
	write_owners_of_sequences(&writer);
	write_deepest_first(&writer, write_indexes_of);
	write_deepest_first(&writer, write_constraints_of);
	write_last(&writer, SL_ENTITY_TRIGGER);
	write_last(&writer, SL_ENTITY_PLAIN);
	write_comments(&writer);
	write_event_triggers(&writer);
	sl_vec_done(&writer.waiting);
	sl_buf_done(&writer.text);
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
	sl_render_also(out, entity);
}
