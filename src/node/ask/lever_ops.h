/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations of the control socket that change how this node behaves: root's only. */
#ifndef MOS_NODE_ASK_LEVER_OPS_H
#define MOS_NODE_ASK_LEVER_OPS_H

#include <jansson.h>

#include "node/ask/control.h"

/* Whether root asks; else the answer is given, and @a is gone. */
bool lever_ops_root(struct ask *a);
void op_lever(struct ask *a, const json_t *o);
void op_speed(struct ask *a, const json_t *o);
void op_expel(struct ask *a, const json_t *o);
void op_bring(struct ask *a, const json_t *o);
/* ["stay","block"]: the levers that are on. */
json_t *levers_json(const struct mosd *d);

#endif
