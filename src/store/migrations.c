#include "migrations.h"

#include <assert.h>

static const char *const files[] = {
	"0001_initial.sql",
	"0002_drift.sql",
	"0003_lease.sql",
	"0004_elsewhere.sql",
	"0005_busy.sql",
	"0006_drift_runs.sql",
};

int store_migrations(void)
{
	return (int)(sizeof(files) / sizeof(files[0]));
}

const char *store_migration(int version)
{
	const char *text = store_schema_file(files[version - 1]);

	assert(text);
	return text;
}
