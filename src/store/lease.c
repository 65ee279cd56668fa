#include "sluice/store/work.h"

#include "store_int.h"

#include <string.h>

struct taking {
	const struct sl_claim *claim;
	const char *name;
	struct sl_arena *arena;
	struct lease_row lease; /* as it is afterwards */
	bool got;
};

static struct query lease_named(const char *name, enum lock lock)
{
	return (struct query){ .table = &store_lease_table,
		.filters = { { .column = "name", .text = name } },
		.lock = lock };
}

static bool is_ours(const struct lease_row *lease, const struct sl_claim *claim)
{
	return strcmp(lease->holder, claim->replica) == 0 && lease->until > claim->now;
}

/* Ours for longer than half of the time that was asked for. */
static bool is_fresh(const struct lease_row *lease, const struct sl_claim *claim)
{
	return is_ours(lease, claim) && lease->until - claim->now > claim->lease_us / 2;
}

static enum sl_code hold(struct tx *tx, struct taking *taking, const struct lease_row *old,
	struct sl_error *err)
{
	const struct sl_claim *claim = taking->claim;
	struct query where = lease_named(taking->name, LOCK_NONE);
	size_t changed = 0;

	taking->lease = (struct lease_row){ .name = taking->name,
		.holder = claim->replica,
		.epoch = old->epoch + !is_ours(old, claim),
		.until = claim->now + claim->lease_us };
	taking->got = true;
	return store_tx_ops(tx)->update(tx, &where,
		(const struct set[]){ { .column = "holder", .text = claim->replica },
			{ .column = "epoch", .number = taking->lease.epoch },
			{ .column = "until", .number = taking->lease.until }, { 0 } },
		&changed, err);
}

static enum sl_code take(struct tx *tx, void *arg, struct sl_error *err)
{
	struct taking *taking = arg;
	const struct lease_row new = { .name = taking->name, .holder = "" };
	struct query mine = lease_named(taking->name, LOCK_ROWS);
	const struct lease_row *old;
	void *row = NULL;
	int64_t id;
	enum sl_code code = store_tx_first(tx, &mine, taking->arena, &row, err);

	taking->got = false;
	if (code == SL_OK && !row)
		code = store_tx_ops(tx)->insert(tx, &store_lease_table, &new, &id, err);
	if (code == SL_OK && !row)
		code = store_tx_first(tx, &mine, taking->arena, &row, err);
	if (code != SL_OK)
		return code;
	if (!row)
		return sl_error_set(err, SL_EINTERNAL, "store: lease %s: is not kept",
			taking->name);
	old = row;
	if (old->until > taking->claim->now && !is_ours(old, taking->claim))
		return SL_OK;
	return hold(tx, taking, old, err);
}

/* Most askers find it held, by themselves or by another: that takes no write. */
static enum sl_code look(struct sl_store *store, struct taking *taking, bool *settled,
	struct sl_error *err)
{
	struct query query = lease_named(taking->name, LOCK_NONE);
	const struct lease_row *now;
	struct rows rows;
	enum sl_code code = store_select(store, &query, taking->arena, &rows, err);

	*settled = false;
	if (code != SL_OK || rows.len == 0)
		return code;
	now = rows.at;
	taking->lease = *now;
	taking->got = is_fresh(now, taking->claim);
	*settled = taking->got || (now->until > taking->claim->now && !is_ours(now, taking->claim));
	return SL_OK;
}

enum sl_code sl_store_lease_take(struct sl_store *store, const struct sl_claim *claim,
	const char *name, int64_t *epoch, bool *got, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct taking taking = { .claim = claim, .name = name, .arena = arena };
	bool settled;
	enum sl_code code = look(store, &taking, &settled, err);

	if (code == SL_OK && !settled)
		code = store_write(store, take, &taking, err);
	if (code == SL_OK) {
		*got = taking.got;
		*epoch = taking.lease.epoch;
	}
	return code;
}

struct giving {
	const char *name;
	int64_t epoch;
};

static enum sl_code give(struct tx *tx, void *arg, struct sl_error *err)
{
	const struct giving *giving = arg;
	struct query where = { .table = &store_lease_table,
		.filters = { { .column = "name", .text = giving->name },
			{ .column = "epoch", .number = giving->epoch } } };
	const struct set sets[] = { { .column = "until", .number = 0 }, { 0 } };
	size_t changed = 0;

	return store_tx_ops(tx)->update(tx, &where, sets, &changed, err);
}

enum sl_code sl_store_lease_give(struct sl_store *store, const char *name, int64_t epoch,
	struct sl_error *err)
{
	struct giving giving = { name, epoch };

	return store_write(store, give, &giving, err);
}
