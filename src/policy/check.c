#include "check.h"

#include "sluice/core/str.h"
#include "sluice/policy/risk.h"
#include "sluice/policy/role.h"
#include "sluice/policy/workspace.h"
#include "vars.h"

struct checking {
	const struct sl_config *config;
	struct sl_problems *problems;
	struct sl_arena *arena;
	const struct sl_workspace *workspace;
	struct sl_policy *policy;
};

/* "there is no environment 'prd', did you mean 'prod'?" */
static void unknown(struct checking *checking, const struct sl_config_node *node, const char *what,
	const char *const *names, size_t n)
{
	const char *word = sl_config_str(node);
	const char *near = sl_nearest(word, names, n);

	if (near)
		sl_problems_add(checking->problems, checking->config, node,
			"there is no %s '%s', did you mean '%s'?", what, word, near);
	else
		sl_problems_add(checking->problems, checking->config, node, "there is no %s '%s'",
			what, word);
}

/* The `name` of every item of a list, or every key of a map. */
static const char *const *names_of(struct checking *checking, const char *section, size_t *n)
{
	const struct sl_config_node *list = sl_config_at(checking->config, section);
	const char **names;

	*n = sl_config_len(list);
	names = sl_arena_calloc(checking->arena, *n + 1, sizeof(*names));
	for (size_t i = 0; i < *n; i++)
		names[i] = sl_config_is_map(list) ?
			sl_config_key(list, i) :
			sl_config_get_str(sl_config_item(list, i), "name");
	return names;
}

static void must_name(struct checking *checking, const struct sl_config_node *node,
	const char *what, const char *section)
{
	size_t n = 0;
	const char *const *names = names_of(checking, section, &n);

	for (size_t i = 0; node && i < n; i++) {
		if (sl_str_eq(names[i], sl_config_str(node)))
			return;
	}
	if (node)
		unknown(checking, node, what, names, n);
}

static void check_targets(struct checking *checking)
{
	const struct sl_config_node *list = sl_config_at(checking->config, "targets");

	for (size_t i = 0; i < sl_config_len(list); i++)
		must_name(checking, sl_config_get(sl_config_item(list, i), "environment"),
			"environment", "environments");
}

static void check_roles(struct checking *checking)
{
	const struct sl_config_node *map = sl_config_at(checking->config, "roles");

	for (size_t i = 0; i < sl_config_len(map); i++) {
		const struct sl_config_node *list = sl_config_item(map, i);

		for (size_t k = 0; k < sl_config_len(list); k++)
			must_name(checking, sl_config_item(list, k), "user", "users");
	}
}

static unsigned people_in(const struct sl_workspace *workspace, const char *role)
{
	unsigned n = 0;

	for (size_t i = 0; i < workspace->users_len; i++)
		n += sl_policy_has_role(workspace, workspace->users[i].name, role);
	return n;
}

static void check_step(struct checking *checking, const struct sl_config_node *step)
{
	const struct sl_config_node *role = sl_config_get(step, "role");
	const char *name = sl_config_str(role);
	unsigned people = people_in(checking->workspace, name);
	int64_t count = sl_config_get_int(step, "count");
	size_t before = sl_problems_total(checking->problems);

	must_name(checking, role, "role", "roles");
	if (sl_problems_total(checking->problems) == before && count > people)
		sl_problems_add(checking->problems, checking->config, step,
			"needs %lld of the role %s, which %u %s", (long long)count, name, people,
			people == 1 ? "person has" : "people have");
}

static void check_approvals(struct checking *checking)
{
	const struct sl_config_node *map = sl_config_at(checking->config, "approvals");

	for (size_t i = 0; i < sl_config_len(map); i++) {
		const struct sl_config_node *steps = sl_config_item(map, i);

		for (size_t k = 0; k < sl_config_len(steps); k++)
			check_step(checking, sl_config_item(steps, k));
	}
}

static void check_mode(struct checking *checking, const char *name,
	const struct sl_config_node *node)
{
	size_t n = 0;
	const char *const *names = names_of(checking, "environments", &n);
	const char *near = sl_nearest(name, names, n);

	for (size_t i = 0; i < n; i++) {
		if (sl_str_eq(names[i], name))
			return;
	}
	if (near)
		sl_problems_add(checking->problems, checking->config, node,
			"there is no environment '%s', did you mean '%s'?", name, near);
	else
		sl_problems_add(checking->problems, checking->config, node,
			"there is no environment '%s'", name);
}

static void check_modes(struct checking *checking)
{
	const struct sl_config_node *list = sl_config_at(checking->config, "projects");

	for (size_t i = 0; i < sl_config_len(list); i++) {
		const struct sl_config_node *map = sl_config_get(sl_config_item(list, i), "modes");

		for (size_t k = 0; k < sl_config_len(map); k++)
			check_mode(checking, sl_config_key(map, k), sl_config_item(map, k));
	}
}

static void check_routes(struct checking *checking)
{
	const struct sl_config_node *list = sl_config_at(checking->config, "routes");

	for (size_t i = 0; i < sl_config_len(list); i++) {
		const struct sl_config_node *names = sl_config_get(sl_config_item(list, i),
			"environments");

		for (size_t k = 0; k < sl_config_len(names); k++)
			must_name(checking, sl_config_item(names, k), "environment",
				"environments");
	}
}

static void check_repositories(struct checking *checking)
{
	const struct sl_config_node *list = sl_config_at(checking->config, "projects");

	for (size_t i = 0; i < sl_config_len(list); i++) {
		const struct sl_config_node *project = sl_config_item(list, i);

		must_name(checking, sl_config_get(sl_config_get(project, "repository"), "host"),
			"host", "hosts");
		if (sl_config_len(sl_config_get(project, "migrations")) == 0)
			sl_problems_add(checking->problems, checking->config, project,
				"has no migrations: name at least one folder");
	}
}

static void check_risk(struct checking *checking, const struct policy_vars *vars)
{
	const struct sl_config_node *list = sl_config_at(checking->config, "risk");

	for (size_t i = 0; i < sl_config_len(list); i++) {
		const struct sl_config_node *when = sl_config_get(sl_config_item(list, i), "when");
		sl_auto(sl_expr_free_p) struct sl_expr *expr = NULL;
		struct sl_error why = SL_ERROR_INIT;

		if (sl_expr_new(&expr, sl_config_str(when), vars->at, vars->len, &why) != SL_OK)
			sl_problems_add(checking->problems, checking->config, when, "%s", why.msg);
	}
}

/* A migrations entry with the targets that it takes. */
struct taking {
	const struct sl_config_node *node;
	const char *project;
	const struct sl_migrations_entry *entry;
	struct sl_selection selection;
};

static bool overlap(const struct taking *a, const struct taking *b, size_t *target)
{
	for (size_t i = 0; i < a->selection.len; i++) {
		for (size_t k = 0; k < b->selection.len; k++) {
			*target = a->selection.at[i];
			if (*target == b->selection.at[k])
				return true;
		}
	}
	return false;
}

static void check_ledgers(struct checking *checking, const struct taking *taken, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			size_t target = 0;

			if (!sl_str_eq(taken[i].entry->ledger, taken[k].entry->ledger) ||
				!overlap(&taken[i], &taken[k], &target))
				continue;
			sl_problems_add(checking->problems, checking->config, taken[i].node,
				"target %s already takes %s of project %s under the ledger '%s': "
				"give one of the two another 'ledger'",
				checking->workspace->targets[target].name,
				taken[k].entry->path[0] != '\0' ? taken[k].entry->path : "the root",
				taken[k].project, taken[k].entry->ledger);
			break;
		}
	}
}

static void take(struct checking *checking, const struct sl_config_node *node,
	struct taking *taking)
{
	struct sl_error why = SL_ERROR_INIT;

	taking->node = node;
	if (sl_policy_select(checking->policy, taking->entry->targets, checking->arena,
		    &taking->selection, &why) != SL_OK)
		sl_problems_add(checking->problems, checking->config,
			sl_config_get(node, "targets"), "%s", why.msg);
	else if (taking->selection.len == 0)
		sl_problems_add(checking->problems, checking->config,
			sl_config_get(node, "targets"), "the selector takes no target");
}

static size_t count_entries(const struct sl_workspace *workspace)
{
	size_t n = 0;

	for (size_t i = 0; i < workspace->projects_len; i++)
		n += workspace->projects[i].migrations_len;
	return n;
}

static void check_selectors(struct checking *checking)
{
	const struct sl_workspace *workspace = checking->workspace;
	const struct sl_config_node *projects = sl_config_at(checking->config, "projects");
	struct taking *taken = sl_arena_calloc(checking->arena, count_entries(workspace) + 1,
		sizeof(*taken));
	size_t n = 0;

	for (size_t i = 0; i < workspace->projects_len; i++) {
		const struct sl_project *project = &workspace->projects[i];
		const struct sl_config_node *entries = sl_config_get(sl_config_item(projects, i),
			"migrations");

		for (size_t k = 0; k < project->migrations_len; k++) {
			taken[n].project = project->name;
			taken[n].entry = &project->migrations[k];
			take(checking, sl_config_item(entries, k), &taken[n++]);
		}
	}
	check_ledgers(checking, taken, n);
}

static void check_expressions(struct checking *checking)
{
	sl_auto(sl_policy_free_p) struct sl_policy *policy = NULL;
	struct policy_vars vars;
	struct sl_error why = SL_ERROR_INIT;
	enum sl_code code = policy_vars(checking->workspace, checking->arena, &vars, &why);

	if (code == SL_OK)
		code = sl_policy_new(&policy, checking->workspace, &why);
	if (code != SL_OK) {
		sl_problems_add(checking->problems, checking->config,
			sl_config_at(checking->config, "targets"), "%s", why.msg);
		return;
	}
	checking->policy = policy;
	check_risk(checking, &vars);
	check_selectors(checking);
}

void policy_check(const struct sl_config *config, struct sl_problems *problems)
{
	sl_auto(sl_arena_free_p) struct sl_arena *arena = sl_arena_new();
	struct checking checking = { .config = config, .problems = problems, .arena = arena };
	size_t before = sl_problems_total(problems);

	check_targets(&checking);
	check_roles(&checking);
	check_routes(&checking);
	check_modes(&checking);
	check_repositories(&checking);
	if (sl_problems_total(problems) > before)
		return;
	checking.workspace = sl_workspace_load(config, arena);
	check_approvals(&checking);
	check_expressions(&checking);
}
