/* Views, sequences and stored programs. */
#include "read.h"

#include "sluice/core/buf.h"
#include "sluice/core/escape.h"
#include "sluice/core/str.h"
#include "sluice/core/utf8.h"

#include <string.h>

static const char *cell(const struct sl_rows *rows, size_t row, size_t column)
{
	const char *text = column < rows->columns ? sl_rows_cell(rows, row, column) : NULL;

	return text ? text : "";
}

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text > 0x7f)
			return false;
	return true;
}

/* What a program or view keeps of the session that made it. */
struct origin {
	const char *what; /* "trigger a", for messages */
	const char *text;
	const char *mode; /* NULL: it keeps none */
	const char *time_zone; /* or NULL */
	const char *charset, *collation;
	const char *database_collation; /* or NULL */
};

/* Text that was sent in another character set is printed in ours, so it is made anew in ours. */
static const char *session_of(struct sl_my_read *read, const struct origin *from)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT(4096);
	bool ours = is_ascii(from->text) || sl_str_starts(from->charset, "utf8");

	if (!ours)
		sl_my_incomplete(read, "character set of %s (%s)", from->what, from->charset);
	if (from->database_collation && !sl_str_eq(from->database_collation, read->collation))
		sl_my_incomplete(read, "database collation of %s (%s)", from->what,
			from->database_collation);
	if (from->mode) {
		sl_buf_adds(&out, "sql_mode = ");
		sl_my_literal(NULL, &out, from->mode);
		sl_buf_adds(&out, ", ");
	}
	if (from->time_zone) {
		sl_buf_adds(&out, "time_zone = ");
		sl_my_literal(NULL, &out, from->time_zone);
		sl_buf_adds(&out, ", ");
	}
	sl_buf_addf(&out, "character_set_client = %s, collation_connection = %s",
		ours ? from->charset : "utf8mb4", ours ? from->collation : "utf8mb4_general_ci");
	return sl_arena_strdup(read->arena, sl_buf_str(&out));
}

/* --- views ---------------------------------------------------------------------------------- */

/* Columns of SHOW CREATE VIEW. */
enum { VIEW_CREATE = 1, VIEW_CHARSET, VIEW_COLLATION };

/* CREATE ALGORITHM=... DEFINER=... SQL SECURITY ... VIEW `a` [(`b`)] AS select ... */
void sl_my_read_view(struct sl_my_read *read, const char *name, const struct sl_rows *printed)
{
	struct sl_my_tokens t = sl_my_tokens(read, cell(printed, 0, VIEW_CREATE));
	struct origin origin = {
		.what = sl_arena_printf(read->arena, "view %s", name),
		.text = t.text,
		.charset = cell(printed, 0, VIEW_CHARSET),
		.collation = cell(printed, 0, VIEW_COLLATION),
	};
	struct sl_view view = { .id = { SL_ENTITY_VIEW, "", name, "" } };
	size_t word = 1, as;

	while (word < t.len && !sl_my_is(&t, word, "view"))
		word++;
	as = word + 2;
	if (sl_my_is_char(&t, as, '('))
		as = sl_my_close(&t, as);
	view.extra = sl_my_text(&t, 1, word);
	view.definition = sl_my_text(&t, as + 1, t.len);
	view.session = session_of(read, &origin);
	sl_catalog_add(read->builder, &view.id);
}

/* --- sequences ------------------------------------------------------------------------------ */

static const struct {
	const char *first, *second; /* second may be "" */
	size_t offset;
} numbers[] = {
	{ "start", "with", offsetof(struct sl_sequence, start) },
	{ "minvalue", "", offsetof(struct sl_sequence, min) },
	{ "maxvalue", "", offsetof(struct sl_sequence, max) },
	{ "increment", "by", offsetof(struct sl_sequence, increment) },
	{ "cache", "", offsetof(struct sl_sequence, cache) },
};

/* A signed number at i. */
static bool read_number(const struct sl_my_tokens *t, size_t *i, int64_t *out)
{
	size_t first = *i;

	*i += sl_my_is_char(t, first, '-') ? 2 : 1;
	return sl_parse_i64(sl_my_text(t, first, *i), INT64_MIN, INT64_MAX, out);
}

static bool read_sequence_word(struct sl_sequence *sequence, const struct sl_my_tokens *t,
	size_t *i)
{
	for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
		if (!sl_my_is(t, *i, numbers[n].first))
			continue;
		*i += numbers[n].second[0] != '\0' ? 2 : 1;
		return read_number(t, i, (int64_t *)(void *)((char *)sequence + numbers[n].offset));
	}
	sequence->cycle = sequence->cycle || sl_my_is(t, *i, "cycle");
	if (sl_my_is(t, *i, "cycle") || sl_my_is(t, *i, "nocycle") || sl_my_is(t, *i, "nocache")) {
		(*i)++;
		return true;
	}
	if (sl_my_is(t, *i, "engine") && sl_str_eq(sl_my_text(t, *i + 2, *i + 3), "InnoDB")) {
		*i += 3;
		return true;
	}
	return false;
}

/* CREATE SEQUENCE `a` start with 1 minvalue 1 ... ENGINE=InnoDB */
void sl_my_read_sequence(struct sl_my_read *read, const char *name, const struct sl_rows *printed)
{
	struct sl_my_tokens t = sl_my_tokens(read, cell(printed, 0, 1));
	struct sl_sequence sequence = { .id = { SL_ENTITY_SEQUENCE, "", name, "" } };

	for (size_t i = 3; i < t.len;)
		if (!read_sequence_word(&sequence, &t, &i)) {
			sl_my_incomplete(read, "sequence %s: %s", name, sl_my_text(&t, i, t.len));
			break;
		}
	sl_catalog_add(read->builder, &sequence.id);
}

/* --- routines and events -------------------------------------------------------------------- */

/* Columns of SHOW CREATE PROCEDURE and its kin. */
enum {
	PROGRAM_MODE = 1,
	PROGRAM_CREATE,
	PROGRAM_CHARSET,
	PROGRAM_COLLATION,
	PROGRAM_DATABASE_COLLATION
};

void sl_my_read_routine(struct sl_my_read *read, const char *kind, const char *name,
	const struct sl_rows *printed)
{
	const char *detail = sl_type_normal(read->arena, read->conn->base.dialect, kind);
	struct origin origin = {
		.what = sl_arena_printf(read->arena, "%s %s", detail, name),
		.text = cell(printed, 0, PROGRAM_CREATE),
		.mode = cell(printed, 0, PROGRAM_MODE),
		.charset = cell(printed, 0, PROGRAM_CHARSET),
		.collation = cell(printed, 0, PROGRAM_COLLATION),
		.database_collation = cell(printed, 0, PROGRAM_DATABASE_COLLATION),
	};
	struct sl_routine routine = { .id = { SL_ENTITY_ROUTINE, "", name, detail },
		.definition = origin.text };
	struct sl_plain plain = { .id = { SL_ENTITY_PLAIN, "", name, detail },
		.definition = origin.text };

	if (origin.text[0] == '\0') {
		sl_my_incomplete(read,
			"%s: its text is not shown to this login, which neither owns it nor may read "
			"mysql.proc",
			origin.what);
		return;
	}
	routine.session = plain.session = session_of(read, &origin);
	routine.kind = sl_str_eq(detail, "procedure") ? SL_ROUTINE_PROCEDURE : SL_ROUTINE_FUNCTION;
	if (sl_str_starts(detail, "package"))
		sl_catalog_add(read->builder, &plain.id);
	else
		sl_catalog_add(read->builder, &routine.id);
}

/* Columns of SHOW CREATE EVENT. */
enum {
	EVENT_MODE = 1,
	EVENT_ZONE,
	EVENT_CREATE,
	EVENT_CHARSET,
	EVENT_COLLATION,
	EVENT_DATABASE_COLLATION
};

void sl_my_read_event(struct sl_my_read *read, const char *name, const struct sl_rows *printed)
{
	struct origin origin = {
		.what = sl_arena_printf(read->arena, "event %s", name),
		.text = cell(printed, 0, EVENT_CREATE),
		.mode = cell(printed, 0, EVENT_MODE),
		.time_zone = cell(printed, 0, EVENT_ZONE),
		.charset = cell(printed, 0, EVENT_CHARSET),
		.collation = cell(printed, 0, EVENT_COLLATION),
		.database_collation = cell(printed, 0, EVENT_DATABASE_COLLATION),
	};
	struct sl_plain event = { .id = { SL_ENTITY_PLAIN, "", name, "event" },
		.definition = origin.text };

	event.session = session_of(read, &origin);
	sl_catalog_add(read->builder, &event.id);
}

/* --- triggers ------------------------------------------------------------------------------- */

/* Columns of the query, whose rows are in the order of action. */
enum {
	TRIGGER_NAME,
	TRIGGER_TABLE,
	TRIGGER_TIMING,
	TRIGGER_EVENT,
	TRIGGER_BODY,
	TRIGGER_DEFINER,
	TRIGGER_MODE,
	TRIGGER_CHARSET,
	TRIGGER_COLLATION,
	TRIGGER_DATABASE_COLLATION
};

static bool same_moment(const struct sl_rows *rows, size_t a, size_t b)
{
	for (size_t column = TRIGGER_TABLE; column <= TRIGGER_EVENT; column++)
		if (!sl_str_eq(cell(rows, a, column), cell(rows, b, column)))
			return false;
	return true;
}

static void add_name(struct sl_buf *out, const char *word, const char *name)
{
	sl_buf_adds(out, word);
	sl_escape_ident(out, name, '`');
}

/* Triggers of one moment run in an order of their own, but a snapshot makes them in that of their
 * names: each says where it stands among those that are there by then. */
static void add_order(struct sl_buf *out, const struct sl_rows *rows, size_t row)
{
	const char *name = cell(rows, row, TRIGGER_NAME);

	for (size_t before = row; before-- > 0 && same_moment(rows, before, row);)
		if (strcmp(cell(rows, before, TRIGGER_NAME), name) < 0) {
			add_name(out, " follows ", cell(rows, before, TRIGGER_NAME));
			return;
		}
	for (size_t after = row + 1; after < rows->len && same_moment(rows, after, row); after++)
		if (strcmp(cell(rows, after, TRIGGER_NAME), name) < 0) {
			add_name(out, " precedes ", cell(rows, after, TRIGGER_NAME));
			return;
		}
}

static const char *trigger_text(struct sl_my_read *read, const struct sl_rows *rows, size_t row)
{
	sl_auto_buf struct sl_buf out = SL_BUF_INIT((size_t)16 << 20);
	const char *definer = cell(rows, row, TRIGGER_DEFINER);
	const char *at = strrchr(definer, '@');

	sl_buf_adds(&out, "create");
	if (at) {
		add_name(&out, " definer = ",
			sl_arena_strndup(read->arena, definer, (size_t)(at - definer)));
		add_name(&out, "@", at + 1);
	}
	add_name(&out, " trigger ", cell(rows, row, TRIGGER_NAME));
	sl_buf_addf(&out, " %s %s", cell(rows, row, TRIGGER_TIMING),
		cell(rows, row, TRIGGER_EVENT));
	add_name(&out, " on ", cell(rows, row, TRIGGER_TABLE));
	sl_buf_adds(&out, " for each row");
	add_order(&out, rows, row);
	sl_buf_addf(&out, " %s", cell(rows, row, TRIGGER_BODY));
	return sl_arena_strdup(read->arena, sl_buf_str(&out));
}

void sl_my_read_triggers(struct sl_my_read *read, const struct sl_rows *rows)
{
	for (size_t row = 0; row < rows->len; row++) {
		struct origin origin = {
			.what = sl_arena_printf(read->arena, "trigger %s",
				cell(rows, row, TRIGGER_NAME)),
			.text = trigger_text(read, rows, row),
			.mode = cell(rows, row, TRIGGER_MODE),
			.charset = cell(rows, row, TRIGGER_CHARSET),
			.collation = cell(rows, row, TRIGGER_COLLATION),
			.database_collation = cell(rows, row, TRIGGER_DATABASE_COLLATION),
		};
		struct sl_trigger trigger = { .id = { SL_ENTITY_TRIGGER, "",
						      cell(rows, row, TRIGGER_NAME),
						      cell(rows, row, TRIGGER_TABLE) },
			.definition = origin.text,
			.enabled = "" };

		trigger.session = session_of(read, &origin);
		sl_catalog_add(read->builder, &trigger.id);
	}
}
