/* The store's numbered migrations, from schemas/store/: the n-th makes version n.  They go forward
 * only and are never edited once released.  One set for every backend that speaks SQL: written for
 * SQLite, in words that postgres/schema.c translates. */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

/* How many this build has. */
int store_migrations(void);

/* The text of the one that makes this version; from 1. */
const char *store_migration(int version) __attribute__((returns_nonnull));

/* The text of the file of that base name, or NULL: embedded by the build. */
const char *store_schema_file(const char *name);

#endif
