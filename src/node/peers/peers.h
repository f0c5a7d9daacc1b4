/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other nodes as mosd knows them: cluster/gossip fed with real datagrams, sealed, and real time.
 * A node that is alone has none. */
#ifndef MOS_NODE_PEERS_PEERS_H
#define MOS_NODE_PEERS_PEERS_H

#include <jansson.h>

#include "base/err.h"
#include "cluster/map.h"
#include "cluster/member.h"
#include "node/node.h"

struct peers;

/* Opens UDP sockets on mosd's port and begins to tell and to listen. Return: 0 or -errno. */
int peers_create(struct mosd *d, struct peers **ret, struct err *e);
/* Says good-bye to the others, unless mosd reloads. Takes NULL. */
void peers_destroy(struct peers *p);
/* Where members are who has the key: @node is said to be at @addr, and will be asked. Takes NULL. */
void peers_meet(struct peers *p, uint32_t node, const struct node_addr *addr);
/* Something that we tell has changed: not only at the next second. Takes NULL. */
void peers_tell(struct peers *p);
/* Return: NULL if the map does not name it, or there are no peers. Valid until the loop goes on. */
const struct member *peers_find(const struct peers *p, uint32_t node);
/* All nodes of the map, ours first. @after: NULL to begin with. */
const struct member *peers_next(const struct peers *p, const struct member *after);
/* Return: 0, or -errno with the reason if it is known that no process can go there now: it is not there, or takes no
 * guests. */
int peers_check(const struct peers *p, uint32_t node, struct err *e);
/* Counters of datagrams. */
json_t *peers_json(const struct peers *p);

#endif
