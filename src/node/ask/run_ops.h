/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations by which users say how a process may move: what mosrun asks before it becomes the
 * program, and locks. */
#ifndef MOS_NODE_ASK_RUN_OPS_H
#define MOS_NODE_ASK_RUN_OPS_H

#include <jansson.h>

#include "node/ask/control.h"
#include "node/process/wish.h"

/* What mosrun was told. */
struct run_wish {
	struct migrant_wish wish; /* what holds for the program, after what it inherits */
	bool lock_said;	   /* else a place that is named locks */
	uint32_t node;	   /* 0: none named */
	bool best;	   /* begin at the best node */
	bool fallback;	   /* where the place cannot be had: at home */
};

/* Pure. @ret->wish holds what is inherited, and is changed by what @o says.
 * Return: 0, or -EINVAL with a line. */
int run_wish_read(const json_t *o, struct run_wish *ret, struct err *e);

void op_run(struct ask *a, const json_t *o);
void op_lock(struct ask *a, const json_t *o);
/* {"op":"migrate","to":"balance"}: the same as to unlock. */
void op_unlock(struct ask *a, const json_t *o);

#endif
