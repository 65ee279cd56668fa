#include "table.h"

#include "sluice/model/records.h"

#define WORD(stem)                                                \
	static const char *stem##_word_name(int value)            \
	{                                                         \
		return sl_##stem##_name((enum sl_##stem)value);   \
	}                                                         \
                                                                  \
	static bool stem##_word_parse(int *out, const char *name) \
	{                                                         \
		enum sl_##stem value;                             \
                                                                  \
		if (!sl_##stem##_parse(&value, name))             \
			return false;                             \
		*out = (int)value;                                \
		return true;                                      \
	}                                                         \
                                                                  \
	static const struct word stem##_word = { stem##_word_name, stem##_word_parse }

WORD(change_kind);
WORD(change_state);
WORD(stage_state);
WORD(task_state);
WORD(outcome);
WORD(risk);
WORD(severity);
WORD(drift);
WORD(migration_kind);

#define INT(type, field)                                                     \
	{                                                                    \
#field, COLUMN_INT, offsetof(struct type, field), NULL, NULL \
	}
#define UINT(type, field)                                                     \
	{                                                                     \
#field, COLUMN_UINT, offsetof(struct type, field), NULL, NULL \
	}
#define BOOL(type, field)                                                     \
	{                                                                     \
#field, COLUMN_BOOL, offsetof(struct type, field), NULL, NULL \
	}
#define TEXT(type, field)                                                     \
	{                                                                     \
#field, COLUMN_TEXT, offsetof(struct type, field), NULL, NULL \
	}
#define ENUM(type, field, stem)                                                       \
	{                                                                             \
#field, COLUMN_WORD, offsetof(struct type, field), &stem##_word, NULL \
	}
#define REF(type, field, table)                                                                \
	{                                                                                      \
#field, COLUMN_REF, offsetof(struct type, field), NULL, &store_##table##_table \
	}

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

#define TABLE(stem, type, id)                                                       \
	const struct table store_##stem##_table = { #stem, sizeof(struct type), id, \
		stem##_columns, LEN(stem##_columns), NULL, 0 }
#define TABLE_KEYED(stem, type, id)                                                 \
	const struct table store_##stem##_table = { #stem, sizeof(struct type), id, \
		stem##_columns, LEN(stem##_columns), stem##_keys, LEN(stem##_keys) }
#define ID(type) offsetof(struct type, id)

static const struct column project_columns[] = {
	TEXT(sl_project_record, name),
	TEXT(sl_project_record, head),
	BOOL(sl_project_record, settled),
	INT(sl_project_record, first_seen_at),
	INT(sl_project_record, seen_at),
};
static const struct key project_keys[] = { { { "name" }, NULL } };
TABLE_KEYED(project, sl_project_record, ID(sl_project_record));

static const struct column change_columns[] = {
	INT(sl_change, revision),
	TEXT(sl_change, project),
	ENUM(sl_change, kind, change_kind),
	ENUM(sl_change, state, change_state),
	TEXT(sl_change, branch),
	TEXT(sl_change, title),
	TEXT(sl_change, head),
	TEXT(sl_change, base),
	TEXT(sl_change, author),
	TEXT(sl_change, content),
	BOOL(sl_change, held),
	TEXT(sl_change, hold_reason),
	TEXT(sl_change, hold_by),
	TEXT(sl_change, wait),
	INT(sl_change, opened_at),
	INT(sl_change, merged_at),
	INT(sl_change, ended_at),
	REF(sl_change, review_id, review),
};
TABLE(change, sl_change, ID(sl_change));

static const struct column person_columns[] = {
	REF(sl_change_person, change_id, change),
	TEXT(sl_change_person, user),
	BOOL(sl_change_person, pushed),
};
static const struct key person_keys[] = { { { "change_id", "user" }, NULL } };
TABLE_KEYED(person, sl_change_person, TABLE_WITHOUT_ID);

static const struct column file_columns[] = {
	REF(sl_change_file, change_id, change),
	TEXT(sl_change_file, folder),
	TEXT(sl_change_file, path),
	ENUM(sl_change_file, kind, migration_kind),
	TEXT(sl_change_file, key),
	TEXT(sl_change_file, sha256),
	TEXT(sl_change_file, blob),
};
TABLE(file, sl_change_file, TABLE_WITHOUT_ID);

static const struct column review_columns[] = {
	REF(sl_review_record, change_id, change),
	TEXT(sl_review_record, head),
	UINT(sl_review_record, errors),
	UINT(sl_review_record, warnings),
	UINT(sl_review_record, notices),
	ENUM(sl_review_record, risk, risk),
	TEXT(sl_review_record, report),
	INT(sl_review_record, at),
	INT(sl_review_record, took_us),
};
TABLE(review, sl_review_record, ID(sl_review_record));

static const struct column finding_columns[] = {
	REF(sl_finding_record, review_id, review),
	TEXT(sl_finding_record, environment),
	TEXT(sl_finding_record, rule),
	ENUM(sl_finding_record, severity, severity),
	TEXT(sl_finding_record, path),
	UINT(sl_finding_record, line),
	UINT(sl_finding_record, column),
	UINT(sl_finding_record, statement),
	TEXT(sl_finding_record, message),
	TEXT(sl_finding_record, fingerprint),
	BOOL(sl_finding_record, waived),
};
TABLE(finding, sl_finding_record, ID(sl_finding_record));

static const struct column waiver_columns[] = {
	REF(sl_waiver, change_id, change),
	TEXT(sl_waiver, fingerprint),
	TEXT(sl_waiver, rule),
	TEXT(sl_waiver, reason),
	TEXT(sl_waiver, by),
	INT(sl_waiver, at),
	INT(sl_waiver, until),
};
TABLE(waiver, sl_waiver, ID(sl_waiver));

static const struct column stage_columns[] = {
	REF(sl_stage, change_id, change),
	TEXT(sl_stage, environment),
	UINT(sl_stage, position),
	ENUM(sl_stage, state, stage_state),
	TEXT(sl_stage, digest),
	ENUM(sl_stage, risk, risk),
	TEXT(sl_stage, plan),
	TEXT(sl_stage, wait),
	INT(sl_stage, created_at),
	INT(sl_stage, started_at),
	INT(sl_stage, ended_at),
};
static const struct key stage_keys[] = { { { "change_id", "environment" }, NULL } };
TABLE_KEYED(stage, sl_stage, ID(sl_stage));

static const struct column approval_columns[] = {
	REF(sl_approval, stage_id, stage),
	REF(sl_approval, change_id, change),
	TEXT(sl_approval, digest),
	TEXT(sl_approval, by),
	TEXT(sl_approval, role),
	TEXT(sl_approval, reason),
	INT(sl_approval, at),
	INT(sl_approval, revoked_at),
	TEXT(sl_approval, revoked_by),
};
static const struct key approval_keys[] = { { { "stage_id", "digest", "by" }, "revoked_at" } };
TABLE_KEYED(approval, sl_approval, ID(sl_approval));

static const struct column elsewhere_columns[] = {
	REF(sl_elsewhere_record, stage_id, stage),
	REF(sl_elsewhere_record, change_id, change),
	TEXT(sl_elsewhere_record, target),
	BOOL(sl_elsewhere_record, applied),
	UINT(sl_elsewhere_record, done),
	UINT(sl_elsewhere_record, total),
	TEXT(sl_elsewhere_record, tool),
	TEXT(sl_elsewhere_record, files),
	TEXT(sl_elsewhere_record, sentence),
	TEXT(sl_elsewhere_record, before),
	TEXT(sl_elsewhere_record, after),
	INT(sl_elsewhere_record, seen_at),
};
static const struct key elsewhere_keys[] = { { { "stage_id", "target" }, NULL } };
TABLE_KEYED(elsewhere, sl_elsewhere_record, TABLE_WITHOUT_ID);

static const struct column task_columns[] = {
	REF(sl_task, stage_id, stage),
	REF(sl_task, change_id, change),
	TEXT(sl_task, environment),
	TEXT(sl_task, target),
	TEXT(sl_task, folder),
	ENUM(sl_task, state, task_state),
	TEXT(sl_task, wait),
	TEXT(sl_task, detail),
	ENUM(sl_task, outcome, outcome),
	INT(sl_task, due_at),
	UINT(sl_task, attempts),
	INT(sl_task, lease_epoch),
	TEXT(sl_task, lease_by),
	INT(sl_task, lease_until),
	BOOL(sl_task, cancel_asked),
	INT(sl_task, started_at),
	INT(sl_task, ended_at),
	INT(sl_task, blocked_at),
	BOOL(sl_task, busy),
};
static const struct key task_keys[] = { { { "stage_id", "target", "folder" }, NULL } };
TABLE_KEYED(task, sl_task, ID(sl_task));

static const struct column run_columns[] = {
	{ "run", COLUMN_TEXT, offsetof(struct sl_run, id), NULL, NULL },
	REF(sl_run, task_id, task),
	TEXT(sl_run, target),
	TEXT(sl_run, environment),
	REF(sl_run, change_id, change),
	ENUM(sl_run, outcome, outcome),
	TEXT(sl_run, detail),
	UINT(sl_run, steps_done),
	UINT(sl_run, steps_total),
	TEXT(sl_run, before),
	TEXT(sl_run, after),
	INT(sl_run, started_at),
	INT(sl_run, ended_at),
};
static const struct key run_keys[] = { { { "run" }, NULL } };
TABLE_KEYED(run, sl_run, TABLE_WITHOUT_ID);

static const struct column step_columns[] = {
	{ "run", COLUMN_TEXT, offsetof(struct sl_step, run_id), NULL, NULL },
	UINT(sl_step, number),
	TEXT(sl_step, migration),
	TEXT(sl_step, path),
	UINT(sl_step, statement),
	UINT(sl_step, line),
	TEXT(sl_step, sql_head),
	INT(sl_step, rows),
	INT(sl_step, started_at),
	INT(sl_step, ended_at),
	TEXT(sl_step, error),
};
static const struct key step_keys[] = { { { "run", "number" }, NULL } };
TABLE_KEYED(step, sl_step, TABLE_WITHOUT_ID);

static const struct column snapshot_columns[] = {
	TEXT(sl_snapshot_record, target),
	TEXT(sl_snapshot_record, hash),
	{ "run", COLUMN_TEXT, offsetof(struct sl_snapshot_record, run_id), NULL, NULL },
	INT(sl_snapshot_record, at),
};
TABLE(snapshot, sl_snapshot_record, ID(sl_snapshot_record));

static const struct column drift_columns[] = {
	TEXT(sl_drift_record, target),
	INT(sl_drift_record, revision),
	ENUM(sl_drift_record, state, drift),
	TEXT(sl_drift_record, base),
	TEXT(sl_drift_record, origin),
	INT(sl_drift_record, based_at),
	TEXT(sl_drift_record, live),
	TEXT(sl_drift_record, before),
	INT(sl_drift_record, since),
	UINT(sl_drift_record, objects),
	TEXT(sl_drift_record, summary),
	INT(sl_drift_record, checked_at),
	INT(sl_drift_record, tried_at),
	INT(sl_drift_record, asked_at),
	TEXT(sl_drift_record, note),
	TEXT(sl_drift_record, base_run),
	TEXT(sl_drift_record, live_run),
};
static const struct key drift_keys[] = { { { "target" }, NULL } };
TABLE_KEYED(drift, sl_drift_record, TABLE_WITHOUT_ID);

static const struct column content_columns[] = {
	TEXT(content_row, hash),
	TEXT(content_row, key),
	TEXT(content_row, object),
};
static const struct key content_keys[] = { { { "hash", "key" }, NULL } };
TABLE_KEYED(content, content_row, TABLE_WITHOUT_ID);

static const struct column object_columns[] = {
	TEXT(object_row, hash),
	TEXT(object_row, body),
};
static const struct key object_keys[] = { { { "hash" }, NULL } };
TABLE_KEYED(object, object_row, TABLE_WITHOUT_ID);

static const struct column event_columns[] = {
	INT(sl_event, at),
	REF(sl_event, change_id, change),
	TEXT(sl_event, kind),
	TEXT(sl_event, target),
	TEXT(sl_event, by),
	TEXT(sl_event, text),
};
TABLE(event, sl_event, ID(sl_event));

static const struct column audit_columns[] = {
	INT(sl_audit, at),
	REF(sl_audit, change_id, change),
	TEXT(sl_audit, by),
	TEXT(sl_audit, via),
	TEXT(sl_audit, action),
	TEXT(sl_audit, object),
	TEXT(sl_audit, detail),
	BOOL(sl_audit, refused),
};
TABLE(audit, sl_audit, ID(sl_audit));

static const struct column inbox_columns[] = {
	TEXT(sl_delivery, source),
	TEXT(sl_delivery, key),
	TEXT(sl_delivery, body),
	INT(sl_delivery, at),
	INT(sl_delivery, done_at),
};
static const struct key inbox_keys[] = { { { "source", "key" }, NULL } };
TABLE_KEYED(inbox, sl_delivery, ID(sl_delivery));

static const struct column outbox_columns[] = {
	TEXT(sl_message, route),
	TEXT(sl_message, kind),
	REF(sl_message, change_id, change),
	TEXT(sl_message, body),
	INT(sl_message, at),
	INT(sl_message, due_at),
	UINT(sl_message, attempts),
	INT(sl_message, done_at),
	TEXT(sl_message, error),
};
TABLE(outbox, sl_message, ID(sl_message));

static const struct column meta_columns[] = {
	TEXT(meta_row, key),
	TEXT(meta_row, value),
};
static const struct key meta_keys[] = { { { "key" }, NULL } };
TABLE_KEYED(meta, meta_row, TABLE_WITHOUT_ID);

static const struct column epoch_columns[] = {
	TEXT(epoch_row, name),
	INT(epoch_row, value),
};
static const struct key epoch_keys[] = { { { "name" }, NULL } };
TABLE_KEYED(epoch, epoch_row, TABLE_WITHOUT_ID);

static const struct column lease_columns[] = {
	TEXT(lease_row, name),
	TEXT(lease_row, holder),
	INT(lease_row, epoch),
	INT(lease_row, until),
};
static const struct key lease_keys[] = { { { "name" }, NULL } };
TABLE_KEYED(lease, lease_row, TABLE_WITHOUT_ID);

const struct table *const store_all_tables[] = {
	&store_project_table,
	&store_change_table,
	&store_person_table,
	&store_file_table,
	&store_review_table,
	&store_finding_table,
	&store_waiver_table,
	&store_stage_table,
	&store_approval_table,
	&store_task_table,
	&store_elsewhere_table,
	&store_run_table,
	&store_step_table,
	&store_snapshot_table,
	&store_drift_table,
	&store_content_table,
	&store_object_table,
	&store_event_table,
	&store_audit_table,
	&store_inbox_table,
	&store_outbox_table,
	&store_meta_table,
	&store_epoch_table,
	&store_lease_table,
};

const size_t store_all_tables_len = LEN(store_all_tables);
