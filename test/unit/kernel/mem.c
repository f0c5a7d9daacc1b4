/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program can reach of its memory; the program is this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/util.h"
#include "kernel/mem.h"

#define PAGES 200 /* more than are looked at by one call */
#define SIZE  (PAGES * MOS_PAGE)

static struct mem self;
static uint8_t *area;

static size_t reach(size_t from, size_t n, bool writing)
{
	return mem_reach(&self, (uaddr_t){ (uint64_t)(uintptr_t)area + from }, n, writing);
}

static void up_to_the_first_bad_page(void **state)
{
	assert_int_equal(reach(0, SIZE, true), SIZE);
	assert_int_equal(reach(5, 0, true), 0);
	assert_int_equal(reach(MOS_PAGE - 1, 2, true), 2);

	assert_int_equal(mprotect(area + 150 * MOS_PAGE, MOS_PAGE, PROT_NONE), 0);
	assert_int_equal(reach(0, SIZE, true), 150 * MOS_PAGE);
	assert_int_equal(reach(7, SIZE - 7, false), 150 * MOS_PAGE - 7);
	assert_int_equal(reach(150 * MOS_PAGE - 3, 10, true), 3);
	assert_int_equal(reach(150 * MOS_PAGE - 3, 3, true), 3);
	assert_int_equal(reach(150 * MOS_PAGE, 1, false), 0);
	assert_int_equal(reach(151 * MOS_PAGE, 1, true), 1);
	assert_int_equal(mprotect(area + 150 * MOS_PAGE, MOS_PAGE, PROT_READ | PROT_WRITE), 0);
}

static void what_is_only_readable(void **state)
{
	assert_int_equal(mprotect(area + 3 * MOS_PAGE, MOS_PAGE, PROT_READ), 0);
	assert_int_equal(reach(0, SIZE, false), SIZE);
	assert_int_equal(reach(0, SIZE, true), 3 * MOS_PAGE);
	assert_int_equal(mprotect(area + 3 * MOS_PAGE, MOS_PAGE, PROT_READ | PROT_WRITE), 0);
}

static void nothing_changes(void **state)
{
	for (size_t i = 0; i < SIZE; i++)
		area[i] = (uint8_t)(i * 7 + i / 4096);
	assert_int_equal(reach(100, SIZE - 100, true), SIZE - 100);
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(area[i], (uint8_t)(i * 7 + i / 4096));
}

static void whose_address_it_is(void **state)
{
	assert_true(mem_is_users((uaddr_t){ 0 }, 0));
	assert_true(mem_is_users((uaddr_t){ 0x7fffffffe000 }, 0x1000));
	assert_false(mem_is_users((uaddr_t){ 0x7fffffffe000 }, 0x1001));
	assert_false(mem_is_users((uaddr_t){ 1ULL << 63 }, 0));
	assert_false(mem_is_users((uaddr_t){ 0x1000 }, UINT64_MAX));
	assert_int_equal(mem_reach(&self, (uaddr_t){ 1ULL << 62 }, 1, false), 0);
	assert_int_equal(mem_reach(&self, (uaddr_t){ UINT64_MAX }, 1000, false), 0);
	assert_int_equal(mem_reach(&self, (uaddr_t){ 0 }, 1000, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(up_to_the_first_bad_page),
		cmocka_unit_test(what_is_only_readable),
		cmocka_unit_test(nothing_changes),
		cmocka_unit_test(whose_address_it_is),
	};

	self = (struct mem)MEM_INIT;
	self.pid = getpid();
	area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return area == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
