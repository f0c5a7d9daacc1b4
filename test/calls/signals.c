/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals of the world: each that may come has a handler, which notes it; what came is told behind
 * the call. And accesses to memory that may not be there, which end by a signal. */
#include "calls.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define NOTES 16

struct kernel_action {
	uint64_t handler, flags, restorer, mask;
};

/* Those that are handled; SEGV and BUS are the guard's. KILL and STOP cannot be. */
static const uint8_t come[] = { SIGHUP,	 SIGINT,    SIGQUIT, SIGUSR1, SIGUSR2,	SIGPIPE, SIGALRM,
				SIGTERM, SIGCHLD,   SIGCONT, SIGTSTP, SIGTTIN,	SIGTTOU, SIGURG,
				SIGXCPU, SIGVTALRM, SIGPROF, SIGIO,   SIGWINCH, SIGXFSZ, SIGPWR,
				SIGILL,	 SIGABRT,   SIGFPE,  SIGSYS,  SIGTRAP,	34,	 40,
				63,	 64 };

int signals_fault;
static sigjmp_buf guard;
static volatile bool guarded;
static struct {
	int sig, code, value;
	bool has_value;
} notes[NOTES];
static volatile unsigned noted;

__asm__(".text\n"
	"calls_restorer:\n"
	"	mov $15, %eax\n"
	"	syscall\n");
extern void calls_restorer(void);

static void handler(int sig, siginfo_t *si, void *uc)
{
	if (guarded && (sig == SIGSEGV || sig == SIGBUS)) {
		guarded = false;
		signals_fault = sig;
		siglongjmp(guard, 1);
	}
	if (noted < NOTES) {
		bool has = si->si_code == SI_QUEUE || si->si_code < -59;

		notes[noted].sig = sig;
		notes[noted].code = si->si_code;
		notes[noted].has_value = has;
		notes[noted].value = has ? si->si_value.sival_int : 0;
	}
	noted++;
}

uint64_t signals_handler(void)
{
	return (uint64_t)(uintptr_t)handler;
}

uint64_t signals_restorer(void)
{
	return (uint64_t)(uintptr_t)calls_restorer;
}

static void handle(int sig, uint64_t flags)
{
	struct kernel_action a = { signals_handler(), flags | SA_SIGINFO | 0x04000000 /* RESTORER */,
				   signals_restorer(), 0 };

	(void)RAW(SYS_rt_sigaction, sig, &a, 0, 8);
}

void signals_reset(void)
{
	uint64_t none = 0;

	handle(SIGSEGV, SA_NODEFER);
	handle(SIGBUS, SA_NODEFER);
	for (unsigned i = 0; i < ARRAY_SIZE(come); i++)
		handle(come[i], SA_RESTART);
	(void)RAW(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, 8);
	noted = 0;
}

void signals_unblock_faults(void)
{
	uint64_t faults = 1ULL << (SIGSEGV - 1) | 1ULL << (SIGBUS - 1);

	(void)RAW(SYS_rt_sigprocmask, SIG_UNBLOCK, &faults, 0, 8);
}

size_t signals_tell(char *text, size_t room)
{
	size_t len = 0;

	for (unsigned i = 0; i < noted && i < NOTES && len + 40 < room; i++) {
		len += (size_t)snprintf(text + len, room - len, " signal %d(%d", notes[i].sig,
					notes[i].code);
		if (notes[i].has_value)
			len += (size_t)snprintf(text + len, room - len, ",%d", notes[i].value);
		len += (size_t)snprintf(text + len, room - len, ")");
	}
	if (noted > NOTES && len + 40 < room)
		len += (size_t)snprintf(text + len, room - len, " signals %u", noted);
	noted = 0;
	return len;
}

int signals_pick(struct chance *c)
{
	return CHANCE_PICK(c, come);
}

bool signals_guard(void (*fn)(void *), void *ctx)
{
	if (sigsetjmp(guard, 0))
		return false;
	guarded = true;
	fn(ctx);
	guarded = false;
	return true;
}
