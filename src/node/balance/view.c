/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows how what is told of a node becomes what the policy compares. */
#include "node/balance/view.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "kernel/cpu.h"
#include "node/balance/balance.h"
#include "node/balance/belief.h"
#include "node/figures/measure.h"
#include "node/figures/native.h"
#include "node/peers/peers.h"
#include "node/process/guests.h"
#include "node/site/levers.h"

static uint8_t policy_flags(unsigned flags)
{
	static const struct {
		unsigned info;
		uint8_t policy;
	} same[] = {
		{ INFO_STAY, POLICY_STAY },   { INFO_LSTAY, POLICY_LSTAY },
		{ INFO_BLOCK, POLICY_BLOCK }, { INFO_QUIET, POLICY_QUIET },
		{ INFO_EXPEL, POLICY_EXPEL }, { INFO_PRESSED, POLICY_PRESSED },
	};
	uint8_t f = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(same); i++)
		f |= flags & same[i].info ? same[i].policy : 0;
	return f;
}

/* Programs that began at home may rely on what its processors have. */
static bool compatible(const struct node_info *me, const struct node_info *other)
{
	return !me->features || !other->features || cpu_features_cover(other->features, me->features);
}

/* What this node has and how busy it is, as measured last. */
static void know_ourselves(const struct mosd *d, const struct node_info *measured, struct policy_node *n)
{
	n->runnable = measured->runnable;
	n->native = native_of(d->native, measured->runnable);
	n->mem_total = measured->mem_total;
	n->mem_free = measured->mem_free;
}

/* A quiet node tells nobody, and so it stands in the list too. */
static void know_what_is_not_told(const struct mosd *d, struct policy_node *n)
{
	struct node_info i = { 0 };

	measure_info(d->measure, &i);
	know_ourselves(d, &i, n);
}

static void look_at_node(struct mosd *d, const struct member *m, const struct node_info *me, int64_t now,
			 struct policy_node *ret)
{
	const struct node_info *i = &m->info;
	bool mine = m->node == d->site.me;

	*ret = (struct policy_node){
		.node = { m->node },
		.me = mine,
		.alive = m->state == MEMBER_ALIVE,
		.compatible = mine || compatible(me, i),
		.flags = policy_flags(i->flags),
		.age = MAX(now - m->made, (int64_t)0),
		.speed = i->speed,
		.cpus = i->cpus,
		.runnable = i->runnable,
		.native = i->native == INFO_NOT_TOLD ? POLICY_NOT_TOLD : i->native,
		.mem_total = i->mem_total,
		.mem_free = i->mem_free,
		.guests = i->guests,
		.guests_max = i->guests_max,
		.rtt = (int64_t)m->rtt_us * NSEC_PER_USEC,
	};
	if (mine && i->flags & INFO_QUIET)
		know_what_is_not_told(d, ret);
	belief_apply(d, me->speed, ret);
}

static int by_number(const void *x, const void *y)
{
	const struct policy_node *a = x, *b = y;

	return a->node.v < b->node.v ? -1 : a->node.v > b->node.v;
}

int view_nodes(struct mosd *d, int64_t now, struct policy_node **ret, size_t *n)
{
	const struct member *m, *me = peers_find(d->peers, d->site.me);
	struct policy_node *nodes;
	size_t count = 0;

	for (m = peers_next(d->peers, NULL); m; m = peers_next(d->peers, m))
		count++;
	nodes = me ? calloc(count + 1, sizeof(*nodes)) : NULL;
	if (!nodes)
		return -ENOMEM;
	*n = 0;
	for (m = peers_next(d->peers, NULL); m; m = peers_next(d->peers, m))
		if (m->info.seq) /* else nothing is known of it yet */
			look_at_node(d, m, &me->info, now, &nodes[(*n)++]);
	qsort(nodes, *n, sizeof(*nodes), by_number);
	*ret = nodes;
	return 0;
}

struct policy_node view_own(const struct mosd *d, struct policy_under_way *u)
{
	struct policy_node me = { .node = { d->site.me }, .me = true, .alive = true,
				  .compatible = true };
	struct node_info i = { 0 };
	uint64_t memory;

	measure_info(d->measure, &i);
	guests_under_way(d->guests, &u->guests, &u->wants, &memory);
	me.flags = policy_flags(levers_flags(d) | balance_flags(d));
	me.speed = levers_speed(d) ? levers_speed(d) : i.speed;
	me.cpus = i.cpus;
	know_ourselves(d, &i, &me);
	me.mem_free -= MIN(memory, me.mem_free);
	me.guests = guests_count(d->guests);
	me.guests_max = d->site.conf.guest_ids_count / CONF_IDS_EACH;
	return me;
}
