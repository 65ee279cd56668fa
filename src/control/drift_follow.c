/* What the target's ledger says of a structure that is not the base: which of it is the work of
 * runs that the record does not account for yet. */
#include "drift.h"

#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/schema/snapshot.h"

#include <limits.h>
#include <string.h>

/* What is tried before the rest stays unexplained. */
#define LINKS_MAX    16 /* the newest */
#define SEARCHES_MAX 6 /* for the links since the last comparison, and for the older ones */

/* Runs each of which found what the one before it left. */
struct link {
	const struct sl_ledger_run *first, *last;
	bool fresh; /* since the target was compared last */
	int format; /* the oldest in which it was seen */
};

struct following {
	struct sl_control *control;
	const struct sl_drift_record *row;
	const struct sl_ledger *ledger;
	const struct sl_catalog *live; /* borrowed */
	/* References; NULL where the store has not got them. */
	const struct sl_catalog *base, *seen; /* as they were */
	const struct sl_catalog *meant, *told; /* the same with the runs' work */
	const char *at; /* the ledger's hash of meant, or the base's */

	struct {
		SL_VEC(struct link);
	} links; /* oldest first */

	bool lost; /* a fresh one is not among them, or explains nothing */
	unsigned searches[2]; /* for older ones, for fresh ones */

	int format; /* the oldest in which a hash was found to be a structure's */
};

/* --- which runs ----------------------------------------------------------------------------- */

static bool is_cut_off(const struct sl_ledger_run *run)
{
	return run->open || sl_str_eq(run->outcome, "interrupted");
}

/* Epochs order the runs of a scope; those of different scopes only the target's clock, by their
 * beginnings where the end of one was not seen. */
static bool is_later(const struct sl_ledger_run *run, const struct sl_ledger_run *than)
{
	if (sl_str_eq(run->scope, than->scope))
		return run->epoch > than->epoch;
	if (is_cut_off(run) || is_cut_off(than))
		return run->started_at > than->started_at;
	return run->ended_at > than->ended_at;
}

const char *sl_drift_newest(const struct sl_ledger *ledger)
{
	const struct sl_ledger_run *newest = NULL;

	for (size_t i = 0; i < ledger->runs_len; i++) {
		const struct sl_ledger_run *run = &ledger->runs[i];

		if (!run->open && (!newest || is_later(run, newest)))
			newest = run;
	}
	return newest ? newest->id : SL_DRIFT_NO_RUN;
}

/* Whether the run came behind the one that a record names.  Where that one is in the ledger no
 * more, nobody knows. */
static bool is_behind(const struct following *f, const struct sl_ledger_run *run, const char *id)
{
	if (id[0] == '\0') /* an earlier version wrote the record */
		return run->ended_at > f->row->based_at;
	if (sl_str_eq(id, SL_DRIFT_NO_RUN))
		return true;
	for (size_t i = 0; i < f->ledger->runs_len; i++)
		if (sl_str_eq(f->ledger->runs[i].id, id))
			return is_later(run, &f->ledger->runs[i]);
	return false;
}

/* One of ours that did not say what it left, and of which the store knows nothing: its mark was
 * lost with an earlier store. */
static enum sl_code has_lost_mark(struct following *f, const struct sl_ledger_run *run, bool *out,
	struct sl_error *err)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct sl_store *store = f->control->doors.store;
	struct sl_run known;
	enum sl_code code;

	*out = false;
	if (sl_str_eq(run->outcome, sl_outcome_name(SL_OUTCOME_FAILED_CLEAN)) ||
		run->before[0] == '\0' || run->after[0] != '\0' ||
		!sl_str_eq(run->installation, sl_store_installation(store)))
		return SL_OK;
	code = sl_store_run(store, run->id, arena, &known, err);
	*out = code == SL_ENOTFOUND;
	return *out ? SL_OK : code;
}

/* Any other one whose end nobody saw does not say what it left: it explains nothing. */
static bool says_its_work(const struct sl_ledger_run *run)
{
	return !run->open && run->before[0] != '\0' && run->after[0] != '\0' &&
		!sl_str_eq(run->before, run->after);
}

/* --- which structures ----------------------------------------------------------------------- */

/* Whether the hash is the structure's in some format, which the link then rests on. */
static bool is_shown(struct following *f, const struct sl_catalog *catalog, const char *hash)
{
	const int format = catalog ? sl_snapshot_format(catalog, hash) : 0;

	if (format != 0 && format < f->format)
		f->format = format;
	return format != 0;
}

static enum sl_code load(struct following *f, const char *hash, const struct sl_catalog **out,
	struct sl_error *err)
{
	enum sl_code code = sl_control_load_snapshot(f->control, hash, out, err);

	return code == SL_ENOTFOUND ? SL_OK : code;
}

/* Whether the snapshot of one hash is in the store, and would have the other in some format. */
static enum sl_code has_both(struct following *f, const char *kept, const char *hash, bool *out,
	struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *catalog = NULL;
	enum sl_code code = load(f, kept, &catalog, err);

	*out = is_shown(f, catalog, hash);
	return code;
}

/* Whether both hashes are of one structure.  The runs may have been an older or a newer program's,
 * which takes another hash of it. */
static enum sl_code is_same(struct following *f, const char *a, const char *b, bool *out,
	struct sl_error *err)
{
	enum sl_code code;

	*out = sl_str_eq(a, b);
	if (*out)
		return SL_OK;
	code = has_both(f, a, b, out, err);
	return code == SL_OK && !*out ? has_both(f, b, a, out, err) : code;
}

/* A mixture of what was and what is there; or NULL. */
static const struct sl_catalog *search(struct following *f, const struct sl_catalog *was,
	const char *hash, bool fresh)
{
	if (!was || f->searches[fresh] == SEARCHES_MAX)
		return NULL;
	f->searches[fresh]++;
	return sl_snapshot_between(was, f->live, hash);
}

/* The structure of a hash: one that is at hand, one that the store has, or a mixture.  *out: a
 * reference, or NULL. */
static enum sl_code find(struct following *f, const char *hash, bool fresh,
	const struct sl_catalog **out, struct sl_error *err)
{
	const struct sl_catalog *const known[] = { f->live, f->base, f->seen };
	enum sl_code code;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (is_shown(f, known[i], hash)) {
			*out = sl_catalog_ref(known[i]);
			return SL_OK;
		}
	}
	code = load(f, hash, out, err);
	if (code == SL_OK && !*out)
		*out = search(f, f->base, hash, fresh);
	if (code == SL_OK && !*out && !sl_str_eq(f->row->base, f->row->live))
		*out = search(f, f->seen, hash, fresh);
	return code;
}

/* --- what they did -------------------------------------------------------------------------- */

static bool is_endless(const struct link *link)
{
	return link->last->after[0] == '\0';
}

static void make_room(struct following *f)
{
	if (f->links.len < LINKS_MAX)
		return;
	f->lost = f->lost || f->links.at[0].fresh;
	f->links.len--;
	memmove(f->links.at, f->links.at + 1, f->links.len * sizeof(*f->links.at));
}

static enum sl_code add_run(struct following *f, const struct sl_ledger_run *run,
	struct sl_error *err)
{
	struct link *link = f->links.len > 0 ? &f->links.at[f->links.len - 1] : NULL;
	const bool fresh = is_behind(f, run, f->row->live_run);
	bool goes_on = false;
	enum sl_code code = SL_OK;

	f->format = link ? link->format : INT_MAX;
	if (link && link->fresh == fresh && is_endless(link))
		goes_on = true; /* what the next one found is what it left */
	else if (link && link->fresh == fresh)
		code = is_same(f, link->last->after, run->before, &goes_on, err);
	if (code != SL_OK)
		return code;
	if (!goes_on) {
		make_room(f);
		link = sl_vec_add(&f->links);
		*link = (struct link){ .first = run, .fresh = fresh };
		f->format = INT_MAX;
	}
	link->last = run;
	link->format = f->format;
	return SL_OK;
}

static enum sl_code find_links(struct following *f, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = f->ledger->runs_len; code == SL_OK && i > 0; i--) {
		const struct sl_ledger_run *run = &f->ledger->runs[i - 1];
		bool counts = says_its_work(run);

		if (!is_behind(f, run, f->row->base_run))
			continue;
		if (!counts)
			code = has_lost_mark(f, run, &counts, err);
		if (code == SL_OK && counts)
			code = add_run(f, run, err);
	}
	return code;
}

static void become(const struct sl_catalog **what, const struct sl_catalog *next)
{
	sl_catalog_unref(*what);
	*what = next;
}

/* The link's work on the structure of which people were told last. */
static void add_to_told(struct following *f, const struct link *link,
	const struct sl_catalog *start, const struct sl_catalog *end)
{
	if (!link->fresh || !f->told)
		return;
	become(&f->told, start && end ? sl_snapshot_carry(f->told, start, end) : NULL);
}

static int format_of(const struct sl_catalog *catalog)
{
	char hash[SL_SHA256_HEX];

	sl_snapshot_hash(catalog, hash);
	return sl_snapshot_format(catalog, hash);
}

/* Whether all that is meant to be there can be held in the format of either side, and a format in
 * which the link was seen shows all that differs: the rest may be somebody else's. */
static bool shows_all(const struct following *f, const struct sl_catalog *start,
	const struct sl_catalog *end)
{
	const int least = format_of(f->meant ? f->meant : f->live);

	return format_of(end) >= least &&
		(!start ||
			(format_of(start) >= least && !sl_snapshot_hides(start, end, f->format)));
}

/* *done: the link's work is part of what is meant to be there now. */
static enum sl_code take(struct following *f, const struct link *link, bool *done,
	struct sl_error *err)
{
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *start = NULL;
	sl_auto(sl_catalog_unref_p) const struct sl_catalog *end = NULL;
	bool whole;
	enum sl_code code;

	f->format = link->format;
	whole = sl_str_eq(f->at, link->first->before) || is_shown(f, f->meant, link->first->before);
	if (whole && f->meant)
		start = sl_catalog_ref(f->meant);
	code = start ? SL_OK : find(f, link->first->before, link->fresh, &start, err);
	if (code == SL_OK && is_endless(link) && link == &f->links.at[f->links.len - 1])
		end = sl_catalog_ref(f->live);
	else if (code == SL_OK && !is_endless(link))
		code = find(f, link->last->after, link->fresh, &end, err);
	if (code != SL_OK)
		return code;
	add_to_told(f, link, start, end);
	*done = end && (whole || (start && f->meant)) && shows_all(f, start, end);
	if (!*done)
		return SL_OK;
	if (whole)
		become(&f->meant, sl_catalog_ref(end));
	else
		become(&f->meant, sl_snapshot_carry(f->meant, start, end));
	f->at = whole ? link->last->after : "";
	return SL_OK;
}

/* One that came since the last comparison and explains nothing leaves all as it was: what somebody
 * did beside it could pass for it.  An older one has its say in the drift that was told. */
static enum sl_code take_all(struct following *f, struct sl_drift_led *out, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < f->links.len; i++) {
		const struct link *link = &f->links.at[i];
		bool done = false;

		code = take(f, link, &done, err);
		f->lost = f->lost || (link->fresh && !done);
		if (done)
			out->last = link->last;
	}
	if (code != SL_OK)
		return code;
	if (out->last && !f->lost)
		out->meant = sl_steal(f->meant);
	else
		out->last = NULL;
	return SL_OK;
}

static enum sl_code begin(struct following *f, struct sl_error *err)
{
	enum sl_code code = load(f, f->row->base, &f->base, err);

	if (code == SL_OK)
		code = load(f, f->row->live, &f->seen, err);
	if (f->base)
		f->meant = sl_catalog_ref(f->base);
	if (f->seen)
		f->told = sl_catalog_ref(f->seen);
	return code;
}

static void end(struct following *f)
{
	sl_catalog_unref(f->base);
	sl_catalog_unref(f->seen);
	sl_catalog_unref(f->meant);
	sl_catalog_unref(f->told);
	sl_vec_done(&f->links);
}

/* Whether anything came since the last comparison, which has tried what was there: trying again
 * would take the same time, and end the same. */
static bool has_news(const struct following *f)
{
	bool news = f->lost || !sl_snapshot_is(f->live, f->row->live);

	for (size_t i = 0; !news && i < f->links.len; i++)
		news = f->links.at[i].fresh;
	return news && f->links.len > 0;
}

enum sl_code sl_drift_follow(struct sl_control *control, const struct sl_drift_record *row,
	const struct sl_ledger *ledger, const struct sl_catalog *live, struct sl_drift_led *out,
	struct sl_error *err)
{
	struct following f = { .control = control,
		.row = row,
		.ledger = ledger,
		.live = live,
		.at = row->base };
	char hash[SL_SHA256_HEX];
	enum sl_code code;
	bool news;

	*out = (struct sl_drift_led){ 0 };
	if (sl_snapshot_is(live, row->base))
		return SL_OK;
	code = find_links(&f, err);
	news = code == SL_OK && has_news(&f);
	if (news)
		code = begin(&f, err);
	if (code == SL_OK && news)
		code = take_all(&f, out, err);
	if (code == SL_OK && f.told) {
		sl_snapshot_hash(f.told, hash);
		out->told = sl_snapshot_is(live, hash);
	}
	end(&f);
	return code;
}

const char *sl_drift_origin(struct sl_arena *arena, const struct sl_ledger_run *run)
{
	return sl_arena_printf(arena, "run %.8s of %s", run->id, run->actor);
}
