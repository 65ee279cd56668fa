#include "postgres/postgres.h"

#include "postgres/ears.h"
#include "postgres/link.h"
#include "postgres/rows.h"
#include "postgres/schema.h"

#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINKS_MAX 10 /* sessions at once; who comes later waits */

/* How long the server may take to say how a commit ended that it did not answer. */
#define VERIFY_US (20 * SL_SECOND_US)
#define VERIFY_MS 100

/* PostgreSQL takes 8,000 bytes; who has more to tell tells of everything. */
#define TOLD_MAX 7900

struct backend {
	struct backend_head head;
	struct link_place place;
	pthread_mutex_t lock; /* of the pool */
	pthread_cond_t given;
	struct link *idle;
	unsigned links; /* idle and at work */
	struct link *keeper; /* owned: the session that keeps others out during a restore */
	struct listener *listener; /* owned, or NULL */
	char origin[SL_ID_SIZE];
};

struct tx {
	struct tx_head head;
	struct backend *backend;
	struct link *link;
	bool write;
	struct sl_buf told;
};

/* --- the pool --------------------------------------------------------------------------------- */

static void drop_link(struct backend *backend, struct link *link)
{
	store_link_free(link);
	(void)pthread_mutex_lock(&backend->lock);
	backend->links--;
	(void)pthread_cond_signal(&backend->given);
	(void)pthread_mutex_unlock(&backend->lock);
}

static void give_link(struct backend *backend, struct link *link)
{
	if (link->broken) {
		drop_link(backend, link);
		return;
	}
	(void)pthread_mutex_lock(&backend->lock);
	link->next = backend->idle;
	backend->idle = link;
	(void)pthread_cond_signal(&backend->given);
	(void)pthread_mutex_unlock(&backend->lock);
}

/* An idle session, or NULL and the right to make a new one. */
static struct link *take_idle(struct backend *backend)
{
	struct link *link;

	(void)pthread_mutex_lock(&backend->lock);
	while (!backend->idle && backend->links >= LINKS_MAX)
		(void)pthread_cond_wait(&backend->given, &backend->lock);
	link = backend->idle;
	if (link)
		backend->idle = link->next;
	else
		backend->links++;
	(void)pthread_mutex_unlock(&backend->lock);
	return link;
}

static enum sl_code take_link(struct backend *backend, struct link **out, struct sl_error *err)
{
	struct link *link = take_idle(backend);
	enum sl_code code;

	while (link && !store_link_is_fresh(link)) {
		drop_link(backend, link);
		link = take_idle(backend);
	}
	if (link) {
		*out = link;
		return SL_OK;
	}
	code = store_link_open(out, &backend->place, err);
	if (code != SL_OK)
		drop_link(backend, NULL);
	return code;
}

static void backend_free(struct backend *backend)
{
	if (!backend)
		return;
	store_ears_stop(backend->listener);
	while (backend->idle) {
		struct link *link = backend->idle;

		backend->idle = link->next;
		store_link_free(link);
	}
	store_link_free(backend->keeper);
	(void)pthread_cond_destroy(&backend->given);
	(void)pthread_mutex_destroy(&backend->lock);
	free(backend->place.url);
	free(backend->place.password);
	free(backend->place.shown);
	free(backend);
}

SL_DEFINE_CLEANUP(struct backend, backend_free);

/* --- transactions ----------------------------------------------------------------------------- */

static const struct backend_ops postgres_ops;

static void end(struct tx *tx)
{
	give_link(tx->backend, tx->link);
	sl_buf_done(&tx->told);
	free(tx);
}

static enum sl_code begin(struct backend *backend, bool write, struct tx **out,
	struct sl_error *err)
{
	struct link *link = NULL;
	struct tx *tx;
	enum sl_code code = take_link(backend, &link, err);

	if (code != SL_OK)
		return code;
	store_link_add(link, write ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
	tx = sl_xcalloc(1, sizeof(*tx));
	*tx = (struct tx){ .head = { &postgres_ops },
		.backend = backend,
		.link = link,
		.write = write,
		.told = SL_BUF_INIT(TOLD_MAX) };
	*out = tx;
	return SL_OK;
}

/* Nobody waits for the answer: whatever it is, nothing of the transaction is kept. */
static void rollback(struct tx *tx)
{
	if (tx->link->pending_len > 0) /* it never began */
		tx->link->pending_len = 0;
	else if (!tx->link->broken) {
		store_link_add(tx->link, "ROLLBACK");
		store_link_send(tx->link);
	}
	end(tx);
}

static const char *notice_of(const struct tx *tx)
{
	return sl_buf_ok(&tx->told) ? sl_buf_str(&tx->told) : "A \n";
}

/* The number of the transaction, 0 when it wrote nothing; what is to be told goes with it. */
static enum sl_code read_number(struct tx *tx, int64_t *out, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	store_auto_result PGresult *result = NULL;
	struct params params = { .arena = arena };
	enum sl_code code;

	*out = 0;
	if (tx->told.len == 0)
		return store_link_number(tx->link, "SELECT txid_current_if_assigned()", 0, out,
			err);
	store_params_text(&params,
		sl_arena_printf(arena, "%s\n%s", tx->backend->origin, notice_of(tx)));
	code = store_link_query(tx->link,
		"SELECT txid_current_if_assigned(), pg_notify('" CHANNEL "', $1)", &params,
		"notify", &result, err);
	if (code == SL_OK && !PQgetisnull(result, 0, 0) &&
		!sl_parse_i64(PQgetvalue(result, 0, 0), 1, INT64_MAX, out))
		code = sl_error_set(err, SL_EINTERNAL, "%s: a transaction has no number",
			tx->backend->place.shown);
	return code;
}

enum fate { NOT_KNOWN, COMMITTED, ABORTED };

static enum fate ask_fate(struct link *link, int64_t number)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	store_auto_result PGresult *result = NULL;
	struct params params = { .arena = arena };
	const char *status;

	store_params_number(&params, number);
	if (store_link_query(link, "SELECT txid_status($1)", &params, "commit", &result, NULL) !=
		SL_OK)
		return NOT_KNOWN;
	status = PQgetvalue(result, 0, 0);
	if (sl_str_eq(status, "committed"))
		return COMMITTED;
	return sl_str_eq(status, "aborted") ? ABORTED : NOT_KNOWN;
}

/* A COMMIT that was sent and not answered: the server knows how it ended, once it is back and has
 * noticed that its client is gone. */
static enum fate find_fate(struct backend *backend, int64_t number)
{
	const struct sl_clock *clock = backend->place.clock;
	const int64_t until = sl_clock_mono(clock) + VERIFY_US;
	enum fate fate = NOT_KNOWN;

	while (fate == NOT_KNOWN && sl_clock_mono(clock) < until) {
		struct link *link = NULL;

		if (store_link_open(&link, &backend->place, NULL) == SL_OK)
			fate = ask_fate(link, number);
		store_link_free(link);
		if (fate == NOT_KNOWN)
			(void)poll(NULL, 0, VERIFY_MS);
	}
	return fate;
}

static enum sl_code lost_commit(struct tx *tx, int64_t number, struct sl_error *err)
{
	switch (find_fate(tx->backend, number)) {
	case COMMITTED:
		return SL_OK;
	case ABORTED:
		return sl_error_set(err, SL_EBUSY, "%s: the connection was lost before the commit",
			tx->backend->place.shown);
	case NOT_KNOWN:
		break;
	}
	return sl_error_set(err, SL_EUNKNOWN,
		"%s: went away during a commit, and whether it was made is not known yet",
		tx->backend->place.shown);
}

static enum sl_code commit(struct tx *tx, struct sl_error *err)
{
	store_auto_result PGresult *result = NULL;
	int64_t number = 0;
	enum sl_code code;

	if (tx->link->pending_len > 0) {
		rollback(tx);
		return SL_OK;
	}
	code = read_number(tx, &number, err);
	if (code != SL_OK) {
		rollback(tx);
		return code;
	}
	code = store_link_query(tx->link, "COMMIT", NULL, "commit", &result, err);
	if (code != SL_OK && tx->link->broken && number != 0)
		code = lost_commit(tx, number, err);
	else if (code == SL_OK && !sl_str_eq(PQcmdStatus(result), "COMMIT"))
		code = sl_error_set(err, SL_EBUSY, "%s: the server rolled back instead",
			tx->backend->place.shown);
	end(tx);
	return code;
}

/* --- rows ------------------------------------------------------------------------------------- */

static enum sl_code insert(struct tx *tx, const struct table *table, const void *record,
	int64_t *id, struct sl_error *err)
{
	return store_pg_insert(tx->link, table, record, id, err);
}

static enum sl_code update(struct tx *tx, const struct query *where, const struct set *sets,
	size_t *changed, struct sl_error *err)
{
	return store_pg_update(tx->link, where, sets, changed, err);
}

static enum sl_code remove_rows(struct tx *tx, const struct query *where, struct sl_error *err)
{
	return store_pg_remove(tx->link, where, err);
}

static enum sl_code select_rows(struct tx *tx, const struct query *query, struct sl_arena *arena,
	struct rows *out, struct sl_error *err)
{
	return store_pg_select(tx->link, query, arena, out, err);
}

static enum sl_code guard(struct tx *tx, const char *name, bool *got, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	store_auto_result PGresult *result = NULL;
	struct params params = { .arena = arena };
	enum sl_code code;

	store_params_text(&params, name);
	code = store_link_query(tx->link,
		"SELECT pg_try_advisory_xact_lock(1936483958, hashtext($1))::int", &params, name,
		&result, err);
	if (code == SL_OK)
		*got = sl_str_eq(PQgetvalue(result, 0, 0), "1");
	return code;
}

static void tell(struct tx *tx, enum sl_news news, const char *key)
{
	static const char letters[SL_NEWS_COUNT] = { [SL_NEWS_CHANGE] = 'C',
		[SL_NEWS_TASK] = 'T',
		[SL_NEWS_PROJECT] = 'P',
		[SL_NEWS_ALL] = 'A' };

	if (strchr(key, '\n'))
		return;
	sl_buf_addf(&tx->told, "%c %s\n", letters[news], key);
}

static void listen_to(struct backend *backend, const struct ears *ears)
{
	if (backend->listener)
		store_ears_set(backend->listener, ears);
}

static enum sl_code load(struct tx *tx, const struct table *table, const void *record, int64_t id,
	struct sl_error *err)
{
	return store_pg_load(tx->link, table, record, id, err);
}

static enum sl_code loaded(struct tx *tx, const struct table *table, struct sl_error *err)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(1024);

	sl_buf_addf(&sql,
		"SELECT setval(pg_get_serial_sequence('" STORE_SCHEMA ".%s', 'id'), "
		"coalesce((SELECT max(id) FROM " STORE_SCHEMA ".\"%s\"), 0) + 1, false)",
		table->name, table->name);
	return store_link_exec(tx->link, sl_buf_str(&sql), table->name, err);
}

static enum sl_code defer(struct tx *tx, struct sl_error *err)
{
	return store_link_exec(tx->link, "SET CONSTRAINTS ALL DEFERRED", "restore", err);
}

static const struct backend_ops postgres_ops = {
	.free = backend_free,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.insert = insert,
	.update = update,
	.remove = remove_rows,
	.select = select_rows,
	.guard = guard,
	.tell = tell,
	.listen = listen_to,
	.defer = defer,
	.load = load,
	.loaded = loaded,
};

/* --- opening ---------------------------------------------------------------------------------- */

/* A session of its own says that the store is served, or keeps everybody out. */
static enum sl_code take_place(struct backend *backend, enum backend_use use, struct sl_error *err)
{
	struct link *link = NULL;
	enum sl_code code;

	if (use == BACKEND_READ)
		return SL_OK;
	code = store_link_open(&link, &backend->place, err);
	if (code == SL_OK)
		code = use == BACKEND_SERVE ? store_ears_prepare(link, err) :
					      store_ears_keep_out(link, err);
	if (code == SL_OK && use == BACKEND_SERVE)
		return store_ears_start(&backend->listener, link, backend->origin, err);
	if (code == SL_OK)
		backend->keeper = link;
	else
		store_link_free(link);
	return code;
}

static enum sl_code settle_schema(struct backend *backend, enum backend_use use,
	struct sl_error *err)
{
	struct link *link = NULL;
	enum sl_code code = take_link(backend, &link, err);

	if (code != SL_OK)
		return code;
	code = use == BACKEND_READ ? store_pg_schema_check(link, err) :
				     store_pg_schema_migrate(link, err);
	give_link(backend, link);
	return code == SL_EBUSY ? SL_EUNAVAIL : code;
}

static void name_place(struct backend *backend, const struct backend_place *place)
{
	char random[SL_ID_SIZE];

	backend->place.url = sl_xstrdup(place->url);
	backend->place.password = place->password && place->password[0] ?
		sl_xstrdup(place->password) :
		NULL;
	/* A refused password is not shown either. */
	backend->place.shown = sl_xasprintf("store %s%s",
		strrchr(place->url, '@') ? "postgres://…" : "",
		strrchr(place->url, '@') ? strrchr(place->url, '@') : place->url);
	backend->place.clock = place->clock;
	memcpy(backend->origin, sl_rand_id(sl_rand_system(), random), SL_ID_SIZE);
}

enum sl_code store_postgres_backend_open(struct backend **out, const struct backend_place *place,
	struct sl_error *err)
{
	sl_auto(backend_free_p) struct backend *backend = sl_xcalloc(1, sizeof(*backend));
	enum sl_code code;

	backend->head = (struct backend_head){ .ops = &postgres_ops, .shared = true };
	(void)pthread_mutex_init(&backend->lock, NULL);
	(void)pthread_cond_init(&backend->given, NULL);
	name_place(backend, place);
	code = settle_schema(backend, place->use, err);
	if (code == SL_OK)
		code = take_place(backend, place->use, err);
	if (code == SL_OK)
		*out = sl_steal(backend);
	return code;
}
