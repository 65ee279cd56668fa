/* The option table against whole files; example_rows below equal the example configuration. */
#include "sluice/config/snapshot.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

static const char *const modes[] = { "gate", "apply", NULL };
static const char *const modes_later[] = { "observe", "review", NULL };
static const char *const kinds[] = { "plain", NULL };
static const char *const kinds_later[] = { "gitlab", "github", NULL };
static const char *const schemes[] = { "sqlite", "postgres", NULL };
static const char *const levels[] = { "low", "moderate", "high", NULL };

static enum sl_code check_when(const char *text, struct sl_error *err)
{
	return sl_str_eq(text, "broken") ? sl_error_set(err, SL_EINVAL, "column 1: no") : SL_OK;
}

#define LATER(where)                                                                         \
	{                                                                                    \
		.path = (where), .type = SL_OPTION_ANY, .flags = SL_OPTION_LATER, .doc = "." \
	}

static const struct sl_option example_rows[] = {
	{ .path = "hosts[].name",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED | SL_OPTION_UNIQUE,
		.doc = "How projects call it." },
	{ .path = "hosts[].kind",
		.type = SL_OPTION_ENUM,
		.names = kinds,
		.later_names = kinds_later,
		.doc = "What it is." },
	{ .path = "hosts[].url", .type = SL_OPTION_URL, .doc = "Where it is." },
	{ .path = "hosts[].token", .type = SL_OPTION_SECRET, .doc = "Its token." },
	{ .path = "hosts[].webhook_secrets[]", .type = SL_OPTION_SECRET, .doc = "New and old." },
	{ .path = "users[].name",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED | SL_OPTION_UNIQUE,
		.doc = "Name." },
	{ .path = "users[].logins.*", .type = SL_OPTION_STRING, .doc = "Name at a host." },
	{ .path = "users[].unix", .type = SL_OPTION_STRING, .doc = "Account." },
	{ .path = "users[].email", .type = SL_OPTION_STRING, .doc = "Mail." },
	{ .path = "roles.*[]", .type = SL_OPTION_STRING, .doc = "Users and groups." },
	{ .path = "environments",
		.type = SL_OPTION_SECTION,
		.flags = SL_OPTION_REQUIRED,
		.doc = "Environments in order." },
	{ .path = "environments[].name",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED | SL_OPTION_UNIQUE,
		.doc = "Name." },
	{ .path = "environments[].mode",
		.type = SL_OPTION_ENUM,
		.fallback = "apply",
		.names = modes,
		.later_names = modes_later,
		.doc = "How far Sluice goes." },
	LATER("environments[].soak"),
	LATER("environments[].waves"),
	LATER("environments[].failure_budget"),
	LATER("environments[].windows"),
	{ .path = "targets[].name",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED | SL_OPTION_UNIQUE,
		.doc = "Name." },
	{ .path = "targets[].environment",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED,
		.doc = "Environment." },
	{ .path = "targets[].url",
		.type = SL_OPTION_URL,
		.flags = SL_OPTION_REQUIRED,
		.names = schemes,
		.doc = "Where." },
	{ .path = "targets[].password", .type = SL_OPTION_SECRET, .doc = "Password." },
	{ .path = "targets[].labels.*", .type = SL_OPTION_STRING, .doc = "For selectors." },
	{ .path = "projects[].name",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED | SL_OPTION_UNIQUE,
		.doc = "Name." },
	{ .path = "projects[].repository.host", .type = SL_OPTION_STRING, .doc = "Host." },
	{ .path = "projects[].repository.path", .type = SL_OPTION_PATH, .doc = "Path." },
	{ .path = "projects[].repository.branch",
		.type = SL_OPTION_STRING,
		.fallback = "main",
		.doc = "Branch." },
	{ .path = "projects[].migrations[].path", .type = SL_OPTION_PATH, .doc = "Folder." },
	{ .path = "projects[].migrations[].layout",
		.type = SL_OPTION_STRING,
		.fallback = "auto",
		.doc = "Layout." },
	{ .path = "projects[].migrations[].ledger",
		.type = SL_OPTION_STRING,
		.fallback = "default",
		.doc = "Scope." },
	{ .path = "projects[].migrations[].targets", .type = SL_OPTION_EXPR, .doc = "Selector." },
	{ .path = "risk[].level",
		.type = SL_OPTION_ENUM,
		.flags = SL_OPTION_REQUIRED,
		.names = levels,
		.doc = "Level." },
	{ .path = "risk[].when",
		.type = SL_OPTION_EXPR,
		.flags = SL_OPTION_REQUIRED,
		.check = check_when,
		.doc = "Condition." },
	{ .path = "approvals.*[].role",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED,
		.doc = "Role." },
	{ .path = "approvals.*[].count",
		.type = SL_OPTION_INT,
		.fallback = "1",
		.min = 1,
		.max = 100,
		.doc = "People." },
	{ .path = "review.preset", .type = SL_OPTION_STRING, .fallback = "safe", .doc = "Preset." },
	{ .path = "review.rules.*", .type = SL_OPTION_ANY, .doc = "Severity or settings." },
	LATER("review.custom"),
	LATER("routes"),
};

/* An environment that a target names must be there. */
static void check_example(const struct sl_config *config, struct sl_problems *problems)
{
	const struct sl_config_node *targets = sl_config_at(config, "targets");
	const struct sl_config_node *environments = sl_config_at(config, "environments");

	for (size_t i = 0; i < sl_config_len(targets); i++) {
		const struct sl_config_node *node = sl_config_get(sl_config_item(targets, i),
			"environment");
		bool found = false;

		for (size_t j = 0; j < sl_config_len(environments); j++)
			found = found ||
				sl_str_eq(
					sl_config_get_str(sl_config_item(environments, j), "name"),
					sl_config_str(node));
		if (!found)
			sl_problems_add(problems, config, node, "no environment '%s'",
				sl_config_str(node));
	}
}

static const struct sl_option_table example_table = {
	.rows = example_rows,
	.n = sizeof(example_rows) / sizeof(example_rows[0]),
	.check = check_example,
};

static const struct sl_option_table *const tables[] = { &sl_config_server_options, &example_table };

static const struct sl_option_set set = { .tables = tables, .n = 2 };

static enum sl_code parse(const char *text, struct sl_config **out, struct sl_problems *problems,
	struct sl_error *err)
{
	const struct sl_config_text file = { .name = "sluice.yaml",
		.text = text,
		.len = strlen(text) };

	return sl_config_parse(out, &set, &file, problems, err);
}

static struct sl_config *must_parse(const char *text)
{
	struct sl_config *config = NULL;
	struct sl_error err = SL_ERROR_INIT;

	if (parse(text, &config, NULL, &err) != SL_OK)
		fail_msg("%s", err.msg);
	return config;
}

#define SMALL "environments: [{name: dev}, {name: prod, mode: gate}]\n"

static void each_key_of_the_example_works_or_is_named_as_not_available(void **state)
{
	static const char *const lines[] = {
		"deploy/examples/sluice.yaml:4:26: 'hosts[].kind' 'gitlab' is not available in this version",
		"deploy/examples/sluice.yaml:13:21: 'environments[].soak' is not available in this version",
		"deploy/examples/sluice.yaml:16:5: 'environments[].waves' is not available in this version",
		"deploy/examples/sluice.yaml:17:5: 'environments[].failure_budget' is not available in this version",
		"deploy/examples/sluice.yaml:18:5: 'environments[].windows' is not available in this version",
		"deploy/examples/sluice.yaml:40:3: 'review.custom' is not available in this version",
		"deploy/examples/sluice.yaml:42:1: 'routes' is not available in this version",
	};
	sl_auto(sl_problems_free_p) struct sl_problems *problems = sl_problems_new();
	struct sl_config *config = NULL;
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	assert_int_equal(
		sl_config_load(&config, &set, "deploy/examples/sluice.yaml", problems, &err),
		SL_EINVAL);
	assert_int_equal(sl_problems_total(problems), sizeof(lines) / sizeof(lines[0]));
	for (size_t i = 0; i < sl_problems_len(problems); i++)
		assert_string_equal(sl_problems_at(problems, i), lines[i]);
	assert_non_null(strstr(err.msg, "(and 6 more)"));
}

static void values_arrive_typed(void **state)
{
	sl_auto(sl_config_unref_p) struct sl_config *config = must_parse(
		SMALL "server: {poll: 2s}\nlimits: {migration_bytes: 1MiB}\n"
		      "targets:\n  - {name: t, environment: dev, url: \"sqlite:a.db\"}\n"
		      "approvals: {high: [{role: dba, count: 2}], low: []}\n");
	const struct sl_config_node *high = sl_config_at(config, "approvals.high");

	(void)state;
	assert_int_equal(sl_config_int(sl_config_at(config, "server.poll")), 2000000);
	assert_int_equal(sl_config_int(sl_config_at(config, "limits.migration_bytes")), 1048576);
	assert_int_equal(sl_config_get_int(sl_config_item(high, 0), "count"), 2);
	assert_int_equal(
		sl_config_get_int(sl_config_item(sl_config_at(config, "environments"), 1), "mode"),
		0);
	assert_true(sl_config_is_list(sl_config_at(config, "approvals.low")));
	assert_int_equal(sl_config_len(sl_config_at(config, "approvals.low")), 0);
	assert_string_equal(sl_config_key(sl_config_at(config, "approvals"), 1), "low");
	assert_null(sl_config_at(config, "approvals.moderate"));
}

static void defaults_fill_what_the_file_leaves_out(void **state)
{
	sl_auto(sl_config_unref_p) struct sl_config *config = must_parse(
		SMALL "projects: [{name: p, repository: {path: r.git},"
		      " migrations: [{path: m}]}]\n");
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	const struct sl_config_node *project = sl_config_item(sl_config_at(config, "projects"), 0);
	const struct sl_config_node *listen = sl_config_at(config, "server.listen");

	(void)state;
	assert_string_equal(sl_config_str(listen), "127.0.0.1:8617");
	assert_true(sl_config_is_default(listen));
	assert_string_equal(sl_config_where(config, listen, arena), "sluice.yaml");
	assert_int_equal(sl_config_int(sl_config_at(config, "server.grace")),
		180 * INT64_C(1000000));
	assert_string_equal(sl_config_get_str(sl_config_get(project, "repository"), "branch"),
		"main");
	assert_string_equal(
		sl_config_get_str(sl_config_item(sl_config_get(project, "migrations"), 0),
			"layout"),
		"auto");
	assert_string_equal(sl_config_where(config, project, arena), "sluice.yaml:2:12");
}

static void free_keys_are_kept_in_order(void **state)
{
	sl_auto(sl_config_unref_p) struct sl_config *config = must_parse(
		SMALL "roles: {dba: [dana, 'gitlab:acme/dba'], owner: []}\n"
		      "review: {rules: {naming: {severity: warning, max: 63}, pk: error}}\n");
	const struct sl_config_node *rules = sl_config_at(config, "review.rules");

	(void)state;
	assert_string_equal(sl_config_key(sl_config_at(config, "roles"), 0), "dba");
	assert_string_equal(sl_config_str(sl_config_item(sl_config_at(config, "roles.dba"), 1)),
		"gitlab:acme/dba");
	assert_int_equal(sl_config_len(rules), 2);
	assert_string_equal(sl_config_get_str(sl_config_item(rules, 0), "max"), "63");
	assert_string_equal(sl_config_str(sl_config_item(rules, 1)), "error");
}

static void every_mistake_is_one_line_with_its_place_and_remedy(void **state)
{
	static const struct {
		const char *text;
		const char *line;
	} rows[] = {
		{ "enviroments: []\n" SMALL,
			"sluice.yaml:1:1: unknown key 'enviroments', did you mean 'environments'?" },
		{ SMALL "server:\n  lissten: x\n",
			"sluice.yaml:3:3: unknown key 'lissten', did you mean 'listen'?" },
		{ SMALL "server: {zzz: x}\n", "sluice.yaml:2:10: unknown key 'zzz' in 'server'" },
		{ "server: {}\n", "sluice.yaml:1:1: 'environments' is missing" },
		{ "environments: [{mode: gate}]\n",
			"sluice.yaml:1:16: 'environments[].name' is missing" },
		{ "environments: [{name: a}, {name: a}]\n",
			"sluice.yaml:1:34: 'environments[].name' 'a' stands twice, first in line 1" },
		{ "environments: dev\n",
			"sluice.yaml:1:15: 'environments' must be a list, not a single value" },
		{ SMALL "server: 3\n",
			"sluice.yaml:2:9: 'server' must be a section with keys, not a single value" },
		{ SMALL "server: {poll: [1]}\n",
			"sluice.yaml:2:16: 'server.poll' must be a duration, not a list" },
		{ SMALL "server: {poll: 10}\n",
			"sluice.yaml:2:16: 'server.poll' must be a duration such as 30s, 10m or "
			"1h30m, not '10'" },
		{ SMALL "server: {poll: 1ms}\n",
			"sluice.yaml:2:16: 'server.poll' must be at least 10ms, not '1ms'" },
		{ SMALL "server: {workers: 0}\n",
			"sluice.yaml:2:19: 'server.workers' must be 1 to 256, not '0'" },
		{ SMALL "log: {level: warn}\n",
			"sluice.yaml:2:14: 'log.level' must be one of error, warning, info, debug, "
			"not 'warn'" },
		{ SMALL "log: {level: inof}\n",
			"sluice.yaml:2:14: 'log.level' has no 'inof', did you mean 'info'?" },
		{ SMALL "store: mysql://db/x\n",
			"sluice.yaml:2:8: 'store' must start with sqlite:, not mysql:" },
		{ SMALL "store: postgres://u:hunter2@db/x\n",
			"sluice.yaml:2:8: 'store' holds a password: leave it out and give a reference "
			"(env:NAME, file:/path) instead" },
		{ SMALL "server: {url: example.com}\n",
			"sluice.yaml:2:15: 'server.url' must be a URL" },
		{ SMALL "risk: [{level: low, when: broken}]\n",
			"sluice.yaml:2:27: 'risk[].when' is wrong: column 1: no" },
		{ SMALL "routes: []\n",
			"sluice.yaml:2:1: 'routes' is not available in this version" },
		{ SMALL "targets: [{name: t, environment: pord, url: \"sqlite:a\"}]\n",
			"sluice.yaml:2:34: no environment 'pord'" },
		{ "a: [\n", "sluice.yaml:2:1: did not find expected node content" },
		{ "- a\n", "sluice.yaml:1:1: 'the file' must be a section with keys, not a list" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_config *config = NULL;
		struct sl_error err = SL_ERROR_INIT;

		assert_int_equal(parse(rows[i].text, &config, NULL, &err), SL_EINVAL);
		assert_string_equal(err.msg, rows[i].line);
	}
}

static void a_secret_that_stands_in_the_file_is_never_shown(void **state)
{
	static const char *const texts[] = {
		SMALL "hosts: [{name: h, token: hunter2}]\n",
		SMALL "hosts: [{name: h, webhook_secrets: [hunter2]}]\n",
		SMALL "hosts: [{name: h, url: \"https://u:hunter2@h/\"}]\n",
		SMALL "store: \"sqlite:a?password=hunter2\"\n",
		SMALL "targets: [{name: t, environment: dev, url: \"postgres://u:hunter2@h/d\"}]\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sl_config *config = NULL;
		struct sl_error err = SL_ERROR_INIT;

		assert_int_equal(parse(texts[i], &config, NULL, &err), SL_EINVAL);
		assert_null(strstr(err.msg, "hunter2"));
		assert_non_null(strstr(err.msg, "reference"));
	}
}

static void all_problems_are_collected_up_to_fifty(void **state)
{
	sl_auto(sl_problems_free_p) struct sl_problems *problems = sl_problems_new();
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(10000);
	struct sl_config *config = NULL;
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	sl_buf_adds(&text, SMALL);
	for (int i = 0; i < 60; i++)
		sl_buf_addf(&text, "key%d: 1\n", i);
	assert_int_equal(parse(sl_buf_str(&text), &config, problems, &err), SL_EINVAL);
	assert_int_equal(sl_problems_len(problems), SL_PROBLEMS_MAX);
	assert_int_equal(sl_problems_total(problems), 60);
	assert_string_equal(err.msg, "sluice.yaml:2:1: unknown key 'key0' (and 59 more)");
	assert_string_equal(sl_problems_at(problems, 49), "sluice.yaml:51:1: unknown key 'key49'");
}

static void a_missing_file_is_named(void **state)
{
	struct sl_config *config = NULL;
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	assert_int_equal(sl_config_load(&config, &set, "/nowhere/sluice.yaml", NULL, &err),
		SL_ENOTFOUND);
	assert_string_equal(err.msg,
		"/nowhere/sluice.yaml: there is no such file; name another with -c, or let `sluice "
		"init` make one");
}

#define WHOLE                                                                                   \
	SMALL "server: {listen: \"0.0.0.0:1\", assert_users: [git]}\n"                          \
	      "hosts: [{name: h, kind: plain, token: env:T, webhook_secrets: [\"file:/a\"]}]\n" \
	      "users: [{name: \"true\", logins: {\"h #1\": \"12\"}, email: \"a: b\"}]\n"        \
	      "roles: {dba: []}\n"                                                              \
	      "review: {rules: {naming: {format: \"^[a-z]+$\", list: [1, {a: b}]}}}\n"

static void what_show_prints_loads_to_the_same(void **state)
{
	sl_auto(sl_config_unref_p) struct sl_config *config = must_parse(WHOLE);
	sl_auto(sl_config_unref_p) struct sl_config *again = NULL;
	sl_auto_buf struct sl_buf yaml = SL_BUF_INIT(100000);
	sl_auto_json json_t *before = NULL;
	sl_auto_json json_t *after = NULL;

	(void)state;
	sl_config_show(config, &yaml);
	assert_non_null(strstr(sl_buf_str(&yaml), "  grace: 180s # default\n"));
	assert_non_null(strstr(sl_buf_str(&yaml), "token: \"env:T\"\n"));
	again = must_parse(sl_buf_str(&yaml));
	before = sl_config_json(config);
	after = sl_config_json(again);
	assert_true(json_equal(before, after));
	assert_int_equal(sl_json_i64(json_object_get(after, "server"), "workers", 0), 4);
}

static void collect(void *ctx, const char *path)
{
	sl_buf_addf(ctx, "%s ", path);
}

static void changes_that_wait_for_a_restart_are_named(void **state)
{
	sl_auto(sl_config_unref_p) struct sl_config *before = must_parse(SMALL);
	sl_auto(sl_config_unref_p) struct sl_config *after = must_parse(
		SMALL "server: {listen: \"127.0.0.1:1\", poll: 1s}\nstore: sqlite:b.db\n");
	sl_auto_buf struct sl_buf paths = SL_BUF_INIT(1000);

	(void)state;
	sl_config_need_restart(before, after, collect, &paths);
	assert_string_equal(sl_buf_str(&paths), "server.listen store ");
	sl_buf_clear(&paths);
	sl_config_need_restart(after, after, collect, &paths);
	assert_string_equal(sl_buf_str(&paths), "");
}

static void the_schema_follows_the_rows(void **state)
{
	sl_auto_json json_t *schema = sl_option_schema(&set);
	const json_t *top = json_object_get(schema, "properties");
	const json_t *environment = json_object_get(
		json_object_get(json_object_get(top, "environments"), "items"), "properties");
	const json_t *server = json_object_get(json_object_get(top, "server"), "properties");

	(void)state;
	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
	assert_string_equal(sl_json_str(json_object_get(server, "listen"), "default", ""),
		"127.0.0.1:8617");
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(environment, "mode"), "enum")), 2);
	assert_non_null(json_object_get(json_object_get(environment, "soak"), "not"));
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(schema, "required"), 0)),
		"environments");
	assert_int_equal(sl_json_i64(json_object_get(server, "workers"), "maximum", 0), 256);
}

static void the_manual_and_help_speak_of_what_is_available(void **state)
{
	sl_auto_buf struct sl_buf manual = SL_BUF_INIT(100000);
	sl_auto_buf struct sl_buf page = SL_BUF_INIT(100000);
	sl_auto_buf struct sl_buf help = SL_BUF_INIT(100000);

	(void)state;
	sl_option_manual(&set, &manual);
	sl_option_help(&set, "server.", &help);
	assert_non_null(strstr(sl_buf_str(&manual), "## server\n\nThe daemon"));
	assert_non_null(
		strstr(sl_buf_str(&manual), "| `limits.migration_bytes` | size: 1KiB to 1GiB"));
	assert_null(strstr(sl_buf_str(&manual), "soak"));
	assert_null(strstr(sl_buf_str(&manual), "## routes"));
	sl_option_roff(&set, &page);
	assert_non_null(strstr(sl_buf_str(&page), ".SH server\nThe daemon"));
	assert_non_null(strstr(sl_buf_str(&page),
		".TP\n\\fBlimits.migration_bytes\\fR (size: 1KiB to 1GiB)\n"));
	assert_null(strstr(sl_buf_str(&page), "soak"));
	assert_non_null(strstr(sl_buf_str(&help), "\n  server.poll "));
	assert_null(strstr(sl_buf_str(&help), "limits"));
}

static void *take_and_return(void *ctx)
{
	for (int i = 0; i < 2000; i++) {
		struct sl_config *config = sl_config_holder_get(ctx);

		assert_non_null(sl_config_at(config, "server.listen"));
		sl_config_unref(config);
	}
	return NULL;
}

static void a_snapshot_lives_as_long_as_somebody_reads_it(void **state)
{
	sl_auto(sl_config_holder_free_p) struct sl_config_holder *holder = sl_config_holder_new(
		must_parse(SMALL));
	struct sl_config *old = sl_config_holder_get(holder);
	pthread_t reader;

	(void)state;
	assert_int_equal(pthread_create(&reader, NULL, take_and_return, holder), 0);
	for (int i = 0; i < 20; i++)
		sl_config_holder_replace(holder, must_parse(SMALL "store: sqlite:new.db\n"));
	assert_int_equal(pthread_join(reader, NULL), 0);
	assert_string_equal(sl_config_str(sl_config_at(old, "store")),
		"sqlite:/var/lib/sluice/store.db");
	sl_config_unref(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_of_the_example_works_or_is_named_as_not_available),
		cmocka_unit_test(values_arrive_typed),
		cmocka_unit_test(defaults_fill_what_the_file_leaves_out),
		cmocka_unit_test(free_keys_are_kept_in_order),
		cmocka_unit_test(every_mistake_is_one_line_with_its_place_and_remedy),
		cmocka_unit_test(a_secret_that_stands_in_the_file_is_never_shown),
		cmocka_unit_test(all_problems_are_collected_up_to_fifty),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(what_show_prints_loads_to_the_same),
		cmocka_unit_test(changes_that_wait_for_a_restart_are_named),
		cmocka_unit_test(the_schema_follows_the_rows),
		cmocka_unit_test(the_manual_and_help_speak_of_what_is_available),
		cmocka_unit_test(a_snapshot_lives_as_long_as_somebody_reads_it),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
