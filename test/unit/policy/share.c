/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all see, and each does his part of. */
#include "scene.h"

/* Decides @rounds times from the same picture. Return: how many moves in all. */
static int often(struct scene *s, int rounds)
{
	int moved = 0;

	for (int i = 0; i < rounds; i++) {
		int n = scene_run(s);

		for (int k = 0; k < n; k++)
			policy_ended(s->policy, s->now, s->go[k].id, NODE_ID_NONE, 0);
		moved += n;
	}
	return moved;
}

/* Two hundred homes with three each, one idle node: all together send about three, in the time
 * until they hear what the others did. */
static void newcomer(void **state)
{
	struct scene *s = scene_new(201, 3);
	double sent;

	for (int i = 1; i < 200; i++)
		s->nodes[i].runnable = 3000;
	for (int i = 1; i < 201; i++)
		s->nodes[i].age = 6 * S;
	sent = often(s, 10000) / 10000.0 * 200 * 7; /* of 200 homes, in 7 s */
	assert_true(sent > 1.5 && sent < 4.5);
	assert_int_equal(s->why[0].verdict, POLICY_OTHERS);
	assert_true(s->why[0].chance <= 5);
	scene_end(s);
}

/* All that is too much is ours: nobody else would do it. */
static void all_ours(void **state)
{
	struct scene *s = scene_new(100, 4);

	assert_true(scene_run(s) >= 3);
	scene_end(s);
}

/* Two homes with the same: each does half. */
static void half(void **state)
{
	struct scene *s = scene_new(6, 4);

	s->nodes[5].runnable = 4000;
	for (int i = 1; i < 4; i++)
		s->nodes[i].runnable = 1000;
	assert_int_equal(scene_run(s),
			 2); /* and the other sends two: then all have two, one has one */
	scene_end(s);
}

/* Where the hosts do not check, half of it is sent, more slowly. */
static void without_check(void **state)
{
	struct scene *s = scene_new(101, 3);
	int with, without;

	for (int i = 1; i < 100; i++)
		s->nodes[i].runnable = 3000;
	with = often(s, 6000);
	s->conf.hosts_check = false;
	without = often(s, 6000);
	assert_true(without > 0 && without * 3 < with);
	scene_end(s);
}

/* The best of many places is not all that is drawn: each gets its part. */
static void drawn_by_gap(void **state)
{
	struct scene *s = scene_new(1001, 1);
	uint32_t fast = 0, n = 0;

	s->nodes[0].runnable = 2000; /* one is not ours and does not move */
	for (int i = 1; i <= 1000; i++)
		s->nodes[i].speed = i <= 500 ? 10000 : 10800;
	for (int i = 0; i < 2000; i++) {
		if (scene_run(s) != 1)
			continue;
		n++;
		fast += s->go[0].to.v > 501;
		policy_ended(s->policy, s->now, 100, NODE_ID_NONE, 0);
	}
	assert_true(n > 500);
	assert_true(fast > n / 3 && fast < n - n / 6);
	scene_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newcomer),	cmocka_unit_test(all_ours),
		cmocka_unit_test(half),		cmocka_unit_test(without_check),
		cmocka_unit_test(drawn_by_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
