/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who knows what of whom: each second a node tells all that it has heard to one other. */
#include "base/util.h"
#include "sim/world.h"

/* What is lost is a packet. The real one has at most 1,400 bytes, its records 98 each and a head. */
#define RECORDS_IN_PACKET 13U

static void tell(struct world *w, uint32_t node)
{
	struct node *n = &w->nodes[node];
	struct record *r = &n->history[++n->told % HISTORY];
	struct policy_node me;
	double largest = 0;

	*r = (struct record){ .time = w->time,
			      .runnable = n->runnable,
			      .native = n->native,
			      .free = node_free(n),
			      .flags = n->flags };
	for (const struct job *j = n->jobs; j; j = j->next) {
		r->guests += j->home != node;
		if (j->home != node)
			largest = MAX(largest, j->memory);
	}
	me = (struct policy_node){ .mem_total = (uint64_t)n->memory,
				   .mem_free = (uint64_t)MAX(r->free, 0.0),
				   .flags = n->pressed ? POLICY_PRESSED : 0 };
	n->pressed = policy_pressed(n->policy, &w->conf, (int64_t)(w->time * 1e9), &me,
				    (uint64_t)largest);
	if (n->pressed && w->conf.usher)
		r->flags |= POLICY_PRESSED;
	w->views[(size_t)node * w->n_nodes + node] = n->told;
}

/* NEVER is the greatest number, so compare the numbers after it. */
static void take_packet(uint32_t *at, const uint32_t *from, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		at[i] = MAX(from[i] + 1, at[i] + 1) - 1;
}

void gossip_step(struct world *w, uint32_t node)
{
	uint32_t to = (uint32_t)(random_unit(&w->random) * w->n_nodes);
	const uint32_t *from = &w->views[(size_t)node * w->n_nodes];
	uint32_t *at = &w->views[(size_t)to * w->n_nodes];

	tell(w, node);
	if (to == node || !w->nodes[to].alive)
		return;
	for (uint32_t i = 0; i < w->n_nodes; i += RECORDS_IN_PACKET) {
		if (random_unit(&w->random) >= w->loss)
			take_packet(at + i, from + i, MIN(RECORDS_IN_PACKET, w->n_nodes - i));
	}
}
