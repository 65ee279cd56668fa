#include "postgres/link.h"

#include "postgres/bytes.h"

#include "sluice/config/secret.h"
#include "sluice/core/alloc.h"
#include "sluice/core/buf.h"
#include "sluice/core/str.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_US  (10 * SL_SECOND_US)
#define EXCHANGE_US (60 * SL_SECOND_US)
#define SECRET_MAX  4096

/* Where Debian and its kin keep the certificates that the system trusts. */
static const char system_certificates[] = "/etc/ssl/certs/ca-certificates.crt";

/* A process that froze or lost its network in the middle of a transaction keeps others from its
 * rows no longer than this. */
static const char settings[] =
	"SELECT set_config('search_path', '" STORE_SCHEMA "', false), "
	"set_config('idle_in_transaction_session_timeout', '5s', false), "
	"set_config('lock_timeout', '10s', false), set_config('statement_timeout', '55s', false), "
	"set_config('tcp_user_timeout', '15s', false), "
	"set_config('default_transaction_isolation', 'read committed', false), "
	"set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
	"WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

static void ignore_notice(void *ctx, const PGresult *result)
{
	(void)ctx;
	(void)result;
}

/* --- errors ----------------------------------------------------------------------------------- */

/* The connection is of no use any more.  libpq's own text: its first line. */
static enum sl_code broken(struct link *link, const char *why, struct sl_error *err)
{
	const char *text = why ? why : PQerrorMessage(link->pg);

	link->broken = true;
	return sl_error_set(err, SL_EBUSY, "%s: the connection was lost%s%.*s", link->place->shown,
		text[0] ? ": " : "", (int)strcspn(text, "\n"), text);
}

static enum sl_code code_of(const char *state)
{
	static const struct {
		const char *prefix;
		enum sl_code code;
	} codes[] = {
		{ "40", SL_EBUSY }, /* lost against another transaction */
		{ "55P03", SL_EBUSY },
		{ "23503", SL_ENOTFOUND },
		{ "57014", SL_EUNAVAIL },
		{ "25006", SL_EUNAVAIL },
		{ "42501", SL_EDENIED },
		{ "08", SL_EUNAVAIL },
		{ "53", SL_EUNAVAIL },
		{ "57P", SL_EUNAVAIL },
		{ "58", SL_EUNAVAIL },
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (sl_str_starts(state, codes[i].prefix))
			return codes[i].code;
	}
	return SL_EINTERNAL;
}

static enum sl_code failed(struct link *link, const PGresult *result, const char *what,
	struct sl_error *err)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (!state || PQstatus(link->pg) != CONNECTION_OK ||
		(severity && sl_str_eq(severity, "FATAL"))) /* the session ends with it */
		return broken(link, message, err);
	if (sl_str_eq(state, "23503"))
		return sl_error_set(err, SL_ENOTFOUND,
			"%s: %s: the record that it belongs to does not exist", link->place->shown,
			what);
	return sl_error_set(err, code_of(state), "%s: %s: %s (%s)", link->place->shown, what,
		message ? message : "", state);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static bool wait_for(struct link *link, short events, int64_t until)
{
	struct pollfd ready = { .fd = PQsocket(link->pg), .events = events };

	for (;;) {
		int64_t left = until - sl_clock_mono(link->place->clock);
		int n = left > 0 ? poll(&ready, 1, (int)(left / 1000) + 1) : 0;

		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

static enum sl_code flush(struct link *link, int64_t until, struct sl_error *err)
{
	int left;

	while ((left = PQflush(link->pg)) > 0) {
		if (!wait_for(link, POLLIN | POLLOUT, until))
			return broken(link, "no answer in time", err);
		if (!PQconsumeInput(link->pg))
			return broken(link, NULL, err);
	}
	return left == 0 ? SL_OK : broken(link, NULL, err);
}

static enum sl_code next_result(struct link *link, int64_t until, PGresult **out,
	struct sl_error *err)
{
	while (PQisBusy(link->pg)) {
		if (!wait_for(link, POLLIN, until))
			return broken(link, "no answer in time", err);
		if (!PQconsumeInput(link->pg))
			return broken(link, NULL, err);
	}
	*out = PQgetResult(link->pg);
	return SL_OK;
}

/* Reads until `syncs` pipelines have ended.  *last is the last answer that held rows or ended a
 * command, and what failed first is returned. */
static enum sl_code read_pipelines(struct link *link, unsigned syncs, const char *what,
	PGresult **last, struct sl_error *err)
{
	const int64_t until = sl_clock_mono(link->place->clock) + EXCHANGE_US;
	enum sl_code first = SL_OK;

	while (syncs > 0) {
		PGresult *result = NULL;
		enum sl_code code = next_result(link, until, &result, first == SL_OK ? err : NULL);
		ExecStatusType status = PQresultStatus(result);

		if (code != SL_OK)
			return first != SL_OK ? first : code;
		if (status == PGRES_PIPELINE_SYNC)
			syncs--;
		else if (result && status == PGRES_FATAL_ERROR && first == SL_OK)
			first = failed(link, result, what, err);
		if (result && (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)) {
			PQclear(*last);
			*last = result;
		} else {
			PQclear(result);
		}
		if (link->broken || PQstatus(link->pg) != CONNECTION_OK)
			return first != SL_OK ? first : broken(link, NULL, err);
	}
	return first;
}

/* Answers that nobody waited for: of statements that cannot fail in a way that matters. */
static enum sl_code drain(struct link *link, struct sl_error *err)
{
	store_auto_result PGresult *ignored = NULL;
	unsigned owed = link->owed;

	link->owed = 0;
	if (owed > 0)
		(void)read_pipelines(link, owed, "", &ignored, err);
	return link->broken ? SL_EBUSY : SL_OK;
}

/* --- connecting ------------------------------------------------------------------------------- */

/* Keywords and values for PQconnectStartParams. */
struct parameters {
	const char *keys[12];
	const char *values[12];
	size_t len;
};

static void add(struct parameters *p, const char *key, const char *value)
{
	p->keys[p->len] = key;
	p->values[p->len++] = value;
}

static bool is_nearby(const char *host, size_t len)
{
	return len == 0 || host[0] == '/' || host[0] == '@' ||
		(len == 9 && memcmp(host, "localhost", len) == 0) ||
		(len == 3 && memcmp(host, "::1", len) == 0) ||
		(sl_str_starts(host, "127.") && strspn(host, "0123456789.") == len);
}

/* Of a list, any may be the one that answers. */
static bool are_nearby(const char *hosts)
{
	while (hosts) {
		const size_t len = strcspn(hosts, ",");

		if (!is_nearby(hosts, len))
			return false;
		hosts = hosts[len] == ',' ? hosts + len + 1 : NULL;
	}
	return true;
}

static const char *option(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword; options++) {
		if (sl_str_eq(options->keyword, keyword))
			return options->val;
	}
	return NULL;
}

/* Where the URL is silent, libpq asks the environment (PGHOST, PGHOSTADDR, PGSERVICE). */
static bool leads_nearby(const PQconninfoOption *options)
{
	PQconninfoOption *defaults = PQconndefaults();
	bool nearby = defaults != NULL;

	for (size_t i = 0; nearby && i < 2; i++) {
		const char *keyword = i == 0 ? "host" : "hostaddr";
		const char *said = option(options, keyword);

		nearby = are_nearby(said ? said : option(defaults, keyword));
	}
	PQconninfoFree(defaults);
	return nearby;
}

/* Verified unless the server is this machine, or the URL says otherwise; by what the system trusts
 * unless the URL names somebody. */
static void add_tls(struct parameters *p, const PQconninfoOption *options)
{
	const char *mode = option(options, "sslmode");

	if (!mode && !leads_nearby(options)) {
		mode = "verify-full";
		add(p, "sslmode", mode);
	}
	if (mode && sl_str_starts(mode, "verify-") && !option(options, "sslrootcert"))
		add(p, "sslrootcert", system_certificates);
}

static enum sl_code add_url(struct parameters *p, const struct link_place *place,
	struct sl_error *err)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(place->url, &why);
	enum sl_code code = SL_OK;

	if (!options) {
		code = sl_error_set(err, SL_EINVAL, "store: the URL cannot be read: %.*s",
			why ? (int)strcspn(why, "\n") : 0, why ? why : "");
		PQfreemem(why);
		return code;
	}
	if (option(options, "password"))
		code = sl_error_set(err, SL_EINVAL,
			"store: the URL holds a password: take it out and name it in "
			"store_password (env:NAME, file:/path)");
	else if (option(options, "service"))
		code = sl_error_set(err, SL_EINVAL,
			"store: the URL names a service, which may lead anywhere: name the server");
	add(p, "dbname", place->url);
	add_tls(p, options);
	PQconninfoFree(options);
	return code;
}

static enum sl_code refused(struct link *link, struct sl_error *err)
{
	const char *text = PQerrorMessage(link->pg);
	const char *remedy = strstr(text, "certificate verify failed") ?
		": name who vouches for it in the store's URL (sslrootcert=FILE)" :
		"";

	return sl_error_set(err, SL_EUNAVAIL, "%s: connect: %.*s%s", link->place->shown,
		(int)strcspn(text, "\n"), text, remedy);
}

static enum sl_code finish(struct link *link, struct sl_error *err)
{
	const int64_t until = sl_clock_mono(link->place->clock) + CONNECT_US;
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	if (PQstatus(link->pg) == CONNECTION_BAD)
		return refused(link, err);
	while (next != PGRES_POLLING_OK) {
		if (!wait_for(link, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, until))
			return sl_error_set(err, SL_EUNAVAIL, "%s: connect: no answer in time",
				link->place->shown);
		next = PQconnectPoll(link->pg);
		if (next == PGRES_POLLING_FAILED)
			return refused(link, err);
	}
	return SL_OK;
}

static enum sl_code connect_to(struct link *link, struct sl_error *err)
{
	sl_auto_secret struct sl_buf secret = SL_BUF_INIT(SECRET_MAX);
	struct parameters p = { .len = 0 };
	enum sl_code code = add_url(&p, link->place, err);

	if (code == SL_OK && link->place->password) {
		code = sl_secret_resolve(link->place->password, &secret, err);
		if (code != SL_OK)
			return sl_error_wrap(err, code, "store_password");
		add(&p, "password", sl_buf_str(&secret));
	}
	if (code != SL_OK)
		return code;
	add(&p, "application_name", "sluice store");
	add(&p, "client_encoding", "UTF8");
	add(&p, "target_session_attrs", "read-write"); /* a standby is no place for a store */
	add(&p, "keepalives_idle", "30");
	p.keys[p.len] = NULL;
	link->pg = PQconnectStartParams(p.keys, p.values, 1);
	if (!link->pg)
		return sl_error_set(err, SL_EUNAVAIL, "%s: connect: out of memory",
			link->place->shown);
	return finish(link, err);
}

enum sl_code store_link_open(struct link **out, const struct link_place *place,
	struct sl_error *err)
{
	sl_auto(store_link_free_p) struct link *link = sl_xcalloc(1, sizeof(*link));
	enum sl_code code;

	link->place = place;
	link->statements = sl_map_new();
	code = connect_to(link, err);
	if (code != SL_OK)
		return code;
	(void)PQsetNoticeReceiver(link->pg, ignore_notice, NULL);
	if (PQsetnonblocking(link->pg, 1) != 0 || !PQenterPipelineMode(link->pg))
		return sl_error_set(err, SL_EUNAVAIL, "%s: connect: no pipeline mode",
			place->shown);
	code = store_link_exec(link, settings, "settings", err);
	if (code == SL_EBUSY)
		code = SL_EUNAVAIL;
	if (code == SL_OK)
		*out = sl_steal(link);
	return code;
}

void store_link_free(struct link *link)
{
	if (!link)
		return;
	for (size_t i = 0; i < sl_map_len(link->statements); i++)
		free(sl_map_value_at(link->statements, i));
	sl_map_free(link->statements);
	PQfinish(link->pg);
	free(link);
}

/* A server that went away has closed its end. */
bool store_link_is_fresh(struct link *link)
{
	struct pollfd ready = { .fd = PQsocket(link->pg), .events = POLLIN };

	if (link->broken || PQstatus(link->pg) != CONNECTION_OK)
		return false;
	if (link->owed > 0)
		return drain(link, NULL) == SL_OK && store_link_is_fresh(link);
	if (poll(&ready, 1, 0) <= 0)
		return true;
	return PQconsumeInput(link->pg) && PQstatus(link->pg) == CONNECTION_OK &&
		poll(&ready, 1, 0) <= 0;
}

/* --- queries ---------------------------------------------------------------------------------- */

void store_params_number(struct params *params, int64_t number)
{
	char *text = params->numbers[params->len];

	(void)snprintf(text, sizeof(params->numbers[0]), "%" PRId64, number);
	params->at[params->len++] = text;
}

void store_params_text(struct params *params, const char *text)
{
	params->at[params->len++] = text ? store_bytes_encode(params->arena, text) : NULL;
}

void store_link_add(struct link *link, const char *sql)
{
	link->pending[link->pending_len++] = sql;
}

static bool put_pending(struct link *link)
{
	bool good = true;

	for (unsigned i = 0; i < link->pending_len; i++)
		good = good &&
			PQsendQueryParams(link->pg, link->pending[i], 0, NULL, NULL, NULL, NULL,
				0) == 1;
	link->pending_len = 0;
	return good;
}

void store_link_send(struct link *link)
{
	if (!link->broken && put_pending(link) && PQpipelineSync(link->pg) &&
		PQflush(link->pg) >= 0)
		link->owed++;
	else
		link->broken = true;
}

/* The name under which the server has the statement, or will have it once the pipeline is through;
 * *fresh: it is sent with it. */
static const char *name_of(struct link *link, const char *sql, char space[16], bool *fresh)
{
	const char *known = sl_map_get(link->statements, sql);

	*fresh = !known;
	if (known)
		return known;
	(void)snprintf(space, 16, "s%u", ++link->named);
	return space;
}

enum sl_code store_link_query(struct link *link, const char *sql, const struct params *params,
	const char *what, PGresult **out, struct sl_error *err)
{
	store_auto_result PGresult *last = NULL;
	char space[16];
	bool fresh;
	const char *name = name_of(link, sql, space, &fresh);
	bool good;
	enum sl_code code;

	if (link->broken)
		return broken(link, "", err);
	good = put_pending(link) && (!fresh || PQsendPrepare(link->pg, name, sql, 0, NULL)) &&
		PQsendQueryPrepared(link->pg, name, params ? params->len : 0,
			params ? params->at : NULL, NULL, NULL, 0) &&
		PQpipelineSync(link->pg);
	if (!good)
		return broken(link, NULL, err);
	code = flush(link, sl_clock_mono(link->place->clock) + EXCHANGE_US, err);
	if (code == SL_OK)
		code = drain(link, err);
	if (code == SL_OK)
		code = read_pipelines(link, 1, what, &last, err);
	if (code != SL_OK)
		return code;
	if (fresh)
		(void)sl_map_put(link->statements, sql, sl_xstrdup(name));
	*out = sl_steal(last);
	return SL_OK;
}

enum sl_code store_link_exec(struct link *link, const char *sql, const char *what,
	struct sl_error *err)
{
	store_auto_result PGresult *result = NULL;

	return store_link_query(link, sql, NULL, what, &result, err);
}

enum sl_code store_link_number(struct link *link, const char *sql, int64_t fallback, int64_t *out,
	struct sl_error *err)
{
	store_auto_result PGresult *result = NULL;
	enum sl_code code = store_link_query(link, sql, NULL, "read", &result, err);

	if (code != SL_OK)
		return code;
	*out = fallback;
	if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0) &&
		!sl_parse_i64(PQgetvalue(result, 0, 0), INT64_MIN, INT64_MAX, out))
		return sl_error_set(err, SL_EINTERNAL, "%s: an answer is no number",
			link->place->shown);
	return SL_OK;
}

enum sl_code store_link_script(struct link *link, const char *sql, struct sl_error *err)
{
	store_auto_result PGresult *result = NULL;
	enum sl_code code = drain(link, err);

	if (code != SL_OK || link->pending_len > 0)
		return code != SL_OK ? code : broken(link, "out of step", err);
	if (!PQexitPipelineMode(link->pg))
		return broken(link, NULL, err);
	(void)PQsetnonblocking(link->pg, 0);
	result = PQexec(link->pg, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		code = failed(link, result, "schema", err);
	if (PQsetnonblocking(link->pg, 1) != 0 || !PQenterPipelineMode(link->pg))
		return code != SL_OK ? code : broken(link, NULL, err);
	return code;
}
