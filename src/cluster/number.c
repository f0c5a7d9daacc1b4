/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows the way from addresses to numbers.
 *
 * DOC: the next after one that is taken is not the one above it: addresses are given in rows, so
 * that is most likely a neighbour's. It is drawn by a hash instead, and of 65,535 numbers most are
 * free. */
#include "cluster/number.h"

/* 64-bit FNV-1a. Not against enemies: whoever has the key can claim any number anyway. */
static uint64_t hash(uint64_t h, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

static uint32_t drawn(const struct node_addr *addr, uint32_t attempt)
{
	const uint8_t a[4] = { (uint8_t)attempt, (uint8_t)(attempt >> 8), (uint8_t)(attempt >> 16),
			       (uint8_t)(attempt >> 24) };
	uint64_t h = hash(hash(0xcbf29ce484222325ULL, addr->bytes, addr->size), a, sizeof(a));

	return (uint32_t)((h ^ h >> 32) % NODE_ID_MAX) + 1;
}

static uint32_t candidate(const struct node_addr *addr, uint32_t attempt)
{
	uint32_t low = (uint32_t)addr->bytes[2] << 8 | addr->bytes[3];

	return !attempt && addr->size == 4 && low ? low : drawn(addr, attempt);
}

node_id number_candidate(const struct node_addr *addr, uint32_t attempt)
{
	uint32_t n = candidate(addr, attempt);

	/* the same again would be taken again */
	if (attempt && n == candidate(addr, attempt - 1))
		n = n % NODE_ID_MAX + 1;
	return (node_id){ n };
}
