/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who was started under mosrun, and all that descends from it: a named cgroup hierarchy without
 * controllers knows; where it cannot be mounted, the process tree as far as it still shows. */
#ifndef MOS_NODE_MEMBERS_H
#define MOS_NODE_MEMBERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "node/migrants.h"

struct members;

/* @migrants: whose mosrun processes are the roots where there is no cgroup. */
struct members *members_create(struct migrants *migrants);
/* Leaves the hierarchy mounted while it has members. Takes NULL. */
void members_destroy(struct members *v);
/* Return: 0 or -errno. */
int members_add(struct members *v, pid_t pid, struct err *e);
bool members_has(struct members *v, pid_t pid);
/* Calls @each for every member; no order. */
int members_for_each(struct members *v, void (*each)(pid_t pid, void *data), void *data);
/* "cgroup" or "process tree" */
const char *members_way(const struct members *v);

#endif
