#include "sluice/core/rand.h"

#include "sluice/core/hash.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void fill_system(void *ctx, void *out, size_t len)
{
	unsigned char *at = out;

	(void)ctx;
	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			(void)fputs("no randomness from the kernel\n", stderr);
			abort();
		}
		at += got;
		len -= (size_t)got;
	}
}

const struct sl_rand *sl_rand_system(void)
{
	static const struct sl_rand system = { .fill = fill_system };

	return &system;
}

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static uint64_t next(uint64_t s[4])
{
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

static void fill_seeded(void *ctx, void *out, size_t len)
{
	struct sl_rand_seeded *seeded = ctx;
	unsigned char *at = out;

	while (len > 0) {
		uint64_t word = next(seeded->state);
		size_t n = len < sizeof(word) ? len : sizeof(word);

		memcpy(at, &word, n);
		at += n;
		len -= n;
	}
}

void sl_rand_seed(struct sl_rand_seeded *seeded, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		seeded->state[i] = z ^ z >> 31;
	}
	seeded->rand = (struct sl_rand){ .fill = fill_seeded, .ctx = seeded };
}

uint64_t sl_rand_u64(const struct sl_rand *rand)
{
	uint64_t word = 0;

	rand->fill(rand->ctx, &word, sizeof(word));
	return word;
}

uint64_t sl_rand_below(const struct sl_rand *rand, uint64_t bound)
{
	uint64_t skip;
	uint64_t word;

	assert(bound > 0);
	skip = -bound % bound; /* 2^64 modulo bound: below it the distribution is uneven */
	do {
		word = sl_rand_u64(rand);
	} while (word < skip);
	return word % bound;
}

char *sl_rand_id(const struct sl_rand *rand, char out[SL_ID_SIZE])
{
	unsigned char bytes[(SL_ID_SIZE - 1) / 2];

	rand->fill(rand->ctx, bytes, sizeof(bytes));
	return sl_hex(bytes, sizeof(bytes), out);
}
