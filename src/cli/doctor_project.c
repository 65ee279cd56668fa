/* The checks of repositories, people and routes. */
#include "doctor.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/forge/hook.h"
#include "sluice/sys/file.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static size_t projects_len(const struct doctor *d)
{
	return d->world->workspace->projects_len;
}

/* --- repositories ---------------------------------------------------------------------------- */

static const char *reach_remedy(const struct doctor_project *p)
{
	if (p->code == SL_EDENIED)
		return "give the daemon's account access to it";
	if (p->code == SL_ETIMEOUT)
		return "look at the network between here and there, or give it more with --timeout";
	return "mend the project's repository in the configuration";
}

static bool can_be_written(const struct doctor *d, const char *bare)
{
	return access(sl_path_join(d->arena, bare, "refs"), W_OK | X_OK) == 0 &&
		access(sl_path_join(d->arena, bare, "objects"), W_OK | X_OK) == 0;
}

/* It can be read; reviews are also kept in it. */
static void check_notes(struct doctor *d, const struct doctor_project *p)
{
	const char *name = p->project->name, *root = p->facts.root, *bare = p->facts.bare;

	if (root)
		doctor_say(d, DOCTOR_WARN, name,
			sl_arena_printf(d->arena,
				"git clone --bare %s %s, and name that with repository.path",
				sl_shell_word(d->arena, root),
				sl_shell_word(d->arena, sl_arena_printf(d->arena, "%s.git", root))),
			"%s is a work tree: changes are seen there, but the reviews cannot be kept "
			"in it as notes",
			root);
	else if (bare && !can_be_written(d, bare))
		doctor_say(d, DOCTOR_WARN, name, "let the daemon's account write it",
			"%s cannot be written by this account, so the reviews are not kept in it as "
			"notes",
			bare);
	else
		doctor_say(d, DOCTOR_OK, name, "", "%s, branch %s", p->project->repository,
			p->project->branch);
}

void doctor_repository(struct doctor *d)
{
	for (size_t i = 0; i < projects_len(d); i++) {
		const struct doctor_project *p = &d->projects[i];
		const char *name = p->project->name;

		if (p->code != SL_OK && !p->facts.reached)
			doctor_say(d, DOCTOR_FAIL, name, reach_remedy(p), "%s", p->err.msg);
		else if (p->code != SL_OK && !p->facts.has_branch)
			doctor_say(d, DOCTOR_FAIL, name,
				sl_arena_printf(d->arena,
					"push it, or name the branch that changes are merged to with "
					"repository.branch"),
				"%s has no branch %s", p->project->repository, p->project->branch);
		else if (!p->facts.reached)
			doctor_say(d, DOCTOR_OK, name, "", "nobody has opened a change in it yet");
		else
			check_notes(d, p);
	}
}

static void say_problems(struct doctor *d, const char *object, const struct sl_layout *layout)
{
	for (size_t i = 0; i < layout->problem_count; i++) {
		const struct sl_layout_problem *problem = &layout->problems[i];

		if (problem->severity < SL_SEVERITY_WARNING)
			continue;
		doctor_say(d, problem->severity == SL_SEVERITY_ERROR ? DOCTOR_FAIL : DOCTOR_WARN,
			object, problem->remedy, "%s%s%s", problem->path,
			problem->path[0] != '\0' ? ": " : "", problem->message);
	}
}

static void check_folder(struct doctor *d, const struct doctor_project *p,
	const struct sl_examined_folder *folder)
{
	const char *path = folder->entry->path[0] != '\0' ? folder->entry->path : ".";
	const char *object = sl_arena_printf(d->arena, "%s %s", p->project->name, path);
	size_t before = d->lines.len;

	if (folder->files == 0)
		doctor_say(d, DOCTOR_FAIL, object,
			"mend `path` of the migrations entry, or push the first migration",
			"the branch %s has no file there", p->project->branch);
	else
		say_problems(d, object, &folder->layout);
	if (d->lines.len == before)
		doctor_say(d, DOCTOR_OK, object, "", "layout %s, migrations: %zu",
			sl_layout_kind_name(folder->layout.kind), folder->layout.set.len);
}

void doctor_folders(struct doctor *d)
{
	for (size_t i = 0; i < projects_len(d); i++) {
		const struct doctor_project *p = &d->projects[i];

		for (size_t k = 0; k < p->facts.folders_len; k++)
			check_folder(d, p, &p->facts.folders[k]);
		if (p->code != SL_OK && p->facts.has_branch)
			doctor_say(d, DOCTOR_FAIL, p->project->name,
				"mend the file or the entry that is named", "%s", p->err.msg);
	}
}

/* --- the hook -------------------------------------------------------------------------------- */

static const struct {
	enum doctor_result result;
	const char *text;
} hooks[] = {
	[SL_HOOK_NONE] = { DOCTOR_WARN, "has no hook, so pushes are seen by polling only" },
	[SL_HOOK_FOREIGN] = { DOCTOR_WARN,
		"has a post-receive hook that Sluice did not write: add "
		"the line that the command prints, unless it is there" },
	[SL_HOOK_NOT_RUN] = { DOCTOR_WARN, "has a post-receive hook that is not executable" },
	[SL_HOOK_OTHER] = { DOCTOR_WARN, "has the hook of another program or socket" },
	[SL_HOOK_CURRENT] = { DOCTOR_OK, "tells the daemon of pushes" },
};

_Static_assert(sizeof(hooks) / sizeof(hooks[0]) == SL_HOOK_STATE_COUNT, "a state has no sentence");

static const char *absolute(struct doctor *d, const char *path)
{
	char here[PATH_MAX];

	if (path[0] == '/' || !getcwd(here, sizeof(here)))
		return path;
	return sl_path_join(d->arena, here, path);
}

static const char *install_command(struct doctor *d, const struct doctor_project *p)
{
	return sl_arena_printf(d->arena, "sluice hook install %s -c %s",
		sl_shell_word(d->arena, p->facts.bare), sl_shell_word(d->arena, d->config));
}

static void check_hook(struct doctor *d, const struct doctor_project *p, const char *binary)
{
	enum sl_hook_state state = SL_HOOK_NONE;
	struct sl_error err = SL_ERROR_INIT;

	if (sl_hook_examine(p->facts.bare, binary, absolute(d, d->world->socket), &state, &err) !=
		SL_OK) {
		doctor_say(d, DOCTOR_WARN, p->project->name, "", "%s", err.msg);
		return;
	}
	doctor_say(d, hooks[state].result, p->project->name,
		state == SL_HOOK_CURRENT ? "" : install_command(d, p), "%s %s", p->facts.bare,
		hooks[state].text);
}

void doctor_hook(struct doctor *d)
{
	char binary[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", binary, sizeof(binary) - 1);

	if (len <= 0)
		return;
	binary[len] = '\0';
	for (size_t i = 0; i < projects_len(d); i++)
		if (d->projects[i].facts.bare && d->projects[i].project != d->world->own)
			check_hook(d, &d->projects[i], binary);
}

/* --- people ---------------------------------------------------------------------------------- */

static const struct sl_role *role_of(const struct sl_workspace *w, const char *name)
{
	for (size_t i = 0; i < w->roles_len; i++)
		if (sl_str_eq(w->roles[i].name, name))
			return &w->roles[i];
	return NULL;
}

/* That a role has as many people as a step asks for is a matter of the configuration's own check.
 */
static void check_role(struct doctor *d, const struct sl_approval_step *step)
{
	const struct sl_workspace *w = d->world->workspace;
	const struct sl_role *role = role_of(w, step->role);

	if (!role)
		return;
	if (role->users_len > step->count)
		doctor_say(d, DOCTOR_OK, step->role, "", "%zu people", role->users_len);
	else
		doctor_say(d, DOCTOR_WARN, step->role,
			sl_arena_printf(d->arena, "add people under roles: %s", step->role),
			"approvals need everybody who has it, and nobody approves a change of their "
			"own: a change by %s would wait for ever",
			w->users[role->users[0]].name);
}

/* The step that asks the most of a role says all there is to say of it. */
static bool asks_most(const struct sl_workspace *w, size_t risk, size_t step)
{
	const struct sl_approval_step *mine = &w->approvals[risk].steps[step];

	for (size_t i = 0; i < SL_RISK_COUNT; i++)
		for (size_t k = 0; k < w->approvals[i].len; k++) {
			const struct sl_approval_step *other = &w->approvals[i].steps[k];
			bool before = i < risk || (i == risk && k < step);

			if (sl_str_eq(other->role, mine->role) &&
				(other->count > mine->count ||
					(before && other->count == mine->count)))
				return false;
		}
	return true;
}

void doctor_roles(struct doctor *d)
{
	const struct sl_workspace *w = d->world->workspace;

	for (size_t i = 0; i < SL_RISK_COUNT; i++)
		for (size_t k = 0; k < w->approvals[i].len; k++)
			if (asks_most(w, i, k))
				check_role(d, &w->approvals[i].steps[k]);
}

/* --- routes ---------------------------------------------------------------------------------- */

void doctor_routes(struct doctor *d)
{
	for (size_t i = 0; i < d->world->workspace->routes_len; i++) {
		const struct doctor_route *r = &d->routes[i];

		if (r->code == SL_OK)
			doctor_say(d, DOCTOR_OK, r->route->name, "", "%s has an address", r->host);
		else if (r->code == SL_EUNAVAIL)
			doctor_say(d, DOCTOR_FAIL, r->route->name,
				"mend the route's url, or the name service of this machine",
				"the host '%s' has no address: %s", r->host, r->err.msg);
		else
			doctor_say(d,
				doctor_is_the_units(r->route->url) ? DOCTOR_WARN : DOCTOR_FAIL,
				r->route->name, "see secrets", "its url is not known");
	}
}
