/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is due when, in real time: mosd is woken once for all of them. */
#include "unit.h"

#include <ev.h>

#include "base/clock.h"
#include "base/util.h"
#include "node/beat.h"

#define HELD_UP (2 * NSEC_PER_SEC / 5) /* two ticks */

struct turns {
	struct ev_loop *loop;
	enum beat_part until; /* this one's @most-th turn ends it */
	unsigned most, n[BEAT_COUNT_];
	unsigned wakes;
	unsigned last[BEAT_COUNT_]; /* in which of the loop's rounds */
	bool hold_up;
	bool seldom; /* gossip is due once a second only */
	struct beat *beat;
};

static void turn(struct turns *t, enum beat_part p)
{
	unsigned round = ev_iteration(t->loop);
	bool first = true;

	for (enum beat_part k = 0; k < BEAT_COUNT_; k++)
		first &= t->last[k] != round;
	t->wakes += first;
	t->last[p] = round;
	if (++t->n[p] == t->most && p == t->until)
		ev_break(t->loop, EVBREAK_ALL);
}

static void on_measure(void *data)
{
	turn(data, BEAT_MEASURE);
}

static void on_native(void *data)
{
	turn(data, BEAT_NATIVE);
}

static void on_gossip(void *data)
{
	struct turns *t = data;
	nsec_t begin = mono_now();

	turn(t, BEAT_GOSSIP);
	beat_plan(t->beat, t->seldom ? begin + NSEC_PER_SEC : begin);
	while (t->hold_up && t->n[BEAT_GOSSIP] == 1 && mono_now() - begin < HELD_UP)
		;
}

static void on_balance(void *data)
{
	turn(data, BEAT_BALANCE);
}

static void run(struct turns *t, bool gossip)
{
	struct ev_loop *loop = t->loop = ev_loop_new(EVFLAG_AUTO);
	struct beat *b = beat_create(loop);

	assert_non_null(b);
	t->beat = b;
	beat_join(b, BEAT_BALANCE, on_balance, t);
	beat_join(b, BEAT_MEASURE, on_measure, t);
	beat_join(b, BEAT_NATIVE, on_native, t);
	if (gossip)
		beat_join(b, BEAT_GOSSIP, on_gossip, t);
	(void)ev_run(loop, 0);
	beat_leave(b, BEAT_GOSSIP);
	beat_destroy(b);
	ev_loop_destroy(loop);
}

/* Others held it up for longer than a tick: nothing has a wake-up of its own for that. */
static void together_after_a_delay(void **state)
{
	struct turns t = { .until = BEAT_BALANCE, .most = 1, .hold_up = true };

	run(&t, true);
	assert_int_equal(t.n[BEAT_GOSSIP], 6); /* one tick passed meanwhile */
	assert_int_equal(t.n[BEAT_MEASURE], 2);
	assert_int_equal(t.n[BEAT_NATIVE], 2);
	assert_int_equal(t.wakes, t.n[BEAT_GOSSIP]);
	assert_int_equal(t.last[BEAT_BALANCE], t.last[BEAT_GOSSIP]);
}

/* Ticks at which nothing is due are left out, and one that is due sooner than was thought comes. */
static void seldom(void **state)
{
	struct turns t = { .until = BEAT_BALANCE, .most = 1, .seldom = true };

	run(&t, true);
	assert_int_equal(t.n[BEAT_GOSSIP], 2);
	assert_int_equal(t.n[BEAT_MEASURE], 2);
	assert_int_equal(t.wakes, 4);
}

static void on_sooner(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct turns *t = w->data;

	beat_plan(t->beat, mono_now());
}

static void sooner_than_planned(void **state)
{
	struct turns t = { .until = BEAT_GOSSIP, .most = 2, .seldom = true };
	ev_timer sooner;

	t.loop = ev_loop_new(EVFLAG_AUTO);
	t.beat = beat_create(t.loop);
	assert_non_null(t.beat);
	beat_join(t.beat, BEAT_MEASURE, on_measure, &t);
	beat_join(t.beat, BEAT_GOSSIP, on_gossip, &t);
	ev_timer_init(&sooner, on_sooner, 0.3, 0.);
	sooner.data = &t;
	ev_timer_start(t.loop, &sooner);
	(void)ev_run(t.loop, 0);
	assert_int_equal(t.n[BEAT_MEASURE], 1); /* within the first second */
	ev_timer_stop(t.loop, &sooner);
	beat_destroy(t.beat);
	ev_loop_destroy(t.loop);
}

/* Without other nodes there is nothing to do five times a second. */
static void alone(void **state)
{
	struct turns t = { .until = BEAT_BALANCE, .most = 1 };

	run(&t, false);
	assert_int_equal(t.n[BEAT_MEASURE], 2);
	assert_int_equal(t.n[BEAT_GOSSIP], 0);
	assert_int_equal(t.wakes, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(together_after_a_delay),
		cmocka_unit_test(seldom),
		cmocka_unit_test(sooner_than_planned),
		cmocka_unit_test(alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
