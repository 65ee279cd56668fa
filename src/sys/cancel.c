#include "sluice/sys/cancel.h"

#include "sluice/core/alloc.h"

#include <limits.h>
#include <stdatomic.h>

struct sl_cancel {
	const struct sl_clock *clock;
	const struct sl_cancel *parent;
	int64_t deadline; /* monotonic; INT64_MAX: none here or above */
	atomic_bool asked;
};

struct sl_cancel *sl_cancel_new(const struct sl_clock *clock, const struct sl_cancel *parent,
	int64_t timeout_us)
{
	struct sl_cancel *cancel = sl_xcalloc(1, sizeof(*cancel));
	int64_t now = sl_clock_mono(clock);

	cancel->clock = clock;
	cancel->parent = parent;
	cancel->deadline = INT64_MAX;
	if (timeout_us > 0 && __builtin_add_overflow(now, timeout_us, &cancel->deadline))
		cancel->deadline = INT64_MAX;
	if (parent && parent->deadline < cancel->deadline)
		cancel->deadline = parent->deadline;
	atomic_init(&cancel->asked, false);
	return cancel;
}

void sl_cancel_free(struct sl_cancel *cancel)
{
	free(cancel);
}

void sl_cancel_ask(struct sl_cancel *cancel)
{
	atomic_store(&cancel->asked, true);
}

bool sl_cancel_asked(const struct sl_cancel *cancel)
{
	for (; cancel; cancel = cancel->parent) {
		if (atomic_load(&cancel->asked))
			return true;
	}
	return false;
}

enum sl_code sl_cancel_check(const struct sl_cancel *cancel, const char *what, struct sl_error *err)
{
	if (sl_cancel_asked(cancel))
		return sl_error_set(err, SL_ECANCELED, "%s: canceled", what);
	if (sl_cancel_left_us(cancel) == 0)
		return sl_error_set(err, SL_ETIMEOUT, "%s: the deadline passed", what);
	return SL_OK;
}

int64_t sl_cancel_left_us(const struct sl_cancel *cancel)
{
	int64_t now;

	if (!cancel)
		return INT64_MAX;
	if (sl_cancel_asked(cancel))
		return 0;
	if (cancel->deadline == INT64_MAX)
		return INT64_MAX;
	now = sl_clock_mono(cancel->clock);
	return now < cancel->deadline ? cancel->deadline - now : 0;
}

#define MS_US 1000

int sl_cancel_left_ms(const struct sl_cancel *cancel)
{
	int64_t left = sl_cancel_left_us(cancel);

	if (left == INT64_MAX)
		return -1;
	left = left / MS_US + (left % MS_US != 0);
	return left > INT_MAX ? INT_MAX : (int)left;
}

int sl_cancel_slice_ms(const struct sl_cancel *cancel)
{
	int left = sl_cancel_left_ms(cancel);

	return left < 0 || left > SL_CANCEL_SLICE_MS ? SL_CANCEL_SLICE_MS : left;
}
