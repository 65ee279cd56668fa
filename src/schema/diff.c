#include "sluice/schema/diff.h"

#include "catalog_int.h"
#include "older.h"
#include "render.h"
#include "shape.h"

#include "sluice/core/vec.h"
#include "sluice/schema/snapshot.h"

#include <assert.h>

#define PART_MAX ((size_t)16 * 1024 * 1024)

static const char *const kind_words[] = { "added", "removed", "changed" };

_Static_assert(sizeof(kind_words) / sizeof(kind_words[0]) == SL_DIFFERENCE_KIND_COUNT,
	"difference without a word");

const char *sl_difference_kind_name(enum sl_difference_kind kind)
{
	assert((unsigned)kind < SL_DIFFERENCE_KIND_COUNT);
	return kind_words[kind];
}

struct making {
	struct sl_arena *arena;
	enum sl_dialect dialect;
	int format; /* the older one of the two */
	const struct sl_entity *from, *to; /* at hand */

	struct {
		SL_VEC(struct sl_difference);
	} found;
};

static void add(struct making *making, enum sl_difference_kind kind, const char *part,
	const char *name)
{
	struct sl_difference *difference = sl_vec_add_in(making->arena, &making->found);

	difference->kind = kind;
	difference->from = making->from;
	difference->to = making->to;
	difference->part = part;
	difference->name = name;
}

static void set_texts(struct making *making, const char *was, const char *now)
{
	struct sl_difference *last = &making->found.at[making->found.len - 1];

	last->was = was;
	last->now = now;
}

/* What a list of parts is made of: how to find a part's name, and how to show it. */
struct part_kind {
	const char *word;
	const struct shape *shape;
	const char *(*name)(struct making *making, const void *part);
	void (*render)(struct sl_buf *out, enum sl_dialect dialect, const void *part);
};

struct part_list {
	const void *at;
	size_t len;
};

static const void *part_at(const struct part_kind *kind, struct part_list list, size_t i)
{
	return (const char *)list.at + i * kind->shape->size;
}

static const char *column_name(struct making *making, const void *part)
{
	(void)making;
	return ((const struct sl_column *)part)->name;
}

static void render_column(struct sl_buf *out, enum sl_dialect dialect, const void *part)
{
	const struct sl_column *column = part;

	sl_render_column(out, dialect, column);
	if (*column->comment && !sl_is_mysql(dialect)) {
		sl_buf_adds(out, " comment ");
		sl_render_string(out, dialect, column->comment);
	}
}

static const char *shown(struct making *making, const struct part_kind *kind, const void *part)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(PART_MAX);

	kind->render(&out, making->dialect, part);
	return sl_arena_strdup(making->arena, sl_buf_str(&out));
}

static void render_constraint(struct sl_buf *out, enum sl_dialect dialect, const void *part)
{
	const struct sl_constraint *constraint = part;

	sl_render_constraint(out, dialect, constraint);
	if (*constraint->comment) {
		sl_buf_adds(out, " comment ");
		sl_render_string(out, dialect, constraint->comment);
	}
}

/* SQLite's constraints mostly have no name: then the text is the identity. */
static const char *constraint_name(struct making *making, const void *part)
{
	const struct sl_constraint *constraint = part;
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(PART_MAX);

	if (*constraint->name)
		return constraint->name;
	sl_render_constraint(&out, making->dialect, constraint);
	return sl_arena_strdup(making->arena, sl_buf_str(&out));
}

static const char *index_name(struct making *making, const void *part)
{
	(void)making;
	return ((const struct sl_index *)part)->name;
}

static void render_index(struct sl_buf *out, enum sl_dialect dialect, const void *part)
{
	const struct sl_index *index = part;

	sl_render_index(out, dialect, index);
	if (*index->comment) {
		sl_buf_adds(out, " comment ");
		sl_render_string(out, dialect, index->comment);
	}
}

static const struct part_kind column_kind = { "column", &sl_shape_column, column_name,
	render_column };
static const struct part_kind attribute_kind = { "attribute", &sl_shape_column, column_name,
	render_column };
static const struct part_kind constraint_kind = { "constraint", &sl_shape_constraint,
	constraint_name, render_constraint };
static const struct part_kind index_kind = { "index", &sl_shape_index, index_name, render_index };

static bool same_part(const struct part_kind *kind, const void *a, const void *b)
{
	sl_auto_buf struct sl_buf x = SL_BUF_INIT(PART_MAX), y = SL_BUF_INIT(PART_MAX);

	sl_shape_write(kind->shape, a, &x);
	sl_shape_write(kind->shape, b, &y);
	return x.len == y.len && memcmp(sl_buf_str(&x), sl_buf_str(&y), x.len) == 0;
}

static const char **part_names(struct making *making, const struct part_kind *kind,
	struct part_list list)
{
	const char **names = sl_arena_calloc(making->arena, list.len + 1, sizeof(*names));

	for (size_t i = 0; i < list.len; i++)
		names[i] = kind->name(making, part_at(kind, list, i));
	return names;
}

static size_t find_name(const struct making *making, const char *const *names, size_t len,
	const char *name)
{
	bool fold = sl_fold_parts(making->dialect);
	size_t i = 0;

	while (i < len && sl_name_compare(fold, names[i], name) != 0)
		i++;
	return i;
}

static void compare_parts(struct making *making, const struct part_kind *kind,
	struct part_list from, struct part_list to)
{
	const char **old = part_names(making, kind, from), **new = part_names(making, kind, to);

	for (size_t i = 0; i < from.len; i++) {
		const void *was = part_at(kind, from, i), *now;
		size_t j = find_name(making, new, to.len, old[i]);

		if (j == to.len) {
			add(making, SL_DIFFERENCE_REMOVED, kind->word, old[i]);
			set_texts(making, shown(making, kind, was), NULL);
			continue;
		}
		now = part_at(kind, to, j);
		if (same_part(kind, was, now))
			continue;
		add(making, SL_DIFFERENCE_CHANGED, kind->word, old[i]);
		set_texts(making, shown(making, kind, was), shown(making, kind, now));
	}
	for (size_t j = 0; j < to.len; j++) {
		if (find_name(making, old, from.len, new[j]) < from.len)
			continue;
		add(making, SL_DIFFERENCE_ADDED, kind->word, new[j]);
		set_texts(making, NULL, shown(making, kind, part_at(kind, to, j)));
	}
}

static const char *names_text(struct making *making, const char *const *names, size_t len)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(PART_MAX);

	for (size_t i = 0; i < len; i++) {
		if (i > 0)
			sl_buf_adds(&out, ", ");
		sl_buf_adds(&out, names[i]);
	}
	return sl_arena_strdup(making->arena, sl_buf_str(&out));
}

/* Columns that both have stand in another order. */
static void compare_order(struct making *making, const struct sl_columns *from,
	const struct sl_columns *to)
{
	struct part_list a = { from->at, from->len }, b = { to->at, to->len };
	const char **old = part_names(making, &column_kind, a);
	const char **new = part_names(making, &column_kind, b);
	size_t next = 0;
	bool same = true;

	for (size_t i = 0; i < from->len; i++) {
		size_t j = find_name(making, new, to->len, old[i]);

		if (j == to->len)
			continue;
		same = same && j >= next;
		next = j;
	}
	if (same)
		return;
	add(making, SL_DIFFERENCE_CHANGED, "order of columns", "");
	set_texts(making, names_text(making, old, from->len), names_text(making, new, to->len));
}

/* The fields of the object itself: everything that is no list of parts, as canonical JSON. */
static void compare_fields(struct making *making, const struct shape *shape)
{
	for (size_t i = 0; i < shape->len; i++) {
		struct field field = shape->fields[i];
		const struct shape one = { shape->size, &field, 1 };
		sl_auto_buf struct sl_buf was = SL_BUF_INIT(PART_MAX), now = SL_BUF_INIT(PART_MAX);

		if (field.type == FIELD_LIST || field.beside)
			continue;
		sl_shape_write(&one, making->from, &was);
		sl_shape_write(&one, making->to, &now);
		if (strcmp(sl_buf_str(&was), sl_buf_str(&now)) == 0)
			continue;
		add(making, SL_DIFFERENCE_CHANGED, "property", field.key);
		set_texts(making, sl_shape_text(making->arena, &field, making->from),
			sl_shape_text(making->arena, &field, making->to));
	}
}

static void compare_tables(struct making *making, const struct sl_table *a,
	const struct sl_table *b)
{
	struct part_list from = { a->columns.at, a->columns.len };
	struct part_list to = { b->columns.at, b->columns.len };

	compare_parts(making, &column_kind, from, to);
	compare_order(making, &a->columns, &b->columns);
	from = (struct part_list){ a->constraints.at, a->constraints.len };
	to = (struct part_list){ b->constraints.at, b->constraints.len };
	compare_parts(making, &constraint_kind, from, to);
	from = (struct part_list){ a->indexes.at, a->indexes.len };
	to = (struct part_list){ b->indexes.at, b->indexes.len };
	compare_parts(making, &index_kind, from, to);
}

static void compare_inside(struct making *making)
{
	const struct sl_entity *a = making->from, *b = making->to;
	size_t before = making->found.len;

	compare_fields(making, sl_shape_of(a->kind));
	if (a->kind == SL_ENTITY_TABLE) {
		compare_tables(making, sl_as_table(a), sl_as_table(b));
	} else if (a->kind == SL_ENTITY_VIEW) {
		struct part_list from = { sl_as_view(a)->indexes.at, sl_as_view(a)->indexes.len };
		struct part_list to = { sl_as_view(b)->indexes.at, sl_as_view(b)->indexes.len };

		compare_parts(making, &index_kind, from, to);
	} else if (a->kind == SL_ENTITY_TYPE) {
		const struct sl_type *x = sl_as_type(a), *y = sl_as_type(b);
		struct part_list from = { x->attributes.at, x->attributes.len };
		struct part_list to = { y->attributes.at, y->attributes.len };

		compare_parts(making, &attribute_kind, from, to);
		from = (struct part_list){ x->checks.at, x->checks.len };
		to = (struct part_list){ y->checks.at, y->checks.len };
		compare_parts(making, &constraint_kind, from, to);
	}
	if (making->found.len == before)
		add(making, SL_DIFFERENCE_CHANGED, "order of parts", "");
}

static void compare_entities(struct making *making)
{
	char from[SL_SHA256_HEX], to[SL_SHA256_HEX];

	if (!making->from || !making->to) {
		add(making, making->from ? SL_DIFFERENCE_REMOVED : SL_DIFFERENCE_ADDED, "", "");
		return;
	}
	sl_entity_hash(making->from, from);
	sl_entity_hash(making->to, to);
	if (strcmp(from, to) != 0)
		compare_inside(making);
}

/* A property that one side does not have is not known there (a schema file has none): no
 * difference. */
static void compare_properties(struct making *making, const struct sl_catalog *from,
	const struct sl_catalog *to)
{
	size_t i = 0, j = 0;

	making->from = NULL;
	making->to = NULL;
	while (i < from->properties_len && j < to->properties_len) {
		const struct property *was = &from->properties[i], *now = &to->properties[j];
		int order = strcmp(was->key, now->key);

		i += order <= 0;
		j += order >= 0;
		if (order != 0 || strcmp(was->value, now->value) == 0)
			continue;
		add(making, SL_DIFFERENCE_CHANGED, "property", was->key);
		set_texts(making, was->value, now->value);
	}
}

/* The next one that is part of a snapshot of the format. */
static const struct sl_entity *next_lasting(const struct making *making, struct sl_catalog_iter *it)
{
	const struct sl_entity *entity, *kept = NULL;

	while (!kept && (entity = sl_catalog_next(it))) {
		if (!sl_entity_temporary(entity))
			kept = sl_entity_older(making->arena, entity, making->format);
	}
	return kept;
}

void sl_diff_make(struct sl_diff *out, struct sl_arena *arena, const struct sl_catalog *from,
	const struct sl_catalog *to)
{
	struct making making = { .arena = arena,
		.dialect = from->dialect,
		.format = sl_oldest(from->format, to->format) };
	bool fold = sl_fold_entities(from->dialect);
	struct sl_catalog_iter left = sl_catalog_each(from), right = sl_catalog_each(to);
	const struct sl_entity *a = next_lasting(&making, &left),
			       *b = next_lasting(&making, &right);

	compare_properties(&making, from, to);
	while (a || b) {
		int order = !a ? 1 : !b ? -1 : sl_tree_compare(fold, a, b);

		making.from = order <= 0 ? a : NULL;
		making.to = order >= 0 ? b : NULL;
		compare_entities(&making);
		if (order <= 0)
			a = next_lasting(&making, &left);
		if (order >= 0)
			b = next_lasting(&making, &right);
	}
	out->at = making.found.at;
	out->len = making.found.len;
	out->same = making.found.len == 0;
	out->incomplete = from->incomplete.len > 0 || to->incomplete.len > 0 || from->uncertain ||
		to->uncertain;
}
