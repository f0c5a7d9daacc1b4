/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few nodes: batches of jobs, unequal speeds, jobs that talk with home, long and short jobs. */
#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "sim/world.h"

static double last_done(const struct world *w)
{
	double t = 0;

	for (uint32_t i = 0; i < w->n_jobs; i++)
		t = MAX(t, w->jobs[i]->done);
	return t;
}

static uint32_t most_moves(const struct world *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_jobs; i++)
		n = MAX(n, w->jobs[i]->moves);
	return n;
}

/* Eight equal jobs on one of three equal nodes. */
static int batch_of(uint64_t seed, double memory_mib)
{
	struct world *w = world_create(3, seed);
	double move = 0.05 + memory_mib * 1024 * 1024 / w->link, work = 100 * move;
	double best = work * 8 / 3, took;
	int broken = 0;

	world_run(w, 0);
	for (int i = 0; i < 100; i++) /* it has been up for a while */
		world_step(w);
	for (int i = 0; i < 8; i++)
		world_job(w, 0, work)->memory = memory_mib * KIB_OF_MIB;
	world_run(w, 1e5);
	took = last_done(w) - 5;
	broken += promise(!world_killed(w) && took >= best && took <= 1.05 * best &&
				  most_moves(w) <= 2,
			  "8 jobs of %.0f s, a move takes %.2f s: done in %.1f s, optimum %.1f s "
			  "(+%.1f %%); %u moves, at most %u a job",
			  work, move, took, best, 100 * (took / best - 1), w->moves, most_moves(w));
	world_destroy(w);
	return broken;
}

int scenario_batch(uint64_t seed)
{
	static const double sizes[] = { 32, 64, 256 };
	int broken = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (uint64_t k = 0; k < 3; k++)
			broken += batch_of(seed + k, sizes[i]);
	}
	return broken;
}

struct shape {
	double speed[4], cpus[4];
	uint32_t n, jobs;
};

/* Long jobs, all started on the first node; where do they stand, and when are they done? */
static int spread(uint64_t seed, const struct shape *s)
{
	struct world *w = world_create(s->n, seed);
	double power = 0, took, best, worst = 0;
	int broken = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		w->nodes[i].speed = s->speed[i];
		w->nodes[i].cpus = s->cpus[i];
		power += s->speed[i] * s->cpus[i];
	}
	for (uint32_t i = 0; i < s->jobs; i++)
		world_job(w, 0, 200);
	world_run(w, 60);
	for (uint32_t i = 0; i < s->n; i++) {
		double fair = s->jobs * s->speed[i] * s->cpus[i] / power;
		uint32_t here = 0;

		for (const struct job *j = w->nodes[i].jobs; j; j = j->next)
			here++;
		printf("      node of %.1f processors of speed %.1f: %u of %u jobs, in "
		       "proportion %.1f\n",
		       s->cpus[i], s->speed[i], here, s->jobs, fair);
		worst = MAX(worst, fabs(here - fair));
	}
	world_run(w, 1e5);
	took = last_done(w);
	best = s->jobs * 200 / power;
	broken += promise(worst <= 1 && !world_killed(w) && took >= best && took <= 1.10 * best,
			  "within one job of the proportion; done in %.1f s, optimum %.1f s "
			  "(+%.1f %%), %.1f moves a job",
			  took, best, 100 * (took / best - 1), (double)w->moves / s->jobs);
	world_destroy(w);
	return broken;
}

int scenario_speeds(uint64_t seed)
{
	static const struct shape shapes[] = {
		{ { 1, 2 }, { 1, 1 }, 2, 9 },
		{ { 2, 1 }, { 1, 1 }, 2, 9 },
		{ { 1, 1, 1 }, { 0.5, 1, 2 }, 3, 14 },
		{ { 1, 1.5, 3 }, { 2, 1, 4 }, 3, 31 },
	};
	int broken = 0;

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		broken += spread(seed, &shapes[i]);
	return broken;
}

#define LONGEST 1000.0 /* times the shortest job */
#define PLACED	1
#define MOVED	2

struct result {
	double delay, slowdown, moves;
	uint32_t jobs, returns, killed;
};

/* Jobs arrive at random at all nodes; most are short, most of the work is in long ones. */
static struct result arrive(uint64_t seed, uint32_t nodes, double used, double low, int how)
{
	struct world *w = world_create(nodes, seed);
	uint64_t chance = seed ^ 0x5eed; /* the same arrivals, whatever the policy does */
	const double high = LONGEST * low, until = 2000 * low;
	double mean = log(high / low) * low / (1 - low / high), next = 10;
	struct result r = { 0 };

	w->place = how & PLACED;
	w->balance = how & MOVED;
	while (w->time < until || w->running) {
		for (; next <= w->time && next < until;
		     next += random_exp(&chance, mean / used / nodes)) {
			uint32_t home = (uint32_t)(random_unit(&chance) * nodes);

			world_job(w, home, random_pareto(&chance, 1, low, high));
		}
		world_step(w);
	}
	for (uint32_t i = 0; i < w->n_jobs; i++) {
		double took = w->jobs[i]->done - w->jobs[i]->begun;

		r.delay += (took - w->jobs[i]->total) / w->n_jobs;
		r.slowdown += took / w->jobs[i]->total / w->n_jobs;
	}
	r.jobs = w->n_jobs;
	r.moves = (double)w->moves / w->n_jobs;
	r.returns = w->returns;
	r.killed = world_killed(w);
	world_destroy(w);
	return r;
}

static void tell(const char *what, const struct result *r)
{
	printf("      %-26s %4u jobs, mean delay %6.2f s, mean slowdown %5.2f, %.2f moves a job, "
	       "%u back within a minute\n",
	       what, r->jobs, r->delay, r->slowdown, r->moves, r->returns);
}

static int pareto_at(uint64_t seed, uint32_t nodes, double used, double low, double wanted)
{
	struct result sum[4] = { 0 };
	uint32_t killed = 0;
	static const char *const names[] = { "at home:", "placed at the beginning:", "moved:",
					     "placed and moved:" };

	printf("      %u nodes, %.0f %% used, work Pareto (alpha 1, %.0f s to %.0f s)\n", nodes,
	       100 * used, low, LONGEST * low);
	for (int how = 0; how < 4; how++) {
		for (uint64_t k = 0; k < 3; k++) {
			struct result r = arrive(seed + k, nodes, used, low, how);

			sum[how].delay += r.delay / 3;
			sum[how].slowdown += r.slowdown / 3;
			sum[how].moves += r.moves / 3;
			sum[how].jobs += r.jobs;
			sum[how].returns += r.returns;
			killed += r.killed;
		}
		tell(names[how], &sum[how]);
	}
	return promise(!killed && sum[3].delay <= (1 - wanted / 100) * sum[1].delay,
		       "mean delay %.0f %% below placement only (at least %.0f %%)",
		       100 * (1 - sum[3].delay / sum[1].delay), wanted);
}

int scenario_pareto(uint64_t seed)
{
	return pareto_at(seed, 6, 0.5, 5, 35);
}

int scenario_arrivals(uint64_t seed)
{
	return pareto_at(seed, 16, 0.7, 10, 35) + pareto_at(seed, 6, 0.5, 1, 0);
}

/* A job that computes moves away; when it begins to call home all the time, it comes back. */
int scenario_talk(uint64_t seed)
{
	struct world *w = world_create(3, seed);
	struct job *io = NULL;
	double from;
	int broken = 0;

	for (int i = 0; i < 3; i++)
		io = world_job(w, 0, 1000);
	world_run(w, 40);
	for (uint32_t i = 0; i < w->n_jobs; i++) {
		if (w->jobs[i]->at != 0)
			io = w->jobs[i];
	}
	broken += promise(io->at != 0, "of three jobs one is away after 40 s");
	io->calls = 5000; /* for a second of work: more than as long again on the way */
	io->off = 0.5;
	from = w->time;
	while (io->at != 0 && w->time < from + 60)
		world_step(w);
	broken += promise(io->at == 0 && io->moves_by[POLICY_COME_HOME] == 1,
			  "when it begins to talk, it comes home: after %.1f s", w->time - from);
	world_run(w, w->time + 120);
	broken += promise(io->at == 0 && w->returns <= 1, "and stays: %u moves in all, %u back",
			  w->moves, w->returns);
	world_destroy(w);
	return broken;
}
