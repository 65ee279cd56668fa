/* The push hook: who pushed what is kept, and what the review says is told. */
#include "sluice/control/people.h"

#include "inside.h"

#include "sluice/core/clock.h"
#include "sluice/core/hash.h"
#include "sluice/core/str.h"
#include "sluice/store/work.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BRANCH_PREFIX "refs/heads/"

static bool same_place(const char *a, const char *b)
{
	char left[PATH_MAX];
	char right[PATH_MAX];

	if (sl_str_starts(a, "file://"))
		a += strlen("file://");
	return sl_str_eq(a, b) ||
		(realpath(a, left) && realpath(b, right) && sl_str_eq(left, right));
}

static const char *project_at(const struct sl_world *world, const char *repository)
{
	for (size_t i = 0; i < world->workspace->projects_len; i++) {
		if (same_place(world->workspace->projects[i].repository, repository))
			return world->workspace->projects[i].name;
	}
	return NULL;
}

static bool is_gone(const struct sl_hook_ref *ref)
{
	return strspn(ref->new_id, "0") == strlen(ref->new_id);
}

/* NULL for what is no branch. */
static const char *branch_of(const struct sl_hook_ref *ref)
{
	return sl_str_starts(ref->name, BRANCH_PREFIX) ? ref->name + strlen(BRANCH_PREFIX) : NULL;
}

enum sl_code sl_control_keep_push(struct sl_control *control, const char *project,
	const struct sl_person *who, const char *branch, const char *head, struct sl_error *err)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(4096);
	char key[SL_ID_SIZE];
	bool fresh;
	sl_auto_json json_t *body = json_pack("{s:s, s:s, s:s}", "branch", branch, "head", head,
		"user", who->user);

	if (!body)
		return sl_error_set(err, SL_EINVAL, "the name of a branch is not valid UTF-8");
	sl_json_canonical(body, &text);
	return sl_store_inbox_add(control->doors.store,
		&(struct sl_delivery){ .source = project,
			.key = sl_rand_id(control->doors.rand, key), /* no push is another one */
			.body = sl_buf_str(&text),
			.at = sl_control_now(control) },
		&fresh, err);
}

enum sl_code sl_control_pushed(struct sl_control *control, const struct sl_person *who,
	const struct sl_hook_request *request, const char **project, struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(control);
	enum sl_code code = SL_OK;

	*project = project_at(world, request->repository);
	for (size_t i = 0; code == SL_OK && *project && i < request->n_refs; i++) {
		if (branch_of(&request->refs[i]) && !is_gone(&request->refs[i]))
			code = sl_control_keep_push(control, *project, who,
				branch_of(&request->refs[i]), request->refs[i].new_id, err);
	}
	if (code == SL_OK && *project)
		sl_control_queue_add(control, SL_WORK_PROJECT, *project, 0);
	return code;
}

struct answer {
	struct sl_control *control;
	struct sl_arena *arena;

	struct {
		SL_VEC(const char *);
	} lines;
};

static void add_lines(struct answer *answer, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		*sl_vec_add_in(answer->arena, &answer->lines) = sl_arena_strndup(answer->arena,
			text, len);
		text += len + (text[len] == '\n');
	}
}

/* What nobody could look at is never said to have passed. */
static const char *outcome_word(const json_t *report, const struct sl_review_record *review)
{
	if (review->errors > 0)
		return "BLOCKED";
	if (!sl_str_eq(sl_json_str(report, "outcome", ""), "neutral"))
		return "PASSED";
	return strstr(sl_json_str(report, "verdict", ""), "observe mode") ? "NEUTRAL" :
									    "NOT REVIEWED";
}

static enum sl_code add_review(struct answer *answer, const struct sl_change *change,
	struct sl_error *err)
{
	sl_auto(sl_world_unref_p) const struct sl_world *world = sl_control_world(answer->control);
	struct sl_review_record review;
	sl_auto_json json_t *report = NULL;
	enum sl_code code = sl_store_review(answer->control->doors.store, change->review_id,
		answer->arena, &review, err);

	if (code == SL_OK)
		code = sl_json_load(&report, review.report, strlen(review.report), SL_REPORT_BYTES,
			"report", err);
	if (code != SL_OK)
		return code;
	*sl_vec_add_in(answer->arena, &answer->lines) = sl_arena_printf(answer->arena,
		"change %lld  %s", (long long)change->id, change->title);
	add_lines(answer, sl_json_str(report, "lines", ""));
	*sl_vec_add_in(answer->arena, &answer->lines) = sl_arena_printf(answer->arena,
		"%s: %s, risk %s", outcome_word(report, &review),
		sl_json_str(report, "verdict", ""), sl_risk_name(review.risk));
	if (change->held)
		*sl_vec_add_in(answer->arena, &answer->lines) = sl_arena_printf(answer->arena,
			"held: %s; `sluice resume %lld` lets it go on", change->hold_reason,
			(long long)change->id);
	if (world->url[0] != '\0')
		*sl_vec_add_in(answer->arena, &answer->lines) = sl_arena_printf(answer->arena,
			"%s/changes/%lld", world->url, (long long)change->id);
	return SL_OK;
}

/* The change that the pushed head is, or made.  A branch without migrations, and one that was
 * pushed again meanwhile, have nothing to say. */
static enum sl_code answer_ref(struct answer *answer, const char *project,
	const struct sl_hook_ref *ref, struct sl_error *err)
{
	const struct sl_change_query query = { .project = project,
		.branch = branch_of(ref),
		.states = SL_STATE_BIT(SL_CHANGE_OPEN) | SL_STATE_BIT(SL_CHANGE_MERGED),
		.page = { .limit = 1 } };
	struct sl_change_list found;
	enum sl_code code = sl_store_changes(answer->control->doors.store, &query, answer->arena,
		&found, err);

	if (code != SL_OK || found.len == 0 || !sl_str_eq(found.at[0].head, ref->new_id) ||
		found.at[0].review_id == 0)
		return code;
	return add_review(answer, &found.at[0], err);
}

static enum sl_code pushes_waiting(struct sl_control *control, const char *project,
	struct sl_arena *arena, bool *out, struct sl_error *err)
{
	struct sl_delivery_list waiting;
	enum sl_code code = sl_store_inbox(control->doors.store, 500, arena, &waiting, err);

	*out = false;
	for (size_t i = 0; code == SL_OK && i < waiting.len; i++)
		*out = *out || sl_str_eq(waiting.at[i].source, project);
	return code;
}

enum sl_code sl_control_push_answer(struct sl_control *control, const char *project,
	const struct sl_hook_request *request, struct sl_arena *arena, struct sl_hook_answer *out,
	struct sl_error *err)
{
	struct answer answer = { .control = control, .arena = arena };
	bool later;
	enum sl_code code = pushes_waiting(control, project, arena, &later, err);

	for (size_t i = 0; code == SL_OK && !later && i < request->n_refs; i++) {
		if (branch_of(&request->refs[i]) && !is_gone(&request->refs[i]))
			code = answer_ref(&answer, project, &request->refs[i], err);
	}
	*out = (struct sl_hook_answer){ .done = later ? SL_HOOK_LATER : SL_HOOK_REVIEWED,
		.lines = answer.lines.at,
		.n_lines = answer.lines.len };
	return code;
}

void sl_control_wait_project(struct sl_control *control, int64_t timeout_us)
{
	const int64_t until = sl_clock_mono(control->doors.clock) + timeout_us;
	const struct timespec at = { .tv_sec = until / SL_SECOND_US,
		.tv_nsec = until % SL_SECOND_US * 1000 };

	(void)pthread_mutex_lock(&control->lock);
	(void)pthread_cond_timedwait(&control->reconciled, &control->lock, &at);
	(void)pthread_mutex_unlock(&control->lock);
}
