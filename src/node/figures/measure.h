/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measures this node, each second, as far as it is this node's own: inside a container or a lab
 * that is its cgroup, else the machine. */
#ifndef MOS_NODE_FIGURES_MEASURE_H
#define MOS_NODE_FIGURES_MEASURE_H

#include <jansson.h>

#include "base/err.h"
#include "cluster/conf.h"
#include "cluster/info.h"
#include "node/beat.h"

struct measure;

/* Takes the first measure and starts to. Where no speed is kept or configured, measuring that one
 * takes some 40 ms of processor time.
 * Return: 0 or -ENOMEM; what cannot be measured is told in the log, and then guessed. */
int measure_create(struct beat *beat, const struct conf *conf, struct measure **ret,
		   struct err *e);
void measure_destroy(struct measure *m);
/* Fills in speed, cpus, runnable, util, mem_total, mem_free, mem_raw, features; nothing else.
 * These are such as info_get() takes. */
void measure_info(const struct measure *m, struct node_info *ret);
/* What it measures, for people: the path of a cgroup, or "machine". */
const char *measure_scope(const struct measure *m);
/* The same and the figures as an object, as umosix-control(7) has them under "self". @speed: what the administrator
 * says, 0: nothing. */
json_t *measure_json(const struct measure *m, uint32_t speed);

#endif
