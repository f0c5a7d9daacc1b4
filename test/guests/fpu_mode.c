/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fenv.h>

#include "guest.h"

GUEST("registers: rounding mode, MXCSR and the x87 control word survive")

static volatile double one = 1.0, three = 3.0;

int main(void)
{
	unsigned int mxcsr;
	uint16_t cw = 0x0a7f, got_cw; /* round up, double precision */
	double up;

	G_EQ(fesetround(FE_UPWARD), 0);
	up = one / three;
	__asm__ volatile("fldcw %0" : : "m"(cw));
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	mxcsr |= 0x8000; /* flush to zero */
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	g_ready();
	/* The computing loop of the header sums integers: exact in every rounding mode. */
	while (g_waiting()) {
		unsigned int now;

		__asm__ volatile("stmxcsr %0" : "=m"(now));
		G_EQ(now & 0xffc0, mxcsr & 0xffc0);
		__asm__ volatile("fnstcw %0" : "=m"(got_cw));
		G_EQ(got_cw, cw);
	}
	G_EQ(fegetround(), FE_UPWARD);
	G_TRUE(one / three == up);
	G_TRUE(one / three > 0.33333333333333331);
	return g_pass();
}
