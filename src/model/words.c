#include "sluice/model/words.h"

#include <stddef.h>
#include <string.h>

static const char *const dialect_names[] = {
	[SL_DIALECT_POSTGRES] = "postgres",
	[SL_DIALECT_SQLITE] = "sqlite",
	[SL_DIALECT_MYSQL] = "mysql",
	[SL_DIALECT_MARIADB] = "mariadb",
};

static const char *const severity_names[] = {
	[SL_SEVERITY_OFF] = "off",
	[SL_SEVERITY_NOTICE] = "notice",
	[SL_SEVERITY_WARNING] = "warning",
	[SL_SEVERITY_ERROR] = "error",
};

static const char *const risk_names[] = {
	[SL_RISK_LOW] = "low",
	[SL_RISK_MODERATE] = "moderate",
	[SL_RISK_HIGH] = "high",
};

static const char *const mode_names[] = {
	[SL_MODE_OBSERVE] = "observe",
	[SL_MODE_REVIEW] = "review",
	[SL_MODE_GATE] = "gate",
	[SL_MODE_APPLY] = "apply",
};

static const char *const change_kind_names[] = {
	[SL_CHANGE_BRANCH] = "branch",
	[SL_CHANGE_DIRECT] = "direct",
	[SL_CHANGE_INITIAL] = "initial",
};

static const char *const change_state_names[] = {
	[SL_CHANGE_OPEN] = "open",
	[SL_CHANGE_MERGED] = "merged",
	[SL_CHANGE_DONE] = "done",
	[SL_CHANGE_NOTHING] = "nothing",
	[SL_CHANGE_CLOSED] = "closed",
	[SL_CHANGE_SUPERSEDED] = "superseded",
};

static const char *const stage_state_names[] = {
	[SL_STAGE_WAITING] = "waiting",
	[SL_STAGE_RUNNING] = "running",
	[SL_STAGE_DONE] = "done",
	[SL_STAGE_FAILED] = "failed",
	[SL_STAGE_NOTHING] = "nothing",
	[SL_STAGE_CANCELED] = "canceled",
	[SL_STAGE_LEFT] = "left",
	[SL_STAGE_ELSEWHERE] = "elsewhere",
	[SL_STAGE_SKIPPED] = "skipped",
};

static const char *const task_state_names[] = {
	[SL_TASK_WAITING] = "waiting",
	[SL_TASK_READY] = "ready",
	[SL_TASK_RUNNING] = "running",
	[SL_TASK_DONE] = "done",
	[SL_TASK_FAILED] = "failed",
	[SL_TASK_BLOCKED] = "blocked",
	[SL_TASK_UNKNOWN] = "unknown",
	[SL_TASK_NEEDS_HUMAN] = "needs_human",
	[SL_TASK_SKIPPED] = "skipped",
	[SL_TASK_CANCELED] = "canceled",
};

static const char *const outcome_names[] = {
	[SL_OUTCOME_NOTHING] = "nothing",
	[SL_OUTCOME_APPLIED] = "applied",
	[SL_OUTCOME_FAILED_CLEAN] = "failed_clean",
	[SL_OUTCOME_FAILED_PARTIAL] = "failed_partial",
	[SL_OUTCOME_CANCELED] = "canceled",
	[SL_OUTCOME_BLOCKED] = "blocked",
	[SL_OUTCOME_UNKNOWN] = "unknown",
	[SL_OUTCOME_NEEDS_HUMAN] = "needs_human",
};

static const char *const migration_kind_names[] = {
	[SL_MIGRATION_VERSION] = "version",
	[SL_MIGRATION_REPEATABLE] = "repeatable",
	[SL_MIGRATION_ID] = "id",
};

static const char *const drift_names[] = {
	[SL_DRIFT_NONE] = "none",
	[SL_DRIFT_FOUND] = "found",
	[SL_DRIFT_UNKNOWN] = "unknown",
};

static const char *const object_names[] = {
	[SL_OBJECT_CHANGE] = "change",
	[SL_OBJECT_STAGE] = "stage",
	[SL_OBJECT_TASK] = "task",
};

static const char *const verb_names[] = {
	[SL_VERB_APPROVE] = "approve",
	[SL_VERB_REVOKE] = "revoke",
	[SL_VERB_WAIVE] = "waive",
	[SL_VERB_HOLD] = "hold",
	[SL_VERB_RESUME] = "resume",
	[SL_VERB_RETRY] = "retry",
	[SL_VERB_SKIP] = "skip",
	[SL_VERB_CANCEL] = "cancel",
	[SL_VERB_RESOLVE] = "resolve",
	[SL_VERB_OPEN] = "open",
	[SL_VERB_ADOPT] = "adopt",
	[SL_VERB_ACCEPT] = "accept",
};

static const char *const resolution_names[] = {
	[SL_RESOLVED_APPLIED] = "applied",
	[SL_RESOLVED_NOT_APPLIED] = "not-applied",
	[SL_RESOLVED_FILE_APPLIED] = "file-applied",
	[SL_RESOLVED_FILE_NOT_APPLIED] = "file-not-applied",
};

/* The row with this name, or count. */
static size_t find(const char *const *names, size_t count, const char *name)
{
	size_t i = 0;

	while (i < count && strcmp(names[i], name) != 0)
		i++;
	return i;
}

/* Both directions of one word over its table, which has a row for every value. */
#define WORD(type, stem, count)                                          \
	_Static_assert(sizeof(stem##_names) / sizeof(char *) == (count), \
		#stem " has a value without a name");                    \
                                                                         \
	const char *sl_##stem##_name(enum type value)                    \
	{                                                                \
		return stem##_names[value];                              \
	}                                                                \
                                                                         \
	bool sl_##stem##_parse(enum type *out, const char *name)         \
	{                                                                \
		size_t i = find(stem##_names, (count), name);            \
                                                                         \
		if (i < (count))                                         \
			*out = (enum type)i;                             \
		return i < (count);                                      \
	}                                                                \
	_Static_assert(1, "force a semicolon")

WORD(sl_dialect, dialect, SL_DIALECT_COUNT);
WORD(sl_severity, severity, SL_SEVERITY_COUNT);
WORD(sl_risk, risk, SL_RISK_COUNT);
WORD(sl_mode, mode, SL_MODE_COUNT);
WORD(sl_change_kind, change_kind, SL_CHANGE_KIND_COUNT);
WORD(sl_change_state, change_state, SL_CHANGE_STATE_COUNT);
WORD(sl_stage_state, stage_state, SL_STAGE_STATE_COUNT);
WORD(sl_task_state, task_state, SL_TASK_STATE_COUNT);
WORD(sl_outcome, outcome, SL_OUTCOME_COUNT);
WORD(sl_migration_kind, migration_kind, SL_MIGRATION_KIND_COUNT);
WORD(sl_drift, drift, SL_DRIFT_COUNT);
WORD(sl_object, object, SL_OBJECT_COUNT);
WORD(sl_verb, verb, SL_VERB_COUNT);
WORD(sl_resolution, resolution, SL_RESOLUTION_COUNT);
