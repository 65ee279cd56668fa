/* Names that nobody knows, and those that may have been meant. */
#include "inside.h"

#include "sluice/core/str.h"

#define LISTED_MOST 8

static void suggest(struct sl_buf *out, const char *name, const char *const *names, size_t n)
{
	const char *near = sl_nearest(name, names, n);

	if (near) {
		sl_buf_addf(out, "; did you mean %s?", near);
		return;
	}
	for (size_t i = 0; n <= LISTED_MOST && i < n; i++)
		sl_buf_addf(out, "%s%s", i == 0 ? "; there is " : ", ", names[i]);
}

enum sl_code sl_control_no_environment(const struct sl_world *world, const char *name,
	struct sl_error *err)
{
	const struct sl_workspace *workspace = world->workspace;
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char **names = sl_arena_calloc(arena, workspace->environments_len + 1,
		sizeof(*names));
	sl_auto_buf struct sl_buf meant = SL_BUF_INIT(SL_ERROR_MSG_MAX);

	for (size_t i = 0; i < workspace->environments_len; i++)
		names[i] = workspace->environments[i].name;
	suggest(&meant, name, names, workspace->environments_len);
	return sl_error_set(err, SL_ENOTFOUND, "environment %s: unknown%s", name,
		sl_buf_str(&meant));
}

enum sl_code sl_control_no_target(const struct sl_world *world, const char *name,
	struct sl_error *err)
{
	const struct sl_workspace *workspace = world->workspace;
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char **names = sl_arena_calloc(arena, workspace->targets_len + 1, sizeof(*names));
	sl_auto_buf struct sl_buf meant = SL_BUF_INIT(SL_ERROR_MSG_MAX);

	for (size_t i = 0; i < workspace->targets_len; i++)
		names[i] = workspace->targets[i].name;
	suggest(&meant, name, names, workspace->targets_len);
	return sl_error_set(err, SL_ENOTFOUND, "there is no target %s in the configuration%s", name,
		meant.len > 0 ? sl_buf_str(&meant) : "; `sluice target list` has them");
}

enum sl_code sl_control_no_stage(const struct sl_change_view *view, const char *environment,
	struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const char **names = sl_arena_calloc(arena, view->stages_len + 1, sizeof(*names));
	sl_auto_buf struct sl_buf meant = SL_BUF_INIT(SL_ERROR_MSG_MAX);

	for (size_t i = 0; i < view->stages_len; i++)
		names[i] = view->stages[i].environment;
	suggest(&meant, environment, names, view->stages_len);
	return sl_error_set(err, SL_ENOTFOUND, "change %lld has no stage %s%s",
		(long long)view->change.id, environment, sl_buf_str(&meant));
}
