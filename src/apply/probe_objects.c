#include "apply_int.h"

#include "sluice/core/map.h"
#include "sluice/core/str.h"

#include <string.h>

/*
 * What became of a statement that commits by itself (MySQL, MariaDB), told from the objects that it
 * names: the shape that the server shows of each before and after, and InnoDB's numbers where the
 * statement may leave the shape as it was.
 *
 * What was seen before is a line that names the session, and a line an object: "SHAPE INCARNATION",
 * "-" for what was not there.
 */

/* Of a table with 8,192 partitions 90 KB, in most others a line. */
#define SEEN_MAX ((size_t)16 << 20)

struct seen {
	char *shape, *incarnation;
};

static const struct {
	enum sl_sql_object object;
	enum sl_engine_object_kind kind;
} kinds[] = {
	{ SL_SQL_OBJECT_TABLE, SL_ENGINE_TABLE },
	{ SL_SQL_OBJECT_VIEW, SL_ENGINE_VIEW },
	{ SL_SQL_OBJECT_SEQUENCE, SL_ENGINE_SEQUENCE },
	{ SL_SQL_OBJECT_TRIGGER, SL_ENGINE_TRIGGER },
	{ SL_SQL_OBJECT_FUNCTION, SL_ENGINE_FUNCTION },
	{ SL_SQL_OBJECT_PROCEDURE, SL_ENGINE_PROCEDURE },
	{ SL_SQL_OBJECT_EVENT, SL_ENGINE_EVENT },
};

/* An index stands in the text of its table. */
static enum sl_engine_object_kind kind_of(enum sl_sql_object object)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].object == object)
			return kinds[i].kind;
	return SL_ENGINE_TABLE;
}

static const char *database_of(const struct run *run, const struct probe_object *object)
{
	return object->schema[0] != '\0' ? object->schema : run->request->target->url.database;
}

/* The numbers count only where the text may stay the same. */
static enum sl_code look(struct run *run, const struct step *step, unsigned i,
	struct sl_fingerprint *out, struct sl_error *err)
{
	const struct probe_object *object = &step->objects[i];
	struct sl_engine_object what = { kind_of(object->kind), database_of(run, object),
		object->name, step->same_text };

	return sl_conn_fingerprint(run->conn, &what, out, run->arena, err);
}

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

enum sl_code apply_objects_before(struct run *run, const struct step *step, const char **before,
	struct sl_error *err)
{
	sl_auto_buf struct sl_buf seen = SL_BUF_INIT(SEEN_MAX);
	enum sl_code code = SL_OK;

	if (!run->session)
		code = sl_conn_session(run->conn, &run->session, run->arena, err);
	sl_buf_adds(&seen, code == SL_OK ? run->session : "");
	for (unsigned i = 0; code == SL_OK && i < step->objects_len; i++) {
		struct sl_fingerprint now;

		code = look(run, step, i, &now, err);
		if (code == SL_OK)
			sl_buf_addf(&seen, "\n%s %s", or_dash(now.shape), or_dash(now.incarnation));
	}
	if (code == SL_OK)
		*before = sl_arena_strdup(run->arena, sl_buf_str(&seen));
	return code;
}

/* The i-th object as it was; both "-" where the text has no such line. */
static struct seen seen_of(struct run *run, const char *before, unsigned i)
{
	struct seen seen = { sl_arena_strdup(run->arena, "-"), sl_arena_strdup(run->arena, "-") };
	const char *line = before;
	size_t shape, incarnation;

	for (unsigned k = 0; line && k <= i; k++) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return seen;
	shape = strcspn(line, " \n");
	seen.shape = sl_arena_strndup(run->arena, line, shape);
	line += shape;
	line += *line == ' ';
	incarnation = strcspn(line, "\n");
	if (incarnation > 0)
		seen.incarnation = sl_arena_strndup(run->arena, line, incarnation);
	return seen;
}

enum change { UNCHANGED, CHANGED, NOT_TOLD };

static enum change change_of(const struct step *step, const struct seen *was,
	const struct sl_fingerprint *is)
{
	bool same = sl_str_eq(was->shape, or_dash(is->shape));

	if (!step->same_text || !same || sl_str_eq(was->shape, "-"))
		return same ? UNCHANGED : CHANGED;
	if (sl_str_eq(was->incarnation, "-") || is->incarnation[0] == '\0')
		return NOT_TOLD;
	return sl_str_eq(was->incarnation, is->incarnation) ? UNCHANGED : CHANGED;
}

static enum verdict judge(const struct step *step, unsigned changed, unsigned unchanged)
{
	if (changed == 0)
		return NOT_APPLIED;
	if (unchanged == 0)
		return APPLIED;
	/* Of several objects some: repeating a DROP IF EXISTS does the rest and no harm. */
	return step->drops && step->if_exists ? NOT_APPLIED : CANNOT_SAY;
}

enum sl_code apply_objects_probe(struct run *run, const struct step *step, const char *before,
	enum verdict *verdict, struct sl_error *err)
{
	unsigned changed = 0, unchanged = 0;

	for (unsigned i = 0; i < step->objects_len; i++) {
		struct seen was = seen_of(run, before, i);
		struct sl_fingerprint now;
		enum sl_code code = look(run, step, i, &now, err);
		enum change change;

		if (code != SL_OK)
			return code;
		change = change_of(step, &was, &now);
		if (change == NOT_TOLD) {
			*verdict = CANNOT_SAY;
			return SL_OK;
		}
		if (step->makes && change == CHANGED && now.shape[0] == '\0') {
			*verdict = HALF_APPLIED;
			return SL_OK;
		}
		/* What was not there cannot be dropped, and what still is not tells nothing. */
		if (sl_str_eq(was.shape, "-") && (step->drops || now.shape[0] == '\0'))
			continue;
		changed += change == CHANGED;
		unchanged += change == UNCHANGED;
	}
	*verdict = judge(step, changed, unchanged);
	return SL_OK;
}

enum sl_code apply_objects_awaited(struct run *run, const char *before, const char **doing,
	struct sl_error *err)
{
	const char *session = sl_arena_strndup(run->arena, before, strcspn(before, "\n"));
	struct sl_session found;
	enum sl_code code = sl_conn_look(run->conn, session, &found, run->arena, err);

	*doing = NULL;
	if (code == SL_OK && found.there && found.busy)
		*doing = sl_arena_printf(run->arena, "%s (for %lld s%s%s)", found.shown,
			(long long)found.seconds, found.doing[0] != '\0' ? ", " : "", found.doing);
	return code;
}

/* --- what can be undone ---------------------------------------------------------------------- */

/* Tables that are asked for at once. */
#define TABLES_MAX 64

/* The engines that know transactions, as a list of literals. */
static enum sl_code read_engines(struct run *run, struct sl_error *err)
{
	sl_auto_buf struct sl_buf list = SL_BUF_INIT(LEDGER_SQL_MAX);
	struct sl_rows rows = { 0 };
	enum sl_code code = sl_conn_query(run->conn, &rows, run->arena,
		"SELECT engine FROM information_schema.engines WHERE transactions = 'YES' "
		"LIMIT 1000", /* or a file's sql_select_limit would count */
		err);

	if (code != SL_OK)
		return code;
	sl_conn_literal(run->conn, &list, "");
	for (size_t i = 0; i < rows.len; i++) {
		sl_buf_adds(&list, ", ");
		sl_conn_literal(run->conn, &list, sl_rows_cell(&rows, i, 0));
	}
	run->engines = sl_arena_strdup(run->arena, sl_buf_str(&list));
	return SL_OK;
}

/* By its key: for a condition over several tables the server would look at all that it has. */
static void add_table(struct run *run, struct sl_map *tables, const struct probe_object *object)
{
	sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);

	sl_buf_adds(&sql, "SELECT engine FROM information_schema.tables WHERE table_schema = ");
	sl_conn_literal(run->conn, &sql, database_of(run, object));
	sl_buf_adds(&sql, " AND table_name = ");
	sl_conn_literal(run->conn, &sql, object->name);
	sl_buf_adds(&sql, " AND engine NOT IN (");
	(void)sl_map_put(tables, sl_buf_str(&sql), run);
}

static enum sl_code ask_tables(struct run *run, const struct sl_map *tables, const char **engine,
	struct sl_error *err)
{
	size_t len = sl_map_len(tables), at = 0;
	enum sl_code code = run->engines || len == 0 ? SL_OK : read_engines(run, err);

	while (code == SL_OK && at < len && !*engine) {
		sl_auto_buf struct sl_buf sql = SL_BUF_INIT(LEDGER_SQL_MAX);
		struct sl_rows rows = { 0 };
		size_t end = at + TABLES_MAX < len ? at + TABLES_MAX : len;

		for (; at < end; at++)
			sl_buf_addf(&sql, "%s%s%s)", sql.len > 0 ? " UNION ALL " : "",
				sl_map_key_at(tables, at), run->engines);
		code = sl_conn_query(run->conn, &rows, run->arena, sl_buf_str(&sql), err);
		if (code == SL_OK && rows.len > 0)
			*engine = sl_rows_cell(&rows, 0, 0);
	}
	return code;
}

enum sl_code apply_check_undoable(struct run *run, const struct plan *plan, unsigned first,
	unsigned end, const char **engine)
{
	struct sl_map *tables sl_auto(sl_map_free_p) = sl_map_new();
	struct sl_error cause = SL_ERROR_INIT;
	bool known = run->engines;
	enum sl_code code;

	for (unsigned i = first; i < end; i++)
		for (unsigned k = 0; k < plan->steps[i].objects_len; k++)
			add_table(run, tables, &plan->steps[i].objects[k]);
	code = ask_tables(run, tables, engine, &cause);
	if (code == SL_OK && *engine && known) { /* it may have been installed since */
		*engine = run->engines = NULL;
		code = ask_tables(run, tables, engine, &cause);
	}
	return code == SL_OK ? SL_OK : apply_fail(run, SL_OUTCOME_BLOCKED, code, "%s", cause.msg);
}
