/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/buf.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void buf_finish(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

void *buf_grow(struct buf *b, size_t n)
{
	if (b->failed)
		return NULL;
	if (n > b->cap - b->len) {
		size_t cap = MAX(b->cap * 2, b->len + n);
		uint8_t *p;

		cap = MAX(cap, 256UL);
		p = cap < b->len ? NULL : realloc(b->data, cap);
		if (!p) {
			b->failed = true;
			return NULL;
		}
		b->data = p;
		b->cap = cap;
	}
	b->len += n;
	return b->data + b->len - n;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	void *to = buf_grow(b, n);

	if (to && n)
		memcpy(to, p, n);
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_put_u16(struct buf *b, uint16_t v)
{
	v = htole16(v);
	buf_put(b, &v, sizeof(v));
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	v = htole32(v);
	buf_put(b, &v, sizeof(v));
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	v = htole64(v);
	buf_put(b, &v, sizeof(v));
}

void cursor_init(struct cursor *c, const void *p, size_t n)
{
	c->p = p;
	c->end = c->p + n;
	c->failed = false;
}

size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

const void *cursor_get(struct cursor *c, size_t n)
{
	const uint8_t *p = c->p;

	if (c->failed || n > cursor_left(c)) {
		c->failed = true;
		return NULL;
	}
	c->p += n;
	return p;
}

void cursor_copy(struct cursor *c, void *to, size_t n)
{
	const void *p = cursor_get(c, n);

	if (p && n)
		memcpy(to, p, n);
	else
		memset(to, 0, n);
}

uint8_t cursor_u8(struct cursor *c)
{
	uint8_t v;

	cursor_copy(c, &v, sizeof(v));
	return v;
}

uint16_t cursor_u16(struct cursor *c)
{
	uint16_t v;

	cursor_copy(c, &v, sizeof(v));
	return le16toh(v);
}

uint32_t cursor_u32(struct cursor *c)
{
	uint32_t v;

	cursor_copy(c, &v, sizeof(v));
	return le32toh(v);
}

uint64_t cursor_u64(struct cursor *c)
{
	uint64_t v;

	cursor_copy(c, &v, sizeof(v));
	return le64toh(v);
}
