/* The steps of a pass over a project, in their order, and what they share. */
#ifndef SLUICE_CONTROL_PROJECT_INT_H
#define SLUICE_CONTROL_PROJECT_INT_H

#include "draft.h"

#include "sluice/forge/plain.h"

/* --- the steps ------------------------------------------------------------------------------ */

/* The branch was never seen: what no target has settled is the change `initial`. */
enum sl_code sl_project_first_sight(struct pass *pass, struct sl_error *err);

/* Histories of other tools become the ledger's where the configuration says so. */
void sl_project_histories(struct pass *pass);

/* Each change branch is opened, or followed to its new head. */
enum sl_code sl_project_branches(struct pass *pass, struct sl_error *err);

/* Open changes whose files are on the project's branch now.  *ended: some ended unmerged, so that
 * their files are free for others. */
enum sl_code sl_project_merges(struct pass *pass, bool *ended, struct sl_error *err);

/* Merged changes of which nothing has begun and whose files the branch has not any more, or has
 * with other content, are over.  Before anything that lets a change go on. */
enum sl_code sl_project_overtake(struct pass *pass, struct sl_error *err);

/* Merged changes that are held for their review, with a waiver since: reviewed again, and released
 * when nothing objects any more. */
enum sl_code sl_project_waived(struct pass *pass, struct sl_error *err);

/* Who applied a change where that is left to others is told on the host as well. */
enum sl_code sl_project_publish_deeds(struct pass *pass, struct sl_error *err);

/* What came to the branch since the last pass and is no change's: pushed directly.  The first look
 * only postpones the pass's end. */
enum sl_code sl_project_direct(struct pass *pass, struct sl_error *err);

/* Pushes that were told of after a poll had found what they brought: who pushed is known from now
 * on, though the change may have been merged meanwhile. */
enum sl_code sl_project_late_pushes(struct pass *pass, struct sl_error *err);

/* Whether what the branch has now was looked at before; else the pass is postponed. */
bool sl_project_second_look(struct pass *pass);

/* --- what a draft brings -------------------------------------------------------------------- */

struct claims {
	SL_VEC(struct sl_plain_claim);
};

/* Every file that a change brings to the project's branch, or has brought in this pass. */
enum sl_code sl_claims_read(struct pass *pass, struct claims *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The file's blob on the project's branch now; NULL when it is not there. */
const char *sl_main_blob(const struct pass *pass, const struct sl_change_file *file);

/* The same; "" where the change takes the file away and it is not there. */
const char *sl_main_content(const struct pass *pass, const struct sl_change_file *file);

/* Makes room for the files of the draft's folders and some more; it has none then. */
void sl_draft_room(struct pass *pass, struct draft *draft, size_t more);

/* A migration that the draft takes away; nothing where the folder has the file. */
void sl_draft_add_gone(struct draft *draft, const struct folder *folder,
	const struct sl_change_file *row);
void sl_draft_add_file(struct pass *pass, struct draft *draft, const struct folder *folder,
	const char *path);

/* The files that differ between a commit (NULL or "": nothing) and the draft's head, and those that
 * the change had before. */
enum sl_code sl_draft_bring(struct pass *pass, struct draft *draft, const char *from,
	const struct sl_change_file_list *before, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Without the files that are another change's: equal files belong to the one pushed first. */
void sl_draft_keep_own(struct pass *pass, struct draft *draft, const struct claims *claims);

/* Without the files that the commit has with equal content, except those of before. */
enum sl_code sl_draft_leave_out(struct pass *pass, struct draft *draft, const char *commit,
	const struct sl_change_file_list *before, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Whether it brings any file; else it only takes some away. */
bool sl_draft_brings(const struct draft *draft);

/* What was pushed directly waits for a person; what only takes files away does so where its review
 * objects.  Needs the review. */
void sl_draft_hold_direct(const struct pass *pass, struct draft *draft);

/* Hash over what the draft brings. */
const char *sl_draft_content(struct pass *pass, const struct draft *draft);

/* --- whose it is ---------------------------------------------------------------------------- */

/* Those who pushed the draft's branch since the last pass; the last one is shown as the author.
 * False: the hook told of no push. */
bool sl_draft_add_pushers(struct pass *pass, struct draft *draft);

/* Those whom other changes had. */
void sl_draft_add_people(struct pass *pass, struct draft *draft,
	const struct sl_change_person *people, size_t n);

/* The people of the commits between base and head that touch the draft's files, and its title. */
enum sl_code sl_draft_add_committers(struct pass *pass, struct draft *draft, struct sl_error *err)
	__attribute__((warn_unused_result));

/* --- the end of the corridor ---------------------------------------------------------------- */

/* Reviewed, planned and written. */
enum sl_code sl_draft_finish(struct pass *pass, struct draft *draft, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
