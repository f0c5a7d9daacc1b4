/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a call from a host, and as home's answer to it: what decodes lies inside the message
 * and fits the buffers that its plan asks for. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "call/packet.h"
#include "wire/limits.h"

#define RUNS 300000

static const char *const words[] = { "\x01\x01", "\x03", "\x14", "\x7f", "\xff\xff", "\x40" };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool inside(const uint8_t *p, size_t n, const uint8_t *data, uint32_t len)
{
	return data >= p && len <= n && data <= p + n - len;
}

static void answer(const struct call_plan *plan, const uint8_t *p, size_t n)
{
	struct call_answer a;

	if (call_get_answer(plan, p, n, &a) < 0)
		return;
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		ASSERT(!a.len[i] || (call_arg_out(plan->kind[i]) && inside(p, n, a.data[i], a.len[i])));
		ASSERT(call_arg_vector(plan->kind[i]) || a.len[i] <= plan->size[i]);
	}
}

static void message(const uint8_t *p, size_t n, const uint8_t *more, size_t nmore)
{
	struct call_packet c;

	if (call_get(p, n, &c) < 0)
		return;
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		int room = c.plan.kind[i] == ARG_VALUE ? 0 : call_place_size(&c.plan, i, c.len[i]);

		ASSERT(room >= 0 && room <= (int)CALL_DATA_MAX + 4096);
		ASSERT(!c.data[i] || inside(p, n, c.data[i], c.len[i]));
		ASSERT(!c.data[i] || c.len[i] <= (uint32_t)room);
		if (call_arg_message(c.plan.kind[i])) {
			const struct call_message *m = &c.message;

			ASSERT(m->name_len == NULL_NAME || m->name_len <= CALL_NAME_MAX);
			ASSERT(m->control_len <= CALL_CONTROL_MAX);
			ASSERT(!m->name || inside(p, n, m->name, m->name_len));
			ASSERT(!m->control || inside(p, n, m->control, m->control_len));
		}
		if (call_arg_vector(c.plan.kind[i])) {
			uint64_t sum = 0;

			ASSERT(c.nparts <= CALL_PARTS_MAX);
			for (uint32_t k = 0; k < c.nparts; k++)
				sum += c.part[k];
			ASSERT(sum == c.len[i]);
		}
	}
	answer(&c.plan, more, nmore);
}

/* A message of the right form for a call that exists, with small numbers, since others rarely fit. */
static void formed(const uint8_t *p, size_t n)
{
	uint64_t arg[CALL_ARGS] = { 0 };
	struct call_plan plan;
	struct buf b = BUF_INIT, reply = BUF_INIT;
	long nr;

	if (n < 16)
		return;
	nr = (p[0] << 8 | p[1]) % 480;
	for (unsigned i = 0; i < CALL_ARGS; i++)
		arg[i] = p[2 + i] & 1 ? p[2 + i] / 8 : 0;
	if (call_plan(nr, arg, &plan) < 0)
		return;
	call_put_head(&b, nr, arg);
	buf_put_u64(&reply, p[8]);
	buf_put_u8(&reply, p[9]);
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		uint32_t len = plan.kind[i] == ARG_STR ? 3 : plan.size[i];

		if (p[10 + i] > 250)
			len += p[10 + i] - 253U;
		if (call_arg_message(plan.kind[i])) {
			const struct call_message m = { .name_len = p[11] % 140, .control_len = p[12],
							.name = p, .control = p, .whole_name = p[11], .flags = 1 };
			const struct call_message small = { .name_len = p[13] < 200 ? NULL_NAME : 0 };

			len = p[10 + i] % 8;
			call_put_message(&b, n < 256 ? &small : &m, plan.kind[i] == ARG_MSG_OUT);
			if (plan.kind[i] == ARG_MSG_OUT)
				call_put_message_answer(&reply, n < 256 || p[11] % 140 > n ?
					&(struct call_message){ .flags = 1 } : &m);
		}
		if (call_arg_vector(plan.kind[i])) {
			buf_put_u32(&b, len); /* so many parts of one byte */
			for (uint32_t k = 0; k < MIN(len, 2000U); k++)
				buf_put_u32(&b, 1 + (p[10 + i] == 250));
		}
		if (call_arg_in(plan.kind[i])) {
			void *to;

			if (!call_arg_vector(plan.kind[i]))
				buf_put_u32(&b, len);
			to = len < 100000 ? buf_grow(&b, len) : NULL;
			if (to)
				memset(to, 'x', len);
		}
		if (call_arg_out(plan.kind[i])) {
			void *to;

			buf_put_u32(&reply, len);
			to = len < 100000 ? buf_grow(&reply, len) : NULL;
			if (to)
				memset(to, 'y', len);
		}
	}
	message(b.data, b.len, reply.data, reply.len);
	buf_finish(&b);
	buf_finish(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t half = n / 2;

	message(p, half, p + half, n - half);
	formed(p, n);
	return 0;
}

#include "../wire/plain_main.h"
