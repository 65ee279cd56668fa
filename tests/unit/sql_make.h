/*
 * Statements made at random from one seed: a small grammar of production rules, expanded.  A rule
 * is a list of alternatives; <name> in one expands that rule, <name?> expands it half of the time,
 * and <name+> one to three times, joined by a comma.
 */
#ifndef SLUICE_TESTS_SQL_MAKE_H
#define SLUICE_TESTS_SQL_MAKE_H

#include "sluice/core/buf.h"
#include "sluice/core/rand.h"

#include <stdbool.h>
#include <string.h>

struct make_rule {
	const char *name;
	const char *const *alternatives; /* ends with NULL */
};

#define MAKE(...)                      \
	(const char *const[])          \
	{                              \
		__VA_ARGS__, (void *)0 \
	}

struct make {
	const struct make_rule *rules; /* ends with a rule without name */
	const struct sl_rand *rand;
	int depth;
};

static inline const struct make_rule *make_find(const struct make *make, const char *name,
	size_t len)
{
	const struct make_rule *rule = make->rules;

	while (rule->name && (strlen(rule->name) != len || memcmp(rule->name, name, len) != 0))
		rule++;
	return rule;
}

static inline void make_expand(struct make *make, struct sl_buf *out, const char *name, size_t len);

static inline void make_times(struct make *make, struct sl_buf *out, const char *name, size_t len)
{
	char mark = name[len - 1];
	uint64_t times = 1;

	if (mark == '?')
		times = sl_rand_below(make->rand, 2);
	if (mark == '+')
		times = 1 + sl_rand_below(make->rand, 3);
	for (uint64_t i = 0; i < times; i++) {
		sl_buf_adds(out, i > 0 ? ", " : "");
		make_expand(make, out, name, len - (mark == '?' || mark == '+'));
	}
}

/* Deep down the first alternative is taken: rules put there what ends. */
static inline void make_expand(struct make *make, struct sl_buf *out, const char *name, size_t len)
{
	const struct make_rule *rule = make_find(make, name, len);
	uint64_t n = 0;
	const char *p;

	if (!rule->name) {
		sl_buf_adds(out, "?");
		sl_buf_add(out, name, len);
		return;
	}
	while (rule->alternatives[n])
		n++;
	make->depth++;
	p = rule->alternatives[make->depth > 12 ? 0 : sl_rand_below(make->rand, n)];
	while (*p) {
		const char *open = strchr(p, '<');
		const char *close = open ? strchr(open, '>') : NULL;

		if (!close || open[1] == ' ' || open[1] == '=' || open[1] == '>') {
			sl_buf_adds(out, p);
			break;
		}
		sl_buf_add(out, p, (size_t)(open - p));
		make_times(make, out, open + 1, (size_t)(close - open) - 1);
		p = close + 1;
	}
	make->depth--;
}

static inline void make_statement(struct make *make, struct sl_buf *out, const char *rule)
{
	make->depth = 0;
	make_expand(make, out, rule, strlen(rule));
}

#endif
