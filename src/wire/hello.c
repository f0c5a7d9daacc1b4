/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/hello.h"

#include <errno.h>

#include "wire/msg.h"

#define EPOCH_MAX (1ULL << 62)	    /* a step an hour lasts longer than the sun */
#define CLOCK_MAX (1LL << 61)	    /* 73 years of a machine's uptime */
#define MEMORY_MAX (1ULL << 50)	    /* KiB */
#define WANTS_MAX  (1U << 26)
#define AREA_MAX  0x7fffffc00000ULL /* room for the resident below the end of user memory */

_Static_assert(sizeof(struct utsname) == 6 * 65, "utsname");

static bool good_clock(nsec_t t)
{
	return t >= 0 && t < CLOCK_MAX;
}

void hello_put(const struct hello *h, struct buf *b)
{
	buf_put_u32(b, h->protocol);
	buf_put_u32(b, h->to);
	buf_put_u32(b, h->home);
	buf_put_u32(b, (uint32_t)h->pid);
	buf_put_u32(b, h->uid);
	buf_put_u64(b, h->epoch);
	buf_put_u64(b, h->area);
	buf_put_u64(b, (uint64_t)h->mono);
	buf_put_u64(b, (uint64_t)h->boot);
	buf_put(b, h->comm, sizeof(h->comm));
	buf_put(b, h->vdso, sizeof(h->vdso));
	buf_put_u64(b, h->features);
	buf_put(b, &h->uts, sizeof(h->uts));
	buf_put_u8(b, h->from_host);
	buf_put_u8(b, h->ordered);
	buf_put_u64(b, h->memory);
	buf_put_u32(b, h->wants);
	buf_put_u32(b, h->load_limit);
}

int hello_get(struct hello *h, const void *p, size_t n)
{
	struct cursor c;

	*h = (struct hello){ 0 };
	cursor_init(&c, p, n);
	h->protocol = cursor_u32(&c);
	if (c.failed)
		return -EPROTO;
	if (h->protocol != MSG_PROTOCOL)
		return -EPROTONOSUPPORT;
	h->to = cursor_u32(&c);
	h->home = cursor_u32(&c);
	h->pid = (int32_t)cursor_u32(&c);
	h->uid = cursor_u32(&c);
	h->epoch = cursor_u64(&c);
	h->area = cursor_u64(&c);
	h->mono = (nsec_t)cursor_u64(&c);
	h->boot = (nsec_t)cursor_u64(&c);
	cursor_copy(&c, h->comm, sizeof(h->comm));
	cursor_copy(&c, h->vdso, sizeof(h->vdso));
	h->features = cursor_u64(&c);
	cursor_copy(&c, &h->uts, sizeof(h->uts));
	h->from_host = cursor_u8(&c);
	h->ordered = cursor_u8(&c);
	h->memory = cursor_u64(&c);
	h->wants = cursor_u32(&c);
	h->load_limit = cursor_u32(&c);
	h->comm[sizeof(h->comm) - 1] = '\0';
	for (unsigned i = 1; i <= 6; i++)
		((char *)&h->uts)[i * 65 - 1] = '\0';
	if (c.failed || cursor_left(&c) || h->pid < 2 || h->epoch > EPOCH_MAX || !good_clock(h->mono) ||
	    !good_clock(h->boot) || !h->area || h->area % 4096 || h->area > AREA_MAX ||
	    h->memory > MEMORY_MAX || h->wants > WANTS_MAX)
		return -EPROTO;
	return 0;
}

void hop_put(const struct hop *h, struct buf *b)
{
	buf_put_u32(b, h->node);
	buf_put(b, h->addr, sizeof(h->addr));
	buf_put_u16(b, h->port);
	buf_put(b, h->token, sizeof(h->token));
	buf_put_u64(b, h->epoch);
}

int hop_get(struct hop *h, const void *p, size_t n)
{
	struct cursor c;

	cursor_init(&c, p, n);
	h->node = cursor_u32(&c);
	cursor_copy(&c, h->addr, sizeof(h->addr));
	h->addr[sizeof(h->addr) - 1] = '\0';
	h->port = cursor_u16(&c);
	cursor_copy(&c, h->token, sizeof(h->token));
	h->epoch = cursor_u64(&c);
	return c.failed || cursor_left(&c) ? -EPROTO : 0;
}

void attach_put(const struct attach *a, struct buf *b)
{
	buf_put_u32(b, a->to);
	buf_put_u32(b, a->home);
	buf_put_u32(b, (uint32_t)a->pid);
	buf_put_u64(b, a->epoch);
}

int attach_get(struct attach *a, const void *p, size_t n)
{
	struct cursor c;

	cursor_init(&c, p, n);
	a->to = cursor_u32(&c);
	a->home = cursor_u32(&c);
	a->pid = (int32_t)cursor_u32(&c);
	a->epoch = cursor_u64(&c);
	return c.failed || cursor_left(&c) ? -EPROTO : 0;
}
