/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the reader of maps and their table share. Private to this room. */
#ifndef MOS_CLUSTER_MAP_TABLE_H
#define MOS_CLUSTER_MAP_TABLE_H

#include "cluster/map.h"

struct map {
	struct map_range *range;   /* by number; the first n_named are not aliases */
	struct map_range *by_addr; /* the same ranges by address */
	size_t n, n_named;
	uint32_t n_nodes;
};

/* Sorts the ranges of @m, once, and checks them against each other. Return: 0, -EINVAL, -ENOMEM. */
int map_seal(struct map *m, const char *name, struct err *e);

#endif
