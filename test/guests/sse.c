/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <immintrin.h>

#include "guest.h"

GUEST("registers: SSE and AVX registers keep their values through a long loop")

static const float seeds[8] = { 1.5F, -2.25F, 3.125F, 4e30F, -5e-30F, 6.0F, 7.75F, -0.0F };

__attribute__((target("avx"))) static void avx_round(void)
{
	__m256 a = _mm256_loadu_ps(seeds), keep[6];
	float got[8], want[8];

	for (int i = 0; i < 6; i++)
		keep[i] = _mm256_add_ps(a, _mm256_set1_ps((float)i));
	for (int n = 0; n < 100000; n++) /* the values live in ymm registers over this loop */
		__asm__ volatile(""
				 : "+x"(keep[0]), "+x"(keep[1]), "+x"(keep[2]), "+x"(keep[3]),
				   "+x"(keep[4]), "+x"(keep[5]));
	for (int i = 0; i < 6; i++) {
		_mm256_storeu_ps(got, keep[i]);
		_mm256_storeu_ps(want, _mm256_add_ps(a, _mm256_set1_ps((float)i)));
		G_MEM(got, want, sizeof(got));
	}
}

static void sse_round(void)
{
	__m128i keep[8];
	long long got[2];

	for (int i = 0; i < 8; i++)
		keep[i] = _mm_set_epi64x(0x1111111111111111LL * i, ~(long long)i);
	for (int n = 0; n < 100000; n++)
		__asm__ volatile(""
				 : "+x"(keep[0]), "+x"(keep[1]), "+x"(keep[2]), "+x"(keep[3]),
				   "+x"(keep[4]), "+x"(keep[5]), "+x"(keep[6]), "+x"(keep[7]));
	for (int i = 0; i < 8; i++) {
		_mm_storeu_si128((__m128i *)(void *)got, keep[i]);
		G_EQ(got[0], ~(long long)i);
		G_EQ(got[1], 0x1111111111111111LL * i);
	}
}

int main(void)
{
	g_ready();
	while (g_waiting()) {
		sse_round();
		if (__builtin_cpu_supports("avx"))
			avx_round();
	}
	return g_pass();
}
