/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A call comes from a host, its answer from home: lengths that do not fit the plan are refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "call/packet.h"
#include "wire/limits.h"

/* A message: head, then each length with so many bytes behind it. */
static int get(long nr, const uint64_t arg[6], const uint32_t *len, const uint32_t *bytes, unsigned n,
	       struct call_packet *ret)
{
	struct buf b = BUF_INIT;
	int r;

	call_put_head(&b, nr, arg);
	for (unsigned i = 0; i < n; i++) {
		buf_put_u32(&b, len[i]);
		memset(buf_grow(&b, bytes[i]), 'x', bytes[i]);
	}
	r = call_get(b.data, b.len, ret);
	buf_finish(&b);
	return r;
}

static void written_bytes(void **state)
{
	const uint64_t arg[6] = { 1, 0x1000, 5 };
	struct call_packet c;

	assert_int_equal(get(SYS_write, arg, (uint32_t[]){ 5 }, (uint32_t[]){ 5 }, 1, &c), 0);
	assert_int_equal(c.len[1], 5);
	assert_int_equal(get(SYS_write, arg, (uint32_t[]){ 4 }, (uint32_t[]){ 4 }, 1, &c), -EPROTO);
	assert_int_equal(get(SYS_write, arg, (uint32_t[]){ 6 }, (uint32_t[]){ 6 }, 1, &c), -EPROTO);
	assert_int_equal(get(SYS_write, arg, (uint32_t[]){ 5 }, (uint32_t[]){ 4 }, 1, &c), -EPROTO);
	assert_int_equal(get(SYS_write, arg, (uint32_t[]){ UINT32_MAX }, (uint32_t[]){ 5 }, 1, &c),
			 -EPROTO);
	assert_int_equal(get(SYS_write, arg, (uint32_t[]){ 5, 1 }, (uint32_t[]){ 5, 1 }, 2, &c), -EPROTO);
	assert_int_equal(get(SYS_write, arg, NULL, NULL, 0, &c), -EPROTO);
}

/* What is read has room as the plan says, not as the host says. */
static void room_for_reading(void **state)
{
	const uint64_t arg[6] = { 0, 0x1000, 100 };
	struct call_packet c;

	assert_int_equal(get(SYS_read, arg, NULL, NULL, 0, &c), 0);
	assert_int_equal(call_place_size(&c.plan, 1, c.len[1]), 100);
	assert_int_equal(get(SYS_read, arg, (uint32_t[]){ 8 }, (uint32_t[]){ 0 }, 1, &c), -EPROTO);
}

/* Numbers, all of 32 bits, behind the head of a vector's call. */
static int vector(long nr, uint64_t count, const uint32_t *v, unsigned n, unsigned bytes, struct call_packet *ret)
{
	const uint64_t arg[6] = { 0, 0x1000, count };
	struct buf b = BUF_INIT;
	int r;

	call_put_head(&b, nr, arg);
	for (unsigned i = 0; i < n; i++)
		buf_put_u32(&b, v[i]);
	memset(buf_grow(&b, bytes), 'x', bytes);
	r = call_get(b.data, b.len, ret);
	buf_finish(&b);
	return r;
}
#define VECTOR(nr, count, bytes, ...) \
	vector(nr, count, (uint32_t[]){ __VA_ARGS__ }, sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, bytes, &c)

static void parts_of_vectors(void **state)
{
	struct call_packet c;

	assert_int_equal(VECTOR(SYS_readv, 2, 0, 2, 10, CALL_DATA_MAX - 10), 0);
	assert_int_equal(c.len[1], CALL_DATA_MAX);
	assert_int_equal(c.nparts, 2);
	assert_int_equal(c.part[1], CALL_DATA_MAX - 10);
	assert_int_equal(VECTOR(SYS_readv, 2, 0, 1, CALL_DATA_MAX), 0); /* the other in the next piece */
	assert_int_equal(VECTOR(SYS_readv, 0, 0, 0), 0);
	assert_int_equal(VECTOR(SYS_readv, 1ULL << 32 | 1, 0, 1, 5), 0); /* as the kernel takes it */
	assert_int_equal(VECTOR(SYS_readv, 2, 0, 2, 10, CALL_DATA_MAX - 9), -EPROTO);
	assert_int_equal(VECTOR(SYS_readv, 2, 0, 2, UINT32_MAX, 1), -EPROTO);
	assert_int_equal(VECTOR(SYS_readv, 2, 0, 3, 1, 1, 1), -EPROTO);
	assert_int_equal(VECTOR(SYS_readv, 2, 0, 2, 1), -EPROTO);
	assert_int_equal(VECTOR(SYS_readv, 2, 1, 1, 1), -EPROTO);
	assert_int_equal(VECTOR(SYS_writev, 2, 7, 2, 3, 4), 0);
	assert_int_equal(c.len[1], 7);
	assert_int_equal(VECTOR(SYS_writev, 2, 6, 2, 3, 4), -EPROTO);
	assert_int_equal(VECTOR(SYS_writev, 2, 8, 2, 3, 4), -EPROTO);
	assert_int_equal(VECTOR(SYS_writev, 2000, 0, 0xffffffff), -EPROTO);
}

/* The head of a message, and two parts behind it. */
static int message(long nr, const struct call_message *m, uint32_t cut, struct call_packet *ret)
{
	const uint64_t arg[6] = { 3, 0x1000, 0 };
	struct buf b = BUF_INIT;
	int r;

	call_put_head(&b, nr, arg);
	call_put_message(&b, m, nr == SYS_recvmsg);
	buf_put_u32(&b, 2);
	buf_put_u32(&b, 4);
	buf_put_u32(&b, 1);
	if (nr == SYS_sendmsg)
		buf_put(&b, "bytes", 5);
	r = call_get(b.data, b.len - cut, ret);
	buf_finish(&b);
	return r;
}

static void messages(void **state)
{
	static uint8_t big[CALL_CONTROL_MAX + 1];
	struct call_message m = { .name_len = 3, .name = big, .control_len = 20, .control = big };
	struct call_packet c;

	assert_int_equal(message(SYS_sendmsg, &m, 0, &c), 0);
	assert_int_equal(c.message.name_len, 3);
	assert_int_equal(c.message.control_len, 20);
	assert_non_null(c.message.control);
	assert_int_equal(c.len[1], 5);
	assert_int_equal(message(SYS_recvmsg, &m, 0, &c), 0);
	assert_null(c.message.name);
	assert_int_equal(c.message.control_len, 20);
	for (uint32_t cut = 1; cut < 50; cut++)
		assert_int_equal(message(SYS_sendmsg, &m, cut, &c), -EPROTO);
	m.name_len = NULL_NAME;
	assert_int_equal(message(SYS_sendmsg, &m, 0, &c), 0);
	assert_null(c.message.name);
	m.name_len = CALL_NAME_MAX + 1;
	assert_int_equal(message(SYS_sendmsg, &m, 0, &c), -EPROTO);
	assert_int_equal(message(SYS_recvmsg, &m, 0, &c), -EPROTO);
	m.name_len = 0;
	m.control_len = CALL_CONTROL_MAX + 1;
	assert_int_equal(message(SYS_sendmsg, &m, 0, &c), -EPROTO);
	assert_int_equal(message(SYS_recvmsg, &m, 0, &c), -EPROTO);
}

static void no_such_call(void **state)
{
	const uint64_t arg[6] = { 0 };
	struct call_packet c;

	assert_true(get(SYS_execve, arg, NULL, NULL, 0, &c) < 0);
	assert_true(get(SYS_ptrace, arg, NULL, NULL, 0, &c) < 0);
	assert_true(get(SYS_mprotect, arg, NULL, NULL, 0, &c) < 0);
	assert_true(get(0x3fff0001, arg, NULL, NULL, 0, &c) < 0);
	assert_true(get(0xffffffff, arg, NULL, NULL, 0, &c) < 0);
	assert_int_equal(call_get("", 0, &c), -EPROTO);
}

static void answers(void **state)
{
	const uint64_t arg[6] = { 0, 0x1000, 8 };
	struct call_plan plan;
	struct call_answer a;

	assert_int_equal(call_plan(SYS_read, arg, &plan), 0);
	for (uint32_t said = 0; said < 12; said++)
		for (uint32_t there = 0; there < 12; there++) {
			struct buf b = BUF_INIT;

			buf_put_u64(&b, 8);
			buf_put_u8(&b, 0);
			buf_put_u32(&b, said);
			memset(buf_grow(&b, there), 'x', there);
			assert_int_equal(call_get_answer(&plan, b.data, b.len, &a),
					 said == there && said <= 8 ? 0 : -EPROTO);
			buf_finish(&b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_bytes),
		cmocka_unit_test(room_for_reading),
		cmocka_unit_test(parts_of_vectors),
		cmocka_unit_test(messages),
		cmocka_unit_test(no_such_call),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
