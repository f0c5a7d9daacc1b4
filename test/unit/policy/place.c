/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a program begins. */
#include "scene.h"

static uint32_t place(struct scene *s, const struct policy_program *p, struct policy_decision *d)
{
	struct policy_input in = scene_input(s);

	assert_int_equal(policy_place(s->policy, &s->conf, &in, p, d), 0);
	return d->to.v;
}

static void home_unless_better(void **state)
{
	struct scene *s = scene_new(3, 0);
	struct policy_program p = { .id = 7 };
	struct policy_decision d;

	assert_int_equal(place(s, &p, &d), 1);
	s->nodes[0].runnable = 190; /* 1.19 times as slow as an idle one */
	assert_int_equal(place(s, &p, &d), 1);
	s->nodes[0].runnable = 210;
	assert_int_not_equal(place(s, &p, &d), 1);
	assert_int_equal(d.reason, POLICY_PLACE);
	assert_int_equal(d.load_limit, 121); /* with more, home would be faster */
	s->nodes[0].runnable = 0;
	s->nodes[1].speed = 11000;
	p.id = 8;
	p.best = true; /* mosrun -b */
	assert_int_equal(place(s, &p, &d), 2);
	scene_end(s);
}

/* What was sent a moment ago counts, though no record shows it. */
static void one_after_the_other(void **state)
{
	struct scene *s = scene_new(11, 1);
	uint32_t got[12] = { 0 };
	struct policy_decision d;

	for (uint64_t i = 1; i <= 10; i++) {
		struct policy_program p = { .id = i };

		got[place(s, &p, &d)]++;
	}
	for (int i = 2; i <= 11; i++)
		assert_int_equal(got[i], 1);
	scene_end(s);
}

/* Many homes, each with the same picture: the newcomers spread over all that are nearly as good. */
static void no_stampede(void **state)
{
	uint32_t got[101] = { 0 }, most = 0;

	for (uint64_t seed = 0; seed < 200; seed++) {
		struct scene *s = scene_new(100, 1);
		struct policy_program p = { .id = 1 };
		struct policy_decision d;

		s->random = seed * 7919;
		for (int i = 1; i < 100; i++)
			s->nodes[i].runnable = i < 51 ? 0 : 100;
		got[place(s, &p, &d)]++;
		scene_end(s);
	}
	for (int i = 1; i <= 100; i++)
		most = MAX(most, got[i]);
	assert_true(most <= 10);
	assert_int_equal(got[1], 0);
}

static void list(void **state)
{
	static const struct policy_range only[] = { { 3, 4 } };
	struct scene *s = scene_new(5, 0);
	struct policy_program p = { .id = 7, .away = true, .allowed = only, .n_allowed = 1 };
	struct policy_decision d;
	uint32_t to;

	s->nodes[2].runnable = s->nodes[3].runnable = 5000;
	to = place(s, &p, &d);
	assert_true(to == 3 || to == 4);
	s->nodes[2].alive = s->nodes[3].alive = false;
	p.id = 8;
	assert_int_equal(place(s, &p, &d), 1);
	scene_end(s);
}

static void memory(void **state)
{
	struct scene *s = scene_new(3, 2);
	struct policy_program p = { .id = 7, .memory = 7000 * MIB };
	struct policy_decision d;

	assert_int_equal(place(s, &p, &d), 1); /* nobody has so much */
	s->nodes[2].mem_free = s->nodes[2].mem_total = 16384 * MIB;
	assert_int_equal(place(s, &p, &d), 3);
	scene_end(s);
}

static void iojob(void **state)
{
	struct scene *s = scene_new(3, 5);
	struct policy_program p = { .id = 7, .hint = POLICY_HINT_IO };
	struct policy_decision d;

	assert_int_equal(place(s, &p, &d), 1);
	scene_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(home_unless_better),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(no_stampede),
		cmocka_unit_test(list),
		cmocka_unit_test(memory),
		cmocka_unit_test(iojob),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
