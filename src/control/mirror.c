/* The repositories of projects, as this replica has them. */
#include "inside.h"

#include "sluice/git.h"
#include "sluice/sys/cancel.h"

enum sl_code sl_control_open_repo(struct sl_control *control, const struct sl_world *world,
	const struct sl_project *project, struct sl_repo **out, struct sl_error *err)
{
	enum sl_code code;

	(void)pthread_mutex_lock(&control->opening);
	code = control->doors.open_repo(control->doors.ctx, world, project, out, err);
	(void)pthread_mutex_unlock(&control->opening);
	return code;
}

/* The replica that works on the project has the commit; ours may not have been told to fetch yet.
 */
static enum sl_code fetch_commit(struct sl_control *control, struct sl_repo *repo,
	const char *commit, int64_t timeout_us, struct sl_error *err)
{
	sl_auto(sl_cancel_free_p) struct sl_cancel *limit = sl_cancel_new(control->doors.clock,
		control->leaving, timeout_us);
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_git_files files;
	enum sl_code code;

	(void)pthread_mutex_lock(&control->fetching);
	code = sl_repo_files(repo, arena, commit, NULL, &files, NULL);
	if (code != SL_OK)
		code = sl_repo_fetch(repo, limit, err);
	(void)pthread_mutex_unlock(&control->fetching);
	return code;
}

enum sl_code sl_control_open_at(struct sl_control *control, const struct sl_world *world,
	const struct sl_project *project, const struct repo_moment *moment, struct sl_repo **out,
	struct sl_error *err)
{
	sl_auto(sl_repo_close_p) struct sl_repo *repo = NULL;
	enum sl_code code = sl_control_open_repo(control, world, project, &repo, err);

	if (code == SL_OK && !control->doors.alone)
		code = fetch_commit(control, repo, moment->commit, moment->timeout_us, err);
	if (code == SL_OK)
		*out = sl_steal(repo);
	return code;
}
