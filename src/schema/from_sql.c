/* A catalogue from text: a schema file, a dump, or what SQLite keeps of its objects. */
#include "catalog_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/utf8.h"
#include "sluice/schema/replay.h"
#include "sluice/sql/statement.h"

#define INCOMPLETE_MAX 100

/* What a database holds before its first statement. */
static enum sl_code new_database(const struct sl_catalog **out, enum sl_dialect dialect,
	int version, struct sl_error *err)
{
	static const struct sl_schema public_schema = { .id = { SL_ENTITY_SCHEMA, "", "public",
								"" },
		.comment = "standard public schema" };
	sl_auto(sl_catalog_builder_free_p) struct sl_catalog_builder
		*builder = sl_catalog_builder_new(dialect, version);

	if (dialect == SL_DIALECT_POSTGRES)
		sl_catalog_add(builder, &public_schema.id);
	return sl_catalog_finish(out, builder, err);
}

struct gaps {
	SL_VEC(char *);
	size_t more;
};

static void gaps_done(struct gaps *gaps)
{
	for (size_t i = 0; i < gaps->len; i++)
		free(gaps->at[i]);
	sl_vec_done(gaps);
}

static void note_gap(struct gaps *gaps, const struct sl_statement_text *statement, const char *why)
{
	if (gaps->len < INCOMPLETE_MAX)
		*sl_vec_add(gaps) = sl_xasprintf("line %u: %s", statement->start.line, why);
	else
		gaps->more++;
}

static void note_gaps(struct gaps *gaps, const struct sl_statement_text *statement,
	const struct sl_replay_step *step)
{
	for (size_t i = 0; i < step->effects_len; i++) {
		if (step->effects[i].kind == SL_EFFECT_OPAQUE)
			note_gap(gaps, statement, step->effects[i].now);
	}
}

struct reading {
	enum sl_dialect dialect;
	int version;
	struct sl_replay *replay;
	struct sl_arena *arena; /* of a statement */
	struct gaps gaps;
};

static enum sl_code read_statement(struct reading *reading,
	const struct sl_statement_text *statement, struct sl_error *err)
{
	const struct sl_facts *facts = sl_sql_parse_statement(reading->arena, reading->dialect,
		reading->version, statement);
	const struct sl_fact_statement *row = sl_facts_statement(facts);
	struct sl_replay_step step;

	if (row->status == SL_SQL_SYNTAX_ERROR && statement->kind == SL_TEXT_SQL)
		return sl_error_set(err, SL_EINVAL, "schema, line %u: %s", statement->start.line,
			row->status_text);
	/* psql's own lines in a dump (\restrict, \connect) make no object */
	if (statement->kind == SL_TEXT_COMMAND)
		return SL_OK;
	sl_replay_statement(reading->replay, facts, statement->text, statement->len, &step);
	note_gaps(&reading->gaps, statement, &step);
	sl_arena_clear(reading->arena);
	return SL_OK;
}

static enum sl_code read_all(struct reading *reading, const char *sql, size_t len,
	struct sl_error *err)
{
	const struct sl_splitter_options options = { .dialect = reading->dialect };
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = sl_splitter_new(&options, sql,
		len);
	struct sl_statement_text statement;
	enum sl_code code = sl_splitter_next(splitter, &statement, err);

	while (code == SL_OK && statement.kind != SL_TEXT_END) {
		code = read_statement(reading, &statement, err);
		if (code == SL_OK)
			code = sl_splitter_next(splitter, &statement, err);
	}
	return code;
}

/* The replay's last catalogue alone, without what led to it. */
static enum sl_code condensed(const struct sl_catalog **out, const struct reading *reading,
	struct sl_error *err)
{
	sl_auto(sl_catalog_builder_free_p) struct sl_catalog_builder
		*builder = sl_catalog_builder_new(reading->dialect, reading->version);
	const struct sl_catalog *last = sl_replay_catalog(reading->replay);
	struct sl_catalog_iter it = sl_catalog_each(last);
	const struct sl_entity *entity;

	while ((entity = sl_catalog_next(&it))) {
		struct sl_table table;

		if (sl_entity_temporary(entity))
			continue;
		if (entity->kind != SL_ENTITY_TABLE) {
			sl_catalog_add(builder, entity);
			continue;
		}
		table = *sl_as_table(entity);
		table.fresh = false;
		table.rows = -1;
		sl_catalog_add(builder, &table.id);
	}
	for (size_t i = 0; i < sl_catalog_properties(last); i++)
		sl_catalog_add_property(builder, sl_catalog_property_key(last, i),
			sl_catalog_property_value(last, i));
	if (sl_catalog_uncertain(last))
		sl_catalog_set_uncertain(builder);
	for (size_t i = 0; i < reading->gaps.len; i++)
		sl_catalog_add_incomplete(builder, reading->gaps.at[i]);
	if (reading->gaps.more > 0)
		sl_catalog_add_incomplete(builder, "more statements that are not modelled");
	return sl_catalog_finish(out, builder, err);
}

enum sl_code sl_catalog_from_sql(const struct sl_catalog **out, enum sl_dialect dialect,
	int version, const char *sql, size_t len, struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *empty = NULL;
	struct reading reading = { .dialect = dialect, .version = version };
	enum sl_code code;

	if (sl_utf8_valid_prefix(sql, len) != len)
		return sl_error_set(err, SL_EINVAL, "schema: the text is not UTF-8");
	code = new_database(&empty, dialect, version, err);
	if (code != SL_OK)
		return code;
	reading.replay = sl_replay_new(empty);
	reading.arena = sl_arena_new();
	code = read_all(&reading, sql, len, err);
	if (code == SL_OK)
		code = condensed(out, &reading, err);
	gaps_done(&reading.gaps);
	sl_arena_free(reading.arena);
	sl_replay_free(reading.replay);
	return code;
}
