/*
 * Reading the store.  Results are copied into the caller's arena and never change; each call sees
 * one moment.  Lists come newest first unless said; an empty list is SL_OK.  A single record that
 * is not there is SL_ENOTFOUND with its kind and id in the message.
 */
#ifndef SLUICE_STORE_READ_H
#define SLUICE_STORE_READ_H

#include "sluice/core/arena.h"
#include "sluice/core/error.h"
#include "sluice/model/records.h"
#include "sluice/model/view.h"

#include <stddef.h>
#include <stdint.h>

struct sl_store;

#define SL_LIST(name, type)     \
	struct name {           \
		const type *at; \
		size_t len;     \
	}

SL_LIST(sl_project_list, struct sl_project_record);
SL_LIST(sl_change_list, struct sl_change);
SL_LIST(sl_change_file_list, struct sl_change_file);
SL_LIST(sl_review_list, struct sl_review_record);
SL_LIST(sl_finding_list, struct sl_finding_record);
SL_LIST(sl_stage_list, struct sl_stage);
SL_LIST(sl_task_list, struct sl_task);
SL_LIST(sl_run_list, struct sl_run);
SL_LIST(sl_elsewhere_list, struct sl_elsewhere_record);
SL_LIST(sl_step_list, struct sl_step);
SL_LIST(sl_snapshot_list, struct sl_snapshot_record);
SL_LIST(sl_snapshot_object_list, struct sl_snapshot_object);
SL_LIST(sl_drift_list, struct sl_drift_record);
SL_LIST(sl_event_list, struct sl_event);
SL_LIST(sl_audit_list, struct sl_audit);
SL_LIST(sl_delivery_list, struct sl_delivery);
SL_LIST(sl_message_list, struct sl_message);

/* Where a page of a list begins: with the newest (0), or below this id. */
struct sl_page {
	int64_t before;
	unsigned limit; /* 0: 50; at most 1,000 */
};

#define SL_STATE_BIT(state) (1u << (state))

enum sl_code sl_store_projects(struct sl_store *store, struct sl_arena *arena,
	struct sl_project_list *out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_store_project(struct sl_store *store, const char *name, struct sl_arena *arena,
	struct sl_project_record *out, struct sl_error *err) __attribute__((warn_unused_result));

struct sl_change_query {
	const char *project; /* NULL: all */
	const char *branch; /* NULL: all */
	unsigned states; /* SL_STATE_BIT()s; 0: all */
	struct sl_page page;
};
enum sl_code sl_store_changes(struct sl_store *store, const struct sl_change_query *wanted,
	struct sl_arena *arena, struct sl_change_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_store_change(struct sl_store *store, int64_t id, struct sl_arena *arena,
	struct sl_change *out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_store_change_files(struct sl_store *store, int64_t change_id,
	struct sl_arena *arena, struct sl_change_file_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_store_change_view(struct sl_store *store, int64_t id, struct sl_arena *arena,
	struct sl_change_view *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Of one moment, all or none; out[i] is that of ids[i].  SL_ENOTFOUND when one is not there. */
enum sl_code sl_store_change_views(struct sl_store *store, const int64_t *ids, size_t n,
	struct sl_arena *arena, struct sl_change_view *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Reviews without their reports; _review has it. */
enum sl_code sl_store_reviews(struct sl_store *store, int64_t change_id, struct sl_arena *arena,
	struct sl_review_list *out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_store_review(struct sl_store *store, int64_t id, struct sl_arena *arena,
	struct sl_review_record *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Those of the ids that are there, without their reports, in no order. */
enum sl_code sl_store_reviews_among(struct sl_store *store, const int64_t *ids, size_t n,
	struct sl_arena *arena, struct sl_review_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* In the report's order. */
enum sl_code sl_store_findings(struct sl_store *store, int64_t review_id, struct sl_arena *arena,
	struct sl_finding_list *out, struct sl_error *err) __attribute__((warn_unused_result));

/* When a waiver ended last, and when one will next, of all; 0: never. */
enum sl_code sl_store_waiver_ends(struct sl_store *store, int64_t now, struct sl_arena *arena,
	int64_t *last, int64_t *next, struct sl_error *err) __attribute__((warn_unused_result));

struct sl_stage_query {
	int64_t change_id; /* 0: all */
	unsigned states; /* 0: all */
	struct sl_page page;
};
enum sl_code sl_store_stages(struct sl_store *store, const struct sl_stage_query *wanted,
	struct sl_arena *arena, struct sl_stage_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Those of n changes, in those states; in no order. */
struct sl_stages_among {
	const int64_t *change_ids;
	size_t n;
	unsigned states;
};
enum sl_code sl_store_stages_among(struct sl_store *store, const struct sl_stages_among *wanted,
	struct sl_arena *arena, struct sl_stage_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_store_stage(struct sl_store *store, int64_t id, struct sl_arena *arena,
	struct sl_stage *out, struct sl_error *err) __attribute__((warn_unused_result));

struct sl_task_query {
	int64_t change_id, stage_id; /* 0: all */
	const char *target; /* NULL: all */
	unsigned states; /* 0: all */
	struct sl_page page;
};
enum sl_code sl_store_tasks(struct sl_store *store, const struct sl_task_query *wanted,
	struct sl_arena *arena, struct sl_task_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_store_task(struct sl_store *store, int64_t id, struct sl_arena *arena,
	struct sl_task *out, struct sl_error *err) __attribute__((warn_unused_result));

struct sl_run_query {
	const char *target; /* NULL: all */
	int64_t change_id, task_id; /* 0: all */
	int64_t before; /* begun before this moment; 0: the newest */
	unsigned limit; /* 0: 50; at most 1,000 */
};
enum sl_code sl_store_runs(struct sl_store *store, const struct sl_run_query *wanted,
	struct sl_arena *arena, struct sl_run_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));
/* The last one of each target that has any. */
enum sl_code sl_store_last_runs(struct sl_store *store, struct sl_arena *arena,
	struct sl_run_list *out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_store_run(struct sl_store *store, const char *id, struct sl_arena *arena,
	struct sl_run *out, struct sl_error *err) __attribute__((warn_unused_result));

/* What others were seen to have done; target NULL: everywhere.  limit as that of a page. */
enum sl_code sl_store_elsewhere(struct sl_store *store, const char *target, unsigned limit,
	struct sl_arena *arena, struct sl_elsewhere_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* By number. */
enum sl_code sl_store_steps(struct sl_store *store, const char *run_id, struct sl_arena *arena,
	struct sl_step_list *out, struct sl_error *err) __attribute__((warn_unused_result));

/* Of one target. */
enum sl_code sl_store_snapshots(struct sl_store *store, const char *target, struct sl_page page,
	struct sl_arena *arena, struct sl_snapshot_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The content behind a hash, in its own order; a snapshot of an empty schema has none. SL_ENOTFOUND
 * for a hash that was never kept. */
enum sl_code sl_store_snapshot_objects(struct sl_store *store, const char *hash,
	struct sl_arena *arena, struct sl_snapshot_object_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* All records of drift, in no order; and that of one target: revision 0 when there is none. */
enum sl_code sl_store_drifts(struct sl_store *store, struct sl_arena *arena,
	struct sl_drift_list *out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_store_drift(struct sl_store *store, const char *target, struct sl_arena *arena,
	struct sl_drift_record *out, struct sl_error *err) __attribute__((warn_unused_result));

struct sl_log_query {
	int64_t change_id; /* 0: all */
	const char *target; /* events: NULL: all */
	struct sl_page page;
};
enum sl_code sl_store_events(struct sl_store *store, const struct sl_log_query *wanted,
	struct sl_arena *arena, struct sl_event_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_store_audit(struct sl_store *store, const struct sl_log_query *wanted,
	struct sl_arena *arena, struct sl_audit_list *out, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
