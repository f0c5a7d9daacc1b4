/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "guest.h"

GUEST("memory: a file mapped further than it reaches: SIGBUS behind its end, until it grows")
GUEST_MAY_GO_HOME("past-eof")

enum { PAGE = 4096, LEN = 3 * PAGE + 5 };

static unsigned char text[LEN];
static sigjmp_buf back;
static void *volatile fault;

static void on_bus(int sig, siginfo_t *si, void *ctx)
{
	fault = si->si_addr;
	siglongjmp(back, 1);
}

static void end(const unsigned char *m)
{
	G_MEM(m, text, LEN);
	for (int i = LEN; i < 4 * PAGE; i++)
		G_EQ(m[i], 0);
	fault = NULL;
	if (sigsetjmp(back, 1) == 0) {
		(void)((const volatile unsigned char *)m)[5 * PAGE];
		g_fail("no SIGBUS behind the end");
	}
	G_EQ((const unsigned char *)fault - m, 5 * PAGE);
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
	unsigned char *m, *n = NULL;
	int fd;

	G_OK(sigaction(SIGBUS, &a, NULL));
	g_fill(text, LEN, 3);
	fd = g_file("beyond", text, LEN);
	m = G_PTR(mmap(NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	end(m);
	g_ready();
	while (g_waiting()) {
		if (n)
			G_OK(munmap(n, 8 * PAGE));
		n = G_PTR(mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
		G_MEM(n, text, LEN);
		/* as a loader does it: the rest becomes plain memory */
		G_PTR(mmap(n + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		G_EQ(n[4 * PAGE], 0);
		n[4 * PAGE] = 7;
	}
	end(m);
	end(n);
	G_EQ(n[4 * PAGE], 7);
	G_EQ(pwrite(fd, text, PAGE, 5 * PAGE), PAGE);
	G_MEM(m + 5 * PAGE, text, PAGE);
	return g_pass();
}
