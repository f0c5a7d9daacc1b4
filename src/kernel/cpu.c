/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows cpuid: which of its bits compilers and libraries choose code by.
 *
 * DOC: a program asks once, at its start, and keeps the answer: glibc picks memcpy, OpenSSL its
 * AES, numpy its kernels. Where it goes afterwards must have all that it found. So what counts is
 * what such libraries look at, not everything that exists: 64 bits have room for that, and "may it
 * go there" is one AND. Features that the operating system must switch on (AVX and what builds on
 * it, AMX, protection keys) count only where it has.
 *
 * The last bits are no instructions but where XSAVE puts registers: some programs save and
 * restore by offsets that they were told at their start, and AVX-512's differ between makers.
 */
#include "kernel/cpu.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

enum reg { EAX, EBX, ECX, EDX, REG_COUNT_ };

/* State components in XCR0. */
#define XCR0_AVX    0x6U
#define XCR0_AVX512 0xe6U
#define XCR0_PKRU   0x200U
#define XCR0_AMX    0x60000U

#define LEAF_XSAVE	   0xdU
#define COMPONENT_OPMASK   5U
#define OPMASK_AFTER_MPX   1088U /* Intel's */
#define OPMASK_AFTER_YMM   832U	 /* AMD's, and later Intel's without MPX */

struct feature {
	const char *name;
	uint32_t leaf, sub;
	uint8_t reg, bit;
	uint32_t xcr0; /* what must be switched on besides */
};

#define L1 1, 0
#define L7 7, 0
#define X1 0x80000001U, 0

/* The place in this table is the bit: only append, never reorder. */
/* clang-format off */
static const struct feature features[] = {
	{ "sse2",	     L1, EDX, 26, 0 },
	{ "sse3",	     L1, ECX, 0, 0 },
	{ "pclmulqdq",	     L1, ECX, 1, 0 },
	{ "ssse3",	     L1, ECX, 9, 0 },
	{ "fma",	     L1, ECX, 12, XCR0_AVX },
	{ "cx16",	     L1, ECX, 13, 0 },
	{ "sse4_1",	     L1, ECX, 19, 0 },
	{ "sse4_2",	     L1, ECX, 20, 0 },
	{ "movbe",	     L1, ECX, 22, 0 },
	{ "popcnt",	     L1, ECX, 23, 0 },
	{ "aes",	     L1, ECX, 25, 0 },
	{ "osxsave",	     L1, ECX, 27, 0 },
	{ "avx",	     L1, ECX, 28, XCR0_AVX },
	{ "f16c",	     L1, ECX, 29, XCR0_AVX },
	{ "rdrand",	     L1, ECX, 30, 0 },
	{ "fsgsbase",	     L7, EBX, 0, 0 },
	{ "bmi1",	     L7, EBX, 3, 0 },
	{ "hle",	     L7, EBX, 4, 0 },
	{ "avx2",	     L7, EBX, 5, XCR0_AVX },
	{ "bmi2",	     L7, EBX, 8, 0 },
	{ "erms",	     L7, EBX, 9, 0 },
	{ "rtm",	     L7, EBX, 11, 0 },
	{ "avx512f",	     L7, EBX, 16, XCR0_AVX512 },
	{ "avx512dq",	     L7, EBX, 17, XCR0_AVX512 },
	{ "rdseed",	     L7, EBX, 18, 0 },
	{ "adx",	     L7, EBX, 19, 0 },
	{ "avx512ifma",	     L7, EBX, 21, XCR0_AVX512 },
	{ "clflushopt",	     L7, EBX, 23, 0 },
	{ "clwb",	     L7, EBX, 24, 0 },
	{ "avx512cd",	     L7, EBX, 28, XCR0_AVX512 },
	{ "sha_ni",	     L7, EBX, 29, 0 },
	{ "avx512bw",	     L7, EBX, 30, XCR0_AVX512 },
	{ "avx512vl",	     L7, EBX, 31, XCR0_AVX512 },
	{ "avx512vbmi",	     L7, ECX, 1, XCR0_AVX512 },
	{ "ospke",	     L7, ECX, 4, XCR0_PKRU },
	{ "waitpkg",	     L7, ECX, 5, 0 },
	{ "avx512_vbmi2",    L7, ECX, 6, XCR0_AVX512 },
	{ "gfni",	     L7, ECX, 8, 0 },
	{ "vaes",	     L7, ECX, 9, XCR0_AVX },
	{ "vpclmulqdq",	     L7, ECX, 10, XCR0_AVX },
	{ "avx512_vnni",     L7, ECX, 11, XCR0_AVX512 },
	{ "avx512_bitalg",   L7, ECX, 12, XCR0_AVX512 },
	{ "avx512_vpopcntdq", L7, ECX, 14, XCR0_AVX512 },
	{ "rdpid",	     L7, ECX, 22, 0 },
	{ "movdiri",	     L7, ECX, 27, 0 },
	{ "movdir64b",	     L7, ECX, 28, 0 },
	{ "fsrm",	     L7, EDX, 4, 0 },
	{ "avx512_vp2intersect", L7, EDX, 8, XCR0_AVX512 },
	{ "avx512_fp16",     L7, EDX, 23, XCR0_AVX512 },
	{ "amx_tile",	     L7, EDX, 24, XCR0_AMX },
	{ "amx_int8",	     L7, EDX, 25, XCR0_AMX },
	{ "amx_bf16",	     L7, EDX, 22, XCR0_AMX },
	{ "avx_vnni",	     7, 1, EAX, 4, XCR0_AVX },
	{ "avx512_bf16",     7, 1, EAX, 5, XCR0_AVX512 },
	{ "lahf_lm",	     X1, ECX, 0, 0 },
	{ "lzcnt",	     X1, ECX, 5, 0 },
	{ "sse4a",	     X1, ECX, 6, 0 },
	{ "xop_fma4",	     X1, ECX, 16, XCR0_AVX }, /* both came and went together */
	{ "rdtscp",	     X1, EDX, 27, 0 },
	{ "clzero",	     0x80000008U, 0, EBX, 0, 0 },
	{ "xsavec",	     LEAF_XSAVE, 1, EAX, 1, 0 },
};
/* clang-format on */

enum { LAYOUT_OPMASK_1088 = ARRAY_SIZE(features), LAYOUT_OPMASK_832, LAYOUT_OTHER, LAYOUT_END };

static const char *const layouts[] = { "xsave-opmask-1088", "xsave-opmask-832",
				       "xsave-opmask-elsewhere" };

_Static_assert(LAYOUT_END <= 64, "the features fill 64 bits");
_Static_assert(LAYOUT_END - ARRAY_SIZE(features) == ARRAY_SIZE(layouts), "a name each");

static bool cpuid(uint32_t leaf, uint32_t sub, uint32_t r[static REG_COUNT_])
{
	return __get_cpuid_count(leaf, sub, &r[EAX], &r[EBX], &r[ECX], &r[EDX]);
}

/* What the operating system has switched on. */
static uint64_t xcr0(void)
{
	uint32_t r[REG_COUNT_], lo, hi;

	if (!cpuid(1, 0, r) || !(r[ECX] & bit_OSXSAVE))
		return 0;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

static unsigned opmask_layout(void)
{
	uint32_t r[REG_COUNT_];

	if (!cpuid(LEAF_XSAVE, COMPONENT_OPMASK, r))
		return LAYOUT_OTHER;
	if (r[EBX] == OPMASK_AFTER_MPX)
		return LAYOUT_OPMASK_1088;
	return r[EBX] == OPMASK_AFTER_YMM ? LAYOUT_OPMASK_832 : LAYOUT_OTHER;
}

uint64_t cpu_features(void)
{
	uint64_t mask = 0, on = xcr0();

	for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];
		uint32_t r[REG_COUNT_];

		if ((on & f->xcr0) != f->xcr0 || !cpuid(f->leaf, f->sub, r))
			continue;
		if (r[f->reg] >> f->bit & 1)
			mask |= 1ULL << i;
	}
	if ((on & XCR0_AVX512) == XCR0_AVX512)
		mask |= 1ULL << opmask_layout();
	return mask | 1; /* x86-64 has no processor without SSE2 */
}

bool cpu_features_cover(uint64_t offered, uint64_t wanted)
{
	return !(wanted & ~offered);
}

#define NAMED 3U /* as many have room, whatever their names: see features */

void cpu_features_lacking(uint64_t offered, uint64_t wanted, char to[static CPU_LACKING])
{
	uint64_t lacking = wanted & ~offered;
	unsigned named = 0, rest = 0;
	size_t len = 0;

	to[0] = '\0';
	for (unsigned bit = 0; bit < 64; bit++) {
		const char *name = lacking >> bit & 1 ? cpu_feature_str(bit) : NULL;

		if (!(lacking >> bit & 1))
			continue;
		if (!name || named == NAMED) {
			rest++;
			continue;
		}
		len += (size_t)snprintf(to + len, CPU_LACKING - len, "%s%s", named++ ? ", " : "", name);
	}
	if (rest)
		(void)snprintf(to + len, CPU_LACKING - len, named ? " and %u more" : "%u that this version has no name for", rest);
}

const char *cpu_feature_str(unsigned bit)
{
	if (bit < ARRAY_SIZE(features))
		return features[bit].name;
	return bit < LAYOUT_END ? layouts[bit - ARRAY_SIZE(features)] : NULL;
}

void cpu_name(char to[static CPU_NAME])
{
	uint32_t brand[3][REG_COUNT_], r[REG_COUNT_] = { 0 };
	char name[sizeof(brand) + 1] = "";
	unsigned family, model;
	size_t n;

	(void)cpuid(1, 0, r);
	family = r[EAX] >> 8 & 0xf;
	model = r[EAX] >> 4 & 0xf;
	if (family == 6 || family == 15)
		model |= r[EAX] >> 12 & 0xf0;
	if (family == 15)
		family += r[EAX] >> 20 & 0xff;
	if (cpuid(0x80000002U, 0, brand[0]) && cpuid(0x80000003U, 0, brand[1]) &&
	    cpuid(0x80000004U, 0, brand[2])) {
		memcpy(name, brand, sizeof(brand));
		name[sizeof(brand)] = '\0';
	}
	n = strlen(name);
	while (n && name[n - 1] == ' ')
		name[--n] = '\0';
	(void)snprintf(to, CPU_NAME, "%.44s %u/%u/%u", name[0] ? name : "x86-64", family, model,
		       r[EAX] & 0xf);
	(void)text_clean(to);
}
