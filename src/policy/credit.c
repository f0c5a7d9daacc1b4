/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is remembered between rounds: moves that the nodes' records do not show yet, failures, and
 * how much each process was found to talk.
 *
 * DOC: Records are seconds old, and a node's mean of runnable tasks follows a move slowly. So a
 * move counts at both ends from the moment it is decided: fully while it is under way, and then the
 * less the further the node's record has come, until `settle` after its end. Without this, a home
 * would send to an idle node in each round until it hears that it is not idle any more. */
#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "policy/brain.h"

int policy_create(struct policy **ret)
{
	struct policy *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*ret = s;
	return 0;
}

void policy_destroy(struct policy *s)
{
	if (!s)
		return;
	free(s->views);
	free(s->jobs);
	free(s);
}

static struct note *note_set(struct policy *s, uint64_t id)
{
	uint64_t h = id * 0x9e3779b97f4a7c15ULL;

	return s->notes[(h >> 32) % NOTES_SETS];
}

struct note *note_find(struct policy *s, uint64_t id)
{
	struct note *set = note_set(s, id);

	for (size_t i = 0; i < NOTES_WAYS; i++) {
		if (set[i].id == id)
			return &set[i];
	}
	return NULL;
}

struct note *note_get(struct policy *s, uint64_t id, int64_t now)
{
	struct note *set = note_set(s, id), *n = note_find(s, id);

	if (!n) {
		n = set;
		for (size_t i = 1; i < NOTES_WAYS && n->id; i++) {
			if (!set[i].id || set[i].touched < n->touched)
				n = &set[i];
		}
		*n = (struct note){ .id = id };
	}
	n->touched = now;
	return n;
}

static struct credit *credit_find(struct policy *s, uint64_t id)
{
	for (size_t i = 0; i < CREDITS_MAX; i++) {
		if (s->credits[i].id == id && !s->credits[i].ended)
			return &s->credits[i];
	}
	return NULL;
}

/* An unused one, else the one that began first. */
static struct credit *credit_new(struct policy *s)
{
	struct credit *c = &s->credits[0];

	for (size_t i = 1; i < CREDITS_MAX && c->id; i++) {
		if (!s->credits[i].id || s->credits[i].began < c->began)
			c = &s->credits[i];
	}
	*c = (struct credit){ 0 };
	return c;
}

void policy_sent(struct policy *s, int64_t now, uint64_t id, node_id from, node_id to,
		 uint32_t wants, uint64_t memory)
{
	struct credit *c;

	if (!id)
		return;
	c = credit_find(s, id);
	if (!c)
		c = credit_new(s);
	*c = (struct credit){ .id = id, .from = from, .to = to, .began = now };
	c->tasks = clamp(wants / 1000.0, 0, 65536);
	c->memory = clamp((double)memory, 0, 1e15);
}

/* Did the host, and not the process, make it fail? */
static bool host_refused(int result)
{
	static const int refusals[] = { -EPERM, -EUSERS, -ENOMEM, -EBUSY };

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (result == refusals[i])
			return true;
	}
	return false;
}

static void note_failure(struct note *n, const struct policy_conf *c, int64_t now, bool refused)
{
	double wait = (double)c->backoff;

	n->failed = now;
	if (refused) {
		n->until = now + clamp_ns(2e-9 * (double)c->period);
		return;
	}
	for (uint32_t i = 0; i < n->failures && wait < (double)c->backoff_max; i++)
		wait *= 2;
	n->until = now + clamp_ns(MIN(wait, (double)c->backoff_max) / 1e9);
	n->failures = MIN(n->failures + 1, 30U);
}

void policy_moved(struct policy *s, const struct policy_conf *c, int64_t now, uint64_t id,
		  int result)
{
	struct credit *cr;
	struct note *n;

	cr = credit_find(s, id);
	if (!cr || !id)
		return;
	n = note_get(s, id, now);
	if (result >= 0) {
		n->last_from = cr->from;
		n->failures = 0;
		n->until = 0;
		cr->ended = now;
		return;
	}
	note_failure(n, c, now, host_refused(result));
	cr->ended = now;
	cr->refused = true;
	cr->tasks = cr->memory = 0;
	if (!host_refused(result))
		cr->id = 0;
}

void policy_ended(struct policy *s, int64_t now, uint64_t id, node_id at, uint32_t wants)
{
	struct note *n = note_find(s, id);
	struct credit *c;

	if (!id)
		return;
	if (n)
		*n = (struct note){ 0 };
	for (size_t i = 0; i < CREDITS_MAX; i++) {
		c = &s->credits[i];
		if (c->id == id && !c->ended)
			*c = (struct credit){ 0 };
	}
	c = credit_new(s);
	*c = (struct credit){ .id = id, .from = at, .began = now, .ended = now };
	c->tasks = clamp(wants / 1000.0, 0, 65536);
}

/* How much of a move a record made at @told still lacks: 1 all, 0 nothing. */
static double unseen(const struct credit *c, int64_t told, int64_t settle)
{
	if (!c->ended || told <= c->ended)
		return 1;
	if (settle <= 0 || told - c->ended >= settle)
		return 0;
	return 1 - (double)(told - c->ended) / (double)settle;
}

static void apply_at(struct round *r, const struct credit *c, node_id node, double sign)
{
	size_t i = round_find(r, node);
	struct view *v;
	int64_t told;

	if (i == NOWHERE)
		return;
	v = &r->views[i];
	told = r->in->now - MIN(MAX(v->node->age, (int64_t)0), LONG_AGO);
	if (c->refused && sign > 0) {
		v->takes = v->takes && (v->me || told > c->ended);
		return;
	}
	v->tasks += sign * c->tasks * unseen(c, told, r->c->settle);
	v->free -= sign * c->memory * (!c->ended || told <= c->ended ? 1 : 0);
}

static bool outdated(const struct credit *c, const struct round *r)
{
	int64_t now = r->in->now;

	if (!c->ended)
		return now - c->began > r->c->move_longest;
	return now - c->ended > r->c->age_max + r->c->settle;
}

void credit_apply(struct round *r)
{
	for (size_t i = 0; i < CREDITS_MAX; i++) {
		struct credit *c = &r->s->credits[i];

		if (!c->id)
			continue;
		if (outdated(c, r)) {
			c->id = 0;
			continue;
		}
		apply_at(r, c, c->to, 1);
		apply_at(r, c, c->from, -1);
		if (c->ended)
			continue;
		r->under_way++;
		for (size_t k = 0; k < r->n_jobs; k++) /* perhaps the caller does not say so yet */
			r->jobs[k].moving |= r->jobs[k].p->id == c->id;
	}
}
