/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moves for memory: which leave, where to, and that no place is pushed under its reserve. */
#include "scene.h"

static const uint64_t total = 8192 * MIB;

static uint64_t keep(const struct scene *s)
{
	return policy_reserve(&s->conf, total);
}

/* Home lacks @lack KiB to its relief; it has processes of 100, 300, 500 and 900 MiB, all of which
 * do little. */
static struct scene *short_home(uint64_t lack)
{
	static const uint64_t sizes[] = { 300, 900, 100, 500 };
	struct scene *s = scene_new(3, 4);

	s->nodes[0].runnable = 40;
	for (int i = 0; i < 4; i++) {
		s->ours[i].use = s->ours[i].wants = 10;
		s->ours[i].memory = sizes[i] * MIB;
	}
	s->nodes[0].mem_free = keep(s) * 3 / 2 - lack;
	return s;
}

static void smallest_that_suffices(void **state)
{
	struct scene *s = short_home(250 * MIB);

	assert_int_equal(scene_run(s), 1);
	assert_int_equal(s->go[0].reason, POLICY_USHER);
	assert_int_equal(s->go[0].id, 100);
	assert_true(s->go[0].mem_keep == keep(s) && s->go[0].mem_from == s->nodes[0].mem_free);
	assert_int_equal(scene_run(s), 0); /* that is enough, once it has gone */
	scene_end(s);
}

static void largest_first_if_none_does(void **state)
{
	struct scene *s = short_home(604 * MIB);

	s->ours[1].locked = true; /* 900 */
	assert_int_equal(scene_run(s), 2);
	assert_int_equal(s->go[0].id, 103); /* 500, and then */
	assert_int_equal(s->go[1].id, 100); /* 300: the smallest for the rest */
	scene_end(s);
}

static void at_the_reserve(void **state)
{
	struct scene *s = short_home(0);

	s->nodes[0].mem_free = keep(s);
	assert_int_equal(scene_run(s), 0);
	s->nodes[0].mem_free--;
	assert_int_equal(scene_run(s), 1);
	scene_end(s);
}

static void off_and_stay(void **state)
{
	struct scene *s = short_home(300 * MIB);

	s->conf.usher = false;
	assert_int_equal(scene_run(s), 0);
	s->conf.usher = true;
	s->nodes[0].flags = POLICY_LSTAY;
	assert_int_equal(scene_run(s), 0);
	s->nodes[0].flags = 0;
	s->conf.balance = false; /* memory is another matter */
	assert_int_equal(scene_run(s), 1);
	scene_end(s);
}

/* No place comes under its relief, whatever is sent by how many rounds. */
static void no_target_pushed(void **state)
{
	struct scene *s = short_home(400 * MIB);

	s->nodes[1].mem_free = keep(s) * 3 / 2 + 500 * MIB - 1;
	s->nodes[2].mem_free = keep(s) * 3 / 2 + 300 * MIB;
	assert_int_equal(scene_run(s), 2); /* 500 does not fit anywhere, 900 neither */
	assert_int_equal(s->go[0].id, 100);
	assert_int_equal(s->go[1].id, 102);
	if (s->go[0].to.v == 3)
		assert_int_equal(s->go[1].to.v, 2);
	scene_end(s);
}

static void no_room(void **state)
{
	struct scene *s = short_home(400 * MIB);

	s->nodes[1].mem_free = s->nodes[2].mem_free = keep(s);
	assert_stays(s, POLICY_NO_MEMORY);
	assert_int_equal(s->why[0].reason, POLICY_USHER);
	scene_end(s);
}

static void wanted_counts(void **state)
{
	struct scene *s = short_home(250 * MIB);

	s->ours[0].wanted = 100 * 1024 * MIB; /* it will grow, and fits nowhere */
	assert_int_equal(scene_run(s), 1);
	assert_int_equal(s->go[0].id, 103);
	scene_end(s);
}

/* Free memory falls: it will be short before a move could help. */
static void looks_ahead(void **state)
{
	struct scene *s = short_home(0);
	int moved = 0;

	s->nodes[0].mem_free = 3000 * MIB;
	for (int i = 0; i < 60 && !moved; i++) {
		s->now += S;
		s->nodes[0].mem_free -= 50 * MIB;
		moved = scene_run(s);
	}
	assert_int_equal(s->go[0].reason, POLICY_USHER);
	assert_true(s->nodes[0].mem_free > keep(s) + 500 * MIB);
	assert_true(s->nodes[0].mem_free < keep(s) + 800 * MIB);
	scene_end(s);
}

/* A host is pressed: our largest that fits leaves, by itself if all guests there are ours. */
static void pressed_host(void **state)
{
	struct scene *s = short_home(0);

	for (int i = 0; i < 3; i++)
		scene_put(s, i, 2);
	s->nodes[0].runnable = s->nodes[1].runnable = 0;
	s->nodes[0].mem_free = 6000 * MIB;
	s->nodes[1].flags = POLICY_PRESSED;
	s->nodes[1].mem_free = keep(s) - MIB;
	assert_int_equal(scene_run(s), 1);
	assert_int_equal(s->go[0].id, 101);
	assert_int_equal(s->go[0].reason, POLICY_USHER);
	assert_int_equal(scene_run(s), 0); /* its record cannot show it yet */
	scene_end(s);
}

/* Of a hundred guests one is ours: a hundredth of what is needed is our part. */
static void our_part(void **state)
{
	struct scene *s = short_home(0);
	int moved = 0;

	scene_put(s, 0, 2);
	s->nodes[0].runnable = s->nodes[1].runnable = 0;
	s->nodes[0].mem_free = 6000 * MIB;
	s->nodes[1].flags = POLICY_PRESSED;
	s->nodes[1].guests = 100;
	s->nodes[1].guests_max = 1000;
	s->nodes[1].mem_free = keep(s) * 3 / 2 - 300 * MIB;
	for (int i = 0; i < 5000; i++) {
		if (scene_run(s) == 1) {
			moved++;
			policy_ended(s->policy, s->now, 100, NODE_ID_NONE, 0);
		} else {
			assert_int_equal(s->why[0].verdict, POLICY_NO_GAIN);
		}
	}
	assert_true(moved > 20 && moved < 90);
	scene_end(s);
}

/* It left for memory: it does not go back for load. */
static void does_not_return(void **state)
{
	struct scene *s = scene_new(2, 1);

	scene_put(s, 0, 2);
	s->nodes[1].flags = POLICY_PRESSED;
	s->nodes[1].mem_free = 0;
	assert_goes(s, 1, POLICY_USHER);
	policy_moved(s->policy, &s->conf, s->now, 100, 0);
	s->now += 60 * S;
	s->ours[0].at.v = 1;
	s->nodes[0].runnable = 4000;
	s->nodes[1].flags = 0;
	s->nodes[1].mem_free = 6000 * MIB;
	s->nodes[1].runnable = 0;
	assert_stays(s, POLICY_NO_MEMORY);
	s->now += 300 * S;
	assert_goes(s, 2, POLICY_BALANCE);
	scene_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smallest_that_suffices),
		cmocka_unit_test(largest_first_if_none_does),
		cmocka_unit_test(at_the_reserve),
		cmocka_unit_test(off_and_stay),
		cmocka_unit_test(no_target_pushed),
		cmocka_unit_test(no_room),
		cmocka_unit_test(wanted_counts),
		cmocka_unit_test(looks_ahead),
		cmocka_unit_test(pressed_host),
		cmocka_unit_test(our_part),
		cmocka_unit_test(does_not_return),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
