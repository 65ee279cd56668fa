#include "sluice/schema/diff.h"

#include "catalog_int.h"
#include "render.h"
#include "shape.h"

#include "sluice/core/alloc.h"
#include "sluice/core/escape.h"
#include "sluice/core/map.h"

static const struct sl_entity *entity_of(const struct sl_difference *difference)
{
	return difference->to ? difference->to : difference->from;
}

/* "table", "index", "property": what the line is about. */
static const char *subject(const struct sl_difference *difference)
{
	if (*difference->part)
		return difference->part;
	return sl_entity_kind_name(entity_of(difference)->kind);
}

struct tally {
	size_t n[SL_DIFFERENCE_KIND_COUNT];
};

static void write_count(struct sl_buf *out, size_t n, const char *what, const char *how)
{
	size_t len = strlen(what);
	bool es = len > 0 && (what[len - 1] == 'x' || what[len - 1] == 's');
	bool ies = len > 0 && what[len - 1] == 'y';
	int stem = (int)(n != 1 && ies ? len - 1 : len);

	if (n == 0)
		return;
	if (out->len > 0)
		sl_buf_adds(out, ", ");
	sl_buf_addf(out, "%zu %.*s%s %s", n, stem, what,
		n == 1      ? "" :
			ies ? "ies" :
			es  ? "es" :
			      "s",
		how);
}

void sl_diff_summary(const struct sl_diff *diff, struct sl_buf *out)
{
	sl_auto(sl_map_free_p) struct sl_map *tallies = sl_map_new();
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(4096);

	for (size_t i = 0; i < diff->len; i++) {
		struct tally *tally = sl_map_get(tallies, subject(&diff->at[i]));

		if (!tally) {
			tally = sl_xcalloc(1, sizeof(*tally));
			sl_map_put(tallies, subject(&diff->at[i]), tally);
		}
		tally->n[diff->at[i].kind]++;
	}
	for (size_t i = 0; i < sl_map_len(tallies); i++) {
		struct tally *tally = sl_map_value_at(tallies, i);

		for (unsigned kind = 0; kind < SL_DIFFERENCE_KIND_COUNT; kind++)
			write_count(&text, tally->n[kind], sl_map_key_at(tallies, i),
				sl_difference_kind_name((enum sl_difference_kind)kind));
		free(tally);
	}
	if (text.len > 0)
		sl_buf_adds(out, sl_buf_str(&text));
	else
		sl_buf_adds(out,
			diff->incomplete ? "no difference in what is known" : "no difference");
}

/* A name stays on its line and does nothing to a terminal, whoever gave it. */
static void write_inert(struct sl_buf *out, const char *before, const char *text, const char *after)
{
	sl_buf_adds(out, before);
	sl_escape_terminal(out, text, strlen(text));
	sl_buf_adds(out, after);
}

/* A definition may have lines of its own: below the first, further in than any name stands. */
static void write_value(struct sl_buf *out, const char *before, const char *text)
{
	size_t len = strcspn(text, "\n");

	sl_buf_adds(out, before);
	sl_escape_terminal(out, text, len);
	while (text[len] == '\n') {
		text += len + 1;
		len = strcspn(text, "\n");
		sl_buf_adds(out, "\n        ");
		sl_escape_terminal(out, text, len);
	}
}

static void write_entity_name(const struct sl_entity *entity, struct sl_buf *out)
{
	sl_buf_addf(out, "%s ", sl_entity_kind_name(entity->kind));
	if (*entity->schema)
		write_inert(out, "", entity->schema, ".");
	write_inert(out, "", entity->name, "");
	if (entity->kind == SL_ENTITY_ROUTINE)
		write_inert(out, "(", entity->detail, ")");
	else if (*entity->detail)
		write_inert(out, " on ", entity->detail, "");
}

static const char marks[] = { '+', '-', '~' };

static void write_part(const struct sl_difference *difference, struct sl_buf *out)
{
	sl_buf_addf(out, "%c %s", marks[difference->kind], difference->part);
	if (*difference->name)
		write_inert(out, " ", difference->name, "");
	if (difference->was && difference->now) {
		write_value(out, ": ", difference->was);
		write_value(out, " -> ", difference->now);
	} else if (difference->now && strcmp(difference->now, difference->name) != 0) {
		write_value(out, ": ", difference->now);
	} else if (difference->was && strcmp(difference->was, difference->name) != 0) {
		write_value(out, ": ", difference->was);
	}
	sl_buf_addc(out, '\n');
}

void sl_diff_text(const struct sl_diff *diff, struct sl_buf *out)
{
	const struct sl_entity *heading = NULL;

	for (size_t i = 0; i < diff->len; i++) {
		const struct sl_difference *difference = &diff->at[i];
		const struct sl_entity *entity = entity_of(difference);

		if (!entity) {
			write_part(difference, out);
			continue;
		}
		if (entity != heading) {
			sl_buf_addf(out, "%c ", *difference->part ? '~' : marks[difference->kind]);
			write_entity_name(entity, out);
			sl_buf_addc(out, '\n');
			heading = entity;
		}
		if (*difference->part) {
			sl_buf_adds(out, "    ");
			write_part(difference, out);
		}
	}
	if (diff->incomplete)
		sl_buf_adds(out, "? the catalogue is incomplete: there may be more\n");
}

static void write_pair(struct sl_buf *out, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	sl_buf_addf(out, ",\"%s\":", key);
	sl_shape_write_text(value, out);
}

void sl_diff_json(const struct sl_diff *diff, struct sl_buf *out)
{
	sl_buf_adds(out, "{\"differences\":[");
	for (size_t i = 0; i < diff->len; i++) {
		const struct sl_difference *difference = &diff->at[i];
		const struct sl_entity *entity = entity_of(difference);

		if (i > 0)
			sl_buf_addc(out, ',');
		sl_buf_addf(out, "{\"change\":\"%s\"", sl_difference_kind_name(difference->kind));
		write_pair(out, "kind", entity ? sl_entity_kind_name(entity->kind) : "database");
		write_pair(out, "schema", entity ? entity->schema : "");
		write_pair(out, "name", entity ? entity->name : "");
		write_pair(out, "detail", entity ? entity->detail : "");
		write_pair(out, "part", difference->part);
		write_pair(out, "part_name", difference->name);
		write_pair(out, "was", difference->was);
		write_pair(out, "now", difference->now);
		sl_buf_addc(out, '}');
	}
	sl_buf_addf(out, "],\"incomplete\":%s,\"same\":%s}", diff->incomplete ? "true" : "false",
		diff->same ? "true" : "false");
}
