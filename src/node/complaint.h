/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What anyone can cause at will is counted each time, and told in the log once a minute. Pure. */
#ifndef MOS_NODE_COMPLAINT_H
#define MOS_NODE_COMPLAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct complaint {
	uint64_t count;
	nsec_t told; /* 0: never */
};

/* Once more. Return: whether a line is due. */
static inline bool complaint_due(struct complaint *c, nsec_t now)
{
	c->count++;
	if (c->told && now - c->told < 60 * NSEC_PER_SEC)
		return false;
	c->told = now;
	return true;
}

#endif
