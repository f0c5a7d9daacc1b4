/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves for memory: when a node runs short of it, processes leave for nodes that have room, before
 * it pages or kills.
 *
 * DOC: Our own node is short when what is free, less what will be gone in `mem_ahead` at the rate of
 * the last seconds, is under its reserve. Then the smallest process that alone brings it back to the
 * relief (half as much again as the reserve) leaves; if no single one does, the largest that fits
 * anywhere, and so on. Other nodes tell that they are PRESSED; their guests leave by the decision of
 * the guests' homes, the largest that fits first. Since each home decides alone, it acts for its
 * part of the guests there. A place fits if it keeps its own relief: so nothing is pushed under its
 * reserve, and nothing is sent on at once. */
#include "base/util.h"
#include "policy/brain.h"

#define LONGEST	   60.0 /* s of a move that are looked ahead */
#define TRIES	   8	/* processes for which a place is looked for, for each node and round */
#define FALL	   0.5	/* weight of the newest rate at which our memory falls */
#define FALL_LONG  0.15 /* ... for looking far ahead */

/* Can @j be taken for memory's sake? */
static bool may_leave(const struct round *r, const struct job *j)
{
	const struct policy_process *p = j->p;
	int64_t now = r->in->now;

	if (j->out || p->busy || p->locked || !j->memory)
		return false;
	if (p->forbidden && (!p->forbidden_until || p->forbidden_until > now))
		return false;
	return !j->note || j->note->until <= now || now - j->note->failed >= 2 * r->c->period;
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

/* How fast our own free memory falls, KiB a second. */
static void watch_fall(struct round *r)
{
	struct policy *s = r->s;
	double free = r->views[r->me].free, raw = (double)r->views[r->me].node->mem_free;
	double seconds = (double)(r->in->now - s->free_at) / 1e9;

	if (s->free_at && seconds > 0.05) {
		s->fall += ((s->free_last - raw) / seconds - s->fall) * FALL;
		s->fall_long += ((s->free_last - raw) / seconds - s->fall_long) * FALL_LONG;
	}
	if (!s->free_at || seconds > 0.05) {
		s->free_at = r->in->now;
		s->free_last = raw;
	}
	/* What left frees memory: that is no rise to count on, nor a fall when it has gone. */
	s->fall = clamp(s->fall, 0, MAX(free, 0.0));
	s->fall_long = clamp(s->fall_long, 0, s->fall);
}

/* KiB that will be gone before a move that begins later could help. */
static double gone_soon(const struct round *r)
{
	double ahead = clamp((double)r->c->mem_ahead / 1e9, 0, 3600), longest = 0;

	for (size_t i = 0; i < r->n_jobs; i++) {
		const struct job *j = &r->jobs[i];

		if (j->at == r->me && may_leave(r, j))
			longest = MAX(longest, load_move(j, &r->views[r->me], &r->views[r->me], r->c));
	}
	return MAX(r->s->fall * ahead, r->s->fall_long * (ahead + MIN(longest, LONGEST)));
}

static void relieve_own(struct round *r)
{
	struct view *v = &r->views[r->me];
	struct offer o;
	double soon;
	struct job *j;

	watch_fall(r);
	soon = gone_soon(r);
	if (v->node->flags & (POLICY_STAY | POLICY_LSTAY) || v->free - soon >= v->keep)
		return;
	while (v->free - soon < v->relief && !round_full(r)) {
		j = pick_fitting(r, r->me, v->relief - v->free + soon, &o);
		if (!j)
			return;
		round_go(r, j, &o);
	}
}

/* Each home does its part: with a chance, so that all together relieve the host in one period. */
static void relieve_host(struct round *r, size_t at)
{
	struct view *v = &r->views[at];
	double part = v->mine_count / clamp(v->node->guests, v->mine_count, 1e9);

	while (v->free < v->relief && !round_full(r)) {
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
