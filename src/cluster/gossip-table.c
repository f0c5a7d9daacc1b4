/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows where the slots of nodes are, and which sets each is in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "base/util.h"
#include "cluster/gossip-state.h"

#define CAP_FIRST 16U

struct slot *gossip_slot(struct gossip *g, uint32_t node)
{
	uint32_t i = node < g->at_n ? g->at[node] : 0;

	return i && !g->slot[i - 1].forgotten ? &g->slot[i - 1] : NULL;
}

void slot_set_add(struct slot_set *s, uint32_t i)
{
	if (s->place[i])
		return;
	s->item[s->n++] = i;
	s->place[i] = s->n;
}

void slot_set_drop(struct slot_set *s, uint32_t i)
{
	uint32_t at = s->place[i], last;

	if (!at)
		return;
	last = s->item[--s->n];
	s->item[at - 1] = last;
	s->place[last] = at;
	s->place[i] = 0;
}

uint32_t gossip_random(struct gossip *g, uint32_t n)
{
	return (uint32_t)((g->ops->random(g->ctx) >> 32) * n >> 32);
}

/* Lets the @k-th and the last of the first @n change places, for a @k of chance. */
static void swap_in(struct slot_set *s, struct gossip *g, uint32_t n)
{
	uint32_t k = gossip_random(g, n), a = s->item[k], b = s->item[n - 1];

	s->item[k] = b;
	s->item[n - 1] = a;
	s->place[b] = k + 1;
	s->place[a] = n;
}

void slot_set_shuffle(struct slot_set *s, struct gossip *g)
{
	for (uint32_t n = s->n; n > 1; n--)
		swap_in(s, g, n);
}

void gossip_become(struct gossip *g, struct slot *s, enum member_state to)
{
	uint32_t i = gossip_slot_number(g, s);
	enum member_state from = s->m.state;

	ASSERT(i && member_may_become(from, to));
	s->m.state = to;
	(member_present(to) ? slot_set_drop : slot_set_add)(&g->absent, i);
	(member_present(to) ? slot_set_add : slot_set_drop)(&g->present, i);
	if (member_present(to) && !member_present(from))
		swap_in(&g->present, g, g->present.n); /* else all probe in the order of hearing */
	(to == MEMBER_SUSPECT ? slot_set_add : slot_set_drop)(&g->suspects, i);
	g->ops->changed(g->ctx, s->m.node, from, to);
}

/* Return: 0 or -ENOMEM. What was, stays. */
static int grow(void *array, size_t size, uint32_t n, uint32_t cap)
{
	void *old, *more;

	memcpy(&old, array, sizeof(old));
	more = realloc(old, size * cap);
	if (!more)
		return -ENOMEM;
	memset((uint8_t *)more + size * n, 0, size * (cap - n));
	memcpy(array, &more, sizeof(more));
	return 0;
}

static int grow_set(struct slot_set *s, uint32_t n, uint32_t cap)
{
	int r = grow(&s->item, sizeof(*s->item), n, cap);

	return r < 0 ? r : grow(&s->place, sizeof(*s->place), n, cap);
}

static int more_slots(struct gossip *g)
{
	struct slot_set *sets[] = { &g->present, &g->absent, &g->suspects, &g->hot };
	uint32_t cap = MAX(2 * g->cap, CAP_FIRST);
	int r = grow(&g->slot, sizeof(*g->slot), g->cap, cap);

	if (r == 0)
		r = grow(&g->order, sizeof(*g->order), g->cap, cap);
	for (unsigned k = 0; r == 0 && k < ARRAY_SIZE(sets); k++)
		r = grow_set(sets[k], g->cap, cap);
	if (r == 0)
		g->cap = cap;
	return r;
}

int gossip_add(struct gossip *g, uint32_t node)
{
	int r = 0;

	if (!node || node > NODE_ID_MAX)
		return -EINVAL;
	if (gossip_slot(g, node))
		return -EEXIST;
	if (node < g->at_n && g->at[node]) { /* it was one of ours before */
		g->slot[g->at[node] - 1] = (struct slot){ .m = { .node = node, .since = g->now } };
		slot_set_add(&g->absent, g->at[node] - 1);
		return 0;
	}
	if (node >= g->at_n) {
		r = grow(&g->at, sizeof(*g->at), g->at_n, node + 1);
		if (r < 0)
			return r;
		g->at_n = node + 1;
	}
	if (g->n == g->cap)
		r = more_slots(g);
	if (r < 0)
		return r;
	g->slot[g->n] = (struct slot){ .m = { .node = node, .since = g->now } };
	if (g->n)
		slot_set_add(&g->absent, g->n);
	g->at[node] = ++g->n;
	return 0;
}

void gossip_forget(struct gossip *g, uint32_t node)
{
	struct slot_set *sets[] = { &g->present, &g->absent, &g->suspects, &g->hot };
	struct slot *s = gossip_slot(g, node);
	uint32_t i;

	if (!s || s == &g->slot[0])
		return;
	i = gossip_slot_number(g, s);
	for (unsigned k = 0; k < ARRAY_SIZE(sets); k++)
		slot_set_drop(sets[k], i);
	if (g->target == i)
		g->target = 0;
	if (g->newcomer == i)
		g->newcomer = 0;
	for (unsigned k = 0; k < GOSSIP_PROBES; k++)
		g->probe[k].on &= g->probe[k].slot != i;
	*s = (struct slot){ .m.node = node, .forgotten = true };
}

static void finish_set(struct slot_set *s)
{
	free(s->item);
	free(s->place);
}

void gossip_destroy(struct gossip *g)
{
	if (!g)
		return;
	finish_set(&g->present);
	finish_set(&g->absent);
	finish_set(&g->suspects);
	finish_set(&g->hot);
	buf_finish(&g->out);
	free(g->slot);
	free(g->order);
	free(g->at);
	free(g);
}

const struct member *gossip_find(const struct gossip *g, uint32_t node)
{
	uint32_t i = node < g->at_n ? g->at[node] : 0;

	return i && !g->slot[i - 1].forgotten ? &g->slot[i - 1].m : NULL;
}

const struct member *gossip_next(const struct gossip *g, const struct member *after)
{
	uint32_t i = after ? g->at[after->node] : 0; /* that is one more than its slot */

	while (i < g->n && g->slot[i].forgotten)
		i++;
	return i < g->n ? &g->slot[i].m : NULL;
}

unsigned gossip_present(const struct gossip *g)
{
	return g->present.n;
}
