/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "guest.h"

GUEST("memory: areas with odd protections keep their content and their protection")

enum { LEN = 16 * 4096 };

static sigjmp_buf back;
static volatile uintptr_t at;

static void on_segv(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	at = (uintptr_t)si->si_addr;
	siglongjmp(back, 1);
}

static unsigned char *area(uint64_t k, int prot)
{
	unsigned char *p = G_PTR(
		mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	g_fill(p, LEN, k);
	G_OK(mprotect(p, LEN, prot));
	return p;
}

static void must_fault(volatile unsigned char *p, bool writing)
{
	at = 0;
	if (sigsetjmp(back, 1) == 0) {
		if (writing)
			*p = 1;
		else
			(void)*p;
		g_fail("%s at a protected page, expected a fault, got none",
		       writing ? "write" : "read");
	}
	G_EQ(at, (uintptr_t)p);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO };
	unsigned char *ro = area(1, PROT_READ), *none = area(2, PROT_NONE);
	unsigned char *rx = area(3, PROT_READ | PROT_EXEC), *part = area(4, PROT_READ | PROT_WRITE);

	G_OK(mprotect(part + 4 * 4096, 4096, PROT_NONE));
	G_OK(mprotect(part + 8 * 4096, 4096, PROT_READ));
	G_OK(sigaction(SIGSEGV, &sa, NULL));
	g_ready();
	while (g_waiting()) {
		G_OK(mprotect(part, 4096, PROT_READ));
		G_FILLED(part, 4 * 4096, 4);
		G_OK(mprotect(part, 4096, PROT_READ | PROT_WRITE));
		part[0] = g_byte(4, 0);
	}
	must_fault(ro + 5000, true);
	must_fault(none + 9000, false);
	must_fault(rx + 100, true);
	must_fault(part + 4 * 4096 + 7, false);
	must_fault(part + 8 * 4096 + 9, true);
	G_FILLED(ro, LEN, 1);
	G_FILLED(rx, LEN, 3);
	G_OK(mprotect(none, LEN, PROT_READ));
	G_FILLED(none, LEN, 2);
	G_OK(mprotect(part, LEN, PROT_READ | PROT_WRITE));
	G_FILLED(part, LEN, 4);
	return g_pass();
}
