/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two members that hear each other through changed bytes: whatever comes, states change as the
 * table says, packets stay in bounds, and the one who is talked about is never gone for good. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/util.h"
#include "cluster/gossip.h"

#define RUNS  20000
#define NODES 6U
#define KEPT  8U

static const char *const words[] = {
	"\x01", "\x02", "\x03", "\xff", "\x01\x00", "\x03\x00\x00\x00", "\xff\xff\xff\xff"
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct end {
	struct gossip *g;
	uint64_t random;
	unsigned n; /* packets kept */
	struct {
		uint32_t to;
		size_t n;
		uint8_t bytes[GOSSIP_PACKET_MAX];
	} kept[KEPT];
};

static void on_send(void *ctx, uint32_t node, const void *bytes, size_t n)
{
	struct end *e = ctx;

	ASSERT(n && n <= GOSSIP_PACKET_MAX && node && node <= NODES);
	if (e->n == KEPT)
		return;
	e->kept[e->n].to = node;
	e->kept[e->n].n = n;
	memcpy(e->kept[e->n++].bytes, bytes, n);
}

static void on_changed(void *ctx, uint32_t node, enum member_state from, enum member_state to)
{
	ASSERT(node && node <= NODES && member_may_become(from, to));
}

static uint64_t on_random(void *ctx)
{
	struct end *e = ctx;

	return e->random = e->random * 6364136223846793005ULL + 1442695040888963407ULL;
}

static bool on_meet(void *ctx, const struct node_info *i)
{
	struct end *e = ctx;

	ASSERT(i->node);
	if (i->addr.size && i->addr.bytes[0] % 4 == 0) /* it has another's place */
		gossip_forget(e->g, 1 + i->addr.bytes[1] % NODES);
	return i->node <= NODES;
}

static const struct gossip_ops ops = { on_send, on_changed, on_random, on_meet };

static void begin(struct end *e, uint32_t node)
{
	const struct node_info i = { .node = node,
				     .life = 1ULL << 60,
				     .flags = INFO_UP,
				     .speed = 10000,
				     .cpus = 1000,
				     .mem_total = 1000 };

	*e = (struct end){ .random = node };
	ASSERT(gossip_create(&ops, e, &i, 1, &e->g) == 0);
	for (uint32_t k = 1; k < NODES; k++) /* the last is to be met */
		if (k != node)
			ASSERT(gossip_add(e->g, k) == 0);
}

/* What one sent reaches the other; @p says which bytes change on the way. */
static void pass(struct end *from, uint32_t number, struct end *to, int64_t now, const uint8_t **p,
		 size_t *n)
{
	for (unsigned k = 0; k < from->n; k++) {
		unsigned changes = *n ? (*p)[0] % 4 : 0;
		int r;

		for (unsigned c = 0; c < changes && *n >= 4; c++, *p += 3, *n -= 3)
			from->kept[k].bytes[((*p)[1] | (*p)[2] << 8) % from->kept[k].n] = (*p)[3];
		if (*n)
			*p += 1, *n -= 1;
		r = gossip_take(to->g, now, number, from->kept[k].bytes, from->kept[k].n, NULL);
		ASSERT(r == 0 || r == -EPROTO || r == -EPROTONOSUPPORT || r == -ENOENT);
	}
	from->n = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct end a, b;
	int64_t now = 1;
	int r;

	begin(&a, 1);
	begin(&b, 2);
	r = gossip_take(a.g, now, 2, p, n, NULL);
	ASSERT(r == 0 || r == -EPROTO || r == -EPROTONOSUPPORT || r == -ENOENT);
	for (unsigned k = 0; k < 30; k++) {
		now += GOSSIP_TICK;
		gossip_tick(a.g, now);
		gossip_tick(b.g, now);
		pass(&a, 1, &b, now + 1, &p, &n);
		pass(&b, 2, &a, now + 2, &p, &n);
		if (k % 10 == 7)
			now += 2 * GOSSIP_TICK * (n % 20);
	}
	ASSERT(gossip_find(a.g, 1)->state == MEMBER_ALIVE);
	gossip_leave(a.g, now);
	gossip_tick(a.g, now + GOSSIP_TICK);
	gossip_destroy(a.g);
	gossip_destroy(b.g);
	return 0;
}

#include "../wire/plain_main.h"
