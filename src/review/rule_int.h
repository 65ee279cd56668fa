/* The rule interface: a row of the catalogue and a function that looks at one statement, or at one
 * file, and says what it hit. */
#ifndef SLUICE_REVIEW_RULE_INT_H
#define SLUICE_REVIEW_RULE_INT_H

#include "sluice/core/arena.h"
#include "sluice/review/review.h"
#include "sluice/schema/replay.h"
#include "sluice/sql/statement.h"

struct change;
struct looked;
struct matched;

/* What a rule sees.  Everything is borrowed for the call. */
struct rule_run {
	const struct rule_row *row;
	const struct sl_review_input *input;
	const struct change *change; /* what the statements before this one made and moved */
	const struct sl_migration *migration;
	struct sl_arena *arena; /* the report's: for messages */
	/* of one statement; NULL when the rule looks at a file */
	const struct sl_statement_text *statement;
	const struct sl_facts *facts;
	const struct sl_replay_step *step;
	struct looked *looked; /* look.h's memory */
	struct matched *matched; /* rule_matches()'s */
	/* of one file */
	size_t index; /* of the migration in the set */
	size_t statements; /* how many the file has */
	struct walk *walk; /* where hits go */
};

/* What a rule says.  Texts are in the report's arena, or static. */
struct rule_hit {
	size_t at, len; /* bytes of the statement; len 0: all of it */
	const char *schema, *name; /* the object that it is about; NULL: none */
	const char *part; /* its column, index, constraint; NULL: none */
	const char *message; /* one sentence without a final stop */
	const char *suggestion; /* NULL: the row's safe alternative */
	const char *fix; /* or NULL */
	enum sl_severity most; /* no more than this; SL_SEVERITY_OFF: as set */
};

void rule_hit(const struct rule_run *run, const struct rule_hit *hit);

/* Kinds of statement that a rule wants. */
#define KIND(word)    (1u << SL_SQL_KIND_##word)
#define KINDS_ALL     ((1u << SL_SQL_KIND_COUNT) - 1)
#define DIALECT(word) (1u << SL_DIALECT_##word)
#define DIALECTS_ALL  ((1u << SL_DIALECT_COUNT) - 1)

struct rule_row {
	struct sl_rule rule;
	unsigned kinds;
	bool any_status; /* also statements that were not understood */
	bool locked; /* cannot be put off */
	bool follows; /* its hits are about the table, whatever its name becomes */
	void (*statement)(const struct rule_run *run);
	void (*file)(const struct rule_run *run);
	/* Of a migration that is no longer in the folder.  run->migration: the one that has its key
	 * now, or NULL; a hit is about that one's file, else about the one that is gone. */
	void (*gone)(const struct rule_run *run, const struct sl_review_gone *gone);
	/* Asked at the end of the change about the object that a hit is about, under its last
	 * name; NULL: every hit stands. */
	bool (*stands)(const struct change *change, const struct sl_catalog *after,
		const struct rule_hit *hit);
};

extern const struct rule_row rule_rows[];
extern const size_t rule_rows_len;

/* Never NULL: the rules that the engine itself speaks for. */
const struct rule_row *rule_row_find(const char *id);

/* --- settings.c ---------------------------------------------------------------------------- */

/* Names that were held against an expression lately: most are asked again (id, name, created_at).
 */
#define MATCHED_SLOTS 64
#define MATCHED_NAME  48

struct matched {
	const struct sl_regex *regex;
	bool matches;
	char name[MATCHED_NAME];
};

bool rule_flag(const struct rule_run *run, const char *key);
size_t rule_number(const struct rule_run *run, const char *key);
/* The words of a list, in the settings. */
struct sl_names rule_list(const struct rule_run *run, const char *key);
/* Whether the whole name matches the regular expression; an empty expression matches nothing. */
bool rule_matches(const struct rule_run *run, const char *key, const char *name);
/* The expression itself, for messages. */
const char *rule_text(const struct rule_run *run, const char *key);

/* --- the rules ----------------------------------------------------------------------------- */

/* rules_statement.c */
void rule_syntax_error(const struct rule_run *run);
void rule_not_reviewed(const struct rule_run *run);
void rule_walk_through(const struct rule_run *run);
void rule_transaction(const struct rule_run *run);
void rule_identifier_length(const struct rule_run *run);

/* rules_lock.c */
void rule_index_concurrently(const struct rule_run *run);
void rule_foreign_key_not_valid(const struct rule_run *run);
void rule_type_change(const struct rule_run *run);

/* rules_loss.c */
void rule_column_drop(const struct rule_run *run);
void rule_table_drop(const struct rule_run *run);
bool stands_table_drop(const struct change *change, const struct sl_catalog *after,
	const struct rule_hit *hit);
void rule_table_rename(const struct rule_run *run);
bool stands_table_rename(const struct change *change, const struct sl_catalog *after,
	const struct rule_hit *hit);
void rule_column_rename(const struct rule_run *run);
bool stands_column_rename(const struct change *change, const struct sl_catalog *after,
	const struct rule_hit *hit);
void rule_truncate(const struct rule_run *run);
void rule_where(const struct rule_run *run);

/* rules_schema.c */
void rule_primary_key(const struct rule_run *run);
bool stands_primary_key(const struct change *change, const struct sl_catalog *after,
	const struct rule_hit *hit);
void rule_not_null(const struct rule_run *run);
void rule_type_list(const struct rule_run *run);
void rule_name_table(const struct rule_run *run);
void rule_name_column(const struct rule_run *run);
void rule_name_index(const struct rule_run *run);

/* rules_history.c */
void rule_duplicate_version(const struct rule_run *run);
void rule_edited(const struct rule_run *run);
void rule_out_of_order(const struct rule_run *run);
void rule_empty(const struct rule_run *run);
void rule_removed(const struct rule_run *run, const struct sl_review_gone *gone);
void rule_removed_applied(const struct rule_run *run, const struct sl_review_gone *gone);
void rule_renamed(const struct rule_run *run, const struct sl_review_gone *gone);

#endif
