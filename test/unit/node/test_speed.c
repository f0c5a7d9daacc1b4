/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A measured speed, kept and read again; and files that are none. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "kernel/cpu.h"
#include "node/figures/speed.h"

static void measures(void **state)
{
	nsec_t begin = clock_now(CLOCK_PROCESS_CPUTIME_ID);
	uint32_t a = speed_measure(), b;

	/* a sanitizer or an emulator may be slow, but not a second */
	assert_true(clock_now(CLOCK_PROCESS_CPUTIME_ID) - begin < 5 * NSEC_PER_SEC);
	assert_in_range(a, 50, 200000);
	b = speed_measure();
	assert_in_range(b, a / 2, a * 2);
}

static void kept_and_read(void **state)
{
	char text[256], cpu[CPU_NAME];
	uint32_t speed = 0;

	cpu_name(cpu);
	speed_format(12345, cpu, text, sizeof(text));
	assert_int_equal(speed_parse(text, cpu, &speed), 0);
	assert_int_equal(speed, 12345);
	assert_int_equal(speed_parse(text, "Another 6/1/1", &speed), -EINVAL);
}

static void not_kept_ones(void **state)
{
	static const char *const bad[] = {
		"", "mix 1 on X\n", "mix 0 on X\n10000\n", "mix 1 on X\n0\n", "mix 1 on X\n-5\n",
		"mix 1 on X\n10000", "mix 1 on X\n10000 \n", "mix 1 on X\n999999999\n",
		"mix 1 on X\n99999999999999999999\n", "mix 1 on X\n10000\n\n", "mix 1 on XX\n10000\n",
	};
	uint32_t speed = 7;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(speed_parse(bad[i], "X", &speed), -EINVAL);
	assert_int_equal(speed, 7);
	assert_int_equal(speed_parse("mix 1 on X\n10000\n", "X", &speed), 0);
	assert_int_equal(speed, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures),
		cmocka_unit_test(kept_and_read),
		cmocka_unit_test(not_kept_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
