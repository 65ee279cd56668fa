/* raw_parse FILE TIMES: parses the whole text that often with libpg_query and does nothing with the
 * trees: the least that any review of PostgreSQL's SQL has to do. */
/* clang-format off: PostgreSQL's headers want this order */
#include <pg_query.h>
#undef PG_MAJORVERSION
#undef PG_VERSION
#undef PG_VERSION_NUM
#include <pg_query_internal.h>
#include <postgres.h>
/* clang-format on */

#undef fprintf

#include "sluice/core/alloc.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX ((size_t)64 << 20)

int main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
	char *text = sl_xcalloc(1, TEXT_MAX + 1);
	unsigned long times = file ? strtoul(argv[2], NULL, 10) : 0;

	if (!file || fread(text, 1, TEXT_MAX, file) == 0)
		return EXIT_FAILURE;
	(void)fclose(file);
	for (unsigned long i = 0; i < times; i++) {
		MemoryContext context = pg_query_enter_memory_context();
		PgQueryInternalParsetreeAndError result = pg_query_raw_parse(text);

		if (result.error || !result.tree)
			return EXIT_FAILURE;
		free(result.stderr_buffer);
		pg_query_exit_memory_context(context);
	}
	free(text);
	return EXIT_SUCCESS;
}
