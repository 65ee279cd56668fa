/* The checks of databases. */
#include "doctor.h"

#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/policy/workspace.h"
#include "sluice/sys/file.h"

#include <stdlib.h>
#include <string.h>

#define SKEW_US (5 * SL_SECOND_US)

static size_t targets_len(const struct doctor *d)
{
	return d->world->workspace->targets_len;
}

bool doctor_reached(const struct doctor_target *t)
{
	return t->code == SL_OK && t->facts.version >= t->facts.oldest;
}

static bool takes(const struct sl_examined_folder *folder, size_t target)
{
	for (size_t i = 0; i < folder->targets_len; i++)
		if (folder->targets[i] == target)
			return true;
	return false;
}

/* Whether Sluice itself changes the target in some project; where no folder could be read it is
 * taken as if. */
static bool applies(const struct doctor *d, size_t target)
{
	const struct sl_workspace *w = d->world->workspace;
	bool known = false;

	for (size_t i = 0; i < w->projects_len; i++) {
		const struct doctor_project *p = &d->projects[i];

		for (size_t k = 0; k < p->facts.folders_len; k++) {
			if (!takes(&p->facts.folders[k], target))
				continue;
			known = true;
			if (sl_project_mode(w, p->project, w->targets[target].environment) ==
				SL_MODE_APPLY)
				return true;
		}
	}
	return !known;
}

/* --- reached --------------------------------------------------------------------------------- */

static const char *reach_remedy(const struct doctor_target *t)
{
	switch (t->code) {
	case SL_EDENIED:
		return "look at user and `password` of the target, and at what its server lets in";
	case SL_ECONFLICT:
		return "mend the target's url";
	case SL_ENOTFOUND:
		return "see secrets";
	case SL_EINVAL:
		return "mend the target in the configuration";
	default:
		return t->target->dialect == SL_DIALECT_SQLITE ?
			"mend the target's url; a new database is an empty file" :
			"start the server, or mend the target's url; a firewall may stand in between";
	}
}

static const char *version_text(struct doctor *d, enum sl_dialect dialect, int version)
{
	if (dialect == SL_DIALECT_POSTGRES)
		return sl_arena_printf(d->arena, "PostgreSQL %d.%d", version / 10000,
			version % 10000);
	return sl_arena_printf(d->arena, "%s %d.%d.%d",
		dialect == SL_DIALECT_SQLITE        ? "SQLite" :
			dialect == SL_DIALECT_MYSQL ? "MySQL" :
						      "MariaDB",
		version / (dialect == SL_DIALECT_SQLITE ? 1000000 : 10000),
		version / (dialect == SL_DIALECT_SQLITE ? 1000 : 100) %
			(dialect == SL_DIALECT_SQLITE ? 1000 : 100),
		version % (dialect == SL_DIALECT_SQLITE ? 1000 : 100));
}

void doctor_reach(struct doctor *d)
{
	for (size_t i = 0; i < targets_len(d); i++) {
		const struct doctor_target *t = &d->targets[i];
		const struct sl_examination *facts = &t->facts;
		const char *name = t->target->name;

		if (doctor_is_the_units(t->target->password))
			doctor_say(d, DOCTOR_WARN, name, "see secrets",
				"%s: without its password it was not looked at", t->target->url);
		else if (t->code != SL_OK)
			doctor_say(d, DOCTOR_FAIL, name, reach_remedy(t), "%s: %s", t->target->url,
				t->err.msg);
		else if (!doctor_reached(t))
			doctor_say(d, DOCTOR_FAIL, name, "upgrade the server",
				"%s is older than %s, the first that is supported",
				version_text(d, facts->dialect, facts->version),
				version_text(d, facts->dialect, facts->oldest));
		else
			doctor_say(d, DOCTOR_OK, name, "", "%s%s%s",
				version_text(d, facts->dialect, facts->version),
				facts->identity.login[0] != '\0' ? ", as " : "",
				facts->identity.login);
	}
}

void doctor_wire(struct doctor *d)
{
	for (size_t i = 0; i < targets_len(d); i++) {
		const struct doctor_target *t = &d->targets[i];

		if (!doctor_reached(t) || t->facts.dialect == SL_DIALECT_SQLITE)
			continue;
		if (t->facts.cipher[0] != '\0')
			doctor_say(d, DOCTOR_OK, t->target->name, "", "%s", t->facts.cipher);
		else if (t->facts.local)
			doctor_say(d, DOCTOR_OK, t->target->name, "", "on this machine");
		else
			doctor_say(d, DOCTOR_WARN, t->target->name,
				"take sslmode out of the target's url, and give the server a "
				"certificate",
				"what is sent can be read on the way: the connection is not "
				"encrypted");
	}
}

/* --- rights ---------------------------------------------------------------------------------- */

static void check_grants(struct doctor *d, size_t target)
{
	const struct doctor_target *t = &d->targets[target];
	bool needed = applies(d, target);
	const struct sl_examination *facts = &t->facts;
	size_t before = d->lines.len;

	for (size_t i = 0; i < facts->needed.len; i++)
		doctor_say(d, needed ? DOCTOR_FAIL : DOCTOR_WARN, t->target->name,
			facts->needed.at[i], "the login may not keep the ledger%s",
			needed ? "" : ", as it must once the mode is apply");
	for (size_t i = 0; needed && i < facts->advised.len; i++)
		doctor_say(d, DOCTOR_WARN, t->target->name, facts->advised.at[i], "without it %s",
			facts->advised_for);
	if (needed && facts->read_only[0] != '\0')
		doctor_say(d, DOCTOR_FAIL, t->target->name,
			"let the daemon's account write it, and the folder it is in",
			"%s cannot be written by this account", facts->read_only);
	if (d->lines.len == before)
		doctor_say(d, DOCTOR_OK, t->target->name, "", "has what it needs");
}

void doctor_grants(struct doctor *d)
{
	for (size_t i = 0; i < targets_len(d); i++)
		if (doctor_reached(&d->targets[i]))
			check_grants(d, i);
}

void doctor_login(struct doctor *d)
{
	for (size_t i = 0; i < targets_len(d); i++)
		if (doctor_reached(&d->targets[i]) && d->targets[i].facts.namesake)
			doctor_say(d, DOCTOR_WARN, d->targets[i].target->name,
				"use a login of another name, or name the schema of every table",
				"the login is called sluice, like the ledger's schema: a CREATE TABLE "
				"by hand that names no schema lands in there");
}

void doctor_clock(struct doctor *d)
{
	for (size_t i = 0; i < targets_len(d); i++) {
		const struct doctor_target *t = &d->targets[i];
		int64_t ahead = t->facts.ahead_us;
		char span[SL_TIME_ISO_MAX];

		if (!doctor_reached(t) || t->facts.dialect == SL_DIALECT_SQLITE)
			continue;
		if (llabs((long long)ahead) <= SKEW_US)
			doctor_say(d, DOCTOR_OK, t->target->name, "", "agrees within %s",
				sl_time_span(SKEW_US, span));
		else
			doctor_say(d, DOCTOR_WARN, t->target->name,
				"let both machines follow a time server",
				"its clock is %s %s of this one",
				sl_time_span(ahead < 0 ? -ahead : ahead, span),
				ahead < 0 ? "behind" : "ahead");
	}
}

/* --- ledgers --------------------------------------------------------------------------------- */

static const char *last_version(const struct sl_examined_folder *folder)
{
	const char *last = NULL;

	for (size_t i = 0; i < folder->layout.set.len; i++)
		if (folder->layout.set.at[i].kind == SL_MIGRATION_VERSION)
			last = folder->layout.set.at[i].key;
	return last ? last : "VERSION";
}

/* The folder whose migrations run on the target: the first one. */
static const struct sl_examined_folder *folder_of(const struct doctor *d, size_t target,
	const struct doctor_project **project)
{
	for (size_t i = 0; i < d->world->workspace->projects_len; i++) {
		*project = &d->projects[i];
		for (size_t k = 0; k < (*project)->facts.folders_len; k++)
			if (takes(&(*project)->facts.folders[k], target))
				return &(*project)->facts.folders[k];
	}
	return NULL;
}

static const char *baseline_command(struct doctor *d, size_t target)
{
	const struct sl_target *t = d->targets[target].target;
	const struct doctor_project *project = NULL;
	const struct sl_examined_folder *folder = folder_of(d, target, &project);
	const char *path = folder && folder->entry->path[0] != '\0' ? folder->entry->path : ".";
	bool scoped = folder && !sl_str_eq(folder->entry->ledger, SL_LEDGER_DEFAULT);
	const char *clone = "";

	if (!folder)
		return "name it in a migrations entry first";
	if (project->facts.root)
		path = sl_path_join(d->arena, project->facts.root, path);
	else
		clone = sl_arena_printf(d->arena,
			"in a clone of %s: ", project->project->repository);
	return sl_arena_printf(d->arena,
		"say which version it is at, or `none`, %ssluice baseline --url %s --dir %s --layout %s%s%s%s%s --to "
		"%s",
		clone, sl_shell_word(d->arena, t->url), sl_shell_word(d->arena, path),
		sl_layout_kind_name(folder->layout.kind),
		t->password[0] != '\0' ? " --password " : "",
		t->password[0] != '\0' ? sl_shell_word(d->arena, t->password) : "",
		scoped ? " --ledger " : "",
		scoped ? sl_shell_word(d->arena, folder->entry->ledger) : "", last_version(folder));
}

static const char *adopt_command(struct doctor *d, const struct doctor_target *t)
{
	return sl_arena_printf(d->arena, "sluice target adopt %s -c %s%s",
		sl_shell_word(d->arena, t->target->name), sl_shell_word(d->arena, d->config),
		d->daemon == 0 ? ", once the daemon runs" : "");
}

static const struct sl_ledger_owner *stranger(const struct doctor *d, const struct doctor_target *t)
{
	for (size_t i = 0; i < t->facts.owners_len; i++)
		if (!sl_str_eq(t->facts.owners[i].installation, d->installation))
			return &t->facts.owners[i];
	return NULL;
}

static void check_history(struct doctor *d, size_t i)
{
	const struct doctor_target *t = &d->targets[i];
	const struct doctor_project *project = NULL;
	const struct sl_examined_folder *folder = folder_of(d, i, &project);

	if (!t->facts.adoptable)
		doctor_say(d, DOCTOR_FAIL, t->target->name, baseline_command(d, i),
			"it has the history of %s (%s), which is not read", t->facts.tool,
			t->facts.table);
	else if (folder && folder->entry->adopts_history)
		doctor_say(d, DOCTOR_OK, t->target->name, "",
			"the history of %s (%s) is taken over by the first run", t->facts.tool,
			t->facts.table);
	else
		doctor_say(d, DOCTOR_FAIL, t->target->name, adopt_command(d, t),
			"it has the history of %s (%s), which was not taken over: nothing runs",
			t->facts.tool, t->facts.table);
}

static void check_ledger(struct doctor *d, size_t i)
{
	const struct doctor_target *t = &d->targets[i];
	const struct sl_ledger_owner *other = stranger(d, t);

	if (other)
		doctor_say(d, DOCTOR_FAIL, t->target->name, adopt_command(d, t),
			"its ledger (scope %s) belongs to installation %.8s, and this one is %.8s",
			other->scope, other->installation,
			d->installation[0] != '\0' ? d->installation : "new");
	else if (t->facts.ledger)
		doctor_say(d, DOCTOR_OK, t->target->name, "", "%s",
			t->facts.owners_len > 0 ? "of this installation" : "of nobody yet");
	else if (!applies(d, i))
		doctor_say(d, DOCTOR_OK, t->target->name, "",
			"none, and none is needed: nothing is applied in its mode");
	else if (t->facts.tool[0] != '\0')
		check_history(d, i);
	else if (t->facts.trouble[0] != '\0')
		doctor_say(d, DOCTOR_FAIL, t->target->name, "", "%s", t->facts.trouble);
	else if (!t->facts.empty)
		doctor_say(d, DOCTOR_FAIL, t->target->name, baseline_command(d, i),
			"it is not empty and has no ledger: nothing runs");
	else
		doctor_say(d, DOCTOR_OK, t->target->name, "", "empty, none yet");
}

void doctor_ledger(struct doctor *d)
{
	for (size_t i = 0; i < targets_len(d); i++)
		if (doctor_reached(&d->targets[i]) && d->targets[i].facts.needed.len == 0 &&
			!doctor_is_store(d, d->targets[i].target))
			check_ledger(d, i);
}

/* --- which database -------------------------------------------------------------------------- */

static bool same_place(const struct doctor_target *a, const struct doctor_target *b)
{
	return a->facts.dialect == b->facts.dialect &&
		sl_str_eq(a->facts.identity.server, b->facts.identity.server) &&
		sl_str_eq(a->facts.identity.database, b->facts.identity.database);
}

static bool same_id(const struct doctor_target *a, const struct doctor_target *b)
{
	return a->facts.database_id[0] != '\0' &&
		sl_str_eq(a->facts.database_id, b->facts.database_id);
}

static void compare(struct doctor *d, const struct doctor_target *a, const struct doctor_target *b)
{
	const char *both = sl_arena_printf(d->arena, "%s, %s", a->target->name, b->target->name);

	if (same_place(a, b) && a->target->environment != b->target->environment)
		doctor_say(d, DOCTOR_FAIL, both, "mend the url of one of them",
			"two environments have one database");
	else if (same_place(a, b))
		doctor_say(d, DOCTOR_OK, both, "", "one database, one task under the first name");
	else if (same_id(a, b))
		doctor_say(d, DOCTOR_WARN, both,
			"nothing needs to be done where the copy was meant",
			"one is a copy of the other: it gets an id of its own with its next run");
}

void doctor_identity(struct doctor *d)
{
	size_t before = d->lines.len;

	for (size_t i = 0; i < targets_len(d); i++)
		for (size_t k = 0; doctor_reached(&d->targets[i]) && k < i; k++)
			if (doctor_reached(&d->targets[k]))
				compare(d, &d->targets[k], &d->targets[i]);
	if (d->lines.len == before && targets_len(d) > 0)
		doctor_say(d, DOCTOR_OK, "targets", "", "each is a database of its own");
}
