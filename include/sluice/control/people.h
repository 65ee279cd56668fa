/*
 * people: what persons ask for, and what they are shown.
 *
 * Each verb checks who asks, writes its audit record whether it is granted or not, and is done when
 * it returns: durable, with the work that follows queued.  SL_EUNAUTH: nobody known asks;
 * SL_EDENIED: not allowed, with the roles that would be; SL_ECONFLICT: the state does not allow it
 * now.
 *
 * Views are JSON: what the API answers, what the pages are rendered from, what the commands print.
 * A view is one moment of the store.
 */
#ifndef SLUICE_CONTROL_PEOPLE_H
#define SLUICE_CONTROL_PEOPLE_H

#include "sluice/control/control.h"
#include "sluice/core/json.h"
#include "sluice/forge/hook.h"
#include "sluice/model/person.h"

struct sl_ask {
	struct sl_person who;
	const char *reason; /* "" none */
};

/* environment NULL: the first stage that awaits approvals.  digest NULL: whatever it is now; a
 * given one must be the present one. */
enum sl_code sl_control_approve(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, const char *environment, const char *digest, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_control_revoke(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, const char *environment, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_control_hold(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_control_resume(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, struct sl_error *err) __attribute__((warn_unused_result));

struct sl_waiving {
	const char *finding; /* a fingerprint, or a rule's id: every finding of it */
	const char *until; /* "YYYY-MM-DD": its last day (UTC), within a year; NULL: without end */
};

/* Accepts findings of the change.  When a waiver ends they count again: a change that is still
 * open, or held, is reviewed anew. */
enum sl_code sl_control_waive(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, const struct sl_waiving *wanted, struct sl_error *err)
	__attribute__((warn_unused_result));

enum sl_code sl_control_retry(struct sl_control *control, const struct sl_ask *ask, int64_t task_id,
	struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_control_cancel(struct sl_control *control, const struct sl_ask *ask,
	int64_t task_id, struct sl_error *err) __attribute__((warn_unused_result));

/* Writes the task's pending files into the target's ledger as skipped; SL_EUNAVAIL when it cannot
 * be reached: ask again. */
enum sl_code sl_control_skip(struct sl_control *control, const struct sl_ask *ask, int64_t task_id,
	struct sl_error *err) __attribute__((warn_unused_result));

/* A stage in mode gate that waits for the team's own tool is over: it will not be applied there.
 * SL_EINVAL without a reason or an environment; SL_ECONFLICT for any other stage. */
enum sl_code sl_control_skip_stage(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, const char *environment, struct sl_error *err)
	__attribute__((warn_unused_result));

struct sl_resolving {
	enum sl_resolution is;
	unsigned statement; /* that it is about; 0: whichever is in doubt */
};

/* What a person found of a task that needs one: written into the target's ledger, and the task goes
 * on from there by itself.  *out, a new reference: {"text": what follows}.  As sl_apply_resolve();
 * SL_EINVAL without a reason. */
enum sl_code sl_control_resolve(struct sl_control *control, const struct sl_ask *ask,
	int64_t task_id, const struct sl_resolving *wanted, json_t **out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The target is ours from now on, whoever wrote to it last, and what another tool applied there is
 * recorded as applied; what was blocked there is tried at once.  dry_run only looks.  *out, a new
 * reference: {"ledger": there was one, "dry_run", "histories": [{"folder", "ledger", "tool",
 * "table", "adopted": [path], "pending": [path], "known"}]}.  SL_ECONFLICT when it has neither a
 * ledger nor a history, or one that cannot be adopted as it is. */
enum sl_code sl_control_adopt(struct sl_control *control, const struct sl_ask *ask,
	const char *target, bool dry_run, json_t **out, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The structure that was shown, by its hash or at least 8 digits of it, is what is meant to be
 * there from now on.  SL_EINVAL without a reason; SL_ECONFLICT when there is no drift, or another
 * one by now. */
enum sl_code sl_control_accept_drift(struct sl_control *control, const struct sl_ask *ask,
	const char *target, const char *live, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Somebody wants the target compared now: it is done soon. */
enum sl_code sl_control_check_drift(struct sl_control *control, const struct sl_ask *ask,
	const char *target, struct sl_error *err) __attribute__((warn_unused_result));

/* --- changes without a repository of one's own ------------------------------------------------ */

struct sl_opening {
	const char *sql;
	const char *targets; /* selector */
	const char *title;
};

/* Where the change was written; in the arena. */
struct sl_opened {
	const char *branch;
	const char *head;
};

/* Writes the change as a branch of the repository that Sluice owns and queues its review.
 * SL_EINVAL for an empty file, and a selector that takes no target. */
enum sl_code sl_control_open_change(struct sl_control *control, const struct sl_ask *ask,
	const struct sl_opening *opening, struct sl_arena *arena, struct sl_opened *out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The change of that branch and head, once it has a review: its id, else 0. */
enum sl_code sl_control_opened(struct sl_control *control, const char *branch, const char *head,
	int64_t *id, struct sl_error *err) __attribute__((warn_unused_result));

/* Merges a change of the repository that Sluice owns; SL_EINVAL for one of another. */
enum sl_code sl_control_merge(struct sl_control *control, const struct sl_ask *ask,
	int64_t change_id, struct sl_error *err) __attribute__((warn_unused_result));

/* --- the push hook -------------------------------------------------------------------------- */

/* Keeps who pushed what, durable, and queues the project.  *project is borrowed from the world,
 * NULL when the repository is none of ours. */
enum sl_code sl_control_pushed(struct sl_control *control, const struct sl_person *who,
	const struct sl_hook_request *request, const char **project, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The lines for the pusher; done is SL_HOOK_LATER while a pushed head has no review yet. */
enum sl_code sl_control_push_answer(struct sl_control *control, const char *project,
	const struct sl_hook_request *request, struct sl_arena *arena, struct sl_hook_answer *out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Waits until a project was reconciled again or the time passes. */
void sl_control_wait_project(struct sl_control *control, int64_t timeout_us);

/* --- views ---------------------------------------------------------------------------------- */

/* Each a new reference. */
enum sl_code sl_view_changes(struct sl_control *control, int64_t before, unsigned limit,
	json_t **out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_view_change(struct sl_control *control, int64_t id, json_t **out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The changes whose migrations a commit holds (id, or at least 7 digits of it).  worked_off says
 * that it is on its project's branch and nothing it brought is still to be looked at.  SL_ENOTFOUND
 * for a commit that no project has, and for an environment (may be NULL) that there is not. */
enum sl_code sl_view_commit(struct sl_control *control, const char *commit, const char *environment,
	json_t **out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_view_targets(struct sl_control *control, json_t **out, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_view_target(struct sl_control *control, const char *name, json_t **out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The drift of every target; of one, with the differences, object by object. */
enum sl_code sl_view_drifts(struct sl_control *control, json_t **out, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_view_drift(struct sl_control *control, const char *target, json_t **out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Two snapshot hashes of the store. */
enum sl_code sl_view_diff(struct sl_control *control, const char *target, const char *from,
	const char *to, json_t **out, struct sl_error *err) __attribute__((warn_unused_result));

/* What needs somebody, a line each, and counts. */
enum sl_code sl_view_status(struct sl_control *control, json_t **out, struct sl_error *err)
	__attribute__((warn_unused_result));
enum sl_code sl_view_history(struct sl_control *control, const char *target, unsigned limit,
	json_t **out, struct sl_error *err) __attribute__((warn_unused_result));
enum sl_code sl_view_audit(struct sl_control *control, int64_t before, unsigned limit, json_t **out,
	struct sl_error *err) __attribute__((warn_unused_result));

#endif
