/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc's account of the machine: as kernels write it, as none does, and this one's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "kernel/machine.h"

static void memory(void **state)
{
	static const char *const bad[] = { "", "MemTotal: 5 kB\n", "MemTotal: x\nMemFree: 1\n",
					   "MemTotal: 0 kB\nMemFree: 0 kB\n" };
	struct machine_memory m;

	assert_int_equal(machine_parse_memory("MemTotal:       24684084 kB\n"
					      "MemFree:        24485712 kB\n"
					      "MemAvailable:   24412632 kB\n"
					      "Buffers:            1844 kB\n",
					      &m),
			 0);
	assert_int_equal(m.total, 24684084);
	assert_int_equal(m.unused, 24485712);
	assert_int_equal(m.available, 24412632);
	/* before Linux 3.14, and in some sandboxes */
	assert_int_equal(machine_parse_memory("MemTotal: 100 kB\nMemFree: 40 kB\n", &m), 0);
	assert_int_equal(m.available, 40);
	assert_int_equal(machine_parse_memory("MemTotal: 9 kB\nMemFree: 70 kB\n", &m), 0);
	assert_int_equal(m.unused, 9);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(machine_parse_memory(bad[i], &m), -EPROTO);
}

static void running(void **state)
{
	static const char *const bad[] = { "", "0.40 0.41 0.55", "a b c 1/2 3", "0.40 0.41 0.55 x/9 3" };
	unsigned n = 0;

	assert_int_equal(machine_parse_running("0.40 0.41 0.55 3/187 1404\n", &n), 0);
	assert_int_equal(n, 3);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(machine_parse_running(bad[i], &n), -EPROTO);
}

static void used(void **state)
{
	uint64_t ticks = 0;

	assert_int_equal(machine_parse_used("cpu  100 20 3 5000 77 4 5 900 8 0\ncpu0 1 1\n", &ticks), 0);
	assert_int_equal(ticks, 132); /* neither idle nor waiting for a disk nor stolen */
	assert_int_equal(machine_parse_used("intr 1 2 3 4 5 6 7 8\n", &ticks), -EPROTO);
	assert_int_equal(machine_parse_used("cpu 1 2\n", &ticks), -EPROTO);
}

static void this_one(void **state)
{
	int memory_fd = -1, running_fd = -1;
	struct machine_memory m;
	uint64_t ns = 0;
	unsigned n = 0;

	assert_int_equal(machine_memory(&memory_fd, &m), 0);
	m = (struct machine_memory){ 0 };
	assert_int_equal(machine_memory(&memory_fd, &m), 0); /* of the kept file */
	assert_in_range(m.unused, 1, m.total);
	assert_in_range(m.available, 1, m.total);
	assert_int_equal(machine_running(&running_fd, &n), 0);
	assert_in_range(n, 1, 1000000); /* this test runs */
	assert_int_equal(machine_used_ns(&ns), 0);
	assert_true(ns > 0);
	assert_in_range(machine_allowed(), 1, machine_online());
	close_fd(&memory_fd);
	close_fd(&running_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory),
		cmocka_unit_test(running),
		cmocka_unit_test(used),
		cmocka_unit_test(this_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
