/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic on addresses. Private to this room. */
#ifndef MOS_CLUSTER_ADDR_H
#define MOS_CLUSTER_ADDR_H

#include "cluster/map.h"

/* IPv4 for an IPv4 address written as IPv6, else itself. */
struct node_addr node_addr_plain(const struct node_addr *a);
/* Return: 0, or -ERANGE past the last address there is. */
int node_addr_add(const struct node_addr *a, uint32_t n, struct node_addr *ret);
/* @a - @b, for @a not less than @b and of the same size; UINT64_MAX when it does not fit. */
uint64_t node_addr_sub(const struct node_addr *a, const struct node_addr *b);

#endif
