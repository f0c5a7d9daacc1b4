/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ranges of ids are taken by guests. Each taken slot is a file that names its supervisor, so
 * that a restarted mosd does not give a range away before the supervisor has reported again. */
#ifndef MOS_NODE_SLOTS_H
#define MOS_NODE_SLOTS_H

#include <sys/types.h>

/* Takes a free slot of 0..@count-1 for the supervisor @pid. Return: it, -ENOSPC, other -errno. */
int slots_take(const char *dir, unsigned count, pid_t pid);
/* Notes that @pid has @slot. Return: 0, -EEXIST if another living process has it, other -errno. */
int slots_claim(const char *dir, unsigned slot, pid_t pid);
void slots_free(const char *dir, unsigned slot);

#endif
