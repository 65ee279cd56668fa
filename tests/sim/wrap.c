/* Every write of the store passes here (the linker's --wrap): a process that died writes no more,
 * and dies, when its seed says so, just before or just after what it wrote was kept. */
#include "sim.h"

#include "sluice/store/batch.h"
#include "sluice/store/work.h"

static struct sim *watched;

void sim_wrap(struct sim *sim)
{
	watched = sim;
}

static bool is_gone(void)
{
	if (!watched || watched->looking)
		return false;
	if (!watched->dead && watched->acting && watched->trouble > 0 && sim_chance(watched, 4))
		sim_die(watched);
	return watched->dead;
}

static enum sl_code gone(struct sl_error *err)
{
	return sl_error_set(err, SL_EUNAVAIL, "the process is dead");
}

/* The answer of a write that was kept: nobody lives to read it, sometimes. */
static enum sl_code kept(enum sl_code code, struct sl_error *err)
{
	if (code != SL_OK || !watched || !watched->acting || watched->trouble == 0 ||
		!sim_chance(watched, 4))
		return code;
	sim_die(watched);
	return gone(err);
}

#define WRAPPED(name, parameters, arguments)                                       \
	enum sl_code __real_##name parameters;                                     \
	enum sl_code __wrap_##name parameters;                                     \
	enum sl_code __wrap_##name parameters                                      \
	{                                                                          \
		return is_gone() ? gone(err) : kept(__real_##name arguments, err); \
	}

WRAPPED(sl_store_commit, (struct sl_store * store, struct sl_batch *batch, struct sl_error *err),
	(store, batch, err))
WRAPPED(sl_store_apply,
	(struct sl_store * store, const struct sl_move *moves, size_t n, struct sl_error *err),
	(store, moves, n, err))
WRAPPED(sl_store_task_claim,
	(struct sl_store * store, const struct sl_claim *claim, struct sl_arena *arena,
		struct sl_task *out, bool *found, struct sl_error *err),
	(store, claim, arena, out, found, err))
WRAPPED(sl_store_task_renew,
	(struct sl_store * store, int64_t id, int64_t epoch, int64_t until, struct sl_error *err),
	(store, id, epoch, until, err))
WRAPPED(sl_store_inbox_add,
	(struct sl_store * store, const struct sl_delivery *delivery, bool *fresh,
		struct sl_error *err),
	(store, delivery, fresh, err))
WRAPPED(sl_store_inbox_done,
	(struct sl_store * store, int64_t id, int64_t at, struct sl_error *err),
	(store, id, at, err))
WRAPPED(sl_store_outbox_claim,
	(struct sl_store * store, const struct sl_claim *claim, unsigned limit,
		struct sl_arena *arena, struct sl_message_list *out, struct sl_error *err),
	(store, claim, limit, arena, out, err))
WRAPPED(sl_store_outbox_ack,
	(struct sl_store * store, int64_t id, int64_t at, struct sl_error *err),
	(store, id, at, err))
WRAPPED(sl_store_outbox_fail,
	(struct sl_store * store, const struct sl_outbox_failure *failure, struct sl_error *err),
	(store, failure, err))
