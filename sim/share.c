/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the jobs of a node share its processors: equally, nobody gets more than it can use. */
#include "base/util.h"
#include "sim/world.h"

/* s of waiting for other things for each standard second of work. */
static double waits(const struct world *w, const struct node *n, const struct job *j)
{
	double talk = w->rtt + (double)w->conf.call_fixed / 1e9;

	return j->off + (&w->nodes[j->home] == n ? 0 : j->calls * talk);
}

/* The share that no job gets more of. */
static double water_level(const struct node *n)
{
	double left = n->cpus, level = 1, more = 0;
	uint32_t open = 0;
	const struct job *j;

	for (j = n->jobs; j; j = j->next)
		open++;
	for (uint32_t round = 0; round < 32 && open; round++) {
		double rest = n->cpus;
		uint32_t above = 0;

		level = left / open;
		for (j = n->jobs; j; j = j->next) {
			if (j->ready <= level)
				rest -= j->ready;
			else
				above++;
		}
		if (!above)
			return 1;
		more = rest / above - level;
		left = rest;
		open = above;
		if (more < 1e-9)
			break;
	}
	return MIN(left / MAX(open, 1U), 1.0);
}

static void measure(struct job *j, double pace_wait, double speed)
{
	double a = STEP / 3, ready = 1 - j->share * speed * pace_wait;
	double queue = MAX(ready - j->share, 0.0), wants = j->share / MAX(1 - queue, 1e-6);

	if (j->begun == j->arrived && j->used == 0)
		a = 1;
	j->use += (j->share - j->use) * a;
	j->wants += (MIN(wants, 1.0) - j->wants) * a;
	j->called += (j->share * speed * j->calls - j->called) * a;
	j->ready = ready;
}

static void finish_or_go_on(struct world *w, struct job *j, double speed)
{
	double rate = j->share * speed, work = rate * STEP;

	j->memory = MIN(j->memory + j->grows * STEP, MAX(j->memory_max, j->memory));
	j->used += j->share * STEP;
	if (work < j->left) {
		j->left -= work;
		return;
	}
	job_end(w, j, w->time + j->left / rate);
	j->left = 0;
}

void share_step(struct world *w, struct node *n)
{
	double level, runnable = 0, native = 0, a = STEP / 2;
	struct job *j, *next;

	for (j = n->jobs; j; j = j->next)
		j->ready = (1 / n->speed) / (1 / n->speed + waits(w, n, j)); /* alone */
	level = water_level(n);
	for (j = n->jobs; j; j = next) {
		next = j->next;
		j->share = MIN(j->ready, level);
		measure(j, waits(w, n, j), n->speed);
		runnable += j->ready;
		if (&w->nodes[j->home] == n)
			native += j->ready;
		finish_or_go_on(w, j, n->speed);
	}
	n->fresh -= n->fresh * a;
	n->runnable += (runnable - n->runnable) * a;
	n->native += (native - n->native) * a;
	n->most = MAX(n->most, n->runnable);
}
