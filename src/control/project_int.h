/* The steps of a pass over a project, in their order. */
#ifndef SLUICE_CONTROL_PROJECT_INT_H
#define SLUICE_CONTROL_PROJECT_INT_H

#include "draft.h"

/* The branch was never seen: what no target has settled is the change `initial`. */
enum sl_code sl_project_first_sight(struct pass *pass, struct sl_error *err);

/* Each change branch is opened, or followed to its new head.  since: where the project's branch was
 * before this pass, "" unknown. */
enum sl_code sl_project_branches(struct pass *pass, const char *since, struct sl_error *err);

/* Open changes whose files are on the project's branch now. */
enum sl_code sl_project_merges(struct pass *pass, struct sl_error *err);

/* What came to the branch since it was at `since` and is no change's: pushed directly. */
enum sl_code sl_project_direct(struct pass *pass, const char *since, struct sl_error *err);

#endif
