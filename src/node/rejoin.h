/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket on which supervisors that outlived their mosd report to the next one. */
#ifndef MOS_NODE_REJOIN_H
#define MOS_NODE_REJOIN_H

#include "base/err.h"
#include "node/node.h"

struct rejoin;

/* Return: 0 or -errno. */
int rejoin_create(struct mosd *d, struct rejoin **ret, struct err *e);
void rejoin_destroy(struct rejoin *j);

#endif
