/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each rule of balancing, at the figures where it changes its mind. */
#include <errno.h>

#include "scene.h"

static void spreads(void **state)
{
	struct scene *s = scene_new(2, 2);

	assert_int_equal(scene_run(s), 1);
	assert_int_equal(s->go[0].to.v, 2);
	assert_int_equal(s->go[0].reason, POLICY_BALANCE);
	assert_int_equal(s->go[0].load_from, 200);
	assert_int_equal(s->go[0].load_from_after, 100);
	assert_int_equal(s->go[0].load_to, 0);
	assert_int_equal(s->go[0].load_to_after, 100);
	assert_int_equal(s->go[0].rate_from, 500);
	assert_int_equal(s->go[0].rate_to, 1000);
	assert_true(s->go[0].remaining == 60 * S && s->go[0].gain == 60 * S);
	/* 100 MiB at 100 MB/s and 50 ms */
	assert_true(s->go[0].move > 1098 * S / 1000 && s->go[0].move < 1099 * S / 1000);
	/* It is under way: nothing more goes, though the records say what they said. */
	s->ours[s->go[0].id - 100].busy = true;
	assert_int_equal(scene_run(s), 0);
	scene_end(s);
}

static void alone_stays(void **state)
{
	struct scene *s = scene_new(3, 1);

	assert_stays(s, POLICY_NO_GAIN);
	scene_end(s);
}

/* Two and one: a third would be slower there than the second is here. */
static void nearly_equal_stays(void **state)
{
	struct scene *s = scene_new(2, 2);

	s->nodes[1].runnable = 1000;
	assert_stays(s, POLICY_NO_GAIN);
	s->nodes[1].runnable = 550; /* 550 + 1000 + 0.3 * 550: 1.715 of 2 */
	assert_int_equal(scene_run(s), 1);
	scene_end(s);
}

static void all_at_once(void **state)
{
	struct scene *s = scene_new(3, 8);
	uint32_t to[4] = { 0 };

	assert_int_equal(scene_run(s), 5);
	for (int i = 0; i < 5; i++)
		to[s->go[i].to.v]++;
	assert_true(to[2] + to[3] == 5 && to[2] >= 2 && to[3] >= 2);
	scene_end(s);
}

/* What it has used is what it is expected to need. */
static void young_is_not_worth_it(void **state)
{
	struct scene *s = scene_new(2, 2);

	for (int i = 0; i < 2; i++)
		s->ours[i].used = 2 * S; /* gains 2 s; twice the move are 2.2 s */
	assert_stays(s, POLICY_COSTLY);
	assert_true(s->why[0].gain < s->why[0].needed && s->why[0].to.v == 2);
	s->ours[0].used = 23 * S / 10;
	assert_goes(s, 2, POLICY_BALANCE);
	assert_int_equal(s->go[0].id, 100);
	scene_end(s);
}

static void faster_node(void **state)
{
	struct scene *s = scene_new(3, 1);

	s->nodes[1].speed = 10400; /* less than 5 % sooner done */
	assert_stays(s, POLICY_NO_GAIN);
	s->nodes[2].speed = 20000;
	assert_goes(s, 3, POLICY_BALANCE);
	assert_int_equal(s->go[0].rate_to, 2000);
	scene_end(s);
}

static void half_a_processor(void **state)
{
	struct scene *s = scene_new(2, 2);

	s->nodes[1].cpus = 500; /* there it would get half of one, as here */
	assert_stays(s, POLICY_NO_GAIN);
	s->nodes[1].cpus = 4000;
	s->nodes[1].runnable = 2000; /* two of four are in use */
	assert_int_equal(scene_run(s), 1);
	scene_end(s);
}

static void levers(void **state)
{
	static const struct {
		uint8_t here, there;
		uint32_t at;
		uint8_t verdict;
	} rows[] = {
		{ POLICY_STAY, 0, 1, POLICY_STAYS },	{ POLICY_LSTAY, 0, 1, POLICY_STAYS },
		{ 0, POLICY_BLOCK, 1, POLICY_NO_NODE }, { 0, POLICY_QUIET, 1, POLICY_NO_NODE },
		{ 0, POLICY_EXPEL, 1, POLICY_NO_NODE }, { 0, POLICY_PRESSED, 1, POLICY_NO_NODE },
		{ 0, POLICY_STAY, 2, POLICY_STAYS },	{ 0, POLICY_QUIET, 2, POLICY_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct scene *s = scene_new(2, 2);

		if (rows[i].at == 2) {
			scene_put(s, 0, 2);
			s->nodes[1].runnable = 5000;
		}
		s->nodes[0].flags = rows[i].here;
		s->nodes[1].flags = rows[i].there;
		assert_stays(s, rows[i].verdict);
		scene_end(s);
	}
}

/* lstay holds its own; guests may leave, and ours that are away may come home. */
static void lstay_lets_guests_go(void **state)
{
	struct scene *s = scene_new(3, 1);

	scene_put(s, 0, 2);
	s->nodes[1].runnable = 3000;
	s->nodes[1].flags = POLICY_LSTAY;
	s->nodes[2].flags = POLICY_BLOCK;
	s->nodes[0].flags = POLICY_BLOCK; /* not to its own */
	assert_goes(s, 1, POLICY_BALANCE);
	scene_end(s);
}

static void held_back(void **state)
{
	struct scene *s = scene_new(2, 2);
	static const struct policy_range only[] = { { 5, 9 } };

	s->ours[1].locked = s->ours[0].locked = true;
	assert_stays(s, POLICY_LOCKED);
	s->ours[0].locked = false;
	s->ours[0].forbidden = "shared-writable";
	assert_stays(s, POLICY_FORBIDDEN);
	assert_string_equal(s->why[0].word, "shared-writable");
	s->ours[0].forbidden_until = s->now;
	assert_goes(s, 2, POLICY_BALANCE); /* the time is over */
	policy_ended(s->policy, s->now, 100, (node_id){ 1 }, 0);
	s->ours[0].forbidden = NULL;
	s->ours[0].allowed = only;
	s->ours[0].n_allowed = 1;
	assert_stays(s, POLICY_NO_NODE);
	s->ours[0].allowed = NULL;
	s->nodes[1].compatible = false;
	assert_stays(s, POLICY_NO_NODE);
	s->nodes[1].compatible = true;
	s->nodes[1].alive = false;
	assert_stays(s, POLICY_NO_NODE);
	s->nodes[1].alive = true;
	s->nodes[1].age = s->conf.age_max + 1;
	assert_stays(s, POLICY_NO_NODE);
	s->nodes[1].age = 0;
	s->nodes[1].guests = s->nodes[1].guests_max;
	assert_stays(s, POLICY_NO_NODE);
	s->nodes[1].guests = 0;
	s->nodes[1].mem_free = 500 * MIB; /* 100 go there, and 614 must stay */
	assert_stays(s, POLICY_NO_MEMORY);
	s->nodes[1].mem_free = 6144 * MIB;
	s->ours[0].wanted = 6000 * MIB;
	assert_stays(s, POLICY_NO_MEMORY);
	s->ours[0].wanted = 0;
	s->conf.balance = false;
	assert_stays(s, POLICY_STAYS);
	scene_end(s);
}

static void allowed_set(void **state)
{
	static const struct policy_range only[] = { { 2, 2 }, { 5, 6 } };
	struct scene *s = scene_new(8, 2);

	s->ours[0].allowed = only;
	s->ours[0].n_allowed = ARRAY_SIZE(only);
	s->ours[1].locked = true;
	s->nodes[1].runnable = s->nodes[4].runnable = 3000;
	assert_goes(s, 6, POLICY_BALANCE);
	scene_end(s);
}

/* It has moved; for load it moves again after 5 s for each move. */
static void residency(void **state)
{
	struct scene *s = scene_new(3, 1);

	scene_put(s, 0, 2);
	s->nodes[1].runnable = 3000;
	s->nodes[0].flags = 0;
	s->ours[0].moves = 3;
	s->ours[0].arrived = s->now - 15 * S + 1;
	assert_stays(s, POLICY_YOUNG);
	assert_true(s->why[0].wait == 1);
	s->ours[0].arrived = s->now - 15 * S;
	assert_int_equal(scene_until(s), 1);
	scene_end(s);
}

/* Back to where it came from: only for twice as much. */
static void returning(void **state)
{
	struct scene *s = scene_new(2, 1);

	policy_sent(s->policy, s->now - 100 * S, 100, (node_id){ 1 }, (node_id){ 2 }, 1000, 0);
	policy_moved(s->policy, &s->conf, s->now - 99 * S, 100, 0);
	scene_put(s, 0, 2);
	s->nodes[1].runnable = 1080; /* 7 % sooner done at home */
	assert_stays(s, POLICY_NO_GAIN);
	s->nodes[1].runnable = 1200;
	assert_goes(s, 1, POLICY_BALANCE);
	scene_end(s);
}

static void failures_back_off(void **state)
{
	struct scene *s = scene_new(2, 2);
	int64_t wait = s->conf.backoff;

	s->ours[1].locked = true;
	for (int i = 0; i < 7; i++) {
		assert_goes(s, 2, POLICY_BALANCE);
		policy_moved(s->policy, &s->conf, s->now, 100, -ECONNRESET);
		assert_stays(s, POLICY_BACKOFF);
		assert_true(s->why[0].wait == wait);
		s->now += wait - 1;
		assert_stays(s, POLICY_BACKOFF);
		s->now++;
		wait = MIN(2 * wait, s->conf.backoff_max);
	}
	assert_true(wait == s->conf.backoff_max);
	scene_end(s);
}

/* A host that refused gets nothing more before it has told anew. */
static void refusals(void **state)
{
	struct scene *s = scene_new(2, 2);

	s->ours[1].locked = true;
	assert_goes(s, 2, POLICY_BALANCE);
	policy_moved(s->policy, &s->conf, s->now, 100, -EBUSY);
	s->now += 10 * S;
	s->nodes[1].age = 11 * S;
	assert_stays(s, POLICY_NO_NODE);
	s->nodes[1].age = 9 * S;
	assert_goes(s, 2, POLICY_BALANCE);
	scene_end(s);
}

/* A move counts at both ends until their records can show it. */
static void credits(void **state)
{
	struct scene *s = scene_new(2, 4);

	for (int i = 1; i < 4; i++)
		s->ours[i].locked = true;
	s->nodes[0].runnable = 2000; /* what we know to be here counts, not the slow mean */
	assert_goes(s, 2, POLICY_BALANCE);
	assert_int_equal(s->go[0].load_from, 400);
	policy_moved(s->policy, &s->conf, s->now + S, 100, 0);
	s->ours[0].at.v = 2;
	s->ours[1].locked = false;
	s->nodes[0].runnable = 4000;
	s->now += 2 * S; /* node 2's record is from just before the end of the move */
	assert_int_equal(scene_run(s), 1);
	assert_int_equal(s->go[0].load_to, 100);
	policy_moved(s->policy, &s->conf, s->now, 101, -EIO);
	s->now += 10 * S; /* the mean has followed: the record alone counts */
	s->nodes[1].runnable = 1000;
	assert_int_equal(scene_run(s), 1);
	assert_int_equal(s->go[0].load_to, 100);
	scene_end(s);
}

static void forgotten_move(void **state)
{
	struct scene *s = scene_new(2, 2);

	s->conf.moves_at_once = 1;
	assert_int_equal(scene_run(s), 1);
	s->now += s->conf.move_longest;
	assert_int_equal(scene_run(s), 0);
	s->now++;
	assert_int_equal(scene_run(s), 1);
	scene_end(s);
}

static void limits(void **state)
{
	struct scene *s = scene_new(20, 20);

	s->conf.moves_each = 3;
	s->conf.moves_at_once = 4;
	assert_int_equal(scene_run(s), 3);
	assert_int_equal(scene_run(s), 1);
	assert_int_equal(scene_run(s), 0);
	assert_int_equal(s->why[19].verdict, POLICY_LIMIT);
	scene_end(s);
}

/* 2,000 calls a second, 0.23 ms each, are 46 % of its time. */
static void talks(void **state)
{
	struct scene *s = scene_new(2, 1);

	scene_put(s, 0, 2);
	s->ours[0].use = s->ours[0].wants = 540;
	s->ours[0].calls = 2000;
	s->nodes[1].runnable = 540;
	assert_goes(s, 1, POLICY_COME_HOME);
	assert_int_equal(s->go[0].away_from, 460);
	assert_int_equal(s->go[0].away_to, 0);
	policy_moved(s->policy, &s->conf, s->now, 100, 0);
	/* At home its calls are not seen, but remembered: two share home, and it stays. */
	s->ours[0].at.v = 1;
	s->ours[0].calls = 0;
	s->ours[0].use = 500;
	s->ours[0].wants = 1000;
	s->now += 30 * S;
	s->ours[0].arrived = s->now - 30 * S;
	s->nodes[0].runnable = 1600;
	s->nodes[1].runnable = 0;
	assert_stays(s, POLICY_TALKS);
	scene_end(s);
}

static void hints(void **state)
{
	struct scene *s = scene_new(2, 2);

	s->ours[1].locked = true;
	s->ours[0].calls = 5000;
	assert_stays(s, POLICY_TALKS);
	s->ours[0].hint = POLICY_HINT_CPU;
	assert_goes(s, 2, POLICY_BALANCE);
	policy_ended(s->policy, s->now, 100, (node_id){ 2 }, 0);
	s->ours[0].hint = POLICY_HINT_IO;
	s->ours[0].calls = 0;
	assert_stays(s, POLICY_STAYS);
	scene_put(s, 0, 2);
	s->now += 10 * S;
	assert_goes(s, 1, POLICY_COME_HOME);
	scene_end(s);
}

static void expel(void **state)
{
	struct scene *s = scene_new(3, 3);

	for (int i = 0; i < 3; i++) {
		scene_put(s, i, 2);
		s->ours[i].locked = i != 1;
		s->ours[i].arrived = s->now;
	}
	s->nodes[1].flags = POLICY_EXPEL | POLICY_BLOCK | POLICY_STAY;
	assert_int_equal(scene_run(s), 3); /* locks and residency do not count */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(s->go[i].reason, POLICY_EXPEL_HOST);
		assert_true(s->go[i].to.v != 2);
	}
	scene_end(s);
}

static void expel_to_home_without_room(void **state)
{
	struct scene *s = scene_new(3, 1);

	scene_put(s, 0, 2);
	s->nodes[1].flags = POLICY_EXPEL;
	s->nodes[2].flags = POLICY_BLOCK;
	s->nodes[0].mem_free = 10 * MIB;
	assert_goes(s, 1, POLICY_EXPEL_HOST);
	scene_end(s);
}

static void bring(void **state)
{
	struct scene *s = scene_new(2, 4);

	scene_put(s, 1, 2);
	scene_put(s, 2, 2);
	s->ours[2].forbidden = "busy";
	s->ours[1].locked = true;
	s->conf.bring = true;
	assert_int_equal(scene_run(s), 1);
	assert_int_equal(s->go[0].id, 101);
	assert_int_equal(s->go[0].reason, POLICY_BRING);
	scene_end(s);
}

/* Locked at a node, and home for a call: it goes back, unless something is against it, the later the more often. */
static void back(void **state)
{
	struct scene *s = scene_new(3, 1);
	struct policy_process *p = &s->ours[0];

	scene_put(s, 0, 1);
	p->locked = true;
	p->place = s->nodes[2].node;
	p->moves = 2;
	p->arrived = s->now - 1000000000;
	s->nodes[2].flags = POLICY_BLOCK;
	assert_stays(s, POLICY_LOCKED);
	s->nodes[2].flags = 0;
	s->nodes[0].flags = POLICY_LSTAY;
	assert_stays(s, POLICY_LOCKED);
	s->nodes[0].flags = 0;
	p->moves = 6; /* its third stay at home */
	assert_stays(s, POLICY_LOCKED);
	p->arrived = s->now - 2 * s->conf.residency;
	p->place = NODE_ID_NONE;
	assert_stays(s, POLICY_LOCKED);
	p->place = s->nodes[2].node;
	assert_goes(s, 3, POLICY_BACK);
	scene_end(s);
}

/* The host's own users have work for its processor: the guest goes where it is not slower. */
static void local_first(void **state)
{
	struct scene *s = scene_new(3, 2);

	scene_put(s, 0, 2);
	s->ours[1].locked = true;
	s->nodes[1].runnable = 2000;
	s->nodes[1].native = 1000;
	s->nodes[2].runnable = 1000;
	s->nodes[2].native = 1000;
	s->nodes[0].native = 1000; /* nowhere is room */
	assert_stays(s, POLICY_NO_GAIN);
	s->nodes[2].native = 0; /* two guests there, and not more than here */
	s->ours[0].use = s->ours[0].wants = 20; /* one that sleeps is in nobody's way */
	assert_stays(s, POLICY_NO_GAIN);
	s->ours[0].use = s->ours[0].wants = 1000;
	assert_goes(s, 3, POLICY_LOCAL_FIRST);
	scene_end(s);
}

/* At home, slowed down by a guest: the guest is to leave. */
static void guests_first(void **state)
{
	struct scene *s = scene_new(2, 1);

	s->nodes[0].runnable = 2000;
	s->nodes[0].guests = 1;
	s->nodes[0].native = 1000;
	assert_stays(s, POLICY_GUESTS);
	s->nodes[0].native = 2000; /* no guests: other work of its own users */
	assert_goes(s, 2, POLICY_BALANCE);
	scene_end(s);
}

static void wrong_input(void **state)
{
	struct scene *s = scene_new(3, 1);

	s->nodes[2].node.v = 2;
	assert_int_equal(scene_run(s), -EINVAL); /* twice the same */
	s->nodes[2].node.v = 3;
	s->nodes[1].me = true;
	assert_int_equal(scene_run(s), -EINVAL);
	s->nodes[0].me = s->nodes[1].me = false;
	assert_int_equal(scene_run(s), -EINVAL);
	s->n = 0;
	assert_int_equal(scene_run(s), -EINVAL);
	scene_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spreads),
		cmocka_unit_test(alone_stays),
		cmocka_unit_test(nearly_equal_stays),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(young_is_not_worth_it),
		cmocka_unit_test(faster_node),
		cmocka_unit_test(half_a_processor),
		cmocka_unit_test(levers),
		cmocka_unit_test(lstay_lets_guests_go),
		cmocka_unit_test(held_back),
		cmocka_unit_test(allowed_set),
		cmocka_unit_test(residency),
		cmocka_unit_test(returning),
		cmocka_unit_test(failures_back_off),
		cmocka_unit_test(refusals),
		cmocka_unit_test(credits),
		cmocka_unit_test(forgotten_move),
		cmocka_unit_test(limits),
		cmocka_unit_test(talks),
		cmocka_unit_test(hints),
		cmocka_unit_test(expel),
		cmocka_unit_test(expel_to_home_without_room),
		cmocka_unit_test(bring),
		cmocka_unit_test(back),
		cmocka_unit_test(local_first),
		cmocka_unit_test(guests_first),
		cmocka_unit_test(wrong_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
