/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages that open a stream: what they say comes back, anything else is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/hello.h"
#include "wire/msg.h"

static const struct hello good = {
	.protocol = MSG_PROTOCOL, .to = 2, .home = 1, .pid = 4242, .uid = 1000, .epoch = 7,
	.area = 0x100000000000, .mono = 12345, .boot = 67890, .comm = "program",
	.uts = { .sysname = "Linux", .nodename = "one" }, .from_host = 1, .ordered = 1, .memory = 123456,
	.wants = 900, .load_limit = 250,
};

static int decode(const struct hello *h, struct hello *ret)
{
	struct buf b = BUF_INIT;
	int r;

	hello_put(h, &b);
	r = hello_get(ret, b.data, b.len);
	buf_finish(&b);
	return r;
}

static void same_again(void **state)
{
	struct hello h;

	assert_int_equal(decode(&good, &h), 0);
	assert_memory_equal(&h, &good, sizeof(h));
}

static void bounds(void **state)
{
	static const struct {
		int32_t pid;
		uint64_t epoch, area;
		nsec_t mono, boot;
	} bad[] = {
		{ 1, 7, 0x200000, 0, 0 },	  { -1, 7, 0x200000, 0, 0 },
		{ 2, UINT64_MAX, 0x200000, 0, 0 }, { 2, 7, 0, 0, 0 },
		{ 2, 7, 0x200001, 0, 0 },	  { 2, 7, 0x7fffffe00000, 0, 0 },
		{ 2, 7, UINT64_MAX - 4095, 0, 0 }, { 2, 7, 0x200000, -1, 0 },
		{ 2, 7, 0x200000, INT64_MAX, 0 }, { 2, 7, 0x200000, 0, INT64_MIN },
	};
	struct hello h, spoiled;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		spoiled = good;
		spoiled.pid = bad[i].pid;
		spoiled.epoch = bad[i].epoch;
		spoiled.area = bad[i].area;
		spoiled.mono = bad[i].mono;
		spoiled.boot = bad[i].boot;
		assert_int_equal(decode(&spoiled, &h), -EPROTO);
	}
	spoiled = good;
	spoiled.memory = UINT64_MAX;
	assert_int_equal(decode(&spoiled, &h), -EPROTO);
	spoiled = good;
	spoiled.wants = UINT32_MAX;
	assert_int_equal(decode(&spoiled, &h), -EPROTO);
	spoiled = good;
	memset(spoiled.comm, 'x', sizeof(spoiled.comm));
	memset(&spoiled.uts, 'y', sizeof(spoiled.uts));
	assert_int_equal(decode(&spoiled, &h), 0);
	assert_int_equal(strlen(h.comm), sizeof(h.comm) - 1);
	assert_int_equal(strlen(h.uts.machine), 64);
}

/* Another version may have another layout: its number is all that is taken from it. */
static void other_protocol(void **state)
{
	static const uint8_t next[5] = { MSG_PROTOCOL + 1 };
	struct hello h;

	assert_int_equal(hello_get(&h, next, sizeof(next)), -EPROTONOSUPPORT);
	assert_int_equal(h.protocol, MSG_PROTOCOL + 1);
	assert_int_equal(hello_get(&h, next, 3), -EPROTO);
	assert_int_equal(hello_get(&h, next, 0), -EPROTO);
}

static void lengths(void **state)
{
	const struct hop hop = { .node = 3, .addr = "10.0.0.3", .port = 4660, .epoch = 9 };
	const struct attach attach = { 3, 1, 4242, 9 };
	struct buf b[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct hello h;
	struct attach a;
	struct hop p;

	hello_put(&good, &b[0]);
	hop_put(&hop, &b[1]);
	attach_put(&attach, &b[2]);
	for (unsigned i = 0; i < 3; i++)
		buf_put_u8(&b[i], 0);
	for (size_t n = 0; n <= b[0].len; n++)
		assert_int_equal(hello_get(&h, b[0].data, n), n == b[0].len - 1 ? 0 : -EPROTO);
	for (size_t n = 0; n <= b[1].len; n++)
		assert_int_equal(hop_get(&p, b[1].data, n), n == b[1].len - 1 ? 0 : -EPROTO);
	for (size_t n = 0; n <= b[2].len; n++)
		assert_int_equal(attach_get(&a, b[2].data, n), n == b[2].len - 1 ? 0 : -EPROTO);
	assert_int_equal(hop_get(&p, b[1].data, b[1].len - 1), 0);
	assert_int_equal(p.node, 3);
	assert_string_equal(p.addr, "10.0.0.3");
	assert_int_equal(attach_get(&a, b[2].data, b[2].len - 1), 0);
	assert_memory_equal(&a, &attach, sizeof(a));
	for (unsigned i = 0; i < 3; i++)
		buf_finish(&b[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_again),
		cmocka_unit_test(bounds),
		cmocka_unit_test(other_protocol),
		cmocka_unit_test(lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
