/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Membership and information: who is there, and what each tells of itself. Pure: datagrams and time
 * come in, datagrams and changes go out. */
#ifndef MOS_CLUSTER_GOSSIP_H
#define MOS_CLUSTER_GOSSIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cluster/member.h"

#define GOSSIP_PACKET_MAX 1300U	      /* bytes of a datagram in clear */
#define GOSSIP_TICK	  200000000LL /* ns, the least between two calls of gossip_tick */
#define GOSSIP_SLACK	  (GOSSIP_TICK / 10)
#define GOSSIP_CLOSE_MAX  64U

/* None of these may call back into gossip, but for gossip_find and gossip_next; and meet, which may forget. */
struct gossip_ops {
	/* Sends a datagram, if it can: nobody hears whether it arrived. */
	void (*send)(void *ctx, uint32_t node, const void *bytes, size_t n);
	/* A node is in another state. @from and @to are both MEMBER_ALIVE when it is there in a
	 * later life, and none of its absence was noticed. */
	void (*changed)(void *ctx, uint32_t node, enum member_state from, enum member_state to);
	/* 64 bits that nobody can foresee. */
	uint64_t (*random)(void *ctx);
	/* One of ours tells of a node that is none of ours. Return: whether it is from now on. NULL:
	 * never. */
	bool (*meet)(void *ctx, const struct node_info *i);
};

/* What came in that was worth nothing, and why. */
struct gossip_counts {
	uint64_t taken, bad, stranger, ahead; /* packets; parts: wrong, of no node of ours, of a
						 life that has not begun yet */
	uint64_t suspected, objected;	      /* times that we suspected; that we had to object */
};

struct gossip;

/* A member that knows nobody. @self->node and @self->life are what it is for good; @ops and @ctx
 * must outlive it. Return: 0, -EINVAL (no such record can be sent), -ENOMEM. */
int gossip_create(const struct gossip_ops *ops, void *ctx, const struct node_info *self,
		  int64_t now, struct gossip **ret);
void gossip_destroy(struct gossip *g); /* takes NULL */
/* Another node that there may be. Return: 0, -EEXIST, -EINVAL, -ENOMEM. */
int gossip_add(struct gossip *g, uint32_t node);
/* It is none of ours any more: gossip_add makes it one again. Not ourselves. */
void gossip_forget(struct gossip *g, uint32_t node);

/* What we tell of ourselves from now on; node, life and seq are ours to set. A change of flags goes
 * out at once, the rest within a second. With INFO_QUIET it goes without load and memory. Return:
 * 0, or -EINVAL (nothing is changed). */
int gossip_set_self(struct gossip *g, const struct node_info *i, int64_t now);
/* The nodes that processes tie us to: homes of guests here, hosts of ours. They hear of us each
 * second. At most GOSSIP_CLOSE_MAX are heeded. */
void gossip_set_close(struct gossip *g, const uint32_t *nodes, unsigned n);

/* To be called at instants that are GOSSIP_TICK apart, those left out at which nothing is due. @now never goes back,
 * here and below. */
void gossip_tick(struct gossip *g, int64_t now);
/* Since when something is due, or when it will be: it is done at the first of these instants after now that is not more
 * than GOSSIP_SLACK before that. To be asked again after each of the other calls. */
int64_t gossip_due(struct gossip *g);
/* A datagram that @from has surely sent, to us, and not long ago: whoever calls has seen to that.
 * Return: 0; -ENOENT: @from is no node of ours; -EPROTO: some or all of it was wrong, the rest is
 * taken; -EPROTONOSUPPORT. */
int gossip_take(struct gossip *g, int64_t now, uint32_t from, const void *bytes, size_t n,
		struct err *e);
/* Says good-bye. Afterwards nothing is sent any more. */
void gossip_leave(struct gossip *g, int64_t now);

/* Valid until the next gossip_add; NULL when it is no node of ours. Our own is always ALIVE. */
const struct member *gossip_find(const struct gossip *g, uint32_t node);
/* In the order in which they were added, ours first. @after is NULL to begin with; NULL at the end.
 */
const struct member *gossip_next(const struct gossip *g, const struct member *after);
/* How many others are present (ALIVE or SUSPECT). */
unsigned gossip_present(const struct gossip *g);
const struct gossip_counts *gossip_counts(const struct gossip *g);

#endif
