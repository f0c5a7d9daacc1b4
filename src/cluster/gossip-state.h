/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a member holds, and what its parts ask of each other. Private to this room. */
#ifndef MOS_CLUSTER_GOSSIP_STATE_H
#define MOS_CLUSTER_GOSSIP_STATE_H

#include "base/buf.h"
#include "cluster/gossip-packet.h"
#include "cluster/gossip.h"

#define GOSSIP_SEC     1000000000LL
#define GOSSIP_FANOUT  3U
#define GOSSIP_FEW     8U  /* others that are all spoken to within a second, and whose records fit in a packet */
#define GOSSIP_TRIES   3U  /* probes that are sent before somebody is suspected */
#define GOSSIP_PROBES  16U /* under way */
#define GOSSIP_ERRANDS 64U

/* Numbers of slots, none twice, in an order that can be shuffled. */
struct slot_set {
	uint32_t *item, *place; /* place[i] - 1 is where i stands in item; 0: it is not in */
	uint32_t n;
};

struct slot {
	struct member m;
	/* While it is SUSPECT: since when (wherever that was raised), when we heard of it, of whom.
	 */
	int64_t raised, noticed;
	uint16_t by[MEMBER_ACCUSERS];
	uint8_t chances;		/* how often we still ask it before its time is up */
	int64_t told;			/* when it last heard from us what we hold of it */
	int64_t asked;			/* when it was last probed */
	uint8_t word_left, record_left; /* how often its state, its record still go out */
	bool word_new;			/* did not go out once yet */
	uint32_t said;			/* the packet that has its state */
	uint8_t raw[INFO_SIZE];		/* m.info as it came */
	bool forgotten;			/* as if it were not there */
};

struct probe {
	bool on;
	uint32_t slot, number[GOSSIP_TRIES];
	int64_t sent[GOSSIP_TRIES];
	unsigned tries, asked, silent;
	uint32_t helper[GOSSIP_FANOUT]; /* nodes */
};

struct errand { /* a probe that another node asked us for */
	uint32_t asker, their_number, about, our_number;
	int64_t began; /* 0: none */
};

struct gossip {
	const struct gossip_ops *ops;
	void *ctx;
	int64_t now, born;
	uint64_t born_life; /* our clock of the day at born */
	bool left;

	struct slot *slot; /* the first is ours */
	uint32_t n, cap;
	uint32_t *at; /* by node: number of its slot + 1, or 0 */
	uint32_t at_n;
	struct slot_set present, absent, suspects, hot; /* ours is only ever hot */

	uint32_t close[GOSSIP_CLOSE_MAX], n_close; /* nodes */
	uint32_t sequence;			   /* of our latest record */

	int64_t tick_at, due_at; /* the last tick, and when the next one is due */
	int64_t second_at, probe_at, reach_at;
	uint32_t turn;					/* of present, whom to probe next */
	unsigned deaf; /* how little we trust our own ears: 0 to DEAF_MOST */
	uint32_t number;
	struct probe probe[GOSSIP_PROBES];
	struct errand errand[GOSSIP_ERRANDS];
	unsigned errand_at;

	uint32_t *order; /* records of this second, the freshest first */
	uint32_t n_order, order_at, a_tick, target, rotation;
	uint32_t newcomer; /* slot that gets this second's records; 0: anyone */

	struct buf out; /* the packet that is being made */
	uint32_t packet;
	unsigned n_words, n_records;
	bool urgent;	  /* something is to go out at once ... */
	unsigned flushes; /* ... which was done so often since the last tick */
	struct gossip_counts counts;
};

/* gossip-table.c */
struct slot *gossip_slot(struct gossip *g, uint32_t node); /* NULL: no node of ours */
static inline uint32_t gossip_slot_number(const struct gossip *g, const struct slot *s)
{
	return (uint32_t)(s - g->slot);
}
void slot_set_add(struct slot_set *s, uint32_t i);
void slot_set_drop(struct slot_set *s, uint32_t i);
void slot_set_shuffle(struct slot_set *s, struct gossip *g);
/* A number below @n, which is not 0. */
uint32_t gossip_random(struct gossip *g, uint32_t n);
/* The only place where a state changes. */
void gossip_become(struct gossip *g, struct slot *s, enum member_state to);

/* gossip-claim.c */
/* Somebody claims something about a node; @from is who says so. */
void gossip_hear(struct gossip *g, struct slot *s, const struct gossip_word *w, uint32_t from);
/* The node itself speaks. */
void gossip_hear_itself(struct gossip *g, struct slot *s, const struct mark *mark);
/* Return: 0 or -EPROTO. Afterwards slots may lie elsewhere. */
int gossip_hear_record(struct gossip *g, const struct gossip_record *r, uint32_t from);
/* Suspicions whose time is up. */
void gossip_judge_suspects(struct gossip *g);
/* Our own record anew, made now. */
void gossip_renew(struct gossip *g);

/* gossip-news.c */
void gossip_begin(struct gossip *g, enum gossip_kind kind, uint32_t number, uint32_t about);
/* Return: whether there was room. */
bool gossip_say_word(struct gossip *g, struct slot *s);
bool gossip_say_record(struct gossip *g, const struct slot *s);
void gossip_end(struct gossip *g, struct slot *to);
/* A short packet: what @to must know, the newest words, our record. */
void gossip_send_short(struct gossip *g, struct slot *to, enum gossip_kind kind, uint32_t number,
		       uint32_t about);
/* Lets a slot's state, or its record, go out by the fast lane. */
void gossip_pass_word(struct gossip *g, struct slot *s, bool all);
void gossip_pass_record(struct gossip *g, struct slot *s);
void gossip_spread(struct gossip *g); /* the fast lane, once */
void gossip_second(struct gossip *g); /* once a second: our record to the close ones, a new order */
void gossip_tell_slice(struct gossip *g);

/* gossip-probe.c */
void gossip_probe_tick(struct gossip *g);
void gossip_probe_forget(struct gossip *g); /* we were away ourselves: nothing is to be learnt */
bool gossip_probe_busy(const struct gossip *g); /* there is something to do at each tick */
int64_t gossip_probe_due(const struct gossip *g); /* ... and otherwise then */
void gossip_probe_take(struct gossip *g, struct slot *from, const struct gossip_head *h);
/* We doubt ourselves more, or (@n is negative) less. */
void gossip_doubt(struct gossip *g, int n);

#endif
