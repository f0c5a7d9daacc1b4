/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of this node's load is its own users' work, and how much is guests'. */
#ifndef MOS_NODE_FIGURES_NATIVE_H
#define MOS_NODE_FIGURES_NATIVE_H

#include <stdint.h>

#include "node/node.h"

struct native;

struct native *native_create(struct mosd *d); /* NULL without memory */
void native_destroy(struct native *v);	      /* takes NULL */
/* Of @runnable thousandths of a task, those that are no guest's. */
uint32_t native_of(const struct native *v, uint32_t runnable);

#endif
