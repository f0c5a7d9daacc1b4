/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that a supervisor drives through the resident: make it enter the resident, let it run
 * batches of system calls, take it out again. The process is seized by the caller. */
#ifndef MOS_MOVE_AGENT_H
#define MOS_MOVE_AGENT_H

#include <stdbool.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "base/err.h"
#include "kernel/procfs.h"
#include "kernel/trace.h"
#include "move/resident/resident.h"

struct agent {
	pid_t pid;
	uint64_t area;	/* where the area lies in the process; 0: nowhere */
	uint8_t *base;	/* the same pages here */
	uint64_t insn;	/* a `syscall` instruction of the process's own, for injected calls */
	unsigned n;	/* calls in the batch being written */
	uint32_t scratch; /* bytes of scratch handed out for it */
	uint32_t want;	/* number of the request under way */
	/* Sees the process's stops while agent_run() waits, and its end; it lets it go on itself.
	 * Return: false: it is none of its business. May be NULL. */
	bool (*on_stop)(void *ctx, const struct trace_wait *w);
	void *ctx;
	/* A signal that stopped it meanwhile; NULL: taken away. */
	trace_signal_fn on_signal;
	bool stopped; /* a stop signal's stop is in force, as agent_stop_idle() saw last */
};

#define AGENT_INIT { .pid = -1 }

static inline struct resident_ctl *agent_ctl(const struct agent *a)
{
	return (struct resident_ctl *)(void *)(a->base + AREA_CTL);
}

/* A place where the area fits without touching what is mapped. Return: 0 if there is none. */
uint64_t agent_choose_place(const struct vma_list *maps);
/* Finds a `syscall` instruction in the vDSO. */
int agent_find_insn(pid_t pid, const struct vma_list *maps, uint64_t *ret);

/* Maps an area into the stopped process @a->pid at @area, by one injected call and without any
 * descriptor in it, and here. Needs the right to open map_files. The caller has blocked its signals. */
int agent_map(struct agent *a, uint64_t area, struct err *e);
/* Takes it out again: the process is stopped outside the resident. */
int agent_unmap(struct agent *a);
/* Takes out an area that a supervisor left behind when it was killed. The process is stopped. */
int agent_unmap_stale(struct agent *a, const struct vma_list *maps);
/* Forgets it without touching the process (it is gone, or must not run on). */
void agent_forget(struct agent *a);
/* Puts the code into a fresh area mapped at @base. */
void agent_install(uint8_t *base);

/* From now until agent_unguard (or our death) the process goes back to @regs and @mask if we are
 * killed while it is in the resident. One process at a time. */
void agent_guard(struct agent *a, const struct user_regs_struct *regs, uint64_t mask);
void agent_unguard(struct agent *a);

/* The stopped process enters the resident's loop and runs. Its own registers must have been kept. */
int agent_enter(struct agent *a);
/* Registers of a thread about to enter the loop. */
void agent_entry_regs(const struct agent *a, struct user_regs_struct *r);

/* Batches. agent_begin, agent_add..., agent_run, agent_ret. */
void agent_begin(struct agent *a);
/* Return: the call's index, or -ENOSPC when the batch is full. */
int agent_add(struct agent *a, long nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	      uint64_t a4, uint64_t a5);
/* Room for an argument, valid until the next agent_begin. @ret_addr: as the process sees it.
 * Return: as we see it, or NULL when scratch is full. */
void *agent_scratch(struct agent *a, uint32_t size, uint64_t *ret_addr);
/* Waits until all calls of the batch have returned. Return: 0, -ESRCH when the process died. */
int agent_run(struct agent *a);
/* The two halves of it: publish the batch; wait for its end. */
void agent_post(struct agent *a);
int agent_wait(struct agent *a);
int64_t agent_ret(const struct agent *a, int index);
/* agent_run, then -errno of the first call that failed, told in @e as "@what". */
int agent_run_all(struct agent *a, const char *what, struct err *e);

/* Stops the running process. If it is idle in the loop: 0. Return: -ESRCH, -EBUSY when it is in a
 * call (the loop goes on then). Signals of ours that waited have come up before. */
int agent_stop_idle(struct agent *a);
/* A signal that only serves to stop the thread: sent to it by this supervisor, or its knock. */
bool agent_is_ours(const siginfo_t *si);

#endif
