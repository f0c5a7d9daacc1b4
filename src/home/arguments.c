/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DOC: where the arguments of a call lie in the buffer that the deputy shares with us, one behind the other:
 *
 *   name     a string or bytes as they came, or room for what goes out
 *   vectors  the run of all bytes, then the iovecs into it
 *   message  the same, then name, control data, and the struct msghdr that points to all of them
 *
 * A call of P's own memory has nothing here but, when its rest is done, iovecs and a msghdr that point there. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/util.h"
#include "home/home.h"
#include "move/message.h"

#define ARG_ALIGN  64U
#define DATA_ALIGN 4096U /* O_DIRECT wants aligned buffers */

uint64_t arguments_at(const struct home *h, uint32_t at)
{
	return h->p.area + AREA_BUF + at;
}

uint64_t arguments_sum_parts(const struct home *h)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < h->run.nparts; i++)
		sum += h->part[i].iov_len;
	return sum;
}

int arguments_load_parts(struct home *h, enum arg_kind kind, const uint64_t arg[CALL_ARGS])
{
	struct run *r = &h->run;
	struct message msg = { .iov = arg[1], .niov = (uint32_t)arg[2] };

	if (call_arg_message(kind) && message_read(&h->mem, (uaddr_t){ arg[1] }, &msg) < 0)
		return -EFAULT;
	if (msg.niov > CALL_PARTS_MAX ||
	    (msg.niov && mem_read(&h->mem, (uaddr_t){ msg.iov }, h->part, msg.niov * sizeof(h->part[0])) < 0))
		return -EFAULT;
	for (uint32_t i = 0; i < msg.niov; i++)
		if (!mem_is_users((uaddr_t){ (uint64_t)(uintptr_t)h->part[i].iov_base }, h->part[i].iov_len))
			return -EFAULT;
	r->nparts = msg.niov;
	r->parts_at = 0;
	r->message_at = sizeof(h->part);
	r->name = msg.name;
	r->name_len = msg.name_room;
	r->control = r->control_len = 0; /* went with the first bytes */
	return 0;
}

/* The msghdr for @n iovecs. What stands in the control data goes with the first bytes only. */
static void lay_message(struct home *h, unsigned n)
{
	struct run *r = &h->run;
	struct msghdr m = { .msg_name = (void *)(uintptr_t)r->name, .msg_namelen = r->name_len,
			    .msg_iov = (void *)(uintptr_t)arguments_at(h, r->parts_at), .msg_iovlen = n };

	if (!r->done) {
		m.msg_control = (void *)(uintptr_t)r->control;
		m.msg_controllen = r->control_len;
	}
	memcpy(h->p.base + AREA_BUF + r->message_at, &m, sizeof(m));
	r->arg[1] = arguments_at(h, r->message_at);
}

/* The iovecs are the program's own parts, since what has only a plain read or write is given them one at a
 * time. */
void arguments_lay_parts(struct home *h)
{
	struct run *r = &h->run;
	uint64_t skip = r->done;
	unsigned n = 0;

	for (unsigned i = 0; i < r->nparts; i++) {
		struct iovec v = h->part[i];
		uint64_t gone = MIN(skip, v.iov_len);

		skip -= gone;
		v.iov_base = (char *)v.iov_base + gone;
		v.iov_len -= gone;
		if (!gone || v.iov_len)
			memcpy(h->p.base + AREA_BUF + r->parts_at + n++ * sizeof(v), &v, sizeof(v));
	}
	if (call_arg_message(r->plan.kind[1])) {
		lay_message(h, n);
		return;
	}
	r->arg[1] = arguments_at(h, r->parts_at);
	r->arg[2] = n;
}

/* The room that the program says there is. Of an address the kernel writes no more than its longest; of an option as
 * much as that, so that it must be here. */
static int read_room(struct home *h)
{
	struct run *r = &h->run;

	for (unsigned i = 0; i < CALL_ARGS; i++) {
		int32_t room;

		if (!r->plan.len_at[i])
			continue;
		memcpy(&room, h->p.base + AREA_BUF + r->at[r->plan.len_at[i]], sizeof(room));
		if (r->plan.kind[i] == ARG_INOUT && room > (int32_t)r->cap[i])
			return -EPROTO;
		r->room = (uint32_t)MAX(room, 0);
	}
	return 0;
}

/* Takes @n bytes of the buffer behind @at. Return: where they lie, or -E2BIG. */
static int64_t take(uint32_t *at, uint64_t n)
{
	uint32_t align = n >= DATA_ALIGN ? DATA_ALIGN : ARG_ALIGN;
	uint32_t from = (*at + align - 1) & ~(align - 1);

	if (n > AREA_BUF_SIZE || from > AREA_BUF_SIZE - n)
		return -E2BIG;
	*at = from + (uint32_t)n;
	return from;
}

/* The parts of the run of bytes at @run in the deputy. */
static void split(struct home *h, uint64_t run, const struct call_packet *c)
{
	for (unsigned i = 0; i < c->nparts; i++) {
		h->part[i] = (struct iovec){ (void *)(uintptr_t)run, c->part[i] };
		run += c->part[i];
	}
}

/* Room for @n bytes of a message, with @from in it. Return: its address, 0 for none, or -E2BIG. */
static int64_t place_part(struct home *h, uint32_t *at, const uint8_t *from, uint32_t n)
{
	int64_t r = take(at, n);

	if (r < 0)
		return r;
	if (from)
		memcpy(h->p.base + AREA_BUF + r, from, n);
	return (int64_t)arguments_at(h, (uint32_t)r);
}

static int place_message(struct home *h, const struct call_message *m, uint32_t *at)
{
	struct run *r = &h->run;
	bool named = m->name_len != NULL_NAME;
	int64_t name = named ? place_part(h, at, m->name, m->name_len) : 0;
	int64_t control = m->control_len ? place_part(h, at, m->control, m->control_len) : 0;
	int64_t head = take(at, sizeof(struct msghdr));

	if (name < 0 || control < 0 || head < 0)
		return -E2BIG;
	r->name = (uint64_t)name;
	r->name_len = named ? m->name_len : 0;
	r->control = (uint64_t)control;
	r->control_len = m->control_len;
	r->message_at = (uint32_t)head;
	return 0;
}

static int place_vector(struct home *h, const struct call_packet *c, unsigned i, uint32_t *at)
{
	struct run *r = &h->run;
	int64_t list = take(at, c->nparts * sizeof(struct iovec));

	if (list < 0)
		return (int)list;
	r->parts_at = (uint32_t)list;
	r->nparts = c->nparts;
	split(h, r->arg[i], c);
	if (call_arg_message(c->plan.kind[i]) && place_message(h, &c->message, at) < 0)
		return -E2BIG;
	arguments_lay_parts(h);
	return 0;
}

int arguments_place(struct home *h, const struct call_packet *c)
{
	struct run *r = &h->run;
	uint32_t at = 0;

	memcpy(r->arg, c->plan.arg, sizeof(r->arg));
	for (unsigned i = 0; i < CALL_ARGS; i++) {
		enum arg_kind k = c->plan.kind[i];
		int64_t from;
		int size;

		r->at[i] = r->cap[i] = 0;
		if (k == ARG_VALUE)
			continue;
		size = call_place_size(&c->plan, i, c->len[i]);
		if (size < 0)
			return size;
		from = take(&at, (uint64_t)size);
		if (from < 0)
			return (int)from;
		r->at[i] = (uint32_t)from;
		r->cap[i] = (uint32_t)size;
		if (c->data[i])
			memcpy(h->p.base + AREA_BUF + from, c->data[i], MIN(c->len[i], (uint32_t)size));
		r->arg[i] = arguments_at(h, r->at[i]);
		if (call_arg_vector(k) && place_vector(h, c, i, &at) < 0)
			return -E2BIG;
	}
	return read_room(h);
}

uint32_t arguments_out_len(const struct home *h, unsigned i, int64_t ret)
{
	const struct run *r = &h->run;
	uint32_t n = call_out_len(&r->plan, i, ret, r->cap[i]);
	int32_t need;

	if (!n || !r->plan.len_at[i])
		return n;
	memcpy(&need, h->p.base + AREA_BUF + r->at[r->plan.len_at[i]], sizeof(need));
	return MIN(n, MIN(r->room, (uint32_t)MAX(need, 0)));
}

void arguments_message(const struct home *h, int64_t ret, struct call_message *got)
{
	const struct run *r = &h->run;
	struct msghdr m;

	*got = (struct call_message){ 0 };
	if (ret < 0)
		return;
	memcpy(&m, h->p.base + AREA_BUF + r->message_at, sizeof(m));
	got->flags = (uint32_t)m.msg_flags;
	if (r->name) {
		got->whole_name = m.msg_namelen;
		got->name_len = MIN(m.msg_namelen, r->name_len);
		got->name = h->p.base + AREA_BUF + (r->name - arguments_at(h, 0));
	}
	if (r->control) {
		got->control_len = (uint32_t)MIN((uint64_t)m.msg_controllen, (uint64_t)r->control_len);
		got->control = h->p.base + AREA_BUF + (r->control - arguments_at(h, 0));
	}
}
