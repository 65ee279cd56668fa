#include "adopt.h"

#include "sluice/core/escape.h"
#include "sluice/core/json.h"

#include <string.h>

/* More are counted, not listed. */
#define LISTED 40

struct words {
	const char *const *at;
	size_t len;
};

static void print_path(struct sl_cli *cli, const struct sl_migration *m, const char *what)
{
	sl_auto_buf struct sl_buf path = SL_BUF_INIT(1u << 16);

	sl_escape_terminal(&path, m->path, strlen(m->path));
	sl_cli_print(cli, "  %s  %s\n", sl_buf_str(&path), what);
}

static void print_list(struct sl_cli *cli, const struct sl_migration *const *at, size_t len,
	const char *what)
{
	size_t hidden = len > LISTED ? len - LISTED : 0;

	for (size_t i = 0; i < len; i++) {
		if (hidden > 1 && i >= LISTED / 2 && i < len - LISTED / 2)
			continue;
		if (hidden > 1 && i == len - LISTED / 2)
			sl_cli_print(cli, "  ... and %zu between them, %s too\n", hidden, what);
		print_path(cli, at[i], what);
	}
}

static const char *files(size_t n)
{
	return n == 1 ? "file" : "files";
}

void sl_cli_adoption_show(struct sl_cli *cli, const char *url, const struct sl_adoption *adoption)
{
	for (size_t i = 0; i < adoption->notices_len; i++)
		sl_cli_note(cli, "%s: %s", url, adoption->notices[i]);
	for (size_t i = 0; adoption->problems_len > 1 && i < adoption->problems_len; i++)
		sl_cli_note(cli, "%s: %s", url, adoption->problems[i]);
	if (adoption->problems_len > 0)
		return;
	sl_cli_print(cli, "%s: the history of %s (%s)\n", url, adoption->tool, adoption->table);
	print_list(cli, adoption->records, adoption->records_len, "applied");
	print_list(cli, adoption->pending, adoption->pending_len, "pending");
}

static void print_sum(struct sl_cli *cli, const char *url, const struct sl_adoption *adoption,
	bool dry_run)
{
	sl_cli_print(cli, "%s: %zu %s %s, %zu pending", url, adoption->records_len,
		files(adoption->records_len), dry_run ? "would be adopted" : "adopted",
		adoption->pending_len);
	if (adoption->known > 0)
		sl_cli_print(cli, ", %zu known before", adoption->known);
	sl_cli_print(cli, "\n");
}

static json_t *paths_json(const struct sl_migration *const *at, size_t len)
{
	json_t *list = json_array();

	for (size_t i = 0; i < len; i++)
		json_array_append_new(list, json_string(at[i]->path));
	return list;
}

static json_t *words_json(struct words words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < words.len; i++)
		json_array_append_new(list, json_string(words.at[i]));
	return list;
}

static json_t *adoption_json(const char *url, const struct sl_adoption *adoption, bool dry_run,
	const struct sl_error *err)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:I, s:o, s:o}", "target", url,
		"tool", adoption->tool, "table", adoption->table, "dry_run", dry_run, "adopted",
		paths_json(adoption->records, adoption->records_len), "pending",
		paths_json(adoption->pending, adoption->pending_len), "known",
		(json_int_t)adoption->known, "problems",
		words_json((struct words){ adoption->problems, adoption->problems_len }), "notices",
		words_json((struct words){ adoption->notices, adoption->notices_len }));

	if (err->msg[0] != '\0')
		json_object_set_new(row, "error", json_string(err->msg));
	return row;
}

static enum sl_code adopt_one(struct sl_cli *cli, const struct migrated *m, bool dry_run,
	struct sl_adoption *out, struct sl_error *err)
{
	const struct sl_apply_request *request = &m->request;
	const struct sl_apply_word word = { .target = request->target,
		.scope = request->scope,
		.actor = request->actor,
		.reason = sl_cli_value(cli, "reason"),
		.tool = request->tool,
		.clock = request->clock,
		.rand = request->rand };
	const struct sl_adopt_wish wish = { .set = request->set,
		.layout = request->layout,
		.order = request->order,
		.dry_run = dry_run };

	*out = (struct sl_adoption){ .tool = "", .table = "" };
	return sl_apply_adopt_history(&word, &wish, out, sl_cli_arena(cli), err);
}

/* What will be recorded is shown before it is. */
static enum sl_code adopt_for_people(struct sl_cli *cli, const struct migrated *m,
	struct sl_error *err)
{
	struct sl_adoption adoption;
	enum sl_code code = adopt_one(cli, m, true, &adoption, err);

	if (code == SL_OK || adoption.problems_len > 0)
		sl_cli_adoption_show(cli, m->url, &adoption);
	if (code == SL_OK && !m->request.dry_run)
		code = adopt_one(cli, m, false, &adoption, err);
	if (code == SL_OK)
		print_sum(cli, m->url, &adoption, m->request.dry_run);
	return code;
}

static enum sl_code adopt_for_programs(struct sl_cli *cli, const struct migrated *m, json_t *rows,
	struct sl_error *err)
{
	struct sl_adoption adoption;
	enum sl_code code = adopt_one(cli, m, m->request.dry_run, &adoption, err);

	json_array_append_new(rows, adoption_json(m->url, &adoption, m->request.dry_run, err));
	return code;
}

static void print_json(struct sl_cli *cli, const json_t *root)
{
	sl_auto_buf struct sl_buf text = SL_BUF_INIT((size_t)256 << 20);

	sl_json_pretty(root, &text);
	sl_buf_addc(&text, '\n');
	sl_cli_write(cli, sl_buf_str(&text), text.len);
}

enum sl_code sl_cli_adopt(struct sl_cli *cli, const struct migrations *all, struct sl_error *err)
{
	json_t *rows = json_array();
	sl_auto_json json_t *root = json_pack("{s:i, s:o}", "version", 1, "adoptions", rows);
	enum sl_code first = SL_OK;

	for (size_t i = 0; i < all->len; i++) {
		const struct migrated *m = &all->at[i];
		struct sl_error own = SL_ERROR_INIT;
		enum sl_code code = sl_cli_json(cli) ? adopt_for_programs(cli, m, rows, &own) :
						       adopt_for_people(cli, m, &own);

		if (code == SL_OK)
			continue;
		if (first == SL_OK)
			first = sl_error_set(err, code, "%s", own.msg);
		else
			sl_cli_note(cli, "%s", own.msg);
	}
	if (sl_cli_json(cli))
		print_json(cli, root);
	if (first == SL_EBUSY)
		sl_cli_exit(cli, 6);
	return first;
}
