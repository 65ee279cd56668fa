#include "sluice/review/format.h"

static void number(struct sl_buf *out, size_t n, const char *word)
{
	sl_buf_addf(out, "%zu %s%s", n, word, n == 1 ? "" : "s");
}

void sl_report_verdict(const struct sl_report *report, struct sl_buf *out)
{
	static const enum sl_severity order[] = { SL_SEVERITY_ERROR, SL_SEVERITY_WARNING,
		SL_SEVERITY_NOTICE };

	bool any = false;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (report->counts[order[i]] == 0)
			continue;
		sl_buf_adds(out, any ? ", " : "");
		number(out, report->counts[order[i]], sl_severity_name(order[i]));
		any = true;
	}
	sl_buf_adds(out, any ? " in " : "nothing to object to in ");
	number(out, report->file_count, "migration");
}
