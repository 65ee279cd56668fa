/*
 * The words of the product as enumerations, each with one spelling for the store, the pages, JSON
 * and messages.  X_name() returns static text; X_parse() returns false, and leaves *out alone, when
 * the text is none of them.
 */
#ifndef SLUICE_MODEL_WORDS_H
#define SLUICE_MODEL_WORDS_H

#include <stdbool.h>

/* Whose SQL.  MySQL and MariaDB share a driver and a lexer, not their facts. */
enum sl_dialect {
	SL_DIALECT_POSTGRES,
	SL_DIALECT_SQLITE,
	SL_DIALECT_MYSQL,
	SL_DIALECT_MARIADB,
	SL_DIALECT_COUNT
};

enum sl_severity {
	SL_SEVERITY_OFF,
	SL_SEVERITY_NOTICE,
	SL_SEVERITY_WARNING,
	SL_SEVERITY_ERROR,
	SL_SEVERITY_COUNT
};

enum sl_risk { SL_RISK_LOW, SL_RISK_MODERATE, SL_RISK_HIGH, SL_RISK_COUNT };

/* What a project may do in an environment; each includes the one before. */
enum sl_mode { SL_MODE_OBSERVE, SL_MODE_REVIEW, SL_MODE_GATE, SL_MODE_APPLY, SL_MODE_COUNT };

/* How a change came to be. */
enum sl_change_kind {
	SL_CHANGE_BRANCH, /* a change/ branch, or a merge request */
	SL_CHANGE_DIRECT, /* pushed straight to the project's branch */
	SL_CHANGE_INITIAL, /* what stood on the branch at its first sight */
	SL_CHANGE_KIND_COUNT
};

enum sl_change_state {
	SL_CHANGE_OPEN,
	SL_CHANGE_MERGED, /* its stages are at work or waiting */
	SL_CHANGE_DONE, /* every stage is done, skipped, had nothing to do, or was left to others */
	SL_CHANGE_NOTHING, /* merged, and no target needed anything: never called success */
	SL_CHANGE_CLOSED, /* the branch went away unmerged */
	SL_CHANGE_SUPERSEDED, /* the branch holds other content than this change had */
	SL_CHANGE_STATE_COUNT
};

/* The part of a plan in one environment. */
enum sl_stage_state {
	SL_STAGE_WAITING, /* for an earlier stage, approvals, a hold; the sentence says which */
	SL_STAGE_RUNNING, /* tasks are ready, running or blocked */
	SL_STAGE_DONE,
	SL_STAGE_FAILED, /* a task failed or needs a human; later stages do not start */
	SL_STAGE_NOTHING, /* no target of this environment needed anything */
	SL_STAGE_CANCELED,
	SL_STAGE_LEFT, /* as far as its mode goes: whoever applies it, Sluice does not */
	SL_STAGE_ELSEWHERE, /* the team's own tool was seen to have applied all of it */
	SL_STAGE_SKIPPED, /* left, and a person said that it will not be applied there */
	SL_STAGE_STATE_COUNT
};

/* One migration set on one target. */
enum sl_task_state {
	SL_TASK_WAITING, /* for its stage */
	SL_TASK_READY, /* may be claimed by a worker */
	SL_TASK_RUNNING, /* a worker holds the lease */
	SL_TASK_DONE,
	SL_TASK_FAILED, /* proved to have had no effect, or a proved part of it */
	SL_TASK_BLOCKED, /* the target cannot be worked on now; tried again by itself */
	SL_TASK_UNKNOWN, /* the outcome is being proved */
	SL_TASK_NEEDS_HUMAN, /* it cannot be proved */
	SL_TASK_SKIPPED,
	SL_TASK_CANCELED,
	SL_TASK_STATE_COUNT
};

/* How an attempt of a task ended (architecture: "one outcome"). */
enum sl_outcome {
	SL_OUTCOME_NOTHING, /* everything had been applied before */
	SL_OUTCOME_APPLIED,
	SL_OUTCOME_FAILED_CLEAN, /* proved: no effect of the failed migration remains */
	SL_OUTCOME_FAILED_PARTIAL, /* proved: k of n statements have their effect */
	SL_OUTCOME_CANCELED, /* at k of n, proved */
	SL_OUTCOME_BLOCKED, /* not begun; try again after a while */
	SL_OUTCOME_UNKNOWN, /* try again after a while: the attempt begins by proving */
	SL_OUTCOME_NEEDS_HUMAN,
	SL_OUTCOME_COUNT
};

/* What a migration is to the ledger. */
enum sl_migration_kind {
	SL_MIGRATION_VERSION, /* canonical version: runs once, in order */
	SL_MIGRATION_REPEATABLE, /* runs again when its content changes, after the versions */
	SL_MIGRATION_ID, /* "author:id": runs once, in file order */
	SL_MIGRATION_KIND_COUNT
};

/* The live structure of a target against its last snapshot. */
enum sl_drift {
	SL_DRIFT_NONE,
	SL_DRIFT_FOUND,
	SL_DRIFT_UNKNOWN, /* never compared, or not all of it can be seen */
	SL_DRIFT_COUNT
};

/* What has states, and moves between them. */
enum sl_object { SL_OBJECT_CHANGE, SL_OBJECT_STAGE, SL_OBJECT_TASK, SL_OBJECT_COUNT };

/* What a person asks for. */
enum sl_verb {
	SL_VERB_APPROVE,
	SL_VERB_REVOKE,
	SL_VERB_WAIVE,
	SL_VERB_HOLD,
	SL_VERB_RESUME,
	SL_VERB_RETRY,
	SL_VERB_SKIP,
	SL_VERB_CANCEL,
	SL_VERB_RESOLVE, /* says what a task that needs a human did */
	SL_VERB_OPEN, /* a change without a repository of one's own */
	SL_VERB_ADOPT, /* a target, or its history */
	SL_VERB_ACCEPT, /* a drift */
	SL_VERB_COUNT
};

/* What a person says of a file whose outcome cannot be proved. */
enum sl_resolution {
	SL_RESOLVED_APPLIED, /* the statement in doubt had its effect */
	SL_RESOLVED_NOT_APPLIED, /* it had none, and runs again */
	SL_RESOLVED_FILE_APPLIED, /* all of the file is there: what was missing, was done by hand */
	SL_RESOLVED_FILE_NOT_APPLIED, /* nothing of it is: what was there, was undone by hand */
	SL_RESOLUTION_COUNT
};

#define SL_WORD(type, stem)                                      \
	const char *sl_##stem##_name(enum type value);           \
	bool sl_##stem##_parse(enum type *out, const char *name) \
		__attribute__((warn_unused_result, nonnull))

SL_WORD(sl_dialect, dialect);
SL_WORD(sl_severity, severity);
SL_WORD(sl_risk, risk);
SL_WORD(sl_mode, mode);
SL_WORD(sl_change_kind, change_kind);
SL_WORD(sl_change_state, change_state);
SL_WORD(sl_stage_state, stage_state);
SL_WORD(sl_task_state, task_state);
SL_WORD(sl_outcome, outcome);
SL_WORD(sl_migration_kind, migration_kind);
SL_WORD(sl_drift, drift);
SL_WORD(sl_object, object);
SL_WORD(sl_verb, verb);
SL_WORD(sl_resolution, resolution);

#endif
