/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cluster of members in one process: a virtual clock, a network that loses and delays datagrams,
 * nodes that die, stand still, are cut off. All chance follows from one seed. */
#ifndef MOS_TEST_UNIT_CLUSTER_SIM_H
#define MOS_TEST_UNIT_CLUSTER_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/gossip.h"

#define SIM_MSEC 1000000LL
#define SIM_SEC	 1000000000LL

struct sim;

struct sim_node {
	struct sim *sim;
	uint32_t node;
	struct gossip *gossip;	       /* NULL: off */
	int64_t up_since, still_until; /* still_until: 0 while it runs */
	int64_t stood_still;	       /* until when, the last time */
	unsigned side;		       /* datagrams go only between nodes of one side */
	unsigned phase;
	struct sim_packet *first, **last; /* came while it stood still */
	unsigned waiting;
	uint64_t sent, bytes;
};

struct sim {
	uint64_t seed, random;
	int64_t now;
	unsigned n;
	struct sim_node *node;	/* node[i] has number i + 1 */
	unsigned loss;		/* thousandths */
	int64_t cut_until;	/* when the latest cut was healed */
	/* What a node does that hears of a stranger; NULL: by_key says. */
	bool (*meet)(struct sim_node *n, const struct node_info *i);
	bool by_key;		/* nodes begin with the first only, and meet the others */
	uint64_t evicted;	/* times that somebody took a node for dead that was there */
	struct sim_packet **at; /* by millisecond of arrival */
	struct sim_packet *spare;
	/* What tests look at. */
	void (*changed)(struct sim *s, uint32_t observer, uint32_t node, enum member_state from,
			enum member_state to);
	void *data;
};

struct sim *sim_create(unsigned n, uint64_t seed);
void sim_destroy(struct sim *s);
uint32_t sim_random(struct sim *s, uint32_t n);
/* Lets time pass. */
void sim_run(struct sim *s, int64_t ns);
void sim_start(struct sim *s, unsigned i); /* with a later life than before */
void sim_kill(struct sim *s, unsigned i);
void sim_leave(struct sim *s, unsigned i);
void sim_stand_still(struct sim *s, unsigned i, int64_t ns);
/* The nodes from @first on are on a side of their own; sim_heal undoes it. */
void sim_cut(struct sim *s, unsigned first);
void sim_heal(struct sim *s);
/* How many nodes that are up hold @i to be in @state. */
unsigned sim_holding(const struct sim *s, unsigned i, enum member_state state);
unsigned sim_up(const struct sim *s);

#endif
