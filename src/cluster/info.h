/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a node tells the others of itself, each second. Pure data: measured by node/, spread by
 * gossip, read by whoever balances or shows. */
#ifndef MOS_CLUSTER_INFO_H
#define MOS_CLUSTER_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cluster/map.h"

#define INFO_STANDARD_SPEED 10000U /* of one processor of the machine that speeds are told against */
#define INFO_NOT_TOLD	    UINT32_MAX
#define INFO_WHOLE	    1000U  /* one processor, one runnable task, all of the processor time */

/* Bits as openMosix's /proc/hpc/nodes/N/status had them; from 4096 on they are ours. */
enum info_flag {
	INFO_CONFIGURED = 1,
	INFO_UP = 2,
	INFO_STAY = 4,	 /* nothing leaves this node by itself */
	INFO_LSTAY = 8,	 /* its own processes do not leave it by themselves; guests may */
	INFO_BLOCK = 16, /* takes no guests */
	INFO_QUIET = 32, /* tells nothing of its load */
	INFO_EXPEL = 4096,   /* wants its guests to leave: their homes fetch them */
	INFO_PRESSED = 8192, /* its memory is nearly used up: the same, the fitting ones first */
	INFO_PARTING = 16384, /* leaves for good: to be forgotten once it is away */
};

struct node_info {
	uint32_t node;	/* number, 1-65535 */
	uint64_t life;	/* CLOCK_REALTIME in ns when its mosd began: a later life has a greater one */
	uint32_t seq;	/* of this record in that life, from 1 up */
	uint16_t flags; /* enum info_flag */
	uint32_t speed; /* of one of its processors; INFO_STANDARD_SPEED is the reference */
	uint32_t cpus;	/* thousandths of a processor that it may use */
	uint32_t runnable; /* thousandths of a task that ran or waited to run, a mean of some seconds */
	uint32_t native;   /* of runnable, what is no guest's; INFO_NOT_TOLD */
	uint32_t util;	   /* thousandths of its processor time that were used in the last second */
	uint64_t mem_total; /* KiB */
	uint64_t mem_free;  /* KiB that programs could still get without paging */
	uint64_t mem_raw;   /* KiB that nothing uses at all */
	uint32_t guests, guests_max, away;
	uint64_t features; /* digest of the processor features that programs may rely on; 0: not told */
	struct node_addr addr; /* where the others reach it; size 0: not told */
};

/* Load as openMosix shows it: 100 is one CPU-bound process for each standard processor. */
uint32_t info_load(const struct node_info *i);
/* A later record of the same node? */
bool info_newer(const struct node_info *a, const struct node_info *b);

/* Bytes of an encoded record. */
#define INFO_SIZE 98U
void info_put(const struct node_info *i, struct buf *b);
/* Whose record this is and which one, without a look at the rest: @p has INFO_SIZE bytes. */
void info_peek(const uint8_t *p, uint32_t *ret_node, uint64_t *ret_life, uint32_t *ret_seq);
/* Return: 0, or -EPROTO for a record that no node can have sent. */
int info_get(struct cursor *c, struct node_info *ret);

#endif
