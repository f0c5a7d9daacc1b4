/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which nodes there are and where: from the map, or as they got to be known. Pure. */
#ifndef MOS_CLUSTER_ROSTER_H
#define MOS_CLUSTER_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cluster/map.h"

struct roster;

/* Return: NULL without memory. */
struct roster *roster_create(void);
void roster_destroy(struct roster *r); /* takes NULL */
/* All that @m names, proven. Return: 0 or -ENOMEM. */
int roster_add_map(struct roster *r, const struct map *m);
/* @node is at @addr; the node that was there, if another, is taken out. @proven: it spoke itself, or
 * an administrator says so; once proven, a node stays so. Return: 1 when that is news, 0, -EINVAL,
 * -ENOMEM. */
int roster_put(struct roster *r, node_id node, const struct node_addr *addr, bool proven);
/* Return: whether it was in. */
bool roster_drop(struct roster *r, node_id node);
/* Return: 0 or -ENOENT. */
int roster_find(const struct roster *r, node_id node, struct node_addr *ret);
bool roster_proven(const struct roster *r, node_id node);
/* NODE_ID_NONE: nobody is there. */
node_id roster_at(const struct roster *r, const struct node_addr *addr);
/* The first node with a number above @after; NODE_ID_NONE at the end, and to begin with. */
node_id roster_next(const struct roster *r, node_id after);
uint32_t roster_count(const struct roster *r);
/* The lowest number that nobody has; NODE_ID_NONE when all are taken. */
node_id roster_free_number(const struct roster *r);
/* The proven ones, as a map. */
void roster_text(const struct roster *r, struct buf *b);
/* The same for somebody who is to be @node at @addr: without whoever had the one or the other. */
void roster_text_for(const struct roster *r, node_id node, const struct node_addr *addr, struct buf *b);

#endif
