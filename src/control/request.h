/* One request of a person on its way: who asks for what, and how that is remembered. */
#ifndef SLUICE_CONTROL_REQUEST_H
#define SLUICE_CONTROL_REQUEST_H

#include "inside.h"

#include "sluice/control/people.h"

/* Everything in it dies with it. */
struct request {
	struct sl_control *control;
	const struct sl_world *world; /* a reference */
	struct sl_arena *arena; /* owned */
	const struct sl_ask *ask;
	const char *action; /* "change.approve" */
	const char *object; /* "change 12" */
	int64_t change_id;
};

void sl_request_open(struct request *request, struct sl_control *control, const struct sl_ask *ask);

/* A refusal is remembered too; what was refused stays refused whether that works or not.  Returns
 * code. */
enum sl_code sl_request_close(struct request *request, enum sl_code code,
	const struct sl_error *err);

void sl_request_audit(const struct request *request, struct sl_batch *batch, bool refused,
	const char *detail);

/* SL_EUNAUTH when nobody known asks, SL_EDENIED when no role of theirs may. */
enum sl_code sl_request_may(const struct request *request, enum sl_verb verb, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The person's word for a ledger: how to reach the target goes into spec, which the word borrows.
 * SL_ENOTFOUND when the target is not configured. */
enum sl_code sl_request_word(struct request *request, const char *target, const char *scope,
	struct sl_conn_spec *spec, struct sl_apply_word *out, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
