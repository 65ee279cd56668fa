/* A file by itself that is never in memory as a whole. */
#include "layout_int.h"

#include "sluice/core/alloc.h"
#include "sluice/core/hash.h"
#include "sluice/core/utf8.h"

#include <stdlib.h>
#include <string.h>

/* The head, which is kept, decides what the tools' first lines say. */
#define PIECE ((size_t)64 << 10)

/* Bytes of the longest code point. */
#define POINT 4

struct sl_layout_scan {
	struct sl_sha256 *sha;
	struct text_faults faults;
	size_t total;
	unsigned line; /* that of the first byte of the piece */
	size_t head_len;
	size_t cut; /* bytes at the piece's begin that were in the one before: of a code point */
	char head[PIECE];
	char piece[PIECE + POINT];
};

struct sl_layout_scan *sl_layout_scan_new(void)
{
	struct sl_layout_scan *scan = sl_xcalloc(1, sizeof(*scan));

	scan->sha = sl_sha256_new();
	scan->line = 1;
	return scan;
}

void sl_layout_scan_free(struct sl_layout_scan *scan)
{
	if (!scan)
		return;
	sl_sha256_free(scan->sha);
	free(scan);
}

char *sl_layout_scan_room(struct sl_layout_scan *scan, size_t *room)
{
	*room = PIECE;
	return scan->piece + scan->cut;
}

static void keep_head(struct sl_layout_scan *scan, const char *at, size_t len)
{
	size_t room = PIECE - scan->head_len;

	memcpy(scan->head + scan->head_len, at, len < room ? len : room);
	scan->head_len += len < room ? len : room;
}

static unsigned lines_in(const char *at, size_t len)
{
	unsigned lines = 0;

	for (const char *end = at + len; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
		lines++;
	return lines;
}

static void look_for_nul(struct sl_layout_scan *scan, const char *at, size_t len)
{
	const char *nul = scan->faults.nul_line == 0 ? memchr(at, '\0', len) : NULL;

	if (nul)
		scan->faults.nul_line = scan->line + lines_in(at, (size_t)(nul - at));
}

/* What begins a code point at the end waits for the rest of it. */
static size_t valid_of(struct sl_layout_scan *scan, const char *at, size_t len, bool last)
{
	size_t valid = sl_utf8_valid_prefix(at, len);

	if (valid == len || (!last && len - valid < POINT))
		return valid;
	if (scan->faults.invalid_line == 0)
		scan->faults.invalid_line = scan->line + lines_in(at, valid);
	return len;
}

void sl_layout_scan_took(struct sl_layout_scan *scan, size_t len)
{
	size_t all = scan->cut + len;
	size_t done;

	sl_sha256_add(scan->sha, scan->piece + scan->cut, len);
	keep_head(scan, scan->piece + scan->cut, len);
	scan->total += len;
	look_for_nul(scan, scan->piece, all);
	done = valid_of(scan, scan->piece, all, false);
	scan->line += lines_in(scan->piece, done);
	scan->cut = all - done;
	memmove(scan->piece, scan->piece + done, scan->cut);
}

static void scanned_add(struct reader *r, const char *path, const struct name *name,
	struct sl_layout_scan *scan)
{
	struct text head = { scan->head, scan->head_len };
	const struct sl_layout_file file = { path, scan->head, scan->head_len };
	const struct entry entry = { .file = &file, .path = path, .inner = path };
	char *sha256 = sl_arena_alloc(r->arena, SL_SHA256_HEX);
	struct section section;

	(void)valid_of(scan, scan->piece, scan->cut, true);
	scan->faults.utf16 = text_is_utf16(&head);
	head = text_behind_mark(head);
	sl_sha256_end_hex(scan->sha, sha256);
	if (!text_is_clean(r, path, &scan->faults) || !section_read(&section, r, &entry, &head))
		return;
	section.up = NULL;
	section.up_len += scan->total - scan->head_len;
	section_add(r, path, name, &section, sha256);
}

bool sl_layout_scan_end(struct sl_layout *out, struct sl_arena *arena, enum sl_dialect dialect,
	const char *path, struct sl_layout_scan *scan)
{
	const struct sl_layout_file head = { path, scan->head, scan->head_len };
	const struct text text = text_behind_mark((struct text){ scan->head, scan->head_len });
	struct reader r = {
		.arena = arena,
		.kind = kind_of_sections(&head),
		.dialect = dialect,
		.engine = SL_DIALECT_COUNT,
		.any_size = true,
	};
	struct name name;

	if (r.kind != SL_LAYOUT_AUTO || !text_has_statement(text.at, text.len, dialect))
		return false;
	if (single_name_read(&name, &r, path))
		scanned_add(&r, path, &name, scan);
	single_end(out, &r);
	return true;
}
