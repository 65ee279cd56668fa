/* `sluice review --schema URL`: what a database has and what was applied there, read once and never
 * written to. */
#ifndef SLUICE_CLI_REVIEW_LIVE_H
#define SLUICE_CLI_REVIEW_LIVE_H

#include "review_batch.h"

#include "sluice/apply.h"
#include "sluice/cli.h"

struct review_live {
	struct sl_conn_spec spec;
	struct sl_ledger ledger; /* all scopes */
	const char *scope; /* that counts */
};

bool review_is_url(const char *text);

/* *catalog: a reference.  What is wrong with the URL is SL_EINVAL, everything else the database's.
 */
enum sl_code review_live_read(struct review_live *out, struct sl_cli *cli, const char *url,
	const struct sl_catalog **catalog, struct sl_error *err)
	__attribute__((warn_unused_result));

/* Of the batch, what the database has applied is in its schema already; its parts, what is known of
 * them and what is gone say so from then on. */
enum sl_code review_live_place(const struct review_live *live, struct sl_cli *cli,
	const struct batch *batch, struct sl_review_input *input, struct sl_error *err)
	__attribute__((warn_unused_result));

#endif
