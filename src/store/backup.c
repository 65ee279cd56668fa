#include "sluice/store/backup.h"

#include "copy.h"
#include "store_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/sys/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A store that is opened for a copy, and its transaction. */
struct side {
	struct backend *backend;
	struct tx *tx;
};

static const struct backend_ops *ops_of(const struct side *side)
{
	return ((const struct backend_head *)(const void *)side->backend)->ops;
}

static void close_side(struct side *side)
{
	if (side->tx)
		ops_of(side)->rollback(side->tx);
	if (side->backend)
		ops_of(side)->free(side->backend);
	*side = (struct side){ 0 };
}

static enum sl_code open_side(struct side *side, const struct sl_store_options *options,
	enum backend_use use, struct sl_error *err)
{
	enum sl_code code = store_backend_open(&side->backend, options, use, err);

	if (code == SL_OK)
		code = ops_of(side)->begin(side->backend, use != BACKEND_READ, &side->tx, err);
	return code;
}

static enum sl_code commit_side(struct side *side, struct sl_error *err)
{
	struct tx *tx = side->tx;

	side->tx = NULL;
	return ops_of(side)->commit(tx, err);
}

static bool is_file(const struct sl_store_options *options)
{
	return !sl_str_starts(options->url, "memory:");
}

/* What a step of a copy does with each table. */
struct copied {
	struct side from, to;
	const char *file;
	struct sl_store_copy sums;
};

static enum sl_code differs(const char *file, const struct table *table, const struct amount *has,
	const struct amount *said, struct sl_error *err)
{
	if (has->rows != said->rows)
		return sl_error_set(err, SL_EINVAL,
			"%s: is damaged: table %s has %" PRIu64 " rows, and %" PRIu64
			" were recorded",
			file, table->name, has->rows, said->rows);
	if (!sl_str_eq(has->sha256, said->sha256))
		return sl_error_set(err, SL_EINVAL,
			"%s: is damaged: the content of table %s is not what was recorded", file,
			table->name);
	return SL_OK;
}

/* The table as it is, against what the file says of it. */
static enum sl_code check_record(struct copied *copied, const struct table *table,
	const struct amount *has, struct sl_error *err)
{
	struct amount said;
	bool recorded;
	enum sl_code code = store_copy_recorded(copied->from.tx, table, &said, &recorded, err);

	if (code != SL_OK)
		return sl_error_wrap(err, code, "%s", copied->file);
	copied->sums.recorded = copied->sums.recorded && recorded;
	return recorded ? differs(copied->file, table, has, &said, err) : SL_OK;
}

static void add_up(struct copied *copied, const struct amount *amount)
{
	copied->sums.tables++;
	copied->sums.rows += amount->rows;
}

/* --- backup ----------------------------------------------------------------------------------- */

/* The records come last: they are facts among others. */
static enum sl_code record_all(struct copied *copied, const struct amount *amounts,
	struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < store_all_tables_len; i++)
		code = store_copy_record(copied->to.tx, store_all_tables[i], &amounts[i], err);
	return code == SL_OK ? commit_side(&copied->to, err) : code;
}

static enum sl_code back_up_tables(struct copied *copied, struct sl_error *err)
{
	sl_autofree struct amount *amounts = sl_xcalloc(store_all_tables_len, sizeof(*amounts));
	enum sl_code code = ops_of(&copied->to)->defer(copied->to.tx, err);

	for (size_t i = 0; code == SL_OK && i < store_all_tables_len; i++) {
		code = store_copy_table(copied->from.tx, copied->to.tx, store_all_tables[i],
			&amounts[i], err);
		if (code == SL_OK)
			add_up(copied, &amounts[i]);
	}
	return code == SL_OK ? record_all(copied, amounts, err) : code;
}

static enum sl_code write_file(const struct sl_store_options *from, const char *partial,
	struct sl_store_copy *out, struct sl_error *err)
{
	sl_autofree char *url = sl_xasprintf("sqlite:%s", partial);
	const struct sl_store_options to = { .url = url, .clock = from->clock };
	struct copied copied = { .sums = { .recorded = true } };
	enum sl_code code = open_side(&copied.from, from, BACKEND_READ, err);

	if (code == SL_OK)
		code = open_side(&copied.to, &to, BACKEND_FILE, err);
	if (code == SL_OK)
		code = back_up_tables(&copied, err);
	close_side(&copied.to);
	close_side(&copied.from);
	if (code == SL_OK)
		*out = copied.sums;
	return code;
}

enum sl_code sl_store_backup(const struct sl_store_options *from, const char *file,
	struct sl_store_copy *out, struct sl_error *err)
{
	sl_autofree char *partial = sl_xasprintf("%s.partial", file);
	struct sl_store_copy sums;
	enum sl_code code;

	if (!is_file(from))
		return sl_error_set(err, SL_EINVAL, "store %s: has nothing to keep", from->url);
	if (sl_file_exists(file))
		return sl_error_set(err, SL_ECONFLICT, "%s: is there already: name another file",
			file);
	(void)unlink(partial);
	code = write_file(from, partial, &sums, err);
	if (code == SL_OK)
		code = sl_file_give_name(partial, file, err);
	if (code == SL_OK)
		*out = sums;
	else
		(void)unlink(partial);
	return code;
}

/* --- verify ----------------------------------------------------------------------------------- */

static enum sl_code verify_tables(struct copied *copied, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < store_all_tables_len; i++) {
		struct amount amount;

		code = store_copy_table(copied->from.tx, NULL, store_all_tables[i], &amount, err);
		if (code == SL_OK)
			code = check_record(copied, store_all_tables[i], &amount, err);
		if (code == SL_OK)
			add_up(copied, &amount);
	}
	return code;
}

enum sl_code sl_store_verify(const char *file, struct sl_store_copy *out, struct sl_error *err)
{
	sl_autofree char *url = sl_xasprintf("sqlite:%s", file);
	const struct sl_store_options from = { .url = url };
	struct copied copied = { .file = file, .sums = { .recorded = true } };
	enum sl_code code = open_side(&copied.from, &from, BACKEND_READ, err);

	if (code == SL_OK)
		code = verify_tables(&copied, err);
	close_side(&copied.from);
	if (code == SL_OK)
		*out = copied.sums;
	return code;
}

/* --- restore ---------------------------------------------------------------------------------- */

/* A daemon that was started once and found nothing to do leaves facts and leases only. */
static bool counts_as_content(const struct table *table)
{
	return table != &store_meta_table && table != &store_lease_table;
}

static enum sl_code refuse_content(struct copied *copied, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < store_all_tables_len; i++) {
		sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
		struct query any = { .table = store_all_tables[i] };
		void *row = NULL;

		if (!counts_as_content(store_all_tables[i]))
			continue;
		code = store_tx_first(copied->to.tx, &any, arena, &row, err);
		if (code == SL_OK && row)
			code = sl_error_set(err, SL_ECONFLICT,
				"the store is not empty (table %s has rows): restore with --replace to "
				"lose what it has",
				store_all_tables[i]->name);
	}
	return code;
}

static enum sl_code empty_tables(struct copied *copied, struct sl_error *err)
{
	enum sl_code code = ops_of(&copied->to)->defer(copied->to.tx, err);

	for (size_t i = 0; code == SL_OK && i < store_all_tables_len; i++) {
		struct query all = { .table = store_all_tables[i] };

		code = ops_of(&copied->to)->remove(copied->to.tx, &all, err);
	}
	return code;
}

/* In, compared with what the file recorded, and read back. */
static enum sl_code restore_table(struct copied *copied, const struct table *table,
	struct sl_error *err)
{
	struct amount in;
	struct amount back;
	enum sl_code code = store_copy_table(copied->from.tx, copied->to.tx, table, &in, err);

	if (code == SL_OK)
		code = check_record(copied, table, &in, err);
	if (code == SL_OK)
		code = store_copy_table(copied->to.tx, NULL, table, &back, err);
	if (code == SL_OK && differs("", table, &back, &in, NULL) != SL_OK)
		code = sl_error_set(err, SL_EINTERNAL,
			"restore: table %s is not in the store what it is in the file",
			table->name);
	if (code == SL_OK)
		add_up(copied, &in);
	return code;
}

static enum sl_code restore_tables(struct copied *copied, bool replace, struct sl_error *err)
{
	enum sl_code code = replace ? SL_OK : refuse_content(copied, err);

	if (code == SL_OK)
		code = empty_tables(copied, err);
	for (size_t i = 0; code == SL_OK && i < store_all_tables_len; i++)
		code = restore_table(copied, store_all_tables[i], err);
	return code == SL_OK ? commit_side(&copied->to, err) : code;
}

enum sl_code sl_store_restore(const char *file, const struct sl_store_options *to, bool replace,
	struct sl_store_copy *out, struct sl_error *err)
{
	sl_autofree char *url = sl_xasprintf("sqlite:%s", file);
	const struct sl_store_options from = { .url = url, .clock = to->clock };
	struct copied copied = { .file = file, .sums = { .recorded = true } };
	enum sl_code code = SL_OK;

	if (!is_file(to))
		return sl_error_set(err, SL_EINVAL, "store %s: keeps nothing", to->url);
	if (sl_str_eq(to->url, url))
		return sl_error_set(err, SL_EINVAL, "%s: is the store itself", file);
	code = open_side(&copied.from, &from, BACKEND_READ, err);
	if (code == SL_OK)
		code = open_side(&copied.to, to, BACKEND_FILL, err);
	if (code == SL_OK)
		code = restore_tables(&copied, replace, err);
	close_side(&copied.to);
	close_side(&copied.from);
	if (code == SL_OK)
		*out = copied.sums;
	return code;
}
