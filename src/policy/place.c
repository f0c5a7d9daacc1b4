/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a program begins: it weighs nothing yet, so the first place costs no move.
 *
 * DOC: Nothing is known of it but what mosrun was told, so it counts as one task that computes. It
 * begins at home unless another place is clearly faster (`place_home`; mosrun -b: at all). Among
 * the places that are nearly as fast as the best (`place_near`) chance decides, and of two drawn
 * the one with the fresher record wins: newcomers of many homes do not all hit the same node. */
#include <string.h>

#include "base/util.h"
#include "policy/brain.h"

static bool is_place(const struct round *r, const struct job *j, size_t i)
{
	const struct view *v = &r->views[i];

	if (v->me)
		return true;
	return v->takes && v->free - j->room >= v->relief &&
	       load_allowed(j->p->allowed, j->p->n_allowed, v->node->node);
}

static double pace_at(const struct round *r, const struct job *j, size_t i)
{
	return load_pace(j, &r->views[i], load_with(j, &r->views[i], 1000));
}

/* The pace of the best place away; negative: there is none. */
static double best_away(const struct round *r, const struct job *j)
{
	double best = -1;

	for (size_t i = 0; i < r->n_views; i++) {
		if (i != r->me && is_place(r, j, i) && (best < 0 || pace_at(r, j, i) < best))
			best = pace_at(r, j, i);
	}
	return best;
}

static size_t draw(struct round *r, const struct job *j, double up_to)
{
	size_t to = NOWHERE;
	unsigned n = 0;

	for (size_t i = 0; i < r->n_views; i++) {
		if (i == r->me || !is_place(r, j, i) || pace_at(r, j, i) > up_to)
			continue;
		n++;
		if (round_random(r) * n < 1)
			to = i;
	}
	return to;
}

static size_t choose(struct round *r, const struct job *j, const struct policy_program *p)
{
	double near = 1 + clamp(r->c->place_near, 0, 100000) / 1000;
	double home = pace_at(r, j, r->me), best = best_away(r, j);
	double factor = p->best ? 1 : clamp(r->c->place_home, 1000, 1e6) / 1000;
	size_t a, b;

	if (best < 0 || (p->hint == POLICY_HINT_IO && !p->away) ||
	    (!p->away && home <= best * factor))
		return r->me;
	a = draw(r, j, best * near);
	b = draw(r, j, best * near);
	return r->views[b].node->age < r->views[a].node->age ? b : a;
}

int policy_place(struct policy *s, const struct policy_conf *c, const struct policy_input *in,
		 const struct policy_program *p, struct policy_decision *ret)
{
	struct policy_process born = { .id = p->id,
				       .use = 1000,
				       .wants = 1000,
				       .wanted = p->memory,
				       .hint = p->hint,
				       .allowed = p->allowed,
				       .n_allowed = p->n_allowed };
	struct offer o = { .reason = POLICY_PLACE, .verdict = POLICY_GO };
	struct round r;
	struct job j;
	int err;

	err = round_begin(&r, s, c, in);
	if (err)
		return err;
	r.ret = ret;
	r.max = 1;
	born.at = in->nodes[r.me].node;
	born.arrived = in->now;
	load_job(&j, &r, &born);
	j.calls = 0;
	o.to = choose(&r, &j, p);
	o.here = pace_at(&r, &j, r.me);
	o.there = pace_at(&r, &j, o.to);
	if (o.to == r.me) {
		round_note(&r, &j, POLICY_GO, &o);
		*ret = j.why;
		return 0;
	}
	round_go(&r, &j, &o);
	return 0;
}
