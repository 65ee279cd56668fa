#include "review_live.h"

#include "target.h"

#include "sluice/apply/elsewhere.h"
#include "sluice/core/str.h"

#include <string.h>

bool review_is_url(const char *text)
{
	return sl_str_starts(text, "sqlite:") || strstr(text, "://") != NULL;
}

enum sl_code review_live_read(struct review_live *out, struct sl_cli *cli, const char *url,
	const struct sl_catalog **catalog, struct sl_error *err)
{
	const char *scope = sl_cli_value(cli, "ledger");
	enum sl_code code = sl_cli_target(&out->spec, cli, url, err);

	if (code != SL_OK)
		return sl_error_wrap(err, SL_EINVAL, "--schema");
	out->scope = scope ? scope : "default";
	code = sl_apply_live(&out->spec, catalog, &out->ledger, sl_cli_arena(cli), err);
	return code == SL_OK ? SL_OK : sl_cli_target_failed(err, code, &out->spec);
}

/* What the ledger has of it, in part too; NULL nothing. */
static const struct sl_ledger_migration *row_of(const struct review_live *live,
	enum sl_migration_kind kind, const char *key)
{
	for (size_t i = 0; i < live->ledger.migrations_len; i++) {
		const struct sl_ledger_migration *row = &live->ledger.migrations[i];

		if (row->kind == kind && sl_str_eq(row->key, key) &&
			sl_str_eq(row->scope, live->scope))
			return row;
	}
	return NULL;
}

static bool has_rows(const struct review_live *live)
{
	bool any = false;

	for (size_t i = 0; i < live->ledger.migrations_len; i++)
		any = any || sl_str_eq(live->ledger.migrations[i].scope, live->scope);
	return any;
}

static bool is_in_memory(const struct sl_migration_set *set)
{
	bool all = true;

	for (size_t i = 0; i < set->len; i++)
		all = all && set->at[i].sql;
	return all;
}

/* The history of another tool.  files NULL: it says nothing about the batch. */
static enum sl_code read_history(struct sl_elsewhere *out, const struct review_live *live,
	struct sl_cli *cli, const struct batch *batch, struct sl_error *err)
{
	enum sl_code code;

	*out = (struct sl_elsewhere){ .tool = "" };
	if (!is_in_memory(&batch->input.set)) {
		sl_cli_note(cli,
			"a file is too large to be compared with another tool's history: only what "
			"the ledger of %s has is taken as applied",
			live->spec.url.text);
		return SL_OK;
	}
	code = sl_apply_elsewhere(&live->spec, &batch->input.set,
		sl_layout_kind_name(batch->layout.kind), out, sl_cli_arena(cli), err);
	if (code != SL_OK)
		return code;
	if (out->trouble[0] != '\0')
		sl_cli_note(cli, "%s: %s", live->spec.url.text, out->trouble);
	if (out->tool[0] == '\0' || out->trouble[0] != '\0')
		out->files = NULL;
	return SL_OK;
}

/* Where neither a ledger nor a history says what ran, all that came before is taken as applied,
 * unless there is nothing. */
static void take_parts(const struct review_live *live, struct sl_arena *arena,
	const struct sl_elsewhere *history, struct sl_review_input *input)
{
	enum sl_review_part *parts = sl_arena_calloc(arena, input->set.len + 1, sizeof(*parts));
	const bool is_told = has_rows(live) || history->files || sl_catalog_empty(input->base);

	for (size_t i = 0; i < input->set.len; i++) {
		const struct sl_migration *m = &input->set.at[i];
		const struct sl_ledger_migration *row = row_of(live, m->kind, m->key);
		const bool settled = row && row->state != SL_LEDGER_PARTIAL;
		const bool applied = row ?
			settled && sl_str_eq(row->sha256, m->sha256) :
			history->files && history->files[i].state == SL_ELSEWHERE_APPLIED;

		parts[i] = input->parts ? input->parts[i] : SL_REVIEW_NEW;
		if (applied || (parts[i] == SL_REVIEW_EARLIER && (settled || !is_told)))
			parts[i] = SL_REVIEW_APPLIED;
	}
	input->parts = parts;
}

static void take_known(const struct review_live *live, struct sl_arena *arena,
	struct sl_review_input *input)
{
	const char *where = sl_arena_printf(arena, "applied on %s", live->spec.url.text);
	struct sl_review_known *known = sl_arena_calloc(arena,
		input->known_count + live->ledger.migrations_len + 1, sizeof(*known));
	size_t len = 0;

	for (size_t i = 0; i < input->known_count; i++)
		known[len++] = input->known[i];
	for (size_t i = 0; i < live->ledger.migrations_len; i++) {
		const struct sl_ledger_migration *row = &live->ledger.migrations[i];

		if (row->state != SL_LEDGER_PARTIAL && sl_str_eq(row->scope, live->scope))
			known[len++] = (struct sl_review_known){ row->kind, row->key, row->sha256,
				where };
	}
	input->known = known;
	input->known_count = len;
}

static void take_gone(const struct review_live *live, struct sl_arena *arena,
	struct sl_review_input *input)
{
	struct sl_review_gone *gone = sl_arena_calloc(arena, input->gone_count + 1, sizeof(*gone));

	for (size_t i = 0; i < input->gone_count; i++) {
		const struct sl_ledger_migration *row = row_of(live, input->gone[i].kind,
			input->gone[i].key);

		gone[i] = input->gone[i];
		if (row)
			gone[i].where = sl_arena_printf(arena, "applied %son %s",
				row->state == SL_LEDGER_PARTIAL ? "in part " : "",
				live->spec.url.text);
	}
	input->gone = gone;
}

static void tell_applied(const struct review_live *live, struct sl_cli *cli,
	const struct sl_review_input *was, const struct sl_review_input *is)
{
	size_t n = 0;

	for (size_t i = 0; i < is->set.len; i++)
		n += is->parts[i] == SL_REVIEW_APPLIED &&
			(!was->parts || was->parts[i] == SL_REVIEW_NEW);
	if (n > 0)
		sl_cli_note(cli, "%zu migration%s %s applied on %s already, and not reviewed", n,
			n == 1 ? "" : "s", n == 1 ? "is" : "are", live->spec.url.text);
}

enum sl_code review_live_place(const struct review_live *live, struct sl_cli *cli,
	const struct batch *batch, struct sl_review_input *input, struct sl_error *err)
{
	struct sl_arena *arena = sl_cli_arena(cli);
	struct sl_elsewhere history;
	enum sl_code code = read_history(&history, live, cli, batch, err);

	if (code != SL_OK)
		return code;
	take_parts(live, arena, &history, input);
	take_known(live, arena, input);
	take_gone(live, arena, input);
	tell_applied(live, cli, &batch->input, input);
	return SL_OK;
}
