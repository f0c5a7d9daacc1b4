/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This node leaves its cluster for good. */
#ifndef MOS_NODE_PEERS_PART_H
#define MOS_NODE_PEERS_PART_H

#include <jansson.h>

#include "node/ask/control.h"

/* {"op":"part"}: the others hear that it leaves, and forget it once it has; root only, of an empty node.
 * The answer comes when they had time to hear. If whoever asked is gone by then, it does not leave. */
void op_part(struct ask *a, const json_t *o);

#endif
