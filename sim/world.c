/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world: its clock, its nodes, where jobs are. */
#include <stdlib.h>

#include "base/util.h"
#include "sim/world.h"

bool trace_moves;

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

struct world *world_create(uint32_t nodes, uint64_t seed)
{
	struct world *w = need(calloc(1, sizeof(*w)));

	policy_conf_init(&w->conf);
	w->balance = w->load_check = true;
	w->link = 100e6;
	w->rtt = 200e-6;
	w->random = seed;
	w->trace = trace_moves;
	w->n_nodes = nodes;
	w->nodes = need(calloc(nodes, sizeof(*w->nodes)));
	w->views = need(calloc((size_t)nodes * nodes, sizeof(*w->views)));
	w->known = need(calloc(nodes, sizeof(*w->known)));
	for (uint32_t i = 0; i < nodes; i++) {
		struct node *n = &w->nodes[i];

		n->speed = n->cpus = 1;
		n->memory = n->least_free = 8192 * KIB_OF_MIB;
		n->base = 512 * KIB_OF_MIB;
		n->alive = true;
		n->phase = (uint32_t)(random_unit(&w->random) * STEPS);
		if (policy_create(&n->policy) < 0)
			abort();
	}
	for (size_t i = 0; i < (size_t)nodes * nodes; i++)
		w->views[i] = NEVER;
	return w;
}

void world_destroy(struct world *w)
{
	for (uint32_t i = 0; i < w->n_jobs; i++)
		free(w->jobs[i]);
	for (uint32_t i = 0; i < w->n_nodes; i++)
		policy_destroy(w->nodes[i].policy);
	free(w->jobs);
	free(w->nodes);
	free(w->views);
	free(w->known);
	free(w->ours);
	free(w->why);
	free(w);
}

uint32_t world_killed(const struct world *w)
{
	uint32_t killed = 0;

	for (uint32_t i = 0; i < w->n_nodes; i++)
		killed += w->nodes[i].killed;
	return killed;
}

double node_free(const struct node *n)
{
	double used = n->base + n->held + n->coming_memory;

	for (const struct job *j = n->jobs; j; j = j->next)
		used += j->memory;
	return n->memory - used;
}

void job_enter(struct world *w, struct job *j, uint32_t at)
{
	struct node *n = &w->nodes[at];

	j->at = at;
	j->next = n->jobs;
	j->link = &n->jobs;
	if (j->next)
		j->next->link = &j->next;
	n->jobs = j;
}

void job_leave(struct job *j)
{
	if (!j->link)
		return;
	*j->link = j->next;
	if (j->next)
		j->next->link = j->link;
	j->link = NULL;
}

void job_end(struct world *w, struct job *j, double when)
{
	j->state = JOB_DONE;
	j->done = when;
	w->running--;
	job_leave(j);
	*j->home_link = j->home_next;
	if (j->home_next)
		j->home_next->home_link = j->home_link;
	policy_ended(w->nodes[j->home].policy, (int64_t)(when * 1e9), j->id, (node_id){ j->at + 1 },
		     (uint32_t)(j->wants * 1000));
}

static void own_enter(struct world *w, struct job *j)
{
	struct node *n = &w->nodes[j->home];

	j->home_next = n->own;
	j->home_link = &n->own;
	if (j->home_next)
		j->home_next->home_link = &j->home_next;
	n->own = j;
}

struct job *world_job(struct world *w, uint32_t home, double work)
{
	struct job *j = need(calloc(1, sizeof(*j)));

	if (w->n_jobs == w->jobs_max) {
		w->jobs_max = w->jobs_max * 2 + 64;
		w->jobs = need(reallocarray(w->jobs, w->jobs_max, sizeof(struct job *)));
		w->ours = need(reallocarray(w->ours, w->jobs_max, sizeof(*w->ours)));
		w->why = need(reallocarray(w->why, w->jobs_max, sizeof(*w->why)));
	}
	w->jobs[w->n_jobs++] = j;
	j->id = w->n_jobs;
	j->home = home;
	j->total = j->left = work;
	j->memory = 16 * KIB_OF_MIB;
	j->begun = j->arrived = w->time;
	j->use = j->wants = 1;
	w->running++;
	job_enter(w, j, home);
	if (w->place)
		mind_place(w, j);
	own_enter(w, j);
	return j;
}

static void check_memory(struct world *w, struct node *n)
{
	double left = node_free(n);
	struct job *largest = NULL;

	n->least_free = MIN(n->least_free, left);
	if (left >= 0)
		return;
	for (struct job *j = n->jobs; j; j = j->next) {
		if (!largest || j->memory > largest->memory)
			largest = j;
	}
	if (!largest)
		return;
	n->killed++;
	job_end(w, largest, w->time);
}

void world_step(struct world *w)
{
	w->time = (double)w->steps * STEP;
	mind_arrivals(w);
	for (uint32_t i = 0; i < w->n_nodes; i++) {
		struct node *n = &w->nodes[i];

		if (!n->alive || w->steps % STEPS != n->phase)
			continue;
		gossip_step(w, i);
		mind_step(w, i);
	}
	for (uint32_t i = 0; i < w->n_nodes; i++) {
		if (w->nodes[i].alive)
			share_step(w, &w->nodes[i]);
		check_memory(w, &w->nodes[i]);
	}
	w->steps++;
	w->time = (double)w->steps * STEP;
}

void world_run(struct world *w, double until)
{
	while (w->running && w->time < until)
		world_step(w);
}
