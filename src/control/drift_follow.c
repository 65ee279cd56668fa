/* Runs of `sluice migrate` since a target was compared last. */
#include "drift.h"

#include "sluice/core/str.h"
#include "sluice/schema/snapshot.h"

#include <limits.h>

struct following {
	struct sl_control *control;
	const char *at; /* hash of the structure to which the runs have led so far */
	int format; /* the oldest in which a link of the chain was seen */
};

/* Whether the hash is the structure's in some format, which the chain then rests on. */
static bool is_shown(struct following *f, const struct sl_catalog *catalog, const char *hash)
{
	const int format = sl_snapshot_format(catalog, hash);

	if (format != 0 && format < f->format)
		f->format = format;
	return format != 0;
}

/* Whether the snapshot of one hash is in the store, and would have the other in some format. */
static enum sl_code has_both(struct following *f, const char *kept, const char *hash, bool *out,
	struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = NULL;
	enum sl_code code = sl_control_load_snapshot(f->control, kept, &catalog, err);

	*out = code == SL_OK && is_shown(f, catalog, hash);
	return code == SL_ENOTFOUND ? SL_OK : code;
}

/* Whether a run that found before found what is there so far.  The run may have been an older or a
 * newer program's, which takes another hash of the same structure. */
static enum sl_code continues(struct following *f, const char *before, bool *out,
	struct sl_error *err)
{
	enum sl_code code;

	*out = sl_str_eq(before, f->at);
	if (*out || before[0] == '\0')
		return SL_OK;
	code = has_both(f, f->at, before, out, err);
	return code == SL_OK && !*out ? has_both(f, before, f->at, out, err) : code;
}

/* What differs from the base and a link of the chain could not show may be somebody's else. */
static enum sl_code is_proved(struct following *f, const char *base, const struct sl_catalog *live,
	bool *out, struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *was = NULL;
	enum sl_code code = sl_control_load_snapshot(f->control, base, &was, err);

	*out = code == SL_ENOTFOUND || (code == SL_OK && !sl_snapshot_hides(was, live, f->format));
	return code == SL_ENOTFOUND ? SL_OK : code;
}

enum sl_code sl_drift_follow(struct sl_control *control, const struct sl_drift_record *row,
	const struct sl_ledger *ledger, const struct sl_catalog *live,
	const struct sl_ledger_run **last, struct sl_error *err)
{
	struct following f = { control, row->base, INT_MAX };
	bool goes_on = false;
	enum sl_code code = SL_OK;

	*last = NULL;
	for (size_t i = ledger->runs_len; code == SL_OK && i > 0; i--) {
		const struct sl_ledger_run *run = &ledger->runs[i - 1];

		if (run->installation[0] != '\0' || run->ended_at <= row->based_at ||
			run->after[0] == '\0')
			continue;
		code = continues(&f, run->before, &goes_on, err);
		if (code == SL_OK && goes_on) {
			f.at = run->after;
			*last = run;
		}
	}
	goes_on = *last && is_shown(&f, live, f.at);
	if (code == SL_OK && goes_on)
		code = is_proved(&f, row->base, live, &goes_on, err);
	if (code != SL_OK || !goes_on)
		*last = NULL;
	return code;
}
