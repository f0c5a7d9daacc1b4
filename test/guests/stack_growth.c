/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

GUEST("memory: the stack grows by itself while anything happens")

/* Return: sum of the depths, so that no frame can be left out. */
__attribute__((noinline)) static long down(int depth)
{
	volatile unsigned char frame[2000];
	long r;

	frame[0] = (unsigned char)depth;
	frame[sizeof(frame) - 1] = (unsigned char)(depth >> 8);
	r = depth > 1 ? down(depth - 1) : 0;
	G_EQ(frame[0], (unsigned char)depth);
	G_EQ(frame[sizeof(frame) - 1], (unsigned char)(depth >> 8));
	return r + depth;
}

int main(void)
{
	int depth = 1;

	g_ready();
	while (g_waiting()) {
		G_EQ(down(depth), (long)depth * (depth + 1) / 2);
		if (depth < 3000) /* 6 MiB of the usual 8 */
			depth += 53;
	}
	G_EQ(down(3000), 3000L * 3001 / 2);
	return g_pass();
}
