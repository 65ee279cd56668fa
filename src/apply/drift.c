#include "apply_int.h"

#include "sluice/core/str.h"
#include "sluice/schema/diff.h"
#include "sluice/schema/snapshot.h"

#define SUMMARY_MAX 300

static enum sl_code expected_hash(struct run *run, const char **out, struct sl_error *err)
{
	*out = run->request->expected;
	if (*out)
		return SL_OK;
	*out = "";
	return apply_ledger_left(&run->ledger, out, err);
}

/* The structure that is meant to be there; NULL where it is not at hand. */
static enum sl_code find_meant(struct run *run, const struct sl_catalog **out, struct sl_error *err)
{
	const struct sl_apply_journal *journal = run->request->journal;
	struct sl_ledger ledger;
	enum sl_code code;

	if (!run->request->expected || !journal || !journal->meant)
		return SL_OK;
	code = apply_ledger_runs(&run->ledger, &ledger, err);
	if (code == SL_OK)
		code = journal->meant(journal->ctx, &ledger, run->result->before, out, err);
	return code == SL_ENOTFOUND ? SL_OK : code;
}

/* How it differs, as far as the one that is meant to be there is at hand; "" when it does not. */
static enum sl_code difference(struct run *run, const char **out, struct sl_error *err)
{
	const struct sl_catalog *meant sl_auto(sl_catalog_unref_p) = NULL;
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(SUMMARY_MAX);
	struct sl_diff diff;
	enum sl_code code = find_meant(run, &meant, err);

	*out = "it is not as the last run left it";
	if (code != SL_OK || !meant)
		return code;
	sl_diff_make(&diff, run->arena, meant, run->result->before);
	if (!diff.same)
		sl_diff_summary(&diff, &text);
	*out = sl_arena_strdup(run->arena, sl_buf_str(&text));
	return SL_OK;
}

enum sl_code apply_check_drift(struct run *run)
{
	struct sl_apply_result *result = run->result;
	struct sl_error cause = SL_ERROR_INIT;
	const char *expected = "";
	enum sl_code code;

	if (run->began || !result->before)
		return SL_OK;
	code = expected_hash(run, &expected, &cause);
	if (code == SL_OK && (expected[0] == '\0' || sl_snapshot_is(result->before, expected)))
		return SL_OK;
	if (code == SL_OK)
		code = difference(run, &result->drift, &cause);
	if (code != SL_OK) {
		result->drift = "";
		return apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s", cause.msg);
	}
	if (result->drift[0] == '\0')
		return SL_OK;
	if (run->request->hold_drift)
		return apply_fail(run, SL_OUTCOME_BLOCKED, SL_ECONFLICT,
			"its schema has drifted (%s): undo that, or accept it with `sluice drift "
			"accept %s`",
			result->drift, run->name);
	apply_notice(run, "the schema had drifted before the run: %s", result->drift);
	return SL_OK;
}
