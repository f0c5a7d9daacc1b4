/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Emptying a node: its guests leave, its own processes come home, and whoever asked is told. */
#ifndef MOS_NODE_PROCESS_DRAIN_H
#define MOS_NODE_PROCESS_DRAIN_H

#include "node/ask/control.h"
#include "node/node.h"

struct drain;

/* Return: NULL without memory. An expulsion that an earlier mosd began goes on. */
struct drain *drain_create(struct mosd *d);
/* Tells those who wait. Takes NULL. */
void drain_destroy(struct drain *v);
/* A lever changed: begins to look, or ends for those who wait in vain. */
void drain_look(struct mosd *d);
/* The expel lever is on: @a is told {"left":N} as guests leave, and answered when none is left. */
void drain_expel(struct ask *a);
/* The lstay lever is on: brings every process of this node home, tells {"left":N}, answers. */
void drain_bring(struct ask *a);

#endif
