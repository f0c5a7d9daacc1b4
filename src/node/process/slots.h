/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which ranges of ids are taken by guests. Each taken slot is a file that names its supervisor and the
 * guest, so that a restarted mosd does not give a range away, and knows its guests again. */
#ifndef MOS_NODE_PROCESS_SLOTS_H
#define MOS_NODE_PROCESS_SLOTS_H

#include <stdint.h>
#include <sys/types.h>

/* Takes a free slot of 0..@count-1 for the supervisor @pid. Return: it, -ENOSPC, other -errno. */
int slots_take(const char *dir, unsigned count, pid_t pid);
/* Notes that @pid has @slot. Return: 0, -EEXIST if another living process has it, other -errno. */
int slots_claim(const char *dir, unsigned slot, pid_t pid);
/* The guest that stands in a slot. */
struct slot_note {
	uint32_t home, home_uid, epoch;
	pid_t home_pid;
};

/* Adds to the file of a slot that @pid has claimed. Return: 0 or -errno. */
int slots_note(const char *dir, unsigned slot, pid_t pid, const struct slot_note *n);
/* Return: the living supervisor that has the slot, 0 if none. @ret is zero where nothing was noted. */
pid_t slots_holder(const char *dir, unsigned slot, struct slot_note *ret);
void slots_free(const char *dir, unsigned slot);

#endif
