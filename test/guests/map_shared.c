/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "guest.h"

GUEST("memory: a writable shared file mapping keeps its process at home")
GUEST_STAYS("shared-writable")

int main(void)
{
	static unsigned char text[8192];
	unsigned char *map;
	int fd = g_file("shared", text, sizeof(text));
	unsigned char got = 0;

	map = G_PTR(mmap(NULL, sizeof(text), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	g_ready();
	while (g_waiting())
		map[4096]++;
	G_EQ(pread(fd, &got, 1, 4096), 1);
	G_EQ(got, map[4096]);
	return g_pass();
}
