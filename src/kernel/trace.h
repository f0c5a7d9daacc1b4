/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ptrace of one thread: stop it, look at it, set it, let it go. The caller has seized it or does so
 * with trace_seize(). Every function returns 0 or -errno; -ESRCH means that the thread is gone. */
#ifndef MOS_KERNEL_TRACE_H
#define MOS_KERNEL_TRACE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#define TRACE_MASK_ALL (~0ULL)

/* What a wait told. */
enum trace_event {
	TRACE_NONE,      /* nothing to tell (only with TRACE_NOHANG) */
	TRACE_INTERRUPT, /* stopped because trace_interrupt() asked for it */
	TRACE_GROUP,     /* stopped with its whole group by a stop signal (sig) */
	TRACE_SIGNAL,    /* stopped before a signal (sig) is delivered */
	TRACE_SYSCALL,   /* entry or exit of a call that trace_inject() drives */
	TRACE_EXEC,      /* has just exec'ed */
	TRACE_OTHER,     /* another ptrace event: let it go on */
	TRACE_ENDED,     /* gone: status as from wait(2); told again to whoever asks, until it is reaped */
};

struct trace_wait {
	enum trace_event event;
	int sig;
	int status;
};

#define TRACE_NOHANG 1

int trace_seize(pid_t pid, unsigned long options);
int trace_interrupt(pid_t pid);
int trace_wait(pid_t pid, int flags, struct trace_wait *ret);
/* Whether it has ended, reaped or not. */
bool trace_has_ended(pid_t pid);
/* Nobody needs to hear of its end again; only now its parent does. */
void trace_reap(pid_t pid);
int trace_cont(pid_t pid, int sig);
int trace_step(pid_t pid, int sig);
int trace_listen(pid_t pid);
int trace_detach(pid_t pid, int sig);

/* What becomes of a signal that stops the thread while it is driven. Return: the signal to be delivered,
 * 0: none, it is taken away from the kernel. */
typedef int (*trace_signal_fn)(void *ctx, const siginfo_t *si);
/* Stops the running thread, whatever else it stops for first; each signal on the way is @fn's to decide
 * (NULL: taken away). Return: 0 and TRACE_INTERRUPT or TRACE_GROUP in @ret; -ESRCH: it ended. */
int trace_stop(pid_t pid, trace_signal_fn fn, void *ctx, struct trace_wait *ret);
/* The same with a thread that stands in a stop: it goes on to the next one. */
int trace_stop_again(pid_t pid, trace_signal_fn fn, void *ctx, struct trace_wait *ret);
int trace_options(pid_t pid, unsigned long options);

int trace_regs(pid_t pid, struct user_regs_struct *ret);
int trace_set_regs(pid_t pid, const struct user_regs_struct *r);
/* Return: bytes of the processor's extended state, or -errno. */
int trace_xstate(pid_t pid, void *to, size_t size);
int trace_set_xstate(pid_t pid, const void *from, size_t size);
int trace_mask(pid_t pid, uint64_t *ret);
int trace_set_mask(pid_t pid, uint64_t mask);
int trace_siginfo(pid_t pid, siginfo_t *ret);
/* Signals that wait for the stopped thread (@shared: for its process), left in place.
 * Return: how many, at most @max, or -errno. */
int trace_peek_signals(pid_t pid, bool shared, siginfo_t *ret, unsigned max);
int trace_set_siginfo(pid_t pid, const siginfo_t *si);

struct trace_rseq {
	uint64_t ptr;
	uint32_t size, signature;
};
/* All zero when the thread has none registered. */
int trace_rseq(pid_t pid, struct trace_rseq *ret);

/* Runs one system call in the stopped thread through the `syscall` instruction at @insn and puts its
 * registers back. The caller has blocked every signal (trace_set_mask), so that nothing is delivered
 * meanwhile; SIGSTOP, which nothing blocks, is left to the kernel. Return: 0 and the call's result in @ret; -errno if the thread could not be driven. */
int trace_inject(pid_t pid, uint64_t insn, long nr, const uint64_t arg[6], int64_t *ret);

#endif
