/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Means of what a process uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/figures/usage.h"

#define SEC 1000000000LL

static void run(struct usage_meter *m, int from, int to, unsigned permille, unsigned waits,
		unsigned calls)
{
	static uint64_t used, waited, called;

	if (!from)
		used = waited = called = 0;
	for (int i = from; i < to; i++) {
		struct usage_sample s = { (nsec_t)(i + 1) * SEC, used, waited, called };

		usage_meter_add(m, POLICY_LASTS_FAST, &s);
		used += permille * 1000000ULL;
		waited += waits * 1000000ULL;
		called += calls;
	}
}

static void steady(void **state)
{
	struct usage_meter m = { 0 };
	struct usage_now u = { 0 };

	run(&m, 0, 5, 400, 500, 70);
	usage_meter_get(&m, &u);
	assert_int_equal(u.use, 400);
	assert_int_equal(u.wants, 900);
	assert_int_equal(u.calls, 70);
}

static void first_sample_says_nothing(void **state)
{
	struct usage_meter m = { 0 };
	struct usage_now u = { 0 };

	run(&m, 0, 1, 1000, 0, 9);
	usage_meter_get(&m, &u);
	assert_int_equal(u.use, 0);
}

static void follows_a_change(void **state)
{
	struct usage_meter m = { 0 };
	struct usage_now u = { 0 };

	run(&m, 0, 20, 1000, 0, 0);
	run(&m, 20, 80, 100, 0, 500);
	usage_meter_get(&m, &u);
	assert_in_range(u.use, 95, 130);
	assert_in_range(u.calls, 480, 500);
}

/* Sums that fall (another host counts anew) and absurd ones do no harm. */
static void odd_sums(void **state)
{
	struct usage_meter m = { 0 };
	struct usage_now u = { 0 };
	const struct usage_sample odd[] = {
		{ SEC, 5 * SEC, 7 * SEC, 100 },	    { 2 * SEC, SEC / 10, 0, 3 },
		{ 2 * SEC, UINT64_MAX, 0, 0 },	    { 3 * SEC, UINT64_MAX, UINT64_MAX, UINT64_MAX },
		{ SEC, 0, 0, 0 },
	};

	for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		usage_meter_add(&m, POLICY_LASTS_FAST, &odd[i]);
		usage_meter_get(&m, &u);
		assert_true(u.use <= 1000 && u.wants <= 1000 && u.use <= u.wants);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady),
		cmocka_unit_test(first_sample_says_nothing),
		cmocka_unit_test(follows_a_change),
		cmocka_unit_test(odd_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
