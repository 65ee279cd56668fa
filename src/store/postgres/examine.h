/* A store on a server, looked at without making it. */
#ifndef STORE_POSTGRES_EXAMINE_H
#define STORE_POSTGRES_EXAMINE_H

#include "sluice/store/examine.h"

enum sl_code store_pg_examine(const struct sl_store_options *options, struct sl_store_facts *out,
	struct sl_error *err) __attribute__((warn_unused_result));

#endif
