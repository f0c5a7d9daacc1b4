/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A move as a table of stages. Each has a name, what it does and what undoes it; the runner times
 * them, offers each as a fault point by its name, and on an error undoes what was done, backwards.
 * What stands behind the stage marked COMMIT cannot be undone. */
#ifndef MOS_MOVE_STAGES_H
#define MOS_MOVE_STAGES_H

#include "base/clock.h"
#include "base/err.h"

#define STAGE_FROZEN (1 << 0) /* the process stands still during it */
#define STAGE_COMMIT (1 << 1)

struct stage {
	const char *name;
	int (*run)(void *ctx, struct err *e);
	void (*undo)(void *ctx); /* NULL: nothing to undo */
	unsigned flags;
};

#define STAGES_MAX 16

struct stage_times {
	unsigned n;
	const char *name[STAGES_MAX];
	nsec_t spent[STAGES_MAX];
	nsec_t total, frozen;
};

/* Runs @n stages. A failure at or before COMMIT: undone, its error. A failure behind it: the error,
 * nothing undone. Return: 0 or -errno; @ret_committed tells whether COMMIT was passed. */
int stages_run(const struct stage *s, unsigned n, void *ctx, struct stage_times *times,
	       int *ret_committed, struct err *e);

/* Named fault points: MOS_FAULT=NAME[:ERRNO] in the environment, or the same in the file
 * /run/umosix/fault, read at each call. NAME=kill-STAGE ends this process there instead; hold-STAGE,
 * in the file only, holds it there, which /run/umosix/fault.held says, until the file says otherwise.
 * Return: 0, or the -errno to fail with. */
int fault_point(const char *name);

#endif
