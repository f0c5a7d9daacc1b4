/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thousand members, a tenth of the datagrams lost, some nodes standing still for two seconds now
 * and then: nobody who is there is taken for dead, who is dead is known soon, and what is known is
 * fresh.
 *
 *   gossip_many [--seed N] [--nodes N] [--seconds N] [--loss THOUSANDTHS] [-v]
 *
 * MOS_SEED and MOS_SIM_SECONDS do the same; 3600 seconds are the long run. By hand each run has a seed of
 * its own; the suite's is given, since what is asked of tails must not depend on the day. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "sim.h"

#define ROUND	   (60 * SIM_SEC) /* one of each kind of trouble */
#define STILL_EACH 3U		  /* nodes that stand still at any time */

static unsigned failures;
static bool verbose;

#define CHECK(what, ...)                                                                           \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			(void)printf("FAILED at line %d: %s: ", __LINE__, #what);                  \
			(void)printf(__VA_ARGS__);                                                 \
			(void)printf("\n");                                                        \
			failures++;                                                                \
		}                                                                                  \
	} while (0)

/* When each of the others knew what became of one node. */
struct watch {
	uint32_t node;
	enum member_state state;
	int64_t since, limit;
	int64_t when[1000 * 10]; /* by observer; 0: not yet */
};

static struct watch watch;

static void on_changed(struct sim *s, uint32_t observer, uint32_t node, enum member_state from,
		       enum member_state to)
{
	if (node == watch.node && to == watch.state)
		watch.when[observer - 1] = s->now;
}

static void watch_for(struct sim *s, unsigned i, enum member_state state, int64_t limit)
{
	watch = (struct watch){ .node = i + 1, .state = state, .since = s->now, .limit = limit };
}

static void watched(struct sim *s, const char *what)
{
	unsigned others = 0, soon = 0;
	int64_t last = 0;

	for (unsigned k = 0; k < s->n; k++) {
		int64_t took = watch.when[k] ? watch.when[k] - watch.since : INT64_MAX;

		if (!s->node[k].gossip || k + 1 == watch.node)
			continue;
		if (took > watch.limit && s->node[k].stood_still >= watch.since)
			continue; /* how could it know */
		others++;
		soon += took <= watch.limit;
		last = MAX(last, took);
	}
	if (verbose)
		(void)printf("%6.1f s: node %u %s: %u of %u within %.1f s, the last after %.2f s\n",
			     (double)s->now / 1e9, watch.node, what, soon, others,
			     (double)watch.limit / 1e9, (double)last / 1e9);
	CHECK(soon * 100U >= others * 99U, "node %u %s: %u of %u within %.1f s", watch.node, what,
	      soon, others, (double)watch.limit / 1e9);
}

/* Some stand still for two seconds, never one that @but names. */
static void run(struct sim *s, int64_t ns, unsigned but)
{
	for (int64_t end = s->now + ns; s->now < end;) {
		for (unsigned k = 0; k < STILL_EACH; k++) {
			unsigned i = sim_random(s, s->n);

			if (i != but && s->node[i].gossip && !s->node[i].still_until)
				sim_stand_still(s, i, 2 * SIM_SEC);
		}
		sim_run(s, MIN(2 * SIM_SEC, end - s->now));
	}
}

static int cmp_age(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void check_ages(struct sim *s)
{
	float *age = malloc(sizeof(*age) * s->n * s->n);
	double sum = 0, wrong = 0;
	size_t n = 0;
	unsigned without = 0;

	ASSERT(age);
	for (unsigned i = 0; i < s->n; i++)
		for (unsigned k = 0; s->node[i].gossip && k < s->n; k++) {
			const struct member *m = gossip_find(s->node[i].gossip, k + 1);

			if (i == k || !s->node[k].gossip)
				continue;
			if (m->info.seq) {
				int64_t made = (int64_t)m->info.features;

				age[n] = (float)(s->now - made) / 1e9F;
				sum += (double)age[n++];
				wrong = MAX(wrong, (double)(m->made - made) / 1e9);
			} else {
				without++;
			}
		}
	qsort(age, n, sizeof(*age), cmp_age);
	if (verbose)
		(void)printf("%6.1f s: ages: mean %.2f s, 50 %% %.2f, 99 %% %.2f, worst %.2f, "
			     "%u unknown; told too young by at most %.2f s\n",
			     (double)s->now / 1e9, sum / (double)n, (double)age[n / 2],
			     (double)age[n * 99 / 100], (double)age[n - 1], without, wrong);
	CHECK(sum / (double)n <= 8, "mean age %.2f s", sum / (double)n);
	CHECK((double)age[n * 99 / 100] <= 13, "99 %% of ages are up to %.2f s",
	      (double)age[n * 99 / 100]);
	CHECK(without * 10000ULL <= n, "%u records are not known", without);
	free(age);
}

static unsigned pick(struct sim *s)
{
	unsigned i;

	do
		i = sim_random(s, s->n);
	while (!s->node[i].gossip || s->node[i].still_until);
	return i;
}

static void check_whole(struct sim *s, const char *when)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (s->node[i].gossip)
			missing += sim_up(s) - 1 - sim_holding(s, i, MEMBER_ALIVE) -
				   sim_holding(s, i, MEMBER_SUSPECT);
	CHECK(!missing, "%s: %u of %u pairs do not know each other", when, missing,
	      sim_up(s) * (sim_up(s) - 1));
}

static void kill_and_return(struct sim *s)
{
	unsigned i = pick(s);

	watch_for(s, i, MEMBER_DEAD, 5 * SIM_SEC);
	sim_kill(s, i);
	run(s, 7 * SIM_SEC, i);
	watched(s, "is dead");
	watch_for(s, i, MEMBER_ALIVE, 3 * SIM_SEC);
	sim_start(s, i);
	run(s, 5 * SIM_SEC, i);
	watched(s, "is there again");
	/* so short that none of its absence is noticed */
	watch_for(s, i, MEMBER_ALIVE, 3 * SIM_SEC);
	sim_kill(s, i);
	sim_start(s, i);
	run(s, 5 * SIM_SEC, i);
	watched(s, "has another life");
}

static void leave_and_return(struct sim *s)
{
	unsigned i = pick(s);

	watch_for(s, i, MEMBER_LEFT, 2 * SIM_SEC);
	sim_leave(s, i);
	run(s, 4 * SIM_SEC, i);
	watched(s, "has left");
	sim_start(s, i);
	run(s, 5 * SIM_SEC, i);
}

/* Pairs that hold each other to be there. */
static unsigned pairs(const struct sim *s)
{
	unsigned held = 0;

	for (unsigned i = 0; i < s->n; i++)
		held += sim_holding(s, i, MEMBER_ALIVE) + sim_holding(s, i, MEMBER_SUSPECT);
	return held;
}

static void watch_pairs(struct sim *s, const char *what, unsigned seconds)
{
	for (unsigned t = 1; t <= seconds; t++) {
		run(s, SIM_SEC, s->n);
		if (verbose)
			(void)printf("%6.1f s: %s for %u s: %u of %u pairs\n", (double)s->now / 1e9,
				     what, t, pairs(s), s->n * (s->n - 1));
	}
}

static void cut_and_heal(struct sim *s)
{
	unsigned one = s->n / 4 + sim_random(s, s->n / 2), other = s->n - one, held;
	unsigned within = one * (one - 1) + other * (other - 1), between = 2 * one * other;

	sim_cut(s, one);
	watch_pairs(s, "cut", 12);
	held = pairs(s);
	CHECK(held >= within && held - within <= between / 100,
	      "cut into %u and %u: %u of %u pairs within and %u between", one, other, held, within,
	      between);
	sim_heal(s);
	watch_pairs(s, "healed", 10);
	check_whole(s, "10 s after the cut was healed");
}

static uint64_t option(int argc, char **argv, const char *name, const char *env, uint64_t otherwise)
{
	const char *text = env ? getenv(env) : NULL;

	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], name))
			text = argv[i + 1];
	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void start_all(struct sim *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		sim_start(s, i);
		if (i % 10 == 9)
			sim_run(s, 10 * SIM_MSEC);
	}
	run(s, 15 * SIM_SEC, s->n);
	check_whole(s, "15 s after the start");
}

static void round_of_trouble(struct sim *s, int64_t end)
{
	int64_t began = s->now;

	kill_and_return(s);
	leave_and_return(s);
	cut_and_heal(s);
	run(s, MIN(end, began + ROUND) - s->now, s->n);
	check_whole(s, "after a round of trouble");
	check_ages(s);
}

static void tell_traffic(const struct sim *s)
{
	uint64_t sent = 0, bytes = 0;

	for (unsigned i = 0; i < s->n; i++) {
		sent += s->node[i].sent;
		bytes += s->node[i].bytes;
	}
	(void)printf("%.1f datagrams and %.1f kB a second and node\n",
		     (double)sent * 1e9 / (double)s->now / s->n,
		     (double)bytes * 1e6 / (double)s->now / s->n);
}

int main(int argc, char **argv)
{
	uint64_t seed = option(argc, argv, "--seed", "MOS_SEED", 0);
	unsigned n =
		(unsigned)MIN(option(argc, argv, "--nodes", NULL, 1000), ARRAY_SIZE(watch.when));
	int64_t end = (int64_t)option(argc, argv, "--seconds", "MOS_SIM_SECONDS", 60) * SIM_SEC;
	struct sim *s;

	for (int i = 1; i < argc; i++)
		verbose |= !strcmp(argv[i], "-v");
	if (!seed)
		seed = (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
	(void)printf("seed: %llu (--seed, MOS_SEED), %u nodes, %lld s\n", (unsigned long long)seed,
		     n, (long long)(end / SIM_SEC));
	s = sim_create(n, seed);
	s->loss = (unsigned)option(argc, argv, "--loss", NULL, 100);
	s->changed = on_changed;
	start_all(s);
	/* A record in ten thousand takes longer than 15 s to get through: until then who is asked for
	 * it has none, not even an old one. */
	run(s, 15 * SIM_SEC, s->n);
	check_ages(s);
	do
		round_of_trouble(s, end);
	while (s->now < end);
	CHECK(!s->evicted, "%llu times", (unsigned long long)s->evicted);
	tell_traffic(s);
	sim_destroy(s);
	(void)printf(failures ? "FAILED (seed %llu)\n" : "passed (seed %llu)\n",
		     (unsigned long long)seed);
	return failures ? 1 : 0;
}
