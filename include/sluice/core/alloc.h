/* Allocation that cannot fail: out of memory logs and aborts.  Sizes that come
 * from input are checked against a limit before they get here. */
#ifndef SLUICE_CORE_ALLOC_H
#define SLUICE_CORE_ALLOC_H

#include <stddef.h>

void *sl_xcalloc(size_t n, size_t size)
	__attribute__((malloc, returns_nonnull, warn_unused_result, alloc_size(1, 2)));
void *sl_xrealloc(void *old, size_t size)
	__attribute__((returns_nonnull, warn_unused_result, alloc_size(2)));
char *sl_xstrdup(const char *s)
	__attribute__((malloc, returns_nonnull, warn_unused_result, nonnull(1)));

/* The copy is always terminated; s need not be. */
char *sl_xstrndup(const char *s, size_t len)
	__attribute__((malloc, returns_nonnull, warn_unused_result, nonnull(1)));

/* printf into a fresh string. */
char *sl_xasprintf(const char *fmt, ...)
	__attribute__((malloc, returns_nonnull, warn_unused_result, format(printf, 1, 2)));

#endif
