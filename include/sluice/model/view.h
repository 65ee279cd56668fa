/*
 * A change with all that hangs on it, as it stood at one moment: what rollout, policy and the pages
 * look at.  Read in one piece by the store; text and arrays live in the reader's arena.
 */
#ifndef SLUICE_MODEL_VIEW_H
#define SLUICE_MODEL_VIEW_H

#include "sluice/model/records.h"

#include <stddef.h>

struct sl_change_view {
	struct sl_change change;
	const struct sl_change_person *people;
	size_t people_len;
	const struct sl_change_file *files; /* as they were written: in run order */
	size_t files_len;
	const struct sl_waiver *waivers; /* oldest first, ended ones too */
	size_t waivers_len;
	const struct sl_stage *stages; /* by position */
	size_t stages_len;
	const struct sl_task *tasks; /* by id: each stage's in the order they were planned */
	size_t tasks_len;
	const struct sl_elsewhere_record *elsewhere; /* in no order */
	size_t elsewhere_len;
	const struct sl_approval *approvals; /* oldest first, revoked ones too */
	size_t approvals_len;
};

#endif
