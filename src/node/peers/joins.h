/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines that join by way of this node: passes, and the mos-join that serves each stream. */
#ifndef MOS_NODE_PEERS_JOINS_H
#define MOS_NODE_PEERS_JOINS_H

#include <jansson.h>

#include "base/err.h"
#include "node/ask/control.h"
#include "node/node.h"
#include "node/preamble.h"

struct joins;

struct joins *joins_create(struct mosd *d);
void joins_destroy(struct joins *v); /* takes NULL */
/* Gives a stream to a mos-join if @t names a pass. Owns @fd, but for -ENOENT. Return: 0, -ENOENT (no such
 * pass), -EBUSY, other -errno. */
int joins_stream(struct joins *v, int fd, const struct token *t, struct err *e);

/* {"op":"token","seconds":900,"node":7}: a new pass; root only. */
void op_token(struct ask *a, const json_t *o);

#endif
