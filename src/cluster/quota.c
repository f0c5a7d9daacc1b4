/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster/quota.h"

#include <string.h>

#define SEC 1000000000LL

/* 64-bit FNV-1a, folded: its low bits alone depend on little. */
static unsigned place(const struct quota *q, const struct node_addr *a)
{
	uint64_t h = q->salt;

	for (unsigned i = 0; i < a->size; i++)
		h = (h ^ a->bytes[i]) * 0x100000001b3ULL;
	h ^= h >> 32;
	return (unsigned)((h ^ h >> 16) % QUOTA_SENDERS);
}

bool quota_take(struct quota *q, int64_t now, const struct node_addr *from)
{
	uint8_t *by;

	if (now - q->second >= SEC) {
		/* who shares with a flood does so for a second only; any full-period step will do
		 */
		q->salt = q->salt * 6364136223846793005ULL + 1442695040888963407ULL;
		q->second = now;
		q->all = 0;
		memset(q->by, 0, sizeof(q->by));
	}
	by = &q->by[place(q, from)];
	if (q->all >= QUOTA_ALL || *by >= QUOTA_SENDER)
		return false;
	q->all++;
	++*by;
	return true;
}
