/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The features of this processor, held against what /proc/cpuinfo has of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "kernel/cpu.h"

/* Linux calls these by other names, or leaves them out. */
static const char *const unlisted[] = { "osxsave", "lzcnt", "sse3", "xop_fma4", "hle", "rtm" };

static bool listed(const char *flags, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = flags; (p = strstr(p, word)); p += n)
		if (p[-1] == ' ' && (p[n] == ' ' || p[n] == '\n'))
			return true;
	return false;
}

static void as_linux_says(void **state)
{
	static char line[16384];
	uint64_t f = cpu_features();
	unsigned compared = 0;
	FILE *in = fopen("/proc/cpuinfo", "re");

	assert_non_null(in);
	while (fgets(line, sizeof(line), in) && strncmp(line, "flags", 5))
		;
	(void)fclose(in);
	assert_int_equal(strncmp(line, "flags", 5), 0);
	for (unsigned i = 0; i < 64; i++) {
		const char *word = cpu_feature_str(i);
		bool skip = !word || strchr(word, '-');

		for (unsigned k = 0; k < ARRAY_SIZE(unlisted) && !skip; k++)
			skip = !strcmp(word, unlisted[k]);
		if (skip)
			continue;
		compared++;
		/* what Linux shows may be less than what cpuid tells (clearcpuid), never more */
		if (listed(line, word) && !(f >> i & 1))
			fail_msg("%s is in /proc/cpuinfo, not found by cpuid", word);
	}
	assert_in_range(compared, 50, 64);
	assert_true(f & 1);
}

static void names_are_apart(void **state)
{
	for (unsigned i = 0; i < 64; i++)
		for (unsigned k = 0; k < i && cpu_feature_str(i); k++)
			assert_string_not_equal(cpu_feature_str(i), cpu_feature_str(k));
	assert_null(cpu_feature_str(64));
}

static void cover(void **state)
{
	assert_true(cpu_features_cover(7, 5));
	assert_true(cpu_features_cover(7, 7));
	assert_false(cpu_features_cover(5, 7));
	assert_false(cpu_features_cover(0, 1));
	assert_true(cpu_features_cover(0, 0));
}

static void lacking(void **state)
{
	char text[CPU_LACKING];

	cpu_features_lacking(7, 5, text);
	assert_string_equal(text, "");
	cpu_features_lacking(1, 7, text);
	assert_string_equal(text, "sse3, pclmulqdq");
	cpu_features_lacking(1, 0x7f, text);
	assert_string_equal(text, "sse3, pclmulqdq, ssse3 and 3 more");
	cpu_features_lacking(0, 1ULL << 63, text); /* of a later version than ours */
	assert_string_equal(text, cpu_feature_str(63) ? cpu_feature_str(63) : "1 that this version has no name for");
	for (unsigned i = 0; i < 62; i++) { /* three neighbours always have room */
		cpu_features_lacking(0, 7ULL << i, text);
		assert_in_range(strlen(text), 1, CPU_LACKING - sizeof(" and 64 more"));
	}
}

static void name(void **state)
{
	char a[CPU_NAME], b[CPU_NAME];
	unsigned family, model, stepping;

	cpu_name(a);
	cpu_name(b);
	assert_string_equal(a, b);
	assert_non_null(strrchr(a, ' '));
	assert_int_equal(sscanf(strrchr(a, ' '), " %u/%u/%u", &family, &model, &stepping), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_linux_says),
		cmocka_unit_test(names_are_apart),
		cmocka_unit_test(cover),
		cmocka_unit_test(lacking),
		cmocka_unit_test(name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
