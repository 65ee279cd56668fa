#include "sluice/store/store.h"

#include "memory/memory.h"
#include "postgres/postgres.h"
#include "sqlite/sqlite.h"
#include "store_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSTALLATION_KEY  "installation"
#define INSTALLATION_FILE "installation"
#define INSTALLATION_MODE 0644
#define ID_LEN            (SL_ID_SIZE - 1)

static const struct {
	const char *scheme;
	enum sl_code (*open)(struct backend **out, const struct backend_place *place,
		struct sl_error *err);
} backends[] = {
	{ "sqlite:", store_sqlite_backend_open },
	{ "memory:", store_memory_backend_open },
	{ "postgres://", store_postgres_backend_open },
	{ "postgresql://", store_postgres_backend_open },
};

enum sl_code store_begin(struct sl_store *store, struct tx **out, struct sl_error *err)
{
	const struct backend_head *head = (const void *)store->backend;

	return head->ops->begin(store->backend, false, out, err);
}

#define ATTEMPTS_MAX 10

/* A transaction of its own, beside those of others. */
static enum sl_code write_once(struct sl_store *store,
	enum sl_code (*run)(struct tx *tx, void *arg, struct sl_error *err), void *arg,
	struct sl_error *err)
{
	const struct backend_ops *ops = ((const struct backend_head *)(const void *)store->backend)
						->ops;
	struct tx *tx = NULL;
	enum sl_code code = ops->begin(store->backend, true, &tx, err);

	if (code == SL_OK) {
		code = run(tx, arg, err);
		if (code == SL_OK)
			return ops->commit(tx, err);
		ops->rollback(tx);
	}
	return code;
}

static enum sl_code write_beside(struct sl_store *store,
	enum sl_code (*run)(struct tx *tx, void *arg, struct sl_error *err), void *arg,
	struct sl_error *err)
{
	enum sl_code code = SL_EBUSY;

	for (unsigned attempt = 0; attempt < ATTEMPTS_MAX && code == SL_EBUSY; attempt++)
		code = write_once(store, run, arg, err);
	if (code == SL_EBUSY && err)
		err->code = SL_EUNAVAIL;
	return code == SL_EBUSY ? SL_EUNAVAIL : code;
}

enum sl_code store_write(struct sl_store *store,
	enum sl_code (*run)(struct tx *tx, void *arg, struct sl_error *err), void *arg,
	struct sl_error *err)
{
	const struct backend_head *head = (const void *)store->backend;
	struct job job = { .run = run, .arg = arg };

	if (head->shared)
		return write_beside(store, run, arg, err);
	return store_writer_run(&store->writer, store->backend, &job, err);
}

static bool is_id(const char *text, size_t len)
{
	return len == ID_LEN && strspn(text, "0123456789abcdef") == len;
}

/* The id that the data folder has kept; "" when it has none yet. */
static enum sl_code read_installation(char out[SL_ID_SIZE], const char *path, struct sl_error *err)
{
	sl_autofree char *text = NULL;
	size_t len = 0;
	enum sl_code code;

	out[0] = '\0';
	if (!sl_file_exists(path))
		return SL_OK;
	code = sl_file_read(&text, &len, path, SL_ID_SIZE, err);
	if (code != SL_OK)
		return code;
	if (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (!is_id(text, len))
		return sl_error_set(err, SL_EINVAL, "%s: not an installation's id (32 hex digits)",
			path);
	memcpy(out, text, SL_ID_SIZE);
	return SL_OK;
}

static enum sl_code write_installation(const char *path, const char *id, struct sl_error *err)
{
	char line[SL_ID_SIZE];

	memcpy(line, id, ID_LEN);
	line[ID_LEN] = '\n';
	return sl_file_write(path, line, sizeof(line), INSTALLATION_MODE, err);
}

/* The store's id wins over the file's, the file's over a new one; both have it in the end. */
static enum sl_code settle_installation(struct sl_store *store, const char *path,
	const struct sl_rand *rand, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	char kept[SL_ID_SIZE] = "";
	char made[SL_ID_SIZE];
	struct sl_store_first first = { .key = INSTALLATION_KEY };
	const char *stored;
	enum sl_code code = path ? read_installation(kept, path, err) : SL_OK;

	first.value = kept[0] != '\0' ? kept : sl_rand_id(rand, made);
	if (code == SL_OK)
		code = sl_store_first_meta(store, &first, arena, err);
	if (code != SL_OK)
		return code;
	stored = first.now;
	if (!is_id(stored, strlen(stored)))
		return sl_error_set(err, SL_EINVAL,
			"the store's installation is not an id (32 hex digits)");
	memcpy(store->installation, stored, SL_ID_SIZE);
	if (path && !sl_str_eq(kept, store->installation))
		code = write_installation(path, store->installation, err);
	return code;
}

enum sl_code store_backend_open(struct backend **out, const struct sl_store_options *options,
	enum backend_use use, struct sl_error *err)
{
	struct backend_place place = { .url = options->url,
		.password = options->password,
		.clock = options->clock ? options->clock : sl_clock_system(),
		.use = use };

	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (!sl_str_starts(options->url, backends[i].scheme))
			continue;
		place.where = options->url + strlen(backends[i].scheme);
		return backends[i].open(out, &place, err);
	}
	return sl_error_set(err, SL_EINVAL, "store %.*s: begin it with sqlite: or postgres://",
		(int)strcspn(options->url, ":"), options->url);
}

enum sl_code sl_store_open(struct sl_store **out, const struct sl_store_options *options,
	struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	sl_auto(sl_store_free_p) struct sl_store *store = NULL;
	struct backend *backend = NULL;
	const char *path = NULL;
	enum sl_code code = store_backend_open(&backend, options, BACKEND_SERVE, err);

	if (code != SL_OK)
		return code;
	store = sl_xcalloc(1, sizeof(*store));
	store->backend = backend;
	store_writer_init(&store->writer);
	if (options->data_folder)
		path = sl_path_join(arena, options->data_folder, INSTALLATION_FILE);
	code = settle_installation(store, path, options->rand, err);
	if (code == SL_OK)
		*out = sl_steal(store);
	return code;
}

void sl_store_free(struct sl_store *store)
{
	const struct backend_head *head;

	if (!store)
		return;
	head = (const void *)store->backend;
	store_writer_done(&store->writer);
	head->ops->free(store->backend);
	free(store);
}

void sl_store_on_commit(struct sl_store *store,
	void (*woken)(void *ctx, enum sl_object object, int64_t id), void *ctx)
{
	store->woken = woken;
	store->woken_ctx = ctx;
}

bool sl_store_is_shared(const struct sl_store *store)
{
	return ((const struct backend_head *)(const void *)store->backend)->shared;
}

void sl_store_on_news(struct sl_store *store,
	void (*heard)(void *ctx, enum sl_news news, const char *key), void *ctx)
{
	const struct backend_head *head = (const void *)store->backend;

	if (head->ops->listen)
		head->ops->listen(store->backend, &(struct ears){ heard, ctx });
}

struct telling {
	enum sl_news news;
	const char *key;
};

static enum sl_code run_tell(struct tx *tx, void *arg, struct sl_error *err)
{
	const struct telling *telling = arg;
	struct rows rows;
	struct query any = { .table = &store_meta_table, .limit = 1 };
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();

	store_tx_ops(tx)->tell(tx, telling->news, telling->key);
	return store_tx_select(tx, &any, arena, &rows, err);
}

enum sl_code sl_store_tell(struct sl_store *store, enum sl_news news, const char *key,
	struct sl_error *err)
{
	struct telling telling = { news, key };

	return sl_store_is_shared(store) ? store_write(store, run_tell, &telling, err) : SL_OK;
}

const char *sl_store_installation(const struct sl_store *store)
{
	return store->installation;
}

enum sl_code sl_store_epoch(struct sl_store *store, const char *name, int64_t *out,
	struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct query query = { .table = &store_epoch_table,
		.filters = { { .column = "name", .text = name } } };
	struct rows rows;
	enum sl_code code = store_select(store, &query, arena, &rows, err);

	if (code == SL_OK)
		*out = rows.len > 0 ? ((const struct epoch_row *)rows.at)->value : 0;
	return code;
}

enum sl_code sl_store_meta(struct sl_store *store, const char *key, struct sl_arena *arena,
	const char **out, struct sl_error *err)
{
	struct query query = { .table = &store_meta_table,
		.filters = { { .column = "key", .text = key } } };
	struct rows rows;
	enum sl_code code = store_select(store, &query, arena, &rows, err);

	if (code == SL_OK)
		*out = rows.len > 0 ? ((const struct meta_row *)rows.at)->value : NULL;
	return code;
}

static struct query meta_named(const char *key)
{
	return (struct query){ .table = &store_meta_table,
		.filters = { { .column = "key", .text = key } } };
}

/* Whichever process adds it first, the others replace it. */
static enum sl_code put_meta(struct tx *tx, void *arg, struct sl_error *err)
{
	const struct meta_row *row = arg;
	struct query where = meta_named(row->key);
	const struct set sets[] = { { .column = "value", .text = row->value }, { 0 } };
	size_t changed = 0;
	int64_t id = 0;
	enum sl_code code = store_tx_ops(tx)->insert(tx, &store_meta_table, row, &id, err);

	if (code == SL_OK && id == 0)
		code = store_tx_ops(tx)->update(tx, &where, sets, &changed, err);
	return code;
}

enum sl_code sl_store_set_meta(struct sl_store *store, const char *key, const char *value,
	struct sl_error *err)
{
	struct meta_row row = { key, value };

	return store_write(store, put_meta, &row, err);
}

struct settling {
	struct sl_store_first *first;
	struct sl_arena *arena;
};

static enum sl_code put_first(struct tx *tx, void *arg, struct sl_error *err)
{
	const struct settling *settling = arg;
	struct sl_store_first *first = settling->first;
	const struct meta_row new = { first->key, first->value };
	struct query where = meta_named(first->key);
	void *row = NULL;
	int64_t id = 0;
	enum sl_code code = store_tx_first(tx, &where, settling->arena, &row, err);

	if (code == SL_OK && !row)
		code = store_tx_ops(tx)->insert(tx, &store_meta_table, &new, &id, err);
	if (code == SL_OK && !row)
		code = store_tx_first(tx, &where, settling->arena, &row, err);
	if (code != SL_OK)
		return code;
	if (!row)
		return sl_error_set(err, SL_EINTERNAL, "store: meta %s: is not kept", first->key);
	first->now = ((const struct meta_row *)row)->value;
	first->fresh = id != 0;
	return SL_OK;
}

enum sl_code sl_store_first_meta(struct sl_store *store, struct sl_store_first *first,
	struct sl_arena *arena, struct sl_error *err)
{
	struct settling settling = { first, arena };

	return store_write(store, put_first, &settling, err);
}

/* --- kept for a while ------------------------------------------------------------------------ */

#define UNTIL "until."

const char *sl_store_meta_until(struct sl_arena *arena, int64_t until, const char *what)
{
	return sl_arena_printf(arena, UNTIL "%lld.%s", (long long)until, what);
}

static bool is_over(const char *key, int64_t now)
{
	char digits[24];
	int64_t until;

	if (!sl_str_starts(key, UNTIL))
		return false;
	key += strlen(UNTIL);
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(key, "."), key);
	return sl_parse_i64(digits, 0, INT64_MAX, &until) && until <= now;
}

static enum sl_code drop_meta(struct tx *tx, void *arg, struct sl_error *err)
{
	const struct query where = { .table = &store_meta_table,
		.filters = { { .column = "key", .text = arg } } };

	return store_tx_ops(tx)->remove(tx, &where, err);
}

enum sl_code sl_store_sweep_meta(struct sl_store *store, int64_t now, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct query all = { .table = &store_meta_table };
	struct rows rows;
	enum sl_code code = store_select(store, &all, arena, &rows, err);

	for (size_t i = 0; code == SL_OK && i < rows.len; i++) {
		const struct meta_row *row = &((const struct meta_row *)rows.at)[i];

		if (is_over(row->key, now))
			code = store_write(store, drop_meta, sl_arena_strdup(arena, row->key), err);
	}
	return code;
}
