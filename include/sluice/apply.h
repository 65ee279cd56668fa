/*
 * apply: one migration set on one target.
 *
 * sl_apply_run() is one attempt with one outcome.  It goes through fixed phases (connect, lock,
 * reconcile, check, snapshot, execute, verify, snapshot), keeps what it did in the target's own
 * ledger, in the same transaction as the effect wherever the engine has one, and never sleeps on a
 * lock: where it cannot go on it says why and when to try again, and its caller repeats.  A process
 * killed at any line leaves a target from which the next attempt goes on by itself.
 *
 * A statement waits for a lock and runs only so long (struct sl_limits), but for one that is built
 * CONCURRENTLY, which keeps nobody waiting and would leave a ruin.  When a lock does not come, what
 * is in the open transaction is undone, the outcome is blocked with SL_EBUSY and says who held the
 * lock; the next attempt begins with just the segment that did not get through.
 *
 * The ledger in the target is the truth about what ran.  A caller that keeps books of its own hands
 * in a struct sl_apply_journal, which is told the intent before anything is written, asked before
 * each statement, and told each step and the end; `sluice migrate` has none.
 *
 * When there is nothing to do no ledger is made, no lock is taken and nothing is written.
 *
 * Threading: a call works on its own session; two calls on one target exclude each other
 * (PostgreSQL: a session lock; SQLite: a write lock per transaction, with fence and once-guard read
 * again in each).  Lifetime: results live in the caller's arena, catalogues are references that
 * sl_apply_result_done() gives back.
 */
#ifndef SLUICE_APPLY_H
#define SLUICE_APPLY_H

#include "sluice/core/arena.h"
#include "sluice/core/clock.h"
#include "sluice/core/error.h"
#include "sluice/core/rand.h"
#include "sluice/engine.h"
#include "sluice/model/migration.h"
#include "sluice/model/records.h"
#include "sluice/model/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_apply_result;
struct sl_catalog;
struct sl_ledger;

#define SL_LEDGER_DEFAULT "default"

/* Lower-case letters, digits, '_' and '-', at most 63: a ledger scope. */
bool sl_apply_scope_valid(const char *scope) __attribute__((nonnull));

/* --- the journal ---------------------------------------------------------------------------- */

struct sl_apply_intent {
	const char *run; /* id of the run, 32 hex */
	int64_t epoch; /* the fence's new epoch in the target: keep it, hand it in next time */
	const char *database_id;
	const struct sl_migration *const *pending; /* in order */
	size_t pending_len;
	unsigned steps_total;
};

/* What the next attempt's caller must know durably.  Every member may be NULL.  Called on the
 * thread of sl_apply_run(); a failure of meant, intent or may_go_on stops the attempt before the
 * next statement, with the outcome that is then true; failures of the others are notices. */
struct sl_apply_journal {
	/* Before anything is written to the target: must be durable when it returns SL_OK. */
	enum sl_code (
		*intent)(void *ctx, const struct sl_apply_intent *intent, struct sl_error *err);
	/* Before each statement.  SL_ECANCELED: stop here. */
	enum sl_code (*may_go_on)(void *ctx, const struct sl_step *next, struct sl_error *err);
	/* A statement begun (ended_at 0) or ended.  Inside a transaction its effect is not yet
	 * durable. */
	enum sl_code (*step)(void *ctx, const struct sl_step *step, struct sl_error *err);
	/* A statement has been waiting for somebody's lock; "ACCESS EXCLUSIVE ..., held by ...".
	 * Again and again while it lasts. */
	void (*waits)(void *ctx, const struct sl_step *step, const char *what);
	/* The structure before the first statement and after the last one.  Borrowed. */
	enum sl_code (*snapshot)(void *ctx, bool after, const struct sl_catalog *catalog,
		struct sl_error *err);
	/* The structure that is meant to be there (the request's expected, and what the ledger's
	 * runs have done since), to say how the live one differs from it; the caller owns one
	 * reference.  The ledger holds nothing but runs, of all scopes.  SL_ENOTFOUND: only its
	 * hash is known. */
	enum sl_code (*meant)(void *ctx, const struct sl_ledger *ledger,
		const struct sl_catalog *live, const struct sl_catalog **out, struct sl_error *err);
	/* Once, whatever the outcome, after the last word to the target.  Borrowed. */
	void (*finished)(void *ctx, const struct sl_apply_result *result);
	void *ctx;
};

/* --- a run ---------------------------------------------------------------------------------- */

enum sl_apply_phase {
	SL_APPLY_CONNECT,
	SL_APPLY_LOCK,
	SL_APPLY_RECONCILE,
	SL_APPLY_CHECK,
	SL_APPLY_SNAPSHOT_BEFORE,
	SL_APPLY_EXECUTE,
	SL_APPLY_VERIFY,
	SL_APPLY_SNAPSHOT_AFTER,
	SL_APPLY_PHASE_COUNT
};

const char *sl_apply_phase_name(enum sl_apply_phase phase);

enum sl_apply_order {
	SL_APPLY_IN_ORDER, /* a version below the highest applied one is a conflict */
	SL_APPLY_ANY_ORDER, /* it runs */
	SL_APPLY_ORDER_COUNT
};

/* How long a statement waits for a lock, behind which everybody else would wait too, and how long
 * it runs, unless somebody says otherwise: the caller, the server for this login, or the file. */
#define SL_APPLY_LOCK_US      (3 * SL_SECOND_US)
#define SL_APPLY_STATEMENT_US (3600 * SL_SECOND_US)

/* Bounds as somebody said them; a negative one is not said: ours, where the server has none. */
struct sl_limits sl_apply_limits(int64_t lock_us, int64_t statement_us);

struct sl_apply_request {
	const struct sl_conn_spec *target;
	const char *target_name; /* for messages: "orders-prod"; NULL: the URL */
	const char *dir_name; /* for messages: "db/migrations"; NULL: "" */
	const char *layout; /* of the set, by name: says whose history is looked for; or NULL */
	const char *scope; /* NULL: SL_LEDGER_DEFAULT */
	const struct sl_migration_set *set; /* all files of the folder, in order */
	const char *to; /* canonical version: nothing above it runs, repeatables neither; or NULL */
	/* Keys that may run, when the caller has pinned a plan: others that are pending are left
	 * alone. NULL: all. */
	const struct sl_migration *const *only;
	size_t only_len;
	enum sl_apply_order order;
	bool dry_run; /* everything up to the first write; result says what would run */
	bool skip_snapshots;
	/* Hash of the structure that is meant to be there before the run: another one has drifted,
	 * and the result says so.  NULL: the one that the ledger's newest run left; "": not
	 * compared. */
	const char *expected;
	bool hold_drift; /* a target that has drifted is blocked */
	const char *run; /* 32 hex; NULL: made from rand */
	const char *actor; /* who asked: a user, "cli:NAME" */
	const char *tool; /* "sluice 0.1.0" */
	const char *installation; /* of a daemon; NULL or "": `sluice migrate` */
	int64_t epoch; /* the highest that the installation's store has seen; 0: none */
	const char *database_id; /* that the installation expects; NULL or "": any */
	const struct sl_limits *limits; /* NULL: sl_apply_limits(-1, -1) */
	int64_t max_rows; /* rows that one DML statement may touch, else rolled back; 0: no bound */
	const struct sl_apply_journal *journal; /* or NULL */
	void (*progress)(void *ctx, enum sl_apply_phase phase, unsigned done, unsigned total,
		const char *what); /* or NULL */
	void *progress_ctx;
	const struct sl_clock *clock;
	const struct sl_rand *rand;
};

/* What a statement of a dry run would lock, as far as its text and the live structure tell. */
struct sl_apply_lock {
	const char *mode; /* "ACCESS EXCLUSIVE" */
	const char *blocks; /* as sl_lock_blocks() */
	const char *table; /* "public.orders"; "": the database */
	bool rewrites, scans; /* all its rows are written anew, or read, under the lock */
	unsigned line; /* of the first statement that takes it */
};

enum sl_apply_segment_kind {
	SL_APPLY_TOGETHER, /* one transaction */
	SL_APPLY_ALONE, /* in none */
	SL_APPLY_SESSION, /* between two: changes only the session */
	SL_APPLY_SEGMENT_KIND_COUNT
};

/* "transaction", "alone", "session". */
const char *sl_apply_segment_name(enum sl_apply_segment_kind kind);

struct sl_apply_segment {
	enum sl_apply_segment_kind kind;
	unsigned first, last; /* statements, from 1 */
	unsigned line; /* of the first */
	const char *why; /* it cannot run in a transaction, or ends one; "" */
	const struct sl_apply_lock *locks; /* a row a table, the strongest */
	size_t locks_len;
	bool unknown; /* it may lock more */
};

struct sl_apply_migration {
	const struct sl_migration *migration;
	const struct sl_apply_segment *segments; /* dry run: what is still to run; else NULL */
	size_t segments_len;

	enum sl_apply_did {
		SL_APPLY_WOULD_RUN, /* dry run, or not reached */
		SL_APPLY_DID, /* ran to its end in this attempt */
		SL_APPLY_DID_PART, /* k of n statements have their effect */
		SL_APPLY_DID_NOTHING, /* began and was undone */
		SL_APPLY_HAD_RUN /* its last statements were found done (adopted) */
	} did;

	unsigned done, total; /* statements */
	int64_t took_us;
};

struct sl_apply_result {
	enum sl_outcome outcome;
	enum sl_code
		code; /* SL_OK for nothing and applied; else why, as the caller should treat it */
	const char *run; /* "" when no run was begun */
	bool open; /* the ledger does not say yet that it ended, and the next attempt will */
	int64_t epoch; /* of the fence after the attempt; 0: not raised */
	const char *database_id; /* "" when there is no ledger */
	const char *text; /* one sentence: what happened, and what to do */
	const char *path; /* of the failing or refused file, "" when there is none */
	unsigned line, column; /* in it; 0 when not known */
	const char *server_code; /* SQLSTATE and the like, or "" */
	const struct sl_lock_holder *blockers; /* who held the lock on which it gave up */
	size_t blockers_len;
	int64_t try_after_us; /* blocked and unknown: wait this long; 0: until somebody acts */
	unsigned done, total; /* statements of the whole run with proved effect, of how many */
	const struct sl_apply_migration *migrations; /* those that were pending, in order */
	size_t migrations_len;
	const char *const *notices;
	size_t notices_len;
	const char *drift; /* how the structure differed from the expected one; "" it did not */
	const struct sl_catalog *before, *after; /* references, or NULL */
	char before_hash[65], after_hash[65]; /* "" when not taken */
	int64_t took_us;
};

/* Always fills *result (sl_apply_result_done() it); the code returned is result->code.  SL_EINVAL
 * for a request that makes no sense is the only failure without an outcome worth reading (it is
 * then SL_OUTCOME_FAILED_CLEAN).  In particular: SL_ECONFLICT for an edited applied file, a version
 * out of order, a database that needs a baseline, another installation's fence, a held lock;
 * SL_EUNAVAIL for a target that cannot be reached; SL_EINVAL for a file that was refused or a
 * statement that failed; SL_EUNKNOWN and SL_EHUMAN as the outcome; SL_ECANCELED. */
enum sl_code sl_apply_run(const struct sl_apply_request *request, struct sl_apply_result *result,
	struct sl_arena *arena, struct sl_error *err) __attribute__((nonnull(1, 2, 3)));

void sl_apply_result_done(struct sl_apply_result *result);

/* --- the ledger, read and corrected --------------------------------------------------------- */

enum sl_ledger_state {
	SL_LEDGER_APPLIED,
	SL_LEDGER_PARTIAL,
	SL_LEDGER_SKIPPED,
	SL_LEDGER_ADOPTED,
	SL_LEDGER_BASELINE,
	SL_LEDGER_STATE_COUNT
};

const char *sl_ledger_state_name(enum sl_ledger_state state);

struct sl_ledger_migration {
	const char *scope;
	enum sl_migration_kind kind;
	const char *key, *name, *path, *sha256;
	enum sl_ledger_state state;
	unsigned done, total;
	const char *run, *actor, *reason;
	int64_t at; /* wall microseconds by the target's clock */
};

struct sl_ledger_run {
	const char *id, *scope, *installation, *actor, *tool;
	int64_t epoch;
	bool open; /* begun, and not known to have ended */
	const char *outcome, *detail; /* "" while open */
	const char *before, *after; /* snapshot hashes */
	int64_t started_at, ended_at;
};

/* What the target says of itself: enough for a lost store to be built anew. */
struct sl_ledger {
	bool exists; /* false: the rest is empty */
	const char *database_id;
	const char *installation; /* of the scope's fence, "" none */
	int64_t epoch;
	const struct sl_ledger_migration *migrations; /* in the order in which they were settled */
	size_t migrations_len;
	const struct sl_ledger_run *runs; /* newest first, at most SL_LEDGER_RUNS_MAX */
	size_t runs_len;
	int64_t since; /* sl_apply_live(): before the structure was seen, by the target's clock */
};

#define SL_LEDGER_RUNS_MAX 1000

/* scope NULL: all scopes (installation and epoch are then those of the default one).  Reads only.
 */
enum sl_code sl_apply_history(const struct sl_conn_spec *target, const char *scope,
	struct sl_ledger *out, struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 3, 4)));

/* Who writes a correction, and why.  Taken under the lock, with the epoch raised. */
struct sl_apply_word {
	const struct sl_conn_spec *target;
	const char *scope; /* NULL: SL_LEDGER_DEFAULT */
	const char *actor, *reason, *tool;
	const char *installation; /* as in the request */
	int64_t epoch;
	const struct sl_clock *clock;
	const struct sl_rand *rand;
};

/* The structure up to and including version `to` was made by other means: writes its files as
 * baseline, makes the ledger where there is none.  to NULL: all of the set; "": none of it, so that
 * all of it will run.  SL_ENOTFOUND when the set has no such version; SL_ECONFLICT when the ledger
 * knows one of the files already.  *count: rows. */
enum sl_code sl_apply_baseline(const struct sl_apply_word *word, const struct sl_migration_set *set,
	const char *to, size_t *count, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2)));

/* What another tool's history in the target means for a set: what it applied will not run again.
 * Known are Flyway, golang-migrate, goose, dbmate, Diesel, Prisma and sqlx; Liquibase, Atlas,
 * sqitch, Drizzle and Supabase are recognised and refused. */
struct sl_adopt_wish {
	const struct sl_migration_set *set; /* all files of the folder, in order */
	const char *layout; /* of the set, by name; or NULL */
	enum sl_apply_order order; /* any: a file below the highest applied one may stay pending */
	bool dry_run; /* only looks */
};

struct sl_adoption {
	const char *tool, *table; /* "Flyway", "public.flyway_schema_history"; "" none */
	const struct sl_migration *const *records; /* are recorded as adopted; in order */
	size_t records_len;
	size_t known; /* applied files that the ledger had settled before */
	const struct sl_migration *const *pending; /* will run next, in order */
	size_t pending_len;
	const char *const *problems; /* each forbids the adoption; sentences with their remedy */
	size_t problems_len;
	const char *const *notices;
	size_t notices_len;
};

/* Records in one transaction what the history has as applied; makes the ledger where there is none.
 * Idempotent.  *out, in the arena, is filled as far as was read.  SL_ENOTFOUND: no tool left a
 * history; SL_ECONFLICT: problems, several histories, or one that is not read. */
enum sl_code sl_apply_adopt_history(const struct sl_apply_word *word,
	const struct sl_adopt_wish *wish, struct sl_adoption *out, struct sl_arena *arena,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2, 3, 4)));

/* The file will not run on this target. */
enum sl_code sl_apply_skip(const struct sl_apply_word *word, const struct sl_migration *migration,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

/* What a person found who looked at a target. */
struct sl_apply_answer {
	enum sl_resolution is;
	unsigned statement; /* that it is about; 0: whichever is in doubt */
	/* The attempt whose outcome is in question, where the caller knows of one: then the ledger
	 * need not know the file either.  NULL: it must. */
	const char *run;
};

/* The answer to the file of the set that is in doubt, or else to the one that ran in part.  It is
 * kept for good in a row of `run`, with who gave it, when and why; given again before the next
 * attempt it changes nothing.  *text, in the arena: what follows from it, one sentence.
 * SL_ENOTFOUND when the ledger has nothing open about these files; SL_ECONFLICT when another
 * statement is in doubt, or none, or somebody has said otherwise since the last attempt. */
enum sl_code sl_apply_resolve(const struct sl_apply_word *word, const struct sl_migration_set *set,
	const struct sl_apply_answer *answer, const char **text, struct sl_arena *arena,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2, 3, 4, 5)));

/* The target now belongs to word->installation: its id goes into the fence, its run that is open is
 * closed. */
enum sl_code sl_apply_adopt(const struct sl_apply_word *word, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1)));

/* --- reading -------------------------------------------------------------------------------- */

/* The caller owns one reference of *out. */
enum sl_code sl_apply_snapshot(const struct sl_conn_spec *target, const struct sl_catalog **out,
	struct sl_error *err) __attribute__((warn_unused_result, nonnull(1, 2)));

/* The live structure, then what the ledger says, over one session: a run that came in between is in
 * the ledger, and has not ended before `since`.  *catalog: a reference. */
enum sl_code sl_apply_live(const struct sl_conn_spec *target, const struct sl_catalog **catalog,
	struct sl_ledger *ledger, struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 3, 4)));

/* Hash of the structure that the newest run left behind; "" when no run says. */
const char *sl_ledger_left(const struct sl_ledger *ledger);

/* Reachable, and who it is: version, identity, ledger's database id ("" none). */
struct sl_apply_ping {
	int version;
	struct sl_engine_identity identity;
	const char *database_id;
	int64_t took_us;
};

enum sl_code sl_apply_ping(const struct sl_conn_spec *target, struct sl_apply_ping *out,
	struct sl_arena *arena, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1, 2, 3)));

/* Row estimates for texts[n] of DML over one session, each within limit_us.  A statement that the
 * target refuses is unknown. */
struct sl_apply_sql {
	const char *sql;
	size_t len;
};

enum sl_code sl_apply_estimate(const struct sl_conn_spec *target, const struct sl_apply_sql *texts,
	size_t n, int64_t limit_us, struct sl_estimate *out, struct sl_error *err)
	__attribute__((warn_unused_result, nonnull(1)));

#endif
