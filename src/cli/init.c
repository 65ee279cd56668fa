/* `sluice init`: one's own repository (attach.h), or with --demo a workspace to play with,
 * complete: repository, databases, people. */
#include "attach.h"
#include "cli_int.h"
#include "client.h"
#include "target.h"

#include "sluice/apply.h"
#include "sluice/core/buf.h"
#include "sluice/core/cleanup.h"
#include "sluice/core/str.h"
#include "sluice/forge/hook.h"
#include "sluice/git/bare.h"
#include "sluice/layout.h"
#include "sluice/sys/file.h"
#include "sluice/sys/sock.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define DEMO_PORT  "127.0.0.1:8617"
#define FOLDER_MAX 20 /* more than a demo has */

static const char first_name[] = "V1__shop.sql";

/* Runs on every engine alike. */
static const char first_sql[] = "CREATE TABLE customer (\n"
				"    id INTEGER PRIMARY KEY,\n"
				"    email VARCHAR(200) NOT NULL,\n"
				"    name VARCHAR(200) NOT NULL\n"
				");\n"
				"\n"
				"CREATE TABLE orders (\n"
				"    id INTEGER PRIMARY KEY,\n"
				"    customer_id INTEGER NOT NULL REFERENCES customer (id),\n"
				"    total_cents INTEGER NOT NULL\n"
				");\n"
				"\n"
				"CREATE INDEX orders_customer_idx ON orders (customer_id);\n"
				"\n"
				"INSERT INTO customer (id, email, name) VALUES\n"
				"    (1, 'ada@example.com', 'Ada'),\n"
				"    (2, 'grace@example.com', 'Grace');\n"
				"\n"
				"INSERT INTO orders (id, customer_id, total_cents) VALUES\n"
				"    (1, 1, 1250), (2, 1, 990), (3, 2, 4200);\n";

static const struct sl_cli_option init_options[] = {
	{ "repo", 0, "URL|DIR", "your repository: a URL, a work tree, or a bare one", false },
	{ "target", 't', "[ENV=]URL", "a database, in the order in which changes flow", true },
	{ "password", 0, "[ENV=]SECRET", "env:NAME or file:/PATH that holds a target's password",
		true },
	{ "dir", 'd', "DIR", "the folder of the migrations; found unless said", false },
	SL_CLI_OPTION_LAYOUT,
	{ "branch", 0, "BRANCH", "where changes are merged to (main, master, trunk)", false },
	{ "name", 0, "NAME", "what the project is called (as the repository)", false },
	{ "adopt", 0, NULL, "what another tool applied counts as applied", false },
	{ "baseline", 0, "[ENV=]VERSION", "what a database with tables and no history is at",
		true },
	{ "approver", 0, "ACCOUNT[=E-MAIL]", "who approves besides you", true },
	{ "email", 0, "E-MAIL", "yours, as in your commits (GIT_AUTHOR_EMAIL)", false },
	{ "alone", 0, NULL, "nothing waits for approval", false },
	{ "hook", 0, NULL, "install the push hook in a bare repository", false },
	{ "data", 0, "DIR", "the daemon's folder (sluice-data beside the file)", false },
	{ "listen", 0, "ADDRESS", "where the daemon will listen (a free port)", false },
	{ "demo", 0, "DIR", "make a demo workspace in a new folder instead", false },
	{ "dev", 0, "URL", "the demo's dev target (a SQLite file in DIR)", false },
	{ "prod", 0, "URL", "the demo's prod target (a SQLite file in DIR)", false },
	{ NULL, 0, NULL, NULL, false },
};

struct demo {
	struct sl_cli *cli;
	struct sl_arena *arena;
	const char *dir; /* absolute */
	bool is_new; /* the folder is */
	const char *repo, *socket;
	const char *urls[2]; /* dev, prod */
	const char *listen;
};

static const char *at(const struct demo *demo, const char *name)
{
	return sl_path_join(demo->arena, demo->dir, name);
}

/* --- people --------------------------------------------------------------------------------- */

static enum sl_code make_token(const struct demo *demo, const char *name, struct sl_error *err)
{
	char id[SL_ID_SIZE];
	char text[SL_ID_SIZE + 8];
	int len = snprintf(text, sizeof(text), "slu_%s\n", sl_rand_id(sl_cli_rand(demo->cli), id));

	return sl_file_write(at(demo, name), text, (size_t)len, 0600, err);
}

/* --- the configuration ------------------------------------------------------------------------ */

static void write_yaml(const struct demo *demo, struct sl_buf *out)
{
	sl_buf_addf(out,
		"# A demo workspace of Sluice.\n"
		"server:\n"
		"  listen: %s\n"
		"  socket: %s\n"
		"  data: %s\n"
		"  poll: 2s\n"
		"store: sqlite:%s\n",
		demo->listen, demo->socket, at(demo, "data"), at(demo, "store.db"));
	sl_buf_addf(out,
		"users:\n"
		"  - {name: ana, email: ana@example.com, token: \"file:%s\"}\n"
		"  - {name: dana, email: dana@example.com, token: \"file:%s\"}\n"
		"roles:\n"
		"  developer: [ana]\n"
		"  dba: [dana]\n",
		at(demo, "ana.token"), at(demo, "dana.token"));
	sl_buf_addf(out,
		"environments: # in the order in which changes flow\n"
		"  - {name: dev}\n"
		"  - {name: prod}\n"
		"targets:\n"
		"  - {name: dev, environment: dev, url: \"%s\", labels: {app: shop}}\n"
		"  - {name: prod, environment: prod, url: \"%s\", labels: {app: shop}}\n"
		"projects:\n"
		"  - name: shop\n"
		"    repository: {path: %s, branch: main}\n"
		"    migrations: [{path: migrations, targets: \"app = 'shop'\"}]\n",
		demo->urls[0], demo->urls[1], demo->repo);
	sl_buf_adds(out,
		"risk: # first match wins; no match, NULL or an error is high\n"
		"  - {level: high, when: \"environment = 'prod' and kind = 'ddl'\"}\n"
		"  - {level: moderate, when: \"environment = 'prod' and kind = 'dml' and "
		"affected_rows < 1000\"}\n"
		"  - {level: high, when: \"environment = 'prod'\"}\n"
		"  - {level: low, when: \"true\"}\n"
		"approvals:\n"
		"  high: [{role: dba, count: 1}]\n"
		"  moderate: [{role: dba, count: 1}]\n"
		"  low: []\n");
}

/* The usual port when it is free, else one that is. */
static enum sl_code pick_address(struct demo *demo, struct sl_error *err)
{
	const char *wanted = sl_cli_value(demo->cli, "listen");
	uint16_t port;
	int fd = -1;
	enum sl_code code;

	if (wanted) {
		demo->listen = wanted;
		return SL_OK;
	}
	code = sl_listen_tcp(&fd, DEMO_PORT, &port, NULL);
	if (code != SL_OK)
		code = sl_listen_tcp(&fd, "127.0.0.1:0", &port, err);
	if (code != SL_OK)
		return code;
	(void)close(fd);
	demo->listen = sl_arena_printf(demo->arena, "127.0.0.1:%u", port);
	return SL_OK;
}

static enum sl_code make_config(struct demo *demo, struct sl_error *err)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(64u << 10);
	enum sl_code code = pick_address(demo, err);

	if (code == SL_OK)
		code = make_token(demo, "ana.token", err);
	if (code == SL_OK)
		code = make_token(demo, "dana.token", err);
	if (code != SL_OK)
		return code;
	write_yaml(demo, &text);
	return sl_file_write(at(demo, "sluice.yaml"), sl_buf_str(&text), text.len, 0600, err);
}

/* --- the repository -----------------------------------------------------------------------------
 */

static enum sl_code first_commit(const struct demo *demo, struct sl_error *err)
{
	sl_auto(sl_repo_close_p) struct sl_repo *repo = NULL;
	const struct sl_git_new_file file = { "migrations/V1__shop.sql", first_sql,
		sizeof(first_sql) - 1 };
	const struct sl_git_new_commit commit = { .branch = "main",
		.files = &file,
		.n_files = 1,
		.author_name = "Dana",
		.author_email = "dana@example.com",
		.message = "the shop's first tables\n",
		.at = sl_clock_wall(sl_cli_clock(demo->cli)) };
	char id[SL_GIT_ID_SIZE];
	enum sl_code code = sl_git_bare_init(demo->repo, "main", err);

	if (code == SL_OK)
		code = sl_git_bare_open(&repo, demo->repo, NULL, err);
	return code == SL_OK ? sl_repo_commit(repo, &commit, id, err) : code;
}

static enum sl_code make_repository(const struct demo *demo, struct sl_error *err)
{
	char binary[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", binary, sizeof(binary) - 1);
	enum sl_code code = first_commit(demo, err);

	if (code != SL_OK)
		return code;
	if (len <= 0)
		return sl_error_set(err, SL_EUNAVAIL, "init: /proc/self/exe cannot be read");
	binary[len] = '\0';
	return sl_hook_install(demo->repo, binary, demo->socket, err);
}

/* --- the databases ------------------------------------------------------------------------------
 */

static enum sl_code make_database(const struct demo *demo, const char *name, const char *url,
	struct sl_error *err)
{
	const struct sl_layout_file file = { first_name, first_sql, sizeof(first_sql) - 1 };
	struct sl_conn_spec spec = { .create = true,
		.clock = sl_cli_clock(demo->cli),
		.cancel = sl_cli_cancel(demo->cli) };
	struct sl_apply_request request = { .target = &spec,
		.target_name = name,
		.dir_name = "migrations",
		.actor = "sluice init",
		.tool = "sluice " SLUICE_VERSION,
		.clock = sl_cli_clock(demo->cli),
		.rand = sl_cli_rand(demo->cli) };
	struct sl_apply_result result;
	struct sl_layout layout;
	enum sl_code code = sl_engine_url_parse(&spec.url, demo->arena, url, err);

	if (code != SL_OK)
		return code;
	sl_layout_read(&layout, demo->arena, SL_LAYOUT_FLYWAY, spec.url.dialect, &file, 1);
	request.set = &layout.set;
	code = sl_apply_run(&request, &result, demo->arena, err);
	sl_apply_result_done(&result);
	return code;
}

/* --- the command --------------------------------------------------------------------------------
 */

static bool is_of_a_demo(const char *name)
{
	static const char *const begins[] = { "dev.db", "prod.db", "ana.token", "dana.token",
		"repo.git", "sluice.yaml." };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (sl_str_starts(name, begins[i]))
			return true;
	return false;
}

/* A demo that was cut off has no configuration yet. */
static enum sl_code refuse_occupied(const char *dir, const struct sl_names *names,
	struct sl_error *err)
{
	bool unfinished = names->len > 0;

	for (size_t i = 0; i < names->len; i++)
		unfinished = unfinished && is_of_a_demo(names->at[i]);
	if (unfinished)
		return sl_error_set(err, SL_ECONFLICT,
			"init: %s holds a demo that was not finished: remove it, or name another "
			"folder",
			dir);
	return sl_error_set(err, SL_ECONFLICT,
		"init: %s is not empty: name a folder that is not there yet", dir);
}

static enum sl_code place(struct demo *demo, const char *dir, struct sl_error *err)
{
	char absolute[PATH_MAX];
	struct sl_names names = { 0 };
	enum sl_code code;

	demo->is_new = !sl_file_exists(dir);
	code = sl_folder_make(dir, 0700, err);
	if (code == SL_OK)
		code = sl_folder_list(&names, demo->arena, dir, FOLDER_MAX, err);
	if (code != SL_OK && code != SL_ELIMIT)
		return code;
	if (code == SL_ELIMIT || names.len > 0)
		return refuse_occupied(dir, &names, err);
	if (!realpath(dir, absolute))
		return sl_error_set(err, SL_EUNAVAIL, "init: %s cannot be resolved", dir);
	demo->dir = sl_arena_strdup(demo->arena, absolute);
	demo->repo = at(demo, "repo.git");
	demo->socket = at(demo, "sluice.sock");
	return SL_OK;
}

static const char *url_of(const struct demo *demo, const char *option, const char *file)
{
	const char *given = sl_cli_value(demo->cli, option);

	return given ? given : sl_arena_printf(demo->arena, "sqlite:%s", at(demo, file));
}

/* The configuration comes last: where it is, all that it names is there. */
static enum sl_code make_all(struct demo *demo, struct sl_error *err)
{
	enum sl_code code = make_database(demo, "dev", demo->urls[0], err);

	if (code == SL_OK)
		code = make_database(demo, "prod", demo->urls[1], err);
	if (code == SL_OK)
		code = make_repository(demo, err);
	return code == SL_OK ? make_config(demo, err) : code;
}

/* What was made of a demo that failed. */
static void unmake(const struct demo *demo)
{
	struct sl_names names = { 0 };

	if (sl_folder_list(&names, demo->arena, demo->dir, FOLDER_MAX, NULL) != SL_OK)
		return;
	for (size_t i = 0; i < names.len; i++)
		(void)!sl_tree_remove(at(demo, names.at[i]), NULL);
	if (demo->is_new)
		(void)rmdir(demo->dir);
}

static enum sl_code run_init(struct sl_cli *cli, struct sl_error *err)
{
	struct demo demo = { .cli = cli, .arena = sl_cli_arena(cli) };
	const char *dir = sl_cli_value(cli, "demo"), *repo = sl_cli_value(cli, "repo");
	enum sl_code code;

	if (!dir && !repo)
		repo = attach_ask(cli, "Which repository? (URL or folder):");
	if (!dir && repo)
		return sl_attach(cli, repo, err);
	if (!dir)
		return sl_error_set(err, SL_EINVAL,
			"init: which repository? say it with --repo URL|DIR and --target URL, or look "
			"around first with --demo DIR");
	code = place(&demo, dir, err);
	if (code != SL_OK)
		return code;
	demo.urls[0] = url_of(&demo, "dev", "dev.db");
	demo.urls[1] = url_of(&demo, "prod", "prod.db");
	code = make_all(&demo, err);
	if (code != SL_OK) {
		unmake(&demo);
		return code;
	}
	if (sl_cli_json(cli)) {
		sl_auto_json json_t *made = json_pack("{s:s, s:s}", "workspace", demo.dir,
			"configuration", at(&demo, "sluice.yaml"));

		sl_client_print_json(cli, made);
		return SL_OK;
	}
	sl_cli_print(cli, "%s\n", demo.dir);
	sl_cli_note(cli, "next: sluice serve -c %s/sluice.yaml", demo.dir);
	return SL_OK;
}

static const struct sl_command rows[] = {
	{ "init", SL_CLI_START, "looks at your repository and databases and writes sluice.yaml", "",
		init_options, 0, 0, run_init },
};

const struct sl_command_list sl_commands_init = { rows, sizeof(rows) / sizeof(rows[0]) };
