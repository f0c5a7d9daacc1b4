/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "guest.h"

GUEST("memory: areas are cut, moved, grown and given back while anything happens")

enum { PAGE = 4096, PAGES = 64 };

static void *area(size_t n)
{
	return G_PTR(mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static bool mapped(void *p)
{
	unsigned char v;

	return mincore(p, PAGE, &v) == 0;
}

int main(void)
{
	unsigned char *still = area(PAGES * PAGE), *a, *b;

	g_fill(still, PAGES * PAGE, 1);
	G_OK(munmap(still + 10 * PAGE, 5 * PAGE));
	G_OK(madvise(still + 20 * PAGE, 2 * PAGE, MADV_DONTNEED));
	g_ready();
	while (g_waiting()) {
		a = area(16 * PAGE);
		g_fill(a, 16 * PAGE, 2);
		a = G_PTR(mremap(a, 16 * PAGE, 40 * PAGE, MREMAP_MAYMOVE));
		G_FILLED(a, 16 * PAGE, 2);
		G_EQ(a[39 * PAGE], 0);
		b = area(8 * PAGE);
		b = G_PTR(mremap(a, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, b));
		G_FILLED(b, 8 * PAGE, 2);
		G_TRUE(!mapped(a));
		G_OK(munmap(b + 2 * PAGE, 2 * PAGE));
		G_FILLED(b, 2 * PAGE, 2);
		G_OK(madvise(b, PAGE, MADV_DONTNEED));
		G_EQ(b[0], 0);
		G_OK(munmap(b, 8 * PAGE));
		G_OK(munmap(a + 8 * PAGE, 32 * PAGE));
	}
	G_FILLED(still, 10 * PAGE, 1);
	G_TRUE(!mapped(still + 10 * PAGE));
	G_TRUE(!mapped(still + 14 * PAGE));
	G_TRUE(mapped(still + 15 * PAGE));
	for (int i = 0; i < 2 * PAGE; i++)
		G_EQ(still[20 * PAGE + i], 0);
	for (int i = 22 * PAGE; i < PAGES * PAGE; i++)
		G_EQ(still[i], g_byte(1, (size_t)i));
	return g_pass();
}
