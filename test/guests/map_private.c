/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/mman.h>

#include "guest.h"

GUEST("memory: a private file mapping, clean and dirtied, and its file stay apart")

enum { LEN = 20 * 4096 + 1000 };

int main(void)
{
	static unsigned char text[LEN];
	unsigned char *map;
	int fd;

	g_fill(text, LEN, 1);
	fd = g_file("private", text, LEN);
	map = G_PTR(mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	G_FILLED(map, 5 * 4096, 1); /* touched, clean; what follows is not touched or dirtied */
	g_fill(map + 7 * 4096, 2 * 4096, 99);
	g_ready();
	while (g_waiting()) {
		map[10 * 4096]++;
		G_EQ(map[11 * 4096], text[11 * 4096]);
	}
	G_FILLED(map, 7 * 4096, 1);
	G_FILLED(map + 7 * 4096, 2 * 4096, 99);
	G_MEM(map + 9 * 4096, text + 9 * 4096, 4096);
	G_MEM(map + 10 * 4096 + 1, text + 10 * 4096 + 1, LEN - 10 * 4096 - 1);
	for (int i = LEN; i < 21 * 4096; i++)
		G_EQ(map[i], 0); /* behind the end of the file */
	G_EQ(pwrite(fd, "new", 3, 15 * 4096), 3);
	G_EQ(pread(fd, text, LEN, 0), LEN);
	G_EQ(memcmp(text + 7 * 4096, map + 7 * 4096, 4096) != 0, 1);
	return g_pass();
}
