/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mossim: the real src/policy in clusters that exist as numbers only. */
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "sim/world.h"

#define SEED 20020210U /* openMosix began on 10 February 2002 */

static const struct {
	const char *name, *what;
	int (*run)(uint64_t seed);
	bool slow;
} scenarios[] = {
	{ "batch", "eight equal jobs on one of three nodes", scenario_batch, false },
	{ "speeds", "nodes of unequal speed and size", scenario_speeds, false },
	{ "pareto", "many short jobs, few long ones", scenario_pareto, false },
	{ "talk", "a job that begins to talk with home", scenario_talk, false },
	{ "newcomer", "an idle node joins", scenario_newcomer, false },
	{ "crowd", "100 nodes, random arrivals, ten minutes", scenario_crowd, false },
	{ "memory", "jobs that grow", scenario_memory, false },
	{ "drain", "expel and bring", scenario_drain, false },
	{ "local", "a node's own user comes", scenario_local, false },
	{ "arrivals", "16 nodes, many short jobs, few long ones", scenario_arrivals, true },
	{ "thousand", "an idle node joins 999", scenario_thousand, true },
	{ "hour", "1,000 nodes, random arrivals, an hour", scenario_hour, true },
};

int promise(bool kept, const char *fmt, ...)
{
	va_list ap;

	printf("  %-6s  ", kept ? "ok" : "FAILED");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	return !kept;
}

static const char usage[] = "Usage: mossim [--seed N] [--long] [--trace] [SCENARIO...]\n"
			    "Runs the balancing brain in clusters that exist as numbers only, and "
			    "checks what it promises.\n"
			    "\n"
			    "  --seed N   all chance follows from N\n"
			    "  --long     the long scenarios too\n"
			    "  --trace    print each move with its reason\n"
			    "\n"
			    "Scenarios:\n";

static void help(FILE *to)
{
	fputs(usage, to);
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
		fprintf(to, "  %-10s %s%s\n", scenarios[i].name, scenarios[i].what,
			scenarios[i].slow ? " (long)" : "");
}

static bool named(const char *name, char **names, int n)
{
	for (int i = 0; i < n; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

static bool known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (!strcmp(scenarios[i].name, name))
			return true;
	}
	fprintf(stderr, "mossim: no scenario %s\n", name);
	return false;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "long", no_argument, NULL, 'l' },
		{ "trace", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	uint64_t seed = SEED;
	bool slow = false;
	int c, broken = 0;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'l')
			slow = true;
		else if (c == 't')
			trace_moves = true;
		else
			return help(c == 'h' ? stdout : stderr), c == 'h' ? 0 : 2;
	}
	for (int i = optind; i < argc; i++) {
		if (!known(argv[i]))
			return 2;
	}
	printf("mossim --seed %" PRIu64 "\n", seed);
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (optind < argc ? !named(scenarios[i].name, argv + optind, argc - optind)
				  : scenarios[i].slow && !slow)
			continue;
		printf("%s: %s\n", scenarios[i].name, scenarios[i].what);
		broken += scenarios[i].run(seed);
	}
	printf("%d broken\n", broken);
	return broken ? 1 : 0;
}
