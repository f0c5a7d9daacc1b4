/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Discovery: how a node that knows nobody finds the others, and a number that nobody has. Pure:
 * notices and time come in, notices and decisions go out. */
#ifndef MOS_CLUSTER_DISCOVERY_H
#define MOS_CLUSTER_DISCOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/map.h"
#include "cluster/notice.h"

/* None of these may call back into discovery. */
struct discovery_ops {
	/* @to NULL: to everybody in reach, on each link; then the sender's address is that of the
	 * link. The sender's port is to be filled in in both cases. */
	void (*send)(void *ctx, const struct notice *n, const struct node_addr *to, uint16_t port);
	/* A node that surely has the key, and is there now. */
	void (*met)(void *ctx, uint32_t node, const struct node_addr *addr);
	/* What is known of a node without discovery. Return: false if nothing is surely known. */
	bool (*find)(void *ctx, uint32_t node, struct node_addr *ret, bool *ret_there);
	/* Nobody who is there says that this number is his: it is ours from now on, or, where we had it,
	 * still. */
	void (*undisputed)(void *ctx, uint32_t number);
	/* @number, which we have or want, is that of the node at @by. @next is what we try now; 0:
	 * we keep it, and the two must be told apart by an administrator. */
	void (*taken)(void *ctx, uint32_t number, const struct node_addr *by, uint32_t next);
	uint64_t (*random)(void *ctx); /* 64 bits that nobody can foresee */
};

struct discovery_self {
	struct node_addr addr; /* which the number follows from */
	uint32_t number;       /* the one that this node has; 0: it needs one */
	bool fixed;	       /* given by an administrator */
};

struct discovery_counts {
	uint64_t joins, answers; /* sent */
	uint64_t heard, met,
		collisions; /* joins and asks; answers to ours; numbers that two have */
	uint64_t repeated, stale, bounded; /* had before; answers to nothing we asked lately;
					      answers not given, since there were many */
};

struct discovery;

/* @ops and @ctx must outlive it. Return: 0, -EINVAL (no address; a fixed number that is none),
 * -ENOMEM. */
int discovery_create(const struct discovery_ops *ops, void *ctx, const struct discovery_self *self,
		     int64_t now, struct discovery **ret);
void discovery_destroy(struct discovery *d); /* takes NULL */
/* How many other nodes are present, and whether processes tie us to our number. discovery_tick is
 * due afterwards, here and below. */
void discovery_others(struct discovery *d, unsigned present, bool tied);
/* Does what is due. @now is in ns and never goes back. Return: when to call next at the latest. */
int64_t discovery_tick(struct discovery *d, int64_t now);
/* A notice that whoever has the key has made, now or some time ago; it came by the link where @own
 * is our address. */
void discovery_take(struct discovery *d, int64_t now, const struct notice *n,
		    const struct node_addr *own);
/* The number that we have, or want. *@ret_ours tells which. */
uint32_t discovery_number(const struct discovery *d, bool *ret_ours);
const struct discovery_counts *discovery_counts(const struct discovery *d);

#endif
