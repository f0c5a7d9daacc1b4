/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tools show: records and processes as JSON objects. */
#ifndef MOS_NODE_ASK_REPORT_H
#define MOS_NODE_ASK_REPORT_H

#include <jansson.h>

#include "node/node.h"
#include "node/process/migrants.h"
#include "node/process/proc.h"

/* This node: map, guests, counters. */
json_t *report_status(struct mosd *d, uid_t caller);
/* A list of the migrants that @caller may see; only his own unless @all. */
json_t *report_ps(struct mosd *d, uid_t caller, bool all);
/* @id (NULL when it ended) and @m (NULL when there is no record; not both). */
json_t *report_why(struct mosd *d, const struct proc_id *id, const struct migrant *m);
json_t *report_move(const struct move *mv);

#endif
