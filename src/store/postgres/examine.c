#include "postgres/examine.h"

#include "postgres/link.h"
#include "postgres/schema.h"

#include "sluice/core/alloc.h"

#include <stdlib.h>

enum sl_code store_pg_examine(const struct sl_store_options *options, struct sl_store_facts *out,
	struct sl_error *err)
{
	bool secret = options->password && options->password[0] != '\0';
	sl_autofree char *url = sl_xstrdup(options->url);
	sl_autofree char *password = secret ? sl_xstrdup(options->password) : NULL;
	sl_autofree char *shown = sl_xasprintf("store %s", options->url);
	const struct link_place place = { .url = url,
		.password = password,
		.shown = shown,
		.clock = options->clock };
	sl_auto(store_link_free_p) struct link *link = NULL;
	int64_t version = -1, may = 0;
	enum sl_code code = store_link_open(&link, &place, err);

	if (code == SL_OK)
		code = store_pg_schema_version(link, &version, err);
	if (code == SL_OK && version < 0)
		code = store_link_number(link,
			"SELECT has_database_privilege(current_database(), 'CREATE')::int", 0, &may,
			err);
	out->ours = true;
	out->exists = version >= 0;
	out->version = version >= 0 ? (int)version : 0;
	out->may_be_made = may != 0;
	return code;
}
