/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSG_HELLO, MSG_HOP, MSG_ATTACH: who comes, where a body is to be sent, whose body it is. Pure.
 *
 * One key serves all nodes, so the handshake proves that the other side is a node, not which one: who
 * sits between could turn a connection back to its sender, or to another node. Hence each opening
 * message names the node that it is meant for. */
#ifndef MOS_WIRE_HELLO_H
#define MOS_WIRE_HELLO_H

#include <stdint.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/clock.h"
#include "wire/limits.h"

#define VDSO_DIGEST 32U

struct hello {
	uint32_t protocol;
	uint32_t to, home; /* numbers of nodes: the host's, and its sender's */
	int32_t pid;
	uint32_t uid;
	uint64_t epoch, area;
	nsec_t mono, boot;	   /* home's clocks at sending */
	char comm[16];
	uint8_t vdso[VDSO_DIGEST]; /* digest of home's vDSO: the body calls into it by address */
	uint64_t features;	   /* of home's processor (kernel/cpu.h): the program may rely on each */
	struct utsname uts;	   /* what uname tells the program */
	uint8_t from_host;	   /* 1: the body will come from another host, by its own stream */
	uint8_t ordered;	   /* 1: a person wants it there, or home has no better place for it */
	uint64_t memory;	   /* KiB that it has in memory; 0: not told */
	uint32_t wants;		   /* thousandths of a processor that it would use; 0: not told */
	uint32_t load_limit; /* hundredths of a process a standard processor: with more it stays; 0: any */
};

void hello_put(const struct hello *h, struct buf *b);
/* Return: 0; -EPROTO; -EPROTONOSUPPORT: of another protocol, of which only the number is read.
 * Strings end with NUL afterwards, numbers are in bounds: pid from 2, the area's place in user memory
 * and on a page, clocks neither negative nor centuries off, memory and wants with room for sums. */
int hello_get(struct hello *h, const void *p, size_t n);

struct hop {
	uint32_t node; /* the next host */
	char addr[64];
	uint16_t port;
	uint8_t token[TOKEN_SIZE];
	uint64_t epoch; /* that the body will have there */
};

void hop_put(const struct hop *h, struct buf *b);
int hop_get(struct hop *h, const void *p, size_t n);

struct attach {
	uint32_t to, home;
	int32_t pid;
	uint64_t epoch;
};

void attach_put(const struct attach *a, struct buf *b);
int attach_get(struct attach *a, const void *p, size_t n);

#endif
