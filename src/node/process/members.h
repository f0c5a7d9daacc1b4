/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who was started under mosrun, and all that descends from it: a named cgroup hierarchy without
 * controllers knows; where it cannot be mounted, the process tree as far as it still shows. */
#ifndef MOS_NODE_PROCESS_MEMBERS_H
#define MOS_NODE_PROCESS_MEMBERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "node/process/migrants.h"

struct members;

/* @migrants: whose mosrun processes are the roots where there is no cgroup. New records get the wishes
 * of their processes. */
struct members *members_create(struct migrants *migrants);
/* Leaves the hierarchy mounted while it has members. Takes NULL. */
void members_destroy(struct members *v);
/* Makes @pid a member, or changes what is wished for it. Its children to come inherit the wish: one
 * that is not the usual has a group of its own below the node's. Return: 0 or -errno. */
int members_add(struct members *v, pid_t pid, const struct migrant_wish *w, struct err *e);
/* The wish of a member, as far as it is known. */
void members_wish(struct members *v, pid_t pid, struct migrant_wish *ret);
bool members_has(struct members *v, pid_t pid);
/* Calls @each for every member; no order. */
int members_for_each(struct members *v, void (*each)(pid_t pid, void *data), void *data);
/* Whether it is known without a look that there are none: they come by members_add and from one another. */
bool members_none(const struct members *v);
/* "cgroup" or "process tree" */
const char *members_way(const struct members *v);

#endif
