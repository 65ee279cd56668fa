/* What the targets of a folder have already: by their ledgers, or by the history that the team's
 * own tool keeps where Sluice does not apply. */
#ifndef SLUICE_CONTROL_SETTLED_H
#define SLUICE_CONTROL_SETTLED_H

#include "draft.h"

#include "sluice/apply/elsewhere.h"

/* A target that the folder's entry takes. */
struct settled {
	const struct sl_target *target;
	const struct sl_elsewhere_file *history; /* beside the folder's set; NULL: of no matter */
};

struct settled_list {
	const struct settled *at; /* NULL: the entry's selector cannot be asked */
	size_t len;
};

/* Lives in the pass's arena. */
void sl_settled_read(struct pass *pass, const struct folder *folder, struct settled_list *out);

/* Whether every target has the migration at that index of the folder's set settled, by what was
 * seen of it last and whatever its content was. */
bool sl_settled_everywhere(struct pass *pass, const struct folder *folder,
	const struct settled_list *targets, size_t at);

/* Whether each target of the folder's dialect has it settled with that content, as it is now; false
 * when there is none, or one that cannot be reached. */
bool sl_settled_alike(struct pass *pass, const struct folder *folder,
	const struct settled_list *targets, size_t at);

/* The target is looked at anew, unless that was done in this pass. */
void sl_settled_look(struct pass *pass, const char *target);

#endif
