#include "attach.h"
#include "target.h"

#include "sluice/config/secret.h"
#include "sluice/core/str.h"
#include "sluice/schema/catalog.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TARGETS_MAX 50

static const char name_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

/* "prod=postgres://..." has a name before it; the '=' of a URL's own options does not count. */
static const char *name_before(struct sl_arena *arena, const char *text, const char **rest)
{
	size_t len = strspn(text, name_letters);

	*rest = text;
	if (len == 0 || text[len] != '=')
		return NULL;
	*rest = text + len + 1;
	return sl_arena_strndup(arena, text, len);
}

/* --- environments --------------------------------------------------------------------------- */

/* The environment for which a word of the text is usual, or NULL. */
static const char *environment_word(const char *text)
{
	static const struct {
		const char *start, *environment;
	} words[] = { { "prod", "prod" }, { "live", "prod" }, { "stag", "staging" },
		{ "uat", "staging" }, { "qa", "test" }, { "test", "test" }, { "dev", "dev" },
		{ "local", "dev" } };

	while (text && *text != '\0') {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (sl_str_starts(text, words[i].start))
				return words[i].environment;
		text += strcspn(text, "-_.");
		text += strspn(text, "-_.");
	}
	return NULL;
}

/* What the address itself tells: the name of the database or its file, else of the host. */
static const char *environment_in(const struct attach_target *target)
{
	const struct sl_engine_url *url = &target->spec.url;
	const char *name = url->path ? url->path : url->database;
	const char *slash = name ? strrchr(name, '/') : NULL;
	const char *found = environment_word(slash ? slash + 1 : name);

	return found || (url->host && url->host[0] == '/') ? found : environment_word(url->host);
}

/* The last one is what everything leads to. */
static const char *environment_by_place(size_t i, size_t n)
{
	static const char *const before_prod[] = { "dev", "staging" };

	return i + 1 == n || i >= 2 ? "prod" : before_prod[i];
}

static bool all_have_different_words(const struct attach *a)
{
	for (size_t i = 0; i < a->targets.len; i++) {
		const char *word = environment_in(&a->targets.at[i]);

		for (size_t k = 0; k < i; k++)
			if (!word || sl_str_eq(word, environment_in(&a->targets.at[k])))
				return false;
		if (!word)
			return false;
	}
	return true;
}

static void name_environments(struct attach *a)
{
	bool by_word = all_have_different_words(a);

	for (size_t i = 0; i < a->targets.len; i++) {
		struct attach_target *target = &a->targets.at[i];

		if (!target->environment)
			target->environment = by_word ? environment_in(target) :
							environment_by_place(i, a->targets.len);
	}
}

static void name_targets(struct attach *a)
{
	for (size_t i = 0; i < a->targets.len; i++) {
		struct attach_target *target = &a->targets.at[i];
		unsigned n = 1;

		for (size_t k = 0; k < i; k++)
			n += sl_str_eq(a->targets.at[k].environment, target->environment);
		target->name = n == 1 ?
			sl_arena_printf(a->arena, "%s-%s", a->project, target->environment) :
			sl_arena_printf(a->arena, "%s-%s-%u", a->project, target->environment, n);
	}
}

/* --- addresses and passwords ---------------------------------------------------------------- */

/* The daemon runs in another folder. */
static enum sl_code make_absolute(struct attach *a, struct attach_target *target,
	struct sl_error *err)
{
	char real[PATH_MAX];

	if (target->spec.url.dialect != SL_DIALECT_SQLITE)
		return SL_OK;
	if (!realpath(target->spec.url.path, real))
		return sl_error_set(err, SL_EUNAVAIL,
			"--target: %s: there is no such database file; a new one is made with `sluice "
			"migrate`, or by touch",
			target->spec.url.path);
	target->url = sl_arena_printf(a->arena, "sqlite:%s", real);
	return sl_engine_url_parse(&target->spec.url, a->arena, target->url, err);
}

/* --password SECRET for all, or ENVIRONMENT=SECRET. */
static const char *password_of(struct attach *a, const struct attach_target *target)
{
	const char *text, *found = NULL;

	for (size_t i = 0; (text = sl_cli_value_at(a->cli, "password", i)); i++) {
		const char *rest;
		const char *environment = name_before(a->arena, text, &rest);

		if (!environment && !found)
			found = rest;
		if (environment && sl_str_eq(environment, target->environment))
			return rest;
	}
	return found;
}

static enum sl_code resolve(struct attach *a, struct attach_target *target, struct sl_error *err)
{
	sl_auto_secret struct sl_buf secret = SL_BUF_INIT(4096);
	enum sl_code code;

	target->password = password_of(a, target);
	if (!target->password || target->spec.url.dialect == SL_DIALECT_SQLITE)
		return SL_OK;
	if (!sl_secret_is_reference(target->password))
		return sl_error_set(err, SL_EINVAL,
			"--password: takes env:NAME or file:/PATH, never the password itself");
	code = sl_secret_resolve(target->password, &secret, err);
	if (code == SL_ENOTFOUND)
		sl_cli_exit(a->cli, 2);
	if (code != SL_OK)
		return sl_error_wrap(err, code, "--password");
	target->spec.password = sl_arena_strdup(a->arena, sl_buf_str(&secret));
	return SL_OK;
}

static enum sl_code add_target(struct attach *a, const char *text, struct sl_error *err)
{
	struct attach_target *target = sl_vec_add_in(a->arena, &a->targets);
	enum sl_code code;

	target->environment = name_before(a->arena, text, &target->url);
	target->spec = (struct sl_conn_spec){ .clock = sl_cli_clock(a->cli),
		.cancel = sl_cli_cancel(a->cli) };
	code = sl_engine_url_parse(&target->spec.url, a->arena, target->url, err);
	if (code != SL_OK)
		return sl_error_wrap(err, code, "--target");
	return make_absolute(a, target, err);
}

enum sl_code attach_targets_name(struct attach *a, struct sl_error *err)
{
	const char *text;
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && (text = sl_cli_value_at(a->cli, "target", i)); i++)
		code = add_target(a, text, err);
	if (code == SL_OK && a->targets.len == 0) {
		text = attach_ask(a->cli,
			"Which database? (sqlite:PATH, postgres://USER@HOST/DB):");
		if (!text)
			return sl_error_set(err, SL_EINVAL,
				"which databases? say each with --target [ENVIRONMENT=]URL, in the order "
				"in which changes flow");
		code = add_target(a, text, err);
	}
	if (code == SL_OK && a->targets.len > TARGETS_MAX)
		return sl_error_set(err, SL_ELIMIT,
			"--target: more than %d; add the rest to the file", TARGETS_MAX);
	if (code != SL_OK)
		return code;
	name_environments(a);
	name_targets(a);
	for (size_t i = 0; code == SL_OK && i < a->targets.len; i++)
		code = resolve(a, &a->targets.at[i], err);
	return code;
}

/* --- looking -------------------------------------------------------------------------------- */

static enum sl_code look_at_ledger(struct attach *a, struct attach_target *target, bool *has,
	struct sl_error *err)
{
	struct sl_ledger ledger;
	enum sl_code code = sl_apply_history(&target->spec, SL_LEDGER_DEFAULT, &ledger, a->arena,
		err);

	*has = code == SL_OK && ledger.exists;
	for (size_t i = 0; *has && i < ledger.migrations_len; i++)
		target->settled += ledger.migrations[i].state != SL_LEDGER_PARTIAL;
	if (code == SL_EDENIED && !target->password)
		return sl_error_wrap(err, code,
			"say the password's place with --password %s=env:NAME",
			target->environment);
	return code;
}

/* What another tool left.  SL_ENOTFOUND: nothing. */
static enum sl_code look_at_history(struct attach *a, struct attach_target *target,
	struct sl_error *err)
{
	const struct sl_apply_word word = { .target = &target->spec,
		.clock = sl_cli_clock(a->cli),
		.rand = sl_cli_rand(a->cli) };
	const struct sl_adopt_wish wish = { .set = &target->set,
		.layout = sl_layout_kind_name(a->layout),
		.dry_run = true };
	enum sl_code code = sl_apply_adopt_history(&word, &wish, &target->adoption, a->arena, err);

	if (code == SL_OK)
		target->state = ATTACH_HISTORY;
	if (code != SL_ECONFLICT)
		return code;
	target->state = ATTACH_REFUSED;
	target->why = sl_arena_strdup(a->arena, err->msg);
	return SL_OK;
}

static enum sl_code look_at_tables(struct attach_target *target, struct sl_error *err)
{
	const struct sl_catalog *catalog sl_auto(sl_catalog_unref_p) = NULL;
	enum sl_code code = sl_apply_snapshot(&target->spec, &catalog, err);

	if (code == SL_OK)
		target->state = sl_catalog_empty(catalog) ? ATTACH_EMPTY : ATTACH_TABLES;
	return code;
}

/* A history that is there and empty says nothing. */
static bool says_nothing(const struct attach_target *target)
{
	return target->state == ATTACH_HISTORY && target->adoption.records_len == 0 &&
		target->adoption.known == 0;
}

static enum sl_code read_set(struct attach *a, struct attach_target *target, struct sl_error *err)
{
	struct sl_layout layout;
	enum sl_code code = attach_set(a, a->layout, target->spec.url.dialect, &layout, err);

	if (code == SL_OK)
		target->set = layout.set;
	return code;
}

static enum sl_code look(struct attach *a, struct attach_target *target, struct sl_error *err)
{
	bool ledger = false;
	enum sl_code code = read_set(a, target, err);

	if (code == SL_OK)
		code = look_at_ledger(a, target, &ledger, err);
	if (code == SL_OK && ledger) {
		target->state = ATTACH_LEDGER;
		return SL_OK;
	}
	if (code == SL_OK)
		code = look_at_history(a, target, err);
	if (code == SL_ENOTFOUND || (code == SL_OK && says_nothing(target)))
		code = look_at_tables(target, err);
	return code;
}

/* Files of sqlx have names that plain ones and golang-migrate's have too; its table tells. */
static bool is_sqlx_after_all(const struct attach *a)
{
	if (sl_cli_has(a->cli, "layout") ||
		(a->layout != SL_LAYOUT_PLAIN && a->layout != SL_LAYOUT_GOLANG_MIGRATE))
		return false;
	for (size_t i = 0; i < a->targets.len; i++)
		if (sl_str_eq(a->targets.at[i].adoption.tool ? a->targets.at[i].adoption.tool : "",
			    "sqlx"))
			return true;
	return false;
}

static enum sl_code look_at_all(struct attach *a, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	for (size_t i = 0; code == SL_OK && i < a->targets.len; i++) {
		a->targets.at[i].settled = 0;
		code = look(a, &a->targets.at[i], err);
	}
	return code;
}

/* --baseline VERSION for all that need one, or ENVIRONMENT=VERSION. */
static enum sl_code find_baseline(struct attach *a, struct attach_target *target,
	struct sl_error *err)
{
	const char *text, *version = NULL;

	for (size_t i = 0; (text = sl_cli_value_at(a->cli, "baseline", i)); i++) {
		const char *rest;
		const char *environment = name_before(a->arena, text, &rest);

		if (!environment || sl_str_eq(environment, target->environment))
			version = rest;
	}
	if (!version)
		version = attach_ask(a->cli,
			"%s has tables, and nothing says which version it is at. Which one? (empty: "
			"later)",
			target->name);
	if (!version)
		return SL_OK;
	target->baseline = sl_version_canonical(a->arena, version, strlen(version));
	if (!target->baseline)
		return sl_error_set(err, SL_EINVAL, "--baseline: '%.40s' is no version", version);
	return SL_OK;
}

enum sl_code attach_targets_look(struct attach *a, struct sl_error *err)
{
	enum sl_code code = look_at_all(a, err);

	if (code == SL_OK && is_sqlx_after_all(a)) {
		a->layout = SL_LAYOUT_SQLX;
		code = look_at_all(a, err);
	}
	for (size_t i = 0; code == SL_OK && i < a->targets.len; i++) {
		struct attach_target *target = &a->targets.at[i];
		bool unread = target->state == ATTACH_REFUSED && target->adoption.problems_len == 0;

		if (target->state == ATTACH_TABLES || unread)
			code = find_baseline(a, target, err);
	}
	return code;
}
