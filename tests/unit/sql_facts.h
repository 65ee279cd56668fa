/* Facts as text: one line a row, only what is there. */
#ifndef SLUICE_TESTS_SQL_FACTS_H
#define SLUICE_TESTS_SQL_FACTS_H

#include "sluice/core/buf.h"
#include "sluice/sql/statement.h"

#include <inttypes.h>
#include <string.h>

static inline void facts_add_text(struct sl_buf *out, const char *text)
{
	sl_buf_addc(out, '"');
	for (; *text; text++) {
		if (*text == '\n')
			sl_buf_adds(out, "\\n");
		else
			sl_buf_addc(out, *text);
	}
	sl_buf_addc(out, '"');
}

static inline void facts_add_names(struct sl_buf *out, const struct sl_names *names)
{
	sl_buf_addc(out, '[');
	for (size_t i = 0; i < names->len; i++) {
		sl_buf_adds(out, i > 0 ? ", " : "");
		sl_buf_adds(out, names->at[i]);
	}
	sl_buf_addc(out, ']');
}

static inline void facts_add_span(struct sl_buf *out, const char *field, const char *sql)
{
	size_t at, len;

	memcpy(&at, field, sizeof(at));
	memcpy(&len, field + sizeof(at), sizeof(len));
	if (len == 0)
		return;
	sl_buf_adds(out, " <");
	for (size_t i = at; i < at + len; i++)
		sl_buf_addc(out, sql[i] == '\n' ? ' ' : sql[i]);
	sl_buf_addc(out, '>');
}

static inline void facts_add_field(struct sl_buf *out, const struct sl_fact_column *column,
	const char *row, const char *sql)
{
	const char *field = row + column->offset;
	const char *text;
	struct sl_names names;
	bool flag;
	int64_t number;
	int choice;

	switch (column->type) {
	case SL_FACT_TYPE_TEXT:
		memcpy(&text, field, sizeof(text));
		if (text[0] == '\0')
			return;
		sl_buf_addf(out, " %s=", column->name);
		facts_add_text(out, text);
		return;
	case SL_FACT_TYPE_FLAG:
		memcpy(&flag, field, sizeof(flag));
		if (flag)
			sl_buf_addf(out, " %s", column->name);
		return;
	case SL_FACT_TYPE_NUMBER:
		memcpy(&number, field, sizeof(number));
		if (number > 0)
			sl_buf_addf(out, " %s=%" PRId64, column->name, number);
		return;
	case SL_FACT_TYPE_CHOICE:
		memcpy(&choice, field, sizeof(choice));
		sl_buf_addf(out, " %s=%s", column->name, column->word(choice));
		return;
	case SL_FACT_TYPE_NAMES:
		memcpy(&names, field, sizeof(names));
		if (names.len == 0)
			return;
		sl_buf_addf(out, " %s=", column->name);
		facts_add_names(out, &names);
		return;
	default:
		facts_add_span(out, field, sql);
		return;
	}
}

struct facts_list {
	char *at;
	size_t len, cap;
};

static inline void facts_add_row(struct sl_buf *out, const struct sl_fact_table *table,
	const char *row, const char *sql)
{
	size_t n;
	const struct sl_fact_column *columns = table->columns(&n);

	sl_buf_adds(out, table->name);
	for (size_t i = 0; i < n; i++)
		facts_add_field(out, &columns[i], row, sql);
	sl_buf_addc(out, '\n');
}

static inline void facts_add(struct sl_buf *out, const struct sl_facts *facts, const char *sql)
{
	size_t n;
	const struct sl_fact_table *tables = sl_fact_tables(&n);

	for (size_t i = 0; i < n; i++) {
		struct facts_list list;

		memcpy(&list, (const char *)facts + tables[i].list, sizeof(list));
		for (size_t j = 0; j < list.len; j++)
			facts_add_row(out, &tables[i], list.at + j * tables[i].row, sql);
	}
}

#endif
