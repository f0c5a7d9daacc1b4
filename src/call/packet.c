/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "call/packet.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "wire/limits.h"

void call_put_head(struct buf *b, long nr, const uint64_t arg[CALL_ARGS])
{
	buf_put_u32(b, (uint32_t)nr);
	for (unsigned i = 0; i < CALL_ARGS; i++)
		buf_put_u64(b, arg[i]);
}

void call_put_message(struct buf *b, const struct call_message *m, bool out)
{
	buf_put_u32(b, m->name_len);
	if (!out && m->name_len != NULL_NAME)
		buf_put(b, m->name, m->name_len);
	buf_put_u32(b, m->control_len);
	if (!out)
		buf_put(b, m->control, m->control_len);
}

static int get_message(struct cursor *c, bool out, struct call_message *m)
{
	m->name_len = cursor_u32(c);
	if (m->name_len != NULL_NAME && m->name_len > CALL_NAME_MAX)
		return -EPROTO;
	if (!out && m->name_len != NULL_NAME)
		m->name = cursor_get(c, m->name_len);
	m->control_len = cursor_u32(c);
	if (m->control_len > CALL_CONTROL_MAX)
		return -EPROTO;
	if (!out)
		m->control = cursor_get(c, m->control_len);
	return c->failed ? -EPROTO : 0;
}

void call_put_message_answer(struct buf *b, const struct call_message *m)
{
	buf_put_u32(b, m->whole_name);
	buf_put_u32(b, m->name_len);
	buf_put(b, m->name, m->name_len);
	buf_put_u32(b, m->control_len);
	buf_put(b, m->control, m->control_len);
	buf_put_u32(b, m->flags);
}

static int get_message_answer(struct cursor *c, struct call_message *m)
{
	m->whole_name = cursor_u32(c);
	m->name_len = cursor_u32(c);
	if (m->name_len > CALL_NAME_MAX)
		return -EPROTO;
	m->name = cursor_get(c, m->name_len);
	m->control_len = cursor_u32(c);
	if (m->control_len > CALL_CONTROL_MAX)
		return -EPROTO;
	m->control = cursor_get(c, m->control_len);
	m->flags = cursor_u32(c);
	return c->failed ? -EPROTO : 0;
}

/* The lengths of an IOV argument's parts. Return: their sum; -EPROTO. */
static int get_parts(struct cursor *c, uint32_t most, struct call_packet *ret)
{
	uint64_t sum = 0;

	ret->nparts = cursor_u32(c);
	if (c->failed || ret->nparts > MIN(most, (uint32_t)CALL_PARTS_MAX))
		return -EPROTO;
	for (uint32_t i = 0; i < ret->nparts; i++)
		sum += ret->part[i] = cursor_u32(c);
	return c->failed || sum > CALL_DATA_MAX ? -EPROTO : (int)sum;
}

int call_get(const void *p, size_t n, struct call_packet *ret)
{
	uint64_t arg[CALL_ARGS];
	struct cursor c;
	long nr;
	int r;

	memset(ret, 0, sizeof(*ret));
	cursor_init(&c, p, n);
	nr = (long)cursor_u32(&c);
	for (unsigned i = 0; i < CALL_ARGS; i++)
		arg[i] = cursor_u64(&c);
	if (c.failed)
		return -EPROTO;
	r = call_plan(nr, arg, &ret->plan);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		enum arg_kind k = ret->plan.kind[i];

		if (call_arg_message(k)) {
			r = get_message(&c, k == ARG_MSG_OUT, &ret->message);
			if (r < 0)
				return r;
		}
		if (call_arg_vector(k)) {
			r = get_parts(&c, call_arg_message(k) ? CALL_PARTS_MAX : ret->plan.size[i], ret);
			if (r < 0)
				return r;
			ret->len[i] = (uint32_t)r;
		} else if (call_arg_in(k)) {
			ret->len[i] = cursor_u32(&c);
		}
		if (call_arg_in(k))
			ret->data[i] = cursor_get(&c, ret->len[i]);
		if (c.failed || ret->len[i] > CALL_DATA_MAX)
			return -EPROTO;
		if (k != ARG_VALUE && call_place_size(&ret->plan, i, ret->len[i]) < 0)
			return -EPROTO;
	}
	return cursor_left(&c) ? -EPROTO : 0;
}

int call_get_answer(const struct call_plan *plan, const void *p, size_t n, struct call_answer *ret)
{
	struct cursor c;

	memset(ret, 0, sizeof(*ret));
	cursor_init(&c, p, n);
	ret->ret = (int64_t)cursor_u64(&c);
	ret->flags = cursor_u8(&c);
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		enum arg_kind k = plan->kind[i];

		if (!call_arg_out(k))
			continue;
		if (k == ARG_MSG_OUT && get_message_answer(&c, &ret->message) < 0)
			return -EPROTO;
		ret->len[i] = cursor_u32(&c);
		ret->data[i] = cursor_get(&c, ret->len[i]);
		if (c.failed || (!call_arg_vector(k) && ret->len[i] > plan->size[i]))
			return -EPROTO;
	}
	return c.failed || cursor_left(&c) ? -EPROTO : 0;
}
