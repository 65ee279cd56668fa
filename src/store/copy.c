#include "copy.h"

#include "store_int.h"

#include "sluice/core/str.h"

#include <inttypes.h>
#include <string.h>

#define PAGE         200
#define RECORD       "backup."
#define ROWS_MAX     ((int64_t)1 << 60)
#define RECORD_WORDS 20

/* Facts that are not part of a copy: what sessions are signed with, which login links were used,
 * and what a backup says of itself. */
static bool stays_behind(const struct table *table, const void *record)
{
	static const char *const prefixes[] = { SL_STORE_SESSION_KEY, "login.", RECORD };
	const struct meta_row *fact = record;

	if (table != &store_meta_table)
		return false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (sl_str_starts(fact->key, prefixes[i]))
			return true;
	}
	return false;
}

/* Each value with its length, or as eight bytes: no two rows read alike. */
static void add_row(struct sl_sha256 *sha, const struct table *table, int64_t id,
	const void *record)
{
	sl_sha256_add(sha, &id, sizeof(id));
	for (size_t i = 0; i < table->len; i++) {
		const struct column *column = &table->columns[i];
		int64_t number;

		if (column->kind == COLUMN_TEXT) {
			sl_sha256_add_str(sha, store_column_text(column, record));
		} else if (column->kind == COLUMN_WORD) {
			sl_sha256_add_str(sha,
				column->word->name((int)store_column_number(column, record)));
		} else {
			number = store_column_number(column, record);
			sl_sha256_add(sha, &number, sizeof(number));
		}
	}
}

struct copying {
	struct tx *from, *to;
	const struct table *table;
	struct sl_sha256 *sha;
	uint64_t rows;
	int64_t last; /* id */
};

static enum sl_code copy_page(struct copying *copying, bool *more, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct table *table = copying->table;
	struct query page = { .table = table,
		.filters = { { .column = "id", .compare = ABOVE, .number = copying->last } },
		.limit = PAGE,
		.with_ids = true };
	struct rows rows;
	enum sl_code code = store_tx_select(copying->from, &page, arena, &rows, err);

	for (size_t i = 0; code == SL_OK && i < rows.len; i++) {
		const void *record = (const char *)rows.at + i * table->size;

		copying->last = rows.ids[i];
		if (stays_behind(table, record))
			continue;
		add_row(copying->sha, table, rows.ids[i], record);
		copying->rows++;
		if (copying->to)
			code = store_tx_ops(copying->to)
				       ->load(copying->to, table, record, rows.ids[i], err);
	}
	*more = code == SL_OK && rows.len == PAGE;
	return code;
}

enum sl_code store_copy_table(struct tx *from, struct tx *to, const struct table *table,
	struct amount *out, struct sl_error *err)
{
	sl_auto(sl_sha256_free_p) struct sl_sha256 *sha = sl_sha256_new();
	struct copying copying = { .from = from, .to = to, .table = table, .sha = sha };
	bool more = true;
	enum sl_code code = SL_OK;

	while (code == SL_OK && more)
		code = copy_page(&copying, &more, err);
	if (code == SL_OK && to)
		code = store_tx_ops(to)->loaded(to, table, err);
	if (code == SL_OK) {
		out->rows = copying.rows;
		sl_sha256_end_hex(sha, out->sha256);
	}
	return code;
}

/* --- what a backup says of itself ------------------------------------------------------------- */

static const char *key_of(struct sl_arena *arena, const struct table *table)
{
	return sl_arena_printf(arena, RECORD "%s", table->name);
}

/* "12 9f86d0…" */
enum sl_code store_copy_record(struct tx *tx, const struct table *table,
	const struct amount *amount, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct meta_row fact = { key_of(arena, table),
		sl_arena_printf(arena, "%" PRIu64 " %s", amount->rows, amount->sha256) };
	int64_t id = 0;

	return store_tx_ops(tx)->insert(tx, &store_meta_table, &fact, &id, err);
}

static bool read_record(const char *text, struct sl_arena *arena, struct amount *out)
{
	size_t len = strcspn(text, " ");
	int64_t rows = 0;

	if (len > RECORD_WORDS || text[len] != ' ' || strlen(text + len + 1) != SL_SHA256_HEX - 1 ||
		!sl_parse_i64(sl_arena_strndup(arena, text, len), 0, ROWS_MAX, &rows))
		return false;
	out->rows = (uint64_t)rows;
	memcpy(out->sha256, text + len + 1, SL_SHA256_HEX);
	return true;
}

enum sl_code store_copy_recorded(struct tx *tx, const struct table *table, struct amount *out,
	bool *recorded, struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct query query = { .table = &store_meta_table,
		.filters = { { .column = "key", .text = key_of(arena, table) } } };
	void *row = NULL;
	enum sl_code code = store_tx_first(tx, &query, arena, &row, err);

	*recorded = row != NULL;
	if (code == SL_OK && row && !read_record(((const struct meta_row *)row)->value, arena, out))
		code = sl_error_set(err, SL_EINVAL, "what it says of table %s cannot be read",
			table->name);
	return code;
}
