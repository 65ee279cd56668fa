/*
 * sim_test [--seed N] [--seeds N] [--from N] [--finds BUG]
 *
 * Lives of many seeds.  A seed that breaks is printed with its step and what broke; --seed N tells
 * its whole story.  --finds: one of the seeds must break, since BUG was planted in this program.
 */
#include "sim.h"

#include "sluice/core/log.h"
#include "sluice/core/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SEEDS_SHORT 200
#define SEEDS_LONG  3000

static struct sim sim; /* outlives a life that was left by longjmp */

struct options {
	int64_t from, seeds;
	bool tell;
	const char *finds;
};

static int64_t number_of(const char *text)
{
	int64_t value = 0;

	if (!text || !sl_parse_i64(text, 0, INT64_MAX, &value)) {
		(void)fprintf(stderr, "not a number: %s\n", text ? text : "");
		exit(2);
	}
	return value;
}

static void parse(int argc, char **argv, struct options *options)
{
	for (int i = 1; i < argc; i += 2) {
		if (sl_str_eq(argv[i], "--seed")) {
			options->from = number_of(argv[i + 1]);
			options->seeds = 1;
			options->tell = true;
		} else if (sl_str_eq(argv[i], "--seeds")) {
			options->seeds = number_of(argv[i + 1]);
		} else if (sl_str_eq(argv[i], "--from")) {
			options->from = number_of(argv[i + 1]);
		} else if (sl_str_eq(argv[i], "--finds") && argv[i + 1]) {
			options->finds = argv[i + 1];
		} else {
			(void)fprintf(stderr, "unknown option %s\n", argv[i]);
			exit(2);
		}
	}
}

/* As the test runner counts them. */
static int close_with(bool passed, const char *name)
{
	if (passed) {
		(void)printf("[  PASSED  ] 1 test(s).\n");
		return 0;
	}
	(void)printf("[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] %s\n", name);
	return 1;
}

static void broke(const struct options *options, int64_t seed)
{
	(void)printf("seed %lld, step %u: %s\n", (long long)seed, sim.step, sim.what);
	if (!options->finds)
		(void)printf("again: sim_test --seed %lld\n", (long long)seed);
}

static int run(const struct options *options)
{
	unsigned long attempts = 0, deaths = 0, takeovers = 0, splits = 0, losses = 0, hands = 0;
	unsigned long migrations = 0;

	for (int64_t i = 0; i < options->seeds; i++) {
		if (!sim_live(&sim, (uint64_t)(options->from + i), options->tell)) {
			broke(options, options->from + i);
			if (options->finds)
				(void)printf("%s: found by seed %lld of %lld\n", options->finds,
					(long long)i + 1, (long long)options->seeds);
			return close_with(options->finds != NULL, "every life ends as it must");
		}
		attempts += sim.attempts;
		deaths += sim.deaths;
		takeovers += sim.takeovers;
		splits += sim.splits;
		losses += sim.losses;
		hands += sim.hands;
		migrations += sim.migrations;
	}
	(void)printf("%lld seeds: %lu runs asked for, %lu deaths, %lu takeovers, %lu split brains, "
		     "%lu lost stores, %lu tables made by hand, %lu runs of others\n",
		(long long)options->seeds, attempts, deaths, takeovers, splits, losses, hands,
		migrations);
	if (options->finds)
		(void)printf("%s: not found\n", options->finds);
	return close_with(options->finds == NULL, options->finds ? options->finds : "");
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	char data[256];
	char path[300];
	struct options options = { .from = 1,
		.seeds = getenv("SLUICE_TEST_LONG") ? SEEDS_LONG : SEEDS_SHORT };
	int status;

	parse(argc, argv, &options);
	(void)snprintf(data, sizeof(data), "%s/sluice-sim-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(data)) {
		perror(data);
		return 2;
	}
	if (!options.tell)
		sl_log_init(SL_LOG_ERROR, STDERR_FILENO, sl_clock_system());
	sim.data = data;
	status = run(&options);
	(void)snprintf(path, sizeof(path), "%s/installation", data);
	(void)unlink(path);
	(void)rmdir(data);
	(void)fflush(stdout);
	_exit(status);
}
