/* `sluice migrate --adopt`: another tool's history in a database becomes the ledger's. */
#ifndef SLUICE_CLI_ADOPT_H
#define SLUICE_CLI_ADOPT_H

#include "migrate_report.h"

/* Shows for each database what is recorded, and records it unless it is a dry run.  The error is
 * the first database's that has one; the others are gone through all the same. */
enum sl_code sl_cli_adopt(struct sl_cli *cli, const struct migrations *all, struct sl_error *err)
	__attribute__((warn_unused_result));

/* The files of an adoption to be, or what forbids it. */
void sl_cli_adoption_show(struct sl_cli *cli, const char *url, const struct sl_adoption *adoption);

#endif
