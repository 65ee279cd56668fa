/* The configuration as plain data.  References that do not exist become the array's length: the
 * table's check has refused them before anybody else sees the workspace. */
#include "sluice/policy/workspace.h"

#include "sluice/config/snapshot.h"
#include "sluice/core/str.h"

#include <string.h>

struct loading {
	const struct sl_config *config;
	struct sl_arena *arena;
	struct sl_workspace *out;
};

static const char *text(const struct loading *loading, const struct sl_config_node *node,
	const char *key)
{
	const char *value = sl_config_get_str(node, key);

	return sl_arena_strdup(loading->arena, value ? value : "");
}

static int64_t limit(const struct sl_config_node *node, const char *key)
{
	const struct sl_config_node *value = sl_config_get(node, key);

	return value ? sl_config_int(value) : SL_LIMIT_UNSAID;
}

/* What is said at the top holds where the environment does not say otherwise. */
static const struct sl_config_node *drift_option(const struct loading *loading,
	const struct sl_config_node *environment, const char *key)
{
	const struct sl_config_node *own = sl_config_get(sl_config_get(environment, "drift"), key);

	return own ? own : sl_config_get(sl_config_at(loading->config, "drift"), key);
}

static void load_environments(struct loading *loading)
{
	const struct sl_config_node *list = sl_config_at(loading->config, "environments");
	size_t n = sl_config_len(list);
	struct sl_environment *at = sl_arena_calloc(loading->arena, n + 1, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		const struct sl_config_node *node = sl_config_item(list, i);

		at[i].name = text(loading, node, "name");
		if (!sl_mode_parse(&at[i].mode, sl_config_get_str(node, "mode")))
			at[i].mode = SL_MODE_OBSERVE;
		at[i].lock_us = limit(node, "lock_timeout");
		at[i].give_up_us = sl_config_int(sl_config_get(node, "lock_give_up"));
		at[i].statement_us = limit(node, "statement_timeout");
		at[i].drift_every_us = sl_config_int(drift_option(loading, node, "every"));
		at[i].drift_hold = sl_str_eq(
			sl_config_str(drift_option(loading, node, "before_run")), "hold");
	}
	loading->out->environments = at;
	loading->out->environments_len = n;
}

static void load_labels(struct loading *loading, const struct sl_config_node *map,
	struct sl_target *out)
{
	size_t n = sl_config_len(map);
	struct sl_label *at = sl_arena_calloc(loading->arena, n + 1, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		at[i].key = sl_arena_strdup(loading->arena, sl_config_key(map, i));
		at[i].value = sl_arena_strdup(loading->arena,
			sl_config_str(sl_config_item(map, i)));
	}
	out->labels = at;
	out->labels_len = n;
}

static enum sl_dialect dialect_of(const char *url)
{
	static const struct {
		const char *scheme;
		enum sl_dialect dialect;
	} rows[] = {
		{ "sqlite:", SL_DIALECT_SQLITE },
		{ "mysql:", SL_DIALECT_MYSQL },
		{ "mariadb:", SL_DIALECT_MARIADB },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (sl_str_starts(url, rows[i].scheme))
			return rows[i].dialect;
	return SL_DIALECT_POSTGRES;
}

static void load_targets(struct loading *loading)
{
	const struct sl_config_node *list = sl_config_at(loading->config, "targets");
	size_t n = sl_config_len(list);
	struct sl_target *at = sl_arena_calloc(loading->arena, n + 1, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		const struct sl_config_node *node = sl_config_item(list, i);

		at[i].name = text(loading, node, "name");
		at[i].environment = sl_workspace_environment(loading->out,
			sl_config_get_str(node, "environment"));
		at[i].url = text(loading, node, "url");
		at[i].password = text(loading, node, "password");
		at[i].dialect = dialect_of(at[i].url);
		at[i].lock_us = limit(node, "lock_timeout");
		at[i].statement_us = limit(node, "statement_timeout");
		load_labels(loading, sl_config_get(node, "labels"), &at[i]);
	}
	loading->out->targets = at;
	loading->out->targets_len = n;
}

static void load_users(struct loading *loading)
{
	const struct sl_config_node *list = sl_config_at(loading->config, "users");
	size_t n = sl_config_len(list);
	struct sl_user *at = sl_arena_calloc(loading->arena, n + 1, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		const struct sl_config_node *node = sl_config_item(list, i);

		at[i].name = text(loading, node, "name");
		at[i].email = text(loading, node, "email");
		at[i].unix_name = text(loading, node, "unix");
		at[i].token = text(loading, node, "token");
	}
	loading->out->users = at;
	loading->out->users_len = n;
}

static void load_roles(struct loading *loading)
{
	const struct sl_config_node *map = sl_config_at(loading->config, "roles");
	size_t n = sl_config_len(map);
	struct sl_role *at = sl_arena_calloc(loading->arena, n + 1, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		const struct sl_config_node *list = sl_config_item(map, i);
		size_t len = sl_config_len(list);
		size_t *users = sl_arena_calloc(loading->arena, len + 1, sizeof(*users));

		for (size_t k = 0; k < len; k++)
			users[k] = sl_workspace_user(loading->out,
				sl_config_str(sl_config_item(list, k)));
		at[i] = (struct sl_role){
			.name = sl_arena_strdup(loading->arena, sl_config_key(map, i)),
			.users = users,
			.users_len = len,
		};
	}
	loading->out->roles = at;
	loading->out->roles_len = n;
}

/* The host's URL, a slash, the path; without a host the path alone. */
static const char *repository_of(const struct loading *loading, const struct sl_config_node *node)
{
	const struct sl_config_node *hosts = sl_config_at(loading->config, "hosts");
	const char *host = sl_config_get_str(node, "host");
	const char *path = sl_config_get_str(node, "path");

	for (size_t i = 0; host && i < sl_config_len(hosts); i++) {
		const struct sl_config_node *row = sl_config_item(hosts, i);
		const char *url = sl_config_get_str(row, "url");

		if (sl_str_eq(sl_config_get_str(row, "name"), host))
			return sl_arena_printf(loading->arena, "%s%s%s", url,
				sl_str_ends(url, "/") ? "" : "/", path);
	}
	return sl_arena_strdup(loading->arena, path);
}

static const char *folder(const struct loading *loading, const char *path)
{
	size_t len;

	while (sl_str_starts(path, "./"))
		path += 2;
	len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	return sl_arena_strndup(loading->arena, path, len == 1 && path[0] == '.' ? 0 : len);
}

static void load_migrations(struct loading *loading, const struct sl_config_node *list,
	struct sl_project *out)
{
	size_t n = sl_config_len(list);
	struct sl_migrations_entry *at = sl_arena_calloc(loading->arena, n + 1, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		const struct sl_config_node *node = sl_config_item(list, i);

		at[i].path = folder(loading, sl_config_get_str(node, "path"));
		at[i].layout = text(loading, node, "layout");
		at[i].ledger = text(loading, node, "ledger");
		at[i].targets = text(loading, node, "targets");
		at[i].adopts_history = sl_str_eq(sl_config_get_str(node, "history"), "adopt");
	}
	out->migrations = at;
	out->migrations_len = n;
}

static void load_modes(struct loading *loading, const struct sl_config_node *map,
	struct sl_project *out)
{
	const struct sl_workspace *workspace = loading->out;
	enum sl_mode *at = sl_arena_calloc(loading->arena, workspace->environments_len + 1,
		sizeof(*at));

	for (size_t i = 0; i < workspace->environments_len; i++) {
		const struct sl_environment *environment = &workspace->environments[i];

		const char *own = sl_config_get_str(map, environment->name);

		at[i] = environment->mode;
		if (own && own[0] != '\0')
			(void)!sl_mode_parse(&at[i], own);
	}
	out->modes = at;
}

enum sl_mode sl_project_mode(const struct sl_workspace *workspace, const struct sl_project *project,
	size_t environment)
{
	return project->modes ? project->modes[environment] :
				workspace->environments[environment].mode;
}

static void load_projects(struct loading *loading)
{
	const struct sl_config_node *list = sl_config_at(loading->config, "projects");
	size_t n = sl_config_len(list);
	struct sl_project *at = sl_arena_calloc(loading->arena, n + 1, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		const struct sl_config_node *node = sl_config_item(list, i);
		const struct sl_config_node *repository = sl_config_get(node, "repository");

		at[i].name = text(loading, node, "name");
		at[i].repository = repository_of(loading, repository);
		at[i].branch = text(loading, repository, "branch");
		load_modes(loading, sl_config_get(node, "modes"), &at[i]);
		load_migrations(loading, sl_config_get(node, "migrations"), &at[i]);
	}
	loading->out->projects = at;
	loading->out->projects_len = n;
}

static void load_risk(struct loading *loading)
{
	const struct sl_config_node *list = sl_config_at(loading->config, "risk");
	size_t n = sl_config_len(list);
	struct sl_risk_rule *at = sl_arena_calloc(loading->arena, n + 1, sizeof(*at));

	for (size_t i = 0; i < n; i++) {
		const struct sl_config_node *node = sl_config_item(list, i);

		if (!sl_risk_parse(&at[i].level, sl_config_get_str(node, "level")))
			at[i].level = SL_RISK_HIGH;
		at[i].when = text(loading, node, "when");
	}
	loading->out->risk = at;
	loading->out->risk_len = n;
}

static void load_approvals(struct loading *loading)
{
	const struct sl_config_node *map = sl_config_at(loading->config, "approvals");

	for (unsigned level = 0; level < SL_RISK_COUNT; level++) {
		const struct sl_config_node *list = sl_config_get(map,
			sl_risk_name((enum sl_risk)level));
		size_t n = sl_config_len(list);
		struct sl_approval_step *at = sl_arena_calloc(loading->arena, n + 1, sizeof(*at));

		for (size_t i = 0; i < n; i++) {
			const struct sl_config_node *node = sl_config_item(list, i);

			at[i].role = text(loading, node, "role");
			at[i].count = (unsigned)sl_config_get_int(node, "count");
		}
		loading->out->approvals[level] = (struct sl_approval_flow){ at, n };
	}
}

static void load_route(struct loading *loading, const struct sl_config_node *node,
	struct sl_route *out)
{
	const struct sl_config_node *environments = sl_config_get(node, "environments");
	const struct sl_config_node *events = sl_config_get(node, "events");
	size_t *indices = sl_arena_calloc(loading->arena, sl_config_len(environments) + 1,
		sizeof(*indices));
	const char **kinds = sl_arena_calloc(loading->arena, sl_config_len(events) + 1,
		sizeof(*kinds));

	for (size_t i = 0; i < sl_config_len(environments); i++)
		indices[i] = sl_workspace_environment(loading->out,
			sl_config_str(sl_config_item(environments, i)));
	for (size_t i = 0; i < sl_config_len(events); i++)
		kinds[i] = sl_arena_strdup(loading->arena,
			sl_config_str(sl_config_item(events, i)));
	*out = (struct sl_route){ .name = text(loading, node, "name"),
		.kind = text(loading, node, "kind"),
		.url = text(loading, node, "url"),
		.secret = text(loading, node, "secret"),
		.environments = indices,
		.environments_len = sl_config_len(environments),
		.events = kinds,
		.events_len = sl_config_len(events) };
}

static void load_routes(struct loading *loading)
{
	const struct sl_config_node *list = sl_config_at(loading->config, "routes");
	size_t n = sl_config_len(list);
	struct sl_route *at = sl_arena_calloc(loading->arena, n + 1, sizeof(*at));

	for (size_t i = 0; i < n; i++)
		load_route(loading, sl_config_item(list, i), &at[i]);
	loading->out->routes = at;
	loading->out->routes_len = n;
}

const struct sl_workspace *sl_workspace_load(const struct sl_config *config, struct sl_arena *arena)
{
	struct loading loading = { config, arena,
		sl_arena_calloc(arena, 1, sizeof(struct sl_workspace)) };

	load_environments(&loading);
	load_targets(&loading);
	load_users(&loading);
	load_roles(&loading);
	load_projects(&loading);
	load_risk(&loading);
	load_approvals(&loading);
	load_routes(&loading);
	return loading.out;
}
