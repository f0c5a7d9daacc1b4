/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

GUEST("memory: a deep stack with data in every frame is there afterwards")

enum { DEPTH = 200, FRAME = 4000 };

__attribute__((noinline)) static int down(int depth)
{
	unsigned char frame[FRAME];
	size_t n = (size_t)(depth % 7 + 1) * 100;
	unsigned char *extra = __builtin_alloca(n);
	int r;

	g_fill(frame, sizeof(frame), (uint64_t)depth);
	g_fill(extra, n, (uint64_t)depth + 1000);
	if (depth == DEPTH) {
		g_ready();
		g_wait();
		r = 0;
	} else {
		r = down(depth + 1);
	}
	G_FILLED(frame, sizeof(frame), (uint64_t)depth);
	G_FILLED(extra, n, (uint64_t)depth + 1000);
	return r + 1;
}

int main(void)
{
	G_EQ(down(1), DEPTH);
	return g_pass();
}
