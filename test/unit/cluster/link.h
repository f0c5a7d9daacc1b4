/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that look for each other on a virtual link, in one process, with a virtual clock. All
 * chance follows from one seed. */
#ifndef MOS_TEST_UNIT_CLUSTER_LINK_H
#define MOS_TEST_UNIT_CLUSTER_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/discovery.h"

#define LINK_MSEC      1000000LL
#define LINK_SEC       (1000 * LINK_MSEC)
#define LINK_NODES     200U
#define LINK_IN_FLIGHT 65536U

struct link_flight {
	int64_t at;
	unsigned from;
	int to; /* -1: everybody */
	struct notice n;
};

struct link_node {
	struct discovery *d; /* NULL: there is none */
	struct node_addr addr;
	int64_t due;
	uint32_t met[2 * LINK_NODES], had, claimed, lost, lost_next;
	unsigned n_met, undisputed, times_lost;
	struct node_addr by;
};

/* The one link of a test program. */
struct link {
	struct link_node node[LINK_NODES];
	struct link_flight flight[LINK_IN_FLIGHT];
	unsigned n_flights;
	unsigned loss;		     /* per cent */
	struct notice recorded[512]; /* the first that were sent */
	unsigned n_recorded;
	int64_t now;
	uint64_t seed;
	uint32_t holder; /* what the others know without discovery */
	struct node_addr holder_addr;
	bool holder_there;
	bool reloads; /* who has claimed a number begins anew with it, as mosd does */
};

extern struct link net;
extern const struct discovery_ops link_ops; /* their ctx: a struct link_node */

/* An empty link. */
void link_anew(uint64_t seed);
/* Node @i appears. @number: the one that it remembers, or was given (@fixed); 0: none. */
void link_add(unsigned i, const char *addr, uint32_t number, bool fixed);
/* Goes on for @ns. */
void link_pass(int64_t ns);
/* The number of node @i; 0 while it has none of its own. */
uint32_t link_number(unsigned i);
/* Has @i met @j, by the number that @j has now? */
bool link_knows(unsigned i, unsigned j);

#endif
