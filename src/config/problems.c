#include "node.h"

#include "sluice/core/alloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct sl_problems {
	struct {
		SL_VEC(char *);
	} lines; /* owned */

	size_t total;
};

struct sl_problems *sl_problems_new(void)
{
	return sl_xcalloc(1, sizeof(struct sl_problems));
}

void sl_problems_free(struct sl_problems *problems)
{
	if (!problems)
		return;
	for (size_t i = 0; i < problems->lines.len; i++)
		free(problems->lines.at[i]);
	sl_vec_done(&problems->lines);
	free(problems);
}

size_t sl_problems_len(const struct sl_problems *problems)
{
	return problems->lines.len;
}

size_t sl_problems_total(const struct sl_problems *problems)
{
	return problems->total;
}

const char *sl_problems_at(const struct sl_problems *problems, size_t i)
{
	assert(i < problems->lines.len);
	return problems->lines.at[i];
}

void problem_line(struct sl_problems *problems, const char *line)
{
	if (problems->total++ < SL_PROBLEMS_MAX)
		*sl_vec_add(&problems->lines) = sl_xstrdup(line);
}

static void __attribute__((format(printf, 5, 0))) add_at(struct sl_problems *problems,
	const char *file, unsigned line, unsigned column, const char *fmt, va_list ap)
{
	char text[SL_ERROR_MSG_MAX];
	sl_autofree char *whole = NULL;

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	if (line > 0)
		whole = sl_xasprintf("%s:%u:%u: %s", file, line, column, text);
	else
		whole = sl_xasprintf("%s: %s", file, text);
	problem_line(problems, whole);
}

void problem_at(struct sl_problems *problems, const char *file, unsigned line, unsigned column,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_at(problems, file, line, column, fmt, ap);
	va_end(ap);
}

void sl_problems_add(struct sl_problems *problems, const struct sl_config *config,
	const struct sl_config_node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_at(problems, config->name, node ? node->line : 0, node ? node->column : 0, fmt, ap);
	va_end(ap);
}
