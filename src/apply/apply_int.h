/* What the files of this room share: the ledger as read, the plan of a file, the run under way. */
#ifndef SLUICE_APPLY_INT_H
#define SLUICE_APPLY_INT_H

#include "sluice/apply.h"
#include "sluice/core/buf.h"
#include "sluice/core/hash.h"
#include "sluice/sql/split.h"
#include "sluice/sql/statement.h"

/* --- the ledger ------------------------------------------------------------------------------ */

#define LEDGER_FORMAT 1

/* One message of ours to the target. */
#define LEDGER_SQL_MAX ((size_t)64 << 20)

/* A row of `migration` as the run needs it. */
struct entry {
	enum sl_migration_kind kind;
	const char *key, *name, *path, *sha256, *tokens_sha256;
	enum sl_ledger_state state;
	unsigned done, total;
	const char *run;
};

/* A row of `step` of a partial migration. */
struct entry_step {
	enum sl_migration_kind kind;
	const char *key;
	unsigned statement;
	const char *sha256, *before;
	bool started; /* begun outside a transaction, and not seen to end */
};

struct sl_map;

struct open_run {
	const char *id, *installation;
};

/* One scope of a target's ledger at one moment.  All in the arena. */
struct ledger {
	struct sl_conn *conn;
	struct sl_arena *arena;
	const struct sl_clock *clock;
	const char *scope;
	const char *prefix; /* of table names: "sluice.", "main._sluice_", "`shop`._sluice_" */
	bool exists;
	bool prepared; /* PostgreSQL: what is said for each file is, in this session */
	int64_t newest; /* seq of the newest row, while it is prepared */
	const char *database_id, *server, *database;
	const char *installation; /* "" none */
	int64_t epoch;
	const struct entry *entries;
	size_t entries_len;
	const struct entry_step *steps;
	size_t steps_len;
	const struct open_run *open;
	size_t open_len;
	struct sl_map *by_key; /* entries; owned by who reads: apply_ledger_done() */
};

/* What is known before anything was read; conn is still to be set.  scope NULL: the default. */
struct ledger apply_ledger_over(const struct sl_conn_spec *target, const char *scope,
	struct sl_arena *arena);

/* For what only looks: waits for locks no longer than a run would. The caller closes *out, also on
 * failure. */
enum sl_code apply_open_for_reading(struct sl_conn **out, const struct sl_conn_spec *target,
	struct sl_error *err);

/* An expression of the moment, in the dialect's column type. */
const char *apply_ledger_now(const struct ledger *ledger);

/* Column `at` as microseconds. */
const char *apply_ledger_micros(const struct ledger *ledger, const char *column);

/* False: the engine has no lock over several transactions, so what counts is read again in each. */
bool apply_ledger_locks(const struct ledger *ledger);

/* Whether the failure says that there is no ledger; *exists is false where that can be asked. */
bool apply_ledger_says_missing(const struct sl_server_error *error);
enum sl_code apply_ledger_exists(struct ledger *ledger, bool *exists, struct sl_error *err);

/* MySQL: tables of an attempt that died while it made them, and that hold nothing yet. */
bool apply_ledger_half_made(const struct ledger *ledger);

/* What begins a transaction in the message of its first query; "": sl_conn_begin() does. */
const char *apply_ledger_begin_text(const struct ledger *ledger);

/* Behind the SELECT of the fence: whoever wants to raise it waits for this transaction's end. */
const char *apply_ledger_share(const struct ledger *ledger);

/* Ends an UPDATE or DELETE that goes by no key: MySQL's sql_safe_updates would refuse it. */
const char *apply_ledger_any(const struct ledger *ledger);

/* Behind an INSERT: where a row with these keys is there, it gets the new values of the columns,
 * which are separated by blanks. */
void apply_ledger_replace(const struct ledger *ledger, struct sl_buf *sql, const char *keys,
	const char *columns);

/* Reads everything anew, for a ledger from apply_ledger_over() with its conn set. */
enum sl_code apply_ledger_read(struct ledger *ledger, struct sl_error *err);

void apply_ledger_done(struct ledger *ledger);

/* PostgreSQL: a look that is enough where nothing is to be done, as sl_conn_spec's first words: all
 * but the fence, and where the identity comes from.  NULL: this engine is asked otherwise. */
#define LEDGER_LOOK_ANSWERS 3
const char *apply_ledger_look(const struct ledger *ledger);

/* Takes the answers in; false: there is more to it, read everything. */
bool apply_ledger_looked(struct ledger *ledger, const struct sl_rows answers[LEDGER_LOOK_ANSWERS]);

/* As sl_ledger_left(), of all scopes; in the arena. */
enum sl_code apply_ledger_left(struct ledger *ledger, const char **out, struct sl_error *err);
/* The newest runs of all scopes, and nothing else; in the arena. */
enum sl_code apply_ledger_runs(struct ledger *ledger, struct sl_ledger *out, struct sl_error *err);

/* The tables, in the transaction that is open. */
enum sl_code apply_ledger_make(struct ledger *ledger, struct sl_error *err);

/* NULL when it has no row. */
const struct entry *apply_ledger_find(const struct ledger *ledger, enum sl_migration_kind kind,
	const char *key);
const struct entry_step *apply_ledger_step(const struct ledger *ledger, enum sl_migration_kind kind,
	const char *key, unsigned statement);

/* Sends what was gathered in sql, after going back to the login role where there are roles. */
enum sl_code apply_ledger_write(struct ledger *ledger, const struct sl_buf *sql,
	struct sl_error *err);

/* The same with the COMMIT behind it, in one message where the engine can; fails as
 * sl_conn_query_commit() does. */
enum sl_code apply_ledger_write_commit(struct ledger *ledger, const struct sl_buf *sql,
	struct sl_error *err);

/* text as literals, separated by commas; NULL ends the list. */
void apply_ledger_values(const struct ledger *ledger, struct sl_buf *sql, ...)
	__attribute__((sentinel));

/* Raises the fence in the open transaction to `epoch`; SL_ECONFLICT when it is not at ledger->epoch
 * any more. */
enum sl_code apply_ledger_raise(struct ledger *ledger, const char *installation, int64_t epoch,
	struct sl_error *err);

/* Begins the transaction of a segment; SL_ECONFLICT when another attempt has raised the fence
 * beyond epoch (the transaction may then be open). */
enum sl_code apply_ledger_begin(struct ledger *ledger, int64_t epoch, struct sl_error *err);

/* The same with what was gathered in sql behind it, in one message, and a look at the session's
 * lock where the engine can tell it so. */
enum lock_seen { LOCK_NOT_ASKED, LOCK_HELD, LOCK_GONE };

enum sl_code apply_ledger_begin_with(struct ledger *ledger, int64_t epoch, const struct sl_buf *sql,
	enum lock_seen *lock, struct sl_error *err);

/* The beginning as statements for sl_conn_exec_all(), in the ledger's arena: the server itself
 * refuses the last of them where the fence was raised. */
#define LEDGER_BEGIN_TEXTS 2
void apply_ledger_begin_texts(const struct ledger *ledger, int64_t epoch,
	struct sl_exec out[LEDGER_BEGIN_TEXTS]);

/* Adds the last of them: a failure where the fence is at another epoch than this expression, one
 * row where it is at this one. */
void apply_ledger_add_guard(const struct ledger *ledger, struct sl_buf *sql, const char *epoch);
bool apply_ledger_says_overtaken(const struct sl_server_error *error);

struct entry_write {
	const struct sl_migration *migration;
	enum sl_ledger_state state;
	unsigned done, total;
	const char *tokens_sha256, *run, *actor, *reason;
	bool first; /* it has no row yet: one that is there all the same is a failure */
};

/* Adds the statement that writes the migration's row, or replaces it where it is not the first. */
void apply_ledger_put(struct ledger *ledger, struct sl_buf *sql, const struct entry_write *entry);

/* The same where this attempt has written the row before: how far it is now. */
void apply_ledger_put_progress(const struct ledger *ledger, struct sl_buf *sql,
	const struct entry_write *entry);

struct step;

/* Rows of `step` for statements with a durable effect. */
struct steps_write {
	const struct sl_migration *migration;
	const char *run;
	const struct step *at;
	const int64_t *rows; /* of each, -1 not known */
	size_t len;
};

void apply_ledger_put_steps(const struct ledger *ledger, struct sl_buf *sql,
	const struct steps_write *steps);

/* PostgreSQL, outside a transaction: from here on what is said for each file is prepared. */
enum sl_code apply_ledger_prepare(struct ledger *ledger, struct sl_error *err);

/* As apply_ledger_begin_texts() gives them then. */
void apply_ledger_begin_prepared(const struct ledger *ledger, const char *epoch,
	struct sl_exec out[LEDGER_BEGIN_TEXTS]);

/* And the end of a file's only transaction: the way back to the login role, the rows of a migration
 * that has none yet, COMMIT.  False: too much to write at once. */
#define LEDGER_END_TEXTS 3
bool apply_ledger_end_prepared(struct ledger *ledger, const struct entry_write *entry,
	const struct steps_write *steps, struct sl_exec out[LEDGER_END_TEXTS]);

/* Whether the failure says that what was prepared is gone. */
bool apply_ledger_says_unprepared(const struct sl_server_error *error);

/* --- the plan of a file ---------------------------------------------------------------------- */

enum step_class {
	STEP_IN, /* in a transaction */
	STEP_POINT, /* in one that it closes */
	STEP_ALONE, /* cannot run in one */
	STEP_SESSION /* changes the session only, between transactions: never journaled */
};

/* How one learns whether a statement that ran alone took effect. */
enum probe_kind {
	PROBE_NOT, /* a person has to look */
	PROBE_REPEAT, /* repeating it does no harm */
	PROBE_INDEX_MADE,
	PROBE_INDEX_DROPPED,
	PROBE_DATABASE_MADE,
	PROBE_DATABASE_DROPPED,
	PROBE_OBJECTS /* MySQL: the text of what it names */
};

/* MySQL: something that a statement names. */
struct probe_object {
	enum sl_sql_object kind;
	const char *schema, *name; /* schema "": the database of the URL */
};

/* What SQLite's PRAGMA foreign_keys sets. */
enum keys { KEYS_AS_THEY_ARE, KEYS_OFF, KEYS_ON };

struct step {
	struct sl_exec exec; /* text in the migration's own */
	unsigned number, line, column;
	enum step_class class;
	const char *why; /* no transaction, or one that ends here; "" */
	bool keeps_constant; /* leaves a setting that can be set again */
	bool keeps_state; /* leaves what cannot: temporary table, prepared statement */
	bool dml; /* its rows count against the bound */
	bool concurrent; /* keeps nobody waiting while it waits, and leaves a ruin when it is cut
			    off */
	bool copies; /* from or to the client: nothing may follow in the same message */
	bool sets_limits; /* lock_timeout or statement_timeout, for the rest of the file */

	enum keys keys;
	enum probe_kind probe;
	const char *object, *table; /* of the probe, quoted names (MySQL: plain) */

	/* MySQL: of PROBE_OBJECTS; for DML, the table that is written. */
	const struct probe_object *objects;
	unsigned objects_len;
	bool same_text; /* may change them and leave their text: only ids tell */
	bool makes, drops, if_exists;
	bool variables; /* names user variables, or the last id that was given out */
	bool inserts;
	bool several; /* runs statements of which each commits by itself: CALL, a block */

	unsigned char hash[SL_SHA256_SIZE];
};

struct plan {
	const struct sl_migration *migration;
	const struct step *steps;
	unsigned len;
	bool dirties_session; /* the session has to be reset behind it */
	char tokens_sha256[SL_SHA256_HEX];
};

struct plan_input {
	const struct sl_migration *migration;
	enum sl_dialect dialect;
	int version; /* of the engine, 0 unknown */
};

/* Splits and classifies.  SL_EINVAL with "PATH:LINE: why" for what may not stand in a migration;
 * *where is then its place. */
enum sl_code apply_plan_make(struct plan *out, struct sl_arena *arena,
	const struct plan_input *input, struct sl_place *where, struct sl_error *err);

/* The end (exclusive) of the segment that begins at steps[first]. */
unsigned apply_plan_segment_end(const struct plan *plan, unsigned first);

/* --- a run under way ------------------------------------------------------------------------- */

struct run {
	const struct sl_apply_request *request;
	struct sl_apply_result *result;
	struct sl_arena *arena;
	struct sl_conn *conn; /* owned; NULL between passes */
	bool limited; /* the session waits for a lock as long as was asked for */
	struct ledger ledger;
	struct sl_first_words first; /* sql NULL: none */
	struct sl_rows answers[LEDGER_LOOK_ANSWERS];
	const char *name; /* of the target, for messages */
	const char *id; /* of the run */
	/* A file whose first message was sent with the end of the one before it; NULL: none. */
	const struct plan *ahead;
	const char *session; /* its name at the server, where it was asked for; else NULL */
	const char *engines; /* MySQL: those with transactions, once they were asked for */
	const char *installation;
	int64_t epoch;
	bool began; /* the run's row is in the ledger */
	bool moved; /* the identity in the ledger is not this database's */
	bool give_id; /* a copy gets an id of its own */
	struct sl_engine_identity identity;

	struct {
		struct plan *at;
		struct sl_apply_migration *results;
		size_t len, cap, results_cap;
	} pending;
	struct sl_apply_migration *kept; /* the result's list */

	/* Of each file of the set, made once: a NULL place is yet to be made. */
	struct {
		const struct plan **at;
		int version; /* of the engine that they were made for */
	} plans;
	const struct sl_catalog *empty; /* owned: what was looked at before the run, or NULL */

	struct {
		const char **at;
		size_t len, cap;
	} notices;

	/* Looks on from a second session while a statement runs. */
	struct {
		struct sl_conn *conn; /* owned, or NULL */
		struct sl_arena *arena; /* owned: of the list, until the next look; or NULL */
		const struct sl_lock_holder *blockers; /* when somebody was last in the way */
		size_t len;
		bool blind; /* the server does not let a second session in */
		const char *denied; /* why the login may not see who is in the way, or NULL */
		const struct sl_step *step; /* under way */
	} watch;

	unsigned number; /* of the step in the run, as the journal counts */
	enum sl_outcome outcome; /* of a failure, said where it is known */
	int64_t try_after_us;
	struct sl_error *err;
};

void apply_notice(struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void apply_progress(const struct run *run, enum sl_apply_phase phase, unsigned done, unsigned total,
	const char *what);

/* Fails with an outcome: sets run->outcome and the error, returns code. */
enum sl_code apply_fail(struct run *run, enum sl_outcome outcome, enum sl_code code,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Where the last failure was, once what failed is tried again. */
void apply_forget_place(struct run *run);

/* "--url 'sqlite:a.db' --dir 'db'", and the `sluice baseline` that would be right. */
const char *apply_command_options(const struct run *run);
const char *apply_baseline_command(const struct run *run);

/* How a person says what became of a file, or of the statement of it that is in doubt. */
const char *apply_resolve_command(const struct run *run, const struct sl_migration *m,
	unsigned statement);

/* Fills the segments of what is pending, from the live structure as it would be by then. */
void apply_preview(struct run *run);

/* Bounds on what the session waits for and runs, and an eye on who is in the way. */
enum sl_code apply_limit(struct run *run, struct sl_error *err);

/* How long a lock is waited for at a time; 0: for ever. */
int64_t apply_lock_us(const struct run *run);

/* For a statement that has to be waited for. */
enum sl_code apply_unlimit(struct run *run, struct sl_error *err);

/* After SL_EBUSY: "" or "; it waited for ...", and the result's list.  Sets when to try again. */
const char *apply_blocked_by(struct run *run);

void apply_watch_end(struct run *run);

/* Which files are pending, and everything that forbids to run them. */
enum sl_code apply_reconcile(struct run *run);

/* Whether the row, or NULL, says that the file need not run. */
bool apply_settled(const struct sl_migration *m, const struct entry *entry);
enum sl_code apply_check(struct run *run, bool must_be_empty);

/* The phases up to the first write, each after the one before; a correction takes them too. */
enum sl_code apply_connect(struct run *run);
enum sl_code apply_read(struct run *run);
enum sl_code apply_take_lock(struct run *run);

/* Who the database is, what forbids to write in it, its id and the fence's new epoch. */
enum sl_code apply_identify(struct run *run, bool must_be_empty);

/* The structure before the run against the one that is meant to be there. */
enum sl_code apply_check_drift(struct run *run);

/* Adds what makes the identity right, where it is not. */
void apply_put_identity(struct run *run, struct sl_buf *sql);

/* Statements begun outside a transaction by an attempt that died: adopt, undo, or ask. */
enum sl_code apply_probe_started(struct run *run, struct plan *plan);

/* What the probe has to know of the time before. */
enum sl_code apply_probe_before(struct run *run, const struct step *step, const char **before);

/* After a failure that the server reported: SL_OK when nothing of it remains. */
enum sl_code apply_probe_failed(struct run *run, const struct plan *plan, const struct step *step,
	const char *before);

/* Half: what it replaces is gone, and what it makes is not there. */
enum verdict { NOT_APPLIED, HALF_APPLIED, APPLIED, CANNOT_SAY };

/* MySQL: what is seen of a step's objects before it runs, whether they show its effect, and what
 * the session that sent it is still at (*doing, else NULL). */
enum sl_code apply_objects_before(struct run *run, const struct step *step, const char **before,
	struct sl_error *err);
enum sl_code apply_objects_probe(struct run *run, const struct step *step, const char *before,
	enum verdict *verdict, struct sl_error *err);
enum sl_code apply_objects_awaited(struct run *run, const char *before, const char **doing,
	struct sl_error *err);

/* MySQL: the engine of a table that one of the steps first..end writes and that knows no
 * transactions; *engine stays NULL where there is none. */
enum sl_code apply_check_undoable(struct run *run, const struct plan *plan, unsigned first,
	unsigned end, const char **engine);

/* Writes the end of a statement that an earlier attempt began outside a transaction: it took
 * effect, or it did not and will run again.  done: what the ledger said so far. */
enum sl_code apply_settle(struct run *run, struct plan *plan, unsigned done, unsigned statement,
	bool applied);

/* Executes one file from where it stands. */
enum sl_code apply_execute(struct run *run, size_t i);

/* The one name under which a statement of a file is spoken of: "V2__x.sql:3". */
const char *apply_place(const struct run *run, const struct plan *plan, const struct step *step);

/* Stops the process at a named point when a test asks for it, else does nothing. */
void apply_pause(const char *point);

#endif
