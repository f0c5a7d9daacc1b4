/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What anyone can cause at will is counted each time, and told in the log once a minute. Pure. */
#ifndef MOS_NODE_COMPLAINT_H
#define MOS_NODE_COMPLAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define COMPLAINT_GAP (60 * NSEC_PER_SEC)

struct complaint {
	uint64_t count;
	nsec_t told; /* 0: never */
};

/* Whether a line is due: none has been told for a minute. Then it counts as told. */
static inline bool complaint_tells(nsec_t *told, nsec_t now)
{
	if (*told && now - *told < COMPLAINT_GAP)
		return false;
	*told = now;
	return true;
}

/* Once more. Return: whether a line is due. */
static inline bool complaint_due(struct complaint *c, nsec_t now)
{
	c->count++;
	return complaint_tells(&c->told, now);
}

#endif
