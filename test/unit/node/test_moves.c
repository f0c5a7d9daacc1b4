/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The history of moves, and how long records live. */
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../pauses.h"
#include "base/util.h"
#include "node/process/migrants.h"

static void keeps_the_latest(void **state)
{
	struct moves *v = calloc(1, sizeof(*v));

	for (unsigned i = 0; i < 3 * MOVES_KEPT + 5; i++) {
		struct move m = { .epoch = i };

		moves_add(v, &m);
		assert_int_equal(v->n, MIN(i + 1, (unsigned)MOVES_KEPT));
		assert_int_equal(v->count, i + 1);
		for (unsigned k = 0; k < v->n; k++)
			assert_int_equal(moves_get(v, k)->epoch, i + 1 - v->n + k);
	}
	free(v);
}

static struct migrant *record(struct migrants *v, pid_t pid, uint64_t start, int pidfd)
{
	struct proc_id id = { .pidfd = pidfd, .stat = { .pid = pid, .start = start, .comm = "x" } };

	return migrants_get(v, &id, MIGRANT_ADOPTED);
}

static void a_reused_number_is_another_process(void **state)
{
	struct migrants *v = migrants_create(ev_default_loop(0));
	struct migrant *a = record(v, 42, 1, dup(0)), *b;
	struct move mv = { .ok = true, .to = 2 };

	assert_ptr_equal(migrants_find(v, 42, 1), a);
	assert_null(migrants_find(v, 42, 2));
	migrant_note(a, &mv);
	migrant_end(a, 9, "signal", "");
	assert_null(migrants_find(v, 42, 1));
	assert_ptr_equal(migrants_find_any(v, 42), a);
	b = record(v, 42, 2, dup(0));
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(migrants_find_any(v, 42), b);
	assert_null(b->moves);
	migrants_destroy(v);
}

static void ended_ones_are_bounded(void **state)
{
	struct migrants *v = migrants_create(ev_default_loop(0));
	struct move mv = { .ok = true };
	unsigned n = 0;

	for (int i = 0; i < 3 * ENDED_KEPT; i++) {
		struct migrant *m = record(v, 100 + i, 1, dup(0));

		if (i % 2) /* a record without a story is not kept at all */
			migrant_note(m, &mv);
		migrant_end(m, 0, "exit", "");
	}
	for (struct migrant *m = migrants_first(v); m; m = m->next)
		n++;
	assert_int_equal(n, ENDED_KEPT);
	assert_null(migrants_find_any(v, 101));
	assert_non_null(migrants_find_any(v, 100 + 3 * ENDED_KEPT - 1));
	migrants_destroy(v);
}

static void an_end_is_noticed(void **state)
{
	struct ev_loop *loop = ev_default_loop(0);
	struct migrants *v = migrants_create(loop);
	struct move mv = { .ok = true };
	struct proc_id id;
	struct migrant *m;
	pid_t pid = pauses();

	assert_int_equal(proc_id_read(pid, &id), 0);
	m = migrants_get(v, &id, MIGRANT_MOSRUN);
	migrant_note(m, &mv);
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (!m->ended)
		(void)ev_run(loop, EVRUN_ONCE);
	assert_string_equal(m->ended_cause, "exit");
	migrants_destroy(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_latest),
		cmocka_unit_test(a_reused_number_is_another_process),
		cmocka_unit_test(ended_ones_are_bounded),
		cmocka_unit_test(an_end_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
