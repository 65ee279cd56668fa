/* A folder of one file: the first byte chooses the layout, the first line is the name. */
#include "fuzz.h"

#include "sluice/layout.h"

#include <assert.h>
#include <string.h>

/* What is handed out lies inside the file, and every migration can be named in the ledger. */
static void check(const struct sl_layout *layout, const uint8_t *data, size_t size)
{
	const char *begin = (const char *)data;

	for (size_t i = 0; i < layout->set.len; i++) {
		const struct sl_migration *m = &layout->set.at[i];

		assert(m->key && m->key[0] != '\0' && strlen(m->key) <= SL_KEY_LIMIT);
		assert(m->sql >= begin && m->sql + m->sql_len <= begin + size);
		assert(!m->down || (m->down >= begin && m->down + m->down_len <= begin + size));
		assert(m->first_line > 0);
	}
	for (size_t i = 0; i < layout->problem_count; i++)
		assert(layout->problems[i].message[0] != '\0');
}

/* In pieces, the file is what it is as a whole. */
static void scan(struct sl_arena *arena, const struct sl_layout_file *file, size_t most,
	const struct sl_layout *whole)
{
	struct sl_layout_scan *scan = sl_layout_scan_new();
	struct sl_layout layout;
	size_t room, n;

	for (size_t at = 0; at < file->len; at += n) {
		char *to = sl_layout_scan_room(scan, &room);

		n = file->len - at < most ? file->len - at : most;
		n = n < room ? n : room;
		memcpy(to, file->data + at, n);
		sl_layout_scan_took(scan, n);
	}
	if (sl_layout_scan_end(&layout, arena, SL_DIALECT_POSTGRES, file->path, scan)) {
		assert(layout.set.len == whole->set.len);
		assert(layout.problem_count == whole->problem_count);
		for (size_t i = 0; i < layout.problem_count; i++)
			assert(layout.problems[i].line == whole->problems[i].line &&
				strcmp(layout.problems[i].message, whole->problems[i].message) ==
					0);
		for (size_t i = 0; i < layout.set.len; i++)
			assert(layout.set.at[i].sql_len == whole->set.at[i].sql_len &&
				strcmp(layout.set.at[i].sha256, whole->set.at[i].sha256) == 0);
	}
	sl_layout_scan_free(scan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
	struct sl_arena *arena = sl_arena_new();
	struct sl_layout_file file;
	struct sl_layout layout;

	if (end) {
		file.path = sl_arena_strndup(arena, (const char *)data + 1,
			(size_t)(end - data) - 1);
		file.data = (const char *)end + 1;
		file.len = (size_t)(data + size - end) - 1;
		sl_layout_read(&layout, arena,
			(enum sl_layout_kind)(data[0] % SL_LAYOUT_KIND_COUNT),
			(enum sl_dialect)(data[0] / SL_LAYOUT_KIND_COUNT % (SL_DIALECT_COUNT + 1)),
			&file, 1);
		check(&layout, data, size);
		sl_layout_read_single(&layout, arena, SL_DIALECT_POSTGRES, &file);
		check(&layout, data, size);
		scan(arena, &file, 1 + data[0] % 16, &layout);
	}
	sl_arena_free(arena);
	return 0;
}
