/*
 * Work that several threads and replicas take from the store: tasks, deliveries, messages, and what
 * one replica at a time does.  Taking is durable before it returns.  Moments are wall microseconds
 * and come from the caller.
 */
#ifndef SLUICE_STORE_WORK_H
#define SLUICE_STORE_WORK_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/store/read.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_claim {
	const char *replica; /* who takes it */
	int64_t now;
	int64_t lease_us; /* how long it is theirs without a renewal */
};

/*
 * Takes the oldest task that is ready and due, whose target has no other task running, unknown or
 * in need of a human and no older one that is ready or blocked: it is running then, one attempt and
 * one lease epoch further.  A task whose last outcome is unknown goes before all others of its
 * target.  *found is false, with SL_OK, when there is none.
 */
enum sl_code sl_store_task_claim(struct sl_store *store, const struct sl_claim *claim,
	struct sl_arena *arena, struct sl_task *out, bool *found, struct sl_error *err)
	__attribute__((warn_unused_result));

/* SL_ECONFLICT when the task is no longer running with this epoch: the holder must stop. */
enum sl_code sl_store_task_renew(struct sl_store *store, int64_t id, int64_t epoch, int64_t until,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Running tasks whose lease has ended, oldest first. */
enum sl_code sl_store_tasks_expired(struct sl_store *store, int64_t now, struct sl_arena *arena,
	struct sl_task_list *out, struct sl_error *err) __attribute__((warn_unused_result));

/* The earliest due moment of what waits for time: ready, blocked and unknown tasks, messages, and
 * the ends of running tasks' leases.  0 when nothing does. */
enum sl_code sl_store_next_due(struct sl_store *store, int64_t *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/*
 * What one replica at a time works on, by a name ("project/shop").  *got: it is the claim's
 * replica's for lease_us from now on, or was already and is for at least half of that; *epoch is
 * what sl_batch_expect_lease() takes, and higher whenever the holder changed or let it run out.
 */
enum sl_code sl_store_lease_take(struct sl_store *store, const struct sl_claim *claim,
	const char *name, int64_t *epoch, bool *got, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Gives it back, unless it is another's by now. */
enum sl_code sl_store_lease_give(struct sl_store *store, const char *name, int64_t epoch,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Keeps a delivery.  *fresh is false when (source, key) was here before. */
enum sl_code sl_store_inbox_add(struct sl_store *store, const struct sl_delivery *delivery,
	bool *fresh, struct sl_error *err) __attribute__((warn_unused_result));

/* Those not worked off yet, oldest first, at most limit. */
enum sl_code sl_store_inbox(struct sl_store *store, unsigned limit, struct sl_arena *arena,
	struct sl_delivery_list *out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_store_inbox_done(struct sl_store *store, int64_t id, int64_t at,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Takes at most limit due messages, oldest first: each is one attempt further and due again when
 * the lease ends, so that a crash delivers it once more. */
enum sl_code sl_store_outbox_claim(struct sl_store *store, const struct sl_claim *claim,
	unsigned limit, struct sl_arena *arena, struct sl_message_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_store_outbox_ack(struct sl_store *store, int64_t id, int64_t at,
	struct sl_error *err) __attribute__((warn_unused_result));

struct sl_outbox_failure {
	int64_t id;
	const char *error;
	int64_t due_at; /* tried again then; 0: given up */
	int64_t at;
};
enum sl_code sl_store_outbox_fail(struct sl_store *store, const struct sl_outbox_failure *failure,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Newest first, delivered and given up ones too. */
enum sl_code sl_store_outbox(struct sl_store *store, struct sl_page page, struct sl_arena *arena,
	struct sl_message_list *out, struct sl_error *err) __attribute__((warn_unused_result));

#endif
