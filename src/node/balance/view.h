/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nodes as the policy sees them. */
#ifndef MOS_NODE_BALANCE_VIEW_H
#define MOS_NODE_BALANCE_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "node/node.h"
#include "policy/policy.h"

/* All nodes of which something is known, by number, this one among them. The caller frees @ret.
 * Return: 0 or -ENOMEM. */
int view_nodes(struct mosd *d, int64_t now, struct policy_node **ret, size_t *n);
/* This node as it is now, less what guests on their way will take; they are counted in @u. */
struct policy_node view_own(const struct mosd *d, struct policy_under_way *u);

#endif
