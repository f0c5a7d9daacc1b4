/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a process would be better off at another node, and enough so to be worth the move. */
#include "base/util.h"
#include "policy/brain.h"

/* Would it pay, at these paces? */
static uint8_t pays(const struct round *r, const struct job *j, const struct offer *o, double here,
		    double there)
{
	double factor = 1;

	if (j->note && j->note->last_from.v == r->views[o->to].node->node.v)
		factor = clamp(r->c->returning, 100, 100000) / 100;
	if (here - there <= here * MIN(factor * r->c->gain_min / 1000, 0.9))
		return POLICY_NO_GAIN;
	if (j->left * (here - there) < o->needed * factor)
		return POLICY_COSTLY;
	return POLICY_GO;
}

#define TAKES 0.05 /* tasks: a guest that is less takes nothing from anybody */

/* A guest on a node whose own users have work for it goes anywhere where it is not slower. */
static bool gives_way(const struct round *r, const struct job *j, const struct offer *o)
{
	const struct view *h = &r->views[j->at], *t = &r->views[o->to];

	return !h->me && j->tasks > TAKES && load_own_full(h) && !load_own_full(t) && j->left > o->move &&
	       load_pace(j, t, load_with(j, t, 1000)) <= o->here * NEAR;
}

/* A process at home, slowed down by guests: those are to leave first. */
static bool guests_first(const struct round *r, const struct job *j, const struct offer *o)
{
	const struct view *h = &r->views[j->at];

	return h->me && load_guests_first(h) &&
	       pays(r, j, o, load_pace(j, h, MAX(h->native, j->tasks)), o->there) != POLICY_GO;
}

static void judge_home(const struct round *r, const struct job *j, struct offer *o)
{
	double calls = j->calls * r->views[j->at].talk;

	if (calls > (o->here - o->there) / 2) /* else they are not the reason */
		o->reason = POLICY_COME_HOME;
	if (j->p->hint == POLICY_HINT_IO) {
		o->reason = POLICY_COME_HOME;
		o->verdict = POLICY_GO;
	}
}

static void judge_away(const struct round *r, const struct job *j, struct offer *o)
{
	double talk = r->views[o->to].talk - r->views[j->at].talk;

	if (o->verdict != POLICY_GO && talk > 0 &&
	    pays(r, j, o, o->here, o->there - j->calls * talk) == POLICY_GO)
		o->verdict = POLICY_TALKS;
	else if (o->verdict == POLICY_GO && guests_first(r, j, o))
		o->verdict = POLICY_GUESTS;
}

/* Did it leave @v not long ago because memory was short there? It would be short again. */
static bool fled(const struct round *r, const struct job *j, const struct view *v)
{
	return j->note && j->note->fled.v == v->node->node.v &&
	       r->in->now - j->note->fled_at < r->c->backoff_max;
}

void judge(const struct round *r, const struct job *j, size_t to, struct offer *ret)
{
	const struct view *h = &r->views[j->at], *t = &r->views[to];
	struct offer o = { .to = to, .reason = POLICY_BALANCE };

	o.here = load_pace(j, h, MAX(h->tasks, j->tasks));
	o.there = load_pace(j, t, load_with(j, t, r->c->pad));
	o.move = load_move(j, h, t, r->c);
	o.gain = j->left * (o.here - o.there);
	o.needed = o.move * r->c->gain / 100;
	o.verdict = pays(r, j, &o, o.here, o.there);
	if (t->me)
		judge_home(r, j, &o);
	else
		judge_away(r, j, &o);
	if (o.verdict != POLICY_GO && gives_way(r, j, &o)) {
		o.reason = POLICY_LOCAL_FIRST;
		o.verdict = POLICY_GO;
	}
	if (!load_fits(j, t) || fled(r, j, t))
		o.verdict = POLICY_NO_MEMORY;
	*ret = o;
}
