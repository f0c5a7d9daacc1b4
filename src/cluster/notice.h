/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an announcement of discovery says, and its form. Pure.
 *
 *   kind 1, version 1, rank 1, size of the address 1, number 2, port 2, address 16,
 *   who sends 8, nonce 16: 48 bytes, little-endian */
#ifndef MOS_CLUSTER_NOTICE_H
#define MOS_CLUSTER_NOTICE_H

#include <stdint.h>

#include "cluster/map.h"

#define NOTICE_SIZE  48U
#define NOTICE_NONCE 16U

enum notice_kind {
	NOTICE_JOIN = 1, /* this number is mine, if nobody says otherwise; who is there? */
	NOTICE_ASK,	 /* who is there? I am no node */
	NOTICE_ACK,	 /* I am: an answer */
	NOTICE_TAKEN,	 /* that number is mine: an answer */
	NOTICE_KIND_COUNT_
};

/* How firmly the sender holds its number: of two who have the same, the higher one keeps it. */
enum notice_rank {
	NOTICE_CLAIMS, /* waits whether somebody objects */
	NOTICE_HAS,    /* had it all along, but it ties nobody */
	NOTICE_KEEPS,  /* others know it by this number, or an administrator gave it */
	NOTICE_RANK_COUNT_
};

const char *notice_kind_str(enum notice_kind k);

struct notice {
	enum notice_kind kind;
	enum notice_rank rank;
	uint32_t number;	     /* the sender's; 0 in an ASK, and nowhere else */
	uint16_t port;		     /* where the sender hears answers */
	struct node_addr addr;	     /* the sender's */
	uint64_t origin;	     /* which mosd sends; drawn when it starts; not 0 */
	uint8_t nonce[NOTICE_NONCE]; /* drawn by who asks, repeated by who answers */
};

void notice_put(const struct notice *n, uint8_t to[static NOTICE_SIZE]);
/* Return: 0; -EPROTO: no such notice can be sent; -EPROTONOSUPPORT: of another version. */
int notice_get(const uint8_t from[static NOTICE_SIZE], struct notice *ret);

#endif
