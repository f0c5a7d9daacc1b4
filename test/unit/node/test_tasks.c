/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that wait, seen by bounded looks; the threads are made up. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "node/figures/tasks.h"

#define SEC NSEC_PER_SEC
#define MOST 4096

struct thread {
	uint64_t ran, waited;
	bool ready, ours, gone;
};

struct world {
	struct thread thread[MOST];
	unsigned n, looks, asked;
	nsec_t now;
	struct tasks *tasks;
	uint32_t waiting;
	uint64_t ran;
};

static int list(void *ctx, int *to, unsigned max, bool *ret_all)
{
	struct world *w = ctx;
	unsigned n = 0;

	for (unsigned i = w->n; i-- > 0 && n < max;) /* in no useful order */
		if (!w->thread[i].gone)
			to[n++] = (int)i + 100;
	*ret_all = w->n <= max;
	return (int)n;
}

static int look(void *ctx, int tid, uint64_t *ret_ran, uint64_t *ret_waited)
{
	struct world *w = ctx;

	w->looks++;
	*ret_ran = w->thread[tid - 100].ran;
	*ret_waited = w->thread[tid - 100].waited;
	return 0;
}

static bool ready(void *ctx, int tid)
{
	struct world *w = ctx;

	return w->thread[tid - 100].ready;
}

static bool ours(void *ctx, int tid)
{
	struct world *w = ctx;

	w->asked++;
	return w->thread[tid - 100].ours;
}

static const struct tasks_ops ops = { list, look, ready, ours };

static int make(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	w.now = SEC;
	w.tasks = tasks_create(&ops, &w);
	*state = &w;
	return w.tasks ? 0 : -1;
}

static int drop(void **state)
{
	struct world *w = *state;

	tasks_destroy(w->tasks);
	return 0;
}

static int second(struct world *w)
{
	w->looks = 0;
	w->now += SEC;
	return tasks_look(w->tasks, w->now, &w->waiting, &w->ran);
}

static void runs(struct world *w, unsigned i, unsigned ran_ms, unsigned waited_ms)
{
	w->thread[i].ran += ran_ms * (uint64_t)NSEC_PER_MSEC;
	w->thread[i].waited += waited_ms * (uint64_t)NSEC_PER_MSEC;
}

static void sums_up(void **state)
{
	struct world *w = *state;

	w->n = 3;
	runs(w, 0, 90000, 90000); /* long ago */
	assert_int_equal(second(w), 0);
	assert_int_equal(w->waiting, 0);
	runs(w, 0, 500, 500);
	runs(w, 1, 250, 300);
	assert_int_equal(second(w), 0);
	assert_int_equal(w->waiting, 800);
	assert_true(w->ran == 750 * (uint64_t)NSEC_PER_MSEC);
	assert_int_equal(second(w), 0); /* they sleep */
	assert_int_equal(w->waiting, 0);
}

static void newborn_counts_from_birth(void **state)
{
	struct world *w = *state;

	w->n = 1;
	second(w);
	w->n = 2;
	runs(w, 1, 300, 400);
	second(w);
	assert_int_equal(w->waiting, 400);
	w->n = 3; /* or it came with a long past: no more than a second of it */
	runs(w, 2, 100000, 100000);
	second(w);
	assert_int_equal(w->waiting, 1000);
}

static void starved(void **state)
{
	struct world *w = *state;

	w->n = 2;
	second(w);
	runs(w, 0, 100, 900);
	runs(w, 1, 500, 0);
	second(w);
	assert_int_equal(w->waiting, 900);
	w->thread[0].ready = true; /* its wait has not ended: the kernel has not added it yet */
	second(w);
	assert_int_equal(w->waiting, 1000);
	second(w);
	assert_int_equal(w->waiting, 1000);
	w->thread[0].ready = false;
	second(w);
	assert_int_equal(w->waiting, 0);
}

static void ours_never_count(void **state)
{
	struct world *w = *state;

	w->n = 2;
	w->thread[0].ours = true;
	for (unsigned i = 0; i < 4; i++) {
		runs(w, 0, 500, 500);
		runs(w, 1, 500, 100);
		second(w);
	}
	assert_int_equal(w->waiting, 100);
	assert_int_equal(w->looks, 1);
	assert_int_equal(w->asked, 2); /* once each */
}

static void the_dead_are_forgotten(void **state)
{
	struct world *w = *state;

	w->n = 2;
	second(w);
	runs(w, 0, 100, 900);
	second(w);
	assert_int_equal(w->waiting, 900);
	w->thread[0].gone = true;
	second(w);
	assert_int_equal(w->waiting, 0);
}

/* Of a thousand sleepers one wakes: found within five seconds, then seen each time. */
static void bounded(void **state)
{
	struct world *w = *state;
	unsigned found = 0;

	w->n = 1000;
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(second(w), 0);
		assert_true(w->looks <= TASKS_LOOKS);
	}
	for (unsigned i = 0; i < 10; i++) {
		runs(w, 777, 200, 800);
		assert_int_equal(second(w), 0);
		assert_true(w->looks <= TASKS_LOOKS);
		if (w->waiting)
			found++;
		assert_true(i < 6 || w->waiting == 800);
	}
	assert_true(found >= 4);
}

/* More hot ones than looks: each is looked at in turn, and the last known counts meanwhile. */
static void many_hot(void **state)
{
	struct world *w = *state;

	w->n = 600;
	for (unsigned s = 0; s < 12; s++) {
		for (unsigned i = 0; i < w->n; i++)
			runs(w, i, 3, 500);
		assert_int_equal(second(w), 0);
		assert_int_equal(w->looks, TASKS_LOOKS);
	}
	assert_in_range(w->waiting, 299000, 301000);
}

static void too_many(void **state)
{
	struct world *w = *state;

	w->n = MOST;
	assert_int_equal(second(w), 1);
	assert_int_equal(second(w), 1);
	assert_true(w->looks <= TASKS_LOOKS);
}

static int list_fails(void *ctx, int *to, unsigned max, bool *ret_all)
{
	return -ENOENT;
}

static void no_list(void **state)
{
	struct tasks_ops broken = ops;
	struct tasks *t;
	uint32_t waiting = 0;
	uint64_t ran = 0;

	broken.list = list_fails;
	t = tasks_create(&broken, *state);
	assert_int_equal(tasks_look(t, SEC, &waiting, &ran), -ENOENT);
	tasks_destroy(t);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sums_up),	   T(newborn_counts_from_birth), T(starved),  T(ours_never_count),
		T(the_dead_are_forgotten), T(bounded),		 T(many_hot), T(too_many),
		T(no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
