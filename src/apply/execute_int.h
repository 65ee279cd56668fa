/* One file on its way: what statement.c, segment.c and execute.c share. */
#ifndef SLUICE_APPLY_EXECUTE_INT_H
#define SLUICE_APPLY_EXECUTE_INT_H

#include "apply_int.h"

struct file {
	struct run *run;
	const struct plan *plan;
	struct sl_apply_migration *result;
	unsigned done; /* statements with durable effect, from the first */
	bool checks_keys; /* SQLite: enforcement was switched, so it is checked by hand */
	bool written; /* the ledger says applied */
	bool unrecorded; /* the ledger has no row of it */
	bool has_row; /* this attempt has written its row whole */
	enum lock_seen lock; /* at the last row that was journaled */
	bool plainly; /* PostgreSQL: what is prepared does not last, so nothing is */
	const char
		*announced; /* what was seen before the next step, whose row is written; or NULL */
};

/* Of what is pending, as the ledger had it when the attempt began. */
struct file apply_file_at(struct run *run, size_t i);

/* --- statements ------------------------------------------------------------------------------ */

/* Statements first..end of the plan that are sent at once.  begins: their transaction begins in
 * front of them.  rows: of each. */
struct message {
	unsigned first, end;
	bool begins;
	int64_t *rows;
};

/* How many statements it holds, and fills them in. */
unsigned apply_message_len(const struct message *message);
void apply_put_message(const struct file *file, const struct message *message, struct sl_exec *out);

/* Executes them, told to the journal, which follows only messages of one statement; a failure has
 * rolled the transaction back and is said. */
enum sl_code apply_run_message(struct file *file, const struct message *message);

/* The outcome of a failure that left nothing behind, and "2 of 5 statements are applied". */
enum sl_outcome apply_failed(const struct file *file);
const char *apply_so_far(const struct file *file);

/* --- transactions ---------------------------------------------------------------------------- */

/* Statements first..end and their ledger rows in one transaction; both may be equal. */
enum sl_code apply_run_segment(struct file *file, unsigned first, unsigned end);

/* A transaction of ours, with the fence looked at; what: said of a failure. */
enum sl_code apply_begin(struct file *file, const char *what);
enum sl_code apply_commit(struct file *file, const char *what);

/* Statements can give the session's lock away (pg_advisory_unlock_all); seen: what is known of it.
 */
enum sl_code apply_check_lock(struct file *file, enum lock_seen seen, const char *what);

/* A failure of our own words to the target, outside the users' statements. */
enum sl_code apply_ledger_failed(struct file *file, enum sl_code code, const char *what,
	const struct sl_error *cause);

/* How many are done once those before `end` are: what only changes the session has no row. */
unsigned apply_journaled_done(const struct file *file, unsigned end);

/* Adds the file's row with `done` statements; a repeatable file that runs again begins a new count.
 */
void apply_put_file(struct file *file, struct sl_buf *sql, unsigned done);
void apply_forget_steps(struct file *file, struct sl_buf *sql);

#endif
