#include "apply_int.h"

#include "sluice/core/str.h"
#include "sluice/sys/cancel.h"

#include <string.h>

/* How soon after a statement was sent somebody looks what it waits for, and how often from then on:
 * at least twice in the shortest wait that ends in a failure. */
#define LOOK_FIRST_US  (SL_SECOND_US / 5)
#define LOOK_OFTEN_US  (SL_SECOND_US / 4)
#define LOOK_SELDOM_US (5 * SL_SECOND_US)

#define SENTENCE_MAX (1u << 16)

/* How long the second session may take to come. */
#define WATCH_CONNECT_US (2 * SL_SECOND_US)

struct sl_limits sl_apply_limits(int64_t lock_us, int64_t statement_us)
{
	return (struct sl_limits){ .lock_us = lock_us >= 0 ? lock_us : SL_APPLY_LOCK_US,
		.statement_us = statement_us >= 0 ? statement_us : SL_APPLY_STATEMENT_US,
		.lock_where_none = lock_us < 0,
		.statement_where_none = statement_us < 0 };
}

static struct sl_limits limits_of(const struct run *run)
{
	return run->request->limits ? *run->request->limits : sl_apply_limits(-1, -1);
}

static void add(struct sl_buf *out, const char *before, const char *text)
{
	if (text[0] == '\0')
		return;
	sl_buf_adds(out, before);
	sl_buf_adds(out, text);
}

/* "process 4711 (ana, psql, from 10.0.0.5; idle in transaction for 3 m, update orders, ...)". */
static void add_blocker(struct sl_buf *out, const struct sl_lock_holder *blocker)
{
	sl_auto_buf struct sl_buf more = SL_BUF_INIT(4096);
	char span[SL_TIME_ISO_MAX];

	add(&more, ", ", blocker->user);
	add(&more, ", ", blocker->application);
	add(&more, ", from ", blocker->address);
	add(&more, ", ", blocker->state);
	if (blocker->held_us > 0)
		add(&more, blocker->state[0] != '\0' ? " for " : ", for ",
			sl_time_span(blocker->held_us, span));
	add(&more, ", ", blocker->what);
	add(&more, ", ", blocker->holds);
	if (sl_str_eq(blocker->session, "0"))
		sl_buf_adds(out, "a prepared transaction");
	else
		sl_buf_addf(out, "process %s", blocker->session);
	if (more.len > 2)
		sl_buf_addf(out, " (%s)", sl_buf_str(&more) + 2);
}

static void add_sentence(const struct run *run, struct sl_buf *text)
{
	const struct sl_lock_holder *first = &run->watch.blockers[0];

	if (first->wants[0] != '\0')
		sl_buf_addf(text, "%s%s%s, %sheld by ", first->wants,
			first->object[0] != '\0' ? " on " : "", first->object,
			first->guessed ? "which the server does not show; perhaps " : "");
	add_blocker(text, first);
	if (run->watch.len > 1)
		sl_buf_addf(text, " and %zu more", run->watch.len - 1);
}

static void tell(struct run *run)
{
	const struct sl_apply_journal *journal = run->request->journal;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(SENTENCE_MAX);

	if (!journal || !journal->waits || !run->watch.step)
		return;
	add_sentence(run, &text);
	journal->waits(journal->ctx, run->watch.step, sl_buf_str(&text));
}

static bool open_watch(struct run *run)
{
	struct sl_conn_spec spec = *run->request->target;

	if (run->watch.conn && sl_conn_tx_state(run->watch.conn) == SL_TX_IDLE)
		return true;
	sl_conn_close(sl_steal(run->watch.conn));
	spec.application = sl_arena_printf(run->arena, "sluice/%s", run->id);
	spec.connect_timeout_us = WATCH_CONNECT_US;
	spec.read_only = true;
	spec.create = false;
	run->watch.blind = sl_conn_open(&run->watch.conn, &spec, NULL) != SL_OK;
	return !run->watch.blind;
}

static void look(void *ctx)
{
	struct run *run = ctx;
	struct sl_arena *arena sl_auto(sl_arena_free_p) = NULL;
	const struct sl_lock_holder *blockers;
	struct sl_error cause = SL_ERROR_INIT;
	size_t len = 0;
	enum sl_code code;

	if (run->watch.blind || !open_watch(run))
		return;
	arena = sl_arena_new();
	code = sl_conn_blockers(run->watch.conn, run->conn, &blockers, &len, arena, &cause);
	if (code == SL_EDENIED && !run->watch.denied)
		run->watch.denied = sl_arena_strdup(run->arena, cause.msg);
	if (code != SL_OK || len == 0)
		return;
	sl_arena_free(run->watch.arena);
	run->watch.arena = sl_steal(arena);
	run->watch.blockers = blockers;
	run->watch.len = len;
	tell(run);
}

static void set_watch(struct run *run, int64_t lock_us)
{
	int64_t every = lock_us > 0 ? lock_us / 4 : LOOK_SELDOM_US;

	if (every < LOOK_OFTEN_US)
		every = LOOK_OFTEN_US;
	if (every > LOOK_SELDOM_US)
		every = LOOK_SELDOM_US;
	sl_conn_set_watch(run->conn,
		&(struct sl_watch){ .look = look,
			.ctx = run,
			.first_us = LOOK_FIRST_US,
			.every_us = every });
}

int64_t apply_lock_us(const struct run *run)
{
	return limits_of(run).lock_us;
}

enum sl_code apply_limit(struct run *run, struct sl_error *err)
{
	struct sl_limits limits = limits_of(run);

	set_watch(run, limits.lock_us);
	return sl_conn_limit(run->conn, &limits, err);
}

enum sl_code apply_unlimit(struct run *run, struct sl_error *err)
{
	return sl_conn_limit(run->conn, &(struct sl_limits){ .lock_us = 0 }, err);
}

static const char *copy(const struct run *run, const char *text)
{
	return sl_arena_strdup(run->arena, text);
}

static void keep_blockers(struct run *run)
{
	struct sl_lock_holder *at = sl_arena_calloc(run->arena, run->watch.len + 1, sizeof(*at));

	for (size_t i = 0; i < run->watch.len; i++) {
		const struct sl_lock_holder *from = &run->watch.blockers[i];

		at[i] = (struct sl_lock_holder){ .session = copy(run, from->session),
			.user = copy(run, from->user),
			.application = copy(run, from->application),
			.address = copy(run, from->address),
			.state = copy(run, from->state),
			.what = copy(run, from->what),
			.holds = copy(run, from->holds),
			.wants = copy(run, from->wants),
			.object = copy(run, from->object),
			.held_us = from->held_us,
			.guessed = from->guessed };
	}
	run->result->blockers = at;
	run->result->blockers_len = run->watch.len;
}

/* Two that wait for each other's locks must not meet again. */
static int64_t a_while(const struct run *run)
{
	return SL_SECOND_US / 2 +
		(int64_t)sl_rand_below(run->request->rand, (uint64_t)SL_SECOND_US);
}

const char *apply_blocked_by(struct run *run)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(SENTENCE_MAX);

	run->try_after_us = a_while(run);
	if (run->watch.len == 0 && run->conn && sl_conn_tx_state(run->conn) == SL_TX_IDLE) {
		sl_arena_free(run->watch.arena);
		run->watch.arena = sl_arena_new();
		if (sl_conn_blockers(run->conn, run->conn, &run->watch.blockers, &run->watch.len,
			    run->watch.arena, NULL) != SL_OK)
			run->watch.len = 0;
	}
	if (run->watch.len == 0)
		return run->watch.denied ? sl_arena_printf(run->arena, "; %s", run->watch.denied) :
					   "";
	keep_blockers(run);
	add_sentence(run, &text);
	return sl_arena_printf(run->arena, "; it waited for %s", sl_buf_str(&text));
}

void apply_watch_end(struct run *run)
{
	sl_conn_close(sl_steal(run->watch.conn));
	sl_arena_free(run->watch.arena);
	run->watch.arena = NULL;
	run->watch.len = 0;
}
