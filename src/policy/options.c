/* The rows of the configuration that describe the workspace. */
#include "sluice/policy/workspace.h"

#include "sluice/config/secret.h"
#include "sluice/core/str.h"

#include "check.h"

#include <string.h>

#define NAME_MAX_LEN 63

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char digits[] = "0123456789";

/* Whether the text is made of letters, digits and the given others only. */
static bool made_of(const char *text, bool capitals, const char *others)
{
	for (; *text != '\0'; text++) {
		if (!strchr(lower, *text) && !strchr(digits, *text) && !strchr(others, *text) &&
			!(capitals && strchr(upper, *text)))
			return false;
	}
	return true;
}

static bool fits(const char *text)
{
	return text[0] != '\0' && strlen(text) <= NAME_MAX_LEN;
}

static enum sl_code check_name(const char *text, struct sl_error *err)
{
	if (fits(text) && made_of(text, true, "-_.") && !strchr("-_.", text[0]))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL,
		"a name is at most 63 letters, digits, '-', '_' and '.', and begins with one of the "
		"first two");
}

static enum sl_code check_member(const char *text, struct sl_error *err)
{
	if (!strchr(text, ':'))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL,
		"groups of a host are not available in this version: name the users");
}

static enum sl_code check_label(const char *text, struct sl_error *err)
{
	if (text[0] != '\0' && strlen(text) <= 255)
		return SL_OK;
	return sl_error_set(err, SL_EINVAL, "a label's value is 1 to 255 bytes");
}

static enum sl_code check_scope(const char *text, struct sl_error *err)
{
	if (fits(text) && made_of(text, false, "-_"))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL,
		"a ledger's name is at most 63 small letters, digits, '-' and '_'");
}

static enum sl_code check_email(const char *text, struct sl_error *err)
{
	const char *at = strchr(text, '@');

	if (at && at != text && at[1] != '\0' && !strpbrk(text, " <>,;"))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL, "an e-mail address is name@example.com");
}

/* A folder inside a repository. */
static enum sl_code check_folder(const char *text, struct sl_error *err)
{
	bool up = sl_str_eq(text, "..") || sl_str_starts(text, "../") || strstr(text, "/../") ||
		sl_str_ends(text, "/..");

	if (text[0] != '/' && !up && !strstr(text, "//"))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL,
		"a folder is given from the root of the repository, as in db/migrations");
}

static enum sl_code check_repository(const char *text, struct sl_error *err)
{
	if (text[0] == '\0')
		return sl_error_set(err, SL_EINVAL, "a repository is a path or a URL");
	if (sl_url_has_password(text))
		return sl_error_set(err, SL_EINVAL,
			"a URL holds no password: use an SSH key or a credential helper");
	return SL_OK;
}

/* MySQL has no database that goes without saying, and its ledger stands in one. */
static enum sl_code check_target_url(const char *text, struct sl_error *err)
{
	bool mysql = sl_str_starts(text, "mysql://") || sl_str_starts(text, "mariadb://");
	const char *host = mysql ? strstr(text, "://") + strlen("://") : text;
	const char *slash = mysql ? strchr(host, '/') : text;

	if (!mysql || (slash && slash[1] != '\0' && slash[1] != '?'))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL,
		"the URL must name the database, as in mysql://USER@HOST:PORT/DB");
}

static enum sl_code check_route_url(const char *text, struct sl_error *err)
{
	bool web = sl_str_starts(text, "https://") || sl_str_starts(text, "http://");

	if (sl_secret_is_reference(text) || (web && !sl_url_has_password(text)))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL,
		"must be an http or https URL without a password, or the reference of one (env:NAME, "
		"file:/path)");
}

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static const char *const modes[] = { "observe", "review", "gate", "apply", NULL };
static const char *const drift_policies[] = { "notice", "hold", NULL };
static const char *const levels[] = { "low", "moderate", "high", NULL };
static const char *const schemes[] = { "sqlite", "postgres", "mysql", "mariadb", NULL };
static const char *const host_kinds[] = { "plain", NULL };
static const char *const host_kinds_later[] = { "gitlab", "github", "gitea", "forgejo", "bitbucket",
	"azure", "gitbucket", NULL };
static const char *const layouts[] = { "auto", "plain", "flyway", "golang-migrate", "goose",
	"dbmate", "diesel", "prisma", "sqlx", NULL };
static const char *const layouts_later[] = { "atlas", "sqitch", "liquibase", "bytebase", "drizzle",
	"supabase", NULL };
static const char *const histories[] = { "ask", "adopt", NULL };
static const char *const route_kinds[] = { "webhook", NULL };
static const char *const route_kinds_later[] = { "slack", "teams", "discord", "dingtalk", "feishu",
	"wecom", "telegram", "mattermost", "googlechat", "email", "pagerduty", NULL };

_Static_assert(LEN(modes) - 1 == SL_MODE_COUNT, "a mode has no word");
_Static_assert(LEN(levels) - 1 == SL_RISK_COUNT, "a level has no word");

#define NAME SL_OPTION_REQUIRED | SL_OPTION_UNIQUE

static const struct sl_option rows[] = {
	{ .path = "hosts[].name",
		.type = SL_OPTION_STRING,
		.flags = NAME,
		.check = check_name,
		.doc = "What projects call this host." },
	{ .path = "hosts[].kind",
		.type = SL_OPTION_ENUM,
		.flags = SL_OPTION_REQUIRED,
		.names = host_kinds,
		.later_names = host_kinds_later,
		.doc = "What answers there; plain is Git and nothing else." },
	{ .path = "hosts[].url",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED,
		.check = check_repository,
		.doc = "What stands before a repository's path: a folder or a URL." },
	{ .path = "hosts[].token",
		.type = SL_OPTION_SECRET,
		.flags = SL_OPTION_LATER,
		.doc = "Token for the host's API." },
	{ .path = "hosts[].webhook_secrets",
		.type = SL_OPTION_ANY,
		.flags = SL_OPTION_LATER,
		.doc = "Secrets that the host's deliveries are signed with." },

	{ .path = "users[].name",
		.type = SL_OPTION_STRING,
		.flags = NAME,
		.check = check_name,
		.doc = "What the person is called everywhere." },
	{ .path = "users[].email",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_UNIQUE,
		.check = check_email,
		.doc = "Address of the person; in a commit it counts against approving, never for." },
	{ .path = "users[].unix",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_UNIQUE,
		.check = check_name,
		.doc = "Account of the person on this machine, who is asking over the socket." },
	{ .path = "users[].token",
		.type = SL_OPTION_SECRET,
		.flags = SL_OPTION_UNIQUE,
		.doc = "Token with which the person asks over the API, the pages and the socket." },
	{ .path = "users[].logins",
		.type = SL_OPTION_ANY,
		.flags = SL_OPTION_LATER,
		.doc = "The person's login on each host." },
	{ .path = "roles.*[]",
		.type = SL_OPTION_STRING,
		.check = check_member,
		.doc = "Users who have the role; owner, dba, reviewer, operator and developer may do "
		       "more than approve." },

	{ .path = "environments[].name",
		.type = SL_OPTION_STRING,
		.flags = NAME,
		.check = check_name,
		.doc = "Name of the environment; changes flow through them in the file's order." },
	{ .path = "environments[].mode",
		.type = SL_OPTION_ENUM,
		.fallback = "apply",
		.names = modes,
		.doc = "How far Sluice goes here: observe says what it would block, review blocks, gate "
		       "asks for approvals too and leaves applying to the team's own tool, apply "
		       "applies." },
	{ .path = "environments[].lock_timeout",
		.type = SL_OPTION_DURATION,
		.doc = "How long a statement may wait for a lock in its targets (3s unless the login "
		       "has a bound of its own); 0 is no bound." },
	{ .path = "environments[].lock_give_up",
		.type = SL_OPTION_DURATION,
		.fallback = "4h",
		.max = INT64_MAX,
		.doc = "How long a task is tried again whose statement does not get its lock; then it "
		       "has failed, which the routes are told, and waits for a person. 0s tries for "
		       "ever." },
	{ .path = "environments[].statement_timeout",
		.type = SL_OPTION_DURATION,
		.doc = "How long a statement may run in its targets (1h unless the login has a bound "
		       "of its own); 0 is no bound." },
	{ .path = "environments[].drift.every",
		.type = SL_OPTION_DURATION,
		.max = INT64_MAX,
		.doc = "As drift.every, for the targets of this environment." },
	{ .path = "environments[].drift.before_run",
		.type = SL_OPTION_ENUM,
		.names = drift_policies,
		.doc = "As drift.before_run, for the targets of this environment." },
	{ .path = "environments[].soak",
		.type = SL_OPTION_DURATION,
		.flags = SL_OPTION_LATER,
		.doc = "How long a change stays here before the next environment." },
	{ .path = "environments[].waves",
		.type = SL_OPTION_ANY,
		.flags = SL_OPTION_LATER,
		.doc = "Batches of targets, with canaries." },
	{ .path = "environments[].failure_budget",
		.type = SL_OPTION_ANY,
		.flags = SL_OPTION_LATER,
		.doc = "How many targets may fail before a stage stops." },
	{ .path = "environments[].windows",
		.type = SL_OPTION_ANY,
		.flags = SL_OPTION_LATER,
		.doc = "When stages may start." },

	{ .path = "drift",
		.type = SL_OPTION_SECTION,
		.doc = "Structures that somebody changed by other means than a run of Sluice." },
	{ .path = "drift.every",
		.type = SL_OPTION_DURATION,
		.fallback = "1h",
		.max = INT64_MAX,
		.doc = "How often the structure of each target is compared with its last snapshot; 0s "
		       "compares only when somebody asks." },
	{ .path = "drift.before_run",
		.type = SL_OPTION_ENUM,
		.fallback = "notice",
		.names = drift_policies,
		.doc = "What a run does on a target that has drifted: notice says so and goes on, hold "
		       "waits until the drift is accepted or gone." },

	{ .path = "targets[].name",
		.type = SL_OPTION_STRING,
		.flags = NAME,
		.check = check_name,
		.doc = "Name of the database: its identity, so keep it." },
	{ .path = "targets[].environment",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED,
		.doc = "The environment that it belongs to." },
	{ .path = "targets[].url",
		.type = SL_OPTION_URL,
		.flags = SL_OPTION_REQUIRED,
		.names = schemes,
		.check = check_target_url,
		.doc = "sqlite:PATH, postgres://USER@HOST:PORT/DB or mysql://USER@HOST:PORT/DB (MariaDB "
		       "too), without a password." },
	{ .path = "targets[].password",
		.type = SL_OPTION_SECRET,
		.doc = "Password of the URL's user." },
	{ .path = "targets[].lock_timeout",
		.type = SL_OPTION_DURATION,
		.doc = "How long a statement may wait for a lock here, else as the environment says; 0 "
		       "is no bound." },
	{ .path = "targets[].statement_timeout",
		.type = SL_OPTION_DURATION,
		.doc = "How long a statement may run here, else as the environment says; 0 is no "
		       "bound." },
	{ .path = "targets[].labels.*",
		.type = SL_OPTION_STRING,
		.check = check_label,
		.doc = "Keys and values by which selectors and rules find it." },

	{ .path = "projects[].name",
		.type = SL_OPTION_STRING,
		.flags = NAME,
		.check = check_name,
		.doc = "Name of the project." },
	{ .path = "projects[].repository",
		.type = SL_OPTION_SECTION,
		.flags = SL_OPTION_REQUIRED,
		.doc = "Where its migrations come from." },
	{ .path = "projects[].repository.host",
		.type = SL_OPTION_STRING,
		.doc = "The host that holds it; without one the path is all there is." },
	{ .path = "projects[].repository.path",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED,
		.check = check_repository,
		.doc = "Path on the host, or without a host a path or URL of its own." },
	{ .path = "projects[].repository.branch",
		.type = SL_OPTION_STRING,
		.fallback = "main",
		.doc = "The branch that changes are merged to." },
	{ .path = "projects[].modes.*",
		.type = SL_OPTION_ENUM,
		.names = modes,
		.doc = "The mode of this project in an environment, where it is not the environment's "
		       "own." },
	{ .path = "projects[].migrations",
		.type = SL_OPTION_SECTION,
		.flags = SL_OPTION_REQUIRED,
		.doc = "The folders of migrations, and where each goes." },
	{ .path = "projects[].migrations[].path",
		.type = SL_OPTION_STRING,
		.fallback = "migrations",
		.check = check_folder,
		.doc = "Folder in the repository." },
	{ .path = "projects[].migrations[].layout",
		.type = SL_OPTION_ENUM,
		.fallback = "auto",
		.names = layouts,
		.later_names = layouts_later,
		.doc = "How the files are named and written; auto recognises it." },
	{ .path = "projects[].migrations[].ledger",
		.type = SL_OPTION_STRING,
		.fallback = "default",
		.check = check_scope,
		.doc = "Scope of the record in the target of what ran: two folders for one target need "
		       "two." },
	{ .path = "projects[].migrations[].history",
		.type = SL_OPTION_ENUM,
		.fallback = "ask",
		.names = histories,
		.doc = "What another tool recorded as applied in a target (Flyway, goose, Prisma, ...): "
		       "adopt takes it over, ask refuses until somebody says `sluice target adopt`." },
	{ .path = "projects[].migrations[].targets",
		.type = SL_OPTION_EXPR,
		.flags = SL_OPTION_REQUIRED,
		.doc = "Selector of the targets: an SQL expression over environment, target, engine and "
		       "labels." },

	{ .path = "risk[].level",
		.type = SL_OPTION_ENUM,
		.flags = SL_OPTION_REQUIRED,
		.names = levels,
		.doc = "The risk of a statement for which the condition is true." },
	{ .path = "risk[].when",
		.type = SL_OPTION_EXPR,
		.flags = SL_OPTION_REQUIRED,
		.doc = "SQL expression over environment, target, engine, project, kind, verb, table, "
		       "affected_rows and labels; the first that is true decides, NULL, an error or "
		       "none is high." },
	{ .path = "approvals.low[].role",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED,
		.doc = "Role that answers this step when the risk is low." },
	{ .path = "approvals.low[].count",
		.type = SL_OPTION_INT,
		.fallback = "1",
		.min = 1,
		.max = 100,
		.doc = "How many people of the role." },
	{ .path = "approvals.moderate[].role",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED,
		.doc = "Role that answers this step when the risk is moderate." },
	{ .path = "approvals.moderate[].count",
		.type = SL_OPTION_INT,
		.fallback = "1",
		.min = 1,
		.max = 100,
		.doc = "How many people of the role." },
	{ .path = "approvals.high[].role",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED,
		.doc = "Role that answers this step when the risk is high." },
	{ .path = "approvals.high[].count",
		.type = SL_OPTION_INT,
		.fallback = "1",
		.min = 1,
		.max = 100,
		.doc = "How many people of the role." },

	{ .path = "routes[].name",
		.type = SL_OPTION_STRING,
		.flags = NAME,
		.check = check_name,
		.doc = "Name of the route." },
	{ .path = "routes[].kind",
		.type = SL_OPTION_ENUM,
		.flags = SL_OPTION_REQUIRED,
		.names = route_kinds,
		.later_names = route_kinds_later,
		.doc = "Who listens there; a webhook gets signed JSON." },
	{ .path = "routes[].url",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_REQUIRED,
		.check = check_route_url,
		.doc = "Where messages go: a URL, or the reference of one that is a secret itself." },
	{ .path = "routes[].secret",
		.type = SL_OPTION_SECRET,
		.doc = "Key that messages are signed with." },
	{ .path = "routes[].environments[]",
		.type = SL_OPTION_STRING,
		.flags = SL_OPTION_UNIQUE,
		.doc = "Only what concerns these environments; without it all." },
	{ .path = "routes[].events[]",
		.type = SL_OPTION_GLOB,
		.flags = SL_OPTION_UNIQUE,
		.doc = "Only these kinds of events, as in task.failed or task.*; without it all." },
};

const struct sl_option_table sl_policy_options = {
	.rows = rows,
	.n = LEN(rows),
	.check = policy_check,
};
