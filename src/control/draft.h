/*
 * A draft: one change as this pass over its project finds it, on its way into the store:
 * discovered, reviewed, planned, and then written in one batch.  Lives in the pass's arena.
 */
#ifndef SLUICE_CONTROL_DRAFT_H
#define SLUICE_CONTROL_DRAFT_H

#include "folder.h"
#include "inside.h"

#include "sluice/forge.h"
#include "sluice/git.h"
#include "sluice/rollout/plan.h"

/* One look at one project. */
struct pass {
	struct sl_control *control;
	const struct sl_world *world;
	const struct sl_project *project;
	struct sl_arena *arena;
	struct sl_cancel *cancel;
	struct sl_repo *repo; /* owned */
	struct sl_forge *forge; /* owned */
	char head[SL_GIT_ID_SIZE]; /* of the project's branch, "" while it has none */
	const char *since; /* where the branch was before this pass; head at the first sight */
	int64_t since_at; /* moment of the last pass that came to its end; 0 none */
	int64_t deed_at; /* when work of others was last seen, anywhere; 0 never */
	int64_t waiver_ended, waiver_due; /* the last waiver that did, the next that will; 0 none */
	bool first; /* sight of the branch */
	bool postponed; /* a direct push is looked at again before it is believed */
	struct folder_list main; /* as head has them */
	struct folder_list before; /* as since has them */
	struct sl_forge_changes open; /* on the host */
	struct sl_delivery_list pushes; /* not worked off yet, this project's only */
	int64_t lease_epoch; /* of our lease on the project; 0: there are no other replicas */
	int64_t now;
};

/* Refused with SL_ECONFLICT when the project is another replica's by now. */
enum sl_code sl_pass_commit(struct pass *pass, struct sl_batch *batch, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The project's folders at a commit. */
enum sl_code sl_pass_folders(struct pass *pass, const char *commit, struct folder_list *out,
	struct sl_error *err) __attribute__((warn_unused_result));

struct draft_file {
	struct sl_change_file row;
	const struct sl_migration *migration; /* NULL: it could not be read as one, or is gone */
};

struct draft {
	struct sl_change change; /* id 0: not in the store yet */
	const char *known_head; /* that the store has, "" when it is new */
	struct folder_list folders; /* at its head */
	struct draft_file *files; /* in run order */
	size_t files_len;
	bool merged; /* the project's branch has all of them already */
	int64_t left_by; /* a change that ended, of which all is left that this one brings; 0 */

	struct {
		SL_VEC(struct sl_change_person);
	} people;
	/* Filled by review. */
	struct sl_review_record review; /* id 0 */

	struct {
		SL_VEC(struct sl_finding_record);
	} findings;

	const char *verdict; /* "1 error, 2 warnings in 2 migrations" */
	const char *lines; /* for the pusher */
	const char *note; /* Markdown */
	bool red; /* an error that nobody waived */
	bool unseen; /* something could not be reviewed: never green */
	enum sl_mode mode; /* the furthest that Sluice goes with it anywhere */
	unsigned would_block; /* errors where it is only observed: not among review.errors */
	unsigned holds; /* errors where something would come of them */
	/* Filled by plan. */
	struct sl_plan plan;
};

/* Reviews the draft against the schema of each environment. */
enum sl_code sl_draft_review(struct pass *pass, struct draft *draft, struct sl_error *err)
	__attribute__((warn_unused_result));

/* What the host is told; needs the review. */
enum sl_forge_verdict sl_draft_outcome(const struct draft *draft);

/* Whether anything of the project waits for people anywhere: else there is nothing to hold. */
bool sl_pass_holds(const struct pass *pass);

/* On the host.  A failure costs the note, never the review. */
void sl_draft_publish(struct pass *pass, const struct draft *draft);

/* Risk and stages; needs the review. */
enum sl_code sl_draft_plan(struct pass *pass, struct draft *draft, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Everything in one batch, with events and messages; draft->change.id is set. */
enum sl_code sl_draft_write(struct pass *pass, struct draft *draft, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Only the review, of a change whose plan is at work. */
enum sl_code sl_draft_write_review(struct pass *pass, struct draft *draft, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
