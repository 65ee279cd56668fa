/* The configured world: read, checked, and its expressions at work. */
#include "sluice/policy/risk.h"
#include "sluice/policy/workspace.h"

#include "sluice/config/snapshot.h"
#include "sluice/core/str.h"
#include "sluice/review/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct sl_option_table *const tables[] = { &sl_policy_options };
static const struct sl_option_set set = { tables, 1 };

static const char shop[] =
	"users:\n"
	"  - {name: ana, email: ana@example.com, token: 'file:/run/ana.token'}\n"
	"  - {name: dana, unix: dana}\n"
	"roles: {developer: [ana], dba: [dana], owner: [dana]}\n"
	"hosts: [{name: local, kind: plain, url: /srv/git}]\n"
	"environments: [{name: dev}, {name: prod, mode: gate, drift: {every: 0s, before_run: hold}}]\n"
	"targets:\n"
	"  - {name: shop-dev, environment: dev, url: 'sqlite:dev.db', labels: {app: shop}}\n"
	"  - {name: shop-prod, environment: prod, url: 'postgres://deploy@db1/shop',\n"
	"     password: env:SHOP_PROD, labels: {app: shop, region: eu}}\n"
	"  - {name: crm-prod, environment: prod, url: 'postgres://deploy@db1/crm', labels: {app: crm}}\n"
	"projects:\n"
	"  - name: shop\n"
	"    repository: {host: local, path: shop.git}\n"
	"    modes: {dev: observe}\n"
	"    migrations: [{path: ./db/migrations/, targets: \"app = 'shop'\"}]\n"
	"risk:\n"
	"  - {level: high,     when: \"environment = 'prod' and kind = 'ddl'\"}\n"
	"  - {level: moderate, when: \"environment = 'prod' and kind = 'dml' and affected_rows < 1000\"}\n"
	"  - {level: high,     when: \"environment = 'prod'\"}\n"
	"  - {level: low,      when: \"true\"}\n"
	"approvals:\n"
	"  high: [{role: dba, count: 1}, {role: owner, count: 1}]\n"
	"  moderate: [{role: dba}]\n"
	"  low: []\n"
	"routes: [{name: ops, kind: webhook, url: env:OPS_URL, environments: [prod], events: ['task.*']}]\n";

struct world {
	struct sl_arena *arena;
	struct sl_config *config;
	const struct sl_workspace *workspace;
	struct sl_policy *policy;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct sl_config_text text = { "sluice.yaml", shop, strlen(shop) };
	struct sl_error err = SL_ERROR_INIT;

	world->arena = sl_arena_new();
	if (sl_config_parse(&world->config, &set, &text, NULL, &err) != SL_OK)
		fail_msg("%s", err.msg);
	world->workspace = sl_workspace_load(world->config, world->arena);
	assert_int_equal(sl_policy_new(&world->policy, world->workspace, &err), SL_OK);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	sl_policy_free(world->policy);
	sl_config_unref(world->config);
	sl_arena_free(world->arena);
	free(world);
	return 0;
}

static void a_workspace_is_what_its_file_says(void **state)
{
	const struct sl_workspace *ws = ((const struct world *)*state)->workspace;

	assert_int_equal(ws->environments_len, 2);
	assert_int_equal(ws->environments[0].mode, SL_MODE_APPLY);
	assert_int_equal(ws->environments[1].mode, SL_MODE_GATE);
	assert_int_equal(sl_project_mode(ws, &ws->projects[0], 0), SL_MODE_OBSERVE);
	assert_int_equal(sl_project_mode(ws, &ws->projects[0], 1), SL_MODE_GATE);
	assert_int_equal(ws->environments[0].drift_every_us, 3600 * INT64_C(1000000));
	assert_false(ws->environments[0].drift_hold);
	assert_int_equal(ws->environments[1].drift_every_us, 0);
	assert_true(ws->environments[1].drift_hold);
	assert_int_equal(ws->targets_len, 3);
	assert_int_equal(ws->targets[0].dialect, SL_DIALECT_SQLITE);
	assert_int_equal(ws->targets[1].environment, 1);
	assert_string_equal(ws->targets[1].password, "env:SHOP_PROD");
	assert_string_equal(ws->targets[1].labels[1].value, "eu");
	assert_string_equal(ws->projects[0].repository, "/srv/git/shop.git");
	assert_string_equal(ws->projects[0].branch, "main");
	assert_string_equal(ws->projects[0].migrations[0].path, "db/migrations");
	assert_string_equal(ws->projects[0].migrations[0].layout, "auto");
	assert_string_equal(ws->projects[0].migrations[0].ledger, "default");
	assert_int_equal(ws->approvals[SL_RISK_HIGH].len, 2);
	assert_int_equal(ws->approvals[SL_RISK_MODERATE].steps[0].count, 1);
	assert_int_equal(ws->approvals[SL_RISK_LOW].len, 0);
	assert_int_equal(ws->routes[0].environments[0], 1);
	assert_string_equal(ws->routes[0].events[0], "task.*");
	assert_string_equal(ws->routes[0].secret, "");
}

static void people_are_found_by_what_they_are_known_by(void **state)
{
	const struct sl_workspace *ws = ((const struct world *)*state)->workspace;

	assert_int_equal(sl_workspace_user_by_email(ws, "ANA@example.com"), 0);
	assert_int_equal(sl_workspace_user_by_email(ws, ""), 2);
	assert_int_equal(sl_workspace_user_by_unix(ws, "dana"), 1);
	assert_int_equal(sl_workspace_user_by_unix(ws, ""), 2);
	assert_int_equal(sl_workspace_user(ws, "eve"), 2);
	assert_int_equal(sl_workspace_target(ws, "crm-prod"), 2);
}

static void a_selector_takes_the_targets_for_which_it_is_true(void **state)
{
	struct world *world = *state;
	struct sl_error err = SL_ERROR_INIT;
	struct sl_selection found;

	static const struct {
		const char *selector;
		size_t len, first;
	} rows[] = {
		{ "app = 'shop'", 2, 0 },
		{ "region = 'eu'", 1, 1 }, /* NULL for those without the label */
		{ "region <> 'eu'", 0, 0 },
		{ "environment = 'prod' and engine = 'postgres'", 2, 1 },
		{ "target in ('crm-prod')", 1, 2 },
		{ "true", 3, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (sl_policy_select(world->policy, rows[i].selector, world->arena, &found, &err) !=
			SL_OK)
			fail_msg("%s", err.msg);
		assert_int_equal(found.len, rows[i].len);
		if (found.len > 0)
			assert_int_equal(found.at[0], rows[i].first);
	}
}

static void a_selector_does_not_see_statements(void **state)
{
	struct world *world = *state;
	struct sl_error err = SL_ERROR_INIT;
	struct sl_selection found;

	assert_int_equal(
		sl_policy_select(world->policy, "kind = 'ddl'", world->arena, &found, &err),
		SL_EINVAL);
	assert_non_null(strstr(err.msg, "unknown name 'kind'"));
}

static void the_first_rule_that_matches_gives_the_risk(void **state)
{
	struct world *world = *state;

	static const struct {
		size_t target;
		const char *kind;
		int64_t rows;
		enum sl_risk level;
		const char *why;
	} rows[] = {
		{ 1, "ddl", -1, SL_RISK_HIGH, "rule 1 (high) matched" },
		{ 1, "dml", 999, SL_RISK_MODERATE, "rule 2 (moderate) matched" },
		{ 1, "dml", 1000, SL_RISK_HIGH, "rule 3 (high) matched" },
		{ 1, "dml", -1, SL_RISK_HIGH, "rule 2 could not be decided" },
		{ 0, "ddl", -1, SL_RISK_LOW, "rule 4 (low) matched" },
		{ 0, "dml", -1, SL_RISK_LOW, "rule 4 (low) matched" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sl_risk_facts facts = { .target = rows[i].target,
			.project = "shop",
			.kind = rows[i].kind,
			.verb = "",
			.table = "",
			.affected_rows = rows[i].rows };
		struct sl_risk_level level;

		sl_policy_risk(world->policy, &facts, world->arena, &level);
		assert_string_equal(level.why, rows[i].why);
		assert_int_equal(level.level, rows[i].level);
	}
}

static void no_rule_means_the_highest_risk(void **state)
{
	struct world *world = *state;
	struct sl_workspace bare = *world->workspace;
	sl_auto(sl_policy_free_p) struct sl_policy *policy = NULL;
	const struct sl_risk_facts facts = { .kind = "ddl", .affected_rows = -1 };
	struct sl_risk_level level;

	bare.risk_len = 0;
	assert_int_equal(sl_policy_new(&policy, &bare, NULL), SL_OK);
	sl_policy_risk(policy, &facts, world->arena, &level);
	assert_int_equal(level.level, SL_RISK_HIGH);
	assert_int_equal(level.rule, 0);
	assert_string_equal(level.why, "no rule matched");
}

/* --- what is refused ------------------------------------------------------------------------ */

/* The file with one piece of its text replaced must be refused with this message. */
static const struct {
	const char *old, *replacement, *message;
} wrong[] = {
	{ "environment: prod, url: 'postgres://deploy@db1/crm'",
		"environment: prd, url: 'postgres://deploy@db1/crm'",
		"there is no environment 'prd', did you mean 'prod'?" },
	{ "dba: [dana]", "dba: [dan]", "there is no user 'dan', did you mean 'dana'?" },
	{ "dba: [dana]", "dba: ['gitlab:acme/dba']", "groups of a host are not available" },
	{ "{role: dba, count: 1}", "{role: dbaa, count: 1}",
		"there is no role 'dbaa', did you mean 'dba'?" },
	{ "{role: dba, count: 1}", "{role: dba, count: 2}",
		"needs 2 of the role dba, which 1 person has" },
	{ "host: local", "host: locla", "there is no host 'locla', did you mean 'local'?" },
	{ "app = 'shop'", "app = 'shp'", "'shop'" },
	{ "app = 'shop'", "ap = 'shop'", "'app'" },
	{ "environment = 'prod' and kind = 'ddl'", "environment = 'prod' and kind = 'dll'",
		"'ddl'" },
	{ "environment = 'prod' and kind = 'ddl'", "environment = 'pord'", "'prod'" },
	{ "environments: [prod]", "environments: [pro]",
		"there is no environment 'pro', did you mean 'prod'?" },
	{ "modes: {dev: observe}", "modes: {dve: observe}",
		"there is no environment 'dve', did you mean 'dev'?" },
	{ "modes: {dev: observe}", "modes: {dev: watch}",
		"must be one of observe, review, gate, apply" },
	{ "labels: {app: crm}", "labels: {kind: crm}", "a label cannot be called kind" },
	{ "name: dev}", "name: dev, soak: 10m}", "is not available in this version" },
	{ "name: dev}", "name: dev, waves: [{canary: 1}]}", "is not available in this version" },
	{ "name: dev}", "name: dev, failure_budget: {count: 3}}",
		"is not available in this version" },
	{ "name: dev}", "name: dev, windows: [{allow: x}]}", "is not available in this version" },
	{ "kind: plain", "kind: gitlab", "is not available in this version" },
	{ "kind: webhook", "kind: slack", "is not available in this version" },
	{ "unix: dana", "logins: {local: dana}", "is not available in this version" },
	{ "postgres://deploy@db1/crm", "mysql://deploy@db1", "database" },
	{ "postgres://deploy@db1/crm", "postgres://deploy:hunter2@db1/crm", "password" },
	{ "email: ana@example.com", "emial: ana@example.com", "did you mean 'email'?" },
	{ "- {name: dana, unix: dana}", "- {name: ana, unix: dana}", "ana" },
	{ "targets: \"app = 'shop'\"}]",
		"targets: \"app = 'shop'\"}, {path: b, targets: \"region = 'eu'\"}]",
		"target shop-prod already takes db/migrations of project shop under the ledger "
		"'default'" },
	{ "db/migrations/", "../else", "a folder is given from the root of the repository" },
};

static enum sl_code parse_changed(size_t i, struct sl_error *err)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(sizeof(shop) + 1000);
	sl_auto(sl_config_unref_p) struct sl_config *config = NULL;
	const char *at = strstr(shop, wrong[i].old);
	struct sl_config_text whole = { .name = "sluice.yaml" };

	assert_non_null(at);
	sl_buf_add(&text, shop, (size_t)(at - shop));
	sl_buf_adds(&text, wrong[i].replacement);
	sl_buf_adds(&text, at + strlen(wrong[i].old));
	whole.text = sl_buf_str(&text);
	whole.len = text.len;
	return sl_config_parse(&config, &set, &whole, NULL, err);
}

static void a_mistake_is_refused_with_its_place_and_the_nearest_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sl_error err = SL_ERROR_INIT;

		if (parse_changed(i, &err) != SL_EINVAL)
			fail_msg("%s was taken", wrong[i].replacement);
		if (!strstr(err.msg, wrong[i].message) || !sl_str_starts(err.msg, "sluice.yaml:"))
			fail_msg("%s: %s", wrong[i].replacement, err.msg);
		assert_null(strstr(err.msg, "hunter2"));
	}
}

static void two_ledgers_may_share_a_target(void **state)
{
	static const char both[] = "environments: [{name: dev}]\n"
				   "targets: [{name: a, environment: dev, url: 'sqlite:a.db'}]\n"
				   "projects:\n"
				   "  - name: p\n"
				   "    repository: {path: p.git}\n"
				   "    migrations:\n"
				   "      - {path: x, targets: 'true'}\n"
				   "      - {path: y, ledger: second, targets: 'true'}\n";
	sl_auto(sl_config_unref_p) struct sl_config *config = NULL;
	struct sl_config_text text = { "sluice.yaml", both, strlen(both) };
	struct sl_error err = SL_ERROR_INIT;

	(void)state;
	if (sl_config_parse(&config, &set, &text, NULL, &err) != SL_OK)
		fail_msg("%s", err.msg);
}

static void each_key_of_the_example_works_or_is_named_as_not_available(void **state)
{
	static const struct sl_option_table *const all[] = { &sl_config_server_options,
		&sl_policy_options, &sl_review_options };
	static const struct sl_option_set whole = { all, 3 };
	static const char *const lines[] = {
		"deploy/examples/sluice.yaml:4:26: 'hosts[].kind' 'gitlab' is not available in this version",
		"deploy/examples/sluice.yaml:4:67: 'hosts[].token' is not available in this version",
		"deploy/examples/sluice.yaml:5:6: 'hosts[].webhook_secrets' is not available in this version",
		"deploy/examples/sluice.yaml:7:18: 'users[].logins' is not available in this version",
		"deploy/examples/sluice.yaml:9:15: 'roles.*[]' is wrong: groups of a host are not available in this version: name the users",
		"deploy/examples/sluice.yaml:10:11: 'roles.*[]' is wrong: groups of a host are not available in this version: name the users",
		"deploy/examples/sluice.yaml:13:21: 'environments[].soak' is not available in this version",
		"deploy/examples/sluice.yaml:16:5: 'environments[].waves' is not available in this version",
		"deploy/examples/sluice.yaml:17:5: 'environments[].failure_budget' is not available in this version",
		"deploy/examples/sluice.yaml:18:5: 'environments[].windows' is not available in this version",
		"deploy/examples/sluice.yaml:40:3: 'review.custom' is not available in this version",
		"deploy/examples/sluice.yaml:43:23: 'routes[].kind' 'slack' is not available in this version",
	};
	sl_auto(sl_problems_free_p) struct sl_problems *problems = sl_problems_new();
	struct sl_config *config = NULL;

	(void)state;
	assert_int_equal(
		sl_config_load(&config, &whole, "deploy/examples/sluice.yaml", problems, NULL),
		SL_EINVAL);
	for (size_t i = 0; i < sl_problems_len(problems); i++)
		assert_string_equal(sl_problems_at(problems, i), lines[i]);
	assert_int_equal(sl_problems_total(problems), sizeof(lines) / sizeof(lines[0]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_workspace_is_what_its_file_says),
		TEST(people_are_found_by_what_they_are_known_by),
		TEST(a_selector_takes_the_targets_for_which_it_is_true),
		TEST(a_selector_does_not_see_statements),
		TEST(the_first_rule_that_matches_gives_the_risk),
		TEST(no_rule_means_the_highest_risk),
		cmocka_unit_test(a_mistake_is_refused_with_its_place_and_the_nearest_name),
		cmocka_unit_test(each_key_of_the_example_works_or_is_named_as_not_available),
		cmocka_unit_test(two_ledgers_may_share_a_target),
	};

	return cmocka_run_group_tests_name("policy_workspace", tests, NULL, NULL);
}
