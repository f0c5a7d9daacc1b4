/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/hello.h"

#include <errno.h>

_Static_assert(sizeof(struct utsname) == 6 * 65, "utsname");

void hello_put(const struct hello *h, struct buf *b)
{
	buf_put_u32(b, h->protocol);
	buf_put_u32(b, h->home);
	buf_put_u32(b, (uint32_t)h->pid);
	buf_put_u32(b, h->uid);
	buf_put_u64(b, h->epoch);
	buf_put_u64(b, h->area);
	buf_put_u64(b, (uint64_t)h->mono);
	buf_put_u64(b, (uint64_t)h->boot);
	buf_put(b, h->comm, sizeof(h->comm));
	buf_put(b, h->vdso, sizeof(h->vdso));
	buf_put(b, &h->uts, sizeof(h->uts));
	buf_put_u8(b, h->from_host);
}

int hello_get(struct hello *h, const void *p, size_t n)
{
	struct cursor c;

	cursor_init(&c, p, n);
	h->protocol = cursor_u32(&c);
	h->home = cursor_u32(&c);
	h->pid = (int32_t)cursor_u32(&c);
	h->uid = cursor_u32(&c);
	h->epoch = cursor_u64(&c);
	h->area = cursor_u64(&c);
	h->mono = (nsec_t)cursor_u64(&c);
	h->boot = (nsec_t)cursor_u64(&c);
	cursor_copy(&c, h->comm, sizeof(h->comm));
	cursor_copy(&c, h->vdso, sizeof(h->vdso));
	cursor_copy(&c, &h->uts, sizeof(h->uts));
	h->from_host = cursor_u8(&c);
	h->comm[sizeof(h->comm) - 1] = '\0';
	for (unsigned i = 1; i <= 6; i++)
		((char *)&h->uts)[i * 65 - 1] = '\0';
	return c.failed || cursor_left(&c) ? -EPROTO : 0;
}

void hop_put(const struct hop *h, struct buf *b)
{
	buf_put(b, h->addr, sizeof(h->addr));
	buf_put_u16(b, h->port);
	buf_put(b, h->token, sizeof(h->token));
	buf_put_u64(b, h->epoch);
}

int hop_get(struct hop *h, const void *p, size_t n)
{
	struct cursor c;

	cursor_init(&c, p, n);
	cursor_copy(&c, h->addr, sizeof(h->addr));
	h->addr[sizeof(h->addr) - 1] = '\0';
	h->port = cursor_u16(&c);
	cursor_copy(&c, h->token, sizeof(h->token));
	h->epoch = cursor_u64(&c);
	return c.failed || cursor_left(&c) ? -EPROTO : 0;
}
