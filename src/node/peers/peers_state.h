/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What peers hold, and what their parts ask of each other. Private to peers*.c. */
#ifndef MOS_NODE_PEERS_PEERS_STATE_H
#define MOS_NODE_PEERS_PEERS_STATE_H

#include <ev.h>

#include "base/clock.h"
#include "cluster/gossip.h"
#include "node/peers/peers.h"
#include "wire/key.h"
#include "wire/seal.h"

#define PEERS_GONE 64U /* lives of nodes that left for good, which hearsay does not bring back */

struct peers {
	struct mosd *d;
	struct gossip *gossip;
	struct seal *seal;
	struct key_ring keys;
	int fd[2]; /* IPv6, IPv4; -1: none */
	ev_io io[2];
	nsec_t born;
	unsigned seconds;
	uint64_t chance[16]; /* random numbers for gossip, of which @n_chance are not used yet */
	unsigned n_chance;
	uint64_t received, bad;
	nsec_t complained;

	/* Members by key. */
	bool unsaved; /* the roster has news */
	nsec_t saved; /* when it was last written; 0: never */
	unsigned met_by_hearsay, met_speaking; /* in this second */
	struct {
		uint32_t node;
		uint64_t life;
	} gone[PEERS_GONE];
	unsigned gone_at;
	nsec_t doubted; /* when we last told of a number that two nodes have */
};

/* A gossip op. */
bool peers_on_meet(void *ctx, const struct node_info *i);
/* @node has spoken, from @from, with the key. Return: whether it is one of ours. */
bool peers_greet(struct peers *p, uint32_t node, const struct node_addr *from);
/* ... and what it said was good. */
void peers_prove(struct peers *p, uint32_t node);
/* @node spoke from @from with the key, as one whom a later one of the same number has replaced. */
void peers_doubt(struct peers *p, uint32_t node, const struct node_addr *from);
/* Writes the roster, if it has news. */
void peers_save(struct peers *p);
/* Once a second: addresses that changed, nodes to forget, the file. */
void peers_acquaint(struct peers *p);

#endif
