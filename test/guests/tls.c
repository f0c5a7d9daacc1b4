/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

GUEST("registers: thread-local variables and errno keep their values")

static __thread uint64_t initialised = 0x0123456789abcdefULL;
static __thread unsigned char zeroed[5000];

int main(void)
{
	uint64_t fs;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(fs));
	g_fill(zeroed, 2000, 6);
	g_ready();
	while (g_waiting()) {
		uint64_t now;

		errno = 77;
		g_compute(100000);
		G_EQ(errno, 77);
		initialised++;
		zeroed[4999]++;
		__asm__ volatile("mov %%fs:0, %0" : "=r"(now));
		G_EQ(now, fs);
	}
	G_FILLED(zeroed, 2000, 6);
	G_EQ(zeroed[2000], 0);
	G_EQ((unsigned char)(initialised - 0xef), zeroed[4999]);
	return g_pass();
}
