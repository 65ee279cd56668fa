#include "draft.h"
#include "project_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/hash.h"
#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/forge/plain.h"
#include "sluice/policy/workspace.h"
#include "sluice/store/work.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"

#include <stdlib.h>

static void pass_done(struct pass *pass)
{
	sl_forge_free(pass->forge);
	sl_repo_close(pass->repo);
	sl_arena_free(pass->arena);
	sl_world_unref(pass->world);
}

#define PUSHES_MAX 500

enum sl_code sl_pass_commit(struct pass *pass, struct sl_batch *batch, struct sl_error *err)
{
	if (pass->lease_epoch != 0)
		sl_batch_expect_lease(batch,
			sl_arena_printf(pass->arena, "project/%s", pass->project->name),
			pass->lease_epoch);
	return sl_store_commit(pass->control->doors.store, batch, err);
}

/* The deliveries of this project; those of others stay where they are. */
static enum sl_code read_pushes(struct pass *pass, struct sl_error *err)
{
	struct sl_delivery_list all;

	struct {
		SL_VEC(struct sl_delivery);
	} own = { 0 };
	enum sl_code code = sl_store_inbox(pass->control->doors.store, PUSHES_MAX, pass->arena,
		&all, err);

	for (size_t i = 0; code == SL_OK && i < all.len; i++) {
		if (sl_str_eq(all.at[i].source, pass->project->name))
			*sl_vec_add_in(pass->arena, &own) = all.at[i];
	}
	pass->pushes = (struct sl_delivery_list){ own.at, own.len };
	return code;
}

/* A first fetch may bring years of history; a later one that takes long is a stalled origin. */
#define FIRST_FETCH_US (300 * SL_SECOND_US)
#define FETCH_US       (60 * SL_SECOND_US)

static enum sl_code fetch(struct pass *pass, struct sl_error *err)
{
	struct sl_control *control = pass->control;
	struct sl_project_record known;
	enum sl_code code = sl_store_project(control->doors.store, pass->project->name, pass->arena,
		&known, err);
	sl_auto(sl_cancel_free_p) struct sl_cancel *limit = sl_cancel_new(control->doors.clock,
		control->leaving, code == SL_OK ? FETCH_US : FIRST_FETCH_US);

	if (code != SL_OK && code != SL_ENOTFOUND)
		return code;
	code = sl_cancel_check(pass->cancel, "fetch", err);
	if (code != SL_OK)
		return code;
	return sl_repo_fetch(pass->repo, limit, err);
}

enum sl_code sl_pass_folders(struct pass *pass, const char *commit, struct folder_list *out,
	struct sl_error *err)
{
	const struct folder_place place = { pass->repo, pass->world, pass->project, commit };

	return sl_folders_read(out, pass->arena, &place, err);
}

static enum sl_code pass_open(struct pass *pass, struct sl_error *err)
{
	enum sl_code code = sl_control_open_repo(pass->control, pass->world, pass->project,
		&pass->repo, err);

	/* Before the fetch: whatever they tell of is in the origin by now. */
	if (code == SL_OK)
		code = read_pushes(pass, err);
	if (code == SL_OK)
		code = fetch(pass, err);
	if (code == SL_OK)
		code = sl_forge_plain_new(&pass->forge, pass->repo, err);
	if (code == SL_OK)
		code = sl_forge_list_changes(pass->forge, pass->cancel, pass->arena, &pass->open,
			err);
	if (code != SL_OK)
		return sl_error_wrap(err, code, "project %s", pass->project->name);
	code = sl_repo_resolve(pass->repo, pass->project->branch, pass->head, err);
	if (code == SL_ENOTFOUND) {
		pass->head[0] = '\0'; /* nothing was pushed there yet */
		return SL_OK;
	}
	return code;
}

/* Equal when no branch that concerns the project moved, and nothing else calls for a pass. */
static void branches_digest(const struct pass *pass, char out[SL_SHA256_HEX])
{
	struct sl_sha256 *sha = sl_sha256_new();

	sl_sha256_add_str(sha, pass->head);
	for (size_t i = 0; i < pass->open.len; i++) {
		sl_sha256_add_str(sha, pass->open.at[i].branch);
		sl_sha256_add_str(sha, pass->open.at[i].head);
	}
	sl_sha256_add(sha, &pass->waiver_ended, sizeof(pass->waiver_ended));
	sl_sha256_add(sha, &pass->deed_at, sizeof(pass->deed_at));
	sl_sha256_end_hex(sha, out);
	sl_sha256_free(sha);
}

static bool seen_before(const struct pass *pass, const char *key, const char *digest)
{
	const char *seen;
	bool same;

	(void)pthread_mutex_lock(&pass->control->lock);
	seen = sl_map_get(pass->control->seen, key);
	same = seen && sl_str_eq(seen, digest);
	(void)pthread_mutex_unlock(&pass->control->lock);
	return same;
}

static void remember(const struct pass *pass, const char *key, const char *digest)
{
	char *old;

	(void)pthread_mutex_lock(&pass->control->lock);
	old = sl_map_put(pass->control->seen, key, sl_xstrdup(digest));
	(void)pthread_cond_broadcast(&pass->control->reconciled);
	(void)pthread_mutex_unlock(&pass->control->lock);
	free(old);
}

/* Git moves the branches of one push one after the other: who looks in between sees files on the
 * project's branch whose change is still to come.  So a direct push is believed at the second look.
 */
#define SECOND_LOOK_US (SL_SECOND_US / 4)

bool sl_project_second_look(struct pass *pass)
{
	const char *key = sl_arena_printf(pass->arena, "direct/%s", pass->project->name);

	pass->postponed = !seen_before(pass, key, pass->head);
	remember(pass, key, pass->head);
	return !pass->postponed;
}

static enum sl_code close_pushes(struct pass *pass, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < pass->pushes.len; i++)
		code = sl_store_inbox_done(pass->control->doors.store, pass->pushes.at[i].id,
			pass->now, err);
	return code;
}

static enum sl_code store_project(struct pass *pass, struct sl_error *err)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();

	sl_batch_put_project(batch,
		&(struct sl_project_record){ .name = pass->project->name,
			.head = pass->head,
			.settled = true,
			.first_seen_at = pass->now,
			.seen_at = pass->now });
	return sl_pass_commit(pass, batch, err);
}

/* Targets that were never looked at are looked at now: what is settled there decides what a first
 * sight brings, and their schema is what a review is held against. */
static void observe_missing(struct pass *pass)
{
	for (size_t e = 0; e < pass->project->migrations_len; e++) {
		struct target_list targets = { 0 };

		if (sl_entry_targets(&targets, pass->arena, pass->world,
			    &pass->project->migrations[e], NULL) != SL_OK)
			continue;
		for (size_t i = 0; i < targets.len; i++) {
			const char *name = pass->world->workspace->targets[targets.at[i]].name;
			struct observation *seen = sl_observation_get(pass->control, name);

			if (!seen)
				(void)sl_control_observe(pass->control, name, pass->cancel, NULL);
			sl_observation_unref(pass->control, seen);
		}
	}
}

/* Where the branch was when it was worked off last. */
static enum sl_code read_since(struct pass *pass, struct sl_error *err)
{
	struct sl_project_record known;
	enum sl_code code = sl_store_project(pass->control->doors.store, pass->project->name,
		pass->arena, &known, err);

	if (code != SL_OK && code != SL_ENOTFOUND)
		return code;
	pass->first = code == SL_ENOTFOUND || !known.settled;
	pass->since = pass->first ? pass->head : known.head;
	pass->since_at = pass->first ? 0 : known.seen_at;
	return SL_OK;
}

static enum sl_code read_before(struct pass *pass, struct sl_error *err)
{
	enum sl_code code;

	pass->before = pass->main;
	if (sl_str_eq(pass->since, pass->head))
		return SL_OK;
	code = sl_pass_folders(pass, pass->since, &pass->before, err);
	return code == SL_ENOTFOUND ? SL_OK : code; /* gone: the branch was pushed anew */
}

static enum sl_code work_merges(struct pass *pass, struct sl_error *err)
{
	bool ended = false;
	enum sl_code code = sl_project_merges(pass, &ended, err);

	if (code == SL_OK && ended) /* what they claimed falls to the others */
		code = sl_project_branches(pass, err);
	return code == SL_OK && ended ? sl_project_merges(pass, &ended, err) : code;
}

/* Direct pushes come before merges: a merged change with a higher version would not wait for a
 * lower one that nobody knows of yet.  And after them: what a closed change claimed is nobody's. */
static enum sl_code work_branches(struct pass *pass, struct sl_error *err)
{
	enum sl_code code = sl_project_branches(pass, err);

	if (code == SL_OK)
		code = sl_project_direct(pass, err);
	if (code != SL_OK || pass->postponed)
		return code;
	code = work_merges(pass, err);
	return code == SL_OK ? sl_project_direct(pass, err) : code;
}

static enum sl_code work_through(struct pass *pass, struct sl_error *err)
{
	enum sl_code code = read_since(pass, err);

	observe_missing(pass);
	if (code == SL_OK)
		code = sl_pass_folders(pass, pass->head, &pass->main, err);
	if (code == SL_OK)
		sl_project_histories(pass);
	if (code == SL_OK)
		code = read_before(pass, err);
	if (code == SL_OK && pass->first)
		code = sl_project_first_sight(pass, err);
	if (code == SL_OK)
		code = sl_project_overtake(pass, err);
	if (code == SL_OK)
		code = sl_project_waived(pass, err);
	if (code == SL_OK)
		code = sl_project_late_pushes(pass, err);
	if (code == SL_OK)
		code = work_branches(pass, err);
	if (pass->postponed)
		return code;
	if (code == SL_OK)
		code = sl_project_publish_deeds(pass, err);
	if (code == SL_OK)
		code = store_project(pass, err);
	return code == SL_OK ? close_pushes(pass, err) : code;
}

/* An origin that takes long to fail is asked seldom, so that it leaves the workers to others. */
#define PATIENCE 4

static int64_t next_look(const struct pass *pass, enum sl_code code)
{
	const int64_t now = sl_control_now(pass->control);
	const int64_t took = now - pass->now;

	if (pass->postponed)
		return pass->now + SECOND_LOOK_US;
	if (code != SL_OK && took * PATIENCE > pass->world->poll_us)
		return now + took * PATIENCE;
	if (pass->waiver_due != 0 && pass->waiver_due < pass->now + pass->world->poll_us)
		return pass->waiver_due;
	return pass->now + pass->world->poll_us;
}

static enum sl_code read_deed_at(struct pass *pass, struct sl_error *err)
{
	struct sl_elsewhere_list newest = { 0 };
	enum sl_code code = sl_store_elsewhere(pass->control->doors.store, NULL, 1, pass->arena,
		&newest, err);

	pass->deed_at = newest.len > 0 ? newest.at[0].seen_at : 0;
	return code;
}

static enum sl_code work_on(struct pass *pass, struct sl_error *err)
{
	const char *name = pass->project->name;
	char digest[SL_SHA256_HEX];
	enum sl_code code = pass_open(pass, err);

	if (code == SL_OK)
		code = sl_store_waiver_ends(pass->control->doors.store, pass->now, pass->arena,
			&pass->waiver_ended, &pass->waiver_due, err);
	if (code == SL_OK)
		code = read_deed_at(pass, err);
	if (code != SL_OK)
		return code;
	branches_digest(pass, digest);
	if (pass->pushes.len > 0 || !seen_before(pass, name, digest))
		code = work_through(pass, err);
	if (code == SL_OK && !pass->postponed)
		remember(pass, name, digest);
	return code;
}

/* A repository that Sluice owns is made by the first change that is opened. */
static bool is_there(const struct pass *pass)
{
	return pass->project != pass->world->own || sl_file_is_folder(pass->project->repository);
}

/* Another replica works on it: whether it still does is looked at when its lease could have ended.
 */
static int64_t next_try(const struct pass *pass)
{
	return pass->now +
		(pass->world->lease_us < pass->world->poll_us ? pass->world->lease_us :
								pass->world->poll_us);
}

enum sl_code sl_control_project(struct sl_control *control, const char *name,
	struct sl_cancel *cancel, struct sl_error *err)
{
	struct pass pass = { .control = control,
		.world = sl_control_world(control),
		.arena = sl_arena_new(),
		.cancel = cancel,
		.now = sl_control_now(control) };
	const struct sl_workspace *workspace = pass.world->workspace;
	size_t index = sl_workspace_project(workspace, name);
	bool ours = false;
	enum sl_code code = SL_OK;

	if (index < workspace->projects_len)
		pass.project = &workspace->projects[index];
	if (pass.project && is_there(&pass)) {
		code = sl_control_own_project(control, pass.world, name, &ours, &pass.lease_epoch,
			err);
		if (code == SL_OK && ours)
			code = work_on(&pass, err);
		sl_control_queue_add(control, SL_WORK_PROJECT, name,
			code == SL_OK && !ours ? next_try(&pass) : next_look(&pass, code));
	}
	pass_done(&pass);
	return code;
}
