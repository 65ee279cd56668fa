/* snapshot FILE TIMES: reads a snapshot's document that often, as a review with --schema does once.
 */
#include "sluice/schema/snapshot.h"

#include "sluice/core/alloc.h"
#include "sluice/schema/catalog.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX ((size_t)64 << 20)

int main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
	sl_autofree char *text = sl_xcalloc(1, TEXT_MAX);
	struct sl_error err = SL_ERROR_INIT;
	size_t len;

	if (!file)
		return EXIT_FAILURE;
	len = fread(text, 1, TEXT_MAX, file);
	(void)fclose(file);
	for (unsigned long i = strtoul(argv[2], NULL, 10); i > 0; i--) {
		const struct sl_catalog *catalog;

		if (sl_snapshot_load(&catalog, text, len, NULL, &err) != SL_OK) {
			(void)fprintf(stderr, "%s\n", err.msg);
			return EXIT_FAILURE;
		}
		sl_catalog_unref(catalog);
	}
	return EXIT_SUCCESS;
}
