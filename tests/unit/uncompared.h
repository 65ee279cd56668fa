/* What an oracle did not compare, told compactly: each kind of statement with its reason, counted.
 */
#ifndef TESTS_UNCOMPARED_H
#define TESTS_UNCOMPARED_H

#include "sluice/core/buf.h"
#include "sluice/core/map.h"

#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define UNCOMPARED_WORDS 1

static inline void uncompared_add(struct sl_map *map, const char *sql, size_t len, const char *why)
{
	sl_auto_buf struct sl_buf key = SL_BUF_INIT(1000);
	size_t words = 0;
	size_t n = 0;
	void *seen;

	while (n < len && n < 60 && words < UNCOMPARED_WORDS)
		words += sql[n++] == ' ';
	sl_buf_add(&key, sql, n);
	sl_buf_addf(&key, "... %.*s", (int)strcspn(why, ":\""), why);
	seen = sl_map_get(map, sl_buf_str(&key));
	(void)sl_map_put(map, sl_buf_str(&key), (void *)((uintptr_t)seen + 1));
}

static inline void uncompared_print(struct sl_map *map, const char *what)
{
	print_message("%s: %zu kinds\n", what, sl_map_len(map));
	for (size_t i = 0; i < sl_map_len(map); i++) {
		const void *seen = sl_map_value_at(map, i);

		print_message("  %zu x %s\n", (size_t)(uintptr_t)seen, sl_map_key_at(map, i));
	}
	sl_map_free(map);
}

#endif
