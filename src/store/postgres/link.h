/*
 * One session with the store's server.  What is asked travels in pipelines: the statements that
 * begin and end things go together with the query that waits for its answer, so that most calls are
 * one round trip.  Every exchange has a deadline; a session that missed it is broken.
 *
 * One thread at a time.
 */
#ifndef STORE_POSTGRES_LINK_H
#define STORE_POSTGRES_LINK_H

#include "backend.h"

#include "sluice/core/arena.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/error.h"
#include "sluice/core/map.h"

#include <libpq-fe.h>

#define STORE_SCHEMA "sluice_store"

/* How to get there; one for a backend. */
struct link_place {
	char *url, *password; /* owned; password is a reference to a secret, or NULL */
	char *shown; /* owned: "store postgres://…", for messages */
	const struct sl_clock *clock;
};

#define LINK_PENDING_MAX 4

struct link {
	PGconn *pg; /* owned */
	const struct link_place *place;
	struct sl_map *statements; /* owned: SQL to its name, for those that the server has */
	const char *pending[LINK_PENDING_MAX]; /* static texts that go before the next query */
	unsigned pending_len;
	unsigned owed; /* answers of pipelines that nobody has read yet */
	unsigned named; /* statements made so far */
	bool broken;
	struct link *next; /* in the pool */
};

enum sl_code store_link_open(struct link **out, const struct link_place *place,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Accepts NULL. */
void store_link_free(struct link *link);
SL_DEFINE_CLEANUP(struct link, store_link_free);

/* Whether it looks usable, without asking the server. */
bool store_link_is_fresh(struct link *link);

/* The text, which is static, goes before the next query. */
void store_link_add(struct link *link, const char *sql);

/* Sends what was added and does not wait for the answer. */
void store_link_send(struct link *link);

/* Parameters in the order of their numbers. */
#define LINK_PARAMS_MAX (64 + AMONG_MAX)

struct params {
	struct sl_arena *arena; /* for texts that are made here */
	const char *at[LINK_PARAMS_MAX]; /* NULL is null */
	char numbers[LINK_PARAMS_MAX][24];
	int len;
};

void store_params_number(struct params *params, int64_t number);
void store_params_text(struct params *params, const char *text);

/* A prepared query and its answer, for PQclear().  params NULL: none.  SL_EBUSY: the transaction,
 * or the session, is lost; what names the object. */
enum sl_code store_link_query(struct link *link, const char *sql, const struct params *params,
	const char *what, PGresult **out, struct sl_error *err) __attribute__((warn_unused_result));

/* The same without an answer to read. */
enum sl_code store_link_exec(struct link *link, const char *sql, const char *what,
	struct sl_error *err) __attribute__((warn_unused_result));

/* The first column of the first row; fallback when there is none, or null. */
enum sl_code store_link_number(struct link *link, const char *sql, int64_t fallback, int64_t *out,
	struct sl_error *err) __attribute__((warn_unused_result));

/* Several statements in one text, without parameters: migrations. */
enum sl_code store_link_script(struct link *link, const char *sql, struct sl_error *err)
	__attribute__((warn_unused_result));

static inline void store_result_clear(PGresult **result)
{
	PQclear(*result);
	*result = NULL;
}

#define store_auto_result __attribute__((cleanup(store_result_clear)))

#endif
