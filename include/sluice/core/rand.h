/* Randomness comes in through a door, as time does.  The system one is the kernel's; the seeded one
 * repeats itself from its seed and is for tests and simulation only. */
#ifndef SLUICE_CORE_RAND_H
#define SLUICE_CORE_RAND_H

#include <stddef.h>
#include <stdint.h>

struct sl_rand {
	void (*fill)(void *ctx, void *out, size_t len);
	void *ctx;
};

/* Thread-safe; aborts when the kernel has none to give. */
const struct sl_rand *sl_rand_system(void);

struct sl_rand_seeded {
	struct sl_rand rand; /* hand out &seeded.rand */
	uint64_t state[4];
};

/* xoshiro256** seeded by splitmix64 (Blackman, Vigna 2018).  Not thread-safe. */
void sl_rand_seed(struct sl_rand_seeded *seeded, uint64_t seed);

uint64_t sl_rand_u64(const struct sl_rand *rand);

/* Uniform in [0, bound); bound > 0. */
uint64_t sl_rand_below(const struct sl_rand *rand, uint64_t bound);

/* 128 random bits as 32 lower-case hex digits and a terminator; returns out. */
#define SL_ID_SIZE 33
char *sl_rand_id(const struct sl_rand *rand, char out[SL_ID_SIZE]);

#endif
