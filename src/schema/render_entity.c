#include "catalog_int.h"
#include "render.h"

static void head(struct sl_buf *out, enum sl_dialect dialect, const char *what,
	const struct sl_entity *entity)
{
	sl_buf_addf(out, "create %s ", what);
	sl_render_qualified(out, dialect, entity->schema, entity->name);
}

/* "schema.table" as the catalogue writes a parent. */
static void render_parent(struct sl_buf *out, enum sl_dialect dialect, const char *parent)
{
	const char *dot = strchr(parent, '.');
	sl_auto_buf struct sl_buf schema = SL_BUF_INIT(4096);

	if (!dot) {
		sl_render_name(out, dialect, parent);
		return;
	}
	sl_buf_add(&schema, parent, (size_t)(dot - parent));
	sl_render_qualified(out, dialect, sl_buf_str(&schema), dot + 1);
}

/* SQLite has AUTOINCREMENT only with a key that is written with its column. */
static bool key_with_column(enum sl_dialect dialect, const struct sl_table *table)
{
	for (size_t i = 0; dialect == SL_DIALECT_SQLITE && i < table->columns.len; i++) {
		if (table->columns.at[i].identity == SL_IDENTITY_AUTO)
			return true;
	}
	return false;
}

bool sl_render_later(enum sl_dialect dialect, const struct sl_constraint *constraint)
{
	return dialect != SL_DIALECT_SQLITE &&
		(constraint->kind == SL_CONSTRAINT_FOREIGN || constraint->not_valid);
}

bool sl_render_indexes_inside(enum sl_dialect dialect, const struct sl_entity *owner)
{
	return sl_is_mysql(dialect) && owner->kind == SL_ENTITY_TABLE;
}

static bool stands_in_table(enum sl_dialect dialect, const struct sl_table *table,
	const struct sl_constraint *constraint)
{
	if (constraint->kind == SL_CONSTRAINT_PRIMARY)
		return !key_with_column(dialect, table);
	return !sl_render_later(dialect, constraint);
}

static void render_line(struct sl_buf *out, bool *first)
{
	sl_buf_adds(out, *first ? "\n    " : ",\n    ");
	*first = false;
}

static void render_keys(struct sl_buf *out, enum sl_dialect dialect, const struct sl_table *table,
	bool *first)
{
	for (size_t i = 0; sl_render_indexes_inside(dialect, &table->id) && i < table->indexes.len;
		i++) {
		render_line(out, first);
		sl_render_key(out, dialect, &table->indexes.at[i]);
	}
}

static void render_inside(struct sl_buf *out, enum sl_dialect dialect, const struct sl_table *table)
{
	bool first = true;

	sl_buf_adds(out, " (");
	for (size_t i = 0; i < table->columns.len; i++) {
		const struct sl_column *column = &table->columns.at[i];

		render_line(out, &first);
		sl_render_name(out, dialect, column->name);
		sl_buf_addc(out, ' ');
		sl_render_new_column(out, dialect, column);
		if (dialect == SL_DIALECT_SQLITE && column->identity == SL_IDENTITY_AUTO)
			sl_buf_adds(out, " primary key autoincrement");
	}
	for (size_t i = 0; i < table->clauses.len; i++) {
		render_line(out, &first);
		sl_buf_adds(out, table->clauses.at[i]);
	}
	render_keys(out, dialect, table, &first);
	for (size_t i = 0; i < table->constraints.len; i++) {
		const struct sl_constraint *constraint = &table->constraints.at[i];

		if (!stands_in_table(dialect, table, constraint))
			continue;
		render_line(out, &first);
		if (*constraint->name) {
			sl_buf_adds(out, "constraint ");
			sl_render_name(out, dialect, constraint->name);
			sl_buf_addc(out, ' ');
		}
		sl_render_constraint(out, dialect, constraint);
	}
	sl_buf_adds(out, first ? ")" : "\n)");
}

static void render_table_end(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_table *table)
{
	bool mysql = sl_is_mysql(dialect);

	if (table->partition_by && !mysql)
		sl_buf_addf(out, " partition by %s", table->partition_by);
	if (*table->extra)
		sl_buf_addf(out, " %s", table->extra);
	if (mysql && *table->comment) {
		sl_buf_adds(out, " comment=");
		sl_render_string(out, dialect, table->comment);
	}
	if (table->partition_by && mysql)
		sl_buf_addf(out, " partition by %s", table->partition_by);
	if (table->without_rowid)
		sl_buf_adds(out, " without rowid");
	if (table->strict)
		sl_buf_adds(out, table->without_rowid ? ", strict" : " strict");
	sl_buf_adds(out, ";\n");
}

/* Not with the table: INHERITS would put the parent's columns first. */
static void render_parents(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_table *table)
{
	for (size_t i = 0; i < table->inherits.len; i++) {
		sl_buf_adds(out, "alter table ");
		sl_render_qualified(out, dialect, table->id.schema, table->id.name);
		sl_buf_adds(out, " inherit ");
		render_parent(out, dialect, table->inherits.at[i]);
		sl_buf_adds(out, ";\n");
	}
}

/* PARTITION OF would give it the parent's defaults and order of columns. */
static void render_attachment(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_table *table)
{
	if (!table->partition_of)
		return;
	sl_buf_adds(out, "alter table ");
	render_parent(out, dialect, table->partition_of);
	sl_buf_adds(out, " attach partition ");
	sl_render_qualified(out, dialect, table->id.schema, table->id.name);
	sl_buf_addf(out, " %s;\n", table->partition_bound ? table->partition_bound : "default");
}

static void render_row_security(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_table *table)
{
	static const char *const clauses[] = { "enable", "force" };
	const bool on[] = { table->row_security, table->force_row_security };

	for (size_t i = 0; i < 2; i++) {
		if (!on[i])
			continue;
		sl_buf_adds(out, "alter table ");
		sl_render_qualified(out, dialect, table->id.schema, table->id.name);
		sl_buf_addf(out, " %s row level security;\n", clauses[i]);
	}
}

static void render_table(struct sl_buf *out, enum sl_dialect dialect, const struct sl_table *table)
{
	static const char *const words[] = { "table", "table", "foreign table", "virtual table" };

	head(out, dialect, table->unlogged ? "unlogged table" : words[table->kind], &table->id);
	if (table->kind == SL_TABLE_VIRTUAL) {
		sl_buf_addf(out, " using %s;\n", table->extra);
		return;
	}
	render_inside(out, dialect, table);
	render_table_end(out, dialect, table);
	for (size_t i = 0; i < table->columns.len; i++)
		sl_render_storage(out, dialect, &table->id, &table->columns.at[i]);
	render_parents(out, dialect, table);
	render_attachment(out, dialect, table);
	render_row_security(out, dialect, table);
}

static void begin_session(struct sl_buf *out, const char *session)
{
	if (*session)
		sl_buf_addf(out, "set %s;\n", session);
}

/* Back to what the snapshot begins with. */
static void end_session(struct sl_buf *out, const char *session)
{
	if (*session)
		sl_buf_adds(out,
			"set sql_mode = '', character_set_client = utf8mb4, "
			"collation_connection = utf8mb4_general_ci;\n");
}

static void render_mysql_view(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_view *view)
{
	begin_session(out, view->session);
	sl_buf_addf(out, "create %s%sview ", view->extra, *view->extra ? " " : "");
	sl_render_name(out, dialect, view->id.name);
	sl_buf_addf(out, " as %s;\n", view->definition);
	end_session(out, view->session);
}

static void render_view(struct sl_buf *out, enum sl_dialect dialect, const struct sl_view *view)
{
	bool before = *view->extra == '(' || strncmp(view->extra, "with (", 6) == 0;

	head(out, dialect, view->materialised ? "materialized view" : "view", &view->id);
	if (*view->extra && before)
		sl_buf_addf(out, " %s", view->extra);
	sl_buf_addf(out, " as %s", view->definition);
	if (*view->extra && !before)
		sl_buf_addf(out, " %s", view->extra);
	sl_buf_adds(out, ";\n");
}

static void render_sequence(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_sequence *sequence)
{
	head(out, dialect, "sequence", &sequence->id);
	if (*sequence->type)
		sl_buf_addf(out, " as %s", sequence->type);
	sl_buf_addf(out,
		" increment by %lld minvalue %lld maxvalue %lld start with %lld cache %lld",
		(long long)sequence->increment, (long long)sequence->min, (long long)sequence->max,
		(long long)sequence->start, (long long)sequence->cache);
	sl_buf_adds(out, sequence->cycle ? " cycle;\n" : ";\n");
}

static void render_check(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_constraint *check)
{
	if (*check->name) {
		sl_buf_adds(out, " constraint ");
		sl_render_name(out, dialect, check->name);
	}
	sl_buf_addc(out, ' ');
	sl_render_constraint(out, dialect, check);
}

static void render_domain(struct sl_buf *out, enum sl_dialect dialect, const struct sl_type *type)
{
	head(out, dialect, "domain", &type->id);
	sl_buf_addf(out, " as %s", type->base ? type->base : "");
	if (*type->extra)
		sl_buf_addf(out, " %s", type->extra);
	if (type->default_sql)
		sl_buf_addf(out, " default %s", type->default_sql);
	if (type->not_null)
		sl_buf_adds(out, " not null");
	for (size_t i = 0; i < type->checks.len; i++) {
		if (!type->checks.at[i].not_valid)
			render_check(out, dialect, &type->checks.at[i]);
	}
	for (size_t i = 0; i < type->checks.len; i++) {
		if (!type->checks.at[i].not_valid)
			continue;
		sl_buf_adds(out, ";\nalter domain ");
		sl_render_qualified(out, dialect, type->id.schema, type->id.name);
		sl_buf_adds(out, " add");
		render_check(out, dialect, &type->checks.at[i]);
	}
}

static void render_type(struct sl_buf *out, enum sl_dialect dialect, const struct sl_type *type)
{
	if (type->kind == SL_TYPE_DOMAIN) {
		render_domain(out, dialect, type);
	} else if (type->kind == SL_TYPE_OTHER) {
		sl_buf_adds(out, type->definition ? type->definition : "");
	} else {
		head(out, dialect, "type", &type->id);
		sl_buf_adds(out, " as ");
	}
	if (type->kind == SL_TYPE_RANGE)
		sl_buf_addf(out, "range (subtype = %s%s%s)", type->base ? type->base : "",
			*type->extra ? ", " : "", type->extra);
	if (type->kind == SL_TYPE_ENUM)
		sl_buf_adds(out, "enum (");
	for (size_t i = 0; type->kind == SL_TYPE_ENUM && i < type->labels.len; i++) {
		sl_buf_adds(out, i > 0 ? ", " : "");
		sl_render_string(out, dialect, type->labels.at[i]);
	}
	if (type->kind == SL_TYPE_COMPOSITE)
		sl_buf_addc(out, '(');
	for (size_t i = 0; type->kind == SL_TYPE_COMPOSITE && i < type->attributes.len; i++) {
		sl_buf_adds(out, i > 0 ? ", " : "");
		sl_render_name(out, dialect, type->attributes.at[i].name);
		sl_buf_addc(out, ' ');
		sl_render_column(out, dialect, &type->attributes.at[i]);
	}
	if (type->kind == SL_TYPE_ENUM || type->kind == SL_TYPE_COMPOSITE)
		sl_buf_addc(out, ')');
	sl_buf_adds(out, ";\n");
}

/* A stored program has semicolons of its own: MySQL's client is told of another delimiter. */
static void render_definition(struct sl_buf *out, enum sl_dialect dialect, const char *definition)
{
	size_t len = strlen(definition);
	bool inner;

	while (len > 0 && strchr("; \n\t\r", definition[len - 1]))
		len--;
	inner = sl_is_mysql(dialect) && memchr(definition, ';', len);
	if (inner)
		sl_buf_adds(out, "delimiter ;;\n");
	sl_buf_add(out, definition, len);
	sl_buf_adds(out, inner ? "\n;;\ndelimiter ;\n" : ";\n");
}

static void render_program(struct sl_buf *out, enum sl_dialect dialect, const char *session,
	const char *definition)
{
	begin_session(out, session);
	render_definition(out, dialect, definition);
	end_session(out, session);
}

static void render_trigger(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_trigger *trigger)
{
	render_program(out, dialect, trigger->session, trigger->definition);
	if (!*trigger->enabled)
		return;
	sl_buf_adds(out, "alter table ");
	sl_render_qualified(out, dialect, trigger->id.schema, trigger->id.detail);
	if (strcmp(trigger->enabled, "disabled") == 0)
		sl_buf_adds(out, " disable trigger ");
	else
		sl_buf_addf(out, " enable %s trigger ", trigger->enabled);
	sl_render_name(out, dialect, trigger->id.name);
	sl_buf_adds(out, ";\n");
}

static void render_extension(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_extension *extension)
{
	sl_buf_adds(out, "create extension if not exists ");
	sl_render_name(out, dialect, extension->id.name);
	if (*extension->in_schema) {
		sl_buf_adds(out, " schema ");
		sl_render_name(out, dialect, extension->in_schema);
	}
	if (*extension->version) {
		sl_buf_adds(out, " version ");
		sl_render_string(out, dialect, extension->version);
	}
	sl_buf_adds(out, ";\n");
}

void sl_render_entity(struct sl_buf *out, enum sl_dialect dialect, const struct sl_entity *entity)
{
	switch (entity->kind) {
	case SL_ENTITY_SCHEMA:
		sl_buf_adds(out, "create schema if not exists ");
		sl_render_name(out, dialect, entity->name);
		sl_buf_adds(out, ";\n");
		break;
	case SL_ENTITY_EXTENSION:
		render_extension(out, dialect, sl_as_extension(entity));
		break;
	case SL_ENTITY_TYPE:
		render_type(out, dialect, sl_as_type(entity));
		break;
	case SL_ENTITY_SEQUENCE:
		render_sequence(out, dialect, sl_as_sequence(entity));
		break;
	case SL_ENTITY_TABLE:
		render_table(out, dialect, sl_as_table(entity));
		break;
	case SL_ENTITY_VIEW:
		if (sl_is_mysql(dialect))
			render_mysql_view(out, dialect, sl_as_view(entity));
		else
			render_view(out, dialect, sl_as_view(entity));
		break;
	case SL_ENTITY_ROUTINE:
		render_program(out, dialect, sl_as_routine(entity)->session,
			sl_as_routine(entity)->definition);
		break;
	case SL_ENTITY_TRIGGER:
		render_trigger(out, dialect, sl_as_trigger(entity));
		break;
	case SL_ENTITY_PLAIN:
		render_program(out, dialect, sl_as_plain(entity)->session,
			sl_as_plain(entity)->definition);
		break;
	case SL_ENTITY_KIND_COUNT:
		break;
	}
}

struct comment_target {
	const char *what; /* "table" */
	const struct sl_entity *entity;
	const char *part; /* column, constraint, trigger; or NULL */
};

static void render_comment(struct sl_buf *out, enum sl_dialect dialect,
	const struct comment_target *target, const char *comment)
{
	const struct sl_entity *entity = target->entity;
	bool column = strcmp(target->what, "column") == 0;

	if (!*comment)
		return;
	sl_buf_addf(out, "comment on %s ", target->what);
	if (target->part && !column) {
		sl_render_name(out, dialect, target->part);
		sl_buf_adds(out, " on ");
	}
	sl_render_qualified(out, dialect, entity->schema, entity->name);
	if (column) {
		sl_buf_addc(out, '.');
		sl_render_name(out, dialect, target->part);
	}
	if (entity->kind == SL_ENTITY_ROUTINE)
		sl_buf_addf(out, "(%s)", entity->detail);
	sl_buf_adds(out, " is ");
	sl_render_string(out, dialect, comment);
	sl_buf_adds(out, ";\n");
}

static void render_index_comments(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_entity *owner, const struct sl_indexes *indexes)
{
	for (size_t i = 0; i < indexes->len; i++) {
		struct sl_entity index = { SL_ENTITY_TABLE, owner->schema, indexes->at[i].name,
			"" };
		struct comment_target target = { "index", &index, NULL };

		render_comment(out, dialect, &target, indexes->at[i].comment);
	}
}

static void render_table_comments(struct sl_buf *out, enum sl_dialect dialect,
	const struct sl_table *table)
{
	struct comment_target target = { table->kind == SL_TABLE_FOREIGN ? "foreign table" :
									   "table",
		&table->id, NULL };

	render_comment(out, dialect, &target, table->comment);
	for (size_t i = 0; i < table->columns.len; i++) {
		target.what = "column";
		target.part = table->columns.at[i].name;
		render_comment(out, dialect, &target, table->columns.at[i].comment);
	}
	for (size_t i = 0; i < table->constraints.len; i++) {
		target.what = "constraint";
		target.part = table->constraints.at[i].name;
		render_comment(out, dialect, &target, table->constraints.at[i].comment);
	}
	render_index_comments(out, dialect, &table->id, &table->indexes);
}

void sl_render_also(struct sl_buf *out, const struct sl_entity *entity)
{
	const struct sl_names *also = NULL;

	if (entity->kind == SL_ENTITY_TABLE)
		also = &sl_as_table(entity)->also;
	else if (entity->kind == SL_ENTITY_VIEW)
		also = &sl_as_view(entity)->also;
	else if (entity->kind == SL_ENTITY_TYPE)
		also = &sl_as_type(entity)->also;
	else if (entity->kind == SL_ENTITY_PLAIN)
		also = &sl_as_plain(entity)->also;
	for (size_t i = 0; also && i < also->len; i++)
		sl_buf_addf(out, "%s;\n", also->at[i]);
}

void sl_render_comments(struct sl_buf *out, enum sl_dialect dialect, const struct sl_entity *entity)
{
	static const char *const routine_words[] = { "function", "procedure", "aggregate" };
	struct comment_target target = { sl_entity_kind_name(entity->kind), entity, NULL };

	if (dialect != SL_DIALECT_POSTGRES)
		return;
	if (entity->kind == SL_ENTITY_TABLE) {
		render_table_comments(out, dialect, sl_as_table(entity));
	} else if (entity->kind == SL_ENTITY_VIEW) {
		if (sl_as_view(entity)->materialised)
			target.what = "materialized view";
		render_comment(out, dialect, &target, sl_as_view(entity)->comment);
		render_index_comments(out, dialect, entity, &sl_as_view(entity)->indexes);
	} else if (entity->kind == SL_ENTITY_TRIGGER) {
		const struct sl_entity table = { SL_ENTITY_TABLE, entity->schema, entity->detail,
			"" };

		target.entity = &table;
		target.part = entity->name;
		render_comment(out, dialect, &target, sl_as_trigger(entity)->comment);
	} else if (entity->kind == SL_ENTITY_SCHEMA) {
		render_comment(out, dialect, &target, sl_as_schema(entity)->comment);
	} else if (entity->kind == SL_ENTITY_SEQUENCE) {
		render_comment(out, dialect, &target, sl_as_sequence(entity)->comment);
	} else if (entity->kind == SL_ENTITY_TYPE) {
		if (sl_as_type(entity)->kind == SL_TYPE_DOMAIN)
			target.what = "domain";
		render_comment(out, dialect, &target, sl_as_type(entity)->comment);
	} else if (entity->kind == SL_ENTITY_ROUTINE) {
		target.what = routine_words[sl_as_routine(entity)->kind];
		render_comment(out, dialect, &target, sl_as_routine(entity)->comment);
	}
}
