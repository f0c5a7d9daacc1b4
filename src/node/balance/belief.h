/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether figures of other nodes, possible as they are, can be believed. */
#ifndef MOS_NODE_BALANCE_BELIEF_H
#define MOS_NODE_BALANCE_BELIEF_H

#include "node/node.h"
#include "policy/policy.h"

/* A node that tells an incredible speed counts as one that tells nothing; that is counted and logged. */
void belief_apply(struct mosd *d, uint32_t own_speed, struct policy_node *n);

#endif
