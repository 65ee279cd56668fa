/* What an answer means to its caller: codes, when to come back, how often to ask. */
#include "sluice/core/clock.h"
#include "sluice/core/str.h"
#include "sluice/net.h"

#include <curl/curl.h>
#include <string.h>

#define HOUR_US     (3600 * SL_SECOND_US)
#define TOKEN_MICRO INT64_C(1000000)

const char *sl_net_header(const struct sl_net_answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->n_headers; i++)
		if (strcmp(answer->headers[i].name, name) == 0)
			return answer->headers[i].value;
	return NULL;
}

enum sl_code sl_net_status_code(unsigned status)
{
	if (status < 400)
		return SL_OK;
	switch (status) {
	case 401:
		return SL_EUNAUTH;
	case 403:
		return SL_EDENIED;
	case 404:
	case 410:
		return SL_ENOTFOUND;
	case 409:
	case 412:
		return SL_ECONFLICT;
	case 413:
		return SL_ELIMIT;
	case 429:
		return SL_EBUSY;
	default:
		return status >= 500 ? SL_EUNAVAIL : SL_EINVAL;
	}
}

static int64_t clamp_wait(int64_t us)
{
	return us < 0 ? 0 : us > HOUR_US ? HOUR_US : us;
}

/* Seconds from now, or a date (RFC 9110 10.2.3). */
static int64_t parse_after(const char *text, int64_t wall_us)
{
	int64_t seconds;

	if (sl_parse_i64(text, 0, 1000000, &seconds))
		return clamp_wait(seconds * SL_SECOND_US);
	seconds = curl_getdate(text, NULL);
	return seconds < 0 ? 0 : clamp_wait(seconds * SL_SECOND_US - wall_us);
}

int64_t sl_net_retry_after(const struct sl_net_answer *answer, int64_t wall_us)
{
	const char *after = sl_net_header(answer, "retry-after");
	const char *left = sl_net_header(answer, "x-ratelimit-remaining");
	const char *reset = sl_net_header(answer, "x-ratelimit-reset");
	int64_t seconds;

	if (after != NULL)
		return parse_after(after, wall_us);
	if (left == NULL || reset == NULL || strcmp(left, "0") != 0 ||
		!sl_parse_i64(reset, 0, INT64_C(1) << 40, &seconds))
		return 0;
	return clamp_wait(seconds * SL_SECOND_US - wall_us);
}

int64_t sl_net_backoff(unsigned n, int64_t base_us, uint64_t jitter)
{
	int64_t pause = base_us << (n < 1 ? 0 : n > 7 ? 6 : n - 1);
	int64_t half = pause / 2;

	return pause - pause / 4 + (half > 0 ? (int64_t)(jitter % (uint64_t)half) : 0);
}

void sl_net_budget_init(struct sl_net_budget *budget, uint32_t per_minute, uint32_t burst,
	int64_t mono_us)
{
	*budget = (struct sl_net_budget){
		.per_minute = per_minute > 0 ? per_minute : 1,
		.burst = burst > 0 ? burst : 1,
		.at = mono_us,
	};
	budget->tokens_micro = budget->burst * TOKEN_MICRO;
}

int64_t sl_net_budget_take(struct sl_net_budget *budget, int64_t mono_us)
{
	int64_t passed = mono_us - budget->at;
	int64_t most = budget->burst * TOKEN_MICRO;
	int64_t missing;

	/* In an hour every bucket is full; longer pauses would only overflow. */
	passed = clamp_wait(passed);
	budget->at = mono_us;
	budget->tokens_micro += passed * budget->per_minute / 60;
	if (budget->tokens_micro > most || passed == HOUR_US)
		budget->tokens_micro = most;
	missing = TOKEN_MICRO - budget->tokens_micro;
	if (missing > 0)
		return missing * 60 / budget->per_minute + 1;
	budget->tokens_micro -= TOKEN_MICRO;
	return 0;
}

void sl_net_redact(const char *url, struct sl_buf *out)
{
	const char *authority = strstr(url, "://");
	const char *at;
	size_t head;

	if (authority == NULL) {
		sl_buf_add(out, url, strcspn(url, "?#"));
		return;
	}
	head = (size_t)(authority + 3 - url);
	for (at = url + head + strcspn(url + head, "/?#"); at > url + head; at--)
		if (at[-1] == '@')
			break;
	sl_buf_add(out, url, head);
	sl_buf_add(out, at, strcspn(at, "?#"));
}
