/* `sluice review`: the same rules as everywhere, without a daemon. */
#include "cli_int.h"
#include "review_batch.h"
#include "review_config.h"
#include "review_live.h"
#include "review_place.h"
#include "rules.h"
#include "target.h"

#include "sluice/config/snapshot.h"
#include "sluice/core/alloc.h"
#include "sluice/core/str.h"
#include "sluice/review/format.h"
#include "sluice/schema/replay.h"
#include "sluice/schema/snapshot.h"
#include "sluice/sys/file.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_MAX (256u << 20)

/* How the report is printed: by one of the two. */
struct form {
	const char *name;
	void (*write)(const struct sl_report *report, struct sl_buf *out);
	json_t *(*json)(const struct sl_report *report);
	bool placed; /* for a pipeline, which looks for the files from the root of the work tree */
};

/* The parsed command line. */
struct wish {
	struct batch_wish batch;
	int version;
	const struct form *form;
	enum sl_severity fail_on;
	struct sl_rule_settings *settings; /* owned */
	const struct sl_catalog *schema; /* owned, or NULL */
	struct review_live live; /* where the schema is a database's */
	bool is_live, unreachable;
};

static void wish_done(struct wish *wish)
{
	sl_rule_settings_free(wish->settings);
	sl_catalog_unref(wish->schema);
}

/* --- options ------------------------------------------------------------------------------- */

static enum sl_code read_engine(struct wish *wish, struct sl_cli *cli, struct sl_error *err)
{
	const char *name = sl_cli_value(cli, "engine");

	wish->batch.dialect = SL_DIALECT_COUNT;
	if (!name)
		return SL_OK;
	if (sl_str_eq(name, "postgresql"))
		name = "postgres";
	if (!sl_dialect_parse(&wish->batch.dialect, name))
		return sl_error_set(err, SL_EINVAL,
			"--engine: '%s' is none of postgres, sqlite, mysql and mariadb", name);
	return SL_OK;
}

/* "15", "15.4", "3.40.1", "10.11.6" as the engines' own numbers. */
static enum sl_code read_version(struct wish *wish, struct sl_cli *cli, struct sl_error *err)
{
	const char *text = sl_cli_value(cli, "engine-version");
	unsigned parts[3] = { 0, 0, 0 };
	size_t n = 0;

	if (!text)
		return SL_OK;
	for (const char *p = text; *p; p++) {
		if (*p == '.' && n < 2 && p > text && p[-1] != '.') {
			n++;
		} else if (*p >= '0' && *p <= '9' && parts[n] < 100000) {
			parts[n] = parts[n] * 10 + (unsigned)(*p - '0');
		} else {
			return sl_error_set(err, SL_EINVAL,
				"--engine-version: '%s' is no version such as 15.4 or 3.40.1",
				text);
		}
	}
	if (wish->batch.dialect == SL_DIALECT_POSTGRES)
		wish->version = (int)(parts[0] * 10000 + parts[1]);
	else if (wish->batch.dialect == SL_DIALECT_SQLITE)
		wish->version = (int)(parts[0] * 1000000 + parts[1] * 1000 + parts[2]);
	else if (wish->batch.dialect != SL_DIALECT_COUNT)
		wish->version = (int)(parts[0] * 10000 + parts[1] * 100 + parts[2]);
	else
		return sl_error_set(err, SL_EINVAL, "--engine-version needs --engine");
	return SL_OK;
}

static void write_text(const struct sl_report *report, struct sl_buf *out)
{
	sl_report_text(report, false, out);
}

static void write_colors(const struct sl_report *report, struct sl_buf *out)
{
	sl_report_text(report, true, out);
}

static void write_markdown(const struct sl_report *report, struct sl_buf *out)
{
	const struct sl_report_frame frame = { .head = "" };

	sl_report_markdown(report, &frame, out);
}

static json_t *write_sarif(const struct sl_report *report)
{
	return sl_report_sarif(report, SLUICE_VERSION);
}

static const struct form forms[] = {
	{ "text", write_text, NULL, false },
	{ "json", NULL, sl_report_json, false },
	{ "markdown", write_markdown, NULL, false },
	{ "github", sl_report_github, NULL, true },
	{ "codequality", NULL, sl_report_codequality, true },
	{ "sarif", NULL, write_sarif, true },
	{ "junit", sl_report_junit, NULL, true },
};

static const struct form colors = { "text", write_colors, NULL, false };

static enum sl_code read_form(struct wish *wish, struct sl_cli *cli, struct sl_error *err)
{
	const char *name = sl_cli_value(cli, "format");

	if (!name)
		name = sl_cli_json(cli) ? "json" : "text";
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (sl_str_eq(forms[i].name, name))
			wish->form = &forms[i];
	if (!wish->form)
		return sl_error_set(err, SL_EINVAL,
			"--format: '%s' is none of text, json, markdown, github, codequality, sarif "
			"and junit",
			name);
	if (wish->form == &forms[0] && sl_cli_color(cli))
		wish->form = &colors;
	return SL_OK;
}

static enum sl_code read_bar(struct wish *wish, struct sl_cli *cli, struct sl_error *err)
{
	const char *name = sl_cli_value(cli, "fail-on");

	wish->fail_on = SL_SEVERITY_ERROR;
	if (name && (!sl_severity_parse(&wish->fail_on, name) || wish->fail_on == SL_SEVERITY_OFF))
		return sl_error_set(err, SL_EINVAL,
			"--fail-on: '%s' is none of error, warning and notice", name);
	return SL_OK;
}

static enum sl_code read_layout(struct wish *wish, struct sl_cli *cli, struct sl_error *err)
{
	const char *name = sl_cli_value(cli, "layout");

	wish->batch.layout = SL_LAYOUT_AUTO;
	if (name && !sl_layout_kind_parse(&wish->batch.layout, name))
		return sl_error_set(err, SL_EINVAL,
			"--layout: '%s' is none of auto, plain, flyway, golang-migrate, goose, "
			"dbmate, diesel, prisma and sqlx",
			name);
	return SL_OK;
}

/* RULE.KEY=VALUE */
static enum sl_code read_param(struct wish *wish, const char *text, struct sl_error *err)
{
	const char *equals = strchr(text, '=');
	const char *dot = strchr(text, '.');
	sl_autofree char *rule = NULL;
	sl_autofree char *key = NULL;

	if (!equals || !dot || dot > equals)
		return sl_error_set(err, SL_EINVAL, "--param: '%s' is not RULE.KEY=VALUE", text);
	rule = sl_xstrndup(text, (size_t)(dot - text));
	key = sl_xstrndup(dot + 1, (size_t)(equals - dot - 1));
	return sl_rule_settings_param(wish->settings, rule, key, equals + 1, err);
}

/* The one engine of all configured targets tells what the migrations are for. */
static enum sl_dialect dialect_of_targets(const struct sl_config *config)
{
	static const struct {
		const char *scheme;
		enum sl_dialect dialect;
	} schemes[] = {
		{ "postgres:", SL_DIALECT_POSTGRES },
		{ "postgresql:", SL_DIALECT_POSTGRES },
		{ "sqlite:", SL_DIALECT_SQLITE },
		{ "mysql:", SL_DIALECT_MYSQL },
		{ "mariadb:", SL_DIALECT_MARIADB },
	};
	const struct sl_config_node *targets = sl_config_at(config, "targets");
	enum sl_dialect found = SL_DIALECT_COUNT;

	for (size_t i = 0; i < sl_config_len(targets); i++) {
		const char *url = sl_config_get_str(sl_config_item(targets, i), "url");

		for (size_t s = 0; url && s < sizeof(schemes) / sizeof(schemes[0]); s++) {
			if (!sl_str_starts(url, schemes[s].scheme))
				continue;
			if (found != SL_DIALECT_COUNT && found != schemes[s].dialect)
				return SL_DIALECT_COUNT;
			found = schemes[s].dialect;
		}
	}
	return found;
}

static enum sl_code read_config(struct wish *wish, struct sl_cli *cli, struct sl_error *err)
{
	auto_review_config struct review_config config = { 0 };
	enum sl_code code = review_config_read(&config, cli, err);

	if (code == SL_OK && config.rules)
		code = sl_rule_settings_load(wish->settings, config.rules,
			sl_config_at(config.rules, "review"), err);
	if (code == SL_OK && config.targets && wish->batch.dialect == SL_DIALECT_COUNT)
		wish->batch.dialect = dialect_of_targets(config.targets);
	return code;
}

static enum sl_code read_rules(struct wish *wish, struct sl_cli *cli, struct sl_error *err)
{
	const char *only = sl_cli_value(cli, "only");
	enum sl_code code = only ? sl_rule_settings_only(wish->settings, only, err) : SL_OK;
	const char *param;

	for (size_t i = 0; code == SL_OK && (param = sl_cli_value_at(cli, "param", i)) != NULL; i++)
		code = read_param(wish, param, err);
	return code;
}

/* A snapshot's JSON, or SQL that makes the schema. */
static enum sl_code read_schema_file(struct wish *wish, const char *path, struct sl_error *err)
{
	sl_autofree char *text = NULL;
	size_t len;
	enum sl_code code;

	code = sl_file_read(&text, &len, path, SL_SNAPSHOT_MAX, err);
	if (code != SL_OK)
		return code;
	if (text[strspn(text, " \t\r\n")] == '{')
		code = sl_snapshot_load(&wish->schema, text, len, NULL, err);
	else if (wish->batch.dialect == SL_DIALECT_COUNT)
		return sl_error_set(err, SL_EINVAL, "%s: say --engine, so that the SQL can be read",
			path);
	else
		code = sl_catalog_from_sql(&wish->schema, wish->batch.dialect, wish->version, text,
			len, err);
	return code == SL_OK ? SL_OK : sl_error_wrap(err, code, "%s", path);
}

static bool is_mysql(enum sl_dialect dialect)
{
	return dialect == SL_DIALECT_MYSQL || dialect == SL_DIALECT_MARIADB;
}

static enum sl_code read_schema_live(struct wish *wish, struct sl_cli *cli, const char *url,
	struct sl_error *err)
{
	const enum sl_dialect said = wish->batch.dialect;
	enum sl_code code = review_live_read(&wish->live, cli, url, &wish->schema, err);
	enum sl_dialect is;

	wish->is_live = true;
	wish->unreachable = code != SL_OK && code != SL_EINVAL;
	if (code != SL_OK)
		return code;
	is = sl_catalog_dialect(wish->schema);
	if (said != SL_DIALECT_COUNT && said != is && !(is_mysql(said) && is_mysql(is)))
		return sl_error_set(err, SL_EINVAL,
			"--engine: %s, but --schema is a database of %s", sl_dialect_name(said),
			sl_dialect_name(is));
	wish->batch.dialect = is;
	return SL_OK;
}

static enum sl_code read_schema(struct wish *wish, struct sl_cli *cli, struct sl_error *err)
{
	const char *name = sl_cli_value(cli, "schema");
	enum sl_code code;

	if (!name)
		return SL_OK;
	code = review_is_url(name) ? read_schema_live(wish, cli, name, err) :
				     read_schema_file(wish, name, err);
	if (code != SL_OK)
		return code;
	if (wish->batch.dialect == SL_DIALECT_COUNT)
		wish->batch.dialect = sl_catalog_dialect(wish->schema);
	if (wish->version == 0)
		wish->version = sl_catalog_version(wish->schema);
	return SL_OK;
}

static enum sl_code wish_read(struct wish *wish, struct sl_cli *cli, struct sl_error *err)
{
	static enum sl_code (*const readers[])(struct wish *, struct sl_cli *,
		struct sl_error *) = { read_engine, read_version, read_form, read_bar, read_layout,
		read_schema, read_config, read_rules };

	*wish = (struct wish){ .settings = sl_rule_settings_new() };
	wish->batch.base = sl_cli_value(cli, "base");
	wish->batch.all = sl_cli_has(cli, "all");
	wish->batch.spool = sl_cli_env(cli, "TMPDIR");
	if (!wish->batch.spool)
		wish->batch.spool = "/var/tmp"; /* on disk, where /tmp may be memory */
	if (wish->batch.all && wish->batch.base)
		return sl_error_set(err, SL_EINVAL, "--all and --base exclude each other");
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		enum sl_code code = readers[i](wish, cli, err);

		if (code != SL_OK)
			return code;
	}
	return SL_OK;
}

/* --- the review ---------------------------------------------------------------------------- */

static enum sl_code batches_find(struct batches *out, struct sl_cli *cli, const struct wish *wish,
	struct sl_error *err)
{
	static const char *const here[] = { "." };
	struct sl_arena *arena = sl_cli_arena(cli);
	size_t n = sl_cli_arg_count(cli);
	const char **paths = sl_arena_calloc(arena, n + 1, sizeof(*paths));
	enum sl_code code;

	for (size_t i = 0; i < n; i++) {
		paths[i] = sl_cli_arg(cli, i);
		if (!sl_str_eq(paths[i], "-") && !sl_file_exists(paths[i]))
			return sl_error_set(err, SL_EINVAL, "%s: there is no such file or folder",
				paths[i]);
	}
	if (n > 0 && !wish->batch.base)
		return batches_of_paths(out, arena, &wish->batch, paths, n, err);
	if (wish->batch.all) {
		code = batches_enter_root(err);
		return code == SL_OK ? batches_of_paths(out, arena, &wish->batch, here, 1, err) :
				       code;
	}
	return batches_of_worktree(out, arena, &wish->batch, paths, n, err);
}

/* A folder that builds its tables from nothing is its own schema; with a schema given, what came
 * before is in it. */
static enum sl_code batch_review(struct sl_report *report, struct sl_cli *cli, struct wish *wish,
	const struct batch *batch, struct batches *batches, struct sl_error *err)
{
	struct sl_arena *arena = sl_cli_arena(cli);
	struct sl_review_input input = batch->input;
	enum sl_code code = SL_OK;

	input.stream = batches_stream;
	input.stream_ctx = batches;
	input.dialect = batch->dialect == SL_DIALECT_COUNT ? SL_DIALECT_POSTGRES : batch->dialect;
	input.version = wish->version;
	input.settings = wish->settings;
	input.base = wish->schema;
	input.may_begin_empty = batch->whole;
	if (wish->is_live) {
		code = review_live_place(&wish->live, cli, batch, &input, err);
		wish->unreachable = code != SL_OK;
		if (code != SL_OK)
			return code;
	} else if (wish->schema && input.parts) {
		enum sl_review_part *parts = sl_arena_calloc(arena, input.set.len + 1,
			sizeof(*parts));

		for (size_t i = 0; i < input.set.len; i++)
			parts[i] = input.parts[i] == SL_REVIEW_NEW ? SL_REVIEW_NEW :
								     SL_REVIEW_APPLIED;
		input.parts = parts;
	}
	sl_review_run(report, arena, &input);
	return SL_OK;
}

static enum sl_code all_review(struct sl_report *out, struct sl_cli *cli, struct wish *wish,
	struct batches *batches, struct sl_error *err)
{
	enum sl_code code = SL_OK;

	*out = (struct sl_report){ .reviewed = true };
	for (size_t i = 0; code == SL_OK && i < batches->len; i++) {
		struct sl_report one = { 0 };

		code = batch_review(&one, cli, wish, &batches->at[i], batches, err);
		if (code == SL_OK)
			sl_report_add(out, sl_cli_arena(cli), &one);
		sl_report_done(&one);
	}
	return code;
}

static enum sl_code print(struct sl_cli *cli, const struct wish *wish,
	const struct sl_report *report, struct sl_error *err)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(OUTPUT_MAX);
	sl_auto_json json_t *json = NULL;

	assert(wish->form); /* read_form() refuses what is none */
	if (wish->form->placed)
		report = review_place(report, sl_cli_arena(cli));
	if (wish->form->json) {
		json = wish->form->json(report);
		sl_json_pretty(json, &out);
	} else {
		wish->form->write(report, &out);
	}
	if (!sl_buf_ok(&out))
		return sl_error_set(err, SL_ELIMIT, "the report is larger than %u bytes",
			OUTPUT_MAX);
	if (wish->form == &colors)
		sl_cli_write_raw(cli, sl_buf_str(&out), out.len);
	else
		sl_cli_write(cli, sl_buf_str(&out), out.len);
	if (out.len > 0 && out.data[out.len - 1] != '\n')
		sl_cli_write(cli, "\n", 1);
	return SL_OK;
}

static enum sl_code review(struct sl_cli *cli, struct wish *wish, struct sl_error *err)
{
	auto_batches struct batches batches = { 0 };
	struct sl_report report;
	enum sl_code code = batches_find(&batches, cli, wish, err);

	if (code != SL_OK)
		return code;
	for (size_t i = 0; i < batches.left_out.len; i++)
		sl_cli_note(cli, "%s: left out, no layout has migrations of such names",
			batches.left_out.at[i][0] ? batches.left_out.at[i] : ".");
	for (size_t i = 0; i < batches.empty.len; i++)
		sl_cli_note(cli, "%s: there is no migration in it", batches.empty.at[i]);
	for (size_t i = 0; i < batches.files.len; i++)
		sl_cli_folder_tell(cli, &batches.files.at[i]);
	code = all_review(&report, cli, wish, &batches, err);
	if (code == SL_OK)
		code = batches_check(&batches, err);
	if (code == SL_OK)
		code = print(cli, wish, &report, err);
	if (code == SL_OK && report.highest >= wish->fail_on)
		sl_cli_exit(cli, 1);
	sl_report_done(&report);
	return code;
}

/* What is wrong with the command line or the configuration ends with 2, whatever its code; a
 * database that cannot be read ends with its own. */
static enum sl_code run(struct sl_cli *cli, struct sl_error *err)
{
	struct wish wish;
	enum sl_code code;

	if (sl_cli_has(cli, "fix"))
		return sl_error_set(err, SL_EINVAL,
			"--fix is not available in this version; JSON has the fixes");
	if (sl_cli_has(cli, "jobs"))
		return sl_error_set(err, SL_EINVAL,
			"--jobs is not available in this version; one thread reviews");
	code = wish_read(&wish, cli, err);
	if (code == SL_OK)
		code = review(cli, &wish, err);
	if (code != SL_OK && code != SL_EINTERNAL && !wish.unreachable)
		sl_cli_exit(cli, 2);
	wish_done(&wish);
	return code;
}

static const struct sl_cli_option options[] = {
	{ "engine", 'e', "ENGINE", "postgres, sqlite, mysql or mariadb", false },
	{ "engine-version", 0, "VERSION", "of the servers that will run it: 15.4, 3.40.1", false },
	{ "schema", 0, "FILE|URL",
		"the schema before: a snapshot's JSON, SQL, or a database, which also says what is "
		"applied there",
		false },
	SL_CLI_OPTION_PASSWORD,
	SL_CLI_OPTION_LEDGER,
	{ "layout", 0, "LAYOUT", "how the folder names its migrations (default: auto)", false },
	{ "base", 0, "REF", "what was added since the merge base with REF; paths are the root's",
		false },
	{ "all", 0, NULL, "review every migration of the work tree, not only the added ones",
		false },
	{ "only", 0, "RULE,..", "no other rules", false },
	{ "param", 0, "RULE.KEY=VALUE", "a parameter of a rule", true },
	{ "format", 0, "FORMAT",
		"text, json, markdown, github, codequality, sarif or junit (default: text)",
		false },
	{ "fail-on", 0, "SEVERITY", "error, warning or notice (default: error)", false },
	{ "fix", 0, NULL, "not available in this version", false },
	{ "jobs", 0, "N", "not available in this version", false },
	{ NULL, 0, NULL, NULL, false },
};

static const struct sl_command rows[] = {
	{ "review", SL_CLI_REVIEW, "look at migrations before they run", "[PATH..]", options, 0, -1,
		run },
	{ "rules", SL_CLI_REVIEW, "the rules, one a line", "", NULL, 0, 0, sl_cli_rules_list },
	{ "rules list", SL_CLI_REVIEW, "the same", "", NULL, 0, 0, sl_cli_rules_list },
	{ "rules show", SL_CLI_REVIEW, "all about one rule", "RULE", NULL, 1, 1,
		sl_cli_rules_show },
	{ "explain", SL_CLI_REVIEW, "why a rule exists, and what to do instead", "RULE", NULL, 1, 1,
		sl_cli_rules_show },
};

const struct sl_command_list sl_commands_review = { rows, sizeof(rows) / sizeof(rows[0]) };
