/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Membership in small: states, lies, leaves, what goes out and when. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* after those that it needs */
#include <cmocka.h>

#include "base/util.h"
#include "cluster/gossip-packet.h"
#include "sim.h"

static struct sim *cluster(unsigned n)
{
	struct sim *s = sim_create(n, 42);

	for (unsigned i = 0; i < n; i++)
		sim_start(s, i);
	sim_run(s, 3 * SIM_SEC);
	return s;
}

static const struct member *seen(const struct sim *s, unsigned by, unsigned i)
{
	return gossip_find(s->node[by].gossip, i + 1);
}

/* A packet of node @from + 1 with one word, given to node @to + 1. */
static int say(struct sim *s, unsigned from, unsigned to, struct gossip_word w)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	const struct gossip_head h = { .kind = GOSSIP_NEWS, .mark = seen(s, from, from)->mark };

	gossip_head_put(&h, &b);
	gossip_word_put(&w, &b);
	gossip_head_finish(&b, 1, 0);
	return gossip_take(s->node[to].gossip, s->now, from + 1, b.data, b.len, NULL);
}

static int say_record(struct sim *s, unsigned from, unsigned to, const struct node_info *i,
		      uint32_t counter)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT, raw = BUF_INIT;
	const struct gossip_head h = { .kind = GOSSIP_NEWS, .mark = seen(s, from, from)->mark };

	info_put(i, &raw);
	gossip_head_put(&h, &b);
	gossip_record_put(raw.data, counter, 0, &b);
	gossip_head_finish(&b, 0, 1);
	return gossip_take(s->node[to].gossip, s->now, from + 1, b.data, b.len, NULL);
}

static void words(void **state)
{
	assert_string_equal(member_state_str(MEMBER_UNKNOWN), "unknown");
	assert_string_equal(member_state_str(MEMBER_LEFT), "left");
	assert_string_equal(member_state_str(MEMBER_COUNT_), "?");
	assert_string_equal(gossip_kind_str(GOSSIP_PROBE), "probe");
}

/* Whatever is claimed, what comes of it is a step that the table allows, or none. */
static void claims_fit_the_table(void **state)
{
	for (enum member_state held = 0; held < MEMBER_COUNT_; held++)
		for (enum member_state claim = 0; claim < MEMBER_COUNT_; claim++)
			for (uint32_t counter = 0; counter < 3; counter++) {
				const struct member m = { .node = 1,
							  .state = held,
							  .mark = { 5, 1 } };
				const struct mark mark = { 5, counter };
				enum member_state to = member_judge(&m, claim, &mark);

				if (!counter || to == MEMBER_COUNT_) {
					assert_int_equal(to, MEMBER_COUNT_);
					continue;
				}
				/* a later mark shows that it was alive with that */
				assert_true(to == held || member_may_become(held, to) ||
					    (counter == 2 &&
					     member_may_become(held, MEMBER_ALIVE) &&
					     member_may_become(MEMBER_ALIVE, to)));
				if (counter == 1 && !member_present(held) && held != MEMBER_UNKNOWN)
					assert_false(
						member_present(to)); /* nobody is back by hearsay */
			}
	assert_false(member_may_become(MEMBER_ALIVE, MEMBER_DEAD));
}

static void patience_shrinks(void **state)
{
	for (unsigned possible = 0; possible < 8; possible++)
		for (unsigned n = 1; n < 6; n++) {
			assert_true(member_patience(n + 1, possible) <=
				    member_patience(n, possible));
			assert_true(member_patience(n, possible) >= 2 * SIM_SEC);
			assert_true(member_patience(possible, possible) <= 3 * SIM_SEC);
		}
	assert_true(member_patience(1, 8) > member_patience(4, 8));
}

static void three_know_each_other(void **state)
{
	struct sim *s = cluster(3);

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sim_holding(s, i, MEMBER_ALIVE), 2);
		for (unsigned by = 0; by < 3; by++) {
			const struct member *m = seen(s, by, i);

			assert_int_equal(m->info.node, i + 1);
			assert_int_equal(m->info.runnable, i + 1);
			assert_true(s->now - m->made <= 2 * SIM_SEC);
			/* a millisecond or two each way */
			assert_true(i == by || (m->rtt_us >= 2000 && m->rtt_us <= 110000));
		}
	}
	assert_int_equal(gossip_present(s->node[0].gossip), 2);
	sim_destroy(s);
}

/* Few nodes: with some two datagrams a second each knows what the others told within a second or so, and who is
 * dead within five. */
static void few_say_little(void **state)
{
	for (unsigned turn = 0; turn < 20; turn++) {
		struct sim *s = sim_create(3, 100 + turn);
		uint64_t before[3];

		for (unsigned i = 0; i < 3; i++)
			sim_start(s, i);
		sim_run(s, 10 * SIM_SEC);
		for (unsigned i = 0; i < 3; i++)
			before[i] = s->node[i].sent;
		for (unsigned k = 0; k < 100; k++) {
			sim_run(s, SIM_SEC / 5);
			for (unsigned i = 0; i < 3; i++)
				for (unsigned by = 0; by < 3; by++)
					assert_true(s->now - seen(s, by, i)->made <= 5 * SIM_SEC / 2);
		}
		for (unsigned i = 0; i < 3; i++)
			assert_in_range(s->node[i].sent - before[i], 20, 70); /* in 20 s */
		sim_kill(s, 2);
		sim_run(s, 5 * SIM_SEC);
		assert_int_equal(sim_holding(s, 2, MEMBER_DEAD), 2);
		assert_int_equal(s->evicted, 0);
		sim_destroy(s);
	}
}

static void all_are_listed(void **state)
{
	struct sim *s = cluster(4);
	const struct member *m = NULL;
	unsigned n = 0;

	while ((m = gossip_next(s->node[2].gossip, m)))
		n += m->node;
	assert_int_equal(n, 1 + 2 + 3 + 4);
	assert_int_equal(gossip_next(s->node[2].gossip, NULL)->node, 3);
	assert_null(gossip_find(s->node[2].gossip, 5));
	assert_null(gossip_find(s->node[2].gossip, 1000000));
	assert_int_equal(gossip_add(s->node[2].gossip, 4), -EEXIST);
	assert_int_equal(gossip_add(s->node[2].gossip, 0), -EINVAL);
	assert_int_equal(gossip_add(s->node[2].gossip, 65536), -EINVAL);
	for (uint32_t node = 5; node <= 65535; node++)
		assert_int_equal(gossip_add(s->node[2].gossip, node), 0);
	assert_int_equal(gossip_find(s->node[2].gossip, 65535)->state, MEMBER_UNKNOWN);
	sim_destroy(s);
}

static void the_dead_are_known(void **state)
{
	for (unsigned n = 2; n <= 6; n++) {
		struct sim *s = cluster(n);

		sim_kill(s, 1);
		sim_run(s, 5 * SIM_SEC);
		assert_int_equal(sim_holding(s, 1, MEMBER_DEAD), n - 1);
		sim_run(s, 5 * SIM_SEC);
		sim_start(s, 1);
		sim_run(s, 2 * SIM_SEC);
		assert_int_equal(sim_holding(s, 1, MEMBER_ALIVE), n - 1);
		assert_int_equal(sim_holding(s, 0, MEMBER_ALIVE), n - 1);
		sim_destroy(s);
	}
}

static void standing_still_is_not_death(void **state)
{
	struct sim *s = cluster(3);

	for (unsigned i = 0; i < 40; i++) {
		sim_stand_still(s, i % 3, 2 * SIM_SEC);
		sim_run(s, 4 * SIM_SEC);
	}
	assert_int_equal(s->evicted, 0);
	assert_true(gossip_counts(s->node[0].gossip)->suspected > 0);
	assert_true(gossip_counts(s->node[0].gossip)->objected > 0);
	sim_destroy(s);
}

static void a_leaver_is_gone_at_once(void **state)
{
	struct sim *s = cluster(5);

	sim_leave(s, 4);
	sim_run(s, 20 * SIM_MSEC);
	assert_int_equal(sim_holding(s, 4, MEMBER_LEFT), 4);
	sim_run(s, 10 * SIM_SEC);
	assert_int_equal(sim_holding(s, 4, MEMBER_LEFT), 4);
	sim_start(s, 4);
	sim_run(s, 2 * SIM_SEC);
	assert_int_equal(sim_holding(s, 4, MEMBER_ALIVE), 4);
	sim_destroy(s);
}

static void both_halves_go_on(void **state)
{
	struct sim *s = cluster(4);

	sim_cut(s, 2);
	sim_run(s, 8 * SIM_SEC);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(sim_holding(s, i, MEMBER_DEAD), 2);
		assert_int_equal(sim_holding(s, i, MEMBER_ALIVE), 1);
	}
	sim_heal(s);
	sim_run(s, 5 * SIM_SEC);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(sim_holding(s, i, MEMBER_ALIVE), 3);
	sim_destroy(s);
}

/* Whoever is left with few is not deaf: the few answer him. */
static void the_smaller_half_too(void **state)
{
	enum { FEW = 7, MANY = 23 };
	struct sim *s = cluster(FEW + MANY);
	unsigned dead = 0;

	sim_cut(s, FEW);
	sim_run(s, 8 * SIM_SEC);
	for (unsigned i = FEW; i < FEW + MANY; i++)
		dead += sim_holding(s, i, MEMBER_DEAD);
	assert_in_range(dead, FEW * MANY * 95 / 100, FEW * MANY);
	sim_destroy(s);
}

static void a_liar_kills_nobody(void **state)
{
	static const enum member_state lies[] = { MEMBER_DEAD, MEMBER_SUSPECT, MEMBER_LEFT };
	struct sim *s = cluster(4);

	for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
		struct gossip_word w = { .state = lies[i],
					 .node = 3,
					 .mark = seen(s, 2, 2)->mark,
					 .age = 600 * SIM_SEC,
					 .by = { 1, 2, 4, 9 } };

		assert_int_equal(say(s, 0, 1, w), 0);
		assert_int_equal(seen(s, 1, 2)->state,
				 lies[i] == MEMBER_LEFT ? MEMBER_LEFT : MEMBER_SUSPECT);
		sim_run(s, SIM_SEC);
		assert_int_equal(sim_holding(s, 2, MEMBER_ALIVE), 3);
		w.mark = seen(s, 2, 2)->mark;
		w.mark.counter = UINT32_MAX; /* no later counter: it takes a later life */
		assert_int_equal(say(s, 0, 1, w), 0);
		sim_run(s, SIM_SEC);
		assert_int_equal(sim_holding(s, 2, MEMBER_ALIVE), 3);
		w.mark.life += 3600 * (uint64_t)SIM_SEC;
		assert_int_equal(say(s, 0, 1, w), 0);
		sim_run(s, SIM_SEC);
		assert_int_equal(sim_holding(s, 2, MEMBER_ALIVE), 3);
		w.mark.life += 100000 * (uint64_t)SIM_SEC; /* that has not begun yet */
		assert_int_equal(say(s, 0, 1, w), 0);
		assert_int_equal(sim_holding(s, 2, MEMBER_ALIVE), 3);
	}
	assert_int_equal(s->evicted, 0);
	assert_int_equal(gossip_counts(s->node[1].gossip)->ahead, 3);
	sim_destroy(s);
}

static void a_lie_about_a_record_passes(void **state)
{
	struct sim *s = cluster(3);
	struct node_info lie = seen(s, 1, 2)->info;

	lie.seq = UINT32_MAX;
	lie.runnable = 77;
	assert_int_equal(say_record(s, 0, 1, &lie, 0), 0);
	assert_int_equal(seen(s, 1, 2)->info.runnable, 77);
	sim_run(s, 3 * SIM_SEC);
	for (unsigned by = 0; by < 3; by++)
		assert_int_equal(seen(s, by, 2)->info.runnable, 3);
	/* an older one is not believed */
	lie = seen(s, 1, 2)->info;
	lie.seq--;
	lie.runnable = 77;
	assert_int_equal(say_record(s, 0, 1, &lie, 0), 0);
	assert_int_equal(seen(s, 1, 2)->info.runnable, 3);
	/* nor one of nobody, nor one about the reader himself */
	lie.node = 9;
	assert_int_equal(say_record(s, 0, 1, &lie, 0), 0);
	assert_true(gossip_counts(s->node[1].gossip)->stranger > 0);
	lie.node = 2;
	assert_int_equal(say_record(s, 0, 1, &lie, 0), 0);
	assert_int_equal(seen(s, 1, 1)->info.runnable, 2);
	sim_destroy(s);
}

static void flags_go_out_at_once(void **state)
{
	struct sim *s = cluster(5);
	struct node_info i = seen(s, 0, 0)->info;
	const uint32_t close[] = { 2, 3, 4, 5 };

	i.flags |= INFO_EXPEL;
	assert_int_equal(gossip_set_self(s->node[0].gossip, &i, s->now), 0);
	s->node[0].phase = 1000; /* it never ticks again: what it sends, it has sent */
	sim_run(s, 220 * SIM_MSEC);
	for (unsigned by = 1; by < 5; by++)
		assert_true(seen(s, by, 0)->info.flags & INFO_EXPEL);
	gossip_set_close(s->node[0].gossip, close, 4);
	i.flags = INFO_CONFIGURED | INFO_UP | INFO_QUIET;
	assert_int_equal(gossip_set_self(s->node[0].gossip, &i, s->now), 0);
	sim_run(s, 220 * SIM_MSEC);
	for (unsigned by = 1; by < 5; by++) {
		const struct node_info *got = &seen(s, by, 0)->info;

		assert_int_equal(got->flags, INFO_CONFIGURED | INFO_UP | INFO_QUIET);
		assert_true(!got->runnable && !got->mem_free && got->mem_total);
	}
	i.speed = 0;
	assert_int_equal(gossip_set_self(s->node[0].gossip, &i, s->now), -EINVAL);
	sim_destroy(s);
}

static void close_nodes_hear_each_second(void **state)
{
	struct sim *s = sim_create(40, 7);
	uint32_t close = 2;

	for (unsigned i = 0; i < 40; i++)
		sim_start(s, i);
	sim_run(s, 10 * SIM_SEC);
	gossip_set_close(s->node[0].gossip, &close, 1);
	sim_run(s, 2 * SIM_SEC);
	for (unsigned i = 0; i < 20; i++) {
		sim_run(s, SIM_SEC / 3);
		assert_true(s->now - seen(s, 1, 0)->made <= SIM_SEC + 400 * SIM_MSEC);
	}
	sim_destroy(s);
}

/* Each begins with one that it knows; in the end all know all. */
static void strangers_meet(void **state)
{
	enum { N = 40 };
	struct sim *s = sim_create(N, 7);

	s->by_key = true;
	for (unsigned i = 0; i < N; i++)
		sim_start(s, i);
	sim_run(s, 15 * SIM_SEC);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(sim_holding(s, i, MEMBER_ALIVE), N - 1);
	assert_int_equal(s->evicted, 0);
	sim_destroy(s);
}

static void the_forgotten_may_come_again(void **state)
{
	struct sim *s = cluster(4);
	struct gossip *g = s->node[0].gossip;
	const struct member *m = NULL;
	unsigned n = 0;

	sim_leave(s, 2);
	sim_run(s, SIM_SEC);
	assert_int_equal(seen(s, 0, 2)->state, MEMBER_LEFT);
	gossip_forget(g, 3);
	gossip_forget(g, 3);
	gossip_forget(g, 77);
	gossip_forget(g, 1); /* that is itself */
	assert_null(gossip_find(g, 3));
	while ((m = gossip_next(g, m)))
		n += m->node;
	assert_int_equal(n, 1 + 2 + 4);
	sim_run(s, 2 * SIM_SEC);
	assert_int_equal(gossip_present(g), 2);
	gossip_forget(g, 2); /* while it is there, and asked */
	sim_run(s, 5 * SIM_SEC);
	assert_null(gossip_find(g, 2));
	assert_int_equal(gossip_add(g, 2), 0);
	assert_int_equal(gossip_add(g, 3), 0);
	assert_int_equal(gossip_add(g, 3), -EEXIST);
	sim_start(s, 2);
	sim_run(s, 5 * SIM_SEC);
	assert_int_equal(sim_holding(s, 2, MEMBER_ALIVE), 3);
	assert_int_equal(sim_holding(s, 1, MEMBER_ALIVE), 3);
	sim_destroy(s);
}

/* As cluster(), and node 1 does not know the one after these, which is off. */
static struct sim *cluster_but_one(unsigned n)
{
	struct sim *s = sim_create(n + 1, 42);

	for (unsigned i = 0; i < n; i++)
		sim_start(s, i);
	gossip_forget(s->node[0].gossip, n + 1);
	sim_run(s, 3 * SIM_SEC);
	return s;
}

/* Whoever is met has the place of node 2, which is forgotten for that. */
static bool takes_its_place(struct sim_node *n, const struct node_info *i)
{
	gossip_forget(n->gossip, 2);
	return true;
}

static void a_sender_that_is_forgotten_meanwhile(void **state)
{
	CLEANUP(buf_finish) struct buf b = BUF_INIT, raw = BUF_INIT;
	struct sim *s = cluster_but_one(3);
	struct gossip *g = s->node[0].gossip;
	struct node_info stranger = seen(s, 1, 1)->info;
	const struct gossip_head h = { .kind = GOSSIP_PROBE, .mark = seen(s, 1, 1)->mark };
	struct err e = ERR_INIT;

	s->meet = takes_its_place;
	stranger.node = 4;
	info_put(&stranger, &raw);
	gossip_head_put(&h, &b);
	gossip_record_put(raw.data, 0, 0, &b);
	gossip_head_finish(&b, 0, 1);
	assert_int_equal(gossip_take(g, s->now, 2, b.data, b.len, &e), -EPROTO);
	assert_null(gossip_find(g, 2));
	assert_non_null(gossip_find(g, 4));
	assert_int_equal(gossip_take(g, s->now, 2, b.data, b.len, &e), -ENOENT);
	sim_run(s, 5 * SIM_SEC);
	sim_destroy(s);
}

static bool meets_all(struct sim_node *n, const struct node_info *i)
{
	return true;
}

/* Nobody could ever object to it: it is no reason to know a node. */
static void a_stranger_of_a_life_to_come(void **state)
{
	struct sim *s = cluster_but_one(2);
	struct node_info i = seen(s, 1, 1)->info;

	s->meet = meets_all;
	i.node = 3;
	i.life += 400ULL * 86400 * SIM_SEC;
	assert_int_equal(say_record(s, 1, 0, &i, 0), 0);
	assert_null(gossip_find(s->node[0].gossip, 3));
	i.life = seen(s, 1, 1)->info.life;
	assert_int_equal(say_record(s, 1, 0, &i, 0), 0);
	assert_non_null(gossip_find(s->node[0].gossip, 3));
	assert_int_equal(gossip_find(s->node[0].gossip, 3)->since, s->now);
	sim_destroy(s);
}

/* What was to be told of it in this second is not told as nothing: each packet is taken whole. */
static void the_forgotten_leave_no_empty_records(void **state)
{
	struct sim *s = cluster(60);
	uint64_t bad = gossip_counts(s->node[1].gossip)->bad;

	for (uint32_t k = 0; k < 40; k++) {
		sim_run(s, SIM_SEC / 20);
		gossip_forget(s->node[0].gossip, 20 + k);
	}
	for (unsigned i = 1; i < 19; i++)
		bad += gossip_counts(s->node[i].gossip)->bad;
	assert_int_equal(bad, 0);
	sim_destroy(s);
}

static void refuses(void **state)
{
	struct sim *s = cluster(3);
	uint8_t p[GOSSIP_PACKET_MAX + 1] = { GOSSIP_VERSION };
	CLEANUP(buf_finish) struct buf b = BUF_INIT;
	const struct gossip_head h = { .kind = GOSSIP_NEWS, .mark = seen(s, 1, 1)->mark };
	struct node_info bad = seen(s, 1, 1)->info;
	struct gossip *g = s->node[0].gossip;
	struct err e = ERR_INIT;

	gossip_head_put(&h, &b);
	assert_int_equal(gossip_take(g, s->now, 2, b.data, b.len, &e), 0);
	assert_int_equal(gossip_take(g, s->now, 9, b.data, b.len, &e), -ENOENT);
	assert_int_equal(gossip_take(g, s->now, 1, b.data, b.len, &e), -ENOENT);
	for (size_t n = 0; n < b.len; n++)
		assert_int_equal(gossip_take(g, s->now, 2, b.data, n, &e), -EPROTO);
	assert_int_equal(gossip_take(g, s->now, 2, p, sizeof(p), &e), -EPROTO);
	gossip_head_finish(&b, 1, 0); /* a word that is not there */
	assert_int_equal(gossip_take(g, s->now, 2, b.data, b.len, &e), -EPROTO);
	gossip_head_finish(&b, 0, 0);
	b.data[1] = GOSSIP_KIND_COUNT_;
	assert_int_equal(gossip_take(g, s->now, 2, b.data, b.len, &e), -EPROTO);
	b.data[0]++;
	assert_int_equal(gossip_take(g, s->now, 2, b.data, b.len, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.msg, "version"));
	bad.speed = 0;
	bad.seq += 9;
	assert_int_equal(say_record(s, 1, 0, &bad, 0), -EPROTO);
	assert_int_equal(seen(s, 0, 1)->info.speed, INFO_STANDARD_SPEED);
	sim_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(claims_fit_the_table),
		cmocka_unit_test(patience_shrinks),
		cmocka_unit_test(three_know_each_other),
		cmocka_unit_test(few_say_little),
		cmocka_unit_test(all_are_listed),
		cmocka_unit_test(the_dead_are_known),
		cmocka_unit_test(standing_still_is_not_death),
		cmocka_unit_test(a_leaver_is_gone_at_once),
		cmocka_unit_test(both_halves_go_on),
		cmocka_unit_test(the_smaller_half_too),
		cmocka_unit_test(a_liar_kills_nobody),
		cmocka_unit_test(a_lie_about_a_record_passes),
		cmocka_unit_test(flags_go_out_at_once),
		cmocka_unit_test(close_nodes_hear_each_second),
		cmocka_unit_test(strangers_meet),
		cmocka_unit_test(the_forgotten_may_come_again),
		cmocka_unit_test(a_sender_that_is_forgotten_meanwhile),
		cmocka_unit_test(a_stranger_of_a_life_to_come),
		cmocka_unit_test(the_forgotten_leave_no_empty_records),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
