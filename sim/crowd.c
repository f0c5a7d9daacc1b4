/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thousand nodes, each with a mind of its own. */
#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "sim/world.h"

static uint32_t count_jobs(const struct node *n)
{
	uint32_t k = 0;

	for (const struct job *j = n->jobs; j; j = j->next)
		k++;
	return k;
}

/* All nodes have about three jobs, one has none. */
static int newcomer(uint64_t seed, uint32_t nodes, bool check)
{
	struct world *w = world_create(nodes, seed);
	struct node *n = &w->nodes[nodes - 1];
	uint64_t chance = seed ^ 0xc0de;
	double joined, first = -1, full = -1;
	uint32_t most = 0, jobs = 0, unequal = 0;
	int broken = 0;

	w->load_check = w->conf.hosts_check = check;
	n->alive = false;
	for (uint32_t i = 0; i + 1 < nodes; i++) {
		uint32_t k = 2 + (uint32_t)(random_unit(&chance) * 3); /* 2, 3 or 4 */

		for (uint32_t j = 0; j < k; j++)
			world_job(w, i, 1e6);
		jobs += k;
	}
	world_run(w, 60);
	n->alive = true;
	joined = w->time;
	while (w->time < joined + 60) {
		uint32_t here;

		world_step(w);
		here = count_jobs(n) + n->coming;
		most = MAX(most, here);
		if (here && first < 0)
			first = w->time - joined;
		if (here >= 2 && full < 0)
			full = w->time - joined;
	}
	for (uint32_t i = 0; i < nodes; i++)
		unequal += fabs(count_jobs(&w->nodes[i]) - (double)jobs / nodes) > 1.5;
	broken +=
		promise(first >= 0 && first <= (check ? 20 : 40) &&
				most <= ceil((double)jobs / nodes) * (check ? 1 : 3),
			"1 idle among %u, mean %.2f jobs, %s: first job after %.1f s, second after "
			"%.1f s; most at a time %u, %u refused; %u nodes off the mean by more than "
			"1.5; %u moves in all, %u back",
			nodes, (double)jobs / nodes, check ? "host may refuse" : "host takes all",
			first, full, most, n->refused, unequal, w->moves, w->returns);
	world_destroy(w);
	return broken;
}

int scenario_newcomer(uint64_t seed)
{
	return newcomer(seed, 20, true) + newcomer(seed, 20, false) + newcomer(seed, 200, true) +
	       newcomer(seed, 200, false);
}

int scenario_thousand(uint64_t seed)
{
	return newcomer(seed, 1000, true) + newcomer(seed, 1000, false);
}

struct hour {
	double used, until;
	uint32_t nodes;
	bool place, balance;
	bool ideal; /* all processors are one node's */
};

struct outcome {
	double slowdown, delay;
	uint32_t jobs, moves, most, over, returns, hasty, flaps, refused;
	uint32_t lost; /* killed or not done at the end: with any, the means mean nothing */
};

/* The n-th move for load is at least (n - 1) residencies after the one before. */
static double most_allowed(const struct world *w, double life)
{
	return 1.5 + sqrt(2 * life / ((double)w->conf.residency / 1e9) + 0.25);
}

static struct outcome run_hour(uint64_t seed, const struct hour *h)
{
	uint32_t nodes = h->ideal ? 1 : h->nodes;
	struct world *w = world_create(nodes, seed);
	uint64_t chance = seed ^ 0xf00d;
	const double low = 2, high = 1000;
	double mean = log(high / low) * low / (1 - low / high), next = 5;
	struct outcome o = { 0 };

	w->place = h->place;
	w->balance = h->balance;
	w->loss = 0.1;
	for (uint32_t i = 0; i < nodes; i++) /* memory is another scenario's subject */
		w->nodes[i].memory = 64 * 1024 * KIB_OF_MIB * h->nodes / nodes;
	if (h->ideal)
		w->nodes[0].cpus = h->nodes;
	while (w->time < h->until || (w->running && w->time < 20 * h->until)) {
		for (; next <= w->time && next < h->until;
		     next += random_exp(&chance, mean / h->used / h->nodes)) {
			uint32_t home = (uint32_t)(random_unit(&chance) * h->nodes);
			double work = random_pareto(&chance, 1, low, high);
			double talk = random_unit(&chance) < 0.1 ? 2000 : 20;
			struct job *j;

			/* Some nodes start many more jobs than others. */
			if (random_unit(&chance) < 0.5)
				home /= 4;
			j = world_job(w, h->ideal ? 0 : home, work);
			j->calls = talk;
			j->memory = random_pareto(&chance, 1, 4, 512) * KIB_OF_MIB;
		}
		world_step(w);
	}
	for (uint32_t i = 0; i < w->n_jobs; i++) {
		const struct job *j = w->jobs[i];
		double took = (j->done > 0 ? j->done : w->time) - j->begun;

		o.delay += (took - j->total) / w->n_jobs;
		o.slowdown += took / j->total / w->n_jobs;
		o.most = MAX(o.most, j->moves);
		o.over += j->moves_by[POLICY_BALANCE] > most_allowed(w, took);
	}
	for (uint32_t i = 0; i < nodes; i++)
		o.refused += w->nodes[i].refused;
	o.jobs = w->n_jobs;
	o.lost = world_killed(w) + w->running;
	o.moves = w->moves;
	o.returns = w->returns;
	o.hasty = w->hasty;
	o.flaps = w->flaps;
	world_destroy(w);
	return o;
}

static struct outcome show(const char *what, uint64_t seed, struct hour h)
{
	struct outcome o = run_hour(seed, &h);

	printf("      %-26s %u jobs, mean slowdown %.2f, mean delay %.2f s; %.2f moves a job, most "
	       "%u; "
	       "%u back within a minute, %u refused, %u lost\n",
	       what, o.jobs, o.slowdown, o.delay, (double)o.moves / o.jobs, o.most, o.returns,
	       o.refused, o.lost);
	fflush(stdout);
	return o;
}

static int crowd(uint64_t seed, uint32_t nodes, double until)
{
	struct hour h = { .used = 0.7, .until = until, .nodes = nodes };
	struct outcome ideal, home, placed, moved, both;
	int broken = 0;

	printf("      %u nodes for %.0f s, half of the jobs begin on a quarter of them, 70 %% "
	       "used, 10 "
	       "%% of the gossip lost\n",
	       nodes, until);
	h.ideal = true;
	ideal = show("as one machine (ideal):", seed, h);
	h.ideal = false;
	home = show("at home:", seed, h);
	h.place = true;
	placed = show("placed at the beginning:", seed, h);
	h.balance = true;
	both = show("placed and moved:", seed, h);
	h.place = false;
	moved = show("moved:", seed, h);
	broken += promise(!(ideal.lost + home.lost + placed.lost + moved.lost + both.lost) &&
				  ideal.slowdown > 0.999 && ideal.delay > -0.01,
			  "all jobs were done, none in less time than its work takes");
	broken += promise(both.delay <= 0.95 * placed.delay && moved.delay <= 0.2 * home.delay,
			  "moving helps: mean delay %.0f %% of placement only; %.0f %% of at home",
			  100 * both.delay / placed.delay, 100 * moved.delay / home.delay);
	broken += promise(
		!moved.hasty && moved.flaps * 500 <= moved.moves && !moved.over,
		"nothing goes back and forth: of %u moves %u back within a minute, %u within "
		"the residency, %u a second time; at most %u of one job, %u jobs more often than "
		"their age allows",
		moved.moves, moved.returns, moved.hasty, moved.flaps, moved.most, moved.over);
	broken += promise(
		!both.hasty && both.flaps * 500 <= both.moves && !both.over,
		"... nor if placed: of %u moves %u back, %u within the residency, %u a second "
		"time; at most %u of one job, %u too often",
		both.moves, both.returns, both.hasty, both.flaps, both.most, both.over);
	return broken;
}

int scenario_crowd(uint64_t seed)
{
	return crowd(seed, 100, 600);
}

int scenario_hour(uint64_t seed)
{
	return crowd(seed, 1000, 3600);
}
