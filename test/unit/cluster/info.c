/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a node tells: there and back, its load, and what nobody can have told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "cluster/info.h"

static const struct node_info good = {
	.node = 7, .life = 1795616702675000000ULL, .seq = 3, .flags = INFO_CONFIGURED | INFO_UP,
	.speed = 12000, .cpus = 2500, .runnable = 3000, .native = 2000, .util = 900, .mem_total = 1 << 20,
	.mem_free = 1 << 19, .mem_raw = 1 << 18, .guests = 2, .guests_max = 100, .away = 1,
	.features = 0xfeed, .addr = { 4, { 10, 0, 0, 7 } },
};

static int pass_on(const struct node_info *i, struct node_info *ret)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	struct cursor c;

	info_put(i, &b);
	assert_int_equal(b.len, INFO_SIZE);
	cursor_init(&c, b.data, b.len);
	return info_get(&c, ret);
}

static void there_and_back(void **state)
{
	struct node_info got = { 0 }, six;

	assert_int_equal(pass_on(&good, &got), 0);
	assert_int_equal(got.node, good.node);
	assert_true(got.life == good.life && got.seq == good.seq && got.flags == good.flags);
	assert_true(got.speed == good.speed && got.cpus == good.cpus);
	assert_true(got.runnable == good.runnable && got.util == good.util && got.native == good.native);
	assert_true(got.mem_total == good.mem_total && got.mem_free == good.mem_free);
	assert_true(got.mem_raw == good.mem_raw && got.guests == good.guests);
	assert_true(got.guests_max == good.guests_max && got.away == good.away);
	assert_true(got.features == good.features);
	assert_int_equal(node_addr_cmp(&got.addr, &good.addr), 0);
	six = good;
	assert_int_equal(node_addr_parse("fd00::1", &six.addr), 0);
	assert_int_equal(pass_on(&six, &got), 0);
	assert_int_equal(node_addr_cmp(&got.addr, &six.addr), 0);
	six.addr = (struct node_addr){ 0 };
	assert_int_equal(pass_on(&six, &got), 0);
	assert_int_equal(got.addr.size, 0);
}

static void refuses(void **state)
{
	struct node_info bad[] = { good, good, good, good, good, good, good, good, good }, got;

	bad[0].node = 0;
	bad[1].node = 65536;
	bad[2].speed = 0;
	bad[3].cpus = 0;
	bad[4].mem_free = bad[4].mem_total + 1;
	bad[5].util = INFO_WHOLE + 1;
	bad[6].flags = 64;
	bad[7].seq = 0;
	bad[8].native = bad[8].runnable + 1;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(pass_on(&bad[i], &got), -EPROTO);
}

static void refuses_short(void **state)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	struct node_info got;
	struct cursor c;

	info_put(&good, &b);
	for (size_t n = 0; n < b.len; n++) {
		cursor_init(&c, b.data, n);
		assert_int_equal(info_get(&c, &got), -EPROTO);
	}
}

static void load_is_openmosix(void **state)
{
	struct node_info i = good;

	i.cpus = INFO_WHOLE;
	i.speed = INFO_STANDARD_SPEED;
	i.runnable = INFO_WHOLE;
	assert_int_equal(info_load(&i), 100); /* one CPU-bound process on a standard processor */
	i.cpus = 4 * INFO_WHOLE;
	assert_int_equal(info_load(&i), 25);
	i.speed = INFO_STANDARD_SPEED / 2;
	assert_int_equal(info_load(&i), 50);
	i.cpus = i.speed = 1; /* no division by zero, no overflow */
	i.runnable = UINT32_MAX;
	assert_true(info_load(&i) > 0);
}

static void later(void **state)
{
	struct node_info a = good, b = good;

	assert_false(info_newer(&a, &b));
	a.seq++;
	assert_true(info_newer(&a, &b));
	b.life++;
	assert_false(info_newer(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_short),  cmocka_unit_test(load_is_openmosix),
		cmocka_unit_test(later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
