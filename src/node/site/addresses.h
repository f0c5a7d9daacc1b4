/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine's own addresses, and those of names. */
#ifndef MOS_NODE_SITE_ADDRESSES_H
#define MOS_NODE_SITE_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "cluster/map.h"

#define OWN_ADDRS_MAX 256U

/* IPv4 in IPv6's clothes is IPv4. Return: false if @sa is neither. */
bool addr_of(const struct sockaddr *sa, struct node_addr *ret);
/* A map_resolve_fn. */
int addr_resolve(void *ctx, const char *name, struct node_addr *ret);
/* Return: how many. */
size_t own_addrs(struct node_addr *to, size_t max);
bool own_addr(const struct node_addr *a);
/* The one that others most likely reach: of an interface that is up, not loopback nor link-local,
 * IPv4 before IPv6. Return: 0 or -ENOENT. */
int own_addr_likely(struct node_addr *ret);
/* ... of that interface. */
int own_addr_of(const char *name, struct node_addr *ret);

#endif
