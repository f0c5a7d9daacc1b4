/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what was read of a node each second to the figures that it tells. Pure arithmetic. */
#ifndef MOS_NODE_FIGURES_METER_H
#define MOS_NODE_FIGURES_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct meter_sample {
	nsec_t at;	  /* monotonic */
	uint64_t used_ns; /* processor time used so far by whatever counts as this node's */
	uint32_t waiting; /* thousandths of a task that waited for a processor, since the last one */
	uint32_t cpus;	  /* thousandths of a processor that it may use, at least 1 */
};

struct meter {
	bool begun, told;
	struct meter_sample last;
	uint32_t runnable; /* thousandths of a task, smoothed */
	uint32_t util;	   /* thousandths, of the last span */
};

/* Takes one more sample; two that are less than a hundredth of a second apart are one. */
void meter_add(struct meter *m, const struct meter_sample *s);
/* Thousandths of a processor: the least of a quota in thousandths (UINT64_MAX: none), the sizes of
 * two sets (0: not told) and what is online. At least 1. */
uint32_t meter_cpus(uint64_t quota, unsigned set, unsigned allowed, unsigned online);

/* KiB. As limit, UINT64_MAX is none. */
struct meter_memory {
	uint64_t total, free, raw;
};

/* The machine's memory within what the cgroups allow; neither free nor raw exceeds total. */
struct meter_memory meter_memory(const struct meter_memory *machine,
				 const struct meter_memory *limit);

#endif
