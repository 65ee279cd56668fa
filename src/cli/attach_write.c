#include "attach.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/sys/file.h"

#include <string.h>

/* A double-quoted YAML scalar. */
static void add_quoted(struct sl_buf *out, const char *text)
{
	sl_buf_addc(out, '"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			sl_buf_addf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			sl_buf_addf(out, "\\x%02x", c);
		else
			sl_buf_addc(out, (char)c);
	}
	sl_buf_addc(out, '"');
}

static void add_line(struct sl_buf *out, const char *before, const char *value, const char *after)
{
	sl_buf_adds(out, before);
	add_quoted(out, value);
	sl_buf_adds(out, after);
}

static void add_server(const struct attach *a, struct sl_buf *out)
{
	sl_buf_adds(out, "server:\n");
	add_line(out, "  listen: ", a->listen, " # the pages and the API, on this machine only\n");
	add_line(out, "  socket: ", sl_path_join(a->arena, a->data, "sluice.sock"),
		" # for the commands and the push hook\n");
	add_line(out, "  data: ", a->data, " # mirrors and keys\n");
	add_line(out,
		"\n# Sluice's own memory. What ran in a target stands in the target itself.\nstore: ",
		sl_arena_printf(a->arena, "sqlite:%s", sl_path_join(a->arena, a->data, "store.db")),
		"\n");
}

static void add_people(const struct attach *a, struct sl_buf *out)
{
	sl_buf_adds(out,
		"\n# Who may ask over the socket is known by the Unix account. For the pages and the API\n"
		"# a person has a token too: token: \"file:/etc/sluice/NAME.token\". The e-mail is that of\n"
		"# the commits: nobody approves what they wrote.\n"
		"users:\n");
	for (size_t i = 0; i < a->people.len; i++) {
		const struct attach_person *person = &a->people.at[i];

		add_line(out, "  - {name: ", person->name, ", unix: ");
		add_quoted(out, person->name);
		if (person->email[0] != '\0')
			add_line(out, ", email: ", person->email, "}\n");
		else
			sl_buf_adds(out, "} # email: as in the commits\n");
	}
	sl_buf_adds(out, "roles:\n  dba: [");
	for (size_t i = 0; i < a->people.len; i++) {
		sl_buf_adds(out, i > 0 ? ", " : "");
		add_quoted(out, a->people.at[i].name);
	}
	sl_buf_adds(out, "] # may approve, retry, skip, adopt\n");
}

static bool is_first_of(const struct attach *a, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (sl_str_eq(a->targets.at[k].environment, a->targets.at[i].environment))
			return false;
	return true;
}

static void add_password(const struct attach *a, const struct attach_target *target,
	struct sl_buf *out)
{
	char *name;

	if (target->spec.url.dialect == SL_DIALECT_SQLITE)
		return;
	if (target->password) {
		add_line(out, "\n    password: ", target->password, "");
		return;
	}
	name = sl_arena_strdup(a->arena, target->name);
	for (char *s = name; *s != '\0'; s++)
		*s = (char)(*s >= 'a' && *s <= 'z' ? *s - 'a' + 'A' : *s);
	for (char *s = name; (s = strpbrk(s, "-.")); s++)
		*s = '_';
	sl_buf_addf(out, "\n    # password: env:%s, when the server asks for one", name);
}

static void add_targets(const struct attach *a, struct sl_buf *out)
{
	sl_buf_adds(out, "\n# In the order in which changes flow.\nenvironments:\n");
	for (size_t i = 0; i < a->targets.len; i++)
		if (is_first_of(a, i))
			add_line(out, "  - name: ", a->targets.at[i].environment, "\n");
	sl_buf_adds(out, "targets: # a name is an identity: keep it\n");
	for (size_t i = 0; i < a->targets.len; i++) {
		const struct attach_target *target = &a->targets.at[i];

		add_line(out, "  - name: ", target->name, "\n");
		add_line(out, "    environment: ", target->environment, "\n");
		add_line(out, "    url: ", target->url, "");
		add_password(a, target, out);
		add_line(out, "\n    labels: {app: ", a->project, "}\n");
	}
}

static bool has_history(const struct attach *a)
{
	for (size_t i = 0; i < a->targets.len; i++)
		if (a->targets.at[i].state == ATTACH_HISTORY ||
			a->targets.at[i].state == ATTACH_REFUSED)
			return true;
	return false;
}

static void add_project(const struct attach *a, struct sl_buf *out)
{
	add_line(out, "\nprojects:\n  - name: ", a->project, "\n");
	add_line(out, "    repository: {path: ", a->origin, ", branch: ");
	add_quoted(out, a->branch);
	sl_buf_adds(out, "}\n    migrations:\n");
	add_line(out, "      - path: ", a->folder, "\n");
	sl_buf_addf(out, "        layout: %s # recognised; auto looks anew each time\n",
		sl_layout_kind_name(a->layout));
	if (a->adopt)
		sl_buf_adds(out,
			"        history: adopt # what the other tool applied counts as applied\n");
	else if (has_history(a))
		sl_buf_adds(out,
			"        history: ask # adopt: what the other tool applied counts as applied\n");
	add_line(out, "        targets: ", sl_arena_printf(a->arena, "app = '%s'", a->project),
		"\n");
}

static void add_rules(const struct attach *a, struct sl_buf *out)
{
	const char *last = a->targets.at[a->targets.len - 1].environment;

	sl_buf_addf(out,
		"\n# The risk of a statement: SQL expressions, the first that is true decides; none is "
		"high.\n"
		"risk:\n"
		"  - {level: high, when: \"environment = '%s' and kind = 'ddl'\"}\n"
		"  - {level: moderate, when: \"environment = '%s' and kind = 'dml' and affected_rows < "
		"1000\"}\n"
		"  - {level: high, when: \"environment = '%s'\"}\n"
		"  - {level: low, when: \"true\"}\n",
		last, last, last);
	if (a->alone)
		sl_buf_adds(out,
			"\n# You work alone, and nobody approves their own changes. With a second person:\n"
			"# high: [{role: dba, count: 1}]\n"
			"approvals:\n  high: []\n  moderate: []\n  low: []\n");
	else
		sl_buf_adds(out,
			"\n# Whose approval each level waits for. Nobody approves their own change: who works\n"
			"# alone empties the lists.\n"
			"approvals:\n  high: [{role: dba, count: 1}]\n  moderate: [{role: dba, count: 1}]\n"
			"  low: []\n");
}

void attach_yaml(const struct attach *a, struct sl_buf *out)
{
	sl_buf_adds(out,
		"# Sluice over one repository. `sluice config check` says what is wrong with this file,\n"
		"# `sluice config options` what else there is.\n");
	add_server(a, out);
	add_people(a, out);
	add_targets(a, out);
	add_project(a, out);
	add_rules(a, out);
}
