/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves for memory: when a node runs short of it, processes leave for nodes that have room, before
 * it pages or kills.
 *
 * DOC: Our own node is short when what is free, less what will be gone at the rate of the last
 * seconds before a move can help (`mem_ahead` and the longest move), is under its reserve. Then the
 * smallest process that alone brings it back to the relief (half as much again as the reserve)
 * leaves; if no single one does, the largest that fits anywhere, and so on. Other nodes tell that
 * they are PRESSED; their guests leave by the decision of the guests' homes, the largest that fits
 * first. Since each home decides alone, it acts for its part of the guests there. A place fits if
 * it keeps its own relief: so nothing is pushed under its reserve, and nothing is sent on at once.
 */
#include "base/util.h"
#include "policy/brain.h"

#define LOOK_EACH 0.4  /* s between two looks at our memory, at least */
#define LONGEST	  60.0 /* s of a move that are looked ahead */
#define TRIES	  8    /* processes for which a place is looked for, for each node and round */

/* Can @j be taken for memory's sake? */
static bool may_leave(const struct round *r, const struct job *j)
{
	return !j->p->locked && j->memory > 0 && round_free(r, j);
}

static bool is_place(const struct round *r, const struct job *j, size_t i)
{
	const struct view *v = &r->views[i];

	return i != j->at && v->takes && load_fits(j, v) &&
	       load_allowed(j->p->allowed, j->p->n_allowed, v->node->node);
}

static double pace_at(const struct round *r, const struct job *j, size_t i)
{
	return load_pace(j, &r->views[i], load_with(j, &r->views[i], r->c->pad));
}

bool usher_place(struct round *r, const struct job *j, bool or_home, struct offer *ret)
{
	double best = -1;
	size_t to = or_home ? r->me : NOWHERE;
	unsigned near = 0;

	for (size_t i = 0; i < r->n_views; i++) {
		if (is_place(r, j, i) && (best < 0 || pace_at(r, j, i) < best))
			best = pace_at(r, j, i);
	}
	for (size_t i = 0; i < r->n_views && best >= 0; i++) {
		if (!is_place(r, j, i) || pace_at(r, j, i) > best * NEAR)
			continue;
		near++;
		if (round_random(r) * near < 1)
			to = i;
	}
	if (to == NOWHERE || to == j->at)
		return false;
	judge(r, j, to, ret);
	ret->verdict = POLICY_GO;
	return true;
}

/* The smallest of ours at view @at that has the memory needed, else the largest. */
static struct job *pick(struct round *r, size_t at, double need)
{
	struct job *enough = NULL, *largest = NULL;

	for (size_t i = 0; i < r->n_jobs; i++) {
		struct job *j = &r->jobs[i];

		if (j->at != at || j->no_room || !may_leave(r, j))
			continue;
		if (j->memory >= need && (!enough || j->memory < enough->memory))
			enough = j;
		if (!largest || j->memory > largest->memory)
			largest = j;
	}
	return enough ? enough : largest;
}

/* ... for which there is a place. Those for which there is none are marked. */
static struct job *pick_fitting(struct round *r, size_t at, double need, struct offer *ret)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct job *j = pick(r, at, need);

		if (!j)
			return NULL;
		if (usher_place(r, j, false, ret)) {
			ret->reason = POLICY_USHER;
			return j;
		}
		j->no_room = true;
	}
	return NULL;
}

static double middle(const double *v)
{
	double sorted[FALLS];

	for (size_t i = 0; i < FALLS; i++) {
		size_t k = i;

		for (; k && sorted[k - 1] > v[i]; k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = v[i];
	}
	return sorted[FALLS / 2];
}

/* How fast our own free memory falls. What comes or leaves is a step, not a trend: the middle one
 * of the last rates does not see it. */
static void watch_fall(struct policy *s, int64_t now, const struct policy_node *me)
{
	double seconds = clamp((double)now / 1e9 - (double)s->free_at / 1e9, 0, 1e9);
	double free = clamp((double)me->mem_free, 0, 1e15);

	if (s->free_at && seconds < LOOK_EACH)
		return;
	if (s->free_at) {
		s->falls[s->n_falls++ % FALLS] = (s->free_last - free) / seconds;
		s->fall = clamp(middle(s->falls), 0, free);
	}
	s->free_at = now;
	s->free_last = free;
}

double usher_gone_soon(const struct policy *s, const struct policy_conf *c, double longest)
{
	double ahead = clamp((double)c->mem_ahead / 1e9, 0, 3600);

	return s->fall * (ahead + MIN(longest, LONGEST));
}

/* Seconds that the largest of ours at home would take to leave. */
static double longest_move(const struct round *r)
{
	double longest = 0;

	for (size_t i = 0; i < r->n_jobs; i++) {
		const struct job *j = &r->jobs[i];

		if (j->at == r->me && may_leave(r, j))
			longest = MAX(longest,
				      load_move(j, &r->views[r->me], &r->views[r->me], r->c));
	}
	return longest;
}

bool policy_pressed(struct policy *s, const struct policy_conf *c, int64_t now,
		    const struct policy_node *me, uint64_t largest)
{
	bool was = me->flags & POLICY_PRESSED;
	struct view v;
	double move;

	load_view(&v, c, me);
	watch_fall(s, now, me);
	/* The homes have to hear of it first. */
	move = clamp((double)largest, 0, 1e15) / v.link +
	       clamp((double)c->mem_ahead / 1e9, 0, 3600);
	return v.free - usher_gone_soon(s, c, move) < (was ? v.relief : v.keep);
}

static void relieve_own(struct round *r)
{
	struct view *v = &r->views[r->me];
	struct offer o;
	double soon;
	struct job *j;

	watch_fall(r->s, r->in->now, v->node);
	soon = usher_gone_soon(r->s, r->c, longest_move(r));
	if (v->node->flags & (POLICY_STAY | POLICY_LSTAY) || v->free - soon >= v->keep)
		return;
	while (v->free - soon < v->relief && !round_full(r)) {
		j = pick_fitting(r, r->me, v->relief - v->free + soon, &o);
		if (!j)
			return;
		round_go(r, j, &o);
	}
}

/* Each home does its part: with a chance, so that all together relieve the host in one period. The
 * host may see it coming while it has enough: then one process for each time that it tells so. */
static void relieve_host(struct round *r, size_t at)
{
	struct view *v = &r->views[at];
	double told = clamp((double)v->node->mem_free, 0, 1e15);
	double part = v->mine_count / clamp(v->node->guests, v->mine_count, 1e9);

	while ((v->free < v->relief || v->free <= told) && !round_full(r)) {
		struct offer o;
		struct job *j = pick_fitting(r, at, 1e18, &o);
		double chance;

		if (!j)
			return;
		chance = part * MAX((v->relief - v->free) / j->memory, 1.0);
		j->why.chance = clamp_u32(1000 * MIN(chance, 1.0));
		if (chance < 1 && round_random(r) >= chance) {
			round_note(r, j, POLICY_OTHERS, &o);
			return;
		}
		round_go(r, j, &o);
	}
}

void usher_round(struct round *r)
{
	relieve_own(r);
	for (size_t i = 0; i < r->n_views; i++) {
		const struct view *v = &r->views[i];
		uint8_t flags = v->node->flags;

		if (v->me || !v->mine_count || !v->node->alive || !(flags & POLICY_PRESSED) ||
		    flags & POLICY_STAY)
			continue;
		relieve_host(r, i);
	}
}
