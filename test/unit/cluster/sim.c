/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define WHEEL	    4096U /* milliseconds that a datagram can be under way */
#define LIFE_BEGIN  1795616702000000000ULL
#define WAITING_MAX 600U /* datagrams in a socket's buffer */
#define SETTLED	    (10 * SIM_SEC)

struct sim_packet {
	struct sim_packet *next;
	uint32_t from, to;
	unsigned n;
	uint8_t bytes[GOSSIP_PACKET_MAX];
};

static uint64_t next_random(struct sim *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random * 0x2545f4914f6cdd1dULL;
}

uint32_t sim_random(struct sim *s, uint32_t n)
{
	return (uint32_t)((next_random(s) >> 32) * n >> 32);
}

static void drop(struct sim *s, struct sim_packet *p)
{
	p->next = s->spare;
	s->spare = p;
}

static void on_send(void *ctx, uint32_t node, const void *bytes, size_t n)
{
	struct sim_node *from = ctx;
	struct sim *s = from->sim;
	struct sim_packet *p;
	unsigned when;

	ASSERT(n <= GOSSIP_PACKET_MAX && node && node <= s->n);
	from->sent++;
	from->bytes += n;
	if (sim_random(s, 1000) < s->loss || s->node[node - 1].side != from->side)
		return;
	p = s->spare;
	if (p)
		s->spare = p->next;
	else
		p = malloc(sizeof(*p));
	ASSERT(p);
	p->from = from->node;
	p->to = node;
	p->n = (unsigned)n;
	memcpy(p->bytes, bytes, n);
	/* a millisecond or two, some much later: they overtake each other */
	when = 1 + sim_random(s, 2) + (sim_random(s, 100) ? 0 : sim_random(s, 100));
	when = (unsigned)(s->now / SIM_MSEC + when) % WHEEL;
	p->next = s->at[when];
	s->at[when] = p;
}

static void on_changed(void *ctx, uint32_t node, enum member_state from, enum member_state to)
{
	const struct sim_node *observer = ctx, *about;
	struct sim *s = observer->sim;

	about = &s->node[node - 1];
	ASSERT(member_may_become(from, to));
	if (to == MEMBER_DEAD && about->gossip && about->side == observer->side &&
	    s->now - about->up_since > SETTLED && s->now - s->cut_until > SETTLED) {
		s->evicted++;
		(void)printf("at %.1f s node %u (stood still until %.1f) takes node %u (%.1f) for "
			     "dead\n",
			     (double)s->now / 1e9, observer->node,
			     (double)observer->stood_still / 1e9, node,
			     (double)about->stood_still / 1e9);
	}
	if (s->changed)
		s->changed(s, observer->node, node, from, to);
}

static uint64_t on_random(void *ctx)
{
	return next_random(((struct sim_node *)ctx)->sim);
}

static bool on_meet(void *ctx, const struct node_info *i)
{
	struct sim_node *n = ctx;

	if (n->sim->meet)
		return n->sim->meet(n, i);
	return n->sim->by_key && i->node <= n->sim->n;
}

static const struct gossip_ops ops = { on_send, on_changed, on_random, on_meet };

static void empty(struct sim_node *n)
{
	while (n->first) {
		struct sim_packet *p = n->first;

		n->first = p->next;
		drop(n->sim, p);
	}
	n->last = &n->first;
	n->waiting = 0;
}

struct sim *sim_create(unsigned n, uint64_t seed)
{
	struct sim *s = calloc(1, sizeof(*s));

	ASSERT(s);
	s->seed = seed;
	s->random = seed * 0x9e3779b97f4a7c15ULL + 1;
	s->n = n;
	s->now = SIM_SEC;
	s->node = calloc(n, sizeof(*s->node));
	s->at = calloc(WHEEL, sizeof(*s->at));
	ASSERT(s->node && s->at);
	for (unsigned i = 0; i < n; i++) {
		s->node[i] = (struct sim_node){ .sim = s, .node = i + 1 };
		s->node[i].phase = sim_random(s, (uint32_t)(GOSSIP_TICK / SIM_MSEC));
		s->node[i].last = &s->node[i].first;
	}
	return s;
}

void sim_destroy(struct sim *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		empty(&s->node[i]);
		gossip_destroy(s->node[i].gossip);
	}
	for (unsigned i = 0; i < WHEEL; i++)
		while (s->at[i]) {
			struct sim_packet *p = s->at[i];

			s->at[i] = p->next;
			drop(s, p);
		}
	while (s->spare) {
		struct sim_packet *p = s->spare;

		s->spare = p->next;
		free(p);
	}
	free(s->at);
	free(s->node);
	free(s);
}

/* The record tells in features when it was made, so that what others hold of its age can be
 * checked. */
static struct node_info record(const struct sim_node *n)
{
	return (struct node_info){
		.node = n->node,
		.life = LIFE_BEGIN + (uint64_t)n->up_since,
		.flags = INFO_CONFIGURED | INFO_UP,
		.speed = INFO_STANDARD_SPEED,
		.cpus = 4 * INFO_WHOLE,
		.runnable = n->node,
		.mem_total = 1 << 24,
		.mem_free = 1 << 23,
		.features = (uint64_t)n->sim->now,
	};
}

void sim_start(struct sim *s, unsigned i)
{
	struct sim_node *n = &s->node[i];
	struct node_info r;

	ASSERT(!n->gossip);
	n->up_since = s->now;
	n->still_until = 0;
	empty(n);
	r = record(n);
	ASSERT(gossip_create(&ops, n, &r, s->now, &n->gossip) == 0);
	for (unsigned k = 0; k < (s->by_key ? 1 : s->n); k++)
		ASSERT(k == i || gossip_add(n->gossip, k + 1) == 0);
}

void sim_kill(struct sim *s, unsigned i)
{
	gossip_destroy(s->node[i].gossip);
	s->node[i].gossip = NULL;
	empty(&s->node[i]);
}

void sim_leave(struct sim *s, unsigned i)
{
	gossip_leave(s->node[i].gossip, s->now);
	sim_kill(s, i);
}

void sim_stand_still(struct sim *s, unsigned i, int64_t ns)
{
	s->node[i].still_until = s->node[i].stood_still = s->now + ns;
}

void sim_cut(struct sim *s, unsigned first)
{
	for (unsigned i = 0; i < s->n; i++)
		s->node[i].side = i >= first;
	s->cut_until = INT64_MAX / 2; /* not healed yet */
}

void sim_heal(struct sim *s)
{
	for (unsigned i = 0; i < s->n; i++)
		s->node[i].side = 0;
	s->cut_until = s->now;
}

static void take(struct sim_node *n, const struct sim_packet *p)
{
	struct err e = ERR_INIT;
	int r;

	if (n->sim->by_key)
		(void)gossip_add(n->gossip, p->from);
	if (!gossip_find(n->gossip, p->from))
		return; /* a test let it be forgotten */
	r = gossip_take(n->gossip, n->sim->now, p->from, p->bytes, p->n, &e);

	if (r < 0)
		(void)printf("node %u: %s\n", n->node, err_str(&e, r));
	ASSERT(r == 0);
	(void)gossip_due(n->gossip);
}

static void deliver(struct sim *s, struct sim_packet *p)
{
	struct sim_node *n = &s->node[p->to - 1];

	p->next = NULL;
	if (!n->gossip || n->waiting >= WAITING_MAX) {
		drop(s, p);
	} else if (n->still_until) {
		*n->last = p;
		n->last = &p->next;
		n->waiting++;
	} else {
		take(n, p);
		drop(s, p);
	}
}

/* Time passes for one that stood still: the tick is late, the datagrams lie there; which comes
 * first is chance. */
static void wake(struct sim *s, struct sim_node *n)
{
	bool late = sim_random(s, 2);

	n->still_until = 0;
	if (late)
		gossip_tick(n->gossip, s->now);
	for (const struct sim_packet *p = n->first; p; p = p->next)
		take(n, p);
	empty(n);
	if (!late)
		gossip_tick(n->gossip, s->now);
}

static void tick(struct sim *s, struct sim_node *n)
{
	struct node_info r;

	if (n->still_until && s->now >= n->still_until)
		wake(s, n);
	if (n->still_until)
		return;
	r = record(n);
	(void)gossip_set_self(n->gossip, &r, s->now);
	if (s->now + GOSSIP_SLACK >= gossip_due(n->gossip))
		gossip_tick(n->gossip, s->now);
}

void sim_run(struct sim *s, int64_t ns)
{
	int64_t end = s->now + ns;

	while (s->now < end) {
		unsigned ms, phase;

		s->now += SIM_MSEC;
		ms = (unsigned)(s->now / SIM_MSEC) % WHEEL;
		phase = (unsigned)(s->now % GOSSIP_TICK / SIM_MSEC);
		while (s->at[ms]) {
			struct sim_packet *p = s->at[ms];

			s->at[ms] = p->next;
			deliver(s, p);
		}
		for (unsigned i = 0; i < s->n; i++)
			if (s->node[i].phase == phase && s->node[i].gossip)
				tick(s, &s->node[i]);
	}
}

unsigned sim_holding(const struct sim *s, unsigned i, enum member_state state)
{
	unsigned n = 0;

	for (unsigned k = 0; k < s->n; k++)
		n += k != i && s->node[k].gossip &&
		     gossip_find(s->node[k].gossip, i + 1)->state == state;
	return n;
}

unsigned sim_up(const struct sim *s)
{
	unsigned n = 0;

	for (unsigned k = 0; k < s->n; k++)
		n += s->node[k].gossip != NULL;
	return n;
}
