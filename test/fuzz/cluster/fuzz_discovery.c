/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notices of arbitrary bytes: those that can be read are told to a node, also as answers to what it
 * asked. Whatever comes, it has a good number and answers no more than it may. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "cluster/discovery.h"

#define RUNS 20000
#define SEC  1000000000LL

static const char *const words[] = { "\x01\x01", "\x02\x01", "\x03\x01", "\x04\x01", "\x01",
				     "\x02",	 "\x04",     "\x10",	 "\x0a",     "\xff\xff" };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct notice asked;
static unsigned answers;
static uint32_t number;

static void on_send(void *ctx, const struct notice *n, const struct node_addr *to, uint16_t port)
{
	uint8_t b[NOTICE_SIZE];
	struct notice again = *n, got;

	if (!to)
		asked = *n;
	else
		answers++;
	/* what goes out can be read */
	again.port = 1;
	if (!to)
		again.addr = (struct node_addr){ .size = 4, .bytes = { 10, 0, 0, 9 } };
	notice_put(&again, b);
	ASSERT(notice_get(b, &got) == 0 && got.number == n->number);
	ASSERT(!to || port);
}

static void on_met(void *ctx, uint32_t node, const struct node_addr *addr)
{
	ASSERT(node && node != number && addr->size);
}

static bool on_find(void *ctx, uint32_t node, struct node_addr *ret, bool *ret_there)
{
	*ret = (struct node_addr){ .size = 4, .bytes = { 10, 0, 0, (uint8_t)node } };
	*ret_there = node & 2;
	return node & 1;
}

static void on_undisputed(void *ctx, uint32_t claimed)
{
	number = claimed;
	ASSERT(claimed && claimed <= NODE_ID_MAX);
}

static void on_taken(void *ctx, uint32_t taken, const struct node_addr *by, uint32_t next)
{
	ASSERT(taken && taken != next);
	number = next ? 0 : number;
}

static uint64_t on_random(void *ctx)
{
	static uint64_t v;

	return v += 0x9e3779b97f4a7c15ULL;
}

/* Random bytes are a notice once in a million: makes them one, and often one of our number. */
static void repair(uint8_t b[static NOTICE_SIZE], unsigned how)
{
	uint16_t own = (uint16_t)number;

	b[0] = (uint8_t)(NOTICE_JOIN + b[0] % (NOTICE_KIND_COUNT_ - NOTICE_JOIN));
	b[1] = 1;
	b[2] %= NOTICE_RANK_COUNT_;
	b[3] = 4;
	b[7] |= 1;
	b[8] = 10;
	memset(b + 12, 0, 12);
	b[24] |= 1;
	if (how & 8)
		memcpy(b + 4, &own, sizeof(own));
	if (b[0] == NOTICE_ASK)
		b[4] = b[5] = 0;
	else
		b[4] |= !b[4] && !b[5];
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct discovery_ops ops = { on_send,    on_met,	on_find,
						  on_undisputed, on_taken, on_random };
	struct discovery_self self = { .addr = { .size = 4, .bytes = { 10, 0, 0, 9 } } };
	uint8_t b[NOTICE_SIZE];
	struct discovery *d;
	int64_t now = SEC;

	answers = 0;
	self.number = n > 2 && p[0] & 1 ? 7 : 0;
	self.fixed = self.number && p[0] & 2;
	number = self.number;
	ASSERT(discovery_create(&ops, NULL, &self, now, &d) == 0);
	for (; n > 1; p += MIN(n, NOTICE_SIZE), n -= MIN(n, NOTICE_SIZE)) {
		struct notice got;
		bool ours;

		memset(b, 0, sizeof(b));
		memcpy(b, p, MIN(n, NOTICE_SIZE));
		if (p[1] & 16)
			repair(b, p[1]);
		now += p[n / 2] % 64 * (SEC / 100);
		discovery_others(d, p[1] & 1 ? 40 : 0, p[1] & 2);
		ASSERT(discovery_tick(d, now) >= 0);
		if (notice_get(b, &got) == 0) {
			if (p[1] & 4)
				memcpy(got.nonce, asked.nonce, NOTICE_NONCE);
			discovery_take(d, now, &got, &self.addr);
		}
		ASSERT(discovery_number(d, &ours) && (!self.fixed || ours));
	}
	ASSERT(answers <= 40 + 20 * (now / SEC));
	discovery_destroy(d);
	return 0;
}

#include "../wire/plain_main.h"
