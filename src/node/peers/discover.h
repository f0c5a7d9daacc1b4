/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Discovery in mosd: cluster/discovery fed with real announcements and time. A number that is
 * claimed is kept, and mosd begins anew with it. */
#ifndef MOS_NODE_PEERS_DISCOVER_H
#define MOS_NODE_PEERS_DISCOVER_H

#include <jansson.h>

#include "base/err.h"
#include "node/ask/control.h"
#include "node/node.h"

struct discover;

/* As site.discover says; *@ret is NULL where it is off or there is no key. Return: 0 or -errno. */
int discover_create(struct mosd *d, struct discover **ret, struct err *e);
void discover_destroy(struct discover *v); /* takes NULL */
/* Whether our number was not asked about since the machine began, so that peers_create is to wait:
 * discovery calls it when nobody has objected. */
bool discover_waits(const struct discover *v); /* takes NULL */
json_t *discover_json(const struct discover *v);
/* {"op":"discover","links":["eth0"],"ttl":1}, {"op":"discover","stop":true}: root only. */
void op_discover(struct ask *a, const json_t *o);

#endif
