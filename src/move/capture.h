/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a stopped process into an image: first what ptrace and /proc tell, then what only calls made
 * by the process itself tell, in one visit of the resident. The same for a process at home and for
 * a body on a host. */
#ifndef MOS_MOVE_CAPTURE_H
#define MOS_MOVE_CAPTURE_H

#include "base/err.h"
#include "kernel/procfs.h"
#include "move/agent.h"
#include "move/image.h"

/* Makes the stopped thread stand where a move may take it: outside the vDSO (it may hold a pointer
 * to data that only this kernel maps there) and outside a restartable sequence. The thread may run
 * for some microseconds. Signals that stop it meanwhile are @fn's to decide.
 * Return: 0, -ESRCH, -EAGAIN when it did not leave the vDSO. */
int capture_settle(pid_t pid, const struct vma_list *maps,
		   trace_signal_fn fn, void *ctx);

/* Registers, extended state, mask, mm, auxv, name, ids, clocks of the stopped process. */
int capture_stopped(pid_t pid, struct image *m, struct err *e);
/* Signal actions, alternate stack, brk, clocks: the process is in the resident's loop. The tid
 * address too if @at_home: a body may not ask for it (its filter notifies that call). There it must have no timer of
 * processor time either ("cpu-timer"). */
int capture_visit(struct agent *a, bool at_home, struct image *m, struct err *e);
/* The opposite of the extended state, whatever processor it was of: @pid stands. Return: 0 or -errno. */
int restore_xstate(pid_t pid, const struct image *m);
/* The opposite, at the end of a move: sets them in a process in the loop. */
int restore_visit(struct agent *a, const struct image *m, struct err *e);

#endif
