/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many datagrams of strangers are looked at in a second: of all, and of one sender, so that a
 * flood neither keeps a node busy nor drowns the others. Pure. */
#ifndef MOS_CLUSTER_QUOTA_H
#define MOS_CLUSTER_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/map.h"

#define QUOTA_ALL     2000U
#define QUOTA_SENDER  50U
#define QUOTA_SENDERS 256U /* senders beyond that share */

struct quota {
	uint64_t salt; /* random: nobody can choose an address that shares with another's */
	int64_t second;
	unsigned all;
	uint8_t by[QUOTA_SENDERS];
};

/* Whether one more, from @from, is looked at. @now is in ns and never goes back. */
bool quota_take(struct quota *q, int64_t now, const struct node_addr *from);

#endif
