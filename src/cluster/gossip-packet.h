/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of what members send each other. Private to this room.
 *
 *   head     24 bytes: version, kind, number of words, number of records, then the sender's mark
 *            (life, counter), a number that an answer repeats, the node that it is about (or 0)
 *   words    25 bytes each: a claim about a node's state
 *   records 104 bytes each: a node's record, the counter of its mark, and how old it is
 *
 * All little-endian. Parts of fixed size, so that a bad one costs nothing but itself. */
#ifndef MOS_CLUSTER_GOSSIP_PACKET_H
#define MOS_CLUSTER_GOSSIP_PACKET_H

#include "base/buf.h"
#include "base/err.h"
#include "cluster/member.h"

#define GOSSIP_VERSION	   2U
#define GOSSIP_HEAD_SIZE   24U
#define GOSSIP_WORD_SIZE   25U
#define GOSSIP_RECORD_SIZE (INFO_SIZE + 6U)
#define GOSSIP_AGE_UNIT	   10000000LL /* ns: ages travel in hundredths of a second */
#define GOSSIP_AGE_MOST	   65535U     /* such units; what is older stays so */

enum gossip_kind {
	GOSSIP_NEWS,   /* nothing but words and records */
	GOSSIP_PROBE,  /* are you there? */
	GOSSIP_ACK,    /* I am; or, with about: that one is, I asked for you */
	GOSSIP_ASK,    /* ask that one for me */
	GOSSIP_SILENT, /* I did, and heard nothing yet */
	GOSSIP_KIND_COUNT_
};

const char *gossip_kind_str(enum gossip_kind k);

struct gossip_head {
	enum gossip_kind kind;
	unsigned n_words, n_records;
	struct mark mark;
	uint32_t number, about;
};

struct gossip_word {
	enum member_state state; /* not MEMBER_UNKNOWN */
	uint32_t node;
	struct mark mark;
	int64_t age;		      /* of a suspicion, in ns */
	uint16_t by[MEMBER_ACCUSERS]; /* who had no answer; 0 where there are fewer */
};

struct gossip_record {
	int64_t age; /* in ns */
	uint32_t node, seq;
	struct mark mark;
	const uint8_t *raw; /* INFO_SIZE bytes, not looked at yet */
};

/* Begins a packet in @b; the numbers of parts are written by gossip_head_finish. */
void gossip_head_put(const struct gossip_head *h, struct buf *b);
void gossip_head_finish(struct buf *b, unsigned n_words, unsigned n_records);
void gossip_word_put(const struct gossip_word *w, struct buf *b);
void gossip_record_put(const uint8_t *raw, uint32_t counter, int64_t age, struct buf *b);

/* Reads the head and checks that the whole has the length that it tells.
 * Return: 0, -EPROTO, -EPROTONOSUPPORT (another version). */
int gossip_head_get(struct cursor *c, struct gossip_head *ret, struct err *e);
/* Return: 0, or -EPROTO for what no node can have sent; the cursor is at the next part all the
 * same. */
int gossip_word_get(struct cursor *c, struct gossip_word *ret);
int gossip_record_get(struct cursor *c, struct gossip_record *ret);

#endif
