/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of the control socket: umosix-control(7). */
#ifndef MOS_NODE_ASK_OPS_H
#define MOS_NODE_ASK_OPS_H

#include <jansson.h>

#include "node/ask/control.h"
#include "node/process/proc.h"

/* Does what @o asks; @a is answered now or later. */
void op_dispatch(struct ask *a, const json_t *o);
/* The process that field "pid" names, if @a's caller may deal with it; else answers.
 * Return: 0 or -errno. */
int ops_find_process(struct ask *a, const json_t *o, struct proc_id *ret);

#endif
