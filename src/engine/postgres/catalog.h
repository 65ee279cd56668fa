/* The queries of catalog/, embedded by the build. */
#ifndef SLUICE_ENGINE_POSTGRES_CATALOG_H
#define SLUICE_ENGINE_POSTGRES_CATALOG_H

/* The text of the file, or NULL when there is none of that name. */
const char *sl_pg_catalog_query(const char *file);

#endif
