/* A draft of the statements that lead from one schema to the other, for a person to finish: what is
 * dropped, and what has no statement of its own, is written as a comment. */
#include "sluice/schema/diff.h"

#include "catalog_int.h"
#include "render.h"

struct draft {
	enum sl_dialect dialect;
	const struct sl_catalog *to;
	struct sl_buf *out;
};

static void alter_table(struct draft *draft, const struct sl_entity *table)
{
	sl_buf_adds(draft->out, "alter table ");
	sl_render_qualified(draft->out, draft->dialect, table->schema, table->name);
	sl_buf_addc(draft->out, ' ');
}

static void by_hand(struct draft *draft, const struct sl_difference *difference)
{
	const struct sl_entity *entity = difference->to ? difference->to : difference->from;
	sl_auto_buf struct sl_buf line = SL_BUF_INIT((size_t)1 << 20);

	sl_buf_addf(&line, "%s ", sl_difference_kind_name(difference->kind));
	if (entity)
		sl_buf_addf(&line, "%s %s%s%s ", sl_entity_kind_name(entity->kind), entity->schema,
			*entity->schema ? "." : "", entity->name);
	sl_buf_addf(&line, "%s %s", difference->part, difference->name);
	if (difference->was)
		sl_buf_addf(&line, ", was: %s", difference->was);
	if (difference->now)
		sl_buf_addf(&line, ", now: %s", difference->now);
	sl_buf_adds(draft->out, "-- by hand: ");
	for (size_t i = 0; i < line.len; i++)
		sl_buf_addc(draft->out,
			line.data[i] == '\n' || line.data[i] == '\r' ? ' ' : line.data[i]);
	sl_buf_addc(draft->out, '\n');
}

static void add_later_constraints(struct draft *draft, const struct sl_table *table)
{
	for (size_t i = 0; i < table->constraints.len; i++) {
		if (sl_render_later(draft->dialect, &table->constraints.at[i]))
			sl_render_add_constraint(draft->out, draft->dialect, &table->id,
				&table->constraints.at[i]);
	}
}

static void create_whole(struct draft *draft, const struct sl_entity *entity)
{
	const struct sl_indexes *indexes = sl_entity_indexes(entity);

	sl_render_entity(draft->out, draft->dialect, entity);
	for (size_t i = 0;
		indexes && !sl_render_indexes_inside(draft->dialect, entity) && i < indexes->len;
		i++)
		sl_render_create_index(draft->out, draft->dialect, entity, &indexes->at[i]);
	if (entity->kind == SL_ENTITY_TABLE)
		add_later_constraints(draft, sl_as_table(entity));
	sl_render_comments(draft->out, draft->dialect, entity);
	sl_render_also(draft->out, entity);
}

static void drop_whole(struct draft *draft, const struct sl_difference *difference)
{
	const struct sl_entity *entity = difference->from;
	const char *word = sl_entity_kind_name(entity->kind);

	if (entity->kind == SL_ENTITY_PLAIN || entity->kind == SL_ENTITY_ROUTINE ||
		(entity->kind == SL_ENTITY_TRIGGER && draft->dialect == SL_DIALECT_POSTGRES)) {
		by_hand(draft, difference);
		return;
	}
	if (entity->kind == SL_ENTITY_VIEW && sl_as_view(entity)->materialised)
		word = "materialized view";
	sl_buf_addf(draft->out, "drop %s ", word);
	sl_render_qualified(draft->out, draft->dialect, entity->schema, entity->name);
	sl_buf_adds(draft->out, ";\n");
}

static void change_column(struct draft *draft, const struct sl_difference *difference)
{
	const struct sl_column *column = NULL;

	if (difference->kind == SL_DIFFERENCE_ADDED)
		column = sl_table_column(draft->to, sl_as_table(difference->to), difference->name);
	if (difference->kind == SL_DIFFERENCE_CHANGED) {
		by_hand(draft, difference);
		return;
	}
	alter_table(draft, difference->to);
	sl_buf_adds(draft->out, column ? "add column " : "drop column ");
	sl_render_name(draft->out, draft->dialect, difference->name);
	if (column) {
		sl_buf_addc(draft->out, ' ');
		sl_render_new_column(draft->out, draft->dialect, column);
	}
	sl_buf_adds(draft->out, ";\n");
	if (column)
		sl_render_storage(draft->out, draft->dialect, difference->to, column);
}

static void change_constraint(struct draft *draft, const struct sl_difference *difference)
{
	const struct sl_constraint *constraint = sl_table_constraint(draft->to,
		sl_as_table(difference->to), difference->name);

	if (draft->dialect == SL_DIALECT_SQLITE ||
		(difference->kind != SL_DIFFERENCE_REMOVED && !constraint)) {
		by_hand(draft, difference);
		return;
	}
	if (difference->kind != SL_DIFFERENCE_ADDED) {
		alter_table(draft, difference->to);
		sl_buf_adds(draft->out, "drop constraint ");
		sl_render_name(draft->out, draft->dialect, difference->name);
		sl_buf_adds(draft->out, ";\n");
	}
	if (difference->kind != SL_DIFFERENCE_REMOVED)
		sl_render_add_constraint(draft->out, draft->dialect, difference->to, constraint);
}

static void change_index(struct draft *draft, const struct sl_difference *difference)
{
	const struct sl_entity *owner = difference->to;
	const struct sl_indexes *indexes = sl_entity_indexes(owner);
	bool mysql = sl_fold_parts(draft->dialect) && !sl_fold_entities(draft->dialect);

	if (difference->kind != SL_DIFFERENCE_ADDED) {
		sl_buf_adds(draft->out, "drop index ");
		sl_render_qualified(draft->out, draft->dialect, mysql ? "" : owner->schema,
			difference->name);
		if (mysql) {
			sl_buf_adds(draft->out, " on ");
			sl_render_name(draft->out, draft->dialect, owner->name);
		}
		sl_buf_adds(draft->out, ";\n");
	}
	for (size_t i = 0; difference->kind != SL_DIFFERENCE_REMOVED && i < indexes->len; i++) {
		if (sl_same_part(draft->to, indexes->at[i].name, difference->name))
			sl_render_create_index(draft->out, draft->dialect, difference->to,
				&indexes->at[i]);
	}
}

static void write_difference(struct draft *draft, const struct sl_difference *difference)
{
	bool table = difference->to && difference->to->kind == SL_ENTITY_TABLE;

	if (!*difference->part && difference->kind == SL_DIFFERENCE_ADDED && difference->to)
		create_whole(draft, difference->to);
	else if (!*difference->part && difference->from)
		drop_whole(draft, difference);
	else if (table && strcmp(difference->part, "column") == 0)
		change_column(draft, difference);
	else if (table && strcmp(difference->part, "constraint") == 0)
		change_constraint(draft, difference);
	else if (difference->to && strcmp(difference->part, "index") == 0)
		change_index(draft, difference);
	else
		by_hand(draft, difference);
}

void sl_diff_migration(const struct sl_diff *diff, const struct sl_catalog *from,
	const struct sl_catalog *to, struct sl_buf *out)
{
	struct draft draft = { from->dialect, to, out };

	sl_buf_adds(out, "-- A draft: check the order, and what happens to the rows.\n");
	for (size_t i = 0; i < diff->len; i++)
		write_difference(&draft, &diff->at[i]);
}
