/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing byte buffer to write messages into, and a cursor to read them: little-endian, every
 * access bounded, the first error sticks, so that a whole message is read and checked once. */
#ifndef MOS_BASE_BUF_H
#define MOS_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len, cap;
	bool failed; /* out of memory once; everything after is ignored */
};

#define BUF_INIT { 0 }

void buf_finish(struct buf *b);
void buf_clear(struct buf *b);
/* Makes room for @n more bytes and counts them in. Return: where, or NULL (then failed is set). */
void *buf_grow(struct buf *b, size_t n);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16(struct buf *b, uint16_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);

struct cursor {
	const uint8_t *p, *end;
	bool failed; /* read past the end once; all later reads give 0 */
};

void cursor_init(struct cursor *c, const void *p, size_t n);
size_t cursor_left(const struct cursor *c);
/* Return: @n bytes in place, or NULL and failed. */
const void *cursor_get(struct cursor *c, size_t n);
void cursor_copy(struct cursor *c, void *to, size_t n); /* zeros on failure */
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);

#endif
