/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may move a process, and what is against it that is visible from outside. Pure. */
#ifndef MOS_NODE_PROCESS_CHECK_H
#define MOS_NODE_PROCESS_CHECK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "node/process/proc.h"

/* A user may see and move what is wholly his; root everything. */
bool check_owner(const struct proc_status *s, uid_t caller);
/* Whether the process has rights that another node must not get. */
bool check_privileged(const struct proc_status *s);
/* Return: 0, or -EPERM with a reason: "init", "kernel-thread", "zombie", "traced", "privileged"
 * (unless @privileged_too). */
int check_movable(const struct proc_id *id, bool privileged_too, struct err *e);

#endif
