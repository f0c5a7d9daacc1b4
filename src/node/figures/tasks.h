/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the threads of a group wait for a processor, told by looking at a bounded number of them
 * each time: those that did something when last looked at, the new ones, and of the rest some in
 * turn. */
#ifndef MOS_NODE_FIGURES_TASKS_H
#define MOS_NODE_FIGURES_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define TASKS_KNOWN 2048U /* threads that are remembered; of a larger group the rest is not seen */
#define TASKS_LOOKS 256U  /* at so many threads at a time */

struct tasks;

struct tasks_ops {
	/* As cgroup_tasks(). */
	int (*list)(void *ctx, int *to, unsigned max, bool *ret_all);
	/* How long the thread has run and waited to run, in ns. Return: 0 or -errno if it is gone. */
	int (*look)(void *ctx, int tid, uint64_t *ret_ran, uint64_t *ret_waited);
	/* It runs or waits now. */
	bool (*ready)(void *ctx, int tid);
	/* It is never to be counted. Asked once a thread. */
	bool (*ours)(void *ctx, int tid);
};

/* Return: NULL without memory. @ops and @ctx must live as long. */
struct tasks *tasks_create(const struct tasks_ops *ops, void *ctx);
void tasks_destroy(struct tasks *t);
/* Looks. @ret_waiting: thousandths of a task that waited since the last look, on the average.
 * @ret_ran: ns that those it looked at have run since. @now: monotonic.
 * Return: 0; 1 if there are threads that it does not see; -errno. */
int tasks_look(struct tasks *t, nsec_t now, uint32_t *ret_waiting, uint64_t *ret_ran);

#endif
