#include "layout_int.h"

#include "sluice/core/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum sl_severity severities[] = {
	[SL_LAYOUT_DUPLICATE_VERSION] = SL_SEVERITY_ERROR,
	[SL_LAYOUT_UNREADABLE] = SL_SEVERITY_ERROR,
	[SL_LAYOUT_BAD_NAME] = SL_SEVERITY_ERROR,
	[SL_LAYOUT_BAD_DIRECTIVE] = SL_SEVERITY_ERROR,
	[SL_LAYOUT_UNSUPPORTED] = SL_SEVERITY_ERROR,
	[SL_LAYOUT_AMBIGUOUS] = SL_SEVERITY_ERROR,
	[SL_LAYOUT_IGNORED] = SL_SEVERITY_WARNING,
	[SL_LAYOUT_EMPTY] = SL_SEVERITY_NOTICE,
};

_Static_assert(sizeof(severities) / sizeof(severities[0]) == SL_LAYOUT_PROBLEM_KIND_COUNT,
	"a kind of problem has no severity");

#define MESSAGE_MAX 1500

void problem_add(struct reader *r, enum sl_layout_problem_kind kind, const char *path,
	unsigned line, const char *remedy, const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	*sl_vec_add_in(r->arena, &r->problems) = (struct sl_layout_problem){
		.kind = kind,
		.severity = severities[kind],
		.path = sl_arena_strdup(r->arena, path),
		.line = line,
		.message = sl_arena_strdup(r->arena, message),
		.remedy = remedy,
	};
}

static int compare(const void *left, const void *right)
{
	const struct sl_layout_problem *a = left;
	const struct sl_layout_problem *b = right;
	int order = strcmp(a->path, b->path);

	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return strcmp(a->message, b->message);
}

void problems_sort(struct reader *r)
{
	if (r->problems.len > 0)
		qsort(r->problems.at, r->problems.len, sizeof(*r->problems.at), compare);
}

enum sl_code sl_layout_check(const struct sl_layout *layout, struct sl_error *err)
{
	const struct sl_layout_problem *first = NULL;
	char place[SL_PATH_LIMIT + 16] = "";
	size_t errors = 0;

	for (size_t i = 0; i < layout->problem_count; i++) {
		if (layout->problems[i].severity != SL_SEVERITY_ERROR)
			continue;
		if (errors++ == 0)
			first = &layout->problems[i];
	}
	if (!first)
		return SL_OK;
	if (first->line > 0)
		(void)snprintf(place, sizeof(place), "%s:%u: ", first->path, first->line);
	else if (first->path[0] != '\0')
		(void)snprintf(place, sizeof(place), "%s: ", first->path);
	if (errors == 1)
		return sl_error_set(err, SL_EINVAL, "%s%s; %s", place, first->message,
			first->remedy);
	return sl_error_set(err, SL_EINVAL, "%s%s; %s (and %zu more)", place, first->message,
		first->remedy, errors - 1);
}
