/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node's figures from made-up accounts. */
#include "unit.h"

#include "base/util.h"
#include "node/figures/meter.h"

#define SEC NSEC_PER_SEC

/* @n seconds in which @used thousandths of a processor were used and @waiting tasks waited. */
static void go_on(struct meter *m, unsigned n, uint64_t used, uint32_t waiting, uint32_t cpus)
{
	for (unsigned i = 0; i < n; i++) {
		struct meter_sample s = m->last;

		s.at += SEC;
		s.used_ns += used * (SEC / 1000);
		s.waiting = waiting;
		s.cpus = cpus;
		meter_add(m, &s);
	}
}

static struct meter begun(void)
{
	struct meter m = { 0 };

	meter_add(&m, &(struct meter_sample){ .at = 5 * SEC, .used_ns = 7777, .cpus = 2000 });
	assert_false(m.told);
	return m;
}

static void first_is_told_at_once(void **state)
{
	struct meter m = begun();

	go_on(&m, 1, 1000, 0, 2000);
	assert_true(m.told);
	assert_int_equal(m.runnable, 1000);
	assert_int_equal(m.util, 500);
}

static void rises_and_falls(void **state)
{
	struct meter m = begun();
	unsigned up = 0, down = 0;

	go_on(&m, 1, 0, 0, 2000);
	while (m.runnable < 900 && up < 100)
		up++, go_on(&m, 1, 1000, 0, 2000);
	assert_int_equal(up, 5);
	go_on(&m, 20, 1000, 0, 2000);
	assert_int_equal(m.runnable, 1000); /* reached, not only neared */
	while (m.runnable > 130 && down < 100)
		down++, go_on(&m, 1, 0, 0, 2000);
	assert_int_equal(down, 3);
	go_on(&m, 20, 0, 0, 2000);
	assert_int_equal(m.runnable, 0);
}

/* A program that computes and reads in turn is about half a task, not none. */
static void half_of_the_time(void **state)
{
	struct meter m = begun();
	uint64_t sum = 0;

	for (unsigned i = 0; i < 100; i++) {
		go_on(&m, 2, i & 1 ? 1000 : 0, 0, 1000);
		sum += m.runnable;
	}
	assert_in_range(sum / 100, 400, 520);
}

static void waiting_counts_beside_running(void **state)
{
	struct meter m = begun();

	go_on(&m, 40, 500, 500, 500); /* one loop on half a processor */
	assert_int_equal(m.runnable, 1000);
	assert_int_equal(m.util, 1000);
	go_on(&m, 40, 500, 2500, 500); /* three */
	assert_int_equal(m.runnable, 3000);
}

static void accounts_that_cannot_be(void **state)
{
	struct meter m = begun(), kept;
	struct meter_sample s;

	go_on(&m, 3, 1000, 0, 2000);
	kept = m;
	s = m.last;
	s.at += SEC / 1000; /* too soon after: not taken */
	s.used_ns += SEC;
	meter_add(&m, &s);
	assert_memory_equal(&m, &kept, sizeof(m));
	s.at = m.last.at - SEC; /* time does not run backwards */
	meter_add(&m, &s);
	assert_memory_equal(&m, &kept, sizeof(m));
	s.at = m.last.at + SEC;
	s.used_ns = 1; /* another account */
	meter_add(&m, &s);
	assert_true(m.runnable < kept.runnable);
	assert_int_equal(m.util, 0);
	s.at += SEC;
	s.used_ns = UINT64_MAX;
	s.waiting = UINT32_MAX;
	s.cpus = 0;
	meter_add(&m, &s);
	assert_int_equal(m.util, 1000);
	assert_true(m.runnable <= 1000000000U);
}

static void processors(void **state)
{
	assert_int_equal(meter_cpus(UINT64_MAX, 0, 0, 4), 4000);
	assert_int_equal(meter_cpus(500, 4, 4, 4), 500);
	assert_int_equal(meter_cpus(2500, 2, 4, 4), 2000);
	assert_int_equal(meter_cpus(UINT64_MAX, 4, 1, 4), 1000);
	assert_int_equal(meter_cpus(0, 0, 0, 0), 1);
	assert_int_equal(meter_cpus(UINT64_MAX, 9, 9, 3), 3000);
}

static void memory(void **state)
{
	const struct meter_memory machine = { 1000, 800, 600 };
	const struct meter_memory none = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	const struct meter_memory tight = { 100, 70, 20 }, loose = { 900, 890, 880 };
	struct meter_memory m;

	m = meter_memory(&machine, &none);
	assert_memory_equal(&m, &machine, sizeof(m));
	m = meter_memory(&machine, &tight);
	assert_memory_equal(&m, &tight, sizeof(m));
	m = meter_memory(&machine, &loose); /* others use the machine's too */
	assert_int_equal(m.total, 900);
	assert_int_equal(m.free, 800);
	assert_int_equal(m.raw, 600);
	m = meter_memory(&machine, &(struct meter_memory){ 50, UINT64_MAX, UINT64_MAX });
	assert_int_equal(m.free, 50);
	assert_int_equal(m.raw, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_is_told_at_once), cmocka_unit_test(rises_and_falls),
		cmocka_unit_test(half_of_the_time),	 cmocka_unit_test(waiting_counts_beside_running),
		cmocka_unit_test(accounts_that_cannot_be), cmocka_unit_test(processors),
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
