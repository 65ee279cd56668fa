/* Rules about files and versions. */
#include "look.h"

#include "sluice/core/str.h"
#include "sluice/layout.h"

static bool same_key(const struct sl_migration *a, enum sl_migration_kind kind, const char *key)
{
	return a->kind == kind && sl_str_eq(a->key, key);
}

/* The set is in order, so files of one version are neighbours. */
void rule_duplicate_version(const struct rule_run *run)
{
	const struct sl_migration_set *set = &run->input->set;
	const struct sl_migration *mine = run->migration;
	const struct sl_migration *other = NULL;

	if (run->index > 0)
		other = &set->at[run->index - 1];
	if ((!other || !same_key(other, mine->kind, mine->key)) && run->index + 1 < set->len)
		other = &set->at[run->index + 1];
	if (!other || !same_key(other, mine->kind, mine->key))
		return;
	rule_hit(run,
		&(struct rule_hit){
			.message = sl_arena_printf(run->arena, "%s %s is also that of %s",
				mine->kind == SL_MIGRATION_VERSION ? "version" : "the name",
				mine->key, other->path),
		});
}

void rule_edited(const struct rule_run *run)
{
	for (size_t i = 0; i < run->input->known_count; i++) {
		const struct sl_review_known *known = &run->input->known[i];

		if (known->kind == SL_MIGRATION_REPEATABLE || known->sha256[0] == '\0' ||
			!same_key(run->migration, known->kind, known->key) ||
			sl_str_eq(known->sha256, run->migration->sha256))
			continue;
		rule_hit(run,
			&(struct rule_hit){
				.message = sl_arena_printf(run->arena,
					"version %s is %s with other content, and will not run "
					"again",
					known->key, known->where),
			});
		return;
	}
}

/* The highest version that is known elsewhere, or NULL. */
static const struct sl_review_known *highest(const struct sl_review_input *input)
{
	const struct sl_review_known *best = NULL;

	for (size_t i = 0; i < input->known_count; i++) {
		const struct sl_review_known *known = &input->known[i];

		if (known->kind == SL_MIGRATION_VERSION &&
			(!best || sl_version_compare(known->key, best->key) > 0))
			best = known;
	}
	return best;
}

void rule_out_of_order(const struct rule_run *run)
{
	const struct sl_review_known *last = highest(run->input);

	if (!last || run->migration->kind != SL_MIGRATION_VERSION ||
		sl_version_compare(run->migration->key, last->key) >= 0)
		return;
	for (size_t i = 0; i < run->input->known_count; i++) {
		if (same_key(run->migration, run->input->known[i].kind, run->input->known[i].key))
			return;
	}
	rule_hit(run,
		&(struct rule_hit){
			.message = sl_arena_printf(run->arena,
				"version %s comes before %s, which is %s", run->migration->key,
				last->key, last->where),
		});
}

void rule_empty(const struct rule_run *run)
{
	if (run->statements == 0)
		rule_hit(run, &(struct rule_hit){ .message = "no statement in the file" });
}

/* --- what is gone -------------------------------------------------------------------------- */

/* The new migration with the content of one that is gone, or NULL. */
static const struct sl_migration *moved_to(const struct rule_run *run,
	const struct sl_review_gone *gone)
{
	const struct sl_review_input *input = run->input;

	for (size_t i = 0; i < input->set.len; i++) {
		bool is_new = !input->parts || input->parts[i] == SL_REVIEW_NEW;

		if (is_new && sl_str_eq(input->set.at[i].sha256, gone->sha256))
			return &input->set.at[i];
	}
	return NULL;
}

static const char *named(const struct rule_run *run, enum sl_migration_kind kind, const char *key)
{
	return sl_arena_printf(run->arena, "%s %s",
		kind == SL_MIGRATION_VERSION            ? "version" :
			kind == SL_MIGRATION_REPEATABLE ? "the repeatable" :
							  "the changeset",
		key);
}

static void hit_removed(const struct rule_run *run, const struct sl_review_gone *gone)
{
	const struct sl_migration *moved = moved_to(run, gone);
	const char *what = named(run, gone->kind, gone->key);
	const char *where = gone->where ? sl_arena_printf(run->arena, " is %s, and", gone->where) :
					  "";
	const char *now = "";

	if (moved)
		now = sl_arena_printf(run->arena, "; its content is %s now, which %s",
			named(run, moved->kind, moved->key),
			gone->where ? "would run again there" : "would run again where it has run");
	rule_hit(run,
		&(struct rule_hit){
			.message = sl_arena_printf(run->arena, "%s%s its file is gone%s", what,
				where[0] ? where : ":", now),
		});
}

/* A repeatable leaves no version behind, so its file may go. */
static bool is_history(const struct sl_review_gone *gone)
{
	return gone->where && gone->kind != SL_MIGRATION_REPEATABLE;
}

void rule_removed(const struct rule_run *run, const struct sl_review_gone *gone)
{
	if (!run->migration && !is_history(gone))
		hit_removed(run, gone);
}

void rule_removed_applied(const struct rule_run *run, const struct sl_review_gone *gone)
{
	if (!run->migration && is_history(gone))
		hit_removed(run, gone);
}

void rule_renamed(const struct rule_run *run, const struct sl_review_gone *gone)
{
	if (!run->migration || sl_str_eq(run->migration->path, gone->path))
		return;
	rule_hit(run,
		&(struct rule_hit){
			.message = sl_arena_printf(run->arena,
				"renamed from %s; it is %s as before", gone->path,
				named(run, gone->kind, gone->key)),
		});
}
