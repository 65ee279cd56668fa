/* The world from a configuration file. */
#include "own.h"
#include "world_int.h"

#include "sluice/core/alloc.h"
#include "sluice/policy/workspace.h"
#include "sluice/sys/file.h"

#include <stdlib.h>
#include <string.h>

static const struct sl_option_table *const tables[] = { &sl_config_server_options,
	&sl_policy_options, &sl_review_options };

static const struct sl_option_set set = { tables, sizeof(tables) / sizeof(tables[0]) };

const struct sl_option_set *sl_world_options(void)
{
	return &set;
}

static const char *text_at(const struct sl_config *config, const char *path)
{
	const char *text = sl_config_str(sl_config_at(config, path));

	return text ? text : "";
}

static const char *without_slash(struct sl_arena *arena, const char *url)
{
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	return sl_arena_strndup(arena, url, len);
}

static void read_server(struct world_box *box)
{
	const struct sl_config *config = box->config;
	const struct sl_config_node *asserters = sl_config_at(config, "server.assert_users");
	struct sl_world *world = &box->world;
	const char **accounts = sl_arena_calloc(box->arena, sl_config_len(asserters) + 1,
		sizeof(*accounts));

	world->url = without_slash(box->arena, text_at(config, "server.url"));
	world->listen = text_at(config, "server.listen");
	world->socket = text_at(config, "server.socket");
	world->socket_group = text_at(config, "server.socket_group");
	world->store = text_at(config, "store");
	world->store_password = text_at(config, "store_password");
	world->data = text_at(config, "server.data");
	for (size_t i = 0; i < sl_config_len(asserters); i++)
		accounts[i] = sl_config_str(sl_config_item(asserters, i));
	world->assert_users = accounts;
	world->assert_users_len = sl_config_len(asserters);
	world->poll_us = sl_config_int(sl_config_at(config, "server.poll"));
	world->lease_us = sl_config_int(sl_config_at(config, "server.lease"));
	world->grace_us = sl_config_int(sl_config_at(config, "server.grace"));
	world->migration_bytes = sl_config_int(sl_config_at(config, "limits.migration_bytes"));
	world->workers = (unsigned)sl_config_int(sl_config_at(config, "server.workers"));
	world->apply_workers = (unsigned)sl_config_int(
		sl_config_at(config, "server.apply_workers"));
	world->log_level = (int)sl_config_int(sl_config_at(config, "log.level"));
}

/* The repository that Sluice owns is one more project. */
static void add_own(struct world_box *box)
{
	struct sl_world *world = &box->world;
	struct sl_workspace *workspace = sl_arena_alloc(box->arena, sizeof(*workspace));
	const char *own = text_at(box->config, "server.own_repository");
	struct sl_project *projects;

	*workspace = *world->workspace;
	if (sl_workspace_project(workspace, SL_OWN_PROJECT) < workspace->projects_len)
		return;
	projects = sl_arena_calloc(box->arena, workspace->projects_len + 1, sizeof(*projects));
	for (size_t i = 0; i < workspace->projects_len; i++)
		projects[i] = workspace->projects[i];
	projects[workspace->projects_len] = (struct sl_project){ .name = SL_OWN_PROJECT,
		.repository = own[0] ? own : sl_path_join(box->arena, world->data, "own.git"),
		.branch = SL_OWN_BRANCH };
	workspace->projects = projects;
	world->own = &projects[workspace->projects_len++];
	world->workspace = workspace;
}

/* What is said at the top, then what the environment says otherwise. */
static enum sl_code read_rules(struct world_box *box, struct sl_error *err)
{
	const struct sl_config_node *environments = sl_config_at(box->config, "environments");
	size_t n = box->world.workspace->environments_len;
	const struct sl_rule_settings **rules = sl_arena_calloc(box->arena, n + 1, sizeof(*rules));
	enum sl_code code = SL_OK;

	box->owned_rules = sl_xcalloc(n + 1, sizeof(struct sl_rule_settings *));
	for (size_t i = 0; code == SL_OK && i < n; i++) {
		struct sl_rule_settings *settings = sl_rule_settings_new();

		box->owned_rules[box->owned_rules_len++] = settings;
		rules[i] = settings;
		code = sl_rule_settings_load(settings, box->config,
			sl_config_at(box->config, "review"), err);
		if (code == SL_OK)
			code = sl_rule_settings_load(settings, box->config,
				sl_config_get(sl_config_item(environments, i), "review"), err);
	}
	box->world.rules = rules;
	return code;
}

enum sl_code sl_world_load(const struct sl_world **out, const char *path,
	struct sl_problems *problems, struct sl_error *err)
{
	struct world_box *box;
	struct sl_config *config;
	enum sl_code code = sl_config_load(&config, &set, path, problems, err);

	if (code != SL_OK)
		return code;
	box = sl_xcalloc(1, sizeof(*box));
	atomic_init(&box->refs, 1);
	box->arena = sl_arena_new();
	box->config = config;
	box->world.config = config;
	box->world.workspace = sl_workspace_load(config, box->arena);
	read_server(box);
	add_own(box);
	code = read_rules(box, err);
	if (code != SL_OK) {
		sl_world_unref(&box->world);
		return code;
	}
	*out = &box->world;
	return SL_OK;
}
