/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of what all homes see is for us to do.
 *
 * DOC: A thousand homes see the same idle newcomer, and each decides alone. If each sent what would
 * pay, it would drown. But each also sees, in what the nodes tell, how much there is to send in all
 * (`surplus`: tasks on nodes where they would better not be) and how much the better places lack up
 * to the mean level (`gap`). Of the surplus of a node, the part that is ours is as large as our
 *part of its tasks. So we send
 *
 *	surplus of the node * our part of its tasks * gap of the places that pay / surplus of all
 *
 * tasks, and the sum over all homes is the gap. What is less than a task becomes a chance, spread
 * over the time until the nodes' records will tell what the others did (their mean age and a
 * period). Whoever has all the surplus himself need not wait for chance. Which of the places gets
 * it is drawn with their gaps as weights, so that each gets its part.
 *
 * The host stops what is left of a flood: it knows its own load, and refuses what would not pay
 * (policy_admit and `load_limit`). */
#include "base/util.h"
#include "policy/brain.h"

#define GAP_MIN	 0.1  /* tasks: a place above the mean may still be better for some */
#define ALL_OURS 0.95 /* of the surplus */
#define A_TASK	 0.9  /* of one: as good as one */
#define DAMPING                                                                                    \
	0.5 /* what is sent at random comes unevenly: half of it, and then half of the rest */

static double ratio(uint32_t thousandths)
{
	return thousandths / 1000.0;
}

/* Would a node fill up to the mean level, or does it stand above it? */
static bool counts(const struct view *v)
{
	if (!v->known)
		return false;
	return (v->takes && v->free > v->relief) || v->tasks >= v->cpus;
}

/* The pace of a task that does nothing but compute. */
static double plain_pace(const struct view *v, double tasks)
{
	return MAX(1 / v->speed, tasks / v->capacity);
}

static void find_level(struct round *r)
{
	double tasks = 0, capacity = 0, ages = 0, others = 0;

	r->best = r->roomy = -1;
	for (size_t i = 0; i < r->n_views; i++) {
		const struct view *v = &r->views[i];
		double there = MAX(v->tasks, 0.0),
		       with = there + 1 + MIN(there, 1.0) * (ratio(r->c->pad) - 1);

		if (v->known && !v->me) {
			ages += clamp((double)v->node->age / 1e9, 0, 3600);
			others++;
		}
		if (!counts(v))
			continue;
		tasks += there;
		capacity += v->capacity;
		if (!v->takes)
			continue;
		if (r->best < 0 || plain_pace(v, with) < r->best) {
			r->best = plain_pace(v, with);
			r->best_load = there / v->capacity;
		}
		if (!load_own_full(v) && (r->roomy < 0 || plain_pace(v, there + 1) < r->roomy))
			r->roomy = plain_pace(v, there + 1);
	}
	r->level = capacity > 0 ? tasks / capacity : 0;
	r->mean_age = others > 0 ? ages / others : 0;
}

/* Tasks of @v that would better be elsewhere: what it has above the mean, or half of what it has
 * above the best place, if that is more (the mean may be high for tasks that cannot move). */
static double surplus_of(const struct round *r, const struct view *v)
{
	double tasks = MAX(v->tasks, 0.0), pace = plain_pace(v, tasks), guests = 0, above;

	if (!v->known || r->best < 0)
		return 0;
	if (load_own_full(v) && r->roomy >= 0 && r->roomy <= pace * NEAR)
		guests = MAX(tasks - v->native, 0.0); /* they are to give way */
	if (pace <= r->best * (1 + ratio(r->c->gain_min)))
		return guests;
	above = (tasks - r->best_load * v->capacity) / 2;
	return MAX(MAX(tasks - r->level * v->capacity, above), guests);
}

/* Our part of those that are to leave: where guests leave first, of the guests. */
static double our_part(const struct view *v)
{
	double all = v->tasks;

	if (!v->me && load_guests_first(v))
		all -= v->native;
	return all > 0 ? MIN(v->mine / all, 1.0) : 0;
}

/* All places, or as many as may be compared, drawn with their gaps as weights. */
static void make_list(struct round *r, double gaps, size_t places)
{
	double step = gaps / SHORT_MAX, next = places > SHORT_MAX ? round_random(r) * step : 0;

	for (size_t i = 0; i < r->n_views && r->n_list < SHORT_MAX; i++) {
		const struct view *v = &r->views[i];

		if (!v->takes || v->me)
			continue;
		next -= v->gap;
		if (places > SHORT_MAX && next > 0)
			continue;
		r->list[r->n_list++] = i;
		while (places > SHORT_MAX && next <= 0)
			next += step;
	}
}

void share_begin(struct round *r)
{
	double gaps = 0;
	size_t places = 0;

	find_level(r);
	for (size_t i = 0; i < r->n_views; i++) {
		struct view *v = &r->views[i];
		double surplus = surplus_of(r, v);

		r->surplus += surplus;
		r->ours += surplus * our_part(v);
		v->gap = MAX(r->level * v->capacity - v->tasks, GAP_MIN);
		if (v->takes && !v->me) {
			gaps += v->gap;
			places++;
		}
	}
	make_list(r, gaps, places);
}

/* What all places that are as good for @j as @o may be sent. */
static double gap_like(const struct round *r, const struct job *j, const struct offer *o)
{
	double gap = 0;

	for (size_t i = 0; i < r->n_views; i++) {
		const struct view *v = &r->views[i];

		if (!v->takes || i == j->at ||
		    !load_allowed(j->p->allowed, j->p->n_allowed, v->node->node) ||
		    (o->reason == POLICY_LOCAL_FIRST && load_own_full(v)))
			continue;
		if (load_pace(j, v, load_with(j, v, r->c->pad)) <= o->there * NEAR)
			gap += MAX(r->level * v->capacity - v->tasks, GAP_MIN);
	}
	return gap;
}

double share_chance(struct round *r, const struct job *j, const struct offer *o)
{
	const struct view *v = &r->views[j->at];
	double period = clamp((double)r->c->period / 1e9, 0.001, 3600);
	double share, later;

	if (o->reason == POLICY_COME_HOME || r->ours >= ALL_OURS * r->surplus)
		return 1;
	share = MAX(surplus_of(r, v), GAP_MIN) * our_part(v);
	if (!r->c->hosts_check)
		share *= DAMPING;
	share *= MIN(gap_like(r, j, o) / MAX(r->surplus, GAP_MIN), 1.0);
	if (share >= A_TASK * j->tasks)
		return 1;
	later = r->mean_age;
	if (!r->c->hosts_check)
		later += clamp((double)r->c->settle / 2e9, 0, 3600);
	return clamp(share / j->tasks * period / (later + period), 0, 1);
}
