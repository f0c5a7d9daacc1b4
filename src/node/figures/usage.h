/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each migrant uses, here or wherever it is: means of some seconds, from samples taken each
 * second. */
#ifndef MOS_NODE_FIGURES_USAGE_H
#define MOS_NODE_FIGURES_USAGE_H

#include <stdint.h>

#include "base/clock.h"
#include "node/process/migrants.h"
#include "node/process/proc.h"
#include "policy/policy.h"

/* Sums at one moment; each may begin anew when the process has moved. */
struct usage_sample {
	nsec_t at;	  /* monotonic */
	uint64_t used_ns; /* processor time, anywhere */
	uint64_t waited_ns; /* for a processor, where it is */
	uint64_t calls;	  /* forwarded if it is away, else those that it reads and writes with */
};

struct usage_now {
	uint32_t use, wants; /* thousandths of a processor: got, would get if alone */
	uint32_t calls;	     /* a second */
	int64_t used;	     /* ns of processor time in all its life */
	int64_t age;	     /* ns since it began */
	uint64_t memory;     /* KiB */
};

/* One process's means. Pure. */
struct usage_meter {
	struct usage_sample last; /* at 0: none */
	struct policy_mean use, wants, calls;
};

void usage_meter_add(struct usage_meter *m, double lasts, const struct usage_sample *s);
/* In @ret: use, wants, calls. */
void usage_meter_get(const struct usage_meter *m, struct usage_now *ret);

struct usage;

struct usage *usage_create(void);
void usage_destroy(struct usage *u); /* takes NULL */
/* Takes a sample of the process @id; @m is its record, or NULL. @lasts: of how many seconds the means
 * are. */
void usage_look(struct usage *u, const struct proc_id *id, const struct migrant *m,
		double lasts, struct usage_now *ret);
/* Forgets those that were not looked at since the last call. */
void usage_sweep(struct usage *u);

#endif
