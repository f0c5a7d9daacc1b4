/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host admits, and when it says that its memory is short. */
#include <errno.h>

#include "scene.h"

struct offer {
	struct scene *s;
	struct policy_under_way u;
	struct policy_arrival a;
	struct err e;
};

static int ask(struct offer *o)
{
	o->e = (struct err){ 0 };
	return policy_admit(o->s->policy, &o->s->conf, &o->s->nodes[0], &o->u, &o->a, &o->e);
}

static void reserve(void **state)
{
	struct policy_conf c;

	policy_conf_init(&c);
	assert_true(policy_reserve(&c, 1000 * 1000) == 50 * 1000);
	assert_true(policy_reserve(&c, 256 * MIB) == 32 * MIB);
	assert_true(policy_reserve(&c, 64 * MIB) == 16 * MIB);
	assert_true(policy_reserve(&c, 1024 * 1024 * MIB) == 2048 * MIB);
	assert_true(policy_reserve(&c, 0) == 0);
	assert_true(policy_reserve(&c, UINT64_MAX) == 2048 * MIB);
}

static void flags(void **state)
{
	struct offer o = { .s = scene_new(1, 0) };

	assert_int_equal(ask(&o), 0);
	o.s->nodes[0].flags = POLICY_BLOCK;
	assert_int_equal(ask(&o), -EPERM);
	assert_string_equal(o.e.reason, "block");
	o.s->nodes[0].flags = POLICY_EXPEL;
	assert_int_equal(ask(&o), -EPERM);
	assert_string_equal(o.e.reason, "expel");
	o.s->nodes[0].flags = POLICY_STAY | POLICY_LSTAY | POLICY_QUIET;
	assert_int_equal(ask(&o), 0);
	scene_end(o.s);
}

static void guests(void **state)
{
	struct offer o = { .s = scene_new(1, 0) };

	o.s->nodes[0].guests = 97;
	o.u.guests = 2;
	assert_int_equal(ask(&o), 0);
	o.u.guests = 3;
	assert_int_equal(ask(&o), -EUSERS);
	o.u.guests = UINT32_MAX;
	assert_int_equal(ask(&o), -EUSERS);
	o.u.guests = 0;
	o.s->nodes[0].guests_max = 0;
	assert_int_equal(ask(&o), -EUSERS);
	scene_end(o.s);
}

static void memory(void **state)
{
	struct offer o = { .s = scene_new(1, 0) };
	struct policy_node *me = &o.s->nodes[0];

	o.a.memory = 100 * MIB;
	me->mem_free = 100 * MIB + policy_reserve(&o.s->conf, me->mem_total);
	assert_int_equal(ask(&o), 0);
	me->mem_free--;
	assert_int_equal(ask(&o), -ENOMEM);
	assert_string_equal(o.e.reason, "no-memory");
	o.a.memory = UINT64_MAX;
	assert_int_equal(ask(&o), -ENOMEM);
	me->mem_free = me->mem_total = UINT64_MAX;
	assert_int_equal(ask(&o), -ENOMEM);
	scene_end(o.s);
}

static void load(void **state)
{
	struct offer o = { .s = scene_new(1, 2) };

	o.u.wants = 1000;
	o.a.wants = 1000;
	o.a.load_limit = 400;
	assert_int_equal(ask(&o), 0);
	o.a.load_limit = 399;
	assert_int_equal(ask(&o), -EBUSY);
	assert_string_equal(o.e.reason, "loaded");
	o.a.ordered = true;
	assert_int_equal(ask(&o), 0);
	o.a.ordered = false;
	o.s->nodes[0].speed = 20000;
	assert_int_equal(ask(&o), 0);
	o.s->nodes[0].speed = o.s->nodes[0].cpus = o.u.wants = o.a.wants = UINT32_MAX;
	assert_int_equal(ask(&o), 0);
	o.s->nodes[0].speed = o.s->nodes[0].cpus = 0;
	assert_int_equal(ask(&o), -EBUSY);
	scene_end(o.s);
}

/* @each KiB go in each second. */
static bool falls(struct scene *s, int seconds, uint64_t each, uint64_t largest)
{
	bool pressed = false;

	for (int i = 0; i < seconds; i++) {
		s->now += S;
		s->nodes[0].mem_free -= MIN(each, s->nodes[0].mem_free);
		pressed = policy_pressed(s->policy, &s->conf, s->now, &s->nodes[0], largest);
		s->nodes[0].flags = pressed ? POLICY_PRESSED : 0;
	}
	return pressed;
}

static void pressed_now(void **state)
{
	struct scene *s = scene_new(1, 0);
	uint64_t keep = policy_reserve(&s->conf, s->nodes[0].mem_total);

	s->nodes[0].mem_free = keep;
	assert_false(falls(s, 6, 0, 0));
	s->nodes[0].mem_free = keep - 1;
	assert_true(falls(s, 6, 0, 0));
	s->nodes[0].mem_free = keep * 3 / 2 - 1; /* not relieved yet */
	assert_true(falls(s, 6, 0, 0));
	s->nodes[0].mem_free = keep * 3 / 2 + 1;
	assert_false(falls(s, 6, 0, 0));
	scene_end(s);
}

static void pressed_soon(void **state)
{
	struct scene *s = scene_new(1, 0);

	s->nodes[0].mem_free = 2048 * MIB;
	assert_false(falls(s, 6, 50 * MIB, 0)); /* 1,748 left, 50 * 10 s gone when help comes */
	assert_true(falls(s, 1, 50 * MIB, 1700 * MIB)); /* ... and 50 * 18 s for its largest */
	assert_true(falls(s, 20, 50 * MIB, 0));
	scene_end(s);
}

/* A guest of 2 GiB that comes is no trend. */
static void step(void **state)
{
	struct scene *s = scene_new(1, 0);

	assert_false(falls(s, 6, 0, 0));
	assert_false(falls(s, 1, 2048 * MIB, 2048 * MIB));
	assert_false(falls(s, 6, 0, 2048 * MIB));
	scene_end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserve),	cmocka_unit_test(flags),
		cmocka_unit_test(guests),	cmocka_unit_test(memory),
		cmocka_unit_test(load),		cmocka_unit_test(pressed_now),
		cmocka_unit_test(pressed_soon), cmocka_unit_test(step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
