/*
 * format: a report in the forms in which people and programs read it.  Each appends to a bounded
 * buffer; what is foreign (names, paths, SQL) is escaped for the form.
 */
#ifndef SLUICE_REVIEW_FORMAT_H
#define SLUICE_REVIEW_FORMAT_H

#include "sluice/core/buf.h"
#include "sluice/core/json.h"
#include "sluice/review/review.h"

#include <stdbool.h>

/* The object of product contract 4.1; a new reference. */
json_t *sl_report_json(const struct sl_report *report) __attribute__((warn_unused_result));

/* For a terminal: each finding with its line of source, then one line that counts. */
void sl_report_text(const struct sl_report *report, bool color, struct sl_buf *out);

/* For `remote:` lines of a push: at most 100 columns, no colour, at most `lines` findings. */
void sl_report_hook(const struct sl_report *report, unsigned lines, struct sl_buf *out);

/* What surrounds the findings in a merge request's comment; "" leaves a part out. */
struct sl_report_frame {
	int64_t change; /* in the hidden marker; 0: none */
	const char *head, *base; /* "9f3c1e2", "main@41ab9c0" */
	const char *against; /* "the schemas of dev, staging and prod (snapshot 09:12)" */
	const char *url; /* of the server, for links to rules and the report */
	bool observed; /* errors block nothing: the environment is only observed */
};

/* Product contract 4.4, as far as the report has the data. */
void sl_report_markdown(const struct sl_report *report, const struct sl_report_frame *frame,
	struct sl_buf *out);

/* For continuous integration, each in the words of its own format; accepted findings are left out,
 * except in SARIF, which has a place for them.  References are new. */
void sl_report_github(const struct sl_report *report, struct sl_buf *out); /* workflow commands */
void sl_report_junit(const struct sl_report *report, struct sl_buf *out);
json_t *sl_report_codequality(const struct sl_report *report) /* of GitLab */
	__attribute__((warn_unused_result));
json_t *sl_report_sarif(const struct sl_report *report, const char *version) /* the program's */
	__attribute__((warn_unused_result));

/* "1 error, 2 warnings in 2 migrations", "nothing to object to in 2 migrations". */
void sl_report_verdict(const struct sl_report *report, struct sl_buf *out);

#endif
