/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that look for each other on a virtual link: numbers, who gets to know whom, recordings,
 * floods, crowds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "cluster/discovery.h"
#include "cluster/number.h"

#define MSEC	  1000000LL
#define SEC	  (1000 * MSEC)
#define NODES	  200U
#define IN_FLIGHT 65536U

struct flight {
	int64_t at;
	unsigned from;
	int to; /* -1: everybody */
	struct notice n;
};

struct node {
	struct discovery *d;
	struct node_addr addr;
	int64_t due;
	uint32_t met[2 * NODES], had, claimed, lost, lost_next;
	unsigned n_met, undisputed, times_lost;
	struct node_addr by;
};

static struct node nodes[NODES];
static struct flight flights[IN_FLIGHT];
static unsigned n_flights, loss; /* per cent */
static struct notice recorded[512];
static unsigned n_recorded;
static int64_t now;
static uint64_t seed;
static uint32_t holder; /* what the others know without discovery */
static struct node_addr holder_addr;
static bool holder_there;
static bool reloads; /* who has claimed a number begins anew with it, as mosd does */

static uint64_t draw(void *ctx)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void send_it(void *ctx, const struct notice *n, const struct node_addr *to, uint16_t port)
{
	struct node *from = ctx;
	struct flight f = { .at = now + MSEC / 2 + (int64_t)(draw(NULL) % (2 * MSEC)),
			    .from = (unsigned)(from - nodes),
			    .to = -1,
			    .n = *n };

	assert_true(n_flights < IN_FLIGHT);
	f.n.port = 4661;
	if (!to)
		f.n.addr = from->addr;
	else
		assert_int_equal(port, 4661);
	for (unsigned i = 0; to && i < NODES; i++)
		if (nodes[i].addr.size && !memcmp(&nodes[i].addr, to, sizeof(*to)))
			f.to = (int)i;
	if (n_recorded < ARRAY_SIZE(recorded))
		recorded[n_recorded++] = f.n;
	flights[n_flights++] = f;
}

static void on_met(void *ctx, uint32_t node, const struct node_addr *addr)
{
	struct node *n = ctx;

	for (unsigned i = 0; i < n->n_met; i++)
		if (n->met[i] == node)
			return;
	assert_true(n->n_met < ARRAY_SIZE(n->met));
	n->met[n->n_met++] = node;
}

static bool find(void *ctx, uint32_t node, struct node_addr *ret, bool *ret_there)
{
	*ret = holder_addr;
	*ret_there = holder_there;
	return holder && node == holder;
}

static void on_undisputed(void *ctx, uint32_t number)
{
	struct node *n = ctx;

	n->claimed = n->had == number ? 0 : number;
	n->had = number;
	n->undisputed++;
}

static void on_taken(void *ctx, uint32_t number, const struct node_addr *by, uint32_t next)
{
	struct node *n = ctx;

	n->lost = number;
	n->lost_next = next;
	n->by = *by;
	n->times_lost++;
}

static const struct discovery_ops ops = { .send = send_it,
					  .met = on_met,
					  .find = find,
					  .undisputed = on_undisputed,
					  .taken = on_taken,
					  .random = draw };

static void world(uint64_t s)
{
	for (unsigned i = 0; i < NODES; i++)
		discovery_destroy(nodes[i].d);
	memset(nodes, 0, sizeof(nodes));
	n_flights = n_recorded = loss = 0;
	holder = 0;
	reloads = false;
	now = SEC;
	seed = s * 0x9e3779b97f4a7c15ULL + 1;
}

static void begin(unsigned i, const char *addr, uint32_t number, bool fixed)
{
	struct discovery_self self = { .number = number, .fixed = fixed };

	assert_int_equal(node_addr_parse(addr, &self.addr), 0);
	nodes[i].addr = self.addr;
	nodes[i].had = number;
	assert_int_equal(discovery_create(&ops, &nodes[i], &self, now, &nodes[i].d), 0);
	nodes[i].due = now;
}

static uint32_t number(unsigned i)
{
	bool ours;
	uint32_t n = discovery_number(nodes[i].d, &ours);

	return ours ? n : 0;
}

static void arrive(const struct flight *f)
{
	for (unsigned i = 0; i < NODES; i++) {
		if (!nodes[i].d || (f->to >= 0 && (unsigned)f->to != i) || draw(NULL) % 100 < loss)
			continue;
		discovery_take(nodes[i].d, now, &f->n, &nodes[i].addr);
		nodes[i].due = now;
	}
}

static void go_on(struct node *n)
{
	struct discovery_self self = { .addr = n->addr };

	n->due = discovery_tick(n->d, now);
	assert_true(n->due > now);
	if (!reloads || !n->claimed)
		return;
	self.number = n->claimed;
	n->claimed = 0;
	discovery_destroy(n->d);
	assert_int_equal(discovery_create(&ops, n, &self, now, &n->d), 0);
	n->due = now;
}

/* Goes on for @ns. */
static void pass(int64_t ns)
{
	int64_t end = now + ns;

	for (;;) {
		int64_t next = end;

		for (unsigned i = 0; i < n_flights; i++)
			next = MIN(next, flights[i].at);
		for (unsigned i = 0; i < NODES; i++)
			if (nodes[i].d)
				next = MIN(next, nodes[i].due);
		now = MAX(now, next);
		if (now >= end)
			return;
		for (unsigned i = 0; i < n_flights; i++) {
			if (flights[i].at > now)
				continue;
			struct flight f = flights[i];

			flights[i--] = flights[--n_flights];
			arrive(&f);
		}
		for (unsigned i = 0; i < NODES; i++)
			if (nodes[i].d && nodes[i].due <= now)
				go_on(&nodes[i]);
	}
}

static bool knows(unsigned i, unsigned j)
{
	for (unsigned k = 0; k < nodes[i].n_met; k++)
		if (nodes[i].met[k] == number(j))
			return true;
	return false;
}

static void candidates(void **state)
{
	struct node_addr four, zero, six;

	assert_int_equal(node_addr_parse("192.168.10.220", &four), 0);
	assert_int_equal(node_addr_parse("10.1.0.0", &zero), 0);
	assert_int_equal(node_addr_parse("fd00::1:2", &six), 0);
	assert_int_equal(number_candidate(&four, 0).v, 2780); /* as omdiscd's manual has it */
	for (unsigned i = 0; i < 70000; i++) {
		const struct node_addr *a = i % 3 ? i % 2 ? &four : &zero : &six;
		node_id n = number_candidate(a, i), next = number_candidate(a, i + 1);

		assert_true(n.v && n.v <= NODE_ID_MAX && n.v != next.v);
		assert_int_equal(n.v, number_candidate(a, i).v);
	}
}

static void three_meet(void **state)
{
	world(1);
	begin(0, "10.0.0.1", 0, false);
	begin(1, "10.0.0.2", 0, false);
	begin(2, "fd00::3", 0, false);
	pass(1200 * MSEC);
	assert_int_equal(number(0), 1);
	assert_int_equal(number(1), 2);
	assert_true(number(2));
	assert_int_equal(nodes[0].claimed, 1);
	pass(15 * SEC); /* now each has one, and is alone */
	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < 3; j++)
			assert_true(i == j || knows(i, j));
}

static void one_number_for_two(void **state)
{
	unsigned firsts = 0;

	for (unsigned s = 1; s <= 50; s++) {
		world(s);
		for (unsigned i = 0; i < 4; i++) {
			const char *addrs[] = { "10.0.0.7", "10.1.0.7", "10.2.0.7", "10.3.0.7" };

			begin(i, addrs[i], 0, false);
		}
		pass(8 * SEC);
		firsts = 0;
		for (unsigned i = 0; i < 4; i++) {
			firsts += number(i) == 7;
			assert_true(number(i) == 7 || nodes[i].times_lost);
			for (unsigned j = 0; j < i; j++)
				assert_int_not_equal(number(i), number(j));
		}
		assert_int_equal(firsts, 1);
	}
}

static void who_was_first_keeps_it(void **state)
{
	for (unsigned s = 1; s <= 50; s++) {
		world(s);
		begin(0, "10.0.0.7", 0, false);
		pass(4 * SEC);
		begin(1, "10.1.0.7", 0, false);
		pass(4 * SEC);
		assert_int_equal(number(0), 7);
		assert_int_equal(nodes[1].lost, 7);
		assert_memory_equal(&nodes[1].by, &nodes[0].addr, sizeof(nodes[1].by));
		assert_int_equal(number(1), nodes[1].lost_next);
		assert_true(knows(1, 0));
	}
}

/* A machine and its copy, which remembers the same number. */
static void a_copy(void **state)
{
	for (unsigned s = 1; s <= 50; s++) {
		world(s);
		begin(0, "10.0.0.7", 9, false);
		pass(4 * SEC);
		discovery_others(nodes[0].d, 3, false);
		begin(1, "10.0.0.8", 9, false);
		discovery_others(nodes[1].d, 3, false); /* they take it for the other one */
		pass(4 * SEC);
		assert_int_equal(number(0), 9);
		assert_int_equal(number(1), 8); /* by its address */
		assert_int_equal(nodes[0].times_lost, 0);
		assert_int_equal(nodes[0].undisputed, 1);
		assert_int_equal(nodes[1].had, 8); /* never the other's: so it need not say it */
		assert_int_equal(nodes[1].undisputed, 1);
	}
}

static void two_halves(void **state)
{
	for (unsigned s = 1; s <= 20; s++) {
		world(s);
		loss = 100;
		begin(0, "10.0.0.7", 0, false);
		begin(1, "10.1.0.7", 0, false);
		begin(2, "10.0.0.8", 0, false);
		pass(3 * SEC);
		assert_int_equal(number(0), 7);
		assert_int_equal(number(1), 7);
		loss = 0;
		pass(30 * SEC);
		assert_int_not_equal(number(0), number(1));
		assert_true(number(0) == 7 || number(1) == 7);
		assert_true(knows(0, 2) && knows(2, 0) && knows(1, 2));
	}
}

static void given_numbers_stay(void **state)
{
	world(3);
	begin(0, "10.0.0.7", 5, true);
	begin(1, "10.0.0.8", 5, true);
	pass(8 * SEC);
	assert_int_equal(number(0), 5);
	assert_int_equal(number(1), 5);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(nodes[i].times_lost, 1); /* told once in a while, not each time */
		assert_int_equal(nodes[i].lost_next, 0);
	}
	begin(2, "10.0.0.5", 0, false); /* an equal one is claimed */
	pass(8 * SEC);
	assert_int_not_equal(number(2), 5);
}

/* Its processes are away: others know them by its number. */
static void who_is_tied_keeps_it(void **state)
{
	for (unsigned s = 1; s <= 20; s++) {
		world(s);
		begin(0, "10.0.0.7", 5, false);
		begin(1, "10.0.0.8", 5, false);
		discovery_others(nodes[0].d, 0, true);
		pass(8 * SEC);
		assert_int_equal(number(0), 5);
		assert_int_equal(number(1), 8);
	}
}

static void the_absent_keep_theirs(void **state)
{
	world(4);
	holder = 7;
	assert_int_equal(node_addr_parse("10.9.0.7", &holder_addr), 0);
	holder_there = false;
	begin(0, "10.0.0.1", 1, false);
	pass(2 * SEC);
	begin(1, "10.0.0.7", 0, false);
	pass(4 * SEC);
	assert_int_equal(nodes[1].lost, 7);
	assert_memory_equal(&nodes[1].by, &holder_addr, sizeof(holder_addr));
	assert_int_not_equal(number(1), 7);
	begin(2, "10.9.0.7", 0, false); /* that one, without its memory */
	pass(4 * SEC);
	assert_int_equal(number(2), 7);
}

static void recordings_do_nothing(void **state)
{
	struct notice old[ARRAY_SIZE(recorded)];
	const struct discovery_counts *c;
	unsigned n;

	world(5);
	begin(0, "10.0.0.1", 0, false);
	begin(1, "10.0.0.2", 0, false);
	begin(2, "10.3.0.2", 0, false);
	pass(12 * SEC);
	n = n_recorded;
	memcpy(old, recorded, sizeof(old));
	for (unsigned k = 0, joins = 0, taken = 0, acks = 0; k < n; k++) {
		joins += old[k].kind == NOTICE_JOIN;
		taken += old[k].kind == NOTICE_TAKEN;
		acks += old[k].kind == NOTICE_ACK;
		assert_true(k + 1 < n || (joins && taken && acks));
	}
	world(6);
	begin(0, "10.0.0.2", 0, false);
	pass(4 * SEC);
	assert_int_equal(number(0), 2);
	c = discovery_counts(nodes[0].d);
	for (unsigned times = 0; times < 2; times++)
		for (unsigned k = 0; k < n; k++) {
			discovery_take(nodes[0].d, now, &old[k], &nodes[0].addr);
			pass(MSEC);
		}
	assert_int_equal(nodes[0].n_met, 0);
	assert_int_equal(number(0), 2);
	assert_int_equal(nodes[0].undisputed, 1);
	assert_true(c->stale && c->repeated && c->heard && !c->collisions);
}

static void a_flood_is_bounded(void **state)
{
	struct notice n = { .kind = NOTICE_JOIN, .number = 9, .port = 4661, .origin = 77 };
	const struct discovery_counts *c;
	uint64_t before;

	world(7);
	begin(0, "10.0.0.1", 1, false);
	assert_int_equal(node_addr_parse("10.0.0.9", &n.addr), 0);
	pass(4 * SEC);
	c = discovery_counts(nodes[0].d);
	before = c->answers;
	for (unsigned i = 0; i < 20000; i++) { /* ten seconds of it */
		memcpy(n.nonce, &i, sizeof(i));
		n.number = i % 7 ? 9 : 1;
		discovery_take(nodes[0].d, now, &n, &nodes[0].addr);
		nodes[0].due = now;
		pass(MSEC / 2);
		n_flights = 0;
	}
	assert_in_range(c->answers - before, 150, 40 + 10 * 20 + 1);
	assert_true(c->bounded > 15000);
	/* and it goes on */
	pass(4 * SEC);
	begin(1, "10.0.0.2", 0, false);
	pass(4 * SEC);
	assert_true(knows(1, 0));
}

/* In a crowd only some answer, not all at once; to one who only asks all do. */
static void a_crowd(void **state)
{
	struct notice n = { .kind = NOTICE_JOIN, .number = 9, .port = 4661, .origin = 77 };
	unsigned answered = 0, asked = 0, late = 0;

	world(8);
	assert_int_equal(node_addr_parse("10.0.0.9", &n.addr), 0);
	begin(0, "10.0.0.1", 1, false);
	discovery_others(nodes[0].d, 999, false);
	pass(4 * SEC);
	for (uint32_t i = 1; i <= 4000; i++) {
		uint64_t before = discovery_counts(nodes[0].d)->answers;
		bool ask = i > 2000;

		n.kind = ask ? NOTICE_ASK : NOTICE_JOIN;
		memcpy(n.nonce, &i, sizeof(i));
		discovery_take(nodes[0].d, now, &n, &nodes[0].addr);
		nodes[0].due = now;
		pass(100 * MSEC);
		late += discovery_counts(nodes[0].d)->answers == before && !ask;
		pass(2 * SEC);
		n_flights = 0;
		*(ask ? &asked : &answered) +=
			(unsigned)(discovery_counts(nodes[0].d)->answers - before);
	}
	assert_in_range(answered, 6, 30); /* 8 of 1000 */
	assert_int_equal(asked, 2000);
	assert_true(late > 1990);
}

/* All begin at once, and each has a number in common with another. */
static void a_power_cut(void **state)
{
	uint64_t answers = 0;
	unsigned firsts = 0;

	world(10);
	reloads = true;
	for (unsigned i = 0; i < NODES; i++) {
		char text[NODE_ADDR_TEXT];

		(void)snprintf(text, sizeof(text), "10.%u.1.%u", i % 2, i / 2);
		begin(i, text, 0, false);
	}
	pass(6 * SEC);
	for (unsigned i = 0; i < NODES; i++) {
		assert_true(number(i));
		firsts += number(i) == 256 + i / 2;
		answers += discovery_counts(nodes[i].d)->answers;
		assert_true(nodes[i].n_met > 3); /* one is enough: gossip tells the rest */
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(number(i), number(j));
	}
	/* but where one that was drawn for somebody else fell on it */
	assert_in_range(firsts, NODES / 2 - 2, NODES / 2);
	assert_true(answers <= NODES * (40 + 6 * 20));
}

static unsigned joins_in(int64_t ns)
{
	uint64_t before = discovery_counts(nodes[0].d)->joins;

	pass(ns);
	return (unsigned)(discovery_counts(nodes[0].d)->joins - before);
}

static void rarely_afterwards(void **state)
{
	world(9);
	begin(0, "10.0.0.1", 0, false);
	assert_int_equal(joins_in(2 * SEC), 3);
	assert_in_range(joins_in(1000 * SEC), 80, 130);
	discovery_others(nodes[0].d, 20, false);
	(void)joins_in(13 * SEC);
	assert_in_range(joins_in(2000 * SEC), 8, 14);
	discovery_others(nodes[0].d, 0, false); /* left alone */
	nodes[0].due = now;
	assert_in_range(joins_in(14 * SEC), 1, 2);
}

/* Whatever is lost: either numbers differ, or somebody says that they do not. */
static void losses(void **state)
{
	for (unsigned s = 1; s <= 100; s++) {
		world(s);
		loss = 30;
		begin(0, "10.0.0.7", 0, false);
		begin(1, "10.1.0.7", 0, false);
		pass(300 * SEC);
		assert_int_not_equal(number(0), number(1));
		assert_true(knows(0, 1) && knows(1, 0));
	}
	world(1);
}

static void refuses(void **state)
{
	struct discovery_self self = { .number = 5, .fixed = true };
	struct discovery *d;

	assert_int_equal(discovery_create(&ops, NULL, &self, 0, &d), -EINVAL);
	assert_int_equal(node_addr_parse("10.0.0.1", &self.addr), 0);
	self.number = 0;
	assert_int_equal(discovery_create(&ops, NULL, &self, 0, &d), -EINVAL);
	self.number = NODE_ID_MAX + 1;
	assert_int_equal(discovery_create(&ops, NULL, &self, 0, &d), -EINVAL);
	assert_null(d);
	discovery_destroy(NULL);
}

static void notices(void **state)
{
	struct notice n = { .kind = NOTICE_TAKEN,
			    .rank = NOTICE_KEEPS,
			    .number = 65535,
			    .port = 4661,
			    .origin = 1ULL << 63,
			    .nonce = "fifteen letters" },
		      got;
	static const char *const bad[] = { "0.0.0.1", "127.0.0.1", "224.0.0.1", "255.255.255.255",
					   "ff02::1", "fe80::1",   "::1" };
	uint8_t b[NOTICE_SIZE];

	assert_int_equal(node_addr_parse("fd00::1", &n.addr), 0);
	notice_put(&n, b);
	assert_int_equal(notice_get(b, &got), 0);
	assert_memory_equal(&got.addr, &n.addr, sizeof(n.addr));
	assert_memory_equal(got.nonce, n.nonce, sizeof(n.nonce));
	assert_true(got.kind == n.kind && got.rank == n.rank && got.number == n.number &&
		    got.port == n.port && got.origin == n.origin);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(node_addr_parse(bad[i], &n.addr), 0);
		notice_put(&n, b);
		assert_int_equal(notice_get(b, &got), -EPROTO);
	}
	assert_int_equal(node_addr_parse("10.0.0.1", &n.addr), 0);
	for (unsigned k = 0; k < 256; k++) {
		bool asks = k == NOTICE_ASK;

		n.number = asks ? 0 : 5;
		notice_put(&n, b);
		b[0] = (uint8_t)k;
		assert_int_equal(notice_get(b, &got), k && k < NOTICE_KIND_COUNT_ ? 0 : -EPROTO);
		b[4] ^= 5; /* a number where there is none, or none where there is one */
		assert_int_equal(notice_get(b, &got), -EPROTO);
		b[4] ^= 5;
		b[1]++;
		assert_int_equal(notice_get(b, &got), -EPROTONOSUPPORT);
	}
	assert_string_equal(notice_kind_str(NOTICE_TAKEN), "taken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(candidates),
		cmocka_unit_test(notices),
		cmocka_unit_test(refuses),
		cmocka_unit_test(three_meet),
		cmocka_unit_test(one_number_for_two),
		cmocka_unit_test(who_was_first_keeps_it),
		cmocka_unit_test(a_copy),
		cmocka_unit_test(two_halves),
		cmocka_unit_test(given_numbers_stay),
		cmocka_unit_test(who_is_tied_keeps_it),
		cmocka_unit_test(the_absent_keep_theirs),
		cmocka_unit_test(recordings_do_nothing),
		cmocka_unit_test(a_flood_is_bounded),
		cmocka_unit_test(a_crowd),
		cmocka_unit_test(a_power_cut),
		cmocka_unit_test(rarely_afterwards),
		cmocka_unit_test(losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
