/*
 * The records that the store keeps and everybody above floor 3 passes around.  Plain data: text is
 * borrowed from the arena that the record was read into, and never NULL in what was read ("" where
 * there is none; NULL counts as "" in what is written); times are wall microseconds, 0 when it has
 * not happened; ids are store ids from 1, 0 when there is none.
 */
#ifndef SLUICE_MODEL_RECORDS_H
#define SLUICE_MODEL_RECORDS_H

#include "sluice/model/words.h"

#include <stddef.h>
#include <stdint.h>

/* What the store knows of a project: where its branch stood when it was last read. */
struct sl_project_record {
	int64_t id;
	const char *name;
	const char *head; /* of the project's branch, commit id */
	bool settled; /* the first sight of its branch was worked off */
	int64_t first_seen_at, seen_at;
};

struct sl_change {
	int64_t id;
	int64_t revision; /* counts every write that concerns the change (sl_batch_expect) */
	const char *project;
	enum sl_change_kind kind;
	enum sl_change_state state;
	const char *branch; /* "change/orders"; the project's branch for direct and initial */
	const char *title;
	const char *head; /* commit id, 40 hex */
	const char *base; /* merge base with the project's branch at the last reconcile */
	const char *author; /* user name, or "" when nobody is known to have pushed */
	const char *content; /* hash over the ordered (path, sha256) of its migrations */
	bool held; /* a hold is set: by a person, or because it was merged red */
	const char *hold_reason;
	const char *hold_by; /* user, or "sluice" */
	const char *wait; /* the sentence that says what is awaited, "" when nothing is */
	int64_t opened_at, merged_at, ended_at;
	int64_t review_id; /* the review of head, 0 while there is none */
};

/* A person who pushed a head, or whose e-mail stands in its commits, of a change. */
struct sl_change_person {
	int64_t change_id;
	const char *user; /* known user, or the e-mail when it matches nobody */
	bool pushed; /* false: only named by a commit, counts against, never for */
};

/* One migration of a change at its present head. */
struct sl_change_file {
	int64_t change_id;
	const char *folder; /* the migrations folder in the repository */
	const char *path; /* relative to it */
	enum sl_migration_kind kind;
	const char *key;
	const char *sha256;
	const char *blob; /* Git object id; "": the change takes the file away */
};

struct sl_review_record {
	int64_t id;
	int64_t change_id;
	const char *head;
	unsigned errors, warnings, notices;
	enum sl_risk risk; /* the highest over its environments */
	const char *report; /* JSON as review prints it, per environment under "environments" */
	int64_t at, took_us;
};

/* One finding of a review, for lists; the report has all of it. */
struct sl_finding_record {
	int64_t id;
	int64_t review_id;
	const char *environment; /* "" when it is the same in all of them */
	const char *rule;
	enum sl_severity severity;
	const char *path;
	unsigned line, column, statement; /* from 1; 0: about the whole file */
	const char *message;
	const char *fingerprint;
	bool waived;
};

struct sl_waiver {
	int64_t id;
	int64_t change_id;
	const char *fingerprint, *rule, *reason, *by;
	int64_t at, until; /* until 0: without end */
};

/* The plan of a change in one environment: what will run where, and its approvals' object. */
struct sl_stage {
	int64_t id;
	int64_t change_id;
	const char *environment;
	unsigned position; /* of the environment in the configured order, from 0 */
	enum sl_stage_state state;
	const char *digest; /* sha256 hex: what the approvals are bound to */
	enum sl_risk risk;
	const char *plan; /* JSON: migrations, targets, estimates, commit, approval steps */
	const char *wait; /* the sentence that says what is awaited, "" when nothing is */
	int64_t created_at, started_at, ended_at;
};

struct sl_approval {
	int64_t id;
	int64_t stage_id, change_id;
	const char *digest;
	const char *by; /* user */
	const char *role; /* the step it answers */
	const char *reason;
	int64_t at, revoked_at;
	const char *revoked_by;
};

/* A stage has one for each (target, migrations folder). */
struct sl_task {
	int64_t id;
	int64_t stage_id, change_id;
	const char *environment, *target;
	const char *folder; /* migrations folder in the repository */
	enum sl_task_state state;
	const char *wait; /* the sentence that says what is awaited, "" when nothing is */
	const char *detail; /* of the last outcome: error, "k of n" */
	enum sl_outcome outcome; /* of the last attempt that ended, valid when ended_at is set */
	int64_t due_at; /* not before this moment */
	unsigned attempts;
	int64_t lease_epoch; /* raised by each claim */
	const char *lease_by; /* replica holding the lease, "" when none */
	int64_t lease_until;
	bool cancel_asked;
	int64_t started_at, ended_at; /* of the last attempt */
	int64_t blocked_at; /* since when every attempt was blocked or unknown; 0: not so */
	bool busy; /* the last attempt of which that is known met somebody's lock */
};

/* What others' own tools were seen to have done of a stage that is left to them, on one target. */
struct sl_elsewhere_record {
	int64_t stage_id, change_id;
	const char *target;
	bool applied; /* all that the plan brings to the target */
	unsigned done, total; /* migrations */
	const char *tool; /* "Flyway", "sluice migrate"; "" nobody was seen */
	const char *files; /* paths that were seen applied: each between line ends */
	const char *sentence; /* "applied by Flyway at ...", "V2__a.sql is not yet applied" */
	const char *before, *after; /* snapshot hashes around what was seen, "" none */
	int64_t seen_at; /* when this was first seen */
};

/* One attempt of a task. */
struct sl_run {
	const char *id; /* 32 hex */
	int64_t task_id;
	const char *target, *environment;
	int64_t change_id;
	enum sl_outcome outcome; /* valid when ended_at is set */
	const char *detail;
	unsigned steps_done, steps_total;
	const char *before, *after; /* snapshot hashes, "" when there is none */
	int64_t started_at, ended_at;
};

/* One statement of a run. */
struct sl_step {
	const char *run_id;
	unsigned number; /* over the run, from 1 */
	const char *migration; /* key */
	const char *path;
	unsigned statement; /* in its file, from 1 */
	unsigned line;
	const char *sql_head; /* first 200 code points, for people */
	int64_t rows; /* -1 when the engine does not say */
	int64_t started_at, ended_at; /* ended_at 0: begun, not known to have ended */
	const char *error;
};

/* The normalised schema of a target at a moment. */
struct sl_snapshot_record {
	int64_t id;
	const char *target; /* "": of no moment, kept for its content */
	const char *hash; /* of the whole: its content is found by it */
	const char *run_id; /* taken around this run, or "" */
	int64_t at;
};

/* What is known of a target's drift: one row a target. */
struct sl_drift_record {
	const char *target;
	int64_t revision; /* raised by each write; 0: not written yet */
	enum sl_drift state; /* of the last comparison */
	const char *base; /* hash of the structure that is meant to be there; "" none yet */
	const char *origin; /* what made it the base: "run 4f0c of change 12", "first seen" */
	int64_t based_at;
	const char *live; /* hash of what was there at the last comparison; "" none yet */
	/* Hash from before a run whose end is not known yet: what differs from it is the run's own
	 * work.  "" none. */
	const char *before;
	int64_t since; /* when the drift was found; 0: there is none */
	unsigned objects; /* how many differ */
	const char *summary; /* "1 column added" */
	int64_t checked_at; /* the last comparison */
	int64_t tried_at; /* the last attempt at one; later than checked_at: it did not come to it
			   */
	int64_t asked_at; /* somebody asked for one now; done when tried_at is not before it */
	const char *note; /* why the last attempt failed, or why the state is unknown; "" */
	/* The run of the target's ledger behind which base, and live, were: later ones count anew.
	 * SL_DRIFT_NO_RUN: the ledger had none yet; "" not known. */
	const char *base_run, *live_run;
};

#define SL_DRIFT_NO_RUN "none"

/* One object of a snapshot's content, in the snapshot's order. */
struct sl_snapshot_object {
	const char *key; /* "table public.orders": unique in the snapshot */
	const char *hash; /* sha256 hex of body */
	const char *body; /* canonical JSON */
};

struct sl_event {
	int64_t id;
	int64_t at;
	int64_t change_id; /* 0: of the workspace */
	const char *kind; /* "change.opened", "task.failed" */
	const char *target; /* "" when it is about none */
	const char *by; /* user, or "sluice" */
	const char *text; /* one sentence */
};

/* Who asked for what, whether it was granted or not. */
struct sl_audit {
	int64_t id;
	int64_t at;
	int64_t change_id; /* 0: of the workspace */
	const char *by; /* user */
	const char *via; /* "socket", "api", "web", "hook" */
	const char *action; /* "change.approve", "task.skip" */
	const char *object; /* "change 12", "task 40 on orders-prod" */
	const char *detail; /* the reason given, or why it was refused */
	bool refused;
};

/* A webhook or hook delivery: a hint that something is dirty, kept before it is answered. */
struct sl_delivery {
	int64_t id;
	const char *source; /* host or project */
	const char *key; /* the host's id of the delivery: a second one is dropped */
	const char *body;
	int64_t at, done_at;
};

/* One message for one route, delivered at least once. */
struct sl_message {
	int64_t id;
	const char *route;
	const char *kind; /* event kind */
	int64_t change_id;
	const char *body; /* JSON */
	int64_t at;
	int64_t due_at; /* not before this moment; while it is being delivered, its lease's end */
	unsigned attempts;
	int64_t done_at; /* delivered, or given up when error is not empty */
	const char *error; /* of the last attempt */
};

#endif
