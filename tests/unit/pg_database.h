/* A fresh database on the PostgreSQL that tests/run started, asked without the program's own code.
 */
#ifndef TESTS_UNIT_PG_DATABASE_H
#define TESTS_UNIT_PG_DATABASE_H

#include "sluice/core/alloc.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/rand.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static inline const char *pg_setting(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		fail_msg("%s is not set: use tests/run, or tests/servers start", name);
	return value;
}

/* Owned by the caller. */
static inline char *pg_url(const char *database)
{
	return sl_xasprintf("postgres://%s@%s:%s/%s", pg_setting("SLUICE_TEST_PG_USER"),
		pg_setting("SLUICE_TEST_PG_HOST"), pg_setting("SLUICE_TEST_PG_PORT"), database);
}

static inline void pg_ignore_notice(void *ctx, const PGresult *result)
{
	(void)ctx;
	(void)result;
}

/* The first value of the answer, owned by the caller; NULL when there is none. */
static inline char *pg_ask(const char *url, const char *sql)
{
	PGconn *pg = PQconnectdb(url);
	PGresult *result;
	char *value = NULL;

	(void)PQsetNoticeReceiver(pg, pg_ignore_notice, NULL);
	result = PQexec(pg, sql);

	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(pg));
	if (PQntuples(result) > 0)
		value = sl_xstrdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	PQfinish(pg);
	return value;
}

static inline void pg_do(const char *url, const char *sql)
{
	free(pg_ask(url, sql));
}

static inline int64_t pg_number(const char *url, const char *sql)
{
	sl_autofree char *text = pg_ask(url, sql);

	return text ? strtoll(text, NULL, 10) : -1;
}

/* The URL of a new database; owned by the caller. */
static inline char *pg_database_new(void)
{
	sl_autofree char *admin = pg_url("postgres");
	sl_autofree char *name = NULL;
	sl_autofree char *sql = NULL;

	name = sl_xasprintf("u_%016" PRIx64, sl_rand_u64(sl_rand_system()));
	sql = sl_xasprintf("CREATE DATABASE %s", name);
	pg_do(admin, sql);
	return pg_url(name);
}

static inline void pg_database_drop(const char *url)
{
	sl_autofree char *admin = pg_url("postgres");
	sl_autofree char *sql = sl_xasprintf("DROP DATABASE %s WITH (FORCE)",
		strrchr(url, '/') + 1);

	pg_do(admin, sql);
}

#endif
