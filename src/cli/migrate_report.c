#include "migrate_report.h"

#include "target.h"

#include "sluice/core/escape.h"
#include "sluice/core/json.h"
#include "sluice/core/str.h"

#include <stdio.h>
#include <string.h>

void migrations_done(struct migrations *all)
{
	for (size_t i = 0; i < all->len; i++) {
		sl_apply_result_done(&all->at[i].result);
		sl_arena_free(all->at[i].arena);
	}
	sl_vec_done(all);
}

static int exit_status(const struct sl_apply_result *result)
{
	switch (result->outcome) {
	case SL_OUTCOME_NOTHING:
	case SL_OUTCOME_APPLIED:
		return 0;
	case SL_OUTCOME_FAILED_CLEAN:
		/* nothing was begun: the folder or the command line is wrong */
		return result->run[0] == '\0' ? sl_code_exit_status(result->code) : 8;
	case SL_OUTCOME_FAILED_PARTIAL:
		return 8;
	case SL_OUTCOME_CANCELED:
		return 130;
	case SL_OUTCOME_BLOCKED:
		if (result->code == SL_EUNAVAIL && result->server_code[0] != '\0')
			return 8; /* the target answered: it has no room for the statement */
		return result->code == SL_EBUSY ? 6 : sl_code_exit_status(result->code);
	case SL_OUTCOME_UNKNOWN:
	case SL_OUTCOME_NEEDS_HUMAN:
	case SL_OUTCOME_COUNT:
		break;
	}
	return 9;
}

/* From the gravest down. */
static int gravest(int a, int b)
{
	static const int order[] = { 10, 9, 8, 130, 6, 4, 3, 7, 5, 2, 1 };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return a > b ? a : b;
}

static json_t *locks_json(const struct sl_apply_segment *segment)
{
	json_t *list = json_array();

	for (size_t i = 0; i < segment->locks_len; i++) {
		const struct sl_apply_lock *lock = &segment->locks[i];

		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:b, s:b, s:I}", "table", lock->table, "mode",
				lock->mode, "blocks", lock->blocks, "rewrites", lock->rewrites,
				"scans", lock->scans, "line", (json_int_t)lock->line));
	}
	return list;
}

static json_t *segments_json(const struct sl_apply_migration *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->segments_len; i++) {
		const struct sl_apply_segment *segment = &m->segments[i];

		json_array_append_new(list,
			json_pack("{s:s, s:I, s:I, s:I, s:s, s:o, s:b}", "runs",
				sl_apply_segment_name(segment->kind), "first",
				(json_int_t)segment->first, "last", (json_int_t)segment->last,
				"line", (json_int_t)segment->line, "why", segment->why, "locks",
				locks_json(segment), "may_lock_more", segment->unknown));
	}
	return list;
}

static json_t *migrations_json(const struct sl_apply_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->migrations_len; i++) {
		const struct sl_apply_migration *m = &result->migrations[i];

		json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "kind",
			sl_migration_kind_name(m->migration->kind), "key", m->migration->key,
			"path", m->migration->path, "did", migrate_did_name(m->did), "done",
			(json_int_t)m->done, "total", (json_int_t)m->total, "took_us",
			(json_int_t)m->took_us);

		if (m->segments)
			json_object_set_new(row, "segments", segments_json(m));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *blockers_json(const struct sl_apply_result *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->blockers_len; i++) {
		const struct sl_lock_holder *b = &result->blockers[i];

		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b}",
				"session", b->session, "user", b->user, "application",
				b->application, "address", b->address, "state", b->state, "what",
				b->what, "holds", b->holds, "wants", b->wants, "object", b->object,
				"held_us", (json_int_t)b->held_us, "guessed", (int)b->guessed));
	}
	return list;
}

static json_t *target_json(const struct migrated *m)
{
	const struct sl_apply_result *result = &m->result;
	json_t *notices = json_array();
	json_t *target;

	for (size_t i = 0; i < result->notices_len; i++)
		json_array_append_new(notices, json_string(result->notices[i]));
	target = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:o, s:o}", "target",
		m->url, "outcome", sl_outcome_name(result->outcome), "code",
		sl_code_name(result->code), "run", result->run, "done", (json_int_t)result->done,
		"total", (json_int_t)result->total, "before", result->before_hash, "after",
		result->after_hash, "took_us", (json_int_t)result->took_us, "migrations",
		migrations_json(result), "notices", notices);
	if (result->blockers_len > 0)
		json_object_set_new(target, "blockers", blockers_json(result));
	if (result->code != SL_OK)
		json_object_set_new(target, "error",
			json_pack("{s:s, s:s, s:I, s:I, s:s}", "message", result->text, "path",
				result->path, "line", (json_int_t)result->line, "column",
				(json_int_t)result->column, "server_code", result->server_code));
	return target;
}

/* The result: the last line of the stream of events, or all there is. */
static void print_json(const struct migrations *all, struct sl_cli *cli)
{
	const char *format = sl_cli_value(cli, "format");
	bool stream = format && sl_str_eq(format, "json");
	json_t *targets = json_array();
	sl_auto_json json_t *root = json_pack("{s:i, s:o}", "version", 1, "targets", targets);
	sl_auto_buf struct sl_buf text = SL_BUF_INIT((size_t)256 << 20);

	for (size_t i = 0; i < all->len; i++)
		json_array_append_new(targets, target_json(&all->at[i]));
	if (stream)
		json_object_set_new(root, "event", json_string("result"));
	if (stream)
		sl_json_canonical(root, &text);
	else
		sl_json_pretty(root, &text);
	sl_cli_write(cli, sl_buf_str(&text), text.len);
	if (text.len == 0 || text.data[text.len - 1] != '\n')
		sl_cli_write(cli, "\n", 1);
}

static const char *segment_head(const struct sl_apply_segment *segment, char out[64])
{
	if (segment->first == segment->last)
		(void)snprintf(out, 64, "%u", segment->first);
	else
		(void)snprintf(out, 64, "%u-%u", segment->first, segment->last);
	return out;
}

static void print_locks(const struct migrated *m, const struct sl_apply_segment *segment)
{
	for (size_t i = 0; i < segment->locks_len; i++) {
		const struct sl_apply_lock *lock = &segment->locks[i];
		sl_auto_buf struct sl_buf table = SL_BUF_INIT(1u << 16);

		if (sl_str_eq(lock->mode, "ACCESS SHARE") && !lock->scans)
			continue;
		sl_escape_terminal(&table, lock->table, strlen(lock->table));
		sl_cli_print(m->cli, "           line %u: %s on %s, blocks %s%s\n", lock->line,
			lock->mode, table.len > 0 ? sl_buf_str(&table) : "the database",
			lock->blocks,
			lock->rewrites ? ", rewrites it" :
					 (lock->scans ? ", reads all of it" : ""));
	}
	if (segment->unknown)
		sl_cli_print(m->cli, "           may lock more than can be told from here\n");
}

static void print_segments(const struct migrated *m, const struct sl_apply_migration *file)
{
	static const char *const heads[] = {
		[SL_APPLY_TOGETHER] = "one transaction",
		[SL_APPLY_ALONE] = "alone, in no transaction",
		[SL_APPLY_SESSION] = "between transactions",
	};
	char head[64];

	for (size_t i = 0; i < file->segments_len; i++) {
		const struct sl_apply_segment *segment = &file->segments[i];

		sl_cli_print(m->cli, "    %-6s %s%s%s%s\n", segment_head(segment, head),
			heads[segment->kind], segment->why[0] != '\0' ? " (" : "", segment->why,
			segment->why[0] != '\0' ? ")" : "");
		print_locks(m, segment);
	}
}

static void print_files(const struct migrated *m)
{
	for (size_t i = 0; i < m->result.migrations_len; i++) {
		const struct sl_apply_migration *file = &m->result.migrations[i];
		sl_auto_buf struct sl_buf path = SL_BUF_INIT(1u << 16);
		char span[SL_TIME_ISO_MAX];

		sl_escape_terminal(&path, file->migration->path, strlen(file->migration->path));
		if (file->did == SL_APPLY_WOULD_RUN) {
			sl_cli_print(m->cli, "  %s  pending, %u %s\n", sl_buf_str(&path),
				file->total, file->total == 1 ? "statement" : "statements");
			print_segments(m, file);
		} else {
			sl_cli_print(m->cli, "  %s  %s, %u of %u, %s\n", sl_buf_str(&path),
				migrate_did_name(file->did), file->done, file->total,
				sl_time_span(file->took_us, span));
		}
	}
}

static const char *remedy(const struct sl_apply_result *result)
{
	if (result->outcome == SL_OUTCOME_UNKNOWN)
		return "; run the same command again, it finds out what became of it";
	if (result->outcome == SL_OUTCOME_BLOCKED && result->code == SL_EUNAVAIL)
		return "; mend that and run the same command again, it goes on from here";
	return result->code == SL_EDENIED ? sl_cli_target_remedy(result->code) : "";
}

static void complain(const struct sl_apply_result *result)
{
	sl_auto_buf struct sl_buf line = SL_BUF_INIT(8u * SL_ERROR_MSG_MAX);

	sl_escape_terminal(&line, result->text, strlen(result->text));
	(void)fprintf(stderr, "sluice: %s%s\n", sl_buf_str(&line), remedy(result));
}

static void print_target(const struct migrated *m, bool alone)
{
	char span[SL_TIME_ISO_MAX];

	for (size_t i = 0; i < m->result.notices_len; i++)
		sl_cli_note(m->cli, "%s: %s", m->url, m->result.notices[i]);
	if (alone)
		print_files(m);
	if (m->result.code == SL_OK)
		sl_cli_print(m->cli, "%s (%s)\n", m->result.text,
			sl_time_span(m->result.took_us, span));
	else if (!alone)
		complain(&m->result);
}

enum sl_code migrate_report(const struct migrations *all, struct sl_cli *cli, struct sl_error *err)
{
	size_t failed = 0, last = 0;
	int status = 0;

	for (size_t i = 0; i < all->len; i++) {
		status = gravest(status, exit_status(&all->at[i].result));
		if (all->at[i].result.code != SL_OK) {
			failed++;
			last = i;
		}
		if (!sl_cli_json(cli))
			print_target(&all->at[i], all->len == 1);
	}
	if (sl_cli_json(cli))
		print_json(all, cli);
	sl_cli_exit(cli, status);
	if (failed == 0)
		return SL_OK;
	if (all->len == 1)
		return sl_error_set(err, all->at[last].result.code, "%s%s",
			all->at[last].result.text, remedy(&all->at[last].result));
	return sl_error_set(err, all->at[last].result.code,
		"%zu of %zu databases did not get through", failed, all->len);
}
