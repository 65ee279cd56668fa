#include "sluice/policy/workspace.h"

#include "sluice/core/str.h"

#include <strings.h>

size_t sl_workspace_environment(const struct sl_workspace *workspace, const char *name)
{
	size_t i = 0;

	while (i < workspace->environments_len && !sl_str_eq(workspace->environments[i].name, name))
		i++;
	return i;
}

size_t sl_workspace_target(const struct sl_workspace *workspace, const char *name)
{
	size_t i = 0;

	while (i < workspace->targets_len && !sl_str_eq(workspace->targets[i].name, name))
		i++;
	return i;
}

size_t sl_workspace_project(const struct sl_workspace *workspace, const char *name)
{
	size_t i = 0;

	while (i < workspace->projects_len && !sl_str_eq(workspace->projects[i].name, name))
		i++;
	return i;
}

size_t sl_workspace_user(const struct sl_workspace *workspace, const char *name)
{
	size_t i = 0;

	while (i < workspace->users_len && !sl_str_eq(workspace->users[i].name, name))
		i++;
	return i;
}

size_t sl_workspace_user_by_email(const struct sl_workspace *workspace, const char *email)
{
	size_t i = email[0] != '\0' ? 0 : workspace->users_len;

	while (i < workspace->users_len && strcasecmp(workspace->users[i].email, email) != 0)
		i++;
	return i;
}

size_t sl_workspace_user_by_unix(const struct sl_workspace *workspace, const char *account)
{
	size_t i = account[0] != '\0' ? 0 : workspace->users_len;

	while (i < workspace->users_len && !sl_str_eq(workspace->users[i].unix_name, account))
		i++;
	return i;
}
