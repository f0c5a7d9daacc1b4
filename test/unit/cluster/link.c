/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual link: what one node sends arrives at others a little later, or is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "link.h"

struct link net;

static uint64_t draw(void *ctx)
{
	net.seed ^= net.seed << 13;
	net.seed ^= net.seed >> 7;
	net.seed ^= net.seed << 17;
	return net.seed;
}

static void send_it(void *ctx, const struct notice *n, const struct node_addr *to, uint16_t port)
{
	struct link_node *from = ctx;
	struct link_flight f = { .at = net.now + LINK_MSEC / 2 + (int64_t)(draw(NULL) % (2 * LINK_MSEC)),
				 .from = (unsigned)(from - net.node),
				 .to = -1,
				 .n = *n };

	assert_true(net.n_flights < LINK_IN_FLIGHT);
	f.n.port = 4661;
	if (!to)
		f.n.addr = from->addr;
	else
		assert_int_equal(port, 4661);
	for (unsigned i = 0; to && i < LINK_NODES; i++)
		if (net.node[i].addr.size && !memcmp(&net.node[i].addr, to, sizeof(*to)))
			f.to = (int)i;
	if (net.n_recorded < ARRAY_SIZE(net.recorded))
		net.recorded[net.n_recorded++] = f.n;
	net.flight[net.n_flights++] = f;
}

static void on_met(void *ctx, uint32_t node, const struct node_addr *addr)
{
	struct link_node *n = ctx;

	for (unsigned i = 0; i < n->n_met; i++)
		if (n->met[i] == node)
			return;
	assert_true(n->n_met < ARRAY_SIZE(n->met));
	n->met[n->n_met++] = node;
}

static bool find(void *ctx, uint32_t node, struct node_addr *ret, bool *ret_there)
{
	*ret = net.holder_addr;
	*ret_there = net.holder_there;
	return net.holder && node == net.holder;
}

static void on_undisputed(void *ctx, uint32_t number)
{
	struct link_node *n = ctx;

	n->claimed = n->had == number ? 0 : number;
	n->had = number;
	n->undisputed++;
}

static void on_taken(void *ctx, uint32_t number, const struct node_addr *by, uint32_t next)
{
	struct link_node *n = ctx;

	n->lost = number;
	n->lost_next = next;
	n->by = *by;
	n->times_lost++;
}

const struct discovery_ops link_ops = { .send = send_it,
					.met = on_met,
					.find = find,
					.undisputed = on_undisputed,
					.taken = on_taken,
					.random = draw };

void link_anew(uint64_t s)
{
	for (unsigned i = 0; i < LINK_NODES; i++)
		discovery_destroy(net.node[i].d);
	memset(net.node, 0, sizeof(net.node));
	net.n_flights = net.n_recorded = net.loss = 0;
	net.holder = 0;
	net.reloads = false;
	net.now = LINK_SEC;
	net.seed = s * 0x9e3779b97f4a7c15ULL + 1;
}

void link_add(unsigned i, const char *addr, uint32_t number, bool fixed)
{
	struct discovery_self self = { .number = number, .fixed = fixed };

	assert_int_equal(node_addr_parse(addr, &self.addr), 0);
	net.node[i].addr = self.addr;
	net.node[i].had = number;
	assert_int_equal(discovery_create(&link_ops, &net.node[i], &self, net.now, &net.node[i].d), 0);
	net.node[i].due = net.now;
}

uint32_t link_number(unsigned i)
{
	bool ours;
	uint32_t n = discovery_number(net.node[i].d, &ours);

	return ours ? n : 0;
}

static void arrive(const struct link_flight *f)
{
	for (unsigned i = 0; i < LINK_NODES; i++) {
		if (!net.node[i].d || (f->to >= 0 && (unsigned)f->to != i) || draw(NULL) % 100 < net.loss)
			continue;
		discovery_take(net.node[i].d, net.now, &f->n, &net.node[i].addr);
		net.node[i].due = net.now;
	}
}

static void go_on(struct link_node *n)
{
	struct discovery_self self = { .addr = n->addr };

	n->due = discovery_tick(n->d, net.now);
	assert_true(n->due > net.now);
	if (!net.reloads || !n->claimed)
		return;
	self.number = n->claimed;
	n->claimed = 0;
	discovery_destroy(n->d);
	assert_int_equal(discovery_create(&link_ops, n, &self, net.now, &n->d), 0);
	n->due = net.now;
}

void link_pass(int64_t ns)
{
	int64_t end = net.now + ns;

	for (;;) {
		int64_t next = end;

		for (unsigned i = 0; i < net.n_flights; i++)
			next = MIN(next, net.flight[i].at);
		for (unsigned i = 0; i < LINK_NODES; i++)
			if (net.node[i].d)
				next = MIN(next, net.node[i].due);
		net.now = MAX(net.now, next);
		if (net.now >= end)
			return;
		for (unsigned i = 0; i < net.n_flights; i++) {
			if (net.flight[i].at > net.now)
				continue;
			struct link_flight f = net.flight[i];

			net.flight[i--] = net.flight[--net.n_flights];
			arrive(&f);
		}
		for (unsigned i = 0; i < LINK_NODES; i++)
			if (net.node[i].d && net.node[i].due <= net.now)
				go_on(&net.node[i]);
	}
}

bool link_knows(unsigned i, unsigned j)
{
	for (unsigned k = 0; k < net.node[i].n_met; k++)
		if (net.node[i].met[k] == link_number(j))
			return true;
	return false;
}
