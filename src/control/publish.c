/* What Sluice says of a change where the developer is: its review, and who applied it where that is
 * left to others. */
#include "project_int.h"

#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"

#include <inttypes.h>

#define DEEDS_PAGE 200

/* What was seen this long before the last pass is looked at once more: the host may not have taken
 * it, or another replica's clock is late. */
#define AGAIN_US (60 * 60 * SL_SECOND_US)

static void log_failure(const struct pass *pass, const struct sl_change *change,
	const struct sl_error *err)
{
	sl_log(SL_LOG_WARNING, "publish.failed", "project", pass->project->name, "branch",
		change->branch, "error", err->msg, NULL);
}

void sl_draft_publish(struct pass *pass, const struct draft *draft)
{
	const struct sl_forge_review review = { .branch = draft->change.branch,
		.head = draft->change.head,
		.verdict = sl_draft_outcome(draft),
		.summary = draft->verdict,
		.body = draft->note,
		.at = pass->now };
	struct sl_error err = SL_ERROR_INIT;

	if (!(sl_forge_can(pass->forge) & SL_FORGE_CAN_REVIEW))
		return;
	if (sl_forge_publish_review(pass->forge, pass->cancel, &review, &err) != SL_OK)
		log_failure(pass, &draft->change, &err);
}

/* --- who applied it -------------------------------------------------------------------------- */

struct deeds {
	SL_VEC(struct sl_forge_deed);
};

/* As history has them, in the order of the stages. */
static struct sl_forge_deeds deeds_of(struct pass *pass, const struct sl_change_view *view)
{
	struct deeds deeds = { 0 };

	for (size_t i = 0; i < view->stages_len; i++) {
		for (size_t k = 0; k < view->elsewhere_len; k++) {
			const struct sl_elsewhere_record *seen = &view->elsewhere[k];

			if (seen->stage_id != view->stages[i].id || seen->tool[0] == '\0')
				continue;
			*sl_vec_add_in(pass->arena,
				&deeds) = (struct sl_forge_deed){ view->stages[i].environment,
				seen->target, seen->sentence };
		}
	}
	return (struct sl_forge_deeds){ view->change.head, deeds.at, deeds.len, pass->now };
}

static enum sl_code publish_deeds(struct pass *pass, int64_t change_id, struct sl_error *err)
{
	struct sl_error why = SL_ERROR_INIT;
	struct sl_change_view view;
	struct sl_forge_deeds deeds;
	enum sl_code code = sl_store_change_view(pass->control->doors.store, change_id, pass->arena,
		&view, err);

	if (code != SL_OK || !sl_str_eq(view.change.project, pass->project->name))
		return code;
	deeds = deeds_of(pass, &view);
	if (deeds.len > 0 &&
		sl_forge_publish_deeds(pass->forge, pass->cancel, &deeds, &why) != SL_OK)
		log_failure(pass, &view.change, &why);
	return SL_OK;
}

static bool is_earlier(const struct sl_elsewhere_list *seen, size_t at)
{
	size_t i = 0;

	while (i < at && seen->at[i].change_id != seen->at[at].change_id)
		i++;
	return i < at;
}

enum sl_code sl_project_publish_deeds(struct pass *pass, struct sl_error *err)
{
	struct sl_elsewhere_list seen;
	enum sl_code code;

	if (!(sl_forge_can(pass->forge) & SL_FORGE_CAN_REVIEW))
		return SL_OK;
	code = sl_store_elsewhere(pass->control->doors.store, NULL, DEEDS_PAGE, pass->arena, &seen,
		err);
	for (size_t i = 0; code == SL_OK && i < seen.len; i++) {
		if (seen.at[i].seen_at >= pass->since_at - AGAIN_US && !is_earlier(&seen, i))
			code = publish_deeds(pass, seen.at[i].change_id, err);
	}
	return code;
}
