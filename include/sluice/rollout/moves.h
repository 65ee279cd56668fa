/*
 * Which moves are allowed: the transition tables of tasks, stages and changes, what an attempt's
 * outcome makes of its task, and what a person may ask for.
 *
 * Pure: rollout decides, the store makes the move (compare and set, with its event, audit and
 * outbox rows), control joins the two.  Every function is thread-safe.
 */
#ifndef SLUICE_ROLLOUT_MOVES_H
#define SLUICE_ROLLOUT_MOVES_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/core/rand.h"
#include "sluice/model/move.h"
#include "sluice/model/records.h"

#include <stdbool.h>
#include <stdint.h>

/* SL_ECONFLICT, naming both states, when the transition table does not allow it. */
enum sl_code sl_rollout_check_move(enum sl_task_state from, enum sl_task_state to,
	struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_rollout_check_stage_move(enum sl_stage_state from, enum sl_stage_state to,
	struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_rollout_check_change_move(enum sl_change_state from, enum sl_change_state to,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The same for a move of any object: what control asks before it hands a move to the store. */
enum sl_code sl_rollout_check(const struct sl_move *move, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Whether the change is over: nobody's word has an effect on it any more. */
bool sl_rollout_is_over(enum sl_change_state state);

/* SL_ECONFLICT, with what would help, when the change is over and the verb would do nothing. */
enum sl_code sl_rollout_check_not_over(const struct sl_change *change, enum sl_verb verb,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Whether no move leaves the state. */
bool sl_rollout_is_final(enum sl_task_state state);

/* Whether the task stays as it is until a person does something, or for ever. */
bool sl_rollout_is_settled(enum sl_task_state state);

/* How an attempt ended, as apply says it. */
struct sl_attempt {
	enum sl_outcome outcome;
	const char *detail; /* one sentence: error, "2 of 5 statements", why it is blocked */
	int64_t retry_after_us; /* apply's own wish; 0: the back-off decides */
	bool busy; /* it met somebody's lock */
	int64_t now; /* wall */
};

/*
 * The move that an outcome makes of a running task, with outcome, detail, due_at, wait and lease
 * epoch filled in.  Blocked and unknown tasks are tried again after as long as they have been
 * blocked so far (so the pause doubles), from 1 s to 15 min, half of it random.
 */
void sl_rollout_settle(const struct sl_task *task, const struct sl_attempt *attempt,
	const struct sl_rand *rand, struct sl_arena *arena, struct sl_move *out);

struct sl_task_order {
	enum sl_verb verb; /* retry, skip, cancel or resolve */
	const char *reason; /* skip and resolve need one */
	const char *by; /* user */
	int64_t now;
};

/*
 * The move that the order makes of the task, with event and audit.  SL_ECONFLICT, with what would
 * help, when the task's state does not allow it (a running task is not moved:
 * sl_batch_ask_cancel()); SL_EINVAL when a reason is missing.
 */
enum sl_code sl_rollout_order(const struct sl_task *task, const struct sl_task_order *given,
	struct sl_arena *arena, struct sl_move *out, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
