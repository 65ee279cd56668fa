#include "adopt.h"
#include "cli_int.h"
#include "migrate_report.h"
#include "target.h"

#include "sluice/core/buf.h"
#include "sluice/core/str.h"
#include "sluice/core/vec.h"
#include "sluice/sys/cancel.h"
#include "sluice/sys/file.h"
#include "sluice/sys/pool.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define URLS_FILE_MAX    ((size_t)16 << 20)
#define JOBS             4
#define JOBS_MAX         256
#define LOCK_WAIT_US     (60 * SL_SECOND_US)
#define LOCK_TRIES       20
#define LONGEST_WAIT_US  (15 * SL_SECOND_US)
#define SHORTEST_WAIT_US (50 * INT64_C(1000))

struct urls {
	SL_VEC(const char *); /* in the arena */
};

/* The folder as each of the engines among the targets reads it. */
struct folders {
	struct sl_cli_migrations of[SL_DIALECT_COUNT];
	bool read[SL_DIALECT_COUNT];
};

static void folders_done(struct folders *folders)
{
	for (int i = 0; i < SL_DIALECT_COUNT; i++)
		sl_cli_migrations_done(&folders->of[i]);
}

#define auto_folders __attribute__((cleanup(folders_done)))

static const struct sl_cli_option migrate_options[] = {
	{ "url", 'u', "URL", "a database; may be given several times", true },
	{ "urls", 0, "FILE|-", "databases, one URL a line", false },
	SL_CLI_OPTION_DIR,
	SL_CLI_OPTION_LAYOUT,
	SL_CLI_OPTION_LEDGER,
	SL_CLI_OPTION_PASSWORD,
	{ "to", 0, "VERSION", "nothing above this version runs", false },
	{ "dry-run", 0, NULL, "says what would run and writes nothing", false },
	{ "out-of-order", 0, NULL, "runs versions below the highest applied one too", false },
	{ "max-rows", 0, "N", "rolls a statement back that touches more rows", false },
	{ "jobs", 'j', "N", "how many databases at once (default 4)", false },
	{ "lock-wait", 0, "DURATION", "how long locks are waited for in all (default 60s)", false },
	{ "lock-timeout", 0, "DURATION",
		"how long a statement waits for a lock at a time, 0 for ever (default 3s)", false },
	{ "lock-tries", 0, "N", "how often a step that did not get its lock is tried (default 20)",
		false },
	{ "statement-timeout", 0, "DURATION", "how long a statement runs, 0 for ever (default 1h)",
		false },
	{ "skip", 0, "VERSION", "writes into the ledger that this one will not run", false },
	{ "resolve", 0, "VERSION=applied|not-applied|file-applied|file-not-applied",
		"your word on the statement whose outcome could not be proved, or on all of its file",
		false },
	{ "statement", 0, "N", "of --resolve: refused when another one is in doubt", false },
	{ "adopt", 0, NULL,
		"records what the history of Flyway, goose, Prisma, ... has as applied; runs nothing",
		false },
	{ "reason", 0, "TEXT", "why, for --skip, --resolve and --adopt", false },
	{ "format", 0, "text|json",
		"for people, or a stream of events for programs (--output json: one object)",
		false },
	{ NULL, 0, NULL, NULL, false },
};

/* --- which databases ------------------------------------------------------------------------- */

static enum sl_code read_input(struct sl_buf *out, const char *path, struct sl_error *err)
{
	char chunk[8192], *data;
	size_t len;
	enum sl_code code;

	if (sl_str_eq(path, "-")) {
		while ((len = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
			sl_buf_add(out, chunk, len);
		return sl_buf_ok(out) ?
			SL_OK :
			sl_error_set(err, SL_ELIMIT, "--urls: more than %zu bytes", URLS_FILE_MAX);
	}
	code = sl_file_read(&data, &len, path, URLS_FILE_MAX, err);
	if (code == SL_OK) {
		sl_buf_add(out, data, len);
		free(data);
		return SL_OK;
	}
	return code == SL_ENOTFOUND ?
		sl_error_set(err, SL_EINVAL, "--urls: %s: there is no such file", path) :
		sl_error_wrap(err, code, "--urls");
}

static const char *trimmed(struct sl_arena *arena, const char *s, size_t len)
{
	while (len > 0 && strchr(" \t", s[len - 1]))
		len--;
	for (; len > 0 && strchr(" \t", s[0]); s++)
		len--;
	return sl_arena_strndup(arena, s, len);
}

static enum sl_code add_lines(struct urls *urls, struct sl_cli *cli, const char *path,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT(URLS_FILE_MAX);
	enum sl_code code = read_input(&text, path, err);

	if (code == SL_OK && strlen(sl_buf_str(&text)) != text.len)
		return sl_error_set(err, SL_EINVAL, "--urls: %s: holds a NUL byte; save it as text",
			path);
	for (const char *s = sl_buf_str(&text); code == SL_OK && *s != '\0';) {
		size_t len = strcspn(s, "\r\n");
		const char *url = trimmed(sl_cli_arena(cli), s, len);

		if (url[0] != '\0' && url[0] != '#')
			*sl_vec_add_in(sl_cli_arena(cli), urls) = url;
		s += len;
		s += strspn(s, "\r\n");
	}
	return code;
}

static enum sl_code gather_urls(struct urls *urls, struct sl_cli *cli, struct sl_error *err)
{
	const char *file = sl_cli_value(cli, "urls"), *url;
	enum sl_code code = SL_OK;

	for (size_t i = 0; (url = sl_cli_value_at(cli, "url", i)); i++)
		*sl_vec_add_in(sl_cli_arena(cli), urls) = url;
	if (file)
		code = add_lines(urls, cli, file, err);
	if (code == SL_OK && urls->len == 0)
		return sl_error_set(err, SL_EINVAL,
			"which database? say it with --url (for instance --url sqlite:dev.db)");
	return code;
}

static enum sl_code folder_for(const struct sl_migration_set **out, struct folders *folders,
	struct sl_cli *cli, enum sl_dialect dialect, struct sl_error *err)
{
	if (!folders->read[dialect]) {
		enum sl_code code = sl_cli_migrations(&folders->of[dialect], cli, dialect, err);

		if (code != SL_OK)
			return code;
		folders->read[dialect] = true;
	}
	*out = &folders->of[dialect].layout.set;
	return SL_OK;
}

/* --- one database ---------------------------------------------------------------------------- */

static bool worth_waiting(const struct sl_apply_result *result)
{
	if (result->try_after_us == 0)
		return false;
	return result->code == SL_ECONFLICT || result->code == SL_EBUSY ||
		result->outcome == SL_OUTCOME_UNKNOWN;
}

static void pause_for(const struct sl_cancel *cancel, const struct sl_clock *clock, int64_t us)
{
	int64_t until = sl_clock_mono(clock) + us;
	int64_t left;

	while ((left = until - sl_clock_mono(clock)) > 0 &&
		sl_cancel_check(cancel, "", NULL) == SL_OK) {
		int64_t ms = left / 1000 + 1;

		(void)poll(NULL, 0, ms < SL_CANCEL_SLICE_MS ? (int)ms : SL_CANCEL_SLICE_MS);
	}
}

/* Behind a run of another Sluice as soon as it ends; behind somebody else's lock less often each
 * time, since whoever waits for one keeps others waiting. */
static int64_t pause_before(const struct migrated *m, unsigned tries)
{
	int64_t wait = m->result.try_after_us;

	for (unsigned i = 1; m->result.code == SL_EBUSY && i < tries && wait < LONGEST_WAIT_US; i++)
		wait *= 2;
	if (wait > LONGEST_WAIT_US)
		wait = LONGEST_WAIT_US;
	return wait > SHORTEST_WAIT_US ? wait : SHORTEST_WAIT_US;
}

/* Attempts until there is an outcome, or the wait for a lock is over. */
static void migrate_one(void *ctx, struct sl_cancel *cancel)
{
	struct migrated *m = ctx;
	const struct sl_clock *clock = m->request.clock;
	int64_t until = sl_clock_mono(clock) + m->lock_wait_us;
	struct sl_conn_spec spec = *m->request.target;
	unsigned tries = 0;
	bool told = false;

	spec.cancel = cancel ? cancel : spec.cancel;
	m->request.target = &spec;
	m->request.limits = &m->limits;
	for (;;) {
		int64_t wait, left;

		(void)sl_apply_run(&m->request, &m->result, m->arena, &m->err);
		tries += m->result.code == SL_EBUSY;
		left = until - sl_clock_mono(clock);
		if (!worth_waiting(&m->result) || left <= 0 || tries >= m->lock_tries ||
			sl_cancel_check(spec.cancel, "", NULL) != SL_OK)
			break;
		wait = pause_before(m, tries);
		wait = wait < left ? wait : left;
		migrate_tell_blocked(&m->teller, &m->result, wait);
		if (!told)
			sl_cli_note(m->cli, "%s; waiting", m->result.text);
		told = true;
		pause_for(spec.cancel, clock, wait);
		sl_apply_result_done(&m->result);
	}
	migrate_tell_ended(&m->teller, &m->result);
}

struct numbers {
	int64_t jobs, rows, wait, tries, lock, statement;
};

static enum sl_code read_duration(struct sl_cli *cli, const char *option, int64_t *inout,
	struct sl_error *err)
{
	const char *text = sl_cli_value(cli, option);

	if (!text || sl_parse_duration(text, inout))
		return SL_OK;
	return sl_error_set(err, SL_EINVAL, "--%s: '%.40s' is no duration (60s, 5m, 0)", option,
		text);
}

static enum sl_code read_numbers(struct sl_cli *cli, struct numbers *out, struct sl_error *err)
{
	enum sl_code code = sl_cli_number(cli, "jobs", 1, JOBS_MAX, &out->jobs, err);

	if (code == SL_OK)
		code = sl_cli_number(cli, "max-rows", 1, INT64_MAX, &out->rows, err);
	if (code == SL_OK)
		code = sl_cli_number(cli, "lock-tries", 1, UINT32_MAX, &out->tries, err);
	if (code == SL_OK)
		code = read_duration(cli, "lock-wait", &out->wait, err);
	if (code == SL_OK)
		code = read_duration(cli, "lock-timeout", &out->lock, err);
	return code == SL_OK ? read_duration(cli, "statement-timeout", &out->statement, err) : code;
}

static struct sl_apply_request request_of(struct sl_cli *cli, const struct sl_conn_spec *target,
	const struct sl_migration_set *set, int64_t max_rows)
{
	struct sl_arena *arena = sl_cli_arena(cli);
	char id[SL_ID_SIZE];
	const char *to = sl_cli_value(cli, "to");

	return (struct sl_apply_request){ .target = target,
		.dir_name = sl_cli_value(cli, "dir"),
		.scope = sl_cli_value(cli, "ledger"),
		.set = set,
		.to = to,
		.order = sl_cli_has(cli, "out-of-order") ? SL_APPLY_ANY_ORDER : SL_APPLY_IN_ORDER,
		.dry_run = sl_cli_has(cli, "dry-run"),
		.run = sl_arena_strdup(arena, sl_rand_id(sl_cli_rand(cli), id)),
		.actor = sl_cli_actor(cli),
		.tool = SL_CLI_TOOL,
		.max_rows = max_rows,
		.clock = sl_cli_clock(cli),
		.rand = sl_cli_rand(cli) };
}

static enum sl_code check_to(struct sl_cli *cli, const char **to, struct sl_error *err)
{
	const char *text = sl_cli_value(cli, "to");

	*to = text ? sl_version_canonical(sl_cli_arena(cli), text, strlen(text)) : NULL;
	if (text && !*to)
		return sl_error_set(err, SL_EINVAL, "--to: '%.40s' is no version", text);
	return SL_OK;
}

/* All targets are read and all folders checked before the first database is opened. */
static enum sl_code prepare(struct migrations *all, struct folders *folders, struct sl_cli *cli,
	const struct urls *urls, struct sl_error *err)
{
	struct numbers n = { .jobs = JOBS,
		.wait = LOCK_WAIT_US,
		.tries = LOCK_TRIES,
		.lock = -1,
		.statement = -1 };
	const char *to = NULL;
	enum sl_code code = read_numbers(cli, &n, err);

	if (code == SL_OK)
		code = check_to(cli, &to, err);
	for (size_t i = 0; code == SL_OK && i < urls->len; i++) {
		struct sl_conn_spec *spec = sl_arena_alloc(sl_cli_arena(cli), sizeof(*spec));
		const struct sl_migration_set *set;
		struct migrated *m;

		code = sl_cli_target(spec, cli, urls->at[i], err);
		if (code == SL_OK)
			code = folder_for(&set, folders, cli, spec->url.dialect, err);
		if (code != SL_OK)
			break;
		spec->create = true;
		m = sl_vec_add(all);
		m->cli = cli;
		m->url = urls->at[i];
		m->arena = sl_arena_new();
		m->limits = sl_apply_limits(n.lock, n.statement);
		m->lock_wait_us = n.wait;
		m->lock_tries = (unsigned)n.tries;
		m->request = request_of(cli, spec, set, n.rows);
		m->request.to = to;
		m->request.layout = sl_layout_kind_name(folders->of[spec->url.dialect].layout.kind);
	}
	all->jobs = n.jobs;
	return code;
}

static enum sl_code run_all(struct migrations *all, struct sl_cli *cli, struct sl_error *err)
{
	struct sl_pool_lane lane = { .name = "migrate",
		.threads = (unsigned)all->jobs,
		.queue_max = all->len };
	struct sl_pool *pool = NULL;
	enum sl_code code;

	if (all->len == 1) {
		migrate_one(&all->at[0], NULL);
		return SL_OK;
	}
	code = sl_pool_new(&pool, sl_cli_clock(cli), &lane, 1, err);
	for (size_t i = 0; code == SL_OK && i < all->len; i++) {
		struct sl_job job = { .key = sl_arena_printf(sl_cli_arena(cli), "%zu", i),
			.run = migrate_one,
			.ctx = &all->at[i] };

		code = sl_pool_submit(pool, 0, &job, err);
	}
	while (pool && !sl_pool_join(pool, SL_SECOND_US / 10))
		if (sl_cancel_asked(sl_cli_cancel(cli)))
			sl_pool_cancel(pool);
	sl_pool_free(pool);
	return code;
}

/* --- a person's word ------------------------------------------------------------------------- */

static const struct sl_migration *find(const struct sl_migration_set *set, const char *key)
{
	for (size_t i = 0; i < set->len; i++) {
		const struct sl_migration *m = &set->at[i];

		if (sl_str_eq(m->key, key) ||
			(m->kind == SL_MIGRATION_VERSION && sl_version_compare(m->key, key) == 0))
			return m;
	}
	return NULL;
}

/* answer NULL: it is to be skipped. */
static enum sl_code speak(struct sl_cli *cli, const struct migrated *target, const char *key,
	const struct sl_apply_answer *answer, struct sl_error *err)
{
	const struct sl_migration *m = find(target->request.set, key);
	struct sl_apply_word word = { .target = target->request.target,
		.scope = target->request.scope,
		.actor = target->request.actor,
		.reason = sl_cli_value(cli, "reason"),
		.tool = target->request.tool,
		.clock = target->request.clock,
		.rand = target->request.rand };
	struct sl_migration_set one;
	const char *text;
	enum sl_code code;

	if (!m)
		return sl_error_set(err, SL_EINVAL, "%s: the folder has no such migration", key);
	text = sl_arena_printf(sl_cli_arena(cli), "%s is skipped", m->path);
	one = (struct sl_migration_set){ m, 1 };
	code = answer ? sl_apply_resolve(&word, &one, answer, &text, sl_cli_arena(cli), err) :
			sl_apply_skip(&word, m, err);
	if (code == SL_OK)
		sl_cli_print(cli, "%s: %s\n", target->url, text);
	return code;
}

/* "VERSION=WORD", and the statement that it is about. */
static enum sl_code read_answer(struct sl_apply_answer *out, const char **key, struct sl_cli *cli,
	struct sl_error *err)
{
	const char *text = sl_cli_value(cli, "resolve");
	const char *equals = strrchr(text, '=');
	int64_t statement = 0;
	enum sl_code code = sl_cli_number(cli, "statement", 1, UINT32_MAX, &statement, err);

	if (code != SL_OK)
		return code;
	if (!equals || !sl_resolution_parse(&out->is, equals + 1))
		return sl_error_set(err, SL_EINVAL,
			"--resolve: write VERSION=applied or VERSION=not-applied of the statement "
			"in doubt, =file-applied or =file-not-applied of the whole file");
	*key = sl_arena_strndup(sl_cli_arena(cli), text, (size_t)(equals - text));
	out->statement = (unsigned)statement;
	return SL_OK;
}

static enum sl_code speak_all(struct sl_cli *cli, const struct migrations *all,
	struct sl_error *err)
{
	bool answers = sl_cli_has(cli, "resolve");
	struct sl_apply_answer answer = { 0 };
	const char *key = sl_cli_value(cli, "skip");
	enum sl_code code = SL_OK;

	if (!sl_cli_value(cli, "reason"))
		return sl_error_set(err, SL_EINVAL, "--reason: say why, the ledger remembers it");
	if (answers)
		code = read_answer(&answer, &key, cli, err);
	for (size_t i = 0; code == SL_OK && i < all->len; i++)
		code = speak(cli, &all->at[i], key, answers ? &answer : NULL, err);
	return code;
}

static enum sl_code run_migrate(struct sl_cli *cli, struct sl_error *err)
{
	auto_folders struct folders folders = { .read = { false } };
	auto_migrations struct migrations all = { .jobs = JOBS };
	struct migrate_events events;
	struct urls urls = { 0 };
	enum sl_code code = gather_urls(&urls, cli, err);

	if (code == SL_OK)
		code = prepare(&all, &folders, cli, &urls, err);
	if (code != SL_OK)
		return code;
	if (sl_cli_has(cli, "adopt"))
		return sl_cli_adopt(cli, &all, err);
	if (sl_cli_has(cli, "skip") || sl_cli_has(cli, "resolve"))
		return speak_all(cli, &all, err);
	migrate_events_begin(&events, cli, all.len);
	for (size_t i = 0; i < all.len; i++)
		migrate_tell(&all.at[i].teller, &events, all.at[i].url, &all.at[i].request);
	code = run_all(&all, cli, err);
	migrate_events_end(&events);
	return code == SL_OK ? migrate_report(&all, cli, err) : code;
}

/* --- baseline -------------------------------------------------------------------------------- */

static const struct sl_cli_option baseline_options[] = {
	{ "url", 'u', "URL", "the database", false },
	SL_CLI_OPTION_DIR,
	SL_CLI_OPTION_LAYOUT,
	SL_CLI_OPTION_LEDGER,
	SL_CLI_OPTION_PASSWORD,
	{ "to", 0, "VERSION", "the last version whose structure is there already, or none", false },
	{ "reason", 0, "TEXT", "why, for the ledger", false },
	{ NULL, 0, NULL, NULL, false },
};

static enum sl_code run_baseline(struct sl_cli *cli, struct sl_error *err)
{
	sl_auto_cli_migrations struct sl_cli_migrations migrations = { 0 };
	const char *url = sl_cli_value(cli, "url"), *given = sl_cli_value(cli, "to"), *to = "";
	struct sl_conn_spec spec;
	struct sl_apply_word word = { .target = &spec,
		.scope = sl_cli_value(cli, "ledger"),
		.actor = sl_cli_actor(cli),
		.reason = sl_cli_value(cli, "reason"),
		.tool = SL_CLI_TOOL,
		.clock = sl_cli_clock(cli),
		.rand = sl_cli_rand(cli) };
	size_t count = 0;
	bool none = sl_str_eq(given ? given : "", "none");
	enum sl_code code = none ? SL_OK : check_to(cli, &to, err);

	if (code == SL_OK && !url)
		return sl_error_set(err, SL_EINVAL, "which database? say it with --url");
	if (code == SL_OK && !to)
		return sl_error_set(err, SL_EINVAL,
			"which version is the database at? say it with --to");
	if (code == SL_OK)
		code = sl_cli_target(&spec, cli, url, err);
	if (code == SL_OK)
		code = sl_cli_migrations(&migrations, cli, spec.url.dialect, err);
	if (code == SL_OK) {
		code = sl_apply_baseline(&word, &migrations.layout.set, to, &count, err);
		code = code == SL_OK ? code : sl_cli_target_failed(err, code, &spec);
	}
	if (code == SL_ENOTFOUND)
		sl_cli_exit(cli, 2);
	if (code == SL_OK)
		sl_cli_print(cli, "%s: baseline at %s: %zu %s will not run\n", url, given, count,
			count == 1 ? "file" : "files");
	return code;
}

static const struct sl_command rows[] = {
	{ "migrate", SL_CLI_RELEASE,
		"applies a folder to one or several databases, without a daemon", "",
		migrate_options, 0, 0, run_migrate },
	{ "baseline", SL_CLI_INSPECT, "says which version a database that was there before is at",
		"", baseline_options, 0, 0, run_baseline },
};

const struct sl_command_list sl_commands_migrate = { rows, sizeof(rows) / sizeof(rows[0]) };
