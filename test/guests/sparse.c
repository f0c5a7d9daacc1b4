/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "guest.h"

GUEST("memory: a gibibyte with ten pages in it stays ten pages, the rest zeros")

enum { PAGE = 4096, TOUCHED = 10 };

static const size_t LEN = (size_t)1 << 30;

static long resident_kib(void)
{
	char line[256];
	long kib = -1;
	FILE *f = G_PTR(fopen("/proc/self/status", "re"));

	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	(void)fclose(f);
	return kib;
}

int main(void)
{
	unsigned char *p = G_PTR(mmap(NULL, LEN, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	size_t step = LEN / TOUCHED / PAGE * PAGE;

	G_OK(madvise(p, LEN, MADV_NOHUGEPAGE));
	for (size_t i = 0; i < TOUCHED; i++)
		g_fill(p + i * step, PAGE, i);
	g_ready();
	g_wait();
	for (size_t i = 0; i < TOUCHED; i++) {
		G_FILLED(p + i * step, PAGE, i);
		for (size_t k = PAGE; k < 20 * PAGE; k++)
			G_EQ(p[i * step + k], 0);
	}
	G_EQ(p[LEN - 1], 0);
	G_BETWEEN(resident_kib(), 1, 64 << 10);
	return g_pass();
}
