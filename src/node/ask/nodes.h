/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this node knows of all nodes, for the tools. */
#ifndef MOS_NODE_ASK_NODES_H
#define MOS_NODE_ASK_NODES_H

#include <jansson.h>

#include "node/ask/control.h"

/* {"op":"nodes"}: an object for each, and a last one. */
void op_nodes(struct ask *a, const json_t *o);

#endif
