/*
 * How the store's records lie in tables: one row of columns for each record, from which the
 * backends make their statements.  schemas/store/ holds the same tables as SQL; a test compares the
 * two.
 *
 * Every table has an `id` that the backend gives, ascending in the order of insertion.
 */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H

#include "sluice/core/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum column_kind {
	COLUMN_INT, /* int64_t */
	COLUMN_REF, /* int64_t, the id of a row in another table; 0 is NULL */
	COLUMN_UINT, /* unsigned */
	COLUMN_BOOL, /* bool */
	COLUMN_TEXT, /* const char *, NULL counts as "" */
	COLUMN_WORD /* an enumeration, kept by its name */
};

/* Both directions of an enumeration. */
struct word {
	const char *(*name)(int value);
	bool (*parse)(int *out, const char *name);
};

struct table;

struct column {
	const char *name;
	enum column_kind kind;
	size_t offset; /* in the record */
	const struct word *word; /* COLUMN_WORD */
	const struct table *refs; /* COLUMN_REF */
};

#define KEY_COLUMNS_MAX 3

/* No two rows are equal in these columns. */
struct key {
	const char *columns[KEY_COLUMNS_MAX]; /* unused: NULL */
	const char *where_zero; /* only rows in which this column is 0 count; NULL: all rows */
};

#define TABLE_WITHOUT_ID ((size_t)-1)

struct table {
	const char *name;
	size_t size; /* of the record */
	size_t id_offset; /* of the record's int64_t id, or TABLE_WITHOUT_ID */
	const struct column *columns; /* without id */
	size_t len;
	const struct key *keys;
	size_t keys_len;
};

/* Records that only the store knows. */
struct content_row { /* an object's place in a snapshot's content */
	const char *hash; /* of the whole */
	const char *key;
	const char *object; /* its hash */
};

struct object_row {
	const char *hash;
	const char *body;
};

struct meta_row {
	const char *key, *value;
};

struct epoch_row {
	const char *name;
	int64_t value;
};

struct lease_row {
	const char *name; /* what is worked on by one replica at a time */
	const char *holder;
	int64_t epoch; /* raised when the holder changes */
	int64_t until;
};

extern const struct table store_project_table, store_change_table, store_person_table,
	store_file_table, store_review_table, store_finding_table, store_waiver_table,
	store_stage_table, store_approval_table, store_task_table, store_run_table,
	store_step_table, store_snapshot_table, store_drift_table, store_content_table,
	store_object_table, store_event_table, store_audit_table, store_inbox_table,
	store_outbox_table, store_meta_table, store_epoch_table, store_lease_table,
	store_elsewhere_table;

extern const struct table *const store_all_tables[];
extern const size_t store_all_tables_len;

/* Aborts when there is none: a name in the code is wrong.  "id" is none of them. */
const struct column *store_table_column(const struct table *table, const char *name)
	__attribute__((returns_nonnull));

/* The value of a column that is not text, as the number that filters and sets use. */
int64_t store_column_number(const struct column *column, const void *record);
void store_column_set_number(const struct column *column, void *record, int64_t value);

/* Never NULL. */
const char *store_column_text(const struct column *column, const void *record)
	__attribute__((returns_nonnull));
void store_column_set_text(const struct column *column, void *record, const char *value);

int64_t store_record_id(const struct table *table, const void *record);
void store_record_set_id(const struct table *table, void *record, int64_t id);

/* A deep copy. */
void *store_record_copy(const struct table *table, const void *record, struct sl_arena *arena)
	__attribute__((returns_nonnull));

#endif
