/* How a change ends against the project's branch, and what it leaves there. */
#ifndef SLUICE_CONTROL_ENDING_H
#define SLUICE_CONTROL_ENDING_H

#include "draft.h"

#include "sluice/forge/plain.h"

struct ending {
	enum sl_change_state to;
	const char *kind; /* of the event */
	const char *text;
};

enum sl_code sl_change_end(struct pass *pass, const struct sl_change *change,
	const struct ending *ending, struct sl_error *err) __attribute__((warn_unused_result));

/* The branch has other content; the result says of which files. */
enum sl_code sl_change_superseded(struct pass *pass, const struct sl_change *change,
	const struct sl_plain_merge_result *result, struct sl_error *err)
	__attribute__((warn_unused_result));

/* What the project's branch says about the change's files. */
struct sl_plain_merge_result sl_change_on_branch(struct pass *pass, const struct sl_change *change,
	const struct sl_change_file_list *files);

/* What changes that ended since the last whole pass have left on the branch: nobody's now, but for
 * what every target has. */
struct left_list {
	struct {
		SL_VEC(struct sl_change_file);
	} files;

	struct {
		SL_VEC(struct sl_change_person);
	} people;

	struct sl_change change; /* one of them; id 0: there is none */
};

enum sl_code sl_project_left(struct pass *pass, struct left_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
