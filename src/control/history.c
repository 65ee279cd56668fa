#include "history.h"
#include "project_int.h"

#include "sluice/core/log.h"
#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"

bool sl_history_counts(const struct sl_ledger *ledger, const char *scope)
{
	bool any = false;

	for (size_t i = 0; i < ledger->migrations_len; i++) {
		if (!sl_str_eq(ledger->migrations[i].scope, scope))
			continue;
		if (ledger->migrations[i].state == SL_LEDGER_ADOPTED)
			return true;
		any = true;
	}
	return !any;
}

enum sl_code sl_history_take(const struct history_case *kase, struct sl_adoption *out,
	struct sl_error *err)
{
	const struct folder *folder = kase->folder;
	const struct ledger_place place = { kase->world, kase->arena, kase->target,
		folder->entry->ledger };
	const struct sl_adopt_wish wish = { .set = &folder->layout.set,
		.layout = sl_layout_kind_name(folder->layout.kind),
		.dry_run = kase->dry_run };
	struct sl_apply_word word;
	struct sl_conn_spec spec;
	enum sl_code code = sl_layout_check(&folder->layout, err);

	*out = (struct sl_adoption){ .tool = "", .table = "" };
	if (code != SL_OK)
		return sl_error_wrap(err, code, "%s", folder->entry->path);
	code = sl_control_target_word(kase->control, &place, &spec, &word, err);
	if (code != SL_OK)
		return code;
	word.actor = kase->actor;
	word.reason = kase->reason;
	code = sl_apply_adopt_history(&word, &wish, out, kase->arena, err);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "target %s", kase->target);
}

/* --- because the configuration says so ------------------------------------------------------ */

static void remember(struct pass *pass, const char *target, const struct sl_adoption *adoption)
{
	sl_auto(sl_batch_free_p) struct sl_batch *batch = sl_batch_new();
	const char *text = sl_arena_printf(pass->arena,
		"%s: %zu %s of the history of %s (%s) adopted, as the configuration says", target,
		adoption->records_len, adoption->records_len == 1 ? "file" : "files",
		adoption->tool, adoption->table);
	struct sl_error err = SL_ERROR_INIT;

	sl_batch_audit(batch,
		&(struct sl_audit){ .at = sl_control_now(pass->control),
			.by = "sluice",
			.via = "config",
			.action = "target.adopt",
			.object = sl_arena_printf(pass->arena, "target %s", target),
			.detail = text });
	sl_control_tell(pass->control, pass->world, batch,
		&(struct telling){ .kind = "target.adopted",
			.environment = "",
			.target = target,
			.by = "sluice",
			.text = text });
	if (sl_store_commit(pass->control->doors.store, batch, &err) != SL_OK)
		sl_log(SL_LOG_WARNING, "history.event_lost", "target", target, "error", err.msg,
			NULL);
}

static bool may_have_history(struct pass *pass, const struct folder *folder, const char *target)
{
	struct observation *seen = sl_observation_get(pass->control, target);
	bool may = seen && !seen->trouble &&
		sl_history_counts(&seen->ledger, folder->entry->ledger);

	sl_observation_unref(pass->control, seen);
	return may;
}

static void adopt(struct pass *pass, const struct folder *folder, const char *target)
{
	const struct history_case kase = { .control = pass->control,
		.world = pass->world,
		.arena = pass->arena,
		.folder = folder,
		.target = target,
		.actor = "sluice",
		.reason = "history: adopt" };
	struct sl_error err = SL_ERROR_INIT;
	struct sl_adoption adoption;
	enum sl_code code = sl_history_take(&kase, &adoption, &err);

	if (code == SL_OK && adoption.records_len > 0) {
		remember(pass, target, &adoption);
		(void)sl_control_observe(pass->control, target, pass->cancel, NULL);
	} else if (code != SL_OK && code != SL_ENOTFOUND) {
		/* what stays pending there is refused with the same words */
		sl_log(SL_LOG_WARNING, "history.refused", "target", target, "error", err.msg, NULL);
	}
}

void sl_project_histories(struct pass *pass)
{
	for (size_t i = 0; i < pass->main.len; i++) {
		const struct folder *folder = &pass->main.at[i];
		struct target_list targets = { 0 };

		if (!folder->entry->adopts_history ||
			sl_entry_targets(&targets, pass->arena, pass->world, folder->entry, NULL) !=
				SL_OK)
			continue;
		for (size_t k = 0; k < targets.len; k++) {
			const struct sl_target *target = &pass->world->workspace
								  ->targets[targets.at[k]];

			/* below apply nothing is written to a target */
			if (target->dialect == folder->dialect &&
				sl_project_mode(pass->world->workspace, pass->project,
					target->environment) == SL_MODE_APPLY &&
				may_have_history(pass, folder, target->name))
				adopt(pass, folder, target->name);
		}
	}
}
