/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which number belongs to an address, when nobody gives one. Pure. */
#ifndef MOS_CLUSTER_NUMBER_H
#define MOS_CLUSTER_NUMBER_H

#include "cluster/map.h"

/* The candidates for a node at @addr, in the order in which they are to be tried; @attempt counts
 * from 0. The first is omdiscd's: the last two bytes of an IPv4 address, so that 192.168.10.220 is
 * node 2780. The same address always gives the same ones; never NODE_ID_NONE, and no two that
 * follow each other are equal. @addr has a size. */
node_id number_candidate(const struct node_addr *addr, uint32_t attempt);

#endif
