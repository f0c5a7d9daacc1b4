/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows addresses as numbers: their text, their order, and counting up. */
#include "cluster/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int node_addr_parse(const char *text, struct node_addr *ret)
{
	struct node_addr a = { 0 };

	if (inet_pton(AF_INET, text, a.bytes) == 1)
		a.size = 4;
	else if (inet_pton(AF_INET6, text, a.bytes) == 1)
		a.size = 16;
	else
		return -EINVAL;
	*ret = node_addr_plain(&a);
	return 0;
}

const char *node_addr_str(const struct node_addr *a, char to[static NODE_ADDR_TEXT])
{
	to[0] = '\0';
	if (a->size)
		(void)inet_ntop(a->size == 4 ? AF_INET : AF_INET6, a->bytes, to, NODE_ADDR_TEXT);
	return to;
}

int node_addr_cmp(const struct node_addr *a, const struct node_addr *b)
{
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return memcmp(a->bytes, b->bytes, a->size);
}

bool node_addr_reachable(const struct node_addr *a)
{
	static const uint8_t none[16];
	uint8_t first = a->bytes[0], second = a->bytes[1];

	if (a->size == 4)
		return first && first != 127 && first < 224 && !(first == 169 && second == 254);
	if (a->size == 16) /* the first 15 bytes are zero in :: and ::1 alone */
		return first != 0xff && memcmp(a->bytes, none, 15) != 0 &&
		       !(first == 0xfe && (second & 0xc0) == 0x80);
	return false;
}

struct node_addr node_addr_plain(const struct node_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct node_addr r = *a;

	if (a->size == 16 && !memcmp(a->bytes, mapped, sizeof(mapped))) {
		memset(&r, 0, sizeof(r));
		r.size = 4;
		memcpy(r.bytes, a->bytes + 12, 4);
	}
	return r;
}

int node_addr_add(const struct node_addr *a, uint32_t n, struct node_addr *ret)
{
	struct node_addr r = *a;
	uint64_t carry = n;

	for (unsigned i = a->size; i-- > 0 && carry;) {
		carry += r.bytes[i];
		r.bytes[i] = (uint8_t)carry;
		carry >>= 8;
	}
	if (carry)
		return -ERANGE;
	*ret = r;
	return 0;
}

uint64_t node_addr_sub(const struct node_addr *a, const struct node_addr *b)
{
	uint64_t d = 0;
	int borrow = 0;
	uint8_t diff[16];

	for (unsigned i = a->size; i-- > 0;) {
		int v = a->bytes[i] - b->bytes[i] - borrow;

		borrow = v < 0;
		diff[i] = (uint8_t)v;
	}
	for (unsigned i = 0; i < a->size; i++) {
		if (d >> 56)
			return UINT64_MAX;
		d = d << 8 | diff[i];
	}
	return d;
}
