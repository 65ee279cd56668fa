/* connect FILE THREADS: each line names a database, a conninfo string of libpq or sqlite:PATH; so
 * many threads connect to each, ask one query and leave: the least that a look at many databases
 * costs. */
#include "sluice/core/alloc.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX   10000
#define THREADS_MAX 64

static char *names[LINES_MAX];
static size_t n_names;
static atomic_size_t next_name;
static atomic_bool failed;

static bool ask_postgres(const char *name)
{
	PGconn *conn = PQconnectdb(name);
	PGresult *result = PQexec(conn, "SELECT 1");
	bool good = PQresultStatus(result) == PGRES_TUPLES_OK;

	if (!good)
		(void)fprintf(stderr, "%s", PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
	return good;
}

static bool ask_sqlite(const char *path)
{
	sqlite3 *db = NULL;
	bool good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
		sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) ==
			SQLITE_OK;

	(void)sqlite3_close(db);
	return good;
}

static void *work(void *ctx)
{
	size_t i;

	(void)ctx;
	while ((i = atomic_fetch_add(&next_name, 1)) < n_names) {
		bool good = strncmp(names[i], "sqlite:", 7) == 0 ? ask_sqlite(names[i] + 7) :
								   ask_postgres(names[i]);

		if (!good)
			atomic_store(&failed, true);
	}
	return NULL;
}

static bool read_names(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[4096];

	while (file && n_names < LINES_MAX && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		names[n_names++] = sl_xstrdup(line);
	}
	return file && fclose(file) == 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	size_t n = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	if (n == 0 || n > THREADS_MAX || !read_names(argv[1]))
		return EXIT_FAILURE;
	for (size_t i = 0; i < n; i++) {
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return EXIT_FAILURE;
	}
	for (size_t i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	for (size_t i = 0; i < n_names; i++)
		free(names[i]);
	return atomic_load(&failed) ? EXIT_FAILURE : EXIT_SUCCESS;
}
