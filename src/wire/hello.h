/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSG_HELLO and MSG_HOP: who comes, and where a body is to be sent. Pure. */
#ifndef MOS_WIRE_HELLO_H
#define MOS_WIRE_HELLO_H

#include <stdint.h>
#include <sys/utsname.h>

#include "base/buf.h"
#include "base/clock.h"
#include "wire/limits.h"

#define VDSO_DIGEST 32U

struct hello {
	uint32_t protocol, home;
	int32_t pid;
	uint32_t uid;
	uint64_t epoch, area;
	nsec_t mono, boot;	   /* home's clocks at sending */
	char comm[16];
	uint8_t vdso[VDSO_DIGEST]; /* digest of home's vDSO: the body calls into it by address */
	struct utsname uts;	   /* what uname tells the program */
	uint8_t from_host;	   /* 1: the body will come from another host, by its own stream */
};

void hello_put(const struct hello *h, struct buf *b);
/* Return: 0, -EPROTO. Strings end with NUL afterwards. */
int hello_get(struct hello *h, const void *p, size_t n);

struct hop {
	char addr[64];
	uint16_t port;
	uint8_t token[TOKEN_SIZE];
	uint64_t epoch; /* that the body will have there */
};

void hop_put(const struct hop *h, struct buf *b);
int hop_get(struct hop *h, const void *p, size_t n);

#endif
