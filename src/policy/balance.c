/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order in which a home decides: what must be done (bring, expel), memory, then load: of all
 * its processes the one that gains most, and again until nothing pays. */
#include "base/util.h"
#include "policy/brain.h"

#define LOOKS 12 /* at all processes, in one round */

/* What lets nothing leave for load where @j is at @v: a word that policy_explain knows, or NULL. */
static const char *keeps(const struct round *r, const struct job *j, const struct view *v)
{
	if (!r->c->balance)
		return "balance";
	if (v->node->flags & POLICY_STAY)
		return "stay";
	if (v->me && v->node->flags & POLICY_LSTAY)
		return "lstay";
	return v->me && j->p->hint == POLICY_HINT_IO ? "iojob" : NULL;
}

/* Why it does not even come into question to move for load; POLICY_GO: it does. */
static uint8_t held(const struct round *r, const struct job *j)
{
	const struct policy_process *p = j->p;
	const struct view *v = j->at == NOWHERE ? NULL : &r->views[j->at];

	if (p->busy || j->moving)
		return POLICY_BUSY;
	if (!v || !v->known)
		return POLICY_UNKNOWN;
	if (p->locked)
		return POLICY_LOCKED;
	if (p->forbidden && (!p->forbidden_until || p->forbidden_until > r->in->now))
		return POLICY_FORBIDDEN;
	if (keeps(r, j, v))
		return POLICY_STAYS;
	if (j->note && j->note->until > r->in->now)
		return POLICY_BACKOFF;
	return POLICY_GO;
}

/* ns until it may move for this reason; 0: now. */
static int64_t too_young(const struct round *r, const struct job *j, uint8_t reason)
{
	double moves = reason == POLICY_BALANCE ? j->p->moves : MIN(j->p->moves, 1U);
	double wait = moves * (double)r->c->residency;

	wait -= (double)r->in->now - (double)j->p->arrived;
	return clamp_ns(wait / 1e9) > 0 ? clamp_ns(wait / 1e9) : 0;
}

struct choice {
	struct offer best, other; /* the best that goes, the best that does not */
	unsigned near;		  /* places as good as the best one */
	bool any;
};

static bool better(const struct offer *a, const struct offer *b)
{
	return a->gain - a->needed > b->gain - b->needed;
}

/* Takes @o into the choice: among places that are about as good as the best one, chance decides,
 * but home is preferred, where calls cost nothing. */
static void choose(struct round *r, struct choice *c, const struct offer *o)
{
	if (o->verdict != POLICY_GO) {
		if (c->other.to == NOWHERE || better(o, &c->other))
			c->other = *o;
		return;
	}
	if (c->best.to == NOWHERE || o->there * NEAR < c->best.there) {
		c->best = *o;
		c->near = 1;
		return;
	}
	if (o->there > c->best.there * NEAR || r->views[c->best.to].me)
		return;
	c->near++;
	if (r->views[o->to].me || round_random(r) * c->near < 1)
		c->best = *o;
}

static void consider_place(struct round *r, const struct job *j, size_t to, struct choice *c)
{
	struct offer o;

	if (to == j->at || !r->views[to].takes ||
	    !load_allowed(j->p->allowed, j->p->n_allowed, r->views[to].node->node))
		return;
	judge(r, j, to, &o);
	c->any = true;
	if (o.verdict == POLICY_GO && o.reason != POLICY_COME_HOME &&
	    o.there <= r->views[j->at].floor)
		o.verdict = POLICY_OTHERS;
	choose(r, c, &o);
}

/* The best place for @j by load. Return: POLICY_GO, or why it stays; then @ret is the best of the
 * other places, if there is one. */
static uint8_t consider(struct round *r, struct job *j, struct offer *ret)
{
	struct choice c = { .best.to = NOWHERE, .other.to = NOWHERE };

	/* Few are allowed: all of them are looked at, and not only the list. */
	if (j->p->allowed) {
		for (size_t i = 0; i < r->n_views; i++)
			consider_place(r, j, i, &c);
	} else {
		for (size_t i = 0; i < r->n_list; i++)
			consider_place(r, j, r->list[i], &c);
		consider_place(r, j, r->me, &c);
	}
	if (c.best.to == NOWHERE) {
		*ret = c.other;
		return c.any ? c.other.verdict : POLICY_NO_NODE;
	}
	*ret = c.best;
	if (too_young(r, j, c.best.reason))
		return POLICY_YOUNG;
	return POLICY_GO;
}

static int64_t wait_of(const struct round *r, const struct job *j, const struct offer *o)
{
	if (j->why.verdict == POLICY_BACKOFF && j->note)
		return j->note->until - r->in->now;
	if (j->why.verdict == POLICY_YOUNG)
		return too_young(r, j, o->reason);
	return 0;
}

static void note_word(const struct round *r, struct job *j)
{
	const char *word = NULL;

	if (j->why.verdict == POLICY_FORBIDDEN)
		word = j->p->forbidden;
	else if (j->why.verdict == POLICY_STAYS)
		word = keeps(r, j, &r->views[j->at]);
	for (size_t i = 0; word && word[i] && i < sizeof(j->why.word) - 1; i++)
		j->why.word[i] = word[i];
}

/* What comes of @j by load. Return: whether it wants to go; @ret says where. */
static bool look_at(struct round *r, struct job *j, struct offer *ret)
{
	uint8_t verdict;

	*ret = (struct offer){ .to = NOWHERE };
	if (j->out)
		return false;
	verdict = held(r, j);
	if (verdict == POLICY_GO)
		verdict = consider(r, j, ret);
	else
		j->out = true;
	round_note(r, j, verdict, ret);
	if (j->no_room && verdict != POLICY_GO) {
		j->why.reason = POLICY_USHER;
		j->why.verdict = POLICY_NO_MEMORY;
	}
	j->why.wait = wait_of(r, j, ret);
	note_word(r, j);
	return verdict == POLICY_GO;
}

/* The process that gains most. */
static struct job *find_best(struct round *r, struct offer *ret)
{
	struct job *best = NULL;
	struct offer o;

	for (size_t i = 0; i < r->n_jobs; i++) {
		if (!look_at(r, &r->jobs[i], &o) || (best && !better(&o, ret)))
			continue;
		best = &r->jobs[i];
		*ret = o;
	}
	return best;
}

static void balance_load(struct round *r)
{
	struct offer o;
	struct job *j;

	for (unsigned i = 0; i < LOOKS; i++) {
		double chance;

		j = find_best(r, &o);
		if (!j)
			return;
		if (round_full(r) || r->begun >= r->c->moves_each)
			break;
		chance = share_chance(r, j, &o);
		j->why.chance = clamp_u32(1000 * chance);
		if (chance >= 1 || round_random(r) < chance) {
			round_go(r, j, &o);
			continue;
		}
		/* Those are for others; is there something that is next best? */
		r->views[j->at].floor = o.there * NEAR;
	}
	for (size_t i = 0; i < r->n_jobs; i++) {
		if (!r->jobs[i].out && r->jobs[i].why.verdict == POLICY_GO)
			r->jobs[i].why.verdict = POLICY_LIMIT;
	}
}

/* Whoever comes home again and again stays there longer each time. */
static bool rested(const struct round *r, const struct job *j)
{
	double trips = MAX(j->p->moves / 2, 1U) - 1;

	return (double)r->in->now - (double)j->p->arrived >= trips * (double)r->c->residency;
}

/* Its user has said where it runs; for a call it had to come home. */
static bool goes_back(const struct round *r, const struct job *j, struct offer *ret)
{
	size_t to = j->p->locked && j->p->place.v ? round_find(r, j->p->place) : NOWHERE;

	if (to == NOWHERE || to == j->at || !r->views[to].takes || !rested(r, j) ||
	    r->views[r->me].node->flags & (POLICY_STAY | POLICY_LSTAY))
		return false;
	judge(r, j, to, ret);
	ret->reason = POLICY_BACK;
	return load_fits(j, &r->views[to]);
}

/* All of ours leave hosts that want them gone; all come home if home says so. Those that are locked elsewhere go
 * back. */
static void must_move(struct round *r)
{
	for (size_t i = 0; i < r->n_jobs && !round_full(r); i++) {
		struct job *j = &r->jobs[i];
		struct offer o;

		if (!round_free(r, j))
			continue;
		if (r->views[j->at].me) {
			if (!r->c->bring && goes_back(r, j, &o))
				round_go(r, j, &o);
		} else if (r->c->bring) {
			judge(r, j, r->me, &o);
			o.reason = POLICY_BRING;
			round_go(r, j, &o);
		} else if (r->views[j->at].node->flags & POLICY_EXPEL) {
			if (!usher_place(r, j, true, &o))
				continue;
			o.reason = POLICY_EXPEL_HOST;
			round_go(r, j, &o);
		}
	}
}

int policy_balance(struct policy *s, const struct policy_conf *c, const struct policy_input *in,
		   struct policy_decision *ret, size_t max, struct policy_decision *why)
{
	struct round r;
	int err = round_begin(&r, s, c, in);

	if (err)
		return err;
	r.ret = ret;
	r.max = max;
	must_move(&r);
	if (c->usher)
		usher_round(&r);
	if (!c->bring)
		balance_load(&r);
	for (size_t i = 0; why && i < r.n_jobs; i++)
		why[i] = r.jobs[i].why;
	return (int)r.n_ret;
}
