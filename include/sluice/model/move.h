/*
 * A move: one object leaves one state for another.  rollout says which moves come next, control
 * adds who and when and what has to be told, the store makes them by compare-and-set in one
 * transaction. Plain data; text is borrowed.
 */
#ifndef SLUICE_MODEL_MOVE_H
#define SLUICE_MODEL_MOVE_H

#include "sluice/model/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_move {
	enum sl_object object;
	int64_t id;
	int from, to; /* values of the object's state enumeration */
	int64_t at; /* wall: becomes the moment that the new state stands for (started_at, ...) */

	/* Of a task only. */
	int64_t lease_epoch; /* the move holds only while the task has this epoch; 0: not asked */
	int64_t due_at; /* not before; 0: at once */
	bool blocked_anew; /* blocked_at is this moment, whatever blocked it before */
	bool has_outcome; /* sets outcome, and busy unless that is unknown */
	bool busy; /* the attempt met somebody's lock */
	enum sl_outcome outcome;

	const char *wait; /* the sentence that says what is awaited now; NULL: "" */
	const char *detail; /* of a task; NULL leaves it as it is */

	/* What is told together with it; NULL or 0: nothing. */
	const struct sl_event *event;
	const struct sl_audit *audit;
	const struct sl_message *outbox;
	size_t outbox_len;
};

#endif
