/* The history that another tool keeps in a target: which tools there are, what their tables say,
 * and what that means for a set of files. */
#ifndef SLUICE_APPLY_HISTORY_INT_H
#define SLUICE_APPLY_HISTORY_INT_H

#include "apply_int.h"

#include "sluice/apply/elsewhere.h"

enum history_verdict {
	HISTORY_APPLIED,
	HISTORY_FAILED, /* dirty, begun and not ended, ended badly */
	HISTORY_UNDONE, /* rolled back: it is not applied any more */
	HISTORY_UP_TO, /* every version up to this one is there */
	HISTORY_NOTHING /* a row of the tool's own */
};

/* What one row says; rows come in the order in which later ones count more. */
struct history_row {
	const char *version; /* as the tool writes it; NULL: name is a repeatable's */
	const char *name; /* as people know it */
	const char *checksum; /* of the file, or NULL */
	enum history_verdict verdict;
	bool is_file; /* HISTORY_UP_TO: the version has to be one of the folder */
	const char *at, *by; /* when and by whose login, as the tool wrote it; "" not kept */
};

#define HISTORY_COLUMNS_MAX 4

/* One tool.  A row of the table in history_tools.c is all there is to know about it. */
struct history_tool {
	const char *name; /* "Flyway" */
	const char *layout; /* how its folders are read */
	const char *schema; /* of its table where that is fixed, else NULL */
	const char *table; /* in small letters */
	const char *columns[HISTORY_COLUMNS_MAX]; /* by which its table is known */
	size_t width; /* how many columns it has, where that tells it from others; else 0 */
	const char *select; /* what is read of a row; NULL: the tool's history is not read */
	const char *bytes; /* a binary column, read last and in hex; or NULL */
	const char *order;
	const char *at, *by; /* columns: when a row was written, and by whom; or NULL */
	void (*read)(struct history_row *out, struct sl_arena *arena, const struct sl_rows *rows,
		size_t row);
	bool (*same)(const char *checksum, const struct sl_migration *migration); /* or NULL */
	const char *mend; /* how a failed migration is settled with the tool */
};

extern const struct history_tool apply_history_tools[];
extern const size_t apply_history_tools_len;

/* A table that was found in the target.  In the arena it was read into. */
struct history {
	const struct history_tool *tool; /* NULL: none was found */
	const char *schema, *name;
	const char *shown; /* as people write it */
	bool has_at, has_by; /* the columns that the tool keeps them in are there */
	const struct history_row *rows;
	size_t len;
};

/* What forbids or accompanies an adoption, each a sentence with its remedy. */
struct history_texts {
	const char **at;
	size_t len, cap;
};

/* What the history means for a set. */
struct history_meaning {
	const struct sl_elsewhere_file *files; /* beside the set's */
	const struct sl_migration **applied, **pending; /* in order */
	size_t applied_len, pending_len;
	struct history_texts problems, notices;
};

/* Looks for tables of the known tools and reads the one that goes with the layout (a name, or
 * NULL).  SL_ECONFLICT when several could be meant, or when it is of no tool that is known; a tool
 * whose history is not read is found, without rows. */
enum sl_code apply_history_read(struct history *out, struct sl_conn *conn, struct sl_arena *arena,
	const char *layout, struct sl_error *err);

/* Pure. */
void apply_history_weigh(struct history_meaning *out, struct sl_arena *arena,
	const struct history *history, const struct sl_migration_set *set,
	enum sl_apply_order order);

/* Whether the history says that anything was done. */
bool apply_history_says_much(const struct history *history);

/* What forbids to run files in a database that another tool migrated and nobody adopted yet, or
 * whose tool went on after the adoption. */
enum sl_code apply_check_history(struct run *run);

#endif
