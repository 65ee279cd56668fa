#include "sluice/policy/role.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"

bool sl_policy_has_role(const struct sl_workspace *workspace, const char *user, const char *role)
{
	for (size_t i = 0; i < workspace->roles_len; i++) {
		const struct sl_role *row = &workspace->roles[i];

		if (!sl_str_eq(row->name, role))
			continue;
		for (size_t k = 0; k < row->users_len; k++) {
			if (sl_str_eq(workspace->users[row->users[k]].name, user))
				return true;
		}
	}
	return false;
}

/* Who may ask for what, apart from approvals: ends with NULL. */
#define ROLES_MAX 6
static const char *const verbs[][ROLES_MAX] = {
	[SL_VERB_APPROVE] = { NULL },
	[SL_VERB_REVOKE] = { "owner", "dba", "reviewer", "operator", NULL },
	[SL_VERB_WAIVE] = { "owner", "dba", "reviewer", NULL },
	[SL_VERB_HOLD] = { "owner", "dba", "operator", "reviewer", "developer", NULL },
	[SL_VERB_RESUME] = { "owner", "dba", "operator", NULL },
	[SL_VERB_RETRY] = { "owner", "dba", "operator", NULL },
	[SL_VERB_SKIP] = { "owner", "dba", NULL },
	[SL_VERB_CANCEL] = { "owner", "dba", "operator", NULL },
	[SL_VERB_RESOLVE] = { "owner", "dba", NULL },
	[SL_VERB_OPEN] = { "owner", "dba", "operator", "reviewer", "developer", NULL },
	[SL_VERB_ADOPT] = { "owner", "dba", NULL },
	[SL_VERB_ACCEPT] = { "owner", "dba", NULL },
};

_Static_assert(sizeof(verbs) / sizeof(verbs[0]) == SL_VERB_COUNT, "a verb has no row");

#define LIST_MAX 200

static enum sl_code refuse(const char *user, enum sl_verb verb, struct sl_error *err)
{
	sl_auto_buf struct sl_buf roles = SL_BUF_INIT(LIST_MAX);

	for (size_t i = 0; verbs[verb][i]; i++)
		sl_buf_addf(&roles, "%s%s", i > 0 ? ", " : "", verbs[verb][i]);
	return sl_error_set(err, SL_EDENIED, "%s may not %s: it takes one of the roles %s", user,
		sl_verb_name(verb), sl_buf_str(&roles));
}

enum sl_code sl_policy_may(const struct sl_workspace *workspace, const char *user,
	enum sl_verb verb, struct sl_error *err)
{
	if (sl_workspace_user(workspace, user) == workspace->users_len)
		return sl_error_set(err, SL_EUNAUTH,
			"nobody known is asking: say who with a token");
	for (size_t i = 0; verbs[verb][i]; i++) {
		if (sl_policy_has_role(workspace, user, verbs[verb][i]))
			return SL_OK;
	}
	return refuse(user, verb, err);
}
