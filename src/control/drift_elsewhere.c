/* What the team's own tool did of a change is meant to be there; what others did beside it is not.
 * Nobody saw the structure right before and right after the tool, so its work is told from others'
 * by what its files touch; where their statements are not understood, by the objects that they
 * name. */
#include "drift_elsewhere.h"

#include "sluice/core/map.h"
#include "sluice/schema/replay.h"
#include "sluice/schema/snapshot.h"
#include "sluice/sql/split.h"
#include "sluice/sql/statement.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 256

struct playing {
	enum sl_dialect dialect;
	int version;
	struct sl_replay *replay;
	struct sl_arena *arena; /* of a statement */
	bool opaque; /* something touches what cannot be told from its text */
};

static void play_statement(struct playing *playing, const struct sl_statement_text *statement)
{
	const struct sl_facts *facts = sl_sql_parse_statement(playing->arena, playing->dialect,
		playing->version, statement);
	struct sl_replay_step step;

	sl_replay_statement(playing->replay, facts, statement->text, statement->len, &step);
	for (size_t i = 0; i < step.effects_len; i++)
		playing->opaque = playing->opaque || step.effects[i].kind == SL_EFFECT_OPAQUE;
	sl_arena_clear(playing->arena);
}

static void play_file(struct playing *playing, const struct sl_migration *file)
{
	const struct sl_splitter_options options = { .dialect = playing->dialect,
		.statement_blocks = file->statement_blocks };
	sl_auto(sl_splitter_free_p) struct sl_splitter *splitter = sl_splitter_new(&options,
		file->sql, file->sql_len);
	struct sl_statement_text statement;
	enum sl_code code = sl_splitter_next(splitter, &statement, NULL);

	sl_replay_new_session(playing->replay);
	while (code == SL_OK && statement.kind != SL_TEXT_END) {
		play_statement(playing, &statement);
		code = sl_splitter_next(splitter, &statement, NULL);
	}
	playing->opaque = playing->opaque || code != SL_OK;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The word at the beginning of text in lower case, "" where it is too long for most names; returns
 * its length. */
static size_t read_word(const char *text, size_t len, char out[WORD_MAX])
{
	size_t n = 0;

	while (n < len && is_word(text[n]))
		n++;
	for (size_t i = 0; i < n && n < WORD_MAX; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	out[n < WORD_MAX ? n : 0] = '\0';
	return n;
}

/* Which names of objects the files say, whatever they do with them: each file is read once, however
 * many objects there are. */
struct mentions {
	const struct elsewhere_work *work;
	struct sl_map *words; /* names that are one word: to unsaid or said */
};

static char unsaid, said;

static void expect_names(struct mentions *mentions, const struct sl_catalog *catalog)
{
	struct sl_catalog_iter it = sl_catalog_each(catalog);
	const struct sl_entity *entity;
	char word[WORD_MAX];

	while ((entity = sl_catalog_next(&it))) {
		(void)read_word(entity->name, strlen(entity->name), word);
		if (word[0] != '\0')
			(void)sl_map_put(mentions->words, word, &unsaid);
	}
}

static void hear(struct mentions *mentions, const struct sl_migration *file)
{
	char word[WORD_MAX];

	for (size_t at = 0; at < file->sql_len;) {
		size_t n = read_word(file->sql + at, file->sql_len - at, word);

		if (word[0] != '\0' && sl_map_get(mentions->words, word))
			(void)sl_map_put(mentions->words, word, &said);
		at += n > 0 ? n : 1;
	}
}

/* For names that are no single word. */
static bool says(const struct sl_migration *file, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i + len <= file->sql_len; i++) {
		if (strncasecmp(file->sql + i, name, len) == 0 &&
			(i == 0 || !is_word(file->sql[i - 1])) &&
			(i + len == file->sql_len || !is_word(file->sql[i + len])))
			return true;
	}
	return false;
}

static bool is_named(const struct mentions *mentions, const struct sl_entity *entity)
{
	const size_t len = strlen(entity->name);
	char word[WORD_MAX];

	if (len == 0)
		return false;
	if (read_word(entity->name, len, word) == len && len < WORD_MAX)
		return sl_map_get(mentions->words, word) == &said;
	for (size_t i = 0; i < mentions->work->files_len; i++) {
		if (says(mentions->work->files[i], entity->name))
			return true;
	}
	return false;
}

static bool is_in(const struct sl_catalog *catalog, const struct sl_entity *entity)
{
	return sl_catalog_find(catalog, entity->kind, entity->schema, entity->name,
		       entity->detail) != NULL;
}

/* What the files lead to as far as it can be told, so that each object which they name differs from
 * how it was. */
static enum sl_code predict_by_name(const struct elsewhere_work *work,
	const struct sl_catalog *base, const struct sl_catalog *played,
	const struct sl_catalog **out, struct sl_error *err)
{
	sl_auto(sl_catalog_builder_free_p) struct sl_catalog_builder *builder =
		sl_catalog_builder_new(sl_catalog_dialect(base), sl_catalog_version(base));
	sl_auto(sl_map_free_p) struct sl_map *words = sl_map_new();
	struct mentions mentions = { work, words };
	struct sl_catalog_iter it = sl_catalog_each(played);
	const struct sl_entity *entity;

	expect_names(&mentions, played);
	expect_names(&mentions, work->after);
	for (size_t i = 0; i < work->files_len; i++)
		hear(&mentions, work->files[i]);
	while ((entity = sl_catalog_next(&it))) {
		if (!is_named(&mentions, entity))
			sl_catalog_add(builder, entity);
	}
	it = sl_catalog_each(work->after);
	while ((entity = sl_catalog_next(&it))) {
		if (is_named(&mentions, entity) && !is_in(base, entity))
			sl_catalog_add(builder, entity);
	}
	return sl_catalog_finish(out, builder, err);
}

/* The structure now, with all that the files touch as it was before them. */
static enum sl_code without_files(const struct elsewhere_work *work, const struct sl_catalog *base,
	const struct sl_catalog **out, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_replay_free_p) struct sl_replay *replay = sl_replay_new(base);
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *named = NULL;
	struct playing playing = { .dialect = sl_catalog_dialect(base),
		.version = sl_catalog_version(base),
		.replay = replay,
		.arena = arena };
	enum sl_code code = SL_OK;

	for (size_t i = 0; i < work->files_len; i++)
		play_file(&playing, work->files[i]);
	if (playing.opaque)
		code = predict_by_name(work, base, sl_replay_catalog(replay), &named, err);
	if (code == SL_OK)
		*out = sl_snapshot_carry(work->after, named ? named : sl_replay_catalog(replay),
			base);
	return code;
}

static enum sl_code carry(struct sl_control *control, const struct elsewhere_work *work,
	const struct sl_drift_record *row, struct sl_batch *batch, char hash[SL_SHA256_HEX],
	struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *base = NULL;
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *before = NULL;
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *carried = NULL;
	enum sl_code code = sl_control_load_snapshot(control, row->base, &base, err);

	if (code == SL_OK)
		code = without_files(work, base, &before, err);
	if (code == SL_ENOTFOUND) { /* the store was lost: nothing is known of what others did */
		sl_snapshot_hash(work->after, hash);
		return SL_OK;
	}
	if (code != SL_OK)
		return code;
	carried = sl_snapshot_carry(base, before, work->after);
	sl_control_keep_snapshot(control, batch, "", carried, "");
	sl_snapshot_hash(carried, hash);
	return SL_OK;
}

enum sl_code sl_drift_carry_elsewhere(struct sl_control *control, const struct elsewhere_work *work,
	struct sl_batch *batch, struct sl_arena *arena, struct sl_error *err)
{
	struct sl_drift_record row;
	char hash[SL_SHA256_HEX];
	enum sl_code code = sl_store_drift(control->doors.store, work->target->name, arena, &row,
		err);

	if (code != SL_OK || row.base[0] == '\0')
		return code;
	if (row.before[0] != '\0')
		return sl_error_set(err, SL_EBUSY, "%s: a run is at work", work->target->name);
	code = carry(control, work, &row, batch, hash, err);
	if (code != SL_OK)
		return code;
	row.base = sl_arena_strdup(arena, hash);
	row.origin = sl_arena_printf(arena, "change %lld, applied by %s",
		(long long)work->change_id, work->tool);
	row.based_at = sl_control_now(control);
	row.asked_at = row.tried_at + 1; /* what is said of it now is of the past */
	sl_batch_put_drift(batch, &row);
	return SL_OK;
}
