/*
 * The backend of several replicas: a schema `sluice_store` in a PostgreSQL database, reached over a
 * pool of sessions.  Writers of all replicas go side by side; locks on rows keep them apart.  One
 * session more listens to what the others commit, and says by a shared lock that the store is
 * served.
 */
#ifndef STORE_POSTGRES_POSTGRES_H
#define STORE_POSTGRES_POSTGRES_H

#include "backend.h"

enum sl_code store_postgres_backend_open(struct backend **out, const struct backend_place *place,
	struct sl_error *err) __attribute__((warn_unused_result));

#endif
